/* lib/model: states, safetensors, PyTorch's checkpoints, configurations and run records that are as they should be. */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/config.h>
#include <assay/model/model.h>
#include <assay/model/safetensors.h>
#include <assay/model/state.h>
#include <assay/tutorial/defaults.h>
#include <assay/tutorial/record.h>
#include "base/byte_order.h"
#include "support.h"

static char *folder;

static void set_up(void)
{
    folder = support_make_folder();
}

static void tear_down(void)
{
    support_remove_folder(folder);
}

static char *join(const char *directory, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", directory, name);
    ck_assert_ptr_nonnull(path);
    return path;
}

static char *golden_path(const char *name)
{
    const char *golden = getenv("GOLDEN_DIR");
    return join(golden != NULL ? golden : "golden", name);
}

/* --- states ---------------------------------------------------------------------------------------------------- */

/* One tensor of every dtype with all byte patterns in it, a scalar, an empty tensor, and text that needs escapes. */
static assay_state *make_state(void)
{
    assay_state *state = NULL;
    assay_error error;
    support_assert_ok(assay_state_create(&state, &error), &error);
    unsigned char bytes[6 * 16];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)(37 * i + 1);
    }
    /* Small elements first, so that the writer has something to sort. */
    for (int dtype = ASSAY_DTYPE_C64; dtype >= 0; dtype--) {
        const size_t shape[] = {3, 1, 2};
        support_assert_ok(
            assay_state_put(state, assay_dtype_name((assay_dtype)dtype), (assay_dtype)dtype, 3, shape, bytes, &error),
            &error);
    }
    const size_t empty[] = {4, 0};
    const float scalar = 0.1F;
    support_assert_ok(
        assay_state_put(state, "a \"scalar\"\n\xcf\x83\xc2\xb2", ASSAY_DTYPE_F32, 0, NULL, &scalar, &error), &error);
    support_assert_ok(assay_state_add(state, "empty", ASSAY_DTYPE_F64, 2, empty, NULL, &error), &error);
    support_assert_ok(assay_state_set_text(state, "config", "{\"a\": [1]}", &error), &error);
    support_assert_ok(assay_state_set_text(state, "epoch", "1", &error), &error);
    support_assert_ok(assay_state_set_text(state, "epoch", "2\\", &error), &error);
    return state;
}

static void assert_same_tensor(const assay_stored_tensor *got, const assay_stored_tensor *want)
{
    ck_assert_ptr_nonnull(got);
    ck_assert_int_eq(got->dtype, want->dtype);
    ck_assert_uint_eq(got->rank, want->rank);
    ck_assert_mem_eq(got->shape, want->shape, sizeof got->shape);
    ck_assert_uint_eq(got->count, want->count);
    ck_assert_mem_eq(got->data, want->data, want->count * assay_dtype_size(want->dtype));
}

START_TEST(safetensors_round_trip_is_bit_exact)
{
    assay_error error;
    assay_state *written = make_state();
    assay_state *read = NULL;
    char *path = join(folder, "state.safetensors");
    support_assert_ok(assay_safetensors_write(path, written, &error), &error);
    support_assert_ok(assay_safetensors_read(path, &read, &error), &error);
    ck_assert_uint_eq(assay_state_count(read), assay_state_count(written));
    for (size_t i = 0; i < assay_state_count(written); i++) {
        const assay_stored_tensor *want = assay_state_at(written, i);
        assert_same_tensor(assay_state_find(read, want->name), want);
    }
    ck_assert_str_eq(assay_state_text(read, "config"), "{\"a\": [1]}");
    ck_assert_str_eq(assay_state_text(read, "epoch"), "2\\");
    ck_assert_ptr_null(assay_state_text(read, "nothing"));
    ck_assert_ptr_null(assay_state_find(read, "nothing"));

    /* What was read is in the order of the file: written again, it gives the same bytes. */
    char *again = join(folder, "again.safetensors");
    char *bytes[2];
    size_t sizes[2];
    support_assert_ok(assay_safetensors_write(again, read, &error), &error);
    support_assert_ok(assay_file_read(path, 1 << 20, &bytes[0], &sizes[0], &error), &error);
    support_assert_ok(assay_file_read(again, 1 << 20, &bytes[1], &sizes[1], &error), &error);
    ck_assert_uint_eq(sizes[0], sizes[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], sizes[0]);
    assay_free(bytes[0]);
    assay_free(bytes[1]);
    assay_free(again);
    assay_free(path);
    assay_state_destroy(read);
    assay_state_destroy(written);
}
END_TEST

