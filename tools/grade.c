/* assay grade: judges a student's implementation, and names the mistake. */
#define _GNU_SOURCE
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade.h"
#include "grade/components.h"
#include "grade/folder.h"
#include "grade/form.h"
#include "grade/text.h"
#include "tool.h"

static void print_help(void)
{
    puts(
        "Usage: assay grade [OPTION...] NOTEBOOK.ipynb | FILE.py | FILE.js | FILE.c | FILE.so | FOLDER\n"
        "       assay grade [OPTION...] -- COMMAND [ARGUMENT...]\n"
        "       assay grade [OPTION...] --export DIR | --import DIR\n"
        "       assay grade [OPTION...] --class DIR [-j N] [-- COMMAND...]\n"
        "       assay grade --record RESULTS.json\n\n"
        "Grades an implementation of the tutorial's components on new inputs, and names the mistake.\n"
        "The exit status is 0 for full marks, 1 for less, 2 if nothing could be graded.\n\n"
        "Submissions\n"
        "  NOTEBOOK.ipynb, FILE.py, FILE.js\n"
        "                         their definitions alone are run, in the sandbox; components are found by name\n"
        "  FILE.c, FILE.so        functions of assay/student.h, as a source or as a shared object\n"
        "  FOLDER                 with one such file, or one called submission.ipynb, .py, .js, .c or .so\n"
        "  --map FILE             names for components: {\"adam\": \"MyAdam\"}\n"
        "  -- COMMAND             a program that answers JSON requests, one a line, on its standard input\n"
        "  --folder DIR           what COMMAND sees, read-only, as its working folder (default: .)\n"
        "  --npy                  give COMMAND arrays as .npy files in /inputs, and read those it writes to /exchange\n"
        "  --export DIR           write the cases as .npy files into a new folder\n"
        "  --import DIR           judge the outputs that were put there\n"
        "  --class DIR            grade each such file and each such folder in DIR, or COMMAND in each folder\n"
        "  --record FILE          judge the losses of a training run: which optimizer made them?\n\n"
        "Cases\n"
        "  --seed N               seed of the cases (default: a random seed, which is printed)\n"
        "  --only NAME,...        grade only these components\n"
        "  --rubric FILE          points and credits as JSON (doc/grading.md)\n"
        "  --convention NAME      count another convention as right (--list prints them); may be repeated\n"
        "  --list                 print the components, their cases and the known mistakes and conventions\n\n"
        "Reports\n"
        "  --format FORMAT        table (default), tap, junit, json, gradescope\n"
        "  --output FILE          write the report to FILE\n"
        "  --verbose              table: print every case\n"
        "  -j, --jobs N           class: N submissions at a time (default 1), at most one for each processor\n"
        "  --csv FILE             class: write results to this file (default DIR/grades.csv); continue it if there\n"
        "  --reports DIR          class: write a report of each submission to DIR\n"
        "  --report OUT           class: write a page about the class, OUT/index.html, and one for each submission\n\n"
        "Sandbox (bubblewrap: no network, a read-only file system, and these limits)\n"
        "  --time S               seconds of processor time for a case (default 2)\n"
        "  --start-time S         seconds until the program answers (default 20)\n"
        "  --total-time S         seconds of processor time for a submission (default 60)\n"
        "  --memory MIB           memory of all its processes together (default 1024)\n"
        "  --processes N          processes and threads (default 64)\n"
        "  --bind DIR             let it read this folder too, for example an interpreter outside /usr\n"
        "  --unsandboxed          run without the sandbox; only for submissions that you trust\n"
        "  --data DIR             record: folder with the Fashion-MNIST files");
}

/* --- signals ------------------------------------------------------------------------------------------------------ */

/* The number of the signal that asks the grading to end. */
static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    interrupted = number;
}

/* The first signal ends the grading in order; a second one has its usual effect. */
static void handle_signals(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(numbers[i], &action, NULL);
        }
    }
}

/* --- options ------------------------------------------------------------------------------------------------------ */

