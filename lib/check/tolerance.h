/*
 * The tolerance model: how far a result in floating point may be from the same result in higher precision.
 *
 * Standard model of arithmetic (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 2.2): every
 * operation returns (exact result)(1 + d) with |d| <= u, the unit roundoff, plus at most `underflow` where the result
 * is below the normal range. Inputs count as exact: give the reference the inputs after rounding to the narrower
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
    double underflow;     /* smallest normal number: what a unit that flushes subnormals to zero may lose */
} assay_format;

#define ASSAY_FORMAT_F32 ((assay_format){0x1p-24, 0x1p-126})
#define ASSAY_FORMAT_F64 ((assay_format){0x1p-53, 0x1p-1022})

/* gamma_k = k u / (1 - k u), Higham (3.1); infinity where k u >= 1. k roundings in any order stay within it. */
double assay_gamma(size_t roundings, assay_format format);

/*
 * Bound on |computed - exact| of a dot product of `length` terms, summed in any order, with or without fused
 * multiply-add: gamma_length * sum |a_i b_i| (Higham, (3.5)). `magnitude` is that sum of absolute products; for a
 * matrix product it is the entry of |A| |B|. Each further operation on the result (alpha, beta C, a bias) adds one to
 * `length` and its own absolute terms to `magnitude`.
 */
double assay_dot_bound(size_t length, double magnitude, assay_format format);

/* The same with the magnitude computed from a[i * a_stride] and b[i * b_stride], i < length. */
double assay_dot_bound_of(size_t length, const double *a, size_t a_stride, const double *b, size_t b_stride,
                          assay_format format);

/*
 * `ulps` units in the last place of a number of size |magnitude|, and at least the underflow. For elementwise functions
 * the magnitude is the wanted value, or the largest intermediate value where the function subtracts (1 for 1 - tanh^2).
 */
double assay_ulp_bound(double magnitude, double ulps, assay_format format);

/* How NaN and infinity are judged. */
typedef enum {
    ASSAY_FINITE_ALONE,   /* any NaN or infinity on either side fails */
    ASSAY_NONFINITE_EQUAL /* NaN against NaN and infinity against the same infinity pass; all else fails */
} assay_nonfinite;

typedef struct {
    size_t count;    /* entries compared */
    size_t failures; /* entries beyond their bound */
    bool passed;     /* no failures, and something was compared */
    size_t index;    /* the worst entry: the largest ratio, the first of equals; the rest is about it */
    double got;
    double want;
    double bound;
    double ratio; /* |got - want| / bound: passes up to 1; infinity where a NaN, an infinity or a bad bound fails */
} assay_comparison;

/*
 * Compares got[i] with want[i] under bound[i], an absolute error. A bound of 0 asks for equality; a bound that is
 * negative, NaN or infinite fails its entry. Comparing nothing (count 0) does not pass.
 */
assay_comparison assay_compare(size_t count, const double *got, const double *want, const double *bound,
                               assay_nonfinite nonfinite);

/* One line about a comparison ("entry 3: got ..., want ..., error ... of a bound ...; 2 of 40 ..."), cut to size. */
void assay_comparison_line(const assay_comparison *comparison, size_t size, char *line);

ASSAY_END_DECLS
#endif
