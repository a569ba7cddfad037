#include <assay/check/gradient.h>

#include <float.h>
#include <math.h>
#include <stdio.h>

#include <assay/base/alloc.h>
#include "check/ladder.h"

#define DEFAULT_TOLERANCE 1e-8

static const char *const VERDICTS[] = {
    [ASSAY_ENTRY_AGREES] = "agrees",
    [ASSAY_ENTRY_KINK] = "is one slope of a kink",
    [ASSAY_ENTRY_BETWEEN] = "is between the slopes of a kink",
    [ASSAY_ENTRY_UNRESOLVED] = "is not resolved by differences",
    [ASSAY_ENTRY_WRONG] = "is WRONG",
};

/* A kink is accepted if its jump is known to three digits. */
#define KINK_DIGITS 1e-3

static double nearest(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

/* The relative error of gradient.h; it is 0 if both are 0. */
static double relative_error(double analytic, double numeric, double estimate, double tolerance)
{
    double difference = fabs(analytic - numeric);
    double scale = fmax(fmax(fabs(analytic), fabs(numeric)), estimate / tolerance);
    return difference == 0 ? 0 : difference / scale;
}

/* At a kink the analytic value may be either slope, or a subgradient between them. */
static void judge_kink(assay_gradient_entry *entry, const assay_slope *slope, double tolerance)
{
    entry->slope_below = slope->derivative - slope->jump / 2;
    entry->slope_above = slope->derivative + slope->jump / 2;
    entry->error_estimate = slope->error;
    double below = relative_error(entry->analytic, entry->slope_below, slope->error, tolerance);
    double above = relative_error(entry->analytic, entry->slope_above, slope->error, tolerance);
    if (fmin(below, above) <= tolerance) {
        entry->verdict = ASSAY_ENTRY_KINK;
        entry->numeric = below < above ? entry->slope_below : entry->slope_above;
    } else {
        entry->verdict = ASSAY_ENTRY_BETWEEN;
        entry->numeric = nearest(entry->analytic, fmin(entry->slope_below, entry->slope_above),
                                 fmax(entry->slope_below, entry->slope_above));
    }
}

/* `largest` is the largest |analytic| of the whole gradient. */
static void judge(assay_gradient_entry *entry, const assay_slopes *slopes, double largest, double tolerance)
{
    const assay_slope *smooth = &slopes->smooth;
    const assay_slope *kinked = &slopes->kinked;
    entry->numeric = entry->slope_below = entry->slope_above = smooth->derivative;
    entry->error_estimate = smooth->error;
    entry->verdict = ASSAY_ENTRY_AGREES;
    bool constant = slopes->constant && entry->analytic == 0;
    bool resolved = constant || smooth->error <= tolerance * fmax(largest, smooth->steepness);
    if (!resolved && kinked->error <= KINK_DIGITS * fabs(kinked->jump)) {
        judge_kink(entry, kinked, tolerance);
    } else if (!resolved) {
        entry->verdict = ASSAY_ENTRY_UNRESOLVED;
    }
    entry->relative_error = relative_error(entry->analytic, entry->numeric, entry->error_estimate, tolerance);
    if (!(entry->relative_error <= tolerance)) {
        entry->verdict = ASSAY_ENTRY_WRONG;
        entry->relative_error = isnan(entry->relative_error) ? INFINITY : entry->relative_error;
    }
}

/* Whether `a` is reported before `b`: the worse verdict first, then the larger relative error. */
static bool worse(const assay_gradient_entry *a, const assay_gradient_entry *b)
{
    int gravity_a = a->verdict < ASSAY_ENTRY_UNRESOLVED ? 0 : (int)a->verdict;
    int gravity_b = b->verdict < ASSAY_ENTRY_UNRESOLVED ? 0 : (int)b->verdict;
    return gravity_a != gravity_b ? gravity_a > gravity_b : a->relative_error > b->relative_error;
}

static void report_entry(assay_gradient_report *report, const assay_gradient_entry *entry)
{
    if (report->checked == 0 || worse(entry, &report->worst)) {
        report->worst = *entry;
    }
    double size = fmax(fabs(entry->analytic), fabs(entry->numeric));
    report->checked++;
    report->kinks += entry->verdict == ASSAY_ENTRY_KINK || entry->verdict == ASSAY_ENTRY_BETWEEN;
    report->between += entry->verdict == ASSAY_ENTRY_BETWEEN;
    report->unresolved += entry->verdict == ASSAY_ENTRY_UNRESOLVED;
    report->wrong += entry->verdict == ASSAY_ENTRY_WRONG;
    report->coarse += entry->verdict == ASSAY_ENTRY_AGREES && entry->error_estimate > report->tolerance * size;
}

static double largest_entry(size_t count, const double *gradient)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(gradient[i])) {
            largest = fmax(largest, fabs(gradient[i]));
        }
    }
    return largest;
}

