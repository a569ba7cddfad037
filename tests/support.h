/* Shared by the test programs: run a suite, read golden files, skip with a message. */
#ifndef ASSAY_TESTS_SUPPORT_H
#define ASSAY_TESTS_SUPPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>
#include "evidence.h"
#include <assay/random/generator.h>
#include "checks.h"

/* Runs a suite; returns the exit status for main. */
int support_run(Suite *suite);

/* Automake's exit status of a skipped test. */
enum { SUPPORT_SKIP = 77 };

/*
 * Prints on the terminal, even under make check, what is not tested and what to do about it. Returns SUPPORT_SKIP, for
 * main.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
int support_skip(const char *format, ...);

/*
 * Whether ASSAY_TEST_EFFORT=small is set, for tools that make everything ten to fifty times slower. Tables are then
 * shorter, but each kind of case still runs.
 */
bool support_small_effort(void);

/* Whether ASSAY_TEST_EFFORT=large is set, as in ./check --all: more seeds. */
bool support_large_effort(void);

/*
 * Restarts the program with OpenBLAS's AVX2 kernels, unless it has them: the number of retraced steps holds for these,
 * since the AVX-512 kernels round differently (README.md). Call it at the beginning of main.
 */
void support_restart_to_retrace(char **argv);

/* The folder of Fashion-MNIST: ASSAY_DATA, or Debian's. If it is missing, prints that and returns NULL: skip then. */
const char *support_data_folder(void);

/*
 * The folder of the author's saved models, ASSAY_PRETRAINED. If it is missing, prints that and returns NULL: skip then.
 */
const char *support_pretrained_folder(void);

/* Parses a file of golden/; aborts the test, with the reason, if it cannot be read. The caller calls json_decref. */
json_t *support_golden(const char *name);

/* Creates an empty folder in TMPDIR. support_remove_folder removes it and frees the name. */
char *support_make_folder(void);
void support_remove_folder(char *folder);

/* Writes a training set of so many black images of class 0 to the folder; it takes no room there. */
void support_write_black_images(const char *folder, unsigned count);

/* Fails the test unless |got - want| <= tolerance |want|; `what` is the value's name in the message. */
void support_assert_relative(const char *what, double got, double want, double tolerance);

/* Fails the test unless the number, printed with `format`, is in the text; returns what follows it there. */
const char *support_says(const char *text, const char *format, double number);

/* Fails the test unless `status` is `wanted` and the message is one line that contains `part` (NULL: any). */
void support_assert_error(assay_status status, assay_status wanted, const assay_error *error, const char *part);

/* Fails the test with the error's message unless status is ASSAY_OK. */
void support_assert_ok(assay_status status, const assay_error *error);

/* Fails the test unless two generators give the same draws from now on; their padding may differ. */
void support_assert_same_generator(const assay_generator *a, const assay_generator *b);

/*
 * Fails the test if `cycle`, which creates and destroys something, leaks memory: after some cycles, when the
 * allocator's caches are full, the number of allocated bytes must not grow. Needs glibc 2.33; elsewhere, and under
 * sanitizers, which have their own allocators, the cycles only run.
 */
void support_assert_nothing_stays(void (*cycle)(void *user), void *user);

/*
 * The output and exit status of a program. support_shell runs `sh -c command` without standard input; `output` and
 * `errors` contain everything it wrote, and support_result_free frees them.
 */
typedef struct {
    int status; /* exit status, or 128 + signal */
    char *output;
    char *errors;
} support_result;

/* Before a program that is not ours, in a command: a sanitizer that is preloaded for libassay would judge it, too. */
#define SUPPORT_UNSANITIZED "env -u LD_PRELOAD "

support_result support_shell(const char *command);

/* The program of this build, for a command: tests/assay in ASSAY_BUILD, or in the current folder. */
const char *support_program(void);

void support_result_free(support_result *result);

#endif
