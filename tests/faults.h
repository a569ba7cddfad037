/*
 * Fault injection: the n-th call that can fail does fail. While armed, the functions of tests/fault_calls.c count the
 * calls for memory and to the system that libassay makes, and that libz, libzip, jansson and the C library make for it,
 * and let the n-th of them fail. They replace the C library's functions, since a program's symbols come before those of
 * its libraries.
 */
#ifndef ASSAY_TESTS_FAULTS_H
#define ASSAY_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    FAULTS_ONCE,      /* the n-th call fails: no memory, no descriptor, a read error, a full disk */
    FAULTS_FROM_THEN, /* the n-th and all later calls fail */
    FAULTS_SHORT,     /* the n-th read or write is incomplete */
    FAULTS_INTERRUPT, /* the n-th call that a signal can interrupt is interrupted: EINTR */
    FAULTS_MODES
} faults_mode;

/* The result of the armed calls. */
typedef struct {
    size_t calls;         /* that can fail in this mode */
    size_t failed;        /* that did fail */
    bool memory;          /* the first failure was an allocation */
    const char *function; /* the first failure */
    const char *library;  /* the object that made the call */
} faults_report;

/* Call it once in a program, before it forks: forked processes share the counts. */
void faults_begin(void);

/* Call number `target` (from 1; 0: none) fails from now on, in this process and in those that it forks. */
void faults_arm(faults_mode mode, size_t target);
faults_report faults_disarm(void);

/*
 * The number of blocks that were allocated while armed and not freed, the size of the largest, and the object that
 * asked for it.
 */
size_t faults_outstanding(size_t *size, const char **library);
/* Forgets them; with a library, only those that it asked for. */
void faults_forget(const char *library);

/*
 * For long runs, before faults_arm: only the first `most` calls from each place in the code count (0: all), but every
 * allocation of libassay, since these come from one place. Only one thread may make the calls.
 */
void faults_thin(size_t most);

/* Between these two calls, nothing fails and nothing is counted in this thread. */
void faults_spare(void);
void faults_spare_no_more(void);

/* How often a function was made to fail since faults_begin, in all processes; -1: it cannot be made to fail. */
long faults_made(const char *function);

/* --- for tests/fault_calls.c ------------------------------------------------------------------------------------- */

typedef enum { FAULT_PASS, FAULT_FAIL, FAULT_SHORT, FAULT_INTERRUPT } fault;

/* clang-format off */
enum {
    FAULT_MEMORY = 1,    /* an allocation */
    FAULT_MAY_SHORT = 2, /* it can be incomplete */
    FAULT_MAY_EINTR = 4,
    FAULT_IN_CHILD = 8,  /* called between fork and exec: only the child's calls count */
    /* A write to a stream, which remembers any failure: of the many in a run, the first 64 count, then each 61st. */
    FAULT_STREAM = 16
};
/* clang-format on */

/* One for each function. */
typedef struct {
    const char *function;
    unsigned flags;
    void *real; /* the next function of that name: the C library's */
} fault_point;

/* Whether this call, made from the address `caller`, must fail. */
fault faults_decide(fault_point *point, const void *caller);
/* The next function of the point's name. */
void *faults_real(fault_point *point);
/* The functions of fault_calls.c, and their number. */
fault_point *faults_points(size_t *count);
/* Record and forget a block. */
void faults_allocated(void *block, size_t size, const void *caller);
void faults_freed(void *block);

#endif
