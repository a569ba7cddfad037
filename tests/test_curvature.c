/*
 * Curvature: Hessian-vector products against differences of gradients, closed forms and symmetry; eigenvalues and
 * traces against GSL.
 */
#include <gsl/gsl_eigen.h>
#include <math.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/nn/curvature.h>
#include <assay/stats/spectrum.h>
#include "support.h"

enum { ROWS = 7, MOST_ROWS = 9, INPUTS = 5, CLASSES = 3, PADDED = 512 };

static const char *const backends[] = {"reference", "openblas"};

static assay_backend *open_backend(const char *name)
{
    assay_backend *backend;
    assay_error error;
    const assay_backend_options options = {.name = name, .precision = ASSAY_F64, .threads = 1};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}

/* A network with random parameters, a batch, and two random directions; the padding of directions is 0. */
typedef struct {
    assay_backend *backend;
    assay_network *network;
    assay_curvature *curvature;
    size_t count; /* of the parameters with padding */
    assay_buffer *x;
    assay_buffer *labels;
    assay_buffer *vectors[2];
    assay_buffer *product;
    double weights[PADDED];
    double direction[2][PADDED];
} model;

static double uniform(assay_mt19937 *generator)
{
    return (double)(assay_mt19937_random64(generator) >> 11) * 0x1p-53;
}

static void draw(model *m, assay_mt19937 *generator, double *values)
{
    memset(values, 0, m->count * sizeof *values);
    for (size_t t = 0; t < assay_network_tensor_count(m->network); t++) {
        assay_tensor tensor = assay_network_tensor(m->network, t);
        for (size_t i = 0; i < tensor.values.count; i++) {
            values[tensor.values.offset + i] = 2 * uniform(generator) - 1;
        }
    }
}

static void open_model(model *m, const char *backend, assay_activation activation, size_t hidden)
{
    assay_error error;
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 7);
    assay_network_config config = {
        .inputs = INPUTS, .classes = CLASSES, .hidden_count = hidden, .hidden = {6, 4}, .activation = activation};
    m->backend = open_backend(backend);
    support_assert_ok(assay_network_create(m->backend, &config, MOST_ROWS, true, &m->network, &error), &error);
    support_assert_ok(assay_curvature_create(m->network, &m->curvature, &error), &error);
    m->count = assay_network_parameters(m->network).count;
    ck_assert_uint_le(m->count, PADDED);
    draw(m, &generator, m->weights);
    assay_upload_f64(m->backend, assay_network_parameters(m->network), m->weights);
    double x[ROWS * INPUTS];
    int32_t labels[ROWS];
    for (size_t i = 0; i < ROWS * INPUTS; i++) {
        x[i] = 4 * uniform(&generator) - 2;
    }
    for (size_t r = 0; r < ROWS; r++) {
        labels[r] = (int32_t)(r % CLASSES);
    }
    m->x = assay_buffer_create(m->backend, ASSAY_REAL, ROWS * INPUTS);
    m->labels = assay_buffer_create(m->backend, ASSAY_INT32, ROWS);
    m->product = assay_buffer_create(m->backend, ASSAY_REAL, m->count);
    assay_upload_f64(m->backend, assay_whole(m->x), x);
    assay_upload_i32(m->backend, assay_whole(m->labels), labels);
    for (int k = 0; k < 2; k++) {
        draw(m, &generator, m->direction[k]);
        m->vectors[k] = assay_buffer_create(m->backend, ASSAY_REAL, m->count);
        assay_upload_f64(m->backend, assay_whole(m->vectors[k]), m->direction[k]);
    }
    support_assert_ok(assay_backend_check(m->backend, &error), &error);
}

static void close_model(model *m)
{
    assay_buffer_destroy(m->backend, m->x);
    assay_buffer_destroy(m->backend, m->labels);
    assay_buffer_destroy(m->backend, m->product);
    assay_buffer_destroy(m->backend, m->vectors[0]);
    assay_buffer_destroy(m->backend, m->vectors[1]);
    assay_curvature_destroy(m->curvature);
    assay_network_destroy(m->network);
    assay_backend_close(m->backend);
}

