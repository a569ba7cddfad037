/* Infinities, huge and tiny numbers, late steps; transfers; and that results repeat. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <assay/backend/openblas/core.h>
#include "backend/openblas/openblas.h"
#include <assay/base/alloc.h>
#include "support.h"
#include "test_backend.h"

static assay_slice real_slice(assay_backend *backend, size_t count, const double *values)
{
    assay_slice slice = assay_whole(assay_buffer_create(backend, ASSAY_REAL, count));
    ck_assert_ptr_nonnull(slice.buffer);
    if (values != NULL) {
        assay_upload_f64(backend, slice, values);
    }
    return slice;
}

static void release(assay_backend *backend, assay_slice slice)
{
    assay_buffer_destroy(backend, slice.buffer);
}

/* --- activations ----------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    assay_activation_kind kind;
    double x;
    double y;
    double derivative;
} limits[] = {
    {ASSAY_TANH, INFINITY, 1, 0},      {ASSAY_TANH, -INFINITY, -1, 0},     {ASSAY_TANH, 1e30, 1, 0},
    {ASSAY_TANH, -1e30, -1, 0},        {ASSAY_TANH, 1e-30, 1e-30, 1},      {ASSAY_SIGMOID, INFINITY, 1, 0},
    {ASSAY_SIGMOID, -INFINITY, 0, 0},  {ASSAY_SIGMOID, 1e30, 1, 0},        {ASSAY_SIGMOID, -1e30, 0, 0},
    {ASSAY_RELU, 1e30, 1e30, 1},       {ASSAY_RELU, -INFINITY, 0, 0},      {ASSAY_RELU, 0, 0, 0},
    {ASSAY_LEAKY_RELU, 0, 0, 0.01},    {ASSAY_LEAKY_RELU, 1e30, 1e30, 1},  {ASSAY_ELU, -INFINITY, -1, 0},
    {ASSAY_ELU, -1e30, -1, 0},         {ASSAY_ELU, INFINITY, INFINITY, 1}, {ASSAY_ELU, -1e-30, -1e-30, 1},
    {ASSAY_SELU, -1e30, -1.7580993408473766, 0},                           {ASSAY_SELU, 1e30, 1.0507009873554805e30,
                                                                            1.0507009873554805},
    {ASSAY_GELU, -1e30, 0, 0},         {ASSAY_GELU, -INFINITY, 0, 0},      {ASSAY_GELU, 1e30, 1e30, 1},
    {ASSAY_GELU, INFINITY, INFINITY, 1}, {ASSAY_GELU_TANH, -1e30, 0, 0},   {ASSAY_GELU_TANH, -INFINITY, 0, 0},
    {ASSAY_GELU_TANH, 1e30, 1e30, 1},  {ASSAY_GELU_TANH, INFINITY, INFINITY, 1},
    {ASSAY_SILU, -1e30, 0, 0},         {ASSAY_SILU, -INFINITY, 0, 0},      {ASSAY_SILU, 1e30, 1e30, 1},
    {ASSAY_SILU, INFINITY, INFINITY, 1},
    {ASSAY_MISH, -1e30, 0, 0},         {ASSAY_MISH, -INFINITY, 0, 0},      {ASSAY_MISH, 1e30, 1e30, 1},
    {ASSAY_MISH, INFINITY, INFINITY, 1}, {ASSAY_MISH, 0, 0, 0.6},
    {ASSAY_MISH, -60, -60 * 8.7565107626965203e-27, -59 * 8.7565107626965203e-27},
};
/* clang-format on */

enum { LIMITS = sizeof limits / sizeof *limits };

static void assert_near(const char *what, double x, double got, double want)
{
    bool near = got == want || fabs(got - want) <= 1e-6 * fabs(want);
    ck_assert_msg(near, "%s at %g is %.9g, and must be %.9g", what, x, got, want);
}

