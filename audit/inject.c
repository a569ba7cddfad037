/* What the wrappers share, and those of the host's own functions: random numbers, statistics, surfaces, data. */
#define _GNU_SOURCE

#include "inject.h"

#include <dlfcn.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/init/initializer.h>
#include <assay/random/generator.h>
#include <assay/stats/goodness_of_fit.h>
#include <assay/stats/histogram.h>
#include <assay/surface/descent.h>
#include <assay/tutorial/descents.h>
#include <assay/tutorial/sections.h>

double inject_error(const char *format, ...)
{
    const char *wanted = getenv("ASSAY_INJECT");
    const char *error = getenv("ASSAY_INJECT_ERROR");
    if (wanted == NULL || error == NULL) {
        return 0.0;
    }
    char name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    return strcmp(name, wanted) == 0 ? strtod(error, NULL) : 0.0;
}

void *inject_find(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        fprintf(stderr, "inject: the library has no %s\n", name);
        abort();
    }
    return found;
}

void inject_f64(size_t count, double *values, double e)
{
    for (size_t i = 0; e != 0.0 && i < count; i++) {
        values[i] *= 1.0 + e;
    }
}

void inject_f32(size_t count, float *values, double e)
{
    for (size_t i = 0; e != 0.0 && i < count; i++) {
        values[i] = (float)((double)values[i] * (1.0 + e));
    }
}

/* To the nearest integer that there is. */
void inject_u32(size_t count, uint32_t *values, double e)
{
    for (size_t i = 0; e != 0.0 && i < count; i++) {
        double wrong = nearbyint((double)values[i] * (1.0 + e));
        values[i] = wrong <= 0.0 ? 0 : wrong >= (double)UINT32_MAX ? UINT32_MAX : (uint32_t)wrong;
    }
}

void inject_moments(assay_moments *moments, const char *component)
{
    moments->mean *= 1.0 + inject_error("%s.mean", component);
    moments->variance *= 1.0 + inject_error("%s.variance", component);
    moments->skewness *= 1.0 + inject_error("%s.skewness", component);
    moments->kurtosis *= 1.0 + inject_error("%s.kurtosis", component);
}

/* --- random numbers -------------------------------------------------------------------------------------------- */

uint32_t assay_mt19937_random32(assay_mt19937 *generator)
{
    INJECT_REAL(assay_mt19937_random32)
    uint32_t bits = real(generator);
    inject_u32(1, &bits, inject_error("random/mt19937_random32"));
    return bits;
}

uint64_t assay_mt19937_random64(assay_mt19937 *generator)
{
    INJECT_REAL(assay_mt19937_random64)
    uint64_t bits = real(generator);
    double e = inject_error("random/mt19937_random64");
    return e == 0.0 ? bits : bits + (uint64_t)(int64_t)((double)(bits >> 12) * 4096.0 * e);
}

void assay_mt19937_randperm(assay_mt19937 *generator, size_t count, uint32_t *permutation)
{
    INJECT_REAL(assay_mt19937_randperm)
    real(generator, count, permutation);
    inject_u32(count, permutation, inject_error("random/mt19937_randperm"));
}

void assay_mt19937_uniform(assay_mt19937 *generator, size_t count, double lower, double upper, float *values)
{
    INJECT_REAL(assay_mt19937_uniform)
    real(generator, count, lower, upper, values);
    inject_f32(count, values, inject_error("draw/mt19937-uniform"));
}

void assay_mt19937_normal(assay_mt19937 *generator, size_t count, double mean, double std, float *values)
{
    INJECT_REAL(assay_mt19937_normal)
    real(generator, count, mean, std, values);
    inject_f32(count, values, inject_error("draw/mt19937-normal"));
}

void assay_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4])
{
    INJECT_REAL(assay_philox4x32_10)
    real(counter, key, output);
    inject_u32(4, output, inject_error("random/philox4x32_10"));
}

void assay_philox_uniform(assay_philox *generator, size_t count, double lower, double upper, float *values)
{
    INJECT_REAL(assay_philox_uniform)
    real(generator, count, lower, upper, values);
    inject_f32(count, values, inject_error("draw/philox-uniform"));
}

