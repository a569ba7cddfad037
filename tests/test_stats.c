/* Moments, histogram and kernel density, compared with exact arithmetic, numpy, scipy, and results by hand. */
#include <float.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include <assay/stats/histogram.h>
#include <assay/stats/moments.h>
#include "support.h"

/* --- helpers ---------------------------------------------------------------------------------------------------- */

/* The numbers of a JSON array; the caller frees them. */
static double *numbers(const json_t *array, size_t *count)
{
    *count = json_array_size(array);
    double *values = assay_calloc(*count, sizeof *values, NULL);
    for (size_t i = 0; i < *count; i++) {
        values[i] = json_number_value(json_array_get(array, i));
    }
    return values;
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "the golden file has no number '%s'", key);
    return json_number_value(value);
}

static double *normal_sample(size_t count, double mean, double std)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 7);
    double *values = assay_calloc(count, sizeof *values, NULL);
    for (size_t i = 0; i < count; i++) {
        values[i] = mean + gsl_ran_gaussian(rng, std);
    }
    gsl_rng_free(rng);
    return values;
}

static double largest_of(size_t count, const double *values)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmax(largest, fabs(values[i]));
    }
    return largest;
}

/* --- moments ---------------------------------------------------------------------------------------------------- */

START_TEST(moments_of_golden_samples)
{
    evidence(EVIDENCE_GOLDEN, "stats/moments_f64");
    json_t *golden = support_golden("stats_numpy.json");
    const json_t *tolerances = json_object_get(golden, "tolerances");
    size_t index;
    const json_t *sample;
    json_array_foreach(json_object_get(golden, "cases"), index, sample) {
        size_t count;
        double *values = numbers(json_object_get(sample, "values"), &count);
        size_t four;
        double *want = numbers(json_object_get(sample, "moments"), &four);
        const char *name = json_string_value(json_object_get(sample, "name"));
        assay_moments got = assay_moments_f64(count, values);
        double tolerance = number(tolerances, "moments");
        double mean_bound = number(tolerances, "mean") * largest_of(count, values);
        ck_assert_msg(fabs(got.mean - want[0]) <= mean_bound, "%s: mean %.17g, want %.17g", name, got.mean, want[0]);
        support_assert_relative(name, got.variance, want[1], tolerance);
        double bound = tolerance * (1 + fabs(want[3] + 3));
        ck_assert_msg(fabs(got.skewness - want[2]) <= bound, "%s: skewness %.17g, want %.17g", name, got.skewness,
                      want[2]);
        ck_assert_msg(fabs(got.kurtosis - want[3]) <= bound, "%s: kurtosis %.17g, want %.17g", name, got.kurtosis,
                      want[3]);
        assay_free(values);
        assay_free(want);
    }
    json_decref(golden);
}
END_TEST

/* The integers 1 .. n moved by a shift: mean (n + 1) / 2 + shift, variance (n^2 - 1) / 12, skewness 0. */
START_TEST(moments_of_integers)
{
    evidence(EVIDENCE_PROPERTY, "stats/moments_f64");
    static const struct {
        size_t count;
        double shift;
    } cases[] = {{2, 0}, {3, -2}, {1023, 0}, {1024, 0}, {1025, 1e8}, {100000, 1e8}, {4096, -1e12}, {3000000, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        size_t count = cases[c].count;
        double n = (double)count;
        double *values = assay_calloc(count, sizeof *values, NULL);
        for (size_t i = 0; i < count; i++) {
            /* Both ends in turn, so that neighbours are far apart. */
            size_t k = i % 2 == 0 ? i / 2 : count - 1 - i / 2;
            values[i] = (double)(k + 1) + cases[c].shift;
        }
        assay_moments got = assay_moments_f64(count, values);
        ck_assert_uint_eq(got.count, count);
        support_assert_relative("mean", got.mean, (n + 1) / 2 + cases[c].shift, 2 * DBL_EPSILON);
        support_assert_relative("variance", got.variance, (n * n - 1) / 12, 1e-13);
        support_assert_relative("kurtosis", got.kurtosis, -1.2 * (n * n + 1) / (n * n - 1), 1e-12);
        ck_assert_double_le(fabs(got.skewness), 1e-12);
        ck_assert_double_eq(got.minimum, 1 + cases[c].shift);
        ck_assert_double_eq(got.maximum, n + cases[c].shift);
        assay_free(values);
    }
}
END_TEST

/* One value of n is 1, at an end or beside a boundary between the blocks that sums are taken in; all others are 0. */
START_TEST(moments_of_one_value)
{
    evidence(EVIDENCE_PROPERTY, "stats/moments_f64");
    static const size_t counts[] = {2, 1023, 1024, 1025, 2048, 2049};
    static double values[2049];
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double n = (double)counts[c];
        const size_t places[] = {0, counts[c] / 2, counts[c] - 1, 1022, 1023, 1024};
        for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
            if (places[k] >= counts[c]) {
                continue;
            }
            values[places[k]] = 1;
            assay_moments got = assay_moments_f64(counts[c], values);
            values[places[k]] = 0;
            ck_assert_double_eq_tol(got.mean, 1 / n, DBL_EPSILON); /* of the largest value */
            support_assert_relative("variance", got.variance, (n - 1) / (n * n), 1e-13);
            ck_assert(got.minimum == 0 && got.maximum == 1);
        }
    }
}
END_TEST

