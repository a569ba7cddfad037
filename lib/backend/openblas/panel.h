/*
 * Matrix products in float that leave out what contributes nothing. Private to lib/backend/openblas/.
 *
 * Half of an image's pixels are background, one and the same number, and half of what leaves a ReLU, or flows back
 * through it, is 0. So C = A B is computed as
 *
 *     C = c 1 (1^T B) + (A - c) B,   c the background value of A, 0 for what a ReLU made,
 *
 * where the second product takes, for ASSAY_PANEL_ROWS rows of A at once, only those k in which one of them differs
 * from c. This is exact to rounding (c + (a - c) is a within half an ulp of the larger of both). Infinities and NaN in B
 * would be left out, too; where B has one, nothing is.
 *
 * A thread packs B into panels of a few vectors' width, row k of a panel behind row k - 1; then its own rows of A, without
 * what is left out; and multiplies these by each panel. Each packs its own copy of B: reading what another processor has
 * just written costs more than packing. Rows are taken in the same fours whatever the number of threads, and each element
 * of C is one sum in the order of k: results do not depend on the threads.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_PANEL_H
#define ASSAY_BACKEND_OPENBLAS_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/openblas/pool.h"
#include "backend/openblas/processor.h"
#include <assay/base/error.h>

enum {
    ASSAY_PANEL_ROWS = 4,          /* rows of A that are multiplied at once */
    ASSAY_PANEL_MAX_LANES = 16,    /* floats in the widest vector */
    ASSAY_PANEL_MAX_K = 1024,      /* larger k are not taken */
    ASSAY_PANEL_MAX_N = 8192,      /* columns of B packed at once */
    ASSAY_PANEL_GROUP_ROWS = 128,  /* rows of A packed at once */
    /* From one packed row of A to the next: room for k numbers and a last vector that is not full. */
    ASSAY_PANEL_STRIDE = ASSAY_PANEL_MAX_K + ASSAY_PANEL_MAX_LANES,
    ASSAY_PANEL_SAMPLES = 64       /* see assay_panel_left_out */
};

/* op(M) of a row-major matrix: element (i, j) at first[i * stride + j], or at first[j * stride + i] where transposed. */
typedef struct {
    const float *first;
    size_t stride;
    bool transposed;
} assay_panel_matrix;

/* C [m][n] = A [m][k] B [k][n], written row by row with `c_stride` or, where c_transposed, as its transpose. */
typedef struct {
    size_t m;
    size_t n;
    size_t k;
    assay_panel_matrix a;
    assay_panel_matrix b;
    float *c;
    size_t c_stride;
    bool c_transposed;
    float background; /* the value of A that is left out */
} assay_panel_product;

/* One thread's memory. */
typedef struct {
    float *b;           /* the panels, at most assay_panel_columns(k) columns of B */
    float *column_sums; /* of these columns */
    bool infinite;      /* a number of theirs is not finite */
    float *values;      /* ASSAY_PANEL_GROUP_ROWS rows of ASSAY_PANEL_STRIDE numbers: A without what is left out */
    uint32_t *kept;     /* a list for ASSAY_PANEL_ROWS rows: which k the numbers belong to */
    float *tile;        /* a block of C on its way to memory */
} assay_panel_thread;

/* One processor's way of doing it. */
typedef struct {
    const char *name;
    size_t lanes; /* floats in a vector; threads cut A at multiples of it */
    /* The rows and columns of C that are named; at most assay_panel_columns(k) columns. */
    void (*multiply)(const assay_panel_product *product, assay_range rows, assay_range columns,
                     assay_panel_thread *thread);
} assay_panel_kernels;

/* The kernels of a processor, best first, NULL at the end: none where it has neither AVX-512 nor AVX2. */
const assay_panel_kernels *const *assay_panel_for(assay_processor processor);

/* Those of this one. */
const assay_panel_kernels *const *assay_panel_supported(void);

/* Whether a product is of a size that is taken. */
bool assay_panel_takes(size_t m, size_t n, size_t k);

/*
 * How much of A [m][k], m >= ASSAY_PANEL_ROWS, is left out, in ASSAY_PANEL_SAMPLES parts, judged by a sample; and for
 * which background: 0 or the first element.
 */
int assay_panel_left_out(size_t m, size_t k, assay_panel_matrix a, float *background);

/* Memory for `count` threads; NULL, and ASSAY_ERROR_MEMORY in `error`, when memory is out. The caller ends it with
 * assay_panel_threads_destroy (NULL is allowed). */
assay_panel_thread *assay_panel_threads_create(int count, assay_error *error);
void assay_panel_threads_destroy(assay_panel_thread *threads, int count);

/* How many columns of B fit into the packed panels at once for this k; a multiple of every vector's length. */
size_t assay_panel_columns(size_t k);

#endif
