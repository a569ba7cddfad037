/* assay gradescope: an autograder for Gradescope, and the results that it shows. */
#define _GNU_SOURCE
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/json.h"
#include "grade/catalogue.h"
#include "grade/child.h"
#include "grade/form.h"
#include "grade/rubric.h"
#include "starter.h"
#include "tool.h"

static const char COMMAND[] = "gradescope";

enum { MAX_INSTALL = 8, INSTALL_LIMIT = 256 << 20, REPORT_LIMIT = 64 << 20, RUBRIC_LIMIT = 1 << 20 };

typedef struct {
    const char *archive; /* OUT.zip */
    const char *rubric;
    const char *install[MAX_INSTALL];
    size_t install_count;
    const char *packages;
    const char *results;
    const char *output;
    const char *const *command; /* after "--"; NULL: none */
    bool runner;
    bool runners;
} gradescope_options;

static void print_help(void)
{
    puts("Usage: assay gradescope OUT.zip --rubric FILE --install FILE... [--packages LIST] [-- COMMAND...]\n"
         "       assay gradescope --results REPORT.json --rubric FILE [--output FILE]\n\n"
         "Writes OUT.zip, an autograder to upload to Gradescope. It grades one notebook, or one file in Python,\n"
         "JavaScript or C, or runs COMMAND in the folder of the submission.\n\n"
         "  --rubric FILE          weights (JSON; doc/grading.md)\n"
         "  --install FILE         assay for the image: a source tarball of `make dist`, or Debian packages of `make\n"
         "                         deb`. Give the option once for each package\n"
         "  --packages LIST        more packages of Debian or Ubuntu, such as \"python3-torch nodejs\"\n\n"
         "The autograder uses these:\n"
         "  --results FILE         a report of assay grade, in its format json, as results.json\n"
         "  --output FILE          write it there (default: standard output)\n"
         "  --runner               print the path of the runner of C submissions\n"
         "  --runners              print the folder of the runners of notebooks, Python and JavaScript");
}

/* --- results: https://gradescope-autograders.readthedocs.io/en/latest/specs/ -------------------------------------- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

/* A line that is not there yet. */
static void add_line(FILE *stream, json_t *told, const char *line, const char *hint)
{
    if (json_object_get(told, line) != NULL) {
        return;
    }
    json_object_set_new(told, line, json_true());
    fprintf(stream, "%s.%s%s\n", line, hint[0] == '\0' ? "" : " Hint: ", hint);
}

/*
 * What a student may read about a case: the mistake's name and the hint. A detail may have the inputs of a hidden draw:
 * the student's code may raise an exception that has them. Nothing was drawn for a submission that was never started.
 */
static void write_case(FILE *stream, json_t *told, const json_t *graded, bool values)
{
    const char *verdict = text_of(graded, "verdict");
    const json_t *mistake = json_object_get(graded, "mistake");
    size_t index;
    bool before = strcmp(verdict, assay_grade_verdict_name(GRADE_UNUSABLE)) == 0 ||
                  strcmp(verdict, assay_grade_verdict_name(GRADE_NOT_COMPILED)) == 0;
    if (strcmp(verdict, assay_grade_verdict_name(GRADE_PASS)) == 0) {
        return;
    }
    if (json_is_object(mistake)) {
        add_line(stream, told, text_of(mistake, "name"), text_of(mistake, "hint"));
        json_array_foreach(json_object_get(graded, "also"), index, mistake) {
            add_line(stream, told, text_of(mistake, "name"), text_of(mistake, "hint"));
        }
    } else if (strcmp(verdict, assay_grade_verdict_name(GRADE_WRONG)) == 0) {
        add_line(stream, told, "Wrong values that no known mistake explains", "");
    } else {
        bool kept = !before && !values && text_of(graded, "detail")[0] != '\0';
        add_line(stream, told, verdict,
                 kept ? "The message is for your teacher. Look for it with the public seed." : "");
    }
    if (before || values) {
        add_line(stream, told, text_of(graded, "detail"), "");
    }
}