START_TEST(safetensors_without_tensors)
{
    assay_error error;
    assay_state *state = NULL;
    char *path = join(folder, "none.safetensors");
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);
    assay_state_destroy(state);
    support_assert_ok(assay_safetensors_read(path, &state, &error), &error);
    ck_assert_uint_eq(assay_state_count(state), 0);
    assay_state_destroy(state);
    assay_free(path);
}
END_TEST

static void assert_values(const assay_stored_tensor *tensor, const json_t *wanted)
{
    const json_t *shape = json_object_get(wanted, "shape");
    const json_t *values = json_object_get(wanted, "values");
    ck_assert_ptr_nonnull(tensor);
    ck_assert_uint_eq(tensor->rank, json_array_size(shape));
    for (size_t i = 0; i < tensor->rank; i++) {
        ck_assert_uint_eq(tensor->shape[i], (size_t)json_integer_value(json_array_get(shape, i)));
    }
    ck_assert_uint_eq(tensor->count, json_array_size(values));
    double *got = assay_calloc(tensor->count, sizeof *got, NULL);
    assay_stored_tensor_to_f64(tensor, got);
    for (size_t i = 0; i < tensor->count; i++) {
        double want = json_number_value(json_array_get(values, i));
        ck_assert_msg(got[i] == want, "%s[%zu]: %.17g, not %.17g", tensor->name, i, got[i], want);
    }
    assay_free(got);
}

/* An independent reader, in another language, takes what we write for the same numbers. */
START_TEST(others_read_our_safetensors)
{
    assay_error error;
    assay_state *state = NULL;
    char *path = join(folder, "state.safetensors");
    const double f64[] = {0.1, -1e300, 4.9e-324};
    const float f32[] = {0.1F, -1e-40F, 3.4e38F, 0.0F};
    const int64_t i64[] = {-5, (int64_t)1 << 52};
    const uint8_t u8[] = {0, 200, 255};
    const size_t shapes[][2] = {{3, 0}, {2, 2}, {2, 0}, {3, 0}};
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_put(state, "layers.0.weight", ASSAY_DTYPE_F32, 2, shapes[1], f32, &error), &error);
    support_assert_ok(assay_state_put(state, "u", ASSAY_DTYPE_U8, 1, shapes[3], u8, &error), &error);
    support_assert_ok(assay_state_put(state, "\xcf\x83", ASSAY_DTYPE_F64, 1, shapes[0], f64, &error), &error);
    support_assert_ok(assay_state_put(state, "i", ASSAY_DTYPE_I64, 1, shapes[2], i64, &error), &error);
    support_assert_ok(assay_state_set_text(state, "config", "{\"act_fn\": \"ReLU\"}", &error), &error);
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);

    char *command = assay_asprintf(NULL, SUPPORT_UNSANITIZED "python3 '%s/tests/safetensors_reader.py' '%s'",
                                   getenv("ASSAY_SOURCE"), path);
    support_result result = support_shell(command);
    ck_assert_msg(result.status == 0, "%s", result.errors);
    json_t *json = json_loads(result.output, 0, NULL);
    ck_assert_ptr_nonnull(json);
    const json_t *tensors = json_object_get(json, "tensors");
    ck_assert_uint_eq(json_object_size(tensors), assay_state_count(state));
    for (size_t i = 0; i < assay_state_count(state); i++) {
        assert_values(assay_state_at(state, i), json_object_get(tensors, assay_state_at(state, i)->name));
    }
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(json, "metadata"), "config")),
                     "{\"act_fn\": \"ReLU\"}");
    json_decref(json);
    support_result_free(&result);
    assay_free(command);
    assay_free(path);
    assay_state_destroy(state);
}
END_TEST

