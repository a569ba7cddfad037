/*
 * Figures: histograms with their density, curves, surfaces, and maps with paths.
 *
 * A figure is a grid of panels; a panel has axes and series. Writing a figure makes NAME.dat (readable columns) and
 * NAME.gp (a gnuplot script with relative file names, which a reader can change and run again); drawing it makes an
 * image of the two. The colours are Okabe and Ito's (2008). Each ink also has its own dashes and marker, so that no
 * reader needs colour.
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
    const char *name;     /* of the files: letters, digits, '-' and '_' */
    const char *title;    /* above all panels; "" for none */
    size_t columns;       /* panels in a row; 0 counts as 1 */
    unsigned panel_width; /* pixels; 0 for the default, 760 x 460 */
    unsigned panel_height;
} assay_figure_layout;

typedef enum {
    ASSAY_KEY_TOP_RIGHT,
    ASSAY_KEY_BOTTOM_RIGHT,
    ASSAY_KEY_BELOW /* under the axes, in columns: for many curves */
} assay_figure_key;

/*
 * The axes of a panel. A NULL label is left out; a range with equal ends is computed from the data. With `x_names`, x
 * is a place in a list, 1 for the first name; between names there is a '|': "constant|Xavier".
 */
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
    const char *x_names;
} assay_figure_axes;

/* Fixed inks, an index below ASSAY_FIGURE_INKS: the same thing looks the same in all figures. */
enum { ASSAY_FIGURE_INKS = 8 };

typedef enum {
    ASSAY_LINE_PLAIN,
    ASSAY_LINE_MARKED, /* about twenty markers over its length */
    ASSAY_LINE_POINTS  /* an open marker for each point, no line */
} assay_line_style;

/*
 * Creates an empty figure and copies all texts; the caller frees it with assay_figure_destroy. NULL, with an error, for
 * a bad name.
 */
assay_figure *assay_figure_create(const assay_figure_layout *layout, assay_error *error);
void assay_figure_destroy(assay_figure *figure);

/* Starts the next panel. The functions below add a series to the last panel, and copy their arguments. */
assay_status assay_figure_add_panel(assay_figure *figure, const assay_figure_axes *axes, assay_error *error);

/*
 * Adds a histogram of `bins` equal bins over the values' range, with their kernel density at 200 points from the
 * smallest to the largest value (seaborn.histplot of the tutorial's cell [11]: no density if the range is 1e-8 or
 * less). Heights are counts, or densities of integral 1 if `as_density`; the curve is scaled to match. Errors as
 * assay_histogram.
 */
assay_status assay_figure_add_histogram(assay_figure *figure, size_t count, const double *values, size_t bins,
                                        bool as_density, assay_error *error);

/* Adds a curve through (x[i], y[i]). NaN and infinity are gaps. With `label` NULL it has no entry in the legend. */
assay_status assay_figure_add_line(assay_figure *figure, const char *label, unsigned ink, assay_line_style style,
                                   size_t count, const double *x, const double *y, assay_error *error);

/*
 * Adds a vertical mark at `x` over the panel's height, with a text at its top (NULL or "" for none), on the right if
 * `right`. Texts of several marks are placed one below the other.
 */
assay_status assay_figure_add_mark(assay_figure *figure, double x, const char *text, bool right, assay_error *error);

/* Adds a surface in three dimensions: z[i * y_count + j] at (x[i], y[j]). */
assay_status assay_figure_add_surface(assay_figure *figure, size_t x_count, const double *x, size_t y_count,
                                      const double *y, const double *z, assay_error *error);

/* Adds the same values as a map, seen from above: coloured by z, with contours. */
assay_status assay_figure_add_map(assay_figure *figure, size_t x_count, const double *x, size_t y_count,
                                  const double *y, const double *z, assay_error *error);

/* Adds a trajectory over a map: a line with markers, and a rim that separates it from the map's colours. */
assay_status assay_figure_add_path(assay_figure *figure, const char *label, unsigned ink, size_t count, const double *x,
                                   const double *y, assay_error *error);

/* Sets the caption below the figure, and the alternative text for readers who cannot see it; both are copied. */
assay_status assay_figure_describe(assay_figure *figure, const char *caption, const char *alt, assay_error *error);

/* The figure owns these texts; "" if they were not set. */
const char *assay_figure_name(const assay_figure *figure);
const char *assay_figure_title(const assay_figure *figure);
const char *assay_figure_caption(const assay_figure *figure);
const char *assay_figure_alt(const assay_figure *figure);

/* The size of the drawing in pixels. */
unsigned assay_figure_width(const assay_figure *figure);
unsigned assay_figure_height(const assay_figure *figure);

/*
 * Writes NAME.dat and NAME.gp to `folder`, each completely or not at all. ASSAY_ERROR_ARGUMENT for an empty figure,
 * ASSAY_ERROR_IO.
 */
assay_status assay_figure_write(const assay_figure *figure, const char *folder, assay_error *error);

typedef enum {
    ASSAY_FIGURE_SVG,      /* NAME.svg, on white */
    ASSAY_FIGURE_SVG_DARK, /* NAME-dark.svg, light on a dark ground */
    ASSAY_FIGURE_PNG       /* NAME.png, on white, at twice the pixels */
} assay_figure_format;

/*
 * Draws a written figure with gnuplot (report/gnuplot.h). ASSAY_ERROR_UNSUPPORTED if gnuplot, or its PNG terminal, is
 * missing; ASSAY_ERROR_FORMAT if it fails; ASSAY_ERROR_IO if the drawing cannot be written. The files of
 * assay_figure_write stay in each case.
 */
assay_status assay_figure_draw(const assay_figure *figure, const char *folder, assay_figure_format format,
                               assay_error *error);

ASSAY_END_DECLS
#endif
