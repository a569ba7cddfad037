/* lib/data: IDX files good and bad, normalization, moments, the split and the loader's order. */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/csv.h>
#include <assay/data/dataset.h>
#include <assay/data/idx.h>
#include <assay/data/scaling.h>
#include <assay/data/split.h>
#include "data/byte_stream.h"
#include "data/files.h"
#include "data/foreign.h"
#include "support.h"

enum { IMAGES = 5 };

typedef enum { IMAGE_FILE, LABEL_FILE } file_kind;

/* How a file differs from a correct one of IMAGES images or labels; all zero: it is correct. */
typedef struct {
    uint32_t magic;   /* exclusive or with the magic */
    uint32_t count;   /* added to the header's count, modulo 2^32 */
    uint32_t rows;    /* added to the header's rows */
    uint32_t columns; /* added to the header's columns */
    long body;        /* bytes added to the body */
    uint8_t last;     /* if not 0, the last byte of the body */
    long cut;         /* bytes cut off the end of the file as stored */
    long flip;        /* if not 0, the byte that many before the end of the file as stored is inverted */
} damage;

static char *file_path(const char *folder, const char *part, file_kind kind, bool gzip)
{
    return assay_asprintf(NULL, "%s/%s-%s-ubyte%s", folder, part, kind == IMAGE_FILE ? "images-idx3" : "labels-idx1",
                          gzip ? ".gz" : "");
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

static uint8_t pixel_at(size_t i)
{
    return (uint8_t)(i * 7 + i / 784 * 3);
}

static uint8_t label_at(size_t i)
{
    return (uint8_t)((i * 3 + 1) % 10);
}

/* The bytes of an IDX file before compression; the caller frees them. */
static uint8_t *idx_bytes(file_kind kind, uint32_t images, const damage *d, size_t *size)
{
    size_t header = kind == IMAGE_FILE ? 16 : 8;
    size_t body = (size_t)((long)images * (kind == IMAGE_FILE ? ASSAY_IMAGE_PIXELS : 1) + d->body);
    uint8_t *bytes = assay_calloc(header + body, 1, NULL);
    ck_assert_ptr_nonnull(bytes);
    put_word(bytes, (kind == IMAGE_FILE ? 0x803u : 0x801u) ^ d->magic);
    put_word(bytes + 4, images + d->count);
    if (kind == IMAGE_FILE) {
        put_word(bytes + 8, ASSAY_IMAGE_SIDE + d->rows);
        put_word(bytes + 12, ASSAY_IMAGE_SIDE + d->columns);
    }
    for (size_t i = 0; i < body; i++) {
        bytes[header + i] = kind == IMAGE_FILE ? pixel_at(i) : label_at(i);
    }
    if (d->last != 0) {
        bytes[header + body - 1] = d->last;
    }
    *size = header + body;
    return bytes;
}

/* zlib writes plain files too, with mode T. */
static void store(const char *path, const uint8_t *bytes, size_t size, bool gzip)
{
    gzFile file = gzopen(path, gzip ? "wb" : "wbT");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, bytes, (unsigned)size), (int)size);
    ck_assert_int_eq(gzclose(file), Z_OK);
}

static void damage_stored(const char *path, const damage *d)
{
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    if (d->cut != 0) {
        ck_assert_int_eq(truncate(path, about.st_size - d->cut), 0);
    }
    if (d->flip != 0) {
        FILE *file = fopen(path, "r+b");
        ck_assert_ptr_nonnull(file);
        fseek(file, -d->flip, SEEK_END);
        int byte = fgetc(file);
        fseek(file, -d->flip, SEEK_END);
        fputc(byte ^ 0xff, file);
        ck_assert_int_eq(fclose(file), 0);
    }
}

static void write_file(const char *folder, const char *part, file_kind kind, bool gzip, uint32_t images,
                       const damage *d)
{
    size_t size;
    uint8_t *bytes = idx_bytes(kind, images, d, &size);
    char *path = file_path(folder, part, kind, gzip);
    store(path, bytes, size, gzip);
    damage_stored(path, d);
    assay_free(path);
    assay_free(bytes);
}

static const damage NONE = {0};

static void write_part(const char *folder, const char *part, bool gzip, uint32_t images)
{
    write_file(folder, part, IMAGE_FILE, gzip, images, &NONE);
    write_file(folder, part, LABEL_FILE, gzip, images, &NONE);
}

static void check_content(const assay_dataset *dataset, size_t images)
{
    ck_assert_uint_eq(dataset->count, images);
    ck_assert_uint_eq(dataset->width, ASSAY_IMAGE_PIXELS);
    for (size_t i = 0; i < images * ASSAY_IMAGE_PIXELS; i++) {
        if (dataset->pixels[i] != pixel_at(i)) {
            ck_abort_msg("pixel %zu is %u", i, dataset->pixels[i]);
        }
    }
    for (size_t i = 0; i < images; i++) {
        if (dataset->labels[i] != label_at(i)) {
            ck_abort_msg("label %zu is %d", i, dataset->labels[i]);
        }
    }
}

/* One image; a few; and so many (17 MB) that the buffer grows twice. */
START_TEST(good_files)
{
    static const uint32_t counts[] = {1, IMAGES, 22000};
    bool gzip_images = _i & 1;
    bool gzip_labels = _i & 2;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        char *folder = support_make_folder();
        write_file(folder, "t10k", IMAGE_FILE, gzip_images, counts[i], &NONE);
        write_file(folder, "t10k", LABEL_FILE, gzip_labels, counts[i], &NONE);
        assay_dataset dataset;
        assay_error error;
        support_assert_ok(assay_dataset_load(folder, ASSAY_TEST, &dataset, &error), &error);
        check_content(&dataset, counts[i]);
        assay_dataset_destroy(&dataset);
        ck_assert_ptr_null(dataset.pixels);
        assay_dataset_destroy(&dataset);
        support_remove_folder(folder);
    }
}
END_TEST

