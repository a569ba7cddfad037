/* Activation functions and the loss against 50 digits of mpmath (golden/activation_mpmath.json), on every backend. */
#include <math.h>
#include <stdio.h>

#include "machines.h"
#include "support.h"
#include "test_backend.h"

enum { MOST = 64 };

static double roundoff(const assay_backend *backend)
{
    return assay_backend_precision(backend) == ASSAY_F32 ? 0x1p-24 : 0x1p-53;
}

static size_t numbers(const json_t *array, double values[MOST])
{
    size_t count = json_array_size(array);
    ck_assert(count > 0 && count <= MOST);
    for (size_t i = 0; i < count; i++) {
        values[i] = json_number_value(json_array_get(array, i));
    }
    return count;
}

/* Units of roundoff that a value may lose; the golden file has the reasons. */
static double value_units(assay_activation_kind kind, double x)
{
    double more = kind == ASSAY_GELU ? 2 * x * x : kind == ASSAY_GELU_TANH ? 20 * fabs(x * x * x) / 8 : 0;
    return 32 + more;
}

static void check_values(const assay_backend *backend, const char *what, assay_activation_kind kind, size_t count,
                         const double *x, const double *got, const json_t *wanted)
{
    double want[MOST];
    ck_assert_uint_eq(numbers(wanted, want), count);
    bool derivative = what[0] == 'd';
    for (size_t i = 0; i < count; i++) {
        double size = derivative ? fmax(1, fabs(want[i])) : fabs(want[i]);
        double units = derivative ? 32 : value_units(kind, x[i]);
        ck_assert_msg(fabs(got[i] - want[i]) <= units * roundoff(backend) * size,
                      "%s of %s at %g on %s: %.17g, not %.17g", what, assay_activation_name(kind), x[i],
                      assay_backend_name(backend), got[i], want[i]);
    }
}

static void check_activation(assay_backend *backend, assay_activation_kind kind, const json_t *golden)
{
    double x[MOST], y[MOST], ones[MOST];
    size_t count = numbers(json_object_get(golden, "points"), x);
    const json_t *want = json_object_get(json_object_get(golden, "activations"), assay_activation_name(kind));
    assay_buffer *buffers[3];
    assay_slice slices[3];
    for (int i = 0; i < 3; i++) {
        buffers[i] = assay_buffer_create(backend, ASSAY_REAL, count);
        slices[i] = assay_whole(buffers[i]);
    }
    for (size_t i = 0; i < count; i++) {
        ones[i] = 1;
    }
    assay_upload_f64(backend, slices[0], x);
    assay_upload_f64(backend, slices[2], ones);
    assay_activation_forward(backend, assay_activation_default(kind), slices[0], slices[1]);
    assay_activation_backward(backend, assay_activation_default(kind), slices[0], slices[1], slices[2], slices[2]);
    assay_download_f64(backend, slices[1], y);
    check_values(backend, "value", kind, count, x, y, json_object_get(want, "value"));
    assay_download_f64(backend, slices[2], y);
    check_values(backend, "derivative", kind, count, x, y, json_object_get(want, "derivative"));
    for (int i = 0; i < 3; i++) {
        assay_buffer_destroy(backend, buffers[i]);
    }
    evidence(EVIDENCE_GOLDEN, "activation/%s", assay_activation_name(kind));
    evidence(EVIDENCE_GOLDEN, "operation/activation_forward");
    evidence(EVIDENCE_GOLDEN, "operation/activation_backward");
}

START_TEST(activations_are_those_of_mpmath)
{
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    json_t *golden = support_golden("activation_mpmath.json");
    for (size_t i = 0; i < machine_count; i++) {
        assay_backend *backend = machine_open(machines[i], 1);
        for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
            check_activation(backend, (assay_activation_kind)kind, golden);
        }
        test_assert_clean(backend);
        assay_backend_close(backend);
    }
    json_decref(golden);
}
END_TEST

static void check_near(const char *what, size_t count, const double *got, const json_t *wanted, double relative,
                       double absolute)
{
    double want[MOST];
    ck_assert_uint_eq(numbers(wanted, want), count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_msg(fabs(got[i] - want[i]) <= relative * fabs(want[i]) + absolute, "%s, entry %zu: %.17g, not %.17g",
                      what, i, got[i], want[i]);
    }
}

static void check_softmax(assay_backend *backend, const json_t *entry)
{
    double logits[MOST], got[MOST], loss;
    int32_t labels[MOST];
    size_t rows = (size_t)json_integer_value(json_object_get(entry, "rows"));
    size_t classes = (size_t)json_integer_value(json_object_get(entry, "classes"));
    ck_assert_uint_eq(numbers(json_object_get(entry, "logits"), logits), rows * classes);
    for (size_t r = 0; r < rows; r++) {
        labels[r] = (int32_t)json_integer_value(json_array_get(json_object_get(entry, "labels"), r));
    }
    assay_buffer *buffers[] = {assay_buffer_create(backend, ASSAY_REAL, rows * classes),
                               assay_buffer_create(backend, ASSAY_REAL, rows * classes),
                               assay_buffer_create(backend, ASSAY_REAL, 1),
                               assay_buffer_create(backend, ASSAY_INT32, rows)};
    assay_slice x = assay_whole(buffers[0]);
    assay_slice out = assay_whole(buffers[1]);
    double u = roundoff(backend);
    assay_upload_f64(backend, x, logits);
    assay_upload_i32(backend, assay_whole(buffers[3]), labels);
    assay_softmax(backend, rows, classes, x, out);
    assay_download_f64(backend, out, got);
    check_near("softmax", rows * classes, got, json_object_get(entry, "probabilities"), 256 * u, 0);
    assay_softmax_cross_entropy(backend, rows, classes, x, assay_whole(buffers[3]), assay_whole(buffers[2]),
                                ASSAY_NO_SLICE, out);
    assay_download_f64(backend, out, got);
    check_near("gradient of the loss", rows * classes, got, json_object_get(entry, "gradient"), 0,
               64 * u / (double)rows);
    assay_download_f64(backend, assay_whole(buffers[2]), &loss);
    support_assert_relative("loss", loss, json_number_value(json_object_get(entry, "loss")), 64 * u);
    for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++) {
        assay_buffer_destroy(backend, buffers[i]);
    }
}

START_TEST(the_loss_is_that_of_mpmath)
{
    machine machines[MOST_MACHINES];
    size_t machine_count = machines_find(machines);
    json_t *golden = support_golden("activation_mpmath.json");
    evidence(EVIDENCE_GOLDEN, "operation/softmax");
    evidence(EVIDENCE_GOLDEN, "operation/softmax_cross_entropy");
    for (size_t i = 0; i < machine_count; i++) {
        assay_backend *backend = machine_open(machines[i], 1);
        size_t index;
        json_t *entry;
        json_array_foreach(json_object_get(golden, "softmax"), index, entry) {
            check_softmax(backend, entry);
        }
        ck_assert_uint_eq(index, 3);
        test_assert_clean(backend);
        assay_backend_close(backend);
    }
    json_decref(golden);
}
END_TEST

TCase *test_backend_golden(void)
{
    TCase *tcase = tcase_create("golden");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, activations_are_those_of_mpmath);
    tcase_add_test(tcase, the_loss_is_that_of_mpmath);
    return tcase;
}
