/*
 * What the cuda backend does beyond the table of operations (test_backend.c): graphs, Philox on the device, the
 * tutorial's numbers, the author's runs, repeated bits, failures. Built twice: over the emulation of CUDA
 * (test_cuda_host, with test_cuda_faults.c), and for a device, which it skips without.
 */
#include "test_cuda.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "machines.h"
#include "support.h"
#include <assay/train/trainer.h>
#include "train_sample.h"
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/retrace.h>
#include <assay/tutorial/runs.h>
#include <assay/tutorial/sections.h>

assay_backend *cuda_open(assay_precision precision)
{
    assay_backend *backend = NULL;
    assay_error error = {.status = ASSAY_OK};
    const assay_backend_options options = {"cuda", precision, 1};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}

void cuda_close(assay_backend *backend)
{
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_backend_check(backend, &error), &error);
    assay_backend_close(backend);
}

/* --- Philox ------------------------------------------------------------------------------------------------------ */

/* clang-format off */
static const struct {
    size_t count;
    unsigned blocks;
    uint64_t seed;
    uint64_t offset;
} fills[] = {
    {1, 448, 42, 0},       {255, 448, 42, 0},     {256, 1, 42, 4},  {257, 1, 43, 8},
    {1025, 1, 7, 0},       {4099, 3, UINT64_MAX, 0}, {5000, 448, 0, 1ull << 34}, {100003, 5, 42, 12},
    {200704, 448, 42, 16},
};
/* clang-format on */

/* Units in the last place between two floats of one sign; a difference of signs counts as many. */
static double ulps_apart(float a, float b)
{
    int exponent;
    frexpf(fmaxf(fabsf(a), fabsf(b)), &exponent);
    return fabs((double)a - (double)b) / ldexp(1, exponent - 24);
}

/* The 32-bit outputs by random/philox.h's bijection, element by element as doc/reproduction.md lays them out. */
static uint32_t output_of(const assay_philox *generator, size_t count, size_t element)
{
    uint64_t wanted = (count + 255) / 256;
    uint64_t threads = 256 * (wanted < generator->blocks ? wanted : generator->blocks);
    uint64_t row = element / threads;
    uint64_t position = generator->offset / 4 + row / 4;
    const uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)(element % threads), 0};
    const uint32_t key[2] = {(uint32_t)generator->seed, (uint32_t)(generator->seed >> 32)};
    uint32_t output[4];
    assay_philox4x32_10(counter, key, output);
    return output[row % 4];
}

START_TEST(philox_bits_are_the_hosts)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/fill_random");
    size_t count = fills[_i].count;
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_INT32, count + 2);
    assay_philox generator;
    assay_philox_seed(&generator, fills[_i].seed, fills[_i].blocks);
    generator.offset = fills[_i].offset;
    const assay_philox before = generator;
    int32_t *bits = assay_calloc(count + 2, sizeof *bits, NULL);
    assay_cuda_philox_bits(backend, assay_part_of(assay_whole(buffer), 1, count), &generator);
    assay_download_i32(backend, assay_whole(buffer), bits);
    ck_assert(bits[0] == 0 && bits[count + 1] == 0);
    for (size_t i = 0; i < count; i++) {
        uint32_t want = output_of(&before, count, i);
        if ((uint32_t)bits[i + 1] != want) {
            ck_abort_msg("output %zu of %zu is %08x, and must be %08x", i, count, (unsigned)bits[i + 1], want);
        }
    }
    assay_free(bits);
    assay_buffer_destroy(backend, buffer);
    cuda_close(backend);
}
END_TEST

