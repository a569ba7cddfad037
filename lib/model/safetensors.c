#include <assay/model/safetensors.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/byte_order.h"
#include "base/json.h"
#include "model/source.h"

#define METADATA "__metadata__"

enum { LENGTH_BYTES = 8 };

/* --- reading --------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    assay_dtype dtype;
    size_t rank;
    size_t shape[ASSAY_TENSOR_MAX_RANK];
    size_t begin; /* offsets into the bytes behind the header */
    size_t end;
} entry;

bool assay_safetensors_recognised(const void *bytes, size_t size)
{
    return size > LENGTH_BYTES && ((const unsigned char *)bytes)[LENGTH_BYTES] == '{' &&
           assay_little_endian(bytes, LENGTH_BYTES) <= UINT32_MAX;
}

static assay_status check_length(const assay_source *source, uint64_t length, assay_error *error)
{
    if (length > source->size - LENGTH_BYTES) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: begins like a safetensors file, but its header of %" PRIu64
                          " bytes goes past the end: is the download complete? (%zu bytes)",
                          source->name, length, source->size);
    }
    if (length > ASSAY_SAFETENSORS_HEADER_LIMIT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: a header of %" PRIu64 " bytes is more than the %zu that are read", source->name, length,
                          ASSAY_SAFETENSORS_HEADER_LIMIT);
    }
    return ASSAY_OK;
}

/* JSON of many small values takes a hundred times its length in memory; the header of a tensor has some 80 bytes. */
static bool is_dense(const char *text, size_t length)
{
    enum { OBJECT = 32, LIST = 16, ITEM = 4, SPARE = 64 };
    size_t objects = 0;
    size_t lists = 0;
    size_t items = 0;
    for (size_t i = 0; i < length; i++) {
        objects += text[i] == '{';
        lists += text[i] == '[';
        items += text[i] == ',';
    }
    return objects > length / OBJECT + SPARE || lists > length / LIST + SPARE || items > length / ITEM + SPARE;
}

static assay_status parse_header(const assay_source *source, const char *text, size_t length, json_t **header,
                                 assay_error *error)
{
    json_error_t where;
    assay_status status;
    if (is_dense(text, length)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the safetensors header is no list of tensors", source->name);
    }
    *header = assay_json_load(text, length, &where, &status);
    if (*header == NULL) {
        assay_fail(error, status, "%s: the safetensors header is not good JSON: %s", source->name, where.text);
        assay_fail_detail(error, "at byte %d of the file", LENGTH_BYTES + where.position);
        return status;
    }
    return json_typeof(*header) == JSON_OBJECT
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the safetensors header is not a JSON object", source->name);
}

static assay_status read_header(const assay_source *source, json_t **header, size_t *header_size, assay_error *error)
{
    unsigned char head[LENGTH_BYTES];
    unsigned char *text = NULL;
    if (source->size < LENGTH_BYTES) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu bytes are too few for a safetensors file", source->name,
                          source->size);
    }
    ASSAY_TRY(assay_source_read(source, 0, LENGTH_BYTES, head, error));
    const uint64_t length = assay_little_endian(head, LENGTH_BYTES);
    ASSAY_TRY(check_length(source, length, error));
    ASSAY_TRY(assay_source_take(source, LENGTH_BYTES, (size_t)length, &text, error));
    assay_status status = parse_header(source, (const char *)text, (size_t)length, header, error);
    assay_free(text);
    *header_size = LENGTH_BYTES + (size_t)length;
    return status;
}

/* A JSON integer that fits a size; false for anything else. */
static bool as_size(const json_t *value, size_t *size)
{
    return json_typeof(value) == JSON_INTEGER && !__builtin_add_overflow(json_integer_value(value), 0, size);
}

static bool dtype_by_name(const char *name, assay_dtype *dtype)
{
    for (int i = 0; name != NULL && i < ASSAY_DTYPE_COUNT; i++) {
        if (strcmp(name, assay_dtype_name((assay_dtype)i)) == 0) {
            *dtype = (assay_dtype)i;
            return true;
        }
    }
    return false;
}

