#include "accuracy.h"

#include <math.h>
#include <mpfr.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/optim/optimizer.h>
#include <assay/random/mt19937.h>
#include <assay/random/philox.h>
#include "machines.h"

enum { BITS = 200, MOST_ROWS = 256, POINTS = 3000, CLASSES = 10 };

/* --- errors ------------------------------------------------------------------------------------------------------- */

typedef struct {
    int digits;      /* of the significand, in bits */
    int smallest;    /* log2 of the smallest number above 0 */
    double half_ulp; /* of 1 */
} format;

static format format_of(assay_precision precision)
{
    return precision == ASSAY_F32 ? (format){24, -149, 0x1p-24} : (format){53, -1074, 0x1p-53};
}

static double ulp(mpfr_srcptr exact, format f)
{
    if (mpfr_zero_p(exact)) {
        return ldexp(1.0, f.smallest);
    }
    long exponent = (long)mpfr_get_exp(exact) - f.digits;
    return ldexp(1.0, (int)(exponent < f.smallest ? f.smallest : exponent));
}

static double distance(double computed, mpfr_srcptr exact)
{
    mpfr_t difference;
    mpfr_init2(difference, BITS);
    mpfr_d_sub(difference, computed, exact, MPFR_RNDN);
    double size = fabs(mpfr_get_d(difference, MPFR_RNDN));
    mpfr_clear(difference);
    return size;
}

static void count_error(accuracy_row *row, double error, double at)
{
    row->mean += (error - row->mean) / (double)++row->count;
    if (!(error <= row->worst)) { /* NaN is the worst of all */
        row->worst = error;
        row->at = at;
    }
}

static void count_ulps(accuracy_row *row, format f, double computed, mpfr_srcptr exact, double at)
{
    count_error(row, distance(computed, exact) / ulp(exact, f), at);
}

/* `terms`: the sum of the sizes of what was added up. */
static void count_terms(accuracy_row *row, format f, double computed, mpfr_srcptr exact, double terms)
{
    count_error(row, distance(computed, exact) / (f.half_ulp * terms), NAN);
}

/*
 * The bounds: what was measured with 8 times the points, plus a fifth at least, so that another libm or BLAS fits, and
 * an error in the last two bits does not. GELU's large one is the condition of erfc at -7: x^2 / 2 times the rounding
 * of x / sqrt 2. Softmax's is that of e^z at -20. Philox's angle is a float32 up to 2 pi, as in cuRAND.
 */
static const struct {
    const char *operation;
    double bound;
} bounds[] = {
    {"identity", 0},
    {"identity, derivative", 0},
    {"tanh", 3},
    {"tanh, derivative", 2},
    {"relu", 0},
    {"relu, derivative", 0},
    {"sigmoid", 2.5},
    {"sigmoid, derivative", 0.5},
    {"leaky-relu", 1},
    {"leaky-relu, derivative", 0.5},
    {"selu", 2.5},
    {"selu, derivative", 2},
    {"elu", 1.5},
    {"elu, derivative", 0.6},
    {"gelu", 128},
    {"gelu, derivative", 3},
    {"gelu-tanh", 3},
    {"gelu-tanh, derivative", 3.5},
    {"silu", 3},
    {"silu, derivative", 2.5},
    {"mish", 4.5},
    {"mish, derivative", 3.5},
    {"softmax", 22},
    {"softmax - onehot", 26},
    {"log-softmax", 10},
    {"sgd, first step", 2.5},
    {"adam, first step", 3},
    {"normal of mt19937, 16 or more", 9},
    {"normal of mt19937, below 16", 1.2},
    {"normal of Philox", 26},
};

static double bound_of(const char *operation)
{
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (strcmp(bounds[i].operation, operation) == 0) {
            return bounds[i].bound;
        }
    }
    return -1; /* a row without a bound fails its test */
}

/* Adding up `count` terms one after another can cost count - 1 units; blocks of terms and wide sums cost less. */
static double bound_of_sum(size_t count, double most)
{
    return fmin((double)(count - 1), most);
}

static accuracy_row *add_row(accuracy_table *table, const char *operation, const char *on, const char *range,
                             accuracy_unit unit)
{
    accuracy_row *row = &table->rows[table->count++];
    *row = (accuracy_row){.unit = unit, .bound = bound_of(operation), .at = NAN};
    snprintf(row->operation, sizeof row->operation, "%s", operation);
    snprintf(row->machine, sizeof row->machine, "%s", on);
    snprintf(row->range, sizeof row->range, "%s", range);
    return row;
}

