/*
 * Times a training step and compares it with its matrix products. One process measures in turn, for each number of
 * threads and batch size: the products of one forward and backward pass alone, by OpenBLAS with its own threads; the
 * same products by the backend's gemm; the pass through lib/nn; and the whole step (gather, pass, update) with each of
 * the tutorial's optimizers. It prints medians over the rounds, and their ratio to the first. Images are random bytes.
 */
#include <cblas.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <assay/backend/backend.h>
#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include <assay/nn/network.h>
#include <assay/optim/optimizer.h>
#include <assay/train/batches.h>
#include "common.h"
#include "widths.h"

enum { IMAGES = ASSAY_TUTORIAL_TRAIN_COUNT, MAX_ROUNDS = 1000, MEASUREMENTS = 6, SGD = 3 };

/* clang-format off */
static const char *const measurement_names[MEASUREMENTS] = {
    "products, OpenBLAS's threads", "products, ours", "forward + backward", "step, sgd", "step, momentum",
    "step, adam"};
static const char *const optimizer_names[] = {"sgd", "momentum", "adam"};

typedef struct {
    int threads;
    size_t rows;
    bench_widths widths;
    assay_backend *backend;
    assay_network *network;
    assay_batches *batches;
    assay_optimizer *optimizers[3];
    assay_slice results; /* loss */
    assay_slice correct;
    assay_slice operands[3]; /* for the products alone: inputs, weights, outputs */
    float *host[3];          /* the same for OpenBLAS */
    size_t next;             /* batch */
} bench;
/* clang-format on */

/* --- the products alone ----------------------------------------------------------------------------------------- */

/* One of the 14 products: the layer's output, the gradient of its input (not of the images), that of its weight. */
typedef void (*multiply_function)(bench *b, assay_gemm_shape shape);

static void all_products(bench *b, multiply_function multiply)
{
    const size_t *widths = b->widths.at;
    for (size_t l = 0; l < b->widths.layers; l++) {
        size_t in = widths[l];
        size_t out = widths[l + 1];
        multiply(b, (assay_gemm_shape){.trans_b = true, .m = b->rows, .n = out, .k = in, .alpha = 1});
    }
    for (size_t l = b->widths.layers; l-- > 0;) {
        size_t in = widths[l];
        size_t out = widths[l + 1];
        if (l > 0) {
            multiply(b, (assay_gemm_shape){.m = b->rows, .n = in, .k = out, .alpha = 1});
        }
        multiply(b, (assay_gemm_shape){.trans_a = true, .m = out, .n = in, .k = b->rows, .alpha = 1});
    }
}

static void by_openblas(bench *b, assay_gemm_shape s)
{
    cblas_sgemm(CblasRowMajor, s.trans_a ? CblasTrans : CblasNoTrans, s.trans_b ? CblasTrans : CblasNoTrans,
                (blasint)s.m, (blasint)s.n, (blasint)s.k, 1, b->host[0], (blasint)(s.trans_a ? s.m : s.k), b->host[1],
                (blasint)(s.trans_b ? s.k : s.n), 0, b->host[2], (blasint)s.n);
}

static void by_backend(bench *b, assay_gemm_shape s)
{
    assay_gemm(b->backend, s, assay_part_of(b->operands[0], 0, s.m * s.k), assay_part_of(b->operands[1], 0, s.k * s.n),
               assay_part_of(b->operands[2], 0, s.m * s.n));
}

/* --- the measured ---------------------------------------------------------------------------------------------- */

static void pass(bench *b)
{
    assay_slice x = assay_batches_inputs(b->batches, b->rows);
    assay_network_forward(b->network, b->rows, x);
    assay_network_backward(b->network, b->rows, x, assay_batches_labels(b->batches, b->rows), b->results, b->correct,
                           ASSAY_NO_SLICE);
}

