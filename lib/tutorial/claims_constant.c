/* Claims 3 to 5: weights that are all equal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/init/initializer.h>
#include <assay/optim/optimizer.h>
#include <assay/train/batches.h>
#include <assay/tutorial/defaults.h>
#include "tutorial/claims_impl.h"

enum { ROWS = 256, LAYERS = 5 };

/* --- one pass with equal parameters ------------------------------------------------------------------------------ */

typedef struct {
    double largest; /* |gradient| */
    double spread;  /* largest minus smallest gradient */
} tensor_gradient;

typedef struct {
    tensor_gradient weight[LAYERS];
    tensor_gradient bias[LAYERS];
} gradients;

static tensor_gradient summary_of(assay_moments moments)
{
    return (tensor_gradient){fmax(fabs(moments.minimum), fabs(moments.maximum)), moments.maximum - moments.minimum};
}

static assay_status run_pass(const assay_claims_input *input, assay_network *network, assay_batches *batches,
                             size_t batch, gradients *found, assay_error *error)
{
    assay_backend *backend = assay_network_backend(network);
    size_t first = batch * ROWS % (input->split->train_count - ROWS);
    assay_batches_order(batches, input->split->train, input->split->train_count);
    assay_batches_load(batches, first, ROWS);
    assay_slice images = assay_batches_inputs(batches, ROWS);
    assay_network_forward(network, ROWS, images);
    assay_network_backward(network, ROWS, images, assay_batches_labels(batches, ROWS), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                           ASSAY_NO_SLICE);
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        tensor_gradient *to = tensor.is_bias ? found->bias : found->weight;
        to[tensor.layer] = summary_of(assay_reduce_moments(backend, tensor.gradient));
    }
    return assay_backend_check(backend, error);
}

/* The tutorial's linear network with every parameter equal to `value`, on `count` batches. */
static assay_status pass_equal(const assay_claims_input *input, assay_backend *backend, double value, size_t count,
                               gradients *found, assay_error *error)
{
    const assay_initializer constant = {.kind = ASSAY_INIT_CONSTANT, .value = value, .gain = 1.0};
    const assay_network_config config = assay_tutorial_network(ASSAY_IDENTITY);
    assay_network *network;
    assay_batches *batches;
    ASSAY_TRY(assay_network_create(backend, &config, ROWS, true, &network, error));
    assay_status status = assay_batches_create(backend, input->train, ROWS, &batches, error);
    if (status == ASSAY_OK) {
        assay_generator unused;
        assay_generator_seed(&unused, ASSAY_GENERATOR_MT19937, 1, 1);
        assay_initialize(&constant, network, &unused);
        for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
            status = run_pass(input, network, batches, i, &found[i], error);
        }
        assay_batches_destroy(batches);
    }
    assay_network_destroy(network);
    return status;
}

/* --- 3 ----------------------------------------------------------------------------------------------------------- */

enum { ZERO_BATCHES = 12 };

static assay_status examine_zero(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    gradients found[ZERO_BATCHES];
    double weights[ZERO_BATCHES] = {0};
    double below[ZERO_BATCHES] = {0};
    double last[ZERO_BATCHES];
    ASSAY_TRY(pass_equal(input, input->f64, 0.0, ZERO_BATCHES, found, error));
    for (size_t i = 0; i < ZERO_BATCHES; i++) {
        for (size_t layer = 0; layer < LAYERS; layer++) {
            weights[i] = fmax(weights[i], found[i].weight[layer].largest);
            below[i] = layer + 1 < LAYERS ? fmax(below[i], found[i].bias[layer].largest) : below[i];
        }
        last[i] = found[i].bias[LAYERS - 1].largest;
    }
    const claim_part part = {.measure = "largest |gradient|, 12 batches", .rule = ASSAY_PART_EVERY};
    claim_part named = part;
    named.name = "the gradient of every weight is 0";
    named.essential = true;
    ASSAY_TRY(claim_add_part(result, &named, ZERO_BATCHES, weights, error));
    named = part;
    named.name = "the gradient of every bias below the last layer is 0";
    ASSAY_TRY(claim_add_part(result, &named, ZERO_BATCHES, below, error));
    named.name = "the gradient of the last layer's biases is 0";
    ASSAY_TRY(claim_add_part(result, &named, ZERO_BATCHES, last, error));
    claim_add_row(result, "largest gradient of a weight", "0", "%.3g", weights[0]);
    claim_add_row(result, "largest gradient of a bias below the last layer", "0", "%.3g", below[0]);
    claim_add_row(result, "largest gradient of a bias of the last layer", "0", "%.3g", last[0]);
    claim_note(
        result,
        "All weights have a gradient of %.3g, and so have the biases below the last layer (%.3g). The last layer's "
        "biases have one, up to %.3g: softmax minus one-hot, which needs no weight. Training moves these ten "
        "numbers alone.",
        weights[0], below[0], last[0]);
    return ASSAY_OK;
}

