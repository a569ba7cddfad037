/* assay grade --class: a folder of submissions, several at a time, with a CSV that a second start goes on with. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "grade.h"
#include "progress.h"
#include "tool.h"

static const char csv_header[] = "submission,points,possible,seed,seconds,mistakes\n";

enum { CSV_LIMIT = 64 << 20 };

typedef struct {
    char *name;   /* as in the CSV */
    char *object; /* the shared object, or NULL for a command */
    char *folder;
    bool done;
} submission;

typedef struct {
    const grade_options *options;
    submission *list;
    size_t count;
    size_t capacity;
    FILE *csv;
    size_t next;
    size_t finished;
    size_t full_marks;
    assay_error error; /* the first failure of ours */
    progress_bar bar;
    pthread_mutex_t lock; /* of all fields above that change */
} class_state;

/* --- finding submissions ------------------------------------------------------------------------------------------ */

static assay_status add_submission(class_state *state, const char *name, const char *object, const char *folder,
                                   assay_error *error)
{
    if (state->count == state->capacity) {
        size_t capacity = state->capacity == 0 ? 64 : 2 * state->capacity;
        submission *grown = realloc(state->list, capacity * sizeof *grown);
        if (grown == NULL) {
            return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %zu submissions", capacity);
        }
        state->list = grown;
        state->capacity = capacity;
    }
    submission *added = &state->list[state->count];
    *added = (submission){0};
    added->name = assay_strdup(name, error);
    added->object = object == NULL ? NULL : assay_strdup(object, error);
    added->folder = assay_strdup(folder, error);
    state->count++;
    for (char *c = added->name; c != NULL && *c != '\0'; c++) { /* a line of the CSV, and JSON */
        *c = *c >= ' ' && *c <= '~' ? *c : '?';
    }
    return added->name == NULL || added->folder == NULL || (object != NULL && added->object == NULL)
               ? ASSAY_ERROR_MEMORY
               : ASSAY_OK;
}

static bool is_shared_object(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0;
}

/* The alphabetically first NAME.so of a folder; the caller frees it with assay_free. NULL where there is none. */
static char *object_in(const char *folder, assay_error *error)
{
    struct dirent **entries;
    char *found = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (found == NULL && is_shared_object(entries[i]->d_name)) {
            found = assay_asprintf(error, "%s/%s", folder, entries[i]->d_name);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return found;
}

static assay_status add_entry(class_state *state, const char *name, assay_error *error)
{
    char *path = assay_asprintf(error, "%s/%s", state->options->class_folder, name);
    struct stat about;
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK && stat(path, &about) == 0) {
        bool command = state->options->command != NULL;
        if (S_ISDIR(about.st_mode)) {
            char *object = command ? NULL : object_in(path, error);
            if (command || object != NULL) {
                status = add_submission(state, name, object, path, error);
            }
            assay_free(object);
        } else if (S_ISREG(about.st_mode) && !command && is_shared_object(name)) {
            status = add_submission(state, name, path, state->options->class_folder, error);
        }
    }
    assay_free(path);
    return status;
}

static assay_status find_submissions(class_state *state, assay_error *error)
{
    struct dirent **entries;
    int count = scandir(state->options->class_folder, &entries, NULL, alphasort);
    if (count < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", state->options->class_folder,
                          strerror(errno));
    }
    assay_status status = ASSAY_OK;
    for (int i = 0; i < count; i++) {
        if (status == ASSAY_OK && entries[i]->d_name[0] != '.') {
            status = add_entry(state, entries[i]->d_name, error);
        }
        free(entries[i]);
    }
    free(entries);
    if (status == ASSAY_OK && state->count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: no submissions; there must be %s",
                          state->options->class_folder,
                          state->options->command != NULL ? "a folder for each" : "NAME.so or NAME/*.so");
    }
    return status;
}

/* --- the CSV ------------------------------------------------------------------------------------------------------ */

/* Our own rows begin with the name in quotes, in which a quote is doubled. */
static void write_quoted(FILE *stream, const char *text)
{
    fputc('"', stream);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            fputc('"', stream);
        }
        fputc(*text, stream);
    }
    fputc('"', stream);
}

