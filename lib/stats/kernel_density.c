#include <assay/stats/histogram.h>

#include <math.h>
#include <stdbool.h>

#include <assay/base/alloc.h>
#include <assay/stats/moments.h>
#include "stats/range.h"

/*
 * The sum over all samples y of exp(-(x - y)^2 / 2), in units of the bandwidth: either term by term, or by the
 * one-dimensional fast Gauss transform of Greengard and Strain (1991), a Hermite expansion. Samples are sorted into
 * cells of width CELL. With c the centre of y's cell and t = y - c,
 *
 *     exp(-(x - y)^2 / 2) = exp(-(x - c)^2 / 2) * sum over k of He_k(x - c) t^k / k!
 *
 * so only the sums of t^k / k! over the samples of each cell are needed. With |t| <= 1/8 and TERMS terms the remainder
 * is below (1/8)^13 / sqrt(13!) = 2.3e-17 of a kernel's peak, less than the rounding of the direct sum.
 */
#define CELL 0.25
enum { TERMS = 13 };

/* Cells further away than this, in bandwidths, are left out: exp(-50) = 2e-22 of a kernel's peak. */
#define REACH 10.0

/* Below this number of terms the direct sum is as fast. */
#define DIRECT_TERMS 10000.0

typedef struct {
    size_t count;
    double origin; /* centre of cell 0 */
    double bandwidth;
    double *sums; /* [count][TERMS]: sum of t^k / k! */
} cell_list;

static double direct_sum(size_t count, const double *values, double bandwidth, double point)
{
    double sum = 0;
    for (size_t j = 0; j < count; j++) {
        double z = (point - values[j]) / bandwidth;
        sum += exp(-0.5 * z * z);
    }
    return sum;
}

static void cells_fill(cell_list *cells, size_t count, const double *values)
{
    for (size_t j = 0; j < count; j++) {
        double y = (values[j] - cells->origin) / cells->bandwidth;
        double cell = rint(y / CELL);
        double t = y - cell * CELL;
        double *sums = cells->sums + (size_t)cell * TERMS;
        double term = 1;
        for (int k = 0; k < TERMS; k++) {
            sums[k] += term;
            term *= t / (k + 1);
        }
    }
}

static double cells_sum(const cell_list *cells, double point)
{
    double x = (point - cells->origin) / cells->bandwidth;
    double first = fmax(ceil((x - REACH) / CELL), 0);
    double last = fmin(floor((x + REACH) / CELL), (double)cells->count - 1);
    double total = 0;
    for (double cell = first; cell <= last; cell++) {
        const double *sums = cells->sums + (size_t)cell * TERMS;
        double z = x - cell * CELL;
        double before = 0; /* He_{k-1} */
        double hermite = 1;
        double sum = 0;
        for (int k = 0; k < TERMS; k++) {
            sum += hermite * sums[k];
            double next = z * hermite - k * before; /* He_{k+1} = z He_k - k He_{k-1} */
            before = hermite;
            hermite = next;
        }
        total += exp(-0.5 * z * z) * sum;
    }
    return total;
}

double assay_kernel_bandwidth(size_t count, const double *values)
{
    if (count < 2) {
        return 0;
    }
    double n = (double)count;
    double variance = assay_moments_f64(count, values).variance * n / (n - 1);
    return pow(n, -0.2) * sqrt(variance);
}

assay_status assay_kernel_density(size_t count, const double *values, double bandwidth, size_t point_count,
                                  const double *points, double *density, assay_error *error)
{
    if (count == 0 || !(bandwidth > 0) || !isfinite(bandwidth)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a kernel density of %zu values with bandwidth %g: give at "
                          "least one value and a bandwidth above 0",
                          count, bandwidth);
    }
    double minimum;
    double maximum;
    ASSAY_TRY(assay_finite_range(point_count, points, &minimum, &maximum, error));
    ASSAY_TRY(assay_finite_range(count, values, &minimum, &maximum, error));

    double cell_count = rint((maximum - minimum) / bandwidth / CELL) + 1;
    bool direct = (double)count * (double)point_count <= DIRECT_TERMS || !(cell_count <= (double)count);
    cell_list cells = {.origin = minimum, .bandwidth = bandwidth};
    if (!direct) {
        cells.count = (size_t)cell_count;
        cells.sums = assay_calloc(cells.count, TERMS * sizeof *cells.sums, error);
        if (cells.sums == NULL) {
            return ASSAY_ERROR_MEMORY;
        }
        cells_fill(&cells, count, values);
    }
    double peak = 1 / (bandwidth * sqrt(2 * acos(-1)) * (double)count);
    for (size_t i = 0; i < point_count; i++) {
        density[i] = peak * (direct ? direct_sum(count, values, bandwidth, points[i]) : cells_sum(&cells, points[i]));
    }
    assay_free(cells.sums);
    return ASSAY_OK;
}
