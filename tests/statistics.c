#include "statistics.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_dawson.h>
#include <math.h>
#include <stdbool.h>

double statistics_normal_p(double z)
{
    return 2 * gsl_cdf_ugaussian_Q(fabs(z));
}

double statistics_mean_z_limit(double p)
{
    return sqrt(2 * log(2 / p));
}

double statistics_kolmogorov_smirnov_p(size_t n, double distance)
{
    return fmin(1, 2 * exp(-2 * (double)n * distance * distance));
}

double statistics_kolmogorov_smirnov_caught(size_t n, double p, double power)
{
    double critical = sqrt(log(2 / p) / (2 * (double)n));
    double slack = sqrt(log(2 / (1 - power)) / (2 * (double)n));
    return critical + slack;
}

double statistics_chi_square_p(double statistic, size_t cells)
{
    double freedom = (double)cells - 1;
    return fmin(1, 2 * fmin(gsl_cdf_chisq_P(statistic, freedom), gsl_cdf_chisq_Q(statistic, freedom)));
}

/* M(t) = integral of exp(t u^2) over u in (0, 1): the moment generating function of a squared uniform. */
static double squared_uniform_generating(double t)
{
    double root = sqrt(fabs(t));
    return t > 0 ? exp(t) * gsl_sf_dawson(root) / root : sqrt(acos(-1)) * erf(root) / (2 * root);
}

/* Mean of the distribution tilted by t, K'(t) = M'(t) / M(t); by parts, M'(t) = (e^t - M(t)) / 2t. */
static double squared_uniform_tilted_mean(double t)
{
    double generating = squared_uniform_generating(t);
    return (exp(t) - generating) / (2 * t * generating);
}

/* Chernoff's exponent at x = K'(t): sup over s of s x - K(s) is taken at s = t. Grows with |t|. */
static double squared_uniform_rate(double t)
{
    return t * squared_uniform_tilted_mean(t) - log(squared_uniform_generating(t));
}

/* x at which n times the rate is `exponent`, above the mean 1/3 for sign 1, below it for sign -1. */
static double squared_uniform_limit(size_t n, double exponent, double sign)
{
    double inner = 0;
    double outer = 600; /* exp(600) is a double; beyond, x is within 1/1200 of the end of the range */
    if ((double)n * squared_uniform_rate(sign * outer) < exponent) {
        return sign > 0 ? 1 : 0;
    }
    for (int i = 0; i < 100; i++) {
        double t = (inner + outer) / 2;
        if ((double)n * squared_uniform_rate(sign * t) < exponent) {
            inner = t;
        } else {
            outer = t;
        }
    }
    return squared_uniform_tilted_mean(sign * outer);
}

/* The x at which `tail` of chi-square is p, by bisection: GSL's own inverses fail to converge in the far tails. */
static double chi_square_quantile(double (*tail)(double, double), double p, double freedom)
{
    double low = 0;
    double high = freedom + 40 * sqrt(2 * freedom) + 200; /* beyond any p that a double near 1 can tell from 0 */
    bool rising = tail(high, freedom) > tail(low, freedom);
    for (int i = 0; i < 100; i++) {
        double middle = (low + high) / 2;
        if ((tail(middle, freedom) < p) == rising) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (low + high) / 2;
}

statistics_interval statistics_variance_interval(assay_distribution_kind kind, size_t n, double p)
{
    if (kind == ASSAY_NORMAL) {
        double freedom = (double)n;
        return (statistics_interval){chi_square_quantile(gsl_cdf_chisq_P, p / 2, freedom) / freedom,
                                     chi_square_quantile(gsl_cdf_chisq_Q, p / 2, freedom) / freedom};
    }
    double exponent = log(2 / p);
    return (statistics_interval){3 * squared_uniform_limit(n, exponent, -1), 3 * squared_uniform_limit(n, exponent, 1)};
}

statistics_interval statistics_variance_caught(assay_distribution_kind kind, size_t n, double p, double power)
{
    statistics_interval test = statistics_variance_interval(kind, n, p);
    statistics_interval sample = statistics_variance_interval(kind, n, 2 * (1 - power));
    return (statistics_interval){test.low / sample.high, test.high / sample.low};
}
