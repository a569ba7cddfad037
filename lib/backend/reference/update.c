#include <math.h>

#include "backend/reference/reference.h"

/*
 * w *= 1 - eta lambda if the weight decay is decoupled, g + lambda w in place of g if not. Each rule's loop begins with
 * it; it returns g.
 */
static double decay(const assay_update_rule *rule, double *w, double g)
{
    if (rule->decoupled) {
        *w = *w * (1.0 - rule->learning_rate * rule->weight_decay);
        return g;
    }
    return g + rule->weight_decay * *w;
}

/* w -= eta g */
static void sgd(const assay_update_rule *rule, size_t count, double *w, const double *gradient)
{
    for (size_t i = 0; i < count; i++) {
        double g = decay(rule, &w[i], gradient[i]);
        w[i] = w[i] - rule->learning_rate * g;
    }
}

/* m = b m + (1 - b) g; w -= eta m */
static void averaging_momentum(const assay_update_rule *rule, size_t count, double *w, const double *gradient,
                               double *m)
{
    for (size_t i = 0; i < count; i++) {
        double g = decay(rule, &w[i], gradient[i]);
        m[i] = rule->momentum * m[i] + (1.0 - rule->momentum) * g;
        w[i] = w[i] - rule->learning_rate * m[i];
    }
}

/* m = b m + (1 - d) g, but m = g at t = 1; w -= eta m, or Nesterov's w -= eta (g + b m) */
static void classical_momentum(const assay_update_rule *rule, uint64_t step, size_t count, double *w,
                               const double *gradient, double *m)
{
    for (size_t i = 0; i < count; i++) {
        double g = decay(rule, &w[i], gradient[i]);
        m[i] = step == 1 ? g : rule->momentum * m[i] + (1.0 - rule->dampening) * g;
        double direction = rule->nesterov ? g + rule->momentum * m[i] : m[i];
        w[i] = w[i] - rule->learning_rate * direction;
    }
}

/* update_rule.h: a finite gradient whose square overflows counts as the largest whose square does not. */
static double squarable(double g)
{
    return isfinite(g) && fabs(g) > 0x1p511 ? copysign(0x1p511, g) : g;
}

/*
 * m = b1 m + (1 - b1) g; v = b2 v + (1 - b2) g^2; w -= eta / (sqrt(v_hat) + eps) m_hat; v_max is NULL but for AMSGrad
 */
static void adam(const assay_update_rule *rule, uint64_t step, size_t count, double *w, const double *gradient,
                 double *m, double *v, double *v_max)
{
    double b1 = rule->beta1;
    double b2 = rule->beta2;
    double correct_m = rule->correct_first ? 1.0 - pow(b1, (double)step) : 1.0;
    double correct_v = rule->correct_second ? 1.0 - pow(b2, (double)step) : 1.0;
    for (size_t i = 0; i < count; i++) {
        double g = squarable(decay(rule, &w[i], gradient[i]));
        m[i] = b1 * m[i] + (1.0 - b1) * g;
        v[i] = b2 * v[i] + (1.0 - b2) * g * g;
        double second = v[i];
        if (v_max != NULL) {
            v_max[i] = fmax(v_max[i], v[i]);
            second = v_max[i];
        }
        double m_hat = m[i] / correct_m;
        double v_hat = second / correct_v;
        w[i] = w[i] - rule->learning_rate / (sqrt(v_hat) + rule->epsilon) * m_hat;
    }
}

/* v = a v + (1 - a) g^2; w -= eta g / (sqrt(v) + eps) */
static void rmsprop(const assay_update_rule *rule, size_t count, double *w, const double *gradient, double *v)
{
    for (size_t i = 0; i < count; i++) {
        double g = squarable(decay(rule, &w[i], gradient[i]));
        v[i] = rule->beta2 * v[i] + (1.0 - rule->beta2) * g * g;
        w[i] = w[i] - rule->learning_rate * g / (sqrt(v[i]) + rule->epsilon);
    }
}

static double sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x;
}

/* c = b1 m + (1 - b1) g; w -= eta sign(c); m = b2 m + (1 - b2) g */
static void lion(const assay_update_rule *rule, size_t count, double *w, const double *gradient, double *m)
{
    for (size_t i = 0; i < count; i++) {
        double g = decay(rule, &w[i], gradient[i]);
        double c = rule->beta1 * m[i] + (1.0 - rule->beta1) * g;
        w[i] = w[i] - rule->learning_rate * sign(c);
        m[i] = rule->beta2 * m[i] + (1.0 - rule->beta2) * g;
    }
}

void reference_update(const assay_update_rule *rule, uint64_t step, size_t count, double *w, const double *gradient,
                      double *const state[ASSAY_UPDATE_MAX_SLOTS])
{
    switch (rule->kind) {
    case ASSAY_UPDATE_SGD: sgd(rule, count, w, gradient); break;
    case ASSAY_UPDATE_MOMENTUM: averaging_momentum(rule, count, w, gradient, state[0]); break;
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM: classical_momentum(rule, step, count, w, gradient, state[0]); break;
    case ASSAY_UPDATE_ADAM: adam(rule, step, count, w, gradient, state[0], state[1], state[2]); break;
    case ASSAY_UPDATE_RMSPROP: rmsprop(rule, count, w, gradient, state[0]); break;
    case ASSAY_UPDATE_LION: lion(rule, count, w, gradient, state[0]); break;
    case ASSAY_UPDATE_COUNT: break; /* LCOV_EXCL_LINE: no rule is of this kind */
    }
}
