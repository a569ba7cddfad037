/*
 * Every mistake of golden/mistakes.json, planted. The shared object is the correct starter (tests/starters/c) with one
 * mistake, whose name the tests write into the file (`plant` in common.sh): in the sandbox its own name is neutral.
 *
 * Mistakes are written here as a student would, or as a wrapper around the correct function; nothing is shared with the
 * models in lib/grade that are to recognise them.
 */
#define _GNU_SOURCE
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "planted_correct.h"
#include "planted_hostile.h"
#include "planted_sandbox.h"

#ifdef PLANTED_MORE /* planted_linear.h, planted_network.h, and planted_training.h add to these */
#define student_network_gradient planted_network_gradient
#define student_training planted_training
#define student_linear_forward planted_linear_forward
#define student_linear_backward planted_linear_backward
#endif

static char mistake[64];

/* 60 letters for the name; volatile, so that it is read from the file that was changed. */
static const volatile char planted[] = "planted:@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@";

__attribute__((constructor)) static void find_mistake(void)
{
    const size_t prefix = strlen("planted:");
    for (size_t i = 0; planted[prefix + i] != '@' && planted[prefix + i] != '\0'; i++) {
        mistake[i] = planted[prefix + i];
    }
}

static bool is(const char *id)
{
    return strcmp(mistake, id) == 0;
}

static double *copy_of(const double *values, size_t count)
{
    double *copied = malloc(count * sizeof *copied);
    memcpy(copied, values, count * sizeof *copied);
    return copied;
}

static double *zero_array(size_t count)
{
    return calloc(count, sizeof(double));
}

static void transpose(size_t rows, size_t columns, const double *from, double *to)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            to[j * rows + i] = from[i * columns + j];
        }
    }
}

/* The same numbers, read as if they were stored column by column. */
static double *reread(size_t rows, size_t columns, const double *values)
{
    double *made = zero_array(rows * columns);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++) {
            made[i * columns + j] = values[j * rows + i];
        }
    }
    return made;
}

static void scale(size_t count, double factor, double *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] *= factor;
    }
}

/* --- linear layer ------------------------------------------------------------------------------------------------- */

void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y)
{
    double *none = zero_array(out);
    double *as_stored_in_out = reread(out, in, weight);
    double *by_columns = reread(rows, in, x);
    double *before = copy_of(y, rows * out);
    if (is("linear_forward.bias_missing")) {
        bias = none;
    } else if (is("linear_forward.weight_order")) {
        weight = as_stored_in_out;
    } else if (is("linear_forward.input_order")) {
        x = by_columns;
    }
    if (is("any.output_not_written")) {
        y = none = realloc(none, rows * out * sizeof *none);
    }
    correct_linear_forward(rows, in, out, x, weight, bias, y);
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < out && is("linear_forward.sum_overwritten"); j++) {
            y[r * out + j] = bias[j] + x[r * in + in - 1] * weight[j * in + in - 1];
        }
    }
    for (size_t i = 0; i < rows * out; i++) {
        if (is("any.float32")) {
            y[i] = (float)y[i];
        } else if (is("any.output_accumulated")) {
            y[i] += before[i];
        }
    }
    free(none);
    free(as_stored_in_out);
    free(by_columns);
    free(before);
}

void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias)
{
    double *as_stored_in_out = reread(out, in, weight);
    if (is("linear_backward.dx_weight_order")) {
        weight = as_stored_in_out;
    }
    correct_linear_backward(rows, in, out, x, weight, dy, dx, dweight, dbias);
    if (is("linear_backward.last_row_only")) {
        double *unused = zero_array(in);
        correct_linear_backward(1, in, out, x + (rows - 1) * in, weight, dy + (rows - 1) * out, unused, dweight, dbias);
        free(unused);
    }
    if (is("linear_backward.dweight_transposed")) {
        double *right = copy_of(dweight, in * out);
        transpose(out, in, right, dweight);
        free(right);
    }
    if (is("linear_backward.dbias_missing")) {
        memset(dbias, 0, out * sizeof *dbias);
    }
    if (is("linear_backward.dbias_averaged") || is("linear_backward.averaged_twice")) {
        scale(out, 1.0 / (double)rows, dbias);
    }
    if (is("linear_backward.averaged_twice")) {
        scale(in * out, 1.0 / (double)rows, dweight);
    }
    for (size_t k = 0; k < in && is("linear_backward.dx_summed_over_batch"); k++) {
        double sum = 0.0;
        for (size_t r = 0; r < rows; r++) {
            sum += dx[r * in + k];
        }
        for (size_t r = 0; r < rows; r++) {
            dx[r * in + k] = sum;
        }
    }
    free(as_stored_in_out);
}

/* --- activations -------------------------------------------------------------------------------------------------- */

void student_identity(size_t count, const double *x, double *y)
{
    correct_identity(count, x, y);
}

void student_identity_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    correct_identity_gradient(count, x, dy, dx);
    for (size_t i = 0; i < count && is("identity_gradient.upstream_missing"); i++) {
        dx[i] = 1.0;
    }
}

