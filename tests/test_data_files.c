/*
 * Files that users have: every row of doc/files-data.md, with the result or the message. A row is one file, made here;
 * the page must have a row of this name with this message, and the tables here and there have the same number of rows.
 */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include "grade/npy_header.h"
#include "support.h"

enum {
    COUNT = 2,
    HEADER = 16,
    IMAGES_SIZE = HEADER + COUNT * ASSAY_IMAGE_PIXELS,
    LABELS_SIZE = 8 + COUNT,
    ROOM = 16384
};

typedef struct {
    uint8_t bytes[ROOM];
    size_t size;
} content;

/* --- contents ----------------------------------------------------------------------------------------------------- */

static void plain_images(content *made)
{
    static const uint8_t header[HEADER] = {0, 0, 8, 3, 0, 0, 0, COUNT, 0, 0, 0, 28, 0, 0, 0, 28};
    memcpy(made->bytes, header, HEADER);
    for (size_t i = HEADER; i < IMAGES_SIZE; i++) {
        made->bytes[i] = (uint8_t)(i * 7 % 251);
    }
    made->size = IMAGES_SIZE;
}

static void plain_labels(content *made)
{
    static const uint8_t labels[LABELS_SIZE] = {0, 0, 8, 1, 0, 0, 0, COUNT, 3, 9};
    memcpy(made->bytes, labels, sizeof labels);
    made->size = sizeof labels;
}

static void gzip(content *made)
{
    content packed = {.size = 0};
    z_stream z = {
        .next_in = made->bytes, .avail_in = (unsigned)made->size, .next_out = packed.bytes, .avail_out = ROOM};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.size = ROOM - z.avail_out;
    deflateEnd(&z);
    *made = packed;
}

static void append(content *made, const void *bytes, size_t size)
{
    memcpy(made->bytes + made->size, bytes, size);
    made->size += size;
}

static void gzip_images(content *made)
{
    plain_images(made);
    gzip(made);
}

static void two_members(content *made)
{
    content second;
    plain_images(&second);
    second.size -= 900;
    memmove(second.bytes, second.bytes + 900, second.size);
    gzip(&second);
    plain_images(made);
    made->size = 900;
    gzip(made);
    append(made, second.bytes, second.size);
}

static void zeros_behind(content *made)
{
    static const uint8_t zeros[512];
    gzip_images(made);
    append(made, zeros, sizeof zeros);
}

static void others_behind(content *made)
{
    gzip_images(made);
    append(made, "something", 9);
}

static void others_behind_zeros(content *made)
{
    zeros_behind(made);
    append(made, "something", 9);
}

static void gzip_twice(content *made)
{
    gzip_images(made);
    gzip(made);
}

#define TEXT(name, text)                      \
    static void name(content *made)           \
    {                                         \
        made->size = 0;                       \
        append(made, text, sizeof(text) - 1); \
    }

TEXT(web_page, "\n<!DOCTYPE html>\n<html><head><title>fashion-mnist/data</title></head></html>\n")
TEXT(nothing, "")
TEXT(not_found, "404: Not Found")
TEXT(lfs_pointer, "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 26421880\n")
TEXT(zip_archive, "PK\x03\x04\x14\x00\x00\x00\x08\x00                    ")
TEXT(xz_data, "\xFD"
              "7zXZ\x00\x00\x04\xE6\xD6\xB4\x46 ")
