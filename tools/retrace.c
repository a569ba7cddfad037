#include "retrace.h"

#include <math.h>
#include <stdio.h>

#include <assay/tutorial/retrace.h>
#include "train.h"

enum { SHOWN_STEPS = 12, CLAIMED_EPOCHS = 3 };

static double mean(size_t count, const double *values)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / (double)count;
}

static void print_steps(size_t count, const double *ours, const double *theirs)
{
    printf("\n  step     ours      theirs    error\n");
    for (size_t i = 0; i < count; i++) {
        printf("  %4zu  %9.7f  %9.7f  %7.1e\n", i + 1, ours[i], theirs[i], fabs(ours[i] - theirs[i]) / theirs[i]);
    }
}

/* Mean losses; returns whether the claimed epochs are close enough. */
static bool print_epochs(assay_run run, const assay_trainer *trainer, const assay_run_record *saved)
{
    size_t steps = assay_trainer_steps_per_epoch(trainer);
    bool close = true;
    printf("\n  epoch  mean loss: ours  theirs   error    validation: ours  theirs\n");
    for (size_t epoch = 0; epoch < assay_trainer_epochs_done(trainer) && epoch < saved->epochs; epoch++) {
        double ours = mean(steps, assay_trainer_losses(trainer) + epoch * steps);
        double theirs = mean(steps, saved->train_losses + epoch * steps);
        double error = fabs(ours - theirs) / theirs;
        printf("  %5zu  %15.5f %7.5f  %6.2f%%  %15.2f%% %6.2f%%\n", epoch + 1, ours, theirs, 100.0 * error,
               100.0 * assay_trainer_validation_scores(trainer)[epoch], 100.0 * saved->val_scores[epoch]);
        close = close && (epoch >= CLAIMED_EPOCHS || error <= assay_retrace_epoch_tolerance(run));
    }
    return close;
}

static assay_status report(assay_run run, const assay_trainer *trainer, const assay_run_record *saved,
                           assay_error *error)
{
    size_t steps = assay_trainer_steps_per_epoch(trainer) * assay_trainer_epochs_done(trainer);
    if (saved->steps < steps || saved->steps / saved->epochs != assay_trainer_steps_per_epoch(trainer)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "the saved run has %zu losses in %zu epochs, but our epochs have %zu "
                          "steps",
                          saved->steps, saved->epochs, assay_trainer_steps_per_epoch(trainer));
    }
    const double *ours = assay_trainer_losses(trainer);
    print_steps(steps < SHOWN_STEPS ? steps : SHOWN_STEPS, ours, saved->train_losses);
    assay_retrace track = assay_retrace_compare(steps, ours, saved->train_losses, ASSAY_RETRACE_TOLERANCE);
    size_t agreeing = track.parts_at == 0 ? steps : track.parts_at - 1;
    printf("\nThe first %zu steps agree with the author's within %.0e (largest difference %.1e)", agreeing,
           ASSAY_RETRACE_TOLERANCE, track.worst);
    if (track.parts_at != 0) {
        printf("; from step %zu on the growing difference in float rounding is larger", track.parts_at);
    }
    printf(".\n");
    bool close = print_epochs(run, trainer, saved);
    putchar('\n');
    size_t claimed = assay_retrace_steps(run) < steps ? assay_retrace_steps(run) : steps;
    if (agreeing < claimed || !close) {
        return assay_fail(error, ASSAY_ERROR_NUMERIC,
                          "the run does not retrace the author's: %zu steps agree and %zu should, "
                          "or the mean loss of an epoch differs by more than %.0f%%",
                          agreeing, claimed, 100.0 * assay_retrace_epoch_tolerance(run));
    }
    return ASSAY_OK;
}

assay_status retrace_report(assay_run run, const char *pretrained, const assay_trainer *trainer, assay_error *error)
{
    assay_run_record saved;
    ASSAY_TRY(train_read_saved(pretrained, run, &saved, error));
    assay_status status = report(run, trainer, &saved, error);
    assay_run_record_destroy(&saved);
    return status;
}
