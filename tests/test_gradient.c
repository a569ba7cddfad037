/* The gradient checker on known gradients, correct and wrong: it must accept the first and reject the others. */
#include <float.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_erf.h>
#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/check/gradient.h>
#include "check/ladder.h"
#include "support.h"

/* --- functions of one variable, with their derivatives ------------------------------------------------------------ */

typedef struct {
    const char *name;
    double (*value)(double x);
    double (*slope)(double x);
} known_function;

/* clang-format off */
static double cubic(double x) { return (x - 2) * x * x + 1; }
static double cubic_slope(double x) { return (3 * x - 4) * x; }
static double tenth_power(double x) { return pow(x, 10); }
static double tenth_power_slope(double x) { return 10 * pow(x, 9); }
static double line(double x) { return 3 * x - 1; }
static double line_slope(double x) { return 3 + 0 * x; }
static double tanh_slope(double x) { return 1 / (cosh(x) * cosh(x)); }
static double minus_sin(double x) { return -sin(x); }
static double logistic(double x) { return 1 / (1 + exp(-x)); }
static double logistic_slope(double x) { return logistic(x) * logistic(-x); }
static double gelu(double x) { return 0.5 * x * erfc(-x / sqrt(2)); }
static double gelu_slope(double x) { return 0.5 * erfc(-x / sqrt(2)) + x * gsl_sf_erf_Z(x); }
static double steep_exp(double x) { return exp(1e8 * x); }
static double steep_exp_slope(double x) { return 1e8 * exp(1e8 * x); }
static double slow_exp(double x) { return exp(1e-8 * x); }
static double slow_exp_slope(double x) { return 1e-8 * exp(1e-8 * x); }
static double large_exp(double x) { return 1e100 * exp(x); }
static double peak(double x) { return exp(-1e6 * x * x); }
static double peak_slope(double x) { return -2e6 * x * exp(-1e6 * x * x); }
/* sin(64 pi x), of period 1/32; the phase is reduced exactly. */
static double ripple(double x) { return sin(2 * acos(-1) * (32 * x - rint(32 * x))); }
static double ripple_slope(double x) { return 64 * acos(-1) * cos(2 * acos(-1) * (32 * x - rint(32 * x))); }
static double reciprocal(double x) { return 1 / x; }
static double reciprocal_slope(double x) { return -1 / (x * x); }
static double absolute_slope(double x) { return copysign(1, x); }
static double bent(double x) { return fabs(x) + 0.5 * sin(x); }
static double bent_slope(double x) { return copysign(1, x) + 0.5 * cos(x); }
static double root_slope(double x) { return 0.5 / sqrt(x); }
/* clang-format on */

static double value_of(const double *x, void *user)
{
    return ((const known_function *)user)->value(x[0]);
}

static assay_gradient_report check_at(const known_function *function, double x, double gradient)
{
    assay_gradient_report report;
    assay_error error;
    known_function copy = *function;
    support_assert_ok(assay_check_gradient(value_of, &copy, 1, &x, &gradient, NULL, NULL, &report, &error), &error);
    ck_assert_uint_eq(report.checked, 1);
    return report;
}

static const struct {
    known_function function;
    double at[6];
    double accuracy; /* relative error that the numeric derivative reaches */
} smooth[] = {
    {{"cubic", cubic, cubic_slope}, {0.7, -3, 1e-3, 50, 1e4, 1e8}, 1e-10},
    {{"tenth power", tenth_power, tenth_power_slope}, {0.3, -1, 1.7, -20, 0.01, 3}, 1e-12},
    {{"line", line, line_slope}, {0, 1, -1e-9, 12345.678, 1e17, 0.1}, 1e-9},
    {{"exp", exp, exp}, {0, 1, -1, 20, -20, 300}, 1e-12},
    {{"sin", sin, cos}, {0, 1, -2, 100, 1e8, 1e-12}, 1e-12},
    {{"cos", cos, minus_sin}, {1, -1e-3, 1e-4, 3, -50, 1e5}, 1e-10},
    {{"tanh", tanh, tanh_slope}, {0, 1, -3, 1e-7, 4, -0.5}, 1e-10},
    {{"logistic", logistic, logistic_slope}, {0, 1, -3, 1e-7, 6, -15}, 1e-10},
    {{"gelu", gelu, gelu_slope}, {0, 1, -1, 2.5, -4, 10}, 1e-10},
    {{"exp(1e8 x)", steep_exp, steep_exp_slope}, {0, 1e-8, -1e-7, 3e-8, 2e-9, 1e-6}, 1e-12},
    {{"exp(1e-8 x)", slow_exp, slow_exp_slope}, {0, 1, -30, 1e4, 1e8, -1e8}, 1e-9},
    {{"1e100 exp(x)", large_exp, large_exp}, {0, 1, -1, 20, -20, 300}, 1e-12},
    {{"narrow peak", peak, peak_slope}, {1e-3, -1e-3, 1e-4, 3e-3, 5e-4, -2e-3}, 1e-12},
    {{"ripple", ripple, ripple_slope}, {0, 0.5, 1 / 64.0, 0.3, -0.7, 2}, 1e-12},
    {{"1 / x", reciprocal, reciprocal_slope}, {1, -1, 1e-3, 1e-6, 40, -1e-9}, 1e-12},
    {{"log", log, reciprocal}, {1, 0.5, 1e-3, 1e-9, 40, 1e5}, 1e-10},
    {{"square root", sqrt, root_slope}, {1, 0.5, 1e-3, 1e-9, 40, 1e5}, 1e-10},
};

