#include "grade/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The length of the UTF-8 character at `text`, and the character; 0 for bytes that are not UTF-8. */
static size_t decode(const unsigned char *text, size_t length, uint32_t *character)
{
    /* clang-format off */
    static const struct { unsigned char mask, bits; uint32_t least; } forms[] = {
        {0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
        if ((text[0] & forms[form].mask) != forms[form].bits) {
            continue;
        }
        uint32_t value = text[0] & (unsigned char)~forms[form].mask;
        for (size_t i = 1; i <= form; i++) {
            if (i >= length || (text[i] & 0xc0) != 0x80) {
                return 0;
            }
            value = value << 6 | (text[i] & 0x3f);
        }
        bool valid = value >= forms[form].least && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff);
        *character = value;
        return valid ? form + 1 : 0;
    }
    /* clang-format on */
    return 0;
}

/* C0, DEL, C1, the separators of lines and paragraphs, the marks of direction, and what is no character in XML. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
           c == 0x200e || c == 0x200f || c == 0x061c || c == 0xfeff || c == 0xfffe || c == 0xffff;
}

void assay_grade_text_clean(const char *text, size_t length, char *clean, size_t size)
{
    size_t used = 0;
    size_t cut = 0; /* where the dots go, if not all of it has room */
    for (size_t read = 0; read < length;) {
        uint32_t character = 0;
        size_t bytes = decode((const unsigned char *)text + read, length - read, &character);
        bool keep = bytes > 0 && !is_control(character);
        size_t written = keep ? bytes : 1;
        if (used + written + 1 > size) {
            snprintf(clean + cut, size - cut, "...");
            return;
        }
        memcpy(clean + used, keep ? text + read : "?", written);
        used += written;
        read += bytes > 0 ? bytes : 1;
        cut = used + 4 <= size ? used : cut;
    }
    clean[used] = '\0';
}

/* Excel and LibreOffice take these for the beginning of a formula, also in their full-width forms. */
static bool begins_formula(const char *text)
{
    static const char *const signs[] = {
        "=", "+", "-", "@", "\t", "\r", "\n", "'", "\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        if (strncmp(text, signs[i], strlen(signs[i])) == 0) {
            return true;
        }
    }
    return false;
}

void assay_grade_text_cell(FILE *stream, const char *text)
{
    fputs(begins_formula(text) ? "\"'" : "\"", stream);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            fputc('"', stream);
        }
        fputc(*text, stream);
    }
    fputc('"', stream);
}
