/* Claims 6 to 11: one variance for all layers, and the variance 1 / d_x. */
#include <stdio.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_layers.h"

/* Every weight, and for claim 6 every bias, has this standard deviation. */
static assay_distribution draw_fixed(const void *user, size_t layer, size_t in, size_t out)
{
    (void)layer;
    (void)in;
    (void)out;
    return (assay_distribution){ASSAY_NORMAL, 0.0, *(const double *)user};
}

/* --- 6 ----------------------------------------------------------------------------------------------------------- */

enum { DEEP = 50, WIDTH = 256 };

typedef struct {
    claim_profile tutorial;
    claim_profile deep;
    claim_profile no_bias;
} vanishing;

static assay_status measure_small(const assay_claims_input *input, size_t seeds, vanishing *found, assay_error *error)
{
    static const double std = 0.01;
    static const size_t width = WIDTH;
    claim_network network = claim_tutorial_layers(draw_fixed, &std);
    network.bias = draw_fixed;
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->tutorial, error));
    network = claim_equal_layers(&width, DEEP, draw_fixed, &std);
    network.bias = draw_fixed;
    network.backward = true;
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->deep, error));
    claim_progress(input, 1, 2);
    network.bias = NULL;
    return claim_measure(input, &network, seeds, &found->no_bias, error);
}

