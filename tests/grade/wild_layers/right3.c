/* Right solutions in unusual forms. */
// right: linear_forward linear_backward softmax init_fan_in
#include <assay/student.h>
#include <math.h>
#include <string.h>

/* Output by output, from the last input to the first. */
void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y)
{
    for (size_t j = out; j-- > 0;) {
        for (size_t r = rows; r-- > 0;) {
            long double sum = bias[j];
            for (size_t k = in; k-- > 0;) {
                sum = fmal(x[r * in + k], weight[j * in + k], sum);
            }
            y[r * out + j] = (double)sum;
        }
    }
}

/* One pass over the weight. */
void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias)
{
    memset(dx, 0, rows * in * sizeof *dx);
    for (size_t i = 0; i < in * out; i++) {
        size_t j = i / in;
        double sum = 0.0;
        double bias = 0.0;
        for (size_t r = 0; r < rows; r++) {
            double d = dy[r * out + j];
            sum += d * x[r * in + i % in];
            dx[r * in + i % in] += d * weight[i];
            bias += d;
        }
        dweight[i] = sum;
        dbias[j] = bias;
    }
}

/* The maximum and the sum in one pass. */
void student_softmax(size_t rows, size_t classes, const double *logits, double *probabilities)
{
    for (size_t r = 0; r < rows; r++) {
        const double *z = logits + r * classes;
        double most = -HUGE_VAL;
        double sum = 0.0;
        for (size_t j = 0; j < classes; j++) {
            double next = z[j] > most ? z[j] : most;
            sum = sum * exp(most - next) + exp(z[j] - next);
            most = next;
        }
        for (size_t j = 0; j < classes; j++) {
            probabilities[r * classes + j] = exp(z[j] - most - log(sum));
        }
    }
}

/* The sum of three uniform numbers, from xorshift. */
void student_init_fan_in(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    uint64_t state = seed * 2862933555777941757u + 3037000493u;
    for (size_t l = 0; l < layers; l++) {
        for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
            double sum = -1.5;
            for (int k = 0; k < 3; k++) {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                sum += (double)(state >> 11) * 0x1p-53;
            }
            weights[l][i] = sum * 2.0 / sqrt((double)sizes[l]);
        }
        memset(biases[l], 0, sizes[l + 1] * sizeof **biases);
    }
}
