#include "grade/diagnose.h"

#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>

/* The models' outputs, and the order in which cases are tried: a failed one first, so that most settings end there. */
typedef struct {
    const grade_judged *evidence;
    const bool *wanted; /* NULL: all */
    size_t count;
    size_t *order;
    grade_fields *modelled;
    grade_diagnosis *best;
} search_state;

/* How far a setting is from one answer, in units of float32's tolerance and of the declared precision's. */
static double case_distance(search_state *s, size_t i, const grade_choice *choice, double *declared)
{
    const grade_case *graded = s->evidence->cases[i];
    s->evidence->component->model(graded, choice, &s->modelled[i]);
    double distance = assay_grade_distance(graded, &s->evidence->answers[i].outputs, &s->modelled[i], GRADE_F32, NULL,
                                           NULL);
    *declared = distance * graded->tolerance[GRADE_F32] / graded->tolerance[s->evidence->precision];
    return distance;
}

/* --- free numbers ------------------------------------------------------------------------------------------------- */

/* The number at which a modelled value equals the answered one. */
typedef struct {
    search_state *search;
    size_t graded; /* the case */
    size_t field;
    size_t index;
    grade_choice choice;
} equation;

static double difference_at(equation *e, double parameter)
{
    e->choice.parameter = parameter;
    const grade_judged *evidence = e->search->evidence;
    grade_fields *modelled = &e->search->modelled[e->graded];
    evidence->component->model(evidence->cases[e->graded], &e->choice, modelled);
    return modelled->field[e->field].values[e->index] -
           evidence->answers[e->graded].outputs.field[e->field].values[e->index];
}

static double between(const grade_free *range, double share)
{
    return range->lower > 0.0 ? range->lower * pow(range->upper / range->lower, share)
                              : range->lower + (range->upper - range->lower) * share;
}