static assay_status report_small(const vanishing *found, double *values, assay_claim_result *result, assay_error *error)
{
    size_t seeds = found->deep.seeds;
    const double log10_2 = log10(2.0);
    double last[3];
    claim_change(&found->tutorial, CLAIM_ACTIVATION, 0, CLAIM_TUTORIAL_HIDDEN, values);
    for (size_t i = 0; i < seeds; i++) {
        values[i] *= log10_2;
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the activations almost vanish in the tutorial's five layers",
                                           .measure = "log10 of the variance in the last layer over the first",
                                           .essential = true,
                                           .low = -INFINITY,
                                           .high = -2.0},
                             seeds, values, error));
    last[0] = claim_mean(seeds, values);
    claim_change(&found->deep, CLAIM_ACTIVATION, 9, DEEP - 2, values);
    for (size_t i = 0; i < seeds; i++) {
        values[i] *= log10_2;
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "they go on shrinking in deeper networks",
                                           .measure = "log10 of the variance in layer 49 over layer 10, width 256",
                                           .low = -INFINITY,
                                           .high = -2.0},
                             seeds, values, error));
    last[1] = claim_mean(seeds, values);
    claim_change(&found->no_bias, CLAIM_ACTIVATION, 9, DEEP - 2, values);
    last[2] = claim_mean(seeds, values) * log10_2;
    double level = claim_typical(&found->deep, CLAIM_ACTIVATION, DEEP - 2);
    claim_change(&found->deep, CLAIM_GRADIENT, DEEP - 2, 0, values);
    double gradient = claim_mean(seeds, values) * log10_2;
    claim_add_row(result, "variance in layer 49, biases drawn as the weights", "1.0e-4 / (1 - 0.0256)", "%.3g", level);
    claim_add_row(result, "log10 of its change from layer 10, biases 0", "39 log10 0.0256 = -62.0", "%.1f", last[2]);
    claim_add_row(result, "log10 of the gradient's change from layer 49 to layer 1", "48 log10 0.0256 = -76.4", "%.1f",
                  gradient);
    claim_note(result,
               "In five layers the variance falls by 10^%.1f. Then it stays at %.2g, the variance of the biases, which "
               "normal_ draws as well: from layer 10 to layer 49 it changes by 10^%.2f. With biases of 0 it falls by "
               "10^%.0f. The gradients vanish in both cases, by 10^%.0f.",
               last[0], level, last[1], last[2], gradient);
    claim_figure(result, "Weights of standard deviation 0.01, through 50 layers",
                 "Typical variance (geometric mean over seeds) of each linear layer's output, width 256, double "
                 "precision. The biases' own spread is what remains.");
    claim_add_panel(result, &(claim_panel){.x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    ASSAY_TRY(claim_add_profile(result, "biases drawn, too", &found->deep, CLAIM_ACTIVATION, DEEP - 1, error));
    return claim_add_profile(result, "biases 0", &found->no_bias, CLAIM_ACTIVATION, DEEP - 1, error);
}

static assay_status examine_small(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    double *values = assay_calloc(seeds, sizeof *values, error);
    vanishing found = {0};
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : measure_small(input, seeds, &found, error);
    if (status == ASSAY_OK) {
        status = report_small(&found, values, result, error);
    }
    claim_profile_destroy(&found.tutorial);
    claim_profile_destroy(&found.deep);
    claim_profile_destroy(&found.no_bias);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_6 = {
    .number = 6,
    .cell = "[14]",
    .title = "Standard deviation 0.01: activations vanish",
    .says = "With weights and biases of standard deviation 0.01 the activations become smaller from layer to layer and "
            "almost vanish.",
    .decided = "The change of the variance, of at least a factor of 100: in the tutorial's network, and from layer 10 "
               "to layer 49 of a deeper one. Sign-flip tests over seeds.",
    .measure = examine_small,
};

/* --- 7 ----------------------------------------------------------------------------------------------------------- */

enum { GROWTH_LAYERS = 21, GROWTH_WIDTHS = 4 };

static const size_t growth_widths[GROWTH_WIDTHS] = {64, 128, 256, 512};

/* log2 of the variance's factor a layer, over the hidden layers of equal width. */
static void growth_of(const claim_profile *profile, double *values)
{
    size_t steps = profile->layers - 2;
    claim_change(profile, CLAIM_ACTIVATION, 0, steps, values);
    for (size_t i = 0; i < profile->seeds; i++) {
        values[i] /= (double)steps;
    }
}

static assay_status growth_at_width(const assay_claims_input *input, size_t index, size_t seeds, double *values,
                                    assay_claim_result *result, assay_error *error)
{
    static const double std = 0.1;
    claim_network network = claim_equal_layers(&growth_widths[index], GROWTH_LAYERS, draw_fixed, &std);
    network.bias = draw_fixed;
    claim_profile profile;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        growth_of(&profile, values);
        char label[64];
        snprintf(label, sizeof label, "width %zu", growth_widths[index]);
        status = claim_add_profile(result, label, &profile, CLAIM_ACTIVATION, GROWTH_LAYERS - 1, error);
    }
    claim_profile_destroy(&profile);
    return status;
}

static assay_status examine_growth_widths(const assay_claims_input *input, size_t seeds, double *values,
                                          assay_claim_result *result, assay_error *error)
{
    double means[GROWTH_WIDTHS];
    for (size_t i = 0; i < GROWTH_WIDTHS; i++) {
        ASSAY_TRY(growth_at_width(input, i, seeds, values, result, error));
        char name[96];
        snprintf(name, sizeof name, "activations explode at width %zu", growth_widths[i]);
        ASSAY_TRY(claim_add_part(result,
                                 &(claim_part){.name = name,
                                               .measure = "log2 of the variance's growth in one layer, mean of 19",
                                               .unit = "bits",
                                               .low = 0.1,
                                               .high = INFINITY},
                                 seeds, values, error));
        means[i] = exp2(claim_mean(seeds, values));
        char label[64];
        char expected[64];
        snprintf(label, sizeof label, "factor of the variance in a layer, width %zu", growth_widths[i]);
        snprintf(expected, sizeof expected, "%.2f", 0.01 * (double)growth_widths[i]);
        claim_add_row(result, label, expected, "%.2f", means[i]);
        claim_progress(input, i + 1, GROWTH_WIDTHS + 1);
    }
    claim_note(result,
               "A layer multiplies the variance by its width times 0.01: %.2f at width 64, %.2f at 128, %.2f at 256, "
               "%.2f at 512. Below width 100 the activations do not explode; at width 64 they shrink until the biases' "
               "spread is left.",
               means[0], means[1], means[2], means[3]);
    return ASSAY_OK;
}

static assay_status examine_growth(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    static const double std = 0.1;
    double *values = assay_calloc(seeds, sizeof *values, error);
    if (values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    claim_figure(result, "Weights of standard deviation 0.1, at several widths",
                 "Typical variance of each linear layer's output in networks of equal layers.");
    claim_add_panel(result, &(claim_panel){.x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    claim_network network = claim_tutorial_layers(draw_fixed, &std);
    network.bias = draw_fixed;
    claim_profile profile;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        claim_change(&profile, CLAIM_ACTIVATION, 0, CLAIM_TUTORIAL_HIDDEN - 1, values);
        status = claim_add_part(result,
                                &(claim_part){.name = "activations explode in the tutorial's network",
                                              .measure = "log2 of the variance in layer 4 over layer 1",
                                              .unit = "bits",
                                              .essential = true,
                                              .low = 2.0,
                                              .high = INFINITY},
                                seeds, values, error);
    }
    claim_profile_destroy(&profile);
    if (status == ASSAY_OK) {
        status = examine_growth_widths(input, seeds, values, result, error);
    }
    assay_free(values);
    return status;
}

const assay_claim assay_claim_7 = {
    .number = 7,
    .cell = "[15]",
    .title = "Standard deviation 0.1: activations explode",
    .says = "With a larger standard deviation, 0.1, the activations are likely to explode.",
    .decided =
        "Growth of the variance from the first to the fourth layer of the tutorial's network, by a factor of 4 or "
        "more; and in one layer of networks of widths 64 to 512. Sign-flip tests over seeds.",
    .measure = examine_growth,
};

/* --- 8 ----------------------------------------------------------------------------------------------------------- */

/* The standard deviation that keeps the variance in a network of these widths and layers: with identity activations
 * the variance changes by s^2 times a constant in each layer, so one measurement at `std` finds it. */
static assay_status stable_std(const assay_claims_input *input, size_t width, size_t layers, size_t seeds,
                               double *values, assay_error *error)
{
    static const double std = 0.05;
    claim_network network = claim_equal_layers(&width, layers, draw_fixed, &std);
    claim_profile profile;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        growth_of(&profile, values);
        for (size_t i = 0; i < seeds; i++) {
            values[i] = std * exp2(-0.5 * values[i]);
        }
    }
    claim_profile_destroy(&profile);
    return status;
}

enum { SWEEP_WIDTHS = 4, SWEEP_DEPTHS = 2 };

static const size_t sweep_depths[SWEEP_DEPTHS] = {10, 50};

/* stds[depth][width][seed] */
static double *std_at(double *stds, size_t seeds, size_t depth, size_t width)
{
    return stds + (depth * SWEEP_WIDTHS + width) * seeds;
}

static assay_status report_sweep(double *stds, size_t seeds, double *values, assay_claim_result *result,
                                 assay_error *error)
{
    double width[SWEEP_WIDTHS];
    double typical[SWEEP_DEPTHS][SWEEP_WIDTHS];
    for (size_t w = 0; w < SWEEP_WIDTHS; w++) {
        width[w] = (double)growth_widths[w];
        for (size_t d = 0; d < SWEEP_DEPTHS; d++) {
            typical[d][w] = claim_mean(seeds, std_at(stds, seeds, d, w));
            char label[96];
            char expected[32];
            snprintf(label, sizeof label, "stable standard deviation, width %zu, %zu layers", growth_widths[w],
                     sweep_depths[d]);
            snprintf(expected, sizeof expected, "%.4f", 1.0 / sqrt(width[w]));
            claim_add_row(result, label, expected, "%.4f", typical[d][w]);
        }
    }
    /* At width 256 with what is right for width 64: the variance changes by (ratio of the two)^2 a layer. */
    for (size_t i = 0; i < seeds; i++) {
        double ratio = std_at(stds, seeds, 0, 0)[i] / std_at(stds, seeds, 0, 2)[i];
        values[i] = 10.0 * 2.0 * log10(ratio);
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "other widths need another standard deviation",
                                           .measure = "log10 of the growth in 10 layers of width 256 with the standard "
                                                      "deviation that is right for width 64",
                                           .essential = true,
                                           .low = 1.0,
                                           .high = INFINITY},
                             seeds, values, error));
    double change = claim_mean(seeds, values);
    for (size_t i = 0; i < seeds; i++) {
        double ratio = std_at(stds, seeds, 1, 2)[i] / std_at(stds, seeds, 0, 2)[i];
        values[i] = fabs(48.0 * 2.0 * log10(ratio));
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "another number of layers needs another standard deviation",
                                           .measure = "|log10| of the change in 50 layers with the standard deviation "
                                                      "that is right for 10, width 256",
                                           .low = 1.0,
                                           .high = INFINITY},
                             seeds, values, error));
    claim_note(result,
               "The stable standard deviation is 1 over the root of the width: %.3f at width 64 and %.4f at width 512. "
               "With that of width 64, ten layers of width 256 multiply the variance by 10^%.1f. It does not depend on "
               "the depth: %.4f for 10 layers and %.4f for 50, at width 256.",
               typical[0][0], typical[0][3], change, typical[0][2], typical[1][2]);
    claim_figure(result, "The standard deviation that keeps the variance",
                 "Mean over seeds, for networks of 10 and of 50 equal layers; the theory is 1 over the root of the "
                 "width.");
    claim_add_panel(
        result,
        &(claim_panel){.x_label = "Width", .y_label = "Stable standard deviation", .x_log = true, .y_log = true});
    ASSAY_TRY(claim_add_line(result, "10 layers", ASSAY_LINE_MARKED, SWEEP_WIDTHS, width, typical[0], error));
    return claim_add_line(result, "50 layers", ASSAY_LINE_MARKED, SWEEP_WIDTHS, width, typical[1], error);
}

