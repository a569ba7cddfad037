/* How hot loops are compiled; private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_CLONES_H
#define ASSAY_BACKEND_OPENBLAS_CLONES_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

/* The compiler makes such a function for several processors, and the program's loader chooses the version that fits. */
#if defined(ASSAY_TARGET_CLONES) && !defined(ASSAY_NO_CLONES)
#define ASSAY_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ASSAY_CLONES
#endif

/*
 * What such a function calls in its loop must be inlined, so that it is compiled for the same processor. Coverage
 * builds do not inline it: there its branches count once, and not once for each caller.
 */
#ifdef ASSAY_NO_CLONES
#define ASSAY_INLINE static inline
#else
#define ASSAY_INLINE static inline __attribute__((always_inline))
#endif

/* For functions of one form, some of which do not read this parameter. */
#define ASSAY_UNUSED __attribute__((unused))

#endif
