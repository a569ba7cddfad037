/*
 * lib/model on damaged and hostile files: each gives one clear error, no crash, and no memory that the file
 * does not pay for with its own bytes (the address space is limited while these tests run).
 */
#include "config.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <zip.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/model/config.h>
#include <assay/model/model.h>
#include <assay/model/pickle.h>
#include <assay/tutorial/record.h>
#include <assay/model/safetensors.h>
#include <assay/model/torch_zip.h>
#include "base/byte_order.h"
#include "support.h"

/*
 * A sanitizer's shadow memory does not fit under a limit. Nor may valgrind's: with it all tests share one process
 * (CK_FORK=no), and so they would share the limit.
 */
static void limit_memory(void)
{
#ifndef ASSAY_SANITIZED
    const char *fork = getenv("CK_FORK");
    if (fork != NULL && strcmp(fork, "no") == 0) {
        return;
    }
    struct rlimit limit = {(rlim_t)512 << 20, RLIM_INFINITY};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
#endif
}

/* Bytes that may hold zeros. */
typedef struct {
    const char *bytes;
    size_t size;
} blob;

/* clang-format off */
#define BLOB(literal) {literal, sizeof(literal) - 1}
/* clang-format on */

/* A string's length as BINUNICODE has it, for texts of less than 256 bytes. */
#define LENGTH(n) n "\0\0\0"

/* --- pickles --------------------------------------------------------------------------------------------------- */

#define ORDERED "ccollections\nOrderedDict\n"
#define REBUILD "ctorch._utils\n_rebuild_tensor_v2\n"
#define STORAGE "(X" LENGTH("\7") "storagectorch\nFloatStorage\nX" LENGTH("\1") "0X" LENGTH("\3") "cpuK\2t"

/* {"w": a tensor of 2 floats that fills storage "0"}. */
static const blob good_pickle = BLOB("\x80\2}q\0(X" LENGTH("\1") "w" REBUILD "(" STORAGE
                                                                 "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtRu.");

typedef struct {
    const char *what;
    blob replaced;
    blob put;
    const char *error;
} patch;

/* The same fault for a size_t of 64 bits and for one of 32 bits. */
#if SIZE_MAX > UINT32_MAX
#define WIDE(bits_64, bits_32) bits_64
#else
#define WIDE(bits_64, bits_32) bits_32
#endif

/* clang-format off */
#define PATCH(what, replaced, put, error) {what, BLOB(replaced), BLOB(put), error}
/* clang-format on */

