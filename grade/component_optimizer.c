/*
 * The optimizers, as the tutorial prints them (cells [22] to [24]). Two parameter tensors with their own gradients take
 * a few steps; the outputs are both tensors after each step, so the first diverging value names the step.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"
#include "grade/optimizer.h"
#include "grade/optimizer_axes.h"

enum { TENSORS = 2, MAX_LENGTH = 8 };

/* clang-format off */
static const struct {
    const char *name;
    size_t length[TENSORS];
    size_t steps;
    bool printed;      /* the tutorial's hyperparameters; else drawn, with a large epsilon */
    double scale;      /* of the gradients */
} cases[] = {
    {"the tutorial's hyperparameters", {6, 6}, 6, true, 1.0},
    {"two tensors of one size", {5, 5}, 7, false, 0.05},
    {"two tensors of different sizes", {7, 3}, 5, false, 0.3},
    {"one step", {4, 2}, 1, false, 1.0},
    {"tensors of one number", {1, 1}, 4, false, 0.02}, /* so that epsilon counts */
};
/* clang-format on */
enum { CASES = sizeof cases / sizeof cases[0] };

static void make_tensors(size_t index, assay_mt19937 *random, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    size_t steps = cases[index].steps;
    snprintf(made->name, sizeof made->name, "%s", cases[index].name);
    for (size_t k = 0; k < TENSORS; k++) {
        size_t length = cases[index].length[k];
        double *w = assay_grade_tensor1(&made->inputs, assay_grade_numbered(name, "parameters", k), length);
        assay_grade_normals(random, length, 0.1, w);
    }
    for (size_t k = 0; k < TENSORS; k++) {
        size_t length = cases[index].length[k];
        double *g = assay_grade_tensor2(&made->inputs, assay_grade_numbered(name, "gradients", k), steps, length);
        for (size_t i = 0; i < steps * length; i++) { /* away from 0, where a quotient of gradients is noise */
            g[i] = assay_grade_uniform(random, 0.2, 2.0) * cases[index].scale;
            g[i] = (float)(assay_grade_index(random, 2) == 0 ? -g[i] : g[i]);
        }
        for (size_t s = 0; s < steps && index < 2; s++) { /* a dead unit: its gradient is 0 in every step */
            g[s * length + 1] = 0.0;
        }
    }
    for (size_t k = 0; k < TENSORS; k++) {
        assay_grade_tensor2(&made->outputs, assay_grade_numbered(name, "updated", k), steps, cases[index].length[k]);
    }
}

static double drawn_or(size_t index, assay_mt19937 *random, double printed, double lower, double upper)
{
    double drawn = assay_grade_uniform(random, lower, upper);
    return cases[index].printed ? printed : drawn;
}

static void run_steps(grade_rule rule, const grade_hyper *hyper, const grade_case *graded, const grade_choice *choice,
                      const grade_fields *outputs)
{
    char name[GRADE_NAME_LENGTH];
    double w[TENSORS][MAX_LENGTH];
    double state[TENSORS][GRADE_STATES][MAX_LENGTH] = {0};
    grade_parameters tensors[TENSORS];
    for (size_t k = 0; k < TENSORS; k++) {
        const grade_field *start = assay_grade_find(&graded->inputs, assay_grade_numbered(name, "parameters", k));
        memcpy(w[k], start->values, start->count * sizeof(double));
        tensors[k] = (grade_parameters){.count = start->count, .w = w[k]};
        for (size_t s = 0; s < GRADE_STATES; s++) {
            tensors[k].state[s] = state[k][s];
        }
    }
    size_t steps = assay_grade_find(&graded->inputs, "gradients0")->shape[0];
    for (size_t s = 0; s < steps; s++) {
        for (size_t k = 0; k < TENSORS; k++) {
            tensors[k].g = assay_grade_values(&graded->inputs, assay_grade_numbered(name, "gradients", k)) +
                           s * tensors[k].count;
        }
        assay_grade_optimizer_step(rule, hyper, choice, s + 1, TENSORS, tensors);
        for (size_t k = 0; k < TENSORS; k++) {
            double *updated = assay_grade_values(outputs, assay_grade_numbered(name, "updated", k));
            memcpy(updated + s * tensors[k].count, w[k], tensors[k].count * sizeof(double));
        }
    }
}

