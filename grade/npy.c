#include "grade/npy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "grade/npy_header.h"

enum { MAGIC = 6, FILE_LIMIT = 8 << 20 };

static const char magic[MAGIC + 1] = "\x93NUMPY";

/* --- writing ------------------------------------------------------------------------------------------------------ */

static int header_text(const grade_field *field, char *text, size_t size)
{
    char shape[96] = "";
    size_t used = 0;
    for (size_t i = 0; i < field->rank; i++) {
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%zu,", field->shape[i]);
    }
    return snprintf(text, size, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                    field->kind == GRADE_INTEGER ? "<i8" : "<f8", shape);
}

static void put_little(uint64_t bits, FILE *stream)
{
    for (int i = 0; i < 8; i++) {
        putc((int)(bits >> (8 * i) & 0xff), stream);
    }
}

assay_status assay_npy_write(const char *path, const grade_field *field, assay_error *error)
{
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    FILE *stream = assay_file_stream(writer);
    char header[256];
    /* The data begins at a multiple of 64: 10 bytes, the dictionary, blanks, a newline. */
    int length = header_text(field, header, sizeof header);
    int total = (10 + length + 1 + 63) / 64 * 64 - 10;
    fwrite(magic, 1, MAGIC, stream);
    putc(1, stream);
    putc(0, stream);
    putc(total & 0xff, stream);
    putc(total >> 8, stream);
    fprintf(stream, "%s%*s\n", header, total - length - 1, "");
    for (size_t i = 0; i < field->count; i++) {
        uint64_t bits;
        memcpy(&bits, &field->values[i], sizeof bits);
        put_little(field->kind == GRADE_INTEGER ? (uint64_t)(int64_t)field->values[i] : bits, stream);
    }
    return assay_file_commit(writer, error);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* Reads up to `length` bytes: fewer, where the submission cuts the file meanwhile. */
static assay_status read_all(int descriptor, const char *path, size_t length, char **bytes, size_t *size,
                             assay_error *error)
{
    *size = 0;
    *bytes = assay_calloc(length + 1, 1, error);
    if (*bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    while (*size < length) {
        ssize_t now = read(descriptor, *bytes + *size, length - *size);
        if (now == 0) { /* LCOV_EXCL_BR_LINE: becomes shorter while it is read */
            break;      /* LCOV_EXCL_LINE: as above */
        }
        if (now < 0 && errno != EINTR) {
            assay_free(*bytes);
            *bytes = NULL;
            return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
        }
        *size += now > 0 ? (size_t)now : 0;
    }
    return ASSAY_OK;
}

/* The folder is the submission's to write: no link is followed, and a pipe does not make us wait. */
static assay_status read_regular(const char *path, char **bytes, size_t *size, assay_error *error)
{
    int descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat about;
    if (descriptor < 0) {
        /* No file, a link, no right to read it: the submission's doing. Anything else is ours. */
        bool theirs = errno == ENOENT || errno == ELOOP || errno == EACCES || errno == ENXIO;
        return assay_fail(error, theirs ? ASSAY_ERROR_FORMAT : ASSAY_ERROR_IO, "%s: cannot be read: %s", path,
                          strerror(errno));
    }
    assay_status status;
    if (fstat(descriptor, &about) != 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", path, strerror(errno));
    } else if (!S_ISREG(about.st_mode) || about.st_size > FILE_LIMIT) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: not a regular file of at most %d bytes", path, FILE_LIMIT);
    } else {
        status = read_all(descriptor, path, (size_t)about.st_size, bytes, size, error);
    }
    close(descriptor);
    return status;
}

assay_status assay_npy_read(const char *path, grade_field *field, assay_error *error)
{
    grade_precision precision = GRADE_F64;
    char *bytes = NULL;
    size_t size = 0;
    ASSAY_TRY(read_regular(path, &bytes, &size, error));
    assay_status status = assay_npy_decode(path, (const unsigned char *)bytes, size, field, &precision, error);
    assay_free(bytes);
    field->single = status == ASSAY_OK && precision == GRADE_F32;
    return status;
}
