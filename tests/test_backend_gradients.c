/* Every differentiable operation's backward operation against finite differences, in f64, on each backend. */
#include <math.h>
#include <stdio.h>

#include <assay/base/alloc.h>
#include <assay/check/gradient.h>
#include "support.h"
#include "test_backend.h"

/* One layer and what is held constant while one of its inputs varies. */
typedef enum { WITH_RESPECT_TO_X, TO_WEIGHT, TO_BIAS, TO_LOGITS } variable;

typedef struct {
    assay_backend *backend;
    assay_linear_shape shape;
    assay_activation activation;
    variable what;
    assay_slice x;
    assay_slice z_below;
    assay_slice weight;
    assay_slice bias;
    assay_slice y;
    assay_slice labels;
    assay_slice loss;
} layer;

static assay_slice whole(assay_backend *backend, assay_element element, size_t count)
{
    assay_buffer *buffer = assay_buffer_create(backend, element, count);
    ck_assert_ptr_nonnull(buffer);
    return assay_whole(buffer);
}

static layer make_layer(assay_backend *backend, assay_linear_shape shape, assay_activation activation, variable what)
{
    layer l = {.backend = backend, .shape = shape, .activation = activation, .what = what};
    l.x = whole(backend, ASSAY_REAL, shape.rows * shape.in);
    l.z_below = whole(backend, ASSAY_REAL, shape.rows * shape.in);
    l.weight = whole(backend, ASSAY_REAL, shape.out * shape.in);
    l.bias = whole(backend, ASSAY_REAL, shape.out);
    l.y = whole(backend, ASSAY_REAL, shape.rows * shape.out);
    l.labels = whole(backend, ASSAY_INT32, shape.rows);
    l.loss = whole(backend, ASSAY_REAL, 1);
    return l;
}

static void destroy_layer(layer *l)
{
    assay_buffer_destroy(l->backend, l->x.buffer);
    assay_buffer_destroy(l->backend, l->z_below.buffer);
    assay_buffer_destroy(l->backend, l->weight.buffer);
    assay_buffer_destroy(l->backend, l->bias.buffer);
    assay_buffer_destroy(l->backend, l->y.buffer);
    assay_buffer_destroy(l->backend, l->labels.buffer);
    assay_buffer_destroy(l->backend, l->loss.buffer);
}

static assay_slice varied(const layer *l)
{
    return l->what == TO_WEIGHT ? l->weight : l->what == TO_BIAS ? l->bias : l->z_below;
}

/* y = W f(z_below) + b: a layer together with the activation below it, as the backward operations cut it. */
static void layer_function(const double *values, double *y, void *user)
{
    const layer *l = user;
    assay_upload_f64(l->backend, varied(l), values);
    assay_activation_forward(l->backend, l->activation, l->z_below, l->x);
    assay_linear_forward(l->backend, l->shape, assay_activation_default(ASSAY_IDENTITY), l->x, l->weight, l->bias, l->y,
                         ASSAY_NO_SLICE);
    assay_download_f64(l->backend, l->y, y);
}

static double loss_function(const double *values, void *user)
{
    const layer *l = user;
    double loss;
    assay_upload_f64(l->backend, l->z_below, values);
    assay_softmax_cross_entropy(l->backend, l->shape.rows, l->shape.in, l->z_below, l->labels, l->loss, ASSAY_NO_SLICE,
                                ASSAY_NO_SLICE);
    assay_download_f64(l->backend, l->loss, &loss);
    return loss;
}

static void randomize(assay_backend *backend, assay_slice slice, uint64_t *state)
{
    double *values = assay_calloc(slice.count, sizeof *values, NULL);
    for (size_t i = 0; i < slice.count; i++) {
        values[i] = 4 * test_uniform(state) - 2;
    }
    assay_upload_f64(backend, slice, values);
    assay_free(values);
}

