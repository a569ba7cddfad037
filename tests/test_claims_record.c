/*
 * The recorded studies of the claims: three of their runs, chosen by the day of the recorded commit, are repeated for
 * their first two epochs, and must give the same numbers bit for bit. Nothing that a run draws depends on how many
 * epochs follow. Where this machine has other kernels than the record's, or there is no record, the test makes a small
 * record of its own and repeats that.
 */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/study/record.h>
#include "support.h"

enum { REPEATED = 3, EPOCHS = 2, MOST_RECORDS = 16 };

/* What a beginning can be compared by. */
static const char *const lists[] = {"validation_scores", "train_scores", "epoch_losses"};
enum { LISTS = sizeof lists / sizeof *lists };

typedef struct {
    assay_study_plan *plan;
    assay_study_store *store;
    assay_study_plan *beginning; /* the same plan with two epochs, which records lists only */
    size_t runs;                 /* that are recorded */
} record;

typedef struct {
    assay_dataset train;
    assay_dataset test;
    assay_study_machine machine;
} material;

static void open_material(material *m)
{
    *m = (material){.machine = {.train = &m->train, .test = &m->test}};
    assay_error error;
    const assay_backend_options options = {.name = "openblas", .precision = ASSAY_F32, .threads = 1};
    support_assert_ok(assay_backend_open(&options, &m->machine.backend, &error), &error);
    support_assert_ok(assay_dataset_load(support_data_folder(), ASSAY_TRAIN, &m->train, &error), &error);
    support_assert_ok(assay_dataset_load(support_data_folder(), ASSAY_TEST, &m->test, &error), &error);
    m->train.mean = m->test.mean = ASSAY_NORMALIZE_MEAN;
    m->train.std = m->test.std = ASSAY_NORMALIZE_STD;
}

static void close_material(material *m)
{
    assay_backend_close(m->machine.backend);
    assay_dataset_destroy(&m->train);
    assay_dataset_destroy(&m->test);
}

static assay_study_plan *beginning_of(const char *path)
{
    char *text;
    size_t length;
    assay_error error;
    support_assert_ok(assay_file_read(path, ASSAY_STUDY_PLAN_LIMIT, &text, &length, &error), &error);
    json_t *plan = json_loads(text, 0, NULL);
    json_t *settings = json_object_get(plan, "settings");
    if (json_integer_value(json_object_get(settings, "epochs")) > EPOCHS) {
        json_object_set_new(settings, "epochs", json_integer(EPOCHS));
    }
    json_object_set_new(plan, "record", json_pack("[s, s, s]", lists[0], lists[1], lists[2]));
    char *shorter = json_dumps(plan, 0);
    assay_study_plan *made;
    support_assert_ok(assay_study_plan_parse(shorter, strlen(shorter), path, &made, &error), &error);
    free(shorter);
    json_decref(plan);
    assay_free(text);
    return made;
}

static record open_record(const char *plan, const char *path)
{
    record r = {.runs = 0};
    assay_error error;
    size_t first;
    support_assert_ok(assay_study_plan_read(plan, &r.plan, &error), &error);
    support_assert_ok(assay_study_record_open(r.plan, path, &r.store, &error), &error);
    r.beginning = beginning_of(plan);
    r.runs = assay_study_plan_runs(r.plan) - assay_study_missing(r.store, &first);
    return r;
}

static void close_record(record *r)
{
    assay_study_store_close(r->store);
    assay_study_plan_destroy(r->plan);
    assay_study_plan_destroy(r->beginning);
}

/* The plan's number of the recorded run `index`. */
static size_t recorded_run(const record *r, size_t index)
{
    size_t run = 0;
    while (!assay_study_store_has(r->store, run) || index-- > 0) {
        run++;
    }
    return run;
}

static size_t measure_of(const assay_study_plan *plan, const char *name)
{
    size_t m = 0;
    while (m < assay_study_plan_measures(plan) && strcmp(assay_study_plan_measure(plan, m), name) != 0) {
        m++;
    }
    return m;
}

/* Days since 0000 of a year of 372 days: any number that changes every day. "1a2b3c4 2026-11-28"; no date: 0. */
static size_t day_of(const char *commit)
{
    unsigned year, month, day;
    const char *date = strrchr(commit, ' ');
    return date != NULL && sscanf(date, "%u-%u-%u", &year, &month, &day) == 3 ? (year * 12 + month) * 31 + day : 0;
}

static json_t *results_of(const assay_study_plan *plan, size_t run, const material *m)
{
    char *line;
    assay_error error;
    support_assert_ok(assay_study_run(plan, run, &m->machine, &line, &error), &error);
    json_t *json = json_loads(line, 0, NULL);
    ck_assert_ptr_nonnull(json);
    free(line);
    json_t *results = json_incref(json_object_get(json, "results"));
    json_decref(json);
    return results;
}

