#include "check/ladder.h"

#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>

/* Extrapolated columns: they remove five powers of h, so that the error is of order h^12. */
enum { COLUMNS = 6 };

/* A ladder has at least this many rows with a value; and a step of 2^-128 lengths is as small as 0. */
enum { MINIMUM_ROWS = 4, MAXIMUM_ROWS = 128 };

/* Each new ladder starts with eight times the step; 2^30 lengths are as large as infinity. */
enum { MAXIMUM_LADDERS = 11 };

/*
 * Steps are 1.3125 * 2^k: few bits, so that x + h is usually exact, and no power of two, so that functions with a
 * period of 2^k are not sampled at one phase only.
 */
#define STEP_MANTISSA 1.3125

/* A ladder ends when the error is this part of the required resolution: more digits would only cost time. */
#define ENOUGH 0x1p-8

#define UNIT_ROUNDOFF 0x1p-53

struct assay_ladder {
    assay_scalar_function function;
    void *user;
    size_t count;
    double *x; /* the point; one entry at a time is changed and restored */
    double length;
    double value; /* f(x) */
    double noise; /* three times the measured standard deviation */
    size_t evaluations;
};

/* One step of the ladder: D(h), J(h), the rounding errors they may contain, and their extrapolations. */
typedef struct {
    int columns; /* 0: the step gave no finite value */
    double derivative[COLUMNS];
    double jump[COLUMNS];
    double derivative_rounding[COLUMNS];
    double jump_rounding[COLUMNS];
} ladder_row;

