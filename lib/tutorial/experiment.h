/* The seven initializations of the tutorial: what each draws, and what is measured. */
#ifndef ASSAY_TUTORIAL_EXPERIMENT_H
#define ASSAY_TUTORIAL_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>
#include <assay/init/initializer.h>
#include <assay/nn/network.h>
#include <assay/random/generator.h>
#include <assay/tutorial/numbers.h>
#include <assay/tutorial/results.h>

ASSAY_BEGIN_DECLS

typedef struct {
    assay_section section;
    const char *label; /* in figures that show all of them */
    assay_initializer initializer;
    assay_activation_kind activation;
    bool weights;     /* the tutorial plots the weights */
    bool gradients;   /* the tutorial plots or prints the gradients of the weights */
    bool activations; /* the tutorial plots or prints the outputs of the linear layers */
    bool steady;      /* the scale depends on the size of the layer, so that it stays the same through many layers */
} assay_experiment;

/* All of them, in the tutorial's order: each draws its weights where the one before stopped. index < the count. */
size_t assay_experiment_count(void);
const assay_experiment *assay_experiment_at(size_t index);

/* The experiment of a section; NULL for a section that has none. */
const assay_experiment *assay_experiment_of(assay_section section);

/*
 * Draws the weights into `*network`, which is made anew if it is NULL or has another activation function. On failure it
 * may be NULL. The caller frees it with assay_network_destroy.
 */
assay_status assay_experiment_draw(const assay_experiment *experiment, assay_backend *backend,
                                   assay_generator *generator, assay_network **network, assay_error *error);

/*
 * Passes a batch of ASSAY_TUTORIAL_BATCH images forward and back, and appends the variances that the tutorial prints.
 * They are compared with the printed ones or, if the weights are not `as_printed`, with the theory (tutorial/theory.h).
 */
assay_status assay_experiment_measure(const assay_experiment *experiment, assay_network *network, assay_slice images,
                                      assay_slice labels, bool as_printed, assay_section_results *results,
                                      assay_error *error);

ASSAY_END_DECLS
#endif
