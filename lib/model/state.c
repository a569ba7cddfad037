#include <assay/model/state.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "model/source.h"

struct assay_state {
    assay_stored_tensor *tensors;
    size_t count;
    size_t capacity;
    json_t *positions; /* name -> index in tensors: jansson's hash table, which also checks that names are UTF-8 */
    json_t *text;      /* key -> text, in the order of addition */
};

/* clang-format off */
static const struct {
    const char *name;
    size_t size;
    bool floating;
} dtypes[ASSAY_DTYPE_COUNT] = {
    [ASSAY_DTYPE_F64] = {"F64", 8, true},
    [ASSAY_DTYPE_F32] = {"F32", 4, true},
    [ASSAY_DTYPE_F16] = {"F16", 2, true},
    [ASSAY_DTYPE_BF16] = {"BF16", 2, true},
    [ASSAY_DTYPE_I64] = {"I64", 8, false},
    [ASSAY_DTYPE_I32] = {"I32", 4, false},
    [ASSAY_DTYPE_I16] = {"I16", 2, false},
    [ASSAY_DTYPE_I8] = {"I8", 1, false},
    [ASSAY_DTYPE_U8] = {"U8", 1, false},
    [ASSAY_DTYPE_BOOL] = {"BOOL", 1, false},
    [ASSAY_DTYPE_U64] = {"U64", 8, false},
    [ASSAY_DTYPE_U32] = {"U32", 4, false},
    [ASSAY_DTYPE_U16] = {"U16", 2, false},
    [ASSAY_DTYPE_F8_E4M3] = {"F8_E4M3", 1, true},
    [ASSAY_DTYPE_F8_E5M2] = {"F8_E5M2", 1, true},
    [ASSAY_DTYPE_C64] = {"C64", 8, false},
    [ASSAY_DTYPE_C128] = {"C128", 16, false},
};
/* clang-format on */

const char *assay_dtype_name(assay_dtype dtype)
{
    return dtypes[dtype].name;
}

size_t assay_dtype_size(assay_dtype dtype)
{
    return dtypes[dtype].size;
}

size_t assay_dtype_number_size(assay_dtype dtype)
{
    return dtype == ASSAY_DTYPE_C64 || dtype == ASSAY_DTYPE_C128 ? dtypes[dtype].size / 2 : dtypes[dtype].size;
}

bool assay_dtype_is_floating(assay_dtype dtype)
{
    return dtypes[dtype].floating;
}

assay_status assay_state_create(assay_state **state, assay_error *error)
{
    *state = NULL;
    assay_state *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->positions = json_object();
    made->text = json_object();
    if (made->positions == NULL || made->text == NULL) {
        assay_state_destroy(made);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a model's state");
    }
    *state = made;
    return ASSAY_OK;
}

void assay_state_destroy(assay_state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < state->count; i++) {
        assay_free((char *)state->tensors[i].name);
        assay_free(state->tensors[i].data);
    }
    assay_free(state->tensors);
    json_decref(state->positions);
    json_decref(state->text);
    assay_free(state);
}

bool assay_shape_count(size_t rank, const size_t *shape, assay_dtype dtype, size_t *count)
{
    size_t product = 1;
    bool empty = false;
    for (size_t i = 0; i < rank; i++) {
        empty = empty || shape[i] == 0;
    }
    for (size_t i = 0; i < rank && !empty; i++) {
        if (shape[i] > SIZE_MAX / 2 / product) {
            return false;
        }
        product *= shape[i];
    }
    if (product > SIZE_MAX / 2 / dtypes[dtype].size) {
        return false;
    }
    *count = empty ? 0 : product;
    return true;
}

void assay_state_reorder(assay_state *state, assay_byte_order order)
{
    for (size_t i = 0; state != NULL && i < state->count; i++) {
        const assay_stored_tensor *tensor = &state->tensors[i];
        const size_t width = assay_dtype_number_size(tensor->dtype);
        assay_reorder(tensor->data, width, tensor->count * (dtypes[tensor->dtype].size / width), order);
    }
}

