/*
 * The models of softmax, cross-entropy, activations, linear layers, surfaces and initializers: every level is named,
 * two deviations at once are named both, and legitimate forms are not accused.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grade/battery.h"
#include "grade/components.h"
#include "grade/distribution.h"
#include "grade/search.h"
#include "evidence.h"
#include "support.h"

static const char *const components[] = {"network_gradient",
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
enum { COMPONENTS = sizeof components / sizeof components[0] };

/* One component's cases, drawn from a seed. */
static grade_battery *draw(const char *component, uint64_t seed)
{
    assay_error error = {0};
    const char *only[] = {component, NULL};
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(seed, only, &battery, &error), &error);
    return battery;
}

static void judge(grade_battery *battery)
{
    assay_error error = {0};
    support_assert_ok(assay_grade_battery_judge(battery, &error), &error);
}

/* --- choices ------------------------------------------------------------------------------------------------------ */

typedef struct {
    size_t axis;
    int level;
} switched;

enum { MAX_LEVELS = 128 };

static size_t list_levels(const grade_component *component, switched *levels)
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

/* A number within the range of the choice's free level, and no usual one. */
static void set_parameter(const grade_component *component, grade_choice *choice)
{
    const grade_free *range = assay_grade_free_level(component, choice);
    if (range != NULL) {
        choice->parameter = range->lower > 0.0 ? range->lower * pow(range->upper / range->lower, 0.6180339)
                                               : range->lower + (range->upper - range->lower) * 0.6180339;
    }
}

static bool two_free(const grade_component *component, switched a, switched b)
{
    grade_choice first = GRADE_TUTORIAL;
    grade_choice second = GRADE_TUTORIAL;
    first.level[a.axis] = (unsigned char)a.level;
    second.level[b.axis] = (unsigned char)b.level;
    return assay_grade_free_level(component, &first) != NULL && assay_grade_free_level(component, &second) != NULL;
}

static void answer(grade_part *part, const grade_choice *choice)
{
    for (size_t i = 0; i < part->count; i++) {
        part->component->model(part->cases[i], choice, &part->answers[i].outputs);
        part->answers[i].verdict = GRADE_PASS;
    }
}

/* How far the answers are from those of a choice, on the worst case. */
static double distance_to(const grade_part *part, const grade_choice *choice)
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

static const char *id_of(const grade_component *component, switched of)
{
    return component->axes[of.axis].ids[of.level];
}

static grade_choice single(const grade_component *component, switched of)
{
    grade_choice choice = GRADE_TUTORIAL;
    choice.level[of.axis] = (unsigned char)of.level;
    set_parameter(component, &choice);
    return choice;
}

/* Whether golden/mistakes.json says that no case can tell two explanations apart: "id", or "id + id". */
static bool may_be_alike(const char *a, const char *b)
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

/* Every single level is far from the tutorial's implementation and from every other level of another name. */
START_TEST(levels_are_separable)
{
    grade_battery *battery = draw(components[_i], 5);
    grade_part *part = &battery->parts[0];
    switched levels[MAX_LEVELS];
    size_t count = list_levels(part->component, levels);
    size_t alike = 0;
    for (size_t i = 0; i < count; i++) {
        grade_choice choice = single(part->component, levels[i]);
        const char *id = id_of(part->component, levels[i]);
        answer(part, &choice);
        if (distance_to(part, &GRADE_TUTORIAL) <= 10.0) {
            fprintf(stderr, "%s is like the tutorial's\n", id);
            alike++;
        }
        for (size_t j = i + 1; j < count; j++) {
            grade_choice other = single(part->component, levels[j]);
            const char *other_id = id_of(part->component, levels[j]);
            if (distance_to(part, &other) <= 10.0 && !may_be_alike(id, other_id)) {
                fprintf(stderr, "%s is like %s\n", id, other_id);
                alike++;
            }
        }
    }
    ck_assert_uint_eq(alike, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

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

/* Whether some failed case names the id. */
static bool part_names(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        if (part->results[i].verdict == GRADE_WRONG && names(&part->results[i], id)) {
            return true;
        }
    }
    return false;
}

/* Whether both ids are named, or what is listed as inseparable from the two. */
static bool part_names_both(const grade_part *part, const char *a, const char *b)
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

/* Whether the id is a failed case's only name. */
static bool part_names_alone(const grade_part *part, const char *id)
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

/*
 * Compares what was measured with golden/named.json, which the report and the documentation repeat. With ASSAY_NAMED,
 * the name of a file, it is written there instead, for golden/scripts/mistakes_page.py.
 */
static void check_measured(const char *component, const char *key, size_t measured)
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

static void print_names(const grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *r = &part->results[i];
        if (r->verdict == GRADE_WRONG) {
            fprintf(stderr, "    %s: %s %s (%g), nearest %s\n", part->cases[i]->name, r->mistake ? r->mistake : "-",
                    r->also[0] ? r->also[0] : "", r->parameter, r->nearest ? r->nearest : "-");
        }
    }
}

