/* lib/base: errors, allocation, and files that are written completely or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <dirent.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/base/text.h>
#include <assay/base/names.h>
#include "support.h"

START_TEST(error_is_one_line_and_cut)
{
    assay_error error;
    assay_status status = assay_fail(&error, ASSAY_ERROR_IO, "%s: broken", "a\nb\x7f");
    support_assert_error(status, ASSAY_ERROR_IO, &error, "a?b?: broken");
    char text[2 * ASSAY_ERROR_LENGTH];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assay_fail(&error, ASSAY_ERROR_FORMAT, "%s", text);
    ck_assert_uint_eq(strlen(error.message), ASSAY_ERROR_LENGTH - 1);
    ck_assert_str_eq(error.message + ASSAY_ERROR_LENGTH - 5, "x...");
    ck_assert_int_eq(assay_fail(NULL, ASSAY_ERROR_NUMERIC, "nobody listens"), ASSAY_ERROR_NUMERIC);
}
END_TEST

START_TEST(allocation_is_zeroed_aligned_and_checked)
{
    const size_t counts[] = {0, 1, 63, 64, 65, 100000};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned char *memory = assay_calloc(counts[i], 1, NULL);
        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t)memory % ASSAY_ALIGNMENT, 0);
        for (size_t j = 0; j < counts[i]; j++) {
            ck_assert_uint_eq(memory[j], 0);
        }
        assay_free(memory);
    }
    assay_error error;
    ck_assert_ptr_null(assay_calloc(SIZE_MAX / 4, 8, &error));
    support_assert_error(error.status, ASSAY_ERROR_MEMORY, &error, "cannot address");
    ck_assert_ptr_null(assay_calloc(SIZE_MAX - ASSAY_ALIGNMENT - 8, 1, &error));
    support_assert_error(error.status, ASSAY_ERROR_MEMORY, &error, "out of memory");
}
END_TEST

START_TEST(strings)
{
    char *copy = assay_strdup("fan-in", NULL);
    ck_assert_str_eq(copy, "fan-in");
    char *text = assay_asprintf(NULL, "%s %d", copy, 784);
    ck_assert_str_eq(text, "fan-in 784");
    assay_free(copy);
    assay_free(text);
    assay_free(NULL);
}
END_TEST

static size_t files_in(const char *folder)
{
    size_t count = 0;
    DIR *directory = opendir(folder);
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count - 2; /* . and .. */
}

static void write_text(const char *path, const char *text)
{
    assay_error error;
    assay_file_writer *writer;
    support_assert_ok(assay_file_create(path, &writer, &error), &error);
    fputs(text, assay_file_stream(writer));
    support_assert_ok(assay_file_commit(writer, &error), &error);
}

static void assert_holds(const char *path, const char *text)
{
    char *bytes;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1000000, &bytes, &size, &error), &error);
    ck_assert_uint_eq(size, strlen(text));
    ck_assert_str_eq(bytes, text);
    assay_free(bytes);
}

START_TEST(files_appear_whole)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/file", folder);
    mode_t before = umask(027);
    write_text(path, "one");
    umask(before);
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0640);
    assert_holds(path, "one");

    assay_file_writer *writer;
    support_assert_ok(assay_file_create(path, &writer, NULL), NULL);
    fputs("half", assay_file_stream(writer));
    fflush(assay_file_stream(writer));
    assert_holds(path, "one");
    assay_file_abort(writer);
    assay_file_abort(NULL);
    assert_holds(path, "one");
    write_text(path, "two");
    assert_holds(path, "two");
    ck_assert_uint_eq(files_in(folder), 1);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A limit on the file size acts like a full disk: write fails with EFBIG when SIGXFSZ is ignored. */
START_TEST(full_disk_loses_nothing)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/file", folder);
    write_text(path, "old");
    assay_error error;
    assay_file_writer *writer;
    support_assert_ok(assay_file_create(path, &writer, &error), &error);
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){1000, before.rlim_max}), 0);
    for (int i = 0; i < 100000; i++) {
        fputs("new", assay_file_stream(writer));
    }
    assay_status status = assay_file_commit(writer, &error);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0); /* the next test may run in the same process */
    support_assert_error(status, ASSAY_ERROR_IO, &error, "what was there before is unchanged");
    assert_holds(path, "old");
    ck_assert_uint_eq(files_in(folder), 1);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A pipe stays a pipe and a link stays a link: a rename would replace them by a plain file. */
