/* The seven initializations of the tutorial: what is drawn, and what is measured. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/stats/moments.h>
#include "tutorial/session_impl.h"
#include <assay/tutorial/theory.h>

enum { FIRST = ASSAY_SECTION_CONSTANT, EXPERIMENT_COUNT = ASSAY_SECTION_KAIMING_RELU - FIRST + 1 };

static const assay_experiment EXPERIMENTS[EXPERIMENT_COUNT] = {
    {ASSAY_SECTION_CONSTANT, {.kind = ASSAY_INIT_CONSTANT, .value = 0.005}, ASSAY_IDENTITY, false, true, true},
    {ASSAY_SECTION_VARIANCE_001, {.kind = ASSAY_INIT_NORMAL, .value = 0.01}, ASSAY_IDENTITY, false, false, true},
    {ASSAY_SECTION_VARIANCE_01, {.kind = ASSAY_INIT_NORMAL, .value = 0.1}, ASSAY_IDENTITY, false, false, true},
    {ASSAY_SECTION_EQUAL_VARIANCE, {.kind = ASSAY_INIT_EQUAL_VARIANCE}, ASSAY_IDENTITY, true, false, true},
    {ASSAY_SECTION_XAVIER_IDENTITY, {.kind = ASSAY_INIT_XAVIER_UNIFORM, .gain = 1.0}, ASSAY_IDENTITY, false, true, true},
    {ASSAY_SECTION_XAVIER_TANH, {.kind = ASSAY_INIT_XAVIER_UNIFORM, .gain = 1.0}, ASSAY_TANH, false, true, true},
    {ASSAY_SECTION_KAIMING_RELU,
     {.kind = ASSAY_INIT_KAIMING_NORMAL, .fan = ASSAY_FAN_IN, .gain = 1.4142135623730951, .first_layer_without_gain = true},
     ASSAY_RELU, false, true, true},
};

const assay_experiment *assay_experiment_of(assay_section section)
{
    bool has = section >= ASSAY_SECTION_CONSTANT && section <= ASSAY_SECTION_KAIMING_RELU;
    return has ? &EXPERIMENTS[section - ASSAY_SECTION_CONSTANT] : NULL;
}

assay_status assay_session_initialize(assay_session *session, assay_section section, assay_error *error)
{
    const assay_experiment *experiment = assay_experiment_of(section);
    assay_network *network = session->network;
    if (network == NULL || assay_network_configuration(network)->activation.kind != experiment->activation) {
        assay_network_destroy(network);
        session->network = NULL;
        assay_network_config config = assay_tutorial_network(experiment->activation);
        ASSAY_TRY(assay_network_create(session->backend, &config, ASSAY_TUTORIAL_BATCH, true, &session->network, error));
    }
    assay_initialize(&experiment->initializer, session->network, &session->generator);
    session->next = section + 1;
    return assay_backend_check(session->backend, error);
}

/* Weights as the tutorial drew them give the tutorial's numbers; others can only be judged by the theory. */
static bool draws_as_printed(const assay_session *session, const assay_experiment *experiment)
{
    assay_session_options tutorial = assay_session_defaults();
    const assay_session_options *options = &session->options;
    return experiment->initializer.kind == ASSAY_INIT_CONSTANT ||
           (options->generator == tutorial.generator && options->seed == tutorial.seed &&
            options->blocks == tutorial.blocks);
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

assay_status assay_session_measure(assay_session *session, assay_section section, assay_section_results *results,
                                   assay_error *error)
{
    const assay_experiment *experiment = assay_experiment_of(section);
    assay_network *network = session->network;
    assay_backend *backend = session->backend;
    enum { ROWS = ASSAY_TUTORIAL_BATCH };
    assay_slice images = assay_whole(session->images);
    assay_network_forward(network, ROWS, images);
    assay_network_backward(network, ROWS, images, assay_whole(session->labels), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
    const assay_printed_number *numbers;
    size_t count = assay_printed_numbers(section, &numbers);
    size_t layers = assay_network_layer_count(network);
    bool as_printed = draws_as_printed(session, experiment);
    /* The tutorial prints the gradients' variances first, where it prints them at all. */
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
            ASSAY_TRY(of_gradient
                ? assay_theory_gradient(network, &experiment->initializer, layer, ROWS, images, &theory, error)
                : assay_theory_activation(network, &experiment->initializer, layer, ROWS, images, &theory, error));
            add_by_theory(results, &numbers[i], variance, theory);
        }
    }
    return assay_backend_check(backend, error);
}
