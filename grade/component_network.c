/*
 * The whole network: linear layers with one activation between them, softmax cross-entropy, and all gradients; then a
 * few training steps. x: [rows][s_0], weight l: [s_l+1][s_l], bias l: [s_l+1].
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"
#include "grade/optimizer.h"

enum { MAX_LAYERS = 3, MAX_WIDTH = 8, MAX_ROWS = 12 };

/* float32 rounding must not move a ReLU across its kink: cases that come closer are drawn again. */
#define KINK_MARGIN 1e-3

typedef enum { LINEAR, TANH, RELU } hidden_kind;
static const char *const hidden_names[] = {[LINEAR] = "identity", [TANH] = "tanh", [RELU] = "relu"};

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

/* --- the switches of one pass ------------------------------------------------------------------------------------- */

/* clang-format off */
enum {
    PASS_PLACE, PASS_DERIVATIVE, PASS_MEAN, PASS_BIAS, PASS_LAYERS, PASS_INPUT, PASS_WEIGHT, PASS_DELTA, PASS_LOSS,
    PASS_AXES
};
enum { PLACE_OUTPUT = 1, PLACE_NONE };
enum { DERIVATIVE_MISSING = 1, DERIVATIVE_PREACTIVATION, DERIVATIVE_OF_OUTPUT };
enum { MEAN_NONE = 1, MEAN_SUMMED, MEAN_TWICE, MEAN_ELEMENTS };
enum { BIAS_MISSING = 1, BIAS_IGNORED, BIAS_AVERAGED, BIAS_OVER_ALL, BIAS_LAST_ROW };
enum { LAYERS_FIRST_MISSING = 1, LAYERS_LAST_ONLY };
enum { INPUT_PREACTIVATION = 1 };
enum { WEIGHT_TRANSPOSED = 1, WEIGHT_BACKWARD_ORDER };
enum { DELTA_SIGN = 1, DELTA_LABEL, DELTA_SOFTMAX };
enum { LOSS_SIGN = 1, LOSS_SUMMED };
/* clang-format on */

static const char *const place_ids[] = {
    [PLACE_OUTPUT] = "network_gradient.activation_on_output",
    [PLACE_NONE] = "network_gradient.activation_missing",
};
static const char *const derivative_ids[] = {
    [DERIVATIVE_MISSING] = "network_gradient.derivative_missing",
    [DERIVATIVE_PREACTIVATION] = "network_gradient.derivative_on_preactivation",
    [DERIVATIVE_OF_OUTPUT] = "network_gradient.preactivation_overwritten",
};
static const char *const mean_ids[] = {
    [MEAN_NONE] = "network_gradient.not_averaged",
    [MEAN_SUMMED] = "network_gradient.not_averaged",
    [MEAN_TWICE] = "network_gradient.averaged_twice",
    [MEAN_ELEMENTS] = "network_gradient.averaged_over_elements",
};
static const char *const bias_ids[] = {
    [BIAS_MISSING] = "network_gradient.bias_gradient_missing",
    [BIAS_IGNORED] = "network_gradient.bias_ignored",
    [BIAS_AVERAGED] = "network_gradient.bias_gradient_averaged",
    [BIAS_OVER_ALL] = "network_gradient.bias_gradient_over_all",
    [BIAS_LAST_ROW] = "network_gradient.bias_gradient_last_row",
};
static const char *const layer_ids[] = {
    [LAYERS_FIRST_MISSING] = "network_gradient.first_layer_missing",
    [LAYERS_LAST_ONLY] = "network_gradient.last_layer_only",
};
static const char *const input_ids[] = {
    [INPUT_PREACTIVATION] = "network_gradient.input_before_activation",
};
static const char *const weight_ids[] = {
    [WEIGHT_TRANSPOSED] = "network_gradient.weight_gradient_transposed",
    [WEIGHT_BACKWARD_ORDER] = "network_gradient.backward_weight_order",
};
static const char *const delta_ids[] = {
    [DELTA_SIGN] = "network_gradient.sign",
    [DELTA_LABEL] = "network_gradient.label_missing",
    [DELTA_SOFTMAX] = "network_gradient.softmax_derivative_again",
};
static const char *const loss_ids[] = {
    [LOSS_SIGN] = "network_gradient.loss_sign",
    [LOSS_SUMMED] = "network_gradient.loss_summed",
};

static const grade_axis gradient_axes[] = {
    [PASS_PLACE] = {GRADE_AXIS("place of the activation", place_ids)},
    [PASS_DERIVATIVE] = {GRADE_AXIS("derivative of the activation", derivative_ids)},
    [PASS_MEAN] = {GRADE_AXIS("average over the batch", mean_ids)},
    [PASS_BIAS] = {GRADE_AXIS("bias", bias_ids)},
    [PASS_LAYERS] = {GRADE_AXIS("layers", layer_ids)},
    [PASS_INPUT] = {GRADE_AXIS("input of a layer", input_ids)},
    [PASS_WEIGHT] = {GRADE_AXIS("weight", weight_ids)},
    [PASS_DELTA] = {GRADE_AXIS("gradient of the loss", delta_ids)},
    [PASS_LOSS] = {GRADE_AXIS("loss", loss_ids)},
};

/* --- parts with mistakes of their own ----------------------------------------------------------------------------- */