void student_tanh(size_t count, const double *x, double *y)
{
    hostile_act(mistake, count, y);
    sandbox_act(mistake);
    correct_tanh(count, x, y);
    for (size_t i = 0; i < count; i++) {
        double up = exp(x[i]);
        double down = exp(-x[i]);
        if (is("tanh.overflow")) {
            y[i] = (up - down) / (up + down);
        } else if (is("tanh.half_argument")) {
            y[i] = tanh(0.5 * x[i]);
        } else if (is("tanh.sigmoid")) {
            correct_sigmoid(1, x + i, y + i);
        }
    }
    hostile_spoil(mistake, count, y);
    sandbox_spoil(mistake, count, y);
}

void student_tanh_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    correct_tanh_gradient(count, x, dy, dx);
    for (size_t i = 0; i < count; i++) {
        double y = tanh(x[i]);
        if (is("tanh_gradient.on_preactivation")) {
            dx[i] = dy[i] * (1.0 - pow(x[i], 2.0));
        } else if (is("tanh_gradient.of_output")) {
            correct_tanh_gradient(1, &y, dy + i, dx + i);
        } else if (is("tanh_gradient.upstream_missing")) {
            dx[i] = (1.0 + y) * (1.0 - y);
        } else if (is("tanh_gradient.square_missing")) {
            dx[i] = dy[i] - dy[i] * y;
        }
    }
}

void student_relu(size_t count, const double *x, double *y)
{
    correct_relu(count, x, y);
    for (size_t i = 0; i < count; i++) {
        if (is("relu.leak") && x[i] < 0.0) {
            y[i] = x[i] / 100.0;
        } else if (is("relu.absolute")) {
            y[i] = fabs(x[i]);
        }
    }
}

void student_relu_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    correct_relu_gradient(count, x, dy, dx);
    for (size_t i = 0; i < count; i++) {
        if (is("relu_gradient.one_at_zero")) {
            dx[i] = x[i] >= 0.0 ? dy[i] : 0.0;
        } else if (is("relu_gradient.half_at_zero")) {
            dx[i] = dy[i] * (x[i] > 0.0 ? 1.0 : x[i] < 0.0 ? 0.0 : 0.5);
        } else if (is("relu_gradient.upstream_missing")) {
            dx[i] = x[i] > 0.0;
        } else if (is("relu_gradient.masked_by_upstream")) {
            dx[i] = fmax(dy[i], 0.0);
        } else if (is("relu_gradient.output_for_derivative")) {
            dx[i] = dy[i] * fmax(x[i], 0.0);
        }
    }
}

void student_sigmoid(size_t count, const double *x, double *y)
{
    correct_sigmoid(count, x, y);
    for (size_t i = 0; i < count; i++) {
        if (is("sigmoid.overflow")) {
            y[i] = exp(x[i]) / (1.0 + exp(x[i]));
        } else if (is("sigmoid.sign")) {
            y[i] = 1.0 - y[i];
        }
    }
}

void student_sigmoid_gradient(size_t count, const double *x, const double *dy, double *dx)
{
    correct_sigmoid_gradient(count, x, dy, dx);
    for (size_t i = 0; i < count; i++) {
        double y;
        correct_sigmoid(1, x + i, &y);
        if (is("sigmoid_gradient.on_preactivation")) {
            dx[i] = dy[i] * (x[i] - x[i] * x[i]);
        } else if (is("sigmoid_gradient.of_output")) {
            correct_sigmoid_gradient(1, &y, dy + i, dx + i);
        } else if (is("sigmoid_gradient.upstream_missing")) {
            dx[i] = y - y * y;
        } else if (is("sigmoid_gradient.overflow")) {
            dx[i] = dy[i] * exp(-x[i]) / pow(1.0 + exp(-x[i]), 2.0);
        }
    }
}

void student_leaky_relu(size_t count, const double *x, double slope, double *y)
{
    correct_leaky_relu(count, x, is("leaky_relu.slope_ignored") ? 0.01 : slope, y);
    for (size_t i = 0; i < count; i++) {
        if (is("leaky_relu.sides_swapped")) {
            y[i] = x[i] < 0.0 ? x[i] : slope * x[i];
        } else if (is("leaky_relu.leak_missing")) {
            y[i] = fmax(x[i], 0.0);
        }
    }
}

void student_leaky_relu_gradient(size_t count, const double *x, const double *dy, double slope, double *dx)
{
    correct_leaky_relu_gradient(count, x, dy, is("leaky_relu_gradient.slope_ignored") ? 0.01 : slope, dx);
    for (size_t i = 0; i < count; i++) {
        if (is("leaky_relu_gradient.leak_missing")) {
            dx[i] = x[i] > 0.0 ? dy[i] : 0.0;
        } else if (is("leaky_relu_gradient.one_at_zero")) {
            dx[i] = x[i] >= 0.0 ? dy[i] : slope * dy[i];
        } else if (is("leaky_relu_gradient.upstream_missing")) {
            dx[i] = x[i] > 0.0 ? 1.0 : slope;
        }
    }
}

/* --- softmax cross-entropy ---------------------------------------------------------------------------------------- */

/* e^(z - shift), normalised, with the shift that a mistake chooses. */
static void shifted_softmax(size_t count, const double *z, double shift, double *p)
{
    double sum = 0.0;
    for (size_t j = 0; j < count; j++) {
        sum += exp(z[j] - shift);
    }
    for (size_t j = 0; j < count; j++) {
        p[j] = exp(z[j] - shift) / sum;
    }
}

