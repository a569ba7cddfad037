/*
 * The update rules of update_rule.h, each in one pass over all parameters; template, private to lib/backend/openblas/.
 * Numbers that are the same for all parameters are computed in double.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_UPDATE_H
#define ASSAY_BACKEND_OPENBLAS_REAL_UPDATE_H

#include "backend/openblas/real.h"

typedef struct {
    const assay_update_rule *rule;
    size_t count;
    real *w;
    const real *g;
    real *state[ASSAY_UPDATE_MAX_SLOTS];
    real decay;      /* L2: g + decay w stands for g */
    real keep;       /* decoupled: w becomes keep w first */
    real rate;       /* SGD, RMSprop: eta; Adam: eta / (1 - b1^t) */
    real momentum;   /* m = momentum m + fresh g */
    real fresh;
    real from_g;     /* momentum rules: w -= from_g g + from_m m */
    real from_m;
    real smooth;     /* v = smooth v + (1 - smooth) g^2 */
    real rough;
    real correction; /* 1 / sqrt(1 - b2^t) */
    real epsilon;
} update_task;

static ASSAY_CLONES void update_sgd(const update_task *task, assay_range range)
{
    const update_task s = *task;
    INDEPENDENT
    for (size_t i = range.begin; i < range.end; i++) {
        real g = s.g[i] + s.decay * s.w[i];
        s.w[i] = s.keep * s.w[i] - s.rate * g;
    }
}

static ASSAY_CLONES void update_momentum(const update_task *task, assay_range range)
{
    const update_task s = *task;
    real *m = s.state[0];
    INDEPENDENT
    for (size_t i = range.begin; i < range.end; i++) {
        real g = s.g[i] + s.decay * s.w[i];
        real next = s.momentum * m[i] + s.fresh * g;
        m[i] = next;
        s.w[i] = s.keep * s.w[i] - (s.from_g * g + s.from_m * next);
    }
}

#if ASSAY_REAL_BITS == 32
#define LARGEST_SQUARED 0x1p63f
#define REAL_LARGEST 0x1.fffffep127f
#else
#define LARGEST_SQUARED 0x1p511
#define REAL_LARGEST 0x1.fffffffffffffp1023
#endif

/* update_rule.h: a finite gradient whose square cannot be kept counts as the largest whose square can. */
ASSAY_INLINE real squarable(real g)
{
    /* Two choices, each between two values: compilers vectorise that, and not a condition of two parts. */
    real size = REAL_ABS(g);
    real bounded = size > LARGEST_SQUARED ? LARGEST_SQUARED : size;
    return REAL_COPYSIGN(size > REAL_LARGEST ? size : bounded, g);
}

ASSAY_INLINE real mean_square(const update_task *s, real v, real g)
{
    return s->smooth * v + s->rough * g * g;
}

/*
 * sqrt(v / (1 - b2^t)) as sqrt(v) / sqrt(1 - b2^t), and eta / (1 - b1^t) as one number: neither can overflow where the
 * quotients do not.
 */
static ASSAY_CLONES void update_adam(const update_task *task, assay_range range)
{
    const update_task s = *task;
    real *m = s.state[0];
    real *v = s.state[1];
    INDEPENDENT
    for (size_t i = range.begin; i < range.end; i++) {
        real g = squarable(s.g[i] + s.decay * s.w[i]);
        real first = s.momentum * m[i] + s.fresh * g;
        real second = mean_square(&s, v[i], g);
        m[i] = first;
        v[i] = second;
        s.w[i] = s.keep * s.w[i] - s.rate * (first / (REAL_SQRT(second) * s.correction + s.epsilon));
    }
}

