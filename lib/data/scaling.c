#include <assay/data/scaling.h>

#include <math.h>

#include <assay/base/alloc.h>

static assay_status check_floats(const assay_dataset *dataset, assay_error *error)
{
    return dataset->values != NULL ? ASSAY_OK
                                   : assay_fail(error, ASSAY_ERROR_ARGUMENT,
                                                "scaling: the inputs are bytes; set the data set's mean and std");
}

/* One input over all samples, in double and in two passes. */
static void measure(const assay_dataset *dataset, size_t input, float *mean, float *std)
{
    double count = (double)dataset->count;
    double sum = 0.0;
    for (size_t i = 0; i < dataset->count; i++) {
        sum += (double)dataset->values[i * dataset->width + input];
    }
    double squares = 0.0;
    for (size_t i = 0; i < dataset->count; i++) {
        double difference = (double)dataset->values[i * dataset->width + input] - sum / count;
        squares += difference * difference;
    }
    *mean = (float)(sum / count);
    *std = (float)sqrt(squares / count);
    if (!(*std > 0.0f)) {
        *std = 1.0f;
    }
}

assay_status assay_scaling_create(const assay_dataset *dataset, assay_scaling *scaling, assay_error *error)
{
    *scaling = (assay_scaling){0};
    ASSAY_TRY(check_floats(dataset, error));
    scaling->width = dataset->width;
    scaling->mean = assay_calloc(dataset->width, sizeof *scaling->mean, error);
    scaling->std = assay_calloc(dataset->width, sizeof *scaling->std, error);
    if (scaling->mean == NULL || scaling->std == NULL) {
        assay_scaling_destroy(scaling);
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t j = 0; j < dataset->width; j++) {
        measure(dataset, j, &scaling->mean[j], &scaling->std[j]);
    }
    return ASSAY_OK;
}

void assay_scaling_destroy(assay_scaling *scaling)
{
    assay_free(scaling->mean);
    assay_free(scaling->std);
    *scaling = (assay_scaling){0};
}

assay_status assay_scaling_apply(const assay_scaling *scaling, assay_dataset *dataset, assay_error *error)
{
    ASSAY_TRY(check_floats(dataset, error));
    if (dataset->width != scaling->width) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "scaling: measured on %zu inputs, the data set has %zu",
                          scaling->width, dataset->width);
    }
    for (size_t i = 0; i < dataset->count; i++) {
        float *sample = dataset->values + i * dataset->width;
        for (size_t j = 0; j < dataset->width; j++) {
            sample[j] = (sample[j] - scaling->mean[j]) / scaling->std[j];
        }
    }
    return ASSAY_OK;
}