/* --- what goes wrong with every rule ------------------------------------------------------------------------------ */

static const grade_free rate_free[] = {{RATE_IGNORED, 1e-5, 0.9},    {RATE_SCALED, 1e-3, 1e3},
                                       {RATE_FACTOR, 0.05, 0.99999}, {RATE_FACTOR_BY_TENSOR, 0.05, 0.99999},
                                       {RATE_QUOTIENT, 1e-5, 0.9},   {RATE_QUOTIENT_FROM_ZERO, 1e-5, 0.9}};
static const grade_free gradient_free[] = {{GRADIENT_DECAY, 1e-4, 4.0},
                                           {GRADIENT_CLIPPED_OTHER, 1e-3, 1.9},
                                           {GRADIENT_NORM_CLIPPED, 1e-3, 5.0},
                                           {GRADIENT_ALL_CLIPPED, 1e-3, 6.0},
                                           {GRADIENT_ABSOLUTE_PENALTY, 1e-4, 4.0}};
static const grade_free update_free[] = {{UPDATE_SHRUNK, 1e-5, 0.9}, {UPDATE_SHRUNK_BEFORE, 1e-5, 0.9}};

#define COMMON_TABLES(RULE, ...)                                                                   \
    static const char *const RULE##_signs[] = {NULL, #RULE ".sign"};                               \
    static const char *const RULE##_rates[] = {                                                    \
        [RATE_MISSING] = #RULE ".learning_rate_missing",                                           \
        [RATE_IGNORED] = #RULE ".learning_rate_ignored",                                           \
        [RATE_PER_STEP] = #RULE ".learning_rate_per_step",                                         \
        [RATE_SQUARED] = #RULE ".learning_rate_squared",                                           \
        [RATE_SCALED] = #RULE ".step_scaled",                                                      \
        [RATE_FACTOR] = #RULE ".learning_rate_decays",                                             \
        [RATE_FACTOR_BY_TENSOR] = #RULE ".learning_rate_decays",                                   \
        [RATE_QUOTIENT] = #RULE ".learning_rate_decays",                                           \
        [RATE_QUOTIENT_FROM_ZERO] = #RULE ".learning_rate_decays",                                 \
        [RATE_ROOT] = #RULE ".learning_rate_decays",                                               \
    };                                                                                             \
    static const char *const RULE##_kept[] = {                                                     \
        [KEPT_SUM] = #RULE ".gradient_accumulated",                                                \
        [KEPT_FIRST] = #RULE ".first_gradient_kept",                                               \
    };                                                                                             \
    static const char *const RULE##_gradients[] = {                                                \
        [GRADIENT_SIGN] = #RULE ".sign_of_gradient",                                               \
        [GRADIENT_CLIPPED] = #RULE ".gradient_clipped",                                            \
        [GRADIENT_DECAY] = #RULE ".weight_decay",                                                  \
        [GRADIENT_AVERAGED] = #RULE ".gradient_averaged",                                          \
        [GRADIENT_NORMALISED] = #RULE ".gradient_normalised",                                      \
        [GRADIENT_CLIPPED_OTHER] = #RULE ".gradient_clipped",                                      \
        [GRADIENT_NORM_CLIPPED] = #RULE ".gradient_norm_clipped",                                  \
        [GRADIENT_ALL_CLIPPED] = #RULE ".gradient_norm_clipped",                                   \
        [GRADIENT_ABSOLUTE_PENALTY] = #RULE ".absolute_penalty",                                   \
    };                                                                                             \
    static const char *const RULE##_tensors[] = {                                                  \
        [TENSORS_FIRST] = #RULE ".first_tensor_only",                                              \
        [TENSORS_LAST] = #RULE ".last_tensor_only",                                                \
    };                                                                                             \
    static const char *const RULE##_updates[] = {[UPDATE_NOTHING] = #RULE ".nothing_updated",      \
                                                 [UPDATE_FROM_START] = #RULE ".from_start",        \
                                                 [UPDATE_REPLACED] = #RULE ".parameters_replaced", \
                                                 __VA_ARGS__}