static assay_status examine_sweep(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    double *stds = assay_calloc((SWEEP_WIDTHS * SWEEP_DEPTHS + 1) * seeds, sizeof *stds, error);
    assay_status status = stds == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    for (size_t d = 0; d < SWEEP_DEPTHS; d++) {
        for (size_t w = 0; w < SWEEP_WIDTHS && status == ASSAY_OK; w++) {
            status = stable_std(input, growth_widths[w], sweep_depths[d], seeds, std_at(stds, seeds, d, w), error);
            claim_progress(input, d * SWEEP_WIDTHS + w + 1, SWEEP_WIDTHS * SWEEP_DEPTHS);
        }
    }
    if (status == ASSAY_OK) {
        double *values = stds + SWEEP_WIDTHS * SWEEP_DEPTHS * seeds;
        status = report_sweep(stds, seeds, values, result, error);
    }
    assay_free(stds);
    return status;
}

const assay_claim assay_claim_8 = {
    .number = 8,
    .cell = "[15]",
    .title = "One standard deviation does not fit all networks",
    .says = "A standard deviation that is good for one network is bad for another: with other hidden sizes or another "
            "number of layers one has to search again.",
    .decided = "The standard deviation that keeps the variance, found for widths 64 to 512 and 10 and 50 layers; wrong "
               "by a factor of 10 in the variance or more at another width, and at another depth. Sign-flip tests.",
    .measure = examine_sweep,
};

