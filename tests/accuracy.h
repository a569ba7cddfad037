/*
 * How far the library's operations are from exact arithmetic: the error against MPFR, in units of the last place of the
 * number format, over stated ranges. test_accuracy holds each row to its bound; audit/accuracy prints the rows.
 */
#ifndef ACCURACY_H
#define ACCURACY_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>

/*
 * The unit. One ulp of an exact value v is the distance of neighbouring numbers of the format at v. Where terms cancel
 * the unit is u * sum |term|, where u is half an ulp of 1: no algorithm that rounds each term can promise a small error
 * relative to the sum itself. The terms of an activation's derivative count as the larger of 1 and |x|, those of a
 * normal number as the larger of 1 and its radius.
 */
typedef enum { ACCURACY_ULP, ACCURACY_TERMS } accuracy_unit;

typedef struct {
    char operation[48]; /* "gelu'" */
    char machine[24];   /* "openblas:f32" */
    char range[64];
    accuracy_unit unit;
    double bound; /* the largest error that is allowed */
    double worst;
    double mean;
    double at;    /* the argument of the worst error; NaN for vectors */
    size_t count; /* results that were compared */
} accuracy_row;

typedef struct {
    accuracy_row *rows;
    size_t count;
} accuracy_table;

/* Measures everything; `effort` 1 is enough for the bounds, more looks at more points. The caller frees rows. */
assay_status accuracy_measure(size_t effort, accuracy_table *table, assay_error *error);

#endif
