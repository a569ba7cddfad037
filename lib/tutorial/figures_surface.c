/* The figures of the loss surfaces. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "tutorial/figure_parts.h"

/* The tutorial's grid has 100 steps on each side; a map that fills a screen needs more. */
enum { SURFACE_STEPS = 100, MAP_STEPS = 200, CURVES = ASSAY_TUTORIAL_DESCENTS / 2, POINTS = ASSAY_DESCENT_UPDATES };

typedef struct {
    double low[2];
    double high[2];
} box;

/* How the tutorial shows one of its surfaces. */
typedef struct {
    assay_section section;
    assay_surface surface;
    const char *title;
    double reach;            /* the figure in three dimensions goes from -reach to reach on both axes */
    bool whole_map;          /* the map shows the same part; otherwise, as far as the trajectories go */
    bool last_descent_below; /* drawn first: its many points would hide the others */
    const char *surface_caption;
    const char *surface_alt;
    const char *map_caption;
} surface_view;

static const surface_view VIEWS[] = {
    {.section = ASSAY_SECTION_PATHOLOGICAL,
     .surface = ASSAY_SURFACE_PATHOLOGICAL,
     .title = "Pathological curvature",
     .reach = 5.0,
     .surface_caption = "A ravine: steep across (w₁), and falling gently along it (w₂).",
     .surface_alt =
         "A surface with a valley along w1 = 0; its floor falls from loss 1 at large w2 towards 0 at small w2, "
         "and its flanks rise by 1 within two units of w1.",
     .map_caption = "SGD and SGD with momentum with learning rate 10, Adam with 1. SGD never finds the floor of the "
                    "ravine."},
    {.section = ASSAY_SECTION_STEEP,
     .surface = ASSAY_SURFACE_STEEP,
     .title = "Steep optima",
     .reach = 2.0,
     .whole_map = true,
     .last_descent_below = true,
     .surface_caption = "Three narrow optima in a plain of almost no gradient.",
     .surface_alt = "A flat surface at loss 0 with three narrow wells about 4 deep, at (1, -0.5), (-1, 0.5) and "
                    "(-0.5, -0.8).",
     .map_caption =
         "SGD with learning rate 0.5, SGD with momentum with 1, Adam with 0.2. SGD leaps out of an optimum to "
         "the upper right; the path with momentum leaves the map."},
};

static assay_status view_of(assay_section section, const surface_view **view, assay_error *error)
{
    for (size_t i = 0; i < sizeof VIEWS / sizeof *VIEWS; i++) {
        if (VIEWS[i].section == section) {
            *view = &VIEWS[i];
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "section '%s' has no loss surface", assay_section_name(section));
}

typedef assay_status grid_adder(assay_figure *figure, size_t x_count, const double *x, size_t y_count, const double *y,
                                const double *z, assay_error *error);

/* The surface on a grid of steps + 1 points on each side, added as a surface or as a map. */
static assay_status add_grid(assay_figure *figure, assay_surface surface, box range, size_t steps, grid_adder *add,
                             assay_error *error)
{
    double x[MAP_STEPS + 1];
    double y[MAP_STEPS + 1];
    size_t side = steps + 1;
    double *z = assay_calloc(side * side, sizeof *z, error);
    if (z == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < side; i++) {
        double part = (double)i / (double)steps;
        x[i] = range.low[0] + part * (range.high[0] - range.low[0]);
        y[i] = range.low[1] + part * (range.high[1] - range.low[1]);
    }
    for (size_t i = 0; i < side * side; i++) {
        z[i] = assay_surface_f64(surface, (double[]){x[i / side], y[i % side]}, NULL);
    }
    assay_status status = add(figure, side, x, side, y, z, error);
    assay_free(z);
    return status;
}

assay_status assay_surface_figure(assay_section section, assay_figure **figure, assay_error *error)
{
    *figure = NULL;
    const surface_view *view = NULL;
    ASSAY_TRY(view_of(section, &view, error));
    char name[64];
    assay_figure_name_of(section, "surface", name, sizeof name);
    assay_figure *made = assay_figure_create(
        &(assay_figure_layout){.name = name, .title = view->title, .panel_width = 700, .panel_height = 520}, error);
    box range = {{-view->reach, -view->reach}, {view->reach, view->reach}};
    assay_figure_axes axes = {.x_label = "w₁", .y_label = "w₂", .z_label = "loss"};
    assay_status status = made == NULL ? ASSAY_ERROR_MEMORY : assay_figure_add_panel(made, &axes, error);
    if (status == ASSAY_OK) {
        status = add_grid(made, view->surface, range, SURFACE_STEPS, assay_figure_add_surface, error);
    }
    return assay_figure_finish(status, made, view->surface_caption, view->surface_alt, figure, error);
}

/* The part of the plane that the tutorial's map shows. */
static box shown(const surface_view *view, assay_descent_point points[CURVES][POINTS])
{
    if (view->whole_map) {
        return (box){{-view->reach, -view->reach}, {view->reach, view->reach}};
    }
    box range = {{0.0, INFINITY}, {0.0, -INFINITY}};
    for (size_t i = 0; i < CURVES; i++) {
        for (size_t t = 0; t < POINTS; t++) {
            range.high[0] = fmax(range.high[0], fabs(points[i][t].w[0]));
            range.low[1] = fmin(range.low[1], points[i][t].w[1]);
            range.high[1] = fmax(range.high[1], points[i][t].w[1]);
        }
    }
    range.low[0] = -range.high[0];
    return range;
}

static assay_status descend_all(assay_backend *backend, assay_section section,
                                assay_descent_point points[CURVES][POINTS],
                                const assay_tutorial_descent *descents[CURVES], assay_error *error)
{
    size_t found = 0;
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS && found < CURVES; i++) {
        if (assay_tutorial_descents[i].section == section) {
            descents[found] = &assay_tutorial_descents[i];
            ASSAY_TRY(assay_tutorial_descend(backend, descents[found], points[found], error));
            found++;
        }
    }
    return ASSAY_OK;
}

