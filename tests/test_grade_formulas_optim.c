/*
 * The optimizers' models, against update rules that are written here once more, as a student writes each mistake. Each
 * level of the models has the rule of its mistake, and each rule has a level. A value that is NaN or infinite in the
 * model must be so here, too (0 / 0 without epsilon, the root of a negative moment).
 */
#include <math.h>
#include <string.h>

#include "grade/components.h"
#include "grade_formulas.h"

static const char *const rules[] = {"sgd", "momentum", "adam"};
enum { RULES = sizeof rules / sizeof rules[0], TENSORS = 2, LONGEST = 8 };

/* What a student's code keeps of one number. */
typedef struct {
    double w, m, v, largest, rate;
} kept;

/* What one step of one number uses. */
typedef struct {
    double t, tensor, length;
    double g, sum, first, start; /* its gradient, their sum so far, that of step 1, the number before step 1 */
    double norm, norm_of_all;    /* of the tensor's gradient, of all tensors' */
    double rate, b, b1, b2, epsilon, p;
} seen;

static double average(double beta, double old, double fresh)
{
    return beta * old + (1.0 - beta) * fresh;
}

static double hat(double moment, double beta, double t)
{
    return moment / (1.0 - pow(beta, t));
}

static double sign(double x)
{
    return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : 0.0;
}

static double clipped(double x, double most)
{
    return fabs(x) > most ? sign(x) * most : x;
}

static double shortened(double x, double norm, double most)
{
    return norm > most ? x / norm * most : x;
}

/* The right direction of each rule, for a gradient x that may be wrong. */
#define SGD(x) (x)
#define MOMENTUM(x) (m = average(b, m, x))
#define ADAM(x) (m = average(b1, m, x), v = average(b2, v, (x) * (x)), hat(m, b1, t) / (sqrt(hat(v, b2, t)) + epsilon))

/* What goes wrong with every rule. */
#define COMMON(F, name, RULE)                                                             \
    F(name, w - lr * RULE(g)) /* no mistake */                                            \
    F(name ".sign", w + lr * RULE(g))                                                     \
    F(name ".learning_rate_missing", w - RULE(g))                                         \
    F(name ".learning_rate_ignored", w - p * RULE(g))                                     \
    F(name ".learning_rate_per_step", w - lr * RULE(g) / t)                               \
    F(name ".learning_rate_squared", w - lr * lr * RULE(g))                               \
    F(name ".step_scaled", w - p * lr * RULE(g))                                          \
    F(name ".learning_rate_decays", (rate = t > 1.0 ? rate * p : lr, w - rate * RULE(g))) \
    F(name ".learning_rate_decays", w - lr * pow(p, 2.0 * t + tensor - 2.0) * RULE(g))    \
    F(name ".learning_rate_decays", w - lr * RULE(g) / (1.0 + p * t))                     \
    F(name ".learning_rate_decays", w - lr * RULE(g) / (1.0 + p * t - p))                 \
    F(name ".learning_rate_decays", w - lr * RULE(g) / sqrt(t))                           \
    F(name ".gradient_accumulated", w - lr * RULE(sum))                                   \
    F(name ".first_gradient_kept", w - lr * RULE(first))                                  \
    F(name ".sign_of_gradient", w - lr * RULE(sign(g)))                                   \
    F(name ".gradient_clipped", w - lr * RULE(clipped(g, 1.0)))                           \
    F(name ".gradient_clipped", w - lr * RULE(clipped(g, p)))                             \
    F(name ".weight_decay", w - lr * RULE(g + p * w))                                     \
    F(name ".gradient_averaged", w - lr * RULE(g / length))                               \
    F(name ".gradient_normalised", w - lr * RULE(g / norm))                               \
    F(name ".gradient_norm_clipped", w - lr * RULE(shortened(g, norm, p)))                \
    F(name ".gradient_norm_clipped", w - lr * RULE(shortened(g, norm_of_all, p)))         \
    F(name ".absolute_penalty", w - lr * RULE(g + p * sign(w)))                           \
    F(name ".first_tensor_only", tensor > 0.0 ? w : w - lr * RULE(g))                     \
    F(name ".last_tensor_only", tensor > 0.0 ? w - lr * RULE(g) : w)                      \
    F(name ".nothing_updated", w)                                                         \
    F(name ".from_start", start - lr * RULE(g))                                           \
    F(name ".parameters_replaced", 0.0 - lr * RULE(g))
