#include "planted_backend.h"

#include <math.h>
#include <string.h>

#include <assay/init/initializer.h>

static planted_backend *of(assay_backend *backend)
{
    return (planted_backend *)backend;
}

static planted_pass *current(assay_backend *backend)
{
    planted_backend *b = of(backend);
    size_t last = b->passes == 0 ? 0 : b->passes - 1;
    return &b->pass[last < PLANTED_PASSES ? last : PLANTED_PASSES - 1];
}

double planted_bits(size_t pass, int quantity, size_t layer)
{
    uint64_t mixed = (pass * 8 + (size_t)quantity) * 1024 + layer + 1;
    mixed *= UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= mixed >> 32;
    mixed *= UINT64_C(0xd6e8feb86659fd93);
    return (double)(mixed >> 54) / 160.0 - 3.0; /* 1,024 values from -3 to 3.4 */
}

/* --- what is written down ---------------------------------------------------------------------------------------- */

static void draw(assay_backend *backend, assay_distribution_kind kind, double mean, double variance)
{
    planted_backend *b = of(backend);
    if (b->passes == 0 || current(backend)->forward) {
        b->passes++;
        *current(backend) = (planted_pass){.layers = 0};
    }
    planted_pass *pass = current(backend);
    if (pass->tensors / 2 < PLANTED_LAYERS) {
        planted_layer *layer = &pass->layer[pass->tensors / 2];
        if (pass->tensors++ % 2 == 0) {
            layer->kind = kind;
            layer->weight_mean = mean;
            layer->weight_variance = variance;
        } else {
            layer->bias_mean = mean;
            layer->bias_variance = variance;
        }
    }
}

static void fill(assay_backend *backend, assay_slice to, double value)
{
    (void)to;
    draw(backend, ASSAY_NORMAL, value, 0.0);
}

static void fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                        assay_distribution distribution)
{
    (void)to;
    (void)generator;
    draw(backend, distribution.kind, assay_distribution_mean(distribution), assay_distribution_variance(distribution));
}

static void gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                   assay_slice index, assay_slice table, assay_slice x, assay_slice y)
{
    (void)rows;
    (void)width;
    (void)pixels;
    (void)labels;
    (void)table;
    (void)x;
    (void)y;
    planted_pass *pass = current(backend);
    if (pass->loads++ == 0) {
        pass->first = index.offset;
    }
}

static void linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation, assay_slice x,
                           assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    (void)x;
    (void)weight;
    (void)bias;
    (void)z;
    (void)y;
    planted_pass *pass = current(backend);
    pass->forward = true;
    if (pass->loads <= 1 && pass->layers < PLANTED_LAYERS) {
        planted_layer *layer = &pass->layer[pass->layers++];
        layer->shape = shape;
        layer->activation = activation;
    }
}

static void linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x, assay_slice dz,
                                       assay_slice dweight, assay_slice dbias)
{
    (void)shape;
    (void)x;
    (void)dz;
    (void)dweight;
    (void)dbias;
    current(backend)->backward = true;
}

static void upload(assay_backend *backend, assay_slice to, assay_host_type type, const void *host)
{
    planted_pass *pass = current(backend);
    if (type == ASSAY_HOST_I32 && to.count >= PLANTED_ORDER && !pass->ordered) {
        pass->ordered = true;
        memcpy(pass->order, host, sizeof pass->order);
    }
}

/* --- what is answered -------------------------------------------------------------------------------------------- */

static size_t quantities_of(const planted_pass *pass)
{
    return pass->backward ? 3 : 1;
}

static assay_moments moments(assay_backend *backend, assay_slice x)
{
    (void)x;
    planted_backend *b = of(backend);
    planted_pass *pass = current(backend);
    size_t asked = pass->asked++;
    if (b->fail_after != 0 && b->asked++ >= b->fail_after) {
        assay_backend_record(backend, ASSAY_ERROR_NUMERIC, "a planted failure");
    }
    double bits = planted_bits(b->passes - 1, (int)(asked % quantities_of(pass)), asked / quantities_of(pass));
    double variance = b->constant || asked < b->flat ? 0.0 : exp2(bits);
    return (assay_moments){.variance = variance, .minimum = -sqrt(variance), .maximum = sqrt(variance)};
}