/* Each is a change to the good pickle, and the message; NULL if it is still read. */
static const patch pickles[] = {
    PATCH("empty", "\x80\2}q\0(X" LENGTH("\1") "w" REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtRu.", "",
          "goes past the end"),
    PATCH("protocol 4", "\x80\2", "\x80\4", NULL),
    PATCH("protocol again", "}q\0", "}\x80\2", NULL),
    PATCH("no protocol byte",
          "\x80\2}q\0(X" LENGTH("\1") "w" REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtRu.", "\x80",
          "goes past the end"),
    PATCH("text past the end", "X" LENGTH("\1") "w", "X\xff\xff\xff\xffw", "goes past the end"),
    PATCH("text of zeros", "X" LENGTH("\1") "w", "X" LENGTH("\2") "w\0", "zero byte"),
    PATCH("text not UTF-8", "X" LENGTH("\1") "w", "X" LENGTH("\2") "w\xff", "file: a tensor's name is not UTF-8"),
    PATCH("no name", "X" LENGTH("\1") "w", "X" LENGTH("\0"), "file: a tensor has no name"),
    PATCH("key is a number", "X" LENGTH("\1") "w", "K\1", NULL),
    PATCH("os.system", REBUILD, "cposix\nsystem\n",
          "could run code: PyTorch and Python would load or call 'posix.system'"),
    PATCH("builtins.eval", REBUILD, "cbuiltins\neval\n", "would load or call 'builtins.eval'"),
    PATCH("other torch function", REBUILD, "ctorch._utils\n_rebuild_tensor_v3\n",
          "a tensor of a type that Assay does not know"),
    PATCH("global without end", "u.", "uctorch", "goes past the end"),
    PATCH("global that is long", REBUILD,
          "cooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo",
          "a name that no class has"),
    PATCH("quantized storage", "FloatStorage", "QInt8Storage", NULL),
    PATCH("INST", "(" STORAGE, "(iposix\nsystem\n" STORAGE, "would load or call 'posix.system'"),
    PATCH("OBJ", "u.", "uo.", "looks for a mark"),
    PATCH("NEWOBJ", "u.", "u\x81.", "takes a value where there is none"),
    PATCH("STACK_GLOBAL", "u.", "u\x93.", "takes a value where there is none"),
    PATCH("EXT1", "u.", "u\x82\1.", "Python's registry of extensions"),
    PATCH("POP", "u.", "u0.", "does not end with one value"),
    PATCH("DUP", "u.", "u2.", "does not end with one value"),
    PATCH("LONG4", "K\0", "\x8b\xff\xff\xff\xff", "goes past the end"),
    PATCH("INT in text", "K\0", "I0\n", NULL),
    PATCH("PERSID in text", "Q", "P0\n", "rebuilds a tensor from other things"),
    PATCH("no opcode", "u.", "u\xff.", "something that is not a pickle"),
    PATCH("stack underflow", "}q\0(", "Ru", "takes a value where there is none"),
    PATCH("under the mark", "\x89" ORDERED ")RtR", "(R", "takes a value where there is none"),
    PATCH("tuple of too many", "}q\0(", "\x87", "takes a value where there is none"),
    PATCH("tuple from under the mark", "}q\0(", "}q\0(\x85", "takes a value where there is none"),
    PATCH("no mark", "}q\0(", "}q\0", "looks for a mark"),
    PATCH("mark left", "u.", "u(.", "does not end with one value"),
    PATCH("two values left", "u.", "u}.", "does not end with one value"),
    PATCH("nothing left", "}q\0(X" LENGTH("\1") "w" REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtRu.", ".",
          "does not end with one value"),
    PATCH("a number is all", "}q\0(X" LENGTH("\1") "w" REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtRu.",
          "K\1.", NULL),
    PATCH("no stop", "u.", "u", "goes past the end"),
    PATCH("more behind the stop", "u.", "u.}.", NULL),
    PATCH("memo never put", "}q\0", "h\1", "never put into the memo"),
    PATCH("memo never put, long", "}q\0", "j\xff\xff\xff\xff", "never put into the memo"),
    PATCH("memo far away", "}q\0", "}r\xff\xff\xff\xff", "memo index"),
    PATCH("memo of nothing", "}q\0", "q\0}", "takes a value where there is none"),
    PATCH("items unpaired", "Ru.", "RX" LENGTH("\1") "vu.", "key that has no value"),
    PATCH("item of a number", "}q\0(", "K\1(", "another kind"),
    PATCH("build on a plain dictionary", "u.", "u}b.", NULL),
    PATCH("build with a number", "u.", "uK\1b.", NULL),
    PATCH("reduce of no function", REBUILD, "K\1", "a function that is computed"),
    PATCH("reduce without tuple", "tRu.", "0Ru.", "a function that is computed"),
    PATCH("OrderedDict of something", ORDERED ")R", ORDERED "K\1\x85R", NULL),
    PATCH("hooks", ORDERED ")R", ORDERED ")RX" LENGTH("\1") "hK\1s", NULL),
    PATCH("too few arguments", "\x89" ORDERED ")R", "\x89", NULL),
    PATCH("size not a tuple", "K\2\x85K\1\x85", "K\2K\1\x85", "rebuilds a tensor"),
    PATCH("size and stride differ", "K\2\x85K\1\x85", "K\2\x85K\1K\1\x86", "rebuilds a tensor"),
    PATCH("size of texts", "K\2\x85K\1\x85", "X" LENGTH("\1") "2\x85K\1\x85", "whole numbers"),
    PATCH("negative size", "K\2\x85K\1\x85", "J\xff\xff\xff\xff\x85K\1\x85", "whole numbers"),
    PATCH("negative stride", "K\2\x85K\1\x85", "K\2\x85J\xff\xff\xff\xff\x85", "whole numbers"),
    PATCH("negative offset", "QK\0", "QJ\xff\xff\xff\xff", "rebuilds a tensor"),
    PATCH("9 dimensions", "K\2\x85K\1\x85", "(K\1K\1K\1K\1K\1K\1K\1K\1K\1t(K\1K\1K\1K\1K\1K\1K\1K\1K\1t", "at most 8"),
    PATCH("integer of 9 bytes", "K\2\x85", "\x8a\x09\1\0\0\0\0\0\0\0\0\x85", "whole numbers"),
    PATCH("negative LONG1", "K\2\x85", "\x8a\1\x80\x85", "whole numbers"),
    PATCH("negative LONG1 of 8 bytes", "K\2\x85", "\x8a\x08\0\0\0\0\0\0\0\x80\x85", "whole numbers"),
    PATCH("id not a tuple", "tQ", "tX" LENGTH("\1") "0Q", "as a storage is not one"),
    PATCH("id of other things", "storagec", "St0ragec", "as a storage is not one"),
    PATCH("id too short", "X" LENGTH("\3") "cpuK\2", "K\2", "as a storage is not one"),
    PATCH("negative storage", "cpuK\2", "cpuJ\xff\xff\xff\xff", "as a storage is not one"),
    PATCH("type is a text", "ctorch\nFloatStorage\n", "X" LENGTH("\1") "f", "as a storage is not one"),
    PATCH("storage larger than its bytes", "cpuK\2", "cpuK\3", "have 8 bytes where 3 elements of 4 bytes are promised"),
    PATCH("storage smaller than its bytes", "cpuK\2", "cpuK\1", "reaches past the 1 elements"),
    PATCH("storage of another type", "FloatStorage", "DoubleStorage", "have 8 bytes where 2 elements of 8 bytes"),
    PATCH("storage beyond counting", "cpuK\2", "cpu" WIDE("\x8a\x08\2\0\0\0\0\0\0\x40", "\x8a\4\2\0\0\x40"),
          "have 8 bytes where " WIDE("4611686018427387906", "1073741826") " elements"),
#if SIZE_MAX == UINT32_MAX
    PATCH("storage cut to 32 bits", "cpuK\2", "cpu\x8a\x08\2\0\0\0\0\0\0\x40", "as a storage is not one"),
    PATCH("size cut to 32 bits", "K\2\x85K\1\x85", "\x8a\5\2\0\0\0\1\x85K\1\x85", "whole numbers"),
#endif
    PATCH("storage missing", "X" LENGTH("\1") "0", "X" LENGTH("\1") "1", "'data/1' is missing"),
    PATCH("storage outside the folder", "X" LENGTH("\1") "0", "X" LENGTH("\13") "../data.pkl", "is missing"),
    PATCH("tensor longer than storage", "K\2\x85K\1", "K\3\x85K\1", "reaches past the 2 elements"),
    PATCH("offset past storage", "QK\0", "QK\1", "reaches past the 2 elements"),
    PATCH("offset far past storage", "QK\0",
          "Q" WIDE("\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f", "\x8a\4\xff\xff\xff\x7f"),
          "reaches past the 2 elements"),
    PATCH("stride past storage", "K\2\x85K\1\x85", "K\2\x85K\2\x85", "reaches past the 2 elements"),
    PATCH("stride that wraps around", "K\2\x85K\1\x85",
          "K\5\x85" WIDE("\x8a\x08\1\0\0\0\0\0\0\x40", "\x8a\4\1\0\0\x40") "\x85", "reaches past the 2 elements"),
    PATCH("end that wraps around", "QK\0K\2\x85K\1\x85",
          WIDE("Q\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\4\x85\x8a\x08\0\0\0\0\0\0\0\x40\x85",
               "Q\x8a\4\xff\xff\xff\x7fK\4\x85\x8a\4\0\0\0\x40\x85"),
          "reaches past the 2 elements"),
    PATCH("shape that wraps around", "K\2\x85K\1\x85",
          WIDE("\x8a\5\0\0\0\0\1\x8a\5\0\0\0\0\1", "\x8a\3\0\0\1\x8a\3\0\0\1") "\x86K\0K\0\x86", "can be addressed"),
    PATCH("expanded beyond reason", "K\2\x85K\1\x85", WIDE("\x8a\5\0\0\0\0\1", "\x8a\4\0\0\0\x10") "\x85K\0\x85",
          "far larger than the file"),
    PATCH("name twice", "Ru.", "RX" LENGTH("\1") "w" REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtRu.",
          "file: tensor 'w' is there twice"),
    PATCH("value is a number", REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtR", "K\1", NULL),
    PATCH("value is a dictionary", REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtR", "}", NULL),
    PATCH("dictionary in itself", REBUILD "(" STORAGE "QK\0K\2\x85K\1\x85\x89" ORDERED ")RtR", "h\0", NULL),
};

/* Where `part` is in `whole`; fails the test unless it is there. */
static size_t find_part(blob whole, blob part)
{
    const char *at = memmem(whole.bytes, whole.size, part.bytes, part.size);
    ck_assert_ptr_nonnull(at);
    return (size_t)(at - whole.bytes);
}

static blob patched(const patch *one)
{
    size_t place = find_part(good_pickle, one->replaced);
    size_t size = good_pickle.size - one->replaced.size + one->put.size;
    char *bytes = assay_calloc(size, 1, NULL);
    memcpy(bytes, good_pickle.bytes, place);
    memcpy(bytes + place, one->put.bytes, one->put.size);
    memcpy(bytes + place + one->put.size, good_pickle.bytes + place + one->replaced.size,
           good_pickle.size - place - one->replaced.size);
    return (blob){bytes, size};
}

/* --- zip archives ---------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    blob content;
    zip_int32_t method;
} zip_entry;

/* A zip archive in memory, through libzip; the caller frees the bytes with assay_free. */
static blob make_zip(const zip_entry *entries, size_t count)
{
    zip_error_t error;
    zip_source_t *target = zip_source_buffer_create(NULL, 0, 0, &error);
    zip_t *zip = zip_open_from_source(target, ZIP_CREATE | ZIP_TRUNCATE, &error);
    ck_assert_ptr_nonnull(zip);
    zip_source_keep(target);
    for (size_t i = 0; i < count; i++) {
        zip_source_t *source = zip_source_buffer(zip, entries[i].content.bytes, entries[i].content.size, 0);
        zip_int64_t index = zip_file_add(zip, entries[i].name, source, ZIP_FL_ENC_UTF_8);
        ck_assert_int_ge(index, 0);
        ck_assert_int_eq(zip_set_file_compression(zip, (zip_uint64_t)index, entries[i].method, 0), 0);
    }
    ck_assert_int_eq(zip_close(zip), 0);
    zip_stat_t about;
    ck_assert_int_eq(zip_source_stat(target, &about), 0);
    char *bytes = assay_calloc((size_t)about.size, 1, NULL);
    ck_assert_int_eq(zip_source_open(target), 0);
    ck_assert_int_eq(zip_source_read(target, bytes, about.size), (zip_int64_t)about.size);
    zip_source_close(target);
    zip_source_free(target);
    return (blob){bytes, (size_t)about.size};
}

static const blob good_storage = BLOB("\0\0\x80\x3f\0\0\0\xc0"); /* 1, -2 */

static blob zip_of_pickle(blob pickle)
{
    const zip_entry entries[] = {{"a/data.pkl", pickle, ZIP_CM_STORE}, {"a/data/0", good_storage, ZIP_CM_STORE}};
    return make_zip(entries, 2);
}

static assay_status parse(blob file, assay_error *error)
{
    assay_model_format format;
    assay_state *state = NULL;
    assay_status status = assay_model_parse(file.bytes, file.size, "file", &format, &state, NULL, error);
    ck_assert((status == ASSAY_OK) == (state != NULL));
    assay_state_destroy(state);
    return status;
}

static void assert_refused(const char *what, blob file, const char *wanted)
{
    assay_error error = {.message = "nothing"};
    assay_status status = parse(file, &error);
    if (wanted == NULL) {
        ck_assert_msg(status == ASSAY_OK, "%s: %s", what, error.message);
        return;
    }
    ck_assert_msg(status == ASSAY_ERROR_FORMAT && strstr(error.message, wanted) != NULL &&
                      strncmp(error.message, "file: ", 6) == 0,
                  "%s: status %d, '%s', wanted '%s'", what, status,
                  status == ASSAY_OK ? "read without complaint" : error.message, wanted);
    support_assert_error(status, ASSAY_ERROR_FORMAT, &error, wanted);
}

START_TEST(the_good_pickle_is_good)
{
    assay_error error;
    assay_state *state = NULL;
    blob file = zip_of_pickle(good_pickle);
    support_assert_ok(assay_torch_zip_parse(file.bytes, file.size, "file", &state, NULL, &error), &error);
    const assay_stored_tensor *tensor = assay_state_find(state, "w");
    ck_assert_ptr_nonnull(tensor);
    ck_assert_uint_eq(tensor->count, 2);
    ck_assert(((const float *)tensor->data)[0] == 1.0F && ((const float *)tensor->data)[1] == -2.0F);
    assay_state_destroy(state);
    assay_pickle_destroy(NULL);
    assay_free((char *)file.bytes);
}
END_TEST

START_TEST(bad_pickles)
{
    blob pickle = patched(&pickles[_i]);
    blob file = zip_of_pickle(pickle);
    assert_refused(pickles[_i].what, file, pickles[_i].error);
    assay_free((char *)pickle.bytes);
    assay_free((char *)file.bytes);
}
END_TEST

/* Checkpoints without a network: the message has what they hold. */
START_TEST(what_is_no_network_is_named)
{
    static const struct {
        blob pickle;
        const char *wanted;
    } cases[] = {
        {BLOB("\x80\2}X" LENGTH("\5") "epochK\3s."),
         ": holds no tensors; it is a dictionary with 'epoch' (a number), known to be harmless: save "
         "net.state_dict() with torch.save"},
        {BLOB("\x80\2}."), ": holds no tensors; it is a dictionary, known to be harmless: save"},
        {BLOB("\x80\2]K\3a."), ": holds no tensors; it is a list, known to be harmless: save"},
    };
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/model.pt", folder);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assay_model model;
        assay_error error = {.message = ""};
        blob file = zip_of_pickle(cases[i].pickle);
        FILE *stream = fopen(path, "wb");
        ck_assert(stream != NULL && fwrite(file.bytes, 1, file.size, stream) == file.size && fclose(stream) == 0);
        support_assert_error(assay_model_open(path, NULL, &model, &error), ASSAY_ERROR_FORMAT, &error, cases[i].wanted);
        assay_free((char *)file.bytes);
    }
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* Nested tuples that double at each step: 2^60 leaves if all were visited. */
START_TEST(tuples_of_tuples)
{
    char pickle[512] = "\x80\2)q\1";
    size_t size = 5;
    for (int i = 0; i < 60; i++) {
        memcpy(pickle + size, "h\1h\1\x86q\1", 7);
        size += 7;
    }
    pickle[size++] = '.';
    blob file = zip_of_pickle((blob){pickle, size});
    assert_refused("tuples of tuples", file, "does not end with one value");
    assay_free((char *)file.bytes);
}
END_TEST

enum { BOMB = 64 << 20 };

START_TEST(bad_archives)
{
    static const blob other = BLOB("other");
    char *zeros = assay_calloc(BOMB, 1, NULL);
    static const patch of_7_mib = PATCH("", "K\2tQK\0K\2\x85", "J\0\0\x1c\0tQK\0J\0\0\x1c\0\x85", NULL);
    const blob large = patched(&of_7_mib);
    char *longest = assay_calloc(INT16_MAX + 16, 1, NULL);
    memset(longest, 'f', INT16_MAX + 1);
    strcpy(longest + INT16_MAX + 1, "/data.pkl");
    const zip_entry pickle = {"a/data.pkl", good_pickle, ZIP_CM_STORE};
    const zip_entry storage = {"a/data/0", good_storage, ZIP_CM_STORE};
    /* clang-format off */
    const struct {
        const char *what;
        size_t count;
        zip_entry entries[3];
        const char *error;
    /* clang-format off */
    } cases[] = {
        {"no pickle", 1, {storage}, "without data.pkl"},
        {"pickle without a folder", 1, {{"data.pkl", good_pickle, ZIP_CM_STORE}}, "is not in one folder"},
        {"pickle too deep", 1, {{"a/b/data.pkl", good_pickle, ZIP_CM_STORE}}, "is not in one folder"},
        {"two pickles", 3, {pickle, {"b/data.pkl", good_pickle, ZIP_CM_STORE}, storage}, "second pickle"},
        {"no storage", 1, {pickle}, "'data/0' is missing"},
        {"storage in another folder", 2, {pickle, {"b/data/0", good_storage, ZIP_CM_STORE}}, "'data/0' is missing"},
        {"storage too short", 2, {pickle, {"a/data/0", {"\0\0\0\0\0\0\0", 7}, ZIP_CM_STORE}}, "have 7 bytes"},
        {"storage too long by a part", 2, {pickle, {"a/data/0", {"\0\0\0\0\0\0\0\0\0\0\0", 11}, ZIP_CM_STORE}},
         "have 11 bytes"},
        {"a storage beside its tensor", 2, {{"a/data.pkl", large, ZIP_CM_STORE},
                                            {"a/data/0", {zeros, 7 << 20}, ZIP_CM_DEFLATE}},
         "a storage is far larger than the file"},
        {"a folder of the longest name", 1, {{longest + 1, good_pickle, ZIP_CM_STORE}}, "'data/0' is missing"},
        {"a folder of a longer name", 1, {{longest, good_pickle, ZIP_CM_STORE}}, "is not in one folder"},
        {"storage empty", 2, {pickle, {"a/data/0", {"", 0}, ZIP_CM_STORE}}, "have 0 bytes"},
        {"no endian", 3, {pickle, storage, {"a/byteorder", BLOB("bit"), ZIP_CM_STORE}}, "neither 'little' nor 'big'"},
        {"other-endian", 3, {pickle, storage, {"a/byteorder", BLOB("middle"), ZIP_CM_STORE}},
         "neither 'little' nor 'big'"},
        {"byte order too large", 3, {pickle, storage, {"a/byteorder", {zeros, BOMB}, ZIP_CM_DEFLATE}},
         "far larger than the file"},
        {"zip bomb as storage", 2, {pickle, {"a/data/0", {zeros, BOMB}, ZIP_CM_DEFLATE}}, "far larger than the file"},
        {"zip bomb as pickle", 1, {{"a/data.pkl", {zeros, BOMB}, ZIP_CM_DEFLATE}}, "far larger than the file"},
        {"pickle too large", 1, {{"a/data.pkl", {zeros, 17 << 20}, ZIP_CM_STORE}}, "a pickle of 17825792 bytes"},
        {"not the pickle", 1, {{"a/data.pkl", other, ZIP_CM_STORE}}, "looks for a mark"},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        blob file = make_zip(cases[i].entries, cases[i].count);
        assert_refused(cases[i].what, file, cases[i].error);
        assay_free((char *)file.bytes);
    }
    assay_free(longest);
    assay_free((char *)large.bytes);
    assay_free(zeros);
}
END_TEST

/* Deflated entries of a reasonable size are read: some tools pack an archive anew. */
START_TEST(deflated_archive_is_read)
{
    assay_error error;
    const zip_entry entries[] = {{"a/data.pkl", good_pickle, ZIP_CM_DEFLATE},
                                 {"a/data/0", good_storage, ZIP_CM_DEFLATE}};
    blob file = make_zip(entries, 2);
    support_assert_ok(parse(file, &error), &error);
    assay_free((char *)file.bytes);
}
END_TEST

/* The same two numbers in a file of a little-endian and of a big-endian machine; on each machine one of them is
 * swapped. */
START_TEST(both_byte_orders_are_read)
{
    static const struct {
        blob order;
        blob storage;
    } cases[] = {{BLOB("little"), BLOB("\0\0\x80\x3f\0\0\0\xc0")}, {BLOB("big"), BLOB("\x3f\x80\0\0\xc0\0\0\0")}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_error error = {.status = ASSAY_OK};
        const zip_entry entries[] = {{"a/data.pkl", good_pickle, ZIP_CM_STORE},
                                     {"a/data/0", cases[i].storage, ZIP_CM_STORE},
                                     {"a/byteorder", cases[i].order, ZIP_CM_STORE}};
        const zip_entry first[] = {entries[2], entries[0], entries[1]};
        blob file = make_zip(first, 3);
        assay_model_format format;
        assay_state *state = NULL;
        support_assert_ok(assay_model_parse(file.bytes, file.size, "file", &format, &state, NULL, &error), &error);
        const float *numbers = assay_state_at(state, 0)->data;
        ck_assert_msg(numbers[0] == 1 && numbers[1] == -2, "case %zu: %g, %g", i, (double)numbers[0],
                      (double)numbers[1]);
        assay_state_destroy(state);
        assay_free((char *)file.bytes);
    }
}
END_TEST

/* libzip does not write an entry twice: the second name is changed in the file, in its two places. */
START_TEST(entry_twice)
{
    const zip_entry entries[] = {{"a/data.pkl", good_pickle, ZIP_CM_STORE},
                                 {"a/data/0", good_storage, ZIP_CM_STORE},
                                 {"a/data/1", good_storage, ZIP_CM_STORE}};
    blob file = make_zip(entries, 3);
    for (int i = 0; i < 2; i++) {
        static const blob name = BLOB("a/data/1");
        ((char *)file.bytes)[find_part(file, name) + name.size - 1] = '0';
    }
    assert_refused("entry twice", file, "is there twice");
    assay_free((char *)file.bytes);
}
END_TEST

START_TEST(damaged_storage_is_noticed)
{
    blob file = zip_of_pickle(good_pickle);
    ((char *)file.bytes)[find_part(file, good_storage) + 2] ^= 1;
    assert_refused("one bit of a weight", file, "CRC error");
    assay_free((char *)file.bytes);
}
END_TEST

/* Every truncation is an error. Every single changed byte is an error or does not matter, but never a crash. */
START_TEST(cut_and_changed_archives)
{
    blob file = zip_of_pickle(good_pickle);
    char *copy = assay_calloc(file.size, 1, NULL);
    assay_error error;
    for (size_t size = 0; size < file.size; size++) {
        memcpy(copy, file.bytes, size);
        support_assert_error(parse((blob){copy, size}, &error), ASSAY_ERROR_FORMAT, &error, "file: ");
    }
    for (size_t i = 0; i < file.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, file.bytes, file.size);
            copy[i] = (char)(copy[i] ^ 1 << bit);
            assay_status status = parse((blob){copy, file.size}, &error);
            ck_assert_msg(status == ASSAY_OK || status == ASSAY_ERROR_FORMAT, "byte %zu bit %d: %s", i, bit,
                          error.message);
        }
    }
    assay_free(copy);
    assay_free((char *)file.bytes);
}
END_TEST

