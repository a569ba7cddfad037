/* lib/base: errors, allocation, and files that are written completely or not at all. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <signal.h>
#include <dirent.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/base/text.h>
#include <assay/base/names.h>
#include "base/byte_order.h"
#include "base/json.h"
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

/* What libassay asked for since `calls` was set to 0. This function takes the place of the C library's, and refuses. */
static struct {
    int calls;
    char *begin;
    size_t size;
    int advice;
} asked;

int madvise(void *memory, size_t size, int advice)
{
    asked.calls++;
    asked.begin = memory;
    asked.size = size;
    asked.advice = advice;
    errno = EINVAL;
    return -1;
}

/* For all pages of 2 MiB that lie in the block, and for nothing else. */
START_TEST(large_blocks_ask_for_huge_pages)
{
#ifdef MADV_HUGEPAGE
    static const size_t sizes[] = {1, 4096, 1 << 21, (2 << 21) - 64, 2 << 21, (5 << 20) + 1, 33 << 20};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        asked.calls = 0;
        char *block = assay_calloc(sizes[i], 1, NULL);
        size_t pages = 0;
        char *first = NULL;
        for (char *page = block; page + (1 << 21) <= block + sizes[i] + 63; page += 64) {
            if ((uintptr_t)page % (1 << 21) == 0) {
                first = pages++ == 0 ? page : first;
            }
        }
        ck_assert(block[0] == 0 && memcmp(block, block + 1, sizes[i] - 1) == 0);
        ck_assert_int_eq(asked.calls, pages > 0);
        if (pages > 0) {
            ck_assert_int_eq(asked.advice, MADV_HUGEPAGE);
            ck_assert_ptr_eq(asked.begin, first);
            ck_assert_uint_eq(asked.size, pages << 21);
        }
        assay_free(block);
    }
#endif
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
    /* Nothing takes the place of what cannot be looked at: here, links in a circle. */
    char *circle = assay_asprintf(NULL, "%s/circle", folder);
    ck_assert_int_eq(symlink("circle", circle), 0);
    support_assert_error(assay_file_create(circle, &writer, &error), ASSAY_ERROR_IO, &error,
                         "circle: cannot be written");
    ck_assert_ptr_null(writer);
    ck_assert_int_eq(unlink(circle), 0);
    assay_free(circle);
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
        {"file.-%ld-12.tmp", false},    {"fils.%ld-12.tmp", false},    {"other.%ld-1.tmp", false},
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

/* In a folder of several machines, only what is an hour old goes, of any file. */
START_TEST(old_leftovers_of_any_file_go)
{
    static const struct {
        const char *format;
        long age;
        bool goes;
    } names[] = {{"a.%ld-1.tmp", 3700, true}, {"b.c.%ld-22.tmp", 3700, true}, {"d.%ld-1.tmp", 3500, false},
                 {"e.%ld-1.tmp", 0, false},   {"f.%ld.tmp", 3700, false},     {"%ld-1.tmp", 3700, false},
                 {".%ld-1.tmp", 3700, true},  {"g.%ld-1.tmp.", 3700, false}};
    char *folder = support_make_folder();
    long dead = ended_process();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        struct timespec times[2] = {{.tv_sec = time(NULL) - names[i].age}, {.tv_sec = time(NULL) - names[i].age}};
        snprintf(name, sizeof name, names[i].format, dead);
        char *each = assay_asprintf(NULL, "%s/%s", folder, name);
        write_text(each, "x");
        ck_assert_int_eq(utimensat(AT_FDCWD, each, times, 0), 0);
        assay_free(each);
    }
    assay_file_remove_all_leftovers(folder);
    assay_file_remove_all_leftovers("/nowhere");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        snprintf(name, sizeof name, names[i].format, dead);
        char *each = assay_asprintf(NULL, "%s/%s", folder, name);
        ck_assert_msg((access(each, F_OK) != 0) == names[i].goes, "%s", name);
        assay_free(each);
    }
    support_remove_folder(folder);
}
END_TEST

