/* Memory that is zeroed and aligned for vector instructions. Failures, overflow of the size too, give a message. */
#ifndef ASSAY_BASE_ALLOC_H
#define ASSAY_BASE_ALLOC_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* Bytes: one cache line, and one AVX-512 vector. */
enum { ASSAY_ALIGNMENT = 64 };

/*
 * Allocates `count` zeroed elements of `size` bytes, aligned to ASSAY_ALIGNMENT. For 0 bytes, too, the result is a
 * valid pointer. The caller frees it with assay_free. Returns NULL with ASSAY_ERROR_MEMORY in `error` when count * size
 * overflows or there is no memory.
 */
void *assay_calloc(size_t count, size_t size, assay_error *error);

/* Copies a string; the caller frees the copy with assay_free. NULL as above. */
char *assay_strdup(const char *text, assay_error *error);

/* Formats a string as printf does; the caller frees it with assay_free. NULL as above. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
char *
assay_asprintf(assay_error *error, const char *format, ...);

/* Frees what the functions above returned; NULL is allowed. */
void assay_free(void *memory);

ASSAY_END_DECLS
#endif
