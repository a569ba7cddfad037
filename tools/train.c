/* assay train: a training run as in the tutorial, or one that retraces the author's. */
#include "train.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/optim/optimizer.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/retrace.h>
#include "output.h"
#include "retrace.h"
#include "tool.h"

static const char COMMAND[] = "train";

enum { RETRACE_EPOCHS = 3 };

typedef struct {
    assay_train_options run;
    const char *optimizer; /* its name */
    const char *settings;  /* its hyperparameters, as given */
    const char *data;
    const char *backend;
    unsigned threads;
    const char *output; /* a folder, or NULL */
    const char *name;   /* the stem of the files in it, or NULL */
    bool resume;
    const char *json;      /* the run record, or NULL */
    const char *normalize; /* as given, or NULL */
    bool retrace;
    assay_run retraced;
    const char *pretrained;
} train_options;

static void print_help(void)
{
    puts("Usage: assay train [OPTION...]\n\n"
         "Trains the tutorial's network on Fashion-MNIST. Prints a line for each epoch, and the test accuracy.\n\n"
         "  --optimizer NAME       the optimizer (default sgd):");
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        printf("      %-26s %s (%s)\n", o->name, o->title, o->source);
    }
    printf("  --set KEY=VALUE,...    hyperparameters of the optimizer: lr=0.1,momentum=0.9, ...\n"
           "  --epochs N             number of epochs (default %d)\n"
           "  --batch N              images in a batch (default %d)\n"
           "  --seed N               seed of the weights and of the order of the images (default %d)\n"
           "  --hidden N,N,...       sizes of the hidden layers (default " ASSAY_TUTORIAL_HIDDEN ")\n"
           "  --activation NAME      activation function (default relu):\n                        ",
           ASSAY_TUTORIAL_EPOCHS, ASSAY_TUTORIAL_BATCH_ROWS, ASSAY_TUTORIAL_SEED);
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        printf(" %s", assay_activation_name((assay_activation_kind)kind));
    }
    printf("\n"
           "  --init NAME            initializer (default kaiming-normal)\n"
           "  --data DIR             folder with the IDX files (default " ASSAY_DEFAULT_DATA ")\n"
           "  --normalize NAME       mean and deviation of the pixels: tutorial (default: those of Fashion-MNIST)\n"
           "                         or own (those of the training images)\n"
           "  --backend NAME[:PREC]  openblas:f32 (default; openblas-dense:f32 with --retrace), openblas:f64,\n"
           "                         cuda:f32, cuda:f64, reference\n"
           "  --threads N            threads of the backend (default: one for each processor)\n"
           "  --output DIR           write the best model, a checkpoint after each epoch and the record of the\n"
           "                         run to DIR\n"
           "  --name NAME            first part of the names of these files\n"
           "                         (default " ASSAY_RUN_FILE_PREFIX "OPTIMIZER)\n"
           "  --resume               continue from the checkpoint in DIR, if there is one\n"
           "  --json FILE            write the record of the run to FILE (-: standard output): test_acc,\n"
           "                         val_scores, train_losses, train_scores\n"
           "  --retrace RUN          repeat one of the author's saved runs (sgd, momentum, adam) and print for how\n"
           "                         many steps the losses agree; runs %d epochs unless --epochs is given\n"
           "  --pretrained DIR       folder with the author's FashionMNIST_*_results.json\n"
           "                         (default: $ASSAY_PRETRAINED)\n\n"
           "The author made his saved run \"Adam\" with an Adam without bias correction of the first moment.\n"
           "So --retrace adam uses the optimizer adam-uncorrected-momentum.\n",
           RETRACE_EPOCHS);
}

/* Reads a number from 1 to `most`; false, with `size` unchanged, for any other text. */
static bool set_size(const char *text, uint64_t most, size_t *size)
{
    uint64_t number;
    bool fits = tool_parse_unsigned(text, 1, most, &number);
    *size = fits ? (size_t)number : *size;
    return fits;
}

enum {
    OPTIMIZER,
    SET,
    EPOCHS,
    BATCH,
    SEED,
    HIDDEN,
    ACTIVATION,
    INIT,
    DATA,
    NORMALIZE,
    BACKEND,
    THREADS,
    OUTPUT,
    NAME,
    RESUME,
    JSON,
    RETRACE,
    PRETRAINED,
    HELP
};

