/*
 * lib/init: gains, the distribution of what initializers write into a network, how many numbers they draw, and
 * PyTorch's own values. test_init_depth.c follows variances through depth.
 *
 * Seeds are fixed, so a test that passes goes on passing. Were seeds drawn anew, right code would fail with a
 * probability of at most INIT_ALARM = 5e-10 a check:
 *
 *   12 initializers x 2 generators x 3 weight tensors x 5 checks             360
 *   3 initializers x 2 generators x 3 bias tensors x 3 checks                  18
 *   variances through depth, 10 cases x 3 widths x 4 checks at most           120
 *   sum: 498 checks, 2.5e-7
 *
 * Chi-square and fourth moments are normal only in the limit; with 768 values a cell and 24,576 values a tensor their
 * tails are right to a factor of 2, and the fourth moment's limit of 7 standard errors leaves 100 for Edgeworth's
 * correction. Power: the smallest wrong standard deviation that the variance check of the smallest tensor (24,576
 * values) catches with probability 0.999 is 4.5 % off (computed by a_wrong_std_would_be_caught); 6 % off is missed with
 * 1e-10.
 */
#include "test_init.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/stats/goodness_of_fit.h>
#include "statistics.h"
#include "support.h"

/* --- the cases ------------------------------------------------------------------------------------------------- */

static double std_001(size_t layer, double in, double out)
{
    (void)layer;
    (void)in;
    (void)out;
    return 0.01 * 0.01;
}

static double std_001_bias(double in)
{
    (void)in;
    return 0.01 * 0.01;
}

static double std_01(size_t layer, double in, double out)
{
    (void)layer;
    (void)in;
    (void)out;
    return 0.1 * 0.1;
}

static double std_01_bias(double in)
{
    (void)in;
    return 0.1 * 0.1;
}

static double fan_in(size_t layer, double in, double out)
{
    (void)layer;
    (void)out;
    return 1.0 / in;
}

/* Glorot and Bengio (2010), equation 12. */
static double xavier(size_t layer, double in, double out)
{
    (void)layer;
    return 2.0 / (in + out);
}

static double xavier_tanh(size_t layer, double in, double out)
{
    return 25.0 / 9.0 * xavier(layer, in, out);
}

/* He et al. (2015), equations 10 and 14; the tutorial's first layer has no ReLU before it. */
static double kaiming_in(size_t layer, double in, double out)
{
    (void)out;
    return (layer == 0 ? 1.0 : 2.0) / in;
}

static double kaiming_out(size_t layer, double in, double out)
{
    (void)layer;
    (void)in;
    return 2.0 / out;
}

static double fan_out(size_t layer, double in, double out)
{
    (void)layer;
    (void)in;
    return 1.0 / out;
}

/* nn.Linear: U(-1/sqrt(in), 1/sqrt(in)) has the variance (2 / sqrt(in))^2 / 12. */
static double torch_default(size_t layer, double in, double out)
{
    (void)layer;
    (void)out;
    return 1.0 / (3.0 * in);
}

static double torch_default_bias(double in)
{
    return 1.0 / (3.0 * in);
}

#define ROOT_2 1.4142135623730951

/* clang-format off */
const init_case init_cases[INIT_CASES] = {
    {"normal, 0.01", {ASSAY_INIT_NORMAL, .value = 0.01}, ASSAY_NORMAL, std_001, std_001_bias},
    {"normal, 0.1", {ASSAY_INIT_NORMAL, .value = 0.1}, ASSAY_NORMAL, std_01, std_01_bias},
    {"equal variance", {ASSAY_INIT_EQUAL_VARIANCE, .gain = 9.0}, ASSAY_NORMAL, fan_in, NULL},
    {"Xavier uniform", {ASSAY_INIT_XAVIER_UNIFORM, .gain = 1.0}, ASSAY_UNIFORM, xavier, NULL},
    {"Xavier uniform, tanh", {ASSAY_INIT_XAVIER_UNIFORM, .gain = 5.0 / 3.0}, ASSAY_UNIFORM, xavier_tanh, NULL},
    {"Xavier normal", {ASSAY_INIT_XAVIER_NORMAL, .gain = 1.0}, ASSAY_NORMAL, xavier, NULL},
    {"Kaiming normal, fan-in", {ASSAY_INIT_KAIMING_NORMAL, .gain = ROOT_2, .first_layer_without_gain = true},
     ASSAY_NORMAL, kaiming_in, NULL},
    {"Kaiming normal, fan-out", {ASSAY_INIT_KAIMING_NORMAL, .fan = ASSAY_FAN_OUT, .gain = ROOT_2}, ASSAY_NORMAL,
     kaiming_out, NULL},
    {"Kaiming uniform, fan-in", {ASSAY_INIT_KAIMING_UNIFORM, .gain = ROOT_2, .first_layer_without_gain = true},
     ASSAY_UNIFORM, kaiming_in, NULL},
    {"Kaiming uniform, fan-out", {ASSAY_INIT_KAIMING_UNIFORM, .fan = ASSAY_FAN_OUT, .gain = ROOT_2}, ASSAY_UNIFORM,
     kaiming_out, NULL},
    {"Kaiming normal, fan-out, gain 1", {ASSAY_INIT_KAIMING_NORMAL, .fan = ASSAY_FAN_OUT, .gain = 1.0}, ASSAY_NORMAL,
     fan_out, NULL},
    {"nn.Linear", {ASSAY_INIT_TORCH_DEFAULT, .value = 9.0}, ASSAY_UNIFORM, torch_default, torch_default_bias},
};
/* clang-format on */

