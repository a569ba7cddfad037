/* Claims 28 to 30: the tutorial's two surfaces, from many starts and with many rates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/optim/optimizer.h>
#include <assay/surface/descent.h>
#include <assay/surface/surface.h>
#include <assay/tutorial/descents.h>
#include "tutorial/claims_impl.h"

enum { SGD, MOMENTUM, ADAM, METHODS };
static const char *const TITLES[METHODS] = {"SGD", "SGD with momentum", "Adam"};

static double uniform(assay_mt19937 *generator, double low, double high)
{
    return low + (high - low) * (double)(assay_mt19937_random64(generator) >> 11) * 0x1p-53;
}

/* Start i: uniform over the square that the tutorial plots. */
static void draw_start(const assay_claims_input *input, assay_surface surface, size_t i, double w[2])
{
    double half = surface == ASSAY_SURFACE_PATHOLOGICAL ? 5.0 : 2.0;
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, input->first_seed + i);
    w[0] = uniform(&generator, -half, half);
    w[1] = uniform(&generator, -half, half);
}

/* The tutorial's descent on a surface, by optimizer: its settings and labels. */
static const assay_tutorial_descent *tutorial_descent(assay_surface surface, int method)
{
    const assay_tutorial_descent *descent = assay_tutorial_descents;
    int seen = 0;
    while (descent->surface != surface || seen++ != method) {
        descent++;
    }
    return descent;
}

