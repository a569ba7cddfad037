#include <assay/optim/optimizer.h>

#include <assay/base/alloc.h>
#include "backend/update_descriptor.h"

struct assay_optimizer {
    assay_backend *backend;
    assay_update_rule rule;
    uint64_t steps;
    size_t slots;
    assay_slice state[ASSAY_UPDATE_MAX_SLOTS];
    assay_buffer *buffer[ASSAY_UPDATE_MAX_SLOTS];
};

assay_status assay_optimizer_create(assay_backend *backend, const assay_update_rule *rule, size_t count,
                                    assay_optimizer **optimizer, assay_error *error)
{
    ASSAY_TRY(assay_update_rule_check(rule, error));
    assay_optimizer *created = assay_calloc(1, sizeof *created, error);
    if (created == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    created->backend = backend;
    created->rule = *rule;
    created->slots = assay_update_rule_slots(rule);
    for (size_t i = 0; i < created->slots; i++) {
        created->buffer[i] = assay_buffer_create(backend, ASSAY_REAL, count);
        created->state[i] = assay_whole(created->buffer[i]);
    }
    assay_status status = assay_backend_check(backend, error);
    if (status != ASSAY_OK) {
        assay_optimizer_destroy(created);
        return status;
    }
    *optimizer = created;
    return ASSAY_OK;
}

void assay_optimizer_destroy(assay_optimizer *optimizer)
{
    if (optimizer == NULL) {
        return;
    }
    for (size_t i = 0; i < optimizer->slots; i++) {
        assay_buffer_destroy(optimizer->backend, optimizer->buffer[i]);
    }
    assay_free(optimizer);
}

void assay_optimizer_step(assay_optimizer *optimizer, assay_slice parameters, assay_slice gradients)
{
    optimizer->steps++;
    assay_update(optimizer->backend, &optimizer->rule, optimizer->steps, parameters, gradients, optimizer->state);
}

const assay_update_rule *assay_optimizer_rule(const assay_optimizer *optimizer)
{
    return &optimizer->rule;
}

uint64_t assay_optimizer_steps(const assay_optimizer *optimizer)
{
    return optimizer->steps;
}

void assay_optimizer_set_steps(assay_optimizer *optimizer, uint64_t steps)
{
    optimizer->steps = steps;
}

size_t assay_optimizer_slots(const assay_optimizer *optimizer)
{
    return optimizer->slots;
}

assay_slice assay_optimizer_state(const assay_optimizer *optimizer, size_t slot)
{
    return slot < optimizer->slots ? optimizer->state[slot] : ASSAY_NO_SLICE;
}

const char *assay_optimizer_slot_name(const assay_update_rule *rule, size_t slot)
{
    return assay_update_describe(rule->kind)->slot_names[slot];
}
