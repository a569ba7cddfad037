/* Tests of lib/backend/openblas/panel.h: products that skip terms that contribute nothing, by every kernel. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "test_panel.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend/openblas/panel.h"
#include <assay/base/alloc.h>
#include "support.h"

float test_number(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (float)(*state >> 40) * 0x1p-23f - 1;
}

float *test_sparse(size_t rows, size_t columns, bool transposed, unsigned kept, float background, uint64_t *state)
{
    float *made = assay_calloc(rows * columns, sizeof *made, NULL);
    for (size_t i = 0; i < rows; i += 4) {
        for (size_t j = 0; j < columns; j++) {
            bool empty = test_number(state) >= 2 * (float)kept / 100 - 1;
            for (size_t r = i; r < i + 4 && r < rows; r++) {
                float number = test_number(state);
                bool left_out = empty || number > 0.75f || (r == 0 && j == 0);
                made[transposed ? j * rows + r : r * columns + j] = left_out ? background : number;
            }
        }
    }
    return made;
}

/* --- products -------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    size_t m;
    size_t n;
    size_t k;
} shapes[] = {
    {1, 1, 1},     {4, 16, 16},  {3, 15, 7},     {5, 17, 33},     {16, 96, 64},  {17, 97, 65},    {15, 95, 63},
    {8, 24, 8},    {9, 25, 9},   {129, 40, 100}, {128, 33, 1024}, {37, 700, 50}, {300, 513, 129}, {64, 8, 1023},
    {256, 10, 128}, {131, 110, 784}, {16, 127, 47}, {17, 128, 48}, {15, 129, 49}, {18, 257, 97},
};
/* clang-format on */

/* Backgrounds, and how much differs from them, in percent. */
static const struct {
    float background;
    unsigned kept;
} contents[] = {{0, 40}, {-0.8104816f, 60}, {0.3f, 0}, {0, 100}};

typedef struct {
    assay_panel_product product;
    float *a;
    float *b;
    float *c;
} example;

enum { TRANSPOSITIONS = 8, CONTENTS = sizeof contents / sizeof *contents, GUARD = 3, SMALL_EFFORT = 200000 };

/* The values beside the rows of C, which must not change. */
static const float guard = -77;

static example make_example(size_t shape, int transposition, size_t content, uint64_t *state)
{
    const size_t m = shapes[shape].m;
    const size_t n = shapes[shape].n;
    const size_t k = shapes[shape].k;
    const bool ta = (transposition & 1) != 0;
    const bool tb = (transposition & 2) != 0;
    const bool tc = (transposition & 4) != 0;
    example made = {.a = test_sparse(m, k, ta, contents[content].kept, contents[content].background, state),
                    .b = test_sparse(k, n, tb, 100, 0, state)};
    const size_t stride = (tc ? m : n) + GUARD;
    made.c = assay_calloc(stride * (tc ? n : m), sizeof *made.c, NULL);
    for (size_t i = 0; i < stride * (tc ? n : m); i++) {
        made.c[i] = guard;
    }
    made.product = (assay_panel_product){.m = m,
                                         .n = n,
                                         .k = k,
                                         .a = {made.a, ta ? m : k, ta},
                                         .b = {made.b, tb ? k : n, tb},
                                         .c = made.c,
                                         .c_stride = stride,
                                         .c_transposed = tc,
                                         .background = contents[content].background};
    return made;
}

static void free_example(example *made)
{
    assay_free(made->a);
    assay_free(made->b);
    assay_free(made->c);
}

static double at(assay_panel_matrix matrix, size_t i, size_t j)
{
    return (double)matrix.first[matrix.transposed ? j * matrix.stride + i : i * matrix.stride + j];
}

/* The thread's part of the rows, in as many pieces of the columns as its memory wants. */
static void multiply(const assay_panel_kernels *kernels, const assay_panel_product *p, assay_range rows,
                     assay_panel_thread *thread)
{
    const size_t room = assay_panel_columns(p->k);
    for (size_t column = 0; column < p->n; column += room) {
        const size_t end = p->n - column < room ? p->n : column + room;
        kernels->multiply(p, rows, (assay_range){column, end}, thread);
    }
}

/*
 * Each sum has k + 1 terms: c times the column's sum, itself rounded at most k times, and (a - c) b, of which a - c is
 * rounded once. So the error is at most (2k + 4) eps times the sum of |c b| + |a - c| |b|.
 */
