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
 * No layer is square, so that fan-in, fan-out and their sum differ in each. The second network has the layers of
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

/* --- constant: nothing random about it ---------------------------------------------------------------------------- */

enum { CONSTANT_FILL, CONSTANT_WEIGHT, CONSTANT_BIAS };
enum { FILL_TUTORIAL = 1, FILL_OTHER };
enum { WEIGHT_ZERO = 1, WEIGHT_ONE, WEIGHT_DIVIDED, WEIGHT_NEGATED };
enum { FILL_BIAS_SKIPPED = 1, FILL_BIAS_ONE, FILL_BIAS_SMALL };
/* clang-format off */
static const char *const constant_fills[] = {
    [FILL_TUTORIAL] = "init_constant.fill_ignored",
    [FILL_OTHER] = "init_constant.fill_ignored",
};
static const char *const constant_weights[] = {
    [WEIGHT_ZERO] = "init_constant.weight_zero",
    [WEIGHT_ONE] = "init_constant.weight_one",
    [WEIGHT_DIVIDED] = "init_constant.divided_by_fan_in",
    [WEIGHT_NEGATED] = "init_constant.sign",
};
static const char *const constant_biases[] = {
    [FILL_BIAS_SKIPPED] = "init_constant.bias_skipped",
    [FILL_BIAS_ONE] = "init_constant.bias_one",
    [FILL_BIAS_SMALL] = "init_constant.bias_small",
};
static const grade_free constant_free[] = {{FILL_OTHER, 1e-6, 1e3}};
static const grade_axis constant_axes[] = {
    [CONSTANT_FILL] = {GRADE_AXIS("fill", constant_fills), GRADE_FREE(constant_free)},
    [CONSTANT_WEIGHT] = {GRADE_AXIS("weights", constant_weights)},
    [CONSTANT_BIAS] = {GRADE_AXIS("biases", constant_biases)},
};
/* clang-format on */

static void make_constant(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_network(index, made);
    assay_grade_tensor0(&made->inputs, "fill")[0] = assay_grade_uniform(random, 0.02, 0.1);
}

static double constant_weight(double fill, double in, int level)
{
    switch (level) {
    case WEIGHT_ZERO: return 0.0;
    case WEIGHT_ONE: return 1.0;
    case WEIGHT_DIVIDED: return fill / in;
    case WEIGHT_NEGATED: return -fill;
    default: return fill;
    }
}

static double constant_bias(double fill, int level)
{
    switch (level) {
    case FILL_BIAS_SKIPPED: return 0.0;
    case FILL_BIAS_ONE: return 1.0;
    case FILL_BIAS_SMALL: return 0.01;
    default: return fill;
    }
}

static void model_constant(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    double fill = assay_grade_number(&graded->inputs, "fill");
    fill = choice->level[CONSTANT_FILL] == FILL_TUTORIAL ? 0.005
           : choice->level[CONSTANT_FILL] == FILL_OTHER  ? choice->parameter
                                                         : fill;
    for (size_t f = 0; f < outputs->count; f++) {
        const grade_field *field = &outputs->field[f];
        double value = f % 2 == 1 ? constant_bias(fill, choice->level[CONSTANT_BIAS])
                                  : constant_weight(fill, fan_in(graded, f / 2), choice->level[CONSTANT_WEIGHT]);
        for (size_t i = 0; i < field->count; i++) {
            field->values[i] = value;
        }
    }
}

/* Random values: in some weight, hardly any two neighbours are equal. */
static const char *name_random(const grade_case *graded, const grade_fields *answers)
{
    (void)graded;
    for (size_t f = 0; f < answers->count; f += 2) {
        const grade_field *weight = &answers->field[f];
        size_t changes = 0;
        for (size_t i = 1; i < weight->count; i++) {
            changes += weight->values[i] != weight->values[i - 1];
        }
        if (10 * changes > 9 * (weight->count - 1)) {
            return "init_constant.random";
        }
    }
    return NULL;
}

const grade_component assay_grade_init_constant = {
    .name = "init_constant",
    .title = "constant initialization",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_constant,
    .model = model_constant,
    .name_values = name_random,
    GRADE_AXES(constant_axes),
};

/*
 * --- drawn at random: a weight's standard deviation is sqrt(gain / fan). `form` is what the code makes of it: the law
 * that it draws from, and what it takes for the law's parameter. The biases have an axis of their own.
 * -------------------------
 */

