/*
 * Times the kernels of lib/backend/openblas/panel.h alone, with one thread: each of four products of the tutorial's
 * training step, with real images or with numbers of which half are 0, beside OpenBLAS's product of the whole matrices.
 * All are measured in turn, so that what else the machine does meets all of them; each time is the least of the rounds.
 *
 *   kept         the share of the multiplications that the kernels make: one of two rows differs from the background
 *   ratio        the kernels' time / OpenBLAS's
 *   ratio/kept   1: a multiplication costs what it costs OpenBLAS, packing included
 */
#include <cblas.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <assay/base/alloc.h>
#include "backend/openblas/panel.h"
#include "common.h"

enum { IMAGES = 256, PIXELS = ASSAY_IMAGE_PIXELS, MAX_KERNELS = 3, PRODUCTS = 4 };

/* clang-format off */
typedef struct {
    const char *name;
    size_t m, n, k;
    bool images;                               /* A has the images, otherwise a ReLU's outputs */
    bool a_transposed, b_transposed, c_transposed;
} shape;

static const shape shapes[PRODUCTS] = {
    {"images: output", IMAGES, 512, PIXELS, .images = true, .b_transposed = true},
    {"images: weights' gradient", PIXELS, 512, IMAGES, .images = true, .a_transposed = true, .c_transposed = true},
    {"hidden: output", IMAGES, 256, 512, .b_transposed = true},
    {"hidden: inputs' gradient", IMAGES, 512, 256, .images = false},
};
/* clang-format on */

typedef struct {
    assay_panel_product product;
    float *a;
    float *b;
    float *c;
    double kept;
    double openblas;             /* seconds */
    double kernels[MAX_KERNELS]; /* in the order of assay_panel_supported */
} measurement;

static float *numbers(size_t count)
{
    float *made = assay_calloc(count, sizeof *made, NULL);
    if (made == NULL) {
        bench_stop("out of memory");
    }
    return made;
}

/* Normalized images from all over the data set. */
static void fill_images(float *a, const assay_dataset *data)
{
    float table[256];
    assay_normalization_table(data->mean, data->std, table);
    for (size_t i = 0; i < IMAGES; i++) {
        const uint8_t *pixels = data->pixels + i * (data->count / IMAGES) * PIXELS;
        for (size_t j = 0; j < PIXELS; j++) {
            a[i * PIXELS + j] = table[pixels[j]];
        }
    }
}

/* The share of pairs (two rows, k) in which one of both numbers is not the background. */
static double kept_share(const assay_panel_product *p)
{
    const assay_panel_matrix *a = &p->a;
    const size_t row = a->transposed ? 1 : a->stride;
    const size_t step = a->transposed ? a->stride : 1;
    size_t kept = 0;
    for (size_t i = 0; i + 1 < p->m; i += ASSAY_PANEL_ROWS) {
        for (size_t k = 0; k < p->k; k++) {
            const float *at = a->first + i * row + k * step;
            kept += at[0] != p->background || at[row] != p->background;
        }
    }
    return (double)kept * ASSAY_PANEL_ROWS / (double)(p->m * p->k);
}

static measurement prepare(const shape *s, const assay_dataset *data)
{
    measurement made = {.a = numbers(s->m * s->k), .b = numbers(s->n * s->k), .c = numbers(s->m * s->n)};
    if (s->images) {
        fill_images(made.a, data);
    } else {
        for (size_t i = 0; i < s->m * s->k; i++) {
            const float number = bench_random();
            made.a[i] = number > 0 ? number : 0;
        }
    }
    for (size_t i = 0; i < s->n * s->k; i++) {
        made.b[i] = 0.1f * bench_random();
    }
    made.product = (assay_panel_product){.m = s->m,
                                         .n = s->n,
                                         .k = s->k,
                                         .a = {made.a, s->a_transposed ? s->m : s->k, s->a_transposed},
                                         .b = {made.b, s->b_transposed ? s->k : s->n, s->b_transposed},
                                         .c = made.c,
                                         .c_stride = s->c_transposed ? s->m : s->n,
                                         .c_transposed = s->c_transposed};
    (void)assay_panel_left_out(s->m, s->k, made.product.a, &made.product.background);
    made.kept = kept_share(&made.product);
    return made;
}

