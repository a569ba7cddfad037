/*
 * Variances through depth against the theory: 12 linear layers, widths n and n / 2 in turn (so that fan-in, fan-out and
 * their mean differ), n = 64, 256, 1024, a batch of one image, the mean over several draws of the whole network.
 *
 * With one image h the outputs of a layer are independent given h, with variance v = s^2 |h|^2 (s^2 = Var w), and
 * normal for normal weights. Hence exactly, with f the identity or ReLU, d units, and c = E f(Z)^2 (1 or 1/2):
 *
 *   forward:  v' = s'^2 |f(z)|^2 = s'^2 d c A v,          A = (1 / cd) sum over units of f(g)^2, g standard normal
 *   backward: |dz|^2 = s'^2 |dz'|^2 d c A                 the same law, as E f'(Z)^2 = c as well
 *
 * so that log variances are sums over layers of independent terms log(s'^2 d c) + log A. A is chi^2_d / d for the
 * identity and 2 chi^2_B / d, B binomial(d, 1/2), for ReLU: mean and variance of log A by digamma and trigamma. That an
 * initializer keeps the variance says that s'^2 d c is 1. For uniform weights sums over many inputs are normal up to an
 * excess kurtosis of -1.2 E h^4 / (d (E h^2)^2), which narrows the statistics a little.
 *
 * dz of the last layer would depend on the weights through the logits. A bias of 1e4 on class 0 makes it (1, -1, 0,
 * ...) for label 1, whatever the weights are. ReLU's masks above depend on the weights that they multiply, which leaves
 * every mean as it is by the symmetry of dz and the variance up to terms of 1 / n.
 *
 * Power, probability 0.999: a wrong gain is caught by the spread given h if it is 3.8 % off or more, by the growth
 * through depth if 4.4 % (identity) or 7.1 % (ReLU) off (smallest_gains_caught computes them).
 */
#include "test_init.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/check/gradient.h>
#include "statistics.h"
#include "support.h"

enum { DEPTH = 12, HIDDEN = DEPTH - 1, LARGEST = 1024 };

static const struct {
    size_t width;
    int draws;
} widths[] = {{64, 64}, {256, 16}, {1024, 4}};

enum { WIDTHS = sizeof widths / sizeof *widths };

typedef struct {
    const char *initializer; /* of init_cases */
    assay_activation_kind activation;
    bool keeps_forward; /* the variance of outputs, by the choice of s^2 */
    bool keeps_backward;
} depth_case;

static const depth_case cases[] = {
    {"equal variance", ASSAY_IDENTITY, true, false},
    {"Xavier uniform", ASSAY_IDENTITY, false, false},
    {"Xavier normal", ASSAY_IDENTITY, false, false},
    {"Kaiming normal, fan-in", ASSAY_RELU, true, false},
    {"Kaiming uniform, fan-in", ASSAY_RELU, true, false},
    {"Kaiming normal, fan-out", ASSAY_RELU, false, true},
    {"Kaiming uniform, fan-out", ASSAY_RELU, false, true},
    {"Kaiming normal, fan-out, gain 1", ASSAY_IDENTITY, false, true},
    {"Xavier uniform", ASSAY_TANH, false, false},
    {"Xavier uniform, tanh", ASSAY_TANH, false, false},
};

enum { CASES = sizeof cases / sizeof *cases };

static const init_case *init_case_of(const depth_case *c)
{
    for (int i = 0; i < INIT_CASES; i++) {
        if (strcmp(init_cases[i].what, c->initializer) == 0) {
            return &init_cases[i];
        }
    }
    ck_abort_msg("no initializer '%s'", c->initializer);
}

/* Inputs of layer 0, and outputs of layer 0, 1, ...: d[l] -> d[l + 1]. */
static void sizes_of(size_t width, size_t d[DEPTH + 1])
{
    for (size_t i = 0; i <= DEPTH; i++) {
        d[i] = i % 2 == 0 ? width : width / 2;
    }
}

