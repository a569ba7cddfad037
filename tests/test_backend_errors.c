/* Wrong arguments of every operation: one message that names the operation and what is wrong, sticky until checked. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "backend/implementation.h"
#include "support.h"
#include "test_backend.h"

/* A backend, and buffers of several types for wrong arguments. */
typedef struct {
    assay_backend *backend;
    assay_slice r[8]; /* real, 64 elements each */
    assay_slice i32;  /* 64 */
    assay_slice u8;   /* 64 */
    assay_slice foreign;
} fixture;

static assay_slice part(assay_slice s, size_t count)
{
    return assay_part_of(s, 0, count);
}

/* SIZE_MAX, as messages print it. */
#if SIZE_MAX > UINT32_MAX
#define LARGEST "18446744073709551615"
#else
#define LARGEST "4294967295"
#endif

/* --- the table of mistakes ------------------------------------------------------------------------------------- */

#define MISTAKE(name, call)            \
    static void name(const fixture *f) \
    {                                  \
        call;                          \
    }

static const assay_activation bad_kind = {ASSAY_ACTIVATION_COUNT, 0};
static const assay_activation tanh_ = {ASSAY_TANH, 0};
static const assay_linear_shape shape = {2, 3, 4};
static const assay_update_rule sgd = {.kind = ASSAY_UPDATE_SGD, .learning_rate = 0.1};
static const assay_update_rule adam = {.kind = ASSAY_UPDATE_ADAM, .learning_rate = 0.1, .beta1 = 0.9, .beta2 = 0.9};
static const assay_gemm_shape gemm_shape = {.m = 2, .n = 4, .k = 3, .alpha = 1};

#define X part(f->r[0], 6)
#define W part(f->r[1], 12)
#define B part(f->r[2], 4)
#define Z part(f->r[3], 8)
#define Y part(f->r[4], 8)

MISTAKE(gemm_count, assay_gemm(f->backend, gemm_shape, part(f->r[0], 5), W, Z))
MISTAKE(gemm_overlap, assay_gemm(f->backend, gemm_shape, X, W, assay_part_of(f->r[1], 11, 8)))
MISTAKE(gemm_missing, assay_gemm(f->backend, gemm_shape, X, ASSAY_NO_SLICE, Z))
MISTAKE(gemm_huge, assay_gemm(f->backend, ((assay_gemm_shape){.m = (size_t)1 << 31, .n = 1, .k = 1}), X, W, Z))
MISTAKE(gemm_wide, assay_gemm(f->backend, ((assay_gemm_shape){.m = 1, .n = SIZE_MAX, .k = 1}), X, W, Z))
MISTAKE(gemm_foreign, assay_gemm(f->backend, gemm_shape, part(f->foreign, 6), W, Z))
MISTAKE(forward_count, assay_activation_forward(f->backend, tanh_, X, Y))
MISTAKE(forward_shifted, assay_activation_forward(f->backend, tanh_, X, assay_part_of(f->r[0], 1, 6)))
MISTAKE(forward_kind, assay_activation_forward(f->backend, bad_kind, X, part(f->r[4], 6)))
MISTAKE(forward_slope, assay_activation_forward(f->backend, (assay_activation){ASSAY_ELU, 0}, X, part(f->r[4], 6)))
MISTAKE(forward_slope_huge,
        assay_activation_forward(f->backend, (assay_activation){ASSAY_ELU, 1e31}, X, part(f->r[4], 6)))
MISTAKE(backward_needs_y, assay_activation_backward(f->backend, tanh_, Z, ASSAY_NO_SLICE, Y, part(f->r[5], 8)))
MISTAKE(backward_needs_x, assay_activation_backward(f->backend, assay_activation_default(ASSAY_GELU), ASSAY_NO_SLICE, Z,
                                                    Y, part(f->r[5], 8)))
MISTAKE(backward_kind, assay_activation_backward(f->backend, bad_kind, Z, Z, Y, Y))
MISTAKE(backward_into_y, assay_activation_backward(f->backend, tanh_, ASSAY_NO_SLICE, Z, Y, Z))
MISTAKE(linear_weight, assay_linear_forward(f->backend, shape, tanh_, X, part(f->r[1], 11), B, Z, Y))
MISTAKE(linear_units, assay_linear_forward(f->backend, (assay_linear_shape){2, 0, 4}, tanh_, X, W, B, Z, Y))
MISTAKE(linear_rows, assay_linear_forward(f->backend, (assay_linear_shape){SIZE_MAX, 3, 4}, tanh_, X, W, B, Z, Y))
MISTAKE(linear_out, assay_linear_forward(f->backend, (assay_linear_shape){2, 3, SIZE_MAX}, tanh_, X, W, B, Z, Y))
MISTAKE(linear_into_x, assay_linear_forward(f->backend, shape, tanh_, X, W, B, Z, part(f->r[0], 8)))
MISTAKE(linear_kind, assay_linear_forward(f->backend, shape, bad_kind, X, W, B, Z, Y))
MISTAKE(input_count, assay_linear_backward_input(f->backend, shape, tanh_, Z, W, X, X, Y))
MISTAKE(input_units, assay_linear_backward_input(f->backend, (assay_linear_shape){2, 3, 0}, tanh_, Z, W, X, X, Y))
MISTAKE(input_kind, assay_linear_backward_input(f->backend, shape, bad_kind, Z, W, X, X, part(f->r[4], 6)))
MISTAKE(input_source, assay_linear_backward_input(f->backend, shape, tanh_, Z, W, X, ASSAY_NO_SLICE, part(f->r[4], 6)))
MISTAKE(parameters_count, assay_linear_backward_parameters(f->backend, shape, X, Z, W, part(f->r[2], 3)))
MISTAKE(parameters_units, assay_linear_backward_parameters(f->backend, (assay_linear_shape){0}, X, Z, W, B))
MISTAKE(parameters_huge, assay_linear_backward_parameters(f->backend, (assay_linear_shape){1, SIZE_MAX, 2}, X, Z, W, B))
MISTAKE(parameters_outputs, assay_linear_backward_parameters(f->backend, shape, X, Z, W, assay_part_of(f->r[1], 0, 4)))
MISTAKE(loss_labels_type,
        assay_softmax_cross_entropy(f->backend, 2, 4, Z, part(f->r[5], 2), ASSAY_NO_SLICE, ASSAY_NO_SLICE, Y))
