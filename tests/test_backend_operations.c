/* The table of all operations: what they take, how they are called, how exact they have to be. */
#include <math.h>

#include "test_backend.h"

/* --- bounds ---------------------------------------------------------------------------------------------------- */

static double exact(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    (void)c, (void)values, (void)argument, (void)i, (void)format;
    return 0;
}

/* Sums are taken in double and rounded once. */
static double summed(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    return assay_dot_bound(c->rows + 1, values->size[argument][i], ASSAY_FORMAT_F64) +
           assay_ulp_bound(values->want[argument][i], 1, format);
}

/* How much f stretches at most: |f'| <= 1.76 for SELU, 1.13 for the GELUs, 1.1 for SiLU, a for those with a
 * parameter. */
static double stretch(const test_case *c)
{
    return 1.76 + c->activation.parameter;
}

/*
 * Units in the last place that f(x) may lose: a few for each elementary function; for GELU the rounding of x / sqrt 2
 * costs x^2 more in the tail, for its tanh form that of 2u costs 2u more (the relative error of e^t is that of t,
 * times t).
 */
static double activation_ulps(assay_activation activation, double x)
{
    double few = 10;
    switch (activation.kind) {
    case ASSAY_GELU: return few + 2 * x * x;
    case ASSAY_GELU_TANH: return few + 10 * fabs(1.6 * (x + 0.044715 * x * x * x));
    default: return few;
    }
}

static double activated(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    double ulps = activation_ulps(c->activation, values->in[0][i]);
    return assay_ulp_bound(values->want[argument][i], ulps, format);
}

/* dy f'(x), with f' a sum of terms that are at most `stretch`. */
static double differentiated(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    (void)argument;
    return assay_ulp_bound(stretch(c) * values->in[2][i], 20, format);
}

/* --- gemm ------------------------------------------------------------------------------------------------------ */

static assay_gemm_shape gemm_shape(const test_case *c)
{
    bool scaled = (c->variant & 4) != 0;
    return (assay_gemm_shape){.trans_a = (c->variant & 1) != 0,
                              .trans_b = (c->variant & 2) != 0,
                              .m = c->rows,
                              .n = c->out,
                              .k = c->in,
                              .alpha = scaled ? 0.5 : 1,
                              .beta = scaled ? 2 : 0};
}

static int gemm_arguments(const test_case *c, test_argument *a)
{
    bool reads_c = gemm_shape(c).beta != 0;
    a[0] = (test_argument){.name = "A", .count = c->rows * c->in};
    a[1] = (test_argument){.name = "B", .count = c->in * c->out};
    a[2] = (test_argument){.name = "C",
                           .count = c->rows * c->out,
                           .role = reads_c ? CHANGED : WRITTEN,
                           .draw = reads_c ? DRAW_REAL : DRAW_NOTHING};
    return 3;
}

static void gemm_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_gemm(backend, gemm_shape(c), s[0], s[1], s[2]);
}

static double gemm_bound(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    return assay_dot_bound(c->in + 3, values->size[argument][i], format);
}

/* --- activations ----------------------------------------------------------------------------------------------- */

/* Variant 1: y is x. */
static int activation_forward_arguments(const test_case *c, test_argument *a)
{
    size_t count = c->rows * c->out;
    bool in_place = c->variant == 1;
    a[0] = (test_argument){.name = "x", .count = count, .role = in_place ? CHANGED : READ};
    a[1] = (test_argument){
        .name = "y", .count = count, .role = WRITTEN, .draw = DRAW_NOTHING, .same_as = in_place ? 1 : 0};
    return 2;
}

static void activation_forward_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_activation_forward(backend, c->activation, s[0], s[1]);
}

/* Only the one of x and y that the derivative is computed from is given. Variant 1: dx is dy. */
static int activation_backward_arguments(const test_case *c, test_argument *a)
{
    size_t count = c->rows * c->out;
    bool in_place = c->variant == 1;
    bool reads_x = assay_activation_describe(c->activation.kind)->derivative_reads == ASSAY_READS_INPUT;
    a[0] = (test_argument){.name = "x", .count = reads_x ? count : 0};
    a[1] = (test_argument){.name = "y", .count = reads_x ? 0 : count, .draw = DRAW_ACTIVATED};
    a[2] = (test_argument){.name = "dy", .count = count, .role = in_place ? CHANGED : READ};
    a[3] = (test_argument){
        .name = "dx", .count = count, .role = WRITTEN, .draw = DRAW_NOTHING, .same_as = in_place ? 3 : 0};
    return 4;
}

