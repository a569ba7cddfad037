#include <math.h>

#include <assay/init/initializer.h>

/* The standard normal distribution function. */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* E[elu(Z)^2] = P(Z > 0) E[Z^2 | Z > 0] + a^2 E[(e^Z - 1)^2; Z < 0], and E[e^(kZ); Z < 0] = e^(k^2 / 2) Phi(-k). */
static double elu_second_moment(double a)
{
    return 0.5 + a * a * (exp(2.0) * normal_cdf(-2.0) - 2.0 * exp(0.5) * normal_cdf(-1.0) + 0.5);
}

double assay_gain(assay_activation activation)
{
    double a = activation.parameter;
    switch (activation.kind) {
    case ASSAY_TANH:
        return 5.0 / 3.0;
    case ASSAY_RELU:
        return sqrt(2.0);
    case ASSAY_LEAKY_RELU:
        return sqrt(2.0 / (1.0 + a * a));
    case ASSAY_SELU:
        return 0.75;
    case ASSAY_ELU:
        return 1.0 / sqrt(elu_second_moment(a));
    /* These second moments have no closed form: 1 / sqrt(integral of f(z)^2 phi(z)), which the tests integrate
     * again. */
    case ASSAY_GELU:
        return 1.53353044119553523;
    case ASSAY_GELU_TANH:
        return 1.53358052166614692;
    case ASSAY_SILU:
        return 1.67653247033109116;
    case ASSAY_IDENTITY:
    case ASSAY_SIGMOID:
    case ASSAY_ACTIVATION_COUNT:
        break;
    }
    return 1.0;
}
