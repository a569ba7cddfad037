/* The tutorial's sections: one description each, and the way to run any of them. */
#ifndef ASSAY_TUTORIAL_SECTIONS_H
#define ASSAY_TUTORIAL_SECTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/tutorial/numbers.h>
#include <assay/tutorial/record.h>
#include <assay/tutorial/results.h>
#include <assay/tutorial/session.h>

ASSAY_BEGIN_DECLS

/* What a section needs besides a backend. */
typedef enum { ASSAY_NEEDS_NOTHING, ASSAY_NEEDS_SESSION, ASSAY_NEEDS_RECORDS } assay_section_needs;

/* What a section is run with; what it does not need may be NULL. */
typedef struct {
    assay_backend *backend;
    assay_session *session;
    const assay_run_record *records; /* of the training runs: [ASSAY_TUTORIAL_RUNS] */
} assay_section_inputs;

typedef struct assay_section_description {
    assay_section section;
    const char *name;          /* "kaiming-relu" */
    const char *title;         /* "Kaiming initialization, ReLU network" */
    const char *cells;         /* of the notebook: "[19]" */
    const char *text;          /* what is computed, for a page */
    const char *judged;        /* what the numbers are compared with; NULL: the printed numbers */
    const char *error_heading; /* of the column of errors; NULL: they are relative */
    bool plots_only;           /* the cells print no numbers: the expected ones come from elsewhere */
    assay_section_needs needs;
    /* Appends the results; `results` is empty at first. */
    assay_status (*run)(const struct assay_section_description *description, const assay_section_inputs *inputs,
                        assay_section_results *results, assay_error *error);
} assay_section_description;

/* The sections in the tutorial's order; index < ASSAY_SECTION_COUNT. */
const assay_section_description *assay_section_at(size_t index);
const assay_section_description *assay_section_describe(assay_section section);

/* Members of the description. */
const char *assay_section_name(assay_section section);
const char *assay_section_title(assay_section section);
const char *assay_section_cells(assay_section section);

/* ASSAY_ERROR_ARGUMENT with the known names for a name that no section has. */
assay_status assay_section_by_name(const char *name, assay_section *section, assay_error *error);

/* Runs a section. ASSAY_ERROR_ARGUMENT if it needs a session or records that are not there. */
assay_status assay_section_run(assay_section section, const assay_section_inputs *inputs,
                               assay_section_results *results, assay_error *error);

ASSAY_END_DECLS
#endif
