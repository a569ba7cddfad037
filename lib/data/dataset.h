/* Classification data sets in memory: what training, evaluation and the experiments read. */
#ifndef ASSAY_DATA_DATASET_H
#define ASSAY_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* --- any data ---------------------------------------------------------------------------------------------------- */

/*
 * Samples with their class. The inputs are either bytes (images) or floats. The network reads bytes normalised,
 * (byte / 255 - mean) / std, and floats as they are: data/scaling.h normalises them.
 */
typedef struct {
    size_t count; /* samples */
    size_t width; /* inputs of a sample */
    size_t classes;
    uint8_t *pixels; /* [count][width], row-major, 0 black to 255 white; NULL if the inputs are floats */
    float mean;      /* of pixel / 255 */
    float std;       /* of pixel / 255; above 0 */
    float *values;   /* [count][width], row-major; NULL if the inputs are bytes */
    int32_t *labels; /* [count], from 0 to classes - 1 */
} assay_dataset;

typedef enum { ASSAY_INPUTS_BYTES, ASSAY_INPUTS_FLOATS } assay_inputs;

/*
 * Allocates a data set of zeros, which the caller fills in: `pixels` or `values`, and `labels`. For bytes, mean is 0
 * and std is 1 at first. The caller frees it with assay_dataset_destroy. ASSAY_ERROR_ARGUMENT if a size is 0.
 */
assay_status assay_dataset_create(assay_inputs inputs, size_t count, size_t width, size_t classes,
                                  assay_dataset *dataset, assay_error *error);

/* Frees the arrays; a zeroed struct is allowed. */
void assay_dataset_destroy(assay_dataset *dataset);

/* The 256 values of a pixel after PyTorch's ToTensor and Normalize, all in float32: (p / 255 - mean) / std. */
void assay_normalization_table(float mean, float std, float table[256]);

/* Mean and standard deviation (n - 1) of pixel / 255 over the whole set; the inputs are bytes. */
void assay_dataset_moments(const assay_dataset *dataset, double *mean, double *std);

/* --- Fashion-MNIST and the sets of its form ---------------------------------------------------------------------- */

/* 28 x 28 grey pixels, ten classes. */
enum { ASSAY_IMAGE_SIDE = 28, ASSAY_IMAGE_PIXELS = 784, ASSAY_CLASSES = 10 };

/* Where Debian's package dataset-fashion-mnist puts its files. */
#define ASSAY_DEFAULT_DATA "/usr/share/datasets/fashion-mnist"

/* Fashion-MNIST's mean and standard deviation, as they are usually rounded: Normalize((0.2861,), (0.3530,)). */
#define ASSAY_NORMALIZE_MEAN 0.2861f
#define ASSAY_NORMALIZE_STD 0.3530f

typedef enum { ASSAY_TRAIN, ASSAY_TEST } assay_part;

/*
 * Reads Fashion-MNIST, MNIST, KMNIST or the digits of EMNIST: {train,t10k}-{images-idx3,labels-idx1}-ubyte, or
 * emnist-digits-{train,test}-..., each plain or with .gz, also with a dot (t10k-images.idx3-ubyte). They are in
 * `folder`, or below it where torchvision puts them (raw, FashionMNIST/raw, MNIST/raw, ...). EMNIST's images are
 * transposed, as its publishers and torchvision have them. mean and std are the tutorial's.
 * The caller frees the data set with assay_dataset_destroy. Errors name the file and what is wrong: folder or file
 * missing, two data sets in one folder, truncated, wrong magic number, not 28x28, labels over 9, different counts of
 * images and labels, no images, and what assay_idx_read refuses.
 */
assay_status assay_dataset_load(const char *folder, assay_part part, assay_dataset *dataset, assay_error *error);

/* By which mean and standard deviation: the tutorial's, which are Fashion-MNIST's, or those of the training images. */
typedef enum { ASSAY_NORMALIZE_TUTORIAL, ASSAY_NORMALIZE_OWN } assay_normalization;

/* "tutorial" or "own"; ASSAY_ERROR_ARGUMENT for another name. */
assay_status assay_normalization_by_name(const char *name, assay_normalization *normalization, assay_error *error);

/*
 * Sets mean and std of a data set that assay_dataset_load read from this part of `folder`. ASSAY_NORMALIZE_OWN measures
 * the training images (for the test part it reads them); a network needs the same numbers for both parts. Fails as
 * assay_dataset_load does; ASSAY_ERROR_NUMERIC if all pixels are equal.
 */
assay_status assay_dataset_normalize(const char *folder, assay_part part, assay_normalization normalization,
                                     assay_dataset *dataset, assay_error *error);

ASSAY_END_DECLS
#endif
