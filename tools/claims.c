/* assay claims: what the tutorial says in words, tested. */
#define _DEFAULT_SOURCE /* strsep */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/base/text.h>
#include <assay/tutorial/defaults.h>
#include "claims.h"
#include "output.h"
#include "progress.h"
#include "tool.h"

static const char COMMAND[] = "claims";

enum { MAX_CLAIMS = 64, MAX_SEEDS = 10000 };

typedef struct {
    const assay_claim *chosen[MAX_CLAIMS];
    size_t chosen_count;
    assay_claims_effort effort;
    size_t seeds;
    const char *data;
    const char *json;
    const char *report;
    bool png;
    const char *recorded;
    const char *record;
    const char *commit;
    bool list;
} claims_options;

static void print_help(void)
{
    puts("Usage: assay claims [OPTION...]\n\n"
         "Tests what the tutorial says in words: for each claim what was measured, the effect with its interval over\n"
         "seeds, and a verdict. Without options it reads recorded results, and measures what takes seconds.\n\n"
         "  --claim N,...      only these claims\n"
         "  --list             print the claims and how each is decided, and measure nothing\n"
         "  --quick            measure everything anew, with few seeds (minutes)\n"
         "  --full             measure everything with all seeds, for hours (--list says how long); recorded studies "
         "are\n"
         "                     read: assay study repeats them\n"
         "  --seeds N          this many seeds for each claim that has luck in it\n"
         "  --json FILE        also write the results to FILE (-: to standard output, instead of the text)\n"
         "  --report DIR       write a page, index.html, to DIR, with figures\n"
         "  --png              with --report: also write each figure as PNG\n"
         "  --data DIR         folder with the IDX files (default " ASSAY_DEFAULT_DATA ")\n"
         "  --recorded DIR     folder of recorded results (default: $ASSAY_CLAIMS, or where they are installed)\n"
         "  --record DIR       write what was measured to DIR, as a recorded result for each claim\n"
         "  --commit TEXT      with --record: the commit of the program");
}

/* --- options ----------------------------------------------------------------------------------------------------- */

static int add_claim(claims_options *options, const char *text)
{
    uint64_t number;
    const assay_claim *claim = tool_parse_unsigned(text, 1, 1000, &number) ? assay_claim_by_number((unsigned)number)
                                                                           : NULL;
    if (claim == NULL) {
        return tool_usage(COMMAND, "--claim %s: there is no such claim; assay claims --list prints them", text);
    }
    for (size_t i = 0; i < options->chosen_count; i++) {
        if (options->chosen[i] == claim) {
            return TOOL_SUCCESS;
        }
    }
    options->chosen[options->chosen_count++] = claim;
    return TOOL_SUCCESS;
}

/* "3,17": splits a copy at the commas. */
static int parse_claims(claims_options *options, const char *text)
{
    char *copy = assay_strdup(text, NULL);
    char *rest = copy;
    int usage = copy == NULL ? TOOL_FAILURE : TOOL_SUCCESS;
    for (char *item; usage == TOOL_SUCCESS && (item = strsep(&rest, ",")) != NULL;) {
        usage = add_claim(options, item);
    }
    assay_free(copy);
    return usage;
}

static int check(claims_options *options)
{
    if (options->report == NULL && options->png) {
        return tool_usage(COMMAND, "--png goes with --report DIR");
    }
    if (options->record == NULL && options->commit != NULL) {
        return tool_usage(COMMAND, "--commit goes with --record DIR");
    }
    assay_error error;
    char *page = options->report == NULL ? NULL : assay_asprintf(NULL, "%s/index.html", options->report);
    const char *const outputs[] = {options->json, page};
    const char *const inputs[] = {options->data, options->recorded};
    assay_status status = tool_keep_inputs(outputs, 2, inputs, 2, &error);
    assay_free(page);
    for (size_t i = 0; options->chosen_count == 0 && i < assay_claims_count(); i++) {
        options->chosen[i] = assay_claim_at(i);
    }
    options->chosen_count = options->chosen_count == 0 ? assay_claims_count() : options->chosen_count;
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_usage(COMMAND, "%s", error.message);
}

