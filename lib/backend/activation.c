#include <assay/backend/activation.h>

#include <math.h>
#include <stddef.h>
#include <string.h>

#include <assay/base/names.h>

/* --- gains ------------------------------------------------------------------------------------------------------ */

static double gain_one(double a)
{
    (void)a;
    return 1.0;
}

static double gain_tanh(double a)
{
    (void)a;
    return 5.0 / 3.0;
}

static double gain_relu(double a)
{
    (void)a;
    return sqrt(2.0);
}

static double gain_leaky_relu(double a)
{
    return sqrt(2.0 / (1.0 + a * a));
}

static double gain_selu(double a)
{
    (void)a;
    return 0.75;
}

/* The standard normal distribution function. */
static double normal_cdf(double x)
{
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* E[elu(Z)^2] = P(Z > 0) E[Z^2 | Z > 0] + a^2 E[(e^Z - 1)^2; Z < 0], and E[e^(kZ); Z < 0] = e^(k^2 / 2) Phi(-k). */
static double gain_elu(double a)
{
    double negative = exp(2.0) * normal_cdf(-2.0) - 2.0 * exp(0.5) * normal_cdf(-1.0) + 0.5;
    return 1.0 / sqrt(0.5 + a * a * negative);
}

/* The rest have no closed form: 1 / sqrt(integral of f(z)^2 phi(z) dz). The tests compute these integrals again. */
static double gain_gelu(double a)
{
    (void)a;
    return 1.53353044119553523;
}

static double gain_gelu_tanh(double a)
{
    (void)a;
    return 1.53358052166614692;
}

static double gain_silu(double a)
{
    (void)a;
    return 1.67653247033109116;
}

static double gain_mish(double a)
{
    (void)a;
    return 1.4868475812732081;
}

/* --- second derivatives ------------------------------------------------------------------------------------------ */

static double second_tanh(double x, double a)
{
    (void)a;
    double y = tanh(x);
    return -2.0 * y * (1.0 - y) * (1.0 + y);
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

/* s' = s (1 - s), written for both tails. */
static double sigmoid_first(double x)
{
    return sigmoid(x) * sigmoid(-x);
}

static double second_sigmoid(double x, double a)
{
    (void)a;
    return sigmoid_first(x) * (sigmoid(-x) - sigmoid(x));
}

static double second_elu(double x, double a)
{
    return x > 0.0 ? 0.0 : a * exp(x);
}

static double second_selu(double x, double a)
{
    (void)a;
    return second_elu(x, 1.0507009873554805 * 1.6732632423543772);
}

/* f = x Phi(x), f' = Phi + x phi, f'' = (2 - x^2) phi. */
static double second_gelu(double x, double a)
{
    (void)a;
    return (2.0 - x * x) * exp(-0.5 * x * x) / sqrt(2.0 * acos(-1.0));
}

/* f = x (1 + t) / 2, t = tanh u: f'' = t' + x t'' / 2, t' = (1 - t^2) u', t'' = (1 - t^2) u'' - 2 t t' u'. */
static double second_gelu_tanh(double x, double a)
{
    (void)a;
    double c = sqrt(2.0 / acos(-1.0));
    double t = tanh(c * (x + 0.044715 * x * x * x));
    double first = c * (1.0 + 3.0 * 0.044715 * x * x);
    double change = (1.0 - t) * (1.0 + t) * first;
    return change + 0.5 * x * ((1.0 - t) * (1.0 + t) * c * 6.0 * 0.044715 * x - 2.0 * t * change * first);
}

/* f = x s: f'' = 2 s' + x s''. */
static double second_silu(double x, double a)
{
    return 2.0 * sigmoid_first(x) + x * second_sigmoid(x, a);
}

/* f = x t, t = tanh(log(1 + e^x)): f'' = 2 t' + x t'', t' = (1 - t^2) s, t'' = (1 - t^2) s' - 2 t t' s. */
static double second_mish(double x, double a)
{
    (void)a;
    double t = tanh(log1p(exp(x))); /* 1 also where e^x is infinite */
    double s = sigmoid(x);
    double change = (1.0 - t) * (1.0 + t) * s;
    return 2.0 * change + x * ((1.0 - t) * (1.0 + t) * sigmoid_first(x) - 2.0 * t * change * s);
}

/* --- descriptors ------------------------------------------------------------------------------------------------ */

typedef assay_activation_descriptor descriptor;

/* clang-format off */
static const descriptor describe_identity = {
    .name = "identity", .title = "identity", .torch_class = "Identity", .gain = gain_one};
static const descriptor describe_tanh = {
    .name = "tanh", .title = "tanh", .torch_class = "Tanh", .derivative_reads = ASSAY_READS_OUTPUT, .gain = gain_tanh,
    .second = second_tanh};
static const descriptor describe_relu = {.name = "relu",
                                         .title = "ReLU",
                                         .torch_class = "ReLU",
                                         .derivative_reads = ASSAY_READS_OUTPUT,
                                         .gain = gain_relu};
static const descriptor describe_sigmoid = {.name = "sigmoid",
                                            .title = "sigmoid",
                                            .torch_class = "Sigmoid",
                                            .derivative_reads = ASSAY_READS_OUTPUT,
                                            .gain = gain_one, .second = second_sigmoid};
static const descriptor describe_leaky_relu = {.name = "leaky-relu",
                                               .title = "leaky ReLU",
                                               .torch_class = "LeakyReLU",
                                               .has_parameter = true,
                                               .parameter = 0.01,
                                               .derivative_reads = ASSAY_READS_OUTPUT,
                                               .gain = gain_leaky_relu};
static const descriptor describe_selu = {
    .name = "selu", .title = "SELU", .torch_class = "SELU", .derivative_reads = ASSAY_READS_OUTPUT, .gain = gain_selu,
    .second = second_selu};
static const descriptor describe_elu = {.name = "elu",
                                        .title = "ELU",
                                        .torch_class = "ELU",
                                        .has_parameter = true,
                                        .parameter = 1.0,
                                        .derivative_reads = ASSAY_READS_OUTPUT,
                                        .gain = gain_elu, .second = second_elu};
static const descriptor describe_gelu = {
    .name = "gelu", .title = "GELU", .torch_class = "GELU", .derivative_reads = ASSAY_READS_INPUT, .gain = gain_gelu,
    .second = second_gelu};
static const descriptor describe_gelu_tanh = {
    .name = "gelu-tanh", .title = "GELU (tanh form)", .derivative_reads = ASSAY_READS_INPUT, .gain = gain_gelu_tanh,
    .second = second_gelu_tanh};
static const descriptor describe_silu = {
    .name = "silu", .title = "SiLU", .torch_class = "SiLU", .derivative_reads = ASSAY_READS_INPUT, .gain = gain_silu,
    .second = second_silu};
static const descriptor describe_mish = {
    .name = "mish", .title = "Mish", .torch_class = "Mish", .derivative_reads = ASSAY_READS_INPUT, .gain = gain_mish,
    .second = second_mish};

#define DESCRIPTOR(constant, identifier) [constant] = &describe_##identifier,
static const descriptor *const descriptors[ASSAY_ACTIVATION_COUNT] = {ASSAY_ACTIVATIONS(DESCRIPTOR)};
/* clang-format on */

const assay_activation_descriptor *assay_activation_describe(assay_activation_kind kind)
{
    return descriptors[kind];
}

const char *assay_activation_name(assay_activation_kind kind)
{
    return descriptors[kind]->name;
}

assay_activation assay_activation_default(assay_activation_kind kind)
{
    return (assay_activation){kind, descriptors[kind]->parameter};
}

/* The next letter or digit, as a small letter: "LeakyReLU()", "leaky_relu" and "leaky-relu" are one name. */
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

/* Whether two names have the same letters. PyTorch's classes have those of our names. */
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
    char text[ASSAY_LIST_LENGTH];
    assay_list known = assay_list_begin(text, sizeof text);
    const char *dot = strrchr(name, '.'); /* "torch.nn.ReLU" */
    const char *last = dot != NULL ? dot + 1 : name;
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        if (is_same_name(last, descriptors[kind]->name)) {
            *activation = assay_activation_default((assay_activation_kind)kind);
            return ASSAY_OK;
        }
        assay_list_add(&known, descriptors[kind]->name);
    }
    return assay_fail_unknown(error, "activation", name, &known);
}
