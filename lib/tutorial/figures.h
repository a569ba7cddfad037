/* The tutorial's figures, and two that it only describes. */
#ifndef ASSAY_TUTORIAL_FIGURES_H
#define ASSAY_TUTORIAL_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/report/figure.h>
#include <assay/tutorial/depth.h>
#include <assay/tutorial/descents.h>
#include <assay/tutorial/record.h>
#include <assay/tutorial/sections.h>

ASSAY_BEGIN_DECLS

/* Every function here makes one figure, which the caller frees with assay_figure_destroy; NULL after a failure. */

typedef enum { ASSAY_PICTURE_WEIGHTS, ASSAY_PICTURE_GRADIENTS, ASSAY_PICTURE_ACTIVATIONS } assay_picture;

/* Whether the tutorial draws this picture in this section. */
bool assay_picture_in_tutorial(assay_section section, assay_picture picture);

/*
 * A histogram of 50 bins with its density for each linear layer (plot_dists of cell [11]), read from the network that
 * assay_session_run_experiment left: weights and gradients as counts, activations as densities, all
 * ASSAY_TUTORIAL_BATCH rows.
 */
assay_status assay_experiment_figure(assay_network *network, assay_section section, assay_picture picture,
                                     assay_figure **figure, assay_error *error);

/* The surface of "pathological" or "steep" in three dimensions: cells [30] and [34], with their grid of 100 x 100. */
assay_status assay_surface_figure(assay_section section, assay_figure **figure, assay_error *error);

/* The surface from above with the three trajectories, run on `backend`: cells [33] and [35], with their ranges. */
assay_status assay_descent_figure(assay_backend *backend, assay_section section, assay_figure **figure,
                                  assay_error *error);

/* Standard deviations against depth; one curve for each experiment, assay_experiment_count() in all. */
assay_status assay_depth_figure(const assay_depth_curve *curves, assay_figure **figure, assay_error *error);

/* Training and validation accuracy after each epoch (train_model of cell [20]); `name` is the run's, such as
 * "FashionMNIST_SGD"; `author` may be NULL. */
assay_status assay_run_figure(const char *name, const assay_run_record *ours, const assay_run_record *author,
                              assay_figure **figure, assay_error *error);

/* The first losses of a run by one optimizer. */
typedef struct {
    const char *label;
    const double *losses; /* [count] */
} assay_first_steps;

/* Our losses over the author's, below them the relative differences, and the step from which on they differ
 * (retrace.h). */
assay_status assay_first_steps_figure(const char *name, size_t count, const double *author, size_t ours_count,
                                      const assay_first_steps *ours, assay_figure **figure, assay_error *error);

ASSAY_END_DECLS
#endif