/* clang-format off */
enum {
    OPTION_HELP = 256, OPTION_FOLDER, OPTION_NPY, OPTION_EXPORT, OPTION_IMPORT, OPTION_CLASS, OPTION_RECORD,
    OPTION_SEED, OPTION_ONLY, OPTION_RUBRIC, OPTION_LIST, OPTION_FORMAT, OPTION_OUTPUT, OPTION_VERBOSE, OPTION_CSV,
    OPTION_REPORTS, OPTION_REPORT, OPTION_TIME, OPTION_START_TIME, OPTION_TOTAL_TIME, OPTION_MEMORY, OPTION_PROCESSES,
    OPTION_BIND, OPTION_UNSANDBOXED, OPTION_DATA, OPTION_MAP, OPTION_CONVENTION
};
/* clang-format on */

static const struct option long_options[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"folder", required_argument, NULL, OPTION_FOLDER},
    {"npy", no_argument, NULL, OPTION_NPY},
    {"export", required_argument, NULL, OPTION_EXPORT},
    {"import", required_argument, NULL, OPTION_IMPORT},
    {"class", required_argument, NULL, OPTION_CLASS},
    {"record", required_argument, NULL, OPTION_RECORD},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"rubric", required_argument, NULL, OPTION_RUBRIC},
    {"list", no_argument, NULL, OPTION_LIST},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"verbose", no_argument, NULL, OPTION_VERBOSE},
    {"jobs", required_argument, NULL, 'j'},
    {"csv", required_argument, NULL, OPTION_CSV},
    {"reports", required_argument, NULL, OPTION_REPORTS},
    {"report", required_argument, NULL, OPTION_REPORT},
    {"time", required_argument, NULL, OPTION_TIME},
    {"start-time", required_argument, NULL, OPTION_START_TIME},
    {"total-time", required_argument, NULL, OPTION_TOTAL_TIME},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"processes", required_argument, NULL, OPTION_PROCESSES},
    {"bind", required_argument, NULL, OPTION_BIND},
    {"unsandboxed", no_argument, NULL, OPTION_UNSANDBOXED},
    {"data", required_argument, NULL, OPTION_DATA},
    {"map", required_argument, NULL, OPTION_MAP},
    {"convention", required_argument, NULL, OPTION_CONVENTION},
    {NULL, 0, NULL, 0},
};

static int read_seconds(const char *name, double *seconds)
{
    return tool_parse_real(optarg, 0.01, 1e5, seconds)
               ? TOOL_SUCCESS
               : tool_usage(GRADE_COMMAND, "--%s %s: not a number of seconds from 0.01 to 100000", name, optarg);
}

static int read_count(const char *name, uint64_t low, uint64_t high, uint64_t *count)
{
    return tool_parse_unsigned(optarg, low, high, count)
               ? TOOL_SUCCESS
               : tool_usage(GRADE_COMMAND, "--%s %s: not a whole number from %llu to %llu", name, optarg,
                            (unsigned long long)low, (unsigned long long)high);
}

static int read_number_option(int option, grade_options *options)
{
    uint64_t count = 0;
    int status = TOOL_SUCCESS;
    switch (option) {
    case OPTION_TIME: return read_seconds("time", &options->limits.case_seconds);
    case OPTION_START_TIME: return read_seconds("start-time", &options->limits.start_seconds);
    case OPTION_TOTAL_TIME: return read_seconds("total-time", &options->limits.total_seconds);
    case OPTION_SEED: options->has_seed = true; return read_count("seed", 0, (uint64_t)1 << 53, &options->seed);
    case OPTION_MEMORY:
        status = read_count("memory", 16, 1 << 20, &count);
        options->limits.memory_bytes = (size_t)count << 20;
        return status;
    case OPTION_PROCESSES:
        status = read_count("processes", 4, 4000, &count);
        options->limits.processes = (size_t)count;
        return status;
    default:
        status = read_count("jobs", 1, 256, &count);
        options->jobs = (unsigned)count;
        return status;
    }
}

static int read_only(grade_options *options)
{
    size_t count = 1;
    for (const char *c = optarg; *c != '\0'; c++) {
        count += *c == ',';
    }
    free(options->only_text);
    free(options->only);
    options->only_text = strdup(optarg);
    options->only = calloc(count + 1, sizeof *options->only);
    if (options->only_text == NULL || options->only == NULL) {
        return tool_usage(GRADE_COMMAND, "out of memory");
    }
    char *rest = options->only_text;
    for (size_t i = 0; i < count; i++) {
        options->only[i] = strsep(&rest, ",");
    }
    return TOOL_SUCCESS;
}