enum { SMOOTH = sizeof smooth / sizeof *smooth };

START_TEST(known_derivatives_agree)
{
    for (size_t f = 0; f < SMOOTH; f++) {
        for (size_t i = 0; i < 6; i++) {
            double x = smooth[f].at[i];
            assay_gradient_report report = check_at(&smooth[f].function, x, smooth[f].function.slope(x));
            char text[400];
            assay_gradient_report_line(&report, sizeof text, text);
            ck_assert_msg(report.passed, "%s at %g: %s", smooth[f].function.name, x, text);
            ck_assert_msg(report.worst.verdict == ASSAY_ENTRY_AGREES && report.kinks == 0, "%s at %g: %s",
                          smooth[f].function.name, x, text);
            ck_assert_msg(report.worst.relative_error <= smooth[f].accuracy, "%s at %g: %s", smooth[f].function.name, x,
                          text);
        }
    }
}
END_TEST

/* The verdict depends on the error estimate: the true derivative must be within it. */
START_TEST(estimates_hold)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int checked = 0;
    for (size_t f = 0; f < SMOOTH; f++) {
        for (int trial = 0; trial < 300; trial++) {
            double x = smooth[f].at[trial % 6] * (0.5 + gsl_rng_uniform(rng));
            double slope = smooth[f].function.slope(x);
            assay_gradient_report report = check_at(&smooth[f].function, x, slope);
            double error = fabs(report.worst.numeric - slope);
            double rounding = 8 * DBL_EPSILON * fabs(slope); /* of the formula for the slope */
            ck_assert_msg(error <= report.worst.error_estimate + rounding, "%s at %.17g: off by %g, estimated %g",
                          smooth[f].function.name, x, error, report.worst.error_estimate);
            checked++;
        }
    }
    ck_assert_int_eq(checked, 300 * SMOOTH);
    gsl_rng_free(rng);
}
END_TEST

/*
 * A checker that never fails would be useless: it must find errors down to three times the tolerance, in every
 * function.
 */
START_TEST(planted_errors_are_caught)
{
    static const double factors[] = {1 + 3e-8, 1 - 3e-8, 1 + 1e-6, 1 - 1e-6, 1.1, 2, 0, -1};
    for (size_t f = 0; f < SMOOTH; f++) {
        for (size_t i = 0; i < 6; i++) {
            double x = smooth[f].at[i];
            double slope = smooth[f].function.slope(x);
            for (size_t e = 0; e < sizeof factors / sizeof *factors; e++) {
                assay_gradient_report report = check_at(&smooth[f].function, x, factors[e] * slope);
                ck_assert_msg(!report.passed && report.wrong == 1 && report.worst.verdict == ASSAY_ENTRY_WRONG,
                              "%s at %g: a derivative times %.9g passes", smooth[f].function.name, x, factors[e]);
                ck_assert_double_ge(report.worst.relative_error, 1e-8);
            }
        }
        ck_assert(!check_at(&smooth[f].function, smooth[f].at[0], NAN).passed);
        ck_assert(!check_at(&smooth[f].function, smooth[f].at[0], INFINITY).passed);
    }
}
END_TEST

/*
 * x - 1 is exact, but x + h just below 1 is not: above 1 it is rounded to a multiple of 2^-52, an error of 1e-7 in a
 * step of 1e-9, the step that exp(1e8 (x - 1)) needs.
 */
/* clang-format off */
static double steep_about_one(double x) { return exp(1e8 * (x - 1)); }
static double steep_about_one_slope(double x) { return 1e8 * exp(1e8 * (x - 1)); }
/* clang-format on */