static const struct {
    const char *name;
    const char *error;
} torch_files[] = {
    {"malicious.pt", "could run code: PyTorch and Python would load or call 'posix.system'"},
    {"parameter.pt", "holds no network of the tutorial"},
    {"list.pt", "is a list, with tensors that have no names of a network's"},
    {"network.config", "is JSON text, not a model"},
};

START_TEST(torch_files_that_are_refused)
{
    assay_error error;
    assay_model model;
    const char *golden = getenv("GOLDEN_DIR");
    char *path = assay_asprintf(NULL, "%s/model/%s", golden != NULL ? golden : "golden", torch_files[_i].name);
    support_assert_error(assay_model_open(path, NULL, &model, &error), ASSAY_ERROR_FORMAT, &error,
                         torch_files[_i].error);
    ck_assert_ptr_nonnull(strstr(error.message, path));
    ck_assert_ptr_null(model.state);
    assay_free(path);
}
END_TEST

/* --- safetensors ----------------------------------------------------------------------------------------------- */

typedef struct {
    const char *what;
    const char *header;
    size_t data; /* bytes behind the header */
    const char *error;
} header_case;

#define ENTRY(dtype, shape, begin, end) \
    "{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":[" begin "," end "]}"

/* clang-format off */
static const header_case headers[] = {
    {"not JSON", "{nothing", 0, "not good JSON"},
    {"a list", "{\"a\":1}]", 0, "not good JSON"},
    {"name twice", "{\"a\":" ENTRY("F32", "[1]", "0", "4") ",\"a\":" ENTRY("F32", "[1]", "0", "4") "}", 4, "duplicate"},
    {"not an object", "{\"a\":[]}", 0, "tensor 'a' must have exactly"},
    {"key too many", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"more\":1}}", 4,
     "must have exactly"},
    {"key missing", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "must have exactly"},
    {"key wrong", "{\"a\":{\"dtype\":\"F32\",\"shapes\":[1],\"data_offsets\":[0,4]}}", 4, "'shape' is not a list"},
    {"no name", "{\"\":" ENTRY("F32", "[1]", "0", "4") "}", 4, "a tensor has no name"},
    {"unknown dtype", "{\"a\":" ENTRY("F4", "[4]", "0", "4") "}", 4, "unknown dtype 'F4'"},
    {"dtype a number", "{\"a\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype ''"},
    {"negative size", "{\"a\":" ENTRY("F32", "[-1]", "0", "4") "}", 4, "not a whole number"},
    {"broken size", "{\"a\":" ENTRY("F32", "[1.0]", "0", "4") "}", 4, "not a whole number"},
    {"a list of three", "{\"a\":[1,2,3]}", 0, "tensor 'a' must have exactly"},
    {"shape an object", "{\"a\":" ENTRY("F32", "{\"n\":1}", "0", "4") "}", 4, "'shape' is not a list"},
    {"end a text", "{\"a\":" ENTRY("F32", "[1]", "0", "\"4\"") "}", 4, "not a pair"},
    {"9 dimensions", "{\"a\":" ENTRY("F32", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "at most 8"},
    {"shape that wraps around", "{\"a\":" ENTRY("F32", WIDE("[4294967296,4294967296]", "[65536,65536]"), "0", "0") "}",
     0, "can be addressed"},
    {"shape that wraps by its dtype",
     "{\"a\":" ENTRY("F64", WIDE("[2305843009213693953]", "[536870913]"), "0", "8") "}", 8, "can be addressed"},
    {"size beyond 64 bits", "{\"a\":" ENTRY("F32", "[18446744073709551617]", "0", "4") "}", 4, "not good JSON"},
    {"shape of other bytes", "{\"a\":" ENTRY("F32", "[2]", "0", "4") "}", 4, "needs 8 bytes for its shape and has 4"},
    {"huge and not there",
     "{\"a\":" ENTRY("F32", WIDE("[250000000000]", "[250000000]"), "0", WIDE("1000000000000", "1000000000")) "}", 4,
     "past the 4 bytes of data"},
#if SIZE_MAX == UINT32_MAX
    {"size cut to 32 bits", "{\"a\":" ENTRY("F32", "[4294967297]", "0", "4") "}", 4, "not a whole number"},
    {"end cut to 32 bits", "{\"a\":" ENTRY("F32", "[1]", "0", "4294967300") "}", 4, "not a pair"},
#endif
    {"offsets backwards", "{\"a\":" ENTRY("F32", "[1]", "4", "0") "}", 4, "not a pair"},
    {"offsets negative", "{\"a\":" ENTRY("F32", "[1]", "-4", "0") "}", 4, "not a pair"},
    {"three offsets", "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "not a pair"},
    {"past the end", "{\"a\":" ENTRY("F32", "[2]", "0", "8") "}", 7, "past the 7 bytes of data"},
    {"bytes left", "{\"a\":" ENTRY("F32", "[2]", "0", "8") "}", 9, "1 bytes at the end belong to no tensor"},
    {"gap at the beginning", "{\"a\":" ENTRY("U8", "[2]", "1", "3") "}", 3,
     "begins at 1 where the one before ends at 0"},
    {"gap", "{\"b\":" ENTRY("U8", "[2]", "3", "5") ",\"a\":" ENTRY("U8", "[2]", "0", "2") "}", 5,
     "tensor 'b' begins at 3"},
    {"overlap", "{\"b\":" ENTRY("U8", "[2]", "1", "3") ",\"a\":" ENTRY("U8", "[2]", "0", "2") "}", 3,
     "tensor 'b' begins at 1"},
    {"the same bytes", "{\"b\":" ENTRY("U8", "[2]", "0", "2") ",\"a\":" ENTRY("U8", "[2]", "0", "2") "}", 2,
     "begins at 0"},
    {"metadata a list", "{\"__metadata__\":[]}", 0, "'__metadata__' is not a JSON object"},
    {"metadata a number", "{\"__metadata__\":{\"a\":1}}", 0, "metadata 'a' is not a text"},
    {"zero in a name", "{\"a\\u0000b\":" ENTRY("U8", "[0]", "0", "0") "}", 0, "not good JSON"},
    {"not UTF-8", "{\"a\xff\":" ENTRY("U8", "[0]", "0", "0") "}", 0, "not good JSON"},
};
/* clang-format on */

static blob make_safetensors(const char *header, uint64_t length, size_t data)
{
    size_t size = 8 + strlen(header) + data;
    char *bytes = assay_calloc(size, 1, NULL);
    assay_put_little_endian(length, (unsigned char *)bytes, 8);
    memcpy(bytes + 8, header, strlen(header));
    return (blob){bytes, size};
}

START_TEST(bad_headers)
{
    const header_case *one = &headers[_i];
    blob file = make_safetensors(one->header, strlen(one->header), one->data);
    assert_refused(one->what, file, one->error);
    assay_free((char *)file.bytes);
}
END_TEST

START_TEST(bad_header_lengths)
{
    /* clang-format off */
    static const struct {
        uint64_t length;
        const char *error;
    } cases[] = {
        {0, "not good JSON"}, {1, "not good JSON"}, {3, "goes past the end"}, {UINT64_MAX, "neither"},
        {UINT64_MAX - 7, "neither"}, {(uint64_t)1 << 63, "neither"}, {UINT32_MAX, "is the download complete?"},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        blob file = make_safetensors("{}", cases[i].length, 0);
        assert_refused("header length", file, cases[i].error);
        assay_free((char *)file.bytes);
    }
    char *spaces = assay_calloc(ASSAY_SAFETENSORS_HEADER_LIMIT + 2, 1, NULL);
    memset(spaces, ' ', ASSAY_SAFETENSORS_HEADER_LIMIT + 1);
    memcpy(spaces, "{}", 2);
    blob file = make_safetensors(spaces, ASSAY_SAFETENSORS_HEADER_LIMIT + 1, 0);
    assert_refused("long header", file, "more than the 2097152 that are read");
    assay_free((char *)file.bytes);
    assay_free(spaces);
    assert_refused("three bytes", (blob){"abc", 3}, "neither");
    assert_refused("nothing", (blob){"", 0}, "is empty");
    assay_error error;
    assay_state *state = NULL;
    support_assert_error(assay_safetensors_parse("abc", 3, "file", &state, &error), ASSAY_ERROR_FORMAT, &error,
                         "too few");
    file = make_safetensors("[1]", 3, 0);
    support_assert_error(assay_safetensors_parse(file.bytes, file.size, "file", &state, &error), ASSAY_ERROR_FORMAT,
                         &error, "header is not a JSON object");
    assay_free((char *)file.bytes);
}
END_TEST

static char *repeat(const char *open, size_t count)
{
    char *text = assay_calloc(strlen(open) * count + 1, 1, NULL);
    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * strlen(open), open, strlen(open));
    }
    return text;
}

