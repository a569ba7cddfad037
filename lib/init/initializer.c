#include <assay/init/initializer.h>

#include <math.h>

#include <assay/base/names.h>

/* What a distribution depends on besides the initializer. */
typedef struct {
    double d_x;  /* fan-in */
    double d_y;  /* fan-out */
    double fan;  /* the one that the initializer names */
    double gain; /* the initializer's; 1 for a first layer without gain */
} layer_size;

typedef assay_distribution draw(const assay_initializer *initializer, const layer_size *size);

static assay_distribution normal(double std)
{
    return (assay_distribution){ASSAY_NORMAL, 0.0, std};
}

static assay_distribution uniform(double bound)
{
    return (assay_distribution){ASSAY_UNIFORM, -bound, bound};
}

static assay_distribution draw_zero(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    (void)size;
    return normal(0.0);
}

static assay_distribution draw_constant(const assay_initializer *initializer, const layer_size *size)
{
    (void)size;
    return (assay_distribution){ASSAY_NORMAL, initializer->value, 0.0};
}

static assay_distribution draw_normal(const assay_initializer *initializer, const layer_size *size)
{
    (void)size;
    return normal(initializer->value);
}

static assay_distribution draw_equal_variance(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    return normal(1.0 / sqrt(size->d_x));
}

static assay_distribution draw_xavier_uniform(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    return uniform(size->gain * (sqrt(6.0) / sqrt(size->d_x + size->d_y)));
}

static assay_distribution draw_xavier_normal(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    return normal(size->gain * sqrt(2.0 / (size->d_x + size->d_y)));
}

static assay_distribution draw_kaiming_normal(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    return normal(size->gain / sqrt(size->fan));
}

static assay_distribution draw_kaiming_uniform(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    return uniform(size->gain * sqrt(3.0 / size->fan));
}

static assay_distribution draw_torch_default(const assay_initializer *initializer, const layer_size *size)
{
    (void)initializer;
    return uniform(1.0 / sqrt(size->d_x));
}

#define SQRT_2 1.4142135623730951

/* One initializer: its kind and settings as the tutorial uses it, and what it draws. */
/* clang-format off */
static const struct {
    const char *name;
    assay_initializer standard;
    draw *weight;
    draw *bias;
} INITIALIZERS[] = {
    {"constant", {ASSAY_INIT_CONSTANT, .value = 0.005, .gain = 1.0}, draw_constant, draw_constant},
    {"normal", {ASSAY_INIT_NORMAL, .value = 0.01, .gain = 1.0}, draw_normal, draw_normal},
    {"equal-variance", {ASSAY_INIT_EQUAL_VARIANCE, .gain = 1.0}, draw_equal_variance, draw_zero},
    {"xavier-uniform", {ASSAY_INIT_XAVIER_UNIFORM, .gain = 1.0}, draw_xavier_uniform, draw_zero},
    {"xavier-normal", {ASSAY_INIT_XAVIER_NORMAL, .gain = 1.0}, draw_xavier_normal, draw_zero},
    {"kaiming-normal", {ASSAY_INIT_KAIMING_NORMAL, .gain = SQRT_2, .first_layer_without_gain = true},
     draw_kaiming_normal, draw_zero},
    {"kaiming-uniform", {ASSAY_INIT_KAIMING_UNIFORM, .gain = SQRT_2, .first_layer_without_gain = true},
     draw_kaiming_uniform, draw_zero},
    {"torch-default", {ASSAY_INIT_TORCH_DEFAULT, .gain = 1.0}, draw_torch_default, draw_torch_default},
};
/* clang-format on */

_Static_assert(sizeof INITIALIZERS / sizeof *INITIALIZERS == ASSAY_INIT_COUNT, "each initializer has a row");

static size_t row_of(assay_init_kind kind)
{
    size_t row = 0;
    while (INITIALIZERS[row].standard.kind != kind) {
        row++;
    }
    return row;
}

assay_initializer assay_initializer_default(assay_init_kind kind)
{
    return INITIALIZERS[row_of(kind)].standard;
}

const char *assay_initializer_name(assay_init_kind kind)
{
    return INITIALIZERS[row_of(kind)].name;
}

assay_status assay_initializer_by_name(const char *name, assay_initializer *initializer, assay_error *error)
{
    size_t row;
    ASSAY_TRY(assay_names_lookup(ASSAY_NAMES_OF(INITIALIZERS, name), "initializer", name, &row, error));
    *initializer = INITIALIZERS[row].standard;
    return ASSAY_OK;
}

assay_distribution assay_initializer_weight(const assay_initializer *initializer, size_t layer, size_t in, size_t out)
{
    const layer_size size = {
        .d_x = (double)in,
        .d_y = (double)out,
        .fan = (double)(initializer->fan == ASSAY_FAN_IN ? in : out),
        .gain = layer == 0 && initializer->first_layer_without_gain ? 1.0 : initializer->gain,
    };
    return INITIALIZERS[row_of(initializer->kind)].weight(initializer, &size);
}

assay_distribution assay_initializer_bias(const assay_initializer *initializer, size_t in)
{
    const layer_size size = {.d_x = (double)in};
    return INITIALIZERS[row_of(initializer->kind)].bias(initializer, &size);
}

double assay_distribution_mean(assay_distribution distribution)
{
    return distribution.kind == ASSAY_UNIFORM ? (distribution.a + distribution.b) / 2.0 : distribution.a;
}

double assay_distribution_variance(assay_distribution distribution)
{
    double width = distribution.b - distribution.a;
    return distribution.kind == ASSAY_UNIFORM ? width * width / 12.0 : distribution.b * distribution.b;
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
