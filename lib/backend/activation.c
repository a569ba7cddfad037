#include <assay/backend/activation.h>

#include <stddef.h>
#include <string.h>

static const char *const activation_names[ASSAY_ACTIVATION_COUNT] = {
    [ASSAY_IDENTITY] = "identity",   [ASSAY_TANH] = "tanh", [ASSAY_RELU] = "relu",
    [ASSAY_SIGMOID] = "sigmoid",     [ASSAY_LEAKY_RELU] = "leaky_relu",
    [ASSAY_SELU] = "selu",           [ASSAY_ELU] = "elu",   [ASSAY_GELU] = "gelu",
    [ASSAY_GELU_TANH] = "gelu_tanh", [ASSAY_SILU] = "silu",
};

assay_activation assay_activation_default(assay_activation_kind kind)
{
    double parameter = kind == ASSAY_LEAKY_RELU ? 0.01 : kind == ASSAY_ELU ? 1.0 : 0.0;
    return (assay_activation){kind, parameter};
}

const char *assay_activation_name(assay_activation_kind kind)
{
    return activation_names[kind];
}

/* The next letter or digit, as a small letter; what is between them is a matter of taste. */
static int next_letter(const char **name)
{
    for (; **name != '\0'; (*name)++) {
        int letter = **name >= 'A' && **name <= 'Z' ? **name - 'A' + 'a' : **name;
        if ((letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9')) {
            (*name)++;
            return letter;
        }
    }
    return '\0';
}

/* Whether two names have the same letters. */
static bool is_same_name(const char *a, const char *b)
{
    int x = 0;
    int y = 0;
    do {
        x = next_letter(&a);
        y = next_letter(&b);
    } while (x == y && x != '\0');
    return x == y;
}

assay_status assay_activation_by_name(const char *name, assay_activation *activation, assay_error *error)
{
    const char *dot = strrchr(name, '.'); /* "torch.nn.ReLU" */
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        if (is_same_name(dot != NULL ? dot + 1 : name, activation_names[kind])) {
            *activation = assay_activation_default((assay_activation_kind)kind);
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                      "unknown activation \"%s\"; known are identity, tanh, relu, sigmoid, leaky_relu, selu, elu, "
                      "gelu, gelu_tanh, silu",
                      name);
}

bool assay_activation_derivative_reads_input(assay_activation_kind kind)
{
    return kind == ASSAY_GELU || kind == ASSAY_GELU_TANH || kind == ASSAY_SILU;
}
