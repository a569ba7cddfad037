/*
 * lib/nn: the network's structure, its forward pass against an oracle of plain loops, and backpropagation of the whole
 * network against finite differences, in every activation. The oracle shares no code with the library.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/check/gradient.h>
#include <assay/nn/network.h>
#include <assay/tutorial/defaults.h>
#include "support.h"

enum { MAX_ROWS = 16, MAX_WIDTH = 40, MAX_LAYERS = 16 };

static const struct {
    const char *name;
    assay_precision precision;
    double tolerance; /* of a forward pass, relative to the largest logit: at most 16 layers of 40 roundings */
} backends[] = {
    {"reference", ASSAY_F64, 1e-13},
    {"openblas", ASSAY_F64, 1e-13},
    {"openblas", ASSAY_F32, 5e-5},
};

/* Finite differences need double. */
enum { BACKENDS = sizeof backends / sizeof *backends, DOUBLE_BACKENDS = 2 };

/* No hidden layer, one of 1 unit, sizes beside the padding of 16, 12 hidden layers, one class. */
static const assay_network_config shapes[] = {
    {.inputs = 5, .classes = 3},
    {.inputs = 1, .classes = 2, .hidden_count = 1, .hidden = {1}},
    {.inputs = 17, .classes = 10, .hidden_count = 2, .hidden = {16, 15}},
    {.inputs = 7, .classes = 4, .hidden_count = 12, .hidden = {6, 5, 7, 6, 8, 5, 9, 5, 6, 7, 5, 6}},
    {.inputs = 4, .classes = 1, .hidden_count = 1, .hidden = {3}},
};

enum { SHAPES = sizeof shapes / sizeof *shapes };

static assay_backend *open_backend(int index)
{
    assay_backend *backend;
    assay_error error;
    assay_backend_options options = {backends[index].name, backends[index].precision, 0};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}

static void close_backend(assay_backend *backend)
{
    assay_error error;
    support_assert_ok(assay_backend_check(backend, &error), &error);
    assay_backend_close(backend);
}

static assay_network *make(assay_backend *backend, int shape, assay_activation_kind kind)
{
    assay_network_config config = shapes[shape];
    config.activation = assay_activation_default(kind);
    assay_network *network;
    assay_error error;
    support_assert_ok(assay_network_create(backend, &config, MAX_ROWS, true, &network, &error), &error);
    return network;
}

static double *numbers(size_t count)
{
    double *values = assay_calloc(count, sizeof *values, NULL);
    ck_assert_ptr_nonnull(values);
    return values;
}

/* Values of random sign between scale / 2 and scale, rounded to float so that every precision holds them exactly. */
static void draw(uint64_t seed, double scale, size_t count, double *values)
{
    assay_check_direction(seed, count, values);
    for (size_t i = 0; i < count; i++) {
        values[i] = (double)(float)(scale * values[i]);
    }
}

static double *download(assay_backend *backend, assay_slice slice)
{
    double *values = numbers(slice.count);
    assay_download_f64(backend, slice, values);
    return values;
}

/* Weights that keep the signal through depth (a sigmoid's slope is 1/4); positive biases, so that no ReLU dies. */
static void set_parameters(assay_network *network, uint64_t seed)
{
    double scale = assay_network_configuration(network)->activation.kind == ASSAY_SIGMOID ? 7.2 : 1.8;
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        double *values = numbers(tensor.values.count);
        draw(seed + i, tensor.is_bias ? 0.5 : scale / sqrt((double)tensor.columns), tensor.values.count, values);
        for (size_t j = 0; tensor.is_bias && j < tensor.values.count; j++) {
            values[j] = fabs(values[j]);
        }
        assay_upload_f64(assay_network_backend(network), tensor.values, values);
        assay_free(values);
    }
}

/* A batch in buffers of its own. */
typedef struct {
    size_t rows;
    assay_buffer *x;
    assay_buffer *dx;
    assay_buffer *labels;
    assay_buffer *loss;
    assay_buffer *correct;
    int32_t label[MAX_ROWS];
} batch;

static batch make_batch(assay_network *network, size_t rows, uint64_t seed)
{
    assay_backend *backend = assay_network_backend(network);
    const assay_network_config *config = assay_network_configuration(network);
    batch b = {.rows = rows};
    b.x = assay_buffer_create(backend, ASSAY_REAL, rows * config->inputs);
    b.dx = assay_buffer_create(backend, ASSAY_REAL, rows * config->inputs);
    b.labels = assay_buffer_create(backend, ASSAY_INT32, rows);
    b.loss = assay_buffer_create(backend, ASSAY_REAL, 1);
    b.correct = assay_buffer_create(backend, ASSAY_INT32, 1);
    double *x = numbers(rows * config->inputs);
    draw(seed, 1.5, rows * config->inputs, x);
    assay_upload_f64(backend, assay_whole(b.x), x);
    assay_free(x);
    for (size_t r = 0; r < rows; r++) {
        b.label[r] = (int32_t)((r * 7 + seed) % config->classes);
    }
    assay_upload_i32(backend, assay_whole(b.labels), b.label);
    return b;
}

static void end_batch(assay_backend *backend, batch *b)
{
    assay_buffer_destroy(backend, b->x);
    assay_buffer_destroy(backend, b->dx);
    assay_buffer_destroy(backend, b->labels);
    assay_buffer_destroy(backend, b->loss);
    assay_buffer_destroy(backend, b->correct);
}

static void backward(assay_network *network, const batch *b, assay_slice dx)
{
    assay_network_forward(network, b->rows, assay_whole(b->x));
    assay_network_backward(network, b->rows, assay_whole(b->x), assay_whole(b->labels), assay_whole(b->loss),
                           assay_whole(b->correct), dx);
}

/* --- structure ------------------------------------------------------------------------------------------------- */

