/* Internal: what a plan is made of. */
#ifndef ASSAY_STUDY_PLAN_IMPL_H
#define ASSAY_STUDY_PLAN_IMPL_H

#include <jansson.h>

#include <assay/study/plan.h>
#include "study/measure.h"
#include "study/settings.h"

typedef struct {
    char *name;
    json_t *settings; /* an object */
} plan_level;

typedef struct {
    const char *name; /* belongs to the document */
    size_t level_count;
    plan_level *levels;
} plan_factor;

struct assay_study_plan {
    json_t *document;
    const char *name;
    const char *about;
    json_t *settings; /* fixed ones; an object */
    size_t factor_count;
    plan_factor *factors;
    size_t cell_count;
    char **cells; /* their names */
    size_t seed_count;
    uint64_t *seeds;
    size_t measure_count;
    const study_measure **measures;
};

/* The settings of a cell as one object: the fixed ones, and those of its levels. NULL and ASSAY_ERROR_MEMORY. */
json_t *study_plan_settings(const assay_study_plan *plan, size_t cell, assay_error *error);

#endif