static assay_status check_arguments(size_t count, const double *x, const assay_gradient_options *options,
                                    assay_error *error)
{
    if (count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a gradient check of 0 entries: give at least one");
    }
    if (!(options->tolerance >= 0 && options->tolerance < 1) || !(options->length >= 0 && options->length <= DBL_MAX)) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a gradient check with tolerance %g and length %g: give a "
                          "tolerance in (0, 1) and a finite length above 0, or 0 for the default",
                          options->tolerance, options->length);
    }
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(x[i])) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC, "a gradient check at x[%zu] = %g: every input must be finite",
                              i, x[i]);
        }
    }
    return ASSAY_OK;
}

assay_status assay_check_gradient(assay_scalar_function function, void *user, size_t count, const double *x,
                                  const double *gradient, const assay_gradient_options *options,
                                  assay_gradient_entry *entries, assay_gradient_report *report, assay_error *error)
{
    assay_gradient_options chosen = options != NULL ? *options : (assay_gradient_options){0, 0};
    ASSAY_TRY(check_arguments(count, x, &chosen, error));
    *report = (assay_gradient_report){.tolerance = chosen.tolerance > 0 ? chosen.tolerance : DEFAULT_TOLERANCE};
    assay_ladder *ladder;
    ASSAY_TRY(assay_ladder_create(function, user, count, x, chosen.length > 0 ? chosen.length : 1, &ladder, error));
    double largest = largest_entry(count, gradient);
    for (size_t i = 0; i < count; i++) {
        /* Sixteen times finer than the tolerance, of which the error estimate then uses only a small part. */
        assay_slopes slopes = assay_ladder_climb(ladder, i, gradient[i], report->tolerance / 16);
        assay_gradient_entry entry = {.index = i, .analytic = gradient[i]};
        judge(&entry, &slopes, largest, report->tolerance);
        report_entry(report, &entry);
        if (entries != NULL) {
            entries[i] = entry;
        }
    }
    report->noise = assay_ladder_noise(ladder);
    report->evaluations = assay_ladder_evaluations(ladder);
    report->passed = report->wrong == 0 && report->unresolved == 0;
    assay_ladder_destroy(ladder);
    return ASSAY_OK;
}

/* dy . f(x) as a scalar function. */
typedef struct {
    assay_vector_function function;
    void *user;
    size_t outputs;
    const double *dy;
    double *y;
} contraction;

static double contract(const double *x, void *user)
{
    contraction *c = user;
    c->function(x, c->y, c->user);
    double sum = 0;
    for (size_t j = 0; j < c->outputs; j++) {
        sum += c->dy[j] * c->y[j];
    }
    return sum;
}

assay_status assay_check_vjp(assay_vector_function function, void *user, size_t count, const double *x, size_t outputs,
                             const double *dy, const double *dx, const assay_gradient_options *options,
                             assay_gradient_entry *entries, assay_gradient_report *report, assay_error *error)
{
    contraction c = {function, user, outputs, dy, assay_calloc(outputs, sizeof *c.y, error)};
    if (c.y == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_check_gradient(contract, &c, count, x, dx, options, entries, report, error);
    assay_free(c.y);
    return status;
}

void assay_check_direction(uint64_t seed, size_t count, double *values)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = assay_ladder_bits(seed, i);
        double size = 0.5 + 0.5 * (double)(bits >> 12) * 0x1p-52;
        values[i] = (bits & 1) != 0 ? -size : size;
    }
}

void assay_gradient_report_line(const assay_gradient_report *report, size_t size, char *line)
{
    const assay_gradient_entry *worst = &report->worst;
    snprintf(line, size,
             "worst entry %zu %s: analytic %.17g, numeric %.17g, relative error %.2e (numeric known to %.1e); "
             "%zu checked, %zu kinks, %zu unresolved, %zu wrong",
             worst->index, VERDICTS[worst->verdict], worst->analytic, worst->numeric, worst->relative_error,
             worst->error_estimate, report->checked, report->kinks, report->unresolved, report->wrong);
}
