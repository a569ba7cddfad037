/*
 * Legitimate forms: other right ways to compute a component, written without the grader's models. None is accused, with
 * any of 12 seeds (50 with ASSAY_TEST_EFFORT=large).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grade/battery.h"
#include "grade/components.h"
#include "evidence.h"
#include "support.h"

static uint64_t seeds(void)
{
    return support_large_effort() ? 50 : 12;
}

/* The inputs of a case by name, and where its only or first output belongs. */
static const double *in(const grade_case *graded, const char *name)
{
    return assay_grade_values(&graded->inputs, name);
}

static size_t extent(const grade_case *graded, const char *name, size_t d)
{
    return assay_grade_find(&graded->inputs, name)->shape[d];
}

/* --- softmax: the logarithm of the sum of exponentials, in several ways ------------------------------------------- */

typedef double log_sum(const double *z, size_t count);

static double greatest(const double *z, size_t count)
{
    double most = z[count - 1];
    for (size_t i = 0; i + 1 < count; i++) {
        most = fmax(most, z[i]);
    }
    return most;
}

static double by_max(const double *z, size_t count)
{
    double most = greatest(z, count);
    double sum = 0.0;
    for (size_t i = count; i-- > 0;) {
        sum += exp(z[i] - most);
    }
    return most + log(sum);
}

static double by_logaddexp(const double *z, size_t count)
{
    double all = z[0];
    for (size_t i = 1; i < count; i++) {
        all = fmax(all, z[i]) + log1p(exp(-fabs(all - z[i])));
    }
    return all;
}

static double by_log1p(const double *z, size_t count)
{
    size_t top = 0;
    double others = 0.0;
    for (size_t i = 1; i < count; i++) {
        top = z[i] > z[top] ? i : top;
    }
    for (size_t i = 0; i < count; i++) {
        others += i == top ? 0.0 : exp(z[i] - z[top]);
    }
    return z[top] + log1p(others);
}

static double in_one_pass(const double *z, size_t count)
{
    double most = -HUGE_VAL;
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        double next = fmax(most, z[i]);
        sum = sum * exp(most - next) + exp(z[i] - next);
        most = next;
    }
    return most + log(sum);
}

static double compensated(const double *z, size_t count)
{
    double most = greatest(z, count);
    double sum = 0.0;
    double lost = 0.0;
    for (size_t i = 0; i < count; i++) {
        double term = exp(z[i] - most) - lost;
        double next = sum + term;
        lost = (next - sum) - term;
        sum = next;
    }
    return most + log(sum);
}

static void softmax_by(log_sum *of, const grade_case *graded, double *p)
{
    size_t classes = extent(graded, "logits", 1);
    const double *z = in(graded, "logits");
    for (size_t i = 0; i < extent(graded, "logits", 0) * classes; i++) {
        p[i] = exp(z[i] - of(z + i / classes * classes, classes));
    }
}

static void loss_by(log_sum *of, const grade_case *graded, double *loss)
{
    size_t classes = extent(graded, "logits", 1);
    const double *z = in(graded, "logits");
    for (size_t r = 0; r < extent(graded, "logits", 0); r++) { /* a running mean */
        double one = of(z + r * classes, classes) - z[r * classes + (size_t)in(graded, "labels")[r]];
        *loss += (one - *loss) / (double)(r + 1);
    }
}

static void dlogits_by(log_sum *of, const grade_case *graded, double *dz)
{
    size_t classes = extent(graded, "logits", 1);
    size_t rows = extent(graded, "logits", 0);
    softmax_by(of, graded, dz);
    for (size_t r = 0; r < rows; r++) {
        dz[r * classes + (size_t)in(graded, "labels")[r]] -= 1.0;
    }
    for (size_t i = 0; i < rows * classes; i++) {
        dz[i] *= 1.0 / (double)rows;
    }
}

#define LOG_SUM(name)                                                        \
    static void softmax_##name(const grade_case *g, const grade_fields *out) \
    {                                                                        \
        softmax_by(name, g, out->field[0].values);                           \
    }                                                                        \
    static void loss_##name(const grade_case *g, const grade_fields *out)    \
    {                                                                        \
        loss_by(name, g, out->field[0].values);                              \
    }                                                                        \
    static void dlogits_##name(const grade_case *g, const grade_fields *out) \
    {                                                                        \
        dlogits_by(name, g, out->field[0].values);                           \
    }
LOG_SUM(by_max)
LOG_SUM(by_logaddexp)
LOG_SUM(by_log1p)
LOG_SUM(in_one_pass)
LOG_SUM(compensated)

