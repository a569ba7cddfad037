/* Moments of a sample, computed in double for every type of sample. */
#ifndef ASSAY_STATS_MOMENTS_H
#define ASSAY_STATS_MOMENTS_H

#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

typedef struct {
    size_t count;
    double mean;
    double variance; /* of the population: divided by n, as numpy.var */
    double skewness; /* 0 where the variance is 0 */
    double kurtosis; /* excess: 0 for a normal distribution; 0 where the variance is 0 */
    double minimum;
    double maximum;
} assay_moments;

/*
 * Two passes: the mean, then the central moments, corrected for the rounding of the mean. For count 0 all fields are 0.
 * A NaN in the sample makes every field but the count NaN; an infinity makes the moments above the mean NaN. For equal
 * values the mean is exact and the variance 0.
 */
assay_moments assay_moments_f64(size_t count, const double *values);
assay_moments assay_moments_f32(size_t count, const float *values);

ASSAY_END_DECLS
#endif
