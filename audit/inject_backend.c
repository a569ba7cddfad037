/* Wrappers of the backends' operations, and of the optimizers, networks and trainers that use them. */
#include <stdlib.h>
#include <string.h>

#include <assay/init/initializer.h>
#include "inject.h"
#include <assay/optim/optimizer.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/theory.h>

/* ASSAY_INJECT_BACKEND restricts errors to one backend, for comparisons between backends. */
static bool may_err(const assay_backend *backend)
{
    const char *only = getenv("ASSAY_INJECT_BACKEND");
    return only == NULL || strcmp(only, assay_backend_name(backend)) == 0;
}

void inject_slice(assay_backend *backend, assay_slice slice, double e)
{
    if (e == 0.0 || !may_err(backend) || slice.buffer == NULL || slice.count == 0) {
        return;
    }
    double *values = malloc(slice.count * sizeof *values);
    assay_download_f64(backend, slice, values);
    inject_f64(slice.count, values, e);
    assay_upload_f64(backend, slice, values);
    free(values);
}

/* --- operations ------------------------------------------------------------------------------------------------ */

void assay_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y)
{
    INJECT_REAL(assay_activation_forward)
    real(backend, activation, x, y);
    inject_slice(backend, y, inject_error("operation/activation_forward"));
    inject_slice(backend, y, inject_error("activation/%s.value", assay_activation_name(activation.kind)));
}

void assay_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                               assay_slice dy, assay_slice dx)
{
    INJECT_REAL(assay_activation_backward)
    real(backend, activation, x, y, dy, dx);
    inject_slice(backend, dx, inject_error("operation/activation_backward"));
    inject_slice(backend, dx, inject_error("activation/%s.derivative", assay_activation_name(activation.kind)));
}

void assay_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation, assay_slice x,
                          assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    INJECT_REAL(assay_linear_forward)
    real(backend, shape, activation, x, weight, bias, z, y);
    double e = inject_error("operation/linear_forward");
    inject_slice(backend, z, e);
    if (y.buffer != z.buffer || y.offset != z.offset) {
        inject_slice(backend, y, e);
    }
}

void assay_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                 assay_slice dz, assay_slice weight, assay_slice z_below, assay_slice y_below,
                                 assay_slice dz_below)
{
    INJECT_REAL(assay_linear_backward_input)
    real(backend, shape, below, dz, weight, z_below, y_below, dz_below);
    inject_slice(backend, dz_below, inject_error("operation/linear_backward_input"));
}

void assay_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x, assay_slice dz,
                                      assay_slice dweight, assay_slice dbias)
{
    INJECT_REAL(assay_linear_backward_parameters)
    real(backend, shape, x, dz, dweight, dbias);
    inject_slice(backend, dweight, inject_error("operation/linear_backward_parameters"));
    inject_slice(backend, dbias, inject_error("operation/linear_backward_parameters"));
}

void assay_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                 assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits)
{
    INJECT_REAL(assay_softmax_cross_entropy)
    real(backend, rows, classes, logits, labels, loss, correct, dlogits);
    inject_slice(backend, loss, inject_error("operation/softmax_cross_entropy.loss"));
    inject_slice(backend, dlogits, inject_error("operation/softmax_cross_entropy.gradient"));
}

void assay_softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits, assay_slice probabilities)
{
    INJECT_REAL(assay_softmax)
    real(backend, rows, classes, logits, probabilities);
    inject_slice(backend, probabilities, inject_error("operation/softmax"));
}

assay_moments assay_reduce_moments(assay_backend *backend, assay_slice x)
{
    INJECT_REAL(assay_reduce_moments)
    assay_moments moments = real(backend, x);
    inject_moments(&moments, "operation/moments");
    return moments;
}

/* --- optimizers ------------------------------------------------------------------------------------------------ */

/* Whether a rule is the optimizer of that name, with any values of its hyperparameters. */
static bool is_named(const assay_update_rule *rule, const char *name)
{
    assay_update_rule named;
    assay_error error;
    return assay_optimizer_by_name(name, &named, &error) == ASSAY_OK && named.kind == rule->kind &&
           named.nesterov == rule->nesterov && (named.dampening > 0) == (rule->dampening > 0) &&
           named.amsgrad == rule->amsgrad && named.correct_first == rule->correct_first &&
           named.correct_second == rule->correct_second && named.decoupled == rule->decoupled;
}

static double error_of_rule(const assay_update_rule *rule)
{
    double e = inject_error("operation/update");
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        e += is_named(rule, o->name) ? inject_error("optimizer/%s", o->name) : 0.0;
    }
    return e;
}

