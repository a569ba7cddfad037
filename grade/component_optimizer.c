/*
 * The optimizers, as the tutorial prints them (cells [22] to [24]). Two parameter tensors with their own gradients take
 * a few steps; the outputs are both tensors after each step, so the first diverging value names the step.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"

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

/* What an update rule sees of one element: its state is read and written. */
typedef struct {
    double *m;
    double *v;
    double *extra;
    size_t step; /* from 1 */
    size_t tensor;
} element_state;

typedef double update_element(const grade_case *graded, int mistake, double w, double g, element_state state);

/* How a mistake treats the state that belongs to each element. */
typedef enum { STATE_OWN, STATE_SHARED, STATE_RESET } state_kind;

static void run_steps(update_element *update, state_kind kind, bool only_first, const grade_case *graded, int mistake,
                      const grade_fields *outputs)
{
    char name[GRADE_NAME_LENGTH];
    double w[TENSORS][MAX_LENGTH];
    double m[TENSORS][MAX_LENGTH] = {0};
    double v[TENSORS][MAX_LENGTH] = {0};
    double extra[TENSORS][MAX_LENGTH] = {0};
    size_t steps = assay_grade_find(&graded->inputs, "gradients0")->shape[0];
    for (size_t s = 0; s < steps; s++) {
        for (size_t k = 0; k < TENSORS; k++) {
            const grade_field *start = assay_grade_find(&graded->inputs, assay_grade_numbered(name, "parameters", k));
            const grade_field *g = assay_grade_find(&graded->inputs, assay_grade_numbered(name, "gradients", k));
            double *updated = assay_grade_values(outputs, assay_grade_numbered(name, "updated", k));
            size_t owner = kind == STATE_SHARED ? 0 : k;
            for (size_t i = 0; i < start->count; i++) {
                if (s == 0) {
                    w[k][i] = start->values[i];
                }
                if (kind == STATE_RESET) {
                    m[k][i] = v[k][i] = extra[k][i] = 0.0;
                }
                element_state state = {&m[owner][i], &v[owner][i], &extra[owner][i], s + 1, k};
                if (!only_first || k == 0) {
                    w[k][i] = update(graded, mistake, w[k][i], g->values[s * start->count + i], state);
                }
                updated[s * start->count + i] = w[k][i];
            }
        }
    }
}

/* --- SGD: w -= eta g ---------------------------------------------------------------------------------------------- */

enum { SGD_SIGN = 1, SGD_RATE, SGD_ACCUMULATED, SGD_FIRST };
static const char *const sgd_mistakes[] = {
    [SGD_SIGN] = "sgd.sign",
    [SGD_RATE] = "sgd.learning_rate_missing",
    [SGD_ACCUMULATED] = "sgd.gradient_accumulated",
    [SGD_FIRST] = "sgd.first_tensor_only",
};

static void make_sgd(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_tensors(index, random, made);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = drawn_or(index, random, 0.1, 0.03, 0.3);
}

static double sgd_update(const grade_case *graded, int mistake, double w, double g, element_state state)
{
    double eta = assay_grade_number(&graded->inputs, "learning_rate");
    *state.m += g;
    switch (mistake) {
    case SGD_SIGN: return w + eta * g;
    case SGD_RATE: return w - g;
    case SGD_ACCUMULATED: return w - eta * *state.m;
    default: return w - eta * g;
    }
}

static void model_sgd(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    run_steps(sgd_update, STATE_OWN, mistake == SGD_FIRST, graded, mistake, outputs);
}

const grade_component assay_grade_sgd = {
    .name = "sgd",
    .title = "SGD",
    .case_count = CASES,
    .make = make_sgd,
    .model = model_sgd,
    GRADE_MISTAKES(sgd_mistakes),
};

/* --- SGD with momentum: m = b m + (1 - b) g, w -= eta m ----------------------------------------------------------- */

enum {
    MOMENTUM_DAMPENING = 1,
    MOMENTUM_NESTEROV,
    MOMENTUM_NESTEROV_CLASSICAL,
    MOMENTUM_SWAPPED,
    MOMENTUM_SHARED,
    MOMENTUM_RESET,
    MOMENTUM_CORRECTED,
    MOMENTUM_FIRST_GRADIENT,
    MOMENTUM_SIGN,
    MOMENTUM_STALE,
    MOMENTUM_FIRST
};
static const char *const momentum_mistakes[] = {
    [MOMENTUM_DAMPENING] = "momentum.averaging_missing",
    [MOMENTUM_NESTEROV] = "momentum.nesterov",
    [MOMENTUM_NESTEROV_CLASSICAL] = "momentum.nesterov",
    [MOMENTUM_SWAPPED] = "momentum.weights_swapped",
    [MOMENTUM_SHARED] = "momentum.state_shared",
    [MOMENTUM_RESET] = "momentum.state_reset",
    [MOMENTUM_CORRECTED] = "momentum.bias_corrected",
    [MOMENTUM_FIRST_GRADIENT] = "momentum.first_step_full",
    [MOMENTUM_SIGN] = "momentum.sign",
    [MOMENTUM_STALE] = "momentum.stale_state",
    [MOMENTUM_FIRST] = "momentum.first_tensor_only",
};