/* A file size limit replaces a full disk: the write fails, and the old file is still there. */
static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit = {bytes, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void assert_unchanged(const char *path, const char *before, size_t size_before)
{
    assay_error error;
    char *after = NULL;
    size_t size_after = 0;
    support_assert_ok(assay_file_read(path, 1 << 20, &after, &size_after, &error), &error);
    ck_assert_uint_eq(size_after, size_before);
    ck_assert_mem_eq(after, before, size_before);
    assay_free(after);
    char *list = assay_asprintf(NULL, "ls '%s'", folder);
    support_result files = support_shell(list);
    char *wanted = assay_asprintf(NULL, "%s\n", strrchr(path, '/') + 1);
    ck_assert_str_eq(files.output, wanted);
    assay_free(wanted);
    support_result_free(&files);
    assay_free(list);
}

START_TEST(failed_write_keeps_the_old_state)
{
    assay_error error;
    assay_state *state = make_state();
    char *path = join(folder, "state");
    char *before = NULL;
    size_t size = 0;
    const size_t shape[] = {100000};
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);
    support_assert_ok(assay_file_read(path, 1 << 20, &before, &size, &error), &error);
    support_assert_ok(assay_state_add(state, "large", ASSAY_DTYPE_F32, 1, shape, NULL, &error), &error);
    limit_file_size(65536);
    assay_status status = assay_safetensors_write(path, state, &error);
    limit_file_size(RLIM_INFINITY);
    support_assert_error(status, ASSAY_ERROR_IO, &error, "what was there before is unchanged");
    assert_unchanged(path, before, size);
    assay_free(before);
    assay_free(path);
    assay_state_destroy(state);
}
END_TEST

/* JSON has no word for these. */
START_TEST(records_that_are_not_finite_are_not_written)
{
    assay_error error;
    double good[] = {0.5};
    double bad[] = {NAN};
    double endless[] = {INFINITY};
    /* clang-format off */
    const struct { assay_run_record record; const char *says; } cases[] = {
        {{NAN, 1, good, good, 1, good}, "\"test_acc\" is not finite"},
        {{0.5, 1, bad, good, 1, good}, "is NaN, which JSON cannot hold"},
        {{0.5, 1, good, endless, 1, good}, "is infinite, which JSON cannot hold"},
        {{0.5, 1, good, good, 1, bad}, "entry 0 of \"train_losses\" is NaN"},
    };
    /* clang-format on */
    char *path = join(folder, "unwritten");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        support_assert_error(assay_run_record_write(path, &cases[i].record, &error), ASSAY_ERROR_NUMERIC, &error,
                             cases[i].says);
        ck_assert_int_eq(access(path, F_OK), -1);
    }
    assay_free(path);
}
END_TEST

START_TEST(failed_write_keeps_the_old_record)
{
    enum { STEPS = 10000 };
    assay_error error;
    char *path = join(folder, "record");
    char *before = NULL;
    size_t size = 0;
    double *losses = assay_calloc(STEPS, sizeof *losses, NULL);
    assay_run_record record = {.steps = 1, .train_losses = losses};
    support_assert_ok(assay_run_record_write(path, &record, &error), &error);
    support_assert_ok(assay_file_read(path, 1 << 20, &before, &size, &error), &error);
    for (size_t i = 0; i < STEPS; i++) {
        losses[i] = 1.0 / 3.0;
    }
    record.steps = STEPS;
    limit_file_size(65536);
    assay_status status = assay_run_record_write(path, &record, &error);
    limit_file_size(RLIM_INFINITY);
    support_assert_error(status, ASSAY_ERROR_IO, &error, "what was there before is unchanged");
    assert_unchanged(path, before, size);
    assay_free(losses);
    assay_free(before);
    assay_free(path);
}
END_TEST

