/*
 * What a backend consists of; private to lib/backend/. memory.c and operations.c implement backend.h: they check every
 * argument, and then call the backend's table. A backend needs
 *
 *   1. a struct that begins with assay_backend, and one that begins with assay_buffer;
 *   2. an open function, named in open.c's table, that allocates the first with assay_calloc, fills in its base and
 *      returns it. The options are checked: the name is the backend's, `threads` is at least 1;
 *   3. a table with every function below, none NULL.
 *
 * What the table's functions may rely on:
 *   - no failure is recorded: after a failure they are not called until assay_backend_check has returned it;
 *   - slices are buffers of this backend, of the right element type, inside their buffer, with the counts that
 *     backend.h states; buffers are NULL only where backend.h allows ASSAY_NO_SLICE;
 *   - outputs are disjoint from inputs and from each other, or are the very same slice where backend.h allows it;
 *   - sizes are at least 1, except k of gemm and rows of linear_backward_parameters, which may be 0 (sums over nothing
 *     are 0); dimensions of matrices are below 2^31;
 *   - hyperparameters have passed assay_update_rule_check, step is at least 1, and state holds the rule's slots.
 * What they must do themselves: record labels and indices that are out of range, and failures of the device, with
 * assay_backend_record. They may return before the work is done (streams): `synchronize` waits for it, and so do the
 * downloads, `sum` and `moments`.
 */
#ifndef ASSAY_BACKEND_IMPLEMENTATION_H
#define ASSAY_BACKEND_IMPLEMENTATION_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <assay/backend/backend.h>

/* The base of every backend's own buffer. */
struct assay_buffer {
    assay_backend *backend;
    size_t count;
    assay_element element;
};

/* Host arrays: the element type on the caller's side of an upload or a download. */
typedef enum { ASSAY_HOST_F32, ASSAY_HOST_F64, ASSAY_HOST_I32, ASSAY_HOST_U8 } assay_host_type;

/* What linear_backward_input reads and writes. */
typedef struct {
    assay_slice dz;
    assay_slice weight;
    assay_slice z_below;
    assay_slice y_below;
    assay_slice dz_below;
} assay_linear_backward_slices;

typedef struct {
    /* Frees everything, the struct itself too. All buffers have been destroyed before. */
    void (*close)(assay_backend *backend);
    /* Waits for all operations, and records failures that show only now. */
    void (*synchronize)(assay_backend *backend);

    /* A zeroed buffer with its base filled in, or NULL with the reason in `error`. count may be 0. */
    assay_buffer *(*buffer_create)(assay_backend *backend, assay_element element, size_t count, assay_error *error);
    /* An ASSAY_UINT8 buffer that reads the caller's bytes where it can, and copies them where it cannot. */
    assay_buffer *(*buffer_borrow)(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error);
    void (*buffer_destroy)(assay_backend *backend, assay_buffer *buffer);
    /* `host` fits the element: f32 and f64 go with ASSAY_REAL, i32 with ASSAY_INT32, u8 with ASSAY_UINT8. */
    void (*upload)(assay_backend *backend, assay_slice to, assay_host_type type, const void *host);
    void (*download)(assay_backend *backend, assay_slice from, assay_host_type type, void *host);
    void (*fill)(assay_backend *backend, assay_slice to, double value);
    void (*copy)(assay_backend *backend, assay_slice to, assay_slice from);
    void (*fill_random)(assay_backend *backend, assay_slice to, assay_generator *generator,
                        assay_distribution distribution);

    /* The operations of backend.h, argument for argument. */
    void (*gemm)(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c);
    void (*activation_forward)(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y);
    void (*activation_backward)(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                                assay_slice dy, assay_slice dx);
    void (*linear_forward)(assay_backend *backend, assay_linear_shape shape, assay_activation activation, assay_slice x,
                           assay_slice weight, assay_slice bias, assay_slice z, assay_slice y);
    void (*linear_backward_input)(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                  const assay_linear_backward_slices *slices);
    void (*linear_backward_parameters)(assay_backend *backend, assay_linear_shape shape, assay_slice x, assay_slice dz,
                                       assay_slice dweight, assay_slice dbias);
    void (*softmax_cross_entropy)(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                  assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits);
    void (*softmax)(assay_backend *backend, size_t rows, size_t classes, assay_slice logits, assay_slice probabilities);
    void (*gather)(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                   assay_slice index, assay_slice table, assay_slice x, assay_slice y);
    void (*update)(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                   assay_slice gradients, const assay_slice *state);
    double (*sum)(assay_backend *backend, assay_slice x);
    assay_moments (*moments)(assay_backend *backend, assay_slice x);
} assay_backend_operations;

/* The base of every backend; `open` fills in all but `failure`, which assay_calloc has zeroed. */
struct assay_backend {
    const assay_backend_operations *operations;
    const char *name;
    assay_precision precision;
    int threads;
    bool prefers_similar_rows;
    assay_error failure; /* the first since the last check */
};

typedef assay_status (*assay_backend_open_function)(const assay_backend_options *options, assay_backend **backend,
                                                    assay_error *error);

assay_status assay_reference_open(const assay_backend_options *options, assay_backend **backend, assay_error *error);
assay_status assay_openblas_open(const assay_backend_options *options, assay_backend **backend, assay_error *error);
assay_status assay_openblas_dense_open(const assay_backend_options *options, assay_backend **backend,
                                       assay_error *error);
assay_status assay_cuda_open(const assay_backend_options *options, assay_backend **backend, assay_error *error);

/* Records a failure, unless one is recorded already. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void assay_backend_record(assay_backend *backend, assay_status status, const char *format, ...);

#endif
