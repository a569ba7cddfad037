/* Claims 12 to 15: the gradients' variance, and Xavier's compromise. */
#include <stdio.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_layers.h"

enum { DEEP = 50, LAST = DEEP - 2 /* the last hidden layer */, TUTORIAL_LAST = CLAIM_TUTORIAL_HIDDEN - 1 };

/* Hidden layers that are narrow and wide in turn; the first and the last are narrow. */
static const size_t alternating[] = {128, 384};

static claim_network alternating_layers(claim_draw *weight, const void *user)
{
    claim_network network = claim_equal_layers(alternating, DEEP, weight, user);
    network.width_count = 2;
    network.backward = true;
    return network;
}

static claim_network tutorial_with_gradients(claim_draw *weight, const void *user)
{
    claim_network network = claim_tutorial_layers(weight, user);
    network.backward = true;
    return network;
}

/* --- 12 ---------------------------------------------------------------------------------------------------------- */

static assay_distribution draw_fan_out(const void *user, size_t layer, size_t in, size_t out)
{
    (void)user;
    (void)layer;
    (void)in;
    return (assay_distribution){ASSAY_NORMAL, 0.0, 1.0 / sqrt((double)out)};
}

static assay_status report_fan_out(const claim_profile *tutorial, const claim_profile *deep, assay_claim_result *result,
                                   assay_error *error)
{
    double small;
    double large;
    ASSAY_TRY(claim_add_change(result,
                               &(claim_part){.name = "gradients keep their variance in the tutorial's network",
                                             .measure = "log2 of the variance of dL/dz in layer 1 over layer 4",
                                             .unit = "bits",
                                             .essential = true,
                                             .low = -CLAIM_STABLE,
                                             .high = CLAIM_STABLE},
                               tutorial, (claim_step){CLAIM_GRADIENT, TUTORIAL_LAST, 0}, &small, error));
    ASSAY_TRY(claim_add_change(result,
                               &(claim_part){.name = "they keep it through 50 layers of 128 and 384 units in turn",
                                             .measure = "log2 of the variance of dL/dz in layer 1 over layer 49",
                                             .unit = "bits",
                                             .low = -CLAIM_STABLE,
                                             .high = CLAIM_STABLE},
                               deep, (claim_step){CLAIM_GRADIENT, LAST, 0}, &large, error));
    double forward = log2(claim_typical(tutorial, CLAIM_ACTIVATION, TUTORIAL_LAST) /
                          claim_typical(tutorial, CLAIM_ACTIVATION, 0));
    claim_add_row(result, "gradients, tutorial's network, layer 4 to layer 1", "0 bits", "%+.2f bits", small);
    claim_add_row(result, "gradients, 50 layers", "0 bits", "%+.2f bits", large);
    claim_add_row(result, "activations, tutorial's network, layer 1 to layer 4",
                  "log2 of 784 / 128 less first layer: +2", "%+.2f bits", forward);
    claim_note(result,
               "With variance 1 / d_y the gradient with respect to a layer's output changes by %+.2f bits from the "
               "fourth to the first layer, and by %+.2f bits through 50 layers. The activations pay for it: they grow "
               "by %+.2f bits in the tutorial's network, whose layers become narrower.",
               small, large, forward);
    claim_figure(result, "Variance 1 / d_y, through 50 layers",
                 "Typical variance in layers of 128 and 384 units in turn: of the gradient with respect to a layer's "
                 "output (left), and of the output (right).");
    claim_add_panel(
        result, &(claim_panel){.title = "Gradients", .x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    ASSAY_TRY(claim_add_profile(result, NULL, deep, CLAIM_GRADIENT, DEEP - 1, error));
    claim_add_panel(
        result,
        &(claim_panel){.title = "Activations", .x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    return claim_add_profile(result, NULL, deep, CLAIM_ACTIVATION, DEEP - 1, error);
}

static assay_status examine_fan_out(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 32);
    claim_profile tutorial = {0};
    claim_profile deep = {0};
    claim_network network = tutorial_with_gradients(draw_fan_out, NULL);
    assay_status status = claim_measure(input, &network, seeds, &tutorial, error);
    claim_progress(input, 1, 2);
    if (status == ASSAY_OK) {
        network = alternating_layers(draw_fan_out, NULL);
        status = claim_measure(input, &network, seeds, &deep, error);
    }
    if (status == ASSAY_OK) {
        status = report_fan_out(&tutorial, &deep, result, error);
    }
    claim_profile_destroy(&tutorial);
    claim_profile_destroy(&deep);
    return status;
}

const assay_claim assay_claim_12 = {
    .number = 12,
    .cell = "[17]",
    .title = "Variance 1 / d_y keeps the gradients' variance",
    .says = "The same calculation for the gradients gives weights of variance 1 / d_y.",
    .decided =
        "Mean over seeds of the change of the variance of dL/dz from the last hidden layer to the first, within a "
        "factor of 4 either way: in the tutorial's network, and through 50 layers. Sign-flip tests.",
    .measure = examine_fan_out,
};

/* --- 13 ---------------------------------------------------------------------------------------------------------- */

static double harmonic_mean(double a, double b)
{
    return 2.0 / (1.0 / a + 1.0 / b);
}

static assay_status examine_harmonic(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    (void)input;
    static const size_t sizes[] = {784, 512, 256, 256, 128, 10};
    enum { LAYERS = sizeof sizes / sizeof *sizes - 1 };
    double of_inverses[LAYERS];
    double of_sizes[LAYERS];
    const assay_initializer xavier = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    for (size_t i = 0; i < LAYERS; i++) {
        double in = (double)sizes[i];
        double out = (double)sizes[i + 1];
        double variance = assay_distribution_variance(assay_initializer_weight(&xavier, i, sizes[i], sizes[i + 1]));
        of_inverses[i] = variance / harmonic_mean(1.0 / in, 1.0 / out);
        of_sizes[i] = 1.0 / variance / harmonic_mean(in, out);
        char label[64];
        char expected[64];
        snprintf(label, sizeof label, "layer %zu to %zu: variance, harmonic mean", sizes[i], sizes[i + 1]);
        snprintf(expected, sizeof expected, "%.6g", harmonic_mean(1.0 / in, 1.0 / out));
        claim_add_row(result, label, expected, "%.6g", variance);
    }
    claim_note(
        result,
        "2 / (d_x + d_y) is the harmonic mean of 1 / d_x and 1 / d_y in every layer. Its inverse is the arithmetic "
        "mean of d_x and d_y and not their harmonic mean: in the last layer it is %.1f times as large.",
        of_sizes[LAYERS - 1]);
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "it is the harmonic mean of 1 / d_x and 1 / d_y",
                                           .measure = "Xavier's variance over that mean, each layer of the network",
                                           .rule = ASSAY_PART_EVERY,
                                           .essential = true,
                                           .low = 1.0 - 1e-9,
                                           .high = 1.0 + 1e-9},
                             LAYERS, of_inverses, error));
    return claim_add_part(result,
                          &(claim_part){.name = "its inverse is the harmonic mean of d_x and d_y themselves",
                                        .measure = "1 / Xavier's variance over that mean, each layer of the network",
                                        .rule = ASSAY_PART_EVERY,
                                        .low = 1.0 - 1e-9,
                                        .high = 1.0 + 1e-9},
                          LAYERS, of_sizes, error);
}

