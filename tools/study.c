/* assay study: runs a plan's training runs, in several processes, and compares its cells. */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/study/run.h>
#include <assay/study/store.h>
#include "output.h"
#include "progress.h"
#include "study.h"
#include "tool.h"

#define COMMAND "study"

enum { MAX_JOBS = 1024 };

enum { OUTPUT, JOBS, ARRAY, DATA, NORMALIZE, BACKEND, JSON, LIST, HELP };

/* clang-format off */
static const struct option LONG_OPTIONS[] = {
    {"output", required_argument, NULL, OUTPUT}, {"jobs", required_argument, NULL, JOBS},
    {"array", required_argument, NULL, ARRAY}, {"data", required_argument, NULL, DATA},
    {"normalize", required_argument, NULL, NORMALIZE}, {"backend", required_argument, NULL, BACKEND},
    {"json", required_argument, NULL, JSON}, {"list", no_argument, NULL, LIST}, {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};
/* clang-format on */

static void print_help(void)
{
    printf("Usage: assay study PLAN [OPTION...]\n\n"
           "Trains one network for each combination of settings and each seed that PLAN, a JSON file, lists, and\n"
           "compares the settings. doc/study.md explains plans. What is finished is not run again: a study that was\n"
           "stopped goes on, and several processes can share a folder.\n\n"
           "  --output DIR           folder of the results (default: PLAN without .json, with .results)\n"
           "  --jobs N               processes, one thread each (default: one for each processor)\n"
           "  --array I/N            only the I-th of N parts, I from 0 to N - 1, for job arrays\n"
           "  --data DIR             folder with the IDX files (default " ASSAY_DEFAULT_DATA ")\n"
           "  --normalize NAME       mean and deviation of the pixels: tutorial (default) or own\n"
           "  --backend NAME[:PREC]  openblas:f32 (default), openblas:f64, cuda:f32, cuda:f64, reference\n"
           "  --json FILE            write the comparison to FILE (-: standard output)\n"
           "  --list                 print the runs and which of them are finished, and run nothing\n");
}

/* "I/N" */
static bool parse_array(const char *text, size_t *part, size_t *parts)
{
    char first[21];
    const char *slash = strchr(text, '/');
    uint64_t i;
    uint64_t n;
    if (slash == NULL || (size_t)(slash - text) >= sizeof first) {
        return false;
    }
    memcpy(first, text, (size_t)(slash - text));
    first[slash - text] = '\0';
    if (!tool_parse_unsigned(slash + 1, 1, SIZE_MAX, &n) || !tool_parse_unsigned(first, 0, n - 1, &i)) {
        return false;
    }
    *part = (size_t)i;
    *parts = (size_t)n;
    return true;
}

static int set_option(study_options *options, int option, const char *value)
{
    uint64_t jobs;
    switch (option) {
    case OUTPUT: options->output = value; break;
    case DATA: options->data = value; break;
    case NORMALIZE: options->normalize = value; break;
    case BACKEND: options->backend = value; break;
    case JSON: options->json = value; break;
    case LIST: options->list = true; break;
    case JOBS:
        if (!tool_parse_unsigned(value, 1, MAX_JOBS, &jobs)) {
            return tool_usage(COMMAND, "--jobs: '%s' is not a number from 1 to %d", value, MAX_JOBS);
        }
        options->jobs = (size_t)jobs;
        break;
    case ARRAY:
        if (!parse_array(value, &options->part, &options->parts)) {
            return tool_usage(COMMAND, "--array: '%s' is not I/N with I from 0 to N - 1", value);
        }
        break;
    default: break;
    }
    return TOOL_SUCCESS;
}

static int parse(int argc, char **argv, study_options *options)
{
    opterr = 0;
    for (int answer; (answer = getopt_long(argc, argv, ":", LONG_OPTIONS, NULL)) != -1;) {
        if (answer == '?' || answer == ':') {
            return tool_bad_option(COMMAND, argv, answer);
        }
        if (answer == HELP) {
            print_help();
            exit(tool_flushed(TOOL_SUCCESS));
        }
        int status = set_option(options, answer, optarg);
        if (status != TOOL_SUCCESS) {
            return status;
        }
    }
    if (optind + 1 != argc) {
        return tool_usage(COMMAND, optind < argc ? "unexpected argument '%s'" : "give the plan, a JSON file",
                          optind < argc ? argv[optind + 1] : "");
    }
    options->plan = argv[optind];
    const char *const inputs[] = {options->plan, options->data};
    assay_error error;
    if (tool_keep_inputs(&options->json, 1, inputs, 2, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "--json %s", error.message);
    }
    return TOOL_SUCCESS;
}

/* --- a worker ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const study_options *options;
    const assay_study_plan *plan;
    assay_study_store *store;
    assay_study_machine machine;
    int report; /* descriptor: a byte for each run that this process has finished */
} worker;

