#include "grade/optimizer.h"

#include <math.h>
#include <string.h>

#include "grade/optimizer_axes.h"

/* Adam's numbers in one step, the same for all elements. */
typedef struct {
    double b1, b2;
    double c1, c2;
    double epsilon;
    double fresh[2]; /* weights of the gradient, and of the old averages */
    double kept[2];
    double added;     /* to both averages */
    double beside[2]; /* subtracted from both in place of a correction */
} adam_numbers;

/* What an update rule sees of one element. */
typedef struct {
    const grade_choice *choice;
    const grade_hyper *hyper;
    size_t step;
    size_t tensor;
    size_t tensors;
    double *m;
    double *v;
    double *largest;
    double norm;        /* of the tensor's gradient */
    double norm_of_all; /* of the gradients of all tensors */
    size_t count;       /* of the tensor's elements */
    adam_numbers adam;  /* of this step */
} element;

static int level(const element *e, int axis)
{
    return e->choice->level[axis];
}

/* --- SGD with momentum: m = b m + (1 - b) g, and w -= eta m ------------------------------------------------------- */

static double momentum_direction(const element *e, double g)
{
    double b = level(e, MOMENTUM_BETA) == MOMENTUM_BETA_IGNORED ? e->choice->parameter : e->hyper->beta1;
    double before = *e->m;
    double fresh = 1.0 - b;
    double added = 0.0;
    switch (level(e, MOMENTUM_FORMULA)) {
    case MOMENTUM_SWAPPED:
        fresh = b;
        b = 1.0 - b;
        break;
    case MOMENTUM_FIRST_STEP: fresh = e->step == 1 ? 1.0 : fresh; break;
    case MOMENTUM_MISSING:
        fresh = 1.0;
        b = 0.0;
        break;
    case MOMENTUM_NOT_DECAYED: b = 1.0; break;
    case MOMENTUM_KEPT_NEGATED: b = -b; break;
    case MOMENTUM_NO_PARENTHESES: /* b m + 1 - b g */
        fresh = -b;
        added = 1.0;
        break;
    case MOMENTUM_WHOLE_SCALED: b *= 1.0 - b; break;
    default: break;
    }
    fresh = level(e, MOMENTUM_CONVENTION) == MOMENTUM_CLASSICAL ? 1.0 : fresh;
    double m = b * before + fresh * g + added;
    *e->m = m;
    switch (level(e, MOMENTUM_OUTPUT)) {
    case MOMENTUM_CORRECTED: m /= 1.0 - pow(b, (double)e->step); break;
    case MOMENTUM_STALE: m = before; break;
    case MOMENTUM_GRADIENT_ADDED: m += g; break;
    case MOMENTUM_MULTIPLIED: m *= b; break;
    default: break;
    }
    return level(e, MOMENTUM_LOOKAHEAD) == MOMENTUM_NESTEROV ? b * m + fresh * g : m;
}

/* --- Adam --------------------------------------------------------------------------------------------------------- */

/* The number that is used for t in the bias corrections. */
static double adam_step_number(const element *e)
{
    double t = level(e, ADAM_STATE) == ADAM_RESET_ALL ? 1.0 : (double)e->step;
    switch (level(e, ADAM_TIME)) {
    case ADAM_T_FROM_ZERO: return t - 1.0;
    case ADAM_T_AHEAD: return t + 1.0;
    case ADAM_T_CONSTANT: return 1.0;
    case ADAM_T_TWO: return 2.0;
    case ADAM_T_PER_TENSOR: return (t - 1.0) * (double)e->tensors + (double)e->tensor + 1.0;
    default: return t;
    }
}

static void adam_betas(const element *e, adam_numbers *n)
{
    n->b1 = e->hyper->beta1;
    n->b2 = e->hyper->beta2;
    switch (level(e, ADAM_BETAS)) {
    case ADAM_BETAS_SWAPPED:
        n->b1 = e->hyper->beta2;
        n->b2 = e->hyper->beta1;
        break;
    case ADAM_FIRST_FOR_BOTH: n->b2 = n->b1; break;
    case ADAM_SECOND_FOR_BOTH: n->b1 = n->b2; break;
    case ADAM_BETA1_IGNORED: n->b1 = e->choice->parameter; break;
    case ADAM_BETA2_IGNORED: n->b2 = e->choice->parameter; break;
    default: break;
    }
}