/* Uniform values are exact; normal ones have the device's logarithm, sine and cosine, within 4 units. */
static void compare_fill(assay_backend *backend, int number, assay_distribution distribution, double most_ulps)
{
    size_t count = fills[number].count;
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, fills[number].seed, fills[number].blocks);
    generator.state.philox.offset = fills[number].offset;
    assay_generator same = generator;
    float *want = assay_calloc(count, sizeof *want, NULL);
    float *got = assay_calloc(count, sizeof *got, NULL);
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, count);
    assay_generator_fill(&same, distribution, count, want);
    assay_fill_random(backend, assay_whole(buffer), &generator, distribution);
    assay_download_f32(backend, assay_whole(buffer), got);
    for (size_t i = 0; i < count; i++) {
        /* Where times std plus mean cancels, the units are those of what is added. */
        double unit = most_ulps * ldexp(fabs(distribution.a) + 6 * fabs(distribution.b), -23);
        if (ulps_apart(got[i], want[i]) > most_ulps && fabs((double)got[i] - (double)want[i]) > unit) {
            ck_abort_msg("fill %d, value %zu is %.9g, and must be %.9g", number, i, (double)got[i], (double)want[i]);
        }
    }
    ck_assert_uint_eq(generator.state.philox.offset, same.state.philox.offset);
    assay_free(want);
    assay_free(got);
    assay_buffer_destroy(backend, buffer);
}

START_TEST(philox_values_are_the_hosts)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/fill_random");
    for (int precision = ASSAY_F32; precision <= ASSAY_F64; precision++) {
        assay_backend *backend = cuda_open((assay_precision)precision);
        compare_fill(backend, _i, (assay_distribution){ASSAY_UNIFORM, 0, 1}, 0);
        compare_fill(backend, _i, (assay_distribution){ASSAY_UNIFORM, -0.3, 0.7}, 0);
        compare_fill(backend, _i, (assay_distribution){ASSAY_NORMAL, 0, 1}, 4);
        compare_fill(backend, _i, (assay_distribution){ASSAY_NORMAL, 0.5, 0.01}, 4);
        cuda_close(backend);
    }
}
END_TEST

/* --- a network that learns, step by step -------------------------------------------------------------------------- */

learner learner_create(assay_backend *backend, const char *hidden, const char *optimizer)
{
    learner l = {.backend = backend};
    assay_error error;
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_BYTES, LEARNER_IMAGES, LEARNER_WIDTH, 3, &l.data, &error),
                      &error);
    l.data.mean = ASSAY_NORMALIZE_MEAN;
    l.data.std = ASSAY_NORMALIZE_STD;
    for (size_t i = 0; i < l.data.count * l.data.width; i++) {
        l.data.pixels[i] = (uint8_t)(i * 37 % 251);
    }
    for (size_t i = 0; i < l.data.count; i++) {
        l.data.labels[i] = (int32_t)(i % 3);
    }
    assay_network_config config = assay_tutorial_network(ASSAY_TANH);
    config.inputs = LEARNER_WIDTH;
    config.classes = 3;
    support_assert_ok(assay_network_parse_hidden(hidden, &config, &error), &error);
    assay_update_rule rule;
    support_assert_ok(assay_optimizer_by_name(optimizer, &rule, &error), &error);
    l.status = assay_network_create(backend, &config, LEARNER_IMAGES, false, &l.network, &l.error);
    if (l.status == ASSAY_OK) {
        size_t count = assay_network_parameters(l.network).count;
        l.status = assay_optimizer_create(backend, &rule, count, &l.optimizer, &l.error);
    }
    if (l.status == ASSAY_OK) {
        l.status = assay_batches_create(backend, &l.data, LEARNER_IMAGES, &l.batches, &l.error);
    }
    l.losses = assay_buffer_create(backend, ASSAY_REAL, LEARNER_STEPS);
    l.right = assay_buffer_create(backend, ASSAY_INT32, LEARNER_STEPS);
    if (l.status == ASSAY_OK) {
        assay_generator generator;
        assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, 5, 2);
        assay_initializer initializer = assay_initializer_default(ASSAY_INIT_XAVIER_NORMAL);
        assay_initialize(&initializer, l.network, &generator);
    }
    return l;
}

void learner_destroy(learner *l)
{
    assay_buffer_destroy(l->backend, l->losses);
    assay_buffer_destroy(l->backend, l->right);
    assay_batches_destroy(l->batches);
    assay_optimizer_destroy(l->optimizer);
    assay_network_destroy(l->network);
    assay_dataset_destroy(&l->data);
}

