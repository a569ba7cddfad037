#include "grade_formulas.h"

#include <math.h>
#include <string.h>

enum { MOST_FAMILIES = 8, MOST_FORMULAS = 256 };

typedef struct {
    size_t family;
    size_t number;
} formula_place;

bool formulas_agree(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-11 * (1.0 + fabs(a));
}

static bool outputs_agree(const grade_fields *a, const grade_fields *b)
{
    for (size_t f = 0; f < a->count; f++) {
        for (size_t k = 0; k < a->field[f].count; k++) {
            if (!formulas_agree(a->field[f].values[k], b->field[f].values[k])) {
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
