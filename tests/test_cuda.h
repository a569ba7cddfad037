/* What the files of test_cuda share. */
#ifndef ASSAY_TESTS_TEST_CUDA_H
#define ASSAY_TESTS_TEST_CUDA_H

#include "backend/cuda/cuda.h"
#include <assay/data/dataset.h>
#include <assay/nn/network.h>
#include <assay/optim/optimizer.h>
#include <assay/train/batches.h>
#include "checks.h"

/* Opened, or the test fails. */
assay_backend *cuda_open(assay_precision precision);
/* Closed; the test fails if a failure is recorded. */
void cuda_close(assay_backend *backend);

/* A small network that learns a small data set, a step at a time. */
enum { LEARNER_IMAGES = 40, LEARNER_WIDTH = 12, LEARNER_STEPS = 12, LEARNER_MOST_PARAMETERS = 4096 };

typedef struct {
    assay_backend *backend;
    assay_dataset data;
    assay_network *network;
    assay_optimizer *optimizer;
    assay_batches *batches;
    assay_buffer *losses; /* real [LEARNER_STEPS] */
    assay_buffer *right;  /* INT32 [LEARNER_STEPS] */
    assay_status status;  /* of its creation; else it is only to be destroyed */
    assay_error error;
} learner;

learner learner_create(assay_backend *backend, const char *hidden, const char *optimizer);
void learner_destroy(learner *l);
/* A step over `rows` images; `eager`: with a wait in it, after which nothing is recorded. */
void learner_step(learner *l, size_t step, size_t rows, bool eager);

/* test_cuda_faults.c, over the emulation alone. */
TCase *test_cuda_faults(void);

#endif
