/*
 * The update rules of update_rule.h, each in one pass over all parameters; template, private to lib/backend/openblas/.
 * update_coefficients.h has the numbers that are the same for all parameters.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_UPDATE_H
#define ASSAY_BACKEND_OPENBLAS_REAL_UPDATE_H

#include "backend/openblas/real.h"
#include "backend/update_coefficients.h"

/* assay_update_coefficients in the precision of the parameters, and the parameters. */
typedef struct {
    const assay_update_rule *rule;
    size_t count;
    real *w;
    const real *g;
    real *state[ASSAY_UPDATE_MAX_SLOTS];
    real decay;
    real keep;
    real rate;
    real momentum;
    real fresh;
    real from_g;
    real from_m;
    real smooth;
    real rough;
    real correction;
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

/* update_rule.h: a finite gradient whose square overflows counts as the largest whose square does not. */
ASSAY_INLINE real squarable(real g)
{
    /* Two choices, each between two values: compilers vectorise this, but not a condition of two parts. */
    real size = REAL_ABS(g);
    real bounded = size > LARGEST_SQUARED ? LARGEST_SQUARED : size;
    return REAL_COPYSIGN(size > REAL_LARGEST ? size : bounded, g);
}

ASSAY_INLINE real mean_square(const update_task *s, real v, real g)
{
    return s->smooth * v + s->rough * g * g;
}

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

/* 1, -1, or c itself where it is 0 or NaN. */
ASSAY_INLINE real sign_of(real c)
{
    real positive = c > 0 ? 1 : c;
    return c < 0 ? -1 : positive;
}

static ASSAY_CLONES void update_lion(const update_task *task, assay_range range)
{
    const update_task s = *task;
    real *m = s.state[0];
    INDEPENDENT
    for (size_t i = range.begin; i < range.end; i++) {
        real g = s.g[i] + s.decay * s.w[i];
        real c = s.momentum * m[i] + s.fresh * g;
        m[i] = s.smooth * m[i] + s.rough * g;
        s.w[i] = s.keep * s.w[i] - s.rate * sign_of(c);
    }
}

static void update_part(const void *argument, assay_pool_part part)
{
    const update_task *task = argument;
    assay_range range = assay_range_of(task->count, GRANULE, part);
    switch (task->rule->kind) {
    case ASSAY_UPDATE_SGD: update_sgd(task, range); break;
    case ASSAY_UPDATE_MOMENTUM:
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM: update_momentum(task, range); break;
    case ASSAY_UPDATE_ADAM:
        if (task->rule->amsgrad) {
            update_amsgrad(task, range);
        } else {
            update_adam(task, range);
        }
        break;
    case ASSAY_UPDATE_RMSPROP: update_rmsprop(task, range); break;
    case ASSAY_UPDATE_LION: update_lion(task, range); break;
    case ASSAY_UPDATE_COUNT: break; /* LCOV_EXCL_LINE: no rule is of this kind */
    }
}

static void update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                   assay_slice gradients, const assay_slice *state)
{
    const assay_update_coefficients c = assay_update_rule_coefficients(rule, step);
    update_task task = {.rule = rule,
                        .count = parameters.count,
                        .w = real_at(parameters),
                        .g = real_at(gradients),
                        .decay = (real)c.decay,
                        .keep = (real)c.keep,
                        .rate = (real)c.rate,
                        .momentum = (real)c.momentum,
                        .fresh = (real)c.fresh,
                        .from_g = (real)c.from_g,
                        .from_m = (real)c.from_m,
                        .smooth = (real)c.smooth,
                        .rough = (real)c.rough,
                        .correction = (real)c.correction,
                        .epsilon = (real)c.epsilon};
    for (size_t i = 0; i < assay_update_rule_slots(rule); i++) {
        task.state[i] = real_at(state[i]);
    }
    assay_openblas_run(backend, ASSAY_CUT_FREE, parameters.count, update_part, &task);
}

#endif