static double mean_of(size_t count, const double *z)
{
    double sum = 0.0;
    for (size_t j = 0; j < count; j++) {
        sum += z[j] / (double)count;
    }
    return sum;
}

static double maximum_of(size_t count, const double *z)
{
    double most = -HUGE_VAL;
    for (size_t j = 0; j < count; j++) {
        most = fmax(most, z[j]);
    }
    return most;
}

void student_softmax(size_t rows, size_t classes, const double *logits, double *probabilities)
{
    correct_softmax(rows, classes, logits, probabilities);
    if (is("any.input_modified")) { /* works on its argument, and copies the result out */
        memcpy((double *)(size_t)logits, probabilities, rows * classes * sizeof *logits);
    }
    if (is("softmax.over_batch")) {
        double *turned = zero_array(rows * classes);
        double *columns = zero_array(rows * classes);
        transpose(rows, classes, logits, turned);
        correct_softmax(classes, rows, turned, columns);
        transpose(classes, rows, columns, probabilities);
        free(turned);
        free(columns);
    }
    for (size_t r = 0; r < rows; r++) {
        const double *z = logits + r * classes;
        double *p = probabilities + r * classes;
        if (is("softmax.max_missing")) {
            shifted_softmax(classes, z, 0.0, p);
        } else if (is("softmax.max_of_batch")) {
            shifted_softmax(classes, z, maximum_of(rows * classes, logits), p);
        } else if (is("softmax.mean_for_max")) {
            shifted_softmax(classes, z, mean_of(classes, z), p);
        }
        for (size_t j = 0; j < classes && is("softmax.logarithm"); j++) {
            double most = maximum_of(classes, z);
            double sum = 0.0;
            for (size_t k = 0; k < classes; k++) {
                sum += exp(z[k] - most);
            }
            p[j] = z[j] - most - log(sum);
        }
    }
}

double student_cross_entropy(size_t rows, size_t classes, const double *logits, const int32_t *labels)
{
    double right = correct_cross_entropy(rows, classes, logits, labels);
    double *p = zero_array(rows * classes);
    double total = 0.0;
    correct_softmax(rows, classes, logits, p);
    if (is("cross_entropy.softmax_twice")) {
        right = correct_cross_entropy(rows, classes, p, labels);
    }
    for (size_t r = 0; r < rows; r++) {
        size_t label = (size_t)labels[r];
        const double *z = logits + r * classes;
        double own = p[r * classes + label];
        if (is("cross_entropy.log_underflow")) {
            total -= log(own);
        } else if (is("cross_entropy.max_missing")) {
            double sum = 0.0;
            for (size_t j = 0; j < classes; j++) {
                sum += exp(z[j]);
            }
            total -= log(exp(z[label]) / sum);
        } else if (is("cross_entropy.labels_from_one")) {
            int32_t wrong = (int32_t)(label == 0 ? classes - 1 : label - 1);
            total += correct_cross_entropy(1, classes, z, &wrong);
        } else if (is("cross_entropy.logarithm_missing")) {
            total -= own;
        } else if (is("cross_entropy.probability_clipped")) {
            total -= log(fmax(own, 1e-8));
        } else if (is("cross_entropy.epsilon_in_logarithm")) {
            total -= log(own + 1e-8);
        }
    }
    free(p);
    if (is("cross_entropy.summed")) {
        return right * (double)rows;
    }
    if (is("cross_entropy.sign")) {
        return -right;
    }
    if (is("cross_entropy.logarithm_base")) {
        return right * 1.4426950408889634;
    }
    bool own = is("cross_entropy.log_underflow") || is("cross_entropy.max_missing") ||
               is("cross_entropy.labels_from_one") || is("cross_entropy.logarithm_missing") ||
               is("cross_entropy.probability_clipped") || is("cross_entropy.epsilon_in_logarithm");
    return own ? total / (double)rows : right;
}

