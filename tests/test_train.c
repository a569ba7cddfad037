/* lib/train on a small made-up data set: batches, the trainer, checkpoints. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/config.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include <assay/optim/optimizer.h>
#include "support.h"
#include "train/trainer_impl.h"
#include <assay/train/batches.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/chain.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/runs.h>
#include "train_sample.h"

enum { IMAGES = 400, TEST_IMAGES = 150 };

static assay_trainer *create(assay_backend *backend, const assay_train_options *options, const assay_dataset *data)
{
    assay_trainer *trainer;
    assay_error error;
    support_assert_ok(assay_trainer_create(backend, options, data, &trainer, &error), &error);
    return trainer;
}

static void run_epochs(assay_trainer *trainer, size_t count)
{
    assay_error error;
    for (size_t i = 0; i < count; i++) {
        support_assert_ok(assay_trainer_epoch(trainer, NULL, &error), &error);
    }
}

static double *parameters_of(assay_backend *backend, assay_slice slice)
{
    double *values = assay_calloc(slice.count, sizeof *values, NULL);
    assay_download_f64(backend, slice, values);
    return values;
}

/* --- batches --------------------------------------------------------------------------------------------------- */

START_TEST(batches_follow_the_order)
{
    evidence(EVIDENCE_PROPERTY, "train/batches_load");
    assay_backend *backend = sample_backend("reference", ASSAY_F64, 1);
    assay_dataset data = sample_dataset(7, 3);
    assay_batches *batches;
    assay_error error;
    support_assert_ok(assay_batches_create(backend, &data, 4, &batches, &error), &error);
    ck_assert_uint_eq(assay_batches_count(batches), 7);
    const uint32_t order[] = {6, 0, 5, 2, 1};
    assay_batches_order(batches, order, 5);
    ck_assert_uint_eq(assay_batches_count(batches), 5);
    float table[256];
    assay_normalization_table(ASSAY_NORMALIZE_MEAN, ASSAY_NORMALIZE_STD, table);
    const struct {
        size_t first;
        size_t rows;
    } cases[] = {{0, 4}, {4, 1}, {1, 3}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assay_batches_load(batches, cases[c].first, cases[c].rows);
        double *x = parameters_of(backend, assay_batches_inputs(batches, cases[c].rows));
        int32_t labels[4];
        assay_download_i32(backend, assay_batches_labels(batches, cases[c].rows), labels);
        for (size_t r = 0; r < cases[c].rows; r++) {
            size_t image = order[cases[c].first + r];
            ck_assert_int_eq(labels[r], data.labels[image]);
            for (size_t j = 0; j < data.width; j++) {
                double want = (double)table[data.pixels[image * data.width + j]];
                if (x[r * data.width + j] != want) {
                    ck_abort_msg("case %zu, row %zu, pixel %zu: %g instead of %g", c, r, j, x[r * data.width + j],
                                 want);
                }
            }
        }
        assay_free(x);
    }
    support_assert_ok(assay_backend_check(backend, &error), &error);
    /* Beyond the order's end, and beyond the batch. */
    assay_batches_load(batches, 4, 4);
    support_assert_error(assay_backend_check(backend, &error), ASSAY_ERROR_ARGUMENT, &error, NULL);
    assay_batches_destroy(batches);
    support_assert_error(assay_batches_create(backend, &data, 0, &batches, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "batches of 0 out of 7");
    const assay_dataset none = {.width = data.width};
    support_assert_error(assay_batches_create(backend, &none, 1, &batches, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "batches of 1 out of 0");
    const assay_dataset too_many = {.width = 1, .count = (size_t)INT32_MAX + 1};
    support_assert_error(assay_batches_create(backend, &too_many, 1, &batches, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "out of 2147483648 samples");
    support_assert_error(assay_batches_create(backend, &data, SIZE_MAX / data.width + 1, &batches, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "out of 7 samples cannot be made");
    ck_assert_ptr_null(batches);
    assay_dataset flat = data;
    flat.std = 0.0f;
    support_assert_error(assay_batches_create(backend, &flat, 1, &batches, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "std, 0, is not above 0");
    assay_batches_destroy(NULL);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* The last batch is a partial one, and every image is counted once. */
START_TEST(right_answers_are_counted_over_partial_batches)
{
    evidence(EVIDENCE_PROPERTY, "train/count_correct");
    assay_backend *backend = sample_backend("openblas", ASSAY_F64, 2);
    assay_dataset data = sample_dataset(11, 5);
    assay_network_config config = assay_tutorial_network(ASSAY_RELU);
    config.hidden_count = 0;
    assay_network *network;
    assay_error error;
    support_assert_ok(assay_network_create(backend, &config, 4, false, &network, &error), &error);
    /* A bias alone: everything is class 3. */
    double bias[ASSAY_CLASSES] = {[3] = 1.0};
    assay_upload_f64(backend, assay_network_tensor(network, 1).values, bias);
    size_t want = 0;
    for (size_t i = 0; i < data.count; i++) {
        want += data.labels[i] == 3;
    }
    for (size_t rows = 1; rows <= 12; rows++) {
        assay_batches *batches;
        support_assert_ok(assay_batches_create(backend, &data, rows, &batches, &error), &error);
        ck_assert_uint_eq(assay_count_correct(network, batches), want);
        assay_batches_destroy(batches);
    }
    ck_assert_uint_gt(want, 0);
    assay_network_destroy(network);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* --- the trainer ----------------------------------------------------------------------------------------------- */

/* One epoch as the tutorial's loop, by hand: the same losses, scores and parameters, bit for bit. A backend that likes
 * similar rows gets each batch sorted. */
START_TEST(an_epoch_is_the_tutorials_loop)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_epoch");
    assay_backend *backend = _i == 0 ? sample_backend("reference", ASSAY_F64, 1)
                                     : sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_likeness *likeness = assay_backend_prefers_similar_rows(backend) ? assay_likeness_create(&data, NULL) : NULL;
    assay_train_options options = sample_options("adam", "lr=0.003", 1);
    assay_trainer *trainer = create(backend, &options, &data);
    run_epochs(trainer, 1);

    assay_generator generator;
    assay_split split;
    assay_network *network;
    assay_optimizer *optimizer;
    assay_batches *batches;
    support_assert_ok(assay_chain_begin(42, IMAGES, 300, &generator, &split, NULL), NULL);
    support_assert_ok(assay_network_create(backend, &options.network, 32, true, &network, NULL), NULL);
    assay_initialize(&options.initializer, network, &generator);
    support_assert_ok(
        assay_optimizer_create(backend, &options.rule, assay_network_parameters(network).count, &optimizer, NULL),
        NULL);
    support_assert_ok(assay_batches_create(backend, &data, 32, &batches, NULL), NULL);
    uint32_t order[300];
    assay_mt19937_random64(&generator.state.mt19937);
    assay_mt19937_randperm(&generator.state.mt19937, 300, order);
    for (size_t i = 0; i < 300; i++) {
        order[i] = split.train[order[i]];
    }
    if (likeness != NULL) {
        assay_likeness_group(likeness, order, 300, 32);
    }
    assay_batches_order(batches, order, 300);
    assay_buffer *loss = assay_buffer_create(backend, ASSAY_REAL, 1);
    assay_buffer *right = assay_buffer_create(backend, ASSAY_INT32, 1);
    int32_t total = 0;
    ck_assert_uint_eq(assay_trainer_steps_per_epoch(trainer), 9); /* 300 / 32: the last 12 images are dropped */
    for (size_t step = 0; step < 9; step++) {
        assay_batches_load(batches, 32 * step, 32);
        assay_slice x = assay_batches_inputs(batches, 32);
        assay_network_forward(network, 32, x);
        assay_network_backward(network, 32, x, assay_batches_labels(batches, 32), assay_whole(loss), assay_whole(right),
                               ASSAY_NO_SLICE);
        assay_optimizer_step(optimizer, assay_network_parameters(network), assay_network_gradients(network));
        double value;
        int32_t count;
        assay_download_f64(backend, assay_whole(loss), &value);
        assay_download_i32(backend, assay_whole(right), &count);
        total += count;
        ck_assert_double_eq(value, assay_trainer_losses(trainer)[step]);
    }
    ck_assert_double_eq(assay_trainer_train_scores(trainer)[0], total / 288.0);
    assay_batches_order(batches, split.validation, split.validation_count);
    ck_assert_double_eq(assay_trainer_validation_scores(trainer)[0],
                        (double)assay_count_correct(network, batches) / 100.0);
    double *ours = parameters_of(backend, assay_network_parameters(assay_trainer_network(trainer)));
    double *wanted = parameters_of(backend, assay_network_parameters(network));
    ck_assert_mem_eq(ours, wanted, assay_network_parameters(network).count * sizeof *ours);
    assay_free(ours);
    assay_free(wanted);
    assay_buffer_destroy(backend, loss);
    assay_buffer_destroy(backend, right);
    assay_likeness_destroy(likeness);
    assay_batches_destroy(batches);
    assay_optimizer_destroy(optimizer);
    assay_network_destroy(network);
    assay_split_destroy(&split);
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

static double mean_loss(const assay_trainer *trainer, size_t epoch)
{
    size_t steps = assay_trainer_steps_per_epoch(trainer);
    double sum = 0.0;
    for (size_t i = 0; i < steps; i++) {
        sum += assay_trainer_losses(trainer)[epoch * steps + i];
    }
    return sum / (double)steps;
}

static void count_step(void *context, size_t epoch, size_t done, size_t steps)
{
    size_t *calls = context;
    ck_assert_uint_eq(epoch, *calls / steps);
    ck_assert_uint_eq(done, *calls % steps + 1);
    (*calls)++;
}

START_TEST(training_learns_and_keeps_its_record)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_epoch");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 2);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_dataset test = sample_dataset(TEST_IMAGES, 2);
    assay_train_options options = sample_options("adam", "lr=0.01", 12);
    assay_trainer *trainer = create(backend, &options, &data);
    size_t calls = 0;
    const assay_train_progress progress = {count_step, &calls};
    assay_error error;
    for (size_t i = 0; i < options.epochs; i++) {
        ck_assert_uint_eq(assay_trainer_epochs_done(trainer), i);
        support_assert_ok(assay_trainer_epoch(trainer, &progress, &error), &error);
    }
    ck_assert_uint_eq(calls, 12 * assay_trainer_steps_per_epoch(trainer));
    ck_assert_double_lt(mean_loss(trainer, 11), 0.3 * mean_loss(trainer, 0));
    ck_assert_double_gt(assay_trainer_train_scores(trainer)[11], 0.95);
    const double *scores = assay_trainer_validation_scores(trainer);
    size_t best = 0;
    for (size_t i = 1; i < 12; i++) {
        best = scores[i] > scores[best] ? i : best;
    }
    ck_assert_uint_eq(assay_trainer_best_epoch(trainer), best);
    support_assert_error(assay_trainer_epoch(trainer, NULL, &error), ASSAY_ERROR_ARGUMENT, &error, "all 12 epochs");

    size_t bytes = assay_network_parameters(assay_trainer_network(trainer)).count * sizeof(double);
    double *before = parameters_of(backend, assay_network_parameters(assay_trainer_network(trainer)));
    double accuracy;
    support_assert_ok(assay_trainer_test(trainer, &test, &accuracy, &error), &error);
    ck_assert_double_gt(accuracy, 0.8);
    double *after = parameters_of(backend, assay_network_parameters(assay_trainer_network(trainer)));
    ck_assert_mem_eq(before, after, bytes);
    assay_free(before);
    assay_free(after);
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&data);
    assay_dataset_destroy(&test);
    assay_backend_close(backend);
}
END_TEST

/* The test accuracy is that of the best epoch, even when the last one is worse. */
START_TEST(the_best_epoch_is_tested)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_test");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_train_options options = sample_options("adam", "lr=0.01", 6);
    assay_trainer *trainer = create(backend, &options, &data);
    run_epochs(trainer, 6);
    /* Spoil the parameters being trained: the best epoch's are kept apart. */
    assay_error error;
    double right;
    double changed;
    support_assert_ok(assay_trainer_test(trainer, &data, &right, &error), &error);
    assay_fill(backend, assay_network_parameters(assay_trainer_network(trainer)), 0.0);
    support_assert_ok(assay_trainer_test(trainer, &data, &changed, &error), &error);
    ck_assert_double_eq(right, changed);
    ck_assert_double_gt(right, 0.5);
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

START_TEST(divergence_is_an_error)
{
    evidence(EVIDENCE_ERRORS, "train/trainer_epoch");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_train_options options = sample_options("sgd", "lr=1e9", 3);
    assay_trainer *trainer = create(backend, &options, &data);
    assay_error error;
    support_assert_error(assay_trainer_run(trainer, NULL, &error), ASSAY_ERROR_NUMERIC, &error,
                         "training diverged: the loss of epoch 1, step");
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

START_TEST(options_must_fit_the_data)
{
    evidence(EVIDENCE_ERRORS, "train/trainer_create");
    assay_backend *backend = sample_backend("reference", ASSAY_F64, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_train_options good = sample_options("sgd", "", 1);
    enum { CASES = 8 };
    struct {
        const char *says;
        assay_train_options options;
    } cases[CASES];
    for (size_t i = 0; i < CASES; i++) {
        cases[i].options = good;
    }
    cases[0].says = "0 of 400 samples cannot train";
    cases[0].options.train_count = 0;
    cases[1].says = "400 of 400 samples cannot train";
    cases[1].options.train_count = IMAGES;
    cases[2].says = "a batch of 0";
    cases[2].options.batch_rows = 0;
    cases[3].says = "a batch of 301";
    cases[3].options.batch_rows = 301;
    cases[4].says = "0 epochs";
    cases[4].options.epochs = 0;
    cases[5].says = "783 inputs";
    cases[5].options.network.inputs = 783;
    cases[6].says = "11 classes cannot learn data of 10";
    cases[6].options.network.classes = 11;
    cases[7].says = "1000001 epochs are not from 1 to 1000000";
    cases[7].options.epochs = 1000001;
    for (size_t i = 0; i < CASES; i++) {
        assay_trainer *trainer;
        assay_error error;
        support_assert_error(assay_trainer_create(backend, &cases[i].options, &data, &trainer, &error),
                             ASSAY_ERROR_ARGUMENT, &error, cases[i].says);
        ck_assert_ptr_null(trainer);
    }
    /* One sample validates, and one batch is all that trains; and the largest number of epochs. */
    good.train_count = IMAGES - 1;
    good.batch_rows = IMAGES - 1;
    good.epochs = 1000000;
    assay_trainer *trainer = create(backend, &good, &data);
    ck_assert_uint_eq(assay_trainer_steps_per_epoch(trainer), 1);
    run_epochs(trainer, 1);
    double score = assay_trainer_validation_scores(trainer)[0];
    ck_assert(score == 0.0 || score == 1.0);
    assay_trainer_destroy(trainer);
    assay_trainer_destroy(NULL);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* A failure of the backend ends the epoch with its message, and the epoch does not count. */
START_TEST(a_failed_backend_is_an_error)
{
    evidence(EVIDENCE_ERRORS, "train/trainer_epoch");
    assay_backend *backend = sample_backend("reference", ASSAY_F64, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_train_options options = sample_options("sgd", "", 1);
    assay_trainer *trainer = create(backend, &options, &data);
    assay_error error;
    assay_error wanted;
    assay_buffer *small = assay_buffer_create(backend, ASSAY_REAL, 1);
    for (int i = 0; i < 2; i++) {
        assay_upload_f64(backend, assay_part_of(assay_whole(small), 0, 2), (const double[]){1, 2});
        if (i == 0) {
            ck_assert_int_eq(assay_backend_check(backend, &wanted), ASSAY_ERROR_ARGUMENT);
        }
    }
    support_assert_error(assay_trainer_epoch(trainer, NULL, &error), ASSAY_ERROR_ARGUMENT, &error, wanted.message);
    ck_assert_uint_eq(assay_trainer_epochs_done(trainer), 0);
    assay_buffer_destroy(backend, small);
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

START_TEST(first_steps_are_the_epochs)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_first_steps");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_train_options options = sample_options("momentum", "", 1);
    assay_trainer *whole = create(backend, &options, &data);
    run_epochs(whole, 1);
    assay_trainer *part = create(backend, &options, &data);
    double losses[4];
    assay_error error;
    support_assert_ok(assay_trainer_first_steps(part, 4, losses, &error), &error);
    ck_assert_mem_eq(losses, assay_trainer_losses(whole), sizeof losses);
    double many[100];
    support_assert_error(assay_trainer_first_steps(part, 100, many, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "100 steps are more than the 9");
    support_assert_error(assay_trainer_first_steps(whole, 1, losses, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "all 1 epochs of this run are done");
    assay_trainer_destroy(whole);
    assay_trainer_destroy(part);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* --- checkpoints ----------------------------------------------------------------------------------------------- */

/* Optimizers with 0, 1, 2 and 3 slots, and both precisions. */
static const struct {
    const char *optimizer;
    assay_precision precision;
} RESUMED[] = {
    {"sgd", ASSAY_F32}, {"momentum", ASSAY_F32}, {"adam", ASSAY_F32}, {"amsgrad", ASSAY_F32}, {"nesterov", ASSAY_F64}};

static void assert_same_bytes(const char *a, const char *b)
{
    char *bytes[2];
    size_t size[2];
    assay_error error;
    support_assert_ok(assay_file_read(a, 100000000, &bytes[0], &size[0], &error), &error);
    support_assert_ok(assay_file_read(b, 100000000, &bytes[1], &size[1], &error), &error);
    ck_assert_uint_eq(size[0], size[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], size[0]);
    assay_free(bytes[0]);
    assay_free(bytes[1]);
}

START_TEST(a_resumed_run_ends_as_one_that_never_stopped)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_save");
    evidence(EVIDENCE_PROPERTY, "train/trainer_load");
    assay_backend *backend = sample_backend("openblas", RESUMED[_i].precision, 2);
    assay_dataset data = sample_dataset(IMAGES, 1);
    char *folder = support_make_folder();
    char *paths[] = {assay_asprintf(NULL, "%s/straight", folder), assay_asprintf(NULL, "%s/stopped", folder),
                     assay_asprintf(NULL, "%s/best1", folder), assay_asprintf(NULL, "%s/best2", folder)};
    assay_train_options options = sample_options(RESUMED[_i].optimizer, "", 5);
    assay_error error;
    assay_trainer *straight = create(backend, &options, &data);
    run_epochs(straight, 5);
    support_assert_ok(assay_trainer_save(straight, paths[0], &error), &error);
    support_assert_ok(assay_trainer_save_best(straight, paths[2], &error), &error);

    /* Stopped before the first epoch, and after the second; the first sitting planned fewer epochs. */
    assay_train_options shorter = options;
    shorter.epochs = 2;
    assay_trainer *first = create(backend, &shorter, &data);
    support_assert_ok(assay_trainer_save(first, paths[1], &error), &error);
    support_assert_ok(assay_trainer_load(first, paths[1], &error), &error);
    run_epochs(first, 2);
    support_assert_ok(assay_trainer_save(first, paths[1], &error), &error);
    assay_trainer_destroy(first);
    assay_trainer *second = create(backend, &options, &data);
    support_assert_ok(assay_trainer_load(second, paths[1], &error), &error);
    ck_assert_uint_eq(assay_trainer_epochs_done(second), 2);
    run_epochs(second, 3);
    support_assert_ok(assay_trainer_save(second, paths[1], &error), &error);
    support_assert_ok(assay_trainer_save_best(second, paths[3], &error), &error);
    assert_same_bytes(paths[0], paths[1]);
    assert_same_bytes(paths[2], paths[3]);
    assay_trainer_destroy(straight);
    assay_trainer_destroy(second);
    for (size_t i = 0; i < 4; i++) {
        assay_free(paths[i]);
    }
    support_remove_folder(folder);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* For other programs: our best model opens as a model, with its configuration. */
START_TEST(the_best_model_is_a_model)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_save_best");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/model", folder);
    assay_train_options options = sample_options("adam", "", 2);
    assay_error error;
    assay_trainer *trainer = create(backend, &options, &data);
    run_epochs(trainer, 2);
    support_assert_ok(assay_trainer_save_best(trainer, path, &error), &error);
    assay_model model;
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    ck_assert_int_eq(model.format, ASSAY_MODEL_SAFETENSORS);
    ck_assert(model.has_activation);
    ck_assert_int_eq(model.config.activation.kind, ASSAY_RELU);
    ck_assert_uint_eq(model.config.hidden_count, 2);
    ck_assert_uint_eq(model.config.hidden[0], 20);
    ck_assert_uint_eq(model.config.hidden[1], 12);
    double *best = parameters_of(backend, assay_trainer_best_parameters(trainer));
    assay_tensor tensor = assay_network_tensor(assay_trainer_network(trainer), 2);
    const assay_stored_tensor *stored = assay_state_find(model.state, "layers.2.weight");
    ck_assert_uint_eq(stored->count, tensor.values.count);
    for (size_t i = 0; i < stored->count; i++) {
        ck_assert_double_eq((double)((const float *)stored->data)[i], best[tensor.values.offset + i]);
    }
    assay_free(best);
    assay_model_close(&model);
    assay_trainer_destroy(trainer);
    assay_free(path);
    support_remove_folder(folder);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* Each differs from the saved run in one thing, and the error names it. */
START_TEST(the_checkpoint_of_another_run_is_refused)
{
    evidence(EVIDENCE_ERRORS, "train/trainer_load");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_backend *precise = sample_backend("openblas", ASSAY_F64, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_dataset other = sample_dataset(IMAGES, 9);
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/checkpoint", folder);
    assay_train_options base = sample_options("adam", "", 3);
    assay_error error;
    assay_trainer *trainer = create(backend, &base, &data);
    run_epochs(trainer, 2);
    support_assert_ok(assay_trainer_save(trainer, path, &error), &error);
    assay_trainer_destroy(trainer);

    enum { CASES = 15 };
    assay_train_options options[CASES];
    for (size_t i = 0; i < CASES; i++) {
        options[i] = base;
    }
    options[0] = sample_options("momentum", "", 3);
    options[1] = sample_options("adam", "lr=0.5", 3);
    options[2].seed = 43;
    options[3].batch_rows = 31;
    options[4].initializer.gain = 1.0;
    support_assert_ok(assay_network_parse_hidden("20,13", &options[5].network, NULL), NULL);
    options[6].epochs = 1;
    options[9].initializer.fan = ASSAY_FAN_OUT;
    options[10].initializer.value = 0.25;
    options[11].initializer.first_layer_without_gain = !base.initializer.first_layer_without_gain;
    options[12].network.activation.parameter = 0.5;
    options[13].train_count = 299;
    options[14].initializer.kind = ASSAY_INIT_NORMAL;
    const char *const says[CASES] = {"there update rule ",
                                     "lr=0.5",
                                     "belongs to another run: there seed 42, here seed 43",
                                     "batches of 31",
                                     "gain 1",
                                     "layers.2.weight",
                                     "epochs_done '2' is not a number from 0 to 1",
                                     "there backend openblas:f32, here backend openblas:f64",
                                     "data",
                                     "fan out",
                                     "value 0.25",
                                     "first layer 1",
                                     "activation parameter 0.5",
                                     "299 training samples",
                                     "initializer normal"};
    for (size_t i = 0; i < CASES; i++) {
        assay_trainer *resumed = create(i == 7 ? precise : backend, &options[i], i == 8 ? &other : &data);
        support_assert_error(assay_trainer_load(resumed, path, &error), ASSAY_ERROR_FORMAT, &error, says[i]);
        assay_trainer_destroy(resumed);
    }
    /* One label, or one pixel, the last of all. */
    for (int i = 0; i < 2; i++) {
        int32_t label = data.labels[IMAGES - 1];
        data.labels[IMAGES - 1] = i == 0 ? (label + 1) % ASSAY_CLASSES : label;
        data.pixels[IMAGES * data.width - 1] ^= i == 1;
        assay_trainer *resumed = create(backend, &base, &data);
        support_assert_error(assay_trainer_load(resumed, path, &error), ASSAY_ERROR_FORMAT, &error, "here data ");
        assay_trainer_destroy(resumed);
        data.labels[IMAGES - 1] = label;
    }
    assay_free(path);
    support_remove_folder(folder);
    assay_dataset_destroy(&data);
    assay_dataset_destroy(&other);
    assay_backend_close(backend);
    assay_backend_close(precise);
}
END_TEST

/* Draws of a run that keeps half of a pair of normal numbers, and a number of words of its own. */
static assay_status begin_oddly(const assay_train_draws *draws, uint64_t seed, size_t total, size_t train_count,
                                assay_generator *generator, assay_split *split, assay_error *error)
{
    (void)draws;
    assay_generator_seed(generator, ASSAY_GENERATOR_MT19937, seed, 1);
    return assay_split_create(&generator->state.mt19937, total, train_count, split, error);
}

static void keep_a_normal(const assay_train_draws *draws, size_t train_count, assay_generator *generator,
                          uint32_t *scratch)
{
    (void)draws;
    scratch[train_count - 1] = 7; /* there is room */
    generator->state.mt19937.has_normal = true;
    generator->state.mt19937.normal = -0.625;
}

/* The texts and numbers of format 2, which programs of this version and later ones read. */
START_TEST(the_format_of_checkpoints)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_save");
    static const assay_train_draws odd = {"odd", begin_oddly, keep_a_normal};
    assay_backend *backend = sample_backend("reference", ASSAY_F64, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/checkpoint", folder);
    char *again = assay_asprintf(NULL, "%s/again", folder);
    assay_train_options options = sample_options("adam", "lr=0.5", 3);
    options.draws = &odd;
    options.seed = 11;
    options.initializer = assay_initializer_default(ASSAY_INIT_NORMAL);
    options.initializer.value = 0.25;
    options.initializer.fan = ASSAY_FAN_OUT;
    assay_trainer *trainer = create(backend, &options, &data);
    assay_state *state;
    assay_error error;
    support_assert_ok(assay_trainer_save(trainer, path, &error), &error);
    support_assert_ok(assay_safetensors_read(path, &state, &error), &error);
    unsigned long sum = crc32(0, data.pixels, (unsigned)(data.count * data.width));
    for (size_t i = 0; i < data.count; i++) { /* the same on a big-endian machine */
        sum = crc32(sum, (const unsigned char[]){(unsigned char)data.labels[i], 0, 0, 0}, 4);
    }
    char *settings = assay_optimizer_settings(&options.rule, &error);
    char *run = assay_asprintf(NULL,
                               "backend reference:f64; update rule adam with %s; initializer normal value 0.25 fan out "
                               "gain %.17g first layer %d; activation parameter %.17g; seed 11; draws odd; batches of "
                               "32; 300 training samples; data %08lx",
                               settings, options.initializer.gain, (int)options.initializer.first_layer_without_gain,
                               options.network.activation.parameter, sum);
    ck_assert_str_eq(assay_state_text(state, "run"), run);
    ck_assert_str_eq(assay_state_text(state, "checkpoint_format"), "2");
    ck_assert_str_eq(assay_state_text(state, "epochs_done"), "0");
    const assay_stored_tensor *numbers = assay_state_find(state, "generator.mt19937");
    const int64_t *words = numbers->data;
    double normal;
    ck_assert(numbers->count == 627 && numbers->dtype == ASSAY_DTYPE_I64 && words[624] <= 624 && words[625] == 1);
    memcpy(&normal, &words[626], sizeof normal);
    ck_assert(normal == -0.625);

    /* All of it comes back. */
    assay_trainer *other = create(backend, &options, &data);
    run_epochs(other, 1);
    other->generator.state.mt19937.has_normal = false;
    other->generator.state.mt19937.normal = 1;
    support_assert_ok(assay_trainer_load(other, path, &error), &error);
    support_assert_ok(assay_trainer_save(other, again, &error), &error);
    assert_same_bytes(path, again);
    assay_trainer_destroy(other);
    assay_trainer_destroy(trainer);
    assay_state_destroy(state);
    assay_free(settings);
    assay_free(run);
    assay_free(path);
    assay_free(again);
    support_remove_folder(folder);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* What can be wrong with one tensor of a checkpoint, or one text. */
typedef enum { LEFT_OUT, OF_ANOTHER_TYPE, ONE_LONGER } damage;

static assay_state *damaged_copy(const assay_state *state, const char *name, damage how)
{
    static const char *const keys[] = {ASSAY_MODEL_CONFIG_KEY, "checkpoint_format", "run",
                                       "epochs_done",          "best_epoch",        "optimizer_steps"};
    assay_state *copy;
    assay_error error;
    support_assert_ok(assay_state_create(&copy, &error), &error);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(keys[i], name) == 0) {
            continue;
        }
        support_assert_ok(assay_state_set_text(copy, keys[i], assay_state_text(state, keys[i]), &error), &error);
    }
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        bool chosen = strcmp(tensor->name, name) == 0;
        void *data;
        if (chosen && how == LEFT_OUT) {
            continue;
        }
        size_t count = tensor->count + (chosen && how == ONE_LONGER);
        assay_dtype dtype = chosen && how == OF_ANOTHER_TYPE ? ASSAY_DTYPE_BF16 : tensor->dtype;
        support_assert_ok(assay_state_add(copy, tensor->name, dtype, 1, &count, &data, &error), &error);
        memcpy(data, tensor->data, tensor->count * assay_dtype_size(dtype));
    }
    return copy;
}

/* Writes the damaged copy and frees it: loading it must fail with these words. */
static void assert_refused(assay_trainer *trainer, const char *path, assay_state *copy, const char *says)
{
    assay_error error;
    support_assert_ok(assay_safetensors_write(path, copy, &error), &error);
    support_assert_error(assay_trainer_load(trainer, path, &error), ASSAY_ERROR_FORMAT, &error, says);
    assay_state_destroy(copy);
}

/* clang-format off */
static const char *const damaged_tensors[] = {
    "record.train_losses", "record.train_scores", "record.val_scores", "generator.mt19937", "layers.0.weight",
    "layers.4.bias", "best.layers.2.weight", "optimizer.first_moment.layers.0.weight",
    "optimizer.second_moment.layers.4.bias",
};
/* clang-format on */

static const struct {
    const char *key;
    const char *text; /* NULL: left out */
    const char *says;
} damaged_texts[] = {
    {"run", NULL, "is not a training checkpoint"},
    {"checkpoint_format", NULL, "is a checkpoint of another version of Assay, in format '1' instead of '2'"},
    {"checkpoint_format", "3", "in format '3' instead of '2'"},
    {"epochs_done", NULL, "its epochs_done '' is not a number"},
    {"epochs_done", "", "its epochs_done '' is not a number"},
    {"epochs_done", "-1", "its epochs_done '-1' is not a number"},
    {"epochs_done", "x", "its epochs_done 'x' is not a number"},
    {"epochs_done", "2 ", "its epochs_done '2 ' is not a number from 0 to 3"},
    {"epochs_done", "4", "is not a number from 0 to 3"},
    {"epochs_done", "3", "should hold 27 numbers of type F64 named 'record.train_losses'"},
    {"epochs_done", "1", "its best_epoch '1' is not a number from 0 to 0"},
    {"best_epoch", "2", "its best_epoch '2' is not a number from 0 to 1"},
    {"optimizer_steps", "many", "its optimizer_steps 'many' is not a number"},
};

static void damage_everything(assay_trainer *trainer, const char *path, const assay_state *state)
{
    assay_error error;
    for (size_t t = 0; t < sizeof damaged_tensors / sizeof *damaged_tensors; t++) {
        for (int how = LEFT_OUT; how <= ONE_LONGER; how++) {
            assert_refused(trainer, path, damaged_copy(state, damaged_tensors[t], (damage)how), damaged_tensors[t]);
        }
    }
    for (size_t t = 0; t < sizeof damaged_texts / sizeof *damaged_texts; t++) {
        assay_state *copy = damaged_copy(state, damaged_texts[t].key, LEFT_OUT);
        if (damaged_texts[t].text != NULL) {
            support_assert_ok(assay_state_set_text(copy, damaged_texts[t].key, damaged_texts[t].text, &error), &error);
        }
        assert_refused(trainer, path, copy, damaged_texts[t].says);
    }
    for (int side = 0; side < 2; side++) {
        assay_state *copy = damaged_copy(state, "", LEFT_OUT);
        int64_t *numbers = assay_state_find(copy, "generator.mt19937")->data;
        numbers[ASSAY_MT19937_WORDS] = side == 0 ? -1 : ASSAY_MT19937_WORDS + 1;
        assert_refused(trainer, path, copy,
                       side == 0 ? "the generator's place -1 is not" : "the generator's place 625 is not");
    }
}

/* A checkpoint of this very run, but for one thing. Undamaged it is taken: it was the damage. */
START_TEST(a_damaged_checkpoint_is_refused)
{
    evidence(EVIDENCE_ERRORS, "train/trainer_load");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/checkpoint", folder);
    assay_train_options options = sample_options("adam", "", 3);
    assay_state *state;
    assay_error error;
    assay_trainer *trainer = create(backend, &options, &data);
    run_epochs(trainer, 2);
    support_assert_ok(assay_trainer_save(trainer, path, &error), &error);
    support_assert_ok(assay_safetensors_read(path, &state, &error), &error);
    damage_everything(trainer, path, state);
    assay_state *copy = damaged_copy(state, "", LEFT_OUT);
    support_assert_ok(assay_safetensors_write(path, copy, &error), &error);
    support_assert_ok(assay_trainer_load(trainer, path, &error), &error);
    assay_state_destroy(copy);
    assay_state_destroy(state);
    assay_trainer_destroy(trainer);
    assay_free(path);
    support_remove_folder(folder);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

START_TEST(a_full_disk_keeps_the_old_checkpoint)
{
    evidence(EVIDENCE_ERRORS, "train/trainer_save");
    assay_backend *backend = sample_backend("openblas", ASSAY_F32, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/checkpoint", folder);
    assay_train_options options = sample_options("sgd", "", 3);
    assay_error error;
    assay_trainer *trainer = create(backend, &options, &data);
    run_epochs(trainer, 1);
    support_assert_ok(assay_trainer_save(trainer, path, &error), &error);
    run_epochs(trainer, 1);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit limit = {20000, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    support_assert_error(assay_trainer_save(trainer, path, &error), ASSAY_ERROR_IO, &error,
                         "what was there before is unchanged");
    support_assert_error(assay_trainer_save_best(trainer, path, &error), ASSAY_ERROR_IO, &error, "not written");
    limit.rlim_cur = RLIM_INFINITY;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assay_trainer *resumed = create(backend, &options, &data);
    support_assert_ok(assay_trainer_load(resumed, path, &error), &error);
    ck_assert_uint_eq(assay_trainer_epochs_done(resumed), 1);
    assay_trainer_destroy(resumed);
    assay_trainer_destroy(trainer);
    assay_free(path);
    support_remove_folder(folder);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* --- data sets of floats, and draws that are not the tutorial's -------------------------------------------------- */

/* The same samples, normalised, as floats. */
static assay_dataset as_floats(const assay_dataset *bytes)
{
    assay_dataset data;
    assay_error error;
    float table[256];
    support_assert_ok(
        assay_dataset_create(ASSAY_INPUTS_FLOATS, bytes->count, bytes->width, bytes->classes, &data, &error), &error);
    assay_normalization_table(bytes->mean, bytes->std, table);
    for (size_t i = 0; i < bytes->count * bytes->width; i++) {
        data.values[i] = table[bytes->pixels[i]];
    }
    memcpy(data.labels, bytes->labels, bytes->count * sizeof *data.labels);
    return data;
}

/* Floats train as bytes do, bit for bit: the losses, the scores, the test accuracy. */
START_TEST(floats_train_as_bytes_do)
{
    evidence(EVIDENCE_PROPERTY, "train/batches_load");
    evidence(EVIDENCE_PROPERTY, "train/trainer_run");
    assay_backend *backend = sample_backend(_i == 0 ? "reference" : "openblas-dense", ASSAY_F64, 1);
    assay_dataset bytes = sample_dataset(IMAGES, 1);
    assay_dataset floats = as_floats(&bytes);
    assay_train_options options = sample_options("adam", "lr=0.003", 2);
    options.draws = NULL;
    options.seed = 5;
    const assay_dataset *data[] = {&bytes, &floats};
    assay_trainer *trainers[2];
    double accuracy[2];
    assay_error error;
    for (size_t i = 0; i < 2; i++) {
        trainers[i] = create(backend, &options, data[i]);
        support_assert_ok(assay_trainer_run(trainers[i], NULL, &error), &error);
        ck_assert_uint_eq(assay_trainer_epochs_done(trainers[i]), 2);
        support_assert_ok(assay_trainer_test(trainers[i], data[1 - i], &accuracy[i], &error), &error);
    }
    size_t losses = 2 * assay_trainer_steps_per_epoch(trainers[0]) * sizeof(double);
    ck_assert_mem_eq(assay_trainer_losses(trainers[0]), assay_trainer_losses(trainers[1]), losses);
    ck_assert_mem_eq(assay_trainer_validation_scores(trainers[0]), assay_trainer_validation_scores(trainers[1]), 16);
    ck_assert_double_eq(accuracy[0], accuracy[1]);
    ck_assert_double_gt(accuracy[0], 0.5);
    /* Beyond the samples, and beyond the batch. */
    assay_batches *batches;
    support_assert_ok(assay_batches_create(backend, &floats, 4, &batches, &error), &error);
    static const struct {
        size_t first;
        size_t rows;
    } outside[] = {{IMAGES - 3, 4}, {0, 5}, {SIZE_MAX, 2}};
    for (size_t i = 0; i < 3; i++) {
        assay_batches_load(batches, outside[i].first, outside[i].rows);
        support_assert_error(assay_backend_check(backend, &error), ASSAY_ERROR_ARGUMENT, &error, NULL);
    }
    assay_batches_destroy(batches);
    for (size_t i = 0; i < 2; i++) {
        assay_trainer_destroy(trainers[i]);
    }
    /* A backend that likes similar rows gets floats in their order. */
    assay_backend *sorting = sample_backend("openblas", ASSAY_F32, 1);
    assay_trainer *trainer = create(sorting, &options, &floats);
    run_epochs(trainer, 1);
    ck_assert_double_gt(assay_trainer_losses(trainer)[0], 1.0);
    assay_trainer_destroy(trainer);
    assay_backend_close(sorting);
    assay_dataset_destroy(&bytes);
    assay_dataset_destroy(&floats);
    assay_backend_close(backend);
}
END_TEST

/* Without draws of its own, a run draws the split, the weights and its epochs from its seed, and nothing else. */
START_TEST(plain_draws_come_from_the_seed)
{
    evidence(EVIDENCE_PROPERTY, "train/trainer_create");
    assay_backend *backend = sample_backend("reference", ASSAY_F64, 1);
    assay_dataset data = sample_dataset(IMAGES, 1);
    assay_train_options options = sample_options("sgd", "", 1);
    options.draws = NULL;
    options.seed = 9;
    assay_trainer *trainer = create(backend, &options, &data);
    assay_generator generator;
    assay_split split;
    assay_network *network;
    assay_error error;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 9, 1);
    support_assert_ok(assay_split_create(&generator.state.mt19937, IMAGES, 300, &split, &error), &error);
    support_assert_ok(assay_network_create(backend, &options.network, 32, false, &network, &error), &error);
    assay_initialize(&options.initializer, network, &generator);
    double *ours = parameters_of(backend, assay_network_parameters(assay_trainer_network(trainer)));
    double *wanted = parameters_of(backend, assay_network_parameters(network));
    ck_assert_mem_eq(ours, wanted, assay_network_parameters(network).count * sizeof *ours);
    /* The checkpoint of the same seed with the tutorial's draws is another run. */
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/checkpoint", folder);
    support_assert_ok(assay_trainer_save(trainer, path, &error), &error);
    options.draws = sample_options("sgd", "", 1).draws;
    assay_trainer *other = create(backend, &options, &data);
    support_assert_error(assay_trainer_load(other, path, &error), ASSAY_ERROR_FORMAT, &error,
                         "there draws plain, here draws of the notebook's first run");
    assay_free(path);
    support_remove_folder(folder);
    assay_free(ours);
    assay_free(wanted);
    assay_network_destroy(network);
    assay_split_destroy(&split);
    assay_trainer_destroy(other);
    assay_trainer_destroy(trainer);
    assay_dataset_destroy(&data);
    assay_backend_close(backend);
}
END_TEST

/* --- the chain ------------------------------------------------------------------------------------------------- */

START_TEST(runs_have_their_names)
{
    evidence(EVIDENCE_ERRORS, "tutorial/chain_begin");
    assay_error error;
    assay_run run;
    const char *const names[] = {"sgd", "momentum", "adam", "Adam"};
    static const assay_run runs[] = {ASSAY_RUN_SGD, ASSAY_RUN_MOMENTUM, ASSAY_RUN_ADAM, ASSAY_RUN_ADAM};
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
        support_assert_ok(assay_run_by_name(names[i], &run, &error), &error);
        ck_assert_int_eq((int)run, (int)runs[i]);
    }
    support_assert_error(assay_run_by_name("adamw", &run, &error), ASSAY_ERROR_ARGUMENT, &error, "sgd, momentum, adam");
    ck_assert_str_eq(assay_run_printed_optimizer(ASSAY_RUN_ADAM), "adam");
    ck_assert_str_eq(assay_run_saved_optimizer(ASSAY_RUN_ADAM), "adam-uncorrected-momentum");
}
END_TEST

/* Skipping a run leaves the generator where training through it does. */
START_TEST(skipping_a_run_draws_what_it_draws)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/chain_skip_run");
    enum { COUNT = 100, EPOCHS = 3 };
    assay_generator through;
    assay_split split;
    support_assert_ok(assay_chain_begin(7, 2 * COUNT, COUNT, &through, &split, NULL), NULL);
    assay_generator skipped = through;
    uint32_t scratch[COUNT];
    uint32_t order[COUNT];
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        assay_loader_shuffle(&through.state.mt19937, ASSAY_LOADER_TORCH_1_6, &split, scratch, order);
        assay_mt19937_random64(&through.state.mt19937);
    }
    assay_mt19937_random64(&through.state.mt19937);
    assay_chain_skip_run(&skipped.state.mt19937, COUNT, EPOCHS, scratch);
    support_assert_same_generator(&skipped, &through);
    assay_split_destroy(&split);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train");
    TCase *tests = tcase_create("train");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, batches_follow_the_order);
    tcase_add_test(tests, right_answers_are_counted_over_partial_batches);
    tcase_add_loop_test(tests, an_epoch_is_the_tutorials_loop, 0, 2);
    tcase_add_loop_test(tests, floats_train_as_bytes_do, 0, 2);
    tcase_add_test(tests, plain_draws_come_from_the_seed);
    tcase_add_test(tests, training_learns_and_keeps_its_record);
    tcase_add_test(tests, the_best_epoch_is_tested);
    tcase_add_test(tests, divergence_is_an_error);
    tcase_add_test(tests, options_must_fit_the_data);
    tcase_add_test(tests, a_failed_backend_is_an_error);
    tcase_add_test(tests, first_steps_are_the_epochs);
    tcase_add_loop_test(tests, a_resumed_run_ends_as_one_that_never_stopped, 0,
                        (int)(sizeof RESUMED / sizeof *RESUMED));
    tcase_add_test(tests, the_best_model_is_a_model);
    tcase_add_test(tests, the_checkpoint_of_another_run_is_refused);
    tcase_add_test(tests, the_format_of_checkpoints);
    tcase_add_test(tests, a_damaged_checkpoint_is_refused);
    tcase_add_test(tests, a_full_disk_keeps_the_old_checkpoint);
    tcase_add_test(tests, runs_have_their_names);
    tcase_add_test(tests, skipping_a_run_draws_what_it_draws);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
