/* assay evaluate: notes, results and lists of tensors. */
#include "evaluate.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/text.h>

/* --- notes ------------------------------------------------------------------------------------------------------- */

void evaluate_note(evaluation *done, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assay_text_clean(text);
    tool_note(EVALUATE_COMMAND, "%s", text);
    if (done->notes == NULL) {
        done->notes = json_array();
    }
    json_array_append_new(done->notes, tool_json_text(text));
}

/* Adds a name to a list in a text, as long as there is room; counts it otherwise. */
static void add_name(char *list, size_t size, const char *name, size_t *left_out)
{
    size_t used = strlen(list);
    if (used + strlen(name) + 32 > size) {
        (*left_out)++;
        return;
    }
    snprintf(list + used, size - used, "%s%s", used == 0 ? "" : ", ", name);
}

/*
 * Of a checkpoint with the network in one of several dictionaries, the length of another one's name at the beginning of
 * a tensor's name: an optimizer's, say. 0 for a tensor beside the network.
 */
static size_t other_dictionary(const char *prefix, const char *name)
{
    size_t own = strcspn(prefix, ".");
    size_t length = strcspn(name, ".");
    return prefix[0] == '\0' || name[length] == '\0' || (own == length && strncmp(prefix, name, own) == 0) ? 0 : length;
}

/* Adds "optimizer.* (12)" for the tensors from `first` on; returns the index behind them. */
static size_t add_dictionary(char *list, size_t size, const assay_state *state, size_t first, size_t length,
                             size_t *left_out)
{
    size_t end = first;
    char name[100];
    const char *begin = assay_state_at(state, first)->name;
    while (end < assay_state_count(state) && strncmp(assay_state_at(state, end)->name, begin, length + 1) == 0) {
        end++;
    }
    snprintf(name, sizeof name, "%.*s.* (%zu)", (int)(length < 60 ? length : 60), begin, end - first);
    add_name(list, size, name, left_out);
    return end;
}

static void note_unused(evaluation *done)
{
    char names[600] = "";
    char more[48] = "";
    size_t left_out = 0;
    bool beside = false;
    const assay_model *model = &done->model;
    for (size_t i = 0; i < assay_state_count(model->state);) {
        const assay_stored_tensor *tensor = assay_state_at(model->state, i);
        size_t dictionary = other_dictionary(model->layers.prefix, tensor->name);
        if (dictionary > 0) {
            i = add_dictionary(names, sizeof names, model->state, i, dictionary, &left_out);
            continue;
        }
        if (!assay_layers_have(&model->layers, tensor)) {
            add_name(names, sizeof names, tensor->name, &left_out);
            beside = true;
        }
        i++;
    }
    if (left_out > 0) {
        snprintf(more, sizeof more, " and %zu more", left_out);
    }
    if (names[0] != '\0' || left_out > 0) {
        evaluate_note(done, "tensors that are not used: %s%s%s", names, more,
                      beside ? "; if the network computes with them, its accuracy differs" : "");
    }
}

void evaluate_note_tensors(evaluation *done)
{
    const assay_layers *layers = &done->model.layers;
    if (layers->other_names) {
        char names[600] = "";
        size_t left_out = 0;
        for (size_t i = 0; i < layers->count; i++) {
            add_name(names, sizeof names, layers->weights[i]->name, &left_out);
        }
        evaluate_note(done, "there are no tensors 'layers.N.weight'; by shapes and order the layers are %s%s", names,
                      left_out > 0 ? ", ..." : "");
    } else if (layers->prefix[0] != '\0') {
        evaluate_note(done, "the network is '%slayers.*'", layers->prefix);
    }
    note_unused(done);
}

/* --- results ----------------------------------------------------------------------------------------------------- */

static double accuracy(evaluate_score result)
{
    return (double)result.right / (double)result.images;
}

/* Prints the file's name as a terminal can bear it. */
static void print_name(const char *name)
{
    char *copy = assay_strdup(name, NULL);
    if (copy != NULL) {
        assay_text_clean(copy);
        fputs(copy, stdout);
        assay_free(copy);
    }
}

static void print_text(const evaluation *done)
{
    const assay_network_config *config = &done->model.config;
    print_name(done->options->path);
    printf(": %s, %s, %zu", assay_model_format_name(done->model.format), assay_activation_name(config->activation.kind),
           config->inputs);
    for (size_t i = 0; i < config->hidden_count; i++) {
        printf("-%zu", config->hidden[i]);
    }
    printf("-%zu\n", config->classes);
    printf("test accuracy        %.4f  (%zu of %zu)\n", accuracy(done->test), done->test.right, done->test.images);
    printf("validation accuracy  %.4f  (%zu of %zu, split of seed %llu)\n", accuracy(done->validation),
           done->validation.right, done->validation.images, (unsigned long long)done->options->seed);
}