static int read_format(grade_options *options)
{
    assay_error error = {0};
    return assay_grade_format_by_name(optarg, &options->format, &error) == ASSAY_OK
               ? TOOL_SUCCESS
               : tool_usage(GRADE_COMMAND, "--format: %s", error.message);
}

static int read_bind(grade_options *options)
{
    if (options->bind_count == GRADE_MAX_BINDS) {
        return tool_usage(GRADE_COMMAND, "--bind: at most %d folders", GRADE_MAX_BINDS);
    }
    options->binds[options->bind_count++] = optarg;
    return TOOL_SUCCESS;
}

static int read_convention(grade_options *options)
{
    if (options->convention_count == GRADE_MAX_CONVENTIONS) {
        return tool_usage(GRADE_COMMAND, "--convention: at most %d", GRADE_MAX_CONVENTIONS);
    }
    options->conventions[options->convention_count++] = optarg;
    return TOOL_SUCCESS;
}

static int read_option(int option, char **argv, grade_options *options)
{
    switch (option) {
    case OPTION_FOLDER: options->folder = optarg; return TOOL_SUCCESS;
    case OPTION_NPY: options->npy = true; return TOOL_SUCCESS;
    case OPTION_EXPORT: options->export_to = optarg; return TOOL_SUCCESS;
    case OPTION_IMPORT: options->import_from = optarg; return TOOL_SUCCESS;
    case OPTION_CLASS: options->class_folder = optarg; return TOOL_SUCCESS;
    case OPTION_RECORD: options->record = optarg; return TOOL_SUCCESS;
    case OPTION_RUBRIC: options->rubric_path = optarg; return TOOL_SUCCESS;
    case OPTION_LIST: options->list = true; return TOOL_SUCCESS;
    case OPTION_OUTPUT: options->output = optarg; return TOOL_SUCCESS;
    case OPTION_VERBOSE: options->verbose = true; return TOOL_SUCCESS;
    case OPTION_CSV: options->csv = optarg; return TOOL_SUCCESS;
    case OPTION_REPORTS: options->reports = optarg; return TOOL_SUCCESS;
    case OPTION_REPORT: options->report = optarg; return TOOL_SUCCESS;
    case OPTION_UNSANDBOXED: options->unsandboxed = true; return TOOL_SUCCESS;
    case OPTION_DATA: options->data = optarg; return TOOL_SUCCESS;
    case OPTION_MAP: options->map = optarg; return TOOL_SUCCESS;
    case OPTION_ONLY: return read_only(options);
    case OPTION_FORMAT: return read_format(options);
    case OPTION_BIND: return read_bind(options);
    case OPTION_CONVENTION: return read_convention(options);
    case '?':
    case ':': return tool_bad_option(GRADE_COMMAND, argv, option);
    default: return read_number_option(option, options);
    }
}

/* What is graded must be said once, and no more. */
static int check_options(const grade_options *options, const char *const *rest, bool after_dashes)
{
    bool words = rest[0] != NULL;
    if (words && !after_dashes && rest[1] != NULL) {
        return tool_usage(GRADE_COMMAND, "'%s' after '%s': one file, or -- before a command", rest[1], rest[0]);
    }
    int ways = (options->export_to != NULL) + (options->import_from != NULL) + (options->class_folder != NULL) +
               (options->record != NULL) + (words && options->class_folder == NULL);
    if (ways != 1) {
        return tool_usage(GRADE_COMMAND, "%s: a file or a folder, -- COMMAND, --export, --import, --class or --record",
                          ways == 0 ? "nothing to grade; give one of" : "more than one thing to grade; give one of");
    }
    if (options->record != NULL && options->format != GRADE_TABLE) {
        return tool_usage(GRADE_COMMAND, "--record: its report is a table; leave --format out");
    }
    if (options->report != NULL && options->class_folder == NULL) {
        return tool_usage(GRADE_COMMAND,
                          "--report: a page about a class; give --class DIR, or --output for one report");
    }
    if (options->only != NULL && options->rubric_path != NULL) {
        return tool_usage(GRADE_COMMAND, "--only and --rubric: the rubric already names the graded components");
    }
    return TOOL_SUCCESS;
}

