/*
 * The activation functions. ASSAY_ACTIVATIONS lists them: each has one descriptor (activation.c), and each backend has
 * one function for its value and one for its derivative. Who adds a line here and forgets one of these gets a compiler
 * error.
 */
#ifndef ASSAY_BACKEND_ACTIVATION_H
#define ASSAY_BACKEND_ACTIVATION_H

#include <stdbool.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* X(constant, identifier). The order has no meaning. */
#define ASSAY_ACTIVATIONS(X)                                                                                 \
    X(ASSAY_IDENTITY, identity)     /* f(x) = x */                                                           \
    X(ASSAY_TANH, tanh)             /* tanh x */                                                             \
    X(ASSAY_RELU, relu)             /* max(0, x); f'(0) = 0, as in PyTorch */                                \
    X(ASSAY_SIGMOID, sigmoid)       /* 1 / (1 + e^-x) */                                                     \
    X(ASSAY_LEAKY_RELU, leaky_relu) /* x > 0 ? x : a x; f'(0) = a; a > 0 (default 0.01) */                   \
    X(ASSAY_SELU, selu)             /* s (x > 0 ? x : a (e^x - 1)) (Klambauer et al. 2017),                \
                                        s = 1.0507009873554805, a = 1.6732632423543772 */ \
    X(ASSAY_ELU, elu)               /* x > 0 ? x : a (e^x - 1); a > 0 (default 1) */                         \
    X(ASSAY_GELU, gelu)             /* x Phi(x) (Hendrycks and Gimpel 2016) */                               \
    X(ASSAY_GELU_TANH, gelu_tanh)   /* 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) */                    \
    X(ASSAY_SILU, silu)             /* x sigmoid(x) */                                                       \
    X(ASSAY_MISH, mish)             /* x tanh(log(1 + e^x)) (Misra 2019) */

#define ASSAY_ACTIVATION_CONSTANT(constant, identifier) constant,
typedef enum { ASSAY_ACTIVATIONS(ASSAY_ACTIVATION_CONSTANT) ASSAY_ACTIVATION_COUNT } assay_activation_kind;
#undef ASSAY_ACTIVATION_CONSTANT

typedef struct {
    assay_activation_kind kind;
    double parameter; /* a of leaky ReLU and ELU; the others do not read it */
} assay_activation;

/* What a backend computes f'(x) from. */
typedef enum {
    ASSAY_READS_NOTHING, /* f' is 1 */
    ASSAY_READS_OUTPUT,  /* y = f(x): for monotonic functions y determines f' */
    ASSAY_READS_INPUT    /* x */
} assay_derivative_source;

typedef struct {
    const char *name;        /* "leaky-relu" */
    const char *title;       /* "leaky ReLU" */
    const char *torch_class; /* "LeakyReLU" of torch.nn; NULL where PyTorch has no class of its own */
    bool has_parameter;
    double parameter; /* its default: PyTorch's */
    assay_derivative_source derivative_reads;
    double (*gain)(double parameter);             /* assay_gain (init/initializer.h) */
    double (*second)(double x, double parameter); /* f''(x); NULL where f is linear, or linear but for one kink */
} assay_activation_descriptor;

/* `kind` must be below ASSAY_ACTIVATION_COUNT, here and below. */
const assay_activation_descriptor *assay_activation_describe(assay_activation_kind kind);
const char *assay_activation_name(assay_activation_kind kind);

/* The activation with PyTorch's default parameter. */
assay_activation assay_activation_default(assay_activation_kind kind);

/*
 * The default activation that has this name or this torch.nn class; case does not matter, and '_' is the same as '-'.
 * ASSAY_ERROR_ARGUMENT, with a list of the known names, for any other.
 */
assay_status assay_activation_by_name(const char *name, assay_activation *activation, assay_error *error);

ASSAY_END_DECLS
#endif