static void judge(const char *what, const assay_panel_product *p)
{
    for (size_t i = 0; i < p->m; i++) {
        for (size_t j = 0; j < p->n; j++) {
            double want = 0;
            double size = 0;
            for (size_t k = 0; k < p->k; k++) {
                double a = at(p->a, i, k);
                double b = at(p->b, k, j);
                want += a * b;
                size += (fabs((double)p->background) + fabs(a - (double)p->background)) * fabs(b);
            }
            double got = (double)p->c[p->c_transposed ? j * p->c_stride + i : i * p->c_stride + j];
            double bound = (double)(2 * p->k + 4) * 0.5 * FLT_EPSILON * size;
            if (!(fabs(got - want) <= bound)) {
                ck_abort_msg("%s: C[%zu][%zu] is %.9g, not %.9g within %.2g", what, i, j, got, want, bound);
            }
        }
    }
    const size_t rows = p->c_transposed ? p->n : p->m;
    for (size_t r = 0; r < rows; r++) {
        for (size_t g = 1; g <= GUARD; g++) {
            ck_assert_msg(p->c[(r + 1) * p->c_stride - g] == guard, "%s: written beside row %zu", what, r);
        }
    }
}

/* With small effort, or emulated, a large product is tried once, each shape with another transposition and content. */
static bool is_tried(size_t shape, int transposition, size_t content)
{
    const bool large = shapes[shape].m * shapes[shape].n * shapes[shape].k >= SMALL_EFFORT;
    const bool slow = support_small_effort() || (TEST_PANEL_EMULATED && !support_large_effort());
    return !large || !slow || ((size_t)transposition == shape % TRANSPOSITIONS && content == shape / 2 % CONTENTS);
}

static void judge_all(const assay_panel_kernels *kernels, size_t shape, assay_panel_thread *thread)
{
    uint64_t state = shape + 1;
    for (int transposition = 0; transposition < TRANSPOSITIONS; transposition++) {
        for (size_t content = 0; content < CONTENTS; content++) {
            if (!is_tried(shape, transposition, content)) {
                continue;
            }
            example made = make_example(shape, transposition, content, &state);
            char what[128];
            snprintf(what, sizeof what, "%s %zux%zux%zu, transposed %d, content %zu", kernels->name, made.product.m,
                     made.product.n, made.product.k, transposition, content);
            multiply(kernels, &made.product, (assay_range){0, made.product.m}, thread);
            ck_assert_msg(!thread->infinite, "%s: nothing was left out, for infinities that are not there", what);
            judge(what, &made.product);
            free_example(&made);
        }
    }
}

START_TEST(products_are_right)
{
    assay_panel_thread *thread = assay_panel_threads_create(1, NULL);
    for (const assay_panel_kernels *const *kernels = assay_panel_supported(); *kernels != NULL; kernels++) {
        evidence(EVIDENCE_PROPERTY, "kernel/panel-%s", (*kernels)->name);
        judge_all(*kernels, (size_t)_i, thread);
    }
    assay_panel_threads_destroy(thread, 1);
}
END_TEST

/* Cut at a multiple of the vector's length, as the backend's threads do, nothing changes by a bit. */
START_TEST(threads_do_not_change_a_bit)
{
    assay_panel_thread *threads = assay_panel_threads_create(2, NULL);
    uint64_t state = 7;
    for (const assay_panel_kernels *const *kernels = assay_panel_supported(); *kernels != NULL; kernels++) {
        evidence(EVIDENCE_PROPERTY, "kernel/panel-%s", (*kernels)->name);
        for (int transposition = 0; transposition < TRANSPOSITIONS; transposition++) {
            example made = make_example(12, transposition, 1, &state);
            assay_panel_product *p = &made.product;
            const size_t bytes = p->c_stride * (p->c_transposed ? p->n : p->m) * sizeof *p->c;
            multiply(*kernels, p, (assay_range){0, p->m}, &threads[0]);
            float *whole = assay_calloc(bytes, 1, NULL);
            memcpy(whole, p->c, bytes);
            const size_t cut = 10 * (*kernels)->lanes;
            multiply(*kernels, p, (assay_range){0, cut}, &threads[0]);
            multiply(*kernels, p, (assay_range){cut, p->m}, &threads[1]);
            ck_assert_int_eq(memcmp(whole, p->c, bytes), 0);
            assay_free(whole);
            free_example(&made);
        }
    }
    assay_panel_threads_destroy(threads, 2);
}
END_TEST

