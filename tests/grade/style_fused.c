/* A correct submission whose formulas are rearranged and fused: other roundings, the same mathematics. */
#include "planted_correct.h"

/* 1 - tanh^2 as 1 / cosh^2, sigmoid as a tanh. */
void student_tanh_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    for (size_t i = 0; i < count; i++) {
        dx[i] = dy[i] / cosh(x[i]) / cosh(x[i]);
    }
}

void student_sigmoid(size_t count, const double *x, double *y)
{
    for (size_t i = 0; i < count; i++) {
        y[i] = 0.5 + 0.5 * tanh(0.5 * x[i]);
    }
}

static double log_sum_exp(size_t count, const double *z)
{
    double most = z[0];
    double sum = 0.0;
    for (size_t j = 1; j < count; j++) {
        most = fmax(most, z[j]);
    }
    for (size_t j = 0; j < count; j++) {
        sum += exp(z[j] - most);
    }
    return most + log(sum);
}

double student_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels)
{
    double mean = 0.0;
    for (size_t r = 0; r < rows; r++) {
        mean += (log_sum_exp(classes, logits + r * classes) - logits[r * classes + (size_t)labels[r]]) / (double)rows;
    }
    return mean;
}

void student_cross_entropy_gradient(size_t rows, size_t classes, const double *logits, const int32_t *labels,
                                    double *dlogits)
{
    for (size_t r = 0; r < rows; r++) {
        double total = log_sum_exp(classes, logits + r * classes);
        for (size_t j = 0; j < classes; j++) {
            double p = exp(logits[r * classes + j] - total);
            dlogits[r * classes + j] = (p - ((size_t)labels[r] == j)) / (double)rows;
        }
    }
}

/* The learning rate inside the average: the same for a constant rate. */
void *student_momentum_create(size_t tensors, const size_t *lengths, double learning_rate, double momentum)
{
    return create(tensors, lengths, learning_rate, momentum, 0.0, 0.0);
}

void student_momentum_step(void *state, double *const *parameters, const double *const *gradients)
{
    const optimizer *self = state;
    for (size_t k = 0; k < self->tensors; k++) {
        for (size_t i = 0; i < self->lengths[k]; i++) {
            double *m = &self->m[k][i];
            *m += (1.0 - self->beta1) * (self->learning_rate * gradients[k][i] - *m);
            parameters[k][i] -= *m;
        }
    }
}

void student_momentum_destroy(void *state)
{
    destroy(state);
}

/* Both corrections folded into one rate, and epsilon scaled so that it stays the same. */
void *student_adam_create(size_t tensors, const size_t *lengths, double learning_rate, double beta1, double beta2,
                          double epsilon)
{
    return create(tensors, lengths, learning_rate, beta1, beta2, epsilon);
}

void student_adam_step(void *state, double *const *parameters, const double *const *gradients)
{
    optimizer *self = state;
    self->step++;
    double root = sqrt(1.0 - pow(self->beta2, self->step));
    double rate = self->learning_rate * root / (1.0 - pow(self->beta1, self->step));
    for (size_t k = 0; k < self->tensors; k++) {
        for (size_t i = 0; i < self->lengths[k]; i++) {
            double g = gradients[k][i];
            double m = fma(self->beta1, self->m[k][i] - g, g);
            double v = fma(self->beta2, self->v[k][i] - g * g, g * g);
            self->m[k][i] = m;
            self->v[k][i] = v;
            parameters[k][i] -= rate * m / (sqrt(v) + self->epsilon * root);
        }
    }
}

void student_adam_destroy(void *state)
{
    destroy(state);
}

/* The whole forward pass one image at a time, and the gradients added up image by image. */
double student_network_gradient(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                                const double *const *weights, const double *const *biases, const double *x,
                                const int32_t *labels, double *const *dweights, double *const *dbiases)
{
    double loss = 0.0;
    for (size_t l = 0; l < layers; l++) {
        zeros(sizes[l] * sizes[l + 1], dweights[l]);
        zeros(sizes[l + 1], dbiases[l]);
    }
    for (size_t r = 0; r < rows; r++) {
        double own_weight[MAX_LAYERS][256];
        double own_bias[MAX_LAYERS][256];
        double *dw[MAX_LAYERS];
        double *db[MAX_LAYERS];
        for (size_t l = 0; l < layers; l++) {
            dw[l] = own_weight[l];
            db[l] = own_bias[l];
        }
        loss += correct_network_gradient(layers, sizes, activation, 1, weights, biases, x + r * sizes[0], labels + r,
                                         dw, db) /
                (double)rows;
        for (size_t l = 0; l < layers; l++) {
            for (size_t i = 0; i < sizes[l] * sizes[l + 1]; i++) {
                dweights[l][i] += own_weight[l][i] / (double)rows;
            }
            for (size_t i = 0; i < sizes[l + 1]; i++) {
                dbiases[l][i] += own_bias[l][i] / (double)rows;
            }
        }
    }
    return loss;
}
