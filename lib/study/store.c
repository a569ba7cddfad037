#include <assay/study/store.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/json.h"
#include "study/line.h"
#include "study/plan_impl.h"
#include "study/store_impl.h"

/* --- the folder --------------------------------------------------------------------------------------------------- */

/* What all runs of a folder share. Levels and seeds may grow, so they are not in it. */
static json_t *identity_of(const assay_study_plan *plan)
{
    json_t *measures = json_array();
    for (size_t i = 0; i < plan->measure_count; i++) {
        if (json_array_append_new(measures, json_string(plan->measures[i]->name)) != 0) {
            json_decref(measures);
            return NULL;
        }
    }
    json_t *factors = json_array();
    for (size_t f = 0; f < plan->factor_count; f++) {
        if (json_array_append_new(factors, json_string(plan->factors[f].name)) != 0) {
            json_decref(measures);
            json_decref(factors);
            return NULL;
        }
    }
    json_t *settings = plan->settings != NULL ? json_incref(plan->settings) : json_object();
    return json_pack("{s:s, s:o, s:o, s:o}", "study", plan->name, "settings", settings, "factors", factors, "record",
                     measures);
}

/* Without a sync: a coordinator of a thousand workers would do nothing else, and a line that a power failure cut off is
 * found by its checksum. */
static assay_status write_text(const char *path, const char *text, assay_error *error)
{
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    fputs(text, assay_file_stream(writer));
    return assay_file_commit_unsynced(writer, error);
}

static assay_status read_identity(const char *path, json_t **identity, assay_error *error)
{
    char *text;
    size_t length;
    ASSAY_TRY(assay_file_read(path, ASSAY_STUDY_PLAN_LIMIT, &text, &length, error));
    json_error_t where;
    assay_status status;
    *identity = assay_json_load(text, length, &where, &status);
    assay_free(text);
    return *identity != NULL ? ASSAY_OK : assay_fail(error, status, "%s: line %d: %s", path, where.line, where.text);
}

/* The first processes of a study may come at once: they write the same text, each by a rename. */
static assay_status write_identity(const char *path, const json_t *identity, assay_error *error)
{
    char *text = assay_json_print(identity, JSON_INDENT(1));
    if (text == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for plan.json");
    }
    assay_status status = write_text(path, text, error);
    free(text);
    return status;
}

static assay_status check_identity(const assay_study_store *store, assay_error *error)
{
    char *path = assay_asprintf(error, "%s/plan.json", store->folder);
    json_t *identity = path != NULL ? identity_of(store->plan) : NULL;
    assay_status status = ASSAY_OK;
    json_t *there = NULL;
    if (identity == NULL) {
        status = assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for plan.json");
    } else if (access(path, F_OK) != 0) {
        status = write_identity(path, identity, error);
    } else {
        status = read_identity(path, &there, error);
        if (status == ASSAY_OK && !json_equal(identity, there)) {
            status = assay_fail(error, ASSAY_ERROR_ARGUMENT,
                                "%s: this folder belongs to another study: name, fixed settings, factors or record in "
                                "plan.json differ from the plan's; give another folder",
                                store->folder);
        }
    }
    json_decref(identity);
    json_decref(there);
    assay_free(path);
    return status;
}

static assay_status make_folder(const char *path, assay_error *error)
{
    struct stat there;
    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &there) == 0 && S_ISDIR(there.st_mode))) {
        return ASSAY_OK;
    }
    return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot make this folder: %s", path, strerror(errno));
}

static assay_status open_lock(assay_study_store *store, assay_error *error)
{
    char *path = assay_asprintf(error, "%s/lock", store->folder);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    assay_status status = store->lock >= 0 ? ASSAY_OK
                                           : assay_fail(error, ASSAY_ERROR_IO, "%s: cannot open this file: %s", path,
                                                        strerror(errno));
    assay_free(path);
    return status;
}

