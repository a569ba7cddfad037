/* The update rules of update_rule.h, each in one launch over all parameters. Private to lib/backend/cuda/. */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_UPDATE_H
#define ASSAY_BACKEND_CUDA_KERNELS_UPDATE_H

#include "backend/cuda/kernels.h"

/* update_rule.h: a finite gradient whose square overflows counts as the largest whose square does not. */
DEVICE real squarable(real g)
{
    real size = REAL_ABS(g);
    bool beyond = size > LARGEST_SQUARED && size <= REAL_LARGEST;
    return beyond ? REAL_COPYSIGN(LARGEST_SQUARED, g) : g;
}

/* v = smooth v + rough g^2 in *kept. */
DEVICE real next_square(const assay_update_coefficients *c, real *kept, real g)
{
    real next = (real)c->smooth * *kept + (real)c->rough * g * g;
    *kept = next;
    return next;
}

/* m = momentum m + fresh g in *kept. */
DEVICE real next_mean(const assay_update_coefficients *c, real *kept, real g)
{
    real next = (real)c->momentum * *kept + (real)c->fresh * g;
    *kept = next;
    return next;
}

/* `largest` is NULL except for AMSGrad. */
DEVICE real adam_direction(const assay_update_coefficients *c, real *mean, real *square, real *largest, real g)
{
    real bounded = squarable(g);
    real first = next_mean(c, mean, bounded);
    real second = next_square(c, square, bounded);
    if (largest != 0) {
        second = second > *largest ? second : *largest;
        *largest = second;
    }
    return (real)c->rate * (first / (REAL_SQRT(second) * (real)c->correction + (real)c->epsilon));
}

DEVICE real rmsprop_direction(const assay_update_coefficients *c, real *square, real g)
{
    real bounded = squarable(g);
    return (real)c->rate * (bounded / (REAL_SQRT(next_square(c, square, bounded)) + (real)c->epsilon));
}

/* sign(0) is 0, and sign(NaN) is NaN. */
DEVICE real lion_direction(const assay_update_coefficients *c, real *mean, real g)
{
    real mixed = (real)c->momentum * *mean + (real)c->fresh * g;
    *mean = (real)c->smooth * *mean + (real)c->rough * g;
    real sign = mixed > 0 ? (real)1 : mixed < 0 ? (real)-1 : mixed;
    return (real)c->rate * sign;
}

/* A parameter's number in a slot of the state; NULL where the rule does not have the slot. */
DEVICE real *state_of(const assay_cuda_update_arguments *p, int slot, uint64_t i)
{
    return p->state[slot] == 0 ? 0 : AT(real, p->state[slot]) + i;
}

/* What is subtracted from parameter i. */
DEVICE real direction_of(const assay_cuda_update_arguments *p, uint64_t i, real g)
{
    const assay_update_coefficients *c = &p->coefficients;
    switch ((assay_update_kind)p->kind) {
    case ASSAY_UPDATE_MOMENTUM:
    case ASSAY_UPDATE_CLASSICAL_MOMENTUM: {
        real mean = next_mean(c, state_of(p, 0, i), g);
        return (real)c->from_g * g + (real)c->from_m * mean;
    }
    case ASSAY_UPDATE_ADAM: return adam_direction(c, state_of(p, 0, i), state_of(p, 1, i), state_of(p, 2, i), g);
    case ASSAY_UPDATE_RMSPROP: return rmsprop_direction(c, state_of(p, 0, i), g);
    case ASSAY_UPDATE_LION: return lion_direction(c, state_of(p, 0, i), g);
    case ASSAY_UPDATE_SGD:
    case ASSAY_UPDATE_COUNT: break;
    }
    return (real)c->rate * g;
}

/* A batch with a bad label or index changes no parameter: its gradients have no meaning. */
KERNEL(update)
{
    real *w = AT(real, p.update.w);
    const real *g = AT(const real, p.update.g);
    if (AT(const assay_cuda_failure, p.update.failure)->set != 0) {
        return;
    }
    FOR_EACH(i, p.update.count) {
        real gradient = g[i] + (real)p.update.coefficients.decay * w[i];
        w[i] = (real)p.update.coefficients.keep * w[i] - direction_of(&p.update, i, gradient);
    }
}

#endif
