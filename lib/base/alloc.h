/* Allocation: zeroed, aligned for vector loads, overflow-checked, and failing with a message. */
#ifndef ASSAY_BASE_ALLOC_H
#define ASSAY_BASE_ALLOC_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* One cache line, and one AVX-512 vector. */
enum { ASSAY_ALIGNMENT = 64 };

/*
 * `count` zeroed elements of `size` bytes, aligned to ASSAY_ALIGNMENT; never NULL for count 0. The caller frees the
 * result with assay_free. NULL, and ASSAY_ERROR_MEMORY in `error`, when count * size overflows or memory is out.
 */
void *assay_calloc(size_t count, size_t size, assay_error *error);

/* A copy of a string; the caller frees it with assay_free. NULL as above. */
char *assay_strdup(const char *text, assay_error *error);

/* A formatted string; the caller frees it with assay_free. NULL as above. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
char *assay_asprintf(assay_error *error, const char *format, ...);

/* Frees what the functions above returned; NULL is allowed. */
void assay_free(void *memory);

ASSAY_END_DECLS
#endif
