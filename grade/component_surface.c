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

typedef surface_point surface_function(double w1, double w2, int mistake);

static void declare(grade_case *made, const char *name, size_t count, double **w1, double **w2)
{
    snprintf(made->name, sizeof made->name, "%s", name);
    *w1 = assay_grade_tensor1(&made->inputs, "w1", count);
    *w2 = assay_grade_tensor1(&made->inputs, "w2", count);
    assay_grade_tensor1(&made->outputs, "loss", count);
    assay_grade_tensor1(&made->outputs, "dw1", count);
    assay_grade_tensor1(&made->outputs, "dw2", count);
}

static void evaluate(surface_function *surface, const grade_case *graded, int mistake, const grade_fields *outputs)
{
    const grade_field *w1 = assay_grade_find(&graded->inputs, "w1");
    const double *w2 = assay_grade_values(&graded->inputs, "w2");
    for (size_t i = 0; i < w1->count; i++) {
        surface_point point = surface(w1->values[i], w2[i], mistake);
        assay_grade_values(outputs, "loss")[i] = point.loss;
        assay_grade_values(outputs, "dw1")[i] = point.dw1;
        assay_grade_values(outputs, "dw2")[i] = point.dw2;
    }
}

/* --- tanh(w1)^2 + 0.01 |w1| + sigmoid(w2); |.|' at 0 is 0, as in PyTorch ------------------------------------------ */

enum {
    CURVE_ABS_GRADIENT = 1,
    CURVE_CHAIN,
    CURVE_ABS,
    CURVE_KINK,
    CURVE_SIGMOID,
    CURVE_SQUARE,
    CURVE_FACTOR,
    CURVE_TWO,
    CURVE_TANH
};
static const char *const curve_mistakes[] = {
    [CURVE_ABS_GRADIENT] = "pathological_curve.absolute_gradient_missing",
    [CURVE_CHAIN] = "pathological_curve.chain_rule",
    [CURVE_ABS] = "pathological_curve.absolute_missing",
    [CURVE_KINK] = "pathological_curve.sign_at_zero",
    [CURVE_SIGMOID] = "pathological_curve.sigmoid_gradient",
    [CURVE_SQUARE] = "pathological_curve.square_missing",
    [CURVE_FACTOR] = "pathological_curve.factor_missing",
    [CURVE_TWO] = "pathological_curve.square_gradient",
    [CURVE_TANH] = "pathological_curve.tanh_for_sigmoid",
};

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

static surface_point curve(double w1, double w2, int mistake)
{
    double t = tanh(w1);
    double s = mistake == CURVE_TANH ? tanh(w2) : 1.0 / (1.0 + exp(-w2));
    double sign = w1 > 0.0 ? 1.0 : w1 < 0.0 ? -1.0 : mistake == CURVE_KINK ? 1.0 : 0.0;
    double factor = mistake == CURVE_FACTOR ? 1.0 : 0.01;
    surface_point point = {t * t + factor * fabs(w1) + s, 2.0 * t * (1.0 - t * t) + factor * sign, s * (1.0 - s)};
    switch (mistake) {
    case CURVE_ABS_GRADIENT: point.dw1 = 2.0 * t * (1.0 - t * t); break;
    case CURVE_CHAIN: point.dw1 = 2.0 * t + 0.01 * sign; break;
    case CURVE_ABS:
        point.loss = t * t + 0.01 * w1 + s;
        point.dw1 = 2.0 * t * (1.0 - t * t) + 0.01;
        break;
    case CURVE_SIGMOID: point.dw2 = s; break;
    case CURVE_SQUARE:
        point.loss = t + 0.01 * fabs(w1) + s;
        point.dw1 = 1.0 - t * t + 0.01 * sign;
        break;
    case CURVE_TWO: point.dw1 = t * (1.0 - t * t) + 0.01 * sign; break;
    case CURVE_TANH: point.dw2 = 1.0 - s * s; break;
    default: break;
    }
    return point;
}

static void model_curve(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    evaluate(curve, graded, mistake, outputs);
}

const grade_component assay_grade_pathological_curve = {
    .name = "pathological_curve",
    .title = "loss surface: pathological curvature",
    .case_count = 2,
    .make = make_curve,
    .model = model_curve,
    GRADE_MISTAKES(curve_mistakes),
};

/* --- minus three bivariate normal densities, sigma 0.2 ------------------------------------------------------------ */

enum {
    STEEP_HALF = 1,
    STEEP_NORM,
    STEEP_NORM_ONE,
    STEEP_SIGN,
    STEEP_SIGMA,
    STEEP_THIRD,
    STEEP_GRADIENT_SIGMA,
    STEEP_GRADIENT_SIGN,
    STEEP_NORM_SIGMA
};
static const char *const steep_mistakes[] = {
    [STEEP_HALF] = "steep_optima.half_missing",
    [STEEP_NORM] = "steep_optima.norm_missing",
    [STEEP_NORM_ONE] = "steep_optima.norm_of_one_dimension",
    [STEEP_SIGN] = "steep_optima.sign",
    [STEEP_SIGMA] = "steep_optima.sigma_for_variance",
    [STEEP_THIRD] = "steep_optima.optimum_missing",
    [STEEP_GRADIENT_SIGMA] = "steep_optima.gradient_sigma_for_variance",
    [STEEP_GRADIENT_SIGN] = "steep_optima.gradient_sign",
    [STEEP_NORM_SIGMA] = "steep_optima.norm_without_sigma",
};

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

static surface_point steep(double w1, double w2, int mistake)
{
    double sigma = 0.2;
    double spread = mistake == STEEP_HALF ? sigma * sigma : mistake == STEEP_SIGMA ? 2.0 * sigma : 2.0 * sigma * sigma;
    double norm = mistake == STEEP_NORM         ? 1.0
                  : mistake == STEEP_NORM_ONE   ? 1.0 / (sqrt(2.0 * pi) * sigma)
                  : mistake == STEEP_NORM_SIGMA ? 1.0 / (2.0 * pi)
                                                : 1.0 / (2.0 * pi * sigma * sigma);
    surface_point point = {0};
    for (size_t k = 0; k < (mistake == STEEP_THIRD ? 2u : 3u); k++) {
        double d1 = w1 - optima[k][0];
        double d2 = w2 - optima[k][1];
        double density = norm * exp(-(d1 * d1 + d2 * d2) / spread);
        double slope = 2.0 / (mistake == STEEP_GRADIENT_SIGMA ? 2.0 * sigma : spread);
        point.loss -= density;
        point.dw1 += density * slope * d1;
        point.dw2 += density * slope * d2;
    }
    if (mistake == STEEP_SIGN) {
        point.loss = -point.loss;
    }
    if (mistake == STEEP_SIGN || mistake == STEEP_GRADIENT_SIGN) {
        point.dw1 = -point.dw1;
        point.dw2 = -point.dw2;
    }
    return point;
}

static void model_steep(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    evaluate(steep, graded, mistake, outputs);
}

const grade_component assay_grade_steep_optima = {
    .name = "steep_optima",
    .title = "loss surface: steep optima",
    .case_count = 2,
    .make = make_steep,
    .model = model_steep,
    GRADE_MISTAKES(steep_mistakes),
};
