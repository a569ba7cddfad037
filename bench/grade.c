/*
 * Times the diagnosis of wrong answers: the slowest case is a submission in which everything is wrong and nothing is
 * explained, so that every search goes to its end. Prints the processor time of each component and of the whole
 * battery; doc/grading.md has the limit.
 *
 *     bench/grade [SEED]
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "grade/battery.h"

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void stop(const assay_error *error)
{
    fprintf(stderr, "bench/grade: %s\n", error->message);
    exit(1);
}

/* The first mistake of the component. */
static void answer_by_mistake(grade_part *part)
{
    const grade_choice choice = {.level = {1}};
    for (size_t i = 0; i < part->count; i++) {
        part->answers[i].verdict = GRADE_PASS;
        part->component->model(part->cases[i], &choice, &part->answers[i].outputs);
    }
}

/* Right values, each with a relative error of its own: no model gives them. */
static void answer_wrongly(grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        grade_fields *outputs = &part->answers[i].outputs;
        part->answers[i].verdict = GRADE_PASS;
        for (size_t f = 0; f < outputs->count; f++) {
            for (size_t k = 0; k < outputs->field[f].count; k++) {
                double right = part->cases[i]->outputs.field[f].values[k];
                outputs->field[f].values[k] = right * (1.0 + 0.03 * sin(7.0 * (double)(k + f) + 1.0)) + 1e-3;
            }
        }
    }
}

/* Judges one component, or all if `only` is NULL; with mistakes that are found, but for composite components. */
static double judge_seconds(uint64_t seed, const char *only, bool found)
{
    const char *const names[] = {only, NULL};
    grade_battery *battery;
    assay_error error = {0};
    if (assay_grade_battery_create(seed, only == NULL ? NULL : names, &battery, &error) != ASSAY_OK) {
        stop(&error);
    }
    for (size_t p = 0; p < battery->part_count; p++) {
        bool simple = battery->parts[p].component->model != NULL && battery->parts[p].component->parts == NULL;
        if (found && simple) {
            answer_by_mistake(&battery->parts[p]);
        } else {
            answer_wrongly(&battery->parts[p]);
        }
    }
    double began = cpu_seconds();
    if (assay_grade_battery_judge(battery, &error) != ASSAY_OK) {
        stop(&error);
    }
    double taken = cpu_seconds() - began;
    for (size_t p = 0; only == NULL && !found && p < battery->part_count; p++) {
        double alone = judge_seconds(seed, battery->parts[p].component->name, false);
        printf("%-24s %7.3f s\n", battery->parts[p].component->name, alone);
    }
    assay_grade_battery_destroy(battery);
    return taken;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    double whole = judge_seconds(seed, NULL, false);
    printf("%-24s %7.3f s\n", "the whole battery", whole);
    printf("%-24s %7.3f s\n", "the same, parts explained", judge_seconds(seed, NULL, true));
    return 0;
}