static char *component_output(const json_t *component, bool values)
{
    char *text = NULL;
    size_t size = 0;
    size_t index;
    const json_t *graded;
    json_t *told = json_object();
    FILE *stream = open_memstream(&text, &size);
    if (stream != NULL) {
        json_array_foreach(json_object_get(component, "cases"), index, graded) {
            write_case(stream, told, graded, values);
        }
        if (fclose(stream) != 0) {
            free(text);
            text = NULL;
        }
    }
    json_decref(told);
    return text;
}

/* One test for the student; false: no memory. */
static bool add_component(json_t *tests, const json_t *component, bool values)
{
    double earned = 0.0;
    double possible = 0.0;
    bool passed = true;
    size_t index;
    const json_t *graded;
    json_array_foreach(json_object_get(component, "cases"), index, graded) {
        earned += json_number_value(json_object_get(graded, "points"));
        possible += json_number_value(json_object_get(graded, "possible"));
        passed = passed && strcmp(text_of(graded, "verdict"), assay_grade_verdict_name(GRADE_PASS)) == 0;
    }
    if (possible <= 0.0) {
        return true; /* not graded: Gradescope would show a test that nobody can pass */
    }
    char *output = component_output(component, values);
    json_t *test = json_pack("{s:s, s:f, s:f, s:s, s:s, s:s}", "name", text_of(component, "title"), "score", earned,
                             "max_score", possible, "status", passed ? "passed" : "failed", "output",
                             output == NULL ? "" : output, "visibility", "visible");
    free(output);
    return output != NULL && json_array_append_new(tests, test) == 0;
}

/* Everything, for the teacher alone: the seed draws the same cases again. */
static bool add_teacher(json_t *tests, const json_t *report)
{
    char *text = NULL;
    size_t size = 0;
    size_t p;
    size_t index;
    const json_t *component;
    const json_t *graded;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return false;
    }
    fprintf(stream, "seed %lld\n", (long long)json_integer_value(json_object_get(report, "seed")));
    if (text_of(report, "suspicion")[0] != '\0') {
        fprintf(stream, "SUSPICION: it may use the reference: %s\n", text_of(report, "suspicion"));
    }
    json_array_foreach(json_object_get(report, "components"), p, component) {
        json_array_foreach(json_object_get(component, "cases"), index, graded) {
            fprintf(stream, "%s, %s: %s %s\n", text_of(component, "component"), text_of(graded, "case"),
                    text_of(graded, "verdict"), text_of(graded, "detail"));
        }
    }
    bool whole = fclose(stream) == 0;
    json_t *test = whole
                       ? json_pack("{s:s, s:s, s:s}", "name", "for the teacher", "output", text, "visibility", "hidden")
                       : NULL;
    free(text);
    return json_array_append_new(tests, test) == 0;
}

static json_t *make_results(const json_t *report, bool values)
{
    json_t *tests = json_array();
    size_t index;
    const json_t *component;
    bool whole = true;
    json_array_foreach(json_object_get(report, "components"), index, component) {
        whole = add_component(tests, component, values) && whole;
    }
    whole = add_teacher(tests, report) && whole;
    bool again = json_integer_value(json_object_get(report, "not_run")) > 0;
    bool suspected = text_of(report, "suspicion")[0] != '\0' && !json_is_true(json_object_get(report, "cleared"));
    const char *output = again       ? "Some cases were not run. Submit again."
                         : suspected ? "No points until your teacher has looked at this submission."
                                     : "";
    if (!whole) {
        json_decref(tests);
        return NULL;
    }
    /* As text: a name or an error of the submission is never read as HTML. */
    return json_pack("{s:f, s:s, s:s, s:s, s:s, s:i, s:s, s:s, s:o}", "score",
                     json_number_value(json_object_get(report, "points")), "output", output, "output_format", "text",
                     "test_output_format", "text", "test_name_format", "text", "execution_time",
                     (int)ceil(json_number_value(json_object_get(report, "seconds"))), "visibility", "visible",
                     "stdout_visibility", "hidden", "tests", tests);
}