/* Thousands of brackets do not use up the stack, wherever we read JSON. */
START_TEST(deep_json)
{
    assay_error error;
    assay_run_record record;
    assay_network_config config;
    char *deep = repeat("{\"a\":", 20000);
    blob file = make_safetensors(deep, strlen(deep), 0);
    assert_refused("deep JSON", file, "is no list of tensors");
    support_assert_error(assay_run_record_parse(deep, strlen(deep), "file", &record, &error), ASSAY_ERROR_FORMAT,
                         &error, "maximum parsing depth");
    support_assert_error(assay_model_config_parse(deep, strlen(deep), "file", &config, &error), ASSAY_ERROR_FORMAT,
                         &error, "maximum parsing depth");
    assay_free((char *)file.bytes);
    assay_free(deep);
}
END_TEST

START_TEST(reserved_name_is_not_written)
{
    assay_error error;
    assay_state *state = NULL;
    support_assert_ok(assay_state_create(&state, &error), &error);
    support_assert_ok(assay_state_add(state, "__metadata__", ASSAY_DTYPE_F32, 0, NULL, NULL, &error), &error);
    support_assert_error(assay_safetensors_write("never-written", state, &error), ASSAY_ERROR_FORMAT, &error, "named");
    support_assert_error(assay_state_add(state, "__metadata__", ASSAY_DTYPE_F32, 0, NULL, NULL, &error),
                         ASSAY_ERROR_FORMAT, &error, "twice");
    const size_t shape[9] = {SIZE_MAX, 2, 1, 1, 1, 1, 1, 1, 1};
    support_assert_error(assay_state_add(state, "a", ASSAY_DTYPE_F32, 9, shape, NULL, &error), ASSAY_ERROR_FORMAT,
                         &error, "9 dimensions");
    support_assert_error(assay_state_add(state, "a", ASSAY_DTYPE_F32, 2, shape, NULL, &error), ASSAY_ERROR_FORMAT,
                         &error, "can be addressed");
    support_assert_error(assay_state_set_text(state, "a", "\xff", &error), ASSAY_ERROR_FORMAT, &error, "not UTF-8");
    assay_state_destroy(state);
}
END_TEST

