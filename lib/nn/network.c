#include <assay/nn/network.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "nn/network_impl.h"

/* Tensors start on whole cache lines of float, so that vector loops need no prologue. */
enum { TENSOR_ALIGNMENT = 16 };

assay_status assay_network_parse_hidden(const char *text, assay_network_config *config, assay_error *error)
{
    assay_network_config parsed = *config;
    parsed.hidden_count = 0;
    const char *at = text;
    while (*at != '\0') {
        char *end;
        unsigned long size = *at >= '0' && *at <= '9' ? strtoul(at, &end, 10) : 0;
        if (size == 0 || size > 1000000 || (*end != ',' && *end != '\0') || (*end == ',' && end[1] == '\0')) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                              "hidden sizes '%s' are not numbers from 1 to 1000000 with commas between them", text);
        }
        if (parsed.hidden_count == ASSAY_MAX_HIDDEN) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "hidden sizes '%.40s...' are more than %d", text,
                              ASSAY_MAX_HIDDEN);
        }
        parsed.hidden[parsed.hidden_count++] = size;
        at = *end == ',' ? end + 1 : end;
    }
    *config = parsed;
    return ASSAY_OK;
}

/*
 * Adds `copies` tensors [rows][columns] to a number of elements. False for an empty tensor, and where the elements as
 * doubles would be more bytes than memory can have: then no size computed from them overflows.
 */
static bool add_tensors(size_t *elements, size_t copies, size_t rows, size_t columns)
{
    size_t count;
    return rows != 0 && columns != 0 && !__builtin_mul_overflow(rows, columns, &count) &&
           !__builtin_add_overflow(count, TENSOR_ALIGNMENT, &count) && !__builtin_mul_overflow(count, copies, &count) &&
           !__builtin_add_overflow(*elements, count, elements) && *elements <= PTRDIFF_MAX / sizeof(double);
}

static assay_status check_config(const assay_network_config *config, size_t max_rows, assay_error *error)
{
    if (config->hidden_count > ASSAY_MAX_HIDDEN) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%zu hidden layers are more than %d", config->hidden_count,
                          ASSAY_MAX_HIDDEN);
    }
    size_t in = config->inputs;
    size_t elements = 0;
    bool fits = add_tensors(&elements, 1, max_rows, in); /* the batch itself */
    for (size_t layer = 0; layer <= config->hidden_count; layer++) {
        size_t out = layer < config->hidden_count ? config->hidden[layer] : config->classes;
        /* Weights, biases and their gradients; z, y and dz. */
        fits = fits && add_tensors(&elements, 2, in, out) && add_tensors(&elements, 2, 1, out) &&
               add_tensors(&elements, 3, max_rows, out);
        if (!fits) {
            return assay_fail(
                error, ASSAY_ERROR_ARGUMENT,
                "a network with a layer %zu -> %zu for batches of %zu cannot be made: each must be at least "
                "1, and all tensors must fit into memory",
                in, out, max_rows);
        }
        in = out;
    }
    return ASSAY_OK;
}

static size_t padded(size_t count)
{
    return (count + TENSOR_ALIGNMENT - 1) / TENSOR_ALIGNMENT * TENSOR_ALIGNMENT;
}

static void shape_layers(assay_network *network)
{
    const assay_network_config *config = &network->config;
    size_t in = config->inputs;
    for (size_t i = 0; i < network->layer_count; i++) {
        bool last = i + 1 == network->layer_count;
        assay_network_layer *layer = &network->layers[i];
        layer->in = in;
        layer->out = last ? config->classes : config->hidden[i];
        layer->activation = last ? assay_activation_default(ASSAY_IDENTITY) : config->activation;
        in = layer->out;
    }
}

static void create_parameters(assay_network *network)
{
    size_t total = 0;
    for (size_t i = 0; i < network->layer_count; i++) {
        total += padded(network->layers[i].in * network->layers[i].out) + padded(network->layers[i].out);
    }
    network->parameters = assay_buffer_create(network->backend, ASSAY_REAL, total);
    network->gradients = assay_buffer_create(network->backend, ASSAY_REAL, total);
    size_t offset = 0;
    for (size_t i = 0; i < network->layer_count; i++) {
        assay_network_layer *layer = &network->layers[i];
        size_t count = layer->in * layer->out;
        layer->weight = (assay_slice){network->parameters, offset, count};
        layer->weight_gradient = (assay_slice){network->gradients, offset, count};
        offset += padded(count);
        layer->bias = (assay_slice){network->parameters, offset, layer->out};
        layer->bias_gradient = (assay_slice){network->gradients, offset, layer->out};
        offset += padded(layer->out);
    }
}

