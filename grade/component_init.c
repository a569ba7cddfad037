/*
 * The initializers: cells [12] (constant), [14] (one standard deviation for all), [16] (fan-in), [17] (Xavier) and [19]
 * (Kaiming) of the tutorial. A network of sizes s_0 .. s_L has weights [s_l+1][s_l] and biases [s_l+1].
 */
#include <math.h>
#include <stdio.h>

#include "grade/components.h"
#include "grade/distribution.h"

enum { MAX_SIZES = 5, NUMBERS = 1 << 16 };

/*
 * No layer is square, so that fan-in, fan-out and their sum are told apart in each. The second network has the layers of
 * the first and one more, so that each tensor can be compared with itself under another seed (judge_init.c).
 */
static const struct {
    const char *name;
    size_t size_count;
    size_t sizes[MAX_SIZES];
} cases[] = {
    {"three layers", 4, {120, 80, 200, 40}},
    {"four layers, another seed", 5, {120, 80, 200, 40, 30}},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void make_network(size_t index, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    snprintf(made->name, sizeof made->name, "%s", cases[index].name);
    double *sizes = assay_grade_tensor1(&made->inputs, "sizes", cases[index].size_count);
    assay_grade_integers(&made->inputs);
    for (size_t i = 0; i < cases[index].size_count; i++) {
        sizes[i] = (double)cases[index].sizes[i];
    }
    for (size_t l = 0; l + 1 < cases[index].size_count; l++) {
        assay_grade_tensor2(&made->outputs, assay_grade_numbered(name, "weight", l), cases[index].sizes[l + 1],
                            cases[index].sizes[l]);
        assay_grade_tensor1(&made->outputs, assay_grade_numbered(name, "bias", l), cases[index].sizes[l + 1]);
    }
}

/* Below 2^31, so that every language's generator takes it. */
static void make_seed(assay_mt19937 *random, grade_case *made)
{
    assay_grade_tensor0(&made->inputs, "seed")[0] = (double)(assay_mt19937_random32(random) >> 1);
    assay_grade_integers(&made->inputs);
}

static double fan_in(const grade_case *graded, size_t layer)
{
    return assay_grade_values(&graded->inputs, "sizes")[layer];
}

static double fan_out(const grade_case *graded, size_t layer)
{
    return assay_grade_values(&graded->inputs, "sizes")[layer + 1];
}

static grade_distribution constant(double value)
{
    return (grade_distribution){GRADE_CONSTANT, value};
}

static grade_distribution normal(double std)
{
    return (grade_distribution){GRADE_NORMAL, std};
}

static grade_distribution either(double std)
{
    return (grade_distribution){GRADE_EITHER, std};
}

/* --- constant: nothing random about it ---------------------------------------------------------------------------- */

enum { CONSTANT_BIAS = 1, CONSTANT_ZERO, CONSTANT_TUTORIAL };
static const char *const constant_mistakes[] = {
    [CONSTANT_BIAS] = "init_constant.bias_skipped",
    [CONSTANT_ZERO] = "init_constant.fill_ignored",
    [CONSTANT_TUTORIAL] = "init_constant.fill_ignored",
};

static void make_constant(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_network(index, made);
    assay_grade_tensor0(&made->inputs, "fill")[0] = assay_grade_uniform(random, 0.01, 0.1);
}

static void model_constant(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    double fill = assay_grade_number(&graded->inputs, "fill");
    fill = mistake == CONSTANT_ZERO ? 0.0 : mistake == CONSTANT_TUTORIAL ? 0.005 : fill;
    for (size_t f = 0; f < outputs->count; f++) {
        const grade_field *field = &outputs->field[f];
        bool bias = field->name[0] == 'b';
        for (size_t i = 0; i < field->count; i++) {
            field->values[i] = bias && mistake == CONSTANT_BIAS ? 0.0 : fill;
        }
    }
}

const grade_component assay_grade_init_constant = {
    .name = "init_constant",
    .title = "constant initialization",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_constant,
    .model = model_constant,
    GRADE_MISTAKES(constant_mistakes),
};

/* --- one standard deviation for all: weights and biases ~ N(0, std^2) --------------------------------------------- */

enum { NORMAL_VARIANCE = 1, NORMAL_SQUARED, NORMAL_BIAS, NORMAL_UNIFORM };
static const char *const normal_mistakes[] = {
    [NORMAL_VARIANCE] = "init_normal.std_as_variance",
    [NORMAL_SQUARED] = "init_normal.variance_as_std",
    [NORMAL_BIAS] = "init_normal.bias_skipped",
    [NORMAL_UNIFORM] = "init_normal.uniform_bound",
};

static void make_normal(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_network(index, made);
    assay_grade_tensor0(&made->inputs, "std")[0] = assay_grade_uniform(random, 0.02, 0.2);
    make_seed(random, made);
}

static grade_distribution normal_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    int mistake = choice->level[0];
    (void)layer;
    double std = assay_grade_number(&graded->inputs, "std");
    switch (mistake) {
    case NORMAL_VARIANCE: return normal(sqrt(std));
    case NORMAL_SQUARED: return normal(std * std);
    case NORMAL_BIAS: return bias ? constant(0.0) : normal(std);
    case NORMAL_UNIFORM: return either(std / sqrt(3.0)); /* U(-std, std) */
    default: return normal(std);
    }
}

