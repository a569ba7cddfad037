#include "base/byte_order.h"

#include <string.h>
#include <zlib.h>

assay_byte_order assay_byte_order_here(void)
{
    const uint16_t one = 1;
    return *(const unsigned char *)&one == 1 ? ASSAY_LITTLE_ENDIAN : ASSAY_BIG_ENDIAN;
}

uint64_t assay_little_endian(const unsigned char *bytes, size_t width)
{
    uint64_t number = 0;
    for (size_t i = width; i-- > 0;) {
        number = number << 8 | bytes[i];
    }
    return number;
}

void assay_put_little_endian(uint64_t number, unsigned char *bytes, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        bytes[i] = (unsigned char)(number >> (8 * i));
    }
}

void assay_reorder(void *numbers, size_t width, size_t count, assay_byte_order order)
{
    unsigned char *bytes = numbers;
    if (order == assay_byte_order_here()) {
        return;
    }
    for (size_t i = 0; i < count; i++, bytes += width) {
        for (size_t low = 0, high = width - 1; low < high; low++, high--) {
            unsigned char byte = bytes[low];
            bytes[low] = bytes[high];
            bytes[high] = byte;
        }
    }
}

void assay_each_little_endian(const void *numbers, size_t width, size_t size,
                              void (*visit)(const void *bytes, size_t size, void *context), void *context)
{
    enum { PIECE = 65536 }; /* a multiple of every width */
    unsigned char piece[PIECE];
    for (size_t done = 0; done < size; done += PIECE) {
        const size_t count = size - done < PIECE ? size - done : PIECE;
        memcpy(piece, (const unsigned char *)numbers + done, count);
        assay_reorder(piece, width, count / width, ASSAY_LITTLE_ENDIAN);
        visit(piece, count, context);
    }
}

static void add_to_checksum(const void *bytes, size_t size, void *checksum)
{
    uint32_t *sum = checksum;
    *sum = (uint32_t)crc32_z(*sum, bytes, size);
}

uint32_t assay_checksum(uint32_t sum, const void *numbers, size_t width, size_t size)
{
    assay_each_little_endian(numbers, width, size, add_to_checksum, &sum);
    return sum;
}
