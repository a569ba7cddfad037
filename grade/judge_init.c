#include "grade/judge_init.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/stats/moments.h>
#include "grade/distribution.h"
#include "grade/search.h"
#include "base/order.h"

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
    double allowed = count * (chance + SPARE_SHARE) + (double)SPARE_VALUES +
                     SPARE_DEVIATIONS * sqrt(count * chance * (1.0 - chance));
    return (double)shared_values(small, large) > allowed;
}

/* The different values among them. */
static size_t different_values(const magnitudes *drawn)
{
    size_t different = drawn->count > 0;
    for (size_t i = 1; i < drawn->count; i++) {
        different += !same_value(drawn->values[i], drawn->values[i - 1]);
    }
    return different;
}

/* What was drawn once and copied within a tensor, in whatever order. */
typedef enum { DRAWS_FRESH, DRAWS_ONE_ROW, DRAWS_ONE_COLUMN, DRAWS_FEW } repetition_kind;

static const char *const repetition_ids[] = {
    [DRAWS_ONE_ROW] = "initializer.rows_repeat",
    [DRAWS_ONE_COLUMN] = "initializer.columns_repeat",
    [DRAWS_FEW] = "initializer.values_repeat",
};

static repetition_kind repetition_in(const grade_field *field, const magnitudes *drawn)
{
    size_t different = different_values(drawn);
    bool table = field->rank == 2;
    size_t row = table ? field->shape[1] : field->count;
    if (different == 1) { /* a constant is judged as a distribution; one number with both signs is none */
        bool above = false;
        bool below = false;
        for (size_t i = 0; i < field->count; i++) {
            above = above || field->values[i] > 0.0;
            below = below || field->values[i] < 0.0;
        }
        return above && below ? DRAWS_FEW : DRAWS_FRESH;
    }
    if (table && repeats(field->count - row, field->values, field->values + row)) {
        return DRAWS_ONE_ROW;
    }
    if (table && repeats(field->count - 1, field->values, field->values + 1)) {
        return DRAWS_ONE_COLUMN;
    }
    if (drawn->count < ENOUGH_VALUES || different >= drawn->count / 4) {
        return DRAWS_FRESH;
    }
    return table && different == row               ? DRAWS_ONE_ROW
           : table && different == field->shape[0] ? DRAWS_ONE_COLUMN
                                                   : DRAWS_FEW;
}

/* What is compared: every tensor of every answered case. */
typedef struct {
    const grade_field *field;
    size_t layer;
    bool bias;
    size_t owner;     /* the case */
    magnitudes drawn; /* nothing where the tensor need not be random */
    repetition_kind repetition;
    double *sample; /* what the tensor has of independent values, sorted: it is compared with many laws */
    size_t sample_count;
    assay_moments moments; /* of the sample */
} tensor;

enum { MAX_TENSORS = 4 * GRADE_MAX_FIELDS };

typedef struct {
    size_t count;
    tensor list[MAX_TENSORS];
} tensors;

/* A repeated row or column is judged once. Of few values in any order nothing is known but that they are few. */
static void take_sample(tensor *of)
{
    const grade_field *field = of->field;
    size_t step = 1;
    of->sample_count = field->count;
    if (of->repetition == DRAWS_ONE_ROW) {
        of->sample_count = field->shape[1];
    } else if (of->repetition == DRAWS_ONE_COLUMN) {
        of->sample_count = field->shape[0];
        step = field->shape[1];
    } else if (of->repetition == DRAWS_FEW) {
        of->sample_count = 0;
    }
    for (size_t i = 0; i < of->sample_count; i++) {
        of->sample[i] = field->values[i * step];
    }
    of->moments = assay_moments_f64(of->sample_count, of->sample);
    qsort(of->sample, of->sample_count, sizeof *of->sample, assay_compare_doubles);
}

static assay_status add_tensor(tensors *all, const grade_component *component, const grade_case *graded, size_t owner,
                               const grade_answer *answer, size_t f, assay_error *error)
{
    const grade_field *field = &answer->outputs.field[f];
    bool bias = f % 2 == 1;
    grade_distribution correct = component->initializer->draws(graded, &GRADE_TUTORIAL, f / 2, bias);
    tensor *added = &all->list[all->count++];
    *added = (tensor){.field = field, .layer = f / 2, .bias = bias, .owner = owner};
    added->sample = assay_calloc(field->count, sizeof(double), error);
    added->drawn.values = assay_calloc(field->count, sizeof(double), error);
    if (added->sample == NULL || added->drawn.values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < field->count && correct.kind != GRADE_CONSTANT; i++) {
        double value = fabs(field->values[i] / correct.value); /* zeros and NaN are judged as a distribution */
        if (isfinite(value) && value > 0.0) {
            added->drawn.values[added->drawn.count++] = value;
        }
    }
    qsort(added->drawn.values, added->drawn.count, sizeof(double), assay_compare_doubles);
    added->repetition = added->drawn.count == 0 ? DRAWS_FRESH : repetition_in(field, &added->drawn);
    take_sample(added);
    return ASSAY_OK;
}