enum { AXIS_BIAS, AXIS_FORM, AXIS_GAIN, AXIS_FAN, AXIS_GAIN_CONVENTION, AXIS_FAN_CONVENTION };

/* clang-format off */
enum {
    FORM_BOUND = 1, FORM_VARIANCE, FORM_VARIANCE_UNIFORM, FORM_VARIANCE_AS_BOUND, FORM_ROOT_TWICE, FORM_BOUND_AS_STD,
    FORM_TRUNCATED, FORM_POSITIVE, FORM_RAND, FORM_ABSOLUTE, FORM_UNSCALED, FORM_UNIT_UNIFORM, FORM_SYMMETRIC_UNIT,
    FORM_MINUS_HALF, FORM_MINUS_HALF_SCALED, FORM_MULTIPLIED, FORM_ZERO, FORM_ONE_VALUE, FORM_FIXED,
    FORM_HALF_VARIANCE, FORM_SHIFTED, FORM_ONE_UNIFORM, FORM_MULTIPLIED_TWICE, FORM_ROOTLESS,
    FORM_OFF_CENTRE, FORM_OFF_CENTRE_FIXED, FORM_UNIFORM
};
/* The levels of `form` that have the same name in every initializer. */
#define SHARED_FORMS                                                   \
    [FORM_VARIANCE_AS_BOUND] = "initializer.variance_as_bound",      \
    [FORM_TRUNCATED] = "initializer.truncated",                      \
    [FORM_RAND] = "initializer.rand_for_randn",                      \
    [FORM_ABSOLUTE] = "initializer.absolute",                        \
    [FORM_UNSCALED] = "initializer.unscaled",                        \
    [FORM_UNIT_UNIFORM] = "initializer.unit_uniform",                \
    [FORM_SYMMETRIC_UNIT] = "initializer.symmetric_unit_uniform",    \
    [FORM_MINUS_HALF] = "initializer.rand_minus_half",               \
    [FORM_MINUS_HALF_SCALED] = "initializer.rand_minus_half_scaled", \
    [FORM_MULTIPLIED] = "initializer.multiplied",                    \
    [FORM_MULTIPLIED_TWICE] = "initializer.multiplied",              \
    [FORM_HALF_VARIANCE] = "initializer.half_variance",              \
    [FORM_SHIFTED] = "initializer.twelve_not_shifted",               \
    [FORM_ONE_UNIFORM] = "initializer.one_uniform_for_both",         \
    [FORM_ROOTLESS] = "initializer.box_muller_root_missing",         \
    [FORM_OFF_CENTRE] = "initializer.mean_not_zero",                 \
    [FORM_OFF_CENTRE_FIXED] = "initializer.mean_and_std",            \
    [FORM_ZERO] = "initializer.all_zero",                            \
    [FORM_ONE_VALUE] = "initializer.one_value"

static const grade_free free_forms[] = {{FORM_FIXED, 1e-6, 1e3}, {FORM_OFF_CENTRE_FIXED, 1e-6, 1e3}};

/* Of biases that are to be 0. What is more special comes first: BIAS_ANY fits all that is random. */
enum { BIAS_DEFAULT = 1, BIAS_UNSCALED, BIAS_UNIT_UNIFORM, BIAS_CONSTANT, BIAS_DRAWN, BIAS_ANY };
#define BIAS_LEVELS                                               \
    [BIAS_DEFAULT] = "initializer.bias_pytorch_default",        \
    [BIAS_UNSCALED] = "initializer.bias_unscaled",              \
    [BIAS_UNIT_UNIFORM] = "initializer.bias_unit_uniform",      \
    [BIAS_CONSTANT] = "initializer.bias_constant"
static const grade_free free_biases[] = {{BIAS_CONSTANT, 1e-12, 1e3}};
/* clang-format on */

