/*
 * The draws behind the author's saved runs: what the notebook had taken from PyTorch's default generator by the time each
 * training run began (doc/reproduction.md, "The saved runs"). All of it is PyTorch 1.6's order.
 */
#ifndef ASSAY_TUTORIAL_CHAIN_H
#define ASSAY_TUTORIAL_CHAIN_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/data/split.h>
#include <assay/random/generator.h>

ASSAY_BEGIN_DECLS

/* The three runs, in their order. */
typedef enum { ASSAY_RUN_SGD, ASSAY_RUN_MOMENTUM, ASSAY_RUN_ADAM, ASSAY_RUN_COUNT } assay_run;

/* "sgd", "momentum", "adam"; ASSAY_ERROR_ARGUMENT with these names for anything else. */
assay_status assay_run_by_name(const char *name, assay_run *run, assay_error *error);
/* The stem of the author's files: "FashionMNIST_SGD", "FashionMNIST_SGDMom", "FashionMNIST_Adam". */
const char *assay_run_file_name(assay_run run);
/* The optimizer (assay_optimizer_by_name) that the tutorial prints for a run, and the one that made the author's saved
 * run: for Adam these are two, "adam" and "adam-uncorrected-momentum". */
const char *assay_run_printed_optimizer(assay_run run);
const char *assay_run_saved_optimizer(assay_run run);

/*
 * Seeds `generator` and draws the split of `total` images and everything up to the base network's kaiming_init: the
 * caller initializes the network from `generator` next. The caller ends the split with assay_split_destroy.
 */
assay_status assay_chain_begin(uint64_t seed, size_t total, size_t train_count, assay_generator *generator,
                               assay_split *split, assay_error *error);

/* Draws what a run of `epochs` epochs over `train_count` images draws, so that the next run can begin. `scratch` holds
 * train_count numbers. */
void assay_chain_skip_run(assay_mt19937 *generator, size_t train_count, size_t epochs, uint32_t *scratch);

/* One epoch's draws: the order of its batches, as data set indices, and then the validation loader's seed. `scratch` holds
 * train_count numbers. */
void assay_chain_epoch(assay_mt19937 *generator, const assay_split *split, uint32_t *scratch, uint32_t *order);

ASSAY_END_DECLS
#endif