/* p_j = 1 / sum_k e^(z_k - z_j): infinity is the right denominator of a probability of 0. */
static void softmax_of_differences(const grade_case *graded, const grade_fields *out)
{
    size_t classes = extent(graded, "logits", 1);
    const double *z = in(graded, "logits");
    for (size_t i = 0; i < extent(graded, "logits", 0) * classes; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < classes; k++) {
            sum += exp(z[i / classes * classes + k] - z[i]);
        }
        out->field[0].values[i] = 1.0 / sum;
    }
}

/* --- activations, element by element ------------------------------------------------------------------------------ */

typedef double element(double x, double dy, double slope);

static void each(element *of, const grade_case *graded, const grade_fields *out)
{
    const grade_field *dy = assay_grade_find(&graded->inputs, "dy");
    const grade_field *slope = assay_grade_find(&graded->inputs, "slope");
    for (size_t i = 0; i < extent(graded, "x", 0); i++) {
        out->field[0].values[i] = of(in(graded, "x")[i], dy == NULL ? 0.0 : dy->values[i],
                                     slope == NULL ? 0.0 : slope->values[0]);
    }
}

#define ELEMENT(name, formula)                                     \
    static double name##_of(double x, double dy, double s)         \
    {                                                              \
        (void)x;                                                   \
        (void)dy;                                                  \
        (void)s;                                                   \
        return formula;                                            \
    }                                                              \
    static void name(const grade_case *g, const grade_fields *out) \
    {                                                              \
        each(name##_of, g, out);                                   \
    }
/* clang-format off */
ELEMENT(tanh_expm1, copysign(-expm1(-2.0 * fabs(x)) / (2.0 + expm1(-2.0 * fabs(x))), x))
ELEMENT(tanh_one_minus, 1.0 - 2.0 / (exp(2.0 * x) + 1.0))
ELEMENT(tanh_of_sigmoid, 2.0 / (1.0 + exp(-2.0 * x)) - 1.0)
ELEMENT(tanh_long, (double)tanhl(x))
ELEMENT(dtanh_product, dy * (1.0 - tanh(x)) * (1.0 + tanh(x)))
ELEMENT(dtanh_cosh, dy / (cosh(x) * cosh(x)))
ELEMENT(dtanh_exp, dy * 4.0 * exp(-2.0 * fabs(x)) / pow(1.0 + exp(-2.0 * fabs(x)), 2.0))
ELEMENT(dtanh_pow, dy * (1.0 - pow(tanh(x), 2.0)))
ELEMENT(sigmoid_plain, 1.0 / (1.0 + exp(-x)))
ELEMENT(sigmoid_tanh, 0.5 * (1.0 + tanh(0.5 * x)))
ELEMENT(sigmoid_log1p, exp(-log1p(exp(-x))))
ELEMENT(sigmoid_sides, x >= 0.0 ? 1.0 / (1.0 + exp(-x)) : 1.0 - 1.0 / (1.0 + exp(x)))
ELEMENT(sigmoid_clip_wide, 1.0 / (1.0 + exp(-fmin(fmax(x, -500.0), 500.0))))
ELEMENT(dsigmoid_difference, dy * (1.0 / (1.0 + exp(-x)) - pow(1.0 / (1.0 + exp(-x)), 2.0)))
ELEMENT(dsigmoid_both, dy / (1.0 + exp(-x)) / (1.0 + exp(x)))
ELEMENT(dsigmoid_cosh, dy * 0.25 / (cosh(0.5 * x) * cosh(0.5 * x)))
ELEMENT(dsigmoid_tanh, dy * 0.25 * (1.0 - tanh(0.5 * x) * tanh(0.5 * x)))
ELEMENT(relu_max, fmax(x, 0.0))
ELEMENT(relu_mask, x * (x > 0.0))
ELEMENT(relu_half, 0.5 * (x + fabs(x)))
ELEMENT(drelu_mask, dy * (x > 0.0))
ELEMENT(drelu_output, fmax(x, 0.0) > 0.0 ? dy : 0.0)
ELEMENT(drelu_ceil, dy * ceil(fmin(fmax(x, 0.0), 1.0)))
ELEMENT(leaky_parts, fmax(x, 0.0) + s * fmin(x, 0.0))
ELEMENT(leaky_mask, x * ((x > 0.0) + s * (x <= 0.0)))
ELEMENT(leaky_half, 0.5 * ((1.0 + s) * x + (1.0 - s) * fabs(x)))
ELEMENT(dleaky_mask, dy * ((x > 0.0) + s * (x <= 0.0)))
ELEMENT(dleaky_blend, dy * (s + (1.0 - s) * (x > 0.0)))
ELEMENT(identity_copy, x)
ELEMENT(identity_product, 1.0 * x + 0.0)
ELEMENT(didentity_copy, dy)
/* clang-format on */

/* --- linear layers ------------------------------------------------------------------------------------------------ */

/* The bias first, then one input after the other. */
static void linear_by_inputs(const grade_case *g, const grade_fields *out)
{
    size_t rows = extent(g, "x", 0);
    size_t inputs = extent(g, "x", 1);
    size_t outputs = extent(g, "weight", 0);
    double *y = out->field[0].values;
    for (size_t i = 0; i < rows * outputs; i++) {
        y[i] = in(g, "bias")[i % outputs];
    }
    for (size_t k = 0; k < inputs; k++) {
        for (size_t i = 0; i < rows * outputs; i++) {
            y[i] += in(g, "x")[i / outputs * inputs + k] * in(g, "weight")[i % outputs * inputs + k];
        }
    }
}

/* From the last input to the first, in long double. */
static void linear_backwards(const grade_case *g, const grade_fields *out)
{
    size_t inputs = extent(g, "x", 1);
    size_t outputs = extent(g, "weight", 0);
    for (size_t i = 0; i < extent(g, "x", 0) * outputs; i++) {
        long double sum = 0.0L;
        for (size_t k = inputs; k-- > 0;) {
            sum += (long double)in(g, "x")[i / outputs * inputs + k] * in(g, "weight")[i % outputs * inputs + k];
        }
        out->field[0].values[i] = (double)(sum + in(g, "bias")[i % outputs]);
    }
}

/* Row after row, each added to what the rows before gave; dbias as the product with a column of ones. */
static void gradients_by_rows(const grade_case *g, const grade_fields *out)
{
    size_t inputs = extent(g, "x", 1);
    size_t outputs = extent(g, "weight", 0);
    for (size_t r = 0; r < extent(g, "x", 0); r++) {
        for (size_t j = 0; j < outputs; j++) {
            double delta = in(g, "dy")[r * outputs + j];
            out->field[2].values[j] += delta * 1.0;
            for (size_t k = 0; k < inputs; k++) {
                out->field[0].values[r * inputs + k] += delta * in(g, "weight")[j * inputs + k];
                out->field[1].values[j * inputs + k] += delta * in(g, "x")[r * inputs + k];
            }
        }
    }
}

/* --- surfaces ----------------------------------------------------------------------------------------------------- */

static void curve_by_exponentials(const grade_case *g, const grade_fields *out)
{
    for (size_t i = 0; i < extent(g, "w1", 0); i++) {
        double w = in(g, "w1")[i];
        double c = cosh(w);
        double s = 0.5 + 0.5 * tanh(0.5 * in(g, "w2")[i]);
        out->field[0].values[i] = 1.0 - 1.0 / (c * c) + 0.01 * sqrt(w * w) + s;
        out->field[1].values[i] = 2.0 * sinh(w) / (c * c * c) + 0.01 * ((w > 0.0) - (w < 0.0));
        out->field[2].values[i] = s - s * s;
    }
}

static void steep_by_coordinates(const grade_case *g, const grade_fields *out)
{
    static const double centres[3][2] = {{-0.5, -0.8}, {-1.0, 0.5}, {1.0, -0.5}};
    for (size_t i = 0; i < extent(g, "w1", 0); i++) {
        for (size_t k = 0; k < 3; k++) {
            double a = (in(g, "w1")[i] - centres[k][0]) / 0.2;
            double b = (in(g, "w2")[i] - centres[k][1]) / 0.2;
            double density = exp(-0.5 * a * a) / (0.2 * 2.5066282746310002) * exp(-0.5 * b * b) /
                             (0.2 * 2.5066282746310002);
            out->field[0].values[i] -= density;
            out->field[1].values[i] += density * a / 0.2;
            out->field[2].values[i] += density * b / 0.2;
        }
    }
}

/* --- none is accused ---------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct { const char *component; void (*of)(const grade_case *, const grade_fields *); } variants[] = {
    {"softmax", softmax_by_max}, {"softmax", softmax_by_logaddexp}, {"softmax", softmax_by_log1p},
    {"softmax", softmax_in_one_pass}, {"softmax", softmax_compensated}, {"softmax", softmax_of_differences},
    {"cross_entropy", loss_by_max}, {"cross_entropy", loss_by_logaddexp}, {"cross_entropy", loss_by_log1p},
    {"cross_entropy", loss_in_one_pass}, {"cross_entropy", loss_compensated},
    {"cross_entropy_gradient", dlogits_by_max}, {"cross_entropy_gradient", dlogits_by_logaddexp},
    {"cross_entropy_gradient", dlogits_by_log1p}, {"cross_entropy_gradient", dlogits_in_one_pass},
    {"cross_entropy_gradient", dlogits_compensated},
    {"tanh", tanh_expm1}, {"tanh", tanh_one_minus}, {"tanh", tanh_of_sigmoid}, {"tanh", tanh_long},
    {"tanh_gradient", dtanh_product}, {"tanh_gradient", dtanh_cosh}, {"tanh_gradient", dtanh_exp},
    {"tanh_gradient", dtanh_pow},
    {"sigmoid", sigmoid_plain}, {"sigmoid", sigmoid_tanh}, {"sigmoid", sigmoid_log1p}, {"sigmoid", sigmoid_sides},
    {"sigmoid", sigmoid_clip_wide},
    {"sigmoid_gradient", dsigmoid_difference}, {"sigmoid_gradient", dsigmoid_both}, {"sigmoid_gradient", dsigmoid_cosh},
    {"sigmoid_gradient", dsigmoid_tanh},
    {"relu", relu_max}, {"relu", relu_mask}, {"relu", relu_half},
    {"relu_gradient", drelu_mask}, {"relu_gradient", drelu_output}, {"relu_gradient", drelu_ceil},
    {"leaky_relu", leaky_parts}, {"leaky_relu", leaky_mask}, {"leaky_relu", leaky_half},
    {"leaky_relu_gradient", dleaky_mask}, {"leaky_relu_gradient", dleaky_blend},
    {"identity", identity_copy}, {"identity", identity_product}, {"identity_gradient", didentity_copy},
    {"linear_forward", linear_by_inputs}, {"linear_forward", linear_backwards}, {"linear_backward", gradients_by_rows},
    {"pathological_curve", curve_by_exponentials}, {"steep_optima", steep_by_coordinates},
};
/* clang-format on */
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static void assert_right(const char *component, uint64_t seed, int variant)
{
    assay_error error = {0};
    const char *only[] = {component, NULL};
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(seed, only, &battery, &error), &error);
    grade_part *part = &battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        part->answers[i].verdict = GRADE_PASS;
        variants[variant].of(part->cases[i], &part->answers[i].outputs);
    }
    support_assert_ok(assay_grade_battery_judge(battery, &error), &error);
    for (size_t i = 0; i < part->count; i++) {
        ck_assert_msg(part->results[i].verdict == GRADE_PASS, "%s, variant %d, seed %d, %s: %s", component, variant,
                      (int)seed, part->cases[i]->name, part->results[i].detail);
    }
    assay_grade_battery_destroy(battery);
}