START_TEST(half_precision_values)
{
    /* clang-format off */
    static const struct {
        assay_dtype dtype;
        uint16_t bits;
        double value;
    /* clang-format off */
    } cases[] = {
        {ASSAY_DTYPE_F16, 0x0000, 0.0},          {ASSAY_DTYPE_F16, 0x3c00, 1.0},
        {ASSAY_DTYPE_F16, 0xc000, -2.0},         {ASSAY_DTYPE_F16, 0x7bff, 65504.0},
        {ASSAY_DTYPE_F16, 0x0400, 0x1p-14},      {ASSAY_DTYPE_F16, 0x0001, 0x1p-24},
        {ASSAY_DTYPE_F16, 0x83ff, -0x3ffp-24},   {ASSAY_DTYPE_F16, 0x7c00, HUGE_VAL},
        {ASSAY_DTYPE_F16, 0xfc00, -HUGE_VAL},    {ASSAY_DTYPE_BF16, 0x3f80, 1.0},
        {ASSAY_DTYPE_BF16, 0xc2c8, -100.0},      {ASSAY_DTYPE_BF16, 0x0001, 0x1p-133},
        {ASSAY_DTYPE_BF16, 0x7f80, HUGE_VAL},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint16_t bits = cases[i].bits;
        assay_stored_tensor tensor = {.dtype = cases[i].dtype, .count = 1, .data = &bits};
        double value = 0.0;
        assay_stored_tensor_to_f64(&tensor, &value);
        ck_assert_msg(value == cases[i].value, "0x%04x: %a, not %a", bits, value, cases[i].value);
    }
    /* What is no type has no values. */
    double none = 0.0;
    assay_stored_tensor_to_f64(&(assay_stored_tensor){.dtype = ASSAY_DTYPE_COUNT, .count = 1}, &none);
    ck_assert(isnan(none));
}
END_TEST

/* clang-format off */
static const struct {
    assay_dtype dtype;
    uint64_t bits;
    const char *what;
} nonfinite[] = {
    {ASSAY_DTYPE_F64, 0x7ff0000000000000, "an infinity"}, {ASSAY_DTYPE_F64, 0x7ff8000000000001, "a NaN"},
    {ASSAY_DTYPE_F32, 0xff800000, "an infinity"},         {ASSAY_DTYPE_F32, 0x7fc00000, "a NaN"},
    {ASSAY_DTYPE_F16, 0x7c00, "an infinity"},             {ASSAY_DTYPE_F16, 0xfc01, "a NaN"},
    {ASSAY_DTYPE_BF16, 0xff80, "an infinity"},            {ASSAY_DTYPE_BF16, 0x7f81, "a NaN"},
};
/* clang-format on */

START_TEST(nonfinite_is_named)
{
    assay_error error;
    assay_state *state = NULL;
    const size_t shape[] = {2, 3};
    unsigned char *data = NULL;
    size_t size = assay_dtype_size(nonfinite[_i].dtype);
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_add(state, "good", nonfinite[_i].dtype, 2, shape, NULL, &error), &error);
    support_assert_ok(assay_state_add(state, "bad", nonfinite[_i].dtype, 2, shape, (void **)&data, &error), &error);
    support_assert_ok(assay_state_check_finite(state, &error), &error);
    assay_put_little_endian(nonfinite[_i].bits, data + 4 * size, size);
    assay_reorder(data + 4 * size, size, 1, ASSAY_LITTLE_ENDIAN);
    char *wanted = assay_asprintf(NULL, "tensor 'bad' has %s at index 4", nonfinite[_i].what);
    support_assert_error(assay_state_check_finite(state, &error), ASSAY_ERROR_NUMERIC, &error, wanted);
    assay_free(wanted);
    assay_state_destroy(state);
}
END_TEST