const assay_claim assay_claim_3 = {
    .number = 3,
    .cell = "[13]",
    .title = "All weights 0: the gradient is 0",
    .says = "If all weights are 0, the gradient that is propagated is 0.",
    .decided = "Every gradient of the tutorial's network, parameters 0, in double precision, on 12 batches: exactly 0?",
    .in_seconds = true,
    .measure = examine_zero,
};

/* --- 4 ----------------------------------------------------------------------------------------------------------- */

enum { SMALL_SIDE = 4, SMALL_INPUTS = SMALL_SIDE * SMALL_SIDE, SMALL_WIDTH = 3, SMALL_IMAGES = 8, BATCHES = 12 };

/* Of each layer's weights: integers over a common denominator, so that every sum is exact. */
typedef struct {
    long long largest; /* |numerator| */
    size_t values;     /* different gradients */
} exact_layer;

/* One image through the small network: numerators of the outputs of each layer, all units of which are equal. */
typedef struct {
    long long pixel[SMALL_INPUTS];             /* over 255 */
    long long output[LAYERS];                  /* of layer l over 255 * 200^(l + 1) */
    long long gradient[LAYERS][ASSAY_CLASSES]; /* dL/dz of layer l over 10 * images * 200^(LAYERS - 1 - l) */
} exact_image;

/*
 * The forward pass: every weight and bias is 0.005 = 1/200, so the numerator of an output is the sum of the inputs'
 * numerators and, for the bias, their denominator. All units of a layer have this output, the ten logits too, so
 * softmax is 1/10 for each class. The backward pass: (1/10 - one-hot) / images at the outputs, and
 * below 1/200 times the sum of what comes from above.
 */
static void pass_exactly(exact_image *image, int label)
{
    long long sum = 0;
    long long denominator = 255;
    for (size_t i = 0; i < SMALL_INPUTS; i++) {
        sum += image->pixel[i];
    }
    for (size_t layer = 0; layer < LAYERS; layer++) {
        image->output[layer] = sum + denominator;
        denominator *= 200;
        sum = SMALL_WIDTH * image->output[layer];
    }
    for (size_t unit = 0; unit < ASSAY_CLASSES; unit++) {
        image->gradient[LAYERS - 1][unit] = 1 - (unit == (size_t)label ? 10 : 0);
    }
    for (size_t layer = LAYERS - 1; layer-- > 0;) {
        size_t above = layer + 1 == LAYERS - 1 ? ASSAY_CLASSES : SMALL_WIDTH;
        long long total = 0;
        for (size_t unit = 0; unit < above; unit++) {
            total += image->gradient[layer + 1][unit];
        }
        for (size_t unit = 0; unit < SMALL_WIDTH; unit++) {
            image->gradient[layer][unit] = total;
        }
    }
}