START_TEST(activations_have_their_limits)
{
    for (int i = 0; i < LIMITS; i++) {
        evidence(EVIDENCE_PROPERTY, "activation/%s", assay_activation_name(limits[i].kind));
    }
    assay_backend *backend = test_open_flavour(_i);
    for (int i = 0; i < LIMITS; i++) {
        assay_activation activation = assay_activation_default(limits[i].kind);
        double y;
        double dy;
        assay_slice x = real_slice(backend, 1, &limits[i].x);
        assay_slice out = real_slice(backend, 1, NULL);
        assay_slice dx = real_slice(backend, 1, (const double[]){1});
        assay_activation_forward(backend, activation, x, out);
        assay_activation_backward(backend, activation, x, out, dx, dx);
        assay_download_f64(backend, out, &y);
        assay_download_f64(backend, dx, &dy);
        assert_near(assay_activation_name(limits[i].kind), limits[i].x, y, limits[i].y);
        assert_near("its derivative", limits[i].x, dy, limits[i].derivative);
        release(backend, x);
        release(backend, out);
        release(backend, dx);
    }
    test_assert_clean(backend);
    assay_backend_close(backend);
}
END_TEST

/* As in PyTorch, 0 belongs to the negative side, whatever the parameter is. */
START_TEST(kinks_belong_to_the_left)
{
    static const struct {
        assay_activation activation;
        double derivative;
    } kinks[] = {{{ASSAY_RELU, 0}, 0},
                 {{ASSAY_LEAKY_RELU, 0.25}, 0.25},
                 {{ASSAY_ELU, 0.5}, 0.5},
                 {{ASSAY_ELU, 2}, 2},
                 {{ASSAY_SELU, 0}, 1.7580993408473766}};
    assay_backend *backend = test_open_flavour(_i);
    for (size_t i = 0; i < sizeof kinks / sizeof *kinks; i++) {
        evidence(EVIDENCE_PROPERTY, "activation/%s", assay_activation_name(kinks[i].activation.kind));
        double dy;
        assay_slice x = real_slice(backend, 1, (const double[]){0});
        assay_slice dx = real_slice(backend, 1, (const double[]){1});
        assay_activation_forward(backend, kinks[i].activation, x, x);
        assay_activation_backward(backend, kinks[i].activation, x, x, dx, dx);
        assay_download_f64(backend, dx, &dy);
        assert_near(assay_activation_name(kinks[i].activation.kind), 0, dy, kinks[i].derivative);
        release(backend, x);
        release(backend, dx);
    }
    test_assert_clean(backend);
    assay_backend_close(backend);
}
END_TEST

START_TEST(activations_pass_nan_on)
{
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        evidence(EVIDENCE_PROPERTY, "activation/%s", assay_activation_name((assay_activation_kind)kind));
    }
    assay_backend *backend = test_open_flavour(_i);
    double values[40];
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        for (int i = 0; i < 40; i++) {
            values[i] = NAN;
        }
        assay_slice x = real_slice(backend, 40, values);
        assay_activation_forward(backend, assay_activation_default((assay_activation_kind)kind), x, x);
        assay_download_f64(backend, x, values);
        for (int i = 0; i < 40; i++) {
            ck_assert_msg(isnan(values[i]), "%s of NaN is %g", assay_activation_name((assay_activation_kind)kind),
                          values[i]);
        }
        release(backend, x);
    }
    assay_backend_close(backend);
}
END_TEST

/* --- loss ------------------------------------------------------------------------------------------------------ */

/* Rows of three logits and the loss of label 0, -log softmax. */
/* clang-format off */
static const struct {
    double logits[3];
    double loss;
    double gradient; /* with respect to logit 0 */
    int correct;
} losses[] = {
    {{1e4, 0, -1e4}, 0, 0, 1},           {{-1e4, 1e4, 0}, 2e4, -1, 0},
    {{1e4, 1e4, 1e4}, 1.0986122886681098, -2.0 / 3, 1}, {{-1e30, -1e30, -1e30}, 1.0986122886681098, -2.0 / 3, 1},
    {{0, 0, -INFINITY}, 0.69314718055994531, -0.5, 1},  {{0, 1, 0}, 1.5514447139320511, -0.78805844451198, 0},
    {{3e38, -3e38, 0}, 0, 0, 1},
};
/* clang-format on */

