#include <assay/stats/inference.h>

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include "base/order.h"

/* --- the normal distribution ----------------------------------------------------------------------------------- */

double assay_normal_cumulative(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double polynomial(const double *coefficients, double x)
{
    double sum = 0;
    for (int i = 7; i >= 0; i--) {
        sum = sum * x + coefficients[i];
    }
    return sum;
}

/* AS 241: rational functions of p - 1/2 in the middle and of sqrt(-log p) in the tails, numerator then denominator. */
static const double middle[2][8] = {
    {3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3},
    {1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4,
     3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3},
};
static const double near_tail[2][8] = {
    {1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550, 3.64784832476320460504,
     1.27045825245236838258, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4},
    {1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9},
};
static const double far_tail[2][8] = {
    {6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580, 2.96560571828504891230e-1,
     2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7},
    {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15},
};

/* The quantile of a lower tail probability p <= 1/2, so that no digit of a small p is lost. */
static double lower_quantile(double p)
{
    double q = p - 0.5;
    double x;
    if (q >= -0.425) {
        double r = 0.180625 - q * q;
        x = q * polynomial(middle[0], r) / polynomial(middle[1], r);
    } else {
        double r = sqrt(-log(p));
        x = r <= 5 ? -polynomial(near_tail[0], r - 1.6) / polynomial(near_tail[1], r - 1.6)
                   : -polynomial(far_tail[0], r - 5) / polynomial(far_tail[1], r - 5);
    }
    double density = exp(-0.5 * x * x) / sqrt(2 * M_PI);
    return x - (assay_normal_cumulative(x) - p) / density;
}

double assay_normal_quantile(double p)
{
    if (!(p >= 0 && p <= 1)) {
        return NAN;
    }
    if (p == 0 || p == 1) {
        return p == 0 ? -INFINITY : INFINITY;
    }
    return p <= 0.5 ? lower_quantile(p) : -lower_quantile(1 - p);
}

/* --- resampling ------------------------------------------------------------------------------------------------- */

void assay_paired_differences(size_t count, const double *a, const double *b, double *differences)
{
    for (size_t i = 0; i < count; i++) {
        differences[i] = a[i] - b[i];
    }
}

double assay_statistic_mean(size_t count, const double *values, void *user)
{
    (void)user;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

static assay_status check_finite(size_t count, const double *values, assay_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC, "value %zu of %zu is %g: a finite number is needed", i + 1,
                              count, values[i]);
        }
    }
    return ASSAY_OK;
}

/* Uniform on 0..count-1; the rejected part of 2^64 would favour small numbers. */
static size_t draw_index(assay_mt19937 *generator, size_t count)
{
    uint64_t rejected = (UINT64_MAX - (uint64_t)count + 1) % (uint64_t)count;
    uint64_t bits;
    do {
        bits = assay_mt19937_random64(generator);
    } while (bits < rejected); /* ASSAY_EXCL_MCDC: fewer than `count` of the 2^64 values are rejected */
    return (size_t)(bits % (uint64_t)count);
}

static void resample(assay_mt19937 *generator, size_t from, const double *values, size_t count, double *drawn)
{
    for (size_t i = 0; i < count; i++) {
        drawn[i] = values[draw_index(generator, from)];
    }
}

/*
 * Efron's equation 6.6: a = sum (m - t_i)^3 / (6 (sum (m - t_i)^2)^(3/2)), where t_i is the statistic without value i
 * and m the mean of all t_i.
 */
static double acceleration(size_t count, const double *values, assay_statistic statistic, void *user, double *without)
{
    double sum = 0;
    double sums[2] = {0, 0};
    double *left_out = without + count;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j + 1 < count; j++) {
            without[j] = values[j < i ? j : j + 1];
        }
        left_out[i] = statistic(count - 1, without, user);
        sum += left_out[i];
    }
    for (size_t i = 0; i < count; i++) {
        double d = sum / (double)count - left_out[i];
        sums[0] += d * d;
        sums[1] += d * d * d;
    }
    return sums[0] > 0 ? sums[1] / (6 * sums[0] * sqrt(sums[0])) : 0;
}

