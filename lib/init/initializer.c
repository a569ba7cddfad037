#include <assay/init/initializer.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const NAMES[ASSAY_INIT_COUNT] = {
    [ASSAY_INIT_CONSTANT] = "constant",
    [ASSAY_INIT_NORMAL] = "normal",
    [ASSAY_INIT_EQUAL_VARIANCE] = "equal-variance",
    [ASSAY_INIT_XAVIER_UNIFORM] = "xavier-uniform",
    [ASSAY_INIT_XAVIER_NORMAL] = "xavier-normal",
    [ASSAY_INIT_KAIMING_NORMAL] = "kaiming-normal",
    [ASSAY_INIT_KAIMING_UNIFORM] = "kaiming-uniform",
    [ASSAY_INIT_TORCH_DEFAULT] = "torch-default",
};

assay_initializer assay_initializer_default(assay_init_kind kind)
{
    assay_initializer initializer = {.kind = kind, .fan = ASSAY_FAN_IN, .gain = 1.0};
    switch (kind) {
    case ASSAY_INIT_CONSTANT:
        initializer.value = 0.005;
        break;
    case ASSAY_INIT_NORMAL:
        initializer.value = 0.01;
        break;
    case ASSAY_INIT_KAIMING_NORMAL:
    case ASSAY_INIT_KAIMING_UNIFORM:
        initializer.gain = sqrt(2.0);
        initializer.first_layer_without_gain = true;
        break;
    default:
        break;
    }
    return initializer;
}

const char *assay_initializer_name(assay_init_kind kind)
{
    return NAMES[kind];
}

assay_status assay_initializer_by_name(const char *name, assay_initializer *initializer, assay_error *error)
{
    char known[256] = "";
    size_t length = 0;
    for (int kind = 0; kind < ASSAY_INIT_COUNT; kind++) {
        if (strcmp(name, NAMES[kind]) == 0) {
            *initializer = assay_initializer_default((assay_init_kind)kind);
            return ASSAY_OK;
        }
        length += (size_t)snprintf(known + length, sizeof known - length, " %s", NAMES[kind]);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown initializer '%s'; there are:%s", name, known);
}

static assay_distribution normal(double std)
{
    return (assay_distribution){ASSAY_NORMAL, 0.0, std};
}

static assay_distribution uniform(double bound)
{
    return (assay_distribution){ASSAY_UNIFORM, -bound, bound};
}

assay_distribution assay_initializer_weight(const assay_initializer *initializer, size_t layer, size_t in, size_t out)
{
    double d_x = (double)in;
    double d_y = (double)out;
    double fan = initializer->fan == ASSAY_FAN_IN ? d_x : d_y;
    double gain = initializer->gain;
    if (layer == 0 && initializer->first_layer_without_gain) {
        gain = 1.0;
    }
    switch (initializer->kind) {
    case ASSAY_INIT_NORMAL:
        return normal(initializer->value);
    case ASSAY_INIT_EQUAL_VARIANCE:
        return normal(1.0 / sqrt(d_x));
    case ASSAY_INIT_XAVIER_UNIFORM:
        return uniform(gain * (sqrt(6.0) / sqrt(d_x + d_y)));
    case ASSAY_INIT_XAVIER_NORMAL:
        return normal(gain * sqrt(2.0 / (d_x + d_y)));
    case ASSAY_INIT_KAIMING_NORMAL:
        return normal(gain / sqrt(fan));
    case ASSAY_INIT_KAIMING_UNIFORM:
        return uniform(gain * sqrt(3.0 / fan));
    case ASSAY_INIT_TORCH_DEFAULT:
        return uniform(1.0 / sqrt(d_x));
    case ASSAY_INIT_CONSTANT:
    case ASSAY_INIT_COUNT:
        break;
    }
    return (assay_distribution){ASSAY_NORMAL, initializer->value, 0.0};
}

assay_distribution assay_initializer_bias(const assay_initializer *initializer, size_t in)
{
    switch (initializer->kind) {
    case ASSAY_INIT_CONSTANT:
        return (assay_distribution){ASSAY_NORMAL, initializer->value, 0.0};
    case ASSAY_INIT_NORMAL:
        return normal(initializer->value);
    case ASSAY_INIT_TORCH_DEFAULT:
        return uniform(1.0 / sqrt((double)in));
    default:
        return normal(0.0);
    }
}

double assay_distribution_mean(assay_distribution distribution)
{
    return distribution.kind == ASSAY_NORMAL ? distribution.a : (distribution.a + distribution.b) / 2.0;
}

double assay_distribution_variance(assay_distribution distribution)
{
    double width = distribution.b - distribution.a;
    return distribution.kind == ASSAY_NORMAL ? distribution.b * distribution.b : width * width / 12.0;
}

void assay_initialize(const assay_initializer *initializer, assay_network *network, assay_generator *generator)
{
    assay_backend *backend = assay_network_backend(network);
    for (size_t i = 0; i < assay_network_tensor_count(network); i++) {
        assay_tensor tensor = assay_network_tensor(network, i);
        size_t in = assay_network_layer_shape(network, tensor.layer, 1).in;
        assay_distribution distribution = tensor.is_bias
            ? assay_initializer_bias(initializer, in)
            : assay_initializer_weight(initializer, tensor.layer, in, tensor.rows);
        if (assay_distribution_variance(distribution) == 0.0) {
            assay_fill(backend, tensor.values, assay_distribution_mean(distribution));
        } else {
            assay_fill_random(backend, tensor.values, generator, distribution);
        }
    }
}
