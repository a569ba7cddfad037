#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <assay/base/alloc.h>
#include "progress.h"
#include "train.h"

assay_status train_read_saved(const char *folder, assay_run run, assay_run_record *record, assay_error *error)
{
    if (folder == NULL) {
        folder = getenv("ASSAY_PRETRAINED");
    }
    if (folder == NULL || *folder == '\0') {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "this needs the author's saved runs: give the folder with "
                          "%s_results.json as --pretrained DIR or in ASSAY_PRETRAINED",
                          assay_run_file_name(run));
    }
    char *path = assay_asprintf(error, "%s/%s_results.json", folder, assay_run_file_name(run));
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : assay_run_record_read(path, record, error);
    assay_free(path);
    return status;
}

typedef struct {
    progress_bar bar;
    const char *label;
    size_t first_epoch; /* of this process: the rate of a resumed run does not count earlier epochs */
} run_progress;

static void show_step(void *context, size_t epoch, size_t done, size_t steps)
{
    run_progress *progress = context;
    char label[64];
    snprintf(label, sizeof label, "%s epoch %zu", progress->label, epoch + 1);
    progress_show(&progress->bar, (epoch - progress->first_epoch) * steps + done, label);
}

/* "[Epoch  1] Training accuracy: 78.63%, Validation accuracy: 84.31%": cell [20]. */
static void print_epoch(const assay_trainer *trainer)
{
    size_t epoch = assay_trainer_epochs_done(trainer) - 1;
    printf("[Epoch %2zu] Training accuracy: %05.2f%%, Validation accuracy: %05.2f%%\n", epoch + 1,
           100.0 * assay_trainer_train_scores(trainer)[epoch], 100.0 * assay_trainer_validation_scores(trainer)[epoch]);
    if (assay_trainer_best_epoch(trainer) == epoch) {
        puts("\t   (New best performance, saving model...)");
    }
    fflush(stdout);
}

assay_status train_to_the_end(assay_trainer *trainer, const char *label, bool print, train_after_epoch *after,
                              void *context, assay_error *error)
{
    size_t epochs = assay_trainer_options(trainer)->epochs;
    run_progress progress = {.label = label, .first_epoch = assay_trainer_epochs_done(trainer)};
    progress_begin(&progress.bar, (epochs - progress.first_epoch) * assay_trainer_steps_per_epoch(trainer), "steps");
    const assay_train_progress steps = {show_step, &progress};
    assay_status status = ASSAY_OK;
    while (status == ASSAY_OK && assay_trainer_epochs_done(trainer) < epochs) {
        status = assay_trainer_epoch(trainer, &steps, error);
        progress_clear(&progress.bar);
        if (status == ASSAY_OK && print) {
            print_epoch(trainer);
        }
        if (status == ASSAY_OK && after != NULL) {
            status = after(context, trainer, error);
        }
    }
    return status;
}

assay_run_record train_record(const assay_trainer *trainer, double test_accuracy)
{
    size_t epochs = assay_trainer_epochs_done(trainer);
    /* The lists are only read: casting const away is safe. */
    return (assay_run_record){
        .test_acc = test_accuracy,
        .epochs = epochs,
        .val_scores = (double *)(uintptr_t)assay_trainer_validation_scores(trainer),
        .train_scores = (double *)(uintptr_t)assay_trainer_train_scores(trainer),
        .steps = epochs * assay_trainer_steps_per_epoch(trainer),
        .train_losses = (double *)(uintptr_t)assay_trainer_losses(trainer),
    };
}