START_TEST(legitimate_forms_are_not_accused)
{
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        assert_right(variants[_i].component, seed, _i);
    }
}
END_TEST

/* --- initializers ------------------------------------------------------------------------------------------------- */

static double unit(assay_mt19937 *random)
{
    return ((double)(assay_mt19937_random32(random) >> 8) + 0.5) * 0x1p-24;
}

static double box_muller(assay_mt19937 *random)
{
    double radius = sqrt(-2.0 * log(unit(random)));
    return radius * sin(6.283185307179586 * unit(random));
}

static double polar(assay_mt19937 *random)
{
    double a;
    double square;
    do {
        a = 2.0 * unit(random) - 1.0;
        double b = 2.0 * unit(random) - 1.0;
        square = a * a + b * b;
    } while (square >= 1.0);
    return a * sqrt(-2.0 * log(square) / square);
}

static double twelve_uniforms(assay_mt19937 *random)
{
    double sum = -6.0;
    for (int i = 0; i < 12; i++) {
        sum += unit(random);
    }
    return sum;
}

/* The sum of four uniform numbers (Irwin and Hall), with the variance 1. */
static double irwin_hall(assay_mt19937 *random)
{
    return sqrt(3.0) * (unit(random) + unit(random) + unit(random) + unit(random) - 2.0);
}

