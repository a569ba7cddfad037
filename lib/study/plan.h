/*
 * A study: many independent training runs, one for each combination of settings and each seed, that answer "which of
 * these settings is better?". The plan is a JSON file:
 *
 *   {"study": "rates",
 *    "about": "which learning rate suits which optimizer?",
 *    "settings": {"init": "kaiming-normal", "epochs": 10},
 *    "factors": [{"name": "optimizer", "levels": ["sgd", {"name": "slow-adam", "optimizer": "adam", "lr": 1e-4}]},
 *                {"name": "batch", "levels": [64, 256]}],
 *    "seeds": {"first": 1, "count": 20},
 *    "record": ["test_accuracy", "validation_scores"]}
 *
 * A cell is one level of each factor. A level that is a text or a number sets the setting of the factor's name; a level
 * that is an object sets all that it lists. A seed decides the split and the weights, whatever the other settings are:
 * runs of one seed start alike and can be compared in pairs. doc/study.md lists settings and measures.
 */
#ifndef ASSAY_STUDY_PLAN_H
#define ASSAY_STUDY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef struct assay_study_plan assay_study_plan;

/* Most bytes of a plan's file. */
#define ASSAY_STUDY_PLAN_LIMIT ((size_t)4 << 20)

/* Most runs of a plan. */
#define ASSAY_STUDY_RUN_LIMIT ((size_t)10000000)

/*
 * Reads a plan from its text; `name` is what messages call it. Each cell's settings are tried, so that a plan that can
 * be read can be run. ASSAY_ERROR_FORMAT for text that is no JSON and for a plan that lacks something,
 * ASSAY_ERROR_ARGUMENT for unknown names and values out of range. The caller ends it with assay_study_plan_destroy.
 */
assay_status assay_study_plan_parse(const char *text, size_t length, const char *name, assay_study_plan **plan,
                                    assay_error *error);
/* The same from a file. */
assay_status assay_study_plan_read(const char *path, assay_study_plan **plan, assay_error *error);
/* NULL is allowed. */
void assay_study_plan_destroy(assay_study_plan *plan);

/* Texts belong to the plan. */
const char *assay_study_plan_name(const assay_study_plan *plan);
const char *assay_study_plan_about(const assay_study_plan *plan); /* "" if there is none */

/* --- cells, seeds and runs --------------------------------------------------------------------------------------- */

size_t assay_study_plan_cells(const assay_study_plan *plan);
/* "optimizer=adam,batch=64"; "all" in a plan without factors. */
const char *assay_study_plan_cell(const assay_study_plan *plan, size_t cell);

size_t assay_study_plan_seeds(const assay_study_plan *plan);
uint64_t assay_study_plan_seed(const assay_study_plan *plan, size_t index);

/* cells * seeds. Run i has cell i % cells and seed i / cells: a study that was stopped has tried each cell about
 * equally often. */
size_t assay_study_plan_runs(const assay_study_plan *plan);

/* "optimizer=adam,batch=64,seed=3": unique in the plan, and the same in a plan with more levels or seeds. The caller
 * frees it with assay_free; NULL, and ASSAY_ERROR_MEMORY in `error`, when there is no memory. */
char *assay_study_plan_key(const assay_study_plan *plan, size_t run, assay_error *error);

/* --- measures ---------------------------------------------------------------------------------------------------- */

/* What each run records, in the plan's order. */
size_t assay_study_plan_measures(const assay_study_plan *plan);
const char *assay_study_plan_measure(const assay_study_plan *plan, size_t index);
/* Whether a measure is one number; others are lists. */
bool assay_study_plan_measure_is_number(const assay_study_plan *plan, size_t index);

ASSAY_END_DECLS
#endif