/* The middle of the first training images. */
static void exact_images(const assay_claims_input *input, exact_image images[SMALL_IMAGES])
{
    for (size_t n = 0; n < SMALL_IMAGES; n++) {
        size_t index = input->split->train[n];
        const uint8_t *pixels = input->train->pixels + index * input->train->width;
        size_t from = (ASSAY_IMAGE_SIDE - SMALL_SIDE) / 2;
        for (size_t i = 0; i < SMALL_INPUTS; i++) {
            size_t row = from + i / SMALL_SIDE;
            images[n].pixel[i] = pixels[row * ASSAY_IMAGE_SIDE + from + i % SMALL_SIDE];
        }
        pass_exactly(&images[n], input->train->labels[index]);
    }
}

static int compare_integers(const void *a, const void *b)
{
    long long x = *(const long long *)a;
    long long y = *(const long long *)b;
    return (x > y) - (x < y);
}

/* The gradients of a layer's weights: the sum over the images of dL/dz times the input. */
static exact_layer exact_weights(const exact_image images[SMALL_IMAGES], size_t layer)
{
    long long found[ASSAY_CLASSES * SMALL_INPUTS];
    size_t out = layer + 1 == LAYERS ? ASSAY_CLASSES : SMALL_WIDTH;
    size_t in = layer == 0 ? SMALL_INPUTS : SMALL_WIDTH;
    exact_layer result = {0};
    for (size_t at = 0; at < out * in; at++) {
        found[at] = 0;
        for (size_t n = 0; n < SMALL_IMAGES; n++) {
            long long value = layer == 0 ? images[n].pixel[at % in] : images[n].output[layer - 1];
            found[at] += images[n].gradient[layer][at / in] * value;
        }
        long long size = found[at] < 0 ? -found[at] : found[at];
        result.largest = size > result.largest ? size : result.largest;
    }
    qsort(found, out * in, sizeof *found, compare_integers);
    result.values = 1;
    for (size_t at = 1; at < out * in; at++) {
        result.values += found[at] != found[at - 1];
    }
    return result;
}

typedef struct {
    exact_layer exact[LAYERS];
    gradients single[BATCHES]; /* float32 */
    gradients both[BATCHES];   /* float64 */
} three_precisions;

/* The largest gradient below the last layer, over the largest in it. */
static double below_last(const gradients *found)
{
    double largest = 0.0;
    for (size_t layer = 0; layer + 1 < LAYERS; layer++) {
        largest = fmax(largest, found->weight[layer].largest);
    }
    return largest / found->weight[LAYERS - 1].largest;
}

static assay_status add_constant_parts(const three_precisions *found, assay_claim_result *result, assay_error *error)
{
    double first = (double)found->exact[0].values;
    double last = (double)found->exact[LAYERS - 1].values;
    double between[LAYERS - 2];
    double size[LAYERS - 2];
    double bits[BATCHES];
    for (size_t i = 0; i < LAYERS - 2; i++) {
        between[i] = (double)found->exact[i + 1].values;
        size[i] = (double)found->exact[i + 1].largest;
    }
    for (size_t i = 0; i < BATCHES; i++) {
        bits[i] = log2(below_last(&found->single[i]) / below_last(&found->both[i]));
    }
    claim_part part = {.rule = ASSAY_PART_EVERY, .measure = "different gradients of weights, exact arithmetic"};
    part.name = "the last layer has different gradients";
    part.low = 2.0;
    part.high = INFINITY;
    ASSAY_TRY(claim_add_part(result, &part, 1, &last, error));
    part.name = "the first layer has different gradients";
    ASSAY_TRY(claim_add_part(result, &part, 1, &first, error));
    part.name = "the three layers between have one value each";
    part.low = part.high = 1.0;
    ASSAY_TRY(claim_add_part(result, &part, LAYERS - 2, between, error));
    part.name = "this value is not 0";
    part.measure = "numerator of the largest |gradient|, exact arithmetic";
    part.low = 1.0;
    part.high = INFINITY;
    ASSAY_TRY(claim_add_part(result, &part, LAYERS - 2, size, error));
    part.name = "what the plots show below the last layer is more than rounding";
    part.measure = "log2 of the largest gradient there, float32 over float64";
    part.unit = "bits";
    part.low = -1.0;
    part.high = 1.0;
    return claim_add_part(result, &part, BATCHES, bits, error);
}

