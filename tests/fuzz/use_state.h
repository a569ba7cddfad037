/* What a program does with a state that was read: reaches every byte of it. */
#ifndef ASSAY_TESTS_FUZZ_USE_STATE_H
#define ASSAY_TESTS_FUZZ_USE_STATE_H

#include <stdlib.h>

#include <assay/base/alloc.h>
#include <assay/model/layers.h>
#include <assay/model/state.h>

/* What was found as a network is one. */
static void use_layers(const assay_state *state, bool in_order)
{
    assay_error error;
    assay_layers layers;
    if (assay_layers_find(state, NULL, in_order, "fuzz", &layers, &error) != ASSAY_OK) {
        return;
    }
    for (size_t i = 0; i < layers.count; i++) {
        if (layers.weights[i]->shape[0] != layers.biases[i]->count || !assay_layers_have(&layers, layers.biases[i]) ||
            (i > 0 && layers.weights[i]->shape[1] != layers.weights[i - 1]->shape[0])) {
            abort();
        }
    }
}

static void use_state(const assay_state *state)
{
    assay_error error;
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        double *values = assay_calloc(tensor->count, sizeof *values, NULL);
        if (values == NULL || assay_state_find(state, tensor->name) != tensor) {
            abort();
        }
        double mean = 0.0;
        double deviation = 0.0;
        assay_stored_tensor_to_f64(tensor, values);
        assay_stored_tensor_moments(tensor, &mean, &deviation);
        assay_free(values);
    }
    (void)assay_state_check_finite(state, &error);
    use_layers(state, true);
    use_layers(state, false);
}

#endif
