#include <math.h>

#include "backend/reference/reference.h"

/* The first of the largest logits. */
static size_t argmax(size_t classes, const double *z)
{
    size_t best = 0;
    for (size_t j = 1; j < classes; j++) {
        if (z[j] > z[best]) {
            best = j;
        }
    }
    return best;
}

/* p_j = e^(z_j - max) / sum_k e^(z_k - max) */
static void softmax_row(size_t classes, const double *z, double *p)
{
    double most = z[argmax(classes, z)];
    double sum = 0.0;
    for (size_t j = 0; j < classes; j++) {
        sum += exp(z[j] - most);
    }
    for (size_t j = 0; j < classes; j++) {
        p[j] = exp(z[j] - most) / sum;
    }
}

/*
 * -log p_label = (max - z_label) + log sum_j e^(z_j - max). Nothing overflows, no large numbers cancel, and log1p keeps
 * the small terms beside the largest, which is 1.
 */
static double loss_of_row(size_t classes, const double *z, size_t label)
{
    size_t best = argmax(classes, z);
    double others = 0.0;
    for (size_t j = 0; j < classes; j++) {
        others += j == best ? 0.0 : exp(z[j] - z[best]);
    }
    return (z[best] - z[label]) + log1p(others);
}

void reference_softmax(size_t rows, size_t classes, const double *logits, double *probabilities)
{
    for (size_t r = 0; r < rows; r++) {
        softmax_row(classes, logits + r * classes, probabilities + r * classes);
    }
}

/* dlogits_rj = (p_rj - [j is the label]) / rows */
void reference_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels, double *loss,
                             int32_t *correct, double *dlogits)
{
    double sum = 0.0;
    int32_t right = 0;
    for (size_t r = 0; r < rows; r++) {
        const double *z = logits + r * classes;
        size_t label = (size_t)labels[r];
        sum += loss_of_row(classes, z, label);
        right += argmax(classes, z) == label;
        if (dlogits != NULL) {
            double *dz = dlogits + r * classes;
            softmax_row(classes, z, dz);
            dz[label] -= 1.0;
            for (size_t j = 0; j < classes; j++) {
                dz[j] /= (double)rows;
            }
        }
    }
    if (loss != NULL) {
        *loss = sum / (double)rows;
    }
    if (correct != NULL) {
        *correct = right;
    }
}