/* The quantile of sorted values at probability p, by linear interpolation between them (R's type 7). */
static double sorted_quantile(size_t count, const double *sorted, double p)
{
    double position = p * (double)(count - 1);
    size_t below = (size_t)position;
    if (below + 1 >= count) {
        return sorted[count - 1];
    }
    return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* Efron's equation 2.3: where a normal quantile z lies after the correction for bias and acceleration. */
static double corrected(double bias, double a, double z)
{
    return assay_normal_cumulative(bias + (bias + z) / (1 - a * (bias + z)));
}

static void bca_limits(size_t resamples, const double *sorted, double a, double confidence, assay_interval *interval)
{
    double below = 0;
    for (size_t i = 0; i < resamples; i++) {
        below += sorted[i] < interval->estimate ? 1 : sorted[i] == interval->estimate ? 0.5 : 0;
    }
    double most = (double)resamples;
    double share = fmin(fmax(below, 0.5), most - 0.5) / most; /* an infinite correction has no limits */
    double bias = assay_normal_quantile(share);
    double z = assay_normal_quantile(0.5 + 0.5 * confidence);
    interval->lower = sorted_quantile(resamples, sorted, corrected(bias, a, -z));
    interval->upper = sorted_quantile(resamples, sorted, corrected(bias, a, z));
}

assay_status assay_bootstrap_interval(size_t count, const double *values, assay_statistic statistic, void *user,
                                      size_t resamples, double confidence, assay_mt19937 *generator,
                                      assay_interval *interval, assay_error *error)
{
    if (count < 2 || resamples < 100 || !(confidence > 0 && confidence < 1)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a bootstrap interval needs 2 values, 100 resamples and a confidence between 0 and 1; it has "
                          "%zu, %zu and %g",
                          count, resamples, confidence);
    }
    ASSAY_TRY(check_finite(count, values, error));
    double *drawn = assay_calloc(2 * count, sizeof *drawn, error);
    double *statistics = drawn != NULL ? assay_calloc(resamples, sizeof *statistics, error) : NULL;
    assay_status status = statistics != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
    if (status == ASSAY_OK) {
        interval->estimate = statistic(count, values, user);
        for (size_t i = 0; i < resamples; i++) {
            resample(generator, count, values, count, drawn);
            statistics[i] = statistic(count, drawn, user);
        }
        status = check_finite(resamples, statistics, error);
    }
    if (status == ASSAY_OK) {
        qsort(statistics, resamples, sizeof *statistics, assay_compare_doubles);
        bca_limits(resamples, statistics, acceleration(count, values, statistic, user, drawn), confidence, interval);
    }
    assay_free(statistics);
    assay_free(drawn);
    return status;
}

/* --- the sign-flip test ------------------------------------------------------------------------------------------ */

/* Sums are compared with a margin: two orders of the same additions must not differ by rounding. */
static bool as_extreme(double sum, double observed, double scale)
{
    return fabs(sum) >= observed - 1e-12 * scale;
}

/* The sum with the signs of one pattern; the last sign stays. */
static double sum_of(size_t count, const double *differences, size_t gray)
{
    double sum = differences[count - 1];
    for (size_t i = 0; i + 1 < count; i++) {
        sum += (gray >> i & 1) != 0 ? -differences[i] : differences[i];
    }
    return sum;
}

/*
 * All patterns in Gray's order, in which neighbours differ in one sign; by symmetry the last sign stays. Every 256th
 * sum is taken anew, so that rounding errors stay far below as_extreme's margin.
 */