/* --- one backend -------------------------------------------------------------------------------------------------- */

typedef struct {
    assay_backend *backend;
    const char *name;
    format f;
    size_t points;
} bench;

/* What arrays hold is rounded to the backend's precision, so that the argument of the exact function is the same. */
static double rounded(const bench *b, double value)
{
    return b->f.digits == 24 ? (double)(float)value : value;
}

static assay_buffer *buffer_of(const bench *b, size_t count, const double *values)
{
    assay_buffer *buffer = assay_buffer_create(b->backend, ASSAY_REAL, count);
    if (values != NULL) {
        assay_upload_f64(b->backend, assay_whole(buffer), values);
    }
    return buffer;
}

/* Half of the points spread evenly over [-most, most], half with sizes spread evenly from 1e-6 to most by their
 * logarithm. */
static void spread(const bench *b, double most, double *x)
{
    const double golden = 0.6180339887498949;
    for (size_t i = 0; i < b->points; i++) {
        double u = fmod((double)(i + 1) * golden, 1.0);
        double size = 1e-6 * pow(most * 1e6, u);
        x[i] = rounded(b, i % 2 == 0 ? most * (2 * u - 1) : i % 4 == 1 ? size : -size);
    }
}

static void draw_uniform(const bench *b, assay_mt19937 *generator, size_t count, double size, double *values)
{
    for (size_t i = 0; i < count; i++) {
        values[i] = rounded(b, size * (2 * ((double)(assay_mt19937_random64(generator) >> 11) * 0x1p-53) - 1));
    }
}

/* --- activations -------------------------------------------------------------------------------------------------- */