/* --- networks -------------------------------------------------------------------------------------------------- */

assay_backend *init_backend(const char *name, assay_precision precision)
{
    assay_backend *backend;
    assay_error error;
    support_assert_ok(assay_backend_open(&(assay_backend_options){name, precision, 0}, &backend, &error), &error);
    return backend;
}

assay_network *init_network(assay_backend *backend, assay_activation_kind activation, size_t in, size_t count,
                            const size_t *sizes)
{
    assay_network_config config = {.inputs = in,
                                   .classes = sizes[count - 1],
                                   .hidden_count = count - 1,
                                   .activation = assay_activation_default(activation)};
    memcpy(config.hidden, sizes, (count - 1) * sizeof *sizes);
    assay_network *network;
    assay_error error;
    support_assert_ok(assay_network_create(backend, &config, 1, true, &network, &error), &error);
    return network;
}

void init_close(assay_backend *backend, assay_network *network)
{
    assay_network_destroy(network);
    assay_error error;
    support_assert_ok(assay_backend_check(backend, &error), &error);
    assay_backend_close(backend);
}

static double *stored(assay_network *network, assay_slice slice)
{
    double *values = assay_calloc(slice.count, sizeof *values, NULL);
    ck_assert_ptr_nonnull(values);
    assay_download_f64(assay_network_backend(network), slice, values);
    return values;
}

/* Weights of 320 x 256, 192 x 320 and 128 x 192. */
static const size_t SIZES[] = {320, 192, 128};
enum { INPUTS = 256, LAYERS = 3, SMALLEST = 128 * 192, CELLS = 32 };

/* --- distributions --------------------------------------------------------------------------------------------- */

typedef struct {
    assay_distribution_kind kind;
    double std;
} wanted_distribution;

static double cumulative(double x, void *user)
{
    const wanted_distribution *wanted = user;
    double bound = sqrt(3.0) * wanted->std;
    return wanted->kind == ASSAY_NORMAL ? gsl_cdf_gaussian_P(x, wanted->std) : gsl_cdf_flat_P(x, -bound, bound);
}

/* How a sample looks: which of the checks it fails. */
enum { MEAN = 1, VARIANCE = 2, DISTANCE = 4, CELL_COUNTS = 8, FOURTH_MOMENT = 16 };

/* Mean fourth power of x / std: 3 and 9/5, with the variances 96 and 144/25 of a single one. */
static bool fourth_moment_is_off(size_t count, const double *values, wanted_distribution wanted)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += pow(values[i] / wanted.std, 4.0);
    }
    bool normal = wanted.kind == ASSAY_NORMAL;
    double standard_error = sqrt((normal ? 96.0 : 5.76) / (double)count);
    return !(fabs(sum / (double)count - (normal ? 3.0 : 1.8)) <= 7.0 * standard_error);
}

