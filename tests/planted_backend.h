/*
 * A backend that computes nothing: it writes down what it is asked to do, and answers with planted numbers. What
 * lib/tutorial makes of the numbers of a backend (which layer, which seed, which quantity) is then known exactly, and
 * networks of 400 layers take no time.
 */
#ifndef ASSAY_TESTS_PLANTED_BACKEND_H
#define ASSAY_TESTS_PLANTED_BACKEND_H

#include <stdbool.h>
#include <stddef.h>

#include "backend/implementation.h"

enum { PLANTED_PASSES = 64, PLANTED_LAYERS = 400, PLANTED_ORDER = 8, PLANTED_BUFFERS = 2048 };

/* How one layer was made. */
typedef struct {
    assay_linear_shape shape;
    assay_activation activation;
    assay_distribution_kind kind; /* of the weights */
    double weight_mean;
    double weight_variance;
    double bias_mean;
    double bias_variance;
} planted_layer;

/* A pass begins when parameters are drawn; it ends when others are drawn. The last one has all that there is no room
 * for. */
typedef struct {
    size_t layers;
    planted_layer layer[PLANTED_LAYERS];
    size_t tensors; /* drawn so far: weights and biases of each layer in turn */
    size_t loads;   /* batches */
    size_t first;   /* the place of the first batch in the order of the images */
    bool ordered;
    int32_t order[PLANTED_ORDER]; /* the first images of the order that was given first */
    bool forward;
    bool backward;
    size_t asked; /* moments */
} planted_pass;

typedef struct planted_backend {
    assay_backend base;
    size_t passes;
    planted_pass pass[PLANTED_PASSES];
    size_t fail_after; /* so many moments of all passes; then every call records a failure. 0: never */
    size_t asked;      /* of all passes */
    bool constant;     /* every variance is 0 */
    size_t flat;       /* so many moments of each pass begin with a variance of 0 */
    assay_buffer buffers[PLANTED_BUFFERS];
    size_t hint;
    int right; /* right answers in a batch: this times the number of the pass */
    /* Fills a download of real numbers; NULL: planted_outputs. */
    void (*give)(const struct planted_backend *backend, size_t count, double *to);
} planted_backend;

/* A zeroed backend of this precision is ready for use, and has nothing to close. */
void planted_open(planted_backend *backend, assay_precision precision);

/* Which variance, in the order in which claims ask for them. */
enum { PLANTED_ACTIVATION, PLANTED_GRADIENT, PLANTED_WEIGHT_GRADIENT, PLANTED_SIGNAL };

/* log2 of the variance that is planted; passes and layers count from 0. */
double planted_bits(size_t pass, int quantity, size_t layer);

/*
 * The outputs of a layer: in columns of an even number -a and a in turn, in the others 0 and 2 a. The variance over the
 * rows is a^2 in each column, planted as PLANTED_SIGNAL, and the mean of max(0, z)^2 is 1.25 a^2.
 */
void planted_outputs(const planted_backend *backend, size_t count, double *to);

#endif