static const struct grade_initializer normal_initializer = {normal_draws};

const grade_component assay_grade_init_normal = {
    .name = "init_normal",
    .title = "normal initialization, one standard deviation",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_normal,
    .initializer = &normal_initializer,
    GRADE_MISTAKES(normal_mistakes),
};

/* --- fan-in: Var w = 1 / fan_in, biases 0 ------------------------------------------------------------------------- */

enum { FAN_IN_OUT = 1, FAN_IN_VARIANCE, FAN_IN_BIAS, FAN_IN_BOUND };
static const char *const fan_in_mistakes[] = {
    [FAN_IN_OUT] = "init_fan_in.fan_out",
    [FAN_IN_VARIANCE] = "init_fan_in.variance_as_std",
    [FAN_IN_BIAS] = "init_fan_in.bias_drawn",
    [FAN_IN_BOUND] = "init_fan_in.std_as_bound",
};

static void make_seeded(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_network(index, made);
    make_seed(random, made);
}

static grade_distribution fan_in_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    int mistake = choice->level[0];
    double in = fan_in(graded, layer);
    if (bias) {
        return mistake == FAN_IN_BIAS ? (grade_distribution){GRADE_RANDOM, 0.0} : constant(0.0);
    }
    switch (mistake) {
    case FAN_IN_OUT: return either(1.0 / sqrt(fan_out(graded, layer)));
    case FAN_IN_VARIANCE: return either(1.0 / in);
    case FAN_IN_BOUND: return either(1.0 / sqrt(3.0 * in)); /* U(-1/sqrt(in), 1/sqrt(in)): PyTorch's own default */
    default: return either(1.0 / sqrt(in));
    }
}

static const struct grade_initializer fan_in_initializer = {fan_in_draws};

const grade_component assay_grade_init_fan_in = {
    .name = "init_fan_in",
    .title = "fan-in initialization (equal variance)",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_seeded,
    .initializer = &fan_in_initializer,
    GRADE_MISTAKES(fan_in_mistakes),
};

/*
 * --- Xavier: Var w = 2 / (fan_in + fan_out), the uniform bound is sqrt(6 / (fan_in + fan_out)), biases 0
 * ---------------
 */

enum { XAVIER_FAN_IN = 1, XAVIER_BOUND, XAVIER_VARIANCE, XAVIER_POSITIVE, XAVIER_BIAS, XAVIER_PRODUCT, XAVIER_ONE };
/* clang-format off */
static const char *const xavier_mistakes[] = {
    [XAVIER_FAN_IN] = "init_xavier.fan_in_only",
    [XAVIER_BOUND] = "init_xavier.std_as_bound",
    [XAVIER_VARIANCE] = "init_xavier.root_missing",
    [XAVIER_POSITIVE] = "init_xavier.positive_only",
    [XAVIER_BIAS] = "init_xavier.bias_drawn",
    [XAVIER_PRODUCT] = "init_xavier.bound_as_std",
    [XAVIER_ONE] = "init_xavier.two_missing",
};
/* clang-format on */

