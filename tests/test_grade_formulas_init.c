/*
 * The initializers' models, against laws that are written here once more: what each mistake draws a layer's weights and
 * biases from. Each level of the models has the law of its mistake, and each law has a level. (Laws whose names begin
 * with "initializer." belong to several components, so not each of them needs a level in each.)
 */
#include <math.h>
#include <string.h>

#include "grade/components.h"
#include "grade/distribution.h"
#include "grade_formulas.h"

static const char *const initializers[] = {"init_constant", "init_normal", "init_fan_in", "init_xavier",
                                           "init_kaiming"};
enum { INITIALIZERS = sizeof initializers / sizeof initializers[0] };

/* A layer, and the numbers that the case and the choice give. */
typedef struct {
    double in, out, first_in, first_out; /* of this layer, and of the first one */
    bool first, last;
    double s;                        /* the right standard deviation of its weights; for init_constant the constant */
    double p;                        /* the number of a mistake that has one */
    grade_distribution weight, bias; /* the right laws */
} layer;

static grade_distribution law(grade_distribution_kind kind, double value)
{
    return (grade_distribution){kind, value};
}

/* A mistake in the weights alone, in the biases alone; in the weights, and in biases that are drawn as the weights. */
#define WEIGHTS(F, id, wrong) F(id, wrong, of->bias)
#define BIASES(F, id, wrong) F(id, of->weight, wrong)
#define FORM(F, id, wrong) F(id, wrong, of->bias.kind == GRADE_NORMAL ? (wrong) : of->bias)
/* Most mistakes are in the spread of the weights, and any law with this spread is theirs. */
#define SPREAD(F, id, std) WEIGHTS(F, id, law(GRADE_EITHER, std))

#define SHARED(F)                                                                     \
    FORM(F, "initializer.variance_as_bound", law(GRADE_UNIFORM, s *s))                \
    FORM(F, "initializer.truncated", law(GRADE_TRUNCATED, s))                         \
    FORM(F, "initializer.rand_for_randn", law(GRADE_POSITIVE, s))                     \
    FORM(F, "initializer.absolute", law(GRADE_HALF_NORMAL, s))                        \
    FORM(F, "initializer.unscaled", law(GRADE_NORMAL, 1.0))                           \
    FORM(F, "initializer.unit_uniform", law(GRADE_POSITIVE, 1.0))                     \
    FORM(F, "initializer.symmetric_unit_uniform", law(GRADE_UNIFORM, 1.0))            \
    FORM(F, "initializer.rand_minus_half", law(GRADE_UNIFORM, 0.5))                   \
    FORM(F, "initializer.rand_minus_half_scaled", law(GRADE_UNIFORM, s / 2.0))        \
    FORM(F, "initializer.multiplied", law(GRADE_EITHER, pow(s, -1.0)))                \
    FORM(F, "initializer.multiplied", law(GRADE_EITHER, pow(s, -2.0)))                \
    FORM(F, "initializer.half_variance", law(GRADE_NORMAL, sqrt(s *s / 2.0)))         \
    FORM(F, "initializer.twelve_not_shifted", law(GRADE_SHIFTED, s))                  \
    FORM(F, "initializer.one_uniform_for_both", law(GRADE_ONE_UNIFORM, s))            \
    FORM(F, "initializer.box_muller_root_missing", law(GRADE_ROOTLESS, s))            \
    FORM(F, "initializer.mean_not_zero", law(GRADE_OFF_CENTRE, s))                    \
    FORM(F, "initializer.mean_and_std", law(GRADE_OFF_CENTRE, p))                     \
    FORM(F, "initializer.all_zero", law(GRADE_CONSTANT, 0.0))                         \
    WEIGHTS(F, "initializer.one_value", law(GRADE_ONE_VALUE, 0.0))                    \
    FORM(F, "initializer.fixed_std", law(GRADE_EITHER, p))                            \
    FORM(F, "initializer.std_as_variance", law(GRADE_EITHER, sqrt(s)))                \
    FORM(F, "initializer.bound_as_std", law(GRADE_NORMAL, sqrt(3.0 * s * s)))         \
    FORM(F, "initializer.positive_only", law(GRADE_POSITIVE, sqrt(3.0 * s * s)))      \
    BIASES(F, "initializer.bias_pytorch_default", law(GRADE_UNIFORM, sqrt(1.0 / in))) \
    BIASES(F, "initializer.bias_unscaled", law(GRADE_NORMAL, 1.0))                    \
    BIASES(F, "initializer.bias_unit_uniform", law(GRADE_POSITIVE, 1.0))              \
    BIASES(F, "initializer.bias_constant", law(GRADE_CONSTANT, p))

