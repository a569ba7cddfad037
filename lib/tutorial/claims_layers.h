/*
 * What claims about initialization measure: the spread of activations and gradients in each layer of a network, over
 * seeds; not installed. A seed decides the weights and the images.
 */
#ifndef ASSAY_TUTORIAL_CLAIMS_LAYERS_H
#define ASSAY_TUTORIAL_CLAIMS_LAYERS_H

#include <assay/backend/backend.h>
#include <assay/init/initializer.h>
#include <assay/nn/network.h>
#include "tutorial/claims_impl.h"

enum { CLAIM_MAX_LAYERS = 400 };

/* Hidden layers of the tutorial's network; the last of them has index 3. */
enum { CLAIM_TUTORIAL_HIDDEN = 4 };

/* A change of a variance by less than a factor of 4 counts as none: 2 bits. */
#define CLAIM_STABLE 2.0

/* How the weights, or the biases, of one linear layer are drawn. */
typedef assay_distribution claim_draw(const void *user, size_t layer, size_t in, size_t out);

typedef struct {
    const size_t *widths; /* of the hidden layers: [width_count], repeated until there are hidden_count */
    size_t width_count;
    size_t hidden_count;
    size_t classes; /* at least 10 */
    assay_activation activation;
    claim_draw *weight;
    claim_draw *bias; /* NULL: biases are 0 */
    const void *user; /* of both */
    assay_precision precision;
    size_t rows;   /* images */
    bool backward; /* measure gradients, too */
    bool signal;   /* measure CLAIM_SIGNAL and CLAIM_POSITIVE_HALF, too */
} claim_network;

/* weight of a network whose `user` is an assay_initializer. */
claim_draw claim_by_initializer;

/*
 * A network of `layers` linear layers whose hidden ones all have `*width` units: identity activations, biases of 0, 64
 * images, double precision, forward only; and one with the tutorial's sizes and 256 images. The caller changes what he
 * needs; `width` must live as long.
 */
claim_network claim_equal_layers(const size_t *width, size_t layers, claim_draw *weight, const void *user);
claim_network claim_tutorial_layers(claim_draw *weight, const void *user);

typedef enum {
    CLAIM_ACTIVATION,      /* variance over all outputs of the linear layer, before its activation function */
    CLAIM_GRADIENT,        /* variance of the loss's gradient with respect to these outputs */
    CLAIM_WEIGHT_GRADIENT, /* variance of the loss's gradient with respect to the layer's weights */
    CLAIM_SIGNAL,          /* variance over the images, mean over the units: what tells images apart */
    CLAIM_POSITIVE_HALF,   /* 2 E[max(0, z)^2] / Var(z) over all outputs z of the linear layer */
    CLAIM_QUANTITIES
} claim_quantity;

typedef struct {
    size_t layers; /* linear layers: hidden_count + 1 */
    size_t seeds;
    double *values; /* [CLAIM_QUANTITIES][seeds][layers] */
} claim_profile;

/* The caller ends the profile with claim_profile_destroy, also after a failure. */
assay_status claim_measure(const assay_claims_input *input, const claim_network *network, size_t seeds,
                           claim_profile *profile, assay_error *error);
void claim_profile_destroy(claim_profile *profile);

/* The variance in a layer, 0 for the first. */
double claim_at(const claim_profile *profile, claim_quantity quantity, size_t seed, size_t layer);

/* log2 of the variance in layer `to` over that in layer `from`, for each seed. */
void claim_change(const claim_profile *profile, claim_quantity quantity, size_t from, size_t to, double *values);

/* The geometric mean over the seeds. */
double claim_typical(const claim_profile *profile, claim_quantity quantity, size_t layer);

/* A curve of claim_typical over the layers, counted from 1, to layer `last`; not the last layer, which is narrow. */
assay_status claim_add_profile(assay_claim_result *result, const char *label, const claim_profile *profile,
                               claim_quantity quantity, size_t last, assay_error *error);

double claim_mean(size_t count, const double *values);

/* A part whose values are claim_change, with bounds in bits, and its mean to `mean` (NULL: not wanted). */
typedef struct {
    claim_quantity quantity;
    size_t from;
    size_t to;
} claim_step;
assay_status claim_add_change(assay_claim_result *result, const claim_part *part, const claim_profile *profile,
                              claim_step step, double *mean, assay_error *error);

#endif