static void by_openblas(const assay_panel_product *p)
{
    const CBLAS_TRANSPOSE a = p->a.transposed ? CblasTrans : CblasNoTrans;
    const CBLAS_TRANSPOSE b = p->b.transposed ? CblasTrans : CblasNoTrans;
    /* op(A) op(B), or its transpose as op(B)^T op(A)^T */
    if (p->c_transposed) {
        cblas_sgemm(CblasRowMajor, b == CblasTrans ? CblasNoTrans : CblasTrans,
                    a == CblasTrans ? CblasNoTrans : CblasTrans, (blasint)p->n, (blasint)p->m, (blasint)p->k, 1,
                    p->b.first, (blasint)p->b.stride, p->a.first, (blasint)p->a.stride, 0, p->c, (blasint)p->c_stride);
    } else {
        cblas_sgemm(CblasRowMajor, a, b, (blasint)p->m, (blasint)p->n, (blasint)p->k, 1, p->a.first,
                    (blasint)p->a.stride, p->b.first, (blasint)p->b.stride, 0, p->c, (blasint)p->c_stride);
    }
}

static void by_kernels(const assay_panel_kernels *kernels, const assay_panel_product *p, assay_panel_thread *thread)
{
    const size_t most = assay_panel_columns(p->k);
    for (size_t begin = 0; begin < p->n; begin += most) {
        const size_t end = p->n - begin < most ? p->n : begin + most;
        kernels->multiply(p, (assay_range){0, p->m}, (assay_range){begin, end}, thread);
    }
}

static void keep_least(double *least, double begin, int round)
{
    const double seconds = bench_seconds() - begin;
    *least = round == 0 || seconds < *least ? seconds : *least;
}

static void measure(measurement *m, int rounds, assay_panel_thread *thread)
{
    const assay_panel_kernels *const *kernels = assay_panel_supported();
    for (int round = 0; round < rounds; round++) {
        double begin = bench_seconds();
        by_openblas(&m->product);
        keep_least(&m->openblas, begin, round);
        for (int i = 0; kernels[i] != NULL; i++) {
            begin = bench_seconds();
            by_kernels(kernels[i], &m->product, thread);
            keep_least(&m->kernels[i], begin, round);
        }
    }
}

/* Prints a product's lines and appends them to the list. */
static void report(const char *name, const measurement *m, json_t *list)
{
    const assay_panel_kernels *const *kernels = assay_panel_supported();
    for (int i = 0; kernels[i] != NULL; i++) {
        const double ratio = m->kernels[i] / m->openblas;
        printf("%-26s %-8s %6.2f %12.3f %10.3f %7.2f %11.2f\n", name, kernels[i]->name, m->kept, m->openblas * 1e3,
               m->kernels[i] * 1e3, ratio, ratio / m->kept);
        json_array_append_new(list, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f}", "product", name, "kernels",
                                              kernels[i]->name, "kept", m->kept, "openblas", m->openblas, "seconds",
                                              m->kernels[i], "ratio", ratio));
    }
}

static json_t *measure_all(int rounds, const assay_dataset *data)
{
    assay_panel_thread *thread = assay_panel_threads_create(1, NULL);
    json_t *list = json_array();
    if (thread == NULL || list == NULL) {
        bench_stop("out of memory");
    }
    printf("%-26s %-8s %6s %12s %10s %7s %11s\n", "product", "kernels", "kept", "OpenBLAS ms", "ms", "ratio",
           "ratio/kept");
    for (size_t s = 0; s < PRODUCTS; s++) {
        measurement m = prepare(&shapes[s], data);
        measure(&m, rounds, thread);
        report(shapes[s].name, &m, list);
        assay_free(m.a);
        assay_free(m.b);
        assay_free(m.c);
    }
    assay_panel_threads_destroy(thread, 1);
    return list;
}

static const char usage[] = "Usage: panel [--rounds N] [--data DIR] [--json FILE]\n"
                            "Times the products that leave out zeros, and OpenBLAS's of the whole matrices, with\n"
                            "one thread: the least of N rounds (default 200). With --json - the table goes to\n"
                            "standard error.\n";

int main(int argc, char **argv)
{
    static const struct option table[] = {{"rounds", required_argument, NULL, 'r'},
                                          {"data", required_argument, NULL, 'd'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    bench_settings settings = {.rounds = 200, .data = bench_data_folder()};
    bench_parse(argc, argv, table, usage, 100000, &settings);
    assay_dataset data;
    bench_begin(settings.json, settings.data, &data);
    if (assay_panel_supported()[0] == NULL) {
        bench_stop("this processor has no kernels that leave out zeros (AVX2, AVX-512 or NEON)");
    }
    openblas_set_num_threads(1);
    printf("OpenBLAS's kernels: %s\n", openblas_get_corename());
    json_t *list = measure_all(settings.rounds, &data);
    assay_dataset_destroy(&data);
    bench_end_json(settings.json, list);
    return 0;
}