static assay_status run_one(worker *w, size_t run, assay_error *error)
{
    char *line;
    assay_status status = assay_study_run(w->plan, run, &w->machine, &line, error);
    if (status == ASSAY_OK) {
        status = assay_study_store_put(w->store, run, line, error);
        free(line);
    }
    assay_study_store_give_back(w->store);
    return status;
}

static void report(const worker *w)
{
    while (write(w->report, "", 1) < 0 && errno == EINTR) {
    }
}

/* Looks at all runs of this process's part once. `*waiting`: another process runs one of them. */
static assay_status pass(worker *w, bool *waiting, assay_error *error)
{
    *waiting = false;
    for (size_t run = w->options->part; run < assay_study_plan_runs(w->plan); run += w->options->parts) {
        if (assay_study_store_has(w->store, run)) {
            continue;
        }
        assay_study_state state;
        ASSAY_TRY(assay_study_store_take(w->store, run, &state, NULL, error));
        *waiting = *waiting || (state == ASSAY_STUDY_TAKEN && w->options->parts == 1);
        if (state == ASSAY_STUDY_OPEN) {
            ASSAY_TRY(run_one(w, run, error));
            report(w);
        }
    }
    return ASSAY_OK;
}

static assay_status work(worker *w, assay_error *error)
{
    const struct timespec pause = {.tv_nsec = 200000000};
    bool waiting = true;
    while (waiting) {
        ASSAY_TRY(pass(w, &waiting, error));
        if (waiting) { /* if the other process dies, its run is open again */
            nanosleep(&pause, NULL);
        }
    }
    return ASSAY_OK;
}

static assay_status with_data(worker *w, assay_error *error)
{
    assay_dataset train;
    assay_dataset test;
    ASSAY_TRY(tool_load_data(w->options->data, ASSAY_TRAIN, w->options->normalize, &train, error));
    assay_status status = tool_load_data(w->options->data, ASSAY_TEST, w->options->normalize, &test, error);
    if (status == ASSAY_OK) {
        w->machine.train = &train;
        w->machine.test = &test;
        status = work(w, error);
        assay_dataset_destroy(&test);
    }
    assay_dataset_destroy(&train);
    return status;
}

/* In a child process. Returns its exit status. */
static int be_worker(const study_options *options, const assay_study_plan *plan, const char *folder, int report_to)
{
    assay_error error;
    worker w = {.options = options, .plan = plan, .report = report_to};
    assay_status status = tool_open_backend(options->backend, 1, &w.machine.backend, &error);
    if (status == ASSAY_OK) {
        status = assay_study_store_open(plan, folder, &w.store, &error);
        if (status == ASSAY_OK) {
            status = with_data(&w, &error);
            assay_study_store_close(w.store);
        }
        assay_backend_close(w.machine.backend);
    }
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}

/* --- the processes together ---------------------------------------------------------------------------------------- */

typedef struct {
    size_t count;
    pid_t pids[MAX_JOBS];
    int reports; /* descriptor: the end of the pipe that is read */
    bool failed;
} crew;

static assay_status start_workers(const study_options *options, const assay_study_plan *plan, const char *folder,
                                  size_t count, crew *workers, assay_error *error)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "cannot make a pipe: %s", strerror(errno));
    }
    fflush(NULL);
    assay_status status = ASSAY_OK;
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            close(ends[0]);
            _exit(be_worker(options, plan, folder, ends[1]));
        }
        if (pid < 0) {
            status = assay_fail(error, ASSAY_ERROR_IO, "cannot start a process: %s", strerror(errno));
        } else {
            workers->pids[workers->count++] = pid;
        }
    }
    close(ends[1]);
    workers->reports = ends[0];
    return status;
}

static void stop_workers(const crew *workers)
{
    for (size_t i = 0; i < workers->count; i++) {
        if (workers->pids[i] > 0) {
            kill(workers->pids[i], SIGTERM);
        }
    }
}

/* A worker that was killed loses its run only, which another one takes; one that reported an error ends the study. */
static void look_after(crew *workers, bool wait)
{
    for (size_t i = 0; i < workers->count; i++) {
        int ended;
        if (workers->pids[i] <= 0 || waitpid(workers->pids[i], &ended, wait ? 0 : WNOHANG) != workers->pids[i]) {
            continue;
        }
        workers->pids[i] = 0;
        if (WIFSIGNALED(ended) && !workers->failed) {
            tool_note(COMMAND, "a process was ended by signal %d (%s); its run is open again", WTERMSIG(ended),
                      strsignal(WTERMSIG(ended)));
        } else if (WIFEXITED(ended) && WEXITSTATUS(ended) != 0) {
            workers->failed = true;
            stop_workers(workers);
        }
    }
}