/* Each part reads its own files; a plain file goes before one with .gz; the content decides whether it is gzipped. */
START_TEST(which_file_is_read)
{
    char *folder = support_make_folder();
    assay_dataset dataset;
    assay_error error;
    write_part(folder, "train", true, 3);
    write_part(folder, "t10k", true, 4);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TRAIN, &dataset, &error), &error);
    check_content(&dataset, 3);
    assay_dataset_destroy(&dataset);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TEST, &dataset, &error), &error);
    check_content(&dataset, 4);
    assay_dataset_destroy(&dataset);
    write_part(folder, "train", false, 2);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TRAIN, &dataset, &error), &error);
    check_content(&dataset, 2);
    assay_dataset_destroy(&dataset);
    char *zipped = file_path(folder, "t10k", IMAGE_FILE, true);
    char *plain = file_path(folder, "t10k", IMAGE_FILE, false);
    ck_assert_int_eq(rename(zipped, plain), 0);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TEST, &dataset, &error), &error);
    check_content(&dataset, 4);
    assay_dataset_destroy(&dataset);
    assay_free(zipped);
    assay_free(plain);
    support_remove_folder(folder);
}
END_TEST

static const struct {
    const char *head;
    bool unpacked;
    const char *kind; /* NULL: no file that people take for IDX */
} heads[] = {
    {"\x1f\x8b\x08", true, "gzipped twice"},
    {"\x1f\x8b\x08", false, NULL},
    {"\x1f\x8c\x08", true, NULL},
    {"\x1f", true, NULL},
    {"\xEF\xBB\xBF<!DOCTYPE html>", false, "web page"},
    {"\xEF\xBB", false, "this is text"},
    {"   \n", false, "this is text"},
    {"404: Not Found", false, "this is text"},
    {"404: Not\x7f", false, NULL},
    {"", false, NULL},
    {"\x1f\x8b", true, "gzipped twice"},
    {"PK\x03\x04", false, "zip archive"},
    {"PK\x03", false, NULL},
    {"PK\x03\x05", false, NULL},
    {"\xFD"
     "7zXZ",
     false, "by xz"},
    {"BZh", false, "by bzip2"},
    {"BZ", false, "this is text"},
    {"\x28\xB5\x2F\xFD", true, "by zstd"},
    {"\x93NUMPY", false, "NumPy array"},
    {"\x89HDF", false, "HDF5"},
    {"PAR1", false, "Parquet"},
    {"\x89PNG", false, "a picture"},
    {"version https://git-lfs", true, "Git LFS"},
    {"version https://git-lf", true, "this is text"},
    {"<!DOCTYPE", false, "web page"},
    {"<!doctyp", false, "this is text"},
    {"<html", false, "web page"},
    {" \t\r\n<HEAD", false, "web page"},
    {"<body", false, "web page"},
    {"<?xml", false, "web page"},
    {"<!--", false, "web page"},
    {"\xEF\xBB\xBF<html", false, "web page"},
    {"\xEF\xBB<html", false, "this is text"},
    {"\v<html", false, NULL},
    {"a\tb\nc\rd ~", false, "this is text"},
    {"a\x1f", false, NULL},
    {"a\v", false, NULL},
};

START_TEST(heads_of_other_files_are_known)
{
    evidence(EVIDENCE_ERRORS, "data/idx_read");
    const char *head = heads[_i].head;
    const char *kind = assay_foreign_kind((const uint8_t *)head, strlen(head), heads[_i].unpacked);
    ck_assert_msg((kind == NULL) == (heads[_i].kind == NULL), "'%s'", kind);
    ck_assert_msg(kind == NULL || strstr(kind, heads[_i].kind) != NULL, "'%s'", kind);
}
END_TEST

enum { PLAIN = 1, GZIP = 2, BOTH = 3 };