TEXT(bzip2_data, "BZh91AY&SY\x01\x02\x03\x04")
TEXT(zstd_data, "\x28\xB5\x2F\xFD\x04\x58\x01\x02\x03\x04")
TEXT(numpy_array, "\x93NUMPY\x01\x00v\x00{'descr': '|u1', ")
TEXT(noise, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x10\x11\x12\x13\x14\x15\x16\x17\x18")

static void web_page_gzipped(content *made)
{
    web_page(made);
    gzip(made);
}

static void gzip_cut(content *made)
{
    gzip_images(made);
    made->size -= 3;
}

static void gzip_cut_in_data(content *made)
{
    gzip_images(made);
    made->size /= 2;
}

static void gzip_changed(content *made)
{
    gzip_images(made);
    made->bytes[made->size - 6] ^= 0x10;
}

static void plain_cut(content *made)
{
    plain_images(made);
    made->size--;
}

static void plain_longer(content *made)
{
    plain_images(made);
    append(made, "x", 1);
}

static void gzip_longer(content *made)
{
    plain_longer(made);
    gzip(made);
}

static void float_images(content *made)
{
    plain_images(made);
    made->bytes[2] = 13;
}

static void large_images(content *made)
{
    plain_images(made);
    made->bytes[11] = made->bytes[15] = 32;
}

static void promise(content *made)
{
    plain_images(made);
    made->bytes[5] = 0x10; /* a million images */
    gzip(made);
}

static void no_images(content *made)
{
    plain_images(made);
    made->bytes[7] = 0;
}

/* --- files and folders -------------------------------------------------------------------------------------------- */

static void put(const char *root, const char *name, const content *bytes)
{
    char *path = assay_asprintf(NULL, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0777); /* there already, for the second file */
        *slash = '/';
    }
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes->bytes, 1, bytes->size, file), bytes->size);
    ck_assert_int_eq(fclose(file), 0);
    assay_free(path);
}

typedef enum { FILE_THERE, PIPE_THERE, FOLDER_THERE, SPARSE_THERE } thing;

/* clang-format off */
static const struct {
    const char *name;
    void (*make)(content *made); /* the training images */
    thing thing;
    const char *said;            /* NULL: read */
} images[] = {
    {"IDX, plain", plain_images, FILE_THERE, NULL},
    {"IDX, gzipped", gzip_images, FILE_THERE, NULL},
    {"gzip of two members", two_members, FILE_THERE, NULL},
    {"gzip, zeros behind it", zeros_behind, FILE_THERE, NULL},
    {"gzip, other bytes behind it", others_behind, FILE_THERE, "other bytes follow the gzip data"},
    {"gzip, zeros and other bytes", others_behind_zeros, FILE_THERE, "other bytes follow the gzip data"},
    {"gzipped twice", gzip_twice, FILE_THERE, "this is gzipped twice; run gunzip on it once"},
    {"web page", web_page, FILE_THERE, "this is a web page; download the file itself, not the page about it"},
    {"web page, gzipped", web_page_gzipped, FILE_THERE, "this is a web page; download the file itself"},
    {"message of a server", not_found, FILE_THERE, "this is text, perhaps a message of the server"},
    {"empty file", nothing, FILE_THERE, "is empty; is the download complete?"},
    {"gzip, last bytes missing", gzip_cut, FILE_THERE,
     "truncated: the gzip data ends before its checksum; is the download complete?"},
    {"gzip, half of it", gzip_cut_in_data, FILE_THERE, "truncated: the gzip data ends after"},
    {"gzip, wrong checksum", gzip_changed, FILE_THERE, "damaged gzip data (incorrect data check)"},
    {"gzip that cannot hold what its header promises", promise, FILE_THERE, "truncated: "},
    {"IDX, last byte missing", plain_cut, FILE_THERE, "truncated: the file ends after 1583 bytes, 1584 were expected"},
    {"IDX, a byte too many", plain_longer, FILE_THERE, "goes on after the 1584 bytes that its header announces"},
    {"gzip, a byte too many", gzip_longer, FILE_THERE, "goes on after the 1584 bytes that its header announces"},
    {"labels instead of images", plain_labels, FILE_THERE, "this is IDX of bytes in 1 dimension, not of bytes in 3"},
    {"IDX of float32", float_images, FILE_THERE, "this is IDX of float32 in 3 dimensions, not of bytes in 3"},
    {"images of 32 x 32", large_images, FILE_THERE, "images of 32 x 32 pixels, expected 28 x 28"},
    {"no images", no_images, FILE_THERE, "the header counts 0 items"},
    {"zip archive", zip_archive, FILE_THERE, "this is a zip archive; unpack it"},
    {"xz", xz_data, FILE_THERE, "this is compressed by xz; run unxz on it"},
    {"bzip2", bzip2_data, FILE_THERE, "this is compressed by bzip2; run bunzip2 on it"},
    {"zstd", zstd_data, FILE_THERE, "this is compressed by zstd; run unzstd on it"},
    {"pointer of Git LFS", lfs_pointer, FILE_THERE,
     "this is a pointer of Git LFS, not the file itself; run git lfs pull"},
    {"NumPy array", numpy_array, FILE_THERE, "this is a NumPy array; convert it to IDX"},
    {"other bytes", noise, FILE_THERE, "wrong magic 0x01020304, expected 0x00000803"},
    {"pipe", nothing, PIPE_THERE, "is not a regular file but a pipe"},
    {"folder", nothing, FOLDER_THERE, "is not a regular file but a folder"},
    {"sparse file of 2 GiB", nothing, SPARSE_THERE, "2147483648 bytes are more than the"},
};
/* clang-format on */

