/* Which of its kernels OpenBLAS has chosen for this processor. */
#ifndef ASSAY_BACKEND_OPENBLAS_CORE_H
#define ASSAY_BACKEND_OPENBLAS_CORE_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The value of the environment variable OPENBLAS_CORETYPE that would serve this processor better than what OpenBLAS has
 * chosen, or NULL if there is none. OpenBLAS before 0.3.22 does not know AMD's processors with AVX-512 and falls back
 * to its AVX2 kernels there; and with bfloat16 it takes its kernels for Cooper Lake, with which 0.3.21 leaves the
 * author's SGD run at the second step by 1e-4, where all its other kernels follow it (tests/grade/record.sh). It reads
 * the variable when it is loaded: a program has to set it and start itself anew.
 */
const char *assay_openblas_better_core(void);

#ifdef __cplusplus
}
#endif
#endif
