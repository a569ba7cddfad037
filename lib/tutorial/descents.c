#include <assay/tutorial/descents.h>

#include <math.h>

#include <assay/optim/optimizer.h>
#include "tutorial/results_impl.h"

const assay_tutorial_descent assay_tutorial_descents[ASSAY_TUTORIAL_DESCENTS] = {
    {
        .section = ASSAY_SECTION_PATHOLOGICAL,
        .label = "SGD",
        .surface = ASSAY_SURFACE_PATHOLOGICAL,
        .optimizer = "sgd",
        .settings = "lr=10",
        .last_f32 = {5.12968874, -6.72274971, 1.05235851},
        .last_f64 = {1.8928077949714106, -6.722749757845242, 0.9333346266856958},
        .chaotic_f64 = true,
    },
    {
        .section = ASSAY_SECTION_PATHOLOGICAL,
        .label = "SGDMom",
        .surface = ASSAY_SURFACE_PATHOLOGICAL,
        .optimizer = "momentum",
        .settings = "lr=10,momentum=0.9",
        .last_f32 = {0.0405937098, -13.0711632, 0.00205408293},
        .last_f64 = {0.040590600610479914, -13.07116854430915, 0.002053799886708416},
        .arrives = true,
    },
    {
        .section = ASSAY_SECTION_PATHOLOGICAL,
        .label = "Adam",
        .surface = ASSAY_SURFACE_PATHOLOGICAL,
        .optimizer = "adam",
        .settings = "lr=1",
        .last_f32 = {-0.00217187521, -12.6270781, 2.97177012e-05},
        .last_f64 = {-0.0021718842774912203, -12.62707947861821, 2.9717826566110472e-05},
        .arrives = true,
    },
    {
        .section = ASSAY_SECTION_STEEP,
        .label = "SGD",
        .surface = ASSAY_SURFACE_STEEP,
        .optimizer = "sgd",
        .settings = "lr=0.5",
        .last_f32 = {0.456626892, 0.730921328, -5.97155103e-10},
        .last_f64 = {0.458212981279877, 0.7334608609284606, -5.641366326112015e-10},
        .leaps = true,
    },
    {
        .section = ASSAY_SECTION_STEEP,
        .label = "SGDMom",
        .surface = ASSAY_SURFACE_STEEP,
        .optimizer = "momentum",
        .settings = "lr=1,momentum=0.9",
        .last_f32 = {-4.20834637, -6.73687077, 0.0},
        .last_f64 = {-4.208965112344707, -6.737861206743978, -3.273663046164031e-266},
    },
    {
        .section = ASSAY_SECTION_STEEP,
        .label = "Adam",
        .surface = ASSAY_SURFACE_STEEP,
        .optimizer = "adam",
        .settings = "lr=0.2",
        .last_f32 = {-0.499199629, -0.799054861, -3.9787972},
        .last_f64 = {-0.49919963856852834, -0.7990547823893132, -3.9787972825145403},
        .arrives = true,
    },
};

/* Absolute. The prose says "around", with one decimal or two. */
static const double TORCH_TOLERANCE = 1e-5;
static const double PROSE_TOLERANCE = 0.1;

bool assay_descents_have(assay_section section)
{
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS; i++) {
        if (assay_tutorial_descents[i].section == section) {
            return true;
        }
    }
    return false;
}

