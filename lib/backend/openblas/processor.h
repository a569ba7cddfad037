/* Which instructions a processor has, of those that kernels are chosen by. Private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_PROCESSOR_H
#define ASSAY_BACKEND_OPENBLAS_PROCESSOR_H

#include <stdbool.h>

typedef struct {
    bool avx2;
    bool fma;
    bool bmi2;
    bool avx512vl; /* AVX-512F, too; OpenBLAS asks for VL before it takes its kernels with AVX-512 */
} assay_processor;

assay_processor assay_processor_here(void);

#endif
