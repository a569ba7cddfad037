#include "random/standard.h"

#include <math.h>

#include <assay/stats/inference.h>

static const double PI = 3.14159265358979323846;

static double normal_cumulative(double z)
{
    return 0.5 * erfc(-z / sqrt(2.0));
}

static double rademacher(double u, double v)
{
    (void)v;
    return u < 0.5 ? -1.0 : 1.0;
}

static double rademacher_cumulative(double z)
{
    return z < -1.0 ? 0.0 : z < 1.0 ? 0.5 : 1.0;
}

/* Density exp(-sqrt(2) |z|) / sqrt(2): the scale that gives variance 1. */
static double laplace(double u, double v)
{
    (void)v;
    return u < 0.5 ? log(2.0 * u) / sqrt(2.0) : -log(2.0 * (1.0 - u)) / sqrt(2.0);
}

static double laplace_cumulative(double z)
{
    return z < 0.0 ? 0.5 * exp(sqrt(2.0) * z) : 1.0 - 0.5 * exp(-sqrt(2.0) * z);
}

/* Normal on [-2, 2]. With P = Phi(2) - Phi(-2) and the density phi its variance is 1 - 4 phi(2) / P. */
#define TRUNCATED_BELOW 0.02275013194817921 /* Phi(-2) */
#define TRUNCATED_MASS 0.9544997361036416   /* P */
#define TRUNCATED_STD 0.8796256610342398

static double truncated_normal(double u, double v)
{
    (void)v;
    return assay_normal_quantile(TRUNCATED_BELOW + u * TRUNCATED_MASS) / TRUNCATED_STD;
}

static double truncated_normal_cumulative(double z)
{
    double inside = (normal_cumulative(z * TRUNCATED_STD) - TRUNCATED_BELOW) / TRUNCATED_MASS;
    return fmin(fmax(inside, 0.0), 1.0);
}

/* With n degrees of freedom sqrt(n (u^(-2/n) - 1)) cos(2 pi v) has the t distribution, whose variance is n / (n - 2);
 * here n = 3. */
static double student_t(double u, double v)
{
    return sqrt(pow(u, -2.0 / 3.0) - 1.0) * cos(2.0 * PI * v);
}

static double student_t_cumulative(double z)
{
    /* z = t / sqrt(3): F = 1/2 + (z / (1 + z^2) + arctan z) / pi. */
    return 0.5 + (z / (1.0 + z * z) + atan(z)) / PI;
}

/* Where PyTorch draws the values itself, from_uniform is not used. */
static const assay_standard_distribution STANDARD[] = {
    {ASSAY_NORMAL, 1, NULL, normal_cumulative, 0.0},
    {ASSAY_RADEMACHER, 1, rademacher, rademacher_cumulative, -2.0},
    {ASSAY_LAPLACE, 1, laplace, laplace_cumulative, 3.0},
    {ASSAY_TRUNCATED_NORMAL, 1, truncated_normal, truncated_normal_cumulative, -0.6344632828703509},
    {ASSAY_STUDENT_T, 2, student_t, student_t_cumulative, INFINITY},
};

const assay_standard_distribution *assay_standard_distribution_of(assay_distribution_kind kind)
{
    size_t row = 0;
    while (STANDARD[row].kind != kind) {
        row++;
    }
    return &STANDARD[row];
}