/* The optimizer with the tutorial's settings, and another rate unless it is 0. */
static assay_status rule_of(assay_surface surface, int method, double rate, assay_update_rule *rule, assay_error *error)
{
    const assay_tutorial_descent *descent = tutorial_descent(surface, method);
    ASSAY_TRY(assay_optimizer_by_name(descent->optimizer, rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    ASSAY_TRY(assay_optimizer_set(rule, descent->settings, error));      /* ASSAY_EXCL_MCDC: well-formed constants */
    rule->learning_rate = rate > 0.0 ? rate : rule->learning_rate;
    return ASSAY_OK;
}

/* Fills `points`; a descent that leaves the finite numbers ends early. */
static assay_status descend(const assay_claims_input *input, assay_surface surface, int method, double rate,
                            const double start[2], size_t updates, assay_descent_point *points, size_t *recorded,
                            assay_error *error)
{
    assay_update_rule rule;
    ASSAY_TRY(rule_of(surface, method, rate, &rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    assay_status status = assay_descend(input->f64, surface, &rule, start, updates, points, recorded, error);
    return status == ASSAY_ERROR_NUMERIC ? ASSAY_OK : status;
}

static double mean(size_t count, const double *values)
{
    return assay_statistic_mean(count, values, NULL);
}

/* --- 28 ---------------------------------------------------------------------------------------------------------- */

enum {
    RATES = 21,           /* 0.01 to 100, five a decade */
    SWEEP_UPDATES = 2000, /* a descent gets so many updates to arrive */
    STAY = 100            /* updates that a descent must stay where it arrived */
};
static const double ARRIVED_LOSS = 0.01;

static double rate_at(size_t i)
{
    return pow(10.0, -2.0 + (double)i / 5.0);
}

/* The update after which the loss stays below ARRIVED_LOSS; NaN if there is none. */
static double arrival_of(const assay_descent_point *points, size_t recorded)
{
    size_t arrived = recorded;
    while (arrived > 0 && points[arrived - 1].loss < ARRIVED_LOSS) {
        arrived--;
    }
    return recorded == SWEEP_UPDATES && arrived <= SWEEP_UPDATES - STAY ? (double)arrived : (double)NAN;
}

/* steps[METHODS][RATES][starts] */
typedef struct {
    size_t starts;
    double *steps;
} sweep;

static double *steps_at(const sweep *s, int method, size_t rate)
{
    return s->steps + ((size_t)method * RATES + rate) * s->starts;
}

static assay_status run_sweep(const assay_claims_input *input, sweep *s, assay_error *error)
{
    static const size_t total = (size_t)METHODS * RATES;
    assay_descent_point *points = assay_calloc(SWEEP_UPDATES, sizeof *points, error);
    assay_status status = points != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
    for (size_t k = 0; k < total && status == ASSAY_OK; k++) {
        for (size_t i = 0; i < s->starts && status == ASSAY_OK; i++) {
            double start[2];
            size_t recorded;
            draw_start(input, ASSAY_SURFACE_PATHOLOGICAL, i, start);
            start[1] = fabs(start[1]); /* above the optimum, as the tutorial's, so that there is a way to go */
            status = descend(input, ASSAY_SURFACE_PATHOLOGICAL, (int)(k / RATES), rate_at(k % RATES), start,
                             SWEEP_UPDATES, points, &recorded, error);
            s->steps[k * s->starts + i] = arrival_of(points, recorded);
        }
        claim_progress(input, k + 1, total);
    }
    assay_free(points);
    return status;
}

/* The rate with the fewest steps on average, of those at which every start arrives; RATES if there is none. */
static size_t best_rate(const sweep *s, int method)
{
    size_t best = RATES;
    for (size_t rate = 0; rate < RATES; rate++) {
        double steps = mean(s->starts, steps_at(s, method, rate)); /* NaN if one does not arrive */
        if (!isnan(steps) && (best == RATES || steps < mean(s->starts, steps_at(s, method, best)))) {
            best = rate;
        }
    }
    return best;
}

static double largest_rate(const sweep *s, int method, size_t start)
{
    double largest = rate_at(0);
    for (size_t rate = 0; rate < RATES; rate++) {
        largest = isnan(steps_at(s, method, rate)[start]) ? largest : rate_at(rate);
    }
    return largest;
}

static assay_status draw_sweep(const sweep *s, assay_claim_result *result, assay_error *error)
{
    claim_figure(result, "Rates on the pathological curve",
                 "Mean number of updates until the loss stays below 0.01, where every start arrives.");
    claim_add_panel(
        result,
        &(claim_panel){.x_label = "Learning rate", .y_label = "Updates until arrival", .x_log = true, .y_log = true});
    for (int method = 0; method < METHODS; method++) {
        double x[RATES];
        double y[RATES];
        for (size_t rate = 0; rate < RATES; rate++) {
            x[rate] = rate_at(rate);
            y[rate] = mean(s->starts, steps_at(s, method, rate));
        }
        ASSAY_TRY(claim_add_line(result, TITLES[method], ASSAY_LINE_MARKED, RATES, x, y, error));
    }
    return ASSAY_OK;
}

static assay_status report_sweep(const sweep *s, double *values, assay_claim_result *result, assay_error *error)
{
    static const double tutorial[METHODS] = {10.0, 10.0, 1.0};
    size_t best[METHODS];
    for (int method = 0; method < METHODS; method++) {
        best[method] = best_rate(s, method);
        if (best[method] == RATES) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC, "%s arrives from all starts at no rate", TITLES[method]);
        }
        double steps = mean(s->starts, steps_at(s, method, best[method]));
        char label[80];
        snprintf(label, sizeof label, "%s: best rate (the tutorial's), updates until arrival", TITLES[method]);
        claim_add_row(result, label, NULL, "%.3g (%g), %.0f", rate_at(best[method]), tutorial[method], steps);
    }
    for (size_t i = 0; i < s->starts; i++) {
        values[i] = log10(largest_rate(s, MOMENTUM, i) / largest_rate(s, SGD, i));
    }
    double rates = mean(s->starts, values);
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the steep direction forces a small rate on SGD",
                                           .measure = "log10 of the largest rate at which momentum arrives over SGD's",
                                           .essential = true,
                                           .low = log10(3.0),
                                           .high = INFINITY},
                             s->starts, values, error));
    static const char *const names[] = {NULL, "this makes SGD slower than momentum", "and slower than Adam"};
    double factors[METHODS] = {0.0};
    for (int method = MOMENTUM; method <= ADAM; method++) {
        for (size_t i = 0; i < s->starts; i++) {
            values[i] = log2(steps_at(s, SGD, best[SGD])[i] / fmax(1.0, steps_at(s, method, best[method])[i]));
        }
        factors[method] = exp2(mean(s->starts, values));
        ASSAY_TRY(claim_add_part(result,
                                 &(claim_part){.name = names[method],
                                               .measure = "log2 of SGD's updates until arrival over the other's, each "
                                                          "at its best rate",
                                               .essential = method == MOMENTUM,
                                               .low = 1.0,
                                               .high = INFINITY},
                                 s->starts, values, error));
    }
    claim_note(result,
               "Momentum arrives with rates up to %.0f times SGD's largest. At its best rate SGD takes %.1f times as "
               "many updates as momentum, and %.1f times as many as Adam.",
               pow(10.0, rates), factors[MOMENTUM], factors[ADAM]);
    return ASSAY_OK;
}

