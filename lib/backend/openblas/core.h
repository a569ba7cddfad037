/* Which of its kernels OpenBLAS has chosen for this processor. */
#ifndef ASSAY_BACKEND_OPENBLAS_CORE_H
#define ASSAY_BACKEND_OPENBLAS_CORE_H

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

/*
 * The value of the environment variable OPENBLAS_CORETYPE that would serve this processor better than what OpenBLAS has
 * chosen, or NULL if there is none. OpenBLAS before 0.3.22 does not know AMD's processors with AVX-512 and falls back
 * to its AVX2 kernels there; and with bfloat16 it takes its kernels for Cooper Lake, whose rounding puts one ReLU input of
 * the author's SGD run (2.2e-7, the first batch) on the other side of 0, where all its other kernels with AVX follow
 * the run. It reads the variable when it is loaded: a program has to set it and start itself anew.
 */
const char *assay_openblas_better_core(void);

/*
 * The value that stays on the author's track longest when his training runs are retraced: in the first steps some ReLU
 * inputs lie within float rounding of 0, and OpenBLAS's AVX2 kernels round them to the side on which his GPU did. NULL if
 * OpenBLAS uses these kernels already or the processor has no AVX2.
 */
const char *assay_openblas_retracing_core(void);

ASSAY_END_DECLS
#endif
