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
        if (part->answers[i].verdict != GRADE_PASS) {
            continue;
        }
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

/* --- samples ------------------------------------------------------------------------------------------------------ */

double uniform_number(assay_mt19937 *random)
{
    return ((double)(assay_mt19937_random32(random) >> 8) + 0.5) * 0x1p-24;
}

static double standard_normal(assay_mt19937 *random)
{
    double radius = sqrt(-2.0 * log(uniform_number(random)));
    return radius * cos(6.283185307179586 * uniform_number(random));
}

/* Box and Muller's formula with one number for both the radius and the angle. */
static double one_uniform_normal(double u)
{
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * u);
}

double draw_from(grade_distribution law, assay_mt19937 *random)
{
    double value = law.value;
    double normal = standard_normal(random);
    switch (law.kind) {
    case GRADE_CONSTANT: return value;
    case GRADE_ONE_VALUE: return 0.25;
    case GRADE_UNIFORM: return value * (2.0 * uniform_number(random) - 1.0);
    case GRADE_POSITIVE: return value * uniform_number(random);
    case GRADE_HALF_NORMAL: return fabs(value * normal);
    case GRADE_SHIFTED: return value * (6.0 + normal);
    case GRADE_ONE_UNIFORM: return value * one_uniform_normal(uniform_number(random));
    case GRADE_TRUNCATED:
        while (fabs(normal) > 2.0) {
            normal = standard_normal(random);
        }
        return value * normal;
    case GRADE_ROOTLESS:
        return value * -2.0 * log(uniform_number(random)) * cos(6.283185307179586 * uniform_number(random));
    case GRADE_OFF_CENTRE: return value * (0.6 + normal);
    case GRADE_RANDOM: return 0.37 * normal;
    default: return value * normal;
    }
}