/* Sizes as stored: plain images 16 + 3920 bytes, plain labels 8 + 5; gzip ends with CRC and length, 4 bytes each. */
static const struct {
    file_kind file;
    int storage;
    damage damage;
    const char *message;
} bad[] = {
    {IMAGE_FILE, BOTH, {.magic = 0x803 ^ 0x801}, "wrong magic 0x00000801, expected 0x00000803"},
    {IMAGE_FILE, BOTH, {.magic = 0x500}, "wrong magic 0x00000d03, expected 0x00000803"},
    {LABEL_FILE, BOTH, {.magic = 0x803 ^ 0x801}, "wrong magic 0x00000803, expected 0x00000801"},
    {IMAGE_FILE, BOTH, {.magic = 0x500}, "this is IDX of float32 in 3 dimensions, not of bytes in 3"},
    {IMAGE_FILE, BOTH, {.magic = 0x200}, "wrong magic 0x00000a03, expected 0x00000803 (IDX of bytes in 3 dimensions);"},
    {IMAGE_FILE, PLAIN, {.magic = 0x1f000803}, "wrong magic 0x1f000000, expected 0x00000803"},
    {LABEL_FILE, BOTH, {.magic = 0x01000000}, "expected 0x00000801 (IDX of bytes in 1 dimension);"},
    {IMAGE_FILE, BOTH, {.rows = 1}, "images of 29 x 28 pixels, expected 28 x 28"},
    {IMAGE_FILE, BOTH, {.columns = 4}, "images of 28 x 32 pixels, expected 28 x 28"},
    {IMAGE_FILE, BOTH, {.rows = (uint32_t)-28, .columns = (uint32_t)-28}, "images of 0 x 0 pixels"},
    {IMAGE_FILE, BOTH, {.count = (uint32_t)-IMAGES}, "the header counts 0 items"},
    {LABEL_FILE, BOTH, {.count = (uint32_t)-IMAGES}, "the header counts 0 items"},
    {IMAGE_FILE, BOTH, {.count = (uint32_t)-1 - IMAGES}, "the header counts 4294967295 items of 784 bytes, more than"},
    {IMAGE_FILE, BOTH, {.count = 1369569 - IMAGES}, "the header counts 1369569 items of 784 bytes, more than"},
    {IMAGE_FILE, PLAIN, {.count = 1369568 - IMAGES}, "the file ends after 3936 bytes, 1073741328 were expected"},
    {IMAGE_FILE, GZIP, {.count = 1369568 - IMAGES}, "of gzip data cannot hold the 1073741328 bytes that were expected"},
    {LABEL_FILE, BOTH, {.body = -1}, "truncated: the file ends after 12 bytes, 13 were expected"},
    {IMAGE_FILE, BOTH, {.body = -1}, "truncated: the file ends after 3935 bytes, 3936 were expected"},
    {IMAGE_FILE, BOTH, {.body = 1}, "goes on after the 3936 bytes that its header announces"},
    {LABEL_FILE, BOTH, {.body = 1}, "goes on after the 13 bytes that its header announces"},
    {IMAGE_FILE, BOTH, {.count = (uint32_t)-1}, "goes on after the 3152 bytes that its header announces"},
    {LABEL_FILE, BOTH, {.count = (uint32_t)-1, .body = -1}, "4 labels for 5 images"},
    {LABEL_FILE, BOTH, {.count = 1, .body = 1}, "6 labels for 5 images"},
    {LABEL_FILE, BOTH, {.count = (uint32_t)-1 - IMAGES}, "4294967295 labels for 5 images"},
    {LABEL_FILE, BOTH, {.last = 10}, "label 10 of image 4 (counted from 0) is over 9"},
    {LABEL_FILE, BOTH, {.last = 255}, "label 255 of image 4 (counted from 0) is over 9"},
    {IMAGE_FILE, PLAIN, {.cut = 3936}, "is empty; is the download complete?"},
    {IMAGE_FILE, PLAIN, {.cut = 3933}, "truncated: the file ends after 3 bytes, 16 were expected"},
    {IMAGE_FILE, PLAIN, {.cut = 3921}, "truncated: the file ends after 15 bytes, 16 were expected"},
    {IMAGE_FILE, PLAIN, {.cut = 3920}, "truncated: the file ends after 16 bytes, 3936 were expected"},
    {LABEL_FILE, PLAIN, {.cut = 1}, "truncated: the file ends after 12 bytes, 13 were expected"},
    {IMAGE_FILE, GZIP, {.cut = 1}, "truncated: the gzip data ends before its checksum"},
    {IMAGE_FILE, GZIP, {.cut = 8}, "truncated: the gzip data ends before its checksum"},
    {IMAGE_FILE, GZIP, {.cut = 30}, "truncated: the gzip data ends after "},
    {LABEL_FILE, GZIP, {.cut = 12}, "truncated: the gzip data ends "},
    {IMAGE_FILE, GZIP, {.flip = 8}, "damaged gzip data (incorrect data check)"},
    {LABEL_FILE, GZIP, {.flip = 5}, "damaged gzip data (incorrect data check)"},
    {IMAGE_FILE, GZIP, {.flip = 1}, "damaged gzip data (incorrect length check)"},
};

enum { BAD = sizeof bad / sizeof *bad };

/* The message names the file and says what to do; nothing stays allocated. */
static void check_refused(const char *folder, assay_part part, const char *file, assay_status wanted,
                          const char *message)
{
    assay_dataset dataset;
    assay_error error;
    support_assert_error(assay_dataset_load(folder, part, &dataset, &error), wanted, &error, message);
    ck_assert_msg(strncmp(error.message, file, strlen(file)) == 0, "'%s' does not begin with %s", error.message, file);
    ck_assert_msg(strstr(error.message, "; ") != NULL, "'%s' does not say what to do", error.message);
    ck_assert_ptr_null(dataset.pixels);
    ck_assert_ptr_null(dataset.labels);
    ck_assert_uint_eq(dataset.count, 0);
}

START_TEST(bad_files)
{
    bool gzip = _i % 2 == 1;
    if ((bad[_i / 2].storage & (gzip ? GZIP : PLAIN)) == 0) {
        return;
    }
    char *folder = support_make_folder();
    write_part(folder, "train", gzip, IMAGES);
    write_file(folder, "train", bad[_i / 2].file, gzip, IMAGES, &bad[_i / 2].damage);
    char *path = file_path(folder, "train", bad[_i / 2].file, gzip);
    check_refused(folder, ASSAY_TRAIN, path, ASSAY_ERROR_FORMAT, bad[_i / 2].message);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

START_TEST(missing_files)
{
    static const char advice[] = "; name the folder that has the files (--data DIR)";
    char *folder = support_make_folder();
    char *inside = assay_asprintf(NULL, "%s/nothing", folder);
    check_refused(inside, ASSAY_TRAIN, inside, ASSAY_ERROR_IO, "No such file or directory");
    check_refused(inside, ASSAY_TRAIN, inside, ASSAY_ERROR_IO, advice);
    store(inside, (const uint8_t *)"text", 4, false);
    check_refused(inside, ASSAY_TRAIN, inside, ASSAY_ERROR_IO, "is not a folder");
    char *images = file_path(folder, "train", IMAGE_FILE, false);
    char *labels = file_path(folder, "train", LABEL_FILE, false);
    write_part(folder, "t10k", true, IMAGES);
    check_refused(folder, ASSAY_TRAIN, images, ASSAY_ERROR_IO, "missing, plain and with .gz");
    check_refused(folder, ASSAY_TRAIN, images, ASSAY_ERROR_IO, advice);
    write_file(folder, "train", IMAGE_FILE, true, IMAGES, &NONE);
    check_refused(folder, ASSAY_TRAIN, labels, ASSAY_ERROR_IO, "missing, plain and with .gz");
    assay_free(images);
    assay_free(labels);
    assay_free(inside);
    support_remove_folder(folder);
}
END_TEST

/* A folder can be opened and not read, a socket not even opened, by root either. */
START_TEST(unreadable_files)
{
    char *folder = support_make_folder();
    char *path = file_path(folder, "train", IMAGE_FILE, false);
    write_file(folder, "train", LABEL_FILE, false, IMAGES, &NONE);
    ck_assert_int_eq(mkdir(path, 0777), 0);
    assay_dataset dataset;
    assay_error error;
    support_assert_error(assay_dataset_load(folder, ASSAY_TRAIN, &dataset, &error), ASSAY_ERROR_IO, &error,
                         "train-images-idx3-ubyte: is not a regular file but a folder");
    ck_assert_int_eq(rmdir(path), 0);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path));
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    support_assert_error(assay_dataset_load(folder, ASSAY_TRAIN, &dataset, &error), ASSAY_ERROR_IO, &error,
                         "train-images-idx3-ubyte: cannot be opened: ");
    close(listener);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

