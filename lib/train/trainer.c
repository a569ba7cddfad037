#include <assay/train/trainer.h>

#include <math.h>

#include <assay/base/alloc.h>
#include "base/byte_order.h"
#include "train/trainer_impl.h"

/* Validation runs in batches of at least this size, however small the training batches are. */
enum { MIN_EVALUATION_ROWS = 256 };

static assay_status check_options(const assay_train_options *options, const assay_dataset *data, assay_error *error)
{
    if (options->train_count == 0 || options->train_count >= data->count) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%zu of %zu samples cannot train: at least one must train, and one "
                          "must validate",
                          options->train_count, data->count);
    }
    if (options->batch_rows == 0 || options->batch_rows > options->train_count) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a batch of %zu cannot be cut from %zu training samples",
                          options->batch_rows, options->train_count);
    }
    if (options->epochs == 0 || options->epochs > 1000000) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%zu epochs are not from 1 to 1000000", options->epochs);
    }
    if (options->network.inputs != data->width) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a network with %zu inputs cannot read samples of %zu inputs",
                          options->network.inputs, data->width);
    }
    if (options->network.classes != data->classes) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a network with %zu classes cannot learn data of %zu classes",
                          options->network.classes, data->classes);
    }
    return ASSAY_OK;
}

static assay_status create_host_arrays(assay_trainer *trainer, assay_error *error)
{
    const assay_train_options *options = &trainer->options;
    trainer->scratch = assay_calloc(options->train_count, sizeof *trainer->scratch, error);
    trainer->order = assay_calloc(options->train_count, sizeof *trainer->order, error);
    trainer->right = assay_calloc(trainer->steps, sizeof *trainer->right, error);
    trainer->train_scores = assay_calloc(options->epochs, sizeof(double), error);
    trainer->validation_scores = assay_calloc(options->epochs, sizeof(double), error);
    trainer->losses = assay_calloc(options->epochs * trainer->steps, sizeof(double), error);
    bool complete = trainer->scratch != NULL && trainer->order != NULL && trainer->right != NULL &&
                    trainer->train_scores != NULL && trainer->validation_scores != NULL && trainer->losses != NULL;
    return complete ? ASSAY_OK : ASSAY_ERROR_MEMORY;
}

