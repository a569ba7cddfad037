/*
 * The whole network: linear layers with one activation between them, softmax cross-entropy, and all gradients; then a
 * few training steps. x: [rows][s_0], weight l: [s_l+1][s_l], bias l: [s_l+1].
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"

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

/* The mistakes of one pass, and those of a training loop below. */
enum {
    PASS_OUTPUT_ACTIVATION = 1,
    PASS_DERIVATIVE_MISSING,
    PASS_DERIVATIVE_PREACTIVATION,
    PASS_DERIVATIVE_OF_OUTPUT,
    PASS_NOT_AVERAGED,
    PASS_SUMMED,
    PASS_AVERAGED_TWICE,
    PASS_DBIAS_MISSING,
    PASS_BIAS_IGNORED,
    PASS_FIRST_LAYER,
    PASS_ACTIVATION_MISSING,
    PASS_PREACTIVATION_INPUT,
    PASS_TRANSPOSED,
    PASS_MISTAKES
};

static const char *const gradient_mistakes[] = {
    [PASS_OUTPUT_ACTIVATION] = "network_gradient.activation_on_output",
    [PASS_DERIVATIVE_MISSING] = "network_gradient.derivative_missing",
    [PASS_DERIVATIVE_PREACTIVATION] = "network_gradient.derivative_on_preactivation",
    [PASS_DERIVATIVE_OF_OUTPUT] = "network_gradient.preactivation_overwritten",
    [PASS_NOT_AVERAGED] = "network_gradient.not_averaged",
    [PASS_SUMMED] = "network_gradient.not_averaged",
    [PASS_AVERAGED_TWICE] = "network_gradient.averaged_twice",
    [PASS_DBIAS_MISSING] = "network_gradient.bias_gradient_missing",
    [PASS_BIAS_IGNORED] = "network_gradient.bias_ignored",
    [PASS_FIRST_LAYER] = "network_gradient.first_layer_missing",
    [PASS_ACTIVATION_MISSING] = "network_gradient.activation_missing",
    [PASS_PREACTIVATION_INPUT] = "network_gradient.input_before_activation",
    [PASS_TRANSPOSED] = "network_gradient.weight_gradient_transposed",
};

static double activate(hidden_kind kind, double z)
{
    return kind == TANH ? tanh(z) : kind == RELU ? (z > 0.0 ? z : 0.0) : z;
}

/* f'(z), with the two ways to get it wrong. */
static double derivative(hidden_kind kind, double z, int mistake)
{
    double y = activate(kind, z);
    if (kind == LINEAR || mistake == PASS_DERIVATIVE_MISSING) {
        return 1.0;
    }
    if (kind == RELU) {
        return z > 0.0 ? 1.0 : 0.0;
    }
    y = mistake == PASS_DERIVATIVE_PREACTIVATION ? z : mistake == PASS_DERIVATIVE_OF_OUTPUT ? tanh(y) : y;
    return 1.0 - y * y;
}

/* The activation that follows layer l. */
static hidden_kind activation_after(const network *net, size_t l, int mistake)
{
    bool last = l + 1 == net->layers;
    if (mistake == PASS_ACTIVATION_MISSING || (last && mistake != PASS_OUTPUT_ACTIVATION)) {
        return LINEAR;
    }
    return net->hidden;
}

typedef struct {
    double z[MAX_LAYERS + 1][MAX_ROWS * MAX_WIDTH]; /* z[l + 1]: what layer l gives; z[0]: the input */
    double a[MAX_LAYERS + 1][MAX_ROWS * MAX_WIDTH]; /* after the activation */
} activations;

static double forward(const network *net, size_t rows, const double *x, int mistake, activations *act)
{
    double closest = DBL_MAX;
    memcpy(act->z[0], x, rows * net->sizes[0] * sizeof *x);
    memcpy(act->a[0], x, rows * net->sizes[0] * sizeof *x);
    for (size_t l = 0; l < net->layers; l++) {
        size_t in = net->sizes[l];
        size_t out = net->sizes[l + 1];
        hidden_kind kind = activation_after(net, l, mistake);
        for (size_t r = 0; r < rows; r++) {
            for (size_t j = 0; j < out; j++) {
                double z = mistake == PASS_BIAS_IGNORED ? 0.0 : net->bias[l][j];
                for (size_t k = 0; k < in; k++) {
                    z += act->a[l][r * in + k] * net->weight[l][j * in + k];
                }
                act->z[l + 1][r * out + j] = z;
                act->a[l + 1][r * out + j] = activate(kind, z);
                closest = kind == RELU && fabs(z) < closest ? fabs(z) : closest;
            }
        }
    }
    return closest;
}

