/* The two loss surfaces of the tutorial (cells [29] and [34]) and their gradients, at points (w1, w2). */
#include <math.h>
#include <stdio.h>

#include "grade/components.h"

static const double pi = 3.14159265358979323846;

typedef struct {
    double loss;
    double dw1;
    double dw2;
} surface_point;

typedef surface_point surface_function(double w1, double w2, const grade_choice *choice);

static void declare(grade_case *made, const char *name, size_t count, double **w1, double **w2)
{
    snprintf(made->name, sizeof made->name, "%s", name);
    *w1 = assay_grade_tensor1(&made->inputs, "w1", count);
    *w2 = assay_grade_tensor1(&made->inputs, "w2", count);
    assay_grade_tensor1(&made->outputs, "loss", count);
    assay_grade_tensor1(&made->outputs, "dw1", count);
    assay_grade_tensor1(&made->outputs, "dw2", count);
}

/* What both surfaces share: the order of the arguments and of the results, and finite differences. */
enum { WHOLE_ARGUMENTS = 1, WHOLE_ARGUMENTS_ALL, WHOLE_GRADIENTS };
enum { DIFFERENCE_FORWARD = 1, DIFFERENCE_CENTRAL };
static const char *const differences[] = {
    [DIFFERENCE_FORWARD] = "any.finite_differences",
    [DIFFERENCE_CENTRAL] = "any.finite_differences",
};
static const grade_free difference_steps[] = {{DIFFERENCE_FORWARD, 1e-7, 1.0}, {DIFFERENCE_CENTRAL, 1e-4, 40.0}};

/* A point of the surface as the code sees it: `whole` and `difference` are levels of the shared axes. */
static surface_point point_of(surface_function *surface, double w1, double w2, const grade_choice *choice, int whole,
                              int difference)
{
    bool swapped = whole == WHOLE_ARGUMENTS || whole == WHOLE_ARGUMENTS_ALL;
    double a = swapped ? w2 : w1;
    double b = swapped ? w1 : w2;
    double step = choice->parameter;
    surface_point point = surface(a, b, choice);
    if (difference != 0) {
        double back = difference == DIFFERENCE_CENTRAL ? step : 0.0;
        double width = step + back;
        point.dw1 = (surface(a + step, b, choice).loss - surface(a - back, b, choice).loss) / width;
        point.dw2 = (surface(a, b + step, choice).loss - surface(a, b - back, choice).loss) / width;
    }
    if (whole == WHOLE_ARGUMENTS_ALL || whole == WHOLE_GRADIENTS) {
        point = (surface_point){point.loss, point.dw2, point.dw1};
    }
    return point;
}

static void evaluate(surface_function *surface, const grade_case *graded, const grade_choice *choice, int whole,
                     int difference, const grade_fields *outputs)
{
    const grade_field *w1 = assay_grade_find(&graded->inputs, "w1");
    const double *w2 = assay_grade_values(&graded->inputs, "w2");
    for (size_t i = 0; i < w1->count; i++) {
        surface_point point = point_of(surface, w1->values[i], w2[i], choice, whole, difference);
        assay_grade_values(outputs, "loss")[i] = point.loss;
        assay_grade_values(outputs, "dw1")[i] = point.dw1;
        assay_grade_values(outputs, "dw2")[i] = point.dw2;
    }
}

/*
 * --- tanh(w1)^2 + 0.01 |w1| + sigmoid(w2); |.|' at 0 is 0, as in PyTorch ---------------------------------------------
 *
 * The first three axes are mistakes in the three terms, which the gradient follows; the others are the gradient's own.
 */