/* The gradient that the backend's own backward operation gives; dy is on the host. */
static void backward(const layer *l, const double *dy, double *dx)
{
    assay_backend *b = l->backend;
    assay_slice dz = whole(b, ASSAY_REAL, l->y.count);
    assay_slice dbelow = whole(b, ASSAY_REAL, l->x.count);
    assay_slice dweight = whole(b, ASSAY_REAL, l->weight.count);
    assay_slice dbias = whole(b, ASSAY_REAL, l->bias.count);
    assay_upload_f64(b, dz, dy);
    assay_activation_forward(b, l->activation, l->z_below, l->x);
    assay_linear_backward_input(b, l->shape, l->activation, dz, l->weight, l->z_below, l->x, dbelow);
    assay_linear_backward_parameters(b, l->shape, l->x, dz, dweight, dbias);
    assay_download_f64(b, l->what == TO_WEIGHT ? dweight : l->what == TO_BIAS ? dbias : dbelow, dx);
    assay_buffer_destroy(b, dz.buffer);
    assay_buffer_destroy(b, dbelow.buffer);
    assay_buffer_destroy(b, dweight.buffer);
    assay_buffer_destroy(b, dbias.buffer);
}

static void backward_loss(const layer *l, double *dx)
{
    assay_slice dlogits = whole(l->backend, ASSAY_REAL, l->z_below.count);
    assay_softmax_cross_entropy(l->backend, l->shape.rows, l->shape.in, l->z_below, l->labels, ASSAY_NO_SLICE,
                                ASSAY_NO_SLICE, dlogits);
    assay_download_f64(l->backend, dlogits, dx);
    assay_buffer_destroy(l->backend, dlogits.buffer);
}

static void check(layer *l, uint64_t *state)
{
    assay_error error = {.status = ASSAY_OK};
    assay_gradient_report report;
    size_t count = varied(l).count;
    double *x = assay_calloc(count, sizeof *x, NULL);
    double *dx = assay_calloc(count, sizeof *dx, NULL);
    double *dy = assay_calloc(l->y.count, sizeof *dy, NULL);
    randomize(l->backend, l->z_below, state);
    randomize(l->backend, l->weight, state);
    randomize(l->backend, l->bias, state);
    assay_download_f64(l->backend, varied(l), x);
    assay_status status;
    if (l->what == TO_LOGITS) {
        backward_loss(l, dx);
        status = assay_check_gradient(loss_function, l, count, x, dx, NULL, NULL, &report, &error);
    } else {
        assay_check_direction(test_seed(), l->y.count, dy);
        backward(l, dy, dx);
        status = assay_check_vjp(layer_function, l, count, x, l->y.count, dy, dx, NULL, NULL, &report, &error);
    }
    support_assert_ok(status, &error);
    test_assert_clean(l->backend);
    char line[256];
    assay_gradient_report_line(&report, sizeof line, line);
    ck_assert_msg(report.passed, "%s, %s, variable %d: %s (ASSAY_TEST_SEED=%llu)", assay_backend_name(l->backend),
                  assay_activation_name(l->activation.kind), (int)l->what, line, (unsigned long long)test_seed());
    assay_free(x);
    assay_free(dx);
    assay_free(dy);
}

/* NULL for a flavour that does not compute in double: differences of floats show nothing. */
static assay_backend *open_double(int flavour)
{
    size_t count;
    return test_flavours(&count)[flavour].precision == ASSAY_F64 ? test_open_flavour(flavour) : NULL;
}

static void check_layer(int flavour, assay_linear_shape shape, assay_activation_kind kind, variable what)
{
    assay_backend *backend = open_double(flavour);
    if (backend == NULL) {
        return;
    }
    uint64_t state = test_seed() ^ (uint64_t)(flavour * 1000 + (int)kind * 10 + (int)what);
    layer l = make_layer(backend, shape, assay_activation_default(kind), what);
    int32_t labels[64];
    for (size_t i = 0; i < shape.rows; i++) {
        labels[i] = (int32_t)(test_uniform(&state) * (double)shape.in);
    }
    assay_upload_i32(backend, l.labels, labels);
    check(&l, &state);
    destroy_layer(&l);
    assay_backend_close(backend);
}

