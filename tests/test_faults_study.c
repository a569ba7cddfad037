/* lib/study: plans, runs, folders, records and summaries while memory and system calls fail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "fault_run.h"
#include <assay/study/record.h>
#include <assay/study/run.h>
#include <assay/study/store.h>
#include <assay/study/summary.h>
#include "support.h"
#include "train_sample.h"

#define ALL_MEASURES                                                                                             \
    "\"test_accuracy\", \"best_validation\", \"best_epoch\", \"train_accuracy\", \"last_validation\", "          \
    "\"last_train_accuracy\", \"last_loss\", \"fit_accuracy\", \"fit_loss\", \"test_loss\", "                    \
    "\"hessian_eigenvalue\", \"hessian_trace\", \"perturbed_growth\", \"validation_scores\", \"train_scores\", " \
    "\"epoch_losses\""

/* Two cells, two seeds; each place of the plan that can hold settings does. */
#define PLAN(measures)                                                                                             \
    "{\"study\": \"s\", \"about\": \"faults\", \"settings\": {\"hidden\": \"3\", \"batch\": 4, \"epochs\": 2, "    \
    "\"train_count\": 8, \"validation_count\": 4}, \"factors\": [{\"name\": \"optimizer\", \"levels\": [\"sgd\"]}" \
    ", {\"name\": \"rate\", \"levels\": [{\"name\": \"slow\", \"lr\": 0.01, \"init\": \"normal\"}, {\"name\": "    \
    "\"fast\", \"lr\": 0.1}]}, {\"name\": \"init_gain\", \"levels\": [1.5]}], "                                    \
    "\"seeds\": [1, 2], \"record\": [" measures "]}"

enum { CELLS = 2, RUNS = 4, INPUTS = 5, IMAGES = 12 };

/* Made once and kept: only the scenarios' own calls shall fail. */
static assay_study_plan *plan;     /* of numbers and a list */
static assay_study_plan *measured; /* with every measure */
static assay_study_plan *diverging;
static assay_study_machine machine;
static char *lines[RUNS]; /* results of `plan` */

static assay_dataset tiny_dataset(unsigned first)
{
    assay_dataset data;
    assay_error error;
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_BYTES, IMAGES, INPUTS, 2, &data, &error), &error);
    data.mean = 0.5f;
    data.std = 0.5f;
    for (unsigned i = 0; i < IMAGES * INPUTS; i++) {
        data.pixels[i] = (uint8_t)((i * 37 + first) % 256);
    }
    for (unsigned i = 0; i < IMAGES; i++) {
        data.labels[i] = data.pixels[i * INPUTS] > 127;
    }
    return data;
}

static assay_study_plan *parse(const char *text)
{
    assay_study_plan *made;
    assay_error error;
    support_assert_ok(assay_study_plan_parse(text, strlen(text), "plan", &made, &error), &error);
    return made;
}

static void set_up_everything(fault_bench *bench)
{
    static assay_dataset train;
    static assay_dataset test;
    (void)bench;
    if (plan != NULL) {
        return;
    }
    train = tiny_dataset(1);
    test = tiny_dataset(100);
    machine = (assay_study_machine){sample_backend("reference", ASSAY_F64, 1), &train, &test, "1a2b"};
    measured = parse(PLAN(ALL_MEASURES));
    diverging = parse("{\"study\": \"s\", \"settings\": {\"hidden\": \"3\", \"batch\": 2, \"lr\": 1e300}, \"seeds\": "
                      "[1], \"record\": "
                      "[\"last_loss\"]}");
    plan = parse(PLAN("\"last_loss\", \"epoch_losses\""));
    for (size_t run = 0; run < RUNS; run++) {
        assay_error error;
        support_assert_ok(assay_study_run(plan, run, &machine, &lines[run], &error), &error);
    }
}

/* --- plans and runs ----------------------------------------------------------------------------------------------- */

static void set_up_plan(fault_bench *bench)
{
    static const char text[] = PLAN(ALL_MEASURES);
    set_up_everything(bench);
    fault_write(bench, "plan", text, sizeof text - 1);
}

static assay_status read_plan(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_study_plan *read;
    ASSAY_TRY(assay_study_plan_read(fault_path(bench, "plan", path), &read, error));
    fault_digest_text(bench, assay_study_plan_name(read));
    assay_status status = ASSAY_OK;
    for (size_t run = 0; run < assay_study_plan_runs(read) && status == ASSAY_OK; run++) {
        char *key = assay_study_plan_key(read, run, error);
        status = key != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
        if (key != NULL) {
            fault_digest_text(bench, key);
        }
        assay_free(key);
    }
    assay_study_plan_destroy(read);
    return status;
}

