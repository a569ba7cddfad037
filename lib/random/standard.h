/* Distributions of mean 0 and variance 1, as table entries; not installed. */
#ifndef ASSAY_RANDOM_STANDARD_H
#define ASSAY_RANDOM_STANDARD_H

#include <assay/random/generator.h>

typedef struct {
    assay_distribution_kind kind;
    int draws;                                  /* uniform numbers that one value needs: 1 or 2 */
    double (*from_uniform)(double u, double v); /* u and v in (0, 1); NULL for the normal, which PyTorch draws */
    double (*cumulative)(double z);             /* P(Z <= z) */
    double kurtosis;                            /* excess */
} assay_standard_distribution;

/* For every kind but ASSAY_UNIFORM, whose parameters are its bounds. */
const assay_standard_distribution *assay_standard_distribution_of(assay_distribution_kind kind);

#endif