MISTAKE(loss_correct_type,
        assay_softmax_cross_entropy(f->backend, 2, 4, Z, part(f->i32, 2), part(f->r[5], 1), part(f->r[6], 1), Y))
MISTAKE(loss_classes, assay_softmax_cross_entropy(f->backend, 2, 0, Z, part(f->i32, 2), ASSAY_NO_SLICE, ASSAY_NO_SLICE,
                                                  ASSAY_NO_SLICE))
MISTAKE(softmax_count, assay_softmax(f->backend, 2, 4, Z, X))
MISTAKE(softmax_classes, assay_softmax(f->backend, 2, 0, Z, Y))
MISTAKE(gather_table, assay_gather(f->backend, 2, 4, part(f->u8, 12), part(f->i32, 3), assay_part_of(f->i32, 4, 2),
                                   f->r[0], Z, assay_part_of(f->i32, 8, 2)))
MISTAKE(gather_pixels, assay_gather(f->backend, 2, 4, part(f->u8, 11), part(f->i32, 3), assay_part_of(f->i32, 4, 2),
                                    f->r[0], Z, assay_part_of(f->i32, 8, 2)))
MISTAKE(gather_huge, assay_gather(f->backend, 2, SIZE_MAX, f->u8, f->i32, f->i32, f->r[0], Z, f->i32))
MISTAKE(gather_labels,
        assay_gather(f->backend, 2, 4, f->u8, ((assay_slice){f->i32.buffer, 0, SIZE_MAX}), f->i32, f->r[0], Z, f->i32))
MISTAKE(update_gradients, assay_update(f->backend, &sgd, 1, f->r[0], X, NULL))
MISTAKE(update_state, assay_update(f->backend, &adam, 1, X, part(f->r[1], 6), (assay_slice[]){Z, Y}))
MISTAKE(update_same_state,
        assay_update(f->backend, &adam, 1, X, part(f->r[1], 6), (assay_slice[]){part(f->r[2], 6), part(f->r[2], 6)}))
MISTAKE(update_step, assay_update(f->backend, &sgd, 0, f->r[0], f->r[1], NULL))
MISTAKE(update_rule, assay_update(f->backend, &(assay_update_rule){.learning_rate = -1}, 1, f->r[0], f->r[1], NULL))
MISTAKE(copy_count, assay_copy(f->backend, X, Z))
MISTAKE(copy_type, assay_copy(f->backend, f->i32, f->r[0]))
MISTAKE(copy_overlap, assay_copy(f->backend, X, X))
MISTAKE(copy_missing, assay_copy(f->backend, X, (assay_slice){NULL, 0, 6}))
MISTAKE(fill_type, assay_fill(f->backend, f->i32, 1))
MISTAKE(fill_outside_slice, assay_fill(f->backend, assay_part_of(X, 5, 2), 1))
MISTAKE(fill_part_of_bad_part, assay_fill(f->backend, assay_part_of(assay_part_of(X, 7, 1), 0, 1), 1))
MISTAKE(fill_outside_buffer, assay_fill(f->backend, ((assay_slice){f->r[0].buffer, 60, 5}), 1))
MISTAKE(fill_beyond_buffer, assay_fill(f->backend, ((assay_slice){f->r[0].buffer, 65, 1}), 1))
MISTAKE(random_type, assay_fill_random(f->backend, f->u8, NULL, ((assay_distribution){0})))
MISTAKE(upload_type, assay_upload_f32(f->backend, part(f->i32, 1), (const float[]){1}))
MISTAKE(upload_i32_type, assay_upload_i32(f->backend, part(f->u8, 1), (const int32_t[]){1}))
MISTAKE(upload_u8_type, assay_upload_u8(f->backend, part(f->r[0], 1), (const uint8_t[]){1}))
MISTAKE(sum_type, ck_assert(assay_sum(f->backend, f->i32) == 0))
MISTAKE(moments_type, ck_assert(assay_reduce_moments(f->backend, f->u8).count == 0))