/* clang-format off */
static const struct option LONG_OPTIONS[] = {
    {"optimizer", required_argument, NULL, OPTIMIZER}, {"set", required_argument, NULL, SET},
    {"epochs", required_argument, NULL, EPOCHS},       {"batch", required_argument, NULL, BATCH},
    {"seed", required_argument, NULL, SEED},           {"hidden", required_argument, NULL, HIDDEN},
    {"activation", required_argument, NULL, ACTIVATION}, {"init", required_argument, NULL, INIT},
    {"data", required_argument, NULL, DATA},           {"backend", required_argument, NULL, BACKEND},
    {"threads", required_argument, NULL, THREADS},     {"output", required_argument, NULL, OUTPUT},
    {"name", required_argument, NULL, NAME},           {"resume", no_argument, NULL, RESUME},
    {"json", required_argument, NULL, JSON},           {"retrace", required_argument, NULL, RETRACE},
    {"normalize", required_argument, NULL, NORMALIZE},
    {"pretrained", required_argument, NULL, PRETRAINED}, {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0}};
/* clang-format on */

/* Sets an option that describes the run. ASSAY_ERROR_ARGUMENT with the reason. */
static assay_status set_run_option(train_options *options, int option, const char *value, assay_error *error)
{
    assay_train_options *run = &options->run;
    size_t size;
    bool fits = true;
    switch (option) {
    case EPOCHS: fits = set_size(value, 1000000, &run->epochs); break;
    case BATCH: fits = set_size(value, 1000000, &run->batch_rows); break;
    case SEED: fits = tool_parse_unsigned(value, 0, UINT64_MAX, &run->seed); break;
    case THREADS:
        fits = set_size(value, 1024, &size);
        options->threads = fits ? (unsigned)size : 0;
        break;
    case HIDDEN: return assay_network_parse_hidden(value, &run->network, error);
    case ACTIVATION: return assay_activation_by_name(value, &run->network.activation, error);
    case INIT: return assay_initializer_by_name(value, &run->initializer, error);
    case RETRACE: options->retrace = true; return assay_run_by_name(value, &options->retraced, error);
    default: break;
    }
    return fits ? ASSAY_OK : assay_fail(error, ASSAY_ERROR_ARGUMENT, "'%s' is not a number in range", value);
}

/* Where an option that is a text is kept; NULL for other options. */
static const char **text_option(train_options *options, int option)
{
    switch (option) {
    case OPTIMIZER: return &options->optimizer;
    case SET: return &options->settings;
    case DATA: return &options->data;
    case NORMALIZE: return &options->normalize;
    case BACKEND: return &options->backend;
    case OUTPUT: return &options->output;
    case NAME: return &options->name;
    case JSON: return &options->json;
    case PRETRAINED: return &options->pretrained;
    default: return NULL;
    }
}

/* The tutorial's run that an optimizer made, printed or saved; false for any other optimizer. */
static bool run_of(const char *optimizer, assay_run *run)
{
    for (int i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        if (strcmp(optimizer, assay_tutorial_runs[i].optimizer) == 0) {
            *run = assay_tutorial_runs[i].run;
            return true;
        }
    }
    return false;
}

/* The tutorial's runs get their draws of the notebook; any other optimizer gets those of the first run. */
static assay_status set_optimizer(train_options *options, assay_error *error)
{
    const char *name = options->retrace ? assay_run_saved_optimizer(options->retraced) : options->optimizer;
    ASSAY_TRY(assay_optimizer_by_name(name, &options->run.rule, error));
    if (options->settings != NULL) {
        ASSAY_TRY(assay_optimizer_set(&options->run.rule, options->settings, error));
    }
    options->optimizer = name;
    assay_run run;
    if (run_of(name, &run)) {
        options->run.draws = assay_tutorial_training(run).draws;
    }
    return ASSAY_OK;
}

