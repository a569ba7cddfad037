/* The network's inside, for lib/nn alone. */
#ifndef ASSAY_NN_NETWORK_IMPL_H
#define ASSAY_NN_NETWORK_IMPL_H

#include <assay/nn/network.h>

/* One linear layer and the activation behind it. */
typedef struct {
    size_t in;
    size_t out;
    assay_activation activation; /* identity behind the last layer */
    assay_slice weight;
    assay_slice bias;
    assay_slice weight_gradient;
    assay_slice bias_gradient;
    assay_buffer *z;  /* [max_rows][out]; NULL where it is not read */
    assay_buffer *y;  /* [max_rows][out] */
    assay_buffer *dz; /* [max_rows][out] */
} assay_network_layer;

struct assay_network {
    assay_backend *backend;
    assay_network_config config;
    size_t max_rows;
    size_t layer_count;
    assay_network_layer *layers;
    assay_buffer *parameters;
    assay_buffer *gradients;
};

#endif
