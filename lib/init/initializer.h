/*
 * Initializers: the tutorial's, and more of PyTorch's. Each is plain data. Its shape, its layer and the generator
 * determine what a tensor gets.
 */
#ifndef ASSAY_INIT_INITIALIZER_H
#define ASSAY_INIT_INITIALIZER_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/nn/network.h>
#include <assay/random/generator.h>

ASSAY_BEGIN_DECLS

typedef enum {
    ASSAY_INIT_CONSTANT,        /* every weight and bias = value (cell [13]) */
    ASSAY_INIT_NORMAL,          /* every weight and bias ~ N(0, std^2) (cell [14]) */
    ASSAY_INIT_EQUAL_VARIANCE,  /* W ~ N(0, 1 / d_x), b = 0 (cell [16]) */
    ASSAY_INIT_XAVIER_UNIFORM,  /* W ~ U(-a, a), a = gain sqrt(6 / (d_x + d_y)), b = 0 (cell [17]; Glorot and Bengio) */
    ASSAY_INIT_XAVIER_NORMAL,   /* W ~ N(0, gain^2 2 / (d_x + d_y)), b = 0 */
    ASSAY_INIT_KAIMING_NORMAL,  /* W ~ N(0, gain^2 / fan), b = 0 (cell [19]; He et al. 2015) */
    ASSAY_INIT_KAIMING_UNIFORM, /* W ~ U(-a, a), a = gain sqrt(3 / fan), b = 0 */
    ASSAY_INIT_TORCH_DEFAULT,   /* W, b ~ U(-a, a), a = 1 / sqrt(d_x): nn.Linear.reset_parameters */
    ASSAY_INIT_COUNT
} assay_init_kind;

/* d_x = fan-in = in_features, d_y = fan-out = out_features. */
typedef enum { ASSAY_FAN_IN, ASSAY_FAN_OUT } assay_fan;

typedef struct {
    assay_init_kind kind;
    double value;                  /* the constant, or the standard deviation of ASSAY_INIT_NORMAL */
    assay_fan fan;                 /* Kaiming */
    double gain;                   /* Xavier and Kaiming */
    bool first_layer_without_gain; /* cell [19]: no activation precedes the first layer, which has gain 1 */
} assay_initializer;

/* The initializer as the tutorial uses it: constant 0.005, std 0.01, Xavier gain 1, Kaiming fan-in, gain sqrt(2), the
 * first layer without gain. */
assay_initializer assay_initializer_default(assay_init_kind kind);

/* "constant", "normal", "equal-variance", "xavier-uniform", "xavier-normal", "kaiming-normal", "kaiming-uniform",
 * "torch-default". By name: the default one; ASSAY_ERROR_ARGUMENT, with the known names, for any other name. */
const char *assay_initializer_name(assay_init_kind kind);
assay_status assay_initializer_by_name(const char *name, assay_initializer *initializer, assay_error *error);

/*
 * torch.nn.init.calculate_gain: 1 for identity and sigmoid, 5/3 for tanh, sqrt(2) for ReLU, sqrt(2 / (1 + a^2)) for
 * leaky ReLU, 3/4 for SELU. For ELU, GELU, SiLU and Mish, where PyTorch has none: 1 / sqrt(E[f(Z)^2]) of a standard
 * normal Z, the definition that gives ReLU its sqrt(2), so that Var w = gain^2 / d_x keeps the second moment through
 * depth.
 */
double assay_gain(assay_activation activation);

/* The distribution of a weight [out][in] of linear layer `layer` (0: the first). ASSAY_INIT_CONSTANT has a normal
 * distribution with std 0. */
assay_distribution assay_initializer_weight(const assay_initializer *initializer, size_t layer, size_t in, size_t out);
/* The same for its bias; std 0 and mean 0 for the initializers that set biases to 0. */
assay_distribution assay_initializer_bias(const assay_initializer *initializer, size_t in);

/* Mean and variance of a distribution. */
double assay_distribution_mean(assay_distribution distribution);
double assay_distribution_variance(assay_distribution distribution);

/*
 * Sets all parameters of a network, in parameter order. Draws from `generator` only what the tutorial draws: nothing
 * for a constant, nothing for biases that are 0. assay_backend_check reports failures.
 */
void assay_initialize(const assay_initializer *initializer, assay_network *network, assay_generator *generator);

ASSAY_END_DECLS
#endif
