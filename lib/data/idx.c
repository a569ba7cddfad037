#include <assay/data/idx.h>

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include <assay/base/alloc.h>

/* First allocation, and the factor by which it grows while bytes keep arriving. */
enum { FIRST_BYTES = 8 << 20, GROWTH = 8 };

enum { WORD = 4, UNSIGNED_BYTES = 8, GZIP_BUFFER = 128 << 10 };

#define ADVICE "fetch the file again (Debian: apt-get install --reinstall dataset-fashion-mnist)"

typedef struct {
    const char *path;
    gzFile stream;
    size_t position; /* bytes read so far, after decompression */
    size_t end;      /* bytes that the file must have, by what is known so far */
} source;

/* zlib puts the path before its messages. */
static const char *without_path(const char *message, const char *path)
{
    size_t length = strlen(path);
    return strncmp(message, path, length) == 0 && strncmp(message + length, ": ", 2) == 0 ? message + length + 2
                                                                                           : message;
}

/* Why the last read gave no more than `got` bytes. */
static assay_status read_failure(const source *in, size_t got, assay_error *error)
{
    int reason = errno;
    int code = Z_OK;
    const char *message = gzerror(in->stream, &code);
    if (code == Z_ERRNO) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", in->path, strerror(reason));
    }
    if (code != Z_OK && code != Z_BUF_ERROR) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: damaged gzip data (%s); " ADVICE, in->path,
                          without_path(message, in->path));
    }
    if (in->position + got == in->end) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: truncated: the gzip data ends before its checksum; " ADVICE,
                          in->path);
    }
    return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: truncated: %s ends after %zu bytes, %zu were expected; " ADVICE,
                      in->path, code == Z_OK ? "the file" : "the gzip data", in->position + got, in->end);
}

/* `wanted` is at most ASSAY_IDX_LIMIT, which gzread's int can count. */
static assay_status read_exactly(source *in, uint8_t *bytes, size_t wanted, assay_error *error)
{
    errno = 0;
    int got = gzread(in->stream, bytes, (unsigned)wanted);
    if (got < 0 || (size_t)got < wanted) {
        return read_failure(in, got < 0 ? 0 : (size_t)got, error);
    }
    in->position += wanted;
    return ASSAY_OK;
}

static assay_status read_word(source *in, uint32_t *word, assay_error *error)
{
    uint8_t b[WORD];
    ASSAY_TRY(read_exactly(in, b, sizeof b, error));
    *word = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    return ASSAY_OK;
}

static assay_status check_shape(const char *path, unsigned axes, const uint32_t *shape, const uint32_t *expected,
                                assay_error *error)
{
    for (unsigned i = 0; i < axes; i++) {
        if (shape[i] == expected[i]) {
            continue;
        }
        if (axes == 1) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: items of %u values, expected %u; name a file with such items", path, shape[0],
                              expected[0]);
        }
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: images of %u x %u pixels, expected %u x %u; name a folder with images of that size",
                          path, shape[0], shape[1], expected[0], expected[1]);
    }
    return ASSAY_OK;
}

static assay_status read_header(source *in, unsigned dimensions, const uint32_t *item_shape, size_t *count,
                                assay_error *error)
{
    uint32_t magic;
    uint32_t expected = UNSIGNED_BYTES << 8 | dimensions;
    in->end = WORD * (1 + (size_t)dimensions);
    ASSAY_TRY(read_word(in, &magic, error));
    if (magic != expected) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: wrong magic 0x%08x, expected 0x%08x (IDX of bytes in %u dimension%s); " ADVICE, in->path,
                          magic, expected, dimensions, dimensions == 1 ? "" : "s");
    }
    uint32_t size[ASSAY_IDX_MAX_DIMENSIONS] = {0};
    for (unsigned i = 0; i < dimensions; i++) {
        ASSAY_TRY(read_word(in, &size[i], error));
    }
    if (size[0] == 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the header counts 0 items; " ADVICE, in->path);
    }
    *count = size[0];
    return check_shape(in->path, dimensions - 1, size + 1, item_shape, error);
}

/* Replaces `*bytes` of `size` bytes by a copy of `larger` bytes. */
static assay_status grow(uint8_t **bytes, size_t size, size_t larger, assay_error *error)
{
    uint8_t *memory = assay_calloc(larger, 1, error);
    if (memory == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (size > 0) {
        memcpy(memory, *bytes, size);
    }
    assay_free(*bytes);
    *bytes = memory;
    return ASSAY_OK;
}

/* On failure `*bytes` is what was allocated so far; the caller frees it. */
static assay_status read_body(source *in, size_t total, uint8_t **bytes, assay_error *error)
{
    size_t have = 0;
    for (size_t next = FIRST_BYTES; have < total; next *= GROWTH) {
        size_t size = next < total ? next : total;
        ASSAY_TRY(grow(bytes, have, size, error));
        ASSAY_TRY(read_exactly(in, *bytes + have, size - have, error));
        have = size;
    }
    return ASSAY_OK;
}

/* Reading on to the end also makes zlib compare the checksum. */
static assay_status check_end(source *in, assay_error *error)
{
    uint8_t byte;
    errno = 0;
    if (gzread(in->stream, &byte, 1) > 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: goes on after the %zu bytes that its header announces; "
                          ADVICE, in->path, in->position);
    }
    int code = Z_OK;
    (void)gzerror(in->stream, &code);
    return code == Z_OK ? ASSAY_OK : read_failure(in, 0, error);
}

static assay_status read_all(source *in, unsigned dimensions, const uint32_t *item_shape, size_t *count,
                             uint8_t **bytes, assay_error *error)
{
    ASSAY_TRY(read_header(in, dimensions, item_shape, count, error));
    size_t item_size = 1;
    for (unsigned i = 0; i + 1 < dimensions; i++) {
        item_size *= item_shape[i];
    }
    if (*count > ASSAY_IDX_LIMIT / item_size) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: the header counts %zu items of %zu bytes, more than the %zu bytes read from a file; "
                          ADVICE, in->path, *count, item_size, ASSAY_IDX_LIMIT);
    }
    in->end = in->position + *count * item_size;
    ASSAY_TRY(read_body(in, *count * item_size, bytes, error));
    return check_end(in, error);
}

assay_status assay_idx_read(const char *path, unsigned dimensions, const uint32_t *item_shape, size_t *count,
                            uint8_t **bytes, assay_error *error)
{
    *count = 0;
    *bytes = NULL;
    errno = 0;
    source in = {.path = path, .stream = gzopen(path, "rbe")};
    if (in.stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    (void)gzbuffer(in.stream, GZIP_BUFFER);
    assay_status status = read_all(&in, dimensions, item_shape, count, bytes, error);
    (void)gzclose(in.stream); /* nothing was written, and every read was checked */
    if (status != ASSAY_OK) {
        assay_free(*bytes);
        *bytes = NULL;
        *count = 0;
    }
    return status;
}
