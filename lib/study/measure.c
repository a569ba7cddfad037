#include "study/measure.h"

#include <math.h>

#include <assay/base/names.h>
#include "study/probe.h"

/* JSON has no NaN and no infinity, which steps that are too large can lead to: null. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static assay_status test_accuracy(const study_trained *trained, json_t **value, assay_error *error)
{
    double accuracy;
    ASSAY_TRY(assay_trainer_test(trained->trainer, trained->test, &accuracy, error));
    *value = number(accuracy);
    return ASSAY_OK;
}

static assay_status best_validation(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    size_t best = assay_trainer_best_epoch(trained->trainer);
    *value = number(assay_trainer_validation_scores(trained->trainer)[best]);
    return ASSAY_OK;
}

static assay_status last_validation(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    size_t last = assay_trainer_epochs_done(trained->trainer) - 1;
    *value = number(assay_trainer_validation_scores(trained->trainer)[last]);
    return ASSAY_OK;
}

static assay_status best_epoch(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    *value = json_integer((json_int_t)assay_trainer_best_epoch(trained->trainer) + 1);
    return ASSAY_OK;
}

/* The training accuracy during the best epoch, and the last one: means over batches while the network still learns. */
static assay_status train_accuracy(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    size_t best = assay_trainer_best_epoch(trained->trainer);
    *value = number(assay_trainer_train_scores(trained->trainer)[best]);
    return ASSAY_OK;
}

static assay_status last_train_accuracy(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    size_t last = assay_trainer_epochs_done(trained->trainer) - 1;
    *value = number(assay_trainer_train_scores(trained->trainer)[last]);
    return ASSAY_OK;
}

static double mean_loss(const assay_trainer *trainer, size_t epoch)
{
    size_t steps = assay_trainer_steps_per_epoch(trainer);
    const double *losses = assay_trainer_losses(trainer) + epoch * steps;
    double sum = 0.0;
    for (size_t i = 0; i < steps; i++) {
        sum += losses[i];
    }
    return sum / (double)steps;
}

static assay_status last_loss(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    *value = number(mean_loss(trained->trainer, assay_trainer_epochs_done(trained->trainer) - 1));
    return ASSAY_OK;
}

static assay_status fit_accuracy(const study_trained *trained, json_t **value, assay_error *error)
{
    study_fit fit;
    ASSAY_TRY(study_probe_fit(trained, STUDY_PROBE_TRAINING, &fit, error));
    *value = number(fit.accuracy);
    return ASSAY_OK;
}

static assay_status fit_loss(const study_trained *trained, json_t **value, assay_error *error)
{
    study_fit fit;
    ASSAY_TRY(study_probe_fit(trained, STUDY_PROBE_TRAINING, &fit, error));
    *value = number(fit.loss);
    return ASSAY_OK;
}

static assay_status test_loss(const study_trained *trained, json_t **value, assay_error *error)
{
    study_fit fit;
    ASSAY_TRY(study_probe_fit(trained, STUDY_PROBE_TEST, &fit, error));
    *value = number(fit.loss);
    return ASSAY_OK;
}

static assay_status hessian_eigenvalue(const study_trained *trained, json_t **value, assay_error *error)
{
    assay_eigenvalue found;
    ASSAY_TRY(study_probe_eigenvalue(trained, &found, error));
    *value = number(found.value);
    return ASSAY_OK;
}

static assay_status hessian_trace(const study_trained *trained, json_t **value, assay_error *error)
{
    assay_trace_estimate estimate;
    ASSAY_TRY(study_probe_trace(trained, &estimate, error));
    *value = number(estimate.trace);
    return ASSAY_OK;
}

/* Of 5 % of each tensor's length. */
static assay_status perturbed_growth(const study_trained *trained, json_t **value, assay_error *error)
{
    double growth;
    ASSAY_TRY(study_probe_perturbed(trained, 0.05, &growth, error));
    *value = number(growth);
    return ASSAY_OK;
}

/* A list that is complete or NULL. */
static json_t *list_of(size_t count, const double *values)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(list, json_real(values[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static assay_status validation_scores(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    *value = list_of(assay_trainer_epochs_done(trained->trainer), assay_trainer_validation_scores(trained->trainer));
    return ASSAY_OK;
}

static assay_status train_scores(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    *value = list_of(assay_trainer_epochs_done(trained->trainer), assay_trainer_train_scores(trained->trainer));
    return ASSAY_OK;
}

static assay_status epoch_losses(const study_trained *trained, json_t **value, assay_error *error)
{
    (void)error;
    *value = json_array();
    for (size_t epoch = 0; epoch < assay_trainer_epochs_done(trained->trainer); epoch++) {
        if (json_array_append_new(*value, json_real(mean_loss(trained->trainer, epoch))) != 0) {
            json_decref(*value);
            *value = NULL;
        }
    }
    return ASSAY_OK;
}

/* clang-format off */
static const study_measure measures[] = {
    {.name = "test_accuracy", .number = true, .measure = test_accuracy},
    {.name = "best_validation", .number = true, .measure = best_validation},
    {.name = "best_epoch", .number = true, .measure = best_epoch},
    {.name = "train_accuracy", .number = true, .measure = train_accuracy},
    {.name = "last_validation", .number = true, .needs_finish = true, .measure = last_validation},
    {.name = "last_train_accuracy", .number = true, .needs_finish = true, .measure = last_train_accuracy},
    {.name = "last_loss", .number = true, .needs_finish = true, .measure = last_loss},
    {.name = "fit_accuracy", .number = true, .measure = fit_accuracy},
    {.name = "fit_loss", .number = true, .measure = fit_loss},
    {.name = "test_loss", .number = true, .measure = test_loss},
    {.name = "hessian_eigenvalue", .number = true, .measure = hessian_eigenvalue},
    {.name = "hessian_trace", .number = true, .measure = hessian_trace},
    {.name = "perturbed_growth", .number = true, .measure = perturbed_growth},
    {.name = "validation_scores", .measure = validation_scores},
    {.name = "train_scores", .measure = train_scores},
    {.name = "epoch_losses", .measure = epoch_losses},
};
/* clang-format on */

assay_status study_measure_by_name(const char *name, const study_measure **measure, assay_error *error)
{
    size_t index;
    ASSAY_TRY(assay_names_lookup(ASSAY_NAMES_OF(measures, name), "measure", name, &index, error));
    *measure = &measures[index];
    return ASSAY_OK;
}