START_TEST(steps_that_are_rounded)
{
    static const known_function function = {"exp(1e8 (x - 1))", steep_about_one, steep_about_one_slope};
    for (int i = 0; i < 16; i++) {
        double x = 1 - i * 0x1p-53;
        assay_gradient_report report = check_at(&function, x, steep_about_one_slope(x));
        char text[400];
        assay_gradient_report_line(&report, sizeof text, text);
        ck_assert_msg(report.passed && report.worst.relative_error < 1e-11, "1 - %d * 2^-53: %s", i, text);
    }
}
END_TEST

/* --- where differences cannot decide ------------------------------------------------------------------------------ */

/* clang-format off */
static double nearly_flat(double x) { return 1 + 1e-9 * sin(x); }
static double nearly_flat_slope(double x) { return 1e-9 * cos(x); }
static double swamped(double x) { return 1e20 + x; }
static double one(double x) { return 1 + 0 * x; }
static double step_up(double x) { return x > 0 ? 1 : 0; }
static double staircase(double x) { return (1e8 + sin(x)) - 1e8; }
static double cusp(double x) { return sqrt(fabs(x)); }
static double only_at_zero(double x) { return x == 0 ? 0 : NAN; }
static double only_at_one(double x) { return x == 1 ? 0 : NAN; }
static double steepest(double x) { return 1e308 * fabs(x); }
/* Of the ladder's steps, which are halved, one is in [0.1, 0.2). */
static double at_one_step(double x) { return x == 0 || (fabs(x) >= 0.1 && fabs(x) < 0.2) ? 0 : NAN; }
static double comb(double x) { return fmod(fabs(x) * 0x1p44, 2) == 1 ? INFINITY : 0; }
static double quartic(double x) { return x * x * x * x; }
static double quartic_slope(double x) { return 4 * x * x * x; }
static double zero(double x) { return 0 * x; }
static double after(double x) { return x + 1; }
/* clang-format on */

START_TEST(what_differences_cannot_tell_does_not_pass)
{
    /* clang-format off */
    static const struct {
        known_function function;
        double x, gradient;
    /* clang-format off */
    } cases[] = {
        {{"nearly flat", nearly_flat, nearly_flat_slope}, 0.5, 8.7758256189037282e-10},
        {{"swamped", swamped, one}, 1, 1},
        {{"step", step_up, zero}, 0, 0},
        {{"step nearby", step_up, zero}, 1e-12, 0},
        {{"staircase", staircase, cos}, 0.5, 0.87758256189037276},
        {{"constant", one, zero}, 1, 1e-26},
        {{"cusp", cusp, zero}, 0, 0},
        {{"square root at 0", sqrt, root_slope}, 0, 1},
        {{"defined at one point", only_at_zero, zero}, 0, 0},
        {{"defined at one point", only_at_one, zero}, 1, 0},
        {{"defined at one step", at_one_step, zero}, 0, 0},
        {{"a jump beyond all numbers", steepest, zero}, 0, 0},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assay_gradient_report report = check_at(&cases[c].function, cases[c].x, cases[c].gradient);
        char text[400];
        assay_gradient_report_line(&report, sizeof text, text);
        ck_assert_msg(!report.passed && report.unresolved == 1, "%s: %s", cases[c].function.name, text);
        ck_assert_ptr_nonnull(strstr(text, "not resolved"));
    }
    /* The resolution for the nearly flat entry is enough to see an error of 1e-5. */
    known_function flat = {"nearly flat", nearly_flat, nearly_flat_slope};
    ck_assert_uint_eq(check_at(&flat, 0.5, 8.7758256189037282e-10 * (1 + 1e-5)).wrong, 1);
}
END_TEST

/* A gradient of 0 passes for a constant f and at a minimum; another gradient does not. */
START_TEST(zero_gradients)
{
    /* clang-format off */
    static const struct {
        known_function function;
        double x;
    /* clang-format off */
    } cases[] = {
        {{"constant", one, zero}, 1}, {{"constant far out", one, zero}, 1e9}, {{"x^4", quartic, quartic_slope}, 0},
        {{"cos", cos, minus_sin}, 0}, {{"peak", peak, peak_slope}, 0},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        assay_gradient_report right = check_at(&cases[c].function, cases[c].x, 0);
        ck_assert_msg(right.passed, "%s: 0 does not pass", cases[c].function.name);
        ck_assert_msg(c > 1 || right.evaluations < 80, "%s: %zu evaluations", cases[c].function.name,
                      right.evaluations);
        assay_gradient_report wrong = check_at(&cases[c].function, cases[c].x, 1e-3);
        ck_assert_msg(!wrong.passed, "%s: 1e-3 passes", cases[c].function.name);
    }
}
END_TEST

