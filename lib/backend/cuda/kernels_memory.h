/* Fills, PyTorch's random fills, batches. Private to lib/backend/cuda/. */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_MEMORY_H
#define ASSAY_BACKEND_CUDA_KERNELS_MEMORY_H

#include "backend/cuda/kernels.h"

KERNEL(fill)
{
    real *to = AT(real, p.fill.to);
    FOR_EACH(i, p.fill.count) {
        to[i] = (real)p.fill.value;
    }
}

KERNEL(scale)
{
    real *to = AT(real, p.fill.to);
    FOR_EACH(i, p.fill.count) {
        to[i] = (real)p.fill.value * to[i];
    }
}

/* --- Philox4x32-10 (Salmon et al. 2011), laid out as in doc/reproduction.md ------------------------------------- */

enum { PHILOX_ROUNDS = 10, PHILOX_OUTPUTS = 4 };

DEVICE void philox(uint64_t position, uint64_t thread, uint64_t seed, uint32_t output[PHILOX_OUTPUTS])
{
    uint32_t c0 = (uint32_t)position, c1 = (uint32_t)(position >> 32);
    uint32_t c2 = (uint32_t)thread, c3 = (uint32_t)(thread >> 32);
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)0xd2511f53u * c0;
        uint64_t p1 = (uint64_t)0xcd9e8d57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    output[0] = c0;
    output[1] = c1;
    output[2] = c2;
    output[3] = c3;
}

/* cuRAND's (0, 1]: 2^-32 x + 2^-33. */
DEVICE float unit_interval(uint32_t x)
{
    return (float)x * 2.3283064365386963e-10f + 1.1641532182693481e-10f;
}

/* PyTorch makes [0, 1) of it by replacing 1 by 0. One rounding: PyTorch's kernels are contracted. */
DEVICE float to_uniform(uint32_t x, float lower, float size)
{
    float u = unit_interval(x);
    return fmaf(u == 1.0f ? 0.0f : u, size, lower);
}

/* cuRAND's Box-Muller: one pair of outputs gives a sine and a cosine. */
DEVICE void to_normals(const uint32_t output[2], float mean, float std, float normal[2])
{
    const float two_pi = 2.3283064365386963e-10f * 6.2831855f;
    float angle = fmaf((float)output[1], two_pi, two_pi / 2.0f);
    float radius = sqrtf(-2.0f * logf(unit_interval(output[0])));
    normal[0] = fmaf(radius * sinf(angle), std, mean);
    normal[1] = fmaf(radius * cosf(angle), std, mean);
}

DEVICE void to_elements(const assay_cuda_random_arguments *p, const uint32_t output[PHILOX_OUTPUTS],
                        float element[PHILOX_OUTPUTS])
{
    if (p->output == ASSAY_CUDA_NORMAL) {
        to_normals(output, (float)p->a, (float)p->b, element);
        to_normals(output + 2, (float)p->a, (float)p->b, element + 2);
    } else {
        for (int i = 0; i < PHILOX_OUTPUTS; i++) {
            element[i] = to_uniform(output[i], (float)p->a, (float)p->b);
        }
    }
}

/* Each of our threads makes one call of one of PyTorch's threads; it does not matter which one. */
KERNEL(random_fill)
{
    FOR_EACH(i, p.random.calls * p.random.threads) {
        uint64_t call = i / p.random.threads;
        uint64_t thread = i % p.random.threads;
        uint32_t output[PHILOX_OUTPUTS];
        float element[PHILOX_OUTPUTS];
        philox(p.random.position + call, thread, p.random.seed, output);
        to_elements(&p.random, output, element);
        for (uint64_t j = 0; j < PHILOX_OUTPUTS; j++) {
            uint64_t at = thread + (PHILOX_OUTPUTS * call + j) * p.random.threads;
            if (at >= p.random.count) {
                break;
            }
            if (p.random.output == ASSAY_CUDA_BITS) {
                AT(uint32_t, p.random.to)[at] = output[j];
            } else {
                AT(real, p.random.to)[at] = (real)element[j];
            }
        }
    }
}

/* --- batches --------------------------------------------------------------------------------------------------- */

/* One block for each image: it looks the pixels up in its own copy of the table. */
KERNEL(gather)
{
    __shared__ real table[256];
    uint64_t row = blockIdx.x;
    int64_t image = AT(const int32_t, p.gather.index)[row];
    if (image < 0 || (uint64_t)image >= p.gather.images) {
        if (threadIdx.x == 0) {
            record_failure(p.gather.failure, p.gather.operation, row, image, p.gather.images, 0);
        }
        return;
    }
    table[threadIdx.x] = AT(const real, p.gather.table)[threadIdx.x];
    __syncthreads();
    const uint8_t *pixels = AT(const uint8_t, p.gather.pixels) + (uint64_t)image * p.gather.width;
    real *x = AT(real, p.gather.x) + row * p.gather.width;
    for (uint64_t j = threadIdx.x; j < p.gather.width; j += ASSAY_CUDA_BLOCK) {
        x[j] = table[pixels[j]];
    }
    if (threadIdx.x == 0) {
        AT(int32_t, p.gather.y)[row] = AT(const int32_t, p.gather.labels)[image];
    }
}

#endif
