/* assay assign: an assignment to hand out, and its solutions in another folder. */
#define _GNU_SOURCE
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "base/json.h"
#include "grade/battery.h"
#include "grade/components.h"
#include "new_folder.h"
#include "starter.h"
#include "tool.h"

static const char COMMAND[] = "assign";

enum { MAX_COMPONENTS = 64 };

typedef struct {
    const starter_language *language;
    const char *folder;
    const char *solutions; /* NULL: FOLDER-solutions */
    const char *complete;  /* the complete starters; NULL: no solution is written */
    const char *title;
    char *names; /* owns what `wanted` points to */
    const char *wanted[MAX_COMPONENTS + 1];
    uint64_t seed;
    bool has_seed;
} assign_options;

static void print_help(void)
{
    puts("Usage: assay assign --from-starter LANGUAGE [OPTION...] DIR\n\n"
         "Writes an assignment into the new folder DIR: a submission without solutions, a README for students, and\n"
         "the public seed with which students test themselves. A rubric and the solutions go to another folder.\n\n"
         "  --from-starter LANGUAGE  c, javascript, python (NumPy) or pytorch\n"
         "  --components NAME,...  what students write (default: all, in the order of doc/grading.md)\n"
         "  --seed N               the public seed (default: a random one). Grade with another one\n"
         "  --title TEXT           of the README and the rubric (default: Assignment)\n"
         "  --solutions DIR2       a new folder outside DIR (default: DIR-solutions)\n"
         "  --complete FOLDER      the complete starters, tests/starters of assay's source: writes the solution, too.\n"
         "                         This program has no solutions in it");
}

/* --- options ------------------------------------------------------------------------------------------------------ */

/* Checks the names by drawing a battery of them, which has the message for an unknown one. */
static int check_components(const assign_options *options)
{
    assay_error error = {0};
    grade_battery *battery = NULL;
    assay_status status = assay_grade_battery_create(1, options->wanted, &battery, &error);
    assay_grade_battery_destroy(battery);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_usage(COMMAND, "--components: %s", error.message);
}

static int read_components(const char *text, assign_options *options)
{
    size_t count = 0;
    size_t all;
    const grade_component *const *components = assay_grade_components(&all);
    if (text == NULL) {
        for (; count < all && count < MAX_COMPONENTS; count++) {
            options->wanted[count] = components[count]->name;
        }
        return TOOL_SUCCESS;
    }
    free(options->names);
    options->names = strdup(text);
    if (options->names == NULL) {
        return tool_usage(COMMAND, "out of memory");
    }
    char *rest = options->names;
    for (char *name; (name = strsep(&rest, ",")) != NULL;) {
        if (count == MAX_COMPONENTS) {
            return tool_usage(COMMAND, "--components: more than %d", MAX_COMPONENTS);
        }
        options->wanted[count++] = name;
    }
    return check_components(options);
}

static int read_option(int option, char **argv, const char **components, assign_options *options)
{
    switch (option) {
    case 'l':
        options->language = starter_by_name(optarg);
        return options->language != NULL ? TOOL_SUCCESS
                                         : tool_usage(COMMAND, "--from-starter %s: no such starter; there are %s",
                                                      optarg, starter_language_names);
    case 'c': *components = optarg; return TOOL_SUCCESS;
    case 's':
        options->has_seed = true;
        return tool_parse_unsigned(optarg, 0, (uint64_t)1 << 53, &options->seed)
                   ? TOOL_SUCCESS
                   : tool_usage(COMMAND, "--seed %s: not a whole number from 0 to 2^53", optarg);
    case 't': options->title = optarg; return TOOL_SUCCESS;
    case 'o': options->solutions = optarg; return TOOL_SUCCESS;
    case 'C': options->complete = optarg; return TOOL_SUCCESS;
    case 'h': print_help(); exit(tool_flushed(TOOL_SUCCESS));
    default: return tool_bad_option(COMMAND, argv, option);
    }
}

static int read_options(int argc, char **argv, assign_options *options)
{
    static const struct option LONG[] = {{"from-starter", required_argument, NULL, 'l'},
                                         {"components", required_argument, NULL, 'c'},
                                         {"seed", required_argument, NULL, 's'},
                                         {"title", required_argument, NULL, 't'},
                                         {"solutions", required_argument, NULL, 'o'},
                                         {"complete", required_argument, NULL, 'C'},
                                         {"help", no_argument, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    const char *components = NULL;
    opterr = 0;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, ":h", LONG, NULL)) != -1;) {
        int status = read_option(option, argv, &components, options);
        if (status != TOOL_SUCCESS) {
            return status;
        }
    }
    if (options->language == NULL) {
        return tool_usage(COMMAND, "--from-starter is missing; there are %s", starter_language_names);
    }
    if (argc - optind != 1) {
        return argc == optind ? tool_usage(COMMAND, "the folder DIR is missing")
                              : tool_usage(COMMAND, "unexpected argument '%s'", argv[optind + 1]);
    }
    options->folder = argv[optind];
    return read_components(components, options);
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

