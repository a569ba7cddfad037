/*
 * NumPy's .npy files, as far as tensors of the grader need them: format 1.0 to 3.0, floats, integers and bool of
 * either byte order (npy_header.h), C or Fortran order, up to GRADE_MAX_RANK dimensions.
 * Source: numpy.lib.format. Files come from submissions, so nothing in them is trusted.
 */
#ifndef ASSAY_GRADE_NPY_H
#define ASSAY_GRADE_NPY_H

#include <assay/base/error.h>
#include "grade/case.h"

/*
 * Files are named by a folder's descriptor and a plain name (folder.h); AT_FDCWD is the working folder.
 *
 * Writes a field as float64, or int64 for a field of integers, into a new file: one that is there is an error, with the
 * statuses of assay_grade_folder_create.
 */
assay_status assay_npy_write(int folder, const char *name, const grade_field *field, assay_error *error);

/*
 * Reads into field->values, row-major, and sets field->single. A shape that differs by axes of length 1 alone is read,
 * too; field->deviation names any difference (shape.h). ASSAY_ERROR_ARGUMENT for another shape (the message has both),
 * ASSAY_ERROR_FORMAT for a damaged file, or one that assay_grade_folder_read refuses: faults of whoever wrote it.
 * ASSAY_ERROR_IO and ASSAY_ERROR_MEMORY for faults on our side.
 */
assay_status assay_npy_read(int folder, const char *name, grade_field *field, assay_error *error);

/* "[3][4]", or "a number" for rank 0. */
void assay_grade_shape_text(size_t rank, const size_t *shape, char *text, size_t size);

#endif
