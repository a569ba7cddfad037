/* The activation functions of activation.h and their derivatives; template, private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_ACTIVATION_H
#define ASSAY_BACKEND_OPENBLAS_REAL_ACTIVATION_H

#include "backend/openblas/real_math.h"

#define SELU_SCALE ((real)1.0507009873554804934193349852946)
#define SELU_ALPHA ((real)1.6732632423543772848170429916717)
#define SQRT_HALF ((real)0.70710678118654752440)
#define SQRT_2_OVER_PI ((real)0.79788456080286535588)
#define INVERSE_SQRT_2_PI ((real)0.39894228040143267794)
#define GELU_CUBIC ((real)0.044715)

/* Beyond these Phi and sigmoid are 0 or 1 in double, too; x is held there so that no infinity meets a 0. */
#define GELU_BOUND ((real)40)
#define SIGMOID_BOUND ((real)800)
#define GELU_TANH_BOUND ((real)100)

ASSAY_INLINE real at_least(real x, real bound)
{
    return x < -bound ? -bound : x;
}

ASSAY_INLINE real within(real x, real bound)
{
    real low = at_least(x, bound);
    return low > bound ? bound : low;
}

/* sign(x) (1 - e^-2|x|) / (1 + e^-2|x|). */
ASSAY_INLINE real tanh_of(real x)
{
    real m = expm1_nonpositive(-2 * REAL_ABS(x));
    return REAL_COPYSIGN(-m / (2 + m), x);
}

ASSAY_INLINE real sigmoid_of(real x)
{
    real e = exp_nonpositive(-REAL_ABS(x));
    real numerator = x < 0 ? e : 1;
    return numerator / (1 + e);
}

/* a (e^x - 1) where x <= 0, slope * x elsewhere: ELU, and SELU with the scale in both. */
ASSAY_INLINE real elu_of(real x, real slope, real a)
{
    real negative = a * expm1_nonpositive(x > 0 ? 0 : x);
    real positive = slope * x;
    return x > 0 ? positive : negative;
}

/* Phi(x) = erfc(-x / sqrt 2) / 2: the distribution function of the standard normal distribution. */
ASSAY_INLINE real normal_cdf(real x)
{
    return (real)0.5 * REAL_ERFC(-x * SQRT_HALF);
}

/* 0.5 (1 + tanh u) = sigmoid(2u). */
ASSAY_INLINE real gelu_tanh_gate(real x)
{
    return sigmoid_of(2 * SQRT_2_OVER_PI * (x + GELU_CUBIC * x * x * x));
}

/* f(x). */
ASSAY_INLINE real activate(assay_activation_kind kind, real a, real x)
{
    switch (kind) {
    case ASSAY_TANH:
        return tanh_of(x);
    case ASSAY_RELU:
        return x <= 0 ? 0 : x;
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
        return at_least(x, SIGMOID_BOUND) * sigmoid_of(x);
    case ASSAY_IDENTITY:
    case ASSAY_ACTIVATION_COUNT:
        break;
    }
    return x;
}

/* Phi(x) + x phi(x). */
ASSAY_INLINE real gelu_derivative(real unbounded)
{
    real x = within(unbounded, GELU_BOUND);
    return normal_cdf(x) + x * INVERSE_SQRT_2_PI * exp_nonpositive(x * x * (real)-0.5);
}

/* With g = sigmoid(2u): g + x g (1 - g) 2u', where 1 - g = sigmoid(-2u). */
ASSAY_INLINE real gelu_tanh_derivative(real unbounded)
{
    real x = within(unbounded, GELU_TANH_BOUND);
    real twice_slope = 2 * SQRT_2_OVER_PI * (1 + 3 * GELU_CUBIC * x * x);
    real gate = gelu_tanh_gate(x);
    return gate + x * gate * gelu_tanh_gate(-x) * twice_slope;
}

/* With s = sigmoid(x): s + x s (1 - s), where 1 - s = sigmoid(-x). */
ASSAY_INLINE real silu_derivative(real unbounded)
{
    real x = within(unbounded, SIGMOID_BOUND);
    real s = sigmoid_of(x);
    return s + x * s * sigmoid_of(-x);
}

/* dy f'(x); `t` is x where assay_activation_derivative_reads_input says so, and y = f(x) elsewhere. */
ASSAY_INLINE real differentiate(assay_activation_kind kind, real a, real t, real dy)
{
    switch (kind) {
    case ASSAY_TANH:
        return dy * ((1 - t) * (1 + t));
    case ASSAY_RELU:
        return t <= 0 ? 0 : dy;
    case ASSAY_SIGMOID:
        return dy * (t * (1 - t));
    case ASSAY_LEAKY_RELU:
        return t > 0 ? dy : a * dy;
    case ASSAY_SELU:
        return dy * (t > 0 ? SELU_SCALE : t + SELU_SCALE * SELU_ALPHA);
    case ASSAY_ELU:
        return dy * (t > 0 ? 1 : t + a);
    case ASSAY_GELU:
        return dy * gelu_derivative(t);
    case ASSAY_GELU_TANH:
        return dy * gelu_tanh_derivative(t);
    case ASSAY_SILU:
        return dy * silu_derivative(t);
    case ASSAY_IDENTITY:
    case ASSAY_ACTIVATION_COUNT:
        break;
    }
    return dy;
}

