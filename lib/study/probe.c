#include "study/probe.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/nn/curvature.h>
#include <assay/train/batches.h>

enum {
    FIT_ROWS = 1000,
    LANCZOS_STEPS = 40,
    TRACE_SAMPLES = 20,
    PERTURBATIONS = 10,
    SEED = 1 /* of the random vectors: the same for all runs, so that they add nothing to the difference of two */
};
static const double LANCZOS_TOLERANCE = 1e-3;

/* A network of its own, with a batch. */
typedef struct {
    assay_backend *backend;
    assay_network *network;
    assay_curvature *curvature;
    assay_batches *batches;
    assay_buffer *loss;
    assay_buffer *right;  /* answers of a batch */
    assay_buffer *vector; /* in the layout of the parameters, as is all that follows */
    assay_buffer *product;
    double *padded;
    double *parameters;
    size_t rows;
} probe;

static void close_probe(probe *p)
{
    assay_free(p->padded);
    assay_free(p->parameters);
    assay_buffer_destroy(p->backend, p->loss);
    assay_buffer_destroy(p->backend, p->right);
    assay_buffer_destroy(p->backend, p->vector);
    assay_buffer_destroy(p->backend, p->product);
    assay_batches_destroy(p->batches);
    assay_curvature_destroy(p->curvature);
    assay_network_destroy(p->network);
}

/* The images, and the network with the best epoch's parameters; `order` NULL: all images in their order. */
static assay_status open_network(const study_trained *trained, const assay_dataset *data, const uint32_t *order,
                                 size_t count, size_t rows, probe *p, assay_error *error)
{
    p->backend = assay_network_backend(assay_trainer_network(trained->trainer));
    p->rows = rows;
    const assay_network_config *config = assay_network_configuration(assay_trainer_network(trained->trainer));
    ASSAY_TRY(assay_network_create(p->backend, config, rows, true, &p->network, error));
    assay_copy(p->backend, assay_network_parameters(p->network), assay_trainer_best_parameters(trained->trainer));
    ASSAY_TRY(assay_batches_create(p->backend, data, rows, &p->batches, error));
    if (order != NULL) {
        assay_batches_order(p->batches, order, count);
    }
    p->loss = assay_buffer_create(p->backend, ASSAY_REAL, 1);
    p->right = assay_buffer_create(p->backend, ASSAY_INT32, 1);
    return assay_backend_check(p->backend, error);
}

/* The network as it is, on the loaded batch; adds to `*correct` unless it is NULL. */
static double batch_loss(probe *p, size_t rows, size_t *correct)
{
    double loss = 0.0;
    int32_t right = 0;
    size_t classes = assay_network_configuration(p->network)->classes;
    assay_network_forward(p->network, rows, assay_batches_inputs(p->batches, rows));
    assay_softmax_cross_entropy(p->backend, rows, classes, assay_network_logits(p->network, rows),
                                assay_batches_labels(p->batches, rows), assay_whole(p->loss), assay_whole(p->right),
                                ASSAY_NO_SLICE);
    assay_download_f64(p->backend, assay_whole(p->loss), &loss);
    if (correct != NULL) {
        assay_download_i32(p->backend, assay_whole(p->right), &right);
        *correct += (size_t)right;
    }
    return loss;
}

static void fit_all(probe *p, study_fit *fit)
{
    size_t count = assay_batches_count(p->batches);
    size_t correct = 0;
    double sum = 0.0;
    for (size_t first = 0; first < count; first += p->rows) {
        size_t rows = count - first < p->rows ? count - first : p->rows;
        assay_batches_load(p->batches, first, rows);
        sum += batch_loss(p, rows, &correct) * (double)rows;
    }
    fit->loss = sum / (double)count;
    fit->accuracy = (double)correct / (double)count;
}

assay_status study_probe_fit(const study_trained *trained, study_probe_images images, study_fit *fit,
                             assay_error *error)
{
    probe p = {0};
    const assay_split *split = assay_trainer_split(trained->trainer);
    bool training = images == STUDY_PROBE_TRAINING;
    assay_status status = open_network(trained, training ? trained->train : trained->test,
                                       training ? split->train : NULL, training ? split->train_count : 0, FIT_ROWS, &p,
                                       error);
    if (status == ASSAY_OK) {
        fit_all(&p, fit);
        status = assay_backend_check(p.backend, error);
    }
    close_probe(&p);
    return status;
}

/* --- sharpness ---------------------------------------------------------------------------------------------------- */

