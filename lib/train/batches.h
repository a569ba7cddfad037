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
 * Takes a data set to the backend. Bytes stay bytes there, and become reals, normalised by the data set's mean and std,
 * when a batch is gathered; floats stay in the host's memory, and each batch is copied to the backend. Batches have up
 * to `max_rows` samples. The order is 0, 1, 2, ... at first. The backend and the arrays of the data set must outlive
 * the batches, which the caller frees with assay_batches_destroy. ASSAY_ERROR_ARGUMENT for no rows or samples, more
 * samples than an int32 can count, and a std that is not above 0.
 */
assay_status assay_batches_create(assay_backend *backend, const assay_dataset *data, size_t max_rows,
                                  assay_batches **batches, assay_error *error);
void assay_batches_destroy(assay_batches *batches);

/* Which samples, in which order. count <= the data set's, every index below it. Allocates nothing. */
void assay_batches_order(assay_batches *batches, const uint32_t *order, size_t count);

/* Samples in the order. */
size_t assay_batches_count(const assay_batches *batches);

/* Gathers the samples first..first + rows of the order; rows <= max_rows. */
void assay_batches_load(assay_batches *batches, size_t first, size_t rows);

/* The loaded batch: real [rows][width], and INT32 [rows]. */
assay_slice assay_batches_inputs(const assay_batches *batches, size_t rows);
assay_slice assay_batches_labels(const assay_batches *batches, size_t rows);

/*
 * How many of the samples in the order the network classifies as labelled. It runs in batches of the smaller of the two
 * max_rows, the network's and that of the batches. 0 after a failure of the backend.
 */
size_t assay_count_correct(assay_network *network, assay_batches *batches);

ASSAY_END_DECLS
#endif
