/*
 * What the tutorial describes but does not draw: how the spread of activations and gradients changes with depth, for
 * each of its initializations, in a network of fifty linear layers.
 */
#ifndef ASSAY_TUTORIAL_DEPTH_H
#define ASSAY_TUTORIAL_DEPTH_H

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/random/generator.h>
#include <assay/tutorial/experiment.h>

ASSAY_BEGIN_DECLS

/* 784 -> 256 -> ... -> 256 -> 10, on the first 256 images of the training set. */
enum { ASSAY_DEPTH_LAYERS = 50, ASSAY_DEPTH_WIDTH = 256, ASSAY_DEPTH_ROWS = 256 };

/* The spread in each linear layer; standard deviations over all elements (n). */
typedef struct {
    double activation[ASSAY_DEPTH_LAYERS]; /* of the layer's output before its activation function */
    double gradient[ASSAY_DEPTH_LAYERS];   /* of the loss's gradient with respect to the layer's weights */
} assay_depth_curve;

/*
 * Initializes such a network as the experiment does (weights drawn by a copy of `generator`, so that no curve depends
 * on another), and passes the images forward and back. Needs a backend of double precision: a factor of 0.16^50 is
 * below float's range. Values that are only rounding become 0: a spread below 1e-12 of the mean; and, for constant
 * weights, the gradients below the last layer, which are multiples of the sum of the outputs' gradients, and that sum
 * is 0. ASSAY_ERROR_ARGUMENT for a backend of single precision, or too few images.
 */
assay_status assay_depth_measure(assay_backend *backend, const assay_dataset *data, const assay_split *split,
                                 const assay_generator *generator, const assay_experiment *experiment,
                                 assay_depth_curve *curve, assay_error *error);

ASSAY_END_DECLS
#endif
