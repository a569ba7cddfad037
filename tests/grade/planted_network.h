/*
 * The other mistakes of the whole network's gradient, in a pass of their own. They are planted in this process only
 * (tests/test_grade_planted.c), as those of planted_linear.h.
 */
#ifndef ASSAY_TESTS_GRADE_PLANTED_NETWORK_H
#define ASSAY_TESTS_GRADE_PLANTED_NETWORK_H

#include <math.h>

static size_t form; /* of a mistake that can be made in several ways: 0, 1, ... */

/* The activation that the code takes for the given one. */
static const char *taken_for(const char *activation)
{
    bool identity = strcmp(activation, "identity") == 0;
    return pass_is("activation_always_tanh") || (identity && pass_is("tanh_for_identity"))   ? "tanh"
           : pass_is("activation_always_relu") || (identity && pass_is("relu_for_identity")) ? "relu"
           : pass_is("activation_always_sigmoid")                                            ? "sigmoid"
                                                                                             : activation;
}

static double activated(const char *activation, double z)
{
    return strcmp(activation, "tanh") == 0      ? tanh(z)
           : strcmp(activation, "relu") == 0    ? (z > 0.0 ? z : 0.0)
           : strcmp(activation, "sigmoid") == 0 ? sigmoid(z)
                                                : z;
}

/* The factor of a unit on the way back, from what the way forward has kept. */
static double factor_of(const char *activation, double z)
{
    double y = activated(activation, z);
    const char *taken = pass_is("derivative_always_tanh")      ? "tanh"
                        : pass_is("derivative_always_relu")    ? "relu"
                        : pass_is("derivative_always_sigmoid") ? "sigmoid"
                                                               : activation;
    return strcmp(taken, "tanh") == 0      ? (1.0 - y) * (1.0 + y)
           : strcmp(taken, "relu") == 0    ? (double)(z > 0.0)
           : strcmp(taken, "sigmoid") == 0 ? y - y * y
                                           : 1.0;
}

/* Softmax before the loss, which has one itself: d is the gradient for its result p. */
static void through_first_softmax(size_t rows, size_t classes, const double *p, double *d)
{
    for (size_t r = 0; r < rows; r++) {
        double made[WIDE] = {0};
        for (size_t j = 0; j < classes; j++) {
            for (size_t k = 0; k < classes; k++) { /* dp_k / dy_j */
                double slope = p[r * classes + k] * ((j == k ? 1.0 : 0.0) - p[r * classes + j]);
                made[j] += d[r * classes + k] * slope;
            }
        }
        memcpy(d + r * classes, made, classes * sizeof *d);
    }
}

/* The loss, and its gradient for the logits y. */
static double planted_loss(size_t rows, size_t classes, const double *y, const int32_t *labels, double *d)
{
    double p[WIDE];
    correct_softmax(rows, classes, y, p);
    const double *logits = pass_is("softmax_twice") ? p : y;
    double loss = correct_cross_entropy(rows, classes, logits, labels);
    correct_cross_entropy_gradient(rows, classes, logits, labels, d);
    for (size_t i = 0; i < rows * classes; i++) {
        double hot = labels[i / classes] == (int32_t)(i % classes) ? 1.0 : 0.0;
        d[i] = pass_is("softmax_missing")            ? (y[i] - hot) / (double)rows
               : pass_is("label_missing")            ? p[i] / (double)rows
               : pass_is("softmax_derivative_again") ? d[i] * (p[i] - p[i] * p[i])
               : pass_is("sign")                     ? 0.0 - d[i]
               : pass_is("averaged_over_elements")   ? d[i] / (double)classes
               : pass_is("averaged_twice")           ? d[i] / (double)rows
               : pass_is("not_averaged")             ? d[i] * (double)rows
                                                     : d[i];
    }
    if (pass_is("softmax_twice") && form == 0) {
        through_first_softmax(rows, classes, p, d);
    }
    bool summed = pass_is("loss_summed") || (pass_is("not_averaged") && form == 1);
    return pass_is("loss_sign")                     ? 0.0 - loss
           : summed                                 ? loss * (double)rows
           : pass_is("loss_averaged_over_elements") ? loss / (double)classes
                                                    : loss;
}

