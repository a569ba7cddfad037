#include <assay/check/tolerance.h>

#include <math.h>
#include <stdio.h>

double assay_gamma(size_t roundings, assay_format format)
{
    double ku = (double)roundings * format.unit_roundoff;
    return ku < 1 ? ku / (1 - ku) : INFINITY;
}

double assay_dot_bound(size_t length, double magnitude, assay_format format)
{
    return assay_gamma(length, format) * magnitude + (double)length * format.underflow;
}

double assay_dot_bound_of(size_t length, const double *a, size_t a_stride, const double *b, size_t b_stride,
                          assay_format format)
{
    double magnitude = 0;
    for (size_t i = 0; i < length; i++) {
        magnitude += fabs(a[i * a_stride] * b[i * b_stride]);
    }
    return assay_dot_bound(length, magnitude, format);
}

double assay_ulp_bound(double magnitude, double ulps, assay_format format)
{
    if (!isfinite(magnitude)) {
        return NAN; /* no bound: assay_compare fails this entry */
    }
    if (magnitude == 0) {
        return format.underflow;
    }
    int exponent;
    frexp(magnitude, &exponent); /* |magnitude| in [2^(exponent - 1), 2^exponent) */
    double ulp = ldexp(format.unit_roundoff, exponent);
    return fmax(ulps * ulp, format.underflow);
}

/* |got - want| / bound; infinity for an entry that cannot pass. */
static double entry_ratio(double got, double want, double bound, assay_nonfinite nonfinite)
{
    if (!isfinite(got) || !isfinite(want)) {
        bool equal = (isnan(got) && isnan(want)) || got == want;
        return equal && nonfinite == ASSAY_NONFINITE_EQUAL ? 0 : INFINITY;
    }
    if (!(bound >= 0) || !isfinite(bound)) {
        return INFINITY;
    }
    double difference = fabs(got - want);
    return difference == 0 ? 0 : difference / bound;
}

assay_comparison assay_compare(size_t count, const double *got, const double *want, const double *bound,
                               assay_nonfinite nonfinite)
{
    assay_comparison comparison = {.count = count, .ratio = -1};
    for (size_t i = 0; i < count; i++) {
        double ratio = entry_ratio(got[i], want[i], bound[i], nonfinite);
        comparison.failures += ratio > 1;
        if (ratio > comparison.ratio) {
            comparison.index = i;
            comparison.got = got[i];
            comparison.want = want[i];
            comparison.bound = bound[i];
            comparison.ratio = ratio;
        }
    }
    comparison.passed = count > 0 && comparison.failures == 0;
    return comparison;
}

void assay_comparison_line(const assay_comparison *comparison, size_t size, char *line)
{
    if (comparison->count == 0) {
        snprintf(line, size, "nothing was compared");
        return;
    }
    snprintf(line, size,
             "entry %zu: got %.17g, want %.17g, error %.3g of a bound %.3g (%.3g of it); %zu of %zu beyond "
             "theirs",
             comparison->index, comparison->got, comparison->want, fabs(comparison->got - comparison->want),
             comparison->bound, comparison->ratio, comparison->failures, comparison->count);
}