/* --- 9 ----------------------------------------------------------------------------------------------------------- */

static assay_status report_equal(const claim_profile *tutorial, const claim_profile *deep, double *values,
                                 assay_claim_result *result, assay_error *error)
{
    size_t seeds = deep->seeds;
    double x[DEEP];
    double lowest[DEEP];
    double highest[DEEP];
    for (size_t layer = 0; layer < DEEP - 1; layer++) {
        x[layer] = (double)layer + 1.0;
        lowest[layer] = INFINITY;
        highest[layer] = 0.0;
        for (size_t seed = 0; seed < seeds; seed++) {
            lowest[layer] = fmin(lowest[layer], claim_at(deep, CLAIM_ACTIVATION, seed, layer));
            highest[layer] = fmax(highest[layer], claim_at(deep, CLAIM_ACTIVATION, seed, layer));
        }
    }
    claim_change(tutorial, CLAIM_ACTIVATION, 0, CLAIM_TUTORIAL_HIDDEN - 1, values);
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the variance stays the same in the tutorial's network",
                                           .measure = "log2 of the variance in layer 4 over layer 1",
                                           .unit = "bits",
                                           .essential = true,
                                           .low = -CLAIM_STABLE,
                                           .high = CLAIM_STABLE},
                             seeds, values, error));
    claim_change(deep, CLAIM_ACTIVATION, 0, DEEP - 2, values);
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "it stays the same through 50 layers of width 256",
                                           .measure = "log2 of the variance in layer 49 over layer 1",
                                           .unit = "bits",
                                           .low = -CLAIM_STABLE,
                                           .high = CLAIM_STABLE},
                             seeds, values, error));
    double mean = claim_mean(seeds, values);
    claim_add_row(result, "variance in layer 49: smallest, largest over the seeds", "1 in the mean", "%.2g, %.2g",
                  lowest[DEEP - 2], highest[DEEP - 2]);
    claim_note(
        result,
        "Over the seeds the variance after 50 layers is 2^%.2f of that after one, near 1. In a single network it "
        "wanders: from %.2g to %.2g over %zu seeds, since each layer multiplies it by a random factor.",
        mean, lowest[DEEP - 2], highest[DEEP - 2], seeds);
    claim_figure(result, "Variance 1 / d_x, through 50 layers",
                 "Variance of each linear layer's output, width 256: typical value, smallest and largest over seeds.");
    claim_add_panel(result, &(claim_panel){.x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    ASSAY_TRY(claim_add_profile(result, "typical", deep, CLAIM_ACTIVATION, DEEP - 1, error));
    ASSAY_TRY(claim_add_line(result, "smallest", ASSAY_LINE_PLAIN, DEEP - 1, x, lowest, error));
    return claim_add_line(result, "largest", ASSAY_LINE_PLAIN, DEEP - 1, x, highest, error);
}

static assay_status examine_equal(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 32);
    static const size_t width = WIDTH;
    const assay_initializer equal = assay_initializer_default(ASSAY_INIT_EQUAL_VARIANCE);
    double *values = assay_calloc(seeds, sizeof *values, error);
    claim_profile tutorial = {0};
    claim_profile deep = {0};
    claim_network network = claim_tutorial_layers(claim_by_initializer, &equal);
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : claim_measure(input, &network, seeds, &tutorial, error);
    if (status == ASSAY_OK) {
        network = claim_equal_layers(&width, DEEP, claim_by_initializer, &equal);
        status = claim_measure(input, &network, seeds, &deep, error);
    }
    if (status == ASSAY_OK) {
        status = report_equal(&tutorial, &deep, values, result, error);
    }
    claim_profile_destroy(&tutorial);
    claim_profile_destroy(&deep);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_9 = {
    .number = 9,
    .cell = "[16]",
    .title = "Variance 1 / d_x keeps the activations' variance",
    .says = "Weights of variance 1 / d_x keep the variance of the activations constant through the layers.",
    .decided =
        "Mean over seeds of the change of the variance, within a factor of 4 either way: in the tutorial's network "
        "and through 50 layers of width 256. Sign-flip tests against both bounds.",
    .measure = examine_equal,
};

/* --- 10 ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    assay_distribution_kind kind;
} SHAPES[] = {{"normal", ASSAY_NORMAL},
              {"uniform", ASSAY_UNIFORM},
              {"Rademacher (plus or minus one)", ASSAY_RADEMACHER},
              {"truncated normal", ASSAY_TRUNCATED_NORMAL},
              {"Laplace", ASSAY_LAPLACE},
              {"Student's t, 3 degrees", ASSAY_STUDENT_T}};
enum { SHAPE_COUNT = sizeof SHAPES / sizeof *SHAPES, SHAPE_WIDTHS = 4, SHAPE_LAYERS = 32 };

static const size_t shape_widths[SHAPE_WIDTHS] = {4, 16, 64, 256};

/* Of mean 0 and variance 1 / d_x; `user` is the kind. */
static assay_distribution draw_shape(const void *user, size_t layer, size_t in, size_t out)
{
    (void)layer;
    (void)out;
    assay_distribution_kind kind = *(const assay_distribution_kind *)user;
    double std = 1.0 / sqrt((double)in);
    double bound = sqrt(3.0) * std;
    return kind == ASSAY_UNIFORM ? (assay_distribution){kind, -bound, bound} : (assay_distribution){kind, 0.0, std};
}

/* changes[seed]: log2 of the variance's change through the layers of equal width. */
static assay_status shape_change(const assay_claims_input *input, size_t shape, size_t width, size_t seeds,
                                 double *changes, assay_error *error)
{
    claim_network network = claim_equal_layers(&width, SHAPE_LAYERS, draw_shape, &SHAPES[shape].kind);
    claim_profile profile;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        claim_change(&profile, CLAIM_ACTIVATION, 0, SHAPE_LAYERS - 2, changes);
    }
    claim_profile_destroy(&profile);
    return status;
}