enum { IMAGE_ROWS = sizeof images / sizeof *images };

static const struct {
    const char *name;
    const char *stem; /* what comes before images-idx3-ubyte, "train-" or another; the separator is part of `middle` */
    const char *middle;
    bool gzip;
    const char *second; /* NULL, or another data set's stem in the same root */
    const char *said;   /* NULL: read */
} layouts[] = {
    {"names with a dot", "train-", ".", false, NULL, NULL},
    {"names with a dot, gzipped", "train-", ".", true, NULL, NULL},
    {"torchvision: FashionMNIST/raw", "FashionMNIST/raw/train-", "-", false, NULL, NULL},
    {"torchvision: raw", "raw/train-", "-", true, NULL, NULL},
    {"torchvision: MNIST/raw", "MNIST/raw/train-", "-", true, NULL, NULL},
    {"torchvision: KMNIST/raw", "KMNIST/raw/train-", "-", false, NULL, NULL},
    {"EMNIST's digits", "emnist-digits-train-", "-", true, NULL, NULL},
    {"torchvision: EMNIST/raw", "EMNIST/raw/emnist-digits-train-", "-", false, NULL, NULL},
    {"EMNIST's archive: gzip", "gzip/emnist-digits-train-", "-", true, NULL, NULL},
    {"two data sets in one folder", "MNIST/raw/train-", "-", false, "KMNIST/raw/train-",
     "holds more than one data set, in ./MNIST/raw and ./KMNIST/raw; name one of these folders"},
    {"a data set here and others below", "train-", "-", false, "MNIST/raw/train-", NULL},
};

enum { LAYOUT_ROWS = sizeof layouts / sizeof *layouts };

static void put_pair(const char *root, const char *stem, const char *middle, bool packed)
{
    content bytes;
    for (int file = 0; file < 2; file++) {
        (file == 0 ? plain_images : plain_labels)(&bytes);
        if (packed) {
            gzip(&bytes);
        }
        char *name = assay_asprintf(NULL, "%s%s%s%s-ubyte%s", stem, file == 0 ? "images" : "labels", middle,
                                    file == 0 ? "idx3" : "idx1", packed ? ".gz" : "");
        put(root, name, &bytes);
        assay_free(name);
    }
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

static char *read_page(void)
{
    char *path = assay_asprintf(NULL, "%s/doc/files-data.md", getenv("ASSAY_SOURCE"));
    char *text;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1 << 20, &text, &size, &error), &error);
    assay_free(path);
    return text;
}

