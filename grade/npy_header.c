#include "grade/npy_header.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "grade/npy.h"
#include "grade/shape.h"

/* numpy.load refuses headers over 10000 bytes, too (max_header_size). */
enum { MAGIC = 6, LONGEST_HEADER = 10000, LONGEST_TYPE = 31, LARGEST_LENGTH = 8 << 20 };

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

/* --- the header's dictionary -------------------------------------------------------------------------------------- */

typedef struct {
    char type[LONGEST_TYPE + 1]; /* as the header spells it */
    char kind;                   /* 'f', 'i', 'u' or 'b' */
    size_t bytes;                /* of one number */
    bool big_endian;
    bool fortran;
    size_t rank; /* may be over GRADE_MAX_RANK: the shape is not kept then */
    size_t shape[GRADE_MAX_RANK];
} npy_header;

/* Where the reader is. `suffix`: Python 2 wrote long integers with an L, and numpy reads that in versions 1 and 2. */
typedef struct {
    const char *at;
    const char *end;
    bool suffix;
} reader;

static void skip_blanks(reader *in)
{
    while (in->at < in->end && *in->at != '\0' && strchr(" \t\r\n\f", *in->at) != NULL) {
        in->at++;
    }
}

/* Takes the character, which blanks may precede, if it is the next one. */
static bool take(reader *in, char wanted)
{
    skip_blanks(in);
    if (in->at == in->end || *in->at != wanted) {
        return false;
    }
    in->at++;
    return true;
}

/* Takes a text in single or double quotation marks. Escapes are of no use in a header and are refused. */
static bool take_text(reader *in, char *text, size_t size)
{
    char quote = take(in, '\'') ? '\'' : '"';
    size_t length = 0;
    if (quote == '"' && !take(in, '"')) {
        return false;
    }
    for (; in->at < in->end && *in->at != quote; in->at++) {
        if (*in->at == '\\' || *in->at == '\n' || *in->at == '\0' || length + 1 == size) {
            return false;
        }
        text[length++] = *in->at;
    }
    text[length] = '\0';
    return in->at < in->end && *in->at++ == quote;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool take_truth(reader *in, bool *truth)
{
    char word[8];
    size_t length = 0;
    skip_blanks(in);
    while (in->at < in->end && is_word(*in->at) && length + 1 < sizeof word) {
        word[length++] = *in->at++;
    }
    word[length] = '\0';
    *truth = strcmp(word, "True") == 0;
    return *truth || strcmp(word, "False") == 0;
}

/* As Python writes it: decimal, without leading zeros. */
static bool take_length(reader *in, size_t *length)
{
    skip_blanks(in);
    const char *start = in->at;
    *length = 0;
    for (; in->at < in->end && *in->at >= '0' && *in->at <= '9'; in->at++) {
        *length = *length * 10 + (size_t)(*in->at - '0');
        if (*length > LARGEST_LENGTH) {
            return false;
        }
    }
    if (in->at == start || (*start == '0' && in->at > start + 1)) {
        return false;
    }
    if (in->suffix && in->at < in->end && *in->at == 'L') {
        in->at++;
    }
    return in->at == in->end || !is_word(*in->at);
}

/* (), (3,), (3, 4) and (3, 4,); a tuple of one length needs its comma. */
static bool take_shape(reader *in, npy_header *header)
{
    header->rank = 0;
    if (!take(in, '(')) {
        return false;
    }
    bool comma = true;
    while (!take(in, ')')) {
        size_t length;
        if (!comma || !take_length(in, &length)) {
            return false;
        }
        if (header->rank < GRADE_MAX_RANK) {
            header->shape[header->rank] = length;
        }
        header->rank++;
        comma = take(in, ',');
    }
    return header->rank != 1 || comma;
}

/* One `key: value`; numpy allows three keys. Which one it was is set in `*seen`. */
static bool take_entry(reader *in, npy_header *header, unsigned *seen)
{
    char key[16];
    if (!take_text(in, key, sizeof key) || !take(in, ':')) {
        return false;
    }
    if (strcmp(key, "descr") == 0) {
        *seen |= 1;
        return take_text(in, header->type, sizeof header->type);
    }
    if (strcmp(key, "fortran_order") == 0) {
        *seen |= 2;
        return take_truth(in, &header->fortran);
    }
    *seen |= 4;
    return strcmp(key, "shape") == 0 && take_shape(in, header);
}

static bool take_header(reader *in, npy_header *header)
{
    unsigned seen = 0;
    bool comma = true;
    if (!take(in, '{')) {
        return false;
    }
    while (!take(in, '}')) {
        if (!comma || !take_entry(in, header, &seen)) {
            return false;
        }
        comma = take(in, ',');
    }
    skip_blanks(in);
    return in->at == in->end && seen == 7;
}

/*
 * '<f8': byte order, kind, bytes. Without an order, and with = or |, NumPy takes the machine's. Here it is
 * little-endian: a file has the same numbers on every machine. NumPy writes < or > for numbers of several bytes.
 */
static bool parse_type(npy_header *header)
{
    static const char *const TYPES[] = {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1"};
    const char *type = header->type;
    header->big_endian = *type == '>';
    type += *type != '\0' && strchr("<>=|", *type) != NULL;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
        if (strcmp(type, TYPES[i]) == 0) {
            header->kind = type[0];
            header->bytes = (size_t)(type[1] - '0');
            return true;
        }
    }
    return false;
}

/* --- the numbers -------------------------------------------------------------------------------------------------- */

/* IEEE 754 binary16: 5 bits of exponent, 10 of fraction. Exact. */
static double half_value(uint64_t bits)
{
    int exponent = (int)(bits >> 10 & 0x1f);
    double fraction = (double)(bits & 0x3ff);
    double magnitude;
    if (exponent == 0x1f) {
        magnitude = fraction == 0.0 ? (double)INFINITY : (double)NAN;
    } else if (exponent == 0) {
        magnitude = ldexp(fraction, -24);
    } else {
        magnitude = ldexp(fraction + 1024.0, exponent - 25);
    }
    return (bits >> 15 & 1) != 0 ? -magnitude : magnitude;
}

static double real_value(uint64_t bits, size_t bytes)
{
    if (bytes == 2) {
        return half_value(bits);
    }
    if (bytes == 4) {
        uint32_t word = (uint32_t)bits;
        float value;
        memcpy(&value, &word, sizeof value);
        return (double)value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double number_at(const unsigned char *bytes, const npy_header *header)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < header->bytes; i++) {
        bits = bits << 8 | bytes[header->big_endian ? i : header->bytes - 1 - i];
    }
    if (header->kind == 'f') {
        return real_value(bits, header->bytes);
    }
    uint64_t sign = (uint64_t)1 << (8 * header->bytes - 1);
    if (header->kind == 'i' && (bits & sign) != 0) {
        return -(double)((sign - 1 - (bits & (sign - 1))) + 1);
    }
    return header->kind == 'b' ? (double)(bits != 0) : (double)bits;
}

/* The position of row-major element i in a Fortran-ordered file. */
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

/* --- the file ----------------------------------------------------------------------------------------------------- */

static assay_status check_shape(const char *name, const npy_header *header, grade_field *field, assay_error *error)
{
    char want[64];
    if (assay_grade_shape_compare(field, header->rank, header->shape)) {
        return ASSAY_OK;
    }
    assay_grade_shape_text(field->rank, field->shape, want, sizeof want);
    if (header->rank > GRADE_MAX_RANK) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: the array has %zu dimensions, expected %s", name,
                          header->rank, want);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: the shape is %s, expected %s", name, field->found_shape, want);
}