/* As well as the normal distribution, the first? */
static assay_status add_shape_part(assay_claim_result *result, size_t shape, size_t width, size_t seeds,
                                   const double *normal, double *changes, assay_error *error)
{
    assay_paired_differences(seeds, changes, normal, changes);
    char name[112];
    snprintf(name, sizeof name, "%s weights do as well as normal ones at width %zu", SHAPES[shape].name, width);
    return claim_add_part(
        result,
        &(claim_part){.name = name,
                      .measure = "difference from normal weights: log2 of the variance's change in 30 "
                                 "layers, paired by seed",
                      .unit = "bits",
                      .low = -CLAIM_STABLE,
                      .high = CLAIM_STABLE},
        seeds, changes, error);
}

/* At the largest width all distributions are decided, at the others the one with the heaviest tails. */
static bool is_decided(size_t shape, size_t w)
{
    return shape > 0 && (w == SHAPE_WIDTHS - 1 || SHAPES[shape].kind == ASSAY_STUDENT_T);
}

/* changes[width][seed]; `normal` has the same of the normal distribution, and may be `changes`. */
static assay_status measure_shape(const assay_claims_input *input, size_t shape, size_t seeds, const double *normal,
                                  double *changes, double means[SHAPE_WIDTHS], assay_claim_result *result,
                                  assay_error *error)
{
    double widths[SHAPE_WIDTHS];
    for (size_t w = 0; w < SHAPE_WIDTHS; w++) {
        double *own = changes + w * seeds;
        widths[w] = (double)shape_widths[w];
        ASSAY_TRY(shape_change(input, shape, shape_widths[w], seeds, own, error));
        means[w] = claim_mean(seeds, own) / (SHAPE_LAYERS - 2);
        if (is_decided(shape, w)) {
            ASSAY_TRY(add_shape_part(result, shape, shape_widths[w], seeds, normal + w * seeds, own, error));
        }
    }
    claim_add_row(result, SHAPES[shape].name, shape == 0 ? "0 bits a layer in wide layers" : NULL,
                  "%.2f, %.2f, %.3f, %.3f", means[0], means[1], means[2], means[3]);
    claim_progress(input, shape + 1, SHAPE_COUNT);
    return claim_add_line(result, SHAPES[shape].name, ASSAY_LINE_MARKED, SHAPE_WIDTHS, widths, means, error);
}