#define LARGER(a, b) ((a) > (b) ? (a) : (b))
/* Of fan-in, Xavier and Kaiming; v: the right variance. */
#define SCALED(F, name, root_missing, v)                          \
    FORM(F, name ".std_as_bound", law(GRADE_UNIFORM, sqrt(v)))    \
    SPREAD(F, name "." root_missing, v)                           \
    FORM(F, name "." root_missing, law(GRADE_UNIFORM, 3.0 * (v))) \
    BIASES(F, name ".bias_drawn", law(GRADE_EITHER, sqrt(v)))     \
    BIASES(F, name ".bias_drawn", law(GRADE_RANDOM, 0.0))

#define CONSTANT(F)                                                                         \
    F("init_constant.fill_ignored", law(GRADE_CONSTANT, 0.005), law(GRADE_CONSTANT, 0.005)) \
    F("init_constant.fill_ignored", law(GRADE_CONSTANT, p), law(GRADE_CONSTANT, p))         \
    WEIGHTS(F, "init_constant.weight_zero", law(GRADE_CONSTANT, 0.0))                       \
    WEIGHTS(F, "init_constant.weight_one", law(GRADE_CONSTANT, 1.0))                        \
    WEIGHTS(F, "init_constant.divided_by_fan_in", law(GRADE_CONSTANT, s / in))              \
    WEIGHTS(F, "init_constant.sign", law(GRADE_CONSTANT, 0.0 - s))                          \
    BIASES(F, "init_constant.bias_skipped", law(GRADE_CONSTANT, 0.0))                       \
    BIASES(F, "init_constant.bias_one", law(GRADE_CONSTANT, 1.0))                           \
    BIASES(F, "init_constant.bias_small", law(GRADE_CONSTANT, 0.01))

#define NORMAL(F)                                                               \
    FORM(F, "init_normal.uniform_bound", law(GRADE_UNIFORM, s))                 \
    FORM(F, "init_normal.uniform", law(GRADE_UNIFORM, sqrt(3.0 * s * s)))       \
    FORM(F, "init_normal.variance_as_std", law(GRADE_EITHER, s *s))             \
    FORM(F, "init_normal.variance_as_std", law(GRADE_UNIFORM, 3.0 * s * s))     \
    FORM(F, "init_normal.std_as_variance", law(GRADE_EITHER, sqrt(s)))          \
    FORM(F, "init_normal.std_ignored", law(GRADE_EITHER, p))                    \
    FORM(F, "init_normal.divided_by_fan_in", law(GRADE_NORMAL, s / sqrt(in)))   \
    BIASES(F, "init_normal.divided_by_fan_in", law(GRADE_NORMAL, s / sqrt(in))) \
    BIASES(F, "init_normal.bias_skipped", law(GRADE_CONSTANT, 0.0))             \
    BIASES(F, "init_normal.bias_other_law", law(GRADE_RANDOM, 0.0))

