/* assay descend: the tutorial's train_curve, cell [31], on its surfaces with any optimizer. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/optim/optimizer.h>
#include <assay/surface/descent.h>
#include "tool.h"
#include <assay/tutorial/descents.h>

static const char COMMAND[] = "descend";

enum { MOST_UPDATES = 10000000 };

typedef struct {
    assay_surface surface;
    bool has_surface;
    const char *optimizer;
    assay_update_rule rule;
    double start[2];
    uint64_t updates;
    const char *backend;   /* as given, or NULL */
    const char *precision; /* as given, or NULL */
    const char *json;      /* a path, "-", or NULL */
    const char *output;    /* a path, or NULL */
} descend_options;

/* A descent and its result. */
typedef struct {
    const descend_options *options;
    assay_backend *backend;
    char *settings;
    assay_descent_point *points;
    size_t recorded;
} descent_record;

/* Prints the optimizers' names in lines of at most 110 columns, below the text of the option. */
static void print_optimizers(void)
{
    enum { INDENT = 25, WIDTH = 110 };
    int column = INDENT;
    for (const assay_optimizer_descriptor *o = assay_optimizers(); o->name != NULL; o++) {
        if (column + (int)strlen(o->name) > WIDTH) {
            printf("\n%*s", INDENT, "");
            column = INDENT;
        }
        column += printf("%s%s", o->name, o[1].name != NULL ? ", " : "\n");
    }
}

static void print_help(void)
{
    puts("Usage: assay descend --surface NAME --optimizer NAME [OPTION...]\n\n"
         "Runs an optimizer on a loss surface of two parameters. Prints t, w1, w2 and the loss before each update.\n");
    printf("  --surface NAME         pathological, gaussian, steep\n"
           "  --optimizer NAME       ");
    print_optimizers();
    puts("  --lr X                 learning rate\n"
         "  --set NAME=X,...       hyperparameters: lr, weight_decay, momentum, dampening, nesterov, beta1, eps, ...\n"
         "  --init W1,W2           starting point (default: the tutorial's; 1,1 on the Gaussian)\n"
         "  --updates N            number of updates (default 100)\n"
         "  --precision PREC       f32 (default) or f64\n"
         "  --backend NAME[:PREC]  openblas (default), reference\n"
         "  --output FILE          write the points to FILE as CSV instead of the table (-: standard output)\n"
         "  --json FILE            also write the points to FILE as JSON (-: to standard output, instead of the "
         "table)\n\n"
         "The default hyperparameters are those of the tutorial's cells [32] and [35] if the tutorial runs this\n"
         "optimizer on this surface, otherwise the optimizer's own.");
}

/* The optimizer's defaults, replaced by the tutorial's values for this surface. */
static assay_status default_rule(descend_options *options, assay_error *error)
{
    ASSAY_TRY(assay_optimizer_by_name(options->optimizer, &options->rule, error));
    for (size_t i = 0; i < ASSAY_TUTORIAL_DESCENTS; i++) {
        const assay_tutorial_descent *descent = &assay_tutorial_descents[i];
        if (descent->surface == options->surface && strcmp(descent->optimizer, options->optimizer) == 0) {
            return assay_optimizer_set(&options->rule, descent->settings, error);
        }
    }
    return ASSAY_OK;
}

static bool parse_start(const char *text, double start[2])
{
    char first[64];
    size_t length = strcspn(text, ",");
    if (text[length] != ',' || length >= sizeof first) {
        return false;
    }
    memcpy(first, text, length);
    first[length] = '\0';
    return tool_parse_real(first, -1e300, 1e300, &start[0]) &&
           tool_parse_real(text + length + 1, -1e300, 1e300, &start[1]);
}

enum { SURFACE, OPTIMIZER, LR, SET, INIT, UPDATES, PRECISION, BACKEND, OUTPUT, JSON, HELP };

