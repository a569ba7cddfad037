/* Saved networks: a file of either format, opened by what it holds, with the network that it describes. */
#ifndef ASSAY_MODEL_MODEL_H
#define ASSAY_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/config.h>
#include <assay/model/state.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a model file that is read. */
#define ASSAY_MODEL_FILE_LIMIT ((size_t)1 << 30)

/* The metadata key under which a safetensors file of ours has the JSON text of its configuration (model/config.h). */
#define ASSAY_MODEL_CONFIG_KEY "config"

typedef enum { ASSAY_MODEL_TORCH_ZIP, ASSAY_MODEL_SAFETENSORS } assay_model_format;

/* "PyTorch zip checkpoint" or "safetensors". */
const char *assay_model_format_name(assay_model_format format);

typedef struct {
    bool allow_nonfinite; /* otherwise a NaN or an infinity in any tensor is ASSAY_ERROR_NUMERIC, with name and index */
} assay_model_options;

typedef struct {
    assay_model_format format;
    assay_state *state;
    bool has_activation; /* shapes alone do not tell the activation */
    assay_network_config config;
} assay_model;

/*
 * Reads the model at `path`. The format is told by the file's first bytes; the sizes of the network by the shapes of
 * "layers.N.weight" and "layers.N.bias" (other tensors, an optimizer's say, may stand beside them); the activation by the
 * metadata "config" of a safetensors file, or by the file beside it that has ".config" for its last suffix (as the
 * tutorial's save_model writes it). A configuration that contradicts the shapes is ASSAY_ERROR_FORMAT; where there is
 * none, has_activation is false and config.activation the identity. `options` may be NULL. The caller ends the model with assay_model_close.
 */
assay_status assay_model_open(const char *path, const assay_model_options *options, assay_model *model,
                              assay_error *error);

/*
 * Copies the weights and biases into the network's parameters, converted to its backend's precision. ASSAY_ERROR_ARGUMENT
 * unless the network was created with the model's sizes; failures of the backend as assay_backend_check tells them.
 */
assay_status assay_model_upload(const assay_model *model, assay_network *network, assay_error *error);

/* Frees what assay_model_open filled in; a zeroed struct is allowed. */
void assay_model_close(assay_model *model);

/*
 * A state from the bytes of a file in either format, as assay_model_open does it before it looks at the network. The
 * caller ends the state with assay_state_destroy.
 */
assay_status assay_model_parse(const void *bytes, size_t size, const char *name, assay_model_format *format,
                               assay_state **state, assay_error *error);

ASSAY_END_DECLS
#endif
