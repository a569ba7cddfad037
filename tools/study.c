/* assay study: reads the command line, has the runs of a plan done, and compares its cells. */
#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/backend/openblas/core.h>
#include <assay/base/alloc.h>
#include <assay/study/record.h>
#include "output.h"
#include "study.h"
#include "tool.h"

#define COMMAND STUDY_COMMAND

enum { OUTPUT, JOBS, ARRAY, DATA, NORMALIZE, BACKEND, JSON, COMMIT, PACK, FROM, LIST, HELP };

/* clang-format off */
static const struct option LONG_OPTIONS[] = {
    {"output", required_argument, NULL, OUTPUT}, {"jobs", required_argument, NULL, JOBS},
    {"array", required_argument, NULL, ARRAY}, {"data", required_argument, NULL, DATA},
    {"normalize", required_argument, NULL, NORMALIZE}, {"backend", required_argument, NULL, BACKEND},
    {"json", required_argument, NULL, JSON}, {"commit", required_argument, NULL, COMMIT},
    {"pack", required_argument, NULL, PACK},
    {"from", required_argument, NULL, FROM},
    {"list", no_argument, NULL, LIST}, {"help", no_argument, NULL, HELP},
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
           "  --commit TEXT          recorded with results: the program's commit and day, as \"13af1cf 2026-11-28\"\n"
           "  --pack FILE            write the lines of all finished runs to FILE, the study's record\n"
           "  --from FILE            read a record in place of a folder, and run nothing\n"
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
    case COMMIT: options->commit = value; break;
    case PACK: options->pack = value; break;
    case FROM: options->from = value; break;
    case LIST: options->list = true; break;
    case JOBS:
        if (!tool_parse_unsigned(value, 1, STUDY_MAX_JOBS, &jobs)) {
            return tool_usage(COMMAND, "--jobs: '%s' is not a number from 1 to %d", value, STUDY_MAX_JOBS);
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
    if (options->from != NULL && (options->pack != NULL || options->output != NULL)) {
        return tool_usage(COMMAND, "--from reads a record: it does not go with --pack or --output");
    }
    const char *const inputs[] = {options->plan, options->data, options->from};
    const char *const outputs[] = {options->json, options->pack};
    static const char *const names[] = {"--json", "--pack"};
    assay_error error;
    for (size_t i = 0; i < 2; i++) {
        if (tool_keep_inputs(&outputs[i], 1, inputs, options->from != NULL ? 3 : 2, &error) != ASSAY_OK) {
            return tool_usage(COMMAND, "%s %s", names[i], error.message);
        }
    }
    return TOOL_SUCCESS;
}

/* Reads every result once, so that a damaged one is found and repeated. */
static assay_status check_results(const study_options *options, assay_study_store *store, size_t *open, size_t *total,
                                  assay_error *error)
{
    const assay_study_plan *plan = assay_study_store_plan(store);
    *open = 0;
    *total = 0;
    for (size_t run = options->part; run < assay_study_plan_runs(plan); run += options->parts) {
        assay_study_state state;
        char *damaged;
        *total += 1;
        if (!assay_study_store_has(store, run)) {
            *open += 1;
            continue;
        }
        ASSAY_TRY(assay_study_store_take(store, run, &state, &damaged, error));
        assay_study_store_give_back(store, run);
        if (damaged != NULL) {
            tool_note(COMMAND, "a result was incomplete or damaged: it is now %s, and its run is repeated", damaged);
            assay_free(damaged);
        }
        *open += state != ASSAY_STUDY_DONE;
    }
    return ASSAY_OK;
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

/* Missing runs are named, and no error: a study may have ended early. */
static assay_status note_missing(const char *where, const assay_study_store *store, assay_error *error)
{
    const assay_study_plan *plan = assay_study_store_plan(store);
    size_t first = 0;
    size_t missing = assay_study_missing(store, &first);
    if (missing == 0) {
        return ASSAY_OK;
    }
    char *key = assay_study_plan_key(plan, first, error);
    if (key == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    tool_note(COMMAND, "%s: %zu of the plan's %zu runs are missing, the first is %s", where, missing,
              assay_study_plan_runs(plan), key);
    assay_free(key);
    return ASSAY_OK;
}

static assay_status pack(const study_options *options, const char *folder, const assay_study_store *store,
                         assay_error *error)
{
    assay_study_origin here = {.seconds = 0.0};
    gethostname(here.host, sizeof here.host - 1);
    assay_openblas_kernels(here.kernels, sizeof here.kernels);
    snprintf(here.commit, sizeof here.commit, "%s", options->commit != NULL ? options->commit : "");
    ASSAY_TRY(assay_study_record_write(store, &here, options->pack, error));
    return note_missing(folder, store, error);
}

static assay_status study(const study_options *options, const char *folder, assay_study_store *store,
                          study_runner *runner, assay_error *error)
{
    if (options->list) {
        return list(options, store, error);
    }
    if (options->pack != NULL) {
        return pack(options, folder, store, error);
    }
    if (options->from != NULL) {
        ASSAY_TRY(note_missing(options->from, store, error));
        return study_report(options, store, error);
    }
    study_job job = {options, assay_study_store_plan(store), folder, store, 0};
    size_t total;
    ASSAY_TRY(check_results(options, store, &job.open, &total, error));
    if (job.open > 0) {
        ASSAY_TRY(runner(&job, error));
    }
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

int study_prepare(int argc, char **argv, study_options *options, assay_study_plan **plan)
{
    *options = (study_options){.data = ASSAY_DEFAULT_DATA, .parts = 1};
    int usage = parse(argc, argv, options);
    if (usage != TOOL_SUCCESS) {
        return usage;
    }
    assay_error error;
    return assay_study_plan_read(options->plan, plan, &error) == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}

/* A folder is made where there is none, unless it is only to be read. */
static assay_status open_store(const study_options *options, const assay_study_plan *plan, const char *folder,
                               assay_study_store **store, assay_error *error)
{
    if (options->from != NULL) {
        return assay_study_record_open(plan, options->from, store, error);
    }
    if (options->pack != NULL && access(folder, F_OK) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: there is no such folder: run the study first, or give --output",
                          folder);
    }
    return assay_study_store_open(plan, folder, store, error);
}

int study_main(int argc, char **argv, study_runner *runner)
{
    study_options options;
    assay_study_plan *plan;
    int usage = study_prepare(argc, argv, &options, &plan);
    if (usage != TOOL_SUCCESS) {
        return usage;
    }
    assay_error error;
    output_divert_text(options.json);
    assay_study_store *store = NULL;
    char *folder = options.output != NULL ? assay_strdup(options.output, &error) : default_folder(options.plan, &error);
    assay_status status = folder != NULL ? open_store(&options, plan, folder, &store, &error) : ASSAY_ERROR_MEMORY;
    if (status == ASSAY_OK) {
        status = study(&options, folder, store, runner, &error);
    }
    assay_study_store_close(store);
    assay_study_plan_destroy(plan);
    assay_free(folder);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}

/* Under mpirun another program does the work, so that only that one needs MPI's libraries. */
static int replace_by_mpi(char **argv)
{
    assay_error error;
    char *program;
    if (tool_find_program(STUDY_MPI_PROGRAM, &program, &error) != ASSAY_OK) {
        assay_fail_in(&error, error.status, "under mpirun");
        return tool_fail(COMMAND, &error);
    }
    execv(program, argv);
    assay_fail(&error, ASSAY_ERROR_IO, "%s: cannot be run: %s", program, strerror(errno));
    assay_free(program);
    return tool_fail(COMMAND, &error);
}

int assay_command_study(int argc, char **argv)
{
    if (getenv("OMPI_COMM_WORLD_SIZE") != NULL) {
        return replace_by_mpi(argv);
    }
    return study_main(argc, argv, study_run_jobs);
}