START_TEST(loss_is_stable)
{
    evidence(EVIDENCE_PROPERTY, "operation/softmax_cross_entropy");
    evidence(EVIDENCE_PROPERTY, "operation/softmax");
    assay_backend *backend = test_open_flavour(_i);
    assay_slice label = assay_whole(assay_buffer_create(backend, ASSAY_INT32, 2));
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
        assay_slice logits = real_slice(backend, 3, losses[i].logits);
        assay_slice loss = real_slice(backend, 1, NULL);
        assay_slice gradient = real_slice(backend, 3, NULL);
        assay_softmax_cross_entropy(backend, 1, 3, logits, assay_part_of(label, 0, 1), loss, assay_part_of(label, 1, 1),
                                    gradient);
        double value;
        double slopes[3];
        double probabilities[3];
        int32_t correct;
        assay_download_f64(backend, loss, &value);
        assay_download_f64(backend, gradient, slopes);
        assay_download_i32(backend, assay_part_of(label, 1, 1), &correct);
        assert_near("the loss", losses[i].logits[0], value, losses[i].loss);
        assert_near("its gradient", losses[i].logits[0], slopes[0], losses[i].gradient);
        assay_softmax(backend, 1, 3, logits, gradient);
        assay_download_f64(backend, gradient, probabilities);
        assert_near("the label's probability", losses[i].logits[0], probabilities[0], 1 + losses[i].gradient);
        ck_assert_int_eq(correct, losses[i].correct);
        release(backend, logits);
        release(backend, loss);
        release(backend, gradient);
    }
    test_assert_clean(backend);
    release(backend, label);
    assay_backend_close(backend);
}
END_TEST

/* --- update rules ---------------------------------------------------------------------------------------------- */

#define ADAM_BETAS(b1, b2)                                                                       \
    .kind = ASSAY_UPDATE_ADAM, .learning_rate = 1e-3, .beta1 = b1, .beta2 = b2, .epsilon = 1e-8, \
    .correct_first = true, .correct_second = true
#define TORCH_ADAM ADAM_BETAS(0.9, 0.999)

static const assay_update_rule all_rules[] = {
    {.kind = ASSAY_UPDATE_SGD, .learning_rate = 0.1},
    {.kind = ASSAY_UPDATE_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9},
    {.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9, .nesterov = true},
    {TORCH_ADAM},
    {TORCH_ADAM, .amsgrad = true},
    {ADAM_BETAS(0, 0)},
    {.kind = ASSAY_UPDATE_RMSPROP, .learning_rate = 1e-3, .beta2 = 0.99, .epsilon = 1e-8},
    {.kind = ASSAY_UPDATE_LION, .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.99},
};

static const double gradients[] = {0, -0.0, 1e30, -1e30, 1e-30, -1e-40, 1e-45, 1, 3e37, -3e37, 1e19, -1e-20};

enum { GRADIENTS = sizeof gradients / sizeof *gradients };

/* What an update works on. */
static void release_update(assay_backend *backend, assay_slice parameters, assay_slice gradient,
                           const assay_slice *state)
{
    release(backend, parameters);
    release(backend, gradient);
    for (int i = 0; i < ASSAY_UPDATE_MAX_SLOTS; i++) {
        release(backend, state[i]);
    }
}

/* Three steps with extreme gradients, from late or early steps: no NaN anywhere, parameters finite. */
START_TEST(updates_never_make_nan)
{
    evidence(EVIDENCE_PROPERTY, "operation/update");
    static const uint64_t steps[] = {1, 2, 3, 5000000, 5000001};
    assay_backend *backend = test_open_flavour(_i);
    for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
        double zeros[GRADIENTS] = {0};
        assay_slice w = real_slice(backend, GRADIENTS, zeros);
        assay_slice g = real_slice(backend, GRADIENTS, gradients);
        assay_slice state[ASSAY_UPDATE_MAX_SLOTS];
        for (int i = 0; i < ASSAY_UPDATE_MAX_SLOTS; i++) {
            state[i] = real_slice(backend, GRADIENTS, zeros);
        }
        for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
            double values[GRADIENTS];
            assay_update(backend, &all_rules[r], steps[s], w, g, state);
            assay_download_f64(backend, w, values);
            for (int i = 0; i < GRADIENTS; i++) {
                ck_assert_msg(isfinite(values[i]), "rule %zu, step %zu, gradient %g: parameter %g", r, s, gradients[i],
                              values[i]);
            }
            for (size_t k = 0; k < assay_update_rule_slots(&all_rules[r]); k++) {
                assay_download_f64(backend, state[k], values);
                for (int i = 0; i < GRADIENTS; i++) {
                    ck_assert_msg(!isnan(values[i]), "rule %zu, step %zu: state %zu is NaN", r, s, k);
                }
            }
        }
        release_update(backend, w, g, state);
    }
    test_assert_clean(backend);
    assay_backend_close(backend);
}
END_TEST