/* --- networks, configurations, records ------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    size_t rank;
    size_t shape[2];
    float last;
} layer_tensor;

/* clang-format off */
static const struct {
    const char *what;
    layer_tensor tensors[4];
    const char *config;
    assay_status status;
    const char *error;
} networks[] = {
    {"none", {{"weight", 1, {2, 0}, 0}}, NULL, ASSAY_ERROR_FORMAT, "no tensor 'layers.N.weight'"},
    {"odd number", {{"layers.00.weight", 2, {2, 3}, 0}, {"layers.-1.weight", 2, {2, 3}, 0}}, NULL, ASSAY_ERROR_FORMAT,
     "has 'layers.00.weight' where 'layers.0.weight' is expected"},
    {"no bias", {{"layers.0.weight", 2, {2, 3}, 0}}, NULL, ASSAY_ERROR_FORMAT, "has no bias"},
    {"not a matrix", {{"layers.0.weight", 1, {2, 0}, 0}, {"layers.0.bias", 1, {2, 0}, 0}}, NULL, ASSAY_ERROR_FORMAT,
     "not a matrix"},
    {"empty matrix", {{"layers.0.weight", 2, {2, 0}, 0}, {"layers.0.bias", 1, {2, 0}, 0}}, NULL, ASSAY_ERROR_FORMAT,
     "not a matrix"},
    {"wrong bias", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {3, 0}, 0}}, NULL, ASSAY_ERROR_FORMAT,
     "'layers.0.bias' does not have the 2 entries"},
    {"bias a matrix", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 2, {2, 1}, 0}}, NULL, ASSAY_ERROR_FORMAT,
     "'layers.0.bias' does not have the 2 entries"},
    {"other classes", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {2, 0}, 0}},
     "{\"act_fn\": \"ReLU\", \"input_size\": 3, \"num_classes\": 4, \"hidden_sizes\": []}", ASSAY_OK,
     "says 3 inputs, 0 hidden layers, 4 classes"},
    {"other depth", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {2, 0}, 0}},
     "{\"act_fn\": \"ReLU\", \"input_size\": 3, \"num_classes\": 2, \"hidden_sizes\": [5]}", ASSAY_OK,
     "says 3 inputs, 1 hidden layers, 2 classes"},
    {"broken chain",
     {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {2, 0}, 0}, {"layers.2.weight", 2, {4, 3}, 0},
                      {"layers.2.bias", 1, {4, 0}, 0}}, NULL, ASSAY_ERROR_FORMAT,
     "'layers.2.weight' takes 3 inputs, but 'layers.0.weight' gives 2"},
    {"other sizes", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {2, 0}, 0}},
     "{\"act_fn\": \"ReLU\", \"input_size\": 784, \"num_classes\": 2, \"hidden_sizes\": []}", ASSAY_OK,
     "says 784 inputs, 0 hidden layers, 2 classes; the weights have 3, 0, 2"},
    {"other hidden sizes", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {2, 0}, 0},
                            {"layers.2.weight", 2, {4, 2}, 0}, {"layers.2.bias", 1, {4, 0}, 0}},
     "{\"act_fn\": \"ReLU\", \"input_size\": 3, \"num_classes\": 4, \"hidden_sizes\": [5]}", ASSAY_OK,
     "says 5 for hidden layer 0; the weights have 2"},
    {"broken configuration", {{"layers.0.weight", 2, {2, 3}, 0}, {"layers.0.bias", 1, {2, 0}, 0}}, "ReLU",
     ASSAY_OK, "the configuration is not good JSON"},
    {"NaN", {{"layers.0.weight", 2, {2, 3}, (float)(0.0 / 0.0)}, {"layers.0.bias", 1, {2, 0}, 0}}, NULL,
     ASSAY_ERROR_NUMERIC, "tensor 'layers.0.weight' has a NaN at index 5"},
};
/* clang-format on */