START_TEST(tutorial_network)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_tensor");
    evidence(EVIDENCE_PROPERTY, "nn/network_layer_shape");
    /* clang-format off */
    static const struct {
        const char *name;
        size_t rows, columns;
    /* clang-format off */
    } wanted[] = {
        {"layers.0.weight", 512, 784}, {"layers.0.bias", 512, 1}, {"layers.2.weight", 256, 512},
        {"layers.2.bias", 256, 1},     {"layers.4.weight", 256, 256}, {"layers.4.bias", 256, 1},
        {"layers.6.weight", 128, 256}, {"layers.6.bias", 128, 1}, {"layers.8.weight", 10, 128},
        {"layers.8.bias", 10, 1},
    };
    /* clang-format on */
    /* clang-format on */
    assay_backend *backend = open_backend(_i);
    assay_network_config config = assay_tutorial_network(ASSAY_RELU);
    assay_network *network;
    assay_error error;
    support_assert_ok(assay_network_create(backend, &config, 1, false, &network, &error), &error);
    ck_assert_ptr_eq(assay_network_backend(network), backend);
    ck_assert_int_eq(assay_network_configuration(network)->activation.kind, ASSAY_RELU);
    ck_assert_uint_eq(assay_network_max_rows(network), 1);
    ck_assert_uint_eq(assay_network_layer_count(network), 5);
    ck_assert_uint_eq(assay_network_tensor_count(network), sizeof wanted / sizeof *wanted);
    size_t end = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        ck_assert_str_eq(tensor.name, wanted[i].name);
        ck_assert_uint_eq(tensor.layer, i / 2);
        ck_assert_int_eq(tensor.is_bias, i % 2 == 1);
        ck_assert_uint_eq(tensor.rows, wanted[i].rows);
        ck_assert_uint_eq(tensor.columns, wanted[i].columns);
        ck_assert_uint_eq(tensor.values.count, wanted[i].rows * wanted[i].columns);
        ck_assert_uint_eq(tensor.gradient.count, tensor.values.count);
        ck_assert_uint_eq(tensor.gradient.offset, tensor.values.offset);
        ck_assert_uint_eq(tensor.values.offset % 16, 0);
        ck_assert_uint_ge(tensor.values.offset, end);
        ck_assert_uint_lt(tensor.values.offset, end + 16);
        end = tensor.values.offset + tensor.values.count;
        assay_linear_shape shape = assay_network_layer_shape(network, tensor.layer, 9);
        ck_assert_uint_eq(shape.rows, 9);
        ck_assert_uint_eq(shape.out, tensor.rows);
        ck_assert(tensor.is_bias || shape.in == tensor.columns);
    }
    /* 784 512 + 512 + 512 256 + 256 + 256 256 + 256 + 256 128 + 128 + 128 10 + 10 */
    ck_assert_uint_eq(assay_network_parameter_count(network), 633226);
    ck_assert_uint_ge(assay_network_parameters(network).count, end);
    ck_assert_uint_lt(assay_network_parameters(network).count, end + 16);
    ck_assert_uint_eq(assay_network_gradients(network).count, assay_network_parameters(network).count);
    assay_moments moments = assay_reduce_moments(backend, assay_network_parameters(network));
    ck_assert_double_eq(moments.minimum, 0.0);
    ck_assert_double_eq(moments.maximum, 0.0);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

/* What optimizers step over beside the tensors is 0 and stays so; the tensors' parts do not overlap. */
START_TEST(padding_stays_zero)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_parameters");
    evidence(EVIDENCE_PROPERTY, "operation/update");
    /* clang-format off */
    static const assay_update_rule rules[] = {
        {.kind = ASSAY_UPDATE_SGD, .learning_rate = 0.1, .weight_decay = 0.1},
        {.kind = ASSAY_UPDATE_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9},
        {.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
        {.kind = ASSAY_UPDATE_ADAM, .learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8,
         .correct_first = true, .correct_second = true, .amsgrad = true},
        {.kind = ASSAY_UPDATE_ADAM, .learning_rate = 0.1, .weight_decay = 0.1, .beta1 = 0.9, .beta2 = 0.999,
         .epsilon = 1e-8, .decoupled = true},
        {.kind = ASSAY_UPDATE_RMSPROP, .learning_rate = 0.1, .beta2 = 0.99, .epsilon = 1e-8},
        {.kind = ASSAY_UPDATE_LION, .learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.99, .decoupled = true},
    };
    /* clang-format on */
    assay_backend *backend = open_backend(_i);
    assay_network *network = make(backend, 2, ASSAY_TANH);
    set_parameters(network, 11);
    batch b = make_batch(network, 5, 3);
    assay_slice all[] = {assay_network_parameters(network), assay_network_gradients(network)};
    for (size_t rule = 0; rule < sizeof rules / sizeof *rules; rule++) {
        backward(network, &b, ASSAY_NO_SLICE);
        assay_buffer *slots[ASSAY_UPDATE_MAX_SLOTS];
        assay_slice state[ASSAY_UPDATE_MAX_SLOTS];
        for (size_t i = 0; i < assay_update_rule_slots(&rules[rule]); i++) {
            slots[i] = assay_buffer_create(backend, ASSAY_REAL, all[0].count);
            state[i] = assay_whole(slots[i]);
        }
        assay_update(backend, &rules[rule], 1, all[0], all[1], state);
        for (size_t i = 0; i < assay_update_rule_slots(&rules[rule]); i++) {
            assay_buffer_destroy(backend, slots[i]);
        }
    }
    for (size_t which = 0; which < 2; which++) {
        double *values = download(backend, all[which]);
        size_t used = 0;
        for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
            assay_tensor tensor = assay_network_tensor(network, i);
            ck_assert_uint_eq(tensor.values.offset % 16, 0);
            for (size_t j = 0; j < tensor.values.count; j++, used++) {
                double *value = &values[tensor.values.offset + j];
                ck_assert_msg(*value != 0.0, "%s[%zu] is 0 or in two tensors", tensor.name, j);
                *value = 0.0;
            }
        }
        ck_assert_uint_eq(used, assay_network_parameter_count(network));
        for (size_t i = 0; i < all[which].count; i++) {
            ck_assert_msg(values[i] == 0.0, "padding at %zu became %g", i, values[i]);
        }
        assay_free(values);
    }
    end_batch(backend, &b);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

