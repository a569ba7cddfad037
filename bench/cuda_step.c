/*
 * Times a step of the tutorial's training on a GPU. For each optimizer: steps alone, in a row (gather, forward, loss,
 * backward, update; each step is one graph launch), and whole epochs of the trainer with shuffling and validation. It
 * runs on any backend (--backend), so that it can be tried without a GPU. The data is Fashion-MNIST if it is installed,
 * else random images; the time is the same.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/backend/backend.h>
#include <assay/base/alloc.h>
#include <assay/init/initializer.h>
#include <assay/nn/network.h>
#include <assay/optim/optimizer.h>
#include <assay/train/batches.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/runs.h>
#include "common.h"

enum { RUNS = ASSAY_RUN_COUNT, IMAGES = ASSAY_TUTORIAL_TRAIN_COUNT + ASSAY_TUTORIAL_VALIDATION_COUNT, WARM_UP = 20 };

static const char *const run_names[RUNS] = {"sgd", "momentum", "adam"};

typedef struct {
    const char *backend;
    const char *precision;
    int epochs;
    int steps;
    const char *data;
    const char *json;
} bench_options;

typedef struct {
    double step;      /* seconds of a step alone */
    double epochs;    /* seconds of all epochs */
    double last_loss; /* of the last step */
    double score;     /* of the last epoch's validation */
} result;

/* Noise with a bright bar whose position is the label. */
static assay_dataset make_up(void)
{
    assay_dataset data;
    assay_error error;
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 1);
    if (assay_dataset_create(ASSAY_INPUTS_BYTES, IMAGES, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, &data, &error) !=
        ASSAY_OK) {
        bench_stop(error.message);
    }
    data.mean = ASSAY_NORMALIZE_MEAN;
    data.std = ASSAY_NORMALIZE_STD;
    for (size_t i = 0; i < data.count; i++) {
        uint8_t *image = data.pixels + i * data.width;
        for (size_t j = 0; j < data.width; j++) {
            image[j] = (uint8_t)(assay_mt19937_random32(&generator) & 127u);
        }
        data.labels[i] = (int32_t)(assay_mt19937_random32(&generator) % 10);
        memset(image + 56 * (size_t)data.labels[i] + 56, 255, 56);
    }
    return data;
}

static assay_dataset load(const char *folder, bool *made_up)
{
    assay_dataset data;
    assay_error error;
    *made_up = assay_dataset_load(folder, ASSAY_TRAIN, &data, &error) != ASSAY_OK;
    if (*made_up) {
        fprintf(stderr, "cuda_step: %s; using random images instead\n", error.message);
        data = make_up();
    }
    return data;
}

/* --- steps alone -------------------------------------------------------------------------------------------------- */

typedef struct {
    assay_network *network;
    assay_optimizer *optimizer;
    assay_batches *batches;
    assay_buffer *loss;
    assay_buffer *right;
} learner;