void learner_step(learner *l, size_t step, size_t rows, bool eager)
{
    assay_error error;
    size_t first = step * 5 % (LEARNER_IMAGES - rows + 1);
    assay_batches_load(l->batches, first, rows);
    if (eager) { /* waiting ends the record, so that no graph is made */
        support_assert_ok(assay_backend_check(l->backend, &error), &error);
    }
    assay_slice x = assay_batches_inputs(l->batches, rows);
    assay_network_forward(l->network, rows, x);
    assay_network_backward(l->network, rows, x, assay_batches_labels(l->batches, rows),
                           assay_part_of(assay_whole(l->losses), step, 1),
                           assay_part_of(assay_whole(l->right), step, 1), ASSAY_NO_SLICE);
    assay_optimizer_step(l->optimizer, assay_network_parameters(l->network), assay_network_gradients(l->network));
}

/* Everything that a learner holds after its steps. */
typedef struct {
    double losses[LEARNER_STEPS];
    int32_t right[LEARNER_STEPS];
    double parameters[LEARNER_MOST_PARAMETERS];
    uint64_t sequences;
    uint64_t replays;
    uint64_t node_updates;
} outcome;

static void learn(assay_precision precision, const char *hidden, const char *optimizer, bool eager, outcome *out)
{
    memset(out, 0, sizeof *out);
    assay_backend *backend = cuda_open(precision);
    assay_cuda *self = (assay_cuda *)backend;
    learner l = learner_create(backend, hidden, optimizer);
    support_assert_ok(l.status, &l.error);
    for (size_t step = 0; step < LEARNER_STEPS; step++) {
        learner_step(&l, step, 16, eager);
    }
    out->sequences = self->sequences;
    out->replays = self->replays;
    out->node_updates = self->node_updates;
    assay_slice parameters = assay_network_parameters(l.network);
    ck_assert_uint_le(parameters.count, LEARNER_MOST_PARAMETERS);
    assay_download_f64(backend, parameters, out->parameters);
    assay_download_f64(backend, assay_whole(l.losses), out->losses);
    assay_download_i32(backend, assay_whole(l.right), out->right);
    learner_destroy(&l);
    cuda_close(backend);
}

static const char *const optimizers[] = {"sgd", "momentum", "classical-momentum", "adam", "amsgrad", "rmsprop"};

enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static void assert_same_outcome(const outcome *a, const outcome *b, const char *what)
{
    ck_assert_msg(memcmp(a->losses, b->losses, sizeof a->losses) == 0, "%s: losses differ: %.17g and %.17g", what,
                  a->losses[LEARNER_STEPS - 1], b->losses[LEARNER_STEPS - 1]);
    ck_assert_mem_eq(a->right, b->right, sizeof a->right);
    ck_assert_msg(memcmp(a->parameters, b->parameters, sizeof a->parameters) == 0, "%s: parameters differ", what);
}

/* One launch a step, from the second on; three nodes get new values: batch, loss, coefficients. */
START_TEST(a_step_is_one_replay)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_forward");
    evidence(EVIDENCE_PROPERTY, "nn/network_backward");
    evidence(EVIDENCE_PROPERTY, "optim/optimizer_step");
    evidence(EVIDENCE_PROPERTY, "operation/update");
    static outcome graph, again, eager;
    assay_precision precision = _i < OPTIMIZERS ? ASSAY_F32 : ASSAY_F64;
    const char *optimizer = optimizers[_i % OPTIMIZERS];
    learn(precision, "20,12", optimizer, false, &graph);
    ck_assert_uint_eq(graph.sequences, LEARNER_STEPS);
    ck_assert_uint_eq(graph.replays, LEARNER_STEPS - 1);
    ck_assert_uint_ge(graph.node_updates, 2 * (LEARNER_STEPS - 2));
    ck_assert_uint_le(graph.node_updates, 3 * (LEARNER_STEPS - 2));
    learn(precision, "20,12", optimizer, false, &again);
    assert_same_outcome(&graph, &again, "two runs");
    learn(precision, "20,12", optimizer, true, &eager);
    ck_assert_uint_eq(eager.replays, 0);
    assert_same_outcome(&graph, &eager, "graphs, and command after command");
    ck_assert(isfinite(graph.losses[0]) && graph.losses[LEARNER_STEPS - 1] < graph.losses[0]);
}
END_TEST