/* --- what PyTorch wrote ---------------------------------------------------------------------------------------- */

START_TEST(torch_files_hold_what_torch_says)
{
    evidence(EVIDENCE_GOLDEN, "model/torch_zip");
    evidence(EVIDENCE_GOLDEN, "model/torch_state");
    evidence(EVIDENCE_GOLDEN, "model/pickle");
    assay_error error;
    json_t *golden = support_golden("model.json");
    const char *name = NULL;
    json_t *tensors = NULL;
    ck_assert_uint_eq(json_object_size(json_object_get(golden, "files")), 2);
    json_object_foreach(json_object_get(golden, "files"), name, tensors) {
        char *inside = join("model", name);
        char *path = golden_path(inside);
        char *bytes = NULL;
        size_t size = 0;
        assay_model_format format;
        assay_state *state = NULL;
        support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size, &error), &error);
        support_assert_ok(assay_model_parse(bytes, size, path, &format, &state, NULL, &error), &error);
        ck_assert_int_eq(format, ASSAY_MODEL_TORCH_ZIP);
        ck_assert_uint_eq(assay_state_count(state), json_object_size(tensors));
        const char *tensor = NULL;
        json_t *wanted = NULL;
        json_object_foreach(tensors, tensor, wanted) {
            assert_values(assay_state_find(state, tensor), wanted);
        }
        assay_state_destroy(state);
        assay_free(bytes);
        assay_free(path);
        assay_free(inside);
    }
    json_decref(golden);
}
END_TEST

START_TEST(torch_model_with_its_configuration)
{
    evidence(EVIDENCE_GOLDEN, "model/torch_zip");
    assay_error error;
    assay_model model;
    char *path = golden_path("model/network.pt");
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    ck_assert_str_eq(assay_model_format_name(model.format), "PyTorch zip checkpoint");
    ck_assert(model.has_activation);
    ck_assert_int_eq(model.config.activation.kind, ASSAY_TANH);
    ck_assert_uint_eq(model.config.inputs, 5);
    ck_assert_uint_eq(model.config.classes, 2);
    ck_assert_uint_eq(model.config.hidden_count, 2);
    ck_assert_uint_eq(model.config.hidden[0], 4);
    ck_assert_uint_eq(model.config.hidden[1], 3);
    for (size_t i = 0; i < 3; i++) {
        char *weight = assay_asprintf(NULL, "layers.%zu.weight", 2 * i);
        char *bias = assay_asprintf(NULL, "layers.%zu.bias", 2 * i);
        ck_assert_str_eq(model.layers.weights[i]->name, weight);
        ck_assert_str_eq(model.layers.biases[i]->name, bias);
        assay_free(weight);
        assay_free(bias);
    }
    assay_model_close(&model);
    assay_free(path);
}
END_TEST

/* Nested beside other things, pickled by protocol 4, in the format before 1.6: the tensors are those of network.pt. */
START_TEST(torch_networks_in_other_forms)
{
    static const struct {
        const char *name;
        const char *prefix;
        assay_model_format format;
    } forms[] = {{"model/nested.pt", "state_dict.", ASSAY_MODEL_TORCH_ZIP},
                 {"model/protocol4.pt", "", ASSAY_MODEL_TORCH_ZIP},
                 {"model/legacy.pt", "", ASSAY_MODEL_TORCH_LEGACY}};
    evidence(EVIDENCE_GOLDEN, "model/layers");
    assay_error error;
    json_t *golden = support_golden("model.json");
    json_t *wanted = json_object_get(json_object_get(golden, "files"), "network.pt");
    assay_model model;
    char *path = golden_path(forms[_i].name);
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    ck_assert_int_eq(model.format, forms[_i].format);
    ck_assert_str_eq(model.layers.prefix, forms[_i].prefix);
    ck_assert_uint_eq(model.layers.count, 3);
    for (size_t i = 0; i < 3; i++) {
        const char *name = model.layers.weights[i]->name + strlen(forms[_i].prefix);
        assert_values(model.layers.weights[i], json_object_get(wanted, name));
        name = model.layers.biases[i]->name + strlen(forms[_i].prefix);
        assert_values(model.layers.biases[i], json_object_get(wanted, name));
    }
    assay_model_close(&model);
    assay_free(path);
    json_decref(golden);
}
END_TEST

