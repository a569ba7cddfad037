/*
 * Faults on purpose: the n-th call that can fail does. While armed, the functions of tests/fault_calls.c count the calls
 * that libassay, and libz, libzip, jansson and the C library in its service, make for memory and to the system, and let
 * the n-th of them fail. They take the place of the C library's because a program's symbols come before its libraries'.
 */
#ifndef ASSAY_TESTS_FAULTS_H
#define ASSAY_TESTS_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum {
    FAULTS_ONCE,      /* the n-th call fails: no memory, no descriptor, a read error, a full disk */
    FAULTS_FROM_THEN, /* so do all calls after it */
    FAULTS_SHORT,     /* the n-th read or write handles a part of what it was given */
    FAULTS_INTERRUPT, /* the n-th call that a signal can interrupt is interrupted: EINTR */
    FAULTS_MODES
} faults_mode;

/* What the armed calls came to. */
typedef struct {
    size_t calls;         /* that could fail in this mode */
    size_t failed;        /* on purpose */
    bool memory;          /* the first that failed was an allocation */
    const char *function; /* the first that failed */
    const char *library;  /* the object that called it */
} faults_report;

/* Once in a program, before it forks: what is counted is shared with the processes that it forks. */
void faults_begin(void);

/* Call `target` (from 1; 0: none) fails from now on, in this process and in those that it forks. */
void faults_arm(faults_mode mode, size_t target);
faults_report faults_disarm(void);

/* Blocks allocated while armed and not freed since; the largest's size, and the object that asked for it. */
size_t faults_outstanding(size_t *size, const char **library);
/* Forgets them; with a library, those that it asked for. */
void faults_forget(const char *library);

/*
 * For runs that take long, before faults_arm: of the calls made from one place in the code the first `most` count (0: all
 * do), but every allocation of libassay, which makes all of them in one place. One thread is to make the calls.
 */
void faults_thin(size_t most);

/* Between these two, in this thread, nothing fails and nothing is counted. */
void faults_spare(void);
void faults_spare_no_more(void);

/* How often a function was made to fail since faults_begin, in all processes; -1 for a function that cannot be. */
long faults_made(const char *function);

/* --- for tests/fault_calls.c ------------------------------------------------------------------------------------- */

typedef enum { FAULT_PASS, FAULT_FAIL, FAULT_SHORT, FAULT_INTERRUPT } fault;

enum {
    FAULT_MEMORY = 1,    /* an allocation */
    FAULT_MAY_SHORT = 2, /* it can end early */
    FAULT_MAY_EINTR = 4,
    FAULT_IN_CHILD = 8,  /* called between fork and exec: counted there, and there alone */
    FAULT_STREAM = 16    /* a write to a stream, which remembers that one failed, whichever it was: of a run's many the
                            first 64 count, and then each 61st */
};

/* One for each function. */
typedef struct {
    const char *function;
    unsigned flags;
    void *real; /* the function of that name that comes next: the C library's */
} fault_point;

/* Whether this call, made from the address `caller`, is to fail. */
fault faults_decide(fault_point *point, const void *caller);
/* The next function of the point's name. */
void *faults_real(fault_point *point);
/* The functions of fault_calls.c, and how many. */
fault_point *faults_points(size_t *count);
/* Remembers and forgets a block. */
void faults_allocated(void *block, size_t size, const void *caller);
void faults_freed(void *block);

#endif
