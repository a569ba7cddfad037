/*
 * The products of panel.h for one kind of vector; template, private to lib/backend/openblas/. A source file defines
 * before it includes this:
 *
 *   vector, LANES              floats in a vector, and their number
 *   WIDTH                      vectors in the widest panel, 6 or 8: ASSAY_PANEL_ROWS * WIDTH sums, one vector of B and
 *                              ASSAY_PANEL_ROWS of A have to fit into the processor's registers
 *   TARGET                     the function attribute that allows its instructions
 *   IN_REGISTER(v)             an empty assembler statement that changes the register of a vector
 *   load, store, load_some     LANES numbers at any address; the first `count` of them, then zeros
 *   broadcast, add, subtract, multiply_add
 *   differing(v, w)            a bit for each lane in which they differ; NaN differs from everything
 *   append(v, mask, to)        stores the lanes of the mask's bits one behind the other; writes LANES numbers
 *   append_indices(k, mask, to) the same of the numbers k, k + 1, ...
 *   transpose(v[LANES])        rows become columns
 *   KERNELS, KERNELS_NAME      what the table is called
 */
#ifndef ASSAY_BACKEND_OPENBLAS_PANEL_TEMPLATE_H
#define ASSAY_BACKEND_OPENBLAS_PANEL_TEMPLATE_H

#include <string.h>

#define INLINE static inline __attribute__((always_inline)) TARGET

enum {
    ROWS = ASSAY_PANEL_ROWS,
    /* Numbers k in a block: this much of the widest panel, 24 KiB, stays in the level-1 cache for all strips. */
    BLOCK = 24 * 1024 / (WIDTH * sizeof(vector)) / LANES * LANES,
    BLOCKS = (ASSAY_PANEL_MAX_K + BLOCK - 1) / BLOCK,
    STRIPS = ASSAY_PANEL_GROUP_ROWS / ROWS
};
_Static_assert(WIDTH *LANES <= ASSAY_PANEL_MAX_WIDTH, "a tile of panel.c has room for the widest panel");

/* --- panels of B ------------------------------------------------------------------------------------------------- */

/* The work of one thread. */
typedef struct {
    const assay_panel_product *product;
    assay_range columns; /* of B, packed at once */
    assay_panel_thread *thread;
} run;

/* A panel: the columns [begin, end) of B, in whole vectors of which the last may be filled up with zeros. */
typedef struct {
    size_t begin;
    size_t end;
    size_t vectors;
    float *first; /* row k at first + k * vectors * LANES */
    float *sums;  /* of the columns */
} panel;

static size_t vectors_of(const run *r)
{
    return (r->columns.end - r->columns.begin + LANES - 1) / LANES;
}

static size_t panel_count(const run *r)
{
    return (vectors_of(r) + WIDTH - 1) / WIDTH;
}

/* The widths of panels differ by at most one vector, so that none is much narrower. */
static panel panel_at(const run *r, size_t index)
{
    size_t count = panel_count(r);
    size_t vectors = vectors_of(r);
    size_t first = index * vectors / count;
    size_t last = (index + 1) * vectors / count;
    size_t end = r->columns.begin + last * LANES;
    return (panel){.begin = r->columns.begin + first * LANES,
                   .end = end < r->columns.end ? end : r->columns.end,
                   .vectors = last - first,
                   .first = r->thread->b + first * LANES * r->product->k,
                   .sums = r->thread->column_sums + first * LANES};
}

/* A square of vectors from a matrix. */
INLINE void load_rows(const float *from, size_t stride, vector block[LANES])
{
    for (size_t j = 0; j < LANES; j++) {
        block[j] = load(from + j * stride);
    }
}

/* Calls a function for a panel's width, which is a constant wherever the function is compiled. */
/* clang-format off */
#if WIDTH == 6
#define WIDER(CALL)
#elif WIDTH == 8
#define WIDER(CALL)              \
    case 7: CALL(7); break;      \
    case 8: CALL(8); break;
