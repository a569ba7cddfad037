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
 * - the distributions that PyTorch lacks: Kolmogorov-Smirnov for 6 cases and 10 moments, at FALSE_ALARM each.
 *
 * All 48 checks at 1e-9 together: 4.8e-8 for the program.
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include <assay/init/initializer.h>
#include <assay/random/generator.h>
#include <assay/stats/goodness_of_fit.h>
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

/* --- the distributions that PyTorch lacks ------------------------------------------------------------------------ */

/* Their distribution functions in GSL's terms, of mean 0 and standard deviation 1. */
static double laplace(double z)
{
    return gsl_cdf_laplace_P(z, sqrt(0.5));
}

static double student(double z)
{
    return gsl_cdf_tdist_P(z * sqrt(3.0), 3.0);
}

/* A normal between -2 and 2, and its standard deviation by Simpson's rule. */
static double truncated_std(void)
{
    enum { STEPS = 2000 };
    double mass = 0.0;
    double squares = 0.0;
    for (int i = 0; i <= STEPS; i++) {
        double x = -2.0 + 4.0 * i / STEPS;
        double weight = (i == 0 || i == STEPS ? 1.0 : i % 2 == 1 ? 4.0 : 2.0) * exp(-0.5 * x * x);
        mass += weight;
        squares += weight * x * x;
    }
    return sqrt(squares / mass);
}

static double truncated(double z)
{
    double low = gsl_cdf_ugaussian_P(-2.0);
    double x = fmin(fmax(z * truncated_std(), -2.0), 2.0);
    return (gsl_cdf_ugaussian_P(x) - low) / (1.0 - 2.0 * low);
}

static const struct {
    const char *name;
    assay_distribution_kind kind;
    double (*cumulative)(double z);
    double kurtosis; /* excess; infinite: the sample variance has no limit law that a test could use */
} others[] = {
    {"laplace", ASSAY_LAPLACE, laplace, 3.0},
    {"truncated-normal", ASSAY_TRUNCATED_NORMAL, truncated, -0.634463},
    {"student-t", ASSAY_STUDENT_T, student, INFINITY},
};

enum { OTHERS = sizeof others / sizeof *others, OTHER_COUNT = 100000 };

static double distance_from(double (*cumulative)(double z), double *z)
{
    qsort(z, OTHER_COUNT, sizeof *z, ascending);
    double distance = 0.0;
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        double p = cumulative(z[i]);
        distance = fmax(distance, fmax(p - (double)i / OTHER_COUNT, (double)(i + 1) / OTHER_COUNT - p));
    }
    return distance;
}

static void draw_standard(assay_generator_kind generator_kind, assay_distribution_kind kind, double *z)
{
    float *values = assay_calloc(OTHER_COUNT, sizeof *values, NULL);
    ck_assert_ptr_nonnull(values);
    assay_generator generator;
    assay_generator_seed(&generator, generator_kind, 20220607, 64);
    assay_generator_fill(&generator, (assay_distribution){kind, 0.5, 0.25}, OTHER_COUNT, values);
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        z[i] = ((double)values[i] - 0.5) / 0.25;
    }
    assay_free(values);
}

START_TEST(other_distributions)
{
    assay_generator_kind generator = _i % 2 == 0 ? ASSAY_GENERATOR_MT19937 : ASSAY_GENERATOR_PHILOX;
    size_t other = (size_t)_i / 2;
    evidence(EVIDENCE_STATISTICAL, "random/generator_fill");
    evidence_alarm(3, FALSE_ALARM);
    double *z = assay_calloc(OTHER_COUNT, sizeof *z, NULL);
    ck_assert_ptr_nonnull(z);
    draw_standard(generator, others[other].kind, z);
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        sum += z[i];
        squares += z[i] * z[i];
    }
    double distance = distance_from(others[other].cumulative, z);
    double critical = sqrt(log(2.0 / FALSE_ALARM) / (2.0 * OTHER_COUNT));
    ck_assert_msg(distance <= critical, "%s: D = %g over %g", others[other].name, distance, critical);
    if (isfinite(others[other].kurtosis)) {
        double bound = gsl_cdf_ugaussian_Qinv(FALSE_ALARM / 2.0);
        double mean_error = sum / sqrt(OTHER_COUNT);
        double variance_error = (squares / OTHER_COUNT - 1.0) / sqrt((others[other].kurtosis + 2.0) / OTHER_COUNT);
        ck_assert_msg(fabs(mean_error) <= bound && fabs(variance_error) <= bound,
                      "%s: mean off by %g standard errors, variance by %g", others[other].name, mean_error,
                      variance_error);
    }
    assay_free(z);
}
END_TEST

/* Mean plus or minus the standard deviation, about equally often. */
START_TEST(rademacher)
{
    evidence(EVIDENCE_STATISTICAL, "random/generator_fill");
    evidence_alarm(1, FALSE_ALARM);
    double *z = assay_calloc(OTHER_COUNT, sizeof *z, NULL);
    ck_assert_ptr_nonnull(z);
    draw_standard(_i == 0 ? ASSAY_GENERATOR_MT19937 : ASSAY_GENERATOR_PHILOX, ASSAY_RADEMACHER, z);
    double sum = 0.0;
    for (size_t i = 0; i < OTHER_COUNT; i++) {
        ck_assert_msg(fabs(z[i]) == 1.0, "%.17g", z[i]);
        sum += z[i];
    }
    ck_assert_msg(fabs(sum) <= gsl_cdf_ugaussian_Qinv(FALSE_ALARM / 2.0) * sqrt(OTHER_COUNT), "sum %g", sum);
    assay_free(z);
}
END_TEST