static assay_status measure_sweep(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    sweep s = {.starts = claim_seeds(input, 16, 60)};
    s.steps = assay_calloc((size_t)METHODS * RATES * s.starts, sizeof *s.steps, error);
    double *values = s.steps == NULL ? NULL : assay_calloc(s.starts, sizeof *values, error);
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : run_sweep(input, &s, error);
    if (status == ASSAY_OK) {
        status = report_sweep(&s, values, result, error);
    }
    if (status == ASSAY_OK) {
        status = draw_sweep(&s, result, error);
    }
    assay_free(s.steps);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_28 = {
    .number = 28,
    .cell = "[30]",
    .title = "A steep direction slows SGD",
    .says = "On a pathological curvature SGD must take a small learning rate because of the steep direction, and this "
            "makes it slow.",
    .decided =
        "21 rates from 0.01 to 100, many starts with w2 above 0, 2,000 updates: the largest rate at which a descent "
        "arrives (the "
        "loss stays below 0.01), and the updates until arrival at each optimizer's best rate. Momentum's largest "
        "rate is at least 3 times SGD's, and SGD takes at least twice as many updates.",
    .in_seconds = true,
    .measure = measure_sweep,
};

/* --- shares ------------------------------------------------------------------------------------------------------ */

/* A part about the share of starts that arrive: at most a tenth of them, or at least nine tenths. */
static assay_status add_share(assay_claim_result *result, const char *name, const char *measure, bool many,
                              size_t count, const double *values, assay_error *error)
{
    return claim_add_part(result,
                          &(claim_part){.name = name,
                                        .measure = measure,
                                        .rule = ASSAY_PART_INTERVAL,
                                        .essential = true,
                                        .low = many ? 0.9 : 0.0,
                                        .high = many ? 1.0 : 0.1},
                          count, values, error);
}

/* --- 29 ---------------------------------------------------------------------------------------------------------- */

/* For each start: where it began, and where each optimizer stayed with the tutorial's settings. */
typedef struct {
    size_t starts;
    double *w1;                /* [starts] */
    double *distance[METHODS]; /* [starts] */
    double *found[METHODS];    /* [starts]: 1 or 0 */
    double *slow;              /* [starts]: the same for SGD with a tenth of its rate */
} ravine;

static void destroy_ravine(ravine *r)
{
    for (int method = 0; method < METHODS; method++) {
        assay_free(r->distance[method]);
        assay_free(r->found[method]);
    }
    assay_free(r->w1);
    assay_free(r->slow);
}

/* An array of a number for each start; the caller frees it. */
static assay_status make_numbers(size_t count, double **numbers, assay_error *error)
{
    *numbers = assay_calloc(count, sizeof **numbers, error);
    return *numbers == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

static assay_status create_ravine(ravine *r, assay_error *error)
{
    ASSAY_TRY(make_numbers(r->starts, &r->w1, error));
    ASSAY_TRY(make_numbers(r->starts, &r->slow, error));
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(make_numbers(r->starts, &r->distance[method], error));
        ASSAY_TRY(make_numbers(r->starts, &r->found[method], error));
    }
    return ASSAY_OK;
}

static assay_status ravine_distance(const assay_claims_input *input, int method, double rate, const double start[2],
                                    double *distance, assay_error *error)
{
    assay_descent_point points[ASSAY_DESCENT_UPDATES];
    size_t recorded;
    ASSAY_TRY(descend(input, ASSAY_SURFACE_PATHOLOGICAL, method, rate, start, ASSAY_DESCENT_UPDATES, points, &recorded,
                      error));
    *distance = recorded == ASSAY_DESCENT_UPDATES ? assay_descent_ravine_distance(points) : (double)INFINITY;
    return ASSAY_OK;
}

static assay_status run_ravine(const assay_claims_input *input, ravine *r, assay_error *error)
{
    ASSAY_TRY(create_ravine(r, error));
    for (size_t i = 0; i < r->starts; i++) {
        double start[2];
        double distance;
        draw_start(input, ASSAY_SURFACE_PATHOLOGICAL, i, start);
        r->w1[i] = start[0];
        for (int method = 0; method < METHODS; method++) {
            ASSAY_TRY(ravine_distance(input, method, 0.0, start, &r->distance[method][i], error));
            r->found[method][i] = r->distance[method][i] < ASSAY_RAVINE_FOUND ? 1.0 : 0.0;
        }
        ASSAY_TRY(ravine_distance(input, SGD, 1.0, start, &distance, error));
        r->slow[i] = distance < ASSAY_RAVINE_FOUND ? 1.0 : 0.0;
        claim_progress(input, i + 1, r->starts);
    }
    return ASSAY_OK;
}

static assay_status report_ravine(const ravine *r, assay_claim_result *result, assay_error *error)
{
    static const char *const names[METHODS] = {"SGD does not find the centre", "momentum finds it", "Adam finds it"};
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(add_share(result, names[method],
                            "share of the starts whose mean |w1| over the last 20 updates is "
                            "below 0.25",
                            method != SGD, r->starts, r->found[method], error));
        claim_add_row(result, TITLES[method], NULL, "%.1f %% of %zu starts", 100.0 * mean(r->starts, r->found[method]),
                      r->starts);
    }
    claim_add_row(result, "SGD with rate 1 in place of 10", NULL, "%.1f %%", 100.0 * mean(r->starts, r->slow));
    claim_note(
        result,
        "With the tutorial's rates the centre is found from %.0f %% of the starts by SGD, %.0f %% by momentum and "
        "%.0f %% by Adam. With a tenth of its rate SGD finds it from %.0f %%.",
        100.0 * mean(r->starts, r->found[SGD]), 100.0 * mean(r->starts, r->found[MOMENTUM]),
        100.0 * mean(r->starts, r->found[ADAM]), 100.0 * mean(r->starts, r->slow));
    claim_figure(result, "The ravine from many starts",
                 "Distance from the ravine's centre at the end of 100 updates, by the start. Below 0.25 the centre "
                 "counts as found.");
    claim_add_panel(result,
                    &(claim_panel){.x_label = "w1 of the start", .y_label = "Mean |w1| of the last 20", .y_log = true});
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(
            claim_add_line(result, TITLES[method], ASSAY_LINE_POINTS, r->starts, r->w1, r->distance[method], error));
    }
    return ASSAY_OK;
}