/* One infinity or NaN in B reaches each sum that it is a term of, also where A is the background, or 0. */
START_TEST(nothing_is_left_out_beside_infinities)
{
    static const float specials[] = {INFINITY, -INFINITY, NAN};
    assay_panel_thread *thread = assay_panel_threads_create(1, NULL);
    uint64_t state = 9;
    for (const assay_panel_kernels *const *kernels = assay_panel_supported(); *kernels != NULL; kernels++) {
        evidence(EVIDENCE_PROPERTY, "kernel/panel-%s", (*kernels)->name);
        for (int t = 0; t < TRANSPOSITIONS * 12; t++) {
            example made = make_example(9, t % TRANSPOSITIONS, (size_t)(t / TRANSPOSITIONS) % 2, &state);
            assay_panel_product *p = &made.product;
            const size_t row = t < TRANSPOSITIONS * 6 ? p->k - 1 : 0; /* the last term of each sum, or the first */
            const float special = specials[t / 16 % 3];
            const size_t column = (size_t)t % p->n;
            made.b[p->b.transposed ? column * p->b.stride + row : row * p->b.stride + column] = special;
            multiply(*kernels, p, (assay_range){0, p->m}, thread);
            for (size_t i = 0; i < p->m; i++) {
                double want = at(p->a, i, row) * (double)special; /* 0 times infinity is NaN */
                double got = (double)p->c[p->c_transposed ? column * p->c_stride + i : i * p->c_stride + column];
                ck_assert_msg(isnan(want) ? isnan(got) : got == want, "%g, not %g", got, want);
                size_t beside = column == 0 ? 1 : column - 1;
                ck_assert(isfinite(p->c[p->c_transposed ? beside * p->c_stride + i : i * p->c_stride + beside]));
            }
            free_example(&made);
        }
    }
    assay_panel_threads_destroy(thread, 1);
}
END_TEST

/* NaN in A differs from every background. */
START_TEST(nan_in_a_is_kept)
{
    assay_panel_thread *thread = assay_panel_threads_create(1, NULL);
    uint64_t state = 11;
    for (const assay_panel_kernels *const *kernels = assay_panel_supported(); *kernels != NULL; kernels++) {
        evidence(EVIDENCE_PROPERTY, "kernel/panel-%s", (*kernels)->name);
        for (int t = 0; t < TRANSPOSITIONS; t++) {
            example made = make_example(9, t, 1, &state);
            assay_panel_product *p = &made.product;
            made.a[p->a.transposed ? 5 * p->a.stride + 2 : 2 * p->a.stride + 5] = NAN;
            multiply(*kernels, p, (assay_range){0, p->m}, thread);
            for (size_t i = 0; i < p->m; i++) {
                float got = p->c[p->c_transposed ? i : i * p->c_stride];
                ck_assert_msg((i == 2) == (isnan(got) != 0), "row %zu is %g", i, (double)got);
            }
            free_example(&made);
        }
    }
    assay_panel_threads_destroy(thread, 1);
}
END_TEST

/* Pages that end with a copy of a matrix. Nobody may read the page after them. */
typedef struct {
    char *pages;
    size_t size; /* with that page */
    float *first;
} walled;

static walled before_a_wall(const float *from, size_t count)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t room = (count * sizeof *from + page - 1) / page * page;
    walled made = {.size = room + page};
    made.pages = mmap(NULL, made.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(made.pages, MAP_FAILED);
    ck_assert_int_eq(mprotect(made.pages + room, page, PROT_NONE), 0);
    made.first = (float *)(void *)(made.pages + room) - count;
    memcpy(made.first, from, count * sizeof *from);
    return made;
}

/* A signal ends the test if a kernel reads behind A or B. SIMDe's load_some does, so it is left out. */
START_TEST(nothing_is_read_behind_a_matrix)
{
    assay_panel_thread *thread = assay_panel_threads_create(1, NULL);
    uint64_t state = 13;
    for (const assay_panel_kernels *const *kernels = assay_panel_supported(); *kernels != NULL; kernels++) {
        evidence(EVIDENCE_PROPERTY, "kernel/panel-%s", (*kernels)->name);
        for (int t = 0; t < TRANSPOSITIONS; t++) {
            example made = make_example((size_t)_i, t, 0, &state);
            assay_panel_product *p = &made.product;
            walled a = before_a_wall(made.a, p->m * p->k);
            walled b = before_a_wall(made.b, p->k * p->n);
            p->a.first = a.first;
            p->b.first = b.first;
            multiply(*kernels, p, (assay_range){0, p->m}, thread);
            judge((*kernels)->name, p);
            munmap(a.pages, a.size);
            munmap(b.pages, b.size);
            free_example(&made);
        }
    }
    assay_panel_threads_destroy(thread, 1);
}
END_TEST

