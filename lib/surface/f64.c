/* The surfaces and their gradients in double precision, written as the tutorial's formulas. */
#include <math.h>
#include <stddef.h>

#include <assay/surface/surface.h>

/* M_PI of math.h is not in ISO C. */
#define PI 3.14159265358979323846

double assay_bivariate_gaussian_f64(const assay_bivariate_gaussian *gaussian, const double w[2], double gradient[2])
{
    double exponent = 0.0;
    for (int i = 0; i < 2; i++) {
        double z = (w[i] - gaussian->mean[i]) / gaussian->sigma[i];
        exponent -= 0.5 * z * z;
    }
    double density = exp(exponent) / (2.0 * PI * gaussian->sigma[0] * gaussian->sigma[1]);
    for (int i = 0; gradient != NULL && i < 2; i++) {
        /* d/dw exp(-(w - m)^2 / (2 s^2)) = -(w - m) / s^2 times itself */
        gradient[i] = -density * (w[i] - gaussian->mean[i]) / (gaussian->sigma[i] * gaussian->sigma[i]);
    }
    return density;
}

/* tanh(w1)^2 + 0.01 |w1| + sigmoid(w2) */
static double pathological(const double w[2], double gradient[2])
{
    double y = tanh(w[0]);
    /* Neither form overflows on its side; sigmoid'(x) = sigmoid(x) sigmoid(-x) keeps its digits for large x. */
    double e = exp(-fabs(w[1]));
    double sigmoid = w[1] >= 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
    if (gradient != NULL) {
        double sign = (double)(w[0] > 0.0) - (double)(w[0] < 0.0);
        double sech = 1.0 / cosh(w[0]);
        gradient[0] = isnan(w[0]) ? w[0] : 2.0 * y * sech * sech + 0.01 * sign;
        gradient[1] = e / ((1.0 + e) * (1.0 + e));
    }
    return y * y + 0.01 * fabs(w[0]) + sigmoid;
}

static double steep(const double w[2], double gradient[2])
{
    double loss = 0.0;
    double sum[2] = {0.0, 0.0};
    for (int k = 0; k < ASSAY_STEEP_OPTIMA; k++) {
        double part[2];
        loss -= assay_bivariate_gaussian_f64(&assay_steep_optima[k], w, part);
        sum[0] -= part[0];
        sum[1] -= part[1];
    }
    if (gradient != NULL) {
        gradient[0] = sum[0];
        gradient[1] = sum[1];
    }
    return loss;
}

double assay_surface_f64(assay_surface surface, const double w[2], double gradient[2])
{
    static const assay_bivariate_gaussian standard = {{0.0, 0.0}, {1.0, 1.0}};
    switch (surface) {
    case ASSAY_SURFACE_PATHOLOGICAL: return pathological(w, gradient);
    case ASSAY_SURFACE_GAUSSIAN: return assay_bivariate_gaussian_f64(&standard, w, gradient);
    case ASSAY_SURFACE_STEEP: return steep(w, gradient);
    case ASSAY_SURFACE_COUNT: break;
    }
    return (double)NAN;
}
