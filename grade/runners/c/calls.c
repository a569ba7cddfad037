#define _GNU_SOURCE /* dladdr, dlinfo */
#include "runner.h"

#include <dlfcn.h>
#include <link.h>
#include <math.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/student.h>

/* As in judge.h, which belongs to the library that is not linked here. */
#define SENTINEL (-987.25)

enum { MAX_TENSORS = 64, MAX_STEPS = 16, GUARD = 4 };

/* A tensor that a function reads or writes, between two guards. */
typedef struct {
    char name[24];
    double *block;  /* GUARD + count + GUARD */
    double *before; /* of an input: a copy */
    size_t count;
    size_t rank;
    size_t shape[2];
} tensor;

typedef struct {
    void *object;
    const json_t *inputs;
    json_t *outputs;
    tensor tensors[MAX_TENSORS];
    size_t count;
    int32_t *integers[2]; /* labels and order */
    size_t integer_count;
} call_state;

/* Requests come from the grader: one that does not fit is a version mix-up, and ends the runner. */
static _Noreturn void bad_request(const char *name)
{
    fprintf(stderr, "assay-grade-runner: the request has no %s as expected; are assay and the runner of one version?\n",
            name);
    exit(2);
}

static tensor *new_tensor(call_state *call, const char *name, size_t count)
{
    if (call->count == MAX_TENSORS) {
        bad_request(name);
    }
    tensor *made = &call->tensors[call->count++];
    snprintf(made->name, sizeof made->name, "%s", name);
    made->count = count;
    made->block = malloc((count + 2 * GUARD) * sizeof(double));
    if (made->block == NULL) {
        bad_request("memory");
    }
    for (size_t i = 0; i < count + 2 * GUARD; i++) {
        made->block[i] = SENTINEL;
    }
    return made;
}

static size_t count_numbers(const json_t *value)
{
    size_t sum = json_is_array(value) ? 0 : 1;
    for (size_t i = 0; i < json_array_size(value); i++) {
        sum += count_numbers(json_array_get(value, i));
    }
    return sum;
}

static double *flatten(const json_t *value, double *next)
{
    if (!json_is_array(value)) {
        *next = json_number_value(value);
        return next + 1;
    }
    for (size_t i = 0; i < json_array_size(value); i++) {
        next = flatten(json_array_get(value, i), next);
    }
    return next;
}

/* An input tensor, and its shape where it is asked for. */
static double *input(call_state *call, const char *name, size_t *n0, size_t *n1)
{
    const json_t *value = json_object_get(call->inputs, name);
    if (value == NULL) {
        bad_request(name);
    }
    tensor *made = new_tensor(call, name, count_numbers(value));
    flatten(value, made->block + GUARD);
    made->before = malloc(made->count * sizeof(double));
    if (made->before != NULL) {
        memcpy(made->before, made->block + GUARD, made->count * sizeof(double));
    }
    if (n0 != NULL) {
        *n0 = json_array_size(value);
    }
    if (n1 != NULL) {
        *n1 = json_array_size(json_array_get(value, 0));
    }
    return made->block + GUARD;
}

/* Takes a tensor that is updated in place off the list of unchanged inputs. */
static void allow_changes(call_state *call)
{
    tensor *last = &call->tensors[call->count - 1];
    free(last->before);
    last->before = NULL;
}

static double number(call_state *call, const char *name)
{
    return json_number_value(json_object_get(call->inputs, name));
}

static const char *text(call_state *call, const char *name)
{
    const char *value = json_string_value(json_object_get(call->inputs, name));
    return value == NULL ? "" : value;
}

static const int32_t *integers(call_state *call, const char *name, size_t *n0, size_t *n1)
{
    const json_t *value = json_object_get(call->inputs, name);
    size_t count = count_numbers(value);
    double *numbers = malloc((count + 1) * sizeof *numbers);
    int32_t *made = malloc((count + 1) * sizeof *made);
    if (value == NULL || numbers == NULL || made == NULL || call->integer_count == 2) {
        bad_request(name);
    }
    call->integers[call->integer_count++] = made;
    flatten(value, numbers);
    for (size_t i = 0; i < count; i++) {
        made[i] = (int32_t)numbers[i];
    }
    free(numbers);
    if (n0 != NULL) {
        *n0 = json_array_size(value);
    }
    if (n1 != NULL) {
        *n1 = json_array_size(json_array_get(value, 0));
    }
    return made;
}

