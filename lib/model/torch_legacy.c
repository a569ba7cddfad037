/*
 * PyTorch's format before 1.6: four pickles (a magic number, a version, facts about the machine, the content), a pickle
 * with the list of the storages' keys, and each storage as a 64-bit number of elements and the elements.
 */
#include "model/source.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>

enum { PICKLES = 3 /* before the content */, COUNT_BYTES = 8 };

typedef struct {
    const char *key;
    size_t element; /* bytes of one */
    size_t offset;  /* in the file; 0 until the list of keys was read */
    size_t bytes;
} storage;

typedef struct {
    const assay_source *source;
    const assay_pickle *pickle;
    unsigned char *held; /* the storage that was asked for last */
    storage *storages;
    size_t count;
    size_t position;
    assay_error *error;
} legacy;

static int by_key(const void *a, const void *b)
{
    return strcmp(((const storage *)a)->key, ((const storage *)b)->key);
}

/* The storages that the tensors name, each once, sorted. */
static assay_status list_storages(legacy *l)
{
    size_t tensors = assay_pickle_count(l->pickle);
    l->storages = assay_calloc(tensors, sizeof *l->storages, l->error);
    if (l->storages == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < tensors; i++) {
        const assay_pickled_tensor *tensor = assay_pickle_at(l->pickle, i);
        l->storages[i] = (storage){.key = tensor->storage, .element = assay_dtype_size(tensor->dtype)};
    }
    qsort(l->storages, tensors, sizeof *l->storages, by_key);
    for (size_t i = 0; i < tensors; i++) {
        if (l->count == 0 || by_key(&l->storages[l->count - 1], &l->storages[i]) != 0) {
            l->storages[l->count++] = l->storages[i];
        }
    }
    return ASSAY_OK;
}

static storage *look_up(const legacy *l, const char *key)
{
    const storage wanted = {.key = key};
    return bsearch(&wanted, l->storages, l->count, sizeof *l->storages, by_key);
}

/* The next storage of the file is that of this key. */
static assay_status locate(void *context, const char *key)
{
    legacy *l = context;
    unsigned char head[COUNT_BYTES] = {0};
    storage *found = look_up(l, key);
    if (found == NULL) {
        return assay_fail(
            l->error, ASSAY_ERROR_FORMAT,
            "%s: holds tensors of a type that is not read (quantized ones, say): load it with PyTorch and "
            "save net.state_dict() of float32 weights",
            l->source->name);
    }
    size_t left = l->source->size - l->position;
    if (left >= COUNT_BYTES) {
        ASSAY_TRY(assay_source_read(l->source, l->position, COUNT_BYTES, head, l->error));
    }
    const uint64_t count = assay_little_endian(head, COUNT_BYTES);
    if (left < COUNT_BYTES || count > (left - COUNT_BYTES) / found->element) {
        return assay_fail(l->error, ASSAY_ERROR_FORMAT,
                          "%s: ends before its numbers do: is the download complete? (%zu bytes)", l->source->name,
                          l->source->size);
    }
    found->offset = l->position + COUNT_BYTES;
    found->bytes = (size_t)count * found->element;
    l->position = found->offset + found->bytes;
    return ASSAY_OK;
}

static assay_status find_storage(void *context, const char *key, const void **bytes, size_t *size, assay_error *error)
{
    legacy *l = context;
    const storage *found = look_up(l, key); /* there is one: it is asked for the tensors' storages alone */
    if (found->offset == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the numbers of a tensor are missing (storage '%.60s')",
                          l->source->name, key);
    }
    assay_free(l->held);
    l->held = NULL;
    *size = found->bytes;
    ASSAY_TRY(assay_source_take(l->source, found->offset, *size, &l->held, error));
    *bytes = l->held;
    return ASSAY_OK;
}

static assay_status load(legacy *l, const unsigned char *head, size_t size, assay_state **state,
                         assay_torch_about *about)
{
    const char *name = l->source->name;
    assay_pickle *pickle = NULL;
    size_t used = 0;
    for (int i = 0; i < PICKLES; i++) {
        ASSAY_TRY(assay_pickle_parse(head + l->position, size - l->position, name, &pickle, &used, NULL, l->error));
        assay_pickle_destroy(pickle);
        l->position += used;
    }
    ASSAY_TRY(assay_pickle_parse(head + l->position, size - l->position, name, &pickle, &used, NULL, l->error));
    l->position += used;
    l->pickle = pickle;
    size_t keys = l->position;
    assay_status status = list_storages(l);
    if (status == ASSAY_OK && assay_pickle_count(pickle) > 0) {
        /* Once to find where the list ends, which is where the numbers begin, and once to go through it. */
        status = assay_pickle_texts(head + keys, size - keys, name, NULL, NULL, &used, l->error);
        l->position += used;
    }
    if (status == ASSAY_OK && assay_pickle_count(pickle) > 0) {
        status = assay_pickle_texts(head + keys, size - keys, name, locate, l, &used, l->error);
    }
    if (status == ASSAY_OK) {
        status = assay_torch_assemble(pickle, name, find_storage, l, assay_source_budget(l->source), state, about,
                                      l->error);
        assay_state_reorder(*state, ASSAY_LITTLE_ENDIAN);
    }
    assay_free(l->storages);
    assay_free(l->held);
    assay_pickle_destroy(pickle);
    return status;
}

assay_status assay_torch_legacy_load(const assay_source *source, assay_state **state, assay_torch_about *about,
                                     assay_error *error)
{
    size_t size = source->size < ASSAY_PICKLE_LIMIT ? source->size : ASSAY_PICKLE_LIMIT;
    unsigned char *head = NULL;
    legacy l = {.source = source, .error = error};
    *state = NULL;
    ASSAY_TRY(assay_source_take(source, 0, size, &head, error));
    assay_status status = load(&l, head, size, state, about);
    assay_free(head);
    return status;
}