void student_cross_entropy_gradient(size_t rows, size_t classes, const double *logits, const int32_t *labels,
                                    double *dlogits)
{
    size_t count = rows * classes;
    double *p = zero_array(count);
    correct_cross_entropy_gradient(rows, classes, logits, labels, dlogits);
    correct_softmax(rows, classes, logits, p);
    if (is("cross_entropy_gradient.not_averaged")) {
        scale(count, (double)rows, dlogits);
    } else if (is("cross_entropy_gradient.sign")) {
        scale(count, -1.0, dlogits);
    } else if (is("cross_entropy_gradient.averaged_over_elements")) {
        scale(count, 1.0 / (double)classes, dlogits);
    }
    for (size_t i = 0; i < count; i++) {
        if (is("cross_entropy_gradient.label_missing")) {
            dlogits[i] = p[i] / (double)rows;
        } else if (is("cross_entropy_gradient.softmax_derivative_again")) {
            dlogits[i] *= p[i] * (1.0 - p[i]);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        double *own = dlogits + r * classes;
        if (is("cross_entropy_gradient.max_missing")) {
            shifted_softmax(classes, logits + r * classes, 0.0, own);
            own[labels[r]] -= 1.0;
            scale(classes, 1.0 / (double)rows, own);
        } else if (is("cross_entropy_gradient.softmax_twice")) {
            double q[32];
            correct_cross_entropy_gradient(1, classes, p + r * classes, labels + r, q);
            for (size_t j = 0; j < classes; j++) {
                double sum = 0.0;
                for (size_t k = 0; k < classes; k++) { /* the Jacobian of softmax, row j */
                    double pj = p[r * classes + j];
                    sum += q[k] * ((j == k ? pj : 0.0) - pj * p[r * classes + k]);
                }
                own[j] = sum / (double)rows;
            }
        }
    }
    free(p);
}

/* --- initializers ------------------------------------------------------------------------------------------------- */

/* Mistakes of any initializer are planted in the Kaiming one. */
static void repeat_draws(size_t layers, const size_t *sizes, double *const *weights)
{
    for (size_t l = 0; l < layers && is("initializer.rows_repeat"); l++) {
        for (size_t j = 1; j < sizes[l + 1]; j++) {
            memcpy(weights[l] + j * sizes[l], weights[l], sizes[l] * sizeof(double));
        }
    }
}

static void draw_uniform(size_t count, double lower, double upper, uint64_t seed, double *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = lower + (upper - lower) * uniform(&seed);
    }
}

static void draw_biases(size_t layers, const size_t *sizes, double *const *biases, uint64_t seed)
{
    for (size_t l = 0; l < layers; l++) {
        draw_uniform(sizes[l + 1], -0.1, 0.1, seed + l, biases[l]);
    }
}

void student_init_constant(size_t layers, const size_t *sizes, double fill, double *const *weights,
                           double *const *biases)
{
    correct_init_constant(layers, sizes, is("init_constant.fill_ignored") ? 0.005 : fill, weights, biases);
    for (size_t l = 0; l < layers && is("init_constant.bias_skipped"); l++) {
        zeros(sizes[l + 1], biases[l]);
    }
}

void student_init_normal(size_t layers, const size_t *sizes, double std, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    double used = is("init_normal.std_as_variance")   ? sqrt(std)
                  : is("init_normal.variance_as_std") ? pow(std, 2.0)
                                                      : std;
    correct_init_normal(layers, sizes, used, seed, weights, biases);
    for (size_t l = 0; l < layers; l++) {
        if (is("init_normal.bias_skipped")) {
            zeros(sizes[l + 1], biases[l]);
        } else if (is("init_normal.uniform_bound")) {
            draw_uniform(sizes[l] * sizes[l + 1], -std, std, seed + l, weights[l]);
            draw_uniform(sizes[l + 1], -std, std, seed + 100 + l, biases[l]);
        }
    }
}

void student_init_fan_in(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    correct_init_fan_in(layers, sizes, seed, weights, biases);
    for (size_t l = 0; l < layers; l++) {
        double in = (double)sizes[l];
        double out = (double)sizes[l + 1];
        size_t count = sizes[l] * sizes[l + 1];
        if (is("init_fan_in.fan_out")) {
            scale(count, sqrt(in / out), weights[l]);
        } else if (is("init_fan_in.variance_as_std")) {
            scale(count, 1.0 / sqrt(in), weights[l]);
        } else if (is("init_fan_in.std_as_bound")) {
            draw_uniform(count, -1.0 / sqrt(in), 1.0 / sqrt(in), seed + l, weights[l]);
        }
    }
    if (is("init_fan_in.bias_drawn")) {
        draw_biases(layers, sizes, biases, seed);
    }
}

void student_init_xavier(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                         double *const *biases)
{
    correct_init_xavier(layers, sizes, seed, weights, biases);
    for (size_t l = 0; l < layers; l++) {
        double in = (double)sizes[l];
        double sum = in + (double)sizes[l + 1];
        double bound = sqrt(6.0 / sum);
        size_t count = sizes[l] * sizes[l + 1];
        if (is("init_xavier.fan_in_only")) {
            scale(count, sqrt(3.0 / in) / bound, weights[l]);
        } else if (is("init_xavier.std_as_bound")) {
            scale(count, sqrt(2.0 / sum) / bound, weights[l]);
        } else if (is("init_xavier.root_missing")) {
            scale(count, bound, weights[l]);
        } else if (is("init_xavier.positive_only")) {
            draw_uniform(count, 0.0, bound, seed + l, weights[l]);
        } else if (is("init_xavier.two_missing")) {
            scale(count, sqrt(0.5), weights[l]);
        }
        for (size_t i = 0; i < count && is("init_xavier.bound_as_std"); i++) {
            weights[l][i] = bound * normal(&seed);
        }
    }
    if (is("init_xavier.bias_drawn")) {
        draw_biases(layers, sizes, biases, seed);
    }
}

