/*
 * lib/model, part by part: the values of each dtype, the layers that names and shapes give, the limits of safetensors
 * and zip archives, what is written byte by byte, and files that are taken for models.
 */
#include "config.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zip.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/config.h>
#include <assay/model/model.h>
#include <assay/model/pickle.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "base/byte_order.h"
#include "model/source.h"
#include "support.h"

/* --- states ------------------------------------------------------------------------------------------------------- */

/* Three elements, of which the first is another: the second and third are read. Bits as the formats define them. */
/* clang-format off */
static const struct {
    assay_dtype dtype;
    const char *name;
    size_t size;
    size_t number;
    bool floating;
    uint64_t bits[3];
    double values[3];
} dtypes[] = {
    {ASSAY_DTYPE_F64, "F64", 8, 8, true, {0, 0xbff8000000000000, 1}, {0.0, -1.5, 0x1p-1074}},
    {ASSAY_DTYPE_F32, "F32", 4, 4, true, {0, 0xbfc00000, 1}, {0.0, -1.5, 0x1p-149}},
    {ASSAY_DTYPE_F16, "F16", 2, 2, true, {0, 0xbe01, 0x83ff}, {0.0, -1.5009765625, -0x3ffp-24}},
    {ASSAY_DTYPE_BF16, "BF16", 2, 2, true, {0, 0xbfc0, 0x0001}, {0.0, -1.5, 0x1p-133}},
    {ASSAY_DTYPE_I64, "I64", 8, 8, false, {0, 0xfffffffffffffffb, 0x10000000000000}, {0.0, -5.0, 0x1p52}},
    {ASSAY_DTYPE_I32, "I32", 4, 4, false, {0, 0xfffffffb, 0x7fffffff}, {0.0, -5.0, 2147483647.0}},
    {ASSAY_DTYPE_I16, "I16", 2, 2, false, {0, 0xfffb, 0x7fff}, {0.0, -5.0, 32767.0}},
    {ASSAY_DTYPE_I8, "I8", 1, 1, false, {0, 0xfb, 0x7f}, {0.0, -5.0, 127.0}},
    {ASSAY_DTYPE_U8, "U8", 1, 1, false, {0, 0xfb, 0x7f}, {0.0, 251.0, 127.0}},
    {ASSAY_DTYPE_BOOL, "BOOL", 1, 1, false, {0, 1, 0}, {0.0, 1.0, 0.0}},
    {ASSAY_DTYPE_U64, "U64", 8, 8, false, {0, 0x8000000000000000, 3}, {0.0, 0x1p63, 3.0}},
    {ASSAY_DTYPE_U32, "U32", 4, 4, false, {0, 0x80000000, 3}, {0.0, 0x1p31, 3.0}},
    {ASSAY_DTYPE_U16, "U16", 2, 2, false, {0, 0x8000, 3}, {0.0, 32768.0, 3.0}},
    {ASSAY_DTYPE_F8_E4M3, "F8_E4M3", 1, 1, true, {0, 0xbc, 0x07}, {0.0, -1.5, 7 * 0x1p-9}},
    {ASSAY_DTYPE_F8_E4M3, "F8_E4M3", 1, 1, true, {0, 0x7e, 0x88}, {0.0, 448.0, -0x1p-6}},
    {ASSAY_DTYPE_F8_E5M2, "F8_E5M2", 1, 1, true, {0, 0xbe, 0x03}, {0.0, -1.5, 3 * 0x1p-16}},
    {ASSAY_DTYPE_C64, "C64", 8, 4, false, {0, 0x40000000bfc00000, 0x0000000140400000}, {0.0, -1.5, 3.0}},
};
/* clang-format on */

START_TEST(elements_have_the_values_of_their_bits)
{
    unsigned char bytes[3 * 8];
    double values[3] = {7.0, 7.0, 7.0};
    size_t size = dtypes[_i].size;
    size_t number = dtypes[_i].number;
    for (size_t i = 0; i < 3; i++) {
        assay_put_little_endian(dtypes[_i].bits[i], bytes + i * size, size);
    }
    assay_reorder(bytes, number, 3 * size / number, ASSAY_LITTLE_ENDIAN);
    const assay_stored_tensor tensor = {.name = "t", .dtype = dtypes[_i].dtype, .count = 3, .data = bytes};
    ck_assert_str_eq(assay_dtype_name(dtypes[_i].dtype), dtypes[_i].name);
    ck_assert_uint_eq(assay_dtype_size(dtypes[_i].dtype), size);
    ck_assert_uint_eq(assay_dtype_number_size(dtypes[_i].dtype), number);
    ck_assert_int_eq(assay_dtype_is_floating(dtypes[_i].dtype), dtypes[_i].floating);
    assay_stored_tensor_part_to_f64(&tensor, 1, 2, values);
    ck_assert(values[0] == dtypes[_i].values[1] && values[1] == dtypes[_i].values[2] && values[2] == 7.0);
    assay_stored_tensor_to_f64(&tensor, values);
    ck_assert_mem_eq(values, dtypes[_i].values, sizeof values);
}
END_TEST

START_TEST(numbers_that_are_not_finite)
{
    static const struct {
        assay_dtype dtype;
        uint8_t byte;
        bool nan;
    } bytes[] = {{ASSAY_DTYPE_F8_E4M3, 0x7f, true},
                 {ASSAY_DTYPE_F8_E4M3, 0xff, true},
                 {ASSAY_DTYPE_F8_E5M2, 0x7c, false},
                 {ASSAY_DTYPE_F8_E5M2, 0x7d, true},
                 {ASSAY_DTYPE_F8_E5M2, 0xfc, false}};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        uint8_t byte = bytes[i].byte;
        double value = 0.0;
        const assay_stored_tensor tensor = {.name = "t", .dtype = bytes[i].dtype, .count = 1, .data = &byte};
        assay_stored_tensor_to_f64(&tensor, &value);
        ck_assert(bytes[i].nan ? isnan(value) : isinf(value) && (value < 0) == (byte > 127));
        ck_assert_int_eq(assay_stored_tensor_check_finite(&tensor, NULL), ASSAY_ERROR_NUMERIC);
    }
    double pairs[] = {-2.5, 1.0, 4.5, 2.0};
    double values[2];
    const assay_stored_tensor complex = {.name = "t", .dtype = ASSAY_DTYPE_C128, .count = 2, .data = pairs};
    assay_stored_tensor_to_f64(&complex, values);
    ck_assert(values[0] == -2.5 && values[1] == 4.5);
    ck_assert_str_eq(assay_dtype_name(ASSAY_DTYPE_C128), "C128");
    ck_assert_uint_eq(assay_dtype_size(ASSAY_DTYPE_C128), 16);
    ck_assert_uint_eq(assay_dtype_number_size(ASSAY_DTYPE_C128), 8);
    ck_assert(!assay_dtype_is_floating(ASSAY_DTYPE_C128));
}
END_TEST

START_TEST(moments_of_a_tensor)
{
    double values[] = {1.0, 2.0, 4.0, 9.0};
    static const assay_dtype complex[] = {ASSAY_DTYPE_C64, ASSAY_DTYPE_C128};
    double mean, deviation;
    assay_stored_tensor tensor = {.dtype = ASSAY_DTYPE_F64, .count = 4, .data = values};
    assay_stored_tensor_moments(&tensor, &mean, &deviation);
    ck_assert(mean == 4.0 && deviation == sqrt(38.0 / 3.0));
    tensor.count = 1;
    assay_stored_tensor_moments(&tensor, &mean, &deviation);
    ck_assert(mean == 1.0 && isnan(deviation));
    tensor.count = 0;
    assay_stored_tensor_moments(&tensor, &mean, &deviation);
    ck_assert(isnan(mean) && isnan(deviation));
    for (int i = 0; i < 2; i++) {
        tensor = (assay_stored_tensor){.dtype = complex[i], .count = 2, .data = values};
        assay_stored_tensor_moments(&tensor, &mean, &deviation);
        ck_assert(isnan(mean) && isnan(deviation));
    }
}
END_TEST

/* Shapes are counted up to half of the address space. */
START_TEST(shapes_have_a_limit)
{
    static const size_t ends_empty[] = {SIZE_MAX, SIZE_MAX, 0};
    static const size_t begins_empty[] = {0, SIZE_MAX};
    for (int dtype = 0; dtype < ASSAY_DTYPE_COUNT; dtype++) {
        size_t most = SIZE_MAX / 2 / assay_dtype_size((assay_dtype)dtype);
        size_t count = 7;
        ck_assert(assay_shape_count(1, (size_t[]){most}, (assay_dtype)dtype, &count) && count == most);
        ck_assert(!assay_shape_count(1, (size_t[]){most + 1}, (assay_dtype)dtype, &count));
        ck_assert(assay_shape_count(2, (size_t[]){most / 2, 2}, (assay_dtype)dtype, &count) && count == most / 2 * 2);
        ck_assert(!assay_shape_count(2, (size_t[]){most / 2 + 1, 2}, (assay_dtype)dtype, &count));
        ck_assert(assay_shape_count(3, ends_empty, (assay_dtype)dtype, &count) && count == 0);
        ck_assert(assay_shape_count(2, begins_empty, (assay_dtype)dtype, &count) && count == 0);
        ck_assert(assay_shape_count(0, NULL, (assay_dtype)dtype, &count) && count == 1);
    }
    size_t count;
    ck_assert(!assay_shape_count(2, (size_t[]){SIZE_MAX, SIZE_MAX}, ASSAY_DTYPE_U8, &count));
}
END_TEST

static void join(const char *key, const char *text, void *context)
{
    char *joined = context;
    snprintf(joined + strlen(joined), 64 - strlen(joined), "%s=%s,", key, text);
}