static void activation_backward_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_activation_backward(backend, c->activation, s[0], s[1], s[2], s[3]);
}

/* --- linear layers --------------------------------------------------------------------------------------------- */

enum { BOTH, Z_ALONE, Y_ALONE, Y_IS_Z, OUTPUT_VARIANTS };

static int linear_forward_arguments(const test_case *c, test_argument *a)
{
    size_t count = c->rows * c->out;
    a[0] = (test_argument){.name = "x", .count = c->rows * c->in};
    a[1] = (test_argument){.name = "weight", .count = c->out * c->in};
    a[2] = (test_argument){.name = "bias", .count = c->out};
    a[3] = (test_argument){
        .name = "z", .count = c->variant == Y_ALONE ? 0 : count, .role = WRITTEN, .draw = DRAW_NOTHING};
    a[4] = (test_argument){.name = "y",
                           .count = c->variant == Z_ALONE ? 0 : count,
                           .role = WRITTEN,
                           .draw = DRAW_NOTHING,
                           .same_as = c->variant == Y_IS_Z ? 4 : 0};
    return 5;
}

static void linear_forward_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    const assay_linear_shape shape = {c->rows, c->in, c->out};
    assay_linear_forward(backend, shape, c->activation, s[0], s[1], s[2], s[3], s[4]);
}

/* sum |x w| + |b| of output i. */
static double forward_size(const test_case *c, const test_values *values, size_t i)
{
    size_t row = i / c->out;
    size_t unit = i % c->out;
    double size = fabs(values->in[2][unit]);
    for (size_t k = 0; k < c->in; k++) {
        size += fabs(values->in[0][row * c->in + k] * values->in[1][unit * c->in + k]);
    }
    return size;
}

static double linear_forward_bound(const test_case *c, const test_values *values, int argument, size_t i,
                                   assay_format format)
{
    double size = values->size[argument][i];
    double of_z = assay_dot_bound(c->in + 1, size, format);
    bool is_z = argument == 3 && c->variant != Y_IS_Z;
    /* f(z) is rounded by itself: sigmoid(0) is 1/2, however small z is. */
    double of_y = assay_ulp_bound(values->want[argument][i], 20, format);
    return is_z ? of_z : stretch(c) * of_z + assay_ulp_bound(stretch(c) * size, 20, format) + of_y;
}

static int backward_input_arguments(const test_case *c, test_argument *a)
{
    bool reads_z = assay_activation_describe(c->activation.kind)->derivative_reads == ASSAY_READS_INPUT;
    size_t count = c->rows * c->in;
    a[0] = (test_argument){.name = "dz", .count = c->rows * c->out};
    a[1] = (test_argument){.name = "weight", .count = c->out * c->in};
    a[2] = (test_argument){.name = "z_below", .count = reads_z ? count : 0};
    a[3] = (test_argument){.name = "y_below", .count = reads_z ? 0 : count, .draw = DRAW_ACTIVATED};
    a[4] = (test_argument){.name = "dz_below", .count = count, .role = WRITTEN, .draw = DRAW_NOTHING};
    return 5;
}

static void backward_input_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    const assay_linear_shape shape = {c->rows, c->in, c->out};
    assay_linear_backward_input(backend, shape, c->activation, s[0], s[1], s[2], s[3], s[4]);
}

/* sum |dz w| of element i of dz_below, without the derivative. */
static double backward_size(const test_case *c, const test_values *values, size_t i)
{
    size_t row = i / c->in;
    size_t unit = i % c->in;
    double size = 0;
    for (size_t k = 0; k < c->out; k++) {
        size += fabs(values->in[0][row * c->out + k] * values->in[1][k * c->in + unit]);
    }
    return size;
}

