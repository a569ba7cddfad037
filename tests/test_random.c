/* lib/random: known answers, and the numbers that PyTorch drew on the CPU (golden/random_torch.json). */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/random/generator.h>
#include "random/standard.h"
#include "support.h"

static void *numbers(size_t count, size_t size)
{
    void *memory = assay_calloc(count, size, NULL);
    ck_assert_ptr_nonnull(memory);
    return memory;
}

/* The 10,000th output for seed 5489 is that of std::mt19937 in the C++ standard, [rand.predef]. */
START_TEST(mt19937_known_answers)
{
    evidence(EVIDENCE_GOLDEN, "random/mt19937_seed");
    evidence(EVIDENCE_GOLDEN, "random/mt19937_random32");
    evidence_source("the authors' known answers");
    static const struct {
        unsigned position;
        uint32_t output;
    } known[] = {{1, 3499211612u}, {2, 581869302u}, {3, 3890346734u},
                 {4, 3586334585u}, {5, 545404204u}, {10000, 4123659995u}};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 5489);
    size_t next = 0;
    for (unsigned position = 1; position <= 10000; position++) {
        uint32_t output = assay_mt19937_random32(&generator);
        if (position == known[next].position) {
            ck_assert_uint_eq(output, known[next].output);
            next++;
        }
    }
    ck_assert_uint_eq(next, sizeof known / sizeof *known);
}
END_TEST

/* init_by_array of mt19937ar.c (2002), whose output its authors publish; PyTorch does not use it. */
static void seed_by_array(assay_mt19937 *generator, const uint32_t *key, uint32_t length)
{
    assay_mt19937_seed(generator, 19650218);
    uint32_t *word = generator->word;
    uint32_t i = 1;
    uint32_t j = 0;
    for (int k = 0; k < ASSAY_MT19937_WORDS; k++) {
        word[i] = (word[i] ^ ((word[i - 1] ^ (word[i - 1] >> 30)) * 1664525u)) + key[j] + j;
        j = (j + 1) % length;
        if (++i == ASSAY_MT19937_WORDS) {
            word[0] = word[ASSAY_MT19937_WORDS - 1];
            i = 1;
        }
    }
    for (int k = 0; k < ASSAY_MT19937_WORDS - 1; k++) {
        word[i] = (word[i] ^ ((word[i - 1] ^ (word[i - 1] >> 30)) * 1566083941u)) - i;
        if (++i == ASSAY_MT19937_WORDS) {
            word[0] = word[ASSAY_MT19937_WORDS - 1];
            i = 1;
        }
    }
    word[0] = 0x80000000u;
}

/* The first five and the last of the 1,000 integers in the authors' mt19937ar.out. */
START_TEST(mt19937_reference_output)
{
    evidence(EVIDENCE_GOLDEN, "random/mt19937_random32");
    static const uint32_t key[] = {0x123, 0x234, 0x345, 0x456};
    static const uint32_t first[] = {1067595299u, 955945823u, 477289528u, 4107218783u, 4228976476u};
    assay_mt19937 generator;
    seed_by_array(&generator, key, 4);
    uint32_t output = 0;
    for (size_t i = 0; i < 1000; i++) {
        output = assay_mt19937_random32(&generator);
        if (i < sizeof first / sizeof *first) {
            ck_assert_uint_eq(output, first[i]);
        }
    }
    ck_assert_uint_eq(output, 3460025646u);
}
END_TEST

/* tests/kat_vectors of the Random123 library, lines "philox4x32 10". */
START_TEST(philox_known_answers)
{
    evidence(EVIDENCE_GOLDEN, "random/philox4x32_10");
    evidence_source("Random123's known answers");
    /* clang-format off */
    static const struct {
        uint32_t counter[4];
        uint32_t key[2];
        uint32_t output[4];
    /* clang-format off */
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t output[4];
        assay_philox4x32_10(known[i].counter, known[i].key, output);
        ck_assert_mem_eq(output, known[i].output, sizeof output);
    }
}
END_TEST

