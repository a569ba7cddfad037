/*
 * The openblas backend: matrix products by OpenBLAS, everything else in loops that the compiler vectorises. Private to
 * lib/backend/openblas/.
 *
 * One source serves both precisions: f32.c and f64.c include the real_*.h templates with ASSAY_REAL_BITS defined.
 *
 * An operation is cut into parts, one for each thread. A part calls OpenBLAS, set to one thread, for its share of the
 * product, and then applies bias, activation or derivative to the result while it is in the cache.
 *
 * The last bits of products depend on the number of threads: OpenBLAS adds the edges of a matrix in another order than
 * its inside, and the number of threads moves the edges. Nothing else depends on it: elements are computed one by one,
 * and sums are taken over a fixed number of pieces. For a given number of threads, processor and OpenBLAS, all results
 * are the same in every run.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_OPENBLAS_H
#define ASSAY_BACKEND_OPENBLAS_OPENBLAS_H

#include "backend/implementation.h"
#include "backend/openblas/panel.h"
#include "backend/openblas/pool.h"
#include "backend/openblas/processor.h"

/* Sums over a batch are taken over this many pieces, whatever the number of threads. */
enum { ASSAY_SUM_PIECES = 64 };

typedef struct {
    assay_backend base;
    assay_pool *pool;
    const assay_panel_kernels *panels; /* NULL: all products are OpenBLAS's */
    assay_panel_thread *panel_threads; /* NULL where panels is */
    uint64_t packings;                 /* so far, see assay_panel_product */
    double piece_sums[ASSAY_SUM_PIECES];
    int32_t piece_counts[ASSAY_SUM_PIECES];
} assay_openblas;

typedef struct {
    assay_buffer base;
    void *memory;
    bool borrowed; /* the memory is the caller's; it is only read */
} assay_host_buffer;

/* The tables of f32.c and f64.c. */
extern const assay_backend_operations assay_openblas_f32;
extern const assay_backend_operations assay_openblas_f64;

/* What does not depend on the precision. */
void assay_openblas_close(assay_backend *backend);
void assay_openblas_synchronize(assay_backend *backend);
assay_buffer *assay_host_buffer_create(assay_backend *backend, assay_element element, size_t count, assay_error *error);
assay_buffer *assay_host_buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error);
void assay_host_buffer_destroy(assay_backend *backend, assay_buffer *buffer);

/* The address of a slice's first element; NULL for ASSAY_NO_SLICE. */
void *assay_host_address(assay_slice slice);

/* Bytes of one element in this backend's precision. */
size_t assay_host_element_size(const assay_backend *backend, assay_element element);

/* Runs the function on all threads, or only on the caller's if `work` (multiply-adds) is too little for a fork. */
void assay_openblas_run(assay_backend *backend, assay_cut cut, size_t work, assay_pool_function function,
                        const void *task);

/*
 * Around each call of OpenBLAS that computes. Debian's libopenblas0-serial is built without threads and without locks:
 * two threads inside it at once would share one work memory, and the products would be wrong. With such a build a lock
 * lets one thread of the process in at a time; with all other builds these do nothing.
 */
void assay_openblas_enter(void);
void assay_openblas_leave(void);

/* core.h's answers for a processor on which OpenBLAS has chosen this core. */
const char *assay_openblas_core_better_than(const char *chosen, assay_processor processor);
const char *assay_openblas_core_retracing_after(const char *chosen, assay_processor processor);

/* Records the first index outside [0, limit), as "OPERATION: WHAT i is v, and must be in [0, limit)". */
bool assay_indices_accepted(assay_backend *backend, const char *operation, const char *what, const int32_t *indices,
                            size_t count, size_t limit);

#endif