static assay_status open_folder(assay_study_store *store, assay_error *error)
{
    ASSAY_TRY(make_folder(store->folder, error));
    ASSAY_TRY(check_identity(store, error));
    char *runs = assay_asprintf(error, "%s/runs", store->folder);
    assay_status status = runs != NULL ? make_folder(runs, error) : ASSAY_ERROR_MEMORY;
    if (status == ASSAY_OK) {
        assay_file_remove_all_leftovers(runs); /* of processes that were killed while they wrote a result */
    }
    assay_free(runs);
    ASSAY_TRY(status);
    return open_lock(store, error);
}

assay_study_store *study_store_new(const assay_study_plan *plan, const char *name, assay_error *error)
{
    assay_study_store *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return NULL;
    }
    made->plan = plan;
    made->lock = -1;
    made->folder = assay_strdup(name, error);
    if (made->folder == NULL) {
        assay_study_store_close(made);
        return NULL;
    }
    return made;
}

assay_status assay_study_store_open(const assay_study_plan *plan, const char *folder, assay_study_store **store,
                                    assay_error *error)
{
    *store = NULL;
    assay_study_store *made = study_store_new(plan, folder, error);
    assay_status status = made != NULL ? open_folder(made, error) : ASSAY_ERROR_MEMORY;
    if (status != ASSAY_OK) {
        assay_study_store_close(made);
        return status;
    }
    *store = made;
    return ASSAY_OK;
}

void assay_study_store_close(assay_study_store *store)
{
    if (store == NULL) {
        return;
    }
    if (store->lock >= 0) {
        close(store->lock); /* frees the locks, too */
    }
    for (size_t run = 0; store->lines != NULL && run < assay_study_plan_runs(store->plan); run++) {
        json_decref(store->lines[run]);
    }
    assay_free(store->lines);
    assay_free(store->folder);
    assay_free(store);
}

const assay_study_plan *assay_study_store_plan(const assay_study_store *store)
{
    return store->plan;
}

/* --- one run ------------------------------------------------------------------------------------------------------ */

/* What belongs to a run; free it with run_clear. */
typedef struct {
    char *key;
    char *path;
} run_names;

static void run_clear(run_names *names)
{
    assay_free(names->key);
    assay_free(names->path);
}

static assay_status run_of(const assay_study_store *store, size_t run, run_names *names, assay_error *error)
{
    names->path = NULL;
    names->key = assay_study_plan_key(store->plan, run, error);
    names->path = names->key != NULL ? assay_asprintf(error, "%s/runs/%s.json", store->folder, names->key) : NULL;
    if (names->path == NULL) {
        run_clear(names);
        return ASSAY_ERROR_MEMORY;
    }
    return ASSAY_OK;
}

/* FNV-1a: the byte of the file `lock` that belongs to a key. Two runs with one byte only wait for each other. */
static off_t byte_of(const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *c = key; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 16777619u;
    }
    return (off_t)(hash & 0x7fffffffu);
}

static bool set_lock(const assay_study_store *store, short kind, off_t at)
{
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    return fcntl(store->lock, F_SETLK, &lock) == 0;
}

/* The line as text, which the caller frees with assay_free also after a failure, and read. ASSAY_OK with both NULL:
 * there is no result yet. */
static assay_status load_text(const assay_study_store *store, size_t run, const run_names *names, char **text,
                              size_t *length, json_t **line, assay_error *error)
{
    *line = NULL;
    *text = NULL;
    if (access(names->path, F_OK) != 0 && errno == ENOENT) {
        return ASSAY_OK;
    }
    ASSAY_TRY(assay_file_read(names->path, STUDY_LINE_LIMIT, text, length, error));
    json_t *settings = study_plan_settings(store->plan, run % store->plan->cell_count, error);
    assay_status status = settings != NULL ? study_line_read(*text, *length, names->key, settings, line, error)
                                           : ASSAY_ERROR_MEMORY;
    json_decref(settings);
    return assay_fail_in(error, status, names->path);
}

/* ASSAY_OK with `*line` NULL: there is no result yet. */
static assay_status load(const assay_study_store *store, size_t run, const run_names *names, json_t **line,
                         assay_error *error)
{
    char *text;
    size_t length;
    assay_status status = load_text(store, run, names, &text, &length, line, error);
    assay_free(text);
    return status;
}