#else
#error "WIDER has no cases for this WIDTH"
#endif
#define FOR_WIDTH(vectors, CALL) \
    switch (vectors) {           \
    case 1: CALL(1); break;      \
    case 2: CALL(2); break;      \
    case 3: CALL(3); break;      \
    case 4: CALL(4); break;      \
    case 5: CALL(5); break;      \
    case 6: CALL(6); break;      \
    WIDER(CALL)                  \
    }
/* clang-format on */

/* A panel from rows of B stored row by row; only `last` columns of the last vector. All vectors of a row are copied
 * together, since rows are far apart in memory. */
INLINE void pack_rows(size_t vectors, const float *from, size_t from_stride, size_t rows, size_t last, const panel *to)
{
    vector sums[WIDTH];
    for (size_t v = 0; v < vectors; v++) {
        sums[v] = broadcast(0);
    }
    for (size_t k = 0; k < rows; k++) {
        for (size_t v = 0; v < vectors; v++) {
            const float *at = from + k * from_stride + v * LANES;
            vector number = v + 1 < vectors || last == LANES ? load(at) : load_some(at, last);
            sums[v] = add(sums[v], number);
            store(to->first + (k * vectors + v) * LANES, number);
        }
    }
    for (size_t v = 0; v < vectors; v++) {
        store(to->sums + v * LANES, sums[v]);
    }
}

static TARGET void pack_panel_rows(const assay_panel_product *p, const panel *to)
{
    const float *from = p->b.first + to->begin;
    const size_t last = to->end - to->begin - (to->vectors - 1) * LANES;
#define CALL(vectors) pack_rows(vectors, from, p->b.stride, p->k, last, to)
    FOR_WIDTH(to->vectors, CALL)
#undef CALL
}

/* A square of a panel from LANES columns of B stored transposed. */
INLINE void pack_square(vector *sum, const float *from, size_t from_stride, float *to, size_t to_stride)
{
    vector block[LANES];
    load_rows(from, from_stride, block);
    transpose(block);
    for (size_t i = 0; i < LANES; i++) {
        *sum = add(*sum, block[i]);
        store(to + i * to_stride, block[i]);
    }
}

/* At the edges: only `columns` of the panel's columns and `rows` of the square's rows. */
static TARGET void pack_some(vector *sum, const float *from, size_t from_stride, size_t columns, size_t rows, float *to,
                             size_t to_stride)
{
    for (size_t i = 0; i < rows; i++) {
        float row[LANES] = {0};
        for (size_t j = 0; j < columns; j++) {
            row[j] = from[j * from_stride + i];
        }
        *sum = add(*sum, load(row));
        store(to + i * to_stride, load(row));
    }
}

/*
 * A panel from B stored transposed. One vector's width after the other would add each number to the same sum, and wait
 * for it; so the squares of a few k are packed together.
 */
static TARGET void pack_panel_columns(const assay_panel_product *p, const panel *to)
{
    const size_t stride = to->vectors * LANES;
    vector sums[WIDTH];
    for (size_t v = 0; v < to->vectors; v++) {
        sums[v] = broadcast(0);
    }
    for (size_t k = 0; k < p->k; k += LANES) {
        const size_t rows = p->k - k < LANES ? p->k - k : LANES;
        for (size_t v = 0; v < to->vectors; v++) {
            const size_t column = to->begin + v * LANES;
            const size_t columns = to->end - column < LANES ? to->end - column : LANES;
            const float *from = p->b.first + column * p->b.stride + k;
            float *at = to->first + k * stride + v * LANES;
            if (rows == LANES && columns == LANES) {
                pack_square(&sums[v], from, p->b.stride, at, stride);
            } else {
                pack_some(&sums[v], from, p->b.stride, columns, rows, at, stride);
            }
        }
    }
    for (size_t v = 0; v < to->vectors; v++) {
        store(to->sums + v * LANES, sums[v]);
    }
}