/* 1 / (1 + e^-x) */
static void exact_sigmoid(mpfr_ptr y, mpfr_srcptr x)
{
    mpfr_neg(y, x, MPFR_RNDN);
    mpfr_exp(y, y, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    mpfr_ui_div(y, 1, y, MPFR_RNDN);
}

/* Phi(x) = erfc(-x / sqrt 2) / 2 */
static void exact_normal_cdf(mpfr_ptr y, mpfr_srcptr x)
{
    mpfr_sqrt_ui(y, 2, MPFR_RNDN);
    mpfr_div(y, x, y, MPFR_RNDN);
    mpfr_neg(y, y, MPFR_RNDN);
    mpfr_erfc(y, y, MPFR_RNDN);
    mpfr_div_2ui(y, y, 1, MPFR_RNDN);
}

/* tanh(sqrt(2 / pi) (x + 0.044715 x^3)); 0.044715 is the decimal number. */
static void exact_inner_tanh(mpfr_ptr y, mpfr_srcptr x)
{
    mpfr_t c;
    mpfr_init2(c, BITS);
    mpfr_set_str(c, "0.044715", 10, MPFR_RNDN);
    mpfr_sqr(y, x, MPFR_RNDN);
    mpfr_mul(y, y, c, MPFR_RNDN);
    mpfr_add_ui(y, y, 1, MPFR_RNDN);
    mpfr_mul(y, y, x, MPFR_RNDN);
    mpfr_const_pi(c, MPFR_RNDN);
    mpfr_ui_div(c, 2, c, MPFR_RNDN);
    mpfr_sqrt(c, c, MPFR_RNDN);
    mpfr_mul(y, y, c, MPFR_RNDN);
    mpfr_tanh(y, y, MPFR_RNDN);
    mpfr_clear(c);
}

/* scale * (x > 0 ? x : a (e^x - 1)) */
static void exact_elu(mpfr_ptr y, mpfr_srcptr x, double a, double scale)
{
    if (mpfr_sgn(x) > 0) {
        mpfr_mul_d(y, x, scale, MPFR_RNDN);
        return;
    }
    mpfr_expm1(y, x, MPFR_RNDN);
    mpfr_mul_d(y, y, a, MPFR_RNDN);
    mpfr_mul_d(y, y, scale, MPFR_RNDN);
}

/* The constants are the doubles nearest to the published decimals. */
static const double SELU_SCALE = 1.0507009873554805;
static const double SELU_ALPHA = 1.6732632423543772;

static void exact_value(assay_activation activation, mpfr_ptr y, mpfr_srcptr x)
{
    switch (activation.kind) {
    case ASSAY_IDENTITY: mpfr_set(y, x, MPFR_RNDN); break;
    case ASSAY_TANH: mpfr_tanh(y, x, MPFR_RNDN); break;
    case ASSAY_RELU:
        mpfr_set(y, x, MPFR_RNDN);
        if (mpfr_sgn(x) < 0) {
            mpfr_set_zero(y, 1);
        }
        break;
    case ASSAY_SIGMOID: exact_sigmoid(y, x); break;
    case ASSAY_LEAKY_RELU: mpfr_mul_d(y, x, mpfr_sgn(x) > 0 ? 1.0 : activation.parameter, MPFR_RNDN); break;
    case ASSAY_SELU: exact_elu(y, x, SELU_ALPHA, SELU_SCALE); break;
    case ASSAY_ELU: exact_elu(y, x, activation.parameter, 1.0); break;
    case ASSAY_GELU:
        exact_normal_cdf(y, x);
        mpfr_mul(y, y, x, MPFR_RNDN);
        break;
    case ASSAY_GELU_TANH:
        exact_inner_tanh(y, x);
        mpfr_add_ui(y, y, 1, MPFR_RNDN);
        mpfr_mul(y, y, x, MPFR_RNDN);
        mpfr_div_2ui(y, y, 1, MPFR_RNDN);
        break;
    case ASSAY_SILU:
        exact_sigmoid(y, x);
        mpfr_mul(y, y, x, MPFR_RNDN);
        break;
    case ASSAY_MISH:
        mpfr_exp(y, x, MPFR_RNDN);
        mpfr_log1p(y, y, MPFR_RNDN);
        mpfr_tanh(y, y, MPFR_RNDN);
        mpfr_mul(y, y, x, MPFR_RNDN);
        break;
    case ASSAY_ACTIVATION_COUNT: break;
    }
}

/* Of a smooth function: (f(x + h) - f(x - h)) / 2h with h = 2^-60 has an error of about h^2, and 200 bits remain. */
static void exact_difference(assay_activation activation, mpfr_ptr slope, mpfr_srcptr x)
{
    enum { STEP = 60, WIDE = 4 * BITS };
    mpfr_t above;
    mpfr_t below;
    mpfr_t moved;
    mpfr_inits2(WIDE, above, below, moved, (mpfr_ptr)0);
    mpfr_set_ui_2exp(moved, 1, -STEP, MPFR_RNDN);
    mpfr_add(moved, x, moved, MPFR_RNDN);
    exact_value(activation, above, moved);
    mpfr_set_ui_2exp(moved, 1, -STEP, MPFR_RNDN);
    mpfr_sub(moved, x, moved, MPFR_RNDN);
    exact_value(activation, below, moved);
    mpfr_sub(above, above, below, MPFR_RNDN);
    mpfr_mul_2ui(slope, above, STEP - 1, MPFR_RNDN);
    mpfr_clears(above, below, moved, (mpfr_ptr)0);
}

/* f' from what the operation reads, x or y = f(x): what it is asked to compute. */
static void exact_derivative(assay_activation activation, mpfr_ptr slope, mpfr_srcptr read)
{
    switch (activation.kind) {
    case ASSAY_IDENTITY: mpfr_set_ui(slope, 1, MPFR_RNDN); break;
    case ASSAY_TANH: /* 1 - y^2 */
        mpfr_sqr(slope, read, MPFR_RNDN);
        mpfr_ui_sub(slope, 1, slope, MPFR_RNDN);
        break;
    case ASSAY_RELU: mpfr_set_d(slope, mpfr_sgn(read) > 0 ? 1.0 : 0.0, MPFR_RNDN); break;
    case ASSAY_SIGMOID: /* y (1 - y) */
        mpfr_ui_sub(slope, 1, read, MPFR_RNDN);
        mpfr_mul(slope, slope, read, MPFR_RNDN);
        break;
    case ASSAY_LEAKY_RELU: mpfr_set_d(slope, mpfr_sgn(read) > 0 ? 1.0 : activation.parameter, MPFR_RNDN); break;
    case ASSAY_SELU:
        mpfr_set_d(slope, SELU_SCALE, MPFR_RNDN);
        if (mpfr_sgn(read) <= 0) { /* y + s a */
            mpfr_mul_d(slope, slope, SELU_ALPHA, MPFR_RNDN);
            mpfr_add(slope, slope, read, MPFR_RNDN);
        }
        break;
    case ASSAY_ELU:
        mpfr_set_ui(slope, 1, MPFR_RNDN);
        if (mpfr_sgn(read) <= 0) { /* y + a */
            mpfr_add_d(slope, read, activation.parameter, MPFR_RNDN);
        }
        break;
    case ASSAY_GELU:
    case ASSAY_GELU_TANH:
    case ASSAY_SILU:
    case ASSAY_MISH: exact_difference(activation, slope, read); break;
    case ASSAY_ACTIVATION_COUNT: break;
    }
}

/* The largest argument: beyond it the functions are constant or linear in either precision. */
static const double MOST_ARGUMENT = 10.0;

typedef void exact_function(assay_activation activation, mpfr_ptr result, mpfr_srcptr argument);

static void compare(const bench *b, assay_activation activation, exact_function *exact, const double *arguments,
                    const double *computed, accuracy_row *row)
{
    mpfr_t argument;
    mpfr_t result;
    mpfr_inits2(BITS, argument, result, (mpfr_ptr)0);
    for (size_t i = 0; i < b->points; i++) {
        mpfr_set_d(argument, arguments[i], MPFR_RNDN);
        exact(activation, result, argument);
        if (row->unit == ACCURACY_ULP) {
            count_ulps(row, b->f, computed[i], result, arguments[i]);
        } else {
            count_error(row, distance(computed[i], result) / (b->f.half_ulp * fmax(1.0, fabs(arguments[i]))),
                        arguments[i]);
        }
    }
    mpfr_clears(argument, result, (mpfr_ptr)0);
}

/* Where 1 + tanh or 1 - y^2 cancels, the error is small beside 1 or x, not beside the result. */
static bool cancels(assay_activation_kind kind, bool derivative)
{
    switch (kind) {
    case ASSAY_GELU_TANH: return true;
    case ASSAY_TANH:
    case ASSAY_SIGMOID:
    case ASSAY_SELU:
    case ASSAY_ELU:
    case ASSAY_GELU:
    case ASSAY_SILU:
    case ASSAY_MISH: return derivative;
    default: return false;
    }
}

static void measure_activation(const bench *b, assay_activation activation, double *host, accuracy_table *table)
{
    double *x = host;
    double *y = host + b->points;
    double *slope = y + b->points;
    double *ones = slope + b->points;
    const assay_activation_descriptor *d = assay_activation_describe(activation.kind);
    spread(b, MOST_ARGUMENT, x);
    for (size_t i = 0; i < b->points; i++) {
        ones[i] = 1.0;
    }
    assay_buffer *in = buffer_of(b, b->points, x);
    assay_buffer *out = buffer_of(b, b->points, NULL);
    assay_buffer *derivative = buffer_of(b, b->points, ones);
    assay_activation_forward(b->backend, activation, assay_whole(in), assay_whole(out));
    assay_activation_backward(b->backend, activation, assay_whole(in), assay_whole(out), assay_whole(derivative),
                              assay_whole(derivative));
    assay_download_f64(b->backend, assay_whole(out), y);
    assay_download_f64(b->backend, assay_whole(derivative), slope);
    char name[40];
    snprintf(name, sizeof name, "%s", d->name);
    accuracy_unit unit = cancels(activation.kind, false) ? ACCURACY_TERMS : ACCURACY_ULP;
    compare(b, activation, exact_value, x, y, add_row(table, name, b->name, "|x| <= 10", unit));
    snprintf(name, sizeof name, "%s, derivative", d->name);
    unit = cancels(activation.kind, true) ? ACCURACY_TERMS : ACCURACY_ULP;
    compare(b, activation, exact_derivative, d->derivative_reads == ASSAY_READS_OUTPUT ? y : x, slope,
            add_row(table, name, b->name, "|x| <= 10", unit));
    assay_buffer_destroy(b->backend, in);
    assay_buffer_destroy(b->backend, out);
    assay_buffer_destroy(b->backend, derivative);
}

/* --- softmax ------------------------------------------------------------------------------------------------------ */

/* log(sum_j e^(z_j)) */
static void exact_log_sum(mpfr_ptr result, const double *logits)
{
    mpfr_t term;
    mpfr_init2(term, BITS);
    mpfr_set_zero(result, 1);
    for (int j = 0; j < CLASSES; j++) {
        mpfr_set_d(term, logits[j], MPFR_RNDN);
        mpfr_exp(term, term, MPFR_RNDN);
        mpfr_add(result, result, term, MPFR_RNDN);
    }
    mpfr_log(result, result, MPFR_RNDN);
    mpfr_clear(term);
}

static void compare_softmax(const bench *b, const double *logits, const double *probabilities, const double *gradient,
                            int label, accuracy_row *rows[2])
{
    mpfr_t log_sum;
    mpfr_t exact;
    mpfr_inits2(BITS, log_sum, exact, (mpfr_ptr)0);
    exact_log_sum(log_sum, logits);
    for (int j = 0; j < CLASSES; j++) {
        mpfr_d_sub(exact, logits[j], log_sum, MPFR_RNDN);
        mpfr_exp(exact, exact, MPFR_RNDN);
        count_ulps(rows[0], b->f, probabilities[j], exact, logits[j]);
        double onehot = j == label ? 1.0 : 0.0;
        double terms = mpfr_get_d(exact, MPFR_RNDN) + onehot;
        mpfr_sub_d(exact, exact, onehot, MPFR_RNDN);
        count_terms(rows[1], b->f, gradient[j], exact, terms);
    }
    mpfr_clears(log_sum, exact, (mpfr_ptr)0);
}

/* The loss of one row is log-softmax of the label: log sum - z_label, in terms of what is subtracted. */
static void compare_loss(const bench *b, const double *logits, int label, double loss, accuracy_row *row)
{
    mpfr_t exact;
    mpfr_init2(exact, BITS);
    exact_log_sum(exact, logits);
    mpfr_sub_d(exact, exact, logits[label], MPFR_RNDN);
    double largest = logits[0];
    for (int j = 1; j < CLASSES; j++) {
        largest = fmax(largest, logits[j]);
    }
    count_terms(row, b->f, loss, exact, mpfr_get_d(exact, MPFR_RNDN) + fabs(largest - logits[label]) + 1e-300);
    mpfr_clear(exact);
}

static void measure_softmax(const bench *b, accuracy_table *table)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 11);
    accuracy_row *rows[2] = {add_row(table, "softmax", b->name, "10 logits, |z| <= 10", ACCURACY_ULP),
                             add_row(table, "softmax - onehot", b->name, "10 logits, |z| <= 10", ACCURACY_TERMS)};
    accuracy_row *loss_row = add_row(table, "log-softmax", b->name, "10 logits, |z| <= 10", ACCURACY_TERMS);
    assay_buffer *logits = buffer_of(b, CLASSES, NULL);
    assay_buffer *out = buffer_of(b, CLASSES, NULL);
    assay_buffer *loss = buffer_of(b, 1, NULL);
    assay_buffer *labels = assay_buffer_create(b->backend, ASSAY_INT32, 1);
    for (size_t i = 0; i < b->points / 10; i++) {
        double z[CLASSES];
        double p[CLASSES];
        double gradient[CLASSES];
        double value;
        const int32_t label = (int32_t)(i % CLASSES);
        draw_uniform(b, &generator, CLASSES, i % 2 == 0 ? 10.0 : 1.0, z);
        assay_upload_f64(b->backend, assay_whole(logits), z);
        assay_upload_i32(b->backend, assay_whole(labels), &label);
        assay_softmax(b->backend, 1, CLASSES, assay_whole(logits), assay_whole(out));
        assay_download_f64(b->backend, assay_whole(out), p);
        assay_softmax_cross_entropy(b->backend, 1, CLASSES, assay_whole(logits), assay_whole(labels), assay_whole(loss),
                                    ASSAY_NO_SLICE, assay_whole(out));
        assay_download_f64(b->backend, assay_whole(out), gradient);
        assay_download_f64(b->backend, assay_whole(loss), &value);
        compare_softmax(b, z, p, gradient, label, rows);
        compare_loss(b, z, label, value, loss_row);
    }
    assay_buffer_destroy(b->backend, logits);
    assay_buffer_destroy(b->backend, out);
    assay_buffer_destroy(b->backend, loss);
    assay_buffer_destroy(b->backend, labels);
}