static double backward_input_bound(const test_case *c, const test_values *values, int argument, size_t i,
                                   assay_format format)
{
    double size = values->size[argument][i];
    return stretch(c) * (assay_dot_bound(c->out, size, format) + assay_ulp_bound(size, 20, format));
}

static int backward_parameters_arguments(const test_case *c, test_argument *a)
{
    a[0] = (test_argument){.name = "x", .count = c->rows * c->in};
    a[1] = (test_argument){.name = "dz", .count = c->rows * c->out};
    a[2] = (test_argument){.name = "dweight", .count = c->out * c->in, .role = WRITTEN, .draw = DRAW_NOTHING};
    a[3] = (test_argument){.name = "dbias", .count = c->out, .role = WRITTEN, .draw = DRAW_NOTHING};
    return 4;
}

static void backward_parameters_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    const assay_linear_shape shape = {c->rows, c->in, c->out};
    assay_linear_backward_parameters(backend, shape, s[0], s[1], s[2], s[3]);
}

static double backward_parameters_bound(const test_case *c, const test_values *values, int argument, size_t i,
                                        assay_format format)
{
    return argument == 3 ? summed(c, values, argument, i, format)
                         : assay_dot_bound(c->rows, values->size[argument][i], format);
}

/* --- loss ------------------------------------------------------------------------------------------------------ */

enum { ALL_OUTPUTS, LOSS_ALONE, CORRECT_ALONE, GRADIENT_ALONE, GRADIENT_IN_PLACE, LOSS_VARIANTS };

static int cross_entropy_arguments(const test_case *c, test_argument *a)
{
    size_t count = c->rows * c->in;
    bool in_place = c->variant == GRADIENT_IN_PLACE;
    bool all = c->variant == ALL_OUTPUTS || in_place;
    bool gradient = all || c->variant == GRADIENT_ALONE;
    a[0] = (test_argument){.name = "logits", .count = count, .draw = DRAW_LOGITS, .role = in_place ? CHANGED : READ};
    a[1] = (test_argument){.name = "labels", .count = c->rows, .element = ASSAY_INT32, .draw = DRAW_BELOW_IN};
    a[2] = (test_argument){
        .name = "loss", .count = all || c->variant == LOSS_ALONE, .role = WRITTEN, .draw = DRAW_NOTHING};
    a[3] = (test_argument){.name = "correct",
                           .count = all || c->variant == CORRECT_ALONE,
                           .role = WRITTEN,
                           .element = ASSAY_INT32,
                           .draw = DRAW_BELOW_IN};
    a[4] = (test_argument){.name = "dlogits",
                           .count = gradient ? count : 0,
                           .role = WRITTEN,
                           .draw = DRAW_NOTHING,
                           .same_as = in_place ? 1 : 0};
    return 5;
}

static void cross_entropy_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_softmax_cross_entropy(backend, c->rows, c->in, s[0], s[1], s[2], s[3], s[4]);
}

/* The difference of two logits is rounded, so e^-d loses d units of itself: at most d e^-d < 1 units of 1, and the
 * rounded sum adds as many again. Counts are exact. */
static double cross_entropy_bound(const test_case *c, const test_values *values, int argument, size_t i,
                                  assay_format format)
{
    if (argument == 3) {
        return 0;
    }
    bool is_loss = argument == 2;
    double size = is_loss ? 1 + fabs(values->want[argument][i]) : 1 / (double)c->rows;
    double sum_error = assay_dot_bound(c->in + c->rows, size, ASSAY_FORMAT_F64);
    return assay_ulp_bound(size, 12, format) + sum_error;
}

static int softmax_arguments(const test_case *c, test_argument *a)
{
    size_t count = c->rows * c->in;
    bool in_place = c->variant == 1;
    a[0] = (test_argument){.name = "logits", .count = count, .draw = DRAW_LOGITS, .role = in_place ? CHANGED : READ};
    a[1] = (test_argument){
        .name = "probabilities", .count = count, .role = WRITTEN, .draw = DRAW_NOTHING, .same_as = in_place ? 1 : 0};
    return 2;
}

static void softmax_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_softmax(backend, c->rows, c->in, s[0], s[1]);
}

