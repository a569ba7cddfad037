/* Internal: the two passes of moments.h, for backends that compute the sums in their own memory. */
#ifndef ASSAY_STATS_MOMENTS_IMPL_H
#define ASSAY_STATS_MOMENTS_IMPL_H

#include <stdbool.h>

#include <assay/stats/moments.h>

/*
 * After the first pass, with count, mean, minimum and maximum in `moments`. Returns false, and completes `moments`, if
 * no second pass is needed (a NaN, an infinity, equal values). Else *scale is a power of two that makes deviations from
 * the mean at most 1, so that fourth powers neither overflow nor underflow.
 */
bool assay_moments_begin(assay_moments *moments, bool has_nan, double *scale);

/* After the second pass: `power` has the means of the powers 1 to 4 of (x - mean) * scale. */
void assay_moments_end(assay_moments *moments, double scale, const double power[4]);

#endif