/* --- sums and products -------------------------------------------------------------------------------------------- */

/* sum_i a[i * a_step] b[i * b_step], and the sum of the sizes */
static double exact_dot(mpfr_ptr sum, size_t count, const double *a, size_t a_step, const double *b, size_t b_step)
{
    mpfr_t term;
    mpfr_init2(term, BITS);
    mpfr_set_zero(sum, 1);
    double terms = 0.0;
    for (size_t i = 0; i < count; i++) {
        mpfr_set_d(term, a[i * a_step], MPFR_RNDN);
        mpfr_mul_d(term, term, b[i * b_step], MPFR_RNDN);
        mpfr_add(sum, sum, term, MPFR_RNDN);
        terms += fabs(a[i * a_step] * b[i * b_step]);
    }
    mpfr_clear(term);
    return terms;
}

enum { ROWS = 6, COLUMNS = 7, MOST_LENGTH = 2048 };

static void measure_product(const bench *b, size_t k, double *host, accuracy_table *table)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, k);
    double *left = host;
    double *right = left + ROWS * k;
    double product[ROWS * COLUMNS];
    char range[64];
    snprintf(range, sizeof range, "%zu terms in [-1, 1]", k);
    accuracy_row *row = add_row(table, "product of matrices", b->name, range, ACCURACY_TERMS);
    row->bound = 1.0 + bound_of_sum(k, 1.5);
    draw_uniform(b, &generator, ROWS * k, 1.0, left);
    draw_uniform(b, &generator, k * COLUMNS, 1.0, right);
    assay_buffer *buffers[] = {buffer_of(b, ROWS * k, left), buffer_of(b, k * COLUMNS, right),
                               buffer_of(b, ROWS * COLUMNS, NULL)};
    assay_gemm(b->backend, (assay_gemm_shape){.m = ROWS, .n = COLUMNS, .k = k, .alpha = 1.0}, assay_whole(buffers[0]),
               assay_whole(buffers[1]), assay_whole(buffers[2]));
    assay_download_f64(b->backend, assay_whole(buffers[2]), product);
    mpfr_t exact;
    mpfr_init2(exact, BITS);
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            double terms = exact_dot(exact, k, left + i * k, 1, right + j, COLUMNS);
            count_terms(row, b->f, product[i * COLUMNS + j], exact, terms);
        }
    }
    mpfr_clear(exact);
    for (size_t i = 0; i < 3; i++) {
        assay_buffer_destroy(b->backend, buffers[i]);
    }
}

