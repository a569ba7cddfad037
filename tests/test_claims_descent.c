/*
 * Claims 28 to 30, about descents on the tutorial's two surfaces, against a second implementation: optimizers, arrivals
 * and shares are computed here again, from the tutorial's equations, for a few starts. At large rates paths are
 * chaotic, so that this works only because the reference backend rounds as the equations are written.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/surface/surface.h>
#include <assay/tutorial/claims.h>
#include "claim_record.h"
#include "support.h"

enum { FIRST_SEED = 5, STARTS = 4, UPDATES = 2000, STAY = 100 };
enum { SGD, MOMENTUM, ADAM, METHODS };

static assay_claim_result *examine(unsigned number, size_t seeds)
{
    const assay_backend_options options = {.name = "reference", .precision = ASSAY_F64, .threads = 1};
    assay_claims_input input = {.effort = ASSAY_CLAIMS_QUICK, .seeds = seeds, .first_seed = FIRST_SEED};
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    support_assert_ok(assay_backend_open(&options, &input.f64, &error), &error);
    input.f32 = input.f64; /* only its name is wanted */
    support_assert_ok(assay_claim_examine(assay_claim_by_number(number), &input, result, &error), &error);
    assay_backend_close(input.f64);
    return result;
}

static void destroy(assay_claim_result *result)
{
    claim_record_compare_texts(result);
    assay_claim_result_destroy(result);
    assay_free(result);
}

/* --- descents ---------------------------------------------------------------------------------------------------- */

typedef struct {
    double w[2];
    double m[2];
    double v[2];
    double loss; /* at w */
} state;

/* Start i: uniform over the square that the tutorial plots, 53 bits a number. */
static state start_at(double half, uint64_t i)
{
    assay_mt19937 generator;
    state s = {{0.0}, {0.0}, {0.0}, 0.0};
    assay_mt19937_seed(&generator, FIRST_SEED + i);
    for (int k = 0; k < 2; k++) {
        s.w[k] = 2.0 * half * ldexp((double)(assay_mt19937_random64(&generator) >> 11), -53) - half;
    }
    return s;
}

/* Update t, from 1 on, of the tutorial's optimizers; `loss` becomes that before the update. */
static void step(assay_surface surface, int method, double rate, int t, state *s)
{
    double g[2];
    s->loss = assay_surface_f64(surface, s->w, g);
    for (int k = 0; k < 2; k++) {
        if (method == SGD) {
            s->w[k] -= rate * g[k];
        } else {
            s->m[k] = 0.9 * s->m[k] + (1.0 - 0.9) * g[k];
            s->v[k] = 0.999 * s->v[k] + (1.0 - 0.999) * g[k] * g[k];
            double corrected = s->v[k] / (1.0 - pow(0.999, t));
            s->w[k] -= method == MOMENTUM ? rate * s->m[k]
                                          : rate / (sqrt(corrected) + 1e-8) * (s->m[k] / (1.0 - pow(0.9, t)));
        }
    }
}

static bool near(double a, double b, double tolerance)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= tolerance;
}

/* --- 28 ---------------------------------------------------------------------------------------------------------- */

enum { RATES = 21 };

static double rate_at(int i)
{
    return pow(10.0, i / 5.0 - 2.0);
}

/* The update from which on the loss stays below 0.01, for at least 100 updates; NaN: there is none. */
static double arrival(int method, double rate, uint64_t i)
{
    state s = start_at(5.0, i);
    int arrived = 0;
    s.w[1] = fabs(s.w[1]);
    for (int t = 0; t < UPDATES; t++) {
        step(ASSAY_SURFACE_PATHOLOGICAL, method, rate, t + 1, &s);
        arrived = s.loss < 0.01 ? arrived : t + 1;
    }
    return arrived <= UPDATES - STAY ? (double)arrived : (double)NAN;
}

static double steps[METHODS][RATES][STARTS];

static double mean_steps(int method, int rate)
{
    return assay_statistic_mean(STARTS, steps[method][rate], NULL);
}

static int best_rate(int method)
{
    int best = -1;
    for (int rate = 0; rate < RATES; rate++) {
        double found = mean_steps(method, rate);
        best = !isnan(found) && (best < 0 || found < mean_steps(method, best)) ? rate : best;
    }
    ck_assert_int_ge(best, 0);
    return best;
}

static double largest_rate(int method, size_t start)
{
    double largest = 0.01;
    for (int rate = 0; rate < RATES; rate++) {
        largest = isnan(steps[method][rate][start]) ? largest : rate_at(rate);
    }
    return largest;
}

