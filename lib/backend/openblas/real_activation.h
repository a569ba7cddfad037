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

/*
 * Beyond these bounds Phi and sigmoid are 0 or 1, in double too. x is limited to them, so that no infinity is
 * multiplied by 0.
 */
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

/* tanh(log(1 + e^x)) = n / d, and 1 minus it = rest / d: with e^-|x| nothing overflows and nothing cancels. */
typedef struct {
    real n;
    real rest;
    real d;
} mish_gate;

ASSAY_INLINE mish_gate mish_gate_of(real x)
{
    real e = exp_nonpositive(-REAL_ABS(x));
    real n = x > 0 ? 1 + 2 * e : e * (e + 2);
    real rest = x > 0 ? 2 * e * e : 2;
    return (mish_gate){n, rest, n + rest};
}

/* With t = tanh(log(1 + e^x)): t + x (1 - t^2) sigmoid(x). */
ASSAY_INLINE real mish_derivative(real unbounded)
{
    real x = within(unbounded, SIGMOID_BOUND);
    mish_gate gate = mish_gate_of(x);
    real t = gate.n / gate.d;
    return t + x * (1 + t) * (gate.rest / gate.d) * sigmoid_of(x);
}

/* --- value and derivative of each activation --------------------------------------------------------------------- */

/* f(x); a is the activation's parameter. */
#define FORWARD(identifier) ASSAY_INLINE real identifier##_forward(ASSAY_UNUSED real a, real x)
/* dy f'(x); t is what the descriptor's derivative_reads names: x, y = f(x), or anything for the identity. */
#define BACKWARD(identifier) ASSAY_INLINE real identifier##_backward(ASSAY_UNUSED real a, ASSAY_UNUSED real t, real dy)

/* clang-format off */
FORWARD(identity) { return x; }
BACKWARD(identity) { return dy; }

FORWARD(tanh) { return tanh_of(x); }
BACKWARD(tanh) { return dy * ((1 - t) * (1 + t)); }

FORWARD(relu) { return x <= 0 ? 0 : x; }
BACKWARD(relu) { return t <= 0 ? 0 : dy; }

FORWARD(sigmoid) { return sigmoid_of(x); }
BACKWARD(sigmoid) { return dy * (t * (1 - t)); }

FORWARD(leaky_relu) { return x > 0 ? x : a * x; }
BACKWARD(leaky_relu) { return t > 0 ? dy : a * dy; }

FORWARD(selu) { return elu_of(x, SELU_SCALE, SELU_SCALE * SELU_ALPHA); }
BACKWARD(selu) { return dy * (t > 0 ? SELU_SCALE : t + SELU_SCALE * SELU_ALPHA); }

FORWARD(elu) { return elu_of(x, 1, a); }
BACKWARD(elu) { return dy * (t > 0 ? 1 : t + a); }

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

/* Runs the caller's macro LOOP(identifier) for one kind, so that each loop contains only one function. */
#define LOOP_OF(constant, identifier) \
    case constant:                    \
        LOOP(identifier)              \
        break;
#define FOR_KIND(kind)                  \
    switch (kind) {                     \
        ASSAY_ACTIVATIONS(LOOP_OF)      \
    case ASSAY_ACTIVATION_COUNT: break; \
    }

/* --- loops ------------------------------------------------------------------------------------------------------- */

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
#define LOOP(identifier)                             \
    for (size_t r = 0; r < shape.rows; r++) {        \
        real *zr = z + r * shape.stride;             \
        real *yr = y + r * shape.stride;             \
        INDEPENDENT                                  \
        for (size_t j = 0; j < shape.columns; j++) { \
            real t = zr[j] + bias[j];                \
            zr[j] = t;                               \
            yr[j] = identifier##_forward(a, t);      \
        }                                            \
    }
    FOR_KIND(activation.kind)
#undef LOOP
}

/* y = f(x); y may be x. */
static ASSAY_CLONES void activate_all(assay_activation activation, size_t count, const real *x, real *y)
{
    real a = (real)activation.parameter;
#define LOOP(identifier)                      \
    INDEPENDENT                               \
    for (size_t i = 0; i < count; i++) {      \
        y[i] = identifier##_forward(a, x[i]); \
    }
    FOR_KIND(activation.kind)
#undef LOOP
}

/* dx = dy f', t as in BACKWARD; all arrays have one block shape; dx may be dy. */
static ASSAY_CLONES void differentiate_block(assay_activation activation, block shape, const real *t, const real *dy,
                                             real *dx)
{
    real a = (real)activation.parameter;
#define LOOP(identifier)                                         \
    for (size_t r = 0; r < shape.rows; r++) {                    \
        size_t begin = r * shape.stride;                         \
        INDEPENDENT                                              \
        for (size_t j = begin; j < begin + shape.columns; j++) { \
            dx[j] = identifier##_backward(a, t[j], dy[j]);       \
        }                                                        \
    }
    FOR_KIND(activation.kind)
#undef LOOP
}

/* What an activation's derivative is computed from; dy itself where it reads nothing. */
static const real *derivative_source(assay_activation activation, assay_slice x, assay_slice y, assay_slice dy)
{
    switch (assay_activation_describe(activation.kind)->derivative_reads) {
    case ASSAY_READS_OUTPUT: return real_at(y);
    case ASSAY_READS_INPUT: return real_at(x);
    case ASSAY_READS_NOTHING: break;
    }
    return real_at(dy);
}

typedef struct {
    assay_activation activation;
    size_t count;
    const real *source; /* forward: x; backward: what f' is computed from */
    const real *dy;
    real *result;
} activation_task;

static void activation_forward_part(const void *argument, assay_pool_part part)
{
    const activation_task *task = argument;
    assay_range range = assay_range_of(task->count, GRANULE, part);
    activate_all(task->activation, range.end - range.begin, task->source + range.begin, task->result + range.begin);
}

static void activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y)
{
    const activation_task task = {
        .activation = activation, .count = x.count, .source = real_at(x), .result = real_at(y)};
    assay_openblas_run(backend, ASSAY_CUT_FREE, x.count, activation_forward_part, &task);
}

static void activation_backward_part(const void *argument, assay_pool_part part)
{
    const activation_task *task = argument;
    assay_range range = assay_range_of(task->count, GRANULE, part);
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
    assay_openblas_run(backend, ASSAY_CUT_FREE, dy.count, activation_backward_part, &task);
}

#endif
