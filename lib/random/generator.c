#include <assay/random/generator.h>

#include <string.h>

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

static void fill_philox(assay_philox *generator, assay_distribution d, size_t count, float *values)
{
    if (d.kind == ASSAY_NORMAL) {
        assay_philox_normal(generator, count, d.a, d.b, values);
    } else {
        assay_philox_uniform(generator, count, d.a, d.b, values);
    }
}

static void fill_mt19937(assay_mt19937 *generator, assay_distribution d, size_t count, float *values)
{
    if (d.kind == ASSAY_NORMAL) {
        assay_mt19937_normal(generator, count, d.a, d.b, values);
    } else {
        assay_mt19937_uniform(generator, count, d.a, d.b, values);
    }
}

void assay_generator_fill(assay_generator *generator, assay_distribution distribution, size_t count, float *values)
{
    if (generator->kind == ASSAY_GENERATOR_PHILOX) {
        fill_philox(&generator->state.philox, distribution, count, values);
    } else {
        fill_mt19937(&generator->state.mt19937, distribution, count, values);
    }
}