static void print_ties(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *r = &part->results[i];
        for (size_t t = 0; t < r->tie_count; t++) {
            fprintf(stderr, "%s (%s): or %s %s\n", id, part->cases[i]->name, r->ties[t].name[0],
                    r->ties[t].name[1] == NULL ? "" : r->ties[t].name[1]);
        }
    }
}

START_TEST(every_level_is_named)
{
    grade_battery *battery = draw(components[_i], 11);
    grade_part *part = &battery->parts[0];
    switched levels[MAX_LEVELS];
    size_t count = list_levels(part->component, levels);
    size_t unnamed = 0;
    size_t alone = 0;
    for (size_t i = 0; i < count; i++) {
        grade_choice choice = single(part->component, levels[i]);
        const char *id = id_of(part->component, levels[i]);
        answer(part, &choice);
        judge(battery);
        alone += part_names_alone(part, id);
        if (!part_names_alone(part, id)) {
            print_ties(part, id);
        }
        if (!part_names(part, id)) {
            fprintf(stderr, "%s is not named:\n", id);
            print_names(part);
            unnamed++;
        }
    }
    check_measured(components[_i], "planted", count);
    check_measured(components[_i], "named", count - unnamed);
    check_measured(components[_i], "alone", alone);
    ck_assert_uint_eq(unnamed, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* A number that is cut to an integer afterwards cannot be solved for. */
static bool is_cut(const grade_component *component, switched a, switched b)
{
    grade_choice first = single(component, a);
    grade_choice second = single(component, b);
    const grade_free *range = assay_grade_free_level(component, &first);
    range = range == NULL ? assay_grade_free_level(component, &second) : range;
    return range != NULL && (strstr(id_of(component, a), ".integer_output") != NULL ||
                             strstr(id_of(component, b), ".integer_output") != NULL);
}

/* Two levels of different axes, where each changes what the other gives. */
START_TEST(pairs_are_named)
{
    grade_battery *battery = draw(components[_i], 12);
    grade_part *part = &battery->parts[0];
    const grade_component *component = part->component;
    switched levels[MAX_LEVELS];
    size_t count = list_levels(component, levels);
    size_t tried = 0;
    size_t unnamed = 0;
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            state = state * 1664525u + 1013904223u;
            if (levels[i].axis == levels[j].axis || two_free(component, levels[i], levels[j]) ||
                is_cut(component, levels[i], levels[j]) ||
                (count > 12 && (state >> 16) % count > (count > 60                 ? 1
                                                        : component->probe != NULL ? 2
                                                                                   : 6))) {
                continue;
            }
            grade_choice first = single(component, levels[i]);
            grade_choice second = single(component, levels[j]);
            grade_choice both = first;
            both.level[levels[j].axis] = second.level[levels[j].axis];
            set_parameter(component, &both);
            answer(part, &both);
            if (distance_to(part, &first) <= 10.0 || distance_to(part, &second) <= 10.0 ||
                distance_to(part, &GRADE_TUTORIAL) <= 10.0) {
                continue;
            }
            tried++;
            judge(battery);
            if (!part_names_both(part, id_of(component, levels[i]), id_of(component, levels[j]))) {
                if (unnamed++ < 12) {
                    fprintf(stderr, "%s and %s:\n", id_of(component, levels[i]), id_of(component, levels[j]));
                    print_names(part);
                }
            }
        }
    }
    fprintf(stderr, "%s: %zu of %zu pairs are not named\n", component->name, unnamed, tried);
    check_measured(component->name, "pairs", tried);
    check_measured(component->name, "pairs_named", tried - unnamed);
    ck_assert_uint_eq(unnamed, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* --- initializers ------------------------------------------------------------------------------------------------- */

static const char *const initializers[] = {"init_normal", "init_fan_in", "init_xavier", "init_kaiming"};
enum { INITIALIZERS = sizeof initializers / sizeof initializers[0] };

static double uniform(assay_mt19937 *random)
{
    return ((double)(assay_mt19937_random32(random) >> 8) + 0.5) * 0x1p-24;
}

static double standard_normal(assay_mt19937 *random)
{
    double radius = sqrt(-2.0 * log(uniform(random)));
    return radius * cos(6.283185307179586 * uniform(random));
}

/* Box and Muller's formula with one number for both the radius and the angle. */
static double one_uniform_normal(double u)
{
    return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * u);
}

static double draw_from(grade_distribution law, assay_mt19937 *random)
{
    double value = law.value;
    double normal = standard_normal(random);
    switch (law.kind) {
    case GRADE_CONSTANT: return value;
    case GRADE_ONE_VALUE: return 0.25;
    case GRADE_UNIFORM: return value * (2.0 * uniform(random) - 1.0);
    case GRADE_POSITIVE: return value * uniform(random);
    case GRADE_HALF_NORMAL: return fabs(value * normal);
    case GRADE_SHIFTED: return value * (6.0 + normal);
    case GRADE_ONE_UNIFORM: return value * one_uniform_normal(uniform(random));
    case GRADE_TRUNCATED:
        while (fabs(normal) > 2.0) {
            normal = standard_normal(random);
        }
        return value * normal;
    case GRADE_ROOTLESS: return value * -2.0 * log(uniform(random)) * cos(6.283185307179586 * uniform(random));
    case GRADE_OFF_CENTRE: return value * (0.6 + normal);
    case GRADE_RANDOM: return 0.37 * normal;
    default: return value * normal;
    }
}

static void draw_answer(grade_part *part, const grade_choice *choice, assay_mt19937 *random)
{
    for (size_t i = 0; i < part->count; i++) {
        grade_fields *outputs = &part->answers[i].outputs;
        part->answers[i].verdict = GRADE_PASS;
        for (size_t f = 0; f < outputs->count; f++) {
            grade_distribution law = part->component->initializer->draws(part->cases[i], choice, f / 2, f % 2 == 1);
            for (size_t k = 0; k < outputs->field[f].count; k++) {
                outputs->field[f].values[k] = draw_from(law, random);
            }
        }
    }
}

/* Whether a choice gives every tensor the law that another gives it, as far as 8% of the variance can be seen. */
static bool same_laws(const grade_part *part, const grade_choice *a, const grade_choice *b)
{
    for (size_t i = 0; i < part->count; i++) {
        for (size_t f = 0; f < part->cases[i]->outputs.count; f++) {
            const struct grade_initializer *of = part->component->initializer;
            grade_distribution one = of->draws(part->cases[i], a, f / 2, f % 2 == 1);
            grade_distribution other = of->draws(part->cases[i], b, f / 2, f % 2 == 1);
            bool alike = one.kind == other.kind || (one.kind == GRADE_NORMAL && other.kind == GRADE_EITHER);
            if (!alike || fabs(one.value - other.value) > 0.04 * fabs(one.value)) {
                return false;
            }
        }
    }
    return true;
}

static size_t count_unnamed(grade_battery *battery, const grade_choice *choice, assay_mt19937 *random)
{
    grade_part *part = &battery->parts[0];
    const char *wanted[GRADE_MAX_NAMES];
    draw_answer(part, choice, random);
    judge(battery);
    size_t count = assay_grade_choice_names(part->component, choice, wanted);
    bool named = count == 2 ? part_names_both(part, wanted[0], wanted[1]) : part_names(part, wanted[0]);
    if (!named) {
        fprintf(stderr, "%s + %s:\n", wanted[0], count == 2 ? wanted[1] : "");
        print_names(part);
    }
    return !named;
}

START_TEST(every_way_to_draw_is_named)
{
    grade_battery *battery = draw(initializers[_i], 21);
    grade_part *part = &battery->parts[0];
    const grade_component *component = part->component;
    assay_mt19937 random;
    switched levels[MAX_LEVELS];
    size_t count = list_levels(component, levels);
    size_t unnamed = 0;
    size_t alone = 0;
    assay_mt19937_seed(&random, 4);
    for (size_t i = 0; i < count; i++) {
        grade_choice choice = single(component, levels[i]);
        choice.parameter = choice.parameter > 0.0 ? 0.0213 : 0.0;
        unnamed += count_unnamed(battery, &choice, &random);
        alone += part_names_alone(part, id_of(component, levels[i]));
    }
    check_measured(component->name, "planted", count);
    check_measured(component->name, "named", count - unnamed);
    check_measured(component->name, "alone", alone);
    ck_assert_uint_eq(unnamed, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* A gain that is estimated from the first layer's spread cannot be told from a form that changes the spread. */
static bool is_estimated(const grade_component *component, switched a, switched b)
{
    return a.axis != 0 && b.axis != 0 &&
           (strstr(id_of(component, a), ".other_gain") != NULL || strstr(id_of(component, b), ".other_gain") != NULL);
}

/* Pairs of levels, and a bias beside them. Left out: pairs in which one level makes the other without effect. */
START_TEST(pairs_of_ways_to_draw_are_named)
{
    grade_battery *battery = draw(initializers[_i], 22);
    grade_part *part = &battery->parts[0];
    const grade_component *component = part->component;
    assay_mt19937 random;
    switched levels[MAX_LEVELS];
    size_t count = list_levels(component, levels);
    size_t unnamed = 0;
    size_t tried = 0;
    assay_mt19937_seed(&random, 5);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            grade_choice first = single(component, levels[i]);
            grade_choice second = single(component, levels[j]);
            grade_choice both = first;
            both.level[levels[j].axis] = second.level[levels[j].axis];
            first.parameter = second.parameter = both.parameter = 0.0213;
            if (levels[i].axis == levels[j].axis || two_free(component, levels[i], levels[j]) ||
                assay_mt19937_random32(&random) % 8 != 0 || same_laws(part, &both, &first) ||
                same_laws(part, &both, &second) || same_laws(part, &both, &GRADE_TUTORIAL) ||
                is_estimated(component, levels[i], levels[j])) {
                continue;
            }
            tried++;
            unnamed += count_unnamed(battery, &both, &random);
        }
    }
    fprintf(stderr, "%s: %zu of %zu pairs are not named\n", component->name, unnamed, tried);
    check_measured(component->name, "pairs", tried);
    check_measured(component->name, "pairs_named", tried - unnamed);
    ck_assert_uint_eq(unnamed, 0);
    assay_grade_battery_destroy(battery);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade components");
    TCase *levels = evidence_case("levels", "property: grade/judge, grade/components, grade/case");
    tcase_set_timeout(levels, 240);
    tcase_add_loop_test(levels, levels_are_separable, 0, COMPONENTS);
    tcase_add_loop_test(levels, every_level_is_named, 0, COMPONENTS);
    tcase_add_loop_test(levels, pairs_are_named, 0, COMPONENTS);
    suite_add_tcase(suite, levels);
    TCase *draws = evidence_case("draws", "property: grade/judge_init, grade/distribution");
    tcase_set_timeout(draws, 240);
    tcase_add_loop_test(draws, every_way_to_draw_is_named, 0, INITIALIZERS);
    tcase_add_loop_test(draws, pairs_of_ways_to_draw_are_named, 0, INITIALIZERS);
    suite_add_tcase(suite, draws);
    return support_run(suite);
}
