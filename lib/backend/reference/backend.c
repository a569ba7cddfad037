/* The table of the reference backend: double precision, one thread, plain loops that read like the equations. */
#include <math.h>
#include <string.h>

#include "backend/implementation.h"
#include "backend/reference/kernels.h"
#include <assay/base/alloc.h>

typedef struct {
    assay_buffer base;
    void *memory;
    bool borrowed; /* the memory is the caller's, and is only read */
} reference_buffer;

static void *memory_of(assay_slice slice)
{
    return slice.buffer == NULL ? NULL : ((reference_buffer *)slice.buffer)->memory;
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

static void reference_close(assay_backend *backend)
{
    assay_free(backend);
}

static void reference_synchronize(assay_backend *backend)
{
    (void)backend; /* every operation is done when it returns */
}

/* --- memory ---------------------------------------------------------------------------------------------------- */

static assay_buffer *reference_buffer_create(assay_backend *backend, assay_element element, size_t count,
                                             assay_error *error)
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

static assay_buffer *reference_buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count,
                                             assay_error *error)
{
    reference_buffer *buffer = assay_calloc(1, sizeof *buffer, error);
    if (buffer == NULL) {
        return NULL;
    }
    *buffer = (reference_buffer){{backend, count, ASSAY_UINT8}, (void *)(uintptr_t)bytes, true};
    return &buffer->base;
}

static void reference_buffer_destroy(assay_backend *backend, assay_buffer *buffer)
{
    (void)backend;
    reference_buffer *self = (reference_buffer *)buffer;
    if (!self->borrowed) {
        assay_free(self->memory);
    }
    assay_free(buffer);
}

static void reference_upload(assay_backend *backend, assay_slice to, assay_host_type type, const void *host)
{
    (void)backend;
    switch (type) {
    case ASSAY_HOST_F32:
        for (size_t i = 0; i < to.count; i++) {
            real(to)[i] = (double)((const float *)host)[i];
        }
        break;
    case ASSAY_HOST_F64:
        memcpy(real(to), host, to.count * sizeof(double));
        break;
    case ASSAY_HOST_I32:
        memcpy(int32(to), host, to.count * sizeof(int32_t));
        break;
    case ASSAY_HOST_U8:
        memcpy(uint8(to), host, to.count);
        break;
    }
}

static void reference_download(assay_backend *backend, assay_slice from, assay_host_type type, void *host)
{
    (void)backend;
    switch (type) {
    case ASSAY_HOST_F32:
        for (size_t i = 0; i < from.count; i++) {
            ((float *)host)[i] = (float)real(from)[i];
        }
        break;
    case ASSAY_HOST_F64:
        memcpy(host, real(from), from.count * sizeof(double));
        break;
    case ASSAY_HOST_I32:
        memcpy(host, int32(from), from.count * sizeof(int32_t));
        break;
    case ASSAY_HOST_U8: /* LCOV_EXCL_LINE: bytes are images, which nobody asks back: there is no assay_download_u8 */
        break;          /* LCOV_EXCL_LINE: as above */
    }
}

static void reference_fill(assay_backend *backend, assay_slice to, double value)
{
    (void)backend;
    for (size_t i = 0; i < to.count; i++) {
        real(to)[i] = value;
    }
}

static void reference_copy(assay_backend *backend, assay_slice to, assay_slice from)
{
    (void)backend;
    switch (to.buffer->element) {
    case ASSAY_REAL:
        memmove(real(to), real(from), to.count * sizeof(double));
        break;
    case ASSAY_INT32:
        memmove(int32(to), int32(from), to.count * sizeof(int32_t));
        break;
    case ASSAY_UINT8:
        memmove(uint8(to), uint8(from), to.count);
        break;
    }
}

static void reference_fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                                  assay_distribution distribution)
{
    assay_error error;
    float *values = assay_calloc(to.count, sizeof *values, &error);
    if (values == NULL) {
        assay_backend_record(backend, error.status, "%s", error.message);
        return;
    }
    assay_generator_fill(generator, distribution, to.count, values);
    reference_upload(backend, to, ASSAY_HOST_F32, values);
    assay_free(values);
}

/* --- layers ---------------------------------------------------------------------------------------------------- */