enum {
    CURVE_AXIS_SQUARE,
    CURVE_AXIS_ABSOLUTE,
    CURVE_AXIS_SIGMOID,
    CURVE_AXIS_DW1,
    CURVE_AXIS_KINK,
    CURVE_AXIS_DW2,
    CURVE_AXIS_WHOLE,
    CURVE_AXIS_DIFFERENCE
};
/* clang-format off */
enum { SQUARE_MISSING = 1, SQUARE_NO_TANH, SQUARE_SIGMOID, SQUARE_OF_W2, SQUARE_INSIDE };
enum { ABSOLUTE_MISSING = 1, ABSOLUTE_TERM_MISSING, ABSOLUTE_FACTOR, ABSOLUTE_SQUARED, ABSOLUTE_OF_W2, ABSOLUTE_MINUS };
enum { SIGMOID_TANH = 1, SIGMOID_SIGN, SIGMOID_MISSING, SIGMOID_OF_W1, SIGMOID_LOG, SIGMOID_MINUS };
enum { DW1_CHAIN = 1, DW1_TWO, DW1_OUTER, DW1_PLUS, DW1_SIGN, DW1_SQUARE_ONLY };
enum { KINK_ONE = 1, KINK_MINUS_ONE, KINK_NAN, KINK_MISSING };
enum { DW2_SIGMOID = 1, DW2_SIGN, DW2_ZERO, DW2_TANH, DW2_PREACTIVATION };
static const char *const curve_squares[] = {
    [SQUARE_MISSING] = "pathological_curve.square_missing",
    [SQUARE_NO_TANH] = "pathological_curve.tanh_missing",
    [SQUARE_SIGMOID] = "pathological_curve.sigmoid_for_tanh",
    [SQUARE_OF_W2] = "pathological_curve.coordinates_swapped",
    [SQUARE_INSIDE] = "pathological_curve.square_inside",
};
static const char *const curve_absolutes[] = {
    [ABSOLUTE_MISSING] = "pathological_curve.absolute_missing",
    [ABSOLUTE_TERM_MISSING] = "pathological_curve.absolute_term_missing",
    [ABSOLUTE_FACTOR] = "pathological_curve.factor_missing",
    [ABSOLUTE_SQUARED] = "pathological_curve.square_for_absolute",
    [ABSOLUTE_OF_W2] = "pathological_curve.absolute_of_w2",
    [ABSOLUTE_MINUS] = "pathological_curve.absolute_subtracted",
};
static const grade_free curve_factors[] = {{ABSOLUTE_FACTOR, 1e-5, 1e3}};
static const char *const curve_sigmoids[] = {
    [SIGMOID_TANH] = "pathological_curve.tanh_for_sigmoid",
    [SIGMOID_SIGN] = "pathological_curve.sigmoid_argument_sign",
    [SIGMOID_MISSING] = "pathological_curve.sigmoid_missing",
    [SIGMOID_OF_W1] = "pathological_curve.sigmoid_of_w1",
    [SIGMOID_LOG] = "pathological_curve.softplus_for_sigmoid",
    [SIGMOID_MINUS] = "pathological_curve.sigmoid_subtracted",
};
static const char *const curve_dw1s[] = {
    [DW1_CHAIN] = "pathological_curve.chain_rule",
    [DW1_TWO] = "pathological_curve.square_gradient",
    [DW1_OUTER] = "pathological_curve.outer_derivative_missing",
    [DW1_PLUS] = "pathological_curve.one_plus",
    [DW1_SIGN] = "pathological_curve.gradient_sign",
    [DW1_SQUARE_ONLY] = "pathological_curve.square_term_gradient_missing",
};
static const char *const curve_kinks[] = {
    [KINK_ONE] = "pathological_curve.sign_at_zero",
    [KINK_MINUS_ONE] = "pathological_curve.sign_at_zero",
    [KINK_NAN] = "pathological_curve.nan_at_zero",
    [KINK_MISSING] = "pathological_curve.absolute_gradient_missing",
};
static const char *const curve_dw2s[] = {
    [DW2_SIGMOID] = "pathological_curve.sigmoid_gradient",
    [DW2_SIGN] = "pathological_curve.dw2_sign",
    [DW2_ZERO] = "pathological_curve.dw2_missing",
    [DW2_TANH] = "pathological_curve.tanh_gradient_for_sigmoid",
    [DW2_PREACTIVATION] = "pathological_curve.sigmoid_gradient_on_preactivation",
};
static const char *const curve_wholes[] = {
    [WHOLE_ARGUMENTS] = "pathological_curve.arguments_swapped",
    [WHOLE_ARGUMENTS_ALL] = "pathological_curve.arguments_swapped",
    [WHOLE_GRADIENTS] = "pathological_curve.gradients_swapped",
};
static const grade_axis curve_axes[] = {
    [CURVE_AXIS_SQUARE] = {GRADE_AXIS("first term", curve_squares)},
    [CURVE_AXIS_ABSOLUTE] = {GRADE_AXIS("second term", curve_absolutes), GRADE_FREE(curve_factors)},
    [CURVE_AXIS_SIGMOID] = {GRADE_AXIS("third term", curve_sigmoids)},
    [CURVE_AXIS_DW1] = {GRADE_AXIS("dw1", curve_dw1s)},
    [CURVE_AXIS_KINK] = {GRADE_AXIS("derivative at 0", curve_kinks)},
    [CURVE_AXIS_DW2] = {GRADE_AXIS("dw2", curve_dw2s)},
    [CURVE_AXIS_WHOLE] = {GRADE_AXIS("order of arguments and results", curve_wholes)},
    [CURVE_AXIS_DIFFERENCE] = {GRADE_AXIS("difference quotient", differences), GRADE_FREE(difference_steps)},
};
/* clang-format on */