/* A tensor on its way into or out of a part; n1 is 0 for a vector, and both are 0 for a number. */
typedef struct {
    const char *name;
    size_t n0, n1;
    double *values;
} part_tensor;

static void add_part_tensor(grade_fields *fields, const part_tensor *tensor, bool copy)
{
    double *values = tensor->n0 == 0   ? assay_grade_tensor0(fields, tensor->name)
                     : tensor->n1 == 0 ? assay_grade_tensor1(fields, tensor->name, tensor->n0)
                                       : assay_grade_tensor2(fields, tensor->name, tensor->n0, tensor->n1);
    if (copy) {
        memcpy(values, tensor->values, fields->field[fields->count - 1].count * sizeof(double));
    }
}

/*
 * Runs a part as its own model does it, with what was found in it. False where nothing was found: the caller then
 * computes it in the usual way. Both lists end with a NULL name.
 */
static bool run_part(const grade_component *part, const grade_choice *whole, const part_tensor *inputs,
                     const part_tensor *outputs)
{
    double input_pool[512] = {0};
    double output_pool[512] = {0};
    if (whole->upstream == NULL) {
        return false;
    }
    grade_choice choice = assay_grade_part_choice(whole, part);
    bool found = false;
    for (size_t a = 0; a < GRADE_MAX_AXES; a++) {
        found = found || choice.level[a] != 0;
    }
    if (!found) {
        return false;
    }
    grade_case graded = {.component = part,
                         .inputs = {.pool = input_pool, .capacity = 512},
                         .outputs = {.pool = output_pool, .capacity = 512}};
    for (const part_tensor *t = inputs; t->name != NULL; t++) {
        add_part_tensor(&graded.inputs, t, true);
    }
    for (const part_tensor *t = outputs; t->name != NULL; t++) {
        add_part_tensor(&graded.outputs, t, false);
    }
    part->model(&graded, &choice, &graded.outputs);
    size_t f = 0;
    for (const part_tensor *t = outputs; t->name != NULL; t++, f++) {
        memcpy(t->values, graded.outputs.field[f].values, graded.outputs.field[f].count * sizeof(double));
    }
    return true;
}

