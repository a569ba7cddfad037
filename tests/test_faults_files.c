/* lib/base, lib/data, lib/model: files read and written while memory and the system fail. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include <assay/data/idx.h>
#include "fault_run.h"
#include <assay/model/model.h>
#include <assay/tutorial/record.h>
#include <assay/model/safetensors.h>
#include "support.h"

/* --- base -------------------------------------------------------------------------------------------------------- */

static void set_up_old_file(fault_bench *bench)
{
    fault_write(bench, "file", "old", 3);
}

static assay_status write_file(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(fault_path(bench, "file", path), &writer, error));
    FILE *stream = assay_file_stream(writer);
    for (int i = 0; i < 200; i++) {
        fputs("a line of the new file\n", stream);
    }
    return assay_file_commit(writer, error);
}

static assay_status abort_file(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(fault_path(bench, "file", path), &writer, error));
    fputs("never to be seen", assay_file_stream(writer));
    assay_file_abort(writer);
    return ASSAY_OK;
}

static assay_status read_file(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    char *bytes = NULL;
    size_t size = 0;
    ASSAY_TRY(assay_file_read(fault_path(bench, "file", path), 100, &bytes, &size, error));
    fault_digest(bench, bytes, size);
    assay_free(bytes);
    return ASSAY_OK;
}

/* Of a process that cannot be: Linux has fewer. It stays where it cannot be looked for, which is no failure. */
static void set_up_leftovers(fault_bench *bench)
{
    fault_write(bench, "file.2000000000-1.tmp", "left", 4);
    fault_write(bench, "file", "old", 3);
}

static assay_status remove_leftovers(fault_bench *bench, assay_error *error)
{
    (void)error;
    char path[FAULT_PATH];
    assay_file_remove_leftovers(fault_path(bench, "file", path));
    return ASSAY_OK;
}

/* --- data -------------------------------------------------------------------------------------------------------- */

enum { IMAGES = 30 };

static void make_idx(unsigned char *bytes, unsigned dimensions, size_t body)
{
    const unsigned char header[] = {0, 0, 8, (unsigned char)dimensions, 0, 0, 0, IMAGES, 0, 0, 0, 28, 0, 0, 0, 28};
    size_t size = 4 + 4 * (size_t)dimensions;
    memcpy(bytes, header, size);
    for (size_t i = 0; i < body; i++) {
        bytes[size + i] = (unsigned char)(i * 7 % (dimensions == 1 ? 10 : 256));
    }
}

static void set_up_data(fault_bench *bench)
{
    static unsigned char images[16 + IMAGES * 784];
    static unsigned char labels[8 + IMAGES];
    make_idx(images, 3, sizeof images - 16);
    make_idx(labels, 1, sizeof labels - 8);
    fault_write(bench, "train-images-idx3-ubyte", images, sizeof images);
    char path[FAULT_PATH];
    gzFile packed = gzopen(fault_path(bench, "train-labels-idx1-ubyte.gz", path), "wb");
    ck_assert_int_eq(gzwrite(packed, labels, sizeof labels), sizeof labels);
    ck_assert_int_eq(gzclose(packed), Z_OK);
}

static assay_status load_data(fault_bench *bench, assay_error *error)
{
    assay_dataset data;
    ASSAY_TRY(assay_dataset_load(bench->folder, ASSAY_TRAIN, &data, error));
    fault_digest(bench, data.pixels, data.count * data.width);
    fault_digest(bench, data.labels, data.count * sizeof *data.labels);
    assay_dataset_destroy(&data);
    return ASSAY_OK;
}

/* --- model ------------------------------------------------------------------------------------------------------- */

static void set_up_state(fault_bench *bench)
{
    assay_state *state;
    assay_error error;
    support_assert_ok(assay_state_create(&state, &error), &error);
    const double values[] = {0.5, -1.0, 2.0, 3.0, 4.0, 5.0};
    support_assert_ok(assay_state_put(state, "layers.0.weight", ASSAY_DTYPE_F64, 2, (size_t[]){2, 3}, values, &error),
                      &error);
    support_assert_ok(assay_state_put(state, "layers.0.bias", ASSAY_DTYPE_F64, 1, (size_t[]){2}, values, &error),
                      &error);
    assay_network_config config = {.inputs = 3, .classes = 2, .activation = assay_activation_default(ASSAY_LEAKY_RELU)};
    config.activation.parameter = 0.3;
    char *text;
    support_assert_ok(assay_model_config_print(&config, &text, &error), &error);
    support_assert_ok(assay_state_set_text(state, ASSAY_MODEL_CONFIG_KEY, text, &error), &error);
    assay_free(text);
    bench->thing[0] = state;
    set_up_old_file(bench);
}