/* A bias's gradient: the sum over a batch. */
static void measure_sum(const bench *b, size_t rows, double *host, accuracy_table *table)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, rows);
    const double one = 1.0;
    double *dz = host;
    double sums[COLUMNS];
    char range[64];
    snprintf(range, sizeof range, "%zu terms in [-1, 1]", rows);
    accuracy_row *row = add_row(table, "sum over a batch", b->name, range, ACCURACY_TERMS);
    row->bound = bound_of_sum(rows, 1.0);
    draw_uniform(b, &generator, rows * COLUMNS, 1.0, dz);
    assay_buffer *buffers[] = {buffer_of(b, rows * COLUMNS, dz), buffer_of(b, rows, NULL), buffer_of(b, COLUMNS, NULL),
                               buffer_of(b, COLUMNS, NULL)};
    assay_linear_backward_parameters(b->backend, (assay_linear_shape){.rows = rows, .in = 1, .out = COLUMNS},
                                     assay_whole(buffers[1]), assay_whole(buffers[0]), assay_whole(buffers[2]),
                                     assay_whole(buffers[3]));
    assay_download_f64(b->backend, assay_whole(buffers[3]), sums);
    mpfr_t exact;
    mpfr_init2(exact, BITS);
    for (size_t j = 0; j < COLUMNS; j++) {
        double terms = exact_dot(exact, rows, dz + j, COLUMNS, &one, 0);
        count_terms(row, b->f, sums[j], exact, terms);
    }
    mpfr_clear(exact);
    for (size_t i = 0; i < 4; i++) {
        assay_buffer_destroy(b->backend, buffers[i]);
    }
}