/* Small samples (biases) get no chi-square and no fourth moment. */
static int failures_of(size_t count, const double *values, wanted_distribution wanted)
{
    assay_error error;
    assay_moments moments = assay_moments_f64(count, values);
    double mean_z = moments.mean / wanted.std * sqrt((double)count);
    double ratio = (moments.variance + moments.mean * moments.mean) / (wanted.std * wanted.std);
    statistics_interval interval = statistics_variance_interval(wanted.kind, count, INIT_ALARM);
    double distance = 0.0;
    support_assert_ok(assay_kolmogorov_smirnov(count, values, cumulative, &wanted, &distance, &error), &error);
    int failed = fabs(mean_z) <= statistics_mean_z_limit(INIT_ALARM) ? 0 : MEAN;
    failed |= ratio >= interval.low && ratio <= interval.high ? 0 : VARIANCE;
    failed |= statistics_kolmogorov_smirnov_p(count, distance) >= INIT_ALARM ? 0 : DISTANCE;
    if (count >= SMALLEST) {
        double chi_square = 0.0;
        support_assert_ok(assay_chi_square(count, values, CELLS, cumulative, &wanted, &chi_square, &error), &error);
        failed |= statistics_chi_square_p(chi_square, CELLS) >= INIT_ALARM ? 0 : CELL_COUNTS;
        failed |= fourth_moment_is_off(count, values, wanted) ? FOURTH_MOMENT : 0;
    }
    return failed;
}

/* Every tensor of every initializer from both generators, as stored. */
START_TEST(tensors_follow_their_distribution)
{
    const init_case *tested = &init_cases[_i / 2];
    evidence(EVIDENCE_STATISTICAL, "initializer/%s", assay_initializer_name(tested->initializer.kind));
    evidence(EVIDENCE_STATISTICAL, "draw/%s-%s", _i % 2 == 0 ? "mt19937" : "philox",
             tested->kind == ASSAY_NORMAL ? "normal" : "uniform");
    evidence(EVIDENCE_STATISTICAL, "operation/fill_random");
    statistics_interval caught = statistics_variance_caught(tested->kind, SMALLEST, INIT_ALARM, STATISTICS_POWER);
    evidence_power("standard deviation", fmax(sqrt(caught.high) - 1, 1 - sqrt(caught.low)));
    /* Five checks of each weight tensor, three of each bias that is drawn. */
    evidence_alarm(LAYERS * (5 + (tested->bias_variance != NULL ? 3 : 0)), INIT_ALARM);
    assay_backend *backend = init_backend("openblas", ASSAY_F32);
    assay_network *network = init_network(backend, ASSAY_TANH, INPUTS, LAYERS, SIZES);
    assay_generator generator;
    assay_generator_seed(&generator, (assay_generator_kind)(_i % 2), 1000 + (uint64_t)_i, 7);
    assay_initialize(&tested->initializer, network, &generator);
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        double in = (double)assay_network_layer_shape(network, tensor.layer, 1).in;
        double variance = !tensor.is_bias                 ? tested->variance(tensor.layer, in, (double)tensor.rows)
                          : tested->bias_variance != NULL ? tested->bias_variance(in)
                                                          : 0.0;
        double *values = stored(network, tensor.values);
        if (variance == 0.0) {
            assay_moments moments = assay_moments_f64(tensor.values.count, values);
            ck_assert_msg(moments.minimum == 0.0 && moments.maximum == 0.0, "%s: %s is not 0", tested->what,
                          tensor.name);
        } else {
            int failed = failures_of(tensor.values.count, values, (wanted_distribution){tested->kind, sqrt(variance)});
            ck_assert_msg(failed == 0, "%s: %s fails the checks %d", tested->what, tensor.name, failed);
        }
        assay_free(values);
    }
    init_close(backend, network);
}
END_TEST