static assay_status load_json(const char *path, size_t limit, json_t **json, assay_error *error)
{
    char *text;
    size_t size;
    json_error_t where;
    assay_status status;
    *json = NULL;
    ASSAY_TRY(assay_file_read(path, limit, &text, &size, error));
    *json = assay_json_load(text, size, &where, &status);
    assay_free(text);
    return *json != NULL ? ASSAY_OK : assay_fail(error, status, "%s, line %d: %s", path, where.line, where.text);
}

static assay_status write_results(const gradescope_options *options, assay_error *error)
{
    json_t *report;
    json_t *rubric;
    ASSAY_TRY(load_json(options->rubric, RUBRIC_LIMIT, &rubric, error));
    assay_status status = load_json(options->results, REPORT_LIMIT, &report, error);
    if (status == ASSAY_OK && !json_is_array(json_object_get(report, "components"))) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: no report of assay grade --format json", options->results);
    }
    if (status == ASSAY_OK) {
        bool values = json_is_true(json_object_get(rubric, "show_values"));
        status = tool_write_json(make_results(report, values), options->output == NULL ? "-" : options->output, 10,
                                 error);
    }
    json_decref(report);
    json_decref(rubric);
    return status;
}

/* --- the archive -------------------------------------------------------------------------------------------------- */

static const char *const setup_lines[] = {
#include "gradescope_setup.inc"
    NULL,
};
static const char *const run_lines[] = {
#include "gradescope_run.inc"
    NULL,
};
static const char *const header_lines[] = {
#include "student_header.inc"
    NULL,
};

/* Adds a file; the archive takes a copy of the bytes. */
static assay_status add_bytes(zip_t *zip, const char *name, const char *bytes, size_t size, bool program,
                              assay_error *error)
{
    char *copy = size == 0 ? NULL : malloc(size); /* libzip frees it, but not where the size is 0 */
    if (copy == NULL && size > 0) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %s", name);
    }
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    zip_source_t *source = zip_source_buffer(zip, copy, size, 1);
    if (source == NULL) {
        free(copy);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %s", name);
    }
    zip_int64_t index = zip_file_add(zip, name, source, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(source);
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: %s", name, zip_strerror(zip));
    }
    zip_uint32_t mode = program ? 0100755u : 0100644u;
    return zip_file_set_external_attributes(zip, (zip_uint64_t)index, 0, ZIP_OPSYS_UNIX, mode << 16) == 0
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_IO, "%s: %s", name, zip_strerror(zip));
}

static assay_status add_lines(zip_t *zip, const char *name, const char *const *lines, bool program, assay_error *error)
{
    const starter_file file = {name, lines};
    char *text;
    size_t size;
    ASSAY_TRY(starter_file_text(&file, &text, &size, error));
    assay_status status = add_bytes(zip, name, text, size, program, error);
    assay_free(text);
    return status;
}

static assay_status add_file(zip_t *zip, const char *name, const char *path, size_t limit, assay_error *error)
{
    char *bytes;
    size_t size;
    ASSAY_TRY(assay_file_read(path, limit, &bytes, &size, error));
    assay_status status = add_bytes(zip, name, bytes, size, false, error);
    assay_free(bytes);
    return status;
}

/* The command, each word in quotes of the shell. */
static assay_status add_command(zip_t *zip, const gradescope_options *options, assay_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the command");
    }
    for (const char *const *word = options->command; word != NULL && *word != NULL; word++) {
        fputs("'", stream);
        for (const char *c = *word; *c != '\0'; c++) {
            fputs(*c == '\'' ? "'\\''" : (const char[]){*c, '\0'}, stream);
        }
        fputs("' ", stream);
    }
    assay_status status = fclose(stream) != 0 ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the command")
                                              : add_bytes(zip, "command", text, size, false, error);
    free(text);
    return status;
}