/* C = alpha op(A) op(B) + beta C */
static void reference_gemm(assay_backend *backend, assay_gemm_shape s, assay_slice a, assay_slice b, assay_slice c)
{
    (void)backend;
    for (size_t i = 0; i < s.m; i++) {
        for (size_t j = 0; j < s.n; j++) {
            double sum = 0.0;
            for (size_t p = 0; p < s.k; p++) {
                double a_ip = s.trans_a ? real(a)[p * s.m + i] : real(a)[i * s.k + p];
                double b_pj = s.trans_b ? real(b)[j * s.k + p] : real(b)[p * s.n + j];
                sum += a_ip * b_pj;
            }
            double *c_ij = &real(c)[i * s.n + j];
            *c_ij = s.beta == 0.0 ? s.alpha * sum : s.alpha * sum + s.beta * *c_ij;
        }
    }
}

static void reference_bias_add(assay_backend *backend, size_t rows, size_t columns, assay_slice x, assay_slice bias)
{
    (void)backend;
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < columns; j++) {
            real(x)[r * columns + j] += real(bias)[j];
        }
    }
}

static void reference_column_sums(assay_backend *backend, size_t rows, size_t columns, assay_slice x, assay_slice sums)
{
    (void)backend;
    for (size_t j = 0; j < columns; j++) {
        double sum = 0.0;
        for (size_t r = 0; r < rows; r++) {
            sum += real(x)[r * columns + j];
        }
        real(sums)[j] = sum;
    }
}

static void reference_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x,
                                         assay_slice y)
{
    (void)backend;
    for (size_t i = 0; i < y.count; i++) {
        real(y)[i] = reference_activation(activation, real(x)[i]);
    }
}

/* f'(x[i]), from whichever of x and y the interface promises. */
static double derivative_at(assay_activation activation, assay_slice x, assay_slice y, size_t i)
{
    if (activation.kind == ASSAY_IDENTITY) {
        return 1.0;
    }
    if (assay_activation_derivative_reads_input(activation.kind)) {
        return reference_derivative(activation, real(x)[i]);
    }
    return reference_derivative_from_output(activation, real(y)[i]);
}

static void reference_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x,
                                          assay_slice y, assay_slice dy, assay_slice dx)
{
    (void)backend;
    for (size_t i = 0; i < dx.count; i++) {
        real(dx)[i] = real(dy)[i] * derivative_at(activation, x, y, i);
    }
}

/* z_ro = sum_i x_ri W_oi + b_o, y = f(z) */
static void reference_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation,
                                     assay_slice x, assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    (void)backend;
    for (size_t r = 0; r < shape.rows; r++) {
        for (size_t o = 0; o < shape.out; o++) {
            double sum = 0.0;
            for (size_t i = 0; i < shape.in; i++) {
                sum += real(x)[r * shape.in + i] * real(weight)[o * shape.in + i];
            }
            sum += real(bias)[o];
            if (real(z) != NULL) {
                real(z)[r * shape.out + o] = sum;
            }
            if (real(y) != NULL) {
                real(y)[r * shape.out + o] = reference_activation(activation, sum);
            }
        }
    }
}

/* dz_below_ri = f'(z_below_ri) sum_o dz_ro W_oi */
static void reference_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                            const assay_linear_backward_slices *slices)
{
    (void)backend;
    for (size_t r = 0; r < shape.rows; r++) {
        double *below_row = real(slices->dz_below) + r * shape.in;
        for (size_t i = 0; i < shape.in; i++) {
            below_row[i] = 0.0;
        }
        for (size_t o = 0; o < shape.out; o++) {
            for (size_t i = 0; i < shape.in; i++) {
                below_row[i] += real(slices->dz)[r * shape.out + o] * real(slices->weight)[o * shape.in + i];
            }
        }
        for (size_t i = 0; i < shape.in; i++) {
            below_row[i] *= derivative_at(below, slices->z_below, slices->y_below, r * shape.in + i);
        }
    }
}

/* dW_oi = sum_r dz_ro x_ri, db_o = sum_r dz_ro */
static void reference_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x,
                                                 assay_slice dz, assay_slice dweight, assay_slice dbias)
{
    (void)backend;
    for (size_t o = 0; o < shape.out; o++) {
        double *row = real(dweight) + o * shape.in;
        real(dbias)[o] = 0.0;
        for (size_t i = 0; i < shape.in; i++) {
            row[i] = 0.0;
        }
        for (size_t r = 0; r < shape.rows; r++) {
            double dz_ro = real(dz)[r * shape.out + o];
            real(dbias)[o] += dz_ro;
            for (size_t i = 0; i < shape.in; i++) {
                row[i] += dz_ro * real(x)[r * shape.in + i];
            }
        }
    }
}

/* --- loss ------------------------------------------------------------------------------------------------------ */

