#include "backend/openblas/openblas.h"

#include <cblas.h>
#include <pthread.h>

#include <assay/base/alloc.h>

/* A fork and join costs about as much as this many multiply-adds. */
enum { WORK_WORTH_A_FORK = 20000 };

/*
 * OpenBLAS's number of threads is a setting of the whole process: it is 1 after this, also for the program's own calls.
 */
static assay_status open_as(const char *name, const assay_panel_kernels *panels, const assay_backend_options *options,
                            assay_backend **backend, assay_error *error)
{
    assay_openblas *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->base.operations = options->precision == ASSAY_F32 ? &assay_openblas_f32 : &assay_openblas_f64;
    made->base.name = name;
    made->base.precision = options->precision;
    made->base.threads = options->threads;
    made->base.prefers_similar_rows = panels != NULL;
    made->panels = panels;
    assay_status status = assay_pool_create(options->threads, &made->pool, error);
    if (status == ASSAY_OK && panels != NULL) {
        made->panel_threads = assay_panel_threads_create(options->threads, error);
        status = made->panel_threads == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    }
    if (status != ASSAY_OK) {
        assay_openblas_close(&made->base);
        return status;
    }
    openblas_set_num_threads(1);
    *backend = &made->base;
    return ASSAY_OK;
}

assay_status assay_openblas_open(const assay_backend_options *options, assay_backend **backend, assay_error *error)
{
    const assay_panel_kernels *panels = options->precision == ASSAY_F32 ? assay_panel_supported()[0] : NULL;
    return open_as("openblas", panels, options, backend, error);
}

assay_status assay_openblas_dense_open(const assay_backend_options *options, assay_backend **backend,
                                       assay_error *error)
{
    return open_as("openblas-dense", NULL, options, backend, error);
}

void assay_openblas_close(assay_backend *backend)
{
    assay_openblas *self = (assay_openblas *)backend;
    assay_panel_threads_destroy(self->panel_threads, backend->threads);
    assay_pool_destroy(self->pool);
    assay_free(self);
}

/* Every operation is complete when it returns. */
void assay_openblas_synchronize(assay_backend *backend)
{
    (void)backend;
}

size_t assay_host_element_size(const assay_backend *backend, assay_element element)
{
    switch (element) {
    case ASSAY_INT32: return sizeof(int32_t);
    case ASSAY_UINT8: return sizeof(uint8_t);
    case ASSAY_REAL: break;
    }
    return backend->precision == ASSAY_F32 ? sizeof(float) : sizeof(double);
}

assay_buffer *assay_host_buffer_create(assay_backend *backend, assay_element element, size_t count, assay_error *error)
{
    assay_host_buffer *buffer = assay_calloc(1, sizeof *buffer, error);
    if (buffer == NULL) {
        return NULL;
    }
    buffer->memory = assay_calloc(count, assay_host_element_size(backend, element), error);
    if (buffer->memory == NULL) {
        assay_free(buffer);
        return NULL;
    }
    buffer->base = (assay_buffer){.backend = backend, .count = count, .element = element};
    return &buffer->base;
}

assay_buffer *assay_host_buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error)
{
    assay_host_buffer *buffer = assay_calloc(1, sizeof *buffer, error);
    if (buffer == NULL) {
        return NULL;
    }
    buffer->memory = (void *)(uintptr_t)bytes;
    buffer->borrowed = true;
    buffer->base = (assay_buffer){.backend = backend, .count = count, .element = ASSAY_UINT8};
    return &buffer->base;
}

void assay_host_buffer_destroy(assay_backend *backend, assay_buffer *buffer)
{
    (void)backend;
    assay_host_buffer *self = (assay_host_buffer *)buffer;
    if (!self->borrowed) {
        assay_free(self->memory);
    }
    assay_free(self);
}

void *assay_host_address(assay_slice slice)
{
    if (slice.buffer == NULL) {
        return NULL;
    }
    size_t size = assay_host_element_size(slice.buffer->backend, slice.buffer->element);
    return (char *)((assay_host_buffer *)slice.buffer)->memory + slice.offset * size;
}

/* Of the whole process, as the memory that it protects is OpenBLAS's own, and not a backend's. */
static pthread_mutex_t one_caller = PTHREAD_MUTEX_INITIALIZER;

static bool has_no_locks(void)
{
    return openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
}

void assay_openblas_enter(void)
{
    if (has_no_locks()) {
        pthread_mutex_lock(&one_caller);
    }
}

void assay_openblas_leave(void)
{
    if (has_no_locks()) {
        pthread_mutex_unlock(&one_caller);
    }
}

void assay_openblas_run(assay_backend *backend, assay_cut cut, size_t work, assay_pool_function function,
                        const void *task)
{
    if (work < WORK_WORTH_A_FORK) {
        function(task, (assay_pool_part){.index = 0, .count = 1, .thread = 0});
    } else {
        assay_pool_run(((assay_openblas *)backend)->pool, cut, work, function, task);
    }
}

bool assay_indices_accepted(assay_backend *backend, const char *operation, const char *what, const int32_t *indices,
                            size_t count, size_t limit)
{
    for (size_t i = 0; i < count; i++) {
        if (indices[i] < 0 || (size_t)indices[i] >= limit) {
            assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: %s %zu is %d, and must be in [0, %zu)", operation,
                                 what, i, (int)indices[i], limit);
            return false;
        }
    }
    return true;
}
