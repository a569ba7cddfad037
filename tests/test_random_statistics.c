/*
 * lib/random: the uniform and normal output of both generators as distributions. Seeds are fixed, so a result does not
 * change from run to run; the levels are the probabilities that a correct generator fails with another seed.
 *
 * - Kolmogorov-Smirnov: P(D > d) <= 2 exp(-2 n d^2) (Massart 1990), at FALSE_ALARM for each of 4 cases. At n = 400,000
 *   a distance of 0.0104 (2 d) between the distribution functions is found with the same certainty: for example a
 *   standard deviation wrong by 4.4 %, or a mean by 0.026 standard deviations.
 * - chi-square of the pairs (value i, value i + lag) on 16 x 16 equally likely cells, with lags within and across the
 *   blocks and threads that share a Box-Muller pair: at FALSE_ALARM for each of 20 cases.
 * - mean and variance, normal by the central limit theorem: 2 FALSE_ALARM for each of 4 cases; a standard deviation
 *   wrong by 1.4 % is found with the same certainty.
 *
 * All 32 checks at 1e-9 together: 3.2e-8 for the program.
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include <assay/random/generator.h>
#include "support.h"

#define FALSE_ALARM 1e-9

enum { COUNT = 400000, CELLS = 16 };

static const struct {
    assay_generator_kind generator;
    assay_distribution distribution;
} cases[] = {
    {ASSAY_GENERATOR_MT19937, {ASSAY_UNIFORM, -2.0, 3.0}},
    {ASSAY_GENERATOR_MT19937, {ASSAY_NORMAL, 0.5, 0.25}},
    {ASSAY_GENERATOR_PHILOX, {ASSAY_UNIFORM, -2.0, 3.0}},
    {ASSAY_GENERATOR_PHILOX, {ASSAY_NORMAL, 0.5, 0.25}},
};

enum { CASES = sizeof cases / sizeof *cases };

/* Lags: neighbours, a Box-Muller pair in a block of mt19937, a whole block, and one and two grids of 64 blocks. */
static const size_t lags[] = {1, 8, 16, 64 * 256, 2 * 64 * 256};

enum { LAGS = sizeof lags / sizeof *lags };

static void say_what_is_drawn(int index)
{
    evidence(EVIDENCE_STATISTICAL, "draw/%s-%s", assay_generator_name(cases[index].generator),
             cases[index].distribution.kind == ASSAY_NORMAL ? "normal" : "uniform");
}

/* The distribution function at a value: uniform on (0, 1) if the generator is correct. */
static double probability(assay_distribution d, double value)
{
    return d.kind == ASSAY_NORMAL ? gsl_cdf_ugaussian_P((value - d.a) / d.b) : (value - d.a) / (d.b - d.a);
}

static float *values_of(int index)
{
    float *values = assay_calloc(COUNT, sizeof *values, NULL);
    ck_assert_ptr_nonnull(values);
    assay_generator generator;
    assay_generator_seed(&generator, cases[index].generator, 20220607, 64);
    assay_generator_fill(&generator, cases[index].distribution, COUNT, values);
    return values;
}

