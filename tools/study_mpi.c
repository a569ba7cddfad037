/*
 * mpirun assay study PLAN: the first rank reads the plan, hands out runs and writes results; each other rank does runs,
 * one after the other, in a process of its own below it. If that process dies, its run is given to another rank. If a
 * rank itself dies, mpirun ends the study, whose finished runs are in the folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "progress.h"
#include "study.h"
#include "tool.h"

/* Messages to the first rank: ready for a run; a result, its bytes; a run lost. To the others: a run's number, or
 * END. */
enum { TAG_READY = 1, TAG_RESULT, TAG_LOST, TAG_RUN };
#define END UINT64_MAX

static assay_status mpi(int code, assay_error *error)
{
    char text[MPI_MAX_ERROR_STRING];
    int length;
    if (code == MPI_SUCCESS) {
        return ASSAY_OK;
    }
    MPI_Error_string(code, text, &length);
    return assay_fail(error, ASSAY_ERROR_IO, "MPI: %s", text);
}

/* --- the first rank ----------------------------------------------------------------------------------------------- */

typedef struct {
    const study_job *job;
    int ranks;
    uint64_t *running; /* [ranks]: the run of each; END: none */
    bool *parked;      /* [ranks]: waits for a run that may be lost elsewhere */
    bool *gone;        /* [ranks]: lost its process, gets no more runs */
    bool *taken;       /* [runs]: handed out or finished in this study */
    size_t next;       /* runs below were all looked at since the last loss */
    size_t finished;
    progress_bar bar;
} coordinator;

/* The next open run, taken; END if there is none at the moment. */
static assay_status next_run(coordinator *c, uint64_t *run, assay_error *error)
{
    const study_options *options = c->job->options;
    *run = END;
    for (; c->next < assay_study_plan_runs(c->job->plan); c->next += options->parts) {
        assay_study_state state = ASSAY_STUDY_DONE;
        if (!c->taken[c->next] && !assay_study_store_has(c->job->store, c->next)) {
            ASSAY_TRY(assay_study_store_take(c->job->store, c->next, &state, NULL, error));
        }
        if (state == ASSAY_STUDY_OPEN) {
            *run = c->next;
            c->taken[c->next] = true;
            c->next += options->parts;
            return ASSAY_OK;
        }
    }
    return ASSAY_OK;
}

static assay_status give_run(coordinator *c, int rank, assay_error *error)
{
    uint64_t run;
    ASSAY_TRY(next_run(c, &run, error));
    c->parked[rank] = run == END;
    c->running[rank] = run;
    return run == END ? ASSAY_OK : mpi(MPI_Send(&run, 1, MPI_UINT64_T, rank, TAG_RUN, MPI_COMM_WORLD), error);
}

/* A run that was lost is open again, and a parked rank gets it. */
static assay_status take_back(coordinator *c, int rank, assay_error *error)
{
    uint64_t run = c->running[rank];
    c->gone[rank] = true;
    c->running[rank] = END;
    tool_note(STUDY_COMMAND, "the process of rank %d ended; its run is open again, and the rank gets no other", rank);
    if (run != END) {
        assay_study_store_give_back(c->job->store, (size_t)run);
        c->taken[run] = false;
        c->next = c->job->options->part;
    }
    for (int other = 1; other < c->ranks; other++) {
        if (c->parked[other]) {
            return give_run(c, other, error);
        }
    }
    return ASSAY_OK;
}

static assay_status keep_result(coordinator *c, int rank, const char *line, assay_error *error)
{
    if (c->running[rank] == END) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "rank %d sent a result that nobody asked for", rank);
    }
    ASSAY_TRY(assay_study_store_put(c->job->store, (size_t)c->running[rank], line, error));
    c->running[rank] = END;
    c->finished++;
    progress_show(&c->bar, c->finished, STUDY_COMMAND);
    return give_run(c, rank, error);
}

