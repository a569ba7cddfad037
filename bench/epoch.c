/*
 * Times a training epoch and compares it with its matrix products. One process measures in turn, with 1 and with 2
 * threads: the matrix products of an epoch alone, by OpenBLAS with its own threads, and the trainer's whole epoch
 * (shuffle, gather batches, forward, loss, backward, update, accuracy) with each of the tutorial's optimizers. The
 * validation after an epoch is timed separately, and compared with the products of its forward passes. The minimum over
 * the rounds counts, since other work on the machine only adds time. On a busy machine no whole epoch may run
 * undisturbed; the last columns therefore compare the 10 % quantile of the time of a step. The data, Fashion-MNIST, is
 * in memory before the clock starts.
 */
#include <cblas.h>
#include <stdio.h>
#include <time.h>

#include <assay/backend/backend.h>
#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include "common.h"
#include "products.h"
#include <assay/train/trainer.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/runs.h>

enum {
    RUNS = ASSAY_RUN_COUNT,
    MAX_THREADS = 2,
    BATCH = ASSAY_TUTORIAL_BATCH_ROWS,
    STEPS = ASSAY_TUTORIAL_TRAIN_COUNT / BATCH,
    VALIDATION = ASSAY_TUTORIAL_VALIDATION_COUNT
};

static const char *const run_names[RUNS] = {"sgd", "momentum", "adam"};

/* Seconds. */
typedef struct {
    double training;   /* shuffling and all steps */
    double validation; /* validation and the download of the losses */
} parts;

/* Seconds of each step, of all rounds. */
typedef struct {
    double *times;
    size_t count;
    double last; /* the clock at the end of the last step */
} step_times;

typedef struct {
    int threads;
    assay_backend *backend;
    assay_trainer *trainers[RUNS];
    parts products;     /* minimum so far */
    parts epochs[RUNS]; /* minimum so far */
    step_times product_steps;
    step_times steps[RUNS];
} bench;

static void keep_least(parts *least, parts now)
{
    if (least->training == 0 || now.training < least->training) {
        least->training = now.training;
    }
    if (least->validation == 0 || now.validation < least->validation) {
        least->validation = now.validation;
    }
}

static void end_step(step_times *steps)
{
    double now = bench_seconds();
    steps->times[steps->count++] = now - steps->last;
    steps->last = now;
}

/* The 10 % quantile. */
static double quiet_step(step_times *steps)
{
    return bench_quantile(steps->times, steps->count, 0.1);
}

static parts time_products(products *p, int threads, step_times *steps)
{
    openblas_set_num_threads(threads);
    products_step(p, BATCH);
    double begin = bench_seconds();
    steps->last = begin;
    for (int step = 0; step < STEPS; step++) {
        products_step(p, BATCH);
        end_step(steps);
    }
    double trained = steps->last;
    for (size_t first = 0; first < VALIDATION; first += BATCH) {
        products_forward(p, VALIDATION - first < BATCH ? VALIDATION - first : BATCH);
    }
    const parts taken = {trained - begin, bench_seconds() - trained};
    openblas_set_num_threads(1);
    /* OpenBLAS's threads spin for a while after their work: wait until they sleep. */
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    return taken;
}

static void note_end(void *context, size_t epoch, size_t done, size_t steps)
{
    (void)epoch;
    (void)done;
    (void)steps;
    end_step(context);
}

