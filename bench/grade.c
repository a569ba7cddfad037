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
#include "grade/components.h"
#include "grade/optimizer_axes.h"

static double cpu_seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static void stop(const assay_error *error)
{
    fprintf(stderr, "bench/grade: %s\n", error->message);
    exit(1);
}

static void answer(grade_part *part, const grade_choice *choice)
{
    for (size_t i = 0; i < part->count; i++) {
        part->answers[i].verdict = GRADE_PASS;
        if (part->component->model != NULL) {
            part->component->model(part->cases[i], choice, &part->answers[i].outputs);
        }
    }
}

/* Right values, each from number `first` on with a relative error of its own: no model gives them. */
static void spoil(const grade_case *graded, size_t first, grade_fields *outputs)
{
    for (size_t f = 0; f < outputs->count; f++) {
        for (size_t k = f == 0 ? first : 0; k < outputs->field[f].count; k++) {
            double right = graded->outputs.field[f].values[k];
            outputs->field[f].values[k] = right * (1.0 + 0.03 * sin(7.0 * (double)(k + f) + 1.0)) + 1e-3;
        }
    }
}

static void answer_wrongly(grade_part *part, size_t first)
{
    for (size_t i = 0; i < part->count; i++) {
        grade_fields *outputs = &part->answers[i].outputs;
        part->answers[i].verdict = GRADE_PASS;
        spoil(part->cases[i], first, outputs);
    }
}

/* --- submissions -------------------------------------------------------------------------------------------------- */

typedef void answer_part(grade_part *part);

static void all_wrong(grade_part *part)
{
    answer_wrongly(part, 0);
}

/* Each component but the composite ones has its first mistake. */
static void parts_explained(grade_part *part)
{
    if (part->component->parts != NULL || part->component->model == NULL) {
        answer_wrongly(part, 0);
    } else {
        answer(part, &(grade_choice){.level = {1}});
    }
}

/* The first loss of a run is right, and everything after the first step is wrong. */
static void spoilt_loop(grade_part *part)
{
    if (part->component == &assay_grade_training) {
        answer_wrongly(part, 1);
    } else {
        answer(part, &GRADE_TUTORIAL);
    }
}

/* A training loop with three mistakes of its own, which are more than are searched for. */
static void unknown_loop(grade_part *part)
{
    /* The smaller last batch is not learnt, the last step is missing, and the loss is a running mean. */
    static const grade_choice loop = {.level = {[1] = 4, [4] = 1, [9] = 5}};
    answer(part, part->component == &assay_grade_training ? &loop : &GRADE_TUTORIAL);
}

/* An SGD with three mistakes, which are more than are searched for. Training runs have it, too. */
static void unknown_sgd(grade_part *part)
{
    static const grade_choice rule = {
        .level = {[AXIS_RATE] = RATE_PER_STEP, [AXIS_GRADIENT] = GRADIENT_NORMALISED, [AXIS_KEPT_GRADIENT] = KEPT_SUM}};
    const grade_upstream upstream = {.count = 1, .part = {{&assay_grade_sgd, rule}}};
    answer(part, part->component == &assay_grade_sgd ? &rule : &(grade_choice){.upstream = &upstream});
}

static const struct {
    const char *title;
    answer_part *answer;
} submissions[] = {
    {"all wrong, unexplained", all_wrong},   {"all wrong, parts explained", parts_explained},
    {"a spoilt training loop", spoilt_loop}, {"an unknown training loop", unknown_loop},
    {"an unknown SGD", unknown_sgd},
};

/* Judges one component, or all if `only` is NULL. */
static double judge_seconds(uint64_t seed, const char *only, answer_part *submission)
{
    const char *const names[] = {only, NULL};
    grade_battery *battery;
    assay_error error = {0};
    if (assay_grade_battery_create(seed, only == NULL ? NULL : names, &battery, &error) != ASSAY_OK) {
        stop(&error);
    }
    for (size_t p = 0; p < battery->part_count; p++) {
        submission(&battery->parts[p]);
    }
    double began = cpu_seconds();
    if (assay_grade_battery_judge(battery, &error) != ASSAY_OK) {
        stop(&error);
    }
    double taken = cpu_seconds() - began;
    assay_grade_battery_destroy(battery);
    return taken;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    size_t count;
    const grade_component *const *all = assay_grade_components(&count);
    for (size_t i = 0; i < count; i++) {
        printf("%-28s %7.3f s\n", all[i]->name, judge_seconds(seed, all[i]->name, all_wrong));
    }
    for (size_t i = 0; i < sizeof submissions / sizeof submissions[0]; i++) {
        printf("%-28s %7.3f s\n", submissions[i].title, judge_seconds(seed, NULL, submissions[i].answer));
    }
    return 0;
}