/* Tensors stay as they are when others are added, up to any number and to 8 dimensions; text has an order. */
START_TEST(a_state_grows)
{
    enum { TENSORS = 100 };
    static const size_t shape[] = {1, 2, 1, 1, 3, 1, 1, 2};
    static const size_t counts[] = {1, 1, 2, 2, 2, 6, 6, 6, 12};
    assay_error error;
    assay_state *state = NULL;
    char joined[64] = "";
    support_assert_ok(assay_state_create(&state, &error), &error);
    for (uint8_t i = 0; i < TENSORS; i++) {
        char name[16];
        uint8_t values[12];
        memset(values, i, sizeof values);
        snprintf(name, sizeof name, "t%d", i);
        support_assert_ok(assay_state_put(state, name, ASSAY_DTYPE_U8, i % 9, shape, values, &error), &error);
    }
    for (size_t i = 0; i < TENSORS; i++) {
        char name[16];
        snprintf(name, sizeof name, "t%zu", i);
        const assay_stored_tensor *tensor = assay_state_at(state, i);
        ck_assert_ptr_eq(assay_state_find(state, name), tensor);
        ck_assert_uint_eq(tensor->rank, i % 9);
        ck_assert_mem_eq(tensor->shape, shape, tensor->rank * sizeof *shape);
        ck_assert_uint_eq(tensor->count, counts[i % 9]);
        for (size_t j = 0; j < tensor->count; j++) {
            ck_assert_uint_eq(((const uint8_t *)tensor->data)[j], i);
        }
    }
    support_assert_error(assay_state_add(state, "", ASSAY_DTYPE_U8, 0, NULL, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         "a tensor has no name");
    support_assert_error(assay_state_add(state, "\xff", ASSAY_DTYPE_U8, 0, NULL, NULL, &error), ASSAY_ERROR_FORMAT,
                         &error, "a tensor's name is not UTF-8");
    ck_assert_uint_eq(assay_state_count(state), TENSORS);
    support_assert_ok(assay_state_set_text(state, "b", "1", &error), &error);
    support_assert_ok(assay_state_set_text(state, "a", "2", &error), &error);
    support_assert_ok(assay_state_set_text(state, "b", "3", &error), &error);
    support_assert_error(assay_state_set_text(state, "\xff", "x", &error), ASSAY_ERROR_FORMAT, &error, "is not UTF-8");
    assay_state_each_text(state, join, joined);
    ck_assert_str_eq(joined, "b=3,a=2,");
    assay_state_destroy(state);
    assay_state_destroy(NULL);
}
END_TEST

/* --- sources ------------------------------------------------------------------------------------------------------ */

START_TEST(sources_in_memory_and_on_the_disk)
{
    evidence(EVIDENCE_PROPERTY, "model/source");
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/file", folder);
    assay_file_writer *writer = NULL;
    assay_error error;
    support_assert_ok(assay_file_create(path, &writer, &error), &error);
    fputs("0123456789", assay_file_stream(writer));
    support_assert_ok(assay_file_commit(writer, &error), &error);
    assay_source sources[2] = {{.name = "memory", .memory = (const unsigned char *)"0123456789", .size = 10},
                               {.name = "disk"}};
    support_assert_ok(assay_file_open(path, 10, &sources[1].descriptor, &sources[1].size, &error), &error);
    for (int i = 0; i < 2; i++) {
        char bytes[4] = "xxx";
        unsigned char *taken = NULL;
        support_assert_ok(assay_source_read(&sources[i], 3, 2, bytes, &error), &error);
        ck_assert_str_eq(bytes, "34x");
        support_assert_ok(assay_source_take(&sources[i], 8, 2, &taken, &error), &error);
        ck_assert_str_eq((char *)taken, "89");
        assay_free(taken);
        ck_assert_uint_eq(assay_source_budget(&sources[i]), 20 + ((size_t)12 << 20));
    }
    unsigned char *taken = NULL;
    support_assert_error(assay_source_take(&sources[1], 9, 2, &taken, &error), ASSAY_ERROR_IO, &error, "disk: 1 of 2");
    ck_assert_ptr_null(taken);
    close(sources[1].descriptor);
    ck_assert_uint_eq(assay_source_budget(&(assay_source){.size = (SIZE_MAX - ((size_t)12 << 20)) / 2}), SIZE_MAX - 1);
    ck_assert_uint_eq(assay_source_budget(&(assay_source){.size = SIZE_MAX / 2}), SIZE_MAX);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* --- other files -------------------------------------------------------------------------------------------------- */

/* First bytes as the formats define them; what is said names the kind. */
/* clang-format off */
static const struct {
    size_t offset;
    const char *bytes;
    size_t size;
    const char *says;
} foreign[] = {
#define AT(offset, bytes, says) {offset, bytes, sizeof(bytes) - 1, says}
    AT(0, "PK\5\6", "an empty zip archive"), AT(0, "PK\7\10", "in several volumes"), AT(0, "\x1f\x8b", "by gzip"),
    AT(0, "BZh", "by bzip2"), AT(0, "\xfd" "7zXZ", "by xz"), AT(0, "\x28\xb5\x2f\xfd", "by zstd"),
    AT(0, "7z\xbc\xaf\x27\x1c", "a 7z archive"), AT(0, "Rar!", "a RAR archive"), AT(257, "ustar", "a tar archive"),
    AT(0, "\x89HDF\r\n", "is HDF5"), AT(0, "\x93NUMPY", "a NumPy array"), AT(0, "GGUF", "is GGUF"),
    AT(4, "TFL3", "TensorFlow Lite"), AT(0, "\x08\x01\x12", "SavedModel"),
    AT(0, "MATLAB 5.0 MAT-file", "a file of MATLAB"), AT(0, "\0\0\x08\x01", "an IDX file (labels)"),
    AT(0, "\0\0\x08\x03", "an IDX file (images)"), AT(0, "\0\5\x16\7", "what macOS keeps beside a file"),
    AT(8, "\xef\xbb\xbf{", "with a BOM"), AT(0, "\x7f" "ELF", "a program or a library"),
    AT(0, "%PDF", "a PDF document"), AT(0, "\x89PNG", "an image"), AT(0, "\xff\xd8\xff", "an image"),
    AT(0, "GIF8", "an image"), AT(0, "version https://git-lfs", "a pointer of Git LFS"),
    AT(0, "\x08\x03\x12", "ONNX"), AT(0, "\x08\x1f\x12", "ONNX"), AT(0, "xxjoblib.numpy_pickle", "written by joblib"),
    AT(0, "<", "a web page"), AT(0, "\xef\xbb\xbf \n\r\t<", "a web page"), 
    AT(0, " {\"weight_map\"", "the index of a model"),
    AT(0, "{", "is JSON text"), AT(0, "[", "is JSON text"), AT(0, "\t[", "is JSON text"),
    AT(0, "{\"weight_map'", "is JSON text"),
};
/* clang-format on */

START_TEST(heads_of_other_files_are_known)
{
    char head[300];
    size_t size = foreign[_i].offset + foreign[_i].size;
    memset(head, 'x', sizeof head);
    memcpy(head + foreign[_i].offset, foreign[_i].bytes, foreign[_i].size);
    unsigned char *exact = malloc(size);
    memcpy(exact, head, size);
    const char *what = assay_model_foreign(exact, size);
    ck_assert_msg(what != NULL && strstr(what, foreign[_i].says) != NULL, "'%s'", what);
    /* With its last byte missing or changed it is something else, or nothing. */
    what = assay_model_foreign(exact, size - 1);
    bool again = what != NULL && strstr(what, foreign[_i].says) != NULL;
    ck_assert_msg(!again || foreign[_i].bytes[0] == '{', "cut: '%s'", what);
    exact[size - 1] ^= 0x40;
    what = assay_model_foreign(exact, size);
    again = what != NULL && strstr(what, foreign[_i].says) != NULL;
    ck_assert_msg(!again || foreign[_i].bytes[0] == '{', "changed: '%s'", what);
    free(exact);
}
END_TEST

START_TEST(heads_of_nothing_known)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *says;
    } heads[] = {{"\0\0\0", 3, "zeros alone"}, {"\0\0x", 3, NULL},        {"x\0\0", 3, NULL},
                 {"\x08\x02\x12", 3, NULL},    {"\x08\x20\x12", 3, NULL}, {"\x08\x03\x13", 3, NULL},
                 {"\x09\x03\x12", 3, NULL},    {"  ", 2, NULL},           {"\xef\xbb\xbf", 3, NULL},
                 {"\xef\xbb<", 3, NULL},       {"hello", 5, NULL},        {"x<", 2, NULL},
                 {"\x08\x03", 2, NULL},        {"\v{", 2, NULL},          {"(", 1, NULL}};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        const char *what = assay_model_foreign((const unsigned char *)heads[i].bytes, heads[i].size);
        ck_assert_msg((what == NULL) == (heads[i].says == NULL), "%zu: '%s'", i, what);
        ck_assert_msg(what == NULL || strstr(what, heads[i].says) != NULL, "%zu: '%s'", i, what);
    }
}
END_TEST

/* --- formats ------------------------------------------------------------------------------------------------------ */

static assay_status parse(const void *bytes, size_t size, assay_model_format *format, assay_state **state,
                          assay_torch_about *about, assay_error *error)
{
    void *copy = malloc(size); /* of assay_calloc's there are more bytes */
    memcpy(copy, bytes, size);
    assay_status status = assay_model_parse(copy, size, "file", format, state, about, error);
    free(copy);
    return status;
}

/* The file as the format before 1.6 has it. Two storages; the first has two tensors. */
#define MAGIC          \
    "\x8a\12l\xfc\x9c" \
    "F\xf9 j\xa8P\x19."
#define MAGIC_LINE "L119547037146038801333356L\n."
#define LEGACY_TENSOR(type, key, count, offset, size)                                                               \
    "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\n" type "Storage\nU\1" key "U\3cpuK" count "NtQK" offset \
    "K" size "\x85K\1\x85\x89}tR"
#define LEGACY_BODY                                                                                   \
    "M\xe9\3.}.}(U\1b" LEGACY_TENSOR("Short", "7", "\3", "\1", "\2") "U\1a" LEGACY_TENSOR(            \
        "Char", "3", "\1", "\0", "\1") "U\1c" LEGACY_TENSOR("Short", "7", "\3", "\0", "\1") "u.](U\1" \
                                                                                            "7U\1"    \
                                                                                            "3e."
#define LEGACY_NUMBERS "\3\0\0\0\0\0\0\0\1\0\2\0\3\0\1\0\0\0\0\0\0\0\xfe"

/* clang-format off */
static const struct {
    const char *bytes;
    size_t size;
} legacy[] = {
#define FILE_OF(bytes) {bytes, sizeof(bytes) - 1}
    FILE_OF(MAGIC LEGACY_BODY LEGACY_NUMBERS), FILE_OF("\x80\2" MAGIC LEGACY_BODY LEGACY_NUMBERS),
    FILE_OF("\x80\4\x95\15\0\0\0\0\0\0\0" MAGIC LEGACY_BODY LEGACY_NUMBERS),
    FILE_OF(MAGIC_LINE LEGACY_BODY LEGACY_NUMBERS),
};
/* clang-format on */

