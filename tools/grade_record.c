/*
 * assay grade --record: judges the losses of a training run. The first steps of the tutorial's three runs are computed
 * again with the printed optimizers and with known mistakes; the recorded losses say which one made them.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/data/dataset.h>
#include "grade.h"
#include <assay/tutorial/record.h>
#include <assay/optim/optimizer.h>
#include "tool.h"
#include <assay/tutorial/retrace.h>
#include <assay/tutorial/runs.h>
#include <assay/train/trainer.h>

/* The runs agree with the author's for 5 steps or more; every mistake below shows in the second loss. */
enum { STEPS = 5 };

typedef struct {
    const char *mistake; /* catalogue id, or NULL: as printed */
    assay_run run;
    const char *optimizer;
    const char *settings;
    const char *text;
} record_model;

static const record_model models[] = {
    {NULL, ASSAY_RUN_SGD, "sgd", "", "SGD as printed"},
    {NULL, ASSAY_RUN_MOMENTUM, "momentum", "", "SGD with momentum as printed"},
    {NULL, ASSAY_RUN_ADAM, "adam", "", "Adam as printed"},
    {"sgd.learning_rate_missing", ASSAY_RUN_SGD, "sgd", "lr=1", "SGD with a learning rate of 1"},
    {"momentum.averaging_missing", ASSAY_RUN_MOMENTUM, "classical-momentum", "", "momentum without (1 - b)"},
    {"momentum.nesterov", ASSAY_RUN_MOMENTUM, "nesterov", "", "Nesterov's momentum"},
    {"momentum.first_step_full", ASSAY_RUN_MOMENTUM, "dampening", "", "momentum that starts at g"},
    {"momentum.weights_swapped", ASSAY_RUN_MOMENTUM, "momentum", "momentum=0.1", "momentum, b and 1 - b swapped"},
    {"momentum.state_reset", ASSAY_RUN_MOMENTUM, "sgd", "lr=0.01", "momentum that forgets"},
    {"adam.first_correction_missing", ASSAY_RUN_ADAM, "adam", "correct_first=0", "Adam, m not corrected"},
    {"adam.second_correction_missing", ASSAY_RUN_ADAM, "adam", "correct_second=0", "Adam, v not corrected"},
    {"adam.both_corrections_missing", ASSAY_RUN_ADAM, "adam", "correct_first=0,correct_second=0",
     "Adam, neither corrected"},
    {"adam.betas_swapped", ASSAY_RUN_ADAM, "adam", "beta1=0.999,beta2=0.9", "Adam, betas swapped"},
};
enum { MODELS = sizeof models / sizeof models[0] };

typedef struct {
    double losses[STEPS];
    size_t agreeing; /* steps from the first on */
} model_run;

/* The first steps of a run that is made with that optimizer, from the tutorial's own state. */
static assay_status run_model(const record_model *model, assay_backend *backend, const assay_dataset *data,
                              double *losses, assay_error *error)
{
    assay_train_options options = assay_tutorial_training(model->run);
    assay_trainer *trainer;
    ASSAY_TRY(assay_optimizer_by_name(model->optimizer, &options.rule, error));
    ASSAY_TRY(assay_optimizer_set(&options.rule, model->settings, error));
    ASSAY_TRY(assay_trainer_create(backend, &options, data, &trainer, error));
    assay_status status = assay_trainer_first_steps(trainer, STEPS, losses, error);
    assay_trainer_destroy(trainer);
    if (status == ASSAY_ERROR_NUMERIC) { /* a mistake may well diverge: then it agrees with nothing */
        memset(losses, 0, STEPS * sizeof *losses);
        status = ASSAY_OK;
    }
    return status;
}

static assay_status run_models(const char *folder, const assay_run_record *record, model_run runs[MODELS],
                               assay_error *error)
{
    assay_dataset data = {0};
    assay_backend *backend = NULL;
    assay_status status = tool_open_backend(ASSAY_RETRACE_BACKEND, 0, &backend, error);
    if (status == ASSAY_OK) {
        status = assay_dataset_load(folder, ASSAY_TRAIN, &data, error);
    }
    for (size_t k = 0; k < MODELS && status == ASSAY_OK; k++) {
        status = run_model(&models[k], backend, &data, runs[k].losses, error);
        assay_retrace track = assay_retrace_compare(STEPS, runs[k].losses, record->train_losses,
                                                    ASSAY_RETRACE_TOLERANCE);
        runs[k].agreeing = track.parts_at == 0 ? STEPS : track.parts_at - 1;
    }
    assay_dataset_destroy(&data);
    if (backend != NULL) {
        assay_backend_close(backend);
    }
    return status;
}

/* The model that agrees for all steps, or MODELS. */
static size_t find_match(const model_run runs[MODELS])
{
    for (size_t k = 0; k < MODELS; k++) {
        if (runs[k].agreeing == STEPS) {
            return k;
        }
    }
    return MODELS;
}

static void print_losses(const char *text, const double *losses)
{
    printf("  %-32s", text);
    for (size_t s = 0; s < STEPS; s++) {
        printf(losses[s] < 1000.0 ? " %10.6f" : " %10.3g", losses[s]);
    }
}

static void print_table(const grade_options *options, const assay_run_record *record, const model_run runs[MODELS])
{
    printf("%s\nThe first %d of %zu losses, and those of the tutorial's runs with each optimizer:\n\n", options->record,
           STEPS, record->steps);
    print_losses("recorded", record->train_losses);
    printf("\n");
    for (size_t k = 0; k < MODELS; k++) {
        print_losses(models[k].text, runs[k].losses);
        printf("  %zu of %d agree\n", runs[k].agreeing, STEPS);
    }
    printf("\n");
}

static bool print_verdict(const grade_options *options, const model_run runs[MODELS])
{
    size_t match = find_match(runs);
    if (match == MODELS) {
        printf("These losses come from none of them: another start, other batches or a mistake that is not known.\n");
        return false;
    }
    if (models[match].mistake == NULL) {
        printf("The run was made by %s.\n", models[match].text);
        return true;
    }
    const grade_mistake *mistake = assay_grade_catalogue_find(options->catalogue, models[match].mistake);
    printf("The run was not made by the optimizer that the tutorial prints:\n  >> %s  [%s]\n     %s\n     Hint: %s\n",
           mistake->name, mistake->id, mistake->explanation, mistake->hint);
    return false;
}

int grade_record(const grade_options *options)
{
    assay_error error = {0};
    assay_run_record record = {0};
    model_run runs[MODELS];
    memset(runs, 0, sizeof runs);
    assay_status status = assay_run_record_read(options->record, &record, &error);
    if (status == ASSAY_OK && record.steps < STEPS) {
        status = assay_fail(&error, ASSAY_ERROR_FORMAT, "%s: %zu losses; at least %d are needed", options->record,
                            record.steps, STEPS);
    }
    if (status == ASSAY_OK) {
        status = run_models(options->data == NULL ? ASSAY_DEFAULT_DATA : options->data, &record, runs, &error);
    }
    if (status != ASSAY_OK) {
        assay_run_record_destroy(&record);
        tool_fail(GRADE_COMMAND, &error);
        return TOOL_USAGE;
    }
    print_table(options, &record, runs);
    bool printed = print_verdict(options, runs);
    assay_run_record_destroy(&record);
    return printed ? TOOL_SUCCESS : TOOL_FAILURE;
}