static json_t *unused_names(const assay_model *model)
{
    json_t *names = json_array();
    for (size_t i = 0; i < assay_state_count(model->state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(model->state, i);
        if (!assay_layers_have(&model->layers, tensor)) {
            json_array_append_new(names, tool_json_text(tensor->name));
        }
    }
    return names;
}

static json_t *to_json(const evaluation *done)
{
    const assay_network_config *config = &done->model.config;
    json_t *hidden = json_array();
    for (size_t i = 0; i < config->hidden_count; i++) {
        json_array_append_new(hidden, json_integer((json_int_t)config->hidden[i]));
    }
    json_t *notes = done->notes != NULL ? json_incref(done->notes) : json_array();
    return json_pack("{s:o, s:s, s:s, s:I, s:I, s:o, s:f, s:f, s:s, s:I, s:o, s:o, s:o}", "file",
                     tool_json_text(done->options->path), "format", assay_model_format_name(done->model.format),
                     "act_fn", assay_activation_name(config->activation.kind), "input_size", (json_int_t)config->inputs,
                     "num_classes", (json_int_t)config->classes, "hidden_sizes", hidden, "test_acc",
                     accuracy(done->test), "val_score", accuracy(done->validation), "backend",
                     assay_backend_name(done->backend), "seed", (json_int_t)done->options->seed, "prefix",
                     tool_json_text(done->model.layers.prefix), "unused_tensors", unused_names(&done->model), "notes",
                     notes);
}

assay_status evaluate_write(const evaluation *done, assay_error *error)
{
    const char *json = done->options->json;
    if (json == NULL || strcmp(json, "-") != 0) {
        print_text(done);
    }
    return json == NULL ? ASSAY_OK : tool_write_json(to_json(done), json, 12, error);
}

/* --- lists ------------------------------------------------------------------------------------------------------- */

/* Numbers as text; "-" for what is none. */
typedef struct {
    char text[32];
} list_number;

static list_number number_text(double value)
{
    list_number made = {"-"};
    if (isfinite(value)) {
        snprintf(made.text, sizeof made.text, "%.6g", value);
    } else if (!isnan(value)) {
        snprintf(made.text, sizeof made.text, "%sinf", value < 0.0 ? "-" : "");
    }
    return made;
}

static void print_tensor(const assay_stored_tensor *tensor)
{
    double mean = 0.0;
    double deviation = 0.0;
    char shape[ASSAY_TENSOR_MAX_RANK * 22 + 4] = "[";
    for (size_t i = 0; i < tensor->rank; i++) {
        size_t used = strlen(shape);
        snprintf(shape + used, sizeof shape - used, "%s%zu", i == 0 ? "" : ", ", tensor->shape[i]);
    }
    strcat(shape, "]");
    assay_stored_tensor_moments(tensor, &mean, &deviation);
    printf("%-16s %-8s %13s %13s  ", shape, assay_dtype_name(tensor->dtype), number_text(mean).text,
           number_text(deviation).text);
    print_name(tensor->name);
    putchar('\n');
}

static json_t *real_or_null(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *tensor_json(const assay_stored_tensor *tensor)
{
    double mean = 0.0;
    double deviation = 0.0;
    json_t *shape = json_array();
    for (size_t i = 0; i < tensor->rank; i++) {
        json_array_append_new(shape, json_integer((json_int_t)tensor->shape[i]));
    }
    assay_stored_tensor_moments(tensor, &mean, &deviation);
    return json_pack("{s:o, s:o, s:s, s:o, s:o}", "name", tool_json_text(tensor->name), "shape", shape, "dtype",
                     assay_dtype_name(tensor->dtype), "mean", real_or_null(mean), "std", real_or_null(deviation));
}

assay_status evaluate_list(const evaluation *done, assay_error *error)
{
    const assay_model *model = &done->model;
    const char *json = done->options->json;
    size_t count = assay_state_count(model->state);
    if (json == NULL || strcmp(json, "-") != 0) {
        print_name(done->options->path);
        printf(": %s, %zu tensors", assay_model_format_name(model->format), count);
        if (model->about.others[0] != '\0') {
            fputs("; beside them ", stdout);
            print_name(model->about.others);
        }
        putchar('\n');
        if (count > 0) {
            printf("%-16s %-8s %13s %13s  %s\n", "shape", "type", "mean", "deviation", "name");
        }
        for (size_t i = 0; i < count; i++) {
            print_tensor(assay_state_at(model->state, i));
        }
    }
    if (json == NULL) {
        return ASSAY_OK;
    }
    json_t *tensors = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(tensors, tensor_json(assay_state_at(model->state, i)));
    }
    return tool_write_json(json_pack("{s:o, s:s, s:o}", "file", tool_json_text(done->options->path), "format",
                                     assay_model_format_name(model->format), "tensors", tensors),
                           json, 17, error);
}
