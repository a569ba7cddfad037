/* Layers of the backend `openblas` over inputs of which much is left out, against the reference. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/backend/backend.h>
#include "backend/openblas/panel.h"
#include <assay/base/alloc.h>
#include <assay/check/tolerance.h>
#include "support.h"
#include "test_panel.h"

enum { X, WEIGHT, BIAS, DZ, Z, Y, DZ_BELOW, DWEIGHT, DBIAS, ARRAYS };

static const char *const array_names[ARRAYS] = {"x", "weight", "bias", "dz", "z", "y", "dz_below", "dweight", "dbias"};

/* rows and columns of the layer; what of x and dz differs from their backgrounds, in percent; and the former's. */
/* clang-format off */
static const struct {
    size_t rows;
    size_t in;
    size_t out;
    unsigned kept_x;
    float background;
    unsigned kept_dz;
} cases[] = {
    {256, 784, 512, 60, -0.8104816f, 50}, {256, 512, 256, 50, 0, 50},  {100, 200, 130, 60, 0, 40},
    {65, 100, 900, 50, 0.25f, 100},       {70, 1100, 80, 40, 0, 40},   {300, 64, 64, 30, -0.8104816f, 30},
    {16, 64, 64, 40, 0, 40},              {15, 64, 64, 40, 0, 40},     {66, 70, 71, 100, 0, 100},
    {70, 100, 20, 40, 0, 40},    /* its gradient's transpose has too few columns */
    {16, 1024, 257, 40, 0, 100}, /* one column more than fits into the packed panels */
};
/* clang-format on */

typedef struct {
    assay_buffer *buffer[ARRAYS];
    size_t count[ARRAYS];
} arrays;

static arrays upload(assay_backend *backend, int c)
{
    const size_t rows = cases[c].rows;
    const size_t in = cases[c].in;
    const size_t out = cases[c].out;
    uint64_t state = (uint64_t)c + 1;
    float *values[ARRAYS] = {test_sparse(rows, in, false, cases[c].kept_x, cases[c].background, &state),
                             test_sparse(out, in, false, 100, 0, &state), test_sparse(1, out, false, 100, 0, &state),
                             test_sparse(rows, out, false, cases[c].kept_dz, 0, &state)};
    arrays made = {.count = {rows * in, out * in, out, rows * out, rows * out, rows * out, rows * in, out * in, out}};
    for (int i = 0; i < ARRAYS; i++) {
        made.buffer[i] = assay_buffer_create(backend, ASSAY_REAL, made.count[i]);
        if (i <= DZ) {
            assay_upload_f32(backend, assay_whole(made.buffer[i]), values[i]);
            assay_free(values[i]);
        }
    }
    return made;
}

/* Everything that a layer computes, of which f' is taken at x itself: it takes the place of y_below. */
static void run_layer(assay_backend *backend, int c, double **results)
{
    const assay_linear_shape shape = {cases[c].rows, cases[c].in, cases[c].out};
    const assay_activation relu = assay_activation_default(ASSAY_RELU);
    arrays made = upload(backend, c);
    assay_slice s[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
        s[i] = assay_whole(made.buffer[i]);
    }
    assay_linear_forward(backend, shape, relu, s[X], s[WEIGHT], s[BIAS], s[Z], s[Y]);
    assay_linear_backward_input(backend, shape, relu, s[DZ], s[WEIGHT], ASSAY_NO_SLICE, s[X], s[DZ_BELOW]);
    assay_linear_backward_parameters(backend, shape, s[X], s[DZ], s[DWEIGHT], s[DBIAS]);
    for (int i = 0; i < ARRAYS; i++) {
        results[i] = assay_calloc(made.count[i], sizeof(double), NULL);
        assay_download_f64(backend, s[i], results[i]);
        assay_buffer_destroy(backend, made.buffer[i]);
    }
    assay_error error;
    support_assert_ok(assay_backend_check(backend, &error), &error);
}