/* --- optimizers --------------------------------------------------------------------------------------------------- */

/* The first step of SGD, w - eta g, and of Adam, w - eta g / (|g| + eps), in terms of |w| and the step. */
static void exact_step(const assay_update_rule *rule, mpfr_ptr step, double g)
{
    mpfr_set_d(step, g, MPFR_RNDN);
    if (rule->kind == ASSAY_UPDATE_ADAM) {
        mpfr_t root;
        mpfr_init2(root, BITS);
        mpfr_set_d(root, fabs(g), MPFR_RNDN);
        mpfr_add_d(root, root, rule->epsilon, MPFR_RNDN);
        mpfr_div(step, step, root, MPFR_RNDN);
        mpfr_clear(root);
    }
    mpfr_mul_d(step, step, rule->learning_rate, MPFR_RNDN);
}

static assay_status measure_update(const bench *b, const char *optimizer, double *host, accuracy_table *table,
                                   assay_error *error)
{
    assay_update_rule rule;
    ASSAY_TRY(assay_optimizer_by_name(optimizer, &rule, error));
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 3);
    double *w = host;
    double *g = w + b->points;
    double *after = g + b->points;
    char name[40];
    snprintf(name, sizeof name, "%s, first step", optimizer);
    accuracy_row *row = add_row(table, name, b->name, "|w|, |g| <= 1", ACCURACY_TERMS);
    draw_uniform(b, &generator, b->points, 1.0, w);
    draw_uniform(b, &generator, b->points, 1.0, g);
    assay_buffer *parameters = buffer_of(b, b->points, w);
    assay_buffer *gradients = buffer_of(b, b->points, g);
    assay_buffer *state[ASSAY_UPDATE_MAX_SLOTS] = {NULL};
    assay_slice slices[ASSAY_UPDATE_MAX_SLOTS] = {ASSAY_NO_SLICE};
    for (size_t i = 0; i < assay_update_rule_slots(&rule); i++) {
        state[i] = buffer_of(b, b->points, NULL);
        slices[i] = assay_whole(state[i]);
    }
    assay_update(b->backend, &rule, 1, assay_whole(parameters), assay_whole(gradients), slices);
    assay_download_f64(b->backend, assay_whole(parameters), after);
    mpfr_t exact;
    mpfr_init2(exact, BITS);
    for (size_t i = 0; i < b->points; i++) {
        exact_step(&rule, exact, g[i]);
        double terms = fabs(w[i]) + fabs(mpfr_get_d(exact, MPFR_RNDN));
        mpfr_d_sub(exact, w[i], exact, MPFR_RNDN);
        count_terms(row, b->f, after[i], exact, terms);
    }
    mpfr_clear(exact);
    assay_buffer_destroy(b->backend, parameters);
    assay_buffer_destroy(b->backend, gradients);
    for (size_t i = 0; i < ASSAY_UPDATE_MAX_SLOTS; i++) {
        assay_buffer_destroy(b->backend, state[i]);
    }
    return ASSAY_OK;
}

