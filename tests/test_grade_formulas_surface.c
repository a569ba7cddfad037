/*
 * The models of the two loss surfaces, against formulas that are written here once more: the loss and the gradient that
 * each mistake gives. Each level of the models has a formula of its mistake, and each formula has a level.
 */
#include <math.h>

#include "grade/components.h"
#include "grade_formulas.h"

typedef struct {
    double loss;
    double dw1;
    double dw2;
} point;

static double sigmoid(double x)
{
    return 0.5 * (1.0 + tanh(0.5 * x));
}

static double sign(double x)
{
    return (x > 0.0) - (x < 0.0);
}

/* tanh' */
static double tanh_slope(double x)
{
    return 1.0 / pow(cosh(x), 2.0);
}

/* sigmoid' */
static double sigmoid_slope(double x)
{
    return sigmoid(x) * sigmoid(-x);
}

/* --- pathological curvature: tanh(a)^2 + 0.01 |a| + sigmoid(b) -------------------------------------------------- */

static double curve(double a, double b)
{
    return pow(tanh(a), 2.0) + 0.01 * fabs(a) + sigmoid(b);
}

static double square_slope(double a)
{
    return 2.0 * tanh(a) * tanh_slope(a);
}

/* The derivative of the first two terms. */
static double slope(double a)
{
    return square_slope(a) + 0.01 * sign(a);
}

/* The right values, in the formulas that are wrong elsewhere. */
#define SQUARE pow(tanh(a), 2.0)
#define ABSOLUTE 0.01 * fabs(a)
#define CURVE curve(a, b)
#define DW1 slope(a)
#define DW2 sigmoid_slope(b)
/* The loss, dw1 and dw2 at w1 = a and w2 = b, and the number p of a mistake that has one. */
#define CURVES(F)                                                                                               \
    F(".square_missing", tanh(a) + ABSOLUTE + sigmoid(b), tanh_slope(a) + 0.01 * sign(a), DW2)                  \
    F(".tanh_missing", a *a + ABSOLUTE + sigmoid(b), 2.0 * a + 0.01 * sign(a), DW2)                             \
    F(".sigmoid_for_tanh", pow(sigmoid(a), 2.0) + ABSOLUTE + sigmoid(b),                                        \
      2.0 * sigmoid(a) * sigmoid_slope(a) + 0.01 * sign(a), DW2)                                                \
    F(".coordinates_swapped", pow(tanh(b), 2.0) + ABSOLUTE + sigmoid(b), 0.01 * sign(a), square_slope(b) + DW2) \
    F(".square_inside", tanh(a *a) + ABSOLUTE + sigmoid(b), 2.0 * a * tanh_slope(a * a) + 0.01 * sign(a), DW2)  \
    F(".absolute_missing", SQUARE + 0.01 * a + sigmoid(b), square_slope(a) + 0.01, DW2)                         \
    F(".absolute_term_missing", SQUARE + sigmoid(b), square_slope(a), DW2)                                      \
    F(".factor_missing", SQUARE + p * fabs(a) + sigmoid(b), square_slope(a) + p * sign(a), DW2)                 \
    F(".square_for_absolute", SQUARE + 0.01 * a * a + sigmoid(b), square_slope(a) + 0.02 * a, DW2)              \
    F(".absolute_of_w2", SQUARE + 0.01 * fabs(b) + sigmoid(b), square_slope(a), 0.01 * sign(b) + DW2)           \
    F(".absolute_subtracted", SQUARE - ABSOLUTE + sigmoid(b), square_slope(a) - 0.01 * sign(a), DW2)            \
    F(".tanh_for_sigmoid", SQUARE + ABSOLUTE + tanh(b), DW1, tanh_slope(b))                                     \
    F(".sigmoid_argument_sign", SQUARE + ABSOLUTE + sigmoid(-b), DW1, -DW2)                                     \
    F(".sigmoid_missing", SQUARE + ABSOLUTE + b, DW1, 1.0)                                                      \
    F(".sigmoid_of_w1", SQUARE + ABSOLUTE + sigmoid(a), DW1 + sigmoid_slope(a), 0.0)                            \
    F(".softplus_for_sigmoid", SQUARE + ABSOLUTE + log(1.0 + exp(b)), DW1, sigmoid(b))                          \
    F(".sigmoid_subtracted", SQUARE + ABSOLUTE - sigmoid(b), DW1, -DW2)                                         \
    F(".chain_rule", CURVE, 2.0 * tanh(a) + 0.01 * sign(a), DW2)                                                \
    F(".square_gradient", CURVE, tanh(a) * tanh_slope(a) + 0.01 * sign(a), DW2)                                 \
    F(".outer_derivative_missing", CURVE, tanh_slope(a) + 0.01 * sign(a), DW2)                                  \
    F(".one_plus", CURVE, 2.0 * tanh(a) * (1.0 + SQUARE) + 0.01 * sign(a), DW2)                                 \
    F(".gradient_sign", CURVE, -DW1, DW2)                                                                       \
    F(".square_term_gradient_missing", CURVE, 0.01 * sign(a), DW2)                                              \
    F(".sign_at_zero", CURVE, square_slope(a) + (a < 0.0 ? -0.01 : 0.01), DW2)                                  \
    F(".sign_at_zero", CURVE, square_slope(a) + (a > 0.0 ? 0.01 : -0.01), DW2)                                  \
    F(".nan_at_zero", CURVE, square_slope(a) + 0.01 * a / fabs(a), DW2)                                         \
    F(".absolute_gradient_missing", CURVE, square_slope(a), DW2)                                                \
    F(".sigmoid_gradient", CURVE, DW1, sigmoid(b))                                                              \
    F(".dw2_sign", CURVE, DW1, -DW2)                                                                            \
    F(".dw2_missing", CURVE, DW1, 0.0)                                                                          \
    F(".tanh_gradient_for_sigmoid", CURVE, DW1, 1.0 - pow(sigmoid(b), 2.0))                                     \
    F(".sigmoid_gradient_on_preactivation", CURVE, DW1, b - b * b)                                              \
    F(".arguments_swapped", curve(b, a), slope(b), sigmoid_slope(a))                                            \
    F(".arguments_swapped", curve(b, a), sigmoid_slope(a), slope(b))                                            \
    F(".gradients_swapped", CURVE, DW2, DW1)                                                                    \
    F("any.finite_differences", CURVE, (curve(a + p, b) - CURVE) / p, (curve(a, b + p) - CURVE) / p)            \
    F("any.finite_differences", CURVE, (curve(a + p, b) - curve(a - p, b)) / (p + p),                           \
      (curve(a, b + p) - curve(a, b - p)) / (p + p))

