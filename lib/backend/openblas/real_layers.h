/* Products and linear layers; template, private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_LAYERS_H
#define ASSAY_BACKEND_OPENBLAS_REAL_LAYERS_H

#include "backend/openblas/panel.h"
#include "backend/openblas/real_activation.h"

/* A matrix as OpenBLAS reads it: stored transposed or not, `stride` elements from one stored row to the next. */
typedef struct {
    const real *first;
    size_t stride;
    bool transposed;
} operand;

typedef struct {
    size_t m;
    size_t n;
    size_t k;
    real alpha;
    real beta;
    operand a;
    operand b;
    real *c; /* [m][n], dense */
} product;

/* The share of C that one thread computes. */
typedef struct {
    assay_range rows;
    assay_range columns;
} tile;

/*
 * Each thread packs its own copy of the operand that is not cut, so the longer side of C is cut: m + parts * n elements
 * are packed for each k when rows are cut, parts * m + n when columns are.
 */
static tile tile_of(size_t m, size_t n, assay_pool_part part)
{
    enum { ROW_GRANULE = 4 }; /* OpenBLAS's kernels take this many rows at once */
    if (m >= n) {
        return (tile){assay_range_of(m, ROW_GRANULE, part), {0, n}};
    }
    return (tile){{0, m}, assay_range_of(n, GRANULE, part)};
}

static block block_of(tile t, size_t stride)
{
    return (block){t.rows.end - t.rows.begin, t.columns.end - t.columns.begin, stride};
}

static size_t first_of(tile t, size_t stride)
{
    return t.rows.begin * stride + t.columns.begin;
}

/* C = alpha A B + beta C on one tile. */
static void multiply(const product *p, tile t)
{
    block shape = block_of(t, p->n);
    if (shape.rows == 0 || shape.columns == 0) {
        return;
    }
    const real *a = p->a.first + t.rows.begin * (p->a.transposed ? 1 : p->a.stride);
    const real *b = p->b.first + t.columns.begin * (p->b.transposed ? p->b.stride : 1);
    assay_openblas_enter();
    REAL_GEMM(CblasRowMajor, p->a.transposed ? CblasTrans : CblasNoTrans, p->b.transposed ? CblasTrans : CblasNoTrans,
              (blasint)shape.rows, (blasint)shape.columns, (blasint)p->k, p->alpha, a, (blasint)p->a.stride, b,
              (blasint)p->b.stride, p->beta, p->c + first_of(t, p->n), (blasint)p->n);
    assay_openblas_leave();
}

static void gemm_part(const void *argument, assay_pool_part part)
{
    const product *task = argument;
    multiply(task, tile_of(task->m, task->n, part));
}

/* OpenBLAS requires a stride of at least 1, even if k is 0. */
static operand operand_of(assay_slice slice, bool transposed, size_t rows, size_t columns)
{
    size_t stride = transposed ? rows : columns;
    return (operand){real_at(slice), stride == 0 ? 1 : stride, transposed};
}

static void gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c)
{
    const product task = {.m = shape.m,
                          .n = shape.n,
                          .k = shape.k,
                          .alpha = (real)shape.alpha,
                          .beta = (real)shape.beta,
                          .a = operand_of(a, shape.trans_a, shape.m, shape.k),
                          .b = operand_of(b, shape.trans_b, shape.k, shape.n),
                          .c = real_at(c)};
    assay_openblas_run(backend, ASSAY_CUT_FIXED, shape.m * shape.n * (shape.k + 1), gemm_part, &task);
}

/* --- sums of columns ------------------------------------------------------------------------------------------- */

typedef struct {
    size_t rows;
    size_t columns;
    const real *x;
    real *sums;
} column_sums_task;

enum { SUMMED_AT_ONCE = 32 };

/* Sums over rows of up to SUMMED_AT_ONCE columns, in double. */
ASSAY_INLINE void sum_columns(size_t rows, size_t columns, size_t stride, const real *x, real *sums)
{
    double partial[SUMMED_AT_ONCE] = {0};
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < columns; j++) {
            partial[j] += (double)x[r * stride + j];
        }
    }
    for (size_t j = 0; j < columns; j++) {
        sums[j] = (real)partial[j];
    }
}

