#include <math.h>

#include "backend/reference/kernels.h"

static const double PI = 3.14159265358979323846;

/* SELU's constants, Klambauer et al. 2017, equation 2 and appendix. */
static const double SELU_SCALE = 1.0507009873554804934193349852946;
static const double SELU_ALPHA = 1.6732632423543772848170429916717;

static double logistic(double x)
{
    /* Either form overflows on one side. */
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
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

/* x * weight, where a weight that has underflowed wins over an x that is infinite or whose cube is. */
static double weighted(double x, double weight)
{
    return weight == 0.0 ? 0.0 : x * weight;
}

double reference_activation(assay_activation activation, double x)
{
    double a = activation.parameter;
    switch (activation.kind) {
    case ASSAY_TANH:
        return tanh(x);
    case ASSAY_RELU:
        return x < 0.0 ? 0.0 : x;
    case ASSAY_SIGMOID:
        return logistic(x);
    case ASSAY_LEAKY_RELU:
        return x < 0.0 ? a * x : x;
    case ASSAY_SELU:
        return SELU_SCALE * (x < 0.0 ? SELU_ALPHA * expm1(x) : x);
    case ASSAY_ELU:
        return x < 0.0 ? a * expm1(x) : x;
    case ASSAY_GELU:
        return weighted(x, normal_cdf(x));
    case ASSAY_GELU_TANH:
        return weighted(x, logistic(2.0 * gelu_argument(x)));
    case ASSAY_SILU:
        return weighted(x, logistic(x));
    case ASSAY_IDENTITY:
    case ASSAY_ACTIVATION_COUNT:
        break;
    }
    return x;
}

/* Of the kinds whose derivative is not to be had from their output: assay_activation_derivative_reads_input. */
double reference_derivative(assay_activation activation, double x)
{
    if (activation.kind == ASSAY_GELU) {
        return normal_cdf(x) + weighted(x, normal_density(x));
    }
    if (activation.kind == ASSAY_GELU_TANH) {
        double s = logistic(2.0 * gelu_argument(x));
        double slope = s * logistic(-2.0 * gelu_argument(x));
        return s + weighted(x, weighted(2.0 * gelu_argument_slope(x), slope));
    }
    return logistic(x) + weighted(x, logistic(x) * logistic(-x)); /* SiLU */
}

double reference_derivative_from_output(assay_activation activation, double y)
{
    double a = activation.parameter;
    switch (activation.kind) {
    case ASSAY_TANH: /* (1 + tanh)(1 - tanh) = 1 / cosh^2 */
        return (1.0 + y) * (1.0 - y);
    case ASSAY_RELU:
        return y > 0.0 ? 1.0 : 0.0;
    case ASSAY_SIGMOID:
        return y * (1.0 - y);
    case ASSAY_LEAKY_RELU:
        return y > 0.0 ? 1.0 : a;
    case ASSAY_SELU: /* y = s a (e^x - 1), so s a e^x = y + s a */
        return y > 0.0 ? SELU_SCALE : y + SELU_SCALE * SELU_ALPHA;
    default: /* ELU: y = a (e^x - 1), so a e^x = y + a */
        return y > 0.0 ? 1.0 : y + a;
    }
}
