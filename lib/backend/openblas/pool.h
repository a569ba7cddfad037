/* A pool of threads that one backend owns: fork and join around each operation. Private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_POOL_H
#define ASSAY_BACKEND_OPENBLAS_POOL_H

#include <stddef.h>

#include <assay/base/error.h>

typedef struct assay_pool assay_pool;

/* One thread's share of an operation: part number `part` of `parts`. */
typedef void (*assay_pool_function)(const void *task, int part, int parts);

/* `threads` includes the caller's own. The caller frees the pool with assay_pool_destroy. */
assay_status assay_pool_create(int threads, assay_pool **pool, assay_error *error);
void assay_pool_destroy(assay_pool *pool);

/* Runs all parts, part 0 on the calling thread, and returns when all are complete. One caller at a time. */
void assay_pool_run(assay_pool *pool, assay_pool_function function, const void *task);

typedef struct {
    size_t begin;
    size_t end;
} assay_range;

/* Part number `part` of [0, count), cut at multiples of `granule`; the parts differ by at most one granule. */
assay_range assay_range_of(size_t count, size_t granule, int part, int parts);

#endif