/* Layers come in the order of their numbers, 10 after 2, whatever the order of the file. */
START_TEST(safetensors_model_with_its_configuration)
{
    assay_error error;
    assay_state *state = NULL;
    assay_model model;
    char *text = NULL;
    char *path = join(folder, "model.bin");
    const size_t shapes[][2] = {{2, 3}, {2, 0}, {4, 2}, {4, 0}};
    assay_network_config config = {
        .inputs = 3, .classes = 4, .hidden_count = 1, .hidden = {2}, .activation = {ASSAY_LEAKY_RELU, 0.25}};
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_add(state, "layers.10.weight", ASSAY_DTYPE_F32, 2, shapes[2], NULL, &error), &error);
    support_assert_ok(assay_state_add(state, "layers.10.bias", ASSAY_DTYPE_F32, 1, shapes[3], NULL, &error), &error);
    support_assert_ok(assay_state_add(state, "layers.2.weight", ASSAY_DTYPE_F64, 2, shapes[0], NULL, &error), &error);
    support_assert_ok(assay_state_add(state, "layers.2.bias", ASSAY_DTYPE_F64, 1, shapes[1], NULL, &error), &error);
    support_assert_ok(
        assay_state_add(state, "optimizer.m.layers.2.weight", ASSAY_DTYPE_F64, 1, shapes[1], NULL, &error), &error);
    support_assert_ok(assay_model_config_print(&config, &text, &error), &error);
    support_assert_ok(assay_state_set_text(state, ASSAY_MODEL_CONFIG_KEY, text, &error), &error);
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    ck_assert_int_eq(model.format, ASSAY_MODEL_SAFETENSORS);
    ck_assert_int_eq(model.config.activation.kind, ASSAY_LEAKY_RELU);
    ck_assert(model.config.activation.parameter == 0.25);
    ck_assert_uint_eq(model.config.inputs, 3);
    ck_assert_uint_eq(model.config.classes, 4);
    ck_assert_uint_eq(model.config.hidden_count, 1);
    ck_assert_uint_eq(model.config.hidden[0], 2);
    /* A network of other sizes is not filled. */
    assay_backend *backend;
    assay_network *network;
    config.hidden[0] = 5;
    support_assert_ok(assay_backend_open(&(assay_backend_options){"reference", ASSAY_F64, 1}, &backend, &error),
                      &error);
    support_assert_ok(assay_network_create(backend, &config, 1, false, &network, &error), &error);
    support_assert_error(assay_model_upload(&model, network, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "does not have the sizes");
    assay_network_destroy(network);
    assay_backend_close(backend);
    assay_model_close(&model);
    assay_free(text);
    assay_free(path);
    assay_state_destroy(state);
}
END_TEST

