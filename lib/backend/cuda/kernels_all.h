/* All kernels in one precision, and the function that finds them: what f32.cu and f64.cu consist of. */
#include "backend/cuda/kernels_activation.h"
#include "backend/cuda/kernels_loss.h"
#include "backend/cuda/kernels_memory.h"
#include "backend/cuda/kernels_reduce.h"
#include "backend/cuda/kernels_update.h"

#ifdef __CUDACC__

#define ADDRESS_OF(number, function) (const void *)function,

extern "C" const void *ASSAY_CUDA_FIND(assay_cuda_kernel kernel);

extern "C" const void *ASSAY_CUDA_FIND(assay_cuda_kernel kernel)
{
    static const void *const kernels[] = {ASSAY_CUDA_KERNELS(ADDRESS_OF)};
    return kernels[kernel];
}

#else

#define DESCRIPTION_OF(number, function) {function, #function},

const void *ASSAY_CUDA_FIND(assay_cuda_kernel kernel);

const void *ASSAY_CUDA_FIND(assay_cuda_kernel kernel)
{
    static const cuda_host_kernel kernels[] = {ASSAY_CUDA_KERNELS(DESCRIPTION_OF)};
    return &kernels[kernel];
}

#endif
