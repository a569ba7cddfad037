/*
 * The folder of a study: one file with one line of JSON for each finished run. Processes, on one machine or on several
 * that share the file system, work in it side by side: each takes a run by a lock on a byte of the file `lock`, which
 * the system frees when the process ends, however it ends. What is finished is never run again.
 */
#ifndef ASSAY_STUDY_STORE_H
#define ASSAY_STUDY_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/study/plan.h>

ASSAY_BEGIN_DECLS

typedef struct assay_study_store assay_study_store;

/*
 * Opens the folder, and makes it with plan.json in it if it is not there. ASSAY_ERROR_ARGUMENT for the folder of
 * another
 * study: its name, its fixed settings or its list of measures differ (more levels and more seeds are allowed), or the
 * folder has files but no plan.json. ASSAY_ERROR_IO. The plan must outlive the store, which the caller ends with
 * assay_study_store_close.
 */
assay_status assay_study_store_open(const assay_study_plan *plan, const char *folder, assay_study_store **store,
                                    assay_error *error);
/* Gives back the runs that are still taken. NULL is allowed. */
void assay_study_store_close(assay_study_store *store);

const assay_study_plan *assay_study_store_plan(const assay_study_store *store);

typedef enum {
    ASSAY_STUDY_OPEN,  /* to be run; by this process, if it was asked to take it */
    ASSAY_STUDY_TAKEN, /* another process runs it */
    ASSAY_STUDY_DONE   /* finished: its result is in the folder */
} assay_study_state;

/*
 * Takes a run, if it is open. A result that is incomplete or damaged is moved to NAME.damaged, and `*damaged` (NULL:
 * not asked) is its path, which the caller frees with assay_free; the run is open again. ASSAY_ERROR_ARGUMENT if other
 * settings than the plan's made the result. A taken run belongs to this process until _put, _give_back or _close.
 * Processes do not share a store: each opens it.
 */
assay_status assay_study_store_take(assay_study_store *store, size_t run, assay_study_state *state, char **damaged,
                                    assay_error *error);
/* Stores the line of assay_study_run for the run that was taken, completely or not at all. */
assay_status assay_study_store_put(assay_study_store *store, size_t run, const char *line, assay_error *error);
void assay_study_store_give_back(assay_study_store *store, size_t run);

/* Whether the result is there; it is not read. */
bool assay_study_store_has(const assay_study_store *store, size_t run);

/*
 * Reads the measure `measure`, which is one number, of a finished run: NaN if it is null (study/run.h).
 * ASSAY_ERROR_IO if the run is not finished, ASSAY_ERROR_FORMAT if its result is damaged.
 */
assay_status assay_study_store_number(const assay_study_store *store, size_t run, size_t measure, double *value,
                                      assay_error *error);

/* The same for a measure that is a list, which the caller frees with assay_free; it is empty where training diverged in
 * its first epoch. */
assay_status assay_study_store_list(const assay_study_store *store, size_t run, size_t measure, double **values,
                                    size_t *count, assay_error *error);

enum { ASSAY_STUDY_ORIGIN_LENGTH = 96 };

/* Who made a result; texts are "" where the result does not say. */
typedef struct {
    char host[ASSAY_STUDY_ORIGIN_LENGTH];
    char backend[ASSAY_STUDY_ORIGIN_LENGTH]; /* "openblas:f32" */
    char kernels[ASSAY_STUDY_ORIGIN_LENGTH]; /* as assay_openblas_kernels says */
    char version[ASSAY_STUDY_ORIGIN_LENGTH];
    char commit[ASSAY_STUDY_ORIGIN_LENGTH];
    double seconds;
} assay_study_origin;

/* Fails as assay_study_store_number. */
assay_status assay_study_store_origin(const assay_study_store *store, size_t run, assay_study_origin *origin,
                                      assay_error *error);

ASSAY_END_DECLS
#endif
