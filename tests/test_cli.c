/*
 * The program `assay` on bad input: one clear line on standard error that names what is wrong, a status that is not 0,
 * nothing lost; and assay reproduce on the real data: its JSON, and its status when a number differs.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/data/dataset.h>
#include "support.h"

static char *folder;

/* --- data sets of three images, each wrong in one way ------------------------------------------------------------ */

static void write_file(const char *name, const char *file, const void *bytes, size_t size)
{
    char *directory = assay_asprintf(NULL, "%s/%s", folder, name);
    mkdir(directory, 0777);
    char *path = assay_asprintf(NULL, "%s/%s", directory, file);
    assay_file_writer *writer;
    assay_error error;
    support_assert_ok(assay_file_create(path, &writer, &error), &error);
    fwrite(bytes, 1, size, assay_file_stream(writer));
    support_assert_ok(assay_file_commit(writer, &error), &error);
    assay_free(path);
    assay_free(directory);
}

static void big_endian(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

typedef struct {
    const char *name;
    uint32_t magic;
    uint32_t rows;
    uint32_t labels;  /* in number */
    uint8_t label;    /* of the last image */
    const char *part; /* of what assay says */
} data_case;

static const data_case data_cases[] = {
    {"few", 0x803, 28, 3, 9, "few: 3 training images"},
    {"magic", 0x804, 28, 3, 9, "wrong magic 0x00000804"},
    {"counts", 0x803, 28, 2, 9, "2 labels for 3 images"},
    {"size", 0x803, 27, 3, 9, "images of 27 x 28 pixels, expected 28 x 28"},
    {"labels", 0x803, 28, 3, 10, "label 10 of image 2"},
};

static void make_data(const data_case *c)
{
    enum { IMAGES = 3 };
    uint8_t images[16 + IMAGES * 28 * 28] = {0};
    const uint32_t header[] = {c->magic, IMAGES, c->rows, 28};
    for (size_t i = 0; i < 4; i++) {
        big_endian(images + 4 * i, header[i]);
    }
    uint8_t labels[8 + IMAGES] = {0};
    big_endian(labels, 0x801);
    big_endian(labels + 4, c->labels);
    labels[7 + c->labels] = c->label;
    write_file(c->name, "train-images-idx3-ubyte", images, 16 + IMAGES * 28 * c->rows);
    write_file(c->name, "train-labels-idx1-ubyte", labels, 8 + c->labels);
}

static void make_truncated(void)
{
    enum { SIZE = 16 + 3 * 784 };
    uint8_t images[SIZE] = {0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28};
    for (size_t i = 16; i < SIZE; i++) {
        images[i] = (uint8_t)(i * i >> 3);
    }
    char *path = assay_asprintf(NULL, "%s/whole.gz", folder);
    gzFile stream = gzopen(path, "wb");
    ck_assert_int_eq(gzwrite(stream, images, SIZE), SIZE);
    ck_assert_int_eq(gzclose(stream), Z_OK);
    char *bytes;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, SIZE, &bytes, &size, &error), &error);
    write_file("truncated", "train-images-idx3-ubyte.gz", bytes, size / 2);
    assay_free(bytes);
    assay_free(path);
}

static void set_up(void)
{
    folder = support_make_folder();
    for (size_t i = 0; i < sizeof data_cases / sizeof *data_cases; i++) {
        make_data(&data_cases[i]);
    }
    make_truncated();
}

static void tear_down(void)
{
    support_remove_folder(folder);
}

/* --- running the program ---------------------------------------------------------------------------------------- */

