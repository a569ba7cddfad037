/* Normalisation of inputs that are floats: each input to mean 0 and standard deviation 1. */
#ifndef ASSAY_DATA_SCALING_H
#define ASSAY_DATA_SCALING_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/data/dataset.h>

ASSAY_BEGIN_DECLS

/* Measured on the training data, and applied to all data that the same network reads. */
typedef struct {
    size_t width;
    float *mean; /* [width] */
    float *std;  /* [width], of n samples; 1 for an input that is the same in all samples */
} assay_scaling;

/* Measures a data set of floats. The caller frees the scaling with assay_scaling_destroy. ASSAY_ERROR_ARGUMENT for
 * bytes. */
assay_status assay_scaling_create(const assay_dataset *dataset, assay_scaling *scaling, assay_error *error);
void assay_scaling_destroy(assay_scaling *scaling);

/* Replaces each input x by (x - mean) / std. ASSAY_ERROR_ARGUMENT for bytes and for another number of inputs. */
assay_status assay_scaling_apply(const assay_scaling *scaling, assay_dataset *dataset, assay_error *error);

ASSAY_END_DECLS
#endif