START_TEST(printed_indices)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_printed_index");
    for (size_t layer = 0; layer < 300; layer++) {
        ck_assert_uint_eq(assay_network_printed_index(layer), 2 * layer);
    }
}
END_TEST

/* Preactivations are only kept on request, or if the derivative or the last layer needs them. */
START_TEST(preactivations_are_kept_where_wanted)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_preactivations");
    /* clang-format off */
    static const struct {
        assay_activation_kind kind;
        bool keep, there;
    } cases[] = {
        {ASSAY_TANH, false, false}, {ASSAY_TANH, true, true}, {ASSAY_GELU, false, true}, {ASSAY_IDENTITY, false, true},
    };
    /* clang-format on */
    assay_backend *backend = open_backend(0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_network_config config = shapes[2];
        config.activation = assay_activation_default(cases[i].kind);
        assay_network *network;
        assay_error error;
        support_assert_ok(assay_network_create(backend, &config, 4, cases[i].keep, &network, &error), &error);
        assay_slice first = assay_network_preactivations(network, 0, 3);
        ck_assert_int_eq(first.buffer != NULL, cases[i].there);
        ck_assert_uint_eq(first.count, cases[i].there ? 3 * 16 : 0);
        assay_slice last = assay_network_preactivations(network, 2, 3);
        ck_assert_ptr_eq(last.buffer, assay_network_logits(network, 3).buffer);
        ck_assert_uint_eq(last.count, 30);
        ck_assert_uint_eq(assay_network_preactivation_gradients(network, 1, 3).count, 45);
        assay_network_destroy(network);
    }
    close_backend(backend);
}
END_TEST

static void make_and_destroy(void *user)
{
    assay_network_destroy(make(user, 2, ASSAY_TANH));
}

START_TEST(destroyed_networks_leave_nothing)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_destroy");
    assay_backend *backend = open_backend(0);
    support_assert_nothing_stays(make_and_destroy, backend);
    close_backend(backend);
}
END_TEST

/* --- errors ---------------------------------------------------------------------------------------------------- */

START_TEST(impossible_networks)
{
    evidence(EVIDENCE_ERRORS, "nn/network_create");
    /* clang-format off */
    static const struct {
        assay_network_config config;
        size_t max_rows;
        const char *part;
    /* clang-format off */
    } cases[] = {
        {{.inputs = 0, .classes = 10}, 1, "layer 0 -> 10"},
        {{.inputs = 784, .classes = 0}, 1, "layer 784 -> 0"},
        {{.inputs = 784, .classes = 10}, 0, "batches of 0"},
        {{.inputs = 784, .classes = 10, .hidden_count = 2, .hidden = {16, 0}}, 1, "layer 16 -> 0"},
        {{.inputs = 784, .classes = 10, .hidden_count = 513}, 1, "513 hidden layers are more than 512"},
        {{.inputs = SIZE_MAX, .classes = 2}, 1, "memory"},
        {{.inputs = SIZE_MAX / 8, .classes = SIZE_MAX / 8}, 1, "memory"},
        {{.inputs = 4, .classes = 4}, SIZE_MAX / 8, "memory"},
        {{.inputs = 4, .classes = 4, .hidden_count = 1, .hidden = {SIZE_MAX / 4}}, 1, "memory"},
    };
    /* clang-format on */
    /* clang-format on */
    assay_backend *backend = open_backend(_i);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_network *network = (assay_network *)backend; /* anything but NULL */
        assay_error error;
        assay_status status = assay_network_create(backend, &cases[i].config, cases[i].max_rows, true, &network,
                                                   &error);
        support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, cases[i].part);
        ck_assert_ptr_null(network);
    }
    /* Each layer alone would fit into the address space, all together would not. */
    const size_t root = (size_t)1 << (sizeof(size_t) * 4 - 3);
    assay_network_config many = {.inputs = root, .classes = 2, .hidden_count = ASSAY_MAX_HIDDEN};
    for (size_t i = 0; i < ASSAY_MAX_HIDDEN; i++) {
        many.hidden[i] = root;
    }
    assay_network *network;
    assay_error error;
    support_assert_error(assay_network_create(backend, &many, 1, true, &network, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "memory");
    /*
     * 2^(w - 1) weights for w bits, whose bytes are 0 to a computer that does not look; twice as many; and so many that
     * only the sum with the batch is beyond counting. Then biases alone that are too many.
     */
    const size_t half = SIZE_MAX / 2 + 1;
    const size_t wide = (size_t)1 << (sizeof(size_t) * 4 + 7);
    const size_t most = PTRDIFF_MAX / sizeof(double);
    const size_t sizes[][3] = {
        {wide, half / wide, 1}, {wide, 2 * (half / wide), 1}, {wide, half / wide - 1, 4}, {1, most / 4, 1}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const assay_network_config config = {.inputs = sizes[i][0], .classes = sizes[i][1]};
        support_assert_error(assay_network_create(backend, &config, sizes[i][2], true, &network, &error),
                             ASSAY_ERROR_ARGUMENT, &error, "memory");
    }
    assay_network_destroy(NULL);
    close_backend(backend);
}
END_TEST

