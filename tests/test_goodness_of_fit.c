/*
 * The statistics compared with values computed by hand, the distribution functions with GSL, and the tests as tests:
 * samples of the distribution pass as often as they should, and wrong samples are detected with the stated power.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include <assay/base/alloc.h>
#include "statistics.h"
#include <assay/stats/goodness_of_fit.h>
#include "support.h"

static assay_distribution unit_uniform = {ASSAY_UNIFORM, 0, 1};

static void draw(gsl_rng *rng, assay_distribution distribution, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = distribution.kind == ASSAY_NORMAL ? distribution.a + gsl_ran_gaussian(rng, distribution.b)
                                                      : gsl_ran_flat(rng, distribution.a, distribution.b);
    }
}

static gsl_rng *generator(unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    return rng;
}

START_TEST(distribution_functions)
{
    evidence(EVIDENCE_PROPERTY, "stats/distribution_cumulative");
    evidence(EVIDENCE_PROPERTY, "stats/distribution_moments");
    for (double x = -12; x <= 12; x += 0.37) {
        assay_distribution normal = {ASSAY_NORMAL, 0.5, 2};
        double want = gsl_cdf_gaussian_P(x - 0.5, 2);
        support_assert_relative("normal", assay_distribution_cumulative(x, &normal), want, 1e-13);
        assay_distribution uniform = {ASSAY_UNIFORM, -3, 4};
        ck_assert_double_eq_tol(assay_distribution_cumulative(x, &uniform), gsl_cdf_flat_P(x, -3, 4), 1e-15);
    }
    assay_moments uniform = assay_distribution_moments((assay_distribution){ASSAY_UNIFORM, -1, 5});
    ck_assert(uniform.mean == 2 && uniform.variance == 3 && uniform.kurtosis == -1.2);
    assay_moments normal = assay_distribution_moments((assay_distribution){ASSAY_NORMAL, 7, 3});
    ck_assert(normal.mean == 7 && normal.variance == 9 && normal.kurtosis == 0);
}
END_TEST

/* Distances from the uniform distribution on (0, 1), read by hand from the steps of the empirical function. */
START_TEST(kolmogorov_smirnov_by_hand)
{
    evidence(EVIDENCE_GOLDEN, "stats/kolmogorov_smirnov");
    evidence_source("by hand");
    /* clang-format off */
    static const struct {
        size_t count;
        double values[5];
        double distance;
    /* clang-format off */
    } cases[] = {
        {1, {0.25}, 0.75},                      /* above: 1 - 0.25 */
        {1, {0.9}, 0.9},                        /* below: 0.9 - 0 */
        {2, {0.75, 0.25}, 0.25},                /* not sorted */
        {4, {0.5, 0.5, 0.5, 0.5}, 0.5},         /* ties */
        {5, {0.1, 0.2, 0.3, 0.4, 0.5}, 0.5},    /* above at 0.5: 1 - 0.5 */
        {5, {0.5, 0.6, 0.7, 0.8, 0.9}, 0.5},    /* below at 0.5: 0.5 - 0 */
        {2, {-1, 3}, 0.5},                      /* outside the support */
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double got;
        assay_error error;
        support_assert_ok(assay_kolmogorov_smirnov(cases[c].count, cases[c].values, assay_distribution_cumulative,
                                                   &unit_uniform, &got, &error),
                          &error);
        ck_assert_msg(fabs(got - cases[c].distance) < 1e-15, "case %zu: %.17g, want %.17g", c, got, cases[c].distance);
    }
}
END_TEST

START_TEST(chi_square_by_hand)
{
    evidence(EVIDENCE_GOLDEN, "stats/chi_square");
    evidence_source("by hand");
    double values[20];
    for (int i = 0; i < 20; i++) {
        values[i] = i < 8 ? 0.1 : i < 14 ? 0.3 : i < 18 ? 0.6 : 1.0; /* 8, 6, 4, 2 in four cells; 1.0 is in the last */
    }
    double got;
    assay_error error;
    assay_distribution_function cumulative = assay_distribution_cumulative;
    support_assert_ok(assay_chi_square(20, values, 4, cumulative, &unit_uniform, &got, &error), &error);
    ck_assert_double_eq_tol(got, (9 + 1 + 1 + 9) / 5.0, 1e-14);
    support_assert_ok(assay_chi_square(20, values, 2, cumulative, &unit_uniform, &got, &error), &error);
    ck_assert_double_eq_tol(got, (16 + 16) / 10.0, 1e-14);
}
END_TEST

