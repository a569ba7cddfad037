/* assay reproduce --report: the figures, drawn while the sections run, and the page at the end. */
#ifndef ASSAY_TOOLS_PICTURES_H
#define ASSAY_TOOLS_PICTURES_H

#include <assay/report/page.h>
#include <assay/tutorial/figures.h>
#include "reproduce.h"

typedef struct {
    const char *folder;     /* of index.html and figures/; NULL: no report */
    bool png;               /* each figure as PNG as well */
    const char *pretrained; /* the author's records, or NULL for ASSAY_PRETRAINED */
} pictures_options;

typedef struct pictures pictures;
/* tools/claims.h */
typedef struct claims_set claims_set;

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
 * Writes index.html, with a chapter on the claims, whose figures are drawn. A line on standard error names what is
 * missing on this machine. If gnuplot is there and fails, the page is still written, and the result is
 * ASSAY_ERROR_FORMAT.
 */
assay_status pictures_write_page(pictures *all, const claims_set *claims, const reproduce_options *options,
                                 const assay_backend *backend, const reproduce_report *report, assay_error *error);

/* --- between pictures.c and pictures_page.c ---------------------------------------------------------------------- */

/*
 * Where a figure belongs on the page: a section of the tutorial, the spread against depth, which the tutorial only
 * describes, or the first claim of the page, the second, ...
 */
enum { PICTURES_DEPTH = ASSAY_SECTION_COUNT, PICTURES_CLAIMS };

/* Writes, draws and keeps a figure; takes it over. */
assay_status pictures_keep(pictures *all, assay_figure *figure, int place, assay_error *error);

/* The figures at a place, up to `most`; returns how many. They refer to texts of `all`. */
size_t pictures_at_place(const pictures *all, int place, size_t most, assay_page_figure *figures);

size_t pictures_count(const pictures *all);
const char *pictures_folder(const pictures *all);
/* What was not drawn and why, in one line; NULL if everything was. */
const char *pictures_notice(const pictures *all);
/* Whether the reason is that gnuplot fails, and not that it is missing. */
bool pictures_failed(const pictures *all);
/* Why a run's first steps are not compared with the author's, in one line; NULL if they are. */
const char *pictures_author_missing(const pictures *all);

#endif