static assay_status read_shape(const json_t *shape, const char *file, entry *tensor, assay_error *error)
{
    tensor->rank = json_array_size(shape);
    if (!json_is_array(shape) || tensor->rank > ASSAY_TENSOR_MAX_RANK) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: tensor '%.100s': 'shape' is not a list of at most %d sizes",
                          file, tensor->name, ASSAY_TENSOR_MAX_RANK);
    }
    for (size_t i = 0; i < tensor->rank; i++) {
        if (!as_size(json_array_get(shape, i), &tensor->shape[i])) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: tensor '%.100s': size %zu of its shape is not a whole number", file, tensor->name,
                              i);
        }
    }
    return ASSAY_OK;
}

static assay_status read_entry(const json_t *json, const char *file, entry *tensor, assay_error *error)
{
    const json_t *offsets = json_object_get(json, "data_offsets");
    const char *dtype = json_string_value(json_object_get(json, "dtype"));
    if (json_typeof(json) != JSON_OBJECT || json_object_size(json) != 3) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: tensor '%.100s' must have exactly 'dtype', 'shape' and 'data_offsets'", file,
                          tensor->name);
    }
    if (!dtype_by_name(dtype, &tensor->dtype)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: tensor '%.100s' has the unknown dtype '%.20s'", file,
                          tensor->name, dtype == NULL ? "" : dtype);
    }
    ASSAY_TRY(read_shape(json_object_get(json, "shape"), file, tensor, error));
    if (json_array_size(offsets) != 2 || !as_size(json_array_get(offsets, 0), &tensor->begin) ||
        !as_size(json_array_get(offsets, 1), &tensor->end) || tensor->begin > tensor->end) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: tensor '%.100s': 'data_offsets' is not a pair [begin, end]",
                          file, tensor->name);
    }
    size_t count = 0;
    if (!assay_shape_count(tensor->rank, tensor->shape, tensor->dtype, &count)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the shape of tensor '%.100s' is more than can be addressed",
                          file, tensor->name);
    }
    if (count * assay_dtype_size(tensor->dtype) != tensor->end - tensor->begin) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: tensor '%.100s' needs %zu bytes for its shape and has %zu",
                          file, tensor->name, count * assay_dtype_size(tensor->dtype), tensor->end - tensor->begin);
    }
    return ASSAY_OK;
}

static int by_offset(const void *a, const void *b)
{
    const entry *x = a;
    const entry *y = b;
    if (x->begin != y->begin) {
        return x->begin < y->begin ? -1 : 1;
    }
    return (x->end > y->end) - (x->end < y->end);
}

static assay_status check_layout(const entry *entries, size_t count, size_t data_size, const char *file,
                                 assay_error *error)
{
    size_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].begin != end) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: tensor '%.100s' begins at %zu where the one before ends at %zu", file,
                              entries[i].name, entries[i].begin, end);
        }
        end = entries[i].end;
        if (end > data_size) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: tensor '%.100s' ends at %zu, past the %zu bytes of data: is the download complete?",
                              file, entries[i].name, end, data_size);
        }
    }
    if (end != data_size) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu bytes at the end belong to no tensor", file,
                          data_size - end);
    }
    return ASSAY_OK;
}

static assay_status read_entries(json_t *header, const char *file, entry *entries, size_t *count, assay_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    json_object_foreach(header, key, value) { /* ASSAY_EXCL_MCDC: a macro; each key has a value */
        if (strcmp(key, METADATA) != 0) {
            entries[*count].name = key;
            ASSAY_TRY(read_entry(value, file, &entries[*count], error));
            (*count)++;
        }
    }
    return ASSAY_OK;
}

