/* The activation functions, by name: what every backend and every gain speaks of. */
#ifndef ASSAY_BACKEND_ACTIVATION_H
#define ASSAY_BACKEND_ACTIVATION_H

#include <stdbool.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef enum {
    ASSAY_IDENTITY,   /* f(x) = x */
    ASSAY_TANH,       /* tanh x */
    ASSAY_RELU,       /* max(0, x); f'(0) = 0, as in PyTorch */
    ASSAY_SIGMOID,    /* 1 / (1 + e^-x) */
    ASSAY_LEAKY_RELU, /* x > 0 ? x : a x; f'(0) = a; a > 0 (default 0.01) */
    ASSAY_SELU,       /* s (x > 0 ? x : a (e^x - 1)), s = 1.0507009873554805, a = 1.6732632423543772 (Klambauer 2017) */
    ASSAY_ELU,        /* x > 0 ? x : a (e^x - 1); a > 0 (default 1) */
    ASSAY_GELU,       /* x Phi(x) (Hendrycks and Gimpel 2016) */
    ASSAY_GELU_TANH,  /* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */
    ASSAY_SILU,       /* x sigmoid(x) */
    ASSAY_ACTIVATION_COUNT
} assay_activation_kind;

typedef struct {
    assay_activation_kind kind;
    double parameter; /* a of leaky ReLU and ELU; not read by the others */
} assay_activation;

/* The activation with PyTorch's default parameter. */
assay_activation assay_activation_default(assay_activation_kind kind);

/* "identity", "tanh", "relu", "sigmoid", "leaky_relu", "selu", "elu", "gelu", "gelu_tanh", "silu". */
const char *assay_activation_name(assay_activation_kind kind);

/*
 * The default activation of that name, in any spelling: "leaky_relu", "LeakyReLU", "nn.LeakyReLU()".
 * ASSAY_ERROR_ARGUMENT with the known names for any other.
 */
assay_status assay_activation_by_name(const char *name, assay_activation *activation, assay_error *error);

/*
 * Whether f' is computed from the input x (GELU, GELU_TANH, SILU) rather than from the output y = f(x) (all others;
 * they are monotonic, so y determines f').
 */
bool assay_activation_derivative_reads_input(assay_activation_kind kind);

ASSAY_END_DECLS
#endif