/* Calls LOOP(kind) with the kind as a constant, so that each loop holds one function alone. */
#define FOR_KIND(kind, LOOP)        \
    switch (kind) {                 \
    case ASSAY_TANH:                \
        LOOP(ASSAY_TANH);           \
        break;                      \
    case ASSAY_RELU:                \
        LOOP(ASSAY_RELU);           \
        break;                      \
    case ASSAY_SIGMOID:             \
        LOOP(ASSAY_SIGMOID);        \
        break;                      \
    case ASSAY_LEAKY_RELU:          \
        LOOP(ASSAY_LEAKY_RELU);     \
        break;                      \
    case ASSAY_SELU:                \
        LOOP(ASSAY_SELU);           \
        break;                      \
    case ASSAY_ELU:                 \
        LOOP(ASSAY_ELU);            \
        break;                      \
    case ASSAY_GELU:                \
        LOOP(ASSAY_GELU);           \
        break;                      \
    case ASSAY_GELU_TANH:           \
        LOOP(ASSAY_GELU_TANH);      \
        break;                      \
    case ASSAY_SILU:                \
        LOOP(ASSAY_SILU);           \
        break;                      \
    case ASSAY_IDENTITY:            \
    case ASSAY_ACTIVATION_COUNT:    \
        LOOP(ASSAY_IDENTITY);       \
        break;                      \
    }

/* A block of a matrix: `columns` of every `stride` elements. */
typedef struct {
    size_t rows;
    size_t columns;
    size_t stride;
} block;

/* z += bias, y = f(z), in one pass over a block; y may be z. */
static ASSAY_CLONES void bias_and_activate(assay_activation activation, block shape, const real *bias, real *z, real *y)
{
    real a = (real)activation.parameter;
#define LOOP(KIND)                                                \
    for (size_t r = 0; r < shape.rows; r++) {                     \
        real *zr = z + r * shape.stride;                          \
        real *yr = y + r * shape.stride;                          \
        INDEPENDENT                                               \
        for (size_t j = 0; j < shape.columns; j++) {              \
            real t = zr[j] + bias[j];                             \
            zr[j] = t;                                            \
            yr[j] = activate(KIND, a, t);                         \
        }                                                         \
    }
    FOR_KIND(activation.kind, LOOP)
#undef LOOP
}

/* y = f(x); y may be x. */
static ASSAY_CLONES void activate_all(assay_activation activation, size_t count, const real *x, real *y)
{
    real a = (real)activation.parameter;
#define LOOP(KIND)                        \
    INDEPENDENT                           \
    for (size_t i = 0; i < count; i++) {  \
        y[i] = activate(KIND, a, x[i]);   \
    }
    FOR_KIND(activation.kind, LOOP)
#undef LOOP
}

/* dx = dy f', t as in differentiate; all of one block shape; dx may be dy. */
static ASSAY_CLONES void differentiate_block(assay_activation activation, block shape, const real *t, const real *dy,
                                             real *dx)
{
    real a = (real)activation.parameter;
#define LOOP(KIND)                                                          \
    for (size_t r = 0; r < shape.rows; r++) {                               \
        size_t begin = r * shape.stride;                                    \
        INDEPENDENT                                                         \
        for (size_t j = begin; j < begin + shape.columns; j++) {            \
            dx[j] = differentiate(KIND, a, t[j], dy[j]);                    \
        }                                                                   \
    }
    FOR_KIND(activation.kind, LOOP)
#undef LOOP
}

/* What an activation's derivative is computed from; dy itself stands in where the identity reads neither. */
static const real *derivative_source(assay_activation activation, assay_slice x, assay_slice y, assay_slice dy)
{
    if (activation.kind == ASSAY_IDENTITY) {
        return real_at(dy);
    }
    return real_at(assay_activation_derivative_reads_input(activation.kind) ? x : y);
}

typedef struct {
    assay_activation activation;
    size_t count;
    const real *source; /* forward: x; backward: what f' is computed from */
    const real *dy;
    real *result;
} activation_task;

static void activation_forward_part(const void *argument, int part, int parts)
{
    const activation_task *task = argument;
    assay_range range = assay_range_of(task->count, GRANULE, part, parts);
    activate_all(task->activation, range.end - range.begin, task->source + range.begin, task->result + range.begin);
}

static void activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y)
{
    const activation_task task = {
        .activation = activation, .count = x.count, .source = real_at(x), .result = real_at(y)};
    assay_openblas_run(backend, x.count, activation_forward_part, &task);
}

static void activation_backward_part(const void *argument, int part, int parts)
{
    const activation_task *task = argument;
    assay_range range = assay_range_of(task->count, GRANULE, part, parts);
    size_t count = range.end - range.begin;
    const block shape = {.rows = 1, .columns = count, .stride = count};
    differentiate_block(task->activation, shape, task->source + range.begin, task->dy + range.begin,
                        task->result + range.begin);
}

static void activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                                assay_slice dy, assay_slice dx)
{
    const activation_task task = {.activation = activation,
                                  .count = dy.count,
                                  .source = derivative_source(activation, x, y, dy),
                                  .dy = real_at(dy),
                                  .result = real_at(dx)};
    assay_openblas_run(backend, dy.count, activation_backward_part, &task);
}

#endif
