/* One run of a study (study/plan.h): train a network and write down what the plan asks for. */
#ifndef ASSAY_STUDY_RUN_H
#define ASSAY_STUDY_RUN_H

#include <stddef.h>

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/data/dataset.h>
#include <assay/study/plan.h>

ASSAY_BEGIN_DECLS

/* What runs need and share; all of it belongs to the caller. */
typedef struct {
    assay_backend *backend;     /* with one thread, so that a result does not depend on the machine's load or size */
    const assay_dataset *train; /* the plan's settings say how much of it trains and validates */
    const assay_dataset *test;
    const char *commit; /* of the program, as its user names it; NULL: not recorded */
} assay_study_machine;

/*
 * Runs run `run` of the plan and returns its result as one line of JSON, with a newline at the end, which the caller
 * frees with free: key, settings, results, and under "made" what does not belong to the result (seconds, host,
 * backend, kernels, commit). The rest depends on the plan, the data, the backend and the processor's kernels alone.
 * Training that diverges is a result: "diverged" is the epoch, counted from 1, and measures that need a finished epoch
 * are null, as is every number that is not finite.
 */
assay_status assay_study_run(const assay_study_plan *plan, size_t run, const assay_study_machine *machine, char **line,
                             assay_error *error);

ASSAY_END_DECLS
#endif
