/* The training runs of assay reproduce. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "reproduce.h"
#include "train.h"

typedef struct {
    assay_dataset train;
    assay_dataset test;
} both_parts;

/* A copy of a record whose lists belong to a trainer. */
static assay_status keep(const assay_run_record *record, assay_run_record *copy, assay_error *error)
{
    *copy = (assay_run_record){.test_acc = record->test_acc, .epochs = record->epochs, .steps = record->steps};
    copy->val_scores = assay_calloc(record->epochs, sizeof(double), error);
    copy->train_scores = assay_calloc(record->epochs, sizeof(double), error);
    copy->train_losses = assay_calloc(record->steps, sizeof(double), error);
    if (copy->val_scores == NULL || copy->train_scores == NULL || copy->train_losses == NULL) {
        assay_run_record_destroy(copy);
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(copy->val_scores, record->val_scores, record->epochs * sizeof(double));
    memcpy(copy->train_scores, record->train_scores, record->epochs * sizeof(double));
    memcpy(copy->train_losses, record->train_losses, record->steps * sizeof(double));
    return ASSAY_OK;
}

static assay_status make_run(const assay_tutorial_run *run, assay_backend *backend, const both_parts *data,
                             assay_run_record *record, assay_error *error)
{
    assay_train_options options = assay_tutorial_run_options(run);
    assay_trainer *trainer;
    ASSAY_TRY(assay_trainer_create(backend, &options, &data->train, &trainer, error));
    double accuracy = 0.0;
    assay_status status = train_to_the_end(trainer, run->label, false, NULL, NULL, error);
    if (status == ASSAY_OK) {
        status = assay_trainer_test(trainer, &data->test, &accuracy, error);
    }
    if (status == ASSAY_OK) {
        const assay_run_record made = train_record(trainer, accuracy);
        status = keep(&made, record, error);
    }
    assay_trainer_destroy(trainer);
    return status;
}

/* Reads the record from the folder of records, or makes the run and writes its record there. */
static assay_status get_run(const reproduce_options *options, const assay_tutorial_run *run, assay_backend *backend,
                            both_parts *data, assay_run_record *record, assay_error *error)
{
    char *path = NULL;
    if (options->runs != NULL) {
        path = assay_asprintf(error, "%s/%s_results.json", options->runs, run->file_name);
        if (path == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    }
    assay_status status = ASSAY_OK;
    if (path != NULL && access(path, F_OK) == 0) {
        status = assay_run_record_read(path, record, error);
    } else {
        if (data->train.count == 0) {
            status = assay_dataset_load(options->session.data_folder, ASSAY_TRAIN, &data->train, error);
        }
        if (status == ASSAY_OK && data->test.count == 0) {
            status = assay_dataset_load(options->session.data_folder, ASSAY_TEST, &data->test, error);
        }
        if (status == ASSAY_OK) {
            status = make_run(run, backend, data, record, error);
        }
        if (status == ASSAY_OK && path != NULL) {
            mkdir(options->runs, 0777); /* if this fails, writing the record reports it */
            status = assay_run_record_write(path, record, error);
        }
    }
    assay_free(path);
    return status;
}

assay_status reproduce_runs(const reproduce_options *options, assay_backend *backend,
                            assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_error *error)
{
    both_parts data = {0};
    assay_status status = ASSAY_OK;
    for (int i = 0; i < ASSAY_TUTORIAL_RUNS && status == ASSAY_OK; i++) {
        status = get_run(options, &assay_tutorial_runs[i], backend, &data, &records[i], error);
    }
    assay_dataset_destroy(&data.train);
    assay_dataset_destroy(&data.test);
    return status;
}