static parts time_epoch(assay_trainer *trainer, step_times *steps)
{
    assay_error error;
    const assay_train_progress progress = {note_end, steps};
    double begin = bench_seconds();
    steps->last = begin;
    if (assay_trainer_epoch(trainer, &progress, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    return (parts){steps->last - begin, bench_seconds() - steps->last};
}

static void open_bench(bench *b, int threads, int rounds, const assay_dataset *data)
{
    assay_error error;
    const assay_backend_options options = {"openblas", ASSAY_F32, threads};
    *b = (bench){.threads = threads};
    if (assay_backend_open(&options, &b->backend, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    const size_t steps = ((size_t)rounds + 1) * STEPS;
    b->product_steps.times = assay_calloc(steps, sizeof(double), NULL);
    for (int run = 0; run < RUNS; run++) {
        b->steps[run].times = assay_calloc(steps, sizeof(double), NULL);
        assay_train_options train = assay_tutorial_training((assay_run)run);
        train.epochs = (size_t)rounds + 1;
        train.draws = assay_tutorial_training(ASSAY_RUN_SGD).draws;
        if (assay_trainer_create(b->backend, &train, data, &b->trainers[run], &error) != ASSAY_OK) {
            bench_stop(error.message);
        }
    }
}

static void close_bench(bench *b)
{
    for (int run = 0; run < RUNS; run++) {
        assay_trainer_destroy(b->trainers[run]);
        assay_free(b->steps[run].times);
    }
    assay_free(b->product_steps.times);
    assay_backend_close(b->backend);
}

/* --- the report ------------------------------------------------------------------------------------------------ */

static void report(const bench *b, const char *what, parts taken, const double quiet[2], json_t *list)
{
    double whole = taken.training + taken.validation;
    double bare = b->products.training + b->products.validation;
    printf("  %-12s %8.3f  %6.3f %11.3f  %6.3f %9.3f  %6.3f %12.3f  %6.3f\n", what, taken.training,
           taken.training / b->products.training, taken.validation, taken.validation / b->products.validation, whole,
           whole / bare, 1e3 * quiet[0], quiet[0] / quiet[1]);
    json_array_append_new(list, json_pack("{s:s, s:i, s:f, s:f, s:f, s:s}", "what", what, "threads", b->threads,
                                          "training", taken.training, "validation", taken.validation, "quiet_step",
                                          quiet[0], "kernels", openblas_get_corename()));
}

static void report_scaling(const char *what, parts one, parts two, double quiet_one, double quiet_two)
{
    printf("  %-12s %8.2f %51s %12.2f\n", what, one.training / two.training, "", quiet_one / quiet_two);
}

static json_t *report_all(bench *benches, int count)
{
    double quiet[MAX_THREADS][RUNS + 1];
    json_t *list = json_array();
    for (int i = 0; i < count; i++) {
        bench *b = &benches[i];
        const double bare = quiet_step(&b->product_steps);
        quiet[i][RUNS] = bare;
        printf("\n%d thread%s  training s   ratio  validation   ratio     whole   ratio  quiet step ms  ratio\n",
               b->threads, b->threads == 1 ? " " : "s");
        report(b, "products", b->products, (const double[]){bare, bare}, list);
        for (int run = 0; run < RUNS; run++) {
            quiet[i][run] = quiet_step(&b->steps[run]);
            report(b, run_names[run], b->epochs[run], (const double[]){quiet[i][run], bare}, list);
        }
    }
    if (count == 2) {
        printf("\n1 thread / 2 threads\n");
        report_scaling("products", benches[0].products, benches[1].products, quiet[0][RUNS], quiet[1][RUNS]);
        for (int run = 0; run < RUNS; run++) {
            report_scaling(run_names[run], benches[0].epochs[run], benches[1].epochs[run], quiet[0][run],
                           quiet[1][run]);
        }
    }
    return list;
}

static json_t *measure(const bench_settings *settings, const assay_dataset *data, products *operands)
{
    bench benches[MAX_THREADS];
    int count = settings->threads == 0 ? MAX_THREADS : 1;
    for (int i = 0; i < count; i++) {
        open_bench(&benches[i], settings->threads == 0 ? i + 1 : settings->threads, settings->rounds, data);
    }
    for (int round = 0; round <= settings->rounds; round++) {
        for (int i = 0; i < count; i++) {
            bench *b = &benches[i];
            const parts taken = time_products(operands, b->threads, &b->product_steps);
            if (round > 0) { /* round 0 warms up */
                keep_least(&b->products, taken);
            }
            for (int run = 0; run < RUNS; run++) {
                const parts epoch = time_epoch(b->trainers[run], &b->steps[run]);
                if (round > 0) {
                    keep_least(&b->epochs[run], epoch);
                }
            }
        }
    }
    json_t *list = report_all(benches, count);
    for (int i = 0; i < count; i++) {
        close_bench(&benches[i]);
    }
    return list;
}

static const char usage[] = "Usage: epoch [--rounds N] [--threads N] [--data DIR] [--json FILE]\n"
                            "Times a training epoch and its matrix products alone: the minimum of N rounds\n"
                            "(default 5), with 1 and 2 threads or with N. With --json - the table goes to\n"
                            "standard error.\n";

int main(int argc, char **argv)
{
    static const struct option table[] = {
        {"rounds", required_argument, NULL, 'r'}, {"threads", required_argument, NULL, 't'},
        {"data", required_argument, NULL, 'd'},   {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    bench_settings settings = {.rounds = 5, .data = bench_data_folder()}; /* threads 0: 1 and 2 */
    bench_parse(argc, argv, table, usage, 1000, &settings);
    assay_dataset data;
    bench_begin(settings.json, settings.data, &data);
    products *operands = products_create(BATCH);
    if (operands == NULL) {
        bench_stop("out of memory");
    }
    const char *better = assay_openblas_better_core();
    printf("OpenBLAS's kernels: %s%s%s\n", openblas_get_corename(),
           better == NULL ? "" : "; faster here: OPENBLAS_CORETYPE=", better == NULL ? "" : better);
    json_t *list = measure(&settings, &data, operands);
    products_destroy(operands);
    assay_dataset_destroy(&data);
    bench_end_json(settings.json, list);
    return 0;
}
