/* assay grade --class: a folder of submissions, several at a time. Whatever a submission is or does is a row. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade.h"
#include "grade_book.h"
#include "grade/child.h"
#include "grade/folder.h"
#include "grade/portable.h"
#include "grade/text.h"
#include "progress.h"
#include "tool.h"

enum {
    OBJECT_LIMIT = 256 << 20, /* bytes of a shared object */
    FAILURES = 5              /* of ours, in a row: then it is not the submissions */
};

typedef struct {
    char *name;    /* for people */
    char *object;  /* the shared object, or NULL for a command */
    char *folder;  /* its own, or NULL for a shared object that is alone */
    char *problem; /* why it is no submission, or NULL */
    bool done;
} submission;

typedef struct {
    const grade_options *options;
    submission *list;
    size_t count;
    size_t capacity;
    grade_book *book;
    int reports; /* the folder, or -1 */
    size_t next;
    size_t earlier;
    size_t finished;
    size_t full_marks;
    size_t not_run;
    size_t suspected;
    size_t failures;   /* of ours, in a row */
    assay_error error; /* what ended the class */
    progress_bar bar;
    pthread_mutex_t lock; /* of all fields above that change */
} class_state;

/* --- finding submissions ------------------------------------------------------------------------------------------ */

static char *copy_or_null(const char *text, assay_error *error)
{
    return text == NULL ? NULL : assay_strdup(text, error);
}

static assay_status add_submission(class_state *state, const char *name, const char *object, const char *folder,
                                   const char *problem, assay_error *error)
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
    submission *added = &state->list[state->count++];
    *added = (submission){.name = assay_calloc(strlen(name) + 1, 1, error),
                          .object = copy_or_null(object, error),
                          .folder = copy_or_null(folder, error),
                          .problem = copy_or_null(problem, error)};
    if (added->name == NULL || (object != NULL) != (added->object != NULL) ||
        (folder != NULL) != (added->folder != NULL) || (problem != NULL) != (added->problem != NULL)) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_grade_text_clean(name, strlen(name), added->name, strlen(name) + 1);
    return ASSAY_OK;
}

static bool is_shared_object(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, ".so") == 0;
}

static const char *why_not_opened(int reason)
{
    switch (reason) {
    case EXDEV: return "it is a link that leaves the submission's folder";
    case ELOOP: return "it is a link that is not followed, or that leads in a circle";
    case ENOENT: return "it is a link to nothing";
    default: return strerror(reason);
    }
}

/*
 * Whether a name in a folder is a shared object that can be graded: a problem in words, or NULL. Links are followed
 * only where they stay below the folder, and only with `links`. Nothing but a regular file is opened: a device might
 * act.
 */
static const char *object_problem(int folder, const char *name, bool links)
{
    struct stat about;
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
                                      (links ? 0 : (unsigned long long)RESOLVE_NO_SYMLINKS)};
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(about.st_mode) && !S_ISLNK(about.st_mode)) {
        return S_ISDIR(about.st_mode)    ? "it is a folder, not a shared object"
               : S_ISFIFO(about.st_mode) ? "it is a pipe, not a shared object"
                                         : "it is a socket or a device, not a shared object";
    }
    int found = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (found < 0) {
        return why_not_opened(errno);
    }
    const char *problem = fstat(found, &about) != 0      ? strerror(errno)
                          : !S_ISREG(about.st_mode)      ? "it is a link, but not to a shared object"
                          : about.st_size > OBJECT_LIMIT ? "it has more than 256 MiB"
                          : geteuid() == 0 && !(about.st_mode & S_IROTH)
                              ? "only its owner may read it, and root runs submissions as another user; chmod -R a+rX"
                              : NULL;
    close(found);
    return problem;
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
}