static ASSAY_CLONES void update_amsgrad(const update_task *task, assay_range range)
{
    const update_task s = *task;
    real *m = s.state[0];
    real *v = s.state[1];
    real *largest = s.state[2];
    INDEPENDENT
    for (size_t i = range.begin; i < range.end; i++) {
        real g = squarable(s.g[i] + s.decay * s.w[i]);
        real first = s.momentum * m[i] + s.fresh * g;
        real second = mean_square(&s, v[i], g);
        real top = second > largest[i] ? second : largest[i];
        m[i] = first;
        v[i] = second;
        largest[i] = top;
        s.w[i] = s.keep * s.w[i] - s.rate * (first / (REAL_SQRT(top) * s.correction + s.epsilon));
    }
}

static ASSAY_CLONES void update_rmsprop(const update_task *task, assay_range range)
{
    const update_task s = *task;
    real *v = s.state[0];
    INDEPENDENT
    for (size_t i = range.begin; i < range.end; i++) {
        real g = squarable(s.g[i] + s.decay * s.w[i]);
        real second = mean_square(&s, v[i], g);
        v[i] = second;
        s.w[i] = s.keep * s.w[i] - s.rate * (g / (REAL_SQRT(second) + s.epsilon));
    }
}

static void update_part(const void *argument, int part, int parts)
{
    const update_task *task = argument;
    assay_range range = assay_range_of(task->count, GRANULE, part, parts);
    switch (task->rule->kind) {
    case ASSAY_UPDATE_SGD:
        update_sgd(task, range);
        break;
    case ASSAY_UPDATE_MOMENTUM:
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM:
        update_momentum(task, range);
        break;
    case ASSAY_UPDATE_ADAM:
        if (task->rule->amsgrad) {
            update_amsgrad(task, range);
        } else {
            update_adam(task, range);
        }
        break;
    case ASSAY_UPDATE_RMSPROP:
        update_rmsprop(task, range);
        break;
    }
}

/* 1 - beta^t, accurate where beta^t is near 1. */
static double bias_correction(double beta, uint64_t step)
{
    return -expm1((double)step * log(beta));
}

static void set_momentum(update_task *task, const assay_update_rule *rule, uint64_t step)
{
    double eta = rule->learning_rate;
    bool averaging = rule->kind == ASSAY_UPDATE_MOMENTUM;
    bool first = !averaging && step == 1;
    task->momentum = first ? 0 : (real)rule->momentum;
    task->fresh = first ? 1 : (real)(averaging ? 1 - rule->momentum : 1 - rule->dampening);
    bool nesterov = !averaging && rule->nesterov;
    task->from_g = nesterov ? (real)eta : 0;
    task->from_m = (real)(nesterov ? eta * rule->momentum : eta);
}

static void set_adam(update_task *task, const assay_update_rule *rule, uint64_t step)
{
    double eta = rule->learning_rate;
    task->momentum = (real)rule->beta1;
    task->fresh = (real)(1 - rule->beta1);
    task->rate = (real)(rule->correct_first ? eta / bias_correction(rule->beta1, step) : eta);
    task->correction = (real)(rule->correct_second ? 1 / sqrt(bias_correction(rule->beta2, step)) : 1);
}

static void update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                   assay_slice gradients, const assay_slice *state)
{
    update_task task = {.rule = rule,
                        .count = parameters.count,
                        .w = real_at(parameters),
                        .g = real_at(gradients),
                        .decay = rule->decoupled ? 0 : (real)rule->weight_decay,
                        .keep = rule->decoupled ? (real)(1 - rule->learning_rate * rule->weight_decay) : 1,
                        .rate = (real)rule->learning_rate,
                        .smooth = (real)rule->beta2,
                        .rough = (real)(1 - rule->beta2),
                        .epsilon = (real)rule->epsilon};
    for (size_t i = 0; i < assay_update_rule_slots(rule); i++) {
        task.state[i] = real_at(state[i]);
    }
    if (rule->kind == ASSAY_UPDATE_ADAM) {
        set_adam(&task, rule, step);
    } else if (rule->kind != ASSAY_UPDATE_RMSPROP) {
        set_momentum(&task, rule, step);
    }
    assay_openblas_run(backend, parameters.count, update_part, &task);
}

#endif
