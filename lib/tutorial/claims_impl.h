/*
 * What the claims' measuring functions share; not installed. Each claim is one descriptor `assay_claim_N`, declared
 * here and listed in claims.c.
 */
#ifndef ASSAY_TUTORIAL_CLAIMS_IMPL_H
#define ASSAY_TUTORIAL_CLAIMS_IMPL_H

#include <math.h>

#include <assay/tutorial/claims.h>

/* --- building a result: each function copies its arguments ------------------------------------------------------- */

/* The texts and the region of a part; see assay_claim_part. */
typedef struct {
    const char *name;
    const char *measure;
    const char *unit; /* NULL: none */
    assay_claim_rule rule;
    bool essential;
    double low;
    double high;
} claim_part;

/*
 * At most ASSAY_CLAIM_PARTS, each with a bound. No value is allowed where a test or an interval decides: nothing could
 * be measured, so the part cannot be told. ASSAY_ERROR_NUMERIC for a value that is not finite.
 */
assay_status claim_add_part(assay_claim_result *result, const claim_part *part, size_t count, const double *values,
                            assay_error *error);

/* A part that was added or read says how many seeds there are. */
void claim_count_seeds(assay_claim_result *result, const assay_claim_part *part);

/* A row of the table; `expected` may be NULL. At most ASSAY_CLAIM_ROWS. */
#if defined(__GNUC__)
__attribute__((format(printf, 4, 5)))
#endif
void claim_add_row(assay_claim_result *result, const char *label, const char *expected, const char *format, ...);

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void claim_note(assay_claim_result *result, const char *format, ...);

/* The figure: its texts, then its panels, each with its lines. */
void claim_figure(assay_claim_result *result, const char *title, const char *caption);
typedef struct {
    const char *title; /* NULL: none */
    const char *x_label;
    const char *y_label;
    const char *x_names; /* NULL: x is a number */
    bool x_log;
    bool y_log;
} claim_panel;
/* At most ASSAY_CLAIM_PANELS. */
void claim_add_panel(assay_claim_result *result, const claim_panel *panel);
/* Adds to the last panel, at most ASSAY_CLAIM_LINES; `label` may be NULL, `count` is not 0. */
assay_status claim_add_line(assay_claim_result *result, const char *label, assay_line_style style, size_t count,
                            const double *x, const double *y, assay_error *error);

/* --- measuring --------------------------------------------------------------------------------------------------- */

/*
 * The number of seeds: the user's, or one of these two. With 16 seeds the smallest p is 1.5e-5, which stays below 0.05
 * with Holm's correction over all claims; with 12 it may not.
 */
size_t claim_seeds(const assay_claims_input *input, size_t quick, size_t full);

/* Reports progress: part `done` of `total`. */
void claim_progress(const assay_claims_input *input, size_t done, size_t total);

/* --- recorded results --------------------------------------------------------------------------------------------- */

/*
 * Whether the file is there. Also true if that cannot be found out, so that reading it reports the reason: the path is
 * NULL for lack of memory, or the folder cannot be searched.
 */
bool claim_file_exists(const char *path);

/* --- the claims -------------------------------------------------------------------------------------------------- */

extern const assay_claim assay_claim_1, assay_claim_2, assay_claim_3, assay_claim_4, assay_claim_5, assay_claim_6,
    assay_claim_7, assay_claim_8, assay_claim_9, assay_claim_10, assay_claim_11, assay_claim_12, assay_claim_13,
    assay_claim_14, assay_claim_15, assay_claim_16, assay_claim_17, assay_claim_18, assay_claim_19, assay_claim_20,
    assay_claim_21, assay_claim_22;

/* About optimizers. */
extern const assay_claim assay_claim_23, assay_claim_24, assay_claim_25, assay_claim_26, assay_claim_27, assay_claim_28,
    assay_claim_29, assay_claim_30, assay_claim_31, assay_claim_32, assay_claim_33;

#endif