/* Runs "assay ARGUMENTS" in the temporary folder. */
static support_result run(const char *arguments)
{
    ck_assert_msg(getenv("ASSAY_BUILD") != NULL, "set ASSAY_BUILD to the folder that holds assay");
    char *command = assay_asprintf(NULL, "cd '%s' && '%s' %s", folder, support_program(), arguments);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

/* One line on standard error, starting with the program's name and holding `part`. */
static void assert_complaint(const char *arguments, int status, const char *part)
{
    support_result result = run(arguments);
    const char *end = strchr(result.errors, '\n');
    ck_assert_msg(result.status == status, "assay %s: status %d, not %d; %s", arguments, result.status, status,
                  result.errors);
    ck_assert_msg(strncmp(result.errors, "assay", 5) == 0 && end != NULL && end[1] == '\0',
                  "assay %s: not one line: %s", arguments, result.errors);
    ck_assert_msg(strstr(result.errors, part) != NULL, "assay %s: '%s' does not say '%s'", arguments, result.errors,
                  part);
    support_result_free(&result);
}

/* --- bad input --------------------------------------------------------------------------------------------------- */

START_TEST(wrong_usage)
{
    /* clang-format off */
    static const struct {
        const char *arguments;
        const char *part;
    /* clang-format off */
    } cases[] = {
        {"", "no command given"},
        {"nonsense", "unknown command 'nonsense'"},
        {"--nonsense", "unknown command '--nonsense'"},
        {"''", "unknown command ''"},
        {"reproduce --nonsense", "unknown option --nonsense"},
        {"reproduce -x", "unknown option -x"},
        {"reproduce nonsense", "unexpected argument 'nonsense'"},
        {"reproduce -- --data", "unexpected argument '--data'"},
        {"reproduce --section", "option --section needs a value"},
        {"reproduce --data", "option --data needs a value"},
        {"reproduce --json", "option --json needs a value"},
        {"reproduce --backend", "option --backend needs a value"},
        {"reproduce --seed", "option --seed needs a value"},
        {"reproduce --section nonsense", "unknown section 'nonsense'; known: data, batch"},
        {"reproduce --section ''", "unknown section ''"},
        {"reproduce --section Dat", "unknown section 'Dat'"},
        {"reproduce --backend nonsense", "nonsense"},
        {"reproduce --backend ''", "backend"},
        {"reproduce --backend openblas:f16", "f16"},
        {"reproduce --backend openblas:", "precision"},
        {"reproduce --backend reference:f32", "reference"},
        {"reproduce --backend a-name-that-is-much-longer-than-any-backend-could-have", "a-name-that-is-much"},
        {"reproduce --generator nonsense", "unknown generator 'nonsense'; known are mt19937"},
        {"reproduce --seed nonsense", "--seed nonsense is not a number from 0 to 2^64 - 1"},
        {"reproduce --seed -1", "--seed -1 is not"},
        {"reproduce --seed 1.5", "--seed 1.5 is not"},
        {"reproduce --seed 4x", "--seed 4x is not"},
        {"reproduce --seed ''", "--seed  is not"},
        {"reproduce --seed ' 4'", "is not a number"},
        {"reproduce --seed 18446744073709551616", "--seed 18446744073709551616 is not"},
        {"reproduce --blocks 0", "--blocks 0 is not a number from 1 to"},
        {"reproduce --blocks many", "--blocks many is not"},
        {"reproduce --threads 0", "--threads 0 is not a number from 1 to"},
        {"reproduce --threads -3", "--threads -3 is not"},
        {"reproduce --seed 4 --seed x", "--seed x is not"},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_complaint(cases[i].arguments, 2, cases[i].part);
    }
}
END_TEST

/* Whether the backend is in the build or not, and where there is a GPU as where there is none: hidden from CUDA, it is
 * none. evaluate's own backend comes after its model, so test_evaluate.c tests it. */
START_TEST(no_gpu)
{
    static const char *const cases[] = {"reproduce --backend cuda", "reproduce --backend cuda:f64",
                                        "train --backend cuda",
                                        "descend --surface steep --optimizer sgd --backend cuda"};
    setenv("CUDA_VISIBLE_DEVICES", "", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_complaint(cases[i], 1, "use --backend openblas");
    }
}
END_TEST

START_TEST(bad_data)
{
    assert_complaint("reproduce --data nowhere", 1, "nowhere: No such file or directory; ");
    assert_complaint("reproduce --data whole.gz", 1, "whole.gz: is not a folder; ");
    assert_complaint("reproduce --data .", 1, "train-images-idx3-ubyte: missing, plain and with .gz; ");
    assert_complaint("reproduce --data truncated", 1, "truncated/train-labels-idx1-ubyte: missing");
    for (size_t i = 0; i < sizeof data_cases / sizeof *data_cases; i++) {
        char *arguments = assay_asprintf(NULL, "reproduce --data %s", data_cases[i].name);
        assert_complaint(arguments, 1, data_cases[i].part);
        assay_free(arguments);
    }
    /* A line break in a name does not break the line. */
    assert_complaint("reproduce --data \"no\nwhere\"", 1, "no?where");
}
END_TEST

/* --- good usage -------------------------------------------------------------------------------------------------- */

START_TEST(help_and_version)
{
    /* clang-format off */
    static const struct {
        const char *arguments;
        const char *part;
    /* clang-format off */
    } cases[] = {
        {"--help", "Usage: assay COMMAND"}, {"-h", "reproduce"}, {"--version", "backends: reference openblas"},
        {"reproduce --help", "Usage: assay reproduce"}, {"reproduce --help", "xavier-identity"},
    };
    /* clang-format on */
    /* clang-format on */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        support_result result = run(cases[i].arguments);
        ck_assert_int_eq(result.status, 0);
        ck_assert_str_eq(result.errors, "");
        ck_assert_msg(strstr(result.output, cases[i].part) != NULL, "assay %s: %s", cases[i].arguments, result.output);
        support_result_free(&result);
    }
}
END_TEST

