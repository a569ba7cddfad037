#include "grade/diagnose.h"

#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/root.h"
#include "grade/rounding.h"

/* The models' outputs, and the order in which cases are tried: a failed one first, so that most settings end there. */
typedef struct {
    const grade_judged *evidence;
    const bool *wanted; /* NULL: all */
    size_t count;
    size_t *order;
    grade_fields *modelled;
    grade_diagnosis *best;
    const grade_component *searched; /* whose levels: the component's, or those of a part of it */
    const grade_choice *whole;       /* the component's setting, where the levels are a part's */
    grade_upstream *upstream;        /* of that setting; its last part is the one */
    bool unsolved;                   /* levels with a free number are left out */
    bool rare;                       /* settings with rare levels are tried now, and no others */
    size_t wrong;                    /* values that are not the reference's */
    assay_status status;             /* ASSAY_ERROR_MEMORY: the search is not complete */
    assay_error *error;
} search_state;

/* The component's setting, where a choice may be a part's. */
static const grade_choice *whole_choice(search_state *s, const grade_choice *choice)
{
    if (s->whole == NULL) {
        return choice;
    }
    s->upstream->part[s->upstream->count - 1].choice = *choice;
    return s->whole;
}

/* Fills modelled[i] as an implementation with the setting would. */
static void model(search_state *s, size_t i, const grade_choice *choice)
{
    s->evidence->component->model(s->evidence->cases[i], whole_choice(s, choice), &s->modelled[i]);
}

static bool may_give(search_state *s, size_t i, const grade_choice *choice)
{
    const grade_judged *judged = s->evidence;
    return judged->component->probe == NULL ||
           judged->component->probe(judged->cases[i], whole_choice(s, choice), &judged->answers[i].outputs);
}

/* How far a setting is from one answer, in units of float32's tolerance and of the declared precision's. */
static double case_distance(search_state *s, size_t i, const grade_choice *choice, double *declared)
{
    const grade_case *graded = s->evidence->cases[i];
    *declared = HUGE_VAL;
    if (!may_give(s, i, choice)) {
        return HUGE_VAL;
    }
    model(s, i, choice);
    assay_grade_shorten(s->evidence->decimals, &s->modelled[i]);
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
    model(e->search, e->graded, &e->choice);
    return e->search->modelled[e->graded].field[e->field].values[e->index] -
           evidence->answers[e->graded].outputs.field[e->field].values[e->index];
}

static double between(const grade_free *range, double share)
{
    return range->lower > 0.0 ? range->lower * pow(range->upper / range->lower, share)
                              : range->lower + (range->upper - range->lower) * share;
}

typedef struct {
    equation *equation;
    const grade_free *range;
} ranged_equation;

static double difference_at_share(double share, void *context)
{
    const ranged_equation *of = context;
    return difference_at(of->equation, between(of->range, share));
}

/* `low` and `high` are shares of the range. */
static double root_between(equation *e, const grade_free *range, double low, double high, double at_low, double at_high)
{
    ranged_equation of = {e, range};
    return between(range, assay_grade_root(difference_at_share, &of, low, high, at_low, at_high));
}

static double worst_distance(search_state *s, const grade_choice *choice, double *declared);

/* Models a case with a number, and keeps a copy of the outputs. ASSAY_ERROR_MEMORY. */
static assay_status copy_at(equation *e, double parameter, grade_fields *copied)
{
    const grade_case *graded = e->search->evidence->cases[e->graded];
    e->choice.parameter = parameter;
    ASSAY_TRY(assay_grade_fields_like(&graded->outputs, copied, e->search->error));
    model(e->search, e->graded, &e->choice);
    memcpy(copied->pool, e->search->modelled[e->graded].pool, copied->used * sizeof *copied->pool);
    return ASSAY_OK;
}

typedef enum { NO_NUMBER_FITS, EVERY_NUMBER_FITS, POSED } pose_result;