#define SHRINKING(F, name, RULE)                                   \
    F(name ".decoupled_decay", (w -= lr * RULE(g), w -= p * w, w)) \
    F(name ".decoupled_decay", (w -= p * w, w - lr * RULE(g)))

/* Momentum whose average is a, and whose step is along d. */
#define AVERAGED(a, d) (m = (a), w - lr * (d))

#define MOMENTUM_FORMULAS(F)                                                               \
    COMMON(F, "momentum", MOMENTUM)                                                        \
    SHRINKING(F, "momentum", MOMENTUM)                                                     \
    F("momentum.decoupled_decay", (m = average(b, m, g), w - lr * (m + p * w)))            \
    F("momentum.state_shared", (shared->m = average(b, shared->m, g), w - lr * shared->m)) \
    F("momentum.state_reset", AVERAGED(average(b, 0.0, g), m))                             \
    F("momentum.weights_swapped", AVERAGED((1.0 - b) * m + b * g, m))                      \
    F("momentum.first_step_full", AVERAGED(t > 1.0 ? average(b, m, g) : g, m))             \
    F("momentum.momentum_missing", w - lr * g)                                             \
    F("momentum.not_decayed", AVERAGED(m + (1.0 - b) * g, m))                              \
    F("momentum.kept_negated", AVERAGED((1.0 - b) * g - b * m, m))                         \
    F("momentum.parentheses_missing", AVERAGED(b *m + 1.0 - b * g, m))                     \
    F("momentum.old_average_scaled", AVERAGED((1.0 - b) * (b * m + g), m))                 \
    F("momentum.averaging_missing", AVERAGED(b *m + g, m))                                 \
    F("momentum.nesterov", AVERAGED(average(b, m, g), average(b, m, g)))                   \
    F("momentum.bias_corrected", AVERAGED(average(b, m, g), hat(m, b, t)))                 \
    F("momentum.stale_state", (w -= lr * m, m = average(b, m, g), w))                      \
    F("momentum.gradient_added", AVERAGED(average(b, m, g), m + g))                        \
    F("momentum.average_multiplied", AVERAGED(average(b, m, g), b *m))                     \
    F("momentum.momentum_ignored", AVERAGED(average(p, m, g), m))

/* Adam with the moments a and s, and a step along d; M, V, MHAT and VHAT are the right ones. */
#define MOVED(a, s, d) (m = (a), v = (s), w - lr * (d))
#define QUOTIENT(a, s, first, second) MOVED(a, s, (first) / (sqrt(second) + epsilon))
#define MOMENTS(a, s) QUOTIENT(a, s, MHAT, VHAT)
#define CORRECTED(first, second) QUOTIENT(M, V, first, second)
#define AT(time) CORRECTED(hat(m, b1, time), hat(v, b2, time))
#define OVER(denominator) MOVED(M, V, MHAT / (denominator))
#define M average(b1, m, g)
#define V average(b2, v, g *g)
#define MHAT hat(m, b1, t)
#define VHAT hat(v, b2, t)

