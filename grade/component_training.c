/* A short training run: a network, its optimizer, and the loop around them. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "grade/components.h"
#include "grade/network.h"
#include "grade/optimizer.h"

/* --- the loop's switches ------------------------------------------------------------------------------------------ */

/* clang-format off */
enum {
    LOOP_BATCHES, LOOP_LAST, LOOP_GRADIENT, LOOP_ORDER, LOOP_STEPS, LOOP_STATE, LOOP_RULE, LOOP_WHAT, LOOP_RETURNED,
    LOOP_LOSS, LOOP_MEAN, LOOP_BIAS, LOOP_CLIP, LOOP_SOFTMAX,
    LOOP_AXES
};
enum { BATCHES_FIRST = 1, BATCHES_UNORDERED, BATCHES_LABELS, BATCHES_IMAGES, BATCHES_ALL };
enum {
    LAST_NOMINAL = 1, LAST_NOMINAL_GRADIENT, LAST_NOMINAL_LOSS, LAST_NOT_LEARNT, LAST_SKIPPED, LAST_ZERO, LAST_DROPPED,
    LAST_FIRST, LAST_EPOCH, LAST_STALE, LAST_CUT
};
enum { GRADIENT_SUMMED = 1, GRADIENT_CLEARED_ONCE };
enum { ORDER_DURING = 1, ORDER_STALE, ORDER_STALE_FIRST_SKIPPED };
enum { STEPS_LAST_MISSING = 1, STEPS_LAST_NOT_LEARNT, STEPS_FIRST_NOT_LEARNT, STEPS_EVERY_OTHER };
enum { STATE_NEW = 1 };
enum { RULE_SGD = 1, RULE_MOMENTUM, RULE_ADAM };
enum { WHAT_WEIGHTS = 1, WHAT_LAST_LAYER, WHAT_FIRST_LAYER, WHAT_BIASES, WHAT_NOTHING };
enum { RETURNED_START = 1 };
enum { LOSS_AFTER = 1, LOSS_OF_ALL, LOSS_OF_ALL_AFTER, LOSS_TOTAL, LOSS_RUNNING, LOSS_CUMULATED };
enum { LOOP_BIAS_AVERAGED = 1, LOOP_BIAS_OVER_ALL, LOOP_BIAS_LAST_ROW };
enum { CLIP_NORM = 1 };
enum { LOOP_SOFTMAX_TWICE = 1, LOOP_SOFTMAX_TWICE_SKIPPED };
/* clang-format on */