/* Reads one row: the name, unquoted in place, and the seed. False for a line that is not ours. */
static bool read_row(char *line, char **name, uint64_t *seed)
{
    if (*line != '"') {
        return false;
    }
    char *to = line;
    char *from = line + 1;
    for (; *from != '\0' && (*from != '"' || from[1] == '"'); from++) {
        from += *from == '"';
        *to++ = *from;
    }
    unsigned long long read;
    if (*from != '"' || sscanf(from + 1, ",%*f,%*f,%llu,", &read) != 1) {
        return false;
    }
    *to = '\0';
    *name = line;
    *seed = read;
    return true;
}

static void mark_done(class_state *state, const char *name)
{
    for (size_t i = 0; i < state->count; i++) {
        if (strcmp(state->list[i].name, name) == 0 && !state->list[i].done) {
            state->list[i].done = true;
            state->finished++;
        }
    }
}

/* Takes over what an earlier start has graded. A last line without its end was being written when that start ended. */
static assay_status read_earlier(class_state *state, const char *path, char *text, uint64_t *seed, bool *has_seed,
                                 size_t *keep, assay_error *error)
{
    size_t number = 0;
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        char *name;
        uint64_t row_seed;
        *end = '\0';
        *keep = (size_t)(end + 1 - text);
        if (number++ == 0 && strlen(csv_header) == (size_t)(end + 1 - line) &&
            strncmp(line, csv_header, strlen(line)) == 0) {
            continue;
        }
        if (number == 1 || !read_row(line, &name, &row_seed)) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s, line %zu: not written by --class; choose another --csv",
                              path,
                              number);
        }
        if (*has_seed && row_seed != *seed) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                              "%s: graded with seed %llu; give --seed %llu to go on, or choose another --csv", path,
                              (unsigned long long)row_seed, (unsigned long long)row_seed);
        }
        *seed = row_seed;
        *has_seed = true;
        mark_done(state, name);
    }
    return ASSAY_OK;
}

static assay_status open_csv(class_state *state, const char *path, uint64_t *seed, bool has_seed, assay_error *error)
{
    size_t keep = 0;
    if (access(path, F_OK) == 0) {
        char *text;
        size_t size;
        ASSAY_TRY(assay_file_read(path, CSV_LIMIT, &text, &size, error));
        assay_status status = read_earlier(state, path, text, seed, &has_seed, &keep, error);
        assay_free(text);
        if (status != ASSAY_OK) {
            return status;
        }
        if (truncate(path, (off_t)keep) != 0) {
            return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
        }
    }
    state->csv = fopen(path, "ae");
    if (state->csv == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    if (keep == 0) {
        fputs(csv_header, state->csv);
    }
    return ASSAY_OK;
}

/* --- grading ------------------------------------------------------------------------------------------------------ */

static assay_status write_row(class_state *state, const grade_options *options, const submission *graded,
                              const grade_battery *battery, grade_score score, assay_error *error)
{
    char *mistakes;
    grade_report report = {battery, options->catalogue, graded->name, "", score, false};
    ASSAY_TRY(assay_grade_report_summary(&report, "; ", &mistakes, error));
    write_quoted(state->csv, graded->name);
    fprintf(state->csv, ",%.6g,%.6g,%llu,%.2f,", score.earned, score.possible, (unsigned long long)battery->seed,
            battery->seconds);
    write_quoted(state->csv, mistakes);
    fputc('\n', state->csv);
    assay_free(mistakes);
    if (fflush(state->csv) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "the CSV cannot be written: %s", strerror(errno));
    }
    return ASSAY_OK;
}

static assay_status write_own_report(const grade_options *options, const submission *graded,
                                     const grade_battery *battery, grade_score score, assay_error *error)
{
    static const char *const endings[GRADE_FORMAT_COUNT] = {"txt", "tap", "xml", "json", "json"};
    if (options->reports == NULL) {
        return ASSAY_OK;
    }
    char *path = assay_asprintf(error, "%s/%s.%s", options->reports, graded->name, endings[options->format]);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = grade_write(options, battery, score, graded->name, path, error);
    assay_free(path);
    return status;
}

