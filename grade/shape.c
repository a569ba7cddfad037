#include "grade/shape.h"

#include <stdio.h>
#include <string.h>

#include "grade/npy.h"

static bool same_lengths(size_t count, const size_t *a, const size_t *b)
{
    return count == 0 || memcmp(a, b, count * sizeof *a) == 0;
}

static bool are_reversed(size_t count, const size_t *a, const size_t *b)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i] != b[count - 1 - i]) {
            return false;
        }
    }
    return true;
}

static bool is_empty(size_t rank, const size_t *shape)
{
    for (size_t i = 0; i < rank; i++) {
        if (shape[i] == 0) {
            return true;
        }
    }
    return false;
}

/* Copies a shape without its axes of length 1. Returns how many are left. */
static size_t drop_singletons(size_t rank, const size_t *shape, size_t kept[GRADE_MAX_RANK])
{
    size_t count = 0;
    for (size_t i = 0; i < rank; i++) {
        if (shape[i] != 1) {
            kept[count++] = shape[i];
        }
    }
    return count;
}

/* Outputs of these names have one row for each example of a batch. */
static bool has_rows(const grade_field *field)
{
    static const char *const names[] = {"y", "dx", "probabilities", "dlogits"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(field->name, names[i]) == 0) {
            return field->rank == 2;
        }
    }
    return false;
}

/*
 * For another number of axes, [1][n] for [n] is only a matter of form. For the same number it is not: [n][1] for [1][n]
 * is transposed, though the numbers come in the same order.
 */
static const char *name_difference(const grade_field *field, size_t rank, const size_t *shape)
{
    size_t wanted[GRADE_MAX_RANK];
    size_t found[GRADE_MAX_RANK];
    if (rank > GRADE_MAX_RANK || is_empty(rank, shape)) {
        return "any.wrong_shape";
    }
    size_t wanted_rank = drop_singletons(field->rank, field->shape, wanted);
    size_t found_rank = drop_singletons(rank, shape, found);
    bool alike = wanted_rank == found_rank && same_lengths(found_rank, wanted, found);
    if (alike && rank != field->rank) {
        return GRADE_SINGLETON_ID;
    }
    if (rank == field->rank && are_reversed(rank, shape, field->shape)) {
        return "any.shape_transposed";
    }
    if (found_rank == 0) {
        return "any.shape_scalar";
    }
    if (wanted_rank == 0) {
        return "any.shape_vector";
    }
    bool one_row = rank + 1 == field->rank && same_lengths(rank, shape, field->shape + 1);
    return has_rows(field) && one_row ? "any.shape_batch_axis" : "any.wrong_shape";
}

bool assay_grade_shape_compare(grade_field *field, size_t rank, const size_t *shape)
{
    field->deviation = NULL;
    field->found_shape[0] = '\0';
    if (rank == field->rank && same_lengths(rank, shape, field->shape)) {
        return true;
    }
    field->deviation = name_difference(field, rank, shape);
    if (rank > GRADE_MAX_RANK) {
        snprintf(field->found_shape, sizeof field->found_shape, "more than %d axes", GRADE_MAX_RANK);
    } else {
        assay_grade_shape_text(rank, shape, field->found_shape, sizeof field->found_shape);
    }
    return strcmp(field->deviation, GRADE_SINGLETON_ID) == 0;
}
