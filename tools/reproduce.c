/* assay reproduce: the tutorial, section by section, each printed number next to ours. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "reproduce.h"
#include "tool.h"
#include "tutorial/descents.h"

static const char COMMAND[] = "reproduce";

static void print_help(void)
{
    puts("Usage: assay reproduce [OPTION...]\n\n"
         "Runs the tutorial and prints each of its numbers next to ours. Exit status 0 only if all agree.\n\n"
         "  --data DIR             folder of IDX files (default " ASSAY_DEFAULT_DATA ")\n"
         "  --section NAME         one section alone:");
    printf("                        ");
    for (int i = 0; i < ASSAY_SECTION_COUNT; i++) {
        if (reproduce_has((assay_section)i)) {
            printf(" %s", assay_section_name((assay_section)i));
        }
    }
    puts("\n"
         "  --json FILE            write the results to FILE as well (- for standard output instead of the table)\n"
         "  --backend NAME[:PREC]  openblas:f32 (default), openblas:f64, reference\n"
         "  --threads N            threads of the backend (default: one for each processor)\n"
         "  --runs DIR             section optimizers: take the records of training runs (*_results.json, as assay train\n"
         "                         writes them) from DIR; runs that are missing there are made and recorded\n"
         "  --generator NAME       philox (default; the tutorial's GPU) or mt19937 draws the weights\n"
         "  --seed N               seed of the weights (default 42)\n"
         "  --blocks N             Philox: blocks of 256 threads on the device (default 448, a Tesla P100)\n\n"
         "With another generator, seed or geometry the weights are others than the tutorial's; then its numbers are shown,\n"
         "and the verdicts are by the statistical theory.");
}

static int parse(int argc, char **argv, reproduce_options *options)
{
    enum { DATA, SECTION, JSON, BACKEND, THREADS, GENERATOR, SEED, BLOCKS, RUNS, HELP };
    static const struct option LONG[] = {
        {"data", required_argument, NULL, DATA},       {"section", required_argument, NULL, SECTION},
        {"json", required_argument, NULL, JSON},       {"backend", required_argument, NULL, BACKEND},
        {"threads", required_argument, NULL, THREADS}, {"generator", required_argument, NULL, GENERATOR},
        {"seed", required_argument, NULL, SEED},       {"blocks", required_argument, NULL, BLOCKS},
        {"runs", required_argument, NULL, RUNS},
        {"help", no_argument, NULL, HELP},             {NULL, 0, NULL, 0}};
    assay_error error;
    uint64_t number;
    opterr = 0;
    for (int answer; (answer = getopt_long(argc, argv, ":", LONG, NULL)) != -1;) {
        switch (answer) {
        case DATA:
            options->session.data_folder = optarg;
            break;
        case SECTION:
            if (assay_section_by_name(optarg, &options->section, &error) != ASSAY_OK) {
                return tool_usage(COMMAND, "%s", error.message);
            }
            options->one_section = true;
            break;
        case JSON:
            options->json = optarg;
            break;
        case BACKEND:
            options->backend = optarg;
            break;
        case THREADS:
            if (!tool_parse_unsigned(optarg, 1, 1024, &number)) {
                return tool_usage(COMMAND, "--threads %s is not a number from 1 to 1024", optarg);
            }
            options->threads = (unsigned)number;
            break;
        case GENERATOR:
            if (assay_generator_kind_by_name(optarg, &options->session.generator, &error) != ASSAY_OK) {
                return tool_usage(COMMAND, "%s", error.message);
            }
            break;
        case SEED:
            if (!tool_parse_unsigned(optarg, 0, UINT64_MAX, &options->session.seed)) {
                return tool_usage(COMMAND, "--seed %s is not a number from 0 to 2^64 - 1", optarg);
            }
            break;
        case BLOCKS:
            if (!tool_parse_unsigned(optarg, 1, 1000000, &number)) {
                return tool_usage(COMMAND, "--blocks %s is not a number from 1 to 1000000", optarg);
            }
            options->session.blocks = (unsigned)number;
            break;
        case RUNS:
            options->runs = optarg;
            break;
        case HELP:
            print_help();
            exit(EXIT_SUCCESS);
        default:
            return tool_bad_option(COMMAND, argv, answer);
        }
    }
    if (optind < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind]);
    }
    return TOOL_SUCCESS;
}

/* One section. The session, and with it the data, is opened for the first section that reads it. */
static assay_status run_section(const reproduce_options *options, assay_backend *backend, assay_section section,
                                assay_session **session, assay_section_results *results, assay_error *error)
{
    if (assay_descents_have(section)) {
        return assay_descents_run(backend, section, results, error);
    }
    if (section == ASSAY_SECTION_OPTIMIZERS) {
        return reproduce_optimizers(options, backend, results, NULL, error);
    }
    if (*session == NULL) {
        ASSAY_TRY(assay_session_create(backend, &options->session, session, error));
    }
    return assay_session_run(*session, section, results, error);
}

/* Runs the wanted sections, printing each as it is done. */
static assay_status run_sections(const reproduce_options *options, assay_backend *backend, reproduce_report *report,
                                 assay_error *error)
{
    assay_session *session = NULL;
    assay_status status = ASSAY_OK;
    for (int i = 0; i < ASSAY_SECTION_COUNT && status == ASSAY_OK; i++) {
        assay_section section = (assay_section)i;
        if (reproduce_has(section) && (!options->one_section || section == options->section)) {
            status = run_section(options, backend, section, &session, &report->sections[i], error);
            if (status == ASSAY_OK) {
                report->ran[i] = true;
                reproduce_print_section(options, &report->sections[i]);
            }
        }
    }
    assay_session_destroy(session);
    return status;
}

int assay_command_reproduce(int argc, char **argv)
{
    reproduce_options options = {.session = assay_session_defaults()};
    int usage = parse(argc, argv, &options);
    if (usage != TOOL_SUCCESS) {
        return usage;
    }
    assay_error error;
    assay_backend *backend;
    if (tool_open_backend(options.backend, options.threads, &backend, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "%s", error.message);
    }
    reproduce_report *report = assay_calloc(1, sizeof *report, &error);
    assay_status status = report == NULL ? ASSAY_ERROR_MEMORY : run_sections(&options, backend, report, &error);
    int result = TOOL_FAILURE;
    if (status == ASSAY_OK) {
        reproduce_count(report);
        reproduce_print_summary(&options, report);
        status = options.json != NULL ? reproduce_write_json(&options, backend, report, &error) : ASSAY_OK;
        result = report->differ == 0 ? TOOL_SUCCESS : TOOL_FAILURE;
    }
    if (status != ASSAY_OK) {
        result = tool_fail(COMMAND, &error);
    }
    assay_free(report);
    assay_backend_close(backend);
    return result;
}
