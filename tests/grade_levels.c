#include "grade_levels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const components[COMPONENTS] = {"network_gradient",
                                            "training",
                                            "sgd",
                                            "momentum",
                                            "adam",
                                            "linear_forward",
                                            "linear_backward",
                                            "identity",
                                            "identity_gradient",
                                            "tanh",
                                            "tanh_gradient",
                                            "relu",
                                            "relu_gradient",
                                            "sigmoid",
                                            "sigmoid_gradient",
                                            "leaky_relu",
                                            "leaky_relu_gradient",
                                            "softmax",
                                            "cross_entropy",
                                            "cross_entropy_gradient",
                                            "init_constant",
                                            "pathological_curve",
                                            "steep_optima"};
grade_battery *draw(const char *component, uint64_t seed)
{
    assay_error error = {0};
    const char *only[] = {component, NULL};
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(seed, only, &battery, &error), &error);
    return battery;
}

void judge(grade_battery *battery)
{
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_judge(battery, &error), &error);
}

/* --- choices ------------------------------------------------------------------------------------------------------ */

size_t list_levels(const grade_component *component, switched *levels)
{
    size_t count = 0;
    for (size_t a = 0; a < component->axis_count; a++) {
        for (int k = 1; k < component->axes[a].count; k++) {
            ck_assert_uint_lt(count, MAX_LEVELS);
            levels[count++] = (switched){a, k};
        }
    }
    return count;
}

void set_parameter(const grade_component *component, grade_choice *choice)
{
    const grade_free *range = assay_grade_free_level(component, choice);
    if (range != NULL) {
        choice->parameter = range->lower > 0.0 ? range->lower * pow(range->upper / range->lower, 0.6180339)
                                               : range->lower + (range->upper - range->lower) * 0.6180339;
    }
}

bool two_free(const grade_component *component, switched a, switched b)
{
    grade_choice first = GRADE_TUTORIAL;
    grade_choice second = GRADE_TUTORIAL;
    first.level[a.axis] = (unsigned char)a.level;
    second.level[b.axis] = (unsigned char)b.level;
    return assay_grade_free_level(component, &first) != NULL && assay_grade_free_level(component, &second) != NULL;
}

void answer(grade_part *part, const grade_choice *choice)
{
    for (size_t i = 0; i < part->count; i++) {
        part->component->model(part->cases[i], choice, &part->answers[i].outputs);
        part->answers[i].verdict = GRADE_PASS;
    }
}

double distance_to(const grade_part *part, const grade_choice *choice)
{
    double most = 0.0;
    for (size_t i = 0; i < part->count; i++) {
        assay_error error = {0};
        grade_fields other;
        support_assert_ok(assay_grade_fields_like(&part->cases[i]->outputs, &other, &error), &error);
        part->component->model(part->cases[i], choice, &other);
        most = fmax(most,
                    assay_grade_distance(part->cases[i], &part->answers[i].outputs, &other, GRADE_F32, NULL, NULL));
        assay_grade_fields_clear(&other);
    }
    return most;
}

const char *id_of(const grade_component *component, switched of)
{
    return component->axes[of.axis].ids[of.level];
}

grade_choice single(const grade_component *component, switched of)
{
    grade_choice choice = GRADE_TUTORIAL;
    choice.level[of.axis] = (unsigned char)of.level;
    set_parameter(component, &choice);
    return choice;
}

/* --- formulas ----------------------------------------------------------------------------------------------------- */

/* An infinite number agrees with itself only, so the smaller one counts. */
bool formula_agrees(double a, double b, double size)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-11 * (size + fmin(fabs(a), fabs(b)));
}

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

void check_formulas(grade_part *part, size_t count, const char *const *ids, formula_test *is, size_t least)
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

bool may_be_alike(const char *a, const char *b)
{
    static json_t *golden;
    golden = golden == NULL ? support_golden("mistakes.json") : golden;
    bool alike = strcmp(a, b) == 0;
    size_t i;
    json_t *pair;
    json_array_foreach(json_object_get(golden, "inseparable"), i, pair) {
        const char *first = json_string_value(json_array_get(pair, 0));
        const char *second = json_string_value(json_array_get(pair, 1));
        alike = alike || (strcmp(a, first) == 0 && strcmp(b, second) == 0) ||
                (strcmp(b, first) == 0 && strcmp(a, second) == 0);
    }
    return alike;
}

/* --- names -------------------------------------------------------------------------------------------------------- */

/* A result's names, as one text: "id + id". */
static void join_names(const grade_result *result, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%s", result->mistake == NULL ? "" : result->mistake);
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->also[i] != NULL; i++) {
        used += (size_t)snprintf(text + used, size - used, " + %s", result->also[i]);
    }
}

static bool among(const char *id, const char *first, const char *const *others)
{
    bool found = first != NULL && may_be_alike(id, first);
    for (size_t i = 0; i < GRADE_MAX_NAMES && others[i] != NULL; i++) {
        found = found || may_be_alike(id, others[i]);
    }
    return found;
}

/* Whether a result names this id, alone or in a tie. */
static bool names(const grade_result *result, const char *id)
{
    bool found = among(id, result->mistake, result->also);
    for (size_t i = 0; i < result->tie_count; i++) {
        found = found || among(id, NULL, result->ties[i].name);
    }
    return found;
}

bool part_names(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        if (part->results[i].verdict == GRADE_WRONG && names(&part->results[i], id)) {
            return true;
        }
    }
    return false;
}

bool part_names_both(const grade_part *part, const char *a, const char *b)
{
    char wanted[200];
    char named[400];
    snprintf(wanted, sizeof wanted, "%s + %s", a, b);
    for (size_t i = 0; i < part->count; i++) {
        join_names(&part->results[i], named, sizeof named);
        if (part->results[i].verdict == GRADE_WRONG && may_be_alike(wanted, named)) {
            return true;
        }
    }
    return part_names(part, a) && part_names(part, b);
}

bool part_names_alone(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        if (result->verdict == GRADE_WRONG && result->mistake != NULL && strcmp(result->mistake, id) == 0 &&
            result->also[0] == NULL && result->tie_count == 0) {
            return true;
        }
    }
    return false;
}

void check_measured(const char *component, const char *key, size_t measured)
{
    const char *path = getenv("ASSAY_NAMED");
    if (path != NULL) {
        FILE *file = fopen(path, "a");
        ck_assert_ptr_nonnull(file);
        fprintf(file, "%s %s %zu\n", component, key, measured);
        ck_assert_int_eq(fclose(file), 0);
        return;
    }
    json_t *golden = support_golden("named.json");
    const json_t *number = json_object_get(json_object_get(golden, component), key);
    ck_assert_msg(json_is_integer(number) && (size_t)json_integer_value(number) == measured,
                  "%s, %s: %zu, but golden/named.json has %d; see golden/scripts/mistakes_page.py", component, key,
                  measured, (int)json_integer_value(number));
    json_decref(golden);
}

void print_names(const grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *r = &part->results[i];
        if (r->verdict == GRADE_WRONG) {
            fprintf(stderr, "    %s: %s %s (%g), nearest %s\n", part->cases[i]->name, r->mistake ? r->mistake : "-",
                    r->also[0] ? r->also[0] : "", r->parameter, r->nearest ? r->nearest : "-");
        }
    }
}

void print_ties(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *r = &part->results[i];
        for (size_t t = 0; t < r->tie_count; t++) {
            fprintf(stderr, "%s (%s): or %s %s\n", id, part->cases[i]->name, r->ties[t].name[0],
                    r->ties[t].name[1] == NULL ? "" : r->ties[t].name[1]);
        }
    }
}