static void product_of(model *m, int k, double *product)
{
    assay_error error;
    assay_fill(m->backend, assay_whole(m->product), NAN); /* nothing of the old contents may show */
    assay_curvature_product(m->curvature, ROWS, assay_whole(m->x), assay_whole(m->labels), assay_whole(m->vectors[k]),
                            assay_whole(m->product));
    assay_download_f64(m->backend, assay_whole(m->product), product);
    support_assert_ok(assay_backend_check(m->backend, &error), &error);
}

/* The gradient at weights + step * direction. */
static void gradient_at(model *m, double step, double *gradient)
{
    double moved[PADDED];
    for (size_t i = 0; i < m->count; i++) {
        moved[i] = m->weights[i] + step * m->direction[0][i];
    }
    assay_upload_f64(m->backend, assay_network_parameters(m->network), moved);
    assay_network_forward(m->network, ROWS, assay_whole(m->x));
    assay_network_backward(m->network, ROWS, assay_whole(m->x), assay_whole(m->labels), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
    assay_download_f64(m->backend, assay_network_gradients(m->network), gradient);
    assay_upload_f64(m->backend, assay_network_parameters(m->network), m->weights);
}

/* Four-point differences: the error is about h^4 and 1e-16 / h. */
START_TEST(product_against_differences)
{
    assay_activation activation = assay_activation_default((assay_activation_kind)(_i / 2));
    evidence(EVIDENCE_GRADIENT, "nn/curvature_product");
    evidence(EVIDENCE_GRADIENT, "activation/%s", assay_activation_name(activation.kind));
    model m;
    double product[PADDED];
    double g[4][PADDED];
    const double h = 3e-4;
    open_model(&m, backends[_i % 2], activation, 2);
    product_of(&m, 0, product);
    gradient_at(&m, -2 * h, g[0]);
    gradient_at(&m, -h, g[1]);
    gradient_at(&m, h, g[2]);
    gradient_at(&m, 2 * h, g[3]);
    double largest = 0;
    for (size_t i = 0; i < m.count; i++) {
        largest = fabs(product[i]) > largest ? fabs(product[i]) : largest;
    }
    ck_assert(largest > 0.01);
    for (size_t i = 0; i < m.count; i++) {
        double difference = (g[0][i] - 8 * g[1][i] + 8 * g[2][i] - g[3][i]) / (12 * h);
        ck_assert_msg(fabs(product[i] - difference) <= 2e-9 * largest, "%s, element %zu: %.12g, by differences %.12g",
                      assay_activation_name(activation.kind), i, product[i], difference);
    }
    close_model(&m);
}
END_TEST

START_TEST(hessians_are_symmetric)
{
    evidence(EVIDENCE_PROPERTY, "nn/curvature_product");
    model m;
    double product[PADDED];
    open_model(&m, backends[_i % 2], assay_activation_default(ASSAY_TANH), 2);
    double across[2];
    for (int k = 0; k < 2; k++) {
        product_of(&m, k, product);
        across[k] = 0;
        for (size_t i = 0; i < m.count; i++) {
            across[k] += product[i] * m.direction[1 - k][i];
        }
    }
    support_assert_relative("u H v and v H u", across[0], across[1], 1e-12);
    close_model(&m);
}
END_TEST

/* Without a hidden layer: H = mean over rows of (diag p - p p^T) (x, 1) (x, 1)^T. */
START_TEST(linear_model_in_closed_form)
{
    evidence(EVIDENCE_PROPERTY, "nn/curvature_product");
    model m;
    double product[PADDED];
    double x[ROWS * INPUTS];
    open_model(&m, backends[_i % 2], assay_activation_default(ASSAY_RELU), 0);
    product_of(&m, 0, product);
    assay_download_f64(m.backend, assay_whole(m.x), x);
    size_t weight = assay_network_tensor(m.network, 0).values.offset;
    size_t bias = assay_network_tensor(m.network, 1).values.offset;
    double expected[CLASSES][INPUTS + 1] = {{0}};
    for (size_t r = 0; r < ROWS; r++) {
        double p[CLASSES];
        double v[CLASSES];
        double sum = 0;
        double mean = 0;
        for (size_t j = 0; j < CLASSES; j++) {
            double z = m.weights[bias + j];
            v[j] = m.direction[0][bias + j];
            for (size_t i = 0; i < INPUTS; i++) {
                z += m.weights[weight + j * INPUTS + i] * x[r * INPUTS + i];
                v[j] += m.direction[0][weight + j * INPUTS + i] * x[r * INPUTS + i];
            }
            p[j] = exp(z);
            sum += p[j];
        }
        for (size_t j = 0; j < CLASSES; j++) {
            p[j] /= sum;
            mean += p[j] * v[j];
        }
        for (size_t j = 0; j < CLASSES; j++) {
            for (size_t i = 0; i <= INPUTS; i++) {
                expected[j][i] += p[j] * (v[j] - mean) * (i < INPUTS ? x[r * INPUTS + i] : 1) / (double)ROWS;
            }
        }
    }
    for (size_t j = 0; j < CLASSES; j++) {
        for (size_t i = 0; i <= INPUTS; i++) {
            double got = i < INPUTS ? product[weight + j * INPUTS + i] : product[bias + j];
            ck_assert_msg(fabs(got - expected[j][i]) < 1e-13, "%zu %zu: %.15g, not %.15g", j, i, got, expected[j][i]);
        }
    }
    close_model(&m);
}
END_TEST

START_TEST(networks_without_preactivations)
{
    evidence(EVIDENCE_ERRORS, "nn/curvature_create");
    assay_backend *backend = open_backend("reference");
    assay_network_config config = {.inputs = 2,
                                   .classes = 2,
                                   .hidden_count = 1,
                                   .hidden = {2},
                                   .activation = assay_activation_default(ASSAY_RELU)};
    assay_network *network;
    assay_curvature *curvature;
    assay_error error;
    support_assert_ok(assay_network_create(backend, &config, 2, false, &network, &error), &error);
    support_assert_error(assay_curvature_create(network, &curvature, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "keeps its preactivations");
    ck_assert_ptr_null(curvature);
    assay_curvature_destroy(NULL);
    assay_network_destroy(network);
    assay_backend_close(backend);
}
END_TEST

/* --- eigenvalues and traces --------------------------------------------------------------------------------------- */

enum { SIZE = 30 };

static double matrix[SIZE * SIZE];

static assay_status by_matrix(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    (void)error;
    size_t *calls = user;
    ++*calls;
    for (size_t i = 0; i < count; i++) {
        product[i] = 0;
        for (size_t j = 0; j < count; j++) {
            product[i] += matrix[i * count + j] * vector[j];
        }
    }
    return ASSAY_OK;
}

static void draw_matrix(uint64_t seed, double shift)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, seed);
    for (size_t i = 0; i < SIZE; i++) {
        for (size_t j = 0; j <= i; j++) {
            matrix[i * SIZE + j] = matrix[j * SIZE + i] = 2 * uniform(&generator) - 1;
        }
        matrix[i * SIZE + i] += shift;
    }
}