/* The CRC of 32-bit words as little-endian bytes, as the script wrote it. */
static uint32_t crc_of_words(const void *words, size_t count)
{
    uLong crc = crc32(0, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, (const char *)words + i * sizeof word, sizeof word);
        const unsigned char bytes[] = {(unsigned char)word, (unsigned char)(word >> 8), (unsigned char)(word >> 16),
                                       (unsigned char)(word >> 24)};
        crc = crc32(crc, bytes, sizeof bytes);
    }
    return (uint32_t)crc;
}

static double number(const json_t *step, const char *key)
{
    const json_t *value = json_object_get(step, key);
    ck_assert_msg(json_is_number(value), "the golden file has no %s", key);
    return json_number_value(value);
}

static long long integer(const json_t *step, const char *key)
{
    const json_t *value = json_object_get(step, key);
    ck_assert_msg(json_is_integer(value), "the golden file has no %s", key);
    return json_integer_value(value);
}

/* The place in a golden sequence where a value failed. */
static char *place(const json_t *step, size_t case_index, size_t step_index)
{
    char *text = json_dumps(json_object_get(step, "draw"), JSON_ENCODE_ANY);
    char *where = assay_asprintf(NULL, "case %zu, step %zu, %s", case_index, step_index, text);
    free(text);
    return where;
}

/* The golden file has the tolerance and its reason. Below 16 elements the arithmetic is that of PyTorch. */
static void check_normal(assay_mt19937 *generator, const json_t *golden, const json_t *step, const char *where)
{
    const json_t *kept = json_object_get(golden, "kept");
    size_t head = (size_t)integer(kept, "head");
    size_t tail = (size_t)integer(kept, "tail");
    size_t stride = (size_t)integer(kept, "stride");
    size_t count = (size_t)integer(step, "count");
    double mean = number(step, "mean");
    double std = number(step, "std");
    const json_t *values = json_object_get(step, "values");
    float *drawn = numbers(count, sizeof *drawn);
    assay_mt19937_normal(generator, count, mean, std, drawn);
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (i >= head && i + tail < count && i % stride != 0) {
            continue;
        }
        double want = json_number_value(json_array_get(values, at++));
        double allowed = (count < 16 ? 0.0 : 5e-7 * fabs(want - mean)) + 1.2e-7 * fabs(want);
        ck_assert_msg(fabs(drawn[i] - want) <= allowed, "%s, element %zu of %zu: got %.9g, want %.9g", where, i, count,
                      (double)drawn[i], want);
    }
    ck_assert_uint_eq(at, json_array_size(values));
    assay_free(drawn);
}

static void check_words(const json_t *step, const void *words, size_t count, const char *where)
{
    ck_assert_msg(crc_of_words(words, count) == (uint32_t)integer(step, "crc32"), "%s: the CRC of %zu values differs",
                  where, count);
}

static void check_uniform(assay_mt19937 *generator, const json_t *step, const char *where)
{
    size_t count = (size_t)integer(step, "count");
    float *drawn = numbers(count, sizeof *drawn);
    assay_mt19937_uniform(generator, count, number(step, "lower"), number(step, "upper"), drawn);
    size_t i;
    json_t *want;
    json_array_foreach(json_object_get(step, "values"), i, want) {
        ck_assert_msg((double)drawn[i] == json_number_value(want), "%s, element %zu of %zu: got %.9g, want %.9g", where,
                      i, count, (double)drawn[i], json_number_value(want));
    }
    check_words(step, drawn, count, where);
    assay_free(drawn);
}

static void check_randperm(assay_mt19937 *generator, const json_t *step, const char *where)
{
    size_t count = (size_t)integer(step, "count");
    uint32_t *drawn = numbers(count, sizeof *drawn);
    assay_mt19937_randperm(generator, count, drawn);
    size_t i;
    json_t *want;
    json_array_foreach(json_object_get(step, "values"), i, want) {
        ck_assert_msg(drawn[i] == json_integer_value(want), "%s, element %zu of %zu: got %u", where, i, count,
                      drawn[i]);
    }
    check_words(step, drawn, count, where);
    assay_free(drawn);
}

static void check_random(assay_mt19937 *generator, const json_t *step, const char *where)
{
    uint64_t got = assay_mt19937_random64(generator) & INT64_MAX;
    ck_assert_msg(got == (uint64_t)integer(step, "value"), "%s: got %llu", where, (unsigned long long)got);
}