/* A device that is always full replaces a full disk. */
START_TEST(full_disk)
{
    static const char *const cases[] = {"--help > /dev/full", "--version > /dev/full", "reproduce --help > /dev/full"};
    if (access("/dev/full", W_OK) != 0) {
        printf("not tested: there is no /dev/full\n");
        return;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_complaint(cases[i], 1, "cannot write all of the standard output");
    }
}
END_TEST

/* --- on the real data -------------------------------------------------------------------------------------------- */

static const char *data;

static support_result reproduce(const char *arguments)
{
    char *all = assay_asprintf(NULL, "reproduce --data '%s' %s", data, arguments);
    support_result result = run(all);
    assay_free(all);
    return result;
}

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(json != NULL, "line %d: %s: %s", error.line, error.text, text);
    return json;
}

static json_int_t integer(const json_t *object, const char *key)
{
    ck_assert_msg(json_is_integer(json_object_get(object, key)), "no integer '%s'", key);
    return json_integer_value(json_object_get(object, key));
}

static const char *text(const json_t *object, const char *key)
{
    ck_assert_msg(json_is_string(json_object_get(object, key)), "no text '%s'", key);
    return json_string_value(json_object_get(object, key));
}

/* Every number of one run: how many there are, all with the verdict and the basis. */
static size_t count_numbers(const json_t *report, const char *verdict, const char *basis)
{
    size_t count = 0;
    size_t i, j;
    json_t *section, *number;
    json_array_foreach(json_object_get(report, "sections"), i, section) {
        json_array_foreach(json_object_get(section, "numbers"), j, number) {
            ck_assert(json_is_number(json_object_get(number, "printed")));
            ck_assert(json_is_number(json_object_get(number, "ours")));
            count += strcmp(text(number, "verdict"), verdict) == 0 && strcmp(text(number, "basis"), basis) == 0;
        }
    }
    return count;
}

/* The sections of the tutorial's first half. */
static const char *const half[] = {"data",           "batch",           "constant",    "variance-0.01", "variance-0.1",
                                   "equal-variance", "xavier-identity", "xavier-tanh", "kaiming-relu"};

