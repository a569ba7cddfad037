/*
 * A fully connected network and its backpropagation, written once over the backend interface: linear layers with one
 * activation function between them, and none after the last.
 */
#ifndef ASSAY_NN_NETWORK_H
#define ASSAY_NN_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

enum { ASSAY_MAX_HIDDEN = 512, ASSAY_TENSOR_NAME = 32 };

/* What kind of network; plain data. */
typedef struct {
    size_t inputs;
    size_t classes;
    size_t hidden_count;
    size_t hidden[ASSAY_MAX_HIDDEN]; /* units of each hidden layer */
    assay_activation activation;
} assay_network_config;

/* Reads sizes such as "64,32" into config->hidden; "" means no hidden layer. ASSAY_ERROR_ARGUMENT with the reason for
 * any other text, and then config is unchanged. */
assay_status assay_network_parse_hidden(const char *text, assay_network_config *config, assay_error *error);

typedef struct assay_network assay_network;

/*
 * A network whose parameters are all 0, for batches of up to `max_rows`. With `keep_preactivations` the outputs of the
 * linear layers stay readable. The backend must outlive the network, which the caller frees with
 * assay_network_destroy. ASSAY_ERROR_ARGUMENT for sizes of 0, too many layers, or products that overflow.
 */
assay_status assay_network_create(assay_backend *backend, const assay_network_config *config, size_t max_rows,
                                  bool keep_preactivations, assay_network **network, assay_error *error);
void assay_network_destroy(assay_network *network);

assay_backend *assay_network_backend(const assay_network *network);
const assay_network_config *assay_network_configuration(const assay_network *network);
size_t assay_network_max_rows(const assay_network *network);

/* --- parameters ------------------------------------------------------------------------------------------------ */

/* One parameter tensor, in the order of PyTorch's named_parameters(): weight and bias of each layer in turn. */
typedef struct {
    char name[ASSAY_TENSOR_NAME]; /* "layers.0.weight", "layers.0.bias", "layers.2.weight", ... */
    size_t layer;                 /* linear layers counted 0, 1, 2, ... */
    bool is_bias;
    size_t rows;    /* fan-out */
    size_t columns; /* fan-in; 1 for a bias */
    assay_slice values;
    assay_slice gradient;
} assay_tensor;

size_t assay_network_tensor_count(const assay_network *network);
assay_tensor assay_network_tensor(const assay_network *network, size_t index);

/* How many numbers the tensors hold together, without padding. */
size_t assay_network_parameter_count(const assay_network *network);

/*
 * All parameters, and all gradients, as one slice each: what an optimizer steps over. Each tensor starts at a multiple
 * of 16 elements; the padding between them is 0 in both and stays so under every update rule.
 */
assay_slice assay_network_parameters(const assay_network *network);
assay_slice assay_network_gradients(const assay_network *network);

/* --- layers ---------------------------------------------------------------------------------------------------- */

/* Linear layers: hidden_count + 1. */
size_t assay_network_layer_count(const assay_network *network);
/* The index of a linear layer in PyTorch's nn.Sequential, where activations count too: 0, 2, 4, ... ("layers.2"). */
size_t assay_network_printed_index(size_t layer);
assay_linear_shape assay_network_layer_shape(const assay_network *network, size_t layer, size_t rows);

/* --- passes ---------------------------------------------------------------------------------------------------- */

/* x: real [rows][inputs], rows <= max_rows (else recorded as a failure of the backend). */
void assay_network_forward(assay_network *network, size_t rows, assay_slice x);

/* The last forward pass's output, [rows][classes]. */
assay_slice assay_network_logits(const assay_network *network, size_t rows);

/* The last forward pass's output of one linear layer before its activation, [rows][out]. Needs keep_preactivations,
 * except for the last layer. */
assay_slice assay_network_preactivations(const assay_network *network, size_t layer, size_t rows);

/*
 * After assay_network_forward on the same x: mean cross-entropy into `loss` and right answers into `correct` (see
 * assay_softmax_cross_entropy), and the gradient of the mean loss into every tensor's gradient; into dx as well
 * (real [rows][inputs]) unless it is ASSAY_NO_SLICE. Gradients are written, not accumulated.
 */
void assay_network_backward(assay_network *network, size_t rows, assay_slice x, assay_slice labels, assay_slice loss,
                            assay_slice correct, assay_slice dx);

/* The gradient of the last backward pass with respect to one linear layer's output, [rows][out]. */
assay_slice assay_network_preactivation_gradients(const assay_network *network, size_t layer, size_t rows);

ASSAY_END_DECLS
#endif