/* A part in the middle of arrays that are not 0 anywhere: what is beside it stays. */
START_TEST(updates_keep_to_their_part)
{
    evidence(EVIDENCE_PROPERTY, "operation/update");
    enum { COUNT = 9, FIRST = 3, PART = 3 };
    double ones[COUNT];
    double values[COUNT];
    for (int i = 0; i < COUNT; i++) {
        ones[i] = 1;
    }
    assay_backend *backend = test_open_flavour(_i);
    for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
        assay_slice all[2 + ASSAY_UPDATE_MAX_SLOTS]; /* parameters, gradients, state */
        assay_slice part[2 + ASSAY_UPDATE_MAX_SLOTS];
        for (int k = 0; k < 2 + ASSAY_UPDATE_MAX_SLOTS; k++) {
            all[k] = real_slice(backend, COUNT, ones);
            part[k] = assay_part_of(all[k], FIRST, PART);
        }
        assay_update(backend, &all_rules[r], 2, part[0], part[1], part + 2);
        for (int k = 0; k < 2 + ASSAY_UPDATE_MAX_SLOTS; k++) {
            assay_download_f64(backend, all[k], values);
            for (int i = 0; i < COUNT; i++) {
                bool inside = i >= FIRST && i < FIRST + PART;
                ck_assert_msg(inside || values[i] == 1, "rule %zu, array %d: element %d is %g", r, k, i, values[i]);
                ck_assert_msg(!inside || k != 0 || values[i] != 1, "rule %zu: parameter %d has not moved", r, i);
            }
            release(backend, all[k]);
        }
    }
    test_assert_clean(backend);
    assay_backend_close(backend);
}
END_TEST

/* The first gradient g's mean square, update_rule.h: (1 - beta2) g^2, at most that of 2^63 (in double: of 2^511). */
START_TEST(squares_are_bounded)
{
    evidence(EVIDENCE_PROPERTY, "operation/update");
    static const int beyond[] = {-1, 0, 1, 40}; /* the gradients' exponents, from the largest's */
    enum { COUNT = sizeof beyond / sizeof *beyond };
    assay_backend *backend = test_open_flavour(_i);
    const bool wide = assay_backend_precision(backend) == ASSAY_F64;
    double g[COUNT];
    const double zeros[COUNT] = {0};
    for (int i = 0; i < COUNT; i++) {
        g[i] = ldexp(i % 2 == 0 ? 1 : -1, (wide ? 511 : 63) + beyond[i]);
    }
    for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
        if (all_rules[r].kind != ASSAY_UPDATE_ADAM && all_rules[r].kind != ASSAY_UPDATE_RMSPROP) {
            continue;
        }
        assay_slice w = real_slice(backend, COUNT, zeros);
        assay_slice gradient = real_slice(backend, COUNT, g);
        assay_slice state[ASSAY_UPDATE_MAX_SLOTS];
        for (int i = 0; i < ASSAY_UPDATE_MAX_SLOTS; i++) {
            state[i] = real_slice(backend, COUNT, zeros);
        }
        assay_update(backend, &all_rules[r], 1, w, gradient, state);
        double v[COUNT];
        assay_download_f64(backend, state[all_rules[r].kind == ASSAY_UPDATE_ADAM ? 1 : 0], v);
        for (int i = 0; i < COUNT; i++) {
            double want = ldexp(1 - all_rules[r].beta2, 2 * ((wide ? 511 : 63) + (beyond[i] < 0 ? beyond[i] : 0)));
            ck_assert_msg(fabs(v[i] - want) <= 1e-6 * want, "rule %zu, gradient %g: %g, not %g", r, g[i], v[i], want);
        }
        release_update(backend, w, gradient, state);
    }
    test_assert_clean(backend);
    assay_backend_close(backend);
}
END_TEST