/* Finds the value that depends most on the number; what does not depend on it has to be as answered already. */
static pose_result compare_ends(equation *e, const grade_fields *low, const grade_fields *high)
{
    const grade_judged *judged = e->search->evidence;
    const grade_case *graded = judged->cases[e->graded];
    const grade_fields *got = &judged->answers[e->graded].outputs;
    double most = 0.0;
    for (size_t f = 0; f < got->count; f++) {
        for (size_t i = 0; i < got->field[f].count; i++) {
            double answered = got->field[f].values[i];
            double change = fabs(high->field[f].values[i] - low->field[f].values[i]);
            if (e->choice.steps != 0 && low->field[f].values[i] == GRADE_SENTINEL) {
                continue;
            }
            bool rounded = fabs(low->field[f].values[i] - answered) <=
                           assay_grade_half_unit(judged->decimals, answered);
            if (change == 0.0 && !rounded && !assay_grade_value_fits(graded, low, f, i, answered)) {
                return NO_NUMBER_FITS;
            }
            if (isfinite(answered) && change > most) {
                most = change;
                e->field = f;
                e->index = i;
            }
        }
    }
    return most > 0.0 ? POSED : EVERY_NUMBER_FITS;
}

/* Poses the equation for a value of a case. */
static pose_result pose(equation *e, const grade_free *range, size_t graded)
{
    grade_fields low = {0};
    grade_fields high = {0};
    pose_result result = NO_NUMBER_FITS;
    search_state *s = e->search;
    e->graded = graded;
    s->status = copy_at(e, range->lower, &low);
    if (s->status == ASSAY_OK) {
        s->status = copy_at(e, range->upper, &high);
    }
    if (s->status == ASSAY_OK) {
        result = compare_ends(e, &low, &high);
    }
    assay_grade_fields_clear(&low);
    assay_grade_fields_clear(&high);
    return result;
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
    grade_choice choice = e->choice;
    choice.parameter = parameter;
    choice.steps = 0;
    if (e->choice.steps != 0 && !may_give(e->search, e->graded, &choice)) {
        return;
    }
    double distance = worst_distance(e->search, &choice, &declared);
    best->any = true;
    bool better = distance <= 1.0 && best->distance <= 1.0 ? declared < best->declared : distance < best->distance;
    if (better) {
        best->distance = distance;
        best->declared = declared;
        best->choice = choice;
    }
}

/* Tries every root of a posed equation, and numbers from intervals that all solve it. */
static void solve_posed(equation *e, const grade_free *range, solution *best)
{
    enum { STEPS = 24 };
    const grade_judged *judged = e->search->evidence;
    double got = judged->answers[e->graded].outputs.field[e->field].values[e->index];
    double nothing = fmax(judged->cases[e->graded]->tolerance[judged->precision] * fabs(got),
                          assay_grade_half_unit(judged->decimals, got));
    double before = difference_at(e, range->lower);
    for (int k = 1; k <= STEPS && !(best->declared <= 1.0); k++) {
        double number = between(range, (double)k / (double)STEPS);
        double after = difference_at(e, number);
        if (fabs(after) <= nothing) {
            try_number(e, number, best);
        }
        if (before * after <= 0.0 && !(best->declared <= 1.0)) {
            double low = (k - 1.0) / (double)STEPS;
            try_number(e, root_between(e, range, low, (double)k / (double)STEPS, before, after), best);
        }
        before = after;
    }
}

/*
 * Solves for a number by the first steps of a run alone, which takes less time. False: no number gives the run's
 * losses. True: one does, or the first steps do not tell.
 */
static bool solve_first_steps(equation *e, const grade_free *range, size_t graded, solution *best)
{
    enum { FIRST_STEPS = 2 };
    pose_result posed = EVERY_NUMBER_FITS;
    for (e->choice.steps = 1; e->choice.steps <= FIRST_STEPS && posed == EVERY_NUMBER_FITS; e->choice.steps++) {
        posed = pose(e, range, graded);
        best->any = posed == EVERY_NUMBER_FITS;
        if (posed == POSED) {
            solve_posed(e, range, best);
        }
    }
    e->choice.steps = 0;
    return best->any;
}

