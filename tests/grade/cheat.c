/* A submission that calls the reference library instead of computing anything. */
#include <assay/student.h>

#include <assay/backend/activation.h>

void student_relu(size_t count, const double *x, double *y)
{
    assay_activation relu = assay_activation_default(ASSAY_RELU);
    for (size_t i = 0; i < count; i++) {
        y[i] = x[i] > 0.0 ? x[i] : 0.0 * relu.parameter;
    }
}