static void check_step(assay_mt19937 *generator, const json_t *golden, const json_t *step, const char *where)
{
    const char *draw = json_string_value(json_object_get(step, "draw"));
    if (strcmp(draw, "seed") == 0) {
        assay_mt19937_seed(generator, (uint64_t)integer(step, "value"));
    } else if (strcmp(draw, "normal") == 0) {
        check_normal(generator, golden, step, where);
    } else if (strcmp(draw, "uniform") == 0) {
        check_uniform(generator, step, where);
    } else if (strcmp(draw, "randperm") == 0) {
        check_randperm(generator, step, where);
    } else if (strcmp(draw, "random") == 0) {
        check_random(generator, step, where);
    } else {
        ck_abort_msg("%s: the test does not know this draw", where);
    }
}

/* Long sequences of mixed draws: each step also checks the state that the steps before it left. */
START_TEST(mt19937_draws_what_torch_draws)
{
    evidence(EVIDENCE_GOLDEN, "draw/mt19937-uniform");
    evidence(EVIDENCE_GOLDEN, "draw/mt19937-normal");
    evidence(EVIDENCE_GOLDEN, "random/mt19937_randperm");
    evidence(EVIDENCE_GOLDEN, "random/mt19937_random64");
    evidence(EVIDENCE_GOLDEN, "random/mt19937_seed");
    json_t *golden = support_golden("random_torch.json");
    const json_t *cases = json_object_get(golden, "cases");
    ck_assert_uint_ge(json_array_size(cases), 7);
    size_t i, j;
    json_t *steps, *step;
    json_array_foreach(cases, i, steps) {
        assay_mt19937 generator;
        ck_assert_uint_ge(json_array_size(steps), 70);
        json_array_foreach(steps, j, step) {
            char *where = place(step, i, j);
            check_step(&generator, golden, step, where);
            assay_free(where);
        }
    }
    json_decref(golden);
}
END_TEST

START_TEST(randperm_of_the_split)
{
    evidence(EVIDENCE_GOLDEN, "random/mt19937_randperm");
    json_t *golden = support_golden("random_torch.json");
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 42);
    check_randperm(&generator, json_object_get(golden, "randperm_60000_seed_42"), "randperm(60000), seed 42");
    json_decref(golden);
}
END_TEST

START_TEST(copies_draw_the_same)
{
    evidence(EVIDENCE_PROPERTY, "draw/mt19937-normal");
    assay_mt19937 generator;
    float first[3], again[3];
    assay_mt19937_seed(&generator, 3);
    assay_mt19937_normal(&generator, 1, 0.0, 1.0, first);
    assay_mt19937 copy = generator;
    assay_mt19937_normal(&generator, 3, 0.0, 1.0, first);
    assay_mt19937_normal(&copy, 3, 0.0, 1.0, again);
    ck_assert_mem_eq(first, again, sizeof first);
    ck_assert_uint_eq(assay_mt19937_random32(&generator), assay_mt19937_random32(&copy));
}
END_TEST

/* A seeded generator does not depend on the old content of the struct, since checkpoints save all of it. */
START_TEST(seeding_leaves_nothing_behind)
{
    evidence(EVIDENCE_PROPERTY, "random/mt19937_seed");
    assay_mt19937 generator;
    float value;
    assay_mt19937_seed(&generator, 3);
    assay_mt19937_normal(&generator, 1, 0.0, 1.0, &value);
    ck_assert(generator.has_normal && generator.normal != 0.0);
    assay_mt19937_seed(&generator, 3);
    ck_assert(!generator.has_normal && generator.normal == 0.0);
    ck_assert_uint_eq(generator.next, ASSAY_MT19937_WORDS);
    assay_philox philox = {.seed = 1, .offset = 4, .blocks = 9};
    assay_philox_seed(&philox, 7, 2);
    ck_assert(philox.seed == 7 && philox.offset == 0 && philox.blocks == 2);
}
END_TEST

