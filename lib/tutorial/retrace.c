#include <assay/tutorial/retrace.h>

#include <math.h>

assay_retrace assay_retrace_compare(size_t count, const double *ours, const double *theirs, double tolerance)
{
    assay_retrace result = {0, 0.0};
    for (size_t step = 0; step < count; step++) {
        double difference = fabs(ours[step] - theirs[step]) / fabs(theirs[step]);
        if (!(difference <= tolerance)) {
            result.parts_at = step + 1;
            break;
        }
        result.worst = fmax(result.worst, difference);
    }
    return result;
}
