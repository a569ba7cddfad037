/*
 * Comparing two methods over seeds: intervals, tests without a distribution assumption, several tests at once, power.
 *
 * The input of most functions is the list of paired differences d_i = a_i - b_i, one for each seed that both methods
 * ran with. Random numbers come from the caller's generator, so the same generator gives the same result.
 */
#ifndef ASSAY_STATS_INFERENCE_H
#define ASSAY_STATS_INFERENCE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/random/mt19937.h>

ASSAY_BEGIN_DECLS

/* P(Z <= x) for a standard normal Z. */
double assay_normal_cumulative(double x);

/*
 * The x with P(Z <= x) = p, to a relative error of 2e-14 for p from 1e-300 on. -INFINITY for 0, INFINITY for 1, NaN
 * outside [0, 1]. Source: Wichura (1988), algorithm AS 241 (PPND16), and one step of Newton's method.
 */
double assay_normal_quantile(double p);

/* differences[i] = a[i] - b[i]; `differences` may be a or b. */
void assay_paired_differences(size_t count, const double *a, const double *b, double *differences);

typedef struct {
    double estimate; /* the statistic of the sample */
    double lower;
    double upper;
} assay_interval;

/* A number that describes a sample; called with resampled values of the same count. */
typedef double (*assay_statistic)(size_t count, const double *values, void *user);

/* The arithmetic mean, as an assay_statistic; `user` is ignored. */
double assay_statistic_mean(size_t count, const double *values, void *user);

/*
 * Bootstrap interval, bias-corrected and accelerated (BCa; Efron 1987, equations 2.3 and 6.6), that covers the true
 * value with about the probability `confidence`. Use 2,000 resamples or more. A sample of equal values gives an
 * interval of length 0. ASSAY_ERROR_ARGUMENT for fewer than 2 values, fewer than 100 resamples, or a confidence outside
 * (0, 1); ASSAY_ERROR_NUMERIC for a value or statistic that is not finite; ASSAY_ERROR_MEMORY.
 */
assay_status assay_bootstrap_interval(size_t count, const double *values, assay_statistic statistic, void *user,
                                      size_t resamples, double confidence, assay_mt19937 *generator,
                                      assay_interval *interval, assay_error *error);

typedef struct {
    double p;     /* two-sided */
    size_t flips; /* sign patterns that were looked at */
    bool exact;   /* all 2^count of them */
} assay_sign_flip_result;

/*
 * Sign-flip permutation test of "the differences are symmetric about 0", two-sided, on the absolute mean. It looks at
 * all 2^count sign patterns if there are no more than `flips`, and at `flips` random ones otherwise, where
 * p = (1 + patterns at least as extreme) / (1 + flips) (Phipson and Smyth 2010). If the hypothesis is true, p is at
 * most alpha with a probability of at most alpha, in both cases. ASSAY_ERROR_ARGUMENT for no difference or no flip,
 * ASSAY_ERROR_NUMERIC for one that is not finite, ASSAY_ERROR_MEMORY.
 */
assay_status assay_sign_flip_test(size_t count, const double *differences, size_t flips, assay_mt19937 *generator,
                                  assay_sign_flip_result *result, assay_error *error);

/*
 * Holm's step-down correction (Holm 1979): adjusted[i] <= alpha means that hypothesis i is rejected, with a probability
 * of at most alpha that any true hypothesis among all `count` is. Works in place (`adjusted` may be `p`).
 * ASSAY_ERROR_ARGUMENT for a p outside [0, 1], ASSAY_ERROR_MEMORY.
 */
assay_status assay_holm(size_t count, const double *p, double *adjusted, assay_error *error);

/* What a planned experiment looks like. */
typedef struct {
    size_t count;       /* pairs */
    double alpha;       /* level of the sign-flip test */
    size_t flips;       /* as in assay_sign_flip_test */
    size_t experiments; /* that are simulated; the standard error of a power of 0.9 is 0.3 / sqrt(experiments) */
} assay_power_plan;

/*
 * The probability that the sign-flip test rejects when the differences are `residuals` less their mean, drawn with
 * replacement, plus `effect`: by simulation. Errors as assay_sign_flip_test, and ASSAY_ERROR_MEMORY.
 */
assay_status assay_sign_flip_power(const assay_power_plan *plan, size_t residual_count, const double *residuals,
                                   double effect, assay_mt19937 *generator, double *power, assay_error *error);

/*
 * The smallest effect, to a relative error of 1 %, that the test finds with probability `power`. Each effect is tried
 * on the same simulated experiments. INFINITY if no effect can reach it (2^(1 - count) > alpha); 0 if all residuals are
 * equal. Errors as above, and ASSAY_ERROR_ARGUMENT for a power outside (alpha, 1).
 */
assay_status assay_smallest_effect(const assay_power_plan *plan, size_t residual_count, const double *residuals,
                                   double power, const assay_mt19937 *generator, double *effect, assay_error *error);

ASSAY_END_DECLS
#endif