/* --- normal random numbers ---------------------------------------------------------------------------------------- */

/* sqrt(-2 log u), and that times the sine and the cosine of 2 pi v */
typedef struct {
    mpfr_t radius;
    mpfr_t sine;
    mpfr_t cosine;
} box_muller;

static void exact_box_muller(box_muller *pair, mpfr_srcptr u, mpfr_srcptr v)
{
    mpfr_log(pair->radius, u, MPFR_RNDN);
    mpfr_mul_si(pair->radius, pair->radius, -2, MPFR_RNDN);
    mpfr_sqrt(pair->radius, pair->radius, MPFR_RNDN);
    mpfr_const_pi(pair->sine, MPFR_RNDN);
    mpfr_mul_ui(pair->sine, pair->sine, 2, MPFR_RNDN);
    mpfr_mul(pair->cosine, pair->sine, v, MPFR_RNDN);
    mpfr_sin_cos(pair->sine, pair->cosine, pair->cosine, MPFR_RNDN);
    mpfr_mul(pair->sine, pair->sine, pair->radius, MPFR_RNDN);
    mpfr_mul(pair->cosine, pair->cosine, pair->radius, MPFR_RNDN);
}

static void count_pair(accuracy_row *row, const box_muller *pair, double cosine, double sine)
{
    double radius = fmax(mpfr_get_d(pair->radius, MPFR_RNDN), 1.0);
    count_terms(row, format_of(ASSAY_F32), cosine, pair->cosine, radius);
    count_terms(row, format_of(ASSAY_F32), sine, pair->sine, radius);
}

/* normal_ of 16 elements: element j has the uniforms j and j + 8 of the same generator, element j + 8 the sine. */
static void mt19937_blocks(size_t count, box_muller *pair, mpfr_t u, mpfr_t v, accuracy_row *row)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 5);
    for (size_t i = 0; i < count; i++) {
        float uniform[16];
        float normal[16];
        assay_mt19937 same = generator;
        assay_mt19937_uniform(&generator, 16, 0.0, 1.0, uniform);
        assay_mt19937_normal(&same, 16, 0.0, 1.0, normal);
        for (int j = 0; j < 8; j++) {
            mpfr_set_d(u, 1.0 - (double)uniform[j], MPFR_RNDN);
            mpfr_set_d(v, (double)uniform[j + 8], MPFR_RNDN);
            exact_box_muller(pair, u, v);
            count_pair(row, pair, (double)normal[j], (double)normal[j + 8]);
        }
    }
}

/* normal_ of two elements: two draws of 53 bits, the angle's first. */
static void mt19937_scalars(size_t count, box_muller *pair, mpfr_t u, mpfr_t v, accuracy_row *row)
{
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 6);
    for (size_t i = 0; i < count; i++) {
        float normal[2];
        assay_mt19937 same = generator;
        const uint64_t mask = ((uint64_t)1 << 53) - 1;
        uint64_t angle = assay_mt19937_random64(&generator) & mask;
        uint64_t radius = assay_mt19937_random64(&generator) & mask;
        assay_mt19937_normal(&same, 2, 0.0, 1.0, normal);
        mpfr_set_d(u, 1.0 - (double)radius * 0x1p-53, MPFR_RNDN);
        mpfr_set_d(v, (double)angle * 0x1p-53, MPFR_RNDN);
        exact_box_muller(pair, u, v);
        count_pair(row, pair, (double)normal[0], (double)normal[1]);
    }
}

