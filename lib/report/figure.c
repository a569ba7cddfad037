#include <assay/report/figure.h>

#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "report/figure_parts.h"
#include <assay/stats/histogram.h>

enum { DENSITY_POINTS = 200 };

static bool good_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return name != NULL && name[0] != '\0' && name[strspn(name, allowed)] == '\0';
}

/* A copy of the array with room for one more element; NULL, and the old array stays, if there is no memory. */
static void *grown(void *old, size_t count, size_t size, assay_error *error)
{
    void *array = assay_calloc(count + 1, size, error);
    if (array != NULL && count != 0) {
        memcpy(array, old, count * size);
        assay_free(old);
    }
    return array;
}

assay_figure *assay_figure_create(const assay_figure_layout *layout, assay_error *error)
{
    if (!good_name(layout->name)) {
        assay_fail(error, ASSAY_ERROR_ARGUMENT, "figure \"%s\": its files need a name of letters, digits, '-' and '_'",
                   layout->name == NULL ? "" : layout->name);
        return NULL;
    }
    assay_figure *figure = assay_calloc(1, sizeof *figure, error);
    if (figure == NULL) {
        return NULL;
    }
    figure->name = assay_strdup(layout->name, error);
    figure->title = assay_strdup(layout->title == NULL ? "" : layout->title, error);
    figure->columns = layout->columns == 0 ? 1 : layout->columns;
    figure->panel_width = layout->panel_width == 0 ? 760 : layout->panel_width;
    figure->panel_height = layout->panel_height == 0 ? 460 : layout->panel_height;
    if (figure->name == NULL || figure->title == NULL) {
        assay_figure_destroy(figure);
        return NULL;
    }
    return figure;
}

static void panel_clear(figure_panel *panel)
{
    for (size_t i = 0; i < panel->count; i++) {
        assay_free(panel->series[i].label);
        assay_free(panel->series[i].values);
    }
    assay_free(panel->series);
    assay_free((char *)panel->axes.title);
    assay_free((char *)panel->axes.x_label);
    assay_free((char *)panel->axes.y_label);
    assay_free((char *)panel->axes.z_label);
    assay_free((char *)panel->axes.x_names);
}

void assay_figure_destroy(assay_figure *figure)
{
    if (figure == NULL) {
        return;
    }
    for (size_t i = 0; i < figure->count; i++) {
        panel_clear(&figure->panels[i]);
    }
    assay_free(figure->panels);
    assay_free(figure->name);
    assay_free(figure->title);
    assay_free(figure->caption);
    assay_free(figure->alt);
    assay_free(figure);
}

static const char *copied(const char *text, assay_error *error)
{
    return assay_strdup(text == NULL ? "" : text, error);
}

