/* assay reproduce --report: the figures, drawn while the sections run, and the page at the end. */
#ifndef ASSAY_TOOLS_PICTURES_H
#define ASSAY_TOOLS_PICTURES_H

#include <assay/tutorial/figures.h>
#include "reproduce.h"

typedef struct {
    const char *folder;     /* of index.html and figures/; NULL: no report */
    bool png;               /* each figure as PNG as well */
    const char *pretrained; /* the author's records, or NULL for ASSAY_PRETRAINED */
} pictures_options;

typedef struct pictures pictures;

/* Makes the folders. The caller ends the pictures with pictures_destroy. */
assay_status pictures_create(const pictures_options *options, pictures **made, assay_error *error);
void pictures_destroy(pictures *all);

/*
 * The figures of a section, right after it has run. Training runs: the curves of each with the author's, and the first
 * steps of his three runs, ours over his; without his records the curves are ours only, and the page says what is
 * missing.
 */
assay_status pictures_of_section(pictures *all, const assay_section_inputs *inputs, assay_section section,
                                 assay_error *error);

/* Spread against depth, with weights drawn as `options` say; in double precision, on a backend of its own. */
assay_status pictures_of_depth(pictures *all, const assay_session *session, const assay_session_options *options,
                               unsigned threads, assay_error *error);

/*
 * Writes index.html. A line on standard error names what is missing on this machine. If gnuplot is there and fails, the
 * page is still written, and the result is ASSAY_ERROR_FORMAT.
 */
assay_status pictures_write_page(pictures *all, const reproduce_options *options, const assay_backend *backend,
                                 const reproduce_report *report, assay_error *error);

/* --- between pictures.c and pictures_page.c ---------------------------------------------------------------------- */

/* A figure kept for the page; `section` is its place there. */
typedef struct {
    assay_figure *figure;
    assay_section section;
    bool drawn;
    bool has_png;
} picture;

/* The sections of the page: the tutorial's, and the spread against depth, which the tutorial only describes. */
enum { PICTURES_DEPTH = ASSAY_SECTION_COUNT };

size_t pictures_count(const pictures *all);
const picture *pictures_at(const pictures *all, size_t index);
const char *pictures_folder(const pictures *all);
/* What was not drawn and why, in one line; NULL if everything was. */
const char *pictures_notice(const pictures *all);
/* Whether the reason is that gnuplot fails, and not that it is missing. */
bool pictures_failed(const pictures *all);
/* Why a run's first steps are not compared with the author's, in one line; NULL if they are. */
const char *pictures_author_missing(const pictures *all);

#endif