static void finish(class_state *state, const grade_options *options, const submission *graded,
                   const grade_battery *battery, grade_score score, assay_status status, const assay_error *error)
{
    assay_error wrong = *error;
    pthread_mutex_lock(&state->lock);
    if (status == ASSAY_OK) {
        status = write_row(state, options, graded, battery, score, &wrong);
    }
    if (status != ASSAY_OK && state->error.status == ASSAY_OK) {
        state->error = wrong;
        state->error.status = status;
    }
    state->finished++;
    state->full_marks += assay_grade_full_marks(score);
    progress_show(&state->bar, state->finished, graded->name);
    pthread_mutex_unlock(&state->lock);
}

/* The next submission that is not graded yet, or NULL. After a failure of ours there is none. */
static const submission *take(class_state *state)
{
    const submission *taken = NULL;
    pthread_mutex_lock(&state->lock);
    while (state->next < state->count && state->list[state->next].done) {
        state->next++;
    }
    if (state->next < state->count && state->error.status == ASSAY_OK) {
        taken = &state->list[state->next++];
    }
    pthread_mutex_unlock(&state->lock);
    return taken;
}

static void *work(void *context)
{
    class_state *state = context;
    const submission *graded;
    while ((graded = take(state)) != NULL) {
        assay_error error = {0};
        grade_battery *battery = NULL;
        grade_score score = {0};
        assay_status status = grade_one(state->options, graded->object, graded->folder, &battery, &score, &error);
        if (status == ASSAY_OK) {
            status = write_own_report(state->options, graded, battery, score, &error);
        }
        finish(state, state->options, graded, battery, score, status, &error);
        assay_grade_battery_destroy(battery);
    }
    return NULL;
}

static void run_workers(class_state *state)
{
    pthread_t threads[256];
    unsigned started = 0;
    while (started < state->options->jobs && pthread_create(&threads[started], NULL, work, state) == 0) {
        started++;
    }
    if (started == 0) {
        work(state);
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

static assay_status grade_all(class_state *state, grade_options *options, const char *path, assay_error *error)
{
    ASSAY_TRY(find_submissions(state, error));
    ASSAY_TRY(open_csv(state, path, &options->seed, options->has_seed, error));
    if (options->reports != NULL && mkdir(options->reports, 0777) != 0 && errno != EEXIST) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", options->reports, strerror(errno));
    }
    size_t earlier = state->finished;
    progress_begin(&state->bar, state->count, "submissions");
    run_workers(state);
    progress_clear(&state->bar);
    *error = state->error;
    if (fclose(state->csv) != 0 && error->status == ASSAY_OK) {
        assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", path, strerror(errno));
    }
    state->csv = NULL;
    if (error->status == ASSAY_OK) {
        printf("%zu submissions graded with seed %llu (%zu of them earlier), %zu with full marks: %s\n", state->count,
               (unsigned long long)options->seed, earlier, state->full_marks, path);
    }
    return error->status;
}

int grade_class(const grade_options *given)
{
    assay_error error = {0};
    grade_options options = *given; /* the seed may come from an earlier start */
    class_state state = {.options = &options, .lock = PTHREAD_MUTEX_INITIALIZER};
    char *path = given->csv != NULL ? assay_strdup(given->csv, &error)
                                    : assay_asprintf(&error, "%s/grades.csv", given->class_folder);
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : grade_all(&state, &options, path, &error);
    if (state.csv != NULL) {
        fclose(state.csv);
    }
    for (size_t i = 0; i < state.count; i++) {
        assay_free(state.list[i].name);
        assay_free(state.list[i].object);
        assay_free(state.list[i].folder);
    }
    free(state.list);
    assay_free(path);
    if (status != ASSAY_OK) {
        tool_fail(GRADE_COMMAND, &error);
        return TOOL_USAGE;
    }
    return TOOL_SUCCESS;
}
