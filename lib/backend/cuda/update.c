/*
 * The optimizers' step: one launch over all parameters. Numbers that are the same for all of them are computed here, in
 * double; update_rule.h has the equations.
 */
#include <math.h>

#include "backend/cuda/cuda.h"

/* 1 - beta^t, accurate where beta^t is near 1. */
static double bias_correction(double beta, uint64_t step)
{
    return -expm1((double)step * log(beta));
}

/* w -= from_g g + from_m m with m = momentum m + fresh g. */
static void set_momentum(assay_cuda_update_arguments *a, const assay_update_rule *rule, uint64_t step)
{
    bool averaging = rule->kind == ASSAY_UPDATE_MOMENTUM;
    bool first = !averaging && step == 1;
    bool nesterov = !averaging && rule->nesterov;
    a->form = ASSAY_CUDA_FORM_MOMENTUM;
    a->momentum = first ? 0 : rule->momentum;
    a->fresh = first ? 1 : averaging ? 1 - rule->momentum : 1 - rule->dampening;
    a->from_g = nesterov ? rule->learning_rate : 0;
    a->from_m = nesterov ? rule->learning_rate * rule->momentum : rule->learning_rate;
}

/*
 * w -= rate m / (sqrt(v) correction + epsilon): with sqrt(v / (1 - b2^t)) as a product and eta / (1 - b1^t) as one
 * number, neither overflows where the quotient does not.
 */
static void set_adam(assay_cuda_update_arguments *a, const assay_update_rule *rule, uint64_t step)
{
    a->form = rule->amsgrad ? ASSAY_CUDA_FORM_AMSGRAD : ASSAY_CUDA_FORM_ADAM;
    a->momentum = rule->beta1;
    a->fresh = 1 - rule->beta1;
    a->rate = rule->learning_rate / (rule->correct_first ? bias_correction(rule->beta1, step) : 1);
    a->correction = rule->correct_second ? 1 / sqrt(bias_correction(rule->beta2, step)) : 1;
}

static void set_coefficients(assay_cuda_update_arguments *a, const assay_update_rule *rule, uint64_t step)
{
    a->decay = rule->decoupled ? 0 : rule->weight_decay;
    a->keep = rule->decoupled ? 1 - rule->learning_rate * rule->weight_decay : 1;
    a->rate = rule->learning_rate;
    a->smooth = rule->beta2;
    a->rough = 1 - rule->beta2;
    a->epsilon = rule->epsilon;
    switch (rule->kind) {
    case ASSAY_UPDATE_SGD:
        a->form = ASSAY_CUDA_FORM_SGD;
        break;
    case ASSAY_UPDATE_MOMENTUM:
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM:
        set_momentum(a, rule, step);
        break;
    case ASSAY_UPDATE_ADAM:
        set_adam(a, rule, step);
        break;
    case ASSAY_UPDATE_RMSPROP:
        a->form = ASSAY_CUDA_FORM_RMSPROP;
        break;
    }
}

/* A step of training ends here, and so does the record of it. */
void assay_cuda_update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                       assay_slice gradients, const assay_slice *state)
{
    assay_cuda *self = (assay_cuda *)backend;
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_UPDATE, parameters.count, UINT64_MAX);
    assay_cuda_update_arguments *arguments = &command.arguments.update;
    arguments->w = assay_cuda_at(parameters);
    arguments->g = assay_cuda_at(gradients);
    arguments->failure = assay_cuda_address_of(self->failure);
    arguments->count = parameters.count;
    set_coefficients(arguments, rule, step);
    assay_cuda_writes(&command, parameters);
    assay_cuda_reads(&command, gradients);
    assay_cuda_touches(&command, self->failure, sizeof self->seen, false);
    for (size_t i = 0; i < assay_update_rule_slots(rule); i++) {
        arguments->state[i] = assay_cuda_at(state[i]);
        assay_cuda_writes(&command, state[i]);
    }
    assay_cuda_submit(self, &command);
    assay_cuda_flush(self);
}