static json_t *component_list(const assign_options *options)
{
    json_t *list = json_array();
    for (const char *const *name = options->wanted; *name != NULL; name++) {
        json_array_append_new(list, json_string(*name));
    }
    return list;
}

static assay_status put_json(new_folder *folder, const char *name, json_t *json, assay_error *error)
{
    char *text = json == NULL ? NULL : assay_json_print(json, JSON_INDENT(1));
    json_decref(json);
    if (text == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %s", name);
    }
    size_t length = strlen(text);
    text[length] = '\n'; /* in the place of the zero byte: a line ends */
    assay_status status = new_folder_put(folder, name, text, length + 1, error);
    free(text);
    return status;
}

static void write_readme(const assign_options *options, FILE *stream)
{
    const starter_language *language = options->language;
    fprintf(stream, "# %s\n\nWrite the bodies in `%s` (%s). Each one says that it is not implemented, and names the\n",
            options->title, language->submission.name, language->title);
    fputs("formula. Hand in this file.\n\n", stream);
    for (const char *const *name = options->wanted; *name != NULL; name++) {
        fprintf(stream, "- `%s`: %s\n", *name, assay_grade_component_by_name(*name)->title);
    }
    fprintf(stream,
            "\n## Check yourself\n\nInstall assay and, on Debian, `apt-get install %s`. Then type in this folder\n\n"
            "    ",
            language->packages);
    if (language->check != NULL) {
        fprintf(stream, "%s\n\n", language->check);
    } else {
        fprintf(stream, "assay grade --seed %llu %s\n\n", (unsigned long long)options->seed, language->submission.name);
    }
    if (language->companion.lines == starter_assay_py.lines) {
        fputs("In a notebook, copy the functions into cells, and put this into the last cell:\n\n    import assay\n"
              "    assay.check()\n\n"
              "Keep `assay.py` and `assignment.json` in the folder of the notebook.\n\n",
              stream);
    }
    fprintf(stream,
            "The report names the mistake and gives a hint. It draws its cases from the public seed %llu, in\n"
            "`assignment.json`. Your work is graded with cases from another seed. So write the formula, and not what\n"
            "fits these numbers.\n\n"
            "## Conventions\n\nWeights are [out][in]. The derivative of ReLU at 0 is 0. Losses are averaged over the "
            "batch. Momentum is\nm = b m + (1 - b) g. Adam adds epsilon outside the root. Compute in double "
            "precision, or declare single precision.\n",
            (unsigned long long)options->seed);
}

static assay_status put_readme(new_folder *folder, const assign_options *options, assay_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for README.md");
    }
    write_readme(options, stream);
    assay_status status = fclose(stream) != 0 ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for README.md")
                                              : new_folder_put(folder, "README.md", text, size, error);
    free(text);
    return status;
}

/* Puts a text, which it frees, after `status` of what made the text. */
static assay_status put_text(assay_status status, new_folder *folder, const char *name, char *text, size_t size,
                             assay_error *error)
{
    if (status == ASSAY_OK) {
        status = new_folder_put(folder, name, text, size, error);
        assay_free(text);
    }
    return status;
}

static assay_status put_companion(new_folder *folder, const starter_file *companion, assay_error *error)
{
    char *text = NULL;
    size_t size = 0;
    if (companion->name == NULL) {
        return ASSAY_OK;
    }
    assay_status made = starter_file_text(companion, &text, &size, error);
    return put_text(made, folder, companion->name, text, size, error);
}

static assay_status fill_assignment(new_folder *folder, const assign_options *options, assay_error *error)
{
    const starter_language *language = options->language;
    char *text = NULL;
    size_t size = 0;
    assay_status made = starter_blank(language, options->wanted, &text, &size, error);
    ASSAY_TRY(put_text(made, folder, language->submission.name, text, size, error));
    ASSAY_TRY(put_companion(folder, &language->companion, error));
    ASSAY_TRY(put_readme(folder, options, error));
    json_t *about = json_pack("{s:s, s:s, s:I, s:o}", "assay", PACKAGE_VERSION, "language", language->name, "seed",
                              (json_int_t)options->seed, "components", component_list(options));
    return put_json(folder, "assignment.json", about, error);
}

