/*
 * The activation functions and their derivatives. An activation maps x to y, its gradient maps x and the upstream
 * gradient dy to dx = dy f'(x); both element by element.
 */
#include <math.h>
#include <stdio.h>

#include "grade/components.h"

/* Numbers that tell mistakes apart: the kink, +-1 (where x and x^2 meet); and values where e^x overflows. */
static const double kinks[] = {0.0, 1.0, -1.0, -0.25};
static const double large[] = {800.0, -800.0, 400.0, -400.0, 40.0, -40.0};

/* clang-format off */
static const struct {
    const char *name;
    const double *specials; /* these come first, the rest is drawn */
    size_t special_count;
    size_t drawn;
    double std;
    double slopes[2]; /* the range of the slope, for the leaky ReLU */
    bool extreme;
} cases[] = {
    {"numbers around zero", NULL, 0, 19, 1.0, {0.1, 0.4}, false},
    {"at the kink", kinks, 4, 9, 3.0, {0.1, 0.4}, false},
    {"one number", NULL, 0, 1, 1.0, {0.1, 0.4}, false},
    {"where e^x overflows", large, 6, 7, 3.0, {0.1, 0.4}, true},
    {"a slope of 0", kinks, 4, 8, 1.0, {0.0, 0.0}, false},
    {"a negative slope", kinks, 4, 8, 1.0, {-0.4, -0.2}, false},
    {"a slope above 1", kinks, 4, 8, 1.0, {1.5, 2.0}, false},
};
/* clang-format on */
enum { SLOPED_CASES = sizeof cases / sizeof cases[0], CASES = 4 };

static void make(size_t index, assay_mt19937 *random, grade_case *made, bool slope, bool gradient)
{
    size_t count = cases[index].special_count + cases[index].drawn;
    snprintf(made->name, sizeof made->name, "%s", cases[index].name);
    made->extreme = cases[index].extreme;
    double *x = assay_grade_tensor1(&made->inputs, "x", count);
    assay_grade_normals(random, count, cases[index].std, x);
    for (size_t i = 0; i < cases[index].special_count; i++) {
        x[i] = cases[index].specials[i];
    }
    if (gradient) {
        double *dy = assay_grade_tensor1(&made->inputs, "dy", count);
        for (size_t i = 0; i < count; i++) { /* both signs, and never close to 0 or 1 */
            dy[i] = assay_grade_uniform(random, 1.5, 3.0) * (assay_grade_index(random, 2) == 0 ? -1.0 : 1.0);
        }
    }
    if (slope) {
        assay_grade_tensor0(&made->inputs, "slope")[0] = assay_grade_uniform(random, cases[index].slopes[0],
                                                                             cases[index].slopes[1]);
    }
    assay_grade_tensor1(&made->outputs, gradient ? "dx" : "y", count);
}

static void make_forward(size_t index, assay_mt19937 *random, grade_case *made)
{
    make(index, random, made, false, false);
}

static void make_gradient(size_t index, assay_mt19937 *random, grade_case *made)
{
    make(index, random, made, false, true);
}

static void make_sloped(size_t index, assay_mt19937 *random, grade_case *made)
{
    make(index, random, made, true, false);
}

static void make_sloped_gradient(size_t index, assay_mt19937 *random, grade_case *made)
{
    make(index, random, made, true, true);
}

/* --- the axes that several activations share ---------------------------------------------------------------------- */

enum { AXIS_FORMULA, AXIS_OUTPUT, AXIS_INPUT, AXIS_GUARD };        /* of an activation */
enum { AXIS_DERIVATIVE, AXIS_UPSTREAM, AXIS_POINT, AXIS_FORWARD }; /* of a derivative */
enum { AXIS_ZERO = AXIS_FORWARD };                                 /* of one with a kink */

/* clang-format off */
enum { OUTPUT_NEGATED = 1, OUTPUT_COMPLEMENT, OUTPUT_INTEGER, OUTPUT_SQUARED };
#define OUTPUT_IDS(component, complement)                   \
    NULL,                                                   \
    [OUTPUT_NEGATED] = component ".negated",                \
    [OUTPUT_COMPLEMENT] = component complement,             \
    [OUTPUT_INTEGER] = component ".integer_output",         \
    [OUTPUT_SQUARED] = component ".squared"

enum { INPUT_HALVED = 1, INPUT_DOUBLED, INPUT_ABSOLUTE, INPUT_INTEGER };
#define INPUT_IDS(component)                                \
    NULL,                                                   \
    [INPUT_HALVED] = component ".half_argument",            \
    [INPUT_DOUBLED] = component ".double_argument",         \
    [INPUT_ABSOLUTE] = component ".absolute_argument",      \
    [INPUT_INTEGER] = component ".integer_argument"

/* How the upstream gradient enters. */
enum { UPSTREAM_MISSING = 1, UPSTREAM_ADDED, UPSTREAM_SQUARED, UPSTREAM_ABSOLUTE, UPSTREAM_NEGATED, UPSTREAM_DIVIDED };
#define UPSTREAM_IDS(component)                             \
    NULL,                                                   \
    [UPSTREAM_MISSING] = component ".upstream_missing",     \
    [UPSTREAM_ADDED] = component ".upstream_added",         \
    [UPSTREAM_SQUARED] = component ".upstream_squared",     \
    [UPSTREAM_ABSOLUTE] = component ".upstream_absolute",   \
    [UPSTREAM_NEGATED] = component ".sign",                 \
    [UPSTREAM_DIVIDED] = component ".divided_by_upstream"

/* Where a derivative that is written with y = f(x) is taken. */
enum { POINT_PREACTIVATION = 1, POINT_OUTPUT, POINT_UPSTREAM, POINT_OF_UPSTREAM };
#define POINT_IDS(component)                                \
    NULL,                                                   \
    [POINT_PREACTIVATION] = component ".on_preactivation",  \
    [POINT_OUTPUT] = component ".of_output",                \
    [POINT_UPSTREAM] = component ".on_upstream",            \
    [POINT_OF_UPSTREAM] = component ".of_upstream"
/* clang-format on */

static double output_of(int kind, double y)
{
    switch (kind) {
    case OUTPUT_NEGATED: return -y;
    case OUTPUT_COMPLEMENT: return 1.0 - y;
    case OUTPUT_INTEGER: return trunc(y);
    case OUTPUT_SQUARED: return y * y;
    default: return y;
    }
}

static double input_of(int kind, double x)
{
    switch (kind) {
    case INPUT_HALVED: return 0.5 * x;
    case INPUT_DOUBLED: return 2.0 * x;
    case INPUT_ABSOLUTE: return fabs(x);
    case INPUT_INTEGER: return trunc(x);
    default: return x;
    }
}

static double with_upstream(int kind, double derivative, double dy)
{
    switch (kind) {
    case UPSTREAM_MISSING: return derivative;
    case UPSTREAM_ADDED: return derivative + dy;
    case UPSTREAM_SQUARED: return derivative * dy * dy;
    case UPSTREAM_ABSOLUTE: return derivative * fabs(dy);
    case UPSTREAM_NEGATED: return -derivative * dy;
    case UPSTREAM_DIVIDED: return derivative / dy;
    default: return derivative * dy;
    }
}