/* What becomes of a layer's right gradients. */
static void spoil_layer(size_t rows, size_t in, size_t out, bool last, const double *weight, const double *d,
                        double *dweight, double *dbias)
{
    for (size_t j = 0; j < out; j++) {
        dbias[j] = pass_is("bias_gradient_averaged")    ? dbias[j] / (double)rows
                   : pass_is("bias_gradient_over_all")  ? total_of(rows * out, 1, d)
                   : pass_is("bias_gradient_first_row") ? d[j]
                   : pass_is("bias_gradient_last_row")  ? d[(rows - 1) * out + j]
                                                        : dbias[j];
    }
    for (size_t i = 0; i < in * out; i++) {
        dweight[i] = pass_is("weight_gradient_averaged") ? dweight[i] / (double)rows
                     : pass_is("weight_decay")           ? dweight[i] + 0.07 * weight[i]
                                                         : dweight[i];
    }
    if (pass_is("last_layer_only") && !last) {
        zeros(in * out, dweight);
        zeros(out, dbias);
    }
}

/* Layer l on the way back: d is the gradient for its output, and becomes the one for its input. */
static void layer_back(size_t l, size_t layers, const size_t *sizes, size_t rows, const double *weight,
                       const cache *kept, double *d, double *dweight, double *dbias)
{
    double below[WIDE];
    size_t in = sizes[l];
    size_t out = sizes[l + 1];
    double *swapped = reread(out, in, weight);
    const double *back = pass_is("backward_weight_order") ? swapped : weight;
    correct_linear_backward(rows, in, out, kept->a[l], back, d, below, dweight, dbias);
    spoil_layer(rows, in, out, l + 1 == layers, weight, d, dweight, dbias);
    memcpy(d, below, rows * in * sizeof *d);
    free(swapped);
}

static double planted_pass(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                           const double *const *weights, const double *const *biases, const double *x,
                           const int32_t *labels, double *const *dweights, double *const *dbiases)
{
    cache kept;
    double d[WIDE];
    const char *used = taken_for(activation);
    memcpy(kept.a[0], x, rows * sizes[0] * sizeof *x);
    for (size_t l = 0; l < layers; l++) {
        correct_linear_forward(rows, sizes[l], sizes[l + 1], kept.a[l], weights[l], biases[l], kept.z[l + 1]);
        for (size_t i = 0; i < rows * sizes[l + 1]; i++) {
            kept.a[l + 1][i] = l + 1 == layers ? kept.z[l + 1][i] : activated(used, kept.z[l + 1][i]);
        }
    }
    double loss = planted_loss(rows, sizes[layers], kept.a[layers], labels, d);
    for (size_t l = layers; l-- > 0;) {
        for (size_t i = 0; i < rows * sizes[l + 1] && (l + 1 < layers || pass_is("derivative_in_last_layer")); i++) {
            d[i] *= factor_of(used, kept.z[l + 1][i]);
        }
        layer_back(l, layers, sizes, rows, weights[l], &kept, d, dweights[l], dbiases[l]);
    }
    return loss;
}

/* The right code, with its weights as [in][out]. */
static double pass_with_other_order(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                                    const double *const *weights, const double *const *biases, const double *x,
                                    const int32_t *labels, double *const *dweights, double *const *dbiases)
{
    double *read[MAX_LAYERS] = {NULL};
    for (size_t l = 0; l < layers; l++) {
        read[l] = reread(sizes[l + 1], sizes[l], weights[l]);
    }
    double loss = planted_pass(layers, sizes, activation, rows, (const double *const *)read, biases, x, labels,
                               dweights, dbiases);
    for (size_t l = 0; l < layers; l++) {
        transpose_in_place(sizes[l + 1], sizes[l], dweights[l]);
        free(read[l]);
    }
    return loss;
}

double student_network_gradient(size_t layers, const size_t *sizes, const char *activation, size_t rows,
                                const double *const *weights, const double *const *biases, const double *x,
                                const int32_t *labels, double *const *dweights, double *const *dbiases)
{
    static const char *const earlier[] = {"activation_on_output",        "derivative_missing",
                                          "derivative_on_preactivation", "preactivation_overwritten",
                                          "bias_gradient_missing",       "bias_ignored",
                                          "first_layer_missing",         "activation_missing",
                                          "input_before_activation",     "weight_gradient_transposed"};
    pass_component = "network_gradient";
    for (size_t i = 0; i < sizeof earlier / sizeof earlier[0]; i++) {
        if (pass_is(earlier[i])) {
            return planted_network_gradient(layers, sizes, activation, rows, weights, biases, x, labels, dweights,
                                            dbiases);
        }
    }
    return (pass_is("weight_order") ? pass_with_other_order : planted_pass)(layers, sizes, activation, rows, weights,
                                                                            biases, x, labels, dweights, dbiases);
}

#endif