static void adam_corrections(const element *e, adam_numbers *n)
{
    double t = adam_step_number(e);
    n->c1 = 1.0 - pow(n->b1, t);
    n->c2 = 1.0 - pow(n->b2, t);
    switch (level(e, ADAM_CORRECTION)) {
    case ADAM_NO_FIRST: n->c1 = 1.0; break;
    case ADAM_NO_SECOND: n->c2 = 1.0; break;
    case ADAM_NO_CORRECTION: n->c1 = n->c2 = 1.0; break;
    case ADAM_MULTIPLIED:
        n->c1 = 1.0 / n->c1;
        n->c2 = 1.0 / n->c2;
        break;
    case ADAM_PRODUCT:
        n->c1 = 1.0 - n->b1 * t;
        n->c2 = 1.0 - n->b2 * t;
        break;
    case ADAM_FIRST_CORRECTION_TWICE: n->c2 = n->c1; break;
    case ADAM_SECOND_CORRECTION_TWICE: n->c1 = n->c2; break;
    case ADAM_CORRECTION_OUTSIDE: n->c2 *= n->c2; break;
    case ADAM_POWER_OUTSIDE:
        n->c1 = pow(1.0 - n->b1, t);
        n->c2 = pow(1.0 - n->b2, t);
        break;
    case ADAM_NO_PARENTHESES_FIRST: /* m / 1 - b1^t */
        n->beside[0] = 1.0 - n->c1;
        n->c1 = 1.0;
        break;
    case ADAM_NO_PARENTHESES:
        n->beside[0] = 1.0 - n->c1;
        n->beside[1] = 1.0 - n->c2;
        n->c1 = n->c2 = 1.0;
        break;
    case ADAM_CORRECTIONS_SWAPPED: {
        double first = n->c1;
        n->c1 = n->c2;
        n->c2 = first;
        break;
    }
    case ADAM_PLUS:
        n->c1 = 1.0 + pow(n->b1, t);
        n->c2 = 1.0 + pow(n->b2, t);
        break;
    default: break;
    }
}

static double adam_root(const element *e, double value)
{
    int kind = level(e, ADAM_ROOT);
    return kind == ADAM_ROOT_MISSING ? value : kind == ADAM_SQUARE_FOR_ROOT ? value * value : sqrt(value);
}

static double adam_denominator(const element *e, double v, const adam_numbers *n)
{
    if (level(e, ADAM_CONVENTION) == ADAM_EPSILON_HAT) {
        return (adam_root(e, v) + n->epsilon) / sqrt(n->c2);
    }
    switch (level(e, ADAM_EPSILON)) {
    case ADAM_EPSILON_IN_ROOT: return adam_root(e, v / n->c2 + n->epsilon);
    case ADAM_EPSILON_SQUARED_IN_ROOT: return adam_root(e, v / n->c2 + n->epsilon * n->epsilon);
    case ADAM_EPSILON_MISSING: return adam_root(e, v / n->c2);
    case ADAM_EPSILON_IN_AVERAGE: /* without a correction this is epsilon in the root, which is its name then */
        return n->c2 == 1.0 ? adam_root(e, v) + n->epsilon : adam_root(e, (v + n->epsilon) / n->c2);
    case ADAM_EPSILON_TWICE: return adam_root(e, v / n->c2 + n->epsilon) + n->epsilon;
    case ADAM_EPSILON_SUBTRACTED: return adam_root(e, v / n->c2) - n->epsilon;
    case ADAM_EPSILON_LARGER: return fmax(adam_root(e, v / n->c2), n->epsilon);
    case ADAM_EPSILON_OUTSIDE:
    case ADAM_EPSILON_OUTSIDE_RATE: return adam_root(e, v / n->c2);
    default: return adam_root(e, v / n->c2) + n->epsilon;
    }
}