/* Draws the bar until the last worker has closed the pipe. */
static void watch(crew *workers, size_t done, size_t total)
{
    progress_bar bar;
    progress_begin(&bar, total - done, "runs");
    size_t finished = 0;
    for (ssize_t got = 1; got != 0;) {
        char bytes[256];
        struct pollfd waiting = {.fd = workers->reports, .events = POLLIN};
        poll(&waiting, 1, 500);
        got = waiting.revents != 0 ? read(workers->reports, bytes, sizeof bytes) : 1;
        if (got > 0 && waiting.revents != 0) {
            finished += (size_t)got;
            progress_show(&bar, finished, COMMAND);
        }
        look_after(workers, false);
        got = got < 0 ? 1 : got;
    }
    progress_clear(&bar);
    look_after(workers, true);
}

/* Reads every result once, so that a damaged one is found and repeated. */
static assay_status check_results(const study_options *options, const assay_study_plan *plan, assay_study_store *store,
                                  size_t *done, size_t *total, assay_error *error)
{
    *done = 0;
    *total = 0;
    for (size_t run = options->part; run < assay_study_plan_runs(plan); run += options->parts) {
        assay_study_state state;
        char *damaged;
        *total += 1;
        if (!assay_study_store_has(store, run)) {
            continue;
        }
        ASSAY_TRY(assay_study_store_take(store, run, &state, &damaged, error));
        assay_study_store_give_back(store);
        if (damaged != NULL) {
            tool_note(COMMAND, "a result was incomplete or damaged: it is now %s, and its run is repeated", damaged);
            assay_free(damaged);
        }
        *done += state == ASSAY_STUDY_DONE;
    }
    return ASSAY_OK;
}

static assay_status run_all(const study_options *options, const assay_study_plan *plan, const char *folder, size_t done,
                            size_t total, assay_error *error)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jobs = options->jobs > 0 ? options->jobs : processors > 0 && processors < MAX_JOBS ? (size_t)processors : 1;
    size_t count = jobs < total - done ? jobs : total - done;
    crew workers = {.count = 0};
    if (count == 0) {
        return ASSAY_OK;
    }
    assay_status status = start_workers(options, plan, folder, count, &workers, error);
    if (status != ASSAY_OK) {
        stop_workers(&workers);
    }
    watch(&workers, done, total);
    close(workers.reports);
    if (status == ASSAY_OK && workers.failed) {
        status = assay_fail(error, ASSAY_ERROR_IO,
                            "the study stopped; finished runs are in %s: give the same command again to go on", folder);
    }
    return status;
}

static assay_status list(const study_options *options, const assay_study_store *store, assay_error *error)
{
    const assay_study_plan *plan = assay_study_store_plan(store);
    for (size_t run = options->part; run < assay_study_plan_runs(plan); run += options->parts) {
        char *key = assay_study_plan_key(plan, run, error);
        if (key == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        printf("%s %s\n", assay_study_store_has(store, run) ? "finished" : "open    ", key);
        assay_free(key);
    }
    return ASSAY_OK;
}

static assay_status study(const study_options *options, const assay_study_plan *plan, const char *folder,
                          assay_study_store *store, assay_error *error)
{
    if (options->list) {
        return list(options, store, error);
    }
    size_t done;
    size_t total;
    ASSAY_TRY(check_results(options, plan, store, &done, &total, error));
    ASSAY_TRY(run_all(options, plan, folder, done, total, error));
    if (options->parts > 1) {
        printf("Part %zu of %zu: %zu runs, all finished.\n", options->part, options->parts, total);
        return ASSAY_OK;
    }
    return study_report(options, store, error);
}

/* PLAN without .json, with .results. */
static char *default_folder(const char *plan, assay_error *error)
{
    size_t length = strlen(plan);
    bool json = length > 5 && strcmp(plan + length - 5, ".json") == 0;
    return assay_asprintf(error, "%.*s.results", (int)(json ? length - 5 : length), plan);
}

int assay_command_study(int argc, char **argv)
{
    study_options options = {.data = ASSAY_DEFAULT_DATA, .parts = 1};
    int usage = parse(argc, argv, &options);
    if (usage != TOOL_SUCCESS) {
        return usage;
    }
    assay_error error;
    assay_study_plan *plan;
    if (assay_study_plan_read(options.plan, &plan, &error) != ASSAY_OK) {
        return tool_fail(COMMAND, &error);
    }
    output_divert_text(options.json);
    assay_study_store *store = NULL;
    char *folder = options.output != NULL ? assay_strdup(options.output, &error) : default_folder(options.plan, &error);
    assay_status status = folder != NULL ? assay_study_store_open(plan, folder, &store, &error) : ASSAY_ERROR_MEMORY;
    if (status == ASSAY_OK) {
        status = study(&options, plan, folder, store, &error);
    }
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    assay_free(folder);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}
