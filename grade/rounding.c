#include "grade/rounding.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_RELATIVE 0x1p-21
enum { FEWEST_DIGITS = 2, MOST_DIGITS = 12, FORMATS = 2 };

/* What all answers have in common. A value is trivial if it is a float32 number anyway, such as 0 or 0.5. */
typedef struct {
    bool near;                               /* within float32's tolerance */
    bool floats;                             /* all answers are float32 numbers */
    bool decimals[FORMATS][MOST_DIGITS + 1]; /* all answers are rounded to so many digits */
    bool all_deviate;                        /* every case with values that are not trivial has a deviation */
    size_t values;                           /* not trivial */
    size_t changed;                          /* other than wanted */
    size_t above[2], below[2];               /* deviations, by their sign; [1]: of gradients */
    size_t large;                            /* deviations: of small differences, or beyond float32's range */
    double squares;                          /* of relative deviations, of large ones MOST_RELATIVE's */
} deviations;

/* A float32 number, or one below float32's range. */
static bool is_trivial(double value)
{
    return isnan(value) || fabs(value) < 1e-37 || (double)(float)value == value;
}

static double rounded(grade_decimals to, double value)
{
    char text[512];
    snprintf(text, sizeof text, to.fixed ? "%.*f" : "%.*g", to.digits, value);
    return strtod(text, NULL);
}

void assay_grade_shorten(grade_decimals to, grade_fields *values)
{
    for (size_t f = 0; f < values->count && to.digits > 0; f++) {
        for (size_t i = 0; i < values->field[f].count; i++) {
            values->field[f].values[i] = rounded(to, values->field[f].values[i]);
        }
    }
}

double assay_grade_half_unit(grade_decimals to, double value)
{
    if (to.digits == 0 || !isfinite(value)) {
        return 0.0;
    }
    return 0.5 * pow(10.0, to.fixed ? -to.digits : (value == 0.0 ? 0.0 : floor(log10(fabs(value)))) + 1 - to.digits);
}

/* Whether all answers are rounded so; `needed`: how many would change with two digits less. */
static bool are_rounded(const grade_judged *judged, grade_decimals to, size_t *needed)
{
    grade_decimals fewer = {to.digits - 2, to.fixed};
    *needed = 0;
    for (size_t c = 0; c < judged->count; c++) {
        const grade_fields *got = &judged->answers[c].outputs;
        for (size_t f = 0; f < got->count && judged->answers[c].verdict == GRADE_PASS; f++) {
            for (size_t i = 0; i < got->field[f].count; i++) {
                double value = got->field[f].values[i];
                if (isfinite(value) && rounded(to, value) != value) {
                    return false;
                }
                *needed += isfinite(value) && (fewer.digits < 1 || rounded(fewer, value) != value);
            }
        }
    }
    return true;
}

grade_decimals assay_grade_decimals_of(const grade_judged *judged, bool fixed)
{
    enum { FEWEST = 3, MOST = 7, ENOUGH = 6 };
    for (int digits = FEWEST; digits <= MOST; digits++) {
        size_t needed;
        grade_decimals to = {digits, fixed};
        if (are_rounded(judged, to, &needed)) {
            return needed >= ENOUGH ? to : (grade_decimals){0};
        }
    }
    return (grade_decimals){0};
}

static void look_at_decimals(double got, double want, deviations *seen)
{
    for (int format = 0; format < FORMATS; format++) {
        for (int digits = FEWEST_DIGITS; digits <= MOST_DIGITS; digits++) {
            if (seen->decimals[format][digits]) {
                double shown = rounded((grade_decimals){digits, format == 1}, want);
                seen->decimals[format][digits] = shown == got || (isnan(want) && isnan(got));
            }
        }
    }
}

/*
 * A finite difference has errors of the size of float32's rounding, too, but only in gradients (names that begin with
 * d); so these count only beside other values that deviate.
 */
