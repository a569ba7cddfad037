#include "grade/root.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

double assay_grade_root(grade_function *function, void *context, double low, double high, double at_low, double at_high)
{
    double root = 0.5 * (low + high);
    double last = HUGE_VAL;
    int kept = 0; /* the end that stayed: -1 low, 1 high */
    for (int k = 0; k < 90 && high - low > 1e-16; k++) {
        double secant = low + (high - low) * at_low / (at_low - at_high);
        bool bisected = k % 3 == 2 || !(secant > low && secant < high);
        root = bisected ? 0.5 * (low + high) : secant;
        double value = function(root, context);
        if (value == 0.0 || (!bisected && fabs(root - last) <= 4.0 * DBL_EPSILON * fabs(root))) {
            break;
        }
        last = bisected ? last : root;
        if ((value < 0.0) == (at_low < 0.0)) {
            low = root;
            at_low = value;
            at_high *= kept == 1 ? 0.5 : 1.0;
            kept = 1;
        } else {
            high = root;
            at_high = value;
            at_low *= kept == -1 ? 0.5 : 1.0;
            kept = -1;
        }
    }
    return root;
}
