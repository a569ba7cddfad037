/*
 * The report: one HTML page that sets our numbers beside the printed ones, with the figures. Nothing is fetched from a
 * network: the style stands in the page, the figures in a folder beside it.
 */
#ifndef ASSAY_REPORT_PAGE_H
#define ASSAY_REPORT_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef enum {
    ASSAY_PAGE_AGREES,
    ASSAY_PAGE_DIFFERS,
    ASSAY_PAGE_NONE /* given for information; not counted */
} assay_page_verdict;

/* One number. Texts are UTF-8 and are escaped by the page; NULL counts as "". */
typedef struct {
    const char *label;
    const char *printed;   /* as the source prints it */
    const char *ours;
    double error; /* relative, or what the section's error_heading says; NaN where there is none to speak of */
    bool ranked;  /* the error may be the page's worst: not one of rounding, nor absolute */
    assay_page_verdict verdict;
    const char *note; /* why it differs, or under which condition it agrees */
} assay_page_row;

/* A figure; its files are FOLDER/NAME.svg, NAME-dark.svg, NAME.png, NAME.dat and NAME.gp. */
typedef struct {
    const char *name;
    const char *title;
    const char *caption;
    const char *alt; /* what a reader who cannot see it should know */
    unsigned width;  /* pixels of the drawing */
    unsigned height;
    bool drawn;   /* NAME.svg and NAME-dark.svg exist; otherwise the page says that only data and script do */
    bool has_png; /* NAME.png exists */
} assay_page_figure;

typedef struct {
    const char *id; /* of the anchor: letters, digits, '-' and '_', unique in the page */
    const char *title;
    const char *source; /* where the tutorial has it, such as "cell [13]" */
    const char *text;   /* plain paragraphs, separated by blank lines */
    const char *printed_heading; /* of the table's columns; NULL for "Printed" and "Relative error" */
    const char *error_heading;
    size_t row_count;
    const assay_page_row *rows;
    size_t figure_count;
    const assay_page_figure *figures;
} assay_page_section;

typedef struct {
    const char *title;
    const char *text;          /* under the title; plain paragraphs */
    const char *figure_folder; /* relative to the page, such as "figures" */
    const char *notice;        /* one line on something missing, such as gnuplot; NULL for none */
    const char *footer;        /* version, machine, command */
    size_t section_count;
    const assay_page_section *sections;
} assay_page;

/* What stands on top of the page. */
typedef struct {
    size_t numbers; /* rows with a verdict */
    size_t agreeing;
    size_t figures;
    size_t drawn;
    const assay_page_section *worst_section; /* of the row with the largest ranked error; NULL if there is none */
    const assay_page_row *worst;
} assay_page_summary;

assay_page_summary assay_page_summarise(const assay_page *page);

/*
 * Writes folder/index.html, whole or not at all. ASSAY_ERROR_ARGUMENT for a section without a usable id, or with
 * another section's; ASSAY_ERROR_IO when it cannot be written.
 */
assay_status assay_page_write(const assay_page *page, const char *folder, assay_error *error);

/* Makes a folder unless it is there (its parent must be). ASSAY_ERROR_IO when that fails or a file is in the way. */
assay_status assay_page_make_folder(const char *folder, assay_error *error);

ASSAY_END_DECLS
#endif