/* Float samples are summed in double: the same moments as the same values in double, to the last bit. */
START_TEST(moments_of_floats)
{
    evidence(EVIDENCE_PROPERTY, "stats/moments_f32");
    size_t count = 5000;
    double *values = normal_sample(count, 1e4, 1);
    float *floats = assay_calloc(count, sizeof *floats, NULL);
    for (size_t i = 0; i < count; i++) {
        floats[i] = (float)values[i];
        values[i] = (double)floats[i];
    }
    assay_moments a = assay_moments_f32(count, floats);
    assay_moments b = assay_moments_f64(count, values);
    ck_assert_double_eq(a.mean, b.mean);
    ck_assert_double_eq(a.variance, b.variance);
    ck_assert_double_eq(a.skewness, b.skewness);
    ck_assert_double_eq(a.kurtosis, b.kurtosis);
    ck_assert_double_eq(a.minimum, b.minimum);
    ck_assert_double_eq(a.maximum, b.maximum);
    assay_free(values);
    assay_free(floats);
}
END_TEST

START_TEST(moments_at_the_ends)
{
    evidence(EVIDENCE_PROPERTY, "stats/moments_f64");
    assay_moments none = assay_moments_f64(0, NULL);
    ck_assert(none.count == 0 && none.mean == 0 && none.variance == 0 && none.skewness == 0 && none.kurtosis == 0);
    ck_assert(none.minimum == 0 && none.maximum == 0);

    /* Ten times 0.1 is not 1 in binary, but the mean of ten equal values must be that value. */
    double tenths[10] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    for (size_t count = 1; count <= 10; count++) {
        assay_moments equal = assay_moments_f64(count, tenths);
        ck_assert_double_eq(equal.mean, 0.1);
        ck_assert(equal.variance == 0 && equal.skewness == 0 && equal.kurtosis == 0);
        ck_assert(equal.minimum == 0.1 && equal.maximum == 0.1);
    }

    for (size_t place = 0; place < 3; place++) {
        double values[3] = {1, 2, 3};
        values[place] = NAN;
        assay_moments nan = assay_moments_f64(3, values);
        ck_assert(nan.count == 3 && isnan(nan.mean) && isnan(nan.variance) && isnan(nan.skewness));
        ck_assert(isnan(nan.kurtosis) && isnan(nan.minimum) && isnan(nan.maximum));
        values[place] = INFINITY;
        assay_moments infinite = assay_moments_f64(3, values);
        ck_assert(isinf(infinite.mean) && isnan(infinite.variance) && isnan(infinite.kurtosis));
        ck_assert(isinf(infinite.maximum) && isfinite(infinite.minimum));
    }
}
END_TEST

