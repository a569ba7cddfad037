/* A state as torch.save writes an OrderedDict of tensors: a zip archive of stored entries, aligned to 64 bytes. */
#include <assay/model/torch_zip.h>

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/byte_order.h"
#include "model/source.h"

enum { LOCAL_BYTES = 30, CENTRAL_BYTES = 46, END_BYTES = 22, EXTRA_BYTES = 4, ALIGNMENT = 64, NAME_BYTES = 40 };

/* --- the pickle ------------------------------------------------------------------------------------------------ */

/* Bytes that grow. */
typedef struct {
    unsigned char *bytes;
    size_t size;
    size_t capacity;
    assay_error *error;
    bool failed; /* memory was out */
} buffer;

static void add(buffer *b, const void *bytes, size_t size)
{
    if (b->failed) {
        return;
    }
    if (b->capacity - b->size < size) {
        size_t capacity = 2 * (b->capacity + size) + 4096;
        unsigned char *grown = assay_calloc(capacity, 1, b->error);
        if (grown == NULL) {
            b->failed = true;
            return;
        }
        if (b->bytes != NULL) {
            memcpy(grown, b->bytes, b->size);
        }
        assay_free(b->bytes);
        b->bytes = grown;
        b->capacity = capacity;
    }
    memcpy(b->bytes + b->size, bytes, size);
    b->size += size;
}

static void add_string(buffer *b, const char *text)
{
    add(b, text, strlen(text));
}

static void add_number(buffer *b, uint64_t number, size_t width)
{
    unsigned char bytes[8];
    assay_put_little_endian(number, bytes, width);
    add(b, bytes, width);
}

/* BINUNICODE. */
static void add_text(buffer *b, const char *text)
{
    add_string(b, "X");
    add_number(b, strlen(text), 4);
    add_string(b, text);
}

/* BININT, or LONG1 for what needs more than 31 bits; sizes are below 2^63. */
static void add_integer(buffer *b, size_t number)
{
    if (number <= INT32_MAX) {
        add_string(b, "J");
        add_number(b, number, 4);
    } else {
        add_string(b, "\x8a\x08");
        add_number(b, number, 8);
    }
}

/* The storage class of each dtype; NULL where PyTorch 1.13 has none. */
/* clang-format off */
static const char *const storage_classes[ASSAY_DTYPE_COUNT] = {
    [ASSAY_DTYPE_F64] = "Double", [ASSAY_DTYPE_F32] = "Float", [ASSAY_DTYPE_F16] = "Half",
    [ASSAY_DTYPE_BF16] = "BFloat16", [ASSAY_DTYPE_I64] = "Long", [ASSAY_DTYPE_I32] = "Int",
    [ASSAY_DTYPE_I16] = "Short", [ASSAY_DTYPE_I8] = "Char", [ASSAY_DTYPE_U8] = "Byte", [ASSAY_DTYPE_BOOL] = "Bool",
    [ASSAY_DTYPE_C64] = "ComplexFloat", [ASSAY_DTYPE_C128] = "ComplexDouble",
};
/* clang-format on */

static void add_stride(buffer *b, const assay_stored_tensor *tensor)
{
    size_t stride[ASSAY_TENSOR_MAX_RANK];
    size_t step = 1;
    for (size_t i = tensor->rank; i-- > 0;) {
        stride[i] = step;
        step *= tensor->shape[i] > 0 ? tensor->shape[i] : 1;
    }
    add_string(b, "(");
    for (size_t i = 0; i < tensor->rank; i++) {
        add_integer(b, stride[i]);
    }
    add_string(b, "t");
}

static const char NEW_DICTIONARY[] = "ccollections\nOrderedDict\n)R";

/* name: torch._utils._rebuild_tensor_v2(storage, 0, size, stride, False, OrderedDict()) */
static void add_tensor(buffer *b, const assay_stored_tensor *tensor, size_t key)
{
    char number[24];
    snprintf(number, sizeof number, "%zu", key);
    add_text(b, tensor->name);
    add_string(b, "ctorch._utils\n_rebuild_tensor_v2\n((");
    add_text(b, "storage");
    add_string(b, "ctorch\n");
    add_string(b, storage_classes[tensor->dtype]);
    add_string(b, "Storage\n");
    add_text(b, number);
    add_text(b, "cpu");
    add_integer(b, tensor->count);
    add_string(b, "tQ");
    add_integer(b, 0);
    add_string(b, "(");
    for (size_t i = 0; i < tensor->rank; i++) {
        add_integer(b, tensor->shape[i]);
    }
    add_string(b, "t");
    add_stride(b, tensor);
    add_string(b, "\x89");
    add_string(b, NEW_DICTIONARY);
    add_string(b, "tR");
}

static void add_pickle(buffer *b, const assay_state *state)
{
    add_string(b, "\x80\x02");
    add_string(b, NEW_DICTIONARY);
    add_string(b, "(");
    for (size_t i = 0; i < assay_state_count(state); i++) {
        add_tensor(b, assay_state_at(state, i), i);
    }
    add_string(b, "u.");
}

/* --- the archive ----------------------------------------------------------------------------------------------- */

typedef struct {
    FILE *stream;
    uint64_t offset;
    buffer directory;
    size_t entries;
} archive;

