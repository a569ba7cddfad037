/* The optimizers' step: one launch over all parameters. */
#include "backend/cuda/cuda.h"

/* A training step ends here, so recording ends, too. */
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
    arguments->kind = (uint64_t)rule->kind;
    arguments->coefficients = assay_update_rule_coefficients(rule, step);
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