/* The loop runs over flavours. The larger shape runs in a process of its own, the smaller one does not. */
START_TEST(layers)
{
    evidence(EVIDENCE_GRADIENT, "operation/linear_forward");
    evidence(EVIDENCE_GRADIENT, "operation/linear_backward_input");
    evidence(EVIDENCE_GRADIENT, "operation/linear_backward_parameters");
    evidence(EVIDENCE_GRADIENT, "operation/activation_forward");
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        evidence(EVIDENCE_GRADIENT, "activation/%s", assay_activation_name((assay_activation_kind)kind));
    }
    const assay_linear_shape small = {3, 5, 4};
    const assay_linear_shape large = {33, 18, 35};
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        check_layer(_i, small, (assay_activation_kind)kind, WITH_RESPECT_TO_X);
        check_layer(_i, small, (assay_activation_kind)kind, TO_WEIGHT);
    }
    check_layer(_i, large, ASSAY_TANH, WITH_RESPECT_TO_X);
    check_layer(_i, large, ASSAY_GELU, WITH_RESPECT_TO_X);
    check_layer(_i, large, ASSAY_SELU, TO_WEIGHT);
    check_layer(_i, large, ASSAY_TANH, TO_BIAS);
}
END_TEST

START_TEST(loss)
{
    evidence(EVIDENCE_GRADIENT, "operation/softmax_cross_entropy");
    check_layer(_i, (assay_linear_shape){1, 1, 1}, ASSAY_IDENTITY, TO_LOGITS);
    check_layer(_i, (assay_linear_shape){4, 3, 1}, ASSAY_IDENTITY, TO_LOGITS);
    check_layer(_i, (assay_linear_shape){11, 10, 1}, ASSAY_IDENTITY, TO_LOGITS);
    check_layer(_i, (assay_linear_shape){5, 37, 1}, ASSAY_IDENTITY, TO_LOGITS);
}
END_TEST

/* activation_backward by itself, where the activation is the whole function. */
static void activation_function(const double *values, double *y, void *user)
{
    const layer *l = user;
    assay_upload_f64(l->backend, l->z_below, values);
    assay_activation_forward(l->backend, l->activation, l->z_below, l->x);
    assay_download_f64(l->backend, l->x, y);
}

static void check_activation(int flavour, assay_activation_kind kind)
{
    assay_backend *backend = open_double(flavour);
    if (backend == NULL) {
        return;
    }
    uint64_t state = test_seed() + (uint64_t)kind;
    layer l = make_layer(backend, (assay_linear_shape){1, 40, 1}, assay_activation_default(kind), WITH_RESPECT_TO_X);
    assay_slice dx = whole(backend, ASSAY_REAL, 40);
    double x[40], dy[40], gradient[40];
    for (int i = 0; i < 40; i++) {
        x[i] = 12 * test_uniform(&state) - 6;
    }
    assay_check_direction(test_seed(), 40, dy);
    activation_function(x, gradient, &l);
    assay_upload_f64(backend, dx, dy);
    assay_activation_backward(backend, l.activation, l.z_below, l.x, dx, dx);
    assay_download_f64(backend, dx, gradient);
    assay_error error = {.status = ASSAY_OK};
    assay_gradient_report report;
    support_assert_ok(assay_check_vjp(activation_function, &l, 40, x, 40, dy, gradient, NULL, NULL, &report, &error),
                      &error);
    char line[256];
    assay_gradient_report_line(&report, sizeof line, line);
    ck_assert_msg(report.passed, "%s on %s: %s (ASSAY_TEST_SEED=%llu)", assay_activation_name(kind),
                  assay_backend_name(backend), line, (unsigned long long)test_seed());
    assay_buffer_destroy(backend, dx.buffer);
    destroy_layer(&l);
    test_assert_clean(backend);
    assay_backend_close(backend);
}

START_TEST(activations)
{
    evidence(EVIDENCE_GRADIENT, "operation/activation_forward");
    evidence(EVIDENCE_GRADIENT, "operation/activation_backward");
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        evidence(EVIDENCE_GRADIENT, "activation/%s", assay_activation_name((assay_activation_kind)kind));
    }
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        check_activation(_i, (assay_activation_kind)kind);
    }
}
END_TEST

TCase *test_backend_gradients(void)
{
    TCase *tcase = tcase_create("gradients");
    tcase_set_timeout(tcase, 60);
    size_t flavours;
    test_flavours(&flavours);
    tcase_add_loop_test(tcase, layers, 0, (int)flavours);
    tcase_add_loop_test(tcase, loss, 0, (int)flavours);
    tcase_add_loop_test(tcase, activations, 0, (int)flavours);
    return tcase;
}