static grade_distribution drawn(double std, int form, double fixed)
{
    double variance = std * std;
    switch (form) {
    case FORM_BOUND: return (grade_distribution){GRADE_UNIFORM, std};
    case FORM_VARIANCE: return (grade_distribution){GRADE_EITHER, variance};
    case FORM_VARIANCE_UNIFORM: return (grade_distribution){GRADE_UNIFORM, 3.0 * variance};
    case FORM_VARIANCE_AS_BOUND: return (grade_distribution){GRADE_UNIFORM, variance};
    case FORM_ROOT_TWICE: return (grade_distribution){GRADE_EITHER, sqrt(std)};
    case FORM_BOUND_AS_STD: return (grade_distribution){GRADE_NORMAL, sqrt(3.0) * std};
    case FORM_TRUNCATED: return (grade_distribution){GRADE_TRUNCATED, std};
    case FORM_POSITIVE: return (grade_distribution){GRADE_POSITIVE, sqrt(3.0) * std};
    case FORM_RAND: return (grade_distribution){GRADE_POSITIVE, std};
    case FORM_ABSOLUTE: return (grade_distribution){GRADE_HALF_NORMAL, std};
    case FORM_UNSCALED: return (grade_distribution){GRADE_NORMAL, 1.0};
    case FORM_UNIT_UNIFORM: return (grade_distribution){GRADE_POSITIVE, 1.0};
    case FORM_SYMMETRIC_UNIT: return (grade_distribution){GRADE_UNIFORM, 1.0};
    case FORM_MINUS_HALF: return (grade_distribution){GRADE_UNIFORM, 0.5};
    case FORM_MINUS_HALF_SCALED: return (grade_distribution){GRADE_UNIFORM, 0.5 * std};
    case FORM_MULTIPLIED: return (grade_distribution){GRADE_EITHER, 1.0 / std};
    case FORM_MULTIPLIED_TWICE: return (grade_distribution){GRADE_EITHER, 1.0 / variance};
    case FORM_HALF_VARIANCE: return (grade_distribution){GRADE_NORMAL, sqrt(0.5) * std};
    case FORM_SHIFTED: return (grade_distribution){GRADE_SHIFTED, std};
    case FORM_ONE_UNIFORM: return (grade_distribution){GRADE_ONE_UNIFORM, std};
    case FORM_ZERO: return (grade_distribution){GRADE_CONSTANT, 0.0};
    case FORM_ONE_VALUE: return (grade_distribution){GRADE_ONE_VALUE, 0.0};
    case FORM_FIXED: return (grade_distribution){GRADE_EITHER, fixed};
    case FORM_ROOTLESS: return (grade_distribution){GRADE_ROOTLESS, std};
    case FORM_OFF_CENTRE: return (grade_distribution){GRADE_OFF_CENTRE, std};
    case FORM_OFF_CENTRE_FIXED: return (grade_distribution){GRADE_OFF_CENTRE, fixed};
    case FORM_UNIFORM: return (grade_distribution){GRADE_UNIFORM, sqrt(3.0) * std};
    default: return (grade_distribution){GRADE_EITHER, std};
    }
}

/* A bias that is to be 0; `std` is that of the layer's weights. */
static grade_distribution drawn_bias(const grade_case *graded, const grade_choice *choice, size_t layer, double std)
{
    switch (choice->level[AXIS_BIAS]) {
    case BIAS_DRAWN: return (grade_distribution){GRADE_EITHER, std};
    case BIAS_DEFAULT: return (grade_distribution){GRADE_UNIFORM, 1.0 / sqrt(fan_in(graded, layer))};
    case BIAS_UNSCALED: return (grade_distribution){GRADE_NORMAL, 1.0};
    case BIAS_UNIT_UNIFORM: return (grade_distribution){GRADE_POSITIVE, 1.0};
    case BIAS_CONSTANT: return (grade_distribution){GRADE_CONSTANT, choice->parameter};
    case BIAS_ANY: return (grade_distribution){GRADE_RANDOM, 0.0};
    default: return (grade_distribution){GRADE_CONSTANT, 0.0};
    }
}

/*
 * A gain of another size, on every layer, is free: the number is the first layer's standard deviation, as the judge
 * estimates it, and the variance is gain / fan.
 */
static double other_gain(const grade_choice *choice, double first_fan)
{
    return choice->parameter * choice->parameter * first_fan;
}

static void make_seeded(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_network(index, made);
    make_seed(random, made);
}

/* --- one standard deviation for all: weights and biases ~ N(0, std^2) --------------------------------------------- */