static void make_momentum(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_tensors(index, random, made);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = drawn_or(index, random, 0.1, 0.03, 0.3);
    assay_grade_tensor0(&made->inputs, "momentum")[0] = drawn_or(index, random, 0.9, 0.6, 0.8);
}

static double momentum_update(const grade_case *graded, int mistake, double w, double g, element_state state)
{
    double eta = assay_grade_number(&graded->inputs, "learning_rate");
    double b = assay_grade_number(&graded->inputs, "momentum");
    double before = *state.m;
    double fresh = 1.0 - b;
    switch (mistake) {
    case MOMENTUM_DAMPENING: fresh = 1.0; break;
    case MOMENTUM_NESTEROV_CLASSICAL: fresh = 1.0; break;
    case MOMENTUM_SWAPPED:
        fresh = b;
        b = 1.0 - b;
        break;
    case MOMENTUM_FIRST_GRADIENT: fresh = state.step == 1 ? 1.0 : fresh; break;
    default: break;
    }
    double m = b * before + fresh * g;
    *state.m = m;
    switch (mistake) {
    case MOMENTUM_NESTEROV: return w - eta * (b * m + (1.0 - b) * g);
    case MOMENTUM_NESTEROV_CLASSICAL: return w - eta * (b * m + g);
    case MOMENTUM_CORRECTED: return w - eta * m / (1.0 - pow(b, (double)state.step));
    case MOMENTUM_SIGN: return w + eta * m;
    case MOMENTUM_STALE: return w - eta * before;
    default: return w - eta * m;
    }
}

static void model_momentum(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    state_kind kind = mistake == MOMENTUM_SHARED ? STATE_SHARED : mistake == MOMENTUM_RESET ? STATE_RESET : STATE_OWN;
    run_steps(momentum_update, kind, mistake == MOMENTUM_FIRST, graded, mistake, outputs);
}

const grade_component assay_grade_momentum = {
    .name = "momentum",
    .title = "SGD with momentum",
    .case_count = CASES,
    .make = make_momentum,
    .model = model_momentum,
    GRADE_MISTAKES(momentum_mistakes),
};

/*
 * --- Adam: m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2, w -= eta / (sqrt(v/(1-b2^t)) + eps) m/(1-b1^t)
 * -------------------
 */

enum {
    ADAM_NO_FIRST = 1,
    ADAM_NO_SECOND,
    ADAM_NO_CORRECTION,
    ADAM_T_FROM_ZERO,
    ADAM_T_AHEAD,
    ADAM_T_CONSTANT,
    ADAM_T_PER_TENSOR,
    ADAM_EPSILON_IN_ROOT,
    ADAM_EPSILON_MISSING,
    ADAM_EPSILON_SCALED,
    ADAM_EPSILON_SQUARED,
    ADAM_BETAS_SWAPPED,
    ADAM_AVERAGING_FIRST,
    ADAM_AVERAGING_SECOND,
    ADAM_SQUARE,
    ADAM_ROOT,
    ADAM_SHARED,
    ADAM_RESET,
    ADAM_RESET_ALL, /* t too: a new optimizer for each step */
    ADAM_MOMENTUM_SQUARED,
    ADAM_STATE_CORRECTED,
    ADAM_AMSGRAD,
    ADAM_PRODUCT,
    ADAM_SIGN,
    ADAM_CORRECTION_UPSIDE,
    ADAM_FIRST
};
static const char *const adam_mistakes[] = {
    [ADAM_NO_FIRST] = "adam.first_correction_missing",
    [ADAM_NO_SECOND] = "adam.second_correction_missing",
    [ADAM_NO_CORRECTION] = "adam.both_corrections_missing",
    [ADAM_T_FROM_ZERO] = "adam.t_from_zero",
    [ADAM_T_AHEAD] = "adam.t_ahead",
    [ADAM_T_CONSTANT] = "adam.t_constant",
    [ADAM_T_PER_TENSOR] = "adam.t_counts_tensors",
    [ADAM_EPSILON_IN_ROOT] = "adam.epsilon_in_root",
    [ADAM_EPSILON_MISSING] = "adam.epsilon_missing",
    [ADAM_EPSILON_SCALED] = "adam.epsilon_before_correction",
    [ADAM_EPSILON_SQUARED] = "adam.epsilon_in_average",
    [ADAM_BETAS_SWAPPED] = "adam.betas_swapped",
    [ADAM_AVERAGING_FIRST] = "adam.first_averaging_missing",
    [ADAM_AVERAGING_SECOND] = "adam.second_averaging_missing",
    [ADAM_SQUARE] = "adam.square_missing",
    [ADAM_ROOT] = "adam.root_missing",
    [ADAM_SHARED] = "adam.state_shared",
    [ADAM_RESET] = "adam.state_reset",
    [ADAM_RESET_ALL] = "adam.state_reset",
    [ADAM_MOMENTUM_SQUARED] = "adam.square_of_average",
    [ADAM_STATE_CORRECTED] = "adam.corrected_state_kept",
    [ADAM_AMSGRAD] = "adam.amsgrad",
    [ADAM_PRODUCT] = "adam.power_as_product",
    [ADAM_SIGN] = "adam.sign",
    [ADAM_CORRECTION_UPSIDE] = "adam.correction_multiplied",
    [ADAM_FIRST] = "adam.first_tensor_only",
};

