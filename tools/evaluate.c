/* assay evaluate: the accuracy of a saved network on the test set and on the validation set (test_model, cell [20]). */
#include "evaluate.h"

#include <float.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include <assay/data/split.h>
#include <assay/train/batches.h>
#include <assay/tutorial/defaults.h>

enum { BATCH_ROWS = 1000 };

static void print_help(void)
{
    printf("Usage: assay evaluate FILE [OPTION...]\n\n"
           "Reads a saved network and prints its accuracy on the test images and on the validation images (the\n"
           "%d of the %d training images that the tutorial's split sets aside). FILE is a file of torch.save\n"
           "(a state_dict, or a checkpoint that contains one) or of safetensors; doc/files.md lists what is read.\n"
           "No code in FILE is ever run.\n\n"
           "  --list                 print the tensors of the file, of any network: shape, type, mean, deviation,\n"
           "                         name\n"
           "  --data DIR             folder with the IDX files (default " ASSAY_DEFAULT_DATA ")\n"
           "  --normalize NAME       mean and deviation of the pixels: tutorial (default: those of Fashion-MNIST)\n"
           "                         or own (those of the training images); choose what the network was trained\n"
           "                         with\n"
           "  --backend NAME[:PREC]  openblas:f32 (default), openblas:f64, cuda:f32, cuda:f64, reference\n"
           "  --threads N            threads of the backend (default: one for each processor)\n"
           "  --activation NAME      activation function, if neither FILE nor the .config beside it names it\n"
           "  --prefix NAME          if FILE contains several networks: read the one whose names begin with NAME\n"
           "  --seed N               seed of the split (default %d)\n"
           "  --json FILE            also write the result to FILE as JSON (-: to standard output, instead of the\n"
           "                         text)\n"
           "  --verbose              after an error, print where in the file it was found\n",
           ASSAY_TUTORIAL_VALIDATION_COUNT, ASSAY_TUTORIAL_TRAIN_COUNT + ASSAY_TUTORIAL_VALIDATION_COUNT,
           ASSAY_TUTORIAL_SEED);
}

/* --- options --------------------------------------------------------------------------------------------------- */

enum { LIST, DATA, NORMALIZE, BACKEND, THREADS, ACTIVATION, PREFIX, SEED, JSON, VERBOSE, HELP };

/* clang-format off */
static const struct option LONG[] = {
    {"list", no_argument, NULL, LIST},             {"prefix", required_argument, NULL, PREFIX},
    {"verbose", no_argument, NULL, VERBOSE},       {"normalize", required_argument, NULL, NORMALIZE},
    {"data", required_argument, NULL, DATA},       {"backend", required_argument, NULL, BACKEND},
    {"threads", required_argument, NULL, THREADS}, {"activation", required_argument, NULL, ACTIVATION},
    {"seed", required_argument, NULL, SEED},       {"json", required_argument, NULL, JSON},
    {"help", no_argument, NULL, HELP},             {NULL, 0, NULL, 0}};
/* clang-format on */

static int parse_value(int answer, char **argv, evaluate_options *options)
{
    switch (answer) {
    case DATA: options->data = optarg; break;
    case NORMALIZE: options->normalize = optarg; break;
    case BACKEND: options->backend = optarg; break;
    case THREADS:
        if (!tool_parse_unsigned(optarg, 1, 1024, &options->threads)) {
            return tool_usage(EVALUATE_COMMAND, "--threads %s is not a number from 1 to 1024", optarg);
        }
        break;
    case ACTIVATION: options->activation = optarg; break;
    case PREFIX: options->prefix = optarg; break;
    case LIST: options->list = true; break;
    case VERBOSE: options->verbose = true; break;
    case SEED:
        if (!tool_parse_unsigned(optarg, 0, INT64_MAX, &options->seed)) {
            return tool_usage(EVALUATE_COMMAND, "--seed %s is not a whole number", optarg);
        }
        break;
    case JSON: options->json = optarg; break;
    case HELP: print_help(); exit(tool_flushed(TOOL_SUCCESS));
    default: return tool_bad_option(EVALUATE_COMMAND, argv, answer);
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
        return tool_usage(EVALUATE_COMMAND, "FILE is missing");
    }
    if (optind + 1 < argc) {
        return tool_usage(EVALUATE_COMMAND, "unexpected argument '%s'", argv[optind + 1]);
    }
    options->path = argv[optind];
    return TOOL_SUCCESS;
}

/* --- evaluation ------------------------------------------------------------------------------------------------ */

