/*
 * Internal: looks at a trained network, with the parameters of its best validation epoch: how well it fits images, and
 * how sharp the loss is around these parameters.
 */
#ifndef ASSAY_STUDY_PROBE_H
#define ASSAY_STUDY_PROBE_H

#include <assay/base/error.h>
#include <assay/stats/spectrum.h>
#include "study/measure.h"

/* Sharpness is measured on the mean loss of so many training images: the first of the run's split, or all of them if
 * there are fewer. */
enum { STUDY_PROBE_ROWS = 1000 };

/* Mean loss and accuracy over all images that train, or over the test images. */
typedef enum { STUDY_PROBE_TRAINING, STUDY_PROBE_TEST } study_probe_images;
typedef struct {
    double loss;
    double accuracy;
} study_fit;
assay_status study_probe_fit(const study_trained *trained, study_probe_images images, study_fit *fit,
                             assay_error *error);

/* The largest eigenvalue of the loss's Hessian, by Lanczos' method: at most 40 products, or a residual of 0.1 %. */
assay_status study_probe_eigenvalue(const study_trained *trained, assay_eigenvalue *found, assay_error *error);

/* The trace of the Hessian, by Hutchinson's method with 20 random vectors. */
assay_status study_probe_trace(const study_trained *trained, assay_trace_estimate *estimate, assay_error *error);

/*
 * How much the loss grows when each tensor w becomes w + size |w| z / |z| with a random normal z: the mean over 10
 * draws of z. All runs draw the same z. Li et al. (2018), "Visualizing the loss landscape of neural nets", use such
 * directions in proportion to the weights, because a ReLU network can be rescaled without a change of its function.
 */
assay_status study_probe_perturbed(const study_trained *trained, double size, double *growth, assay_error *error);

#endif