/* sum over k of |a| |b|, rounded as panel.h says: terms of the background, and of what differs from it. */
static double size_of(int c, int array, size_t i, double *const *values)
{
    const size_t in = cases[c].in;
    const size_t out = cases[c].out;
    const size_t columns = array == DZ_BELOW || array == DWEIGHT ? in : out;
    const size_t row = i / columns;
    const size_t column = i % columns;
    const double c0 = fabs((double)cases[c].background);
    double size = array == DZ_BELOW || array == DWEIGHT || array == DBIAS ? 0 : fabs(values[BIAS][column]);
    const size_t terms = array == DZ_BELOW ? out : array == DWEIGHT || array == DBIAS ? cases[c].rows : in;
    for (size_t k = 0; k < terms; k++) {
        switch (array) {
        case DZ_BELOW: size += fabs(values[DZ][row * out + k] * values[WEIGHT][k * in + column]); break;
        case DWEIGHT: size += fabs(values[DZ][k * out + row]) * (fabs(values[X][k * in + column]) + 2 * c0); break;
        case DBIAS: size += fabs(values[DZ][k * out + column]); break;
        default: size += (fabs(values[X][row * in + k]) + 2 * c0) * fabs(values[WEIGHT][column * in + k]); break;
        }
    }
    return size;
}

static void judge(int c, const char *what, double *const *got, double *const *want)
{
    const size_t counts[ARRAYS] = {[Z] = cases[c].rows * cases[c].out,
                                   [Y] = cases[c].rows * cases[c].out,
                                   [DZ_BELOW] = cases[c].rows * cases[c].in,
                                   [DWEIGHT] = cases[c].out * cases[c].in,
                                   [DBIAS] = cases[c].out};
    for (int array = Z; array < ARRAYS; array++) {
        const size_t terms = 2 * (cases[c].rows + cases[c].in + cases[c].out);
        /* Every element of small arrays, and some of each row and column of large ones. */
        const size_t step = counts[array] > 5000 ? 37 : 1;
        for (size_t i = 0; i < counts[array]; i += step) {
            double bound = assay_dot_bound(terms, size_of(c, array, i, want), ASSAY_FORMAT_F32);
            ck_assert_msg(fabs(got[array][i] - want[array][i]) <= bound, "%s: %s[%zu] is %.9g, not %.9g within %.2g",
                          what, array_names[array], i, got[array][i], want[array][i], bound);
        }
    }
}

static assay_backend *open_backend(const char *name, assay_precision precision, int threads)
{
    assay_backend *backend;
    assay_error error;
    const assay_backend_options options = {name, precision, threads};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}

static void free_all(double **values)
{
    for (int i = 0; i < ARRAYS; i++) {
        assay_free(values[i]);
    }
}

START_TEST(layers_agree_with_the_reference)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_forward");
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_backward_input");
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_backward_parameters");
    double *want[ARRAYS];
    assay_backend *reference = open_backend("reference", ASSAY_F64, 1);
    run_layer(reference, _i, want);
    assay_backend_close(reference);
    double *first[ARRAYS] = {NULL};
    for (int threads = 1; threads <= 3; threads++) {
        double *got[ARRAYS];
        char what[64];
        snprintf(what, sizeof what, "case %d with %d threads", _i, threads);
        assay_backend *backend = open_backend("openblas", ASSAY_F32, threads);
        run_layer(backend, _i, got);
        assay_backend_close(backend);
        judge(_i, what, got, want);
        if (threads == 1) {
            memcpy(first, got, sizeof first);
        } else {
            free_all(got);
        }
    }
    free_all(first);
    free_all(want);
}
END_TEST