static assay_status measure_ravine(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    ravine r = {.starts = claim_seeds(input, 500, 2000)};
    assay_status status = run_ravine(input, &r, error);
    if (status == ASSAY_OK) {
        status = report_ravine(&r, result, error);
    }
    destroy_ravine(&r);
    return status;
}

const assay_claim assay_claim_29 = {
    .number = 29,
    .cell = "[33]",
    .title = "The centre of the ravine",
    .says = "On the pathological curve SGD does not find the centre; SGD with momentum and Adam do.",
    .decided = "Many starts, the tutorial's rates and 100 updates: SGD finds the centre from at most a tenth of the "
               "starts, momentum and Adam each from at least nine tenths (95 % intervals of the shares).",
    .in_seconds = true,
    .measure = measure_ravine,
};

/* --- 30 ---------------------------------------------------------------------------------------------------------- */

enum { STEEP_RATES = 10 };
static const double steep_rates[STEEP_RATES] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0};

static double distance_at(const double w[2])
{
    double nearest = (double)INFINITY;
    for (int k = 0; k < ASSAY_STEEP_OPTIMA; k++) {
        const double *optimum = assay_steep_optima[k].mean;
        nearest = fmin(nearest, hypot(w[0] - optimum[0], w[1] - optimum[1]));
    }
    return nearest;
}

