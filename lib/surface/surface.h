/*
 * The loss surfaces of the tutorial's second half: a loss of two parameters w1 and w2, and its analytic gradient.
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

/* The density of two independent normal variables, with a peak of height 1 / (2 pi sigma1 sigma2) at the mean. */
typedef struct {
    double mean[2];
    double sigma[2]; /* standard deviations, > 0 */
} assay_bivariate_gaussian;

enum { ASSAY_STEEP_OPTIMA = 3 };

/* The three peaks that comb_func subtracts, in its order. Each makes an optimum of depth 3.979, within 1e-4. */
extern const assay_bivariate_gaussian assay_steep_optima[ASSAY_STEEP_OPTIMA];

/* The name of a surface: "pathological", "gaussian" or "steep". */
const char *assay_surface_name(assay_surface surface);

/* Finds a surface by its name. ASSAY_ERROR_ARGUMENT, with the known names, for any other. */
assay_status assay_surface_by_name(const char *name, assay_surface *surface, assay_error *error);

/*
 * The tutorial's starting point: (5, 5) for the pathological curvature, (0, 0) for the steep optima; (1, 1) for the
 * Gaussian.
 */
void assay_surface_start(assay_surface surface, double w[2]);

/* The density at w. Writes d/dw1 and d/dw2 to gradient[0..1] unless it is NULL. */
double assay_bivariate_gaussian_f64(const assay_bivariate_gaussian *gaussian, const double w[2], double gradient[2]);

/* The loss at w in double precision. Writes dL/dw1 and dL/dw2 to gradient[0..1] unless it is NULL. */
double assay_surface_f64(assay_surface surface, const double w[2], double gradient[2]);

/*
 * The same in PyTorch's float32 arithmetic: every operation of its forward and backward pass, in the same order, each
 * rounded to float32. SGD on the pathological curvature is chaotic, so only this arithmetic reproduces PyTorch's
 * points. The formula leaves two things open, which follow PyTorch's kernels for processors with AVX2: tanh'(x) = 1 -
 * y^2 is one fused operation; tanh and exp are the double result rounded once, where PyTorch's are within 1 ulp.
 */
float assay_surface_f32(assay_surface surface, const float w[2], float gradient[2]);

ASSAY_END_DECLS
#endif
