/*
 * The whole network: linear layers with one activation between them, softmax cross-entropy, and all gradients.
 * x: [rows][s_0], weight l: [s_l+1][s_l], bias l: [s_l+1].
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"
#include "grade/network.h"


static const char *const hidden_names[] = {[LINEAR] = "identity", [TANH] = "tanh", [RELU] = "relu"};


/* --- the switches of one pass ------------------------------------------------------------------------------------- */


static const char *const place_ids[] = {
    [PLACE_OUTPUT] = "network_gradient.activation_on_output",
    [PLACE_NONE] = "network_gradient.activation_missing",
};
static const char *const kind_ids[] = {
    [KIND_TANH] = "network_gradient.activation_always_tanh",
    [KIND_RELU] = "network_gradient.activation_always_relu",
    [KIND_SIGMOID] = "network_gradient.activation_always_sigmoid",
    [KIND_TANH_FOR_IDENTITY] = "network_gradient.tanh_for_identity",
    [KIND_RELU_FOR_IDENTITY] = "network_gradient.relu_for_identity",
};
static const char *const derivative_ids[] = {
    [DERIVATIVE_MISSING] = "network_gradient.derivative_missing",
    [DERIVATIVE_PREACTIVATION] = "network_gradient.derivative_on_preactivation",
    [DERIVATIVE_OF_OUTPUT] = "network_gradient.preactivation_overwritten",
    [DERIVATIVE_TANH] = "network_gradient.derivative_always_tanh",
    [DERIVATIVE_RELU] = "network_gradient.derivative_always_relu",
    [DERIVATIVE_SIGMOID] = "network_gradient.derivative_always_sigmoid",
    [DERIVATIVE_LAST_LAYER] = "network_gradient.derivative_in_last_layer",
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
    [BIAS_FIRST_ROW] = "network_gradient.bias_gradient_first_row",
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
    [WEIGHT_AVERAGED] = "network_gradient.weight_gradient_averaged",
};
static const char *const delta_ids[] = {
    [DELTA_SIGN] = "network_gradient.sign",
    [DELTA_LABEL] = "network_gradient.label_missing",
    [DELTA_SOFTMAX] = "network_gradient.softmax_derivative_again",
    [DELTA_LOGITS] = "network_gradient.softmax_missing",
    [DELTA_SOFTMAX_TWICE] = "network_gradient.softmax_twice",
    [DELTA_SOFTMAX_TWICE_SKIPPED] = "network_gradient.softmax_twice", /* without the derivative of the first */
};
static const char *const loss_ids[] = {
    [LOSS_SIGN] = "network_gradient.loss_sign",
    [LOSS_SUMMED] = "network_gradient.loss_summed",
    [LOSS_ELEMENTS] = "network_gradient.loss_averaged_over_elements",
};
static const char *const decay_ids[] = {
    [DECAY_OF_GRADIENT] = "network_gradient.weight_decay",
    [DECAY_WITH_LOSS] = "network_gradient.weight_decay",
};
static const char *const order_ids[] = {NULL, "network_gradient.weight_order"};
static const grade_free decay_free[] = {{DECAY_OF_GRADIENT, 1e-5, 2.0}, {DECAY_WITH_LOSS, 1e-5, 2.0}};

static const grade_axis gradient_axes[] = {
    [PASS_PLACE] = {GRADE_AXIS("place of the activation", place_ids)},
    [PASS_KIND] = {GRADE_AXIS("kind of the activation", kind_ids)},
    [PASS_DERIVATIVE] = {GRADE_AXIS("derivative of the activation", derivative_ids)},
    [PASS_MEAN] = {GRADE_AXIS("average over the batch", mean_ids)},
    [PASS_BIAS] = {GRADE_AXIS("bias", bias_ids)},
    [PASS_LAYERS] = {GRADE_AXIS("layers", layer_ids)},
    [PASS_INPUT] = {GRADE_AXIS("input of a layer", input_ids)},
    [PASS_WEIGHT] = {GRADE_AXIS("weight", weight_ids)},
    [PASS_DELTA] = {GRADE_AXIS("gradient of the loss", delta_ids)},
    [PASS_LOSS] = {GRADE_AXIS("loss", loss_ids)},
    [PASS_DECAY] = {GRADE_AXIS("decay", decay_ids), GRADE_FREE(decay_free)},
    [PASS_ORDER] = {GRADE_AXIS("order of the weights", order_ids), .convention = true},
};

