#include "grade/distribution.h"

#include <math.h>
#include <stdio.h>

#include "stats/moments.h"

/* The two-sided normal quantile of 1e-12, and log(2 / 1e-12). */
#define QUANTILE 7.131
#define LOG_ALARM 28.324

static double normal_distribution(double x, double std)
{
    return 0.5 * erfc(-x / (std * sqrt(2.0)));
}

static double uniform_distribution(double x, double lower, double upper)
{
    return x <= lower ? 0.0 : x >= upper ? 1.0 : (x - lower) / (upper - lower);
}

typedef enum { SHAPE_NORMAL, SHAPE_UNIFORM, SHAPE_POSITIVE } shape_kind;

static double distribution_at(shape_kind shape, double value, double x)
{
    switch (shape) {
    case SHAPE_UNIFORM: return uniform_distribution(x, -sqrt(3.0) * value, sqrt(3.0) * value);
    case SHAPE_POSITIVE: return uniform_distribution(x, 0.0, value);
    default: return normal_distribution(x, value);
    }
}

static bool shape_fits(shape_kind shape, double value, size_t count, const double *sorted)
{
    double n = (double)count;
    double worst = 0.0;
    for (size_t i = 0; i < count; i++) {
        double theory = distribution_at(shape, value, sorted[i]);
        worst = fmax(worst, fmax((double)(i + 1) / n - theory, theory - (double)i / n));
    }
    return worst < sqrt(LOG_ALARM / (2.0 * n));
}

static bool moments_fit(double std, double kurtosis, size_t count, const double *values)
{
    assay_moments moments = assay_moments_f64(count, values);
    double root = sqrt((double)count);
    double variance = std * std;
    bool mean_fits = fabs(moments.mean) < QUANTILE * std / root;
    /* The normal approximation of a sample variance is good from a few hundred values on. */
    bool variance_fits =
        count < 500 || fabs(moments.variance - variance) < QUANTILE * variance * sqrt(kurtosis + 2.0) / root;
    return mean_fits && variance_fits;
}

bool assay_grade_distribution_fits(grade_distribution hypothesis, size_t count, const double *sorted)
{
    double value = hypothesis.value;
    if (hypothesis.kind == GRADE_RANDOM) {
        return sorted[0] != sorted[count - 1];
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(sorted[i])) {
            return false;
        }
    }
    bool normal = moments_fit(value, 0.0, count, sorted) && shape_fits(SHAPE_NORMAL, value, count, sorted);
    switch (hypothesis.kind) {
    case GRADE_CONSTANT: /* a float32 constant is as good as a double one */
        return fabs(sorted[0] - value) <= 1e-6 * fabs(value) && fabs(sorted[count - 1] - value) <= 1e-6 * fabs(value);
    case GRADE_NORMAL:
        return normal;
    case GRADE_POSITIVE:
        return shape_fits(SHAPE_POSITIVE, value, count, sorted);
    default:
        return normal || (moments_fit(value, -1.2, count, sorted) && shape_fits(SHAPE_UNIFORM, value, count, sorted));
    }
}

void assay_grade_distribution_text(grade_distribution hypothesis, char *text, size_t size)
{
    double value = hypothesis.value;
    switch (hypothesis.kind) {
    case GRADE_CONSTANT: snprintf(text, size, "every value %.6g", value); break;
    case GRADE_NORMAL: snprintf(text, size, "a normal distribution of mean 0 and standard deviation %.5g", value); break;
    case GRADE_EITHER: snprintf(text, size, "mean 0 and standard deviation %.5g, normal or uniform", value); break;
    case GRADE_POSITIVE: snprintf(text, size, "a uniform distribution between 0 and %.5g", value); break;
    case GRADE_RANDOM: snprintf(text, size, "random values"); break;
    }
}
