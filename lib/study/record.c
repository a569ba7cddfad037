#include <assay/study/record.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/json.h"
#include "study/line.h"
#include "study/plan_impl.h"
#include "study/store_impl.h"

/* --- the plan's keys in order ------------------------------------------------------------------------------------- */

typedef struct {
    char *key;
    size_t run;
} entry;

static int compare_entries(const void *a, const void *b)
{
    return strcmp(((const entry *)a)->key, ((const entry *)b)->key);
}

static void destroy_index(entry *index, size_t count)
{
    for (size_t i = 0; index != NULL && i < count; i++) {
        assay_free(index[i].key);
    }
    assay_free(index);
}

/* NULL: memory. End it with destroy_index. */
static entry *sorted_keys(const assay_study_plan *plan, assay_error *error)
{
    size_t count = assay_study_plan_runs(plan);
    entry *index = assay_calloc(count, sizeof *index, error);
    for (size_t run = 0; index != NULL && run < count; run++) {
        index[run] = (entry){assay_study_plan_key(plan, run, error), run};
        if (index[run].key == NULL) {
            destroy_index(index, count);
            return NULL;
        }
    }
    if (index != NULL) {
        qsort(index, count, sizeof *index, compare_entries);
    }
    return index;
}

size_t assay_study_missing(const assay_study_store *store, size_t *first)
{
    size_t missing = 0;
    for (size_t run = 0; run < assay_study_plan_runs(store->plan); run++) {
        if (!assay_study_store_has(store, run)) {
            *first = missing == 0 ? run : *first;
            missing++;
        }
    }
    return missing;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static assay_status write_lines(const assay_study_store *folder, const entry *index, FILE *to, assay_error *error)
{
    size_t written = 0;
    for (size_t i = 0; i < assay_study_plan_runs(folder->plan); i++) {
        char *text;
        size_t length;
        ASSAY_TRY(study_store_text(folder, index[i].run, &text, &length, error));
        if (text != NULL) {
            fwrite(text, 1, length, to);
            written++;
        }
        assay_free(text);
    }
    if (written == 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: no run is finished: run the study first", folder->folder);
    }
    return ASSAY_OK;
}

static assay_status write_first_line(const assay_study_store *folder, const assay_study_origin *here, FILE *to,
                                     assay_error *error)
{
    json_t *first = json_pack("{s:s, s:s, s:s, s:s}", "record", folder->plan->name, "host", here->host, "kernels",
                              here->kernels, "commit", here->commit);
    char *text = first != NULL ? assay_json_print(first, JSON_COMPACT) : NULL;
    json_decref(first);
    if (text == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the first line of a record");
    }
    fprintf(to, "%s\n", text);
    free(text);
    return ASSAY_OK;
}

static assay_status write_record(const assay_study_store *folder, const assay_study_origin *here, const entry *index,
                                 const char *path, assay_error *error)
{
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    assay_status status = write_first_line(folder, here, assay_file_stream(writer), error);
    if (status == ASSAY_OK) {
        status = write_lines(folder, index, assay_file_stream(writer), error);
    }
    if (status == ASSAY_OK) {
        return assay_file_commit(writer, error);
    }
    assay_file_abort(writer);
    return status;
}

assay_status assay_study_record_write(const assay_study_store *folder, const assay_study_origin *here, const char *path,
                                      assay_error *error)
{
    entry *index = sorted_keys(folder->plan, error);
    if (index == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = write_record(folder, here, index, path, error);
    destroy_index(index, assay_study_plan_runs(folder->plan));
    return status;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Where a reader is: lines must come in the order of their keys. */
typedef struct {
    assay_study_store *store;
    const entry *index;
    size_t next; /* in `index`: earlier keys have had their chance */
} reader;

/* The key of a line, which must begin with it: keys have no character that JSON would escape. */
static assay_status key_of(const char *line, char **key, assay_error *error)
{
    static const char start[] = "{\"key\":\"";
    const char *from = line + sizeof start - 1;
    const char *end = strncmp(line, start, sizeof start - 1) == 0 ? strpbrk(from, "\"\n") : NULL;
    if (end == NULL || *end != '"') {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "this result is damaged: it does not begin with its key");
    }
    *key = assay_asprintf(error, "%.*s", (int)(end - from), from);
    return *key != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
}

static assay_status find_run(reader *r, const char *key, size_t *run, assay_error *error)
{
    size_t count = assay_study_plan_runs(r->store->plan);
    const entry wanted = {(char *)(uintptr_t)key, 0};
    const entry *found = bsearch(&wanted, r->index, count, sizeof wanted, compare_entries);
    if (found == NULL) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the plan has no run '%s': this record belongs to another plan",
                          key);
    }
    if ((size_t)(found - r->index) < r->next) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "'%s' is there twice, or the lines are not in the order of keys",
                          key);
    }
    r->next = (size_t)(found - r->index) + 1;
    *run = found->run;
    return ASSAY_OK;
}

static assay_status check_measures(const assay_study_plan *plan, const json_t *line, assay_error *error)
{
    for (size_t i = 0; i < plan->measure_count; i++) {
        if (json_object_get(json_object_get(line, "results"), plan->measures[i]->name) == NULL) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "this record belongs to another plan: '%s' is missing",
                              plan->measures[i]->name);
        }
    }
    return ASSAY_OK;
}

