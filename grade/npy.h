/*
 * NumPy's .npy files, as far as tensors of the grader need them: format 1.0 to 3.0, floats, integers and bool of
 * either byte order (npy_header.h), C or Fortran order, up to GRADE_MAX_RANK dimensions.
 * Source: numpy.lib.format. Files come from submissions, so nothing in them is trusted.
 */
#ifndef ASSAY_GRADE_NPY_H
#define ASSAY_GRADE_NPY_H

#include <assay/base/error.h>
#include "grade/case.h"

/* Writes a field as float64, or int64 for a field of integers. */
assay_status assay_npy_write(const char *path, const grade_field *field, assay_error *error);

/*
 * Reads into field->values, row-major, and sets field->single. ASSAY_ERROR_ARGUMENT where the shape is not field's (the message says both),
 * ASSAY_ERROR_FORMAT for a damaged or foreign file, one that is no regular file, not there or not readable: what whoever
 * wrote it did wrong. ASSAY_ERROR_IO and ASSAY_ERROR_MEMORY for what went wrong on our side.
 */
assay_status assay_npy_read(const char *path, grade_field *field, assay_error *error);

/* "[3][4]", or "a number" for rank 0. */
void assay_grade_shape_text(size_t rank, const size_t *shape, char *text, size_t size);

#endif
