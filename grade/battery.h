/*
 * A grading from its seed to its judgement: draws the cases, gets the answers in one of three ways, judges them.
 */
#ifndef ASSAY_GRADE_BATTERY_H
#define ASSAY_GRADE_BATTERY_H

#include <jansson.h>

#include "grade/child.h"
#include "grade/judge.h"

/* All cases of one component. */
typedef struct {
    const grade_component *component;
    size_t count;
    grade_case **cases;
    grade_answer *answers;
    grade_result *results;
    grade_upstream found; /* the switches that explain the answers; empty: right, or not explained */
} grade_part;

typedef struct {
    uint64_t seed;
    grade_precision precision; /* what the submission declares; GRADE_F64 until it does */
    double seconds;            /* that the submission took */
    double cpu_seconds;        /* processor time of all its processes */
    char suspicion[256];       /* the sign that it uses the reference (evidence.h), or "" */
    bool cleared;              /* a teacher has looked at it: the suspicion costs nothing */
    json_t *findings;          /* of one of assay's runners (findings.h), or NULL */
    const char *limits;        /* how they were enforced, in one line; NULL: nothing was run */
    size_t part_count;
    grade_part *parts;
} grade_battery;

/* A random seed below 2^53, so that it survives JSON; ASSAY_ERROR_IO where the system gives no random numbers. */
assay_status assay_grade_random_seed(uint64_t *seed, assay_error *error);

/*
 * Draws the cases of the named components (`only`, NULL-terminated; NULL: all of them). ASSAY_ERROR_ARGUMENT for an
 * unknown name, with the known ones. The caller ends it with _battery_destroy.
 */
assay_status assay_grade_battery_create(uint64_t seed, const char *const *only, grade_battery **battery,
                                        assay_error *error);
void assay_grade_battery_destroy(grade_battery *battery);

/*
 * Asks a program for every answer. What the submission does wrong becomes verdicts; an error is a failure of ours (no
 * bubblewrap, no runner, no memory).
 */
assay_status assay_grade_battery_run(grade_battery *battery, const grade_program *program, assay_error *error);

/* Every answer becomes this verdict: of a file that is no submission, or a submission that could not be run. */
void assay_grade_battery_fail(grade_battery *battery, grade_verdict verdict, const char *detail);

/* The cases that were not run: they are to be graded again. */
size_t assay_grade_battery_not_run(const grade_battery *battery);

/*
 * Writes DIR/cases.json (each case: id, call, inputs, and the outputs that are wanted with their shapes) and the inputs
 * as DIR/ID.NAME.npy, one number or text inline. DIR is made if it is not there; a file that is
 * there is an error, and so is another export that writes there at the same time.
 */
assay_status assay_grade_battery_export(const grade_battery *battery, const char *directory, assay_error *error);

/* What an exported folder says of itself. */
typedef struct {
    uint64_t seed;
    grade_precision precision;  /* 64 as exported; the student may change it to 32 */
    const char *components[64]; /* NULL-terminated; the components that were exported */
} grade_import;

/* Reads DIR/cases.json. ASSAY_ERROR_FORMAT for a file that is not as --export wrote it. */
assay_status assay_grade_import_header(const char *directory, grade_import *imported, assay_error *error);

/*
 * Reads the outputs of an exported battery from the files that DIR/cases.json names. A component without any
 * output counts as not implemented.
 */
assay_status assay_grade_battery_import(grade_battery *battery, const char *directory, assay_error *error);

/*
 * After an import: how many of the arrays that were read are float32 or float16, out of all. One of them is enough for
 * battery->precision to become GRADE_F32: the computation had no more than that.
 */
void assay_grade_battery_take_precision(grade_battery *battery, size_t *single, size_t *arrays);

/* The precision that a part is judged in: single if the submission declares it, or if that is what its outputs have. */
grade_precision assay_grade_part_precision(const grade_battery *battery, const grade_part *part);

/* Judges all answers. */
assay_status assay_grade_battery_judge(grade_battery *battery, assay_error *error);

#endif
