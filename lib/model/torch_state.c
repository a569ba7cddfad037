#include <assay/model/torch_state.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <assay/model/pickle.h>

typedef struct {
    const char *name;
    assay_storage_finder *find;
    void *context;
    size_t bytes_left;
    assay_state *state;
    assay_error *error;
} assembly;

/* Whether offset + sum over i of (shape[i] - 1) stride[i], the last element's place, is inside the storage. */
static bool fits(const assay_pickled_tensor *tensor)
{
    size_t last = tensor->offset;
    for (size_t i = 0; i < tensor->rank; i++) {
        size_t steps = tensor->shape[i] - 1;
        size_t way = 0;
        if (__builtin_mul_overflow(steps, tensor->stride[i], &way) || __builtin_add_overflow(last, way, &last)) {
            return false;
        }
    }
    return last < tensor->storage_count;
}

static bool is_contiguous(const assay_pickled_tensor *tensor)
{
    size_t step = 1;
    for (size_t i = tensor->rank; i-- > 0;) {
        if (tensor->shape[i] != 1 && tensor->stride[i] != step) {
            return false;
        }
        step *= tensor->shape[i];
    }
    return true;
}

/* The elements in row-major order: `at` counts like an odometer, and `place` follows it by the strides. */
static void gather(const assay_pickled_tensor *tensor, const unsigned char *storage, size_t count, unsigned char *to)
{
    size_t size = assay_dtype_size(tensor->dtype);
    size_t at[ASSAY_TENSOR_MAX_RANK] = {0};
    size_t place = tensor->offset;
    if (is_contiguous(tensor)) {
        memcpy(to, storage + place * size, count * size);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(to + i * size, storage + place * size, size);
        for (size_t d = tensor->rank; d-- > 0;) {
            place += tensor->stride[d];
            if (++at[d] < tensor->shape[d]) {
                break;
            }
            place -= at[d] * tensor->stride[d];
            at[d] = 0;
        }
    }
}

static assay_status find_storage(assembly *a, const assay_pickled_tensor *tensor, const void **storage)
{
    size_t size = 0;
    ASSAY_TRY(a->find(a->context, tensor->storage, storage, &size, a->error));
    if (size / assay_dtype_size(tensor->dtype) != tensor->storage_count || size % assay_dtype_size(tensor->dtype) != 0) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT,
                          "%s: storage '%.60s' of tensor '%.100s' has %zu bytes; the pickle says %zu elements of %zu bytes",
                          a->name, tensor->storage, tensor->name, size, tensor->storage_count,
                          assay_dtype_size(tensor->dtype));
    }
    return ASSAY_OK;
}

static assay_status add_tensor(assembly *a, const assay_pickled_tensor *tensor)
{
    size_t count = 0;
    const void *storage = NULL;
    void *data = NULL;
    if (!assay_shape_count(tensor->rank, tensor->shape, tensor->dtype, &count)) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT, "%s: the shape of tensor '%.100s' is more than can be addressed",
                          a->name, tensor->name);
    }
    ASSAY_TRY(find_storage(a, tensor, &storage));
    if (count > 0 && !fits(tensor)) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT,
                          "%s: tensor '%.100s' reaches past the %zu elements of its storage", a->name, tensor->name,
                          tensor->storage_count);
    }
    size_t bytes = count * assay_dtype_size(tensor->dtype);
    if (bytes > a->bytes_left) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT,
                          "%s: tensor '%.100s' makes the tensors far larger than the file: too many views of one storage",
                          a->name, tensor->name);
    }
    a->bytes_left -= bytes;
    assay_status added =
        assay_state_add(a->state, tensor->name, tensor->dtype, tensor->rank, tensor->shape, &data, a->error);
    ASSAY_TRY(assay_fail_in(a->error, added, a->name));
    if (count > 0) {
        gather(tensor, storage, count, data);
    }
    return ASSAY_OK;
}

static assay_status add_tensors(assembly *a, const assay_pickle *pickle)
{
    for (size_t i = 0; i < assay_pickle_count(pickle); i++) {
        ASSAY_TRY(add_tensor(a, assay_pickle_at(pickle, i)));
    }
    return ASSAY_OK;
}

assay_status assay_torch_state(const void *pickle, size_t pickle_size, const char *name, assay_storage_finder *find,
                               void *context, size_t most_bytes, assay_state **state, assay_error *error)
{
    assay_pickle *parsed = NULL;
    assembly a = {.name = name, .find = find, .context = context, .bytes_left = most_bytes, .error = error};
    *state = NULL;
    ASSAY_TRY(assay_pickle_parse(pickle, pickle_size, name, &parsed, error));
    assay_status status = assay_state_create(&a.state, error);
    if (status == ASSAY_OK) {
        status = add_tensors(&a, parsed);
    }
    assay_pickle_destroy(parsed);
    if (status != ASSAY_OK) {
        assay_state_destroy(a.state);
        return status;
    }
    *state = a.state;
    return ASSAY_OK;
}
