/* Internal: what a store is made of. */
#ifndef ASSAY_STUDY_STORE_IMPL_H
#define ASSAY_STUDY_STORE_IMPL_H

#include <jansson.h>

#include <assay/study/store.h>

/* Most bytes of one result: lists of a million epochs. */
#define STUDY_LINE_LIMIT ((size_t)64 << 20)

struct assay_study_store {
    const assay_study_plan *plan;
    char *folder;   /* or the file of a record */
    int lock;       /* descriptor of FOLDER/lock: a byte for each run, locked while this process has the run */
    json_t **lines; /* [runs] of a record, NULL where it has none; NULL for a folder */
    assay_study_origin packed; /* what the first line of a record says about all its runs */
};

/* A store of a plan with a copy of its name, for folder and record to fill in. NULL: ASSAY_ERROR_MEMORY. */
assay_study_store *study_store_new(const assay_study_plan *plan, const char *name, assay_error *error);

/* The text of a run's line, which is checked, with its newline; the caller frees it with assay_free. NULL with
 * ASSAY_OK: the run is not finished. Only for a folder. ASSAY_ERROR_IO, ASSAY_ERROR_FORMAT, ASSAY_ERROR_ARGUMENT,
 * ASSAY_ERROR_MEMORY. */
assay_status study_store_text(const assay_study_store *store, size_t run, char **text, size_t *length,
                              assay_error *error);

/* As assay_study_store_number; a run that is not finished is no error. */
assay_status study_store_number(const assay_study_store *store, size_t run, size_t measure, bool *finished,
                                double *value, assay_error *error);

#endif