/* Fourth powers of 1e-160 and 1e150 are beyond double; kurtosis and skewness do not depend on the scale. */
START_TEST(moments_do_not_depend_on_the_scale)
{
    evidence(EVIDENCE_PROPERTY, "stats/moments_f64");
    static const double shape[5] = {-1, 0, 0.5, 2, 7};
    assay_moments want = assay_moments_f64(5, shape);
    static const double scales[] = {0x1p-1070, 0x1p-530, 0x1p-10, 0x1p300, 0x1p500};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        double values[5];
        for (size_t i = 0; i < 5; i++) {
            values[i] = shape[i] * scales[s];
        }
        assay_moments got = assay_moments_f64(5, values);
        support_assert_relative("skewness", got.skewness, want.skewness, 1e-14);
        support_assert_relative("kurtosis", got.kurtosis, want.kurtosis, 1e-13);
    }
    /* Any two values have skewness 0 and kurtosis 1 - 3, even if the mean rounds to one of them. */
    static const double pairs[][2] = {
        {0, 0x1p-1074}, {-0x1p-1074, 0}, {0, 1.7e308}, {-1.7e308, 0}, {0x1p-1074, 0x1p-1072}, {8.8e307, 8.9e307},
    };
    for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
        assay_moments got = assay_moments_f64(2, pairs[p]);
        ck_assert_msg(fabs(got.skewness) <= 1e-12 && fabs(got.kurtosis + 2) <= 1e-12,
                      "%g, %g: skewness %g, kurtosis %g", pairs[p][0], pairs[p][1], got.skewness, got.kurtosis);
    }
}
END_TEST

/* --- histogram -------------------------------------------------------------------------------------------------- */

static void check_histogram(const char *name, size_t count, const double *values, const json_t *want)
{
    size_t edge_count;
    double *want_edges = numbers(json_object_get(want, "edges"), &edge_count);
    size_t bins;
    double *want_counts = numbers(json_object_get(want, "counts"), &bins);
    ck_assert_uint_eq(edge_count, bins + 1);
    double *edges = assay_calloc(bins + 1, sizeof *edges, NULL);
    size_t *counts = assay_calloc(bins, sizeof *counts, NULL);
    assay_error error;
    support_assert_ok(assay_histogram(count, values, bins, edges, counts, &error), &error);
    for (size_t i = 0; i <= bins; i++) {
        ck_assert_msg(edges[i] == want_edges[i], "%s, %zu bins: edge %zu is %.17g, numpy's %.17g", name, bins, i,
                      edges[i], want_edges[i]);
    }
    for (size_t i = 0; i < bins; i++) {
        ck_assert_msg((double)counts[i] == want_counts[i], "%s, %zu bins: bin %zu has %zu values, numpy's %g", name,
                      bins, i, counts[i], want_counts[i]);
    }
    assay_free(want_edges);
    assay_free(want_counts);
    assay_free(edges);
    assay_free(counts);
}

START_TEST(histograms_are_those_of_numpy)
{
    evidence(EVIDENCE_GOLDEN, "stats/histogram");
    json_t *golden = support_golden("stats_numpy.json");
    size_t index;
    const json_t *sample;
    json_array_foreach(json_object_get(golden, "cases"), index, sample) {
        size_t count;
        double *values = numbers(json_object_get(sample, "values"), &count);
        size_t h;
        const json_t *histogram;
        json_array_foreach(json_object_get(sample, "histograms"), h, histogram) {
            check_histogram(json_string_value(json_object_get(sample, "name")), count, values, histogram);
        }
        assay_free(values);
    }
    json_array_foreach(json_object_get(golden, "constant"), index, sample) {
        double value = number(sample, "value");
        double values[5] = {value, value, value, value, value};
        check_histogram("constant", 5, values, sample);
    }
    json_decref(golden);
}
END_TEST

START_TEST(histogram_edge_cases)
{
    evidence(EVIDENCE_ERRORS, "stats/histogram");
    double edges[5];
    size_t counts[4];
    assay_error error;
    /* A value on an inner edge belongs to the bin above; the maximum to the last bin. */
    double on_edges[5] = {0, 1, 2, 3, 4};
    support_assert_ok(assay_histogram(5, on_edges, 4, edges, counts, &error), &error);
    ck_assert(counts[0] == 1 && counts[1] == 1 && counts[2] == 1 && counts[3] == 2);
    /* A range of two neighbouring numbers still counts every value. */
    double close[3] = {1, 1 + DBL_EPSILON, 1};
    support_assert_ok(assay_histogram(3, close, 4, edges, counts, &error), &error);
    ck_assert_uint_eq(counts[0] + counts[1] + counts[2] + counts[3], 3);

    /* clang-format off */
    static const struct {
        double values[2];
        size_t count, bins;
        assay_status status;
        const char *part;
    /* clang-format off */
    } bad[] = {
        {{1, 2}, 0, 4, ASSAY_ERROR_ARGUMENT, "0 values in 4 bins"},
        {{1, 2}, 2, 0, ASSAY_ERROR_ARGUMENT, "2 values in 0 bins"},
        {{1, NAN}, 2, 4, ASSAY_ERROR_NUMERIC, "value 1 of the sample is nan"},
        {{-INFINITY, 1}, 2, 4, ASSAY_ERROR_NUMERIC, "value 0 of the sample is -inf"},
        {{-1e308, 1e308}, 2, 4, ASSAY_ERROR_NUMERIC, "-1e+308 to 1e+308"},
        {{1e17, 1e17}, 2, 4, ASSAY_ERROR_NUMERIC, "1e+17 to 1e+17"},
        {{0, 5e-324}, 2, 4, ASSAY_ERROR_NUMERIC, "cannot be divided into 4 bins"},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof bad / sizeof *bad; c++) {
        assay_status status = assay_histogram(bad[c].count, bad[c].values, bad[c].bins, edges, counts, &error);
        support_assert_error(status, bad[c].status, &error, bad[c].part);
    }
}
END_TEST