static assay_status create_network(assay_trainer *trainer, const assay_dataset *data, assay_error *error)
{
    assay_backend *backend = trainer->backend;
    const assay_train_options *options = &trainer->options;
    size_t rows = options->batch_rows > MIN_EVALUATION_ROWS ? options->batch_rows : MIN_EVALUATION_ROWS;
    ASSAY_TRY(assay_network_create(backend, &options->network, rows, false, &trainer->network, error));
    size_t count = assay_network_parameters(trainer->network).count;
    ASSAY_TRY(assay_optimizer_create(backend, &options->rule, count, &trainer->optimizer, error));
    ASSAY_TRY(assay_batches_create(backend, data, rows, &trainer->batches, error));
    if (assay_backend_prefers_similar_rows(backend) && data->pixels != NULL) {
        trainer->likeness = assay_likeness_create(data, error);
        if (trainer->likeness == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    }
    trainer->best = assay_buffer_create(backend, ASSAY_REAL, count);
    trainer->step_losses = assay_buffer_create(backend, ASSAY_REAL, trainer->steps);
    trainer->step_right = assay_buffer_create(backend, ASSAY_INT32, trainer->steps);
    return assay_backend_check(backend, error);
}

static assay_status begin_plainly(const assay_train_draws *draws, uint64_t seed, size_t total, size_t train_count,
                                  assay_generator *generator, assay_split *split, assay_error *error)
{
    (void)draws;
    assay_generator_seed(generator, ASSAY_GENERATOR_MT19937, seed, 1);
    return assay_split_create(&generator->state.mt19937, total, train_count, split, error);
}

static void draw_nothing(const assay_train_draws *draws, size_t train_count, assay_generator *generator,
                         uint32_t *scratch)
{
    (void)draws;
    (void)train_count;
    (void)generator;
    (void)scratch;
}

static const assay_train_draws PLAIN_DRAWS = {"plain", begin_plainly, draw_nothing};

/* The split, the weights, and what else the run draws before its first epoch. */
static assay_status draw_beginning(assay_trainer *trainer, size_t total, assay_error *error)
{
    const assay_train_options *options = &trainer->options;
    const assay_train_draws *draws = options->draws;
    ASSAY_TRY(
        draws->begin(draws, options->seed, total, options->train_count, &trainer->generator, &trainer->split, error));
    assay_initialize(&options->initializer, trainer->network, &trainer->generator);
    draws->after_weights(draws, options->train_count, &trainer->generator, trainer->scratch);
    return assay_backend_check(trainer->backend, error);
}

static assay_status fill_trainer(assay_trainer *trainer, const assay_dataset *data, assay_error *error)
{
    ASSAY_TRY(create_host_arrays(trainer, error));
    ASSAY_TRY(create_network(trainer, data, error));
    return draw_beginning(trainer, data->count, error);
}

/* The same on every machine: a run may be continued on another one. */
static uint32_t checksum(const assay_dataset *data)
{
    const size_t inputs = data->count * data->width;
    const size_t width = sizeof *data->values;
    const uint32_t sum = data->pixels != NULL ? assay_checksum(0, data->pixels, 1, inputs)
                                              : assay_checksum(0, data->values, width, inputs * width);
    return assay_checksum(sum, data->labels, sizeof *data->labels, data->count * sizeof *data->labels);
}

assay_status assay_trainer_create(assay_backend *backend, const assay_train_options *options, const assay_dataset *data,
                                  assay_trainer **trainer, assay_error *error)
{
    *trainer = NULL;
    ASSAY_TRY(check_options(options, data, error));
    assay_trainer *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->backend = backend;
    made->options = *options;
    if (options->draws == NULL) {
        made->options.draws = &PLAIN_DRAWS;
    }
    made->data_checksum = checksum(data);
    made->steps = options->train_count / options->batch_rows;
    assay_status status = fill_trainer(made, data, error);
    if (status != ASSAY_OK) {
        assay_trainer_destroy(made);
        return status;
    }
    *trainer = made;
    return ASSAY_OK;
}

void assay_trainer_destroy(assay_trainer *trainer)
{
    if (trainer == NULL) {
        return;
    }
    assay_buffer_destroy(trainer->backend, trainer->best);
    assay_buffer_destroy(trainer->backend, trainer->step_losses);
    assay_buffer_destroy(trainer->backend, trainer->step_right);
    assay_batches_destroy(trainer->batches);
    assay_likeness_destroy(trainer->likeness);
    assay_optimizer_destroy(trainer->optimizer);
    assay_network_destroy(trainer->network);
    assay_split_destroy(&trainer->split);
    assay_free(trainer->right);
    assay_free(trainer->scratch);
    assay_free(trainer->order);
    assay_free(trainer->train_scores);
    assay_free(trainer->validation_scores);
    assay_free(trainer->losses);
    assay_free(trainer);
}

/* Forward, backward, update. */
static void train_step(assay_trainer *trainer, size_t step)
{
    assay_network *network = trainer->network;
    size_t rows = trainer->options.batch_rows;
    assay_batches_load(trainer->batches, step * rows, rows);
    assay_slice x = assay_batches_inputs(trainer->batches, rows);
    assay_network_forward(network, rows, x);
    assay_network_backward(network, rows, x, assay_batches_labels(trainer->batches, rows),
                           assay_part_of(assay_whole(trainer->step_losses), step, 1),
                           assay_part_of(assay_whole(trainer->step_right), step, 1), ASSAY_NO_SLICE);
    assay_optimizer_step(trainer->optimizer, assay_network_parameters(network), assay_network_gradients(network));
}

/* The losses and right answers of the epoch's steps, from the backend into the record. */
static assay_status record_steps(assay_trainer *trainer, assay_error *error)
{
    double *losses = trainer->losses + trainer->done * trainer->steps;
    assay_download_f64(trainer->backend, assay_whole(trainer->step_losses), losses);
    assay_download_i32(trainer->backend, assay_whole(trainer->step_right), trainer->right);
    ASSAY_TRY(assay_backend_check(trainer->backend, error));
    double right = 0.0;
    for (size_t step = 0; step < trainer->steps; step++) {
        if (!isfinite(losses[step])) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC,
                              "training diverged: the loss of epoch %zu, step %zu is %g; try "
                              "a smaller learning rate",
                              trainer->done + 1, step + 1, losses[step]);
        }
        right += trainer->right[step];
    }
    trainer->train_scores[trainer->done] = right / (double)(trainer->steps * trainer->options.batch_rows);
    return ASSAY_OK;
}

static void order_batches(assay_trainer *trainer, uint32_t *order, size_t count, size_t rows)
{
    if (trainer->likeness != NULL) {
        assay_likeness_group(trainer->likeness, order, count, rows);
    }
    assay_batches_order(trainer->batches, order, count);
}