/* The value used as y in a derivative that is written with y; `f` is the activation, of the kind AXIS_FORWARD. */
typedef double forward_function(double x, int forward, const grade_choice *choice);

static double y_at(const grade_choice *choice, forward_function *f, double x, double dy)
{
    int forward = choice->level[AXIS_FORWARD];
    switch (choice->level[AXIS_POINT]) {
    case POINT_PREACTIVATION: return x;
    case POINT_OUTPUT: return f(f(x, forward, choice), forward, choice);
    case POINT_UPSTREAM: return dy;
    case POINT_OF_UPSTREAM: return f(dy, forward, choice);
    default: return f(x, forward, choice);
    }
}

/* A difference quotient, forward or central. */
static double difference_of(const grade_choice *choice, forward_function *f, double x, bool central)
{
    int forward = choice->level[AXIS_FORWARD];
    double step = choice->parameter;
    double before = f(central ? x - step : x, forward, choice);
    return (f(x + step, forward, choice) - before) / (central ? 2.0 * step : step);
}

/* An element of a forward function, and of a derivative, with the choice's deviations in it. */
typedef double forward_element(double x, double slope, const grade_choice *choice);
typedef double derivative_element(double x, double dy, double slope, const grade_choice *choice);

static double slope_of(const grade_case *graded)
{
    const grade_field *slope = assay_grade_find(&graded->inputs, "slope");
    return slope == NULL ? 0.0 : slope->values[0];
}

static void apply_forward(forward_element *element, const grade_case *graded, const grade_choice *choice,
                          const grade_fields *outputs)
{
    const grade_field *x = assay_grade_find(&graded->inputs, "x");
    double *y = assay_grade_values(outputs, "y");
    for (size_t i = 0; i < x->count; i++) {
        double argument = input_of(choice->level[AXIS_INPUT], x->values[i]);
        y[i] = output_of(choice->level[AXIS_OUTPUT], element(argument, slope_of(graded), choice));
    }
}

static void apply_derivative(derivative_element *element, const grade_case *graded, const grade_choice *choice,
                             const grade_fields *outputs)
{
    const grade_field *x = assay_grade_find(&graded->inputs, "x");
    const double *dy = assay_grade_values(&graded->inputs, "dy");
    double *dx = assay_grade_values(outputs, "dx");
    for (size_t i = 0; i < x->count; i++) {
        double derivative = element(x->values[i], dy[i], slope_of(graded), choice);
        dx[i] = with_upstream(choice->level[AXIS_UPSTREAM], derivative, dy[i]);
    }
}