static assay_status add_path(assay_figure *figure, unsigned ink, const assay_tutorial_descent *descent,
                             const assay_descent_point points[POINTS], char *alt, size_t size, assay_error *error)
{
    double x[POINTS];
    double y[POINTS];
    for (size_t t = 0; t < POINTS; t++) {
        x[t] = points[t].w[0];
        y[t] = points[t].w[1];
    }
    size_t used = strlen(alt);
    snprintf(alt + used, size - used, " %s ends at (%.3g, %.3g) with loss %.3g.", descent->label, x[POINTS - 1],
             y[POINTS - 1], points[POINTS - 1].loss);
    return assay_figure_add_path(figure, descent->label, ink, POINTS, x, y, error);
}

static assay_status add_descents(assay_figure *figure, const surface_view *view,
                                 const assay_tutorial_descent *descents[CURVES],
                                 assay_descent_point points[CURVES][POINTS], char *alt, size_t size, assay_error *error)
{
    box range = shown(view, points);
    assay_figure_axes axes = {.x_label = "w₁",
                              .y_label = "w₂",
                              .z_label = "loss",
                              .x_min = range.low[0],
                              .x_max = range.high[0],
                              .y_min = range.low[1],
                              .y_max = range.high[1],
                              .key = ASSAY_KEY_BELOW};
    ASSAY_TRY(assay_figure_add_panel(figure, &axes, error));
    ASSAY_TRY(add_grid(figure, view->surface, range, MAP_STEPS, assay_figure_add_map, error));
    for (size_t i = 0; i < CURVES; i++) {
        size_t which = view->last_descent_below ? CURVES - 1 - i : i;
        ASSAY_TRY(add_path(figure, (unsigned)which, descents[which], points[which], alt, size, error));
    }
    return ASSAY_OK;
}

assay_status assay_descent_figure(assay_backend *backend, assay_section section, assay_figure **figure,
                                  assay_error *error)
{
    *figure = NULL;
    const surface_view *view = NULL;
    ASSAY_TRY(view_of(section, &view, error));
    assay_descent_point points[CURVES][POINTS];
    const assay_tutorial_descent *descents[CURVES];
    ASSAY_TRY(descend_all(backend, section, points, descents, error));
    char name[64];
    char title[96];
    char alt[512] = "A map of the loss with three trajectories.";
    assay_figure_name_of(section, "map", name, sizeof name);
    snprintf(title, sizeof title, "%s: %d steps from (%g, %g)", view->title, POINTS, points[0][0].w[0],
             points[0][0].w[1]);
    assay_figure *made = assay_figure_create(
        &(assay_figure_layout){.name = name, .title = title, .panel_width = 760, .panel_height = 600}, error);
    assay_status status = made == NULL ? ASSAY_ERROR_MEMORY
                                       : add_descents(made, view, descents, points, alt, sizeof alt, error);
    return assay_figure_finish(status, made, view->map_caption, alt, figure, error);
}
