/*
 * A pool of threads that one backend owns: fork and join around each operation. Private to lib/backend/openblas/.
 *
 * Other work on the machine may take a thread's processor away at any time. So threads claim the parts of an operation
 * from a counter, and the caller computes what no other thread has claimed. A thread that loses its processor within a
 * part delays the operation nevertheless. Where that happens often, the caller computes alone if that is faster.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_POOL_H
#define ASSAY_BACKEND_OPENBLAS_POOL_H

#include <stddef.h>

#include <assay/base/error.h>

typedef struct assay_pool assay_pool;

/* A part of an operation, and who computes it. */
typedef struct {
    int index;  /* from 0 */
    int count;  /* of parts */
    int thread; /* from 0, the caller, to the pool's threads - 1; one thread computes one part at a time */
} assay_pool_part;

typedef void (*assay_pool_function)(const void *task, assay_pool_part part);

/* How an operation may be cut. */
typedef enum {
    ASSAY_CUT_FREE, /* into any number of parts: the results are the same */
    ASSAY_CUT_FIXED /* into one part for each thread of the pool: the results depend on it */
} assay_cut;

/* `threads` includes the caller's own. The caller frees the pool with assay_pool_destroy. */
assay_status assay_pool_create(int threads, assay_pool **pool, assay_error *error);
void assay_pool_destroy(assay_pool *pool);

/*
 * Runs all parts, some or all of them on the calling thread; returns when all are complete. One caller at a time. The
 * work, in a unit of the caller's choice, tells how fast the threads compute.
 */
void assay_pool_run(assay_pool *pool, assay_cut cut, size_t work, assay_pool_function function, const void *task);

typedef struct {
    size_t begin;
    size_t end;
} assay_range;

/* A part of [0, count), cut at multiples of `granule`; the parts differ by at most one granule. */
assay_range assay_range_of(size_t count, size_t granule, assay_pool_part part);

#endif