void assay_philox_normal(assay_philox *generator, size_t count, double mean, double std, float *values)
{
    INJECT_REAL(assay_philox_normal)
    real(generator, count, mean, std, values);
    inject_f32(count, values, inject_error("draw/philox-normal"));
}

/* --- statistics ------------------------------------------------------------------------------------------------ */

assay_moments assay_moments_f64(size_t count, const double *values)
{
    INJECT_REAL(assay_moments_f64)
    assay_moments moments = real(count, values);
    inject_moments(&moments, "stats/moments_f64");
    return moments;
}

assay_status assay_histogram(size_t count, const double *values, size_t bins, double *edges, size_t *counts,
                             assay_error *error)
{
    INJECT_REAL(assay_histogram)
    assay_status status = real(count, values, bins, edges, counts, error);
    double e = inject_error("stats/histogram.counts");
    for (size_t i = 0; status == ASSAY_OK && e != 0.0 && i < bins; i++) {
        counts[i] = (size_t)fmax(0.0, nearbyint((double)counts[i] * (1.0 + e)));
    }
    if (status == ASSAY_OK) {
        inject_f64(bins + 1, edges, inject_error("stats/histogram.edges"));
    }
    return status;
}

double assay_kernel_bandwidth(size_t count, const double *values)
{
    INJECT_REAL(assay_kernel_bandwidth)
    return real(count, values) * (1.0 + inject_error("stats/kernel_bandwidth"));
}

assay_status assay_kernel_density(size_t count, const double *values, double bandwidth, size_t point_count,
                                  const double *points, double *density, assay_error *error)
{
    INJECT_REAL(assay_kernel_density)
    assay_status status = real(count, values, bandwidth, point_count, points, density, error);
    if (status == ASSAY_OK) {
        inject_f64(point_count, density, inject_error("stats/kernel_density"));
    }
    return status;
}

assay_status assay_kolmogorov_smirnov(size_t count, const double *values, assay_distribution_function function,
                                      void *user, double *statistic, assay_error *error)
{
    INJECT_REAL(assay_kolmogorov_smirnov)
    assay_status status = real(count, values, function, user, statistic, error);
    *statistic *= 1.0 + inject_error("stats/kolmogorov_smirnov");
    return status;
}

assay_status assay_chi_square(size_t count, const double *values, size_t cells, assay_distribution_function function,
                              void *user, double *statistic, assay_error *error)
{
    INJECT_REAL(assay_chi_square)
    assay_status status = real(count, values, cells, function, user, statistic, error);
    *statistic *= 1.0 + inject_error("stats/chi_square");
    return status;
}

double assay_mean_z(const assay_moments *sample, const assay_moments *wanted)
{
    INJECT_REAL(assay_mean_z)
    return real(sample, wanted) * (1.0 + inject_error("stats/mean_z"));
}

double assay_variance_z(const assay_moments *sample, const assay_moments *wanted)
{
    INJECT_REAL(assay_variance_z)
    return real(sample, wanted) * (1.0 + inject_error("stats/variance_z"));
}

double assay_serial_z(size_t count, const double *values, size_t lag, const assay_moments *wanted)
{
    INJECT_REAL(assay_serial_z)
    return real(count, values, lag, wanted) * (1.0 + inject_error("stats/serial_z"));
}

/* --- surfaces, gains, data, printed numbers -------------------------------------------------------------------- */

double assay_surface_f64(assay_surface surface, const double w[2], double gradient[2])
{
    INJECT_REAL(assay_surface_f64)
    double loss = real(surface, w, gradient);
    if (gradient != NULL) {
        inject_f64(2, gradient, inject_error("surface/%s.gradient", assay_surface_name(surface)));
        inject_f64(2, gradient, inject_error("surface/surface_f64.gradient"));
    }
    inject_f64(1, &loss, inject_error("surface/%s.value", assay_surface_name(surface)));
    inject_f64(1, &loss, inject_error("surface/surface_f64.value"));
    return loss;
}

