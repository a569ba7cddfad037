#include "grade_formulas.h"

#include <math.h>
#include <string.h>

enum { MOST_FAMILIES = 8, MOST_FORMULAS = 256 };

typedef struct {
    size_t family;
    size_t number;
} formula_place;

/*
 * An infinite number agrees with itself only, so the smaller one counts; but sums of numbers like DBL_MAX are infinite
 * in one order and not in another.
 */
bool formula_agrees(double a, double b, double size)
{
    const double huge = 1e305;
    return (isnan(a) && isnan(b)) || a == b || (a > huge && b > huge) || (a < -huge && b < -huge) ||
           fabs(a - b) <= 1e-11 * (size + fmin(fabs(a), fabs(b)));
}

static bool outputs_agree(const grade_fields *a, const grade_fields *b)
{
    for (size_t f = 0; f < a->count; f++) {
        for (size_t k = 0; k < a->field[f].count; k++) {
            if (!formula_agrees(a->field[f].values[k], b->field[f].values[k], 1.0)) {
                return false;
            }
        }
    }
    return true;
}

/* Whether the answers are a formula's in all cases. */
static bool is_formula(const grade_part *part, double p, const formula_family *family, size_t number)
{
    bool same = true;
    for (size_t i = 0; i < part->count && same; i++) {
        assay_error error = {0};
        grade_fields outputs;
        support_assert_ok(assay_grade_fields_like(&part->cases[i]->outputs, &outputs, &error), &error);
        family->compute(part->cases[i], number, p, &outputs);
        same = outputs_agree(&part->answers[i].outputs, &outputs);
        assay_grade_fields_clear(&outputs);
    }
    return same;
}

static bool has_id(const char *id, const char *formula, const char *component)
{
    return strcmp(formula, id) == 0 || (formula[0] == '.' && strncmp(id, component, strlen(component)) == 0 &&
                                        strcmp(id + strlen(component), formula) == 0);
}

void set_level(const grade_component *component, const char *formula, grade_choice *choice)
{
    switched levels[MAX_LEVELS];
    size_t count = list_levels(component, levels);
    size_t k = 0;
    while (k < count && !has_id(id_of(component, levels[k]), formula, component->name)) {
        k++;
    }
    ck_assert_uint_lt(k, count);
    choice->level[levels[k].axis] = (unsigned char)levels[k].level;
}

/* Whether the component must have a level with the formula: other components' may be in the same family. */
static bool is_own(const char *formula, const char *component)
{
    size_t length = strlen(component);
    return formula[0] == '.' || strncmp(formula, "any.", 4) == 0 ||
           (strncmp(formula, component, length) == 0 && formula[length] == '.');
}

/* The formula of a level, if there is one: the n-th level of an id has the n-th formula of the id. */
static bool find_formula(const grade_component *component, const switched *levels, size_t level,
                         const formula_family *const *families, formula_place *found)
{
    const char *id = id_of(component, levels[level]);
    size_t earlier = 0;
    for (size_t k = 0; k < level; k++) {
        earlier += strcmp(id_of(component, levels[k]), id) == 0;
    }
    for (size_t f = 0; families[f] != NULL; f++) {
        for (size_t n = 0; n < families[f]->count; n++) {
            if (has_id(id, families[f]->ids[n], component->name) && earlier-- == 0) {
                *found = (formula_place){f, n};
                return true;
            }
        }
    }
    return false;
}

void check_formulas(const char *component, const formula_family *const *families, size_t fewest)
{
    grade_battery *battery = draw(component, 9);
    grade_part *part = &battery->parts[0];
    switched levels[MAX_LEVELS];
    size_t count = list_levels(part->component, levels);
    bool used[MOST_FAMILIES][MOST_FORMULAS] = {{false}};
    ck_assert_uint_gt(count, fewest);
    for (size_t k = 0; k < count; k++) {
        formula_place at;
        grade_choice choice = single(part->component, levels[k]);
        const char *id = id_of(part->component, levels[k]);
        ck_assert_msg(find_formula(part->component, levels, k, families, &at), "%s: a level without a formula", id);
        ck_assert(at.family < MOST_FAMILIES && at.number < MOST_FORMULAS);
        answer(part, &choice);
        ck_assert_msg(is_formula(part, choice.parameter, families[at.family], at.number),
                      "%s, level %d: the model's values are not the formula's", id, levels[k].level);
        used[at.family][at.number] = true;
    }
    for (size_t f = 0; families[f] != NULL; f++) {
        for (size_t n = 0; n < families[f]->count; n++) {
            ck_assert_msg(used[f][n] || !is_own(families[f]->ids[n], component), "%s: no level has formula %zu, %s",
                          component, n, families[f]->ids[n]);
        }
    }
    assay_grade_battery_destroy(battery);
}

/* --- formulas of choices ------------------------------------------------------------------------------------------ */

static bool is_chosen(grade_part *part, grade_choice choice, formula_test *is, size_t number)
{
    set_parameter(part->component, &choice);
    if (part->component->model != NULL) {
        answer(part, &choice);
    }
    return is(part, &choice, number);
}

/* Whether some formula with the level's id is the level; marks those that are. */
static bool mark_formulas(grade_part *part, switched of, size_t count, const char *const *ids, formula_test *is,
                          bool *used)
{
    bool found = false;
    for (size_t f = 0; f < count; f++) {
        bool same = strcmp(ids[f], id_of(part->component, of)) == 0 &&
                    is_chosen(part, single(part->component, of), is, f);
        used[f] = used[f] || same;
        found = found || same;
    }
    return found;
}

/* Whether two levels, of the first and of the second id in `pair`, are formula `number`. */
static bool is_pair(grade_part *part, size_t count, const switched *levels, const char *pair, formula_test *is,
                    size_t number)
{
    const grade_component *component = part->component;
    const char *second = strstr(pair, " + ") + strlen(" + ");
    size_t length = (size_t)(second - pair) - strlen(" + ");
    bool found = false;
    for (size_t k = 0; k < count * count && !found; k++) {
        switched a = levels[k / count];
        switched b = levels[k % count];
        const char *first = id_of(component, a);
        if (a.axis != b.axis && strlen(first) == length && strncmp(first, pair, length) == 0 &&
            strcmp(id_of(component, b), second) == 0) {
            grade_choice choice = single(component, a);
            choice.level[b.axis] = (unsigned char)b.level;
            found = is_chosen(part, choice, is, number);
        }
    }
    return found;
}

void check_choices(grade_part *part, size_t count, const char *const *ids, formula_test *is, size_t least)
{
    switched levels[MAX_LEVELS];
    bool used[MAX_FORMULAS] = {false};
    const char *name = part->component->name;
    size_t length = strlen(name);
    size_t own = 0;
    ck_assert_uint_le(count, MAX_FORMULAS);
    size_t level_count = list_levels(part->component, levels);
    for (size_t k = 0; k < level_count; k++) {
        ck_assert_msg(mark_formulas(part, levels[k], count, ids, is, used), "%s, level %d: no formula is the model's",
                      id_of(part->component, levels[k]), levels[k].level);
    }
    for (size_t f = 0; f < count; f++) {
        bool named = strncmp(ids[f], name, length) == 0 && ids[f][length] == '.';
        bool pair = named && strstr(ids[f], " + ") != NULL;
        own += named;
        ck_assert_msg(!named || used[f] || (pair && is_pair(part, level_count, levels, ids[f], is, f)),
                      "%s: no level has formula %zu", ids[f], f);
    }
    ck_assert_uint_ge(own, least);
}
