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

/*
 * a and b are the bounds of the uniform distribution, and mean and standard deviation of all others. PyTorch draws the
 * first two; the others are made from its uniform numbers u, of which there are 2^24, or 2^32 with Philox:
 *   Rademacher: mean - std or mean + std, with probability 1/2 each;
 *   Laplace: the inverse of its distribution function (excess kurtosis 3);
 *   truncated normal: a normal distribution without what is more than two of its standard deviations from the mean,
 *   scaled to `std`; the inverse of its distribution function (excess kurtosis -0.63);
 *   Student's t with 3 degrees of freedom, scaled: heavy tails, P(|X| > x) falls like x^-3, and no fourth moment;
 *   two uniform numbers each (Bailey 1994, "Polar generation of random variates with the t-distribution").
 */
typedef enum {
    ASSAY_UNIFORM,
    ASSAY_NORMAL,
    ASSAY_RADEMACHER,
    ASSAY_LAPLACE,
    ASSAY_TRUNCATED_NORMAL,
    ASSAY_STUDENT_T
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

/*
 * Fills `values[0..count)`; uniform and normal as torch.empty(count).uniform_(a, b) or .normal_(a, b) would. The others
 * draw the uniform numbers of 512 values at a time: first one for each, then, for Student's t, another one for each.
 */
void assay_generator_fill(assay_generator *generator, assay_distribution distribution, size_t count, float *values);

ASSAY_END_DECLS
#endif