/* Repeats the beginning of a run; returns how many numbers were the same, and -1 if one was not. A run that diverged in
 * the beginning has fewer numbers, or none: it must diverge again. */
static int repeat(const record *r, size_t run, const material *m)
{
    json_t *results = results_of(r->beginning, run, m);
    int same = 0;
    for (size_t l = 0; l < LISTS && same >= 0; l++) {
        size_t measure = measure_of(r->plan, lists[l]);
        double *values;
        size_t count;
        assay_error error;
        if (measure == assay_study_plan_measures(r->plan)) {
            continue;
        }
        support_assert_ok(assay_study_store_list(r->store, run, measure, &values, &count, &error), &error);
        const json_t *list = json_object_get(results, lists[l]);
        size_t wanted = count < EPOCHS ? count : EPOCHS;
        if (json_array_size(list) != wanted) {
            printf("%s has %zu epochs, recorded %zu\n", lists[l], json_array_size(list), wanted);
            same = -1;
        }
        for (size_t i = 0; i < wanted && same >= 0; i++) {
            double again = json_number_value(json_array_get(list, i));
            if (again != values[i]) {
                char *key = assay_study_plan_key(r->plan, run, NULL);
                printf("%s: %s of epoch %zu is %.17g, recorded %.17g\n", key, lists[l], i + 1, again, values[i]);
                assay_free(key);
            }
            same = again == values[i] ? same + 1 : -1;
        }
        assay_free(values);
    }
    json_decref(results);
    return same;
}

/* --- a record of the test's own ----------------------------------------------------------------------------------- */

#define OWN_PLAN                                                                                                \
    "{\"study\": \"own\", \"settings\": {\"hidden\": \"24,16\", \"batch\": 64, \"train_count\": 1500, "         \
    "\"validation_count\": 300, \"epochs\": 5}, \"factors\": [{\"name\": \"optimizer\", \"levels\": [\"sgd\", " \
    "\"adam\", {\"name\": \"diverges\", \"optimizer\": \"sgd\", \"lr\": 1e30}]}], \"seeds\": {\"first\": 1, "   \
    "\"count\": 2}, \"record\": [\"test_accuracy\", \"validation_scores\", "                                    \
    "\"train_scores\", \"epoch_losses\"]}"

/* Runs the plan in a folder and packs it; paths of plan and record, for assay_free. */
static void make_own(const char *folder, const material *m, char **plan_path, char **record_path)
{
    assay_study_plan *plan;
    assay_study_store *store;
    assay_error error;
    support_assert_ok(assay_study_plan_parse(OWN_PLAN, strlen(OWN_PLAN), "own", &plan, &error), &error);
    char *results = assay_asprintf(NULL, "%s/results", folder);
    support_assert_ok(assay_study_store_open(plan, results, &store, &error), &error);
    for (size_t run = 0; run < assay_study_plan_runs(plan); run++) {
        char *line;
        assay_study_state state;
        support_assert_ok(assay_study_store_take(store, run, &state, NULL, &error), &error);
        support_assert_ok(assay_study_run(plan, run, &m->machine, &line, &error), &error);
        support_assert_ok(assay_study_store_put(store, run, line, &error), &error);
        free(line);
    }
    *plan_path = assay_asprintf(NULL, "%s/own.json", folder);
    *record_path = assay_asprintf(NULL, "%s/own.jsonl", folder);
    FILE *file = fopen(*plan_path, "w");
    fputs(OWN_PLAN, file);
    fclose(file);
    const assay_study_origin here = {.commit = "1a2b3c4 2026-11-28"};
    support_assert_ok(assay_study_record_write(store, &here, *record_path, &error), &error);
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    assay_free(results);
}

START_TEST(beginnings_do_not_depend_on_the_number_of_epochs)
{
    evidence(EVIDENCE_PROPERTY, "study/run");
    evidence(EVIDENCE_PROPERTY, "study/record");
    material m;
    open_material(&m);
    char *folder = support_make_folder();
    char *plan;
    char *path;
    make_own(folder, &m, &plan, &path);
    record r = open_record(plan, path);
    ck_assert_uint_eq(r.runs, 6);
    ck_assert_uint_eq(day_of("1a2b3c4 2026-11-28") - day_of("1a2b3c4 2026-11-27"), 1);
    for (size_t run = 0; run < 6; run++) {
        ck_assert_int_eq(repeat(&r, recorded_run(&r, run), &m), run % 3 == 2 ? 0 : LISTS * EPOCHS);
    }
    close_record(&r);
    assay_free(plan);
    assay_free(path);
    support_remove_folder(folder);
    close_material(&m);
}
END_TEST