static TARGET void pack(const run *r)
{
    vector zero = broadcast(0); /* NaN after a sum that is not finite, as it is if a number of B is not */
    for (size_t index = 0; index < panel_count(r); index++) {
        panel to = panel_at(r, index);
        if (r->product->b.transposed) {
            pack_panel_columns(r->product, &to);
        } else {
            pack_panel_rows(r->product, &to);
        }
        for (size_t v = 0; v < to.vectors; v++) {
            zero = multiply_add(load(to.sums + v * LANES), broadcast(0), zero);
        }
    }
    r->thread->infinite = differing(zero, broadcast(0)) != 0;
}

/* --- rows of A --------------------------------------------------------------------------------------------------- */

/* How A is read, and what is skipped. */
typedef struct {
    float background;
    bool complete; /* nothing is skipped */
} reading;

/* ROWS rows without the terms that all of them skip. */
typedef struct {
    float *values; /* row i at values + i * ASSAY_PANEL_STRIDE */
    uint32_t *kept;
    size_t count;
    size_t begins[BLOCKS + 1]; /* where the terms of each block of k begin */
} strip;

/* Before the terms of k, a multiple of LANES, are appended. */
static void begin_block(strip *strips, size_t k)
{
    if (k % BLOCK == 0) {
        for (size_t s = 0; s < LANES / ROWS; s++) {
            strips[s].begins[k / BLOCK] = strips[s].count;
        }
    }
}

static void end_blocks(strip *strips, size_t k)
{
    for (size_t s = 0; s < LANES / ROWS; s++) {
        strips[s].begins[(k + BLOCK - 1) / BLOCK] = strips[s].count;
    }
}

INLINE void append_block(strip *s, const vector rows[ROWS], size_t k, unsigned valid, reading how)
{
    vector background = broadcast(how.background);
    unsigned mask = 0;
    for (size_t i = 0; i < ROWS; i++) {
        mask |= differing(rows[i], background);
    }
    mask = (how.complete ? ~0u : mask) & valid;
    for (size_t i = 0; i < ROWS; i++) {
        append(subtract(rows[i], background), mask, s->values + i * ASSAY_PANEL_STRIDE + s->count);
    }
    append_indices((uint32_t)k, mask, s->kept + s->count);
    s->count += (size_t)__builtin_popcount(mask);
}

/* A square of A, LANES rows and columns, into LANES / ROWS strips. */
INLINE void append_square(strip *strips, const float *from, size_t stride, bool transposed, size_t k, reading how)
{
    vector block[LANES];
    load_rows(from, stride, block);
    if (transposed) {
        transpose(block);
    }
    for (size_t s = 0; s < LANES / ROWS; s++) {
        append_block(&strips[s], block + s * ROWS, k, (1u << LANES) - 1, how);
    }
}

/* At the edges: only `rows` and `columns` of a square. Rows beyond the matrix keep nothing. */
static TARGET void append_some(strip *strips, const float *from, size_t stride, bool transposed, size_t rows,
                               size_t columns, size_t k, reading how)
{
    for (size_t s = 0; s * ROWS < rows; s++) {
        vector block[ROWS];
        for (size_t r = 0; r < ROWS; r++) {
            float row[LANES] = {0};
            for (size_t j = 0; j < columns; j++) {
                size_t i = s * ROWS + r;
                row[j] = i >= rows ? how.background : from[transposed ? j * stride + i : i * stride + j];
            }
            block[r] = load(row);
        }
        append_block(&strips[s], block, k, (1u << columns) - 1, how);
    }
}