static assay_status add_install(zip_t *zip, const char *path, assay_error *error)
{
    const char *slash = strrchr(path, '/');
    char *place = assay_asprintf(error, "install/%s", slash == NULL ? path : slash + 1);
    if (place == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = add_file(zip, place, path, INSTALL_LIMIT, error);
    assay_free(place);
    return status;
}

static assay_status fill_archive(zip_t *zip, const gradescope_options *options, assay_error *error)
{
    const char *packages = options->packages == NULL ? "" : options->packages;
    for (size_t i = 0; i < options->install_count; i++) {
        ASSAY_TRY(add_install(zip, options->install[i], error));
    }
    ASSAY_TRY(add_file(zip, "rubric.json", options->rubric, RUBRIC_LIMIT, error));
    ASSAY_TRY(add_lines(zip, "setup.sh", setup_lines, true, error));
    ASSAY_TRY(add_lines(zip, "run_autograder", run_lines, true, error));
    ASSAY_TRY(add_lines(zip, "include/assay/student.h", header_lines, false, error));
    ASSAY_TRY(add_lines(zip, starter_assay_py.name, starter_assay_py.lines, false, error));
    ASSAY_TRY(add_bytes(zip, "packages", packages, strlen(packages), false, error));
    return add_command(zip, options, error);
}

/* Copies the finished archive to its file. */
static assay_status save(zip_source_t *source, const char *path, assay_error *error)
{
    assay_file_writer *writer;
    char block[1 << 16];
    zip_int64_t got;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    if (zip_source_open(source) != 0) {
        assay_file_abort(writer);
        return assay_fail(error, ASSAY_ERROR_IO, "%s: the archive cannot be made", path);
    }
    while ((got = zip_source_read(source, block, sizeof block)) > 0) {
        fwrite(block, 1, (size_t)got, assay_file_stream(writer));
    }
    zip_source_close(source);
    return assay_file_commit(writer, error);
}

static assay_status write_archive(const gradescope_options *options, assay_error *error)
{
    zip_error_t reason;
    zip_error_init(&reason);
    zip_source_t *source = zip_source_buffer_create(NULL, 0, 0, &reason);
    zip_t *zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_TRUNCATE, &reason);
    if (zip == NULL) {
        zip_source_free(source);
        zip_error_fini(&reason);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: no memory for the archive", options->archive);
    }
    zip_source_keep(source);
    assay_status status = fill_archive(zip, options, error);
    if (status == ASSAY_OK && zip_close(zip) != 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: %s", options->archive, zip_strerror(zip));
        zip_discard(zip);
    } else if (status != ASSAY_OK) {
        zip_discard(zip);
    }
    if (status == ASSAY_OK) {
        status = save(source, options->archive, error);
    }
    zip_source_free(source);
    zip_error_fini(&reason);
    return status;
}