START_TEST(configurations_round_trip)
{
    assay_error error;
    for (int kind = 0; kind < ASSAY_ACTIVATION_COUNT; kind++) {
        assay_network_config config = {.inputs = 784, .classes = 10, .hidden_count = 2, .hidden = {512, 256}};
        assay_network_config read;
        char *text = NULL;
        config.activation = assay_activation_default((assay_activation_kind)kind);
        support_assert_ok(assay_model_config_print(&config, &text, &error), &error);
        support_assert_ok(assay_model_config_parse(text, strlen(text), "text", &read, &error), &error);
        ck_assert_int_eq(read.activation.kind, config.activation.kind);
        ck_assert(read.activation.parameter == config.activation.parameter);
        support_assert_ok(assay_model_config_compare(&config, &read, "text", &error), &error);
        if (kind == ASSAY_RELU) {
            ck_assert_str_eq(text, "{\"act_fn\": \"ReLU\", \"input_size\": 784, \"num_classes\": 10, "
                                   "\"hidden_sizes\": [512, 256]}");
        }
        assay_free(text);
    }
}
END_TEST

/* --- run records ----------------------------------------------------------------------------------------------- */

START_TEST(run_record_round_trip_is_bit_exact)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/run_record_write");
    evidence(EVIDENCE_PROPERTY, "tutorial/run_record_read");
    assay_error error;
    double validation[] = {0.8431, 0.1 + 0.2}; /* 17 digits */
    double training[] = {0.1, 0.0};
    double losses[] = {3.006923198699951, 5e-324, 1e300};
    assay_run_record written = {.test_acc = 0.8909,
                                .epochs = 2,
                                .val_scores = validation,
                                .train_scores = training,
                                .steps = 3,
                                .train_losses = losses};
    assay_run_record read;
    char *path = join(folder, "run_results.json");
    support_assert_ok(assay_run_record_write(path, &written, &error), &error);
    support_assert_ok(assay_run_record_read(path, &read, &error), &error);
    ck_assert(read.test_acc == written.test_acc);
    ck_assert_uint_eq(read.epochs, 2);
    ck_assert_uint_eq(read.steps, 3);
    ck_assert_mem_eq(read.val_scores, validation, sizeof validation);
    ck_assert_mem_eq(read.train_scores, training, sizeof training);
    ck_assert_mem_eq(read.train_losses, losses, sizeof losses);
    assay_run_record_destroy(&read);

    losses[1] = (double)NAN;
    support_assert_error(assay_run_record_write(path, &written, &error), ASSAY_ERROR_NUMERIC, &error,
                         "entry 1 of \"train_losses\" is NaN");
    support_assert_ok(assay_run_record_read(path, &read, &error), &error);
    assay_run_record_destroy(&read);
    assay_free(path);
}
END_TEST

/* --- the author's files ---------------------------------------------------------------------------------------- */

/*
 * CRC-32 of each tensor's bytes, as the zip archives themselves have it in their directories (unzip -v), in the order
 * of the state_dict: weight and bias of each of the five layers. Scores as in the author's *_results.json.
 */
/* clang-format off */
static const struct {
    const char *name;
    unsigned long checksums[10];
    double test;
    double best_validation;
    double first_loss;
} authors[] = {
    {"FashionMNIST_SGD",
     {0xa5585e2b, 0xa3893134, 0xe3e3b109, 0x9fcc26c7, 0x9e4debfc, 0x4d303585, 0x21229b84, 0x61c41e49, 0xef9c5670,
      0xb5da5802}, 0.8909, 0.8987, 3.006923198699951},
    {"FashionMNIST_SGDMom",
     {0xc3f95307, 0xc331bc53, 0x5b7c6584, 0x22728961, 0x85545673, 0xfd16f5cd, 0xd79e2c5a, 0x112baa85, 0xfabdc432,
      0x56b5f464}, 0.8883, 0.8954, 2.9808571338653564},
    {"FashionMNIST_Adam",
     {0xa159604a, 0x10728ed4, 0x8d32ea4c, 0x752a4fee, 0x135a41f3, 0xd8750465, 0x44a3441d, 0x1396fe00, 0x2c0c2f91,
      0xd271a998}, 0.8946, 0.8978, 3.035224437713623},
};
/* clang-format on */

