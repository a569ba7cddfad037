/*
 * Statistics that compare a sample with a distribution: Kolmogorov-Smirnov, chi-square, moments, serial correlation.
 *
 * The functions return statistics, not probabilities. If the sample is independent and follows the distribution,
 *
 *   Kolmogorov-Smirnov D:  P(D > d) <= 2 exp(-2 n d^2) for every n (Dvoretzky, Kiefer, Wolfowitz; Massart)
 *   chi-square of c cells: chi-square with c - 1 degrees of freedom as n / c grows
 *   z statistics:          mean 0 and variance 1 exactly, normal as n grows
 */
#ifndef ASSAY_STATS_GOODNESS_OF_FIT_H
#define ASSAY_STATS_GOODNESS_OF_FIT_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/random/generator.h>
#include <assay/stats/moments.h>

ASSAY_BEGIN_DECLS

/* A cumulative distribution function, P(X <= x); the tests below need a continuous one. */
typedef double (*assay_distribution_function)(double x, void *user);

/* The distribution function of the assay_distribution that `user` points to. */
double assay_distribution_cumulative(double x, void *user);

/*
 * Mean, variance and excess kurtosis (INFINITY for Student's t with 3 degrees) of a distribution; the skewness, count,
 * minimum and maximum are 0.
 */
assay_moments assay_distribution_moments(assay_distribution distribution);

/*
 * D = sup over x of |F_n(x) - F(x)|, F_n the empirical distribution function. ASSAY_ERROR_ARGUMENT for count 0,
 * ASSAY_ERROR_NUMERIC for a value that is not finite or an F outside [0, 1], ASSAY_ERROR_MEMORY (a copy of the sample
 * is sorted).
 */
assay_status assay_kolmogorov_smirnov(size_t count, const double *values, assay_distribution_function function,
                                      void *user, double *statistic, assay_error *error);

/*
 * Pearson's sum of (observed - expected)^2 / expected over `cells` cells of equal probability; x is in cell floor(cells
 * F(x)). Errors as above, and ASSAY_ERROR_ARGUMENT for fewer than two cells or fewer than five values a cell: the
 * statistic is then far from a chi-square distribution.
 */
assay_status assay_chi_square(size_t count, const double *values, size_t cells, assay_distribution_function function,
                              void *user, double *statistic, assay_error *error);

/* (sample mean - mean) / sqrt(variance / n), with the distribution's mean and variance. */
double assay_mean_z(const assay_moments *sample, const assay_moments *wanted);

/*
 * The mean square about the distribution's mean, T = (1/n) sum (x - mean)^2, standardised: (T - variance) / sqrt(Var T)
 * with Var T = variance^2 (kurtosis + 2) / n, exact for every n.
 */
double assay_variance_z(const assay_moments *sample, const assay_moments *wanted);

/*
 * Serial correlation at `lag`: sum over i of (x_i - mean)(x_{i + lag} - mean) / (variance sqrt(n - lag)), a sum of
 * uncorrelated terms. NaN unless lag is between 1 and count - 1.
 */
double assay_serial_z(size_t count, const double *values, size_t lag, const assay_moments *wanted);

ASSAY_END_DECLS
#endif