static int parse(int argc, char **argv, train_options *options)
{
    assay_error error;
    bool epochs_given = false;
    opterr = 0;
    for (int answer; (answer = getopt_long(argc, argv, ":", LONG_OPTIONS, NULL)) != -1;) {
        if (answer == '?' || answer == ':') {
            return tool_bad_option(COMMAND, argv, answer);
        }
        const char **text = text_option(options, answer);
        if (answer == HELP) {
            print_help();
            exit(tool_flushed(TOOL_SUCCESS));
        } else if (answer == RESUME) {
            options->resume = true;
        } else if (text != NULL) {
            *text = optarg;
        } else if (set_run_option(options, answer, optarg, &error) != ASSAY_OK) {
            return tool_usage(COMMAND, "%s: %s", argv[optind - 2], error.message);
        }
        epochs_given = epochs_given || answer == EPOCHS;
    }
    if (optind < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind]);
    }
    if (options->resume && options->output == NULL) {
        return tool_usage(COMMAND, "--resume needs --output DIR, where the checkpoint is");
    }
    if (options->retrace && strcmp(options->optimizer, "sgd") != 0) {
        return tool_usage(COMMAND, "--retrace names the optimizer itself; leave out --optimizer");
    }
    if (set_optimizer(options, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "%s", error.message);
    }
    if (options->retrace && !epochs_given) {
        options->run.epochs = RETRACE_EPOCHS;
    }
    return TOOL_SUCCESS;
}

/* The files of a run: NAME.safetensors, NAME_checkpoint.safetensors, NAME_results.json. */
typedef struct {
    char *best;
    char *checkpoint;
    char *record;
} run_files;

static void free_files(run_files *files)
{
    assay_free(files->best);
    assay_free(files->checkpoint);
    assay_free(files->record);
}

/* The author's name for the tutorial's three runs. */
static const char *default_stem(const train_options *options)
{
    assay_run run;
    bool printed = run_of(options->optimizer, &run) &&
                   strcmp(options->optimizer, assay_run_printed_optimizer(run)) == 0;
    return printed ? assay_run_file_name(run) : NULL;
}

static assay_status name_files(const train_options *options, run_files *files, assay_error *error)
{
    const char *stem = options->name != NULL ? options->name : default_stem(options);
    char *own = stem != NULL ? NULL : assay_asprintf(error, ASSAY_RUN_FILE_PREFIX "%s", options->optimizer);
    stem = stem != NULL ? stem : own;
    assay_status status = ASSAY_ERROR_MEMORY;
    if (stem != NULL) {
        files->best = assay_asprintf(error, "%s/%s.safetensors", options->output, stem);
        files->checkpoint = assay_asprintf(error, "%s/%s_checkpoint.safetensors", options->output, stem);
        files->record = assay_asprintf(error, "%s/%s_results.json", options->output, stem);
        bool complete = files->best != NULL && files->checkpoint != NULL && files->record != NULL;
        status = complete ? ASSAY_OK : ASSAY_ERROR_MEMORY;
    }
    assay_free(own);
    return status;
}

/* Nothing that the run writes may be what it reads, or be named twice. */
static assay_status keep_inputs(const train_options *options, assay_error *error)
{
    run_files files = {NULL, NULL, NULL};
    assay_status status = options->output != NULL ? name_files(options, &files, error) : ASSAY_OK;
    const char *const outputs[] = {options->json, files.best, files.checkpoint, files.record};
    const char *const inputs[] = {options->data, options->pretrained,
                                  options->retrace ? getenv("ASSAY_PRETRAINED") : NULL};
    if (status == ASSAY_OK) {
        status = tool_keep_inputs(outputs, sizeof outputs / sizeof *outputs, inputs, sizeof inputs / sizeof *inputs,
                                  error);
    }
    free_files(&files);
    return status;
}

/* First the best model, then the checkpoint that counts it: if the program is killed between the two, the epoch is
 * repeated and nothing is lost. */
static assay_status save_epoch(void *context, assay_trainer *trainer, assay_error *error)
{
    const run_files *files = context;
    if (assay_trainer_best_epoch(trainer) + 1 == assay_trainer_epochs_done(trainer)) {
        ASSAY_TRY(assay_trainer_save_best(trainer, files->best, error));
    }
    return assay_trainer_save(trainer, files->checkpoint, error);
}