/* An output tensor of rank 0 (n0 = 0), 1 (n1 = 0) or 2. */
static double *output(call_state *call, const char *name, size_t n0, size_t n1)
{
    size_t count = (n0 == 0 ? 1 : n0) * (n1 == 0 ? 1 : n1);
    tensor *made = new_tensor(call, name, count);
    made->rank = n0 == 0 ? 0 : n1 == 0 ? 1 : 2;
    made->shape[0] = n0;
    made->shape[1] = n1;
    return made->block + GUARD;
}

static const char *numbered(char name[24], const char *stem, size_t k)
{
    snprintf(name, 24, "%.12s%u", stem, (unsigned)k);
    return name;
}

/* --- JSON from tensors -------------------------------------------------------------------------------------------- */

static json_t *json_double(double value)
{
    return isnan(value)   ? json_string("NaN")
           : isinf(value) ? json_string(value > 0 ? "inf" : "-inf")
                          : json_real(value);
}

static json_t *json_values(const double *values, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, json_double(values[i]));
    }
    return array;
}

static json_t *json_tensor(const double *values, size_t rank, const size_t *shape)
{
    if (rank == 0) {
        return json_double(values[0]);
    }
    if (rank == 1) {
        return json_values(values, shape[0]);
    }
    json_t *rows = json_array();
    for (size_t r = 0; r < shape[0]; r++) {
        json_array_append_new(rows, json_values(values + r * shape[1], shape[1]));
    }
    return rows;
}

static void emit(call_state *call, const char *name)
{
    /* From the last on: what a training run updates is an input, and then an output of the same name. */
    for (size_t i = call->count; i-- > 0;) {
        const tensor *found = &call->tensors[i];
        if (strcmp(found->name, name) == 0) {
            json_object_set_new(call->outputs, name, json_tensor(found->block + GUARD, found->rank, found->shape));
            return;
        }
    }
}

/* --- calls, one for each kind of signature ------------------------------------------------------------------------ */

typedef void function(void);

/* POSIX lets a pointer from dlsym be used as a function; C has no cast for it. */
static function *symbol(void *object, const char *stem, const char *suffix)
{
    char name[80];
    snprintf(name, sizeof name, "student_%s%s", stem, suffix);
    void *found = dlsym(object, name);
    function *callable;
    memcpy(&callable, &found, sizeof callable);
    return callable;
}

static void call_linear_forward(call_state *call, function *student, const char *name)
{
    size_t rows;
    size_t in;
    size_t out;
    (void)name;
    const double *x = input(call, "x", &rows, &in);
    const double *weight = input(call, "weight", &out, NULL);
    const double *bias = input(call, "bias", NULL, NULL);
    ((__typeof__(&student_linear_forward))student)(rows, in, out, x, weight, bias, output(call, "y", rows, out));
    emit(call, "y");
}

static void call_linear_backward(call_state *call, function *student, const char *name)
{
    size_t rows;
    size_t in;
    size_t out;
    (void)name;
    const double *x = input(call, "x", &rows, &in);
    const double *weight = input(call, "weight", &out, NULL);
    const double *dy = input(call, "dy", NULL, NULL);
    double *dx = output(call, "dx", rows, in);
    double *dweight = output(call, "dweight", out, in);
    double *dbias = output(call, "dbias", out, 0);
    ((__typeof__(&student_linear_backward))student)(rows, in, out, x, weight, dy, dx, dweight, dbias);
    emit(call, "dx");
    emit(call, "dweight");
    emit(call, "dbias");
}

static void call_activation(call_state *call, function *student, const char *name)
{
    size_t count;
    (void)name;
    const double *x = input(call, "x", &count, NULL);
    double *y = output(call, "y", count, 0);
    if (json_object_get(call->inputs, "slope") != NULL) {
        ((__typeof__(&student_leaky_relu))student)(count, x, number(call, "slope"), y);
    } else {
        ((__typeof__(&student_relu))student)(count, x, y);
    }
    emit(call, "y");
}