/* Finds the number that fits all cases. Ends at the first case that no number fits. */
static double solve(search_state *s, const grade_free *range, grade_choice *choice, double *declared)
{
    equation e = {.search = s, .choice = *choice};
    solution best = {.choice = *choice, .distance = HUGE_VAL, .declared = HUGE_VAL};
    bool is_run = s->evidence->component->probe != NULL;
    for (size_t k = 0; k < s->count && !(best.declared <= 1.0); k++) {
        if (is_run && (!solve_first_steps(&e, range, s->order[k], &best) || best.declared <= 1.0)) {
            break;
        }
        pose_result posed = pose(&e, range, s->order[k]);
        best.any = posed == EVERY_NUMBER_FITS;
        if (posed == POSED) {
            solve_posed(&e, range, &best);
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
/* Below this, distances are the rounding of exp and log, which depends on the processor: the setting that was tried
 * first comes first. */
#define TIE_ROUNDING 1e-4

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
    if (distance < best->worst && best->worst > TIE_ROUNDING) {
        grade_diagnosis before = *best;
        *best = (grade_diagnosis){.found = true, .exact = exact, .choice = *choice, .worst = distance};
        if (before.worst <= floor) {
            add_tie(s->searched, best, &before.choice);
            for (size_t i = 0; i < before.tie_count; i++) {
                add_tie(s->searched, best, &before.ties[i]);
            }
        }
    } else if (distance <= floor) {
        add_tie(s->searched, best, choice);
    }
}

static bool visit(const grade_choice *visited, void *context)
{
    search_state *s = context;
    if (assay_grade_is_rare(s->searched, visited) != s->rare) {
        return true;
    }
    grade_choice choice = *visited;
    const grade_free *range = assay_grade_free_level(s->searched, &choice);
    double declared;
    if (range != NULL && (s->unsolved || s->wrong < 2)) { /* some number gives any one value: that is no evidence */
        return true;
    }
    double distance = range == NULL ? worst_distance(s, &choice, &declared) : solve(s, range, &choice, &declared);
    bool exact = declared <= 1.0;
    if (exact || distance <= 1.0) {
        take(s, &choice, exact ? declared : distance, exact);
    }
    return s->status == ASSAY_OK;
}

/* --- the whole search --------------------------------------------------------------------------------------------- */

static void order_cases(search_state *s)
{
    const grade_judged *e = s->evidence;
    size_t failed = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < e->count; i++) {
            if ((s->wanted != NULL && !s->wanted[i]) || e->answers[i].verdict != GRADE_PASS) {
                continue;
            }
            double distance = assay_grade_distance(e->cases[i], &e->answers[i].outputs, &e->cases[i]->outputs,
                                                   e->precision, NULL, NULL);
            if ((distance > 1.0) == (pass == 0)) {
                s->order[s->count++] = i;
                s->wrong += e->answers[i].outputs.used - assay_grade_right_values(e->cases[i], &e->answers[i].outputs,
                                                                                  &e->cases[i]->outputs, e->precision);
            }
        }
        failed = pass == 0 ? s->count : failed;
    }
    /* The smallest failed one first: most settings are given up there. */
    for (size_t k = 1; k < failed; k++) {
        if (e->cases[s->order[k]]->outputs.used < e->cases[s->order[0]]->outputs.used) {
            size_t smaller = s->order[k];
            s->order[k] = s->order[0];
            s->order[0] = smaller;
        }
    }
}

