/*
 * Puts similar images of a batch next to each other. Gradients, losses and accuracies are sums over a batch, so its
 * order changes only their rounding. But a backend that skips what several neighbouring rows do not need (background
 * pixels, units that a ReLU switched off) can skip more if neighbours have the same class and the same size.
 */
#ifndef ASSAY_TRAIN_LIKENESS_H
#define ASSAY_TRAIN_LIKENESS_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/data/dataset.h>

ASSAY_BEGIN_DECLS

typedef struct assay_likeness assay_likeness;

/* Sorts the images (the data set's inputs are bytes) by label and then by how many of their pixels are not 0. The
 * caller frees it with assay_likeness_destroy. NULL, and ASSAY_ERROR_MEMORY in `error`, when memory is out. */
assay_likeness *assay_likeness_create(const assay_dataset *data, assay_error *error);
void assay_likeness_destroy(assay_likeness *likeness);

/*
 * Reorders each batch of `rows` among the `count` images of `order`; the last batch may be smaller. Images stay in
 * their batch. order: distinct indices below the data set's count; rows >= 1. Allocates nothing.
 */
void assay_likeness_group(assay_likeness *likeness, uint32_t *order, size_t count, size_t rows);

ASSAY_END_DECLS
#endif