/* loss = mean over r of log sum e^y - y_label; delta = (softmax(y) - onehot) / rows */
static double loss_gradient(const double *y, const double *labels, size_t rows, size_t classes, int mistake,
                            double *delta)
{
    double n = (double)rows;
    double total = 0.0;
    double divisor = mistake == PASS_NOT_AVERAGED || mistake == PASS_SUMMED ? 1.0 : n;
    divisor *= mistake == PASS_AVERAGED_TWICE ? n : 1.0;
    for (size_t r = 0; r < rows; r++) {
        size_t label = (size_t)labels[r];
        double most = y[r * classes];
        double sum = 0.0;
        for (size_t j = 1; j < classes; j++) {
            most = fmax(most, y[r * classes + j]);
        }
        for (size_t j = 0; j < classes; j++) {
            sum += exp(y[r * classes + j] - most);
        }
        for (size_t j = 0; j < classes; j++) {
            double p = exp(y[r * classes + j] - most) / sum;
            delta[r * classes + j] = (p - (j == label ? 1.0 : 0.0)) / divisor;
        }
        total += log(sum) - (y[r * classes + label] - most);
    }
    return mistake == PASS_SUMMED ? total : total / n;
}

static void layer_gradients(size_t rows, size_t in, size_t out, const double *input, const double *dz, int mistake,
                            double *dweight, double *dbias)
{
    for (size_t j = 0; j < out; j++) {
        dbias[j] = 0.0;
        for (size_t r = 0; r < rows && mistake != PASS_DBIAS_MISSING; r++) {
            dbias[j] += dz[r * out + j];
        }
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (size_t r = 0; r < rows; r++) {
                sum += dz[r * out + j] * input[r * in + k];
            }
            dweight[mistake == PASS_TRANSPOSED ? k * out + j : j * in + k] = sum;
        }
    }
}

/* dx = dz W, with the weights of `net`. */
static void input_gradient(const network *net, size_t l, size_t rows, const double *dz, double *dx)
{
    size_t in = net->sizes[l];
    size_t out = net->sizes[l + 1];
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < in; k++) {
            double sum = 0.0;
            for (size_t j = 0; j < out; j++) {
                sum += dz[r * out + j] * net->weight[l][j * in + k];
            }
            dx[r * in + k] = sum;
        }
    }
}

/*
 * One forward and one backward pass. `after` (or NULL) is called when a layer's gradients are known, and may change
 * it.
 */
typedef void after_layer(network *net, size_t layer, const gradients *found, void *context);

