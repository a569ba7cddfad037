/*
 * The loss surfaces of the tutorial's second half: two parameters w1 and w2, a loss, and its analytic gradient.
 * Source: the tutorial's cells [29] (pathological curvature) and [34] (bivariate Gaussian, steep optima).
 */
#ifndef ASSAY_SURFACE_SURFACE_H
#define ASSAY_SURFACE_SURFACE_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef enum {
    ASSAY_SURFACE_PATHOLOGICAL, /* tanh(w1)^2 + 0.01 |w1| + sigmoid(w2); as in PyTorch, d|w1|/dw1 = 0 at w1 = 0 */
    ASSAY_SURFACE_GAUSSIAN,     /* bivar_gaussian with its default parameters: mean (0, 0), sigma (1, 1) */
    ASSAY_SURFACE_STEEP,        /* comb_func: minus the sum of three Gaussians of sigma 0.2 (assay_steep_optima) */
    ASSAY_SURFACE_COUNT
} assay_surface;

/* The density of two independent normal variables: a peak of height 1 / (2 pi sigma1 sigma2) at the mean. */
typedef struct {
    double mean[2];
    double sigma[2]; /* standard deviations, > 0 */
} assay_bivariate_gaussian;

enum { ASSAY_STEEP_OPTIMA = 3 };

/* The three peaks that comb_func subtracts, in its order. Each is an optimum of depth 3.979 to within 1e-4. */
extern const assay_bivariate_gaussian assay_steep_optima[ASSAY_STEEP_OPTIMA];

/* "pathological", "gaussian", "steep". */
const char *assay_surface_name(assay_surface surface);

/* ASSAY_ERROR_ARGUMENT with the known names for any other. */
assay_status assay_surface_by_name(const char *name, assay_surface *surface, assay_error *error);

/* The tutorial's start: (5, 5) on the pathological curvature, (0, 0) on the steep optima; (1, 1) on the Gaussian. */
void assay_surface_start(assay_surface surface, double w[2]);

/* The density at w; gradient[0..1], where not NULL, is set to d/dw1 and d/dw2. */
double assay_bivariate_gaussian_f64(const assay_bivariate_gaussian *gaussian, const double w[2], double gradient[2]);

/* The loss at w in double precision; gradient[0..1], where not NULL, is set to dL/dw1 and dL/dw2. */
double assay_surface_f64(assay_surface surface, const double w[2], double gradient[2]);

/*
 * The same in the float32 arithmetic of PyTorch: every operation that its forward and backward pass perform, in their
 * order, rounded to float32. SGD on the pathological curvature is chaotic, so only this retraces PyTorch's points. Two
 * things are not determined by the formula and follow PyTorch's kernels for processors with AVX2: tanh'(x) = 1 - y^2 is
 * one fused operation; and tanh and exp, there within 1 ulp, are here the double result rounded once.
 */
float assay_surface_f32(assay_surface surface, const float w[2], float gradient[2]);

ASSAY_END_DECLS
#endif