static assay_status examine_shapes(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    double *changes = assay_calloc(2 * SHAPE_WIDTHS * seeds, sizeof *changes, error);
    claim_figure(result, "The variance's change in a layer, by distribution and width",
                 "log2 of the factor, mean over 30 layers and the seeds; 0 is no change. All weights have mean 0 and "
                 "variance 1 / d_x.");
    claim_add_panel(result, &(claim_panel){.x_label = "Width", .y_label = "Bits a layer", .x_log = true});
    assay_status status = changes == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    double means[SHAPE_COUNT][SHAPE_WIDTHS];
    for (size_t shape = 0; shape < SHAPE_COUNT && status == ASSAY_OK; shape++) {
        /* The normal distribution's changes stay in the first half. */
        double *own = changes + (shape == 0 ? 0 : SHAPE_WIDTHS * seeds);
        status = measure_shape(input, shape, seeds, changes, own, means[shape], result, error);
    }
    assay_free(changes);
    if (status == ASSAY_OK) {
        claim_note(
            result,
            "Bits a layer at widths 4, 16, 64 and 256 are in the table. At width 256 the variance changes by %.3f "
            "bits a layer with normal weights, %.3f with uniform, %.3f with plus or minus one, %.3f with Laplace "
            "and %.3f with heavy-tailed ones, whose squares have no variance; at width 4 by %.2f and %.2f for "
            "normal and heavy-tailed ones.",
            means[0][3], means[1][3], means[2][3], means[4][3], means[5][3], means[0][0], means[5][0]);
    }
    return status;
}

