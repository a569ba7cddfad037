#include <math.h>

#include "backend/reference/kernels.h"

/*
 * -log p_label = (max - z_label) + log sum_j e^(z_j - max): nothing overflows, no large numbers cancel, and next to the
 * largest term, which is 1, the small ones do not vanish.
 */
double reference_cross_entropy(size_t classes, const double *logits, size_t label)
{
    size_t best = reference_argmax(classes, logits);
    double others = 0.0;
    for (size_t j = 0; j < classes; j++) {
        others += j == best ? 0.0 : exp(logits[j] - logits[best]);
    }
    return (logits[best] - logits[label]) + log1p(others);
}

void reference_softmax(size_t classes, const double *logits, double *probabilities)
{
    double most = logits[reference_argmax(classes, logits)];
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