/* GSL's eigenvalue of the largest absolute value, and the distance from `value` to the nearest one. */
static double by_gsl(double value, double *distance)
{
    double copy[SIZE * SIZE];
    memcpy(copy, matrix, sizeof copy);
    gsl_matrix_view view = gsl_matrix_view_array(copy, SIZE, SIZE);
    gsl_vector *values = gsl_vector_alloc(SIZE);
    gsl_eigen_symm_workspace *workspace = gsl_eigen_symm_alloc(SIZE);
    gsl_eigen_symm(&view.matrix, values, workspace);
    double low = gsl_vector_min(values);
    double high = gsl_vector_max(values);
    *distance = INFINITY;
    for (size_t i = 0; i < SIZE; i++) {
        *distance = fmin(*distance, fabs(gsl_vector_get(values, i) - value));
    }
    gsl_eigen_symm_free(workspace);
    gsl_vector_free(values);
    return fabs(low) > fabs(high) ? low : high;
}

START_TEST(eigenvalue)
{
    evidence(EVIDENCE_GOLDEN, "stats/largest_eigenvalue");
    evidence_source("GSL");
    assay_mt19937 generator;
    assay_error error;
    assay_eigenvalue found;
    size_t calls = 0;
    draw_matrix((uint64_t)_i, _i % 2 == 0 ? 5 : -5); /* positive and negative ones */
    double distance;
    double expected = by_gsl(0, &distance);
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, SIZE, 100, 1e-12, &generator, &found, &error),
                      &error);
    support_assert_relative("eigenvalue", found.value, expected, 1e-12);
    ck_assert(found.products == calls && calls <= SIZE);
    /* After few steps the residual bounds the distance to the nearest eigenvalue. */
    calls = 0;
    support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, SIZE, 8, 1e-12, &generator, &found, &error), &error);
    ck_assert(calls == 8 && found.residual > 0);
    by_gsl(found.value, &distance);
    ck_assert_msg(distance <= found.residual * (1 + 1e-9) && distance > 0, "%g is %g from an eigenvalue, residual %g",
                  found.value, distance, found.residual);
}
END_TEST

