/* Internal: the range of a sample of finite values. */
#ifndef ASSAY_STATS_RANGE_H
#define ASSAY_STATS_RANGE_H

#include <stddef.h>

#include <assay/base/error.h>

/* Minimum and maximum. ASSAY_ERROR_NUMERIC, with its place, for the first NaN or infinity. */
assay_status assay_finite_range(size_t count, const double *values, double *minimum, double *maximum,
                                assay_error *error);

#endif