/* The process of another user, to which no signal may be sent, is alive, too. */
START_TEST(leftovers_of_other_users_stay)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/file", folder);
    char *left = assay_asprintf(NULL, "%s.1-1.tmp", path);
    bool root = getuid() == 0;
    write_text(left, "x");
    ck_assert_int_eq(chmod(folder, 0755), 0);
    ck_assert(!root || setresuid(65534, 65534, 0) == 0);
    bool refused = kill(1, 0) != 0 && errno == EPERM;
    assay_file_remove_leftovers(path);
    ck_assert(!root || setresuid(0, 0, 0) == 0);
    ck_assert(refused);
    ck_assert_int_eq(access(left, F_OK), 0);
    assay_free(left);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

START_TEST(other_kinds_of_files_are_named)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/x", folder);
    int descriptor = 7;
    size_t size = 7;
    assay_error error;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_uint_lt(strlen(path), sizeof address.sun_path);
    strcpy(address.sun_path, path);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    support_assert_error(assay_file_open(path, 10, &descriptor, &size, &error), ASSAY_ERROR_IO, &error,
                         "x: is not a regular file but a pipe");
    ck_assert_int_eq(descriptor, -1);
    support_assert_error(assay_file_open(folder, 10, &descriptor, &size, &error), ASSAY_ERROR_IO, &error,
                         "is not a regular file but a folder");
    support_assert_error(assay_file_open("/dev/null", 10, &descriptor, &size, &error), ASSAY_ERROR_IO, &error,
                         "/dev/null: is not a regular file but a device");
    ck_assert_int_eq(unlink(path), 0);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_ne(assay_file_open(path, 10, &descriptor, &size, &error), ASSAY_OK); /* no socket can be opened */
    close(listener);
    ck_assert_int_eq(unlink(path), 0);
    write_text(path, "0123456789");
    support_assert_ok(assay_file_open(path, 10, &descriptor, &size, &error), &error);
    ck_assert_uint_eq(size, 10);
    char bytes[8] = "";
    support_assert_ok(assay_file_read_at(descriptor, path, 3, bytes, 7, &error), &error);
    ck_assert_str_eq(bytes, "3456789");
    support_assert_error(assay_file_read_at(descriptor, path, 5, bytes, 7, &error), ASSAY_ERROR_IO, &error,
                         "x: 5 of 7 bytes could be read; the file became shorter while it was read");
    close(descriptor);
    support_assert_error(assay_file_read_at(-1, path, 5, bytes, 7, &error), ASSAY_ERROR_IO, &error,
                         "x: 0 of 7 bytes could be read");
    ck_assert_ptr_null(strstr(error.message, "shorter"));
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* Without the sync a file is complete, too. */
START_TEST(unsynced_files_appear_whole)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/file", folder);
    assay_error error;
    assay_file_writer *writer = NULL;
    support_assert_ok(assay_file_create(path, &writer, &error), &error);
    fputs("text", assay_file_stream(writer));
    support_assert_ok(assay_file_commit_unsynced(writer, &error), &error);
    assert_holds(path, "text");
    ck_assert_uint_eq(files_in(folder), 1);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* Two names of one file, there already or to be made; %s is the folder. */