assay_status assay_figure_add_panel(assay_figure *figure, const assay_figure_axes *axes, assay_error *error)
{
    figure_panel *panels = grown(figure->panels, figure->count, sizeof *panels, error);
    if (panels == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    figure->panels = panels;
    figure_panel *panel = &panels[figure->count++];
    panel->axes = *axes;
    panel->axes.title = copied(axes->title, error);
    panel->axes.x_label = copied(axes->x_label, error);
    panel->axes.y_label = copied(axes->y_label, error);
    panel->axes.z_label = copied(axes->z_label, error);
    panel->axes.x_names = copied(axes->x_names, error);
    bool whole = panel->axes.title != NULL && panel->axes.x_label != NULL && panel->axes.y_label != NULL &&
                 panel->axes.z_label != NULL && panel->axes.x_names != NULL;
    return whole ? ASSAY_OK : ASSAY_ERROR_MEMORY;
}

/* Adds a series of rows x columns zeros to the last panel. */
static assay_status add_series(assay_figure *figure, series_kind kind, const char *label, size_t rows, size_t columns,
                               figure_series **made, assay_error *error)
{
    if (figure->count == 0 || rows == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "figure %s: %s", figure->name,
                          rows == 0 ? "a series needs at least one point" : "a series needs a panel: start one first");
    }
    figure_panel *panel = &figure->panels[figure->count - 1];
    figure_series *series = grown(panel->series, panel->count, sizeof *series, error);
    if (series == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    panel->series = series;
    figure_series *added = &series[panel->count];
    added->kind = kind;
    added->rows = rows;
    added->columns = columns;
    added->values = assay_calloc(rows * columns, sizeof *added->values, error);
    added->label = label == NULL ? NULL : assay_strdup(label, error);
    if (added->values == NULL || (label != NULL && added->label == NULL)) {
        assay_free(added->values);
        assay_free(added->label);
        return ASSAY_ERROR_MEMORY;
    }
    panel->count++;
    *made = added;
    return ASSAY_OK;
}

static assay_status add_points(assay_figure *figure, series_kind kind, const char *label, unsigned ink,
                               assay_line_style style, size_t count, const double *x, const double *y,
                               assay_error *error)
{
    if (ink >= ASSAY_FIGURE_INKS) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "figure %s: no ink %u; there are %d inks", figure->name, ink,
                          ASSAY_FIGURE_INKS);
    }
    figure_series *series;
    ASSAY_TRY(add_series(figure, kind, label, count, 2, &series, error));
    series->ink = ink;
    series->style = style;
    for (size_t i = 0; i < count; i++) {
        series->values[2 * i] = x[i];
        series->values[2 * i + 1] = y[i];
    }
    return ASSAY_OK;
}

assay_status assay_figure_add_line(assay_figure *figure, const char *label, unsigned ink, assay_line_style style,
                                   size_t count, const double *x, const double *y, assay_error *error)
{
    return add_points(figure, SERIES_LINE, label, ink, style, count, x, y, error);
}

assay_status assay_figure_add_path(assay_figure *figure, const char *label, unsigned ink, size_t count, const double *x,
                                   const double *y, assay_error *error)
{
    return add_points(figure, SERIES_PATH, label, ink, ASSAY_LINE_MARKED, count, x, y, error);
}

assay_status assay_figure_add_mark(assay_figure *figure, double x, const char *text, bool right, assay_error *error)
{
    ASSAY_TRY(add_points(figure, SERIES_MARK, text, 0, ASSAY_LINE_PLAIN, 1, &x, &x, error));
    figure_panel *panel = &figure->panels[figure->count - 1];
    panel->series[panel->count - 1].right = right;
    return ASSAY_OK;
}

/* The density over the sample's range, scaled to the height of the bars. */
static assay_status add_density(assay_figure *figure, size_t count, const double *values, double low, double high,
                                double scale, assay_error *error)
{
    double x[DENSITY_POINTS];
    double density[DENSITY_POINTS];
    for (size_t i = 0; i < DENSITY_POINTS; i++) {
        x[i] = low + (high - low) * (double)i / (DENSITY_POINTS - 1);
    }
    double bandwidth = assay_kernel_bandwidth(count, values);
    ASSAY_TRY(assay_kernel_density(count, values, bandwidth, DENSITY_POINTS, x, density, error));
    for (size_t i = 0; i < DENSITY_POINTS; i++) {
        density[i] *= scale;
    }
    return add_points(figure, SERIES_DENSITY, NULL, 0, ASSAY_LINE_PLAIN, DENSITY_POINTS, x, density, error);
}

static assay_status add_bars(assay_figure *figure, size_t bins, const double *edges, const size_t *counts, double scale,
                             assay_error *error)
{
    figure_series *series;
    ASSAY_TRY(add_series(figure, SERIES_BARS, NULL, bins, 3, &series, error));
    for (size_t i = 0; i < bins; i++) {
        series->values[3 * i] = edges[i];
        series->values[3 * i + 1] = edges[i + 1];
        series->values[3 * i + 2] = (double)counts[i] * scale;
    }
    return ASSAY_OK;
}