static void make_curve(size_t index, assay_mt19937 *random, grade_case *made)
{
    size_t count = index == 0 ? 14 : 3;
    double *w1;
    double *w2;
    declare(made, index == 0 ? "points on the plotted square" : "on the ridge, w1 = 0", count, &w1, &w2);
    made->tolerance[GRADE_F32] = 2e-5;
    for (size_t i = 0; i < count; i++) {
        w1[i] = index == 0 ? assay_grade_uniform(random, -2.5, 2.5) : 0.0;
        w2[i] = assay_grade_uniform(random, -5.0, 5.0);
    }
}

/* tanh(w)^2 and its derivative. */
static void square_term(double w1, double w2, const grade_choice *choice, surface_point *point)
{
    int kind = choice->level[CURVE_AXIS_SQUARE];
    double w = kind == SQUARE_OF_W2 ? w2 : w1;
    double t = kind == SQUARE_NO_TANH ? w : kind == SQUARE_SIGMOID ? 1.0 / (1.0 + exp(-w)) : tanh(w);
    double slope = kind == SQUARE_NO_TANH ? 1.0 : kind == SQUARE_SIGMOID ? t * (1.0 - t) : 1.0 - t * t;
    double outer = 2.0 * t;
    double value = t * t;
    if (kind == SQUARE_MISSING) {
        value = t;
        outer = 1.0;
    } else if (kind == SQUARE_INSIDE) {
        value = tanh(w * w);
        outer = 2.0 * w;
        slope = 1.0 - value * value;
    }
    switch (choice->level[CURVE_AXIS_DW1]) {
    case DW1_CHAIN: slope = 1.0; break;
    case DW1_TWO: outer *= 0.5; break;
    case DW1_OUTER: outer = 1.0; break;
    case DW1_PLUS: slope = 2.0 - slope; break;
    case DW1_SQUARE_ONLY: outer = 0.0; break;
    default: break;
    }
    point->loss += value;
    *(kind == SQUARE_OF_W2 ? &point->dw2 : &point->dw1) += outer * slope;
}

static double sign_of(double w, int kink)
{
    return w > 0.0            ? 1.0
           : w < 0.0          ? -1.0
           : kink == KINK_ONE ? 1.0
           : kink == KINK_NAN ? NAN
                              : (kink == KINK_MINUS_ONE ? -1.0 : 0.0);
}

/* 0.01 |w1| and its derivative. */
static void absolute_term(double w1, double w2, const grade_choice *choice, surface_point *point)
{
    int kind = choice->level[CURVE_AXIS_ABSOLUTE];
    double w = kind == ABSOLUTE_OF_W2 ? w2 : w1;
    double factor = kind == ABSOLUTE_FACTOR ? choice->parameter : kind == ABSOLUTE_MINUS ? -0.01 : 0.01;
    double value = fabs(w);
    double slope = sign_of(w, choice->level[CURVE_AXIS_KINK]);
    switch (kind) {
    case ABSOLUTE_MISSING:
        value = w;
        slope = 1.0;
        break;
    case ABSOLUTE_TERM_MISSING:
        value = 0.0;
        slope = 0.0;
        break;
    case ABSOLUTE_SQUARED:
        value = w * w;
        slope = 2.0 * w;
        break;
    default: break;
    }
    point->loss += factor * value;
    if (choice->level[CURVE_AXIS_KINK] != KINK_MISSING) {
        *(kind == ABSOLUTE_OF_W2 ? &point->dw2 : &point->dw1) += factor * slope;
    }
}