START_TEST(names_of_one_file)
{
    static const struct {
        const char *a;
        const char *b;
        bool same;
    } pairs[] = {
        {"%s/file", "%s/file", true},
        {"%s/file", "%s/./file", true},
        {"%s/file", "%s/soft", true},
        {"%s/file", "%s/hard", true},
        {"%s/file", "%s/other", false},
        {"%s/file", "%s/new", false},
        {"%s/new", "%s/file", false},
        {"%s/new", "%s/new", true},
        {"%s/new", "%s/folder/../new", true},
        {"%s/new", "%s/new2", false},
        {"%s/new", "%s/folder/new", false},
        {"%s/no/new", "%s/new", false},
        {"%s/new", "%s/no/new", false},
        {"%s/folder", "%s/folder/.", false},
        {"%s/folder", "%s/folder", true},
        {"%s/file", "%s/folder", false},
        {"%s/folder", "%s/file", false},
        {"new", "%s/new", true},
        {"%s/new", "new", true},
        {"new", "./new", true},
        {"new", "folder/new", false},
        {"/new-file-of-a-test", "%s/new-file-of-a-test", false},
        {"/proc/new", "%s/new", false},
        {"%s/new", "/proc/new", false},
        {"/proc/version", "%s/file", false},
    };
    char *folder = support_make_folder();
    ck_assert_int_eq(chdir(folder), 0);
    write_text("file", "x");
    write_text("other", "x");
    ck_assert(symlink("file", "soft") == 0 && link("file", "hard") == 0 && mkdir("folder", 0777) == 0);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char paths[2][PATH_MAX];
        for (int side = 0; side < 2; side++) {
            const char *format = side == 0 ? pairs[i].a : pairs[i].b;
            bool in_folder = strncmp(format, "%s", 2) == 0;
            snprintf(paths[side], sizeof paths[side], "%s%s", in_folder ? folder : "", format + (in_folder ? 2 : 0));
        }
        ck_assert_msg(assay_file_is_same(paths[0], paths[1]) == pairs[i].same, "%s %s", pairs[i].a, pairs[i].b);
    }
    /* A name that is too long for any folder is in none. */
    char *longest = assay_calloc(PATH_MAX + 10, 1, NULL);
    memset(longest, '/', PATH_MAX);
    strcpy(longest + PATH_MAX, "new");
    ck_assert(!assay_file_is_same(longest, "/new"));
    assay_free(longest);
    ck_assert_int_eq(chdir("/"), 0);
    support_remove_folder(folder);
}
END_TEST

START_TEST(inputs_are_kept)
{
    static const struct {
        const char *output;
        const char *input;
        bool kept;
    } pairs[] = {
        {"file", "file", true},        {"file", "soft", true},      {"hard", "file", true},
        {"file", "other", false},      {"new", "file", false},      {"file", "new", false},
        {"folder/in", "folder", true}, {"file", "folder", false},   {"link", "folder", true},
        {"folder", "file", false},     {"folder", "folder", false}, {"file", "folder/in", false},
    };
    char *folder = support_make_folder();
    ck_assert_int_eq(chdir(folder), 0);
    write_text("file", "x");
    write_text("other", "x");
    ck_assert(symlink("file", "soft") == 0 && link("file", "hard") == 0 && mkdir("folder", 0777) == 0);
    write_text("folder/in", "x");
    ck_assert_int_eq(link("folder/in", "link"), 0);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assay_error error = {.message = ""};
        assay_status status = assay_file_keep(pairs[i].output, pairs[i].input, &error);
        char *says = assay_asprintf(NULL, "%s: is read by this command (%s), and would be overwritten", pairs[i].output,
                                    pairs[i].input);
        ck_assert_msg((status != ASSAY_OK) == pairs[i].kept, "%s", says);
        if (pairs[i].kept) {
            support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, says);
        }
        assay_free(says);
    }
    ck_assert_int_eq(chdir("/"), 0);
    support_remove_folder(folder);
}
END_TEST

/* --- numbers and texts -------------------------------------------------------------------------------------------- */

