/* A fuzz target defines these two. libFuzzer calls the function, and so does driver.c under any compiler. */
#ifndef ASSAY_TESTS_FUZZ_H
#define ASSAY_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The name of its folder in tests/fuzz/corpus. */
extern const char fuzz_name[];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