static size_t count_all(size_t count, const double *differences, double observed, double scale)
{
    size_t extreme = 0;
    double sum = 0.0;
    for (size_t pattern = 0; pattern < (size_t)1 << (count - 1); pattern++) {
        size_t gray = pattern ^ (pattern >> 1);
        if (pattern % 256 == 0) {
            sum = sum_of(count, differences, gray);
        } else {
            size_t changed = 0; /* the lowest bit that is set in `pattern` */
            while ((pattern >> changed & 1) == 0) {
                changed++;
            }
            sum += (gray >> changed & 1) != 0 ? -2.0 * differences[changed] : 2.0 * differences[changed];
        }
        extreme += as_extreme(sum, observed, scale) ? 2 : 0;
    }
    return extreme;
}

/* How many differences' signs one byte of random bits decides, and the sums that it can give. */
enum { SIGNS = 8, SUMS = 1 << SIGNS };

/* sums[SUMS k + byte]: of differences 8 k to 8 k + 7, where bit j of the byte negates difference 8 k + j. */
static void sum_bytes(size_t count, const double *differences, double *sums)
{
    for (size_t first = 0; first < count; first += SIGNS) {
        for (size_t byte = 0; byte < SUMS; byte++) {
            double sum = 0.0;
            for (size_t j = 0; j < SIGNS && first + j < count; j++) {
                sum += (byte >> j & 1) != 0 ? -differences[first + j] : differences[first + j];
            }
            *sums++ = sum;
        }
    }
}

static assay_status count_random(size_t count, const double *differences, size_t flips, assay_mt19937 *generator,
                                 double observed, double scale, size_t *extreme, assay_error *error)
{
    size_t bytes = (count + SIGNS - 1) / SIGNS;
    double *sums = assay_calloc(bytes * SUMS, sizeof *sums, error);
    if (sums == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    sum_bytes(count, differences, sums);
    *extreme = 0;
    for (size_t flip = 0; flip < flips; flip++) {
        double sum = 0;
        uint32_t bits = 0;
        for (size_t k = 0; k < bytes; k++) {
            bits = k % 4 == 0 ? assay_mt19937_random32(generator) : bits >> SIGNS;
            sum += sums[SUMS * k + bits % SUMS];
        }
        *extreme += as_extreme(sum, observed, scale) ? 1 : 0;
    }
    assay_free(sums);
    return ASSAY_OK;
}

assay_status assay_sign_flip_test(size_t count, const double *differences, size_t flips, assay_mt19937 *generator,
                                  assay_sign_flip_result *result, assay_error *error)
{
    if (count == 0 || flips == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a sign-flip test needs differences and flips; it has %zu and %zu", count, flips);
    }
    ASSAY_TRY(check_finite(count, differences, error));
    double sum = 0;
    double scale = 0;
    for (size_t i = 0; i < count; i++) {
        sum += differences[i];
        scale += fabs(differences[i]);
    }
    result->exact = count < 8 * sizeof flips && (size_t)1 << count <= flips;
    if (result->exact) {
        result->flips = (size_t)1 << count;
        result->p = (double)count_all(count, differences, fabs(sum), scale) / (double)result->flips;
    } else {
        size_t extreme;
        ASSAY_TRY(count_random(count, differences, flips, generator, fabs(sum), scale, &extreme, error));
        result->flips = flips;
        result->p = (1 + (double)extreme) / (1 + (double)flips);
    }
    return ASSAY_OK;
}

/* --- several tests ------------------------------------------------------------------------------------------------ */

typedef struct {
    double p;
    size_t index;
} ranked;

static int compare_ranked(const void *a, const void *b)
{
    return assay_compare_doubles(&((const ranked *)a)->p, &((const ranked *)b)->p);
}

assay_status assay_holm(size_t count, const double *p, double *adjusted, assay_error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (!(p[i] >= 0 && p[i] <= 1)) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "p-value %zu of %zu is %g: it must be between 0 and 1",
                              i + 1, count, p[i]);
        }
    }
    ranked *order = assay_calloc(count > 0 ? count : 1, sizeof *order, error);
    if (order == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        order[i] = (ranked){p[i], i};
    }
    qsort(order, count, sizeof *order, compare_ranked);
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = fmin(1, fmax(largest, (double)(count - i) * order[i].p));
        adjusted[order[i].index] = largest;
    }
    assay_free(order);
    return ASSAY_OK;
}