/* sigmoid(w2) and its derivative. */
static void sigmoid_term(double w1, double w2, const grade_choice *choice, surface_point *point)
{
    int kind = choice->level[CURVE_AXIS_SIGMOID];
    double w = kind == SIGMOID_OF_W1 ? w1 : kind == SIGMOID_SIGN ? -w2 : w2;
    double s = 1.0 / (1.0 + exp(-w));
    double value = s;
    double slope = s * (1.0 - s);
    switch (kind) {
    case SIGMOID_TANH:
        value = tanh(w);
        slope = 1.0 - value * value;
        break;
    case SIGMOID_SIGN: slope = -slope; break;
    case SIGMOID_MINUS:
        value = -value;
        slope = -slope;
        break;
    case SIGMOID_MISSING:
        value = w;
        slope = 1.0;
        break;
    case SIGMOID_LOG:
        value = log1p(exp(w));
        slope = s;
        break;
    default: break;
    }
    switch (choice->level[CURVE_AXIS_DW2]) {
    case DW2_SIGMOID: slope = value; break;
    case DW2_SIGN: slope = -slope; break;
    case DW2_ZERO: slope = 0.0; break;
    case DW2_TANH: slope = 1.0 - value * value; break;
    case DW2_PREACTIVATION: slope = w * (1.0 - w); break;
    default: break;
    }
    point->loss += value;
    *(kind == SIGMOID_OF_W1 ? &point->dw1 : &point->dw2) += slope;
}

static surface_point curve(double w1, double w2, const grade_choice *choice)
{
    surface_point point = {0};
    square_term(w1, w2, choice, &point);
    absolute_term(w1, w2, choice, &point);
    sigmoid_term(w1, w2, choice, &point);
    point.dw1 = choice->level[CURVE_AXIS_DW1] == DW1_SIGN ? -point.dw1 : point.dw1;
    return point;
}

static void model_curve(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    evaluate(curve, graded, choice, choice->level[CURVE_AXIS_WHOLE], choice->level[CURVE_AXIS_DIFFERENCE], outputs);
}

const grade_component assay_grade_pathological_curve = {
    .name = "pathological_curve",
    .title = "loss surface: pathological curvature",
    .case_count = 2,
    .make = make_curve,
    .model = model_curve,
    GRADE_AXES(curve_axes),
};

/* --- minus three bivariate normal densities, sigma 0.2 ------------------------------------------------------------ */