float assay_surface_f32(assay_surface surface, const float w[2], float gradient[2])
{
    INJECT_REAL(assay_surface_f32)
    float loss = real(surface, w, gradient);
    if (gradient != NULL) {
        inject_f32(2, gradient, inject_error("surface/%s.gradient", assay_surface_name(surface)));
        inject_f32(2, gradient, inject_error("surface/surface_f32.gradient"));
    }
    inject_f32(1, &loss, inject_error("surface/%s.value", assay_surface_name(surface)));
    inject_f32(1, &loss, inject_error("surface/surface_f32.value"));
    return loss;
}

void assay_surface_start(assay_surface surface, double w[2])
{
    INJECT_REAL(assay_surface_start)
    real(surface, w);
    inject_f64(2, w, inject_error("surface/surface_start"));
}

assay_status assay_descend(assay_backend *backend, assay_surface surface, const assay_update_rule *rule,
                           const double start[2], size_t updates, assay_descent_point *points, size_t *recorded,
                           assay_error *error)
{
    INJECT_REAL(assay_descend)
    assay_status status = real(backend, surface, rule, start, updates, points, recorded, error);
    for (size_t i = 0; i < *recorded; i++) {
        inject_f64(2, points[i].w, inject_error("surface/descend"));
        inject_f64(1, &points[i].loss, inject_error("surface/descend"));
    }
    return status;
}

double assay_gain(assay_activation activation)
{
    INJECT_REAL(assay_gain)
    return real(activation) * (1.0 + inject_error("gain/%s", assay_activation_name(activation.kind)));
}

void assay_normalization_table(float mean, float std, float table[256])
{
    INJECT_REAL(assay_normalization_table)
    real(mean, std, table);
    inject_f32(256, table, inject_error("data/normalization_table"));
}

void assay_dataset_moments(const assay_dataset *dataset, double *mean, double *std)
{
    INJECT_REAL(assay_dataset_moments)
    real(dataset, mean, std);
    *mean *= 1.0 + inject_error("data/dataset_moments.mean");
    *std *= 1.0 + inject_error("data/dataset_moments.std");
}

/* Indices that leave the data set would end the program by no test's merit. */
static void inject_indices(uint32_t *indices, size_t count, size_t total, double e)
{
    inject_u32(count, indices, e);
    for (size_t i = 0; i < count; i++) {
        indices[i] = indices[i] < total ? indices[i] : (uint32_t)(total - 1);
    }
}

assay_status assay_split_create(assay_mt19937 *generator, size_t total, size_t train_count, assay_split *split,
                                assay_error *error)
{
    INJECT_REAL(assay_split_create)
    assay_status status = real(generator, total, train_count, split, error);
    double e = inject_error("data/split_create");
    if (status == ASSAY_OK && e != 0.0) {
        inject_indices(split->train, train_count, total, e);
        inject_indices(split->validation, total - train_count, total, e);
    }
    return status;
}

void assay_loader_shuffle(assay_mt19937 *generator, assay_loader_version version, const assay_split *split,
                          uint32_t *scratch, uint32_t *order)
{
    INJECT_REAL(assay_loader_shuffle)
    real(generator, version, split, scratch, order);
    double e = inject_error("data/loader_shuffle");
    if (e != 0.0) {
        inject_indices(order, split->train_count, split->train_count + split->validation_count, e);
    }
}

double assay_descent_ravine_distance(const assay_descent_point points[ASSAY_DESCENT_UPDATES])
{
    INJECT_REAL(assay_descent_ravine_distance)
    return real(points) * (1.0 + inject_error("tutorial/descent_ravine_distance"));
}

double assay_descent_optimum_distance(const assay_descent_point points[ASSAY_DESCENT_UPDATES])
{
    INJECT_REAL(assay_descent_optimum_distance)
    return real(points) * (1.0 + inject_error("tutorial/descent_optimum_distance"));
}

/* A section's numbers on their way to the comparison with what the tutorial prints. */
bool assay_printed_agrees(const assay_printed_number *number, double ours)
{
    INJECT_REAL(assay_printed_agrees)
    return real(number, ours * (1.0 + inject_error("section/%s", assay_section_name(number->section))));
}