#define FAN_IN(F)                                                                       \
    SCALED(F, "init_fan_in", "variance_as_std", 1.0 / in)                               \
    SPREAD(F, "init_fan_in.gain_of_relu", sqrt(2.0 / in))                               \
    SPREAD(F, "init_fan_in.gain_after_first_layer", sqrt((of->first ? 1.0 : 2.0) / in)) \
    SPREAD(F, "init_fan_in.other_gain", p *sqrt(of->first_in / in))                     \
    SPREAD(F, "init_fan_in.fan_out", sqrt(1.0 / out))                                   \
    SPREAD(F, "init_fan_in.fan_average", sqrt(2.0 / (in + out)))                        \
    SPREAD(F, "init_fan_in.orthogonal", sqrt(1.0 / LARGER(in, out)))

#define XAVIER(F)                                                                             \
    SCALED(F, "init_xavier", "root_missing", 2.0 / (in + out))                                \
    FORM(F, "init_xavier.bound_as_std", law(GRADE_NORMAL, sqrt(6.0 / (in + out))))            \
    FORM(F, "init_xavier.positive_only", law(GRADE_POSITIVE, sqrt(6.0 / (in + out))))         \
    SPREAD(F, "init_xavier.two_missing", sqrt(1.0 / (in + out)))                              \
    SPREAD(F, "init_xavier.other_gain", p *sqrt((of->first_in + of->first_out) / (in + out))) \
    SPREAD(F, "init_xavier.gain_of_relu", sqrt(2.0) * s)                                      \
    SPREAD(F, "init_xavier.gain_of_tanh", 5.0 / 3.0 * s)                                      \
    SPREAD(F, "init_xavier.gain_of_sigmoid", 4.0 * s)                                         \
    SPREAD(F, "init_xavier.fan_in_only", sqrt(1.0 / in))                                      \
    SPREAD(F, "init_xavier.fan_out_only", sqrt(1.0 / out))                                    \
    SPREAD(F, "init_xavier.orthogonal", sqrt(1.0 / LARGER(in, out)))                          \
    SPREAD(F, "init_xavier.fans_multiplied", sqrt(2.0 / (in * out)))                          \
    SPREAD(F, "init_xavier.harmonic_mean", sqrt((in + out) / (2.0 * in * out)))               \
    SPREAD(F, "init_xavier.geometric_mean", pow(in *out, -0.25))                              \
    SPREAD(F, "init_xavier.roots_averaged", 2.0 / (sqrt(in) + sqrt(out)))                     \
    SPREAD(F, "init_xavier.parentheses_missing", sqrt(2.0 / in + out))                        \
    SPREAD(F, "init_xavier.parentheses_missing", sqrt(6.0 / in + out) / sqrt(3.0))            \
    SPREAD(F, "init_xavier.root_of_numerator", sqrt(2.0) / (in + out))

/* The gain 2 of a layer behind a ReLU. */
#define GAIN(gain) (of->first ? 1.0 : (gain))
#define KAIMING(F)                                                                                \
    SCALED(F, "init_kaiming", "variance_as_std", GAIN(2.0) / in)                                  \
    SPREAD(F, "init_kaiming.gain_missing", sqrt(1.0 / in))                                        \
    SPREAD(F, "init_kaiming.gain_squared", GAIN(2.0) / sqrt(in))                                  \
    SPREAD(F, "init_kaiming.no_gain_on_last_layer", sqrt((of->last ? 1.0 : GAIN(2.0)) / in))      \
    SPREAD(F, "init_kaiming.gain_inverted", sqrt(1.0 / GAIN(2.0) / in))                           \
    SPREAD(F, "init_kaiming.pytorch_default", 1.0 / sqrt(in) / sqrt(3.0)) /* U(+-1 / sqrt(in)) */ \
    SPREAD(F, "init_kaiming.root_of_numerator", sqrt(GAIN(2.0)) / in)                             \
    SPREAD(F, "init_kaiming.other_gain", p *sqrt(of->first_in / in))                              \
    SPREAD(F, "init_kaiming.gain_on_first_layer", sqrt(2.0 / in))                                 \
    SPREAD(F, "init_kaiming.fan_out", sqrt(GAIN(2.0) / out))                                      \
    SPREAD(F, "init_kaiming.fan_average", sqrt(2.0 * GAIN(2.0) / (in + out)))                     \
    SPREAD(F, "init_kaiming.orthogonal", sqrt(GAIN(2.0) / LARGER(in, out)))

