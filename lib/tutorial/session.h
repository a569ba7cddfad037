/*
 * The tutorial's first half as it ran: one session holds the data, the split and the generator of the weights, and goes
 * through the sections in order, because each draws its weights where the one before stopped.
 */
#ifndef ASSAY_TUTORIAL_SESSION_H
#define ASSAY_TUTORIAL_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/init/initializer.h>
#include <assay/nn/network.h>
#include <assay/tutorial/numbers.h>

ASSAY_BEGIN_DECLS

/* The tutorial's run: seed 42; 50,000 images train; experiments look at the first 1,024 of them. */
enum {
    ASSAY_TUTORIAL_SEED = 42,
    ASSAY_TUTORIAL_TRAIN_COUNT = 50000,
    ASSAY_TUTORIAL_BATCH = 1024,
    ASSAY_RESULT_LABEL = 48,
    ASSAY_SECTION_MAX_RESULTS = 32
};

typedef struct {
    const char *data_folder;       /* of IDX files */
    assay_generator_kind generator; /* draws the weights */
    uint64_t seed;                  /* of the weights; the split is the tutorial's always */
    unsigned blocks;                /* Philox's device geometry */
} assay_session_options;

/* The tutorial's own run: Philox, seed 42, 448 blocks, Debian's Fashion-MNIST. */
assay_session_options assay_session_defaults(void);

typedef struct assay_session assay_session;

/* Loads the data and draws the split. The backend must outlive the session; the caller ends it with
 * assay_session_destroy. Errors: those of the data; fewer images than the tutorial's 60,000 are refused. */
assay_status assay_session_create(assay_backend *backend, const assay_session_options *options, assay_session **session,
                                  assay_error *error);
void assay_session_destroy(assay_session *session);

/* What was said of one number. */
typedef enum {
    ASSAY_VERDICT_AGREES,
    ASSAY_VERDICT_DIFFERS,
    ASSAY_VERDICT_SHOWN /* nothing to judge it by; not counted */
} assay_verdict;

/* What it was judged by: the printed number; for other weights than the tutorial's, the theory; where the tutorial plots
 * and prints nothing, what PyTorch computes from its code, what its prose says, and what the author's records hold. */
typedef enum {
    ASSAY_BASIS_PRINTED,
    ASSAY_BASIS_THEORY,
    ASSAY_BASIS_PYTORCH,
    ASSAY_BASIS_PROSE,
    ASSAY_BASIS_RECORD
} assay_basis;

typedef struct {
    char label[ASSAY_RESULT_LABEL];
    double printed;  /* the tutorial's number; where it prints none, the expected one */
    int decimals;    /* of the printed number where the tutorial rounds it; 0 for full precision */
    double ours;
    double expected; /* what ours was compared with: `printed`, or the theory's expectation */
    bool absolute;   /* errors are absolute, not relative to `expected` */
    double error;    /* |ours - expected|, over |expected| unless absolute */
    double allowed;  /* the largest error that agrees, likewise */
    assay_basis basis;
    assay_verdict verdict;
} assay_result;

typedef struct {
    assay_section section;
    size_t count;
    assay_result results[ASSAY_SECTION_MAX_RESULTS];
} assay_section_results;

/* Whether a section belongs to the session: the data, the batch, and the seven initializations. */
bool assay_session_has(assay_section section);

/*
 * Runs one section. Sections before it that were not run are caught up with first (their weights are drawn and thrown
 * away), so that any section gives what it gives in the whole run; going back starts the generator again.
 */
assay_status assay_session_run(assay_session *session, assay_section section, assay_section_results *results,
                               assay_error *error);

/* The experiment of an initialization section: for pictures. NULL for "data" and "batch". */
typedef struct {
    assay_section section;
    assay_initializer initializer;
    assay_activation_kind activation;
    bool weights;     /* the tutorial plots the weights */
    bool gradients;   /* the tutorial plots or prints the weights' gradients */
    bool activations; /* ... and the linear layers' outputs */
} assay_experiment;
const assay_experiment *assay_experiment_of(assay_section section);

/*
 * The network as the last assay_session_run of an initialization section left it, after a forward and a backward pass on
 * the tutorial's 1,024 images: weights, gradients and preactivations can be read from it. It belongs to the session and
 * is valid until the next run. NULL before.
 */
assay_network *assay_session_network(assay_session *session);

/* The parts others build on; they belong to the session. */
const assay_dataset *assay_session_training_data(const assay_session *session);
const assay_split *assay_session_split(const assay_session *session);

ASSAY_END_DECLS
#endif
