/* The activation functions of activation.h, their derivatives, and biases. Private to lib/backend/cuda/. */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_ACTIVATION_H
#define ASSAY_BACKEND_CUDA_KERNELS_ACTIVATION_H

#include "backend/cuda/kernels.h"

#define SELU_SCALE ((real)1.0507009873554804934193349852946)
#define SELU_ALPHA ((real)1.6732632423543772848170429916717)
#define SQRT_HALF ((real)0.70710678118654752440)
#define SQRT_2_OVER_PI ((real)0.79788456080286535588)
#define INVERSE_SQRT_2_PI ((real)0.39894228040143267794)
#define GELU_CUBIC ((real)0.044715)

/* Where Phi and sigmoid have reached 0 or 1 in double, too: no infinity meets a 0. */
#define GELU_BOUND ((real)40)
#define GELU_TANH_BOUND ((real)100)
#define SILU_BOUND ((real)800)

DEVICE real at_least(real x, real bound)
{
    return x < -bound ? -bound : x;
}

DEVICE real within(real x, real bound)
{
    real low = at_least(x, bound);
    return low > bound ? bound : low;
}

/* e^-|x| cannot overflow. */
DEVICE real sigmoid_of(real x)
{
    real e = REAL_EXP(-REAL_ABS(x));
    return (x < 0 ? e : (real)1) / (1 + e);
}

DEVICE real elu_of(real x, real slope, real a)
{
    return x > 0 ? slope * x : a * REAL_EXPM1(x);
}

DEVICE real normal_cdf(real x)
{
    return (real)0.5 * REAL_ERFC(-x * SQRT_HALF);
}

/* 0.5 (1 + tanh u) = sigmoid(2u). */
DEVICE real gelu_tanh_gate(real x)
{
    return sigmoid_of(2 * SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x));
}

DEVICE real activate(uint64_t kind, real a, real x)
{
    switch (kind) {
    case ASSAY_TANH:
        return REAL_TANH(x);
    case ASSAY_RELU:
        return x <= 0 ? (real)0 : x;
    case ASSAY_SIGMOID:
        return sigmoid_of(x);
    case ASSAY_LEAKY_RELU:
        return x > 0 ? x : a * x;
    case ASSAY_SELU:
        return elu_of(x, SELU_SCALE, SELU_SCALE * SELU_ALPHA);
    case ASSAY_ELU:
        return elu_of(x, 1, a);
    case ASSAY_GELU:
        return at_least(x, GELU_BOUND) * normal_cdf(x);
    case ASSAY_GELU_TANH:
        return at_least(x, GELU_TANH_BOUND) * gelu_tanh_gate(at_least(x, GELU_TANH_BOUND));
    case ASSAY_SILU:
        return at_least(x, SILU_BOUND) * sigmoid_of(x);
    default:
        return x; /* the identity */
    }
}

/* Phi(x) + x phi(x). */
DEVICE real gelu_derivative(real unbounded)
{
    real x = within(unbounded, GELU_BOUND);
    return normal_cdf(x) + x * INVERSE_SQRT_2_PI * REAL_EXP(x * x * (real)-0.5);
}

/* With g = sigmoid(2u): g + x g (1 - g) 2u', where 1 - g = sigmoid(-2u). */
DEVICE real gelu_tanh_derivative(real unbounded)
{
    real x = within(unbounded, GELU_TANH_BOUND);
    real twice_slope = 2 * SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * x * x);
    real gate = gelu_tanh_gate(x);
    return gate + x * gate * gelu_tanh_gate(-x) * twice_slope;
}

/* With s = sigmoid(x): s + x s (1 - s), where 1 - s = sigmoid(-x). */
DEVICE real silu_derivative(real unbounded)
{
    real x = within(unbounded, SILU_BOUND);
    real s = sigmoid_of(x);
    return s + x * s * sigmoid_of(-x);
}

/* dy f'(x); t is x where assay_activation_derivative_reads_input says so, and y = f(x) elsewhere. */
DEVICE real differentiate(uint64_t kind, real a, real t, real dy)
{
    switch (kind) {
    case ASSAY_TANH:
        return dy * ((1 - t) * (1 + t));
    case ASSAY_RELU:
        return t <= 0 ? (real)0 : dy;
    case ASSAY_SIGMOID:
        return dy * (t * (1 - t));
    case ASSAY_LEAKY_RELU:
        return t > 0 ? dy : a * dy;
    case ASSAY_SELU:
        return dy * (t > 0 ? SELU_SCALE : t + SELU_SCALE * SELU_ALPHA);
    case ASSAY_ELU:
        return dy * (t > 0 ? (real)1 : t + a);
    case ASSAY_GELU:
        return dy * gelu_derivative(t);
    case ASSAY_GELU_TANH:
        return dy * gelu_tanh_derivative(t);
    case ASSAY_SILU:
        return dy * silu_derivative(t);
    default:
        return dy; /* the identity */
    }
}

/* A tile of columns and rows a block; a grid that is not high enough goes on below. */
KERNEL(bias_and_activate)
{
    const real *product = AT(const real, p.bias.product);
    const real *bias = AT(const real, p.bias.bias);
    real *z = AT(real, p.bias.z);
    real *y = AT(real, p.bias.y);
    uint64_t column = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= p.bias.columns) {
        return;
    }
    real b = bias[column];
    for (uint64_t row = (uint64_t)blockIdx.y * blockDim.y + threadIdx.y; row < p.bias.rows;
         row += (uint64_t)gridDim.y * blockDim.y) {
        uint64_t i = row * p.bias.columns + column;
        real t = product[i] + b;
        if (z != 0) {
            z[i] = t;
        }
        if (y != 0) {
            y[i] = activate(p.bias.activation, (real)p.bias.parameter, t);
        }
    }
}

KERNEL(activate_all)
{
    const real *x = AT(const real, p.activation.source);
    real *y = AT(real, p.activation.result);
    FOR_EACH(i, p.activation.count) {
        y[i] = activate(p.activation.activation, (real)p.activation.parameter, x[i]);
    }
}

KERNEL(differentiate_all)
{
    const real *t = AT(const real, p.activation.source);
    const real *dy = AT(const real, p.activation.dy);
    real *dx = AT(real, p.activation.result);
    FOR_EACH(i, p.activation.count) {
        dx[i] = differentiate(p.activation.activation, (real)p.activation.parameter, t[i], dy[i]);
    }
}

#endif