/* The page's row of this name says this. */
static void check_page(const char *name, const char *said)
{
    char *text = read_page();
    char *start = assay_asprintf(NULL, "\n| %s | ", name);
    char *row = strstr(text, start);
    ck_assert_msg(row != NULL, "doc/files-data.md has no row '%s'", name);
    row[1 + strcspn(row + 1, "\n")] = '\0';
    ck_assert_msg(strstr(row, said == NULL ? "| read" : said) != NULL, "the row '%s' of the page does not say '%s'",
                  name, said == NULL ? "read" : said);
    assay_free(start);
    assay_free(text);
}

/* --- IDX ---------------------------------------------------------------------------------------------------------- */

static void check_load(const char *folder, const char *said)
{
    assay_dataset data;
    assay_error error = {0};
    content wanted;
    assay_status status = assay_dataset_load(folder, ASSAY_TRAIN, &data, &error);
    if (said != NULL) {
        ck_assert_int_ne(status, ASSAY_OK);
        support_assert_error(status, status, &error, said);
        ck_assert_msg(strstr(error.message, "; ") != NULL, "'%s' does not say what to do", error.message);
        ck_assert_msg(strstr(error.message, "reinstall") == NULL, "'%s' is about another folder", error.message);
        return;
    }
    support_assert_ok(status, &error);
    plain_images(&wanted);
    ck_assert_uint_eq(data.count, COUNT);
    ck_assert_mem_eq(data.pixels, wanted.bytes + HEADER, IMAGES_SIZE - HEADER);
    ck_assert_int_eq(data.labels[0], 3);
    ck_assert_int_eq(data.labels[1], 9);
    assay_dataset_destroy(&data);
}

static void put_thing(const char *root, const char *name, thing what)
{
    char *path = assay_asprintf(NULL, "%s/%s", root, name);
    if (what == SPARSE_THERE) {
        ck_assert_int_eq(truncate(path, (off_t)1 << 31), 0);
    } else if (what != FILE_THERE) {
        ck_assert_int_eq(unlink(path), 0);
        ck_assert_int_eq(what == PIPE_THERE ? mkfifo(path, 0666) : mkdir(path, 0777), 0);
    }
    assay_free(path);
}

START_TEST(images_are_read_or_named)
{
    char *folder = support_make_folder();
    content bytes;
    check_page(images[_i].name, images[_i].said);
    plain_labels(&bytes);
    put(folder, "train-labels-idx1-ubyte", &bytes);
    images[_i].make(&bytes);
    put(folder, "train-images-idx3-ubyte", &bytes);
    put_thing(folder, "train-images-idx3-ubyte", images[_i].thing);
    check_load(folder, images[_i].said);
    support_remove_folder(folder);
}
END_TEST

START_TEST(layouts_are_found)
{
    char *folder = support_make_folder();
    check_page(layouts[_i].name, layouts[_i].said);
    put_pair(folder, layouts[_i].stem, layouts[_i].middle, layouts[_i].gzip);
    if (layouts[_i].second != NULL) {
        put_pair(folder, layouts[_i].second, "-", false);
    }
    check_load(folder, layouts[_i].said);
    support_remove_folder(folder);
}
END_TEST

/* ROOT/FashionMNIST is found as well as ROOT; some archives have each file in a folder of its name, and beside it. */
START_TEST(folders_on_the_way_are_found)
{
    char *folder = support_make_folder();
    char *set = assay_asprintf(NULL, "%s/FashionMNIST", folder);
    char *raw = assay_asprintf(NULL, "%s/raw", set);
    char *decoy = assay_asprintf(NULL, "%s/train-images-idx3-ubyte", raw);
    put_pair(folder, "FashionMNIST/raw/train-", ".", false);
    ck_assert_int_eq(mkdir(decoy, 0777), 0);
    check_load(folder, NULL);
    check_load(set, NULL);
    check_load(raw, NULL);
    /* Where there are folders alone, the message is about the first. */
    char *file = assay_asprintf(NULL, "%s/train-images.idx3-ubyte", raw);
    ck_assert(unlink(file) == 0 && mkdir(file, 0777) == 0);
    check_load(raw, "train-images-idx3-ubyte: is not a regular file but a folder");
    assay_free(file);
    assay_free(decoy);
    assay_free(raw);
    assay_free(set);
    support_remove_folder(folder);
}
END_TEST

