#include <assay/random/generator.h>

#include <string.h>

#include "random/standard.h"

static const char *const NAMES[] = {
    [ASSAY_GENERATOR_MT19937] = "mt19937",
    [ASSAY_GENERATOR_PHILOX] = "philox",
};

assay_status assay_generator_kind_by_name(const char *name, assay_generator_kind *kind, assay_error *error)
{
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(name, NAMES[i]) == 0) {
            *kind = (assay_generator_kind)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                      "unknown generator '%s'; known are mt19937 (PyTorch on the CPU) and "
                      "philox (PyTorch on CUDA)",
                      name);
}

const char *assay_generator_name(assay_generator_kind kind)
{
    return NAMES[kind];
}

void assay_generator_seed(assay_generator *generator, assay_generator_kind kind, uint64_t seed, unsigned blocks)
{
    generator->kind = kind;
    if (kind == ASSAY_GENERATOR_PHILOX) {
        assay_philox_seed(&generator->state.philox, seed, blocks);
    } else {
        assay_mt19937_seed(&generator->state.mt19937, seed);
    }
}

static void fill_uniform(assay_generator *generator, double lower, double upper, size_t count, float *values)
{
    if (generator->kind == ASSAY_GENERATOR_PHILOX) {
        assay_philox_uniform(&generator->state.philox, count, lower, upper, values);
    } else {
        assay_mt19937_uniform(&generator->state.mt19937, count, lower, upper, values);
    }
}

static void fill_normal(assay_generator *generator, double mean, double std, size_t count, float *values)
{
    if (generator->kind == ASSAY_GENERATOR_PHILOX) {
        assay_philox_normal(&generator->state.philox, count, mean, std, values);
    } else {
        assay_mt19937_normal(&generator->state.mt19937, count, mean, std, values);
    }
}

/* Uniform float32 numbers are in [0, 1 - 2^-24]: half a step of 2^-24 further they are never 0 or 1. */
static double inner(float u)
{
    return (double)u + 0x1p-25;
}

void assay_generator_fill(assay_generator *generator, assay_distribution distribution, size_t count, float *values)
{
    switch (distribution.kind) {
    case ASSAY_UNIFORM: fill_uniform(generator, distribution.a, distribution.b, count, values); return;
    case ASSAY_NORMAL: fill_normal(generator, distribution.a, distribution.b, count, values); return;
    case ASSAY_RADEMACHER:
    case ASSAY_LAPLACE:
    case ASSAY_TRUNCATED_NORMAL:
    case ASSAY_STUDENT_T: break;
    }
    enum { CHUNK = 512 };
    const assay_standard_distribution *standard = assay_standard_distribution_of(distribution.kind);
    float more[CHUNK];
    for (size_t start = 0; start < count; start += CHUNK) {
        size_t length = count - start < CHUNK ? count - start : CHUNK;
        float *chunk = values + start;
        fill_uniform(generator, 0.0, 1.0, length, chunk);
        if (standard->draws == 2) {
            fill_uniform(generator, 0.0, 1.0, length, more);
        }
        for (size_t i = 0; i < length; i++) {
            double z = standard->from_uniform(inner(chunk[i]), standard->draws == 2 ? inner(more[i]) : 0.0);
            chunk[i] = (float)(distribution.a + distribution.b * z);
        }
    }
}
