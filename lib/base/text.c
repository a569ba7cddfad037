#include <assay/base/text.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    uint32_t first;
    uint32_t last;
} range;

/* clang-format off */
static const range hidden[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f},     /* control characters */
    {0x00ad, 0x00ad}, {0x061c, 0x061c},     /* soft hyphen, Arabic letter mark */
    {0x180e, 0x180e}, {0x200b, 0x200f},     /* zero width, left-to-right and right-to-left marks */
    {0x2028, 0x202e}, {0x2060, 0x206f},     /* separators, embeddings, overrides, isolates */
    {0xd800, 0xdfff}, {0xfeff, 0xfeff},     /* halves of UTF-16, byte order mark */
    {0xfff9, 0xfffb}, {0xe0000, 0xe007f},   /* annotations, tags */
};
/* clang-format on */

/* The length of the character at `text` and its code point; 0 where the bytes are not UTF-8. */
static size_t decode(const unsigned char *text, uint32_t *point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000}; /* of a sequence of this length */
    size_t length = *text < 0x80 ? 1 : *text >> 5 == 6 ? 2 : *text >> 4 == 14 ? 3 : *text >> 3 == 30 ? 4 : 0;
    *point = length <= 1 ? *text : *text & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        if (text[i] >> 6 != 2) {
            return 0;
        }
        *point = *point << 6 | (text[i] & 0x3fU);
    }
    return length > 1 && (*point < smallest[length] || *point > 0x10ffff) ? 0 : length;
}

static bool is_hidden(uint32_t point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        if (point >= hidden[i].first && point <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

void assay_text_clean(char *text)
{
    const unsigned char *from = (const unsigned char *)text;
    unsigned char *to = (unsigned char *)text;
    while (*from != '\0') {
        uint32_t point = 0;
        size_t length = decode(from, &point);
        if (length == 0 || is_hidden(point)) {
            *to++ = '?';
            from += length == 0 ? 1 : length;
            continue;
        }
        for (; length > 0; length--) {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

void assay_text_number(double value, char *text, size_t size)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (strtod(text, NULL) == value) {
            return;
        }
    }
}