/* The results up to what differs from run to run: seconds. */
static assay_status run_of(fault_bench *bench, const assay_study_plan *of, size_t run, assay_error *error)
{
    char *line;
    ASSAY_TRY(assay_study_run(of, run, &machine, &line, error));
    const char *made = strstr(line, ",\"made\":");
    fault_digest_f64(bench, strstr(line, "\"diverged\"") != NULL);
    fault_digest(bench, line, made == NULL ? 0 : (size_t)(made - line));
    free(line);
    return ASSAY_OK;
}

static assay_status run_one(fault_bench *bench, assay_error *error)
{
    return run_of(bench, measured, 3, error);
}

static assay_status diverge(fault_bench *bench, assay_error *error)
{
    return run_of(bench, diverging, 0, error);
}

/* --- folders ------------------------------------------------------------------------------------------------------ */

/* A folder with run 0, and run 2, whose result is cut off. */
static void set_up_folder(fault_bench *bench)
{
    assay_study_store *store;
    assay_error error;
    set_up_everything(bench);
    support_assert_ok(assay_study_store_open(plan, bench->folder, &store, &error), &error);
    for (size_t run = 0; run < 3; run++) {
        char *key = assay_study_plan_key(plan, run, NULL);
        char *name = assay_asprintf(NULL, "runs/%s.json", key);
        char *damaged = assay_asprintf(NULL, "%s/runs/%s.json.damaged", bench->folder, key);
        if (run == 1) {
            char *open = assay_asprintf(NULL, "%s/%s", bench->folder, name);
            unlink(open);
            assay_free(open);
        } else {
            fault_write(bench, name, lines[run], strlen(lines[run]) - (run == 2 ? 10 : 0));
        }
        unlink(damaged);
        assay_free(damaged);
        assay_free(name);
        assay_free(key);
    }
    assay_study_store_close(store);
}

static void set_up_new_folder(fault_bench *bench)
{
    static const char *const files[] = {"plan.json", "lock"};
    set_up_folder(bench);
    for (size_t i = 0; i < 2; i++) {
        char path[FAULT_PATH];
        unlink(fault_path(bench, files[i], path));
    }
}

static assay_status take_and_put(fault_bench *bench, assay_study_store *store, assay_error *error)
{
    for (size_t run = 0; run < 3; run++) {
        assay_study_state state = ASSAY_STUDY_TAKEN;
        char *damaged;
        ASSAY_TRY(assay_study_store_take(store, run, &state, run == 0 ? NULL : &damaged, error));
        if (run > 0) {
            fault_digest_f64(bench, damaged != NULL);
            assay_free(damaged);
        }
        fault_digest_f64(bench, state);
        if (state == ASSAY_STUDY_OPEN) {
            ASSAY_TRY(assay_study_store_put(store, run, lines[run], error));
        }
    }
    assay_study_state state;
    ASSAY_TRY(assay_study_store_take(store, 3, &state, NULL, error));
    assay_study_store_give_back(store, 3);
    return ASSAY_OK;
}

/* Opens the folder, finishes what is open in it, and reads a number, a list and who made it. */
static assay_status use_folder(fault_bench *bench, assay_error *error)
{
    assay_study_store *store;
    double value = 0.0;
    double *values = NULL;
    size_t count = 0;
    assay_study_origin origin;
    ASSAY_TRY(assay_study_store_open(plan, bench->folder, &store, error));
    assay_study_store_has(store, 0); /* without memory it may not know */
    assay_status status = take_and_put(bench, store, error);
    if (status == ASSAY_OK) {
        status = assay_study_store_number(store, 2, 0, &value, error);
        fault_digest_f64(bench, value);
    }
    if (status == ASSAY_OK) {
        status = assay_study_store_list(store, 1, 1, &values, &count, error);
        fault_digest(bench, values, count * sizeof *values);
        assay_free(values);
    }
    if (status == ASSAY_OK) {
        status = assay_study_store_origin(store, 0, &origin, error);
        fault_digest_text(bench, origin.backend);
    }
    assay_study_store_close(store);
    return status;
}

static assay_status damaged_without_a_name(fault_bench *bench, assay_error *error)
{
    assay_study_store *store;
    assay_study_state state;
    ASSAY_TRY(assay_study_store_open(plan, bench->folder, &store, error));
    assay_status status = assay_study_store_take(store, 2, &state, NULL, error);
    fault_digest_f64(bench, status == ASSAY_OK && state == ASSAY_STUDY_OPEN);
    assay_study_store_close(store);
    return status;
}

/* --- records and summaries ---------------------------------------------------------------------------------------- */