/* LANES rows of A, from row i on, into LANES / ROWS strips. */
static TARGET void pack_strips(const assay_panel_product *p, size_t i, reading how, strip *strips)
{
    const assay_panel_matrix *a = &p->a;
    const float *from = a->first + i * (a->transposed ? 1 : a->stride);
    const size_t step = a->transposed ? a->stride : 1; /* from one k to the next */
    size_t rows = p->m - i < LANES ? p->m - i : LANES;
    size_t whole = rows == LANES ? p->k / LANES * LANES : 0;
    if (a->transposed) {
        for (size_t k = 0; k < whole; k += LANES) {
            begin_block(strips, k);
            append_square(strips, from + k * step, a->stride, true, k, how);
        }
    } else {
        for (size_t k = 0; k < whole; k += LANES) {
            begin_block(strips, k);
            append_square(strips, from + k * step, a->stride, false, k, how);
        }
    }
    for (size_t k = whole; k < p->k; k += LANES) {
        size_t columns = p->k - k < LANES ? p->k - k : LANES;
        begin_block(strips, k);
        append_some(strips, from + k * step, a->stride, a->transposed, rows, columns, k, how);
    }
    end_blocks(strips, p->k);
}

/* --- products ---------------------------------------------------------------------------------------------------- */

/*
 * to [ROWS][vectors * LANES], which has the sums of all blocks before: adds one block of a strip times the panel, or,
 * for the first block, to `start`. `vectors` is a constant wherever this is called. Some compilers unroll only at -O3,
 * so the loops ask for it: a sum that is not in a register makes this three times slower.
 */
INLINE void multiply_strip(size_t vectors, const strip *s, size_t block, const float *b, const vector *start, float *to)
{
    vector sums[ROWS][WIDTH];
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t v = 0; v < vectors; v++) {
            sums[i][v] = block == 0 ? start[v] : load(to + (i * vectors + v) * LANES);
        }
    }
#pragma GCC unroll 2
    for (size_t t = s->begins[block]; t < s->begins[block + 1]; t++) {
        const float *at = b + s->kept[t] * (vectors * LANES);
        vector a[ROWS];
#pragma GCC unroll 2
        for (size_t i = 0; i < ROWS; i++) {
            a[i] = broadcast(s->values[i * ASSAY_PANEL_STRIDE + t]);
        }
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++) {
            vector number = load(at + v * LANES);
            IN_REGISTER(number); /* and not read from memory once for each row */
#pragma GCC unroll 2
            for (size_t i = 0; i < ROWS; i++) {
                sums[i][v] = multiply_add(a[i], number, sums[i][v]);
            }
        }
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t v = 0; v < vectors; v++) {
            store(to + (i * vectors + v) * LANES, sums[i][v]);
        }
    }
}

static TARGET void multiply_into(const strip *s, size_t block, const panel *b, const vector *start, float *to)
{
#define CALL(vectors) multiply_strip(vectors, s, block, b->first, start, to)
    FOR_WIDTH(b->vectors, CALL)
#undef CALL
}

/* A square of a tile to its place in C, transposed; or some rows and columns of it. */
static TARGET void turn(const float *from, size_t from_stride, float *to, size_t to_stride)
{
    vector block[LANES];
    load_rows(from, from_stride, block);
    transpose(block);
    for (size_t i = 0; i < LANES; i++) {
        store(to + i * to_stride, block[i]);
    }
}

static void turn_some(const float *from, size_t from_stride, size_t rows, size_t columns, float *to, size_t to_stride)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            to[c * to_stride + r] = from[r * from_stride + c];
        }
    }
}

/* Rows of C in the columns of a panel, from the tile. */
static TARGET void place(const assay_panel_product *p, assay_range rows, const panel *b, const float *tile)
{
    const size_t width = b->vectors * LANES;
    for (size_t i = rows.begin; i < rows.end; i++, tile += width) {
        memcpy(p->c + i * p->c_stride + b->begin, tile, (b->end - b->begin) * sizeof *tile);
    }
}

