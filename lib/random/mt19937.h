/*
 * The generator mt19937 as PyTorch uses it on the CPU.
 * Sources: Matsumoto and Nishimura (1998), init_genrand of 2002; PyTorch's at::mt19937 and CPUGeneratorImpl.
 * doc/reproduction.md describes how numbers are drawn.
 */
#ifndef ASSAY_RANDOM_MT19937_H
#define ASSAY_RANDOM_MT19937_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

enum { ASSAY_MT19937_WORDS = 624 };

/* Plain data: copying the struct copies the generator. */
typedef struct {
    uint32_t word[ASSAY_MT19937_WORDS];
    uint32_t next;   /* index of the next word; ASSAY_MT19937_WORDS: compute new words first */
    bool has_normal; /* `normal` is valid: normal_ of fewer than 16 elements keeps one value */
    double normal;
} assay_mt19937;

/* Seeds the generator with init_genrand; torch.manual_seed(seed) uses the low 32 bits. Drops a kept normal. */
void assay_mt19937_seed(assay_mt19937 *generator, uint64_t seed);

/* The next output, 32 bits. */
uint32_t assay_mt19937_random32(assay_mt19937 *generator);

/* Two 32-bit outputs, the first in the high word; torch.empty((), dtype=int64).random_() drops the sign bit. */
uint64_t assay_mt19937_random64(assay_mt19937 *generator);

/* torch.randperm(count): writes a permutation of 0..count-1; count <= UINT32_MAX. */
void assay_mt19937_randperm(assay_mt19937 *generator, size_t count, uint32_t *permutation);

/* torch.empty(count).uniform_(lower, upper), float32. */
void assay_mt19937_uniform(assay_mt19937 *generator, size_t count, double lower, double upper, float *values);

/* torch.empty(count).normal_(mean, std), float32: the vector path from 16 elements on, the scalar path below. */
void assay_mt19937_normal(assay_mt19937 *generator, size_t count, double mean, double std, float *values);

ASSAY_END_DECLS
#endif
