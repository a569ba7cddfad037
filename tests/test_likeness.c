/* train/likeness.h: images stay in their batch, similar ones become neighbours, and losses differ by rounding only. */
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "support.h"
#include <assay/train/likeness.h>
#include "train_sample.h"

enum { COUNT = 400 };

static size_t lit_pixels(const assay_dataset *data, uint32_t image)
{
    size_t lit = 0;
    for (size_t j = 0; j < data->width; j++) {
        lit += data->pixels[image * data->width + j] != 0;
    }
    return lit;
}

/* Negative, 0 or positive: which of two images comes first. */
static int compare_images(const assay_dataset *data, uint32_t a, uint32_t b)
{
    if (data->labels[a] != data->labels[b]) {
        return data->labels[a] < data->labels[b] ? -1 : 1;
    }
    size_t x = lit_pixels(data, a);
    size_t y = lit_pixels(data, b);
    return x == y ? (a > b) - (a < b) : x < y ? -1 : 1;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Some images dark by half, so that pixels of 0 are in all numbers; one is black. */
static assay_dataset dimmed_dataset(void)
{
    assay_dataset data = sample_dataset(COUNT, 3);
    for (size_t i = 0; i < COUNT; i++) {
        memset(data.pixels + i * data.width, 0, i == 17 ? data.width : i * 37 % 700);
        data.pixels[(i + 1) * data.width - 1] = i % 3 == 0; /* the last pixel counts, too */
    }
    return data;
}

/* Batches that fill the order, that do not, one of everything, and batches of one. */
static const struct {
    size_t count;
    size_t rows;
} batches[] = {{320, 32}, {330, 32}, {COUNT, COUNT}, {50, 1}, {31, 64}};

START_TEST(batches_are_sorted_and_keep_their_images)
{
    evidence(EVIDENCE_PROPERTY, "train/likeness_create");
    evidence(EVIDENCE_PROPERTY, "train/likeness_group");
    assay_dataset data = dimmed_dataset();
    assay_likeness *likeness = assay_likeness_create(&data, NULL);
    const size_t count = batches[_i].count;
    const size_t rows = batches[_i].rows;
    uint32_t drawn[COUNT];
    uint32_t order[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        drawn[i] = order[i] = (uint32_t)(i * 171 % COUNT); /* 171 and 400 have no common factor */
    }
    for (int again = 0; again < 2; again++) { /* a second grouping changes nothing */
        assay_likeness_group(likeness, order, count, rows);
        for (size_t begin = 0; begin < count; begin += rows) {
            size_t end = count - begin < rows ? count : begin + rows;
            for (size_t i = begin + 1; i < end; i++) {
                ck_assert_int_lt(compare_images(&data, order[i - 1], order[i]), 0);
            }
            uint32_t ours[COUNT];
            memcpy(ours, order + begin, (end - begin) * sizeof *ours);
            qsort(ours, end - begin, sizeof *ours, compare_numbers);
            qsort(drawn + begin, end - begin, sizeof *drawn, compare_numbers);
            ck_assert_mem_eq(ours, drawn + begin, (end - begin) * sizeof *ours);
        }
    }
    for (size_t i = count; i < COUNT; i++) {
        ck_assert_uint_eq(order[i], i * 171 % COUNT);
    }
    assay_likeness_destroy(likeness);
    assay_likeness_destroy(NULL);
    assay_dataset_destroy(&data);
}
END_TEST

/* The dense backend trains in the order that was drawn, the other one in groups: the losses differ by rounding only. */
START_TEST(grouping_changes_no_loss)
{
    evidence(EVIDENCE_PROPERTY, "train/likeness_group");
    static const char *const names[] = {"openblas", "openblas-dense"};
    double losses[2][8];
    assay_dataset data = sample_dataset(COUNT, 1);
    assay_train_options options = sample_options("sgd", "", 1);
    for (int i = 0; i < 2; i++) {
        assay_error error;
        assay_trainer *trainer;
        assay_backend *backend = sample_backend(names[i], ASSAY_F32, 1);
        support_assert_ok(assay_trainer_create(backend, &options, &data, &trainer, &error), &error);
        support_assert_ok(assay_trainer_first_steps(trainer, 8, losses[i], &error), &error);
        assay_trainer_destroy(trainer);
        assay_backend_close(backend);
    }
    for (int step = 0; step < 8; step++) {
        support_assert_relative("loss", losses[0][step], losses[1][step], 1e-5);
    }
    assay_dataset_destroy(&data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("likeness");
    TCase *tcase = tcase_create("likeness");
    tcase_add_loop_test(tcase, batches_are_sorted_and_keep_their_images, 0, (int)(sizeof batches / sizeof *batches));
    tcase_add_test(tcase, grouping_changes_no_loss);
    suite_add_tcase(suite, tcase);
    return support_run(suite);
}
