/* Claims 19 to 22: Kaiming's initialization and gains. */
#include <stdio.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_layers.h"

enum { DEEP = 50, LAST = DEEP - 2 /* the last hidden layer */, TUTORIAL_LAST = CLAIM_TUTORIAL_HIDDEN - 1 };

static const size_t WIDTH = 256;

static const claim_panel THROUGH_LAYERS = {.x_label = "Linear layer", .y_label = "Variance", .y_log = true};

/* --- 19 ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    assay_distribution distribution;
} SYMMETRIC[] = {
    {"normal", {ASSAY_NORMAL, 0.0, 1.0}},
    {"uniform", {ASSAY_UNIFORM, -1.0, 1.0}},
    {"Laplace", {ASSAY_LAPLACE, 0.0, 1.0}},
    {"plus or minus one", {ASSAY_RADEMACHER, 0.0, 1.0}},
    {"Student's t, 3 degrees", {ASSAY_STUDENT_T, 0.0, 1.0}},
};
enum { SYMMETRIC_COUNT = sizeof SYMMETRIC / sizeof *SYMMETRIC, SAMPLE = 20000 };

/*
 * 2 E[max(0, y)^2] / E[y^2] of the values and their negatives: the distribution that puts the same weight on each of
 * them is symmetric about 0. `shift` moves all of them.
 */
static double half_ratio(size_t count, const float *values, double shift)
{
    double positive = 0.0;
    double sum = 0.0;
    double all = 0.0;
    for (size_t i = 0; i < 2 * count; i++) {
        double y = (i < count ? (double)values[i] : -(double)values[i - count]) + shift;
        double part = fmax(0.0, y);
        positive += part * part;
        sum += y;
        all += y * y;
    }
    double mean = sum / (2.0 * (double)count);
    return 2.0 * positive / (all - 2.0 * (double)count * mean * mean);
}

static assay_status add_symmetric(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    float *values = assay_calloc(SAMPLE, sizeof *values, error);
    if (values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    double ratios[SYMMETRIC_COUNT];
    double moved = 0.0;
    for (size_t i = 0; i < SYMMETRIC_COUNT; i++) {
        assay_generator generator;
        assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, input->first_seed, 1);
        assay_generator_fill(&generator, SYMMETRIC[i].distribution, SAMPLE, values);
        ratios[i] = half_ratio(SAMPLE, values, 0.0);
        moved = i == 0 ? half_ratio(SAMPLE, values, 1.0) : moved;
        claim_add_row(result, SYMMETRIC[i].name, "1", "%.9f", ratios[i]);
    }
    claim_add_row(result, "normal of mean 1: not symmetric about 0", "not 1", "%.3f", moved);
    assay_free(values);
    return claim_add_part(result,
                          &(claim_part){.name = "for distributions that are symmetric about 0 it is exactly half",
                                        .measure = "2 E[max(0, y)^2] / Var(y), five distributions",
                                        .rule = ASSAY_PART_EVERY,
                                        .essential = true,
                                        .low = 1.0 - 1e-9,
                                        .high = 1.0 + 1e-9},
                          SYMMETRIC_COUNT, ratios, error);
}

static assay_status add_real_halves(const claim_profile *profile, double *values, assay_claim_result *result,
                                    assay_error *error)
{
    double of_layer[CLAIM_TUTORIAL_HIDDEN];
    for (size_t layer = 0; layer < CLAIM_TUTORIAL_HIDDEN; layer++) {
        for (size_t seed = 0; seed < profile->seeds; seed++) {
            values[seed] = claim_at(profile, CLAIM_POSITIVE_HALF, seed, layer);
        }
        of_layer[layer] = claim_mean(profile->seeds, values);
        char label[64];
        snprintf(label, sizeof label, "real activations, layer %zu", layer + 1);
        claim_add_row(result, label, "1", "%.3f", of_layer[layer]);
    }
    for (size_t seed = 0; seed < profile->seeds; seed++) {
        values[seed] = 0.0;
        for (size_t layer = 0; layer < CLAIM_TUTORIAL_HIDDEN; layer++) {
            values[seed] += claim_at(profile, CLAIM_POSITIVE_HALF, seed, layer) / CLAIM_TUTORIAL_HIDDEN;
        }
    }
    claim_note(result,
               "For symmetric values the ratio is 1 exactly. The tutorial's network with Kaiming's weights has %.3f, "
               "%.3f, %.3f and %.3f in its hidden layers, in the mean over the seeds.",
               of_layer[0], of_layer[1], of_layer[2], of_layer[3]);
    return claim_add_part(result,
                          &(claim_part){.name = "it is half for a ReLU network's activations, in the mean over weights",
                                        .measure = "2 E[max(0, z)^2] / Var(z), mean of four layers",
                                        .low = 0.9,
                                        .high = 1.1},
                          profile->seeds, values, error);
}

