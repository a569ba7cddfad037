/*
 * The tolerance model: bounds on the difference between a floating-point result and the same result in higher
 * precision.
 *
 * Standard model of arithmetic (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 2.2): every
 * operation returns (exact result)(1 + d) with |d| <= u, the unit roundoff, plus at most `underflow` if the result is
 * below the normal range. Inputs are exact: give the reference the inputs after they were rounded to the lower
 * precision.
 */
#ifndef ASSAY_CHECK_TOLERANCE_H
#define ASSAY_CHECK_TOLERANCE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

typedef struct {
    double unit_roundoff; /* half the distance from 1 to the next number */
    double underflow;     /* smallest normal number: the error when subnormal results are flushed to zero */
} assay_format;

#define ASSAY_FORMAT_F32 ((assay_format){0x1p-24, 0x1p-126})
#define ASSAY_FORMAT_F64 ((assay_format){0x1p-53, 0x1p-1022})

/*
 * gamma_k = k u / (1 - k u), Higham (3.1): bound on the relative error of k roundings in any order; infinity if k u >=
 * 1.
 */
double assay_gamma(size_t roundings, assay_format format);

/*
 * Bound on |computed - exact| of a dot product of `length` terms, summed in any order, with or without fused
 * multiply-add: gamma_length * sum |a_i b_i| (Higham, (3.5)). `magnitude` is that sum of absolute products; for a
 * matrix product it is the entry of |A| |B|. Every further operation on the result (alpha, beta C, a bias) adds one to
 * `length` and its own absolute terms to `magnitude`.
 */
double assay_dot_bound(size_t length, double magnitude, assay_format format);

/* The same, with the magnitude computed from a[i * a_stride] and b[i * b_stride], i < length. */
double assay_dot_bound_of(size_t length, const double *a, size_t a_stride, const double *b, size_t b_stride,
                          assay_format format);

/*
 * `ulps` units in the last place of a number of size |magnitude|, and at least the underflow. For elementwise functions
 * the magnitude is that of the correct value, or of the largest intermediate value if the function subtracts (1 for 1 -
 * tanh^2).
 */
double assay_ulp_bound(double magnitude, double ulps, assay_format format);

/* How NaN and infinity are compared. */
typedef enum {
    ASSAY_FINITE_ALONE,   /* any NaN or infinity on either side fails */
    ASSAY_NONFINITE_EQUAL /* two NaNs and two equal infinities pass; all else fails */
} assay_nonfinite;

typedef struct {
    size_t count;    /* entries compared */
    size_t failures; /* entries beyond their bound */
    bool passed;     /* no failures, and at least one entry */
    size_t index;    /* the worst entry, with the first of the largest ratios; so are the fields below */
    double got;
    double want;
    double bound;
    double ratio; /* |got - want| / bound: passes up to 1; infinity if a NaN, an infinity or a bad bound fails */
} assay_comparison;

/*
 * Compares got[i] with want[i]; bound[i] is the allowed absolute error. A bound of 0 requires equality; an entry with a
 * negative, NaN or infinite bound fails. A comparison of no entries (count 0) does not pass.
 */
assay_comparison assay_compare(size_t count, const double *got, const double *want, const double *bound,
                               assay_nonfinite nonfinite);

/*
 * Writes one line about a comparison ("entry 3: got ..., want ..., error ... of a bound ...; 2 of 40 ..."), cut to
 * `size` bytes.
 */
void assay_comparison_line(const assay_comparison *comparison, size_t size, char *line);

ASSAY_END_DECLS
#endif
