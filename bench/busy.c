/*
 * Times training on a busy machine. With k other processes that compute, k = 0, 1, ..., it trains in turn with one
 * thread and with all threads, in short epochs, and prints how long all threads take compared with one. The others run
 * in this program, so that the machine is as busy as the table says, or busier.
 *
 * The exit status is 1 if the median ratio is above LIMIT for some k: then more threads make training slower.
 */
#include <cblas.h>
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/backend/backend.h>
#include <assay/base/alloc.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/runs.h>
#include "common.h"

enum {
    MAX_COMPETITORS = 64,
    MAX_ROUNDS = 1000,
    BATCH = ASSAY_TUTORIAL_BATCH_ROWS,
    PAIRS = 4 /* epochs of each kind between one start of the competitors and the next */
};

static const double LIMIT = 1.15;

typedef struct {
    int threads;
    int competitors;
    int rounds;
    int steps;
    const char *data;
    const char *json;
} bench_options;

/* Training with one number of threads. */
typedef struct {
    assay_backend *backend;
    assay_trainer *trainer;
} runner;

/* Of all epochs with one number of competitors. */
typedef struct {
    double *one; /* seconds, in the order of the measurements */
    double *all;
    size_t count;
} times;

/* --- competitors ------------------------------------------------------------------------------------------------- */

/* Computes until it is killed, at the latest when its parent ends. */
static _Noreturn void compete(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(0);
    }
    for (volatile double x = 1;; x = x * 0.999 + 0.001) {
    }
}

static void start_competitors(pid_t *competitors, int count)
{
    const pid_t parent = getpid();
    for (int i = 0; i < count; i++) {
        competitors[i] = fork();
        if (competitors[i] == 0) {
            compete(parent);
        } else if (competitors[i] < 0) {
            bench_stop(strerror(errno));
        }
    }
}

static void end_competitors(const pid_t *competitors, int count)
{
    for (int i = 0; i < count; i++) {
        kill(competitors[i], SIGKILL);
        waitpid(competitors[i], NULL, 0);
    }
}

/* --- measurements ------------------------------------------------------------------------------------------------ */

