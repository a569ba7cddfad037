/*
 * What is in a .npy file: its header, read as numpy.lib.format reads it and refused as it refuses it, and its numbers.
 * Source: numpy.lib.format, versions 1.0 to 3.0.
 */
#ifndef ASSAY_GRADE_NPY_HEADER_H
#define ASSAY_GRADE_NPY_HEADER_H

#include <stddef.h>

#include <assay/base/error.h>
#include "grade/case.h"

/*
 * Reads the `size` bytes of a .npy file into field->values, row-major, and their precision into `*precision`. It reads
 * float64, float32, float16, int8 to int64, uint8 to uint64 and bool, of either byte order. `name` is for errors.
 * A shape that differs by axes of length 1 alone is read, too; field->deviation names any difference (shape.h).
 * ASSAY_ERROR_ARGUMENT for another shape, ASSAY_ERROR_FORMAT for anything else.
 */
assay_status assay_npy_decode(const char *name, const unsigned char *bytes, size_t size, grade_field *field,
                              grade_precision *precision, assay_error *error);

#endif
