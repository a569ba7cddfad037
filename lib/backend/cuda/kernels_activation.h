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

/*
 * Beyond these bounds Phi and sigmoid are 0 or 1, in double too. x is limited to them, so that no infinity is
 * multiplied by 0.
 */
#define GELU_BOUND ((real)40)
#define GELU_TANH_BOUND ((real)100)
#define SIGMOID_BOUND ((real)800)

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
    real x = within(unbounded, SIGMOID_BOUND);
    real s = sigmoid_of(x);
    return s + x * s * sigmoid_of(-x);
}

/* tanh(log(1 + e^x)) = n / d, and 1 minus it = rest / d: with e^-|x| nothing overflows and nothing cancels. */
typedef struct {
    real n;
    real rest;
    real d;
} mish_gate;

DEVICE mish_gate mish_gate_of(real x)
{
    real e = REAL_EXP(-REAL_ABS(x));
    mish_gate gate;
    gate.n = x > 0 ? 1 + 2 * e : e * (e + 2);
    gate.rest = x > 0 ? 2 * e * e : (real)2;
    gate.d = gate.n + gate.rest;
    return gate;
}

/* With t = tanh(log(1 + e^x)): t + x (1 - t^2) sigmoid(x). */
DEVICE real mish_derivative(real unbounded)
{
    real x = within(unbounded, SIGMOID_BOUND);
    mish_gate gate = mish_gate_of(x);
    real t = gate.n / gate.d;
    return t + x * (1 + t) * (gate.rest / gate.d) * sigmoid_of(x);
}

/* --- value and derivative of each activation --------------------------------------------------------------------- */

/* f(x); a is the activation's parameter. */
#define FORWARD(identifier) DEVICE real identifier##_forward(UNUSED real a, real x)
/* dy f'(x); t is what the descriptor's derivative_reads names: x, y = f(x), or anything for the identity. */
#define BACKWARD(identifier) DEVICE real identifier##_backward(UNUSED real a, UNUSED real t, real dy)

/* clang-format off */
FORWARD(identity) { return x; }
BACKWARD(identity) { return dy; }

FORWARD(tanh) { return REAL_TANH(x); }
BACKWARD(tanh) { return dy * ((1 - t) * (1 + t)); }

FORWARD(relu) { return x <= 0 ? (real)0 : x; }
BACKWARD(relu) { return t <= 0 ? (real)0 : dy; }

FORWARD(sigmoid) { return sigmoid_of(x); }
BACKWARD(sigmoid) { return dy * (t * (1 - t)); }

FORWARD(leaky_relu) { return x > 0 ? x : a * x; }
BACKWARD(leaky_relu) { return t > 0 ? dy : a * dy; }

FORWARD(selu) { return elu_of(x, SELU_SCALE, SELU_SCALE * SELU_ALPHA); }
BACKWARD(selu) { return dy * (t > 0 ? SELU_SCALE : t + SELU_SCALE * SELU_ALPHA); }

FORWARD(elu) { return elu_of(x, 1, a); }
BACKWARD(elu) { return dy * (t > 0 ? (real)1 : t + a); }

FORWARD(gelu) { return at_least(x, GELU_BOUND) * normal_cdf(x); }
BACKWARD(gelu) { return dy * gelu_derivative(t); }

FORWARD(gelu_tanh) { return at_least(x, GELU_TANH_BOUND) * gelu_tanh_gate(at_least(x, GELU_TANH_BOUND)); }
BACKWARD(gelu_tanh) { return dy * gelu_tanh_derivative(t); }

FORWARD(silu) { return at_least(x, SIGMOID_BOUND) * sigmoid_of(x); }
BACKWARD(silu) { return dy * silu_derivative(t); }

FORWARD(mish)
{
    mish_gate gate = mish_gate_of(x);
    return at_least(x, SIGMOID_BOUND) * (gate.n / gate.d);
}
BACKWARD(mish) { return dy * mish_derivative(t); }
/* clang-format on */

/* clang-format off */
#define FORWARD_OF(constant, identifier) case constant: return identifier##_forward(a, x);
#define BACKWARD_OF(constant, identifier) case constant: return identifier##_backward(a, t, dy);
/* clang-format on */

DEVICE real activate(uint64_t kind, real a, real x)
{
    switch ((assay_activation_kind)kind) {
        ASSAY_ACTIVATIONS(FORWARD_OF)
    case ASSAY_ACTIVATION_COUNT: break;
    }
    return x;
}

DEVICE real differentiate(uint64_t kind, real a, real t, real dy)
{
    switch ((assay_activation_kind)kind) {
        ASSAY_ACTIVATIONS(BACKWARD_OF)
    case ASSAY_ACTIVATION_COUNT: break;
    }
    return dy;
}

/* --- kernels ------------------------------------------------------------------------------------------------------ */

/* Each block takes a tile of columns and rows; if the grid has too few rows, its blocks take more tiles below. */
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