enum { NORMAL_AXIS_SCALE = AXIS_FORM + 1 };
enum { NORMAL_DIVIDED = 1 };
enum {
    NORMAL_BIAS_ZERO = 1,
    NORMAL_BIAS_UNSCALED,
    NORMAL_BIAS_UNIT,
    NORMAL_BIAS_CONSTANT,
    NORMAL_BIAS_DIVIDED,
    NORMAL_BIAS_ANY
};
/* clang-format off */
static const char *const normal_scales[] = {
    [NORMAL_DIVIDED] = "init_normal.divided_by_fan_in",
};
static const char *const normal_forms[] = {
    SHARED_FORMS,
    [FORM_BOUND] = "init_normal.uniform_bound",
    [FORM_VARIANCE] = "init_normal.variance_as_std",
    [FORM_VARIANCE_UNIFORM] = "init_normal.variance_as_std",
    [FORM_ROOT_TWICE] = "init_normal.std_as_variance",
    [FORM_BOUND_AS_STD] = "initializer.bound_as_std",
    [FORM_POSITIVE] = "initializer.positive_only",
    [FORM_FIXED] = "init_normal.std_ignored",
    [FORM_UNIFORM] = "init_normal.uniform",
};
static const char *const normal_biases[] = {
    [NORMAL_BIAS_ZERO] = "init_normal.bias_skipped",
    [NORMAL_BIAS_UNSCALED] = "initializer.bias_unscaled",
    [NORMAL_BIAS_UNIT] = "initializer.bias_unit_uniform",
    [NORMAL_BIAS_CONSTANT] = "initializer.bias_constant",
    [NORMAL_BIAS_DIVIDED] = "init_normal.divided_by_fan_in",
    [NORMAL_BIAS_ANY] = "init_normal.bias_other_law",
};
static const grade_free free_normal_biases[] = {{NORMAL_BIAS_CONSTANT, 1e-12, 1e3}};
static const grade_axis normal_axes[] = {
    [AXIS_BIAS] = {GRADE_AXIS("biases", normal_biases), GRADE_FREE(free_normal_biases)},
    [AXIS_FORM] = {GRADE_AXIS("form", normal_forms), GRADE_FREE(free_forms), .rare = FORM_HALF_VARIANCE},
    [NORMAL_AXIS_SCALE] = {GRADE_AXIS("scale", normal_scales)},
};
/* clang-format on */

static void make_normal(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_network(index, made);
    assay_grade_tensor0(&made->inputs, "std")[0] = assay_grade_uniform(random, 0.02, 0.2);
    make_seed(random, made);
}

static grade_distribution normal_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    double std = assay_grade_number(&graded->inputs, "std");
    int form = choice->level[AXIS_FORM];
    std = choice->level[NORMAL_AXIS_SCALE] == NORMAL_DIVIDED ? std / sqrt(fan_in(graded, layer)) : std;
    if (!bias) {
        return form == 0 ? (grade_distribution){GRADE_NORMAL, std} : drawn(std, form, choice->parameter);
    }
    switch (choice->level[AXIS_BIAS]) {
    case NORMAL_BIAS_ZERO: return (grade_distribution){GRADE_CONSTANT, 0.0};
    case NORMAL_BIAS_UNSCALED: return (grade_distribution){GRADE_NORMAL, 1.0};
    case NORMAL_BIAS_UNIT: return (grade_distribution){GRADE_POSITIVE, 1.0};
    case NORMAL_BIAS_CONSTANT: return (grade_distribution){GRADE_CONSTANT, choice->parameter};
    case NORMAL_BIAS_DIVIDED: /* where the weights are one value each, the divisor shows in the biases alone */
        return (grade_distribution){GRADE_NORMAL,
                                    assay_grade_number(&graded->inputs, "std") / sqrt(fan_in(graded, layer))};
    case NORMAL_BIAS_ANY: return (grade_distribution){GRADE_RANDOM, 0.0};
    default: /* drawn as the weights are; one value for each tensor says nothing of another tensor */
        return form == 0 || form == FORM_ONE_VALUE ? (grade_distribution){GRADE_NORMAL, std}
                                                   : drawn(std, form, choice->parameter);
    }
}

static const struct grade_initializer normal_initializer = {normal_draws, NULL};

const grade_component assay_grade_init_normal = {
    .name = "init_normal",
    .title = "normal initialization, one standard deviation",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_normal,
    .initializer = &normal_initializer,
    GRADE_AXES(normal_axes),
};