/* --- steep optima: minus three normal densities ------------------------------------------------------------------ */

static const double centres[3][2] = {{1.0, -0.5}, {-1.0, 0.5}, {-0.5, -0.8}};
#define PI 3.14159265358979323846
#define VARIANCE 0.04

static double steep(double a, double b)
{
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
        sum += exp(-12.5 * (pow(a - centres[k][0], 2.0) + pow(b - centres[k][1], 2.0)));
    }
    return -sum / (0.08 * PI);
}

/* Their factor and exponent. */
#define FACTOR (1.0 / (2.0 * PI * VARIANCE))
#define EXPONENT (-hypot(x, y) * hypot(x, y) / (2.0 * VARIANCE))
#define RADIUS hypot(x, y)
/*
 * A sum over three centres: of minus a density, factor e^exponent, and of the density times d1 and d2. (x, y) is the
 * distance from centre number k, and p the number of a mistake that has one.
 */
#define OPTIMA(F)                                                                                                      \
    F(".half_missing", FACTOR, -(x * x + y * y) / VARIANCE, 2.0 * x / VARIANCE, 2.0 * y / VARIANCE)                    \
    F(".sigma_for_variance", FACTOR, -(x * x + y * y) / 0.4, x / 0.2, y / 0.2)                                         \
    F(".distance_not_squared", FACTOR, -RADIUS / (2.0 * VARIANCE), x / RADIUS / (2.0 * VARIANCE),                      \
      y / RADIUS / (2.0 * VARIANCE))                                                                                   \
    F(".variance_missing", FACTOR, -0.5 * (x * x + y * y), x, y)                                                       \
    F(".norm_missing", 1.0, EXPONENT, x / VARIANCE, y / VARIANCE)                                                      \
    F(".norm_of_one_dimension", sqrt(FACTOR), EXPONENT, x / VARIANCE, y / VARIANCE)                                    \
    F(".norm_without_sigma", 0.5 / PI, EXPONENT, x / VARIANCE, y / VARIANCE)                                           \
    F(".averaged_over_optima", FACTOR / 3.0, EXPONENT, x / VARIANCE, y / VARIANCE)                                     \
    F(".norm_rooted", sqrt(FACTOR / 2.0), EXPONENT, x / VARIANCE, y / VARIANCE)                                        \
    F(".norm_without_two", 2.0 * FACTOR, EXPONENT, x / VARIANCE, y / VARIANCE)                                         \
    F(".norm_sigma_not_squared", 1.0 / (0.4 * PI), EXPONENT, x / VARIANCE, y / VARIANCE)                               \
    F(".optimum_missing", k == 2 ? 0.0 : FACTOR, EXPONENT, x / VARIANCE, y / VARIANCE)                                 \
    F(".optimum_missing", k == 0 ? 0.0 : FACTOR, EXPONENT, x / VARIANCE, y / VARIANCE)                                 \
    F(".optimum_missing", k == 1 ? 0.0 : FACTOR, EXPONENT, x / VARIANCE, y / VARIANCE)                                 \
    F(".first_optimum_only", k == 0 ? FACTOR : 0.0, EXPONENT, x / VARIANCE, y / VARIANCE)                              \
    F(".coordinates_swapped", FACTOR, -12.5 * (pow(a - centre[1], 2.0) + pow(b - centre[0], 2.0)),                     \
      25.0 * (a - centre[1]), 25.0 * (b - centre[0]))                                                                  \
    F(".centres_negated", FACTOR, -12.5 * (pow(a + centre[0], 2.0) + pow(b + centre[1], 2.0)), 25.0 * (a + centre[0]), \
      25.0 * (b + centre[1]))                                                                                          \
    F(".sign", -FACTOR, EXPONENT, x / VARIANCE, y / VARIANCE)                                                          \
    F(".loss_sign", -FACTOR, EXPONENT, -x / VARIANCE, -y / VARIANCE)                                                   \
    F(".gradient_sign", FACTOR, EXPONENT, -x / VARIANCE, -y / VARIANCE)                                                \
    F(".gradient_sigma_for_variance", FACTOR, EXPONENT, x / 0.2, y / 0.2)                                              \
    F(".gradient_variance_missing", FACTOR, EXPONENT, x, y)                                                            \
    F(".gradient_distance_missing", FACTOR, EXPONENT, 1.0 / VARIANCE, 1.0 / VARIANCE)                                  \
    F(".gradient_doubled", FACTOR, EXPONENT, 2.0 * x / VARIANCE, 2.0 * y / VARIANCE)                                   \
    F(".gradient_swapped", FACTOR, EXPONENT, y / VARIANCE, x / VARIANCE)                                               \
    F(".gradient_halved", FACTOR, EXPONENT, 0.5 * x / VARIANCE, 0.5 * y / VARIANCE)                                    \
    F(".gradient_incomplete", FACTOR, EXPONENT, 0.0, y / VARIANCE)                                                     \
    F(".gradient_incomplete", FACTOR, EXPONENT, x / VARIANCE, 0.0)                                                     \
    F(".sigma", 0.5 / (PI * p * p), -0.5 * pow(RADIUS / p, 2.0), x / (p * p), y / (p * p))
