#include "grade/distribution.h"

#include <math.h>
#include <stdio.h>

#include <assay/stats/goodness_of_fit.h>

/* The two-sided normal quantile of 1e-12, and log(2 / 1e-12). */
#define QUANTILE 7.131
#define LOG_ALARM 28.324

/* Below this many values a sample variance is not normal enough for its quantile; the shape is tested alone. */
enum { ENOUGH_FOR_VARIANCE = 500 };

static bool drawn_from(assay_distribution distribution, size_t count, const double *values)
{
    double statistic;
    assay_moments sample = assay_moments_f64(count, values);
    assay_moments wanted = assay_distribution_moments(distribution);
    if (fabs(assay_mean_z(&sample, &wanted)) > QUANTILE ||
        (count >= ENOUGH_FOR_VARIANCE && fabs(assay_variance_z(&sample, &wanted)) > QUANTILE)) {
        return false;
    }
    return assay_kolmogorov_smirnov(count, values, assay_distribution_cumulative, &distribution, &statistic, NULL) ==
               ASSAY_OK &&
           statistic < sqrt(LOG_ALARM / (2.0 * (double)count));
}

static bool constant(double value, size_t count, const double *values)
{
    for (size_t i = 0; i < count; i++) { /* a float32 constant is as good as a double one */
        if (!(fabs(values[i] - value) <= 1e-6 * fabs(value))) {
            return false;
        }
    }
    return true;
}

static bool all_finite(size_t count, const double *values)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return false;
        }
    }
    return true;
}

bool assay_grade_distribution_fits(grade_distribution hypothesis, size_t count, const double *values)
{
    double value = hypothesis.value;
    double bound = sqrt(3.0) * value;
    if (!all_finite(count, values)) {
        return false;
    }
    switch (hypothesis.kind) {
    case GRADE_CONSTANT: return constant(value, count, values);
    case GRADE_RANDOM: return !constant(values[0], count, values);
    case GRADE_POSITIVE: return drawn_from((assay_distribution){ASSAY_UNIFORM, 0.0, value}, count, values);
    case GRADE_NORMAL: return drawn_from((assay_distribution){ASSAY_NORMAL, 0.0, value}, count, values);
    default:
        return drawn_from((assay_distribution){ASSAY_NORMAL, 0.0, value}, count, values) ||
               drawn_from((assay_distribution){ASSAY_UNIFORM, -bound, bound}, count, values);
    }
}

void assay_grade_distribution_text(grade_distribution hypothesis, char *text, size_t size)
{
    double value = hypothesis.value;
    switch (hypothesis.kind) {
    case GRADE_CONSTANT: snprintf(text, size, "every value %.6g", value); break;
    case GRADE_NORMAL:
        snprintf(text, size, "a normal distribution of mean 0 and standard deviation %.5g", value);
        break;
    case GRADE_EITHER: snprintf(text, size, "mean 0 and standard deviation %.5g, normal or uniform", value); break;
    case GRADE_POSITIVE: snprintf(text, size, "a uniform distribution between 0 and %.5g", value); break;
    case GRADE_RANDOM: snprintf(text, size, "random values"); break;
    }
}
