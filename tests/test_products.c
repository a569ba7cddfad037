/*
 * Products of whole numbers, which float and double hold exactly, from many threads at once: a single wrong bit is
 * seen. OpenBLAS has to allow that, or the backend has to call it from one thread at a time.
 */
#include <cblas.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <assay/backend/backend.h>
#include "machines.h"
#include "support.h"

enum { CALLERS = 4, THREADS = 2, MOST = 64, ROUNDS = 1000, FEW_ROUNDS = 100 };

typedef struct {
    machine on;
    unsigned state; /* of the random numbers */
    int rounds;
    int wrong; /* products of which an element is wrong */
    assay_status status;
} caller;

/* The factors and the product, in memory and in the backend. */
typedef struct {
    float values[3][MOST * MOST];
    assay_buffer *buffers[3];
} matrices;

static unsigned next(unsigned *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* |a_ik b_kj| <= 64 and k, n <= 64: every sum, also over a row of C, is a whole number of at most 2^18. */
static void draw(float *values, size_t count, unsigned *state)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = (float)(int)(next(state) % 17) - 8;
    }
}

/* Whether C 1 = A (B 1): a product with a wrong element has almost certainly a row with another sum. */
static bool is_product(const float *a, const float *b, const float *c, size_t m, size_t n, size_t k)
{
    float sums[MOST] = {0};
    for (size_t l = 0; l < k; l++) {
        for (size_t j = 0; j < n; j++) {
            sums[l] += b[l * n + j];
        }
    }
    for (size_t i = 0; i < m; i++) {
        float difference = 0;
        for (size_t l = 0; l < k; l++) {
            difference += a[i * k + l] * sums[l];
        }
        for (size_t j = 0; j < n; j++) {
            difference -= c[i * n + j];
        }
        if (difference != 0) {
            return false;
        }
    }
    return true;
}

static bool multiply_once(assay_backend *backend, matrices *all, unsigned *state)
{
    const size_t m = 20 + next(state) % (MOST - 19);
    const size_t n = 20 + next(state) % (MOST - 19);
    const size_t k = 50 + next(state) % (MOST - 49);
    const size_t counts[] = {m * k, k * n, m * n};
    assay_slice slices[3];
    for (size_t i = 0; i < 3; i++) {
        slices[i] = assay_part_of(assay_whole(all->buffers[i]), 0, counts[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        draw(all->values[i], counts[i], state);
        assay_upload_f32(backend, slices[i], all->values[i]);
    }
    assay_gemm(backend, (assay_gemm_shape){.m = m, .n = n, .k = k, .alpha = 1}, slices[0], slices[1], slices[2]);
    assay_download_f32(backend, slices[2], all->values[2]);
    return is_product(all->values[0], all->values[1], all->values[2], m, n, k);
}

/* Check's assertions end a test from its own thread alone: so the caller counts. */
static void *multiply_often(void *argument)
{
    caller *self = argument;
    assay_backend *backend = NULL;
    assay_backend_options options = {self->on.backend, self->on.precision, THREADS};
    self->status = assay_backend_open(&options, &backend, NULL);
    if (self->status != ASSAY_OK) {
        return NULL;
    }
    matrices all;
    for (size_t i = 0; i < 3; i++) {
        all.buffers[i] = assay_buffer_create(backend, ASSAY_REAL, MOST * MOST);
    }
    self->status = assay_backend_check(backend, NULL);
    for (int i = 0; self->status == ASSAY_OK && i < self->rounds; i++) {
        self->wrong += !multiply_once(backend, &all, &self->state);
    }
    for (size_t i = 0; i < 3; i++) {
        assay_buffer_destroy(backend, all.buffers[i]);
    }
    assay_backend_close(backend);
    return NULL;
}

static machine machines[MOST_MACHINES];

START_TEST(products_of_whole_numbers_are_exact)
{
    evidence(EVIDENCE_PROPERTY, "operation/gemm");
    caller callers[CALLERS];
    pthread_t threads[CALLERS];
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = (caller){
            .on = machines[_i], .state = i + 1, .rounds = support_small_effort() ? FEW_ROUNDS : ROUNDS};
        ck_assert_int_eq(pthread_create(&threads[i], NULL, multiply_often, &callers[i]), 0);
    }
    int wrong = 0;
    for (unsigned i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(callers[i].status, ASSAY_OK);
        wrong += callers[i].wrong;
    }
    ck_assert_msg(wrong == 0, "%s: %d of %d products are wrong", machines[_i].backend, wrong,
                  CALLERS * callers[0].rounds);
}
END_TEST

int main(void)
{
    static const char *const kinds[] = {"sequential", "threads", "OpenMP"};
    const int parallel = openblas_get_parallel();
    printf("%s (%s)\n", openblas_get_config(), parallel >= 0 && parallel <= 2 ? kinds[parallel] : "?");
    const size_t found = machines_find(machines);
    size_t count = 0;
    for (size_t i = 0; i < found; i++) {
        if (strncmp(machines[i].backend, "openblas", strlen("openblas")) == 0) {
            machines[count++] = machines[i];
        }
    }
    Suite *suite = suite_create("products");
    TCase *tcase = tcase_create("products");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, products_of_whole_numbers_are_exact, 0, (int)count);
    suite_add_tcase(suite, tcase);
    return support_run(suite);
}