static grade_distribution xavier_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    int mistake = choice->level[0];
    double in = fan_in(graded, layer);
    double sum = in + fan_out(graded, layer);
    if (bias) {
        return mistake == XAVIER_BIAS ? (grade_distribution){GRADE_RANDOM, 0.0} : constant(0.0);
    }
    switch (mistake) {
    case XAVIER_FAN_IN: return either(1.0 / sqrt(in));
    case XAVIER_BOUND: return either(sqrt(2.0 / sum) / sqrt(3.0));
    case XAVIER_VARIANCE: return either(6.0 / sum / sqrt(3.0)); /* U(-6/sum, 6/sum) */
    case XAVIER_POSITIVE: return (grade_distribution){GRADE_POSITIVE, sqrt(6.0 / sum)};
    case XAVIER_PRODUCT: return either(sqrt(6.0 / sum));
    case XAVIER_ONE: return either(1.0 / sqrt(sum));
    default: return either(sqrt(2.0 / sum));
    }
}

static const struct grade_initializer xavier_initializer = {xavier_draws};

const grade_component assay_grade_init_xavier = {
    .name = "init_xavier",
    .title = "Xavier initialization",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_seeded,
    .initializer = &xavier_initializer,
    GRADE_MISTAKES(xavier_mistakes),
};

/*
 * --- Kaiming: Var w = 2 / fan_in, but 1 / fan_in in the first layer, whose input went through no ReLU; biases 0
 * ---------
 */

enum {
    KAIMING_GAIN = 1,
    KAIMING_FIRST,
    KAIMING_FAN_OUT,
    KAIMING_SQUARED,
    KAIMING_VARIANCE,
    KAIMING_BIAS,
    KAIMING_BOUND,
    KAIMING_LAST
};
/* clang-format off */
static const char *const kaiming_mistakes[] = {
    [KAIMING_GAIN] = "init_kaiming.gain_missing",
    [KAIMING_FIRST] = "init_kaiming.gain_on_first_layer",
    [KAIMING_FAN_OUT] = "init_kaiming.fan_out",
    [KAIMING_SQUARED] = "init_kaiming.gain_squared",
    [KAIMING_VARIANCE] = "init_kaiming.variance_as_std",
    [KAIMING_BIAS] = "init_kaiming.bias_drawn",
    [KAIMING_BOUND] = "init_kaiming.std_as_bound",
    [KAIMING_LAST] = "init_kaiming.no_gain_on_last_layer",
};
/* clang-format on */

static grade_distribution kaiming_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    int mistake = choice->level[0];
    double in = fan_in(graded, layer);
    bool last = layer + 2 == assay_grade_find(&graded->inputs, "sizes")->count;
    bool plain = layer == 0 && mistake != KAIMING_FIRST;
    plain = plain || mistake == KAIMING_GAIN || (mistake == KAIMING_LAST && last);
    double variance = (plain ? 1.0 : 2.0) / (mistake == KAIMING_FAN_OUT ? fan_out(graded, layer) : in);
    if (bias) {
        return mistake == KAIMING_BIAS ? (grade_distribution){GRADE_RANDOM, 0.0} : constant(0.0);
    }
    switch (mistake) {
    case KAIMING_SQUARED: return either((plain ? 1.0 : 2.0) / sqrt(in));
    case KAIMING_VARIANCE: return either(variance);
    case KAIMING_BOUND: return either(sqrt(variance / 3.0));
    default: return either(sqrt(variance));
    }
}

static const struct grade_initializer kaiming_initializer = {kaiming_draws};

const grade_component assay_grade_init_kaiming = {
    .name = "init_kaiming",
    .title = "Kaiming initialization",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_seeded,
    .initializer = &kaiming_initializer,
    GRADE_MISTAKES(kaiming_mistakes),
};