static void tidy_state(fault_bench *bench)
{
    assay_state_destroy(bench->thing[0]);
}

static assay_status write_state(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    return assay_safetensors_write(fault_path(bench, "file", path), bench->thing[0], error);
}

static assay_status build_state(fault_bench *bench, assay_error *error)
{
    assay_state *state;
    ASSAY_TRY(assay_state_create(&state, error));
    assay_status status = ASSAY_OK;
    for (int i = 0; i < 20 && status == ASSAY_OK; i++) {
        char name[24];
        snprintf(name, sizeof name, "tensor %d", i);
        status = assay_state_put(state, name, ASSAY_DTYPE_F32, 1, (size_t[]){1}, (const float[]){(float)i}, error);
        if (status == ASSAY_OK) {
            status = assay_state_set_text(state, name, "text", error);
        }
    }
    if (status == ASSAY_OK) {
        status = assay_state_set_text(state, "tensor 3", "another text", error);
    }
    for (size_t i = 0; status == ASSAY_OK && i < assay_state_count(state); i++) {
        fault_digest_text(bench, assay_state_at(state, i)->name);
        fault_digest_text(bench, assay_state_text(state, assay_state_at(state, i)->name));
    }
    assay_state_destroy(state);
    return status;
}

static assay_status print_config(fault_bench *bench, assay_error *error)
{
    assay_network_config config = {.inputs = 3, .classes = 2, .hidden_count = 40};
    for (size_t i = 0; i < config.hidden_count; i++) {
        config.hidden[i] = i + 1;
    }
    config.activation = assay_activation_default(ASSAY_ELU);
    config.activation.parameter = 0.25;
    char *text;
    ASSAY_TRY(assay_model_config_print(&config, &text, error));
    fault_digest_text(bench, text);
    assay_status status = assay_model_config_parse(text, strlen(text), "text", &config, error);
    assay_free(text);
    ASSAY_TRY(status);
    fault_digest_f64(bench, config.activation.parameter);
    fault_digest(bench, config.hidden, config.hidden_count * sizeof *config.hidden);
    return ASSAY_OK;
}

static void copy_golden(fault_bench *bench, const char *name, const char *as)
{
    const char *golden = getenv("GOLDEN_DIR");
    char *path = assay_asprintf(NULL, "%s/model/%s", golden != NULL ? golden : "golden", name);
    char *bytes;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size, &error), &error);
    fault_write(bench, as, bytes, size);
    assay_free(bytes);
    assay_free(path);
}

static void set_up_checkpoint(fault_bench *bench)
{
    copy_golden(bench, "network.pt", "model.pt");
    copy_golden(bench, "network.config", "model.config");
}

static void set_up_mixed(fault_bench *bench)
{
    copy_golden(bench, "mixed.pt", "model.pt");
}

static void set_up_safetensors(fault_bench *bench)
{
    char path[FAULT_PATH];
    assay_error error;
    set_up_state(bench);
    support_assert_ok(assay_safetensors_write(fault_path(bench, "model.pt", path), bench->thing[0], &error), &error);
}

static void digest_model(fault_bench *bench, const assay_model *model)
{
    fault_digest_f64(bench, model->has_activation ? model->config.activation.parameter + 1.0 : 0.0);
    for (size_t i = 0; i < assay_state_count(model->state); i++) {
        const assay_stored_tensor *tensor = assay_state_at(model->state, i);
        fault_digest_text(bench, tensor->name);
        fault_digest(bench, tensor->data, tensor->count * assay_dtype_size(tensor->dtype));
    }
}

