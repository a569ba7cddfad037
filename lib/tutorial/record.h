/*
 * The record of a training run, as the tutorial's train_model writes it beside the model (MODEL_results.json):
 * {"test_acc": ..., "val_scores": [...], "train_losses": [...], "train_scores": [...]}.
 */
#ifndef ASSAY_TUTORIAL_RECORD_H
#define ASSAY_TUTORIAL_RECORD_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a record that is read: millions of steps. */
#define ASSAY_RECORD_LIMIT ((size_t)64 << 20)

typedef struct {
    double test_acc; /* of the best model, in [0, 1] */
    size_t epochs;
    double *val_scores;   /* [epochs] accuracy on the validation set after each epoch, in [0, 1] */
    double *train_scores; /* [epochs] accuracy on the training batches during each epoch, in [0, 1] */
    size_t steps;
    double *train_losses; /* [steps] mean loss of each batch, not negative */
} assay_run_record;

/*
 * Reads the JSON text; `name` is its name in errors. The four keys must be there and no other; scores in [0, 1],
 * losses not negative, as many scores of both kinds. The caller frees the record with assay_run_record_destroy.
 */
assay_status assay_run_record_parse(const char *text, size_t length, const char *name, assay_run_record *record,
                                    assay_error *error);
/* The same from a file. */
assay_status assay_run_record_read(const char *path, assay_run_record *record, assay_error *error);

/*
 * Writes the file, completely or not at all. Numbers are written so that they read back bit for bit.
 * ASSAY_ERROR_NUMERIC, with key and index, for a NaN or an infinity, which JSON does not have.
 */
assay_status assay_run_record_write(const char *path, const assay_run_record *record, assay_error *error);

/* Frees the lists of a record that was read; a zeroed struct is allowed. */
void assay_run_record_destroy(assay_run_record *record);

ASSAY_END_DECLS
#endif