/* Two mistakes, or a mistake in code of another convention, at once. */
#define CONSTANT_PAIRS(F)                                                                                         \
    F("init_constant.fill_ignored + init_constant.sign", law(GRADE_CONSTANT, -0.005), law(GRADE_CONSTANT, 0.005)) \
    F("init_constant.fill_ignored + init_constant.divided_by_fan_in", law(GRADE_CONSTANT, p / in),                \
      law(GRADE_CONSTANT, p))
#define NORMAL_PAIRS(F)                                                                                    \
    FORM(F, "init_normal.divided_by_fan_in + init_normal.uniform_bound", law(GRADE_UNIFORM, s / sqrt(in))) \
    F("init_normal.divided_by_fan_in + initializer.one_value", law(GRADE_ONE_VALUE, 0.0),                  \
      law(GRADE_NORMAL, s / sqrt(in)))
#define FAN_IN_PAIRS(F)                                                                     \
    SPREAD(F, "init_fan_in.other_gain + init_fan_in.fan_out", p *sqrt(of->first_out / out)) \
    SPREAD(F, "init_fan_in.other_gain + init_fan_in.fan_average",                           \
           p *sqrt((of->first_in + of->first_out) / (in + out)))                            \
    SPREAD(F, "init_fan_in.other_gain + init_fan_in.orthogonal",                            \
           p *sqrt(LARGER(of->first_in, of->first_out) / LARGER(in, out)))                  \
    SPREAD(F, "init_fan_in.gain_of_relu + init_fan_in.fan_out", sqrt(2.0 / out))            \
    SPREAD(F, "init_fan_in.gain_after_first_layer + init_fan_in.fan_average",               \
           sqrt((of->first ? 2.0 : 4.0) / (in + out)))                                      \
    SPREAD(F, "init_fan_in.gain_of_relu + init_fan_in.variance_as_std", 2.0 / in)
#define XAVIER_PAIRS(F)                                                                                 \
    SPREAD(F, "init_xavier.two_missing + init_xavier.gain_of_relu", sqrt(2.0 / (in + out)))             \
    SPREAD(F, "init_xavier.two_missing + init_xavier.gain_of_tanh", 5.0 / 3.0 * sqrt(1.0 / (in + out))) \
    SPREAD(F, "init_xavier.two_missing + init_xavier.gain_of_sigmoid", 4.0 * sqrt(1.0 / (in + out)))    \
    SPREAD(F, "init_xavier.two_missing + init_xavier.fan_in_only", sqrt(0.5 / in))                      \
    SPREAD(F, "init_xavier.gain_of_relu + init_xavier.fan_in_only", sqrt(2.0 / in))                     \
    SPREAD(F, "init_xavier.gain_of_tanh + init_xavier.orthogonal", 5.0 / 3.0 / sqrt(LARGER(in, out)))   \
    SPREAD(F, "init_xavier.other_gain + init_xavier.fan_out_only", p *sqrt(of->first_out / out))        \
    SPREAD(F, "init_xavier.other_gain + init_xavier.fan_in_only", p *sqrt(of->first_in / in))           \
    SPREAD(F, "init_xavier.other_gain + init_xavier.fans_multiplied",                                   \
           p *sqrt(of->first_in * of->first_out / in / out))                                            \
    F("init_xavier.fan_in_only + init_xavier.bias_drawn", law(GRADE_EITHER, sqrt(1.0 / in)),            \
      law(GRADE_EITHER, sqrt(1.0 / in)))                                                                \
    WEIGHTS(F, "init_xavier.fan_in_only + init_xavier.std_as_bound", law(GRADE_UNIFORM, sqrt(1.0 / in)))
