/* Claims 16 to 22: what tanh, ReLU and its relatives need. */
#include <stdio.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_layers.h"

enum { DEEP = 50, LAST = DEEP - 2 /* the last hidden layer */, TUTORIAL_LAST = CLAIM_TUTORIAL_HIDDEN - 1 };

static const size_t WIDTH = 256;

static const claim_panel THROUGH_LAYERS = {.x_label = "Linear layer", .y_label = "Variance", .y_log = true};

/* --- 16 ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    claim_profile identity;
    claim_profile tanh;
    claim_profile deep;
} likeness;

static assay_status measure_likeness(const assay_claims_input *input, size_t seeds, likeness *found, assay_error *error)
{
    const assay_initializer xavier = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    claim_network network = claim_tutorial_layers(claim_by_initializer, &xavier);
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->identity, error));
    network.activation = assay_activation_default(ASSAY_TANH);
    ASSAY_TRY(claim_measure(input, &network, seeds, &found->tanh, error));
    claim_progress(input, 1, 2);
    network = claim_equal_layers(&WIDTH, DEEP, claim_by_initializer, &xavier);
    network.activation = assay_activation_default(ASSAY_TANH);
    return claim_measure(input, &network, seeds, &found->deep, error);
}

/* The largest |tanh x / x - 1| for |x| <= bound; it grows with |x|. */
static double departure(double bound)
{
    return 1.0 - tanh(bound) / bound;
}

static assay_status report_likeness(const likeness *found, double *values, assay_claim_result *result,
                                    assay_error *error)
{
    size_t seeds = found->tanh.seeds;
    const double small = departure(0.1);
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "tanh is like the identity for small values",
                                           .measure = "largest |tanh x / x - 1| for |x| up to 0.1",
                                           .rule = ASSAY_PART_EVERY,
                                           .low = 0.0,
                                           .high = 0.01},
                             1, &small, error));
    for (size_t i = 0; i < seeds; i++) {
        values[i] = log2(claim_at(&found->tanh, CLAIM_ACTIVATION, i, TUTORIAL_LAST) /
                         claim_at(&found->identity, CLAIM_ACTIVATION, i, TUTORIAL_LAST));
    }
    double change;
    double ratio = claim_mean(seeds, values);
    ASSAY_TRY(
        claim_add_part(result,
                       &(claim_part){.name = "the tutorial's tanh network behaves like the linear one",
                                     .measure = "log2 of the variance in layer 4, tanh over identity, same weights",
                                     .unit = "bits",
                                     .low = -1.0,
                                     .high = 1.0},
                       seeds, values, error));
    ASSAY_TRY(claim_add_change(result,
                               &(claim_part){.name = "without a gain the variance stays the same through 50 layers",
                                             .measure = "log2 of the variance in layer 49 over layer 1, width 256",
                                             .unit = "bits",
                                             .low = -CLAIM_STABLE,
                                             .high = CLAIM_STABLE},
                               &found->deep, (claim_step){CLAIM_ACTIVATION, 0, LAST}, &change, error));
    claim_add_row(result, "largest departure for |x| up to 0.1", "0", "%.4f", small);
    claim_add_row(result, "largest departure for |x| up to 1, which the first layer reaches", "0", "%.2f",
                  departure(1.0));
    for (size_t layer = 0; layer <= TUTORIAL_LAST; layer++) {
        char label[64];
        snprintf(label, sizeof label, "variance in layer %zu: identity, tanh", layer + 1);
        claim_add_row(result, label, "equal", "%.2f, %.2f", claim_typical(&found->identity, CLAIM_ACTIVATION, layer),
                      claim_typical(&found->tanh, CLAIM_ACTIVATION, layer));
    }
    claim_note(result,
               "tanh departs from the identity by %.1f %% at 0.1 and by %.0f %% at 1. The first layer's outputs have a "
               "standard deviation of about 1, so they are not small: in layer 4 the variance is 2^%.1f of the linear "
               "network's, and through 50 layers it changes by %.1f bits.",
               100.0 * small, 100.0 * departure(1.0), ratio, change);
    claim_figure(result, "tanh and the identity with the same Xavier weights",
                 "Typical variance of each linear layer's output in the tutorial's network.");
    claim_add_panel(result, &THROUGH_LAYERS);
    ASSAY_TRY(claim_add_profile(result, "identity", &found->identity, CLAIM_ACTIVATION, CLAIM_TUTORIAL_HIDDEN, error));
    return claim_add_profile(result, "tanh", &found->tanh, CLAIM_ACTIVATION, CLAIM_TUTORIAL_HIDDEN, error);
}