START_TEST(files_from_before_1_6)
{
    for (size_t i = 0; i < sizeof legacy / sizeof *legacy; i++) {
        assay_model_format format = ASSAY_MODEL_SAFETENSORS;
        assay_state *state = NULL;
        assay_torch_about about;
        assay_error error;
        double values[2];
        support_assert_ok(parse(legacy[i].bytes, legacy[i].size, &format, &state, &about, &error), &error);
        ck_assert_int_eq(format, ASSAY_MODEL_TORCH_LEGACY);
        ck_assert_str_eq(assay_model_format_name(format), "PyTorch checkpoint from before 1.6");
        ck_assert_uint_eq(assay_state_count(state), 3);
        assay_stored_tensor_to_f64(assay_state_find(state, "b"), values);
        ck_assert(values[0] == 2.0 && values[1] == 3.0);
        assay_stored_tensor_to_f64(assay_state_find(state, "a"), values);
        ck_assert(values[0] == -2.0);
        assay_stored_tensor_to_f64(assay_state_find(state, "c"), values);
        ck_assert(values[0] == 1.0);
        ck_assert_str_eq(about.root, "a dictionary");
        ck_assert_str_eq(about.own_class, "");
        ck_assert_str_eq(about.others, "");
        assay_state_destroy(state);
        for (size_t size = 1; size < legacy[i].size; size++) {
            ck_assert_int_eq(parse(legacy[i].bytes, size, &format, &state, NULL, &error), ASSAY_ERROR_FORMAT);
            ck_assert_ptr_null(state);
        }
    }
}
END_TEST

START_TEST(bad_files_from_before_1_6)
{
    static const struct {
        const char *from;
        const char *to;
        size_t size;
        const char *says;
    } changes[] = {
        {"](U\1"
         "7U\1"
         "3e.",
         "](U\1"
         "7U\1"
         "4e.",
         10, "holds tensors of a type that is not read"},
        {"](U\1"
         "7U\1"
         "3e.",
         "](U\1"
         "7U\1"
         "7e.",
         10, "ends before its numbers do"},
        {"](U\1"
         "7U\1"
         "3e.",
         "\x80\2\x98](U\1"
         "7e.",
         10, "the numbers of a tensor are missing (storage '3')"},
        {"](U\1"
         "7U\1"
         "3e.",
         "}(U\1"
         "7U\1"
         "3u.",
         10, "the list of its storages is something else"},
        {"](U\1"
         "7U\1"
         "3e.",
         "](U\1"
         "7K\1\x85"
         "e.",
         10, "the list of its storages is something else"},
        {"\3\0\0\0\0\0\0\0\1\0\2", "\2\0\0\0\0\0\0\0\1\0\2", 11, NULL},
        {"\3\0\0\0\0\0\0\0\1\0\2", "\xff\xff\xff\xff\xff\xff\xff\x7f\1\0\2", 11, "ends before its numbers do"},
        {"\1\0\0\0\0\0\0\0\xfe", "\2\0\0\0\0\0\0\0\xfe", 9, "ends before its numbers do"},
        {"\1\0\0\0\0\0\0\0\xfe", "\0\0\0\0\0\0\0\0\xfe", 9, "have 0 bytes where 1 elements of 1 bytes"},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char bytes[1024];
        assay_model_format format;
        assay_state *state = NULL;
        assay_error error = {.message = ""};
        memcpy(bytes, legacy[0].bytes, legacy[0].size);
        char *at = memmem(bytes, legacy[0].size, changes[i].from, changes[i].size);
        ck_assert_ptr_nonnull(at);
        memcpy(at, changes[i].to, changes[i].size);
        support_assert_error(parse(bytes, legacy[0].size, &format, &state, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                             changes[i].says);
        ck_assert_ptr_null(state);
    }
}
END_TEST

/* The length of a header is below 2^32, and its first byte is a brace. */
START_TEST(heads_of_safetensors)
{
    static const unsigned char largest[] = {255, 255, 255, 255, 0, 0, 0, 0, '{'};
    static const unsigned char larger[] = {0, 0, 0, 0, 1, 0, 0, 0, '{'};
    static const unsigned char other[] = {2, 0, 0, 0, 0, 0, 0, 0, '['};
    ck_assert(assay_safetensors_recognised(largest, 9) && !assay_safetensors_recognised(largest, 8));
    ck_assert(!assay_safetensors_recognised(larger, 9) && !assay_safetensors_recognised(other, 9));
    ck_assert(assay_torch_zip_recognised("PK\3\4", 4) && !assay_torch_zip_recognised("PK\3\4", 3) &&
              !assay_torch_zip_recognised("PK\3\5", 4));
    ck_assert_str_eq(assay_model_format_name(ASSAY_MODEL_SAFETENSORS), "safetensors");
}
END_TEST

/* A safetensors file with this header, spaces behind it up to `length`, and no data. */
static assay_status parse_header(const char *header, size_t length, assay_state **state, assay_error *error)
{
    unsigned char *bytes = assay_calloc(8 + length, 1, NULL);
    memset(bytes + 8, ' ', length);
    assay_put_little_endian(length, bytes, 8);
    memcpy(bytes + 8, header, strlen(header));
    assay_status status = assay_safetensors_parse(bytes, 8 + length, "file", state, error);
    assay_free(bytes);
    return status;
}

START_TEST(the_longest_header)
{
    assay_error error = {.message = ""};
    assay_state *state = NULL;
    support_assert_ok(parse_header("{}", ASSAY_SAFETENSORS_HEADER_LIMIT, &state, &error), &error);
    ck_assert_uint_eq(assay_state_count(state), 0);
    assay_state_destroy(state);
    support_assert_error(parse_header("{}", ASSAY_SAFETENSORS_HEADER_LIMIT + 1, &state, &error), ASSAY_ERROR_FORMAT,
                         &error, "a header of 2097153 bytes is more than the 2097152 that are read");
    support_assert_error(assay_safetensors_parse("\0\0\0\0\0\0\0", 7, "file", &state, &error), ASSAY_ERROR_FORMAT,
                         &error, "7 bytes are too few");
    support_assert_error(assay_safetensors_parse("\0\0\0\0\0\0\0\0", 8, "file", &state, &error), ASSAY_ERROR_FORMAT,
                         &error, "not good JSON");
    ck_assert_int_eq(assay_safetensors_parse("", 0, "file", &state, NULL), ASSAY_ERROR_FORMAT);
    support_assert_error(assay_safetensors_read("/nowhere/model", &state, &error), ASSAY_ERROR_IO, &error, "/nowhere");
    ck_assert_ptr_null(state);
}
END_TEST

/* Small values cost much memory: at most one object in 32 bytes, one list in 16, one item in 4, and 64 more of each. */
START_TEST(headers_are_not_dense)
{
    static const struct {
        const char *item;
        size_t count;
        size_t bytes;
        size_t extra; /* of the text around the items */
    } kinds[] = {{"{}", 80, 32, 1}, {"[]", 100, 16, 1}, {"1", 150, 4, (size_t)-1}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char header[1024] = "{\"x\":[";
        assay_state *state = NULL;
        assay_error error = {.message = ""};
        for (size_t j = 0; j < kinds[i].count; j++) {
            snprintf(header + strlen(header), sizeof header - strlen(header), "%s%s", j == 0 ? "" : ",", kinds[i].item);
        }
        strcat(header, "]}");
        size_t shortest = kinds[i].bytes * (kinds[i].count + kinds[i].extra - 64);
        ck_assert_uint_gt(shortest, strlen(header));
        support_assert_error(parse_header(header, shortest, &state, &error), ASSAY_ERROR_FORMAT, &error,
                             "tensor 'x' must have exactly");
        support_assert_error(parse_header(header, shortest - 1, &state, &error), ASSAY_ERROR_FORMAT, &error,
                             "is no list of tensors; the file is damaged");
    }
}
END_TEST

/* --- what is written ---------------------------------------------------------------------------------------------- */

static assay_state *make_state(void)
{
    static const int16_t shorts[] = {1, -2, 3, -4, 5, -6};
    static const double numbers[] = {0.5, -1e300};
    assay_error error;
    assay_state *state = NULL;
    char name[100] = "";
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_put(state, "s", ASSAY_DTYPE_I16, 2, (size_t[]){2, 3}, shorts, &error), &error);
    support_assert_ok(assay_state_put(state, "d", ASSAY_DTYPE_F64, 1, (size_t[]){2}, numbers, &error), &error);
    support_assert_ok(assay_state_put(state, "o", ASSAY_DTYPE_U8, 0, NULL, shorts, &error), &error);
    support_assert_ok(assay_state_put(state, "e", ASSAY_DTYPE_F32, 3, (size_t[]){2, 0, 3}, NULL, &error), &error);
    support_assert_ok(
        assay_state_put(state, "large", ASSAY_DTYPE_I8, 4, (size_t[]){2147483647, 0, 2147483648, 2}, NULL, &error),
        &error);
    memset(name, 'n', sizeof name - 1);
    for (int i = 0; i < 40; i++) { /* the pickle grows beyond the memory that it begins with */
        name[0] = (char)('A' + i);
        support_assert_ok(assay_state_put(state, name, ASSAY_DTYPE_C64, 1, (size_t[]){1}, numbers, &error), &error);
    }
    return state;
}

static uint64_t word(const unsigned char *at, size_t width)
{
    return assay_little_endian(at, width);
}

