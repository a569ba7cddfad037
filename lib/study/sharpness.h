/*
 * Internal: how sharp the optimum is that training found, at the parameters of the best validation epoch and on the
 * first 1,000 training images (fewer if fewer train). Random vectors come from a fixed seed, so that runs can be
 * compared in pairs.
 */
#ifndef ASSAY_STUDY_SHARPNESS_H
#define ASSAY_STUDY_SHARPNESS_H

#include <assay/base/error.h>
#include "study/measure.h"

/* The largest eigenvalue of the Hessian of the mean loss, by Lanczos' method, to 1 % or after 30 products. */
assay_status study_sharpness_eigenvalue(const study_trained *trained, double *value, assay_error *error);

/* The trace of the Hessian: the mean over 10 vectors of random signs (Hutchinson). */
assay_status study_sharpness_trace(const study_trained *trained, double *value, assay_error *error);

/* How much the loss rises when every parameter tensor moves in a random direction by 10 % of its own norm: the mean
 * over 10 directions and their opposites. */
assay_status study_sharpness_rise(const study_trained *trained, double *value, assay_error *error);

#endif
