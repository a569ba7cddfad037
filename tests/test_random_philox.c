/*
 * lib/random: how Philox fills a tensor. The oracle below follows the rules element by element, in double except where
 * PyTorch's float32 rounding is part of the rule, and shares no code with the library.
 */
#include <math.h>
#include <stdint.h>

#include <assay/base/alloc.h>
#include <assay/random/philox.h>
#include <assay/tutorial/defaults.h>
#include "support.h"

typedef struct {
    uint32_t word[4];
} words;

/* Salmon et al. (2011), section 3.3, with the two multiplications done in halves of 64 bits. */
static words oracle_bijection(words x, uint32_t key0, uint32_t key1)
{
    for (uint32_t round = 0; round < 10; round++) {
        uint64_t left = 0xd2511f53ull * x.word[0];
        uint64_t right = 0xcd9e8d57ull * x.word[2];
        words y = {{(uint32_t)(right / 0x100000000ull) ^ x.word[1] ^ (key0 + round * 0x9e3779b9u),
                    (uint32_t)(right % 0x100000000ull),
                    (uint32_t)(left / 0x100000000ull) ^ x.word[3] ^ (key1 + round * 0xbb67ae85u),
                    (uint32_t)(left % 0x100000000ull)}};
        x = y;
    }
    return x;
}

/* 256 G threads, G = min(blocks, ceil(count / 256)). */
static uint64_t oracle_threads(uint64_t blocks, uint64_t count)
{
    uint64_t enough = (count + 255) / 256;
    return 256 * (blocks < enough ? blocks : enough);
}

/* The four outputs of the call that makes element e, and the index of its own. */
static words oracle_outputs(const assay_philox *before, uint64_t count, uint64_t e, unsigned *which)
{
    uint64_t threads = oracle_threads(before->blocks, count);
    uint64_t thread = e % threads;
    uint64_t row = e / threads;
    uint64_t position = before->offset / 4 + row / 4;
    *which = (unsigned)(row % 4);
    words counter = {{(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)thread, (uint32_t)(thread >> 32)}};
    return oracle_bijection(counter, (uint32_t)before->seed, (uint32_t)(before->seed >> 32));
}

/* cuRAND's (0, 1] in float32. */
static float oracle_unit(uint32_t output)
{
    return (float)((double)(float)output * 0x1p-32 + 0x1p-33);
}

static double oracle_uniform(const assay_philox *before, uint64_t count, uint64_t e, float lower, float upper)
{
    unsigned which;
    words outputs = oracle_outputs(before, count, e, &which);
    float u = oracle_unit(outputs.word[which]);
    double range = (double)(float)(upper - lower);
    return (double)(float)((u == 1.0f ? 0.0 : (double)u) * range + (double)lower);
}

/* Box and Muller in double on the float32 arguments that the device computes. */
static double oracle_standard_normal(const assay_philox *before, uint64_t count, uint64_t e)
{
    unsigned which;
    words outputs = oracle_outputs(before, count, e, &which);
    uint32_t a = outputs.word[which < 2 ? 0 : 2];
    uint32_t b = outputs.word[which < 2 ? 1 : 3];
    double scale = (double)(float)(2.0 * 3.14159265358979323846 * 0x1p-32);
    double v = (double)(float)((double)(float)b * scale + scale / 2.0);
    double s = sqrt(-2.0 * log((double)oracle_unit(a)));
    return which % 2 == 0 ? s * sin(v) : s * cos(v);
}

static uint64_t oracle_growth(const assay_philox *before, uint64_t count)
{
    uint64_t threads = oracle_threads(before->blocks, count);
    return count == 0 ? 0 : 4 * ((count + 4 * threads - 1) / (4 * threads));
}

static float *drawn(size_t count)
{
    float *values = assay_calloc(count + 1, sizeof *values, NULL);
    ck_assert_ptr_nonnull(values);
    values[count] = 12345.0f; /* must stay */
    return values;
}

static void check_after(const assay_philox *before, const assay_philox *after, const float *values, size_t count)
{
    ck_assert_msg(values[count] == 12345.0f, "%zu values: one more was written", count);
    ck_assert_uint_eq(after->offset, before->offset + oracle_growth(before, count));
    ck_assert_uint_eq(after->seed, before->seed);
    ck_assert_uint_eq(after->blocks, before->blocks);
}

/* Check writes a record for every assertion that holds: too slow for single elements. */
static void report(const char *draw, const assay_philox *before, size_t e, size_t count, double got, double want)
{
    ck_abort_msg("blocks %u, offset %llu, %s %zu of %zu: got %.9g, want %.9g", before->blocks,
                 (unsigned long long)before->offset, draw, e, count, got, want);
}

static void check_uniform(assay_philox *generator, size_t count, double lower, double upper)
{
    assay_philox before = *generator;
    float *values = drawn(count);
    assay_philox_uniform(generator, count, lower, upper, values);
    for (size_t e = 0; e < count; e++) {
        double want = oracle_uniform(&before, count, e, (float)lower, (float)upper);
        if ((double)values[e] != want) {
            report("uniform", &before, e, count, (double)values[e], want);
        }
    }
    check_after(&before, generator, values, count);
    assay_free(values);
}

/* Logarithm, root, sine (1 ulp each in float32) and three products: 5e-7 of the standard normal, one ulp of the sum. */
static void check_normal(assay_philox *generator, size_t count, double mean, double std)
{
    assay_philox before = *generator;
    float *values = drawn(count);
    assay_philox_normal(generator, count, mean, std, values);
    for (size_t e = 0; e < count; e++) {
        double z = oracle_standard_normal(&before, count, e);
        double want = z * (double)(float)std + (double)(float)mean;
        double allowed = 5e-7 * fabs(z * std) + 1.2e-7 * fabs(want);
        if (!(fabs((double)values[e] - want) <= allowed)) {
            report("normal", &before, e, count, (double)values[e], want);
        }
    }
    check_after(&before, generator, values, count);
    assay_free(values);
}