/* Bisection, on the scale of the range. */
static double root_between(equation *e, const grade_free *range, double low, double high, double at_low)
{
    for (int k = 0; k < 60; k++) {
        double middle = 0.5 * (low + high);
        double value = difference_at(e, between(range, middle));
        if ((value < 0.0) == (at_low < 0.0)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return between(range, 0.5 * (low + high));
}

static double worst_distance(search_state *s, const grade_choice *choice, double *declared);

/* Models a case with a number, and keeps a copy of the outputs. ASSAY_ERROR_MEMORY. */
static assay_status copy_at(equation *e, double parameter, grade_fields *copied)
{
    const grade_case *graded = e->search->evidence->cases[e->graded];
    e->choice.parameter = parameter;
    ASSAY_TRY(assay_grade_fields_like(&graded->outputs, copied, NULL));
    graded->component->model(graded, &e->choice, copied);
    return ASSAY_OK;
}

/* Poses the equation for the value of a case that depends most on the number. False where none does. */
static bool pose(equation *e, const grade_free *range, size_t graded)
{
    const grade_fields *got = &e->search->evidence->answers[graded].outputs;
    grade_fields low = {0};
    grade_fields high = {0};
    double most = 0.0;
    e->graded = graded;
    if (copy_at(e, range->lower, &low) == ASSAY_OK && copy_at(e, range->upper, &high) == ASSAY_OK) {
        for (size_t f = 0; f < got->count; f++) {
            for (size_t i = 0; i < got->field[f].count; i++) {
                double change = fabs(high.field[f].values[i] - low.field[f].values[i]);
                if (isfinite(got->field[f].values[i]) && change > most) {
                    most = change;
                    e->field = f;
                    e->index = i;
                }
            }
        }
    }
    assay_grade_fields_clear(&low);
    assay_grade_fields_clear(&high);
    return most > 0.0;
}

typedef struct {
    grade_choice choice;
    double distance;
    double declared;
    bool any; /* whether some number fits the equation */
} solution;

static void try_number(equation *e, double parameter, solution *best)
{
    double declared;
    e->choice.parameter = parameter;
    double distance = worst_distance(e->search, &e->choice, &declared);
    best->any = true;
    if (distance < best->distance) {
        best->distance = distance;
        best->declared = declared;
        best->choice = e->choice;
    }
}

/* Tries every root of a posed equation, and numbers from intervals that all solve it. */
static void solve_posed(equation *e, const grade_free *range, solution *best)
{
    enum { STEPS = 24 };
    const grade_judged *judged = e->search->evidence;
    double got = judged->answers[e->graded].outputs.field[e->field].values[e->index];
    double nothing = judged->cases[e->graded]->tolerance[GRADE_F32] * fabs(got);
    double before = difference_at(e, range->lower);
    for (int k = 1; k <= STEPS && !(best->distance <= 1.0); k++) {
        double number = between(range, (double)k / (double)STEPS);
        double after = difference_at(e, number);
        if (fabs(after) <= nothing) {
            try_number(e, number, best);
        }
        if (before * after <= 0.0 && !(best->distance <= 1.0)) {
            try_number(e, root_between(e, range, (k - 1.0) / (double)STEPS, (double)k / (double)STEPS, before), best);
        }
        before = after;
    }
}

/* Finds the number that fits all cases. Ends at the first case that no number fits. */
static double solve(search_state *s, const grade_free *range, grade_choice *choice, double *declared)
{
    equation e = {.search = s, .choice = *choice};
    solution best = {.choice = *choice, .distance = HUGE_VAL, .declared = HUGE_VAL};
    best.choice.parameter = range->lower;
    for (size_t k = 0; k < s->count && !(best.distance <= 1.0); k++) {
        double own;
        best.any = false;
        if (pose(&e, range, s->order[k])) {
            solve_posed(&e, range, &best);
        } else {
            best.any = case_distance(s, s->order[k], &best.choice, &own) <= 1.0;
        }
        if (!best.any) {
            break;
        }
    }
    *choice = best.choice;
    *declared = best.declared;
    return best.distance;
}

/* --- settings ----------------------------------------------------------------------------------------------------- */

static double worst_distance(search_state *s, const grade_choice *choice, double *declared)
{
    double worst = 0.0;
    *declared = 0.0;
    for (size_t k = 0; k < s->count && worst <= 1.0; k++) {
        double own;
        worst = fmax(worst, case_distance(s, s->order[k], choice, &own));
        *declared = fmax(*declared, own);
    }
    return worst;
}

static bool same_names(const grade_component *component, const grade_choice *a, const grade_choice *b)
{
    const char *of_a[GRADE_MAX_NAMES];
    const char *of_b[GRADE_MAX_NAMES];
    size_t count = assay_grade_choice_names(component, a, of_a);
    bool same = assay_grade_choice_names(component, b, of_b) == count;
    for (size_t i = 0; i < count && same; i++) {
        same = strcmp(of_a[i], of_b[i]) == 0;
    }
    return same;
}

static void add_tie(const grade_component *component, grade_diagnosis *best, const grade_choice *tie)
{
    bool known = same_names(component, &best->choice, tie);
    for (size_t i = 0; i < best->tie_count; i++) {
        known = known || same_names(component, &best->ties[i], tie);
    }
    if (!known && best->tie_count < GRADE_MAX_TIES) {
        best->ties[best->tie_count++] = *tie;
    }
}

/* Two settings within this factor of each other, both within the tolerance, explain the answers equally well. */
#define TIE_FACTOR 8.0
#define TIE_FLOOR 0.05

static void take(search_state *s, const grade_choice *choice, double distance, bool exact)
{
    grade_diagnosis *best = s->best;
    if (exact && !best->exact) {
        best->found = false;
    }
    if (!best->found) {
        *best = (grade_diagnosis){.found = true, .exact = exact, .choice = *choice, .worst = distance};
        return;
    }
    if (exact != best->exact) {
        return;
    }
    double floor = fmax(fmin(distance, best->worst) * TIE_FACTOR, TIE_FLOOR);
    if (distance < best->worst) {
        grade_diagnosis before = *best;
        *best = (grade_diagnosis){.found = true, .exact = exact, .choice = *choice, .worst = distance};
        if (before.worst <= floor) {
            add_tie(s->evidence->component, best, &before.choice);
            for (size_t i = 0; i < before.tie_count; i++) {
                add_tie(s->evidence->component, best, &before.ties[i]);
            }
        }
    } else if (distance <= floor) {
        add_tie(s->evidence->component, best, choice);
    }
}

static bool visit(const grade_choice *visited, void *context)
{
    search_state *s = context;
    grade_choice choice = *visited;
    const grade_free *range = assay_grade_free_level(s->evidence->component, &choice);
    double declared;
    double distance = range == NULL ? worst_distance(s, &choice, &declared) : solve(s, range, &choice, &declared);
    bool exact = declared <= 1.0;
    if (exact || distance <= 1.0) {
        take(s, &choice, exact ? declared : distance, exact);
    }
    return true;
}

/* --- the whole search --------------------------------------------------------------------------------------------- */

static void order_cases(search_state *s)
{
    const grade_judged *e = s->evidence;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < e->count; i++) {
            if ((s->wanted != NULL && !s->wanted[i]) || e->answers[i].verdict != GRADE_PASS) {
                continue;
            }
            double distance = assay_grade_distance(e->cases[i], &e->answers[i].outputs, &e->cases[i]->outputs,
                                                   e->precision, NULL, NULL);
            if ((distance > 1.0) == (pass == 0)) {
                s->order[s->count++] = i;
            }
        }
    }
}

