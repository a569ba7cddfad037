/*
 * The models of softmax, cross-entropy, activations, linear layers, surfaces and initializers: two deviations at once
 * are named both, and so is every way to draw (test_grade_levels.c has the single levels of the others).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grade_levels.h"

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

/* The page of mistakes has the numbers of the whole sample. */
static void check_pairs(const char *component, size_t tried, size_t unnamed, bool whole)
{
    fprintf(stderr, "%s: %zu of %zu pairs are not named\n", component, unnamed, tried);
    if (whole) {
        check_measured(component, "pairs", tried);
        check_measured(component, "pairs_named", tried - unnamed);
    }
    ck_assert_uint_eq(unnamed, 0);
}

/*
 * Two levels of different axes, where each changes what the other gives. Of components with many levels a sample, twice
 * as large with ASSAY_TEST_EFFORT=large: of each level's pairs, `sampled` on average.
 */
START_TEST(pairs_are_named)
{
    evidence(EVIDENCE_PROPERTY, "grade/search");
    grade_battery *battery = draw(components[_i], 12);
    grade_part *part = &battery->parts[0];
    const grade_component *component = part->component;
    switched levels[MAX_LEVELS];
    size_t count = list_levels(component, levels);
    const bool all = support_large_effort();
    const size_t sampled = count > 60 ? 1 + all : component->probe != NULL ? 2 + all : all ? 7 : 4;
    size_t tried = 0;
    size_t unnamed = 0;
    unsigned state = 1;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = i + 1; j < count; j++) {
            state = state * 1664525u + 1013904223u;
            if (levels[i].axis == levels[j].axis || two_free(component, levels[i], levels[j]) ||
                is_cut(component, levels[i], levels[j]) || (count > 12 && (state >> 16) % count >= sampled)) {
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
    check_pairs(component->name, tried, unnamed, all);
    assay_grade_battery_destroy(battery);
}
END_TEST

/* --- initializers ------------------------------------------------------------------------------------------------- */

static const char *const initializers[] = {"init_normal", "init_fan_in", "init_xavier", "init_kaiming"};
enum { INITIALIZERS = sizeof initializers / sizeof initializers[0] };

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
    check_pairs(component->name, tried, unnamed, true);
    assay_grade_battery_destroy(battery);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade components");
    TCase *levels = evidence_case("levels", "property: grade/judge, grade/components, grade/case");
    tcase_set_timeout(levels, 240);
    tcase_add_loop_test(levels, pairs_are_named, 0, COMPONENTS);
    suite_add_tcase(suite, levels);
    TCase *draws = evidence_case("draws", "property: grade/judge_init, grade/distribution");
    tcase_set_timeout(draws, 240);
    tcase_add_loop_test(draws, every_way_to_draw_is_named, 0, INITIALIZERS);
    tcase_add_loop_test(draws, pairs_of_ways_to_draw_are_named, 0, INITIALIZERS);
    suite_add_tcase(suite, draws);
    return support_run(suite);
}
