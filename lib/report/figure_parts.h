/* Internal: the parts of a figure, for the files that build it, write it and make its script. */
#ifndef ASSAY_REPORT_FIGURE_PARTS_H
#define ASSAY_REPORT_FIGURE_PARTS_H

#include <stdio.h>

#include <assay/report/figure.h>

typedef enum {
    SERIES_BARS,    /* columns: left right height */
    SERIES_DENSITY, /* columns: x y */
    SERIES_LINE,    /* columns: x y */
    SERIES_MARK,    /* one row: x; label is the text */
    SERIES_SURFACE, /* columns: x y z, a blank line after each `stride` rows */
    SERIES_MAP,     /* columns: x y z, likewise */
    SERIES_PATH     /* columns: x y */
} series_kind;

typedef struct {
    series_kind kind;
    assay_line_style style;
    unsigned ink;
    bool right;
    char *label; /* NULL: not in the legend */
    size_t rows;
    size_t columns;
    size_t stride;  /* rows in a scan of a grid; 0 for no grid */
    double *values; /* rows x columns */
} figure_series;

typedef struct {
    assay_figure_axes axes; /* the panel owns its texts, which are copies; none is NULL */
    size_t count;
    figure_series *series;
} figure_panel;

struct assay_figure {
    char *name;
    char *title;
    char *caption; /* NULL: none */
    char *alt;
    size_t columns;
    unsigned panel_width;
    unsigned panel_height;
    size_t count;
    figure_panel *panels;
};

/* The gnuplot script of a figure (figure_script.c). */
void assay_figure_script(const assay_figure *figure, FILE *stream);

#endif