static const struct {
    void (*make)(const fixture *f);
    const char *message; /* part of it */
} mistakes[] = {
    {gemm_count, "gemm: A has 5 elements, and must have 6"},
    {gemm_overlap, "gemm: C overlaps B"},
    {gemm_missing, "gemm: B is missing"},
    {gemm_huge, "gemm: 2147483648 x 1 is too large"},
    {gemm_wide, "gemm: 1 x"},
    {gemm_foreign, "gemm: A is a buffer of another backend"},
    {forward_count, "activation_forward: y has 8 elements, and must have 6"},
    {forward_shifted, "activation_forward: y overlaps x"},
    {forward_kind, "activation_forward: unknown activation 11"},
    {forward_slope, "activation_forward: the parameter of elu is 0, and must be positive"},
    {forward_slope_huge, "activation_forward: the parameter of elu is 1e+31"},
    {backward_needs_y, "activation_backward: y is missing"},
    {backward_needs_x, "activation_backward: x is missing"},
    {backward_kind, "activation_backward: unknown activation"},
    {backward_into_y, "activation_backward: dx overlaps y"},
    {linear_weight, "linear_forward: weight has 11 elements, and must have 12"},
    {linear_units, "linear_forward: a layer from 0 to 4 units"},
    {linear_rows, "linear_forward: " LARGEST " x 3 is too large"},
    {linear_out, "linear_forward: 2 x " LARGEST " is too large"},
    {linear_into_x, "linear_forward: y overlaps x"},
    {linear_kind, "linear_forward: unknown activation"},
    {input_count, "linear_backward_input: dz_below has 8 elements, and must have 6"},
    {input_units, "linear_backward_input: a layer from 3 to 0 units"},
    {input_kind, "linear_backward_input: unknown activation 11"},
    {input_source, "linear_backward_input: y_below is missing"},
    {parameters_count, "linear_backward_parameters: dbias has 3 elements, and must have 4"},
    {parameters_units, "linear_backward_parameters: a layer from 0 to 0 units"},
    {parameters_huge, "linear_backward_parameters: 1 x"},
    {parameters_outputs, "linear_backward_parameters: dweight overlaps dbias"},
    {loss_labels_type, "softmax_cross_entropy: labels is real, and must be int32"},
    {loss_correct_type, "softmax_cross_entropy: correct is real, and must be int32"},
    {loss_classes, "softmax_cross_entropy: there are no classes"},
    {softmax_count, "softmax: probabilities has 6 elements, and must have 8"},
    {softmax_classes, "softmax: there are no classes"},
    {gather_table, "gather: table has 64 elements, and must have 256"},
    {gather_pixels, "gather: pixels has 11 elements, and must have 12"},
    {gather_huge, "gather: 2 x"},
    {gather_labels, "gather: " LARGEST " x 4 is too large"},
    {update_gradients, "update: gradients has 6 elements, and must have 64"},
    {update_state, "update: state[0] has 8 elements, and must have 6"},
    {update_same_state, "update: state[0] overlaps state[1]"},
    {update_step, "update: steps are counted from 1"},
    {update_rule, "update: the learning rate is -1"},
    {copy_count, "copy: destination has 6 elements, and must have 8"},
    {copy_type, "copy: destination is int32, and must be real"},
    {copy_overlap, "copy: destination overlaps source"},
    {copy_missing, "copy: source is missing"},
    {fill_type, "fill: destination is int32, and must be real"},
    {fill_outside_slice, "fill: destination is a part that lies outside its slice"},
    {fill_part_of_bad_part, "fill: destination is a part that lies outside its slice"},
    {fill_outside_buffer, "fill: destination has 5 elements from 60 on, but its buffer has only 64"},
    {fill_beyond_buffer, "fill: destination has 1 elements from 65 on, but its buffer has only 64"},
    {random_type, "fill_random: destination is uint8, and must be real"},
    {upload_type, "upload: destination is int32, and must be real"},
    {upload_i32_type, "upload: destination is uint8, and must be int32"},
    {upload_u8_type, "upload: destination is real, and must be uint8"},
    {sum_type, "sum: x is int32, and must be real"},
    {moments_type, "moments: x is uint8, and must be real"},
};

/* --- running it ------------------------------------------------------------------------------------------------ */

enum { COUNT = 64 };

static fixture setup(assay_backend *backend, assay_backend *other)
{
    fixture f = {.backend = backend};
    for (int i = 0; i < 8; i++) {
        f.r[i] = assay_whole(assay_buffer_create(backend, ASSAY_REAL, COUNT));
        assay_fill(backend, f.r[i], 0.25);
    }
    f.i32 = assay_whole(assay_buffer_create(backend, ASSAY_INT32, COUNT));
    f.u8 = assay_whole(assay_buffer_create(backend, ASSAY_UINT8, COUNT));
    f.foreign = assay_whole(assay_buffer_create(other, ASSAY_REAL, COUNT));
    test_assert_clean(backend);
    return f;
}

