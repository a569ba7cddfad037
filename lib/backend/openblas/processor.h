/* The instruction sets of a processor that decide which kernels run. Private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_PROCESSOR_H
#define ASSAY_BACKEND_OPENBLAS_PROCESSOR_H

#include <stdbool.h>

typedef struct {
    bool avx2;
    bool fma;
    bool bmi2;
    bool avx512vl; /* includes AVX-512F; OpenBLAS uses its AVX-512 kernels only with VL */
    bool neon;     /* on 64-bit ARM, where it includes fused multiply-add */
} assay_processor;

assay_processor assay_processor_here(void);

#endif