static void call_activation_gradient(call_state *call, function *student, const char *name)
{
    size_t count;
    (void)name;
    const double *x = input(call, "x", &count, NULL);
    const double *dy = input(call, "dy", NULL, NULL);
    double *dx = output(call, "dx", count, 0);
    if (json_object_get(call->inputs, "slope") != NULL) {
        ((__typeof__(&student_leaky_relu_gradient))student)(count, x, dy, number(call, "slope"), dx);
    } else {
        ((__typeof__(&student_relu_gradient))student)(count, x, dy, dx);
    }
    emit(call, "dx");
}

static void call_softmax(call_state *call, function *student, const char *name)
{
    size_t rows;
    size_t classes;
    (void)name;
    const double *logits = input(call, "logits", &rows, &classes);
    ((__typeof__(&student_softmax))student)(rows, classes, logits, output(call, "probabilities", rows, classes));
    emit(call, "probabilities");
}

static void call_cross_entropy(call_state *call, function *student, const char *name)
{
    size_t rows;
    size_t classes;
    (void)name;
    const double *logits = input(call, "logits", &rows, &classes);
    const int32_t *labels = integers(call, "labels", NULL, NULL);
    *output(call, "loss", 0, 0) = ((__typeof__(&student_cross_entropy))student)(rows, classes, logits, labels);
    emit(call, "loss");
}

static void call_cross_entropy_gradient(call_state *call, function *student, const char *name)
{
    size_t rows;
    size_t classes;
    (void)name;
    const double *logits = input(call, "logits", &rows, &classes);
    const int32_t *labels = integers(call, "labels", NULL, NULL);
    double *dlogits = output(call, "dlogits", rows, classes);
    ((__typeof__(&student_cross_entropy_gradient))student)(rows, classes, logits, labels, dlogits);
    emit(call, "dlogits");
}

/* --- networks ----------------------------------------------------------------------------------------------------- */

enum { MAX_LAYERS = 8 };

typedef struct {
    size_t layers;
    size_t sizes[MAX_LAYERS + 1];
    double *weights[MAX_LAYERS];
    double *biases[MAX_LAYERS];
} network;

static network network_sizes(call_state *call)
{
    network net = {0};
    const json_t *sizes = json_object_get(call->inputs, "sizes");
    if (json_array_size(sizes) < 2 || json_array_size(sizes) > MAX_LAYERS + 1) {
        bad_request("sizes");
    }
    net.layers = json_array_size(sizes) - 1;
    for (size_t l = 0; l <= net.layers; l++) {
        net.sizes[l] = (size_t)json_integer_value(json_array_get(sizes, l));
    }
    return net;
}

static void network_outputs(call_state *call, network *net, const char *weight, const char *bias)
{
    char name[24];
    for (size_t l = 0; l < net->layers; l++) {
        net->weights[l] = output(call, numbered(name, weight, l), net->sizes[l + 1], net->sizes[l]);
        net->biases[l] = output(call, numbered(name, bias, l), net->sizes[l + 1], 0);
    }
}

static void network_inputs(call_state *call, network *net)
{
    char name[24];
    for (size_t l = 0; l < net->layers; l++) {
        net->weights[l] = input(call, numbered(name, "weight", l), NULL, NULL);
        net->biases[l] = input(call, numbered(name, "bias", l), NULL, NULL);
    }
}

static void emit_network(call_state *call, const network *net, const char *weight, const char *bias)
{
    char name[24];
    for (size_t l = 0; l < net->layers; l++) {
        emit(call, numbered(name, weight, l));
        emit(call, numbered(name, bias, l));
    }
}

static void call_initializer(call_state *call, function *student, const char *name)
{
    network net = network_sizes(call);
    uint64_t seed = (uint64_t)json_integer_value(json_object_get(call->inputs, "seed"));
    network_outputs(call, &net, "weight", "bias");
    if (strcmp(name, "init_constant") == 0) {
        ((__typeof__(&student_init_constant))student)(net.layers, net.sizes, number(call, "fill"), net.weights,
                                                      net.biases);
    } else if (strcmp(name, "init_normal") == 0) {
        ((__typeof__(&student_init_normal))student)(net.layers, net.sizes, number(call, "std"), seed, net.weights,
                                                    net.biases);
    } else {
        ((__typeof__(&student_init_xavier))student)(net.layers, net.sizes, seed, net.weights, net.biases);
    }
    emit_network(call, &net, "weight", "bias");
}