static void teardown(const fixture *f, assay_backend *other)
{
    for (int i = 0; i < 8; i++) {
        assay_buffer_destroy(f->backend, f->r[i].buffer);
    }
    assay_buffer_destroy(f->backend, f->i32.buffer);
    assay_buffer_destroy(f->backend, f->u8.buffer);
    assay_buffer_destroy(other, f->foreign.buffer);
    assay_backend_close(f->backend);
    assay_backend_close(other);
}

static void assert_failure(assay_backend *backend, const char *message)
{
    assay_error error = {.status = ASSAY_OK};
    support_assert_error(assay_backend_check(backend, &error), ASSAY_ERROR_ARGUMENT, &error, message);
}

/* After an error operations do nothing, downloads are zeros, and the first message is the one that is reported. */
static void assert_sticky(const fixture *f, const char *message)
{
    double values[COUNT];
    values[0] = 1;
    assay_fill(f->backend, f->r[7], 3);
    assay_softmax(f->backend, 1, 1, f->r[6], f->r[7]);
    assay_download_f64(f->backend, f->r[7], values);
    ck_assert(values[0] == 0 && values[COUNT - 1] == 0);
    assay_download_f64(f->backend, assay_part_of(f->r[7], 0, 0), NULL);
    ck_assert_ptr_null(assay_buffer_borrow_u8(f->backend, (const uint8_t[]){1}, 1));
    ck_assert(assay_sum(f->backend, f->r[7]) == 0);
    ck_assert_ptr_null(assay_buffer_create(f->backend, ASSAY_REAL, 1));
    assert_failure(f->backend, message);
    test_assert_clean(f->backend);
    for (int i = 0; i < 8; i++) {
        assay_download_f64(f->backend, f->r[i], values);
        for (size_t j = 0; j < COUNT; j++) {
            ck_assert_msg(values[j] == 0.25, "an operation ran with or after the failure '%s'", message);
        }
    }
    int32_t classes[COUNT];
    assay_download_i32(f->backend, f->i32, classes);
    for (size_t j = 0; j < COUNT; j++) {
        ck_assert_int_eq(classes[j], 0);
    }
}

START_TEST(mistakes_are_recorded)
{
    size_t flavours;
    test_flavours(&flavours);
    for (int flavour = 0; flavour < (int)flavours; flavour++) {
        assay_backend *other = test_open("reference", ASSAY_F64, 1);
        fixture f = setup(test_open_flavour(flavour), other);
        for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
            mistakes[i].make(&f);
            assert_sticky(&f, mistakes[i].message);
        }
        teardown(&f, other);
    }
}
END_TEST

static const struct {
    const char *operation;
    int32_t bad[2];
    const char *reference; /* the message of this backend */
    const char *message;   /* and of the others */
} index_mistakes[] = {
    {"gather",
     {1, 3},
     "gather: index 3 of row 1 is not one of the 3 images",
     "gather: index 1 is 3, and must be in [0, 3)"},
    {"gather",
     {-1, 1},
     "gather: index -1 of row 0 is not one of the 3 images",
     "gather: index 0 is -1, and must be in [0, 3)"},
    {"loss",
     {3, 4},
     "softmax_cross_entropy: label 4 of row 1 is not one of the 4 classes",
     "softmax_cross_entropy: label 1 is 4, and must be in [0, 4)"},
    {"loss",
     {INT32_MIN, 0},
     "softmax_cross_entropy: label -2147483648 of row 0 is not one of the 4 classes",
     "softmax_cross_entropy: label 0 is -2147483648, and must be in [0, 4)"},
};

START_TEST(indices_out_of_range_are_recorded)
{
    size_t flavours;
    test_flavours(&flavours);
    for (int flavour = 0; flavour < (int)flavours; flavour++) {
        assay_backend *other = test_open("reference", ASSAY_F64, 1);
        fixture f = setup(test_open_flavour(flavour), other);
        assay_slice table = assay_whole(assay_buffer_create(f.backend, ASSAY_REAL, 256));
        for (size_t i = 0; i < sizeof index_mistakes / sizeof *index_mistakes; i++) {
            assay_slice index = part(f.i32, 2);
            assay_upload_i32(f.backend, index, index_mistakes[i].bad);
            if (strcmp(index_mistakes[i].operation, "gather") == 0) {
                assay_gather(f.backend, 2, 4, part(f.u8, 12), assay_part_of(f.i32, 2, 3), index, table, part(f.r[0], 8),
                             assay_part_of(f.i32, 8, 2));
            } else {
                assay_softmax_cross_entropy(f.backend, 2, 4, part(f.r[0], 8), index, part(f.r[1], 1), ASSAY_NO_SLICE,
                                            part(f.r[2], 8));
            }
            assert_failure(f.backend, flavour == 0 ? index_mistakes[i].reference : index_mistakes[i].message);
        }
        assay_buffer_destroy(f.backend, table.buffer);
        teardown(&f, other);
    }
}
END_TEST