/* --- parts with mistakes of their own ----------------------------------------------------------------------------- */

enum { PART_NUMBERS = 512 }; /* at most in the inputs, and in the outputs */

/* A tensor on its way into or out of a part; n1 is 0 for a vector, and both are 0 for a number. */
typedef struct {
    const char *name;
    size_t n0, n1;
    double *values;
} part_tensor;

static void begin_fields(grade_fields *fields, double pool[PART_NUMBERS])
{
    fields->count = 0;
    fields->used = 0;
    fields->capacity = PART_NUMBERS;
    fields->pool = pool;
}

static void add_part_tensor(grade_fields *fields, const part_tensor *tensor, bool copy)
{
    double *values = tensor->n0 == 0   ? assay_grade_tensor0(fields, tensor->name)
                     : tensor->n1 == 0 ? assay_grade_tensor1(fields, tensor->name, tensor->n0)
                                       : assay_grade_tensor2(fields, tensor->name, tensor->n0, tensor->n1);
    size_t bytes = fields->field[fields->count - 1].count * sizeof(double);
    if (copy) {
        memcpy(values, tensor->values, bytes);
    } else {
        memset(values, 0, bytes);
    }
}

/*
 * Runs a part as its own model does it, with what was found in it. False where nothing was found: the caller then
 * computes it in the usual way. Both lists end with a NULL name.
 */
static bool run_part(const grade_component *part, const grade_choice *whole, const part_tensor *inputs,
                     const part_tensor *outputs)
{
    double input_pool[PART_NUMBERS];
    double output_pool[PART_NUMBERS];
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
    grade_case graded; /* large: only what is used is set */
    graded.component = part;
    begin_fields(&graded.inputs, input_pool);
    begin_fields(&graded.outputs, output_pool);
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
    switch (kind) {
    case TANH: return tanh(z);
    case RELU: return z > 0.0 ? z : 0.0;
    case SIGMOID: return 1.0 / (1.0 + exp(-z));
    default: return z;
    }
}

/* The activation that the network has, and by mistake another one. */
static hidden_kind used_kind(const network *net, const grade_choice *choice)
{
    switch (choice->level[PASS_KIND]) {
    case KIND_TANH: return TANH;
    case KIND_RELU: return RELU;
    case KIND_SIGMOID: return SIGMOID;
    case KIND_TANH_FOR_IDENTITY: return net->hidden == LINEAR ? TANH : net->hidden;
    case KIND_RELU_FOR_IDENTITY: return net->hidden == LINEAR ? RELU : net->hidden;
    default: return net->hidden;
    }
}

