/* Files that people have where a data file should be: what they are, by their first bytes, and what to do about it. */
#ifndef ASSAY_DATA_FOREIGN_H
#define ASSAY_DATA_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ASSAY_FOREIGN_HEAD = 64 };

/*
 * What a file is that begins with these `size` bytes: "this is a web page; ...". NULL for a file that is of no known
 * kind. `unpacked`: the bytes come out of a gzip file.
 */
const char *assay_foreign_kind(const uint8_t *head, size_t size, bool unpacked);

#endif
