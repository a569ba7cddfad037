/*
 * The report: one HTML page that compares our numbers with the printed ones and shows the figures. It needs no network:
 * the page contains its style, and the figures are in a folder beside it.
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
    ASSAY_PAGE_NONE /* for information; not counted */
} assay_page_verdict;

/* One number. Texts are UTF-8, and the page escapes them; NULL counts as "". */
typedef struct {
    const char *label;
    const char *printed; /* as the source prints it */
    const char *ours;
    double error; /* relative, or as in the section's error_heading; NaN: no error */
    bool ranked;  /* the error competes for the page's largest: it is relative, and not just rounding */
    assay_page_verdict verdict;
    const char *note;       /* why it differs, or when it agrees */
    const char *error_text; /* in place of the error, such as an interval; NULL: the error */
    const char *answer;     /* in place of the verdict's text, in its colour; such a row is not counted; NULL: none */
} assay_page_row;

/* A figure; its files are FOLDER/NAME.svg, NAME-dark.svg, NAME.png, NAME.dat and NAME.gp. */
typedef struct {
    const char *name;
    const char *title;
    const char *caption;
    const char *alt; /* for readers who cannot see the figure */
    unsigned width;  /* pixels of the drawing */
    unsigned height;
    bool drawn;   /* NAME.svg and NAME-dark.svg exist; otherwise the page links to data and script only */
    bool has_png; /* NAME.png exists */
} assay_page_figure;

typedef struct {
    const char *id; /* of the anchor: letters, digits, '-' and '_', unique in the page */
    const char *title;
    const char *source;          /* where it is in the tutorial, such as "cell [13]" */
    const char *text;            /* plain paragraphs, separated by blank lines */
    const char *label_heading;   /* of the table's columns; NULL: "Number", "Printed", "Ours", "Relative error" and */
    const char *printed_heading; /* "Verdict" */
    const char *ours_heading;
    const char *error_heading;
    const char *verdict_heading;
    const char *answer; /* beside the title and in the list of sections, in the colour of `verdict`; NULL: none */
    assay_page_verdict verdict;
    size_t row_count;
    const assay_page_row *rows;
    size_t figure_count;
    const assay_page_figure *figures;
} assay_page_section;

typedef struct {
    const char *title;
    const char *text;          /* below the title; plain paragraphs */
    const char *figure_folder; /* relative to the page, such as "figures" */
    const char *notice;        /* one line about something that is missing, such as gnuplot; NULL: none */
    const char *footer;        /* version, machine, command */
    size_t section_count;
    const assay_page_section *sections;
} assay_page;

/* The summary at the top of the page. */
typedef struct {
    size_t numbers; /* rows with a verdict */
    size_t agreeing;
    size_t figures;
    size_t drawn;
    const assay_page_section *worst_section; /* the section of the largest ranked error; NULL: none */
    const assay_page_row *worst;
} assay_page_summary;

assay_page_summary assay_page_summarise(const assay_page *page);

/*
 * Writes folder/index.html, completely or not at all. ASSAY_ERROR_ARGUMENT for a section with an invalid id, or with
 * another section's id; ASSAY_ERROR_IO, ASSAY_ERROR_MEMORY.
 */
assay_status assay_page_write(const assay_page *page, const char *folder, assay_error *error);

/* Creates a folder unless it exists; its parent must exist. ASSAY_ERROR_IO if that fails or a file has that name. */
assay_status assay_page_make_folder(const char *folder, assay_error *error);

ASSAY_END_DECLS
#endif
