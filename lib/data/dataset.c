#include <assay/data/dataset.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/data/idx.h>
#include "data/files.h"

/* The bytes of the file as the data set's labels. */
static assay_status take_labels(const char *path, const uint8_t *bytes, assay_dataset *dataset, assay_error *error)
{
    dataset->labels = assay_calloc(dataset->count, sizeof *dataset->labels, error);
    if (dataset->labels == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < dataset->count; i++) {
        if (bytes[i] >= ASSAY_CLASSES) {
            return assay_fail(error, ASSAY_ERROR_FORMAT,
                              "%s: label %u of image %zu (counted from 0) is over %d; name a folder with labels of %d "
                              "classes",
                              path, bytes[i], i, ASSAY_CLASSES - 1, ASSAY_CLASSES);
        }
        dataset->labels[i] = bytes[i];
    }
    return ASSAY_OK;
}

static assay_status load_files(const char *images, const char *labels, assay_dataset *dataset, assay_error *error)
{
    static const uint32_t SHAPE[] = {ASSAY_IMAGE_SIDE, ASSAY_IMAGE_SIDE};
    const assay_idx_form image_form = {.dimensions = 3, .item_shape = SHAPE};
    uint8_t *bytes = NULL;
    size_t count;
    ASSAY_TRY(assay_idx_read(images, &image_form, &dataset->count, &dataset->pixels, error));
    const assay_idx_form label_form = {.dimensions = 1, .count = dataset->count};
    ASSAY_TRY(assay_idx_read(labels, &label_form, &count, &bytes, error));
    assay_status status = take_labels(labels, bytes, dataset, error);
    assay_free(bytes);
    return status;
}

assay_status assay_dataset_load(const char *folder, assay_part part, assay_dataset *dataset, assay_error *error)
{
    char *images;
    char *labels;
    *dataset = (assay_dataset){0};
    ASSAY_TRY(assay_data_files(folder, part, &images, &labels, error));
    *dataset = (assay_dataset){.width = ASSAY_IMAGE_PIXELS,
                               .classes = ASSAY_CLASSES,
                               .mean = ASSAY_NORMALIZE_MEAN,
                               .std = ASSAY_NORMALIZE_STD};
    assay_status status = load_files(images, labels, dataset, error);
    assay_free(images);
    assay_free(labels);
    if (status != ASSAY_OK) {
        assay_dataset_destroy(dataset);
    }
    return status;
}

assay_status assay_normalization_by_name(const char *name, assay_normalization *normalization, assay_error *error)
{
    bool own = strcmp(name, "own") == 0;
    if (!own && strcmp(name, "tutorial") != 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "'%s' is not a normalization; take tutorial or own", name);
    }
    *normalization = own ? ASSAY_NORMALIZE_OWN : ASSAY_NORMALIZE_TUTORIAL;
    return ASSAY_OK;
}

static assay_status normalize_like(const char *folder, const assay_dataset *training, assay_dataset *dataset,
                                   assay_error *error)
{
    double mean;
    double std;
    assay_dataset_moments(training, &mean, &std);
    if (!(std > 0.0)) {
        return assay_fail(error, ASSAY_ERROR_NUMERIC,
                          "%s: all pixels of the training images are equal; is this the right data set?", folder);
    }
    dataset->mean = (float)mean;
    dataset->std = (float)std;
    return ASSAY_OK;
}

assay_status assay_dataset_normalize(const char *folder, assay_part part, assay_normalization normalization,
                                     assay_dataset *dataset, assay_error *error)
{
    dataset->mean = ASSAY_NORMALIZE_MEAN;
    dataset->std = ASSAY_NORMALIZE_STD;
    if (normalization == ASSAY_NORMALIZE_TUTORIAL) {
        return ASSAY_OK;
    }
    if (part == ASSAY_TRAIN) {
        return normalize_like(folder, dataset, dataset, error);
    }
    assay_dataset training;
    ASSAY_TRY(assay_dataset_load(folder, ASSAY_TRAIN, &training, error));
    assay_status status = normalize_like(folder, &training, dataset, error);
    assay_dataset_destroy(&training);
    return status;
}

assay_status assay_dataset_create(assay_inputs inputs, size_t count, size_t width, size_t classes,
                                  assay_dataset *dataset, assay_error *error)
{
    *dataset = (assay_dataset){0};
    if (count == 0 || width == 0 || classes == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "a data set of %zu samples, %zu inputs and %zu classes: each must be at least 1", count,
                          width, classes);
    }
    *dataset = (assay_dataset){.count = count, .width = width, .classes = classes, .mean = 0.0f, .std = 1.0f};
    size_t values = width <= SIZE_MAX / count ? count * width : SIZE_MAX;
    void *made = assay_calloc(values, inputs == ASSAY_INPUTS_BYTES ? sizeof(uint8_t) : sizeof(float), error);
    dataset->pixels = inputs == ASSAY_INPUTS_BYTES ? made : NULL;
    dataset->values = inputs == ASSAY_INPUTS_FLOATS ? made : NULL;
    dataset->labels = made == NULL ? NULL : assay_calloc(count, sizeof *dataset->labels, error);
    if (dataset->labels == NULL) {
        assay_dataset_destroy(dataset);
        return ASSAY_ERROR_MEMORY;
    }
    return ASSAY_OK;
}

void assay_dataset_destroy(assay_dataset *dataset)
{
    assay_free(dataset->pixels);
    assay_free(dataset->values);
    assay_free(dataset->labels);
    *dataset = (assay_dataset){0};
}

void assay_normalization_table(float mean, float std, float table[256])
{
    for (int pixel = 0; pixel < 256; pixel++) {
        table[pixel] = ((float)pixel / 255.0f - mean) / std;
    }
}

void assay_dataset_moments(const assay_dataset *dataset, double *mean, double *std)
{
    size_t count = dataset->count * dataset->width;
    size_t frequency[256] = {0};
    for (size_t i = 0; i < count; i++) {
        frequency[dataset->pixels[i]]++;
    }
    double sum = 0.0; /* an integer below 2^53, and so exact, up to 3.5e13 pixels */
    for (int pixel = 0; pixel < 256; pixel++) {
        sum += (double)frequency[pixel] * pixel;
    }
    double centre = sum / (double)count;
    double squares = 0.0;
    for (int pixel = 0; pixel < 256; pixel++) {
        squares += (double)frequency[pixel] * (pixel - centre) * (pixel - centre);
    }
    *mean = centre / 255.0;
    *std = sqrt(squares / (double)(count - 1)) / 255.0;
}