/* Only files of Debian's package can be installed again. */
START_TEST(only_the_default_folder_is_reinstalled)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/../../../..%s", ASSAY_DEFAULT_DATA, folder);
    assay_dataset data;
    assay_error error = {0};
    content bytes;
    struct stat about;
    put_pair(folder, "train-", "-", false);
    gzip_twice(&bytes);
    bytes.size = 1;
    put(folder, "train-labels-idx1-ubyte", &bytes);
    check_load(folder, "is the download complete?");
    if (stat(path, &about) == 0) {
        support_assert_error(assay_dataset_load(path, ASSAY_TRAIN, &data, &error), ASSAY_ERROR_FORMAT, &error,
                             "apt-get install --reinstall dataset-fashion-mnist");
    }
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A control character in a name would move the cursor, or worse. */
START_TEST(names_reach_no_terminal_raw)
{
    char *folder = support_make_folder();
    char *inside = assay_asprintf(NULL, "%s/\x1b[2J\a", folder);
    assay_dataset data;
    assay_error error = {0};
    support_assert_error(assay_dataset_load(inside, ASSAY_TRAIN, &data, &error), ASSAY_ERROR_IO, &error,
                         "?[2J?: No such");
    ck_assert_ptr_null(strchr(error.message, '\x1b'));
    assay_free(inside);
    support_remove_folder(folder);
}
END_TEST

static long peak_kilobytes(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* 256 MiB of zeros behind the two labels that the header announces. */
START_TEST(bombs_take_no_memory)
{
    static uint8_t zeros[1 << 20];
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/train-labels-idx1-ubyte.gz", folder);
    content bytes;
    gzip_images(&bytes);
    put(folder, "train-images-idx3-ubyte", &bytes);
    plain_labels(&bytes);
    gzFile file = gzopen(path, "wb1");
    ck_assert_int_eq(gzwrite(file, bytes.bytes, (unsigned)bytes.size), (int)bytes.size);
    for (int i = 0; i < 256; i++) {
        ck_assert_int_eq(gzwrite(file, zeros, sizeof zeros), (int)sizeof zeros);
    }
    ck_assert_int_eq(gzclose(file), Z_OK);
    long before = peak_kilobytes();
    check_load(folder, "goes on after the 10 bytes that its header announces");
    ck_assert_int_lt(peak_kilobytes() - before, 16 * 1024);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* The training images' own moments, for both parts. */
START_TEST(normalization_is_measured)
{
    evidence(EVIDENCE_PROPERTY, "data/dataset_normalize");
    evidence(EVIDENCE_PROPERTY, "data/dataset_moments");
    char *folder = support_make_folder();
    assay_dataset train, test;
    assay_normalization own;
    assay_error error = {0};
    double mean, std;
    put_pair(folder, "train-", "-", true);
    put_pair(folder, "t10k-", "-", true);
    support_assert_ok(assay_normalization_by_name("tutorial", &own, &error), &error);
    ck_assert_int_eq(own, ASSAY_NORMALIZE_TUTORIAL);
    support_assert_ok(assay_normalization_by_name("own", &own, &error), &error);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TRAIN, &train, &error), &error);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TEST, &test, &error), &error);
    ck_assert(train.mean == ASSAY_NORMALIZE_MEAN && train.std == ASSAY_NORMALIZE_STD);
    assay_dataset_moments(&train, &mean, &std);
    memset(test.pixels, 7, test.count * test.width);
    support_assert_ok(assay_dataset_normalize(folder, ASSAY_TRAIN, own, &train, &error), &error);
    support_assert_ok(assay_dataset_normalize(folder, ASSAY_TEST, own, &test, &error), &error);
    ck_assert(train.mean == (float)mean && train.std == (float)std);
    ck_assert(test.mean == (float)mean && test.std == (float)std);
    support_assert_ok(assay_dataset_normalize(folder, ASSAY_TEST, ASSAY_NORMALIZE_TUTORIAL, &test, &error), &error);
    ck_assert(test.mean == ASSAY_NORMALIZE_MEAN && test.std == ASSAY_NORMALIZE_STD);
    support_assert_error(assay_dataset_normalize(folder, ASSAY_TRAIN, own,
                                                 &(assay_dataset){.count = 1, .width = 2, .pixels = (uint8_t[]){5, 5}},
                                                 &error),
                         ASSAY_ERROR_NUMERIC, &error, "all pixels");
    char *training = assay_asprintf(NULL, "%s/train-images-idx3-ubyte.gz", folder);
    ck_assert_int_eq(unlink(training), 0);
    support_assert_error(assay_dataset_normalize(folder, ASSAY_TEST, own, &test, &error), ASSAY_ERROR_IO, &error,
                         "train-images-idx3-ubyte: missing");
    assay_free(training);
    support_assert_error(assay_normalization_by_name("mine", &own, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "take tutorial or own");
    assay_dataset_destroy(&train);
    assay_dataset_destroy(&test);
    support_remove_folder(folder);
}
END_TEST