START_TEST(z_statistics_by_hand)
{
    evidence(EVIDENCE_GOLDEN, "stats/mean_z");
    evidence(EVIDENCE_GOLDEN, "stats/variance_z");
    evidence(EVIDENCE_GOLDEN, "stats/serial_z");
    evidence_source("by hand");
    double values[4] = {1, 3, 2, 6};
    assay_moments sample = assay_moments_f64(4, values);
    assay_moments wanted = {.mean = 2, .variance = 4, .kurtosis = 1};
    ck_assert_double_eq_tol(assay_mean_z(&sample, &wanted), (3 - 2) / sqrt(4 / 4.0), 1e-15);
    /* Squares about 2: 1, 1, 0, 16; their mean 4.5; Var T = 16 * 3 / 4. */
    ck_assert_double_eq_tol(assay_variance_z(&sample, &wanted), (4.5 - 4) / sqrt(12), 1e-15);
    /* Deviations -1, 1, 0, 4: products at lag 1 are -1, 0, 0; at lag 2 0, 4; at lag 3 -4. */
    ck_assert_double_eq_tol(assay_serial_z(4, values, 1, &wanted), -1 / (4 * sqrt(3)), 1e-15);
    ck_assert_double_eq_tol(assay_serial_z(4, values, 2, &wanted), 4 / (4 * sqrt(2)), 1e-15);
    ck_assert_double_eq_tol(assay_serial_z(4, values, 3, &wanted), -1, 1e-15);
    ck_assert(isnan(assay_serial_z(4, values, 0, &wanted)) && isnan(assay_serial_z(4, values, 4, &wanted)));
}
END_TEST

static double outside(double x, void *user)
{
    return x > 0.5 ? *(double *)user : 0.5;
}

