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

/* No more bytes than this are read from one file: 1 GiB, over 20 times Fashion-MNIST. */
#define ASSAY_IDX_LIMIT ((size_t)1 << 30)

/*
 * Reads `path`, gzipped or plain, told apart by its content: `dimensions` (1..ASSAY_IDX_MAX_DIMENSIONS) of which the
 * first counts items and the others, the shape of an item, must be item_shape[0..dimensions-1). The caller frees
 * `*bytes` with assay_free. Memory grows with the bytes that arrive, whatever the header promises.
 * ASSAY_ERROR_IO if the file cannot be opened or read. ASSAY_ERROR_FORMAT on another magic or shape, no items, more
 * than ASSAY_IDX_LIMIT bytes, too few or too many bytes, and damaged or truncated gzip data (its checksum counts).
 */
assay_status assay_idx_read(const char *path, unsigned dimensions, const uint32_t *item_shape, size_t *count,
                            uint8_t **bytes, assay_error *error);

ASSAY_END_DECLS
#endif