/* --- what is taken --------------------------------------------------------------------------------------------- */

START_TEST(sizes_that_are_taken)
{
    evidence(EVIDENCE_PROPERTY, "operation/gemm");
    ck_assert(assay_panel_takes(16, 64, 64));
    ck_assert(!assay_panel_takes(15, 64, 64));
    ck_assert(!assay_panel_takes(16, 63, 64));
    ck_assert(!assay_panel_takes(16, 64, 63));
    ck_assert(assay_panel_takes(16, 64, ASSAY_PANEL_MAX_K));
    ck_assert(!assay_panel_takes(16, 64, ASSAY_PANEL_MAX_K + 1));
    ck_assert_uint_eq(assay_panel_columns(784), 320); /* 256 * 1024 / 784 = 334.4 */
    ck_assert_uint_eq(assay_panel_columns(1024), 256);
    ck_assert_uint_eq(assay_panel_columns(64), 4096);
    ck_assert_uint_eq(assay_panel_columns(32), ASSAY_PANEL_MAX_N);
    ck_assert_uint_eq(assay_panel_columns(1), ASSAY_PANEL_MAX_N);
    ck_assert_uint_eq(ASSAY_PANEL_STRIDE, 1040);
}
END_TEST

/* The sample finds the share, within what 64 draws allow, and the background: 0, or else the first element. */
START_TEST(the_sample_finds_what_is_left_out)
{
    evidence(EVIDENCE_PROPERTY, "operation/gemm");
    /* clang-format off */
    static const struct {
        float background;
        unsigned kept;
        int least;
        int most;
        float found;
    /* clang-format off */
    } cases[] = {
        {0, 100, 0, 4, 0},     {0, 0, 64, 64, 0},         {0, 50, 20, 44, 0},
        {-0.5f, 0, 64, 64, -0.5f}, {-0.5f, 50, 20, 44, -0.5f}, {0x1p63f, 0, 0, 0, 0},
        {0x1p62f, 0, 64, 64, 0x1p62f}, {-0x1p63f, 0, 0, 0, 0}, {(float)INFINITY, 0, 0, 0, 0}, {(float)NAN, 0, 0, 0, 0},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int transposed = 0; transposed < 2; transposed++) {
            uint64_t state = i + 1;
            const size_t m = 250;
            const size_t k = 784;
            float *a = test_sparse(m, k, transposed != 0, cases[i].kept, cases[i].background, &state);
            float background = 5;
            int left_out = assay_panel_left_out(m, k, (assay_panel_matrix){a, transposed ? m : k, transposed != 0},
                                                &background);
            ck_assert_msg(left_out >= cases[i].least && left_out <= cases[i].most, "case %zu: %d left out", i,
                          left_out);
            ck_assert_msg(background == cases[i].found, "case %zu: background %g", i, (double)background);
            assay_free(a);
        }
    }
}
END_TEST

/*
 * Of four rows and ASSAY_PANEL_SAMPLES columns each column is drawn once: the counts are exact. A quarter of zeros is
 * not improved upon, and the first element has to win. The columns that are neither have one row that differs.
 */
START_TEST(the_sample_counts_columns)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    static const struct {
        size_t zeros;
        size_t others;
        int left_out;
        float background;
    } cases[] = {{16, 30, 16, 0},    {15, 30, 30, 0.5f}, {10, 10, 10, 0},
                 {10, 11, 11, 0.5f}, {0, 1, 1, 0.5f},    {12, 5, 12, 0}};
    const size_t columns = ASSAY_PANEL_SAMPLES;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        float a[ASSAY_PANEL_SAMPLE_ROWS * ASSAY_PANEL_SAMPLES];
        for (size_t j = 0; j < columns; j++) {
            const size_t from_last = columns - 1 - j; /* the first element is no zero */
            const bool zero = from_last < cases[i].zeros;
            const bool other = j < cases[i].others;
            for (size_t r = 0; r < ASSAY_PANEL_SAMPLE_ROWS; r++) {
                a[r * columns + j] = zero                                   ? 0
                                     : other                                ? 0.5f
                                     : r == j % ASSAY_PANEL_SAMPLE_ROWS     ? 2
                                     : j / ASSAY_PANEL_SAMPLE_ROWS % 2 == 0 ? 0
                                                                            : 0.5f;
            }
        }
        float background = 5;
        const assay_panel_matrix matrix = {a, columns, false};
        int left_out = assay_panel_left_out(ASSAY_PANEL_SAMPLE_ROWS, columns, matrix, &background);
        ck_assert_msg(left_out == cases[i].left_out && background == cases[i].background, "case %zu: %d, background %g",
                      i, left_out, (double)background);
    }
}
END_TEST