static void create_activations(assay_network *network, bool keep_preactivations)
{
    for (size_t i = 0; i < network->layer_count; i++) {
        assay_network_layer *layer = &network->layers[i];
        size_t count = network->max_rows * layer->out;
        layer->y = assay_buffer_create(network->backend, ASSAY_REAL, count);
        layer->dz = assay_buffer_create(network->backend, ASSAY_REAL, count);
        bool apart = layer->activation.kind != ASSAY_IDENTITY;
        bool read = assay_activation_describe(layer->activation.kind)->derivative_reads == ASSAY_READS_INPUT;
        if (apart && (keep_preactivations || read)) {
            layer->z = assay_buffer_create(network->backend, ASSAY_REAL, count);
        }
    }
}

assay_status assay_network_create(assay_backend *backend, const assay_network_config *config, size_t max_rows,
                                  bool keep_preactivations, assay_network **network, assay_error *error)
{
    *network = NULL;
    ASSAY_TRY(check_config(config, max_rows, error));
    assay_network *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *made = (assay_network){.backend = backend, .config = *config, .max_rows = max_rows};
    made->layers = assay_calloc(config->hidden_count + 1, sizeof *made->layers, error);
    if (made->layers == NULL) {
        assay_network_destroy(made);
        return ASSAY_ERROR_MEMORY;
    }
    made->layer_count = config->hidden_count + 1;
    shape_layers(made);
    create_parameters(made);
    create_activations(made, keep_preactivations);
    assay_status status = assay_backend_check(backend, error);
    if (status != ASSAY_OK) {
        assay_network_destroy(made);
        return status;
    }
    *network = made;
    return ASSAY_OK;
}

void assay_network_destroy(assay_network *network)
{
    if (network == NULL) {
        return;
    }
    for (size_t i = 0; i < network->layer_count; i++) {
        assay_buffer_destroy(network->backend, network->layers[i].z);
        assay_buffer_destroy(network->backend, network->layers[i].y);
        assay_buffer_destroy(network->backend, network->layers[i].dz);
    }
    assay_buffer_destroy(network->backend, network->parameters);
    assay_buffer_destroy(network->backend, network->gradients);
    assay_free(network->layers);
    assay_free(network);
}

/* The first rows of a [max_rows][out] buffer. */
static assay_slice rows_of(assay_buffer *buffer, size_t rows, size_t out)
{
    return buffer == NULL ? ASSAY_NO_SLICE : assay_part_of(assay_whole(buffer), 0, rows * out);
}

static assay_slice preactivations(const assay_network_layer *layer, size_t rows)
{
    bool apart = layer->activation.kind != ASSAY_IDENTITY;
    return rows_of(apart ? layer->z : layer->y, rows, layer->out);
}

void assay_network_forward(assay_network *network, size_t rows, assay_slice x)
{
    assay_slice input = x;
    for (size_t i = 0; i < network->layer_count; i++) {
        const assay_network_layer *layer = &network->layers[i];
        assay_slice y = rows_of(layer->y, rows, layer->out);
        assay_linear_forward(network->backend, (assay_linear_shape){rows, layer->in, layer->out}, layer->activation,
                             input, layer->weight, layer->bias, preactivations(layer, rows), y);
        input = y;
    }
}

void assay_network_backward(assay_network *network, size_t rows, assay_slice x, assay_slice labels, assay_slice loss,
                            assay_slice correct, assay_slice dx)
{
    assay_backend *backend = network->backend;
    size_t last = network->layer_count - 1;
    assay_softmax_cross_entropy(backend, rows, network->config.classes, assay_network_logits(network, rows), labels,
                                loss, correct, assay_network_preactivation_gradients(network, last, rows));
    for (size_t i = network->layer_count; i-- > 0;) {
        const assay_network_layer *layer = &network->layers[i];
        assay_linear_shape shape = {rows, layer->in, layer->out};
        assay_slice dz = rows_of(layer->dz, rows, layer->out);
        if (i > 0) {
            const assay_network_layer *below = &network->layers[i - 1];
            assay_slice y_below = rows_of(below->y, rows, below->out);
            assay_linear_backward_input(backend, shape, below->activation, dz, layer->weight,
                                        preactivations(below, rows), y_below, rows_of(below->dz, rows, below->out));
            assay_linear_backward_parameters(backend, shape, y_below, dz, layer->weight_gradient, layer->bias_gradient);
        } else {
            if (dx.buffer != NULL) {
                assay_linear_backward_input(backend, shape, assay_activation_default(ASSAY_IDENTITY), dz, layer->weight,
                                            ASSAY_NO_SLICE, ASSAY_NO_SLICE, dx);
            }
            assay_linear_backward_parameters(backend, shape, x, dz, layer->weight_gradient, layer->bias_gradient);
        }
    }
}

assay_slice assay_network_logits(const assay_network *network, size_t rows)
{
    return rows_of(network->layers[network->layer_count - 1].y, rows, network->config.classes);
}

assay_slice assay_network_preactivations(const assay_network *network, size_t layer, size_t rows)
{
    return preactivations(&network->layers[layer], rows);
}

assay_slice assay_network_preactivation_gradients(const assay_network *network, size_t layer, size_t rows)
{
    return rows_of(network->layers[layer].dz, rows, network->layers[layer].out);
}
