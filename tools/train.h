/* What assay train and the optimizers section of assay reproduce share: running a trainer to its end, on a terminal. */
#ifndef ASSAY_TOOLS_TRAIN_H
#define ASSAY_TOOLS_TRAIN_H

#include <assay/train/trainer.h>
#include <assay/tutorial/record.h>
#include <assay/tutorial/runs.h>

/*
 * The author's record of a run, from `folder` or, if that is NULL, from the folder that ASSAY_PRETRAINED names. The
 * caller frees it with assay_run_record_destroy. ASSAY_ERROR_ARGUMENT if neither is given.
 */
assay_status train_read_saved(const char *folder, assay_run run, assay_run_record *record, assay_error *error);

/* Called after each epoch; anything but ASSAY_OK ends the run. */
typedef assay_status train_after_epoch(void *context, assay_trainer *trainer, assay_error *error);

/*
 * Trains to the last epoch, with a bar on a terminal, after `label`. With `print`, prints a line for each epoch as the
 * tutorial does. `after` may be NULL.
 */
assay_status train_to_the_end(assay_trainer *trainer, const char *label, bool print, train_after_epoch *after,
                              void *context, assay_error *error);

/* The record of a finished run; its lists belong to the trainer. */
assay_run_record train_record(const assay_trainer *trainer, double test_accuracy);

#endif