/* More commands than are recorded: the rest of the step runs by itself. */
START_TEST(long_steps_are_not_recorded_whole)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_backward");
    static outcome graph, eager;
    char hidden[3 * 120] = "2";
    for (int i = 1; i < 100; i++) {
        strcat(hidden, ",2");
    }
    learn(ASSAY_F64, hidden, "sgd", false, &graph);
    learn(ASSAY_F64, hidden, "sgd", true, &eager);
    assert_same_outcome(&graph, &eager, "100 layers");
    ck_assert_uint_eq(graph.replays, LEARNER_STEPS - 1);
}
END_TEST

/* Four sequences are remembered; a fifth takes the place of the one not used for longest. */
START_TEST(few_sequences_are_remembered)
{
    evidence(EVIDENCE_PROPERTY, "operation/synchronize");
    static const struct {
        size_t rows;
        bool replayed;
    } steps[] = {{4, false}, {5, false}, {6, false}, {7, false}, {4, true}, {5, true},  {6, true},  {7, true},
                 {4, true},  {8, false}, {5, false}, {4, true},  {7, true}, {6, false}, {8, false}, {6, true}};
    assay_backend *backend = cuda_open(ASSAY_F32);
    learner l = learner_create(backend, "6", "adam");
    uint64_t replays = 0;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        learner_step(&l, i % LEARNER_STEPS, steps[i].rows, false);
        replays += steps[i].replayed;
        ck_assert_msg(((assay_cuda *)backend)->replays == replays, "step %zu of %zu rows", i, steps[i].rows);
    }
    learner_destroy(&l);
    cuda_close(backend);
}
END_TEST

/* The same operations over other memory, so that one has to wait for another: not the same sequence. */
START_TEST(a_graph_is_not_replayed_where_order_matters)
{
    evidence(EVIDENCE_PROPERTY, "operation/synchronize");
    evidence(EVIDENCE_PROPERTY, "operation/activation_forward");
    enum { COUNT = 700 };
    static double values[COUNT];
    assay_backend *backend = cuda_open(ASSAY_F64);
    learner l = learner_create(backend, "6", "sgd");
    assay_slice s[4];
    for (int i = 0; i < 4; i++) {
        s[i] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, COUNT));
        assay_fill(backend, s[i], i);
    }
    const assay_activation elu = assay_activation_default(ASSAY_SILU);
    for (int round = 0; round < 12; round++) {
        bool chained = round >= 6;
        assay_fill(backend, s[1], -1);
        assay_batches_load(l.batches, 0, 4);
        assay_fill(backend, s[0], 1 + round);
        assay_activation_forward(backend, elu, s[0], s[1]);
        assay_activation_forward(backend, elu, chained ? s[1] : s[2], s[3]);
        assay_download_f64(backend, s[3], values);
        double inner = chained ? (1 + round) / (1 + exp(-1.0 - round)) : 2;
        support_assert_relative("f of f", values[COUNT - 1], inner / (1 + exp(-inner)), 1e-14);
    }
    ck_assert_uint_eq(((assay_cuda *)backend)->replays, 10);
    for (int i = 0; i < 4; i++) {
        assay_buffer_destroy(backend, s[i].buffer);
    }
    learner_destroy(&l);
    cuda_close(backend);
}
END_TEST

/* --- the order of what depends ------------------------------------------------------------------------------------ */

enum { SIDE = 4, AREA = SIDE * SIDE, TENSORS = 5 };

/* What an operation uses: tensors of [SIDE][SIDE] numbers, and labels. */
typedef struct {
    assay_slice source[TENSORS]; /* never written */
    assay_slice used[TENSORS];
    assay_slice kept[TENSORS];
    assay_slice labels;
} operands;

