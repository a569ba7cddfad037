#include "grade/explain.h"

#include <string.h>

#include <assay/base/alloc.h>
#include "grade/diagnose.h"
#include "grade/quotient.h"
#include "grade/rounding.h"

/* The cases that a name is for. */
typedef enum { ALL_CASES, ORDINARY_CASES, EXTREME_CASES } case_group;

static bool in_group(const grade_judged *judged, size_t i, case_group group)
{
    return group == ALL_CASES || judged->cases[i]->extreme == (group == EXTREME_CASES);
}

/* The answered cases of a group, as a mask; returns their number. */
static size_t select_group(const grade_judged *judged, case_group group, bool *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < judged->count; i++) {
        wanted[i] = in_group(judged, i, group) && judged->answers[i].verdict == GRADE_PASS;
        count += wanted[i];
    }
    return count;
}

static void name_result(const grade_component *component, const grade_diagnosis *found, grade_result *result)
{
    const char *names[GRADE_MAX_NAMES] = {NULL};
    size_t count = assay_grade_choice_names(component, &found->choice, names);
    for (size_t i = 0; i < count; i++) {
        assay_grade_add_name(result, names[i]);
    }
    result->solved = assay_grade_free_id(component, &found->choice);
    result->parameter = found->choice.parameter;
    result->tie_count = found->tie_count;
    for (size_t i = 0; i < found->tie_count; i++) {
        assay_grade_choice_names(component, &found->ties[i], result->ties[i].name);
    }
    const grade_upstream *parts = found->choice.upstream;
    size_t used = 0;
    for (size_t p = 0; parts != NULL && p < parts->count; p++) {
        const char *of_part[GRADE_MAX_NAMES];
        size_t known = assay_grade_choice_names(parts->part[p].component, &parts->part[p].choice, of_part);
        for (size_t i = 0; i < known && used < GRADE_MAX_NAMES; i++) {
            result->follows[used++] = of_part[i];
        }
    }
}

/* Keeps the switches of a component that explain its answers. */
static void keep(const grade_component *component, const grade_choice *choice, grade_upstream *found)
{
    const char *names[GRADE_MAX_NAMES];
    if (found->count < GRADE_MAX_UPSTREAM && assay_grade_choice_names(component, choice, names) > 0) {
        found->part[found->count].component = component;
        found->part[found->count].choice = *choice;
        found->part[found->count++].choice.upstream = NULL;
    }
}

bool assay_grade_is_unexplained(const grade_result *result)
{
    return result->verdict == GRADE_WRONG && result->mistake == NULL && result->follows[0] == NULL;
}

bool assay_grade_any_unexplained(size_t count, const grade_result *results)
{
    for (size_t i = 0; i < count; i++) {
        if (assay_grade_is_unexplained(&results[i])) {
            return true;
        }
    }
    return false;
}

static bool any_open(const grade_judged *judged, const grade_result *results)
{
    return assay_grade_any_unexplained(judged->count, results);
}

static void name_group(const grade_judged *judged, case_group group, const grade_diagnosis *found,
                       grade_result *results)
{
    for (size_t i = 0; i < judged->count; i++) {
        if (in_group(judged, i, group) && assay_grade_is_unexplained(&results[i])) {
            name_result(judged->component, found, &results[i]);
        }
    }
}

/* --- what follows from the parts of a composite component --------------------------------------------------------- */

static bool is_part(const grade_component *whole, const grade_component *part)
{
    for (const grade_component *const *p = whole->parts; p != NULL && *p != NULL; p++) {
        if (*p == part) {
            return true;
        }
    }
    return false;
}

/* What was found in the parts of this component. */
static grade_upstream own_parts(const grade_judged *judged)
{
    grade_upstream own = {0};
    for (size_t i = 0; judged->upstream != NULL && i < judged->upstream->count; i++) {
        if (is_part(judged->component, judged->upstream->part[i].component)) {
            own.part[own.count++] = judged->upstream->part[i];
        }
    }
    return own;
}

/* The k-th selection of parts: each alone, then all of them, then all but one. */
static bool select_parts(const grade_upstream *own, size_t k, grade_upstream *selected)
{
    size_t kinds = own->count == 0 ? 0 : own->count == 1 ? 1 : own->count == 2 ? 3 : 2 * own->count + 1;
    selected->count = 0;
    for (size_t i = 0; i < own->count && k < kinds; i++) {
        if (k == own->count || (k < own->count ? i == k : i != k - own->count - 1)) {
            selected->part[selected->count++] = own->part[i];
        }
    }
    return k < kinds;
}