/* One moment's weights that have the other moment's beta. */
static void exchange_betas(int kind, adam_numbers *n)
{
    switch (kind) {
    case ADAM_FIRST_FRESH_OTHER: n->fresh[0] = 1.0 - n->b2; break;
    case ADAM_SECOND_FRESH_OTHER: n->fresh[1] = 1.0 - n->b1; break;
    case ADAM_FIRST_KEPT_OTHER: n->kept[0] = n->b2; break;
    case ADAM_SECOND_KEPT_OTHER: n->kept[1] = n->b1; break;
    case ADAM_FIRST_BY_OTHER:
        n->kept[0] = n->b2;
        n->fresh[0] = 1.0 - n->b2;
        break;
    case ADAM_SECOND_BY_OTHER:
        n->kept[1] = n->b1;
        n->fresh[1] = 1.0 - n->b1;
        break;
    default: break;
    }
}

/* The weights of the fresh gradient and of the old average, for both moments. */
static void adam_weights(const element *e, adam_numbers *n)
{
    double *kept = n->kept;
    double *fresh = n->fresh;
    int state = level(e, ADAM_STATE);
    kept[0] = n->b1;
    kept[1] = n->b2;
    fresh[0] = 1.0 - n->b1;
    fresh[1] = 1.0 - n->b2;
    int kind = level(e, ADAM_AVERAGING);
    bool summed = kind == ADAM_SECOND_SUMMED;
    kept[0] = kind == ADAM_FIRST_NOT_DECAYED ? 1.0 : kept[0];
    kept[1] = kind == ADAM_SECOND_NOT_DECAYED || summed ? 1.0 : kept[1];
    fresh[1] = summed ? 1.0 : fresh[1];
    if (kind == ADAM_AVERAGES_NO_PARENTHESES) { /* b m + 1 - b g */
        fresh[0] = -n->b1;
        fresh[1] = -n->b2;
        n->added = 1.0;
    }
    exchange_betas(kind, n);
    for (int k = 0; k < 2; k++) {
        bool swapped = kind == (k == 0 ? ADAM_FIRST_SWAPPED : ADAM_SECOND_SWAPPED) || kind == ADAM_BOTH_SWAPPED;
        bool missing = kind == (k == 0 ? ADAM_FIRST_AVERAGING : ADAM_SECOND_AVERAGING) || kind == ADAM_BOTH_AVERAGING;
        if (swapped) {
            fresh[k] = kept[k];
            kept[k] = 1.0 - kept[k];
        } else if (missing || (kind == ADAM_FIRST_STEP && e->step == 1)) {
            fresh[k] = 1.0;
        }
    }
    kept[0] = state == ADAM_FIRST_RESET ? 0.0 : kept[0];
    kept[1] = state == ADAM_SECOND_RESET ? 0.0 : kept[1];
}

static void adam_prepare(element *e)
{
    adam_betas(e, &e->adam);
    adam_corrections(e, &e->adam);
    adam_weights(e, &e->adam);
    e->adam.epsilon = level(e, ADAM_EPSILON) == ADAM_EPSILON_IGNORED ? e->choice->parameter : e->hyper->epsilon;
}

static double adam_square(const element *e, double g, double m)
{
    switch (level(e, ADAM_SQUARE)) {
    case ADAM_SQUARE_OF_TENSOR: return e->norm * e->norm / (double)e->count;
    case ADAM_SQUARE_OF_NORM: return e->norm * e->norm;
    case ADAM_SQUARE_MISSING: return g;
    case ADAM_SQUARE_OF_AVERAGE: return m * m;
    case ADAM_ABSOLUTE: return fabs(g);
    case ADAM_DEVIATION: return (g - m) * (g - m);
    default: return g * g;
    }
}

