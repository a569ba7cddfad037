/*
 * Scenarios with faults: each runs again and again, first with the first call that can fail failing, then the second,
 * and so on until a run passes without reaching its fault (this is how SQLite is tested). After every run:
 *
 *   - the scenario failed with one line that gives the reason (memory, if memory failed), or gave its usual result;
 *   - all its memory is freed, all descriptors are closed, all children have been waited for;
 *   - every file has its old content or that of a run without faults, and there is no other file;
 *   - at the end, a run without faults gives the usual result.
 */
#ifndef ASSAY_TESTS_FAULT_RUN_H
#define ASSAY_TESTS_FAULT_RUN_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/error.h>
#include "faults.h"
#include "checks.h"

/* The environment of a scenario. */
typedef struct {
    const char *folder; /* empty when set_up is called; for the scenario's files */
    uint64_t digest;    /* of the scenario's results: fault_digest */
    void *thing[8];     /* shared by set_up, run and tidy; NULL before set_up */
} fault_bench;

typedef struct {
    const char *name;
    void (*set_up)(fault_bench *bench);                          /* before each run, without faults; may be NULL */
    assay_status (*run)(fault_bench *bench, assay_error *error); /* with the fault; must not print or allocate */
    void (*tidy)(fault_bench *bench);                            /* frees what the two created; may be NULL */
    unsigned skip;                                               /* modes to leave out: bits 1 << FAULTS_... */
    const char *leaks; /* a library that leaks its own blocks without memory ("libzip"); NULL: none */
    size_t thin;       /* for faults_thin, in long runs; 0: every call fails */
} fault_scenario;

/* Adds `size` bytes of a result, which must not contain padding. */
void fault_digest(fault_bench *bench, const void *bytes, size_t size);
void fault_digest_text(fault_bench *bench, const char *text);
void fault_digest_f64(fault_bench *bench, double value);

/* Writes folder/name to `path` and returns it; allocates nothing. */
enum { FAULT_PATH = 512 };
const char *fault_path(const fault_bench *bench, const char *name, char path[FAULT_PATH]);

/* Writes a file to the folder; for set_up. */
void fault_write(const fault_bench *bench, const char *name, const void *bytes, size_t size);

/* Runs all modes of a scenario; fails the Check test if one of the rules above is broken. */
void fault_run(const fault_scenario *scenario);

/*
 * Runs a suite with one case for each scenario, by its name, and with `more` unless it is NULL; returns main's exit
 * status. `about` is the scenarios' evidence, as for evidence_case.
 */
int fault_main(const char *name, const char *about, const fault_scenario *scenarios, size_t count, TCase *more);

#endif
