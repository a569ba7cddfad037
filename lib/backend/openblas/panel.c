#include "backend/openblas/panel.h"

#include <math.h>

#include "backend/openblas/panel_kernels.h"
#include <assay/base/alloc.h>

/* Floats in the packed panels of B: a megabyte, so that they and the rows of A fit into a processor's level-2 cache. */
enum { PANEL_FLOATS = 256 * 1024 };

/* For smaller sizes, packing costs more time than it saves. */
enum { LEAST_M = 16, LEAST_N = 64, LEAST_K = 64 };

const assay_panel_kernels *const *assay_panel_for(assay_processor processor)
{
    static const assay_panel_kernels *const none[] = {NULL};
#if ASSAY_PANEL_X86
    static const assay_panel_kernels *const avx2[] = {&assay_panel_avx2, NULL};
    static const assay_panel_kernels *const avx512[] = {&assay_panel_avx512, &assay_panel_avx2, NULL};
    if (processor.avx2 && processor.fma && processor.bmi2) {
        return processor.avx512vl ? avx512 : avx2;
    }
#endif
#if ASSAY_PANEL_NEON
    static const assay_panel_kernels *const neon[] = {&assay_panel_neon, NULL};
    if (processor.neon) {
        return neon;
    }
#endif
    (void)processor;
    return none;
}

const assay_panel_kernels *const *assay_panel_supported(void)
{
    return assay_panel_for(assay_processor_here());
}

bool assay_panel_takes(size_t m, size_t n, size_t k)
{
    return m >= LEAST_M && n >= LEAST_N && k >= LEAST_K && k <= ASSAY_PANEL_MAX_K;
}

static float element(assay_panel_matrix a, size_t i, size_t k)
{
    return a.first[a.transposed ? k * a.stride + i : i * a.stride + k];
}

/* In a sample of pairs (group of ASSAY_PANEL_SAMPLE_ROWS rows, k): how many have `value` in all their rows. */
static int count_left_out(size_t m, size_t k, assay_panel_matrix a, float value)
{
    int left_out = 0;
    size_t groups = m / ASSAY_PANEL_SAMPLE_ROWS;
    for (size_t s = 0; s < ASSAY_PANEL_SAMPLES; s++) {
        /* These strides share no factor with most sizes, so the samples reach all rows and all columns. */
        size_t i = s * 17 % groups * ASSAY_PANEL_SAMPLE_ROWS;
        size_t at = s * 101 % k;
        bool same = true;
        for (size_t r = 0; r < ASSAY_PANEL_SAMPLE_ROWS; r++) {
            same = same && element(a, i + r, at) == value;
        }
        left_out += same;
    }
    return left_out;
}

int assay_panel_left_out(size_t m, size_t k, assay_panel_matrix a, float *background)
{
    /* Larger numbers could overflow when they are subtracted. */
    static const float largest = 0x1p63f;
    *background = 0;
    int zeros = count_left_out(m, k, a, 0);
    float first = a.first[0];
    if (zeros >= ASSAY_PANEL_SAMPLES / 4 || first == 0 || !(fabsf(first) < largest)) {
        return zeros;
    }
    int others = count_left_out(m, k, a, first);
    *background = others > zeros ? first : 0;
    return others > zeros ? others : zeros;
}

size_t assay_panel_columns(size_t k)
{
    size_t columns = PANEL_FLOATS / k / ASSAY_PANEL_MAX_LANES * ASSAY_PANEL_MAX_LANES;
    return columns < ASSAY_PANEL_MAX_N ? columns : ASSAY_PANEL_MAX_N;
}

static bool create_thread(assay_panel_thread *thread, assay_error *error)
{
    enum { LISTS = ASSAY_PANEL_GROUP_ROWS / ASSAY_PANEL_ROWS };
    enum { TILE = ASSAY_PANEL_GROUP_ROWS * ASSAY_PANEL_MAX_WIDTH };
    thread->b = assay_calloc(PANEL_FLOATS, sizeof *thread->b, error);
    thread->column_sums = assay_calloc(ASSAY_PANEL_MAX_N, sizeof *thread->column_sums, error);
    thread->values = assay_calloc(ASSAY_PANEL_GROUP_ROWS * ASSAY_PANEL_STRIDE, sizeof *thread->values, error);
    thread->kept = assay_calloc(LISTS * ASSAY_PANEL_STRIDE, sizeof *thread->kept, error);
    thread->tile = assay_calloc(TILE, sizeof *thread->tile, error);
    return thread->b != NULL && thread->column_sums != NULL && thread->values != NULL && thread->kept != NULL &&
           thread->tile != NULL;
}

assay_panel_thread *assay_panel_threads_create(int count, assay_error *error)
{
    assay_panel_thread *threads = assay_calloc((size_t)count, sizeof *threads, error);
    for (int i = 0; threads != NULL && i < count; i++) {
        if (!create_thread(&threads[i], error)) {
            assay_panel_threads_destroy(threads, count);
            return NULL;
        }
    }
    return threads;
}

void assay_panel_threads_destroy(assay_panel_thread *threads, int count)
{
    for (int i = 0; threads != NULL && i < count; i++) {
        assay_free(threads[i].b);
        assay_free(threads[i].column_sums);
        assay_free(threads[i].values);
        assay_free(threads[i].kept);
        assay_free(threads[i].tile);
    }
    assay_free(threads);
}