/* The first failure is reported: later ones may follow from it. */
START_TEST(the_first_mistake_is_kept)
{
    assay_backend *b = test_open("reference", ASSAY_F64, 1);
    assay_slice r = assay_whole(assay_buffer_create(b, ASSAY_REAL, 4));
    assay_slice n = assay_whole(assay_buffer_create(b, ASSAY_INT32, 4));
    assay_error error;
    assay_fill(b, n, 1.0);
    assay_backend_record(b, ASSAY_ERROR_MEMORY, "a later failure");
    support_assert_error(assay_backend_check(b, &error), ASSAY_ERROR_ARGUMENT, &error, "fill");
    test_assert_clean(b);
    assay_backend_record(b, ASSAY_ERROR_MEMORY, "number %d", 2);
    support_assert_error(assay_backend_check(b, &error), ASSAY_ERROR_MEMORY, &error, "number 2");
    assay_buffer_destroy(b, r.buffer);
    assay_buffer_destroy(b, n.buffer);
    assay_backend_close(b);
}
END_TEST

/* Bytes are copied as they are; gather reads them. */
START_TEST(bytes_are_copied)
{
    static const char *const names[] = {"reference", "openblas"};
    for (size_t i = 0; i < 2; i++) {
        assay_backend *b = test_open(names[i], ASSAY_F64, 1);
        assay_slice from = assay_whole(assay_buffer_create(b, ASSAY_UINT8, 6));
        assay_slice to = assay_whole(assay_buffer_create(b, ASSAY_UINT8, 6));
        assay_slice labels = assay_whole(assay_buffer_create(b, ASSAY_INT32, 2));
        assay_slice index = assay_whole(assay_buffer_create(b, ASSAY_INT32, 2));
        assay_slice y = assay_whole(assay_buffer_create(b, ASSAY_INT32, 2));
        assay_slice table = assay_whole(assay_buffer_create(b, ASSAY_REAL, 256));
        assay_slice x = assay_whole(assay_buffer_create(b, ASSAY_REAL, 6));
        double values[256];
        for (int j = 0; j < 256; j++) {
            values[j] = j;
        }
        assay_upload_f64(b, table, values);
        assay_upload_u8(b, from, (const uint8_t[]){0, 7, 255, 128, 1, 9});
        assay_upload_i32(b, index, (const int32_t[]){1, 0});
        assay_copy(b, to, from);
        assay_gather(b, 2, 3, to, labels, index, table, x, y);
        assay_download_f64(b, x, values);
        test_assert_clean(b);
        ck_assert_mem_eq(values, ((const double[]){128, 1, 9, 0, 7, 255}), 6 * sizeof(double));
        const assay_slice all[] = {from, to, labels, index, y, table, x};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++) {
            assay_buffer_destroy(b, all[j].buffer);
        }
        assay_backend_close(b);
    }
}
END_TEST

/* Borrowed bytes are read where they are. */
START_TEST(bytes_are_borrowed)
{
    size_t flavours;
    test_flavours(&flavours);
    for (int flavour = 0; flavour < (int)flavours; flavour++) {
        assay_backend *b = test_open_flavour(flavour);
        const uint8_t bytes[] = {0, 7, 255, 128, 1, 9};
        const assay_slice pixels = assay_whole(assay_buffer_borrow_u8(b, bytes, sizeof bytes));
        ck_assert_uint_eq(pixels.count, sizeof bytes);
        const assay_slice labels = assay_whole(assay_buffer_create(b, ASSAY_INT32, 2));
        const assay_slice index = assay_whole(assay_buffer_create(b, ASSAY_INT32, 2));
        const assay_slice y = assay_whole(assay_buffer_create(b, ASSAY_INT32, 2));
        const assay_slice table = assay_whole(assay_buffer_create(b, ASSAY_REAL, 256));
        const assay_slice x = assay_whole(assay_buffer_create(b, ASSAY_REAL, 6));
        double values[256];
        int32_t classes[2];
        for (int j = 0; j < 256; j++) {
            values[j] = 2 * j;
        }
        assay_upload_f64(b, table, values);
        assay_upload_i32(b, labels, (const int32_t[]){4, 5});
        assay_upload_i32(b, index, (const int32_t[]){1, 0});
        assay_gather(b, 2, 3, pixels, labels, index, table, x, y);
        assay_download_f64(b, x, values);
        assay_download_i32(b, y, classes);
        test_assert_clean(b);
        ck_assert_mem_eq(values, ((const double[]){256, 2, 18, 0, 14, 510}), 6 * sizeof(double));
        ck_assert(classes[0] == 5 && classes[1] == 4);
        const assay_slice all[] = {pixels, labels, index, y, table, x};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++) {
            assay_buffer_destroy(b, all[j].buffer);
        }
        assay_backend_close(b);
        ck_assert_uint_eq(bytes[5], 9);
    }
}
END_TEST

/* Of a device whose failure shows when its results are read. */
static double fail_to_sum(assay_backend *backend, assay_slice x)
{
    assay_backend_record(backend, ASSAY_ERROR_UNSUPPORTED, "the device is gone");
    return (double)x.count;
}

static assay_moments fail_to_reduce(assay_backend *backend, assay_slice x)
{
    return (assay_moments){.count = x.count, .mean = fail_to_sum(backend, x)};
}