static int parse(int argc, char **argv, claims_options *options)
{
    enum { CLAIM, LIST, QUICK, FULL, SEEDS, JSON, REPORT, PNG, DATA, RECORDED, RECORD, COMMIT, HELP };
    /* clang-format off */
    static const struct option LONG[] = {
        {"claim", required_argument, NULL, CLAIM},       {"list", no_argument, NULL, LIST},
        {"quick", no_argument, NULL, QUICK},             {"full", no_argument, NULL, FULL},
        {"seeds", required_argument, NULL, SEEDS},       {"json", required_argument, NULL, JSON},
        {"report", required_argument, NULL, REPORT},     {"png", no_argument, NULL, PNG},
        {"data", required_argument, NULL, DATA},         {"recorded", required_argument, NULL, RECORDED},
        {"record", required_argument, NULL, RECORD},     {"commit", required_argument, NULL, COMMIT},
        {"help", no_argument, NULL, HELP},               {NULL, 0, NULL, 0}};
    /* clang-format on */
    int usage = TOOL_SUCCESS;
    uint64_t number;
    opterr = 0;
    for (int answer; usage == TOOL_SUCCESS && (answer = getopt_long(argc, argv, ":", LONG, NULL)) != -1;) {
        switch (answer) {
        case CLAIM: usage = parse_claims(options, optarg); break;
        case LIST: options->list = true; break;
        case QUICK:
        case FULL:
            if (options->effort != ASSAY_CLAIMS_DEFAULT) {
                return tool_usage(COMMAND, "give one of --quick and --full");
            }
            options->effort = answer == QUICK ? ASSAY_CLAIMS_QUICK : ASSAY_CLAIMS_FULL;
            break;
        case SEEDS:
            if (!tool_parse_unsigned(optarg, 2, MAX_SEEDS, &number)) {
                return tool_usage(COMMAND, "--seeds %s is not a number from 2 to %d", optarg, MAX_SEEDS);
            }
            options->seeds = (size_t)number;
            break;
        case JSON: options->json = optarg; break;
        case REPORT: options->report = optarg; break;
        case PNG: options->png = true; break;
        case DATA: options->data = optarg; break;
        case RECORDED: options->recorded = optarg; break;
        case RECORD: options->record = optarg; break;
        case COMMIT: options->commit = optarg; break;
        case HELP: print_help(); exit(tool_flushed(TOOL_SUCCESS));
        default: return tool_bad_option(COMMAND, argv, answer);
        }
    }
    if (usage == TOOL_SUCCESS && optind < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind]);
    }
    return usage == TOOL_SUCCESS ? check(options) : usage;
}

static void print_list(const claims_options *options)
{
    for (size_t i = 0; i < options->chosen_count; i++) {
        const assay_claim *claim = options->chosen[i];
        printf("%2u %-5s %s\n    %s\n    Decided by: %s\n", claim->number, claim->cell, claim->title, claim->says,
               claim->decided);
        if (claim->full != NULL) {
            printf("    --full takes %s.\n", claim->full);
        }
    }
}

/* --- sets -------------------------------------------------------------------------------------------------------- */

assay_status claims_set_create(size_t count, claims_set *set, assay_error *error)
{
    *set = (claims_set){.claims = assay_calloc(count, sizeof *set->claims, error),
                        .results = assay_calloc(count, sizeof *set->results, error)};
    if (set->claims == NULL || set->results == NULL) {
        claims_set_destroy(set);
        return ASSAY_ERROR_MEMORY;
    }
    return ASSAY_OK;
}

void claims_set_destroy(claims_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        assay_claim_result_destroy(&set->results[i]);
    }
    assay_free(set->claims);
    assay_free(set->results);
    *set = (claims_set){0};
}