/* --- fan-in: Var w = 1 / fan_in, biases 0 ------------------------------------------------------------------------- */

enum { FAN_IN_AXIS_OTHER = AXIS_FAN + 1 };
enum { FAN_IN_GAIN_EVERYWHERE = 1, FAN_IN_GAIN_LATER, FAN_IN_GAIN_OTHER };
enum { FAN_IN_OUT = 1, FAN_IN_AVERAGE };
/* clang-format off */
static const char *const fan_in_gains[] = {
    [FAN_IN_GAIN_EVERYWHERE] = "init_fan_in.gain_of_relu",
    [FAN_IN_GAIN_LATER] = "init_fan_in.gain_after_first_layer",
    [FAN_IN_GAIN_OTHER] = "init_fan_in.other_gain",
};
static const grade_free fan_in_free[] = {{FAN_IN_GAIN_OTHER, 1e-6, 1e3}};
static const char *const fan_in_fans[] = {
    [FAN_IN_OUT] = "init_fan_in.fan_out",
    [FAN_IN_AVERAGE] = "init_fan_in.fan_average",
};
static const char *const fan_in_other_fans[] = {NULL, "init_fan_in.orthogonal"};
static const char *const fan_in_forms[] = {
    SHARED_FORMS,
    [FORM_BOUND] = "init_fan_in.std_as_bound",
    [FORM_VARIANCE] = "init_fan_in.variance_as_std",
    [FORM_VARIANCE_UNIFORM] = "init_fan_in.variance_as_std",
    [FORM_ROOT_TWICE] = "initializer.std_as_variance",
    [FORM_BOUND_AS_STD] = "initializer.bound_as_std",
    [FORM_POSITIVE] = "initializer.positive_only",
    [FORM_FIXED] = "initializer.fixed_std",
};
static const char *const fan_in_biases[] = {
    BIAS_LEVELS,
    [BIAS_DRAWN] = "init_fan_in.bias_drawn",
    [BIAS_ANY] = "init_fan_in.bias_drawn",
};
static const grade_axis fan_in_axes[] = {
    [AXIS_BIAS] = {GRADE_AXIS("biases", fan_in_biases), GRADE_FREE(free_biases)},
    [AXIS_FORM] = {GRADE_AXIS("form", fan_in_forms), GRADE_FREE(free_forms), .rare = FORM_HALF_VARIANCE},
    [AXIS_GAIN] = {GRADE_AXIS("gain", fan_in_gains), GRADE_FREE(fan_in_free), .rare = FAN_IN_GAIN_OTHER},
    [AXIS_FAN] = {GRADE_AXIS("fan", fan_in_fans)},
    [FAN_IN_AXIS_OTHER] = {GRADE_AXIS("fan by convention", fan_in_other_fans), .convention = true},
};
/* clang-format on */

static double fan_in_fan(const grade_choice *choice, double in, double out)
{
    switch (choice->level[AXIS_FAN]) {
    case FAN_IN_OUT: return out;
    case FAN_IN_AVERAGE: return 0.5 * (in + out);
    default: return choice->level[FAN_IN_AXIS_OTHER] == 0 ? in : fmax(in, out);
    }
}

static double fan_in_shown(const grade_case *graded, const grade_choice *choice)
{
    return choice->level[AXIS_GAIN] == FAN_IN_GAIN_OTHER
               ? other_gain(choice, fan_in_fan(choice, fan_in(graded, 0), fan_out(graded, 0)))
               : choice->parameter;
}

static grade_distribution fan_in_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    int gains = choice->level[AXIS_GAIN];
    double gain = gains == FAN_IN_GAIN_OTHER ? fan_in_shown(graded, choice)
                  : gains == FAN_IN_GAIN_EVERYWHERE || (gains == FAN_IN_GAIN_LATER && layer > 0) ? 2.0
                                                                                                 : 1.0;
    double std = sqrt(gain / fan_in_fan(choice, fan_in(graded, layer), fan_out(graded, layer)));
    return bias ? drawn_bias(graded, choice, layer, std) : drawn(std, choice->level[AXIS_FORM], choice->parameter);
}

static const struct grade_initializer fan_in_initializer = {fan_in_draws, fan_in_shown};