/* AddressSanitizer ends the program where malloc would return NULL. */
#if defined(__SANITIZE_ADDRESS__)
#define MALLOC_MAY_FAIL false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MALLOC_MAY_FAIL false
#endif
#endif
#ifndef MALLOC_MAY_FAIL
#define MALLOC_MAY_FAIL true
#endif

/*
 * Sizes are refused exactly from where all tensors as doubles would be more bytes than memory can have. Below that they
 * pass on to the allocator: no machine of 64 bits has so much, and one of 32 bits may have it.
 */
START_TEST(largest_networks)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_create");
    /* Of one size `n` and ones there are this many tensors [n], and this many elements beside them. Each tensor is
     * counted with 16 more elements. */
    static const struct {
        bool inputs, classes, rows;
        size_t times, beside;
    } cases[] = {
        {.inputs = true, .times = 3, .beside = 3 * 16 + 5 * 17},
        {.classes = true, .times = 7, .beside = 7 * 16 + 17},
        {.rows = true, .times = 4, .beside = 4 * 16 + 4 * 17},
    };
    assay_backend *backend = open_backend(_i);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t limit = (PTRDIFF_MAX / sizeof(double) - cases[i].beside) / cases[i].times;
        for (size_t more = MALLOC_MAY_FAIL ? 0 : 1; more <= 1; more++) {
            const size_t n = limit + more;
            assay_network *network;
            assay_error error = {.status = ASSAY_OK};
            assay_network_config config = {.inputs = cases[i].inputs ? n : 1, .classes = cases[i].classes ? n : 1};
            assay_status status = assay_network_create(backend, &config, cases[i].rows ? n : 1, true, &network, &error);
            if (more > 0) {
                support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, "memory");
            } else {
                ck_assert_msg(status == ASSAY_ERROR_MEMORY || (status == ASSAY_OK && sizeof(size_t) < 8),
                              "case %zu: status %d", i, (int)status);
                assay_network_destroy(network);
            }
        }
    }
    close_backend(backend);
}
END_TEST

/* More than the batches it was made for: recorded, and the backend works again after the check. */
START_TEST(too_many_rows)
{
    evidence(EVIDENCE_ERRORS, "nn/network_forward");
    assay_backend *backend = open_backend(_i);
    assay_network *network = make(backend, 2, ASSAY_RELU);
    set_parameters(network, 1);
    batch b = make_batch(network, MAX_ROWS, 2);
    assay_buffer *wide = assay_buffer_create(backend, ASSAY_REAL, (MAX_ROWS + 1) * 17);
    assay_network_forward(network, MAX_ROWS + 1, assay_whole(wide));
    assay_error error;
    support_assert_error(assay_backend_check(backend, &error), ASSAY_ERROR_ARGUMENT, &error, NULL);
    backward(network, &b, ASSAY_NO_SLICE);
    support_assert_ok(assay_backend_check(backend, &error), &error);
    assay_buffer_destroy(backend, wide);
    end_batch(backend, &b);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

START_TEST(hidden_sizes_in_text)
{
    evidence(EVIDENCE_ERRORS, "nn/network_parse_hidden");
    /* clang-format off */
    static const struct {
        const char *text;
        int count; /* -1: refused */
        size_t first, last;
    /* clang-format off */
    } cases[] = {
        {"512,256,256,128", 4, 512, 128}, {"", 0, 0, 0}, {"1", 1, 1, 1}, {"1000000,2", 2, 1000000, 2},
        {"0", -1, 0, 0}, {"1000001", -1, 0, 0}, {"99999999999999999999999", -1, 0, 0}, {",", -1, 0, 0},
        {"5,", -1, 0, 0}, {",5", -1, 0, 0}, {"5,,6", -1, 0, 0}, {" 5", -1, 0, 0}, {"5 ", -1, 0, 0}, {"5, 6", -1, 0, 0},
        {"-5", -1, 0, 0}, {"+5", -1, 0, 0}, {"5;6", -1, 0, 0}, {"5.5", -1, 0, 0}, {"0x10", -1, 0, 0},
        {"5,0,6", -1, 0, 0},
        {"abc", -1, 0, 0}, {"5,a", -1, 0, 0}, {"1e3", -1, 0, 0}, {"\xe2\x82\xac", -1, 0, 0},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_network_config config = assay_tutorial_network(ASSAY_TANH);
        assay_error error;
        assay_status status = assay_network_parse_hidden(cases[i].text, &config, &error);
        if (cases[i].count < 0) {
            support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, cases[i].text);
            /* What was there is not lost. */
            ck_assert_uint_eq(config.hidden_count, 4);
            ck_assert_uint_eq(config.hidden[0], 512);
            ck_assert_uint_eq(config.hidden[3], 128);
            continue;
        }
        ck_assert_msg(status == ASSAY_OK, "'%s' is refused: %s", cases[i].text, error.message);
        ck_assert_int_eq((int)config.hidden_count, cases[i].count);
        if (cases[i].count > 0) {
            ck_assert_uint_eq(config.hidden[0], cases[i].first);
            ck_assert_uint_eq(config.hidden[cases[i].count - 1], cases[i].last);
        }
        ck_assert_uint_eq(config.inputs, 784);
        ck_assert_int_eq(config.activation.kind, ASSAY_TANH);
    }
}
END_TEST

START_TEST(as_many_hidden_sizes_as_there_may_be)
{
    evidence(EVIDENCE_ERRORS, "nn/network_parse_hidden");
    char text[2 * (ASSAY_MAX_HIDDEN + 1)] = "";
    assay_network_config config = {0};
    assay_error error;
    for (size_t count = 1; count <= ASSAY_MAX_HIDDEN + 1; count++) {
        strcat(text, count == 1 ? "3" : ",3");
        assay_status status = assay_network_parse_hidden(text, &config, &error);
        if (count <= ASSAY_MAX_HIDDEN) {
            support_assert_ok(status, &error);
            ck_assert_uint_eq(config.hidden_count, count);
        } else {
            support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, "more than 512");
        }
    }
}
END_TEST