static assay_status collect_tensors(const grade_component *component, size_t count, grade_case *const *cases,
                                    const grade_answer *answers, tensors *all, assay_error *error)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t f = 0; f < answers[i].outputs.count && answers[i].verdict == GRADE_PASS; f++) {
            if (all->count < MAX_TENSORS) {
                ASSAY_TRY(add_tensor(all, component, cases[i], i, &answers[i], f, error));
            }
        }
    }
    return ASSAY_OK;
}

static bool equal_draws(const tensor *a, const tensor *b)
{
    size_t common = a->field->count < b->field->count ? a->field->count : b->field->count;
    return a->drawn.count > 0 && b->drawn.count > 0 &&
           (repeats(common, a->field->values, b->field->values) || same_draws(&a->drawn, &b->drawn));
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

/* --- what is not drawn afresh ------------------------------------------------------------------------------------- */

static const char *describe_repetition(const tensor *drawn, char *what, size_t size)
{
    const char *name = drawn->field->name;
    switch (drawn->repetition) {
    case DRAWS_ONE_ROW: snprintf(what, size, "rows of %s repeat each other", name); break;
    case DRAWS_ONE_COLUMN: snprintf(what, size, "columns of %s repeat each other", name); break;
    default:
        snprintf(what, size, "%s has %zu different values among %zu", name, different_values(&drawn->drawn),
                 drawn->drawn.count);
        break;
    }
    return repetition_ids[drawn->repetition];
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
        if (drawn->repetition != DRAWS_FRESH) {
            return describe_repetition(drawn, what, size);
        }
        const tensor *other = repetition(all, i, true);
        if (other != NULL) {
            snprintf(what, size, "%s and %s have the same draws", drawn->field->name, other->field->name);
            return "initializer.layers_repeat";
        }
        other = found == NULL ? repetition(all, i, false) : NULL;
        if (other != NULL) {
            snprintf(what, size, "%s has the draws that another seed gave %s", drawn->field->name, other->field->name);
            found = "initializer.seed_ignored";
        }
    }
    return found;
}

/* --- what is drawn from another distribution ---------------------------------------------------------------------- */

#define ALARM_QUANTILE 7.131 /* the two-sided normal quantile of 1e-12 */

/* The weights or the biases of a component's answers. */
typedef struct {
    const grade_component *component;
    grade_case *const *cases;
    const tensors *all;
    bool biases;
    double parameter; /* the number for a level that has a free one, estimated from the first layer */
    grade_choice found;
    bool explained;
    bool rare; /* rare levels are tried now, and no others */
} half;

/* Whether these switches draw a tensor; `z` as in distribution.h. */
static bool fits(const half *h, const tensor *drawn, const grade_choice *choice, double *z)
{
    grade_distribution hypothesis = h->component->initializer->draws(h->cases[drawn->owner], choice, drawn->layer,
                                                                     drawn->bias);
    *z = 0.0;
    return drawn->repetition == DRAWS_FEW ||
           assay_grade_distribution_fits(hypothesis, drawn->sample_count, drawn->sample, &drawn->moments, z);
}

/* The first tensor of this half, of one case or of all (own < 0), that these switches do not draw; NULL for none. */
static const tensor *first_misfit(const half *h, long own, const grade_choice *choice)
{
    double z;
    for (size_t i = 0; i < h->all->count; i++) {
        const tensor *drawn = &h->all->list[i];
        if (drawn->bias == h->biases && (own < 0 || drawn->owner == (size_t)own) && !fits(h, drawn, choice, &z)) {
            return drawn;
        }
    }
    return NULL;
}

/*
 * Whether these switches draw all tensors of this half. Two known forms may differ by less than one tensor shows, so
 * the variances of all are taken together as well (Stouffer's sum, weighted by the roots of the numbers of values).
 */
static bool draws_all(const half *h, const grade_choice *choice)
{
    double sum = 0.0;
    double weights = 0.0;
    for (size_t i = 0; i < h->all->count; i++) {
        const tensor *drawn = &h->all->list[i];
        double z;
        if (drawn->bias != h->biases) {
            continue;
        }
        if (!fits(h, drawn, choice, &z)) {
            return false;
        }
        sum += z * sqrt((double)drawn->sample_count);
        weights += (double)drawn->sample_count;
    }
    return fabs(sum) <= ALARM_QUANTILE * sqrt(weights);
}

static bool try_choice(const grade_choice *choice, void *context)
{
    half *h = context;
    grade_choice tried = *choice;
    if (assay_grade_is_rare(h->component, choice) != h->rare) {
        return true;
    }
    tried.parameter = h->parameter;
    if (draws_all(h, &tried)) {
        h->found = tried;
        h->explained = true;
    }
    return !h->explained;
}

/* A constant bias's value, or the weights' standard deviation. */
static double estimate(const half *h)
{
    for (size_t i = 0; i < h->all->count; i++) {
        const tensor *drawn = &h->all->list[i];
        if (drawn->bias == h->biases && drawn->sample_count > 0) {
            return drawn->bias ? drawn->sample[0] : sqrt(drawn->moments.variance);
        }
    }
    return 0.0;
}