/* Element t + i T of a fill by T = 256 threads is output i of thread t: the sine and the cosine of words 0 and 1. */
static void philox_fill(size_t calls, box_muller *pair, mpfr_t u, mpfr_t v, accuracy_row *row)
{
    enum { THREADS = ASSAY_PHILOX_BLOCK_THREADS };
    float normal[4 * THREADS];
    assay_philox generator;
    assay_philox_seed(&generator, 9, 1);
    for (size_t call = 0; call < calls; call++) {
        assay_philox_normal(&generator, 4 * THREADS, 0.0, 1.0, normal);
        for (uint32_t t = 0; t < THREADS; t++) {
            uint32_t word[4];
            assay_philox4x32_10((const uint32_t[4]){(uint32_t)call, 0, t, 0}, (const uint32_t[2]){9, 0}, word);
            for (uint32_t half = 0; half < 2; half++) {
                mpfr_set_d(u, ((double)word[2 * half] + 0.5) * 0x1p-32, MPFR_RNDN);
                mpfr_set_d(v, ((double)word[2 * half + 1] + 0.5) * 0x1p-32, MPFR_RNDN);
                exact_box_muller(pair, u, v);
                count_pair(row, pair, (double)normal[t + (2 * half + 1) * THREADS],
                           (double)normal[t + 2 * half * THREADS]);
            }
        }
    }
}

static void measure_normals(size_t effort, accuracy_table *table)
{
    box_muller pair;
    mpfr_t u;
    mpfr_t v;
    mpfr_inits2(BITS, pair.radius, pair.sine, pair.cosine, u, v, (mpfr_ptr)0);
    mt19937_blocks(200 * effort, &pair, u, v,
                   add_row(table, "normal of mt19937, 16 or more", "all:f32", "mean 0, std 1", ACCURACY_TERMS));
    mt19937_scalars(1000 * effort, &pair, u, v,
                    add_row(table, "normal of mt19937, below 16", "all:f32", "mean 0, std 1", ACCURACY_TERMS));
    philox_fill(4 * effort, &pair, u, v,
                add_row(table, "normal of Philox", "all:f32", "mean 0, std 1", ACCURACY_TERMS));
    mpfr_clears(pair.radius, pair.sine, pair.cosine, u, v, (mpfr_ptr)0);
}

/* --- all ---------------------------------------------------------------------------------------------------------- */

static const size_t lengths[] = {1, 16, 100, 784, MOST_LENGTH};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static assay_status measure_backend(const bench *b, double *host, accuracy_table *table, assay_error *error)
{
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        measure_activation(b, assay_activation_default((assay_activation_kind)kind), host, table);
    }
    measure_softmax(b, table);
    for (size_t i = 0; i < LENGTHS; i++) {
        measure_product(b, lengths[i], host, table);
        measure_sum(b, lengths[i], host, table);
    }
    ASSAY_TRY(measure_update(b, "sgd", host, table, error));
    ASSAY_TRY(measure_update(b, "adam", host, table, error));
    return assay_backend_check(b->backend, error);
}

static assay_status measure_machine(machine on, size_t effort, accuracy_table *table, assay_error *error)
{
    char name[24];
    bench b = {.name = name, .f = format_of(on.precision), .points = POINTS * effort};
    snprintf(name, sizeof name, "%s:%s", on.backend, on.precision == ASSAY_F32 ? "f32" : "f64");
    size_t least = MOST_LENGTH * (ROWS + COLUMNS);
    double *host = assay_calloc(4 * b.points > least ? 4 * b.points : least, sizeof *host, error);
    if (host == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    const assay_backend_options options = {.name = on.backend, .precision = on.precision, .threads = 1};
    assay_status status = assay_backend_open(&options, &b.backend, error);
    if (status == ASSAY_OK) {
        status = measure_backend(&b, host, table, error);
        assay_backend_close(b.backend);
    }
    assay_free(host);
    return status;
}

assay_status accuracy_measure(size_t effort, accuracy_table *table, assay_error *error)
{
    *table = (accuracy_table){.rows = assay_calloc(MOST_ROWS, sizeof *table->rows, error)};
    if (table->rows == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    machine machines[MOST_MACHINES];
    size_t count = machines_find(machines);
    assay_status status = ASSAY_OK;
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        status = measure_machine(machines[i], effort, table, error);
    }
    measure_normals(effort, table);
    return status;
}
