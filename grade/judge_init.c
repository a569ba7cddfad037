#include "grade/judge_init.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
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
    return count >= 50 && fabs(correlation(count, a, b)) > 0.95;
}

/*
 * Draws that were used twice, in whatever order: the values of the smaller tensor are among those of the larger one,
 * up to the sign and the scale. Values are compared in units of the distribution's own scale, within float32's
 * rounding. Two independent tensors share values, too, the more the coarser the generator: as many as the larger one
 * shares with itself. What goes beyond that by 15 values, 5% and 7.2 standard deviations has a probability below
 * 1e-12.
 */
enum { ENOUGH_VALUES = 30, SPARE_VALUES = 15 };
#define SPARE_SHARE 0.05
#define SPARE_DEVIATIONS 7.2
#define SAME_VALUE 5e-7

/* The absolute values of a tensor in units of its scale, sorted. */
typedef struct {
    double *values;
    size_t count;
} magnitudes;

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool same_value(double a, double b)
{
    return fabs(a - b) <= SAME_VALUE * fabs(a);
}

static size_t shared_values(const magnitudes *small, const magnitudes *large)
{
    size_t shared = 0;
    size_t at = 0;
    for (size_t i = 0; i < small->count; i++) {
        while (at < large->count && large->values[at] < small->values[i] &&
               !same_value(small->values[i], large->values[at])) {
            at++;
        }
        shared += at < large->count && same_value(small->values[i], large->values[at]);
    }
    return shared;
}

/* Values that have an equal one in the same tensor. */
static size_t own_repetitions(const magnitudes *drawn)
{
    size_t repeated = 0;
    for (size_t i = 0; i < drawn->count; i++) {
        bool before = i > 0 && same_value(drawn->values[i], drawn->values[i - 1]);
        bool after = i + 1 < drawn->count && same_value(drawn->values[i], drawn->values[i + 1]);
        repeated += before || after;
    }
    return repeated;
}

static bool same_draws(const magnitudes *a, const magnitudes *b)
{
    const magnitudes *small = a->count < b->count ? a : b;
    const magnitudes *large = a->count < b->count ? b : a;
    if (small->count < ENOUGH_VALUES) {
        return false;
    }
    double count = (double)small->count;
    double chance = (double)own_repetitions(large) / (double)large->count;
    double allowed = count * (chance + SPARE_SHARE) + SPARE_VALUES +
                     SPARE_DEVIATIONS * sqrt(count * chance * (1.0 - chance));
    return (double)shared_values(small, large) > allowed;
}

/* A tensor in which few values are different ones: parts of it were drawn once, and copied in whatever order. */
static bool copies_itself(const magnitudes *drawn)
{
    size_t different = drawn->count > 0;
    for (size_t i = 1; i < drawn->count; i++) {
        different += !same_value(drawn->values[i], drawn->values[i - 1]);
    }
    return drawn->count >= 500 && different < drawn->count / 4;
}

static bool rows_repeat(const grade_fields *outputs, size_t f)
{
    const grade_field *field = &outputs->field[f];
    size_t row = field->rank == 2 ? field->shape[1] : field->count;
    return repeats(field->count - row, field->values, field->values + row);
}

/* What is compared: every tensor that is to be random, of every answered case. */
typedef struct {
    const grade_fields *outputs;
    size_t field;
    size_t owner; /* the case */
    magnitudes drawn;
} tensor;

enum { MAX_TENSORS = 4 * GRADE_MAX_FIELDS };

typedef struct {
    size_t count;
    tensor list[MAX_TENSORS];
} tensors;

static assay_status add_tensor(tensors *all, const grade_component *component, const grade_case *graded, size_t owner,
                               const grade_answer *answer, size_t f, assay_error *error)
{
    const grade_field *field = &answer->outputs.field[f];
    grade_distribution correct = component->initializer->draws(graded, &GRADE_TUTORIAL, f / 2, f % 2 == 1);
    if (correct.kind == GRADE_CONSTANT || all->count == MAX_TENSORS) {
        return ASSAY_OK;
    }
    tensor *added = &all->list[all->count];
    *added = (tensor){&answer->outputs, f, owner, {assay_calloc(field->count, sizeof(double), error), 0}};
    if (added->drawn.values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    all->count++;
    for (size_t i = 0; i < field->count; i++) { /* zeros and what is not finite are judged as a distribution */
        double value = fabs(field->values[i] / correct.value);
        if (isfinite(value) && value > 0.0) {
            added->drawn.values[added->drawn.count++] = value;
        }
    }
    qsort(added->drawn.values, added->drawn.count, sizeof(double), compare_doubles);
    return ASSAY_OK;
}

static assay_status collect_tensors(const grade_component *component, size_t count, grade_case *const *cases,
                                    const grade_answer *answers, tensors *all, assay_error *error)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t f = 0; f < answers[i].outputs.count && answers[i].verdict == GRADE_PASS; f++) {
            ASSAY_TRY(add_tensor(all, component, cases[i], i, &answers[i], f, error));
        }
    }
    return ASSAY_OK;
}

