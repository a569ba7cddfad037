/* How hot loops are compiled; private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_CLONES_H
#define ASSAY_BACKEND_OPENBLAS_CLONES_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

/* A function of this kind is compiled for several processors, and the program's loader takes the fitting one. */
#if defined(ASSAY_TARGET_CLONES) && !defined(ASSAY_NO_CLONES)
#define ASSAY_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define ASSAY_CLONES
#endif

/*
 * What such a function calls in its loop has to be part of it, to be compiled for the same processor. Where coverage is
 * measured it is a function of its own: its branches count once, and not once for each place that it is called from.
 */
#ifdef ASSAY_NO_CLONES
#define ASSAY_INLINE static inline
#else
#define ASSAY_INLINE static inline __attribute__((always_inline))
#endif

/* A parameter that some of several functions of one form do not read. */
#define ASSAY_UNUSED __attribute__((unused))

#endif