static assay_status begin(search_state *s, assay_error *error)
{
    const grade_judged *e = s->evidence;
    s->error = error;
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

/* Searches from the smallest explanation to the largest, and ends at the first kind that has an exact one. */
static void search_kinds(search_state *s, const grade_choice *base, grade_reach reach, grade_diagnosis *loose)
{
    grade_diagnosis *diagnosis = s->best;
    for (size_t k = 0; k < 2 * kinds_within[reach] && s->count > 0 && !diagnosis->exact && s->status == ASSAY_OK; k++) {
        s->rare = k % 2 == 1;
        assay_grade_search(s->evidence->component, base, kinds[k / 2].conventions, kinds[k / 2].mistakes, visit, s);
        if (!diagnosis->exact) {
            *loose = loose->found ? *loose : *diagnosis;
            *diagnosis = (grade_diagnosis){0};
        }
    }
}

static bool has_nonfinite(const grade_fields *fields)
{
    for (size_t f = 0; f < fields->count; f++) {
        for (size_t i = 0; i < fields->field[f].count; i++) {
            if (!isfinite(fields->field[f].values[i])) {
                return true;
            }
        }
    }
    return false;
}

/* The exponentials of float32 overflow earlier: that shows in extreme inputs, and in runs that diverge. */
static bool range_counts(const search_state *s)
{
    for (size_t k = 0; k < s->count; k++) {
        size_t i = s->order[k];
        if (s->evidence->cases[i]->extreme || has_nonfinite(&s->evidence->answers[i].outputs)) {
            return true;
        }
    }
    return false;
}

/* Outputs in single precision may have been computed in double, and the reverse: where the range counts, try both. */
assay_status assay_grade_diagnose(const grade_judged *judged, const bool *wanted, const grade_choice *base,
                                  grade_reach reach, grade_diagnosis *diagnosis, assay_error *error)
{
    search_state s = {.evidence = judged, .wanted = wanted, .best = diagnosis, .searched = judged->component};
    grade_diagnosis loose = {0};
    *diagnosis = (grade_diagnosis){0};
    s.status = begin(&s, error);
    int passes = s.status == ASSAY_OK && range_counts(&s) ? 2 : 1;
    for (int pass = 0; pass < passes && s.status == ASSAY_OK && !diagnosis->exact; pass++) {
        grade_choice first = *base;
        first.single = (judged->precision == GRADE_F32) == (pass == 0);
        search_kinds(&s, &first, judged->shallow ? GRADE_SEARCH_SINGLES : reach, &loose);
    }
    if (!diagnosis->exact) {
        *diagnosis = loose;
    }
    end(&s);
    return s.status;
}

static void remove_part(grade_upstream *upstream, const grade_component *part)
{
    size_t kept = 0;
    for (size_t i = 0; i < upstream->count; i++) {
        if (upstream->part[i].component != part) {
            upstream->part[kept++] = upstream->part[i];
        }
    }
    upstream->count = kept;
}

/* Whether every case that cannot depend on the part is as the setting gives it without the part. */
static bool explains_rest(search_state *s, const grade_component *part)
{
    const grade_component *component = s->evidence->component;
    for (size_t k = 0; k < s->count; k++) {
        double declared = 0.0;
        size_t i = s->order[k];
        if (component->uses != NULL && !component->uses(s->evidence->cases[i], s->whole, part)) {
            case_distance(s, i, &GRADE_TUTORIAL, &declared);
        }
        if (declared > 1.0) {
            return false;
        }
    }
    return true;
}

assay_status assay_grade_diagnose_inside(const grade_judged *judged, const grade_choice *base,
                                         const grade_component *part, size_t levels, bool solved,
                                         grade_diagnosis *diagnosis, assay_error *error)
{
    grade_upstream upstream = base->upstream == NULL ? (grade_upstream){0} : *base->upstream;
    grade_choice whole = *base;
    search_state s = {.evidence = judged,
                      .best = diagnosis,
                      .searched = part,
                      .whole = &whole,
                      .upstream = &upstream,
                      .unsolved = !solved};
    *diagnosis = (grade_diagnosis){0};
    remove_part(&upstream, part);
    if (upstream.count == GRADE_MAX_UPSTREAM) {
        return ASSAY_OK;
    }
    upstream.part[upstream.count++].component = part;
    whole.upstream = &upstream;
    s.status = begin(&s, error);
    bool possible = s.status == ASSAY_OK && s.count > 0 && explains_rest(&s, part);
    for (size_t conventions = 2; conventions-- > 0 && possible && !diagnosis->exact && s.status == ASSAY_OK;) {
        *diagnosis = (grade_diagnosis){0};
        assay_grade_search(part, &GRADE_TUTORIAL, conventions, levels - conventions, visit, &s);
    }
    end(&s);
    return s.status;
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
