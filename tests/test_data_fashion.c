/* lib/data on the real Fashion-MNIST, against the numbers that the tutorial prints in cells [7] and [8]. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include <assay/data/idx.h>
#include <assay/data/split.h>
#include "support.h"

static const char *folder;

static assay_dataset load(assay_part part)
{
    assay_dataset dataset;
    assay_error error;
    support_assert_ok(assay_dataset_load(folder, part, &dataset, &error), &error);
    return dataset;
}

/* Both parts hold as many images of each class. */
START_TEST(classes_are_balanced)
{
    evidence(EVIDENCE_PROPERTY, "data/dataset_load");
    static const struct {
        assay_part part;
        size_t count;
    } parts[] = {{ASSAY_TRAIN, 60000}, {ASSAY_TEST, 10000}};
    for (size_t i = 0; i < 2; i++) {
        assay_dataset dataset = load(parts[i].part);
        ck_assert_uint_eq(dataset.count, parts[i].count);
        size_t images[ASSAY_CLASSES] = {0};
        for (size_t j = 0; j < dataset.count; j++) {
            images[dataset.labels[j]]++;
        }
        for (size_t c = 0; c < ASSAY_CLASSES; c++) {
            ck_assert_uint_eq(images[c], parts[i].count / ASSAY_CLASSES);
        }
        assay_dataset_destroy(&dataset);
    }
}
END_TEST

/* Cell [7] as computed with float32 tensors: 0.28604060 and 0.35302424, which are off by their last digit. */
START_TEST(mean_and_std)
{
    evidence(EVIDENCE_GOLDEN, "data/dataset_moments");
    evidence_source("the tutorial");
    assay_dataset dataset = load(ASSAY_TRAIN);
    double mean, std;
    assay_dataset_moments(&dataset, &mean, &std);
    ck_assert_double_eq_tol(mean, 0.28604060, 2e-8);
    ck_assert_double_eq_tol(std, 0.35302424, 2e-8);
    assay_dataset_destroy(&dataset);
}
END_TEST

/* Cell [8], with PyTorch 1.9's loader: mean 0.009, std 1.012, maximum 2.022, minimum -0.810, printed to 3 digits. */
START_TEST(batch_statistics)
{
    evidence(EVIDENCE_GOLDEN, "data/split_create");
    evidence(EVIDENCE_GOLDEN, "data/loader_shuffle");
    evidence(EVIDENCE_GOLDEN, "data/normalization_table");
    evidence_source("the tutorial");
    enum { BATCH = 1024, TRAIN = 50000 };
    assay_dataset dataset = load(ASSAY_TRAIN);
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 42);
    assay_split split;
    assay_error error;
    support_assert_ok(assay_split_create(&generator, dataset.count, TRAIN, &split, &error), &error);
    uint32_t *scratch = assay_calloc(2 * TRAIN, sizeof *scratch, NULL);
    ck_assert_ptr_nonnull(scratch);
    uint32_t *order = scratch + TRAIN;
    assay_loader_shuffle(&generator, ASSAY_LOADER_TORCH_1_9, &split, scratch, order);
    float table[256];
    assay_normalization_table(ASSAY_NORMALIZE_MEAN, ASSAY_NORMALIZE_STD, table);
    double sum = 0.0, squares = 0.0, highest = -INFINITY, lowest = INFINITY;
    double count = (double)BATCH * (double)ASSAY_IMAGE_PIXELS;
    for (size_t i = 0; i < (size_t)BATCH * ASSAY_IMAGE_PIXELS; i++) {
        size_t image = order[i / ASSAY_IMAGE_PIXELS];
        double x = (double)table[dataset.pixels[image * dataset.width + i % ASSAY_IMAGE_PIXELS]];
        sum += x;
        squares += x * x;
        highest = fmax(highest, x);
        lowest = fmin(lowest, x);
    }
    ck_assert_double_eq_tol(sum / count, 0.009, 5e-4);
    ck_assert_double_eq_tol(sqrt((squares - sum * sum / count) / (count - 1)), 1.012, 5e-4);
    ck_assert_double_eq_tol(highest, 2.022, 5e-4);
    ck_assert_double_eq_tol(lowest, -0.810, 5e-4);
    assay_free(scratch);
    assay_split_destroy(&split);
    assay_dataset_destroy(&dataset);
}
END_TEST

/* Debian's file, cut by 1 to 20 bytes, with each of its last 16 bytes changed, and whole. */
START_TEST(a_damaged_end_is_noticed)
{
    evidence(EVIDENCE_ERRORS, "data/idx_read");
    enum { CUTS = 20, FLIPS = 16 };
    const assay_idx_form form = {.dimensions = 1, .count = 10000};
    char *made = support_make_folder();
    char *source = assay_asprintf(NULL, "%s/t10k-labels-idx1-ubyte.gz", folder);
    char *path = assay_asprintf(NULL, "%s/labels", made);
    assay_error error;
    char *whole;
    size_t size;
    support_assert_ok(assay_file_read(source, 1 << 20, &whole, &size, &error), &error);
    for (size_t i = 0; i <= CUTS + FLIPS; i++) {
        size_t kept = i <= CUTS ? size - i : size;
        size_t flipped = i <= CUTS ? 0 : size - (i - CUTS);
        size_t count;
        uint8_t *labels;
        FILE *file = fopen(path, "wb");
        ck_assert_ptr_nonnull(file);
        whole[flipped] = (char)(whole[flipped] ^ (flipped > 0 ? 0xff : 0));
        ck_assert_uint_eq(fwrite(whole, 1, kept, file), kept);
        ck_assert_int_eq(fclose(file), 0);
        whole[flipped] = (char)(whole[flipped] ^ (flipped > 0 ? 0xff : 0));
        assay_status status = assay_idx_read(path, &form, &count, &labels, &error);
        if (i == 0) {
            support_assert_ok(status, &error);
            assay_free(labels);
        } else {
            support_assert_error(status, ASSAY_ERROR_FORMAT, &error, i <= CUTS ? "truncated" : NULL);
        }
    }
    assay_free(whole);
    assay_free(path);
    assay_free(source);
    support_remove_folder(made);
}
END_TEST

int main(void)
{
    folder = support_data_folder();
    if (folder == NULL) {
        return SUPPORT_SKIP;
    }
    Suite *suite = suite_create("data: Fashion-MNIST");
    TCase *real = tcase_create("real files");
    tcase_set_timeout(real, 60);
    tcase_add_test(real, classes_are_balanced);
    tcase_add_test(real, mean_and_std);
    tcase_add_test(real, batch_statistics);
    tcase_add_test(real, a_damaged_end_is_noticed);
    suite_add_tcase(suite, real);
    return support_run(suite);
}