static assay_status read_metadata(json_t *metadata, const char *file, assay_state *state, assay_error *error)
{
    const char *key = NULL;
    json_t *value = NULL;
    if (metadata != NULL && json_typeof(metadata) != JSON_OBJECT) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: '" METADATA "' is not a JSON object", file);
    }
    json_object_foreach(metadata, key, value) { /* ASSAY_EXCL_MCDC: as above */
        if (json_typeof(value) != JSON_STRING) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: metadata '%.100s' is not a text", file, key);
        }
        ASSAY_TRY(assay_state_set_text(state, key, json_string_value(value), error));
    }
    return ASSAY_OK;
}

static assay_status load_tensor(const assay_source *source, size_t data_at, const entry *tensor, assay_state *state,
                                assay_error *error)
{
    void *data = NULL;
    assay_status added = assay_state_add(state, tensor->name, tensor->dtype, tensor->rank, tensor->shape, &data, error);
    ASSAY_TRY(assay_fail_in(error, added, source->name));
    ASSAY_TRY(assay_source_read(source, data_at + tensor->begin, tensor->end - tensor->begin, data, error));
    const size_t width = assay_dtype_number_size(tensor->dtype);
    assay_reorder(data, width, (tensor->end - tensor->begin) / width, ASSAY_LITTLE_ENDIAN);
    return ASSAY_OK;
}

static assay_status fill(json_t *header, const assay_source *source, size_t data_at, entry *entries, assay_state *state,
                         assay_error *error)
{
    size_t count = 0;
    ASSAY_TRY(read_entries(header, source->name, entries, &count, error));
    qsort(entries, count, sizeof *entries, by_offset);
    ASSAY_TRY(check_layout(entries, count, source->size - data_at, source->name, error));
    for (size_t i = 0; i < count; i++) {
        ASSAY_TRY(load_tensor(source, data_at, &entries[i], state, error));
    }
    return read_metadata(json_object_get(header, METADATA), source->name, state, error);
}

/* Says what to do about a file that breaks the rules of the format. */
static void advise(assay_status status, assay_error *error)
{
    if (status == ASSAY_ERROR_FORMAT && error != NULL && strchr(error->message, '?') == NULL) {
        size_t used = strlen(error->message);
        snprintf(error->message + used, sizeof error->message - used, "; the file is damaged: fetch or write it again");
    }
}

assay_status assay_safetensors_load(const assay_source *source, assay_state **state, assay_error *error)
{
    *state = NULL;
    json_t *header = NULL;
    size_t header_size = 0;
    entry *entries = NULL;
    assay_status status = read_header(source, &header, &header_size, error);
    if (status == ASSAY_OK) {
        entries = assay_calloc(json_object_size(header), sizeof *entries, error);
        status = entries == NULL ? ASSAY_ERROR_MEMORY : assay_state_create(state, error);
    }
    if (status == ASSAY_OK) {
        status = fill(header, source, header_size, entries, *state, error);
    }
    if (status != ASSAY_OK) {
        advise(status, error);
        assay_state_destroy(*state);
        *state = NULL;
    }
    assay_free(entries);
    json_decref(header);
    return status;
}

assay_status assay_safetensors_parse(const void *bytes, size_t size, const char *name, assay_state **state,
                                     assay_error *error)
{
    const assay_source source = {.name = name, .memory = bytes, .size = size};
    return assay_safetensors_load(&source, state, error);
}

assay_status assay_safetensors_read(const char *path, assay_state **state, assay_error *error)
{
    assay_source source = {.name = path};
    *state = NULL;
    ASSAY_TRY(assay_file_open(path, ASSAY_MODEL_FILE_LIMIT, &source.descriptor, &source.size, error));
    assay_status status = assay_safetensors_load(&source, state, error);
    close(source.descriptor);
    return status;
}

/* --- writing --------------------------------------------------------------------------------------------------- */

/* The header as far as it is made. jansson passes a failed allocation on as a NULL, which no object and no list takes:
 * something would be missing in a header that looks whole. */