uint64_t assay_ladder_bits(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static double evaluate(assay_ladder *ladder)
{
    ladder->evaluations++;
    return ladder->function(ladder->x, ladder->user);
}

static double evaluate_at(assay_ladder *ladder, size_t i, double value)
{
    double kept = ladder->x[i];
    ladder->x[i] = value;
    double result = evaluate(ladder);
    ladder->x[i] = kept;
    return result;
}

/* --- noise ----------------------------------------------------------------------------------------------------- */

enum { NOISE_POINTS = 9 };

/*
 * The noise level in equally spaced values of a smooth function: k-th differences of the smooth part decrease as
 * spacing^k, while those of noise with standard deviation s have the mean square s^2 (2k)! / (k!)^2. The level is that
 * of the first k where three orders agree within a factor of 4 and the differences change sign (More and Wild, 2011).
 * It is 0 if no three orders agree, and if they exceed a hundredth of the values: a single point apart from the others,
 * such as the peak of a narrow spike, also has such differences.
 */
static double difference_noise(double values[NOISE_POINTS])
{
    double level[NOISE_POINTS] = {0};
    bool changes[NOISE_POINTS] = {false};
    double largest = 0;
    for (int j = 0; j < NOISE_POINTS; j++) {
        largest = fmax(largest, fabs(values[j]));
    }
    double factor = 1; /* (k!)^2 / (2k)! */
    for (int k = 1; k < NOISE_POINTS; k++) {
        double squares = 0;
        for (int j = 0; j < NOISE_POINTS - k; j++) {
            values[j] = values[j + 1] - values[j];
            squares += values[j] * values[j];
            changes[k] |= j > 0 && values[j] * values[j - 1] < 0;
        }
        factor *= (double)k / (2 * (2 * k - 1));
        level[k] = sqrt(factor * squares / (NOISE_POINTS - k));
    }
    for (int k = 1; k + 2 < NOISE_POINTS; k++) {
        double least = fmin(level[k], fmin(level[k + 1], level[k + 2]));
        double most = fmax(level[k], fmax(level[k + 1], level[k + 2]));
        if (changes[k] && most <= 4 * least && most <= 0.01 * largest) {
            return level[k];
        }
    }
    return 0;
}

/*
 * Noise along a diagonal direction: all entries move at once, by j times the spacing. Spacings are whole multiples of
 * the last place of x, and the direction is towards 0, where numbers are denser. So x + step is exact, and its rounding
 * cannot look like noise of f.
 */
static double noise_at_spacing(assay_ladder *ladder, const double *origin, double spacing)
{
    double values[NOISE_POINTS];
    for (int j = 0; j < NOISE_POINTS; j++) {
        for (size_t i = 0; i < ladder->count; i++) {
            int exponent;
            frexp(fmax(ladder->length, fabs(origin[i]) * 0x1p-8), &exponent);
            double step = j * ldexp(spacing, exponent - 1);
            bool down = origin[i] != 0 ? origin[i] > 0 : (assay_ladder_bits(0, i) & 1) != 0;
            ladder->x[i] = origin[i] + (down ? -step : step);
        }
        values[j] = evaluate(ladder);
    }
    memcpy(ladder->x, origin, ladder->count * sizeof *origin);
    double noise = difference_noise(values);
    return isfinite(noise) ? noise : 0;
}

/*
 * The level on which two neighbouring spacings agree within a factor of 8, narrow spacings first. Noise does not depend
 * on the spacing, but a kink among the points, whose differences also decrease slowly, grows by 64 from one spacing to
 * the next. If f is a staircase (a small number added to a large one), narrow spacings see no stair; the first spacings
 * that do are used.
 */
static double measured_noise(assay_ladder *ladder, const double *origin)
{
    double before = 0;
    for (double spacing = 0x1p-44; spacing <= 0x1p-14; spacing *= 0x1p6) {
        double level = noise_at_spacing(ladder, origin, spacing);
        if (level > 0 && level <= 8 * before && before <= 8 * level) {
            return fmax(level, before);
        }
        before = level;
    }
    return 0;
}

/* Bound on the error of a value of f, if values up to `largest` occur in it. */
static double noise_bound(const assay_ladder *ladder, double largest)
{
    return fmax(UNIT_ROUNDOFF * largest, ladder->noise);
}

/* --- ladder ---------------------------------------------------------------------------------------------------- */

assay_status assay_ladder_create(assay_scalar_function function, void *user, size_t count, const double *x,
                                 double length, assay_ladder **ladder, assay_error *error)
{
    assay_ladder *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *made = (assay_ladder){.function = function, .user = user, .count = count, .length = length};
    made->x = assay_calloc(count, sizeof *x, error);
    if (made->x == NULL) {
        assay_ladder_destroy(made);
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(made->x, x, count * sizeof *x);
    made->value = evaluate(made);
    if (!isfinite(made->value)) {
        assay_status status = assay_fail(error, ASSAY_ERROR_NUMERIC,
                                         "a gradient check where f(x) = %g: choose a point "
                                         "where the function is finite",
                                         made->value);
        assay_ladder_destroy(made);
        return status;
    }
    made->noise = 3 * measured_noise(made, x);
    *ladder = made;
    return ASSAY_OK;
}

void assay_ladder_destroy(assay_ladder *ladder)
{
    assay_free(ladder->x);
    assay_free(ladder);
}

double assay_ladder_noise(const assay_ladder *ladder)
{
    return noise_bound(ladder, fabs(ladder->value));
}

size_t assay_ladder_evaluations(const assay_ladder *ladder)
{
    return ladder->evaluations;
}

/*
 * Column 0 at step h. With noise e in each value, the error of D is at most 2e / 2h and that of J at most 4e / h. x + h
 * and x - h are rounded: D is the slope at x, and J is h times the curvature, of the parabola through the three points
 * that were used.
 */
static void row_start(assay_ladder *ladder, size_t i, double h, ladder_row *row, bool *constant)
{
    double at = ladder->x[i];
    double up = (at + h) - at;
    double down = at - (at - h);
    double above = evaluate_at(ladder, i, at + h);
    double below = evaluate_at(ladder, i, at - h);
    double largest = fmax(fabs(ladder->value), fmax(fabs(above), fabs(below)));
    double noise = noise_bound(ladder, largest);
    *constant = *constant && above == ladder->value && below == ladder->value;
    double slope_above = (above - ladder->value) / up;
    double slope_below = (ladder->value - below) / down;
    row->derivative[0] = (slope_above * down + slope_below * up) / (up + down);
    row->jump[0] = (slope_above - slope_below) * (2 * h / (up + down));
    row->derivative_rounding[0] = noise / h;
    row->jump_rounding[0] = 4 * noise / h;
    row->columns = isfinite(row->derivative[0]) && isfinite(row->jump[0]) ? 1 : 0;
}

/* Richardson: column m removes h^2m from D, h^(2m - 1) from J; `above` is the row of twice the step. */
static void row_extrapolate(ladder_row *row, const ladder_row *above)
{
    while (row->columns <= above->columns && row->columns < COLUMNS) {
        int m = row->columns++;
        double even = ldexp(1, 2 * m);
        double odd = ldexp(1, 2 * m - 1);
        row->derivative[m] = (even * row->derivative[m - 1] - above->derivative[m - 1]) / (even - 1);
        row->jump[m] = (odd * row->jump[m - 1] - above->jump[m - 1]) / (odd - 1);
        row->derivative_rounding[m] = (even * row->derivative_rounding[m - 1] + above->derivative_rounding[m - 1]) /
                                      (even - 1);
        row->jump_rounding[m] = (odd * row->jump_rounding[m - 1] + above->jump_rounding[m - 1]) / (odd - 1);
    }
}

/* Distance of an extrapolated value to the two values that it was computed from. */
static double change(const double *row, const double *above, int m)
{
    return fmax(fabs(row[m] - row[m - 1]), fabs(row[m] - above[m - 1]));
}

static void keep_better(assay_slope *best, assay_slope offered)
{
    if (offered.error < best->error) {
        *best = offered;
    }
}

/* Considers a row's extrapolated values. A jump that is within its own rounding error counts as none. */
static void row_offer(const ladder_row *row, const ladder_row *above, assay_slopes *slopes)
{
    double steepness = fabs(above->derivative[0]) + fabs(above->jump[0]);
    for (int m = 1; m < row->columns; m++) {
        double error = change(row->derivative, above->derivative, m) + row->derivative_rounding[m];
        double jump = fmax(0, fabs(row->jump[m]) - 2 * row->jump_rounding[m]) / 2;
        double jump_error = (change(row->jump, above->jump, m) + row->jump_rounding[m]) / 2;
        keep_better(&slopes->smooth, (assay_slope){row->derivative[m], 0, error + jump, steepness});
        keep_better(&slopes->kinked, (assay_slope){row->derivative[m], row->jump[m], error + jump_error, steepness});
    }
}

/* The goal for the error: `resolution` times the larger of the derivative and the analytic value. */
static double goal(const assay_slopes *slopes, double expected, double resolution)
{
    return resolution * fmax(fabs(slopes->smooth.derivative), fabs(expected));
}

/*
 * Halves the step until rounding alone exceeds the best estimate, or the estimate is `enough` of its goal. Returns the
 * rounding error of the first row.
 */
static double descend(assay_ladder *ladder, size_t i, double h, double expected, double enough, assay_slopes *slopes)
{
    ladder_row rows[2] = {{0}, {0}};
    double first_rounding = 0;
    int filled = 0;
    for (int k = 0; k < MAXIMUM_ROWS; k++, h /= 2) {
        if (ladder->x[i] + h == ladder->x[i] - h) {
            break; /* the step is lost in rounding */
        }
        ladder_row *row = &rows[k % 2];
        const ladder_row *above = &rows[(k + 1) % 2];
        row_start(ladder, i, h, row, &slopes->constant);
        if (row->columns == 0) {
            continue; /* outside the domain: a smaller step may be inside */
        }
        first_rounding = filled == 0 ? row->derivative_rounding[0] : first_rounding;
        row_extrapolate(row, above);
        row_offer(row, above, slopes);
        double error = slopes->smooth.error;
        bool rounding_rules = row->derivative_rounding[0] > error;
        if (++filled >= MINIMUM_ROWS && (rounding_rules || error <= goal(slopes, expected, enough))) {
            break;
        }
    }
    return first_rounding;
}

assay_slopes assay_ladder_climb(assay_ladder *ladder, size_t i, double expected, double resolution)
{
    assay_slope none = {0, 0, INFINITY, 0};
    assay_slopes slopes = {none, none, true};
    double start = fmax(ladder->length / 8, fabs(ladder->x[i]) * 0x1p-26);
    int exponent;
    frexp(start, &exponent);
    double h = ldexp(STEP_MANTISSA, exponent - 1);
    for (int l = 0; l < MAXIMUM_LADDERS; l++, h *= 8) {
        double before = slopes.smooth.error;
        double rounding = descend(ladder, i, h, expected, ENOUGH * resolution, &slopes);
        bool settled = slopes.constant && expected == 0;
        bool reached = slopes.smooth.error <= goal(&slopes, expected, resolution);
        /*
         * An estimate far above the first row's rounding error is due to truncation or a kink: larger steps are worse.
         */
        bool rounding_rules = slopes.smooth.error <= 16 * rounding;
        if (settled || reached || !rounding_rules || slopes.smooth.error > before / 2) {
            break;
        }
    }
    return slopes;
}