static const grade_component *activation_part(hidden_kind kind, bool gradient)
{
    switch (kind) {
    case TANH: return gradient ? &assay_grade_tanh_gradient : &assay_grade_tanh;
    case RELU: return gradient ? &assay_grade_relu_gradient : &assay_grade_relu;
    default: return gradient ? &assay_grade_identity_gradient : &assay_grade_identity;
    }
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

static double activate(hidden_kind kind, double z)
{
    return kind == TANH ? tanh(z) : kind == RELU ? (z > 0.0 ? z : 0.0) : z;
}

/* The activation that follows layer l. */
static hidden_kind activation_after(const network *net, size_t l, const grade_choice *choice)
{
    bool last = l + 1 == net->layers;
    int place = choice->level[PASS_PLACE];
    return place == PLACE_NONE || (last && place != PLACE_OUTPUT) ? LINEAR : net->hidden;
}

typedef struct {
    double z[MAX_LAYERS + 1][MAX_ROWS * MAX_WIDTH]; /* z[l + 1]: what layer l gives; z[0]: the input */
    double a[MAX_LAYERS + 1][MAX_ROWS * MAX_WIDTH]; /* after the activation */
} activations;

static void forward_layer(network *net, size_t l, size_t rows, const grade_choice *choice, activations *act)
{
    size_t in = net->sizes[l];
    size_t out = net->sizes[l + 1];
    double *z = act->z[l + 1];
    double zeros[MAX_WIDTH] = {0};
    double *bias = choice->level[PASS_BIAS] == BIAS_IGNORED ? zeros : net->bias[l];
    const part_tensor inputs[] = {
        {"x", rows, in, act->a[l]}, {"weight", out, in, net->weight[l]}, {"bias", out, 0, bias}, {.name = NULL}};
    if (!run_part(&assay_grade_linear_forward, choice, inputs, (part_tensor[]){{"y", rows, out, z}, {.name = NULL}})) {
        for (size_t r = 0; r < rows; r++) {
            for (size_t j = 0; j < out; j++) {
                double sum = bias[j];
                for (size_t k = 0; k < in; k++) {
                    sum += act->a[l][r * in + k] * net->weight[l][j * in + k];
                }
                z[r * out + j] = sum;
            }
        }
    }
    hidden_kind kind = activation_after(net, l, choice);
    const part_tensor x[] = {{"x", rows * out, 0, z}, {.name = NULL}};
    bool done = (kind != LINEAR || net->hidden == LINEAR) && l + 1 < net->layers &&
                run_part(activation_part(kind, false), choice, x,
                         (part_tensor[]){{"y", rows * out, 0, act->a[l + 1]}, {.name = NULL}});
    for (size_t i = 0; i < rows * out && !done; i++) {
        act->a[l + 1][i] = activate(kind, z[i]);
    }
}

static double forward(network *net, size_t rows, const double *x, const grade_choice *choice, activations *act)
{
    double closest = DBL_MAX;
    memcpy(act->z[0], x, rows * net->sizes[0] * sizeof *x);
    memcpy(act->a[0], x, rows * net->sizes[0] * sizeof *x);
    for (size_t l = 0; l < net->layers; l++) {
        forward_layer(net, l, rows, choice, act);
        for (size_t i = 0; i < rows * net->sizes[l + 1] && activation_after(net, l, choice) == RELU; i++) {
            closest = fmin(closest, fabs(act->z[l + 1][i]));
        }
    }
    return closest;
}

/* --- loss --------------------------------------------------------------------------------------------------------- */

/* -log p of the row's label; delta = p - onehot. */
static double row_loss(const double *y, size_t classes, size_t label, const grade_choice *choice, double *delta)
{
    double most = y[0];
    double sum = 0.0;
    int kind = choice->level[PASS_DELTA];
    for (size_t j = 1; j < classes; j++) {
        most = fmax(most, y[j]);
    }
    for (size_t j = 0; j < classes; j++) {
        sum += exp(y[j] - most);
    }
    for (size_t j = 0; j < classes; j++) {
        double p = exp(y[j] - most) / sum;
        delta[j] = p - (j == label && kind != DELTA_LABEL ? 1.0 : 0.0);
        delta[j] *= kind == DELTA_SIGN ? -1.0 : kind == DELTA_SOFTMAX ? p * (1.0 - p) : 1.0;
    }
    return log(sum) - (y[label] - most);
}

/* loss = mean over r of log sum e^y - y_label; delta = (softmax(y) - onehot) / rows */
static double loss_gradient(double *y, double *labels, size_t rows, size_t classes, const grade_choice *choice,
                            double *delta)
{
    double n = (double)rows;
    double total = 0.0;
    int mean = choice->level[PASS_MEAN];
    double divisor = mean == MEAN_NONE || mean == MEAN_SUMMED ? 1.0 : n;
    divisor *= mean == MEAN_TWICE ? n : mean == MEAN_ELEMENTS ? (double)classes : 1.0;
    for (size_t r = 0; r < rows; r++) {
        total += row_loss(y + r * classes, classes, (size_t)labels[r], choice, delta + r * classes);
    }
    for (size_t i = 0; i < rows * classes; i++) {
        delta[i] /= divisor;
    }
    double loss = mean == MEAN_SUMMED || choice->level[PASS_LOSS] == LOSS_SUMMED ? total : total / n;
    const part_tensor inputs[] = {{"logits", rows, classes, y}, {"labels", rows, 0, labels}, {.name = NULL}};
    run_part(&assay_grade_cross_entropy, choice, inputs, (part_tensor[]){{"loss", 0, 0, &loss}, {.name = NULL}});
    run_part(&assay_grade_cross_entropy_gradient, choice, inputs,
             (part_tensor[]){{"dlogits", rows, classes, delta}, {.name = NULL}});
    return choice->level[PASS_LOSS] == LOSS_SIGN ? -loss : loss;
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* f'(z), with the ways to get it wrong. */
static double derivative(hidden_kind kind, double z, const grade_choice *choice)
{
    int mistake = choice->level[PASS_DERIVATIVE];
    double y = activate(kind, z);
    if (kind == LINEAR || mistake == DERIVATIVE_MISSING) {
        return 1.0;
    }
    if (kind == RELU) {
        return z > 0.0 ? 1.0 : 0.0;
    }
    y = mistake == DERIVATIVE_PREACTIVATION ? z : mistake == DERIVATIVE_OF_OUTPUT ? tanh(y) : y;
    return 1.0 - y * y;
}

static void multiply_derivative(network *net, size_t l, size_t rows, const grade_choice *choice, activations *act,
                                double *delta)
{
    size_t count = rows * net->sizes[l + 1];
    hidden_kind kind = activation_after(net, l, choice);
    const part_tensor inputs[] = {{"x", count, 0, act->z[l + 1]}, {"dy", count, 0, delta}, {.name = NULL}};
    if (choice->level[PASS_DERIVATIVE] == 0 && l + 1 < net->layers && kind == net->hidden &&
        run_part(activation_part(kind, true), choice, inputs,
                 (part_tensor[]){{"dx", count, 0, delta}, {.name = NULL}})) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        delta[i] *= derivative(kind, act->z[l + 1][i], choice);
    }
}

static void bias_gradient(size_t rows, size_t out, const double *dz, const grade_choice *choice, double *dbias)
{
    int mistake = choice->level[PASS_BIAS];
    double all = 0.0;
    for (size_t i = 0; i < rows * out; i++) {
        all += dz[i];
    }
    for (size_t j = 0; j < out; j++) {
        double sum = 0.0;
        for (size_t r = 0; r < rows; r++) {
            sum += dz[r * out + j];
        }
        dbias[j] = mistake == BIAS_MISSING    ? 0.0
                   : mistake == BIAS_AVERAGED ? sum / (double)rows
                   : mistake == BIAS_OVER_ALL ? all
                   : mistake == BIAS_LAST_ROW ? dz[(rows - 1) * out + j]
                                              : sum;
    }
}

static void weight_gradient(size_t rows, size_t in, size_t out, const double *input, const double *dz,
                            const grade_choice *choice, double *dweight)
{
    for (size_t j = 0; j < out; j++) {
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (size_t r = 0; r < rows; r++) {
                sum += dz[r * out + j] * input[r * in + k];
            }
            dweight[choice->level[PASS_WEIGHT] == WEIGHT_TRANSPOSED ? k * out + j : j * in + k] = sum;
        }
    }
}

