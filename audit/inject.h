/*
 * A library that LD_PRELOAD loads before the others and that makes one component wrong: ASSAY_INJECT is the name of the
 * component, ASSAY_INJECT_ERROR the relative error e. Its functions have the names of the library's, call them, and
 * multiply their results by 1 + e. The test programs run unchanged on a library in which one function is wrong for
 * every caller, inside the library, too.
 */
#ifndef ASSAY_AUDIT_INJECT_H
#define ASSAY_AUDIT_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include <assay/backend/backend.h>

/* e if ASSAY_INJECT is the formatted name, else 0. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
double
inject_error(const char *format, ...);

/* The library's own function of that name; aborts if there is none. */
void *inject_find(const char *name);

/* Declares `real`, a pointer to the library's own function. */
#define INJECT_REAL(function)                     \
    static __typeof__(function) *real;            \
    if (real == NULL) {                           \
        *(void **)&real = inject_find(#function); \
    }

void inject_f64(size_t count, double *values, double e);
void inject_f32(size_t count, float *values, double e);
void inject_u32(size_t count, uint32_t *values, double e);
/* Changes a slice of reals, in the backend's precision; does nothing for ASSAY_NO_SLICE. */
void inject_slice(assay_backend *backend, assay_slice slice, double e);
void inject_moments(assay_moments *moments, const char *component);

#endif
