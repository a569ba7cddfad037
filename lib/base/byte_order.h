/* The order of a number's bytes in files, whatever the machine's own is. Private to libassay. */
#ifndef ASSAY_BASE_BYTE_ORDER_H
#define ASSAY_BASE_BYTE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { ASSAY_LITTLE_ENDIAN, ASSAY_BIG_ENDIAN } assay_byte_order;

/* This machine's. */
assay_byte_order assay_byte_order_here(void);

/* The number in `width` bytes, 1 to 8, with the smallest place first; and the other way round. */
uint64_t assay_little_endian(const unsigned char *bytes, size_t width);
void assay_put_little_endian(uint64_t number, unsigned char *bytes, size_t width);

/* Turns `count` numbers of `width` bytes, one behind the other, from this order into the machine's, or back. */
void assay_reorder(void *numbers, size_t width, size_t count, assay_byte_order order);

/*
 * Calls `visit` with `size` bytes of numbers of `width` bytes, piece by piece, as they are in a little-endian file; the
 * numbers themselves stay in the machine's order.
 */
void assay_each_little_endian(const void *numbers, size_t width, size_t size,
                              void (*visit)(const void *bytes, size_t size, void *context), void *context);

/* zlib's CRC-32 `sum` (at first 0), continued with `size` bytes of numbers, as they are in a little-endian file. */
uint32_t assay_checksum(uint32_t sum, const void *numbers, size_t width, size_t size);

#endif
