/*
 * The models of all components but the initializers: every single level is unlike every other, and is named. Cheap, so
 * that the mutation audit can run it on each fault in a component (test_grade_components.c has pairs).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grade_levels.h"

/* Every single level is far from the tutorial's implementation and from every other level of another name. */
START_TEST(levels_are_separable)
{
    evidence(EVIDENCE_PROPERTY, "grade/search");
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

/* The other names of a result are others: two levels of one name are one explanation. */
static void assert_different_ties(const grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        for (size_t k = 0; k < result->tie_count; k++) {
            for (size_t other = 0; other < k; other++) {
                bool same = true;
                for (size_t n = 0; n < GRADE_MAX_NAMES; n++) {
                    const char *a = result->ties[k].name[n];
                    const char *b = result->ties[other].name[n];
                    same = same && (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
                }
                ck_assert_msg(!same, "%s is a tie twice", result->ties[k].name[0]);
            }
        }
    }
}

START_TEST(every_level_is_named)
{
    evidence(EVIDENCE_PROPERTY, "grade/optimizer_axes");
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
        assert_different_ties(part);
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

int main(void)
{
    Suite *suite = suite_create("grade levels");
    TCase *levels = evidence_case("levels", "property: grade/judge, grade/components, grade/case");
    tcase_set_timeout(levels, 240);
    tcase_add_loop_test(levels, levels_are_separable, 0, COMPONENTS);
    tcase_add_loop_test(levels, every_level_is_named, 0, COMPONENTS);
    suite_add_tcase(suite, levels);
    return support_run(suite);
}