/* All runs, and the record of all but the last. */
static void set_up_record(fault_bench *bench)
{
    assay_study_store *store;
    assay_error error;
    char path[FAULT_PATH];
    set_up_everything(bench);
    support_assert_ok(assay_study_store_open(plan, bench->folder, &store, &error), &error);
    const assay_study_origin here = {.host = "here", .kernels = "some", .commit = "1a2b"};
    for (size_t run = 0; run < RUNS; run++) {
        if (run == RUNS - 1) {
            fault_path(bench, "record", path);
            support_assert_ok(assay_study_record_write(store, &here, path, &error), &error);
        }
        support_assert_ok(assay_study_store_put(store, run, lines[run], &error), &error);
    }
    assay_study_store_close(store);
}

static assay_status write_record(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_study_store *store;
    const assay_study_origin here = {.host = "elsewhere", .kernels = "others", .commit = "2b3c"};
    ASSAY_TRY(assay_study_store_open(plan, bench->folder, &store, error));
    assay_status status = assay_study_record_write(store, &here, fault_path(bench, "record", path), error);
    assay_study_store_close(store);
    if (status == ASSAY_OK) { /* then the new record is there, which is longer */
        struct stat about = {0};
        faults_spare();
        fault_digest_f64(bench, stat(path, &about) == 0 ? (double)about.st_size : 0.0);
        faults_spare_no_more();
    }
    return status;
}

static assay_status read_record(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_study_store *record;
    size_t first = 0;
    ASSAY_TRY(assay_study_record_open(plan, fault_path(bench, "record", path), &record, error));
    fault_digest_f64(bench, (double)assay_study_missing(record, &first));
    fault_digest_f64(bench, (double)first);
    double value;
    assay_status status = assay_study_store_number(record, 2, 0, &value, error);
    fault_digest_f64(bench, status == ASSAY_OK ? value : 0.0);
    if (status == ASSAY_OK) { /* the last one is not there */
        status = assay_study_store_number(record, RUNS - 1, 0, &value, error);
    }
    assay_study_store_close(record);
    return status == ASSAY_ERROR_IO ? ASSAY_OK : status;
}

/* Means of the two cells, and their comparison. */
static assay_status summarize(fault_bench *bench, const assay_study_store *store, assay_error *error)
{
    for (size_t cell = 0; cell < CELLS; cell++) {
        assay_study_cell_summary summary;
        ASSAY_TRY(assay_study_summarize(store, cell, 0, &summary, error));
        fault_digest_f64(bench, (double)summary.finished);
        fault_digest_f64(bench, summary.interval.lower);
    }
    assay_study_comparison comparison;
    ASSAY_TRY(assay_study_compare(store, 0, 1, 0, &comparison, error));
    fault_digest_f64(bench, (double)comparison.pairs);
    fault_digest_f64(bench, comparison.p);
    return ASSAY_OK;
}

static assay_status summarize_folder(fault_bench *bench, assay_error *error)
{
    assay_study_store *store;
    ASSAY_TRY(assay_study_store_open(plan, bench->folder, &store, error));
    assay_status status = summarize(bench, store, error);
    assay_study_store_close(store);
    return status;
}

static assay_status run_all(fault_bench *bench, assay_error *error)
{
    assay_study_store *store;
    double value;
    ASSAY_TRY(assay_study_run_all(plan, &machine, NULL, NULL, &store, error));
    assay_status status = assay_study_store_number(store, RUNS - 1, 0, &value, error);
    fault_digest_f64(bench, status == ASSAY_OK ? value : 0.0);
    assay_study_store_close(store);
    return status;
}

/* Reads and writes that are cut short or interrupted are lib/base's; a summary takes a millisecond. */
enum { WHOLE = 1 << FAULTS_SHORT | 1 << FAULTS_INTERRUPT, ONCE = WHOLE | 1 << FAULTS_FROM_THEN };

static const fault_scenario scenarios[] = {
    {"a plan read", set_up_plan, read_plan, NULL, 0, NULL, 0},
    {"a run with every measure", set_up_everything, run_one, NULL, 0, NULL, 0},
    {"a run that diverges", set_up_everything, diverge, NULL, WHOLE, NULL, 0},
    {"a new folder", set_up_new_folder, use_folder, NULL, WHOLE, NULL, 0},
    {"a folder with results", set_up_folder, use_folder, NULL, ONCE, NULL, 0},
    {"a damaged result", set_up_folder, damaged_without_a_name, NULL, ONCE, NULL, 0},
    {"a record written", set_up_record, write_record, NULL, WHOLE, NULL, 0},
    {"a record read", set_up_record, read_record, NULL, WHOLE, NULL, 0},
    {"a summary", set_up_record, summarize_folder, NULL, ONCE, NULL, 0},
    {"all runs in memory", set_up_everything, run_all, NULL, ONCE, NULL, 0},
};

int main(void)
{
    return fault_main("faults in studies",
                      "errors: study/plan, study/run, study/store, study/record, study/summary", scenarios,
                      sizeof scenarios / sizeof *scenarios, NULL);
}