static const assay_linear_shape square = {SIDE, SIDE, SIDE};

static assay_slice first_of(assay_slice whole, size_t count)
{
    return (assay_slice){whole.buffer, whole.offset, count};
}

static void do_gemm(assay_backend *backend, const operands *o)
{
    assay_gemm(backend, (assay_gemm_shape){false, true, SIDE, SIDE, SIDE, 1.5, 0.5}, o->used[0], o->used[1],
               o->used[2]);
}

static void do_forward(assay_backend *backend, const operands *o)
{
    assay_linear_forward(backend, square, assay_activation_default(ASSAY_TANH), o->used[0], o->used[1],
                         first_of(o->used[2], SIDE), o->used[3], o->used[4]);
}

static void do_backward_input(assay_backend *backend, const operands *o)
{
    assay_linear_backward_input(backend, square, assay_activation_default(ASSAY_TANH), o->used[0], o->used[1],
                                o->used[2], o->used[3], o->used[4]);
}

static void do_backward_input_of_z(assay_backend *backend, const operands *o)
{
    assay_linear_backward_input(backend, square, assay_activation_default(ASSAY_SILU), o->used[0], o->used[1],
                                o->used[2], o->used[3], o->used[4]);
}

static void do_backward_parameters(assay_backend *backend, const operands *o)
{
    assay_linear_backward_parameters(backend, square, o->used[0], o->used[1], o->used[2], first_of(o->used[3], SIDE));
}

static void do_activation(assay_backend *backend, const operands *o)
{
    assay_activation_forward(backend, assay_activation_default(ASSAY_TANH), o->used[0], o->used[1]);
    assay_activation_backward(backend, assay_activation_default(ASSAY_TANH), o->used[0], o->used[1], o->used[2],
                              o->used[3]);
}

static void do_loss(assay_backend *backend, const operands *o)
{
    assay_softmax_cross_entropy(backend, SIDE, SIDE, o->used[0], o->labels, first_of(o->used[1], 1), ASSAY_NO_SLICE,
                                o->used[2]);
}

static void do_softmax(assay_backend *backend, const operands *o)
{
    assay_softmax(backend, SIDE, SIDE, o->used[0], o->used[1]);
}

static void do_update(assay_backend *backend, const operands *o)
{
    const assay_update_rule amsgrad = {.kind = ASSAY_UPDATE_ADAM,
                                       .learning_rate = 0.1,
                                       .beta1 = 0.9,
                                       .beta2 = 0.99,
                                       .epsilon = 1e-3,
                                       .correct_first = true,
                                       .correct_second = true,
                                       .amsgrad = true};
    assay_update(backend, &amsgrad, 2, o->used[0], o->used[1], &o->used[2]);
}

static void do_fill(assay_backend *backend, const operands *o)
{
    assay_fill(backend, first_of(o->used[0], SIDE), 0.25);
}

static void (*const operations[])(assay_backend *, const operands *) = {do_gemm,
                                                                        do_forward,
                                                                        do_backward_input,
                                                                        do_backward_input_of_z,
                                                                        do_backward_parameters,
                                                                        do_activation,
                                                                        do_loss,
                                                                        do_softmax,
                                                                        do_update,
                                                                        do_fill};

static operands make_operands(assay_backend *backend)
{
    operands o;
    const int32_t labels[SIDE] = {2, 0, 3, 1};
    for (size_t k = 0; k < TENSORS; k++) {
        double values[AREA];
        for (size_t i = 0; i < AREA; i++) {
            values[i] = 0.05 + 0.9 * fabs(sin((double)(1 + i + AREA * k)));
        }
        o.source[k] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, AREA));
        o.used[k] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, AREA));
        o.kept[k] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, AREA));
        assay_upload_f64(backend, o.source[k], values);
    }
    o.labels = assay_whole(assay_buffer_create(backend, ASSAY_INT32, SIDE));
    assay_upload_i32(backend, o.labels, labels);
    return o;
}

