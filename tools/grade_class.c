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
#include "class_report.h"
#include "grade.h"
#include "grade_book.h"
#include "grade/child.h"
#include "grade/folder.h"
#include "grade/form.h"
#include "grade/portable.h"
#include "grade/text.h"
#include "progress.h"
#include "tool.h"

enum {
    FILE_LIMIT = 256 << 20, /* bytes of a submission */
    FAILURES = 5            /* of ours, in a row: then it is not the submissions */
};

typedef struct {
    char *name;    /* for people */
    char *object;  /* a file of one of the forms in grade/form.h, or NULL for a command */
    char *folder;  /* its own, or NULL for a file that is alone */
    char *problem; /* why it cannot be graded, or NULL */
    bool done;
} submission;

typedef struct {
    const grade_options *options;
    submission *list;
    size_t count;
    size_t capacity;
    grade_book *book;
    int reports;          /* the folder, or -1 */
    class_report *report; /* or NULL */
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
    const grade_form *form = assay_grade_form_of(name);
    return form != NULL && form->language == NULL && !form->compiled;
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
 * Looks at a file that may be graded. Returns the problem with it in words, or NULL. Links are followed only where
 * they stay below the folder, and only with `links`. Nothing but a regular file is opened: a device might act.
 */
static const char *file_problem(int folder, const char *name, bool links)
{
    struct stat about;
    struct open_how how = {.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS |
                                      (links ? 0 : (unsigned long long)RESOLVE_NO_SYMLINKS)};
    if (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return strerror(errno);
    }
    if (!S_ISREG(about.st_mode) && !S_ISLNK(about.st_mode)) {
        return S_ISDIR(about.st_mode)    ? "it is a folder, not a file"
               : S_ISFIFO(about.st_mode) ? "it is a pipe, not a file"
                                         : "it is a socket or a device, not a file";
    }
    int found = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (found < 0) {
        return why_not_opened(errno);
    }
    const char *problem = fstat(found, &about) != 0    ? strerror(errno)
                          : !S_ISREG(about.st_mode)    ? "it is a link, but not to a file"
                          : about.st_size > FILE_LIMIT ? "it has more than 256 MiB"
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

/* NAME/ without a shared object: the one file in it that is the submission, or why there is none. */
static assay_status choose_file(int folder, const char *path, char **object, char problem[GRADE_TEXT_LENGTH],
                                assay_error *error)
{
    char *name;
    ASSAY_TRY(assay_grade_form_choose(folder, &name, problem, error));
    if (name == NULL) {
        return ASSAY_OK;
    }
    const char *found = file_problem(folder, name, true);
    snprintf(problem, GRADE_TEXT_LENGTH, "%s", found == NULL ? "" : found);
    *object = found == NULL ? assay_asprintf(error, "%s/%s", path, name) : NULL;
    assay_free(name);
    return found == NULL && *object == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

/* NAME/: its alphabetically first shared object, or else what is wrong with the first that has such a name. */
static assay_status choose_object(int folder, const char *path, char **object, char problem[GRADE_TEXT_LENGTH],
                                  assay_error *error)
{
    struct dirent **entries;
    assay_status status = ASSAY_OK;
    int count = portable_scan(folder, NULL, &entries);
    if (count < 0) {
        snprintf(problem, GRADE_TEXT_LENGTH, "%s", strerror(errno));
        return ASSAY_OK;
    }
    for (int i = 0; i < count && *object == NULL && status == ASSAY_OK; i++) {
        const char *name = entries[i]->d_name;
        const char *found = is_shared_object(name) ? file_problem(folder, name, true) : NULL;
        if (is_shared_object(name) && found == NULL) {
            *object = assay_asprintf(error, "%s/%s", path, name);
            status = *object == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
        } else if (found != NULL && problem[0] == '\0') {
            snprintf(problem, GRADE_TEXT_LENGTH, "%s", found);
        }
    }
    free_entries(entries, count);
    return status;
}

static assay_status add_folder(class_state *state, int class_folder, const char *name, const char *path,
                               assay_error *error)
{
    char *file = NULL;
    char problem[GRADE_TEXT_LENGTH] = "";
    assay_status status = ASSAY_OK;
    int folder = openat(class_folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) {
        snprintf(problem, sizeof problem, "%s", strerror(errno));
    } else {
        status = choose_object(folder, path, &file, problem, error);
        if (status == ASSAY_OK && file == NULL && problem[0] == '\0') {
            status = choose_file(folder, path, &file, problem, error);
        }
        close(folder);
    }
    if (status == ASSAY_OK && (file != NULL || problem[0] != '\0')) {
        status = add_submission(state, name, file, path, file == NULL ? problem : NULL, error);
    } else if (status == ASSAY_OK) {
        fprintf(stderr, "assay grade: %s: left out, no file in it ends with " GRADE_FORM_ENDINGS "\n", path);
    }
    assay_free(file);
    return status;
}

/* NAME.c beside NAME.so is the same submission: it is graded once, from the shared object. */
static bool has_object(int folder, const char *name)
{
    char object[NAME_MAX + 1];
    struct stat about;
    int stem = (int)strlen(name) - 2;
    return snprintf(object, sizeof object, "%.*s.so", stem, name) <= NAME_MAX &&
           fstatat(folder, object, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A file in the class folder itself; `path` is its path. */
static assay_status add_file(class_state *state, int folder, const char *name, const char *path, assay_error *error)
{
    if (assay_grade_form_of(name)->compiled && has_object(folder, name)) {
        fprintf(stderr, "assay grade: %s: left out, its .so is graded\n", path);
        return ASSAY_OK;
    }
    const char *problem = file_problem(folder, name, false);
    return add_submission(state, name, problem == NULL ? path : NULL, NULL, problem, error);
}

static assay_status add_entry(class_state *state, int folder, const char *name, assay_error *error)
{
    bool command = state->options->command != NULL;
    bool gradable = assay_grade_form_of(name) != NULL;
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
        (command || gradable || fstatat(folder, name, &about, 0) != 0 || S_ISDIR(about.st_mode))) {
        status = add_submission(state, name, NULL, NULL, "it is a link; a submission must be a file or folder", error);
    } else if (S_ISDIR(about.st_mode)) {
        status = command ? add_submission(state, name, NULL, path, NULL, error)
                         : add_folder(state, folder, name, path, error);
    } else if (!command && gradable) {
        status = add_file(state, folder, name, path, error);
    }
    assay_free(path);
    return status;
}

/* Two submissions whose names the grade book could not distinguish. */
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
    int count = portable_scan(folder, NULL, &entries);
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
                          state->options->command != NULL
                              ? "a folder for each"
                              : "files or folders with files that end with " GRADE_FORM_ENDINGS);
    }
    return status == ASSAY_OK ? check_names(state, error) : status;
}

/* --- earlier rows ------------------------------------------------------------------------------------------------- */

static bool is_full(double earned, double possible)
{
    return assay_grade_full_marks((grade_score){.possible = possible, .earned = earned});
}

/* Rows of submissions that are no longer in the folder stay. A second row of a submission is dropped. */
static void take_row(void *context, grade_book_row *row)
{
    class_state *state = context;
    for (size_t i = 0; i < state->count; i++) {
        submission *named = &state->list[i];
        if (strcmp(named->name, row->name) == 0) {
            row->kept = !named->done && (state->report == NULL ||
                                         class_report_has(state->report, row->name, state->options->seed, row->earned));
            if (row->kept) {
                named->done = true;
                state->earlier++;
                state->full_marks += is_full(row->earned, row->possible);
            }
        }
    }
}

/* --- grading ------------------------------------------------------------------------------------------------------ */

void grade_report_name(const char *name, const char *ending, char file[NAME_MAX + 1])
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
    grade_report_name(graded->name, endings[options->format], file);
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
    /* Ours. A shortage may pass, and the submission may have caused it. A sandbox or compiler that is gone stays so. */
    assay_error gone = {0};
    bool over = !options->unsandboxed && is_sandbox_gone(options, &gone);
    if (over || status == ASSAY_ERROR_UNSUPPORTED || failures >= FAILURES) {
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
        if (status == ASSAY_OK && state->report != NULL) {
            status = class_report_keep(state->report, state->options, &graded, battery, score, &error);
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

/* How many submissions run at a time: what the user asked for, limited by processors and free memory. */
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
        fprintf(stderr, "assay grade: %u at a time, not %u: this machine does not have enough %s\n", jobs,
                options->jobs, why);
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
    printf("%zu submission%s graded with seed %llu (%zu of them earlier), %zu with full marks: %s\n", state->count,
           state->count == 1 ? "" : "s", (unsigned long long)state->options->seed, state->earlier, state->full_marks,
           path);
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

static assay_status write_class_report(const class_state *state, assay_error *error)
{
    if (state->report == NULL) {
        return ASSAY_OK;
    }
    const char **names = assay_calloc(state->count, sizeof *names, error);
    if (names == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < state->count; i++) {
        names[i] = state->list[i].name;
    }
    assay_status status = class_report_write(state->report, state->options, names, state->count, error);
    assay_free(names);
    if (status == ASSAY_OK) {
        printf("%s/index.html\n", state->options->report);
    }
    return status;
}

static assay_status grade_all(class_state *state, grade_options *options, const char *path, assay_error *error)
{
    ASSAY_TRY(find_submissions(state, error));
    if (options->report != NULL) {
        ASSAY_TRY(class_report_open(options->report, &state->report, error));
    }
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
        ASSAY_TRY(write_class_report(state, error));
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
    class_report_close(state.report);
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
