/* Buffers, slices and transfers of backend.h. */
#include "backend/validate.h"

#include <stdint.h>
#include <string.h>

assay_buffer *assay_buffer_create(assay_backend *backend, assay_element element, size_t count)
{
    if (backend->failure.status != ASSAY_OK) {
        return NULL;
    }
    assay_error error = {.status = ASSAY_OK};
    assay_buffer *buffer = backend->operations->buffer_create(backend, element, count, &error);
    if (buffer == NULL) {
        assay_backend_record(backend, error.status, "%s", error.message);
    }
    return buffer;
}

assay_buffer *assay_buffer_borrow_u8(assay_backend *backend, const uint8_t *bytes, size_t count)
{
    if (backend->failure.status != ASSAY_OK) {
        return NULL;
    }
    assay_error error = {.status = ASSAY_OK};
    assay_buffer *buffer = backend->operations->buffer_borrow(backend, bytes, count, &error);
    if (buffer == NULL) {
        assay_backend_record(backend, error.status, "%s", error.message);
    }
    return buffer;
}

void assay_buffer_destroy(assay_backend *backend, assay_buffer *buffer)
{
    if (buffer != NULL) {
        backend->operations->buffer_destroy(backend, buffer);
    }
}

assay_slice assay_whole(assay_buffer *buffer)
{
    return buffer == NULL ? ASSAY_NO_SLICE : (assay_slice){buffer, 0, buffer->count};
}

assay_slice assay_part_of(assay_slice slice, size_t offset, size_t count)
{
    if (slice.offset == SIZE_MAX || offset > slice.count || count > slice.count - offset) {
        /* An offset that no slice can have; the operation that uses the part records it. */
        return (assay_slice){slice.buffer, SIZE_MAX, count};
    }
    return (assay_slice){slice.buffer, slice.offset + offset, count};
}

static bool one_accepted(assay_backend *backend, const char *operation, const char *name, assay_slice slice,
                         assay_element element, unsigned flags)
{
    const assay_operand operand = {
        .name = name, .slice = slice, .count = slice.count, .element = element, .flags = flags};
    return assay_operands_accepted(backend, operation, 1, &operand) && slice.count != 0;
}

static void upload(assay_backend *backend, assay_slice to, assay_element element, assay_host_type type,
                   const void *host)
{
    if (one_accepted(backend, "upload", "destination", to, element, ASSAY_OPERAND_WRITTEN)) {
        backend->operations->upload(backend, to, type, host);
    }
}

void assay_upload_f32(assay_backend *backend, assay_slice to, const float *from)
{
    upload(backend, to, ASSAY_REAL, ASSAY_HOST_F32, from);
}

void assay_upload_f64(assay_backend *backend, assay_slice to, const double *from)
{
    upload(backend, to, ASSAY_REAL, ASSAY_HOST_F64, from);
}

void assay_upload_i32(assay_backend *backend, assay_slice to, const int32_t *from)
{
    upload(backend, to, ASSAY_INT32, ASSAY_HOST_I32, from);
}

void assay_upload_u8(assay_backend *backend, assay_slice to, const uint8_t *from)
{
    upload(backend, to, ASSAY_UINT8, ASSAY_HOST_U8, from);
}

static void download(assay_backend *backend, assay_slice from, assay_element element, assay_host_type type, void *host,
                     size_t size)
{
    if (one_accepted(backend, "download", "source", from, element, 0)) {
        backend->operations->download(backend, from, type, host);
    }
    if (backend->failure.status != ASSAY_OK && from.count != 0) {
        memset(host, 0, from.count * size);
    }
}

void assay_download_f32(assay_backend *backend, assay_slice from, float *to)
{
    download(backend, from, ASSAY_REAL, ASSAY_HOST_F32, to, sizeof *to);
}

void assay_download_f64(assay_backend *backend, assay_slice from, double *to)
{
    download(backend, from, ASSAY_REAL, ASSAY_HOST_F64, to, sizeof *to);
}

void assay_download_i32(assay_backend *backend, assay_slice from, int32_t *to)
{
    download(backend, from, ASSAY_INT32, ASSAY_HOST_I32, to, sizeof *to);
}

void assay_fill(assay_backend *backend, assay_slice to, double value)
{
    if (one_accepted(backend, "fill", "destination", to, ASSAY_REAL, ASSAY_OPERAND_WRITTEN)) {
        backend->operations->fill(backend, to, value);
    }
}

void assay_copy(assay_backend *backend, assay_slice to, assay_slice from)
{
    assay_element element = from.buffer == NULL ? ASSAY_REAL : from.buffer->element;
    const assay_operand operands[] = {
        {.name = "source", .slice = from, .count = from.count, .element = element},
        {.name = "destination", .slice = to, .count = from.count, .element = element, .flags = ASSAY_OPERAND_WRITTEN},
    };
    if (assay_operands_accepted(backend, "copy", 2, operands) && from.count != 0) {
        backend->operations->copy(backend, to, from);
    }
}

void assay_fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                       assay_distribution distribution)
{
    if (one_accepted(backend, "fill_random", "destination", to, ASSAY_REAL, ASSAY_OPERAND_WRITTEN)) {
        backend->operations->fill_random(backend, to, generator, distribution);
    }
}

double assay_sum(assay_backend *backend, assay_slice x)
{
    if (!one_accepted(backend, "sum", "x", x, ASSAY_REAL, 0)) {
        return 0;
    }
    double sum = backend->operations->sum(backend, x);
    return backend->failure.status == ASSAY_OK ? sum : 0;
}

assay_moments assay_reduce_moments(assay_backend *backend, assay_slice x)
{
    const assay_moments nothing = {.count = 0};
    if (!one_accepted(backend, "moments", "x", x, ASSAY_REAL, 0)) {
        return nothing;
    }
    assay_moments moments = backend->operations->moments(backend, x);
    return backend->failure.status == ASSAY_OK ? moments : nothing;
}