/* Then there is no result, and no half of one. */
START_TEST(reductions_that_fail_are_nothing)
{
    assay_backend *b = test_open("reference", ASSAY_F64, 1);
    const assay_slice x = assay_whole(assay_buffer_create(b, ASSAY_REAL, 4));
    const assay_backend_operations *operations = b->operations;
    assay_backend_operations failing = *operations;
    failing.sum = fail_to_sum;
    failing.moments = fail_to_reduce;
    b->operations = &failing;
    assay_error error;
    ck_assert(assay_sum(b, x) == 0);
    support_assert_error(assay_backend_check(b, &error), ASSAY_ERROR_UNSUPPORTED, &error, "the device is gone");
    const assay_moments none = assay_reduce_moments(b, x);
    ck_assert(none.count == 0 && none.mean == 0);
    support_assert_error(assay_backend_check(b, &error), ASSAY_ERROR_UNSUPPORTED, &error, "the device is gone");
    b->operations = operations;
    assay_buffer_destroy(b, x.buffer);
    assay_backend_close(b);
}
END_TEST

/* --- no rows, no elements ---------------------------------------------------------------------------------------- */

START_TEST(empty_batches_are_no_mistakes)
{
    size_t flavours;
    test_flavours(&flavours);
    for (int flavour = 0; flavour < (int)flavours; flavour++) {
        assay_backend *other = test_open("reference", ASSAY_F64, 1);
        fixture f = setup(test_open_flavour(flavour), other);
        assay_backend *b = f.backend;
        const assay_linear_shape empty = {0, 3, 4};
        const assay_slice none = assay_part_of(f.r[5], 0, 0);
        const assay_slice inside = assay_part_of(f.r[1], 3, 0); /* it overlaps nothing */
        assay_linear_forward(b, empty, tanh_, none, part(f.r[1], 12), part(f.r[2], 4), none, none);
        assay_linear_backward_input(b, empty, tanh_, none, part(f.r[1], 12), none, none, none);
        assay_activation_forward(b, tanh_, none, none);
        assay_activation_backward(b, tanh_, none, none, none, none);
        assay_softmax(b, 0, 4, none, none);
        assay_softmax_cross_entropy(b, 0, 4, none, assay_part_of(f.i32, 0, 0), part(f.r[0], 1), ASSAY_NO_SLICE, none);
        assay_update(b, &sgd, 1, none, none, NULL);
        assay_fill(b, none, 1);
        assay_copy(b, none, none);
        assay_upload_f64(b, none, NULL);
        assay_download_f64(b, none, NULL);
        ck_assert(assay_sum(b, none) == 0);
        ck_assert(assay_whole(NULL).buffer == NULL);
        assay_buffer_destroy(b, NULL);
        test_assert_clean(b);
        double values[COUNT];
        assay_download_f64(b, f.r[0], values);
        ck_assert(values[0] == 0.25);
        assay_buffer *table = assay_buffer_create(b, ASSAY_REAL, 256);
        /* Sums over nothing are 0. */
        assay_linear_backward_parameters(b, empty, inside, none, part(f.r[1], 12), part(f.r[2], 4));
        assay_gemm(b, (assay_gemm_shape){.m = 2, .n = 3, .alpha = 1}, ASSAY_NO_SLICE, none, part(f.r[4], 6));
        assay_gemm(b, (assay_gemm_shape){.n = 3, .k = 2, .alpha = 1}, none, part(f.r[5], 6), none);
        assay_gather(b, 0, 4, f.u8, assay_part_of(f.i32, 0, COUNT / 4), assay_part_of(f.i32, 0, 0), assay_whole(table),
                     none, assay_part_of(f.i32, 0, 0));
        /* A layer whose results nobody wants. */
        assay_linear_forward(b, shape, tanh_, part(f.r[0], 6), part(f.r[1], 12), part(f.r[2], 4), ASSAY_NO_SLICE,
                             ASSAY_NO_SLICE);
        assay_gemm(b, (assay_gemm_shape){.m = 2, .n = 3, .alpha = 1, .beta = 2}, none, none, part(f.r[6], 6));
        assay_buffer_destroy(b, table);
        test_assert_clean(b);
        ck_assert(assay_sum(b, part(f.r[1], 13)) == 0.25 && assay_sum(b, part(f.r[2], 5)) == 0.25);
        ck_assert(assay_sum(b, part(f.r[4], 7)) == 0.25);
        ck_assert(assay_sum(b, part(f.r[6], 7)) == 3.25);
        teardown(&f, other);
    }
}
END_TEST

/* The identity's derivative reads neither x nor y, which need not be there; so many elements that all threads share. */
START_TEST(what_a_derivative_does_not_read_may_be_missing)
{
    enum { MANY = 100000 };
    const assay_activation identity = assay_activation_default(ASSAY_IDENTITY);
    size_t flavours;
    test_flavours(&flavours);
    double *values = assay_calloc(MANY, sizeof *values, NULL);
    for (int flavour = 0; flavour < (int)flavours; flavour++) {
        assay_backend *b = test_open_flavour(flavour);
        assay_slice dy = assay_whole(assay_buffer_create(b, ASSAY_REAL, MANY));
        assay_slice dx = assay_whole(assay_buffer_create(b, ASSAY_REAL, MANY));
        for (int i = 0; i < MANY; i++) {
            values[i] = i % 1024;
        }
        assay_upload_f64(b, dy, values);
        assay_activation_backward(b, identity, ASSAY_NO_SLICE, ASSAY_NO_SLICE, dy, dx);
        assay_download_f64(b, dx, values);
        test_assert_clean(b);
        for (int i = 0; i < MANY; i++) {
            ck_assert_double_eq(values[i], i % 1024);
        }
        assay_buffer_destroy(b, dx.buffer);
        assay_buffer_destroy(b, dy.buffer);
        assay_backend_close(b);
    }
    assay_free(values);
}
END_TEST