static void compare_precisions(const three_precisions *found, assay_claim_result *result)
{
    for (size_t layer = 0; layer < LAYERS; layer++) {
        char label[96];
        snprintf(label, sizeof label, "layer %zu: largest |gradient| in float32, float64; exact", layer + 1);
        claim_add_row(result, label, NULL, "%.1e, %.1e; %s (%zu different)", found->single[0].weight[layer].largest,
                      found->both[0].weight[layer].largest, found->exact[layer].largest == 0 ? "0" : "not 0",
                      found->exact[layer].values);
    }
    claim_note(
        result,
        "Softmax minus one-hot adds up to 0 over the classes, and equal weights do nothing but add it up: in exact "
        "arithmetic no gradient passes below the last layer. What the plots show there is rounding: %.0e of the "
        "last layer's gradient in float32 and %.0e in float64.",
        below_last(&found->single[0]), below_last(&found->both[0]));
}

static assay_status draw_precisions(const three_precisions *found, assay_claim_result *result, assay_error *error)
{
    double x[LAYERS];
    double single[LAYERS];
    double both[LAYERS];
    for (size_t layer = 0; layer < LAYERS; layer++) {
        x[layer] = (double)layer + 1.0;
        single[layer] = found->single[0].weight[layer].largest;
        both[layer] = found->both[0].weight[layer].largest;
        single[layer] = single[layer] > 0.0 ? single[layer] : NAN;
        both[layer] = both[layer] > 0.0 ? both[layer] : NAN;
    }
    claim_figure(result, "All parameters 0.005: the largest gradient of each layer",
                 "On 256 images. Below the last layer the exact gradient is 0: what float32 and float64 show is their "
                 "rounding, nine orders of magnitude apart.");
    claim_add_panel(result, &(claim_panel){.x_label = "Linear layer", .y_label = "Largest |gradient|", .y_log = true});
    ASSAY_TRY(claim_add_line(result, "float32", ASSAY_LINE_MARKED, LAYERS, x, single, error));
    return claim_add_line(result, "float64", ASSAY_LINE_MARKED, LAYERS, x, both, error);
}

static assay_status fill_precisions(const assay_claims_input *input, three_precisions *found,
                                    assay_claim_result *result, assay_error *error)
{
    exact_image images[SMALL_IMAGES];
    exact_images(input, images);
    for (size_t layer = 0; layer < LAYERS; layer++) {
        found->exact[layer] = exact_weights(images, layer);
    }
    ASSAY_TRY(pass_equal(input, input->f32, 0.005, BATCHES, found->single, error));
    ASSAY_TRY(pass_equal(input, input->f64, 0.005, BATCHES, found->both, error));
    ASSAY_TRY(add_constant_parts(found, result, error));
    compare_precisions(found, result);
    return draw_precisions(found, result, error);
}

static assay_status examine_constant(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    three_precisions *found = assay_calloc(1, sizeof *found, error);
    assay_status status = found == NULL ? ASSAY_ERROR_MEMORY : fill_precisions(input, found, result, error);
    assay_free(found);
    return status;
}

const assay_claim assay_claim_4 = {
    .number = 4,
    .cell = "[13]",
    .title = "A constant: which layers have diverse gradients",
    .says = "If all parameters are 0.005, the first and the last layer have diverse gradients, and each of the three "
            "between has a single value, which is not 0 but often close to it.",
    .decided =
        "Exact arithmetic (integers over a common denominator) on a small network of five layers, with which the "
        "gradients are counted and compared with 0; float32 against float64 on the tutorial's network, 12 batches.",
    .in_seconds = true,
    .measure = examine_constant,
};

/* --- 5 ----------------------------------------------------------------------------------------------------------- */

enum { CHECKS = 3, TRAIN_HIDDEN = 3 };

static const size_t checks[CHECKS] = {1, 10, 1000};

