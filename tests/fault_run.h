/*
 * Scenarios under fault: each is run again and again, with the first call that can fail failing, then the second, and so
 * on until one run passes without reaching its fault (how SQLite is tested). After every run:
 *
 *   - the scenario failed with one line that says why (and names memory, if that was it), or gave what it always gives;
 *   - every block of memory that it took is freed, every descriptor closed, every child waited for;
 *   - every file is what it was before or what a run without faults makes of it, and there is no other file;
 *   - at the end, a run without faults still gives what it gave.
 */
#ifndef ASSAY_TESTS_FAULT_RUN_H
#define ASSAY_TESTS_FAULT_RUN_H

#include <check.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/error.h>
#include "faults.h"

/* What a scenario works with. */
typedef struct {
    const char *folder; /* empty when set_up is called; for the scenario's files */
    uint64_t digest;    /* of what the scenario computed: fault_digest */
    void *thing[8];     /* what set_up, run and tidy hand to each other; NULL before set_up */
} fault_bench;

typedef struct {
    const char *name;
    void (*set_up)(fault_bench *bench);                            /* before each run, without faults; may be NULL */
    assay_status (*run)(fault_bench *bench, assay_error *error);   /* with the fault; must not print or allocate itself */
    void (*tidy)(fault_bench *bench);                              /* frees what the two made; may be NULL */
    unsigned skip;      /* modes that are left out: bits 1 << FAULTS_... */
    const char *leaks;  /* a library that loses blocks of its own when memory is out ("libzip"); NULL: none */
    size_t thin;        /* for faults_thin: the runs take long; 0: every call fails */
} fault_scenario;

/* Adds `size` bytes of a result. Padding must not be among them. */
void fault_digest(fault_bench *bench, const void *bytes, size_t size);
void fault_digest_text(fault_bench *bench, const char *text);
void fault_digest_f64(fault_bench *bench, double value);

/* folder/name of the bench, in `path`, which is returned; allocates nothing. */
enum { FAULT_PATH = 512 };
const char *fault_path(const fault_bench *bench, const char *name, char path[FAULT_PATH]);

/* Writes a file of the bench; for set_up. */
void fault_write(const fault_bench *bench, const char *name, const void *bytes, size_t size);

/* Runs all modes of a scenario; fails the Check test where one of the promises above is broken. */
void fault_run(const fault_scenario *scenario);

/*
 * Runs a suite with one looping test for each scenario, and `more` (NULL: none); what main returns. `about`: what the
 * scenarios are evidence of, as for evidence_case.
 */
int fault_main(const char *name, const char *about, const fault_scenario *scenarios, size_t count, TCase *more);

#endif
