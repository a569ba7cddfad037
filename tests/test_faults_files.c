/* lib/base, lib/data, lib/model: files read and written while memory and the system fail. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include <assay/data/csv.h>
#include <assay/data/idx.h>
#include <assay/data/scaling.h>
#include <assay/data/split.h>
#include "data/files.h"
#include "fault_run.h"
#include <assay/model/model.h>
#include <assay/tutorial/record.h>
#include <assay/model/pickle.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
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

/* A process number beyond Linux's limit. The file stays if it cannot be looked for, which is not a failure. */
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

/* The same in a folder of several machines: two hours old, so nobody's. */
static void set_up_old_leftovers(fault_bench *bench)
{
    char path[FAULT_PATH];
    const struct timespec then = {.tv_sec = time(NULL) - 7200};
    set_up_leftovers(bench);
    ck_assert_int_eq(
        utimensat(AT_FDCWD, fault_path(bench, "file.2000000000-1.tmp", path), (const struct timespec[]){then, then}, 0),
        0);
}

static assay_status remove_all_leftovers(fault_bench *bench, assay_error *error)
{
    (void)error;
    assay_file_remove_all_leftovers(bench->folder);
    return ASSAY_OK;
}

/* A pipe of our own, as /dev/stdout may be one: nothing is ever put in its place. It stays open between the runs. */
static void set_up_pipe(fault_bench *bench)
{
    static int ends[2] = {-1, -1};
    ck_assert(ends[0] >= 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    bench->thing[0] = ends;
}

static assay_status write_pipe(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_file_writer *writer;
    snprintf(path, sizeof path, "/proc/self/fd/%d", ((const int *)bench->thing[0])[1]);
    ASSAY_TRY(assay_file_create(path, &writer, error));
    fputs("text", assay_file_stream(writer));
    return assay_file_commit_unsynced(writer, error);
}

/* An output in no folder that is read: whatever cannot be looked at is not the same file. */
static assay_status keep_file(fault_bench *bench, assay_error *error)
{
    return assay_file_keep("/proc/self/exe", bench->folder, error);
}

static assay_status name_beside_program(fault_bench *bench, assay_error *error)
{
    *error = (assay_error){.status = ASSAY_OK};
    char *path = assay_file_beside_program("name", error);
    if (path == NULL) {
        return error->status != ASSAY_OK ? error->status : assay_fail(error, ASSAY_ERROR_IO, "the program has no name");
    }
    fault_digest_text(bench, path);
    assay_free(path);
    return ASSAY_OK;
}

/* printf allocates for so many digits. */
static assay_status format_text(fault_bench *bench, assay_error *error)
{
    char *text = assay_asprintf(error, "%.3000f", 1.0 / 3.0);
    if (text == NULL) {
        return error->status;
    }
    fault_digest_text(bench, text);
    assay_free(text);
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

static void set_up_csv(fault_bench *bench)
{
    static const char text[] = "x,y,class\n1,2,0\n3,4,1\n5,7,0\n";
    fault_write(bench, "data.csv", text, sizeof text - 1);
}

static assay_status read_csv(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_dataset data;
    assay_scaling scaling = {0};
    assay_split split = {0};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 1);
    ASSAY_TRY(assay_csv_read(fault_path(bench, "data.csv", path), &data, error));
    assay_status status = assay_scaling_create(&data, &scaling, error);
    if (status == ASSAY_OK) {
        status = assay_scaling_apply(&scaling, &data, error);
    }
    if (status == ASSAY_OK) {
        status = assay_split_create(&generator, data.count, 2, &split, error);
    }
    if (status == ASSAY_OK) {
        fault_digest(bench, data.values, data.count * data.width * sizeof *data.values);
        fault_digest(bench, split.train, data.count * sizeof *split.train);
    }
    assay_split_destroy(&split);
    assay_scaling_destroy(&scaling);
    assay_dataset_destroy(&data);
    return status;
}

/* Debian's files, where they are installed; their folder has advice of its own. */
static assay_status find_default_data(fault_bench *bench, assay_error *error)
{
    char *images = NULL;
    char *labels = NULL;
    if (bench->thing[0] == NULL) {
        return ASSAY_OK;
    }
    ASSAY_TRY(assay_data_files(ASSAY_DEFAULT_DATA, ASSAY_TRAIN, &images, &labels, error));
    fault_digest_text(bench, images);
    fault_digest_text(bench, labels);
    assay_free(images);
    assay_free(labels);
    return ASSAY_OK;
}

static void set_up_default_data(fault_bench *bench)
{
    static char there;
    bench->thing[0] = access(ASSAY_DEFAULT_DATA, R_OK) == 0 ? &there : NULL;
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
    support_assert_ok(assay_state_set_text(state, "epoch", "7", &error), &error);
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

static assay_status write_archive(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    return assay_torch_zip_write(fault_path(bench, "file", path), bench->thing[0], error);
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

static void set_up_legacy(fault_bench *bench)
{
    copy_golden(bench, "legacy.pt", "model.pt");
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
    if (model.config_error.status != ASSAY_OK) { /* assay evaluate fails with it too, unless --activation is given */
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

static void set_up_pickle(fault_bench *bench)
{
    fault_write(bench, "model.pt", "(K\1K\2t.", 7);
}

/* No checkpoint: what it is, is the result. */
static assay_status judge_pickle(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    assay_model model;
    assay_status status = assay_model_load(fault_path(bench, "model.pt", path), &model, error);
    return status == ASSAY_ERROR_FORMAT && strstr(error->message, "known to be harmless") != NULL ? ASSAY_OK : status;
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

/*
 * A pickle's memory comes in pieces of 64 KiB. A text of each length before the same values makes each of them in turn
 * the first of the next piece, which cannot be had.
 */
#define STORAGE                            \
    "(U\7storagectorch\nFloatStorage\nU\1" \
    "0U\3cpuK\2tQ"
#define TENSOR "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE "K\0K\2\x85K\1\x85\x89}tR"
#define VALUES                                                                                            \
    "(" TENSOR "U\1tJ\0\1\2\3I99999\nL99999L\n\x8a\2\1\1S'text'\n]}cbuiltins\nset\nK\1\x85K\1K\2\x86P0\n" \
    "(U\7storagectorch\nQInt8Storage\nU\1"                                                                \
    "1U\3cpuK\2tQ(U\1aK\1d(K\1l(K\1t(K\1ibuiltins\nset\n(cbuiltins\nset\nK\1o"                            \
    "\x8c\x08"                                                                                            \
    "builtins\x8c\3set\x93)\x81}bcmodels\nNet\n)\x81}U\1b" TENSOR "sb"                                    \
    "ccollections\nOrderedDict\n]U\1a" TENSOR "\x86"                                                      \
    "a\x85Rctorch._utils\n_rebuild_parameter\n(" TENSOR "tR"                                              \
    "}(U\1n" TENSOR "U\1mK\1u](K\1U\1xe(U\1yU\1zd](U\1qK\1\x85"                                           \
    "el."

START_TEST(memory_ends_at_each_value)
{
    static const char values[] = VALUES;
    enum { PIECE = 65536, MOST_CALLS = 12 };
    static char pickle[PIECE + sizeof values + 8];
    size_t refused = 0;
    for (size_t length = PIECE - 20480; length < PIECE - 64; length += 16) {
        memcpy(pickle, "X", 1);
        pickle[1] = (char)(length & 255);
        pickle[2] = (char)(length >> 8);
        memset(pickle + 5, 't', length);
        pickle[5 + length] = '0';
        memcpy(pickle + 6 + length, values, sizeof values - 1);
        for (size_t target = 1; target <= MOST_CALLS; target++) {
            assay_pickle *parsed = NULL;
            assay_error error = {.message = ""};
            faults_arm(FAULTS_ONCE, target);
            assay_status status = assay_pickle_parse(pickle, 6 + length + sizeof values - 1, "file", &parsed, NULL,
                                                     NULL, &error);
            size_t largest = 0;
            const char *library = NULL;
            size_t tensors = status == ASSAY_OK ? assay_pickle_count(parsed) : 0;
            assay_pickle_destroy(parsed);
            faults_report report = faults_disarm();
            ck_assert_uint_eq(faults_outstanding(&largest, &library), 0);
            if (report.failed == 0) {
                support_assert_ok(status, &error);
                ck_assert_uint_eq(tensors, 5);
                break;
            }
            support_assert_error(status, ASSAY_ERROR_MEMORY, &error, "out of memory");
            refused++;
        }
    }
    ck_assert_uint_gt(refused, 3000);
}
END_TEST

/* libzip 1.7.3 loses 160 bytes of its own when memory is out while it opens an entry. */
static const fault_scenario scenarios[] = {
    {"a file written", set_up_old_file, write_file, NULL, 0, NULL, 0},
    {"a file given up", set_up_old_file, abort_file, NULL, 0, NULL, 0},
    {"a file read", set_up_old_file, read_file, NULL, 0, NULL, 0},
    {"leftovers removed", set_up_leftovers, remove_leftovers, NULL, 0, NULL, 0},
    {"all leftovers removed", set_up_old_leftovers, remove_all_leftovers, NULL, 0, NULL, 0},
    {"a pipe written", set_up_pipe, write_pipe, NULL, 0, NULL, 0},
    {"an output kept", set_up_old_file, keep_file, NULL, 0, NULL, 0},
    {"a name beside the program", NULL, name_beside_program, NULL, 0, NULL, 0},
    {"a text formatted", NULL, format_text, NULL, 0, NULL, 0},
    {"a CSV file read, scaled and split", set_up_csv, read_csv, NULL, 0, NULL, 0},
    {"Debian's data set found", set_up_default_data, find_default_data, NULL, 0, NULL, 0},
    {"a data set loaded", set_up_data, load_data, NULL, 0, NULL, 0},
    {"a state built", NULL, build_state, NULL, 0, NULL, 0},
    {"a configuration printed and parsed", NULL, print_config, NULL, 0, NULL, 0},
    {"safetensors written", set_up_state, write_state, tidy_state, 0, NULL, 0},
    {"a checkpoint of PyTorch written", set_up_state, write_archive, tidy_state, 0, NULL, 0},
    {"a checkpoint from before 1.6 opened", set_up_legacy, open_model, NULL, 0, NULL, 0},
    {"safetensors opened", set_up_safetensors, open_model, tidy_state, 0, NULL, 0},
    {"a checkpoint of PyTorch opened", set_up_checkpoint, open_model, NULL, 0, "libzip", 0},
    {"a checkpoint of all types read", set_up_mixed, read_mixed, NULL, 0, "libzip", 0},
    {"a pickle judged", set_up_pickle, judge_pickle, NULL, 0, NULL, 0},
    {"a record written", set_up_old_file, write_record, NULL, 0, NULL, 0},
    {"a record read", set_up_record, read_record, NULL, 0, NULL, 0},
};

int main(void)
{
    TCase *pieces = evidence_case("pieces", "errors: model/pickle");
    tcase_set_timeout(pieces, 60);
    tcase_add_test(pieces, memory_ends_at_each_value);
    return fault_main(
        "faults in files",
        "errors: base/alloc, base/error, base/file, base/json, data/idx_read, data/dataset_load, model/config, "
        "model/model, model/pickle, tutorial/run_record_read, tutorial/run_record_write, model/safetensors, "
        "model/state, model/torch_state, "
        "model/torch_zip",
        scenarios, sizeof scenarios / sizeof scenarios[0], pieces);
}