static void make_adam(size_t index, assay_mt19937 *random, grade_case *made)
{
    make_tensors(index, random, made);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = drawn_or(index, random, 1e-2, 0.03, 0.1);
    assay_grade_tensor0(&made->inputs, "beta1")[0] = drawn_or(index, random, 0.9, 0.6, 0.8);
    assay_grade_tensor0(&made->inputs, "beta2")[0] = drawn_or(index, random, 0.999, 0.85, 0.95);
    assay_grade_tensor0(&made->inputs, "epsilon")[0] = drawn_or(index, random, 1e-8, 0.005, 0.02);
}

/* The number that stands for t in the bias corrections. */
static double adam_step_number(int mistake, element_state state)
{
    switch (mistake) {
    case ADAM_T_FROM_ZERO: return (double)state.step - 1.0;
    case ADAM_T_AHEAD: return (double)state.step + 1.0;
    case ADAM_T_CONSTANT:
    case ADAM_RESET_ALL: return 1.0;
    case ADAM_T_PER_TENSOR: return (double)((state.step - 1) * TENSORS + state.tensor + 1);
    default: return (double)state.step;
    }
}

static double adam_denominator(int mistake, double v, double correction, double epsilon)
{
    switch (mistake) {
    case ADAM_EPSILON_IN_ROOT: return sqrt(v / correction + epsilon);
    case ADAM_EPSILON_MISSING: return sqrt(v / correction);
    case ADAM_EPSILON_SCALED: return (sqrt(v) + epsilon) / sqrt(correction);
    case ADAM_EPSILON_SQUARED: return sqrt((v + epsilon) / correction);
    case ADAM_ROOT: return v / correction + epsilon;
    default: return sqrt(v / correction) + epsilon;
    }
}

static double adam_update(const grade_case *graded, int mistake, double w, double g, element_state state)
{
    double eta = assay_grade_number(&graded->inputs, "learning_rate");
    double b1 = assay_grade_number(&graded->inputs, mistake == ADAM_BETAS_SWAPPED ? "beta2" : "beta1");
    double b2 = assay_grade_number(&graded->inputs, mistake == ADAM_BETAS_SWAPPED ? "beta1" : "beta2");
    double epsilon = assay_grade_number(&graded->inputs, "epsilon");
    double t = adam_step_number(mistake, state);
    double m = b1 * *state.m + (mistake == ADAM_AVERAGING_FIRST ? 1.0 : 1.0 - b1) * g;
    double squared = mistake == ADAM_SQUARE ? g : mistake == ADAM_MOMENTUM_SQUARED ? m * m : g * g;
    double v = b2 * *state.v + (mistake == ADAM_AVERAGING_SECOND ? 1.0 : 1.0 - b2) * squared;
    double c1 = mistake == ADAM_PRODUCT ? 1.0 - b1 * t : 1.0 - pow(b1, t);
    double c2 = mistake == ADAM_PRODUCT ? 1.0 - b2 * t : 1.0 - pow(b2, t);
    c1 = mistake == ADAM_NO_FIRST || mistake == ADAM_NO_CORRECTION ? 1.0 : c1;
    c2 = mistake == ADAM_NO_SECOND || mistake == ADAM_NO_CORRECTION ? 1.0 : c2;
    if (mistake == ADAM_CORRECTION_UPSIDE) {
        c1 = 1.0 / c1;
        c2 = 1.0 / c2;
    }
    *state.m = mistake == ADAM_STATE_CORRECTED ? m / c1 : m;
    *state.v = mistake == ADAM_STATE_CORRECTED ? v / c2 : v;
    if (mistake == ADAM_AMSGRAD) {
        *state.extra = v > *state.extra ? v : *state.extra;
        v = *state.extra;
    }
    double direction = m / c1 / adam_denominator(mistake, v, c2, epsilon);
    return mistake == ADAM_SIGN ? w + eta * direction : w - eta * direction;
}

static void model_adam(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    bool reset = mistake == ADAM_RESET || mistake == ADAM_RESET_ALL;
    state_kind kind = mistake == ADAM_SHARED ? STATE_SHARED : reset ? STATE_RESET : STATE_OWN;
    run_steps(adam_update, kind, mistake == ADAM_FIRST, graded, mistake, outputs);
}

const grade_component assay_grade_adam = {
    .name = "adam",
    .title = "Adam",
    .case_count = CASES,
    .make = make_adam,
    .model = model_adam,
    GRADE_MISTAKES(adam_mistakes),
};