const assay_claim assay_claim_10 = {
    .number = 10,
    .cell = "[16]",
    .title = "Any distribution of mean 0 and variance 1 / d_x",
    .says = "The weights need not be normal: any distribution of mean 0 and variance 1 / d_x works.",
    .decided =
        "Difference from normal weights of the variance's change through 30 layers of width 256, within a factor "
        "of 4 either way, for five distributions; paired by seed, sign-flip tests.",
    .measure = examine_shapes,
};

/* --- 11 ---------------------------------------------------------------------------------------------------------- */

enum { SIZES = 3 };

static const size_t weight_counts[SIZES] = {10 * 128, 256 * 256, 512 * 784};

static double largest_weight(uint64_t seed, assay_distribution distribution, size_t count, float *weights)
{
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, seed, 1);
    assay_generator_fill(&generator, distribution, count, weights);
    double largest = 0.0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs((double)weights[i]));
    }
    return largest;
}

static assay_status report_largest(const assay_claims_input *input, size_t seeds, float *weights, double *values,
                                   assay_claim_result *result, assay_error *error)
{
    const assay_distribution kinds[] = {{ASSAY_UNIFORM, -sqrt(3.0), sqrt(3.0)}, {ASSAY_NORMAL, 0.0, 1.0}};
    static const char *const names[] = {"uniform", "normal"};
    double mean[2][SIZES];
    double counts[SIZES];
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t size = 0; size < SIZES; size++) {
            counts[size] = (double)weight_counts[size];
            for (size_t i = 0; i < seeds; i++) {
                double largest = largest_weight(input->first_seed + i, kinds[kind], weight_counts[size], weights);
                values[kind * seeds + i] = largest;
            }
            mean[kind][size] = claim_mean(seeds, values + kind * seeds);
            char label[96];
            snprintf(label, sizeof label, "%s, %zu weights", names[kind], weight_counts[size]);
            claim_add_row(result, label, kind == 0 ? "at most 1.732" : NULL, "%.3f", mean[kind][size]);
        }
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "uniform weights are never larger than 1.74 standard deviations",
                                           .measure = "largest weight of the first layer",
                                           .unit = "standard deviations",
                                           .rule = ASSAY_PART_EVERY,
                                           .essential = true,
                                           .low = 0.0,
                                           .high = 1.74},
                             seeds, values, error));
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "some normal weights are twice as large",
                                           .measure = "largest normal weight of the first layer",
                                           .unit = "standard deviations",
                                           .low = 3.48,
                                           .high = INFINITY},
                             seeds, values + seeds, error));
    claim_note(result,
               "Among the 401,408 weights of the first layer the largest uniform one has %.3f standard deviations and "
               "the largest normal one %.2f, a factor of %.1f. Weights near 0 are not excluded.",
               mean[0][2], mean[1][2], mean[1][2] / mean[0][2]);
    claim_figure(result, "The largest weight of a layer", "In standard deviations, mean over seeds.");
    claim_add_panel(result, &(claim_panel){.x_label = "Weights in the layer",
                                           .y_label = "Largest weight / standard deviation",
                                           .x_log = true});
    ASSAY_TRY(claim_add_line(result, "normal", ASSAY_LINE_MARKED, SIZES, counts, mean[1], error));
    return claim_add_line(result, "uniform", ASSAY_LINE_MARKED, SIZES, counts, mean[0], error);
}

static assay_status examine_largest(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    float *weights = assay_calloc(weight_counts[SIZES - 1], sizeof *weights, error);
    double *values = weights == NULL ? NULL : assay_calloc(2 * seeds, sizeof *values, error);
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY
                                         : report_largest(input, seeds, weights, values, result, error);
    assay_free(weights);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_11 = {
    .number = 11,
    .cell = "[16]",
    .title = "A uniform distribution has no very large weights",
    .says = "A small benefit of the uniform distribution: it excludes very large weights.",
    .decided = "The largest weight of a layer over its standard deviation: at most 1.74 for uniform weights in every "
               "draw (the bound is the root of 3), and at least twice that for normal ones (sign-flip test).",
    .in_seconds = true,
    .measure = examine_largest,
};