static assay_status put_solution(new_folder *folder, const assign_options *options, assay_error *error)
{
    const starter_language *language = options->language;
    char *text = NULL;
    size_t size = 0;
    if (options->complete == NULL) {
        return ASSAY_OK;
    }
    assay_status made = starter_complete(language, options->complete, &text, &size, error);
    ASSAY_TRY(put_text(made, folder, language->submission.name, text, size, error));
    return put_companion(folder, &language->companion, error);
}

/* Each component has the points of its cases, as without a rubric. */
static assay_status fill_solutions(new_folder *folder, const assign_options *options, assay_error *error)
{
    ASSAY_TRY(put_solution(folder, options, error));
    json_t *weights = json_object();
    for (const char *const *name = options->wanted; *name != NULL; name++) {
        size_t cases = assay_grade_component_by_name(*name)->case_count;
        json_object_set_new(weights, *name, json_integer((json_int_t)cases));
    }
    json_t *title = tool_json_text(options->title);
    return put_json(folder, "rubric.json", json_pack("{s:o, s:o}", "name", title, "weights", weights), error);
}

/* --- the folders -------------------------------------------------------------------------------------------------- */

/* The real path of a folder that need not be there; the one above it must be. Freed with free. */
static char *resolve(const char *path)
{
    char *result = realpath(path, NULL);
    char *copy = result != NULL ? NULL : strdup(path);
    char *whole = NULL;
    if (copy == NULL) {
        return result;
    }
    for (size_t length = strlen(copy); length > 1 && copy[length - 1] == '/';) {
        copy[--length] = '\0';
    }
    char *slash = strrchr(copy, '/');
    const char *name = slash == NULL ? copy : slash + 1;
    if (slash != NULL) {
        *slash = '\0';
    }
    whole = realpath(slash == NULL ? "." : slash == copy ? "/" : copy, NULL);
    if (whole == NULL || asprintf(&result, "%s/%s", strcmp(whole, "/") == 0 ? "" : whole, name) < 0) {
        result = NULL;
    }
    free(whole);
    free(copy);
    return result;
}

static bool is_within(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static assay_status write_both(const assign_options *options, const char *assignment, const char *solutions,
                               assay_error *error)
{
    new_folder *students = NULL;
    new_folder *teacher = NULL;
    if (is_within(solutions, assignment) || is_within(assignment, solutions)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: one of the two folders is in the other; keep the solutions outside %s", solutions,
                          assignment);
    }
    assay_status status = new_folder_begin(solutions, &teacher, error);
    if (status == ASSAY_OK) {
        status = fill_solutions(teacher, options, error);
    }
    if (status == ASSAY_OK) {
        status = new_folder_begin(assignment, &students, error);
    }
    if (status == ASSAY_OK) {
        status = fill_assignment(students, options, error);
    }
    if (status != ASSAY_OK) {
        new_folder_abort(teacher);
        new_folder_abort(students);
        return status;
    }
    status = new_folder_commit(students, error);
    if (status != ASSAY_OK) {
        new_folder_abort(teacher);
        return status;
    }
    return new_folder_commit(teacher, error);
}

static assay_status assign(const assign_options *options, assay_error *error)
{
    char *beside = NULL;
    char *assignment = resolve(options->folder);
    if (assignment == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: the folder above it is not there", options->folder);
    }
    if (options->solutions == NULL && asprintf(&beside, "%s-solutions", assignment) < 0) {
        free(assignment);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory");
    }
    char *solutions = resolve(options->solutions != NULL ? options->solutions : beside);
    assay_status status = solutions == NULL ? assay_fail(error, ASSAY_ERROR_IO, "%s: the folder above it is not there",
                                                         options->solutions)
                                            : write_both(options, assignment, solutions, error);
    if (status == ASSAY_OK) {
        printf("assignment: %s\n%s: %s\npublic seed %llu; grade with another one\n", assignment,
               options->complete != NULL ? "solution and rubric" : "rubric (for a solution give --complete)", solutions,
               (unsigned long long)options->seed);
    }
    free(assignment);
    free(solutions);
    free(beside);
    return status;
}

int assay_command_assign(int argc, char **argv)
{
    assay_error error = {0};
    assign_options options = {.title = "Assignment"};
    int status = read_options(argc, argv, &options);
    if (status == TOOL_SUCCESS) {
        bool seeded = options.has_seed || assay_grade_random_seed(&options.seed, &error) == ASSAY_OK;
        status = seeded && assign(&options, &error) == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
    }
    free(options.names);
    return status;
}