START_TEST(a_steep_direction)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    static const char *const rates[] = {"%.3g (10)", "%.3g (10)", "%.3g (1)"};
    assay_claim_result *result = examine(28, STARTS);
    int best[METHODS];
    double factors[METHODS] = {0.0};
    double larger = 0.0;
    ck_assert_uint_eq(result->part_count, 3);
    for (int method = 0; method < METHODS; method++) {
        for (int rate = 0; rate < RATES; rate++) {
            for (uint64_t i = 0; i < STARTS; i++) {
                steps[method][rate][i] = arrival(method, rate_at(rate), i);
            }
        }
        best[method] = best_rate(method);
        support_says(support_says(result->rows[method].measured, rates[method], rate_at(best[method])), ", %.0f",
                     mean_steps(method, best[method]));
    }
    for (size_t i = 0; i < STARTS; i++) {
        double rate = log10(largest_rate(MOMENTUM, i) / largest_rate(SGD, i));
        ck_assert_double_eq_tol(result->parts[0].values[i], rate, 1e-9);
        larger += rate / STARTS;
        for (int method = MOMENTUM; method <= ADAM; method++) {
            double slower = log2(steps[SGD][best[SGD]][i] / fmax(1.0, steps[method][best[method]][i]));
            ck_assert_double_eq_tol(result->parts[method].values[i], slower, 1e-9);
            factors[method] += slower / STARTS;
        }
    }
    ck_assert(result->parts[0].essential && result->parts[1].essential && !result->parts[2].essential);
    ck_assert_double_eq(result->parts[0].low, log10(3.0));
    ck_assert(result->parts[1].low == 1.0 && result->parts[2].low == 1.0 && isinf(result->parts[2].high));
    const char *at = support_says(support_says(result->note, "%.0f times", pow(10.0, larger)), "%.1f times",
                                  exp2(factors[MOMENTUM]));
    support_says(at, "%.1f times", exp2(factors[ADAM]));
    const assay_claim_panel *panel = &result->panels[0];
    ck_assert(panel->line_count == METHODS && panel->x_log && panel->y_log);
    for (int method = 0; method < METHODS; method++) {
        for (int rate = 0; rate < RATES; rate++) {
            ck_assert_double_eq_tol(panel->lines[method].x[rate], rate_at(rate), 1e-9 * rate_at(rate));
            ck_assert_msg(near(panel->lines[method].y[rate], mean_steps(method, rate), 1e-9), "%d at %g: %g, wanted %g",
                          method, rate_at(rate), panel->lines[method].y[rate], mean_steps(method, rate));
        }
    }
    destroy(result);
}
END_TEST

/* --- 29 ---------------------------------------------------------------------------------------------------------- */

/* The mean |w1| over the last 20 of 100 points. */
static double ravine_distance(int method, double rate, uint64_t i)
{
    state s = start_at(5.0, i);
    double sum = 0.0;
    for (int t = 0; t < 100; t++) {
        sum += t < 80 ? 0.0 : fabs(s.w[0]);
        step(ASSAY_SURFACE_PATHOLOGICAL, method, rate, t + 1, &s);
    }
    return sum / 20.0;
}

START_TEST(the_ravine)
{
    enum { MANY = 24 };
    static const double rates[] = {10.0, 10.0, 1.0};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(29, MANY);
    const assay_claim_line *lines = result->panels[0].lines;
    double shares[METHODS + 1] = {0.0};
    ck_assert_uint_eq(result->part_count, METHODS);
    ck_assert_uint_eq(result->panels[0].line_count, METHODS);
    for (uint64_t i = 0; i < MANY; i++) {
        for (int method = 0; method < METHODS; method++) {
            const assay_claim_part *part = &result->parts[method];
            double distance = ravine_distance(method, rates[method], i);
            ck_assert_double_eq(part->values[i], distance < 0.25 ? 1.0 : 0.0);
            ck_assert_double_eq_tol(lines[method].x[i], start_at(5.0, i).w[0], 1e-12);
            /* SGD's path is chaotic: a rounding changes it. */
            ck_assert(method == SGD || near(lines[method].y[i], distance, 1e-6));
            shares[method] += 100.0 * part->values[i] / MANY;
        }
        shares[METHODS] += (ravine_distance(SGD, 1.0, i) < 0.25 ? 100.0 : 0.0) / MANY;
    }
    const char *at = result->note;
    for (int method = 0; method <= METHODS; method++) {
        support_says(result->rows[method].measured, "%.1f %%", shares[method]);
        at = support_says(at, "%.0f %%", shares[method]);
        if (method < METHODS) {
            const assay_claim_part *part = &result->parts[method];
            ck_assert(part->rule == ASSAY_PART_INTERVAL && part->essential);
            ck_assert(part->low == (method == SGD ? 0.0 : 0.9) && part->high == (method == SGD ? 0.1 : 1.0));
        }
    }
    destroy(result);
}
END_TEST

/* --- 30 ---------------------------------------------------------------------------------------------------------- */

enum { STEEP_RATES = 10, LIMIT = 20000 };
static const double steep_rates[STEEP_RATES] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0};

static double distance_at(const double w[2])
{
    double nearest = 1e300;
    for (int k = 0; k < ASSAY_STEEP_OPTIMA; k++) {
        nearest = fmin(nearest, hypot(w[0] - assay_steep_optima[k].mean[0], w[1] - assay_steep_optima[k].mean[1]));
    }
    return nearest;
}