static assay_status reserve(assay_state *state, assay_error *error)
{
    if (state->count < state->capacity) {
        return ASSAY_OK;
    }
    size_t capacity = state->capacity == 0 ? 16 : 2 * state->capacity;
    assay_stored_tensor *grown = assay_calloc(capacity, sizeof *grown, error);
    if (grown == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (state->tensors != NULL) {
        memcpy(grown, state->tensors, state->count * sizeof *grown);
    }
    assay_free(state->tensors);
    state->tensors = grown;
    state->capacity = capacity;
    return ASSAY_OK;
}

static assay_status check_new(const assay_state *state, const char *name, size_t rank, const size_t *shape,
                              assay_dtype dtype, size_t *count, assay_error *error)
{
    if (name[0] == '\0') {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "a tensor has no name");
    }
    if (assay_state_find(state, name) != NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "tensor '%.100s' is there twice", name);
    }
    if (rank > ASSAY_TENSOR_MAX_RANK) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "tensor '%.100s' has %zu dimensions; at most %d are supported",
                          name, rank, ASSAY_TENSOR_MAX_RANK);
    }
    if (!assay_shape_count(rank, shape, dtype, count)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "the shape of tensor '%.100s' is more than can be addressed",
                          name);
    }
    return ASSAY_OK;
}

/* jansson fails for text that is not UTF-8 and without memory, with the same status; malloc shows which it was. */
static assay_status not_set(const char *what, assay_error *error)
{
    return errno == ENOMEM ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %s", what)
                           : assay_fail(error, ASSAY_ERROR_FORMAT, "%s is not UTF-8", what);
}

assay_status assay_state_add(assay_state *state, const char *name, assay_dtype dtype, size_t rank, const size_t *shape,
                             void **data, assay_error *error)
{
    size_t count = 0;
    ASSAY_TRY(check_new(state, name, rank, shape, dtype, &count, error));
    ASSAY_TRY(reserve(state, error));
    assay_stored_tensor tensor = {.dtype = dtype, .rank = rank, .count = count};
    for (size_t i = 0; i < rank; i++) {
        tensor.shape[i] = shape[i];
    }
    tensor.name = assay_strdup(name, error);
    tensor.data = tensor.name == NULL ? NULL : assay_calloc(count, dtypes[dtype].size, error);
    if (tensor.data == NULL) {
        assay_free((char *)tensor.name);
        return ASSAY_ERROR_MEMORY;
    }
    errno = 0;
    if (json_object_set_new(state->positions, name, json_integer((json_int_t)state->count)) != 0) {
        assay_status status = not_set("a tensor's name", error);
        assay_free((char *)tensor.name);
        assay_free(tensor.data);
        return status;
    }
    state->tensors[state->count++] = tensor;
    if (data != NULL) {
        *data = tensor.data;
    }
    return ASSAY_OK;
}

assay_status assay_state_put(assay_state *state, const char *name, assay_dtype dtype, size_t rank, const size_t *shape,
                             const void *values, assay_error *error)
{
    void *data = NULL;
    ASSAY_TRY(assay_state_add(state, name, dtype, rank, shape, &data, error));
    size_t bytes = state->tensors[state->count - 1].count * dtypes[dtype].size;
    if (bytes > 0) {
        memcpy(data, values, bytes);
    }
    return ASSAY_OK;
}

size_t assay_state_count(const assay_state *state)
{
    return state->count;
}

const assay_stored_tensor *assay_state_at(const assay_state *state, size_t index)
{
    return &state->tensors[index];
}

const assay_stored_tensor *assay_state_find(const assay_state *state, const char *name)
{
    const json_t *position = json_object_get(state->positions, name);
    return position == NULL ? NULL : &state->tensors[json_integer_value(position)];
}

assay_status assay_state_set_text(assay_state *state, const char *key, const char *text, assay_error *error)
{
    errno = 0;
    if (json_object_set_new(state->text, key, json_string(text)) != 0) {
        char what[128];
        snprintf(what, sizeof what, "metadata '%.100s'", key);
        return not_set(what, error);
    }
    return ASSAY_OK;
}

const char *assay_state_text(const assay_state *state, const char *key)
{
    return json_string_value(json_object_get(state->text, key));
}

void assay_state_each_text(const assay_state *state, void (*each)(const char *key, const char *text, void *context),
                           void *context)
{
    const char *key = NULL;
    json_t *text = NULL;
    json_object_foreach(state->text, key, text) { /* ASSAY_EXCL_MCDC: a macro; each key has a value */
        each(key, json_string_value(text), context);
    }
}