/* --- the theory ------------------------------------------------------------------------------------------------ */

typedef struct {
    double mean;
    double variance;
} law;

/* log(chi^2_k / k0): psi(k / 2) + log 2 - log k0, psi'(k / 2). */
static law log_chi_square(double freedom, double divisor)
{
    return (law){gsl_sf_psi(freedom / 2.0) + log(2.0 / divisor), gsl_sf_psi_1(freedom / 2.0)};
}

static law log_a(assay_activation_kind kind, size_t d)
{
    if (kind == ASSAY_IDENTITY) {
        return log_chi_square((double)d, (double)d);
    }
    /* B = 0 has probability 2^-32 or less. */
    law sum = {0.0, 0.0};
    double square = 0.0;
    for (unsigned active = 1; active <= d; active++) {
        double p = gsl_ran_binomial_pdf(active, 0.5, (unsigned)d);
        law given = log_chi_square(active, (double)d / 2.0);
        sum.mean += p * given.mean;
        sum.variance += p * given.variance;
        square += p * given.mean * given.mean;
    }
    sum.variance += square - sum.mean * sum.mean;
    return sum;
}

/* log of the mean square of the last hidden layer's outputs, given v of the first layer. */
static law forward_law(const depth_case *c, const size_t d[DEPTH + 1])
{
    law sum = log_chi_square((double)d[HIDDEN], (double)d[HIDDEN]);
    double factor = c->activation == ASSAY_RELU ? 0.5 : 1.0;
    for (size_t layer = 1; layer < HIDDEN; layer++) {
        law a = log_a(c->activation, d[layer]);
        double s2 = init_case_of(c)->variance(layer, (double)d[layer], (double)d[layer + 1]);
        double growth = log(s2 * (double)d[layer] * factor);
        ck_assert(!c->keeps_forward || fabs(growth) < 1e-12);
        sum.mean += growth + a.mean;
        sum.variance += a.variance;
    }
    return sum;
}

/* log |dz|^2 / d of the first layer, given |dz|^2 / d of the last. */
static law backward_law(const depth_case *c, const size_t d[DEPTH + 1])
{
    law sum = {0.0, 0.0};
    double factor = c->activation == ASSAY_RELU ? 0.5 : 1.0;
    for (size_t layer = 1; layer < DEPTH; layer++) {
        law a = log_a(c->activation, d[layer]);
        double s2 = init_case_of(c)->variance(layer, (double)d[layer], (double)d[layer + 1]);
        double growth = log(s2 * (double)d[layer + 1] * factor);
        ck_assert(!c->keeps_backward || fabs(growth) < 1e-12);
        sum.mean += growth + a.mean;
        sum.variance += a.variance;
    }
    return sum;
}

typedef struct {
    double v;
    double power;
} tanh_moment;

static double tanh_power(double z, void *user)
{
    const tanh_moment *m = user;
    return pow(tanh(sqrt(m->v) * z), m->power) * gsl_ran_ugaussian_pdf(z);
}

/* E tanh(sqrt(v) Z)^power, power even. */
static double expected_tanh(double v, double power)
{
    gsl_integration_workspace *workspace = gsl_integration_workspace_alloc(200);
    tanh_moment m = {v, power};
    gsl_function f = {tanh_power, &m};
    double half = 0, error;
    gsl_integration_qagiu(&f, 0.0, 1e-14, 1e-12, 200, workspace, &half, &error);
    gsl_integration_workspace_free(workspace);
    return 2.0 * half;
}

/*
 * tanh has no such product: v' = F(v) + noise, F(v) = s'^2 d E tanh(sqrt(v) Z)^2. Mean m and variance V of v through
 * the layers to second order: m' = F(m) + F''(m) V / 2, V' = F'(m)^2 V + s'^4 d (E tanh^4 - (E tanh^2)^2).
 */
