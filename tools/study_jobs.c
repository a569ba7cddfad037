/* The processes of one machine that share a study's runs. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "study.h"
#include "tool.h"

/* --- a worker ----------------------------------------------------------------------------------------------------- */

assay_status study_machine_open(const study_options *options, study_machine *machine, assay_error *error)
{
    *machine = (study_machine){.about = {.backend = NULL}};
    machine->about.train = &machine->train;
    machine->about.commit = options->commit;
    machine->about.test = &machine->test;
    assay_status status = tool_open_backend(options->backend, 1, &machine->about.backend, error);
    if (status == ASSAY_OK) {
        status = tool_load_data(options->data, ASSAY_TRAIN, options->normalize, &machine->train, error);
    }
    if (status == ASSAY_OK) {
        status = tool_load_data(options->data, ASSAY_TEST, options->normalize, &machine->test, error);
    }
    if (status != ASSAY_OK) {
        study_machine_close(machine);
    }
    return status;
}

void study_machine_close(study_machine *machine)
{
    assay_dataset_destroy(&machine->train);
    assay_dataset_destroy(&machine->test);
    if (machine->about.backend != NULL) {
        assay_backend_close(machine->about.backend);
    }
    *machine = (study_machine){.about = {.backend = NULL}};
}

typedef struct {
    const study_job *job;
    assay_study_store *store; /* its own: locks belong to a process */
    study_machine machine;
    int report; /* descriptor: a byte for each run that this process has finished */
} worker;

static assay_status run_one(worker *w, size_t run, assay_error *error)
{
    char *line;
    assay_status status = assay_study_run(w->job->plan, run, &w->machine.about, &line, error);
    if (status == ASSAY_OK) {
        status = assay_study_store_put(w->store, run, line, error);
        free(line);
    }
    assay_study_store_give_back(w->store, run);
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
    const study_options *options = w->job->options;
    for (size_t run = options->part; run < assay_study_plan_runs(w->job->plan); run += options->parts) {
        if (assay_study_store_has(w->store, run)) {
            continue;
        }
        assay_study_state state;
        ASSAY_TRY(assay_study_store_take(w->store, run, &state, NULL, error));
        *waiting = *waiting || (state == ASSAY_STUDY_TAKEN && options->parts == 1);
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

/* In a child process. Returns its exit status. */
static int be_worker(const study_job *job, int report_to)
{
    assay_error error;
    worker w = {.job = job, .report = report_to};
    assay_status status = study_machine_open(job->options, &w.machine, &error);
    if (status == ASSAY_OK) {
        status = assay_study_store_open(job->plan, job->folder, &w.store, &error);
        if (status == ASSAY_OK) {
            status = work(&w, &error);
            assay_study_store_close(w.store);
        }
        study_machine_close(&w.machine);
    }
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(STUDY_COMMAND, &error);
}

/* --- the processes together --------------------------------------------------------------------------------------- */

typedef struct {
    size_t count;
    pid_t pids[STUDY_MAX_JOBS];
    int reports; /* descriptor: the end of the pipe that is read */
    bool failed;
} crew;

static assay_status start_workers(const study_job *job, size_t count, crew *workers, assay_error *error)
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
            _exit(be_worker(job, ends[1]));
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
            tool_note(STUDY_COMMAND, "a process was ended by signal %d (%s); its run is open again", WTERMSIG(ended),
                      strsignal(WTERMSIG(ended)));
        } else if (WIFEXITED(ended) && WEXITSTATUS(ended) != 0) {
            workers->failed = true;
            stop_workers(workers);
        }
    }
}

/* Draws the bar until the last worker has closed the pipe. */
static void watch(crew *workers, size_t open)
{
    progress_bar bar;
    progress_begin(&bar, open, "runs");
    size_t finished = 0;
    for (ssize_t got = 1; got != 0;) {
        char bytes[256];
        struct pollfd waiting = {.fd = workers->reports, .events = POLLIN};
        poll(&waiting, 1, 500);
        got = waiting.revents != 0 ? read(workers->reports, bytes, sizeof bytes) : 1;
        if (got > 0 && waiting.revents != 0) {
            finished += (size_t)got;
            progress_show(&bar, finished, STUDY_COMMAND);
        }
        look_after(workers, false);
        got = got < 0 ? 1 : got;
    }
    progress_clear(&bar);
    look_after(workers, true);
}

assay_status study_run_jobs(const study_job *job, assay_error *error)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t jobs = job->options->jobs > 0                          ? job->options->jobs
                  : processors > 0 && processors < STUDY_MAX_JOBS ? (size_t)processors
                                                                  : 1;
    crew workers = {.count = 0};
    assay_status status = start_workers(job, jobs < job->open ? jobs : job->open, &workers, error);
    if (status != ASSAY_OK) {
        stop_workers(&workers);
    }
    watch(&workers, job->open);
    close(workers.reports);
    if (status == ASSAY_OK && workers.failed) {
        status = assay_fail(error, ASSAY_ERROR_IO,
                            "the study stopped; finished runs are in %s: give the same command again to go on",
                            job->folder);
    }
    return status;
}
