#include "backend/validate.h"

#include <stdint.h>
#include <string.h>

static const char *element_name(assay_element element)
{
    static const char *const names[] = {"real", "int32", "uint8"};
    return names[element];
}

static bool refuse(assay_backend *backend, const char *operation, const char *operand, const char *reason)
{
    assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: %s %s", operation, operand, reason);
    return false;
}

/* The slice exists, belongs to this backend, and is inside its buffer. */
static bool slice_accepted(assay_backend *backend, const char *operation, const assay_operand *operand)
{
    const assay_slice *slice = &operand->slice;
    const assay_buffer *buffer = slice->buffer;
    if (buffer == NULL) {
        if (operand->count == 0 || (operand->flags & ASSAY_OPERAND_OPTIONAL) != 0) {
            return true;
        }
        return refuse(backend, operation, operand->name, "is missing");
    }
    if (buffer->backend != backend) {
        return refuse(backend, operation, operand->name, "is a buffer of another backend");
    }
    if (slice->offset == SIZE_MAX) {
        return refuse(backend, operation, operand->name, "is a part that lies outside its slice");
    }
    if (slice->offset > buffer->count || slice->count > buffer->count - slice->offset) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT,
                             "%s: %s has %zu elements from %zu on, but its buffer has only %zu", operation,
                             operand->name, slice->count, slice->offset, buffer->count);
        return false;
    }
    if (buffer->element != operand->element) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: %s is %s, and must be %s", operation, operand->name,
                             element_name(buffer->element), element_name(operand->element));
        return false;
    }
    if (slice->count != operand->count) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: %s has %zu elements, and must have %zu", operation,
                             operand->name, slice->count, operand->count);
        return false;
    }
    return true;
}

static bool overlap(const assay_slice *a, const assay_slice *b)
{
    return a->buffer != NULL && a->buffer == b->buffer && a->count != 0 && b->count != 0 &&
           a->offset < b->offset + b->count && b->offset < a->offset + a->count;
}

/* Both have as many elements, as operations name only operands of one size. */
static bool coincidence_allowed(const assay_operand *output, const assay_operand *other)
{
    return output->may_be != NULL && strcmp(output->may_be, other->name) == 0 &&
           output->slice.offset == other->slice.offset;
}

bool assay_operands_accepted(assay_backend *backend, const char *operation, size_t count, const assay_operand *operands)
{
    if (backend->failure.status != ASSAY_OK) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!slice_accepted(backend, operation, &operands[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (i != j && (operands[i].flags & ASSAY_OPERAND_WRITTEN) != 0 &&
                overlap(&operands[i].slice, &operands[j].slice) && !coincidence_allowed(&operands[i], &operands[j]) &&
                !coincidence_allowed(&operands[j], &operands[i])) {
                assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: %s overlaps %s", operation, operands[i].name,
                                     operands[j].name);
                return false;
            }
        }
    }
    return true;
}

bool assay_size_accepted(assay_backend *backend, const char *operation, size_t rows, size_t columns, size_t *product)
{
    bool fits = rows <= INT32_MAX && columns <= INT32_MAX;
    fits = fits && !__builtin_mul_overflow(rows, columns, product); /* ASSAY_EXCL_MCDC: only 32-bit size_t overflows */
    if (!fits) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: %zu x %zu is too large; a dimension is at most %d",
                             operation, rows, columns, INT32_MAX);
        return false;
    }
    return true;
}