/* The rubric is read as the grader reads it: an error in it is found here, and not by the first student. */
static assay_status check_rubric(const char *path, assay_error *error)
{
    grade_catalogue *catalogue;
    grade_rubric *rubric = NULL;
    ASSAY_TRY(assay_grade_catalogue_open(&catalogue, error));
    assay_status status = assay_grade_rubric_read(path, catalogue, &rubric, error);
    assay_grade_rubric_close(rubric);
    assay_grade_catalogue_close(catalogue);
    return status;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static int read_options(int argc, char **argv, gradescope_options *options)
{
    static const struct option LONG[] = {{"rubric", required_argument, NULL, 'r'},
                                         {"install", required_argument, NULL, 'i'},
                                         {"packages", required_argument, NULL, 'p'},
                                         {"results", required_argument, NULL, 'R'},
                                         {"output", required_argument, NULL, 'o'},
                                         {"runner", no_argument, NULL, 'u'},
                                         {"runners", no_argument, NULL, 'U'},
                                         {"help", no_argument, NULL, 'h'},
                                         {NULL, 0, NULL, 0}};
    opterr = 0;
    optind = 1;
    int dashes = 1;
    while (dashes < argc && strcmp(argv[dashes], "--") != 0) {
        dashes++;
    }
    if (dashes < argc) {
        options->command = (const char *const *)argv + dashes + 1;
    }
    for (int option; (option = getopt_long(dashes, argv, ":h", LONG, NULL)) != -1;) {
        switch (option) {
        case 'r': options->rubric = optarg; break;
        case 'i':
            if (options->install_count == MAX_INSTALL) {
                return tool_usage(COMMAND, "--install: more than %d files", MAX_INSTALL);
            }
            options->install[options->install_count++] = optarg;
            break;
        case 'p': options->packages = optarg; break;
        case 'R': options->results = optarg; break;
        case 'o': options->output = optarg; break;
        case 'u': options->runner = true; break;
        case 'U': options->runners = true; break;
        case 'h': print_help(); exit(tool_flushed(TOOL_SUCCESS));
        default: return tool_bad_option(COMMAND, argv, option);
        }
    }
    options->archive = optind < dashes ? argv[optind] : NULL;
    return dashes - optind > 1 ? tool_usage(COMMAND, "unexpected argument '%s'", argv[optind + 1]) : TOOL_SUCCESS;
}

/* Only letters, digits and what names of packages have: the list is a part of a shell command in setup.sh. */
static bool are_packages(const char *list)
{
    return list == NULL ||
           strspn(list, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-:= ") == strlen(list);
}

static int check_options(const gradescope_options *options)
{
    assay_error error;
    const char *output = options->results != NULL ? options->output : options->archive;
    const char *inputs[MAX_INSTALL + 2] = {options->rubric, options->results};
    memcpy(inputs + 2, options->install, sizeof options->install);
    if (options->rubric == NULL) {
        return tool_usage(COMMAND, "--rubric is missing: it says what is graded (doc/grading.md)");
    }
    if (options->results == NULL && options->archive == NULL) {
        return tool_usage(COMMAND, "the archive OUT.zip is missing");
    }
    if (options->results == NULL && options->install_count == 0) {
        return tool_usage(COMMAND, "--install is missing: a tarball of `make dist`, or the packages of `make deb`");
    }
    if (!are_packages(options->packages)) {
        return tool_usage(COMMAND, "--packages: not a list of packages, such as \"python3-torch python3-pil\"");
    }
    return tool_keep_inputs(&output, 1, inputs, sizeof inputs / sizeof *inputs, &error) == ASSAY_OK
               ? TOOL_SUCCESS
               : tool_usage(COMMAND, "%s", error.message);
}

static int print_place(const gradescope_options *options)
{
    assay_error error = {0};
    char *place = NULL;
    assay_status status = options->runners ? assay_grade_runners_find(&place, &error)
                                           : assay_grade_runner_find(&place, &error);
    if (status != ASSAY_OK) {
        return tool_fail(COMMAND, &error);
    }
    puts(place);
    assay_free(place);
    return TOOL_SUCCESS;
}

int assay_command_gradescope(int argc, char **argv)
{
    gradescope_options options = {0};
    assay_error error = {0};
    int status = read_options(argc, argv, &options);
    if (status == TOOL_SUCCESS && (options.runner || options.runners)) {
        return print_place(&options);
    }
    if (status == TOOL_SUCCESS) {
        status = check_options(&options);
    }
    if (status != TOOL_SUCCESS) {
        return status;
    }
    assay_status done = check_rubric(options.rubric, &error);
    if (done == ASSAY_OK) {
        done = options.results != NULL ? write_results(&options, &error) : write_archive(&options, &error);
    }
    return done == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}
