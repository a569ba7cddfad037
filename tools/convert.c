/* assay convert: a saved network from one format to another. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "tool.h"

static const char COMMAND[] = "convert";

typedef struct {
    const char *input;
    const char *output;
    bool verbose;
} convert_options;

static void print_help(void)
{
    puts("Usage: assay convert IN OUT [OPTION...]\n\n"
         "Writes the tensors of a saved network in another format. The suffix of OUT selects it: .safetensors, or\n"
         ".pt, .pth, .tar, .ckpt or .bin for a file that torch.load(weights_only=True) reads. IN is a file of any\n"
         "network in a format that assay evaluate reads. Tensors keep their values, types and names; everything\n"
         "else is left out. The network's configuration is kept, if IN has one: as metadata of the safetensors\n"
         "file, or in the .config file of OUT.\n\n"
         "  --verbose              after an error, print where in the file it was found");
}

static int parse(int argc, char **argv, convert_options *options)
{
    enum { VERBOSE, HELP };
    static const struct option LONG[] = {
        {"verbose", no_argument, NULL, VERBOSE}, {"help", no_argument, NULL, HELP}, {NULL, 0, NULL, 0}};
    opterr = 0;
    optind = 1;
    for (int answer; (answer = getopt_long(argc, argv, ":", LONG, NULL)) != -1;) {
        if (answer == HELP) {
            print_help();
            exit(tool_flushed(TOOL_SUCCESS));
        }
        if (answer != VERBOSE) {
            return tool_bad_option(COMMAND, argv, answer);
        }
        options->verbose = true;
    }
    if (argc - optind != 2) {
        return argc - optind < 2 ? tool_usage(COMMAND, "IN and OUT are needed")
                                 : tool_usage(COMMAND, "unexpected argument '%s'", argv[optind + 2]);
    }
    options->input = argv[optind];
    options->output = argv[optind + 1];
    return TOOL_SUCCESS;
}

/* The format that the suffix names; false for a suffix of none. */
static bool format_of(const char *path, assay_model_format *format)
{
    /* clang-format off */
    static const struct {
        const char *suffix;
        assay_model_format format;
    } suffixes[] = {
        {".safetensors", ASSAY_MODEL_SAFETENSORS}, {".pt", ASSAY_MODEL_TORCH_ZIP},   {".pth", ASSAY_MODEL_TORCH_ZIP},
        {".tar", ASSAY_MODEL_TORCH_ZIP},           {".ckpt", ASSAY_MODEL_TORCH_ZIP}, {".bin", ASSAY_MODEL_TORCH_ZIP},
    };
    /* clang-format on */
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot != NULL && i < sizeof suffixes / sizeof *suffixes; i++) {
        if (strcasecmp(dot, suffixes[i].suffix) == 0) {
            *format = suffixes[i].format;
            return true;
        }
    }
    return false;
}

/* The text of IN's configuration, NULL where it has none that is good; freed with assay_free. */
static assay_status read_config(const convert_options *options, const assay_model *model, char **text,
                                assay_error *error)
{
    enum { CONFIG_LIMIT = 1 << 17 };
    assay_network_config parsed;
    const char *metadata = assay_state_text(model->state, ASSAY_MODEL_CONFIG_KEY);
    size_t size = 0;
    *text = NULL;
    if (metadata != NULL) {
        *text = assay_strdup(metadata, error);
        return *text == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    }
    char *path = assay_model_config_path(options->input, error);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (assay_file_read(path, CONFIG_LIMIT, text, &size, NULL) == ASSAY_OK &&
        assay_model_config_parse(*text, size, path, &parsed, NULL) != ASSAY_OK) {
        assay_free(*text);
        *text = NULL;
    }
    assay_free(path);
    return ASSAY_OK;
}

static assay_status write_text(const char *path, const char *text, assay_error *error)
{
    assay_file_writer *writer = NULL;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    fputs(text, assay_file_stream(writer));
    return assay_file_commit(writer, error);
}

/* Complex numbers came late to safetensors: version 0.5.2, which Debian 13 has, refuses a file with them. */
static void note_new_types(const assay_state *state)
{
    for (size_t i = 0; i < assay_state_count(state); i++) {
        if (assay_state_at(state, i)->dtype == ASSAY_DTYPE_C64) {
            tool_note(COMMAND, "the file has tensors of type C64, which safetensors 0.5 and before cannot read");
            return;
        }
    }
}

/* OUT, and with PyTorch's format OUT's .config, unless there is one. */
static assay_status write_all(const convert_options *options, assay_model_format format, const assay_model *model,
                              const char *config, assay_error *error)
{
    if (format == ASSAY_MODEL_SAFETENSORS) {
        note_new_types(model->state);
        if (config != NULL) {
            ASSAY_TRY(assay_state_set_text(model->state, ASSAY_MODEL_CONFIG_KEY, config, error));
        }
        return assay_safetensors_write(options->output, model->state, error);
    }
    ASSAY_TRY(assay_torch_zip_write(options->output, model->state, error));
    if (config == NULL) {
        return ASSAY_OK;
    }
    char *path = assay_model_config_path(options->output, error);
    assay_status status = path == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK && access(path, F_OK) == 0) {
        tool_note(COMMAND, "%s is there already, and was left as it is", path);
    } else if (status == ASSAY_OK) {
        status = write_text(path, config, error);
    }
    assay_free(path);
    return status;
}

static assay_status convert(const convert_options *options, assay_model_format format, assay_error *error)
{
    assay_model model;
    char *config = NULL;
    assay_status status = assay_model_load(options->input, &model, error);
    if (status == ASSAY_OK && assay_state_count(model.state) == 0) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: holds no tensors", options->input);
    }
    if (status == ASSAY_OK) {
        status = read_config(options, &model, &config, error);
    }
    if (status == ASSAY_OK && model.about.others[0] != '\0') {
        tool_note(COMMAND, "left out: %s", model.about.others);
    }
    if (status == ASSAY_OK) {
        status = write_all(options, format, &model, config, error);
    }
    assay_free(config);
    assay_model_close(&model);
    return status;
}

int assay_command_convert(int argc, char **argv)
{
    convert_options options = {0};
    assay_model_format format;
    assay_error error;
    int result = parse(argc, argv, &options);
    if (result != TOOL_SUCCESS) {
        return result;
    }
    if (!format_of(options.output, &format)) {
        return tool_usage(COMMAND, "%s: its suffix names no format; use .safetensors or .pt", options.output);
    }
    const char *const outputs[] = {options.output};
    const char *const inputs[] = {options.input};
    if (tool_keep_inputs(outputs, 1, inputs, 1, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "%s", error.message);
    }
    if (convert(&options, format, &error) != ASSAY_OK) {
        result = tool_fail(COMMAND, &error);
        if (options.verbose && error.detail[0] != '\0') {
            tool_note(COMMAND, "%s", error.detail);
        }
    }
    return result;
}
