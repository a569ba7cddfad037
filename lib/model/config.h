/*
 * What a saved network is: the tutorial's `config` of BaseNetwork (cell [9]), as JSON
 * {"act_fn": "ReLU", "input_size": 784, "num_classes": 10, "hidden_sizes": [64, 32]}.
 */
#ifndef ASSAY_MODEL_CONFIG_H
#define ASSAY_MODEL_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

/*
 * Reads the JSON text, at most 128 KiB; `name` is its name in errors. "act_fn" is PyTorch's class name ("ReLU",
 * "Tanh", "Identity", "LeakyReLU", ...) or Assay's own name, in either case. The parameter of leaky ReLU and ELU is
 * in "act_fn_parameter" where it is not PyTorch's default. A byte order mark before the text is skipped.
 * ASSAY_ERROR_FORMAT for a missing, unknown or malformed key, for a size of 0 and for more than ASSAY_MAX_HIDDEN hidden
 * layers.
 */
assay_status assay_model_config_parse(const char *text, size_t length, const char *name, assay_network_config *config,
                                      assay_error *error);

/* The JSON text, with PyTorch's class name; the caller frees it with assay_free. */
assay_status assay_model_config_print(const assay_network_config *config, char **text, assay_error *error);

/* ASSAY_ERROR_FORMAT, naming the difference, unless the sizes of the two are the same. */
assay_status assay_model_config_compare(const assay_network_config *shapes, const assay_network_config *written,
                                        const char *name, assay_error *error);

ASSAY_END_DECLS
#endif
