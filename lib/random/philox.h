/*
 * The generator Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011), and how
 * PyTorch's CUDA generator fills a tensor with it.
 */
#ifndef ASSAY_RANDOM_PHILOX_H
#define ASSAY_RANDOM_PHILOX_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

enum { ASSAY_PHILOX_BLOCK_THREADS = 256 };

/* Plain data: copying the struct copies the generator. */
typedef struct {
    uint64_t seed;   /* the key */
    uint64_t offset; /* outputs that each thread has drawn; a multiple of 4 */
    unsigned blocks; /* the maximum of blocks of 256 threads in a fill: multiprocessors * (threads of each / 256) */
} assay_philox;

/* The bijection: four words from a counter and a key. */
void assay_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

/* torch.cuda.manual_seed(seed), with offset 0, on a device of `blocks` blocks; 0 counts as 1. */
void assay_philox_seed(assay_philox *generator, uint64_t seed, unsigned blocks);

/* torch.empty(count, device="cuda").uniform_(lower, upper), float32; advances the offset. */
void assay_philox_uniform(assay_philox *generator, size_t count, double lower, double upper, float *values);

/* torch.empty(count, device="cuda").normal_(mean, std), float32; advances the offset. */
void assay_philox_normal(assay_philox *generator, size_t count, double mean, double std, float *values);

ASSAY_END_DECLS
#endif