static assay_status open_curvature(const study_trained *trained, probe *p, assay_error *error)
{
    const assay_split *split = assay_trainer_split(trained->trainer);
    size_t rows = split->train_count < STUDY_PROBE_ROWS ? split->train_count : STUDY_PROBE_ROWS;
    ASSAY_TRY(open_network(trained, trained->train, split->train, rows, rows, p, error));
    ASSAY_TRY(assay_curvature_create(p->network, &p->curvature, error));
    assay_slice parameters = assay_network_parameters(p->network);
    p->vector = assay_buffer_create(p->backend, ASSAY_REAL, parameters.count);
    p->product = assay_buffer_create(p->backend, ASSAY_REAL, parameters.count);
    p->padded = assay_calloc(parameters.count, sizeof(double), error);
    p->parameters = assay_calloc(parameters.count, sizeof(double), error);
    if (p->padded == NULL || p->parameters == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_download_f64(p->backend, parameters, p->parameters);
    assay_batches_load(p->batches, 0, rows);
    return assay_backend_check(p->backend, error);
}

/* An assay_operator over the parameters without their padding: product = H vector. */
static assay_status multiply(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    probe *p = user;
    (void)count;
    const double *from = vector;
    for (size_t t = 0; t < assay_network_tensor_count(p->network); t++) {
        assay_slice values = assay_network_tensor(p->network, t).values;
        memcpy(p->padded + values.offset, from, values.count * sizeof *from);
        from += values.count;
    }
    assay_upload_f64(p->backend, assay_whole(p->vector), p->padded);
    assay_curvature_product(p->curvature, p->rows, assay_batches_inputs(p->batches, p->rows),
                            assay_batches_labels(p->batches, p->rows), assay_whole(p->vector), assay_whole(p->product));
    assay_download_f64(p->backend, assay_whole(p->product), p->padded);
    double *to = product;
    for (size_t t = 0; t < assay_network_tensor_count(p->network); t++) {
        assay_slice values = assay_network_tensor(p->network, t).values;
        memcpy(to, p->padded + values.offset, values.count * sizeof *to);
        memset(p->padded + values.offset, 0, values.count * sizeof *to);
        to += values.count;
    }
    return assay_backend_check(p->backend, error);
}

assay_status study_probe_eigenvalue(const study_trained *trained, assay_eigenvalue *found, assay_error *error)
{
    probe p = {0};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, SEED);
    assay_status status = open_curvature(trained, &p, error);
    if (status == ASSAY_OK) {
        status = assay_largest_eigenvalue(multiply, &p, assay_network_parameter_count(p.network), LANCZOS_STEPS,
                                          LANCZOS_TOLERANCE, &generator, found, error);
    }
    close_probe(&p);
    return status;
}

assay_status study_probe_trace(const study_trained *trained, assay_trace_estimate *estimate, assay_error *error)
{
    probe p = {0};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, SEED);
    assay_status status = open_curvature(trained, &p, error);
    if (status == ASSAY_OK) {
        status = assay_estimate_trace(multiply, &p, assay_network_parameter_count(p.network), TRACE_SAMPLES, &generator,
                                      estimate, error);
    }
    close_probe(&p);
    return status;
}

static double norm(size_t count, const double *values)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i] * values[i];
    }
    return sqrt(sum);
}

/* w + size |w| z / |z| for one tensor, from p->parameters into p->padded. */
static assay_status perturb(probe *p, assay_slice values, double size, assay_mt19937 *generator, assay_error *error)
{
    float *draws = assay_calloc(values.count, sizeof *draws, error);
    if (draws == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    const double *w = p->parameters + values.offset;
    double *moved = p->padded + values.offset;
    assay_mt19937_normal(generator, values.count, 0.0, 1.0, draws);
    for (size_t i = 0; i < values.count; i++) {
        moved[i] = draws[i];
    }
    assay_free(draws);
    double length = fmax(norm(values.count, moved), DBL_MIN); /* a tensor of one number may draw 0, and stays */
    double scale = size * norm(values.count, w) / length;
    for (size_t i = 0; i < values.count; i++) {
        moved[i] = w[i] + scale * moved[i];
    }
    return ASSAY_OK;
}

static assay_status mean_growth(probe *p, double size, double *growth, assay_error *error)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, SEED);
    double before = batch_loss(p, p->rows, NULL);
    double sum = 0.0;
    for (int draw = 0; draw < PERTURBATIONS; draw++) {
        for (size_t t = 0; t < assay_network_tensor_count(p->network); t++) {
            ASSAY_TRY(perturb(p, assay_network_tensor(p->network, t).values, size, &generator, error));
        }
        assay_upload_f64(p->backend, assay_network_parameters(p->network), p->padded);
        sum += batch_loss(p, p->rows, NULL) - before;
    }
    *growth = sum / (double)PERTURBATIONS;
    return assay_backend_check(p->backend, error);
}

assay_status study_probe_perturbed(const study_trained *trained, double size, double *growth, assay_error *error)
{
    probe p = {0};
    assay_status status = open_curvature(trained, &p, error);
    if (status == ASSAY_OK) {
        status = mean_growth(&p, size, growth, error);
    }
    close_probe(&p);
    return status;
}
