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
 * The names, NULL at the end. Those of the tutorial have the hyperparameters of its training runs, the others the
 * defaults of PyTorch's class; where it has none, or one that switches the method off, the tutorial's value stands.
 *
 *   sgd                          cell [22]; lr 0.1 of cell [26]
 *   momentum                     cell [23], the averaging form; lr 0.1, momentum 0.9 of cell [27]
 *   adam                         cell [24]; lr 1e-3 (cell [28]), beta1 0.9, beta2 0.999, eps 1e-8
 *   classical-momentum           torch.optim.SGD(momentum=0.9); lr 0.1
 *   nesterov                     torch.optim.SGD(momentum=0.9, nesterov=True); lr 0.1
 *   dampening                    torch.optim.SGD(momentum=0.9, dampening=0.9); lr 0.1; `momentum` but for m_1 = g
 *   adamw                        torch.optim.AdamW: adam with decoupled weight decay 0.01
 *   amsgrad                      torch.optim.Adam(amsgrad=True)
 *   adam-uncorrected-momentum    adam without the bias correction of m: it made the author's saved run "Adam"
 *   adam-uncorrected             adam without any bias correction, as in BERT's training code
 *   rmsprop                      torch.optim.RMSprop; lr 0.01, alpha 0.99, eps 1e-8
 */
const char *const *assay_optimizer_names(void);

/* ASSAY_ERROR_ARGUMENT with the known names for any other. */
assay_status assay_optimizer_by_name(const char *name, assay_update_rule *rule, assay_error *error);

/*
 * Changes hyperparameters: "lr=0.1,beta1=0.8". Known are, each for the rules that have it: lr, weight_decay; momentum;
 * dampening, nesterov; beta1, beta2, eps, amsgrad, decoupled, correct_first, correct_second; alpha (RMSprop's beta2).
 * Switches are 0 or 1. Empty text changes nothing. ASSAY_ERROR_ARGUMENT, with the rule as it was, for a name that the
 * rule has not (lists those that it has), a name given twice, something that is not a number, a value out of range.
 */
assay_status assay_optimizer_set(assay_update_rule *rule, const char *settings, assay_error *error);

/*
 * All hyperparameters of a rule as text that assay_optimizer_set takes back to the same rule, bit for bit; the caller
 * frees it with assay_free. NULL, and ASSAY_ERROR_MEMORY in `error`, when memory is out.
 */
char *assay_optimizer_settings(const assay_update_rule *rule, assay_error *error);

/* --- with state ------------------------------------------------------------------------------------------------ */

typedef struct assay_optimizer assay_optimizer;

/*
 * An optimizer for `count` parameters of `backend`, before its first step. The caller ends it with
 * assay_optimizer_destroy, before the backend closes. ASSAY_ERROR_ARGUMENT for hyperparameters out of range,
 * ASSAY_ERROR_MEMORY when memory is out.
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