static const char *const batch_ids[] = {
    [BATCHES_FIRST] = "training.first_batch_only",      [BATCHES_UNORDERED] = "training.order_ignored",
    [BATCHES_LABELS] = "training.labels_not_shuffled",  [BATCHES_IMAGES] = "training.images_not_shuffled",
    [BATCHES_ALL] = "training.all_images_in_each_step",
};
static const char *const last_ids[] = {
    [LAST_NOMINAL] = "training.nominal_batch_size",
    [LAST_NOMINAL_GRADIENT] = "training.nominal_batch_size",
    [LAST_NOMINAL_LOSS] = "training.nominal_batch_size",
    [LAST_NOT_LEARNT] = "training.last_batch_dropped",
    [LAST_SKIPPED] = "training.last_batch_dropped",
    [LAST_ZERO] = "training.last_batch_dropped",
    [LAST_DROPPED] = "training.last_batch_dropped",
    [LAST_FIRST] = "training.last_batch_filled",
    [LAST_EPOCH] = "training.last_batch_filled",
    [LAST_STALE] = "training.last_batch_filled",
    [LAST_CUT] = "training.batches_cut",
};
static const char *const accumulation_ids[] = {
    [GRADIENT_SUMMED] = "training.gradient_accumulated",
    [GRADIENT_CLEARED_ONCE] = "training.gradient_cleared_every_other_step",
};
static const char *const order_ids[] = {
    [ORDER_DURING] = "training.updated_during_backward",
    [ORDER_STALE] = "training.gradient_of_last_step",
    [ORDER_STALE_FIRST_SKIPPED] = "training.gradient_of_last_step",
};
static const char *const step_ids[] = {
    [STEPS_LAST_MISSING] = "training.last_step_missing",
    [STEPS_LAST_NOT_LEARNT] = "training.last_step_missing",
    [STEPS_FIRST_NOT_LEARNT] = "training.first_step_missing",
    [STEPS_EVERY_OTHER] = "training.updated_every_other_step",
};
static const char *const loop_state_ids[] = {[STATE_NEW] = "training.state_reset"};
static const char *const rule_ids[] = {
    [RULE_SGD] = "training.always_sgd",
    [RULE_MOMENTUM] = "training.always_momentum",
    [RULE_ADAM] = "training.always_adam",
};
static const char *const what_ids[] = {
    [WHAT_WEIGHTS] = "training.biases_fixed",         [WHAT_LAST_LAYER] = "training.last_layer_only",
    [WHAT_FIRST_LAYER] = "training.first_layer_only", [WHAT_BIASES] = "training.weights_fixed",
    [WHAT_NOTHING] = "training.nothing_updated",
};
static const char *const returned_ids[] = {[RETURNED_START] = "training.start_returned"};
static const char *const loop_loss_ids[] = {
    [LOSS_AFTER] = "training.loss_after_update",         [LOSS_OF_ALL] = "training.loss_of_all_images",
    [LOSS_OF_ALL_AFTER] = "training.loss_of_all_images", [LOSS_TOTAL] = "training.loss_summed",
    [LOSS_RUNNING] = "training.loss_running_mean",       [LOSS_CUMULATED] = "training.loss_cumulated",
};
static const char *const loop_mean_ids[] = {
    [MEAN_NONE] = "training.not_averaged",
    [MEAN_SUMMED] = "training.not_averaged",
    [MEAN_TWICE] = "training.averaged_twice",
    [MEAN_ELEMENTS] = "training.averaged_over_elements",
};
static const char *const loop_bias_ids[] = {
    [LOOP_BIAS_AVERAGED] = "training.bias_gradient_averaged",
    [LOOP_BIAS_OVER_ALL] = "training.bias_gradient_over_all",
    [LOOP_BIAS_LAST_ROW] = "training.bias_gradient_last_row",
};
static const char *const clip_ids[] = {[CLIP_NORM] = "training.gradient_norm_clipped"};
static const char *const softmax_ids[] = {
    [LOOP_SOFTMAX_TWICE] = "training.softmax_twice",
    [LOOP_SOFTMAX_TWICE_SKIPPED] = "training.softmax_twice", /* without the derivative of the first */
};
static const grade_free clip_free[] = {{CLIP_NORM, 1e-3, 10.0}};

static const grade_axis training_axes[] = {
    [LOOP_BATCHES] = {GRADE_AXIS("batches", batch_ids)},
    [LOOP_LAST] = {GRADE_AXIS("a smaller last batch", last_ids)},
    [LOOP_GRADIENT] = {GRADE_AXIS("clearing of gradients", accumulation_ids)},
    [LOOP_ORDER] = {GRADE_AXIS("order of the steps", order_ids)},
    [LOOP_STEPS] = {GRADE_AXIS("steps", step_ids)},
    [LOOP_STATE] = {GRADE_AXIS("state", loop_state_ids)},
    [LOOP_RULE] = {GRADE_AXIS("optimizer", rule_ids)},
    [LOOP_WHAT] = {GRADE_AXIS("what is updated", what_ids)},
    [LOOP_RETURNED] = {GRADE_AXIS("what is returned", returned_ids)},
    [LOOP_LOSS] = {GRADE_AXIS("recorded loss", loop_loss_ids)},
    [LOOP_MEAN] = {GRADE_AXIS("average over the batch", loop_mean_ids)},
    [LOOP_BIAS] = {GRADE_AXIS("bias", loop_bias_ids)},
    [LOOP_CLIP] = {GRADE_AXIS("clipping", clip_ids), GRADE_FREE(clip_free)},
    [LOOP_SOFTMAX] = {GRADE_AXIS("softmax", softmax_ids)},
};

/* --- cases -------------------------------------------------------------------------------------------------------- */

typedef enum { SGD, MOMENTUM, ADAM } optimizer_kind;
static const char *const optimizer_names[] = {[SGD] = "sgd", [MOMENTUM] = "momentum", [ADAM] = "adam"};