static double adam_direction(const element *e, double g)
{
    const adam_numbers n = e->adam;
    int state = level(e, ADAM_STATE);
    double *second = state == ADAM_ONE_BUFFER ? e->m : e->v;
    double in_first = level(e, ADAM_SQUARE) == ADAM_SQUARE_IN_FIRST ? g * g : g;
    double m = n.kept[0] * *e->m + n.fresh[0] * in_first + n.added;
    *e->m = m;
    double v = n.kept[1] * *second + n.fresh[1] * adam_square(e, g, m) + n.added;
    if (level(e, ADAM_VARIANT) == ADAM_ADAMAX) {
        v = fmax(n.kept[1] * *second, fabs(g));
    }
    *second = v;
    *e->m = state == ADAM_STATE_CORRECTED || state == ADAM_FIRST_CORRECTED ? m / n.c1 : *e->m;
    *second = state == ADAM_STATE_CORRECTED || state == ADAM_SECOND_CORRECTED ? v / n.c2 : *second;
    if (state == ADAM_ONE_BUFFER) {
        m = v;
    }
    if (level(e, ADAM_VARIANT) == ADAM_AMSGRAD) {
        *e->largest = v > *e->largest ? v : *e->largest;
        v = *e->largest;
    }
    double first = m / n.c1 - n.beside[0];
    v -= n.beside[1];
    switch (level(e, ADAM_VARIANT)) {
    case ADAM_ADAMAX: return first / (v + n.epsilon);
    case ADAM_NADAM: first = n.b1 * first + (1.0 - n.b1) * g / n.c1; break;
    case ADAM_RMSPROP: first = g; break;
    case ADAM_SECOND_UNUSED: return first;
    default: break;
    }
    return first / adam_denominator(e, v, &n) + (level(e, ADAM_EPSILON) == ADAM_EPSILON_OUTSIDE ? n.epsilon : 0.0);
}

/* --- all rules ---------------------------------------------------------------------------------------------------- */

/* The gradient as the rule gets it. */
static double seen_gradient(const element *e, const grade_parameters *t, size_t i)
{
    double g = t->g[i];
    double *sum = &t->state[GRADE_SUM][i];
    double *first = &t->state[GRADE_FIRST_GRADIENT][i];
    *sum += g;
    *first = e->step == 1 ? g : *first;
    int kept = level(e, AXIS_KEPT_GRADIENT);
    g = kept == KEPT_SUM ? *sum : kept == KEPT_FIRST ? *first : g;
    switch (level(e, AXIS_GRADIENT)) {
    case GRADIENT_SIGN: return (double)((g > 0.0) - (g < 0.0));
    case GRADIENT_CLIPPED: return fmin(fmax(g, -1.0), 1.0);
    case GRADIENT_DECAY: return g + e->choice->parameter * t->w[i];
    case GRADIENT_AVERAGED: return g / (double)t->count;
    case GRADIENT_NORMALISED: return g / e->norm;
    case GRADIENT_CLIPPED_OTHER: return fmin(fmax(g, -e->choice->parameter), e->choice->parameter);
    case GRADIENT_NORM_CLIPPED: return e->norm > e->choice->parameter ? g * e->choice->parameter / e->norm : g;
    case GRADIENT_ALL_CLIPPED:
        return e->norm_of_all > e->choice->parameter ? g * e->choice->parameter / e->norm_of_all : g;
    case GRADIENT_ABSOLUTE_PENALTY: return g + e->choice->parameter * ((t->w[i] > 0.0) - (t->w[i] < 0.0));
    default: return g;
    }
}

static double used_rate(const element *e)
{
    double before = (double)e->step - 1.0;
    double tensors_before = before * (double)e->tensors + (double)e->tensor;
    switch (level(e, AXIS_RATE)) {
    case RATE_FACTOR: return e->hyper->rate * pow(e->choice->parameter, before);
    case RATE_FACTOR_BY_TENSOR: return e->hyper->rate * pow(e->choice->parameter, tensors_before);
    case RATE_QUOTIENT: return e->hyper->rate / (1.0 + e->choice->parameter * (before + 1.0));
    case RATE_QUOTIENT_FROM_ZERO: return e->hyper->rate / (1.0 + e->choice->parameter * before);
    case RATE_ROOT: return e->hyper->rate / sqrt((double)e->step);
    case RATE_MISSING: return 1.0;
    case RATE_IGNORED: return e->choice->parameter;
    case RATE_PER_STEP: return e->hyper->rate / (double)e->step;
    case RATE_SQUARED: return e->hyper->rate * e->hyper->rate;
    case RATE_SCALED: return e->hyper->rate * e->choice->parameter;
    default: return e->hyper->rate;
    }
}

static double updated(const element *e, const grade_parameters *t, size_t i, double step)
{
    step = level(e, AXIS_SIGN) != 0 ? -step : step;
    switch (level(e, AXIS_UPDATE)) {
    case UPDATE_NOTHING: return t->w[i];
    case UPDATE_FROM_START: return t->state[GRADE_START][i] - step;
    case UPDATE_REPLACED: return -step;
    case UPDATE_SHRUNK: return (1.0 - e->choice->parameter) * (t->w[i] - step);
    case UPDATE_SHRUNK_BEFORE: return (1.0 - e->choice->parameter) * t->w[i] - step;
    default: return t->w[i] - step;
    }
}

