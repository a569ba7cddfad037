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
#include "grade/sandbox.h"

/* GRADE_PATIENCE times each processor time may pass on the clock. */
typedef struct {
    double start_seconds; /* until the reply to hello: an interpreter and its libraries load */
    double case_seconds;  /* processor time for one reply */
    double total_seconds; /* processor time for all cases; the others are then not run */
    size_t memory_bytes;  /* resident memory of all processes together */
    size_t processes;     /* processes and threads */
    size_t output_bytes;  /* on stdout for one reply; stderr is read and mostly dropped */
} grade_limits;

/* A machine that is busy with other submissions makes one slow, but not guilty. */
#define GRADE_PATIENCE 5.0

/*
 * The same on a busy machine: twice as many times as programs that want to run there are for each processor, so that a
 * submission that waits for a processor is not taken for one that sleeps. From GRADE_PATIENCE to 40.
 */
double assay_grade_patience(void);

/* 20 s, 2 s, 60 s, 1 GiB, 64, 4 MiB. */
grade_limits assay_grade_limits_default(void);

/* A file of ours that the sandbox shows, read-only: its path is seen by nobody inside. */
typedef struct {
    const char *path;   /* here */
    const char *inside; /* in the sandbox */
} grade_shown;

enum { GRADE_MAX_SHOWN = 20 };

/* What to start. Strings and the descriptor belong to the caller and outlive the child. */
typedef struct {
    const char *shared_object;  /* C: the .so; else NULL. In the sandbox its path is GRADE_OBJECT_INSIDE */
    const char *const *command; /* any language: NULL-terminated; else NULL */
    const char *folder;         /* without a sandbox: the working folder */
    int source;                 /* in the sandbox: the open folder or file (tree.h) that it shows; -1: none */
    const char *source_name;    /* the file's name in GRADE_FOLDER_INSIDE; NULL for a folder */
    /*
     * A folder for .npy files that the grader writes and the submission reads, or NULL. In the sandbox it is in memory,
     * any text but NULL asks for it, and assay_grade_child_inputs_folder is its path here.
     */
    const char *inputs;
    const char *exchange;         /* a folder for .npy files that the submission writes, likewise */
    const grade_shown *shown;     /* in the sandbox: files of ours that it sees besides */
    size_t shown_count;           /* at most GRADE_MAX_SHOWN */
    bool shows_header;            /* in the sandbox: <assay/student.h> in GRADE_INCLUDE_INSIDE */
    const char *runner;           /* the program assay-grade-runner */
    const grade_sandbox *sandbox; /* NULL: without */
    grade_limits limits;
    grade_evidence *evidence;          /* where signs of the reference library are kept, or NULL: not looked for */
    const volatile sig_atomic_t *stop; /* becomes other than 0 when the grading is to end at once, or NULL */
} grade_program;

/* Names inside the sandbox: neutral, the same for every submission. */
#define GRADE_FOLDER_INSIDE "/submission"
#define GRADE_OBJECT_NAME "submission.so"
#define GRADE_OBJECT_INSIDE GRADE_FOLDER_INSIDE "/" GRADE_OBJECT_NAME
#define GRADE_INPUTS_INSIDE "/inputs"
#define GRADE_EXCHANGE_INSIDE "/exchange"
#define GRADE_INCLUDE_INSIDE "/run/include"
#define GRADE_RUNNER_INSIDE "/run/runner"

typedef struct grade_child grade_child;

/*
 * Finds the runner: ASSAY_GRADE_RUNNER in the environment, beside the assay program (in the build tree), or where it
 * was installed. The caller frees the path with assay_free.
 */
assay_status assay_grade_runner_find(char **path, assay_error *error);

/* Starts the program. The caller ends it with assay_grade_child_kill. */
assay_status assay_grade_child_start(const grade_program *program, grade_child **child, assay_error *error);

/*
 * Sends a line and waits for one, at most `seconds` of processor time and GRADE_PATIENCE times as many on the clock.
 * GRADE_PASS: `*line` (owned by the child, until the next exchange) and `*length`, without its newline. Any other
 * verdict says what happened; `detail` has more, and what the program printed last. The child is then of no further use
 * and is to be killed.
 */
grade_verdict assay_grade_child_exchange(grade_child *child, const char *request, double seconds, char **line,
                                         size_t *length, char detail[GRADE_TEXT_LENGTH]);

/* After an exchange: appends the last line that the program wrote to standard error, cleaned and cut, if any. */
void assay_grade_child_last_error(grade_child *child, char detail[GRADE_TEXT_LENGTH]);

/*
 * Waits until the program ends, within the same limits, and drops what it writes. GRADE_PASS: `*code` is its status,
 * and `detail` the first line that it wrote to standard error with "error" in it, or else the last line.
 */
grade_verdict assay_grade_child_wait(grade_child *child, double seconds, int *code, char detail[GRADE_TEXT_LENGTH]);

/*
 * In the sandbox: the path here of what the submission calls GRADE_INPUTS_INSIDE, GRADE_EXCHANGE_INSIDE and /tmp. It is
 * the child's, and leads through a descriptor: open the folder itself, and nothing in it by path.
 */
const char *assay_grade_child_inputs_folder(const grade_child *child);
const char *assay_grade_child_exchange_folder(const grade_child *child);
const char *assay_grade_child_scratch_folder(const grade_child *child);

/* After an exchange: ASSAY_ERROR_IO where a call of ours failed, so that the verdict says nothing of the submission. */
assay_status assay_grade_child_failure(const grade_child *child, assay_error *error);

/* Looks thoroughly at what its processes have mapped (evidence.h); a verdict where they are over the limit. */
grade_verdict assay_grade_child_look(const grade_child *child, char detail[GRADE_TEXT_LENGTH]);

/* Processor time of all its processes up to now. */
double assay_grade_child_cpu_seconds(grade_child *child);

/* Kills the child and all that it started, and frees it; NULL is allowed. */
void assay_grade_child_kill(grade_child *child);

#endif
