/*
 * Trains a classifier on your own data: a CSV file with one sample on each line, its inputs and then its class (0, 1,
 * ...).
 *
 *     cc -O2 mlp.c -o mlp $(pkg-config --cflags --libs assay)
 *     ./mlp data.csv
 */
#include <assay/assay.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    assay_dataset data;
    assay_scaling scaling; /* of each input, to mean 0 and standard deviation 1 */
    assay_backend *backend;
    assay_trainer *trainer;
} classifier;

static assay_status train(const char *path, classifier *c, assay_error *error)
{
    ASSAY_TRY(assay_csv_read(path, &c->data, error));
    ASSAY_TRY(assay_scaling_create(&c->data, &c->scaling, error));
    ASSAY_TRY(assay_scaling_apply(&c->scaling, &c->data, error));
    /* clang-format off */
    assay_train_options options = {
        .network = {.inputs = c->data.width, .classes = c->data.classes, .hidden_count = 1, .hidden = {64},
                    .activation = assay_activation_default(ASSAY_RELU)},
        .initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL),
        .seed = 1,
        .epochs = 100,
        .batch_rows = c->data.count < 32 ? 1 : 16,
        .train_count = c->data.count * 4 / 5, /* the others validate */
    };
    /* clang-format on */
    ASSAY_TRY(assay_optimizer_by_name("adam", &options.rule, error));
    ASSAY_TRY(assay_optimizer_set(&options.rule, "lr=0.01", error));
    ASSAY_TRY(assay_backend_open(&(assay_backend_options){.name = "openblas"}, &c->backend, error));
    ASSAY_TRY(assay_trainer_create(c->backend, &options, &c->data, &c->trainer, error));
    return assay_trainer_run(c->trainer, NULL, error);
}

int main(int argc, char **argv)
{
    classifier c = {.backend = NULL};
    assay_error error = {.message = "usage: mlp DATA.csv"};
    assay_status status = argc == 2 ? train(argv[1], &c, &error) : ASSAY_ERROR_ARGUMENT;
    if (status == ASSAY_OK) {
        size_t best = assay_trainer_best_epoch(c.trainer);
        printf("%zu samples, %zu inputs, %zu classes: validation accuracy %.4f after epoch %zu\n", c.data.count,
               c.data.width, c.data.classes, assay_trainer_validation_scores(c.trainer)[best], best + 1);
    } else {
        fprintf(stderr, "mlp: %s\n", error.message);
    }
    assay_trainer_destroy(c.trainer);
    assay_backend_close(c.backend);
    assay_scaling_destroy(&c.scaling);
    assay_dataset_destroy(&c.data);
    return status == ASSAY_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