static double single_precision(assay_mt19937 *random)
{
    return (float)box_muller(random);
}

static double symmetric_uniform(assay_mt19937 *random)
{
    return sqrt(3.0) * (2.0 * unit(random) - 1.0);
}

/* Cut at two standard deviations, and divided by what is left of the standard deviation. */
static double truncated(assay_mt19937 *random)
{
    double value;
    do {
        value = box_muller(random);
    } while (fabs(value) > 2.0);
    return value / 0.87962566103423978;
}

/* Rows, or columns where there are fewer of them, made orthogonal, with the variance 1. */
static void orthogonalise(size_t rows, size_t columns, double *w)
{
    size_t count = rows < columns ? rows : columns;
    size_t length = rows < columns ? columns : rows;
    size_t step = rows < columns ? 1 : columns;
    size_t next = rows < columns ? columns : 1;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j <= i; j++) {
            double product = 0.0;
            for (size_t k = 0; k < length; k++) {
                product += w[i * next + k * step] * w[j * next + k * step];
            }
            for (size_t k = 0; k < length; k++) { /* earlier ones have the square length: `length` */
                double *own = &w[i * next + k * step];
                *own = j == i ? *own * sqrt((double)length / product)
                              : *own - product / (double)length * w[j * next + k * step];
            }
        }
    }
}