/* --- power -------------------------------------------------------------------------------------------------------- */

/* The test gets a generator of its own: however much it draws, the next experiment is the same for every effect. */
static assay_status rejects(const assay_power_plan *plan, const double *differences, assay_mt19937 *generator,
                            bool *rejected, assay_error *error)
{
    assay_mt19937 flips;
    assay_mt19937_seed(&flips, assay_mt19937_random64(generator));
    assay_sign_flip_result result;
    ASSAY_TRY(assay_sign_flip_test(plan->count, differences, plan->flips, &flips, &result, error));
    *rejected = result.p <= plan->alpha;
    return ASSAY_OK;
}

static assay_status simulate(const assay_power_plan *plan, size_t residual_count, const double *residuals,
                             double effect, assay_mt19937 *generator, double *drawn, double *power, assay_error *error)
{
    double mean = assay_statistic_mean(residual_count, residuals, NULL);
    size_t found = 0;
    for (size_t experiment = 0; experiment < plan->experiments; experiment++) {
        bool rejected;
        resample(generator, residual_count, residuals, plan->count, drawn);
        for (size_t i = 0; i < plan->count; i++) {
            drawn[i] += effect - mean;
        }
        ASSAY_TRY(rejects(plan, drawn, generator, &rejected, error));
        found += rejected ? 1 : 0;
    }
    *power = (double)found / (double)plan->experiments;
    return ASSAY_OK;
}

assay_status assay_sign_flip_power(const assay_power_plan *plan, size_t residual_count, const double *residuals,
                                   double effect, assay_mt19937 *generator, double *power, assay_error *error)
{
    if (plan->count == 0 || plan->experiments == 0 || residual_count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a power needs pairs, experiments and residuals; it has %zu, %zu and %zu", plan->count,
                          plan->experiments, residual_count);
    }
    ASSAY_TRY(check_finite(residual_count, residuals, error));
    double *drawn = assay_calloc(plan->count, sizeof *drawn, error);
    if (drawn == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = simulate(plan, residual_count, residuals, effect, generator, drawn, power, error);
    assay_free(drawn);
    return status;
}

/* On a copy of the generator, so that every effect has the same experiments and the power grows with the effect. */
static assay_status power_of(const assay_power_plan *plan, size_t residual_count, const double *residuals,
                             double effect, const assay_mt19937 *generator, double *power, assay_error *error)
{
    assay_mt19937 copy = *generator;
    return assay_sign_flip_power(plan, residual_count, residuals, effect, &copy, power, error);
}

assay_status assay_smallest_effect(const assay_power_plan *plan, size_t residual_count, const double *residuals,
                                   double power, const assay_mt19937 *generator, double *effect, assay_error *error)
{
    if (!(power > plan->alpha && power < 1)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a power of %g cannot be asked for: it must lie between the level %g and 1", power,
                          plan->alpha);
    }
    double spread = 0;
    double mean = residual_count > 0 ? assay_statistic_mean(residual_count, residuals, NULL) : 0;
    for (size_t i = 0; i < residual_count; i++) {
        spread = fmax(spread, fabs(residuals[i] - mean));
    }
    double low = 0;
    double high = 2 * spread; /* every difference then has the sign of the effect: the largest power that there is */
    double reached;
    ASSAY_TRY(power_of(plan, residual_count, residuals, high > 0 ? high : 1, generator, &reached, error));
    if (reached < power || high == 0) {
        *effect = reached < power ? INFINITY : 0;
        return ASSAY_OK;
    }
    while (high - low > 0.01 * high) {
        double middle_effect = 0.5 * (low + high);
        ASSAY_TRY(power_of(plan, residual_count, residuals, middle_effect, generator, &reached, error));
        *(reached < power ? &low : &high) = middle_effect;
    }
    *effect = high;
    return ASSAY_OK;
}
