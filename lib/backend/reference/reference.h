/*
 * The oracle: each operation as its equation, in double precision and plain loops over arrays. It shares no code with
 * what it judges, so it has its own activations, update rules and sums. backend.c puts these functions behind the
 * backend interface; backend.h has the shapes. Private to lib/backend/reference/.
 */
#ifndef ASSAY_BACKEND_REFERENCE_REFERENCE_H
#define ASSAY_BACKEND_REFERENCE_REFERENCE_H

#include <assay/backend/backend.h>

/* activations.c: y = f(x), and dx = dy f'(x) from x or y, whichever the activation's derivative reads (the other may be
 * NULL). y may be x, dx may be dy. */
void reference_activate(assay_activation activation, size_t count, const double *x, double *y);
void reference_differentiate(assay_activation activation, size_t count, const double *x, const double *y,
                             const double *dy, double *dx);

/* layers.c. z and y may be NULL; y may be z. */
void reference_gemm(assay_gemm_shape shape, const double *a, const double *b, double *c);
void reference_linear_forward(assay_linear_shape shape, assay_activation activation, const double *x,
                              const double *weight, const double *bias, double *z, double *y);
void reference_linear_backward_input(assay_linear_shape shape, assay_activation below, const double *dz,
                                     const double *weight, const double *z_below, const double *y_below,
                                     double *dz_below);
void reference_linear_backward_parameters(assay_linear_shape shape, const double *x, const double *dz, double *dweight,
                                          double *dbias);

/* loss.c. Labels are classes; loss, correct and dlogits may be NULL. */
void reference_softmax(size_t rows, size_t classes, const double *logits, double *probabilities);
void reference_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels, double *loss,
                             int32_t *correct, double *dlogits);

/* update.c. `state` holds one array for each slot of the rule. */
void reference_update(const assay_update_rule *rule, uint64_t step, size_t count, double *w, const double *gradient,
                      double *const state[ASSAY_UPDATE_MAX_SLOTS]);

#endif