static double time_epoch(const runner *r)
{
    assay_error error;
    double begin = bench_seconds();
    if (assay_trainer_epoch(r->trainer, NULL, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    return bench_seconds() - begin;
}

/* Which of both is first changes, so that a load that grows or falls favours neither. */
static void time_pairs(const runner *one, const runner *all, times *t)
{
    for (int pair = 0; pair < PAIRS; pair++) {
        bool one_first = pair % 2 == 0;
        double first = time_epoch(one_first ? one : all);
        double second = time_epoch(one_first ? all : one);
        t->one[t->count] = one_first ? first : second;
        t->all[t->count] = one_first ? second : first;
        t->count++;
    }
}

static void open_runner(runner *r, int threads, const bench_options *options, const assay_dataset *data)
{
    assay_error error;
    const assay_backend_options opening = {"openblas", ASSAY_F32, threads};
    assay_train_options train = assay_tutorial_training(ASSAY_RUN_MOMENTUM);
    train.draws = NULL;
    train.train_count = (size_t)options->steps * BATCH;
    train.epochs = 1 + (size_t)options->rounds * PAIRS * (size_t)(options->competitors + 1);
    if (assay_backend_open(&opening, &r->backend, &error) != ASSAY_OK ||
        assay_trainer_create(r->backend, &train, data, &r->trainer, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    time_epoch(r); /* warms up */
}

static void close_runner(runner *r)
{
    assay_trainer_destroy(r->trainer);
    assay_backend_close(r->backend);
}

static void measure(const bench_options *options, const assay_dataset *data, times *results)
{
    runner one;
    runner all;
    open_runner(&one, 1, options, data);
    open_runner(&all, options->threads, options, data);
    for (int round = 0; round < options->rounds; round++) {
        for (int k = 0; k <= options->competitors; k++) {
            pid_t competitors[MAX_COMPETITORS];
            start_competitors(competitors, k);
            time_pairs(&one, &all, &results[k]);
            end_competitors(competitors, k);
        }
    }
    close_runner(&one);
    close_runner(&all);
}

/* --- the report -------------------------------------------------------------------------------------------------- */

static double total(const double *numbers, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += numbers[i];
    }
    return sum;
}

/* Prints one row and returns the median ratio. */
static double report(const bench_options *options, int competitors, times *t, json_t *rows)
{
    double *ratios = assay_calloc(t->count, sizeof *ratios, NULL);
    if (ratios == NULL) {
        bench_stop("out of memory");
    }
    for (size_t i = 0; i < t->count; i++) {
        ratios[i] = t->all[i] / t->one[i];
    }
    const double whole = total(t->all, t->count) / total(t->one, t->count);
    const double median = bench_quantile(ratios, t->count, 0.5);
    const double high = bench_quantile(ratios, t->count, 0.9);
    const double step_one = bench_quantile(t->one, t->count, 0.5) / options->steps;
    const double step_all = bench_quantile(t->all, t->count, 0.5) / options->steps;
    assay_free(ratios);
    printf("%11d %12.3f %12.3f %10.3f %12.3f %10.3f\n", competitors, 1e3 * step_one, 1e3 * step_all, median, high,
           whole);
    json_array_append_new(rows,
                          json_pack("{s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "competitors", competitors, "threads",
                                    options->threads, "epochs", (int)t->count, "step_one", step_one, "step_all",
                                    step_all, "median_ratio", median, "high_ratio", high, "total_ratio", whole));
    return median;
}

static double report_all(const bench_options *options, times *results, json_t **rows)
{
    double worst = 0;
    *rows = json_array();
    printf("OpenBLAS's kernels: %s. Milliseconds of a step (median), and the time with %d threads divided by the time\n"
           "with 1: median of the epochs, 90 %% quantile, and of the total time\n\n"
           "competitors     1 thread    %2d threads     median          90%%      total\n",
           openblas_get_corename(), options->threads, options->threads);
    for (int k = 0; k <= options->competitors; k++) {
        double ratio = report(options, k, &results[k], *rows);
        worst = ratio > worst ? ratio : worst;
    }
    printf("\nThe largest median ratio is %.3f; at most %.2f is allowed.\n", worst, LIMIT);
    return worst;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

static const char usage[] =
    "Usage: busy [--competitors N] [--threads N] [--rounds N] [--steps N] [--data DIR] [--json FILE]\n"
    "Trains with 1 thread and with --threads (default: one for each processor) in turn, while\n"
    "0, 1, ... --competitors other processes compute (default: one for each processor). An epoch\n"
    "has --steps steps (default 40); each round (default 5) has four epochs of each kind.\n"
    "With --json - the table goes to standard error.\n";

static void parse(int argc, char **argv, bench_options *options)
{
    static const struct option table[] = {{"competitors", required_argument, NULL, 'c'},
                                          {"threads", required_argument, NULL, 't'},
                                          {"rounds", required_argument, NULL, 'r'},
                                          {"steps", required_argument, NULL, 's'},
                                          {"data", required_argument, NULL, 'd'},
                                          {"json", required_argument, NULL, 'j'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    for (int option; (option = getopt_long(argc, argv, "", table, NULL)) != -1;) {
        switch (option) {
        case 'c': options->competitors = bench_number(optarg, 0, MAX_COMPETITORS); break;
        case 't': options->threads = bench_number(optarg, 2, MAX_COMPETITORS); break;
        case 'r': options->rounds = bench_number(optarg, 1, MAX_ROUNDS); break;
        case 's': options->steps = bench_number(optarg, 1, ASSAY_TUTORIAL_TRAIN_COUNT / BATCH); break;
        case 'd': options->data = optarg; break;
        case 'j': options->json = optarg; break;
        default: fputs(usage, option == 'h' ? stdout : stderr); exit(option == 'h' ? 0 : 2);
        }
    }
}

static int processors(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 2 ? 2 : online > MAX_COMPETITORS ? MAX_COMPETITORS : (int)online;
}

int main(int argc, char **argv)
{
    bench_options options = {
        .threads = processors(), .competitors = processors(), .rounds = 5, .steps = 40, .data = bench_data_folder()};
    parse(argc, argv, &options);
    assay_dataset data;
    bench_begin(options.json, options.data, &data);
    assay_dataset some = data; /* one batch validates */
    some.count = ((size_t)options.steps + 1) * BATCH;
    times results[MAX_COMPETITORS + 1] = {0};
    for (int k = 0; k <= options.competitors; k++) {
        size_t count = (size_t)options.rounds * PAIRS;
        results[k].one = assay_calloc(count, sizeof(double), NULL);
        results[k].all = assay_calloc(count, sizeof(double), NULL);
        if (results[k].one == NULL || results[k].all == NULL) {
            bench_stop("out of memory");
        }
    }
    measure(&options, &some, results);
    json_t *rows;
    double worst = report_all(&options, results, &rows);
    for (int k = 0; k <= options.competitors; k++) {
        assay_free(results[k].one);
        assay_free(results[k].all);
    }
    assay_dataset_destroy(&data);
    bench_end_json(options.json, rows);
    return worst <= LIMIT ? 0 : 1;
}
