#define ASSAY_REAL_BITS 32
#define ASSAY_CUDA_FIND assay_cuda_kernel_f32
#include "backend/cuda/kernels_all.h"