static long peak_kilobytes(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* A header that promises just under 1 GiB takes no more memory than the few bytes that follow it and a buffer. */
START_TEST(promises_take_no_memory)
{
    char *folder = support_make_folder();
    const damage promise = {.count = 1369568 - IMAGES};
    write_file(folder, "train", IMAGE_FILE, true, IMAGES, &promise);
    write_file(folder, "train", LABEL_FILE, true, IMAGES, &NONE);
    long before = peak_kilobytes();
    assay_dataset dataset;
    assay_error error;
    support_assert_error(assay_dataset_load(folder, ASSAY_TRAIN, &dataset, &error), ASSAY_ERROR_FORMAT, &error,
                         "truncated");
    ck_assert_int_lt(peak_kilobytes() - before, 64 * 1024);
    support_remove_folder(folder);
}
END_TEST

/* The reader also reads other shapes than those of images. */
START_TEST(items_of_one_axis)
{
    static const uint8_t file[] = {0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6};
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/pairs", folder);
    store(path, file, sizeof file, true);
    size_t count;
    uint8_t *bytes;
    assay_error error;
    assay_idx_form form = {.dimensions = 2, .item_shape = (const uint32_t[]){2}};
    support_assert_ok(assay_idx_read(path, &form, &count, &bytes, &error), &error);
    ck_assert_uint_eq(count, 3);
    ck_assert_mem_eq(bytes, file + 12, 6);
    assay_free(bytes);
    form.item_shape = (const uint32_t[]){3};
    support_assert_error(assay_idx_read(path, &form, &count, &bytes, &error), ASSAY_ERROR_FORMAT, &error,
                         "items of 2 values, expected 3");
    ck_assert_ptr_null(bytes);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A zero byte is no text, and no blank before a page. */
START_TEST(zeros_are_no_text)
{
    evidence(EVIDENCE_ERRORS, "data/idx_read");
    ck_assert_ptr_null(assay_foreign_kind((const uint8_t *)"ab\0c", 4, false));
    ck_assert_ptr_null(assay_foreign_kind((const uint8_t *)"\0<html", 6, false));
    ck_assert_ptr_null(assay_foreign_kind((const uint8_t *)"\xEF\xBB\xBF", 0, false));
}
END_TEST

/* --- streams ----------------------------------------------------------------------------------------------------- */

static uint8_t content_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 97 + i / 65536);
}

/* A file of `size` bytes in gzip members of at most `member` bytes (0: a plain file); then `behind` as it is. */
static char *make_stream(const char *folder, size_t size, size_t member, const char *behind, size_t behind_size)
{
    char *path = assay_asprintf(NULL, "%s/stream", folder);
    uint8_t *bytes = assay_calloc(size + 1, 1, NULL);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fclose(file), 0);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = content_at(i);
    }
    for (size_t done = 0; done < size;) {
        size_t piece = member == 0 || size - done < member ? size - done : member;
        gzFile packed = gzopen(path, member == 0 ? "abT" : "ab1");
        ck_assert_int_eq(gzwrite(packed, bytes + done, (unsigned)piece), (int)piece);
        ck_assert_int_eq(gzclose(packed), Z_OK);
        done += piece;
    }
    file = fopen(path, "ab");
    ck_assert_uint_eq(fwrite(behind, 1, behind_size, file), behind_size);
    ck_assert_int_eq(fclose(file), 0);
    assay_free(bytes);
    return path;
}

/* Read in steps of some size to the end: all bytes, then the state that is wanted, again and again. */
static void check_stream(const char *path, size_t size, size_t step, bool gzip, assay_stream_state wanted)
{
    assay_byte_stream *stream = NULL;
    assay_error error;
    uint8_t *bytes = assay_calloc(size + step, 1, NULL);
    size_t done = 0;
    size_t got = 0;
    assay_stream_state state = ASSAY_STREAM_MORE;
    support_assert_ok(assay_byte_stream_open(path, 1 << 24, &stream, &error), &error);
    ck_assert_int_eq(assay_byte_stream_is_gzip(stream), gzip);
    while (state == ASSAY_STREAM_MORE) {
        state = assay_byte_stream_read(stream, bytes + done, step, &got);
        done += got;
        if ((state == ASSAY_STREAM_MORE && got != step) || done > size) {
            ck_abort_msg("%zu bytes of %zu", done, size);
        }
    }
    ck_assert_int_eq(state, wanted);
    ck_assert(wanted != ASSAY_STREAM_END || done == size);
    for (size_t i = 0; i < done; i++) {
        if (bytes[i] != content_at(i)) {
            ck_abort_msg("byte %zu is %u", i, bytes[i]);
        }
    }
    ck_assert(wanted != ASSAY_STREAM_END || assay_byte_stream_read(stream, bytes, 1, &got) == ASSAY_STREAM_END);
    ck_assert_uint_eq(got, wanted == ASSAY_STREAM_END ? 0 : got);
    assay_byte_stream_close(stream);
    assay_free(bytes);
}

