#include "grade/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/folder.h"

enum { MAGIC = 6, HEADER_LIMIT = 4096, FILE_LIMIT = 8 << 20 };

static const char magic[MAGIC + 1] = "\x93NUMPY";

void assay_grade_shape_text(size_t rank, const size_t *shape, char *text, size_t size)
{
    if (rank == 0) {
        snprintf(text, size, "a number");
        return;
    }
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < rank && used < size; i++) {
        int written = snprintf(text + used, size - used, "[%zu]", shape[i]);
        used += written > 0 ? (size_t)written : 0;
    }
}

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

assay_status assay_npy_write(int folder, const char *name, const grade_field *field, assay_error *error)
{
    FILE *stream;
    ASSAY_TRY(assay_grade_folder_create(folder, name, &stream, error));
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
    return assay_grade_folder_finish(folder, name, stream, error);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

typedef struct {
    char kind;   /* 'f' or 'i' */
    size_t bytes; /* of one number */
    bool fortran;
    size_t rank;
    size_t shape[GRADE_MAX_RANK];
} npy_header;

/* The text after `'key':` in the header's dictionary, or NULL. */
static const char *value_of(const char *header, const char *key)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "'%s'", key);
    const char *at = strstr(header, quoted);
    if (at == NULL) {
        return NULL;
    }
    at += strlen(quoted);
    at += strspn(at, " ");
    return *at == ':' ? at + 1 + strspn(at + 1, " ") : NULL;
}

static bool parse_shape(const char *text, npy_header *header)
{
    if (*text++ != '(') {
        return false;
    }
    for (header->rank = 0;; header->rank++) {
        text += strspn(text, " ,");
        if (*text == ')') {
            return true;
        }
        if (*text < '0' || *text > '9' || header->rank == GRADE_MAX_RANK) {
            return false;
        }
        char *end;
        errno = 0;
        unsigned long long length = strtoull(text, &end, 10);
        if (errno != 0 || length > FILE_LIMIT) {
            return false;
        }
        header->shape[header->rank] = (size_t)length;
        text = end;
    }
}

static bool parse_header(const char *text, npy_header *header)
{
    const char *type = value_of(text, "descr");
    const char *order = value_of(text, "fortran_order");
    const char *shape = value_of(text, "shape");
    if (type == NULL || order == NULL || shape == NULL) {
        return false;
    }
    header->fortran = strncmp(order, "True", 4) == 0;
    header->kind = '\0';
    static const char *const types[] = {"'<f8'", "'<f4'", "'<i8'", "'<i4'"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strncmp(type, types[i], 5) == 0) {
            header->kind = types[i][2];
            header->bytes = (size_t)(types[i][3] - '0');
        }
    }
    return header->kind != '\0' && parse_shape(shape, header);
}

static double number_at(const unsigned char *bytes, const npy_header *header)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < header->bytes; i++) {
        bits |= (uint64_t)bytes[i] << (8 * i);
    }
    if (header->kind == 'i') {
        return header->bytes == 8 ? (double)(int64_t)bits : (double)(int32_t)(uint32_t)bits;
    }
    if (header->bytes == 8) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    uint32_t half = (uint32_t)bits;
    float value;
    memcpy(&value, &half, sizeof value);
    return (double)value;
}

/* Where row-major element i stands in a Fortran-ordered file. */
static size_t fortran_index(const npy_header *header, size_t i)
{
    size_t position = 0;
    size_t stride[GRADE_MAX_RANK] = {1, 1, 1};
    for (size_t d = 1; d < header->rank; d++) {
        stride[d] = stride[d - 1] * header->shape[d - 1];
    }
    for (size_t d = header->rank; d-- > 0;) {
        position += i % header->shape[d] * stride[d];
        i /= header->shape[d];
    }
    return position;
}

static assay_status check_shape(const char *name, const npy_header *header, const grade_field *field,
                                assay_error *error)
{
    bool same = header->rank == field->rank;
    for (size_t i = 0; i < field->rank && same; i++) {
        same = header->shape[i] == field->shape[i];
    }
    if (same) {
        return ASSAY_OK;
    }
    char got[64];
    char want[64];
    assay_grade_shape_text(header->rank, header->shape, got, sizeof got);
    assay_grade_shape_text(field->rank, field->shape, want, sizeof want);
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: the shape is %s, expected %s", name, got, want);
}

assay_status assay_npy_decode(const char *name, const unsigned char *bytes, size_t size, const grade_field *field,
                              assay_error *error)
{
    char text[HEADER_LIMIT + 1];
    npy_header header = {0};
    size_t start = 10;
    size_t length = 0;
    if (size >= 12 && memcmp(bytes, magic, MAGIC) == 0 && bytes[6] >= 1 && bytes[6] <= 3) {
        start = bytes[6] == 1 ? 10 : 12;
        length = bytes[8] | (size_t)bytes[9] << 8;
        if (bytes[6] > 1) {
            length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
        }
    }
    if (length == 0 || length > HEADER_LIMIT || start + length > size) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: not a .npy file; write it with numpy.save", name);
    }
    memcpy(text, bytes + start, length);
    text[length] = '\0';
    if (!parse_header(text, &header)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: only little-endian float64, float32, int64 and int32 arrays of up to %d dimensions", name,
                          GRADE_MAX_RANK);
    }
    ASSAY_TRY(check_shape(name, &header, field, error));
    if (size - start - length != field->count * header.bytes) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu bytes of data, expected %zu; is it written whole?", name,
                          size - start - length, field->count * header.bytes);
    }
    for (size_t i = 0; i < field->count; i++) {
        size_t at = header.fortran ? fortran_index(&header, i) : i;
        field->values[i] = number_at(bytes + start + length + at * header.bytes, &header);
    }
    return ASSAY_OK;
}

assay_status assay_npy_read(int folder, const char *name, const grade_field *field, assay_error *error)
{
    char *bytes = NULL;
    size_t size = 0;
    ASSAY_TRY(assay_grade_folder_read(folder, name, FILE_LIMIT, &bytes, &size, error));
    assay_status status = assay_npy_decode(name, (const unsigned char *)bytes, size, field, error);
    assay_free(bytes);
    return status;
}