/* --- forward --------------------------------------------------------------------------------------------------- */

/* The activations as PyTorch's documentation writes them, default parameters. */
static double activation_oracle(assay_activation_kind kind, double x)
{
    const double pi = acos(-1.0);
    switch (kind) {
    case ASSAY_TANH: return (exp(x) - exp(-x)) / (exp(x) + exp(-x));
    case ASSAY_RELU: return fmax(0.0, x);
    case ASSAY_SIGMOID: return 1.0 / (1.0 + exp(-x));
    case ASSAY_LEAKY_RELU: return fmax(0.0, x) + 0.01 * fmin(0.0, x);
    case ASSAY_SELU:
        return 1.0507009873554804934193349852946 *
               (fmax(0.0, x) + fmin(0.0, 1.6732632423543772848170429916717 * (exp(x) - 1.0)));
    case ASSAY_ELU: return fmax(0.0, x) + fmin(0.0, exp(x) - 1.0);
    case ASSAY_GELU: return x * 0.5 * (1.0 + erf(x / sqrt(2.0)));
    case ASSAY_GELU_TANH: return 0.5 * x * (1.0 + tanh(sqrt(2.0 / pi) * (x + 0.044715 * x * x * x)));
    case ASSAY_SILU: return x / (1.0 + exp(-x));
    case ASSAY_MISH: return x * tanh(log(1.0 + exp(x)));
    case ASSAY_IDENTITY:
    case ASSAY_ACTIVATION_COUNT: break;
    }
    return x;
}

/* z[layer][row][unit] of all layers. */
typedef double preactivations[MAX_LAYERS][MAX_ROWS][MAX_WIDTH];

static void forward_oracle(const assay_network *network, const batch *b, preactivations z)
{
    assay_backend *backend = assay_network_backend(network);
    const assay_network_config *config = assay_network_configuration(network);
    double *h = download(backend, assay_whole(b->x));
    size_t in = config->inputs;
    for (size_t layer = 0; layer <= config->hidden_count; layer++) {
        size_t out = layer < config->hidden_count ? config->hidden[layer] : config->classes;
        double *weight = download(backend, assay_network_tensor(network, 2 * layer).values);
        double *bias = download(backend, assay_network_tensor(network, 2 * layer + 1).values);
        double *next = numbers(b->rows * out);
        for (size_t r = 0; r < b->rows; r++) {
            for (size_t j = 0; j < out; j++) {
                long double sum = bias[j];
                for (size_t k = 0; k < in; k++) {
                    sum += (long double)weight[j * in + k] * h[r * in + k];
                }
                z[layer][r][j] = (double)sum;
                next[r * out + j] = activation_oracle(config->activation.kind, (double)sum);
            }
        }
        assay_free(h);
        assay_free(weight);
        assay_free(bias);
        h = next;
        in = out;
    }
    assay_free(h);
}

/* Every linear layer's output, the loss and the right answers, for each backend, activation and shape. */
START_TEST(forward_is_the_oracles)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_forward");
    evidence(EVIDENCE_PROPERTY, "nn/network_preactivations");
    evidence(EVIDENCE_PROPERTY, "activation/%s",
             assay_activation_name((assay_activation_kind)(_i % ASSAY_ACTIVATION_COUNT)));
    static preactivations z;
    assay_backend *backend = open_backend(_i / ASSAY_ACTIVATION_COUNT);
    assay_activation_kind kind = (assay_activation_kind)(_i % ASSAY_ACTIVATION_COUNT);
    double tolerance = backends[_i / ASSAY_ACTIVATION_COUNT].tolerance;
    for (int shape = 0; shape < SHAPES; shape++) {
        assay_network *network = make(backend, shape, kind);
        set_parameters(network, 100 + (uint64_t)shape);
        size_t layers = assay_network_layer_count(network);
        for (size_t rows = 1; rows <= MAX_ROWS; rows += 5) {
            batch b = make_batch(network, rows, rows);
            forward_oracle(network, &b, z);
            assay_network_forward(network, rows, assay_whole(b.x));
            for (size_t layer = 0; layer < layers; layer++) {
                size_t out = assay_network_layer_shape(network, layer, rows).out;
                double *got = download(backend, assay_network_preactivations(network, layer, rows));
                double largest = 0.0;
                for (size_t i = 0; i < rows * out; i++) {
                    largest = fmax(largest, fabs(z[layer][i / out][i % out]));
                }
                for (size_t i = 0; i < rows * out; i++) {
                    double want = z[layer][i / out][i % out];
                    ck_assert_msg(fabs(got[i] - want) <= tolerance * largest,
                                  "%s, shape %d, %zu rows, layer %zu: z[%zu] = %.17g, not %.17g",
                                  assay_activation_name(kind), shape, rows, layer, i, got[i], want);
                }
                assay_free(got);
            }
            end_batch(backend, &b);
        }
        assay_network_destroy(network);
    }
    close_backend(backend);
}
END_TEST

