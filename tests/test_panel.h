/* What the files of test_panel share. */
#ifndef ASSAY_TESTS_TEST_PANEL_H
#define ASSAY_TESTS_TEST_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "checks.h"

/* Whether AVX-512's kernels are emulated: tests/avx512_host/. */
#ifndef TEST_PANEL_EMULATED
#define TEST_PANEL_EMULATED 0
#endif

/* The next number of a stream, uniform in [-1, 1); a float. */
float test_number(uint64_t *state);

/*
 * op(M) [rows][columns], stored transposed or not; the caller frees it with assay_free. Of four rows that follow each
 * other, `kept` percent of the columns have numbers, and the rest `background`; of these numbers every eighth is
 * background anyway. The first element is background.
 */
float *test_sparse(size_t rows, size_t columns, bool transposed, unsigned kept, float background, uint64_t *state);

TCase *test_panel_layers(void);

#endif