/* An optimizer's result is the step: w moves by 1 + e times the right distance. */
void assay_update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                  assay_slice gradients, const assay_slice *state)
{
    INJECT_REAL(assay_update)
    double e = may_err(backend) ? error_of_rule(rule) : 0.0;
    if (e == 0.0) {
        real(backend, rule, step, parameters, gradients, state);
        return;
    }
    double *before = malloc((parameters.count + 1) * sizeof *before);
    double *after = malloc((parameters.count + 1) * sizeof *after);
    assay_download_f64(backend, parameters, before);
    real(backend, rule, step, parameters, gradients, state);
    assay_download_f64(backend, parameters, after);
    for (size_t i = 0; i < parameters.count; i++) {
        after[i] = before[i] + (after[i] - before[i]) * (1.0 + e);
    }
    assay_upload_f64(backend, parameters, after);
    free(before);
    free(after);
}

/* --- networks -------------------------------------------------------------------------------------------------- */

void assay_initialize(const assay_initializer *initializer, assay_network *network, assay_generator *generator)
{
    INJECT_REAL(assay_initialize)
    real(initializer, network, generator);
    inject_slice(assay_network_backend(network), assay_network_parameters(network),
                 inject_error("initializer/%s", assay_initializer_name(initializer->kind)));
}

void assay_network_forward(assay_network *network, size_t rows, assay_slice x)
{
    INJECT_REAL(assay_network_forward)
    real(network, rows, x);
    double e = inject_error("nn/network_forward");
    for (size_t layer = 0; e != 0.0 && layer < assay_network_layer_count(network); layer++) {
        inject_slice(assay_network_backend(network), assay_network_preactivations(network, layer, rows), e);
    }
}

void assay_network_backward(assay_network *network, size_t rows, assay_slice x, assay_slice labels, assay_slice loss,
                            assay_slice correct, assay_slice dx)
{
    INJECT_REAL(assay_network_backward)
    real(network, rows, x, labels, loss, correct, dx);
    double e = inject_error("nn/network_backward");
    inject_slice(assay_network_backend(network), assay_network_gradients(network), e);
    for (size_t layer = 0; e != 0.0 && layer < assay_network_layer_count(network); layer++) {
        inject_slice(assay_network_backend(network), assay_network_preactivation_gradients(network, layer, rows), e);
    }
}

/* The bounds change with the mean, since they are a share of it. */
static void inject_expectation(assay_expectation *expectation, double e)
{
    expectation->mean *= 1.0 + e;
    expectation->below *= 1.0 + e;
    expectation->above *= 1.0 + e;
}

assay_status assay_theory_activation(assay_network *network, const assay_initializer *initializer, size_t layer,
                                     size_t rows, assay_slice x, assay_expectation *expectation, assay_error *error)
{
    INJECT_REAL(assay_theory_activation)
    assay_status status = real(network, initializer, layer, rows, x, expectation, error);
    inject_expectation(expectation, inject_error("tutorial/theory_activation"));
    return status;
}

assay_status assay_theory_gradient(assay_network *network, const assay_initializer *initializer, size_t layer,
                                   size_t rows, assay_slice x, assay_expectation *expectation, assay_error *error)
{
    INJECT_REAL(assay_theory_gradient)
    assay_status status = real(network, initializer, layer, rows, x, expectation, error);
    inject_expectation(expectation, inject_error("tutorial/theory_gradient"));
    return status;
}

/* --- training -------------------------------------------------------------------------------------------------- */

assay_status assay_trainer_first_steps(assay_trainer *trainer, size_t count, double *losses, assay_error *error)
{
    INJECT_REAL(assay_trainer_first_steps)
    assay_status status = real(trainer, count, losses, error);
    inject_f64(status == ASSAY_OK ? count : 0, losses, inject_error("train/trainer_first_steps"));
    return status;
}

const double *assay_trainer_losses(const assay_trainer *trainer)
{
    INJECT_REAL(assay_trainer_losses)
    /* The trainer does not read its array again. */
    static double *wrong;
    const double *losses = real(trainer);
    double e = inject_error("train/trainer_epoch");
    size_t count = assay_trainer_epochs_done(trainer) * assay_trainer_steps_per_epoch(trainer);
    if (e == 0.0 || losses == NULL) {
        return losses;
    }
    free(wrong);
    wrong = malloc((count + 1) * sizeof *wrong);
    memcpy(wrong, losses, count * sizeof *wrong);
    inject_f64(count, wrong, e);
    return wrong;
}
