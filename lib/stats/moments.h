/* Moments of a sample, accumulated in double whatever the sample's type. */
#ifndef ASSAY_STATS_MOMENTS_H
#define ASSAY_STATS_MOMENTS_H

#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

typedef struct {
    size_t count;
    double mean;
    double variance; /* population: divided by n, as numpy.var */
    double skewness; /* 0 where the variance is 0 */
    double kurtosis; /* excess: 0 for a normal distribution; 0 where the variance is 0 */
    double minimum;
    double maximum;
} assay_moments;

/*
 * Two passes: the mean first, then central moments, corrected for the rounding of the mean. All fields are 0 for count
 * 0. A NaN in the sample gives NaN in every field but the count; an infinity gives NaN moments above the mean. A sample
 * of equal values has exactly that mean and variance 0.
 */
assay_moments assay_moments_f64(size_t count, const double *values);
assay_moments assay_moments_f32(size_t count, const float *values);

ASSAY_END_DECLS
#endif