static void pass(network *net, size_t rows, const double *x, const double *labels, int mistake, gradients *found,
                 after_layer *after, void *context)
{
    activations act;
    double delta[MAX_ROWS * MAX_WIDTH];
    double below[MAX_ROWS * MAX_WIDTH];
    memset(found, 0, sizeof *found);
    found->closest = forward(net, rows, x, mistake, &act);
    found->loss = loss_gradient(act.a[net->layers], labels, rows, net->sizes[net->layers], mistake, delta);
    for (size_t l = net->layers; l-- > 0;) {
        size_t out = net->sizes[l + 1];
        hidden_kind kind = activation_after(net, l, mistake);
        for (size_t i = 0; i < rows * out; i++) {
            delta[i] *= derivative(kind, act.z[l + 1][i], mistake);
        }
        if (l > 0 || mistake != PASS_FIRST_LAYER) {
            layer_gradients(rows, net->sizes[l], out, mistake == PASS_PREACTIVATION_INPUT ? act.z[l] : act.a[l], delta,
                            mistake, found->dweight[l], found->dbias[l]);
        }
        if (after != NULL) {
            after(net, l, found, context);
        }
        if (l > 0) {
            input_gradient(net, l, rows, delta, below);
            memcpy(delta, below, rows * net->sizes[l] * sizeof *below);
        }
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

static const struct {
    const char *name;
    network net;
    size_t rows;
} gradient_cases[] = {
    {"tanh network", {.layers = 3, .sizes = {7, 6, 5, 4}, .hidden = TANH}, 9},
    {"ReLU network", {.layers = 3, .sizes = {6, 8, 5, 3}, .hidden = RELU}, 11},
    {"linear network", {.layers = 2, .sizes = {5, 4, 3}, .hidden = LINEAR}, 6},
    {"no hidden layer", {.layers = 1, .sizes = {5, 4}, .hidden = TANH}, 7},
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
        pass(&net, rows, assay_grade_values(&made->inputs, "x"), assay_grade_values(&made->inputs, "labels"), 0, &found,
             NULL, NULL);
    } while (found.closest < KINK_MARGIN);
}

static void model_gradient(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    char name[GRADE_NAME_LENGTH];
    network net;
    gradients found;
    read_network(graded, &net);
    const grade_field *labels = assay_grade_find(&graded->inputs, "labels");
    pass(&net, labels->count, assay_grade_values(&graded->inputs, "x"), labels->values, mistake, &found, NULL, NULL);
    assay_grade_values(outputs, "loss")[0] = found.loss;
    for (size_t l = 0; l < net.layers; l++) {
        const grade_field *dweight = assay_grade_find(outputs, assay_grade_numbered(name, "dweight", l));
        memcpy(dweight->values, found.dweight[l], dweight->count * sizeof(double));
        const grade_field *dbias = assay_grade_find(outputs, assay_grade_numbered(name, "dbias", l));
        memcpy(dbias->values, found.dbias[l], dbias->count * sizeof(double));
    }
}

const grade_component assay_grade_network_gradient = {
    .name = "network_gradient",
    .title = "whole-network gradient",
    .case_count = sizeof gradient_cases / sizeof gradient_cases[0],
    .make = make_gradient,
    .model = model_gradient,
    GRADE_MISTAKES(gradient_mistakes),
};

/* --- a short training run ----------------------------------------------------------------------------------------- */

enum {
    TRAINING_ACCUMULATED = PASS_MISTAKES,
    TRAINING_LOSS_AFTER,
    TRAINING_FIRST_BATCH,
    TRAINING_ORDER_IGNORED,
    TRAINING_STATE_RESET,
    TRAINING_DURING_BACKWARD,
    TRAINING_BIASES_FIXED,
    TRAINING_LAST_LAYER
};

/* A training run makes these mistakes of a pass too; what else goes wrong in a pass has its own component. */
static const int training_mistake_of[] = {
    0,
    TRAINING_ACCUMULATED,
    TRAINING_LOSS_AFTER,
    TRAINING_FIRST_BATCH,
    TRAINING_ORDER_IGNORED,
    TRAINING_STATE_RESET,
    TRAINING_DURING_BACKWARD,
    TRAINING_BIASES_FIXED,
    TRAINING_LAST_LAYER,
    PASS_NOT_AVERAGED,
    PASS_SUMMED,
    PASS_AVERAGED_TWICE,
};

static const char *const training_mistakes[] = {
    NULL,
    "training.gradient_accumulated",
    "training.loss_after_update",
    "training.first_batch_only",
    "training.order_ignored",
    "training.state_reset",
    "training.updated_during_backward",
    "training.biases_fixed",
    "training.last_layer_only",
    "training.not_averaged",
    "training.not_averaged",
    "training.averaged_twice",
};

typedef enum { SGD, MOMENTUM, ADAM } optimizer_kind;
static const char *const optimizer_names[] = {[SGD] = "sgd", [MOMENTUM] = "momentum", [ADAM] = "adam"};

static const struct {
    const char *name;
    network net;
    optimizer_kind optimizer;
    double learning_rate;
} training_cases[] = {
    {"SGD, ReLU", {.layers = 3, .sizes = {6, 8, 5, 3}, .hidden = RELU}, SGD, 0.5},
    {"momentum, tanh", {.layers = 2, .sizes = {5, 7, 4}, .hidden = TANH}, MOMENTUM, 0.5},
    {"Adam, tanh", {.layers = 3, .sizes = {4, 6, 5, 3}, .hidden = TANH}, ADAM, 0.05},
};
enum { IMAGES = 12, BATCH = 4, STEPS = 6 };

typedef struct {
    optimizer_kind kind;
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    size_t step;
    int mistake;
    gradients sum; /* for gradients that are never cleared */
    gradients m;
    gradients v;
} optimizer;

static void update_values(optimizer *opt, size_t count, const double *g, double *m, double *v, double *w)
{
    double t = (double)opt->step;
    for (size_t i = 0; i < count; i++) {
        double scaled = g[i];
        if (opt->kind != SGD) {
            m[i] = opt->beta1 * m[i] + (1.0 - opt->beta1) * g[i];
            v[i] = opt->beta2 * v[i] + (1.0 - opt->beta2) * g[i] * g[i];
            scaled = m[i];
        }
        if (opt->kind == ADAM) {
            scaled = m[i] / (1.0 - pow(opt->beta1, t)) / (sqrt(v[i] / (1.0 - pow(opt->beta2, t))) + opt->epsilon);
        }
        w[i] -= opt->learning_rate * scaled;
    }
}

static void update_layer(network *net, size_t l, const gradients *found, void *context)
{
    optimizer *opt = context;
    size_t weights = net->sizes[l] * net->sizes[l + 1];
    const double *dweight = found->dweight[l];
    const double *dbias = found->dbias[l];
    if (opt->mistake == TRAINING_LAST_LAYER && l + 1 < net->layers) {
        return;
    }
    if (opt->mistake == TRAINING_ACCUMULATED) {
        for (size_t i = 0; i < weights; i++) {
            opt->sum.dweight[l][i] += dweight[i];
        }
        for (size_t i = 0; i < net->sizes[l + 1]; i++) {
            opt->sum.dbias[l][i] += dbias[i];
        }
        dweight = opt->sum.dweight[l];
        dbias = opt->sum.dbias[l];
    }
    update_values(opt, weights, dweight, opt->m.dweight[l], opt->v.dweight[l], net->weight[l]);
    if (opt->mistake != TRAINING_BIASES_FIXED) {
        update_values(opt, net->sizes[l + 1], dbias, opt->m.dbias[l], opt->v.dbias[l], net->bias[l]);
    }
}

static void gather(const grade_case *graded, size_t step, int mistake, double *x, double *labels)
{
    const grade_field *all = assay_grade_find(&graded->inputs, "x");
    const double *order = assay_grade_values(&graded->inputs, "order");
    const double *classes = assay_grade_values(&graded->inputs, "labels");
    size_t width = all->shape[1];
    for (size_t r = 0; r < BATCH; r++) {
        size_t at = (mistake == TRAINING_FIRST_BATCH ? 0 : step) * BATCH + r;
        size_t image = mistake == TRAINING_ORDER_IGNORED ? at % IMAGES : (size_t)order[at];
        memcpy(x + r * width, all->values + image * width, width * sizeof *x);
        labels[r] = classes[image];
    }
}

static double train(const grade_case *graded, int mistake, network *net, double *losses)
{
    const char *rule = assay_grade_find(&graded->inputs, "optimizer")->text;
    double closest = DBL_MAX;
    optimizer opt;
    memset(&opt, 0, sizeof opt);
    opt.kind = strcmp(rule, "adam") == 0 ? ADAM : strcmp(rule, "momentum") == 0 ? MOMENTUM : SGD;
    opt.learning_rate = assay_grade_number(&graded->inputs, "learning_rate");
    opt.beta1 = assay_grade_number(&graded->inputs, "beta1");
    opt.beta2 = assay_grade_number(&graded->inputs, "beta2");
    opt.epsilon = assay_grade_number(&graded->inputs, "epsilon");
    opt.mistake = mistake;
    for (size_t s = 0; s < STEPS; s++) {
        double x[MAX_ROWS * MAX_WIDTH];
        double labels[MAX_ROWS];
        gradients found;
        gather(graded, s, mistake, x, labels);
        if (mistake == TRAINING_STATE_RESET) {
            memset(&opt.m, 0, sizeof opt.m);
            memset(&opt.v, 0, sizeof opt.v);
            opt.step = 0;
        }
        opt.step++;
        bool during = mistake == TRAINING_DURING_BACKWARD;
        pass(net, BATCH, x, labels, mistake, &found, during ? update_layer : NULL, &opt);
        for (size_t l = 0; l < net->layers && !during; l++) {
            update_layer(net, l, &found, &opt);
        }
        closest = found.closest < closest ? found.closest : closest;
        losses[s] = found.loss;
        if (mistake == TRAINING_LOSS_AFTER) {
            pass(net, BATCH, x, labels, 0, &found, NULL, NULL);
            losses[s] = found.loss;
        }
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
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = training_cases[index].learning_rate;
    assay_grade_tensor0(&made->inputs, "beta1")[0] = 0.75;
    assay_grade_tensor0(&made->inputs, "beta2")[0] = 0.9375;
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
    } while (train(made, 0, &net, losses) < KINK_MARGIN);
}

static void model_training(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    char name[GRADE_NAME_LENGTH];
    network net;
    read_network(graded, &net);
    train(graded, training_mistake_of[mistake], &net, assay_grade_values(outputs, "losses"));
    for (size_t l = 0; l < net.layers; l++) {
        const grade_field *weight = assay_grade_find(outputs, assay_grade_numbered(name, "weight", l));
        memcpy(weight->values, net.weight[l], weight->count * sizeof(double));
        const grade_field *bias = assay_grade_find(outputs, assay_grade_numbered(name, "bias", l));
        memcpy(bias->values, net.bias[l], bias->count * sizeof(double));
    }
}

const grade_component assay_grade_training = {
    .name = "training",
    .title = "a short training run",
    .case_count = sizeof training_cases / sizeof training_cases[0],
    .make = make_training,
    .model = model_training,
    GRADE_MISTAKES(training_mistakes),
};