static void step(bench *b, int optimizer)
{
    assay_batches_load(b->batches, b->next * b->rows, b->rows);
    b->next = (b->next + 1) % (IMAGES / b->rows);
    pass(b);
    assay_optimizer_step(b->optimizers[optimizer], assay_network_parameters(b->network),
                         assay_network_gradients(b->network));
}

static void measured(bench *b, int measurement)
{
    if (measurement == 0) {
        all_products(b, by_openblas);
    } else if (measurement == 1) {
        all_products(b, by_backend);
    } else if (measurement == 2) {
        pass(b);
    } else {
        step(b, measurement - SGD);
    }
}

/* Seconds for one repetition. OpenBLAS's own threads spin for a while after their work, so what follows waits. */
static double measure(bench *b, int measurement, int repetitions)
{
    openblas_set_num_threads(measurement == 0 ? b->threads : 1);
    measured(b, measurement);
    double begin = bench_seconds();
    for (int i = 0; i < repetitions; i++) {
        measured(b, measurement);
    }
    double time = (bench_seconds() - begin) / repetitions;
    if (measurement == 0 && b->threads > 1) {
        nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
    }
    return time;
}

/* --- setting up ------------------------------------------------------------------------------------------------ */

static assay_slice reals(assay_backend *backend, size_t count, assay_generator *generator)
{
    assay_slice slice = assay_whole(assay_buffer_create(backend, ASSAY_REAL, count));
    assay_fill_random(backend, slice, generator, (assay_distribution){ASSAY_NORMAL, 0, 0.05});
    return slice;
}

static void make_images(assay_dataset *data)
{
    assay_dataset_create(ASSAY_INPUTS_BYTES, IMAGES, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, data, NULL);
    data->mean = ASSAY_NORMALIZE_MEAN;
    data->std = ASSAY_NORMALIZE_STD;
    uint32_t state = 1;
    for (size_t i = 0; i < IMAGES * (size_t)ASSAY_IMAGE_PIXELS; i++) {
        state = state * 1664525 + 1013904223;
        data->pixels[i] = (uint8_t)(state >> 24);
    }
    for (size_t i = 0; i < IMAGES; i++) {
        data->labels[i] = (int32_t)(i % ASSAY_CLASSES);
    }
}

static void shuffle(bench *b)
{
    uint32_t *order = assay_calloc(IMAGES, sizeof *order, NULL);
    for (uint32_t i = 0; i < IMAGES; i++) {
        order[i] = (uint32_t)((uint64_t)i * 19661 % IMAGES); /* 19661 is a prime number and no factor of IMAGES */
    }
    assay_batches_order(b->batches, order, IMAGES);
    assay_free(order);
}

static assay_status open_bench(bench *b, const assay_dataset *data, assay_error *error)
{
    const assay_backend_options options = {"openblas", ASSAY_F32, b->threads};
    ASSAY_TRY(assay_backend_open(&options, &b->backend, error));
    const assay_network_config config = assay_tutorial_network(ASSAY_RELU);
    ASSAY_TRY(assay_network_create(b->backend, &config, b->rows, false, &b->network, error));
    ASSAY_TRY(assay_batches_create(b->backend, data, b->rows, &b->batches, error));
    shuffle(b);
    assay_slice parameters = assay_network_parameters(b->network);
    for (int i = 0; i < 3; i++) {
        assay_update_rule rule;
        ASSAY_TRY(assay_optimizer_by_name(optimizer_names[i], &rule, error));
        rule.learning_rate = 1e-6; /* the images are random: the weights should hardly change */
        ASSAY_TRY(assay_optimizer_create(b->backend, &rule, parameters.count, &b->optimizers[i], error));
    }
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 1, 0);
    assay_fill_random(b->backend, parameters, &generator, (assay_distribution){ASSAY_NORMAL, 0, 0.05});
    b->widths = tutorial_widths();
    const size_t *widths = b->widths.at;
    const size_t sizes[3] = {b->rows * widths[0], widths[1] * widths[0] + b->rows * widths[0],
                             b->rows * widths[0] + widths[0] * widths[1]};
    for (int i = 0; i < 3; i++) {
        b->operands[i] = reals(b->backend, sizes[i], &generator);
        b->host[i] = assay_calloc(sizes[i], sizeof(float), error);
        assay_download_f32(b->backend, b->operands[i], b->host[i]);
    }
    b->results = assay_whole(assay_buffer_create(b->backend, ASSAY_REAL, 1));
    b->correct = assay_whole(assay_buffer_create(b->backend, ASSAY_INT32, 1));
    assay_batches_load(b->batches, 0, b->rows);
    return assay_backend_check(b->backend, error);
}

