#include "grade/judge_init.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/distribution.h"
#include <assay/stats/moments.h>

/* Correlation of two samples. Draws that were made once and used twice correlate fully, whatever their scale. */
static double correlation(size_t count, const double *a, const double *b)
{
    assay_moments of_a = assay_moments_f64(count, a);
    assay_moments of_b = assay_moments_f64(count, b);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (a[i] - of_a.mean) * (b[i] - of_b.mean);
    }
    return sum / (double)count / sqrt(of_a.variance * of_b.variance);
}

/* Independent samples of 50 values or more reach 0.95 with a probability far below 1e-20. */
static bool repeats(size_t count, const double *a, const double *b)
{
    return count >= 50 && correlation(count, a, b) > 0.95;
}

static bool rows_repeat(const grade_fields *outputs)
{
    const grade_field *weight = &outputs->field[0];
    size_t row = weight->shape[1];
    return repeats(weight->count - row, weight->values, weight->values + row);
}

/* Fields alternate: weight0, bias0, weight1, ... */
static bool layers_repeat(const grade_fields *outputs)
{
    for (size_t f = 2; f < outputs->count; f += 2) {
        size_t common = outputs->field[0].count < outputs->field[f].count ? outputs->field[0].count
                                                                           : outputs->field[f].count;
        if (repeats(common, outputs->field[0].values, outputs->field[f].values)) {
            return true;
        }
    }
    return false;
}

static bool seeds_repeat(size_t count, const grade_answer *answers, size_t own)
{
    for (size_t i = 0; i < count; i++) {
        if (i != own && answers[i].verdict == GRADE_PASS) {
            const grade_field *a = &answers[i].outputs.field[0];
            const grade_field *b = &answers[own].outputs.field[0];
            if (repeats(a->count < b->count ? a->count : b->count, a->values, b->values)) {
                return true;
            }
        }
    }
    return false;
}

/* The first tensor that was not drawn as an implementation with that mistake draws; outputs.count: none. */
static size_t first_misfit(const grade_component *component, const grade_case *graded, int mistake,
                           const grade_fields *drawn)
{
    for (size_t f = 0; f < drawn->count; f++) {
        grade_distribution hypothesis = component->initializer->draws(graded, mistake, f / 2, f % 2 == 1);
        if (!assay_grade_distribution_fits(hypothesis, drawn->field[f].count, drawn->field[f].values)) {
            return f;
        }
    }
    return drawn->count;
}

static void describe_misfit(const grade_component *component, const grade_case *graded, size_t f,
                            const grade_fields *drawn, char *text, size_t size)
{
    char expected[128];
    assay_moments found = assay_moments_f64(drawn->field[f].count, drawn->field[f].values);
    grade_distribution correct = component->initializer->draws(graded, GRADE_CORRECT, f / 2, f % 2 == 1);
    assay_grade_distribution_text(correct, expected, sizeof expected);
    snprintf(text, size, "%s: got mean %.5g, standard deviation %.5g, range %.5g to %.5g; expected %s",
             drawn->field[f].name, found.mean, sqrt(found.variance), found.minimum, found.maximum, expected);
}

/* The mistake that draws what every answered case shows, or NULL. */
static const char *drawn_mistake(const grade_component *component, size_t count, grade_case *const *cases,
                                 const grade_answer *answers)
{
    for (int k = 1; k < component->mistake_count; k++) {
        bool fits = true;
        for (size_t i = 0; i < count && fits; i++) {
            fits = answers[i].verdict != GRADE_PASS ||
                   first_misfit(component, cases[i], k, &answers[i].outputs) == answers[i].outputs.count;
        }
        if (fits) {
            return component->mistakes[k];
        }
    }
    return NULL;
}

static const char *structural_mistake(size_t count, const grade_answer *answers, size_t own, const char **what)
{
    const grade_fields *outputs = &answers[own].outputs;
    if (rows_repeat(outputs)) {
        *what = "each row of weight0 repeats the row before";
        return "initializer.rows_repeat";
    }
    if (layers_repeat(outputs)) {
        *what = "a later layer repeats the values of weight0";
        return "initializer.layers_repeat";
    }
    if (seeds_repeat(count, answers, own)) {
        *what = "weight0 repeats the values that another seed gave";
        return "initializer.seed_ignored";
    }
    return NULL;
}

static void judge_structure(size_t count, const grade_answer *answers, size_t own, grade_result *result)
{
    const char *what = NULL;
    *result = (grade_result){.verdict = answers[own].verdict};
    memcpy(result->detail, answers[own].detail, sizeof result->detail);
    if (answers[own].verdict == GRADE_PASS) {
        result->mistake = structural_mistake(count, answers, own, &what);
        if (result->mistake != NULL) {
            result->verdict = GRADE_WRONG;
            snprintf(result->detail, sizeof result->detail, "%s", what);
        }
    }
}

assay_status assay_grade_judge_initializer(const grade_component *component, size_t count, grade_case *const *cases,
                                           const grade_answer *answers, grade_result *results, assay_error *error)
{
    (void)error;
    bool unexplained = false;
    for (size_t i = 0; i < count; i++) {
        judge_structure(count, answers, i, &results[i]);
    }
    for (size_t i = 0; i < count; i++) {
        const grade_fields *drawn = &answers[i].outputs;
        if (results[i].verdict != GRADE_PASS) {
            continue;
        }
        size_t misfit = first_misfit(component, cases[i], GRADE_CORRECT, drawn);
        if (misfit < drawn->count) {
            results[i].verdict = GRADE_WRONG;
            describe_misfit(component, cases[i], misfit, drawn, results[i].detail, sizeof results[i].detail);
            unexplained = true;
        }
    }
    const char *mistake = unexplained ? drawn_mistake(component, count, cases, answers) : NULL;
    for (size_t i = 0; i < count; i++) {
        if (results[i].verdict == GRADE_WRONG && results[i].mistake == NULL) {
            results[i].mistake = mistake;
        }
    }
    return ASSAY_OK;
}
