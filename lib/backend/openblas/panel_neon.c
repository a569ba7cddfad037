/* panel.h with NEON, which every 64-bit ARM processor has: 4 floats in a vector, 32 registers. */
#include "backend/openblas/panel_kernels.h"

#if ASSAY_PANEL_NEON

#include <arm_neon.h>

#define LANES ((size_t)4)
#define WIDTH 6
#define TARGET
#define PRIMITIVE static inline __attribute__((always_inline))
#define IN_REGISTER(v) __asm__("" : "+w"(v))
#define KERNELS assay_panel_neon
#define KERNELS_NAME "neon"

typedef float32x4_t vector;

PRIMITIVE vector load(const float *from)
{
    return vld1q_f32(from);
}

PRIMITIVE vector load_some(const float *from, size_t count)
{
    float some[4] = {0};
    for (size_t i = 0; i < count; i++) {
        some[i] = from[i];
    }
    return vld1q_f32(some);
}

PRIMITIVE void store(float *to, vector v)
{
    vst1q_f32(to, v);
}

PRIMITIVE vector broadcast(float x)
{
    return vdupq_n_f32(x);
}

PRIMITIVE vector add(vector a, vector b)
{
    return vaddq_f32(a, b);
}

PRIMITIVE vector subtract(vector a, vector b)
{
    return vsubq_f32(a, b);
}

/* a b + c, rounded once. */
PRIMITIVE vector multiply_add(vector a, vector b, vector c)
{
    return vfmaq_f32(c, a, b);
}

PRIMITIVE unsigned differing(vector a, vector b)
{
    static const uint32_t bits[4] = {1, 2, 4, 8};
    return vaddvq_u32(vbicq_u32(vld1q_u32(bits), vceqq_f32(a, b)));
}

/* Bytes of the mask's lanes, moved to the front: lane l has the bytes 4 l to 4 l + 3. */
PRIMITIVE uint8x16_t front_of(unsigned mask)
{
#define LANE(l) 4 * (l), 4 * (l) + 1, 4 * (l) + 2, 4 * (l) + 3
#define FRONT(a, b, c, d)                  \
    {                                      \
        LANE(a), LANE(b), LANE(c), LANE(d) \
    }
    /* clang-format off */
    static const uint8_t fronts[16][16] = {
        FRONT(0, 0, 0, 0), FRONT(0, 0, 0, 0), FRONT(1, 0, 0, 0), FRONT(0, 1, 0, 0),
        FRONT(2, 0, 0, 0), FRONT(0, 2, 0, 0), FRONT(1, 2, 0, 0), FRONT(0, 1, 2, 0),
        FRONT(3, 0, 0, 0), FRONT(0, 3, 0, 0), FRONT(1, 3, 0, 0), FRONT(0, 1, 3, 0),
        FRONT(2, 3, 0, 0), FRONT(0, 2, 3, 0), FRONT(1, 2, 3, 0), FRONT(0, 1, 2, 3),
    };
    /* clang-format on */
#undef FRONT
#undef LANE
    return vld1q_u8(fronts[mask]);
}

PRIMITIVE void append(vector v, unsigned mask, float *to)
{
    vst1q_f32(to, vreinterpretq_f32_u8(vqtbl1q_u8(vreinterpretq_u8_f32(v), front_of(mask))));
}

PRIMITIVE void append_indices(uint32_t first, unsigned mask, uint32_t *to)
{
    static const uint32_t counting[4] = {0, 1, 2, 3};
    const uint32x4_t indices = vaddq_u32(vld1q_u32(counting), vdupq_n_u32(first));
    vst1q_u32(to, vreinterpretq_u32_u8(vqtbl1q_u8(vreinterpretq_u8_u32(indices), front_of(mask))));
}

/* Pairs of rows into pairs of columns, then the halves. */
PRIMITIVE void transpose(vector *rows)
{
    const float32x4x2_t low = vtrnq_f32(rows[0], rows[1]);
    const float32x4x2_t high = vtrnq_f32(rows[2], rows[3]);
    rows[0] = vcombine_f32(vget_low_f32(low.val[0]), vget_low_f32(high.val[0]));
    rows[1] = vcombine_f32(vget_low_f32(low.val[1]), vget_low_f32(high.val[1]));
    rows[2] = vcombine_f32(vget_high_f32(low.val[0]), vget_high_f32(high.val[0]));
    rows[3] = vcombine_f32(vget_high_f32(low.val[1]), vget_high_f32(high.val[1]));
}

#include "backend/openblas/panel_template.h"

#endif