/* dx = dz W, with the weights of `net`. */
static void input_gradient(const network *net, size_t l, size_t rows, const double *dz, const grade_choice *choice,
                           double *dx)
{
    size_t in = net->sizes[l];
    size_t out = net->sizes[l + 1];
    bool swapped = choice->level[PASS_WEIGHT] == WEIGHT_BACKWARD_ORDER;
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (size_t j = 0; j < out; j++) {
                sum += dz[r * out + j] * net->weight[l][swapped ? k * out + j : j * in + k];
            }
            dx[r * in + k] = sum;
        }
    }
}

/* The input that a layer's weight gradient uses. */
static double *layer_input(size_t l, const grade_choice *choice, activations *act)
{
    return choice->level[PASS_INPUT] == INPUT_PREACTIVATION ? act->z[l] : act->a[l];
}

/* The gradients of layer l; `below` receives that of its input. */
static void backward_layer(network *net, size_t l, size_t rows, const grade_choice *choice, activations *act,
                           double *delta, gradients *found, double *below)
{
    size_t in = net->sizes[l];
    size_t out = net->sizes[l + 1];
    double *input = layer_input(l, choice, act);
    double dx[MAX_ROWS * MAX_WIDTH];
    weight_gradient(rows, in, out, input, delta, choice, found->dweight[l]);
    bias_gradient(rows, out, delta, choice, found->dbias[l]);
    input_gradient(net, l, rows, delta, choice, below);
    const part_tensor inputs[] = {
        {"x", rows, in, input}, {"weight", out, in, net->weight[l]}, {"dy", rows, out, delta}, {.name = NULL}};
    if (run_part(&assay_grade_linear_backward, choice, inputs,
                 (part_tensor[]){{"dx", rows, in, dx},
                                 {"dweight", out, in, found->dweight[l]},
                                 {"dbias", out, 0, found->dbias[l]},
                                 {.name = NULL}})) {
        memcpy(below, dx, rows * in * sizeof *dx);
    }
}

/*
 * One forward and one backward pass. `after` (or NULL) is called when a layer's gradients are known, before the
 * gradient of its input, and may change the layer.
 */
typedef void after_layer(network *net, size_t layer, const gradients *found, void *context);

static void pass(network *net, size_t rows, const double *x, double *labels, const grade_choice *choice,
                 gradients *found, after_layer *after, void *context)
{
    activations act;
    double delta[MAX_ROWS * MAX_WIDTH];
    double below[MAX_ROWS * MAX_WIDTH];
    int layers = choice->level[PASS_LAYERS];
    memset(found, 0, sizeof *found);
    found->closest = forward(net, rows, x, choice, &act);
    found->loss = loss_gradient(act.a[net->layers], labels, rows, net->sizes[net->layers], choice, delta);
    for (size_t l = net->layers; l-- > 0;) {
        multiply_derivative(net, l, rows, choice, &act, delta);
        backward_layer(net, l, rows, choice, &act, delta, found, below);
        if ((layers == LAYERS_FIRST_MISSING && l == 0) || (layers == LAYERS_LAST_ONLY && l + 1 < net->layers)) {
            memset(found->dweight[l], 0, sizeof found->dweight[l]);
            memset(found->dbias[l], 0, sizeof found->dbias[l]);
        }
        if (after != NULL) {
            after(net, l, found, context);
            input_gradient(net, l, rows, delta, choice, below);
        }
        memcpy(delta, below, rows * net->sizes[l] * sizeof *below);
    }
}

/* --- drawing and reading a network -------------------------------------------------------------------------------- */

static void declare_network(const network *net, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    double *sizes = assay_grade_tensor1(&made->inputs, "sizes", net->layers + 1);
    assay_grade_integers(&made->inputs);
    for (size_t l = 0; l <= net->layers; l++) {
        sizes[l] = (double)net->sizes[l];
    }
    assay_grade_text(&made->inputs, "activation", hidden_names[net->hidden]);
    for (size_t l = 0; l < net->layers; l++) {
        assay_grade_tensor2(&made->inputs, assay_grade_numbered(name, "weight", l), net->sizes[l + 1], net->sizes[l]);
        assay_grade_tensor1(&made->inputs, assay_grade_numbered(name, "bias", l), net->sizes[l + 1]);
    }
}

static void draw_network(assay_mt19937 *random, grade_case *made)
{
    const grade_field *sizes = assay_grade_find(&made->inputs, "sizes");
    for (size_t i = 0; i < made->inputs.count; i++) {
        grade_field *field = &made->inputs.field[i];
        if (strncmp(field->name, "weight", 6) == 0) {
            assay_grade_normals(random, field->count, 1.5 / sqrt((double)field->shape[1]), field->values);
        } else if (strncmp(field->name, "bias", 4) == 0) {
            assay_grade_normals(random, field->count, 0.5, field->values);
        } else if (strcmp(field->name, "x") == 0) {
            assay_grade_normals(random, field->count, 1.0, field->values);
        } else if (strcmp(field->name, "labels") == 0) {
            for (size_t r = 0; r < field->count; r++) {
                field->values[r] = (double)assay_grade_index(random, (size_t)sizes->values[sizes->count - 1]);
            }
        }
    }
}