/* NAME/: its alphabetically first shared object, or else what is wrong with the first that has such a name. */
static assay_status add_folder(class_state *state, int class_folder, const char *name, const char *path,
                               assay_error *error)
{
    struct dirent **entries;
    const char *problem = NULL;
    char *object = NULL;
    int folder = openat(class_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int count = folder < 0 ? -1 : portable_scan(folder, &entries);
    int reason = errno;
    bool any = count < 0;
    for (int i = 0; i < count && object == NULL; i++) {
        if (is_shared_object(entries[i]->d_name)) {
            const char *found = object_problem(folder, entries[i]->d_name, true);
            object = found == NULL ? assay_asprintf(error, "%s/%s", path, entries[i]->d_name) : NULL;
            problem = !any ? found : problem;
            any = true;
        }
    }
    if (count >= 0) {
        free_entries(entries, count);
    } else {
        problem = strerror(reason);
    }
    if (folder >= 0) {
        close(folder);
    }
    if (!any) {
        fprintf(stderr, "assay grade: %s: left out, no NAME.so in it\n", path);
        return ASSAY_OK;
    }
    assay_status status = add_submission(state, name, object, path, object == NULL ? problem : NULL, error);
    assay_free(object);
    return status;
}

static assay_status add_entry(class_state *state, int folder, const char *name, assay_error *error)
{
    bool command = state->options->command != NULL;
    struct stat about;
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT ? ASSAY_OK /* removed meanwhile */
                               : assay_fail(error, ASSAY_ERROR_IO, "%s/%s: %s", state->options->class_folder, name,
                                            strerror(errno));
    }
    char *path = assay_asprintf(error, "%s/%s", state->options->class_folder, name);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = ASSAY_OK;
    if (S_ISLNK(about.st_mode) &&
        (command || is_shared_object(name) || fstatat(folder, name, &about, 0) != 0 || S_ISDIR(about.st_mode))) {
        status = add_submission(state, name, NULL, NULL, "it is a link; submissions are no links", error);
    } else if (S_ISDIR(about.st_mode)) {
        status = command ? add_submission(state, name, NULL, path, NULL, error)
                         : add_folder(state, folder, name, path, error);
    } else if (!command && is_shared_object(name)) {
        const char *problem = object_problem(folder, name, false);
        status = add_submission(state, name, problem == NULL ? path : NULL, NULL, problem, error);
    }
    assay_free(path);
    return status;
}

/* Two submissions that the grade book could not tell apart. */
static assay_status check_names(const class_state *state, assay_error *error)
{
    for (size_t i = 0; i < state->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(state->list[i].name, state->list[j].name) == 0) {
                return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                                  "%s: two submissions are called %.200s (characters that cannot be shown became '?'); "
                                  "rename one",
                                  state->options->class_folder, state->list[i].name);
            }
        }
    }
    return ASSAY_OK;
}

static assay_status find_submissions(class_state *state, assay_error *error)
{
    struct dirent **entries;
    const char *path = state->options->class_folder;
    int folder;
    ASSAY_TRY(assay_grade_folder_open(path, &folder, error));
    int count = portable_scan(folder, &entries);
    assay_status status = count < 0 ? assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno))
                                    : ASSAY_OK;
    for (int i = 0; i < count && status == ASSAY_OK; i++) {
        if (entries[i]->d_name[0] != '.') {
            status = add_entry(state, folder, entries[i]->d_name, error);
        }
    }
    if (count >= 0) {
        free_entries(entries, count);
    }
    close(folder);
    if (status == ASSAY_OK && state->count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: no submissions; there must be %s", path,
                          state->options->command != NULL ? "a folder for each" : "NAME.so or NAME/*.so");
    }
    return status == ASSAY_OK ? check_names(state, error) : status;
}

/* --- earlier rows ------------------------------------------------------------------------------------------------- */

static bool is_full(double earned, double possible)
{
    return assay_grade_full_marks((grade_score){.possible = possible, .earned = earned});
}

/* Rows of submissions that are no longer in the folder stay, too. A second row of a submission goes. */
static void take_row(void *context, grade_book_row *row)
{
    class_state *state = context;
    for (size_t i = 0; i < state->count; i++) {
        submission *named = &state->list[i];
        if (strcmp(named->name, row->name) == 0) {
            row->kept = !named->done;
            if (!named->done) {
                named->done = true;
                state->earlier++;
                state->full_marks += is_full(row->earned, row->possible);
            }
        }
    }
}

/* --- grading ------------------------------------------------------------------------------------------------------ */

/* A name of a file: as long as it may be, and another one for each submission. */
static void report_name(const char *name, const char *ending, char file[NAME_MAX + 1])
{
    size_t room = NAME_MAX - 32;
    size_t length = strlen(name);
    uint32_t hash = 0x811c9dc5u; /* FNV-1a */
    for (const char *c = name; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 0x01000193u;
    }
    if (length <= room) {
        snprintf(file, NAME_MAX + 1, "%s.%s", name, ending);
        return;
    }
    while (room > 0 && ((unsigned char)name[room] & 0xc0) == 0x80) { /* not within a character */
        room--;
    }
    snprintf(file, NAME_MAX + 1, "%.*s~%08x.%s", (int)room, name, (unsigned)hash, ending);
}