#define KAIMING_PAIRS(F)                                                                                           \
    SPREAD(F, "init_kaiming.gain_on_first_layer + init_kaiming.gain_squared", 2.0 / sqrt(in))                      \
    SPREAD(F, "init_kaiming.gain_on_first_layer + init_kaiming.gain_inverted", sqrt(0.5 / in))                     \
    SPREAD(F, "init_kaiming.gain_on_first_layer + init_kaiming.no_gain_on_last_layer",                             \
           sqrt((of->last ? 1.0 : 2.0) / in))                                                                      \
    SPREAD(F, "init_kaiming.gain_on_first_layer + init_kaiming.root_of_numerator", sqrt(2.0) / in)                 \
    SPREAD(F, "init_kaiming.gain_on_first_layer + init_kaiming.fan_out", sqrt(2.0 / out))                          \
    WEIGHTS(F, "init_kaiming.gain_on_first_layer + init_kaiming.std_as_bound", law(GRADE_UNIFORM, sqrt(2.0 / in))) \
    SPREAD(F, "init_kaiming.other_gain + init_kaiming.fan_out", p *sqrt(of->first_out / out))                      \
    SPREAD(F, "init_kaiming.other_gain + init_kaiming.fan_average",                                                \
           p *sqrt((of->first_in + of->first_out) / (in + out)))                                                   \
    SPREAD(F, "init_kaiming.other_gain + init_kaiming.orthogonal",                                                 \
           p *sqrt(LARGER(of->first_in, of->first_out) / LARGER(in, out)))                                         \
    SPREAD(F, "init_kaiming.root_of_numerator + init_kaiming.fan_out", sqrt(GAIN(2.0)) / out)                      \
    SPREAD(F, "init_kaiming.gain_missing + init_kaiming.fan_out", sqrt(1.0 / out))                                 \
    SPREAD(F, "init_kaiming.pytorch_default + init_kaiming.fan_out", sqrt(1.0 / 3.0 / out))

#define LAWS(F) \
    SHARED(F)   \
    CONSTANT(F) \
    NORMAL(F)   \
    FAN_IN(F) XAVIER(F) KAIMING(F) CONSTANT_PAIRS(F) NORMAL_PAIRS(F) FAN_IN_PAIRS(F) XAVIER_PAIRS(F) KAIMING_PAIRS(F)

#define ID_OF(id, weight, bias) id,
#define PAIR_OF(id, weight, bias) {(weight), (bias)},
static const char *const ids[] = {LAWS(ID_OF)};
enum { COUNT = sizeof ids / sizeof ids[0] };

static grade_distribution formula(size_t number, const layer *of, bool bias)
{
    const double in = of->in, out = of->out, s = of->s, p = of->p;
    const grade_distribution laws[][2] = {LAWS(PAIR_OF)};
    return laws[number][bias];
}

/* The right spread and the right laws, from the equations of the tutorial. */
static void set_right(const grade_case *graded, layer *of)
{
    const char *name = graded->component->name;
    const grade_field *fill = assay_grade_find(&graded->inputs, "fill");
    const grade_field *std = assay_grade_find(&graded->inputs, "std");
    of->bias = law(GRADE_CONSTANT, 0.0);
    if (fill != NULL) {
        of->s = fill->values[0];
        of->weight = of->bias = law(GRADE_CONSTANT, of->s);
        return;
    }
    if (std != NULL) {
        of->s = std->values[0];
        of->weight = of->bias = law(GRADE_NORMAL, of->s);
        return;
    }
    of->s = strcmp(name, "init_fan_in") == 0   ? sqrt(1.0 / of->in)
            : strcmp(name, "init_xavier") == 0 ? sqrt(2.0 / (of->in + of->out))
                                               : sqrt(GAIN(2.0) / of->in);
    of->weight = law(GRADE_EITHER, of->s);
}