static void read_network(const grade_case *graded, network *net)
{
    char name[GRADE_NAME_LENGTH];
    memset(net, 0, sizeof *net);
    const grade_field *sizes = assay_grade_find(&graded->inputs, "sizes");
    net->layers = sizes->count - 1;
    for (size_t l = 0; l <= net->layers; l++) {
        net->sizes[l] = (size_t)sizes->values[l];
    }
    const char *hidden = assay_grade_find(&graded->inputs, "activation")->text;
    net->hidden = strcmp(hidden, "tanh") == 0 ? TANH : strcmp(hidden, "relu") == 0 ? RELU : LINEAR;
    for (size_t l = 0; l < net->layers; l++) {
        const grade_field *weight = assay_grade_find(&graded->inputs, assay_grade_numbered(name, "weight", l));
        memcpy(net->weight[l], weight->values, weight->count * sizeof *weight->values);
        const grade_field *bias = assay_grade_find(&graded->inputs, assay_grade_numbered(name, "bias", l));
        memcpy(net->bias[l], bias->values, bias->count * sizeof *bias->values);
    }
}

/* --- whole-network gradient --------------------------------------------------------------------------------------- */

/* Rows and classes are different primes, so that no average is taken for another. */
static const struct {
    const char *name;
    network net;
    size_t rows;
} gradient_cases[] = {
    {"tanh network", {.layers = 3, .sizes = {7, 6, 5, 7}, .hidden = TANH}, 11},
    {"ReLU network", {.layers = 3, .sizes = {6, 8, 6, 5}, .hidden = RELU}, 11},
    {"linear network", {.layers = 2, .sizes = {5, 4, 7}, .hidden = LINEAR}, 5},
    {"no hidden layer", {.layers = 1, .sizes = {4, 5}, .hidden = TANH}, 7},
    {"one row, two classes", {.layers = 2, .sizes = {3, 4, 2}, .hidden = TANH}, 1},
    {"layers of one unit", {.layers = 2, .sizes = {1, 1, 2}, .hidden = TANH}, 3},
    {"two layers, ReLU, two classes", {.layers = 2, .sizes = {5, 6, 2}, .hidden = RELU}, 7}, /* of other courses */
};

static void make_gradient(size_t index, assay_mt19937 *random, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    const network *shape = &gradient_cases[index].net;
    size_t rows = gradient_cases[index].rows;
    snprintf(made->name, sizeof made->name, "%s", gradient_cases[index].name);
    made->tolerance[GRADE_F32] = 5e-5;
    declare_network(shape, made);
    assay_grade_tensor2(&made->inputs, "x", rows, shape->sizes[0]);
    assay_grade_tensor1(&made->inputs, "labels", rows);
    assay_grade_integers(&made->inputs);
    assay_grade_tensor0(&made->outputs, "loss");
    for (size_t l = 0; l < shape->layers; l++) {
        assay_grade_tensor2(&made->outputs, assay_grade_numbered(name, "dweight", l), shape->sizes[l + 1],
                            shape->sizes[l]);
        assay_grade_tensor1(&made->outputs, assay_grade_numbered(name, "dbias", l), shape->sizes[l + 1]);
    }
    network net;
    gradients found;
    do {
        draw_network(random, made);
        read_network(made, &net);
        pass(&net, rows, assay_grade_values(&made->inputs, "x"), assay_grade_values(&made->inputs, "labels"),
             &GRADE_TUTORIAL, &found, NULL, NULL);
    } while (found.closest < KINK_MARGIN);
}

static void model_gradient(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    char name[GRADE_NAME_LENGTH];
    network net;
    gradients found;
    read_network(graded, &net);
    const grade_field *labels = assay_grade_find(&graded->inputs, "labels");
    pass(&net, labels->count, assay_grade_values(&graded->inputs, "x"), labels->values, choice, &found, NULL, NULL);
    assay_grade_values(outputs, "loss")[0] = found.loss;
    for (size_t l = 0; l < net.layers; l++) {
        const grade_field *dweight = assay_grade_find(outputs, assay_grade_numbered(name, "dweight", l));
        memcpy(dweight->values, found.dweight[l], dweight->count * sizeof(double));
        const grade_field *dbias = assay_grade_find(outputs, assay_grade_numbered(name, "dbias", l));
        memcpy(dbias->values, found.dbias[l], dbias->count * sizeof(double));
    }
}

static const grade_component *const gradient_parts[] = {&assay_grade_linear_forward,
                                                        &assay_grade_linear_backward,
                                                        &assay_grade_identity,
                                                        &assay_grade_identity_gradient,
                                                        &assay_grade_tanh,
                                                        &assay_grade_tanh_gradient,
                                                        &assay_grade_relu,
                                                        &assay_grade_relu_gradient,
                                                        &assay_grade_cross_entropy,
                                                        &assay_grade_cross_entropy_gradient,
                                                        NULL};

const grade_component assay_grade_network_gradient = {
    .name = "network_gradient",
    .title = "whole-network gradient",
    .case_count = sizeof gradient_cases / sizeof gradient_cases[0],
    .make = make_gradient,
    .model = model_gradient,
    GRADE_AXES(gradient_axes),
    .parts = gradient_parts,
};

/* --- a short training run ----------------------------------------------------------------------------------------- */

