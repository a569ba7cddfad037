#define ASSAY_REAL_BITS 64
#define ASSAY_CUDA_FIND assay_cuda_kernel_f64
#include "backend/cuda/kernels_all.h"