/* A test of the test: a standard deviation 6 % off, a mean a tenth of it off, or another shape; smallest size. */
START_TEST(a_wrong_std_would_be_caught)
{
    evidence(EVIDENCE_PROPERTY, "stats/kolmogorov_smirnov");
    evidence(EVIDENCE_PROPERTY, "stats/chi_square");
    /* clang-format off */
    static const struct {
        double mean, scale;
        bool other_shape;
        int must_fail;
    /* clang-format off */
    } plants[] = {
        {0.0, 1.0, false, 0},
        {0.0, 1.06, false, VARIANCE},
        {0.0, 0.94, false, VARIANCE},
        {0.1, 1.0, false, MEAN | DISTANCE},
        {0.0, 1.0, true, DISTANCE | CELL_COUNTS | FOURTH_MOMENT},
    };
    /* clang-format on */
    /* clang-format on */
    /* The right sample, which may not fail, and four errors, each missed with less than the alarm. */
    evidence_alarm(2 * (5 + 4), INIT_ALARM);
    for (int normal = 0; normal < 2; normal++) {
        assay_distribution_kind kind = normal ? ASSAY_NORMAL : ASSAY_UNIFORM;
        statistics_interval caught = statistics_variance_caught(kind, SMALLEST, INIT_ALARM, STATISTICS_POWER);
        ck_assert_double_gt(sqrt(caught.low), 0.955);
        ck_assert_double_lt(sqrt(caught.high), 1.045);
        for (size_t i = 0; i < sizeof plants / sizeof *plants; i++) {
            static float drawn[SMALLEST];
            static double values[SMALLEST];
            double std = 0.03 * plants[i].scale;
            double mean = 0.03 * plants[i].mean;
            bool draw_normal = (kind == ASSAY_NORMAL) != plants[i].other_shape;
            assay_distribution from = {ASSAY_NORMAL, mean, std};
            if (!draw_normal) {
                from = (assay_distribution){ASSAY_UNIFORM, mean - sqrt(3.0) * std, mean + sqrt(3.0) * std};
            }
            assay_generator generator;
            assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 77, 1);
            assay_generator_fill(&generator, from, SMALLEST, drawn);
            for (size_t j = 0; j < SMALLEST; j++) {
                values[j] = (double)drawn[j];
            }
            int failed = failures_of(SMALLEST, values, (wanted_distribution){kind, 0.03});
            ck_assert_msg((failed & plants[i].must_fail) == plants[i].must_fail && (failed != 0) == (i != 0),
                          "plant %zu, kind %d: the checks %d fail", i, (int)kind, failed);
        }
    }
}
END_TEST

/* The same numbers whatever the backend: they are drawn as float32. */
START_TEST(every_backend_stores_the_same)
{
    for (int i = 0; i < INIT_CASES; i++) {
        evidence(EVIDENCE_CROSS_BACKEND, "initializer/%s", assay_initializer_name(init_cases[i].initializer.kind));
    }
    static const struct {
        const char *name;
        assay_precision precision;
    } others[] = {{"openblas", ASSAY_F32}, {"openblas", ASSAY_F64}};
    for (int i = 0; i < INIT_CASES; i++) {
        assay_backend *reference = init_backend("reference", ASSAY_F64);
        assay_network *expected = init_network(reference, ASSAY_RELU, 24, 2, (const size_t[]){17, 5});
        assay_generator generator;
        assay_generator_seed(&generator, (assay_generator_kind)(_i % 2), 5, 3);
        assay_generator start = generator;
        assay_initialize(&init_cases[i].initializer, expected, &generator);
        double *want = stored(expected, assay_network_parameters(expected));
        assay_backend *backend = init_backend(others[_i / 2].name, others[_i / 2].precision);
        assay_network *network = init_network(backend, ASSAY_RELU, 24, 2, (const size_t[]){17, 5});
        assay_initialize(&init_cases[i].initializer, network, &start);
        double *got = stored(network, assay_network_parameters(network));
        ck_assert_msg(memcmp(got, want, assay_network_parameters(network).count * sizeof *got) == 0, "%s differs",
                      init_cases[i].what);
        support_assert_same_generator(&start, &generator);
        assay_free(got);
        assay_free(want);
        init_close(backend, network);
        init_close(reference, expected);
    }
}
END_TEST

/* Every parameter is the constant, on every backend, and no number is drawn. */
START_TEST(constant_draws_nothing)
{
    static const assay_backend_options machines[] = {
        {"reference", ASSAY_F64, 0}, {"openblas", ASSAY_F32, 0}, {"openblas", ASSAY_F64, 0}};
    evidence(EVIDENCE_PROPERTY, "initializer/constant");
    evidence(EVIDENCE_CROSS_BACKEND, "initializer/constant");
    assay_initializer initializer = assay_initializer_default(ASSAY_INIT_CONSTANT);
    ck_assert_double_eq(initializer.value, 0.005);
    initializer.value = -0.75;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        assay_backend *backend = init_backend(machines[i].name, machines[i].precision);
        assay_network *network = init_network(backend, ASSAY_RELU, 24, 2, (const size_t[]){17, 5});
        assay_generator generator;
        assay_generator_seed(&generator, (assay_generator_kind)_i, 5, 3);
        assay_generator start = generator;
        assay_initialize(&initializer, network, &generator);
        support_assert_same_generator(&start, &generator);
        for (size_t j = 0; j < assay_network_tensor_count(network); j++) {
            assay_moments moments = assay_reduce_moments(backend, assay_network_tensor(network, j).values);
            ck_assert_double_eq(moments.minimum, -0.75);
            ck_assert_double_eq(moments.maximum, -0.75);
        }
        init_close(backend, network);
    }
}
END_TEST