/* --- .npy --------------------------------------------------------------------------------------------------------- */

#define DESCR(type) "{'descr': '" type "', 'fortran_order': False, 'shape': (3,), }"
#define SHAPE(text) "{'descr': '<f8', 'fortran_order': False, 'shape': " text ", }"
#define EIGHT(a, b, c) "\0\0\0\0\0\0" a "\0\0\0\0\0\0" b "\0\0\0\0\0\0" c
#define DOUBLES EIGHT("\xf0\x3f", "\0\xc0", "\xe0\x3f") /* 1, -2, 0.5 */

/* clang-format off */
static const struct {
    const char *name;
    int version;
    const char *header;
    const char *data;
    size_t size;
    grade_precision precision;
    double values[3];
    const char *said; /* NULL: read */
} arrays[] = {
    {"npy: float64", 1, DESCR("<f8"), DOUBLES, 24, GRADE_F64, {1, -2, 0.5}, NULL},
    {"npy: float64, big-endian", 1, DESCR(">f8"), "\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0\x3f\xe0\0\0\0\0\0\0", 24,
     GRADE_F64,
     {1, -2, 0.5}, NULL},
    {"npy: float32", 1, DESCR("<f4"), "\0\0\x80\x3f\0\0\0\xc0\0\0\0\x3f", 12, GRADE_F32, {1, -2, 0.5}, NULL},
    {"npy: float32, big-endian", 1, DESCR(">f4"), "\x3f\x80\0\0\xc0\0\0\0\x3f\0\0\0", 12, GRADE_F32, {1, -2, 0.5},
     NULL},
    {"npy: float16", 1, DESCR("<f2"), "\x01\x00\xff\x7b\x00\xfc", 6, GRADE_F32,
     {5.9604644775390625e-08, 65504, -INFINITY}, NULL},
    {"npy: float16, big-endian", 1, DESCR(">f2"), "\x3c\x00\xc0\x00\x80\x01", 6, GRADE_F32,
     {1, -2, -5.9604644775390625e-08}, NULL},
    {"npy: bool", 1, DESCR("|b1"), "\1\0\1", 3, GRADE_F64, {1, 0, 1}, NULL},
    {"npy: int8", 1, DESCR("|i1"), "\x80\x7f\xff", 3, GRADE_F64, {-128, 127, -1}, NULL},
    {"npy: uint8", 1, DESCR("|u1"), "\x80\x7f\xff", 3, GRADE_F64, {128, 127, 255}, NULL},
    {"npy: int16, big-endian", 1, DESCR(">i2"), "\xff\xfe\x01\x00\x80\x00", 6, GRADE_F64, {-2, 256, -32768}, NULL},
    {"npy: int32", 1, DESCR("<i4"), "\xfe\xff\xff\xff\0\0\0\x80\7\0\0\0", 12, GRADE_F64, {-2, -2147483648.0, 7}, NULL},
    {"npy: uint32", 1, DESCR("<u4"), "\xff\xff\xff\xff\0\0\0\x80\7\0\0\0", 12, GRADE_F64,
     {4294967295.0, 2147483648.0, 7}, NULL},
    {"npy: int64", 1, DESCR("<i8"), EIGHT("\0\x80", "\0\x40", "\xff\xff"), 24, GRADE_F64,
     {-9223372036854775808.0, 4611686018427387904.0, -281474976710656.0}, NULL},
    {"npy: uint64", 1, DESCR("<u8"), EIGHT("\0\x80", "\0\x40", "\0\0"), 24, GRADE_F64,
     {9223372036854775808.0, 4611686018427387904.0, 0}, NULL},
    {"npy: version 2.0", 2, DESCR("<f8"), DOUBLES, 24, GRADE_F64, {1, -2, 0.5}, NULL},
    {"npy: version 3.0", 3, DESCR("<f8"), DOUBLES, 24, GRADE_F64, {1, -2, 0.5}, NULL},
    {"npy: version 4.0", 4, DESCR("<f8"), DOUBLES, 24, GRADE_F64, {0},
     "a .npy file of version 4.0, known are 1.0, 2.0 and 3.0"},
    {"npy: double quotation marks", 1, "{\"descr\": \"<f8\", \"fortran_order\": False, \"shape\": (3,)}", DOUBLES, 24,
     GRADE_F64,
     {1, -2, 0.5}, NULL},
    {"npy: Python 2's 3L", 1, SHAPE("(3L,)"), DOUBLES, 24, GRADE_F64, {1, -2, 0.5}, NULL},
    {"npy: 3L in version 3.0", 3, SHAPE("(3L,)"), DOUBLES, 24, GRADE_F64, {0},
     "the .npy header is not as NumPy writes it"},
    {"npy: no byte order", 1, DESCR("|f8"), DOUBLES, 24, GRADE_F64, {1, -2, 0.5}, NULL},
    {"npy: shape (3 4)", 1, SHAPE("(3 4)"), DOUBLES, 24, GRADE_F64, {0}, "the .npy header is not as NumPy writes it"},
    {"npy: shape (3)", 1, SHAPE("(3)"), DOUBLES, 24, GRADE_F64, {0}, "the .npy header is not as NumPy writes it"},
    {"npy: shape (03,)", 1, SHAPE("(03,)"), DOUBLES, 24, GRADE_F64, {0}, "the .npy header is not as NumPy writes it"},
    {"npy: another key", 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), 'more': (1,)}", DOUBLES, 24,
     GRADE_F64, {0},
     "the .npy header is not as NumPy writes it"},
    {"npy: fortran_order 0", 1, "{'descr': '<f8', 'fortran_order': 0, 'shape': (3,)}", DOUBLES, 24, GRADE_F64, {0},
     "the .npy header is not as NumPy writes it"},
    {"npy: text behind the dictionary", 1, DESCR("<f8") " x", DOUBLES, 24, GRADE_F64, {0},
     "the .npy header is not as NumPy writes it"},
    {"npy: dtype <f8x", 1, DESCR("<f8x"), DOUBLES, 24, GRADE_F64, {0}, "dtype is '<f8x'"},
    {"npy: complex", 1, DESCR("<c16"), DOUBLES, 24, GRADE_F64, {0}, "dtype is '<c16'; save real numbers"},
    {"npy: objects", 1, DESCR("|O"), DOUBLES, 24, GRADE_F64, {0}, "dtype is '|O'; save real numbers"},
    {"npy: text", 1, DESCR("<U5"), DOUBLES, 24, GRADE_F64, {0}, "dtype is '<U5'; save real numbers"},
    {"npy: structure", 1, "{'descr': [('x', '<f8')], 'fortran_order': False, 'shape': (3,)}", DOUBLES, 24, GRADE_F64,
     {0},
     "or the dtype is a structure"},
    {"npy: axes of length 1", 1, SHAPE("(3, 1)"), DOUBLES, 24, GRADE_F64, {1, -2, 0.5}, NULL},
    {"npy: another shape", 1, SHAPE("(2, 2)"), DOUBLES, 24, GRADE_F64, {0}, "the shape is [2][2], expected [3]"},
    {"npy: four dimensions", 1, SHAPE("(3, 1, 1, 1)"), DOUBLES, 24, GRADE_F64, {0},
     "the array has 4 dimensions, expected [3]"},
    {"npy: cut", 1, DESCR("<f8"), DOUBLES, 23, GRADE_F64, {0}, "23 bytes of data, expected 24; is it written whole?"},
};
/* clang-format on */