/* The first cases are not left to OpenBLAS, which would round the sums otherwise; the dense backend's always are. */
START_TEST(openblas_dense_leaves_nothing_out)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_forward");
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_backward_input");
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_backward_parameters");
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    double *sparse[ARRAYS];
    double *dense[ARRAYS];
    assay_backend *backend = open_backend("openblas", ASSAY_F32, 2);
    ck_assert_int_eq(assay_backend_prefers_similar_rows(backend), *assay_panel_supported() != NULL);
    run_layer(backend, 0, sparse);
    assay_backend_close(backend);
    backend = open_backend("openblas-dense", ASSAY_F32, 2);
    ck_assert(!assay_backend_prefers_similar_rows(backend));
    ck_assert_str_eq(assay_backend_name(backend), "openblas-dense");
    run_layer(backend, 0, dense);
    assay_backend_close(backend);
    size_t differing = 0;
    for (size_t i = 0; i < cases[0].rows * cases[0].out; i++) {
        differing += sparse[Z][i] != dense[Z][i];
    }
    if (*assay_panel_supported() != NULL) {
        ck_assert_uint_gt(differing, 0);
    } else {
        ck_assert_uint_eq(differing, 0);
    }
    judge(0, "dense", dense, sparse);
    free_all(sparse);
    free_all(dense);
}
END_TEST

/* --- when panels are used ---------------------------------------------------------------------------------------- */

enum { SIDE = ASSAY_PANEL_SAMPLES, SQUARE = SIDE * SIDE };

/* A square layer's x and dz, in which whole rows and columns are background, and the results. */
typedef struct {
    float x[SQUARE];
    float dz[SQUARE];
    float weight[SQUARE];
    float z[SQUARE];
    float dweight[SQUARE];
} square_layer;

/* The first rows or columns of x are 0.5, the last rows of dz 0. */
static void fill_square(square_layer *layer, size_t x_columns, size_t x_rows, size_t dz_rows)
{
    uint64_t state = 5;
    for (size_t i = 0; i < SQUARE; i++) {
        layer->x[i] = i / SIDE < x_rows || i % SIDE < x_columns ? 0.5f : test_number(&state);
        layer->dz[i] = i / SIDE >= SIDE - dz_rows ? 0 : test_number(&state);
        layer->weight[i] = test_number(&state);
    }
}

static void run_square(const char *name, square_layer *layer)
{
    const assay_linear_shape shape = {SIDE, SIDE, SIDE};
    assay_backend *backend = open_backend(name, ASSAY_F32, 1);
    assay_slice s[6];
    for (int i = 0; i < 6; i++) {
        s[i] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, i < 5 ? SQUARE : SIDE));
    }
    assay_upload_f32(backend, s[0], layer->x);
    assay_upload_f32(backend, s[1], layer->dz);
    assay_upload_f32(backend, s[2], layer->weight);
    assay_linear_forward(backend, shape, assay_activation_default(ASSAY_IDENTITY), s[0], s[2], s[5], s[3],
                         ASSAY_NO_SLICE);
    assay_linear_backward_parameters(backend, shape, s[0], s[1], s[4], s[5]);
    assay_download_f32(backend, s[3], layer->z);
    assay_download_f32(backend, s[4], layer->dweight);
    assay_error error;
    support_assert_ok(assay_backend_check(backend, &error), &error);
    for (int i = 0; i < 6; i++) {
        assay_buffer_destroy(backend, s[i].buffer);
    }
    assay_backend_close(backend);
}

/*
 * An eighth of x's columns has to be background, or else the product is OpenBLAS's to the bit; and a quarter of its
 * rows for the transpose, which costs another eighth. Four rows are judged at once: 15 make three groups of the 16.
 */
START_TEST(an_eighth_is_worth_packing)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_forward");
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_backward_parameters");
    static const struct {
        size_t x_columns;
        size_t x_rows;
        bool z_is_openblas;
        bool dweight_is_openblas;
    } parts[] = {{7, 0, true, true}, {8, 0, false, true}, {0, 15, false, true}, {0, 16, false, false}};
    square_layer panels;
    square_layer dense;
    fill_square(&panels, parts[_i].x_columns, parts[_i].x_rows, 0);
    dense = panels;
    run_square("openblas", &panels);
    run_square("openblas-dense", &dense);
    const bool none = *assay_panel_supported() == NULL;
    ck_assert_int_eq(memcmp(panels.z, dense.z, sizeof dense.z) == 0, none || parts[_i].z_is_openblas);
    ck_assert_int_eq(memcmp(panels.dweight, dense.dweight, sizeof dense.dweight) == 0,
                     none || parts[_i].dweight_is_openblas);
}
END_TEST

