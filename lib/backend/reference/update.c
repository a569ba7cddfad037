#include <math.h>

#include "backend/reference/kernels.h"

/* w -= eta m, m = b m + (1 - b) g */
static double averaging_momentum(const assay_update_rule *rule, double w, double g, double *m)
{
    *m = rule->momentum * *m + (1.0 - rule->momentum) * g;
    return w - rule->learning_rate * *m;
}

/* m = b m + (1 - d) g, but m = g at t = 1; w -= eta m, or Nesterov's w -= eta (g + b m) */
static double classical_momentum(const assay_update_rule *rule, uint64_t step, double w, double g, double *m)
{
    *m = step == 1 ? g : rule->momentum * *m + (1.0 - rule->dampening) * g;
    double direction = rule->nesterov ? g + rule->momentum * *m : *m;
    return w - rule->learning_rate * direction;
}

/* update_rule.h: a finite gradient whose square cannot be kept counts as the largest whose square can. */
static double squarable(double g)
{
    return isfinite(g) && fabs(g) > 0x1p511 ? copysign(0x1p511, g) : g;
}

/* 1 - beta^t */
static double bias_correction(double beta, uint64_t step)
{
    return 1.0 - pow(beta, (double)step);
}

static double adam(const assay_update_rule *rule, uint64_t step, double w, double g, double *const state[])
{
    double *m = state[0];
    double *v = state[1];
    *m = rule->beta1 * *m + (1.0 - rule->beta1) * g;
    *v = rule->beta2 * *v + (1.0 - rule->beta2) * g * g;
    double second = *v;
    if (rule->amsgrad) {
        *state[2] = fmax(*state[2], *v);
        second = *state[2];
    }
    double m_hat = rule->correct_first ? *m / bias_correction(rule->beta1, step) : *m;
    double v_hat = rule->correct_second ? second / bias_correction(rule->beta2, step) : second;
    return w - rule->learning_rate / (sqrt(v_hat) + rule->epsilon) * m_hat;
}

/* v = a v + (1 - a) g^2; w -= eta g / (sqrt(v) + eps) */
static double rmsprop(const assay_update_rule *rule, double w, double g, double *v)
{
    *v = rule->beta2 * *v + (1.0 - rule->beta2) * g * g;
    return w - rule->learning_rate * g / (sqrt(*v) + rule->epsilon);
}

double reference_update(const assay_update_rule *rule, uint64_t step, double w, double g, double *const state[])
{
    if (rule->decoupled) {
        w = w * (1.0 - rule->learning_rate * rule->weight_decay);
    } else {
        g = g + rule->weight_decay * w;
    }
    switch (rule->kind) {
    case ASSAY_UPDATE_MOMENTUM:
        return averaging_momentum(rule, w, g, state[0]);
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM:
        return classical_momentum(rule, step, w, g, state[0]);
    case ASSAY_UPDATE_ADAM:
        return adam(rule, step, w, squarable(g), state);
    case ASSAY_UPDATE_RMSPROP:
        return rmsprop(rule, w, squarable(g), state[0]);
    case ASSAY_UPDATE_SGD:
        break;
    }
    return w - rule->learning_rate * g;
}