/* The report must not replace what is graded, nor a word of the command that runs it. A CSV is read and added to. */
static int keep_inputs(const grade_options *options)
{
    assay_error error;
    const char *const inputs[] = {options->file,   options->import_from, options->rubric_path, options->class_folder,
                                  options->record, options->data,        options->map};
    assay_status status = tool_keep_inputs(&options->output, 1, inputs, sizeof inputs / sizeof *inputs, &error);
    const char *const outputs[] = {options->csv, options->output};
    status = status == ASSAY_OK ? tool_keep_inputs(outputs, 2, NULL, 0, &error) : status;
    for (const char *const *word = options->command; status == ASSAY_OK && word != NULL && *word != NULL; word++) {
        status = tool_keep_inputs(&options->output, 1, word, 1, &error);
    }
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_usage(GRADE_COMMAND, "--output %s", error.message);
}

static int read_options(int argc, char **argv, grade_options *options)
{
    int option;
    opterr = 0;
    *options = (grade_options){.folder = ".", .jobs = 1, .limits = assay_grade_limits_default(), .stop = &interrupted};
    while ((option = getopt_long(argc, argv, "+:hj:", long_options, NULL)) != -1) {
        if (option == 'h' || option == OPTION_HELP) {
            print_help();
            exit(TOOL_SUCCESS);
        }
        int status = read_option(option, argv, options);
        if (status != TOOL_SUCCESS) {
            return status;
        }
    }
    bool after_dashes = optind > 1 && strcmp(argv[optind - 1], "--") == 0;
    const char *const *rest = (const char *const *)argv + optind;
    if (options->list) {
        return TOOL_SUCCESS;
    }
    int status = check_options(options, rest, after_dashes);
    if (status == TOOL_SUCCESS && rest[0] != NULL) {
        options->command = after_dashes ? rest : NULL;
        options->file = after_dashes ? NULL : rest[0];
    }
    return status == TOOL_SUCCESS ? keep_inputs(options) : status;
}

/* --- one submission ----------------------------------------------------------------------------------------------- */

static int report_status(assay_status status, const assay_error *error, bool full_marks)
{
    if (status != ASSAY_OK) {
        tool_fail(GRADE_COMMAND, error);
        return TOOL_USAGE; /* nothing was graded: not a verdict on the submission */
    }
    return full_marks ? TOOL_SUCCESS : TOOL_FAILURE;
}

/* Of a folder, the one file that is the submission is graded; `reason` is why there is none. */
static assay_status choose_in_folder(grade_target *target, char **chosen, char reason[GRADE_TEXT_LENGTH],
                                     assay_error *error)
{
    struct stat about;
    int folder;
    char *name;
    reason[0] = '\0';
    if (target->object == NULL || stat(target->object, &about) != 0 || !S_ISDIR(about.st_mode)) {
        return ASSAY_OK;
    }
    target->folder = target->object;
    ASSAY_TRY(assay_grade_folder_open(target->folder, &folder, error));
    assay_status status = assay_grade_form_choose(folder, &name, reason, error);
    close(folder);
    if (status == ASSAY_OK && name != NULL) {
        *chosen = assay_asprintf(error, "%s/%s", target->folder, name);
        target->object = *chosen;
        status = *chosen == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    } else if (status == ASSAY_OK && reason[0] == '\0') {
        snprintf(reason, GRADE_TEXT_LENGTH,
                 "no file in it is a submission; its name must end with " GRADE_FORM_ENDINGS);
    }
    assay_free(name);
    return status;
}

static assay_status grade_file_or_folder(const grade_options *options, grade_target *target, grade_battery **battery,
                                         grade_score *score, assay_error *error)
{
    char reason[GRADE_TEXT_LENGTH];
    char *chosen = NULL;
    assay_status status = choose_in_folder(target, &chosen, reason, error);
    if (status == ASSAY_OK) {
        status = reason[0] == '\0' ? grade_one(options, target, battery, score, error)
                                   : grade_failed(options, target, GRADE_UNUSABLE, reason, battery, score, error);
    }
    assay_free(chosen);
    return status;
}