/* --- draws ----------------------------------------------------------------------------------------------------- */

/*
 * 32-bit outputs of mt19937 that a tensor of `count` takes: a uniform takes one; from 16 on, a normal takes one, and 16
 * more where the last block is drawn afresh; below 16, a pair of normals takes two 64-bit draws, and the second normal
 * of a pair is kept for the next such tensor.
 */
static size_t mt19937_outputs(assay_distribution_kind kind, size_t count, bool *kept)
{
    if (kind == ASSAY_UNIFORM) {
        return count;
    }
    if (count >= 16) {
        return count + (count % 16 != 0 ? 16 : 0);
    }
    size_t fresh = count - (*kept ? 1 : 0);
    *kept = fresh % 2 == 1;
    return 4 * ((fresh + 1) / 2);
}

/* What Philox's offset grows by. */
static size_t philox_outputs(size_t count, size_t blocks)
{
    size_t wanted = (count + 255) / 256;
    size_t threads = 256 * (wanted < blocks ? wanted : blocks);
    return 4 * ((count + 4 * threads - 1) / (4 * threads));
}

/*
 * After an initialization the generator is in the state that drawing the initializer's tensors leaves. Nothing is drawn
 * for biases that are set to 0.
 */
START_TEST(draws_are_counted)
{
    evidence(EVIDENCE_PROPERTY, "initializer/%s", assay_initializer_name(init_cases[_i].initializer.kind));
    enum { BLOCKS = 1 };
    const init_case *c = &init_cases[_i];
    static const size_t sizes[] = {17, 5, 100, 7};
    assay_backend *backend = init_backend("openblas", ASSAY_F64);
    assay_network *network = init_network(backend, ASSAY_TANH, 24, sizeof sizes / sizeof *sizes, sizes);
    assay_generator mt19937;
    assay_generator philox;
    assay_generator_seed(&mt19937, ASSAY_GENERATOR_MT19937, 8, BLOCKS);
    assay_generator_seed(&philox, ASSAY_GENERATOR_PHILOX, 8, BLOCKS);
    assay_generator expected = mt19937;
    assay_initialize(&c->initializer, network, &mt19937);
    assay_initialize(&c->initializer, network, &philox);
    size_t outputs = 0;
    size_t offset = 0;
    bool kept = false;
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        if (!tensor.is_bias || c->bias_variance != NULL) {
            outputs += mt19937_outputs(c->kind, tensor.values.count, &kept);
            offset += philox_outputs(tensor.values.count, BLOCKS);
        }
    }
    for (size_t i = 0; i < outputs; i++) {
        assay_mt19937_random32(&expected.state.mt19937);
    }
    ck_assert_msg(
        mt19937.state.mt19937.next == expected.state.mt19937.next &&
            memcmp(mt19937.state.mt19937.word, expected.state.mt19937.word, sizeof expected.state.mt19937.word) == 0,
        "%s: mt19937 is not %zu outputs on", c->what, outputs);
    ck_assert_int_eq(mt19937.state.mt19937.has_normal, kept);
    ck_assert_uint_eq(philox.state.philox.offset, offset);
    init_close(backend, network);
}
END_TEST

/* --- names and defaults ---------------------------------------------------------------------------------------- */