const grade_component assay_grade_init_fan_in = {
    .name = "init_fan_in",
    .title = "fan-in initialization (equal variance)",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_seeded,
    .initializer = &fan_in_initializer,
    GRADE_AXES(fan_in_axes),
};

/* --- Xavier: Var w = 2 / (fan_in + fan_out), the uniform bound is sqrt(6 / (fan_in + fan_out)), biases 0 ---------- */

enum { XAVIER_ONE = 1, XAVIER_GAIN_OTHER };
enum { XAVIER_RELU = 1, XAVIER_TANH, XAVIER_SIGMOID };
enum {
    XAVIER_FAN_OUT = 1,
    XAVIER_PRODUCT,
    XAVIER_HARMONIC,
    XAVIER_GEOMETRIC,
    XAVIER_ROOTS,
    XAVIER_NO_PARENTHESES,
    XAVIER_NO_PARENTHESES_UNIFORM,
    XAVIER_NUMERATOR
};
enum { XAVIER_FAN_IN = 1, XAVIER_LARGER };
/* clang-format off */
static const char *const xavier_gains[] = {
    [XAVIER_ONE] = "init_xavier.two_missing",
    [XAVIER_GAIN_OTHER] = "init_xavier.other_gain",
};
static const grade_free xavier_free[] = {{XAVIER_GAIN_OTHER, 1e-6, 1e3}};
static const char *const xavier_other_gains[] = {
    [XAVIER_RELU] = "init_xavier.gain_of_relu",
    [XAVIER_TANH] = "init_xavier.gain_of_tanh",
    [XAVIER_SIGMOID] = "init_xavier.gain_of_sigmoid",
};
static const char *const xavier_fans[] = {
    [XAVIER_FAN_OUT] = "init_xavier.fan_out_only",
    [XAVIER_PRODUCT] = "init_xavier.fans_multiplied",
    [XAVIER_HARMONIC] = "init_xavier.harmonic_mean",
    [XAVIER_GEOMETRIC] = "init_xavier.geometric_mean",
    [XAVIER_ROOTS] = "init_xavier.roots_averaged",
    [XAVIER_NO_PARENTHESES] = "init_xavier.parentheses_missing",
    [XAVIER_NO_PARENTHESES_UNIFORM] = "init_xavier.parentheses_missing",
    [XAVIER_NUMERATOR] = "init_xavier.root_of_numerator",
};
static const char *const xavier_other_fans[] = {
    [XAVIER_FAN_IN] = "init_xavier.fan_in_only",
    [XAVIER_LARGER] = "init_xavier.orthogonal",
};
static const char *const xavier_forms[] = {
    SHARED_FORMS,
    [FORM_BOUND] = "init_xavier.std_as_bound",
    [FORM_VARIANCE] = "init_xavier.root_missing",
    [FORM_VARIANCE_UNIFORM] = "init_xavier.root_missing",
    [FORM_ROOT_TWICE] = "initializer.std_as_variance",
    [FORM_BOUND_AS_STD] = "init_xavier.bound_as_std",
    [FORM_POSITIVE] = "init_xavier.positive_only",
    [FORM_FIXED] = "initializer.fixed_std",
};
static const char *const xavier_biases[] = {
    BIAS_LEVELS,
    [BIAS_DRAWN] = "init_xavier.bias_drawn",
    [BIAS_ANY] = "init_xavier.bias_drawn",
};
static const grade_axis xavier_axes[] = {
    [AXIS_BIAS] = {GRADE_AXIS("biases", xavier_biases), GRADE_FREE(free_biases)},
    [AXIS_FORM] = {GRADE_AXIS("form", xavier_forms), GRADE_FREE(free_forms), .rare = FORM_HALF_VARIANCE},
    [AXIS_GAIN] = {GRADE_AXIS("gain", xavier_gains), GRADE_FREE(xavier_free), .rare = XAVIER_GAIN_OTHER},
    [AXIS_FAN] = {GRADE_AXIS("fan", xavier_fans)},
    [AXIS_GAIN_CONVENTION] = {GRADE_AXIS("gain by convention", xavier_other_gains), .convention = true},
    [AXIS_FAN_CONVENTION] = {GRADE_AXIS("fan by convention", xavier_other_fans), .convention = true},
};
/* clang-format on */

