/* How the shape of an output differs from the expected one, and what that is called. */
#ifndef ASSAY_GRADE_SHAPE_H
#define ASSAY_GRADE_SHAPE_H

#include "grade/case.h"

/* The numbers are in the expected order: only axes of length 1 are more or fewer. */
#define GRADE_SINGLETON_ID "any.singleton_axis"

/*
 * Compares a shape that a submission gives with the field's. Sets field->deviation: NULL for the same shape, else the
 * catalogue id of the difference, and field->found_shape, in words, beside it. Returns whether the numbers can be read
 * in their order all the same: the shape is the same, or differs by axes of length 1. `shape` has the first
 * GRADE_MAX_RANK lengths at least, or all `rank` of them.
 */
bool assay_grade_shape_compare(grade_field *field, size_t rank, const size_t *shape);

#endif