static assay_status examine_likeness(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    double *values = assay_calloc(seeds, sizeof *values, error);
    likeness found = {0};
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : measure_likeness(input, seeds, &found, error);
    if (status == ASSAY_OK) {
        status = report_likeness(&found, values, result, error);
    }
    claim_profile_destroy(&found.identity);
    claim_profile_destroy(&found.tanh);
    claim_profile_destroy(&found.deep);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_16 = {
    .number = 16,
    .cell = "[18]",
    .title = "tanh needs no gain",
    .says = "For small values tanh is like the identity, so the calculation needs no change for it.",
    .decided = "How far tanh is from the identity; the variance in the tutorial's tanh network against the linear one "
               "with the same weights, within a factor of 2; and its change through 50 layers, within a factor of 4.",
    .measure = examine_likeness,
};

/* --- 17 ---------------------------------------------------------------------------------------------------------- */

enum { DEEPEST = 400, DEPTHS = 3 };

static const size_t depths[DEPTHS] = {10, 50, DEEPEST - 1};

static assay_status report_plateau(const claim_profile *plain, const claim_profile *gain, double *values,
                                   assay_claim_result *result, assay_error *error)
{
    double found[DEPTHS];
    for (size_t i = 0; i < DEPTHS; i++) {
        size_t layer = depths[i] - 1;
        for (size_t seed = 0; seed < plain->seeds; seed++) {
            values[seed] = claim_at(plain, CLAIM_ACTIVATION, seed, layer);
        }
        found[i] = claim_mean(plain->seeds, values);
        char name[64];
        char expected[64];
        snprintf(name, sizeof name, "the variance is about 0.25 in layer %zu", depths[i]);
        ASSAY_TRY(claim_add_part(
            result,
            &(claim_part){
                .name = name, .measure = "variance of the layer's output, width 256", .low = 0.2, .high = 0.3},
            plain->seeds, values, error));
        snprintf(name, sizeof name, "variance in layer %zu", depths[i]);
        snprintf(expected, sizeof expected, "0.25; 1 / (2 l) = %.4f", 0.5 / (double)depths[i]);
        claim_add_row(result, name, expected, "%.4f", found[i]);
    }
    double level = claim_typical(gain, CLAIM_ACTIVATION, DEEP - 1);
    double later = claim_typical(gain, CLAIM_ACTIVATION, DEEPEST - 2);
    claim_add_row(result, "with the gain 5/3: layers 50, 399", NULL, "%.3f, %.3f", level, later);
    claim_note(
        result,
        "The variance goes on falling, about as 1 / (2 l): %.3f in layer 10, %.4f in layer 50, %.5f in layer 399. "
        "With the gain 5/3 there is a plateau: %.3f in layer 50 and %.3f in layer 399.",
        found[0], found[1], found[2], level, later);
    return ASSAY_OK;
}

static assay_status draw_plateau(const claim_profile *plain, const claim_profile *gain, assay_claim_result *result,
                                 assay_error *error)
{
    claim_figure(
        result, "tanh with Xavier's weights, through 400 layers",
        "Typical variance of each linear layer's output, width 256, with both axes logarithmic: without a gain "
        "it falls along 1 / (2 l), with the gain 5/3 it stays.");
    double x[DEEPEST];
    double said[DEEPEST];
    double theory[DEEPEST];
    for (size_t i = 0; i < DEEPEST - 1; i++) {
        x[i] = (double)i + 1.0;
        said[i] = 0.25;
        theory[i] = 0.5 / x[i];
    }
    claim_add_panel(result,
                    &(claim_panel){.x_label = "Linear layer", .y_label = "Variance", .x_log = true, .y_log = true});
    ASSAY_TRY(claim_add_profile(result, "gain 1", plain, CLAIM_ACTIVATION, DEEPEST - 1, error));
    ASSAY_TRY(claim_add_profile(result, "gain 5/3", gain, CLAIM_ACTIVATION, DEEPEST - 1, error));
    ASSAY_TRY(claim_add_line(result, "1 / (2 l)", ASSAY_LINE_PLAIN, DEEPEST - 1, x, theory, error));
    return claim_add_line(result, "0.25", ASSAY_LINE_PLAIN, DEEPEST - 1, x, said, error);
}

static assay_status examine_plateau(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    assay_initializer xavier = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    claim_network network = claim_equal_layers(&WIDTH, DEEPEST, claim_by_initializer, &xavier);
    network.activation = assay_activation_default(ASSAY_TANH);
    network.precision = ASSAY_F32;
    double *values = assay_calloc(seeds, sizeof *values, error);
    claim_profile plain = {0};
    claim_profile gain = {0};
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : claim_measure(input, &network, seeds, &plain, error);
    claim_progress(input, 1, 2);
    if (status == ASSAY_OK) {
        xavier.gain = assay_gain(network.activation);
        status = claim_measure(input, &network, seeds, &gain, error);
    }
    if (status == ASSAY_OK) {
        status = report_plateau(&plain, &gain, values, result, error);
    }
    if (status == ASSAY_OK) {
        status = draw_plateau(&plain, &gain, result, error);
    }
    claim_profile_destroy(&plain);
    claim_profile_destroy(&gain);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_17 = {
    .number = 17,
    .cell = "[18]",
    .title = "tanh: the variance would stabilise around 0.25",
    .says = "In a deeper tanh network with Xavier's weights the variance of the activations would settle near 0.25.",
    .decided =
        "The variance in layers 10, 50 and 399 of networks of width 256: between 0.2 and 0.3? Sign-flip tests over "
        "seeds.",
    .measure = examine_plateau,
};

/* --- 18 ---------------------------------------------------------------------------------------------------------- */

static assay_status examine_relu(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    enum { LAYERS = 21, STEPS = LAYERS - 2 };
    size_t seeds = claim_seeds(input, 16, 16);
    const assay_initializer xavier = assay_initializer_default(ASSAY_INIT_XAVIER_UNIFORM);
    claim_network network = claim_equal_layers(&WIDTH, LAYERS, claim_by_initializer, &xavier);
    network.activation = assay_activation_default(ASSAY_RELU);
    network.backward = true;
    claim_profile profile;
    double forward = 0.0;
    double backward = 0.0;
    assay_status status = claim_measure(input, &network, seeds, &profile, error);
    if (status == ASSAY_OK) {
        status = claim_add_change(result,
                                  &(claim_part){.name = "activations vanish with Xavier's weights",
                                                .measure = "log2 of the variance in layer 20 over layer 1, width 256",
                                                .unit = "bits",
                                                .essential = true,
                                                .low = -INFINITY,
                                                .high = -CLAIM_STABLE},
                                  &profile, (claim_step){CLAIM_ACTIVATION, 0, STEPS}, &forward, error);
    }
    if (status == ASSAY_OK) {
        status = claim_add_change(result,
                                  &(claim_part){.name = "gradients vanish, too",
                                                .measure = "log2 of the variance of dL/dz in layer 1 over layer 20",
                                                .unit = "bits",
                                                .low = -INFINITY,
                                                .high = -CLAIM_STABLE},
                                  &profile, (claim_step){CLAIM_GRADIENT, STEPS, 0}, &backward, error);
    }
    if (status == ASSAY_OK) {
        claim_add_row(result, "activations, bits a layer", "-1", "%.3f", forward / STEPS);
        claim_add_row(result, "gradients, bits a layer", "-1", "%.3f", backward / STEPS);
        claim_note(result,
                   "Each layer changes the variance of the activations by %.2f bits and that of the gradients by %.2f: "
                   "both halve, as the theory says.",
                   forward / STEPS, backward / STEPS);
        claim_figure(result, "ReLU with Xavier's weights",
                     "Typical variance of each linear layer's output and of the "
                     "gradient with respect to it, width 256.");
        claim_add_panel(result, &THROUGH_LAYERS);
        status = claim_add_profile(result, "activations", &profile, CLAIM_ACTIVATION, LAYERS - 1, error);
    }
    if (status == ASSAY_OK) {
        status = claim_add_profile(result, "gradients", &profile, CLAIM_GRADIENT, LAYERS - 1, error);
    }
    claim_profile_destroy(&profile);
    return status;
}

const assay_claim assay_claim_18 = {
    .number = 18,
    .cell = "[18], [19]",
    .title = "Xavier does not suit ReLU",
    .says = "ReLU sets half of its inputs to 0, so Xavier's weights do not keep the variance in a ReLU network.",
    .decided = "The change of the variance through 20 layers of width 256: by a factor of 4 or more? Sign-flip tests.",
    .measure = examine_relu,
};