/* What is subtracted beside the direction. */
static double beside_direction(grade_rule rule, const element *e, double rate, double w)
{
    if (rule == GRADE_RULE_MOMENTUM) {
        return level(e, MOMENTUM_DECAY) == MOMENTUM_DECOUPLED ? rate * e->choice->parameter * w : 0.0;
    }
    double outside = level(e, ADAM_EPSILON) == ADAM_EPSILON_OUTSIDE_RATE ? e->hyper->epsilon : 0.0;
    switch (level(e, ADAM_DECAY)) {
    case ADAM_DECOUPLED: return outside + rate * e->choice->parameter * w;
    case ADAM_DECOUPLED_WITHOUT_RATE: return outside + e->choice->parameter * w;
    default: return outside;
    }
}

static double norm_of(const grade_parameters *t)
{
    double sum = 0.0;
    for (size_t i = 0; i < t->count; i++) {
        sum += t->g[i] * t->g[i];
    }
    return sqrt(sum);
}

/* The rate that was corrected in each step, and kept: the product of all corrections so far. */
static double compounded(const element *e)
{
    double product = 1.0;
    for (size_t t = 1; t < e->step; t++) {
        product *= sqrt(1.0 - pow(e->hyper->beta2, (double)t)) / (1.0 - pow(e->hyper->beta1, (double)t));
    }
    return product;
}

static void step_tensor(grade_rule rule, element *e, grade_parameters *t, const grade_parameters *owner)
{
    double rate = used_rate(e);
    if (rule == GRADE_RULE_ADAM) {
        adam_prepare(e);
        rate *= level(e, ADAM_CORRECTION) == ADAM_COMPOUNDED ? compounded(e) : 1.0;
    }
    for (size_t i = 0; i < t->count; i++) {
        if (e->step == 1) {
            t->state[GRADE_START][i] = t->w[i];
        }
        e->m = &owner->state[GRADE_FIRST_MOMENT][i];
        e->v = &owner->state[GRADE_SECOND_MOMENT][i];
        e->largest = &owner->state[GRADE_LARGEST][i];
        double g = seen_gradient(e, t, i);
        double direction = rule == GRADE_RULE_SGD        ? g
                           : rule == GRADE_RULE_MOMENTUM ? momentum_direction(e, g)
                                                         : adam_direction(e, g);
        double step = rate * direction;
        step += rule == GRADE_RULE_SGD ? 0.0 : beside_direction(rule, e, rate, t->w[i]);
        t->w[i] = updated(e, t, i, step);
    }
}

void assay_grade_optimizer_step(grade_rule rule, const grade_hyper *hyper, const grade_choice *choice, size_t step,
                                size_t count, grade_parameters *tensors)
{
    int state = rule == GRADE_RULE_SGD ? 0 : choice->level[AXIS_STATE];
    int which = choice->level[AXIS_TENSORS];
    double squares = 0.0;
    for (size_t k = 0; k < count; k++) {
        squares += norm_of(&tensors[k]) * norm_of(&tensors[k]);
    }
    for (size_t k = 0; k < count; k++) {
        element e = {.choice = choice,
                     .hyper = hyper,
                     .step = step,
                     .tensor = k,
                     .tensors = count,
                     .norm = norm_of(&tensors[k]),
                     .norm_of_all = sqrt(squares),
                     .count = tensors[k].count};
        bool skipped = (which == TENSORS_FIRST && k > 0) || (which == TENSORS_LAST && k + 1 < count);
        const grade_parameters *owner = state == STATE_SHARED ? &tensors[0] : &tensors[k];
        for (int s = GRADE_FIRST_MOMENT; s <= GRADE_LARGEST && (state == STATE_RESET || state == ADAM_RESET_ALL); s++) {
            memset(owner->state[s], 0, tensors[k].count * sizeof(double));
        }
        if (!skipped) {
            step_tensor(rule, &e, &tensors[k], owner);
        }
    }
}