/* Each edge is in the bin above it and the number before it in the bin below, however the edges are rounded. */
START_TEST(edges_divide_the_bins)
{
    evidence(EVIDENCE_PROPERTY, "stats/histogram");
    enum { MOST = 120 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t bins = 2; bins <= MOST; bins++) {
        const double first = gsl_rng_uniform(rng) * pow(10, (double)(bins % 7)) - 3;
        const double last = first + gsl_rng_uniform_pos(rng) * pow(10, (double)(bins % 5) - 2);
        const double ends[] = {first, last};
        double edges[MOST + 1];
        double again[MOST + 1];
        double values[2 * MOST];
        size_t counts[MOST];
        assay_error error;
        support_assert_ok(assay_histogram(2, ends, bins, edges, counts, &error), &error);
        ck_assert(edges[0] == first && edges[bins] == last);
        for (size_t i = 0; i < bins; i++) {
            values[2 * i] = edges[i];
            values[2 * i + 1] = i + 1 < bins ? nextafter(edges[i + 1], first) : last;
        }
        support_assert_ok(assay_histogram(2 * bins, values, bins, again, counts, &error), &error);
        for (size_t i = 0; i < bins; i++) {
            ck_assert_msg(counts[i] == 2, "bin %zu of %zu, %.17g to %.17g: %zu values", i, bins, edges[i], edges[i + 1],
                          counts[i]);
        }
    }
    gsl_rng_free(rng);
}
END_TEST

/* --- kernel density --------------------------------------------------------------------------------------------- */

START_TEST(densities_are_those_of_scipy)
{
    evidence(EVIDENCE_GOLDEN, "stats/kernel_density");
    evidence(EVIDENCE_GOLDEN, "stats/kernel_bandwidth");
    json_t *golden = support_golden("stats_numpy.json");
    double tolerance = number(json_object_get(golden, "tolerances"), "bandwidth");
    size_t index;
    const json_t *sample;
    json_array_foreach(json_object_get(golden, "cases"), index, sample) {
        size_t count;
        size_t points;
        double *values = numbers(json_object_get(sample, "values"), &count);
        double *at = numbers(json_object_get(sample, "points"), &points);
        double *want = numbers(json_object_get(sample, "density"), &points);
        double *got = assay_calloc(points, sizeof *got, NULL);
        double bandwidth = assay_kernel_bandwidth(count, values);
        support_assert_relative("bandwidth", bandwidth, number(sample, "bandwidth"), tolerance);
        assay_error error;
        support_assert_ok(assay_kernel_density(count, values, bandwidth, points, at, got, &error), &error);
        double bound = number(sample, "density_tolerance") * largest_of(points, want);
        for (size_t i = 0; i < points; i++) {
            ck_assert_msg(fabs(got[i] - want[i]) <= bound, "%s: density %.17g at %g, scipy's %.17g",
                          json_string_value(json_object_get(sample, "name")), got[i], at[i], want[i]);
        }
        assay_free(values);
        assay_free(at);
        assay_free(want);
        assay_free(got);
    }
    json_decref(golden);
}
END_TEST

/* The sum of the definition, term by term, in long double. */
static double direct_density(size_t count, const double *values, double bandwidth, double point)
{
    long double sum = 0;
    for (size_t j = 0; j < count; j++) {
        double z = (point - values[j]) / bandwidth;
        sum += (long double)exp(-0.5 * z * z);
    }
    return (double)(sum / ((long double)count * (long double)(bandwidth * sqrt(2 * acos(-1)))));
}