static bool is_folder(const char *path)
{
    struct stat about;
    return path != NULL && stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

assay_status claims_folder(const char *given, char **folder, assay_error *error)
{
    const char *named = given != NULL ? given : getenv("ASSAY_CLAIMS");
    *folder = NULL;
    if (named != NULL && *named != '\0') {
        if (!is_folder(named)) {
            return assay_fail(error, ASSAY_ERROR_IO, "%s: there is no such folder of recorded results", named);
        }
        *folder = assay_strdup(named, error);
        return *folder == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    }
    char *beside = assay_file_beside_program("../share/assay/claims", error);
    if (is_folder(beside)) {
        *folder = beside;
        return ASSAY_OK;
    }
    assay_free(beside);
    *folder = is_folder(ASSAY_PKGDATADIR "/claims") ? assay_strdup(ASSAY_PKGDATADIR "/claims", error) : NULL;
    return ASSAY_OK;
}

assay_status claims_read_recorded(const char *folder, claims_set *set, assay_error *error)
{
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .first_seed = 1, .recorded = folder};
    ASSAY_TRY(claims_set_create(assay_claims_count(), set, error));
    for (size_t i = 0; folder != NULL && i < assay_claims_count(); i++) {
        const assay_claim *claim = assay_claim_at(i);
        assay_claim_result *result = &set->results[set->count];
        bool own = assay_claim_record_exists(claim->number, folder);
        if (own || assay_claim_studies_exist(claim, folder)) {
            set->claims[set->count++] = claim;
            ASSAY_TRY(own ? assay_claim_record_read(claim->number, folder, result, error)
                          : assay_claim_examine(claim, &input, result, error));
        }
    }
    return assay_claims_decide(set->count, set->results, error);
}

/* --- measuring --------------------------------------------------------------------------------------------------- */

typedef struct {
    progress_bar bar;
    size_t before; /* claims that are finished */
    char label[96];
} shown_progress;

enum { SHARES = 1000 };

static void show(void *user, double done)
{
    shown_progress *shown = user;
    progress_show(&shown->bar, shown->before * SHARES + (size_t)(done * SHARES), shown->label);
}

static void put_origin(const claims_options *options, assay_claim_origin *origin)
{
    struct utsname about;
    snprintf(origin->commit, sizeof origin->commit, "%s", options->commit == NULL ? "" : options->commit);
    if (uname(&about) == 0) {
        snprintf(origin->machine, sizeof origin->machine, "%s %s, %ld processors, assay " PACKAGE_VERSION,
                 about.sysname, about.machine, sysconf(_SC_NPROCESSORS_ONLN));
    }
}

static assay_status examine_all(const claims_options *options, assay_claims_input *input, claims_set *set,
                                assay_error *error)
{
    shown_progress shown = {.before = 0};
    progress_begin(&shown.bar, options->chosen_count * SHARES, NULL);
    input->progress = show;
    input->user = &shown;
    assay_status status = ASSAY_OK;
    for (size_t i = 0; i < options->chosen_count && status == ASSAY_OK; i++) {
        const assay_claim *claim = options->chosen[i];
        snprintf(shown.label, sizeof shown.label, "claim %u", claim->number);
        shown.before = i;
        show(&shown, 0.0);
        assay_claim_result *result = &set->results[set->count];
        set->claims[set->count++] = claim;
        status = assay_claim_examine(claim, input, result, error);
        if (status == ASSAY_OK && !result->origin.recorded) {
            put_origin(options, &result->origin);
            status = options->record == NULL ? ASSAY_OK : assay_claim_record_write(result, options->record, error);
        }
    }
    progress_clear(&shown.bar);
    return status == ASSAY_OK ? assay_claims_decide(set->count, set->results, error) : status;
}

/* What the claims are measured with. */
typedef struct {
    assay_claims_input input;
    assay_dataset train;
    assay_dataset test;
    assay_split split;
    char *recorded;
} material;

static assay_status split_data(const claims_options *options, material *made, assay_error *error)
{
    if (made->train.count <= ASSAY_TUTORIAL_TRAIN_COUNT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu training images; the tutorial's split needs more than %d",
                          options->data, made->train.count, ASSAY_TUTORIAL_TRAIN_COUNT);
    }
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, ASSAY_TUTORIAL_SEED);
    return assay_split_create(&generator, made->train.count, ASSAY_TUTORIAL_TRAIN_COUNT, &made->split, error);
}