static const struct {
    size_t size;
    size_t member;
    const char *behind;
    size_t behind_size;
    assay_stream_state state;
} streams[] = {
    {300000, 0, "", 0, ASSAY_STREAM_END},
    {131072, 0, "", 0, ASSAY_STREAM_END},
    {1, 0, "", 0, ASSAY_STREAM_END},
    {300000, 300000, "", 0, ASSAY_STREAM_END},
    {3000, 100, "", 0, ASSAY_STREAM_END},
    {300000, 70000, "\0\0\0", 3, ASSAY_STREAM_END},
    {3000, 1000, "\0\0x", 3, ASSAY_STREAM_TRAILING},
    {3000, 1000, "xyz", 3, ASSAY_STREAM_TRAILING},
    {3000, 1000, "\x1f\x8c", 2, ASSAY_STREAM_TRAILING},
    {3000, 1000, "\x1f", 1, ASSAY_STREAM_TRUNCATED},
    {3000, 1000, "\x1f\x8b\x08\0\0\0\0\0\0\3\7", 11, ASSAY_STREAM_DAMAGED}, /* a block of a type that is not */
    {3000, 1000, "\x1f\x8b\7\0\0\0\0\0\0\3\7", 11, ASSAY_STREAM_DAMAGED},   /* a method that is not */
};

START_TEST(streams_give_all_bytes)
{
    evidence(EVIDENCE_PROPERTY, "data/idx_read");
    static const size_t steps[] = {1, 7, 1000, 131072, 1 << 20};
    char *folder = support_make_folder();
    char *path = make_stream(folder, streams[_i].size, streams[_i].member, streams[_i].behind, streams[_i].behind_size);
    for (size_t i = streams[_i].size > 3000 ? 1 : 0; i < sizeof steps / sizeof *steps; i++) {
        check_stream(path, streams[_i].size, steps[i], streams[_i].member > 0, streams[_i].state);
    }
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* More may be wanted than zlib counts; zeros behind gzip data may fill the buffer and more. */
START_TEST(streams_of_odd_sizes)
{
    enum { ZEROS = 300000 };
    evidence(EVIDENCE_ERRORS, "data/idx_read");
    assay_byte_stream *stream = NULL;
    assay_error error;
    uint8_t bytes[100];
    size_t got = 0;
    char *folder = support_make_folder();
    char *zeros = assay_calloc(ZEROS + 1, 1, NULL);
    char *path = make_stream(folder, sizeof bytes, sizeof bytes, zeros, ZEROS);
    support_assert_ok(assay_byte_stream_open(path, 1 << 24, &stream, &error), &error);
    ck_assert_int_eq(assay_byte_stream_read(stream, bytes, (size_t)3 << 29, &got), ASSAY_STREAM_END);
    ck_assert_uint_eq(got, sizeof bytes);
    ck_assert_uint_gt(assay_byte_stream_stored(stream), ZEROS);
    assay_byte_stream_close(stream);
    assay_byte_stream_close(NULL);
    zeros[ZEROS] = 'x';
    assay_free(path);
    path = make_stream(folder, sizeof bytes, sizeof bytes, zeros, ZEROS + 1);
    check_stream(path, sizeof bytes, 10, true, ASSAY_STREAM_TRAILING);
    support_assert_error(assay_byte_stream_open(path, 1000, &stream, &error), ASSAY_ERROR_FORMAT, &error,
                         "more than the");
    ck_assert_ptr_null(stream);
    support_assert_error(assay_byte_stream_open("/nowhere/x", 1000, &stream, &error), ASSAY_ERROR_IO, &error,
                         "/nowhere");
    assay_free(zeros);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

START_TEST(normalization_is_torchs)
{
    evidence(EVIDENCE_GOLDEN, "data/normalization_table");
    json_t *golden = support_golden("data_torch.json");
    const json_t *wanted = json_object_get(golden, "normalization");
    ck_assert_uint_eq(json_array_size(wanted), 256);
    float table[256];
    assay_normalization_table(ASSAY_NORMALIZE_MEAN, ASSAY_NORMALIZE_STD, table);
    for (size_t i = 0; i < 256; i++) {
        ck_assert_double_eq((double)table[i], json_number_value(json_array_get(wanted, i)));
    }
    json_decref(golden);
}
END_TEST

/* Against the definition, in two passes; extreme images as well. */
START_TEST(moments_follow_the_definition)
{
    evidence(EVIDENCE_PROPERTY, "data/dataset_moments");
    uint8_t pixels[3 * ASSAY_IMAGE_PIXELS];
    const assay_dataset dataset = {.count = 3, .width = ASSAY_IMAGE_PIXELS, .pixels = pixels};
    double count = sizeof pixels;
    for (int kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < sizeof pixels; i++) {
            const uint8_t kinds[] = {255, i == 77, (uint8_t)(i * i), (uint8_t)(i % 2 * 255)};
            pixels[i] = kinds[kind];
        }
        double wanted_mean = 0.0;
        double wanted_square = 0.0;
        for (size_t i = 0; i < sizeof pixels; i++) {
            wanted_mean += pixels[i] / 255.0 / count;
        }
        for (size_t i = 0; i < sizeof pixels; i++) {
            wanted_square += (pixels[i] / 255.0 - wanted_mean) * (pixels[i] / 255.0 - wanted_mean);
        }
        double mean, std;
        assay_dataset_moments(&dataset, &mean, &std);
        support_assert_relative("mean", mean, wanted_mean, 1e-12);
        ck_assert_double_eq_tol(std, sqrt(wanted_square / (count - 1)), 1e-12);
    }
}
END_TEST

/* --- data sets of floats ----------------------------------------------------------------------------------------- */

START_TEST(created_data_sets_are_zero)
{
    evidence(EVIDENCE_PROPERTY, "data/dataset_create");
    evidence(EVIDENCE_ERRORS, "data/dataset_create");
    assay_dataset made;
    assay_error error;
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_BYTES, 3, 5, 4, &made, &error), &error);
    ck_assert(made.pixels != NULL && made.values == NULL && made.pixels[14] == 0 && made.labels[2] == 0);
    ck_assert(made.count == 3 && made.width == 5 && made.classes == 4 && made.mean == 0.0f && made.std == 1.0f);
    assay_dataset_destroy(&made);
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_FLOATS, 3, 5, 4, &made, &error), &error);
    ck_assert(made.pixels == NULL && made.values != NULL && made.values[14] == 0.0f);
    assay_dataset_destroy(&made);
    static const size_t sizes[][3] = {{0, 5, 4}, {3, 0, 4}, {3, 5, 0}};
    for (size_t i = 0; i < 3; i++) {
        support_assert_error(
            assay_dataset_create(ASSAY_INPUTS_FLOATS, sizes[i][0], sizes[i][1], sizes[i][2], &made, &error),
            ASSAY_ERROR_ARGUMENT, &error, "each must be at least 1");
        ck_assert_ptr_null(made.labels);
    }
    support_assert_error(assay_dataset_create(ASSAY_INPUTS_FLOATS, SIZE_MAX / 2, 3, 1, &made, &error),
                         ASSAY_ERROR_MEMORY, &error, "out of memory");
    char *says = assay_asprintf(NULL, "cannot address %zu elements of 1 bytes", SIZE_MAX - 1);
    support_assert_error(assay_dataset_create(ASSAY_INPUTS_BYTES, 2, SIZE_MAX / 2, 1, &made, &error),
                         ASSAY_ERROR_MEMORY, &error, says);
    assay_free(says);
}
END_TEST