static assay_status keep_line(reader *r, size_t run, const char *key, const char *line, size_t length,
                              assay_error *error)
{
    const assay_study_plan *plan = r->store->plan;
    json_t *settings = study_plan_settings(plan, run % plan->cell_count, error);
    if (settings == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = study_line_read(line, length, key, settings, &r->store->lines[run], error);
    json_decref(settings);
    return status == ASSAY_OK ? check_measures(plan, r->store->lines[run], error) : status;
}

static assay_status read_line(reader *r, const char *line, size_t length, assay_error *error)
{
    size_t run = 0;
    char *key = NULL;
    ASSAY_TRY(key_of(line, &key, error));
    assay_status status = find_run(r, key, &run, error);
    if (status == ASSAY_OK) {
        status = keep_line(r, run, key, line, length, error);
    }
    assay_free(key);
    return status;
}

static void copy_text(const json_t *first, const char *name, char text[ASSAY_STUDY_ORIGIN_LENGTH])
{
    const char *value = json_string_value(json_object_get(first, name));
    snprintf(text, ASSAY_STUDY_ORIGIN_LENGTH, "%s", value != NULL ? value : "");
}

static const char FIRST_LINE[] = "{\"record\":";

static assay_status read_first_line(assay_study_store *store, const char *line, size_t length, assay_error *error)
{
    json_error_t where;
    assay_status status;
    json_t *first = assay_json_load(line, length, &where, &status);
    if (first == NULL) {
        return assay_fail(error, status, "the first line is damaged: %s", where.text);
    }
    const char *name = json_string_value(json_object_get(first, "record"));
    if (name == NULL || strcmp(name, store->plan->name) != 0) {
        status = assay_fail(error, ASSAY_ERROR_ARGUMENT, "this is the record of the study '%s', not of '%s'",
                            name != NULL ? name : "", store->plan->name);
    } else {
        status = ASSAY_OK;
        copy_text(first, "host", store->packed.host);
        copy_text(first, "kernels", store->packed.kernels);
        copy_text(first, "commit", store->packed.commit);
    }
    json_decref(first);
    return status;
}

/* Each line is read with a zero byte behind it. */
static assay_status read_lines(reader *r, char *text, size_t length, assay_error *error)
{
    size_t number = 1;
    for (char *line = text; line < text + length; number++) {
        char *newline = memchr(line, '\n', length - (size_t)(line - text));
        char *end = newline != NULL ? newline + 1 : text + length;
        char kept = *end;
        *end = '\0';
        bool first = number == 1 && strncmp(line, FIRST_LINE, sizeof FIRST_LINE - 1) == 0;
        assay_status status = first ? read_first_line(r->store, line, (size_t)(end - line), error)
                                    : read_line(r, line, (size_t)(end - line), error);
        *end = kept;
        if (status != ASSAY_OK) {
            char where[40];
            snprintf(where, sizeof where, "line %zu", number);
            return assay_fail_in(error, status, where);
        }
        line = end;
    }
    return ASSAY_OK;
}

/* A store without lines; `name` is for messages. */
static assay_status create_store(const assay_study_plan *plan, const char *name, assay_study_store **store,
                                 assay_error *error)
{
    *store = NULL;
    assay_study_store *made = study_store_new(plan, name, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->lines = assay_calloc(assay_study_plan_runs(plan), sizeof(json_t *), error);
    if (made->lines == NULL) {
        assay_study_store_close(made);
        return ASSAY_ERROR_MEMORY;
    }
    *store = made;
    return ASSAY_OK;
}

static assay_status fill(assay_study_store *store, const char *path, assay_error *error)
{
    char *text;
    size_t length;
    ASSAY_TRY(assay_file_read(path, ASSAY_STUDY_RECORD_LIMIT, &text, &length, error));
    entry *index = sorted_keys(store->plan, error);
    reader r = {.store = store, .index = index};
    assay_status status = ASSAY_ERROR_MEMORY;
    if (index != NULL) {
        status = assay_fail_in(error, read_lines(&r, text, length, error), path);
    }
    destroy_index(index, assay_study_plan_runs(store->plan));
    assay_free(text);
    return status;
}

/* Ends the store after a failure. */
static assay_status hand_over(assay_study_store *made, assay_status status, assay_study_store **store)
{
    if (status != ASSAY_OK) {
        assay_study_store_close(made);
        return status;
    }
    *store = made;
    return ASSAY_OK;
}

assay_status assay_study_record_open(const assay_study_plan *plan, const char *path, assay_study_store **store,
                                     assay_error *error)
{
    assay_study_store *made;
    *store = NULL;
    ASSAY_TRY(create_store(plan, path, &made, error));
    return hand_over(made, fill(made, path, error), store);
}

/* --- in memory ---------------------------------------------------------------------------------------------------- */

static assay_status run_one(assay_study_store *store, size_t run, const assay_study_machine *machine,
                            assay_error *error)
{
    char *line;
    ASSAY_TRY(assay_study_run(store->plan, run, machine, &line, error));
    char *key = assay_study_plan_key(store->plan, run, error);
    assay_status status = key != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
    reader r = {.store = store};
    if (status == ASSAY_OK) {
        status = keep_line(&r, run, key, line, strlen(line), error);
    }
    assay_free(key);
    free(line);
    return status;
}

assay_status assay_study_run_all(const assay_study_plan *plan, const assay_study_machine *machine,
                                 void (*progress)(void *user, size_t done, size_t total), void *user,
                                 assay_study_store **store, assay_error *error)
{
    assay_study_store *made;
    size_t total = assay_study_plan_runs(plan);
    *store = NULL;
    ASSAY_TRY(create_store(plan, assay_study_plan_name(plan), &made, error));
    assay_status status = ASSAY_OK;
    for (size_t run = 0; run < total && status == ASSAY_OK; run++) {
        status = run_one(made, run, machine, error);
        if (progress != NULL) {
            progress(user, run + 1, total);
        }
    }
    return hand_over(made, status, store);
}
