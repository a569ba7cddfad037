#include <assay/tutorial/record.h>

#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/json.h"

void assay_run_record_destroy(assay_run_record *record)
{
    assay_free(record->val_scores);
    assay_free(record->train_scores);
    assay_free(record->train_losses);
    *record = (assay_run_record){0};
}

static assay_status read_list(const json_t *json, const char *key, double highest, const char *name, double **values,
                              size_t *count, assay_error *error)
{
    const json_t *list = json_object_get(json, key);
    if (!json_is_array(list)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"%s\" is missing, or not a list", name, key);
    }
    *count = json_array_size(list);
    *values = assay_calloc(*count, sizeof **values, error);
    if (*values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < *count; i++) {
        const json_t *item = json_array_get(list, i);
        (*values)[i] = json_number_value(item);
        json_type type = json_typeof(item);
        if ((type != JSON_INTEGER && type != JSON_REAL) || (*values)[i] < 0.0 || (*values)[i] > highest) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: entry %zu of \"%s\" is not a number from 0%s", name, i,
                              key, highest == 1.0 ? " to 1" : " on");
        }
    }
    return ASSAY_OK;
}

static assay_status read_record(json_t *json, const char *name, assay_run_record *record, assay_error *error)
{
    const json_t *test = json_object_get(json, "test_acc");
    size_t train_epochs = 0;
    record->test_acc = json_number_value(test);
    if (!json_is_number(test) || record->test_acc < 0.0 || record->test_acc > 1.0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: \"test_acc\" is missing, or not a number from 0 to 1", name);
    }
    ASSAY_TRY(read_list(json, "val_scores", 1.0, name, &record->val_scores, &record->epochs, error));
    ASSAY_TRY(read_list(json, "train_losses", HUGE_VAL, name, &record->train_losses, &record->steps, error));
    ASSAY_TRY(read_list(json, "train_scores", 1.0, name, &record->train_scores, &train_epochs, error));
    if (train_epochs != record->epochs) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu validation scores, but %zu training scores", name,
                          record->epochs, train_epochs);
    }
    if (json_object_size(json) != 4) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: a run record has only test_acc, val_scores, train_losses and train_scores", name);
    }
    return ASSAY_OK;
}

assay_status assay_run_record_parse(const char *text, size_t length, const char *name, assay_run_record *record,
                                    assay_error *error)
{
    json_error_t where;
    *record = (assay_run_record){0};
    assay_status status;
    json_t *json = assay_json_load(text, length, &where, &status);
    if (json == NULL) {
        return assay_fail(error, status, "%s: the run record is not good JSON: %s (line %d, byte %d)", name, where.text,
                          where.line, where.position);
    }
    status = json_typeof(json) == JSON_OBJECT
                 ? read_record(json, name, record, error)
                 : assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the run record is not a JSON object", name);
    json_decref(json);
    if (status != ASSAY_OK) {
        assay_run_record_destroy(record);
    }
    return status;
}

assay_status assay_run_record_read(const char *path, assay_run_record *record, assay_error *error)
{
    char *text = NULL;
    size_t length = 0;
    *record = (assay_run_record){0};
    ASSAY_TRY(assay_file_read(path, ASSAY_RECORD_LIMIT, &text, &length, error));
    assay_status status = assay_run_record_parse(text, length, path, record, error);
    assay_free(text);
    return status;
}

/* A list of numbers; NULL where one of them is not finite (after saying so), or when memory is out. */
static json_t *make_list(const char *key, const double *values, size_t count, const char *path, assay_error *error)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            assay_fail(error, ASSAY_ERROR_NUMERIC, "%s: not written: entry %zu of \"%s\" is %s, which JSON cannot hold",
                       path, i, key, isnan(values[i]) ? "NaN" : "infinite");
            json_decref(list);
            return NULL;
        }
        if (json_array_append_new(list, json_real(values[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static char *print_record(const char *path, const assay_run_record *record, assay_error *error)
{
    json_t *json = json_object();
    bool made = json_object_set_new(json, "test_acc", json_real(record->test_acc)) == 0 &&
                json_object_set_new(json, "val_scores",
                                    make_list("val_scores", record->val_scores, record->epochs, path, error)) == 0 &&
                json_object_set_new(json, "train_losses",
                                    make_list("train_losses", record->train_losses, record->steps, path, error)) == 0 &&
                json_object_set_new(json, "train_scores",
                                    make_list("train_scores", record->train_scores, record->epochs, path, error)) == 0;
    char *text = made ? assay_json_print(json, JSON_REAL_PRECISION(17)) : NULL;
    json_decref(json);
    return text;
}

assay_status assay_run_record_write(const char *path, const assay_run_record *record, assay_error *error)
{
    /* What stays if jansson has no memory; make_list puts a better reason in its place. */
    assay_error reason;
    assay_fail(&reason, ASSAY_ERROR_MEMORY, "%s: not written: out of memory", path);
    if (!isfinite(record->test_acc)) {
        return assay_fail(error, ASSAY_ERROR_NUMERIC, "%s: not written: \"test_acc\" is not finite", path);
    }
    char *text = print_record(path, record, &reason);
    if (text == NULL) {
        return assay_fail(error, reason.status, "%s", reason.message);
    }
    assay_file_writer *writer = NULL;
    assay_status status = assay_file_create(path, &writer, error);
    if (status == ASSAY_OK) {
        fputs(text, assay_file_stream(writer));
        status = assay_file_commit(writer, error);
    }
    free(text);
    return status;
}
