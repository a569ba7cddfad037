/*
 * How answers that are nearly right deviate: printed with few digits, computed in single precision, or something else
 * that approximates.
 */
#ifndef ASSAY_GRADE_ROUNDING_H
#define ASSAY_GRADE_ROUNDING_H

#include "grade/judge.h"

#define GRADE_FLOAT32_ID "any.float32"
#define GRADE_INEXACT_ID "any.inexact"

typedef struct {
    const char *id; /* "any.short_decimals", "any.float32", "any.inexact", or NULL */
    int digits;     /* of short decimals: significant ones, or after the point; else 0 */
} grade_rounding;

/*
 * Compares all answers of a component with a setting of its switches. Short decimals: every answer is the setting's
 * value, rounded. Single precision: every answer is a float32 number within float32's tolerance, or, unless `certain`,
 * every case deviates by errors of random sign and of float32's size. "any.inexact", unless `certain`: all answers are
 * within float32's tolerance, and none of these. ASSAY_ERROR_MEMORY.
 */
assay_status assay_grade_rounding(const grade_judged *judged, const grade_choice *choice, bool certain,
                                  grade_rounding *rounding, assay_error *error);

/*
 * What all answers look rounded to in one of the two formats, by themselves: 0 digits where they are not, or where too
 * few values show it.
 */
grade_decimals assay_grade_decimals_of(const grade_judged *judged, bool fixed);

/* Rounds in place. */
void assay_grade_shorten(grade_decimals to, grade_fields *values);

/* Half a unit of the last digit of a value. */
double assay_grade_half_unit(grade_decimals to, double value);

#endif
