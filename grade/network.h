/* A small network with its gradients, and the ways to get them wrong: for network_gradient and training. */
#ifndef ASSAY_GRADE_NETWORK_H
#define ASSAY_GRADE_NETWORK_H

#include "grade/case.h"

/* As many rows as the largest set of images has. */
enum { MAX_LAYERS = 3, MAX_WIDTH = 8, MAX_ROWS = 16 };

/* float32 rounding must not move a ReLU across its kink: cases that come closer are drawn again. */
#define KINK_MARGIN 1e-3

/* No case has SIGMOID: only a mistake puts it in the place of another function. */
typedef enum { LINEAR, TANH, RELU, SIGMOID } hidden_kind;

typedef struct {
    size_t layers;
    size_t sizes[MAX_LAYERS + 1];
    hidden_kind hidden;
    double weight[MAX_LAYERS][MAX_WIDTH * MAX_WIDTH];
    double bias[MAX_LAYERS][MAX_WIDTH];
} network;

typedef struct {
    double loss;
    double closest; /* smallest |z| of a hidden unit */
    double dweight[MAX_LAYERS][MAX_WIDTH * MAX_WIDTH];
    double dbias[MAX_LAYERS][MAX_WIDTH];
} gradients;

/* The rows of one pass, and what sums over them are divided by: the number of rows, but for mistakes. */
typedef struct {
    size_t rows;
    const double *x;
    double *labels;
    double loss_divisor;
    double gradient_divisor;
} network_batch;

/* --- the switches of one pass: axes of network_gradient ----------------------------------------------------------- */

/* clang-format off */
enum {
    PASS_PLACE, PASS_KIND, PASS_DERIVATIVE, PASS_MEAN, PASS_BIAS, PASS_LAYERS, PASS_INPUT, PASS_WEIGHT, PASS_DELTA,
    PASS_LOSS, PASS_DECAY, PASS_ORDER, PASS_AXES
};
enum { PLACE_OUTPUT = 1, PLACE_NONE };
enum { KIND_TANH = 1, KIND_RELU, KIND_SIGMOID, KIND_TANH_FOR_IDENTITY, KIND_RELU_FOR_IDENTITY };
enum {
    DERIVATIVE_MISSING = 1, DERIVATIVE_PREACTIVATION, DERIVATIVE_OF_OUTPUT, DERIVATIVE_TANH, DERIVATIVE_RELU,
    DERIVATIVE_SIGMOID, DERIVATIVE_LAST_LAYER
};
enum { MEAN_NONE = 1, MEAN_SUMMED, MEAN_TWICE, MEAN_ELEMENTS };
enum { BIAS_MISSING = 1, BIAS_IGNORED, BIAS_AVERAGED, BIAS_OVER_ALL, BIAS_LAST_ROW, BIAS_FIRST_ROW };
enum { LAYERS_FIRST_MISSING = 1, LAYERS_LAST_ONLY };
enum { INPUT_PREACTIVATION = 1 };
enum { WEIGHT_TRANSPOSED = 1, WEIGHT_BACKWARD_ORDER, WEIGHT_AVERAGED };
enum { DELTA_SIGN = 1, DELTA_LABEL, DELTA_SOFTMAX, DELTA_LOGITS, DELTA_SOFTMAX_TWICE,
    DELTA_SOFTMAX_TWICE_SKIPPED };
enum { LOSS_SIGN = 1, LOSS_SUMMED, LOSS_ELEMENTS };
enum { DECAY_OF_GRADIENT = 1, DECAY_WITH_LOSS };
/* clang-format on */

/*
 * One forward and one backward pass. `after` (or NULL) is called when a layer's gradients are known, before the
 * gradient of its input, and may change the layer.
 */
typedef void after_layer(network *net, size_t layer, const gradients *found, void *context);

void assay_grade_network_pass(network *net, const network_batch *batch, const grade_choice *choice, gradients *found,
                              after_layer *after, void *context);

/* Whether a pass of the network of this case can depend on a part. */
bool assay_grade_network_uses(const grade_case *graded, const grade_choice *choice, const grade_component *part);

/* Declares the inputs sizes, activation, weight0, bias0, ...; draws all inputs that are declared; reads the network. */
void assay_grade_network_declare(const network *net, grade_case *made);
void assay_grade_network_draw(assay_mt19937 *random, grade_case *made);
void assay_grade_network_read(const grade_case *graded, network *net);

#endif