void student_init_kaiming(size_t layers, const size_t *sizes, uint64_t seed, double *const *weights,
                          double *const *biases)
{
    correct_init_kaiming(layers, sizes, is("initializer.seed_ignored") ? 42 : seed, weights, biases);
    for (size_t l = 0; l < layers; l++) {
        double in = (double)sizes[l];
        double out = (double)sizes[l + 1];
        double std = sqrt((l == 0 ? 1.0 : 2.0) / in);
        size_t count = sizes[l] * sizes[l + 1];
        if (is("init_kaiming.gain_missing") && l > 0) {
            scale(count, sqrt(0.5), weights[l]);
        } else if (is("init_kaiming.gain_on_first_layer") && l == 0) {
            scale(count, sqrt(2.0), weights[l]);
        } else if (is("init_kaiming.fan_out")) {
            scale(count, sqrt(in / out), weights[l]);
        } else if (is("init_kaiming.gain_squared") && l > 0) {
            scale(count, sqrt(2.0), weights[l]);
        } else if (is("init_kaiming.variance_as_std")) {
            scale(count, std, weights[l]);
        } else if (is("init_kaiming.std_as_bound")) {
            draw_uniform(count, -std, std, seed + l, weights[l]);
        } else if (is("init_kaiming.no_gain_on_last_layer") && l + 1 == layers) {
            scale(count, sqrt(0.5), weights[l]);
        }
        uint64_t again = seed;
        for (size_t i = 0; i < count && is("initializer.layers_repeat"); i++) {
            weights[l][i] = std * normal(&again);
        }
    }
    repeat_draws(layers, sizes, weights);
    if (is("init_kaiming.bias_drawn")) {
        draw_biases(layers, sizes, biases, seed);
    }
}

/* --- optimizers --------------------------------------------------------------------------------------------------- */

/* One tensor's update, with its state: the caller makes the mistakes of bookkeeping. */
typedef void update_rule(const optimizer *self, size_t count, int t, double *w, const double *g, double *m, double *v,
                         double *extra);

static void *create_state(size_t tensors, const size_t *lengths, double rate, double b1, double b2, double epsilon)
{
    return create(tensors, lengths, rate, b1, b2, epsilon);
}

static double extra_state[MAX_TENSORS][64]; /* the grader's tensors are small, and one optimizer lives at a time */
static int tensors_updated;

static void start_state(void)
{
    memset(extra_state, 0, sizeof extra_state);
    tensors_updated = 0;
}

static void step_tensors(update_rule *update, optimizer *self, const char *family, double *const *parameters,
                         const double *const *gradients)
{
    char id[64];
    snprintf(id, sizeof id, "%s.state_shared", family);
    bool shared = is(id);
    snprintf(id, sizeof id, "%s.state_reset", family);
    bool reset = is(id);
    snprintf(id, sizeof id, "%s.first_tensor_only", family);
    size_t tensors = is(id) ? 1 : self->tensors;
    self->step++;
    for (size_t k = 0; k < tensors; k++) {
        static double common[2][64]; /* one buffer for all, as long as the longest tensor */
        double *m = shared ? common[0] : self->m[k];
        double *v = shared ? common[1] : self->v[k];
        if (shared && self->step == 1 && k == 0) {
            memset(common, 0, sizeof common);
        }
        if (reset) {
            memset(m, 0, self->lengths[k] * sizeof *m);
            memset(v, 0, self->lengths[k] * sizeof *v);
        }
        tensors_updated++;
        update(self, self->lengths[k], self->step, parameters[k], gradients[k], m, v, extra_state[k]);
    }
}

static void update_sgd(const optimizer *self, size_t count, int t, double *w, const double *g, double *m, double *v,
                       double *extra)
{
    (void)t;
    (void)v;
    (void)extra;
    for (size_t i = 0; i < count; i++) {
        m[i] += g[i];
        if (is("sgd.sign")) {
            w[i] += self->learning_rate * g[i];
        } else if (is("sgd.learning_rate_missing")) {
            w[i] -= g[i];
        } else if (is("sgd.gradient_accumulated")) {
            w[i] -= self->learning_rate * m[i];
        } else {
            w[i] -= self->learning_rate * g[i];
        }
    }
}

static void update_momentum(const optimizer *self, size_t count, int t, double *w, const double *g, double *m,
                            double *v, double *extra)
{
    double b = self->beta1;
    double rate = is("momentum.sign") ? -self->learning_rate : self->learning_rate;
    (void)v;
    (void)extra;
    for (size_t i = 0; i < count; i++) {
        double old = m[i];
        if (is("momentum.averaging_missing")) {
            m[i] = b * m[i] + g[i];
        } else if (is("momentum.weights_swapped")) {
            m[i] = (1.0 - b) * m[i] + b * g[i];
        } else if (is("momentum.first_step_full") && t == 1) {
            m[i] = g[i];
        } else {
            m[i] += (1.0 - b) * (g[i] - m[i]);
        }
        double step = m[i];
        if (is("momentum.nesterov")) {
            step = (1.0 - b) * g[i] + b * m[i];
        } else if (is("momentum.bias_corrected")) {
            step = m[i] / (1.0 - pow(b, t));
        } else if (is("momentum.stale_state")) {
            step = old;
        }
        w[i] -= rate * step;
    }
}

static int adam_step_number(int t)
{
    return is("adam.t_from_zero")        ? t - 1
           : is("adam.t_ahead")          ? t + 1
           : is("adam.t_constant")       ? 1
           : is("adam.t_counts_tensors") ? tensors_updated
                                         : t;
}