static void call_network_gradient(call_state *call, function *student, const char *name)
{
    size_t rows;
    (void)name;
    network net = network_sizes(call);
    network gradient = net;
    network_inputs(call, &net);
    const double *x = input(call, "x", &rows, NULL);
    const int32_t *labels = integers(call, "labels", NULL, NULL);
    network_outputs(call, &gradient, "dweight", "dbias");
    *output(call, "loss", 0, 0) = ((__typeof__(&student_network_gradient))student)(
        net.layers, net.sizes, text(call, "activation"), rows, (const double *const *)net.weights,
        (const double *const *)net.biases, x, labels, gradient.weights, gradient.biases);
    emit(call, "loss");
    emit_network(call, &gradient, "dweight", "dbias");
}

/* Weights and biases that are updated in place: outputs that start from the inputs. */
static void network_updated(call_state *call, network *net)
{
    network start = *net;
    network_inputs(call, &start);
    network_outputs(call, net, "weight", "bias");
    for (size_t l = 0; l < net->layers; l++) {
        memcpy(net->weights[l], start.weights[l], net->sizes[l] * net->sizes[l + 1] * sizeof(double));
        memcpy(net->biases[l], start.biases[l], net->sizes[l + 1] * sizeof(double));
    }
}

/* The sizes of all batches. False if they are not equal. */
static bool batch_sizes(const json_t *order, size_t sizes[MAX_STEPS])
{
    bool equal = true;
    for (size_t s = 0; s < json_array_size(order) && s < MAX_STEPS; s++) {
        sizes[s] = json_array_size(json_array_get(order, s));
        equal = equal && sizes[s] == sizes[0];
    }
    return equal;
}

/* student_training_batches takes batches of any sizes; without it, unequal batches are "not implemented". */
static void call_training(call_state *call, function *student, const char *name)
{
    size_t images;
    size_t steps;
    size_t batch;
    size_t sizes[MAX_STEPS];
    function *of_batches = symbol(call->object, name, "_batches");
    if (!batch_sizes(json_object_get(call->inputs, "order"), sizes) && of_batches == NULL) {
        student_not_implemented("batches of different sizes");
    }
    network net = network_sizes(call);
    network_updated(call, &net);
    const double *x = input(call, "x", &images, NULL);
    const int32_t *labels = integers(call, "labels", NULL, NULL);
    const int32_t *order = integers(call, "order", &steps, &batch);
    student_optimizer optimizer = {text(call, "optimizer"), number(call, "learning_rate"), number(call, "beta1"),
                                   number(call, "beta2"), number(call, "epsilon")};
    double *losses = output(call, "losses", steps, 0);
    if (of_batches != NULL) {
        ((__typeof__(&student_training_batches))of_batches)(net.layers, net.sizes, text(call, "activation"),
                                                            net.weights, net.biases, images, x, labels, steps, sizes,
                                                            order, &optimizer, losses);
    } else {
        ((__typeof__(&student_training))student)(net.layers, net.sizes, text(call, "activation"), net.weights,
                                                 net.biases, images, x, labels, steps, batch, order, &optimizer,
                                                 losses);
    }
    emit(call, "losses");
    emit_network(call, &net, "weight", "bias");
}

/* --- optimizers --------------------------------------------------------------------------------------------------- */

enum { TENSORS = 2 };

static void *create_optimizer(call_state *call, function *create, const char *name, const size_t lengths[TENSORS])
{
    double rate = number(call, "learning_rate");
    if (strcmp(name, "sgd") == 0) {
        return ((__typeof__(&student_sgd_create))create)(TENSORS, lengths, rate);
    }
    if (strcmp(name, "momentum") == 0) {
        return ((__typeof__(&student_momentum_create))create)(TENSORS, lengths, rate, number(call, "momentum"));
    }
    return ((__typeof__(&student_adam_create))create)(TENSORS, lengths, rate, number(call, "beta1"),
                                                      number(call, "beta2"), number(call, "epsilon"));
}