static double own_std(const char *component, const grade_case *graded, size_t layer)
{
    double inputs = in(graded, "sizes")[layer];
    double outputs = in(graded, "sizes")[layer + 1];
    switch (component[5]) {
    case 'n': return in(graded, "std")[0];
    case 'f': return 1.0 / sqrt(inputs);
    case 'x': return sqrt(2.0 / (inputs + outputs));
    default: return sqrt((layer == 0 ? 1.0 : 2.0) / inputs);
    }
}

/* clang-format off */
static const struct { const char *component; double (*of)(assay_mt19937 *); bool orthogonal; } generators[] = {
    {"init_normal", box_muller, false}, {"init_normal", polar, false}, {"init_normal", twelve_uniforms, false},
    {"init_fan_in", irwin_hall, false}, {"init_fan_in", truncated, false}, {"init_fan_in", symmetric_uniform, false},
    {"init_fan_in", single_precision, false},
    {"init_xavier", symmetric_uniform, false}, {"init_xavier", box_muller, true},
    {"init_xavier", twelve_uniforms, false}, {"init_xavier", polar, false}, {"init_xavier", truncated, false},
    {"init_kaiming", box_muller, true}, {"init_kaiming", box_muller, false}, {"init_kaiming", truncated, false},
    {"init_kaiming", irwin_hall, false}, {"init_kaiming", symmetric_uniform, false},
};
/* clang-format on */
enum { GENERATORS = sizeof generators / sizeof generators[0] };

static void initialize(int generator, const grade_case *graded, const grade_fields *out)
{
    const char *component = generators[generator].component;
    assay_mt19937 random;
    assay_mt19937_seed(&random, (uint32_t)in(graded, "seed")[0]);
    for (size_t f = 0; f < out->count; f++) {
        const grade_field *field = &out->field[f];
        double std = f % 2 == 0 || component[5] == 'n' ? own_std(component, graded, f / 2) : 0.0;
        for (size_t i = 0; i < field->count && std > 0.0; i++) {
            field->values[i] = generators[generator].of(&random);
        }
        if (generators[generator].orthogonal && f % 2 == 0) {
            orthogonalise(field->shape[0], field->shape[1], field->values);
        }
        for (size_t i = 0; i < field->count; i++) {
            field->values[i] *= std;
        }
    }
}

START_TEST(legitimate_draws_are_not_accused)
{
    assay_error error = {0};
    const char *only[] = {generators[_i].component, NULL};
    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        grade_battery *battery;
        support_assert_ok(assay_grade_battery_create(seed, only, &battery, &error), &error);
        grade_part *part = &battery->parts[0];
        for (size_t i = 0; i < part->count; i++) {
            part->answers[i].verdict = GRADE_PASS;
            initialize(_i, part->cases[i], &part->answers[i].outputs);
        }
        support_assert_ok(assay_grade_battery_judge(battery, &error), &error);
        for (size_t i = 0; i < part->count; i++) {
            ck_assert_msg(part->results[i].verdict == GRADE_PASS, "%s, generator %d, seed %d: %s, %s", only[0], _i,
                          (int)seed, part->results[i].detail,
                          part->results[i].mistake == NULL ? "" : part->results[i].mistake);
        }
        assay_grade_battery_destroy(battery);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade legitimate");
    TCase *forms = evidence_case("forms",
                                 "property: grade/judge, grade/components, grade/judge_init, grade/distribution");
    tcase_set_timeout(forms, 240);
    tcase_add_loop_test(forms, legitimate_forms_are_not_accused, 0, VARIANTS);
    tcase_add_loop_test(forms, legitimate_draws_are_not_accused, 0, GENERATORS);
    suite_add_tcase(suite, forms);
    return support_run(suite);
}
