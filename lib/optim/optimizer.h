/* Named optimizers, their hyperparameters, and the state that they keep beside the parameters. */
#ifndef ASSAY_OPTIM_OPTIMIZER_H
#define ASSAY_OPTIM_OPTIMIZER_H

#include <stddef.h>
#include <stdint.h>

#include <assay/backend/backend.h>
#include <assay/backend/update_rule.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* --- by name --------------------------------------------------------------------------------------------------- */

/*
 * A named optimizer. Those of the tutorial have the hyperparameters of its training runs, the others the defaults of
 * their source; where PyTorch's class has no default, or one that switches the method off, the tutorial's value is
 * used.
 */
typedef struct {
    const char *name;   /* "adam" */
    const char *title;  /* "Adam" */
    const char *source; /* the tutorial's cell, PyTorch's class, or the article */
    assay_update_rule rule;
} assay_optimizer_descriptor;

/* All optimizers, in the order in which they are shown to users; the name after the last is NULL. */
const assay_optimizer_descriptor *assay_optimizers(void);

/* Case does not matter, and '_' is the same as '-'. ASSAY_ERROR_ARGUMENT with the known names for any other. */
assay_status assay_optimizer_by_name(const char *name, assay_update_rule *rule, assay_error *error);

/*
 * Changes hyperparameters: "lr=0.1,beta1=0.8". The names, each for the rules that read it: lr, weight_decay; momentum;
 * dampening, nesterov; beta1, beta2, eps, amsgrad, decoupled, correct_first, correct_second; alpha (RMSprop's beta2).
 * Switches are 0 or 1. Empty text changes nothing. ASSAY_ERROR_ARGUMENT, with the rule as it was, for a name that the
 * rule does not read (the message lists those that it reads), a name given twice, a value that is not a number, and a
 * value out of range.
 */
assay_status assay_optimizer_set(assay_update_rule *rule, const char *settings, assay_error *error);

/*
 * All hyperparameters of a rule as text from which assay_optimizer_set makes the same rule, bit for bit; the caller
 * frees it with assay_free. NULL, and ASSAY_ERROR_MEMORY in `error`, when there is no memory.
 */
char *assay_optimizer_settings(const assay_update_rule *rule, assay_error *error);

/* --- with state ------------------------------------------------------------------------------------------------ */

typedef struct assay_optimizer assay_optimizer;

/*
 * An optimizer for `count` parameters of `backend`, before its first step. The caller frees it with
 * assay_optimizer_destroy, before the backend is closed. ASSAY_ERROR_ARGUMENT for hyperparameters out of range,
 * ASSAY_ERROR_MEMORY when there is no memory.
 */
assay_status assay_optimizer_create(assay_backend *backend, const assay_update_rule *rule, size_t count,
                                    assay_optimizer **optimizer, assay_error *error);

/* NULL is allowed. */
void assay_optimizer_destroy(assay_optimizer *optimizer);

/*
 * t += 1, then one step of the rule over all parameters. Both slices have the optimizer's count; gradients are not
 * changed. Failures are recorded by the backend, for assay_backend_check. Allocates nothing.
 */
void assay_optimizer_step(assay_optimizer *optimizer, assay_slice parameters, assay_slice gradients);

const assay_update_rule *assay_optimizer_rule(const assay_optimizer *optimizer);

/* For checkpoints: the steps made, and the state slices (`count` reals each), which the caller may read and write. */
uint64_t assay_optimizer_steps(const assay_optimizer *optimizer);
void assay_optimizer_set_steps(assay_optimizer *optimizer, uint64_t steps);
size_t assay_optimizer_slots(const assay_optimizer *optimizer);
assay_slice assay_optimizer_state(const assay_optimizer *optimizer, size_t slot);

/* What a rule's slot holds: "first_moment", "second_moment" or "largest_second_moment"; slot < the rule's slots. */
const char *assay_optimizer_slot_name(const assay_update_rule *rule, size_t slot);

ASSAY_END_DECLS
#endif
