#include "study/sharpness.h"

#include <math.h>

#include <assay/base/alloc.h>
#include <assay/nn/curvature.h>
#include <assay/stats/spectrum.h>
#include <assay/train/batches.h>

enum { PROBE_ROWS = 1000, PROBE_SEED = 1, LANCZOS_STEPS = 30, DIRECTIONS = 10 };
static const double LANCZOS_TOLERANCE = 0.01;
static const double RELATIVE_STEP = 0.1;

/* A copy of the trained network that keeps what the Hessian needs, with its images. */
typedef struct {
    assay_backend *backend;
    size_t rows;
    size_t count;   /* of the parameters with padding */
    double *padded; /* [count]: a vector in the layout of the parameters */
    double *centre; /* [count]: the trained parameters */
    assay_network *network;
    assay_curvature *curvature;
    assay_batches *batches;
    assay_buffer *vector;
    assay_buffer *product;
    assay_buffer *loss;
} probe;

static void probe_close(probe *p)
{
    assay_curvature_destroy(p->curvature);
    assay_network_destroy(p->network);
    assay_batches_destroy(p->batches);
    assay_buffer_destroy(p->backend, p->vector);
    assay_buffer_destroy(p->backend, p->product);
    assay_buffer_destroy(p->backend, p->loss);
    assay_free(p->padded);
    assay_free(p->centre);
}