static assay_status examine_half(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    ASSAY_TRY(add_symmetric(input, result, error));
    size_t seeds = claim_seeds(input, 16, 32);
    const assay_initializer kaiming = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL);
    claim_network network = claim_tutorial_layers(claim_by_initializer, &kaiming);
    network.activation = assay_activation_default(ASSAY_RELU);
    network.signal = true;
    double *values = assay_calloc(seeds, sizeof *values, error);
    claim_profile profile = {0};
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        status = add_real_halves(&profile, values, result, error);
    }
    claim_profile_destroy(&profile);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_19 = {
    .number = 19,
    .cell = "[19]",
    .title = "ReLU halves the second moment",
    .says = "The mean square of ReLU's output is half the variance of its input, if that is symmetric about 0.",
    .decided = "The ratio for samples with their negatives, of five distributions, to 1e-9; and for the activations of "
               "the tutorial's network with Kaiming's weights, in the mean over weights within 10 % (sign-flip test).",
    .measure = examine_half,
};

/* --- 20 ---------------------------------------------------------------------------------------------------------- */

static const size_t in_turn[] = {128, 384};

typedef struct {
    claim_profile equal;
    claim_profile fan_in;
    claim_profile fan_out;
} kaiming_profiles;

static assay_status measure_fans(const assay_claims_input *input, kaiming_profiles *found, assay_error *error)
{
    size_t seeds = claim_seeds(input, 32, 96);
    assay_initializer kaiming = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL);
    claim_network network = claim_equal_layers(&WIDTH, DEEP, claim_by_initializer, &kaiming);
    network.activation = assay_activation_default(ASSAY_RELU);
    network.backward = true;
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->equal, error));
    claim_progress(input, 1, 3);
    network.widths = in_turn;
    network.width_count = 2;
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->fan_in, error));
    claim_progress(input, 2, 3);
    kaiming.fan = ASSAY_FAN_OUT;
    return claim_measure(input, &network, seeds, &found->fan_out, error);
}

static const struct {
    const char *name;
    size_t profile; /* in kaiming_profiles */
    claim_step step;
} FAN_PARTS[] = {
    {"activations are stable through 50 layers of width 256", 0, {CLAIM_ACTIVATION, 0, LAST}},
    {"gradients are stable through 50 layers of width 256", 0, {CLAIM_GRADIENT, LAST, 0}},
    {"fan-in: activations are stable through layers of 128 and 384 units", 1, {CLAIM_ACTIVATION, 0, LAST}},
    {"fan-in: gradients are stable through layers of 128 and 384 units", 1, {CLAIM_GRADIENT, LAST, 0}},
    {"fan-out: activations are stable through layers of 128 and 384 units", 2, {CLAIM_ACTIVATION, 0, LAST}},
    {"fan-out: gradients are stable through layers of 128 and 384 units", 2, {CLAIM_GRADIENT, LAST, 0}},
};
enum { FAN_PART_COUNT = sizeof FAN_PARTS / sizeof *FAN_PARTS };

static assay_status report_fans(const kaiming_profiles *found, assay_claim_result *result, assay_error *error)
{
    const claim_profile *const profiles[] = {&found->equal, &found->fan_in, &found->fan_out};
    double means[FAN_PART_COUNT];
    for (size_t i = 0; i < FAN_PART_COUNT; i++) {
        bool forward = FAN_PARTS[i].step.quantity == CLAIM_ACTIVATION;
        ASSAY_TRY(claim_add_change(result,
                                   &(claim_part){.name = FAN_PARTS[i].name,
                                                 .measure = forward ? "log2 of the variance in layer 49 over layer 1"
                                                                    : "log2 of the variance of dL/dz, layer 1 over 49",
                                                 .unit = "bits",
                                                 .low = -CLAIM_STABLE,
                                                 .high = CLAIM_STABLE},
                                   profiles[FAN_PARTS[i].profile], FAN_PARTS[i].step, &means[i], error));
        claim_add_row(result, FAN_PARTS[i].name, "0; without the factor 2: -48 bits", "%+.2f bits", means[i]);
    }
    claim_note(
        result,
        "Through 50 layers the activations change by %+.1f bits and the gradients by %+.1f at width 256; with 128 "
        "and 384 units in turn by %+.1f and %+.1f (fan-in), %+.1f and %+.1f (fan-out). The means lie a little "
        "below 0, since a layer's factor varies, the more the narrower it is.",
        means[0], means[1], means[2], means[3], means[4], means[5]);
    claim_figure(result, "Kaiming through 50 layers of 128 and 384 units in turn",
                 "Typical variance of each linear layer's output and of the gradient with respect to it; the zigzag is "
                 "what the other fan would smooth.");
    static const char *const titles[] = {"Activations", "Gradients"};
    static const claim_quantity quantities[] = {CLAIM_ACTIVATION, CLAIM_GRADIENT};
    for (size_t i = 0; i < 2; i++) {
        claim_panel panel = THROUGH_LAYERS;
        panel.title = titles[i];
        claim_add_panel(result, &panel);
        ASSAY_TRY(claim_add_profile(result, "fan-in", &found->fan_in, quantities[i], DEEP - 1, error));
        ASSAY_TRY(claim_add_profile(result, "fan-out", &found->fan_out, quantities[i], DEEP - 1, error));
    }
    return ASSAY_OK;
}

