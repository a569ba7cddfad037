/* Wrong solutions as students write them in C: integers where numbers belong, and sums that are not sums. */
#include <assay/student.h>
#include <math.h>

// linear_forward: linear_forward.integer_sum
void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < out; j++) {
            int sum = 0;
            for (size_t k = 0; k < in; k++) {
                sum += x[r * in + k] * weight[j * in + k];
            }
            y[r * out + j] = sum + bias[j];
        }
    }
}

// linear_backward: linear_backward.dx_overwritten + linear_backward.dbias_of_last_row
void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias)
{
    for (size_t i = 0; i < in * out; i++) {
        dweight[i] = 0;
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < out; j++) {
            dbias[j] = 0;
            dbias[j] += dy[r * out + j];
            for (size_t k = 0; k < in; k++) {
                dx[r * in + k] = dy[r * out + j] * weight[j * in + k];
                dweight[j * in + k] += dy[r * out + j] * x[r * in + k];
            }
        }
    }
}

// softmax: softmax.max_from_first_element + softmax.sum_not_reset
void student_softmax(size_t rows, size_t classes, const double *logits, double *probabilities)
{
    double sum = 0;
    for (size_t r = 0; r < rows; r++) {
        double max = logits[0];
        for (size_t j = 0; j < classes; j++) {
            max = logits[r * classes + j] > max ? logits[r * classes + j] : max;
        }
        for (size_t j = 0; j < classes; j++) {
            sum += exp(logits[r * classes + j] - max);
        }
        for (size_t j = 0; j < classes; j++) {
            probabilities[r * classes + j] = exp(logits[r * classes + j] - max) / sum;
        }
    }
}

// cross_entropy: cross_entropy.integer_division + cross_entropy.log_underflow
double student_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels)
{
    double loss = 0;
    for (size_t r = 0; r < rows; r++) {
        const double *z = logits + r * classes;
        double max = z[0];
        double sum = 0;
        for (size_t j = 1; j < classes; j++) {
            max = fmax(max, z[j]);
        }
        for (size_t j = 0; j < classes; j++) {
            sum += exp(z[j] - max);
        }
        loss -= log(exp(z[labels[r]] - max) / sum);
    }
    return 1 / rows * loss;
}

// cross_entropy_gradient: cross_entropy_gradient.integer_division + cross_entropy_gradient.max_missing
void student_cross_entropy_gradient(size_t rows, size_t classes, const double *logits, const int32_t *labels,
                                    double *dlogits)
{
    for (size_t r = 0; r < rows; r++) {
        const double *z = logits + r * classes;
        double sum = 0;
        for (size_t j = 0; j < classes; j++) {
            sum += exp(z[j]);
        }
        for (size_t j = 0; j < classes; j++) {
            dlogits[r * classes + j] = exp(z[j]) / sum - ((int32_t)j == labels[r]) / rows;
        }
    }
}