/* The first 64 bytes decide whether a file is text. */
START_TEST(text_is_judged_by_its_head)
{
    evidence(EVIDENCE_ERRORS, "data/idx_read");
    static const uint32_t shape[] = {28, 28};
    const assay_idx_form form = {.dimensions = 3, .item_shape = shape};
    for (size_t length = 63; length <= 64; length++) {
        char *folder = support_make_folder();
        char *path = assay_asprintf(NULL, "%s/text", folder);
        uint8_t bytes[66];
        uint8_t *read = NULL;
        size_t count = 0;
        assay_error error = {.message = ""};
        memset(bytes, 1, sizeof bytes);
        memset(bytes, 'a', length);
        store(path, bytes, sizeof bytes, false);
        support_assert_error(assay_idx_read(path, &form, &count, &read, &error), ASSAY_ERROR_FORMAT, &error,
                             length == 64 ? "this is text" : "wrong magic 0x61616161");
        assay_free(path);
        support_remove_folder(folder);
    }
}
END_TEST

/* A file with this text, read; `path` keeps its name for messages. */
static assay_status read_csv(const char *text, size_t length, assay_dataset *dataset, assay_error *error)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/data.csv", folder);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
    assay_status status = assay_csv_read(path, dataset, error);
    assay_free(path);
    support_remove_folder(folder);
    return status;
}

static const struct {
    const char *text;
    size_t count, width, classes;
    float last;    /* the last input of the last sample */
    int32_t label; /* its class */
} good_csv[] = {
    {"1,2,0\n3,4.5,2\n", 2, 2, 3, 4.5f, 2},
    {"x,y,class\r\n1,2,0\r\n\r\n  3 , -4e2 , 1 \r\n", 2, 2, 2, -400.0f, 1},
    {"\xEF\xBB\xBF\"first\",class\n7,65535", 1, 1, 65536, 7.0f, 65535},
    {"\xEF\xBB\xBF-7,0\n\n", 1, 1, 1, -7.0f, 0},
    {"1,1,1,1,0\n0,0,0,0,0\n1,1,1,2,0\n", 3, 4, 1, 2.0f, 0},
    {"Age,Class\n30,1\n", 1, 1, 2, 30.0f, 1},
    {"zeta,Zeta\n30,1\n", 1, 1, 2, 30.0f, 1},
    {"a,b\n1,0\n", 1, 1, 1, 1.0f, 0},
    {"A,b\n1,0\n", 1, 1, 1, 1.0f, 0},
    {"Z,b\n1,0\n", 1, 1, 1, 1.0f, 0},
    {" \t\"x\",b\n1,0\n", 1, 1, 1, 1.0f, 0},
    {"1,3\n2,0\n", 2, 1, 4, 2.0f, 0},
    {"1,0\n \t\n\n2,3", 2, 1, 4, 2.0f, 3},
    {"\t1 \t,\t0 \n", 1, 1, 1, 1.0f, 0},
    {"3.4e38,0\n", 1, 1, 1, 3.4e38f, 0},
    {"\xEF\xBB\xBF"
     "5,0",
     1, 1, 1, 5.0f, 0},
};