/* An unresolved entry is reported before one that agrees, even if its difference is smaller. */
static double smooth_and_step(const double *x, void *user)
{
    (void)user;
    return sin(x[0]) + (x[1] > 0 ? 1 : 0);
}

START_TEST(unresolved_entries_come_first)
{
    double x[2] = {1, 0};
    double gradient[2] = {cos(1), 0};
    assay_gradient_report report;
    assay_error error;
    support_assert_ok(assay_check_gradient(smooth_and_step, NULL, 2, x, gradient, NULL, NULL, &report, &error), &error);
    ck_assert(!report.passed && report.unresolved == 1 && report.wrong == 0 && report.worst.index == 1);
}
END_TEST

/* The noise in the error model: f's last rounding, for every x; the stairs of a staircase; a kink is not noise. */
START_TEST(noise_is_measured)
{
    /* clang-format off */
    static const struct {
        known_function function;
        double x, least, most;
    /* clang-format off */
    } cases[] = {
        {{"sin at 1e8", sin, cos}, 1e8, 2e-17, 1e-15},
        {{"exp", exp, exp}, 1, 2e-16, 3e-15},
        {{"staircase", staircase, cos}, 0.5, 2e-9, 1e-7},
        {{"|x|", fabs, absolute_slope}, 0, 0, 1e-16},
        {{"1 / x", reciprocal, reciprocal_slope}, -1e-9, 1e-8, 1e-6},
        {{"x + 1", after, one}, 3, 0x1p-51, 0x1p-51}, /* no difference of the values changes its sign */
        {{"0", zero, zero}, 1, 0, 0},
        {{"infinite at every other point", comb, zero}, 0, 0, 0},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        double noise = check_at(&cases[c].function, cases[c].x, 0).noise;
        ck_assert_msg(noise >= cases[c].least && noise <= cases[c].most, "%s: noise %g", cases[c].function.name, noise);
    }
}
END_TEST

/* 1000 plus noise of the standard deviation 1e-6, another one for each seed. */
static double noisy(const double *x, void *user)
{
    const uint64_t *seed = user;
    uint64_t place;
    memcpy(&place, x, sizeof place);
    return 1000 + 1e-6 * sqrt(12) * (double)(assay_ladder_bits(*seed, place) >> 12) * 0x1p-52;
}

/* Three times the larger of two estimates from 9 points, which is 1.10 standard deviations on average. */
START_TEST(noise_of_known_size)
{
    double x = 1;
    double gradient = 0;
    double sum = 0;
    for (uint64_t seed = 0; seed < 400; seed++) {
        assay_gradient_report report;
        assay_error error;
        support_assert_ok(assay_check_gradient(noisy, &seed, 1, &x, &gradient, NULL, NULL, &report, &error), &error);
        sum += report.noise / 3 / 400;
    }
    support_assert_relative("noise", sum, 1.10e-6, 0.03);
}
END_TEST

/* 0 at 0, and nothing around it: remembers the smallest step. */
static double tried_at_zero(const double *x, void *user)
{
    double *smallest = user;
    *smallest = x[0] != 0 ? fmin(*smallest, fabs(x[0])) : *smallest;
    return x[0] == 0 ? 0 : NAN;
}

/* The ladder starts near an eighth of the length and has 128 steps; a kink needs no second one. */
START_TEST(steps_end)
{
    static const double lengths[] = {1, 1000, 0x1p-40};
    double x = 0;
    double gradient = 0;
    assay_gradient_report report;
    assay_error error;
    for (size_t i = 0; i < 3; i++) {
        double smallest = 1e9;
        const assay_gradient_options chosen = {.length = lengths[i]};
        support_assert_ok(
            assay_check_gradient(tried_at_zero, &smallest, 1, &x, &gradient, &chosen, NULL, &report, &error), &error);
        ck_assert_msg(smallest >= lengths[i] * 0x1p-131 && smallest < lengths[i] * 0x1p-129, "%g",
                      smallest / lengths[i]);
        ck_assert_uint_eq(report.evaluations, 1 + 6 * 9 + 2 * 128);
    }
    known_function kink = {"|x|", fabs, absolute_slope};
    ck_assert_uint_le(check_at(&kink, 0, 0).evaluations, 1 + 6 * 9 + 2 * 128);
    known_function sharp = {"cusp", cusp, zero};
    ck_assert_uint_le(check_at(&sharp, 0, 0).evaluations, 1 + 6 * 9 + 2 * 128);
}
END_TEST

/* --- kinks -------------------------------------------------------------------------------------------------------- */