START_TEST(special_matrices)
{
    evidence(EVIDENCE_PROPERTY, "stats/largest_eigenvalue");
    evidence(EVIDENCE_PROPERTY, "stats/estimate_trace");
    assay_mt19937 generator;
    assay_error error;
    assay_eigenvalue found;
    assay_trace_estimate trace;
    size_t calls = 0;
    assay_mt19937_seed(&generator, 1);
    memset(matrix, 0, sizeof matrix);
    support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, SIZE, 9, 0, &generator, &found, &error), &error);
    ck_assert(found.value == 0 && found.residual == 0 && found.products == 1);
    for (size_t i = 0; i < SIZE; i++) {
        matrix[i * SIZE + i] = (double)i - 40;
    }
    support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, SIZE, SIZE, 0, &generator, &found, &error), &error);
    support_assert_relative("of a diagonal", found.value, -40, 1e-13);
    support_assert_ok(assay_estimate_trace(by_matrix, &calls, SIZE, 2, &generator, &trace, &error), &error);
    support_assert_relative("trace of a diagonal", trace.trace, SIZE * (SIZE - 1) / 2.0 - 40 * SIZE, 1e-14);
    ck_assert(trace.error < 1e-12);
}
END_TEST

/* Over many estimates: (estimate - trace) / error is nearly standard normal. */
START_TEST(trace)
{
    evidence(EVIDENCE_STATISTICAL, "stats/estimate_trace");
    evidence_alarm(2, 1e-9);
    enum { REPETITIONS = 400, SAMPLES = 60 };
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 3);
    draw_matrix(9, 0);
    double exact = 0;
    for (size_t i = 0; i < SIZE; i++) {
        exact += matrix[i * SIZE + i];
    }
    double sum = 0;
    double squares = 0;
    size_t calls = 0;
    for (int i = 0; i < REPETITIONS; i++) {
        assay_trace_estimate estimate;
        assay_error error;
        support_assert_ok(assay_estimate_trace(by_matrix, &calls, SIZE, SAMPLES, &generator, &estimate, &error),
                          &error);
        double z = (estimate.trace - exact) / estimate.error;
        sum += z / (double)REPETITIONS;
        squares += z * z / (double)REPETITIONS;
    }
    ck_assert_uint_eq(calls, REPETITIONS * SAMPLES);
    ck_assert_msg(fabs(sum) < 6.2 / sqrt(REPETITIONS), "mean %g", sum);
    ck_assert_msg(fabs(squares - 1) < 6.2 * 1.6 / sqrt(REPETITIONS), "mean square %g", squares);
}
END_TEST

/* --- what Lanczos's method is, from the vectors that it multiplies  */

enum { STEPS = 8 };

typedef struct {
    size_t calls;
    double basis[STEPS][SIZE];
} recorder;

