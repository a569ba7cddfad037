#include "grade/distribution.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/stats/goodness_of_fit.h>
#include "base/order.h"

/* The two-sided normal quantile of 1e-12, and log(2 / 1e-12). */
#define QUANTILE 7.131
#define LOG_ALARM 28.324

/* Below this many values a sample variance is not normal enough for its quantile. */
enum { ENOUGH_FOR_VARIANCE = 500 };

/* N(0, 1) without what lies beyond 2: its probability within, its variance and its excess kurtosis. */
#define CUT 2.0
#define WITHIN 0.95449973610364159
#define TRUNCATED_VARIANCE 0.77374130354992320
#define TRUNCATED_KURTOSIS (-0.63446328)
/* |N(0, 1)| */
#define HALF_MEAN 0.79788456080286536
#define HALF_KURTOSIS 0.86917730

/* cos(2 pi u) sqrt(-2 log u), by integration; and as many of its quantiles as its comparison needs. */
#define ONE_UNIFORM_MEAN 0.056367028
#define ONE_UNIFORM_VARIANCE 1.115564829
#define ONE_UNIFORM_KURTOSIS 0.61859033
enum { QUANTILES = 2048 };

/* The law of a hypothesis with the scale 1, and its moments. */
typedef struct {
    double (*cumulative)(double x); /* NULL: by quantiles of one_uniform() */
    double lower;                   /* the support; an infinity where there is no end */
    double upper;
    double mean;
    double variance;
    double kurtosis;
} law;

