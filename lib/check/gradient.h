/*
 * Checks an analytic gradient against central differences with Richardson extrapolation, in double.
 *
 * Everything follows from an error model, which doc/gradient-check.md derives. For each entry i:
 *
 *   D(h) = (f(x + h e_i) - f(x - h e_i)) / 2h         = f' + c2 h^2 + c4 h^4 + ...        -> the derivative
 *   J(h) = (f(x + h e_i) - 2 f(x) + f(x - h e_i)) / h = [f'+ - f'-] + b1 h + b3 h^3 + ... -> the jump of the slope, 0
 *                                                                                           where f is smooth
 *
 * on a ladder of steps h, h/2, h/4, ... Richardson extrapolation removes the powers of h one by one. The error estimate
 * of an extrapolated value is the sum of its distance to the values that it was computed from (truncation), the noise
 * of f carried through the same formula (rounding, noise / h), and half the jump at the same steps (a kink inside the
 * bracket). The value with the smallest estimate is the numeric derivative, so no step is chosen by hand. The ladder
 * ends when noise / h alone exceeds the best estimate. A kink near x does no harm, since steps below its distance see
 * no jump; a kink at x leaves a jump at every step and is reported with its two one-sided slopes.
 *
 * The noise of f is the larger of the rounding of its last operation and the noise in a difference table near x (More
 * and Wild, "Estimating computational noise", SIAM J. Sci. Comput. 33, 2011).
 *
 * An entry with analytic value a, numeric value n and error estimate E has the relative error
 *
 *   r = |a - n| / max(|a|, |n|, E / tolerance)
 *
 * so it agrees if |a - n| <= max(tolerance * max(|a|, |n|), E). An entry that is small compared with the noise of f is
 * thus judged by the resolution of the differences. So that a noisy f does not pass everything, an entry is unresolved,
 * and fails, if E > tolerance * G. G is the largest |a| of the gradient or, if f is steeper close to x (at a minimum,
 * where the gradient is 0), the largest slope in the differences. Every entry that passes therefore has |a - n| <=
 * tolerance * G, whatever the estimates.
 */
#ifndef ASSAY_CHECK_GRADIENT_H
#define ASSAY_CHECK_GRADIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* f(x); must be deterministic. NaN or infinity marks a point outside the function's domain. */
typedef double (*assay_scalar_function)(const double *x, void *user);

/* Writes all of y = f(x); must be deterministic. */
typedef void (*assay_vector_function)(const double *x, double *y, void *user);

typedef struct {
    double tolerance; /* largest relative error that passes; 0: 1e-8 */
    double length;    /* distance in x over which f changes; the ladder starts near an eighth of it and adapts; 0: 1 */
} assay_gradient_options;

typedef enum {
    ASSAY_ENTRY_AGREES,     /* smooth, and within the tolerance */
    ASSAY_ENTRY_KINK,       /* a kink at x: the analytic value is one of the two slopes */
    ASSAY_ENTRY_BETWEEN,    /* a kink at x: the analytic value is between the two slopes, a subgradient */
    ASSAY_ENTRY_UNRESOLVED, /* differences cannot decide: noise, a discontinuity, too narrow a domain; fails */
    ASSAY_ENTRY_WRONG       /* the analytic value is not the derivative; fails */
} assay_entry_verdict;

typedef struct {
    size_t index;
    assay_entry_verdict verdict;
    double analytic;
    double numeric; /* at a kink: the nearest value of the interval between the slopes */
    double relative_error;
    double error_estimate; /* of the numeric value, absolute */
    double slope_below;    /* one-sided derivatives; both equal `numeric` unless there is a kink */
    double slope_above;
} assay_gradient_entry;

typedef struct {
    size_t checked;
    size_t kinks;      /* verdicts KINK and BETWEEN */
    size_t between;    /* of them, BETWEEN */
    size_t unresolved; /* verdict UNRESOLVED */
    size_t wrong;      /* verdict WRONG */
    size_t coarse;     /* agreeing entries with E > tolerance * max(|a|, |n|) */
    size_t evaluations;
    double noise; /* absolute noise of f at x in the error model */
    double tolerance;
    bool passed;                /* no entry is wrong or unresolved */
    assay_gradient_entry worst; /* the largest relative error among the wrong, else the unresolved, else all entries */
} assay_gradient_report;

/*
 * Checks gradient[i] against the derivative of f along x[i], for all i < count. `options` may be NULL; `entries`
 * receives the `count` entries unless it is NULL. ASSAY_OK means that the check was made: its result is
 * `report->passed`. A gradient that is NaN or infinite is WRONG. ASSAY_ERROR_ARGUMENT for count 0 or negative options,
 * ASSAY_ERROR_NUMERIC when x or f(x) is not finite.
 */
assay_status assay_check_gradient(assay_scalar_function function, void *user, size_t count, const double *x,
                                  const double *gradient, const assay_gradient_options *options,
                                  assay_gradient_entry *entries, assay_gradient_report *report, assay_error *error);

/*
 * Checks dx = J^T dy of a vector function y = f(x), with `count` entries of x and `outputs` of y, as the gradient of
 * the scalar dy . f(x). Draw dy at random (assay_check_direction): dy = (1, ..., 1) hides errors that cancel.
 */
assay_status assay_check_vjp(assay_vector_function function, void *user, size_t count, const double *x, size_t outputs,
                             const double *dy, const double *dx, const assay_gradient_options *options,
                             assay_gradient_entry *entries, assay_gradient_report *report, assay_error *error);

/*
 * Writes values of random sign and size in [1/2, 1], the same for the same seed. None is near 0, so none hides an
 * output.
 */
void assay_check_direction(uint64_t seed, size_t count, double *values);

/* Writes one line, the worst entry and the counts, cut to `size` bytes. */
void assay_gradient_report_line(const assay_gradient_report *report, size_t size, char *line);

ASSAY_END_DECLS
#endif