static layer look(const grade_case *graded, double p, size_t number)
{
    const grade_field *sizes = assay_grade_find(&graded->inputs, "sizes");
    layer made = {.in = sizes->values[number],
                  .out = sizes->values[number + 1],
                  .first_in = sizes->values[0],
                  .first_out = sizes->values[1],
                  .first = number == 0,
                  .last = number + 2 == sizes->count,
                  .p = p};
    set_right(graded, &made);
    return made;
}

/* Whether the model gives tensor f (weights and biases in turn) of case i this law. */
static bool has_law(const grade_part *part, size_t i, const grade_choice *choice, size_t f, grade_distribution wanted)
{
    const struct grade_initializer *random = part->component->initializer;
    if (random != NULL) {
        grade_distribution given = random->draws(part->cases[i], choice, f / 2, f % 2 == 1);
        return given.kind == wanted.kind && formula_agrees(given.value, wanted.value, 0.0);
    }
    const grade_field *constant = &part->answers[i].outputs.field[f];
    bool same = true;
    for (size_t k = 0; k < constant->count; k++) {
        same = same && formula_agrees(constant->values[k], wanted.value, 0.0);
    }
    return same;
}

/*
 * The number that people see: a free gain's is the gain, of which the choice's number is the first layer's standard
 * deviation. The right variance of the first layer is 1 over the (average) fan. (Of two mistakes the laws show it.)
 */
static bool shows(const grade_part *part, size_t i, const grade_choice *choice, const char *id)
{
    const struct grade_initializer *random = part->component->initializer;
    if (random == NULL || random->shown == NULL || strstr(id, " + ") != NULL) {
        return true;
    }
    double p = choice->parameter;
    double right = look(part->cases[i], p, 0).s;
    double shown = strstr(id, ".other_gain") != NULL ? pow(p / right, 2.0) : p;
    return formula_agrees(random->shown(part->cases[i], choice), shown, 0.0);
}

static bool is_law(const grade_part *part, const grade_choice *choice, size_t number)
{
    bool same = true;
    for (size_t i = 0; i < part->count; i++) {
        same = same && shows(part, i, choice, ids[number]);
        for (size_t f = 0; f < part->cases[i]->outputs.count && same; f++) {
            layer of = look(part->cases[i], choice->parameter, f / 2);
            same = has_law(part, i, choice, f, formula(number, &of, f % 2 == 1));
        }
    }
    return same;
}