/* A stored entry as .ZIP's specification (APPNOTE 4.3.7 and 4.3.12) has it; returns where the next one is. */
static size_t check_entry(const unsigned char *bytes, size_t local, const unsigned char *central)
{
    size_t name = (size_t)word(bytes + local + 26, 2);
    size_t extra = (size_t)word(bytes + local + 28, 2);
    size_t data = local + 30 + name + extra;
    size_t size = (size_t)word(bytes + local + 18, 4);
    ck_assert_mem_eq(bytes + local, "PK\3\4", 4);
    ck_assert_uint_eq(word(bytes + local + 4, 2), 20); /* version 2.0 */
    ck_assert_uint_eq(word(bytes + local + 6, 2), 0);  /* flags */
    ck_assert_uint_eq(word(bytes + local + 8, 2), 0);  /* stored */
    ck_assert_uint_eq(word(bytes + local + 10, 2), 0);
    ck_assert_uint_eq(word(bytes + local + 12, 2), 33); /* 1 January 1980 */
    ck_assert_uint_eq(word(bytes + local + 14, 4), crc32_z(0, bytes + data, size));
    ck_assert_uint_eq(word(bytes + local + 22, 4), size);
    ck_assert_uint_eq(data % 64, 0);
    ck_assert_mem_eq(bytes + local + 30 + name, "FB", 2);
    ck_assert_uint_eq(word(bytes + local + 30 + name + 2, 2), extra - 4);
    for (size_t i = 4; i < extra; i++) {
        ck_assert_uint_eq(bytes[local + 30 + name + i], 0);
    }
    ck_assert_uint_lt(extra, 68);
    ck_assert_mem_eq(central, "PK\1\2", 4);
    ck_assert_uint_eq(word(central + 4, 2), 20);
    ck_assert_mem_eq(central + 6, bytes + local + 4, 24); /* version to the length of the name */
    for (size_t i = 30; i < 42; i++) {
        ck_assert_uint_eq(central[i], 0); /* extra field, comment, volume, attributes */
    }
    ck_assert_uint_eq(word(central + 42, 4), local);
    ck_assert_mem_eq(central + 46, bytes + local + 30, name);
    return data + size;
}

START_TEST(archives_follow_the_format)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/model.pt", folder);
    assay_state *state = make_state();
    assay_error error;
    unsigned char *bytes = NULL;
    size_t size = 0;
    support_assert_ok(assay_torch_zip_write(path, state, &error), &error);
    support_assert_ok(assay_file_read(path, 1 << 20, (char **)&bytes, &size, &error), &error);
    const unsigned char *end = bytes + size - 22;
    ck_assert_mem_eq(end, "PK\5\6\0\0\0\0", 8);
    size_t entries = (size_t)word(end + 8, 2);
    size_t directory = (size_t)word(end + 16, 4);
    ck_assert_uint_eq(entries, assay_state_count(state) + 3);
    ck_assert_uint_eq(word(end + 10, 2), entries);
    ck_assert_uint_eq(word(end + 20, 2), 0);
    ck_assert_uint_eq(directory + word(end + 12, 4), size - 22);
    size_t local = 0;
    const unsigned char *central = bytes + directory;
    for (size_t i = 0; i < entries; i++) {
        local = check_entry(bytes, local, central);
        central += 46 + word(central + 28, 2);
    }
    ck_assert_uint_eq(local, directory);
    ck_assert_ptr_eq(central, end);
    /* libzip agrees, and finds PyTorch's entries. */
    zip_t *zip = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, NULL);
    ck_assert_ptr_nonnull(zip);
    ck_assert_int_eq(zip_name_locate(zip, "archive/data.pkl", 0), 0);
    ck_assert_int_eq(zip_name_locate(zip, "archive/byteorder", 0), 1);
    ck_assert_int_eq(zip_name_locate(zip, "archive/data/0", 0), 2);
    ck_assert_int_eq(zip_name_locate(zip, "archive/version", 0), (zip_int64_t)entries - 1);
    zip_discard(zip);
    assay_free(bytes);
    assay_free(path);
    assay_state_destroy(state);
    support_remove_folder(folder);
}
END_TEST

/* Contiguous strides as torch.Tensor.stride() has them: of an empty tensor, too, as if its sizes of 0 were 1. */
START_TEST(what_is_written_is_read)
{
    static const struct {
        const char *name;
        size_t stride[4];
    } strides[] = {{"s", {3, 1}}, {"d", {1}}, {"o", {0}}, {"e", {3, 3, 1}}, {"large", {4294967296, 4294967296, 2, 1}}};
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/model.pt", folder);
    assay_state *state = make_state();
    assay_error error;
    assay_model model;
    support_assert_ok(assay_torch_zip_write(path, state, &error), &error);
    support_assert_ok(assay_model_load(path, &model, &error), &error);
    ck_assert_uint_eq(assay_state_count(model.state), assay_state_count(state));
    for (size_t i = 0; i < assay_state_count(state); i++) {
        const assay_stored_tensor *want = assay_state_at(state, i);
        const assay_stored_tensor *got = assay_state_at(model.state, i);
        ck_assert_str_eq(got->name, want->name);
        ck_assert_int_eq(got->dtype, want->dtype);
        ck_assert_uint_eq(got->rank, want->rank);
        ck_assert_mem_eq(got->shape, want->shape, sizeof got->shape);
        ck_assert_mem_eq(got->data, want->data, want->count * assay_dtype_size(want->dtype));
    }
    assay_model_close(&model);
    zip_t *zip = zip_open(path, ZIP_RDONLY, NULL);
    zip_file_t *file = zip_fopen(zip, "archive/data.pkl", 0);
    char *bytes = assay_calloc(1 << 16, 1, NULL);
    zip_int64_t size = zip_fread(file, bytes, 1 << 16);
    assay_pickle *pickle = NULL;
    size_t used = 0;
    support_assert_ok(assay_pickle_parse(bytes, (size_t)size, "pickle", &pickle, &used, NULL, &error), &error);
    ck_assert_uint_eq(used, (size_t)size);
    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++) {
        const assay_pickled_tensor *tensor = assay_pickle_at(pickle, i);
        ck_assert_str_eq(tensor->name, strides[i].name);
        ck_assert_mem_eq(tensor->stride, strides[i].stride, tensor->rank * sizeof *tensor->stride);
        ck_assert_uint_eq(tensor->storage_count, assay_state_at(state, i)->count);
    }
    assay_pickle_destroy(pickle);
    assay_free(bytes);
    zip_fclose(file);
    zip_discard(zip);
    assay_free(path);
    assay_state_destroy(state);
    support_remove_folder(folder);
}
END_TEST

START_TEST(what_no_file_can_hold)
{
    static const assay_dtype others[] = {ASSAY_DTYPE_U64, ASSAY_DTYPE_U32, ASSAY_DTYPE_U16, ASSAY_DTYPE_F8_E4M3,
                                         ASSAY_DTYPE_F8_E5M2};
    assay_error error;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assay_state *state = NULL;
        char *says = assay_asprintf(NULL, "tensor 'x' is of type %s, which PyTorch 1.13 does not have",
                                    assay_dtype_name(others[i]));
        support_assert_ok(assay_state_create(&state, &error), &error);
        support_assert_ok(assay_state_add(state, "x", others[i], 0, NULL, NULL, &error), &error);
        support_assert_error(assay_torch_zip_write("/nowhere/x", state, &error), ASSAY_ERROR_FORMAT, &error, says);
        assay_free(says);
        assay_state_destroy(state);
    }
    assay_state *state = NULL;
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_add(state, "x", ASSAY_DTYPE_C128, 0, NULL, NULL, &error), &error);
    support_assert_error(assay_safetensors_write("/nowhere/x", state, &error), ASSAY_ERROR_FORMAT, &error,
                         "tensor 'x' is complex128");
    support_assert_error(assay_torch_zip_write("/nowhere/x", state, &error), ASSAY_ERROR_IO, &error, "/nowhere/x");
    assay_state_destroy(state);
}
END_TEST

/* A tensor that is said to have 4 GiB: its count is changed, since the memory would be too much for a test. */
START_TEST(four_gib_do_not_fit_an_archive)
{
    assay_error error;
    assay_state *state = NULL;
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_add(state, "x", ASSAY_DTYPE_F32, 0, NULL, NULL, &error), &error);
    ((assay_stored_tensor *)assay_state_at(state, 0))->count = UINT32_MAX / 4;
    support_assert_error(assay_torch_zip_write("/nowhere/x", state, &error), ASSAY_ERROR_FORMAT, &error,
                         "1 tensors of 4294967");
    ((assay_stored_tensor *)assay_state_at(state, 0))->count = UINT32_MAX / 4 - 200;
    support_assert_error(assay_torch_zip_write("/nowhere/x", state, &error), ASSAY_ERROR_IO, &error, "/nowhere/x");
    assay_state_destroy(state);
}
END_TEST

START_TEST(archives_have_at_most_65000_entries)
{
    enum { MOST = 64999 };
    assay_error error;
    assay_state *state = NULL;
    support_assert_ok(assay_state_create(&state, &error), &error);
    for (int i = 0; i <= MOST; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        if (i == MOST) {
            support_assert_error(assay_torch_zip_write("/nowhere/x", state, &error), ASSAY_ERROR_IO, &error,
                                 "/nowhere");
        }
        support_assert_ok(assay_state_add(state, name, ASSAY_DTYPE_U8, 1, (size_t[]){0}, NULL, &error), &error);
    }
    support_assert_error(assay_torch_zip_write("/nowhere/x", state, &error), ASSAY_ERROR_FORMAT, &error,
                         "65000 tensors of ");
    assay_state_destroy(state);
}
END_TEST

/* --- the end of an archive ---------------------------------------------------------------------------------------- */

/* "PK\3\4" and, behind it, the end of a large archive, its locator and the end, each where it is told to be. */
typedef struct {
    size_t large_at;  /* of the large end; the locator says so */
    size_t end_at;    /* of the end; the locator is just before */
    uint64_t large;   /* size of the directory in the large end */
    uint32_t size;    /* in the end */
    long comment;     /* bytes behind the end; -1: its last byte is missing */
    const char *says; /* NULL: libzip judges the rest */
} archive_end;

static const archive_end ends[] = {
    {100, 300, 0, (4 << 20) + 1, 0, "a directory of 4194305 bytes"},
    {100, 300, 0, 4 << 20, 0, NULL},
    {100, 300, 0, UINT32_MAX - 1, 0, "a directory of 4294967294 bytes"},
    {100, 300, (4 << 20) + 1, UINT32_MAX, 0, "a directory of 4194305 bytes"},
    {100, 300, 4 << 20, UINT32_MAX, 0, NULL},
    {100, 300, (uint64_t)1 << 40, 5, 0, "a directory of 1099511627776 bytes"},
    {100, 300, 5, (4 << 20) + 1, 0, "a directory of 4194305 bytes"},
    /* The last place: 266 + 56 = 322. There the end is in the large end, and writes over two bytes of its size. */
    {266, 300, (4 << 20) + 1, UINT32_MAX, 0, "a directory of 18446462598737035265 bytes"},
    {267, 300, (4 << 20) + 1, UINT32_MAX, 0, NULL},
    {100, 300, UINT64_MAX, UINT32_MAX, 0, NULL},                  /* the large end is not where the locator says */
    {1, 24, 0, (4 << 20) + 1, 0, "a directory of 4194305 bytes"}, /* a file that is too short for a large end */
    {100, 300, 0, 5, -1, "its end is missing"},
    {0, 20, 0, (4 << 20) + 1, 0, "a directory of 4194305 bytes"},
    {0, 19, 0, (4 << 20) + 1, 0, "a directory of 4194305 bytes"},
    {0, 4, 0, (4 << 20) + 1, 0, "a directory of 4194305 bytes"},
    {100, 300, 0, (4 << 20) + 1, 65535, "a directory of 4194305 bytes"},
    {100, 300, 0, (4 << 20) + 1, 65536, "its end is missing"},
};

