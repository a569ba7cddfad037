#include "grade/quotient.h"

#include <math.h>
#include <string.h>

/* Fewer gradients that are not 0 could be multiples by chance: each is one with a probability of 4%. */
enum { FEWEST_GRADIENTS = 12 };
#define ROOM 0.02

static bool is_scalar_loss(const grade_field *field)
{
    return strcmp(field->name, "loss") == 0 && field->rank == 0;
}

static bool has_form(const grade_component *component, const grade_fields *outputs)
{
    return component->model != NULL && outputs->count > 1 && is_scalar_loss(&outputs->field[0]);
}

/* Whether a gradient is a multiple of unit / h; a gradient of 0 says nothing. */
static bool is_multiple(double gradient, double h, double unit, size_t *counted)
{
    double multiple = fabs(gradient) * h / unit;
    *counted += multiple > 0.5;
    return multiple < 1e14 && fabs(multiple - nearbyint(multiple)) <= ROOM;
}

static bool fits_step(const grade_judged *judged, double h)
{
    size_t counted = 0;
    for (size_t i = 0; i < judged->count; i++) {
        const grade_fields *got = &judged->answers[i].outputs;
        if (judged->answers[i].verdict != GRADE_PASS) {
            continue;
        }
        int exponent;
        (void)frexp(got->field[0].values[0], &exponent);
        double unit = ldexp(1.0, exponent - 54); /* half a last place: f(x + h) may be below a power of two */
        for (size_t f = 1; f < got->count; f++) {
            for (size_t k = 0; k < got->field[f].count; k++) {
                if (!is_multiple(got->field[f].values[k], h, unit, &counted)) {
                    return false;
                }
            }
        }
    }
    return counted >= FEWEST_GRADIENTS;
}

static bool losses_are_right(const grade_judged *judged)
{
    for (size_t i = 0; i < judged->count; i++) {
        double got = judged->answers[i].outputs.field[0].values[0];
        double want = judged->cases[i]->outputs.field[0].values[0];
        if (judged->answers[i].verdict == GRADE_PASS &&
            !(fabs(got - want) <= judged->cases[i]->tolerance[GRADE_F64] * fabs(want))) {
            return false;
        }
    }
    return true;
}

bool assay_grade_is_quotient(const grade_judged *judged)
{
    static const double digits[] = {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 9.0};
    if (!has_form(judged->component, &judged->cases[0]->outputs) || !losses_are_right(judged)) {
        return false;
    }
    for (int power = 2; power <= 10; power++) {
        for (size_t d = 0; d < sizeof digits / sizeof digits[0]; d++) {
            if (fits_step(judged, digits[d] / pow(10.0, power))) {
                return true;
            }
        }
    }
    for (int power = 8; power <= 32; power++) {
        if (fits_step(judged, ldexp(1.0, -power))) {
            return true;
        }
    }
    return false;
}