/* clang-format off */
enum { LOOP_BATCHES, LOOP_GRADIENT, LOOP_ORDER, LOOP_STATE, LOOP_WHAT, LOOP_MEAN, LOOP_BIAS, LOOP_AXES };
enum { BATCHES_FIRST = 1, BATCHES_UNORDERED, BATCHES_LABELS };
enum { GRADIENT_SUMMED = 1, GRADIENT_CLEARED_ONCE };
enum { ORDER_DURING = 1, ORDER_LOSS_AFTER, ORDER_STALE };
enum { STATE_NEW = 1 };
enum { WHAT_WEIGHTS = 1, WHAT_LAST_LAYER, WHAT_FIRST_LAYER, WHAT_BIASES, WHAT_NOTHING };
/* clang-format on */

static const char *const batch_ids[] = {
    [BATCHES_FIRST] = "training.first_batch_only",
    [BATCHES_UNORDERED] = "training.order_ignored",
    [BATCHES_LABELS] = "training.labels_not_shuffled",
};
static const char *const accumulation_ids[] = {
    [GRADIENT_SUMMED] = "training.gradient_accumulated",
    [GRADIENT_CLEARED_ONCE] = "training.gradient_cleared_every_other_step",
};
static const char *const order_ids[] = {
    [ORDER_DURING] = "training.updated_during_backward",
    [ORDER_LOSS_AFTER] = "training.loss_after_update",
    [ORDER_STALE] = "training.gradient_of_last_step",
};
static const char *const loop_state_ids[] = {[STATE_NEW] = "training.state_reset"};
static const char *const what_ids[] = {
    [WHAT_WEIGHTS] = "training.biases_fixed",         [WHAT_LAST_LAYER] = "training.last_layer_only",
    [WHAT_FIRST_LAYER] = "training.first_layer_only", [WHAT_BIASES] = "training.weights_fixed",
    [WHAT_NOTHING] = "training.nothing_updated",
};
static const char *const loop_mean_ids[] = {
    [MEAN_NONE] = "training.not_averaged",
    [MEAN_SUMMED] = "training.not_averaged",
    [MEAN_TWICE] = "training.averaged_twice",
    [MEAN_ELEMENTS] = "training.averaged_over_elements",
};
/* Levels of PASS_BIAS, in this order. */
enum { LOOP_BIAS_AVERAGED = 1, LOOP_BIAS_OVER_ALL, LOOP_BIAS_LAST_ROW };
static const char *const loop_bias_ids[] = {
    [LOOP_BIAS_AVERAGED] = "training.bias_gradient_averaged",
    [LOOP_BIAS_OVER_ALL] = "training.bias_gradient_over_all",
    [LOOP_BIAS_LAST_ROW] = "training.bias_gradient_last_row",
};

static const grade_axis training_axes[] = {
    [LOOP_BATCHES] = {GRADE_AXIS("batches", batch_ids)},
    [LOOP_GRADIENT] = {GRADE_AXIS("clearing of gradients", accumulation_ids)},
    [LOOP_ORDER] = {GRADE_AXIS("order of the steps", order_ids)},
    [LOOP_STATE] = {GRADE_AXIS("state", loop_state_ids)},
    [LOOP_WHAT] = {GRADE_AXIS("what is updated", what_ids)},
    [LOOP_MEAN] = {GRADE_AXIS("average over the batch", loop_mean_ids)},
    [LOOP_BIAS] = {GRADE_AXIS("bias", loop_bias_ids)},
};

typedef enum { SGD, MOMENTUM, ADAM } optimizer_kind;
static const char *const optimizer_names[] = {[SGD] = "sgd", [MOMENTUM] = "momentum", [ADAM] = "adam"};

/*
 * The batch has 5 rows, and there are 7 classes; 1 - beta1 is 0.29: no product of these and of the usual 2, 3, 6 and
 * sqrt 2 is another one (tests/test_grade.c).
 */
static const struct {
    const char *name;
    network net;
    optimizer_kind optimizer;
    double learning_rate;
} training_cases[] = {
    {"SGD, ReLU", {.layers = 3, .sizes = {6, 8, 5, 7}, .hidden = RELU}, SGD, 0.47},
    {"momentum, tanh", {.layers = 2, .sizes = {5, 6, 7}, .hidden = TANH}, MOMENTUM, 0.47},
    {"Adam, tanh", {.layers = 3, .sizes = {4, 6, 5, 7}, .hidden = TANH}, ADAM, 0.053},
};
enum { IMAGES = 12, BATCH = 5, STEPS = 6, TENSORS = 2 * MAX_LAYERS };

/* The training loop's own switches, its parts' switches, and the optimizer's state. */
typedef struct {
    optimizer_kind kind;
    grade_hyper hyper;
    size_t step;
    const grade_choice *choice;
    grade_choice rule; /* the optimizer's */
    gradients sum;     /* of gradients that are not cleared */
    gradients last;    /* of the step before */
    double state[TENSORS][GRADE_STATES][MAX_WIDTH * MAX_WIDTH];
} optimizer;