/* Relative: e^-d loses as many units as the rounded d has (up to 60), and a few. */
static double softmax_bound(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    return assay_ulp_bound(values->want[argument][i], 80 + (double)c->in, format);
}

/* --- batches --------------------------------------------------------------------------------------------------- */

/* `out` images of `in` pixels. */
static int gather_arguments(const test_case *c, test_argument *a)
{
    a[0] = (test_argument){.name = "pixels", .count = c->out * c->in, .element = ASSAY_UINT8, .draw = DRAW_BYTES};
    a[1] = (test_argument){.name = "labels", .count = c->out, .element = ASSAY_INT32, .draw = DRAW_BELOW_IN};
    a[2] = (test_argument){.name = "index", .count = c->rows, .element = ASSAY_INT32, .draw = DRAW_BELOW_OUT};
    a[3] = (test_argument){.name = "table", .count = 256};
    a[4] = (test_argument){.name = "x", .count = c->rows * c->in, .role = WRITTEN, .draw = DRAW_NOTHING};
    a[5] = (test_argument){
        .name = "y", .count = c->rows, .element = ASSAY_INT32, .role = WRITTEN, .draw = DRAW_BELOW_IN};
    return 6;
}

static void gather_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_gather(backend, c->rows, c->in, s[0], s[1], s[2], s[3], s[4], s[5]);
}

/* --- update rules ---------------------------------------------------------------------------------------------- */

/* Every rule with every flag, at the first step and at late ones. Hyperparameters are exact in float. */
static const struct {
    assay_update_rule rule;
    uint64_t step;
} updates[] = {
#define COMMON .learning_rate = 0x1p-7
#define ADAM_BETAS(b1, b2) .kind = ASSAY_UPDATE_ADAM, COMMON, .beta1 = b1, .beta2 = b2, .epsilon = 0x1p-26
#define ADAM ADAM_BETAS(0.875, 0.9921875)
#define LION .kind = ASSAY_UPDATE_LION, COMMON, .beta1 = 0.875, .beta2 = 0.984375
#define CLASSICAL .kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, COMMON, .momentum = 0.875
    {{.kind = ASSAY_UPDATE_SGD, COMMON}, 1},
    {{.kind = ASSAY_UPDATE_SGD, COMMON, .weight_decay = 0.125}, 7},
    {{.kind = ASSAY_UPDATE_SGD, COMMON, .weight_decay = 0.125, .decoupled = true}, 7},
    {{.kind = ASSAY_UPDATE_MOMENTUM, COMMON, .momentum = 0.875}, 1},
    {{.kind = ASSAY_UPDATE_MOMENTUM, COMMON, .momentum = 0.875, .weight_decay = 0.125}, 1000000},
    {{.kind = ASSAY_UPDATE_MOMENTUM, COMMON, .momentum = 0.875, .weight_decay = 0.125, .decoupled = true}, 3},
    {{CLASSICAL}, 1},
    {{CLASSICAL, .dampening = 0.5}, 1},
    {{CLASSICAL, .dampening = 0.5, .weight_decay = 0.125}, 2},
    {{CLASSICAL, .nesterov = true}, 1},
    {{CLASSICAL, .nesterov = true, .weight_decay = 0.125, .decoupled = true}, 9},
    {{ADAM, .correct_first = true, .correct_second = true}, 1},
    {{ADAM, .correct_first = true, .correct_second = true, .weight_decay = 0.125}, 12},
    {{ADAM, .correct_first = true, .correct_second = true, .weight_decay = 0.125, .decoupled = true}, 12},
    {{ADAM, .correct_second = true}, 2},
    {{ADAM, .correct_first = true}, 2},
    {{ADAM}, 5000000},
    {{ADAM, .correct_first = true, .correct_second = true, .amsgrad = true}, 4},
    {{ADAM, .correct_first = true, .correct_second = true}, 5000000},
    {{ADAM_BETAS(0, 0), .correct_first = true, .correct_second = true}, 3},
    {{.kind = ASSAY_UPDATE_RMSPROP, COMMON, .beta2 = 0.9921875, .epsilon = 0x1p-26}, 1},
    {{.kind = ASSAY_UPDATE_RMSPROP, COMMON, .beta2 = 0.9921875, .epsilon = 0x1p-26, .weight_decay = 0.125}, 8},
    {{.kind = ASSAY_UPDATE_RMSPROP, COMMON, .beta2 = 0.9921875, .weight_decay = 0.125, .decoupled = true}, 8},
    {{LION}, 1},
    {{LION, .weight_decay = 0.125}, 5},
    {{LION, .weight_decay = 0.125, .decoupled = true}, 5},
};

