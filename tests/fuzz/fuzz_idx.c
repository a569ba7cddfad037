/* IDX files, plain or gzipped. The first byte chooses labels (even) or 28 x 28 images (odd); the rest is the file. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint32_t item[] = {28, 28};
    if (size == 0) {
        return 0;
    }
    char path[64];
    size_t count = 0;
    uint8_t *read = NULL;
    assay_error error;
    int descriptor = memory_file(bytes + 1, size - 1);
    unsigned dimensions = bytes[0] % 2 == 0 ? 1 : 3;
    snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const assay_idx_form form = {.dimensions = dimensions, .item_shape = item};
    if (assay_idx_read(path, &form, &count, &read, &error) == ASSAY_OK) {
        volatile uint8_t last = read[count * (dimensions == 1 ? 1 : 784) - 1];
        (void)last;
        assay_free(read);
    }
    close(descriptor);
    return 0;
}