/* 512 values at a time, each from the uniform number, or the two numbers, of its place. */
START_TEST(values_come_in_pieces)
{
    evidence(EVIDENCE_PROPERTY, "random/generator_fill");
    enum { VALUES = 1000, PIECE = 512 };
    static const assay_generator_kind kinds[] = {ASSAY_GENERATOR_MT19937, ASSAY_GENERATOR_PHILOX};
    assay_generator generator;
    assay_generator again;
    float t[VALUES];
    float u[PIECE];
    float v[PIECE];
    assay_generator_seed(&generator, kinds[_i], 5, 3);
    assay_generator_seed(&again, kinds[_i], 5, 3);
    assay_generator_fill(&generator, (assay_distribution){ASSAY_STUDENT_T, 0.0, 1.0}, VALUES, t);
    for (size_t start = 0; start < VALUES; start += PIECE) {
        const size_t length = VALUES - start < PIECE ? VALUES - start : PIECE;
        assay_generator_fill(&again, (assay_distribution){ASSAY_UNIFORM, 0.0, 1.0}, length, u);
        assay_generator_fill(&again, (assay_distribution){ASSAY_UNIFORM, 0.0, 1.0}, length, v);
        for (size_t i = 0; i < length; i++) {
            /* Bailey's equation for n = 3, in the middle of the uniform numbers' steps. */
            double radius = sqrt(pow((double)u[i] + 0x1p-25, -2.0 / 3.0) - 1.0);
            double want = radius * cos(2.0 * acos(-1.0) * ((double)v[i] + 0x1p-25));
            ck_assert_double_eq_tol((double)t[start + i], want, 1e-6 * (1.0 + fabs(want)));
        }
    }
    support_assert_same_generator(&generator, &again);
}
END_TEST

/* One number more than a piece has, and none less: all are drawn, and nothing behind them is written. */
START_TEST(pieces_end_where_they_should)
{
    evidence(EVIDENCE_PROPERTY, "random/generator_fill");
    static const size_t counts[] = {1, 511, 512, 513, 1024, 1025};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        float values[1026];
        assay_generator generator;
        for (size_t i = 0; i <= counts[k]; i++) {
            values[i] = -99.0f;
        }
        assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 5, 3);
        assay_generator_fill(&generator, (assay_distribution){ASSAY_RADEMACHER, 0.0, 1.0}, counts[k], values);
        for (size_t i = 0; i < counts[k]; i++) {
            ck_assert_msg(fabsf(values[i]) == 1.0f, "number %zu of %zu: %g", i, counts[k], (double)values[i]);
        }
        ck_assert(values[counts[k]] == -99.0f);
    }
}
END_TEST

/* P(X <= x) of a coin: each jump belongs to the value that it is at. */
START_TEST(jumps_of_the_coin)
{
    evidence(EVIDENCE_PROPERTY, "stats/distribution_cumulative");
    static const double points[][2] = {{-2, 0}, {-1.001, 0}, {-1, 0.5}, {0, 0.5}, {2.999, 0.5}, {3, 1}, {4, 1}};
    assay_distribution coin = {ASSAY_RADEMACHER, 1.0, 2.0};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        ck_assert_double_eq(assay_distribution_cumulative(points[i][0], &coin), points[i][1]);
    }
}
END_TEST

/* The library's distribution functions and moments, against GSL. */
START_TEST(other_distribution_functions)
{
    evidence(EVIDENCE_GOLDEN, "stats/distribution_cumulative");
    evidence(EVIDENCE_GOLDEN, "stats/distribution_moments");
    for (size_t i = 0; i < OTHERS; i++) {
        assay_distribution d = {others[i].kind, -1.0, 2.0};
        for (double z = -3.0; z <= 3.0; z += 0.25) {
            double want = others[i].cumulative(z);
            ck_assert_msg(fabs(assay_distribution_cumulative(-1.0 + 2.0 * z, &d) - want) <= 1e-12, "%s at %g",
                          others[i].name, z);
        }
        assay_moments moments = assay_distribution_moments(d);
        ck_assert(moments.mean == -1.0 && moments.variance == 4.0);
        ck_assert(isinf(moments.kurtosis) ? isinf(others[i].kurtosis)
                                          : fabs(moments.kurtosis - others[i].kurtosis) < 1e-5);
    }
    assay_distribution coin = {ASSAY_RADEMACHER, 1.0, 2.0};
    ck_assert(assay_distribution_cumulative(-1.5, &coin) == 0.0 && assay_distribution_cumulative(0.0, &coin) == 0.5 &&
              assay_distribution_cumulative(3.0, &coin) == 1.0);
    ck_assert(assay_distribution_moments(coin).kurtosis == -2.0);
    ck_assert(assay_distribution_mean(coin) == 1.0 && assay_distribution_variance(coin) == 4.0);
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
    tcase_add_loop_test(statistics, other_distributions, 0, 2 * OTHERS);
    tcase_add_loop_test(statistics, rademacher, 0, 2);
    tcase_add_test(statistics, jumps_of_the_coin);
    tcase_add_loop_test(statistics, values_come_in_pieces, 0, 2);
    tcase_add_test(statistics, pieces_end_where_they_should);
    tcase_add_test(statistics, other_distribution_functions);
    suite_add_tcase(suite, statistics);
    return support_run(suite);
}
