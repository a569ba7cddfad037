/* The reference backend's buffers and its table of operations: double precision, one thread. */
#include <math.h>
#include <string.h>

#include "backend/implementation.h"
#include "backend/reference/reference.h"
#include <assay/base/alloc.h>

typedef struct {
    assay_buffer base;
    void *memory;
    bool borrowed; /* the memory is the caller's; it is only read */
} reference_buffer;

static void *memory_of(assay_slice slice)
{
    return ((reference_buffer *)slice.buffer)->memory;
}

/* NULL for ASSAY_NO_SLICE. */
static double *real(assay_slice slice)
{
    return slice.buffer == NULL ? NULL : (double *)memory_of(slice) + slice.offset;
}

static int32_t *int32(assay_slice slice)
{
    return slice.buffer == NULL ? NULL : (int32_t *)memory_of(slice) + slice.offset;
}

static uint8_t *uint8(assay_slice slice)
{
    return (uint8_t *)memory_of(slice) + slice.offset;
}

static void close_backend(assay_backend *backend)
{
    assay_free(backend);
}

static void synchronize(assay_backend *backend)
{
    (void)backend; /* every operation is done when it returns */
}

/* --- memory ---------------------------------------------------------------------------------------------------- */

static assay_buffer *buffer_create(assay_backend *backend, assay_element element, size_t count, assay_error *error)
{
    static const size_t SIZES[] = {
        [ASSAY_REAL] = sizeof(double), [ASSAY_INT32] = sizeof(int32_t), [ASSAY_UINT8] = sizeof(uint8_t)};
    reference_buffer *buffer = assay_calloc(1, sizeof *buffer, error);
    if (buffer == NULL) {
        return NULL;
    }
    buffer->base = (assay_buffer){backend, count, element};
    buffer->memory = assay_calloc(count, SIZES[element], error);
    if (buffer->memory == NULL) {
        assay_free(buffer);
        return NULL;
    }
    return &buffer->base;
}

static assay_buffer *buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error)
{
    reference_buffer *buffer = assay_calloc(1, sizeof *buffer, error);
    if (buffer == NULL) {
        return NULL;
    }
    *buffer = (reference_buffer){{backend, count, ASSAY_UINT8}, (void *)(uintptr_t)bytes, true};
    return &buffer->base;
}

static void buffer_destroy(assay_backend *backend, assay_buffer *buffer)
{
    (void)backend;
    reference_buffer *self = (reference_buffer *)buffer;
    if (!self->borrowed) {
        assay_free(self->memory);
    }
    assay_free(buffer);
}

static void widen(size_t count, const float *from, double *to)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (double)from[i];
    }
}

static void narrow(size_t count, const double *from, float *to)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (float)from[i];
    }
}

static void upload(assay_backend *backend, assay_slice to, assay_host_type type, const void *host)
{
    (void)backend;
    switch (type) {
    case ASSAY_HOST_F32: widen(to.count, host, real(to)); break;
    case ASSAY_HOST_F64: memcpy(real(to), host, to.count * sizeof(double)); break;
    case ASSAY_HOST_I32: memcpy(int32(to), host, to.count * sizeof(int32_t)); break;
    case ASSAY_HOST_U8: memcpy(uint8(to), host, to.count); break;
    }
}

static void download(assay_backend *backend, assay_slice from, assay_host_type type, void *host)
{
    (void)backend;
    switch (type) {
    case ASSAY_HOST_F32: narrow(from.count, real(from), host); break;
    case ASSAY_HOST_F64: memcpy(host, real(from), from.count * sizeof(double)); break;
    case ASSAY_HOST_I32: memcpy(host, int32(from), from.count * sizeof(int32_t)); break;
    case ASSAY_HOST_U8: /* LCOV_EXCL_LINE: there is no assay_download_u8: bytes are images, which are never read back */
        break;          /* LCOV_EXCL_LINE: as above */
    }
}

static void fill(assay_backend *backend, assay_slice to, double value)
{
    (void)backend;
    double *values = real(to);
    for (size_t i = 0; i < to.count; i++) {
        values[i] = value;
    }
}

static void copy(assay_backend *backend, assay_slice to, assay_slice from)
{
    (void)backend;
    switch (to.buffer->element) {
    case ASSAY_REAL: memmove(real(to), real(from), to.count * sizeof(double)); break;
    case ASSAY_INT32: memmove(int32(to), int32(from), to.count * sizeof(int32_t)); break;
    case ASSAY_UINT8: memmove(uint8(to), uint8(from), to.count); break;
    }
}

static void fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                        assay_distribution distribution)
{
    assay_error error;
    float *values = assay_calloc(to.count, sizeof *values, &error);
    if (values == NULL) {
        assay_backend_record(backend, error.status, "%s", error.message);
        return;
    }
    assay_generator_fill(generator, distribution, to.count, values);
    upload(backend, to, ASSAY_HOST_F32, values);
    assay_free(values);
}

