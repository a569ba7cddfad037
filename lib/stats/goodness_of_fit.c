#include <assay/stats/goodness_of_fit.h>

#include <math.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include "random/standard.h"
#include "stats/range.h"
#include "base/order.h"

double assay_distribution_cumulative(double x, void *user)
{
    const assay_distribution *distribution = user;
    if (distribution->kind == ASSAY_UNIFORM) {
        return fmin(fmax((x - distribution->a) / (distribution->b - distribution->a), 0), 1);
    }
    double z = (x - distribution->a) / distribution->b;
    return assay_standard_distribution_of(distribution->kind)->cumulative(z);
}

assay_moments assay_distribution_moments(assay_distribution distribution)
{
    double a = distribution.a;
    double b = distribution.b;
    if (distribution.kind == ASSAY_UNIFORM) {
        return (assay_moments){.mean = (a + b) / 2, .variance = (b - a) * (b - a) / 12, .kurtosis = -1.2};
    }
    double kurtosis = assay_standard_distribution_of(distribution.kind)->kurtosis;
    return (assay_moments){.mean = a, .variance = b * b, .kurtosis = kurtosis};
}

/* F(values[i]) into a new array; the caller frees it. */
static assay_status transform(size_t count, const double *values, assay_distribution_function function, void *user,
                              double **transformed, assay_error *error)
{
    if (count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a test of fit for a sample of 0 values: give at least one");
    }
    double minimum;
    double maximum;
    ASSAY_TRY(assay_finite_range(count, values, &minimum, &maximum, error));
    double *probability = assay_calloc(count, sizeof *probability, error);
    if (probability == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        probability[i] = function(values[i], user);
        if (!(probability[i] >= 0 && probability[i] <= 1)) {
            assay_status status = assay_fail(error, ASSAY_ERROR_NUMERIC,
                                             "the distribution function is %g at %g: it "
                                             "must be between 0 and 1",
                                             probability[i], values[i]);
            assay_free(probability);
            return status;
        }
    }
    *transformed = probability;
    return ASSAY_OK;
}

static bool is_sorted(size_t count, const double *values)
{
    for (size_t i = 1; i < count; i++) {
        if (values[i] < values[i - 1]) {
            return false;
        }
    }
    return true;
}

assay_status assay_kolmogorov_smirnov(size_t count, const double *values, assay_distribution_function function,
                                      void *user, double *statistic, assay_error *error)
{
    double *probability = NULL;
    ASSAY_TRY(transform(count, values, function, user, &probability, error));
    if (!is_sorted(count, probability)) { /* as those of sorted values are, since F is monotone */
        qsort(probability, count, sizeof *probability, assay_compare_doubles);
    }
    double n = (double)count;
    double distance = 0;
    for (size_t i = 0; i < count; i++) {
        /* The empirical function jumps from i / n to (i + 1) / n here. */
        double above = (double)(i + 1) / n - probability[i];
        double below = probability[i] - (double)i / n;
        distance = fmax(distance, fmax(above, below));
    }
    *statistic = distance;
    assay_free(probability);
    return ASSAY_OK;
}

static double pearson(size_t cells, const size_t *observed, double expected)
{
    double sum = 0;
    for (size_t c = 0; c < cells; c++) {
        double excess = (double)observed[c] - expected;
        sum += excess * excess / expected;
    }
    return sum;
}

assay_status assay_chi_square(size_t count, const double *values, size_t cells, assay_distribution_function function,
                              void *user, double *statistic, assay_error *error)
{
    if (cells < 2 || count / 5 < cells) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a chi-square test of %zu values in %zu cells: give at least "
                          "two cells and five values a cell",
                          count, cells);
    }
    double *probability = NULL;
    ASSAY_TRY(transform(count, values, function, user, &probability, error));
    size_t *observed = assay_calloc(cells, sizeof *observed, error);
    if (observed == NULL) {
        assay_free(probability);
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        size_t cell = (size_t)(probability[i] * (double)cells);
        observed[cell < cells ? cell : cells - 1]++;
    }
    *statistic = pearson(cells, observed, (double)count / (double)cells);
    assay_free(observed);
    assay_free(probability);
    return ASSAY_OK;
}

double assay_mean_z(const assay_moments *sample, const assay_moments *wanted)
{
    return (sample->mean - wanted->mean) / sqrt(wanted->variance / (double)sample->count);
}

double assay_variance_z(const assay_moments *sample, const assay_moments *wanted)
{
    double shift = sample->mean - wanted->mean;
    double mean_square = sample->variance + shift * shift;
    double deviation = wanted->variance * sqrt((wanted->kurtosis + 2) / (double)sample->count);
    return (mean_square - wanted->variance) / deviation;
}

double assay_serial_z(size_t count, const double *values, size_t lag, const assay_moments *wanted)
{
    if (lag == 0 || lag >= count) {
        return NAN;
    }
    double sum = 0;
    for (size_t i = 0; i + lag < count; i++) {
        sum += (values[i] - wanted->mean) * (values[i + lag] - wanted->mean);
    }
    return sum / (wanted->variance * sqrt((double)(count - lag)));
}
