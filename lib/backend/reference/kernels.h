/*
 * The oracle: each operation as its equation, in double precision and plain loops. It shares no code with what it judges;
 * so it has its own activations, its own update rules and its own sums.
 */
#ifndef ASSAY_BACKEND_REFERENCE_KERNELS_H
#define ASSAY_BACKEND_REFERENCE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/backend/activation.h>
#include <assay/backend/backend.h>
#include <assay/backend/update_rule.h>

/* f(x) and f'(x), both from the input. */
double reference_activation(assay_activation activation, double x);
double reference_derivative(assay_activation activation, double x);
/* The input that an activation with derivative from the output came from: f^-1(y), as far as f' needs it. */
double reference_derivative_from_output(assay_activation activation, double y);

/* One row of logits: -log softmax(z)[label], softmax, and the first of the largest. */
double reference_cross_entropy(size_t classes, const double *logits, size_t label);
void reference_softmax(size_t classes, const double *logits, double *probabilities);
size_t reference_argmax(size_t classes, const double *logits);

/* One parameter's step under a rule: w, and its state m, v, v_max as far as the rule has them (in the order of the slots). */
double reference_update(const assay_update_rule *rule, uint64_t step, double w, double g, double *const state[]);

#endif
