#define _GNU_SOURCE
#include "fault_run.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "support.h"

enum { MOST_FILES = 256, MOST_RUNS = 200000, PATIENCE = 200 };

/* clang-format off */
static const char *const mode_names[FAULTS_MODES] = {
    [FAULTS_ONCE] = "failing once", [FAULTS_FROM_THEN] = "failing from then on",
    [FAULTS_SHORT] = "cut short", [FAULTS_INTERRUPT] = "interrupted",
};
/* clang-format on */

/* The place of a run, for the message of a test that crashes or hangs in it. */
static char place[256];

static void tell_place(int number)
{
    ssize_t ignored = write(2, place, strlen(place));
    (void)ignored;
    signal(number, SIG_DFL);
    raise(number);
}

/* --- files ------------------------------------------------------------------------------------------------------- */

typedef struct {
    char name[128];
    uint64_t content;
} file_note;

typedef struct {
    size_t count;
    file_note files[MOST_FILES];
} folder_note;

static uint64_t mix(uint64_t digest, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        digest = (digest ^ byte[i]) * 0x100000001b3U;
    }
    return digest;
}

static uint64_t content_of(const char *path)
{
    uint64_t content = 0xcbf29ce484222325U;
    char chunk[8192];
    FILE *stream = fopen(path, "rb");
    ck_assert_msg(stream != NULL, "%s: %s", path, strerror(errno));
    for (size_t got; (got = fread(chunk, 1, sizeof chunk, stream)) > 0;) {
        content = mix(content, chunk, got);
    }
    fclose(stream);
    return content;
}

static folder_note look(const char *folder)
{
    folder_note note = {0};
    DIR *listing = opendir(folder);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char path[FAULT_PATH];
        struct stat about;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (stat(path, &about) == 0 && S_ISREG(about.st_mode)) {
            ck_assert_uint_lt(note.count, MOST_FILES);
            file_note *file = &note.files[note.count++];
            snprintf(file->name, sizeof file->name, "%.127s", entry->d_name);
            file->content = content_of(path);
        }
    }
    closedir(listing);
    return note;
}

static const file_note *find(const folder_note *note, const char *name)
{
    for (size_t i = 0; i < note->count; i++) {
        if (strcmp(note->files[i].name, name) == 0) {
            return &note->files[i];
        }
    }
    return NULL;
}

static void check_files(const folder_note *before, const folder_note *after, const char *folder)
{
    folder_note now = look(folder);
    for (size_t i = 0; i < now.count; i++) {
        const file_note *file = &now.files[i];
        const file_note *old = find(before, file->name);
        const file_note *new = find(after, file->name);
        ck_assert_msg(old != NULL || new != NULL, "%s: left behind a file %s", place, file->name);
        ck_assert_msg((old != NULL && old->content == file->content) || (new != NULL &&new->content == file->content),
                      "%s: the file %s is neither the old one nor the new one", place, file->name);
    }
    for (size_t i = 0; i < before->count; i++) {
        const char *name = before->files[i].name;
        ck_assert_msg(find(after, name) == NULL || find(&now, name) != NULL, "%s: the file %s is gone", place, name);
    }
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    return where->level == 0 ? 0 : remove(path);
}