/* --- opening and names ----------------------------------------------------------------------------------------- */

static const struct {
    assay_backend_options options;
    const char *message;
} bad_options[] = {
    {{"abacus", ASSAY_F32, 1}, "unknown backend 'abacus'; known: reference, openblas, openblas-dense"},
    {{NULL, ASSAY_F32, 1}, "unknown backend ''"},
    {{"reference", ASSAY_F32, 1}, "reference"},
    {{"openblas", ASSAY_F32, -1}, "-1 threads are not possible"},
    {{"openblas", ASSAY_F32, 1025}, "1025 threads are not possible; give 1 to 1024"},
    {{"openblas", (assay_precision)7, 1}, "unknown precision 7"},
};

START_TEST(opening_refuses_what_it_has_not)
{
    for (size_t i = 0; i < sizeof bad_options / sizeof *bad_options; i++) {
        assay_error error = {.status = ASSAY_OK};
        assay_backend *backend;
        support_assert_error(assay_backend_open(&bad_options[i].options, &backend, &error), ASSAY_ERROR_ARGUMENT,
                             &error, bad_options[i].message);
        ck_assert_ptr_null(backend);
    }
    assay_backend_close(NULL);
    if (assay_backend_name_at(3) == NULL) {
        assay_error error = {.status = ASSAY_OK};
        assay_backend *backend;
        support_assert_error(assay_backend_open(&(assay_backend_options){"cuda", ASSAY_F32, 1}, &backend, &error),
                             ASSAY_ERROR_UNSUPPORTED, &error, "this build has no backend cuda");
        ck_assert_ptr_null(backend);
    }
}
END_TEST

START_TEST(backends_say_what_they_are)
{
    ck_assert_str_eq(assay_backend_name_at(0), "reference");
    ck_assert_str_eq(assay_backend_name_at(1), "openblas");
    ck_assert_str_eq(assay_backend_name_at(2), "openblas-dense");
    if (assay_backend_name_at(3) != NULL) {
        ck_assert_str_eq(assay_backend_name_at(3), "cuda");
        ck_assert_ptr_null(assay_backend_name_at(4));
    }
    static const size_t too_much[] = {SIZE_MAX / 4, SIZE_MAX / 8, SIZE_MAX};
    size_t flavours;
    const assay_backend_options *options = test_flavours(&flavours);
    for (int flavour = 0; flavour < (int)flavours; flavour++) {
        assay_backend *backend = test_open_flavour(flavour);
        ck_assert_str_eq(assay_backend_name(backend), options[flavour].name);
        ck_assert_int_eq(assay_backend_precision(backend), options[flavour].precision);
        ck_assert_int_eq(assay_backend_threads(backend), options[flavour].threads);
        for (size_t i = 0; i < sizeof too_much / sizeof *too_much; i++) {
            ck_assert_ptr_null(assay_buffer_create(backend, ASSAY_REAL, too_much[i]));
            assay_error error = {.status = ASSAY_OK};
            support_assert_error(assay_backend_check(backend, &error), ASSAY_ERROR_MEMORY, &error, "out of memory");
        }
        assay_backend_close(backend);
    }
    assay_backend *all = test_open("openblas", ASSAY_F32, 0);
    ck_assert_int_eq(assay_backend_threads(all), (int)sysconf(_SC_NPROCESSORS_ONLN));
    assay_backend_close(all);
}
END_TEST

START_TEST(names_and_precisions)
{
    assay_error error = {.status = ASSAY_OK};
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        assay_activation found;
        const char *name = assay_activation_name((assay_activation_kind)kind);
        support_assert_ok(assay_activation_by_name(name, &found, &error), &error);
        ck_assert_int_eq((int)found.kind, kind);
        ck_assert(found.parameter == (kind == ASSAY_LEAKY_RELU ? 0.01 : kind == ASSAY_ELU ? 1.0 : 0.0));
    }
    assay_activation found;
    static const char *const spellings[] = {"leaky-relu", "leaky_relu", "LeakyReLU", "Leaky-ReLU"};
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        support_assert_ok(assay_activation_by_name(spellings[i], &found, &error), &error);
        ck_assert_int_eq(found.kind, ASSAY_LEAKY_RELU);
    }
    /* Signs beside the letters and digits count for nothing; digits count. */
    static const char *const not_letters[] = {"@ReLU[", "`relu{}", "re/lu:"};
    for (size_t i = 0; i < sizeof not_letters / sizeof *not_letters; i++) {
        support_assert_ok(assay_activation_by_name(not_letters[i], &found, &error), &error);
        ck_assert_int_eq(found.kind, ASSAY_RELU);
    }
    static const char *const unknown[] = {"swish", "relu0", "9relu", "relua", "zrelu", "", "relu."};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        char message[80];
        snprintf(message, sizeof message, "unknown activation '%s'; known: identity, tanh, relu", unknown[i]);
        support_assert_error(assay_activation_by_name(unknown[i], &found, &error), ASSAY_ERROR_ARGUMENT, &error,
                             message);
    }
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        const char *class = assay_activation_describe((assay_activation_kind)kind)->torch_class;
        if (class != NULL) {
            char path[64];
            snprintf(path, sizeof path, "torch.nn.%s", class);
            support_assert_ok(assay_activation_by_name(path, &found, &error), &error);
            ck_assert_int_eq((int)found.kind, kind);
        }
    }
    assay_precision precision;
    support_assert_ok(assay_precision_by_name("f32", &precision, &error), &error);
    ck_assert_int_eq(precision, ASSAY_F32);
    support_assert_ok(assay_precision_by_name("f64", &precision, &error), &error);
    ck_assert_int_eq(precision, ASSAY_F64);
    support_assert_error(assay_precision_by_name("f16", &precision, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "unknown precision 'f16'; known: f32, f64");
}
END_TEST