static assay_status write_own_report(const class_state *state, const grade_target *graded, const grade_battery *battery,
                                     grade_score score, assay_error *error)
{
    static const char *const endings[GRADE_FORMAT_COUNT] = {"txt", "tap", "xml", "json", "json"};
    const grade_options *options = state->options;
    char file[NAME_MAX + 1];
    char *text = NULL;
    size_t size = 0;
    assay_error wrong = {0};
    if (state->reports < 0) {
        return ASSAY_OK;
    }
    report_name(graded->name, endings[options->format], file);
    assay_status status = grade_report_text(options, battery, score, graded->name, &text, &size, error);
    if (status == ASSAY_OK) {
        status = assay_grade_folder_put(state->reports, file, text, size, &wrong);
        if (status != ASSAY_OK) {
            assay_fail(error, status, "%s/%s", options->reports, wrong.message);
        }
    }
    free(text);
    return status;
}

static bool is_stopped(const class_state *state)
{
    return *state->options->stop != 0;
}

static size_t count_failures(class_state *state, bool failed)
{
    pthread_mutex_lock(&state->lock);
    size_t failures = state->failures = failed ? state->failures + 1 : 0;
    pthread_mutex_unlock(&state->lock);
    return failures;
}

static bool is_sandbox_gone(const grade_options *options, assay_error *error)
{
    grade_sandbox *trial = NULL;
    assay_status status = assay_grade_sandbox_create(options->runner, options->binds, &trial, error);
    assay_grade_sandbox_destroy(trial);
    return status != ASSAY_OK;
}

/* Grades one submission. What is wrong with it is a verdict; ASSAY_OK but for what no row can be made of. */
static assay_status grade_or_refuse(class_state *state, const grade_target *graded, const char *problem,
                                    grade_battery **battery, grade_score *score, assay_error *error)
{
    const grade_options *options = state->options;
    if (problem != NULL) {
        return grade_failed(options, graded, GRADE_UNUSABLE, problem, battery, score, error);
    }
    assay_error wrong = {0};
    assay_status status = grade_one(options, graded, battery, score, &wrong);
    bool theirs = status == ASSAY_ERROR_ARGUMENT || status == ASSAY_ERROR_FORMAT;
    size_t failures = count_failures(state, status != ASSAY_OK && !theirs);
    if (status == ASSAY_OK) {
        return ASSAY_OK;
    }
    if (theirs) {
        return grade_failed(options, graded, GRADE_UNUSABLE, wrong.message, battery, score, error);
    }
    /* Ours. A shortage may pass, and the submission may have caused it; a sandbox that is gone will not come back. */
    assay_error gone = {0};
    bool over = !options->unsandboxed && is_sandbox_gone(options, &gone);
    if (over || failures >= FAILURES) {
        return assay_fail(error, status, "%s", over ? gone.message : wrong.message);
    }
    return grade_failed(options, graded, GRADE_NOT_RUN, wrong.message, battery, score, error);
}

static void finish(class_state *state, const grade_target *graded, const grade_battery *battery, grade_score score,
                   assay_status status, const assay_error *error)
{
    assay_error wrong = *error;
    pthread_mutex_lock(&state->lock);
    if (status == ASSAY_OK) {
        status = grade_book_append(state->book, graded, battery, score, &wrong);
    }
    if (status != ASSAY_OK) {
        if (state->error.status == ASSAY_OK) {
            state->error = wrong;
            state->error.status = status;
        }
    } else {
        state->finished++;
        state->full_marks += assay_grade_full_marks(score);
        state->not_run += assay_grade_battery_not_run(battery) > 0;
        state->suspected += battery->suspicion[0] != '\0' && !battery->cleared;
    }
    progress_show(&state->bar, state->earlier + state->finished, graded->name);
    pthread_mutex_unlock(&state->lock);
}

/* The next submission that is not graded yet, or NULL. After a failure of ours, or a signal, there is none. */
static const submission *take(class_state *state)
{
    const submission *taken = NULL;
    pthread_mutex_lock(&state->lock);
    while (state->next < state->count && state->list[state->next].done) {
        state->next++;
    }
    if (state->next < state->count && state->error.status == ASSAY_OK && !is_stopped(state)) {
        taken = &state->list[state->next++];
    }
    pthread_mutex_unlock(&state->lock);
    return taken;
}

static void *work(void *context)
{
    class_state *state = context;
    const submission *taken;
    while ((taken = take(state)) != NULL) {
        const grade_target graded = {.name = taken->name, .object = taken->object, .folder = taken->folder};
        assay_error error = {0};
        grade_battery *battery = NULL;
        grade_score score = {0};
        assay_status status = grade_or_refuse(state, &graded, taken->problem, &battery, &score, &error);
        if (status == ASSAY_OK && is_stopped(state)) {
            assay_grade_battery_destroy(battery); /* cut short: no row, so that it is graded again */
            return NULL;
        }
        if (status == ASSAY_OK) {
            status = write_own_report(state, &graded, battery, score, &error);
        }
        finish(state, &graded, battery, score, status, &error);
        assay_grade_battery_destroy(battery);
    }
    return NULL;
}

