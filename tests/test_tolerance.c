/* The tolerance model: bounds computed by hand, bounds for rounded sums, and comparisons that fail when they should. */
#include <float.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/check/tolerance.h>
#include "support.h"

START_TEST(bounds_by_hand)
{
    const double u = 0x1p-24;
    ck_assert_double_eq(assay_gamma(0, ASSAY_FORMAT_F32), 0);
    ck_assert_double_eq(assay_gamma(1, ASSAY_FORMAT_F32), u / (1 - u));
    ck_assert_double_eq(assay_gamma((size_t)1 << 23, ASSAY_FORMAT_F32), 1); /* k u = 1/2 */
    ck_assert(isinf(assay_gamma((size_t)1 << 24, ASSAY_FORMAT_F32)));
    ck_assert_double_eq(assay_gamma(2, ASSAY_FORMAT_F64), 0x1p-52 / (1 - 0x1p-52));

    double a[6] = {1, -9, -2, -9, 3, -9};
    double b[3] = {4, 5, -6};
    double magnitude = 4 + 10 + 18;
    double want = assay_gamma(3, ASSAY_FORMAT_F32) * magnitude + 3 * 0x1p-126;
    ck_assert_double_eq(assay_dot_bound(3, magnitude, ASSAY_FORMAT_F32), want);
    ck_assert_double_eq(assay_dot_bound_of(3, a, 2, b, 1, ASSAY_FORMAT_F32), want);
    ck_assert_double_eq(assay_dot_bound_of(3, b, 1, a, 2, ASSAY_FORMAT_F32), want);
    ck_assert_double_eq(assay_dot_bound(3, 0, ASSAY_FORMAT_F32), 3 * 0x1p-126);

    /* clang-format off */
    static const struct {
        double magnitude, ulps, want;
        bool single;
    /* clang-format off */
    } cases[] = {
        {1, 1, 0x1p-23, true},         {-1, 1, 0x1p-23, true},      {1.999, 3, 3 * 0x1p-23, true},
        {2, 1, 0x1p-22, true},         {1, 0.5, 0x1p-53, false},    {0.5, 2, 0x1p-52, false},
        {0, 4, 0x1p-126, true},        {1e-40, 4, 0x1p-126, true},  {0, 4, 0x1p-1022, false},
        {1e-310, 1, 0x1p-1022, false}, {3e38, 1, 0x1p104, true},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assay_format format = cases[c].single ? ASSAY_FORMAT_F32 : ASSAY_FORMAT_F64;
        double got = assay_ulp_bound(cases[c].magnitude, cases[c].ulps, format);
        ck_assert_msg(got == cases[c].want, "case %zu: %g, want %g", c, got, cases[c].want);
    }
    ck_assert(isnan(assay_ulp_bound(NAN, 1, ASSAY_FORMAT_F32)));
    ck_assert(isnan(assay_ulp_bound(INFINITY, 1, ASSAY_FORMAT_F32)));
    /* An ulp is the distance to the next number. */
    for (float x = 1e-30F; x < 1e30F; x *= 3.7F) {
        double distance = (double)nextafterf(x, INFINITY) - (double)x;
        ck_assert_double_eq(assay_ulp_bound((double)x, 1, ASSAY_FORMAT_F32), distance);
    }
}
END_TEST

/*
 * Dot products in float, forwards and pairwise, compared with double: never beyond the bound. The bound is also tight:
 * one missing product, or one input rounded to half precision, exceeds it.
 */
START_TEST(dot_products_stay_within_the_bound)
{
    static const size_t lengths[] = {1, 2, 3, 16, 100, 1000};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
        size_t n = lengths[l];
        double *a = assay_calloc(n, sizeof *a, NULL);
        double *b = assay_calloc(n, sizeof *b, NULL);
        for (int trial = 0; trial < 200; trial++) {
            float forward = 0;
            float halves[2] = {0, 0};
            double exact = 0;
            for (size_t i = 0; i < n; i++) {
                a[i] = (double)(float)(gsl_rng_uniform(rng) - 0.5);
                b[i] = (double)(float)(gsl_rng_uniform(rng) + 0.1);
                exact += a[i] * b[i];
                forward += (float)a[i] * (float)b[i];
                halves[i % 2] += (float)a[i] * (float)b[i];
            }
            double got[4] = {(double)forward, (double)(halves[0] + halves[1]), exact - a[0] * b[0],
                             exact + a[0] * b[0] * 0x1p-10};
            double want[4] = {exact, exact, exact, exact};
            double bound = assay_dot_bound_of(n, a, 1, b, 1, ASSAY_FORMAT_F32);
            double bounds[4] = {bound, bound, bound, bound};
            ck_assert(assay_compare(2, got, want, bounds, ASSAY_FINITE_ALONE).passed);
            if (fabs(a[0] * b[0]) > 0.1) { /* it matters; among 1000 terms half precision is lost in the sum */
                size_t beyond = assay_compare(2, got + 2, want, bounds, ASSAY_FINITE_ALONE).failures;
                ck_assert_msg(beyond == (n <= 16 ? 2 : 1) || n == 100, "length %zu: %zu beyond", n, beyond);
            }
        }
        assay_free(a);
        assay_free(b);
    }
    gsl_rng_free(rng);
}
END_TEST