START_TEST(pipes_and_links_are_not_replaced)
{
    char *folder = support_make_folder();
    char *pipe_path = assay_asprintf(NULL, "%s/pipe", folder);
    char *link_path = assay_asprintf(NULL, "%s/link", folder);
    char *file_path = assay_asprintf(NULL, "%s/file", folder);
    ck_assert_int_eq(mkfifo(pipe_path, 0600), 0);
    ck_assert_int_eq(symlink("file", link_path), 0);
    fclose(fopen(file_path, "wb"));
    int reader = open(pipe_path, O_RDONLY | O_NONBLOCK);
    const char *const paths[] = {pipe_path, link_path};
    for (int i = 0; i < 2; i++) {
        assay_error error;
        assay_file_writer *writer;
        support_assert_ok(assay_file_create(paths[i], &writer, &error), &error);
        fputs("assay", assay_file_stream(writer));
        support_assert_ok(assay_file_commit(writer, &error), &error);
    }
    char read_back[8] = {0};
    struct stat about;
    ck_assert_int_eq(read(reader, read_back, sizeof read_back), 5);
    ck_assert_str_eq(read_back, "assay");
    ck_assert(lstat(pipe_path, &about) == 0 && S_ISFIFO(about.st_mode));
    ck_assert(lstat(link_path, &about) == 0 && S_ISLNK(about.st_mode));
    ck_assert(lstat(file_path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size == 5);
    close(reader);

    /* The pipe has no writer: reading it must not wait. */
    assay_error error;
    char *bytes;
    size_t size;
    support_assert_error(assay_file_read(pipe_path, 10, &bytes, &size, &error), ASSAY_ERROR_IO, &error, "regular file");
    assay_free(pipe_path);
    assay_free(link_path);
    assay_free(file_path);
    support_remove_folder(folder);
}
END_TEST

/* Puts `file` in the place of standard output; returns the old one. */
static int redirect(const char *file)
{
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    int descriptor = open(file, O_WRONLY | O_CREAT, 0600);
    ck_assert(before >= 0 && dup2(descriptor, STDOUT_FILENO) == STDOUT_FILENO);
    close(descriptor);
    return before;
}

static void end_redirection(int before)
{
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
}

START_TEST(a_hyphen_is_standard_output)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/output", folder);
    assay_error error;
    assay_file_writer *writer;
    int before = redirect(path);
    printf("before, ");
    write_text("-", "one");
    assay_status created = assay_file_create("-", &writer, &error);
    fputs(", two", assay_file_stream(writer));
    assay_file_abort(writer); /* printed text stays, and so does stdout */
    printf(", after");
    end_redirection(before);
    support_assert_ok(created, &error);
    assert_holds(path, "before, one, two, after");
    ck_assert_int_ne(access("-", F_OK), 0);

    /* A failure is reported once: stdout has no error of its own afterwards. */
    ck_assert(access("/dev/full", W_OK) == 0);
    before = redirect("/dev/full");
    support_assert_ok(assay_file_create("-", &writer, &error), &error);
    fputs("lost", assay_file_stream(writer));
    assay_status status = assay_file_commit(writer, &error);
    bool clean = fflush(stdout) == 0 && !ferror(stdout);
    end_redirection(before);
    support_assert_error(status, ASSAY_ERROR_IO, &error, "standard output: not written: No space left on device");
    ck_assert(clean);
    ck_assert(assay_file_is_standard_output("-") && !assay_file_is_standard_output("./-") &&
              !assay_file_is_standard_output("") && !assay_file_is_standard_output(NULL));
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

START_TEST(unusable_paths)
{
    assay_error error;
    assay_file_writer *writer;
    support_assert_error(assay_file_create("/nonexistent/file", &writer, &error), ASSAY_ERROR_IO, &error,
                         "/nonexistent/file");
    ck_assert_ptr_null(writer);
    char *folder = support_make_folder();
    char *bytes;
    size_t size;
    support_assert_error(assay_file_read("/nonexistent", 10, &bytes, &size, &error), ASSAY_ERROR_IO, &error,
                         "cannot be opened");
    support_assert_error(assay_file_read(folder, 10, &bytes, &size, &error), ASSAY_ERROR_IO, &error,
                         "not a regular file");
    char *path = assay_asprintf(NULL, "%s/file", folder);
    write_text(path, "12345678901");
    support_assert_error(assay_file_read(path, 10, &bytes, &size, &error), ASSAY_ERROR_FORMAT, &error,
                         "11 bytes are more than the 10");
    /* A file cannot replace a folder. */
    char *inner = assay_asprintf(NULL, "%s/folder", folder);
    ck_assert_int_eq(mkdir(inner, 0777), 0);
    support_assert_error(assay_file_create(inner, &writer, &error), ASSAY_ERROR_IO, &error, "it is a directory");
    ck_assert_ptr_null(writer);
    ck_assert_uint_eq(files_in(folder), 2);
    assay_free(inner);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* The id of a process that has ended. */
static long ended_process(void)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL); /* valgrind then looks for no leaks in the child */
        _exit(1);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    return (long)child;
}

