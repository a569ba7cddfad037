/*
 * Prints, as JSON, how close the numbers of one backend come to the tutorial's on this machine: its 50 variances, and
 * the first losses of the author's saved runs. `./check --everywhere` runs it on each platform (doc/testing.md).
 *
 *   platform BACKEND THREADS STEPS        BACKEND: as in `assay reproduce --backend`; STEPS: of each run, at most 45
 *
 * Needs Fashion-MNIST, and GOLDEN_DIR with retrace.json.
 */
#include <cblas.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <assay/base/error.h>
#include <assay/base/alloc.h>
#include <assay/optim/optimizer.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/retrace.h>
#include <assay/tutorial/runs.h>
#include <assay/tutorial/sections.h>
#include "backend/openblas/panel.h"

enum { MOST_STEPS = 45 };

typedef struct {
    const char *name;
    int threads;
    size_t steps;
} request;

static bool is_plain(const request *wanted)
{
    return strcmp(wanted->name, "reference") == 0;
}

static const char *data_folder(void)
{
    const char *folder = getenv("ASSAY_DATA");
    return folder != NULL && *folder != '\0' ? folder : ASSAY_DEFAULT_DATA;
}

/* The sections whose numbers are variances, in one session. */
static assay_status measure_variances(assay_backend *backend, json_t *all, assay_error *error)
{
    assay_session_options options = assay_session_defaults();
    options.data_folder = data_folder();
    assay_session *session;
    ASSAY_TRY(assay_session_create(backend, &options, &session, error));
    assay_section_inputs inputs = {.backend = backend, .session = session};
    int count = 0;
    int agree = 0;
    double worst = 0.0;
    assay_status status = ASSAY_OK;
    for (size_t i = 0; i < assay_experiment_count() && status == ASSAY_OK; i++) {
        assay_section_results results = {0};
        status = assay_section_run(assay_experiment_at(i)->section, &inputs, &results, error);
        for (size_t k = 0; k < results.count; k++) {
            const assay_result *one = &results.results[k];
            count += one->verdict != ASSAY_VERDICT_SHOWN;
            agree += one->verdict == ASSAY_VERDICT_AGREES;
            worst = fmax(worst, one->error);
        }
    }
    assay_session_destroy(session);
    json_object_set_new(all, "variances", json_pack("{si si sf}", "count", count, "agree", agree, "worst", worst));
    return status;
}

static assay_status first_losses(const request *wanted, assay_backend *backend, const assay_dataset *data,
                                 assay_run run, double *losses, assay_error *error)
{
    assay_train_options options = assay_tutorial_training(run);
    ASSAY_TRY(assay_optimizer_by_name(assay_run_saved_optimizer(run), &options.rule, error));
    assay_trainer *trainer;
    ASSAY_TRY(assay_trainer_create(backend, &options, data, &trainer, error));
    assay_status status = assay_trainer_first_steps(trainer, wanted->steps, losses, error);
    assay_trainer_destroy(trainer);
    return status;
}

static assay_status read_golden(json_t **golden, assay_error *error)
{
    const char *folder = getenv("GOLDEN_DIR");
    char *path = assay_asprintf(error, "%s/retrace.json", folder != NULL ? folder : "golden");
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    json_error_t wrong;
    *golden = json_load_file(path, 0, &wrong);
    assay_status status = *golden != NULL ? ASSAY_OK
                                          : assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %s", path, wrong.text);
    assay_free(path);
    return status;
}

/* For each run: of how many steps the losses agree, of how many they were compared, and how many are claimed. */
static assay_status measure_runs(const request *wanted, assay_backend *backend, json_t *all, assay_error *error)
{
    static const char *const names[] = {
        [ASSAY_RUN_SGD] = "sgd", [ASSAY_RUN_MOMENTUM] = "momentum", [ASSAY_RUN_ADAM] = "adam"};
    json_t *golden;
    ASSAY_TRY(read_golden(&golden, error));
    json_t *runs = json_object();
    json_object_set_new(all, "retraced", runs);
    assay_dataset data;
    assay_status status = assay_dataset_load(data_folder(), ASSAY_TRAIN, &data, error);
    for (int run = 0; run < ASSAY_RUN_COUNT && status == ASSAY_OK; run++) {
        double ours[MOST_STEPS];
        double theirs[MOST_STEPS];
        json_t *losses = json_object_get(json_object_get(golden, "losses"), names[run]);
        request own = *wanted;
        own.steps = json_array_size(losses) < own.steps ? json_array_size(losses) : own.steps;
        for (size_t i = 0; i < own.steps; i++) {
            theirs[i] = json_number_value(json_array_get(losses, i));
        }
        status = first_losses(&own, backend, &data, (assay_run)run, ours, error);
        if (status == ASSAY_OK) {
            assay_retrace track = assay_retrace_compare(own.steps, ours, theirs, ASSAY_RETRACE_TOLERANCE);
            size_t agree = track.parts_at == 0 ? own.steps : track.parts_at - 1;
            json_object_set_new(runs, names[run],
                                json_pack("{sI sI sI sf}", "steps", (json_int_t)own.steps, "agree", (json_int_t)agree,
                                          "claimed", (json_int_t)assay_retrace_steps((assay_run)run), "worst",
                                          track.worst));
        }
    }
    assay_dataset_destroy(&data);
    json_decref(golden);
    return status;
}

static assay_status measure(const request *wanted, json_t *all, assay_error *error)
{
    assay_backend *backend;
    assay_precision precision = is_plain(wanted) ? ASSAY_F64 : ASSAY_F32; /* the reference has no other */
    ASSAY_TRY(assay_backend_open(&(assay_backend_options){wanted->name, precision, wanted->threads}, &backend, error));
    assay_status status = measure_variances(backend, all, error);
    if (status == ASSAY_OK && wanted->steps > 0) {
        status = measure_runs(wanted, backend, all, error);
    }
    assay_backend_close(backend);
    return status;
}

/* The kernels: ours where the backend has them, and those of OpenBLAS. */
static void describe(const request *wanted, json_t *all)
{
    struct utsname machine;
    uname(&machine);
    const assay_panel_kernels *panels = assay_panel_supported()[0];
    bool has_panels = strcmp(wanted->name, "openblas") == 0 && panels != NULL;
    bool plain = is_plain(wanted);
    json_object_set_new(all, "machine", json_string(machine.machine));
    json_object_set_new(all, "backend", json_string(wanted->name));
    json_object_set_new(all, "threads", json_integer(wanted->threads));
    json_object_set_new(all, "panels", has_panels ? json_string(panels->name) : json_null());
    json_object_set_new(all, "blas", plain ? json_null() : json_string(openblas_get_config()));
    json_object_set_new(all, "core", plain ? json_null() : json_string(openblas_get_corename()));
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "platform: usage: platform BACKEND THREADS STEPS\n");
        return 2;
    }
    request wanted = {argv[1], (int)strtol(argv[2], NULL, 10), (size_t)strtoul(argv[3], NULL, 10)};
    if (wanted.steps > MOST_STEPS) {
        fprintf(stderr, "platform: at most %d steps can be compared\n", MOST_STEPS);
        return 2;
    }
    json_t *all = json_object();
    describe(&wanted, all);
    assay_error error;
    assay_status status = measure(&wanted, all, &error);
    if (status != ASSAY_OK) {
        fprintf(stderr, "platform: %s\n", error.message);
    } else {
        json_dumpf(all, stdout, JSON_INDENT(1));
        putchar('\n');
    }
    json_decref(all);
    return status == ASSAY_OK ? 0 : 1;
}
