/*
 * What all templates begin with: one floating-point type named `real`. Private to lib/backend/openblas/; a source file
 * defines ASSAY_REAL_BITS as 32 or 64 before it includes this.
 */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_H
#define ASSAY_BACKEND_OPENBLAS_REAL_H

#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "backend/openblas/clones.h"
#include "backend/openblas/openblas.h"

#if ASSAY_REAL_BITS == 32

typedef float real;
typedef uint32_t real_bits;
#define REAL_OPERATIONS assay_openblas_f32
#define REAL_HOST_TYPE ASSAY_HOST_F32
#define REAL_GEMM cblas_sgemm
#define REAL_ABS fabsf
#define REAL_SQRT sqrtf
#define REAL_COPYSIGN copysignf
#define REAL_ERFC erfcf
enum { REAL_MANTISSA_BITS = 23, REAL_BIAS = 127 };

#else

typedef double real;
typedef uint64_t real_bits;
#define REAL_OPERATIONS assay_openblas_f64
#define REAL_HOST_TYPE ASSAY_HOST_F64
#define REAL_GEMM cblas_dgemm
#define REAL_ABS fabs
#define REAL_SQRT sqrt
#define REAL_COPYSIGN copysign
#define REAL_ERFC erfc
enum { REAL_MANTISSA_BITS = 52, REAL_BIAS = 1023 };

#endif

/* No iteration reads what another one writes, although arrays may coincide. */
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#endif

/* Parts of vectors and of matrix columns are multiples of this: one cache line of float, two of double. */
enum { GRANULE = 16 };

static inline real *real_at(assay_slice slice)
{
    return assay_host_address(slice);
}

#endif