/* Temporary files of killed writers go; other files, and those of running writers, stay. */
START_TEST(leftovers_of_the_dead_go)
{
    /* clang-format off */
    static const struct { const char *format; bool goes; } names[] = {
        {"file.%ld-12.tmp", true},      {"file.%ld-12", false},     {"file.%ld-x.tmp", false},  {"file.tmp", false},
        {"file.%ld-12.tmp.bak", false}, {"file.%ld.tmp", false},    {"file2.%ld-1.tmp", false}, {"file", false},
        {"file.-%ld-12.tmp", false},    {"other.%ld-1.tmp", false},
    };
    /* clang-format on */
    enum { NAMES = sizeof names / sizeof *names };
    const long live[] = {(long)getpid(), (long)getppid(), 1};
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/file", folder);
    long dead = ended_process();
    for (size_t i = 0; i < NAMES; i++) {
        char name[64];
        snprintf(name, sizeof name, names[i].format, dead);
        char *each = assay_asprintf(NULL, "%s/%s", folder, name);
        write_text(each, "x");
        assay_free(each);
    }
    for (size_t i = 0; i < sizeof live / sizeof *live; i++) {
        char *each = assay_asprintf(NULL, "%s/file.%ld-1.tmp", folder, live[i]);
        write_text(each, "x");
        assay_free(each);
    }
    assay_file_remove_leftovers(path);
    ck_assert_uint_eq(files_in(folder), NAMES - 1 + sizeof live / sizeof *live);
    char *gone = assay_asprintf(NULL, "%s/file.%ld-12.tmp", folder, dead);
    ck_assert_int_eq(access(gone, F_OK), -1);
    /* A name without a folder is in the current folder. */
    write_text(gone, "x");
    ck_assert_int_eq(chdir(folder), 0);
    assay_file_remove_leftovers("file");
    ck_assert_int_eq(access(gone, F_OK), -1);
    write_text(gone, "x");
    ck_assert_int_eq(unlink("file"), 0);
    assay_file_remove_leftovers("file");
    ck_assert_int_eq(access(gone, F_OK), -1);
    ck_assert_int_eq(chdir("/"), 0);
    assay_free(gone);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* --- names ------------------------------------------------------------------------------------------------------ */

START_TEST(names_are_found_in_every_kind_of_table)
{
    static const char *const words[] = {"sgd", "leaky-relu", "ReLU"};
    static const char *const ended[] = {"sgd", "leaky-relu", "ReLU", NULL, "adam"};
    static const struct {
        int number;
        const char *name;
    } structs[] = {{1, "sgd"}, {2, "leaky-relu"}, {3, "ReLU"}};
    const assay_names tables[] = {ASSAY_NAMES(words), ASSAY_NAMES(ended), ASSAY_NAMES_UNTIL_NULL(ended),
                                  ASSAY_NAMES_OF(structs, name)};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        size_t index = 17;
        assay_error error;
        ck_assert(!assay_names_find(tables[i], "adam", &index));
        ck_assert(!assay_names_find(tables[i], "", &index));
        ck_assert(!assay_names_find(tables[i], "leaky-rel", &index));
        ck_assert(!assay_names_find(tables[i], "leaky-relus", &index));
        ck_assert(!assay_names_find(tables[i], NULL, &index));
        ck_assert_uint_eq(index, 17);
        static const char *const spellings[] = {"leaky-relu", "leaky_relu", "LEAKY_ReLU"};
        for (size_t j = 0; j < sizeof spellings / sizeof *spellings; j++) {
            index = 17;
            ck_assert(assay_names_find(tables[i], spellings[j], &index));
            ck_assert_uint_eq(index, 1);
        }
        support_assert_ok(assay_names_lookup(tables[i], "thing", "relu", &index, &error), &error);
        ck_assert_uint_eq(index, 2);
        ck_assert_ptr_null(assay_names_at(tables[i], 3));
        assay_status status = assay_names_lookup(tables[i], "thing", "adam", &index, &error);
        support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, "unknown thing 'adam'");
        ck_assert_str_eq(error.message, "unknown thing 'adam'; known: sgd, leaky-relu, ReLU");
    }
}
END_TEST