static void update_adam(const optimizer *self, size_t count, int t, double *w, const double *g, double *m, double *v,
                        double *extra)
{
    bool swapped = is("adam.betas_swapped");
    double b1 = swapped ? self->beta2 : self->beta1;
    double b2 = swapped ? self->beta1 : self->beta2;
    double e = self->epsilon;
    int number = adam_step_number(t);
    double c1 = is("adam.power_as_product") ? 1.0 - b1 * number : 1.0 - pow(b1, number);
    double c2 = is("adam.power_as_product") ? 1.0 - b2 * number : 1.0 - pow(b2, number);
    for (size_t i = 0; i < count; i++) {
        m[i] = b1 * m[i] + (is("adam.first_averaging_missing") ? g[i] : (1.0 - b1) * g[i]);
        double entering = is("adam.square_missing") ? g[i] : is("adam.square_of_average") ? m[i] * m[i] : g[i] * g[i];
        v[i] = b2 * v[i] + (is("adam.second_averaging_missing") ? entering : (1.0 - b2) * entering);
        double m_hat = m[i] / c1;
        double v_hat = v[i] / c2;
        if (is("adam.first_correction_missing") || is("adam.both_corrections_missing")) {
            m_hat = m[i];
        }
        if (is("adam.second_correction_missing") || is("adam.both_corrections_missing")) {
            v_hat = v[i];
        }
        if (is("adam.correction_multiplied")) {
            m_hat = m[i] * c1;
            v_hat = v[i] * c2;
        }
        if (is("adam.corrected_state_kept")) {
            m[i] = m_hat;
            v[i] = v_hat;
        }
        if (is("adam.amsgrad")) {
            extra[i] = fmax(extra[i], v[i]);
            v_hat = extra[i] / c2;
        }
        double bottom = sqrt(v_hat) + e;
        if (is("adam.epsilon_in_root")) {
            bottom = sqrt(v_hat + e);
        } else if (is("adam.epsilon_missing")) {
            bottom = sqrt(v_hat);
        } else if (is("adam.epsilon_before_correction")) {
            bottom = (sqrt(v[i]) + e) / sqrt(c2);
        } else if (is("adam.epsilon_in_average")) {
            bottom = sqrt((v[i] + e) / c2);
        } else if (is("adam.root_missing")) {
            bottom = v_hat + e;
        }
        double step = self->learning_rate * m_hat / bottom;
        w[i] += is("adam.sign") ? step : -step;
    }
}

void *student_sgd_create(size_t tensors, const size_t *lengths, double learning_rate)
{
    start_state();
    return create_state(tensors, lengths, learning_rate, 0.0, 0.0, 0.0);
}

void student_sgd_step(void *state, double *const *parameters, const double *const *gradients)
{
    step_tensors(update_sgd, state, "sgd", parameters, gradients);
}

void student_sgd_destroy(void *state)
{
    destroy(state);
}

void *student_momentum_create(size_t tensors, const size_t *lengths, double learning_rate, double momentum)
{
    start_state();
    return create_state(tensors, lengths, learning_rate, momentum, 0.0, 0.0);
}

void student_momentum_step(void *state, double *const *parameters, const double *const *gradients)
{
    step_tensors(update_momentum, state, "momentum", parameters, gradients);
}

void student_momentum_destroy(void *state)
{
    destroy(state);
}

void *student_adam_create(size_t tensors, const size_t *lengths, double learning_rate, double beta1, double beta2,
                          double epsilon)
{
    start_state();
    return create_state(tensors, lengths, learning_rate, beta1, beta2, epsilon);
}

void student_adam_step(void *state, double *const *parameters, const double *const *gradients)
{
    step_tensors(update_adam, state, "adam", parameters, gradients);
}

void student_adam_destroy(void *state)
{
    destroy(state);
}

/* --- the network: forward and back with everything kept, so that each mistake has its place ----------------------- */

enum { WIDE = 256 };

static const char *pass_component; /* whose mistakes a pass makes: those of the gradient, or of the training run */

static bool pass_is(const char *name)
{
    char id[64];
    snprintf(id, sizeof id, "%.30s.%.30s", pass_component, name);
    return is(id);
}

typedef struct {
    double z[MAX_LAYERS + 1][WIDE];
    double a[MAX_LAYERS + 1][WIDE];
} cache;

static double network_derivative(const char *activation, double z)
{
    double y = tanh(z);
    if (strcmp(activation, "relu") == 0) {
        return z > 0.0;
    }
    if (strcmp(activation, "tanh") != 0) {
        return 1.0;
    }
    if (pass_is("derivative_on_preactivation")) {
        return 1.0 - z * z;
    }
    if (pass_is("preactivation_overwritten")) {
        return 1.0 - tanh(y) * tanh(y);
    }
    return 1.0 - y * y;
}

static void network_forward(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                            const double *const *weights, const double *const *biases, const double *x, cache *kept)
{
    double none[WIDE] = {0};
    memcpy(kept->a[0], x, rows * sizes[0] * sizeof *x);
    memcpy(kept->z[0], x, rows * sizes[0] * sizeof *x);
    for (size_t l = 0; l < layers; l++) {
        bool last = l + 1 == layers && !pass_is("activation_on_output");
        correct_linear_forward(rows, sizes[l], sizes[l + 1], kept->a[l], weights[l],
                               pass_is("bias_ignored") ? none : biases[l], kept->z[l + 1]);
        activate(last || pass_is("activation_missing") ? "identity" : activation, rows * sizes[l + 1], kept->z[l + 1],
                 kept->a[l + 1]);
    }
}