START_TEST(no_blocks_count_as_one)
{
    evidence(EVIDENCE_PROPERTY, "random/philox_seed");
    assay_philox generator;
    assay_philox_seed(&generator, 1, 0);
    ck_assert_uint_eq(generator.blocks, 1);
}
END_TEST

/*
 * Counts around one block, T, 4 T and more calls, for grids of several sizes; the offset continues from one to the
 * next.
 */
START_TEST(fills_follow_the_grid)
{
    evidence(EVIDENCE_PROPERTY, "draw/philox-uniform");
    evidence(EVIDENCE_PROPERTY, "draw/philox-normal");
    evidence(EVIDENCE_PROPERTY, "random/philox_seed");
    static const unsigned blocks[] = {1, 2, 3, 7, ASSAY_TUTORIAL_BLOCKS};
    static const uint64_t seeds[] = {0, 42, 0x123456789abcdef0ull};
    size_t grid = 256 * (size_t)blocks[_i / 3];
    const size_t counts[] = {
        0,       1,        2,    3,        255,      256,          257,          511,      512,          513,
        1000,    grid - 1, grid, grid + 1, 2 * grid, 3 * grid + 5, 4 * grid - 1, 4 * grid, 4 * grid + 1, 4 * grid + 257,
        5 * grid};
    assay_philox generator;
    assay_philox_seed(&generator, seeds[_i % 3], blocks[_i / 3]);
    ck_assert_uint_eq(generator.offset, 0);
    ck_assert_uint_eq(generator.blocks, blocks[_i / 3]);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check_uniform(&generator, counts[i], 0.0, 1.0);
        check_normal(&generator, counts[i], 0.0, 1.0);
    }
    check_uniform(&generator, 6 * grid + 11, -0.3, 1.7);
    check_uniform(&generator, 12 * grid + 11, 0.1, 0.7); /* their difference in float32 is not 0.6 in float32 */
    check_normal(&generator, 12 * grid + 11, 0.5, 0.01);
}
END_TEST

/* The tensors of the tutorial's network, one after the other as var_init draws them. */
START_TEST(the_tutorials_tensors)
{
    evidence(EVIDENCE_PROPERTY, "draw/philox-normal");
    static const size_t sizes[] = {784, 512, 256, 256, 128, 10};
    assay_philox generator;
    assay_philox_seed(&generator, 42, ASSAY_TUTORIAL_BLOCKS);
    for (size_t i = 0; i + 1 < sizeof sizes / sizeof *sizes; i++) {
        check_normal(&generator, sizes[i] * sizes[i + 1], 0.0, 0.01);
        check_normal(&generator, sizes[i + 1], 0.0, 0.01);
    }
    /* 401,408 elements are less than 4 T = 458,752, so that each of the ten tensors took one call a thread. */
    ck_assert_uint_eq(generator.offset, 4 * 10);
}
END_TEST

/* The counter's first word overflows into the second. */
START_TEST(counter_carries)
{
    evidence(EVIDENCE_PROPERTY, "draw/philox-uniform");
    evidence(EVIDENCE_PROPERTY, "draw/philox-normal");
    assay_philox generator;
    assay_philox_seed(&generator, 9, 1);
    generator.offset = 4 * 0xffffffffull;
    check_uniform(&generator, 3000, 0.0, 1.0);
    generator.offset = 4 * 0xffffffffull;
    check_normal(&generator, 3000, 0.0, 1.0);
}
END_TEST

/*
 * Outputs of 2^32 - 128 and above round to u = 1, which uniform_ maps to 0 and whose logarithm is 0. A search found
 * these in thread 0: for seed 42, output 1 of call 26,251,613 is 4,294,967,267 and output 3 of call 16,687,499 is
 * 4,294,967,176; for seed 1, output 0 of call 27,392,119 is 4,294,967,268.
 */
START_TEST(one_counts_as_zero)
{
    evidence(EVIDENCE_PROPERTY, "draw/philox-uniform");
    evidence(EVIDENCE_PROPERTY, "draw/philox-normal");
    float values[1024];
    assay_philox generator;
    assay_philox_seed(&generator, 42, 1);
    generator.offset = 4 * 26251613ull;
    assay_philox_uniform(&generator, 1024, -2.0, 5.0, values);
    ck_assert(values[256] == -2.0f);
    generator.offset = 4 * 16687499ull;
    assay_philox_uniform(&generator, 1024, 0.0, 1.0, values);
    ck_assert(values[768] == 0.0f);
    assay_philox_seed(&generator, 1, 1);
    generator.offset = 4 * 27392119ull;
    assay_philox_normal(&generator, 1024, 0.25, 1.0, values);
    ck_assert(values[0] == 0.25f && values[256] == 0.25f);
}
END_TEST

START_TEST(no_blocks_are_one_block)
{
    evidence(EVIDENCE_PROPERTY, "random/philox_seed");
    assay_philox generator;
    assay_philox_seed(&generator, 42, 0);
    ck_assert_uint_eq(generator.blocks, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random: Philox over a grid");
    TCase *layout = tcase_create("layout");
    tcase_set_timeout(layout, 120);
    tcase_add_test(layout, no_blocks_count_as_one);
    tcase_add_loop_test(layout, fills_follow_the_grid, 0, 15);
    tcase_add_test(layout, the_tutorials_tensors);
    tcase_add_test(layout, counter_carries);
    tcase_add_test(layout, one_counts_as_zero);
    tcase_add_test(layout, no_blocks_are_one_block);
    suite_add_tcase(suite, layout);
    return support_run(suite);
}
