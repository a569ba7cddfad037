/* Image classification data sets in memory: what training, evaluation and the experiments read. */
#ifndef ASSAY_DATA_DATASET_H
#define ASSAY_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* Fashion-MNIST: 28 x 28 grey pixels, ten classes. */
enum { ASSAY_IMAGE_SIDE = 28, ASSAY_IMAGE_PIXELS = 784, ASSAY_CLASSES = 10 };

/* Where Debian's dataset-fashion-mnist puts its files. */
#define ASSAY_DEFAULT_DATA "/usr/share/datasets/fashion-mnist"

typedef struct {
    size_t count;    /* images */
    size_t width;    /* pixels an image: ASSAY_IMAGE_PIXELS */
    uint8_t *pixels; /* [count][width], row-major, 0 black to 255 white */
    uint8_t *labels; /* [count], below ASSAY_CLASSES */
} assay_dataset;

typedef enum { ASSAY_TRAIN, ASSAY_TEST } assay_part;

/*
 * Reads {train,t10k}-{images-idx3,labels-idx1}-ubyte, each plain or with .gz, from `folder`. The caller ends it with
 * assay_dataset_destroy. Errors name the file and what is wrong: folder or file missing (names Debian's package),
 * truncated, wrong magic, not 28x28, labels over 9, different counts of images and labels, no images.
 */
assay_status assay_dataset_load(const char *folder, assay_part part, assay_dataset *dataset, assay_error *error);

/* Frees what assay_dataset_load filled in; a zeroed struct is allowed. */
void assay_dataset_destroy(assay_dataset *dataset);

/* transforms.Normalize((0.2861,), (0.3530,)) of the tutorial's cell [5]. */
#define ASSAY_NORMALIZE_MEAN 0.2861f
#define ASSAY_NORMALIZE_STD 0.3530f

/* The 256 values a pixel can have after ToTensor and Normalize, all in float32: (p / 255 - mean) / std. */
void assay_normalization_table(float mean, float std, float table[256]);

/* Mean and standard deviation (n - 1) of pixel / 255 over the whole set: the tutorial's cell [7]. */
void assay_dataset_moments(const assay_dataset *dataset, double *mean, double *std);

ASSAY_END_DECLS
#endif