assay_status assay_tutorial_descend(assay_backend *backend, const assay_tutorial_descent *descent,
                                    assay_descent_point points[ASSAY_DESCENT_UPDATES], assay_error *error)
{
    assay_update_rule rule;
    ASSAY_TRY(assay_optimizer_by_name(descent->optimizer, &rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    ASSAY_TRY(assay_optimizer_set(&rule, descent->settings, error));      /* ASSAY_EXCL_MCDC: well-formed constants */
    double start[2];
    size_t recorded;
    assay_surface_start(descent->surface, start);
    return assay_descend(backend, descent->surface, &rule, start, ASSAY_DESCENT_UPDATES, points, &recorded, error);
}

double assay_descent_ravine_distance(const assay_descent_point points[ASSAY_DESCENT_UPDATES])
{
    enum { LAST = ASSAY_DESCENT_UPDATES / 5 };
    double sum = 0.0;
    for (size_t t = ASSAY_DESCENT_UPDATES - LAST; t < ASSAY_DESCENT_UPDATES; t++) {
        sum += fabs(points[t].w[0]);
    }
    return sum / (double)LAST;
}

size_t assay_descent_leap(const assay_descent_point points[ASSAY_DESCENT_UPDATES])
{
    size_t leap = 0;
    double longest = 0.0;
    for (size_t t = 0; t + 1 < ASSAY_DESCENT_UPDATES; t++) {
        double length = hypot(points[t + 1].w[0] - points[t].w[0], points[t + 1].w[1] - points[t].w[1]);
        if (length > longest) {
            longest = length;
            leap = t;
        }
    }
    return leap;
}

double assay_descent_optimum_distance(const assay_descent_point points[ASSAY_DESCENT_UPDATES])
{
    const double *end = points[ASSAY_DESCENT_UPDATES - 1].w;
    double nearest = (double)INFINITY;
    for (int k = 0; k < ASSAY_STEEP_OPTIMA; k++) {
        const double *mean = assay_steep_optima[k].mean;
        nearest = fmin(nearest, hypot(end[0] - mean[0], end[1] - mean[1]));
    }
    return nearest;
}

/* Absolute errors, full precision. */
static assay_result *add(assay_section_results *results, const char *label, const char *what, assay_basis basis,
                         double expected, double ours, double allowed)
{
    return assay_results_add_absolute(results, label, what, basis, expected, ours, allowed, 0);
}

static void add_last_point(const assay_tutorial_descent *descent, bool single, const assay_descent_point *point,
                           assay_section_results *results)
{
    static const char *const what[] = {"w1 at t = 99", "w2 at t = 99", "loss at t = 99"};
    const double ours[] = {point->w[0], point->w[1], point->loss};
    for (size_t k = 0; k < 3; k++) {
        double expected = single ? descent->last_f32[k] : descent->last_f64[k];
        assay_result *result = add(results, descent->label, what[k], ASSAY_BASIS_PYTORCH, expected, ours[k],
                                   TORCH_TOLERANCE);
        if (!single && descent->chaotic_f64) {
            result->verdict = ASSAY_VERDICT_SHOWN;
        }
    }
}

/* "First reaching a point around (-0.75,-0.5), the gradient direction has changed and pushes the parameters to
 * (0.8,0.5)" */
static void add_leap(const assay_tutorial_descent *descent, const assay_descent_point *points,
                     assay_section_results *results)
{
    size_t t = assay_descent_leap(points);
    const double *from = points[t].w;
    const double *to = points[t + 1].w;
    add(results, descent->label, "w2 before the leap", ASSAY_BASIS_PROSE, -0.75, from[1], PROSE_TOLERANCE);
    add(results, descent->label, "w1 before the leap", ASSAY_BASIS_PROSE, -0.5, from[0], PROSE_TOLERANCE);
    add(results, descent->label, "w2 after the leap", ASSAY_BASIS_PROSE, 0.8, to[1], PROSE_TOLERANCE);
    add(results, descent->label, "w1 after the leap", ASSAY_BASIS_PROSE, 0.5, to[0], PROSE_TOLERANCE);
}

/* Who arrives, as the prose has it: momentum and Adam in the ravine's centre, Adam alone in an optimum. 1: yes. */
static void add_arrival(const assay_tutorial_descent *descent, const assay_descent_point *points,
                        assay_section_results *results)
{
    double prose = descent->arrives ? 1.0 : 0.0;
    if (descent->surface == ASSAY_SURFACE_PATHOLOGICAL) {
        double arrived = assay_descent_ravine_distance(points) < ASSAY_RAVINE_FOUND ? 1.0 : 0.0;
        add(results, descent->label, "finds the centre", ASSAY_BASIS_PROSE, prose, arrived, 0.0);
    } else {
        double arrived = assay_descent_optimum_distance(points) < ASSAY_OPTIMUM_FOUND ? 1.0 : 0.0;
        add(results, descent->label, "finds an optimum", ASSAY_BASIS_PROSE, prose, arrived, 0.0);
    }
}

assay_status assay_descents_run(assay_backend *backend, assay_section section, assay_section_results *results,
                                assay_error *error)
{
    *results = (assay_section_results){.section = section};
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS; i++) {
        const assay_tutorial_descent *descent = &assay_tutorial_descents[i];
        if (descent->section != section) {
            continue;
        }
        assay_descent_point points[ASSAY_DESCENT_UPDATES];
        ASSAY_TRY(assay_tutorial_descend(backend, descent, points, error));
        add_last_point(descent, assay_backend_precision(backend) == ASSAY_F32, &points[ASSAY_DESCENT_UPDATES - 1],
                       results);
        add_arrival(descent, points, results);
        if (descent->leaps) {
            add_leap(descent, points, results);
        }
    }
    return ASSAY_OK;
}