START_TEST(csv_files_are_read)
{
    evidence(EVIDENCE_PROPERTY, "data/csv_read");
    assay_dataset data;
    assay_error error;
    support_assert_ok(read_csv(good_csv[_i].text, strlen(good_csv[_i].text), &data, &error), &error);
    ck_assert_uint_eq(data.count, good_csv[_i].count);
    ck_assert_uint_eq(data.width, good_csv[_i].width);
    ck_assert_uint_eq(data.classes, good_csv[_i].classes);
    ck_assert_ptr_null(data.pixels);
    ck_assert_float_eq(data.values[data.count * data.width - 1], good_csv[_i].last);
    ck_assert_int_eq(data.labels[data.count - 1], good_csv[_i].label);
    assay_dataset_destroy(&data);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} bad_csv[] = {
    {"", "data.csv: no samples"},
    {"a,b\n", "data.csv: no samples"},
    {"\n \n", "data.csv: no samples"},
    {"3\n", "data.csv:1: one field"},
    {"x,class\n1,0\n2,3,0\n", "data.csv:3: 3 fields, but the first sample has 2"},
    {"1,2,3,0\n1,2\n", "data.csv:2: 2 fields, but the first sample has 4"},
    {"1,2,0\n1,,0\n", "data.csv:2: field 2, '', is not a finite number"},
    {"1,2,0\n1,2,\n", "data.csv:2: field 3, '', is not a finite number"},
    {",2,0\n", "data.csv:1: field 1, '', is not a finite number"},
    {"1,2,0\n1,nan,0\n", "data.csv:2: field 2, 'nan', is not a finite number"},
    {"1,2,0\n1,1e39,0\n", "data.csv:2: field 2, '1e39', is not a finite number"},
    {"1,2 3,0\n", "data.csv:1: field 2, '2 3', is not a finite number"},
    {"1,2,0\r3,4\n", "data.csv:1: field 3, '0?3', is not a finite number"},
    {"1\x7f,0\n", "data.csv:1: field 1, '1?', is not a finite number"},
    {"_x,class\n", "data.csv:1: field 1, '_x', is not a finite number"},
    {"{x,class\n", "data.csv:1: field 1, '{x', is not a finite number"},
    {"0123456789012345678901234567890123456789tail,0\n",
     "data.csv:1: field 1, '0123456789012345678901234567890123456789', is not a finite number"},
    {"1,2,-1\n", "data.csv:1: the class, -1, is not an integer from 0 to 65535"},
    {"1,2,65536\n", "data.csv:1: the class, 65536, is not"},
    {"1,2,0.5\n", "data.csv:1: the class, 0.5, is not"},
    {"1,2,-0.5\n", "data.csv:1: the class, -0.5, is not"},
    {"1,0\n1,0\n1,0\n1,x\n", "data.csv:4: field 2, 'x', is not a finite number"},
    {"1,0\n\n\n1\n", "data.csv:4: 1 fields, but the first sample has 2"},
    {"x,c\n\n3\n", "data.csv:3: one field"},
    {"1\x1f,0\n", "data.csv:1: field 1, '1?', is not a finite number"},
    {"1 ~x,0\n", "data.csv:1: field 1, '1 ~x', is not a finite number"},
    {"1,-inf,0\n", "data.csv:1: field 2, '-inf', is not a finite number"},
    {"@,b\n", "data.csv:1: field 1, '@', is not a finite number"},
    {"[,b\n", "data.csv:1: field 1, '[', is not a finite number"},
    {"`,b\n", "data.csv:1: field 1, '`', is not a finite number"},
    {"1,2,3,4,0\n1,1\n1,1\n1,1\n", "data.csv:2: 2 fields, but the first sample has 5"},
    {"1,2,3,4,0\n,,,,\n", "data.csv:2: field 1, '', is not a finite number"},
    {"\xEF\xBB"
     "5,0\n",
     "data.csv:1: field 1, '??5', is not"},
};

START_TEST(bad_csv_files_are_refused)
{
    evidence(EVIDENCE_ERRORS, "data/csv_read");
    assay_dataset data;
    assay_error error;
    support_assert_error(read_csv(bad_csv[_i].text, strlen(bad_csv[_i].text), &data, &error), ASSAY_ERROR_FORMAT,
                         &error, bad_csv[_i].says);
    ck_assert_ptr_null(data.values);
    ck_assert_ptr_null(data.labels);
}
END_TEST

START_TEST(csv_with_a_nul_or_without_a_file)
{
    evidence(EVIDENCE_ERRORS, "data/csv_read");
    assay_dataset data;
    assay_error error;
    support_assert_error(read_csv("1,0\n\0,0\n", 8, &data, &error), ASSAY_ERROR_FORMAT, &error, "NUL byte");
    support_assert_error(assay_csv_read("/nowhere/data.csv", &data, &error), ASSAY_ERROR_IO, &error,
                         "/nowhere/data.csv");
}
END_TEST

