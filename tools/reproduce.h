/* What assay reproduce collects, and the ways it is printed. */
#ifndef ASSAY_TOOLS_REPRODUCE_H
#define ASSAY_TOOLS_REPRODUCE_H

#include <stdbool.h>

#include <assay/tutorial/runs.h>
#include <assay/tutorial/sections.h>

typedef struct {
    assay_session_options session;
    const char *backend;    /* as given, or NULL */
    unsigned threads;       /* 0: as many as processors */
    const char *json;       /* a path, "-", or NULL */
    const char *runs;       /* the folder of run records, or NULL */
    const char *report;     /* the folder of the page and its figures, or NULL */
    bool png;               /* each figure as PNG as well */
    const char *pretrained; /* the folder of the author's records, or NULL */
    bool one_section;
    assay_section section;
} reproduce_options;

typedef struct {
    bool ran[ASSAY_SECTION_COUNT];
    assay_section_results sections[ASSAY_SECTION_COUNT];
    size_t agree;
    size_t differ;
    size_t shown; /* numbers without a verdict */
    double worst; /* the largest relative error among the numbers compared with printed ones in full precision */
    const char *worst_label;
    assay_section worst_section;
} reproduce_report;

/*
 * The records of the four training runs. Where options->runs names a folder, records that are there are read, and the
 * runs that are missing are made, with a bar on a terminal, and recorded there. The caller frees each record with
 * assay_run_record_destroy, also after a failure.
 */
assay_status reproduce_runs(const reproduce_options *options, assay_backend *backend,
                            assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_error *error);

void reproduce_count(reproduce_report *report);

/* Text on standard output; nothing if the JSON goes there. */
void reproduce_print_section(const reproduce_options *options, const assay_section_results *results);
void reproduce_print_summary(const reproduce_options *options, const reproduce_report *report);
/* Prints the path of the page. */
void reproduce_print_report(const reproduce_options *options);

assay_status reproduce_write_json(const reproduce_options *options, const assay_backend *backend,
                                  const reproduce_report *report, assay_error *error);

#endif
