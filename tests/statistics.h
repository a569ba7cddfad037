/*
 * Probabilities for the statistical tests, from GSL: p-values of the library's statistics, limits of sample variances,
 * and the power of a test: the smallest error that it detects.
 *
 * Seeds are fixed, so a result does not change from run to run; the probabilities are those of a seed that fails for
 * correct code. A check that fails below STATISTICS_ALARM does so with at most that probability, and a suite of at most
 * 1000 such checks with at most 1e-6.
 */
#ifndef ASSAY_TESTS_STATISTICS_H
#define ASSAY_TESTS_STATISTICS_H

#include <stddef.h>

#include <assay/random/generator.h>

/* False-alarm probability of one check. */
#define STATISTICS_ALARM 1e-9

/* The probability with which "the smallest detected error" is detected. */
#define STATISTICS_POWER 0.999

/* P(|Z| >= |z|), Z standard normal. */
double statistics_normal_p(double z);

/*
 * The |z| that the standardised mean of n normal or uniform values exceeds with a probability of at most p, for every
 * n. Both distributions are strictly sub-Gaussian (P(|Z| >= z) <= 2 exp(-z^2 / 2)), so this is a bound and not an
 * approximation.
 */
double statistics_mean_z_limit(double p);

/* Upper bound of the p-value of a Kolmogorov-Smirnov distance, 2 exp(-2 n d^2): valid for every n (Massart, 1990). */
double statistics_kolmogorov_smirnov_p(size_t n, double distance);

/*
 * The distance between the true and the assumed distribution function that a Kolmogorov-Smirnov test with false-alarm
 * probability p detects with probability `power`: the sum of two bounds as above, by the triangle inequality.
 */
double statistics_kolmogorov_smirnov_caught(size_t n, double p, double power);

/*
 * Two-sided p-value of a chi-square statistic with cells - 1 degrees of freedom: a sample that is too even fails, too.
 * It is exact only as the values per cell grow; at 1000 a cell the tails at 1e-9 are correct within a factor of 2.
 */
double statistics_chi_square_p(double statistic, size_t cells);

typedef struct {
    double low;
    double high;
} statistics_interval;

/*
 * The interval that contains the mean square of n independent values about their true mean, divided by their variance,
 * with probability 1 - p; p/2 lies on either side. Normal: quantiles of chi-square with n degrees of freedom. Uniform:
 * Chernoff's bound P(T >= x) <= exp(-n sup_t (t x - K(t))), with the cumulant function K of a squared uniform; the
 * interval is never too narrow.
 */
statistics_interval statistics_variance_interval(assay_distribution_kind kind, size_t n, double p);

/*
 * The power of a test with that interval: if the true variance is at most `low` or at least `high` times the assumed
 * one, the test with false-alarm probability p fails, as it should, with probability `power` or more.
 */
statistics_interval statistics_variance_caught(assay_distribution_kind kind, size_t n, double p, double power);

#endif
