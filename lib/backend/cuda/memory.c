/* Buffers, transfers and fills. */
#include <stdint.h>
#include <string.h>

#include "backend/cuda/cuda.h"
#include <assay/base/alloc.h>

static void *pointer_to(assay_slice slice)
{
    return (void *)(uintptr_t)assay_cuda_at(slice);
}

static size_t bytes_of(assay_slice slice)
{
    return slice.count * assay_cuda_element_size(slice.buffer->backend, slice.buffer->element);
}

/* --- buffers ---------------------------------------------------------------------------------------------------- */

/* Moves the recorded failure to `error`: creating a buffer returns its failure and does not record it. */
static assay_status take_failure(assay_cuda *self, assay_error *error)
{
    assay_status status = assay_fail(error, self->base.failure.status, "%s", self->base.failure.message);
    self->base.failure = (assay_error){.status = ASSAY_OK};
    return status;
}

assay_buffer *assay_cuda_buffer_create(assay_backend *backend, assay_element element, size_t count, assay_error *error)
{
    assay_cuda *self = (assay_cuda *)backend;
    size_t size;
    if (__builtin_mul_overflow(count, assay_cuda_element_size(backend, element), &size)) {
        assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory: %zu elements are more than memory can hold", count);
        return NULL;
    }
    assay_cuda_buffer *buffer = assay_calloc(1, sizeof *buffer, error);
    if (buffer == NULL) {
        return NULL;
    }
    buffer->base = (assay_buffer){.backend = backend, .count = count, .element = element};
    if (!ASSAY_CUDA_TRY(self, cudaMalloc, &buffer->memory, size == 0 ? 1 : size) ||
        !ASSAY_CUDA_TRY(self, cudaMemsetAsync, buffer->memory, 0, size, self->stream)) {
        take_failure(self, error);
        cudaFree(buffer->memory);
        assay_free(buffer);
        return NULL;
    }
    return &buffer->base;
}

assay_buffer *assay_cuda_buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error)
{
    assay_buffer *buffer = assay_cuda_buffer_create(backend, ASSAY_UINT8, count, error);
    if (buffer != NULL && count != 0) {
        assay_cuda_upload(backend, assay_whole(buffer), ASSAY_HOST_U8, bytes);
        if (backend->failure.status != ASSAY_OK) {
            take_failure((assay_cuda *)backend, error);
            assay_cuda_buffer_destroy(backend, buffer);
            return NULL;
        }
    }
    return buffer;
}

/* A command that is still pending may use the buffer. */
void assay_cuda_buffer_destroy(assay_backend *backend, assay_buffer *buffer)
{
    assay_cuda *self = (assay_cuda *)backend;
    assay_cuda_flush(self);
    cudaFree(((assay_cuda_buffer *)buffer)->memory);
    assay_free(buffer);
}

/* --- transfers -------------------------------------------------------------------------------------------------- */

static bool same_type(const assay_backend *backend, assay_element element, assay_host_type type)
{
    return element != ASSAY_REAL || (type == ASSAY_HOST_F32) == (backend->precision == ASSAY_F32);
}

/* Copies `size` bytes to the device; the caller may change the host's array after the return. */
static void upload_bytes(assay_cuda *self, void *to, const void *from, size_t size)
{
    if (ASSAY_CUDA_TRY(self, cudaMemcpyAsync, to, from, size, cudaMemcpyHostToDevice, self->stream)) {
        ASSAY_CUDA_TRY(self, cudaStreamSynchronize, self->stream);
    }
}

static void *host_array(assay_cuda *self, size_t size)
{
    assay_error error = {.status = ASSAY_OK};
    void *array = assay_calloc(size, 1, &error);
    if (array == NULL) {
        assay_backend_record(&self->base, error.status, "%s", error.message);
    }
    return array;
}

static void to_f32(size_t count, const double *from, float *to)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (float)from[i];
    }
}

static void to_f64(size_t count, const float *from, double *to)
{
    for (size_t i = 0; i < count; i++) {
        to[i] = (double)from[i];
    }
}

void assay_cuda_upload(assay_backend *backend, assay_slice to, assay_host_type type, const void *host)
{
    assay_cuda *self = (assay_cuda *)backend;
    assay_cuda_flush(self);
    if (same_type(backend, to.buffer->element, type)) {
        upload_bytes(self, pointer_to(to), host, bytes_of(to));
        return;
    }
    void *converted = host_array(self, bytes_of(to));
    if (converted == NULL) {
        return;
    }
    if (type == ASSAY_HOST_F32) {
        to_f64(to.count, host, converted);
    } else {
        to_f32(to.count, host, converted);
    }
    upload_bytes(self, pointer_to(to), converted, bytes_of(to));
    assay_free(converted);
}