#define ADAM_STATES(F)                                                                                        \
    F("adam.state_shared", (shared->m = average(b1, shared->m, g), shared->v = average(b2, shared->v, g * g), \
                            w - lr * hat(shared->m, b1, t) / (sqrt(hat(shared->v, b2, t)) + epsilon)))        \
    F("adam.state_reset", MOMENTS((1.0 - b1) * g, (1.0 - b2) * g * g))                                        \
    F("adam.state_reset", w - lr * g / (sqrt(g * g) + epsilon))                                               \
    F("adam.one_buffer", (m = M, m = average(b2, m, g * g), w - lr * MHAT / (sqrt(hat(m, b2, t)) + epsilon))) \
    F("adam.corrected_state_kept", QUOTIENT(hat(M, b1, t), hat(V, b2, t), m, v))                              \
    F("adam.corrected_first_moment_kept", QUOTIENT(hat(M, b1, t), V, m, VHAT))                                \
    F("adam.corrected_second_moment_kept", QUOTIENT(M, hat(V, b2, t), MHAT, v))                               \
    F("adam.first_moment_not_kept", MOMENTS((1.0 - b1) * g, V))                                               \
    F("adam.second_moment_not_kept", MOMENTS(M, (1.0 - b2) * g * g))

#define ADAM_CORRECTIONS(F)                                                                      \
    F("adam.first_correction_missing", CORRECTED(m, VHAT))                                       \
    F("adam.second_correction_missing", CORRECTED(MHAT, v))                                      \
    F("adam.both_corrections_missing", CORRECTED(m, v))                                          \
    F("adam.correction_multiplied", CORRECTED(m *(1.0 - pow(b1, t)), v *(1.0 - pow(b2, t))))     \
    F("adam.power_as_product", CORRECTED(m / (1.0 - b1 * t), v / (1.0 - b2 * t)))                \
    F("adam.first_correction_for_both", CORRECTED(MHAT, hat(v, b1, t)))                          \
    F("adam.second_correction_for_both", CORRECTED(hat(m, b2, t), VHAT))                         \
    F("adam.correction_outside_root", OVER(sqrt(v) / (1.0 - pow(b2, t)) + epsilon))              \
    F("adam.power_outside", CORRECTED(m / pow(1.0 - b1, t), v / pow(1.0 - b2, t)))               \
    F("adam.correction_plus", CORRECTED(m / (1.0 + pow(b1, t)), v / (1.0 + pow(b2, t))))         \
    F("adam.rate_compounded",                                                                    \
      (m = M, v = V, rate = (t > 1.0 ? rate : lr) * sqrt(1.0 - pow(b2, t)) / (1.0 - pow(b1, t)), \
       w - rate * m / (sqrt(v) + epsilon * sqrt(1.0 - pow(b2, t)))))                             \
    F("adam.corrections_swapped", CORRECTED(hat(m, b2, t), hat(v, b1, t)))                       \
    F("adam.parentheses_missing", CORRECTED(m / 1.0 - pow(b1, t), VHAT))                         \
    F("adam.parentheses_missing", CORRECTED(m / 1.0 - pow(b1, t), v / 1.0 - pow(b2, t)))         \
    F("adam.t_from_zero", AT(t - 1.0))                                                           \
    F("adam.t_ahead", AT(t + 1.0))                                                               \
    F("adam.t_constant", AT(1.0))                                                                \
    F("adam.power_of_two", AT(2.0))                                                              \
    F("adam.t_counts_tensors", AT(2.0 * t - 1.0 + tensor))

#define ADAM_EPSILONS(F)                                                                  \
    F("adam.epsilon_before_correction",                                                   \
      MOVED(M, V, sqrt(1.0 - pow(b2, t)) / (1.0 - pow(b1, t)) * m / (sqrt(v) + epsilon))) \
    F("adam.epsilon_in_root", OVER(sqrt(VHAT + epsilon)))                                 \
    F("adam.epsilon_in_root", OVER(sqrt(VHAT + epsilon * epsilon)))                       \
    F("adam.epsilon_missing", OVER(sqrt(VHAT)))                                           \
    F("adam.epsilon_in_average", OVER(sqrt(hat(v + epsilon, b2, t))))                     \
    F("adam.epsilon_twice", OVER(sqrt(VHAT + epsilon) + epsilon))                         \
    F("adam.epsilon_subtracted", OVER(sqrt(VHAT) - epsilon))                              \
    F("adam.epsilon_as_maximum", OVER(sqrt(VHAT) > epsilon ? sqrt(VHAT) : epsilon))       \
    F("adam.epsilon_ignored", OVER(sqrt(VHAT) + p))                                       \
    F("adam.epsilon_outside_quotient", MOVED(M, V, MHAT / sqrt(VHAT) + epsilon))          \
    F("adam.epsilon_outside_quotient", MOVED(M, V, MHAT / sqrt(VHAT)) - epsilon)