static ASSAY_CLONES void sum_block(block shape, const real *x, real *sums)
{
    size_t j = 0;
    for (; j + SUMMED_AT_ONCE <= shape.columns; j += SUMMED_AT_ONCE) {
        sum_columns(shape.rows, SUMMED_AT_ONCE, shape.stride, x + j, sums + j);
    }
    if (j < shape.columns) {
        sum_columns(shape.rows, shape.columns - j, shape.stride, x + j, sums + j);
    }
}

static void column_sums_part(const void *argument, assay_pool_part part)
{
    const column_sums_task *task = argument;
    assay_range columns = assay_range_of(task->columns, GRANULE, part);
    const block shape = {task->rows, columns.end - columns.begin, task->columns};
    sum_block(shape, task->x + columns.begin, task->sums + columns.begin);
}

/* sums[j] = sum over r of x[r][j]. */
static void column_sums(assay_backend *backend, size_t rows, size_t columns, assay_slice x, assay_slice sums)
{
    const column_sums_task task = {rows, columns, real_at(x), real_at(sums)};
    assay_openblas_run(backend, ASSAY_CUT_FREE, rows * columns, column_sums_part, &task);
}

/* --- linear layers --------------------------------------------------------------------------------------------- */

/* One product of a layer, and a function that finishes its result while it is in the cache. */
typedef struct layer_task layer_task;
struct layer_task {
    product product;
    void (*finish)(const layer_task *task, tile t);
    assay_activation activation;
    const real *source; /* the bias; or what the activation's derivative is computed from */
    real *y;
    bool may_turn; /* whether terms may be skipped by B's numbers */
};

static void layer_part(const void *argument, assay_pool_part part)
{
    const layer_task *task = argument;
    tile t = tile_of(task->product.m, task->product.n, part);
    multiply(&task->product, t);
    task->finish(task, t);
}

#if ASSAY_REAL_BITS == 32

/* Some columns of a layer's product, by panel.h's kernels. */
typedef struct {
    const layer_task *layer;
    const assay_panel_kernels *kernels;
    assay_panel_thread *threads;
    assay_panel_product product;
    assay_range columns;
} panel_task;

static void panel_part(const void *argument, assay_pool_part part)
{
    const panel_task *task = argument;
    const assay_panel_product *p = &task->product;
    const assay_range columns = task->columns;
    const assay_range rows = assay_range_of(p->m, task->kernels->lanes, part);
    if (rows.begin < rows.end) {
        task->kernels->multiply(p, rows, columns, &task->threads[part.thread]);
        task->layer->finish(task->layer, p->c_transposed ? (tile){columns, rows} : (tile){rows, columns});
    }
}

static assay_panel_matrix panel_matrix(operand o, bool transposed)
{
    return (assay_panel_matrix){o.first, o.stride, o.transposed != transposed};
}

/* If fewer terms can be skipped, packing costs more than it saves. Transposing a result has a cost of its own. */
enum { WORTH_PACKING = ASSAY_PANEL_SAMPLES / 8, WORTH_TURNING = ASSAY_PANEL_SAMPLES / 8 };

static assay_panel_product straight_product(const product *p)
{
    return (assay_panel_product){.m = p->m,
                                 .n = p->n,
                                 .k = p->k,
                                 .a = panel_matrix(p->a, false),
                                 .b = panel_matrix(p->b, false),
                                 .c = p->c,
                                 .c_stride = p->n};
}

/* The same product as its transpose, B^T A^T: then B's numbers decide what is skipped. */
static assay_panel_product turned_product(const product *p)
{
    return (assay_panel_product){.m = p->n,
                                 .n = p->m,
                                 .k = p->k,
                                 .a = panel_matrix(p->b, true),
                                 .b = panel_matrix(p->a, true),
                                 .c = p->c,
                                 .c_stride = p->n,
                                 .c_transposed = true};
}

/* Whether the panel kernels are faster, and the product for them. */
static bool plan_panels(const product *p, bool may_turn, assay_panel_product *plan)
{
    if (!assay_panel_takes(p->m, p->n, p->k)) {
        return false;
    }
    *plan = straight_product(p);
    int left_out = assay_panel_left_out(plan->m, plan->k, plan->a, &plan->background);
    if (may_turn && assay_panel_takes(p->n, p->m, p->k)) {
        assay_panel_product turned = turned_product(p);
        int more = assay_panel_left_out(turned.m, turned.k, turned.a, &turned.background) - WORTH_TURNING;
        if (more > left_out) {
            *plan = turned;
            left_out = more;
        }
    }
    return left_out >= WORTH_PACKING;
}