typedef struct {
    double difference[CHECKS]; /* of rows of a hidden layer's weights: the largest, over the largest weight */
    double distinct[CHECKS];   /* different rows in the hidden layer that has most of them */
    double accuracy;           /* on the test images */
} trained;

/* How much the rows of one weight matrix differ. */
static void compare_rows(const double *weights, size_t rows, size_t columns, double *difference, double *distinct)
{
    double largest = 0.0;
    double apart = 0.0;
    size_t different = 0;
    for (size_t row = 0; row < rows; row++) {
        bool seen = false;
        for (size_t before = 0; before < row && !seen; before++) {
            seen = memcmp(weights + row * columns, weights + before * columns, columns * sizeof *weights) == 0;
        }
        different += !seen;
        for (size_t i = 0; i < columns; i++) {
            largest = fmax(largest, fabs(weights[row * columns + i]));
            apart = fmax(apart, fabs(weights[row * columns + i] - weights[i]));
        }
    }
    *difference = fmax(*difference, largest > 0.0 ? apart / largest : 0.0);
    *distinct = fmax(*distinct, (double)different);
}

static void check_rows(assay_network *network, double *host, size_t check, trained *found)
{
    for (size_t layer = 0; layer < TRAIN_HIDDEN; layer++) {
        assay_tensor tensor = assay_network_tensor(network, 2 * layer);
        assay_download_f64(assay_network_backend(network), tensor.values, host);
        compare_rows(host, tensor.rows, tensor.columns, &found->difference[check], &found->distinct[check]);
    }
}

/* How a network is trained. The reference backend adds in the same order for every unit; OpenBLAS adds in blocks. */
typedef struct {
    const char *name;
    assay_init_kind start;
    const char *optimizer;
    bool reference; /* a smaller network, since that backend is slow */
    size_t most;    /* seeds; 0: all */
} start_kind;

static size_t rows_for(const start_kind *kind)
{
    return kind->reference ? 16 : 64;
}

static size_t width_for(const start_kind *kind)
{
    return kind->reference ? 8 : 32;
}

/* What one training needs. */
typedef struct {
    const start_kind *kind;
    assay_backend *backend;
    assay_network *network;
    assay_batches *train;
    assay_batches *test;
    assay_optimizer *optimizer;
    double *host; /* the largest weight matrix */
} training;

static void training_close(training *made)
{
    assay_optimizer_destroy(made->optimizer);
    assay_batches_destroy(made->train);
    assay_batches_destroy(made->test);
    assay_network_destroy(made->network);
    assay_free(made->host);
    if (made->kind->reference) {
        assay_backend_close(made->backend);
    }
}