static assay_status add_histogram(assay_figure *figure, size_t count, const double *values, size_t bins,
                                  bool as_density, double *edges, size_t *counts, assay_error *error)
{
    ASSAY_TRY(assay_histogram(count, values, bins, edges, counts, error));
    double low = values[0];
    double high = values[0];
    for (size_t i = 1; i < count; i++) {
        low = fmin(low, values[i]);
        high = fmax(high, values[i]);
    }
    double width = (edges[bins] - edges[0]) / (double)bins;
    double area = (double)count * width;
    ASSAY_TRY(add_bars(figure, bins, edges, counts, as_density ? 1.0 / area : 1.0, error));
    /* The tutorial draws a density only if the variance is above 0. */
    return high - low > 1e-8 ? add_density(figure, count, values, low, high, as_density ? 1.0 : area, error) : ASSAY_OK;
}

assay_status assay_figure_add_histogram(assay_figure *figure, size_t count, const double *values, size_t bins,
                                        bool as_density, assay_error *error)
{
    double *edges = assay_calloc(bins + 1, sizeof *edges, error);
    size_t *counts = assay_calloc(bins, sizeof *counts, error);
    assay_status status = edges == NULL || counts == NULL
                              ? ASSAY_ERROR_MEMORY
                              : add_histogram(figure, count, values, bins, as_density, edges, counts, error);
    assay_free(edges);
    assay_free(counts);
    return status;
}

static assay_status add_grid(assay_figure *figure, series_kind kind, size_t x_count, const double *x, size_t y_count,
                             const double *y, const double *z, assay_error *error)
{
    if (x_count < 2 || y_count < 2) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "figure %s: a grid of %zu by %zu is too small; it needs 2 by 2",
                          figure->name, x_count, y_count);
    }
    figure_series *series;
    ASSAY_TRY(add_series(figure, kind, NULL, x_count * y_count, 3, &series, error));
    series->stride = y_count;
    for (size_t i = 0; i < x_count; i++) {
        for (size_t j = 0; j < y_count; j++) {
            double *row = &series->values[3 * (i * y_count + j)];
            row[0] = x[i];
            row[1] = y[j];
            row[2] = z[i * y_count + j];
        }
    }
    return ASSAY_OK;
}

assay_status assay_figure_add_surface(assay_figure *figure, size_t x_count, const double *x, size_t y_count,
                                      const double *y, const double *z, assay_error *error)
{
    return add_grid(figure, SERIES_SURFACE, x_count, x, y_count, y, z, error);
}

assay_status assay_figure_add_map(assay_figure *figure, size_t x_count, const double *x, size_t y_count,
                                  const double *y, const double *z, assay_error *error)
{
    return add_grid(figure, SERIES_MAP, x_count, x, y_count, y, z, error);
}

assay_status assay_figure_describe(assay_figure *figure, const char *caption, const char *alt, assay_error *error)
{
    assay_free(figure->caption);
    assay_free(figure->alt);
    figure->caption = assay_strdup(caption, error);
    figure->alt = assay_strdup(alt, error);
    return figure->caption == NULL || figure->alt == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

const char *assay_figure_caption(const assay_figure *figure)
{
    return figure->caption == NULL ? "" : figure->caption;
}

const char *assay_figure_alt(const assay_figure *figure)
{
    return figure->alt == NULL ? "" : figure->alt;
}

const char *assay_figure_name(const assay_figure *figure)
{
    return figure->name;
}

const char *assay_figure_title(const assay_figure *figure)
{
    return figure->title;
}

unsigned assay_figure_width(const assay_figure *figure)
{
    size_t columns = figure->count < figure->columns ? figure->count : figure->columns;
    return figure->panel_width * (unsigned)(columns == 0 ? 1 : columns);
}

unsigned assay_figure_height(const assay_figure *figure)
{
    size_t rows = (figure->count + figure->columns - 1) / figure->columns;
    return figure->panel_height * (unsigned)(rows == 0 ? 1 : rows);
}