/* Afterwards mean 0 and standard deviation 1; a constant input only loses its mean. Other data use the same scaling. */
START_TEST(scaling_normalises_each_input)
{
    evidence(EVIDENCE_PROPERTY, "data/scaling_create");
    evidence(EVIDENCE_PROPERTY, "data/scaling_apply");
    evidence(EVIDENCE_ERRORS, "data/scaling_create");
    evidence(EVIDENCE_ERRORS, "data/scaling_apply");
    assay_dataset data, other;
    assay_scaling scaling;
    assay_error error;
    static const char text[] = "1,1000,5,0\n3,1000.5,5,0\n5,1001,5,1\n7,1001.5,5,0\n";
    support_assert_ok(read_csv(text, strlen(text), &data, &error), &error);
    support_assert_ok(assay_scaling_create(&data, &scaling, &error), &error);
    support_assert_relative("mean", (double)scaling.mean[0], 4.0, 1e-7);
    support_assert_relative("std", (double)scaling.std[0], sqrt(5.0), 1e-7);
    support_assert_relative("std", (double)scaling.std[1], sqrt(5.0) / 4.0, 1e-7);
    ck_assert_float_eq(scaling.std[2], 1.0f);
    support_assert_ok(assay_scaling_apply(&scaling, &data, &error), &error);
    for (size_t i = 0; i < 4; i++) {
        double wanted = (2.0 * (double)i - 3.0) / sqrt(5.0);
        ck_assert_double_eq_tol((double)data.values[3 * i], wanted, 1e-6);
        ck_assert_double_eq_tol((double)data.values[3 * i + 1], wanted, 1e-6);
        ck_assert_float_eq(data.values[3 * i + 2], 0.0f);
    }
    support_assert_ok(read_csv("1,2,0\n", 6, &other, &error), &error);
    support_assert_error(assay_scaling_apply(&scaling, &other, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "measured on 3 inputs, the data set has 2");
    assay_dataset_destroy(&other);
    support_assert_ok(assay_dataset_create(ASSAY_INPUTS_BYTES, 1, 3, 1, &other, &error), &error);
    support_assert_error(assay_scaling_apply(&scaling, &other, &error), ASSAY_ERROR_ARGUMENT, &error, "are bytes");
    assay_scaling_destroy(&scaling);
    ck_assert(scaling.width == 0 && scaling.mean == NULL && scaling.std == NULL);
    assay_scaling_destroy(&scaling);
    support_assert_error(assay_scaling_create(&other, &scaling, &error), ASSAY_ERROR_ARGUMENT, &error, "are bytes");
    assay_dataset_destroy(&other);
    assay_dataset_destroy(&data);
}
END_TEST

START_TEST(split_divides_a_permutation)
{
    evidence(EVIDENCE_PROPERTY, "data/split_create");
    static const size_t sizes[][2] = {{10, 7}, {1, 0}, {1, 1}, {1000, 0}, {1000, 1000}, {1000, 999}, {0, 0}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t total = sizes[i][0];
        size_t train = sizes[i][1];
        assay_mt19937 generator, copy;
        assay_mt19937_seed(&generator, 42);
        copy = generator;
        assay_split split;
        assay_error error;
        support_assert_ok(assay_split_create(&generator, total, train, &split, &error), &error);
        uint32_t permutation[1000];
        assay_mt19937_randperm(&copy, total, permutation);
        ck_assert_uint_eq(split.train_count, train);
        ck_assert_uint_eq(split.validation_count, total - train);
        ck_assert(memcmp(split.train, permutation, train * sizeof *permutation) == 0);
        ck_assert(memcmp(split.validation, permutation + train, (total - train) * sizeof *permutation) == 0);
        ck_assert_uint_eq(assay_mt19937_random32(&generator), assay_mt19937_random32(&copy));
        assay_split_destroy(&split);
        ck_assert_ptr_null(split.train);
        assay_split_destroy(&split);
    }
}
END_TEST

START_TEST(split_refuses)
{
    evidence(EVIDENCE_ERRORS, "data/split_create");
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 42);
    assay_split split = {.train = (uint32_t[]){7}};
    assay_error error;
    support_assert_error(assay_split_create(&generator, 10, 11, &split, &error), ASSAY_ERROR_ARGUMENT, &error,
                         "11 training samples asked for, the data set has 10");
    ck_assert_ptr_null(split.train);
#if SIZE_MAX > UINT32_MAX
    support_assert_error(assay_split_create(&generator, (size_t)UINT32_MAX + 1, 1, &split, &error),
                         ASSAY_ERROR_ARGUMENT, &error, "4294967296 samples are more than a 32-bit index can name");
#endif
}
END_TEST

/* Two outputs for each 64-bit draw before the permutation, one or two of them by version. */
START_TEST(loader_draws_by_version)
{
    evidence(EVIDENCE_PROPERTY, "data/loader_shuffle");
    enum { TOTAL = 100, TRAIN = 60 };
    static const assay_loader_version versions[] = {ASSAY_LOADER_TORCH_1_6, ASSAY_LOADER_TORCH_1_9};
    for (int i = 0; i < 2; i++) {
        assay_mt19937 generator, copy;
        assay_mt19937_seed(&generator, 7);
        assay_split split;
        assay_error error;
        support_assert_ok(assay_split_create(&generator, TOTAL, TRAIN, &split, &error), &error);
        copy = generator;
        uint32_t scratch[TRAIN], order[TRAIN], permutation[TRAIN];
        assay_loader_shuffle(&generator, versions[i], &split, scratch, order);
        for (int output = 0; output < 2 * (i + 1); output++) {
            (void)assay_mt19937_random32(&copy);
        }
        assay_mt19937_randperm(&copy, TRAIN, permutation);
        for (size_t j = 0; j < TRAIN; j++) {
            ck_assert_uint_eq(order[j], split.train[permutation[j]]);
        }
        ck_assert_uint_eq(assay_mt19937_random32(&generator), assay_mt19937_random32(&copy));
        assay_split_destroy(&split);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data");
    TCase *files = evidence_case("files", "property: data/idx_read, data/dataset_load; errors: data/idx_read, "
                                          "data/dataset_load");
    tcase_set_timeout(files, 60);
    tcase_add_loop_test(files, good_files, 0, 4);
    tcase_add_test(files, which_file_is_read);
    tcase_add_loop_test(files, bad_files, 0, 2 * BAD);
    tcase_add_test(files, missing_files);
    tcase_add_test(files, unreadable_files);
    tcase_add_test(files, promises_take_no_memory);
    tcase_add_test(files, items_of_one_axis);
    tcase_add_loop_test(files, streams_give_all_bytes, 0, sizeof streams / sizeof *streams);
    tcase_add_test(files, streams_of_odd_sizes);
    suite_add_tcase(suite, files);
    TCase *use = tcase_create("use");
    tcase_add_test(use, normalization_is_torchs);
    tcase_add_test(use, moments_follow_the_definition);
    tcase_add_test(use, created_data_sets_are_zero);
    tcase_add_loop_test(use, heads_of_other_files_are_known, 0, sizeof heads / sizeof *heads);
    tcase_add_test(use, zeros_are_no_text);
    tcase_add_test(use, text_is_judged_by_its_head);
    tcase_add_loop_test(use, csv_files_are_read, 0, sizeof good_csv / sizeof *good_csv);
    tcase_add_loop_test(use, bad_csv_files_are_refused, 0, sizeof bad_csv / sizeof *bad_csv);
    tcase_add_test(use, csv_with_a_nul_or_without_a_file);
    tcase_add_test(use, scaling_normalises_each_input);
    tcase_add_test(use, split_divides_a_permutation);
    tcase_add_test(use, split_refuses);
    tcase_add_test(use, loader_draws_by_version);
    suite_add_tcase(suite, use);
    return support_run(suite);
}