START_TEST(generators_have_names)
{
    evidence(EVIDENCE_ERRORS, "random/generator_seed");
    static const assay_generator_kind kinds[] = {ASSAY_GENERATOR_MT19937, ASSAY_GENERATOR_PHILOX};
    static const char *const names[] = {"mt19937", "philox"};
    assay_error error;
    assay_generator_kind kind;
    for (size_t i = 0; i < 2; i++) {
        support_assert_ok(assay_generator_kind_by_name(names[i], &kind, &error), &error);
        ck_assert_int_eq(kind, kinds[i]);
        ck_assert_str_eq(assay_generator_name(kinds[i]), names[i]);
    }
    static const char *const unknown[] = {"", "philo", "philox2", "MT19937"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        support_assert_error(assay_generator_kind_by_name(unknown[i], &kind, &error), ASSAY_ERROR_ARGUMENT, &error,
                             "known are mt19937 (PyTorch on the CPU) and philox (PyTorch on CUDA)");
        ck_assert_ptr_nonnull(strstr(error.message, unknown[i]));
    }
}
END_TEST

/* The common interface draws the same numbers as the generator itself, and leaves the same state. */
START_TEST(generator_hands_on)
{
    evidence(EVIDENCE_PROPERTY, "random/generator_fill");
    evidence(EVIDENCE_PROPERTY, "random/generator_seed");
    evidence(EVIDENCE_PROPERTY, "random/philox_seed");
    enum { COUNT = 100 };
    float through[COUNT], direct[COUNT];
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 5, 7);
    assay_mt19937 mt19937;
    assay_mt19937_seed(&mt19937, 5);
    assay_generator_fill(&generator, (assay_distribution){ASSAY_NORMAL, 0.5, 2.0}, COUNT, through);
    assay_mt19937_normal(&mt19937, COUNT, 0.5, 2.0, direct);
    ck_assert_mem_eq(through, direct, sizeof direct);
    assay_generator_fill(&generator, (assay_distribution){ASSAY_UNIFORM, -1.0, 3.0}, COUNT, through);
    assay_mt19937_uniform(&mt19937, COUNT, -1.0, 3.0, direct);
    ck_assert_mem_eq(through, direct, sizeof direct);

    assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, 5, 7);
    assay_philox philox;
    assay_philox_seed(&philox, 5, 7);
    ck_assert_uint_eq(generator.state.philox.blocks, 7);
    assay_generator_fill(&generator, (assay_distribution){ASSAY_NORMAL, 0.5, 2.0}, COUNT, through);
    assay_philox_normal(&philox, COUNT, 0.5, 2.0, direct);
    ck_assert_mem_eq(through, direct, sizeof direct);
    assay_generator_fill(&generator, (assay_distribution){ASSAY_UNIFORM, -1.0, 3.0}, COUNT, through);
    assay_philox_uniform(&philox, COUNT, -1.0, 3.0, direct);
    ck_assert_mem_eq(through, direct, sizeof direct);
}
END_TEST

/* Inverse transform sampling: where one uniform number u makes a value, F(value) is u again. */
START_TEST(values_are_quantiles)
{
    evidence(EVIDENCE_PROPERTY, "random/generator_fill");
    static const assay_distribution_kind kinds[] = {ASSAY_LAPLACE, ASSAY_TRUNCATED_NORMAL};
    const assay_standard_distribution *standard = assay_standard_distribution_of(kinds[_i]);
    for (int k = 1; k < 200; k++) {
        double u = k / 200.0;
        support_assert_relative("F of the quantile", standard->cumulative(standard->from_uniform(u, 0.3)), u, 1e-12);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random");
    TCase *known = tcase_create("known answers");
    tcase_add_test(known, mt19937_known_answers);
    tcase_add_test(known, mt19937_reference_output);
    tcase_add_test(known, philox_known_answers);
    suite_add_tcase(suite, known);
    TCase *torch = tcase_create("PyTorch on the CPU");
    tcase_set_timeout(torch, 60);
    tcase_add_test(torch, mt19937_draws_what_torch_draws);
    tcase_add_test(torch, randperm_of_the_split);
    tcase_add_test(torch, copies_draw_the_same);
    tcase_add_test(torch, seeding_leaves_nothing_behind);
    suite_add_tcase(suite, torch);
    TCase *face = tcase_create("generator");
    tcase_add_test(face, generators_have_names);
    tcase_add_loop_test(face, values_are_quantiles, 0, 2);
    tcase_add_test(face, generator_hands_on);
    suite_add_tcase(suite, face);
    return support_run(suite);
}