/* Copies the device's bytes without conversion. The copy is complete after the wait, which also shows failures. */
static bool download_bytes(assay_cuda *self, void *to, assay_slice from)
{
    assay_cuda_flush(self);
    return ASSAY_CUDA_TRY(self, cudaMemcpyAsync, to, pointer_to(from), bytes_of(from), cudaMemcpyDeviceToHost,
                          self->stream) &&
           assay_cuda_wait(self);
}

void assay_cuda_download(assay_backend *backend, assay_slice from, assay_host_type type, void *host)
{
    assay_cuda *self = (assay_cuda *)backend;
    if (same_type(backend, from.buffer->element, type)) {
        download_bytes(self, host, from);
        return;
    }
    void *raw = host_array(self, bytes_of(from));
    if (raw == NULL) {
        return;
    }
    if (!download_bytes(self, raw, from)) {
        assay_free(raw);
        return;
    }
    if (type == ASSAY_HOST_F32) {
        to_f32(from.count, raw, host);
    } else {
        to_f64(from.count, raw, host);
    }
    assay_free(raw);
}

void assay_cuda_copy(assay_backend *backend, assay_slice to, assay_slice from)
{
    assay_cuda *self = (assay_cuda *)backend;
    assay_cuda_flush(self);
    ASSAY_CUDA_TRY(self, cudaMemcpyAsync, pointer_to(to), pointer_to(from), bytes_of(from), cudaMemcpyDeviceToDevice,
                   self->stream);
}

/* --- fills ------------------------------------------------------------------------------------------------------ */

void assay_cuda_fill(assay_backend *backend, assay_slice to, double value)
{
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_FILL, to.count, UINT64_MAX);
    command.arguments.fill.to = assay_cuda_at(to);
    command.arguments.fill.count = to.count;
    command.arguments.fill.value = value;
    assay_cuda_writes(&command, to);
    assay_cuda_submit((assay_cuda *)backend, &command);
}

/* PyTorch's grid: T threads, each of which makes calls with 4 outputs until there are enough (random/philox.h). */
static void fill_philox(assay_cuda *self, assay_slice to, assay_philox *generator, assay_cuda_random_output output,
                        double a, double b)
{
    enum { OUTPUTS = 4 };
    uint64_t wanted = to.count / ASSAY_PHILOX_BLOCK_THREADS + (to.count % ASSAY_PHILOX_BLOCK_THREADS != 0);
    uint64_t threads = ASSAY_PHILOX_BLOCK_THREADS * (wanted < generator->blocks ? wanted : generator->blocks);
    uint64_t calls = to.count / (OUTPUTS * threads) + (to.count % (OUTPUTS * threads) != 0);
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_RANDOM, calls * threads, UINT64_MAX);
    assay_cuda_random_arguments *arguments = &command.arguments.random;
    arguments->to = assay_cuda_at(to);
    arguments->count = to.count;
    arguments->seed = generator->seed;
    arguments->position = generator->offset / OUTPUTS;
    arguments->threads = threads;
    arguments->calls = calls;
    arguments->output = output;
    arguments->a = a;
    arguments->b = b;
    assay_cuda_writes(&command, to);
    assay_cuda_submit(self, &command);
    generator->offset += OUTPUTS * calls;
}

void assay_cuda_philox_bits(assay_backend *backend, assay_slice to, assay_philox *generator)
{
    fill_philox((assay_cuda *)backend, to, generator, ASSAY_CUDA_BITS, 0, 0);
}

/* mt19937 is sequential, and some distributions have no kernel: the host draws, and copies to the device. */
static void fill_from_host(assay_cuda *self, assay_slice to, assay_generator *generator,
                           assay_distribution distribution)
{
    float *values = host_array(self, to.count * sizeof *values);
    if (values != NULL) {
        assay_generator_fill(generator, distribution, to.count, values);
        assay_cuda_upload(&self->base, to, ASSAY_HOST_F32, values);
        assay_free(values);
    }
}

void assay_cuda_fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                            assay_distribution distribution)
{
    assay_cuda *self = (assay_cuda *)backend;
    bool has_kernel = distribution.kind == ASSAY_NORMAL || distribution.kind == ASSAY_UNIFORM;
    if (generator->kind != ASSAY_GENERATOR_PHILOX || !has_kernel) {
        fill_from_host(self, to, generator, distribution);
    } else if (distribution.kind == ASSAY_NORMAL) {
        fill_philox(self, to, &generator->state.philox, ASSAY_CUDA_NORMAL, distribution.a, distribution.b);
    } else {
        float lower = (float)distribution.a;
        fill_philox(self, to, &generator->state.philox, ASSAY_CUDA_UNIFORM, (double)lower,
                    (double)((float)distribution.b - lower));
    }
}
