/*
 * The record of a study: one file with the lines of its runs, byte for byte as they are in the folder (study/store.h),
 * sorted by their keys. It is small enough to be kept beside the program, and is read like a folder. A first line says
 * where the record was written: {"record": NAME, "host": ..., "kernels": ..., "commit": ...}; it may be missing.
 */
#ifndef ASSAY_STUDY_RECORD_H
#define ASSAY_STUDY_RECORD_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/study/run.h>
#include <assay/study/store.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a record. */
#define ASSAY_STUDY_RECORD_LIMIT ((size_t)1 << 30)

/*
 * Writes the record of a folder, completely or not at all; runs that are not finished are left out. Of `here` the first
 * line names host, kernels and commit; the kernels are those of results that this host made and that name none. Fails
 * as assay_study_store_number, and with ASSAY_ERROR_IO where there is no result at all.
 */
assay_status assay_study_record_write(const assay_study_store *folder, const assay_study_origin *here, const char *path,
                                      assay_error *error);

/*
 * Reads a record as a store, which can be asked but takes no runs; the caller ends it with assay_study_store_close, and
 * the plan must outlive it. Runs may be missing (assay_study_store_has). ASSAY_ERROR_FORMAT, with the number of the
 * line, for one that is incomplete, damaged or not in order; ASSAY_ERROR_ARGUMENT for a line of another plan: of a run
 * that the plan does not have, of other settings, or without one of the plan's measures.
 */
assay_status assay_study_record_open(const assay_study_plan *plan, const char *path, assay_study_store **store,
                                     assay_error *error);

/*
 * Does all runs of a plan, one after the other, in this process, and keeps their results in memory: a store like that
 * of a record, for small plans. `progress` (NULL: none) is called after each run. Fails as assay_study_run.
 */
assay_status assay_study_run_all(const assay_study_plan *plan, const assay_study_machine *machine,
                                 void (*progress)(void *user, size_t done, size_t total), void *user,
                                 assay_study_store **store, assay_error *error);

/* The runs of the plan that are not in the store: their number, and in `*first` the first of them. */
size_t assay_study_missing(const assay_study_store *store, size_t *first);

ASSAY_END_DECLS
#endif