static void destroy_operands(assay_backend *backend, operands *o)
{
    for (size_t k = 0; k < TENSORS; k++) {
        assay_buffer_destroy(backend, o->source[k].buffer);
        assay_buffer_destroy(backend, o->used[k].buffer);
        assay_buffer_destroy(backend, o->kept[k].buffer);
    }
    assay_buffer_destroy(backend, o->labels.buffer);
}

/*
 * Sets all tensors (assay_copy would end the recording), runs the operation, keeps all tensors, and overwrites them:
 * each has to wait for the one before.
 */
static void run_between(assay_backend *backend, const operands *o, size_t operation, double values[TENSORS][AREA])
{
    for (size_t k = 0; k < TENSORS; k++) {
        assay_activation_forward(backend, assay_activation_default(ASSAY_IDENTITY), o->source[k], o->used[k]);
    }
    operations[operation](backend, o);
    for (size_t k = 0; k < TENSORS; k++) {
        assay_activation_forward(backend, assay_activation_default(ASSAY_SILU), o->used[k], o->kept[k]);
    }
    for (size_t k = 0; k < TENSORS; k++) {
        assay_fill(backend, o->used[k], 0.5);
    }
    for (size_t k = 0; k < TENSORS; k++) {
        assay_download_f64(backend, o->kept[k], values[k]);
    }
}

/* A graph runs in any order that its edges allow; the emulation draws one. */
START_TEST(operations_wait_for_what_they_use)
{
    evidence(EVIDENCE_PROPERTY, "operation/synchronize");
    double wanted[TENSORS][AREA];
    double got[TENSORS][AREA];
    assay_backend *reference;
    assay_error error;
    const assay_backend_options options = {"reference", ASSAY_F64, 1};
    support_assert_ok(assay_backend_open(&options, &reference, &error), &error);
    operands theirs = make_operands(reference);
    run_between(reference, &theirs, (size_t)_i, wanted);
    assay_backend *backend = cuda_open(ASSAY_F64);
    learner l = learner_create(backend, "6", "sgd");
    operands ours = make_operands(backend);
    for (int round = 0; round < 24; round++) {
        assay_batches_load(l.batches, 0, 4); /* from here on it is recorded */
        run_between(backend, &ours, (size_t)_i, got);
        for (size_t i = 0; i < (size_t)TENSORS * AREA; i++) {
            support_assert_relative("a kept number", got[i / AREA][i % AREA], wanted[i / AREA][i % AREA], 1e-12);
        }
    }
    ck_assert_uint_ge(((assay_cuda *)backend)->replays, 20);
    destroy_operands(reference, &theirs);
    destroy_operands(backend, &ours);
    assay_backend_close(reference);
    learner_destroy(&l);
    cuda_close(backend);
}
END_TEST

/* A batch with a bad index or label: reported at the next wait, and no parameter has changed. */
START_TEST(a_bad_batch_changes_no_parameter)
{
    evidence(EVIDENCE_ERRORS, "operation/gather");
    evidence(EVIDENCE_ERRORS, "operation/update");
    static double before[LEARNER_MOST_PARAMETERS], after[LEARNER_MOST_PARAMETERS];
    assay_backend *backend = cuda_open(ASSAY_F32);
    learner l = learner_create(backend, "6", "adam");
    assay_error error;
    for (size_t step = 0; step < 6; step++) {
        uint32_t order[LEARNER_IMAGES] = {0};
        order[7] = order[11] = step % 3 == 2 ? 1000 + (uint32_t)step : 3;
        assay_batches_order(l.batches, order, LEARNER_IMAGES);
        assay_slice parameters = assay_network_parameters(l.network);
        assay_download_f64(backend, parameters, before);
        learner_step(&l, 0, 16, false);
        learner_step(&l, 1, 16, false);
        assay_status status = assay_backend_check(backend, &error);
        assay_download_f64(backend, parameters, after);
        bool moved = memcmp(before, after, sizeof before) != 0;
        ck_assert_int_eq(moved, step % 3 != 2);
        if (step % 3 == 2) {
            support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error,
                                 step == 2 ? "gather: index 7 is 1002, and must be in [0, 40)"
                                           : "gather: index 7 is 1005, and must be in [0, 40)");
        } else {
            support_assert_ok(status, &error);
        }
    }
    learner_destroy(&l);
    cuda_close(backend);
}
END_TEST