const assay_claim assay_claim_13 = {
    .number = 13,
    .cell = "[17]",
    .title = "Xavier's variance is a harmonic mean",
    .says = "Xavier's compromise between the two demands is their harmonic mean.",
    .decided =
        "A calculation for each layer: 2 / (d_x + d_y) against the harmonic mean of 1 / d_x and 1 / d_y (what the "
        "two demands are), and its inverse against that of d_x and d_y (as one may read it).",
    .in_seconds = true,
    .measure = examine_harmonic,
};

/* --- 14 ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    claim_profile tutorial;
    claim_profile equal;
    claim_profile in_turn;
} balance;

static const struct {
    const char *name;
    const char *measure;
    size_t network; /* index of the profile in `balance` */
    claim_step step;
} BALANCED[] = {
    {"the tutorial's activations keep their variance",
     "log2 of the activations' variance in layer 4 over layer 1",
     0,
     {CLAIM_ACTIVATION, 0, TUTORIAL_LAST}},
    {"the tutorial's gradients keep their variance",
     "log2 of the variance of dL/dz in layer 1 over layer 4",
     0,
     {CLAIM_GRADIENT, TUTORIAL_LAST, 0}},
    {"activations keep their variance through 50 equal layers",
     "log2 of the variance in layer 49 over layer 1",
     1,
     {CLAIM_ACTIVATION, 0, LAST}},
    {"gradients keep their variance through 50 equal layers",
     "log2 of the variance of dL/dz in layer 1 over layer 49",
     1,
     {CLAIM_GRADIENT, LAST, 0}},
    {"activations keep their variance through 50 layers of 128 and 384 units in turn",
     "log2 of the variance in layer 49 over layer 1",
     2,
     {CLAIM_ACTIVATION, 0, LAST}},
    {"gradients keep their variance through 50 layers of 128 and 384 units in turn",
     "log2 of the variance of dL/dz in layer 1 over layer 49",
     2,
     {CLAIM_GRADIENT, LAST, 0}},
};
enum { BALANCED_COUNT = sizeof BALANCED / sizeof *BALANCED };

