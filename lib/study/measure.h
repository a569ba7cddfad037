/* Internal: what a run can record, each measure with one descriptor. */
#ifndef ASSAY_STUDY_MEASURE_H
#define ASSAY_STUDY_MEASURE_H

#include <jansson.h>
#include <stdbool.h>

#include <assay/base/error.h>
#include <assay/data/dataset.h>
#include <assay/train/trainer.h>

/* A trained network and its data. */
typedef struct {
    assay_trainer *trainer;
    const assay_dataset *train; /* what trains and validates */
    const assay_dataset *test;
} study_trained;

typedef struct {
    const char *name;
    bool number;       /* one number; else a list of numbers */
    bool needs_finish; /* null where training diverged before its last epoch */
    /* Sets `*value` (NULL: out of memory). At least one epoch has been finished. */
    assay_status (*measure)(const study_trained *trained, json_t **value, assay_error *error);
} study_measure;

/* ASSAY_ERROR_ARGUMENT, with the known names, for any other name. */
assay_status study_measure_by_name(const char *name, const study_measure **measure, assay_error *error);

#endif
