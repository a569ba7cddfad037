/*
 * Training as the tutorial does it (train_model and epoch_iteration of cell [20]): epochs of shuffled batches, the last
 * partial one dropped, training and validation accuracy after each, the best validation epoch kept.
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
#include <assay/train/batches.h>
#include <assay/tutorial/chain.h>

ASSAY_BEGIN_DECLS

/* Plain data: what a run is. Two runs with the same options, data, backend and thread count end bit-identical. */
typedef struct {
    assay_network_config network;
    assay_initializer initializer;
    assay_update_rule rule;
    uint64_t seed;
    assay_run position;  /* of the chain: which runs' draws come before this one's */
    size_t epochs;
    size_t batch_rows;
    size_t train_count;  /* images that train; the others validate */
} assay_train_options;

/* Cell [25] to [28]: Kaiming, ReLU, seed 42, 40 epochs of batches of 256, 50,000 images; with the printed optimizer. */
assay_train_options assay_tutorial_training(assay_run run);

typedef struct assay_trainer assay_trainer;

/*
 * Ready for the first epoch. `data` is the training set of 60,000. It and the backend must outlive the trainer, which does
 * not copy its pixels where the backend can read them (assay_batches_create); the caller ends it with assay_trainer_destroy. ASSAY_ERROR_ARGUMENT for options that do not fit the data.
 */
assay_status assay_trainer_create(assay_backend *backend, const assay_train_options *options, const assay_dataset *data,
                                  assay_trainer **trainer, assay_error *error);
void assay_trainer_destroy(assay_trainer *trainer);

/* Called after each step of an epoch, to draw a progress bar; may be NULL. */
typedef struct {
    void (*step)(void *context, size_t epoch, size_t done, size_t steps);
    void *context;
} assay_train_progress;

/* One epoch. Allocates nothing. ASSAY_ERROR_NUMERIC when a loss is not a finite number: training has diverged. */
assay_status assay_trainer_epoch(assay_trainer *trainer, const assay_train_progress *progress, assay_error *error);

/* The first `steps` steps of the next epoch alone, and their losses: to compare the beginnings of runs. The trainer is good
 * for nothing but its end afterwards. */
assay_status assay_trainer_first_steps(assay_trainer *trainer, size_t steps, double *losses, assay_error *error);

/* Accuracy on another data set (the test set), in [0, 1], of the parameters of the best validation epoch. The training
 * parameters are left as they are. */
assay_status assay_trainer_test(assay_trainer *trainer, const assay_dataset *data, double *accuracy, assay_error *error);

/* --- what has happened so far ---------------------------------------------------------------------------------- */

const assay_train_options *assay_trainer_options(const assay_trainer *trainer);
size_t assay_trainer_steps_per_epoch(const assay_trainer *trainer);
size_t assay_trainer_epochs_done(const assay_trainer *trainer);
/* [epochs_done]; accuracies in [0, 1]. They belong to the trainer. */
const double *assay_trainer_train_scores(const assay_trainer *trainer);
const double *assay_trainer_validation_scores(const assay_trainer *trainer);
/* [epochs_done * steps_per_epoch] */
const double *assay_trainer_losses(const assay_trainer *trainer);
/* The epoch, counted from 0, with the best validation accuracy (the first of equals). Needs one epoch. */
size_t assay_trainer_best_epoch(const assay_trainer *trainer);

/* The network being trained, and the best epoch's parameters in the layout of assay_network_parameters. */
assay_network *assay_trainer_network(assay_trainer *trainer);
assay_slice assay_trainer_best_parameters(const assay_trainer *trainer);

/* --- checkpoints ----------------------------------------------------------------------------------------------- */

/* Writes all that the next epoch depends on (parameters, optimizer, generator, record, best parameters) as safetensors. */
assay_status assay_trainer_save(assay_trainer *trainer, const char *path, assay_error *error);

/* Continues a run from its checkpoint, so that it ends as if it had never stopped. ASSAY_ERROR_FORMAT, with the first
 * difference, when the checkpoint was made by a run with other options, data, backend or precision; only the number of
 * epochs may differ, and not be less than those done. After an error the trainer is good for nothing but its end. */
assay_status assay_trainer_load(assay_trainer *trainer, const char *path, assay_error *error);

/* Writes the best epoch's network as safetensors with the tutorial's configuration in the metadata. */
assay_status assay_trainer_save_best(assay_trainer *trainer, const char *path, assay_error *error);

ASSAY_END_DECLS
#endif
