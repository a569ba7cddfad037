#include <assay/data/idx.h>

#include <stdbool.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/data/dataset.h>
#include "data/byte_stream.h"
#include "data/foreign.h"

enum { WORD = 4, UNSIGNED_BYTES = 8 };

/* A gzip file may be a little larger than its content: a header, 5 bytes for each stored block, padding. */
#define STORED_LIMIT (ASSAY_IDX_LIMIT + (1 << 20))

/* Deflate makes at most 258 bytes out of 2 bits (RFC 1951). */
enum { LARGEST_EXPANSION = 258 * 4 };

typedef struct {
    const char *path;
    assay_byte_stream *stream;
    size_t position; /* bytes read so far, after decompression */
    size_t end;      /* bytes that the file must have, by what is known so far */
} source;

/* What to do about an incomplete or damaged file: Debian's package can be installed again. */
static const char *remedy(const char *path)
{
    static const char DEFAULT[] = ASSAY_DEFAULT_DATA "/";
    return strncmp(path, DEFAULT, sizeof DEFAULT - 1) == 0
               ? "reinstall it: apt-get install --reinstall dataset-fashion-mnist"
               : "is the download complete? Fetch the file again";
}

/* Why the last read gave fewer bytes than were wanted. */
static assay_status read_failure(const source *in, assay_stream_state state, assay_error *error)
{
    switch (state) {
    case ASSAY_STREAM_FAILED:
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s; copy the file to another disk", in->path,
                          assay_byte_stream_message(in->stream));
    case ASSAY_STREAM_DAMAGED:
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: damaged gzip data (%s); %s", in->path,
                          assay_byte_stream_message(in->stream), remedy(in->path));
    case ASSAY_STREAM_TRAILING:
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: other bytes follow the gzip data; %s", in->path,
                          remedy(in->path));
    case ASSAY_STREAM_MORE:
    case ASSAY_STREAM_END: break;
    case ASSAY_STREAM_TRUNCATED:
        if (in->position == in->end) {
            return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: truncated: the gzip data ends before its checksum; %s",
                              in->path, remedy(in->path));
        }
        break;
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: truncated: %s ends after %zu bytes, %zu were expected; %s",
                      in->path, state == ASSAY_STREAM_TRUNCATED ? "the gzip data" : "the file", in->position, in->end,
                      remedy(in->path));
}

/* --- the header --------------------------------------------------------------------------------------------------- */

static uint32_t word_at(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* IDX files of other elements, and of other dimensions, are named in the user's words. */
static assay_status wrong_magic(const source *in, uint32_t magic, unsigned dimensions, assay_error *error)
{
    static const char *const ELEMENTS[] = {
        [8] = "bytes", [9] = "signed bytes", [11] = "int16", [12] = "int32", [13] = "float32", [14] = "float64"};
    uint32_t element = magic >> 8;
    uint32_t expected = UNSIGNED_BYTES << 8 | dimensions;
    if (element < sizeof ELEMENTS / sizeof *ELEMENTS && ELEMENTS[element] != NULL) {
        return assay_fail(
            error, ASSAY_ERROR_FORMAT,
            "%s: wrong magic 0x%08x, expected 0x%08x: this is IDX of %s in %u dimension%s, not of bytes in "
            "%u; is it another file of the data set?",
            in->path, magic, expected, ELEMENTS[element], magic & 0xff, (magic & 0xff) == 1 ? "" : "s", dimensions);
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT,
                      "%s: wrong magic 0x%08x, expected 0x%08x (IDX of bytes in %u "
                      "dimension%s); %s",
                      in->path, magic, expected, dimensions, dimensions == 1 ? "" : "s", remedy(in->path));
}

/* Says what a head is that is no IDX header. `head` has room for ASSAY_FOREIGN_HEAD bytes; `have` are read. */
static assay_status explain_head(source *in, uint8_t *head, size_t have, unsigned dimensions, assay_stream_state state,
                                 assay_error *error)
{
    size_t more = 0;
    if (state == ASSAY_STREAM_MORE) {
        (void)assay_byte_stream_read(in->stream, head + have, ASSAY_FOREIGN_HEAD - have, &more);
    }
    const char *kind = assay_foreign_kind(head, have + more, assay_byte_stream_is_gzip(in->stream));
    if (kind != NULL) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %s", in->path, kind);
    }
    /* A short file of labels is no header of images, but its magic says what it is. */
    uint32_t magic = word_at(head);
    bool foreign_idx = have >= WORD && magic >> 16 == 0 && magic != (UNSIGNED_BYTES << 8 | dimensions);
    if (state == ASSAY_STREAM_MORE || (state == ASSAY_STREAM_END && foreign_idx)) {
        return wrong_magic(in, magic, dimensions, error);
    }
    return read_failure(in, state, error);
}