static assay_status report_balance(const balance *found, assay_claim_result *result, assay_error *error)
{
    const claim_profile *const profiles[] = {&found->tutorial, &found->equal, &found->in_turn};
    double means[BALANCED_COUNT];
    for (size_t i = 0; i < BALANCED_COUNT; i++) {
        ASSAY_TRY(claim_add_change(result,
                                   &(claim_part){.name = BALANCED[i].name,
                                                 .measure = BALANCED[i].measure,
                                                 .unit = "bits",
                                                 .essential = BALANCED[i].network == 0,
                                                 .low = -CLAIM_STABLE,
                                                 .high = CLAIM_STABLE},
                                   profiles[BALANCED[i].network], BALANCED[i].step, &means[i], error));
    }
    double weights = log2(claim_typical(&found->tutorial, CLAIM_WEIGHT_GRADIENT, TUTORIAL_LAST) /
                          claim_typical(&found->tutorial, CLAIM_WEIGHT_GRADIENT, 0));
    claim_add_row(result, "gradients of the weights, layer 4 over layer 1 (what the tutorial prints)",
                  "0.00148 / 0.000399: 1.9", "%.2f bits", weights);
    claim_add_row(result, "activations through 24 pairs of layers 128 and 384", "24 log2 0.75 = -10.0 bits",
                  "%.1f bits", means[4]);
    claim_note(
        result,
        "In the tutorial's network activations change by %+.2f bits and gradients by %+.2f; through 50 equal layers "
        "by %+.2f and %+.2f. Where narrow and wide layers alternate, each pair multiplies both by "
        "4 d_x d_y / (d_x + d_y)^2, which is below 1: %+.1f and %+.1f bits through 50 layers.",
        means[0], means[1], means[2], means[3], means[4], means[5]);
    claim_figure(result, "Xavier through 50 layers",
                 "Typical variance of activations and of gradients with respect to "
                 "them: layers of 256 units, and of 128 and 384 in turn.");
    claim_add_panel(
        result,
        &(claim_panel){.title = "Activations", .x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    ASSAY_TRY(claim_add_profile(result, "equal", &found->equal, CLAIM_ACTIVATION, DEEP - 1, error));
    ASSAY_TRY(claim_add_profile(result, "in turn", &found->in_turn, CLAIM_ACTIVATION, DEEP - 1, error));
    claim_add_panel(
        result, &(claim_panel){.title = "Gradients", .x_label = "Linear layer", .y_label = "Variance", .y_log = true});
    ASSAY_TRY(claim_add_profile(result, "equal", &found->equal, CLAIM_GRADIENT, DEEP - 1, error));
    return claim_add_profile(result, "in turn", &found->in_turn, CLAIM_GRADIENT, DEEP - 1, error);
}

static assay_status measure_balance(const assay_claims_input *input, balance *found, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 32);
    static const size_t width = 256;
    const assay_initializer xavier = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    claim_network network = tutorial_with_gradients(claim_by_initializer, &xavier);
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->tutorial, error));
    claim_progress(input, 1, 3);
    network = claim_equal_layers(&width, DEEP, claim_by_initializer, &xavier);
    network.backward = true;
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->equal, error));
    claim_progress(input, 2, 3);
    network = alternating_layers(claim_by_initializer, &xavier);
    return claim_measure(input, &network, seeds, &found->in_turn, error);
}

static assay_status examine_balance(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    balance found = {0};
    assay_status status = measure_balance(input, &found, error);
    if (status == ASSAY_OK) {
        status = report_balance(&found, result, error);
    }
    claim_profile_destroy(&found.tutorial);
    claim_profile_destroy(&found.equal);
    claim_profile_destroy(&found.in_turn);
    return status;
}

const assay_claim assay_claim_14 = {
    .number = 14,
    .cell = "[17]",
    .title = "Xavier balances activations and gradients",
    .says = "Xavier's initialization balances the variance of the activations and that of the gradients.",
    .decided = "The change of both through the layers, within a factor of 4 either way: in the tutorial's network "
               "(without it the claim does not hold), through 50 equal layers, and through layers of 128 and 384 units "
               "in turn. Sign-flip tests over seeds.",
    .measure = examine_balance,
};

/* --- 15 ---------------------------------------------------------------------------------------------------------- */

enum { CLASS_COUNTS = 4 };

static const size_t class_counts[CLASS_COUNTS] = {10, 32, 128, 512};