/* --- update rules ---------------------------------------------------------------------------------------------- */

static const struct {
    assay_update_rule rule;
    const char *message; /* NULL: fits */
} rules[] = {
    {{.kind = ASSAY_UPDATE_SGD}, NULL},
    {{.kind = ASSAY_UPDATE_SGD, .momentum = 5, .beta1 = -1}, NULL}, /* not read by this rule */
    {{.kind = ASSAY_UPDATE_SGD, .learning_rate = -0.5}, "the learning rate is -0.5, and must be in [0, inf)"},
    {{.kind = ASSAY_UPDATE_SGD, .learning_rate = 0.0 / 0.0}, "the learning rate is"},
    {{.kind = ASSAY_UPDATE_SGD, .learning_rate = 1.0 / 0.0}, "the learning rate is inf"},
    {{.kind = ASSAY_UPDATE_SGD, .weight_decay = -1}, "the weight decay is -1"},
    {{.kind = ASSAY_UPDATE_MOMENTUM, .momentum = 1}, "the momentum is 1, and must be in [0, 1)"},
    {{.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .dampening = 1}, NULL},
    {{.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .dampening = 1.5}, "the dampening is 1.5, and must be in [0, 1]"},
    {{.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .nesterov = true}, "Nesterov momentum needs"},
    {{.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .nesterov = true, .momentum = 0.5, .dampening = 0.5}, "no dampening"},
    {{.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .nesterov = true, .momentum = 0.5}, NULL},
    {{.kind = ASSAY_UPDATE_ADAM, .beta1 = 1}, "beta1 is 1"},
    {{.kind = ASSAY_UPDATE_ADAM, .beta2 = 1}, "beta2 is 1"},
    {{.kind = ASSAY_UPDATE_ADAM, .epsilon = -1e-8}, "epsilon is -1e-08"},
    {{.kind = ASSAY_UPDATE_RMSPROP, .beta2 = -0.1}, "alpha is -0.1"},
    {{.kind = ASSAY_UPDATE_LION, .beta1 = 1}, "beta1 is 1"},
    {{.kind = ASSAY_UPDATE_LION, .beta2 = 1}, "beta2 is 1"},
    {{.kind = (assay_update_kind)17}, "unknown update rule 17"},
    {{.kind = ASSAY_UPDATE_COUNT}, "unknown update rule"},
};

START_TEST(rules_are_checked)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        assay_error error = {.status = ASSAY_OK};
        assay_status status = assay_update_rule_check(&rules[i].rule, &error);
        if (rules[i].message == NULL) {
            support_assert_ok(status, &error);
        } else {
            support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, rules[i].message);
        }
    }
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_SGD}), 0);
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_MOMENTUM}), 1);
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM}), 1);
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_ADAM}), 2);
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_ADAM, .amsgrad = true}), 3);
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_RMSPROP}), 1);
    ck_assert_uint_eq(assay_update_rule_slots(&(assay_update_rule){.kind = ASSAY_UPDATE_LION}), 1);
}
END_TEST

TCase *test_backend_errors(void)
{
    TCase *tcase = evidence_case("errors", "errors: backend/validate, "
                                           "backend/backend, backend/update_rule, backend/activation");
    tcase_set_timeout(tcase, 30);
    tcase_add_test(tcase, mistakes_are_recorded);
    tcase_add_test(tcase, indices_out_of_range_are_recorded);
    tcase_add_test(tcase, the_first_mistake_is_kept);
    tcase_add_test(tcase, bytes_are_copied);
    tcase_add_test(tcase, bytes_are_borrowed);
    tcase_add_test(tcase, reductions_that_fail_are_nothing);
    tcase_add_test(tcase, empty_batches_are_no_mistakes);
    tcase_add_test(tcase, what_a_derivative_does_not_read_may_be_missing);
    tcase_add_test(tcase, opening_refuses_what_it_has_not);
    tcase_add_test(tcase, backends_say_what_they_are);
    tcase_add_test(tcase, names_and_precisions);
    tcase_add_test(tcase, rules_are_checked);
    return tcase;
}
