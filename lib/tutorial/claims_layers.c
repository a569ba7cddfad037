#include "tutorial/claims_layers.h"

#include <assert.h>

#include <assay/base/alloc.h>
#include <assay/data/dataset.h>
#include <assay/train/batches.h>

static const size_t tutorial_hidden[CLAIM_TUTORIAL_HIDDEN] = {512, 256, 256, 128};

claim_network claim_equal_layers(const size_t *width, size_t layers, claim_draw *weight, const void *user)
{
    return (claim_network){
        .widths = width,
        .width_count = 1,
        .hidden_count = layers - 1,
        .classes = ASSAY_CLASSES,
        .activation = assay_activation_default(ASSAY_IDENTITY),
        .weight = weight,
        .user = user,
        .precision = ASSAY_F64,
        .rows = 64,
    };
}

claim_network claim_tutorial_layers(claim_draw *weight, const void *user)
{
    claim_network network = claim_equal_layers(tutorial_hidden, CLAIM_TUTORIAL_HIDDEN + 1, weight, user);
    network.width_count = CLAIM_TUTORIAL_HIDDEN;
    network.rows = 256;
    return network;
}

assay_distribution claim_by_initializer(const void *user, size_t layer, size_t in, size_t out)
{
    return assay_initializer_weight(user, layer, in, out);
}

/* --- the profile ------------------------------------------------------------------------------------------------- */

static double *place_of(const claim_profile *profile, claim_quantity quantity, size_t seed, size_t layer)
{
    return &profile->values[((size_t)quantity * profile->seeds + seed) * profile->layers + layer];
}

double claim_at(const claim_profile *profile, claim_quantity quantity, size_t seed, size_t layer)
{
    return *place_of(profile, quantity, seed, layer);
}

void claim_change(const claim_profile *profile, claim_quantity quantity, size_t from, size_t to, double *values)
{
    for (size_t seed = 0; seed < profile->seeds; seed++) {
        values[seed] = log2(claim_at(profile, quantity, seed, to)) - log2(claim_at(profile, quantity, seed, from));
    }
}

double claim_typical(const claim_profile *profile, claim_quantity quantity, size_t layer)
{
    double sum = 0.0;
    for (size_t seed = 0; seed < profile->seeds; seed++) {
        sum += log(claim_at(profile, quantity, seed, layer));
    }
    return exp(sum / (double)profile->seeds);
}

assay_status claim_add_profile(assay_claim_result *result, const char *label, const claim_profile *profile,
                               claim_quantity quantity, size_t last, assay_error *error)
{
    double x[CLAIM_MAX_LAYERS];
    double y[CLAIM_MAX_LAYERS];
    for (size_t layer = 0; layer < last; layer++) {
        x[layer] = (double)layer + 1.0;
        y[layer] = claim_typical(profile, quantity, layer);
    }
    return claim_add_line(result, label, ASSAY_LINE_MARKED, last, x, y, error);
}

double claim_mean(size_t count, const double *values)
{
    return assay_statistic_mean(count, values, NULL);
}