/* Drops the selected parts without which a choice explains the answers as well. */
static assay_status drop_silent(const grade_judged *judged, grade_choice *choice, grade_upstream *selected,
                                assay_error *error)
{
    for (size_t i = selected->count; i-- > 0 && selected->count > 1;) {
        grade_upstream fewer = *selected;
        bool fits;
        fewer.count--;
        memmove(&fewer.part[i], &fewer.part[i + 1], (fewer.count - i) * sizeof fewer.part[0]);
        choice->upstream = &fewer;
        ASSAY_TRY(assay_grade_fits(judged, NULL, choice, &fits, error));
        if (fits) {
            *selected = fewer;
        }
    }
    choice->upstream = selected;
    return ASSAY_OK;
}

/* Whether the parts' mistakes alone explain the answers. */
static assay_status follow_parts(const grade_judged *judged, const grade_upstream *own, grade_result *results,
                                 assay_error *error)
{
    grade_upstream selected;
    for (size_t k = 0; select_parts(own, k, &selected); k++) {
        grade_diagnosis found = {.choice = {.upstream = &selected}};
        bool fits;
        ASSAY_TRY(assay_grade_fits(judged, NULL, &found.choice, &fits, error));
        if (fits) {
            ASSAY_TRY(drop_silent(judged, &found.choice, &selected, error));
            name_group(judged, ALL_CASES, &found, results);
            return ASSAY_OK;
        }
    }
    return ASSAY_OK;
}

/* One more mistake, in the composite component itself. */
static assay_status follow_parts_further(const grade_judged *judged, const grade_upstream *own, grade_result *results,
                                         grade_upstream *found_here, assay_error *error)
{
    grade_upstream selected;
    for (size_t k = 0; select_parts(own, k, &selected) && any_open(judged, results); k++) {
        const grade_choice base = {.upstream = &selected};
        grade_diagnosis found;
        ASSAY_TRY(assay_grade_diagnose(judged, NULL, &base,
                                       k == own->count || own->count == 1 ? GRADE_SEARCH_PAIRS : GRADE_SEARCH_SINGLES,
                                       &found, error));
        if (found.exact) {
            ASSAY_TRY(drop_silent(judged, &found.choice, &selected, error));
            name_group(judged, ALL_CASES, &found, results);
            keep(judged->component, &found.choice, found_here);
        }
    }
    return ASSAY_OK;
}

/* --- mistakes of a part in the composite component's own code ----------------------------------------------------- */

/* Where the search for them stands. */
typedef struct {
    const grade_judged *judged;
    size_t levels; /* of the part */
    bool solved;   /* with free numbers */
    bool done;
    grade_result *results;
    grade_upstream *found;
    assay_status status;
    assay_error *error;
} inside_search;

/* The names of the component's own levels, then the part's, then of what follows from other parts. */
static void name_inside(const inside_search *s, const grade_choice *base, const grade_component *part,
                        const grade_diagnosis *inside)
{
    const grade_diagnosis own = {.found = true, .choice = *base};
    for (size_t i = 0; i < s->judged->count; i++) {
        grade_result *result = &s->results[i];
        if (assay_grade_is_unexplained(result)) {
            name_result(s->judged->component, &own, result);
            name_result(part, inside, result);
        }
    }
}

/* Tries each part's levels within a setting of the component's own. */
static bool visit_inside(const grade_choice *base, void *context)
{
    inside_search *s = context;
    if (assay_grade_free_level(s->judged->component, base) != NULL) {
        return true;
    }
    const grade_component *const *part = s->judged->component->parts;
    for (; *part != NULL && !s->done && s->status == ASSAY_OK; part++) {
        grade_diagnosis inside = {.exact = false};
        s->status = assay_grade_diagnose_inside(s->judged, base, *part, s->levels, s->solved, &inside, s->error);
        if (inside.exact) {
            name_inside(s, base, *part, &inside);
            keep(s->judged->component, base, s->found);
            keep(*part, &inside.choice, s->found);
            s->done = true;
        }
    }
    return s->status == ASSAY_OK && !s->done;
}

/*
 * One level of a part, also within what was found in the parts. Where nothing was found in them, also one level beside
 * one of the component's own, and two of a part; more would take too long.
 */