static assay_status begin(search_state *s, assay_error *error)
{
    const grade_judged *e = s->evidence;
    s->order = assay_calloc(e->count, sizeof *s->order, error);
    s->modelled = assay_calloc(e->count, sizeof *s->modelled, error);
    if (s->order == NULL || s->modelled == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < e->count; i++) {
        ASSAY_TRY(assay_grade_fields_like(&e->cases[i]->outputs, &s->modelled[i], error));
    }
    order_cases(s);
    return ASSAY_OK;
}

static void end(search_state *s)
{
    for (size_t i = 0; i < s->evidence->count && s->modelled != NULL; i++) {
        assay_grade_fields_clear(&s->modelled[i]);
    }
    assay_free(s->modelled);
    assay_free(s->order);
}

/* From the smallest explanation to the largest. */
static const struct {
    size_t conventions;
    size_t mistakes;
} kinds[] = {{1, 0}, {2, 0}, {0, 1}, {1, 1}, {0, 2}, {1, 2}};
static const size_t kinds_within[] = {[GRADE_SEARCH_SINGLES] = 4, [GRADE_SEARCH_PAIRS] = 6};

assay_status assay_grade_diagnose(const grade_judged *judged, const bool *wanted, const grade_choice *base,
                                  grade_reach reach, grade_diagnosis *diagnosis, assay_error *error)
{
    search_state s = {.evidence = judged, .wanted = wanted, .best = diagnosis};
    grade_diagnosis loose = {0};
    *diagnosis = (grade_diagnosis){0};
    assay_status status = begin(&s, error);
    for (size_t k = 0; k < kinds_within[reach] && status == ASSAY_OK && s.count > 0 && !diagnosis->exact; k++) {
        assay_grade_search(judged->component, base, kinds[k].conventions, kinds[k].mistakes, visit, &s);
        if (!diagnosis->exact) {
            loose = loose.found ? loose : *diagnosis;
            *diagnosis = (grade_diagnosis){0};
        }
    }
    if (!diagnosis->exact) {
        *diagnosis = loose;
    }
    end(&s);
    return status;
}

assay_status assay_grade_fits(const grade_judged *judged, const bool *wanted, const grade_choice *choice, bool *fits,
                              assay_error *error)
{
    search_state s = {.evidence = judged, .wanted = wanted};
    double declared = HUGE_VAL;
    assay_status status = begin(&s, error);
    if (status == ASSAY_OK) {
        worst_distance(&s, choice, &declared);
    }
    *fits = declared <= 1.0;
    end(&s);
    return status;
}

assay_status assay_grade_silent(const grade_judged *judged, const bool *wanted, const grade_choice *choice,
                                bool *silent, assay_error *error)
{
    *silent = true;
    for (size_t i = 0; i < judged->count; i++) {
        const grade_case *graded = judged->cases[i];
        grade_fields modelled;
        if (!wanted[i]) {
            continue;
        }
        ASSAY_TRY(assay_grade_fields_like(&graded->outputs, &modelled, error));
        judged->component->model(graded, choice, &modelled);
        *silent = *silent &&
                  assay_grade_distance(graded, &modelled, &graded->outputs, judged->precision, NULL, NULL) <= 1.0;
        assay_grade_fields_clear(&modelled);
    }
    return ASSAY_OK;
}

assay_status assay_grade_count_right(const grade_judged *judged, const grade_choice *choice, size_t *right,
                                     assay_error *error)
{
    *right = 0;
    for (size_t i = 0; i < judged->count; i++) {
        grade_fields modelled;
        if (judged->answers[i].verdict != GRADE_PASS) {
            continue;
        }
        ASSAY_TRY(assay_grade_fields_like(&judged->cases[i]->outputs, &modelled, error));
        judged->component->model(judged->cases[i], choice, &modelled);
        *right += assay_grade_right_values(judged->cases[i], &judged->answers[i].outputs, &modelled, judged->precision);
        assay_grade_fields_clear(&modelled);
    }
    return ASSAY_OK;
}