/* --- operations: the equations are in the other files ----------------------------------------------------------- */

static void run_gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c)
{
    (void)backend;
    reference_gemm(shape, real(a), real(b), real(c));
}

static void run_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y)
{
    (void)backend;
    reference_activate(activation, y.count, real(x), real(y));
}

static void run_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                                    assay_slice dy, assay_slice dx)
{
    (void)backend;
    reference_differentiate(activation, dx.count, real(x), real(y), real(dy), real(dx));
}

static void run_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation,
                               assay_slice x, assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    (void)backend;
    reference_linear_forward(shape, activation, real(x), real(weight), real(bias), real(z), real(y));
}

static void run_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                      const assay_linear_backward_slices *s)
{
    (void)backend;
    reference_linear_backward_input(shape, below, real(s->dz), real(s->weight), real(s->z_below), real(s->y_below),
                                    real(s->dz_below));
}

static void run_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x,
                                           assay_slice dz, assay_slice dweight, assay_slice dbias)
{
    (void)backend;
    reference_linear_backward_parameters(shape, real(x), real(dz), real(dweight), real(dbias));
}

static bool labels_are_classes(assay_backend *backend, size_t rows, size_t classes, const int32_t *labels)
{
    for (size_t r = 0; r < rows; r++) {
        if (labels[r] < 0 || (size_t)labels[r] >= classes) {
            assay_backend_record(backend, ASSAY_ERROR_ARGUMENT,
                                 "softmax_cross_entropy: label %d of row %zu is not one of the %zu classes",
                                 (int)labels[r], r, classes);
            return false;
        }
    }
    return true;
}

static void run_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                      assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits)
{
    if (labels_are_classes(backend, rows, classes, int32(labels))) {
        reference_cross_entropy(rows, classes, real(logits), int32(labels), real(loss), int32(correct), real(dlogits));
    }
}

static void run_softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                        assay_slice probabilities)
{
    (void)backend;
    reference_softmax(rows, classes, real(logits), real(probabilities));
}

static void run_gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                       assay_slice index, assay_slice table, assay_slice x, assay_slice y)
{
    const uint8_t *image_pixels = uint8(pixels);
    const double *values = real(table);
    for (size_t r = 0; r < rows; r++) {
        int32_t image = int32(index)[r];
        if (image < 0 || (size_t)image >= labels.count) {
            assay_backend_record(backend, ASSAY_ERROR_ARGUMENT,
                                 "gather: index %d of row %zu is not one of the %zu images", (int)image, r,
                                 labels.count);
            return;
        }
    }
    for (size_t r = 0; r < rows; r++) {
        size_t image = (size_t)int32(index)[r];
        double *row = real(x) + r * width;
        for (size_t j = 0; j < width; j++) {
            row[j] = values[image_pixels[image * width + j]];
        }
        int32(y)[r] = int32(labels)[image];
    }
}

static void run_update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                       assay_slice gradients, const assay_slice *state)
{
    (void)backend;
    double *arrays[ASSAY_UPDATE_MAX_SLOTS] = {NULL};
    for (size_t slot = 0; slot < assay_update_rule_slots(rule); slot++) {
        arrays[slot] = real(state[slot]);
    }
    reference_update(rule, step, parameters.count, real(parameters), real(gradients), arrays);
}

static double run_sum(assay_backend *backend, assay_slice x)
{
    (void)backend;
    const double *values = real(x);
    double sum = 0.0;
    for (size_t i = 0; i < x.count; i++) {
        sum += values[i];
    }
    return sum;
}

static assay_moments run_moments(assay_backend *backend, assay_slice x)
{
    (void)backend;
    return assay_moments_f64(x.count, real(x));
}

static const assay_backend_operations OPERATIONS = {
    .close = close_backend,
    .synchronize = synchronize,
    .buffer_create = buffer_create,
    .buffer_borrow = buffer_borrow,
    .buffer_destroy = buffer_destroy,
    .upload = upload,
    .download = download,
    .fill = fill,
    .copy = copy,
    .fill_random = fill_random,
    .gemm = run_gemm,
    .activation_forward = run_activation_forward,
    .activation_backward = run_activation_backward,
    .linear_forward = run_linear_forward,
    .linear_backward_input = run_linear_backward_input,
    .linear_backward_parameters = run_linear_backward_parameters,
    .softmax_cross_entropy = run_softmax_cross_entropy,
    .softmax = run_softmax,
    .gather = run_gather,
    .update = run_update,
    .sum = run_sum,
    .moments = run_moments,
};

assay_status assay_reference_open(const assay_backend_options *options, assay_backend **backend, assay_error *error)
{
    if (options->precision != ASSAY_F64) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "the backend 'reference' computes only in f64; "
                          "use 'openblas' for f32");
    }
    assay_backend *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->operations = &OPERATIONS;
    made->name = "reference";
    made->precision = ASSAY_F64;
    made->threads = 1;
    *backend = made;
    return ASSAY_OK;
}