/* A gradient that is not finite does not count as a large one: a run that has diverged shows it. */
START_TEST(updates_show_what_is_not_finite)
{
    evidence(EVIDENCE_PROPERTY, "operation/update");
    static const double broken[] = {INFINITY, -INFINITY, NAN};
    enum { COUNT = sizeof broken / sizeof *broken };
    assay_backend *backend = test_open_flavour(_i);
    for (size_t r = 0; r < sizeof all_rules / sizeof *all_rules; r++) {
        const double zeros[COUNT] = {0};
        assay_slice w = real_slice(backend, COUNT, zeros);
        assay_slice g = real_slice(backend, COUNT, broken);
        assay_slice state[ASSAY_UPDATE_MAX_SLOTS];
        for (int i = 0; i < ASSAY_UPDATE_MAX_SLOTS; i++) {
            state[i] = real_slice(backend, COUNT, zeros);
        }
        double values[COUNT];
        assay_update(backend, &all_rules[r], 1, w, g, state);
        assay_download_f64(backend, w, values);
        double m[COUNT] = {0};
        if (all_rules[r].kind == ASSAY_UPDATE_LION) { /* update_rule.h: its steps are finite */
            assay_download_f64(backend, state[0], m);
        }
        for (int i = 0; i < COUNT; i++) {
            ck_assert_msg(!isfinite(values[i]) || !isfinite(m[i]), "rule %zu, gradient %g: parameter %g", r, broken[i],
                          values[i]);
            ck_assert_msg(!isnan(broken[i]) || isnan(values[i]), "rule %zu: parameter %g after NaN", r, values[i]);
        }
        release_update(backend, w, g, state);
    }
    test_assert_clean(backend);
    assay_backend_close(backend);
}
END_TEST

/* Adam's first step is eta sign(g) for any g well above epsilon whose square is a float. */
START_TEST(first_step_of_adam)
{
    evidence(EVIDENCE_PROPERTY, "optimizer/adam");
    static const double g[] = {1e-3, -1, 1e10, -1e17, 1e18, 1.8e19};
    enum { COUNT = sizeof g / sizeof *g };
    assay_backend *backend = test_open_flavour(_i);
    const double zeros[COUNT] = {0};
    double w[COUNT];
    assay_slice parameters = real_slice(backend, COUNT, zeros);
    assay_slice gradient = real_slice(backend, COUNT, g);
    assay_slice state[] = {real_slice(backend, COUNT, zeros), real_slice(backend, COUNT, zeros)};
    const assay_update_rule rule = {TORCH_ADAM};
    assay_update(backend, &rule, 1, parameters, gradient, state);
    assay_download_f64(backend, parameters, w);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_msg(fabs(w[i] + copysign(1e-3, g[i])) < 2e-8, "gradient %g moved the parameter by %g", g[i], w[i]);
    }
    test_assert_clean(backend);
    release(backend, parameters);
    release(backend, gradient);
    release(backend, state[0]);
    release(backend, state[1]);
    assay_backend_close(backend);
}
END_TEST

/* --- transfers ------------------------------------------------------------------------------------------------- */

