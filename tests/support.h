/* What the test programs share: running suites, golden files, skipping aloud. */
#ifndef ASSAY_TESTS_SUPPORT_H
#define ASSAY_TESTS_SUPPORT_H

#include <check.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>
#include "evidence.h"
#include <assay/random/generator.h>

/* Runs one suite; what main returns. */
int support_run(Suite *suite);

/* Automake's exit status of a skipped test. */
enum { SUPPORT_SKIP = 77 };

/* Says on the terminal, even under make check, what is not tested and how to get it; returns SUPPORT_SKIP for main. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
int support_skip(const char *format, ...);

/*
 * Whether ASSAY_TEST_EFFORT=small is set, as it is where a tool makes everything ten to fifty times slower: tables are
 * then shorter, and each kind of case still runs.
 */
bool support_small_effort(void);

/*
 * Starts the program once more with the kernels of OpenBLAS for which the number of retraced steps is claimed, its AVX2
 * ones (those for AVX-512 round otherwise, README.md), unless it has them. For the beginning of main.
 */
void support_restart_to_retrace(char **argv);

/* The folder of Fashion-MNIST (ASSAY_DATA, or Debian's), or NULL after saying that it is missing: then skip. */
const char *support_data_folder(void);

/* The folder of the author's saved models (ASSAY_PRETRAINED), or NULL after saying that it is missing: then skip. */
const char *support_pretrained_folder(void);

/* A file of golden/, parsed; aborts the test with the reason if it cannot be read. The caller ends it with json_decref. */
json_t *support_golden(const char *name);

/* A fresh empty folder under the build's temporary folder; removed with support_remove_folder. The caller frees it. */
char *support_make_folder(void);
void support_remove_folder(char *folder);

/* Fails the test unless |got - want| <= tolerance |want|; `what` names the value. */
void support_assert_relative(const char *what, double got, double want, double tolerance);

/* Fails the test unless `status` is `wanted` and the message holds `part` (NULL: any) and has one line. */
void support_assert_error(assay_status status, assay_status wanted, const assay_error *error, const char *part);

/* Fails the test with the error's message unless status is ASSAY_OK. */
void support_assert_ok(assay_status status, const assay_error *error);

/* Fails the test unless two generators draw the same from now on; their padding may differ. */
void support_assert_same_generator(const assay_generator *a, const assay_generator *b);

/*
 * Fails the test if `cycle`, which makes something and destroys it, leaves memory behind: allocated bytes before and after
 * some cycles, once the allocator's caches are full, are the same. Needs glibc 2.33; elsewhere, and under
 * sanitizers, which have allocators of their own, the cycles only run.
 */
void support_assert_nothing_stays(void (*cycle)(void *user), void *user);

/*
 * What a program said and how it ended. Runs `sh -c command` with no standard input; `output` and `errors` hold
 * everything it wrote and are freed with support_result_free.
 */
typedef struct {
    int status; /* exit status, or 128 + signal */
    char *output;
    char *errors;
} support_result;

support_result support_shell(const char *command);
void support_result_free(support_result *result);

#endif