static void add_gradients(gradients *sum, const gradients *found)
{
    for (size_t l = 0; l < MAX_LAYERS; l++) {
        for (size_t i = 0; i < MAX_WIDTH * MAX_WIDTH; i++) {
            sum->dweight[l][i] += found->dweight[l][i];
        }
        for (size_t i = 0; i < MAX_WIDTH; i++) {
            sum->dbias[l][i] += found->dbias[l][i];
        }
    }
}

static bool is_updated(const optimizer *opt, const network *net, size_t l, bool bias)
{
    switch (opt->choice->level[LOOP_WHAT]) {
    case WHAT_WEIGHTS: return !bias;
    case WHAT_LAST_LAYER: return l + 1 == net->layers;
    case WHAT_FIRST_LAYER: return l == 0;
    case WHAT_BIASES: return bias;
    case WHAT_NOTHING: return false;
    default: return true;
    }
}

/* One step of the optimizer for the layers [first, end). */
static void update_layers(network *net, size_t first, size_t end, const gradients *found, optimizer *opt)
{
    grade_parameters tensors[TENSORS];
    size_t count = 0;
    for (size_t l = first; l < end; l++) {
        for (int bias = 0; bias < 2; bias++) {
            if (!is_updated(opt, net, l, bias == 1)) {
                continue;
            }
            grade_parameters *t = &tensors[count++];
            t->count = bias == 1 ? net->sizes[l + 1] : net->sizes[l] * net->sizes[l + 1];
            t->w = bias == 1 ? net->bias[l] : net->weight[l];
            t->g = bias == 1 ? found->dbias[l] : found->dweight[l];
            for (size_t s = 0; s < GRADE_STATES; s++) {
                t->state[s] = opt->state[2 * l + (size_t)bias][s];
            }
        }
    }
    static const grade_rule rules[] = {
        [SGD] = GRADE_RULE_SGD, [MOMENTUM] = GRADE_RULE_MOMENTUM, [ADAM] = GRADE_RULE_ADAM};
    assay_grade_optimizer_step(rules[opt->kind], &opt->hyper, &opt->rule, opt->step, count, tensors);
}

static void update_during(network *net, size_t l, const gradients *found, void *context)
{
    update_layers(net, l, l + 1, found, context);
}

/* What the optimizer is given after the backward pass of a step. */
static const gradients *used_gradients(optimizer *opt, const gradients *found)
{
    switch (opt->choice->level[LOOP_GRADIENT]) {
    case GRADIENT_SUMMED: add_gradients(&opt->sum, found); return &opt->sum;
    case GRADIENT_CLEARED_ONCE:
        if (opt->step % 2 == 1) {
            memset(&opt->sum, 0, sizeof opt->sum);
        }
        add_gradients(&opt->sum, found);
        return &opt->sum;
    default: return found;
    }
}

static void gather(const grade_case *graded, size_t step, const grade_choice *choice, double *x, double *labels)
{
    const grade_field *all = assay_grade_find(&graded->inputs, "x");
    const double *order = assay_grade_values(&graded->inputs, "order");
    const double *classes = assay_grade_values(&graded->inputs, "labels");
    size_t width = all->shape[1];
    int kind = choice->level[LOOP_BATCHES];
    for (size_t r = 0; r < BATCH; r++) {
        size_t at = (kind == BATCHES_FIRST ? 0 : step) * BATCH + r;
        size_t image = kind == BATCHES_UNORDERED ? at % IMAGES : (size_t)order[at];
        memcpy(x + r * width, all->values + image * width, width * sizeof *x);
        labels[r] = classes[kind == BATCHES_LABELS ? at % IMAGES : image];
    }
}

/* The switches of each pass: those of the loop that are a pass's own, and the parts'. */
static grade_choice pass_choice(const grade_choice *choice)
{
    static const unsigned char biases[] = {0, [LOOP_BIAS_AVERAGED] = BIAS_AVERAGED,
                                           [LOOP_BIAS_OVER_ALL] = BIAS_OVER_ALL, [LOOP_BIAS_LAST_ROW] = BIAS_LAST_ROW};
    grade_choice whole = assay_grade_part_choice(choice, &assay_grade_network_gradient);
    whole.upstream = choice->upstream;
    whole.level[PASS_MEAN] = choice->level[LOOP_MEAN] != 0 ? choice->level[LOOP_MEAN] : whole.level[PASS_MEAN];
    whole.level[PASS_BIAS] = choice->level[LOOP_BIAS] != 0 ? biases[choice->level[LOOP_BIAS]] : whole.level[PASS_BIAS];
    return whole;
}

static void begin_training(const grade_case *graded, const grade_choice *choice, optimizer *opt)
{
    static const grade_component *const rules[] = {
        [SGD] = &assay_grade_sgd, [MOMENTUM] = &assay_grade_momentum, [ADAM] = &assay_grade_adam};
    const char *rule = assay_grade_find(&graded->inputs, "optimizer")->text;
    memset(opt, 0, sizeof *opt);
    opt->kind = strcmp(rule, "adam") == 0 ? ADAM : strcmp(rule, "momentum") == 0 ? MOMENTUM : SGD;
    opt->hyper = (grade_hyper){.rate = assay_grade_number(&graded->inputs, "learning_rate"),
                               .beta1 = assay_grade_number(&graded->inputs, "beta1"),
                               .beta2 = assay_grade_number(&graded->inputs, "beta2"),
                               .epsilon = assay_grade_number(&graded->inputs, "epsilon")};
    opt->choice = choice;
    opt->rule = assay_grade_part_choice(choice, rules[opt->kind]);
}