START_TEST(bytes_in_both_orders)
{
    evidence(EVIDENCE_PROPERTY, "base/byte_order");
    static const unsigned char bytes[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    static const uint64_t numbers[] = {0x01,         0x2301,         0x452301,         0x67452301,
                                       0x8967452301, 0xab8967452301, 0xcdab8967452301, 0xefcdab8967452301};
    const assay_byte_order here = assay_byte_order_here();
    const assay_byte_order other = here == ASSAY_LITTLE_ENDIAN ? ASSAY_BIG_ENDIAN : ASSAY_LITTLE_ENDIAN;
    const uint16_t one = 1;
    ck_assert_int_eq(here == ASSAY_LITTLE_ENDIAN, *(const unsigned char *)&one);
    for (size_t width = 1; width <= 8; width++) {
        unsigned char put[9] = {0};
        unsigned char turned[16];
        ck_assert(assay_little_endian(bytes, width) == numbers[width - 1]);
        assay_put_little_endian(numbers[7], put, width);
        ck_assert_mem_eq(put, bytes, width);
        ck_assert_uint_eq(put[width], 0);
        memcpy(turned, bytes, 8);
        memcpy(turned + 8, bytes, 8);
        assay_reorder(turned, width, 16 / width, here);
        ck_assert(memcmp(turned, bytes, 8) == 0 && memcmp(turned + 8, bytes, 8) == 0);
        assay_reorder(turned, width, 16 / width, other);
        for (size_t i = 0; i < 16; i++) {
            size_t whole = 16 / width * width;
            size_t from = i < whole ? i / width * width + width - 1 - i % width : i;
            ck_assert_uint_eq(turned[i], bytes[from % 8]);
        }
    }
}
END_TEST

typedef struct {
    unsigned char *bytes;
    size_t size;
    size_t calls;
} visited;

static void visit(const void *bytes, size_t size, void *context)
{
    visited *seen = context;
    memcpy(seen->bytes + seen->size, bytes, size);
    seen->size += size;
    seen->calls++;
}

/* Pieces of 64 KiB, together all bytes; a number more and a number less than whole pieces. */
START_TEST(numbers_go_piece_by_piece)
{
    enum { PIECE = 65536, MOST = 2 * PIECE + 8 };
    static const size_t sizes[] = {0, 8, PIECE - 8, PIECE, PIECE + 8, 2 * PIECE, MOST};
    unsigned char *numbers = assay_calloc(MOST, 1, NULL);
    unsigned char *wanted = assay_calloc(MOST, 1, NULL);
    visited seen = {.bytes = assay_calloc(MOST, 1, NULL)};
    for (size_t i = 0; i < MOST; i++) {
        numbers[i] = (unsigned char)(i * 7 + i / 251);
    }
    memcpy(wanted, numbers, MOST);
    assay_reorder(wanted, 8, MOST / 8, ASSAY_LITTLE_ENDIAN);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        seen.size = seen.calls = 0;
        assay_each_little_endian(numbers, 8, sizes[i], visit, &seen);
        ck_assert_uint_eq(seen.size, sizes[i]);
        ck_assert_uint_eq(seen.calls, (sizes[i] + PIECE - 1) / PIECE);
        ck_assert(sizes[i] == 0 || memcmp(seen.bytes, wanted, sizes[i]) == 0);
    }
    assay_free(seen.bytes);
    assay_free(wanted);
    assay_free(numbers);
}
END_TEST

/* The checksum of "123456789" is CRC-32's published check value; it has two numbers of 4 bytes and one of 1. */
START_TEST(checksums_of_numbers)
{
    evidence(EVIDENCE_GOLDEN, "base/byte_order");
    static const uint32_t numbers[] = {0x34333231, 0x38373635};
    static const unsigned char last = 0x39;
    ck_assert_uint_eq(assay_checksum(assay_checksum(0, numbers, 4, sizeof numbers), &last, 1, 1), 0xcbf43926);
    ck_assert_uint_eq(assay_checksum(7, numbers, 4, 0), 7);
}
END_TEST