static TARGET void place_transposed(const assay_panel_product *p, assay_range rows, const panel *b, const float *tile)
{
    const size_t width = b->vectors * LANES;
    for (size_t i = rows.begin; i < rows.end; i += LANES, tile += LANES * width) {
        size_t count = rows.end - i < LANES ? rows.end - i : LANES;
        for (size_t j = b->begin; j < b->end; j += LANES) {
            size_t columns = b->end - j < LANES ? b->end - j : LANES;
            float *to = p->c + j * p->c_stride + i;
            if (count == LANES && columns == LANES) {
                turn(tile + (j - b->begin), width, to, p->c_stride);
            } else {
                turn_some(tile + (j - b->begin), width, count, columns, to, p->c_stride);
            }
        }
    }
}

/*
 * Fetches the lines of C that place writes, into the level-2 cache while the sums are computed: without this, each line
 * is waited for, as C is seldom in a cache.
 */
static void fetch_place(const assay_panel_product *p, assay_range rows, const panel *b)
{
    enum { LINE = 16 };
    const assay_range columns = {b->begin, b->end};
    const assay_range outer = p->c_transposed ? columns : rows;
    const assay_range inner = p->c_transposed ? rows : columns;
    for (size_t i = outer.begin; i < outer.end; i++) {
        for (size_t j = inner.begin; j < inner.end; j += LINE) {
            __builtin_prefetch(p->c + i * p->c_stride + j, 0, 2);
        }
    }
}

/* The sums begin with the background's contribution. */
INLINE void begin_sums(const panel *b, reading how, vector *start)
{
    for (size_t v = 0; v < b->vectors; v++) {
        /* Column sums that are not finite must not be multiplied by a background of 0. */
        start[v] = how.complete ? broadcast(0)
                                : multiply_add(load(b->sums + v * LANES), broadcast(how.background), broadcast(0));
    }
}

/* Multiplies packed rows by every panel. */
static TARGET void multiply_packed(const run *r, assay_range rows, reading how, const strip *strips)
{
    const assay_panel_product *p = r->product;
    const size_t count = (rows.end - rows.begin + ROWS - 1) / ROWS;
    for (size_t index = 0; index < panel_count(r); index++) {
        panel b = panel_at(r, index);
        vector start[WIDTH];
        begin_sums(&b, how, start);
        fetch_place(p, rows, &b);
        for (size_t block = 0; block * BLOCK < p->k; block++) {
            for (size_t s = 0; s < count; s++) {
                multiply_into(&strips[s], block, &b, start, r->thread->tile + s * ROWS * b.vectors * LANES);
            }
        }
        if (p->c_transposed) {
            place_transposed(p, rows, &b, r->thread->tile);
        } else {
            place(p, rows, &b, r->thread->tile);
        }
    }
}

/* Empty strips in the thread's memory. */
static void begin_strips(const assay_panel_thread *thread, size_t count, strip *strips)
{
    for (size_t s = 0; s < count; s++) {
        strips[s].values = thread->values + s * ROWS * ASSAY_PANEL_STRIDE;
        strips[s].kept = thread->kept + s * ASSAY_PANEL_STRIDE;
        strips[s].count = 0;
    }
}

static void multiply(const assay_panel_product *p, assay_range rows, assay_range columns, assay_panel_thread *thread)
{
    const run r = {p, columns, thread};
    if (p->packing == 0 || p->packing != thread->packing) {
        pack(&r);
        thread->packing = p->packing;
    }
    const reading how = {thread->infinite ? 0 : p->background, thread->infinite};
    for (size_t begin = rows.begin; begin < rows.end; begin += ASSAY_PANEL_GROUP_ROWS) {
        size_t end = rows.end - begin < ASSAY_PANEL_GROUP_ROWS ? rows.end : begin + ASSAY_PANEL_GROUP_ROWS;
        strip strips[STRIPS];
        begin_strips(thread, STRIPS, strips);
        for (size_t i = begin; i < end; i += LANES) {
            pack_strips(p, i, how, strips + (i - begin) / ROWS);
        }
        multiply_packed(&r, (assay_range){begin, end}, how, strips);
    }
}

const assay_panel_kernels KERNELS = {.name = KERNELS_NAME, .lanes = LANES, .multiply = multiply};

#endif
