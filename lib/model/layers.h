/* The network in a saved state: which tensors are its weights and biases, whatever a container around it was called. */
#ifndef ASSAY_MODEL_LAYERS_H
#define ASSAY_MODEL_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/state.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

/* Longest prefix of names, with its last dot. */
enum { ASSAY_MODEL_PREFIX_LENGTH = 200 };

typedef struct {
    size_t count;                                             /* of layers */
    const assay_stored_tensor *weights[ASSAY_MAX_HIDDEN + 1]; /* [out][in] */
    const assay_stored_tensor *biases[ASSAY_MAX_HIDDEN + 1];  /* [out] */
    char prefix[ASSAY_MODEL_PREFIX_LENGTH + 1];               /* of all names: "", "state_dict.model."; ends in a dot */
    bool other_names; /* the layers are not called layers.N, and were found by shapes and order */
} assay_layers;

/*
 * Finds the layers: "layers.N.weight" and "layers.N.bias" in the order of N, whatever the steps of N (PyTorch counts
 * the activations too), behind one prefix that is made of the usual names of containers (state_dict, model_state_dict,
 * model, net, network, module, _orig_mod, ...). Where there are no such names: all tensors behind such a prefix, if
 * they are pairs of a matrix X.weight and a vector X.bias that make exactly one chain by their shapes, or by their
 * shapes and their order (by the numbers in their names; where `in_order`, by their order in the state).
 *
 * `prefix` NULL: any; otherwise that one alone, with or without its dot. `name` is the file's name in errors.
 * ASSAY_ERROR_FORMAT where there is no network, or more than one; where matrices do not chain or are not floating
 * point; and where tensors below "layers." are left over (batch normalization, masks, LoRA, weight normalization): the
 * network computes something else then.
 */
assay_status assay_layers_find(const assay_state *state, const char *prefix, bool in_order, const char *name,
                               assay_layers *layers, assay_error *error);

/* Whether the tensor is one of the layers'. */
bool assay_layers_have(const assay_layers *layers, const assay_stored_tensor *tensor);

/* The sizes of the network. Shapes do not determine the activation: config->activation does not change. */
void assay_layers_sizes(const assay_layers *layers, assay_network_config *config);

ASSAY_END_DECLS
#endif
