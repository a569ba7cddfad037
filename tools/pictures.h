/* assay reproduce --report: the figures, drawn while the sections run, and the page at the end. */
#ifndef ASSAY_TOOLS_PICTURES_H
#define ASSAY_TOOLS_PICTURES_H

#include <assay/tutorial/record.h>
#include "reproduce.h"
#include <assay/tutorial/figures.h>

typedef struct {
    const char *folder;     /* of index.html and figures/; NULL: no report is wanted */
    bool png;               /* each figure as PNG as well */
    const char *pretrained; /* the author's records, or NULL for ASSAY_PRETRAINED */
} pictures_options;

typedef struct pictures pictures;

/* Makes the folders. The caller ends the pictures with pictures_destroy. */
assay_status pictures_create(const pictures_options *options, pictures **made, assay_error *error);
void pictures_destroy(pictures *all);

/* The figures of an initialization or a surface, right after its section has run. A surface needs no `session`. */
assay_status pictures_of_section(pictures *all, assay_backend *backend, assay_session *session, assay_section section,
                                 assay_error *error);

/* Spread against depth, with weights drawn as `options` say; in double precision, on a backend of its own. */
assay_status pictures_of_depth(pictures *all, const assay_session *session, const assay_session_options *options,
                               unsigned threads, assay_error *error);

/*
 * The training runs: the curves of each with the author's, and the first steps of his three runs, ours over his.
 * Without his records the curves are ours alone, and one line of the page says what is missing.
 */
assay_status pictures_of_runs(pictures *all, const assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_error *error);

/*
 * Writes index.html. What this machine lacks is said in a line on standard error; where gnuplot is there and fails, the
 * page is written all the same, and ASSAY_ERROR_FORMAT returned.
 */
assay_status pictures_write_page(pictures *all, const reproduce_options *options, const assay_backend *backend,
                                 const reproduce_report *report, assay_error *error);

/* --- between pictures.c and pictures_page.c ---------------------------------------------------------------------- */

/* A figure kept for the page; `section` is where it stands there. */
typedef struct {
    assay_figure *figure;
    assay_section section;
    bool drawn;
    bool has_png;
} picture;

/* The sections of the page: the tutorial's, and the spread against depth, which it describes only. */
enum { PICTURES_DEPTH = ASSAY_SECTION_COUNT };

size_t pictures_count(const pictures *all);
const picture *pictures_at(const pictures *all, size_t index);
const char *pictures_folder(const pictures *all);
/* What was not drawn and why, in one line; NULL if all was. */
const char *pictures_notice(const pictures *all);
/* Whether the reason is a gnuplot that fails, and not one that is missing. */
bool pictures_failed(const pictures *all);
/* Why a run's first steps are not compared with the author's, in one line; NULL if they are. */
const char *pictures_author_missing(const pictures *all);

#endif
