/* assay evaluate: the accuracy of a saved network on the test set and on the validation set (test_model, cell [20]). */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/model/model.h>
#include <assay/train/batches.h>
#include <assay/tutorial/defaults.h>
#include "tool.h"

static const char COMMAND[] = "evaluate";

enum { BATCH_ROWS = 1000 };

typedef struct {
    const char *path;
    const char *data;
    const char *backend;    /* as given, or NULL */
    const char *activation; /* as given, or NULL */
    const char *json;       /* a path, "-", or NULL */
    const char *normalize;  /* as given, or NULL */
    uint64_t seed;
    uint64_t threads;
} evaluate_options;

typedef struct {
    size_t right;
    size_t images;
} score;

/* What was read, what it runs on, and what came of it. */
typedef struct {
    const evaluate_options *options;
    assay_model model;
    assay_backend *backend;
    assay_network *network;
    score test;
    score validation;
} evaluation;

static void print_help(void)
{
    puts("Usage: assay evaluate FILE [OPTION...]\n\n"
         "Reads a saved network, a checkpoint of PyTorch (zip, a state_dict) or safetensors, and prints its accuracy on the\n"
         "10,000 test images and on the 10,000 of the 60,000 training images that the split of the seed leaves to validate.\n\n"
         "  --data DIR             folder of IDX files (default " ASSAY_DEFAULT_DATA ")\n"
         "  --normalize NAME       mean and deviation of the pixels: tutorial (default) or own, measured on the training\n"
         "                         images; take what the network was trained with\n"
         "  --backend NAME[:PREC]  openblas:f32 (default), openblas:f64, cuda:f32, cuda:f64,\n"
         "                         reference\n"
         "  --threads N            threads (default: all)\n"
         "  --activation NAME      activation function, where neither the file nor FILE's .config beside it names it\n"
         "  --seed N               seed of the split (default 42)\n"
         "  --json FILE            write the result to FILE as JSON as well (- for standard output instead of the text)");
}

/* --- options --------------------------------------------------------------------------------------------------- */

enum { DATA, NORMALIZE, BACKEND, THREADS, ACTIVATION, SEED, JSON, HELP };

static const struct option LONG[] = {
    {"data", required_argument, NULL, DATA},       {"backend", required_argument, NULL, BACKEND},
    {"threads", required_argument, NULL, THREADS}, {"activation", required_argument, NULL, ACTIVATION},
    {"seed", required_argument, NULL, SEED},       {"json", required_argument, NULL, JSON},
    {"normalize", required_argument, NULL, NORMALIZE},
    {"help", no_argument, NULL, HELP},             {NULL, 0, NULL, 0}};

static int parse_value(int answer, char **argv, evaluate_options *options)
{
    switch (answer) {
    case DATA:
        options->data = optarg;
        break;
    case NORMALIZE:
        options->normalize = optarg;
        break;
    case BACKEND:
        options->backend = optarg;
        break;
    case THREADS:
        if (!tool_parse_unsigned(optarg, 1, 1024, &options->threads)) {
            return tool_usage(COMMAND, "--threads %s is not a number from 1 to 1024", optarg);
        }
        break;
    case ACTIVATION:
        options->activation = optarg;
        break;
    case SEED:
        if (!tool_parse_unsigned(optarg, 0, INT64_MAX, &options->seed)) {
            return tool_usage(COMMAND, "--seed %s is not a whole number", optarg);
        }
        break;
    case JSON:
        options->json = optarg;
        break;
    case HELP:
        print_help();
        exit(tool_flushed(TOOL_SUCCESS));
    default:
        return tool_bad_option(COMMAND, argv, answer);
    }
    return TOOL_SUCCESS;
}

static int parse(int argc, char **argv, evaluate_options *options)
{
    opterr = 0;
    optind = 1;
    for (int answer; (answer = getopt_long(argc, argv, ":", LONG, NULL)) != -1;) {
        int usage = parse_value(answer, argv, options);
        if (usage != TOOL_SUCCESS) {
            return usage;
        }
    }
    if (optind == argc) {
        return tool_usage(COMMAND, "FILE is missing");
    }
    if (optind + 1 < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind + 1]);
    }
    options->path = argv[optind];
    return TOOL_SUCCESS;
}

/* --- evaluation ------------------------------------------------------------------------------------------------ */

static assay_status open_model(const evaluate_options *options, assay_model *model, assay_error *error)
{
    ASSAY_TRY(assay_model_open(options->path, NULL, model, error));
    if (options->activation != NULL) {
        ASSAY_TRY(assay_activation_by_name(options->activation, &model->config.activation, error));
    } else if (!model->has_activation) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: nothing says which activation function this network has; name it with --activation",
                          options->path);
    }
    if (model->config.inputs != ASSAY_IMAGE_PIXELS || model->config.classes != ASSAY_CLASSES) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: a network of %zu inputs and %zu classes does not fit Fashion-MNIST (784 and 10)",
                          options->path, model->config.inputs, model->config.classes);
    }
    return ASSAY_OK;
}

