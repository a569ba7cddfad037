#include <assay/tutorial/theory.h>

#include <math.h>

#include <assay/base/alloc.h>
#include <assay/stats/moments.h>

/* A [rows][columns] matrix downloaded from the backend, in double. */
typedef struct {
    size_t rows;
    size_t columns;
    double *values;
} matrix;

static assay_status download(assay_network *network, assay_slice slice, size_t rows, matrix *to, assay_error *error)
{
    *to = (matrix){.rows = rows, .columns = slice.count / rows};
    to->values = assay_calloc(slice.count, sizeof(double), error);
    if (to->values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_download_f64(assay_network_backend(network), slice, to->values);
    return ASSAY_OK;
}

/* G[r][r'] = m_r . m_r', as a new [rows][rows] matrix, computed by the network's backend. */
static assay_status gram(assay_network *network, const matrix *m, matrix *result, assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    size_t n = m->rows;
    assay_buffer *in = assay_buffer_create(backend, ASSAY_REAL, n * m->columns);
    assay_buffer *copy = assay_buffer_create(backend, ASSAY_REAL, n * m->columns);
    assay_buffer *out = assay_buffer_create(backend, ASSAY_REAL, n * n);
    assay_status status = assay_backend_check(backend, error);
    if (status == ASSAY_OK) {
        assay_upload_f64(backend, assay_whole(in), m->values);
        assay_upload_f64(backend, assay_whole(copy), m->values);
        assay_gemm(backend, (assay_gemm_shape){.trans_b = true, .m = n, .n = n, .k = m->columns, .alpha = 1.0},
                   assay_whole(in), assay_whole(copy), assay_whole(out));
        status = download(network, assay_whole(out), n, result, error);
    }
    assay_buffer_destroy(backend, in);
    assay_buffer_destroy(backend, copy);
    assay_buffer_destroy(backend, out);
    return status;
}

/* The input of a layer, f(z) of the layer below, or the images themselves. */
static assay_status layer_input(assay_network *network, size_t layer, size_t rows, assay_slice x, matrix *input,
                                assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    if (layer == 0) {
        return download(network, x, rows, input, error);
    }
    assay_slice z = assay_network_preactivations(network, layer - 1, rows);
    assay_buffer *h = assay_buffer_create(backend, ASSAY_REAL, z.count);
    assay_activation_forward(backend, assay_network_configuration(network)->activation, z, assay_whole(h));
    assay_status status = assay_backend_check(backend, error);
    if (status == ASSAY_OK) {
        status = download(network, assay_whole(h), rows, input, error);
    }
    assay_buffer_destroy(backend, h);
    return status;
}

/* |mean over rows|^2 */
static double squared_mean(const matrix *m)
{
    double sum = 0.0;
    for (size_t j = 0; j < m->columns; j++) {
        double mean = 0.0;
        for (size_t r = 0; r < m->rows; r++) {
            mean += m->values[r * m->columns + j] / (double)m->rows;
        }
        sum += mean * mean;
    }
    return sum;
}

assay_status assay_theory_activation(assay_network *network, const assay_initializer *initializer, size_t layer,
                                     size_t rows, assay_slice x, assay_expectation *expectation, assay_error *error)
{
    assay_linear_shape shape = assay_network_layer_shape(network, layer, rows);
    double var_w = assay_distribution_variance(assay_initializer_weight(initializer, layer, shape.in, shape.out));
    double var_b = assay_distribution_variance(assay_initializer_bias(initializer, shape.in));
    matrix h = {0};
    matrix g = {0};
    assay_status status = layer_input(network, layer, rows, x, &h, error);
    if (status == ASSAY_OK) {
        status = gram(network, &h, &g, error);
    }
    if (status == ASSAY_OK) {
        /* u_r . u_r' = s^2 h_r . h_r' + s_b^2, and tr S = mean |u_r|^2, |S|_F^2 = mean over pairs of (u_r . u_r')^2. */
        double n = (double)rows;
        double trace = 0.0;
        double frobenius = 0.0;
        for (size_t r = 0; r < rows; r++) {
            trace += (var_w * g.values[r * rows + r] + var_b) / n;
            for (size_t s = 0; s < rows; s++) {
                double product = var_w * g.values[r * rows + s] + var_b;
                frobenius += product * product / (n * n);
            }
        }
        double out = (double)shape.out;
        expectation->mean = trace - (var_w * squared_mean(&h) + var_b) / out;
        expectation->below = 2.0 * sqrt(frobenius * ASSAY_THEORY_T / out);
        expectation->above = expectation->below + 2.0 * sqrt(frobenius) * ASSAY_THEORY_T / out;
    }
    assay_free(h.values);
    assay_free(g.values);
    return status;
}

/* f'(z) of a hidden layer, by differentiating through the backend: dx = 1 * f'. */
static assay_status slopes(assay_network *network, size_t layer, size_t rows, matrix *result, assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    assay_activation activation = assay_network_configuration(network)->activation;
    assay_slice z = assay_network_preactivations(network, layer, rows);
    assay_buffer *y = assay_buffer_create(backend, ASSAY_REAL, z.count);
    assay_buffer *slope = assay_buffer_create(backend, ASSAY_REAL, z.count);
    assay_activation_forward(backend, activation, z, assay_whole(y));
    assay_fill(backend, assay_whole(slope), 1.0);
    assay_activation_backward(backend, activation, z, assay_whole(y), assay_whole(slope), assay_whole(slope));
    assay_status status = assay_backend_check(backend, error);
    if (status == ASSAY_OK) {
        status = download(network, assay_whole(slope), rows, result, error);
    }
    assay_buffer_destroy(backend, y);
    assay_buffer_destroy(backend, slope);
    return status;
}

/* Three Gram matrices: of the layer's input, of the gradient above it, and of the activation's slopes between them. */
static assay_status gradient_grams(assay_network *network, size_t layer, size_t rows, assay_slice x, matrix grams[3],
                                   assay_error *error)
{
    matrix factors[3] = {{0}};
    assay_status status = layer_input(network, layer, rows, x, &factors[0], error);
    if (status == ASSAY_OK) {
        status = download(network, assay_network_preactivation_gradients(network, layer + 1, rows), rows, &factors[1],
                          error);
    }
    if (status == ASSAY_OK) {
        status = slopes(network, layer, rows, &factors[2], error);
    }
    for (size_t i = 0; i < 3; i++) {
        if (status == ASSAY_OK) {
            status = gram(network, &factors[i], &grams[i], error);
        }
        assay_free(factors[i].values);
    }
    return status;
}

assay_status assay_theory_gradient(assay_network *network, const assay_initializer *initializer, size_t layer,
                                   size_t rows, assay_slice x, assay_expectation *expectation, assay_error *error)
{
    *expectation = (assay_expectation){0};
    if (layer + 1 == assay_network_layer_count(network)) {
        return ASSAY_OK;
    }
    assay_linear_shape shape = assay_network_layer_shape(network, layer, rows);
    assay_linear_shape above = assay_network_layer_shape(network, layer + 1, rows);
    double var_w = assay_distribution_variance(assay_initializer_weight(initializer, layer + 1, above.in, above.out));
    matrix grams[3] = {{0}};
    assay_status status = gradient_grams(network, layer, rows, x, grams, error);
    if (status == ASSAY_OK) {
        double sum = 0.0;
        for (size_t i = 0; i < rows * rows; i++) {
            sum += grams[0].values[i] * grams[1].values[i] * grams[2].values[i];
        }
        assay_slice gradient = assay_network_tensor(network, 2 * layer).gradient;
        double mean = assay_reduce_moments(assay_network_backend(network), gradient).mean;
        expectation->mean = var_w * sum / ((double)shape.in * (double)shape.out) - mean * mean;
        expectation->below = expectation->mean * (1.0 - 1.0 / ASSAY_THEORY_GRADIENT_FACTOR);
        expectation->above = expectation->mean * (ASSAY_THEORY_GRADIENT_FACTOR - 1.0);
    }
    for (size_t i = 0; i < 3; i++) {
        assay_free(grams[i].values);
    }
    return status;
}