START_TEST(ends_of_archives_are_judged)
{
    const archive_end *one = &ends[_i];
    size_t size = (size_t)((long)one->end_at + 22 + one->comment);
    unsigned char *bytes = assay_calloc(size, 1, NULL);
    assay_model_format format;
    assay_state *state = NULL;
    assay_error error = {.message = ""};
    if (one->large_at > 0 && one->large_at + 56 <= size) {
        memcpy(bytes + one->large_at, "PK\6\6", one->large == UINT64_MAX ? 3 : 4);
        assay_put_little_endian(one->large, bytes + one->large_at + 40, 8);
    }
    if (one->large_at > 0) {
        assay_put_little_endian(one->large_at, bytes + one->end_at - 12, 8);
        memcpy(bytes + one->end_at - 20, "PK\6\7", 4);
    }
    memcpy(bytes + one->end_at, "PK\5\6", 4);
    assay_put_little_endian(one->size, bytes + one->end_at + 12, 4);
    memcpy(bytes, "PK\3\4", 4);
    support_assert_error(parse(bytes, size, &format, &state, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                         one->says == NULL ? "zip archive" : one->says);
    ck_assert(one->says != NULL || strstr(error.message, "a directory of") == NULL);
    ck_assert_int_eq(format, ASSAY_MODEL_TORCH_ZIP);
    assay_free(bytes);
}
END_TEST

/* --- layers ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    size_t rows;
    size_t columns; /* 0: a vector */
} stored;

static assay_state *state_of(const stored *tensors)
{
    assay_error error;
    assay_state *state = NULL;
    support_assert_ok(assay_state_create(&state, &error), &error);
    for (; tensors->name != NULL; tensors++) {
        const size_t shape[] = {tensors->rows, tensors->columns};
        support_assert_ok(
            assay_state_add(state, tensors->name, ASSAY_DTYPE_F32, tensors->columns == 0 ? 1 : 2, shape, NULL, &error),
            &error);
    }
    return state;
}

/* X.weight [rows][columns] and X.bias [rows]. */
#define NETS "net.net.net.net.net.net.net.net.net.net." /* half of what is shown of a prefix */
#define LAYER(name, rows, columns)   \
    {name ".weight", rows, columns}, \
    {                                \
        name ".bias", rows, 0        \
    }

/* clang-format off */
static const struct {
    const char *prefix; /* that is wanted, or NULL */
    bool in_order;
    stored tensors[12];
    const char *found;  /* the layers' weights, each followed by a blank, or NULL */
    const char *says;   /* the prefix that is found, or a part of the message */
} networks[] = {
    {NULL, true, {LAYER("layers.0", 2, 3), LAYER("layers.2", 4, 2)}, "layers.0.weight layers.2.weight ", ""},
    {NULL, true, {LAYER("layers.10", 4, 2), LAYER("layers.9", 2, 3)}, "layers.9.weight layers.10.weight ", ""},
    {NULL, true, {LAYER("model.layers.0", 2, 3)}, "model.layers.0.weight ", "model."},
    {NULL, true, {LAYER("net.module.layers.0", 2, 3), {"other", 1, 0}}, "net.module.layers.0.weight ", "net.module."},
    {"net", true, {LAYER("net.layers.0", 2, 3), LAYER("model.layers.0", 2, 3)}, "net.layers.0.weight ", "net."},
    {"net.", true, {LAYER("net.layers.0", 2, 3), LAYER("model.layers.0", 2, 3)}, "net.layers.0.weight ", "net."},
    {"", true, {LAYER("layers.0", 2, 3), LAYER("net.layers.0", 2, 3)}, "layers.0.weight ", ""},
    {"x.y", true, {LAYER("x.y.layers.0", 2, 3)}, "x.y.layers.0.weight ", "x.y."},
    {"x", true, {LAYER("xy.layers.0", 2, 3)}, NULL, "there is no tensor"},
    {"ab", true, {LAYER("cd.layers.0", 2, 3)}, NULL, "there is no tensor"},
    {NULL, true, {LAYER("x.layers.0", 2, 3)}, NULL,
     "has 'x.layers.0.weight' where 'layers.0.weight' is expected; if this is the network, choose it with --prefix x"},
    {NULL, true, {LAYER("xlayers.0", 2, 3)}, "xlayers.0.weight ", ""},
    {NULL, true, {LAYER("layers.0.layers.1", 2, 3)}, NULL, "choose it with --prefix layers.0"},
    {NULL, true, {LAYER("layers.01", 2, 3)}, NULL, "has 'layers.01.weight' where 'layers.0.weight' is expected"},
    {NULL, true, {LAYER("layers.0", 2, 3), LAYER("net.layers.0", 2, 3)}, NULL,
     "holds more than one network, 'layers.*' and 'net.layers.*'"},
    {NULL, true, {LAYER("net.layers.0", 2, 3), LAYER("net.layers.2", 4, 2), LAYER("ema.layers.0", 2, 3)},
     "net.layers.0.weight net.layers.2.weight ", "net."},
    {NULL, true, {LAYER("layers.0", 2, 3), {"layers.0.weight_mask", 2, 3}}, NULL,
     "'layers.0.weight_mask' belongs to the network's computation"},
    {NULL, true, {LAYER("net.layers.0", 2, 3), {"ema.layers.0.weight_mask", 2, 3}}, "net.layers.0.weight ", "net."},
    {NULL, true, {LAYER("layers.0", 2, 3), {"layers.0.lora_A", 2, 3}}, NULL, "'layers.0.lora_A' belongs"},
    {NULL, true, {LAYER("layers.0", 2, 3), {"lora_", 2, 3}, {"lore_A", 2, 3}, {"weight_masks", 2, 0}},
     "layers.0.weight ", ""},
    {NULL, true, {LAYER("layers.0", 2, 3), {"layers.1.running_mean", 2, 0}}, NULL,
     "'layers.1.running_mean' belongs to the network's computation"},
    {NULL, true, {LAYER("net.layers.0", 2, 3), {"layers", 2, 0}, {"ema.layers.1", 2, 0}}, "net.layers.0.weight ",
     "net."},
    {NULL, true, {LAYER("layers.0", 2, 3), LAYER("layers.1", 4, 3)}, NULL,
     "'layers.1.weight' takes 3 inputs, but 'layers.0.weight' gives 2"},
    {NULL, true, {LAYER("layers.0", 2, 3), LAYER("layers.1", 4, 3), {"layers.0.weight_mask", 2, 3}}, NULL,
     "'layers.0.weight_mask' belongs to the network's computation"},
    {NULL, true, {{"layers.0.weight", 2, 3}, {"layers.0.bias", 3, 0}}, NULL, "does not have the 2 entries"},
    {NULL, true, {LAYER("fc1", 2, 3), LAYER("fc2", 4, 2)}, "fc1.weight fc2.weight ", ""},
    {NULL, false, {LAYER("out", 4, 2), LAYER("in", 2, 3)}, "in.weight out.weight ", ""},
    {NULL, true, {{"weight", 2, 3}, {"bias", 2, 0}}, "weight ", ""},
    {NULL, true, {LAYER("net.a", 2, 3), LAYER("net.b", 4, 2)}, "net.a.weight net.b.weight ", ""},
    {NULL, true, {LAYER("net.a", 2, 3), LAYER("net.b", 4, 2), {"epoch", 1, 0}}, "net.a.weight net.b.weight ", "net."},
    {NULL, true, {LAYER("net.a", 2, 3), LAYER("model.a", 2, 3), {"epoch", 1, 0}}, NULL,
     "holds more than one network, 'net.*' and 'model.*'"},
    {"model", true, {LAYER("net.a", 2, 3), LAYER("model.a", 2, 3)}, "model.a.weight ", "model."},
    {"net", true, {LAYER("net.a", 2, 3), LAYER("model.a", 2, 3)}, "net.a.weight ", "net."},
    {"new", true, {LAYER("net.a", 2, 3)}, NULL, "there is no such prefix"},
    {"modem", true, {LAYER("model.a", 2, 3)}, NULL, "there is no such prefix"},
    {"other", true, {LAYER("net.a", 2, 3)}, NULL, "there is no tensor 'layers.N.weight'"},
    {NULL, true, {LAYER("h2", 2, 2), LAYER("h1", 2, 2)}, NULL, "is not clear from their shapes, names and places"},
    {NULL, true, {LAYER("h1", 2, 2), LAYER("h2", 2, 2)}, "h1.weight h2.weight ", ""},
    {NULL, false, {LAYER("h2", 2, 2), LAYER("h1", 2, 2)}, "h1.weight h2.weight ", ""},
    {NULL, false, {LAYER("h10", 2, 2), LAYER("h9", 2, 2)}, "h9.weight h10.weight ", ""},
    {NULL, false, {LAYER("a2.1", 2, 2), LAYER("a1.2", 2, 2)}, "a1.2.weight a2.1.weight ", ""},
    {NULL, false, {LAYER("b", 2, 2), LAYER("a", 2, 2)}, NULL, "is not clear from their shapes, names and places"},
    {NULL, true, {LAYER("b", 2, 2), LAYER("a", 2, 2)}, "b.weight a.weight ", ""},
    {NULL, true, {LAYER("b", 2, 2), LAYER("bb", 2, 2)}, "b.weight bb.weight ", ""},
    {NULL, true, {LAYER("x", 2, 3), LAYER("b", 2, 2), LAYER("a", 2, 2)}, "x.weight b.weight a.weight ", ""},
    {NULL, true, {LAYER("b", 2, 2), LAYER("x", 2, 3), LAYER("a", 2, 2)}, NULL, "is not clear"},
    {NULL, true, {LAYER("h3", 2, 2), LAYER("h1", 2, 3), LAYER("h2", 2, 2)}, "h1.weight h2.weight h3.weight ", ""},
    {NULL, true, {LAYER("a", 2, 3), LAYER("b", 4, 5)}, NULL, "do not follow each other by their shapes"},
    {NULL, true, {LAYER("a", 2, 3), {"b.bias", 2, 0}}, NULL, "there is no tensor 'layers.N.weight'"},
    {NULL, true, {{"a.bias", 2, 0}}, NULL, "there is no tensor 'layers.N.weight'"},
    {NULL, true, {LAYER("a", 2, 3), {"b", 2, 0}}, NULL, "not weights and biases of linear layers ('b')"},
    {NULL, true, {LAYER("a", 2, 3), {"xbias", 2, 0}}, NULL, "not weights and biases of linear layers ('xbias')"},
    {NULL, true, {{"a.weight", 2, 3}, {"a.bias", 3, 0}}, NULL, "of linear layers ('a.weight')"},
    {NULL, true, {{"module_parameters.0", 2, 3}}, NULL, "but a whole network ('module_parameters.0')"},
    {NULL, true, {LAYER("conv", 2, 3), {"conv.weight_g", 2, 0}}, NULL, "'conv.weight_g' belongs to the network's"},
    {NULL, true, {LAYER("x.layers.0", 2, 3), {"x.layers.0.weight_v", 2, 0}}, NULL, "'x.layers.0.weight_v' belongs to"},
    {NULL, true, {LAYER("x.weight", 2, 2), LAYER("x", 2, 2)}, "x.weight.weight x.weight ", ""},
    {NULL, true, {LAYER("h1", 2, 2), LAYER("hx", 2, 2)}, "h1.weight hx.weight ", ""},
    {NULL, true, {LAYER("model.a", 2, 3), LAYER("state.a", 2, 3), {"epoch", 1, 0}}, NULL,
     "holds more than one network, 'model.*' and 'state.*'"},
    {NULL, true, {LAYER("model.layers.0", 2, 3), LAYER("state.layers.0", 2, 3)}, NULL,
     "holds more than one network, 'model.layers.*' and 'state.layers.*'"},
    {NULL, true, {LAYER("layers.0", 2, 3), LAYER(NETS NETS "layers.0", 2, 3)}, NULL,
     "holds more than one network, 'layers.*' and '" NETS NETS "layers.*'"},
    {NULL, true, {{NULL, 0, 0}}, NULL, "holds no network of the tutorial: there is no tensor 'layers.N.weight'"},
};
/* clang-format on */