static assay_status training_open(const assay_claims_input *input, training *made, assay_error *error)
{
    const assay_backend_options reference = {.name = "reference", .precision = ASSAY_F64};
    made->backend = input->f32;
    if (made->kind->reference) {
        made->backend = NULL;
        ASSAY_TRY(assay_backend_open(&reference, &made->backend, error));
    }
    size_t rows = rows_for(made->kind);
    assay_update_rule rule;
    assay_network_config config = assay_tutorial_network(ASSAY_TANH);
    config.hidden_count = TRAIN_HIDDEN;
    for (size_t i = 0; i < TRAIN_HIDDEN; i++) {
        config.hidden[i] = width_for(made->kind);
    }
    const char *optimizer = made->kind->optimizer;
    ASSAY_TRY(assay_optimizer_by_name(optimizer, &rule, error)); /* ASSAY_EXCL_MCDC: well-formed constants */
    ASSAY_TRY(assay_network_create(made->backend, &config, rows, false, &made->network, error));
    ASSAY_TRY(assay_batches_create(made->backend, input->train, rows, &made->train, error));
    ASSAY_TRY(assay_batches_create(made->backend, input->test, rows, &made->test, error));
    size_t count = assay_network_parameters(made->network).count;
    ASSAY_TRY(assay_optimizer_create(made->backend, &rule, count, &made->optimizer, error));
    made->host = assay_calloc(width_for(made->kind) * input->train->width, sizeof *made->host, error);
    return made->host == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

/* The seed decides the order of the images, and the weights where they are drawn. */
static assay_status train_steps(const assay_claims_input *input, const training *made, uint64_t seed, trained *found,
                                assay_error *error)
{
    uint32_t *order = assay_calloc(input->train->count, sizeof *order, error);
    if (order == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, seed);
    assay_mt19937_randperm(&generator, input->train->count, order);
    assay_batches_order(made->train, order, input->train->count);
    size_t check = 0;
    size_t rows = rows_for(made->kind);
    size_t batches = input->train->count / rows;
    for (size_t step = 1; step <= checks[CHECKS - 1]; step++) {
        assay_batches_load(made->train, step % batches * rows, rows);
        assay_slice images = assay_batches_inputs(made->train, rows);
        assay_network_forward(made->network, rows, images);
        assay_network_backward(made->network, rows, images, assay_batches_labels(made->train, rows), ASSAY_NO_SLICE,
                               ASSAY_NO_SLICE, ASSAY_NO_SLICE);
        assay_optimizer_step(made->optimizer, assay_network_parameters(made->network),
                             assay_network_gradients(made->network));
        if (step == checks[check]) {
            check_rows(made->network, made->host, check++, found);
        }
    }
    /* The reference backend would take long, and nothing is decided by its accuracy. */
    found->accuracy = made->kind->reference
                          ? 0.0
                          : (double)assay_count_correct(made->network, made->test) / (double)input->test->count;
    assay_free(order);
    return assay_backend_check(made->backend, error);
}

static assay_status train_from(const assay_claims_input *input, const start_kind *kind, uint64_t seed, trained *found,
                               assay_error *error)
{
    training made = {.kind = kind};
    *found = (trained){.accuracy = 0.0};
    const assay_initializer initializer = assay_initializer_default(kind->start);
    assay_status status = training_open(input, &made, error);
    if (status == ASSAY_OK) {
        assay_generator generator;
        assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, seed, 1);
        assay_initialize(&initializer, made.network, &generator);
        status = train_steps(input, &made, seed, found, error);
    }
    training_close(&made);
    return status;
}

enum { BY_REFERENCE, BY_MOMENTUM, BY_ADAM, FROM_XAVIER, STARTS };

/* clang-format off */
static const start_kind STARTED[STARTS] = {
    [BY_REFERENCE] = {"the same order of additions for every unit: units that start equal stay equal",
                      ASSAY_INIT_CONSTANT, "momentum", true, 2},
    [BY_MOMENTUM] = {"float32 in blocks (OpenBLAS), momentum: units that start equal stay equal",
                     ASSAY_INIT_CONSTANT, "momentum", false, 0},
    [BY_ADAM] = {"float32 in blocks (OpenBLAS), Adam: units that start equal stay equal",
                 ASSAY_INIT_CONSTANT, "adam", false, 4},
    [FROM_XAVIER] = {NULL, ASSAY_INIT_XAVIER_UNIFORM, "momentum", false, 0},
};
/* clang-format on */

static size_t runs_of(size_t start, size_t seeds)
{
    return STARTED[start].most != 0 && STARTED[start].most < seeds ? STARTED[start].most : seeds;
}

static assay_status add_equality(assay_claim_result *result, size_t start, size_t seeds, const trained *found,
                                 double *values, assay_error *error)
{
    size_t runs = runs_of(start, seeds);
    for (size_t i = 0; i < runs; i++) {
        values[i] = found[i].difference[CHECKS - 1];
    }
    return claim_add_part(
        result,
        &(claim_part){.name = STARTED[start].name,
                      .measure = "largest difference between two units' weights after 1,000 steps, over "
                                 "the largest weight",
                      .rule = ASSAY_PART_EVERY,
                      .low = 0.0,
                      .high = 1e-3},
        runs, values, error);
}