static assay_status examine_fans(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    kaiming_profiles found = {0};
    assay_status status = measure_fans(input, &found, error);
    if (status == ASSAY_OK) {
        status = report_fans(&found, result, error);
    }
    claim_profile_destroy(&found.equal);
    claim_profile_destroy(&found.fan_in);
    claim_profile_destroy(&found.fan_out);
    return status;
}

const assay_claim assay_claim_20 = {
    .number = 20,
    .cell = "[19]",
    .title = "Kaiming keeps the variance; fan-in or fan-out",
    .says = "With Kaiming's weights the variance is stable in ReLU networks, and the number of inputs works as well as "
            "that of outputs.",
    .decided =
        "Change of the variance of activations and gradients through 50 layers, within a factor of 4 either way: "
        "width 256, and 128 and 384 units in turn with fan-in and with fan-out. Sign-flip tests over seeds.",
    .measure = examine_fans,
};

/* --- 21 ---------------------------------------------------------------------------------------------------------- */

static assay_status report_first(const claim_profile *without, const claim_profile *with, double *values,
                                 assay_claim_result *result, assay_error *error)
{
    size_t seeds = without->seeds;
    for (size_t i = 0; i < seeds; i++) {
        values[i] = log2(claim_at(without, CLAIM_ACTIVATION, i, 0)); /* the images have variance 1 */
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "without the factor the first layer keeps the images' variance",
                                           .measure = "log2 of the variance in layer 1",
                                           .unit = "bits",
                                           .essential = true,
                                           .low = -0.5,
                                           .high = 0.5},
                             seeds, values, error));
    double first = claim_mean(seeds, values);
    for (size_t i = 0; i < seeds; i++) {
        values[i] = log2(claim_at(with, CLAIM_ACTIVATION, i, TUTORIAL_LAST) /
                         claim_at(without, CLAIM_ACTIVATION, i, TUTORIAL_LAST));
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "with the factor every layer's variance is doubled",
                                           .measure = "log2 of the variance in layer 4, with over without",
                                           .unit = "bits",
                                           .low = 0.9,
                                           .high = 1.1},
                             seeds, values, error));
    double fourth = claim_mean(seeds, values);
    for (size_t layer = 0; layer <= CLAIM_TUTORIAL_HIDDEN; layer++) {
        char label[64];
        snprintf(label, sizeof label, "variance in layer %zu: without, with the factor", layer + 1);
        claim_add_row(result, label, "1, 2", "%.3f, %.3f", claim_typical(without, CLAIM_ACTIVATION, layer),
                      claim_typical(with, CLAIM_ACTIVATION, layer));
    }
    claim_note(
        result,
        "Without the factor the first layer's output has 2^%.2f times the variance of the images. With it, the "
        "variance is doubled in every layer (%.2f bits in the fourth) and nothing else changes: biases are 0, so a "
        "ReLU network scales with its first layer.",
        first, fourth);
    return ASSAY_OK;
}

static assay_status examine_first(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 32);
    assay_initializer kaiming = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL);
    claim_network network = claim_tutorial_layers(claim_by_initializer, &kaiming);
    network.activation = assay_activation_default(ASSAY_RELU);
    double *values = assay_calloc(seeds, sizeof *values, error);
    claim_profile without = {0};
    claim_profile with = {0};
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : claim_measure(input, &network, seeds, &without, error);
    if (status == ASSAY_OK) {
        kaiming.first_layer_without_gain = false;
        status = claim_measure(input, &network, seeds, &with, error);
    }
    if (status == ASSAY_OK) {
        status = report_first(&without, &with, values, result, error);
    }
    claim_profile_destroy(&without);
    claim_profile_destroy(&with);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_21 = {
    .number = 21,
    .cell = "[19]",
    .title = "The first layer takes no factor",
    .says = "The first layer needs no factor of root 2, since no ReLU is applied to its input.",
    .decided = "The variance in the first layer without the factor, within a factor of 1.4 of the images'; and the "
               "variance in the fourth with and without it, paired by seed. Sign-flip tests.",
    .in_seconds = true,
    .measure = examine_first,
};