#define STEEP_DIFFERENCES(F)                                                                                           \
    F("any.finite_differences", steep(a, b), (steep(a + p, b) - steep(a, b)) / p, (steep(a, b + p) - steep(a, b)) / p) \
    F("any.finite_differences", steep(a, b), (steep(a + p, b) - steep(a - p, b)) / (p + p),                            \
      (steep(a, b + p) - steep(a, b - p)) / (p + p))

/* --- the comparison ---------------------------------------------------------------------------------------------- */

#define ID_OF(id, loss, dw1, dw2) id,
#define ID_OF_OPTIMUM(id, factor, exponent, d1, d2) id,
static const char *const curve_ids[] = {CURVES(ID_OF)};
static const char *const optimum_ids[] = {OPTIMA(ID_OF_OPTIMUM)};
static const char *const difference_ids[] = {STEEP_DIFFERENCES(ID_OF)};

/* Each formula is computed only where its number is asked for. */
#define PICK(id, loss, dw1, dw2)              \
    if (number-- == 0) {                      \
        return (point){(loss), (dw1), (dw2)}; \
    }
#define PICK_OPTIMUM(id, factor, exponent, d1, d2)                \
    if (number-- == 0) {                                          \
        double density = (factor)*exp(exponent);                  \
        return (point){-density, density * (d1), density * (d2)}; \
    }

