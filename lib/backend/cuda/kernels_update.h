/* The update rules of update_rule.h, each in one launch over all parameters. Private to lib/backend/cuda/. */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_UPDATE_H
#define ASSAY_BACKEND_CUDA_KERNELS_UPDATE_H

#include "backend/cuda/kernels.h"

/* update_rule.h: a finite gradient whose square cannot be kept counts as the largest whose square can. */
DEVICE real squarable(real g)
{
    real size = REAL_ABS(g);
    bool beyond = size > LARGEST_SQUARED && size <= REAL_LARGEST;
    return beyond ? REAL_COPYSIGN(LARGEST_SQUARED, g) : g;
}

/* v = smooth v + rough g^2 in *kept. */
DEVICE real next_square(const assay_cuda_update_arguments *p, real *kept, real g)
{
    real next = (real)p->smooth * *kept + (real)p->rough * g * g;
    *kept = next;
    return next;
}

/* m = momentum m + fresh g in *kept. */
DEVICE real next_mean(const assay_cuda_update_arguments *p, real *kept, real g)
{
    real next = (real)p->momentum * *kept + (real)p->fresh * g;
    *kept = next;
    return next;
}

/* What is subtracted from parameter i. */
DEVICE real step_of(const assay_cuda_update_arguments *p, uint64_t i, real g)
{
    real rate = (real)p->rate;
    real *first = p->state[0] == 0 ? 0 : AT(real, p->state[0]) + i;
    switch (p->form) {
    case ASSAY_CUDA_FORM_MOMENTUM: {
        real mean = next_mean(p, first, g);
        return (real)p->from_g * g + (real)p->from_m * mean;
    }
    case ASSAY_CUDA_FORM_ADAM:
    case ASSAY_CUDA_FORM_AMSGRAD: {
        real bounded = squarable(g);
        real mean = next_mean(p, first, bounded);
        real square = next_square(p, AT(real, p->state[1]) + i, bounded);
        if (p->form == ASSAY_CUDA_FORM_AMSGRAD) {
            real *largest = AT(real, p->state[2]) + i;
            square = square > *largest ? square : *largest;
            *largest = square;
        }
        return rate * (mean / (REAL_SQRT(square) * (real)p->correction + (real)p->epsilon));
    }
    case ASSAY_CUDA_FORM_RMSPROP: {
        real bounded = squarable(g);
        return rate * (bounded / (REAL_SQRT(next_square(p, first, bounded)) + (real)p->epsilon));
    }
    default:
        return rate * g; /* SGD */
    }
}

/* A batch with a bad label or index changes no parameter: its gradients are of nothing. */
KERNEL(update)
{
    real *w = AT(real, p.update.w);
    const real *g = AT(const real, p.update.g);
    if (AT(const assay_cuda_failure, p.update.failure)->set != 0) {
        return;
    }
    FOR_EACH(i, p.update.count) {
        real gradient = g[i] + (real)p.update.decay * w[i];
        w[i] = (real)p.update.keep * w[i] - step_of(&p.update, i, gradient);
    }
}

#endif