static assay_status recorded(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    recorder *r = user;
    memcpy(r->basis[r->calls], vector, count * sizeof *vector);
    return by_matrix(&r->calls, count, vector, product, error);
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < SIZE; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

static void times_matrix(const double *vector, double *product)
{
    for (size_t i = 0; i < SIZE; i++) {
        product[i] = dot(matrix + i * SIZE, vector);
    }
}

/* GSL's eigenvector of V^T A V for the eigenvalue of the largest absolute value, which is returned, as V s. */
static double ritz_by_gsl(double basis[STEPS][SIZE], double ritz[SIZE])
{
    gsl_matrix *projected = gsl_matrix_alloc(STEPS, STEPS);
    gsl_matrix *vectors = gsl_matrix_alloc(STEPS, STEPS);
    gsl_vector *values = gsl_vector_alloc(STEPS);
    gsl_eigen_symmv_workspace *workspace = gsl_eigen_symmv_alloc(STEPS);
    for (size_t j = 0; j < STEPS; j++) {
        double product[SIZE];
        times_matrix(basis[j], product);
        for (size_t i = 0; i < STEPS; i++) {
            gsl_matrix_set(projected, i, j, dot(basis[i], product));
        }
    }
    gsl_eigen_symmv(projected, values, vectors, workspace);
    gsl_eigen_symmv_sort(values, vectors, GSL_EIGEN_SORT_ABS_DESC);
    double value = gsl_vector_get(values, 0);
    for (size_t i = 0; i < SIZE; i++) {
        ritz[i] = 0;
        for (size_t j = 0; j < STEPS; j++) {
            ritz[i] += basis[j][i] * gsl_matrix_get(vectors, j, 0);
        }
    }
    gsl_eigen_symmv_free(workspace);
    gsl_vector_free(values);
    gsl_matrix_free(vectors);
    gsl_matrix_free(projected);
    return value;
}

/*
 * The vectors are orthonormal, also where all eigenvalues are nearly equal and a product is nearly its vector. The
 * value is the largest of A on their span, and the residual |A x - value x| for its unit eigenvector x there.
 */
START_TEST(residuals_by_definition)
{
    static const double shifts[] = {5, -5, 1e7};
    evidence(EVIDENCE_PROPERTY, "stats/largest_eigenvalue");
    assay_mt19937 generator;
    assay_error error;
    assay_eigenvalue found;
    recorder r = {.calls = 0};
    double x[SIZE];
    double product[SIZE];
    draw_matrix(4, shifts[_i]);
    assay_mt19937_seed(&generator, 2);
    support_assert_ok(assay_largest_eigenvalue(recorded, &r, SIZE, STEPS, 0, &generator, &found, &error), &error);
    ck_assert_uint_eq(r.calls, STEPS);
    for (size_t i = 0; i < STEPS; i++) {
        for (size_t j = 0; j <= i; j++) {
            double product_of_two = dot(r.basis[i], r.basis[j]);
            ck_assert_msg(fabs(product_of_two - (i == j ? 1 : 0)) < 1e-14, "%zu and %zu: %g", i, j, product_of_two);
        }
    }
    support_assert_relative("value", found.value, ritz_by_gsl(r.basis, x), 1e-13);
    times_matrix(x, product);
    for (size_t i = 0; i < SIZE; i++) {
        product[i] -= found.value * x[i];
    }
    support_assert_relative("residual", found.residual, sqrt(dot(product, product)), 1e-6);
}
END_TEST

/* [a b; b d] has the eigenvalues (a + d) / 2 +- hypot((a - d) / 2, b), whichever vector the method begins with. */
START_TEST(two_rows_in_closed_form)
{
    static const double cases[][3] = {{1, 0.5, 10}, {10, 0.5, 1}, {-10, 0.5, 1}, {1, -3, -1.5}, {0, 2, 0.25}};
    evidence(EVIDENCE_PROPERTY, "stats/largest_eigenvalue");
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        const double a = cases[c][0];
        const double b = cases[c][1];
        const double d = cases[c][2];
        const double whole[] = {a, b, b, d};
        const double middle = (a + d) / 2;
        memcpy(matrix, whole, sizeof whole);
        for (uint64_t seed = 1; seed <= 10; seed++) {
            assay_mt19937 generator;
            assay_error error;
            assay_eigenvalue found;
            size_t calls = 0;
            assay_mt19937_seed(&generator, seed);
            support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, 2, 2, 0, &generator, &found, &error), &error);
            support_assert_relative("of two rows", found.value, middle + copysign(hypot((a - d) / 2, b), middle),
                                    1e-14);
            ck_assert_uint_eq(found.products, 2);
        }
    }
}
END_TEST

