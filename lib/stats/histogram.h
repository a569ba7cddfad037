/* Histogram and kernel density: the two parts of the tutorial's distribution plots (cell [11], seaborn.histplot). */
#ifndef ASSAY_STATS_HISTOGRAM_H
#define ASSAY_STATS_HISTOGRAM_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/*
 * numpy.histogram(values, bins): `bins` bins of equal width from the minimum to the maximum; the last bin includes the
 * maximum. If all values are equal, the range is value - 0.5 .. value + 0.5. Writes bins + 1 edges and bins counts.
 * ASSAY_ERROR_NUMERIC for a NaN, an infinity, or a range that cannot be divided in double (-1e308 to 1e308, or a
 * constant above 2^53), ASSAY_ERROR_ARGUMENT for bins 0 or count 0.
 */
assay_status assay_histogram(size_t count, const double *values, size_t bins, double *edges, size_t *counts,
                             assay_error *error);

/*
 * The bandwidth of Scott's rule, as scipy.stats.gaussian_kde in one dimension: n^(-1/5) times the standard deviation
 * (with n - 1). 0 for fewer than two values and for equal values.
 */
double assay_kernel_bandwidth(size_t count, const double *values);

/*
 * Gaussian kernel density estimate at `points[0..point_count)`: density[i] = mean over j of N(points[i]; values[j],
 * bandwidth^2). It integrates to 1. ASSAY_ERROR_ARGUMENT for bandwidth <= 0 or count 0, ASSAY_ERROR_NUMERIC for a NaN
 * or an infinity in values or points. Large samples use a fast Gauss transform that agrees with the direct sum to
 * rounding (1e-15 of a kernel's peak): 10^6 values and 200 points take tens of milliseconds.
 */
assay_status assay_kernel_density(size_t count, const double *values, double bandwidth, size_t point_count,
                                  const double *points, double *density, assay_error *error);

ASSAY_END_DECLS
#endif
