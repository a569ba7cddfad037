/*
 * The tutorial's first half as it ran: one session holds the data, the split and the generator of the weights. It goes
 * through the experiments in order, because each draws its weights where the one before stopped.
 */
#ifndef ASSAY_TUTORIAL_SESSION_H
#define ASSAY_TUTORIAL_SESSION_H

#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/nn/network.h>
#include <assay/random/generator.h>
#include <assay/tutorial/experiment.h>
#include <assay/tutorial/results.h>

ASSAY_BEGIN_DECLS

typedef struct {
    const char *data_folder;        /* with IDX files */
    assay_generator_kind generator; /* draws the weights */
    uint64_t seed;                  /* of the weights; the split is always the tutorial's */
    unsigned blocks;                /* Philox's device geometry */
} assay_session_options;

/* The tutorial's own: Philox, seed 42, 448 blocks, Debian's Fashion-MNIST. */
assay_session_options assay_session_defaults(void);

typedef struct assay_session assay_session;

/* Loads the data and draws the split. The backend must outlive the session, which the caller frees with
 * assay_session_destroy. Errors are those of the data; ASSAY_ERROR_FORMAT for too few images for the tutorial's
 * split. */
assay_status assay_session_create(assay_backend *backend, const assay_session_options *options, assay_session **session,
                                  assay_error *error);
void assay_session_destroy(assay_session *session);

/* Appends the moments of the data (cell [7]), and those of one batch (cell [8]). */
assay_status assay_session_measure_data(assay_session *session, assay_section_results *results, assay_error *error);
assay_status assay_session_measure_batch(assay_session *session, assay_section_results *results, assay_error *error);

/*
 * Runs one experiment and appends its results. The weights of earlier experiments that were not run are drawn and
 * thrown away first, so that an experiment always gives what it gives in the whole run; to go back, the session seeds
 * the generator again.
 */
assay_status assay_session_run_experiment(assay_session *session, const assay_experiment *experiment,
                                          assay_section_results *results, assay_error *error);

/*
 * The network as the last experiment left it, after a forward and a backward pass on the tutorial's 1,024 images:
 * weights, gradients and preactivations can be read from it. It belongs to the session and is valid until the next
 * experiment. NULL before the first.
 */
assay_network *assay_session_network(assay_session *session);

/* The training set and its split; they belong to the session. */
const assay_dataset *assay_session_training_data(const assay_session *session);
const assay_split *assay_session_split(const assay_session *session);

ASSAY_END_DECLS
#endif