/* 16 rows are enough and 15 are not, and 64 units are enough and 63 are not: then the product is OpenBLAS's. */
START_TEST(sizes_that_are_worth_packing)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/linear_forward");
    static const struct {
        size_t rows;
        size_t out;
        bool panels;
    } sizes[] = {{16, 64, true}, {15, 64, false}, {64, 63, false}, {64, 16, false}};
    const assay_linear_shape shape = {sizes[_i].rows, SIDE, sizes[_i].out};
    square_layer layer;
    float z[2][SQUARE];
    fill_square(&layer, SIDE / 2, 0, 0);
    for (int dense = 0; dense < 2; dense++) {
        assay_backend *backend = open_backend(dense ? "openblas-dense" : "openblas", ASSAY_F32, 1);
        assay_slice s[4];
        for (int i = 0; i < 4; i++) {
            s[i] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, SQUARE));
        }
        assay_upload_f32(backend, s[0], layer.x);
        assay_upload_f32(backend, s[1], layer.weight);
        assay_linear_forward(backend, shape, assay_activation_default(ASSAY_IDENTITY),
                             assay_part_of(s[0], 0, shape.rows * SIDE), assay_part_of(s[1], 0, shape.out * SIDE),
                             assay_part_of(s[2], 0, shape.out), ASSAY_NO_SLICE,
                             assay_part_of(s[3], 0, shape.rows * shape.out));
        assay_download_f32(backend, s[3], z[dense]);
        assay_error error;
        support_assert_ok(assay_backend_check(backend, &error), &error);
        for (int i = 0; i < 4; i++) {
            assay_buffer_destroy(backend, s[i].buffer);
        }
        assay_backend_close(backend);
    }
    const bool differ = memcmp(z[0], z[1], shape.rows * shape.out * sizeof **z) != 0;
    ck_assert_int_eq(differ, sizes[_i].panels && *assay_panel_supported() != NULL);
}
END_TEST

/*
 * If transposing would save no more than it costs, zeros of dz are left out: each sum is its terms in order. With one
 * row of x more it is turned, and the background's share is added up apart.
 */
START_TEST(a_tie_is_not_turned)
{
    evidence(EVIDENCE_PROPERTY, "operation/linear_backward_parameters");
    if (*assay_panel_supported() == NULL) {
        return;
    }
    square_layer layer;
    fill_square(&layer, 0, 16 + (size_t)_i, 8);
    run_square("openblas", &layer);
    size_t differing = 0;
    for (size_t i = 0; i < SQUARE; i++) {
        float sum = 0;
        for (size_t k = 0; k < SIDE; k++) {
            sum = fmaf(layer.dz[k * SIDE + i / SIDE], layer.x[k * SIDE + i % SIDE], sum);
        }
        differing += layer.dweight[i] != sum;
    }
    ck_assert_msg((differing == 0) == (_i == 0), "%zu differ", differing);
}
END_TEST

TCase *test_panel_layers(void)
{
    TCase *tcase = tcase_create("layers");
    tcase_set_timeout(tcase, 120);
    /* The first cases are the tutorial's layers, which take the reference minutes under emulation. */
    tcase_add_loop_test(tcase, layers_agree_with_the_reference, support_small_effort() ? 2 : 0,
                        (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tcase, openblas_dense_leaves_nothing_out);
    tcase_add_loop_test(tcase, an_eighth_is_worth_packing, 0, 4);
    tcase_add_loop_test(tcase, a_tie_is_not_turned, 0, 2);
    tcase_add_loop_test(tcase, sizes_that_are_worth_packing, 0, 4);
    return tcase;
}