/* Samples that end after the first pass, and one that does not, as the host has them. */
START_TEST(moments_are_the_hosts)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/moments");
    /* clang-format off */
    static const double samples[][5] = {
        {3, 3, 3, 3, 3}, {1, 2, (double)NAN, 4, 5}, {1, (double)INFINITY, 3, 4, 5}, {-1, 2, 7, 11, 0.5},
        {(double)-INFINITY, (double)INFINITY, 0, 0, 0}};
    assay_backend *backend = cuda_open(ASSAY_F64);
    assay_buffer *buffer = assay_buffer_create(backend, ASSAY_REAL, 5);
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        assay_upload_f64(backend, assay_whole(buffer), samples[i]);
        assay_moments got = assay_reduce_moments(backend, assay_whole(buffer));
        assay_moments want = assay_moments_f64(5, samples[i]);
        const double pairs[][2] = {{got.mean, want.mean}, {got.variance, want.variance},
                                   {got.kurtosis, want.kurtosis}, {got.minimum, want.minimum},
                                   {got.maximum, want.maximum}};
        for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
            double a = pairs[p][0], b = pairs[p][1];
            bool same = (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-14 * fabs(b);
            ck_assert_msg(same, "sample %zu, number %zu: %.17g, and must be %.17g", i, p, a, b);
        }
    }
    /* clang-format on */
    assay_buffer_destroy(backend, buffer);
    cuda_close(backend);
}
END_TEST

/* --- the tutorial's numbers and the author's runs ----------------------------------------------------------------- */

START_TEST(variances_are_the_tutorials)
{
    for (size_t i = 0; i < assay_experiment_count(); i++) {
        evidence(EVIDENCE_GOLDEN, "section/%s", assay_section_name(assay_experiment_at(i)->section));
    }
    evidence(EVIDENCE_GOLDEN, "operation/moments");
    evidence(EVIDENCE_GOLDEN, "operation/fill_random");
    evidence(EVIDENCE_GOLDEN, "operation/linear_forward");
    evidence(EVIDENCE_GOLDEN, "operation/linear_backward_input");
    evidence(EVIDENCE_GOLDEN, "operation/linear_backward_parameters");
    assay_backend *backend = cuda_open(_i == 0 ? ASSAY_F32 : ASSAY_F64);
    const char *folder = getenv("ASSAY_DATA");
    const assay_session_options options = {folder != NULL && *folder != '\0' ? folder : ASSAY_DEFAULT_DATA,
                                           ASSAY_GENERATOR_PHILOX, 42, 448};
    assay_session *session;
    assay_error error;
    support_assert_ok(assay_session_create(backend, &options, &session, &error), &error);
    size_t variances = 0;
    const assay_section_inputs inputs = {.backend = backend, .session = session};
    for (size_t k = 0; k < assay_experiment_count(); k++) {
        assay_section_results results;
        support_assert_ok(assay_section_run(assay_experiment_at(k)->section, &inputs, &results, &error), &error);
        for (size_t i = 0; i < results.count; i++, variances++) {
            const assay_result *result = &results.results[i];
            support_assert_relative(result->label, result->ours, result->printed, 5e-6);
        }
    }
    ck_assert_uint_eq(variances, 50);
    assay_session_destroy(session);
    cuda_close(backend);
}
END_TEST