/* The submission's name in its report: the file, or the whole command, for its first word is often an interpreter. */
static void describe_target(const grade_options *options, char *text, size_t size)
{
    snprintf(text, size, "%s", options->file != NULL ? options->file : "");
    for (size_t i = 0; options->file == NULL && options->command[i] != NULL; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i == 0 ? "" : " ", options->command[i]);
    }
}

static int grade_single(const grade_options *options)
{
    assay_error error = {0};
    grade_battery *battery = NULL;
    grade_score score = {0};
    char name[256];
    char given[256];
    describe_target(options, given, sizeof given);
    assay_grade_text_clean(given, strlen(given), name, sizeof name);
    grade_target submission = {
        .name = name, .object = options->file, .folder = options->file == NULL ? options->folder : NULL};
    assay_status status = grade_file_or_folder(options, &submission, &battery, &score, &error);
    if (status == ASSAY_OK && interrupted != 0) {
        status = assay_fail(&error, ASSAY_ERROR_IO, "interrupted; nothing is graded");
    }
    if (status == ASSAY_OK) {
        status = grade_write(options, battery, score, name, options->output, &error);
        size_t not_run = assay_grade_battery_not_run(battery);
        if (status == ASSAY_OK && not_run > 0) {
            fprintf(stderr, "assay grade: not run: %zu case%s; the points are not final\n", not_run,
                    not_run == 1 ? "" : "s");
        }
    }
    assay_grade_battery_destroy(battery);
    return report_status(status, &error, assay_grade_full_marks(score));
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static int export_cases(const grade_options *options)
{
    assay_error error = {0};
    grade_battery *battery = NULL;
    assay_status status = assay_grade_battery_create(options->seed, grade_components(options), &battery, &error);
    if (status == ASSAY_OK) {
        status = assay_grade_battery_export(battery, options->export_to, &error);
    }
    if (status == ASSAY_OK) {
        printf("seed %llu\n", (unsigned long long)options->seed);
    }
    assay_grade_battery_destroy(battery);
    return report_status(status, &error, true);
}

/* Float32 arrays judged in double would fail everywhere, without a visible reason. */
static void say_precision(const char *name, grade_precision declared, grade_battery *battery)
{
    size_t single;
    size_t arrays;
    assay_grade_battery_take_precision(battery, &single, &arrays);
    if (single > 0) {
        fprintf(stderr, "assay grade: note: %s: judged in single precision: %zu of %zu arrays are float32 or float16\n",
                name, single, arrays);
    } else if (declared == GRADE_F32) {
        fprintf(stderr, "assay grade: note: %s: judged in single precision: cases.json says so\n", name);
    } else {
        fprintf(stderr, "assay grade: note: %s: judged in double precision: none of %zu arrays is float32 or float16\n",
                name, arrays);
    }
}

static int import_outputs(const grade_options *options)
{
    assay_error error = {0};
    grade_battery *battery = NULL;
    grade_score score = {0};
    char name[256];
    grade_import imported;
    assay_grade_text_clean(options->import_from, strlen(options->import_from), name, sizeof name);
    assay_status status = assay_grade_import_header(options->import_from, &imported, &error);
    if (status == ASSAY_OK) {
        status = assay_grade_battery_create(imported.seed, imported.components, &battery, &error);
    }
    if (status == ASSAY_OK) {
        battery->precision = imported.precision;
        status = assay_grade_battery_import(battery, options->import_from, &error);
    }
    if (status == ASSAY_OK) {
        say_precision(name, imported.precision, battery);
        battery->cleared = assay_grade_rubric_clears(options->rubric, name);
        status = grade_judge(options, battery, &score, &error);
    }
    if (status == ASSAY_OK) {
        status = grade_write(options, battery, score, name, options->output, &error);
    }
    assay_grade_battery_destroy(battery);
    return report_status(status, &error, assay_grade_full_marks(score));
}

/* --- the rest ----------------------------------------------------------------------------------------------------- */

static int print_list(const grade_options *options)
{
    size_t count;
    const grade_component *const *components = assay_grade_components(&count);
    for (size_t c = 0; c < count; c++) {
        printf("%s: %s\n", components[c]->name, components[c]->title);
        for (size_t i = 0; i < components[c]->case_count; i++) {
            grade_case *drawn;
            assay_error error = {0};
            if (assay_grade_case_create(components[c], i, 1, &drawn, &error) != ASSAY_OK) {
                return report_status(error.status, &error, false);
            }
            printf("    case %s/%s\n", components[c]->name, drawn->name);
            assay_grade_case_destroy(drawn);
        }
        char share[120];
        const grade_named named = assay_grade_catalogue_named(options->catalogue, components[c]->name);
        assay_grade_named_text(&named, share, sizeof share);
        printf("    measured: %s\n", share);
    }
    putchar('\n');
    for (size_t i = 0; i < assay_grade_catalogue_count(options->catalogue); i++) {
        const grade_mistake *mistake = assay_grade_catalogue_at(options->catalogue, i);
        bool convention = strcmp(mistake->kind, "convention") == 0;
        printf("%s: %s%s\n", mistake->id, convention ? "convention: " : "", mistake->name);
    }
    return TOOL_SUCCESS;
}

/* A map is read inside the sandbox; what is wrong with it is the teacher's to know before anything runs. */
static assay_status check_map(const char *path, assay_error *error)
{
    json_error_t where;
    json_t *map = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    const char *key;
    json_t *name;
    bool texts = json_is_object(map);
    json_object_foreach(map, key, name) {
        texts = texts && json_is_string(name);
    }
    json_decref(map);
    return texts ? ASSAY_OK
                 : assay_fail(error, ASSAY_ERROR_FORMAT, "--map %s: not a JSON object like {\"adam\": \"MyAdam\"}%s%s",
                              path, map == NULL ? ": " : "", map == NULL ? where.text : "");
}

/* What every way of grading needs, opened once; a sandbox only where something is run. */
static assay_status prepare(grade_options *options, assay_error *error)
{
    bool runs = options->file != NULL || options->command != NULL || options->class_folder != NULL;
    ASSAY_TRY(assay_grade_catalogue_open(&options->catalogue, error));
    if (options->map != NULL) {
        ASSAY_TRY(check_map(options->map, error));
    }
    if (options->rubric_path != NULL) {
        ASSAY_TRY(assay_grade_rubric_read(options->rubric_path, options->catalogue, &options->rubric, error));
    }
    for (size_t i = 0; i < options->convention_count; i++) {
        ASSAY_TRY(assay_grade_rubric_accept(&options->rubric, options->conventions[i], options->catalogue, error));
    }
    if (!options->has_seed) {
        ASSAY_TRY(assay_grade_random_seed(&options->seed, error));
    }
    if (runs) {
        ASSAY_TRY(assay_grade_runner_find(&options->runner, error));
    }
    if (runs) {
        handle_signals();
    }
    return runs && !options->unsandboxed
               ? assay_grade_sandbox_create(options->runner, options->binds, &options->sandbox, error)
               : ASSAY_OK;
}

static int dispatch(const grade_options *options)
{
    if (options->list) {
        return print_list(options);
    }
    if (options->class_folder != NULL) {
        return grade_class(options);
    }
    if (options->record != NULL) {
        return grade_record(options);
    }
    if (options->export_to != NULL) {
        return export_cases(options);
    }
    return options->import_from != NULL ? import_outputs(options) : grade_single(options);
}

int assay_command_grade(int argc, char **argv)
{
    grade_options options;
    assay_error error = {0};
    int status = read_options(argc, argv, &options);
    if (status == TOOL_SUCCESS) {
        status = prepare(&options, &error) == ASSAY_OK ? dispatch(&options)
                                                       : report_status(error.status, &error, false);
    }
    assay_grade_rubric_close(options.rubric);
    assay_grade_catalogue_close(options.catalogue);
    assay_grade_sandbox_destroy(options.sandbox);
    assay_free(options.runner);
    free(options.only_text);
    free(options.only);
    if (interrupted != 0) { /* for a shell that waits: ended by the signal, and nothing is left behind */
        fflush(NULL);
        signal(interrupted, SIG_DFL);
        raise(interrupted);
    }
    return status;
}