static double train_step(const grade_case *graded, size_t s, network *net, const grade_choice *passes, optimizer *opt,
                         double *loss)
{
    double x[MAX_ROWS * MAX_WIDTH];
    double labels[MAX_ROWS];
    gradients found;
    gradients again;
    int order = opt->choice->level[LOOP_ORDER];
    gather(graded, s, opt->choice, x, labels);
    if (opt->choice->level[LOOP_STATE] == STATE_NEW) {
        memset(opt->state, 0, sizeof opt->state);
        opt->step = 0;
    }
    opt->step++;
    pass(net, BATCH, x, labels, passes, &found, order == ORDER_DURING ? update_during : NULL, opt);
    const gradients *used = used_gradients(opt, &found);
    if (order != ORDER_DURING) {
        update_layers(net, 0, net->layers, order == ORDER_STALE ? &opt->last : used, opt);
    }
    opt->last = found;
    *loss = found.loss;
    if (order == ORDER_LOSS_AFTER) {
        pass(net, BATCH, x, labels, passes, &again, NULL, NULL);
        *loss = again.loss;
    }
    return found.closest;
}

static double train(const grade_case *graded, const grade_choice *choice, network *net, double *losses)
{
    double closest = DBL_MAX;
    optimizer opt;
    grade_choice passes = pass_choice(choice);
    begin_training(graded, choice, &opt);
    for (size_t s = 0; s < STEPS; s++) {
        closest = fmin(closest, train_step(graded, s, net, &passes, &opt, &losses[s]));
    }
    return closest;
}

static void declare_training(size_t index, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    const network *shape = &training_cases[index].net;
    declare_network(shape, made);
    assay_grade_tensor2(&made->inputs, "x", IMAGES, shape->sizes[0]);
    assay_grade_tensor1(&made->inputs, "labels", IMAGES);
    assay_grade_integers(&made->inputs);
    assay_grade_tensor2(&made->inputs, "order", STEPS, BATCH);
    assay_grade_integers(&made->inputs);
    assay_grade_text(&made->inputs, "optimizer", optimizer_names[training_cases[index].optimizer]);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = (float)training_cases[index].learning_rate;
    assay_grade_tensor0(&made->inputs, "beta1")[0] = (float)0.71;
    assay_grade_tensor0(&made->inputs, "beta2")[0] = (float)0.937;
    assay_grade_tensor0(&made->inputs, "epsilon")[0] = 0.0078125;
    assay_grade_tensor1(&made->outputs, "losses", STEPS);
    for (size_t l = 0; l < shape->layers; l++) {
        assay_grade_tensor2(&made->outputs, assay_grade_numbered(name, "weight", l), shape->sizes[l + 1],
                            shape->sizes[l]);
        assay_grade_tensor1(&made->outputs, assay_grade_numbered(name, "bias", l), shape->sizes[l + 1]);
    }
}

static void make_training(size_t index, assay_mt19937 *random, grade_case *made)
{
    network net;
    double losses[STEPS];
    snprintf(made->name, sizeof made->name, "%s", training_cases[index].name);
    /* Six steps amplify float32 rounding; the nearest mistake is three orders of magnitude away. */
    made->tolerance[GRADE_F64] = 1e-8;
    made->tolerance[GRADE_F32] = 1e-3;
    declare_training(index, made);
    double *order = assay_grade_values(&made->inputs, "order");
    for (size_t i = 0; i < STEPS * BATCH; i++) {
        order[i] = (double)assay_grade_index(random, IMAGES);
    }
    do {
        draw_network(random, made);
        read_network(made, &net);
    } while (train(made, &GRADE_TUTORIAL, &net, losses) < KINK_MARGIN);
}

static void model_training(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    char name[GRADE_NAME_LENGTH];
    network net;
    read_network(graded, &net);
    train(graded, choice, &net, assay_grade_values(outputs, "losses"));
    for (size_t l = 0; l < net.layers; l++) {
        const grade_field *weight = assay_grade_find(outputs, assay_grade_numbered(name, "weight", l));
        memcpy(weight->values, net.weight[l], weight->count * sizeof(double));
        const grade_field *bias = assay_grade_find(outputs, assay_grade_numbered(name, "bias", l));
        memcpy(bias->values, net.bias[l], bias->count * sizeof(double));
    }
}

static const grade_component *const training_parts[] = {&assay_grade_linear_forward,
                                                        &assay_grade_linear_backward,
                                                        &assay_grade_tanh,
                                                        &assay_grade_tanh_gradient,
                                                        &assay_grade_relu,
                                                        &assay_grade_relu_gradient,
                                                        &assay_grade_cross_entropy,
                                                        &assay_grade_cross_entropy_gradient,
                                                        &assay_grade_sgd,
                                                        &assay_grade_momentum,
                                                        &assay_grade_adam,
                                                        &assay_grade_network_gradient,
                                                        NULL};

const grade_component assay_grade_training = {
    .name = "training",
    .title = "a short training run",
    .case_count = sizeof training_cases / sizeof training_cases[0],
    .make = make_training,
    .model = model_training,
    GRADE_AXES(training_axes),
    .parts = training_parts,
};