enum { ARRAY_ROWS = sizeof arrays / sizeof *arrays };

START_TEST(arrays_are_read_or_refused)
{
    unsigned char bytes[256] = "\x93NUMPY";
    double values[3] = {0};
    grade_field field = {.name = "y", .rank = 1, .shape = {3}, .count = 3, .values = values};
    grade_precision precision = GRADE_F64;
    assay_error error = {0};
    size_t start = arrays[_i].version == 1 ? 10 : 12;
    size_t length = strlen(arrays[_i].header);
    check_page(arrays[_i].name, arrays[_i].said);
    bytes[6] = (unsigned char)arrays[_i].version;
    bytes[8] = (unsigned char)length;
    memcpy(bytes + start, arrays[_i].header, length);
    memcpy(bytes + start + length, arrays[_i].data, arrays[_i].size);
    assay_status status = assay_npy_decode("1.y.npy", bytes, start + length + arrays[_i].size, &field, &precision,
                                           &error);
    if (arrays[_i].said != NULL) {
        support_assert_error(status, status == ASSAY_OK ? ASSAY_ERROR_FORMAT : status, &error, arrays[_i].said);
    } else {
        support_assert_ok(status, &error);
        ck_assert_int_eq(precision, arrays[_i].precision);
        for (int i = 0; i < 3; i++) {
            ck_assert_double_eq(values[i], arrays[_i].values[i]);
        }
    }
}
END_TEST