/* The update after which SGD stays near an optimum for STAY updates; INFINITY if not within `limit`. Its rule is one
 * line, and hundreds of thousands of updates through a backend would take minutes. */
static double sgd_arrival(double rate, const double start[2], size_t limit)
{
    double w[2] = {start[0], start[1]};
    size_t near = 0;
    for (size_t t = 0; t < limit + STAY; t++) {
        double gradient[2];
        near = distance_at(w) < ASSAY_OPTIMUM_FOUND ? near + 1 : 0;
        if (near == STAY) {
            return (double)(t + 1 - STAY);
        }
        assay_surface_f64(ASSAY_SURFACE_STEEP, w, gradient);
        w[0] -= rate * gradient[0];
        w[1] -= rate * gradient[1];
    }
    return (double)INFINITY;
}

/* The same for any optimizer with the tutorial's settings, within 100 updates: the last point must be near, too. */
static assay_status steep_arrival(const assay_claims_input *input, int method, const double start[2], double *arrival,
                                  double *distance, assay_error *error)
{
    assay_descent_point points[ASSAY_DESCENT_UPDATES];
    size_t recorded;
    ASSAY_TRY(descend(input, ASSAY_SURFACE_STEEP, method, 0.0, start, ASSAY_DESCENT_UPDATES, points, &recorded, error));
    size_t arrived = recorded;
    while (arrived > 0 && distance_at(points[arrived - 1].w) < ASSAY_OPTIMUM_FOUND) {
        arrived--;
    }
    bool stayed = recorded == ASSAY_DESCENT_UPDATES && arrived < recorded;
    *arrival = stayed ? (double)arrived : (double)INFINITY;
    *distance = recorded > 0 ? distance_at(points[recorded - 1].w) : (double)INFINITY;
    return ASSAY_OK;
}

typedef struct {
    size_t starts;
    size_t limit;             /* updates of SGD at other rates */
    double *found[METHODS];   /* [starts]: 1 or 0, within 100 updates at the tutorial's rates */
    double *adam;             /* [starts]: its updates */
    double *sgd;              /* [STEEP_RATES][starts] */
    double *values;           /* [starts] */
    double distance[METHODS]; /* from the tutorial's start */
} optima;

static void destroy_optima(optima *o)
{
    for (int method = 0; method < METHODS; method++) {
        assay_free(o->found[method]);
    }
    assay_free(o->adam);
    assay_free(o->sgd);
    assay_free(o->values);
}

static assay_status create_optima(optima *o, assay_error *error)
{
    ASSAY_TRY(make_numbers(o->starts, &o->adam, error));
    ASSAY_TRY(make_numbers(STEEP_RATES * o->starts, &o->sgd, error));
    ASSAY_TRY(make_numbers(o->starts, &o->values, error));
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(make_numbers(o->starts, &o->found[method], error));
    }
    return ASSAY_OK;
}