/*
 * Batches have 5 and 11 rows, and there are 7 classes; 1 - beta1 is 0.29: no product of these and of the usual 2, 3, 6
 * and sqrt 2 is another one (tests/test_grade.c). 16 images in batches of 11: the last batch of each epoch has 5.
 */
static const struct {
    const char *name;
    network net;
    optimizer_kind optimizer;
    double learning_rate;
    size_t images;
    size_t batch;
    bool epochs; /* all images in each, so that the last batch of an epoch is smaller; else any images in each batch */
} training_cases[] = {
    {"SGD, ReLU", {.layers = 3, .sizes = {6, 8, 5, 7}, .hidden = RELU}, SGD, 0.47, 12, 5, false},
    {"momentum, tanh", {.layers = 2, .sizes = {5, 6, 7}, .hidden = TANH}, MOMENTUM, 0.47, 12, 5, false},
    {"Adam, tanh", {.layers = 3, .sizes = {4, 6, 5, 7}, .hidden = TANH}, ADAM, 0.053, 12, 5, false},
    {"SGD, tanh, a smaller last batch", {.layers = 2, .sizes = {5, 6, 7}, .hidden = TANH}, SGD, 0.47, 16, 11, true},
};
enum { STEPS = 6, TENSORS = 2 * MAX_LAYERS };