static void look_at_field(const grade_field *got, const grade_field *want, deviations *seen, size_t *deviating)
{
    for (size_t i = 0; i < want->count; i++) {
        look_at_decimals(got->values[i], want->values[i], seen);
        seen->changed += got->values[i] != want->values[i] && !isnan(want->values[i]);
        seen->floats = seen->floats && is_trivial(got->values[i]);
        if (is_trivial(want->values[i])) {
            continue;
        }
        double relative = (got->values[i] - want->values[i]) / fabs(want->values[i]);
        seen->large += fabs(relative) > MOST_RELATIVE;
        relative = fmin(fmax(relative, -MOST_RELATIVE), MOST_RELATIVE);
        seen->values++;
        seen->above[want->name[0] == 'd'] += relative > 0.0;
        seen->below[want->name[0] == 'd'] += relative < 0.0;
        seen->squares += relative * relative;
        *deviating += fabs(relative) > 0x1p-40;
    }
}

static void look_at_case(const grade_judged *judged, size_t i, const grade_fields *modelled, deviations *seen)
{
    const grade_fields *got = &judged->answers[i].outputs;
    size_t before = seen->values;
    size_t deviating = 0;
    for (size_t f = 0; f < modelled->count; f++) {
        look_at_field(&got->field[f], &modelled->field[f], seen, &deviating);
    }
    seen->all_deviate = seen->all_deviate && (deviating > 0 || seen->values == before);
    seen->near = seen->near && assay_grade_distance(judged->cases[i], got, modelled, GRADE_F32, NULL, NULL) <= 1.0;
}

/* Signs like those of a coin: 3 standard deviations. */
static bool is_random(size_t above, size_t below)
{
    double signs = (double)(above + below);
    return signs >= 8.0 && fabs((double)above - (double)below) <= 3.0 * sqrt(signs);
}

/*
 * Random signs, and a size above 2^-27, few of them large. A constant that was rounded, sigma for example, gives one
 * field's deviations one sign.
 */
static bool is_rounding_like(const deviations *seen)
{
    double size = sqrt(seen->squares / (double)(seen->values == 0 ? 1 : seen->values));
    bool beside = seen->above[0] + seen->below[0] > 0;
    bool random = is_random(seen->above[0], seen->below[0]) || (beside && is_random(seen->above[1], seen->below[1]));
    return seen->all_deviate && random && size > 0x1p-27 && 4 * seen->large <= seen->values;
}

static int fewest_digits(const deviations *seen)
{
    for (int digits = FEWEST_DIGITS; digits <= MOST_DIGITS; digits++) {
        if (seen->decimals[0][digits] || seen->decimals[1][digits]) {
            return digits;
        }
    }
    return 0;
}

assay_status assay_grade_rounding(const grade_judged *judged, const grade_choice *choice, bool certain,
                                  grade_rounding *rounding, assay_error *error)
{
    deviations seen = {.near = true, .floats = true, .all_deviate = true};
    for (int digits = FEWEST_DIGITS; digits <= MOST_DIGITS; digits++) {
        seen.decimals[0][digits] = seen.decimals[1][digits] = true;
    }
    for (size_t i = 0; i < judged->count; i++) {
        grade_fields modelled;
        if (judged->answers[i].verdict == GRADE_PASS) {
            ASSAY_TRY(assay_grade_fields_like(&judged->cases[i]->outputs, &modelled, error));
            judged->component->model(judged->cases[i], choice, &modelled);
            look_at_case(judged, i, &modelled, &seen);
            assay_grade_fields_clear(&modelled);
        }
    }
    *rounding = (grade_rounding){0};
    rounding->digits = seen.values >= 3 || seen.changed >= 3 ? fewest_digits(&seen) : 0;
    if (rounding->digits > 0) {
        rounding->id = "any.short_decimals";
    } else if (seen.near && ((seen.floats && seen.values >= 3) || (!certain && is_rounding_like(&seen)))) {
        rounding->id = GRADE_FLOAT32_ID;
    } else if (seen.near && !certain) {
        rounding->id = GRADE_INEXACT_ID;
    }
    return ASSAY_OK;
}