START_TEST(kinks_have_two_slopes)
{
    /* clang-format off */
    static const struct {
        known_function function;
        double below, above;
    /* clang-format off */
    } cases[] = {
        {{"|x|", fabs, absolute_slope}, -1, 1},
        {{"|x| + sin(x) / 2", bent, bent_slope}, -0.5, 1.5},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t c = 0; c < 2; c++) {
        double middle = (cases[c].below + cases[c].above) / 2;
        /* clang-format off */
        const struct {
            double gradient;
            assay_entry_verdict verdict;
        /* clang-format off */
        } tries[] = {
            {cases[c].below, ASSAY_ENTRY_KINK},          {cases[c].above, ASSAY_ENTRY_KINK},
            {middle, ASSAY_ENTRY_BETWEEN},               {cases[c].above + 1e-6, ASSAY_ENTRY_WRONG},
            {cases[c].below - 1e-6, ASSAY_ENTRY_WRONG},  {NAN, ASSAY_ENTRY_WRONG},
            {cases[c].below + 1e-6, ASSAY_ENTRY_BETWEEN},
        };
        /* clang-format on */
        /* clang-format on */
        for (size_t t = 0; t < sizeof tries / sizeof *tries; t++) {
            assay_gradient_report report = check_at(&cases[c].function, 0, tries[t].gradient);
            ck_assert_msg(report.worst.verdict == tries[t].verdict, "%s with %g: verdict %d", cases[c].function.name,
                          tries[t].gradient, (int)report.worst.verdict);
            ck_assert(report.passed == (tries[t].verdict != ASSAY_ENTRY_WRONG));
            ck_assert_double_eq_tol(report.worst.slope_below, cases[c].below, 1e-9);
            ck_assert_double_eq_tol(report.worst.slope_above, cases[c].above, 1e-9);
        }
        ck_assert_uint_eq(check_at(&cases[c].function, 0, cases[c].above).kinks, 1);
        ck_assert_uint_eq(check_at(&cases[c].function, 0, cases[c].above).between, 0);
        ck_assert_uint_eq(check_at(&cases[c].function, 0, middle).between, 1);
    }
}
END_TEST

/* A kink at any distance from x: the result is the slope on x's side, as long as the noise of f allows it. */
START_TEST(kinks_nearby_are_stepped_around)
{
    static const known_function functions[] = {{"|x|", fabs, absolute_slope}, {"|x| + sin(x) / 2", bent, bent_slope}};
    for (size_t f = 0; f < 2; f++) {
        for (double distance = 1; distance > 1e-5; distance /= 3.3) {
            for (int side = -1; side <= 1; side += 2) {
                double x = side * distance;
                assay_gradient_report right = check_at(&functions[f], x, functions[f].slope(x));
                char text[400];
                assay_gradient_report_line(&right, sizeof text, text);
                ck_assert_msg(right.passed && right.kinks == 0, "%s at %g: %s", functions[f].name, x, text);
                assay_gradient_report wrong = check_at(&functions[f], x, functions[f].slope(-x));
                ck_assert_msg(wrong.wrong == 1, "%s at %g: the slope of the other side passes", functions[f].name, x);
                wrong = check_at(&functions[f], x, functions[f].slope(x) * (1 + 1e-6));
                ck_assert_msg(wrong.wrong == 1, "%s at %g: an error of 1e-6 passes", functions[f].name, x);
            }
        }
    }
}
END_TEST

/* --- many variables ----------------------------------------------------------------------------------------------- */

enum { VARIABLES = 30 };

/* Sum of c_i sin(x_i x_{i+1}), cyclic: every entry has another size. */
static double cyclic(const double *x, void *user)
{
    (void)user;
    double sum = 0;
    for (int i = 0; i < VARIABLES; i++) {
        sum += (i + 1) * sin(x[i] * x[(i + 1) % VARIABLES]);
    }
    return sum;
}

static void cyclic_gradient(const double *x, double *gradient)
{
    for (int i = 0; i < VARIABLES; i++) {
        int next = (i + 1) % VARIABLES;
        int before = (i + VARIABLES - 1) % VARIABLES;
        gradient[i] = (i + 1) * cos(x[i] * x[next]) * x[next] + (before + 1) * cos(x[before] * x[i]) * x[before];
    }
}

static void check_cyclic(const double *x, const double *gradient, assay_gradient_entry *entries,
                         assay_gradient_report *report)
{
    assay_error error;
    assay_status status = assay_check_gradient(cyclic, NULL, VARIABLES, x, gradient, NULL, entries, report, &error);
    support_assert_ok(status, &error);
    ck_assert_uint_eq(report->checked, VARIABLES);
}

