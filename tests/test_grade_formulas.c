/*
 * The activations' models, against formulas that are written here once more: what each mistake of an activation or of a
 * derivative computes. Each level of the models has the formula of its mistake, and each formula has a level.
 */
#include <math.h>

#include "grade/components.h"
#include "grade_levels.h"

static const char *const formula_components[] = {
    "identity",          "tanh",          "relu",          "sigmoid",          "leaky_relu",
    "identity_gradient", "tanh_gradient", "relu_gradient", "sigmoid_gradient", "leaky_relu_gradient"};
enum { FORMULA_COMPONENTS = sizeof formula_components / sizeof formula_components[0] };

static double sigmoid(double x)
{
    return 0.5 * (1.0 + tanh(0.5 * x));
}

static double softplus(double x)
{
    return x > 30.0 ? x + exp(-x) : log1p(exp(x));
}

static double clipped(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* With infinity over infinity where e^x overflows, as a student's code has it. */
static double overflowing(double x)
{
    return exp(x) / (exp(x) + 1.0);
}

/* The forms that several activations share: of y = f(x) and y(k x). */
#define OUTPUTS(F, name, complement, y) \
    F(name ".negated", 0.0 - (y))       \
    F(complement, 1.0 - (y))            \
    F(name ".integer_output", (y) < 0.0 ? ceil(y) : floor(y)) F(name ".squared", pow(y, 2.0))
#define ARGUMENTS(F, name, f)            \
    F(name ".half_argument", f(x / 2.0)) \
    F(name ".double_argument", f(x + x)) \
    F(name ".absolute_argument", f(x < 0.0 ? -x : x)) F(name ".integer_argument", f(x < 0.0 ? ceil(x) : floor(x)))
/* Of a derivative d = f'(x). */
#define UPSTREAMS(F, name, d)                                 \
    F(name ".upstream_missing", d)                            \
    F(name ".upstream_added", dy + (d))                       \
    F(name ".upstream_squared", dy *dy *(d))                  \
    F(name ".upstream_absolute", (dy < 0.0 ? -dy : dy) * (d)) \
    F(name ".sign", 0.0 - dy * (d))                           \
    F(name ".divided_by_upstream", (d) / dy)

/* Of x, the upstream gradient dy, the slope s, and the number p of a mistake that has one. */
#define FORMULAS(F)                                                                                              \
    OUTPUTS(F, "identity", "identity.complement", x)                                                             \
    F("identity.one", 1.0)                                                                                       \
    F("identity.zero", 0.0)                                                                                      \
    F("identity.relu", x < 0.0 ? 0.0 : x)                                                                        \
    F("identity.absolute", x < 0.0 ? -x : x)                                                                     \
    F("identity.tanh", tanh(x))                                                                                  \
    F("identity.sigmoid", sigmoid(x))                                                                            \
    UPSTREAMS(F, "identity_gradient", 1.0)                                                                       \
    F("identity_gradient.input_for_derivative", x *dy)                                                           \
    F("identity_gradient.zero", 0.0)                                                                             \
    F("identity_gradient.of_relu", x > 0.0 ? dy : 0.0)                                                           \
                                                                                                                 \
    OUTPUTS(F, "tanh", "tanh.complement", tanh(x))                                                               \
    ARGUMENTS(F, "tanh", tanh)                                                                                   \
    F("tanh.overflow", (exp(x) - exp(-x)) / (exp(x) + exp(-x)))                                                  \
    F("tanh.overflow_positive", (exp(2.0 * x) - 1.0) / (exp(2.0 * x) + 1.0))                                     \
    F("tanh.overflow_negative", (1.0 - exp(-2.0 * x)) / (1.0 + exp(-2.0 * x)))                                   \
    F("tanh.sigmoid", sigmoid(x))                                                                                \
    F("tanh.tan", sin(x) / cos(x))                                                                               \
    F("tanh.arctan", atan2(x, 1.0))                                                                              \
    F("tanh.sinh", sinh(x))                                                                                      \
    F("tanh.hard", clipped(x, -1.0, 1.0))                                                                        \
    F("tanh.softsign", x < 0.0 ? x / (1.0 - x) : x / (1.0 + x))                                                  \
    F("tanh.taylor", x - pow(x, 3.0) / 3.0)                                                                      \
    F("tanh.erf", 1.0 - erfc(x))                                                                                 \
    F("tanh.inverse", atanh(x))                                                                                  \
    F("tanh.relu", x > 0.0 ? x : 0.0)                                                                            \
    F("tanh.inverted", (exp(x) + exp(-x)) / (exp(x) - exp(-x)))                                                  \
    F("tanh.one_missing", tanh(x) + 1.0)                                                                         \
    F("tanh.argument_clipped", tanh(clipped(x, -p, p)))                                                          \
    F("tanh.nan_replaced", fabs(x) > 709.0 ? 0.0 : tanh(x))                                                      \
    F("tanh.epsilon_in_denominator", (exp(x) - exp(-x)) / (exp(x) + exp(-x) + p))                                \
    F("tanh.epsilon_in_denominator", (exp(2.0 * x) - 1.0) / (exp(2.0 * x) + 1.0 + p))                            \
    F("tanh.parentheses_missing", exp(x) - exp(-x) / exp(x) + exp(-x))                                           \
    F("tanh.parentheses_missing", (exp(x) - exp(-x)) / exp(x) + exp(-x))                                         \
    F("tanh.lecun", 1.7159 * tanh(2.0 / 3.0 * x))                                                                \
    UPSTREAMS(F, "tanh_gradient", 1.0 - tanh(x) * tanh(x))                                                       \
    F("tanh_gradient.square_missing", dy *(1.0 - tanh(x)))                                                       \
    F("tanh_gradient.one_plus", dy *(1.0 + tanh(x) * tanh(x)))                                                   \
    F("tanh_gradient.one_missing", -dy *tanh(x) * tanh(x))                                                       \
    F("tanh_gradient.of_sigmoid", dy *tanh(x) * (1.0 - tanh(x)))                                                 \
    F("tanh_gradient.output_for_derivative", dy *tanh(x))                                                        \
    F("tanh_gradient.derivative_missing", dy)                                                                    \
    F("tanh_gradient.root", dy *sqrt(1.0 - tanh(x) * tanh(x)))                                                   \
    F("tanh_gradient.of_tan", dy / (cos(x) * cos(x)))                                                            \
    F("tanh_gradient.of_arctan", dy / (1.0 + x * x))                                                             \
    F("tanh_gradient.second_derivative", -2.0 * dy * tanh(x) * (1.0 - tanh(x) * tanh(x)))                        \
    F("tanh_gradient.half_argument", dy *(1.0 - pow(tanh(x / 2.0), 2.0)))                                        \
    F("tanh_gradient.parentheses_missing", dy * 1.0 - tanh(x) * tanh(x))                                         \
    F("tanh_gradient.on_preactivation", dy *(1.0 - x * x))                                                       \
    F("tanh_gradient.of_output", dy *(1.0 - pow(tanh(tanh(x)), 2.0)))                                            \
    F("tanh_gradient.on_upstream", dy *(1.0 - dy * dy))                                                          \
    F("tanh_gradient.of_upstream", dy *(1.0 - pow(tanh(dy), 2.0)))                                               \
    F("tanh_gradient.overflow", dy *(1.0 - pow((exp(x) - exp(-x)) / (exp(x) + exp(-x)), 2.0)))                   \
    F("tanh_gradient.overflow_positive", dy *(1.0 - pow((exp(2.0 * x) - 1.0) / (exp(2.0 * x) + 1.0), 2.0)))      \
    F("tanh_gradient.overflow_negative", dy *(1.0 - pow((1.0 - exp(-2.0 * x)) / (1.0 + exp(-2.0 * x)), 2.0)))    \
    F("tanh_gradient.forward_sigmoid", dy *(1.0 - sigmoid(x) * sigmoid(x)))                                      \
    F("tanh_gradient.forward_tan", dy *(1.0 - tan(x) * tan(x)))                                                  \
    F("tanh_gradient.forward_arctan", dy *(1.0 - atan(x) * atan(x)))                                             \
                                                                                                                 \
    F("any.finite_differences", dy *(tanh(x + p) - tanh(x)) / p)                                                 \
    F("any.finite_differences", dy *(tanh(x + p) - tanh(x - p)) / (p + p))                                       \
    F("any.finite_differences", dy *(sigmoid(x + p) - sigmoid(x)) / p)                                           \
    F("any.finite_differences", dy *(sigmoid(x + p) - sigmoid(x - p)) / (p + p))                                 \
    OUTPUTS(F, "relu", "relu.complement", x > 0.0 ? x : 0.0)                                                     \
    F("relu.leak", x > 0.0 ? x : p * x)                                                                          \
    F("relu.absolute", x < 0.0 ? -x : x)                                                                         \
    F("relu.step", (double)(x > 0.0))                                                                            \
    F("relu.step", (double)(x >= 0.0))                                                                           \
    F("relu.minimum", x > 0.0 ? 0.0 : x)                                                                         \
    F("relu.mirrored", x < 0.0 ? -x : 0.0)                                                                       \
    F("relu.capped", clipped(x, 0.0, p))                                                                         \
    F("relu.softplus", softplus(x))                                                                              \
    F("relu.softplus", log(1.0 + exp(x)))                                                                        \
    F("relu.elu", x > 0.0 ? x : exp(x) - 1.0)                                                                    \
    F("relu.elu", x > 0.0 ? x : p * (exp(x) - 1.0))                                                              \
    F("relu.swish", x *sigmoid(x))                                                                               \
    F("relu.gelu", x *(1.0 + erf(x / sqrt(2.0))) / 2.0)                                                          \
    F("relu.gelu", x / 2.0 * (1.0 + tanh(sqrt(2.0 / 3.14159265358979324) * (x + 0.044715 * pow(x, 3.0)))))       \
    F("relu.gelu", x *sigmoid(1.702 * x))                                                                        \
    F("relu.missing", x)                                                                                         \
    F("relu.maximum_with_one", x > 1.0 ? x : 1.0)                                                                \
    F("relu.selu",                                                                                               \
      x > 0.0 ? 1.0507009873554804934 * x : 1.0507009873554804934 * 1.6732632423543772848 * (exp(x) - 1.0))      \
    F("relu.tanh", tanh(x))                                                                                      \
    F("relu.sigmoid", sigmoid(x))                                                                                \
    F("relu.constant_below_zero", x > 0.0 ? x : p)                                                               \
    F("relu.threshold", x > 1.0 ? x : 0.0)                                                                       \
    F("relu.threshold", x > 0.5 ? x : 0.0)                                                                       \
    F("relu.mish", x *tanh(softplus(x)))                                                                         \
    UPSTREAMS(F, "relu_gradient", (double)(x > 0.0))                                                             \
    F("relu_gradient.one_at_zero", x < 0.0 ? 0.0 : dy)                                                           \
    F("relu_gradient.half_at_zero", dy *(0.5 * (x > 0.0) + 0.5 * (x >= 0.0)))                                    \
    F("relu_gradient.output_for_derivative", x > 0.0 ? dy * x : 0.0)                                             \
    F("relu_gradient.leak", x > 0.0 ? dy : p * dy)                                                               \
    F("relu_gradient.of_absolute", dy *((x > 0.0) - (x < 0.0)))                                                  \
    F("relu_gradient.sides_swapped", x < 0.0 ? dy : 0.0)                                                         \
    F("relu_gradient.sides_swapped", x > 0.0 ? 0.0 : dy)                                                         \
    F("relu_gradient.derivative_missing", dy)                                                                    \
    F("relu_gradient.output_over_input", x > 0.0 ? dy : x < 0.0 ? 0.0 : (double)NAN)                             \
    F("relu_gradient.of_softplus", dy *sigmoid(x))                                                               \
    F("relu_gradient.one_above_zero", x > 0.0 ? 1.0 : dy)                                                        \
    F("relu_gradient.threshold", x > 1.0 ? dy : 0.0)                                                             \
    F("relu_gradient.threshold", x > 0.5 ? dy : 0.0)                                                             \
    F("relu_gradient.masked_by_upstream", dy > 0.0 ? dy : 0.0)                                                   \
    F("relu_gradient.masked_twice", dy > 0.0 && x > 0.0 ? dy : 0.0)                                              \
                                                                                                                 \
    OUTPUTS(F, "sigmoid", "sigmoid.sign", sigmoid(x))                                                            \
    ARGUMENTS(F, "sigmoid", sigmoid)                                                                             \
    F("sigmoid.overflow", overflowing(x))                                                                        \
    F("sigmoid.sign", overflowing(-x))                                                                           \
    F("sigmoid.tanh", tanh(x))                                                                                   \
    F("sigmoid.one_missing", exp(x))                                                                             \
    F("sigmoid.hard", clipped(0.5 + x / 5.0, 0.0, 1.0))                                                          \
    F("sigmoid.hard", clipped((x + 3.0) / 6.0, 0.0, 1.0))                                                        \
    F("sigmoid.step", (double)(x > 0.0))                                                                         \
    F("sigmoid.logarithm", -softplus(-x))                                                                        \
    F("sigmoid.softplus", softplus(x))                                                                           \
    F("sigmoid.one_minus_exponential", 1.0 / (1.0 - exp(-x)))                                                    \
    F("sigmoid.base", 1.0 / (1.0 + pow(p, -x)))                                                                  \
    F("sigmoid.base", 1.0 / (1.0 + pow(10.0, -x)))                                                               \
    F("sigmoid.parentheses_missing", 1.0 / 1.0 + exp(-x))                                                        \
    F("sigmoid.derivative", sigmoid(x) * sigmoid(-x))                                                            \
    F("sigmoid.relu", x > 0.0 ? x : 0.0)                                                                         \
    F("sigmoid.softsign", x < 0.0 ? 0.5 / (1.0 - x) : 1.0 - 0.5 / (1.0 + x))                                     \
    F("sigmoid.branch_unfinished", x < 0.0 ? exp(x) : sigmoid(x))                                                \
    F("sigmoid.epsilon_in_denominator", 1.0 / (1.0 + p + exp(-x)))                                               \
    F("sigmoid.argument_clipped", sigmoid(clipped(x, -p, p)))                                                    \
    F("sigmoid.output_clipped", clipped(sigmoid(x), p, 1.0 - p))                                                 \
    UPSTREAMS(F, "sigmoid_gradient", sigmoid(x) * sigmoid(-x))                                                   \
    F("sigmoid_gradient.one_plus", dy *sigmoid(x) * (1.0 + sigmoid(x)))                                          \
    F("sigmoid_gradient.of_tanh", dy *(1.0 - pow(sigmoid(x), 2.0)))                                              \
    F("sigmoid_gradient.output_for_derivative", dy *sigmoid(x))                                                  \
    F("sigmoid_gradient.output_missing", dy *sigmoid(-x))                                                        \
    F("sigmoid_gradient.squared", dy *pow(sigmoid(x) * sigmoid(-x), 2.0))                                        \
    F("sigmoid_gradient.derivative_missing", dy)                                                                 \
    F("sigmoid_gradient.overflow", dy *exp(-x) / pow(1.0 + exp(-x), 2.0))                                        \
    F("sigmoid_gradient.overflow_positive", dy *exp(x) / pow(1.0 + exp(x), 2.0))                                 \
    F("sigmoid_gradient.overflow_positive", dy *overflowing(x) * (1.0 - overflowing(x)))                         \
    F("sigmoid_gradient.one_minus_missing", dy *pow(sigmoid(x), 2.0))                                            \
    F("sigmoid_gradient.parentheses_missing", dy *sigmoid(x) * 1.0 - sigmoid(x))                                 \
    F("sigmoid_gradient.parentheses_missing", 0.0)                                                               \
    F("sigmoid_gradient.on_preactivation", dy *x *(1.0 - x))                                                     \
    F("sigmoid_gradient.of_output", dy *sigmoid(sigmoid(x)) * sigmoid(-sigmoid(x)))                              \
    F("sigmoid_gradient.on_upstream", dy *dy *(1.0 - dy))                                                        \
    F("sigmoid_gradient.of_upstream", dy *sigmoid(dy) * sigmoid(-dy))                                            \
    F("sigmoid_gradient.forward_tanh", dy *tanh(x) * (1.0 - tanh(x)))                                            \
    F("sigmoid_gradient.argument_clipped", dy *sigmoid(clipped(x, -p, p)) * sigmoid(-clipped(x, -p, p)))         \
    F("sigmoid_gradient.output_clipped", dy *clipped(sigmoid(x), p, 1.0 - p) * clipped(sigmoid(-x), p, 1.0 - p)) \
                                                                                                                 \
    OUTPUTS(F, "leaky_relu", "leaky_relu.complement", x > 0.0 ? x : s * x)                                       \
    F("leaky_relu.sides_swapped", x > 0.0 ? s * x : x)                                                           \
    F("leaky_relu.leak_missing", x > 0.0 ? x : 0.0)                                                              \
    F("leaky_relu.slope_ignored", x > 0.0 ? x : p * x)                                                           \
    F("leaky_relu.slope_ignored", x > 0.0 ? x : 0.0 - p * x)                                                     \
    F("leaky_relu.maximum", s *x > x ? s * x : x)                                                                \
    F("leaky_relu.divided_by_slope", x > 0.0 ? x : x / s)                                                        \
    F("leaky_relu.leak_on_both_sides", s *x)                                                                     \
    F("leaky_relu.slope_sign", x > 0.0 ? x : 0.0 - s * x)                                                        \
    F("leaky_relu.constant_below_zero", x > 0.0 ? x : s)                                                         \
    F("leaky_relu.slope_added", x > 0.0 ? x : s + x)                                                             \
    F("leaky_relu.elu", x > 0.0 ? x : s * (exp(x) - 1.0))                                                        \
    F("leaky_relu.slope_absolute", x > 0.0 ? x : sqrt(s * s) * x)                                                \
    F("leaky_relu.maximum_with_slope", x > s ? x : s)                                                            \
    F("leaky_relu.slope_subtracted", x > 0.0 ? x : x - s)                                                        \
    F("leaky_relu.minimum", s *x < x ? s * x : x)                                                                \
    F("leaky_relu.one_minus_slope", x > 0.0 ? x : x - s * x)                                                     \
    F("leaky_relu.slope_squared", x > 0.0 ? x : pow(s, 2.0) * x)                                                 \
    F("leaky_relu.compared_with_slope", x > s ? x : s * x)                                                       \
    F("leaky_relu.derivative", x > 0.0 ? 1.0 : s)                                                                \
    F("leaky_relu.slope_zero_replaced", x > 0.0 ? x : s == 0.0 ? p * x : s * x)                                  \
    F("leaky_relu.leak_added_to_relu", x > 0.0 ? (1.0 + s) * x : s * x)                                          \
    UPSTREAMS(F, "leaky_relu_gradient", x > 0.0 ? 1.0 : s)                                                       \
    F("leaky_relu_gradient.leak_missing", x > 0.0 ? dy : 0.0)                                                    \
    F("leaky_relu_gradient.slope_ignored", x > 0.0 ? dy : p * dy)                                                \
    F("leaky_relu_gradient.sides_swapped", x > 0.0 ? s * dy : dy)                                                \
    F("leaky_relu_gradient.output_for_derivative", x > 0.0 ? x * dy : s * x * dy)                                \
    F("leaky_relu_gradient.divided_by_slope", x > 0.0 ? dy : dy * (1.0 / s))                                     \
    F("leaky_relu_gradient.leak_on_both_sides", s *dy)                                                           \
    F("leaky_relu_gradient.slope_sign", x > 0.0 ? dy : 0.0 - s * dy)                                             \
    F("leaky_relu_gradient.derivative_missing", dy)                                                              \
    F("leaky_relu_gradient.output_over_input", x > 0.0 ? dy : x < 0.0 ? s * dy : (double)NAN)                    \
    F("leaky_relu_gradient.of_maximum", s *x < x ? dy : s * dy)                                                  \
    F("leaky_relu_gradient.leak_added_to_relu", x > 0.0 ? (1.0 + s) * dy : s * dy)                               \
    F("leaky_relu_gradient.slope_zero_replaced", x > 0.0 ? dy : s == 0.0 ? p * dy : s * dy)                      \
    F("leaky_relu_gradient.upstream_missing_below_zero", x > 0.0 ? dy : s)                                       \
    F("leaky_relu_gradient.upstream_missing_above_zero", x > 0.0 ? 1.0 : s * dy)                                 \
    F("leaky_relu_gradient.of_output", (x > 0.0 ? x : s * x) > 0.0 ? dy : s * dy)                                \
    F("leaky_relu_gradient.of_upstream", dy > 0.0 ? dy : s * dy)                                                 \
    F("leaky_relu_gradient.one_at_zero", x < 0.0 ? s * dy : dy)                                                  \
    F("leaky_relu_gradient.zero_at_zero", x > 0.0 ? dy : x < 0.0 ? s * dy : 0.0)

#define ID_OF(id, value) id,
#define VALUE_OF(id, value) (value),
static const char *const ids[] = {FORMULAS(ID_OF)};
enum { COUNT = sizeof ids / sizeof ids[0] };

static double formula(size_t number, double x, double dy, double s, double p)
{
    const double values[] = {FORMULAS(VALUE_OF)};
    return values[number];
}

/* Whether the model with one level computes a formula in all cases. */
static bool is_formula(const grade_part *part, const grade_choice *choice, size_t number)
{
    for (size_t i = 0; i < part->count; i++) {
        const grade_fields *inputs = &part->cases[i]->inputs;
        const grade_field *x = assay_grade_find(inputs, "x");
        const grade_field *dy = assay_grade_find(inputs, "dy");
        const grade_field *slope = assay_grade_find(inputs, "slope");
        for (size_t k = 0; k < x->count; k++) {
            double wanted = formula(number, x->values[k], dy == NULL ? 0.0 : dy->values[k],
                                    slope == NULL ? 0.0 : slope->values[0], choice->parameter);
            if (!formula_agrees(part->answers[i].outputs.field[0].values[k], wanted, 1.0)) {
                return false;
            }
        }
    }
    return true;
}

START_TEST(levels_are_formulas)
{
    grade_battery *battery = draw(formula_components[_i], 9);
    check_formulas(&battery->parts[0], COUNT, ids, is_formula, 9);
    assay_grade_battery_destroy(battery);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade formulas");
    TCase *formulas = evidence_case("formulas", "property: grade/components");
    tcase_add_loop_test(formulas, levels_are_formulas, 0, FORMULA_COMPONENTS);
    suite_add_tcase(suite, formulas);
    return support_run(suite);
}
