/*
 * What all kernels begin with: one floating-point type named `real`, and what differs between nvcc and the C compiler.
 * The kernels use only what C and CUDA's C++ have in common. nvcc makes kernels of them; the tests compile the same
 * source for the host, where <cuda_host_device.h> (tests/cuda_host/) defines threadIdx, __syncthreads, __shared__ and
 * the rest. Private to lib/backend/cuda/; a source file defines ASSAY_REAL_BITS first.
 *
 * Nothing is contracted (nvcc -fmad=false), there is no atomic addition, and every sum has a fixed order: two runs give
 * the same bits.
 */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_H
#define ASSAY_BACKEND_CUDA_KERNELS_H

#include <math.h>
#include <stdint.h>

#include <assay/backend/activation.h>
#include "backend/cuda/arguments.h"

#ifdef __CUDACC__
#define DEVICE static __device__ __forceinline__
#define KERNEL(name) static __global__ void name(const assay_cuda_arguments p)
/* An array of the device's memory. */
#define AT(type, address) ((type *)(address))
#else
#include <cuda_host_device.h>
#endif

/* For functions of one form, some of which do not read this parameter. */
#define UNUSED __attribute__((unused))

#if ASSAY_REAL_BITS == 32

typedef float real;
#define REAL_ABS fabsf
#define REAL_SQRT sqrtf
#define REAL_COPYSIGN copysignf
#define REAL_EXP expf
#define REAL_EXPM1 expm1f
#define REAL_TANH tanhf
#define REAL_ERFC erfcf
#define REAL_LARGEST 3.402823466e+38f
#define LARGEST_SQUARED 9223372036854775808.0f /* 2^63 */

#else

typedef double real;
#define REAL_ABS fabs
#define REAL_SQRT sqrt
#define REAL_COPYSIGN copysign
#define REAL_EXP exp
#define REAL_EXPM1 expm1
#define REAL_TANH tanh
#define REAL_ERFC erfc
#define REAL_LARGEST 1.7976931348623157e+308
#define LARGEST_SQUARED 6.703903964971298549787012499102923e+153 /* 2^511 */

#endif

/* A loop over `count` elements, of which each thread takes every (number of threads)-th one. */
#define FOR_EACH(i, count)                                                          \
    for (uint64_t i = (uint64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (count); \
         i += (uint64_t)gridDim.x * blockDim.x)

/*
 * Keeps the failure of the earliest operation, and of its failures the one at the smallest position, in whatever order
 * the threads come.
 */
DEVICE void record_failure(assay_cuda_address record, uint64_t operation, uint64_t position, int64_t value,
                           uint64_t limit, uint64_t is_label)
{
    assay_cuda_failure *failure = AT(assay_cuda_failure, record);
    while (atomicCAS(&failure->lock, 0u, 1u) != 0u) {
    }
    __threadfence();
    volatile assay_cuda_failure *kept = failure;
    if (kept->set == 0 || (kept->operation == operation && position < kept->position)) {
        kept->set = 1;
        kept->operation = operation;
        kept->position = position;
        kept->value = value;
        kept->limit = limit;
        kept->is_label = is_label;
    }
    __threadfence();
    atomicExch(&failure->lock, 0u);
}

#endif