/* Symmetric matrices have A v = w for any w, as for A = v w^T + w v^T: here w is orthogonal to v, and as long. */
static assay_status turns(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    (void)user;
    (void)error;
    for (size_t i = 0; i < count; i += 2) {
        product[i] = vector[i + 1];
        product[i + 1] = -vector[i];
    }
    return ASSAY_OK;
}

START_TEST(a_value_of_zero_has_a_residual)
{
    evidence(EVIDENCE_PROPERTY, "stats/largest_eigenvalue");
    assay_mt19937 generator;
    assay_error error;
    assay_eigenvalue found;
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(assay_largest_eigenvalue(turns, NULL, 2, 1, 0, &generator, &found, &error), &error);
    ck_assert(found.value == 0 && found.products == 1);
    support_assert_relative("residual", found.residual, 1, 1e-14);
}
END_TEST

/* It ends with the first step whose residual is within the tolerance; for a multiple of 1, with the first of all. */
START_TEST(no_step_too_many)
{
    evidence(EVIDENCE_PROPERTY, "stats/largest_eigenvalue");
    const double tolerance = 0.02;
    assay_mt19937 generator;
    assay_error error;
    assay_eigenvalue found;
    assay_eigenvalue before;
    size_t calls = 0;
    draw_matrix(5, 5);
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, SIZE, SIZE, tolerance, &generator, &found, &error),
                      &error);
    ck_assert(found.products > 1 && found.products < SIZE && found.residual <= tolerance * fabs(found.value));
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(
        assay_largest_eigenvalue(by_matrix, &calls, SIZE, found.products - 1, 0, &generator, &before, &error), &error);
    ck_assert(before.residual > tolerance * fabs(before.value));
    memset(matrix, 0, sizeof matrix);
    for (size_t i = 0; i < SIZE; i++) {
        matrix[i * SIZE + i] = -3;
    }
    support_assert_ok(assay_largest_eigenvalue(by_matrix, &calls, SIZE, SIZE, 0, &generator, &found, &error), &error);
    support_assert_relative("of a multiple of 1", found.value, -3, 1e-14);
    ck_assert_uint_eq(found.products, 1);
}
END_TEST

/* --- the vectors of signs  */

enum { LONG = 130, DRAWS = 300 };

typedef struct {
    size_t draws;
    double sums[LONG];        /* of each sign */
    double products[3][LONG]; /* with the sign after it, the 63rd and the 64th: one word of bits has 64 */
    double samples[DRAWS];
} sign_record;

static const size_t distances[] = {1, 63, 64};

/* The matrix that moves each element to the place before it. */
static assay_status moves(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    (void)error;
    sign_record *r = user;
    double sample = 0;
    for (size_t i = 0; i < count; i++) {
        ck_assert(fabs(vector[i]) == 1);
        product[i] = vector[(i + 1) % count];
        sample += vector[i] * product[i];
        r->sums[i] += vector[i];
        for (size_t d = 0; d < 3; d++) {
            r->products[d][i] += vector[i] * vector[(i + distances[d]) % count];
        }
    }
    r->samples[r->draws++] = sample;
    return ASSAY_OK;
}

/* All signs are as often 1 as -1, and no two of them go together; the estimate is the samples' mean and its error. */
START_TEST(signs_and_their_mean)
{
    evidence(EVIDENCE_STATISTICAL, "stats/estimate_trace");
    evidence_alarm(4 * LONG, 5e-11);
    static sign_record r;
    assay_mt19937 generator;
    assay_error error;
    assay_trace_estimate estimate;
    assay_mt19937_seed(&generator, 12);
    support_assert_ok(assay_estimate_trace(moves, &r, LONG, DRAWS, &generator, &estimate, &error), &error);
    ck_assert_uint_eq(r.draws, DRAWS);
    const double most = 7.0 * sqrt(DRAWS); /* Hoeffding: 2 exp(-7^2 / 2) = 4.6e-11 */
    double mean = 0;
    for (size_t i = 0; i < LONG; i++) {
        ck_assert_msg(fabs(r.sums[i]) < most, "sign %zu: %g", i, r.sums[i]);
        for (size_t d = 0; d < 3; d++) {
            ck_assert_msg(fabs(r.products[d][i]) < most, "sign %zu and the %zuth after it", i, distances[d]);
        }
    }
    for (size_t n = 0; n < DRAWS; n++) {
        mean += r.samples[n] / DRAWS;
    }
    double squares = 0;
    for (size_t n = 0; n < DRAWS; n++) {
        squares += (r.samples[n] - mean) * (r.samples[n] - mean);
    }
    ck_assert_double_eq_tol(estimate.trace, mean, 1e-12);
    support_assert_relative("error", estimate.error, sqrt(squares / (DRAWS - 1) / DRAWS), 1e-12);
}
END_TEST