/*
 * The smallest setting that draws this half. More axes than two may differ: each has a large effect of its own on seven
 * tensors, so that few settings fit. The axis of the other half is set, so that the search leaves it alone.
 */
static void explain(half *h)
{
    static const size_t kinds[][2] = {{1, 0}, {2, 0}, {0, 1}, {1, 1}, {0, 2}, {2, 1}, {1, 2}};
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    grade_component searched = *h->component;
    grade_choice base = GRADE_TUTORIAL;
    h->parameter = estimate(h);
    if (h->biases) {
        searched.axis_count = 1;
    } else {
        base.level[0] = 1;
    }
    for (size_t k = 0; k < 2 * KINDS && !h->explained; k++) {
        h->rare = k >= KINDS;
        assay_grade_search(&searched, &base, kinds[k % KINDS][0], kinds[k % KINDS][1], try_choice, h);
    }
    h->found.level[0] = h->biases ? h->found.level[0] : 0;
}

static void describe_misfit(const half *h, const tensor *misfit, grade_result *result)
{
    char expected[128];
    size_t used = strlen(result->detail);
    grade_distribution correct = h->component->initializer->draws(h->cases[misfit->owner], &GRADE_TUTORIAL,
                                                                  misfit->layer, misfit->bias);
    assay_grade_distribution_text(correct, expected, sizeof expected);
    snprintf(result->detail + used, sizeof result->detail - used,
             "%s%s: got mean %.5g, standard deviation %.5g, range %.5g to %.5g; expected %s", used == 0 ? "" : "; ",
             misfit->field->name, misfit->moments.mean, sqrt(misfit->moments.variance), misfit->moments.minimum,
             misfit->moments.maximum, expected);
}

/* --- the results -------------------------------------------------------------------------------------------------- */

static void judge_structure(const tensors *all, const grade_answer *answers, size_t own, grade_result *result)
{
    *result = (grade_result){.verdict = answers[own].verdict};
    memcpy(result->detail, answers[own].detail, sizeof result->detail);
    if (answers[own].verdict == GRADE_PASS) {
        result->mistake = structural_mistake(all, own, result->detail, sizeof result->detail);
        result->verdict = result->mistake == NULL ? GRADE_PASS : GRADE_WRONG;
    }
}

/*
 * Judges one half of the outputs of all cases, after the structure and maybe the other half. `other`: what was found
 * there; biases that are drawn as the weights are have no mistake of their own.
 */
static void judge_half(half *h, const grade_choice *other, size_t count, grade_result *results)
{
    const char *names[GRADE_MAX_NAMES];
    if (first_misfit(h, -1, &GRADE_TUTORIAL) == NULL) {
        h->explained = true;
        return;
    }
    bool follows = draws_all(h, other);
    h->explained = follows;
    if (!follows) {
        explain(h);
    }
    size_t named = h->explained && !follows ? assay_grade_choice_names(h->component, &h->found, names) : 0;
    for (size_t i = 0; i < count; i++) {
        const tensor *misfit = first_misfit(h, (long)i, &GRADE_TUTORIAL);
        if (misfit == NULL) {
            continue;
        }
        results[i].verdict = GRADE_WRONG;
        describe_misfit(h, misfit, &results[i]);
        for (size_t k = 0; k < named; k++) {
            assay_grade_add_name(&results[i], names[k]);
        }
        if (h->explained && assay_grade_free_level(h->component, &h->found) != NULL) {
            results[i].solved = assay_grade_free_id(h->component, &h->found);
            const struct grade_initializer *initializer = h->component->initializer;
            results[i].parameter = initializer->shown == NULL ? h->parameter
                                                              : initializer->shown(h->cases[i], &h->found);
        }
    }
}

static assay_status judge_tensors(const grade_component *component, size_t count, grade_case *const *cases,
                                  const grade_answer *answers, tensors *all, grade_result *results, assay_error *error)
{
    ASSAY_TRY(collect_tensors(component, count, cases, answers, all, error));
    for (size_t i = 0; i < count; i++) {
        judge_structure(all, answers, i, &results[i]);
    }
    bool explained = true;
    grade_choice of_weights = GRADE_TUTORIAL;
    for (int biases = 0; biases < 2; biases++) {
        half h = {.component = component, .cases = cases, .all = all, .biases = biases == 1};
        judge_half(&h, &of_weights, count, results);
        explained = explained && h.explained;
        of_weights = h.found;
    }
    for (size_t i = 0; i < count && !explained; i++) { /* what is named is not all: nobody may give credit for all */
        if (results[i].mistake != NULL) {
            assay_grade_add_name(&results[i], "initializer.other_distribution");
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_judge_initializer(const grade_component *component, size_t count, grade_case *const *cases,
                                           const grade_answer *answers, grade_result *results, assay_error *error)
{
    tensors *all = assay_calloc(1, sizeof *all, error);
    if (all == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = judge_tensors(component, count, cases, answers, all, results, error);
    for (size_t i = 0; i < all->count; i++) {
        assay_free(all->list[i].drawn.values);
        assay_free(all->list[i].sample);
    }
    assay_free(all);
    return status;
}