static void call_optimizer(call_state *call, function *step, const char *name)
{
    char field[24];
    size_t steps = 0;
    size_t lengths[TENSORS];
    double *parameters[TENSORS];
    const double *gradients[TENSORS];
    double *updated[TENSORS];
    for (size_t k = 0; k < TENSORS; k++) {
        parameters[k] = input(call, numbered(field, "parameters", k), &lengths[k], NULL);
        allow_changes(call);
        gradients[k] = input(call, numbered(field, "gradients", k), &steps, NULL);
    }
    for (size_t k = 0; k < TENSORS; k++) {
        updated[k] = output(call, numbered(field, "updated", k), steps, lengths[k]);
    }
    void *optimizer = create_optimizer(call, symbol(call->object, name, "_create"), name, lengths);
    for (size_t s = 0; s < steps; s++) {
        ((__typeof__(&student_sgd_step))step)(optimizer, parameters, gradients);
        for (size_t k = 0; k < TENSORS; k++) {
            memcpy(updated[k] + s * lengths[k], parameters[k], lengths[k] * sizeof(double));
            gradients[k] += lengths[k];
        }
    }
    ((__typeof__(&student_sgd_destroy))symbol(call->object, name, "_destroy"))(optimizer);
    for (size_t k = 0; k < TENSORS; k++) {
        emit(call, numbered(field, "updated", k));
    }
}

static void call_surface(call_state *call, function *student, const char *name)
{
    size_t count;
    (void)name;
    const double *w1 = input(call, "w1", &count, NULL);
    const double *w2 = input(call, "w2", NULL, NULL);
    double *loss = output(call, "loss", count, 0);
    double *dw1 = output(call, "dw1", count, 0);
    double *dw2 = output(call, "dw2", count, 0);
    ((__typeof__(&student_steep_optima))student)(count, w1, w2, loss, dw1, dw2);
    emit(call, "loss");
    emit(call, "dw1");
    emit(call, "dw2");
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    const char *suffix; /* of the symbol that is called */
    void (*call)(call_state *call, function *student, const char *name);
} calls[] = {
    {"linear_forward", "", call_linear_forward},
    {"linear_backward", "", call_linear_backward},
    {"identity", "", call_activation},
    {"identity_gradient", "", call_activation_gradient},
    {"tanh", "", call_activation},
    {"tanh_gradient", "", call_activation_gradient},
    {"relu", "", call_activation},
    {"relu_gradient", "", call_activation_gradient},
    {"sigmoid", "", call_activation},
    {"sigmoid_gradient", "", call_activation_gradient},
    {"leaky_relu", "", call_activation},
    {"leaky_relu_gradient", "", call_activation_gradient},
    {"softmax", "", call_softmax},
    {"cross_entropy", "", call_cross_entropy},
    {"cross_entropy_gradient", "", call_cross_entropy_gradient},
    {"init_constant", "", call_initializer},
    {"init_normal", "", call_initializer},
    {"init_fan_in", "", call_initializer},
    {"init_xavier", "", call_initializer},
    {"init_kaiming", "", call_initializer},
    {"sgd", "_step", call_optimizer},
    {"momentum", "_step", call_optimizer},
    {"adam", "_step", call_optimizer},
    {"network_gradient", "", call_network_gradient},
    {"training", "", call_training},
    {"pathological_curve", "", call_surface},
    {"steep_optima", "", call_surface},
};
enum { CALLS = sizeof calls / sizeof calls[0] };

/* An optimizer is three functions; a training run has two forms. */
static bool exported(void *object, size_t i)
{
    bool whole = calls[i].suffix[0] == '\0' || (symbol(object, calls[i].name, "_create") != NULL &&
                                                symbol(object, calls[i].name, "_destroy") != NULL);
    return (whole && symbol(object, calls[i].name, calls[i].suffix) != NULL) ||
           (calls[i].call == call_training && symbol(object, calls[i].name, "_batches") != NULL);
}