START_TEST(layers_are_found)
{
    assay_state *state = state_of(networks[_i].tensors);
    assay_layers layers;
    assay_error error = {.message = ""};
    char found[256] = "";
    assay_status status = assay_layers_find(state, networks[_i].prefix, networks[_i].in_order, "file", &layers, &error);
    if (networks[_i].found == NULL) {
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, networks[_i].says);
        ck_assert_ptr_eq(strstr(error.message, "file: "), error.message);
    } else {
        support_assert_ok(status, &error);
        for (size_t i = 0; i < layers.count; i++) {
            size_t stem = strlen(layers.weights[i]->name) - strlen("weight");
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s ", layers.weights[i]->name);
            ck_assert(strncmp(layers.biases[i]->name, layers.weights[i]->name, stem) == 0 &&
                      strcmp(layers.biases[i]->name + stem, "bias") == 0);
            ck_assert(assay_layers_have(&layers, layers.weights[i]) && assay_layers_have(&layers, layers.biases[i]));
        }
        ck_assert_str_eq(found, networks[_i].found);
        ck_assert_str_eq(layers.prefix, networks[_i].says);
        ck_assert_int_eq(layers.other_names, strstr(found, "layers.") == NULL || strstr(found, "xlayers.") != NULL);
        const assay_stored_tensor none = {.name = "none"};
        ck_assert(!assay_layers_have(&layers, &none));
    }
    assay_state_destroy(state);
}
END_TEST

START_TEST(layers_have_sizes)
{
    static const stored tensors[] = {
        LAYER("layers.0", 5, 7), LAYER("layers.1", 4, 5), LAYER("layers.2", 3, 4), {NULL, 0, 0}};
    assay_state *state = state_of(tensors);
    assay_layers layers;
    assay_network_config config = {.activation = {ASSAY_TANH, 0.5}};
    support_assert_ok(assay_layers_find(state, NULL, true, "file", &layers, NULL), NULL);
    assay_layers_sizes(&layers, &config);
    ck_assert(config.inputs == 7 && config.classes == 3 && config.hidden_count == 2);
    ck_assert(config.hidden[0] == 5 && config.hidden[1] == 4 && config.activation.kind == ASSAY_TANH);
    assay_state_destroy(state);
}
END_TEST

/* A prefix has at most 200 bytes with its dot; a longer one is none of ours. */
START_TEST(prefixes_have_a_longest)
{
    for (size_t length = 198; length <= 201; length++) {
        char prefix[256] = "";
        char names[2][512];
        assay_layers layers;
        assay_error error = {.message = ""};
        memset(prefix, 'p', length);
        snprintf(names[0], sizeof names[0], "%s.layers.0.weight", prefix);
        snprintf(names[1], sizeof names[1], "%s.layers.0.bias", prefix);
        assay_state *state = state_of((stored[]){{names[0], 2, 3}, {names[1], 2, 0}, {NULL, 0, 0}});
        assay_status status = assay_layers_find(state, prefix, true, "file", &layers, &error);
        if (length <= 199) {
            support_assert_ok(status, &error);
            ck_assert_uint_eq(strlen(layers.prefix), length + 1);
        } else {
            support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, "a prefix of more than 199 bytes");
        }
        status = assay_layers_find(state, NULL, true, "file", &layers, &error);
        support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "where 'layers.0.weight' is expected");
        ck_assert_int_eq(strstr(error.message, "--prefix") != NULL, length <= 199);
        assay_state_destroy(state);
    }
    /* Containers: "net." fifty times is a prefix, and once more is not. */
    for (size_t times = 50; times <= 51; times++) {
        char name[2][512] = {"", ""};
        assay_layers layers;
        assay_error error = {.message = ""};
        for (size_t i = 0; i < times; i++) {
            strcat(name[0], "net.");
            strcat(name[1], "net.");
        }
        char *end[2] = {name[0] + strlen(name[0]), name[1] + strlen(name[1])};
        strcpy(end[0], "a.weight");
        strcpy(end[1], "a.bias");
        assay_state *state = state_of((stored[]){{name[0], 2, 3}, {name[1], 2, 0}, {NULL, 0, 0}});
        support_assert_ok(assay_layers_find(state, NULL, true, "file", &layers, &error), &error);
        ck_assert_str_eq(layers.prefix, "");
        assay_state_destroy(state);
        strcpy(end[0], "layers.0.weight");
        strcpy(end[1], "layers.0.bias");
        state = state_of((stored[]){{name[0], 2, 3}, {name[1], 2, 0}, {NULL, 0, 0}});
        assay_status status = assay_layers_find(state, NULL, true, "file", &layers, &error);
        ck_assert_int_eq(status, times == 50 ? ASSAY_OK : ASSAY_ERROR_FORMAT);
        ck_assert(times > 50 || strlen(layers.prefix) == 200);
        assay_state_destroy(state);
    }
}
END_TEST

/* Names of a thousand bytes, and more of them than are searched for chains. */
START_TEST(layers_of_odd_names_and_number)
{
    char names[2][1100];
    assay_layers layers;
    assay_error error = {.message = ""};
    for (size_t stem = 1018; stem <= 1020; stem++) { /* with its dot; "bias" and a zero behind it are 1,024 bytes */
        memset(names, 'n', sizeof names);
        snprintf(names[0] + stem - 1, sizeof names[0] - stem, ".weight");
        snprintf(names[1] + stem - 1, sizeof names[1] - stem, ".bias");
        assay_state *state = state_of((stored[]){{names[0], 2, 3}, {names[1], 2, 0}, {NULL, 0, 0}});
        assay_status status = assay_layers_find(state, NULL, true, "file", &layers, &error);
        ck_assert_int_eq(status, stem + 5 <= 1024 ? ASSAY_OK : ASSAY_ERROR_FORMAT);
        assay_state_destroy(state);
    }
    for (int count = 4096; count <= 4097; count++) {
        static const stored layer[] = {LAYER("net.a", 2, 3), {NULL, 0, 0}};
        assay_state *state = state_of(layer);
        for (int i = 2; i < count; i++) {
            char name[16];
            snprintf(name, sizeof name, "e%d", i);
            support_assert_ok(assay_state_add(state, name, ASSAY_DTYPE_U8, 1, (size_t[]){0}, NULL, &error), &error);
        }
        ck_assert_int_eq(assay_layers_find(state, NULL, true, "file", &layers, &error),
                         count == 4096 ? ASSAY_OK : ASSAY_ERROR_FORMAT);
        assay_state_destroy(state);
    }
}
END_TEST

/* Twenty matrices of one size have more orders than are tried; their names give the one that is meant. */
START_TEST(many_layers_of_one_size)
{
    enum { LAYERS = 20 };
    static char names[2 * LAYERS][24];
    stored tensors[2 * LAYERS + 1] = {{NULL, 0, 0}};
    assay_layers layers;
    assay_error error = {.message = ""};
    for (int i = 0; i < LAYERS; i++) {
        snprintf(names[2 * i], sizeof names[0], "h%d.weight", i);
        snprintf(names[2 * i + 1], sizeof names[0], "h%d.bias", i);
        tensors[2 * i] = (stored){names[2 * i], 2, 2};
        tensors[2 * i + 1] = (stored){names[2 * i + 1], 2, 0};
    }
    assay_state *state = state_of(tensors);
    support_assert_ok(assay_layers_find(state, NULL, false, "file", &layers, &error), &error);
    ck_assert_uint_eq(layers.count, LAYERS);
    for (size_t i = 0; i < LAYERS; i++) {
        ck_assert_str_eq(layers.weights[i]->name, names[2 * i]);
    }
    assay_state_destroy(state);
    /* Matrices that begin many chains and end none: the search gives up. */
    for (int i = 0; i < LAYERS; i++) {
        tensors[2 * i].columns = i == LAYERS - 1 ? 3 : 2;
        tensors[2 * i].rows = tensors[2 * i + 1].rows = i == LAYERS - 1 ? 5 : 2;
    }
    state = state_of(tensors);
    support_assert_error(assay_layers_find(state, NULL, true, "file", &layers, &error), ASSAY_ERROR_FORMAT, &error,
                         "the order of the matrices in it is not clear");
    assay_state_destroy(state);
}
END_TEST