/* The training loop's own switches, its parts' switches, and the optimizer's state. */
typedef struct {
    optimizer_kind kind;
    grade_hyper hyper;
    size_t step;
    const grade_choice *choice;
    grade_choice rule; /* the optimizer's */
    double norm;       /* of all gradients that the optimizer is given, if it is needed; else 0 */
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
    static const grade_rule forms[] = {
        [SGD] = GRADE_RULE_SGD, [MOMENTUM] = GRADE_RULE_MOMENTUM, [ADAM] = GRADE_RULE_ADAM};
    assay_grade_optimizer_step(forms[opt->kind], &opt->hyper, &opt->rule, opt->step, count, tensors);
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

/* --- batches ------------------------------------------------------------------------------------------------------ */

/* The images of one step. The order's rows are filled up with -1. */
typedef struct {
    size_t rows;
    size_t image[MAX_ROWS];
    size_t label[MAX_ROWS]; /* the image whose label is used */
} batch;

static size_t batch_length(const grade_field *order, size_t step)
{
    size_t rows = 0;
    while (rows < order->shape[1] && order->values[step * order->shape[1] + rows] >= 0.0) {
        rows++;
    }
    return rows;
}

static bool is_smaller(const grade_field *order, size_t step)
{
    return batch_length(order, step) < order->shape[1];
}

/* The images before a step, in the order in which they came. */
static size_t images_before(const grade_field *order, size_t step)
{
    size_t count = 0;
    for (size_t s = 0; s < step; s++) {
        count += batch_length(order, s);
    }
    return count;
}

/* Number r beyond the end of a smaller batch, by mistake. */
static size_t filling(int kind, const grade_field *order, size_t step, size_t r)
{
    size_t width = order->shape[1];
    size_t first = kind == LAST_EPOCH ? step : 0;
    if (kind == LAST_STALE) { /* what the batch before left there; a slice from the end has the same images */
        return (size_t)order->values[(step - 1) * width + r];
    }
    while (first > 0 && !is_smaller(order, first - 1)) { /* an epoch begins after a smaller batch */
        first--;
    }
    return (size_t)order->values[first * width + r - batch_length(order, step)];
}

static void given_images(const grade_field *order, size_t step, int last, batch *taken)
{
    taken->rows = batch_length(order, step);
    for (size_t r = 0; r < taken->rows; r++) {
        taken->image[r] = (size_t)order->values[step * order->shape[1] + r];
    }
    if (last == LAST_CUT) {
        for (size_t s = 0; s < order->shape[0]; s++) {
            size_t rows = batch_length(order, s);
            taken->rows = rows < taken->rows ? rows : taken->rows;
        }
    } else if (last == LAST_FIRST || last == LAST_EPOCH || last == LAST_STALE) {
        for (; taken->rows < order->shape[1]; taken->rows++) {
            taken->image[taken->rows] = filling(last, order, step, taken->rows);
        }
    }
}

static void choose_images(const grade_case *graded, size_t step, const grade_choice *choice, batch *taken)
{
    const grade_field *order = assay_grade_find(&graded->inputs, "order");
    size_t images = assay_grade_find(&graded->inputs, "labels")->count;
    int kind = choice->level[LOOP_BATCHES];
    size_t before = images_before(order, step);
    given_images(order, kind == BATCHES_FIRST ? 0 : step, choice->level[LOOP_LAST], taken);
    taken->rows = kind == BATCHES_ALL ? images : taken->rows;
    for (size_t r = 0; r < taken->rows; r++) {
        size_t in_order = kind == BATCHES_ALL ? r : (before + r) % images;
        bool own = kind == BATCHES_UNORDERED || kind == BATCHES_ALL;
        size_t given = own ? in_order : taken->image[r];
        taken->image[r] = own || kind == BATCHES_IMAGES ? in_order : given;
        taken->label[r] = own || kind == BATCHES_LABELS ? in_order : given;
    }
}

static void gather(const grade_case *graded, const batch *taken, double *x, double *labels)
{
    const grade_field *all = assay_grade_find(&graded->inputs, "x");
    const double *classes = assay_grade_values(&graded->inputs, "labels");
    size_t width = all->shape[1];
    for (size_t r = 0; r < taken->rows; r++) {
        memcpy(x + r * width, all->values + taken->image[r] * width, width * sizeof *x);
        labels[r] = classes[taken->label[r]];
    }
}

/* --- one step ----------------------------------------------------------------------------------------------------- */

/* The switches of each pass: those of the loop that are a pass's own, and the parts'. */
static grade_choice pass_choice(const grade_choice *choice)
{
    static const unsigned char biases[] = {0, [LOOP_BIAS_AVERAGED] = BIAS_AVERAGED,
                                           [LOOP_BIAS_OVER_ALL] = BIAS_OVER_ALL, [LOOP_BIAS_LAST_ROW] = BIAS_LAST_ROW};
    static const unsigned char softmaxes[] = {
        0, [LOOP_SOFTMAX_TWICE] = DELTA_SOFTMAX_TWICE, [LOOP_SOFTMAX_TWICE_SKIPPED] = DELTA_SOFTMAX_TWICE_SKIPPED};
    grade_choice whole = assay_grade_part_choice(choice, &assay_grade_network_gradient);
    whole.upstream = choice->upstream;
    whole.level[PASS_MEAN] = choice->level[LOOP_MEAN] != 0 ? choice->level[LOOP_MEAN] : whole.level[PASS_MEAN];
    whole.level[PASS_BIAS] = choice->level[LOOP_BIAS] != 0 ? biases[choice->level[LOOP_BIAS]] : whole.level[PASS_BIAS];
    int softmax = choice->level[LOOP_SOFTMAX];
    whole.level[PASS_DELTA] = softmax != 0 ? softmaxes[softmax] : whole.level[PASS_DELTA];
    return whole;
}

static optimizer_kind used_rule(const grade_case *graded, const grade_choice *choice)
{
    const char *rule = assay_grade_find(&graded->inputs, "optimizer")->text;
    switch (choice->level[LOOP_RULE]) {
    case RULE_SGD: return SGD;
    case RULE_MOMENTUM: return MOMENTUM;
    case RULE_ADAM: return ADAM;
    default: return strcmp(rule, "adam") == 0 ? ADAM : strcmp(rule, "momentum") == 0 ? MOMENTUM : SGD;
    }
}

static const grade_component *const rules[] = {
    [SGD] = &assay_grade_sgd, [MOMENTUM] = &assay_grade_momentum, [ADAM] = &assay_grade_adam};

static void begin_training(const grade_case *graded, const grade_choice *choice, optimizer *opt)
{
    memset(opt, 0, sizeof *opt);
    opt->kind = used_rule(graded, choice);
    opt->hyper = (grade_hyper){.rate = assay_grade_number(&graded->inputs, "learning_rate"),
                               .beta1 = assay_grade_number(&graded->inputs, "beta1"),
                               .beta2 = assay_grade_number(&graded->inputs, "beta2"),
                               .epsilon = assay_grade_number(&graded->inputs, "epsilon")};
    opt->choice = choice;
    opt->rule = assay_grade_part_choice(choice, rules[opt->kind]);
}

/* A training run: what is trained on, by which switches, and what is recorded. */
typedef struct {
    const grade_case *graded;
    const grade_field *order;
    const grade_choice *choice;
    grade_choice passes;
    optimizer opt;
    network net;
    double closest;
    size_t recorded;
    double losses[STEPS];
    const double *answered; /* losses, or NULL: the run ends where it departs from them */
    double answered_scale;
    bool departed;
} run;

/* Whether the step changes the parameters. */
static bool is_learnt(const run *r, size_t s)
{
    int last = r->choice->level[LOOP_LAST];
    bool dropped = is_smaller(r->order, s) && last >= LAST_NOT_LEARNT && last <= LAST_DROPPED;
    switch (r->choice->level[LOOP_STEPS]) {
    case STEPS_LAST_MISSING:
    case STEPS_LAST_NOT_LEARNT: dropped = dropped || s + 1 == STEPS; break;
    case STEPS_FIRST_NOT_LEARNT: dropped = dropped || s == 0; break;
    case STEPS_EVERY_OTHER: dropped = dropped || s % 2 == 0; break;
    default: break;
    }
    return !dropped;
}

/* With more room than the comparison of all outputs has, which comes later. */
static bool departs(const run *r, double loss)
{
    double answered = r->answered == NULL ? NAN : r->answered[r->recorded];
    double allowed = 4.0 * r->graded->tolerance[GRADE_F32] * (fabs(loss) + fabs(answered) + r->answered_scale);
    return isfinite(loss) && isfinite(answered) && fabs(loss - answered) > allowed;
}

/* What takes the place of a step's loss: a loss that was not computed is GRADE_SENTINEL, as the C way leaves it. */
static void record(run *r, size_t s, double loss)
{
    int last = is_smaller(r->order, s) ? r->choice->level[LOOP_LAST] : 0;
    double before = r->recorded == 0 ? 0.0 : r->losses[r->recorded - 1];
    bool missing = r->choice->level[LOOP_STEPS] == STEPS_LAST_MISSING && s + 1 == STEPS;
    if (last == LAST_DROPPED) {
        return;
    }
    loss = last == LAST_ZERO ? 0.0 : last == LAST_SKIPPED || missing ? GRADE_SENTINEL : loss;
    switch (r->choice->level[LOOP_LOSS]) {
    case LOSS_TOTAL: loss *= (double)batch_length(r->order, s); break;
    case LOSS_RUNNING: loss = before + (loss - before) / (double)(r->recorded + 1); break;
    case LOSS_CUMULATED: loss += before; break;
    default: break;
    }
    r->departed = r->departed || departs(r, loss);
    r->losses[r->recorded++] = loss;
}

static double mean_loss(run *r, const batch *taken)
{
    double x[MAX_ROWS * MAX_WIDTH];
    double labels[MAX_ROWS];
    gradients unused;
    gather(r->graded, taken, x, labels);
    const network_batch given = {taken->rows, x, labels, (double)taken->rows, (double)taken->rows};
    assay_grade_network_pass(&r->net, &given, &r->passes, &unused, NULL, NULL);
    return unused.loss;
}

static double loss_of_all(run *r)
{
    batch all = {.rows = assay_grade_find(&r->graded->inputs, "labels")->count};
    for (size_t i = 0; i < all.rows; i++) {
        all.image[i] = all.label[i] = i;
    }
    return mean_loss(r, &all);
}

static double norm_of(const network *net, const gradients *found)
{
    double squares = 0.0;
    for (size_t l = 0; l < net->layers; l++) {
        for (size_t i = 0; i < net->sizes[l] * net->sizes[l + 1]; i++) {
            squares += found->dweight[l][i] * found->dweight[l][i];
        }
        for (size_t i = 0; i < net->sizes[l + 1]; i++) {
            squares += found->dbias[l][i] * found->dbias[l][i];
        }
    }
    return sqrt(squares);
}

/* Scales all gradients together, so that their norm is at most a number. */
static void clip_norm(const network *net, double most, gradients *found)
{
    double norm = norm_of(net, found);
    double factor = norm > most ? most / norm : 1.0;
    for (size_t l = 0; l < MAX_LAYERS; l++) {
        for (size_t i = 0; i < MAX_WIDTH * MAX_WIDTH; i++) {
            found->dweight[l][i] *= factor;
        }
        for (size_t i = 0; i < MAX_WIDTH; i++) {
            found->dbias[l][i] *= factor;
        }
    }
}

static void update_once(run *r, size_t s, const gradients *found)
{
    optimizer *opt = &r->opt;
    const gradients *used = used_gradients(opt, found);
    int order = r->choice->level[LOOP_ORDER];
    if (order == ORDER_DURING) {
        return;
    }
    if (order == ORDER_STALE_FIRST_SKIPPED && s == 0) {
        opt->step--;
        return;
    }
    bool stale = order == ORDER_STALE || order == ORDER_STALE_FIRST_SKIPPED;
    update_layers(&r->net, 0, r->net.layers, stale ? &opt->last : used, opt);
}

static void train_step(run *r, size_t s)
{
    double x[MAX_ROWS * MAX_WIDTH];
    double labels[MAX_ROWS];
    gradients found;
    batch taken;
    optimizer *opt = &r->opt;
    int last = r->choice->level[LOOP_LAST];
    bool learnt = is_learnt(r, s);
    choose_images(r->graded, s, r->choice, &taken);
    gather(r->graded, &taken, x, labels);
    if (r->choice->level[LOOP_STATE] == STATE_NEW) {
        memset(opt->state, 0, sizeof opt->state);
        opt->step = 0;
    }
    opt->step += learnt;
    double rows = (double)taken.rows;
    double nominal = (double)r->order->shape[1];
    const network_batch given = {taken.rows, x, labels,
                                 last == LAST_NOMINAL || last == LAST_NOMINAL_LOSS ? nominal : rows,
                                 last == LAST_NOMINAL || last == LAST_NOMINAL_GRADIENT ? nominal : rows};
    bool during = learnt && r->choice->level[LOOP_ORDER] == ORDER_DURING;
    assay_grade_network_pass(&r->net, &given, &r->passes, &found, during ? update_during : NULL, opt);
    if (r->choice->level[LOOP_CLIP] == CLIP_NORM) {
        clip_norm(&r->net, r->choice->parameter, &found);
    }
    int which = r->choice->level[LOOP_LOSS];
    double loss = which == LOSS_OF_ALL ? loss_of_all(r) : found.loss;
    if (learnt) {
        update_once(r, s, &found);
    }
    opt->last = found;
    record(r, s, which == LOSS_AFTER ? mean_loss(r, &taken) : which == LOSS_OF_ALL_AFTER ? loss_of_all(r) : loss);
    r->closest = fmin(r->closest, found.closest);
}

static void train(const grade_case *graded, const grade_choice *choice, run *r)
{
    r->graded = graded;
    r->order = assay_grade_find(&graded->inputs, "order");
    r->choice = choice;
    r->passes = pass_choice(choice);
    r->closest = DBL_MAX;
    r->recorded = 0;
    r->departed = false;
    assay_grade_network_read(graded, &r->net);
    begin_training(graded, choice, &r->opt);
    for (size_t s = 0; s < STEPS; s++) {
        r->losses[s] = GRADE_SENTINEL;
    }
    size_t steps = choice->steps == 0 ? STEPS : choice->steps;
    for (size_t s = 0; s < steps && !r->departed; s++) {
        train_step(r, s);
    }
    if (choice->level[LOOP_RETURNED] == RETURNED_START) {
        assay_grade_network_read(graded, &r->net);
    }
}

/* --- the component ------------------------------------------------------------------------------------------------ */

static void declare_training(size_t index, grade_case *made)
{
    char name[GRADE_NAME_LENGTH];
    const network *shape = &training_cases[index].net;
    assay_grade_network_declare(shape, made);
    size_t images = training_cases[index].images;
    assay_grade_tensor2(&made->inputs, "x", images, shape->sizes[0]);
    assay_grade_tensor1(&made->inputs, "labels", images);
    assay_grade_integers(&made->inputs);
    assay_grade_tensor2(&made->inputs, "order", STEPS, training_cases[index].batch);
    assay_grade_integers(&made->inputs);
    assay_grade_ragged(&made->inputs);
    assay_grade_text(&made->inputs, "optimizer", optimizer_names[training_cases[index].optimizer]);
    assay_grade_tensor0(&made->inputs, "learning_rate")[0] = (float)training_cases[index].learning_rate;
    assay_grade_tensor0(&made->inputs, "beta1")[0] = (float)0.71;
    assay_grade_tensor0(&made->inputs, "beta2")[0] = (float)0.937;
    assay_grade_tensor0(&made->inputs, "epsilon")[0] = 0.0078125;
    assay_grade_tensor1(&made->outputs, "losses", STEPS);
    assay_grade_ragged(&made->outputs);
    for (size_t l = 0; l < shape->layers; l++) {
        assay_grade_tensor2(&made->outputs, assay_grade_numbered(name, "weight", l), shape->sizes[l + 1],
                            shape->sizes[l]);
        assay_grade_tensor1(&made->outputs, assay_grade_numbered(name, "bias", l), shape->sizes[l + 1]);
    }
}

/* Each epoch has all images once, in a random order; what its last batch lacks is -1. */
static void draw_epochs(size_t index, assay_mt19937 *random, double *order)
{
    size_t width = training_cases[index].batch;
    size_t images = training_cases[index].images;
    double all[MAX_ROWS];
    size_t left = 0;
    for (size_t s = 0; s < STEPS; s++) {
        for (size_t i = 0; left == 0 && i < images; i++) {
            all[i] = (double)i;
        }
        left = left == 0 ? images : left;
        for (size_t r = 0; r < width; r++) {
            order[s * width + r] = -1.0;
            if (left > 0) {
                size_t drawn = assay_grade_index(random, left);
                order[s * width + r] = all[drawn];
                all[drawn] = all[--left];
            }
        }
    }
}

static void draw_order(size_t index, assay_mt19937 *random, double *order)
{
    if (training_cases[index].epochs) {
        draw_epochs(index, random, order);
        return;
    }
    for (size_t i = 0; i < STEPS * training_cases[index].batch; i++) {
        order[i] = (double)assay_grade_index(random, training_cases[index].images);
    }
}

static void make_training(size_t index, assay_mt19937 *random, grade_case *made)
{
    run r;
    r.answered = NULL;
    snprintf(made->name, sizeof made->name, "%s", training_cases[index].name);
    /* Six steps amplify float32 rounding; the nearest mistake is three orders of magnitude away. */
    made->tolerance[GRADE_F64] = 1e-8;
    made->tolerance[GRADE_F32] = 1e-3;
    made->optional = training_cases[index].epochs;
    declare_training(index, made);
    draw_order(index, random, assay_grade_values(&made->inputs, "order"));
    do {
        assay_grade_network_draw(random, made);
        train(made, &GRADE_TUTORIAL, &r);
    } while (r.closest < KINK_MARGIN);
}

static void model_training(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    char name[GRADE_NAME_LENGTH];
    run r;
    r.answered = NULL;
    train(graded, choice, &r);
    for (size_t i = 0; i < outputs->used && choice->steps != 0; i++) {
        outputs->pool[i] = GRADE_SENTINEL;
    }
    memcpy(assay_grade_values(outputs, "losses"), r.losses, sizeof r.losses);
    for (size_t l = 0; l < r.net.layers && choice->steps == 0; l++) {
        const grade_field *weight = assay_grade_find(outputs, assay_grade_numbered(name, "weight", l));
        memcpy(weight->values, r.net.weight[l], weight->count * sizeof(double));
        const grade_field *bias = assay_grade_find(outputs, assay_grade_numbered(name, "bias", l));
        memcpy(bias->values, r.net.bias[l], bias->count * sizeof(double));
    }
}

static bool probe_training(const grade_case *graded, const grade_choice *choice, const grade_fields *answers)
{
    run r;
    double squares = 0.0;
    r.answered = assay_grade_values(answers, "losses");
    for (size_t s = 0; s < STEPS; s++) {
        squares += isfinite(r.answered[s]) ? r.answered[s] * r.answered[s] : 0.0;
    }
    r.answered_scale = sqrt(squares / STEPS);
    train(graded, choice, &r);
    return !r.departed;
}

static bool uses_part(const grade_case *graded, const grade_choice *choice, const grade_component *part)
{
    for (size_t k = 0; k < sizeof rules / sizeof rules[0]; k++) {
        if (part == rules[k]) {
            return k == used_rule(graded, choice);
        }
    }
    const grade_choice passes = pass_choice(choice);
    return assay_grade_network_uses(graded, &passes, part);
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
    .probe = probe_training,
    GRADE_AXES(training_axes),
    .parts = training_parts,
    .uses = uses_part,
};