/* Results must not depend on the number of processors: one thread. */
static assay_status open_material(const claims_options *options, material *made, assay_error *error)
{
    ASSAY_TRY(claims_folder(options->recorded, &made->recorded, error));
    ASSAY_TRY(tool_load_data(options->data, ASSAY_TRAIN, NULL, &made->train, error));
    ASSAY_TRY(tool_load_data(options->data, ASSAY_TEST, NULL, &made->test, error));
    ASSAY_TRY(split_data(options, made, error));
    ASSAY_TRY(tool_open_backend("openblas:f32", 1, &made->input.f32, error));
    ASSAY_TRY(tool_open_backend("openblas:f64", 1, &made->input.f64, error));
    made->input.data_folder = options->data;
    made->input.train = &made->train;
    made->input.test = &made->test;
    made->input.split = &made->split;
    made->input.effort = options->effort;
    made->input.seeds = options->seeds;
    made->input.first_seed = 1;
    made->input.recorded = made->recorded;
    made->input.threads = 1;
    return ASSAY_OK;
}

static void close_material(material *made)
{
    assay_backend_close(made->input.f32);
    assay_backend_close(made->input.f64);
    assay_split_destroy(&made->split);
    assay_dataset_destroy(&made->train);
    assay_dataset_destroy(&made->test);
    assay_free(made->recorded);
}

/* --- the command ------------------------------------------------------------------------------------------------- */

static assay_status write_page(const claims_options *options, const claims_set *set, pictures *all, assay_error *error)
{
    ASSAY_TRY(claims_draw(set, all, error));
    claims_page *chapter;
    ASSAY_TRY(claims_page_create(set, all, &chapter, error));
    const char *notice = pictures_notice(all);
    assay_page page = {
        .title = "What the tutorial says",
        .text = "\"Tutorial 3: Initialization and Optimization\" by Phillip Lippe, statement by statement.",
        .figure_folder = "figures",
        .notice = notice,
        .footer = "assay " PACKAGE_VERSION ", assay claims.",
    };
    page.sections = claims_page_sections(chapter, &page.section_count);
    assay_status status = assay_page_write(&page, options->report, error);
    claims_page_destroy(chapter);
    ASSAY_TRY(status);
    if (pictures_failed(all)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s", notice);
    }
    if (notice != NULL) {
        fprintf(stderr, "assay claims: %s\n", notice);
    }
    printf("Report: %s/index.html\n", options->report);
    return ASSAY_OK;
}

/* The report's folder is made first: if that fails, no measurement is lost. */
static assay_status make_report_folder(const claims_options *options, pictures **all, assay_error *error)
{
    const pictures_options wanted = {.folder = options->report, .png = options->png};
    *all = NULL;
    ASSAY_TRY(options->record == NULL ? ASSAY_OK : assay_page_make_folder(options->record, error));
    return options->report == NULL ? ASSAY_OK : pictures_create(&wanted, all, error);
}

static assay_status run(const claims_options *options, material *made, claims_set *set, assay_error *error)
{
    pictures *all;
    ASSAY_TRY(make_report_folder(options, &all, error));
    assay_status status = open_material(options, made, error);
    if (status == ASSAY_OK) {
        status = examine_all(options, &made->input, set, error);
    }
    if (status == ASSAY_OK) {
        claims_print(set);
        status = options->json == NULL ? ASSAY_OK : claims_write_json(set, options->json, error);
    }
    if (status == ASSAY_OK && all != NULL) {
        status = write_page(options, set, all, error);
    }
    pictures_destroy(all);
    return status;
}

int assay_command_claims(int argc, char **argv)
{
    claims_options options = {.data = ASSAY_DEFAULT_DATA, .effort = ASSAY_CLAIMS_DEFAULT};
    int usage = parse(argc, argv, &options);
    if (usage != TOOL_SUCCESS) {
        return usage;
    }
    if (options.list) {
        print_list(&options);
        return TOOL_SUCCESS;
    }
    output_divert_text(options.json);
    assay_error error;
    material made = {0};
    claims_set set;
    assay_status status = claims_set_create(options.chosen_count, &set, &error);
    if (status == ASSAY_OK) {
        status = run(&options, &made, &set, &error);
        claims_set_destroy(&set);
    }
    close_material(&made);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}