static void empty(const char *folder)
{
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

const char *fault_path(const fault_bench *bench, const char *name, char path[FAULT_PATH])
{
    /* Check's assertions allocate. */
    if (snprintf(path, FAULT_PATH, "%s/%s", bench->folder, name) >= FAULT_PATH) {
        abort();
    }
    return path;
}

void fault_write(const fault_bench *bench, const char *name, const void *bytes, size_t size)
{
    char path[FAULT_PATH];
    FILE *stream = fopen(fault_path(bench, name, path), "wb");
    ck_assert_ptr_nonnull(stream);
    ck_assert_uint_eq(fwrite(bytes, 1, size, stream), size);
    ck_assert_int_eq(fclose(stream), 0);
}

/* --- results ----------------------------------------------------------------------------------------------------- */

void fault_digest(fault_bench *bench, const void *bytes, size_t size)
{
    bench->digest = mix(bench->digest, bytes, size);
}

void fault_digest_text(fault_bench *bench, const char *text)
{
    fault_digest(bench, text, strlen(text) + 1);
}

void fault_digest_f64(fault_bench *bench, double value)
{
    fault_digest(bench, &value, sizeof value);
}

static bool names_memory(const char *message)
{
    return strcasestr(message, "memory") != NULL || strcasestr(message, "malloc") != NULL;
}

/* The message reports the first failure, so it must name memory if only memory failed. */
static void check_error(assay_status status, const assay_error *error, const faults_report *report)
{
    ck_assert_msg(error->status == status, "%s: status %d, but the error says %d (%s)", place, (int)status,
                  (int)error->status, error->message);
    ck_assert_msg(error->message[0] != '\0' && strchr(error->message, '\n') == NULL &&
                      strstr(error->message, "%s") == NULL,
                  "%s: not one line of text: '%s'", place, error->message);
    ck_assert_msg(!report->memory || report->failed > 1 || names_memory(error->message),
                  "%s: memory was out, and the message is '%s'", place, error->message);
}

/* --- runs -------------------------------------------------------------------------------------------------------- */

typedef struct {
    const fault_scenario *scenario;
    fault_bench bench;
    folder_note before;
    folder_note after;
    uint64_t digest; /* of a run without faults */
} fixture;

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *listing = opendir("/proc/self/fd");
    ck_assert_ptr_nonnull(listing);
    while (readdir(listing) != NULL) {
        count++;
    }
    closedir(listing);
    return count;
}

static void check_nothing_left(size_t descriptors)
{
    size_t size;
    const char *library;
    size_t blocks = faults_outstanding(&size, &library);
    ck_assert_msg(blocks == 0, "%s: %zu blocks were not freed, the largest of %zu bytes, from %s", place, blocks, size,
                  library);
    ck_assert_msg(open_descriptors() == descriptors, "%s: %zu descriptors are open, before it were %zu", place,
                  open_descriptors(), descriptors);
    ck_assert_msg(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "%s: a process was not waited for", place);
}

static void set_up(fixture *f)
{
    const char *folder = f->bench.folder;
    f->bench = (fault_bench){.folder = folder, .digest = 0xcbf29ce484222325U};
    if (f->scenario->set_up != NULL) {
        f->scenario->set_up(&f->bench);
    }
}

static void tidy(fixture *f)
{
    if (f->scenario->tidy != NULL) {
        f->scenario->tidy(&f->bench);
    }
}

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* One run; returns whether the fault was reached. */
static bool run_once(fixture *f, faults_mode mode, size_t target)
{
    assay_error error = {.status = ASSAY_OK, .message = ""};
    snprintf(place, sizeof place, "%s, call %zu %s", f->scenario->name, target, mode_names[mode]);
    set_up(f);
    size_t descriptors = open_descriptors();
    alarm(getenv("FAULTS_PATIENCE") != NULL ? (unsigned)atoi(getenv("FAULTS_PATIENCE")) : PATIENCE);
    double began = now_seconds();
    faults_arm(mode, target);
    assay_status status = f->scenario->run(&f->bench, &error);
    faults_report report = faults_disarm();
    double seconds = now_seconds() - began;
    alarm(0);
    snprintf(place, sizeof place, "%s, call %zu (%s from %s) %s", f->scenario->name, target, report.function,
             report.library, mode_names[mode]);
    bool same = f->bench.digest == f->digest;
    tidy(f);
    if (f->scenario->leaks != NULL && report.memory && strcmp(report.library, f->scenario->leaks) == 0) {
        faults_forget(f->scenario->leaks);
    }
    check_nothing_left(descriptors);
    ck_assert_msg(report.failed > 0 || status == ASSAY_OK, "%s: failed without a fault: %s", place, error.message);
    ck_assert_msg(status != ASSAY_OK || same, "%s: no error, but another result", place);
    if (status != ASSAY_OK) {
        check_error(status, &error, &report);
    }
    if (report.failed > 0) {
        check_files(&f->before, &f->after, f->bench.folder);
        if (getenv("FAULTS_VERBOSE") != NULL) {
            printf("%s: %s (%.2f s)\n", place, status == ASSAY_OK ? "OK" : error.message, seconds);
            fflush(stdout);
        }
    }
    return report.failed > 0;
}

