/* Checks of an operation's arguments, before any backend sees them; private to lib/backend/. */
#ifndef ASSAY_BACKEND_VALIDATE_H
#define ASSAY_BACKEND_VALIDATE_H

#include "backend/implementation.h"

enum {
    ASSAY_OPERAND_WRITTEN = 1, /* may not overlap another operand */
    ASSAY_OPERAND_OPTIONAL = 2 /* may be ASSAY_NO_SLICE */
};

/* One slice of an operation and what it must be. */
typedef struct {
    const char *name;
    assay_slice slice;
    size_t count;
    assay_element element;
    unsigned flags;
    const char *may_be; /* the name of another operand that this output may coincide with; or NULL */
} assay_operand;

/* Records the first thing that is wrong, with the operation's name, and returns false; also false after an earlier
 * failure. */
bool assay_operands_accepted(assay_backend *backend, const char *operation, size_t count,
                             const assay_operand *operands);

/* rows * columns in *product; false, and a failure recorded, if a dimension is 2^31 or more or the product
 * overflows. */
bool assay_size_accepted(assay_backend *backend, const char *operation, size_t rows, size_t columns, size_t *product);

#endif