/* Moves a damaged result out of the way: it is kept for whoever wants to look at it. */
static assay_status put_aside(const run_names *names, char **damaged, assay_error *error)
{
    char *aside = assay_asprintf(error, "%s.damaged", names->path);
    if (aside == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (rename(names->path, aside) != 0) {
        assay_status status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot rename this damaged result: %s",
                                         names->path, strerror(errno));
        assay_free(aside);
        return status;
    }
    if (damaged != NULL) {
        *damaged = aside;
    } else {
        assay_free(aside);
    }
    return ASSAY_OK;
}

/* With the run's byte locked. */
static assay_status look(const assay_study_store *store, size_t run, const run_names *names, assay_study_state *state,
                         char **damaged, assay_error *error)
{
    json_t *line;
    assay_status status = load(store, run, names, &line, error);
    if (status == ASSAY_ERROR_FORMAT) {
        status = put_aside(names, damaged, error);
    }
    *state = line != NULL ? ASSAY_STUDY_DONE : ASSAY_STUDY_OPEN;
    json_decref(line);
    return status;
}

static assay_status take(assay_study_store *store, size_t run, const run_names *names, assay_study_state *state,
                         char **damaged, assay_error *error)
{
    off_t byte = byte_of(names->key);
    if (!set_lock(store, F_WRLCK, byte)) {
        bool taken = errno == EAGAIN || errno == EACCES; /* ASSAY_EXCL_MCDC: POSIX allows both, Linux has EAGAIN */
        *state = ASSAY_STUDY_TAKEN;
        return taken ? ASSAY_OK
                     : assay_fail(error, ASSAY_ERROR_IO, "%s/lock: cannot lock this file: %s", store->folder,
                                  strerror(errno));
    }
    assay_status status = look(store, run, names, state, damaged, error);
    if (status != ASSAY_OK || *state != ASSAY_STUDY_OPEN) {
        set_lock(store, F_UNLCK, byte);
    }
    return status;
}

assay_status assay_study_store_take(assay_study_store *store, size_t run, assay_study_state *state, char **damaged,
                                    assay_error *error)
{
    if (damaged != NULL) {
        *damaged = NULL;
    }
    if (store->lines != NULL) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: a record can only be read", store->folder);
    }
    run_names names;
    ASSAY_TRY(run_of(store, run, &names, error));
    assay_status status = take(store, run, &names, state, damaged, error);
    run_clear(&names);
    return status;
}

assay_status assay_study_store_put(assay_study_store *store, size_t run, const char *line, assay_error *error)
{
    run_names names;
    ASSAY_TRY(run_of(store, run, &names, error));
    assay_status status = write_text(names.path, line, error);
    set_lock(store, F_UNLCK, byte_of(names.key));
    run_clear(&names);
    return status;
}

void assay_study_store_give_back(assay_study_store *store, size_t run)
{
    run_names names;
    if (run_of(store, run, &names, NULL) == ASSAY_OK) {
        set_lock(store, F_UNLCK, byte_of(names.key));
        run_clear(&names);
    }
}

bool assay_study_store_has(const assay_study_store *store, size_t run)
{
    if (store->lines != NULL) {
        return store->lines[run] != NULL;
    }
    run_names names;
    assay_error error;
    bool there = run_of(store, run, &names, &error) == ASSAY_OK;
    if (there) {
        there = access(names.path, F_OK) == 0;
        run_clear(&names);
    }
    return there;
}

/* --- results ------------------------------------------------------------------------------------------------------ */

/* ASSAY_OK with `*line` NULL: the run is not finished. */
static assay_status find_line(const assay_study_store *store, size_t run, json_t **line, assay_error *error)
{
    if (store->lines != NULL) {
        *line = json_incref(store->lines[run]);
        return ASSAY_OK;
    }
    run_names names;
    ASSAY_TRY(run_of(store, run, &names, error));
    assay_status status = load(store, run, &names, line, error);
    run_clear(&names);
    return status;
}