enum {
    STEEP_AXIS_EXPONENT,
    STEEP_AXIS_NORM,
    STEEP_AXIS_OPTIMA,
    STEEP_AXIS_SIGN,
    STEEP_AXIS_GRADIENT,
    STEEP_AXIS_SIGMA,
    STEEP_AXIS_DIFFERENCE
};
/* clang-format off */
enum { EXPONENT_HALF = 1, EXPONENT_SIGMA, EXPONENT_DISTANCE, EXPONENT_ONE };
enum { NORM_MISSING = 1, NORM_ONE_DIMENSION, NORM_NO_SIGMA, NORM_MEAN, NORM_ROOT, NORM_NO_TWO, NORM_SIGMA };
enum { OPTIMA_TWO = 1, OPTIMA_FIRST, OPTIMA_SWAPPED, OPTIMA_NO_FIRST, OPTIMA_NO_SECOND, OPTIMA_MIRRORED };
enum { STEEP_SIGN = 1, STEEP_LOSS_SIGN, STEEP_GRADIENT_SIGN };
enum {
    GRADIENT_SIGMA = 1, GRADIENT_NO_VARIANCE, GRADIENT_NO_DISTANCE, GRADIENT_TWICE, GRADIENT_SWAPPED, GRADIENT_HALF,
    GRADIENT_NO_DW1, GRADIENT_NO_DW2
};
static const char *const steep_exponents[] = {
    [EXPONENT_HALF] = "steep_optima.half_missing",
    [EXPONENT_SIGMA] = "steep_optima.sigma_for_variance",
    [EXPONENT_DISTANCE] = "steep_optima.distance_not_squared",
    [EXPONENT_ONE] = "steep_optima.variance_missing",
};
static const char *const steep_norms[] = {
    [NORM_MISSING] = "steep_optima.norm_missing",
    [NORM_ONE_DIMENSION] = "steep_optima.norm_of_one_dimension",
    [NORM_NO_SIGMA] = "steep_optima.norm_without_sigma",
    [NORM_MEAN] = "steep_optima.averaged_over_optima",
    [NORM_ROOT] = "steep_optima.norm_rooted",
    [NORM_NO_TWO] = "steep_optima.norm_without_two",
    [NORM_SIGMA] = "steep_optima.norm_sigma_not_squared",
};
static const char *const steep_optima_choices[] = {
    [OPTIMA_TWO] = "steep_optima.optimum_missing",
    [OPTIMA_FIRST] = "steep_optima.first_optimum_only",
    [OPTIMA_SWAPPED] = "steep_optima.coordinates_swapped",
    [OPTIMA_NO_FIRST] = "steep_optima.optimum_missing",
    [OPTIMA_NO_SECOND] = "steep_optima.optimum_missing",
    [OPTIMA_MIRRORED] = "steep_optima.centres_negated",
};
static const char *const steep_signs[] = {
    [STEEP_SIGN] = "steep_optima.sign",
    [STEEP_LOSS_SIGN] = "steep_optima.loss_sign",
    [STEEP_GRADIENT_SIGN] = "steep_optima.gradient_sign",
};
static const char *const steep_gradients[] = {
    [GRADIENT_SIGMA] = "steep_optima.gradient_sigma_for_variance",
    [GRADIENT_NO_VARIANCE] = "steep_optima.gradient_variance_missing",
    [GRADIENT_NO_DISTANCE] = "steep_optima.gradient_distance_missing",
    [GRADIENT_TWICE] = "steep_optima.gradient_doubled",
    [GRADIENT_SWAPPED] = "steep_optima.gradient_swapped",
    [GRADIENT_HALF] = "steep_optima.gradient_halved",
    [GRADIENT_NO_DW1] = "steep_optima.gradient_incomplete",
    [GRADIENT_NO_DW2] = "steep_optima.gradient_incomplete",
};
enum { SIGMA_OTHER = 1 };
static const char *const steep_sigmas[] = {[SIGMA_OTHER] = "steep_optima.sigma"};
static const grade_free steep_free[] = {{SIGMA_OTHER, 0.03, 3.0}};
static const grade_axis steep_axes[] = {
    [STEEP_AXIS_EXPONENT] = {GRADE_AXIS("exponent", steep_exponents)},
    [STEEP_AXIS_NORM] = {GRADE_AXIS("normalising factor", steep_norms)},
    [STEEP_AXIS_OPTIMA] = {GRADE_AXIS("optima", steep_optima_choices)},
    [STEEP_AXIS_SIGN] = {GRADE_AXIS("sign", steep_signs)},
    [STEEP_AXIS_GRADIENT] = {GRADE_AXIS("gradient", steep_gradients)},
    [STEEP_AXIS_SIGMA] = {GRADE_AXIS("sigma", steep_sigmas), GRADE_FREE(steep_free)},
    [STEEP_AXIS_DIFFERENCE] = {GRADE_AXIS("difference quotient", differences), GRADE_FREE(difference_steps)},
};
/* clang-format on */

static const double optima[3][2] = {{1.0, -0.5}, {-1.0, 0.5}, {-0.5, -0.8}};

static void make_steep(size_t index, assay_mt19937 *random, grade_case *made)
{
    size_t count = index == 0 ? 15 : 6;
    double *w1;
    double *w2;
    declare(made, index == 0 ? "points near the optima" : "points between the optima", count, &w1, &w2);
    made->tolerance[GRADE_F32] = 1e-4;
    for (size_t i = 0; i < count; i++) {
        double reach = index == 0 ? 0.35 : 0.8;
        w1[i] = (float)(optima[i % 3][0] + assay_grade_uniform(random, -reach, reach));
        w2[i] = (float)(optima[i % 3][1] + assay_grade_uniform(random, -reach, reach));
    }
}

