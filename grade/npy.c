#include "grade/npy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/folder.h"
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

assay_status assay_npy_read(int folder, const char *name, grade_field *field, assay_error *error)
{
    grade_precision precision = GRADE_F64;
    char *bytes = NULL;
    size_t size = 0;
    ASSAY_TRY(assay_grade_folder_read(folder, name, FILE_LIMIT, &bytes, &size, error));
    assay_status status = assay_npy_decode(name, (const unsigned char *)bytes, size, field, &precision, error);
    assay_free(bytes);
    field->single = status == ASSAY_OK && precision == GRADE_F32;
    return status;
}