/* weights is read again for each layer: `after` may have changed it. */
static double network_pass(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                           const double *const *weights, const double *const *biases, const double *x,
                           const int32_t *labels, double *const *dweights, double *const *dbiases,
                           void (*after)(size_t layer, void *context), void *context)
{
    cache kept;
    double d[WIDE];
    double below[WIDE];
    network_forward(layers, sizes, activation, rows, weights, biases, x, &kept);
    double loss = correct_cross_entropy(rows, sizes[layers], kept.a[layers], labels);
    correct_cross_entropy_gradient(rows, sizes[layers], kept.a[layers], labels, d);
    if (pass_is("not_averaged")) {
        scale(rows * sizes[layers], (double)rows, d);
    } else if (pass_is("averaged_twice")) {
        scale(rows * sizes[layers], 1.0 / (double)rows, d);
    }
    for (size_t l = layers; l-- > 0;) {
        size_t out = sizes[l + 1];
        bool differentiated = (l + 1 < layers || pass_is("activation_on_output")) && !pass_is("activation_missing") &&
                              !pass_is("derivative_missing");
        for (size_t i = 0; i < rows * out && differentiated; i++) {
            d[i] *= network_derivative(activation, kept.z[l + 1][i]);
        }
        const double *input = pass_is("input_before_activation") ? kept.z[l] : kept.a[l];
        correct_linear_backward(rows, sizes[l], out, input, weights[l], d, below, dweights[l], dbiases[l]);
        if (pass_is("bias_gradient_missing")) {
            zeros(out, dbiases[l]);
        }
        if (pass_is("weight_gradient_transposed")) {
            double *right = copy_of(dweights[l], sizes[l] * out);
            transpose(out, sizes[l], right, dweights[l]);
            free(right);
        }
        if (l == 0 && pass_is("first_layer_missing")) {
            zeros(sizes[0] * out, dweights[0]);
            zeros(out, dbiases[0]);
        }
        if (after != NULL) {
            after(l, context);
            double unused[WIDE];
            double unused_bias[WIDE];
            correct_linear_backward(rows, sizes[l], out, kept.a[l], weights[l], d, below, unused, unused_bias);
        }
        memcpy(d, below, rows * sizes[l] * sizeof *d);
    }
    return loss;
}

double student_network_gradient(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                                const double *const *weights, const double *const *biases, const double *x,
                                const int32_t *labels, double *const *dweights, double *const *dbiases)
{
    pass_component = "network_gradient";
    return network_pass(layers, sizes, activation, rows, weights, biases, x, labels, dweights, dbiases, NULL, NULL);
}

typedef struct {
    size_t layers;
    const size_t *sizes;
    double *const *weights;
    double *const *biases;
    double *gradients[2 * MAX_LAYERS];
    double *sums[2 * MAX_LAYERS];
    size_t lengths[2 * MAX_LAYERS];
    const student_optimizer *chosen;
    void *state[2 * MAX_LAYERS]; /* one optimizer for each tensor, so that layers can be updated alone */
} training_run;

static void update_tensor(training_run *run, size_t k, double *values)
{
    for (size_t i = 0; i < run->lengths[k]; i++) {
        run->sums[k][i] += run->gradients[k][i];
    }
    const double *gradient = is("training.gradient_accumulated") ? run->sums[k] : run->gradients[k];
    if (is("training.state_reset")) {
        destroy(run->state[k]);
        run->state[k] = create_by_name(run->chosen, 1, &run->lengths[k]);
    }
    step_by_name(run->chosen->name, run->state[k], &values, &gradient);
}

static void update_layer(size_t l, void *context)
{
    training_run *run = context;
    if (is("training.last_layer_only") && l + 1 < run->layers) {
        return;
    }
    update_tensor(run, l, run->weights[l]);
    if (!is("training.biases_fixed")) {
        update_tensor(run, run->layers + l, run->biases[l]);
    }
}

static void start_run(training_run *run)
{
    for (size_t l = 0; l < run->layers; l++) {
        run->lengths[l] = run->sizes[l] * run->sizes[l + 1];
        run->lengths[run->layers + l] = run->sizes[l + 1];
    }
    for (size_t k = 0; k < 2 * run->layers; k++) {
        run->gradients[k] = zero_array(run->lengths[k]);
        run->sums[k] = zero_array(run->lengths[k]);
        run->state[k] = create_by_name(run->chosen, 1, &run->lengths[k]);
    }
}

static void end_run(training_run *run)
{
    for (size_t k = 0; k < 2 * run->layers; k++) {
        free(run->gradients[k]);
        free(run->sums[k]);
        destroy(run->state[k]);
    }
}