/* Bytes of memory that the system can give without swapping; SIZE_MAX where it does not say. */
static size_t available_memory(void)
{
    FILE *about = fopen("/proc/meminfo", "re");
    char line[128];
    size_t kibibytes = SIZE_MAX >> 10;
    while (about != NULL && fgets(line, sizeof line, about) != NULL) {
        (void)sscanf(line, "MemAvailable: %zu kB", &kibibytes);
    }
    if (about != NULL) {
        fclose(about);
    }
    return kibibytes << 10;
}

/* Submissions at a time: as many as were asked for, but no more than this machine has processors and memory for. */
static unsigned choose_jobs(const grade_options *options)
{
    cpu_set_t processors;
    size_t most = sched_getaffinity(0, sizeof processors, &processors) == 0 ? (size_t)CPU_COUNT(&processors) : 1;
    size_t fit = available_memory() / options->limits.memory_bytes;
    unsigned jobs = options->jobs;
    const char *why = NULL;
    if (jobs > most) {
        jobs = (unsigned)most;
        why = "processors";
    }
    if (jobs > fit) {
        jobs = fit == 0 ? 1 : (unsigned)fit;
        why = "free memory";
    }
    if (jobs != options->jobs) {
        fprintf(stderr, "assay grade: %u at a time, not %u: this machine has no more %s\n", jobs, options->jobs, why);
    }
    return jobs;
}

static void run_workers(class_state *state)
{
    pthread_t threads[256];
    unsigned started = 0;
    unsigned jobs = choose_jobs(state->options);
    while (started < jobs && pthread_create(&threads[started], NULL, work, state) == 0) {
        started++;
    }
    if (started == 0) {
        work(state);
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
}

static assay_status open_reports(class_state *state, assay_error *error)
{
    const char *path = state->options->reports;
    if (path == NULL) {
        return ASSAY_OK;
    }
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", path, strerror(errno));
    }
    return assay_grade_folder_open(path, &state->reports, error);
}

/* --- the end ------------------------------------------------------------------------------------------------------ */

/* What is left, and how to go on: after a failure of ours, or a signal. */
static void say_what_is_left(const class_state *state, const char *why)
{
    fprintf(stderr, "assay grade: %s: %zu of %zu submissions are not graded yet; the same command goes on with them\n",
            why, state->count - state->earlier - state->finished, state->count);
}

static void say_what_is_done(const class_state *state, const char *path)
{
    printf("%zu submissions graded with seed %llu (%zu of them earlier), %zu with full marks: %s\n", state->count,
           (unsigned long long)state->options->seed, state->earlier, state->full_marks, path);
    if (state->suspected > 0) {
        fprintf(stderr,
                "assay grade: %zu under suspicion of using the reference, see the column \"remark\"; no marks "
                "until the rubric clears them\n",
                state->suspected);
    }
    if (state->not_run > 0) {
        fprintf(stderr,
                "assay grade: %zu NOT RUN to the end, their points are not final; the same command grades them "
                "again\n",
                state->not_run);
    }
}

static assay_status grade_all(class_state *state, grade_options *options, const char *path, assay_error *error)
{
    ASSAY_TRY(find_submissions(state, error));
    ASSAY_TRY(grade_book_open(path, options, take_row, state, &state->book, error));
    ASSAY_TRY(open_reports(state, error));
    progress_begin(&state->bar, state->count, "submissions");
    run_workers(state);
    progress_clear(&state->bar);
    if (state->error.status != ASSAY_OK) {
        say_what_is_left(state, "stopped");
        *error = state->error;
    } else if (is_stopped(state)) {
        say_what_is_left(state, "interrupted");
    } else {
        say_what_is_done(state, path);
    }
    return state->error.status;
}

int grade_class(const grade_options *given)
{
    assay_error error = {0};
    grade_options options = *given; /* the seed may come from an earlier start */
    class_state state = {.options = &options, .reports = -1, .lock = PTHREAD_MUTEX_INITIALIZER};
    char *path = given->csv != NULL ? assay_strdup(given->csv, &error)
                                    : assay_asprintf(&error, "%s/grades.csv", given->class_folder);
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : grade_all(&state, &options, path, &error);
    grade_book_close(state.book);
    if (state.reports >= 0) {
        close(state.reports);
    }
    for (size_t i = 0; i < state.count; i++) {
        assay_free(state.list[i].name);
        assay_free(state.list[i].object);
        assay_free(state.list[i].folder);
        assay_free(state.list[i].problem);
    }
    free(state.list);
    assay_free(path);
    if (status != ASSAY_OK) {
        tool_fail(GRADE_COMMAND, &error);
        return TOOL_USAGE;
    }
    return state.not_run > 0 ? TOOL_FAILURE : TOOL_SUCCESS;
}
