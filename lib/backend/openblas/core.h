/* Which of its kernels OpenBLAS has chosen for this processor. */
#ifndef ASSAY_BACKEND_OPENBLAS_CORE_H
#define ASSAY_BACKEND_OPENBLAS_CORE_H

#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

/*
 * The value of the environment variable OPENBLAS_CORETYPE that would serve this processor better than what OpenBLAS has
 * chosen, or NULL if there is none. OpenBLAS before 0.3.22 does not know AMD's processors with AVX-512 and uses its
 * AVX2 kernels there. On processors with bfloat16 it uses its kernels for Cooper Lake, which round one ReLU input of
 * the author's SGD run (2.2e-7, the first batch) to the other side of 0; all its other kernels with AVX follow the run.
 * OpenBLAS reads the variable when it is loaded: a program must set it and restart itself.
 */
const char *assay_openblas_better_core(void);

/*
 * The value with which retraced training runs follow the author's for the most steps. In the first steps some ReLU
 * inputs are within float rounding of 0, and OpenBLAS's AVX2 kernels round them to the same side as his GPU did. NULL
 * if OpenBLAS uses these kernels already, or if the processor has no AVX2.
 */
const char *assay_openblas_retracing_core(void);

/* What the last bits of a result of one thread depend on, as text: "OpenBLAS 0.3.21 SkylakeX, panels avx512". */
void assay_openblas_kernels(char *text, size_t size);

ASSAY_END_DECLS
#endif
