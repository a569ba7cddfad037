/*
 * Matrix products in float that skip terms which contribute nothing. Private to lib/backend/openblas/.
 *
 * Half of an image's pixels are background, all the same number; half of a ReLU's outputs, and of the gradients behind
 * it, are 0. So C = A B is computed as
 *
 *     C = c 1 (1^T B) + (A - c) B,   c the background value of A, 0 for a ReLU's output,
 *
 * where the second product uses, for ASSAY_PANEL_ROWS rows of A at once, only those k for which one of these rows
 * differs from c. This is exact to rounding (c + (a - c) is a within half an ulp of the larger of both). It would also
 * skip infinities and NaN in B; if B has one, nothing is skipped.
 *
 * A thread packs B into panels that are a few vectors wide, row k of a panel after row k - 1; then it packs its own
 * rows of A, without the skipped terms, and multiplies these by each panel. Each thread packs its own copy of B:
 * reading what another processor has just written costs more than packing. The groups of rows do not depend on the
 * number of threads, and each element of C is one sum in the order of k: so results do not depend on the threads.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_PANEL_H
#define ASSAY_BACKEND_OPENBLAS_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/openblas/pool.h"
#include "backend/openblas/processor.h"
#include <assay/base/error.h>

/* clang-format off */
enum {
    ASSAY_PANEL_ROWS = 2,          /* rows of A that are multiplied at once */
    ASSAY_PANEL_SAMPLE_ROWS = 4,   /* rows that are compared in a sample, see assay_panel_left_out */
    ASSAY_PANEL_MAX_LANES = 16,    /* floats in the widest vector */
    ASSAY_PANEL_MAX_K = 1024,      /* larger k are left to OpenBLAS */
    ASSAY_PANEL_MAX_N = 8192,      /* columns of B packed at once */
    ASSAY_PANEL_GROUP_ROWS = 64,   /* rows of A packed at once */
    /* From one packed row of A to the next: room for k numbers and a last vector that is not full. */
    ASSAY_PANEL_STRIDE = ASSAY_PANEL_MAX_K + ASSAY_PANEL_MAX_LANES,
    ASSAY_PANEL_SAMPLES = 64       /* see assay_panel_left_out */
};
/* clang-format on */

/*
 * op(M) of a row-major matrix: element (i, j) at first[i * stride + j], or at first[j * stride + i] where transposed.
 */
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
    /* A thread that computes several parts of C packs B once, if all these products have one number here, which no
     * other product of the thread has. 0: it always packs. */
    uint64_t packing;
} assay_panel_product;

/* One thread's memory. */
typedef struct {
    float *b;           /* the panels, at most assay_panel_columns(k) columns of B */
    float *column_sums; /* of these columns */
    bool infinite;      /* one of these sums is not finite, as it is if a number of the column is not */
    uint64_t packing;   /* what they are */
    float *values;      /* ASSAY_PANEL_GROUP_ROWS rows of ASSAY_PANEL_STRIDE numbers: A without what is left out */
    uint32_t *kept;     /* a list for ASSAY_PANEL_ROWS rows: which k the numbers belong to */
    float *tile;        /* ASSAY_PANEL_GROUP_ROWS rows of C, as wide as a panel, on their way to memory */
} assay_panel_thread;

/* The functions for one kind of processor. */
typedef struct {
    const char *name;
    size_t lanes; /* floats in a vector; threads cut A at multiples of it */
    /* Computes these rows and columns of C; at most assay_panel_columns(k) columns. */
    void (*multiply)(const assay_panel_product *product, assay_range rows, assay_range columns,
                     assay_panel_thread *thread);
} assay_panel_kernels;

/* The kernels for a processor, best first, NULL at the end; empty if it has neither AVX-512, AVX2 nor NEON. */
const assay_panel_kernels *const *assay_panel_for(assay_processor processor);

/* The kernels for this machine's processor. */
const assay_panel_kernels *const *assay_panel_supported(void);

/* Whether the kernels accept a product of this size. */
bool assay_panel_takes(size_t m, size_t n, size_t k);

/*
 * Estimates from a sample how much of A [m][k], m >= ASSAY_PANEL_SAMPLE_ROWS, can be skipped, as a number out of
 * ASSAY_PANEL_SAMPLES, and chooses the background: 0 or the first element.
 */
int assay_panel_left_out(size_t m, size_t k, assay_panel_matrix a, float *background);

/*
 * Memory for `count` threads; NULL, and ASSAY_ERROR_MEMORY in `error`, when there is no memory. The caller frees it
 * with assay_panel_threads_destroy (NULL is allowed).
 */
assay_panel_thread *assay_panel_threads_create(int count, assay_error *error);
void assay_panel_threads_destroy(assay_panel_thread *threads, int count);

/* How many columns of B fit into the packed panels at once for this k; a multiple of every vector's length. */
size_t assay_panel_columns(size_t k);

#endif
