/* assay reproduce: the tutorial, section by section, each printed number next to ours. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/retrace.h>
#include "claims.h"
#include "pictures.h"
#include "reproduce.h"
#include "tool.h"

static const char COMMAND[] = "reproduce";

static void print_help(void)
{
    puts("Usage: assay reproduce [OPTION...]\n\n"
         "Runs the tutorial and prints each of its numbers next to ours. The exit status is 0 only if all agree.\n\n"
         "  --data DIR             folder with the IDX files (default " ASSAY_DEFAULT_DATA ")\n"
         "  --section NAME         run only one section:");
    printf("                        ");
    for (size_t i = 0; i < ASSAY_SECTION_COUNT; i++) {
        printf(" %s", assay_section_at(i)->name);
    }
    printf("\n"
           "  --json FILE            also write the results to FILE (-: to standard output, instead of the table)\n"
           "  --backend NAME[:PREC]  openblas-dense:f32 (default), openblas-dense:f64, openblas:f32, cuda:f32,\n"
           "                         cuda:f64, reference\n"
           "  --threads N            threads of the backend (default: one for each processor)\n"
           "  --runs DIR             section optimizers: read the records of training runs (*_results.json, as\n"
           "                         assay train writes them) from DIR; train the runs that have no record there,\n"
           "                         and write their records to DIR\n"
           "  --report DIR           write a page, index.html, to DIR, with each figure, its data and its gnuplot\n"
           "                         script\n"
           "  --png                  with --report: also write each figure as PNG\n"
           "  --pretrained DIR       with --report: draw our runs over the author's, whose\n"
           "                         FashionMNIST_*_results.json are in DIR (default: $ASSAY_PRETRAINED)\n"
           "  --generator NAME       generator of the weights: philox (default; the tutorial's GPU) or mt19937\n"
           "  --seed N               seed of the weights (default %d)\n"
           "  --blocks N             philox: blocks of 256 threads on the device (default %d, a Tesla P100)\n\n"
           "With another generator, seed or number of blocks the weights differ from the tutorial's. Then the\n"
           "printed numbers are only shown, and statistical theory gives the verdicts.\n",
           ASSAY_TUTORIAL_SEED, ASSAY_TUTORIAL_BLOCKS);
}

static int parse(int argc, char **argv, reproduce_options *options)
{
    enum { DATA, SECTION, JSON, BACKEND, THREADS, GENERATOR, SEED, BLOCKS, RUNS, REPORT, PNG, PRETRAINED, HELP };
    /* clang-format off */
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
    /* clang-format on */
    if (optind < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind]);
    }
    if (options->report == NULL && (options->png || options->pretrained != NULL)) {
        return tool_usage(COMMAND, "%s goes with --report DIR", options->png ? "--png" : "--pretrained");
    }
    const char *const inputs[] = {options->session.data_folder, options->runs, options->pretrained};
    char *page = options->report == NULL ? NULL : assay_asprintf(NULL, "%s/index.html", options->report);
    const char *const outputs[] = {options->json, page};
    assay_status status = tool_keep_inputs(outputs, 2, inputs, sizeof inputs / sizeof *inputs, &error);
    assay_free(page);
    if (status != ASSAY_OK) {
        return tool_usage(COMMAND, "%s", error.message);
    }
    return TOOL_SUCCESS;
}

/* What the sections are run with: each part is made for the first section that needs it. */
typedef struct {
    assay_section_inputs inputs;
    assay_session *session;
    assay_run_record records[ASSAY_TUTORIAL_RUNS];
} material;

static void free_material(material *made)
{
    assay_session_destroy(made->session);
    for (int i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        assay_run_record_destroy(&made->records[i]);
    }
}

static assay_status provide(const reproduce_options *options, assay_section_needs needs, material *made,
                            assay_error *error)
{
    switch (needs) {
    case ASSAY_NEEDS_NOTHING: break;
    case ASSAY_NEEDS_SESSION:
        if (made->session == NULL) {
            ASSAY_TRY(assay_session_create(made->inputs.backend, &options->session, &made->session, error));
        }
        made->inputs.session = made->session;
        break;
    case ASSAY_NEEDS_RECORDS:
        ASSAY_TRY(reproduce_runs(options, made->inputs.backend, made->records, error));
        made->inputs.records = made->records;
        break;
    }
    return ASSAY_OK;
}

/* The last initialization: the figure of the spread against depth follows it. */
static bool is_last_experiment(assay_section section)
{
    return assay_experiment_at(assay_experiment_count() - 1)->section == section;
}

static assay_status run_section(const reproduce_options *options, assay_section section, material *made, pictures *all,
                                reproduce_report *report, assay_error *error)
{
    ASSAY_TRY(provide(options, assay_section_describe(section)->needs, made, error));
    ASSAY_TRY(assay_section_run(section, &made->inputs, &report->sections[section], error));
    report->ran[section] = true;
    reproduce_print_section(options, &report->sections[section]);
    if (all == NULL) {
        return ASSAY_OK;
    }
    ASSAY_TRY(pictures_of_section(all, &made->inputs, section, error));
    return is_last_experiment(section)
               ? pictures_of_depth(all, made->session, &options->session, options->threads, error)
               : ASSAY_OK;
}

static assay_status run_sections(const reproduce_options *options, assay_backend *backend, pictures *all,
                                 reproduce_report *report, assay_error *error)
{
    material made = {.inputs = {.backend = backend}};
    assay_status status = ASSAY_OK;
    for (size_t i = 0; i < ASSAY_SECTION_COUNT && status == ASSAY_OK; i++) {
        assay_section section = assay_section_at(i)->section;
        if (!options->one_section || section == options->section) {
            status = run_section(options, section, &made, all, report, error);
        }
    }
    free_material(&made);
    return status;
}

/* The page, with the chapter on the claims that have a recorded result, unless only one section was asked for. */
static assay_status write_page(const reproduce_options *options, assay_backend *backend, pictures *all,
                               const reproduce_report *report, assay_error *error)
{
    claims_set claims = {0};
    char *folder = NULL;
    assay_status status = ASSAY_OK;
    if (!options->one_section) {
        status = claims_folder(NULL, &folder, error);
    }
    if (status == ASSAY_OK) {
        status = claims_read_recorded(folder, &claims, error);
    }
    if (status == ASSAY_OK) {
        status = claims_draw(&claims, all, error);
    }
    if (status == ASSAY_OK) {
        status = pictures_write_page(all, &claims, options, backend, report, error);
    }
    assay_free(folder);
    claims_set_destroy(&claims);
    return status;
}

/* Everything that the options ask for. The report's folder is made first: if that fails, no run is lost. */
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
        status = write_page(options, backend, all, report, error);
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
    /* As in the author's runs, all products are computed in full, and batches keep the order that was drawn. */
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
