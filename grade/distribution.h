/*
 * Initializers are graded as distributions: their values are random by definition, so a hypothesis is compared with the
 * whole sample, with a fixed and tiny probability of rejecting a correct one.
 */
#ifndef ASSAY_GRADE_DISTRIBUTION_H
#define ASSAY_GRADE_DISTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>

#include "grade/case.h"
#include <assay/stats/moments.h>

/* What a tensor is drawn from, and what `value` means for it. */
typedef enum {
    GRADE_CONSTANT,    /* every value equals `value` */
    GRADE_ONE_VALUE,   /* all values are equal, whatever the value; not 0 */
    GRADE_NORMAL,      /* N(0, value^2) */
    GRADE_UNIFORM,     /* U(-value, value) */
    GRADE_TRUNCATED,   /* N(0, value^2) without what lies beyond two standard deviations */
    GRADE_EITHER,      /* mean 0 and standard deviation `value`: any of the three above, the tutorial allows them */
    GRADE_POSITIVE,    /* U(0, value): the lower half is missing */
    GRADE_HALF_NORMAL, /* |N(0, value^2)| */
    GRADE_SHIFTED,     /* value times the sum of 12 uniform numbers, from which 6 was not subtracted */
    GRADE_ONE_UNIFORM, /* value times Box and Muller's formula with one uniform number for both */
    GRADE_ROOTLESS,    /* value times Box and Muller's formula without the root */
    GRADE_OFF_CENTRE,  /* a mean that is not 0 and standard deviation `value`: GRADE_EITHER, shifted */
    GRADE_RANDOM       /* not constant: anything that was drawn */
} grade_distribution_kind;

typedef struct {
    grade_distribution_kind kind;
    double value;
} grade_distribution;

/*
 * The weights and the biases of an initializer are drawn independently of each other, so they are diagnosed apart. Axis
 * 0 is that of the biases, all others are those of the weights.
 */
struct grade_initializer {
    /* What layer `layer`'s weight or bias is drawn from, by an implementation with these switches. */
    grade_distribution (*draws)(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias);
    /* What the free number of these switches means for people, where it is not the number itself; or NULL. */
    double (*shown)(const grade_case *graded, const grade_choice *choice);
};

/*
 * Whether a sample looks drawn from the hypothesis, by its mean, its variance and its whole shape (Kolmogorov-Smirnov
 * with the bound of Dvoretzky, Kiefer, Wolfowitz and Massart). Each test rejects a correct sample with probability
 * 1e-12; a grading makes fewer than 200 of them, so a correct submission is accused with probability below 2e-10,
 * whatever the seed. NaN and infinity match nothing. `sample`: the moments of the values. `z` receives the
 * standardised variance of a sample that fits, 0 where the hypothesis has none; the values of several tensors can be
 * pooled with it.
 */
bool assay_grade_distribution_fits(grade_distribution hypothesis, size_t count, const double *values,
                                   const assay_moments *sample, double *z);

/* "normal, standard deviation 0.1", for people. */
void assay_grade_distribution_text(grade_distribution hypothesis, char *text, size_t size);

#endif
