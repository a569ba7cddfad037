/*
 * Training of a classifier: epochs of shuffled batches, without the last one if it is smaller than the others; after
 * each epoch the training and the validation accuracy; the parameters of the best validation epoch are kept. Random
 * numbers are drawn as a loop in PyTorch 1.6 draws them that goes through a shuffled DataLoader and one for validation.
 */
#ifndef ASSAY_TRAIN_TRAINER_H
#define ASSAY_TRAIN_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/backend/update_rule.h>
#include <assay/base/declarations.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/init/initializer.h>
#include <assay/nn/network.h>
#include <assay/random/generator.h>

ASSAY_BEGIN_DECLS

/*
 * What a run draws before its first epoch: the split, then the weights, then nothing. Another order, to follow a run
 * that was made elsewhere, is a table of this kind (tutorial/chain.h has one).
 */
typedef struct assay_train_draws {
    const char *name; /* in a checkpoint, which only a run with the same draws can continue */
    /* Seeds `generator`, which must be an mt19937, and splits `total` samples. The trainer ends the split. */
    assay_status (*begin)(const struct assay_train_draws *draws, uint64_t seed, size_t total, size_t train_count,
                          assay_generator *generator, assay_split *split, assay_error *error);
    /* After the weights, before the first epoch. `scratch` holds train_count numbers. */
    void (*after_weights)(const struct assay_train_draws *draws, size_t train_count, assay_generator *generator,
                          uint32_t *scratch);
} assay_train_draws;

/* What a run is; plain data. Two runs with the same options, data, backend and number of threads end bit-identical. */
typedef struct {
    assay_network_config network;
    assay_initializer initializer;
    assay_update_rule rule;
    uint64_t seed;
    const assay_train_draws *draws; /* NULL: the order above */
    size_t epochs;
    size_t batch_rows;
    size_t train_count; /* samples that train; the others validate */
} assay_train_options;

typedef struct assay_trainer assay_trainer;

/*
 * Makes a trainer, ready for the first epoch. The backend and `data` must outlive the trainer, which does not copy the
 * inputs where the backend can read them (assay_batches_create). The caller frees it with assay_trainer_destroy.
 * ASSAY_ERROR_ARGUMENT for options that do not fit the data.
 */
assay_status assay_trainer_create(assay_backend *backend, const assay_train_options *options, const assay_dataset *data,
                                  assay_trainer **trainer, assay_error *error);
void assay_trainer_destroy(assay_trainer *trainer);

/* Called after each step of an epoch, to draw a progress bar; may be NULL. */
typedef struct {
    void (*step)(void *context, size_t epoch, size_t done, size_t steps);
    void *context;
} assay_train_progress;

/* One epoch. Allocates nothing. ASSAY_ERROR_NUMERIC if a loss is not a finite number: training has diverged. */
assay_status assay_trainer_epoch(assay_trainer *trainer, const assay_train_progress *progress, assay_error *error);

/* All epochs that are left. */
assay_status assay_trainer_run(assay_trainer *trainer, const assay_train_progress *progress, assay_error *error);

/* Only the first `steps` steps of the next epoch, and their losses: to compare the beginnings of runs. Afterwards, and
 * after an error, the trainer can only be destroyed. */
assay_status assay_trainer_first_steps(assay_trainer *trainer, size_t steps, double *losses, assay_error *error);

/* The accuracy on another data set (the test set), in [0, 1], with the parameters of the best validation epoch. The
 * training parameters do not change. Inputs are normalised with that data set's own mean and std. */
assay_status assay_trainer_test(assay_trainer *trainer, const assay_dataset *data, double *accuracy,
                                assay_error *error);

/* --- what has happened so far ---------------------------------------------------------------------------------- */

const assay_train_options *assay_trainer_options(const assay_trainer *trainer);
size_t assay_trainer_steps_per_epoch(const assay_trainer *trainer);
size_t assay_trainer_epochs_done(const assay_trainer *trainer);
/* [epochs_done]: accuracies in [0, 1]; they belong to the trainer. */
const double *assay_trainer_train_scores(const assay_trainer *trainer);
const double *assay_trainer_validation_scores(const assay_trainer *trainer);
/* [epochs_done * steps_per_epoch] */
const double *assay_trainer_losses(const assay_trainer *trainer);
/* The epoch, counted from 0, with the best validation accuracy (the first of equals). Needs one epoch. */
size_t assay_trainer_best_epoch(const assay_trainer *trainer);

/* The network being trained, and the best epoch's parameters in the layout of assay_network_parameters. */
assay_network *assay_trainer_network(assay_trainer *trainer);
assay_slice assay_trainer_best_parameters(const assay_trainer *trainer);

/* Which samples of the data train and which validate; it belongs to the trainer. */
const assay_split *assay_trainer_split(const assay_trainer *trainer);

/* --- checkpoints ----------------------------------------------------------------------------------------------- */

/* Writes everything that the next epoch depends on, as safetensors: parameters, optimizer, generator, scores and
 * losses, best parameters. */
assay_status assay_trainer_save(assay_trainer *trainer, const char *path, assay_error *error);

/* Continues a run from its checkpoint; it then ends exactly as a run that was never stopped. ASSAY_ERROR_FORMAT, with
 * the first difference, if a run with other options, data, backend or precision made the checkpoint; only the number of
 * epochs may differ, and not be less than those done. After an error the trainer can only be destroyed. */
assay_status assay_trainer_load(assay_trainer *trainer, const char *path, assay_error *error);

/* Writes the best epoch's network as safetensors, with its configuration (model/config.h) in the metadata. */
assay_status assay_trainer_save_best(assay_trainer *trainer, const char *path, assay_error *error);

ASSAY_END_DECLS
#endif
