#include <assay/backend/update_rule.h>

#include <math.h>

size_t assay_update_rule_slots(const assay_update_rule *rule)
{
    switch (rule->kind) {
    case ASSAY_UPDATE_MOMENTUM:
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM:
    case ASSAY_UPDATE_RMSPROP:
        return 1;
    case ASSAY_UPDATE_ADAM:
        return rule->amsgrad ? 3 : 2;
    case ASSAY_UPDATE_SGD:
        break;
    }
    return 0;
}

enum {
    SGD = 1 << ASSAY_UPDATE_SGD,
    MOMENTUM = 1 << ASSAY_UPDATE_MOMENTUM,
    CLASSICAL = 1 << ASSAY_UPDATE_CLASSICAL_MOMENTUM,
    ADAM = 1 << ASSAY_UPDATE_ADAM,
    RMSPROP = 1 << ASSAY_UPDATE_RMSPROP,
    ALL = SGD | MOMENTUM | CLASSICAL | ADAM | RMSPROP
};

/* A hyperparameter, the rules that read it, and its range [0, limit) or, where `closed`, [0, limit]. */
typedef struct {
    const char *name;
    double value;
    double limit;
    int read_by;
    bool closed;
} hyperparameter;

static assay_status range_check(const hyperparameter *h, assay_error *error)
{
    if (h->value >= 0 && (h->value < h->limit || (h->closed && h->value <= h->limit))) {
        return ASSAY_OK;
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s is %g, and must be in [0, %g%c", h->name, h->value, h->limit,
                      h->closed ? ']' : ')');
}

assay_status assay_update_rule_check(const assay_update_rule *rule, assay_error *error)
{
    if ((unsigned)rule->kind > ASSAY_UPDATE_RMSPROP) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown update rule %d", (int)rule->kind);
    }
    const hyperparameter table[] = {
        {"the learning rate", rule->learning_rate, INFINITY, ALL, false},
        {"the weight decay", rule->weight_decay, INFINITY, ALL, false},
        {"the momentum", rule->momentum, 1, MOMENTUM | CLASSICAL, false},
        {"the dampening", rule->dampening, 1, CLASSICAL, true},
        {"beta1", rule->beta1, 1, ADAM, false},
        {"beta2", rule->beta2, 1, ADAM | RMSPROP, false},
        {"epsilon", rule->epsilon, INFINITY, ADAM | RMSPROP, false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if ((table[i].read_by & (1 << rule->kind)) != 0) {
            ASSAY_TRY(range_check(&table[i], error));
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