static law tanh_law(const depth_case *c, const size_t d[DEPTH + 1], double first)
{
    double m = first;
    double spread = 0.0;
    for (size_t layer = 1; layer < HIDDEN; layer++) {
        double s2d = init_case_of(c)->variance(layer, (double)d[layer], (double)d[layer + 1]) * (double)d[layer];
        double step = 1e-2 * m;
        double square = expected_tanh(m, 2.0);
        double below = expected_tanh(m - step, 2.0);
        double above = expected_tanh(m + step, 2.0);
        double slope = s2d * (above - below) / (2.0 * step);
        double curvature = s2d * (above - 2.0 * square + below) / (step * step);
        double noise = s2d * s2d * (expected_tanh(m, 4.0) - square * square) / (double)d[layer];
        m = s2d * square + curvature * spread / 2.0;
        spread = slope * slope * spread + noise;
    }
    double chi = 2.0 / (double)d[HIDDEN];
    return (law){m, spread * (1.0 + chi) + m * m * chi};
}

/* --- the measurement ------------------------------------------------------------------------------------------- */

typedef struct {
    double forward_z;  /* mean over draws, standardised by the theory */
    double backward_z; /* 0 for tanh */
    double spread_p;   /* of sum over draws and layers of |z|^2 / v, chi-square given the inputs */
} outcome;

static double sum_of_squares(assay_network *network, assay_slice slice)
{
    static double values[LARGEST];
    double sum = 0.0;
    assay_download_f64(assay_network_backend(network), slice, values);
    for (size_t i = 0; i < slice.count; i++) {
        sum += values[i] * values[i];
    }
    return sum;
}

static double sum_of_squared_activations(assay_network *network, size_t layer)
{
    static double values[LARGEST];
    assay_activation_kind kind = assay_network_configuration(network)->activation.kind;
    assay_slice z = assay_network_preactivations(network, layer, 1);
    double sum = 0.0;
    assay_download_f64(assay_network_backend(network), z, values);
    for (size_t i = 0; i < z.count; i++) {
        double h = kind == ASSAY_TANH ? tanh(values[i]) : kind == ASSAY_RELU ? fmax(values[i], 0.0) : values[i];
        sum += h * h;
    }
    return sum;
}

typedef struct {
    assay_backend *backend;
    assay_network *network;
    assay_buffer *x;
    assay_buffer *labels;
    double x_square;
} apparatus;

static apparatus set_up(const depth_case *c, const size_t d[DEPTH + 1])
{
    static double values[LARGEST];
    apparatus a = {.backend = init_backend("openblas", ASSAY_F32)};
    a.network = init_network(a.backend, c->activation, d[0], DEPTH, d + 1);
    a.x = assay_buffer_create(a.backend, ASSAY_REAL, d[0]);
    a.labels = assay_buffer_create(a.backend, ASSAY_INT32, 1);
    assay_check_direction(1, d[0], values);
    assay_upload_f64(a.backend, assay_whole(a.x), values);
    a.x_square = sum_of_squares(a.network, assay_whole(a.x));
    int32_t label = 1;
    assay_upload_i32(a.backend, assay_whole(a.labels), &label);
    return a;
}

static void tear_down(apparatus *a)
{
    assay_buffer_destroy(a->backend, a->x);
    assay_buffer_destroy(a->backend, a->labels);
    init_close(a->backend, a->network);
}