START_TEST(transfers_convert)
{
    evidence(EVIDENCE_PROPERTY, "operation/upload");
    evidence(EVIDENCE_PROPERTY, "operation/download");
    evidence(EVIDENCE_PROPERTY, "operation/fill");
    evidence(EVIDENCE_PROPERTY, "operation/copy");
    evidence(EVIDENCE_PROPERTY, "operation/buffer_create");
    assay_backend *backend = test_open_flavour(_i);
    const float from_f32[] = {0.1f, -2.5f, 1e-40f};
    const double from_f64[] = {0.1, -2.5, 1e-310};
    const int32_t from_i32[] = {INT32_MIN, 0, INT32_MAX};
    float f32[3];
    double f64[3];
    int32_t i32[3];
    bool narrow = assay_backend_precision(backend) == ASSAY_F32;
    assay_slice reals = real_slice(backend, 3, NULL);
    assay_slice ints = assay_whole(assay_buffer_create(backend, ASSAY_INT32, 3));
    assay_slice other = assay_whole(assay_buffer_create(backend, ASSAY_INT32, 3));
    assay_download_f64(backend, reals, f64);
    ck_assert_msg(f64[0] == 0 && f64[2] == 0, "a new buffer is not zero");
    assay_upload_f32(backend, reals, from_f32);
    assay_download_f32(backend, reals, f32);
    assay_download_f64(backend, reals, f64);
    for (int i = 0; i < 3; i++) {
        ck_assert(f32[i] == from_f32[i] && f64[i] == (double)from_f32[i]);
    }
    assay_upload_f64(backend, reals, from_f64);
    assay_download_f32(backend, reals, f32);
    assay_download_f64(backend, reals, f64);
    for (int i = 0; i < 3; i++) {
        ck_assert(f32[i] == (float)from_f64[i]);
        ck_assert(f64[i] == (narrow ? (double)(float)from_f64[i] : from_f64[i]));
    }
    /* Two of three: their neighbour stays, in the buffer and in the caller's memory. */
    const float two[] = {4.0f, 5.0f};
    assay_upload_f32(backend, assay_part_of(reals, 0, 2), two);
    assay_download_f64(backend, reals, f64);
    ck_assert(f64[0] == 4.0 && f64[1] == 5.0 && f64[2] == (narrow ? (double)(float)from_f64[2] : from_f64[2]));
    f32[2] = 9.0f;
    assay_download_f32(backend, assay_part_of(reals, 0, 2), f32);
    ck_assert(f32[0] == 4.0f && f32[1] == 5.0f && f32[2] == 9.0f);
    assay_upload_f64(backend, reals, from_f64);
    assay_upload_i32(backend, ints, from_i32);
    assay_copy(backend, other, ints);
    assay_download_i32(backend, other, i32);
    ck_assert_mem_eq(i32, from_i32, sizeof i32);
    assay_fill(backend, assay_part_of(reals, 1, 1), 0.3);
    assay_download_f64(backend, reals, f64);
    ck_assert(f64[1] == (narrow ? (double)0.3f : 0.3) && f64[0] != f64[1]);
    test_assert_clean(backend);
    release(backend, reals);
    release(backend, ints);
    release(backend, other);
    assay_backend_close(backend);
}
END_TEST

START_TEST(random_fills_are_the_generators)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/fill_random");
    enum { COUNT = 1237 };
    static float drawn[COUNT];
    static double filled[COUNT + 2];
    const assay_distribution normal = {ASSAY_NORMAL, 0.5, 2};
    assay_backend *backend = test_open_flavour(_i);
    assay_generator generator;
    assay_generator again;
    assay_generator_seed(&generator, ASSAY_GENERATOR_PHILOX, 7, 448);
    again = generator;
    assay_generator_fill(&generator, normal, COUNT, drawn);
    assay_slice all = real_slice(backend, COUNT + 2, NULL);
    assay_fill_random(backend, assay_part_of(all, 1, COUNT), &again, normal);
    assay_download_f64(backend, all, filled);
    ck_assert(filled[0] == 0 && filled[COUNT + 1] == 0);
    /* A device has its own logarithm, sine and cosine: 4 units in the last place of 0.5 + 6 standard deviations. */
    double allowed = strcmp(assay_backend_name(backend), "cuda") == 0 ? ldexp(4 * (0.5 + 6 * 2), -23) : 0;
    for (int i = 0; i < COUNT; i++) {
        ck_assert_msg(fabs(filled[i + 1] - (double)drawn[i]) <= allowed, "element %d is %.9g, not %.9g", i,
                      filled[i + 1], (double)drawn[i]);
    }
    support_assert_same_generator(&again, &generator);
    release(backend, all);
    assay_backend_close(backend);
}
END_TEST