static assay_status run_optima(const assay_claims_input *input, optima *o, assay_error *error)
{
    double start[2];
    double arrival;
    ASSAY_TRY(create_optima(o, error));
    assay_surface_start(ASSAY_SURFACE_STEEP, start);
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(steep_arrival(input, method, start, &arrival, &o->distance[method], error));
    }
    for (size_t i = 0; i < o->starts; i++) {
        double distance;
        draw_start(input, ASSAY_SURFACE_STEEP, i, start);
        for (int method = 0; method < METHODS; method++) {
            ASSAY_TRY(steep_arrival(input, method, start, &arrival, &distance, error));
            o->found[method][i] = isinf(arrival) ? 0.0 : 1.0;
            o->adam[i] = arrival; /* the last method */
        }
        for (size_t rate = 0; rate < STEEP_RATES; rate++) {
            o->sgd[rate * o->starts + i] = sgd_arrival(steep_rates[rate], start, o->limit);
        }
        claim_progress(input, i + 1, o->starts);
    }
    return ASSAY_OK;
}

static double share_within(const optima *o, size_t rate, double updates)
{
    size_t arrived = 0;
    for (size_t i = 0; i < o->starts; i++) {
        arrived += o->sgd[rate * o->starts + i] <= updates;
    }
    return (double)arrived / (double)o->starts;
}

/* The rate of SGD with the most starts that arrive; of equals the larger one, which is faster. */
static size_t best_steep_rate(const optima *o)
{
    size_t best = 0;
    for (size_t rate = 1; rate < STEEP_RATES; rate++) {
        if (share_within(o, rate, (double)o->limit) >= share_within(o, best, (double)o->limit)) {
            best = rate;
        }
    }
    return best;
}

/* log10 of SGD's updates over Adam's, for the starts from which Adam arrives; where SGD does not, the limit counts. */
static size_t compare_updates(const optima *o, size_t rate)
{
    size_t count = 0;
    for (size_t i = 0; i < o->starts; i++) {
        if (o->found[ADAM][i] > 0.0) {
            double sgd = fmin(o->sgd[rate * o->starts + i], (double)o->limit);
            o->values[count++] = log10(fmax(1.0, sgd) / fmax(1.0, o->adam[i]));
        }
    }
    return count;
}

static assay_status draw_optima(const optima *o, assay_claim_result *result, assay_error *error)
{
    static const double budgets[] = {100.0, 1000.0, 10000.0};
    double shares[STEEP_RATES];
    claim_figure(result, "SGD and steep optima",
                 "Share of the starts from which SGD stays within 0.05 of an optimum, by its rate and the updates that "
                 "it has.");
    claim_add_panel(result,
                    &(claim_panel){.x_label = "Learning rate of SGD", .y_label = "Share that arrives", .x_log = true});
    for (size_t b = 0; b < sizeof budgets / sizeof *budgets; b++) {
        char label[40];
        for (size_t rate = 0; rate < STEEP_RATES; rate++) {
            shares[rate] = share_within(o, rate, budgets[b]);
        }
        snprintf(label, sizeof label, "%.0f updates", budgets[b]);
        ASSAY_TRY(claim_add_line(result, label, ASSAY_LINE_MARKED, STEEP_RATES, steep_rates, shares, error));
    }
    return ASSAY_OK;
}

static assay_status add_tutorial_runs(const optima *o, assay_claim_result *result, assay_error *error)
{
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "in the tutorial's runs SGD and momentum do not arrive",
                                           .measure = "distance from the nearest optimum after 100 updates",
                                           .rule = ASSAY_PART_EVERY,
                                           .essential = true,
                                           .low = ASSAY_OPTIMUM_FOUND,
                                           .high = INFINITY},
                             2, o->distance, error));
    return claim_add_part(result,
                          &(claim_part){.name = "Adam arrives",
                                        .measure = "distance from the nearest optimum after 100 updates",
                                        .rule = ASSAY_PART_EVERY,
                                        .essential = true,
                                        .low = 0.0,
                                        .high = ASSAY_OPTIMUM_FOUND},
                          1, &o->distance[ADAM], error);
}

