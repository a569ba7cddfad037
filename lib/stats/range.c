#include "stats/range.h"

#include <math.h>

assay_status assay_finite_range(size_t count, const double *values, double *minimum, double *maximum,
                                assay_error *error)
{
    *minimum = INFINITY;
    *maximum = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC,
                              "value %zu of the sample is %g: the statistic is defined for "
                              "finite values only",
                              i, values[i]);
        }
        *minimum = fmin(*minimum, values[i]);
        *maximum = fmax(*maximum, values[i]);
    }
    return ASSAY_OK;
}