void planted_outputs(const planted_backend *backend, size_t count, double *to)
{
    const planted_pass *pass = current((assay_backend *)(uintptr_t)backend);
    size_t layer = (pass->asked - 1) / quantities_of(pass);
    size_t width = pass->layer[layer].shape.out;
    double a = exp2(0.5 * planted_bits(backend->passes - 1, PLANTED_SIGNAL, layer));
    for (size_t i = 0; i < count; i++) {
        double sign = i / width % 2 == 0 ? -1.0 : 1.0;
        to[i] = a * (sign + (i % width % 2 == 0 ? 0.0 : 1.0));
    }
}

static void download(assay_backend *backend, assay_slice from, assay_host_type type, void *host)
{
    const planted_backend *b = of(backend);
    if (type == ASSAY_HOST_I32) {
        *(int32_t *)host = b->right * (int32_t)b->passes;
    } else if (b->give != NULL) {
        b->give(b, from.count, host);
    } else {
        planted_outputs(b, from.count, host);
    }
}

/* --- what does nothing ------------------------------------------------------------------------------------------- */

static void nothing(assay_backend *backend)
{
    (void)backend;
}

/* From a pool, so that no allocation of this file fails in tests of failing allocations. */
static assay_buffer *buffer_create(assay_backend *backend, assay_element element, size_t count, assay_error *error)
{
    planted_backend *b = of(backend);
    for (size_t i = 0; i < PLANTED_BUFFERS; i++) {
        assay_buffer *buffer = &b->buffers[(b->hint + i) % PLANTED_BUFFERS];
        if (buffer->backend == NULL) {
            b->hint = (b->hint + i + 1) % PLANTED_BUFFERS;
            *buffer = (assay_buffer){backend, count, element};
            return buffer;
        }
    }
    assay_fail(error, ASSAY_ERROR_MEMORY, "more than %d planted buffers", PLANTED_BUFFERS);
    return NULL;
}

static assay_buffer *buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error)
{
    (void)bytes;
    return buffer_create(backend, ASSAY_UINT8, count, error);
}

static void buffer_destroy(assay_backend *backend, assay_buffer *buffer)
{
    (void)backend;
    buffer->backend = NULL;
}

static void linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                  const assay_linear_backward_slices *slices)
{
    (void)backend;
    (void)shape;
    (void)below;
    (void)slices;
}

static void softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                  assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits)
{
    (void)backend;
    (void)rows;
    (void)classes;
    (void)logits;
    (void)labels;
    (void)loss;
    (void)correct;
    (void)dlogits;
}

static void update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                   assay_slice gradients, const assay_slice *state)
{
    (void)backend;
    (void)rule;
    (void)step;
    (void)parameters;
    (void)gradients;
    (void)state;
}

static void copy(assay_backend *backend, assay_slice to, assay_slice from)
{
    (void)backend;
    (void)to;
    (void)from;
}

static void gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c)
{
    (void)backend;
    (void)shape;
    (void)a;
    (void)b;
    (void)c;
}

static void activation_forward(assay_backend *backend, assay_activation activation, assay_slice z, assay_slice y)
{
    (void)backend;
    (void)activation;
    (void)z;
    (void)y;
}

/* The other operations are not needed by what is tested with it. */
static const assay_backend_operations OPERATIONS = {
    .close = nothing,
    .synchronize = nothing,
    .buffer_create = buffer_create,
    .buffer_borrow = buffer_borrow,
    .buffer_destroy = buffer_destroy,
    .upload = upload,
    .download = download,
    .copy = copy,
    .fill = fill,
    .fill_random = fill_random,
    .linear_forward = linear_forward,
    .linear_backward_input = linear_backward_input,
    .linear_backward_parameters = linear_backward_parameters,
    .softmax_cross_entropy = softmax_cross_entropy,
    .gather = gather,
    .gemm = gemm,
    .activation_forward = activation_forward,
    .update = update,
    .moments = moments,
};

void planted_open(planted_backend *backend, assay_precision precision)
{
    backend->base = (assay_backend){.operations = &OPERATIONS, .name = "planted", .precision = precision, .threads = 1};
    backend->passes = 0;
    backend->asked = 0;
    memset(backend->buffers, 0, sizeof backend->buffers);
}
