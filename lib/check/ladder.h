/* Internal: the numeric part of the gradient check, the slopes of f on a ladder of steps. */
#ifndef ASSAY_CHECK_LADDER_H
#define ASSAY_CHECK_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/error.h>
#include <assay/check/gradient.h>

typedef struct {
    double derivative; /* mean of the two one-sided slopes */
    double jump;       /* slope above minus slope below */
    double error;      /* estimate; infinity if no step gave a value */
    double steepness;  /* |slope| + |change of the slope| over the steps behind the value */
} assay_slope;

typedef struct {
    assay_slope smooth; /* jumps count as errors: the derivative of a function that is smooth around x */
    assay_slope kinked; /* jumps are results: the slopes of a function with a kink at x */
    bool constant;      /* all values of f were equal to f(x) */
} assay_slopes;

typedef struct assay_ladder assay_ladder;

/* Copies x and measures the noise of f near it. ASSAY_ERROR_NUMERIC if f(x) is not finite. */
assay_status assay_ladder_create(assay_scalar_function function, void *user, size_t count, const double *x,
                                 double length, assay_ladder **ladder, assay_error *error);
void assay_ladder_destroy(assay_ladder *ladder);

/*
 * The slopes of f along entry i. Further ladders start with larger steps as long as rounding dominates and the error
 * exceeds `resolution` times the larger of the derivative and `expected`, the analytic value.
 */
assay_slopes assay_ladder_climb(assay_ladder *ladder, size_t i, double expected, double resolution);

double assay_ladder_noise(const assay_ladder *ladder);
size_t assay_ladder_evaluations(const assay_ladder *ladder);

/* The 64 random bits with number `index` of a seed (splitmix64). */
uint64_t assay_ladder_bits(uint64_t seed, uint64_t index);

#endif