/* One density with its gradient, at a distance (d1, d2) from the centre. */
static surface_point density_at(double d1, double d2, double sigma, const grade_choice *choice)
{
    double spread[] = {2.0 * sigma * sigma, [EXPONENT_HALF] = sigma * sigma, [EXPONENT_SIGMA] = 2.0 * sigma,
                       [EXPONENT_DISTANCE] = 2.0 * sigma * sigma, [EXPONENT_ONE] = 2.0};
    double norm[] = {1.0 / (2.0 * pi * sigma * sigma),
                     [NORM_MISSING] = 1.0,
                     [NORM_ONE_DIMENSION] = 1.0 / (sqrt(2.0 * pi) * sigma),
                     [NORM_NO_SIGMA] = 1.0 / (2.0 * pi),
                     [NORM_MEAN] = 1.0 / (6.0 * pi * sigma * sigma),
                     [NORM_ROOT] = 1.0 / sqrt(2.0 * pi * sigma * sigma * 2.0),
                     [NORM_NO_TWO] = 1.0 / (pi * sigma * sigma),
                     [NORM_SIGMA] = 1.0 / (2.0 * pi * sigma)};
    int exponent = choice->level[STEEP_AXIS_EXPONENT];
    double square = d1 * d1 + d2 * d2;
    double distance = exponent == EXPONENT_DISTANCE ? sqrt(square) : square;
    double density = norm[choice->level[STEEP_AXIS_NORM]] * exp(-distance / spread[exponent]);
    double slope = exponent == EXPONENT_DISTANCE ? 1.0 / (spread[exponent] * distance) : 2.0 / spread[exponent];
    switch (choice->level[STEEP_AXIS_GRADIENT]) {
    case GRADIENT_SIGMA: slope *= sigma; break;
    case GRADIENT_NO_VARIANCE: slope = 1.0; break;
    case GRADIENT_TWICE: slope *= 2.0; break;
    case GRADIENT_HALF: slope *= 0.5; break;
    default: break;
    }
    int gradient = choice->level[STEEP_AXIS_GRADIENT];
    bool no_distance = gradient == GRADIENT_NO_DISTANCE;
    bool swapped = gradient == GRADIENT_SWAPPED;
    double dw1 = density * slope * (no_distance ? 1.0 : swapped ? d2 : d1) * (gradient != GRADIENT_NO_DW1);
    double dw2 = density * slope * (no_distance ? 1.0 : swapped ? d1 : d2) * (gradient != GRADIENT_NO_DW2);
    return (surface_point){-density, dw1, dw2};
}

static surface_point steep(double w1, double w2, const grade_choice *choice)
{
    double sigma = choice->level[STEEP_AXIS_SIGMA] == SIGMA_OTHER ? choice->parameter : 0.2;
    int kind = choice->level[STEEP_AXIS_OPTIMA];
    size_t count = kind == OPTIMA_TWO ? 2 : kind == OPTIMA_FIRST ? 1 : 3;
    surface_point sum = {0};
    for (size_t k = 0; k < count; k++) {
        size_t first = kind == OPTIMA_SWAPPED ? 1 : 0;
        double side = kind == OPTIMA_MIRRORED ? -1.0 : 1.0;
        if ((kind == OPTIMA_NO_FIRST && k == 0) || (kind == OPTIMA_NO_SECOND && k == 1)) {
            continue;
        }
        surface_point one = density_at(w1 - side * optima[k][first], w2 - side * optima[k][1 - first], sigma, choice);
        sum = (surface_point){sum.loss + one.loss, sum.dw1 + one.dw1, sum.dw2 + one.dw2};
    }
    int sign = choice->level[STEEP_AXIS_SIGN];
    double of_loss = sign == STEEP_SIGN || sign == STEEP_LOSS_SIGN ? -1.0 : 1.0;
    double of_gradient = sign == STEEP_SIGN || sign == STEEP_GRADIENT_SIGN ? -1.0 : 1.0;
    return (surface_point){of_loss * sum.loss, of_gradient * sum.dw1, of_gradient * sum.dw2};
}

static void model_steep(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    evaluate(steep, graded, choice, 0, choice->level[STEEP_AXIS_DIFFERENCE], outputs);
}

const grade_component assay_grade_steep_optima = {
    .name = "steep_optima",
    .title = "loss surface: steep optima",
    .case_count = 2,
    .make = make_steep,
    .model = model_steep,
    GRADE_AXES(steep_axes),
};
