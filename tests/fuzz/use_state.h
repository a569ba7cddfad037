/* What a program does with a state that was read: reaches every byte of it. */
#ifndef ASSAY_TESTS_FUZZ_USE_STATE_H
#define ASSAY_TESTS_FUZZ_USE_STATE_H

#include <stdlib.h>

#include <assay/base/alloc.h>
#include <assay/model/config.h>
#include <assay/model/state.h>

static void use_layers(const assay_state *state, const assay_network_config *config)
{
    const assay_stored_tensor *weights[ASSAY_MAX_HIDDEN + 1];
    const assay_stored_tensor *biases[ASSAY_MAX_HIDDEN + 1];
    assay_model_layers(state, config, weights, biases);
    for (size_t i = 0; i <= config->hidden_count; i++) {
        if (weights[i]->shape[0] != biases[i]->count) {
            abort();
        }
    }
}

static void use_state(const assay_state *state)
{
    assay_error error;
    assay_network_config config;
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        double *values = assay_calloc(tensor->count, sizeof *values, NULL);
        if (values == NULL || assay_state_find(state, tensor->name) != tensor) {
            abort();
        }
        assay_stored_tensor_to_f64(tensor, values);
        assay_free(values);
    }
    (void)assay_state_check_finite(state, &error);
    if (assay_model_config_deduce(state, "fuzz", &config, &error) == ASSAY_OK) {
        use_layers(state, &config);
    }
}

#endif