/* The images of `order`, or all of them for NULL. */
static assay_status count_right(evaluation *done, const assay_dataset *data, const uint32_t *order, size_t count,
                                score *result, assay_error *error)
{
    assay_batches *batches = NULL;
    ASSAY_TRY(assay_batches_create(done->backend, data, BATCH_ROWS, &batches, error));
    if (order != NULL) {
        assay_batches_order(batches, order, count);
    }
    *result = (score){assay_count_correct(done->network, batches), assay_batches_count(batches)};
    assay_batches_destroy(batches);
    return assay_backend_check(done->backend, error);
}

static assay_status run_test(evaluation *done, assay_error *error)
{
    assay_dataset data = {0};
    ASSAY_TRY(tool_load_data(done->options->data, ASSAY_TEST, done->options->normalize, &data, error));
    assay_status status = count_right(done, &data, NULL, 0, &done->test, error);
    assay_dataset_destroy(&data);
    return status;
}

static assay_status validate(evaluation *done, const assay_dataset *data, assay_error *error)
{
    assay_mt19937 generator;
    assay_split split = {0};
    if (data->count <= ASSAY_TUTORIAL_TRAIN_COUNT) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: %zu training images leave none to validate behind %d",
                          done->options->data, data->count, ASSAY_TUTORIAL_TRAIN_COUNT);
    }
    assay_mt19937_seed(&generator, done->options->seed);
    ASSAY_TRY(assay_split_create(&generator, data->count, ASSAY_TUTORIAL_TRAIN_COUNT, &split, error));
    assay_status status = count_right(done, data, split.validation, split.validation_count, &done->validation, error);
    assay_split_destroy(&split);
    return status;
}

static assay_status run_validation(evaluation *done, assay_error *error)
{
    assay_dataset data = {0};
    ASSAY_TRY(tool_load_data(done->options->data, ASSAY_TRAIN, done->options->normalize, &data, error));
    assay_status status = validate(done, &data, error);
    assay_dataset_destroy(&data);
    return status;
}

static assay_status evaluate(evaluation *done, assay_error *error)
{
    const evaluate_options *options = done->options;
    ASSAY_TRY(open_model(options, &done->model, error));
    ASSAY_TRY(tool_open_backend(options->backend, (unsigned)options->threads, &done->backend, error));
    ASSAY_TRY(assay_network_create(done->backend, &done->model.config, BATCH_ROWS, false, &done->network, error));
    ASSAY_TRY(assay_model_upload(&done->model, done->network, error));
    ASSAY_TRY(run_test(done, error));
    return run_validation(done, error);
}

/* --- output ---------------------------------------------------------------------------------------------------- */

static double accuracy(score result)
{
    return (double)result.right / (double)result.images;
}

static void print_text(const evaluation *done)
{
    const assay_network_config *config = &done->model.config;
    printf("%s: %s, %s, %zu", done->options->path, assay_model_format_name(done->model.format),
           assay_activation_name(config->activation.kind), config->inputs);
    for (size_t i = 0; i < config->hidden_count; i++) {
        printf("-%zu", config->hidden[i]);
    }
    printf("-%zu\n", config->classes);
    printf("test accuracy        %.4f  (%zu of %zu)\n", accuracy(done->test), done->test.right, done->test.images);
    printf("validation accuracy  %.4f  (%zu of %zu, split of seed %llu)\n", accuracy(done->validation),
           done->validation.right, done->validation.images, (unsigned long long)done->options->seed);
}

static json_t *to_json(const evaluation *done)
{
    const assay_network_config *config = &done->model.config;
    json_t *hidden = json_array();
    for (size_t i = 0; i < config->hidden_count; i++) {
        json_array_append_new(hidden, json_integer((json_int_t)config->hidden[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o, s:f, s:f, s:s, s:I}", "file", done->options->path, "format",
                     assay_model_format_name(done->model.format), "act_fn",
                     assay_activation_name(config->activation.kind), "input_size", (json_int_t)config->inputs,
                     "num_classes", (json_int_t)config->classes, "hidden_sizes", hidden, "test_acc",
                     accuracy(done->test), "val_score", accuracy(done->validation), "backend",
                     assay_backend_name(done->backend), "seed", (json_int_t)done->options->seed);
}

static assay_status write_result(const evaluation *done, assay_error *error)
{
    const char *json = done->options->json;
    if (!assay_file_is_standard_output(json)) {
        print_text(done);
    }
    return json == NULL ? ASSAY_OK : tool_write_json(to_json(done), json, 12, error);
}

int assay_command_evaluate(int argc, char **argv)
{
    evaluate_options options = {.data = ASSAY_DEFAULT_DATA, .seed = ASSAY_TUTORIAL_SEED};
    evaluation done = {.options = &options};
    assay_error error;
    int result = parse(argc, argv, &options);
    if (result != TOOL_SUCCESS) {
        return result;
    }
    assay_status status = evaluate(&done, &error);
    if (status == ASSAY_OK) {
        status = write_result(&done, &error);
    }
    assay_network_destroy(done.network);
    assay_backend_close(done.backend);
    assay_model_close(&done.model);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}
