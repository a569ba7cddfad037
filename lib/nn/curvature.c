#include <assay/nn/curvature.h>

#include <assay/base/alloc.h>
#include "nn/network_impl.h"

/* R{z}, R{y} and R{dz} of one layer, [max_rows][out] each; rda is R{da}, and da what reaches y before f'. */
typedef struct {
    assay_buffer *rz;
    assay_buffer *ry;
    assay_buffer *rdz;
    assay_buffer *da;
} curvature_layer;

struct assay_curvature {
    assay_network *network;
    curvature_layer *layers;
    double *host[4]; /* [max_rows][the widest layer] */
};

static bool is_curved(const assay_network_layer *layer)
{
    return assay_activation_describe(layer->activation.kind)->second != NULL;
}

static assay_status create_buffers(assay_curvature *c, assay_error *error)
{
    assay_backend *backend = c->network->backend;
    size_t widest = 0;
    for (size_t i = 0; i < c->network->layer_count; i++) {
        const assay_network_layer *layer = &c->network->layers[i];
        size_t count = c->network->max_rows * layer->out;
        widest = count > widest ? count : widest;
        if (layer->z == NULL && layer->activation.kind != ASSAY_IDENTITY) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "curvature needs a network that keeps its preactivations");
        }
        c->layers[i].rz = assay_buffer_create(backend, ASSAY_REAL, count);
        c->layers[i].ry = assay_buffer_create(backend, ASSAY_REAL, count);
        c->layers[i].rdz = assay_buffer_create(backend, ASSAY_REAL, count);
        c->layers[i].da = assay_buffer_create(backend, ASSAY_REAL, count);
    }
    for (size_t i = 0; i < sizeof c->host / sizeof *c->host; i++) {
        c->host[i] = assay_calloc(widest, sizeof *c->host[i], error);
        if (c->host[i] == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
    }
    return assay_backend_check(backend, error);
}

assay_status assay_curvature_create(assay_network *network, assay_curvature **curvature, assay_error *error)
{
    *curvature = NULL;
    assay_curvature *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->network = network;
    made->layers = assay_calloc(network->layer_count, sizeof *made->layers, error);
    assay_status status = made->layers != NULL ? create_buffers(made, error) : ASSAY_ERROR_MEMORY;
    if (status != ASSAY_OK) {
        assay_curvature_destroy(made);
        return status;
    }
    *curvature = made;
    return ASSAY_OK;
}

void assay_curvature_destroy(assay_curvature *curvature)
{
    if (curvature == NULL) {
        return;
    }
    assay_backend *backend = curvature->network->backend;
    for (size_t i = 0; curvature->layers != NULL && i < curvature->network->layer_count; i++) {
        assay_buffer_destroy(backend, curvature->layers[i].rz);
        assay_buffer_destroy(backend, curvature->layers[i].ry);
        assay_buffer_destroy(backend, curvature->layers[i].rdz);
        assay_buffer_destroy(backend, curvature->layers[i].da);
    }
    for (size_t i = 0; i < sizeof curvature->host / sizeof *curvature->host; i++) {
        assay_free(curvature->host[i]);
    }
    assay_free(curvature->layers);
    assay_free(curvature);
}

static assay_slice rows_of(assay_buffer *buffer, size_t rows, const assay_network_layer *layer)
{
    return assay_part_of(assay_whole(buffer), 0, rows * layer->out);
}

/* The part of a vector that belongs to a parameter tensor. */
static assay_slice part_for(assay_slice vector, assay_slice tensor)
{
    return assay_part_of(vector, tensor.offset, tensor.count);
}

/* z of the forward pass. */
static assay_slice preactivations_of(const assay_network_layer *layer, size_t rows)
{
    return rows_of(layer->activation.kind == ASSAY_IDENTITY ? layer->y : layer->z, rows, layer);
}

/* R{z} = x V^T + v_b + R{x} W^T, R{y} = f'(z) R{z}. */
static void forward(assay_curvature *c, size_t rows, assay_slice x, assay_slice vector)
{
    assay_backend *backend = c->network->backend;
    const assay_activation none = assay_activation_default(ASSAY_IDENTITY);
    for (size_t i = 0; i < c->network->layer_count; i++) {
        const assay_network_layer *layer = &c->network->layers[i];
        const assay_network_layer *below = i > 0 ? layer - 1 : NULL;
        assay_slice rz = rows_of(c->layers[i].rz, rows, layer);
        assay_linear_forward(backend, (assay_linear_shape){rows, layer->in, layer->out}, none,
                             below != NULL ? rows_of(below->y, rows, below) : x, part_for(vector, layer->weight),
                             part_for(vector, layer->bias), ASSAY_NO_SLICE, rz);
        if (below != NULL) {
            const assay_gemm_shape shape = {
                .trans_b = true, .m = rows, .n = layer->out, .k = layer->in, .alpha = 1.0, .beta = 1.0};
            assay_gemm(backend, shape, rows_of(c->layers[i - 1].ry, rows, below), layer->weight, rz);
        }
        assay_activation_backward(backend, layer->activation, preactivations_of(layer, rows),
                                  rows_of(layer->y, rows, layer), rz, rows_of(c->layers[i].ry, rows, layer));
    }
}

/* dz = (p - onehot) / rows, p = softmax(z): R{dz_j} = p_j (R{z_j} - sum_k p_k R{z_k}) / rows. On the host: it is
 * small. */
