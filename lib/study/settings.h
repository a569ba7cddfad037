/* Internal: the settings that a plan can give, each with one descriptor. */
#ifndef ASSAY_STUDY_SETTINGS_H
#define ASSAY_STUDY_SETTINGS_H

#include <jansson.h>
#include <stddef.h>

#include <assay/base/error.h>
#include <assay/train/trainer.h>

/* A run's settings, after all descriptors have read theirs. */
typedef struct {
    assay_train_options train; /* network.inputs and network.classes are the data's, set before a run */
    size_t validation_count;   /* samples that validate; train.train_count that train; 0 of either: the default */
    size_t depth;              /* with width: that many hidden layers of that many units; 0: train.network */
    size_t width;
} study_settings;

/* Reads {"optimizer": "adam", "lr": 0.01, ...}. What is not given has its default (doc/study.md).
 * ASSAY_ERROR_ARGUMENT. */
assay_status study_settings_read(const json_t *object, study_settings *settings, assay_error *error);

#endif
