/*
 * The other mistakes of a training run, in a loop of its own that takes batches of any sizes. They are planted in this
 * process only (tests/test_grade_planted.c), as those of planted_linear.h.
 */
#ifndef ASSAY_TESTS_GRADE_PLANTED_TRAINING_H
#define ASSAY_TESTS_GRADE_PLANTED_TRAINING_H

#include <math.h>

#include "grade/runners/c/runner.h"

/* In how many ways the mistake is made: `form` is less. */
static size_t forms_of(const char *id)
{
    static const struct {
        const char *id;
        size_t forms;
    } several[] = {{"network_gradient.not_averaged", 2},  {"training.not_averaged", 2},
                   {"network_gradient.softmax_twice", 2}, {"training.softmax_twice", 2},
                   {"training.nominal_batch_size", 3},    {"training.last_batch_dropped", 4},
                   {"training.last_batch_filled", 4},     {"training.last_step_missing", 2},
                   {"training.gradient_of_last_step", 2}, {"training.loss_of_all_images", 2}};
    for (size_t i = 0; i < sizeof several / sizeof several[0]; i++) {
        if (strcmp(id, several[i].id) == 0) {
            return several[i].forms;
        }
    }
    return 1;
}

static bool is_form(const char *id, size_t wanted)
{
    return is(id) && form == wanted;
}

/* All parameters are in one list: the weights, then the biases. */
typedef struct {
    size_t layers;
    const size_t *sizes;
    const char *activation;
    size_t images;
    const double *x;
    const int32_t *labels;
    const size_t *batches;
    const int32_t *order;
    size_t steps;
    student_optimizer chosen;
    void *state;
    double *values[2 * MAX_LAYERS];
    double *gradients[2 * MAX_LAYERS];
    double *kept[2 * MAX_LAYERS]; /* gradients of earlier steps */
    size_t lengths[2 * MAX_LAYERS];
    size_t rows; /* of this step's batch */
    int32_t image[WIDE];
    int32_t label[WIDE];
} trainer;

/* --- batches ------------------------------------------------------------------------------------------------------ */

static size_t smallest_batch(const trainer *t)
{
    size_t smallest = t->batches[0];
    for (size_t s = 1; s < t->steps; s++) {
        smallest = t->batches[s] < smallest ? t->batches[s] : smallest;
    }
    return smallest;
}

/* Gives a batch the usual size, where fewer images are left. It begins at place `at` of the order. */
static void fill_batch(trainer *t, size_t at)
{
    size_t usual = t->batches[0];
    for (size_t r = 0; r < usual; r++) {
        size_t from_end = at + t->rows - usual + r;
        size_t modulo = at - at % t->images + (at + r) % t->images; /* in the same epoch */
        size_t from_start = r < t->rows ? at + r : r - t->rows;
        if (form > 0) { /* else the buffer still has rows of the batch before */
            t->image[r] = t->label[r] = t->order[form == 1 ? from_start : form == 2 ? modulo : from_end];
        }
    }
    t->rows = usual;
}

static size_t rows_in(const trainer *t, size_t s)
{
    return is("training.all_images_in_each_step") ? t->images
           : is("training.batches_cut")           ? smallest_batch(t)
           : is("training.first_batch_only")      ? t->batches[0]
                                                  : t->batches[s];
}

static void take_batch(trainer *t, size_t s, size_t at)
{
    bool unshuffled = is("training.all_images_in_each_step") || is("training.order_ignored");
    t->rows = rows_in(t, s);
    for (size_t r = 0; r < t->rows; r++) {
        int32_t in_order = (int32_t)((at + r) % t->images);
        int32_t drawn = unshuffled ? in_order : t->order[is("training.first_batch_only") ? r : at + r];
        t->image[r] = is("training.images_not_shuffled") ? in_order : drawn;
        t->label[r] = is("training.labels_not_shuffled") ? in_order : drawn;
    }
    if (is("training.last_batch_filled") && t->rows < t->batches[0]) {
        fill_batch(t, at);
    }
}

/* --- the loss ----------------------------------------------------------------------------------------------------- */

