/* Transfers, fills, batches and reductions; template, private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_MEMORY_H
#define ASSAY_BACKEND_OPENBLAS_REAL_MEMORY_H

#include "backend/openblas/real.h"

static void upload(assay_backend *backend, assay_slice to, assay_host_type type, const void *host)
{
    real *reals = assay_host_address(to);
    if (to.buffer->element != ASSAY_REAL || type == REAL_HOST_TYPE) {
        memcpy(reals, host, to.count * assay_host_element_size(backend, to.buffer->element));
    } else if (type == ASSAY_HOST_F32) {
        const float *from = host;
        for (size_t i = 0; i < to.count; i++) {
            reals[i] = (real)from[i];
        }
    } else {
        const double *from = host;
        for (size_t i = 0; i < to.count; i++) {
            reals[i] = (real)from[i];
        }
    }
}

static void download(assay_backend *backend, assay_slice from, assay_host_type type, void *host)
{
    const real *reals = assay_host_address(from);
    if (from.buffer->element != ASSAY_REAL || type == REAL_HOST_TYPE) {
        memcpy(host, reals, from.count * assay_host_element_size(backend, from.buffer->element));
    } else if (type == ASSAY_HOST_F32) {
        float *to = host;
        for (size_t i = 0; i < from.count; i++) {
            to[i] = (float)reals[i];
        }
    } else {
        double *to = host;
        for (size_t i = 0; i < from.count; i++) {
            to[i] = (double)reals[i];
        }
    }
}

static void fill(assay_backend *backend, assay_slice to, double value)
{
    (void)backend;
    real *reals = real_at(to);
    for (size_t i = 0; i < to.count; i++) {
        reals[i] = (real)value;
    }
}

static void copy(assay_backend *backend, assay_slice to, assay_slice from)
{
    memcpy(assay_host_address(to), assay_host_address(from),
           from.count * assay_host_element_size(backend, from.buffer->element));
}

/* The floats are drawn into the slice's own memory and then, for double, widened from the last to the first. */
static void fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                        assay_distribution distribution)
{
    (void)backend;
    char *memory = assay_host_address(to);
    assay_generator_fill(generator, distribution, to.count, (float *)(void *)memory);
    if (sizeof(real) == sizeof(float)) {
        return;
    }
    for (size_t i = to.count; i-- > 0;) {
        float narrow;
        memcpy(&narrow, memory + i * sizeof narrow, sizeof narrow);
        real wide = (real)narrow;
        memcpy(memory + i * sizeof wide, &wide, sizeof wide);
    }
}

/* --- batches --------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t rows;
    size_t width;
    const uint8_t *pixels;
    const int32_t *labels;
    const int32_t *index;
    const real *table;
    real *x;
    int32_t *y;
} gather_task;

static ASSAY_CLONES void look_up(size_t width, const uint8_t *pixels, const real *table, real *x)
{
    INDEPENDENT
    for (size_t j = 0; j < width; j++) {
        x[j] = table[pixels[j]];
    }
}

/* Images come from all parts of the data: prefetches the next one while this one is looked up. */
static void prefetch_image(const gather_task *task, size_t r)
{
    enum { CACHE_LINE = 64 };
    const uint8_t *image = task->pixels + (size_t)task->index[r] * task->width;
    for (size_t j = 0; j < task->width; j += CACHE_LINE) {
        __builtin_prefetch(image + j);
    }
}

static void gather_part(const void *argument, assay_pool_part part)
{
    const gather_task *task = argument;
    assay_range rows = assay_range_of(task->rows, 1, part);
    for (size_t r = rows.begin; r < rows.end; r++) {
        size_t image = (size_t)task->index[r];
        if (r + 1 < rows.end) {
            prefetch_image(task, r + 1);
        }
        look_up(task->width, task->pixels + image * task->width, task->table, task->x + r * task->width);
        task->y[r] = task->labels[image];
    }
}

static void gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                   assay_slice index, assay_slice table, assay_slice x, assay_slice y)
{
    const gather_task task = {.rows = rows,
                              .width = width,
                              .pixels = assay_host_address(pixels),
                              .labels = assay_host_address(labels),
                              .index = assay_host_address(index),
                              .table = real_at(table),
                              .x = real_at(x),
                              .y = assay_host_address(y)};
    if (assay_indices_accepted(backend, "gather", "index", task.index, rows, labels.count)) {
        assay_openblas_run(backend, ASSAY_CUT_FREE, rows * width, gather_part, &task);
    }
}

/* --- reductions ------------------------------------------------------------------------------------------------ */

typedef struct {
    assay_openblas *self;
    const real *x;
    size_t count;
} sum_task;

enum { LANES = 16 };

/* LANES sums at once, so that no addition waits for the one before. */
static ASSAY_CLONES double sum_range(const real *x, assay_range range)
{
    double lanes[LANES] = {0};
    size_t i = range.begin;
    for (; i + LANES <= range.end; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            lanes[j] += (double)x[i + j];
        }
    }
    double sum = 0;
    for (; i < range.end; i++) {
        sum += (double)x[i];
    }
    for (size_t j = 0; j < LANES; j++) {
        sum += lanes[j];
    }
    return sum;
}

static void sum_part(const void *argument, assay_pool_part part)
{
    const sum_task *task = argument;
    assay_range pieces = assay_range_of(ASSAY_SUM_PIECES, 1, part);
    for (size_t piece = pieces.begin; piece < pieces.end; piece++) {
        const assay_pool_part of = {.index = (int)piece, .count = ASSAY_SUM_PIECES};
        task->self->piece_sums[piece] = sum_range(task->x, assay_range_of(task->count, GRANULE, of));
    }
}

static double sum(assay_backend *backend, assay_slice x)
{
    const sum_task task = {(assay_openblas *)backend, real_at(x), x.count};
    assay_openblas_run(backend, ASSAY_CUT_FREE, x.count, sum_part, &task);
    double total = 0;
    for (int piece = 0; piece < ASSAY_SUM_PIECES; piece++) {
        total += task.self->piece_sums[piece];
    }
    return total;
}

static assay_moments moments(assay_backend *backend, assay_slice x)
{
    (void)backend;
#if ASSAY_REAL_BITS == 32
    return assay_moments_f32(x.count, real_at(x));
#else
    return assay_moments_f64(x.count, real_at(x));
#endif
}

#endif