/* What the headers of an entry have in common: from the version that is needed to the length of the extra field. */
static void add_common(buffer *b, const char *name, uint32_t checksum, size_t size, size_t extra)
{
    enum { VERSION = 20, DAY = 33 /* 1 January 1980: the same state gives the same bytes */ };
    add_number(b, VERSION, 2);
    add_number(b, 0, 2);
    add_number(b, 0, 2);
    add_number(b, 0, 2);
    add_number(b, DAY, 2);
    add_number(b, checksum, 4);
    add_number(b, size, 4);
    add_number(b, size, 4);
    add_number(b, strlen(name), 2);
    add_number(b, extra, 2);
}

static void write_bytes(const void *bytes, size_t size, void *stream)
{
    fwrite(bytes, 1, size, stream);
}

/* `size` bytes of numbers of `width` bytes. */
static void write_entry(archive *a, const char *inside, const void *numbers, size_t width, size_t size)
{
    char name[NAME_BYTES];
    buffer header = {.error = a->directory.error};
    snprintf(name, sizeof name, "archive/%s", inside);
    const uint32_t checksum = assay_checksum(0, numbers, width, size);
    size_t before = (size_t)(a->offset % ALIGNMENT) + LOCAL_BYTES + strlen(name) + EXTRA_BYTES;
    size_t padding = (ALIGNMENT - before % ALIGNMENT) % ALIGNMENT;
    static const char zeros[ALIGNMENT] = "";
    add(&header, "PK\3\4", 4);
    add_common(&header, name, checksum, size, EXTRA_BYTES + padding);
    add_string(&header, name);
    add(&header, "FB", 2); /* PyTorch's mark of its padding */
    add_number(&header, padding, 2);
    add(&header, zeros, padding);
    add(&a->directory, "PK\1\2", 4);
    add_number(&a->directory, 20, 2);
    add_common(&a->directory, name, checksum, size, 0);
    add(&a->directory, zeros, 10); /* no comment, first volume, no attributes */
    add_number(&a->directory, a->offset, 4);
    add_string(&a->directory, name);
    if (!header.failed) {
        fwrite(header.bytes, 1, header.size, a->stream);
        assay_each_little_endian(numbers, width, size, write_bytes, a->stream);
    }
    a->directory.failed = a->directory.failed || header.failed;
    a->offset += header.size + size;
    a->entries++;
    assay_free(header.bytes);
}

static void write_end(archive *a)
{
    size_t size = a->directory.size;
    add(&a->directory, "PK\5\6", 4);
    add_number(&a->directory, 0, 4);
    add_number(&a->directory, a->entries, 2);
    add_number(&a->directory, a->entries, 2);
    add_number(&a->directory, size, 4);
    add_number(&a->directory, a->offset, 4);
    add_number(&a->directory, 0, 2);
    if (!a->directory.failed) {
        fwrite(a->directory.bytes, 1, a->directory.size, a->stream);
    }
}

static void write_archive(archive *a, const assay_state *state, const buffer *pickle)
{
    write_entry(a, "data.pkl", pickle->bytes, 1, pickle->size);
    write_entry(a, "byteorder", "little", 1, strlen("little"));
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        char name[NAME_BYTES];
        snprintf(name, sizeof name, "data/%zu", i);
        write_entry(a, name, tensor->data, assay_dtype_number_size(tensor->dtype),
                    tensor->count * assay_dtype_size(tensor->dtype));
    }
    write_entry(a, "version", "3\n", 1, strlen("3\n"));
    write_end(a);
}

/* What this archive cannot hold. */
static assay_status check_state(const assay_state *state, const char *path, assay_error *error)
{
    enum { MOST_ENTRIES = 65000 };
    uint64_t bytes = 0;
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        if (storage_classes[tensor->dtype] == NULL) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: tensor '%.100s' is of type %s, which PyTorch 1.13 does not have", path, tensor->name,
                              assay_dtype_name(tensor->dtype));
        }
        bytes += tensor->count * assay_dtype_size(tensor->dtype) + ASSAY_TENSOR_MAX_RANK * ALIGNMENT +
                 2 * strlen(tensor->name);
    }
    return bytes < UINT32_MAX && assay_state_count(state) < MOST_ENTRIES
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_FORMAT,
                            "%s: %zu tensors of %" PRIu64 " bytes do not fit a zip archive of 4 GiB", path,
                            assay_state_count(state), bytes);
}

assay_status assay_torch_zip_write(const char *path, const assay_state *state, assay_error *error)
{
    buffer pickle = {.error = error};
    assay_file_writer *writer = NULL;
    ASSAY_TRY(check_state(state, path, error));
    add_pickle(&pickle, state);
    assay_status status = pickle.failed ? ASSAY_ERROR_MEMORY : assay_file_create(path, &writer, error);
    if (status == ASSAY_OK) {
        archive a = {.stream = assay_file_stream(writer), .directory = {.error = error}};
        write_archive(&a, state, &pickle);
        if (a.directory.failed) {
            assay_file_abort(writer);
            status = ASSAY_ERROR_MEMORY;
        } else {
            status = assay_file_commit(writer, error);
        }
        assay_free(a.directory.bytes);
    }
    assay_free(pickle.bytes);
    return status;
}