#define ADAM_AVERAGES(F)                                                                                     \
    F("adam.betas_swapped", QUOTIENT(average(b2, m, g), average(b1, v, g *g), hat(m, b2, t), hat(v, b1, t))) \
    F("adam.beta1_for_both", QUOTIENT(M, average(b1, v, g *g), MHAT, hat(v, b1, t)))                         \
    F("adam.beta2_for_both", QUOTIENT(average(b2, m, g), V, hat(m, b2, t), VHAT))                            \
    F("adam.beta1_ignored", QUOTIENT(average(p, m, g), V, hat(m, p, t), VHAT))                               \
    F("adam.beta2_ignored", QUOTIENT(M, average(p, v, g *g), MHAT, hat(v, p, t)))                            \
    F("adam.first_averaging_missing", MOMENTS(b1 *m + g, V))                                                 \
    F("adam.second_averaging_missing", MOMENTS(M, b2 *v + g * g))                                            \
    F("adam.both_averagings_missing", MOMENTS(b1 *m + g, b2 * v + g * g))                                    \
    F("adam.first_weights_swapped", MOMENTS((1.0 - b1) * m + b1 * g, V))                                     \
    F("adam.second_weights_swapped", MOMENTS(M, (1.0 - b2) * v + b2 * g * g))                                \
    F("adam.both_weights_swapped", MOMENTS((1.0 - b1) * m + b1 * g, (1.0 - b2) * v + b2 * g * g))            \
    F("adam.first_step_full", MOMENTS(t > 1.0 ? M : g, t > 1.0 ? V : g * g))                                 \
    F("adam.first_moment_not_decayed", MOMENTS(m + (1.0 - b1) * g, V))                                       \
    F("adam.second_moment_not_decayed", MOMENTS(M, v + (1.0 - b2) * g * g))                                  \
    F("adam.second_moment_summed", MOMENTS(M, v + g * g))                                                    \
    F("adam.one_minus_beta2_in_first", MOMENTS(b1 *m + (1.0 - b2) * g, V))                                   \
    F("adam.one_minus_beta1_in_second", MOMENTS(M, b2 *v + (1.0 - b1) * g * g))                              \
    F("adam.first_decayed_by_beta2", MOMENTS(b2 *m + (1.0 - b1) * g, V))                                     \
    F("adam.second_decayed_by_beta1", MOMENTS(M, b1 *v + (1.0 - b2) * g * g))                                \
    F("adam.first_averaged_with_beta2", MOMENTS(average(b2, m, g), V))                                       \
    F("adam.second_averaged_with_beta1", MOMENTS(M, average(b1, v, g *g)))                                   \
    F("adam.parentheses_missing", MOMENTS(b1 *m + 1.0 - b1 * g, b2 * v + 1.0 - b2 * g * g))