START_TEST(json_of_all_sections)
{
    size_t numbers = 0;
    for (size_t i = 0; i < sizeof half / sizeof *half; i++) {
        char *arguments = assay_asprintf(NULL, "--json - --section %s", half[i]);
        support_result result = reproduce(arguments);
        ck_assert_msg(result.status == 0, "%s: status %d: %s", half[i], result.status, result.errors);
        ck_assert_str_eq(result.errors, "");
        json_t *report = parse(result.output);
        ck_assert_str_eq(text(report, "backend"), "openblas-dense");
        ck_assert_str_eq(text(report, "precision"), "f32");
        ck_assert_str_eq(text(json_array_get(json_object_get(report, "sections"), 0), "name"), half[i]);
        size_t agree = count_numbers(report, "agrees", "printed");
        ck_assert_int_eq(integer(report, "agree"), (json_int_t)agree);
        ck_assert_int_eq(integer(report, "differ"), 0);
        numbers += agree;
        json_decref(report);
        support_result_free(&result);
        assay_free(arguments);
    }
    ck_assert_uint_eq(numbers, 56);
}
END_TEST

/* --json FILE: the table on standard output, and a complete file, which alone replaces an old one. */
START_TEST(json_in_a_file)
{
    support_result result = reproduce("--section batch --json report.json");
    ck_assert_int_eq(result.status, 0);
    ck_assert_ptr_nonnull(strstr(result.output, "4 of 4 numbers agree"));
    support_result_free(&result);
    char *path = assay_asprintf(NULL, "%s/report.json", folder);
    char *bytes;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1 << 20, &bytes, &size, &error), &error);
    json_t *report = parse(bytes);
    ck_assert_uint_eq(count_numbers(report, "agrees", "printed"), 4);
    json_decref(report);
    assay_free(bytes);
    assay_free(path);
}
END_TEST

START_TEST(json_that_cannot_be_written)
{
    char *arguments = assay_asprintf(NULL, "reproduce --data '%s' --section data --json nowhere/report.json", data);
    assert_complaint(arguments, 1, "nowhere/report.json: cannot be written: No such file or directory");
    assay_free(arguments);
    arguments = assay_asprintf(NULL, "reproduce --data '%s' --section data --json .", data);
    assert_complaint(arguments, 1, ".: cannot be written: ");
    assay_free(arguments);
    if (access("/dev/full", W_OK) == 0) {
        /* Through a link, so that a program that replaces what it writes would not replace the device. */
        char *link = assay_asprintf(NULL, "%s/full", folder);
        ck_assert_int_eq(symlink("/dev/full", link), 0);
        arguments = assay_asprintf(NULL, "reproduce --data '%s' --section data --json full", data);
        assert_complaint(arguments, 1, "full: not written: No space left on device");
        struct stat about;
        ck_assert(stat(link, &about) == 0 && S_ISCHR(about.st_mode));
        assay_free(arguments);
        assay_free(link);
        arguments = assay_asprintf(NULL, "reproduce --data '%s' --section data --json - > /dev/full", data);
        assert_complaint(arguments, 1, "standard output: not written: No space left on device");
        assay_free(arguments);
    }
}
END_TEST

/* Other weights are judged by the theory, and the output says so. */
START_TEST(other_weights)
{
    static const char *const options[] = {"--seed 7", "--blocks 80", "--generator mt19937",
                                          "--seed 18446744073709551615"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        char *arguments = assay_asprintf(NULL, "--section equal-variance --json - %s", options[i]);
        support_result result = reproduce(arguments);
        ck_assert_msg(result.status == 0, "%s: %s", options[i], result.output);
        json_t *report = parse(result.output);
        ck_assert_uint_eq(count_numbers(report, "agrees", "theory"), 5);
        json_decref(report);
        support_result_free(&result);
        assay_free(arguments);
    }
    support_result result = reproduce("--section equal-variance --seed 7");
    ck_assert_ptr_nonnull(strstr(result.output, "judged by the statistical theory, not by the printed numbers"));
    support_result_free(&result);
}
END_TEST