static void close_bench(bench *b)
{
    for (int i = 0; i < 3; i++) {
        assay_buffer_destroy(b->backend, b->operands[i].buffer);
        assay_free(b->host[i]);
        assay_optimizer_destroy(b->optimizers[i]);
    }
    assay_buffer_destroy(b->backend, b->results.buffer);
    assay_buffer_destroy(b->backend, b->correct.buffer);
    assay_batches_destroy(b->batches);
    assay_network_destroy(b->network);
    assay_backend_close(b->backend);
}

/* --- the report ------------------------------------------------------------------------------------------------ */

static json_t *run(int threads, size_t rows, int rounds, const assay_dataset *data)
{
    static double times[MEASUREMENTS][MAX_ROUNDS];
    assay_error error = {.status = ASSAY_OK};
    bench b = {.threads = threads, .rows = rows};
    if (open_bench(&b, data, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    const int repetitions = rows < 512 ? 8 : 3;
    for (int round = 0; round < rounds; round++) {
        for (int m = 0; m < MEASUREMENTS; m++) {
            times[m][round] = measure(&b, m, repetitions);
        }
    }
    if (assay_backend_check(b.backend, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    json_t *list = json_array();
    double products = bench_quantile(times[0], (size_t)rounds, 0.5);
    printf("\n%d thread%s, %zu images a batch\n", threads, threads == 1 ? "" : "s", rows);
    for (int m = 0; m < MEASUREMENTS; m++) {
        double time = bench_quantile(times[m], (size_t)rounds, 0.5);
        printf("  %-30s %8.3f ms   %5.3f\n", measurement_names[m], 1e3 * time, time / products);
        json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:f, s:f}", "threads", threads, "rows", (int)rows,
                                              "what", measurement_names[m], "seconds", time, "ratio", time / products));
    }
    close_bench(&b);
    return list;
}

static const char usage[] = "Usage: step [--rounds N] [--threads N] [--json FILE]\n"
                            "Times a training step and its matrix products alone: medians of N rounds (default\n"
                            "25), with 1 and 2 threads or with N. With --json - the table goes to standard error.\n";

int main(int argc, char **argv)
{
    static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
                                            {"threads", required_argument, NULL, 't'},
                                            {"json", required_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    bench_settings settings = {.rounds = 25}; /* threads 0: 1 and 2 */
    bench_parse(argc, argv, options, usage, MAX_ROUNDS, &settings);
    const int threads = settings.threads;
    bench_begin_json(settings.json, NULL);
    assay_dataset data;
    make_images(&data);
    const char *better = assay_openblas_better_core();
    printf("OpenBLAS's kernels: %s%s%s\n", openblas_get_corename(),
           better == NULL ? "" : "; faster here: OPENBLAS_CORETYPE=", better == NULL ? "" : better);
    json_t *all = json_array();
    for (int t = threads == 0 ? 1 : threads; t <= (threads == 0 ? 2 : threads); t++) {
        for (size_t rows = 256; rows <= 1024; rows *= 4) {
            json_t *list = run(t, rows, settings.rounds, &data);
            json_array_extend(all, list);
            json_decref(list);
        }
    }
    assay_dataset_destroy(&data);
    bench_end_json(settings.json, all);
    return 0;
}