#define ADAM_VARIANTS(F)                                                                                 \
    F("adam.square_missing", MOMENTS(M, average(b2, v, g)))                                              \
    F("adam.square_of_average", MOMENTS(M, average(b2, v, m *m)))                                        \
    F("adam.absolute_for_square", MOMENTS(M, average(b2, v, fabs(g))))                                   \
    F("adam.square_of_deviation", MOMENTS(M, average(b2, v, (g - m) * (g - m))))                         \
    F("adam.square_in_first_moment", MOMENTS(average(b1, m, g *g), V))                                   \
    F("adam.one_second_moment", MOMENTS(M, average(b2, v, norm *norm / length)))                         \
    F("adam.one_second_moment", MOMENTS(M, average(b2, v, norm *norm)))                                  \
    F("adam.root_missing", OVER(VHAT + epsilon))                                                         \
    F("adam.square_for_root", OVER(VHAT *VHAT + epsilon))                                                \
    F("adam.amsgrad",                                                                                    \
      (m = M, v = V, largest = fmax(largest, v), w - lr * MHAT / (sqrt(hat(largest, b2, t)) + epsilon))) \
    F("adam.adamax", MOVED(M, fmax(b2 *v, fabs(g)), MHAT / (v + epsilon)))                               \
    F("adam.nadam", CORRECTED(b1 *MHAT + (1.0 - b1) * g / (1.0 - pow(b1, t)), VHAT))                     \
    F("adam.first_moment_unused", CORRECTED(g, VHAT))                                                    \
    F("adam.second_moment_unused", MOVED(M, V, MHAT))                                                    \
    F("adam.decoupled_decay", (w -= lr * p * w + lr * ADAM(g), w))                                       \
    F("adam.decoupled_decay", (w -= p * w + lr * ADAM(g), w))

/*
 * Two mistakes, or a mistake in code of the other convention, at once. Alone, some give NaN from the first steps on:
 * the root of the negative v / 1 - beta2^t or v / (1 - beta2 t), and the quotient of two infinite moments where t is 0.
 */
#define MOMENTUM_PAIRS(F)                                                                                     \
    F("momentum.gradient_accumulated + momentum.state_reset", AVERAGED(average(b, 0.0, sum), m))              \
    F("momentum.averaging_missing + momentum.nesterov", AVERAGED(b *m + g, b * m + g))                        \
    F("momentum.averaging_missing + momentum.weights_swapped", AVERAGED((1.0 - b) * m + g, m))                \
    F("momentum.averaging_missing + momentum.kept_negated", AVERAGED(g - b * m, m))                           \
    F("momentum.averaging_missing + momentum.bias_corrected", AVERAGED(b *m + g, hat(m, b, t)))               \
    F("momentum.averaging_missing + momentum.gradient_added", AVERAGED(b *m + g, m + g))                      \
    F("momentum.nesterov + momentum.weights_swapped", AVERAGED((1.0 - b) * m + b * g, (1.0 - b) * m + b * g)) \
    F("momentum.nesterov + momentum.bias_corrected", AVERAGED(average(b, m, g), average(b, hat(m, b, t), g)))
#define ADAM_PAIRS(F)                                                                                                  \
    F("adam.parentheses_missing + adam.root_missing", MOVED(M, V, (m - pow(b1, t)) / (v - pow(b2, t) + epsilon)))      \
    F("adam.power_as_product + adam.root_missing", MOVED(M, V, m / (1.0 - b1 * t) / (v / (1.0 - b2 * t) + epsilon)))   \
    F("adam.t_from_zero + adam.correction_plus",                                                                       \
      CORRECTED(m / (1.0 + pow(b1, t - 1.0)), v / (1.0 + pow(b2, t - 1.0))))                                           \
    F("adam.second_correction_missing + adam.epsilon_in_average", CORRECTED(MHAT, v)) /* as without epsilon's error */ \
    F("adam.both_corrections_missing + adam.epsilon_in_average", CORRECTED(m, v))                                      \
    F("adam.both_corrections_missing + adam.epsilon_in_root", MOVED(M, V, m / sqrt(v + epsilon)))                      \
    F("adam.epsilon_in_root + adam.root_missing", OVER(VHAT + epsilon))                                                \
    F("adam.epsilon_twice + adam.root_missing", OVER(VHAT + epsilon + epsilon))                                        \
    F("adam.epsilon_subtracted + adam.square_for_root", OVER(VHAT *VHAT - epsilon))                                    \
    F("adam.epsilon_as_maximum + adam.root_missing", OVER(fmax(VHAT, epsilon)))                                        \
    F("adam.epsilon_before_correction + adam.root_missing", MOVED(M, V, MHAT *sqrt(1.0 - pow(b2, t)) / (v + epsilon))) \
    F("adam.epsilon_before_correction + adam.both_corrections_missing", CORRECTED(m, v))                               \
    F("adam.epsilon_before_correction + adam.first_correction_for_both",                                               \
      MOVED(M, V, m / sqrt(1.0 - pow(b1, t)) / (sqrt(v) + epsilon)))                                                   \
    F("adam.epsilon_before_correction + adam.correction_multiplied",                                                   \
      MOVED(M, V, m *(1.0 - pow(b1, t)) / sqrt(1.0 - pow(b2, t)) / (sqrt(v) + epsilon)))                               \
    F("adam.betas_swapped + adam.nadam",                                                                               \
      MOVED(average(b2, m, g), average(b1, v, g *g),                                                                   \
            (b2 * m + (1.0 - b2) * g) / (1.0 - pow(b2, t)) / (sqrt(hat(v, b1, t)) + epsilon)))                         \
    F("adam.first_correction_missing + adam.nadam", CORRECTED(average(b1, m, g), VHAT))                                \
    F("adam.both_corrections_missing + adam.amsgrad",                                                                  \
      (m = M, v = V, largest = fmax(largest, v), w - lr * m / (sqrt(largest) + epsilon)))

