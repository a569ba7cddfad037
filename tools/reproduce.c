/* assay reproduce: the tutorial, section by section, each printed number next to ours. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "pictures.h"
#include "reproduce.h"
#include "tool.h"
#include <assay/train/retrace.h>
#include <assay/tutorial/descents.h>

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
         "  --backend NAME[:PREC]  openblas-dense:f32 (default), openblas-dense:f64, openblas:f32, cuda:f32, cuda:f64,\n"
         "                         reference\n"
         "  --threads N            threads of the backend (default: one for each processor)\n"
         "  --runs DIR             section optimizers: take the records of training runs (*_results.json, as assay train\n"
         "                         writes them) from DIR; runs that are missing there are made and recorded\n"
         "  --report DIR           write index.html and the figures, each with its data and gnuplot script, to DIR\n"
         "  --png                  with --report: each figure as PNG as well\n"
         "  --pretrained DIR       with --report: where the author's FashionMNIST_*_results.json are, to draw our runs\n"
         "                         over his (default: $ASSAY_PRETRAINED)\n"
         "  --generator NAME       philox (default; the tutorial's GPU) or mt19937 draws the weights\n"
         "  --seed N               seed of the weights (default 42)\n"
         "  --blocks N             Philox: blocks of 256 threads on the device (default 448, a Tesla P100)\n\n"
         "With another generator, seed or geometry the weights are others than the tutorial's; then its numbers are shown,\n"
         "and the verdicts are by the statistical theory.");
}

static int parse(int argc, char **argv, reproduce_options *options)
{
    enum { DATA, SECTION, JSON, BACKEND, THREADS, GENERATOR, SEED, BLOCKS, RUNS, REPORT, PNG, PRETRAINED, HELP };
    static const struct option LONG[] = {
        {"data", required_argument, NULL, DATA},       {"section", required_argument, NULL, SECTION},
        {"json", required_argument, NULL, JSON},       {"backend", required_argument, NULL, BACKEND},
        {"threads", required_argument, NULL, THREADS}, {"generator", required_argument, NULL, GENERATOR},
        {"seed", required_argument, NULL, SEED},       {"blocks", required_argument, NULL, BLOCKS},
        {"runs", required_argument, NULL, RUNS},       {"report", required_argument, NULL, REPORT},
        {"png", no_argument, NULL, PNG},               {"pretrained", required_argument, NULL, PRETRAINED},
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
        case REPORT:
            options->report = optarg;
            break;
        case PNG:
            options->png = true;
            break;
        case PRETRAINED:
            options->pretrained = optarg;
            break;
        case HELP:
            print_help();
            exit(tool_flushed(TOOL_SUCCESS));
        default:
            return tool_bad_option(COMMAND, argv, answer);
        }
    }
    if (optind < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind]);
    }
    if (options->report == NULL && (options->png || options->pretrained != NULL)) {
        return tool_usage(COMMAND, "%s goes with --report DIR", options->png ? "--png" : "--pretrained");
    }
    const char *const inputs[] = {options->session.data_folder, options->runs, options->pretrained};
    if (tool_keep_inputs(&options->json, 1, inputs, sizeof inputs / sizeof *inputs, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "--json %s", error.message);
    }
    return TOOL_SUCCESS;
}

/* The training runs, and their figures where they are wanted. */
static assay_status run_optimizers(const reproduce_options *options, assay_backend *backend, pictures *all,
                                   assay_section_results *results, assay_error *error)
{
    if (all == NULL) {
        return reproduce_optimizers(options, backend, results, NULL, error);
    }
    assay_run_record records[ASSAY_TUTORIAL_RUNS] = {{0}};
    assay_status status = reproduce_optimizers(options, backend, results, records, error);
    if (status == ASSAY_OK) {
        status = pictures_of_runs(all, records, error);
    }
    for (int i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        assay_run_record_destroy(&records[i]);
    }
    return status;
}

/* One section. The session, and with it the data, is opened for the first section that reads it. */
static assay_status run_section(const reproduce_options *options, assay_backend *backend, assay_section section,
                                assay_session **session, pictures *all, assay_section_results *results,
                                assay_error *error)
{
    if (assay_descents_have(section)) {
        return assay_descents_run(backend, section, results, error);
    }
    if (section == ASSAY_SECTION_OPTIMIZERS) {
        return run_optimizers(options, backend, all, results, error);
    }
    if (*session == NULL) {
        ASSAY_TRY(assay_session_create(backend, &options->session, session, error));
    }
    return assay_session_run(*session, section, results, error);
}

/* The figures of a section that has just run; the spread against depth follows the last initialization. */
static assay_status draw_section(const reproduce_options *options, assay_backend *backend, assay_section section,
                                 assay_session *session, pictures *all, assay_error *error)
{
    ASSAY_TRY(pictures_of_section(all, backend, session, section, error));
    return section == ASSAY_SECTION_KAIMING_RELU
               ? pictures_of_depth(all, session, &options->session, options->threads, error)
               : ASSAY_OK;
}

/* Runs the wanted sections, printing each as it is done. `all` is NULL where no report is wanted. */
static assay_status run_sections(const reproduce_options *options, assay_backend *backend, pictures *all,
                                 reproduce_report *report, assay_error *error)
{
    assay_session *session = NULL;
    assay_status status = ASSAY_OK;
    for (int i = 0; i < ASSAY_SECTION_COUNT && status == ASSAY_OK; i++) {
        assay_section section = (assay_section)i;
        if (reproduce_has(section) && (!options->one_section || section == options->section)) {
            status = run_section(options, backend, section, &session, all, &report->sections[i], error);
            if (status == ASSAY_OK) {
                report->ran[i] = true;
                reproduce_print_section(options, &report->sections[i]);
            }
            if (status == ASSAY_OK && all != NULL) {
                status = draw_section(options, backend, section, session, all, error);
            }
        }
    }
    assay_session_destroy(session);
    return status;
}

/* All that is asked for. The folder of a report is made first, so that no run is lost for want of it. */
static assay_status reproduce(const reproduce_options *options, assay_backend *backend, reproduce_report *report,
                              assay_error *error)
{
    pictures *all = NULL;
    const pictures_options wanted = {options->report, options->png, options->pretrained};
    assay_status status = options->report == NULL ? ASSAY_OK : pictures_create(&wanted, &all, error);
    if (status == ASSAY_OK) {
        status = run_sections(options, backend, all, report, error);
    }
    if (status == ASSAY_OK) {
        reproduce_count(report);
        reproduce_print_summary(options, report);
        status = options->json == NULL ? ASSAY_OK : reproduce_write_json(options, backend, report, error);
    }
    if (status == ASSAY_OK && all != NULL) {
        status = pictures_write_page(all, options, backend, report, error);
        if (status == ASSAY_OK) {
            reproduce_print_report(options);
        }
    }
    pictures_destroy(all);
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
    /* As the author's runs: every product in full, every batch in the order that was drawn. */
    const char *name = options.backend != NULL ? options.backend : ASSAY_RETRACE_BACKEND;
    if (tool_open_backend(name, options.threads, &backend, &error) != ASSAY_OK) {
        return tool_no_backend(COMMAND, &error);
    }
    reproduce_report *report = assay_calloc(1, sizeof *report, &error);
    assay_status status = report == NULL ? ASSAY_ERROR_MEMORY : reproduce(&options, backend, report, &error);
    int result = status != ASSAY_OK ? tool_fail(COMMAND, &error) : report->differ == 0 ? TOOL_SUCCESS : TOOL_FAILURE;
    assay_free(report);
    assay_backend_close(backend);
    return result;
}
