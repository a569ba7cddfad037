#include <assay/tutorial/experiment.h>

#include <math.h>
#include <stdio.h>

#include <assay/tutorial/defaults.h>
#include <assay/tutorial/theory.h>
#include "tutorial/results_impl.h"

static const assay_experiment EXPERIMENTS[] = {
    {.section = ASSAY_SECTION_CONSTANT,
     .label = "constant 0.005",
     .initializer = {.kind = ASSAY_INIT_CONSTANT, .value = 0.005},
     .activation = ASSAY_IDENTITY,
     .gradients = true,
     .activations = true},
    {.section = ASSAY_SECTION_VARIANCE_001,
     .label = "normal, 0.01",
     .initializer = {.kind = ASSAY_INIT_NORMAL, .value = 0.01},
     .activation = ASSAY_IDENTITY,
     .activations = true},
    {.section = ASSAY_SECTION_VARIANCE_01,
     .label = "normal, 0.1",
     .initializer = {.kind = ASSAY_INIT_NORMAL, .value = 0.1},
     .activation = ASSAY_IDENTITY,
     .activations = true},
    {.section = ASSAY_SECTION_EQUAL_VARIANCE,
     .label = "equal variance",
     .initializer = {.kind = ASSAY_INIT_EQUAL_VARIANCE},
     .activation = ASSAY_IDENTITY,
     .weights = true,
     .activations = true,
     .steady = true},
    {.section = ASSAY_SECTION_XAVIER_IDENTITY,
     .label = "Xavier",
     .initializer = {.kind = ASSAY_INIT_XAVIER_UNIFORM, .gain = 1.0},
     .activation = ASSAY_IDENTITY,
     .gradients = true,
     .activations = true,
     .steady = true},
    {.section = ASSAY_SECTION_XAVIER_TANH,
     .label = "Xavier, tanh",
     .initializer = {.kind = ASSAY_INIT_XAVIER_UNIFORM, .gain = 1.0},
     .activation = ASSAY_TANH,
     .gradients = true,
     .activations = true,
     .steady = true},
    {.section = ASSAY_SECTION_KAIMING_RELU,
     .label = "Kaiming, ReLU",
     .initializer = {.kind = ASSAY_INIT_KAIMING_NORMAL,
                     .fan = ASSAY_FAN_IN,
                     .gain = 1.4142135623730951,
                     .first_layer_without_gain = true},
     .activation = ASSAY_RELU,
     .gradients = true,
     .activations = true,
     .steady = true},
};

size_t assay_experiment_count(void)
{
    return sizeof EXPERIMENTS / sizeof *EXPERIMENTS;
}

const assay_experiment *assay_experiment_at(size_t index)
{
    return &EXPERIMENTS[index];
}

const assay_experiment *assay_experiment_of(assay_section section)
{
    for (size_t i = 0; i < assay_experiment_count(); i++) {
        if (EXPERIMENTS[i].section == section) {
            return &EXPERIMENTS[i];
        }
    }
    return NULL;
}

assay_status assay_experiment_draw(const assay_experiment *experiment, assay_backend *backend,
                                   assay_generator *generator, assay_network **network, assay_error *error)
{
    if (*network == NULL || assay_network_configuration(*network)->activation.kind != experiment->activation) {
        assay_network_destroy(*network);
        *network = NULL;
        assay_network_config config = assay_tutorial_network(experiment->activation);
        ASSAY_TRY(assay_network_create(backend, &config, ASSAY_TUTORIAL_BATCH, true, network, error));
    }
    assay_initialize(&experiment->initializer, *network, generator);
    return assay_backend_check(backend, error);
}

static void add_by_theory(assay_section_results *results, const assay_printed_number *number, double ours,
                          assay_expectation theory)
{
    assay_result *result = &results->results[results->count++];
    double error = fabs(ours - theory.mean);
    *result = (assay_result){
        .printed = number->printed,
        .ours = ours,
        .expected = theory.mean,
        .error = error / fabs(theory.mean),
        .allowed = (ours < theory.mean ? theory.below : theory.above) / fabs(theory.mean),
        .basis = ASSAY_BASIS_THEORY,
        .verdict = theory.mean == 0.0 ? ASSAY_VERDICT_SHOWN : ASSAY_VERDICT_DIFFERS,
    };
    if (result->verdict != ASSAY_VERDICT_SHOWN && result->error <= result->allowed) {
        result->verdict = ASSAY_VERDICT_AGREES;
    }
    snprintf(result->label, sizeof result->label, "%s", number->label);
}

assay_status assay_experiment_measure(const assay_experiment *experiment, assay_network *network, assay_slice images,
                                      assay_slice labels, bool as_printed, assay_section_results *results,
                                      assay_error *error)
{
    enum { ROWS = ASSAY_TUTORIAL_BATCH };
    const assay_initializer *initializer = &experiment->initializer;
    assay_backend *backend = assay_network_backend(network);
    assay_network_forward(network, ROWS, images);
    assay_network_backward(network, ROWS, images, labels, ASSAY_NO_SLICE, ASSAY_NO_SLICE, ASSAY_NO_SLICE);
    const assay_printed_number *numbers;
    size_t count = assay_printed_numbers(experiment->section, &numbers);
    size_t layers = assay_network_layer_count(network);
    /* Where the tutorial prints the variances of the gradients, it prints them first. */
    for (size_t i = 0; i < count; i++) {
        size_t layer = i % layers;
        bool of_gradient = count == 2 * layers && i < layers;
        assay_slice values = of_gradient ? assay_network_tensor(network, 2 * layer).gradient
                                         : assay_network_preactivations(network, layer, ROWS);
        double variance = assay_reduce_moments(backend, values).variance;
        if (as_printed) {
            assay_results_add_printed(results, &numbers[i], variance);
        } else {
            assay_expectation theory;
            ASSAY_TRY(of_gradient ? assay_theory_gradient(network, initializer, layer, ROWS, images, &theory, error)
                                  : assay_theory_activation(network, initializer, layer, ROWS, images, &theory, error));
            add_by_theory(results, &numbers[i], variance, theory);
        }
    }
    return assay_backend_check(backend, error);
}