static assay_status measure_classes(const assay_claims_input *input, size_t index, size_t seeds, double *weights,
                                    double *outputs, assay_error *error)
{
    const assay_initializer xavier = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    claim_network network = tutorial_with_gradients(claim_by_initializer, &xavier);
    network.classes = class_counts[index];
    claim_profile profile;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        claim_change(&profile, CLAIM_WEIGHT_GRADIENT, TUTORIAL_LAST, TUTORIAL_LAST + 1, weights);
        claim_change(&profile, CLAIM_ACTIVATION, TUTORIAL_LAST, TUTORIAL_LAST + 1, outputs);
    }
    claim_profile_destroy(&profile);
    return status;
}

static assay_status add_class_parts(assay_claim_result *result, size_t index, size_t seeds, const double *weights,
                                    const double *outputs, assay_error *error)
{
    bool square = class_counts[index] == 128;
    if (!square && class_counts[index] != 10) {
        return ASSAY_OK;
    }
    ASSAY_TRY(claim_add_part(
        result,
        &(claim_part){.name = square ? "with 128 outputs the last layer's gradients are like the others'"
                                     : "with 10 outputs the last layer's gradients have a much larger variance",
                      .measure = "log2 of the weights' gradients' variance, last layer over the one before",
                      .unit = "bits",
                      .essential = true,
                      .low = square ? -1.0 : 2.0,
                      .high = square ? 1.0 : INFINITY},
        seeds, weights, error));
    return claim_add_part(
        result,
        &(claim_part){.name = square ? "with 128 outputs the last layer's activations are like the others'"
                                     : "with 10 outputs the last layer's activations have a larger variance",
                      .measure = "log2 of the activations' variance, last layer over the one before",
                      .unit = "bits",
                      .low = square ? -0.5 : 0.5,
                      .high = square ? 0.5 : INFINITY},
        seeds, outputs, error);
}

static assay_status report_classes(const assay_claims_input *input, size_t seeds, double *weights, double *outputs,
                                   assay_claim_result *result, assay_error *error)
{
    double count[CLASS_COUNTS];
    double of_weights[CLASS_COUNTS];
    double of_outputs[CLASS_COUNTS];
    double theory[CLASS_COUNTS];
    for (size_t i = 0; i < CLASS_COUNTS; i++) {
        count[i] = (double)class_counts[i];
        ASSAY_TRY(measure_classes(input, i, seeds, weights, outputs, error));
        of_weights[i] = claim_mean(seeds, weights);
        of_outputs[i] = claim_mean(seeds, outputs);
        theory[i] = log2(2.0 * 128.0 / (128.0 + count[i]));
        ASSAY_TRY(add_class_parts(result, i, seeds, weights, outputs, error));
        char label[64];
        char expected[64];
        snprintf(label, sizeof label, "%zu outputs: gradients, activations", class_counts[i]);
        snprintf(expected, sizeof expected, "activations %+.2f bits", theory[i]);
        claim_add_row(result, label, expected, "%+.2f, %+.2f bits", of_weights[i], of_outputs[i]);
        claim_progress(input, i + 1, CLASS_COUNTS);
    }
    claim_note(
        result,
        "From the fourth layer to the last one the variance of the weights' gradients changes by %+.1f bits with 10 "
        "outputs, and by %+.1f, %+.1f and %+.1f with 32, 128 and 512; the activations' by %+.2f with 10 and %+.2f "
        "with 128.",
        of_weights[0], of_weights[1], of_weights[2], of_weights[3], of_outputs[0], of_outputs[2]);
    claim_figure(result, "The last layer against the one before, by the number of outputs",
                 "log2 of the ratio of variances; the last layer has 128 inputs, labels go from 0 to 9.");
    claim_add_panel(result, &(claim_panel){.x_label = "Outputs", .y_label = "Bits", .x_log = true});
    ASSAY_TRY(
        claim_add_line(result, "gradients of the weights", ASSAY_LINE_MARKED, CLASS_COUNTS, count, of_weights, error));
    ASSAY_TRY(claim_add_line(result, "activations", ASSAY_LINE_MARKED, CLASS_COUNTS, count, of_outputs, error));
    return claim_add_line(result, "theory of the activations", ASSAY_LINE_PLAIN, CLASS_COUNTS, count, theory, error);
}

static assay_status examine_classes(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 32);
    double *values = assay_calloc(2 * seeds, sizeof *values, error);
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY
                                         : report_classes(input, seeds, values, values + seeds, result, error);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_15 = {
    .number = 15,
    .cell = "[17]",
    .title = "The last layer's variance is larger because of 128 to 10",
    .says = "The variance in the output layer is much larger because its input and output sizes, 128 and 10, differ so "
            "much.",
    .decided =
        "The last layer's variances against the layer before, with 10 outputs (gradients at least a factor of 4) "
        "and with 128 (then within a factor of 2, and the activations within 1.4). Sign-flip tests over seeds.",
    .measure = examine_classes,
};
