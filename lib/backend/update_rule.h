/*
 * The optimizers' update rules, as plain data: a rule and its hyperparameters determine a step completely.
 * g is the gradient, w the parameter, eta the learning rate, t the step counted from 1.
 */
#ifndef ASSAY_BACKEND_UPDATE_RULE_H
#define ASSAY_BACKEND_UPDATE_RULE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/*
 * SGD                w -= eta g                                                   tutorial, cell [22]
 * MOMENTUM           m = b m + (1 - b) g;  w -= eta m                             tutorial, cell [23]: averaging form
 * CLASSICAL_MOMENTUM m = b m + (1 - d) g, but m = g at t = 1;                     torch.optim.SGD, dampening d
 *                    w -= eta m, or with Nesterov w -= eta (g + b m)
 * ADAM               m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;             tutorial, cell [24];
 *                    w -= eta / (sqrt(v / (1 - b2^t)) + eps) * m / (1 - b1^t)     Kingma and Ba 2015
 *                    correct_first / correct_second = false leave out that moment's bias correction;
 *                    amsgrad: the largest v of all steps replaces v (torch.optim.Adam(amsgrad=True))
 * RMSPROP            v = a v + (1 - a) g^2;  w -= eta g / (sqrt(v) + eps)         torch.optim.RMSprop
 * LION               c = b1 m + (1 - b1) g;  w -= eta sign(c);                    Chen et al. 2023, with decoupled
 *                    m = b2 m + (1 - b2) g                                        weight decay
 *
 * With weight decay lambda, g + lambda w replaces g (L2). If it is decoupled (AdamW, Loshchilov and Hutter 2019),
 * w *= 1 - eta lambda comes first instead. Every rule allows both.
 *
 * eps = 0 is allowed; then 0 / 0 is NaN where g has been 0 from the start, or so small (1e-23 in float) that its square
 * is 0.
 *
 * ADAM and RMSPROP keep g^2, which overflows for gradients that do not. There a finite g (after weight decay) beyond
 * 2^63 in float, or 2^511 in double, counts as this value with g's sign, in both moments: the step, a quotient of the
 * moments, stays what the equations give, and v stays finite. (PyTorch's v becomes infinite and its parameter never
 * moves again.) NaN gradients show in the parameters, and so do infinite ones; under LION, whose steps are all of one
 * size, infinite ones show in m.
 */
#define ASSAY_UPDATE_RULES(X)                              \
    X(ASSAY_UPDATE_SGD, sgd)                               \
    X(ASSAY_UPDATE_MOMENTUM, momentum)                     \
    X(ASSAY_UPDATE_CLASSICAL_MOMENTUM, classical_momentum) \
    X(ASSAY_UPDATE_ADAM, adam)                             \
    X(ASSAY_UPDATE_RMSPROP, rmsprop)                       \
    X(ASSAY_UPDATE_LION, lion)

#define ASSAY_UPDATE_CONSTANT(constant, identifier) constant,
typedef enum { ASSAY_UPDATE_RULES(ASSAY_UPDATE_CONSTANT) ASSAY_UPDATE_COUNT } assay_update_kind;
#undef ASSAY_UPDATE_CONSTANT

typedef struct {
    assay_update_kind kind;
    double learning_rate; /* eta */
    double weight_decay;  /* lambda; 0: none */
    double momentum;      /* b of the momentum rules */
    double dampening;     /* d of classical momentum */
    bool nesterov;
    double beta1;        /* Adam, Lion */
    double beta2;        /* Adam, Lion; the smoothing constant a of RMSprop */
    double epsilon;      /* outside the root */
    bool correct_first;  /* bias correction of m */
    bool correct_second; /* bias correction of v */
    bool amsgrad;
    bool decoupled; /* decoupled weight decay */
} assay_update_rule;

enum { ASSAY_UPDATE_MAX_SLOTS = 3 };

/*
 * For a rule that passes the check below: how many state slices of the parameters' size the rule keeps: SGD 0, Adam 2
 * (m, v), AMSGrad 3 (m, v, largest v), the others 1.
 */
size_t assay_update_rule_slots(const assay_update_rule *rule);

/*
 * ASSAY_ERROR_ARGUMENT for an unknown kind, and for hyperparameters that the rule reads and that are outside their
 * range (NaN, negative, beta >= 1, Nesterov with dampening ...).
 */
assay_status assay_update_rule_check(const assay_update_rule *rule, assay_error *error);

ASSAY_END_DECLS
#endif
