/* A small data set that can be learned, and runs on it. */
#ifndef ASSAY_TESTS_TRAIN_SAMPLE_H
#define ASSAY_TESTS_TRAIN_SAMPLE_H

#include <assay/train/trainer.h>

/* `count` noisy images; the place of a bright bar is the class. The caller frees them with assay_dataset_destroy. */
assay_dataset sample_dataset(size_t count, uint64_t seed);

/* A run of `epochs` epochs over 300 of 400 images in batches of 32, with 20 and 12 hidden units. */
assay_train_options sample_options(const char *optimizer, const char *settings, size_t epochs);

assay_backend *sample_backend(const char *name, assay_precision precision, int threads);

#endif
