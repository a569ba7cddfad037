/* assay claims: what its files share, and what assay reproduce --report needs of it for its chapter on the claims. */
#ifndef ASSAY_TOOLS_CLAIMS_H
#define ASSAY_TOOLS_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/report/page.h>
#include <assay/tutorial/claims.h>
#include "pictures.h"

/* Claims with their results; plain data, zeroed at first. */
struct claims_set {
    size_t count;
    const assay_claim **claims; /* [count] */
    assay_claim_result *results;
};

/* Makes room for `count` claims. The caller ends the set with claims_set_destroy. */
assay_status claims_set_create(size_t count, claims_set *set, assay_error *error);
void claims_set_destroy(claims_set *set);

/*
 * The folder of the recorded results: `given`, or $ASSAY_CLAIMS, or where they are installed. NULL if there is none;
 * the caller frees it with assay_free. ASSAY_ERROR_IO if a folder was named and is not there.
 */
assay_status claims_folder(const char *given, char **folder, assay_error *error);

/* All claims that have a record in `folder`, decided; an empty set if `folder` is NULL. */
assay_status claims_read_recorded(const char *folder, claims_set *set, assay_error *error);

/* How many results have this verdict. */
size_t claims_with_verdict(const claims_set *set, assay_claim_verdict verdict);

/* --- output ------------------------------------------------------------------------------------------------------ */

void claims_print(const claims_set *set);
assay_status claims_write_json(const claims_set *set, const char *path, assay_error *error);

/* "holds 3, holds in part 2, ..." */
void claims_summary(const claims_set *set, char *text, size_t size);

enum { CLAIMS_CONDITION = 3072, CLAIMS_COMMIT = 64, CLAIMS_POWER = 96 };

/* "16 seeds, p = 0.0003, would have seen 0.2", of a part that was tested. */
void claims_power(const assay_claim_part *part, char text[CLAIMS_POWER]);

/* A whole hash is cut to 12 digits; texts such as "13af1cf 2026-11-28, cbc525f 2026-11-28" stay. */
void claims_short_commit(const char *commit, char text[CLAIMS_COMMIT]);

/* "-0.3 [-0.4, -0.2] dB": an estimate with its interval and unit. */
void claims_effect(const assay_claim_part *part, char *text, size_t size);

/* --- page -------------------------------------------------------------------------------------------------------- */

/* Sections of a page, with the texts that they refer to. */
typedef struct claims_page claims_page;

/* Draws the figures of the set into `all`, at the places from PICTURES_CLAIMS on. */
assay_status claims_draw(const claims_set *set, pictures *all, assay_error *error);

/* One section that lists the claims and one for each of them; `set` and `all` must outlive the page, which the caller
 * ends with claims_page_destroy. */
assay_status claims_page_create(const claims_set *set, const pictures *all, claims_page **page, assay_error *error);
void claims_page_destroy(claims_page *page);
const assay_page_section *claims_page_sections(const claims_page *page, size_t *count);

#endif
