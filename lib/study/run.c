#include <config.h>

#include <assay/study/run.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include "base/json.h"
#include "study/line.h"
#include "study/plan_impl.h"

/* The part of the training data that a run uses, and how much of it trains: all of it and five sixths, as in the
 * tutorial, where the settings do not say. */
static assay_status choose_data(const assay_dataset *all, study_settings *settings, assay_dataset *data,
                                assay_error *error)
{
    *data = *all;
    size_t train = settings->train.train_count;
    size_t validation = settings->validation_count;
    if (train == 0) {
        train = validation == 0 ? all->count / 6 * 5 : all->count > validation ? all->count - validation : 0;
    }
    if (validation == 0) {
        validation = all->count > train ? all->count - train : 0;
    }
    if (train == 0 || validation == 0 || train > all->count || validation > all->count - train) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "train_count and validation_count must be above 0 and together at most %zu, the size of the "
                          "training data",
                          all->count);
    }
    data->count = train + validation;
    settings->train.train_count = train;
    settings->train.network.inputs = all->width;
    settings->train.network.classes = all->classes;
    return ASSAY_OK;
}

/* Null where the numbers on the way to the measure are not finite: that is a result, too. */
static assay_status measure(const study_measure *what, const study_trained *trained, json_t **value, assay_error *error)
{
    assay_status status = what->measure(trained, value, error);
    if (status == ASSAY_ERROR_NUMERIC) {
        *value = json_null();
        return ASSAY_OK;
    }
    return assay_fail_in(error, status, what->name);
}

/* Adds every measure to `results`. */
static assay_status record(const assay_study_plan *plan, const study_trained *trained, bool diverged, json_t *results,
                           assay_error *error)
{
    bool any_epoch = assay_trainer_epochs_done(trained->trainer) > 0;
    for (size_t i = 0; i < plan->measure_count; i++) {
        const study_measure *wanted = plan->measures[i];
        json_t *value = NULL;
        if (!any_epoch || (diverged && wanted->needs_finish)) {
            value = json_null();
        } else {
            ASSAY_TRY(measure(wanted, trained, &value, error));
        }
        if (json_object_set_new(results, wanted->name, value) != 0) {
            return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the result of a run");
        }
    }
    return ASSAY_OK;
}

/* Trains, and adds what the plan asks for to `results`. */
static assay_status train(const assay_study_plan *plan, const study_settings *settings, const assay_dataset *data,
                          const assay_study_machine *machine, json_t *results, assay_error *error)
{
    assay_trainer *trainer;
    ASSAY_TRY(assay_trainer_create(machine->backend, &settings->train, data, &trainer, error));
    assay_status status = assay_trainer_run(trainer, NULL, error);
    bool diverged = status == ASSAY_ERROR_NUMERIC;
    if (diverged) {
        json_int_t epoch = (json_int_t)assay_trainer_epochs_done(trainer) + 1;
        status = json_object_set_new(results, "diverged", json_integer(epoch)) == 0
                     ? ASSAY_OK
                     : assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the result of a run");
    }
    if (status == ASSAY_OK) {
        status = record(plan, &(study_trained){trainer, data, machine->test}, diverged, results, error);
    }
    assay_trainer_destroy(trainer);
    return status;
}

/* Where and how long: what differs between two machines that find the same result. */
static json_t *made_by(const assay_study_machine *machine, double seconds)
{
    char host[65] = "";
    char backend[40];
    char kernels[80];
    const char *precision = assay_backend_precision(machine->backend) == ASSAY_F32 ? "f32" : "f64";
    snprintf(backend, sizeof backend, "%s:%s", assay_backend_name(machine->backend), precision);
    assay_openblas_kernels(kernels, sizeof kernels);
    gethostname(host, sizeof host - 1);
    return json_pack("{s:s, s:i, s:f, s:s, s:s, s:s, s:s*}", "host", host, "process", (int)getpid(), "seconds", seconds,
                     "backend", backend, "kernels", kernels, "version", PACKAGE_VERSION, "commit", machine->commit);
}

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

assay_status assay_study_run(const assay_study_plan *plan, size_t run, const assay_study_machine *machine, char **line,
                             assay_error *error)
{
    double started = clock_now();
    *line = NULL;
    study_settings settings;
    assay_dataset data;
    json_t *object = study_plan_settings(plan, run % plan->cell_count, error);
    json_t *results = object != NULL ? json_object() : NULL;
    char *key = results != NULL ? assay_study_plan_key(plan, run, error) : NULL;
    assay_status status = key != NULL ? study_settings_read(object, &settings, error)
                                      : assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a run");
    if (status == ASSAY_OK) {
        settings.train.seed = plan->seeds[run / plan->cell_count];
        status = choose_data(machine->train, &settings, &data, error);
    }
    if (status == ASSAY_OK) {
        status = train(plan, &settings, &data, machine, results, error);
    }
    if (status == ASSAY_OK) {
        json_t *made = made_by(machine, clock_now() - started);
        *line = study_line_print(key, object, results, made);
        json_decref(made);
        status = *line != NULL ? ASSAY_OK : assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a result");
    }
    if (status != ASSAY_OK) {
        assay_backend_check(machine->backend, NULL); /* what failed in it is this run's error, not the next one's */
    }
    status = key != NULL ? assay_fail_in(error, status, key) : status;
    json_decref(object);
    json_decref(results);
    assay_free(key);
    return status;
}