START_TEST(more_layers_than_a_network_has)
{
    for (int count = ASSAY_MAX_HIDDEN + 1; count <= ASSAY_MAX_HIDDEN + 2; count++) {
        assay_layers layers;
        assay_error error = {.message = ""};
        assay_state *state = NULL;
        support_assert_ok(assay_state_create(&state, &error), &error);
        for (int i = 0; i < 2 * count; i++) {
            char name[32];
            snprintf(name, sizeof name, "h%d.%s", i / 2, i % 2 == 0 ? "weight" : "bias");
            support_assert_ok(
                assay_state_add(state, name, ASSAY_DTYPE_F32, i % 2 == 0 ? 2 : 1, (size_t[]){1, 1}, NULL, &error),
                &error);
        }
        assay_status status = assay_layers_find(state, NULL, true, "file", &layers, &error);
        if (count == ASSAY_MAX_HIDDEN + 1) {
            support_assert_ok(status, &error);
            ck_assert_uint_eq(layers.count, (size_t)count);
        } else {
            support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "not weights and biases of linear layers");
        }
        assay_state_destroy(state);
    }
}
END_TEST

/* Weights and biases are floating-point numbers; the message names the one that is not. */
START_TEST(weights_are_floating_point)
{
    for (int odd = 0; odd < 2; odd++) {
        assay_layers layers;
        assay_error error;
        assay_state *state = NULL;
        support_assert_ok(assay_state_create(&state, &error), &error);
        support_assert_ok(assay_state_add(state, "layers.0.weight", odd == 0 ? ASSAY_DTYPE_I64 : ASSAY_DTYPE_F16, 2,
                                          (size_t[]){2, 3}, NULL, &error),
                          &error);
        support_assert_ok(assay_state_add(state, "layers.0.bias", odd == 1 ? ASSAY_DTYPE_U8 : ASSAY_DTYPE_F64, 1,
                                          (size_t[]){2}, NULL, &error),
                          &error);
        support_assert_error(assay_layers_find(state, NULL, true, "file", &layers, &error), ASSAY_ERROR_FORMAT, &error,
                             odd == 0 ? "'layers.0.weight' is of type I64" : "'layers.0.bias' is of type U8");
        assay_state_destroy(state);
    }
}
END_TEST

/* --- models ------------------------------------------------------------------------------------------------------- */

START_TEST(the_configuration_is_beside_the_model)
{
    static const char *const paths[][2] = {
        {"a.pt", "a.config"},    {"a", "a.config"},          {"d.e/a", "d.e/a.config"}, {"d/a.b.pt", "d/a.b.config"},
        {"d/.a", "d/.a.config"}, {"d/.a.pt", "d/.a.config"}, {"d/x.", "d/x.config"},    {"./a.pt", "./a.config"}};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        char *path = assay_model_config_path(paths[i][0], NULL);
        ck_assert_str_eq(path, paths[i][1]);
        assay_free(path);
    }
}
END_TEST

/* Values of any type reach a network in pieces of 4,096; the network has them in its own precision. */
START_TEST(weights_are_uploaded)
{
    enum { ROWS = 3, COLUMNS = 4097 };
    static const assay_dtype types[] = {ASSAY_DTYPE_F32, ASSAY_DTYPE_F64};
    for (int type = 0; type < 2; type++) {
        assay_error error;
        assay_state *state = NULL;
        assay_backend *backend = NULL;
        assay_network *network = NULL;
        double *values = assay_calloc(ROWS * COLUMNS, sizeof *values, NULL);
        void *weight = NULL;
        void *bias = NULL;
        support_assert_ok(assay_state_create(&state, &error), &error);
        support_assert_ok(
            assay_state_add(state, "layers.0.weight", types[type], 2, (size_t[]){ROWS, COLUMNS}, &weight, &error),
            &error);
        support_assert_ok(assay_state_add(state, "layers.0.bias", types[type], 1, (size_t[]){ROWS}, &bias, &error),
                          &error);
        for (size_t i = 0; i < ROWS * COLUMNS; i++) {
            if (type == 0) {
                ((float *)weight)[i] = (float)i + 1;
            } else {
                ((double *)weight)[i] = (double)i + 1;
            }
        }
        for (size_t i = 0; i < ROWS; i++) {
            if (type == 0) {
                ((float *)bias)[i] = -(float)i - 1;
            } else {
                ((double *)bias)[i] = -(double)i - 1;
            }
        }
        assay_model model = {.state = state};
        support_assert_ok(assay_layers_find(state, NULL, true, "file", &model.layers, &error), &error);
        assay_layers_sizes(&model.layers, &model.config);
        support_assert_ok(assay_backend_open(&(assay_backend_options){"reference", ASSAY_F64, 1}, &backend, &error),
                          &error);
        support_assert_ok(assay_network_create(backend, &model.config, 1, false, &network, &error), &error);
        support_assert_ok(assay_model_upload(&model, network, &error), &error);
        for (size_t t = 0; t < assay_network_tensor_count(network); t++) {
            const assay_tensor tensor = assay_network_tensor(network, t);
            size_t count = tensor.is_bias ? ROWS : (size_t)ROWS * COLUMNS;
            assay_download_f64(backend, tensor.values, values);
            for (size_t i = 0; i < count; i++) {
                if (values[i] != (tensor.is_bias ? -(double)i - 1 : (double)i + 1)) {
                    ck_abort_msg("value %zu is %g", i, values[i]);
                }
            }
        }
        assay_network_destroy(network);
        assay_backend_close(backend);
        assay_model_close(&model);
        assay_free(values);
    }
}
END_TEST

/* A network of one layer in a file of its own; its last weight and bias as they are given. */
static char *write_model(const char *folder, float weight, float bias)
{
    char *path = assay_asprintf(NULL, "%s/model.safetensors", folder);
    assay_error error;
    assay_state *state = NULL;
    const float weights[] = {1, 2, 3, 4, 5, weight};
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_put(state, "layers.0.weight", ASSAY_DTYPE_F32, 2, (size_t[]){2, 3}, weights, &error),
                      &error);
    support_assert_ok(
        assay_state_put(state, "layers.0.bias", ASSAY_DTYPE_F32, 1, (size_t[]){2}, (float[]){1, bias}, &error), &error);
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);
    assay_state_destroy(state);
    return path;
}

