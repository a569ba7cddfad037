/*
 * IDX files of bytes, as LeCun's MNIST page defines them: magic (0, 0, 8 for unsigned bytes, number of dimensions), one
 * big-endian 32-bit size for each dimension, then the bytes, row-major.
 */
#ifndef ASSAY_DATA_IDX_H
#define ASSAY_DATA_IDX_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

enum { ASSAY_IDX_MAX_DIMENSIONS = 3 };

/* No more bytes than this are read from one file: 1 GiB, five times the largest set (EMNIST's digits). */
#define ASSAY_IDX_LIMIT ((size_t)1 << 30)

/* What the file must be. */
typedef struct {
    unsigned dimensions;        /* 1 to ASSAY_IDX_MAX_DIMENSIONS; the first one counts the items */
    const uint32_t *item_shape; /* [dimensions - 1], each above 0; the shape of an item */
    size_t count;               /* of items: as many labels as there are images; 0: any number */
} assay_idx_form;

/*
 * Reads the items of `path`, a regular file, gzipped or plain (the content decides). The caller frees `*bytes`
 * with assay_free. The header is judged first, against the form and the size of the file: no more memory is taken than
 * the items need, and none where the file cannot hold them.
 * ASSAY_ERROR_IO if the file cannot be opened or read, or is a pipe, a folder or a device. ASSAY_ERROR_FORMAT on
 * another magic, shape or count, no items, more than ASSAY_IDX_LIMIT bytes, too few or too many bytes, damaged or
 * truncated gzip data (checksum and length of each member count), and files of another kind, which the message names.
 */
assay_status assay_idx_read(const char *path, const assay_idx_form *form, size_t *count, uint8_t **bytes,
                            assay_error *error);

ASSAY_END_DECLS
#endif