START_TEST(wrong_entries_are_named)
{
    double x[VARIABLES];
    double gradient[VARIABLES];
    assay_gradient_entry entries[VARIABLES];
    assay_gradient_report report;
    for (int i = 0; i < VARIABLES; i++) {
        x[i] = sin(1.0 + i * i);
    }
    cyclic_gradient(x, gradient);
    check_cyclic(x, gradient, entries, &report);
    ck_assert(report.passed && report.worst.relative_error < 1e-10 && report.coarse == 0);
    for (size_t i = 0; i < VARIABLES; i++) {
        ck_assert(entries[i].index == i && entries[i].verdict == ASSAY_ENTRY_AGREES);
        ck_assert(entries[i].analytic == gradient[i] && entries[i].slope_below == entries[i].numeric);
        ck_assert_double_le(entries[i].relative_error, report.worst.relative_error);
    }
    for (size_t i = 0; i < VARIABLES; i++) {
        double right = gradient[i];
        gradient[i] = -right;
        check_cyclic(x, gradient, NULL, &report);
        ck_assert(!report.passed && report.wrong == 1 && report.worst.index == i);
        ck_assert_double_eq_tol(report.worst.relative_error, 2, 1e-8);
        gradient[i] = right * (1 + 1e-6);
        check_cyclic(x, gradient, NULL, &report);
        ck_assert(!report.passed && report.wrong == 1 && report.worst.index == i);
        ck_assert_double_eq_tol(report.worst.relative_error, 1e-6, 1e-10);
        gradient[i] = right;
    }
    double swapped = gradient[4];
    gradient[4] = gradient[11];
    gradient[11] = swapped;
    check_cyclic(x, gradient, entries, &report);
    ck_assert(report.wrong == 2 && entries[4].verdict == ASSAY_ENTRY_WRONG && entries[11].verdict == ASSAY_ENTRY_WRONG);
    ck_assert(report.worst.index == 4 || report.worst.index == 11);
}
END_TEST

static double badly_scaled(const double *x, void *user)
{
    const bool *backwards = user;
    bool swapped = backwards != NULL && *backwards;
    return 1e8 * x[swapped] * x[swapped] + 1e-8 * x[!swapped];
}

/* The small entry is below the noise of f at ordinary steps, and above it at large ones. */
START_TEST(badly_scaled_entries)
{
    double x[2] = {1, 1};
    assay_gradient_report report;
    assay_error error;
    double right[2] = {2e8, 1e-8};
    double wrong[2] = {2e8, 1.01e-8};
    support_assert_ok(assay_check_gradient(badly_scaled, NULL, 2, x, right, NULL, NULL, &report, &error), &error);
    ck_assert(report.passed && report.coarse == 1);
    support_assert_ok(assay_check_gradient(badly_scaled, NULL, 2, x, wrong, NULL, NULL, &report, &error), &error);
    ck_assert(!report.passed && report.worst.index == 1);
    /* In the other order the largest entry is the last one. */
    double reversed[2] = {1e-8, 2e8};
    bool backwards = true;
    support_assert_ok(assay_check_gradient(badly_scaled, &backwards, 2, x, reversed, NULL, NULL, &report, &error),
                      &error);
    ck_assert(report.passed && report.coarse == 1);
}
END_TEST

/* --- a network by hand -------------------------------------------------------------------------------------------- */

enum { INPUTS = 5, HIDDEN = 7, OUTPUTS = 3, PARAMETERS = HIDDEN * INPUTS + HIDDEN + OUTPUTS * HIDDEN };

typedef struct {
    double input[INPUTS];
    double error; /* planted: relative, in the hidden layer's gradient */
} network;

/* y = V relu(W x + b); parameters W, b, V in this order. */
static void network_forward(const double *parameters, double *y, void *user)
{
    const network *net = user;
    const double *w = parameters;
    const double *b = w + HIDDEN * INPUTS;
    const double *v = b + HIDDEN;
    memset(y, 0, OUTPUTS * sizeof *y);
    for (int h = 0; h < HIDDEN; h++) {
        double z = b[h];
        for (int i = 0; i < INPUTS; i++) {
            z += w[h * INPUTS + i] * net->input[i];
        }
        for (int o = 0; o < OUTPUTS; o++) {
            y[o] += v[o * HIDDEN + h] * fmax(z, 0);
        }
    }
}