#define FORMULAS(F)          \
    COMMON(F, "sgd", SGD)    \
    SHRINKING(F, "sgd", SGD) \
    MOMENTUM_FORMULAS(F)     \
    MOMENTUM_PAIRS(F)        \
    ADAM_PAIRS(F)            \
    COMMON(F, "adam", ADAM) ADAM_STATES(F) ADAM_CORRECTIONS(F) ADAM_EPSILONS(F) ADAM_AVERAGES(F) ADAM_VARIANTS(F)

#define ID_OF(id, value) id,
static const char *const ids[] = {FORMULAS(ID_OF)};
enum { COUNT = sizeof ids / sizeof ids[0] };

/* One step of formula `number`. `shared`: the state of the numbers at this place in all tensors. */
#define TAKE_STEP(id, value) \
    if (at++ == number) {    \
        w = (value);         \
    }
static void take_step(size_t number, const seen *of, kept *own, kept *shared)
{
    const double t = of->t, tensor = of->tensor, length = of->length;
    const double g = of->g, sum = of->sum, first = of->first, start = of->start;
    const double norm = of->norm, norm_of_all = of->norm_of_all;
    const double lr = of->rate, b = of->b, b1 = of->b1, b2 = of->b2, epsilon = of->epsilon, p = of->p;
    double w = own->w, m = own->m, v = own->v, largest = own->largest, rate = own->rate;
    size_t at = 0;
    FORMULAS(TAKE_STEP)
    *own = (kept){w, m, v, largest, rate};
}

static double input(const grade_case *graded, const char *name)
{
    const grade_field *field = assay_grade_find(&graded->inputs, name);
    return field == NULL ? 0.0 : field->values[0];
}

static const grade_field *numbered(const grade_fields *fields, const char *name, size_t tensor)
{
    char text[GRADE_NAME_LENGTH];
    return assay_grade_find(fields, assay_grade_numbered(text, name, tensor));
}

static double squares(const grade_field *gradients, size_t step)
{
    size_t length = gradients->shape[1];
    double sum = 0.0;
    for (size_t i = 0; i < length; i++) {
        sum += pow(gradients->values[step * length + i], 2.0);
    }
    return sum;
}

