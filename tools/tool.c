#include "tool.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/base/text.h>
#include "output.h"

int tool_fail(const char *command, const assay_error *error)
{
    fprintf(stderr, "assay %s: %s\n", command, error->message);
    return TOOL_FAILURE;
}

int tool_flushed(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("assay: cannot write all of the standard output; is the disk full?\n", stderr);
        return status == TOOL_SUCCESS ? TOOL_FAILURE : status;
    }
    return status;
}

/* The beginning of a line on stderr, with what came from the command line or a file fit for a terminal. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 0)))
#endif
static void
print_line(const char *command, const char *kind, const char *format, va_list arguments)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, arguments);
    assay_text_clean(text);
    fprintf(stderr, "assay %s: %s%s", command, kind, text);
}

int tool_usage(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(command, "", format, arguments);
    fprintf(stderr, "; see assay %s --help\n", command);
    va_end(arguments);
    return TOOL_USAGE;
}

void tool_note(const char *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_line(command, "note: ", format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

int tool_bad_option(const char *command, char **argv, int answer)
{
    const char *option = argv[optind - 1];
    if (answer == ':') {
        return tool_usage(command, "option %s needs a value", option);
    }
    if (optopt != 0 && optopt < 256) {
        return tool_usage(command, "unknown option -%c", optopt);
    }
    return tool_usage(command, "unknown option %s", option);
}

bool tool_parse_unsigned(const char *text, uint64_t low, uint64_t high, uint64_t *value)
{
    if (*text < '0' || *text > '9') {
        return false;
    }
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *value = number;
    return errno == 0 && *end == '\0' && number >= low && number <= high;
}

bool tool_parse_real(const char *text, double low, double high, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) && *value >= low && *value <= high;
}

assay_status tool_open_backend(const char *text, unsigned threads, assay_backend **backend, assay_error *error)
{
    char name[32];
    const char *wanted = text != NULL ? text : "openblas";
    size_t length = strcspn(wanted, ":");
    if (length >= sizeof name) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown backend '%s'", wanted);
    }
    memcpy(name, wanted, length);
    name[length] = '\0';
    assay_backend_options options = {.name = name, .precision = ASSAY_F32, .threads = (int)threads};
    if (wanted[length] == ':') {
        ASSAY_TRY(assay_precision_by_name(wanted + length + 1, &options.precision, error));
    } else if (strcmp(name, "reference") == 0) {
        options.precision = ASSAY_F64; /* it has no other */
    }
    return assay_backend_open(&options, backend, error);
}

int tool_no_backend(const char *command, const assay_error *error)
{
    bool wrong_name = error->status == ASSAY_ERROR_ARGUMENT;
    return wrong_name ? tool_usage(command, "%s", error->message) : tool_fail(command, error);
}

static bool is_file(const char *path)
{
    return path != NULL && strcmp(path, "-") != 0;
}

assay_status tool_keep_inputs(const char *const *outputs, size_t output_count, const char *const *inputs,
                              size_t input_count, assay_error *error)
{
    for (size_t i = 0; i < output_count; i++) {
        for (size_t j = 0; j < input_count && is_file(outputs[i]); j++) {
            if (inputs[j] != NULL) {
                ASSAY_TRY(assay_file_keep(outputs[i], inputs[j], error));
            }
        }
        for (size_t j = 0; j < i && is_file(outputs[i]); j++) {
            if (is_file(outputs[j]) && assay_file_is_same(outputs[i], outputs[j])) {
                return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: is named for two outputs; name two files",
                                  outputs[i]);
            }
        }
    }
    return ASSAY_OK;
}

json_t *tool_json_text(const char *text)
{
    char *copy = assay_strdup(text, NULL);
    if (copy == NULL) {
        return NULL;
    }
    assay_text_clean(copy);
    json_t *json = json_string(copy);
    assay_free(copy);
    return json;
}

assay_status tool_write_json(json_t *json, const char *path, int digits, assay_error *error)
{
    return output_write_json(json, path, JSON_INDENT(2) | JSON_REAL_PRECISION((size_t)digits), error);
}

assay_status tool_load_data(const char *folder, assay_part part, const char *normalize, assay_dataset *data,
                            assay_error *error)
{
    assay_normalization normalization = ASSAY_NORMALIZE_TUTORIAL;
    *data = (assay_dataset){0};
    if (normalize != NULL) {
        ASSAY_TRY(assay_normalization_by_name(normalize, &normalization, error));
    }
    ASSAY_TRY(assay_dataset_load(folder, part, data, error));
    assay_status status = assay_dataset_normalize(folder, part, normalization, data, error);
    if (status != ASSAY_OK) {
        assay_dataset_destroy(data);
    }
    return status;
}

assay_status tool_find_program(const char *name, char **path, assay_error *error)
{
    static const char *const places[] = {"", "../" /* libtool's .libs/ */, "../libexec/assay/"};
    enum { PLACES = sizeof places / sizeof *places };
    char *candidates[PLACES + 1];
    for (size_t i = 0; i < PLACES; i++) {
        char *below = assay_asprintf(error, "%s%s", places[i], name);
        candidates[i] = below != NULL ? assay_file_beside_program(below, error) : NULL;
        assay_free(below);
    }
    candidates[PLACES] = assay_asprintf(error, ASSAY_PKGLIBEXECDIR "/%s", name);
    *path = NULL;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (*path == NULL && candidates[i] != NULL && access(candidates[i], X_OK) == 0) {
            *path = candidates[i];
        } else {
            assay_free(candidates[i]);
        }
    }
    return *path != NULL ? ASSAY_OK
                         : assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                                      "the program %s is not installed: build assay with Open MPI (Debian: "
                                      "libopenmpi-dev)",
                                      name);
}