static assay_status fails(void *user, size_t count, const double *vector, double *product, assay_error *error)
{
    (void)vector;
    product[count - 1] = NAN;
    return user != NULL ? ASSAY_OK : assay_fail(error, ASSAY_ERROR_IO, "no matrix today");
}

START_TEST(errors)
{
    evidence(EVIDENCE_ERRORS, "stats/largest_eigenvalue");
    evidence(EVIDENCE_ERRORS, "stats/estimate_trace");
    assay_mt19937 generator;
    assay_error error;
    assay_eigenvalue found;
    assay_trace_estimate estimate;
    assay_mt19937_seed(&generator, 3);
    support_assert_error(assay_largest_eigenvalue(fails, NULL, 0, 3, 0, &generator, &found, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "0 rows");
    ck_assert(found.value == 0 && found.residual == 0 && found.products == 0);
    support_assert_error(assay_largest_eigenvalue(fails, NULL, 3, 0, 0, &generator, &found, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "0 steps");
    support_assert_error(assay_largest_eigenvalue(fails, NULL, 3, 3, 0, &generator, &found, &error), ASSAY_ERROR_IO,
                         &error, "no matrix today");
    support_assert_error(assay_largest_eigenvalue(fails, &error, 3, 3, 0, &generator, &found, &error),
                         ASSAY_ERROR_NUMERIC, &error, "element 2 of a product");
    support_assert_error(assay_estimate_trace(fails, NULL, 0, 2, &generator, &estimate, &error), ASSAY_ERROR_ARGUMENT,
                         &error, "0 rows from 2 samples");
    support_assert_error(assay_estimate_trace(fails, NULL, 3, 1, &generator, &estimate, &error), ASSAY_ERROR_ARGUMENT,
                         &error, "at least 2");
    support_assert_error(assay_estimate_trace(fails, NULL, 3, 2, &generator, &estimate, &error), ASSAY_ERROR_IO, &error,
                         "no matrix today");
    support_assert_error(assay_estimate_trace(fails, &error, 3, 2, &generator, &estimate, &error), ASSAY_ERROR_NUMERIC,
                         &error, "element 2 of a product");
    support_assert_error(assay_largest_eigenvalue(fails, NULL, SIZE_MAX / 16, 100, 0, &generator, &found, &error),
                         ASSAY_ERROR_MEMORY, &error, NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("curvature");
    TCase *products = tcase_create("products");
    tcase_add_loop_test(products, product_against_differences, 0, 2 * ASSAY_ACTIVATION_COUNT);
    tcase_add_loop_test(products, hessians_are_symmetric, 0, 2);
    tcase_add_loop_test(products, linear_model_in_closed_form, 0, 2);
    tcase_add_test(products, networks_without_preactivations);
    suite_add_tcase(suite, products);
    TCase *spectra = tcase_create("spectra");
    tcase_add_loop_test(spectra, eigenvalue, 0, 10);
    tcase_add_test(spectra, special_matrices);
    tcase_add_loop_test(spectra, residuals_by_definition, 0, 3);
    tcase_add_test(spectra, two_rows_in_closed_form);
    tcase_add_test(spectra, a_value_of_zero_has_a_residual);
    tcase_add_test(spectra, no_step_too_many);
    tcase_add_test(spectra, signs_and_their_mean);
    tcase_add_test(spectra, trace);
    tcase_add_test(spectra, errors);
    suite_add_tcase(suite, spectra);
    return support_run(suite);
}