/* J^T dy with relu'(0) = 0, as PyTorch has it. */
static void network_backward(const double *parameters, const double *dy, double *gradient, const network *net)
{
    const double *b = parameters + HIDDEN * INPUTS;
    const double *v = b + HIDDEN;
    for (int h = 0; h < HIDDEN; h++) {
        double z = b[h];
        for (int i = 0; i < INPUTS; i++) {
            z += parameters[h * INPUTS + i] * net->input[i];
        }
        double dz = 0;
        for (int o = 0; o < OUTPUTS; o++) {
            dz += dy[o] * v[o * HIDDEN + h];
            gradient[HIDDEN * INPUTS + HIDDEN + o * HIDDEN + h] = dy[o] * fmax(z, 0);
        }
        dz *= z > 0 ? 1 + net->error : 0;
        gradient[HIDDEN * INPUTS + h] = dz;
        for (int i = 0; i < INPUTS; i++) {
            gradient[h * INPUTS + i] = dz * net->input[i];
        }
    }
}

static void check_network(network *net, const double *parameters, const double *dy, assay_gradient_report *report)
{
    double gradient[PARAMETERS];
    network_backward(parameters, dy, gradient, net);
    assay_error error;
    support_assert_ok(assay_check_vjp(network_forward, net, PARAMETERS, parameters, OUTPUTS, dy, gradient, NULL, NULL,
                                      report, &error),
                      &error);
}

START_TEST(relu_network)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    network net = {.error = 0};
    double dy[OUTPUTS];
    double parameters[PARAMETERS];
    assay_gradient_report report;
    for (int trial = 0; trial < 20; trial++) {
        for (int i = 0; i < INPUTS; i++) {
            net.input[i] = 2 * gsl_rng_uniform(rng) - 1;
        }
        for (int p = 0; p < PARAMETERS; p++) {
            parameters[p] = 2 * gsl_rng_uniform(rng) - 1;
        }
        assay_check_direction((uint64_t)trial, OUTPUTS, dy);
        check_network(&net, parameters, dy, &report);
        char text[400];
        assay_gradient_report_line(&report, sizeof text, text);
        ck_assert_msg(report.passed && report.checked == PARAMETERS && report.kinks == 0, "trial %d: %s", trial, text);
        ck_assert_msg(report.worst.relative_error < 1e-10, "trial %d: %s", trial, text);

        net.error = 1e-6;
        check_network(&net, parameters, dy, &report);
        ck_assert(!report.passed && report.wrong > INPUTS);
        ck_assert_double_eq_tol(report.worst.relative_error, 1e-6, 1e-9);
        net.error = 0;
    }
    /* One unit exactly at its kink: its weights and bias are kinks, and relu'(0) = 0 is one of their slopes. */
    memset(parameters, 0, INPUTS * sizeof *parameters);
    parameters[HIDDEN * INPUTS] = 0;
    check_network(&net, parameters, dy, &report);
    ck_assert(report.passed && report.kinks == INPUTS + 1 && report.between == 0);
    gsl_rng_free(rng);
}
END_TEST

START_TEST(directions)
{
    enum { COUNT = 1000 };
    double a[COUNT];
    double b[COUNT];
    assay_check_direction(1, COUNT, a);
    assay_check_direction(1, COUNT, b);
    ck_assert_mem_eq(a, b, sizeof a);
    assay_check_direction(2, COUNT, b);
    int negative = 0;
    for (int i = 0; i < COUNT; i++) {
        ck_assert(fabs(a[i]) >= 0.5 && fabs(a[i]) <= 1 && a[i] != b[i]);
        negative += a[i] < 0;
    }
    ck_assert(negative > 400 && negative < 600);
}
END_TEST

/* Published numbers of splitmix64 (Vigna), for the seeds 0 and 1234567; a direction's sign is the last bit. */
START_TEST(directions_are_splitmix64)
{
    static const uint64_t bits[2][3] = {
        {UINT64_C(0xE220A8397B1DCDAF), UINT64_C(0x6E789E6AA1B965F4), UINT64_C(0x06C45D188009454F)},
        {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973), UINT64_C(9817491932198370423)}};
    static const uint64_t seeds[] = {0, 1234567};
    for (size_t s = 0; s < 2; s++) {
        double values[3];
        assay_check_direction(seeds[s], 3, values);
        for (uint64_t i = 0; i < 3; i++) {
            ck_assert_uint_eq(assay_ladder_bits(seeds[s], i), bits[s][i]);
            double size = 0.5 + ldexp((double)(bits[s][i] / 4096), -53);
            ck_assert_double_eq(values[i], bits[s][i] % 2 == 1 ? -size : size);
        }
    }
}
END_TEST

