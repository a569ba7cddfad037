#include <math.h>

#include "backend/reference/reference.h"

static const double PI = 3.14159265358979323846;

/* SELU's constants, Klambauer et al. 2017, equation 2 and appendix. */
static const double SELU_SCALE = 1.0507009873554804934193349852946;
static const double SELU_ALPHA = 1.6732632423543772848170429916717;

static double logistic(double x)
{
    /* Either form overflows on one side. */
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

/* log(1 + e^x) */
static double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

/* Phi and phi of the standard normal distribution. */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

static double normal_density(double x)
{
    return exp(-0.5 * x * x) / sqrt(2.0 * PI);
}

/* The tanh form of GELU is x s(x) with s = (1 + tanh u) / 2, u = sqrt(2/pi) (x + 0.044715 x^3). */
static double gelu_argument(double x)
{
    return sqrt(2.0 / PI) * (x + 0.044715 * x * x * x);
}

static double gelu_argument_slope(double x)
{
    return sqrt(2.0 / PI) * (1.0 + 3.0 * 0.044715 * x * x);
}

/* x * weight, but 0 where the weight has underflowed, even if x or its cube is infinite. */
static double weighted(double x, double weight)
{
    return weight == 0.0 ? 0.0 : x * weight;
}

/* f(x), and f' from y = f(x) or from x, as activation.c says. a is the parameter. */
#define VALUE(identifier) static double identifier##_value(__attribute__((unused)) double a, double x)
#define DERIVATIVE_FROM_Y(identifier) \
    static double identifier##_derivative(__attribute__((unused)) double a, __attribute__((unused)) double y)
#define DERIVATIVE_FROM_X(identifier) static double identifier##_derivative(__attribute__((unused)) double a, double x)

/* clang-format off */
VALUE(identity) { return x; }
DERIVATIVE_FROM_Y(identity) { return 1.0; }

VALUE(tanh) { return tanh(x); }
DERIVATIVE_FROM_Y(tanh) { return (1.0 + y) * (1.0 - y); } /* = 1 / cosh^2 */

VALUE(relu) { return x < 0.0 ? 0.0 : x; }
DERIVATIVE_FROM_Y(relu) { return y > 0.0 ? 1.0 : 0.0; }

VALUE(sigmoid) { return logistic(x); }
DERIVATIVE_FROM_Y(sigmoid) { return y * (1.0 - y); }

VALUE(leaky_relu) { return x < 0.0 ? a * x : x; }
DERIVATIVE_FROM_Y(leaky_relu) { return y > 0.0 ? 1.0 : a; }
/* clang-format on */

/* y = s a (e^x - 1), so s a e^x = y + s a */
/* clang-format off */
VALUE(selu) { return SELU_SCALE * (x < 0.0 ? SELU_ALPHA * expm1(x) : x); }
DERIVATIVE_FROM_Y(selu) { return y > 0.0 ? SELU_SCALE : y + SELU_SCALE * SELU_ALPHA; }
/* clang-format on */

/* y = a (e^x - 1), so a e^x = y + a */
/* clang-format off */
VALUE(elu) { return x < 0.0 ? a * expm1(x) : x; }
DERIVATIVE_FROM_Y(elu) { return y > 0.0 ? 1.0 : y + a; }

VALUE(gelu) { return weighted(x, normal_cdf(x)); }
DERIVATIVE_FROM_X(gelu) { return normal_cdf(x) + weighted(x, normal_density(x)); }

VALUE(gelu_tanh) { return weighted(x, logistic(2.0 * gelu_argument(x))); }
/* clang-format on */
DERIVATIVE_FROM_X(gelu_tanh)
{
    double s = logistic(2.0 * gelu_argument(x));
    double slope = s * logistic(-2.0 * gelu_argument(x));
    return s + weighted(x, weighted(2.0 * gelu_argument_slope(x), slope));
}

/* clang-format off */
VALUE(silu) { return weighted(x, logistic(x)); }
DERIVATIVE_FROM_X(silu) { return logistic(x) + weighted(x, logistic(x) * logistic(-x)); }
/* clang-format on */

/* tanh' = 1 - tanh^2, and softplus' = logistic */
/* clang-format off */
VALUE(mish) { return weighted(x, tanh(softplus(x))); }
/* clang-format on */
DERIVATIVE_FROM_X(mish)
{
    double t = tanh(softplus(x));
    return t + weighted(x, (1.0 - t) * (1.0 + t) * logistic(x));
}

typedef struct {
    double (*value)(double a, double x);
    double (*derivative)(double a, double x_or_y);
} functions;

#define FUNCTIONS(constant, identifier) [constant] = {identifier##_value, identifier##_derivative},
static const functions table[ASSAY_ACTIVATION_COUNT] = {ASSAY_ACTIVATIONS(FUNCTIONS)};

void reference_activate(assay_activation activation, size_t count, const double *x, double *y)
{
    const functions f = table[activation.kind];
    for (size_t i = 0; i < count; i++) {
        y[i] = f.value(activation.parameter, x[i]);
    }
}

void reference_differentiate(assay_activation activation, size_t count, const double *x, const double *y,
                             const double *dy, double *dx)
{
    const functions f = table[activation.kind];
    const double *source = dy; /* not read, but there */
    switch (assay_activation_describe(activation.kind)->derivative_reads) {
    case ASSAY_READS_OUTPUT: source = y; break;
    case ASSAY_READS_INPUT: source = x; break;
    case ASSAY_READS_NOTHING: break;
    }
    for (size_t i = 0; i < count; i++) {
        dx[i] = dy[i] * f.derivative(activation.parameter, source[i]);
    }
}
