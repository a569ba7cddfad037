/*
 * A library that is loaded before the others (LD_PRELOAD) and makes one component err: ASSAY_INJECT names the
 * component, ASSAY_INJECT_ERROR the relative error e. Its functions stand for the library's, call them, and
 * multiply what they have computed by 1 + e. So the test programs run as they are, on a library of which one
 * function is wrong everywhere, within the library too.
 */
#ifndef ASSAY_TESTS_AUDIT_INJECT_H
#define ASSAY_TESTS_AUDIT_INJECT_H

#include <stddef.h>
#include <stdint.h>

#include <assay/backend/backend.h>

/* e where ASSAY_INJECT is the formatted name, else 0. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
double inject_error(const char *format, ...);

/* The library's own function of that name; ends the program where there is none. */
void *inject_find(const char *name);

/* Declares `real`, a pointer to the library's own function. */
#define INJECT_REAL(function)                                                                                          \
    static __typeof__(function) *real;                                                                                 \
    if (real == NULL) {                                                                                                \
        *(void **)&real = inject_find(#function);                                                                      \
    }

void inject_f64(size_t count, double *values, double e);
void inject_f32(size_t count, float *values, double e);
void inject_u32(size_t count, uint32_t *values, double e);
/* A slice of reals, in the backend's precision; nothing for ASSAY_NO_SLICE. */
void inject_slice(assay_backend *backend, assay_slice slice, double e);
void inject_moments(assay_moments *moments, const char *component);

#endif
