#include <assay/model/model.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/pickle.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "model/source.h"

enum { CONFIG_FILE_LIMIT = 1 << 17, HEAD = 4096 };

const char *assay_model_format_name(assay_model_format format)
{
    static const char *const names[] = {
        [ASSAY_MODEL_TORCH_ZIP] = "PyTorch zip checkpoint",
        [ASSAY_MODEL_TORCH_LEGACY] = "PyTorch checkpoint from before 1.6",
        [ASSAY_MODEL_SAFETENSORS] = "safetensors",
    };
    return names[format];
}

/* --- the file -------------------------------------------------------------------------------------------------- */

/* LONG1 of 10 bytes: 0x1950a86a20f9469cfc6c, torch.serialization.MAGIC_NUMBER. PROTO and a number are before it. */
static const unsigned char LEGACY[] = {0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};
/* The same number as pickle protocols 0 and 1 write it. */
static const char LEGACY_LINE[] = "L119547037146038801333356L\n";

static bool is_legacy(const unsigned char *head, size_t size)
{
    if (size >= strlen(LEGACY_LINE) && memcmp(head, LEGACY_LINE, strlen(LEGACY_LINE)) == 0) {
        return true;
    }
    size_t at = size > 2 && head[0] == 0x80 ? 2 : 0;
    at += size > at + 9 && head[at] == 0x95 ? 9 : 0; /* FRAME */
    return size >= at + sizeof LEGACY && memcmp(head + at, LEGACY, sizeof LEGACY) == 0;
}

static assay_status own_class(const char *name, const char *class, assay_error *error)
{
    return assay_fail(
        error, ASSAY_ERROR_FORMAT,
        "%s: a whole network was pickled, or another object ('%.100s'); only a program with this class can "
        "load it: save net.state_dict() there, with torch.save",
        name, class);
}

/* What a pickle is, if it is not a file of torch.save. */
static assay_status judge_pickle(const assay_source *source, const unsigned char *bytes, size_t size, bool *judged,
                                 assay_error *error)
{
    assay_pickle *pickle = NULL;
    pickle_verdict verdict = PICKLE_BROKEN;
    assay_status status = assay_pickle_parse(bytes, size, source->name, &pickle, NULL, &verdict, error);
    *judged = verdict != PICKLE_BROKEN;
    if (status == ASSAY_OK) {
        const char *class = assay_pickle_own_class(pickle);
        status = class != NULL
                     ? own_class(source->name, class, error)
                     : assay_fail(error, ASSAY_ERROR_FORMAT,
                                  "%s: is a pickle of %s, known to be harmless, but not a file of torch.save: save "
                                  "net.state_dict() with torch.save",
                                  source->name, assay_pickle_root(pickle));
        assay_pickle_destroy(pickle);
    }
    return status;
}

static assay_status judge_unknown(const assay_source *source, const unsigned char *head, size_t size,
                                  assay_error *error)
{
    enum { TEXT_PICKLE = 1 << 16 };
    bool judged = false;
    const char *what = assay_model_foreign(head, size);
    if (what != NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %s", source->name, what);
    }
    unsigned char *bytes = NULL;
    size_t limit = head[0] == 0x80 ? ASSAY_PICKLE_LIMIT : TEXT_PICKLE;
    size = source->size < limit ? source->size : limit;
    ASSAY_TRY(assay_source_take(source, 0, size, &bytes, error));
    assay_status status = judge_pickle(source, bytes, size, &judged, error);
    assay_free(bytes);
    if (status == ASSAY_ERROR_MEMORY || judged) {
        return status;
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: neither a checkpoint of PyTorch nor a safetensors file%s",
                      source->name,
                      head[0] == 0x80 ? "; it begins like a pickle: is the download complete?"
                                      : ": name the file that torch.save or safetensors wrote");
}

/* The head first: of a file that is not a model, nothing else is read. */
static assay_status load(const assay_source *source, assay_model_format *format, assay_state **state,
                         assay_torch_about *about, assay_error *error)
{
    unsigned char head[HEAD];
    size_t size = source->size < HEAD ? source->size : HEAD;
    *state = NULL;
    if (size == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: is empty: is the download complete?", source->name);
    }
    ASSAY_TRY(assay_source_read(source, 0, size, head, error));
    if (assay_torch_zip_recognised(head, size)) {
        *format = ASSAY_MODEL_TORCH_ZIP;
        return assay_torch_zip_load(source, state, about, error);
    }
    if (assay_safetensors_recognised(head, size)) {
        *format = ASSAY_MODEL_SAFETENSORS;
        return assay_safetensors_load(source, state, error);
    }
    if (is_legacy(head, size)) {
        *format = ASSAY_MODEL_TORCH_LEGACY;
        return assay_torch_legacy_load(source, state, about, error);
    }
    return judge_unknown(source, head, size, error);
}

assay_status assay_model_parse(const void *bytes, size_t size, const char *name, assay_model_format *format,
                               assay_state **state, assay_torch_about *about, assay_error *error)
{
    const assay_source source = {.name = name, .memory = bytes, .size = size};
    return load(&source, format, state, about, error);
}