/* Finds the header's text, and where the data begins. */
static assay_status find_header(const char *name, const unsigned char *bytes, size_t size, reader *in, size_t *data,
                                assay_error *error)
{
    static const char magic[MAGIC + 1] = "\x93NUMPY";
    if (size < MAGIC + 4 || memcmp(bytes, magic, MAGIC) != 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: not a .npy file; write it with numpy.save", name);
    }
    unsigned version = bytes[MAGIC];
    if (version < 1 || version > 3 || bytes[MAGIC + 1] != 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%s: a .npy file of version %u.%u, known are 1.0, 2.0 and 3.0; write it with numpy.save",
                          name, version, bytes[MAGIC + 1]);
    }
    size_t start = version == 1 ? 10 : 12;
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1 && size >= start) {
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    }
    if (size < start || length > size - start || length > LONGEST_HEADER) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: the .npy header ends too early; is it written whole?", name);
    }
    const char *text = (const char *)bytes + start;
    *in = (reader){text, text + length, version < 3};
    *data = start + length;
    return ASSAY_OK;
}

static assay_status read_header(const char *name, reader *in, npy_header *header, assay_error *error)
{
    if (!take_header(in, header)) {
        return assay_fail(
            error, ASSAY_ERROR_FORMAT,
            "%s: the .npy header is not as NumPy writes it (or the dtype is a structure, or a length is over "
            "%d); write it with numpy.save",
            name, LARGEST_LENGTH);
    }
    if (!parse_type(header)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: dtype is '%s'; save real numbers, a.astype(numpy.float64)",
                          name, header->type);
    }
    return ASSAY_OK;
}

assay_status assay_npy_decode(const char *name, const unsigned char *bytes, size_t size, grade_field *field,
                              grade_precision *precision, assay_error *error)
{
    reader in = {0};
    npy_header header = {0};
    size_t data = 0;
    ASSAY_TRY(find_header(name, bytes, size, &in, &data, error));
    ASSAY_TRY(read_header(name, &in, &header, error));
    ASSAY_TRY(check_shape(name, &header, field, error));
    if (size - data != field->count * header.bytes) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %zu bytes of data, expected %zu; is it written whole?", name,
                          size - data, field->count * header.bytes);
    }
    for (size_t i = 0; i < field->count; i++) {
        size_t at = header.fortran ? fortran_index(&header, i) : i;
        field->values[i] = number_at(bytes + data + at * header.bytes, &header);
    }
    *precision = header.kind == 'f' && header.bytes < sizeof(double) ? GRADE_F32 : GRADE_F64;
    return ASSAY_OK;
}
