#include "train_sample.h"

#include <string.h>

#include <assay/optim/optimizer.h>
#include <assay/tutorial/runs.h>
#include "support.h"

assay_dataset sample_dataset(size_t count, uint64_t seed)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, seed);
    assay_dataset data;
    assay_error error;
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_BYTES, count, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, &data, &error),
                      &error);
    data.mean = ASSAY_NORMALIZE_MEAN;
    data.std = ASSAY_NORMALIZE_STD;
    for (size_t i = 0; i < count; i++) {
        data.labels[i] = (int32_t)(assay_mt19937_random32(&generator) % ASSAY_CLASSES);
        uint8_t *image = data.pixels + i * data.width;
        for (size_t j = 0; j < data.width; j++) {
            image[j] = (uint8_t)(assay_mt19937_random32(&generator) % 128);
        }
        memset(image + 56 * (size_t)data.labels[i] + 56, 255, 56);
    }
    return data;
}

assay_train_options sample_options(const char *optimizer, const char *settings, size_t epochs)
{
    assay_train_options options = assay_tutorial_training(ASSAY_RUN_SGD);
    options.epochs = epochs;
    options.batch_rows = 32;
    options.train_count = 300;
    support_assert_ok(assay_network_parse_hidden("20,12", &options.network, NULL), NULL);
    assay_error error;
    support_assert_ok(assay_optimizer_by_name(optimizer, &options.rule, &error), &error);
    support_assert_ok(assay_optimizer_set(&options.rule, settings, &error), &error);
    return options;
}

assay_backend *sample_backend(const char *name, assay_precision precision, int threads)
{
    assay_backend *backend;
    assay_error error;
    support_assert_ok(assay_backend_open(&(assay_backend_options){name, precision, threads}, &backend, &error), &error);
    return backend;
}
