/* What CUDA's C++ has and C does not have, for kernels that are compiled for the host: see executor.c. */
#ifndef ASSAY_CUDA_HOST_DEVICE_H
#define ASSAY_CUDA_HOST_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include <cuda_runtime_api.h>

#include "backend/cuda/arguments.h"

/* Where the running thread is. */
typedef struct {
    dim3 thread;
    dim3 block;
    dim3 block_size;
    dim3 grid_size;
} cuda_host_position;

extern cuda_host_position cuda_host_here;

#ifndef CUDA_HOST_EMULATION /* the emulation's own files use these names for struct members */

#define threadIdx (cuda_host_here.thread)
#define blockIdx (cuda_host_here.block)
#define blockDim (cuda_host_here.block_size)
#define gridDim (cuda_host_here.grid_size)

#endif

/* Blocks run one after the other, so a static array is a block's own; before each block it is filled with NaN. */
#define __shared__ static __attribute__((section("cuda_shared")))
#define __syncthreads() cuda_host_barrier(__FILE__, __LINE__)
#define __threadfence() ((void)0)

void cuda_host_barrier(const char *file, int line);

/* Threads give way at barriers alone, so these are what they are called. */
static inline uint32_t atomicCAS(uint32_t *at, uint32_t old, uint32_t new)
{
    uint32_t found = *at;
    *at = found == old ? new : found;
    return found;
}

static inline uint32_t atomicExch(uint32_t *at, uint32_t new)
{
    uint32_t found = *at;
    *at = new;
    return found;
}

#define DEVICE static inline
#define KERNEL(name) static void name(const assay_cuda_arguments p)

/* Addresses of the device carry a mark that makes them none of the host's; a kernel that is given one without dies. */
void *cuda_host_memory(assay_cuda_address address);
#define AT(type, address) ((type *)cuda_host_memory(address))

/* What a kernel's handle points at. */
typedef struct {
    void (*function)(const assay_cuda_arguments p);
    const char *name;
} cuda_host_kernel;

#endif