/* One activation's pair of components, from its two elements and the axes of both. */
#define ACTIVATION(NAME, TITLE, COUNT, MAKE, MAKE_GRADIENT)                                                            \
    static void model_##NAME(const grade_case *graded, const grade_choice *choice, const grade_fields *out)            \
    {                                                                                                                  \
        apply_forward(NAME##_element, graded, choice, out);                                                            \
    }                                                                                                                  \
    static void model_##NAME##_gradient(const grade_case *graded, const grade_choice *choice, const grade_fields *out) \
    {                                                                                                                  \
        apply_derivative(NAME##_derivative, graded, choice, out);                                                      \
    }                                                                                                                  \
    const grade_component assay_grade_##NAME = {                                                                       \
        .name = #NAME,                                                                                                 \
        .title = TITLE,                                                                                                \
        .case_count = COUNT,                                                                                           \
        .make = MAKE,                                                                                                  \
        .model = model_##NAME,                                                                                         \
        GRADE_AXES(NAME##_axes),                                                                                       \
    };                                                                                                                 \
    const grade_component assay_grade_##NAME##_gradient = {                                                            \
        .name = #NAME "_gradient",                                                                                     \
        .title = TITLE ", derivative",                                                                                 \
        .case_count = COUNT,                                                                                           \
        .make = MAKE_GRADIENT,                                                                                         \
        .model = model_##NAME##_gradient,                                                                              \
        GRADE_AXES(NAME##_gradient_axes),                                                                              \
    };

/* --- identity ----------------------------------------------------------------------------------------------------- */

/* clang-format off */
enum { IDENTITY_ONE = 1, IDENTITY_ZERO, IDENTITY_RELU, IDENTITY_ABSOLUTE, IDENTITY_TANH, IDENTITY_SIGMOID };
static const char *const identity_formulas[] = {
    [IDENTITY_ONE] = "identity.one",
    [IDENTITY_ZERO] = "identity.zero",
    [IDENTITY_RELU] = "identity.relu",
    [IDENTITY_ABSOLUTE] = "identity.absolute",
    [IDENTITY_TANH] = "identity.tanh",
    [IDENTITY_SIGMOID] = "identity.sigmoid",
};
static const char *const identity_outputs[] = {OUTPUT_IDS("identity", ".complement")};
static const grade_axis identity_axes[] = {
    [AXIS_FORMULA] = {GRADE_AXIS("formula", identity_formulas)},
    [AXIS_OUTPUT] = {GRADE_AXIS("output", identity_outputs)},
};

enum { DIDENTITY_INPUT = 1, DIDENTITY_ZERO, DIDENTITY_POSITIVE };
static const char *const identity_derivatives[] = {
    [DIDENTITY_INPUT] = "identity_gradient.input_for_derivative",
    [DIDENTITY_ZERO] = "identity_gradient.zero",
    [DIDENTITY_POSITIVE] = "identity_gradient.of_relu",
};
static const char *const identity_upstreams[] = {UPSTREAM_IDS("identity_gradient")};
static const grade_axis identity_gradient_axes[] = {
    [AXIS_DERIVATIVE] = {GRADE_AXIS("derivative", identity_derivatives)},
    [AXIS_UPSTREAM] = {GRADE_AXIS("upstream gradient", identity_upstreams)},
};
/* clang-format on */

static double identity_element(double x, double slope, const grade_choice *choice)
{
    (void)slope;
    switch (choice->level[AXIS_FORMULA]) {
    case IDENTITY_ONE: return 1.0;
    case IDENTITY_ZERO: return 0.0;
    case IDENTITY_RELU: return fmax(x, 0.0);
    case IDENTITY_ABSOLUTE: return fabs(x);
    case IDENTITY_TANH: return tanh(x);
    case IDENTITY_SIGMOID: return 1.0 / (1.0 + exp(-x));
    default: return x;
    }
}

static double identity_derivative(double x, double dy, double slope, const grade_choice *choice)
{
    (void)dy;
    (void)slope;
    switch (choice->level[AXIS_DERIVATIVE]) {
    case DIDENTITY_INPUT: return x;
    case DIDENTITY_ZERO: return 0.0;
    case DIDENTITY_POSITIVE: return x > 0.0 ? 1.0 : 0.0;
    default: return 1.0;
    }
}

ACTIVATION(identity, "identity", CASES, make_forward, make_gradient)

/* --- tanh --------------------------------------------------------------------------------------------------------- */

/* clang-format off */
enum {
    TANH_OVERFLOW = 1, TANH_OVERFLOW_POSITIVE, TANH_OVERFLOW_NEGATIVE, TANH_SIGMOID, TANH_TAN, TANH_ARCTAN, TANH_SINH,
    TANH_HARD, TANH_SOFTSIGN, TANH_TAYLOR, TANH_ERF, TANH_INVERSE,
    TANH_RELU, TANH_FRACTION, TANH_ONE_LEFT, TANH_CLIPPED, TANH_NAN, TANH_EPSILON, TANH_EPSILON_POSITIVE,
    TANH_NO_PARENTHESES, TANH_NO_PARENTHESES_BELOW
};
static const char *const tanh_formulas[] = {
    [TANH_OVERFLOW] = "tanh.overflow",
    [TANH_OVERFLOW_POSITIVE] = "tanh.overflow_positive",
    [TANH_OVERFLOW_NEGATIVE] = "tanh.overflow_negative",
    [TANH_SIGMOID] = "tanh.sigmoid",
    [TANH_TAN] = "tanh.tan",
    [TANH_ARCTAN] = "tanh.arctan",
    [TANH_SINH] = "tanh.sinh",
    [TANH_HARD] = "tanh.hard",
    [TANH_SOFTSIGN] = "tanh.softsign",
    [TANH_TAYLOR] = "tanh.taylor",
    [TANH_ERF] = "tanh.erf",
    [TANH_INVERSE] = "tanh.inverse",
    [TANH_RELU] = "tanh.relu",
    [TANH_FRACTION] = "tanh.inverted",
    [TANH_ONE_LEFT] = "tanh.one_missing",
    [TANH_CLIPPED] = "tanh.argument_clipped",
    [TANH_NAN] = "tanh.nan_replaced",
    [TANH_EPSILON] = "tanh.epsilon_in_denominator",
    [TANH_EPSILON_POSITIVE] = "tanh.epsilon_in_denominator",
    [TANH_NO_PARENTHESES] = "tanh.parentheses_missing",
    [TANH_NO_PARENTHESES_BELOW] = "tanh.parentheses_missing",
};
static const grade_free tanh_free[] = {
    {TANH_CLIPPED, 0.05, 10.0}, {TANH_EPSILON, 1e-9, 10.0}, {TANH_EPSILON_POSITIVE, 1e-9, 10.0}};
static const char *const tanh_outputs[] = {OUTPUT_IDS("tanh", ".complement")};
static const char *const tanh_inputs[] = {INPUT_IDS("tanh")};
static const char *const tanh_conventions[] = {NULL, "tanh.lecun"};
static const grade_axis tanh_axes[] = {
    [AXIS_FORMULA] = {GRADE_AXIS("formula", tanh_formulas), GRADE_FREE(tanh_free), .rare = TANH_RELU},
    [AXIS_OUTPUT] = {GRADE_AXIS("output", tanh_outputs)},
    [AXIS_INPUT] = {GRADE_AXIS("argument", tanh_inputs)},
    [AXIS_GUARD] = {GRADE_AXIS("scale", tanh_conventions), .convention = true},
};

enum {
    DTANH_SQUARE = 1, DTANH_ONE_PLUS, DTANH_ONE_MISSING, DTANH_SIGMOID, DTANH_OUTPUT, DTANH_ONE, DTANH_ROOT, DTANH_TAN,
    DTANH_ARCTAN, DTANH_SECOND, DTANH_HALF, DTANH_NO_PARENTHESES, DTANH_FORWARD, DTANH_CENTRAL
};
static const char *const tanh_derivatives[] = {
    [DTANH_SQUARE] = "tanh_gradient.square_missing",
    [DTANH_ONE_PLUS] = "tanh_gradient.one_plus",
    [DTANH_ONE_MISSING] = "tanh_gradient.one_missing",
    [DTANH_SIGMOID] = "tanh_gradient.of_sigmoid",
    [DTANH_OUTPUT] = "tanh_gradient.output_for_derivative",
    [DTANH_ONE] = "tanh_gradient.derivative_missing",
    [DTANH_ROOT] = "tanh_gradient.root",
    [DTANH_TAN] = "tanh_gradient.of_tan",
    [DTANH_ARCTAN] = "tanh_gradient.of_arctan",
    [DTANH_SECOND] = "tanh_gradient.second_derivative",
    [DTANH_HALF] = "tanh_gradient.half_argument",
    [DTANH_NO_PARENTHESES] = "tanh_gradient.parentheses_missing",
    [DTANH_FORWARD] = "any.finite_differences",
    [DTANH_CENTRAL] = "any.finite_differences",
};
static const grade_free dtanh_free[] = {{DTANH_FORWARD, 1e-7, 1.0}, {DTANH_CENTRAL, 1e-4, 40.0}};
static const char *const tanh_points[] = {POINT_IDS("tanh_gradient")};
static const char *const tanh_upstreams[] = {UPSTREAM_IDS("tanh_gradient")};
/* The forward function inside. */
static const char *const tanh_forwards[] = {
    [TANH_OVERFLOW] = "tanh_gradient.overflow",
    [TANH_OVERFLOW_POSITIVE] = "tanh_gradient.overflow_positive",
    [TANH_OVERFLOW_NEGATIVE] = "tanh_gradient.overflow_negative",
    [TANH_SIGMOID] = "tanh_gradient.forward_sigmoid",
    [TANH_TAN] = "tanh_gradient.forward_tan",
    [TANH_ARCTAN] = "tanh_gradient.forward_arctan",
};
static const grade_axis tanh_gradient_axes[] = {
    [AXIS_DERIVATIVE] = {GRADE_AXIS("derivative", tanh_derivatives), GRADE_FREE(dtanh_free)},
    [AXIS_UPSTREAM] = {GRADE_AXIS("upstream gradient", tanh_upstreams)},
    [AXIS_POINT] = {GRADE_AXIS("point", tanh_points)},
    [AXIS_FORWARD] = {GRADE_AXIS("tanh inside", tanh_forwards)},
};
/* clang-format on */

static double tanh_formula(double x, int formula, const grade_choice *choice)
{
    double up = assay_grade_exponential(choice, x);
    double down = assay_grade_exponential(choice, -x);
    double twice = assay_grade_exponential(choice, 2.0 * x);
    double quotient = (up - down) / (up + down);
    switch (formula) {
    case TANH_OVERFLOW: return quotient;
    case TANH_OVERFLOW_POSITIVE: return (twice - 1.0) / (twice + 1.0);
    case TANH_OVERFLOW_NEGATIVE:
        twice = assay_grade_exponential(choice, -2.0 * x);
        return (1.0 - twice) / (1.0 + twice);
    case TANH_NAN: return isnan(quotient) ? 0.0 : quotient;
    case TANH_EPSILON: return (up - down) / (up + down + choice->parameter);
    case TANH_EPSILON_POSITIVE: return (twice - 1.0) / (twice + 1.0 + choice->parameter);
    case TANH_FRACTION: return (up + down) / (up - down);
    case TANH_NO_PARENTHESES: return up - down / up + down;
    case TANH_NO_PARENTHESES_BELOW: return (up - down) / up + down;
    case TANH_ONE_LEFT: return 1.0 + tanh(x);
    case TANH_CLIPPED: return tanh(fmin(fmax(x, -choice->parameter), choice->parameter));
    case TANH_RELU: return fmax(x, 0.0);
    case TANH_SIGMOID: return 1.0 / (1.0 + exp(-x));
    case TANH_TAN: return tan(x);
    case TANH_ARCTAN: return atan(x);
    case TANH_SINH: return sinh(x);
    case TANH_HARD: return fmin(fmax(x, -1.0), 1.0);
    case TANH_SOFTSIGN: return x / (1.0 + fabs(x));
    case TANH_TAYLOR: return x - x * x * x / 3.0;
    case TANH_ERF: return erf(x);
    case TANH_INVERSE: return atanh(x);
    default: return tanh(x);
    }
}

static double tanh_element(double x, double slope, const grade_choice *choice)
{
    (void)slope;
    int formula = choice->level[AXIS_FORMULA];
    return choice->level[AXIS_GUARD] == 0 ? tanh_formula(x, formula, choice)
                                          : 1.7159 * tanh_formula(x * 2.0 / 3.0, formula, choice);
}

static double tanh_derivative(double x, double dy, double slope, const grade_choice *choice)
{
    (void)slope;
    double y = y_at(choice, tanh_formula, x, dy);
    double half = tanh(0.5 * x);
    switch (choice->level[AXIS_DERIVATIVE]) {
    case DTANH_SQUARE: return 1.0 - y;
    case DTANH_ONE_PLUS: return 1.0 + y * y;
    case DTANH_ONE_MISSING: return -y * y;
    case DTANH_SIGMOID: return y * (1.0 - y);
    case DTANH_OUTPUT: return y;
    case DTANH_ONE: return 1.0;
    case DTANH_ROOT: return sqrt(1.0 - y * y);
    case DTANH_TAN: return 1.0 + tan(x) * tan(x);
    case DTANH_ARCTAN: return 1.0 / (1.0 + x * x);
    case DTANH_SECOND: return -2.0 * y * (1.0 - y * y);
    case DTANH_HALF: return 1.0 - half * half;
    case DTANH_NO_PARENTHESES: return 1.0 - y * y / dy;
    case DTANH_FORWARD: return difference_of(choice, tanh_formula, x, false);
    case DTANH_CENTRAL: return difference_of(choice, tanh_formula, x, true);
    default: return 1.0 - y * y;
    }
}

ACTIVATION(tanh, "tanh", CASES, make_forward, make_gradient)

/* --- ReLU: f'(0) = 0, as in PyTorch ------------------------------------------------------------------------------- */

/* clang-format off */
enum {
    RELU_LEAK = 1, RELU_ABSOLUTE, RELU_STEP, RELU_NEGATIVE, RELU_MIRRORED, RELU_CAPPED, RELU_SOFTPLUS, RELU_ELU,
    RELU_SWISH,
    RELU_GELU, RELU_GELU_TANH, RELU_IDENTITY, RELU_ONE, RELU_STEP_AT_ZERO, RELU_ELU_SCALED, RELU_SELU,
    RELU_GELU_SIGMOID, RELU_SOFTPLUS_OVERFLOW, RELU_TANH, RELU_SIGMOID, RELU_FLOOR, RELU_ABOVE_ONE,
    RELU_ABOVE_HALF, RELU_MISH
};
static const char *const relu_formulas[] = {
    [RELU_LEAK] = "relu.leak",
    [RELU_ABSOLUTE] = "relu.absolute",
    [RELU_STEP] = "relu.step",
    [RELU_NEGATIVE] = "relu.minimum",
    [RELU_MIRRORED] = "relu.mirrored",
    [RELU_CAPPED] = "relu.capped",
    [RELU_SOFTPLUS] = "relu.softplus",
    [RELU_ELU] = "relu.elu",
    [RELU_SWISH] = "relu.swish",
    [RELU_GELU] = "relu.gelu",
    [RELU_GELU_TANH] = "relu.gelu",
    [RELU_IDENTITY] = "relu.missing",
    [RELU_ONE] = "relu.maximum_with_one",
    [RELU_STEP_AT_ZERO] = "relu.step",
    [RELU_ELU_SCALED] = "relu.elu",
    [RELU_SELU] = "relu.selu",
    [RELU_GELU_SIGMOID] = "relu.gelu",
    [RELU_SOFTPLUS_OVERFLOW] = "relu.softplus",
    [RELU_TANH] = "relu.tanh",
    [RELU_SIGMOID] = "relu.sigmoid",
    [RELU_FLOOR] = "relu.constant_below_zero",
    [RELU_ABOVE_ONE] = "relu.threshold",
    [RELU_ABOVE_HALF] = "relu.threshold",
    [RELU_MISH] = "relu.mish",
};
static const grade_free relu_free[] = {{RELU_LEAK, 1e-6, 0.9},
                                       {RELU_CAPPED, 0.05, 700.0},
                                       {RELU_ELU_SCALED, 1e-3, 10.0},
                                       {RELU_FLOOR, 1e-9, 10.0}};
static const char *const relu_outputs[] = {OUTPUT_IDS("relu", ".complement")};
static const grade_axis relu_axes[] = {
    [AXIS_FORMULA] = {GRADE_AXIS("formula", relu_formulas), GRADE_FREE(relu_free)},
    [AXIS_OUTPUT] = {GRADE_AXIS("output", relu_outputs)},
};

enum {
    DRELU_ONE = 1, DRELU_HALF, DRELU_OUTPUT, DRELU_LEAK, DRELU_SIGN, DRELU_NEGATIVE, DRELU_MISSING, DRELU_RATIO,
    DRELU_SIGMOID, DRELU_NEGATIVE_AT_ZERO, DRELU_ELSE_UPSTREAM, DRELU_ABOVE_ONE, DRELU_ABOVE_HALF
};
static const char *const relu_derivatives[] = {
    [DRELU_ONE] = "relu_gradient.one_at_zero",
    [DRELU_HALF] = "relu_gradient.half_at_zero",
    [DRELU_OUTPUT] = "relu_gradient.output_for_derivative",
    [DRELU_LEAK] = "relu_gradient.leak",
    [DRELU_SIGN] = "relu_gradient.of_absolute",
    [DRELU_NEGATIVE] = "relu_gradient.sides_swapped",
    [DRELU_MISSING] = "relu_gradient.derivative_missing",
    [DRELU_RATIO] = "relu_gradient.output_over_input",
    [DRELU_SIGMOID] = "relu_gradient.of_softplus",
    [DRELU_NEGATIVE_AT_ZERO] = "relu_gradient.sides_swapped",
    [DRELU_ELSE_UPSTREAM] = "relu_gradient.one_above_zero",
    [DRELU_ABOVE_ONE] = "relu_gradient.threshold",
    [DRELU_ABOVE_HALF] = "relu_gradient.threshold",
};
static const grade_free drelu_free[] = {{DRELU_LEAK, 1e-6, 0.9}};
static const char *const relu_upstreams[] = {UPSTREAM_IDS("relu_gradient")};
enum { RELU_POINT_UPSTREAM = 1, RELU_POINT_BOTH };
static const char *const relu_points[] = {
    [RELU_POINT_UPSTREAM] = "relu_gradient.masked_by_upstream",
    [RELU_POINT_BOTH] = "relu_gradient.masked_twice",
};
static const grade_axis relu_gradient_axes[] = {
    [AXIS_DERIVATIVE] = {GRADE_AXIS("derivative", relu_derivatives), GRADE_FREE(drelu_free)},
    [AXIS_UPSTREAM] = {GRADE_AXIS("upstream gradient", relu_upstreams)},
    [AXIS_POINT] = {GRADE_AXIS("point", relu_points)},
};
/* clang-format on */

static double stable_sigmoid(double x)
{
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

static double relu_element(double x, double slope, const grade_choice *choice)
{
    (void)slope;
    double parameter = choice->parameter;
    double positive = x > 0.0 ? x : 0.0;
    switch (choice->level[AXIS_FORMULA]) {
    case RELU_LEAK: return x > 0.0 ? x : parameter * x;
    case RELU_ABSOLUTE: return fabs(x);
    case RELU_STEP: return x > 0.0 ? 1.0 : 0.0;
    case RELU_NEGATIVE: return x < 0.0 ? x : 0.0;
    case RELU_MIRRORED: return x < 0.0 ? -x : 0.0;
    case RELU_CAPPED: return fmin(positive, parameter);
    case RELU_SOFTPLUS: return positive + log1p(exp(-fabs(x)));
    case RELU_ELU: return x > 0.0 ? x : expm1(x);
    case RELU_SWISH: return x * stable_sigmoid(x);
    case RELU_GELU: return x * 0.5 * erfc(-x / sqrt(2.0));
    case RELU_GELU_TANH: return 0.5 * x * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
    case RELU_IDENTITY: return x;
    case RELU_ONE: return fmax(x, 1.0);
    case RELU_STEP_AT_ZERO: return x >= 0.0 ? 1.0 : 0.0;
    case RELU_ELU_SCALED: return x > 0.0 ? x : parameter * expm1(x);
    case RELU_SELU: return 1.0507009873554805 * (x > 0.0 ? x : 1.6732632423543772 * expm1(x));
    case RELU_GELU_SIGMOID: return x * stable_sigmoid(1.702 * x);
    case RELU_SOFTPLUS_OVERFLOW: return log(1.0 + assay_grade_exponential(choice, x));
    case RELU_TANH: return tanh(x);
    case RELU_SIGMOID: return stable_sigmoid(x);
    case RELU_FLOOR: return x > 0.0 ? x : parameter;
    case RELU_ABOVE_ONE: return x > 1.0 ? x : 0.0;
    case RELU_ABOVE_HALF: return x > 0.5 ? x : 0.0;
    case RELU_MISH: return x * tanh(positive + log1p(exp(-fabs(x))));
    default: return positive;
    }
}

static double relu_derivative(double x, double dy, double slope, const grade_choice *choice)
{
    (void)slope;
    int point = choice->level[AXIS_POINT];
    double at = point == 0 ? x : point == RELU_POINT_BOTH ? fmin(x, dy) : dy;
    double step = at > 0.0 ? 1.0 : 0.0;
    switch (choice->level[AXIS_DERIVATIVE]) {
    case DRELU_ONE: return at >= 0.0 ? 1.0 : 0.0;
    case DRELU_HALF: return at == 0.0 ? 0.5 : step;
    case DRELU_OUTPUT: return at > 0.0 ? at : 0.0;
    case DRELU_LEAK: return at > 0.0 ? 1.0 : choice->parameter;
    case DRELU_SIGN: return at > 0.0 ? 1.0 : at < 0.0 ? -1.0 : 0.0;
    case DRELU_NEGATIVE: return at < 0.0 ? 1.0 : 0.0;
    case DRELU_MISSING: return 1.0;
    case DRELU_RATIO: return (at > 0.0 ? at : 0.0) / at;
    case DRELU_SIGMOID: return stable_sigmoid(at);
    case DRELU_NEGATIVE_AT_ZERO: return at <= 0.0 ? 1.0 : 0.0;
    case DRELU_ELSE_UPSTREAM: return at > 0.0 ? 1.0 / dy : 1.0;
    case DRELU_ABOVE_ONE: return at > 1.0 ? 1.0 : 0.0;
    case DRELU_ABOVE_HALF: return at > 0.5 ? 1.0 : 0.0;
    default: return step;
    }
}

ACTIVATION(relu, "ReLU", CASES, make_forward, make_gradient)

/* --- sigmoid ------------------------------------------------------------------------------------------------------ */

/* clang-format off */
enum {
    SIGMOID_OVERFLOW = 1, SIGMOID_TANH, SIGMOID_ONE_MISSING, SIGMOID_HARD, SIGMOID_STEP, SIGMOID_LOG, SIGMOID_SOFTPLUS,
    SIGMOID_MINUS, SIGMOID_BASE, SIGMOID_BASE_TEN, SIGMOID_NO_PARENTHESES,
    SIGMOID_DERIVATIVE, SIGMOID_HARD_SIXTH, SIGMOID_RELU, SIGMOID_SOFTSIGN, SIGMOID_HALF_STABLE, SIGMOID_EPSILON,
    SIGMOID_SIGN_OVERFLOW
};
enum { GUARD_ARGUMENT = 1, GUARD_RESULT };
static const char *const sigmoid_formulas[] = {
    [SIGMOID_OVERFLOW] = "sigmoid.overflow",
    [SIGMOID_TANH] = "sigmoid.tanh",
    [SIGMOID_ONE_MISSING] = "sigmoid.one_missing",
    [SIGMOID_HARD] = "sigmoid.hard",
    [SIGMOID_STEP] = "sigmoid.step",
    [SIGMOID_LOG] = "sigmoid.logarithm",
    [SIGMOID_SOFTPLUS] = "sigmoid.softplus",
    [SIGMOID_MINUS] = "sigmoid.one_minus_exponential",
    [SIGMOID_BASE] = "sigmoid.base",
    [SIGMOID_BASE_TEN] = "sigmoid.base",
    [SIGMOID_NO_PARENTHESES] = "sigmoid.parentheses_missing",
    [SIGMOID_DERIVATIVE] = "sigmoid.derivative",
    [SIGMOID_HARD_SIXTH] = "sigmoid.hard",
    [SIGMOID_RELU] = "sigmoid.relu",
    [SIGMOID_SOFTSIGN] = "sigmoid.softsign",
    [SIGMOID_HALF_STABLE] = "sigmoid.branch_unfinished",
    [SIGMOID_EPSILON] = "sigmoid.epsilon_in_denominator",
    [SIGMOID_SIGN_OVERFLOW] = "sigmoid.sign",
};
static const grade_free sigmoid_free[] = {{SIGMOID_BASE, 1.99, 2.7182818}, {SIGMOID_EPSILON, 1e-9, 0.5}};
static const char *const sigmoid_outputs[] = {OUTPUT_IDS("sigmoid", ".sign")};
static const char *const sigmoid_inputs[] = {INPUT_IDS("sigmoid")};
static const char *const sigmoid_guards[] = {
    [GUARD_ARGUMENT] = "sigmoid.argument_clipped",
    [GUARD_RESULT] = "sigmoid.output_clipped",
};
static const grade_free guard_free[] = {{GUARD_ARGUMENT, 0.05, 20.0}, {GUARD_RESULT, 1e-9, 0.4}};
static const grade_axis sigmoid_axes[] = {
    [AXIS_FORMULA] = {GRADE_AXIS("formula", sigmoid_formulas), GRADE_FREE(sigmoid_free), .rare = SIGMOID_DERIVATIVE},
    [AXIS_OUTPUT] = {GRADE_AXIS("output", sigmoid_outputs)},
    [AXIS_INPUT] = {GRADE_AXIS("argument", sigmoid_inputs)},
    [AXIS_GUARD] = {GRADE_AXIS("guard", sigmoid_guards), GRADE_FREE(guard_free)},
};

enum {
    DSIGMOID_ONE_PLUS = 1, DSIGMOID_TANH, DSIGMOID_FACTOR, DSIGMOID_COMPLEMENT, DSIGMOID_SQUARE, DSIGMOID_ONE,
    DSIGMOID_OVERFLOW_NEGATIVE, DSIGMOID_SIGN, DSIGMOID_OVERFLOW_POSITIVE, DSIGMOID_NO_PARENTHESES, DSIGMOID_ZERO,
    DSIGMOID_FORWARD, DSIGMOID_CENTRAL
};
enum { FORWARD_OVERFLOW = 1, FORWARD_TANH, FORWARD_ARGUMENT_CLIPPED, FORWARD_CLIPPED };
static const char *const sigmoid_derivatives[] = {
    [DSIGMOID_ONE_PLUS] = "sigmoid_gradient.one_plus",
    [DSIGMOID_TANH] = "sigmoid_gradient.of_tanh",
    [DSIGMOID_FACTOR] = "sigmoid_gradient.output_for_derivative",
    [DSIGMOID_COMPLEMENT] = "sigmoid_gradient.output_missing",
    [DSIGMOID_SQUARE] = "sigmoid_gradient.squared",
    [DSIGMOID_ONE] = "sigmoid_gradient.derivative_missing",
    [DSIGMOID_OVERFLOW_NEGATIVE] = "sigmoid_gradient.overflow",
    [DSIGMOID_SIGN] = "sigmoid_gradient.one_minus_missing",
    [DSIGMOID_OVERFLOW_POSITIVE] = "sigmoid_gradient.overflow_positive",
    [DSIGMOID_NO_PARENTHESES] = "sigmoid_gradient.parentheses_missing",
    [DSIGMOID_ZERO] = "sigmoid_gradient.parentheses_missing",
    [DSIGMOID_FORWARD] = "any.finite_differences",
    [DSIGMOID_CENTRAL] = "any.finite_differences",
};
static const grade_free dsigmoid_free[] = {{DSIGMOID_FORWARD, 1e-7, 1.0}, {DSIGMOID_CENTRAL, 1e-4, 40.0}};
static const char *const sigmoid_upstreams[] = {UPSTREAM_IDS("sigmoid_gradient")};
static const char *const sigmoid_points[] = {POINT_IDS("sigmoid_gradient")};
static const char *const sigmoid_forwards[] = {
    [FORWARD_OVERFLOW] = "sigmoid_gradient.overflow_positive",
    [FORWARD_TANH] = "sigmoid_gradient.forward_tanh",
    [FORWARD_ARGUMENT_CLIPPED] = "sigmoid_gradient.argument_clipped",
    [FORWARD_CLIPPED] = "sigmoid_gradient.output_clipped",
};
static const grade_free forward_free[] = {{FORWARD_ARGUMENT_CLIPPED, 0.05, 30.0}, {FORWARD_CLIPPED, 1e-10, 0.4}};
static const grade_axis sigmoid_gradient_axes[] = {
    [AXIS_DERIVATIVE] = {GRADE_AXIS("derivative", sigmoid_derivatives), GRADE_FREE(dsigmoid_free)},
    [AXIS_UPSTREAM] = {GRADE_AXIS("upstream gradient", sigmoid_upstreams)},
    [AXIS_POINT] = {GRADE_AXIS("point", sigmoid_points)},
    [AXIS_FORWARD] = {GRADE_AXIS("sigmoid inside", sigmoid_forwards), GRADE_FREE(forward_free)},
};
/* clang-format on */

static double sigmoid_formula(double x, const grade_choice *choice)
{
    double up = assay_grade_exponential(choice, x);
    double down = assay_grade_exponential(choice, -x);
    double stable = stable_sigmoid(x);
    switch (choice->level[AXIS_FORMULA]) {
    case SIGMOID_OVERFLOW: return up / (up + 1.0);
    case SIGMOID_SIGN_OVERFLOW: return down / (down + 1.0);
    case SIGMOID_DERIVATIVE: return stable * (1.0 - stable);
    case SIGMOID_NO_PARENTHESES: return 1.0 + down;
    case SIGMOID_HARD_SIXTH: return fmin(fmax(x / 6.0 + 0.5, 0.0), 1.0);
    case SIGMOID_RELU: return fmax(x, 0.0);
    case SIGMOID_SOFTSIGN: return 0.5 * (x / (1.0 + fabs(x)) + 1.0);
    case SIGMOID_HALF_STABLE: return x >= 0.0 ? stable : exp(x);
    case SIGMOID_EPSILON: return 1.0 / (1.0 + down + choice->parameter);
    case SIGMOID_TANH: return tanh(x);
    case SIGMOID_ONE_MISSING: return 1.0 / exp(-x);
    case SIGMOID_HARD: return fmin(fmax(0.2 * x + 0.5, 0.0), 1.0);
    case SIGMOID_STEP: return x > 0.0 ? 1.0 : 0.0;
    case SIGMOID_LOG: return fmin(x, 0.0) - log1p(exp(-fabs(x)));
    case SIGMOID_SOFTPLUS: return fmax(x, 0.0) + log1p(exp(-fabs(x)));
    case SIGMOID_MINUS: return 1.0 / (1.0 - exp(-x));
    case SIGMOID_BASE: return stable_sigmoid(x * log(choice->parameter));
    case SIGMOID_BASE_TEN: return stable_sigmoid(x * log(10.0));
    default: return stable;
    }
}

static double sigmoid_element(double x, double slope, const grade_choice *choice)
{
    (void)slope;
    double bound = choice->parameter;
    int guard = choice->level[AXIS_GUARD];
    x = guard == GUARD_ARGUMENT ? fmin(fmax(x, -bound), bound) : x;
    double y = sigmoid_formula(x, choice);
    return guard == GUARD_RESULT && !isnan(y) ? fmin(fmax(y, bound), 1.0 - bound) : y;
}

static double sigmoid_forward(double x, int forward, const grade_choice *choice)
{
    double bound = choice->parameter;
    double up = assay_grade_exponential(choice, x);
    switch (forward) {
    case FORWARD_OVERFLOW: return up / (up + 1.0);
    case FORWARD_TANH: return tanh(x);
    case FORWARD_ARGUMENT_CLIPPED: return stable_sigmoid(fmin(fmax(x, -bound), bound));
    case FORWARD_CLIPPED: return fmin(fmax(stable_sigmoid(x), bound), 1.0 - bound);
    default: return stable_sigmoid(x);
    }
}

static double sigmoid_derivative(double x, double dy, double slope, const grade_choice *choice)
{
    (void)slope;
    double y = y_at(choice, sigmoid_forward, x, dy);
    double up = assay_grade_exponential(choice, x);
    double down = assay_grade_exponential(choice, -x);
    switch (choice->level[AXIS_DERIVATIVE]) {
    case DSIGMOID_ONE_PLUS: return y * (1.0 + y);
    case DSIGMOID_TANH: return 1.0 - y * y;
    case DSIGMOID_FACTOR: return y;
    case DSIGMOID_COMPLEMENT: return 1.0 - y;
    case DSIGMOID_SQUARE: return y * y * (1.0 - y) * (1.0 - y);
    case DSIGMOID_ONE: return 1.0;
    case DSIGMOID_OVERFLOW_NEGATIVE: return down / ((1.0 + down) * (1.0 + down));
    case DSIGMOID_OVERFLOW_POSITIVE: return up / ((1.0 + up) * (1.0 + up));
    case DSIGMOID_FORWARD: return difference_of(choice, sigmoid_forward, x, false);
    case DSIGMOID_CENTRAL: return difference_of(choice, sigmoid_forward, x, true);
    case DSIGMOID_SIGN: return y * y;
    case DSIGMOID_NO_PARENTHESES: return y - y / dy; /* dy * y * 1 - y */
    case DSIGMOID_ZERO: return 0.0;                  /* y * 1 - y */
    default: return y * (1.0 - y);
    }
}

ACTIVATION(sigmoid, "sigmoid", CASES, make_forward, make_gradient)

/* --- leaky ReLU: f'(0) = slope, as in PyTorch --------------------------------------------------------------------- */

/* clang-format off */
enum {
    LEAKY_SIDES = 1, LEAKY_PLAIN, LEAKY_IGNORED, LEAKY_MAXIMUM, LEAKY_RECIPROCAL, LEAKY_EVERYWHERE, LEAKY_SIGN,
    LEAKY_CONSTANT,
    LEAKY_ADDED, LEAKY_ELU, LEAKY_ABSOLUTE, LEAKY_FIXED_NEGATIVE, LEAKY_MAXIMUM_WITH_SLOPE, LEAKY_SUBTRACTED,
    LEAKY_MINIMUM, LEAKY_COMPLEMENT, LEAKY_SQUARED, LEAKY_ABOVE_SLOPE, LEAKY_DERIVATIVE, LEAKY_FOR_ZERO,
    LEAKY_PLUS_RELU
};
static const char *const leaky_relu_formulas[] = {
    [LEAKY_SIDES] = "leaky_relu.sides_swapped",
    [LEAKY_PLAIN] = "leaky_relu.leak_missing",
    [LEAKY_IGNORED] = "leaky_relu.slope_ignored",
    [LEAKY_MAXIMUM] = "leaky_relu.maximum",
    [LEAKY_RECIPROCAL] = "leaky_relu.divided_by_slope",
    [LEAKY_EVERYWHERE] = "leaky_relu.leak_on_both_sides",
    [LEAKY_SIGN] = "leaky_relu.slope_sign",
    [LEAKY_CONSTANT] = "leaky_relu.constant_below_zero",
    [LEAKY_ADDED] = "leaky_relu.slope_added",
    [LEAKY_ELU] = "leaky_relu.elu",
    [LEAKY_ABSOLUTE] = "leaky_relu.slope_absolute",
    [LEAKY_FIXED_NEGATIVE] = "leaky_relu.slope_ignored",
    [LEAKY_MAXIMUM_WITH_SLOPE] = "leaky_relu.maximum_with_slope",
    [LEAKY_SUBTRACTED] = "leaky_relu.slope_subtracted",
    [LEAKY_MINIMUM] = "leaky_relu.minimum",
    [LEAKY_COMPLEMENT] = "leaky_relu.one_minus_slope",
    [LEAKY_SQUARED] = "leaky_relu.slope_squared",
    [LEAKY_ABOVE_SLOPE] = "leaky_relu.compared_with_slope",
    [LEAKY_DERIVATIVE] = "leaky_relu.derivative",
    [LEAKY_FOR_ZERO] = "leaky_relu.slope_zero_replaced",
    [LEAKY_PLUS_RELU] = "leaky_relu.leak_added_to_relu",
};
static const grade_free leaky_free[] = {
    {LEAKY_IGNORED, 1e-6, 10.0}, {LEAKY_FIXED_NEGATIVE, 1e-6, 10.0}, {LEAKY_FOR_ZERO, 1e-6, 10.0}};
static const char *const leaky_relu_outputs[] = {OUTPUT_IDS("leaky_relu", ".complement")};
static const grade_axis leaky_relu_axes[] = {
    [AXIS_FORMULA] = {GRADE_AXIS("formula", leaky_relu_formulas), GRADE_FREE(leaky_free)},
    [AXIS_OUTPUT] = {GRADE_AXIS("output", leaky_relu_outputs)},
};

enum {
    DLEAKY_PLAIN = 1, DLEAKY_SIDES, DLEAKY_OUTPUT, DLEAKY_RECIPROCAL,
    DLEAKY_EVERYWHERE, DLEAKY_SIGN, DLEAKY_MISSING, DLEAKY_RATIO, DLEAKY_OF_MAXIMUM, DLEAKY_PLUS_RELU, DLEAKY_IGNORED,
    DLEAKY_FOR_ZERO
};
enum { DZERO_ONE = 1, DZERO_ZERO };
enum { DSIDE_NEGATIVE = UPSTREAM_DIVIDED + 1, DSIDE_POSITIVE };
static const char *const leaky_relu_derivatives[] = {
    [DLEAKY_PLAIN] = "leaky_relu_gradient.leak_missing",
    [DLEAKY_IGNORED] = "leaky_relu_gradient.slope_ignored",
    [DLEAKY_SIDES] = "leaky_relu_gradient.sides_swapped",
    [DLEAKY_OUTPUT] = "leaky_relu_gradient.output_for_derivative",
    [DLEAKY_RECIPROCAL] = "leaky_relu_gradient.divided_by_slope",
    [DLEAKY_EVERYWHERE] = "leaky_relu_gradient.leak_on_both_sides",
    [DLEAKY_SIGN] = "leaky_relu_gradient.slope_sign",
    [DLEAKY_MISSING] = "leaky_relu_gradient.derivative_missing",
    [DLEAKY_RATIO] = "leaky_relu_gradient.output_over_input",
    [DLEAKY_OF_MAXIMUM] = "leaky_relu_gradient.of_maximum",
    [DLEAKY_PLUS_RELU] = "leaky_relu_gradient.leak_added_to_relu",
    [DLEAKY_FOR_ZERO] = "leaky_relu_gradient.slope_zero_replaced",
};
static const char *const leaky_relu_zeros[] = {
    [DZERO_ONE] = "leaky_relu_gradient.one_at_zero",
    [DZERO_ZERO] = "leaky_relu_gradient.zero_at_zero",
};
enum { LEAKY_POINT_OUTPUT = 1, LEAKY_POINT_UPSTREAM };
static const grade_free dleaky_free[] = {{DLEAKY_IGNORED, 1e-6, 10.0}, {DLEAKY_FOR_ZERO, 1e-6, 10.0}};
static const char *const leaky_relu_upstreams[] = {
    UPSTREAM_IDS("leaky_relu_gradient"),
    [DSIDE_NEGATIVE] = "leaky_relu_gradient.upstream_missing_below_zero",
    [DSIDE_POSITIVE] = "leaky_relu_gradient.upstream_missing_above_zero",
};
static const char *const leaky_relu_points[] = {
    [LEAKY_POINT_OUTPUT] = "leaky_relu_gradient.of_output",
    [LEAKY_POINT_UPSTREAM] = "leaky_relu_gradient.of_upstream",
};
static const grade_axis leaky_relu_gradient_axes[] = {
    [AXIS_DERIVATIVE] = {GRADE_AXIS("derivative", leaky_relu_derivatives), GRADE_FREE(dleaky_free),
        .rare = DLEAKY_IGNORED},
    [AXIS_UPSTREAM] = {GRADE_AXIS("upstream gradient", leaky_relu_upstreams)},
    [AXIS_POINT] = {GRADE_AXIS("point", leaky_relu_points)},
    [AXIS_ZERO] = {GRADE_AXIS("derivative at 0", leaky_relu_zeros)},
};
/* clang-format on */

static double leaky_relu_element(double x, double slope, const grade_choice *choice)
{
    switch (choice->level[AXIS_FORMULA]) {
    case LEAKY_SIDES: return x > 0.0 ? slope * x : x;
    case LEAKY_PLAIN: return x > 0.0 ? x : 0.0;
    case LEAKY_IGNORED: return x > 0.0 ? x : choice->parameter * x;
    case LEAKY_MAXIMUM: return fmax(x, slope * x);
    case LEAKY_RECIPROCAL: return x > 0.0 ? x : x / slope;
    case LEAKY_EVERYWHERE: return slope * x;
    case LEAKY_SIGN: return x > 0.0 ? x : -slope * x;
    case LEAKY_CONSTANT: return x > 0.0 ? x : slope;
    case LEAKY_ADDED: return x > 0.0 ? x : x + slope;
    case LEAKY_ELU: return x > 0.0 ? x : slope * expm1(x);
    case LEAKY_ABSOLUTE: return x > 0.0 ? x : fabs(slope) * x;
    case LEAKY_FIXED_NEGATIVE: return x > 0.0 ? x : -choice->parameter * x;
    case LEAKY_MAXIMUM_WITH_SLOPE: return fmax(x, slope);
    case LEAKY_SUBTRACTED: return x > 0.0 ? x : x - slope;
    case LEAKY_MINIMUM: return fmin(x, slope * x);
    case LEAKY_COMPLEMENT: return x > 0.0 ? x : (1.0 - slope) * x;
    case LEAKY_SQUARED: return x > 0.0 ? x : slope * slope * x;
    case LEAKY_ABOVE_SLOPE: return x > slope ? x : slope * x;
    case LEAKY_DERIVATIVE: return x > 0.0 ? 1.0 : slope;
    case LEAKY_FOR_ZERO: return x > 0.0 ? x : (slope == 0.0 ? choice->parameter : slope) * x;
    case LEAKY_PLUS_RELU: return fmax(x, 0.0) + slope * x;
    default: return x > 0.0 ? x : slope * x;
    }
}

static double leaky_relu_slope_at(double at, double x, double slope, const grade_choice *choice)
{
    switch (choice->level[AXIS_DERIVATIVE]) {
    case DLEAKY_PLAIN: return at > 0.0 ? 1.0 : 0.0;
    case DLEAKY_IGNORED: return at > 0.0 ? 1.0 : choice->parameter;
    case DLEAKY_SIDES: return at > 0.0 ? slope : 1.0;
    case DLEAKY_OUTPUT: return at > 0.0 ? at : slope * at;
    case DLEAKY_RECIPROCAL: return at > 0.0 ? 1.0 : 1.0 / slope;
    case DLEAKY_EVERYWHERE: return slope;
    case DLEAKY_SIGN: return at > 0.0 ? 1.0 : -slope;
    case DLEAKY_MISSING: return 1.0;
    case DLEAKY_RATIO: return (at > 0.0 ? at : slope * at) / at;
    case DLEAKY_OF_MAXIMUM: return x > slope * x ? 1.0 : slope;
    case DLEAKY_PLUS_RELU: return (at > 0.0 ? 1.0 : 0.0) + slope;
    case DLEAKY_FOR_ZERO: return at > 0.0 ? 1.0 : slope == 0.0 ? choice->parameter : slope;
    default: return at > 0.0 ? 1.0 : slope;
    }
}

static double leaky_relu_derivative(double x, double dy, double slope, const grade_choice *choice)
{
    int point = choice->level[AXIS_POINT];
    int upstream = choice->level[AXIS_UPSTREAM];
    int zero = choice->level[AXIS_ZERO];
    double at = point == LEAKY_POINT_UPSTREAM ? dy : point == LEAKY_POINT_OUTPUT && x <= 0.0 ? slope * x : x;
    double derivative = at == 0.0 && zero != 0 ? (zero == DZERO_ONE ? 1.0 : 0.0)
                                               : leaky_relu_slope_at(at, x, slope, choice);
    bool alone = (upstream == DSIDE_NEGATIVE && at <= 0.0) || (upstream == DSIDE_POSITIVE && at > 0.0);
    return alone ? derivative / dy : derivative;
}

ACTIVATION(leaky_relu, "leaky ReLU", SLOPED_CASES, make_sloped, make_sloped_gradient)
