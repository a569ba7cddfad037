#include <assay/stats/histogram.h>

#include <math.h>
#include <string.h>

#include "stats/range.h"

/* numpy.linspace(first, last, bins + 1), in its order of operations and so with its rounding. */
static void equal_edges(double first, double last, size_t bins, double *edges)
{
    double step = (last - first) / (double)bins;
    for (size_t i = 0; i < bins; i++) {
        edges[i] = (double)i * step + first;
    }
    edges[bins] = last;
}

/* The bin of x as numpy computes it: by multiplication, then a correction by one if rounding crossed an edge. */
static size_t bin_of(double x, size_t bins, const double *edges)
{
    double width = edges[bins] - edges[0];
    size_t bin = (size_t)((x - edges[0]) * ((double)bins / width));
    if (bin >= bins) {
        bin = bins - 1;
    }
    if (bin > 0 && x < edges[bin]) {
        return bin - 1;
    }
    if (bin + 1 < bins && x >= edges[bin + 1]) {
        return bin + 1;
    }
    return bin;
}

assay_status assay_histogram(size_t count, const double *values, size_t bins, double *edges, size_t *counts,
                             assay_error *error)
{
    if (count == 0 || bins == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a histogram of %zu values in %zu bins: give at least one of "
                          "each",
                          count, bins);
    }
    double first;
    double last;
    ASSAY_TRY(assay_finite_range(count, values, &first, &last, error));
    if (first == last) {
        first -= 0.5;
        last += 0.5;
    }
    /*
     * The second condition fails for a constant sample above 2^53, where x + 0.5 is x, and for ranges below about
     * 2^-1022.
     */
    if (!isfinite(last - first) || !isfinite((double)bins / (last - first))) {
        return assay_fail(error, ASSAY_ERROR_NUMERIC,
                          "%g to %g cannot be divided into %zu bins in double: scale the "
                          "sample",
                          first, last, bins);
    }
    equal_edges(first, last, bins, edges);
    memset(counts, 0, bins * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        counts[bin_of(values[i], bins, edges)]++;
    }
    return ASSAY_OK;
}