static bool labels_are_classes(assay_backend *backend, size_t rows, size_t classes, assay_slice labels)
{
    for (size_t r = 0; r < rows; r++) {
        int32_t label = int32(labels)[r];
        if (label < 0 || (size_t)label >= classes) {
            assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "softmax_cross_entropy: label %d of row %zu is not one of "
                                 "the %zu classes", (int)label, r, classes);
            return false;
        }
    }
    return true;
}

static void reference_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                            assay_slice labels, assay_slice loss, assay_slice correct,
                                            assay_slice dlogits)
{
    if (!labels_are_classes(backend, rows, classes, labels)) {
        return;
    }
    double sum = 0.0;
    int32_t right = 0;
    for (size_t r = 0; r < rows; r++) {
        const double *z = real(logits) + r * classes;
        size_t label = (size_t)int32(labels)[r];
        sum += reference_cross_entropy(classes, z, label);
        right += reference_argmax(classes, z) == label;
        if (real(dlogits) != NULL) {
            double *dz = real(dlogits) + r * classes;
            reference_softmax(classes, z, dz);
            dz[label] -= 1.0;
            for (size_t j = 0; j < classes; j++) {
                dz[j] /= (double)rows;
            }
        }
    }
    if (real(loss) != NULL) {
        *real(loss) = sum / (double)rows;
    }
    if (int32(correct) != NULL) {
        *int32(correct) = right;
    }
}

static void reference_softmax_rows(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                   assay_slice probabilities)
{
    (void)backend;
    for (size_t r = 0; r < rows; r++) {
        reference_softmax(classes, real(logits) + r * classes, real(probabilities) + r * classes);
    }
}

/* --- batches, optimizers, reductions --------------------------------------------------------------------------- */

static void reference_gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                             assay_slice index, assay_slice table, assay_slice x, assay_slice y)
{
    for (size_t r = 0; r < rows; r++) {
        int32_t image = int32(index)[r];
        if (image < 0 || (size_t)image >= labels.count) {
            assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "gather: index %d of row %zu is not one of the %zu images",
                                 (int)image, r, labels.count);
            return;
        }
    }
    for (size_t r = 0; r < rows; r++) {
        size_t image = (size_t)int32(index)[r];
        for (size_t j = 0; j < width; j++) {
            real(x)[r * width + j] = real(table)[uint8(pixels)[image * width + j]];
        }
        int32(y)[r] = int32(labels)[image];
    }
}

static void reference_update_all(assay_backend *backend, const assay_update_rule *rule, uint64_t step,
                                 assay_slice parameters, assay_slice gradients, const assay_slice *state)
{
    (void)backend;
    size_t slots = assay_update_rule_slots(rule);
    for (size_t i = 0; i < parameters.count; i++) {
        double *own[ASSAY_UPDATE_MAX_SLOTS] = {NULL};
        for (size_t slot = 0; slot < slots; slot++) {
            own[slot] = &real(state[slot])[i];
        }
        real(parameters)[i] = reference_update(rule, step, real(parameters)[i], real(gradients)[i], own);
    }
}

static double reference_sum(assay_backend *backend, assay_slice x)
{
    (void)backend;
    double sum = 0.0;
    for (size_t i = 0; i < x.count; i++) {
        sum += real(x)[i];
    }
    return sum;
}

static assay_moments reference_moments(assay_backend *backend, assay_slice x)
{
    (void)backend;
    return assay_moments_f64(x.count, real(x));
}

static const assay_backend_operations OPERATIONS = {
    .close = reference_close,
    .synchronize = reference_synchronize,
    .buffer_create = reference_buffer_create,
    .buffer_borrow = reference_buffer_borrow,
    .buffer_destroy = reference_buffer_destroy,
    .upload = reference_upload,
    .download = reference_download,
    .fill = reference_fill,
    .copy = reference_copy,
    .fill_random = reference_fill_random,
    .gemm = reference_gemm,
    .bias_add = reference_bias_add,
    .column_sums = reference_column_sums,
    .activation_forward = reference_activation_forward,
    .activation_backward = reference_activation_backward,
    .linear_forward = reference_linear_forward,
    .linear_backward_input = reference_linear_backward_input,
    .linear_backward_parameters = reference_linear_backward_parameters,
    .softmax_cross_entropy = reference_softmax_cross_entropy,
    .softmax = reference_softmax_rows,
    .gather = reference_gather,
    .update = reference_update_all,
    .sum = reference_sum,
    .moments = reference_moments,
};

assay_status assay_reference_open(const assay_backend_options *options, assay_backend **backend, assay_error *error)
{
    if (options->precision != ASSAY_F64) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "the backend 'reference' computes in f64 alone; "
                          "f32 is had with 'openblas'");
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
