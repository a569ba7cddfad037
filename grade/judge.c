#include "grade/judge.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/explain.h"
#include "grade/judge_init.h"
#include "grade/npy.h"

const char *assay_grade_verdict_name(grade_verdict verdict)
{
    static const char *const names[GRADE_VERDICT_COUNT] = {
        [GRADE_PASS] = "pass",
        [GRADE_WRONG] = "wrong",
        [GRADE_MISSING] = "not implemented",
        [GRADE_SHAPE] = "wrong shape",
        [GRADE_REPLY] = "no valid reply",
        [GRADE_REFUSED] = "error",
        [GRADE_CRASHED] = "crashed",
        [GRADE_EXITED] = "exited",
        [GRADE_TIMED_OUT] = "timed out",
        [GRADE_MEMORY] = "memory limit",
        [GRADE_OUTPUT] = "output limit",
        [GRADE_PROCESSES] = "process limit",
        [GRADE_UNUSABLE] = "no usable submission",
        [GRADE_NOT_COMPILED] = "does not compile",
        [GRADE_NOT_RUN] = "not run",
    };
    return names[verdict];
}

/* Root mean square of a tensor's finite values: the scale below which a difference is rounding. */
static double scale_of(const grade_field *field)
{
    double sum = 0.0;
    size_t finite = 0;
    for (size_t i = 0; i < field->count; i++) {
        if (isfinite(field->values[i])) {
            sum += field->values[i] * field->values[i];
            finite++;
        }
    }
    return finite == 0 ? 0.0 : sqrt(sum / (double)finite);
}

/*
 * The scale of a field of a model's outputs. Sums that cancel, such as a gradient over all classes, leave nothing but
 * rounding: so the scale is at least a thousandth of what is expected there.
 */
static double scale_in(const grade_case *graded, const grade_fields *want, size_t f)
{
    return fmax(scale_of(&want->field[f]), 1e-3 * scale_of(&graded->outputs.field[f]));
}

static double value_distance(double got, double want, double tolerance, double scale)
{
    if (!isfinite(want) || !isfinite(got)) {
        return (isnan(want) && isnan(got)) || got == want ? 0.0 : HUGE_VAL;
    }
    double difference = fabs(got - want);
    double allowed = tolerance * (fabs(want) + scale);
    return difference == 0.0 ? 0.0 : allowed == 0.0 ? HUGE_VAL : difference / allowed;
}

double assay_grade_distance(const grade_case *graded, const grade_fields *got, const grade_fields *want,
                            grade_precision precision, size_t *field, size_t *index)
{
    double worst = 0.0;
    bool found = false;
    for (size_t f = 0; f < want->count; f++) {
        double scale = scale_in(graded, want, f);
        for (size_t i = 0; i < want->field[f].count; i++) {
            double distance = value_distance(got->field[f].values[i], want->field[f].values[i],
                                             graded->tolerance[precision], scale);
            worst = distance > worst ? distance : worst;
            if (distance > 1.0 && !found) {
                found = true;
                if (field != NULL && index != NULL) {
                    *field = f;
                    *index = i;
                }
            }
        }
    }
    return worst;
}

bool assay_grade_value_fits(const grade_case *graded, const grade_fields *want, size_t field, size_t index, double got)
{
    return value_distance(got, want->field[field].values[index], graded->tolerance[GRADE_F32],
                          scale_in(graded, want, field)) <= 1.0;
}

size_t assay_grade_right_values(const grade_case *graded, const grade_fields *got, const grade_fields *want,
                                grade_precision precision)
{
    size_t right = 0;
    for (size_t f = 0; f < want->count; f++) {
        double scale = scale_in(graded, want, f);
        for (size_t i = 0; i < want->field[f].count; i++) {
            right += value_distance(got->field[f].values[i], want->field[f].values[i], graded->tolerance[precision],
                                    scale) <= 1.0;
        }
    }
    return right;
}

/* "updated0[1][3]: got 0.031, expected 0.042" */
static void describe_divergence(const grade_fields *got, const grade_fields *want, size_t f, size_t index, char *text,
                                size_t size)
{
    const grade_field *field = &want->field[f];
    char where[96] = "";
    size_t used = 0;
    size_t inner = field->count;
    size_t rest = index;
    for (size_t d = 0; d < field->rank; d++) {
        inner /= field->shape[d];
        used += (size_t)snprintf(where + used, sizeof where - used, "[%zu]", rest / inner);
        rest %= inner;
    }
    double value = got->field[f].values[index];
    if (value == GRADE_SENTINEL) {
        snprintf(text, size, "%s%s: got no value, expected %.10g", field->name, where, field->values[index] + 0.0);
        return;
    }
    /* + 0.0 turns -0 into 0. */
    snprintf(text, size, "%s%s: got %.10g, expected %.10g", field->name, where, value + 0.0,
             field->values[index] + 0.0);
}

/* --- mistakes of memory, which the C way brings to light in any component ----------------------------------------- */

static bool sentinel_left(const grade_case *graded, const grade_answer *answer)
{
    for (size_t f = 0; f < graded->outputs.count; f++) {
        const grade_field *got = &answer->outputs.field[f];
        size_t left = 0;
        for (size_t i = 0; i < got->count; i++) {
            left += got->values[i] == GRADE_SENTINEL;
        }
        if (left > 0 && left == got->count) {
            return true;
        }
    }
    return false;
}

