#include <math.h>

#include "backend/reference/kernels.h"

static double largest(size_t classes, const double *logits)
{
    double most = logits[0];
    for (size_t j = 1; j < classes; j++) {
        most = fmax(most, logits[j]);
    }
    return most;
}

/* log sum_j e^(z_j) = max + log sum_j e^(z_j - max): nothing overflows, and the largest term does not vanish. */
double reference_log_sum_exp(size_t classes, const double *logits)
{
    double most = largest(classes, logits);
    double sum = 0.0;
    for (size_t j = 0; j < classes; j++) {
        sum += exp(logits[j] - most);
    }
    return most + log(sum);
}

void reference_softmax(size_t classes, const double *logits, double *probabilities)
{
    double most = largest(classes, logits);
    double sum = 0.0;
    for (size_t j = 0; j < classes; j++) {
        sum += exp(logits[j] - most);
    }
    for (size_t j = 0; j < classes; j++) {
        probabilities[j] = exp(logits[j] - most) / sum;
    }
}

size_t reference_argmax(size_t classes, const double *logits)
{
    size_t best = 0;
    for (size_t j = 1; j < classes; j++) {
        if (logits[j] > logits[best]) {
            best = j;
        }
    }
    return best;
}