START_TEST(first_steps_retrace_the_authors)
{
    evidence(EVIDENCE_GOLDEN, "train/trainer_first_steps");
    evidence(EVIDENCE_GOLDEN, "operation/softmax_cross_entropy");
    evidence(EVIDENCE_GOLDEN, "operation/linear_forward");
    evidence(EVIDENCE_GOLDEN, "operation/linear_backward_input");
    evidence(EVIDENCE_GOLDEN, "operation/linear_backward_parameters");
    evidence(EVIDENCE_GOLDEN, "operation/update");
    static const char *const names[] = {"sgd", "momentum", "adam"};
    enum { MOST = 45 };
    const char *folder = getenv("ASSAY_DATA");
    assay_backend *backend = cuda_open(ASSAY_F32);
    assay_dataset data;
    assay_error error;
    support_assert_ok(
        assay_dataset_load(folder != NULL && *folder != '\0' ? folder : ASSAY_DEFAULT_DATA, ASSAY_TRAIN, &data, &error),
        &error);
    json_t *golden = support_golden("retrace.json");
    json_t *losses = json_object_get(json_object_get(golden, "losses"), names[_i]);
    size_t count = assay_retrace_steps((assay_run)_i);
    assay_train_options options = assay_tutorial_training((assay_run)_i);
    const char *optimizer = assay_run_saved_optimizer((assay_run)_i);
    support_assert_ok(assay_optimizer_by_name(optimizer, &options.rule, &error), &error);
    assay_trainer *trainer;
    support_assert_ok(assay_trainer_create(backend, &options, &data, &trainer, &error), &error);
    double ours[MOST], theirs[MOST];
    for (size_t i = 0; i < count; i++) {
        theirs[i] = json_number_value(json_array_get(losses, i));
    }
    support_assert_ok(assay_trainer_first_steps(trainer, count, ours, &error), &error);
    assay_retrace track = assay_retrace_compare(count, ours, theirs, ASSAY_RETRACE_TOLERANCE);
    ck_assert_msg(track.parts_at == 0, "%s parts from the author's run at step %zu: %.9g, his %.9g", names[_i],
                  track.parts_at, ours[track.parts_at - 1], theirs[track.parts_at - 1]);
    ck_assert_uint_eq(((assay_cuda *)backend)->replays, count - 1);
    assay_trainer_destroy(trainer);
    json_decref(golden);
    assay_dataset_destroy(&data);
    cuda_close(backend);
}
END_TEST

int main(int argc, char **argv)
{
    (void)argc;
    support_restart_to_retrace(argv); /* over the emulation, the products are OpenBLAS's */
    /* The emulation is always there: where it cannot be opened, the tests fail. */
#ifndef TEST_CUDA_HOST
    assay_backend *backend;
    assay_error error;
    const assay_backend_options options = {"cuda", ASSAY_F32, 1};
    if (assay_backend_open(&options, &backend, &error) != ASSAY_OK) {
        return support_skip("the backend cuda is not tested on a device: %s", error.message);
    }
    assay_backend_close(backend);
#endif
    Suite *suite = suite_create("cuda");
    TCase *tests = tcase_create("cuda");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, philox_bits_are_the_hosts, 0, (int)(sizeof fills / sizeof *fills));
    tcase_add_loop_test(tests, philox_values_are_the_hosts, 0, (int)(sizeof fills / sizeof *fills));
    tcase_add_loop_test(tests, a_step_is_one_replay, 0, 2 * OPTIMIZERS);
    tcase_add_test(tests, long_steps_are_not_recorded_whole);
    tcase_add_test(tests, few_sequences_are_remembered);
    tcase_add_test(tests, a_graph_is_not_replayed_where_order_matters);
    tcase_add_loop_test(tests, operations_wait_for_what_they_use, 0, (int)(sizeof operations / sizeof *operations));
    tcase_add_test(tests, a_bad_batch_changes_no_parameter);
    tcase_add_test(tests, moments_are_the_hosts);
    suite_add_tcase(suite, tests);
    if (support_data_folder() != NULL) {
        TCase *numbers = tcase_create("numbers");
        tcase_set_timeout(numbers, 120);
        tcase_add_loop_test(numbers, variances_are_the_tutorials, 0, 2);
        tcase_add_loop_test(numbers, first_steps_retrace_the_authors, 0, ASSAY_RUN_COUNT);
        suite_add_tcase(suite, numbers);
    }
#ifdef TEST_CUDA_HOST
    suite_add_tcase(suite, test_cuda_faults());
#endif
    return support_run(suite);
}