START_TEST(report_lines)
{
    static const char *const says[] = {"agrees", "is one slope of a kink", "is between the slopes of a kink",
                                       "is not resolved by differences", "is WRONG"};
    for (int verdict = ASSAY_ENTRY_AGREES; verdict <= ASSAY_ENTRY_WRONG; verdict++) {
        const assay_gradient_report report = {
            .checked = 7,
            .kinks = 4,
            .between = 3,
            .unresolved = 2,
            .wrong = 1,
            .worst = {.index = 5,
                      .verdict = (assay_entry_verdict)verdict,
                      .analytic = 2.5,
                      .numeric = 1.25,
                      .relative_error = 0.5,
                      .error_estimate = 0.0625},
        };
        char line[300];
        char wanted[300];
        assay_gradient_report_line(&report, sizeof line, line);
        snprintf(wanted, sizeof wanted,
                 "worst entry 5 %s: analytic 2.5, numeric 1.25, relative error 5.00e-01 (numeric known to 6.2e-02); "
                 "7 checked, 4 kinks, 2 unresolved, 1 wrong",
                 says[verdict]);
        ck_assert_str_eq(line, wanted);
    }
}
END_TEST

/* --- options and errors ------------------------------------------------------------------------------------------- */

START_TEST(options)
{
    known_function function = {"exp", exp, exp};
    double x = 1;
    double gradient = exp(1) * (1 + 1e-5);
    assay_gradient_report report;
    assay_error error;
    support_assert_ok(assay_check_gradient(value_of, &function, 1, &x, &gradient, &(assay_gradient_options){1e-4, 0},
                                           NULL, &report, &error),
                      &error);
    ck_assert(report.passed && report.tolerance == 1e-4 && report.evaluations < 100);
    support_assert_ok(assay_check_gradient(value_of, &function, 1, &x, &gradient, &(assay_gradient_options){1e-6, 1e-3},
                                           NULL, &report, &error),
                      &error);
    ck_assert(!report.passed && report.tolerance == 1e-6);
    char text[20];
    assay_gradient_report_line(&report, sizeof text, text);
    ck_assert_str_eq(text, "worst entry 0 is WR");
}
END_TEST

START_TEST(bad_input)
{
    /* clang-format off */
    static const struct {
        double x;
        size_t count;
        assay_gradient_options options;
        assay_status status;
        const char *part;
    /* clang-format off */
    } bad[] = {
        {1, 0, {0, 0}, ASSAY_ERROR_ARGUMENT, "0 entries"},
        {1, 1, {-1, 0}, ASSAY_ERROR_ARGUMENT, "tolerance -1"},
        {1, 1, {1, 0}, ASSAY_ERROR_ARGUMENT, "tolerance 1 "},
        {1, 1, {NAN, 0}, ASSAY_ERROR_ARGUMENT, "tolerance nan"},
        {1, 1, {0, -2}, ASSAY_ERROR_ARGUMENT, "length -2"},
        {1, 1, {0, INFINITY}, ASSAY_ERROR_ARGUMENT, "length inf"},
        {NAN, 1, {0, 0}, ASSAY_ERROR_NUMERIC, "x[0] = nan"},
        {1e4, 1, {0, 0}, ASSAY_ERROR_NUMERIC, "f(x) = inf"},
    };
    /* clang-format on */
    /* clang-format on */
    known_function function = {"exp", exp, exp};
    for (size_t c = 0; c < sizeof bad / sizeof *bad; c++) {
        assay_gradient_report report;
        assay_error error;
        double gradient = 1;
        assay_status status = assay_check_gradient(value_of, &function, bad[c].count, &bad[c].x, &gradient,
                                                   &bad[c].options, NULL, &report, &error);
        support_assert_error(status, bad[c].status, &error, bad[c].part);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gradient check");
    TCase *tests = evidence_case("gradient check",
                                 "property: check/check_gradient, check/check_vjp, check/check_direction; "
                                 "errors: check/check_gradient");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, known_derivatives_agree);
    tcase_add_test(tests, estimates_hold);
    tcase_add_test(tests, planted_errors_are_caught);
    tcase_add_test(tests, what_differences_cannot_tell_does_not_pass);
    tcase_add_test(tests, steps_that_are_rounded);
    tcase_add_test(tests, zero_gradients);
    tcase_add_test(tests, unresolved_entries_come_first);
    tcase_add_test(tests, noise_is_measured);
    tcase_add_test(tests, noise_of_known_size);
    tcase_add_test(tests, steps_end);
    tcase_add_test(tests, kinks_have_two_slopes);
    tcase_add_test(tests, kinks_nearby_are_stepped_around);
    tcase_add_test(tests, wrong_entries_are_named);
    tcase_add_test(tests, badly_scaled_entries);
    tcase_add_test(tests, relu_network);
    tcase_add_test(tests, directions);
    tcase_add_test(tests, directions_are_splitmix64);
    tcase_add_test(tests, report_lines);
    tcase_add_test(tests, options);
    tcase_add_test(tests, bad_input);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