static void validate(assay_trainer *trainer)
{
    const assay_split *split = &trainer->split;
    order_batches(trainer, split->validation, split->validation_count, split->validation_count);
    size_t correct = assay_count_correct(trainer->network, trainer->batches);
    double score = (double)correct / (double)split->validation_count;
    trainer->validation_scores[trainer->done] = score;
    if (trainer->done == 0 || score > trainer->validation_scores[trainer->best_epoch]) {
        trainer->best_epoch = trainer->done;
        assay_copy(trainer->backend, assay_whole(trainer->best), assay_network_parameters(trainer->network));
    }
}

/* Shuffles the training samples for the next epoch, as a DataLoader does; the one for validation draws a number,
 * too. */
static assay_status begin_epoch(assay_trainer *trainer, assay_error *error)
{
    if (trainer->done == trainer->options.epochs) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "all %zu epochs of this run are done", trainer->done);
    }
    assay_mt19937 *generator = &trainer->generator.state.mt19937;
    assay_loader_shuffle(generator, ASSAY_LOADER_TORCH_1_6, &trainer->split, trainer->scratch, trainer->order);
    assay_mt19937_random64(generator);
    order_batches(trainer, trainer->order, trainer->options.train_count, trainer->options.batch_rows);
    return ASSAY_OK;
}

assay_status assay_trainer_first_steps(assay_trainer *trainer, size_t steps, double *losses, assay_error *error)
{
    ASSAY_TRY(begin_epoch(trainer, error));
    if (steps > trainer->steps) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%zu steps are more than the %zu of an epoch", steps,
                          trainer->steps);
    }
    for (size_t step = 0; step < steps; step++) {
        train_step(trainer, step);
    }
    assay_download_f64(trainer->backend, assay_part_of(assay_whole(trainer->step_losses), 0, steps), losses);
    return assay_backend_check(trainer->backend, error);
}

assay_status assay_trainer_epoch(assay_trainer *trainer, const assay_train_progress *progress, assay_error *error)
{
    ASSAY_TRY(begin_epoch(trainer, error));
    for (size_t step = 0; step < trainer->steps; step++) {
        train_step(trainer, step);
        if (progress != NULL) {
            progress->step(progress->context, trainer->done, step + 1, trainer->steps);
        }
    }
    ASSAY_TRY(record_steps(trainer, error));
    validate(trainer);
    assay_status status = assay_backend_check(trainer->backend, error);
    trainer->done += status == ASSAY_OK;
    return status;
}

assay_status assay_trainer_run(assay_trainer *trainer, const assay_train_progress *progress, assay_error *error)
{
    while (trainer->done < trainer->options.epochs) {
        ASSAY_TRY(assay_trainer_epoch(trainer, progress, error));
    }
    return ASSAY_OK;
}

assay_status assay_trainer_test(assay_trainer *trainer, const assay_dataset *data, double *accuracy, assay_error *error)
{
    assay_backend *backend = trainer->backend;
    assay_batches *batches;
    ASSAY_TRY(assay_batches_create(backend, data, assay_network_max_rows(trainer->network), &batches, error));
    /* Between steps the gradients are not needed: their memory holds the training parameters during validation. */
    assay_slice parameters = assay_network_parameters(trainer->network);
    assay_slice kept = assay_network_gradients(trainer->network);
    assay_copy(backend, kept, parameters);
    assay_copy(backend, parameters, assay_whole(trainer->best));
    size_t correct = assay_count_correct(trainer->network, batches);
    assay_copy(backend, parameters, kept);
    assay_batches_destroy(batches);
    *accuracy = (double)correct / (double)data->count;
    return assay_backend_check(backend, error);
}

const assay_train_options *assay_trainer_options(const assay_trainer *trainer)
{
    return &trainer->options;
}

const assay_split *assay_trainer_split(const assay_trainer *trainer)
{
    return &trainer->split;
}

size_t assay_trainer_steps_per_epoch(const assay_trainer *trainer)
{
    return trainer->steps;
}

size_t assay_trainer_epochs_done(const assay_trainer *trainer)
{
    return trainer->done;
}

const double *assay_trainer_train_scores(const assay_trainer *trainer)
{
    return trainer->train_scores;
}

const double *assay_trainer_validation_scores(const assay_trainer *trainer)
{
    return trainer->validation_scores;
}

const double *assay_trainer_losses(const assay_trainer *trainer)
{
    return trainer->losses;
}

size_t assay_trainer_best_epoch(const assay_trainer *trainer)
{
    return trainer->best_epoch;
}

assay_network *assay_trainer_network(assay_trainer *trainer)
{
    return trainer->network;
}

assay_slice assay_trainer_best_parameters(const assay_trainer *trainer)
{
    return assay_whole(trainer->best);
}