/* A model, and the network that it becomes. */
static assay_status open_model(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_model model;
    assay_backend *backend = NULL;
    assay_network *network = NULL;
    ASSAY_TRY(assay_model_open(fault_path(bench, "model.pt", path), NULL, &model, error));
    if (model.config_error.status != ASSAY_OK) { /* what assay evaluate says, too, unless it is told the activation */
        *error = model.config_error;
        assay_model_close(&model);
        return error->status;
    }
    digest_model(bench, &model);
    assay_status status = assay_backend_open(&(assay_backend_options){"reference", ASSAY_F64, 1}, &backend, error);
    if (status == ASSAY_OK) {
        status = assay_network_create(backend, &model.config, 1, true, &network, error);
    }
    if (status == ASSAY_OK) {
        status = assay_model_upload(&model, network, error);
    }
    if (status == ASSAY_OK) {
        fault_digest_f64(bench, assay_sum(backend, assay_network_parameters(network)));
    }
    assay_network_destroy(network);
    assay_backend_close(backend);
    assay_model_close(&model);
    return status;
}

/* Every kind of tensor and pickle opcode; no network. */
static assay_status read_mixed(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    char *bytes = NULL;
    size_t size = 0;
    assay_model model = {0};
    ASSAY_TRY(assay_file_read(fault_path(bench, "model.pt", path), 1 << 20, &bytes, &size, error));
    assay_status status = assay_model_parse(bytes, size, "mixed", &model.format, &model.state, NULL, error);
    assay_free(bytes);
    ASSAY_TRY(status);
    digest_model(bench, &model);
    assay_state_destroy(model.state);
    return ASSAY_OK;
}

static assay_status write_record(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    double scores[] = {0.25, 0.5};
    double losses[40];
    for (int i = 0; i < 40; i++) {
        losses[i] = 1.0 / (3 + i);
    }
    const assay_run_record record = {0.5, 2, scores, scores, 40, losses};
    return assay_run_record_write(fault_path(bench, "file", path), &record, error);
}

static void set_up_record(fault_bench *bench)
{
    assay_error error;
    support_assert_ok(write_record(bench, &error), &error);
}

static assay_status read_record(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_run_record record;
    ASSAY_TRY(assay_run_record_read(fault_path(bench, "file", path), &record, error));
    fault_digest(bench, record.val_scores, record.epochs * sizeof(double));
    fault_digest(bench, record.train_losses, record.steps * sizeof(double));
    assay_run_record_destroy(&record);
    return ASSAY_OK;
}

/* libzip 1.7.3 loses 160 bytes of its own when memory is out while it opens an entry. */
static const fault_scenario scenarios[] = {
    {"a file written", set_up_old_file, write_file, NULL, 0, NULL, 0},
    {"a file given up", set_up_old_file, abort_file, NULL, 0, NULL, 0},
    {"a file read", set_up_old_file, read_file, NULL, 0, NULL, 0},
    {"leftovers removed", set_up_leftovers, remove_leftovers, NULL, 0, NULL, 0},
    {"a data set loaded", set_up_data, load_data, NULL, 0, NULL, 0},
    {"a state built", NULL, build_state, NULL, 0, NULL, 0},
    {"a configuration printed and parsed", NULL, print_config, NULL, 0, NULL, 0},
    {"safetensors written", set_up_state, write_state, tidy_state, 0, NULL, 0},
    {"safetensors opened", set_up_safetensors, open_model, tidy_state, 0, NULL, 0},
    {"a checkpoint of PyTorch opened", set_up_checkpoint, open_model, NULL, 0, "libzip", 0},
    {"a checkpoint of all types read", set_up_mixed, read_mixed, NULL, 0, "libzip", 0},
    {"a record written", set_up_old_file, write_record, NULL, 0, NULL, 0},
    {"a record read", set_up_record, read_record, NULL, 0, NULL, 0},
};

/* --- what can fail, and is made to ------------------------------------------------------------------------------- */