/* One entry at a time: what passes and what does not. */
START_TEST(comparison_of_one_entry)
{
    /* clang-format off */
    static const struct {
        double got, want, bound;
        bool passes, passes_nonfinite;
    /* clang-format off */
    } cases[] = {
        {1, 1, 0, true, true},
        {1, 1.5, 0.5, true, true},
        {1, 1.5, 0.499, false, false},
        {1, 1 + DBL_EPSILON, 0, false, false},
        {0.0, -0.0, 0, true, true},
        {1, 1, -1, false, false},
        {1, 1, NAN, false, false},
        {1, 1, INFINITY, false, false},
        {NAN, NAN, 1, false, true},
        {NAN, 1, 1, false, false},
        {1, NAN, 1, false, false},
        {NAN, INFINITY, 1, false, false},
        {INFINITY, INFINITY, 1, false, true},
        {INFINITY, -INFINITY, 1, false, false},
        {INFINITY, 1e308, 1e308, false, false},
        {1e308, INFINITY, 1e308, false, false},
        {-1e308, 1e308, 1e308, false, false},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assay_comparison finite = assay_compare(1, &cases[c].got, &cases[c].want, &cases[c].bound, ASSAY_FINITE_ALONE);
        assay_comparison any = assay_compare(1, &cases[c].got, &cases[c].want, &cases[c].bound, ASSAY_NONFINITE_EQUAL);
        ck_assert_msg(finite.passed == cases[c].passes, "case %zu", c);
        ck_assert_msg(any.passed == cases[c].passes_nonfinite, "case %zu with NaN and infinity allowed", c);
        ck_assert(finite.failures == (finite.passed ? 0 : 1) && finite.passed == (finite.ratio <= 1));
    }
}
END_TEST

START_TEST(comparison_reports_the_worst)
{
    enum { COUNT = 40 };
    double got[COUNT];
    double want[COUNT];
    double bound[COUNT];
    for (int i = 0; i < COUNT; i++) {
        want[i] = i;
        got[i] = i;
        bound[i] = 1e-6;
    }
    char line[256];
    assay_comparison equal = assay_compare(COUNT, got, want, bound, ASSAY_FINITE_ALONE);
    ck_assert(equal.passed && equal.ratio == 0 && equal.index == 0 && equal.count == COUNT);
    got[7] += 3e-6;  /* three times its bound */
    got[21] += 1e-3; /* the largest error, well inside a wide bound */
    bound[21] = 1;
    got[33] -= 2e-6;
    assay_comparison worst = assay_compare(COUNT, got, want, bound, ASSAY_FINITE_ALONE);
    ck_assert(!worst.passed && worst.failures == 2 && worst.index == 7);
    ck_assert_double_eq_tol(worst.ratio, 3, 1e-6);
    ck_assert(worst.got == got[7] && worst.want == 7 && worst.bound == 1e-6);
    assay_comparison_line(&worst, sizeof line, line);
    ck_assert_msg(strstr(line, "entry 7: got 7.00000") == line && strstr(line, "2 of 40 beyond") != NULL, "%s", line);

    got[39] = NAN;
    worst = assay_compare(COUNT, got, want, bound, ASSAY_FINITE_ALONE);
    ck_assert(!worst.passed && worst.failures == 3 && worst.index == 39 && isinf(worst.ratio));

    const assay_comparison short_line = {
        .count = 3, .failures = 1, .index = 2, .got = 1.5, .want = 1, .bound = 0.125, .ratio = 4};
    assay_comparison_line(&short_line, sizeof line, line);
    ck_assert_str_eq(line, "entry 2: got 1.5, want 1, error 0.5 of a bound 0.125 (4 of it); 1 of 3 beyond theirs");
    assay_comparison_line(&short_line, 9, line);
    ck_assert_str_eq(line, "entry 2:");

    assay_comparison none = assay_compare(0, got, want, bound, ASSAY_FINITE_ALONE);
    ck_assert(!none.passed && none.failures == 0);
    assay_comparison_line(&none, sizeof line, line);
    ck_assert_str_eq(line, "nothing was compared");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tolerance");
    TCase *tests = evidence_case("tolerance",
                                 "property: check/gamma, check/dot_bound, check/dot_bound_of, check/ulp_bound, "
                                 "check/compare");
    tcase_add_test(tests, bounds_by_hand);
    tcase_add_test(tests, dot_products_stay_within_the_bound);
    tcase_add_test(tests, comparison_of_one_entry);
    tcase_add_test(tests, comparison_reports_the_worst);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
