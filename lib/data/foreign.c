#include "data/foreign.h"

#include <string.h>
#include <strings.h>

typedef struct {
    const char *start;
    size_t length;
    const char *text;
} kind;

/* clang-format off */
#define BINARY(start, text) {start, sizeof(start) - 1, text}
/* clang-format on */

/* clang-format off */
static const kind KINDS[] = {
    BINARY("PK\x03\x04", "this is a zip archive; unpack it and name the folder with its files"),
    BINARY("\xFD" "7zXZ", "this is compressed by xz; run unxz on it"),
    BINARY("BZh", "this is compressed by bzip2; run bunzip2 on it"),
    BINARY("\x28\xB5\x2F\xFD", "this is compressed by zstd; run unzstd on it"),
    BINARY("\x93NUMPY", "this is a NumPy array; convert it to IDX"),
    BINARY("\x89HDF", "this is an HDF5 file; convert it to IDX"),
    BINARY("PAR1", "this is a Parquet table; convert it to IDX"),
    BINARY("\x89PNG", "this is a picture; join the pictures in one IDX file"),
    BINARY("version https://git-lfs", "this is a pointer of Git LFS, not the file itself; run git lfs pull"),
};
/* clang-format on */

/* Whether a page begins here: <!DOCTYPE html, <html, <head, <?xml, in any case. */
static bool is_page(const uint8_t *head, size_t size)
{
    static const char *const STARTS[] = {"<!doctype", "<html", "<head", "<body", "<?xml", "<!--"};
    for (size_t i = 0; i < sizeof STARTS / sizeof *STARTS; i++) {
        size_t length = strlen(STARTS[i]);
        if (size >= length && strncasecmp((const char *)head, STARTS[i], length) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_text(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((head[i] < ' ' || head[i] == 127) && memchr("\t\n\r", head[i], 3) == NULL) {
            return false;
        }
    }
    return size > 0;
}

const char *assay_foreign_kind(const uint8_t *head, size_t size, bool unpacked)
{
    if (size >= 2 && head[0] == 0x1f && head[1] == 0x8b && unpacked) {
        return "this is gzipped twice; run gunzip on it once";
    }
    size_t blank = size >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (blank < size && memchr(" \t\r\n", head[blank], 4) != NULL) {
        blank++;
    }
    if (is_page(head + blank, size - blank)) {
        return "this is a web page; download the file itself, not the page about it";
    }
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (size >= KINDS[i].length && memcmp(head, KINDS[i].start, KINDS[i].length) == 0) {
            return KINDS[i].text;
        }
    }
    return is_text(head, size) ? "this is text, perhaps a message of the server; download the file again" : NULL;
}
