/*
 * The draws behind the author's saved runs: what the notebook had taken from PyTorch's default generator by the time
 * each training run began (doc/reproduction.md, "The saved runs"). All of it is in PyTorch 1.6's order.
 */
#ifndef ASSAY_TUTORIAL_CHAIN_H
#define ASSAY_TUTORIAL_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/data/split.h>
#include <assay/random/generator.h>
#include <assay/train/trainer.h>

ASSAY_BEGIN_DECLS

/* Training runs in the notebook. */
enum { ASSAY_CHAIN_RUNS = 3 };

/* The draws of a run, for the options of a trainer. `earlier` runs come before it: 0 to ASSAY_CHAIN_RUNS - 1. */
const assay_train_draws *assay_chain_draws(size_t earlier);

/*
 * Seeds `generator` and draws the split of `total` images and everything up to the base network's kaiming_init: the
 * caller initializes the network from `generator` next. The caller frees the split with assay_split_destroy.
 */
assay_status assay_chain_begin(uint64_t seed, size_t total, size_t train_count, assay_generator *generator,
                               assay_split *split, assay_error *error);

/* Draws what a run of `epochs` epochs over `train_count` images draws, so that the next run can begin. `scratch` holds
 * train_count numbers. */
void assay_chain_skip_run(assay_mt19937 *generator, size_t train_count, size_t epochs, uint32_t *scratch);

ASSAY_END_DECLS
#endif
