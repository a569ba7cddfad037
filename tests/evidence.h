/*
 * What a test is evidence of: the metadata from which the audit makes its table (doc/testing.md). A test says, where it
 * compares, which component it compared and by which kind of check. It counts only when the test has come to its end,
 * in a program in which nothing failed: with ASSAY_TRACE=FILE in the environment such a test appends a line of JSON to
 * the file. Without ASSAY_TRACE nothing is written.
 *
 * Included by support.h, whose START_TEST stands for Check's.
 */
#ifndef ASSAY_TESTS_EVIDENCE_H
#define ASSAY_TESTS_EVIDENCE_H

#include <check.h>
#include <stdbool.h>

typedef enum {
    EVIDENCE_GRADIENT,      /* against finite differences */
    EVIDENCE_STATISTICAL,   /* a sample against a distribution, with a false-alarm probability */
    EVIDENCE_GOLDEN,        /* against numbers that were computed elsewhere */
    EVIDENCE_CROSS_BACKEND, /* one backend, precision or number of threads against another */
    EVIDENCE_PROPERTY,      /* a closed form, an invariant, a second implementation in the test */
    EVIDENCE_ERRORS,        /* wrong input, failures of the machine, messages */
    EVIDENCE_KINDS
} evidence_kind;

/*
 * The running test is evidence of this kind for a component: "GROUP/NAME", as in "activation/tanh",
 * "optimizer/adam", "operation/gemm", "initializer/normal", "gain/relu", "draw/philox-normal", "surface/steep",
 * or a public function without its prefix below its folder of lib/, as in "stats/histogram". The audit refuses
 * names that it does not know. Said twice it counts once.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void evidence(evidence_kind kind, const char *format, ...);

/*
 * The running test may fail although all is right, if its seed were another: `checks` comparisons, each with at
 * most this probability. The audit adds them up.
 */
void evidence_alarm(int checks, double probability);

/*
 * The smallest relative error of `what` that the running test would notice with a probability of 0.999,
 * whatever its seed: computed by theory.
 */
void evidence_power(const char *what, double error);

/*
 * tcase_create, and what every test of the case is evidence of: "property: report/page; errors: report/page,
 * report/figure".
 */
TCase *evidence_case(const char *name, const char *declaration);

/*
 * Adds iterations start to end - 1 of a test to its case: called by tcase_add_test and tcase_add_loop_test. With
 * ASSAY_TEST_ONLY=TEST or TEST:I,J,... in the environment it leaves out every other test and iteration.
 */
void evidence_add_test(TCase *tcase, const TTest *test, int start, int end);

/* Called by START_TEST around a test's body. */
void evidence_test_begins(const char *test, int iteration);
void evidence_test_ends(void);

/* Called by support_run and support_skip: what became of the whole program. */
void evidence_program(int run, int failed);
void evidence_skipped(const char *reason);

/* Check does not tell a running test which case it is of. */
#undef tcase_add_test
#define tcase_add_test(tcase, test) evidence_add_test(tcase, test, 0, 1)
#undef tcase_add_loop_test
#define tcase_add_loop_test(tcase, test, start, end) evidence_add_test(tcase, test, start, (int)(end))

/* Check's START_TEST with the calls before and after the body; needs Check 0.13 or later. */
#undef START_TEST
#define START_TEST(test)                                                                                               \
    static void test##_body(int _i CK_ATTRIBUTE_UNUSED);                                                               \
    static void test##_fn(int _i)                                                                                      \
    {                                                                                                                  \
        evidence_test_begins(#test, _i);                                                                               \
        test##_body(_i);                                                                                               \
        evidence_test_ends();                                                                                          \
    }                                                                                                                  \
    static const TTest test##_ttest = {#test, test##_fn, __FILE__, __LINE__};                                          \
    static const TTest *test = &test##_ttest;                                                                          \
    static void test##_body(int _i CK_ATTRIBUTE_UNUSED)

#endif