/* False if OpenBLAS must compute it. */
static bool tried_panels(assay_backend *backend, const layer_task *layer)
{
    assay_openblas *self = (assay_openblas *)backend;
    panel_task task = {.layer = layer, .kernels = self->panels, .threads = self->panel_threads};
    if (self->panels == NULL || !plan_panels(&layer->product, layer->may_turn, &task.product)) {
        return false;
    }
    const size_t n = task.product.n;
    const size_t room = assay_panel_columns(task.product.k);
    for (size_t column = 0; column < n; column += room) {
        task.columns = (assay_range){column, n - column < room ? n : column + room};
        task.product.packing = ++self->packings;
        /* Products that the kernels accept are always large enough for several threads. */
        const size_t columns = task.columns.end - task.columns.begin;
        assay_pool_run(self->pool, ASSAY_CUT_FREE, task.product.m * columns * task.product.k, panel_part, &task);
    }
    return true;
}

#else

static bool tried_panels(assay_backend *backend, const layer_task *layer)
{
    (void)backend;
    (void)layer;
    return false;
}

#endif

static void run_layer(assay_backend *backend, const layer_task *task)
{
    const product *p = &task->product;
    if (!tried_panels(backend, task)) {
        assay_openblas_run(backend, ASSAY_CUT_FIXED, p->m * p->n * (p->k + 1), layer_part, task);
    }
}

static void add_bias_and_activate(const layer_task *task, tile t)
{
    const product *p = &task->product;
    size_t first = first_of(t, p->n);
    bias_and_activate(task->activation, block_of(t, p->n), task->source + t.columns.begin, p->c + first,
                      task->y + first);
}

/* If the caller does not want z, the product is written to y and replaced there. */
static void linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation, assay_slice x,
                           assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    bool has_y = y.buffer != NULL;
    const layer_task task = {.product = {.m = shape.rows,
                                         .n = shape.out,
                                         .k = shape.in,
                                         .alpha = 1,
                                         .a = {real_at(x), shape.in, false},
                                         .b = {real_at(weight), shape.in, true},
                                         .c = real_at(z.buffer != NULL ? z : y)},
                             .finish = add_bias_and_activate,
                             .activation = has_y ? activation : (assay_activation){ASSAY_IDENTITY, 0},
                             .source = real_at(bias),
                             .y = real_at(has_y ? y : z)};
    run_layer(backend, &task);
}

static void take_through_activation(const layer_task *task, tile t)
{
    const product *p = &task->product;
    if (task->activation.kind != ASSAY_IDENTITY) {
        size_t first = first_of(t, p->n);
        differentiate_block(task->activation, block_of(t, p->n), task->source + first, p->c + first, p->c + first);
    }
}

static void linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                  const assay_linear_backward_slices *slices)
{
    /* clang-format off */
    const layer_task task = {
        .product = {.m = shape.rows,
                    .n = shape.in,
                    .k = shape.out,
                    .alpha = 1,
                    .a = {real_at(slices->dz), shape.out, false},
                    .b = {real_at(slices->weight), shape.in, false},
                    .c = real_at(slices->dz_below)},
        .finish = take_through_activation,
        .activation = below,
        .source = derivative_source(below, slices->z_below, slices->y_below, slices->dz_below)};
    /* clang-format on */
    run_layer(backend, &task);
}

static void nothing_more(const layer_task *task, tile t)
{
    (void)task;
    (void)t;
}

static void linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x, assay_slice dz,
                                       assay_slice dweight, assay_slice dbias)
{
    const layer_task task = {.product = {.m = shape.out,
                                         .n = shape.in,
                                         .k = shape.rows,
                                         .alpha = 1,
                                         .a = {real_at(dz), shape.out, true},
                                         .b = {real_at(x), shape.in, false},
                                         .c = real_at(dweight)},
                             .finish = nothing_more,
                             .may_turn = true};
    run_layer(backend, &task);
    column_sums(backend, shape.rows, shape.out, dz, dbias);
}

#endif