static learner open_learner(assay_backend *backend, const assay_train_options *options, const assay_dataset *data)
{
    learner l;
    assay_error error;
    if (assay_network_create(backend, &options->network, options->batch_rows, false, &l.network, &error) != ASSAY_OK ||
        assay_optimizer_create(backend, &options->rule, assay_network_parameters(l.network).count, &l.optimizer,
                               &error) != ASSAY_OK ||
        assay_batches_create(backend, data, options->batch_rows, &l.batches, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    l.loss = assay_buffer_create(backend, ASSAY_REAL, 1);
    l.right = assay_buffer_create(backend, ASSAY_INT32, 1);
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, ASSAY_TUTORIAL_SEED, ASSAY_TUTORIAL_BLOCKS);
    assay_initialize(&options->initializer, l.network, &generator);
    return l;
}

static void close_learner(assay_backend *backend, learner *l)
{
    assay_buffer_destroy(backend, l->loss);
    assay_buffer_destroy(backend, l->right);
    assay_batches_destroy(l->batches);
    assay_optimizer_destroy(l->optimizer);
    assay_network_destroy(l->network);
}

static void take_steps(learner *l, size_t rows, int count)
{
    size_t places = assay_batches_count(l->batches) / rows;
    for (int step = 0; step < count; step++) {
        assay_batches_load(l->batches, (size_t)step % places * rows, rows);
        assay_slice x = assay_batches_inputs(l->batches, rows);
        assay_network_forward(l->network, rows, x);
        assay_network_backward(l->network, rows, x, assay_batches_labels(l->batches, rows), assay_whole(l->loss),
                               assay_whole(l->right), ASSAY_NO_SLICE);
        assay_optimizer_step(l->optimizer, assay_network_parameters(l->network), assay_network_gradients(l->network));
    }
}

static void wait(assay_backend *backend)
{
    assay_error error;
    if (assay_backend_check(backend, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
}

static double time_steps(assay_backend *backend, const assay_train_options *options, const assay_dataset *data,
                         int steps)
{
    learner l = open_learner(backend, options, data);
    take_steps(&l, options->batch_rows, WARM_UP);
    wait(backend);
    double begin = bench_seconds();
    take_steps(&l, options->batch_rows, steps);
    wait(backend);
    double taken = bench_seconds() - begin;
    close_learner(backend, &l);
    return taken / steps;
}

/* --- epochs ------------------------------------------------------------------------------------------------------ */

static void time_epochs(assay_backend *backend, const assay_train_options *options, const assay_dataset *data,
                        result *r)
{
    assay_trainer *trainer;
    assay_error error;
    if (assay_trainer_create(backend, options, data, &trainer, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    double begin = bench_seconds();
    for (size_t epoch = 0; epoch < options->epochs; epoch++) {
        if (assay_trainer_epoch(trainer, NULL, &error) != ASSAY_OK) {
            bench_stop(error.message);
        }
    }
    r->epochs = bench_seconds() - begin;
    r->last_loss = assay_trainer_losses(trainer)[options->epochs * assay_trainer_steps_per_epoch(trainer) - 1];
    r->score = assay_trainer_validation_scores(trainer)[options->epochs - 1];
    assay_trainer_destroy(trainer);
}

static json_t *run(assay_backend *backend, const bench_options *options, const assay_dataset *data)
{
    json_t *rows = json_array();
    printf("%-10s %14s %16s %14s %12s\n", "", "step alone", "step in epochs", "all epochs", "validation");
    for (int i = 0; i < RUNS; i++) {
        assay_train_options train = assay_tutorial_training((assay_run)i);
        train.epochs = (size_t)options->epochs;
        result r = {.step = time_steps(backend, &train, data, options->steps)};
        time_epochs(backend, &train, data, &r);
        double within = r.epochs / (options->epochs * (double)(train.train_count / train.batch_rows));
        printf("%-10s %11.1f us %13.1f us %12.3f s %12.4f\n", run_names[i], 1e6 * r.step, 1e6 * within, r.epochs,
               r.score);
        json_array_append_new(rows, json_pack("{s:s, s:f, s:f, s:f, s:f, s:f}", "what", run_names[i], "step", r.step,
                                              "step_in_epochs", within, "epochs", r.epochs, "last_loss", r.last_loss,
                                              "validation_score", r.score));
    }
    return rows;
}

/* --- options ----------------------------------------------------------------------------------------------------- */

static void usage(FILE *stream)
{
    fputs("Usage: cuda_step [--backend cuda] [--precision f32] [--epochs 40] [--steps 2000] [--data DIR]\n"
          "                 [--json FILE]\n"
          "With --json - the table goes to standard error.\n",
          stream);
}

static bench_options parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"backend", required_argument, NULL, 'b'}, {"precision", required_argument, NULL, 'p'},
        {"epochs", required_argument, NULL, 'e'},  {"steps", required_argument, NULL, 's'},
        {"data", required_argument, NULL, 'd'},    {"json", required_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    bench_options options = {
        .backend = "cuda", .precision = "f32", .epochs = 40, .steps = 2000, .data = ASSAY_DEFAULT_DATA};
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        switch (option) {
        case 'b': options.backend = optarg; break;
        case 'p': options.precision = optarg; break;
        case 'e': options.epochs = bench_number(optarg, 1, 1000000); break;
        case 's': options.steps = bench_number(optarg, 1, 1000000); break;
        case 'd': options.data = optarg; break;
        case 'j': options.json = optarg; break;
        case 'h': usage(stdout); exit(0);
        default: usage(stderr); exit(2);
        }
    }
    return options;
}

int main(int argc, char **argv)
{
    bench_options options = parse(argc, argv);
    bench_begin_json(options.json, options.data);
    assay_backend_options opening = {.name = options.backend};
    assay_backend *backend;
    assay_error error;
    if (assay_precision_by_name(options.precision, &opening.precision, &error) != ASSAY_OK ||
        assay_backend_open(&opening, &backend, &error) != ASSAY_OK) {
        bench_stop(error.message);
    }
    bool made_up;
    assay_dataset data = load(options.data, &made_up);
    json_t *rows = run(backend, &options, &data);
    json_t *all = json_pack("{s:s, s:s, s:i, s:b, s:o}", "backend", options.backend, "precision", options.precision,
                            "count", options.epochs, "made_up_data", made_up, "runs", rows);
    bench_end_json(options.json, all);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
    return 0;
}