/* Imports that no test makes to fail, and why. '*' matches any characters. */
static const struct {
    const char *why;
    const char *names;
} spared[] = {
    {"computes", "acos* cosh erfc* exp expf expm1* fmaf fmax fmin frexp hypot ldexp log log10 log1p* logf pow powf "
                 "sincos* tanh* sqrt* sin sinf cos cosf ceil floor rint copysign* mem* bcmp str* stpcpy qsort "
                 "vsnprintf snprintf sprintf __isoc99_sscanf __*_chk __cpu_model __cpu_features2 __cpu_indicator_init"},
    {"always succeeds", "clock_gettime getenv geteuid getpid gettid fileno dirfd ferror clearerr __fpurge sigdescr_np "
                        "environ __environ __errno_location stderr stdout __ctype_*_loc"},
    {"fails with malloc or read", "__getdelim getdelim getline"},
    {"cleans up: a failure has no remedy", "closedir fts_close unlink* pthread_*_destroy pthread_join kill _exit abort "
                                           "exit posix_spawn_file_actions_destroy"},
    {"fails only for wrong arguments", "pthread_mutex_* pthread_cond_* sched_yield usleep prctl setsid"},
    {"belongs to another library, and fails with malloc, read or write", "json_* zip_* gz* inflate* crc32_z cblas_* openblas_* elf_* "
                                                                         "gelf_* seccomp_* "
                                                                         "posix_spawn_file_actions_*"},
    {"reports another failure between fork and exec", "write"},
    {"belongs to compiler, linker or gcov", "_ITM_* __cxa_finalize __gmon_start__ __assert_fail __stack_chk_fail "
                                            "__tls_get_addr __asan_* __ubsan_* __tsan_* __msan_* mmap fseek setbuf "
                                            "__pthread_key_create"},
};

static bool matches(const char *pattern, size_t length, const char *name)
{
    const char *star = memchr(pattern, '*', length);
    if (star == NULL) {
        return strlen(name) == length && strncmp(pattern, name, length) == 0;
    }
    size_t before = (size_t)(star - pattern);
    size_t after = length - before - 1;
    return strlen(name) >= before + after && strncmp(pattern, name, before) == 0 &&
           strncmp(star + 1, name + strlen(name) - after, after) == 0;
}

static bool is_spared(const char *name)
{
    for (size_t i = 0; i < sizeof spared / sizeof spared[0]; i++) {
        const char *pattern = spared[i].names;
        while (*pattern != '\0') {
            size_t length = strcspn(pattern, " ");
            if (matches(pattern, length, name)) {
                return true;
            }
            pattern += length + strspn(pattern + length, " ");
        }
    }
    return false;
}

/*
 * Each function that libassay or the grader imports is made to fail (fault_calls.c), or listed above with a reason.
 * Only imports of our own objects count, since NVIDIA's runtime may be in the library, too. The backend cuda has its
 * own fault tests (test_cuda_faults.c).
 */
START_TEST(every_import_fails_or_cannot)
{
    const char *build = getenv("ASSAY_BUILD") != NULL ? getenv("ASSAY_BUILD") : ".";
    Dl_info about;
    char command[3 * FAULT_PATH];
    char line[256];
    char name[128];
    size_t imports = 0;
    ck_assert_int_ne(dladdr((const void *)(size_t)&assay_calloc, &about), 0);
    snprintf(command, sizeof command,
             "{ nm -D --undefined-only '%s' | awk '{ sub(/@.*/, \"\", $NF); print $NF }' | sort -u\n"
             "find '%s/lib' '%s/grade' -path '*/.libs/*.o' ! -path '*/cuda/*' -exec nm --undefined-only '{}' + |\n"
             "  awk '$1 == \"U\" { print $2 }' | sort -u; } | sort | uniq -d",
             about.dli_fname, build, build);
    FILE *list = popen(command, "r");
    ck_assert_ptr_nonnull(list);
    while (fgets(line, sizeof line, list) != NULL) {
        ck_assert_int_eq(sscanf(line, "%127s", name), 1);
        imports++;
        ck_assert_msg(faults_made(name) >= 0 || is_spared(name), "libassay or the grader calls %s: make "
                      "it fail in tests/fault_calls.c, or add a reason to tests/test_faults_files.c", name);
    }
    ck_assert_int_eq(pclose(list), 0);
    ck_assert_uint_gt(imports, 100);
}
END_TEST

int main(void)
{
    TCase *imports = evidence_case("imports", "property: tests/faults");
    tcase_add_test(imports, every_import_fails_or_cannot);
    return fault_main("faults in files",
                      "errors: base/alloc, base/error, base/file, base/json, data/idx_read, data/dataset_load, model/config, "
                      "model/model, model/pickle, tutorial/record, model/safetensors, model/state, model/torch_state, "
                      "model/torch_zip", scenarios, sizeof scenarios / sizeof scenarios[0], imports);
}