/* Mean cross-entropy and right answers from the oracle's logits. */
START_TEST(loss_and_right_answers)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_backward");
    evidence(EVIDENCE_PROPERTY, "operation/softmax_cross_entropy");
    static preactivations z;
    assay_backend *backend = open_backend(_i);
    assay_network *network = make(backend, 2, ASSAY_TANH);
    set_parameters(network, 5);
    batch b = make_batch(network, 13, 1);
    forward_oracle(network, &b, z);
    backward(network, &b, ASSAY_NO_SLICE);
    double loss = 0.0;
    int32_t right = 0;
    for (size_t r = 0; r < b.rows; r++) {
        double sum = 0.0;
        size_t best = 0;
        for (size_t j = 0; j < 10; j++) {
            sum += exp(z[2][r][j]);
            best = z[2][r][j] > z[2][r][best] ? j : best;
        }
        loss += (log(sum) - z[2][r][b.label[r]]) / (double)b.rows;
        right += best == (size_t)b.label[r];
    }
    double got;
    int32_t got_right;
    assay_download_f64(backend, assay_whole(b.loss), &got);
    assay_download_i32(backend, assay_whole(b.correct), &got_right);
    support_assert_relative("loss", got, loss, backends[_i].tolerance);
    ck_assert_int_eq(got_right, right);
    ck_assert_int_gt(right, 0); /* else the comparison says little */
    ck_assert_int_lt(right, 13);
    end_batch(backend, &b);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

/* --- backpropagation ------------------------------------------------------------------------------------------- */

/* The mean loss as a function of the values of one slice. */
typedef struct {
    assay_network *network;
    const batch *b;
    assay_slice values;
} loss_of;

static double loss_at(const double *values, void *user)
{
    const loss_of *f = user;
    assay_backend *backend = assay_network_backend(f->network);
    size_t classes = assay_network_configuration(f->network)->classes;
    assay_upload_f64(backend, f->values, values);
    assay_network_forward(f->network, f->b->rows, assay_whole(f->b->x));
    assay_softmax_cross_entropy(backend, f->b->rows, classes, assay_network_logits(f->network, f->b->rows),
                                assay_whole(f->b->labels), assay_whole(f->b->loss), ASSAY_NO_SLICE, ASSAY_NO_SLICE);
    double loss;
    assay_download_f64(backend, assay_whole(f->b->loss), &loss);
    return loss;
}

/* What all checks of one network saw. */
typedef struct {
    double worst;
    size_t steep;  /* entries that are not exactly 0, as those behind a ReLU can be */
    size_t coarse; /* of them, judged by the differences' own error, which is above 1e-8 of the entry */
    double steepest;
} tally;

static void check_slice(loss_of f, assay_slice gradient, const char *what, tally *sum)
{
    assay_backend *backend = assay_network_backend(f.network);
    double *at = download(backend, f.values);
    double *analytic = download(backend, gradient);
    assay_gradient_entry *entries = assay_calloc(f.values.count, sizeof *entries, NULL);
    ck_assert_ptr_nonnull(entries);
    assay_gradient_report report;
    assay_error error;
    support_assert_ok(assay_check_gradient(loss_at, &f, f.values.count, at, analytic,
                                           &(assay_gradient_options){.tolerance = 1e-8}, entries, &report, &error),
                      &error);
    char line[512];
    assay_gradient_report_line(&report, sizeof line, line);
    ck_assert_msg(report.passed && report.worst.relative_error <= 1e-8, "%s: %s", what, line);
    sum->worst = fmax(sum->worst, report.worst.relative_error);
    for (size_t i = 0; i < f.values.count; i++) {
        sum->steepest = fmax(sum->steepest, fabs(analytic[i]));
        sum->steep += analytic[i] != 0.0;
        sum->coarse += analytic[i] != 0.0 && entries[i].error_estimate > 1e-8 * fabs(analytic[i]);
    }
    assay_free(entries);
    assay_upload_f64(backend, f.values, at);
    assay_free(at);
    assay_free(analytic);
}

static void check_network(assay_backend *backend, int shape, assay_activation_kind kind, size_t rows, tally *sum)
{
    assay_network *network = make(backend, shape, kind);
    set_parameters(network, 40 + (uint64_t)shape);
    batch b = make_batch(network, rows, 7 + rows);
    backward(network, &b, assay_whole(b.dx));
    char what[128];
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        snprintf(what, sizeof what, "%s, %s, shape %d, %zu rows, %s", assay_backend_name(backend),
                 assay_activation_name(kind), shape, rows, tensor.name);
        check_slice((loss_of){network, &b, tensor.values}, tensor.gradient, what, sum);
    }
    snprintf(what, sizeof what, "%s, %s, shape %d, %zu rows, input", assay_backend_name(backend),
             assay_activation_name(kind), shape, rows);
    check_slice((loss_of){network, &b, assay_whole(b.x)}, assay_whole(b.dx), what, sum);
    end_batch(backend, &b);
    assay_network_destroy(network);
}

/*
 * Every parameter and every input of every shape in one activation, batches of 1 and of odd size. One class alone
 * always has probability 1, whatever the parameters; any other loss must be steep somewhere, and the differences must
 * resolve most of its entries to 1e-8 of their own size.
 */
START_TEST(gradients_are_the_differences)
{
    evidence(EVIDENCE_GRADIENT, "nn/network_forward");
    evidence(EVIDENCE_GRADIENT, "nn/network_backward");
    evidence(EVIDENCE_GRADIENT, "activation/%s",
             assay_activation_name((assay_activation_kind)(_i % ASSAY_ACTIVATION_COUNT)));
    assay_backend *backend = open_backend(_i / ASSAY_ACTIVATION_COUNT);
    assay_activation_kind kind = (assay_activation_kind)(_i % ASSAY_ACTIVATION_COUNT);
    tally all = {0};
    for (int shape = 0; shape < (support_small_effort() ? 2 : SHAPES); shape++) {
        tally sum = {0};
        for (size_t rows = 1; rows <= 5; rows += 4) {
            check_network(backend, shape, kind, rows, &sum);
        }
        bool flat = shapes[shape].classes == 1;
        ck_assert_msg(flat ? sum.steepest == 0.0 : sum.steepest > 1e-2, "%s, shape %d: steepest %g",
                      assay_activation_name(kind), shape, sum.steepest);
        all.worst = fmax(all.worst, sum.worst);
        all.steep += sum.steep;
        all.coarse += sum.coarse;
    }
    printf("%s, %s: %zu entries, %zu coarse, worst relative error %.2g\n", assay_backend_name(backend),
           assay_activation_name(kind), all.steep, all.coarse, all.worst);
    ck_assert_msg(all.coarse * 10 < all.steep, "%s: %zu of %zu entries are coarse", assay_activation_name(kind),
                  all.coarse, all.steep);
    close_backend(backend);
}
END_TEST

