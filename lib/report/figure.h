/*
 * Figures: histograms with their density, curves, surfaces, and maps with paths, as values that can be written.
 *
 * A figure is a grid of panels, a panel has axes and series. Writing one leaves NAME.dat (readable columns), NAME.gp
 * (a gnuplot script with relative file names, made to be restyled and run again) and what gnuplot draws from the two.
 * Colours are Okabe and Ito's (2008), and each ink also has its own dashes and marker, so that no reader needs colour.
 */
#ifndef ASSAY_REPORT_FIGURE_H
#define ASSAY_REPORT_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef struct assay_figure assay_figure;

typedef struct {
    const char *name;      /* of the files: letters, digits, '-' and '_' */
    const char *title;     /* over all panels; "" for none */
    size_t columns;        /* panels beside one another; 0 counts as 1 */
    unsigned panel_width;  /* pixels; 0 for the default, 760 x 460 */
    unsigned panel_height;
} assay_figure_layout;

typedef enum {
    ASSAY_KEY_TOP_RIGHT,
    ASSAY_KEY_BOTTOM_RIGHT,
    ASSAY_KEY_BELOW /* under the axes, in columns: for many curves */
} assay_figure_key;

/* The axes of a panel. NULL labels are left out; a range whose ends are equal is taken from the data. */
typedef struct {
    const char *title;
    const char *x_label;
    const char *y_label;
    const char *z_label; /* of surfaces and maps: the colour's meaning */
    bool x_log;
    bool y_log;
    double x_min, x_max;
    double y_min, y_max;
    assay_figure_key key;
} assay_figure_axes;

/* Fixed inks, so that one thing has one look in all figures: an index below ASSAY_FIGURE_INKS. */
enum { ASSAY_FIGURE_INKS = 8 };

typedef enum {
    ASSAY_LINE_PLAIN,
    ASSAY_LINE_MARKED, /* about twenty markers over its length */
    ASSAY_LINE_POINTS  /* an open marker for each point, no line */
} assay_line_style;

/* NULL and an error for a bad name. The caller frees the figure with assay_figure_destroy; all texts are copied. */
assay_figure *assay_figure_create(const assay_figure_layout *layout, assay_error *error);
void assay_figure_destroy(assay_figure *figure);

/* Starts the next panel; the functions below add to the panel started last, and copy what they are given. */
assay_status assay_figure_add_panel(assay_figure *figure, const assay_figure_axes *axes, assay_error *error);

/*
 * A histogram of `bins` equal bins over the values' range with their kernel density at 200 points between the smallest
 * and the largest (seaborn.histplot of the tutorial's cell [11]: no density when the range is 1e-8 or less). Heights
 * are counts, or densities of integral 1 when `as_density`; the curve is scaled to match. Errors as assay_histogram.
 */
assay_status assay_figure_add_histogram(assay_figure *figure, size_t count, const double *values, size_t bins,
                                        bool as_density, assay_error *error);

/* A curve through (x[i], y[i]). NaN and infinity are left as gaps. `label` NULL keeps it out of the key. */
assay_status assay_figure_add_line(assay_figure *figure, const char *label, unsigned ink, assay_line_style style,
                                   size_t count, const double *x, const double *y, assay_error *error);

/*
 * A vertical mark at `x` over the panel's height, with a text beside it at its top ("" for none; texts of several marks
 * stand below one another); `right` puts the text to its right.
 */
assay_status assay_figure_add_mark(assay_figure *figure, double x, const char *text, bool right, assay_error *error);

/* z[i * y_count + j] at (x[i], y[j]), seen in three dimensions. */
assay_status assay_figure_add_surface(assay_figure *figure, size_t x_count, const double *x, size_t y_count,
                                      const double *y, const double *z, assay_error *error);

/* The same values as a map seen from above, coloured by z, with contours. */
assay_status assay_figure_add_map(assay_figure *figure, size_t x_count, const double *x, size_t y_count,
                                  const double *y, const double *z, assay_error *error);

/* A trajectory over a map: as a marked line, with a rim that sets it off from the map's colours. */
assay_status assay_figure_add_path(assay_figure *figure, const char *label, unsigned ink, size_t count, const double *x,
                                   const double *y, assay_error *error);

/* What stands under the figure, and what a reader who cannot see it should know; both are copied. */
assay_status assay_figure_describe(assay_figure *figure, const char *caption, const char *alt, assay_error *error);

/* They belong to the figure; "" for what was not given. */
const char *assay_figure_name(const assay_figure *figure);
const char *assay_figure_title(const assay_figure *figure);
const char *assay_figure_caption(const assay_figure *figure);
const char *assay_figure_alt(const assay_figure *figure);

/* The size of the drawing in pixels. */
unsigned assay_figure_width(const assay_figure *figure);
unsigned assay_figure_height(const assay_figure *figure);

/* Writes NAME.dat and NAME.gp into `folder`, each whole or not at all. ASSAY_ERROR_ARGUMENT for an empty figure. */
assay_status assay_figure_write(const assay_figure *figure, const char *folder, assay_error *error);

typedef enum {
    ASSAY_FIGURE_SVG,      /* NAME.svg, on white */
    ASSAY_FIGURE_SVG_DARK, /* NAME-dark.svg, for readers in the dark */
    ASSAY_FIGURE_PNG       /* NAME.png, on white, at twice the pixels */
} assay_figure_format;

/*
 * Draws a written figure with gnuplot (report/gnuplot.h). ASSAY_ERROR_UNSUPPORTED when gnuplot, or its PNG terminal, is
 * missing; ASSAY_ERROR_FORMAT when it fails; ASSAY_ERROR_IO when the drawing cannot be written. The files of assay_figure_write stay.
 */
assay_status assay_figure_draw(const assay_figure *figure, const char *folder, assay_figure_format format,
                               assay_error *error);

ASSAY_END_DECLS
#endif
