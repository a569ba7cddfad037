/*
 * The two passes behind moments.h, for those who take the sums elsewhere than in the host's memory; private to lib/.
 */
#ifndef ASSAY_STATS_MOMENTS_IMPL_H
#define ASSAY_STATS_MOMENTS_IMPL_H

#include <stdbool.h>

#include <assay/stats/moments.h>

/*
 * After the first pass, with count, mean, minimum and maximum in `moments`: false where there is no second pass (a NaN,
 * an infinity, equal values), and then `moments` is complete. Else *scale is a power of two that brings deviations from
 * the mean to at most 1, so that fourth powers neither overflow nor vanish.
 */
bool assay_moments_begin(assay_moments *moments, bool has_nan, double *scale);

/* After the second pass: `power` holds the mean powers 1 to 4 of (x - mean) scale. */
void assay_moments_end(assay_moments *moments, double scale, const double power[4]);

#endif