enum { UPDATE_VARIANTS = sizeof updates / sizeof *updates };

static int update_arguments(const test_case *c, test_argument *a)
{
    const assay_update_rule *rule = &updates[c->variant].rule;
    size_t count = c->rows * c->out;
    int slots = (int)assay_update_rule_slots(rule);
    a[0] = (test_argument){.name = "parameters", .count = count, .role = CHANGED};
    a[1] = (test_argument){.name = "gradients", .count = count};
    for (int i = 0; i < slots; i++) {
        bool is_mean = i == 0 && rule->kind != ASSAY_UPDATE_RMSPROP;
        a[2 + i] = (test_argument){
            .name = "state", .count = count, .role = CHANGED, .draw = is_mean ? DRAW_REAL : DRAW_POSITIVE};
    }
    return 2 + slots;
}

static void update_run(assay_backend *backend, const test_case *c, const assay_slice *s)
{
    assay_update(backend, &updates[c->variant].rule, updates[c->variant].step, s[0], s[1], s + 2);
}

/*
 * All of g, m, v and their parts are at most 2.25 + 2 in size and at least 0.1 where they are divided by (v's root,
 * with v drawn in [0.1, 2]); so a step is a few numbers of that size times `rate`, each rounded a few times.
 */
static double update_bound(const test_case *c, const test_values *values, int argument, size_t i, assay_format format)
{
    const assay_update_rule *rule = &updates[c->variant].rule;
    enum { FEW = 8 };
    double largest = 4.25;
    if (argument > 0) {
        return assay_ulp_bound(largest * largest, FEW, format);
    }
    double rate = rule->learning_rate;
    double direction = largest;
    if (rule->kind == ASSAY_UPDATE_ADAM || rule->kind == ASSAY_UPDATE_RMSPROP) {
        double t = (double)updates[c->variant].step;
        double root = sqrt(rule->beta2 * 0.1);
        /* With beta2 = 0, v is g^2: the quotient is 1 in size. */
        direction = root > 0 ? largest / root : 1;
        rate /= rule->correct_first ? 1 - pow(rule->beta1, t) : 1;
        /* Errors of v, relative to the least v, and half of that for its root. */
        direction *= root > 0 ? 1 + largest / root : 1;
    }
    return assay_ulp_bound(values->in[0][i], FEW, format) + assay_ulp_bound(rate * direction, FEW, format);
}

/* --- the table ------------------------------------------------------------------------------------------------- */

const test_operation test_operations[] = {
    {"gemm", 8, false, true, gemm_arguments, gemm_run, gemm_bound, NULL},
    {"activation_forward", 2, true, false, activation_forward_arguments, activation_forward_run, activated, NULL},
    {"activation_backward", 2, true, false, activation_backward_arguments, activation_backward_run, differentiated,
     NULL},
    {"linear_forward", OUTPUT_VARIANTS, true, false, linear_forward_arguments, linear_forward_run, linear_forward_bound,
     forward_size},
    {"linear_backward_input", 1, true, false, backward_input_arguments, backward_input_run, backward_input_bound,
     backward_size},
    {"linear_backward_parameters", 1, false, true, backward_parameters_arguments, backward_parameters_run,
     backward_parameters_bound, NULL},
    {"softmax_cross_entropy", LOSS_VARIANTS, false, false, cross_entropy_arguments, cross_entropy_run,
     cross_entropy_bound, NULL},
    {"softmax", 2, false, false, softmax_arguments, softmax_run, softmax_bound, NULL},
    {"gather", 1, false, false, gather_arguments, gather_run, exact, NULL},
    {"update", UPDATE_VARIANTS, false, false, update_arguments, update_run, update_bound, NULL},
};

const size_t test_operation_count = sizeof test_operations / sizeof *test_operations;