/* Not essential: the tutorial speaks of its own start. */
static assay_status add_other_starts(const optima *o, assay_claim_result *result, assay_error *error)
{
    static const char *const names[METHODS] = {"from other starts SGD does not arrive either", "nor does momentum",
                                               "from other starts Adam arrives, too"};
    for (int method = 0; method < METHODS; method++) {
        ASSAY_TRY(add_share(result, names[method],
                            "share of the starts that arrive within 100 updates, at the "
                            "tutorial's rate",
                            method == ADAM, o->starts, o->found[method], error));
        result->parts[result->part_count - 1].essential = false;
        claim_add_row(result, TITLES[method], NULL, "%.1f %% of %zu starts", 100.0 * mean(o->starts, o->found[method]),
                      o->starts);
    }
    return ASSAY_OK;
}

static assay_status report_optima(optima *o, assay_claim_result *result, assay_error *error)
{
    size_t best = best_steep_rate(o);
    ASSAY_TRY(add_tutorial_runs(o, result, error));
    ASSAY_TRY(add_other_starts(o, result, error));
    size_t pairs = compare_updates(o, best);
    double origin[2];
    assay_surface_start(ASSAY_SURFACE_STEEP, origin);
    double from_origin = sgd_arrival(steep_rates[best], origin, o->limit);
    double at_tutorial = sgd_arrival(0.5, origin, 10 * o->limit);
    claim_add_row(result, "SGD's best rate, and the share that arrives", NULL, "%g, %.1f %% within %zu updates",
                  steep_rates[best], 100.0 * share_within(o, best, (double)o->limit), o->limit);
    claim_add_row(result, "SGD from the tutorial's start at this rate", NULL, "%.0f updates", from_origin);
    const char *says = "does not arrive in %.0f updates";
    if (isfinite(at_tutorial)) { /* LCOV_EXCL_BR_LINE: no seed changes that it never arrives */
        says = "%.0f updates";   /* LCOV_EXCL_LINE: no seed changes that it never arrives */
    }
    claim_add_row(result, "SGD from the tutorial's start at its rate 0.5", "many, many steps", says,
                  fmin(at_tutorial, 10.0 * (double)o->limit));
    claim_note(
        result,
        "At the tutorial's rates %.0f %% of the starts arrive with SGD, %.0f %% with momentum and %.0f %% with "
        "Adam. SGD is best at the rate %g, where %.0f %% arrive within %zu updates; from the tutorial's start it "
        "takes %.0f.",
        100.0 * mean(o->starts, o->found[SGD]), 100.0 * mean(o->starts, o->found[MOMENTUM]),
        100.0 * mean(o->starts, o->found[ADAM]), steep_rates[best], 100.0 * share_within(o, best, (double)o->limit),
        o->limit, from_origin);
    ASSAY_TRY(draw_optima(o, result, error));
    if (pairs == 0) {
        return assay_fail(error, ASSAY_ERROR_NUMERIC, "Adam arrives from none of %zu starts: give more seeds",
                          o->starts);
    }
    return claim_add_part(result,
                          &(claim_part){.name = "SGD needs many more updates, at its best rate, too",
                                        .measure = "log10 of SGD's updates over Adam's, where Adam arrives",
                                        .low = 1.0,
                                        .high = INFINITY},
                          pairs, o->values, error);
}

static assay_status measure_optima(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    optima o = {.starts = claim_seeds(input, 60, 400), .limit = 20000};
    assay_status status = run_optima(input, &o, error);
    if (status == ASSAY_OK) {
        status = report_optima(&o, result, error);
    }
    destroy_optima(&o);
    return status;
}

const assay_claim assay_claim_30 = {
    .number = 30,
    .cell = "[35]",
    .title = "Steep optima",
    .says =
        "On steep optima only Adam arrives; after its large first step SGD could come back only with very many steps.",
    .decided = "The tutorial's runs (within 0.05 of an optimum after 100 updates); many starts at the same rates (at "
               "most a tenth, or at least nine tenths, arrive); ten rates of SGD, of which the best one must take ten "
               "times as many updates as Adam.",
    .in_seconds = true,
    .measure = measure_optima,
};