static void through_softmax(assay_curvature *c, size_t rows)
{
    const size_t last = c->network->layer_count - 1;
    const assay_network_layer *layer = &c->network->layers[last];
    assay_backend *backend = c->network->backend;
    size_t classes = layer->out;
    double *p = c->host[0];
    double *r = c->host[1];
    assay_slice rdz = rows_of(c->layers[last].rdz, rows, layer);
    assay_softmax(backend, rows, classes, rows_of(layer->y, rows, layer), rdz);
    assay_download_f64(backend, rdz, p);
    assay_download_f64(backend, rows_of(c->layers[last].rz, rows, layer), r);
    for (size_t row = 0; row < rows; row++) {
        double mean = 0.0;
        for (size_t j = 0; j < classes; j++) {
            mean += p[row * classes + j] * r[row * classes + j];
        }
        for (size_t j = 0; j < classes; j++) {
            r[row * classes + j] = p[row * classes + j] * (r[row * classes + j] - mean) / (double)rows;
        }
    }
    assay_upload_f64(backend, rdz, r);
}

/* R{dW} = R{dz}^T x + dz^T R{x}, R{db} = sum over rows of R{dz}. */
static void parameters(assay_curvature *c, size_t i, size_t rows, assay_slice x, assay_slice product)
{
    assay_backend *backend = c->network->backend;
    const assay_network_layer *layer = &c->network->layers[i];
    assay_slice weight = part_for(product, layer->weight);
    assay_linear_backward_parameters(backend, (assay_linear_shape){rows, layer->in, layer->out}, x,
                                     rows_of(c->layers[i].rdz, rows, layer), weight, part_for(product, layer->bias));
    if (i > 0) {
        const assay_gemm_shape shape = {
            .trans_a = true, .m = layer->out, .n = layer->in, .k = rows, .alpha = 1.0, .beta = 1.0};
        assay_gemm(backend, shape, rows_of(layer->dz, rows, layer), rows_of(c->layers[i - 1].ry, rows, layer - 1),
                   weight);
    }
}

/* Adds f''(z) R{z} da to R{dz}, on the host: only activations that are curved need it. */
static void add_bend(assay_curvature *c, size_t below, size_t rows)
{
    const assay_network_layer *layer = &c->network->layers[below];
    const assay_activation f = layer->activation;
    double (*second)(double x, double a) = assay_activation_describe(f.kind)->second;
    assay_backend *backend = c->network->backend;
    assay_slice rdz = rows_of(c->layers[below].rdz, rows, layer);
    assay_download_f64(backend, preactivations_of(layer, rows), c->host[0]);
    assay_download_f64(backend, rows_of(c->layers[below].rz, rows, layer), c->host[1]);
    assay_download_f64(backend, rows_of(c->layers[below].da, rows, layer), c->host[2]);
    assay_download_f64(backend, rdz, c->host[3]);
    for (size_t i = 0; i < rows * layer->out; i++) {
        c->host[3][i] += second(c->host[0][i], f.parameter) * c->host[1][i] * c->host[2][i];
    }
    assay_upload_f64(backend, rdz, c->host[3]);
}

/* R{dz_below} = f'(z) (R{dz} W + dz V) + f''(z) R{z} (dz W). */
static void pass_down(assay_curvature *c, size_t i, size_t rows, assay_slice vector)
{
    assay_backend *backend = c->network->backend;
    const assay_network_layer *layer = &c->network->layers[i];
    const assay_network_layer *below = layer - 1;
    assay_slice rdz_below = rows_of(c->layers[i - 1].rdz, rows, below);
    assay_gemm_shape shape = {.m = rows, .n = layer->in, .k = layer->out, .alpha = 1.0};
    if (is_curved(below)) {
        assay_gemm(backend, shape, rows_of(layer->dz, rows, layer), layer->weight,
                   rows_of(c->layers[i - 1].da, rows, below));
    }
    assay_gemm(backend, shape, rows_of(c->layers[i].rdz, rows, layer), layer->weight, rdz_below);
    shape.beta = 1.0;
    assay_gemm(backend, shape, rows_of(layer->dz, rows, layer), part_for(vector, layer->weight), rdz_below);
    assay_activation_backward(backend, below->activation, preactivations_of(below, rows),
                              rows_of(below->y, rows, below), rdz_below, rdz_below);
    if (is_curved(below)) {
        add_bend(c, i - 1, rows);
    }
}

void assay_curvature_product(assay_curvature *curvature, size_t rows, assay_slice x, assay_slice labels,
                             assay_slice vector, assay_slice product)
{
    assay_network *network = curvature->network;
    assay_network_forward(network, rows, x);
    assay_network_backward(network, rows, x, labels, ASSAY_NO_SLICE, ASSAY_NO_SLICE, ASSAY_NO_SLICE);
    assay_fill(network->backend, product, 0.0);
    forward(curvature, rows, x, vector);
    through_softmax(curvature, rows);
    for (size_t i = network->layer_count; i-- > 0;) {
        const assay_network_layer *below = i > 0 ? &network->layers[i - 1] : NULL;
        parameters(curvature, i, rows, below != NULL ? rows_of(below->y, rows, below) : x, product);
        if (below != NULL) {
            pass_down(curvature, i, rows, vector);
        }
    }
}