/* Records the scenario's result without faults. Runs it twice: what is allocated once and kept is no leak. */
static void run_clean(fixture *f)
{
    for (int i = 0; i < 2; i++) {
        assay_error error = {.status = ASSAY_OK, .message = ""};
        snprintf(place, sizeof place, "%s without faults", f->scenario->name);
        empty(f->bench.folder);
        set_up(f);
        f->before = look(f->bench.folder);
        size_t descriptors = open_descriptors();
        faults_arm(FAULTS_ONCE, 0);
        support_assert_ok(f->scenario->run(&f->bench, &error), &error);
        faults_disarm();
        f->digest = f->bench.digest;
        f->after = look(f->bench.folder);
        tidy(f);
        if (i == 0) {
            faults_forget(NULL);
        } else {
            check_nothing_left(descriptors);
        }
    }
}

/*
 * Scenarios that start processes are slow. Of their runs, make check does only every third, and starts at another run
 * in each mode. ASSAY_TEST_EFFORT=large and FAULTS_ALL=1 (make coverage, make mutation) do all runs.
 */
static size_t step_of(const fault_scenario *scenario)
{
    return scenario->thin == 0 || support_large_effort() || getenv("FAULTS_ALL") != NULL ? 1 : 3;
}

void fault_run(const fault_scenario *scenario)
{
    static fixture f; /* too large for the stack */
    char *folder = support_make_folder();
    char *work = assay_asprintf(NULL, "%s/work", folder);
    ck_assert_int_eq(mkdir(work, 0777), 0);
    f = (fixture){.scenario = scenario, .bench.folder = work};
    const int deadly[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGALRM};
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        signal(deadly[i], tell_place);
    }
    clock_t began = clock();
    faults_thin(scenario->thin);
    run_clean(&f);
    const size_t step = step_of(scenario);
    for (int mode = 0; mode < FAULTS_MODES; mode++) {
        bool reached = (scenario->skip & 1U << mode) == 0;
        for (size_t target = 1 + (size_t)mode % step; reached; target += step) {
            ck_assert_uint_lt(target, MOST_RUNS);
            empty(work);
            reached = run_once(&f, (faults_mode)mode, target);
        }
    }
    empty(work);
    run_once(&f, FAULTS_ONCE, 0);
    if (getenv("FAULTS_VERBOSE") != NULL) {
        printf("%s: %.1f s of processor time\n", scenario->name, (double)(clock() - began) / CLOCKS_PER_SEC);
    }
    assay_free(work);
    support_remove_folder(folder);
}

static const fault_scenario *all_scenarios;

START_TEST(faults_are_survived)
{
    fault_run(&all_scenarios[_i]);
}
END_TEST

int fault_main(const char *name, const char *about, const fault_scenario *scenarios, size_t count, TCase *more)
{
    faults_begin();
    /* Without it the C library allocates the zone's name each time that libzip converts a time. */
    setenv("TZ", "UTC0", 1);
    all_scenarios = scenarios;
    Suite *suite = suite_create(name);
    for (int i = 0; i < (int)count; i++) {
        TCase *faults = evidence_case(scenarios[i].name, about);
        tcase_set_timeout(faults, 600);
        tcase_add_loop_test(faults, faults_are_survived, i, i + 1);
        suite_add_tcase(suite, faults);
    }
    if (more != NULL) {
        suite_add_tcase(suite, more);
    }
    return support_run(suite);
}