/* Whether the object itself, and not a library that it needs, defines a name: its functions without our prefix. */
static bool defines(void *object, const char *name, const char *suffix)
{
    char whole[80];
    Dl_info found;
    struct link_map *map;
    snprintf(whole, sizeof whole, "%s%s", name, suffix);
    const void *address = dlsym(object, whole);
    return address != NULL && dladdr(address, &found) != 0 && dlinfo(object, RTLD_DI_LINKMAP, &map) == 0 &&
           found.dli_fbase == (void *)map->l_addr;
}

/* One line for an object that exports none of the interface's functions, with names that it has without the prefix. */
static json_t *explain_nothing(void *object)
{
    char text[240] = "it exports no function of assay/student.h, whose names begin with student_";
    const char *before = "; it has ";
    for (size_t i = 0; i < CALLS; i++) {
        const char *suffix = defines(object, calls[i].name, "") ? "" : calls[i].suffix;
        size_t used = strlen(text);
        if (defines(object, calls[i].name, suffix) && used < sizeof text - 60) {
            snprintf(text + used, sizeof text - used, "%s%s%s", before, calls[i].name, suffix);
            before = ", ";
        }
    }
    if (before[0] == ',') {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, ": rename them, with its arguments");
    }
    return json_pack("{s:s}", "error", text);
}

json_t *runner_hello(void *object)
{
    json_t *functions = json_array();
    for (size_t i = 0; i < CALLS; i++) {
        if (exported(object, i)) {
            json_array_append_new(functions, json_string(calls[i].name));
        }
    }
    if (json_array_size(functions) == 0) {
        json_decref(functions);
        return explain_nothing(object);
    }
    function *precision = symbol(object, "precision", "");
    int bits = precision == NULL ? 64 : ((__typeof__(&student_precision))precision)();
    return json_pack("{s:o, s:i}", "functions", functions, "precision", bits);
}

/* What the call did to memory that is not its to write. */
static json_t *check_memory(const call_state *call)
{
    char message[80];
    for (size_t i = 0; i < call->count; i++) {
        const tensor *checked = &call->tensors[i];
        for (size_t g = 0; g < GUARD; g++) {
            if (checked->block[g] != SENTINEL || checked->block[GUARD + checked->count + g] != SENTINEL) {
                snprintf(message, sizeof message, "wrote outside the tensor %s", checked->name);
                return json_pack("{s:s}", "error", message);
            }
        }
    }
    json_t *reply = json_pack("{s:O}", "outputs", call->outputs);
    for (size_t i = 0; i < call->count; i++) {
        const tensor *checked = &call->tensors[i];
        if (checked->before != NULL &&
            memcmp(checked->before, checked->block + GUARD, checked->count * sizeof(double)) != 0) {
            json_object_set_new(reply, "input_modified", json_string(checked->name));
        }
    }
    return reply;
}

/* Where student_not_implemented continues, while a function of the submission runs. */
static jmp_buf not_implemented;

void student_not_implemented(const char *formula)
{
    (void)formula; /* for who reads the source */
    longjmp(not_implemented, 1);
}

/* Calls the submission's function. False: it, or a function that it needs, is not implemented. */
static bool run(size_t i, call_state *call, const char *name)
{
    if (setjmp(not_implemented) != 0) {
        return false;
    }
    calls[i].call(call, symbol(call->object, name, calls[i].suffix), name);
    return true;
}

json_t *runner_call(void *object, const char *name, const json_t *inputs)
{
    size_t i = 0;
    while (i < CALLS && strcmp(calls[i].name, name) != 0) {
        i++;
    }
    if (i == CALLS || !exported(object, i)) {
        return json_pack("{s:b}", "missing", 1);
    }
    call_state *call = calloc(1, sizeof *call);
    if (call == NULL) {
        bad_request("memory");
    }
    call->object = object;
    call->inputs = inputs;
    call->outputs = json_object();
    json_t *reply = run(i, call, name) ? check_memory(call) : json_pack("{s:b}", "missing", 1);
    for (size_t t = 0; t < call->count; t++) {
        free(call->tensors[t].block);
        free(call->tensors[t].before);
    }
    free(call->integers[0]);
    free(call->integers[1]);
    json_decref(call->outputs);
    free(call);
    return reply;
}