/* The first of 100 points in a row that are near an optimum; INFINITY if it is not among the first `limit`. */
static double sgd_arrival(double rate, state s, int limit)
{
    int far = -1; /* the last point that was not near */
    for (int t = 0; t < limit + STAY; t++) {
        far = distance_at(s.w) < 0.05 ? far : t;
        if (t - far == STAY) {
            return far + 1.0;
        }
        step(ASSAY_SURFACE_STEEP, SGD, rate, t + 1, &s);
    }
    return (double)INFINITY;
}

/* Within 100 points, to the last of which it must stay; `distance` of the last. */
static double steep_arrival(int method, double rate, state s, double *distance)
{
    int far = -1;
    for (int t = 0; t < 100; t++) {
        *distance = distance_at(s.w);
        far = *distance < 0.05 ? far : t;
        step(ASSAY_SURFACE_STEEP, method, rate, t + 1, &s);
    }
    return far < 99 ? far + 1.0 : (double)INFINITY;
}

START_TEST(steep_optima)
{
    static const double rates[] = {0.5, 1.0, 0.2};
    static const double budgets[] = {100.0, 1000.0, 10000.0};
    static double sgd[STEEP_RATES][STARTS];
    const state origin = {{0.0}, {0.0}, {0.0}, 0.0};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    assay_claim_result *result = examine(30, STARTS);
    double distance;
    for (int method = 0; method < METHODS; method++) {
        steep_arrival(method, rates[method], origin, &distance);
        double found = method == ADAM ? result->parts[1].values[0] : result->parts[0].values[method];
        ck_assert_double_eq_tol(found, distance, 1e-9);
    }
    int best = 0;
    int most = 0;
    for (int rate = 0; rate < STEEP_RATES; rate++) {
        int arrived = 0;
        for (uint64_t i = 0; i < STARTS; i++) {
            sgd[rate][i] = sgd_arrival(steep_rates[rate], start_at(2.0, i), LIMIT);
            arrived += sgd[rate][i] <= LIMIT;
        }
        best = arrived >= most ? rate : best; /* of equals the larger rate */
        most = arrived >= most ? arrived : most;
        for (size_t b = 0; b < 3; b++) {
            double share = 0.0;
            for (size_t i = 0; i < STARTS; i++) {
                share += (sgd[rate][i] <= budgets[b] ? 1.0 : 0.0) / STARTS;
            }
            const assay_claim_line *line = &result->panels[0].lines[b];
            ck_assert_double_eq_tol(line->y[rate], share, 1e-12);
            ck_assert_double_eq(line->x[rate], steep_rates[rate]);
            support_says(line->label, "%.0f updates", budgets[b]);
        }
    }
    size_t pairs = 0;
    double shares[METHODS] = {0.0};
    for (uint64_t i = 0; i < STARTS; i++) {
        for (int method = 0; method < METHODS; method++) {
            double arrived = steep_arrival(method, rates[method], start_at(2.0, i), &distance);
            ck_assert_double_eq(result->parts[2 + method].values[i], isinf(arrived) ? 0.0 : 1.0);
            shares[method] += isinf(arrived) ? 0.0 : 100.0 / STARTS;
            if (method == ADAM && !isinf(arrived)) {
                double wanted = log10(fmax(1.0, fmin(sgd[best][i], LIMIT)) / fmax(1.0, arrived));
                ck_assert_double_eq_tol(result->parts[5].values[pairs++], wanted, 1e-9);
            }
        }
    }
    ck_assert_uint_gt(pairs, 0);
    ck_assert_uint_eq(result->parts[5].count, pairs);
    const char *at = result->note;
    for (int method = 0; method < METHODS; method++) {
        const assay_claim_part *part = &result->parts[2 + method];
        support_says(result->rows[method].measured, "%.1f %%", shares[method]);
        at = support_says(at, "%.0f %%", shares[method]);
        ck_assert(part->rule == ASSAY_PART_INTERVAL && !part->essential);
        ck_assert(part->low == (method == ADAM ? 0.9 : 0.0) && part->high == (method == ADAM ? 1.0 : 0.1));
    }
    double share = 100.0 * most / STARTS;
    double updates = sgd_arrival(steep_rates[best], origin, LIMIT);
    at = support_says(support_says(support_says(at, "rate %g,", steep_rates[best]), "%.0f %%", share),
                      "within %.0f updates", LIMIT);
    support_says(at, "takes %.0f.", updates);
    support_says(support_says(support_says(result->rows[3].measured, "%g,", steep_rates[best]), "%.1f %%", share),
                 "%.0f updates", LIMIT);
    support_says(result->rows[4].measured, "%.0f updates", updates);
    double at_tutorial = sgd_arrival(0.5, origin, 10 * LIMIT);
    support_says(result->rows[5].measured, isinf(at_tutorial) ? "not arrive in %.0f updates" : "%.0f updates",
                 isinf(at_tutorial) ? 10.0 * LIMIT : at_tutorial);
    ck_assert(result->parts[0].low == 0.05 && result->parts[1].high == 0.05 && result->parts[5].low == 1.0);
    destroy(result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("claims_descent");
    TCase *tests = tcase_create("a second implementation");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_steep_direction);
    tcase_add_test(tests, the_ravine);
    tcase_add_test(tests, steep_optima);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