static assay_status look_inside(const grade_judged *judged, const grade_upstream *own, grade_result *results,
                                grade_upstream *found, assay_error *error)
{
    static const struct {
        size_t own_levels;
        size_t levels;
        bool solved;
    } stages[] = {{0, 1, true}, {1, 1, true}, {0, 2, false}};
    inside_search s = {.judged = judged, .results = results, .found = found, .error = error};
    size_t all = own->count > 0 || judged->shallow ? 1 : sizeof stages / sizeof stages[0];
    size_t last = judged->component->parts == NULL ? 0 : all;
    for (size_t k = 0; k < last; k++) {
        s.levels = stages[k].levels;
        s.solved = stages[k].solved;
        for (int followed = 0; followed <= (own->count > 0) && !s.done && s.status == ASSAY_OK; followed++) {
            const grade_choice base = {.upstream = followed == 1 ? own : NULL};
            assay_grade_search(judged->component, &base, 0, stages[k].own_levels, visit_inside, &s);
        }
    }
    return s.status;
}

/* --- ordinary and extreme inputs ---------------------------------------------------------------------------------- */

/*
 * Where nothing explains all cases: ordinary inputs alone, then more levels that explain the extreme ones too. Where
 * the ordinary inputs stay unexplained, a level that changes nothing for them may still explain the extreme ones.
 */
static assay_status explain_apart(const grade_judged *judged, bool *wanted, grade_result *results,
                                  grade_upstream *found, assay_error *error)
{
    grade_diagnosis ordinary;
    grade_diagnosis extreme;
    if (select_group(judged, EXTREME_CASES, wanted) == 0 || select_group(judged, ORDINARY_CASES, wanted) == 0) {
        return ASSAY_OK;
    }
    ASSAY_TRY(assay_grade_diagnose(judged, wanted, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, &ordinary, error));
    if (ordinary.exact) {
        ASSAY_TRY(assay_grade_diagnose(judged, NULL, &ordinary.choice, GRADE_SEARCH_PAIRS, &extreme, error));
        for (size_t i = 0; i < ordinary.tie_count && !extreme.exact; i++) {
            ASSAY_TRY(assay_grade_diagnose(judged, NULL, &ordinary.ties[i], GRADE_SEARCH_PAIRS, &extreme, error));
            if (extreme.exact) {
                ordinary = (grade_diagnosis){.found = true, .exact = true, .choice = ordinary.ties[i]};
            }
        }
        name_group(judged, ORDINARY_CASES, &ordinary, results);
        if (extreme.exact) {
            name_group(judged, EXTREME_CASES, &extreme, results);
        }
        keep(judged->component, extreme.exact ? &extreme.choice : &ordinary.choice, found);
        return ASSAY_OK;
    }
    bool silent = false;
    select_group(judged, EXTREME_CASES, wanted);
    ASSAY_TRY(assay_grade_diagnose(judged, wanted, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, &extreme, error));
    if (extreme.exact) {
        select_group(judged, ORDINARY_CASES, wanted);
        ASSAY_TRY(assay_grade_silent(judged, wanted, &extreme.choice, &silent, error));
    }
    if (silent) {
        name_group(judged, EXTREME_CASES, &extreme, results);
    }
    return ASSAY_OK;
}

/* --- rounding ----------------------------------------------------------------------------------------------------- */

static void name_all(const grade_judged *judged, const char *id, grade_result *results)
{
    for (size_t i = 0; i < judged->count; i++) {
        if (assay_grade_is_unexplained(&results[i])) {
            assay_grade_add_name(&results[i], id);
        }
    }
}

/* What a part makes inexact makes the composite component inexact. */
static bool follows_approximation(const grade_judged *judged, const char *id)
{
    return judged->component->parts != NULL && judged->upstream != NULL && judged->upstream->approximation != NULL &&
           (strcmp(id, GRADE_INEXACT_ID) == 0 || strcmp(id, GRADE_FLOAT32_ID) == 0);
}