static assay_status answer(coordinator *c, const MPI_Status *about, assay_error *error)
{
    int length;
    ASSAY_TRY(mpi(MPI_Get_count(about, MPI_CHAR, &length), error));
    char *bytes = assay_calloc((size_t)length + 1, 1, error);
    if (bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    int rank = about->MPI_SOURCE;
    assay_status status = mpi(
        MPI_Recv(bytes, length, MPI_CHAR, rank, about->MPI_TAG, MPI_COMM_WORLD, MPI_STATUS_IGNORE), error);
    if (status == ASSAY_OK) {
        status = about->MPI_TAG == TAG_RESULT ? keep_result(c, rank, bytes, error)
                 : about->MPI_TAG == TAG_LOST ? take_back(c, rank, error)
                                              : give_run(c, rank, error);
    }
    assay_free(bytes);
    return status;
}

static bool any_running(const coordinator *c)
{
    bool any = false;
    for (int rank = 1; rank < c->ranks; rank++) {
        any = any || (!c->gone[rank] && (c->running[rank] != END || !c->parked[rank]));
    }
    return any;
}

/* Waits for messages without using a processor: MPI_Probe would spin. */
static assay_status coordinate(coordinator *c, assay_error *error)
{
    struct timespec pause = {.tv_nsec = 50000};
    while (any_running(c)) {
        int there;
        MPI_Status about;
        ASSAY_TRY(mpi(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, &about), error));
        if (there != 0) {
            ASSAY_TRY(answer(c, &about, error));
            pause.tv_nsec = 50000;
        } else {
            nanosleep(&pause, NULL);
            pause.tv_nsec = pause.tv_nsec < 5000000 ? 2 * pause.tv_nsec : pause.tv_nsec;
        }
    }
    return ASSAY_OK;
}

static void end_ranks(const coordinator *c)
{
    const uint64_t end = END;
    for (int rank = 1; rank < c->ranks; rank++) {
        MPI_Send(&end, 1, MPI_UINT64_T, rank, TAG_RUN, MPI_COMM_WORLD);
    }
}

/* A study_runner. */
static assay_status hand_out(const study_job *job, assay_error *error)
{
    coordinator c = {.job = job, .next = job->options->part};
    MPI_Comm_size(MPI_COMM_WORLD, &c.ranks);
    if (c.ranks < 2) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "mpirun needs at least 2 ranks: one hands out, the others run");
    }
    c.running = assay_calloc((size_t)c.ranks, sizeof *c.running, error);
    c.parked = assay_calloc((size_t)c.ranks, sizeof *c.parked, error);
    c.gone = assay_calloc((size_t)c.ranks, sizeof *c.gone, error);
    c.taken = assay_calloc(assay_study_plan_runs(job->plan), sizeof *c.taken, error);
    bool complete = c.running != NULL && c.parked != NULL && c.gone != NULL && c.taken != NULL;
    assay_status status = complete ? ASSAY_OK : ASSAY_ERROR_MEMORY;
    if (complete) {
        memset(c.running, 0xff, (size_t)c.ranks * sizeof *c.running);
        progress_begin(&c.bar, job->open, "runs");
        status = coordinate(&c, error);
        progress_clear(&c.bar);
    }
    if (status == ASSAY_OK && c.finished < job->open) {
        status = assay_fail(error, ASSAY_ERROR_IO,
                            "the study stopped with %zu of %zu runs; finished runs are in %s: give the same command "
                            "again to go on",
                            c.finished, job->open, job->folder);
    }
    assay_free(c.running);
    assay_free(c.parked);
    assay_free(c.gone);
    assay_free(c.taken);
    return status;
}

/* --- the other ranks ---------------------------------------------------------------------------------------------- */

static bool send_all(int channel, const void *bytes, size_t size)
{
    for (const char *at = bytes; size > 0;) {
        ssize_t sent = send(channel, at, size, MSG_NOSIGNAL);
        if (sent <= 0 && errno != EINTR) {
            return false;
        }
        at += sent > 0 ? sent : 0;
        size -= sent > 0 ? (size_t)sent : 0;
    }
    return true;
}

