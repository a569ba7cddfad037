/*
 * The activation functions and their derivatives. An activation maps x to y, its gradient maps x and the upstream
 * gradient dy to dx = dy f'(x); both element by element.
 */
#include <math.h>
#include <stdio.h>

#include "grade/components.h"

/*
 * Numbers that tell mistakes apart come first: 0 (the kink), +-1 (where x and x^2 meet), values where e^x overflows.
 * The rest of each case is drawn.
 */
static const double special[] = {0.0, 1.0, -1.0, 800.0, -800.0, -0.25};
enum { SPECIAL = sizeof special / sizeof special[0] };

static const struct {
    const char *name;
    size_t specials; /* 0: all numbers are drawn */
    size_t drawn;
    double std;
} cases[] = {
    {"numbers around zero", 0, 19, 1.0},
    {"at the kink and where e^x overflows", SPECIAL, 7, 3.0},
    {"one number", 0, 1, 1.0},
};
enum { CASES = sizeof cases / sizeof cases[0] };

static void make(size_t index, assay_mt19937 *random, grade_case *made, bool slope, bool gradient)
{
    size_t count = cases[index].specials + cases[index].drawn;
    snprintf(made->name, sizeof made->name, "%s", cases[index].name);
    double *x = assay_grade_tensor1(&made->inputs, "x", count);
    assay_grade_normals(random, count, cases[index].std, x);
    for (size_t i = 0; i < cases[index].specials; i++) {
        x[i] = special[i];
    }
    if (gradient) {
        double *dy = assay_grade_tensor1(&made->inputs, "dy", count);
        for (size_t i = 0; i < count; i++) { /* both signs, and never close to 0 or 1 */
            dy[i] = assay_grade_uniform(random, 1.5, 3.0) * (assay_grade_index(random, 2) == 0 ? -1.0 : 1.0);
        }
    }
    if (slope) {
        assay_grade_tensor0(&made->inputs, "slope")[0] = assay_grade_uniform(random, 0.1, 0.4);
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

/* An element of a forward function, and of a derivative, with a mistake or 0. */
typedef double forward_element(double x, double slope, int mistake);
typedef double gradient_element(double x, double dy, double slope, int mistake);

static double slope_of(const grade_case *graded)
{
    const grade_field *slope = assay_grade_find(&graded->inputs, "slope");
    return slope == NULL ? 0.0 : slope->values[0];
}

static void apply_forward(forward_element *element, const grade_case *graded, int mistake, const grade_fields *outputs)
{
    const grade_field *x = assay_grade_find(&graded->inputs, "x");
    double *y = assay_grade_values(outputs, "y");
    for (size_t i = 0; i < x->count; i++) {
        y[i] = element(x->values[i], slope_of(graded), mistake);
    }
}

static void apply_gradient(gradient_element *element, const grade_case *graded, int mistake,
                           const grade_fields *outputs)
{
    const grade_field *x = assay_grade_find(&graded->inputs, "x");
    const double *dy = assay_grade_values(&graded->inputs, "dy");
    double *dx = assay_grade_values(outputs, "dx");
    for (size_t i = 0; i < x->count; i++) {
        dx[i] = element(x->values[i], dy[i], slope_of(graded), mistake);
    }
}

/* One activation's pair of components, from its two elements and two tables of mistakes. */
#define ACTIVATION(NAME, TITLE, MAKE, MAKE_GRADIENT)                                                            \
    static void model_##NAME(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs) \
    {                                                                                                           \
        apply_forward(NAME##_element, graded, choice->level[0], outputs);                                       \
    }                                                                                                           \
    static void model_##NAME##_gradient(const grade_case *graded, const grade_choice *choice,                   \
                                        const grade_fields *outputs)                                            \
    {                                                                                                           \
        apply_gradient(NAME##_gradient_element, graded, choice->level[0], outputs);                             \
    }                                                                                                           \
    const grade_component assay_grade_##NAME = {                                                                \
        .name = #NAME,                                                                                          \
        .title = TITLE,                                                                                         \
        .case_count = CASES,                                                                                    \
        .make = MAKE,                                                                                           \
        .model = model_##NAME,                                                                                  \
        GRADE_MISTAKES(NAME##_mistakes),                                                                        \
    };                                                                                                          \
    const grade_component assay_grade_##NAME##_gradient = {                                                     \
        .name = #NAME "_gradient",                                                                              \
        .title = TITLE ", derivative",                                                                          \
        .case_count = CASES,                                                                                    \
        .make = MAKE_GRADIENT,                                                                                  \
        .model = model_##NAME##_gradient,                                                                       \
        GRADE_MISTAKES(NAME##_gradient_mistakes),                                                               \
    };

/* --- identity ----------------------------------------------------------------------------------------------------- */

static const char *const identity_mistakes[] = {NULL};

enum { IDENTITY_UPSTREAM = 1 };
static const char *const identity_gradient_mistakes[] = {
    [IDENTITY_UPSTREAM] = "identity_gradient.upstream_missing",
};

static double identity_element(double x, double slope, int mistake)
{
    (void)slope;
    (void)mistake;
    return x;
}

static double identity_gradient_element(double x, double dy, double slope, int mistake)
{
    (void)x;
    (void)slope;
    return mistake == IDENTITY_UPSTREAM ? 1.0 : dy;
}

ACTIVATION(identity, "identity", make_forward, make_gradient)

/* --- tanh --------------------------------------------------------------------------------------------------------- */

enum { TANH_OVERFLOW = 1, TANH_HALF, TANH_SIGMOID };
static const char *const tanh_mistakes[] = {
    [TANH_OVERFLOW] = "tanh.overflow",
    [TANH_HALF] = "tanh.half_argument",
    [TANH_SIGMOID] = "tanh.sigmoid",
};

enum { DTANH_PREACTIVATION = 1, DTANH_TWICE, DTANH_UPSTREAM, DTANH_SQUARE };
static const char *const tanh_gradient_mistakes[] = {
    [DTANH_PREACTIVATION] = "tanh_gradient.on_preactivation",
    [DTANH_TWICE] = "tanh_gradient.of_output",
    [DTANH_UPSTREAM] = "tanh_gradient.upstream_missing",
    [DTANH_SQUARE] = "tanh_gradient.square_missing",
};

static double tanh_element(double x, double slope, int mistake)
{
    (void)slope;
    switch (mistake) {
    case TANH_OVERFLOW: return (exp(x) - exp(-x)) / (exp(x) + exp(-x));
    case TANH_HALF: return 2.0 / (1.0 + exp(-x)) - 1.0;
    case TANH_SIGMOID: return 1.0 / (1.0 + exp(-x));
    default: return tanh(x);
    }
}

static double tanh_gradient_element(double x, double dy, double slope, int mistake)
{
    (void)slope;
    double y = tanh(x);
    switch (mistake) {
    case DTANH_PREACTIVATION: return dy * (1.0 - x * x);
    case DTANH_TWICE: return dy * (1.0 - tanh(y) * tanh(y));
    case DTANH_UPSTREAM: return 1.0 - y * y;
    case DTANH_SQUARE: return dy * (1.0 - y);
    default: return dy * (1.0 - y * y);
    }
}

ACTIVATION(tanh, "tanh", make_forward, make_gradient)

/* --- ReLU: f'(0) = 0, as in PyTorch ------------------------------------------------------------------------------- */

enum { RELU_LEAK = 1, RELU_ABSOLUTE };
static const char *const relu_mistakes[] = {
    [RELU_LEAK] = "relu.leak",
    [RELU_ABSOLUTE] = "relu.absolute",
};

enum { DRELU_ONE = 1, DRELU_HALF, DRELU_UPSTREAM, DRELU_MASK, DRELU_OUTPUT };
static const char *const relu_gradient_mistakes[] = {
    [DRELU_ONE] = "relu_gradient.one_at_zero",
    [DRELU_HALF] = "relu_gradient.half_at_zero",
    [DRELU_UPSTREAM] = "relu_gradient.upstream_missing",
    [DRELU_MASK] = "relu_gradient.masked_by_upstream",
    [DRELU_OUTPUT] = "relu_gradient.output_for_derivative",
};

static double relu_element(double x, double slope, int mistake)
{
    (void)slope;
    double below = mistake == RELU_LEAK ? 0.01 * x : mistake == RELU_ABSOLUTE ? -x : 0.0;
    return x > 0.0 ? x : below;
}

static double relu_gradient_element(double x, double dy, double slope, int mistake)
{
    (void)slope;
    if (x == 0.0 && (mistake == DRELU_ONE || mistake == DRELU_HALF)) {
        return mistake == DRELU_ONE ? dy : 0.5 * dy;
    }
    switch (mistake) {
    case DRELU_UPSTREAM: return x > 0.0 ? 1.0 : 0.0;
    case DRELU_MASK: return dy > 0.0 ? dy : 0.0;
    case DRELU_OUTPUT: return x > 0.0 ? x * dy : 0.0;
    default: return x > 0.0 ? dy : 0.0;
    }
}

ACTIVATION(relu, "ReLU", make_forward, make_gradient)

/* --- sigmoid ------------------------------------------------------------------------------------------------------ */

enum { SIGMOID_OVERFLOW = 1, SIGMOID_SIGN };
static const char *const sigmoid_mistakes[] = {
    [SIGMOID_OVERFLOW] = "sigmoid.overflow",
    [SIGMOID_SIGN] = "sigmoid.sign",
};

enum { DSIGMOID_PREACTIVATION = 1, DSIGMOID_TWICE, DSIGMOID_UPSTREAM, DSIGMOID_OVERFLOW };
static const char *const sigmoid_gradient_mistakes[] = {
    [DSIGMOID_PREACTIVATION] = "sigmoid_gradient.on_preactivation",
    [DSIGMOID_TWICE] = "sigmoid_gradient.of_output",
    [DSIGMOID_UPSTREAM] = "sigmoid_gradient.upstream_missing",
    [DSIGMOID_OVERFLOW] = "sigmoid_gradient.overflow",
};

static double stable_sigmoid(double x)
{
    return x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : exp(x) / (1.0 + exp(x));
}

static double sigmoid_element(double x, double slope, int mistake)
{
    (void)slope;
    switch (mistake) {
    case SIGMOID_OVERFLOW: return exp(x) / (exp(x) + 1.0);
    case SIGMOID_SIGN: return stable_sigmoid(-x);
    default: return stable_sigmoid(x);
    }
}

static double sigmoid_gradient_element(double x, double dy, double slope, int mistake)
{
    (void)slope;
    double y = stable_sigmoid(x);
    double again = stable_sigmoid(y);
    switch (mistake) {
    case DSIGMOID_PREACTIVATION: return dy * x * (1.0 - x);
    case DSIGMOID_TWICE: return dy * again * (1.0 - again);
    case DSIGMOID_UPSTREAM: return y * (1.0 - y);
    case DSIGMOID_OVERFLOW: return dy * exp(-x) / ((1.0 + exp(-x)) * (1.0 + exp(-x)));
    default: return dy * y * (1.0 - y);
    }
}

ACTIVATION(sigmoid, "sigmoid", make_forward, make_gradient)

/* --- leaky ReLU: f'(0) = slope, as in PyTorch --------------------------------------------------------------------- */

enum { LEAKY_SIDES = 1, LEAKY_PLAIN, LEAKY_IGNORED };
static const char *const leaky_relu_mistakes[] = {
    [LEAKY_SIDES] = "leaky_relu.sides_swapped",
    [LEAKY_PLAIN] = "leaky_relu.leak_missing",
    [LEAKY_IGNORED] = "leaky_relu.slope_ignored",
};

enum { DLEAKY_PLAIN = 1, DLEAKY_ONE, DLEAKY_UPSTREAM, DLEAKY_IGNORED };
static const char *const leaky_relu_gradient_mistakes[] = {
    [DLEAKY_PLAIN] = "leaky_relu_gradient.leak_missing",
    [DLEAKY_ONE] = "leaky_relu_gradient.one_at_zero",
    [DLEAKY_UPSTREAM] = "leaky_relu_gradient.upstream_missing",
    [DLEAKY_IGNORED] = "leaky_relu_gradient.slope_ignored",
};

static double leaky_relu_element(double x, double slope, int mistake)
{
    switch (mistake) {
    case LEAKY_SIDES: return x > 0.0 ? slope * x : x;
    case LEAKY_PLAIN: return x > 0.0 ? x : 0.0;
    case LEAKY_IGNORED: return x > 0.0 ? x : 0.01 * x;
    default: return x > 0.0 ? x : slope * x;
    }
}

static double leaky_relu_gradient_element(double x, double dy, double slope, int mistake)
{
    if (x == 0.0 && mistake == DLEAKY_ONE) {
        return dy;
    }
    switch (mistake) {
    case DLEAKY_PLAIN: return x > 0.0 ? dy : 0.0;
    case DLEAKY_UPSTREAM: return x > 0.0 ? 1.0 : slope;
    case DLEAKY_IGNORED: return x > 0.0 ? dy : 0.01 * dy;
    default: return x > 0.0 ? dy : slope * dy;
    }
}

ACTIVATION(leaky_relu, "leaky ReLU", make_sloped, make_sloped_gradient)