/* Copies a file of the data set, plain, with bytes [from, to) set to 255. */
static void copy_with_white(const char *file, size_t limit, size_t from, size_t to)
{
    char *path = assay_asprintf(NULL, "%s/%s.gz", data, file);
    if (access(path, R_OK) != 0) {
        path[strlen(path) - 3] = '\0';
    }
    uint8_t *bytes = assay_calloc(limit, 1, NULL);
    gzFile stream = gzopen(path, "rb");
    ck_assert_msg(stream != NULL, "%s cannot be opened", path);
    int size = gzread(stream, bytes, (unsigned)limit);
    gzclose(stream);
    ck_assert_int_gt(size, 0);
    for (size_t i = from; i < to; i++) {
        bytes[i] = 255;
    }
    write_file("white", file, bytes, (size_t)size);
    assay_free(bytes);
    assay_free(path);
}

/* One image made white, the first that trains: other numbers, status 1, and a verdict that says so. */
START_TEST(a_number_that_differs)
{
    enum { IMAGE = 37542, LIMIT = 16 + 60000 * 784 + 1 };
    copy_with_white("train-images-idx3-ubyte", LIMIT, 16 + IMAGE * 784, 16 + (IMAGE + 1) * 784);
    copy_with_white("train-labels-idx1-ubyte", LIMIT, 0, 0);
    static const struct {
        const char *section;
        size_t differ, agree; /* at least */
    } cases[] = {{"data", 1, 0}, {"constant", 5, 0}, {"batch", 0, 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *arguments = assay_asprintf(NULL, "reproduce --data white --json - --section %s", cases[i].section);
        support_result result = run(arguments);
        json_t *report = parse(result.output);
        size_t differ = count_numbers(report, "DIFFERS", "printed");
        ck_assert_msg(result.status == (cases[i].differ > 0 ? 1 : 0), "%s: status %d", cases[i].section, result.status);
        ck_assert_uint_ge(differ, cases[i].differ);
        ck_assert_uint_ge(count_numbers(report, "agrees", "printed"), cases[i].agree);
        ck_assert_int_eq(integer(report, "differ"), (json_int_t)differ);
        json_decref(report);
        support_result_free(&result);
        assay_free(arguments);
    }
    support_result result = run("reproduce --data white --section data");
    ck_assert_int_eq(result.status, 1);
    ck_assert_ptr_nonnull(strstr(result.output, "DIFFERS"));
    support_result_free(&result);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command line");
    TCase *bad = evidence_case("bad input", "errors: program/reproduce");
    tcase_set_timeout(bad, 60);
    tcase_add_checked_fixture(bad, set_up, tear_down);
    tcase_add_test(bad, wrong_usage);
    tcase_add_test(bad, bad_data);
    tcase_add_test(bad, help_and_version);
    tcase_add_test(bad, no_gpu);
    tcase_add_test(bad, full_disk);
    suite_add_tcase(suite, bad);
    data = support_data_folder();
    if (data != NULL) {
        TCase *real = evidence_case("real data", "property: program/reproduce; errors: program/reproduce");
        tcase_set_timeout(real, 120);
        tcase_add_checked_fixture(real, set_up, tear_down);
        tcase_add_test(real, json_of_all_sections);
        tcase_add_test(real, json_in_a_file);
        tcase_add_test(real, json_that_cannot_be_written);
        tcase_add_test(real, other_weights);
        tcase_add_test(real, a_number_that_differs);
        suite_add_tcase(suite, real);
    }
    int status = support_run(suite);
    return status == EXIT_SUCCESS && data == NULL ? SUPPORT_SKIP : status;
}