/* The activation that follows layer l. */
static hidden_kind activation_after(const network *net, size_t l, const grade_choice *choice)
{
    bool last = l + 1 == net->layers;
    int place = choice->level[PASS_PLACE];
    return place == PLACE_NONE || (last && place != PLACE_OUTPUT) ? LINEAR : used_kind(net, choice);
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
    bool done = kind != SIGMOID && (kind != LINEAR || net->hidden == LINEAR) && l + 1 < net->layers &&
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

static double softmax(size_t classes, const double *y, double *p)
{
    double most = y[0];
    double sum = 0.0;
    for (size_t j = 1; j < classes; j++) {
        most = fmax(most, y[j]);
    }
    for (size_t j = 0; j < classes; j++) {
        p[j] = exp(y[j] - most);
        sum += p[j];
    }
    for (size_t j = 0; j < classes; j++) {
        p[j] /= sum;
    }
    return most + log(sum);
}

/* The gradient of a function of p, as one of p's logits. */
static void through_softmax(size_t classes, const double *p, double *delta)
{
    double inner = 0.0;
    for (size_t j = 0; j < classes; j++) {
        inner += p[j] * delta[j];
    }
    for (size_t j = 0; j < classes; j++) {
        delta[j] = p[j] * (delta[j] - inner);
    }
}

/* -log p of the row's label; delta = p - onehot. */
static double row_loss(const double *logits, size_t classes, size_t label, const grade_choice *choice, double *delta)
{
    double first[MAX_WIDTH] = {0};
    double p[MAX_WIDTH];
    int kind = choice->level[PASS_DELTA];
    bool twice = kind == DELTA_SOFTMAX_TWICE || kind == DELTA_SOFTMAX_TWICE_SKIPPED;
    softmax(classes, logits, first);
    const double *y = twice ? first : logits;
    double log_sum = softmax(classes, y, p);
    for (size_t j = 0; j < classes; j++) {
        delta[j] = kind == DELTA_LOGITS ? logits[j] : p[j];
        delta[j] -= j == label && kind != DELTA_LABEL ? 1.0 : 0.0;
        delta[j] *= kind == DELTA_SIGN ? -1.0 : kind == DELTA_SOFTMAX ? p[j] * (1.0 - p[j]) : 1.0;
    }
    if (kind == DELTA_SOFTMAX_TWICE) {
        through_softmax(classes, first, delta);
    }
    return log_sum - y[label]; /* not -log p: in a run that diverges p underflows */
}

/* What the rows' gradients are divided by. */
static double mean_divisor(const network_batch *batch, size_t classes, const grade_choice *choice)
{
    switch (choice->level[PASS_MEAN]) {
    case MEAN_NONE:
    case MEAN_SUMMED: return 1.0;
    case MEAN_TWICE: return batch->gradient_divisor * batch->gradient_divisor;
    case MEAN_ELEMENTS: return batch->gradient_divisor * (double)classes;
    default: return batch->gradient_divisor;
    }
}

/* What the sum of the rows' losses becomes. */
static double batch_loss(double total, double divisor, size_t classes, const grade_choice *choice)
{
    switch (choice->level[PASS_LOSS]) {
    case LOSS_SUMMED: return total;
    case LOSS_ELEMENTS: return total / (divisor * (double)classes);
    case LOSS_SIGN: return -total / divisor;
    default: return choice->level[PASS_MEAN] == MEAN_SUMMED ? total : total / divisor;
    }
}

/* The loss of a part of its own: its mean becomes what the batch's loss becomes. */
static void part_loss(const network_batch *batch, double *y, size_t classes, const grade_choice *choice, double *loss,
                      double *delta)
{
    size_t rows = batch->rows;
    double mean;
    const part_tensor inputs[] = {{"logits", rows, classes, y}, {"labels", rows, 0, batch->labels}, {.name = NULL}};
    if (run_part(&assay_grade_cross_entropy, choice, inputs, (part_tensor[]){{"loss", 0, 0, &mean}, {.name = NULL}})) {
        *loss = batch_loss(mean * (double)rows, batch->loss_divisor, classes, choice);
    }
    if (run_part(&assay_grade_cross_entropy_gradient, choice, inputs,
                 (part_tensor[]){{"dlogits", rows, classes, delta}, {.name = NULL}})) {
        double factor = (double)rows / mean_divisor(batch, classes, choice);
        for (size_t i = 0; i < rows * classes; i++) {
            delta[i] *= factor;
        }
    }
}

/* loss = mean over r of log sum e^y - y_label; delta = (softmax(y) - onehot) / rows */
static double loss_gradient(const network_batch *batch, double *y, size_t classes, const grade_choice *choice,
                            double *delta)
{
    double total = 0.0;
    double divisor = mean_divisor(batch, classes, choice);
    for (size_t r = 0; r < batch->rows; r++) {
        total += row_loss(y + r * classes, classes, (size_t)batch->labels[r], choice, delta + r * classes);
    }
    for (size_t i = 0; i < batch->rows * classes; i++) {
        delta[i] /= divisor;
    }
    double loss = batch_loss(total, batch->loss_divisor, classes, choice);
    part_loss(batch, y, classes, choice, &loss, delta);
    return loss;
}

/* Weight decay: half the sum of all squared weights, and its gradient. */
static double add_decay(const network *net, const grade_choice *choice, gradients *found)
{
    double lambda = choice->level[PASS_DECAY] == 0 ? 0.0 : choice->parameter;
    double squares = 0.0;
    for (size_t l = 0; l < net->layers && lambda != 0.0; l++) {
        for (size_t i = 0; i < net->sizes[l] * net->sizes[l + 1]; i++) {
            squares += net->weight[l][i] * net->weight[l][i];
            found->dweight[l][i] += lambda * net->weight[l][i];
        }
    }
    return choice->level[PASS_DECAY] == DECAY_WITH_LOSS ? 0.5 * lambda * squares : 0.0;
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* f'(z) of the activation that the code takes it for. */
static double derivative(hidden_kind kind, double z, const grade_choice *choice)
{
    double y = activate(kind, z);
    switch (choice->level[PASS_DERIVATIVE]) {
    case DERIVATIVE_MISSING: return 1.0;
    case DERIVATIVE_PREACTIVATION: y = z; break;
    case DERIVATIVE_OF_OUTPUT: y = activate(kind, y); break;
    case DERIVATIVE_TANH: kind = TANH; break;
    case DERIVATIVE_RELU: kind = RELU; break;
    case DERIVATIVE_SIGMOID: kind = SIGMOID; break;
    default: break;
    }
    switch (kind) {
    case TANH: return 1.0 - y * y;
    case RELU: return z > 0.0 ? 1.0 : 0.0;
    case SIGMOID: return y * (1.0 - y);
    default: return 1.0;
    }
}

static void multiply_derivative(network *net, size_t l, size_t rows, const grade_choice *choice, activations *act,
                                double *delta)
{
    size_t count = rows * net->sizes[l + 1];
    hidden_kind kind = activation_after(net, l, choice);
    const part_tensor inputs[] = {{"x", count, 0, act->z[l + 1]}, {"dy", count, 0, delta}, {.name = NULL}};
    if (choice->level[PASS_DERIVATIVE] == 0 && l + 1 < net->layers && kind == net->hidden && kind != SIGMOID &&
        run_part(activation_part(kind, true), choice, inputs,
                 (part_tensor[]){{"dx", count, 0, delta}, {.name = NULL}})) {
        return;
    }
    bool last = l + 1 == net->layers && kind == LINEAR;
    if (last && choice->level[PASS_DERIVATIVE] == DERIVATIVE_LAST_LAYER) {
        kind = used_kind(net, choice);
    } else if (last) {
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
        dbias[j] = mistake == BIAS_MISSING     ? 0.0
                   : mistake == BIAS_AVERAGED  ? sum / (double)rows
                   : mistake == BIAS_OVER_ALL  ? all
                   : mistake == BIAS_LAST_ROW  ? dz[(rows - 1) * out + j]
                   : mistake == BIAS_FIRST_ROW ? dz[j]
                                               : sum;
    }
}

static void weight_gradient(size_t rows, size_t in, size_t out, const double *input, const double *dz,
                            const grade_choice *choice, double *dweight)
{
    int mistake = choice->level[PASS_WEIGHT];
    for (size_t j = 0; j < out; j++) {
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (size_t r = 0; r < rows; r++) {
                sum += dz[r * out + j] * input[r * in + k];
            }
            sum /= mistake == WEIGHT_AVERAGED ? (double)rows : 1.0;
            dweight[mistake == WEIGHT_TRANSPOSED ? k * out + j : j * in + k] = sum;
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

/* The matrix [columns][rows] in the memory of one that is [rows][columns]. */
static void transpose(size_t rows, size_t columns, double *values)
{
    double old[MAX_WIDTH * MAX_WIDTH];
    memcpy(old, values, rows * columns * sizeof *values);
    for (size_t r = 0; r < rows; r++) {
        for (size_t c = 0; c < columns; c++) {
            values[c * rows + r] = old[r * columns + c];
        }
    }
}

/* A pass of code that has all weights as [in][out]: it is given, and gives, the same memory. */
static void pass_in_out(const network *net, const network_batch *batch, const grade_choice *choice, gradients *found)
{
    network read = *net;
    grade_choice usual = *choice;
    usual.level[PASS_ORDER] = 0;
    for (size_t l = 0; l < net->layers; l++) {
        transpose(net->sizes[l], net->sizes[l + 1], read.weight[l]);
    }
    assay_grade_network_pass(&read, batch, &usual, found, NULL, NULL);
    for (size_t l = 0; l < net->layers; l++) {
        transpose(net->sizes[l + 1], net->sizes[l], found->dweight[l]);
    }
}

void assay_grade_network_pass(network *net, const network_batch *batch, const grade_choice *choice, gradients *found,
                              after_layer *after, void *context)
{
    activations act;
    double delta[MAX_ROWS * MAX_WIDTH];
    double below[MAX_ROWS * MAX_WIDTH];
    size_t rows = batch->rows;
    int layers = choice->level[PASS_LAYERS];
    if (choice->level[PASS_ORDER] != 0 && after == NULL) {
        pass_in_out(net, batch, choice, found);
        return;
    }
    memset(found, 0, sizeof *found);
    found->closest = forward(net, rows, batch->x, choice, &act);
    found->loss = loss_gradient(batch, act.a[net->layers], net->sizes[net->layers], choice, delta);
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
    found->loss += add_decay(net, choice, found);
}

static hidden_kind given_kind(const grade_case *graded)
{
    const char *hidden = assay_grade_find(&graded->inputs, "activation")->text;
    return strcmp(hidden, "tanh") == 0 ? TANH : strcmp(hidden, "relu") == 0 ? RELU : LINEAR;
}

bool assay_grade_network_uses(const grade_case *graded, const grade_choice *choice, const grade_component *part)
{
    static const hidden_kind kinds[] = {LINEAR, TANH, RELU};
    const network net = {.hidden = given_kind(graded)};
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (part == activation_part(kinds[k], false) || part == activation_part(kinds[k], true)) {
            return kinds[k] == used_kind(&net, choice);
        }
    }
    return true;
}

/* --- drawing and reading a network -------------------------------------------------------------------------------- */

void assay_grade_network_declare(const network *net, grade_case *made)
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

void assay_grade_network_draw(assay_mt19937 *random, grade_case *made)
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

void assay_grade_network_read(const grade_case *graded, network *net)
{
    char name[GRADE_NAME_LENGTH];
    memset(net, 0, sizeof *net);
    const grade_field *sizes = assay_grade_find(&graded->inputs, "sizes");
    net->layers = sizes->count - 1;
    for (size_t l = 0; l <= net->layers; l++) {
        net->sizes[l] = (size_t)sizes->values[l];
    }
    net->hidden = given_kind(graded);
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

static void run_gradient(const grade_case *graded, network *net, const grade_choice *choice, gradients *found)
{
    const grade_field *labels = assay_grade_find(&graded->inputs, "labels");
    const network_batch batch = {.rows = labels->count,
                                 .x = assay_grade_values(&graded->inputs, "x"),
                                 .labels = labels->values,
                                 .loss_divisor = (double)labels->count,
                                 .gradient_divisor = (double)labels->count};
    assay_grade_network_pass(net, &batch, choice, found, NULL, NULL);
}

static void make_gradient(size_t index, assay_mt19937 *random, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    const network *shape = &gradient_cases[index].net;
    size_t rows = gradient_cases[index].rows;
    snprintf(made->name, sizeof made->name, "%s", gradient_cases[index].name);
    made->tolerance[GRADE_F32] = 5e-5;
    assay_grade_network_declare(shape, made);
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
        assay_grade_network_draw(random, made);
        assay_grade_network_read(made, &net);
        run_gradient(made, &net, &GRADE_TUTORIAL, &found);
    } while (found.closest < KINK_MARGIN);
}

static void model_gradient(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    char name[GRADE_NAME_LENGTH];
    network net;
    gradients found;
    assay_grade_network_read(graded, &net);
    run_gradient(graded, &net, choice, &found);
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
    .uses = assay_grade_network_uses,
};