static double xavier_fan(const grade_choice *choice, double in, double out)
{
    switch (choice->level[AXIS_FAN]) {
    case XAVIER_FAN_OUT: return out;
    case XAVIER_PRODUCT: return 0.5 * in * out;
    case XAVIER_HARMONIC: return 2.0 / (1.0 / in + 1.0 / out);
    case XAVIER_GEOMETRIC: return sqrt(in * out);
    case XAVIER_ROOTS: return 0.25 * (sqrt(in) + sqrt(out)) * (sqrt(in) + sqrt(out));
    case XAVIER_NO_PARENTHESES: return 1.0 / (2.0 / in + out);
    case XAVIER_NO_PARENTHESES_UNIFORM: return 3.0 / (6.0 / in + out);
    case XAVIER_NUMERATOR: return 0.5 * (in + out) * (in + out); /* sqrt(2) / (in + out), U of sqrt(6) / (in + out) */
    default: break;
    }
    switch (choice->level[AXIS_FAN_CONVENTION]) {
    case XAVIER_FAN_IN: return in;
    case XAVIER_LARGER: return fmax(in, out);
    default: return 0.5 * (in + out);
    }
}

static double xavier_shown(const grade_case *graded, const grade_choice *choice)
{
    return choice->level[AXIS_GAIN] == XAVIER_GAIN_OTHER
               ? other_gain(choice, xavier_fan(choice, fan_in(graded, 0), fan_out(graded, 0)))
               : choice->parameter;
}

static double xavier_gain(const grade_case *graded, const grade_choice *choice)
{
    static const double conventions[] = {1.0, [XAVIER_RELU] = 2.0, [XAVIER_TANH] = 25.0 / 9.0, [XAVIER_SIGMOID] = 16.0};
    switch (choice->level[AXIS_GAIN]) {
    case XAVIER_ONE: return 0.5 * conventions[choice->level[AXIS_GAIN_CONVENTION]];
    case XAVIER_GAIN_OTHER: return xavier_shown(graded, choice);
    default: return conventions[choice->level[AXIS_GAIN_CONVENTION]];
    }
}

static grade_distribution xavier_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    double fan = xavier_fan(choice, fan_in(graded, layer), fan_out(graded, layer));
    double std = sqrt(xavier_gain(graded, choice) / fan);
    return bias ? drawn_bias(graded, choice, layer, std) : drawn(std, choice->level[AXIS_FORM], choice->parameter);
}

static const struct grade_initializer xavier_initializer = {xavier_draws, xavier_shown};

const grade_component assay_grade_init_xavier = {
    .name = "init_xavier",
    .title = "Xavier initialization",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_seeded,
    .initializer = &xavier_initializer,
    GRADE_AXES(xavier_axes),
};

/* --- Kaiming: Var w = 2 / fan_in, but 1 / fan_in in the first layer, whose input went through no ReLU; biases 0
 * ----- */

