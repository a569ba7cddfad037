/* Largest eigenvalue and trace of a symmetric matrix that is known only by its products with vectors. */
#ifndef ASSAY_STATS_SPECTRUM_H
#define ASSAY_STATS_SPECTRUM_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/random/mt19937.h>

ASSAY_BEGIN_DECLS

/* product = A vector, `count` numbers each. */
typedef assay_status (*assay_operator)(void *user, size_t count, const double *vector, double *product,
                                       assay_error *error);

typedef struct {
    double value;    /* the eigenvalue of largest absolute value */
    double residual; /* |A v - value v| for the unit vector v that was found: an eigenvalue is at most this far away */
    size_t products; /* with A */
} assay_eigenvalue;

/*
 * Lanczos' method with full reorthogonalization, from a random start: stops when the residual is at most `tolerance`
 * times the value, or after `steps` products. Source: Golub and Van Loan, Matrix Computations, section 10.1.
 * ASSAY_ERROR_ARGUMENT for a count or steps of 0, ASSAY_ERROR_NUMERIC for a product that is not finite,
 * ASSAY_ERROR_MEMORY, and what the operator returns.
 */
assay_status assay_largest_eigenvalue(assay_operator multiply, void *user, size_t count, size_t steps, double tolerance,
                                      assay_mt19937 *generator, assay_eigenvalue *found, assay_error *error);

typedef struct {
    double trace;
    double error; /* standard error of the trace; 0 for a diagonal matrix */
} assay_trace_estimate;

/*
 * Hutchinson's estimate (1990): the mean of z^T A z over `samples` vectors z of random signs. Errors as above;
 * ASSAY_ERROR_ARGUMENT for fewer than 2 samples.
 */
assay_status assay_estimate_trace(assay_operator multiply, void *user, size_t count, size_t samples,
                                  assay_mt19937 *generator, assay_trace_estimate *estimate, assay_error *error);

ASSAY_END_DECLS
#endif