START_TEST(names)
{
    evidence(EVIDENCE_PROPERTY, "init/initializer_default");
    /* clang-format off */
    static const char *const wanted[ASSAY_INIT_COUNT] = {
        "constant", "normal", "equal-variance", "xavier-uniform", "xavier-normal", "kaiming-normal", "kaiming-uniform",
        "torch-default",
    };
    /* clang-format on */
    assay_error error;
    for (int kind = 0; kind < ASSAY_INIT_COUNT; kind++) {
        assay_initializer initializer;
        ck_assert_str_eq(assay_initializer_name((assay_init_kind)kind), wanted[kind]);
        support_assert_ok(assay_initializer_by_name(wanted[kind], &initializer, &error), &error);
        assay_initializer standard = assay_initializer_default((assay_init_kind)kind);
        ck_assert_int_eq((int)initializer.kind, kind);
        ck_assert_double_eq(initializer.value, standard.value);
        ck_assert_double_eq(initializer.gain, standard.gain);
        ck_assert_int_eq((int)standard.fan, ASSAY_FAN_IN);
        bool kaiming = kind == ASSAY_INIT_KAIMING_NORMAL || kind == ASSAY_INIT_KAIMING_UNIFORM;
        ck_assert_int_eq(standard.first_layer_without_gain, kaiming);
        ck_assert_double_eq(standard.gain, kaiming ? sqrt(2.0) : 1.0);
    }
    ck_assert_double_eq(assay_initializer_default(ASSAY_INIT_NORMAL).value, 0.01);
    assay_initializer underscores;
    support_assert_ok(assay_initializer_by_name("Kaiming_Normal", &underscores, &error), &error);
    ck_assert_int_eq((int)underscores.kind, (int)ASSAY_INIT_KAIMING_NORMAL);
    static const char *const unknown[] = {"", "xavier", "constants", "constant ", "kaiming normal"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assay_initializer initializer;
        assay_status status = assay_initializer_by_name(unknown[i], &initializer, &error);
        char beginning[64];
        snprintf(beginning, sizeof beginning, "unknown initializer '%s'; known: ", unknown[i]);
        support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, beginning);
        for (int kind = 0; kind < ASSAY_INIT_COUNT; kind++) {
            ck_assert_ptr_nonnull(strstr(error.message, wanted[kind]));
        }
    }
}
END_TEST

/* The distributions as data: mean and variance. */
START_TEST(stated_distributions)
{
    for (int i = 0; i < INIT_CASES; i++) {
        evidence(EVIDENCE_PROPERTY, "initializer/%s", assay_initializer_name(init_cases[i].initializer.kind));
    }
    evidence(EVIDENCE_PROPERTY, "init/initializer_weight");
    evidence(EVIDENCE_PROPERTY, "init/initializer_bias");
    evidence(EVIDENCE_PROPERTY, "init/distribution_mean");
    evidence(EVIDENCE_PROPERTY, "init/distribution_variance");
    for (int i = 0; i < INIT_CASES; i++) {
        const init_case *c = &init_cases[i];
        for (size_t layer = 0; layer < 3; layer++) {
            assay_distribution weight = assay_initializer_weight(&c->initializer, layer, 300, 70);
            ck_assert_int_eq((int)weight.kind, (int)c->kind);
            ck_assert_double_eq(assay_distribution_mean(weight), 0.0);
            support_assert_relative(c->what, assay_distribution_variance(weight), c->variance(layer, 300, 70), 1e-14);
        }
        assay_distribution bias = assay_initializer_bias(&c->initializer, 300);
        ck_assert_double_eq(assay_distribution_mean(bias), 0.0);
        support_assert_relative(c->what, assay_distribution_variance(bias),
                                c->bias_variance == NULL ? 0.0 : c->bias_variance(300), 1e-14);
    }
    assay_initializer constant = {.kind = ASSAY_INIT_CONSTANT, .value = 0.25};
    ck_assert_double_eq(assay_distribution_mean(assay_initializer_weight(&constant, 0, 3, 4)), 0.25);
    ck_assert_double_eq(assay_distribution_variance(assay_initializer_weight(&constant, 0, 3, 4)), 0.0);
    ck_assert_double_eq(assay_distribution_mean(assay_initializer_bias(&constant, 3)), 0.25);
    assay_distribution shifted = {ASSAY_UNIFORM, 1.0, 4.0};
    ck_assert_double_eq(assay_distribution_mean(shifted), 2.5);
    ck_assert_double_eq(assay_distribution_variance(shifted), 0.75);
}
END_TEST

/* --- gains ----------------------------------------------------------------------------------------------------- */