static point curve_point(size_t number, double a, double b, double p)
{
    CURVES(PICK)
    return (point){NAN, NAN, NAN};
}

static point difference_point(size_t number, double a, double b, double p)
{
    STEEP_DIFFERENCES(PICK)
    return (point){NAN, NAN, NAN};
}

static point one_optimum(size_t number, int k, double a, double b, double p)
{
    const double *centre = centres[k];
    const double x = a - centre[0];
    const double y = b - centre[1];
    OPTIMA(PICK_OPTIMUM)
    return (point){NAN, NAN, NAN};
}

static point optimum_point(size_t number, double a, double b, double p)
{
    point sum = {0.0, 0.0, 0.0};
    for (int k = 0; k < 3; k++) {
        point one = one_optimum(number, k, a, b, p);
        sum = (point){sum.loss + one.loss, sum.dw1 + one.dw1, sum.dw2 + one.dw2};
    }
    return sum;
}

typedef point formula(size_t number, double a, double b, double p);

static void fill(formula *value, const grade_case *graded, size_t number, double p, const grade_fields *outputs)
{
    const grade_field *w1 = assay_grade_find(&graded->inputs, "w1");
    const double *w2 = assay_grade_values(&graded->inputs, "w2");
    for (size_t k = 0; k < w1->count; k++) {
        point at = value(number, w1->values[k], w2[k], p);
        assay_grade_values(outputs, "loss")[k] = at.loss;
        assay_grade_values(outputs, "dw1")[k] = at.dw1;
        assay_grade_values(outputs, "dw2")[k] = at.dw2;
    }
}

static void compute_curve(const grade_case *graded, size_t number, double p, const grade_fields *outputs)
{
    fill(curve_point, graded, number, p, outputs);
}

static void compute_optima(const grade_case *graded, size_t number, double p, const grade_fields *outputs)
{
    fill(optimum_point, graded, number, p, outputs);
}

static void compute_differences(const grade_case *graded, size_t number, double p, const grade_fields *outputs)
{
    fill(difference_point, graded, number, p, outputs);
}

static const formula_family curves = {FORMULA_IDS(curve_ids), compute_curve};
static const formula_family optima = {FORMULA_IDS(optimum_ids), compute_optima};
static const formula_family differences = {FORMULA_IDS(difference_ids), compute_differences};

START_TEST(curve_levels_are_formulas)
{
    check_formulas("pathological_curve", (const formula_family *[]){&curves, NULL}, 30);
}
END_TEST

START_TEST(steep_levels_are_formulas)
{
    check_formulas("steep_optima", (const formula_family *[]){&optima, &differences, NULL}, 30);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade formulas of the surfaces");
    TCase *formulas = evidence_case("formulas", "property: grade/components");
    tcase_add_test(formulas, curve_levels_are_formulas);
    tcase_add_test(formulas, steep_levels_are_formulas);
    suite_add_tcase(suite, formulas);
    return support_run(suite);
}