typedef struct {
    json_t *json;
    json_t *metadata;
    size_t offset;
    bool whole;
} header_builder;

static void add_metadata(const char *key, const char *text, void *context)
{
    header_builder *builder = context;
    builder->whole = json_object_set_new(builder->metadata, key, json_string(text)) == 0 && builder->whole;
}

static void add_to_header(const assay_stored_tensor *tensor, void *context)
{
    header_builder *builder = context;
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++) {
        json_t *size = json_integer((json_int_t)tensor->shape[i]);
        builder->whole = json_array_append_new(shape, size) == 0 && builder->whole;
    }
    size_t end = builder->offset + tensor->count * assay_dtype_size(tensor->dtype);
    json_t *described = json_pack("{s:s, s:o, s:[I, I]}", "dtype", assay_dtype_name(tensor->dtype), "shape", shape,
                                  "data_offsets", (json_int_t)builder->offset, (json_int_t)end);
    builder->whole = json_object_set_new(builder->json, tensor->name, described) == 0 && builder->whole;
    builder->offset = end;
}

/* Calls `visit` for each tensor in the order of the file: elements of 16 bytes first, of 1 byte last. */
static void in_file_order(const assay_state *state, void (*visit)(const assay_stored_tensor *tensor, void *context),
                          void *context)
{
    for (size_t size = 16; size > 0; size /= 2) {
        for (size_t i = 0; i < assay_state_count(state); i++) {
            const assay_stored_tensor *tensor = assay_state_at(state, i);
            if (assay_dtype_size(tensor->dtype) == size) {
                visit(tensor, context);
            }
        }
    }
}

static void write_bytes(const void *bytes, size_t size, void *stream)
{
    fwrite(bytes, 1, size, stream);
}

static void write_data(const assay_stored_tensor *tensor, void *context)
{
    const size_t bytes = tensor->count * assay_dtype_size(tensor->dtype);
    assay_each_little_endian(tensor->data, assay_dtype_number_size(tensor->dtype), bytes, write_bytes, context);
}

/* The header as text, NULL when memory is out; the caller frees it with free. */
static char *make_header(const assay_state *state)
{
    header_builder builder = {.json = json_object(), .metadata = json_object(), .whole = true};
    assay_state_each_text(state, add_metadata, &builder);
    if (json_object_size(builder.metadata) > 0) {
        builder.whole = json_object_set(builder.json, METADATA, builder.metadata) == 0 && builder.whole;
    }
    in_file_order(state, add_to_header, &builder);
    char *text = builder.whole ? assay_json_print(builder.json, JSON_COMPACT) : NULL;
    json_decref(builder.metadata);
    json_decref(builder.json);
    return text;
}

assay_status assay_safetensors_write(const char *path, const assay_state *state, assay_error *error)
{
    if (assay_state_find(state, METADATA) != NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: no tensor may be named '" METADATA "' in a safetensors file",
                          path);
    }
    for (size_t i = 0; i < assay_state_count(state); i++) {
        if (assay_state_at(state, i)->dtype == ASSAY_DTYPE_C128) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: tensor '%.100s' is complex128, which safetensors does not have", path,
                              assay_state_at(state, i)->name);
        }
    }
    char *header = make_header(state);
    if (header == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: out of memory for the header", path);
    }
    assay_file_writer *writer = NULL;
    assay_status status = assay_file_create(path, &writer, error);
    if (status == ASSAY_OK) {
        FILE *stream = assay_file_stream(writer);
        uint64_t length = (strlen(header) + 7) / 8 * 8;
        unsigned char head[LENGTH_BYTES];
        assay_put_little_endian(length, head, LENGTH_BYTES);
        fwrite(head, 1, LENGTH_BYTES, stream);
        fprintf(stream, "%-*s", (int)length, header);
        in_file_order(state, write_data, stream);
        status = assay_file_commit(writer, error);
    }
    free(header);
    return status;
}