/* All that step `step` (from 0) of a tensor's number i uses. */
static seen look(const grade_case *graded, double p, size_t step, size_t tensor, size_t i)
{
    const grade_field *gradients = numbered(&graded->inputs, "gradients", tensor);
    size_t length = gradients->shape[1];
    double all = squares(numbered(&graded->inputs, "gradients", 0), step) +
                 squares(numbered(&graded->inputs, "gradients", 1), step);
    seen made = {.t = (double)step + 1.0,
                 .tensor = (double)tensor,
                 .length = (double)length,
                 .g = gradients->values[step * length + i],
                 .first = gradients->values[i],
                 .start = numbered(&graded->inputs, "parameters", tensor)->values[i],
                 .norm = sqrt(squares(gradients, step)),
                 .norm_of_all = sqrt(all),
                 .rate = input(graded, "learning_rate"),
                 .b = input(graded, "momentum"),
                 .b1 = input(graded, "beta1"),
                 .b2 = input(graded, "beta2"),
                 .epsilon = input(graded, "epsilon"),
                 .p = p};
    for (size_t s = 0; s <= step; s++) {
        made.sum += gradients->values[s * length + i];
    }
    return made;
}

/* Whether the answers to a case are what a formula computes, tensor after tensor in each step. */
static bool is_answer(const grade_case *graded, const grade_fields *outputs, double p, size_t number)
{
    kept shared[LONGEST] = {0};
    kept own[TENSORS][LONGEST] = {0};
    size_t steps = numbered(&graded->inputs, "gradients", 0)->shape[0];
    for (size_t step = 0; step < steps; step++) {
        for (size_t k = 0; k < TENSORS; k++) {
            const grade_field *updated = numbered(outputs, "updated", k);
            size_t length = updated->shape[1];
            for (size_t i = 0; i < length; i++) {
                seen now = look(graded, p, step, k, i);
                own[k][i].w = step == 0 ? now.start : own[k][i].w;
                take_step(number, &now, &own[k][i], &shared[i]);
                if (!formula_agrees(updated->values[step * length + i], own[k][i].w, 0.1)) {
                    return false;
                }
            }
        }
    }
    return true;
}

static bool is_formula(const grade_part *part, const grade_choice *choice, size_t number)
{
    bool same = true;
    for (size_t i = 0; i < part->count && same; i++) {
        same = is_answer(part->cases[i], &part->answers[i].outputs, choice->parameter, number);
    }
    return same;
}

/* Gradients that are much smaller than the cases draw them, and parameters that begin at 0. */
static void make_small(grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        for (size_t k = 0; k < TENSORS; k++) {
            const grade_field *gradients = numbered(&part->cases[i]->inputs, "gradients", k);
            for (size_t at = 0; at < gradients->count; at++) {
                gradients->values[at] *= 1e-4;
            }
            numbered(&part->cases[i]->inputs, "parameters", k)->values[0] = 0.0;
        }
    }
}

START_TEST(levels_are_update_rules)
{
    grade_battery *battery = draw(rules[_i], 9);
    check_choices(&battery->parts[0], COUNT, ids, is_formula, 29);
    make_small(&battery->parts[0]);
    check_choices(&battery->parts[0], COUNT, ids, is_formula, 29);
    assay_grade_battery_destroy(battery);
}
END_TEST

START_TEST(no_mistake_is_the_rule)
{
    grade_battery *battery = draw(rules[_i], 9);
    const grade_choice right = GRADE_TUTORIAL;
    size_t number = 0;
    while (strcmp(ids[number], rules[_i]) != 0) {
        number++;
    }
    const double *parameters = numbered(&battery->parts[0].cases[0]->inputs, "parameters", 0)->values;
    double before = parameters[0];
    answer(&battery->parts[0], &right);
    ck_assert_double_eq(parameters[0], before); /* the model has its own copy */
    ck_assert(is_formula(&battery->parts[0], &right, number));
    assay_grade_battery_destroy(battery);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade formulas of the optimizers");
    TCase *formulas = evidence_case("formulas", "property: grade/optimizer, grade/components");
    tcase_add_loop_test(formulas, levels_are_update_rules, 0, RULES);
    tcase_add_loop_test(formulas, no_mistake_is_the_rule, 0, RULES);
    suite_add_tcase(suite, formulas);
    return support_run(suite);
}