/* The loss of the batch; the gradients are written to `gradients`. */
static double loss_and_gradients(const trainer *t, double *const *gradients)
{
    double x[WIDE];
    int32_t labels[WIDE];
    size_t width = t->sizes[0];
    for (size_t r = 0; r < t->rows; r++) {
        memcpy(x + r * width, t->x + (size_t)t->image[r] * width, width * sizeof *x);
        labels[r] = t->labels[t->label[r]];
    }
    return planted_pass(t->layers, t->sizes, t->activation, t->rows, (const double *const *)t->values,
                        (const double *const *)t->values + t->layers, x, labels, gradients, gradients + t->layers);
}

static double loss_of_all(const trainer *t)
{
    cache kept;
    network_forward(t->layers, t->sizes, t->activation, t->images, (const double *const *)t->values,
                    (const double *const *)t->values + t->layers, t->x, &kept);
    return correct_cross_entropy(t->images, t->sizes[t->layers], kept.a[t->layers], t->labels);
}

/* --- the optimizer ------------------------------------------------------------------------------------------------ */

static void scale_gradients(trainer *t, double factor)
{
    for (size_t k = 0; k < 2 * t->layers; k++) {
        scale(t->lengths[k], factor, t->gradients[k]);
    }
}

static void clip_gradients(trainer *t, double most)
{
    double squares = 0.0;
    for (size_t k = 0; k < 2 * t->layers; k++) {
        for (size_t i = 0; i < t->lengths[k]; i++) {
            squares += pow(t->gradients[k][i], 2.0);
        }
    }

    scale_gradients(t, fmin(1.0, most / sqrt(squares)));
}

/* Whether the optimizer knows a parameter. */
static bool is_in_list(const trainer *t, size_t k)
{
    bool weight = k < t->layers;
    return is("training.nothing_updated")    ? false
           : is("training.weights_fixed")    ? !weight
           : is("training.biases_fixed")     ? weight
           : is("training.first_layer_only") ? k % t->layers == 0
                                             : true;
}

static const char *optimizer_used(const char *wanted)
{
    return is("training.always_sgd")        ? "sgd"
           : is("training.always_momentum") ? "momentum"
           : is("training.always_adam")     ? "adam"
                                            : wanted;
}

/* One step for the parameters in the list; without a list, for none. */
static void update(trainer *t, double *const *gradients)
{
    double *values[2 * MAX_LAYERS];
    const double *found[2 * MAX_LAYERS];
    size_t lengths[2 * MAX_LAYERS];
    size_t count = 0;
    for (size_t k = 0; k < 2 * t->layers; k++) {
        if (is_in_list(t, k)) {
            values[count] = t->values[k];
            found[count] = gradients[k];
            lengths[count++] = t->lengths[k];
        }
    }
    if (is("training.state_reset") && t->state != NULL) {
        destroy(t->state);
        t->state = NULL;
    }
    if (t->state == NULL) {
        t->state = create_by_name(&t->chosen, count, lengths);
    }
    step_by_name(t->chosen.name, t->state, values, found);
}

/* Whether step s changes the parameters. */
static bool is_updated_in(const trainer *t, size_t s)
{
    return is_form("training.last_step_missing", 1)       ? s < t->steps - 1
           : is("training.first_step_missing")            ? s > 0
           : is("training.updated_every_other_step")      ? (s + 1) % 2 == 0
           : is_form("training.gradient_of_last_step", 1) ? s > 0 /* there is no gradient yet */
           : is_form("training.last_batch_dropped", 0)    ? t->batches[s] == t->batches[0]
                                                          : true;
}

static void keep_gradients(trainer *t, bool add)
{
    for (size_t k = 0; k < 2 * t->layers; k++) {
        for (size_t i = 0; i < t->lengths[k]; i++) {
            t->kept[k][i] = t->gradients[k][i] + (add ? t->kept[k][i] : 0.0);
        }
    }
}

static void learn(trainer *t, size_t s)
{
    bool late = is("training.gradient_of_last_step");
    bool rarely_cleared = is("training.gradient_cleared_every_other_step");
    bool summed = rarely_cleared || is("training.gradient_accumulated");
    if (is("training.gradient_norm_clipped")) {
        clip_gradients(t, 1.2);
    }
    if (summed) {
        keep_gradients(t, !rarely_cleared || s % 2 == 1);
    }
    if (is_updated_in(t, s)) {
        update(t, late || summed ? t->kept : t->gradients);
    }
    if (late) {
        keep_gradients(t, false);
    }
}