/* The fast transform against the definition, for bandwidths from far below the sample's spread to far above it. */
START_TEST(large_densities_equal_the_direct_sum)
{
    evidence(EVIDENCE_PROPERTY, "stats/kernel_density");
    enum { COUNT = 20000, POINTS = 41 };
    static const double scales[][2] = {{0, 1}, {1e8, 1}, {-3, 1e-12}, {0, 1e12}};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++) {
        double *values = normal_sample(COUNT, scales[s][0], scales[s][1]);
        double scott = assay_kernel_bandwidth(COUNT, values);
        for (double bandwidth = scott / 50; bandwidth < 200 * scott; bandwidth *= 7) {
            double points[POINTS];
            double density[POINTS];
            for (int i = 0; i < POINTS; i++) {
                points[i] = scales[s][0] + (i - POINTS / 2) * 0.3 * scales[s][1];
            }
            assay_error error;
            support_assert_ok(assay_kernel_density(COUNT, values, bandwidth, POINTS, points, density, &error), &error);
            double kernel_peak = 1 / (bandwidth * sqrt(2 * acos(-1)));
            for (int i = 0; i < POINTS; i++) {
                double want = direct_density(COUNT, values, bandwidth, points[i]);
                ck_assert_msg(fabs(density[i] - want) <= 2e-15 * kernel_peak + 1e-13 * want,
                              "scale %zu, bandwidth %g, point %d: %.17g, want %.17g", s, bandwidth, i, density[i],
                              want);
            }
        }
        assay_free(values);
    }
}
END_TEST

/* Points that are closer together than the values: it is the values that have cells. */
START_TEST(densities_between_the_values)
{
    evidence(EVIDENCE_PROPERTY, "stats/kernel_density");
    enum { COUNT = 400, POINTS = 41 };
    double *values = normal_sample(COUNT, 5, 1);
    double points[POINTS];
    double density[POINTS];
    assay_error error;
    for (int i = 0; i < POINTS; i++) {
        points[i] = 5 + 0.01 * (i - POINTS / 2);
    }
    support_assert_ok(assay_kernel_density(COUNT, values, 0.3, POINTS, points, density, &error), &error);
    for (int i = 0; i < POINTS; i++) {
        support_assert_relative("density", density[i], direct_density(COUNT, values, 0.3, points[i]), 1e-13);
    }
    assay_free(values);
}
END_TEST

/* So narrow that cells would need more memory than there is. */
START_TEST(narrow_densities_equal_the_direct_sum)
{
    evidence(EVIDENCE_PROPERTY, "stats/kernel_density");
    enum { COUNT = 120 };
    double *values = normal_sample(COUNT, 0, 1);
    double density[COUNT];
    assay_error error;
    support_assert_ok(assay_kernel_density(COUNT, values, 1e-12, COUNT, values, density, &error), &error);
    for (int i = 0; i < COUNT; i++) {
        support_assert_relative("density", density[i], direct_density(COUNT, values, 1e-12, values[i]), 1e-13);
    }
    assay_free(values);
}
END_TEST

/*
 * Far from the sample the density consists of the expansion alone, and its remainder is known: 13 terms of the
 * generating function exp(z t - t^2 / 2) = sum of He_k(z) t^k / k!, here with the largest t, 1/8, leave He_13(z) t^13 /
 * 13! and a tenth of that (the next terms). With one term less the remainder is ten times as large.
 */
START_TEST(tails_are_as_exact_as_thirteen_terms)
{
    evidence(EVIDENCE_PROPERTY, "stats/kernel_density");
    enum { COUNT = 8192, FIRST_LEFT = 13 };
    double *values = assay_calloc(COUNT, sizeof *values, NULL);
    for (size_t i = 1; i < COUNT; i++) {
        values[i] = 0.125; /* and one at 0, so that 0 is the centre of the only cell */
    }
    const double points[] = {-9.7, -6.5, 5.5, 7, 8, 9, 9.9};
    double density[sizeof points / sizeof *points];
    assay_error error;
    support_assert_ok(assay_kernel_density(COUNT, values, 1, sizeof points / sizeof *points, points, density, &error),
                      &error);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        double before = 0;
        double left = 1; /* He_k(z) t^k / k! */
        for (int k = 0; k < FIRST_LEFT; k++) {
            double next = (points[i] * left - before * 0.125) * 0.125 / (k + 1);
            before = left;
            left = next;
        }
        left *= exp(-0.5 * points[i] * points[i]) / sqrt(2 * acos(-1));
        double want = direct_density(COUNT, values, 1, points[i]);
        ck_assert_msg(fabs(density[i] - want) <= 1.2 * fabs(left) + 1e-13 * want, "at %g: %.17g, want %.17g within %g",
                      points[i], density[i], want, 1.2 * fabs(left));
    }
    assay_free(values);
}
END_TEST

