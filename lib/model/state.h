/*
 * A model's state in memory: named tensors and text metadata, whatever file they came from or go to. Knows nothing of
 * networks and backends. Values are kept as they are in the file, little-endian, contiguous and row-major.
 */
#ifndef ASSAY_MODEL_STATE_H
#define ASSAY_MODEL_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef enum {
    ASSAY_DTYPE_F64,
    ASSAY_DTYPE_F32,
    ASSAY_DTYPE_F16,  /* IEEE binary16 */
    ASSAY_DTYPE_BF16, /* the high half of a binary32 */
    ASSAY_DTYPE_I64,
    ASSAY_DTYPE_I32,
    ASSAY_DTYPE_I16,
    ASSAY_DTYPE_I8,
    ASSAY_DTYPE_U8,
    ASSAY_DTYPE_BOOL, /* one byte, 0 or 1 */
    ASSAY_DTYPE_U64,
    ASSAY_DTYPE_U32,
    ASSAY_DTYPE_U16,
    ASSAY_DTYPE_F8_E4M3, /* 4 bits of exponent, 3 of fraction; no infinity (PyTorch's float8_e4m3fn) */
    ASSAY_DTYPE_F8_E5M2, /* the high half of a binary16 */
    ASSAY_DTYPE_C64,     /* two binary32: real and imaginary part */
    ASSAY_DTYPE_C128,    /* two binary64; safetensors does not have it */
    ASSAY_DTYPE_COUNT
} assay_dtype;

/* "F64", "F32", ... as safetensors spells them. */
const char *assay_dtype_name(assay_dtype dtype);
/* Bytes an element, at most 16. */
size_t assay_dtype_size(assay_dtype dtype);
/* Whether its elements are real floating-point numbers, as weights are. */
bool assay_dtype_is_floating(assay_dtype dtype);

enum { ASSAY_TENSOR_MAX_RANK = 8 };

typedef struct {
    const char *name; /* UTF-8, as "layers.0.weight" */
    assay_dtype dtype;
    size_t rank;                         /* 0 for a scalar */
    size_t shape[ASSAY_TENSOR_MAX_RANK]; /* the first `rank` are used, the others are 0 */
    size_t count;                        /* elements: the product of the shape */
    void *data;                          /* count * assay_dtype_size(dtype) bytes, aligned to ASSAY_ALIGNMENT */
} assay_stored_tensor;

typedef struct assay_state assay_state;

/* An empty state; the caller ends it with assay_state_destroy (NULL is allowed there). */
assay_status assay_state_create(assay_state **state, assay_error *error);
void assay_state_destroy(assay_state *state);

/*
 * Elements of a tensor of this shape; false where the shape's bytes overflow size_t. A dimension may be 0.
 */
bool assay_shape_count(size_t rank, const size_t *shape, assay_dtype dtype, size_t *count);

/*
 * Adds a tensor of zeros. `*data`, where it is wanted (not NULL), is its memory, which belongs to the state.
 * ASSAY_ERROR_FORMAT for an empty name, a name that is there already or is not UTF-8, a rank above
 * ASSAY_TENSOR_MAX_RANK, a shape that overflows.
 */
assay_status assay_state_add(assay_state *state, const char *name, assay_dtype dtype, size_t rank, const size_t *shape,
                             void **data, assay_error *error);

/* Adds a tensor with a copy of `values`, elements of its dtype. Errors as above. */
assay_status assay_state_put(assay_state *state, const char *name, assay_dtype dtype, size_t rank, const size_t *shape,
                             const void *values, assay_error *error);

/* The tensors in the order of their addition; `index` below assay_state_count. */
size_t assay_state_count(const assay_state *state);
const assay_stored_tensor *assay_state_at(const assay_state *state, size_t index);
/* NULL where no tensor has this name. */
const assay_stored_tensor *assay_state_find(const assay_state *state, const char *name);

/* Text beside the tensors. Setting a key again replaces its text. ASSAY_ERROR_FORMAT for text that is not UTF-8. */
assay_status assay_state_set_text(assay_state *state, const char *key, const char *text, assay_error *error);
/* NULL where the key is not there; the text belongs to the state, until the key is set again. */
const char *assay_state_text(const assay_state *state, const char *key);
/* Calls `each` for every key in the order of their addition. */
void assay_state_each_text(const assay_state *state, void (*each)(const char *key, const char *text, void *context),
                           void *context);

/*
 * Elements [first, first + count) as doubles: exact but for I64 and U64 beyond 2^53; of a complex number the real part.
 */
void assay_stored_tensor_part_to_f64(const assay_stored_tensor *tensor, size_t first, size_t count, double *values);
/* All elements. */
void assay_stored_tensor_to_f64(const assay_stored_tensor *tensor, double *values);

/* ASSAY_ERROR_NUMERIC with name and index (flat, row-major) of the first NaN or infinity in this tensor, or in any. */
assay_status assay_stored_tensor_check_finite(const assay_stored_tensor *tensor, assay_error *error);
assay_status assay_state_check_finite(const assay_state *state, assay_error *error);

/*
 * Mean and standard deviation (over n - 1, as torch.std) of the elements, in two passes. NaN where there is none: no
 * element, or one, or complex ones.
 */
void assay_stored_tensor_moments(const assay_stored_tensor *tensor, double *mean, double *deviation);

ASSAY_END_DECLS
#endif
