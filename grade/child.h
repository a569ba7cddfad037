/*
 * A submission's process: started under bubblewrap or without it, spoken to line by line, within limits, and killed
 * with everything that it started.
 */
#ifndef ASSAY_GRADE_CHILD_H
#define ASSAY_GRADE_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>
#include "grade/evidence.h"
#include "grade/judge.h"

typedef struct {
    double start_seconds;  /* until the reply to hello: an interpreter and its libraries load */
    double case_seconds;   /* processor time for one reply; GRADE_PATIENCE times as much on the clock, for sleepers */
    double total_seconds;  /* processor time for all cases; GRADE_PATIENCE times as much on the clock; then no more run */
    size_t memory_bytes;   /* resident memory of all processes together */
    size_t processes;      /* processes and threads */
    size_t output_bytes;   /* on stdout for one reply; stderr is read and mostly dropped */
} grade_limits;

/* A machine that is busy with other submissions makes one slow, but not guilty. */
#define GRADE_PATIENCE 5.0

/* 20 s, 2 s, 60 s, 1 GiB, 64, 4 MiB. */
grade_limits assay_grade_limits_default(void);

/* What to start. Strings belong to the caller and outlive the child. */
typedef struct {
    const char *shared_object;    /* C: the .so; else NULL */
    const char *const *command;   /* any language: NULL-terminated; else NULL */
    const char *folder;           /* what the submission sees, read-only, as its working folder */
    const char *inputs;           /* a folder with .npy files that only the grader writes to, or NULL */
    const char *exchange;         /* a folder for its own .npy files, or NULL */
    const char *const *binds;     /* NULL-terminated: more folders to show, read-only (an interpreter's), or NULL */
    const char *runner;           /* the program assay-grade-runner */
    bool sandboxed;
    grade_limits limits;
    grade_evidence *evidence;          /* where signs of the reference library are kept, or NULL: not looked for */
    const volatile sig_atomic_t *stop; /* becomes other than 0 when the grading is to end at once, or NULL */
} grade_program;

/* The folders' names inside the sandbox. */
#define GRADE_INPUTS_INSIDE "/inputs"
#define GRADE_EXCHANGE_INSIDE "/exchange"

typedef struct grade_child grade_child;

/*
 * Finds the runner: ASSAY_GRADE_RUNNER in the environment, beside the assay program (in the build tree), or where it
 * was installed. The caller frees the path with assay_free.
 */
assay_status assay_grade_runner_find(char **path, assay_error *error);

/*
 * Whether bubblewrap is there and may make a sandbox on this machine. ASSAY_ERROR_UNSUPPORTED with a message that says
 * what to install or to allow.
 */
assay_status assay_grade_sandbox_check(assay_error *error);

/* Starts the program. The caller ends it with assay_grade_child_kill. */
assay_status assay_grade_child_start(const grade_program *program, grade_child **child, assay_error *error);

/*
 * Sends a line and waits for one, at most `seconds` of processor time and GRADE_PATIENCE times as many on the clock.
 * GRADE_PASS: `*line` (owned by the child, until the next exchange) and `*length`, without its newline. Any other
 * verdict says what happened, with details in `detail`; the child is then of no further use and is to be killed.
 */
grade_verdict assay_grade_child_exchange(grade_child *child, const char *request, double seconds, char **line,
                                         size_t *length, char detail[GRADE_TEXT_LENGTH]);

/* After an exchange: ASSAY_ERROR_IO where a call of ours failed, so that the verdict says nothing of the submission. */
assay_status assay_grade_child_failure(const grade_child *child, assay_error *error);

/* Looks thoroughly at what its processes have mapped (evidence.h); a verdict where they are over the limit. */
grade_verdict assay_grade_child_look(const grade_child *child, char detail[GRADE_TEXT_LENGTH]);

/* Processor time of all its processes up to now. */
double assay_grade_child_cpu_seconds(grade_child *child);

/* Kills the child and all that it started, and frees it; NULL is allowed. */
void assay_grade_child_kill(grade_child *child);

#endif