/* clang-format off */
static const struct option LONG[] = {
    {"surface", required_argument, NULL, SURFACE},     {"optimizer", required_argument, NULL, OPTIMIZER},
    {"lr", required_argument, NULL, LR},               {"set", required_argument, NULL, SET},
    {"init", required_argument, NULL, INIT},           {"updates", required_argument, NULL, UPDATES},
    {"precision", required_argument, NULL, PRECISION}, {"backend", required_argument, NULL, BACKEND},
    {"output", required_argument, NULL, OUTPUT},       {"json", required_argument, NULL, JSON},
    {"help", no_argument, NULL, HELP},                 {NULL, 0, NULL, 0}};
/* clang-format on */

/* First pass: the options that determine the defaults of the others. */
static int parse_names(int argc, char **argv, descend_options *options)
{
    assay_error error;
    opterr = 0;
    optind = 1;
    for (int answer; (answer = getopt_long(argc, argv, ":", LONG, NULL)) != -1;) {
        switch (answer) {
        case SURFACE:
            if (assay_surface_by_name(optarg, &options->surface, &error) != ASSAY_OK) {
                return tool_usage(COMMAND, "%s", error.message);
            }
            options->has_surface = true;
            break;
        case OPTIMIZER: options->optimizer = optarg; break;
        case HELP: print_help(); exit(tool_flushed(TOOL_SUCCESS));
        case '?':
        case ':': return tool_bad_option(COMMAND, argv, answer);
        default: break;
        }
    }
    if (optind < argc) {
        return tool_usage(COMMAND, "unexpected argument '%s'", argv[optind]);
    }
    if (!options->has_surface || options->optimizer == NULL) {
        return tool_usage(COMMAND, "--%s NAME is missing", options->has_surface ? "optimizer" : "surface");
    }
    assay_surface_start(options->surface, options->start);
    if (default_rule(options, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "%s", error.message);
    }
    return TOOL_SUCCESS;
}

static int parse_settings(const char *settings, descend_options *options)
{
    assay_error error;
    if (assay_optimizer_set(&options->rule, settings, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "%s: %s", options->optimizer, error.message);
    }
    return TOOL_SUCCESS;
}

/* Second pass, one option. */
static int parse_value(int answer, descend_options *options)
{
    double rate;
    switch (answer) {
    case LR:
        if (!tool_parse_real(optarg, 0.0, 1e300, &rate)) {
            return tool_usage(COMMAND, "--lr %s is not a number >= 0", optarg);
        }
        options->rule.learning_rate = rate;
        break;
    case SET: return parse_settings(optarg, options);
    case INIT:
        if (!parse_start(optarg, options->start)) {
            return tool_usage(COMMAND, "--init %s is not two numbers W1,W2", optarg);
        }
        break;
    case UPDATES:
        if (!tool_parse_unsigned(optarg, 1, MOST_UPDATES, &options->updates)) {
            return tool_usage(COMMAND, "--updates %s is not a number from 1 to %d", optarg, MOST_UPDATES);
        }
        break;
    case PRECISION: options->precision = optarg; break;
    case BACKEND: options->backend = optarg; break;
    case OUTPUT: options->output = optarg; break;
    case JSON: options->json = optarg; break;
    default: break;
    }
    return TOOL_SUCCESS;
}

static int parse(int argc, char **argv, descend_options *options)
{
    int usage = parse_names(argc, argv, options);
    optind = 1;
    for (int answer; usage == TOOL_SUCCESS && (answer = getopt_long(argc, argv, ":", LONG, NULL)) != -1;) {
        usage = parse_value(answer, options);
    }
    assay_error error;
    const char *const outputs[] = {options->output, options->json};
    if (usage == TOOL_SUCCESS && tool_keep_inputs(outputs, 2, NULL, 0, &error) != ASSAY_OK) {
        return tool_usage(COMMAND, "%s", error.message);
    }
    return usage;
}

static assay_status open_backend(const descend_options *options, assay_backend **backend, assay_error *error)
{
    const char *name = options->backend != NULL ? options->backend : "openblas";
    if (options->precision == NULL) {
        return tool_open_backend(name, 1, backend, error);
    }
    if (strchr(name, ':') != NULL) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "--backend %s contains the precision; leave out --precision",
                          name);
    }
    char *text = assay_asprintf(error, "%s:%s", name, options->precision);
    assay_status status = text == NULL ? ASSAY_ERROR_MEMORY : tool_open_backend(text, 1, backend, error);
    assay_free(text);
    return status;
}