/* The same gradients in float: each tensor within a part of its largest entry. */
START_TEST(gradients_in_float)
{
    evidence(EVIDENCE_CROSS_BACKEND, "nn/network_forward");
    evidence(EVIDENCE_CROSS_BACKEND, "nn/network_backward");
    assay_backend *oracle = open_backend(0);
    assay_backend *backend = open_backend(BACKENDS - 1);
    for (int shape = 0; shape < SHAPES; shape++) {
        assay_network *networks[] = {make(oracle, shape, (assay_activation_kind)_i),
                                     make(backend, shape, (assay_activation_kind)_i)};
        batch batches[2];
        for (size_t i = 0; i < 2; i++) {
            set_parameters(networks[i], 60);
            batches[i] = make_batch(networks[i], 9, 2);
            backward(networks[i], &batches[i], assay_whole(batches[i].dx));
        }
        for (size_t i = 0; i < assay_network_tensor_count(networks[0]); i++) {
            assay_tensor tensor = assay_network_tensor(networks[0], i);
            double *want = download(oracle, tensor.gradient);
            double *got = download(backend, assay_network_tensor(networks[1], i).gradient);
            double largest = 0.0;
            for (size_t j = 0; j < tensor.gradient.count; j++) {
                largest = fmax(largest, fabs(want[j]));
            }
            for (size_t j = 0; j < tensor.gradient.count; j++) {
                ck_assert_msg(fabs(got[j] - want[j]) <= 2e-4 * largest + 1e-7, "%s, shape %d, %s[%zu]: %g, not %g",
                              assay_activation_name((assay_activation_kind)_i), shape, tensor.name, j, got[j], want[j]);
            }
            assay_free(want);
            assay_free(got);
        }
        for (size_t i = 0; i < 2; i++) {
            end_batch(assay_network_backend(networks[i]), &batches[i]);
            assay_network_destroy(networks[i]);
        }
    }
    close_backend(backend);
    close_backend(oracle);
}
END_TEST

/*
 * With weights and inputs 0 the logits are the biases, and the gradient with respect to them is softmax - onehot, here
 * in long double: for logits up to 1e4, equal ones, and differences that exp turns into 0.
 */
START_TEST(large_logits)
{
    evidence(EVIDENCE_GRADIENT, "operation/softmax_cross_entropy");
    enum { CLASSES = 4 };
    /* clang-format off */
    static const struct {
        double logits[CLASSES];
        int32_t label;
    } cases[] = {
        {{1e4, -1e4, 0.0, 5.0}, 0},       {{1e4, -1e4, 0.0, 5.0}, 1},     {{1e4, 9999.0, 9998.0, 9997.0}, 2},
        {{-1e4, -1e4, -1e4, -1e4}, 3},    {{1e4, 1e4, -1e4, -1e4}, 0},    {{-9999.0, -1e4, -9990.0, -9995.0}, 1},
        {{700.0, -800.0, 710.0, 0.0}, 2}, {{0.0, 0.0, 0.0, 0.0}, 1},      {{88.0, -88.0, 104.0, -104.0}, 0},
    };
    /* clang-format on */
    assay_backend *backend = open_backend(_i);
    assay_network_config config = {.inputs = 2, .classes = CLASSES};
    assay_network *network;
    assay_error error;
    support_assert_ok(assay_network_create(backend, &config, 1, false, &network, &error), &error);
    batch b = make_batch(network, 1, 0);
    assay_fill(backend, assay_whole(b.x), 0.0);
    bool single = backends[_i].precision == ASSAY_F32;
    double tolerance = single ? 1e-6 : 1e-14;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        long double sum = 0.0L;
        long double largest = -INFINITY;
        for (size_t j = 0; j < CLASSES; j++) {
            largest = fmaxl(largest, cases[i].logits[j]);
        }
        for (size_t j = 0; j < CLASSES; j++) {
            sum += expl(cases[i].logits[j] - largest);
        }
        assay_tensor bias = assay_network_tensor(network, 1);
        assay_upload_f64(backend, bias.values, cases[i].logits);
        assay_upload_i32(backend, assay_whole(b.labels), &cases[i].label);
        backward(network, &b, ASSAY_NO_SLICE);
        double loss;
        double gradient[CLASSES];
        assay_download_f64(backend, assay_whole(b.loss), &loss);
        assay_download_f64(backend, bias.gradient, gradient);
        double want = (double)(logl(sum) + (largest - cases[i].logits[cases[i].label]));
        ck_assert_msg(fabs(loss - want) <= tolerance * fmax(1.0, want), "case %zu: loss %.17g, not %.17g", i, loss,
                      want);
        for (size_t j = 0; j < CLASSES; j++) {
            double p = (double)(expl(cases[i].logits[j] - largest) / sum) - (j == (size_t)cases[i].label);
            ck_assert_msg(fabs(gradient[j] - p) <= tolerance, "case %zu: gradient[%zu] = %.17g, not %.17g", i, j,
                          gradient[j], p);
        }
        if (!single) {
            tally none = {0};
            check_slice((loss_of){network, &b, bias.values}, bias.gradient, "large logits", &none);
        }
    }
    end_batch(backend, &b);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

/* --- what passes leave behind ---------------------------------------------------------------------------------- */