/* Where the rule has no axis of its own for it. */
#define DECAYING_UPDATES(RULE) \
    [UPDATE_SHRUNK] = #RULE ".decoupled_decay", [UPDATE_SHRUNK_BEFORE] = #RULE ".decoupled_decay"

#define COMMON_ROWS(RULE)                                                                                  \
    [AXIS_SIGN] = {GRADE_AXIS("sign", RULE##_signs)},                                                      \
    [AXIS_RATE] = {GRADE_AXIS("learning rate", RULE##_rates), GRADE_FREE(rate_free), .rare = RATE_FACTOR}, \
    [AXIS_KEPT_GRADIENT] = {GRADE_AXIS("gradients of other steps", RULE##_kept)},                          \
    [AXIS_GRADIENT] = {GRADE_AXIS("gradient", RULE##_gradients), GRADE_FREE(gradient_free),                \
                       .rare = GRADIENT_CLIPPED_OTHER},                                                    \
    [AXIS_TENSORS] = {GRADE_AXIS("tensors", RULE##_tensors)},                                              \
    [AXIS_UPDATE] = {GRADE_AXIS("update", RULE##_updates), GRADE_FREE(update_free), .rare = UPDATE_SHRUNK}

/* --- SGD: w -= eta g ---------------------------------------------------------------------------------------------- */

COMMON_TABLES(sgd, DECAYING_UPDATES(sgd));
static const grade_axis sgd_axes[] = {COMMON_ROWS(sgd)};

static void make_sgd(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_tensors(index, random, made);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = drawn_or(index, random, 0.1, 0.03, 0.3);
}

static void model_sgd(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    const grade_hyper hyper = {.rate = assay_grade_number(&graded->inputs, "learning_rate")};
    run_steps(GRADE_RULE_SGD, &hyper, graded, choice, outputs);
}

const grade_component assay_grade_sgd = {
    .name = "sgd",
    .title = "SGD",
    .case_count = CASES,
    .make = make_sgd,
    .model = model_sgd,
    GRADE_AXES(sgd_axes),
};

/* --- SGD with momentum: m = b m + (1 - b) g, w -= eta m ----------------------------------------------------------- */

COMMON_TABLES(momentum, DECAYING_UPDATES(momentum));
static const char *const momentum_states[] = {
    [STATE_SHARED] = "momentum.state_shared",
    [STATE_RESET] = "momentum.state_reset",
};
static const char *const momentum_formulas[] = {
    [MOMENTUM_SWAPPED] = "momentum.weights_swapped",         [MOMENTUM_FIRST_STEP] = "momentum.first_step_full",
    [MOMENTUM_MISSING] = "momentum.momentum_missing",        [MOMENTUM_NOT_DECAYED] = "momentum.not_decayed",
    [MOMENTUM_KEPT_NEGATED] = "momentum.kept_negated",       [MOMENTUM_NO_PARENTHESES] = "momentum.parentheses_missing",
    [MOMENTUM_WHOLE_SCALED] = "momentum.old_average_scaled",
};
static const char *const momentum_conventions[] = {[MOMENTUM_CLASSICAL] = "momentum.averaging_missing"};
static const char *const momentum_lookaheads[] = {[MOMENTUM_NESTEROV] = "momentum.nesterov"};
static const char *const momentum_outputs[] = {
    [MOMENTUM_CORRECTED] = "momentum.bias_corrected",
    [MOMENTUM_STALE] = "momentum.stale_state",
    [MOMENTUM_GRADIENT_ADDED] = "momentum.gradient_added",
    [MOMENTUM_MULTIPLIED] = "momentum.average_multiplied",
};
static const char *const momentum_betas[] = {[MOMENTUM_BETA_IGNORED] = "momentum.momentum_ignored"};
static const char *const momentum_decays[] = {[MOMENTUM_DECOUPLED] = "momentum.decoupled_decay"};
static const grade_free momentum_decay_free[] = {{MOMENTUM_DECOUPLED, 1e-4, 0.9}};
static const grade_free momentum_free[] = {{MOMENTUM_BETA_IGNORED, 0.02, 0.9995}};

static const grade_axis momentum_axes[] = {
    COMMON_ROWS(momentum),
    [AXIS_STATE] = {GRADE_AXIS("state", momentum_states)},
    [MOMENTUM_FORMULA] = {GRADE_AXIS("formula", momentum_formulas)},
    [MOMENTUM_CONVENTION] = {GRADE_AXIS("convention", momentum_conventions), .convention = true},
    [MOMENTUM_LOOKAHEAD] = {GRADE_AXIS("lookahead", momentum_lookaheads)},
    [MOMENTUM_OUTPUT] = {GRADE_AXIS("use of the average", momentum_outputs)},
    [MOMENTUM_BETA] = {GRADE_AXIS("hyperparameter", momentum_betas), GRADE_FREE(momentum_free)},
    [MOMENTUM_DECAY] = {GRADE_AXIS("decay", momentum_decays), GRADE_FREE(momentum_decay_free)},
};

static void make_momentum(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_tensors(index, random, made);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = drawn_or(index, random, 0.1, 0.03, 0.3);
    assay_grade_tensor0(&made->inputs, "momentum")[0] = drawn_or(index, random, 0.9, 0.6, 0.8);
}

static void model_momentum(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    const grade_hyper hyper = {.rate = assay_grade_number(&graded->inputs, "learning_rate"),
                               .beta1 = assay_grade_number(&graded->inputs, "momentum")};
    run_steps(GRADE_RULE_MOMENTUM, &hyper, graded, choice, outputs);
}

const grade_component assay_grade_momentum = {
    .name = "momentum",
    .title = "SGD with momentum",
    .case_count = CASES,
    .make = make_momentum,
    .model = model_momentum,
    GRADE_AXES(momentum_axes),
};

/* --- Adam: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= eta / (sqrt(v/(1-b2^t)) + eps) m/(1-b1^t) ------------- */

COMMON_TABLES(adam, );
static const char *const adam_states[] = {
    [STATE_SHARED] = "adam.state_shared",
    [STATE_RESET] = "adam.state_reset",
    [ADAM_RESET_ALL] = "adam.state_reset", /* t too: a new optimizer for each step */
    [ADAM_ONE_BUFFER] = "adam.one_buffer",
    [ADAM_STATE_CORRECTED] = "adam.corrected_state_kept",
    [ADAM_FIRST_CORRECTED] = "adam.corrected_first_moment_kept",
    [ADAM_SECOND_CORRECTED] = "adam.corrected_second_moment_kept",
    [ADAM_FIRST_RESET] = "adam.first_moment_not_kept",
    [ADAM_SECOND_RESET] = "adam.second_moment_not_kept",
};
static const char *const adam_corrections[] = {
    [ADAM_NO_FIRST] = "adam.first_correction_missing",
    [ADAM_NO_SECOND] = "adam.second_correction_missing",
    [ADAM_NO_CORRECTION] = "adam.both_corrections_missing",
    [ADAM_MULTIPLIED] = "adam.correction_multiplied",
    [ADAM_PRODUCT] = "adam.power_as_product",
    [ADAM_FIRST_CORRECTION_TWICE] = "adam.first_correction_for_both",
    [ADAM_SECOND_CORRECTION_TWICE] = "adam.second_correction_for_both",
    [ADAM_CORRECTION_OUTSIDE] = "adam.correction_outside_root",
    [ADAM_POWER_OUTSIDE] = "adam.power_outside",
    [ADAM_PLUS] = "adam.correction_plus",
    [ADAM_COMPOUNDED] = "adam.rate_compounded",
    [ADAM_CORRECTIONS_SWAPPED] = "adam.corrections_swapped",
    [ADAM_NO_PARENTHESES_FIRST] = "adam.parentheses_missing",
    [ADAM_NO_PARENTHESES] = "adam.parentheses_missing",
};
static const char *const adam_times[] = {
    [ADAM_T_FROM_ZERO] = "adam.t_from_zero",       [ADAM_T_AHEAD] = "adam.t_ahead",
    [ADAM_T_CONSTANT] = "adam.t_constant",         [ADAM_T_TWO] = "adam.power_of_two",
    [ADAM_T_PER_TENSOR] = "adam.t_counts_tensors",
};
static const char *const adam_conventions[] = {[ADAM_EPSILON_HAT] = "adam.epsilon_before_correction"};
static const char *const adam_epsilons[] = {
    [ADAM_EPSILON_IN_ROOT] = "adam.epsilon_in_root",
    [ADAM_EPSILON_MISSING] = "adam.epsilon_missing",
    [ADAM_EPSILON_IN_AVERAGE] = "adam.epsilon_in_average",
    [ADAM_EPSILON_TWICE] = "adam.epsilon_twice",
    [ADAM_EPSILON_SUBTRACTED] = "adam.epsilon_subtracted",
    [ADAM_EPSILON_LARGER] = "adam.epsilon_as_maximum",
    [ADAM_EPSILON_IGNORED] = "adam.epsilon_ignored",
    [ADAM_EPSILON_OUTSIDE] = "adam.epsilon_outside_quotient",
    [ADAM_EPSILON_OUTSIDE_RATE] = "adam.epsilon_outside_quotient",
    [ADAM_EPSILON_SQUARED_IN_ROOT] = "adam.epsilon_in_root",
};
static const char *const adam_betas[] = {
    [ADAM_BETAS_SWAPPED] = "adam.betas_swapped",    [ADAM_FIRST_FOR_BOTH] = "adam.beta1_for_both",
    [ADAM_SECOND_FOR_BOTH] = "adam.beta2_for_both", [ADAM_BETA1_IGNORED] = "adam.beta1_ignored",
    [ADAM_BETA2_IGNORED] = "adam.beta2_ignored",
};
static const char *const adam_averagings[] = {
    [ADAM_FIRST_AVERAGING] = "adam.first_averaging_missing",
    [ADAM_SECOND_AVERAGING] = "adam.second_averaging_missing",
    [ADAM_BOTH_AVERAGING] = "adam.both_averagings_missing",
    [ADAM_FIRST_SWAPPED] = "adam.first_weights_swapped",
    [ADAM_SECOND_SWAPPED] = "adam.second_weights_swapped",
    [ADAM_BOTH_SWAPPED] = "adam.both_weights_swapped",
    [ADAM_FIRST_STEP] = "adam.first_step_full",
    [ADAM_FIRST_NOT_DECAYED] = "adam.first_moment_not_decayed",
    [ADAM_SECOND_NOT_DECAYED] = "adam.second_moment_not_decayed",
    [ADAM_SECOND_SUMMED] = "adam.second_moment_summed",
    [ADAM_FIRST_FRESH_OTHER] = "adam.one_minus_beta2_in_first",
    [ADAM_SECOND_FRESH_OTHER] = "adam.one_minus_beta1_in_second",
    [ADAM_FIRST_KEPT_OTHER] = "adam.first_decayed_by_beta2",
    [ADAM_SECOND_KEPT_OTHER] = "adam.second_decayed_by_beta1",
    [ADAM_FIRST_BY_OTHER] = "adam.first_averaged_with_beta2",
    [ADAM_SECOND_BY_OTHER] = "adam.second_averaged_with_beta1",
    [ADAM_AVERAGES_NO_PARENTHESES] = "adam.parentheses_missing",
};
static const char *const adam_squares[] = {
    [ADAM_SQUARE_MISSING] = "adam.square_missing",          [ADAM_SQUARE_OF_AVERAGE] = "adam.square_of_average",
    [ADAM_ABSOLUTE] = "adam.absolute_for_square",           [ADAM_DEVIATION] = "adam.square_of_deviation",
    [ADAM_SQUARE_IN_FIRST] = "adam.square_in_first_moment", [ADAM_SQUARE_OF_TENSOR] = "adam.one_second_moment",
    [ADAM_SQUARE_OF_NORM] = "adam.one_second_moment",
};
static const char *const adam_roots[] = {
    [ADAM_ROOT_MISSING] = "adam.root_missing",
    [ADAM_SQUARE_FOR_ROOT] = "adam.square_for_root",
};
static const char *const adam_variants[] = {
    [ADAM_AMSGRAD] = "adam.amsgrad",
    [ADAM_ADAMAX] = "adam.adamax",
    [ADAM_NADAM] = "adam.nadam",
    [ADAM_RMSPROP] = "adam.first_moment_unused",
    [ADAM_SECOND_UNUSED] = "adam.second_moment_unused",
};
static const char *const adam_decays[] = {
    [ADAM_DECOUPLED] = "adam.decoupled_decay",
    [ADAM_DECOUPLED_WITHOUT_RATE] = "adam.decoupled_decay",
};
static const grade_free adam_epsilon_free[] = {{ADAM_EPSILON_IGNORED, 1e-12, 0.5}};
static const grade_free adam_beta_free[] = {{ADAM_BETA1_IGNORED, 0.02, 0.9995}, {ADAM_BETA2_IGNORED, 0.02, 0.9999}};
static const grade_free adam_decay_free[] = {{ADAM_DECOUPLED, 1e-4, 0.9}, {ADAM_DECOUPLED_WITHOUT_RATE, 1e-5, 0.9}};

static const grade_axis adam_axes[] = {
    COMMON_ROWS(adam),
    [ADAM_STATE] = {GRADE_AXIS("state", adam_states)},
    [ADAM_CORRECTION] = {GRADE_AXIS("bias correction", adam_corrections)},
    [ADAM_TIME] = {GRADE_AXIS("t", adam_times)},
    [ADAM_CONVENTION] = {GRADE_AXIS("convention", adam_conventions), .convention = true},
    [ADAM_EPSILON] = {GRADE_AXIS("epsilon", adam_epsilons), GRADE_FREE(adam_epsilon_free)},
    [ADAM_BETAS] = {GRADE_AXIS("betas", adam_betas), GRADE_FREE(adam_beta_free)},
    [ADAM_AVERAGING] = {GRADE_AXIS("averaging", adam_averagings)},
    [ADAM_SQUARE] = {GRADE_AXIS("square", adam_squares)},
    [ADAM_ROOT] = {GRADE_AXIS("root", adam_roots)},
    [ADAM_VARIANT] = {GRADE_AXIS("variant", adam_variants)},
    [ADAM_DECAY] = {GRADE_AXIS("decay", adam_decays), GRADE_FREE(adam_decay_free)},
};

static void make_adam(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_tensors(index, random, made);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = drawn_or(index, random, 1e-2, 0.03, 0.1);
    assay_grade_tensor0(&made->inputs, "beta1")[0] = drawn_or(index, random, 0.9, 0.6, 0.8);
    assay_grade_tensor0(&made->inputs, "beta2")[0] = drawn_or(index, random, 0.999, 0.85, 0.95);
    assay_grade_tensor0(&made->inputs, "epsilon")[0] = drawn_or(index, random, 1e-8, 0.005, 0.02);
}

static void model_adam(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    const grade_hyper hyper = {.rate = assay_grade_number(&graded->inputs, "learning_rate"),
                               .beta1 = assay_grade_number(&graded->inputs, "beta1"),
                               .beta2 = assay_grade_number(&graded->inputs, "beta2"),
                               .epsilon = assay_grade_number(&graded->inputs, "epsilon")};
    run_steps(GRADE_RULE_ADAM, &hyper, graded, choice, outputs);
}

const grade_component assay_grade_adam = {
    .name = "adam",
    .title = "Adam",
    .case_count = CASES,
    .make = make_adam,
    .model = model_adam,
    GRADE_AXES(adam_axes),
};