START_TEST(authors_models)
{
    const assay_network_config wanted = assay_tutorial_network(ASSAY_RELU);
    assay_error error;
    assay_model model;
    char *path = assay_asprintf(NULL, "%s/%s.tar", support_pretrained_folder(), authors[_i].name);
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    support_assert_ok(assay_model_config_compare(&wanted, &model.config, path, &error), &error);
    ck_assert(model.has_activation);
    ck_assert_int_eq(model.config.activation.kind, ASSAY_RELU);
    ck_assert_uint_eq(assay_state_count(model.state), 10);
    for (size_t i = 0; i < 10; i++) {
        const assay_stored_tensor *tensor = i % 2 == 0 ? model.layers.weights[i / 2] : model.layers.biases[i / 2];
        ck_assert_int_eq(tensor->dtype, ASSAY_DTYPE_F32);
        ck_assert_uint_eq(assay_checksum(0, tensor->data, 4, 4 * tensor->count), authors[_i].checksums[i]);
    }
    assay_model_close(&model);
    assay_free(path);
}
END_TEST

START_TEST(authors_records)
{
    assay_error error;
    assay_run_record record;
    char *path = assay_asprintf(NULL, "%s/%s_results.json", support_pretrained_folder(), authors[_i].name);
    support_assert_ok(assay_run_record_read(path, &record, &error), &error);
    ck_assert(record.test_acc == authors[_i].test);
    ck_assert_uint_eq(record.epochs, 40);
    ck_assert_uint_eq(record.steps, 7800);
    ck_assert(record.train_losses[0] == authors[_i].first_loss);
    double best = 0.0;
    for (size_t i = 0; i < record.epochs; i++) {
        best = fmax(best, record.val_scores[i]);
    }
    ck_assert(best == authors[_i].best_validation);
    assay_run_record_destroy(&record);
    assay_free(path);
}
END_TEST

static bool have_python(void)
{
    bool there = system(SUPPORT_UNSANITIZED "python3 --version >/dev/null 2>&1") == 0;
    if (!there) {
        support_skip(
            "that others read our safetensors is not tested: python3 is missing; on Debian: apt-get install python3");
    }
    return there;
}

static Suite *suite(void)
{
    Suite *made = suite_create("model");
    TCase *files = evidence_case(
        "files", "property: model/safetensors, tutorial/run_record_read, model/config, model/model, model/state; "
                 "errors: model/safetensors, tutorial/run_record_read");
    tcase_add_checked_fixture(files, set_up, tear_down);
    tcase_add_test(files, safetensors_round_trip_is_bit_exact);
    tcase_add_test(files, safetensors_without_tensors);
    if (have_python()) {
        tcase_add_test(files, others_read_our_safetensors);
    }
    tcase_add_test(files, failed_write_keeps_the_old_state);
    tcase_add_test(files, failed_write_keeps_the_old_record);
    tcase_add_test(files, records_that_are_not_finite_are_not_written);
    tcase_add_test(files, half_precision_values);
    tcase_add_loop_test(files, nonfinite_is_named, 0, sizeof nonfinite / sizeof *nonfinite);
    tcase_add_test(files, torch_files_hold_what_torch_says);
    tcase_add_test(files, torch_model_with_its_configuration);
    tcase_add_loop_test(files, torch_networks_in_other_forms, 0, 3);
    tcase_add_test(files, safetensors_model_with_its_configuration);
    tcase_add_test(files, configurations_round_trip);
    tcase_add_test(files, run_record_round_trip_is_bit_exact);
    suite_add_tcase(made, files);
    if (support_pretrained_folder() != NULL) {
        TCase *authors_files = evidence_case("author",
                                             "golden: model/torch_zip, tutorial/run_record_read, model/config");
        tcase_add_loop_test(authors_files, authors_models, 0, sizeof authors / sizeof *authors);
        tcase_add_loop_test(authors_files, authors_records, 0, sizeof authors / sizeof *authors);
        suite_add_tcase(made, authors_files);
    }
    return made;
}

int main(void)
{
    return support_run(suite());
}