enum { KAIMING_AXIS_FIRST = AXIS_GAIN + 1, KAIMING_AXIS_FAN };
enum {
    KAIMING_GAIN = 1,
    KAIMING_SQUARED,
    KAIMING_LAST,
    KAIMING_INVERTED,
    KAIMING_DEFAULT,
    KAIMING_NUMERATOR,
    KAIMING_OTHER
};
enum { KAIMING_FAN_OUT = 1, KAIMING_AVERAGE, KAIMING_LARGER };
/* clang-format off */
static const char *const kaiming_gains[] = {
    [KAIMING_GAIN] = "init_kaiming.gain_missing",
    [KAIMING_SQUARED] = "init_kaiming.gain_squared",
    [KAIMING_LAST] = "init_kaiming.no_gain_on_last_layer",
    [KAIMING_INVERTED] = "init_kaiming.gain_inverted",
    [KAIMING_DEFAULT] = "init_kaiming.pytorch_default",
    [KAIMING_NUMERATOR] = "init_kaiming.root_of_numerator",
    [KAIMING_OTHER] = "init_kaiming.other_gain",
};
static const grade_free kaiming_free[] = {{KAIMING_OTHER, 1e-6, 1e3}};
static const char *const kaiming_other_gains[] = {NULL, "init_kaiming.gain_on_first_layer"};
static const char *const kaiming_other_fans[] = {
    [KAIMING_FAN_OUT] = "init_kaiming.fan_out",
    [KAIMING_AVERAGE] = "init_kaiming.fan_average",
    [KAIMING_LARGER] = "init_kaiming.orthogonal",
};
static const char *const kaiming_forms[] = {
    SHARED_FORMS,
    [FORM_BOUND] = "init_kaiming.std_as_bound",
    [FORM_VARIANCE] = "init_kaiming.variance_as_std",
    [FORM_VARIANCE_UNIFORM] = "init_kaiming.variance_as_std",
    [FORM_ROOT_TWICE] = "initializer.std_as_variance",
    [FORM_BOUND_AS_STD] = "initializer.bound_as_std",
    [FORM_POSITIVE] = "initializer.positive_only",
    [FORM_FIXED] = "initializer.fixed_std",
};
static const char *const kaiming_biases[] = {
    BIAS_LEVELS,
    [BIAS_DRAWN] = "init_kaiming.bias_drawn",
    [BIAS_ANY] = "init_kaiming.bias_drawn",
};
static const grade_axis kaiming_axes[] = {
    [AXIS_BIAS] = {GRADE_AXIS("biases", kaiming_biases), GRADE_FREE(free_biases)},
    [AXIS_FORM] = {GRADE_AXIS("form", kaiming_forms), GRADE_FREE(free_forms), .rare = FORM_HALF_VARIANCE},
    [AXIS_GAIN] = {GRADE_AXIS("gain", kaiming_gains), GRADE_FREE(kaiming_free), .rare = KAIMING_OTHER},
    [KAIMING_AXIS_FIRST] = {GRADE_AXIS("gain by convention", kaiming_other_gains), .convention = true},
    [KAIMING_AXIS_FAN] = {GRADE_AXIS("fan by convention", kaiming_other_fans), .convention = true},
};
/* clang-format on */

static double kaiming_fan(const grade_choice *choice, double in, double out)
{
    switch (choice->level[KAIMING_AXIS_FAN]) {
    case KAIMING_FAN_OUT: return out;
    case KAIMING_AVERAGE: return 0.5 * (in + out);
    case KAIMING_LARGER: return fmax(in, out);
    default: return in;
    }
}

static double kaiming_shown(const grade_case *graded, const grade_choice *choice)
{
    return choice->level[AXIS_GAIN] == KAIMING_OTHER
               ? other_gain(choice, kaiming_fan(choice, fan_in(graded, 0), fan_out(graded, 0)))
               : choice->parameter;
}

static double kaiming_gain(const grade_case *graded, const grade_choice *choice, size_t layer)
{
    bool last = layer + 2 == assay_grade_find(&graded->inputs, "sizes")->count;
    bool plain = layer == 0 && choice->level[KAIMING_AXIS_FIRST] == 0;
    switch (choice->level[AXIS_GAIN]) {
    case KAIMING_GAIN: return 1.0;
    case KAIMING_SQUARED: return plain ? 1.0 : 4.0;
    case KAIMING_LAST: return plain || last ? 1.0 : 2.0;
    case KAIMING_INVERTED: return plain ? 1.0 : 0.5;
    case KAIMING_OTHER: return kaiming_shown(graded, choice);
    case KAIMING_DEFAULT: return 1.0 / 3.0; /* kaiming_uniform_ with a = sqrt(5): 2 / (1 + 5) */
    default: return plain ? 1.0 : 2.0;
    }
}

static grade_distribution kaiming_draws(const grade_case *graded, const grade_choice *choice, size_t layer, bool bias)
{
    double fan = kaiming_fan(choice, fan_in(graded, layer), fan_out(graded, layer));
    double std = sqrt(kaiming_gain(graded, choice, layer) / fan);
    std /= choice->level[AXIS_GAIN] == KAIMING_NUMERATOR ? sqrt(fan) : 1.0; /* sqrt(2) / fan */
    return bias ? drawn_bias(graded, choice, layer, std) : drawn(std, choice->level[AXIS_FORM], choice->parameter);
}

static const struct grade_initializer kaiming_initializer = {kaiming_draws, kaiming_shown};

const grade_component assay_grade_init_kaiming = {
    .name = "init_kaiming",
    .title = "Kaiming initialization",
    .case_count = CASES,
    .numbers = NUMBERS,
    .make = make_seeded,
    .initializer = &kaiming_initializer,
    GRADE_AXES(kaiming_axes),
};