START_TEST(models_are_opened)
{
    char *folder = support_make_folder();
    char *path = write_model(folder, 6, 2);
    char *config = assay_model_config_path(path, NULL);
    char *prefix = assay_calloc(300, 1, NULL);
    assay_model model;
    assay_error error = {.message = ""};
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    ck_assert(!model.has_activation && model.config_error.status == ASSAY_OK);
    ck_assert(model.config.inputs == 3 && model.config.classes == 2 && model.format == ASSAY_MODEL_SAFETENSORS);
    assay_model_close(&model);
    /* A link to itself is there and cannot be looked at. */
    ck_assert_int_eq(symlink(config, config), 0);
    support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
    support_assert_error(model.config_error.status, ASSAY_ERROR_IO, &model.config_error, "cannot be looked at");
    assay_model_close(&model);
    memset(prefix, 'p', 299);
    ck_assert_int_eq(assay_model_open(path, &(assay_model_options){.prefix = prefix}, &model, &error),
                     ASSAY_ERROR_ARGUMENT);
    ck_assert_int_eq(assay_model_open(path, &(assay_model_options){.prefix = "other"}, &model, NULL),
                     ASSAY_ERROR_FORMAT);
    ck_assert_ptr_null(model.state);
    assay_free(path);
    path = write_model(folder, (float)NAN, (float)INFINITY);
    support_assert_error(assay_model_open(path, NULL, &model, &error), ASSAY_ERROR_NUMERIC, &error,
                         "tensor 'layers.0.weight' has a NaN at index 5");
    assay_free(path);
    path = write_model(folder, 6, (float)INFINITY);
    support_assert_error(assay_model_open(path, NULL, &model, &error), ASSAY_ERROR_NUMERIC, &error,
                         "model.safetensors: tensor 'layers.0.bias' has an infinity at index 1");
    support_assert_ok(assay_model_open(path, &(assay_model_options){.allow_nonfinite = true}, &model, &error), &error);
    assay_model_close(&model);
    support_assert_error(assay_model_open("/nowhere/model", NULL, &model, &error), ASSAY_ERROR_IO, &error, "/nowhere");
    /* Of 1 GiB and one byte; the file is sparse. */
    ck_assert_int_eq(truncate(path, ((off_t)1 << 30) + 1), 0);
    support_assert_error(assay_model_load(path, &model, &error), ASSAY_ERROR_FORMAT, &error,
                         "1073741825 bytes are more than the 1073741824");
    support_assert_error(assay_safetensors_read(path, &model.state, &error), ASSAY_ERROR_FORMAT, &error,
                         "1073741825 bytes are more than the 1073741824");
    assay_free(prefix);
    assay_free(config);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A pickle of text that is no checkpoint is judged if it has at most 64 KiB. */
START_TEST(pickles_of_text_are_judged)
{
    enum { LIMIT = 1 << 16 };
    for (size_t size = LIMIT; size <= LIMIT + 1; size++) {
        char *bytes = assay_calloc(LIMIT + 1, 1, NULL);
        assay_model_format format;
        assay_state *state = NULL;
        assay_error error = {.message = ""};
        memset(bytes, 'N', size);
        bytes[0] = '(';
        memcpy(bytes + size - 2, "t.", 2);
        support_assert_error(parse(bytes, size, &format, &state, NULL, &error), ASSAY_ERROR_FORMAT, &error,
                             size == LIMIT ? "is a pickle of a tuple, known to be harmless"
                                           : "neither a checkpoint of PyTorch nor a safetensors file");
        assay_free(bytes);
    }
}
END_TEST

/* Storages of the caller's. */
static assay_status find_bytes(void *context, const char *key, const void **bytes, size_t *size, assay_error *error)
{
    int *calls = context;
    (*calls)++;
    *bytes = "\1\2\3\4\5\6\7\x08\x09\1\2\3\4\5\6";
    *size = strcmp(key, "0") == 0 ? 6 : strcmp(key, "3") == 0 ? 15 : 3;
    return strcmp(key, "2") == 0 ? assay_fail(error, ASSAY_ERROR_NUMERIC, "no such storage") : ASSAY_OK;
}

#define VIEW(key, count, offset, rows, columns, row, column)                                                   \
    "ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nByteStorage\nU\1" key "U\3cpuK" count "tQK" offset \
    "K" rows "K" columns "\x86K" row "K" column "\x86\x89}tR"

START_TEST(views_of_storages_are_gathered)
{
    static const struct {
        const char *pickle;
        size_t size;
        size_t budget;
        const char *values; /* of all tensors, NULL: refused */
        int calls;
    } cases[] = {
#define GATHERED(pickle, budget, values, calls) {pickle, sizeof(pickle) - 1, budget, values, calls}
        GATHERED(VIEW("0", "\6", "\0", "\2", "\3", "\3", "\1") ".", 12, "123456", 1),
        GATHERED(VIEW("0", "\6", "\0", "\2", "\3", "\3", "\1") ".", 11, NULL, 1),
        GATHERED(VIEW("0", "\6", "\0", "\3", "\2", "\1", "\3") ".", 12, "142536", 1),
        GATHERED(VIEW("0", "\6", "\1", "\2", "\2", "\3", "\1") ".", 12, "2356", 1),
        GATHERED(VIEW("0", "\6", "\6", "\1", "\1", "\7", "\7") ".", 12, NULL, 0),
        GATHERED("ctorch._utils\n_rebuild_tensor_v2\n((U\7storagectorch\nByteStorage\nU\1"
                 "3U\3cpuK\17tQK\0"
                 "K\2K\3K\4\x87K\3K\4K\1\x87\x89}tR.",
                 64, "123456789123456789123456", 1),
        GATHERED(VIEW("0", "\6", "\5", "\1", "\1", "\7", "\7") ".", 12, "6", 1),
        GATHERED(VIEW("0", "\6", "\2", "\1", "\3", "\7", "\1") ".", 12, "345", 1),
        GATHERED(VIEW("0", "\6", "\4", "\2", "\2", "\0", "\1") ".", 12, "5656", 1),
        GATHERED(VIEW("0", "\6", "\4", "\2", "\2", "\1", "\1") ".", 12, NULL, 0),
        GATHERED("](" VIEW("1", "\3", "\0", "\1", "\3", "\3", "\1") VIEW("0", "\6", "\4", "\1", "\2", "\2", "\1")
                     VIEW("1", "\3", "\1", "\1", "\2", "\2", "\1") "e.",
                 20, "1235623", 2),
        GATHERED(VIEW("2", "\3", "\0", "\1", "\3", "\3", "\1") ".", 12, NULL, 1),
        GATHERED(VIEW("0", "\6", "\0", "\2", "\3", "\3", "\1") ".}", 12, NULL, 0),
        GATHERED(VIEW("0", "\6", "\0", "\2", "\3", "\3", "\1"), 12, NULL, 0),
#undef GATHERED
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_state *state = NULL;
        assay_torch_about about;
        assay_error error = {.message = ""};
        char values[32] = "";
        int calls = 0;
        assay_status status = assay_torch_state(cases[i].pickle, cases[i].size, "file", find_bytes, &calls,
                                                cases[i].budget, &state, &about, &error);
        ck_assert_msg((status == ASSAY_OK) == (cases[i].values != NULL), "%zu: %s", i, error.message);
        ck_assert_int_eq(calls, cases[i].calls);
        for (size_t t = 0; state != NULL && t < assay_state_count(state); t++) {
            const assay_stored_tensor *tensor = assay_state_at(state, t);
            for (size_t j = 0; j < tensor->count; j++) {
                values[strlen(values)] = (char)('0' + ((const uint8_t *)tensor->data)[j]);
            }
        }
        ck_assert_str_eq(values, cases[i].values != NULL ? cases[i].values : "");
        assay_state_destroy(state);
    }
}
END_TEST

#define CONFIG "{\"act_fn\":\"ReLU\",\"input_size\":3,\"num_classes\":2,\"hidden_sizes\":[]}"

/* A configuration of exactly the largest size; with a byte order mark; and of other things. */
START_TEST(configurations_have_a_limit)
{
    enum { LIMIT = 1 << 17 };
    char *text = assay_calloc(LIMIT + 2, 1, NULL);
    assay_network_config config;
    assay_error error = {.message = ""};
    memset(text, ' ', LIMIT + 1);
    memcpy(text, CONFIG, strlen(CONFIG));
    support_assert_ok(assay_model_config_parse(text, LIMIT, "file", &config, &error), &error);
    ck_assert(config.inputs == 3 && config.classes == 2 && config.hidden_count == 0);
    support_assert_error(assay_model_config_parse(text, LIMIT + 1, "file", &config, &error), ASSAY_ERROR_FORMAT, &error,
                         "131073 bytes are more than the 131072 of a configuration");
    support_assert_ok(assay_model_config_parse("\xef\xbb\xbf" CONFIG, 3 + strlen(CONFIG), "file", &config, &error),
                      &error);
    ck_assert_int_eq(config.activation.kind, ASSAY_RELU);
    support_assert_error(assay_model_config_parse("\xef\xbb\xbf", 3, "file", &config, &error), ASSAY_ERROR_FORMAT,
                         &error, "not good JSON");
    assay_free(text);
}
END_TEST

START_TEST(configurations_of_leaky_relu)
{
    static const struct {
        const char *parameter;
        double value; /* 0: refused */
    } cases[] = {{"0.25", 0.25}, {"1", 1.0}, {"0", 0.0}, {"-0.5", 0.0}, {"\"1\"", 0.0}, {"null", 0.0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_network_config config;
        assay_error error = {.message = ""};
        char *text = assay_asprintf(NULL,
                                    "{\"act_fn\":\"LeakyReLU\",\"act_fn_parameter\":%s,\"input_size\":3,"
                                    "\"num_classes\":2,\"hidden_sizes\":[4,5]}",
                                    cases[i].parameter);
        assay_status status = assay_model_config_parse(text, strlen(text), "file", &config, &error);
        if (cases[i].value == 0.0) {
            support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "\"act_fn_parameter\" is not a number above 0");
        } else {
            support_assert_ok(status, &error);
            ck_assert(config.activation.kind == ASSAY_LEAKY_RELU && config.activation.parameter == cases[i].value);
            ck_assert(config.hidden_count == 2 && config.hidden[0] == 4 && config.hidden[1] == 5);
        }
        assay_free(text);
    }
}
END_TEST

/* Each size alone may differ. */
START_TEST(configurations_are_compared)
{
    const assay_network_config one = {.inputs = 3, .classes = 2, .hidden_count = 2, .hidden = {4, 5}};
    assay_network_config others[5] = {one, one, one, one, one};
    assay_error error = {.message = ""};
    others[0].inputs = 4;
    others[1].classes = 3;
    others[2].hidden_count = 1;
    others[3].hidden[0] = 6;
    others[4].hidden[1] = 6;
    static const char *const says[] = {"says 4 inputs, 2 hidden layers, 2 classes; the weights have 3, 2, 2",
                                       "says 3 inputs, 2 hidden layers, 3 classes; the weights have 3, 2, 2",
                                       "says 3 inputs, 1 hidden layers, 2 classes; the weights have 3, 2, 2",
                                       "says 6 for hidden layer 0; the weights have 4",
                                       "says 6 for hidden layer 1; the weights have 5"};
    support_assert_ok(assay_model_config_compare(&one, &one, "file", &error), &error);
    for (int i = 0; i < 5; i++) {
        support_assert_error(assay_model_config_compare(&one, &others[i], "file", &error), ASSAY_ERROR_FORMAT, &error,
                             says[i]);
    }
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("model parts");
    TCase *states = evidence_case("states", "property: model/state; errors: model/state");
    tcase_add_loop_test(states, elements_have_the_values_of_their_bits, 0, sizeof dtypes / sizeof *dtypes);
    tcase_add_test(states, numbers_that_are_not_finite);
    tcase_add_test(states, moments_of_a_tensor);
    tcase_add_test(states, shapes_have_a_limit);
    tcase_add_test(states, a_state_grows);
    suite_add_tcase(made, states);
    TCase *files = evidence_case("files", "property: model/model, model/safetensors, model/torch_zip, model/config; "
                                          "errors: model/model, model/safetensors, model/torch_zip, model/config");
    tcase_set_timeout(files, 30);
    tcase_add_test(files, sources_in_memory_and_on_the_disk);
    tcase_add_loop_test(files, heads_of_other_files_are_known, 0, sizeof foreign / sizeof *foreign);
    tcase_add_test(files, heads_of_nothing_known);
    tcase_add_test(files, files_from_before_1_6);
    tcase_add_test(files, bad_files_from_before_1_6);
    tcase_add_test(files, heads_of_safetensors);
    tcase_add_test(files, the_longest_header);
    tcase_add_test(files, headers_are_not_dense);
    tcase_add_test(files, archives_follow_the_format);
    tcase_add_test(files, what_is_written_is_read);
    tcase_add_test(files, what_no_file_can_hold);
    tcase_add_test(files, four_gib_do_not_fit_an_archive);
    tcase_add_test(files, archives_have_at_most_65000_entries);
    tcase_add_loop_test(files, ends_of_archives_are_judged, 0, sizeof ends / sizeof *ends);
    tcase_add_test(files, the_configuration_is_beside_the_model);
    tcase_add_test(files, weights_are_uploaded);
    tcase_add_test(files, models_are_opened);
    tcase_add_test(files, pickles_of_text_are_judged);
    tcase_add_test(files, views_of_storages_are_gathered);
    tcase_add_test(files, configurations_have_a_limit);
    tcase_add_test(files, configurations_of_leaky_relu);
    tcase_add_test(files, configurations_are_compared);
    suite_add_tcase(made, files);
    TCase *layers = evidence_case("layers", "property: model/layers; errors: model/layers");
    tcase_add_loop_test(layers, layers_are_found, 0, sizeof networks / sizeof *networks);
    tcase_add_test(layers, layers_have_sizes);
    tcase_add_test(layers, prefixes_have_a_longest);
    tcase_add_test(layers, layers_of_odd_names_and_number);
    tcase_add_test(layers, many_layers_of_one_size);
    tcase_add_test(layers, more_layers_than_a_network_has);
    tcase_add_test(layers, weights_are_floating_point);
    suite_add_tcase(made, layers);
    return made;
}

int main(void)
{
    return support_run(suite());
}