assay_status claim_add_change(assay_claim_result *result, const claim_part *part, const claim_profile *profile,
                              claim_step step, double *mean, assay_error *error)
{
    double *values = assay_calloc(profile->seeds, sizeof *values, error);
    if (values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    claim_change(profile, step.quantity, step.from, step.to, values);
    if (mean != NULL) {
        *mean = claim_mean(profile->seeds, values);
    }
    assay_status status = claim_add_part(result, part, profile->seeds, values, error);
    assay_free(values);
    return status;
}

void claim_profile_destroy(claim_profile *profile)
{
    assay_free(profile->values);
    *profile = (claim_profile){0};
}

/* --- measuring --------------------------------------------------------------------------------------------------- */

typedef struct {
    const claim_network *about;
    assay_backend *backend;
    assay_network *network;
    assay_batches *batches;
    double *host; /* the outputs of one layer, for the signal; NULL if it is not wanted */
} lab;

static assay_status lab_open(const assay_claims_input *input, const claim_network *about, lab *made, assay_error *error)
{
    *made = (lab){.about = about, .backend = about->precision == ASSAY_F32 ? input->f32 : input->f64};
    assert(about->hidden_count < CLAIM_MAX_LAYERS); /* LCOV_EXCL_BR_LINE: a constant of each claim */
    assay_network_config config = {.inputs = input->train->width,
                                   .classes = about->classes,
                                   .hidden_count = about->hidden_count,
                                   .activation = about->activation};
    size_t widest = about->classes;
    for (size_t i = 0; i < about->hidden_count; i++) {
        config.hidden[i] = about->widths[i % about->width_count];
        widest = config.hidden[i] > widest ? config.hidden[i] : widest;
    }
    if (about->signal) {
        made->host = assay_calloc(about->rows * widest, sizeof *made->host, error);
        ASSAY_TRY(made->host == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK);
    }
    ASSAY_TRY(assay_network_create(made->backend, &config, about->rows, true, &made->network, error));
    return assay_batches_create(made->backend, input->train, about->rows, &made->batches, error);
}

static void lab_close(lab *made)
{
    assay_network_destroy(made->network);
    assay_batches_destroy(made->batches);
    assay_free(made->host);
}

static void draw_parameters(const lab *in, uint64_t seed)
{
    assay_generator generator;
    assay_generator_seed(&generator, ASSAY_GENERATOR_MT19937, seed, 1);
    for (size_t i = 0; i < assay_network_tensor_count(in->network); i++) {
        assay_tensor tensor = assay_network_tensor(in->network, i);
        assay_linear_shape shape = assay_network_layer_shape(in->network, tensor.layer, 1);
        claim_draw *draw = tensor.is_bias ? in->about->bias : in->about->weight;
        if (draw == NULL) {
            assay_fill(in->backend, tensor.values, 0.0);
        } else {
            assay_fill_random(in->backend, tensor.values, &generator,
                              draw(in->about->user, tensor.layer, shape.in, shape.out));
        }
    }
}

/* Other images for each seed, as long as there are some. */
static void load_images(const assay_claims_input *input, const lab *in, uint64_t seed)
{
    size_t rows = in->about->rows;
    size_t batches = input->split->train_count / rows;
    assay_batches_order(in->batches, input->split->train, input->split->train_count);
    assay_batches_load(in->batches, seed % batches * rows, rows);
}

static double variance_of(const lab *in, assay_slice values)
{
    return assay_reduce_moments(in->backend, values).variance;
}

/* Mean over the columns of the variance in a column. */
static double signal_of(const lab *in, size_t width)
{
    size_t rows = in->about->rows;
    double total = 0.0;
    for (size_t unit = 0; unit < width; unit++) {
        double mean = 0.0;
        double squares = 0.0;
        for (size_t row = 0; row < rows; row++) {
            mean += in->host[row * width + unit] / (double)rows;
        }
        for (size_t row = 0; row < rows; row++) {
            double off = in->host[row * width + unit] - mean;
            squares += off * off;
        }
        total += squares / (double)rows;
    }
    return total / (double)width;
}

static double positive_half_of(const lab *in, size_t count, double variance)
{
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        double positive = fmax(0.0, in->host[i]);
        squares += positive * positive;
    }
    return 2.0 * squares / (double)count / variance;
}

static void measure_layer(const lab *in, size_t layer, size_t seed, claim_profile *profile)
{
    size_t rows = in->about->rows;
    assay_slice outputs = assay_network_preactivations(in->network, layer, rows);
    *place_of(profile, CLAIM_ACTIVATION, seed, layer) = variance_of(in, outputs);
    if (in->about->signal) {
        double variance = claim_at(profile, CLAIM_ACTIVATION, seed, layer);
        assay_download_f64(in->backend, outputs, in->host);
        *place_of(profile, CLAIM_SIGNAL, seed, layer) = signal_of(in, outputs.count / rows);
        *place_of(profile, CLAIM_POSITIVE_HALF, seed, layer) = positive_half_of(in, outputs.count, variance);
    }
    if (in->about->backward) {
        assay_slice gradient = assay_network_preactivation_gradients(in->network, layer, rows);
        *place_of(profile, CLAIM_GRADIENT, seed, layer) = variance_of(in, gradient);
        assay_slice weights = assay_network_tensor(in->network, 2 * layer).gradient;
        *place_of(profile, CLAIM_WEIGHT_GRADIENT, seed, layer) = variance_of(in, weights);
    }
}

static assay_status measure_seeds(const assay_claims_input *input, const lab *in, claim_profile *profile,
                                  assay_error *error)
{
    size_t rows = in->about->rows;
    for (size_t seed = 0; seed < profile->seeds; seed++) {
        draw_parameters(in, input->first_seed + seed);
        load_images(input, in, input->first_seed + seed);
        assay_slice images = assay_batches_inputs(in->batches, rows);
        assay_network_forward(in->network, rows, images);
        if (in->about->backward) {
            assay_network_backward(in->network, rows, images, assay_batches_labels(in->batches, rows), ASSAY_NO_SLICE,
                                   ASSAY_NO_SLICE, ASSAY_NO_SLICE);
        }
        for (size_t layer = 0; layer < profile->layers; layer++) {
            measure_layer(in, layer, seed, profile);
        }
        ASSAY_TRY(assay_backend_check(in->backend, error));
    }
    return ASSAY_OK;
}

assay_status claim_measure(const assay_claims_input *input, const claim_network *network, size_t seeds,
                           claim_profile *profile, assay_error *error)
{
    *profile = (claim_profile){.layers = network->hidden_count + 1, .seeds = seeds};
    profile->values = assay_calloc(CLAIM_QUANTITIES * seeds * profile->layers, sizeof *profile->values, error);
    if (profile->values == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    lab made;
    assay_status status = lab_open(input, network, &made, error);
    if (status == ASSAY_OK) {
        status = measure_seeds(input, &made, profile, error);
    }
    lab_close(&made);
    return status;
}
