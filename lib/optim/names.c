/* The named optimizers. */
#include <stdio.h>
#include <string.h>

#include <assay/optim/optimizer.h>

enum {
    SGD,
    MOMENTUM,
    ADAM,
    CLASSICAL_MOMENTUM,
    NESTEROV,
    DAMPENING,
    ADAMW,
    AMSGRAD,
    ADAM_UNCORRECTED_MOMENTUM,
    ADAM_UNCORRECTED,
    RMSPROP,
    COUNT
};

static const char *const names[COUNT + 1] = {
    [SGD] = "sgd",
    [MOMENTUM] = "momentum",
    [ADAM] = "adam",
    [CLASSICAL_MOMENTUM] = "classical-momentum",
    [NESTEROV] = "nesterov",
    [DAMPENING] = "dampening",
    [ADAMW] = "adamw",
    [AMSGRAD] = "amsgrad",
    [ADAM_UNCORRECTED_MOMENTUM] = "adam-uncorrected-momentum",
    [ADAM_UNCORRECTED] = "adam-uncorrected",
    [RMSPROP] = "rmsprop",
    [COUNT] = NULL,
};

#define CLASSICAL .kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9

/* Kingma and Ba's defaults, also the tutorial's and PyTorch's. */
#define KINGMA_BA .kind = ASSAY_UPDATE_ADAM, .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8
#define CORRECTED .correct_first = true, .correct_second = true

static const assay_update_rule rules[COUNT] = {
    [SGD] = {.kind = ASSAY_UPDATE_SGD, .learning_rate = 0.1},
    [MOMENTUM] = {.kind = ASSAY_UPDATE_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9},
    [ADAM] = {KINGMA_BA, CORRECTED},
    [CLASSICAL_MOMENTUM] = {CLASSICAL},
    [NESTEROV] = {CLASSICAL, .nesterov = true},
    [DAMPENING] = {CLASSICAL, .dampening = 0.9},
    [ADAMW] = {KINGMA_BA, CORRECTED, .decoupled = true, .weight_decay = 0.01},
    [AMSGRAD] = {KINGMA_BA, CORRECTED, .amsgrad = true},
    [ADAM_UNCORRECTED_MOMENTUM] = {KINGMA_BA, .correct_second = true},
    [ADAM_UNCORRECTED] = {KINGMA_BA},
    [RMSPROP] = {.kind = ASSAY_UPDATE_RMSPROP, .learning_rate = 0.01, .beta2 = 0.99, .epsilon = 1e-8},
};

const char *const *assay_optimizer_names(void)
{
    return names;
}

assay_status assay_optimizer_by_name(const char *name, assay_update_rule *rule, assay_error *error)
{
    char known[256] = "";
    size_t length = 0;
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(name, names[i]) == 0) {
            *rule = rules[i];
            return ASSAY_OK;
        }
        length += (size_t)snprintf(known + length, sizeof known - length, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown optimizer '%s'; known are %s", name, known);
}