/* Rows of tables that no test knows would be promises. */
START_TEST(the_page_has_no_other_rows)
{
    char *text = read_page();
    size_t rows = 0;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        rows += strncmp(line, "| ", 2) == 0 && strncmp(line, "| File ", 7) != 0;
    }
    ck_assert_uint_eq(rows, IMAGE_ROWS + LAYOUT_ROWS + ARRAY_ROWS);
    assay_free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data files");
    TCase *files = evidence_case("idx", "property: data/idx_read, data/dataset_load; errors: data/idx_read, "
                                        "data/dataset_load");
    tcase_set_timeout(files, 60);
    tcase_add_loop_test(files, images_are_read_or_named, 0, IMAGE_ROWS);
    tcase_add_loop_test(files, layouts_are_found, 0, LAYOUT_ROWS);
    tcase_add_test(files, folders_on_the_way_are_found);
    tcase_add_test(files, only_the_default_folder_is_reinstalled);
    tcase_add_test(files, names_reach_no_terminal_raw);
    tcase_add_test(files, bombs_take_no_memory);
    tcase_add_test(files, normalization_is_measured);
    tcase_add_test(files, the_page_has_no_other_rows);
    suite_add_tcase(suite, files);
    TCase *npy = evidence_case("npy", "property: grade/npy; errors: grade/npy");
    tcase_add_loop_test(npy, arrays_are_read_or_refused, 0, ARRAY_ROWS);
    suite_add_tcase(suite, npy);
    return support_run(suite);
}