static assay_status fail_unfinished(const assay_study_store *store, size_t run, assay_error *error)
{
    char *key = assay_study_plan_key(store->plan, run, error);
    if (key == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_fail(error, ASSAY_ERROR_IO, "%s: there is no such result: %s", store->folder, key);
    assay_free(key);
    return ASSAY_ERROR_IO;
}

static assay_status find_finished(const assay_study_store *store, size_t run, json_t **line, assay_error *error)
{
    ASSAY_TRY(find_line(store, run, line, error));
    return *line != NULL ? ASSAY_OK : fail_unfinished(store, run, error);
}

assay_status study_store_text(const assay_study_store *store, size_t run, char **text, size_t *length,
                              assay_error *error)
{
    run_names names;
    json_t *line;
    *text = NULL;
    ASSAY_TRY(run_of(store, run, &names, error));
    assay_status status = load_text(store, run, &names, text, length, &line, error);
    if (status != ASSAY_OK) {
        assay_free(*text);
        *text = NULL;
    }
    json_decref(line);
    run_clear(&names);
    return status;
}

assay_status study_store_number(const assay_study_store *store, size_t run, size_t measure, bool *finished,
                                double *value, assay_error *error)
{
    json_t *line;
    ASSAY_TRY(find_line(store, run, &line, error));
    *finished = line != NULL;
    *value = NAN;
    if (!*finished) {
        return ASSAY_OK;
    }
    const char *name = store->plan->measures[measure]->name;
    const json_t *number = json_object_get(json_object_get(line, "results"), name);
    assay_status status = ASSAY_OK;
    if (json_is_number(number)) {
        *value = json_number_value(number);
    } else if (!json_is_null(number)) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "run %zu: '%s' is not a number", run, name);
    }
    json_decref(line);
    return status;
}

assay_status assay_study_store_number(const assay_study_store *store, size_t run, size_t measure, double *value,
                                      assay_error *error)
{
    bool finished;
    ASSAY_TRY(study_store_number(store, run, measure, &finished, value, error));
    return finished ? ASSAY_OK : fail_unfinished(store, run, error);
}

assay_status assay_study_store_list(const assay_study_store *store, size_t run, size_t measure, double **values,
                                    size_t *count, assay_error *error)
{
    json_t *line;
    *values = NULL;
    *count = 0;
    ASSAY_TRY(find_finished(store, run, &line, error));
    const char *name = store->plan->measures[measure]->name;
    const json_t *list = json_object_get(json_object_get(line, "results"), name);
    size_t size = json_array_size(list); /* null: training diverged in its first epoch */
    double *read = assay_calloc(size, sizeof *read, error);
    assay_status status = read != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
    if (status == ASSAY_OK && !json_is_array(list) && !json_is_null(list)) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "run %zu: '%s' is not a list", run, name);
    }
    for (size_t i = 0; i < size && status == ASSAY_OK; i++) {
        const json_t *number = json_array_get(list, i);
        read[i] = json_number_value(number);
        if (json_typeof(number) != JSON_INTEGER && json_typeof(number) != JSON_REAL) {
            status = assay_fail(error, ASSAY_ERROR_FORMAT, "run %zu: '%s' is not a list of numbers", run, name);
        }
    }
    json_decref(line);
    if (status != ASSAY_OK) {
        assay_free(read);
        return status;
    }
    *values = read;
    *count = size;
    return ASSAY_OK;
}

static void copy_text(const json_t *made, const char *name, const char *otherwise, char text[ASSAY_STUDY_ORIGIN_LENGTH])
{
    const char *value = json_string_value(json_object_get(made, name));
    snprintf(text, ASSAY_STUDY_ORIGIN_LENGTH, "%s", value != NULL ? value : otherwise);
}

assay_status assay_study_store_origin(const assay_study_store *store, size_t run, assay_study_origin *origin,
                                      assay_error *error)
{
    json_t *line;
    ASSAY_TRY(find_finished(store, run, &line, error));
    const json_t *made = json_object_get(line, "made");
    const assay_study_origin *packed = &store->packed;
    copy_text(made, "host", "", origin->host);
    copy_text(made, "backend", "", origin->backend);
    copy_text(made, "kernels", strcmp(origin->host, packed->host) == 0 ? packed->kernels : "", origin->kernels);
    copy_text(made, "version", "", origin->version);
    copy_text(made, "commit", packed->commit, origin->commit);
    origin->seconds = json_number_value(json_object_get(made, "seconds"));
    json_decref(line);
    return ASSAY_OK;
}