/* How the answers deviate from a setting that gives them nearly. */
static assay_status explain_rounding(const grade_judged *judged, const grade_diagnosis *nearly, bool certain,
                                     grade_result *results, assay_error *error)
{
    grade_rounding rounding;
    ASSAY_TRY(assay_grade_rounding(judged, &nearly->choice, certain, &rounding, error));
    for (size_t i = 0; i < judged->count && rounding.id != NULL; i++) {
        if (assay_grade_is_unexplained(&results[i])) {
            name_result(judged->component, nearly, &results[i]);
            if (follows_approximation(judged, rounding.id)) {
                results[i].follows[0] = judged->upstream->approximation;
                continue;
            }
            assay_grade_add_name(&results[i], rounding.id);
            if (rounding.digits > 0) {
                results[i].solved = rounding.id;
                results[i].parameter = rounding.digits;
            }
        }
    }
    return ASSAY_OK;
}

/* --- the nearest mistake ------------------------------------------------------------------------------------------ */

typedef struct {
    const grade_judged *judged;
    size_t right; /* values that the best level gives */
    const char *id;
    assay_status status;
    assay_error *error;
} nearest_level;

static bool visit_nearest(const grade_choice *choice, void *context)
{
    nearest_level *n = context;
    size_t right = 0;
    if (assay_grade_free_level(n->judged->component, choice) != NULL) {
        return true;
    }
    n->status = assay_grade_count_right(n->judged, choice, &right, n->error);
    if (right > n->right) {
        const char *names[GRADE_MAX_NAMES] = {NULL};
        assay_grade_choice_names(n->judged->component, choice, names);
        n->right = right;
        n->id = names[0];
    }
    return n->status == ASSAY_OK;
}

/*
 * The single level that gives most of the values of all cases. It is near if it gives 4 of 5 values, and leaves at most
 * half as many wrong as the reference does.
 */
static assay_status find_nearest(const grade_judged *judged, grade_result *results, assay_error *error)
{
    size_t total = 0;
    size_t reference;
    nearest_level n = {.judged = judged, .status = ASSAY_OK, .error = error};
    for (size_t i = 0; i < judged->count; i++) {
        total += judged->answers[i].verdict == GRADE_PASS ? judged->answers[i].outputs.used : 0;
    }
    ASSAY_TRY(assay_grade_count_right(judged, &GRADE_TUTORIAL, &reference, error));
    assay_grade_search(judged->component, &GRADE_TUTORIAL, 0, 1, visit_nearest, &n);
    bool near = n.id != NULL && 5 * n.right >= 4 * total && 2 * (total - n.right) <= total - reference;
    for (size_t i = 0; i < judged->count && near; i++) {
        if (assay_grade_is_unexplained(&results[i])) {
            results[i].nearest = n.id;
            results[i].nearest_values = n.right;
            results[i].compared_values = total;
        }
    }
    return n.status;
}

/* --- all of it ---------------------------------------------------------------------------------------------------- */

static const grade_diagnosis reference = {.found = true};

/* Answers with few digits are compared with models that are rounded alike. */
static assay_status explain_shortened(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                      assay_error *error)
{
    grade_judged shortened = *judged;
    grade_diagnosis all = {0};
    for (int fixed = 0; fixed < 2 && !all.exact; fixed++) {
        shortened.decimals = assay_grade_decimals_of(judged, fixed == 1);
        if (shortened.decimals.digits > 0) {
            ASSAY_TRY(assay_grade_diagnose(&shortened, NULL, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, &all, error));
        }
    }
    for (size_t i = 0; i < judged->count && all.exact; i++) {
        if (assay_grade_is_unexplained(&results[i])) {
            name_result(judged->component, &all, &results[i]);
            assay_grade_add_name(&results[i], "any.short_decimals");
        }
    }
    if (all.exact) {
        keep(judged->component, &all.choice, found);
    }
    return ASSAY_OK;
}

static assay_status explain_exactly(const grade_judged *judged, grade_diagnosis *all, grade_result *results,
                                    grade_upstream *found, assay_error *error)
{
    const grade_upstream own = own_parts(judged);
    ASSAY_TRY(assay_grade_diagnose(judged, NULL, &GRADE_TUTORIAL, GRADE_SEARCH_PAIRS, all, error));
    if (all->exact) {
        name_group(judged, ALL_CASES, all, results);
        keep(judged->component, &all->choice, found);
        return ASSAY_OK;
    }
    ASSAY_TRY(explain_shortened(judged, results, found, error));
    if (any_open(judged, results)) {
        ASSAY_TRY(follow_parts_further(judged, &own, results, found, error));
    }
    return any_open(judged, results) ? look_inside(judged, &own, results, found, error) : ASSAY_OK;
}

