/*
 * One interface to PyTorch's two generators, so that an initializer works with both. Draws are those of PyTorch's
 * float32 tensors, in whatever precision they are used afterwards.
 */
#ifndef ASSAY_RANDOM_GENERATOR_H
#define ASSAY_RANDOM_GENERATOR_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/random/mt19937.h>
#include <assay/random/philox.h>

ASSAY_BEGIN_DECLS

typedef enum { ASSAY_GENERATOR_MT19937, ASSAY_GENERATOR_PHILOX } assay_generator_kind;

typedef struct {
    assay_generator_kind kind;
    union {
        assay_mt19937 mt19937;
        assay_philox philox;
    } state;
} assay_generator;

typedef enum {
    ASSAY_UNIFORM, /* a = lower bound, b = upper bound */
    ASSAY_NORMAL   /* a = mean, b = standard deviation */
} assay_distribution_kind;

typedef struct {
    assay_distribution_kind kind;
    double a;
    double b;
} assay_distribution;

/* Seeds a generator. `blocks` is Philox's grid limit (see assay_philox_seed); mt19937 ignores it. */
void assay_generator_seed(assay_generator *generator, assay_generator_kind kind, uint64_t seed, unsigned blocks);

/* Finds a generator by its name, "mt19937" or "philox". ASSAY_ERROR_ARGUMENT, with the known names, for any other. */
assay_status assay_generator_kind_by_name(const char *name, assay_generator_kind *kind, assay_error *error);
const char *assay_generator_name(assay_generator_kind kind);

/* Fills `values[0..count)` as torch.empty(count).uniform_(a, b) or .normal_(a, b) would. */
void assay_generator_fill(assay_generator *generator, assay_distribution distribution, size_t count, float *values);

ASSAY_END_DECLS
#endif