void student_training(size_t layers, const size_t *sizes, const char *activation, double *const *weights,
                      double *const *biases, size_t images, const double *x, const int32_t *labels, size_t steps,
                      size_t batch, const int32_t *order, const student_optimizer *chosen, double *losses)
{
    training_run run = {.layers = layers, .sizes = sizes, .weights = weights, .biases = biases, .chosen = chosen};
    double batch_x[WIDE];
    int32_t batch_labels[WIDE];
    bool during = is("training.updated_during_backward");
    pass_component = "training";
    start_run(&run);
    for (size_t s = 0; s < steps; s++) {
        int32_t taken[WIDE];
        for (size_t r = 0; r < batch; r++) {
            size_t at = s * batch + r;
            taken[r] = is("training.first_batch_only") ? order[r]
                       : is("training.order_ignored")  ? (int32_t)(at % images)
                                                       : order[at];
        }
        gather(batch, sizes[0], x, labels, taken, batch_x, batch_labels);
        losses[s] = network_pass(layers, sizes, activation, batch, (const double *const *)weights,
                                 (const double *const *)biases, batch_x, batch_labels, run.gradients,
                                 run.gradients + layers, during ? update_layer : NULL, &run);
        for (size_t l = 0; l < layers && !during; l++) {
            update_layer(l, &run);
        }
        if (is("training.loss_after_update")) {
            cache kept;
            network_forward(layers, sizes, activation, batch, (const double *const *)weights,
                            (const double *const *)biases, batch_x, &kept);
            losses[s] = correct_cross_entropy(batch, sizes[layers], kept.a[layers], batch_labels);
        }
    }
    end_run(&run);
}

/* --- the loss surfaces -------------------------------------------------------------------------------------------- */

void student_pathological_curve(size_t count, const double *w1, const double *w2, double *loss, double *dw1,
                                double *dw2)
{
    correct_pathological_curve(count, w1, w2, loss, dw1, dw2);
    for (size_t i = 0; i < count; i++) {
        double t = tanh(w1[i]);
        double s = sigmoid(w2[i]);
        double kink = w1[i] == 0.0 ? 0.0 : copysign(1.0, w1[i]);
        if (is("pathological_curve.absolute_gradient_missing")) {
            dw1[i] -= 0.01 * kink;
        } else if (is("pathological_curve.chain_rule")) {
            dw1[i] = 2.0 * t + 0.01 * kink;
        } else if (is("pathological_curve.absolute_missing")) {
            loss[i] += 0.01 * (w1[i] - fabs(w1[i]));
            dw1[i] += 0.01 * (1.0 - kink);
        } else if (is("pathological_curve.sign_at_zero")) {
            dw1[i] += w1[i] == 0.0 ? 0.01 : 0.0;
        } else if (is("pathological_curve.sigmoid_gradient")) {
            dw2[i] = s;
        } else if (is("pathological_curve.square_missing")) {
            loss[i] += t - t * t;
            dw1[i] = (1.0 - t * t) + 0.01 * kink;
        } else if (is("pathological_curve.factor_missing")) {
            loss[i] += 0.99 * fabs(w1[i]);
            dw1[i] += 0.99 * kink;
        } else if (is("pathological_curve.square_gradient")) {
            dw1[i] -= t * (1.0 - t * t);
        } else if (is("pathological_curve.tanh_for_sigmoid")) {
            loss[i] += tanh(w2[i]) - s;
            dw2[i] = 1.0 - tanh(w2[i]) * tanh(w2[i]);
        }
    }
}

/* Value and gradient of a sum of peaks, with the errors that are asked for. */
static void peaks(size_t optima, double height, double divisor, double gradient_divisor, double w1, double w2,
                  double *loss, double *dw1, double *dw2)
{
    static const double at[3][2] = {{1.0, -0.5}, {-1.0, 0.5}, {-0.5, -0.8}};
    *loss = *dw1 = *dw2 = 0.0;
    for (size_t k = 0; k < optima; k++) {
        double d1 = w1 - at[k][0];
        double d2 = w2 - at[k][1];
        double peak = height * exp(-d1 * d1 / divisor) * exp(-d2 * d2 / divisor);
        *loss -= peak;
        *dw1 += peak * 2.0 * d1 / gradient_divisor;
        *dw2 += peak * 2.0 * d2 / gradient_divisor;
    }
}

void student_steep_optima(size_t count, const double *w1, const double *w2, double *loss, double *dw1, double *dw2)
{
    const double pi = acos(-1.0);
    double height = is("steep_optima.norm_missing")            ? 1.0
                    : is("steep_optima.norm_of_one_dimension") ? 1.0 / (0.2 * sqrt(2.0 * pi))
                    : is("steep_optima.norm_without_sigma")    ? 1.0 / (2.0 * pi)
                                                               : 1.0 / (2.0 * pi * 0.04);
    double divisor = is("steep_optima.half_missing") ? 0.04 : is("steep_optima.sigma_for_variance") ? 0.4 : 0.08;
    double gradient_divisor = is("steep_optima.gradient_sigma_for_variance") ? 0.4 : divisor;
    for (size_t i = 0; i < count; i++) {
        peaks(is("steep_optima.optimum_missing") ? 2 : 3, height, divisor, gradient_divisor, w1[i], w2[i], &loss[i],
              &dw1[i], &dw2[i]);
        if (is("steep_optima.sign")) {
            loss[i] *= -1.0;
        }
        if (is("steep_optima.sign") || is("steep_optima.gradient_sign")) {
            dw1[i] *= -1.0;
            dw2[i] *= -1.0;
        }
    }
}
