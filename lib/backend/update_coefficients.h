/*
 * The numbers of a step that are the same for all parameters, in double: what openblas and cuda compute the step from.
 * (The reference computes its own.) Private to lib/backend/; nvcc reads it, too.
 *
 * With g = gradient + decay w, every rule is  w = keep w - direction:
 *
 *   SGD                 direction = rate g
 *   the momentum rules  m = momentum m + fresh g;  direction = from_g g + from_m m
 *   Adam                m = momentum m + fresh g;  v = smooth v + rough g^2;
 *                       direction = rate m / (sqrt(v) correction + epsilon)
 *   RMSprop             v = smooth v + rough g^2;  direction = rate g / (sqrt(v) + epsilon)
 *   Lion                direction = rate sign(momentum m + fresh g), then  m = smooth m + rough g
 */
#ifndef ASSAY_BACKEND_UPDATE_COEFFICIENTS_H
#define ASSAY_BACKEND_UPDATE_COEFFICIENTS_H

#include <stdint.h>

#include <assay/backend/update_rule.h>

typedef struct {
    double decay;
    double keep;
    double rate; /* eta; for Adam eta / (1 - b1^t) */
    double momentum;
    double fresh;
    double from_g;
    double from_m;
    double smooth;
    double rough;
    double correction; /* 1 / sqrt(1 - b2^t) */
    double epsilon;
} assay_update_coefficients;

/* `step` is t, 1 for the first. The rule has passed assay_update_rule_check. */
assay_update_coefficients assay_update_rule_coefficients(const assay_update_rule *rule, uint64_t step);

#endif