START_TEST(bad_input)
{
    evidence(EVIDENCE_ERRORS, "stats/kolmogorov_smirnov");
    evidence(EVIDENCE_ERRORS, "stats/chi_square");
    double values[10] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, NAN};
    double statistic;
    assay_error error;
    assay_distribution_function cumulative = assay_distribution_cumulative;
    support_assert_error(assay_kolmogorov_smirnov(0, values, cumulative, &unit_uniform, &statistic, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "0 values");
    support_assert_error(assay_kolmogorov_smirnov(10, values, cumulative, &unit_uniform, &statistic, &error),
                         ASSAY_ERROR_NUMERIC, &error, "value 9 of the sample is nan");
    values[9] = 0;
    support_assert_error(assay_chi_square(10, values, 1, cumulative, &unit_uniform, &statistic, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "in 1 cells");
    support_assert_error(assay_chi_square(9, values, 2, cumulative, &unit_uniform, &statistic, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "9 values in 2 cells");
    double bad[] = {1.5, -0.1, NAN};
    for (size_t b = 0; b < 3; b++) {
        support_assert_error(assay_kolmogorov_smirnov(10, values, outside, &bad[b], &statistic, &error),
                             ASSAY_ERROR_NUMERIC, &error, "between 0 and 1");
        support_assert_error(assay_chi_square(10, values, 2, outside, &bad[b], &statistic, &error), ASSAY_ERROR_NUMERIC,
                             &error, "between 0 and 1");
    }
}
END_TEST

/* --- p-values and power ----------------------------------------------------------------------------------------- */

enum { BY_DISTANCE, BY_CELLS, BY_MEAN, BY_VARIANCE, BY_SERIAL, P_VALUES };

static const char *const p_names[P_VALUES] = {
    [BY_DISTANCE] = "kolmogorov_smirnov", [BY_CELLS] = "chi_square", [BY_MEAN] = "mean_z",
    [BY_VARIANCE] = "variance_z",         [BY_SERIAL] = "serial_z",
};

static void p_values(assay_distribution wanted, size_t count, const double *values, double p[P_VALUES])
{
    enum { CELLS = 20 };
    assay_moments moments = assay_moments_f64(count, values);
    assay_moments theory = assay_distribution_moments(wanted);
    double distance;
    double chi_square;
    assay_error error;
    assay_distribution_function cumulative = assay_distribution_cumulative;
    support_assert_ok(assay_kolmogorov_smirnov(count, values, cumulative, &wanted, &distance, &error), &error);
    support_assert_ok(assay_chi_square(count, values, CELLS, cumulative, &wanted, &chi_square, &error), &error);
    p[BY_DISTANCE] = statistics_kolmogorov_smirnov_p(count, distance);
    p[BY_CELLS] = statistics_chi_square_p(chi_square, CELLS);
    p[BY_MEAN] = statistics_normal_p(assay_mean_z(&moments, &theory));
    p[BY_VARIANCE] = statistics_normal_p(assay_variance_z(&moments, &theory));
    p[BY_SERIAL] = statistics_normal_p(assay_serial_z(count, values, 1, &theory));
}

static double smallest_p(assay_distribution wanted, size_t count, const double *values)
{
    double p[P_VALUES];
    p_values(wanted, count, values, p);
    double smallest = 1;
    for (int i = 0; i < P_VALUES; i++) {
        smallest = fmin(smallest, p[i]);
    }
    return smallest;
}

/*
 * For each statistic, one in a hundred of 4000 samples of the distribution has a p-value below 0.01: a binomial count
 * of 40, outside of 9 to 85 with a probability of at most 1e-9. The limits allow for p-values that are correct only in
 * the limit of large samples.
 */
START_TEST(right_samples_fail_as_often_as_stated)
{
    enum { SAMPLES = 4000, COUNT = 500 };
    static const assay_distribution distributions[] = {{ASSAY_NORMAL, 1, 3}, {ASSAY_UNIFORM, -2, 1}};
    gsl_rng *rng = generator(11);
    double *values = assay_calloc(COUNT, sizeof *values, NULL);
    for (size_t d = 0; d < 2; d++) {
        int alarms[P_VALUES] = {0};
        for (int s = 0; s < SAMPLES; s++) {
            double p[P_VALUES];
            draw(rng, distributions[d], COUNT, values);
            p_values(distributions[d], COUNT, values, p);
            for (int i = 0; i < P_VALUES; i++) {
                alarms[i] += p[i] < 0.01;
            }
        }
        for (int i = 0; i < P_VALUES; i++) {
            evidence(EVIDENCE_STATISTICAL, "stats/%s", p_names[i]);
            evidence_alarm(1, 1e-9);
            ck_assert_msg(alarms[i] >= 9 && alarms[i] <= 85, "%s, distribution %zu: %d alarms of 40", p_names[i], d,
                          alarms[i]);
        }
    }
    assay_free(values);
    gsl_rng_free(rng);
}
END_TEST

/* Samples with a wrong distribution, mean, scale or order: each raises an alarm at 1e-9. */
START_TEST(wrong_samples_are_caught)
{
    evidence(EVIDENCE_PROPERTY, "stats/kolmogorov_smirnov");
    evidence(EVIDENCE_PROPERTY, "stats/chi_square");
    evidence(EVIDENCE_PROPERTY, "stats/mean_z");
    evidence(EVIDENCE_PROPERTY, "stats/variance_z");
    evidence(EVIDENCE_PROPERTY, "stats/serial_z");
    enum { COUNT = 60000 };
    /* clang-format off */
    static const struct {
        const char *name;
        assay_distribution drawn, wanted;
        double repeat; /* share of the previous value in each value */
    /* clang-format off */
    } cases[] = {
        {"std 5 % high", {ASSAY_NORMAL, 0, 1.05}, {ASSAY_NORMAL, 0, 1}, 0},
        {"std 5 % low", {ASSAY_NORMAL, 0, 0.95}, {ASSAY_NORMAL, 0, 1}, 0},
        {"mean off by 0.07", {ASSAY_NORMAL, 0.07, 1}, {ASSAY_NORMAL, 0, 1}, 0},
        {"uniform for normal of the same variance", {ASSAY_UNIFORM, -1.7320508, 1.7320508}, {ASSAY_NORMAL, 0, 1}, 0},
        {"normal for uniform of the same variance", {ASSAY_NORMAL, 0, 0.57735027}, {ASSAY_UNIFORM, -1, 1}, 0},
        {"bound 3 % low", {ASSAY_UNIFORM, -0.97, 0.97}, {ASSAY_UNIFORM, -1, 1}, 0},
        {"serial correlation 0.06", {ASSAY_NORMAL, 0, 1}, {ASSAY_NORMAL, 0, 1}, 0.06},
    };
    /* clang-format on */
    /* clang-format on */
    gsl_rng *rng = generator(5);
    double *values = assay_calloc(COUNT, sizeof *values, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        draw(rng, cases[c].drawn, COUNT, values);
        for (size_t i = 1; i < COUNT; i++) {
            double share = cases[c].repeat;
            values[i] = share * values[i - 1] + sqrt(1 - share * share) * values[i];
        }
        double p = smallest_p(cases[c].wanted, COUNT, values);
        ck_assert_msg(p < STATISTICS_ALARM, "%s: the smallest p-value is %g", cases[c].name, p);
    }
    assay_free(values);
    gsl_rng_free(rng);
}
END_TEST

static double mean_square(gsl_rng *rng, assay_distribution_kind kind, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        double x = kind == ASSAY_NORMAL ? gsl_ran_gaussian(rng, 1) : gsl_ran_flat(rng, -sqrt(3), sqrt(3));
        sum += x * x;
    }
    return sum / (double)count;
}

/*
 * The limits of a sample variance, tested on 20,000 samples at p = 0.01, and their power: of the samples with a
 * variance that is wrong by the stated ratio, at least 99 % are detected. Uniform limits are bounds: fewer alarms than
 * p are correct, more are not.
 */
START_TEST(variance_limits_and_power)
{
    enum { SAMPLES = 20000 };
    static const size_t counts[] = {10, 400};
    const double p = 0.01;
    const double power = 0.99;
    gsl_rng *rng = generator(3);
    for (int kind = ASSAY_UNIFORM; kind <= ASSAY_NORMAL; kind++) {
        for (size_t c = 0; c < 2; c++) {
            statistics_interval limits = statistics_variance_interval((assay_distribution_kind)kind, counts[c], p);
            statistics_interval caught = statistics_variance_caught((assay_distribution_kind)kind, counts[c], p, power);
            ck_assert(limits.low < 1 && limits.high > 1 && caught.low < limits.low && caught.high > limits.high);
            int alarms = 0;
            int caught_low = 0;
            int caught_high = 0;
            for (int s = 0; s < SAMPLES; s++) {
                double t = mean_square(rng, (assay_distribution_kind)kind, counts[c]);
                alarms += t < limits.low || t > limits.high;
                caught_low += t * caught.low < limits.low;
                caught_high += t * caught.high > limits.high;
            }
            /* 200 expected, standard deviation 14: a count beyond 100 of it has at most 1e-10. */
            evidence_alarm(4, 1e-10);
            ck_assert_msg(alarms <= 300, "kind %d, n = %zu: %d alarms", kind, counts[c], alarms);
            ck_assert_msg(alarms >= (kind == ASSAY_NORMAL ? 110 : 10), "kind %d, n = %zu: %d alarms", kind, counts[c],
                          alarms);
            ck_assert_msg(caught_low >= 0.99 * (double)SAMPLES - 100, "kind %d, n = %zu: %d caught", kind, counts[c],
                          caught_low);
            ck_assert_msg(caught_high >= 0.99 * (double)SAMPLES - 100, "kind %d, n = %zu: %d caught", kind, counts[c],
                          caught_high);
        }
    }
    gsl_rng_free(rng);
}
END_TEST

/* At the alarm level and a layer's size, the normal approximation is close to both limits. */
START_TEST(limits_far_out)
{
    const double n = 401408; /* 784 * 512 */
    double z = gsl_cdf_ugaussian_Qinv(STATISTICS_ALARM / 2);
    statistics_interval normal = statistics_variance_interval(ASSAY_NORMAL, 401408, STATISTICS_ALARM);
    statistics_interval uniform = statistics_variance_interval(ASSAY_UNIFORM, 401408, STATISTICS_ALARM);
    /* Wilson and Hilferty's cube root of chi-square is normal far out in the tails too. */
    support_assert_relative("normal, high", normal.high, pow(1 - 2 / (9 * n) + z * sqrt(2 / (9 * n)), 3), 1e-6);
    support_assert_relative("normal, low", normal.low, pow(1 - 2 / (9 * n) - z * sqrt(2 / (9 * n)), 3), 1e-6);
    /* Chernoff's bound asks for sqrt(2 log(2 / p)) = 6.55 standard deviations; the exact tail is at 6.11. */
    double width = statistics_mean_z_limit(STATISTICS_ALARM) * sqrt(0.8 / n);
    support_assert_relative("uniform, high", uniform.high - 1, width, 0.01);
    support_assert_relative("uniform, low", 1 - uniform.low, width, 0.01);
    /* With too few values, the limits are the range itself. */
    statistics_interval one = statistics_variance_interval(ASSAY_UNIFORM, 1, STATISTICS_ALARM);
    ck_assert(one.low == 0 && one.high == 3);

    ck_assert_double_eq_tol(statistics_normal_p(1.959963984540054), 0.05, 1e-12);
    ck_assert_double_eq(statistics_kolmogorov_smirnov_p(10, 0), 1);
    /* Marsaglia, Tsang and Wang (2003): P(D_10 < 0.274) = 0.6284796; the bound is above 1 minus that, and near it. */
    double bound = statistics_kolmogorov_smirnov_p(10, 0.274);
    ck_assert(bound > 1 - 0.6284796 && bound < 0.45);
    ck_assert_double_eq_tol(statistics_chi_square_p(30.1435272, 20), 0.1, 1e-7);
    ck_assert_double_lt(statistics_chi_square_p(0.1, 20), 1e-9);
    ck_assert_double_eq_tol(statistics_kolmogorov_smirnov_caught(10000, 1e-9, 0.999), 0.0523, 1e-4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("goodness of fit");
    TCase *tests = evidence_case("goodness of fit", "property: tests/statistics");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, distribution_functions);
    tcase_add_test(tests, kolmogorov_smirnov_by_hand);
    tcase_add_test(tests, chi_square_by_hand);
    tcase_add_test(tests, z_statistics_by_hand);
    tcase_add_test(tests, bad_input);
    tcase_add_test(tests, right_samples_fail_as_often_as_stated);
    tcase_add_test(tests, wrong_samples_are_caught);
    tcase_add_test(tests, variance_limits_and_power);
    tcase_add_test(tests, limits_far_out);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
