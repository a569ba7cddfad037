/* Saved networks: a file of any format, opened by what it holds, with the network that it describes. */
#ifndef ASSAY_MODEL_MODEL_H
#define ASSAY_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/config.h>
#include <assay/model/layers.h>
#include <assay/model/state.h>
#include <assay/model/torch_state.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a model file that is read. */
#define ASSAY_MODEL_FILE_LIMIT ((size_t)1 << 30)

/* The metadata key under which a safetensors file of ours has the JSON text of its configuration (model/config.h). */
#define ASSAY_MODEL_CONFIG_KEY "config"

typedef enum { ASSAY_MODEL_TORCH_ZIP, ASSAY_MODEL_TORCH_LEGACY, ASSAY_MODEL_SAFETENSORS } assay_model_format;

/* "PyTorch zip checkpoint", "PyTorch checkpoint from before 1.6" or "safetensors". */
const char *assay_model_format_name(assay_model_format format);

typedef struct {
    bool allow_nonfinite; /* otherwise a NaN or an infinity in the network is ASSAY_ERROR_NUMERIC, with its place */
    const char *prefix;   /* of the network's names (assay_layers_find); NULL: any */
} assay_model_options;

typedef struct {
    assay_model_format format;
    assay_state *state;      /* all tensors of the file */
    assay_torch_about about; /* what it holds beside them */
    assay_layers layers;     /* the network's own, in `state` */
    bool has_activation;     /* shapes do not determine the activation */
    assay_network_config config;
    char config_name[ASSAY_ERROR_LENGTH]; /* where the activation's name was found */
    assay_error config_error; /* why a configuration that is there was not used; status ASSAY_OK for nothing */
} assay_model;

/*
 * Reads the tensors of the file at `path`, whatever network they are; only the first four fields of the model are
 * filled in. The first bytes determine the format. A file that is not a model's, or could run code in Python, is
 * ASSAY_ERROR_FORMAT, with what it is and what to do.
 */
assay_status assay_model_load(const char *path, assay_model *model, assay_error *error);

/*
 * Reads the model at `path` (assay_model_load) and finds the network in it (assay_layers_find). The activation is named
 * by the metadata "config" of a safetensors file, or by the file beside it that has ".config" for its last suffix (as
 * the tutorial's save_model writes it). A configuration that is of another program or contradicts the shapes is not
 * used; config_error says why. Without one, has_activation is false and config.activation the identity. `options` may
 * be NULL. The caller closes the model with assay_model_close.
 */
assay_status assay_model_open(const char *path, const assay_model_options *options, assay_model *model,
                              assay_error *error);

/*
 * Copies the weights and biases into the network's parameters, converted to its backend's precision.
 * ASSAY_ERROR_ARGUMENT unless the network was created with the model's sizes; failures of the backend as
 * assay_backend_check reports them.
 */
assay_status assay_model_upload(const assay_model *model, assay_network *network, assay_error *error);

/* Frees what assay_model_open or assay_model_load filled in; a zeroed struct is allowed. */
void assay_model_close(assay_model *model);

/* "folder/model.tar" -> "folder/model.config", freed with assay_free; NULL when memory is out. */
char *assay_model_config_path(const char *path, assay_error *error);

/*
 * A state from the bytes of a file in any format, as assay_model_load does it; `about` may be NULL. The caller frees
 * the state with assay_state_destroy.
 */
assay_status assay_model_parse(const void *bytes, size_t size, const char *name, assay_model_format *format,
                               assay_state **state, assay_torch_about *about, assay_error *error);

ASSAY_END_DECLS
#endif