/* --- the loop ----------------------------------------------------------------------------------------------------- */

static void begin(trainer *t, double *const *weights, double *const *biases)
{
    size_t layers = t->layers;
    t->chosen.name = optimizer_used(t->chosen.name);
    for (size_t k = 0; k < 2 * layers; k++) {
        double *given = k < layers ? weights[k] : biases[k - layers];
        t->lengths[k] = k < layers ? t->sizes[k] * t->sizes[k + 1] : t->sizes[k - layers + 1];
        t->values[k] = is("training.start_returned") ? copy_of(given, t->lengths[k]) : given;
        t->gradients[k] = zero_array(t->lengths[k]);
        t->kept[k] = zero_array(t->lengths[k]);
    }
}

static void end(trainer *t)
{
    for (size_t k = 0; k < 2 * t->layers; k++) {
        if (is("training.start_returned")) {
            free(t->values[k]);
        }
        free(t->gradients[k]);
        free(t->kept[k]);
    }
    if (t->state != NULL) {
        destroy(t->state);
    }
}

/* One step; returns the loss. */
static double train_batch(trainer *t, size_t s)
{
    double loss = loss_and_gradients(t, t->gradients);
    if (is("training.nominal_batch_size")) {
        double factor = (double)t->rows / (double)t->batches[0];
        scale_gradients(t, form == 1 ? 1.0 : factor);
        loss *= form == 2 ? 1.0 : factor;
    }
    loss = is_form("training.loss_of_all_images", 0) ? loss_of_all(t) : loss;
    learn(t, s);
    return is_form("training.loss_of_all_images", 1) ? loss_of_all(t)
           : is("training.loss_after_update")        ? loss_and_gradients(t, t->gradients)
                                                     : loss;
}

static void train(trainer *t, double *losses)
{
    size_t at = 0;
    size_t recorded = 0;
    double total = 0.0;
    size_t steps = t->steps - is_form("training.last_step_missing", 0);
    for (size_t s = 0; s < steps; at += t->batches[s++]) {
        if (is("training.last_batch_dropped") && form > 0 && t->batches[s] < t->batches[0]) {
            if (form == 2) {
                losses[s] = 0.0;
            }
            recorded += form == 3 ? 0 : 1;
            continue;
        }
        take_batch(t, s, at);
        double loss = train_batch(t, s);
        total += loss;
        losses[recorded++] = is("training.loss_running_mean") ? total / (double)(s + 1)
                             : is("training.loss_cumulated")  ? total
                                                              : loss;
    }
}

void student_training_batches(size_t layers, const size_t *sizes, const char *activation, double *const *weights,
                              double *const *biases, size_t images, const double *x, const int32_t *labels,
                              size_t steps, const size_t *batches, const int32_t *order,
                              const student_optimizer *chosen, double *losses)
{
    trainer t = {.layers = layers,
                 .sizes = sizes,
                 .activation = activation,
                 .images = images,
                 .x = x,
                 .labels = labels,
                 .steps = steps,
                 .batches = batches,
                 .order = order,
                 .chosen = *chosen};
    pass_component = "training";
    if (is("training.updated_during_backward")) {
        if (smallest_batch(&t) < batches[0]) {
            student_not_implemented("batches of different sizes");
        }
        planted_training(layers, sizes, activation, weights, biases, images, x, labels, steps, batches[0], order,
                         chosen, losses);
        return;
    }
    begin(&t, weights, biases);
    train(&t, losses);
    end(&t);
}

/* The runner calls student_training_batches. */
void student_training(size_t layers, const size_t *sizes, const char *activation, double *const *weights,
                      double *const *biases, size_t images, const double *x, const int32_t *labels, size_t steps,
                      size_t batch, const int32_t *order, const student_optimizer *chosen, double *losses)
{
    planted_training(layers, sizes, activation, weights, biases, images, x, labels, steps, batch, order, chosen,
                     losses);
}

#endif
