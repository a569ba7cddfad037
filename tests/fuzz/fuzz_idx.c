/*
 * IDX files, plain and gzipped. Bit 0 of the first byte chooses labels (0) or images of 28 x 28 (1). The rest is the
 * file; but with bit 1 the rest is compressed here, because the checksums of gzip stop most mutations: the second byte
 * says how many bytes each member has, the third how many bytes at the end follow the members as they are.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/data/idx.h>
#include "fuzz.h"

const char fuzz_name[] = "idx";

/* The reader takes a path: a file in memory has one. */
static int memory_file(const uint8_t *bytes, size_t size)
{
    int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
    if (descriptor < 0 || write(descriptor, bytes, size) != (ssize_t)size) {
        abort();
    }
    return descriptor;
}

/* One member of a gzip file, appended to `into`; returns how long it is. */
static size_t add_member(const uint8_t *bytes, size_t size, uint8_t *into, size_t room)
{
    enum { GZIP_WINDOW = 15 + 16, MEMORY = 1 };
    z_stream z = {
        .next_in = (uint8_t *)bytes, .avail_in = (unsigned)size, .next_out = into, .avail_out = (unsigned)room};
    if (deflateInit2(&z, 1, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK ||
        deflate(&z, Z_FINISH) != Z_STREAM_END || deflateEnd(&z) != Z_OK) {
        abort();
    }
    return z.total_out;
}

/* The bytes as members of `step` bytes each, and `behind` bytes as they are. The caller frees the result. */
static uint8_t *compress_members(const uint8_t *bytes, size_t size, size_t step, size_t behind, size_t *made)
{
    enum { MEMBER = 96 }; /* more than the head and the end of a member, and what deflate adds */
    behind = behind < size ? behind : size;
    size_t packed = size - behind;
    size_t room = 2 * size + (packed / step + 2) * MEMBER;
    uint8_t *file = malloc(room);
    if (file == NULL) {
        abort();
    }
    *made = 0;
    for (size_t at = 0; at < packed; at += step) {
        *made += add_member(bytes + at, step < packed - at ? step : packed - at, file + *made, room - *made);
    }
    memcpy(file + *made, bytes + packed, behind);
    *made += behind;
    return file;
}

static void read_file(const uint8_t *bytes, size_t size, unsigned dimensions)
{
    static const uint32_t item[] = {28, 28};
    char path[64];
    size_t count = 0;
    uint8_t *read = NULL;
    assay_error error;
    int descriptor = memory_file(bytes, size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const assay_idx_form form = {.dimensions = dimensions, .item_shape = item};
    if (assay_idx_read(path, &form, &count, &read, &error) == ASSAY_OK) {
        volatile uint8_t last = read[count * (dimensions == 1 ? 1 : 784) - 1];
        (void)last;
        assay_free(read);
    }
    close(descriptor);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    enum { HEAD = 3 };
    if (size == 0) {
        return 0;
    }
    unsigned dimensions = bytes[0] % 2 == 0 ? 1 : 3;
    if (bytes[0] / 2 % 2 == 1 && size >= HEAD) {
        size_t made = 0;
        uint8_t *file = compress_members(bytes + HEAD, size - HEAD, (size_t)bytes[1] + 1, bytes[2], &made);
        read_file(file, made, dimensions);
        free(file);
    } else {
        read_file(bytes + 1, size - 1, dimensions);
    }
    return 0;
}