/* f(z)^2 phi(z) of the activations that PyTorch has no gain for. */
static double weighted_square(double z, void *user)
{
    const assay_activation *activation = user;
    double a = activation->parameter;
    double f = 0.0;
    switch (activation->kind) {
    case ASSAY_ELU: f = z > 0.0 ? z : a * expm1(z); break;
    case ASSAY_GELU: f = z * gsl_cdf_ugaussian_P(z); break;
    case ASSAY_GELU_TANH: f = 0.5 * z * (1.0 + tanh(sqrt(2.0 / acos(-1.0)) * (z + 0.044715 * z * z * z))); break;
    case ASSAY_SILU: f = z / (1.0 + exp(-z)); break;
    case ASSAY_MISH: f = z * tanh(log1p(exp(z))); break;
    case ASSAY_RELU: f = fmax(z, 0.0); break;
    default: ck_abort_msg("no integral for this one");
    }
    return f * f * gsl_ran_ugaussian_pdf(z);
}

START_TEST(gains_by_quadrature)
{
    /* clang-format off */
    static const assay_activation cases[] = {
        {ASSAY_RELU, 0.0}, {ASSAY_ELU, 1.0}, {ASSAY_ELU, 0.5}, {ASSAY_ELU, 2.0}, {ASSAY_GELU, 0.0},
        {ASSAY_GELU_TANH, 0.0}, {ASSAY_SILU, 0.0}, {ASSAY_MISH, 0.0},
    };
    /* clang-format on */
    gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(200);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_activation activation = cases[i];
        evidence(EVIDENCE_PROPERTY, "gain/%s", assay_activation_name(activation.kind));
        gsl_function f = {weighted_square, &activation};
        double below = 0, above = 0, error;
        gsl_integration_qagil(&f, 0.0, 1e-15, 1e-13, 200, workspace, &below, &error);
        gsl_integration_qagiu(&f, 0.0, 1e-15, 1e-13, 200, workspace, &above, &error);
        support_assert_relative(assay_activation_name(activation.kind), assay_gain(activation),
                                1.0 / sqrt(below + above), 1e-10);
    }
    gsl_integration_workspace_free(workspace);
}
END_TEST

START_TEST(gains_of_pytorch)
{
    json_t *golden = support_golden("init_torch.json");
    size_t index;
    json_t *entry;
    json_array_foreach(json_object_get(golden, "gains"), index, entry) {
        assay_activation activation;
        assay_error error;
        const char *name = json_string_value(json_object_get(entry, "activation"));
        support_assert_ok(assay_activation_by_name(name, &activation, &error), &error);
        evidence(EVIDENCE_GOLDEN, "gain/%s", assay_activation_name(activation.kind));
        if (json_is_number(json_object_get(entry, "parameter"))) {
            activation.parameter = json_number_value(json_object_get(entry, "parameter"));
        }
        support_assert_relative(name, assay_gain(activation), json_number_value(json_object_get(entry, "gain")), 1e-15);
    }
    ck_assert_uint_eq(index, 8);
    json_decref(golden);
}
END_TEST

/* --- PyTorch's own values -------------------------------------------------------------------------------------- */

enum { GOLDEN_CASES = 16 };

static bool is(const json_t *object, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value != NULL && strcmp(value, text) == 0;
}

static assay_initializer initializer_of(const json_t *entry)
{
    assay_initializer initializer;
    assay_error error;
    support_assert_ok(
        assay_initializer_by_name(json_string_value(json_object_get(entry, "initializer")), &initializer, &error),
        &error);
    initializer.first_layer_without_gain = json_is_true(json_object_get(entry, "tutorial"));
    initializer.fan = is(entry, "fan", "out") ? ASSAY_FAN_OUT : ASSAY_FAN_IN;
    if (json_object_get(entry, "value") != NULL) {
        initializer.value = json_number_value(json_object_get(entry, "value"));
    }
    const char *gain = json_string_value(json_object_get(entry, "gain"));
    if (gain != NULL) {
        assay_activation activation;
        support_assert_ok(assay_activation_by_name(gain, &activation, &error), &error);
        if (json_object_get(entry, "parameter") != NULL) {
            activation.parameter = json_number_value(json_object_get(entry, "parameter"));
        }
        initializer.gain = assay_gain(activation);
    }
    return initializer;
}

/* The tolerance of one value; golden/init_torch.json gives the reasons. */
static double allowed(const json_t *entry, double bound, double want)
{
    if (is(entry, "distribution", "uniform") && !json_is_true(json_object_get(entry, "exact"))) {
        return 3.0 * 0x1p-23 * bound;
    }
    return is(entry, "distribution", "normal") ? 6.2e-7 * fabs(want) : 0.0;
}