static double *probabilities_of(int index)
{
    float *values = values_of(index);
    double *p = assay_calloc(COUNT, sizeof *p, NULL);
    ck_assert_ptr_nonnull(p);
    for (size_t i = 0; i < COUNT; i++) {
        p[i] = probability(cases[index].distribution, (double)values[i]);
        if (!(p[i] >= 0.0 && p[i] <= 1.0)) {
            ck_abort_msg("value %zu, %g, is out of range", i, (double)values[i]);
        }
    }
    assay_free(values);
    return p;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

START_TEST(kolmogorov_smirnov)
{
    say_what_is_drawn(_i);
    evidence_alarm(1, FALSE_ALARM);
    double *p = probabilities_of(_i);
    qsort(p, COUNT, sizeof *p, ascending);
    double distance = 0.0;
    for (size_t i = 0; i < COUNT; i++) {
        distance = fmax(distance, fmax(p[i] - (double)i / (double)COUNT, (double)(i + 1) / (double)COUNT - p[i]));
    }
    double critical = sqrt(log(2.0 / FALSE_ALARM) / (2.0 * (double)COUNT));
    ck_assert_msg(distance <= critical, "%s, distribution %d: D = %g over %g",
                  assay_generator_name(cases[_i].generator), (int)cases[_i].distribution.kind, distance, critical);
    assay_free(p);
}
END_TEST

static size_t cell(double p)
{
    size_t at = (size_t)(p * (double)CELLS);
    return at < CELLS ? at : CELLS - 1;
}

START_TEST(pairs_are_independent)
{
    say_what_is_drawn(_i / LAGS);
    evidence_alarm(1, FALSE_ALARM);
    double *p = probabilities_of(_i / LAGS);
    size_t lag = lags[_i % LAGS];
    /* Disjoint pairs: 2 lag values at a time, the first half paired with the second. */
    size_t seen[CELLS][CELLS] = {{0}};
    size_t pairs = 0;
    for (size_t start = 0; start + 2 * lag <= COUNT; start += 2 * lag) {
        for (size_t i = start; i < start + lag; i++, pairs++) {
            seen[cell(p[i])][cell(p[i + lag])]++;
        }
    }
    double expected = (double)pairs / (CELLS * CELLS);
    double chi_square = 0.0;
    for (size_t i = 0; i < CELLS * CELLS; i++) {
        double excess = (double)seen[i / CELLS][i % CELLS] - expected;
        chi_square += excess * excess / expected;
    }
    double p_value = gsl_cdf_chisq_Q(chi_square, CELLS * CELLS - 1);
    ck_assert_msg(p_value >= FALSE_ALARM, "%s, distribution %d, lag %zu: chi-square = %g, p = %g",
                  assay_generator_name(cases[_i / LAGS].generator), (int)cases[_i / LAGS].distribution.kind, lag,
                  chi_square, p_value);
    assay_free(p);
}
END_TEST

/*
 * The relative standard error of the variance is sqrt((kurtosis - 1) / n), with kurtosis 3 (normal) or 9/5 (uniform).
 */
START_TEST(mean_and_variance)
{
    say_what_is_drawn(_i);
    evidence_alarm(2, FALSE_ALARM);
    /*
     * The limit and the 0.999 quantile, in standard errors of the variance; that of a standard deviation is half as
     * large.
     */
    double deviations = gsl_cdf_ugaussian_Qinv(FALSE_ALARM / 2.0) + gsl_cdf_ugaussian_Qinv(1e-3);
    double variance_of_square = cases[_i].distribution.kind == ASSAY_NORMAL ? 2.0 : 0.8;
    evidence_power("standard deviation", deviations * sqrt(variance_of_square / (double)COUNT) / 2.0);
    assay_distribution d = cases[_i].distribution;
    int normal = d.kind == ASSAY_NORMAL;
    double mean = normal ? d.a : (d.a + d.b) / 2.0;
    double std = normal ? d.b : (d.b - d.a) / sqrt(12.0);
    float *values = values_of(_i);
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < COUNT; i++) {
        double z = ((double)values[i] - mean) / std;
        sum += z;
        squares += z * z;
    }
    double bound = gsl_cdf_ugaussian_Qinv(FALSE_ALARM / 2.0);
    double mean_error = sum / sqrt(COUNT);
    double variance_error = (squares / (double)COUNT - 1.0) / sqrt((normal ? 2.0 : 0.8) / (double)COUNT);
    ck_assert_msg(fabs(mean_error) <= bound && fabs(variance_error) <= bound,
                  "%s, distribution %d: mean off by %g standard errors, variance by %g",
                  assay_generator_name(cases[_i].generator), (int)d.kind, mean_error, variance_error);
    assay_free(values);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random: statistics");
    TCase *statistics = tcase_create("distributions");
    tcase_set_timeout(statistics, 60);
    tcase_add_loop_test(statistics, kolmogorov_smirnov, 0, CASES);
    tcase_add_loop_test(statistics, pairs_are_independent, 0, CASES * LAGS);
    tcase_add_loop_test(statistics, mean_and_variance, 0, CASES);
    suite_add_tcase(suite, statistics);
    return support_run(suite);
}
