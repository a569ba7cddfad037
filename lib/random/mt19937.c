#include <assay/random/mt19937.h>

enum { WORDS = ASSAY_MT19937_WORDS, MIDDLE = 397 };

static const uint32_t MATRIX = 0x9908b0dfu;
static const uint32_t UPPER_BIT = 0x80000000u;
static const uint32_t LOWER_BITS = 0x7fffffffu;

void assay_mt19937_seed(assay_mt19937 *generator, uint64_t seed)
{
    uint32_t *word = generator->word;
    word[0] = (uint32_t)seed;
    for (uint32_t i = 1; i < WORDS; i++) {
        word[i] = 1812433253u * (word[i - 1] ^ (word[i - 1] >> 30)) + i;
    }
    generator->next = WORDS;
    generator->has_normal = false;
    generator->normal = 0.0;
}

/* One word of the next state: x[k+n] = x[k+m] ^ (upper bit of x[k] | lower bits of x[k+1]) A (paper, eq. 2.1). */
static uint32_t twisted(uint32_t middle, uint32_t upper, uint32_t lower)
{
    uint32_t joined = (upper & UPPER_BIT) | (lower & LOWER_BITS);
    return middle ^ (joined >> 1) ^ ((joined & 1u) != 0 ? MATRIX : 0u);
}

static void twist(assay_mt19937 *generator)
{
    uint32_t *word = generator->word;
    for (int i = 0; i < WORDS - MIDDLE; i++) {
        word[i] = twisted(word[i + MIDDLE], word[i], word[i + 1]);
    }
    for (int i = WORDS - MIDDLE; i < WORDS - 1; i++) {
        word[i] = twisted(word[i + MIDDLE - WORDS], word[i], word[i + 1]);
    }
    word[WORDS - 1] = twisted(word[MIDDLE - 1], word[WORDS - 1], word[0]);
    generator->next = 0;
}

uint32_t assay_mt19937_random32(assay_mt19937 *generator)
{
    if (generator->next >= WORDS) {
        twist(generator);
    }
    uint32_t y = generator->word[generator->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    y ^= y >> 18;
    return y;
}

uint64_t assay_mt19937_random64(assay_mt19937 *generator)
{
    uint64_t high = assay_mt19937_random32(generator);
    uint64_t low = assay_mt19937_random32(generator);
    return high << 32 | low;
}

void assay_mt19937_randperm(assay_mt19937 *generator, size_t count, uint32_t *permutation)
{
    for (size_t i = 0; i < count; i++) {
        permutation[i] = (uint32_t)i;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        size_t other = i + assay_mt19937_random32(generator) % (count - i);
        uint32_t kept = permutation[i];
        permutation[i] = permutation[other];
        permutation[other] = kept;
    }
}