/* UTF-8 of a code point, as RFC 3629 has it; without the checks, so that it makes what is not allowed, too. */
static void encode(uint32_t point, size_t length, char *text)
{
    static const unsigned char first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1;) {
        text[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    text[0] = (char)(first[length] | point);
    text[length] = '\0';
}

/* What Unicode calls a control, a separator of lines, or a mark that nobody sees; each end, and what is beside it. */
START_TEST(hidden_characters_are_replaced)
{
    static const uint32_t hidden[][2] = {{0x1, 0x1f},      {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
                                         {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
                                         {0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        const uint32_t points[] = {hidden[i][0] - 1, hidden[i][0], (hidden[i][0] + hidden[i][1]) / 2, hidden[i][1],
                                   hidden[i][1] + 1};
        for (size_t j = i == 0; j < 5; j++) {
            uint32_t point = points[j];
            char text[8];
            char before[8];
            encode(point, point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4, text);
            strcat(text, "x");
            strcpy(before, text);
            assay_text_clean(text);
            ck_assert_msg(strcmp(text, j == 0 || j == 4 ? before : "?x") == 0, "U+%04X: %s", point, text);
        }
    }
}
END_TEST

/* The smallest and largest character of each length, longer forms of them, and bytes that begin nothing. */
START_TEST(bytes_that_are_not_utf8_are_replaced)
{
    static const struct {
        uint32_t point;
        size_t length;
        bool good;
    } characters[] = {{0x20, 1, true},      {0x7e, 1, true},     {0xa0, 2, true},    {0x7ff, 2, true},
                      {0x7e, 2, false},     {0x800, 3, true},    {0xffff, 3, true},  {0x7ff, 3, false},
                      {0x10000, 4, true},   {0x10ffff, 4, true}, {0xffff, 4, false}, {0x110000, 4, false},
                      {0x1fffff, 4, false}, {0x0, 2, false}};
    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        char text[8];
        char wanted[8];
        encode(characters[i].point, characters[i].length, text);
        strcpy(wanted, text);
        if (!characters[i].good) {
            memset(wanted, '?', characters[i].length);
        }
        assay_text_clean(text);
        ck_assert_msg(strcmp(text, wanted) == 0, "%X in %zu bytes", characters[i].point, characters[i].length);
    }
    for (int byte = 0x80; byte <= 0xff; byte++) {
        char text[] = {(char)byte, 'a', 'b', 'c', '\0'};
        assay_text_clean(text);
        ck_assert_str_eq(text, "?abc");
    }
    /* A second byte that continues nothing, at each place. */
    static const char *const broken[][2] = {{"\xc3"
                                             "a",
                                             "?a"},
                                            {"\xe2\x82"
                                             "a",
                                             "??a"},
                                            {"\xe2"
                                             "a\x82",
                                             "?a?"},
                                            {"\xf0\x9f\x98"
                                             "a",
                                             "???a"},
                                            {"\xe2\xc2\xa0", "?\xc2\xa0"},
                                            {"\xe2\x02\x82", "???"}};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        char text[8];
        strcpy(text, broken[i][0]);
        assay_text_clean(text);
        ck_assert_str_eq(text, broken[i][1]);
    }
}
END_TEST

/* Messages of just the size that there is room for; details follow the same rules; nobody needs to listen. */
START_TEST(errors_at_their_limits)
{
    assay_error error = {.message = ""};
    char text[ASSAY_ERROR_LENGTH + 1] = "";
    memset(text, 'x', ASSAY_ERROR_LENGTH);
    assay_fail(&error, ASSAY_ERROR_IO, "%.*s", ASSAY_ERROR_LENGTH - 1, text);
    ck_assert(strlen(error.message) == ASSAY_ERROR_LENGTH - 1 && strchr(error.message, '.') == NULL);
    assay_fail(&error, ASSAY_ERROR_IO, "%.*s", ASSAY_ERROR_LENGTH, text);
    ck_assert(strlen(error.message) == ASSAY_ERROR_LENGTH - 1 &&
              strcmp(error.message + ASSAY_ERROR_LENGTH - 5, "x...") == 0);
    assay_fail(&error, ASSAY_ERROR_IO, "inner");
    assay_fail_detail(&error, "at\n%d", 7);
    ck_assert_str_eq(error.detail, "at?7");
    ck_assert_int_eq(assay_fail_in(&error, ASSAY_ERROR_FORMAT, "outer"), ASSAY_ERROR_FORMAT);
    ck_assert(error.status == ASSAY_ERROR_FORMAT && strcmp(error.message, "outer: inner") == 0);
    ck_assert_str_eq(error.detail, "at?7");
    ck_assert_int_eq(assay_fail_in(&error, ASSAY_OK, "nobody"), ASSAY_OK);
    ck_assert_str_eq(error.message, "outer: inner");
    ck_assert_int_eq(assay_fail_in(NULL, ASSAY_ERROR_IO, "nobody"), ASSAY_ERROR_IO);
    assay_fail_detail(NULL, "nobody");
    assay_fail_detail(&error, "%s", text);
    ck_assert_uint_eq(strlen(error.detail), ASSAY_ERROR_DETAIL_LENGTH - 1);
    assay_fail(&error, ASSAY_ERROR_IO, "next");
    ck_assert_str_eq(error.detail, "");
}
END_TEST

START_TEST(allocations_at_their_limits)
{
    assay_error error = {.message = ""};
    unsigned char *none = assay_calloc(SIZE_MAX, 0, &error);
    ck_assert(none != NULL && none[0] == 0 && none[ASSAY_ALIGNMENT - 1] == 0);
    assay_free(none);
    ck_assert_ptr_null(assay_calloc(SIZE_MAX - ASSAY_ALIGNMENT, 1, &error));
    char *says = assay_asprintf(NULL, "out of memory: cannot allocate %zu bytes", SIZE_MAX - ASSAY_ALIGNMENT + 1);
    support_assert_error(error.status, ASSAY_ERROR_MEMORY, &error, says);
    assay_free(says);
    ck_assert_ptr_null(assay_calloc(SIZE_MAX - ASSAY_ALIGNMENT + 1, 1, &error));
    support_assert_error(error.status, ASSAY_ERROR_MEMORY, &error, "cannot address ");
    ck_assert_ptr_null(assay_calloc((SIZE_MAX - ASSAY_ALIGNMENT) / 3 + 1, 3, &error));
    support_assert_error(error.status, ASSAY_ERROR_MEMORY, &error, "elements of 3 bytes");
    /* A character that no locale has cannot be formatted. */
    ck_assert_ptr_null(assay_asprintf(&error, "%ls", (const wchar_t[]){(wchar_t)0x7fffffff, 0}));
    support_assert_error(error.status, ASSAY_ERROR_MEMORY, &error, "cannot format a text");
    char *copy = assay_strdup("", &error);
    ck_assert_str_eq(copy, "");
    assay_free(copy);
}
END_TEST

START_TEST(json_is_strict)
{
    json_error_t where;
    assay_status status = ASSAY_ERROR_NUMERIC;
    json_t *value = assay_json_load("{\"a\": [1, 2.5]}tail", 15, &where, &status);
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(status, ASSAY_OK);
    char *text = assay_json_print(value, JSON_COMPACT);
    ck_assert_str_eq(text, "{\"a\":[1,2.5]}");
    free(text);
    json_decref(value);
    ck_assert_ptr_null(assay_json_load("{\"a\": 1, \"a\": 2}", 16, &where, &status));
    ck_assert_int_eq(status, ASSAY_ERROR_FORMAT);
    ck_assert_ptr_nonnull(strstr(where.text, "duplicate"));
    ck_assert_ptr_null(assay_json_print(NULL, 0));
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

START_TEST(a_list_begins_empty)
{
    char array[16];
    memset(array, '#', sizeof array);
    assay_list list = assay_list_begin(array, sizeof array);
    ck_assert(strcmp(array, "") == 0 && array[1] == '#' && list.length == 0 && !list.full);
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

/* Case matters for letters alone; the first and last of them, and what is beside them in ASCII. */
START_TEST(names_match_by_one_rule)
{
    static const struct {
        const char *text;
        const char *name;
        bool match;
    } pairs[] = {{"AZaz", "azAZ", true}, {"@", "`", false},     {"[", "{", false}, {"a_b", "a-b", true},
                 {"A-B", "a_b", true},   {"a b", "a-b", false}, {"", "", true},    {"a", "ab", false},
                 {"ab", "a", false},     {"B", "b", true},      {"Y", "y", true},  {"1", "q", false}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ck_assert_msg(assay_names_match(pairs[i].text, strlen(pairs[i].text), pairs[i].name) == pairs[i].match, "%s %s",
                      pairs[i].text, pairs[i].name);
    }
    ck_assert(assay_names_match("abc", 2, "ab") && !assay_names_match("abc", 2, "abc"));
}
END_TEST

/* A name is cut after 64 characters; no name is an empty one. */
START_TEST(unknown_names_are_shown)
{
    static const char *const words[] = {"sgd"};
    for (size_t length = 64; length <= 65; length++) {
        char name[66] = "";
        size_t index = 0;
        assay_error error = {.message = ""};
        memset(name, 'n', length);
        assay_status status = assay_names_lookup(ASSAY_NAMES(words), "thing", name, &index, &error);
        char *says = assay_asprintf(NULL, "unknown thing '%.64s%s'; known: sgd", name, length > 64 ? "..." : "");
        support_assert_error(status, ASSAY_ERROR_ARGUMENT, &error, says);
        assay_free(says);
        support_assert_error(assay_names_lookup(ASSAY_NAMES(words), "thing", NULL, &index, &error),
                             ASSAY_ERROR_ARGUMENT, &error, "unknown thing ''; known: sgd");
    }
}
END_TEST

START_TEST(shortest_decimals)
{
    evidence(EVIDENCE_PROPERTY, "base/text");
    static const struct {
        double value;
        const char *text;
    } numbers[] = {{0.1, "0.1"},    {1e-300, "1e-300"},   {-2, "-2"}, {0.1 + 0.2, "0.30000000000000004"},
                   {1e22, "1e+22"}, {(double)NAN, "nan"}, {0.0, "0"}, {1.0 / 3.0, "0.3333333333333333"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[32];
        assay_text_number(numbers[i].value, text, sizeof text);
        ck_assert_str_eq(text, numbers[i].text);
    }
}
END_TEST

START_TEST(path_beside_the_program)
{
    evidence(EVIDENCE_PROPERTY, "base/file");
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
    tcase_add_test(tests, large_blocks_ask_for_huge_pages);
    tcase_add_test(tests, strings);
    tcase_add_test(tests, files_appear_whole);
    tcase_add_test(tests, full_disk_loses_nothing);
    tcase_add_test(tests, a_hyphen_is_standard_output);
    tcase_add_test(tests, unusable_paths);
    tcase_add_test(tests, leftovers_of_the_dead_go);
    tcase_add_test(tests, pipes_and_links_are_not_replaced);
    tcase_add_test(tests, old_leftovers_of_any_file_go);
    tcase_add_test(tests, leftovers_of_other_users_stay);
    tcase_add_test(tests, other_kinds_of_files_are_named);
    tcase_add_test(tests, unsynced_files_appear_whole);
    tcase_add_test(tests, names_of_one_file);
    tcase_add_test(tests, inputs_are_kept);
    tcase_add_test(tests, bytes_in_both_orders);
    tcase_add_test(tests, numbers_go_piece_by_piece);
    tcase_add_test(tests, checksums_of_numbers);
    tcase_add_test(tests, hidden_characters_are_replaced);
    tcase_add_test(tests, bytes_that_are_not_utf8_are_replaced);
    tcase_add_test(tests, errors_at_their_limits);
    tcase_add_test(tests, allocations_at_their_limits);
    tcase_add_test(tests, json_is_strict);
    tcase_add_test(tests, names_match_by_one_rule);
    tcase_add_test(tests, unknown_names_are_shown);
    tcase_add_test(tests, names_are_found_in_every_kind_of_table);
    tcase_add_test(tests, a_list_longer_than_its_buffer_is_cut_at_a_name);
    tcase_add_test(tests, a_list_begins_empty);
    tcase_add_test(tests, a_list_stays_in_its_array);
    tcase_add_test(tests, shortest_decimals);
    tcase_add_test(tests, path_beside_the_program);
    suite_add_tcase(suite, tests);
    return support_run(suite);
}