START_TEST(levels_are_laws)
{
    grade_battery *battery = draw(initializers[_i], 9);
    check_choices(&battery->parts[0], COUNT, ids, is_law, 9);
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(no_mistake_is_the_right_law)
{
    grade_battery *battery = draw(initializers[_i], 9);
    grade_part *part = &battery->parts[0];
    const grade_choice right = GRADE_TUTORIAL;
    if (part->component->model != NULL) {
        answer(part, &right);
    }
    for (size_t i = 0; i < part->count; i++) {
        for (size_t f = 0; f < part->cases[i]->outputs.count; f++) {
            layer of = look(part->cases[i], 0.0, f / 2);
            ck_assert(has_law(part, i, &right, f, f % 2 == 1 ? of.bias : of.weight));
        }
    }
    assay_grade_battery_destroy(battery);
}
END_TEST

/* --- samples ------------------------------------------------------------------------------------------------------ */

enum { SAMPLE = 100000 };

static double twelve(assay_mt19937 *random)
{
    double sum = 0.0;
    for (int k = 0; k < 12; k++) {
        sum += uniform_number(random);
    }
    return sum;
}

/* Values drawn from `drawn` with this scale, for the value 1, about `shift` fit a law, and not one of another value. */
static const struct {
    grade_distribution_kind kind;
    grade_distribution_kind drawn;
    double scale;
    double shift;
} samples[] = {
    {GRADE_NORMAL, GRADE_NORMAL, 1.0, 0.0},
    {GRADE_UNIFORM, GRADE_UNIFORM, 1.0, 0.0},
    {GRADE_TRUNCATED, GRADE_TRUNCATED, 1.0, 0.0},
    {GRADE_EITHER, GRADE_NORMAL, 1.0, 0.0},
    {GRADE_EITHER, GRADE_UNIFORM, 1.7320508075688772, 0.0},
    {GRADE_EITHER, GRADE_TRUNCATED, 1.0 / 0.8796256610342398, 0.0},
    {GRADE_POSITIVE, GRADE_POSITIVE, 1.0, 0.0},
    {GRADE_HALF_NORMAL, GRADE_HALF_NORMAL, 1.0, 0.0},
    {GRADE_SHIFTED, GRADE_SHIFTED, 1.0, 0.0},
    {GRADE_ONE_UNIFORM, GRADE_ONE_UNIFORM, 1.0, 0.0},
    {GRADE_ROOTLESS, GRADE_ROOTLESS, 1.0, 0.0},
    {GRADE_OFF_CENTRE, GRADE_NORMAL, 1.0, 0.6},
    {GRADE_OFF_CENTRE, GRADE_UNIFORM, 1.7320508075688772, -0.6},
    {GRADE_OFF_CENTRE, GRADE_TRUNCATED, 1.0 / 0.8796256610342398, 0.6},
};
enum { SAMPLES = sizeof samples / sizeof samples[0] };

START_TEST(samples_fit_their_laws)
{
    static double values[SAMPLE];
    static const double others[] = {0.9, 1.1, 3.0};
    assay_mt19937 random;
    const double value = 0.37;
    double z;
    assay_mt19937_seed(&random, 11 + (unsigned)_i);
    for (size_t k = 0; k < SAMPLE; k++) {
        double drawn = samples[_i].drawn == GRADE_SHIFTED ? twelve(&random)
                                                          : draw_from(law(samples[_i].drawn, 1.0), &random);
        values[k] = value * (samples[_i].scale * drawn + samples[_i].shift);
    }
    const assay_moments moments = assay_moments_f64(SAMPLE, values);
    ck_assert(assay_grade_distribution_fits(law(samples[_i].kind, value), SAMPLE, values, &moments, &z));
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++) {
        ck_assert(
            !assay_grade_distribution_fits(law(samples[_i].kind, others[k] * value), SAMPLE, values, &moments, &z));
    }
    for (int other = GRADE_NORMAL; other < GRADE_RANDOM; other++) {
        bool either = other == GRADE_EITHER && samples[_i].kind <= GRADE_TRUNCATED;
        bool one_of = samples[_i].kind == GRADE_EITHER && other <= GRADE_TRUNCATED;
        bool off_centre = samples[_i].kind == GRADE_SHIFTED && other == GRADE_OFF_CENTRE;
        if (other != (int)samples[_i].kind && !either && !one_of && !off_centre) {
            ck_assert_msg(!assay_grade_distribution_fits(law((grade_distribution_kind)other, value), SAMPLE, values,
                                                         &moments, &z),
                          "law %d", other);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade formulas of the initializers");
    TCase *formulas = evidence_case("formulas", "property: grade/components");
    tcase_add_loop_test(formulas, levels_are_laws, 0, INITIALIZERS);
    tcase_add_loop_test(formulas, no_mistake_is_the_right_law, 0, INITIALIZERS);
    suite_add_tcase(suite, formulas);
    TCase *drawn = evidence_case("samples", "property: grade/distribution");
    tcase_add_loop_test(drawn, samples_fit_their_laws, 0, SAMPLES);
    suite_add_tcase(suite, drawn);
    return support_run(suite);
}