/* AVX2's kernels need FMA and BMI2 as well, and AVX-512's need what these need. NEON's need nothing else. */
START_TEST(kernels_want_all_their_instructions)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    for (unsigned has = 0; has < 16; has++) {
        const assay_panel_kernels *const *kernels = assay_panel_for((assay_processor){
            .avx2 = (has & 1) != 0, .fma = (has & 2) != 0, .bmi2 = (has & 4) != 0, .avx512vl = (has & 8) != 0});
#if defined(__x86_64__)
        if ((has & 7) == 7 && (has & 8) != 0) {
            ck_assert_str_eq((*kernels++)->name, "avx512");
        }
        if ((has & 7) == 7) {
            ck_assert_str_eq((*kernels++)->name, "avx2");
        }
#endif
        ck_assert_ptr_null(*kernels);
    }
#if defined(__aarch64__)
    const assay_panel_kernels *const *kernels = assay_panel_for((assay_processor){.neon = true});
    ck_assert_str_eq(kernels[0]->name, "neon");
    ck_assert_ptr_null(kernels[1]);
#endif
}
END_TEST

/* Linux says the same of this processor. Every 64-bit ARM has NEON, and no other processor has what is looked for. */
START_TEST(processor_is_this_one)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    const assay_processor here = assay_processor_here();
#if defined(__x86_64__)
    FILE *file = fopen("/proc/cpuinfo", "r");
    ck_assert_ptr_nonnull(file);
    char line[8192] = "";
    while (strncmp(line, "flags", 5) != 0 && fgets(line, sizeof line, file) != NULL) {
    }
    fclose(file);
    ck_assert_int_eq(here.avx2, strstr(line, " avx2 ") != NULL);
    ck_assert_int_eq(here.fma, strstr(line, " fma ") != NULL);
    ck_assert_int_eq(here.bmi2, strstr(line, " bmi2 ") != NULL);
    ck_assert_int_eq(here.avx512vl, strstr(line, " avx512vl ") != NULL);
    ck_assert(!here.neon);
#else
    ck_assert(!here.avx2 && !here.fma && !here.bmi2 && !here.avx512vl);
#if defined(__aarch64__)
    ck_assert(here.neon);
#endif
#endif
}
END_TEST

START_TEST(kernels_have_names)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    size_t count = 0;
    for (const assay_panel_kernels *const *kernels = assay_panel_supported(); *kernels != NULL; kernels++) {
        printf("kernels: %s\n", (*kernels)->name);
        const char *name = (*kernels)->name;
        ck_assert(!TEST_PANEL_EMULATED || strcmp(name, "avx512") == 0);
        ck_assert_uint_eq((*kernels)->lanes, strcmp(name, "avx512") == 0 ? 16 : strcmp(name, "avx2") == 0 ? 8 : 4);
        ck_assert(count == 0 || strcmp(name, "avx2") == 0);
        count++;
    }
    ck_assert_uint_le(count, 2);
    assay_panel_threads_destroy(NULL, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("panel");
    TCase *tcase = tcase_create("panel");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, threads_do_not_change_a_bit);
    tcase_add_test(tcase, nothing_is_left_out_beside_infinities);
    tcase_add_test(tcase, nan_in_a_is_kept);
    if (!TEST_PANEL_EMULATED) {
        tcase_add_loop_test(tcase, nothing_is_read_behind_a_matrix, 0, 11);
    }
    tcase_add_test(tcase, sizes_that_are_taken);
    tcase_add_test(tcase, the_sample_finds_what_is_left_out);
    tcase_add_test(tcase, the_sample_counts_columns);
    tcase_add_test(tcase, kernels_want_all_their_instructions);
    tcase_add_test(tcase, processor_is_this_one);
    tcase_add_test(tcase, kernels_have_names);
    /* The longest at the end. */
    tcase_add_loop_test(tcase, products_are_right, 0, (int)(sizeof shapes / sizeof *shapes));
    suite_add_tcase(suite, tcase);
    suite_add_tcase(suite, test_panel_layers());
    return support_run(suite);
}