/* --- 22 ---------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    assay_activation activation;
    double gain; /* 0: PyTorch's (assay_gain) */
} GAINS[] = {
    {"identity, gain 1", {ASSAY_IDENTITY, 0.0}, 0.0},
    {"ReLU, gain root 2", {ASSAY_RELU, 0.0}, 0.0},
    {"leaky ReLU, a = 0.01", {ASSAY_LEAKY_RELU, 0.01}, 0.0},
    {"leaky ReLU, a = 0.5", {ASSAY_LEAKY_RELU, 0.5}, 0.0},
    {"tanh, gain 5/3", {ASSAY_TANH, 0.0}, 0.0},
    {"SELU, gain 3/4", {ASSAY_SELU, 0.0}, 0.0},
    {"sigmoid, gain 1", {ASSAY_SIGMOID, 0.0}, 0.0},
    {"leaky ReLU, a = 0.5, with ReLU's gain", {ASSAY_LEAKY_RELU, 0.5}, 1.4142135623730951},
};
enum { GAIN_COUNT = sizeof GAINS / sizeof *GAINS };

static assay_status add_gain_parts(assay_claim_result *result, size_t index, const claim_profile *profile,
                                   assay_error *error)
{
    double change;
    double signal;
    char name[112];
    bool wrong = GAINS[index].gain > 0.0;
    /* From the second layer on: an activation function has been applied to what it gets. */
    claim_step activation = {CLAIM_ACTIVATION, 1, LAST};
    claim_step apart = {CLAIM_SIGNAL, 1, LAST};
    snprintf(name, sizeof name, "%s: the variance %s", GAINS[index].name, wrong ? "explodes" : "is stable");
    ASSAY_TRY(claim_add_change(result,
                               &(claim_part){.name = name,
                                             .measure = "log2 of the variance in layer 49 over layer 2, width 256",
                                             .unit = "bits",
                                             .low = wrong ? CLAIM_STABLE : -CLAIM_STABLE,
                                             .high = wrong ? INFINITY : CLAIM_STABLE},
                               profile, activation, &change, error));
    double *values = assay_calloc(profile->seeds, sizeof *values, error);
    if (values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    claim_change(profile, CLAIM_SIGNAL, 1, LAST, values);
    signal = claim_mean(profile->seeds, values);
    assay_free(values);
    claim_add_row(result, GAINS[index].name, "0 bits", "%+.1f bits; between images %+.1f", change, signal);
    if (GAINS[index].activation.kind != ASSAY_SIGMOID) {
        return ASSAY_OK;
    }
    return claim_add_change(result,
                            &(claim_part){.name = "sigmoid, gain 1: what tells images apart is kept",
                                          .measure = "log2 of the variance between images in layer 49 over layer 2",
                                          .unit = "bits",
                                          .low = -CLAIM_STABLE,
                                          .high = INFINITY},
                            profile, apart, NULL, error);
}

static assay_status examine_gain(const assay_claims_input *input, size_t index, size_t seeds,
                                 assay_claim_result *result, assay_error *error)
{
    assay_initializer kaiming = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL);
    kaiming.gain = GAINS[index].gain > 0.0 ? GAINS[index].gain : assay_gain(GAINS[index].activation);
    claim_network network = claim_equal_layers(&WIDTH, DEEP, claim_by_initializer, &kaiming);
    network.activation = GAINS[index].activation;
    network.signal = true;
    claim_profile profile;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        status = add_gain_parts(result, index, &profile, error);
    }
    if (status == ASSAY_OK) {
        status = claim_add_profile(result, GAINS[index].name, &profile, CLAIM_ACTIVATION, DEEP - 1, error);
    }
    claim_profile_destroy(&profile);
    return status;
}

static assay_status examine_gains(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 20, 32);
    claim_figure(result, "PyTorch's gains through 50 layers",
                 "Typical variance of each linear layer's output, width 256, weights of variance gain^2 / d_x.");
    claim_add_panel(result, &THROUGH_LAYERS);
    for (size_t i = 0; i < GAIN_COUNT; i++) {
        ASSAY_TRY(examine_gain(input, i, seeds, result, error));
        claim_progress(input, i + 1, GAIN_COUNT);
    }
    claim_note(result,
               "The table has the change of the variance from layer 2 to layer 49, over all outputs and between "
               "images. Where only the second falls, all images lead to the same outputs.");
    return ASSAY_OK;
}

const assay_claim assay_claim_22 = {
    .number = 22,
    .cell = "[19]",
    .title = "Other activations: leaky ReLU's factor, PyTorch's gains",
    .says =
        "Leaky ReLU needs a slightly different factor than 2, and PyTorch's calculate_gain has such factors for many "
        "functions.",
    .decided = "The change of the variance through 50 layers of width 256 with each gain, within a factor of 4 either "
               "way; and with ReLU's gain for a leaky ReLU of slope 0.5, more than that. Sign-flip tests over seeds.",
    .measure = examine_gains,
};