/* A draw of the whole network, and its two passes. */
static void draw(apparatus *a, const assay_initializer *initializer, assay_generator *generator)
{
    double certain = 1e4;
    assay_initialize(initializer, a->network, generator);
    assay_slice bias = assay_network_tensor(a->network, 2 * HIDDEN + 1).values;
    assay_upload_f64(a->backend, assay_part_of(bias, 0, 1), &certain);
    assay_network_forward(a->network, 1, assay_whole(a->x));
    assay_network_backward(a->network, 1, assay_whole(a->x), assay_whole(a->labels), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
}

/* Sum over hidden layers of |z|^2 / v, v from the layer's own input. */
static double spread_given_inputs(const apparatus *a, const depth_case *c, const size_t d[DEPTH + 1])
{
    double sum = 0.0;
    for (size_t layer = 0; layer < HIDDEN; layer++) {
        double input = layer == 0 ? a->x_square : sum_of_squared_activations(a->network, layer - 1);
        double s2 = init_case_of(c)->variance(layer, (double)d[layer], (double)d[layer + 1]);
        sum += sum_of_squares(a->network, assay_network_preactivations(a->network, layer, 1)) / (s2 * input);
    }
    return sum;
}

/* Outputs of hidden layers in all draws. */
static size_t units_measured(int which)
{
    size_t d[DEPTH + 1];
    size_t units = 0;
    sizes_of(widths[which].width, d);
    for (size_t layer = 1; layer <= HIDDEN; layer++) {
        units += d[layer] * (size_t)widths[which].draws;
    }
    return units;
}

/* Measures a case; `gain` times the right gain plants an error. */
static outcome measure(const depth_case *c, int which, double gain)
{
    size_t d[DEPTH + 1];
    sizes_of(widths[which].width, d);
    apparatus a = set_up(c, d);
    assay_initializer initializer = init_case_of(c)->initializer;
    initializer.gain *= gain;
    assay_generator generator;
    assay_generator_seed(&generator, which % 2 == 0 ? ASSAY_GENERATOR_PHILOX : ASSAY_GENERATOR_MT19937,
                         2024 + (uint64_t)(c - cases), 80);
    int draws = widths[which].draws;
    bool is_tanh = c->activation == ASSAY_TANH;
    double first = init_case_of(c)->variance(0, (double)d[0], (double)d[1]) * a.x_square;
    double forward = 0.0;
    double backward = 0.0;
    double spread = 0.0;
    for (int i = 0; i < draws; i++) {
        draw(&a, &initializer, &generator);
        double last = sum_of_squares(a.network, assay_network_preactivations(a.network, HIDDEN - 1, 1));
        last /= (double)d[HIDDEN];
        forward += (is_tanh ? last : log(last / first)) / draws;
        double top = sum_of_squares(a.network, assay_network_preactivation_gradients(a.network, HIDDEN, 1));
        ck_assert_double_eq(top, 2.0);
        double bottom = sum_of_squares(a.network, assay_network_preactivation_gradients(a.network, 0, 1));
        backward += log(bottom / (double)d[1] / (top / (double)d[DEPTH])) / draws;
        spread += spread_given_inputs(&a, c, d);
    }
    tear_down(&a);
    double freedom = (double)units_measured(which);
    outcome o = {.spread_p = 2.0 * fmin(gsl_cdf_chisq_P(spread, freedom), gsl_cdf_chisq_Q(spread, freedom))};
    law up = is_tanh ? tanh_law(c, d, first) : forward_law(c, d);
    o.forward_z = (forward - up.mean) / sqrt(up.variance / draws);
    if (!is_tanh) {
        law down = backward_law(c, d);
        o.backward_z = (backward - down.mean) / sqrt(down.variance / draws);
    }
    return o;
}

/* The std ratio whose effect on a sum of `layers` logarithms of variances is the limit and the 0.999 quantile away. */
static double caught(double standard_error, double layers)
{
    double z = gsl_cdf_ugaussian_Qinv(INIT_ALARM / 2.0) + gsl_cdf_ugaussian_Qinv(1.0 - STATISTICS_POWER);
    return exp(z * standard_error / (2.0 * layers));
}

static double limit(void)
{
    return gsl_cdf_ugaussian_Qinv(INIT_ALARM / 2.0);
}

START_TEST(variances_through_depth)
{
    const depth_case *c = &cases[_i % CASES];
    evidence(EVIDENCE_STATISTICAL, "initializer/%s", assay_initializer_name(init_case_of(c)->initializer.kind));
    evidence(EVIDENCE_STATISTICAL, "nn/network_forward");
    evidence(EVIDENCE_STATISTICAL, "nn/network_backward");
    evidence_alarm(c->activation == ASSAY_TANH ? 2 : 3, INIT_ALARM);
    int which = _i / CASES;
    statistics_interval seen = statistics_variance_caught(ASSAY_NORMAL, units_measured(which), INIT_ALARM,
                                                          STATISTICS_POWER);
    evidence_power("standard deviation", fmax(sqrt(seen.high) - 1, 1 - sqrt(seen.low)));
    outcome o = measure(c, which, 1.0);
    printf("%-32s %-8s width %4zu: forward z %5.2f, backward z %5.2f, spread p %.2g\n", c->initializer,
           assay_activation_name(c->activation), widths[which].width, o.forward_z, o.backward_z, o.spread_p);
    ck_assert_msg(fabs(o.forward_z) <= limit() && fabs(o.backward_z) <= limit() && o.spread_p >= INIT_ALARM,
                  "%s, %s, width %zu: forward z = %g, backward z = %g, p of the spread = %g", c->initializer,
                  assay_activation_name(c->activation), widths[which].width, o.forward_z, o.backward_z, o.spread_p);
}
END_TEST

/*
 * A test of the test: each statistic detects a gain that is off by half as much again as its stated power: it
 * misses one with less than 1e-10.
 */
START_TEST(wrong_gains_would_be_caught)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_forward");
    for (int i = 0; i < CASES; i++) {
        const depth_case *c = &cases[i];
        if (strcmp(c->initializer, "equal variance") == 0) {
            continue; /* has no gain to plant */
        }
        evidence_alarm(c->activation == ASSAY_TANH ? 2 : 6, 1e-10);
        for (int sign = -1; sign <= 1; sign += 2) {
            outcome o = measure(c, 1, pow(1.06, sign));
            ck_assert_msg(o.spread_p < INIT_ALARM, "%s: spread, gain %d * 6 %%: p = %g", c->initializer, sign,
                          o.spread_p);
            if (c->activation != ASSAY_TANH) {
                o = measure(c, 1, pow(c->activation == ASSAY_RELU ? 1.11 : 1.07, sign));
                ck_assert_msg(fabs(o.forward_z) > limit() && fabs(o.backward_z) > limit(),
                              "%s: forward z = %g, backward z = %g", c->initializer, o.forward_z, o.backward_z);
            }
        }
    }
}
END_TEST