/* The trapezoidal rule converges faster than any power of the step for a sum of Gaussians. */
START_TEST(densities_integrate_to_one)
{
    evidence(EVIDENCE_PROPERTY, "stats/kernel_density");
    static const size_t counts[] = {1, 2, 100, 30000};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        double *values = normal_sample(counts[c], 0.2, 0.5);
        double bandwidth = counts[c] < 2 ? 0.3 : assay_kernel_bandwidth(counts[c], values);
        double step = bandwidth / 2;
        size_t points = (size_t)(8 / step);
        double *at = assay_calloc(points, sizeof *at, NULL);
        double *density = assay_calloc(points, sizeof *density, NULL);
        for (size_t i = 0; i < points; i++) {
            at[i] = -4 + (double)i * step;
        }
        assay_error error;
        support_assert_ok(assay_kernel_density(counts[c], values, bandwidth, points, at, density, &error), &error);
        double integral = 0;
        for (size_t i = 0; i < points; i++) {
            ck_assert_double_ge(density[i], 0);
            integral += density[i] * step;
        }
        ck_assert_msg(fabs(integral - 1) < 1e-12, "%zu values: the integral is %.17g", counts[c], integral);
        assay_free(values);
        assay_free(at);
        assay_free(density);
    }
}
END_TEST

START_TEST(density_of_bad_input)
{
    evidence(EVIDENCE_ERRORS, "stats/kernel_density");
    /* clang-format off */
    static const struct {
        double value, bandwidth, point;
        size_t count;
        assay_status status;
        const char *part;
    /* clang-format off */
    } bad[] = {
        {1, 1, 0, 0, ASSAY_ERROR_ARGUMENT, "0 values"},
        {1, 0, 0, 1, ASSAY_ERROR_ARGUMENT, "bandwidth 0"},
        {1, -1, 0, 1, ASSAY_ERROR_ARGUMENT, "bandwidth -1"},
        {1, NAN, 0, 1, ASSAY_ERROR_ARGUMENT, "bandwidth nan"},
        {1, INFINITY, 0, 1, ASSAY_ERROR_ARGUMENT, "bandwidth inf"},
        {NAN, 1, 0, 1, ASSAY_ERROR_NUMERIC, "value 0 of the sample is nan"},
        {1, 1, INFINITY, 1, ASSAY_ERROR_NUMERIC, "is inf"},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof bad / sizeof *bad; c++) {
        double density;
        assay_error error;
        assay_status status = assay_kernel_density(bad[c].count, &bad[c].value, bad[c].bandwidth, 1, &bad[c].point,
                                                   &density, &error);
        support_assert_error(status, bad[c].status, &error, bad[c].part);
    }
    double same[3] = {2, 2, 2};
    ck_assert_double_eq(assay_kernel_bandwidth(3, same), 0);
    ck_assert_double_eq(assay_kernel_bandwidth(1, same), 0);
    ck_assert_double_eq(assay_kernel_bandwidth(0, same), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tests = tcase_create("stats");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, moments_of_golden_samples);
    tcase_add_test(tests, moments_of_integers);
    tcase_add_test(tests, moments_of_one_value);
    tcase_add_test(tests, moments_of_floats);
    tcase_add_test(tests, moments_at_the_ends);
    tcase_add_test(tests, moments_do_not_depend_on_the_scale);
    tcase_add_test(tests, histograms_are_those_of_numpy);
    tcase_add_test(tests, histogram_edge_cases);
    tcase_add_test(tests, densities_are_those_of_scipy);
    tcase_add_test(tests, large_densities_equal_the_direct_sum);
    tcase_add_test(tests, edges_divide_the_bins);
    tcase_add_test(tests, densities_between_the_values);
    tcase_add_test(tests, narrow_densities_equal_the_direct_sum);
    tcase_add_test(tests, tails_are_as_exact_as_thirteen_terms);
    tcase_add_test(tests, densities_integrate_to_one);
    tcase_add_test(tests, density_of_bad_input);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
