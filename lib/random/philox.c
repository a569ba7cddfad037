#include <assay/random/philox.h>

enum { ROUNDS = 10 };

/* Salmon et al., section 3.3, and the Random123 library: the multipliers, and the Weyl constants added to the key. */
static const uint32_t MULTIPLIER[2] = {0xd2511f53u, 0xcd9e8d57u};
static const uint32_t WEYL[2] = {0x9e3779b9u, 0xbb67ae85u};

void assay_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER[0] * c0;
        uint64_t p1 = (uint64_t)MULTIPLIER[1] * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += WEYL[0];
        k1 += WEYL[1];
    }
    output[0] = c0;
    output[1] = c1;
    output[2] = c2;
    output[3] = c3;
}

void assay_philox_seed(assay_philox *generator, uint64_t seed, unsigned blocks)
{
    generator->seed = seed;
    generator->offset = 0;
    generator->blocks = blocks > 0 ? blocks : 1;
}
