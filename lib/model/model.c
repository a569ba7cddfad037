#include <assay/model/model.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>

enum { CONFIG_FILE_LIMIT = 1 << 20 };

const char *assay_model_format_name(assay_model_format format)
{
    return format == ASSAY_MODEL_TORCH_ZIP ? "PyTorch zip checkpoint" : "safetensors";
}

/* --- the file -------------------------------------------------------------------------------------------------- */

/* PROTO 2, LONG1 of 10 bytes: 0x1950a86a20f9469cfc6c, torch.serialization.MAGIC_NUMBER. */
static const unsigned char LEGACY[] = {0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19};

assay_status assay_model_parse(const void *bytes, size_t size, const char *name, assay_model_format *format,
                               assay_state **state, assay_error *error)
{
    *state = NULL;
    if (assay_torch_zip_recognised(bytes, size)) {
        *format = ASSAY_MODEL_TORCH_ZIP;
        return assay_torch_zip_parse(bytes, size, name, state, error);
    }
    if (assay_safetensors_recognised(bytes, size)) {
        *format = ASSAY_MODEL_SAFETENSORS;
        return assay_safetensors_parse(bytes, size, name, state, error);
    }
    if (size >= sizeof LEGACY && memcmp(bytes, LEGACY, sizeof LEGACY) == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: a checkpoint in PyTorch's format before 1.6; load it there and save it again with torch.save",
                          name);
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: neither a zip checkpoint of PyTorch nor a safetensors file", name);
}

/* --- the network ----------------------------------------------------------------------------------------------- */

/* "folder/model.tar" -> "folder/model.config"; a name without a suffix gets one. NULL when memory is out. */
static char *config_path(const char *path, assay_error *error)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(path, '.');
    size_t stem = dot != NULL && (slash == NULL || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);
    return assay_asprintf(error, "%.*s.config", (int)stem, path);
}

static assay_status take_config(assay_model *model, const char *text, size_t length, const char *name,
                                assay_error *error)
{
    assay_network_config written;
    ASSAY_TRY(assay_model_config_parse(text, length, name, &written, error));
    ASSAY_TRY(assay_model_config_compare(&model->config, &written, name, error));
    model->config.activation = written.activation;
    model->has_activation = true;
    return ASSAY_OK;
}

static assay_status read_config_file(assay_model *model, const char *path, assay_error *error)
{
    struct stat about;
    char *text = NULL;
    size_t length = 0;
    if (stat(path, &about) != 0) {
        return errno == ENOENT || errno == ENOTDIR
                   ? ASSAY_OK
                   : assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    }
    ASSAY_TRY(assay_file_read(path, CONFIG_FILE_LIMIT, &text, &length, error));
    assay_status status = take_config(model, text, length, path, error);
    assay_free(text);
    return status;
}

static assay_status find_config(assay_model *model, const char *path, assay_error *error)
{
    ASSAY_TRY(assay_model_config_deduce(model->state, path, &model->config, error));
    const char *text = assay_state_text(model->state, ASSAY_MODEL_CONFIG_KEY);
    if (text != NULL) {
        return take_config(model, text, strlen(text), path, error);
    }
    char *beside = config_path(path, error);
    if (beside == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = read_config_file(model, beside, error);
    assay_free(beside);
    return status;
}

static assay_status open_bytes(const char *bytes, size_t size, const char *path, const assay_model_options *options,
                               assay_model *model, assay_error *error)
{
    ASSAY_TRY(assay_model_parse(bytes, size, path, &model->format, &model->state, error));
    if (options == NULL || !options->allow_nonfinite) {
        ASSAY_TRY(assay_fail_in(error, assay_state_check_finite(model->state, error), path));
    }
    return find_config(model, path, error);
}

assay_status assay_model_open(const char *path, const assay_model_options *options, assay_model *model,
                              assay_error *error)
{
    char *bytes = NULL;
    size_t size = 0;
    *model = (assay_model){0};
    ASSAY_TRY(assay_file_read(path, ASSAY_MODEL_FILE_LIMIT, &bytes, &size, error));
    assay_status status = open_bytes(bytes, size, path, options, model, error);
    assay_free(bytes);
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
