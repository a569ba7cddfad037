#include "grade_formulas.h"

#include <math.h>
#include <string.h>

typedef struct {
    bool formula[MOST_FAMILIES][MOST_FORMULAS];
} used_formulas;

static bool agree(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-11 * (1.0 + fabs(a));
}

static bool outputs_agree(const grade_fields *a, const grade_fields *b)
{
    for (size_t f = 0; f < a->count; f++) {
        for (size_t k = 0; k < a->field[f].count; k++) {
            if (!agree(a->field[f].values[k], b->field[f].values[k])) {
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

/* Whether no other component can have a level with the formula. */
static bool is_own(const char *formula, const char *component)
{
    size_t length = strlen(component);
    return formula[0] == '.' || (strncmp(formula, component, length) == 0 && formula[length] == '.');
}

/* Marks the formulas of a level, which gave the answers; false if there is none. */
static bool find_formula(const grade_part *part, const char *id, double p, const formula_family *const *families,
                         used_formulas *used)
{
    bool found = false;
    for (size_t f = 0; families[f] != NULL; f++) {
        for (size_t n = 0; n < families[f]->count; n++) {
            bool same = has_id(id, families[f]->ids[n], part->component->name) && is_formula(part, p, families[f], n);
            used->formula[f][n] = used->formula[f][n] || same;
            found = found || same;
        }
    }
    return found;
}

void check_formulas(const char *component, const formula_family *const *families, size_t fewest)
{
    grade_battery *battery = draw(component, 9);
    grade_part *part = &battery->parts[0];
    switched levels[MAX_LEVELS];
    size_t count = list_levels(part->component, levels);
    used_formulas used = {{{false}}};
    ck_assert_uint_gt(count, fewest);
    for (size_t f = 0; families[f] != NULL; f++) {
        ck_assert_uint_lt(f, MOST_FAMILIES);
        ck_assert_uint_le(families[f]->count, MOST_FORMULAS);
    }
    for (size_t k = 0; k < count; k++) {
        const char *id = id_of(part->component, levels[k]);
        grade_choice choice = single(part->component, levels[k]);
        answer(part, &choice);
        ck_assert_msg(find_formula(part, id, choice.parameter, families, &used),
                      "%s, level %d: no formula is the model's", id, levels[k].level);
    }
    for (size_t f = 0; families[f] != NULL; f++) {
        for (size_t n = 0; n < families[f]->count; n++) {
            ck_assert_msg(used.formula[f][n] || !is_own(families[f]->ids[n], component),
                          "%s: no level has formula %zu, %s", component, n, families[f]->ids[n]);
        }
    }
    assay_grade_battery_destroy(battery);
}