static assay_status explain_nearly(const grade_judged *judged, const grade_diagnosis *all, bool *wanted,
                                   grade_result *results, grade_upstream *found, assay_error *error)
{
    ASSAY_TRY(explain_rounding(judged, &reference, false, results, error));
    if (any_open(judged, results)) {
        ASSAY_TRY(explain_apart(judged, wanted, results, found, error));
    }
    if (all->found && any_open(judged, results)) {
        keep(judged->component, &all->choice, found);
        ASSAY_TRY(explain_rounding(judged, all, false, results, error));
    }
    return any_open(judged, results) ? find_nearest(judged, results, error) : ASSAY_OK;
}

static assay_status explain_all(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                assay_error *error)
{
    const grade_upstream own = own_parts(judged);
    grade_diagnosis all = {0};
    ASSAY_TRY(follow_parts(judged, &own, results, error));
    if (any_open(judged, results)) {
        ASSAY_TRY(explain_rounding(judged, &reference, true, results, error));
    }
    if (any_open(judged, results) && assay_grade_is_quotient(judged)) {
        found->approximation = GRADE_FINITE_DIFFERENCES_ID;
        name_all(judged, found->approximation, results);
    }
    if (any_open(judged, results)) {
        ASSAY_TRY(explain_exactly(judged, &all, results, found, error));
    }
    if (!any_open(judged, results)) {
        return ASSAY_OK;
    }
    bool *wanted = assay_calloc(judged->count, sizeof *wanted, error);
    if (wanted == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = explain_nearly(judged, &all, wanted, results, found, error);
    assay_free(wanted);
    return status;
}

/* --- wrong parts that nothing explains ---------------------------------------------------------------------------- */

/* The first such part that a case depends on, or NULL. */
static const grade_component *unexplained_part(const grade_judged *judged, const grade_case *graded)
{
    const grade_component *component = judged->component;
    for (size_t i = 0; judged->upstream != NULL && i < judged->upstream->unexplained_count; i++) {
        const grade_component *part = judged->upstream->unexplained[i];
        if (is_part(component, part) && (component->uses == NULL || component->uses(graded, &GRADE_TUTORIAL, part))) {
            return part;
        }
    }
    return NULL;
}

/* Explains the cases that do not depend on such a part by themselves: the others count as not run. */
static assay_status explain_clear(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                  assay_error *error)
{
    grade_judged without = *judged;
    grade_answer *answers = assay_calloc(judged->count, sizeof *answers, error);
    grade_result *clear = answers == NULL ? NULL : assay_calloc(judged->count, sizeof *clear, error);
    assay_status status = clear == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    for (size_t i = 0; i < judged->count && status == ASSAY_OK; i++) {
        answers[i] = judged->answers[i];
        clear[i] = results[i];
        if (unexplained_part(judged, judged->cases[i]) != NULL) {
            answers[i].verdict = GRADE_NOT_RUN;
            clear[i].verdict = GRADE_NOT_RUN;
        }
    }
    without.answers = answers;
    if (status == ASSAY_OK && any_open(&without, clear)) {
        status = explain_all(&without, clear, found, error);
        for (size_t i = 0; i < judged->count; i++) {
            results[i] = clear[i].verdict == GRADE_NOT_RUN ? results[i] : clear[i];
        }
    }
    assay_free(clear);
    assay_free(answers);
    return status;
}

/*
 * A composite component whose part is wrong without a known mistake: the cases that use the part cannot be explained
 * but by a mistake that takes the part's place, so no more than single levels are searched for.
 */
static assay_status explain_beside(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                   assay_error *error)
{
    grade_judged rest = *judged;
    rest.shallow = true;
    ASSAY_TRY(explain_clear(judged, results, found, error));
    if (any_open(judged, results)) {
        ASSAY_TRY(explain_all(&rest, results, found, error));
    }
    for (size_t i = 0; i < judged->count; i++) {
        if (assay_grade_is_unexplained(&results[i])) {
            results[i].suspect = unexplained_part(judged, judged->cases[i]);
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_explain(const grade_judged *judged, grade_result *results, grade_upstream *found,
                                 assay_error *error)
{
    for (size_t i = 0; i < judged->count; i++) {
        if (unexplained_part(judged, judged->cases[i]) != NULL) {
            return explain_beside(judged, results, found, error);
        }
    }
    return explain_all(judged, results, found, error);
}
