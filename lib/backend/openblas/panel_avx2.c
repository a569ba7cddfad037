/* panel.h with AVX2: 8 floats in a vector, 16 registers. */
#include "backend/openblas/panel_kernels.h"

#if ASSAY_PANEL_X86

#include <immintrin.h>

#define LANES ((size_t)8)
#define WIDTH 6
#define TARGET __attribute__((target("avx2,fma,bmi2,popcnt")))
#define PRIMITIVE static inline __attribute__((always_inline)) TARGET
#define IN_REGISTER(v) __asm__("" : "+x"(v))
#define KERNELS assay_panel_avx2
#define KERNELS_NAME "avx2"

typedef __m256 vector;

PRIMITIVE vector load(const float *from)
{
    return _mm256_loadu_ps(from);
}

PRIMITIVE __m256i counting_from(int first)
{
    return _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(first));
}

PRIMITIVE vector load_some(const float *from, size_t count)
{
    return _mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), counting_from(0)));
}

PRIMITIVE void store(float *to, vector v)
{
    _mm256_storeu_ps(to, v);
}

PRIMITIVE vector broadcast(float x)
{
    return _mm256_set1_ps(x);
}

PRIMITIVE vector add(vector a, vector b)
{
    return _mm256_add_ps(a, b);
}

PRIMITIVE vector subtract(vector a, vector b)
{
    return _mm256_sub_ps(a, b);
}

/* a b + c, rounded once. */
PRIMITIVE vector multiply_add(vector a, vector b, vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}

PRIMITIVE unsigned differing(vector a, vector b)
{
    return (unsigned)_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_NEQ_UQ));
}

/*
 * The permutation that moves the mask's lanes to the front: byte i of the extracted word is the index of the i-th one.
 */
PRIMITIVE __m256i front_of(unsigned mask)
{
    const uint64_t lanes = _pdep_u64(mask, 0x0101010101010101u) * 0xff;
    return _mm256_cvtepu8_epi32(_mm_cvtsi64_si128((long long)_pext_u64(0x0706050403020100u, lanes)));
}

PRIMITIVE void append(vector v, unsigned mask, float *to)
{
    _mm256_storeu_ps(to, _mm256_permutevar8x32_ps(v, front_of(mask)));
}

PRIMITIVE void append_indices(uint32_t first, unsigned mask, uint32_t *to)
{
    __m256i indices = _mm256_permutevar8x32_epi32(counting_from((int)first), front_of(mask));
    _mm256_storeu_si256((__m256i *)(void *)to, indices);
}

/* Pairs of rows into pairs of columns within halves, then fours, then the halves. */
PRIMITIVE void transpose(vector *rows)
{
    vector pairs[8];
    vector fours[8];
    for (int i = 0; i < 8; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
    }
    for (int i = 0; i < 8; i += 4) {
        fours[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], _MM_SHUFFLE(1, 0, 1, 0));
        fours[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], _MM_SHUFFLE(3, 2, 3, 2));
        fours[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], _MM_SHUFFLE(1, 0, 1, 0));
        fours[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], _MM_SHUFFLE(3, 2, 3, 2));
    }
    for (int i = 0; i < 4; i++) {
        rows[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
    }
}

#include "backend/openblas/panel_template.h"

#endif