static assay_status check_shape(const char *path, unsigned axes, const uint8_t *shape, const uint32_t *expected,
                                assay_error *error)
{
    for (unsigned i = 0; i < axes; i++) {
        if (word_at(shape + (size_t)WORD * i) == expected[i]) {
            continue;
        }
        if (axes == 1) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: items of %u values, expected %u; name a file with such items", path, word_at(shape),
                              expected[0]);
        }
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: images of %u x %u pixels, expected %u x %u; name a folder with images of that size",
                          path, word_at(shape), word_at(shape + WORD), expected[0], expected[1]);
    }
    return ASSAY_OK;
}

static assay_status read_header(source *in, const assay_idx_form *form, size_t *count, assay_error *error)
{
    uint8_t head[ASSAY_FOREIGN_HEAD] = {0};
    size_t header = WORD * (1 + (size_t)form->dimensions);
    in->end = header;
    if (assay_byte_stream_stored(in->stream) == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: is empty; %s", in->path, remedy(in->path));
    }
    assay_stream_state state = assay_byte_stream_read(in->stream, head, header, &in->position);
    if (state != ASSAY_STREAM_MORE || word_at(head) != (UNSIGNED_BYTES << 8 | form->dimensions)) {
        return explain_head(in, head, in->position, form->dimensions, state, error);
    }
    *count = word_at(head + WORD);
    if (*count == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the header counts 0 items; %s", in->path, remedy(in->path));
    }
    ASSAY_TRY(check_shape(in->path, form->dimensions - 1, head + WORD + WORD, form->item_shape, error));
    if (form->count != 0 && *count != form->count) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: %zu labels for %zu images; take both files from the same data set", in->path, *count,
                          form->count);
    }
    return ASSAY_OK;
}

/* --- the body ----------------------------------------------------------------------------------------------------- */

/* Before memory is allocated: can a file of this size have what its header announces? */
static assay_status check_size(const source *in, assay_error *error)
{
    size_t stored = assay_byte_stream_stored(in->stream);
    if (!assay_byte_stream_is_gzip(in->stream) && stored < in->end) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: truncated: the file ends after %zu bytes, %zu were expected; %s", in->path, stored,
                          in->end, remedy(in->path));
    }
    if (assay_byte_stream_is_gzip(in->stream) && in->end / LARGEST_EXPANSION > stored) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: truncated: %zu bytes of gzip data cannot hold the %zu bytes that were expected; %s",
                          in->path, stored, in->end, remedy(in->path));
    }
    return ASSAY_OK;
}

/* On failure `*bytes` is what was allocated; the caller frees it. */
static assay_status read_body(source *in, size_t size, uint8_t **bytes, assay_error *error)
{
    *bytes = assay_calloc(size, 1, error);
    if (*bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    size_t got = 0;
    assay_stream_state state = assay_byte_stream_read(in->stream, *bytes, size, &got);
    in->position += got;
    return state == ASSAY_STREAM_MORE ? ASSAY_OK : read_failure(in, state, error);
}

/* Reading on to the end also compares the checksums. */
static assay_status check_end(const source *in, assay_error *error)
{
    uint8_t byte;
    size_t got = 0;
    assay_stream_state state = assay_byte_stream_read(in->stream, &byte, 1, &got);
    if (state == ASSAY_STREAM_MORE) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: goes on after the %zu bytes that its header announces; %s",
                          in->path, in->position, remedy(in->path));
    }
    return state == ASSAY_STREAM_END ? ASSAY_OK : read_failure(in, state, error);
}

static assay_status read_all(source *in, const assay_idx_form *form, size_t *count, uint8_t **bytes, assay_error *error)
{
    ASSAY_TRY(read_header(in, form, count, error));
    size_t item_size = 1;
    for (unsigned i = 0; i + 1 < form->dimensions; i++) {
        item_size *= form->item_shape[i];
    }
    if (*count > ASSAY_IDX_LIMIT / item_size) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: the header counts %zu items of %zu bytes, more than the %zu bytes read from a file; %s",
                          in->path, *count, item_size, ASSAY_IDX_LIMIT, remedy(in->path));
    }
    in->end = in->position + *count * item_size;
    ASSAY_TRY(check_size(in, error));
    ASSAY_TRY(read_body(in, *count * item_size, bytes, error));
    return check_end(in, error);
}

assay_status assay_idx_read(const char *path, const assay_idx_form *form, size_t *count, uint8_t **bytes,
                            assay_error *error)
{
    source in = {.path = path};
    *count = 0;
    *bytes = NULL;
    ASSAY_TRY(assay_byte_stream_open(path, STORED_LIMIT, &in.stream, error));
    assay_status status = read_all(&in, form, count, bytes, error);
    assay_byte_stream_close(in.stream);
    if (status != ASSAY_OK) {
        assay_free(*bytes);
        *bytes = NULL;
        *count = 0;
    }
    return status;
}
