/* Failures of CUDA's calls, and addresses of the device's memory: what every other file uses. */
#include <stdint.h>

#include "backend/cuda/cuda.h"

/* --- failures --------------------------------------------------------------------------------------------------- */

bool assay_cuda_ok(assay_cuda *self, cudaError_t result, const char *call)
{
    if (result == cudaSuccess) {
        return true;
    }
    assay_backend_record(&self->base,
                         result == cudaErrorMemoryAllocation ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_UNSUPPORTED,
                         "backend cuda: %s failed: %s (error %d)", call, cudaGetErrorString(result), (int)result);
    return false;
}

bool assay_cublas_ok(assay_cuda *self, cublasStatus_t result, const char *call)
{
    if (result == CUBLAS_STATUS_SUCCESS) {
        return true;
    }
    assay_backend_record(
        &self->base, result == CUBLAS_STATUS_ALLOC_FAILED ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_UNSUPPORTED,
        "backend cuda: %s failed: %s (status %d)", call, self->cublas.cublasGetStatusString(result), (int)result);
    return false;
}

/* --- addresses -------------------------------------------------------------------------------------------------- */

size_t assay_cuda_element_size(const assay_backend *backend, assay_element element)
{
    if (element == ASSAY_UINT8) {
        return sizeof(uint8_t);
    }
    if (element == ASSAY_INT32) {
        return sizeof(int32_t);
    }
    return backend->precision == ASSAY_F32 ? sizeof(float) : sizeof(double);
}

assay_cuda_address assay_cuda_address_of(const void *memory)
{
    return (assay_cuda_address)(uintptr_t)memory;
}

assay_cuda_address assay_cuda_at(assay_slice slice)
{
    if (slice.buffer == NULL) {
        return 0;
    }
    size_t size = assay_cuda_element_size(slice.buffer->backend, slice.buffer->element);
    return assay_cuda_address_of(((assay_cuda_buffer *)slice.buffer)->memory) + slice.offset * size;
}
