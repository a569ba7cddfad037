#include <assay/stats/moments.h>

#include <math.h>

#include "stats/moments_impl.h"

/* Sums are taken block by block: rounding errors grow with BLOCK + count / BLOCK instead of count. */
enum { BLOCK = 1024 };

/* A sample in one of two precisions; the other pointer is NULL. */
typedef struct {
    const double *f64;
    const float *f32;
} sample;

/* Values [first, first + length) in double: directly, or converted into `buffer`. */
static const double *sample_block(sample values, size_t first, size_t length, double *buffer)
{
    if (values.f64 != NULL) {
        return values.f64 + first;
    }
    for (size_t i = 0; i < length; i++) {
        buffer[i] = (double)values.f32[first + i];
    }
    return buffer;
}

static size_t block_length(size_t first, size_t count)
{
    return count - first < BLOCK ? count - first : BLOCK;
}

/* First pass: mean, minimum and maximum. Returns false if the sample contains a NaN. */
static bool mean_and_range(size_t count, sample values, assay_moments *moments)
{
    double buffer[BLOCK];
    double total = 0;
    double minimum = INFINITY;
    double maximum = -INFINITY;
    bool has_nan = false;
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t length = block_length(first, count);
        const double *x = sample_block(values, first, length, buffer);
        double sum = 0;
        for (size_t i = 0; i < length; i++) {
            sum += x[i];
            minimum = x[i] < minimum ? x[i] : minimum;
            maximum = x[i] > maximum ? x[i] : maximum;
            has_nan |= isnan(x[i]) != 0;
        }
        total += sum;
    }
    moments->mean = total / (double)count;
    moments->minimum = minimum;
    moments->maximum = maximum;
    return !has_nan;
}

/* Second pass: the mean powers 1 to 4 of (x - centre) * scale. */
static void mean_powers(size_t count, sample values, double centre, double scale, double powers[4])
{
    double buffer[BLOCK];
    double total[4] = {0};
    for (size_t first = 0; first < count; first += BLOCK) {
        size_t length = block_length(first, count);
        const double *x = sample_block(values, first, length, buffer);
        double sum[4] = {0};
        for (size_t i = 0; i < length; i++) {
            double t = (x[i] - centre) * scale;
            double t2 = t * t;
            sum[0] += t;
            sum[1] += t2;
            sum[2] += t2 * t;
            sum[3] += t2 * t2;
        }
        for (int p = 0; p < 4; p++) {
            total[p] += sum[p];
        }
    }
    for (int p = 0; p < 4; p++) {
        powers[p] = total[p] / (double)count;
    }
}

bool assay_moments_begin(assay_moments *moments, bool has_nan, double *scale)
{
    if (has_nan) {
        *moments = (assay_moments){moments->count, NAN, NAN, NAN, NAN, NAN, NAN};
        return false;
    }
    if (!isfinite(moments->mean)) { /* the sample contains an infinity, or its sum overflows */
        moments->variance = moments->skewness = moments->kurtosis = NAN;
        return false;
    }
    if (moments->minimum == moments->maximum) {
        moments->mean = moments->minimum; /* exact, which sum / count need not be */
        return false;
    }
    int exponent;
    frexp(fmax(moments->maximum - moments->mean, moments->mean - moments->minimum), &exponent);
    *scale = ldexp(1, exponent < -1022 ? 1022 : -exponent);
    return true;
}

/*
 * Chan, Golub, LeVeque, "Algorithms for computing the sample variance" (1983): the mean of the first pass is rounded,
 * so the first power is not exactly 0. It corrects the mean and the higher moments.
 */
void assay_moments_end(assay_moments *moments, double scale, const double power[4])
{
    double d = power[0];
    double m2 = power[1] - d * d;
    double m3 = power[2] - 3 * d * power[1] + 2 * d * d * d;
    double m4 = power[3] - 4 * d * power[2] + 6 * d * d * power[1] - 3 * d * d * d * d;
    moments->mean += d / scale;
    moments->variance = m2 / scale / scale;
    moments->skewness = m3 / (m2 * sqrt(m2));
    moments->kurtosis = m4 / (m2 * m2) - 3;
}

static assay_moments moments_of(size_t count, sample values)
{
    assay_moments moments = {.count = count};
    if (count == 0) {
        return moments;
    }
    bool has_nan = !mean_and_range(count, values, &moments);
    double scale;
    if (assay_moments_begin(&moments, has_nan, &scale)) {
        double power[4];
        mean_powers(count, values, moments.mean, scale, power);
        assay_moments_end(&moments, scale, power);
    }
    return moments;
}

assay_moments assay_moments_f64(size_t count, const double *values)
{
    return moments_of(count, (sample){.f64 = values});
}

assay_moments assay_moments_f32(size_t count, const float *values)
{
    return moments_of(count, (sample){.f32 = values});
}