/* More names than any message has room for: the list ends after a whole name and shows that it was cut. */
START_TEST(a_list_longer_than_its_buffer_is_cut_at_a_name)
{
    enum { MANY = 400 };
    static char texts[MANY][32];
    static const char *names[MANY];
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof texts[i], "name-%d", i);
        names[i] = texts[i];
    }
    size_t index = 0;
    assay_error error;
    char name[2000];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assay_status status = assay_names_lookup(ASSAY_NAMES(names), "thing", name, &index, &error);
    support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, "nnn...'; known: name-0, name-1, ");
    ck_assert_uint_lt(strlen(error.message), ASSAY_ERROR_LENGTH - 1);
    const char *end = error.message + strlen(error.message);
    int last = -1;
    ck_assert_msg(sscanf(end - 12, "name-%d, ...", &last) == 1 && strcmp(end - 5, ", ...") == 0, "%s", error.message);
    ck_assert(last > 20 && last < MANY);
    ck_assert(assay_names_find(ASSAY_NAMES(names), "name-399", &index));
    ck_assert_uint_eq(index, 399);
}
END_TEST

/* Every length of an item around the end of the array; the guard after it sees one byte too many. */
START_TEST(a_list_stays_in_its_array)
{
    for (size_t length = 0; length < 64; length++) {
        char item[64] = "";
        memset(item, 'i', length);
        for (size_t size = 8; size < 48; size++) {
            char array[64];
            memset(array, '#', sizeof array);
            assay_list list = assay_list_begin(array, size);
            for (int i = 0; i < 10; i++) {
                assay_list_add(&list, item);
                ck_assert_uint_eq(list.length, strlen(array));
            }
            ck_assert_uint_lt(list.length, size);
            ck_assert(array[size] == '#');
            bool cut = list.length >= 3 && strcmp(array + list.length - 3, "...") == 0;
            ck_assert(list.full == cut);
            ck_assert(cut || list.length >= 10 * length);
        }
    }
}
END_TEST

START_TEST(shortest_decimals)
{
    evidence(EVIDENCE_PROPERTY, "base/text_number");
    static const struct {
        double value;
        const char *text;
    } numbers[] = {{0.1, "0.1"}, {1e-300, "1e-300"}, {-2, "-2"}, {0.1 + 0.2, "0.30000000000000004"}, {1e22, "1e+22"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[32];
        assay_text_number(numbers[i].value, text, sizeof text);
        ck_assert_str_eq(text, numbers[i].text);
    }
}
END_TEST

START_TEST(path_beside_the_program)
{
    evidence(EVIDENCE_PROPERTY, "base/file_beside_program");
    char own[4096];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    ck_assert_int_gt(length, 0);
    own[length] = '\0';
    assay_error error;
    char *path = assay_file_beside_program(strrchr(own, '/') + 1, &error);
    ck_assert_str_eq(path, own);
    assay_free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base");
    TCase *tests = evidence_case("base", "property: base/alloc, base/error, base/file, base/names; errors: base/alloc, "
                                         "base/error, base/file, base/names");
    tcase_add_test(tests, error_is_one_line_and_cut);
    tcase_add_test(tests, allocation_is_zeroed_aligned_and_checked);
    tcase_add_test(tests, strings);
    tcase_add_test(tests, files_appear_whole);
    tcase_add_test(tests, full_disk_loses_nothing);
    tcase_add_test(tests, a_hyphen_is_standard_output);
    tcase_add_test(tests, unusable_paths);
    tcase_add_test(tests, leftovers_of_the_dead_go);
    tcase_add_test(tests, pipes_and_links_are_not_replaced);
    tcase_add_test(tests, names_are_found_in_every_kind_of_table);
    tcase_add_test(tests, a_list_longer_than_its_buffer_is_cut_at_a_name);
    tcase_add_test(tests, a_list_stays_in_its_array);
    tcase_add_test(tests, shortest_decimals);
    tcase_add_test(tests, path_beside_the_program);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
