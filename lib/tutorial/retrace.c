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

size_t assay_retrace_steps(assay_run run)
{
    static const size_t STEPS[ASSAY_RUN_COUNT] = {[ASSAY_RUN_SGD] = 40, [ASSAY_RUN_MOMENTUM] = 5, [ASSAY_RUN_ADAM] = 10};
    return STEPS[run];
}

double assay_retrace_epoch_tolerance(assay_run run)
{
    return run == ASSAY_RUN_ADAM ? 0.05 : 0.02;
}
