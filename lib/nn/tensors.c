/* What can be asked of a network: its tensors, layers and sizes. */
#include <stdio.h>

#include "nn/network_impl.h"

assay_backend *assay_network_backend(const assay_network *network)
{
    return network->backend;
}

const assay_network_config *assay_network_configuration(const assay_network *network)
{
    return &network->config;
}

size_t assay_network_max_rows(const assay_network *network)
{
    return network->max_rows;
}

size_t assay_network_tensor_count(const assay_network *network)
{
    return 2 * network->layer_count;
}

assay_tensor assay_network_tensor(const assay_network *network, size_t index)
{
    const assay_network_layer *layer = &network->layers[index / 2];
    bool is_bias = index % 2 == 1;
    assay_tensor tensor = {
        .layer = index / 2,
        .is_bias = is_bias,
        .rows = layer->out,
        .columns = is_bias ? 1 : layer->in,
        .values = is_bias ? layer->bias : layer->weight,
        .gradient = is_bias ? layer->bias_gradient : layer->weight_gradient,
    };
    snprintf(tensor.name, sizeof tensor.name, "layers.%u.%s", (unsigned)assay_network_printed_index(index / 2),
             is_bias ? "bias" : "weight");
    return tensor;
}

size_t assay_network_parameter_count(const assay_network *network)
{
    size_t count = 0;
    for (size_t i = 0; i < network->layer_count; i++) {
        count += network->layers[i].weight.count + network->layers[i].bias.count;
    }
    return count;
}

assay_slice assay_network_parameters(const assay_network *network)
{
    return assay_whole(network->parameters);
}

assay_slice assay_network_gradients(const assay_network *network)
{
    return assay_whole(network->gradients);
}

size_t assay_network_layer_count(const assay_network *network)
{
    return network->layer_count;
}

size_t assay_network_printed_index(size_t layer)
{
    /* nn.ModuleList counts the activation between two linear layers as well. */
    return 2 * layer;
}

assay_linear_shape assay_network_layer_shape(const assay_network *network, size_t layer, size_t rows)
{
    return (assay_linear_shape){rows, network->layers[layer].in, network->layers[layer].out};
}
