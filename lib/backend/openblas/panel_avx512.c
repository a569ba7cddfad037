/* panel.h with AVX-512: 16 floats in a vector, 32 registers. */
#include "backend/openblas/panel_kernels.h"

#if ASSAY_PANEL_X86

#include <immintrin.h>

#define LANES ((size_t)16)
#define WIDTH 8 /* the tutorial's layers are 128, 256 and 512 wide */
#define TARGET __attribute__((target("avx512f,avx512vl,avx2,fma,bmi2,popcnt")))
#define PRIMITIVE static inline __attribute__((always_inline)) TARGET
#define IN_REGISTER(v) __asm__("" : "+v"(v))
#define KERNELS assay_panel_avx512
#define KERNELS_NAME "avx512"

typedef __m512 vector;

PRIMITIVE vector load(const float *from)
{
    return _mm512_loadu_ps(from);
}

PRIMITIVE vector load_some(const float *from, size_t count)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
}

PRIMITIVE void store(float *to, vector v)
{
    _mm512_storeu_ps(to, v);
}

PRIMITIVE vector broadcast(float x)
{
    return _mm512_set1_ps(x);
}

PRIMITIVE vector add(vector a, vector b)
{
    return _mm512_add_ps(a, b);
}

PRIMITIVE vector subtract(vector a, vector b)
{
    return _mm512_sub_ps(a, b);
}

/* a b + c, rounded once. */
PRIMITIVE vector multiply_add(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}

PRIMITIVE unsigned differing(vector a, vector b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_NEQ_UQ);
}

PRIMITIVE void append(vector v, unsigned mask, float *to)
{
    /* Compresses in a register and stores it whole: on some processors compressing to memory is slow microcode. */
    _mm512_storeu_ps(to, _mm512_maskz_compress_ps((__mmask16)mask, v));
}

PRIMITIVE void append_indices(uint32_t first, unsigned mask, uint32_t *to)
{
    const __m512i counting = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    __m512i indices = _mm512_add_epi32(counting, _mm512_set1_epi32((int)first));
    _mm512_storeu_si512(to, _mm512_maskz_compress_epi32((__mmask16)mask, indices));
}

/* Swaps the off-diagonal halves of each pair of rows `distance` apart, for blocks of 8, 4, 2 and 1. */
PRIMITIVE void transpose(vector *rows)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#pragma GCC unroll 4
    for (int distance = 8; distance > 0; distance /= 2) {
        const __m512i step = _mm512_set1_epi32(distance);
        const __mmask16 odd = _mm512_test_epi32_mask(lane, step);
        /* Index 16 + l names lane l of the second row. */
        const __m512i low = _mm512_mask_add_epi32(lane, odd, _mm512_sub_epi32(lane, step), _mm512_set1_epi32(16));
        const __m512i high = _mm512_mask_add_epi32(_mm512_add_epi32(lane, step), odd, lane, _mm512_set1_epi32(16));
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            if ((i & distance) == 0) {
                vector a = rows[i];
                vector b = rows[i + distance];
                rows[i] = _mm512_permutex2var_ps(a, low, b);
                rows[i + distance] = _mm512_permutex2var_ps(a, high, b);
            }
        }
    }
}

#include "backend/openblas/panel_template.h"

#endif