assay_status assay_model_load(const char *path, assay_model *model, assay_error *error)
{
    assay_source source = {.name = path};
    *model = (assay_model){0};
    ASSAY_TRY(assay_file_open(path, ASSAY_MODEL_FILE_LIMIT, &source.descriptor, &source.size, error));
    assay_status status = load(&source, &model->format, &model->state, &model->about, error);
    close(source.descriptor);
    return status;
}

/* --- the network ----------------------------------------------------------------------------------------------- */

char *assay_model_config_path(const char *path, assay_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    size_t stem = dot != NULL && (slash == NULL || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
    return assay_asprintf(error, "%.*s.config", (int)stem, path);
}

/* A configuration that does not fit is not an error: it may be another program's. */
static void take_config(assay_model *model, const char *text, size_t length, const char *name)
{
    assay_network_config written;
    if (assay_model_config_parse(text, length, name, &written, &model->config_error) == ASSAY_OK &&
        assay_model_config_compare(&model->config, &written, name, &model->config_error) == ASSAY_OK) {
        model->config.activation = written.activation;
        model->has_activation = true;
        snprintf(model->config_name, sizeof model->config_name, "%s", name);
    }
}

static void read_config_file(assay_model *model, const char *path)
{
    struct stat about;
    char *text = NULL;
    size_t length = 0;
    if (stat(path, &about) != 0) {
        if (errno != ENOENT) {
            assay_fail(&model->config_error, ASSAY_ERROR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
        }
        return;
    }
    if (assay_file_read(path, CONFIG_FILE_LIMIT, &text, &length, &model->config_error) == ASSAY_OK) {
        take_config(model, text, length, path);
        assay_free(text);
    }
}

static assay_status find_config(assay_model *model, const char *path, assay_error *error)
{
    const char *text = assay_state_text(model->state, ASSAY_MODEL_CONFIG_KEY);
    char *name = text != NULL ? assay_asprintf(error, "%s: its metadata '" ASSAY_MODEL_CONFIG_KEY "'", path)
                              : assay_model_config_path(path, error);
    if (name == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (text != NULL) {
        take_config(model, text, strlen(text), name);
    } else {
        read_config_file(model, name);
    }
    assay_free(name);
    return model->config_error.status != ASSAY_ERROR_MEMORY
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for its configuration", path);
}

/* Why there is no network, in the words of what the file holds. */
static assay_status explain(const assay_model *model, const char *path, assay_error *error)
{
    const assay_torch_about *about = &model->about;
    if (about->own_class[0] != '\0') {
        return own_class(path, about->own_class, error);
    }
    if (assay_state_count(model->state) == 0) {
        return assay_fail(
            error, ASSAY_ERROR_FORMAT, "%s: holds no tensors%s%s%s%s%s: save net.state_dict() with torch.save", path,
            about->root[0] != '\0' ? "; it is " : "", about->root, about->others[0] != '\0' ? " with " : "",
            about->others, about->root[0] != '\0' ? ", known to be harmless" : "");
    }
    if (about->root[0] != '\0' && strcmp(about->root, "a dictionary") != 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: is %s, with tensors that have no names of a network's: save net.state_dict() with "
                          "torch.save",
                          path, about->root);
    }
    if (about->others[0] != '\0' && strstr(error->message, "no tensor 'layers.N.weight'") != NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: holds more than a state_dict (%s), and no network of the tutorial, with tensors "
                          "'layers.N.weight': save net.state_dict() alone",
                          path, about->others);
    }
    return ASSAY_ERROR_FORMAT;
}

static assay_status find_network(const char *path, const assay_model_options *options, assay_model *model,
                                 assay_error *error)
{
    const char *prefix = options == NULL ? NULL : options->prefix;
    bool in_order = model->format != ASSAY_MODEL_SAFETENSORS;
    assay_error why;
    assay_status status = assay_layers_find(model->state, prefix, in_order, path, &model->layers, &why);
    if (status != ASSAY_OK) {
        if (error != NULL) {
            *error = why;
        }
        return status == ASSAY_ERROR_FORMAT && error != NULL ? explain(model, path, error) : status;
    }
    for (size_t i = 0; i < model->layers.count && (options == NULL || !options->allow_nonfinite); i++) {
        ASSAY_TRY(assay_fail_in(error, assay_stored_tensor_check_finite(model->layers.weights[i], error), path));
        ASSAY_TRY(assay_fail_in(error, assay_stored_tensor_check_finite(model->layers.biases[i], error), path));
    }
    assay_layers_sizes(&model->layers, &model->config);
    return find_config(model, path, error);
}

assay_status assay_model_open(const char *path, const assay_model_options *options, assay_model *model,
                              assay_error *error)
{
    ASSAY_TRY(assay_model_load(path, model, error));
    assay_status status = find_network(path, options, model, error);
    if (status != ASSAY_OK) {
        assay_model_close(model);
    }
    return status;
}

void assay_model_close(assay_model *model)
{
    assay_state_destroy(model->state);
    *model = (assay_model){0};
}