static void write_network(const layer_tensor *tensors, const char *config, const char *path)
{
    assay_error error;
    assay_state *state = NULL;
    support_assert_ok(assay_state_create(&state, &error), &error);
    for (size_t i = 0; i < 4 && tensors[i].name != NULL; i++) {
        void *data = NULL;
        support_assert_ok(
            assay_state_add(state, tensors[i].name, ASSAY_DTYPE_F32, tensors[i].rank, tensors[i].shape, &data, &error),
            &error);
        size_t count = assay_state_at(state, i)->count;
        if (count > 0) {
            ((float *)data)[count - 1] = tensors[i].last;
        }
    }
    if (config != NULL) {
        support_assert_ok(assay_state_set_text(state, ASSAY_MODEL_CONFIG_KEY, config, &error), &error);
    }
    support_assert_ok(assay_safetensors_write(path, state, &error), &error);
    assay_state_destroy(state);
}

START_TEST(bad_networks)
{
    assay_error error;
    assay_model model;
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/model.safetensors", folder);
    write_network(networks[_i].tensors, networks[_i].config, path);
    if (networks[_i].status == ASSAY_OK) { /* the configuration is not used, and the reason is reported */
        support_assert_ok(assay_model_open(path, NULL, &model, &error), &error);
        ck_assert(!model.has_activation);
        support_assert_error(model.config_error.status, ASSAY_ERROR_FORMAT, &model.config_error, networks[_i].error);
        error = model.config_error;
        assay_model_close(&model);
    } else {
        support_assert_error(assay_model_open(path, NULL, &model, &error), networks[_i].status, &error,
                             networks[_i].error);
    }
    ck_assert_ptr_nonnull(strstr(error.message, path));
    if (networks[_i].status == ASSAY_ERROR_NUMERIC) {
        const assay_model_options options = {.allow_nonfinite = true};
        support_assert_ok(assay_model_open(path, &options, &model, &error), &error);
        ck_assert(!model.has_activation);
        assay_model_close(&model);
    }
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

#define CONFIG(act, input, classes, hidden) \
    "{\"act_fn\":" act ",\"input_size\":" input ",\"num_classes\":" classes ",\"hidden_sizes\":" hidden "}"
#define RECORD(test, validation, losses, training) \
    "{\"test_acc\":" test ",\"val_scores\":" validation ",\"train_losses\":" losses ",\"train_scores\":" training "}"

static const struct {
    bool record;
    const char *text;
    const char *error;
} texts[] = {
    {false, "", "not good JSON"},
    {false, "[]", "not a JSON object"},
    {false, "{}", "\"act_fn\" is missing"},
    {false, "{\"act_fn\":\"ReLU\",\"num_classes\":1,\"hidden_sizes\":[]}", "\"input_size\" is not a whole number"},
    {false, "{\"act_fn\":\"ReLU\",\"input_size\":1,\"num_classes\":1}", "\"hidden_sizes\" is missing"},
    {false, "7", "not good JSON"},
    {false, CONFIG("7", "1", "1", "[]"), "\"act_fn\" is missing"},
    {false, CONFIG("\"Softmax\"", "1", "1", "[]"), "\"act_fn\" is Softmax, not an activation"},
    {false, CONFIG("\"ReLU\"", "0", "1", "[]"), "\"input_size\" is not a whole number above 0"},
    {false, CONFIG("\"ReLU\"", "-1", "1", "[]"), "\"input_size\""},
    {false, CONFIG("\"ReLU\"", "1", "1.5", "[]"), "\"num_classes\""},
    {false, CONFIG("\"ReLU\"", "1", "null", "[]"), "\"num_classes\""},
    {false, CONFIG("\"ReLU\"", "1", "1", "3"), "\"hidden_sizes\" is missing, or not a list"},
    {false, CONFIG("\"ReLU\"", "1", "1", "[3, 0]"), "an entry of \"hidden_sizes\""},
    {false, CONFIG("\"ReLU\"", "1", "1", "[\"3\"]"), "an entry of \"hidden_sizes\""},
    {false, CONFIG("\"ReLU\",\"act_fn_parameter\":-1", "1", "1", "[]"), "act_fn_parameter"},
    {false, CONFIG("\"ReLU\",\"act_fn\":\"Tanh\"", "1", "1", "[]"), "duplicate"},
    {true, "", "not good JSON"},
    {true, "7", "not good JSON"},
    {true, "[]", "not a JSON object"},
    {true, RECORD("\"0.5\"", "[]", "[]", "[]"), "\"test_acc\""},
    {true, RECORD("1.01", "[]", "[]", "[]"), "\"test_acc\""},
    {true, RECORD("-0.5", "[]", "[]", "[]"), "\"test_acc\""},
    {true, RECORD("0.5", "[0.1, \"x\"]", "[]", "[0.1]"), "entry 1 of \"val_scores\""},
    {true, RECORD("NaN", "[]", "[]", "[]"), "not good JSON"},
    {true, RECORD("1e999", "[]", "[]", "[]"), "not good JSON"},
    {true, RECORD("0.5", "[-0.1]", "[]", "[0.1]"), "entry 0 of \"val_scores\""},
    {true, RECORD("0.5", "[0.1]", "[1, -2]", "[0.1]"), "entry 1 of \"train_losses\""},
    {true, RECORD("0.5", "[0.1]", "[1, null]", "[0.1]"), "entry 1 of \"train_losses\""},
    {true, RECORD("0.5", "[0.1]", "[1]", "[89.09]"), "entry 0 of \"train_scores\""},
    {true, RECORD("0.5", "[0.1]", "[1]", "{}"), "\"train_scores\" is missing, or not a list"},
    {true, RECORD("0.5", "[0.1]", "[1]", "[0.1, 0.2]"), "1 validation scores, but 2 training scores"},
    {true, RECORD("0.5,\"extra\":1", "[0.1]", "[1]", "[0.1]"), "has only test_acc"},
};

START_TEST(bad_texts)
{
    assay_error error;
    assay_run_record record;
    assay_network_config config;
    const char *text = texts[_i].text;
    assay_status status = texts[_i].record ? assay_run_record_parse(text, strlen(text), "file", &record, &error)
                                           : assay_model_config_parse(text, strlen(text), "file", &config, &error);
    support_assert_error(status, ASSAY_ERROR_FORMAT, &error, texts[_i].error);
    ck_assert_ptr_eq(strstr(error.message, "file: "), error.message);
}
END_TEST

START_TEST(too_many_layers)
{
    assay_error error;
    assay_network_config config;
    char *ones = repeat("1,", ASSAY_MAX_HIDDEN);
    char *text = assay_asprintf(NULL, CONFIG("\"ReLU\"", "1", "1", "[%s1]"), ones);
    support_assert_error(assay_model_config_parse(text, strlen(text), "file", &config, &error), ASSAY_ERROR_FORMAT,
                         &error, "513 hidden layers are more than the 512");
    assay_free(text);
    assay_free(ones);
    char *blanks = repeat(" ", 2 << 20);
    support_assert_error(assay_model_config_parse(blanks, strlen(blanks), "file", &config, &error), ASSAY_ERROR_FORMAT,
                         &error, "2097152 bytes are more than the");
    assay_free(blanks);

    assay_state *state = NULL;
    const size_t shape[] = {1, 1};
    support_assert_ok(assay_state_create(&state, &error), &error);
    for (int i = 0; i < ASSAY_MAX_HIDDEN + 2; i++) {
        char *weight = assay_asprintf(NULL, "layers.%d.weight", i);
        char *bias = assay_asprintf(NULL, "layers.%d.bias", i);
        support_assert_ok(assay_state_add(state, weight, ASSAY_DTYPE_F32, 2, shape, NULL, &error), &error);
        support_assert_ok(assay_state_add(state, bias, ASSAY_DTYPE_F32, 1, shape, NULL, &error), &error);
        assay_free(weight);
        assay_free(bias);
    }
    assay_layers layers;
    support_assert_error(assay_layers_find(state, NULL, true, "file", &layers, &error), ASSAY_ERROR_FORMAT, &error,
                         "514 layers are more than the 513");
    assay_state_destroy(state);
}
END_TEST

static Suite *suite(void)
{
    Suite *made = suite_create("model_hostile");
    TCase *tests = evidence_case("hostile",
                                 "errors: model/pickle, model/torch_zip, model/torch_state, model/safetensors, "
                                 "model/config, model/model, model/layers, tutorial/run_record_read");
    tcase_add_checked_fixture(tests, limit_memory, NULL);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, the_good_pickle_is_good);
    tcase_add_loop_test(tests, bad_pickles, 0, sizeof pickles / sizeof *pickles);
    tcase_add_test(tests, what_is_no_network_is_named);
    tcase_add_test(tests, tuples_of_tuples);
    tcase_add_test(tests, bad_archives);
    tcase_add_test(tests, deflated_archive_is_read);
    tcase_add_test(tests, both_byte_orders_are_read);
    tcase_add_test(tests, entry_twice);
    tcase_add_test(tests, damaged_storage_is_noticed);
    tcase_add_test(tests, cut_and_changed_archives);
    tcase_add_loop_test(tests, torch_files_that_are_refused, 0, sizeof torch_files / sizeof *torch_files);
    tcase_add_loop_test(tests, bad_headers, 0, sizeof headers / sizeof *headers);
    tcase_add_test(tests, bad_header_lengths);
    tcase_add_test(tests, deep_json);
    tcase_add_test(tests, reserved_name_is_not_written);
    tcase_add_loop_test(tests, bad_networks, 0, sizeof networks / sizeof *networks);
    tcase_add_loop_test(tests, bad_texts, 0, sizeof texts / sizeof *texts);
    tcase_add_test(tests, too_many_layers);
    suite_add_tcase(made, tests);
    return made;
}

int main(void)
{
    return support_run(suite());
}