static bool is_single(const descent_record *record)
{
    return assay_backend_precision(record->backend) == ASSAY_F32;
}

/* With 9 significant digits a float32 can be read back exactly, with 17 a double. */
static int digits_of(const descent_record *record)
{
    return is_single(record) ? 9 : 17;
}

static void print_points(FILE *stream, const descent_record *record, const char *format)
{
    int digits = digits_of(record);
    for (size_t t = 0; t < record->recorded; t++) {
        const assay_descent_point *point = &record->points[t];
        fprintf(stream, format, t, digits, point->w[0], digits, point->w[1], digits, point->loss);
    }
}

static void print_table(const descent_record *record)
{
    const descend_options *options = record->options;
    printf("# %s surface, %s with %s, %s %s\n", assay_surface_name(options->surface), options->optimizer,
           record->settings, assay_backend_name(record->backend), is_single(record) ? "f32" : "f64");
    printf("#  t %24s %24s %24s\n", "w1", "w2", "loss");
    print_points(stdout, record, "%4zu %24.*g %24.*g %24.*g\n");
}

static assay_status write_csv(const descent_record *record, assay_error *error)
{
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(record->options->output, &writer, error));
    fputs("t,w1,w2,loss\n", assay_file_stream(writer));
    print_points(assay_file_stream(writer), record, "%zu,%.*g,%.*g,%.*g\n");
    return assay_file_commit(writer, error);
}

static json_t *record_json(const descent_record *record)
{
    const descend_options *options = record->options;
    json_t *points = json_array();
    for (size_t t = 0; t < record->recorded; t++) {
        const assay_descent_point *point = &record->points[t];
        json_array_append_new(points, json_pack("{s:I, s:f, s:f, s:f}", "t", (json_int_t)t, "w1", point->w[0], "w2",
                                                point->w[1], "loss", point->loss));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "surface", assay_surface_name(options->surface), "optimizer",
                     options->optimizer, "settings", record->settings, "backend", assay_backend_name(record->backend),
                     "precision", is_single(record) ? "f32" : "f64", "points", points);
}

static assay_status write_json(const descent_record *record, assay_error *error)
{
    return tool_write_json(record_json(record), record->options->json, digits_of(record), error);
}

static assay_status write_all(const descent_record *record, assay_error *error)
{
    const descend_options *options = record->options;
    if (options->output != NULL) {
        ASSAY_TRY(write_csv(record, error));
    } else if (!assay_file_is_standard_output(options->json)) {
        print_table(record);
    }
    return options->json != NULL ? write_json(record, error) : ASSAY_OK;
}

/* A descent that reaches infinity or NaN writes the points before, and then fails. */
static int run(const descend_options *options, descent_record *record)
{
    assay_error error;
    assay_error unwritten;
    record->settings = assay_optimizer_settings(&options->rule, &error);
    record->points = assay_calloc((size_t)options->updates, sizeof *record->points, &error);
    if (record->settings == NULL || record->points == NULL) {
        return tool_fail(COMMAND, &error);
    }
    assay_status status = assay_descend(record->backend, options->surface, &options->rule, options->start,
                                        (size_t)options->updates, record->points, &record->recorded, &error);
    if (write_all(record, &unwritten) != ASSAY_OK) {
        return tool_fail(COMMAND, &unwritten);
    }
    return status == ASSAY_OK ? TOOL_SUCCESS : tool_fail(COMMAND, &error);
}

int assay_command_descend(int argc, char **argv)
{
    descend_options options = {.updates = ASSAY_DESCENT_UPDATES};
    descent_record record = {.options = &options};
    int result = parse(argc, argv, &options);
    if (result != TOOL_SUCCESS) {
        return result;
    }
    assay_error error;
    if (open_backend(&options, &record.backend, &error) != ASSAY_OK) {
        return tool_no_backend(COMMAND, &error);
    }
    result = run(&options, &record);
    assay_free(record.points);
    assay_free(record.settings);
    assay_backend_close(record.backend);
    return result;
}