/* IEEE 754 binary16: sign, 5 bits of exponent with bias 15, 10 bits of fraction; e = 0 is subnormal, 31 inf or NaN. */
static double from_half(uint16_t bits)
{
    int exponent = bits >> 10 & 31;
    int fraction = bits & 1023;
    double size = exponent == 31  ? (fraction == 0 ? (double)INFINITY : (double)NAN)
                  : exponent == 0 ? ldexp(fraction, -24)
                                  : ldexp(fraction + 1024, exponent - 25);
    return bits >> 15 != 0 ? -size : size;
}

static double from_bfloat(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

/* Sign, 4 bits of exponent with bias 7, 3 bits of fraction; all of both set is NaN, and there is no infinity. */
static double from_e4m3(uint8_t bits)
{
    int exponent = bits >> 3 & 15;
    int fraction = bits & 7;
    double size = (bits & 127) == 127 ? (double)NAN
                  : exponent == 0     ? ldexp(fraction, -9)
                                      : ldexp(fraction + 8, exponent - 10);
    return bits >> 7 != 0 ? -size : size;
}

static double element(const assay_stored_tensor *tensor, size_t i)
{
    const void *data = tensor->data;
    switch (tensor->dtype) {
    case ASSAY_DTYPE_F64: return ((const double *)data)[i];
    case ASSAY_DTYPE_F32: return (double)((const float *)data)[i];
    case ASSAY_DTYPE_F16: return from_half(((const uint16_t *)data)[i]);
    case ASSAY_DTYPE_BF16: return from_bfloat(((const uint16_t *)data)[i]);
    case ASSAY_DTYPE_I64: return (double)((const int64_t *)data)[i];
    case ASSAY_DTYPE_I32: return (double)((const int32_t *)data)[i];
    case ASSAY_DTYPE_I16: return (double)((const int16_t *)data)[i];
    case ASSAY_DTYPE_I8: return (double)((const int8_t *)data)[i];
    case ASSAY_DTYPE_U8:
    case ASSAY_DTYPE_BOOL: return (double)((const uint8_t *)data)[i];
    case ASSAY_DTYPE_U64: return (double)((const uint64_t *)data)[i];
    case ASSAY_DTYPE_U32: return (double)((const uint32_t *)data)[i];
    case ASSAY_DTYPE_U16: return (double)((const uint16_t *)data)[i];
    case ASSAY_DTYPE_F8_E4M3: return from_e4m3(((const uint8_t *)data)[i]);
    case ASSAY_DTYPE_F8_E5M2: return from_half((uint16_t)(((const uint8_t *)data)[i] << 8));
    case ASSAY_DTYPE_C64: return (double)((const float *)data)[2 * i];
    case ASSAY_DTYPE_C128: return ((const double *)data)[2 * i];
    case ASSAY_DTYPE_COUNT: break;
    }
    return (double)NAN;
}

void assay_stored_tensor_part_to_f64(const assay_stored_tensor *tensor, size_t first, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = element(tensor, first + i);
    }
}

void assay_stored_tensor_to_f64(const assay_stored_tensor *tensor, double *values)
{
    assay_stored_tensor_part_to_f64(tensor, 0, tensor->count, values);
}

assay_status assay_stored_tensor_check_finite(const assay_stored_tensor *tensor, assay_error *error)
{
    for (size_t i = 0; i < tensor->count; i++) {
        double value = element(tensor, i);
        if (!isfinite(value)) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC, "tensor '%.100s' has %s at index %zu", tensor->name,
                              isnan(value) ? "a NaN" : "an infinity", i);
        }
    }
    return ASSAY_OK;
}

assay_status assay_state_check_finite(const assay_state *state, assay_error *error)
{
    for (size_t t = 0; t < state->count; t++) {
        ASSAY_TRY(assay_stored_tensor_check_finite(&state->tensors[t], error));
    }
    return ASSAY_OK;
}

void assay_stored_tensor_moments(const assay_stored_tensor *tensor, double *mean, double *deviation)
{
    bool real = tensor->dtype != ASSAY_DTYPE_C64 && tensor->dtype != ASSAY_DTYPE_C128;
    double sum = 0.0;
    double squares = 0.0;
    for (size_t i = 0; i < tensor->count; i++) {
        sum += element(tensor, i);
    }
    *mean = real && tensor->count > 0 ? sum / (double)tensor->count : (double)NAN;
    for (size_t i = 0; i < tensor->count; i++) {
        double away = element(tensor, i) - *mean;
        squares += away * away;
    }
    *deviation = real && tensor->count > 1 ? sqrt(squares / (double)(tensor->count - 1)) : (double)NAN;
}
