/* Fills float32 tensors from mt19937, element by element as PyTorch's CPU kernels do. */
#include <math.h>

#include <assay/random/mt19937.h>

/* With 16 elements or more, normal_ works in blocks of 16: 8 pairs (radius, angle). */
enum { BLOCK = 16, PAIRS = BLOCK / 2 };

static const double TWO_PI = 6.283185307179586476925286766559;

/* The low 24 bits of one output, in [0, 1): a float32 has 24 significant bits. */
static float uniform24(assay_mt19937 *generator)
{
    return (float)(assay_mt19937_random32(generator) & 0xffffffu) * 0x1p-24f;
}

/* The low 53 bits of a 64-bit draw, in [0, 1). */
static double uniform53(assay_mt19937 *generator)
{
    return (double)(assay_mt19937_random64(generator) & 0x1fffffffffffffu) * 0x1p-53;
}

/* One rounding: PyTorch's kernels are compiled for processors with FMA, and the compiler fuses product and sum. */
void assay_mt19937_uniform(assay_mt19937 *generator, size_t count, double lower, double upper, float *values)
{
    float from = (float)lower;
    float range = (float)upper - from;
    for (size_t i = 0; i < count; i++) {
        values[i] = fmaf(uniform24(generator), range, from);
    }
}

/*
 * The Box-Muller transform (1958) in float32 on one block of uniforms: the first half gives the radii, the second the
 * angles. It rounds as PyTorch's AVX2 path does: the angle is float32 (the scalar path uses double), and times std plus
 * mean is one fused operation. PyTorch's logarithm, sine and cosine are polynomials, within 3 ulp of these.
 */
static void normals_from_uniforms(float *block, float mean, float std)
{
    for (int j = 0; j < PAIRS; j++) {
        float u1 = 1.0f - block[j]; /* (0, 1], for the logarithm */
        float u2 = block[j + PAIRS];
        float radius = sqrtf(-2.0f * logf(u1));
        float theta = (float)TWO_PI * u2;
        block[j] = fmaf(radius * cosf(theta), std, mean);
        block[j + PAIRS] = fmaf(radius * sinf(theta), std, mean);
    }
}

static void fill_uniform24(assay_mt19937 *generator, size_t count, float *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = uniform24(generator);
    }
}

static void normal_blocks(assay_mt19937 *generator, size_t count, float mean, float std, float *values)
{
    fill_uniform24(generator, count, values);
    for (size_t i = 0; i + BLOCK <= count; i += BLOCK) {
        normals_from_uniforms(values + i, mean, std);
    }
    if (count % BLOCK != 0) {
        /* The last block overlaps the one before; it draws new uniforms for all its elements. */
        float *last = values + (count - BLOCK);
        fill_uniform24(generator, BLOCK, last);
        normals_from_uniforms(last, mean, std);
    }
}

/* One standard normal in double; the sine of each pair is kept for the next call. */
static double normal_scalar(assay_mt19937 *generator)
{
    if (generator->has_normal) {
        generator->has_normal = false;
        return generator->normal;
    }
    double u1 = uniform53(generator);
    double u2 = uniform53(generator);
    double radius = sqrt(-2.0 * log1p(-u2));
    double theta = TWO_PI * u1;
    generator->normal = radius * sin(theta);
    generator->has_normal = true;
    return radius * cos(theta);
}

void assay_mt19937_normal(assay_mt19937 *generator, size_t count, double mean, double std, float *values)
{
    if (count >= BLOCK) {
        normal_blocks(generator, count, (float)mean, (float)std, values);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)(normal_scalar(generator) * std + mean);
    }
}