/* Every tensor is right, or right plus what stood in its memory before. */
static bool sentinel_added(const grade_case *graded, const grade_answer *answer)
{
    bool added = false;
    for (size_t f = 0; f < graded->outputs.count; f++) {
        const grade_field *got = &answer->outputs.field[f];
        const grade_field *want = &graded->outputs.field[f];
        double tolerance = graded->tolerance[GRADE_F32];
        for (size_t i = 0; i < got->count; i++) {
            double without = got->values[i] - GRADE_SENTINEL;
            bool right = value_distance(got->values[i], want->values[i], tolerance, scale_of(want)) <= 1.0;
            bool shifted = fabs(without - want->values[i]) <= tolerance * (fabs(want->values[i]) - GRADE_SENTINEL);
            if (!right && !shifted) {
                return false;
            }
            added = added || shifted;
        }
    }
    return added;
}

static const char *memory_mistake(const grade_case *graded, const grade_answer *answer, bool pass)
{
    if (answer->modified[0] != '\0') {
        return "any.input_modified";
    }
    if (pass) {
        return NULL;
    }
    if (sentinel_left(graded, answer)) {
        return "any.output_not_written";
    }
    return graded->component->model != NULL && sentinel_added(graded, answer) ? "any.output_accumulated" : NULL;
}

/* --- names and shapes --------------------------------------------------------------------------------------------- */

void assay_grade_add_name(grade_result *result, const char *id)
{
    if (result->mistake == NULL || strcmp(result->mistake, id) == 0) {
        result->mistake = id;
        return;
    }
    for (size_t i = 0; i < GRADE_MAX_NAMES; i++) {
        if (result->also[i] == NULL || strcmp(result->also[i], id) == 0) {
            result->also[i] = id;
            return;
        }
    }
}

/* The first output whose shape is another one, or NULL. */
static const grade_field *other_shape(const grade_answer *answer)
{
    for (size_t f = 0; f < answer->outputs.count; f++) {
        if (answer->outputs.field[f].deviation != NULL) {
            return &answer->outputs.field[f];
        }
    }
    return NULL;
}

/*
 * Names the shape. Where only axes of length 1 differ, the values have been judged; what is wrong with them without a
 * name must not become creditable by the name of the shape.
 */
static void name_shape(const grade_case *graded, const grade_answer *answer, grade_result *result)
{
    const grade_component *component = graded->component;
    char want[64];
    const grade_field *field = other_shape(answer);
    if (field == NULL || (answer->verdict != GRADE_SHAPE && answer->verdict != GRADE_PASS)) {
        return;
    }
    if (answer->verdict == GRADE_SHAPE) {
        const char *own = component->name_shape == NULL ? NULL : component->name_shape(graded, field);
        result->mistake = own == NULL ? field->deviation : own;
        return;
    }
    size_t used = strlen(result->detail);
    assay_grade_shape_text(field->rank, field->shape, want, sizeof want);
    snprintf(result->detail + used, sizeof result->detail - used, "%s%s: expected %s, got %s",
             result->verdict == GRADE_PASS ? "the values are right, but not the shape of " : "; ", field->name, want,
             field->found_shape);
    if (result->verdict == GRADE_PASS || result->mistake != NULL) {
        result->verdict = GRADE_WRONG;
        assay_grade_add_name(result, field->deviation);
    }
}

/* --- one component ------------------------------------------------------------------------------------------------ */

/* One case against the reference. Returns whether a difference is to be explained. */
static bool judge_case(const grade_case *graded, const grade_answer *answer, grade_precision precision,
                       grade_result *result)
{
    size_t f = 0;
    size_t index = 0;
    *result = (grade_result){.verdict = answer->verdict};
    memcpy(result->detail, answer->detail, sizeof result->detail);
    if (answer->verdict != GRADE_PASS) {
        return false;
    }
    double distance = assay_grade_distance(graded, &answer->outputs, &graded->outputs, precision, &f, &index);
    result->mistake = memory_mistake(graded, answer, distance <= 1.0);
    if (distance <= 1.0 && result->mistake == NULL) {
        return false;
    }
    result->verdict = GRADE_WRONG;
    if (distance <= 1.0) {
        snprintf(result->detail, sizeof result->detail, "the outputs are right, but the input %s was changed",
                 answer->modified);
        return false;
    }
    describe_divergence(&answer->outputs, &graded->outputs, f, index, result->detail, sizeof result->detail);
    if (result->mistake == NULL && graded->component->name_values != NULL) {
        result->mistake = graded->component->name_values(graded, &answer->outputs);
    }
    return result->mistake == NULL;
}

static assay_status judge_values(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                 assay_error *error)
{
    *found = (grade_upstream){0};
    if (judged->component->initializer != NULL) {
        return assay_grade_judge_initializer(judged->component, judged->count, judged->cases, judged->answers, results,
                                             error);
    }
    bool unexplained = false;
    for (size_t i = 0; i < judged->count; i++) {
        unexplained = judge_case(judged->cases[i], &judged->answers[i], judged->precision, &results[i]) || unexplained;
    }
    return unexplained ? assay_grade_explain(judged, results, found, error) : ASSAY_OK;
}

assay_status assay_grade_judge(const grade_judged *judged, grade_result *results, grade_upstream *found,
                               assay_error *error)
{
    ASSAY_TRY(judge_values(judged, results, found, error));
    for (size_t i = 0; i < judged->count; i++) {
        name_shape(judged->cases[i], &judged->answers[i], &results[i]);
    }
    return ASSAY_OK;
}