/* --- the recorded studies ----------------------------------------------------------------------------------------- */

static int is_record(const struct dirent *file)
{
    const char *end = strstr(file->d_name, ".jsonl");
    return end != NULL && end[6] == '\0';
}

/* In the order of their names, so that every machine chooses the same runs. */
static size_t open_records(const char *folder, record records[MOST_RECORDS])
{
    struct dirent **files;
    int count = scandir(folder, &files, is_record, alphasort);
    ck_assert_int_le(count, MOST_RECORDS);
    for (int i = 0; i < count; i++) {
        const char *name = files[i]->d_name;
        char *path = assay_asprintf(NULL, "%s/%s", folder, name);
        char *plan = assay_asprintf(NULL, "%s/plans/%.*s.json", folder, (int)strlen(name) - 6, name);
        records[i] = open_record(plan, path);
        assay_free(path);
        assay_free(plan);
        free(files[i]);
    }
    if (count >= 0) {
        free(files);
    }
    return count > 0 ? (size_t)count : 0;
}

/* Why runs of this record cannot be repeated here, or NULL. */
static const char *obstacle(const record *r, size_t run)
{
    assay_study_origin origin;
    static char text[512];
    char here[ASSAY_STUDY_ORIGIN_LENGTH];
    assay_error error;
    assay_openblas_kernels(here, sizeof here);
    support_assert_ok(assay_study_store_origin(r->store, run, &origin, &error), &error);
    if (strncmp(origin.backend, "openblas", 8) == 0 && strcmp(origin.kernels, here) == 0) {
        return NULL;
    }
    snprintf(text, sizeof text, "study %s was recorded with %s, kernels '%s'; this machine has '%s'",
             assay_study_plan_name(r->plan), origin.backend, origin.kernels, here);
    return text;
}

/* Of all recorded runs together. */
static int repeat_recorded(record *records, size_t count, const material *m)
{
    size_t total = 0;
    assay_study_origin origin;
    assay_error error;
    support_assert_ok(assay_study_store_origin(records[0].store, recorded_run(&records[0], 0), &origin, &error),
                      &error);
    size_t day = day_of(origin.commit);
    for (size_t i = 0; i < count; i++) {
        total += records[i].runs;
    }
    for (size_t k = 0; k < REPEATED; k++) {
        size_t chosen = (day + k * (total / REPEATED + 1)) % total;
        size_t at = 0;
        while (chosen >= records[at].runs) {
            chosen -= records[at++].runs;
        }
        size_t run = recorded_run(&records[at], chosen);
        const char *why = obstacle(&records[at], run);
        if (why != NULL) {
            return support_skip("recorded runs are not repeated: %s", why);
        }
        int same = repeat(&records[at], run, m);
        char *key = assay_study_plan_key(records[at].plan, run, NULL);
        printf("%s: %s: %d numbers of the first %d epochs %s\n", assay_study_plan_name(records[at].plan), key, same,
               EPOCHS, same >= 0 ? "are the same" : "DIFFER");
        assay_free(key);
        if (same < 0) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}

static int check_recorded(void)
{
    const char *source = getenv("ASSAY_SOURCE");
    char *folder = assay_asprintf(NULL, "%s/golden/claims", source != NULL ? source : ".");
    static record records[MOST_RECORDS];
    size_t count = open_records(folder, records);
    int status = EXIT_SUCCESS;
    if (count == 0) {
        status = support_skip("recorded runs are not repeated: golden/claims has no record");
    } else {
        material m;
        open_material(&m);
        status = repeat_recorded(records, count, &m);
        close_material(&m);
    }
    for (size_t i = 0; i < count; i++) {
        close_record(&records[i]);
    }
    assay_free(folder);
    return status;
}

START_TEST(recorded_runs_are_repeated)
{
    evidence(EVIDENCE_PROPERTY, "study/record");
    int status = check_recorded();
    ck_assert_int_ne(status, EXIT_FAILURE);
}
END_TEST

int main(void)
{
    if (support_data_folder() == NULL) {
        return SUPPORT_SKIP;
    }
    Suite *suite = suite_create("claims_record");
    TCase *records = tcase_create("records");
    tcase_set_timeout(records, 300);
    tcase_add_test(records, beginnings_do_not_depend_on_the_number_of_epochs);
    tcase_add_test(records, recorded_runs_are_repeated);
    suite_add_tcase(suite, records);
    return support_run(suite);
}
