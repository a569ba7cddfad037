/* What the files of test_backend share. */
#ifndef ASSAY_TESTS_TEST_BACKEND_H
#define ASSAY_TESTS_TEST_BACKEND_H

#include <assay/backend/backend.h>
#include <assay/check/tolerance.h>
#include "checks.h"

/* --- operations as data ---------------------------------------------------------------------------------------- */

/* What one case of an operation is; the operation reads what concerns it. */
typedef struct {
    size_t rows; /* gemm: m */
    size_t in;   /* gemm: k; classes of the loss; width of gather */
    size_t out;  /* gemm: n */
    int variant; /* 0 to the operation's `variants` - 1 */
    assay_activation activation;
} test_case;

typedef enum { READ, WRITTEN, CHANGED } test_role;

/* How an argument's values are drawn. */
typedef enum {
    DRAW_REAL,      /* uniform in [-2, 2] */
    DRAW_POSITIVE,  /* uniform in [0.1, 2] */
    DRAW_LOGITS,    /* uniform in [-30, 30] */
    DRAW_ACTIVATED, /* f of the argument before it, by the reference */
    DRAW_BYTES,     /* 0 to 255 */
    DRAW_BELOW_IN,  /* integers in [0, in) */
    DRAW_BELOW_OUT, /* integers in [0, out) */
    DRAW_NOTHING    /* NaN: an output that has to be overwritten */
} test_draw;

typedef struct {
    const char *name;
    size_t count; /* 0: ASSAY_NO_SLICE */
    test_role role;
    test_draw draw;
    assay_element element;
    int same_as; /* 1 + the number of an earlier argument that it coincides with; 0: none */
} test_argument;

enum { MAX_ARGUMENTS = 6 };

/* All host values of one case: by argument, as double. */
typedef struct {
    const double *in[MAX_ARGUMENTS];   /* before the operation */
    const double *want[MAX_ARGUMENTS]; /* after it, by the reference */
    const double *size[MAX_ARGUMENTS]; /* by the reference, when it is given the absolute values; or by `size` below */
} test_values;

typedef struct {
    const char *name;
    int variants;
    bool has_activation;
    bool sized; /* the bound reads test_values.size */
    int (*arguments)(const test_case *c, test_argument *arguments);
    void (*run)(assay_backend *backend, const test_case *c, const assay_slice *slices);
    /* The largest absolute error of element i of an argument that is written. */
    double (*bound)(const test_case *c, const test_values *values, int argument, size_t i, assay_format format);
    /* Element i of test_values.size, computed once for all backends; NULL if `sized` is true or nothing reads it. */
    double (*size)(const test_case *c, const test_values *values, size_t i);
} test_operation;

extern const test_operation test_operations[];
extern const size_t test_operation_count;

/* --- helpers --------------------------------------------------------------------------------------------------- */

/* What the tests loop over: every backend that can be opened here, in each precision and some numbers of threads. */
enum { TEST_MOST_FLAVOURS = 16 };
const assay_backend_options *test_flavours(size_t *count);

/* The flavour's backend, opened. */
assay_backend *test_open_flavour(int flavour);

/* Opens a backend or fails the test. */
assay_backend *test_open(const char *name, assay_precision precision, int threads);

/* Fails the test with the backend's message, if it has recorded a failure. */
void test_assert_clean(assay_backend *backend);

/* Uniform in [0, 1), the same for the same state. */
double test_uniform(uint64_t *state);

/* The seed of the random inputs: ASSAY_TEST_SEED, or a fixed one, so that the result of make check does not change. */
uint64_t test_seed(void);

void test_backend_cases(Suite *suite);
TCase *test_backend_errors(void);
TCase *test_backend_extremes(void);
TCase *test_backend_golden(void);
TCase *test_backend_gradients(void);

#endif