static bool equal_draws(const tensor *a, const tensor *b)
{
    const grade_field *of_a = &a->outputs->field[a->field];
    const grade_field *of_b = &b->outputs->field[b->field];
    size_t common = of_a->count < of_b->count ? of_a->count : of_b->count;
    return repeats(common, of_a->values, of_b->values) || same_draws(&a->drawn, &b->drawn);
}

/* Another tensor with the draws of list[i]: of the same case, or of another seed; NULL for none. */
static const tensor *repetition(const tensors *all, size_t i, bool same_case)
{
    for (size_t j = 0; j < all->count; j++) {
        bool same = all->list[j].owner == all->list[i].owner;
        if (j != i && same == same_case && equal_draws(&all->list[i], &all->list[j])) {
            return &all->list[j];
        }
    }
    return NULL;
}

static const char *name_of(const tensor *named)
{
    return named->outputs->field[named->field].name;
}

/* The mistake of a case's structure, with its tensors in words; NULL for none. */
static const char *structural_mistake(const tensors *all, size_t own, char *what, size_t size)
{
    const char *found = NULL;
    for (size_t i = 0; i < all->count; i++) {
        const tensor *drawn = &all->list[i];
        if (drawn->owner != own) {
            continue;
        }
        if (rows_repeat(drawn->outputs, drawn->field) || copies_itself(&drawn->drawn)) {
            snprintf(what, size, "rows of %s repeat each other", name_of(drawn));
            return "initializer.rows_repeat";
        }
        const tensor *other = repetition(all, i, true);
        if (other != NULL) {
            snprintf(what, size, "%s and %s have the same draws", name_of(drawn), name_of(other));
            return "initializer.layers_repeat";
        }
        other = found == NULL ? repetition(all, i, false) : NULL;
        if (other != NULL) {
            snprintf(what, size, "%s has the draws that another seed gave %s", name_of(drawn), name_of(other));
            found = "initializer.seed_ignored";
        }
    }
    return found;
}

/* The first tensor that was not drawn as an implementation with that mistake draws; outputs.count: none. */
static size_t first_misfit(const grade_component *component, const grade_case *graded, const grade_choice *choice,
                           const grade_fields *drawn)
{
    for (size_t f = 0; f < drawn->count; f++) {
        grade_distribution hypothesis = component->initializer->draws(graded, choice, f / 2, f % 2 == 1);
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
    grade_distribution correct = component->initializer->draws(graded, &GRADE_TUTORIAL, f / 2, f % 2 == 1);
    assay_grade_distribution_text(correct, expected, sizeof expected);
    snprintf(text, size, "%s: got mean %.5g, standard deviation %.5g, range %.5g to %.5g; expected %s",
             drawn->field[f].name, found.mean, sqrt(found.variance), found.minimum, found.maximum, expected);
}

/* The mistake that draws what every answered case shows, or NULL. */
static const char *drawn_mistake(const grade_component *component, size_t count, grade_case *const *cases,
                                 const grade_answer *answers)
{
    const grade_axis *axis = &component->axes[0];
    for (int k = 1; k < axis->count; k++) {
        grade_choice choice = GRADE_TUTORIAL;
        choice.level[0] = (unsigned char)k;
        bool fits = true;
        for (size_t i = 0; i < count && fits; i++) {
            fits = answers[i].verdict != GRADE_PASS ||
                   first_misfit(component, cases[i], &choice, &answers[i].outputs) == answers[i].outputs.count;
        }
        if (fits) {
            return axis->ids[k];
        }
    }
    return NULL;
}

static void judge_structure(const tensors *all, const grade_answer *answers, size_t own, grade_result *result)
{
    *result = (grade_result){.verdict = answers[own].verdict};
    memcpy(result->detail, answers[own].detail, sizeof result->detail);
    if (answers[own].verdict == GRADE_PASS) {
        result->mistake = structural_mistake(all, own, result->detail, sizeof result->detail);
        result->verdict = result->mistake == NULL ? GRADE_PASS : GRADE_WRONG;
    }
}

static assay_status judge_structures(const grade_component *component, size_t count, grade_case *const *cases,
                                     const grade_answer *answers, grade_result *results, assay_error *error)
{
    tensors *all = assay_calloc(1, sizeof *all, error);
    if (all == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = collect_tensors(component, count, cases, answers, all, error);
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        judge_structure(all, answers, i, &results[i]);
    }
    for (size_t i = 0; i < all->count; i++) {
        assay_free(all->list[i].drawn.values);
    }
    assay_free(all);
    return status;
}

assay_status assay_grade_judge_initializer(const grade_component *component, size_t count, grade_case *const *cases,
                                           const grade_answer *answers, grade_result *results, assay_error *error)
{
    bool unexplained = false;
    ASSAY_TRY(judge_structures(component, count, cases, answers, results, error));
    for (size_t i = 0; i < count; i++) {
        const grade_fields *drawn = &answers[i].outputs;
        if (results[i].verdict != GRADE_PASS) {
            continue;
        }
        size_t misfit = first_misfit(component, cases[i], &GRADE_TUTORIAL, drawn);
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