START_TEST(reductions)
{
    evidence(EVIDENCE_CROSS_BACKEND, "operation/sum");
    evidence(EVIDENCE_CROSS_BACKEND, "operation/moments");
    enum { COUNT = 100003 };
    assay_backend *backend = test_open_flavour(_i);
    double *values = assay_calloc(COUNT, sizeof *values, NULL);
    uint64_t state = test_seed();
    long double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        values[i] = (double)(float)(test_uniform(&state) - 0.25);
        sum += (long double)values[i];
    }
    assay_slice x = real_slice(backend, COUNT, values);
    support_assert_relative("sum", assay_sum(backend, x), (double)sum, 1e-12);
    assay_moments got = assay_reduce_moments(backend, x);
    assay_moments want = assay_moments_f64(COUNT, values);
    ck_assert_uint_eq(got.count, COUNT);
    support_assert_relative("mean", got.mean, want.mean, 1e-10);
    support_assert_relative("variance", got.variance, want.variance, 1e-10);
    support_assert_relative("kurtosis", got.kurtosis, want.kurtosis, 1e-10);
    ck_assert(got.minimum == want.minimum && got.maximum == want.maximum);
    assay_free(values);
    release(backend, x);
    assay_backend_close(backend);
}
END_TEST

/* --- repetition ------------------------------------------------------------------------------------------------ */

enum { ROWS = 203, IN = 129, OUT = 67 };

/* Everything that a step computes, for comparison bit by bit. */
typedef struct {
    float y[ROWS * OUT];
    float dx[ROWS * IN];
    float dweight[OUT * IN];
    float dbias[OUT];
    float loss;
    double sum;
} outcome;

static void compute(int threads, outcome *out)
{
    assay_backend *b = test_open("openblas", ASSAY_F32, threads);
    const assay_linear_shape shape = {ROWS, IN, OUT};
    const assay_distribution normal = {ASSAY_NORMAL, 0, 1};
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, 3, 0);
    assay_slice x = real_slice(b, ROWS * IN, NULL);
    assay_slice w = real_slice(b, OUT * IN, NULL);
    assay_slice bias = real_slice(b, OUT, NULL);
    assay_slice y = real_slice(b, ROWS * OUT, NULL);
    assay_slice dx = real_slice(b, ROWS * IN, NULL);
    assay_slice dw = real_slice(b, OUT * IN, NULL);
    assay_slice loss = real_slice(b, 1, NULL);
    assay_slice labels = assay_whole(assay_buffer_create(b, ASSAY_INT32, ROWS));
    assay_fill_random(b, x, &generator, normal);
    assay_fill_random(b, w, &generator, normal);
    assay_linear_forward(b, shape, assay_activation_default(ASSAY_TANH), x, w, bias, ASSAY_NO_SLICE, y);
    assay_linear_backward_input(b, shape, assay_activation_default(ASSAY_RELU), y, w, ASSAY_NO_SLICE, x, dx);
    assay_linear_backward_parameters(b, shape, x, y, dw, bias);
    assay_softmax_cross_entropy(b, ROWS, OUT, y, labels, loss, ASSAY_NO_SLICE, ASSAY_NO_SLICE);
    assay_download_f32(b, y, out->y);
    assay_download_f32(b, dx, out->dx);
    assay_download_f32(b, dw, out->dweight);
    assay_download_f32(b, bias, out->dbias);
    assay_download_f32(b, loss, &out->loss);
    out->sum = assay_sum(b, x);
    test_assert_clean(b);
    const assay_slice all[] = {x, w, bias, y, dx, dw, loss, labels};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        release(b, all[i]);
    }
    assay_backend_close(b);
}

START_TEST(results_repeat_bit_for_bit)
{
    evidence(EVIDENCE_PROPERTY, "operation/linear_forward");
    evidence(EVIDENCE_PROPERTY, "operation/linear_backward_input");
    evidence(EVIDENCE_PROPERTY, "operation/linear_backward_parameters");
    evidence(EVIDENCE_PROPERTY, "operation/softmax_cross_entropy");
    evidence(EVIDENCE_PROPERTY, "operation/sum");
    static outcome first;
    static outcome second;
    for (int threads = 1; threads <= 3; threads++) {
        memset(&first, 0, sizeof first);
        memset(&second, 0, sizeof second);
        compute(threads, &first);
        for (int i = 0; i < (support_small_effort() ? 2 : 10); i++) {
            compute(threads, &second);
            ck_assert_msg(memcmp(&first, &second, sizeof first) == 0, "two runs with %d threads differ", threads);
        }
    }
}
END_TEST

