#include <assay/model/torch_state.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "model/source.h"

/* A tensor, and where it is put. */
typedef struct {
    const assay_pickled_tensor *tensor;
    void *data;
    size_t count;
} target;

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

static assay_status check_storage(const assembly *a, const assay_pickled_tensor *tensor, size_t size)
{
    if (size / assay_dtype_size(tensor->dtype) != tensor->storage_count ||
        size % assay_dtype_size(tensor->dtype) != 0) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT,
                          "%s: the numbers of tensor '%.100s' have %zu bytes where %zu elements of %zu bytes are "
                          "promised: is the file damaged?",
                          a->name, tensor->name, size, tensor->storage_count, assay_dtype_size(tensor->dtype));
    }
    return ASSAY_OK;
}

/* The tensor in the state, still zeros. */
static assay_status add_tensor(assembly *a, const assay_pickled_tensor *tensor, target *made)
{
    made->tensor = tensor;
    if (!assay_shape_count(tensor->rank, tensor->shape, tensor->dtype, &made->count)) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT,
                          "%s: the shape of tensor '%.100s' is more than can be addressed", a->name, tensor->name);
    }
    if (made->count > 0 && !fits(tensor)) {
        return assay_fail(a->error, ASSAY_ERROR_FORMAT,
                          "%s: tensor '%.100s' reaches past the %zu elements of its storage", a->name, tensor->name,
                          tensor->storage_count);
    }
    size_t bytes = made->count * assay_dtype_size(tensor->dtype);
    if (bytes > a->bytes_left) {
        return assay_fail(
            a->error, ASSAY_ERROR_FORMAT,
            "%s: tensor '%.100s' makes the tensors far larger than the file: too many views of one storage", a->name,
            tensor->name);
    }
    a->bytes_left -= bytes;
    assay_status added = assay_state_add(a->state, tensor->name, tensor->dtype, tensor->rank, tensor->shape,
                                         &made->data, a->error);
    return assay_fail_in(a->error, added, a->name);
}

static int by_storage(const void *a, const void *b)
{
    const target *x = a;
    const target *y = b;
    int order = strcmp(x->tensor->storage, y->tensor->storage);
    return order != 0 ? order : (x->tensor > y->tensor) - (x->tensor < y->tensor);
}

/* Storage by storage, so that only one is in memory beside the tensors. */
static assay_status fill_tensors(assembly *a, target *targets, size_t count)
{
    const void *storage = NULL;
    size_t size = 0;
    qsort(targets, count, sizeof *targets, by_storage);
    for (size_t i = 0; i < count; i++) {
        const assay_pickled_tensor *tensor = targets[i].tensor;
        if (i == 0 || strcmp(tensor->storage, targets[i - 1].tensor->storage) != 0) {
            ASSAY_TRY(a->find(a->context, tensor->storage, &storage, &size, a->error));
            if (size > a->bytes_left) {
                return assay_fail(a->error, ASSAY_ERROR_FORMAT, "%s: a storage is far larger than the file", a->name);
            }
        }
        ASSAY_TRY(check_storage(a, tensor, size));
        if (targets[i].count > 0) {
            gather(tensor, storage, targets[i].count, targets[i].data);
        }
    }
    return ASSAY_OK;
}

static assay_status add_tensors(assembly *a, const assay_pickle *pickle)
{
    size_t count = assay_pickle_count(pickle);
    target *targets = assay_calloc(count, sizeof *targets, a->error);
    assay_status status = targets == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        status = add_tensor(a, assay_pickle_at(pickle, i), &targets[i]);
    }
    if (status == ASSAY_OK) {
        status = fill_tensors(a, targets, count);
    }
    assay_free(targets);
    return status;
}

static void describe(const assay_pickle *pickle, assay_torch_about *about)
{
    const char *own = assay_pickle_own_class(pickle);
    snprintf(about->root, sizeof about->root, "%s", assay_pickle_root(pickle));
    snprintf(about->own_class, sizeof about->own_class, "%s", own != NULL ? own : "");
    snprintf(about->others, sizeof about->others, "%s", assay_pickle_others(pickle));
}

assay_status assay_torch_assemble(const assay_pickle *pickle, const char *name, assay_storage_finder *find,
                                  void *context, size_t most_bytes, assay_state **state, assay_torch_about *about,
                                  assay_error *error)
{
    assembly a = {.name = name, .find = find, .context = context, .bytes_left = most_bytes, .error = error};
    *state = NULL;
    if (about != NULL) {
        describe(pickle, about);
    }
    ASSAY_TRY(assay_state_create(&a.state, error));
    assay_status status = add_tensors(&a, pickle);
    if (status != ASSAY_OK) {
        assay_state_destroy(a.state);
        return status;
    }
    *state = a.state;
    return ASSAY_OK;
}

assay_status assay_torch_state(const void *pickle, size_t pickle_size, const char *name, assay_storage_finder *find,
                               void *context, size_t most_bytes, assay_state **state, assay_torch_about *about,
                               assay_error *error)
{
    assay_pickle *parsed = NULL;
    size_t used = 0;
    *state = NULL;
    ASSAY_TRY(assay_pickle_parse(pickle, pickle_size, name, &parsed, &used, NULL, error));
    assay_status status = used == pickle_size
                              ? assay_torch_assemble(parsed, name, find, context, most_bytes, state, about, error)
                              : assay_fail(
                                    error, ASSAY_ERROR_FORMAT,
                                    "%s: is damaged, or was not written by torch.save: its pickle stops before its end",
                                    name);
    assay_state_reorder(*state, ASSAY_LITTLE_ENDIAN);
    assay_pickle_destroy(parsed);
    return status;
}
