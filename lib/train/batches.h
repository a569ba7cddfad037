/* A data set on a backend, handed out in normalised batches. */
#ifndef ASSAY_TRAIN_BATCHES_H
#define ASSAY_TRAIN_BATCHES_H

#include <stddef.h>
#include <stdint.h>

#include <assay/backend/backend.h>
#include <assay/base/declarations.h>
#include <assay/data/dataset.h>
#include <assay/nn/network.h>

ASSAY_BEGIN_DECLS

typedef struct assay_batches assay_batches;

/*
 * Takes the pixels and labels of `data` to the backend, as bytes; they become reals (normalised as in cell [5]) when a
 * batch is gathered. Batches have up to `max_rows` images. The order is 0, 1, 2, ... at first. The backend and the
 * data's pixels, which a backend in the host's memory reads where they are, must outlive the batches; the caller ends
 * them with assay_batches_destroy.
 */
assay_status assay_batches_create(assay_backend *backend, const assay_dataset *data, size_t max_rows,
                                  assay_batches **batches, assay_error *error);
void assay_batches_destroy(assay_batches *batches);

/* The images in which order, and how many of them: count <= the data set's, every index below it. Allocates nothing. */
void assay_batches_order(assay_batches *batches, const uint32_t *order, size_t count);

/* Images in the order. */
size_t assay_batches_count(const assay_batches *batches);

/* Gathers the images first..first + rows of the order; rows <= max_rows. */
void assay_batches_load(assay_batches *batches, size_t first, size_t rows);

/* The loaded batch: real [rows][width], and INT32 [rows]. */
assay_slice assay_batches_images(const assay_batches *batches, size_t rows);
assay_slice assay_batches_labels(const assay_batches *batches, size_t rows);

/*
 * How many of the images in the order the network classifies as labelled (test_model of cell [20]). The network's
 * max_rows and the batches' bound the batches it is run in. 0 after a failure of the backend.
 */
size_t assay_count_correct(assay_network *network, assay_batches *batches);

ASSAY_END_DECLS
#endif