/* The power that the head of this file states, from the theory alone. */
START_TEST(smallest_gains_caught)
{
    evidence(EVIDENCE_PROPERTY, "nn/network_forward");
    static const struct {
        int index;
        double forward, backward;
    } stated[] = {{0, 1.044, 1.044}, {3, 1.071, 1.071}};
    for (int which = 0; which < WIDTHS; which++) {
        size_t d[DEPTH + 1];
        sizes_of(widths[which].width, d);
        statistics_interval spread = statistics_variance_caught(ASSAY_NORMAL, units_measured(which), INIT_ALARM,
                                                                STATISTICS_POWER);
        ck_assert_double_lt(sqrt(spread.high), 1.038);
        ck_assert_double_gt(sqrt(spread.low), 1.0 / 1.038);
        for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
            const depth_case *c = &cases[stated[i].index];
            double up = caught(sqrt(forward_law(c, d).variance / widths[which].draws), HIDDEN - 1);
            double down = caught(sqrt(backward_law(c, d).variance / widths[which].draws), HIDDEN);
            ck_assert_msg(up <= stated[i].forward && down <= stated[i].backward, "%s, width %zu: %g and %g",
                          c->initializer, widths[which].width, up, down);
        }
    }
}
END_TEST

TCase *init_depth_case(void)
{
    TCase *depth = tcase_create("depth");
    tcase_set_timeout(depth, 120);
    tcase_add_loop_test(depth, variances_through_depth, 0, support_small_effort() ? CASES : CASES * WIDTHS);
    if (!support_small_effort()) {
        tcase_add_test(depth, wrong_gains_would_be_caught);
    }
    tcase_add_test(depth, smallest_gains_caught);
    return depth;
}