static assay_status report_starts(size_t seeds, trained *const found[STARTS], double *values,
                                  assay_claim_result *result, assay_error *error)
{
    size_t last = CHECKS - 1;
    for (size_t start = 0; start < FROM_XAVIER; start++) {
        ASSAY_TRY(add_equality(result, start, seeds, found[start], values, error));
    }
    double accuracy[2] = {0.0, 0.0};
    for (size_t i = 0; i < seeds; i++) {
        values[i] = 100.0 * (found[FROM_XAVIER][i].accuracy - found[BY_MOMENTUM][i].accuracy);
        accuracy[0] += 100.0 * found[BY_MOMENTUM][i].accuracy / (double)seeds;
        accuracy[1] += 100.0 * found[FROM_XAVIER][i].accuracy / (double)seeds;
    }
    ASSAY_TRY(claim_add_part(result,
                             &(claim_part){.name = "the network loses most of its power",
                                           .measure = "test accuracy lost against a Xavier start, SGD with momentum",
                                           .unit = "points",
                                           .low = 20.0,
                                           .high = INFINITY},
                             seeds, values, error));
    for (size_t check = 0; check < CHECKS; check++) {
        char label[96];
        snprintf(label, sizeof label, "different units of 32 after %zu steps: momentum, Adam; Xavier", checks[check]);
        claim_add_row(result, label, "1, 1; 32", "%.0f, %.0f; %.0f", found[BY_MOMENTUM][0].distinct[check],
                      found[BY_ADAM][0].distinct[check], found[FROM_XAVIER][0].distinct[check]);
    }
    claim_add_row(result, "test accuracy: constant, Xavier (momentum)", NULL, "%.1f %%, %.1f %%", accuracy[0],
                  accuracy[1]);
    claim_note(
        result,
        "Where every unit adds in the same order, the units differ by %.1e after 1,000 steps. OpenBLAS adds in "
        "blocks, and its rounding differs between units: with momentum they differ by %.1e of the largest weight, "
        "but only in as many groups as there are blocks (%.0f of 32 units are different), and with Adam by %.1e. "
        "Momentum reaches %.1f %% on the test images, and %.1f %% from Xavier's weights.",
        found[BY_REFERENCE][0].difference[last], found[BY_MOMENTUM][0].difference[last],
        found[BY_MOMENTUM][0].distinct[last], found[BY_ADAM][0].difference[last], accuracy[0], accuracy[1]);
    return ASSAY_OK;
}

static assay_status examine_equal_start(const assay_claims_input *input, assay_claim_result *result, assay_error *error)
{
    size_t seeds = claim_seeds(input, 16, 16);
    trained *all = assay_calloc(STARTS * seeds, sizeof *all, error);
    double *values = all == NULL ? NULL : assay_calloc(seeds, sizeof *values, error);
    assay_status status = values == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    trained *found[STARTS];
    for (size_t start = 0; start < STARTS && status == ASSAY_OK; start++) {
        found[start] = all + start * seeds;
        for (size_t i = 0; i < runs_of(start, seeds) && status == ASSAY_OK; i++) {
            status = train_from(input, &STARTED[start], input->first_seed + i, &found[start][i], error);
            claim_progress(input, start * seeds + i + 1, STARTS * seeds);
        }
    }
    if (status == ASSAY_OK) {
        status = report_starts(seeds, found, values, result, error);
    }
    assay_free(all);
    assay_free(values);
    return status;
}

const assay_claim assay_claim_5 = {
    .number = 5,
    .cell = "[13]",
    .title = "Parameters that start equal stay equal",
    .says =
        "Parameters that start with the same value and get the same gradient stay equal, so a layer has the power of "
        "a single unit.",
    .decided =
        "A tanh network with three hidden layers, all parameters 0.005, 1,000 steps: the largest difference "
        "between two units, at most 0.001 of the largest weight, in every run, with the reference backend (8 units "
        "a layer) and with OpenBLAS in float32 (32 units); and the test accuracy against a Xavier start, 20 points "
        "or more, paired by seed (sign-flip test).",
    .measure = examine_equal_start,
};