/* --activation overrides the file; a note reports that the two differ. */
static assay_status choose_activation(evaluation *done, assay_error *error)
{
    const evaluate_options *options = done->options;
    assay_model *model = &done->model;
    assay_activation wanted;
    const char *problem = model->config_error.status != ASSAY_OK ? model->config_error.message : NULL;
    if (options->activation == NULL && !model->has_activation) {
        if (problem == NULL) {
            return assay_fail(
                error, ASSAY_ERROR_ARGUMENT,
                "%s: the file does not name the activation function of this network; name it with --activation",
                options->path);
        }
        return assay_fail(error, ASSAY_ERROR_FORMAT,
                          "%.400s; if it is not this network's, name the activation function with --activation",
                          problem);
    }
    if (options->activation == NULL) {
        return ASSAY_OK;
    }
    ASSAY_TRY(assay_activation_by_name(options->activation, &wanted, error));
    if (problem != NULL) {
        evaluate_note(done, "%s; it is not used", problem);
    }
    if (model->has_activation &&
        (wanted.kind != model->config.activation.kind || wanted.parameter != model->config.activation.parameter)) {
        evaluate_note(done, "%s names %s (parameter %g), and --activation %s (parameter %g), which is used",
                      model->config_name, assay_activation_name(model->config.activation.kind),
                      model->config.activation.parameter, assay_activation_name(wanted.kind), wanted.parameter);
    }
    model->config.activation = wanted;
    return ASSAY_OK;
}

static assay_status open_model(evaluation *done, assay_error *error)
{
    const evaluate_options *options = done->options;
    const assay_model_options wanted = {.prefix = options->prefix};
    assay_model *model = &done->model;
    ASSAY_TRY(assay_model_open(options->path, &wanted, model, error));
    ASSAY_TRY(choose_activation(done, error));
    if (model->config.inputs != ASSAY_IMAGE_PIXELS || model->config.classes != ASSAY_CLASSES) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: a network of %zu inputs and %zu classes does not fit Fashion-MNIST (784 and 10)%s",
                          options->path, model->config.inputs, model->config.classes,
                          model->config.inputs == ASSAY_CLASSES && model->config.classes == ASSAY_IMAGE_PIXELS
                              ? ": are its weights transposed ([in][out])?"
                              : "");
    }
    evaluate_note_tensors(done);
    return ASSAY_OK;
}

/* A double beyond the range of float becomes an infinity. */
static void note_overflow(evaluation *done, const assay_stored_tensor *tensor)
{
    double value = 0.0;
    for (size_t i = 0; i < tensor->count && tensor->dtype == ASSAY_DTYPE_F64; i++) {
        assay_stored_tensor_part_to_f64(tensor, i, 1, &value);
        if (fabs(value) > (double)FLT_MAX) {
            evaluate_note(done,
                          "'%s' has %g at index %zu, which overflows f32 and becomes infinite; --backend openblas:f64 "
                          "holds it",
                          tensor->name, value, i);
            return;
        }
    }
}

static void note_overflows(evaluation *done)
{
    const assay_layers *layers = &done->model.layers;
    for (size_t i = 0; i < layers->count && assay_backend_precision(done->backend) == ASSAY_F32; i++) {
        note_overflow(done, layers->weights[i]);
        note_overflow(done, layers->biases[i]);
    }
}

/* The images of `order`, or all of them for NULL. */
static assay_status count_right(evaluation *done, const assay_dataset *data, const uint32_t *order, size_t count,
                                evaluate_score *result, assay_error *error)
{
    assay_batches *batches = NULL;
    ASSAY_TRY(assay_batches_create(done->backend, data, BATCH_ROWS, &batches, error));
    if (order != NULL) {
        assay_batches_order(batches, order, count);
    }
    *result = (evaluate_score){assay_count_correct(done->network, batches), assay_batches_count(batches)};
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
    ASSAY_TRY(open_model(done, error));
    ASSAY_TRY(tool_open_backend(options->backend, (unsigned)options->threads, &done->backend, error));
    note_overflows(done);
    ASSAY_TRY(assay_network_create(done->backend, &done->model.config, BATCH_ROWS, false, &done->network, error));
    ASSAY_TRY(assay_model_upload(&done->model, done->network, error));
    ASSAY_TRY(run_test(done, error));
    ASSAY_TRY(run_validation(done, error));
    return evaluate_write(done, error);
}

static assay_status list(evaluation *done, assay_error *error)
{
    ASSAY_TRY(assay_model_load(done->options->path, &done->model, error));
    return evaluate_list(done, error);
}

static assay_status keep_inputs(const evaluate_options *options, assay_error *error)
{
    char *config = assay_model_config_path(options->path, error);
    if (config == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    const char *const outputs[] = {options->json};
    const char *const inputs[] = {options->path, config, options->list ? NULL : options->data};
    assay_status status = tool_keep_inputs(outputs, 1, inputs, sizeof inputs / sizeof *inputs, error);
    assay_free(config);
    return status;
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
    if (keep_inputs(&options, &error) != ASSAY_OK) {
        return tool_usage(EVALUATE_COMMAND, "--json %s", error.message);
    }
    assay_status status = options.list ? list(&done, &error) : evaluate(&done, &error);
    assay_network_destroy(done.network);
    assay_backend_close(done.backend);
    assay_model_close(&done.model);
    json_decref(done.notes);
    if (status != ASSAY_OK) {
        result = tool_fail(EVALUATE_COMMAND, &error);
        if (options.verbose && error.detail[0] != '\0') {
            tool_note(EVALUATE_COMMAND, "%s", error.detail);
        }
    }
    return result;
}
