#include <assay/backend/update_rule.h>

#include <math.h>

#include "backend/update_coefficients.h"
#include "backend/update_descriptor.h"

/* --- hyperparameters -------------------------------------------------------------------------------------------- */

#define NUMBER(identifier, member, ...) \
    static const assay_hyperparameter identifier = {.offset = offsetof(assay_update_rule, member), __VA_ARGS__}
#define SWITCH(identifier, member)                   \
    static const assay_hyperparameter identifier = { \
        .name = #member, .title = #member, .offset = offsetof(assay_update_rule, member), .is_switch = true}

NUMBER(lr, learning_rate, .name = "lr", .title = "the learning rate", .limit = INFINITY);
NUMBER(weight_decay, weight_decay, .name = "weight_decay", .title = "the weight decay", .limit = INFINITY);
NUMBER(momentum, momentum, .name = "momentum", .title = "the momentum", .limit = 1);
NUMBER(dampening, dampening, .name = "dampening", .title = "the dampening", .limit = 1, .closed = true);
NUMBER(beta1, beta1, .name = "beta1", .title = "beta1", .limit = 1);
NUMBER(beta2, beta2, .name = "beta2", .title = "beta2", .limit = 1);
NUMBER(alpha, beta2, .name = "alpha", .title = "alpha", .limit = 1);
NUMBER(eps, epsilon, .name = "eps", .title = "epsilon", .limit = INFINITY);
SWITCH(nesterov, nesterov);
SWITCH(correct_first, correct_first);
SWITCH(correct_second, correct_second);
SWITCH(amsgrad, amsgrad);
SWITCH(decoupled, decoupled);

/* --- rules ------------------------------------------------------------------------------------------------------ */

static const assay_update_descriptor describe_sgd = {.reads = {&lr, &weight_decay}};
static const assay_update_descriptor describe_momentum = {
    .reads = {&lr, &weight_decay, &momentum}, .slots = 1, .slot_names = {"first_moment"}};
static const assay_update_descriptor describe_classical_momentum = {
    .reads = {&lr, &weight_decay, &momentum, &dampening, &nesterov}, .slots = 1, .slot_names = {"first_moment"}};
static const assay_update_descriptor describe_adam = {
    .reads = {&lr, &weight_decay, &beta1, &beta2, &eps, &correct_first, &correct_second, &amsgrad, &decoupled},
    .slots = 2,
    .slot_names = {"first_moment", "second_moment", "largest_second_moment"},
    .amsgrad_adds_slot = true};
static const assay_update_descriptor describe_rmsprop = {
    .reads = {&lr, &weight_decay, &alpha, &eps}, .slots = 1, .slot_names = {"second_moment"}};
static const assay_update_descriptor describe_lion = {
    .reads = {&lr, &weight_decay, &beta1, &beta2, &decoupled}, .slots = 1, .slot_names = {"first_moment"}};

#define DESCRIPTOR(constant, identifier) [constant] = &describe_##identifier,
static const assay_update_descriptor *const descriptors[ASSAY_UPDATE_COUNT] = {ASSAY_UPDATE_RULES(DESCRIPTOR)};

const assay_update_descriptor *assay_update_describe(assay_update_kind kind)
{
    return descriptors[kind];
}

const char *assay_update_rule_name(assay_update_kind kind)
{
#define NAME(constant, identifier) [constant] = #identifier,
    static const char *const names[ASSAY_UPDATE_COUNT] = {ASSAY_UPDATE_RULES(NAME)};
#undef NAME
    return names[kind];
}

size_t assay_update_rule_slots(const assay_update_rule *rule)
{
    const assay_update_descriptor *described = descriptors[rule->kind];
    return described->slots + (described->amsgrad_adds_slot && rule->amsgrad);
}

static assay_status range_check(const assay_update_rule *rule, const assay_hyperparameter *h, assay_error *error)
{
    double value = *(const double *)(const void *)((const char *)rule + h->offset);
    if (value >= 0 && (value < h->limit || (h->closed && value <= h->limit))) {
        return ASSAY_OK;
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s is %g, and must be in [0, %g%c", h->title, value, h->limit,
                      h->closed ? ']' : ')');
}

assay_status assay_update_rule_check(const assay_update_rule *rule, assay_error *error)
{
    if ((unsigned)rule->kind >= ASSAY_UPDATE_COUNT) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown update rule %d", (int)rule->kind);
    }
    for (const assay_hyperparameter *const *h = descriptors[rule->kind]->reads; *h != NULL; h++) {
        if (!(*h)->is_switch) {
            ASSAY_TRY(range_check(rule, *h, error));
        }
    }
    if (rule->kind == ASSAY_UPDATE_CLASSICAL_MOMENTUM && rule->nesterov &&
        !(rule->momentum > 0 && rule->dampening == 0)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "Nesterov momentum needs a momentum above 0 and no dampening, not %g and %g", rule->momentum,
                          rule->dampening);
    }
    return ASSAY_OK;
}

/* --- coefficients ----------------------------------------------------------------------------------------------- */

/* 1 - beta^t, accurate where beta^t is near 1. */
static double bias_correction(double beta, uint64_t step)
{
    return -expm1((double)step * log(beta));
}

static void set_averaging(const assay_update_rule *rule, assay_update_coefficients *c)
{
    c->momentum = rule->momentum;
    c->fresh = 1 - rule->momentum;
    c->from_m = rule->learning_rate;
}

static void set_classical(const assay_update_rule *rule, uint64_t step, assay_update_coefficients *c)
{
    bool first = step == 1;
    c->momentum = first ? 0 : rule->momentum;
    c->fresh = first ? 1 : 1 - rule->dampening;
    c->from_g = rule->nesterov ? rule->learning_rate : 0;
    c->from_m = rule->nesterov ? rule->learning_rate * rule->momentum : rule->learning_rate;
}

/*
 * sqrt(v / (1 - b2^t)) is a product, and eta / (1 - b1^t) one number: neither overflows where the quotients do not.
 */
static void set_adam(const assay_update_rule *rule, uint64_t step, assay_update_coefficients *c)
{
    c->momentum = rule->beta1;
    c->fresh = 1 - rule->beta1;
    c->rate = rule->correct_first ? rule->learning_rate / bias_correction(rule->beta1, step) : rule->learning_rate;
    c->correction = rule->correct_second ? 1 / sqrt(bias_correction(rule->beta2, step)) : 1;
}

assay_update_coefficients assay_update_rule_coefficients(const assay_update_rule *rule, uint64_t step)
{
    assay_update_coefficients c = {
        .decay = rule->decoupled ? 0 : rule->weight_decay,
        .keep = rule->decoupled ? 1 - rule->learning_rate * rule->weight_decay : 1,
        .rate = rule->learning_rate,
        .smooth = rule->beta2,
        .rough = 1 - rule->beta2,
        .epsilon = rule->epsilon,
    };
    switch (rule->kind) {
    case ASSAY_UPDATE_MOMENTUM: set_averaging(rule, &c); break;
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM: set_classical(rule, step, &c); break;
    case ASSAY_UPDATE_ADAM: set_adam(rule, step, &c); break;
    case ASSAY_UPDATE_LION:
        c.momentum = rule->beta1;
        c.fresh = 1 - rule->beta1;
        break;
    case ASSAY_UPDATE_SGD:
    case ASSAY_UPDATE_RMSPROP:
    case ASSAY_UPDATE_COUNT: break;
    }
    return c;
}
