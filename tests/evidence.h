/*
 * Evidence: the metadata of the tests, from which the audit makes its table (doc/testing.md). A test declares which
 * component it compares, and by which kind of check. The evidence counts if the test ran to its end, in a program
 * without a failed test. With ASSAY_TRACE=FILE in the environment each such test appends a line of JSON to the file;
 * without it nothing is written.
 *
 * support.h includes this file, whose START_TEST replaces Check's.
 */
#ifndef ASSAY_TESTS_EVIDENCE_H
#define ASSAY_TESTS_EVIDENCE_H

#include <stdbool.h>
#include "checks.h"

typedef enum {
    EVIDENCE_GRADIENT,      /* against finite differences */
    EVIDENCE_STATISTICAL,   /* a sample and a distribution, with a false-alarm probability */
    EVIDENCE_GOLDEN,        /* compared with numbers that were computed elsewhere */
    EVIDENCE_CROSS_BACKEND, /* one backend, precision or number of threads compared with another */
    EVIDENCE_PROPERTY,      /* a closed form, an invariant, a second implementation in the test */
    EVIDENCE_ERRORS,        /* wrong input, failures of the machine, error messages */
    EVIDENCE_KINDS
} evidence_kind;

/*
 * The running test is evidence of this kind for a component, "GROUP/NAME", as in "activation/tanh", "optimizer/adam",
 * "operation/gemm", "initializer/normal", "gain/relu", "draw/philox-normal", "surface/steep", or the name of a public
 * function without its prefix after its folder of lib/, as in "stats/histogram". The audit reports unknown names. A
 * repetition has no effect.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void evidence(evidence_kind kind, const char *format, ...);

/*
 * The running test compares with numbers of this source: a file of golden/, or what computes them during the test
 * ("MPFR", "GSL"). The audit counts the independent sources of each component. support_golden calls it.
 */
void evidence_source(const char *name);

/*
 * The running test may fail for correct code with another seed: `checks` comparisons, each with at most this
 * probability. The audit adds them up.
 */
void evidence_alarm(int checks, double probability);

/*
 * The smallest relative error of `what` that the running test detects with a probability of 0.999 for any seed, by
 * theory.
 */
void evidence_power(const char *what, double error);

/* A comparison of the running test came out with this relative error; the trace has the largest of a test. */
void evidence_relative(double error);

/*
 * tcase_create, and the evidence of every test of the case: "property: report/page; errors: report/page,
 * report/figure".
 */
TCase *evidence_case(const char *name, const char *declaration);

/*
 * Adds iterations start to end - 1 of a test to its case; tcase_add_test and tcase_add_loop_test call it. With
 * ASSAY_TEST_ONLY=TEST or TEST:I,J,... in the environment all other tests and iterations are left out.
 */
void evidence_add_test(TCase *tcase, const TTest *test, int start, int end);

/* START_TEST calls them before and after a test's body. */
void evidence_test_begins(const char *test, int iteration);
void evidence_test_ends(void);

/* support_run and support_skip call them with the result of the whole program. */
void evidence_program(int run, int failed);
void evidence_skipped(const char *reason);

/* A running test cannot ask Check for its case. */
#undef tcase_add_test
#define tcase_add_test(tcase, test) evidence_add_test(tcase, test, 0, 1)
#undef tcase_add_loop_test
#define tcase_add_loop_test(tcase, test, start, end) evidence_add_test(tcase, test, start, (int)(end))

/* Check's START_TEST with the calls before and after the body; needs Check 0.13 or later. */
#undef START_TEST
#define START_TEST(test)                                                      \
    static void test##_body(int _i CK_ATTRIBUTE_UNUSED);                      \
    static void test##_fn(int _i)                                             \
    {                                                                         \
        evidence_test_begins(#test, _i);                                      \
        test##_body(_i);                                                      \
        evidence_test_ends();                                                 \
    }                                                                         \
    static const TTest test##_ttest = {#test, test##_fn, __FILE__, __LINE__}; \
    static const TTest *test = &test##_ttest;                                 \
    static void test##_body(int _i CK_ATTRIBUTE_UNUSED)

#endif