/* Which values of a tensor the golden file keeps. */
static bool kept(const json_t *golden, size_t i, size_t count)
{
    const json_t *rule = json_object_get(golden, "kept");
    size_t head = (size_t)json_integer_value(json_object_get(rule, "head"));
    size_t tail = (size_t)json_integer_value(json_object_get(rule, "tail"));
    size_t stride = (size_t)json_integer_value(json_object_get(rule, "stride"));
    return i < head || i + tail >= count || i % stride == 0;
}

static void compare_tensor(const json_t *golden, const json_t *entry, const json_t *run, assay_network *network,
                           size_t i)
{
    assay_tensor tensor = assay_network_tensor(network, i);
    const json_t *values = json_object_get(json_array_get(json_object_get(run, "tensors"), i), "values");
    double *got = stored(network, tensor.values);
    double bound = 0.0;
    for (size_t j = 0; j < tensor.values.count; j++) {
        bound = fmax(bound, fabs(got[j]));
    }
    size_t at = 0;
    for (size_t j = 0; j < tensor.values.count; j++) {
        if (kept(golden, j, tensor.values.count)) {
            double want = json_number_value(json_array_get(values, at++));
            ck_assert_msg(fabs(got[j] - want) <= allowed(entry, bound, want), "%s, %s[%zu]: %.9g, not %.9g",
                          json_string_value(json_object_get(entry, "initializer")), tensor.name, j, got[j], want);
        }
    }
    ck_assert_uint_eq(at, json_array_size(values));
    assay_free(got);
}

/* One initializer over networks of several shapes and seeds, and what the generator draws next. */
START_TEST(values_of_pytorch)
{
    json_t *golden = support_golden("init_torch.json");
    ck_assert_uint_eq(json_array_size(json_object_get(golden, "cases")), GOLDEN_CASES);
    const json_t *entry = json_array_get(json_object_get(golden, "cases"), (size_t)_i);
    assay_initializer initializer = initializer_of(entry);
    evidence(EVIDENCE_GOLDEN, "initializer/%s", assay_initializer_name(initializer.kind));
    if (initializer.kind != ASSAY_INIT_CONSTANT) {
        evidence(EVIDENCE_GOLDEN, "operation/fill_random");
    }
    size_t index;
    json_t *run;
    json_array_foreach(json_object_get(entry, "runs"), index, run) {
        size_t sizes[8];
        const json_t *given = json_object_get(run, "sizes");
        size_t count = json_array_size(given);
        for (size_t i = 0; i < count; i++) {
            sizes[i] = (size_t)json_integer_value(json_array_get(given, i));
        }
        assay_backend *backend = init_backend("openblas", ASSAY_F32);
        assay_network *network = init_network(backend, ASSAY_TANH, sizes[0], count - 1, sizes + 1);
        ck_assert_uint_eq(json_array_size(json_object_get(run, "tensors")), assay_network_tensor_count(network));
        assay_generator generator;
        assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937,
                             (uint64_t)json_integer_value(json_object_get(run, "seed")), 1);
        assay_initialize(&initializer, network, &generator);
        for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
            compare_tensor(golden, entry, run, network, i);
        }
        uint64_t next = assay_mt19937_random64(&generator.state.mt19937) & INT64_MAX;
        ck_assert_uint_eq(next, (uint64_t)json_integer_value(json_object_get(run, "next")));
        init_close(backend, network);
    }
    ck_assert_uint_eq(index, 3);
    json_decref(golden);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("init");
    TCase *data = tcase_create("names and gains");
    tcase_add_test(data, names);
    tcase_add_test(data, stated_distributions);
    tcase_add_test(data, gains_by_quadrature);
    tcase_add_test(data, gains_of_pytorch);
    tcase_add_loop_test(data, values_of_pytorch, 0, GOLDEN_CASES);
    suite_add_tcase(suite, data);
    TCase *distributions = tcase_create("distributions");
    tcase_set_timeout(distributions, 60);
    tcase_add_loop_test(distributions, tensors_follow_their_distribution, 0, 2 * INIT_CASES);
    tcase_add_test(distributions, a_wrong_std_would_be_caught);
    tcase_add_loop_test(distributions, every_backend_stores_the_same, 0, 4);
    tcase_add_loop_test(distributions, constant_draws_nothing, 0, 2);
    tcase_add_loop_test(distributions, draws_are_counted, 0, INIT_CASES);
    suite_add_tcase(suite, distributions);
    suite_add_tcase(suite, init_depth_case());
    return support_run(suite);
}