static assay_status probe_fill(probe *p, const study_trained *trained, assay_error *error)
{
    const assay_train_options *options = assay_trainer_options(trained->trainer);
    ASSAY_TRY(assay_network_create(p->backend, &options->network, p->rows, true, &p->network, error));
    ASSAY_TRY(assay_curvature_create(p->network, &p->curvature, error));
    ASSAY_TRY(assay_batches_create(p->backend, trained->train, p->rows, &p->batches, error));
    assay_batches_order(p->batches, assay_trainer_training_samples(trained->trainer), p->rows);
    assay_batches_load(p->batches, 0, p->rows);
    assay_slice best = assay_trainer_best_parameters(trained->trainer);
    assay_copy(p->backend, assay_network_parameters(p->network), best);
    p->count = best.count;
    p->vector = assay_buffer_create(p->backend, ASSAY_REAL, p->count);
    p->product = assay_buffer_create(p->backend, ASSAY_REAL, p->count);
    p->loss = assay_buffer_create(p->backend, ASSAY_REAL, 1);
    p->padded = assay_calloc(p->count, sizeof *p->padded, error);
    p->centre = p->padded != NULL ? assay_calloc(p->count, sizeof *p->centre, error) : NULL;
    if (p->centre == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_download_f64(p->backend, best, p->centre);
    return assay_backend_check(p->backend, error);
}

static assay_status probe_open(probe *p, const study_trained *trained, assay_error *error)
{
    const assay_train_options *options = assay_trainer_options(trained->trainer);
    *p = (probe){.backend = assay_network_backend(assay_trainer_network(trained->trainer)),
                 .rows = options->train_count < PROBE_ROWS ? options->train_count : PROBE_ROWS};
    assay_status status = probe_fill(p, trained, error);
    if (status != ASSAY_OK) {
        probe_close(p);
    }
    return status;
}

/* product = H vector, both without padding: an assay_operator. */
static assay_status multiply(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    probe *p = user;
    (void)count;
    for (size_t t = 0, at = 0; t < assay_network_tensor_count(p->network); t++) {
        assay_slice values = assay_network_tensor(p->network, t).values;
        for (size_t i = 0; i < values.count; i++) {
            p->padded[values.offset + i] = vector[at++];
        }
    }
    assay_upload_f64(p->backend, assay_whole(p->vector), p->padded);
    assay_curvature_product(p->curvature, p->rows, assay_batches_inputs(p->batches, p->rows),
                            assay_batches_labels(p->batches, p->rows), assay_whole(p->vector), assay_whole(p->product));
    assay_download_f64(p->backend, assay_whole(p->product), p->padded);
    for (size_t t = 0, at = 0; t < assay_network_tensor_count(p->network); t++) {
        assay_slice values = assay_network_tensor(p->network, t).values;
        for (size_t i = 0; i < values.count; i++) {
            product[at++] = p->padded[values.offset + i];
        }
    }
    return assay_backend_check(p->backend, error);
}

/* The mean loss at the network's present parameters. */
static assay_status loss_of(probe *p, double *loss, assay_error *error)
{
    assay_slice x = assay_batches_inputs(p->batches, p->rows);
    assay_network_forward(p->network, p->rows, x);
    assay_network_backward(p->network, p->rows, x, assay_batches_labels(p->batches, p->rows), assay_whole(p->loss),
                           ASSAY_NO_SLICE, ASSAY_NO_SLICE);
    assay_download_f64(p->backend, assay_whole(p->loss), loss);
    return assay_backend_check(p->backend, error);
}

/* Random signs: a direction of exactly the norm that is asked for. `side` is 1, or -1 for the opposite direction. The
 * generator is a copy, so that both sides have the same signs. */
static void move(probe *p, assay_mt19937 generator, double side)
{
    for (size_t t = 0; t < assay_network_tensor_count(p->network); t++) {
        assay_slice values = assay_network_tensor(p->network, t).values;
        double squares = 0.0;
        for (size_t i = 0; i < values.count; i++) {
            double w = p->centre[values.offset + i];
            squares += w * w;
        }
        double step = RELATIVE_STEP * sqrt(squares / (double)values.count);
        for (size_t i = 0; i < values.count; i++) {
            double sign = (assay_mt19937_random32(&generator) & 1) != 0 ? side : -side;
            p->padded[values.offset + i] = p->centre[values.offset + i] + sign * step;
        }
    }
    assay_upload_f64(p->backend, assay_network_parameters(p->network), p->padded);
}

assay_status study_sharpness_eigenvalue(const study_trained *trained, double *value, assay_error *error)
{
    probe p;
    assay_mt19937 generator;
    assay_eigenvalue found = {.value = NAN};
    assay_mt19937_seed(&generator, PROBE_SEED);
    ASSAY_TRY(probe_open(&p, trained, error));
    assay_status status = assay_largest_eigenvalue(multiply, &p, assay_network_parameter_count(p.network),
                                                   LANCZOS_STEPS, LANCZOS_TOLERANCE, &generator, &found, error);
    probe_close(&p);
    *value = found.value;
    return status;
}

assay_status study_sharpness_trace(const study_trained *trained, double *value, assay_error *error)
{
    probe p;
    assay_mt19937 generator;
    assay_trace_estimate estimate = {.trace = NAN};
    assay_mt19937_seed(&generator, PROBE_SEED);
    ASSAY_TRY(probe_open(&p, trained, error));
    assay_status status = assay_estimate_trace(multiply, &p, assay_network_parameter_count(p.network), DIRECTIONS,
                                               &generator, &estimate, error);
    probe_close(&p);
    *value = estimate.trace;
    return status;
}

static assay_status rise(probe *p, double *value, assay_error *error)
{
    assay_mt19937 generator;
    double before;
    double sum = 0.0;
    assay_mt19937_seed(&generator, PROBE_SEED);
    ASSAY_TRY(loss_of(p, &before, error));
    for (int k = 0; k < DIRECTIONS; k++) {
        for (double side = 1; side >= -1; side -= 2) { /* both sides: the slope at the centre cancels */
            double after;
            move(p, generator, side);
            ASSAY_TRY(loss_of(p, &after, error));
            sum += (after - before) / 2;
        }
        assay_mt19937_seed(&generator, (uint64_t)PROBE_SEED + (uint64_t)k + 1);
    }
    *value = sum / DIRECTIONS;
    return ASSAY_OK;
}

assay_status study_sharpness_rise(const study_trained *trained, double *value, assay_error *error)
{
    probe p;
    ASSAY_TRY(probe_open(&p, trained, error));
    assay_status status = rise(&p, value, error);
    probe_close(&p);
    return status;
}
