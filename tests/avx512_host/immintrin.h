/*
 * In place of the compiler's <immintrin.h>: the functions of AVX-512 that lib/backend/openblas/panel_avx512.c calls,
 * emulated by SIMDe, so that its kernels run on every x86-64 processor.
 */
#ifndef ASSAY_TESTS_AVX512_HOST_IMMINTRIN_H
#define ASSAY_TESTS_AVX512_HOST_IMMINTRIN_H

#define SIMDE_NO_NATIVE /* also where the compiler may use AVX-512 */
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>
#include <string.h> /* before the last macro, which it would not survive */

/* What SIMDe 0.7.4 lacks. */
#define __mmask16 simde__mmask16
#undef _mm512_maskz_loadu_ps
#define _mm512_maskz_loadu_ps(mask, from) avx512_host_maskz_loadu_ps(mask, from)

static inline simde__m512 avx512_host_maskz_loadu_ps(simde__mmask16 mask, const float *from)
{
    simde__m512_private loaded;
    for (int i = 0; i < 16; i++) {
        loaded.f32[i] = (mask >> i & 1) != 0 ? from[i] : 0;
    }
    return simde__m512_from_private(loaded);
}

/* SIMDe rounds twice. The kernels run only where there is FMA. */
#undef _mm512_fmadd_ps
#define _mm512_fmadd_ps(a, b, c) avx512_host_fmadd_ps(a, b, c)

/* With pointers: a function with another target would expect vectors aligned otherwise. */
static inline __attribute__((target("avx2,fma"))) void avx512_host_fma(const float *a, const float *b, float *sums)
{
    for (int i = 0; i < 16; i++) {
        sums[i] = __builtin_fmaf(a[i], b[i], sums[i]);
    }
}

static inline simde__m512 avx512_host_fmadd_ps(simde__m512 a, simde__m512 b, simde__m512 c)
{
    simde__m512_private factors = simde__m512_to_private(a);
    simde__m512_private others = simde__m512_to_private(b);
    simde__m512_private sums = simde__m512_to_private(c);
    avx512_host_fma((const float *)&factors, (const float *)&others, (float *)&sums);
    return simde__m512_from_private(sums);
}

/* The emulation must not be compiled to AVX-512 instructions, nor kept in its registers. */
#define target(features) unused
#define __asm__(text) (void)0

#endif