/* Many operations in a row, with pauses in which the threads go to sleep. */
START_TEST(threads_wake_every_time)
{
    evidence(EVIDENCE_PROPERTY, "operation/activation_forward");
    evidence(EVIDENCE_PROPERTY, "operation/synchronize");
    enum { COUNT = 20011 };
    for (int threads = 2; threads <= 4; threads++) {
        assay_backend *backend = test_open("openblas", ASSAY_F32, threads);
        assay_slice x = real_slice(backend, COUNT, NULL);
        for (int i = 0; i < (support_small_effort() ? 100 : 2000); i++) {
            if (i % 40 == 0) {
                nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
            }
            assay_activation_forward(backend, assay_activation_default(ASSAY_SIGMOID), x, x);
            assay_fill(backend, x, 1);
            ck_assert(assay_sum(backend, x) == (double)COUNT);
        }
        release(backend, x);
        assay_backend_close(backend);
    }
}
END_TEST

START_TEST(better_core_is_a_core)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    const char *core = assay_openblas_better_core();
    ck_assert(core == NULL || strcmp(core, "SKYLAKEX") == 0);
}
END_TEST

/* What OpenBLAS may have chosen, and the cores that would serve better, or retrace: see core.h. */
START_TEST(cores_are_improved_upon)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    /* clang-format off */
    static const struct {
        const char *chosen;
        bool better;
        bool retraces;
    /* clang-format off */
    } cores[] = {
        {"Haswell", true, true},     {"Zen", true, false},       {"Excavator", true, false},
        {"Sandybridge", true, false}, {"Cooperlake", true, false}, {"SkylakeX", false, false},
        {"SapphireRapids", false, false}, {"", false, false},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cores / sizeof *cores; i++) {
        const char *better = assay_openblas_core_better_than(cores[i].chosen, (assay_processor){.avx512vl = true});
        ck_assert_pstr_eq(better, cores[i].better ? "SKYLAKEX" : NULL);
        ck_assert_ptr_null(assay_openblas_core_better_than(cores[i].chosen, (assay_processor){.avx2 = true}));
        const char *retracing = assay_openblas_core_retracing_after(cores[i].chosen, (assay_processor){.avx2 = true});
        ck_assert_pstr_eq(retracing, cores[i].retraces ? NULL : "HASWELL");
        ck_assert_ptr_null(assay_openblas_core_retracing_after(cores[i].chosen, (assay_processor){.fma = true}));
    }
}
END_TEST

TCase *test_backend_extremes(void)
{
    TCase *tcase = tcase_create("extremes");
    tcase_set_timeout(tcase, 60);
    size_t flavours;
    test_flavours(&flavours);
    tcase_add_loop_test(tcase, activations_have_their_limits, 0, (int)flavours);
    tcase_add_loop_test(tcase, kinks_belong_to_the_left, 0, (int)flavours);
    tcase_add_loop_test(tcase, activations_pass_nan_on, 0, (int)flavours);
    tcase_add_loop_test(tcase, loss_is_stable, 0, (int)flavours);
    tcase_add_loop_test(tcase, updates_never_make_nan, 0, (int)flavours);
    tcase_add_loop_test(tcase, updates_keep_to_their_part, 0, (int)flavours);
    tcase_add_loop_test(tcase, squares_are_bounded, 0, (int)flavours);
    tcase_add_loop_test(tcase, updates_show_what_is_not_finite, 0, (int)flavours);
    tcase_add_loop_test(tcase, first_step_of_adam, 0, (int)flavours);
    tcase_add_loop_test(tcase, transfers_convert, 0, (int)flavours);
    tcase_add_loop_test(tcase, random_fills_are_the_generators, 0, (int)flavours);
    tcase_add_loop_test(tcase, reductions, 0, (int)flavours);
    tcase_add_test(tcase, results_repeat_bit_for_bit);
    tcase_add_test(tcase, threads_wake_every_time);
    tcase_add_test(tcase, better_core_is_a_core);
    tcase_add_test(tcase, cores_are_improved_upon);
    return tcase;
}