static double normal_cumulative(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

static double uniform_cumulative(double x)
{
    return fmin(fmax(0.5 * (x + 1.0), 0.0), 1.0);
}

static double truncated_cumulative(double x)
{
    return fmin(fmax((normal_cumulative(x) - 0.5 * (1.0 - WITHIN)) / WITHIN, 0.0), 1.0);
}

static double positive_cumulative(double x)
{
    return fmin(fmax(x, 0.0), 1.0);
}

static double half_cumulative(double x)
{
    return x <= 0.0 ? 0.0 : erf(x / sqrt(2.0));
}

static const law normal_law = {normal_cumulative, -HUGE_VAL, HUGE_VAL, 0.0, 1.0, 0.0};
static const law uniform_law = {uniform_cumulative, -1.0, 1.0, 0.0, 1.0 / 3.0, -1.2};
static const law truncated_law = {truncated_cumulative, -CUT, CUT, 0.0, TRUNCATED_VARIANCE, TRUNCATED_KURTOSIS};
static const law positive_law = {positive_cumulative, 0.0, 1.0, 0.5, 1.0 / 12.0, -1.2};
static const law half_law = {half_cumulative, 0.0, HUGE_VAL, HALF_MEAN, 1.0 - HALF_MEAN *HALF_MEAN, HALF_KURTOSIS};

static double shifted_cumulative(double x)
{
    return normal_cumulative(x - 6.0);
}

static const law shifted_law = {shifted_cumulative, 0.0, 12.0, 6.0, 1.0, -0.1};
static const law one_uniform_law = {
    NULL, -HUGE_VAL, HUGE_VAL, ONE_UNIFORM_MEAN, ONE_UNIFORM_VARIANCE, ONE_UNIFORM_KURTOSIS};

/* -2 log u cos(2 pi v): the angle is integrated by the midpoint rule. */
static double rootless_cumulative(double x)
{
    enum { ANGLES = 64 };
    double beyond = 0.0;
    for (int k = 0; k < ANGLES; k++) {
        beyond += exp(-0.5 * fabs(x) / cos(1.5707963267948966 * (k + 0.5) / ANGLES)) / (2.0 * ANGLES);
    }
    return x < 0.0 ? beyond : 1.0 - beyond;
}

static const law rootless_law = {rootless_cumulative, -HUGE_VAL, HUGE_VAL, 0.0, 4.0, 6.0};

typedef struct {
    const law *of;
    double scale;
    double shift;
    double quantiles[QUANTILES]; /* where the law has no formula */
} scaled_law;

static double scaled_cumulative(double x, void *user)
{
    const scaled_law *scaled = user;
    if (scaled->of->cumulative != NULL) {
        return scaled->of->cumulative((x - scaled->shift) / scaled->scale);
    }
    size_t low = 0;
    size_t high = QUANTILES;
    while (low < high) {
        size_t middle = (low + high) / 2;
        *(scaled->quantiles[middle] * scaled->scale < x ? &low : &high) = scaled->quantiles[middle] * scaled->scale < x
                                                                              ? middle + 1
                                                                              : middle;
    }
    return (double)low / QUANTILES;
}

static void fill_quantiles(scaled_law *scaled)
{
    for (size_t k = 0; k < QUANTILES; k++) {
        double u = ((double)k + 0.5) / QUANTILES;
        scaled->quantiles[k] = sqrt(-2.0 * log(u)) * cos(6.283185307179586 * u);
    }
    qsort(scaled->quantiles, QUANTILES, sizeof(double), assay_compare_doubles);
}

/*
 * The variance of a small sample by the Chernoff bound for a normal one, which holds for laws with lighter tails, too:
 * P(T >= r variance) and P(T <= r variance) are at most exp(-n (r - 1 - log r) / 2), T the mean square about the mean.
 */
static bool variance_possible(const assay_moments *sample, const assay_moments *wanted)
{
    double about = sample->mean - wanted->mean;
    double r = (sample->variance + about * about) / wanted->variance;
    return r > 0.0 && 0.5 * (double)sample->count * (r - 1.0 - log(r)) <= LOG_ALARM;
}

/* `shift` is added to the law's values. */
static bool drawn_around(const law *of, double scale, double shift, size_t count, const double *values,
                         const assay_moments *sample, double *z)
{
    double statistic;
    double slack = 1e-6; /* of float32 */
    scaled_law scaled = {.of = of, .scale = scale, .shift = shift};
    assay_moments wanted = {
        .mean = scale * of->mean + shift, .variance = scale * scale * of->variance, .kurtosis = of->kurtosis};
    *z = assay_variance_z(sample, &wanted);
    if (sample->minimum - shift < scale * (of->lower - slack) ||
        sample->maximum - shift > scale * (of->upper + slack) || fabs(assay_mean_z(sample, &wanted)) > QUANTILE ||
        (count >= ENOUGH_FOR_VARIANCE ? fabs(*z) > QUANTILE : !variance_possible(sample, &wanted))) {
        return false;
    }
    if (of->cumulative == NULL) {
        fill_quantiles(&scaled);
    }
    return assay_kolmogorov_smirnov(count, values, scaled_cumulative, &scaled, &statistic, NULL) == ASSAY_OK &&
           statistic < sqrt(LOG_ALARM / (2.0 * (double)count));
}

static bool drawn_from(const law *of, double scale, size_t count, const double *values, const assay_moments *sample,
                       double *z)
{
    return drawn_around(of, scale, 0.0, count, values, sample, z);
}

/* The three laws of GRADE_EITHER about the sample's own mean, which is not 0. */
static bool drawn_off_centre(double std, size_t count, const double *values, const assay_moments *sample, double *z)
{
    /* The estimated mean of a uniform sample may leave its ends outside: as far as such a mean errs. */
    static const law loose_uniform = {uniform_cumulative, -1.1, 1.1, 0.0, 1.0 / 3.0, -1.2};
    static const law loose_truncated = {truncated_cumulative, -CUT - 0.2,        CUT + 0.2, 0.0,
                                        TRUNCATED_VARIANCE,   TRUNCATED_KURTOSIS};
    const assay_moments centred = {.mean = 0.0, .variance = std * std};
    double mean = sample->mean;
    return fabs(assay_mean_z(sample, &centred)) > QUANTILE &&
           (drawn_around(&normal_law, std, mean, count, values, sample, z) ||
            drawn_around(&loose_uniform, sqrt(3.0) * std, mean, count, values, sample, z) ||
            drawn_around(&loose_truncated, std / sqrt(TRUNCATED_VARIANCE), mean, count, values, sample, z));
}

static bool constant(double value, const assay_moments *sample)
{
    double slack = 1e-6 * fabs(value); /* a float32 constant is as good as a double one */
    return fabs(sample->minimum - value) <= slack && fabs(sample->maximum - value) <= slack;
}

bool assay_grade_distribution_fits(grade_distribution hypothesis, size_t count, const double *values,
                                   const assay_moments *sample, double *z)
{
    double value = hypothesis.value;
    *z = 0.0;
    if (!isfinite(sample->mean) || !isfinite(sample->variance)) {
        return false;
    }
    switch (hypothesis.kind) {
    case GRADE_CONSTANT: return constant(value, sample);
    case GRADE_ONE_VALUE: return values[0] != 0.0 && constant(values[0], sample);
    case GRADE_RANDOM: return !constant(values[0], sample);
    case GRADE_NORMAL: return drawn_from(&normal_law, value, count, values, sample, z);
    case GRADE_UNIFORM: return drawn_from(&uniform_law, value, count, values, sample, z);
    case GRADE_TRUNCATED: return drawn_from(&truncated_law, value, count, values, sample, z);
    case GRADE_POSITIVE: return drawn_from(&positive_law, value, count, values, sample, z);
    case GRADE_HALF_NORMAL: return drawn_from(&half_law, value, count, values, sample, z);
    case GRADE_SHIFTED: return drawn_from(&shifted_law, value, count, values, sample, z);
    case GRADE_ROOTLESS: return drawn_from(&rootless_law, value, count, values, sample, z);
    case GRADE_OFF_CENTRE: return drawn_off_centre(value, count, values, sample, z);
    case GRADE_ONE_UNIFORM: return drawn_from(&one_uniform_law, value, count, values, sample, z);
    default:
        return drawn_from(&normal_law, value, count, values, sample, z) ||
               drawn_from(&uniform_law, sqrt(3.0) * value, count, values, sample, z) ||
               drawn_from(&truncated_law, value / sqrt(TRUNCATED_VARIANCE), count, values, sample, z);
    }
}

void assay_grade_distribution_text(grade_distribution hypothesis, char *text, size_t size)
{
    double value = hypothesis.value;
    switch (hypothesis.kind) {
    case GRADE_CONSTANT: snprintf(text, size, "every value %.6g", value); break;
    case GRADE_ONE_VALUE: snprintf(text, size, "one value everywhere"); break;
    case GRADE_NORMAL:
        snprintf(text, size, "a normal distribution of mean 0 and standard deviation %.5g", value);
        break;
    case GRADE_UNIFORM: snprintf(text, size, "a uniform distribution between %.5g and %.5g", -value, value); break;
    case GRADE_TRUNCATED:
        snprintf(text, size, "a normal distribution of standard deviation %.5g, cut off at twice that", value);
        break;
    case GRADE_EITHER: snprintf(text, size, "mean 0 and standard deviation %.5g, normal or uniform", value); break;
    case GRADE_POSITIVE: snprintf(text, size, "a uniform distribution between 0 and %.5g", value); break;
    case GRADE_HALF_NORMAL:
        snprintf(text, size, "absolute values of a normal distribution of standard deviation %.5g", value);
        break;
    case GRADE_SHIFTED: snprintf(text, size, "sums of 12 uniform numbers times %.5g", value); break;
    case GRADE_ONE_UNIFORM:
        snprintf(text, size, "Box and Muller's formula with one uniform number, times %.5g", value);
        break;
    case GRADE_ROOTLESS: snprintf(text, size, "Box and Muller's formula without the root, times %.5g", value); break;
    case GRADE_OFF_CENTRE: snprintf(text, size, "a mean that is not 0 and standard deviation %.5g", value); break;
    case GRADE_RANDOM: snprintf(text, size, "random values"); break;
    }
}