/* All gradients, and dx where it was computed. */
static double *gradients_after(assay_network *network, const batch *b)
{
    backward(network, b, assay_whole(b->dx));
    return download(assay_network_backend(network), assay_network_gradients(network));
}

static void assert_same(const char *what, size_t count, const double *a, const double *b)
{
    ck_assert_msg(memcmp(a, b, count * sizeof *a) == 0, "%s differ", what);
}

/* A pass depends only on its batch: other batches before it, backward passes or a missing dx change nothing. */
START_TEST(passes_do_not_disturb_each_other)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_forward");
    evidence(EVIDENCE_PROPERTY, "nn/network_backward");
    assay_backend *backend = open_backend(_i / ASSAY_ACTIVATION_COUNT);
    assay_network *network = make(backend, 2, (assay_activation_kind)(_i % ASSAY_ACTIVATION_COUNT));
    set_parameters(network, 9);
    size_t parameters = assay_network_parameters(network).count;
    double *before = download(backend, assay_network_parameters(network));
    batch large = make_batch(network, 13, 1);
    batch small = make_batch(network, 4, 2);
    double *x = download(backend, assay_whole(small.x));
    double *fresh = gradients_after(network, &small);
    double *fresh_dx = download(backend, assay_whole(small.dx));
    assay_free(gradients_after(network, &large));
    double *again = gradients_after(network, &small);
    assert_same("gradients after a larger batch", parameters, fresh, again);
    backward(network, &small, ASSAY_NO_SLICE);
    double *without_dx = download(backend, assay_network_gradients(network));
    assert_same("gradients with and without dx", parameters, fresh, without_dx);
    double *dx = download(backend, assay_whole(small.dx));
    assert_same("dx of two passes", small.rows * 17, fresh_dx, dx);
    /* A second backward pass after one forward pass: written, not accumulated. */
    assay_network_backward(network, small.rows, assay_whole(small.x), assay_whole(small.labels), ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE, ASSAY_NO_SLICE);
    double *twice = download(backend, assay_network_gradients(network));
    assert_same("gradients of one and two backward passes", parameters, fresh, twice);
    double *after = download(backend, assay_network_parameters(network));
    assert_same("parameters", parameters, before, after);
    double *x_after = download(backend, assay_whole(small.x));
    assert_same("images", small.rows * 17, x, x_after);
    double *all[] = {before, x, fresh, fresh_dx, again, without_dx, dx, twice, after, x_after};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assay_free(all[i]);
    }
    end_batch(backend, &large);
    end_batch(backend, &small);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

/* The gradients of the layers' outputs that are kept are those that the bias gradients sum. */
START_TEST(preactivation_gradients_sum_to_the_bias)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_preactivation_gradients");
    assay_backend *backend = open_backend(_i);
    assay_network *network = make(backend, 3, ASSAY_SILU);
    set_parameters(network, 21);
    batch b = make_batch(network, 6, 3);
    backward(network, &b, ASSAY_NO_SLICE);
    for (size_t layer = 0; layer < assay_network_layer_count(network); layer++) {
        size_t out = assay_network_layer_shape(network, layer, b.rows).out;
        double *dz = download(backend, assay_network_preactivation_gradients(network, layer, b.rows));
        double *db = download(backend, assay_network_tensor(network, 2 * layer + 1).gradient);
        for (size_t j = 0; j < out; j++) {
            double sum = 0.0;
            double magnitude = 0.0;
            for (size_t r = 0; r < b.rows; r++) {
                sum += dz[r * out + j];
                magnitude += fabs(dz[r * out + j]);
            }
            ck_assert_msg(fabs(sum - db[j]) <= backends[_i].tolerance * magnitude, "layer %zu, unit %zu: %g, not %g",
                          layer, j, db[j], sum);
        }
        assay_free(dz);
        assay_free(db);
    }
    end_batch(backend, &b);
    assay_network_destroy(network);
    close_backend(backend);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("nn");
    TCase *structure = tcase_create("structure");
    tcase_add_loop_test(structure, tutorial_network, 0, BACKENDS);
    tcase_add_loop_test(structure, padding_stays_zero, 0, BACKENDS);
    tcase_add_test(structure, printed_indices);
    tcase_add_test(structure, preactivations_are_kept_where_wanted);
    tcase_add_test(structure, destroyed_networks_leave_nothing);
    suite_add_tcase(suite, structure);
    TCase *errors = tcase_create("errors");
    tcase_add_loop_test(errors, impossible_networks, 0, BACKENDS);
    tcase_add_loop_test(errors, largest_networks, 0, BACKENDS);
    tcase_add_loop_test(errors, too_many_rows, 0, BACKENDS);
    tcase_add_test(errors, hidden_sizes_in_text);
    tcase_add_test(errors, as_many_hidden_sizes_as_there_may_be);
    suite_add_tcase(suite, errors);
    TCase *passes = tcase_create("passes");
    tcase_set_timeout(passes, 60);
    tcase_add_loop_test(passes, forward_is_the_oracles, 0, BACKENDS * ASSAY_ACTIVATION_COUNT);
    tcase_add_loop_test(passes, loss_and_right_answers, 0, BACKENDS);
    tcase_add_loop_test(passes, gradients_are_the_differences, 0, DOUBLE_BACKENDS * ASSAY_ACTIVATION_COUNT);
    tcase_add_loop_test(passes, gradients_in_float, 0, ASSAY_ACTIVATION_COUNT);
    tcase_add_loop_test(passes, large_logits, 0, BACKENDS);
    tcase_add_loop_test(passes, passes_do_not_disturb_each_other, 0, BACKENDS * ASSAY_ACTIVATION_COUNT);
    tcase_add_loop_test(passes, preactivation_gradients_sum_to_the_bias, 0, BACKENDS);
    suite_add_tcase(suite, passes);
    return support_run(suite);
}