static assay_status resume(const train_options *options, const run_files *files, assay_trainer *trainer,
                           assay_error *error)
{
    if (!options->resume) {
        return ASSAY_OK;
    }
    assay_file_remove_leftovers(files->best);
    assay_file_remove_leftovers(files->checkpoint);
    assay_file_remove_leftovers(files->record);
    if (access(files->checkpoint, F_OK) != 0) {
        return ASSAY_OK;
    }
    ASSAY_TRY(assay_trainer_load(trainer, files->checkpoint, error));
    printf("Resumed after epoch %zu.\n", assay_trainer_epochs_done(trainer));
    return ASSAY_OK;
}

static assay_status finish(const train_options *options, const run_files *files, assay_trainer *trainer,
                           assay_error *error)
{
    assay_dataset test;
    ASSAY_TRY(tool_load_data(options->data, ASSAY_TEST, options->normalize, &test, error));
    double accuracy;
    assay_status status = assay_trainer_test(trainer, &test, &accuracy, error);
    assay_dataset_destroy(&test);
    ASSAY_TRY(status);
    /* (f" Test accuracy: {...:4.2f}% ").center(50, "="): 24 characters of text, 13 on either side. */
    printf("============= Test accuracy: %4.2f%% ==============\n", 100.0 * accuracy);
    const assay_run_record record = train_record(trainer, accuracy);
    if (options->json != NULL) {
        output_restore();
        ASSAY_TRY(assay_run_record_write(options->json, &record, error));
    }
    return files->record != NULL ? assay_run_record_write(files->record, &record, error) : ASSAY_OK;
}

static assay_status run_trainer(const train_options *options, assay_trainer *trainer, assay_error *error)
{
    run_files files = {NULL, NULL, NULL};
    assay_status status = options->output != NULL ? name_files(options, &files, error) : ASSAY_OK;
    if (status == ASSAY_OK && options->output != NULL) {
        mkdir(options->output, 0777); /* if this fails, writing the first file reports it */
        status = resume(options, &files, trainer, error);
    }
    if (status == ASSAY_OK) {
        status = train_to_the_end(trainer, options->optimizer, true, options->output != NULL ? save_epoch : NULL,
                                  &files, error);
    }
    if (status == ASSAY_OK) {
        status = options->retrace ? retrace_report(options->retraced, options->pretrained, trainer, error) : ASSAY_OK;
    }
    if (status == ASSAY_OK) {
        status = finish(options, &files, trainer, error);
    }
    free_files(&files);
    return status;
}

static assay_status train(const train_options *options, assay_backend *backend, assay_error *error)
{
    assay_dataset data;
    ASSAY_TRY(tool_load_data(options->data, ASSAY_TRAIN, options->normalize, &data, error));
    assay_trainer *trainer;
    assay_status status = assay_trainer_create(backend, &options->run, &data, &trainer, error);
    if (status == ASSAY_OK) {
        status = run_trainer(options, trainer, error);
        assay_trainer_destroy(trainer);
    }
    assay_dataset_destroy(&data);
    return status;
}

int assay_command_train(int argc, char **argv)
{
    train_options options = {
        .run = assay_tutorial_training(ASSAY_RUN_SGD), .optimizer = "sgd", .data = ASSAY_DEFAULT_DATA};
    int usage = parse(argc, argv, &options);
    if (usage != TOOL_SUCCESS) {
        return usage;
    }
    assay_error error;
    assay_status status = keep_inputs(&options, &error);
    if (status != ASSAY_OK) {
        return status == ASSAY_ERROR_ARGUMENT ? tool_usage(COMMAND, "%s", error.message) : tool_fail(COMMAND, &error);
    }
    output_divert_text(options.json);
    assay_backend *backend;
    const char *name = options.backend == NULL && options.retrace ? ASSAY_RETRACE_BACKEND : options.backend;
    if (tool_open_backend(name, options.threads, &backend, &error) != ASSAY_OK) {
        return tool_no_backend(COMMAND, &error);
    }
    if (options.retrace) {
        /* If it is missing, fail now and not after the epochs. */
        assay_run_record record = {0};
        status = train_read_saved(options.pretrained, options.retraced, &record, &error);
        assay_run_record_destroy(&record);
    }
    if (status == ASSAY_OK) {
        status = train(&options, backend, &error);
    }
    assay_backend_close(backend);
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}