static bool receive_all(int channel, void *bytes, size_t size)
{
    for (char *at = bytes; size > 0;) {
        ssize_t got = recv(channel, at, size, 0);
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        at += got > 0 ? got : 0;
        size -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* The process below a rank: it does runs and never calls MPI. Returns its exit status. */
static int do_runs(const study_options *options, const assay_study_plan *plan, int channel)
{
    assay_error error;
    study_machine machine;
    assay_status status = study_machine_open(options, &machine, &error);
    uint64_t run;
    while (status == ASSAY_OK && receive_all(channel, &run, sizeof run)) {
        char *line;
        status = assay_study_run(plan, (size_t)run, &machine.about, &line, &error);
        if (status == ASSAY_OK) {
            uint64_t length = strlen(line);
            if (!send_all(channel, &length, sizeof length) || !send_all(channel, line, (size_t)length)) {
                status = assay_fail(&error, ASSAY_ERROR_IO, "cannot hand over a result: %s", strerror(errno));
            }
            free(line);
        }
    }
    study_machine_close(&machine);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(STUDY_COMMAND, &error);
}

/* Passes a run down and its result up; false if the process below has died. */
static bool pass_on(int channel, uint64_t run)
{
    uint64_t length;
    if (!send_all(channel, &run, sizeof run) || !receive_all(channel, &length, sizeof length) || length > INT32_MAX) {
        return false;
    }
    char *line = malloc((size_t)length);
    bool whole = line != NULL && receive_all(channel, line, (size_t)length);
    if (whole) {
        MPI_Send(line, (int)length, MPI_CHAR, 0, TAG_RESULT, MPI_COMM_WORLD);
    }
    free(line);
    return whole;
}

static void wait_for_message(void)
{
    struct timespec pause = {.tv_nsec = 50000};
    for (int there = 0; there == 0;) {
        MPI_Iprobe(0, TAG_RUN, MPI_COMM_WORLD, &there, MPI_STATUS_IGNORE);
        if (there == 0) {
            nanosleep(&pause, NULL);
            pause.tv_nsec = pause.tv_nsec < 5000000 ? 2 * pause.tv_nsec : pause.tv_nsec;
        }
    }
}

static void serve(int channel)
{
    bool alive = true;
    MPI_Send(NULL, 0, MPI_CHAR, 0, TAG_READY, MPI_COMM_WORLD);
    for (;;) {
        uint64_t run;
        wait_for_message();
        MPI_Recv(&run, 1, MPI_UINT64_T, 0, TAG_RUN, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        if (run == END) {
            return;
        }
        alive = alive && pass_on(channel, run);
        if (!alive) {
            MPI_Send(NULL, 0, MPI_CHAR, 0, TAG_LOST, MPI_COMM_WORLD);
        }
    }
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static int be_first(int argc, char **argv)
{
    int status = study_main(argc, argv, hand_out);
    coordinator all = {.ranks = 1};
    MPI_Comm_size(MPI_COMM_WORLD, &all.ranks);
    end_ranks(&all);
    return status;
}

/* study_prepare without its messages: the first rank says the same. */
static int prepare_quietly(int argc, char **argv, study_options *options, assay_study_plan **plan)
{
    int errors = dup(STDERR_FILENO);
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nothing, STDERR_FILENO);
    int status = study_prepare(argc, argv, options, plan);
    dup2(errors, STDERR_FILENO);
    close(nothing);
    close(errors);
    return status;
}

/* The process for the runs is started before MPI, whose libraries do not like to be forked. */
static int be_other(int argc, char **argv)
{
    study_options options;
    assay_study_plan *plan;
    int channel[2];
    if (prepare_quietly(argc, argv, &options, &plan) != TOOL_SUCCESS) {
        MPI_Init(NULL, NULL);
        MPI_Finalize(); /* the first rank has said what is wrong */
        return TOOL_FAILURE;
    }
    pid_t child = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) == 0 ? fork() : -1;
    if (child == 0) {
        close(channel[0]);
        _exit(do_runs(&options, plan, channel[1]));
    }
    MPI_Init(NULL, NULL);
    if (child > 0) {
        close(channel[1]);
    }
    serve(child > 0 ? channel[0] : -1);
    MPI_Finalize();
    if (child > 0) {
        close(channel[0]);
        waitpid(child, NULL, 0);
    }
    assay_study_plan_destroy(plan);
    return TOOL_SUCCESS;
}

int main(int argc, char **argv)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (rank != NULL && strcmp(rank, "0") != 0) {
        return be_other(argc, argv);
    }
    MPI_Init(NULL, NULL);
    int status = tool_flushed(be_first(argc, argv));
    MPI_Finalize();
    return status;
}
