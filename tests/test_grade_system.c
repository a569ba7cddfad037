/*
 * What the grader asks of the system: files, processes, signs of the reference, the filter of system calls, compiled
 * sources, runners. In this process where that is possible: `assay grade` itself is tested by tests/grade/.
 */
#define _GNU_SOURCE
#include "config.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "base/marker.h"
#include "grade/battery.h"
#include "grade/cgroup.h"
#include "grade/child.h"
#include "grade/compile.h"
#include "grade/evidence.h"
#include "grade/folder.h"
#include "grade/form.h"
#include "grade/hidden.h"
#include "grade/hint.h"
#include "grade/npy.h"
#include "grade/npy_header.h"
#include "grade/processes.h"
#include "grade/sandbox.h"
#include "grade/seccomp.h"
#include "grade/submission.h"
#include "grade/text.h"
#include "support.h"

/* "FOLDER/NAME"; the caller frees it with assay_free. */
static char *joined(const char *folder, const char *name)
{
    char *path = assay_asprintf(NULL, "%s/%s", folder, name);
    ck_assert_ptr_nonnull(path);
    return path;
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    char *path = joined(folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
    assay_free(path);
}

/* A file that is there, and what it is a link to, on the machine that a test pretends; NULL: none. */
static struct {
    const char *file;
    const char *target;
} pretended;

static bool is_pretended(const char *path)
{
    return pretended.file != NULL && strcmp(path, pretended.file) == 0;
}

/* The grader's calls of access and realpath come here. */
int access(const char *path, int mode)
{
    return is_pretended(path) ? 0 : faccessat(AT_FDCWD, path, mode, 0);
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    char *(*real)(const char *, char *) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "realpath");
    memcpy(&real, &symbol, sizeof real);
    return is_pretended(path) ? strdup(pretended.target) : real(path, resolved);
}

/* The list of the children of process `parent` is read from this file; 0: of none. */
static struct {
    pid_t parent;
    const char *file;
} family;

/* The grader's calls come here. Weak, so that compilers do not look into it where it is called here. */
__attribute__((weak)) FILE *fopen(const char *restrict path, const char *restrict mode)
{
    FILE *(*real)(const char *, const char *) = NULL;
    char list[64];
    void *symbol = dlsym(RTLD_NEXT, "fopen");
    memcpy(&real, &symbol, sizeof real);
    snprintf(list, sizeof list, "/proc/%d/task/%d/children", family.parent, family.parent);
    return real(family.parent != 0 && strcmp(path, list) == 0 ? family.file : path, mode);
}

/* A pattern whose files are looked for, and how often; another call that fails. */
static struct {
    const char *pattern;
    int times;
} looked_for;
static bool no_memory_file;

int glob(const char *restrict pattern, int flags, int (*failed)(const char *, int), glob_t *restrict found)
{
    int (*real)(const char *, int, int (*)(const char *, int), glob_t *) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "glob");
    memcpy(&real, &symbol, sizeof real);
    looked_for.times += looked_for.pattern != NULL && strcmp(pattern, looked_for.pattern) == 0;
    return real(pattern, flags, failed, found);
}

int memfd_create(const char *name, unsigned flags)
{
    errno = EMFILE;
    return no_memory_file ? -1 : (int)syscall(SYS_memfd_create, name, flags);
}

static void make_folder(const char *folder, const char *name)
{
    char *path = joined(folder, name);
    ck_assert_int_eq(mkdir(path, 0755), 0);
    assay_free(path);
}

/* --- signs of the reference: bytes -------------------------------------------------------------------------------- */

static void write_marked(const char *folder, const char *name, size_t offset, size_t size)
{
    char *path = joined(folder, name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, (long)offset, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(ASSAY_MARKER, 1, ASSAY_MARKER_SIZE, file), ASSAY_MARKER_SIZE);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(truncate(path, (off_t)size), 0);
    assay_free(path);
}

static void assert_sign_in_file(const char *folder, const char *name, const char *wanted)
{
    assay_error error = {0};
    grade_evidence *evidence;
    char *path = joined(folder, name);
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    assay_grade_evidence_file(evidence, path);
    ck_assert_str_eq(assay_grade_evidence_text(evidence), wanted);
    assay_grade_evidence_destroy(evidence);
    assay_free(path);
}

/* Wherever it is in a file, also across two blocks of 64 KiB; files of more than 256 MiB are not read. */
START_TEST(markers_are_found_in_files)
{
    evidence(EVIDENCE_PROPERTY, "base/marker");
    enum { BLOCK = 1 << 16 };
    /* clang-format off */
    static const struct { size_t offset, size; bool found; } cases[] = {
        {0, 32, true}, {0, 31, false}, {1, 33, true}, {100, 1000, true}, {BLOCK - 32, BLOCK, true},
        {BLOCK - 31, BLOCK + 1, true}, {BLOCK - 1, 2 * BLOCK, true}, {BLOCK, 2 * BLOCK, true},
        {2 * BLOCK - 16, 3 * BLOCK, true}, {2 * BLOCK - 16, 2 * BLOCK + 15, false}, {0, 256 << 20, true},
        {0, (256 << 20) + 1, false},
    };
    /* clang-format on */
    char *folder = support_make_folder();
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        write_marked(folder, "x.bin", cases[k].offset, cases[k].size);
        assert_sign_in_file(folder, "x.bin", cases[k].found ? "x.bin contains a copy of libassay" : "");
    }
    assert_sign_in_file(folder, "none", "");
    assert_sign_in_file(folder, ".", "");
    support_remove_folder(folder);
}
END_TEST

/* In folders of folders, 16 deep; links are not followed. */
START_TEST(markers_are_found_in_folders)
{
    for (int depth = 15; depth <= 17; depth++) {
        char *folder = support_make_folder();
        char *inner = joined(folder, "0");
        for (int k = 0; k < depth; k++) {
            ck_assert_int_eq(mkdir(inner, 0755), 0);
            char *next = joined(inner, "0");
            assay_free(inner);
            inner = next;
        }
        inner[strlen(inner) - 2] = '\0';
        write_marked(inner, "deep.bin", 10, 100);
        grade_evidence *evidence;
        assay_error error = {0};
        support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
        assay_grade_evidence_folder(evidence, folder);
        ck_assert_str_eq(assay_grade_evidence_text(evidence),
                         depth <= 16 ? "deep.bin contains a copy of libassay" : "");
        assay_grade_evidence_destroy(evidence);
        assay_free(inner);
        support_remove_folder(folder);
    }
    char *folder = support_make_folder();
    char *outside = support_make_folder();
    write_marked(outside, "x.bin", 0, 40);
    char *target = joined(outside, "x.bin");
    char *link = joined(folder, "link");
    ck_assert_int_eq(symlink(target, link), 0);
    grade_evidence *evidence;
    assay_error error = {0};
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    assay_grade_evidence_folder(evidence, folder);
    assay_grade_evidence_folder(evidence, "/nonexistent");
    ck_assert_str_eq(assay_grade_evidence_text(evidence), "");
    int opened = open(outside, O_RDONLY | O_DIRECTORY);
    assay_grade_evidence_open(evidence, opened, "outside");
    ck_assert_str_eq(assay_grade_evidence_text(evidence), "x.bin contains a copy of libassay");
    close(opened);
    assay_grade_evidence_destroy(evidence);
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    opened = open(target, O_RDONLY); /* a file that is open */
    assay_grade_evidence_open(evidence, opened, "of a student");
    ck_assert_str_eq(assay_grade_evidence_text(evidence), "of a student contains a copy of libassay");
    close(opened);
    assay_grade_evidence_destroy(evidence);
    assay_free(target);
    assay_free(link);
    support_remove_folder(folder);
    support_remove_folder(outside);
}
END_TEST

/* The names in a folder, in the order in which the kernel lists them; the caller frees each, and the list. */
static size_t list_names(const char *folder, char ***names)
{
    size_t count = 0;
    *names = NULL;
    DIR *listing = opendir(folder);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        if (entry->d_name[0] != '.') {
            *names = realloc(*names, (count + 1) * sizeof **names);
            ck_assert_ptr_nonnull(*names);
            (*names)[count++] = strdup(entry->d_name);
        }
    }
    closedir(listing);
    return count;
}

static void free_names(char **names, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        free(names[k]);
    }
    free(names);
}

static void assert_sign_in_folder(const char *folder, bool wanted)
{
    assay_error error = {0};
    grade_evidence *evidence;
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    assay_grade_evidence_folder(evidence, folder);
    ck_assert_int_eq(strstr(assay_grade_evidence_text(evidence), "contains a copy of libassay") != NULL, wanted);
    assay_grade_evidence_destroy(evidence);
}

/* Where the standard input is closed, a file or a folder has descriptor 0: it is looked at as any other. */
START_TEST(markers_are_found_with_descriptor_0)
{
    char *folder = support_make_folder();
    int kept = dup(0);
    write_marked(folder, "x.bin", 0, 40);
    close(0);
    assert_sign_in_file(folder, "x.bin", "x.bin contains a copy of libassay");
    assert_sign_in_folder(folder, true);
    char *inner = joined(folder, "inner"); /* 0 is closed again: the folder in it has it, or the file */
    ck_assert_int_eq(mkdir(inner, 0755), 0);
    char *here = joined(folder, "x.bin");
    char *there = joined(inner, "x.bin");
    ck_assert_int_eq(rename(here, there), 0);
    int outer = open(folder, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(outer, 0);
    ck_assert_int_ge(dup2(0, kept + 1), 0);
    close(0);
    grade_evidence *evidence;
    assay_error error = {0};
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    assay_grade_evidence_open(evidence, kept + 1, folder); /* its own listing takes 0 */
    ck_assert_str_eq(assay_grade_evidence_text(evidence), "x.bin contains a copy of libassay");
    assay_grade_evidence_destroy(evidence);
    close(kept + 1);
    dup2(kept, 0);
    close(kept);
    assay_free(inner);
    assay_free(here);
    assay_free(there);
    support_remove_folder(folder);
}
END_TEST

/* The files of a folder share 256 MiB: what is left decides, and a file that is too long for it takes none of it. */
START_TEST(the_bytes_of_a_folder_are_limited)
{
    enum { LIMIT = 256 << 20 };
    /* clang-format off */
    static const struct { int before; bool found; } cases[] = {
        {100, true}, {LIMIT - 39, false}, {LIMIT + 1, true},
    };
    /* clang-format on */
    char *folder = support_make_folder();
    char **names;
    write_file(folder, "a", "", 0);
    write_file(folder, "b", "", 0);
    ck_assert_uint_eq(list_names(folder, &names), 2);
    char *first = joined(folder, names[0]);
    write_marked(folder, names[1], 0, 40);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        ck_assert_int_eq(truncate(first, cases[k].before), 0);
        assert_sign_in_folder(folder, cases[k].found);
    }
    assay_free(first);
    free_names(names, 2);
    support_remove_folder(folder);
}
END_TEST

/* The last of 5000 files and folders is looked at; the last of 5001 is not. */
START_TEST(the_files_of_a_folder_are_limited)
{
    enum { BEFORE = 5000 - 3 }; /* the two folders and the file with the marker count, too */
    char *folder = support_make_folder();
    char **names;
    make_folder(folder, "a");
    make_folder(folder, "b");
    ck_assert_uint_eq(list_names(folder, &names), 2);
    char *first = joined(folder, names[0]);
    char *second = joined(folder, names[1]);
    char *empty = joined(first, "0");
    write_marked(second, "x.bin", 0, 40);
    write_file(first, "0", "", 0);
    for (int k = 1; k <= BEFORE; k++) {
        char name[16];
        snprintf(name, sizeof name, "%d", k);
        char *path = joined(first, name);
        if (k == BEFORE) {
            assert_sign_in_folder(folder, true);
        }
        ck_assert_int_eq(link(empty, path), 0);
        assay_free(path);
    }
    assert_sign_in_folder(folder, false);
    assay_free(empty);
    assay_free(first);
    assay_free(second);
    free_names(names, 2);
    support_remove_folder(folder);
}
END_TEST

/* --- signs of the reference: shared objects ----------------------------------------------------------------------- */

/* Linked to it, calling it, or defining three of its functions. */
START_TEST(objects_show_what_they_use)
{
    if (access("/usr/bin/cc", X_OK) != 0) {
        support_skip("no compiler for shared objects; apt-get install gcc");
        return;
    }
    char *folder = support_make_folder();
    char *command = assay_asprintf(
        NULL,
        "cd %s && echo 'int assay_a(void){return 1;} int assay_b(void){return 2;}' >two.c && "
        "echo 'int assay_c(void){return 3;}' >c.c && echo 'int assay_a(void); int f(void){return assay_a();}' >call.c "
        "&& "
        "echo 'int my_assay_a(void){return 1;} int assay(void){return 1;}' >own.c && "
        "cc -shared -fPIC -o two.so two.c && cc -shared -fPIC -o three.so two.c c.c && cc -shared -fPIC -o call.so "
        "call.c "
        "&& cc -shared -fPIC -Wl,-soname,libassay.so.1 -o libassay.so own.c && "
        "cc -shared -fPIC -Wl,--no-as-needed -o linked.so own.c -L. -lassay && cp libassay.so own.so",
        folder);
    ck_assert_int_eq(system(command), 0);
    assert_sign_in_file(folder, "two.so", "");
    assert_sign_in_file(folder, "own.so", "");
    assert_sign_in_file(folder, "three.so", "three.so defines functions of libassay");
    assert_sign_in_file(folder, "call.so", "call.so calls functions of libassay");
    assert_sign_in_file(folder, "linked.so", "linked.so is linked to libassay (DT_NEEDED)");
    assay_free(command);
    support_remove_folder(folder);
}
END_TEST

/* --- processes ---------------------------------------------------------------------------------------------------- */

/* A child that runs `body`, tells us so, and waits to be killed. */
static pid_t start_child(void (*body)(void))
{
    int ends[2];
    char told = 0;
    ck_assert_int_eq(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        body();
        if (write(ends[1], "x", 1) == 1) {
            pause();
        }
        _exit(1);
    }
    ck_assert_int_eq((int)read(ends[0], &told, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return child;
}

static void do_nothing(void)
{
}

static void fork_two(void)
{
    for (int k = 0; k < 2; k++) {
        if (fork() == 0) {
            pause();
        }
    }
}

/* The process first, then its descendants; all of them are killed. */
START_TEST(trees_of_processes_are_found_and_killed)
{
    pid_t found[8] = {0};
    pid_t child = start_child(fork_two);
    ck_assert_uint_eq(assay_grade_descendants(child, found, 8), 3);
    ck_assert(found[0] == child && found[1] > 0 && found[2] > 0 && found[1] != found[2]);
    found[1] = found[2] = 0;
    ck_assert_uint_eq(assay_grade_descendants(child, found, 2), 2);
    ck_assert(found[1] > 0 && found[2] == 0);
    ck_assert_uint_eq(assay_grade_usage(child).processes, 3);
    int status;
    ck_assert_uint_eq(assay_grade_descendants(child, found, 8), 3);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    assay_grade_kill_tree(child);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    }
}
END_TEST

/* A fork bomb is looked at up to a bound. Its processes' numbers are above those that the kernel gives. */
START_TEST(families_have_a_bound)
{
    enum { BOUND = 4096, MORE = 5000, FIRST = 50000000 };
    static pid_t found[MORE];
    char *folder = support_make_folder();
    char *list = joined(folder, "children");
    FILE *file = fopen(list, "w");
    for (int k = 0; k < MORE; k++) {
        fprintf(file, "%d ", FIRST + k);
    }
    ck_assert_int_eq(fclose(file), 0);
    pid_t child = start_child(do_nothing);
    family.file = list;
    family.parent = child;
    ck_assert_uint_eq(assay_grade_descendants(child, found, MORE), BOUND);
    ck_assert(found[0] == child && found[1] == FIRST && found[BOUND - 1] == FIRST + BOUND - 2);
    family.parent = 0;
    assay_grade_kill_tree(child);
    assay_free(list);
    support_remove_folder(folder);
}
END_TEST

enum { OWN_BYTES = 24 << 20, SHARED_BYTES = 8 << 20 };
#ifdef ASSAY_SANITIZED
/* gcc 14's AddressSanitizer notes with one byte for 8 that what is mapped may be used, in both processes. */
enum { NOTED_BYTES = 2 * (OWN_BYTES + SHARED_BYTES) / 8 };
#else
enum { NOTED_BYTES = 0 };
#endif

static void use_memory(void)
{
    char *own = mmap(NULL, OWN_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *shared = mmap(NULL, SHARED_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(own, 1, OWN_BYTES);
    memset(shared, 1, SHARED_BYTES);
    if (fork() == 0) {
        pause();
    }
}

/* Pages of two processes count twice, and once in the proportional sum; shared memory counts by itself. */
START_TEST(memory_of_processes_is_counted)
{
    pid_t child = start_child(do_nothing);
    const grade_usage before = assay_grade_usage(child);
    const size_t proportional = assay_grade_proportional_bytes(child);
    assay_grade_kill_tree(child);
    child = start_child(use_memory);
    const grade_usage after = assay_grade_usage(child);
    const size_t after_proportional = assay_grade_proportional_bytes(child);
    assay_grade_kill_tree(child);
    ck_assert_uint_eq(before.processes, 1);
    ck_assert_uint_eq(after.processes, 2);
    ck_assert_uint_gt(before.resident_bytes, 100000);
    ck_assert_uint_ge(after.resident_bytes, before.resident_bytes + 2 * (size_t)OWN_BYTES - (1 << 20));
    ck_assert_uint_le(after.resident_bytes,
                      2 * before.resident_bytes + 2 * (size_t)OWN_BYTES + NOTED_BYTES + (2 << 20));
    ck_assert_uint_ge(after.shared_bytes, SHARED_BYTES);
    ck_assert_uint_lt(after.shared_bytes, before.shared_bytes + 2 * (size_t)SHARED_BYTES + (1 << 20));
    ck_assert_uint_ge(after_proportional, OWN_BYTES);
    ck_assert_uint_lt(after_proportional, 2 * proportional + OWN_BYTES + NOTED_BYTES + (4 << 20));
}
END_TEST

static void burn(void)
{
    struct timespec now;
    do {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    } while (now.tv_sec == 0 && now.tv_nsec < 30000000);
}

static void burn_twice(void)
{
    burn();
    pid_t child = fork();
    if (child == 0) {
        burn();
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* Of a process, and of its children that have ended. */
START_TEST(processor_time_is_counted)
{
    pid_t idle = start_child(do_nothing);
    ck_assert_double_lt(assay_grade_usage(idle).cpu_seconds, 0.03);
    assay_grade_kill_tree(idle);
    pid_t child = start_child(burn_twice);
    const double used = assay_grade_usage(child).cpu_seconds;
    assay_grade_kill_tree(child);
    ck_assert_msg(used >= 0.039 && used < 0.5, "%g s", used);
    ck_assert(assay_grade_usage(0x7ffffff0).cpu_seconds == 0.0);
}
END_TEST

/* The reference that a process has mapped: this test has the library. What was looked at is not looked at again. */
START_TEST(processes_that_use_the_reference_are_seen)
{
    grade_evidence *evidence;
    assay_error error = {0};
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    pid_t child = start_child(do_nothing);
    ck_assert(assay_grade_evidence_processes(evidence, child, true));
    ck_assert_msg(strstr(assay_grade_evidence_text(evidence), "libassay") != NULL, "%s",
                  assay_grade_evidence_text(evidence));
    assay_grade_kill_tree(child);
    assay_grade_evidence_destroy(evidence);
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    int held[2];
    ck_assert_int_eq(pipe(held), 0);
    child = fork();
    if (child == 0) {
        dup2(held[0], 0);
        close(held[1]);
        execlp("cat", "cat", (char *)NULL);
        _exit(1);
    }
    char path[64];
    char name[16] = "";
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)child);
    while (strcmp(name, "cat\n") != 0) { /* it has become the other program */
        FILE *comm = fopen(path, "r");
        ck_assert(comm != NULL && fgets(name, sizeof name, comm) != NULL);
        fclose(comm);
    }
    for (int quick = 0; quick < 2; quick++) {
        ck_assert(assay_grade_evidence_processes(evidence, child, quick == 1));
        ck_assert_str_eq(assay_grade_evidence_text(evidence), "");
    }
    kill(child, SIGKILL);
    assay_grade_evidence_destroy(evidence);
    close(held[0]);
    close(held[1]);
}
END_TEST

/* Python, with the first bytes of a file mapped; its descriptors are closed when it is killed. 0: no Python. */
static pid_t start_mapping(const char *name, size_t length, const char *rights)
{
    char *command = assay_asprintf(NULL,
                                   "import mmap, sys; f = open('%s', 'rb'); "
                                   "m = mmap.mmap(f.fileno(), %zu, prot=%s); print(m[0], flush=True); sys.stdin.read()",
                                   name, length, rights);
    int to[2];
    int from[2];
    char told;
    ck_assert(pipe(to) == 0 && pipe(from) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(to[0], 0);
        dup2(from[1], 1);
        execlp("python3", "python3", "-S", "-c", command, (char *)NULL);
        _exit(1);
    }
    close(from[1]);
    close(to[0]);
    if (read(from[0], &told, 1) != 1) {
        waitpid(child, NULL, 0);
        child = 0;
    }
    close(from[0]);
    assay_free(command);
    return child;
}

/* What is said of the mapping in a process of its own; `wanted`: part of it, "" for nothing. */
static void assert_mapping(const char *name, size_t length, const char *rights, const char *wanted)
{
    grade_evidence *evidence;
    assay_error error = {0};
    pid_t child = start_mapping(name, length, rights);
    if (child == 0) {
        support_skip("no python3 to map a file; apt-get install python3");
        return;
    }
    support_assert_ok(assay_grade_evidence_create(&evidence, &error), &error);
    ck_assert(assay_grade_evidence_processes(evidence, child, true));
    const char *said = assay_grade_evidence_text(evidence);
    ck_assert_msg(wanted[0] == '\0' ? said[0] == '\0' : strstr(said, wanted) != NULL, "%s: %s", name, said);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assay_grade_evidence_destroy(evidence);
}

/* A file where a submission can write is read in the process's memory, whatever its name. */
START_TEST(mapped_copies_are_seen)
{
    static const char *const places[] = {"/tmp", "/dev/shm", "/var/tmp"};
    for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
        char *name = assay_asprintf(NULL, "%s/assay-test-marked-%ld", places[k], (long)getpid());
        int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
        if (file >= 0) {
            ck_assert_int_eq((int)pwrite(file, ASSAY_MARKER, ASSAY_MARKER_SIZE, 5000), ASSAY_MARKER_SIZE);
            assert_mapping(name, 5000 + ASSAY_MARKER_SIZE, "mmap.PROT_READ",
                           "is mapped by a process and contains a copy of libassay");
            unlink(name);
            close(file);
        }
        assay_free(name);
    }
}
END_TEST

/* Elsewhere the file of executable memory is looked at as a shared object, up to a length of 1 GiB. */
START_TEST(mapped_objects_are_looked_at)
{
    char *name = assay_asprintf(NULL, "assay-test-object-%ld", (long)getpid());
    char *command = assay_asprintf(NULL, "cp /proc/%ld/exe %s", (long)getpid(), name);
    char *here = getcwd(NULL, 0);
    if (strncmp(here, "/tmp/", 5) != 0 && strncmp(here, "/var/tmp/", 9) != 0) {
        ck_assert_int_eq(system(command), 0);
        assert_mapping(name, 4096, "mmap.PROT_READ", "");
        ck_assert_int_eq(truncate(name, 1 << 30), 0);
        assert_mapping(name, 4096, "mmap.PROT_READ | mmap.PROT_EXEC", "calls functions of libassay");
        ck_assert_int_eq(truncate(name, (1 << 30) + 1), 0);
        assert_mapping(name, 4096, "mmap.PROT_READ | mmap.PROT_EXEC", "");
        unlink(name);
    }
    free(here);
    assay_free(name);
    assay_free(command);
}
END_TEST

START_TEST(files_of_a_folder_are_counted)
{
    char *folder = support_make_folder();
    char bytes[200] = "";
    ck_assert_uint_eq(assay_grade_folder_bytes(folder), 0);
    write_file(folder, "a", bytes, 100);
    make_folder(folder, "inner");
    write_file(folder, "inner/b", bytes, 23);
    char *link = joined(folder, "link");
    ck_assert_int_eq(symlink("/usr/bin/env", link), 0);
    ck_assert_uint_eq(assay_grade_folder_bytes(folder), 123);
    char *sparse = joined(folder, "inner/b");
    ck_assert_int_eq(truncate(sparse, 1 << 30), 0);
    ck_assert_uint_eq(assay_grade_folder_bytes(folder), 100 + (1 << 30));
    ck_assert_uint_eq(assay_grade_folder_bytes("/nonexistent"), 0);
    assay_free(sparse);
    assay_free(link);
    support_remove_folder(folder);
}
END_TEST

/* --- control groups ----------------------------------------------------------------------------------------------- */

/* The files that the kernel puts into a new group below this folder; NULL: none are put anywhere. */
static struct {
    const char *below;
    bool memory;
    bool processes;
} kernel;

/* The grader's call of mkdtemp comes here: a folder in which the files of a group are, as the kernel makes it. */
char *mkdtemp(char *path)
{
    char *(*real)(char *) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "mkdtemp");
    memcpy(&real, &symbol, sizeof real);
    char *made = real(path);
    if (made != NULL && kernel.below != NULL && strncmp(made, kernel.below, strlen(kernel.below)) == 0) {
        static const char *const always[] = {"cgroup.procs", "cgroup.kill",     "cpu.stat",        "memory.events",
                                             "pids.events",  "memory.swap.max", "memory.oom.group"};
        for (size_t k = 0; k < sizeof always / sizeof always[0]; k++) {
            write_file(made, always[k], "", 0);
        }
        if (kernel.memory) {
            write_file(made, "memory.max", "", 0);
        }
        if (kernel.processes) {
            write_file(made, "pids.max", "", 0);
        }
    }
    return made;
}

static void assert_file(const char *folder, const char *name, const char *wanted)
{
    char text[100] = "";
    char *path = joined(folder, name);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    ck_assert_str_eq(text, wanted);
    assay_free(path);
}

/* The only group in a folder; the caller frees its path with free. */
static char *only_group(const char *folder)
{
    glob_t found = {0};
    char *pattern = joined(folder, "assay-grade-*");
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
    ck_assert_uint_eq(found.gl_pathc, 1);
    char *path = strdup(found.gl_pathv[0]);
    globfree(&found);
    assay_free(pattern);
    return path;
}

START_TEST(groups_are_limited_and_read)
{
    assay_error error = {0};
    grade_cgroup *group;
    const grade_cgroup_powers all = {true, true, true};
    const grade_cgroup_powers none = {true, false, false};
    for (int k = 0; k < 5; k++) { /* 3: no memory.max, 4: the powers are not wanted */
        char *folder = support_make_folder();
        kernel.below = folder;
        kernel.memory = k != 3;
        kernel.processes = k != 2;
        support_assert_ok(assay_grade_cgroup_create(folder, k == 4 ? &none : &all, 123456, 20, &group, &error), &error);
        char *path = only_group(folder);
        bool memory = k < 3;
        bool processes = k != 2 && k != 4;
        if (k == 0) {
            assert_file(path, "memory.max", "123456");
            assert_file(path, "memory.swap.max", "0");
            assert_file(path, "memory.oom.group", "1");
            assert_file(path, "pids.max", "28"); /* and 8 of the sandbox */
            assay_grade_cgroup_kill(group);
            assert_file(path, "cgroup.kill", "1");
            ck_assert_int_eq((int)write(assay_grade_cgroup_entrance(group), "0", 1), 1);
            assert_file(path, "cgroup.procs", "0");
            ck_assert(assay_grade_cgroup_seconds(group) < 0.0);
        }
        write_file(path, "cpu.stat", "xusage_usec 7\nusage_usec 1234567\nuser_usec 5\n", 45);
        ck_assert_double_eq_tol(assay_grade_cgroup_seconds(group), 1.234567, 1e-12);
        write_file(path, "memory.events", "low 7\noom 7\noom_kill 0\noom_group_kill 7\n", 40);
        write_file(path, "pids.events", "max 0\n", 6);
        ck_assert(!assay_grade_cgroup_out_of_memory(group) && !assay_grade_cgroup_out_of_processes(group));
        write_file(path, "memory.events", "low 0\noom_kill 1\n", 17);
        ck_assert_int_eq(assay_grade_cgroup_out_of_memory(group), memory);
        ck_assert(!assay_grade_cgroup_out_of_processes(group));
        write_file(path, "pids.events", "max 1\n", 6);
        ck_assert_int_eq(assay_grade_cgroup_out_of_processes(group), processes);
        assay_grade_cgroup_destroy(group);
        free(path);
        kernel.below = NULL;
        support_remove_folder(folder);
    }
    char *folder = support_make_folder();
    support_assert_error(assay_grade_cgroup_create(folder, &all, 1, 1, &group, &error), ASSAY_ERROR_IO, &error,
                         "no control group can be made: No such file or directory");
    ck_assert_ptr_null(group);
    support_remove_folder(folder);
}
END_TEST

/* The first folder, from the own group upwards, in which groups have the most power; leftovers are removed. */
START_TEST(groups_have_a_place)
{
    static const struct {
        const char *below; /* here the kernel makes groups: "" is the mount point */
        const char *wanted;
    } cases[] = {{"/a/b/", "/a/b"}, {"/a/", "/a/b"}, {"/a/assay", "/a"}, {"/assay", ""}, {"/c", NULL}};
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        assay_error error = {0};
        char *folder = support_make_folder();
        char *parent;
        grade_cgroup_powers powers;
        make_folder(folder, "a");
        make_folder(folder, "a/b");
        make_folder(folder, "a/b/assay-grade-99999999-abcdef"); /* of a grader that has ended */
        make_folder(folder, "a/b/assay-grade-1-abcdef");        /* of one that runs */
        char *mounts = assay_asprintf(NULL,
                                      "1 2 0:3 / /wrong rw - tmpfs x rw\n1 2 0:3 / %s rw shared:1 - cgroup2 x rw\n"
                                      "1 2 0:3 / /other rw - cgroup2 x rw\n",
                                      folder);
        write_file(folder, "mountinfo", mounts, strlen(mounts));
        write_file(folder, "cgroup", "4:memory:/x\n0::/a/b\n", 20);
        char *table = joined(folder, "mountinfo");
        char *own = joined(folder, "cgroup");
        char *below = assay_asprintf(NULL, "%s%s", folder, cases[k].below);
        kernel.below = below;
        kernel.memory = kernel.processes = true;
        support_assert_ok(assay_grade_cgroup_parent(table, own, &parent, &powers, &error), &error);
        if (cases[k].wanted == NULL) {
            ck_assert_ptr_null(parent);
            ck_assert(!powers.group && !powers.memory && !powers.processes);
        } else {
            char *wanted = assay_asprintf(NULL, "%s%s", folder, cases[k].wanted);
            ck_assert_str_eq(parent, wanted);
            ck_assert(powers.group && powers.memory && powers.processes);
            assay_free(wanted);
        }
        char *leftover = joined(folder, "a/b/assay-grade-99999999-abcdef");
        char *running = joined(folder, "a/b/assay-grade-1-abcdef");
        ck_assert(access(leftover, F_OK) != 0 && access(running, F_OK) == 0);
        kernel.below = NULL;
        write_file(folder, "cgroup", "0::/../a\n", 9); /* of another namespace */
        assay_free(parent);
        support_assert_ok(assay_grade_cgroup_parent(table, own, &parent, &powers, &error), &error);
        ck_assert_ptr_null(parent);
        assay_free(leftover);
        assay_free(running);
        assay_free(below);
        assay_free(mounts);
        assay_free(table);
        assay_free(own);
        support_remove_folder(folder);
    }
}
END_TEST

/* --- files -------------------------------------------------------------------------------------------------------- */

START_TEST(files_are_read_by_plain_names)
{
    /* clang-format off */
    static const struct { const char *name; size_t limit; assay_status status; const char *part; } cases[] = {
        {"file", 5, ASSAY_OK, NULL},
        {"file", 4, ASSAY_ERROR_FORMAT, "file: 5 bytes, at most 4 are read"},
        {"..", 9, ASSAY_ERROR_FORMAT, "..: not the name of a file in the folder"},
        {".", 9, ASSAY_ERROR_FORMAT, ".: not the name of a file in the folder"},
        {"", 9, ASSAY_ERROR_FORMAT, ": not the name of a file in the folder"},
        {"inner/file", 9, ASSAY_ERROR_FORMAT, "inner/file: not the name of a file in the folder"},
        {"inner", 9, ASSAY_ERROR_FORMAT, "inner: not a regular file: it is a folder"},
        {"pipe", 9, ASSAY_ERROR_FORMAT, "pipe: not a regular file: it is a pipe"},
        {"link", 9, ASSAY_ERROR_FORMAT, "link: cannot be read: it is a link, or leads in a circle"},
        {"none", 9, ASSAY_ERROR_FORMAT, "none: cannot be read: No such file or directory"},
    };
    /* clang-format on */
    char *folder = support_make_folder();
    char *pipe = joined(folder, "pipe");
    char *link = joined(folder, "link");
    write_file(folder, "file", "hello", 5);
    make_folder(folder, "inner");
    write_file(folder, "inner/file", "inner", 5);
    ck_assert(mkfifo(pipe, 0600) == 0 && symlink("file", link) == 0);
    assay_error error = {0};
    int opened;
    support_assert_ok(assay_grade_folder_open(folder, &opened, &error), &error);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        char *bytes = NULL;
        size_t size = 99;
        error = (assay_error){0};
        assay_status status = assay_grade_folder_read(opened, cases[k].name, cases[k].limit, &bytes, &size, &error);
        if (cases[k].part == NULL) {
            support_assert_ok(status, &error);
            ck_assert(size == 5 && memcmp(bytes, "hello", 6) == 0);
            assay_free(bytes);
        } else {
            support_assert_error(status, cases[k].status, &error, cases[k].part);
        }
    }
    char name[300];
    char *bytes;
    size_t size;
    memset(name, 'a', sizeof name);
    name[255] = '\0';
    error = (assay_error){0};
    support_assert_error(assay_grade_folder_read(opened, name, 9, &bytes, &size, &error), ASSAY_ERROR_FORMAT, &error,
                         "cannot be read: No such file");
    name[255] = 'a';
    name[256] = '\0';
    error = (assay_error){0};
    support_assert_error(assay_grade_folder_read(opened, name, 9, &bytes, &size, &error), ASSAY_ERROR_FORMAT, &error,
                         "aaaa...: a name of 256 bytes, no file can have it");
    int device = open("/dev/zero", O_RDONLY);
    error = (assay_error){0};
    support_assert_error(assay_grade_descriptor_read(device, "zero", 9, &bytes, &size, &error), ASSAY_ERROR_FORMAT,
                         &error, "zero: not a regular file: it is a device");
    close(device);
    close(opened);
    error = (assay_error){0};
    support_assert_error(assay_grade_folder_open("/nonexistent", &opened, &error), ASSAY_ERROR_IO, &error,
                         "/nonexistent: cannot be opened: No such file");
    static const int ours[] = {EMFILE, ENFILE, ENOMEM, EINTR};
    static const int theirs[] = {ENOENT, EACCES, ELOOP, EAGAIN, 0};
    for (size_t k = 0; k < sizeof ours / sizeof ours[0]; k++) {
        ck_assert(assay_grade_is_our_fault(ours[k]));
    }
    for (size_t k = 0; k < sizeof theirs / sizeof theirs[0]; k++) {
        ck_assert(!assay_grade_is_our_fault(theirs[k]));
    }
    assay_free(pipe);
    assay_free(link);
    support_remove_folder(folder);
}
END_TEST

/* New files are readable by all, whatever the umask; a name that is taken is what a submission may have planted. */
START_TEST(files_are_made_for_others_to_read)
{
    char *folder = support_make_folder();
    assay_error error = {0};
    int opened;
    FILE *stream;
    struct stat about;
    support_assert_ok(assay_grade_folder_open(folder, &opened, &error), &error);
    mode_t before = umask(0077);
    support_assert_ok(assay_grade_folder_create(opened, "a", &stream, &error), &error);
    fputs("one", stream);
    support_assert_ok(assay_grade_folder_finish(opened, "a", stream, &error), &error);
    support_assert_ok(assay_grade_folder_put(opened, "b", "first", 5, &error), &error);
    support_assert_ok(assay_grade_folder_put(opened, "b", "second", 6, &error), &error);
    umask(before);
    ck_assert(fstatat(opened, "a", &about, 0) == 0 && (about.st_mode & 07777) == 0644 && about.st_size == 3);
    ck_assert(fstatat(opened, "b", &about, 0) == 0 && (about.st_mode & 07777) == 0644 && about.st_size == 6);
    support_assert_error(assay_grade_folder_create(opened, "a", &stream, &error), ASSAY_ERROR_FORMAT, &error,
                         "a: cannot be made: File exists");
    error = (assay_error){0};
    support_assert_error(assay_grade_folder_create(opened, "none/a", &stream, &error), ASSAY_ERROR_FORMAT, &error,
                         "none/a: cannot be made: No such file");
    make_folder(folder, "taken");
    error = (assay_error){0};
    support_assert_error(assay_grade_folder_put(opened, "taken", "x", 1, &error), ASSAY_ERROR_IO, &error,
                         "taken: cannot be written: Is a directory; what was there before is unchanged");
    glob_t found = {0};
    char *pattern = joined(folder, ".assay-*");
    ck_assert_int_eq(glob(pattern, 0, NULL, &found), GLOB_NOMATCH); /* no temporary file is left */
    assay_free(pattern);
    FILE *full = fopen("/dev/full", "w");
    fputs("x", full);
    error = (assay_error){0};
    support_assert_error(assay_grade_folder_finish(opened, "a", full, &error), ASSAY_ERROR_IO, &error,
                         "a: cannot be written: No space left on device");
    ck_assert_int_ne(fstatat(opened, "a", &about, 0), 0); /* what is not whole is removed */
    close(opened);
    support_remove_folder(folder);
}
END_TEST

/* --- .npy: every type --------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct {
    const char *type;
    size_t bytes;
    unsigned char first[8], second[8]; /* little endian */
    double value, other;
    grade_precision precision;
} types[] = {
    {"f8", 8, {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, {0, 0, 0, 0, 0, 0, 0x04, 0xc0}, 1.5, -2.5, GRADE_F64},
    {"f4", 4, {0, 0, 0xc0, 0x3f}, {0, 0, 0x20, 0xc0}, 1.5, -2.5, GRADE_F32},
    {"f2", 2, {0, 0x3e}, {0, 0xc1}, 1.5, -2.5, GRADE_F32},
    {"f2", 2, {1, 0}, {0xff, 0x83}, 0x1p-24, -1023.0 * 0x1p-24, GRADE_F32}, /* denormal */
    {"f2", 2, {0, 0x7c}, {0, 0xfc}, INFINITY, -INFINITY, GRADE_F32},
    {"f2", 2, {0xff, 0x7b}, {0, 0x04}, 65504.0, 0x1p-14, GRADE_F32},
    {"f2", 2, {1, 0x7c}, {0, 0x80}, NAN, -0.0, GRADE_F32},
    {"i1", 1, {5}, {0x80}, 5.0, -128.0, GRADE_F64},
    {"i2", 2, {1, 2}, {0xff, 0xff}, 513.0, -1.0, GRADE_F64},
    {"i4", 4, {1, 2, 0, 0}, {0, 0, 0, 0x80}, 513.0, -2147483648.0, GRADE_F64},
    {"i8", 8, {1, 2}, {0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 513.0, -2.0, GRADE_F64},
    {"u1", 1, {5}, {0x80}, 5.0, 128.0, GRADE_F64},
    {"u2", 2, {1, 2}, {0xff, 0xff}, 513.0, 65535.0, GRADE_F64},
    {"u4", 4, {1, 2}, {0, 0, 0, 0x80}, 513.0, 2147483648.0, GRADE_F64},
    {"u8", 8, {1, 2}, {0, 0, 0, 0, 0, 0, 0, 0x80}, 513.0, 9223372036854775808.0, GRADE_F64},
    {"b1", 1, {1}, {2}, 1.0, 1.0, GRADE_F64},
    {"b1", 1, {0}, {1}, 0.0, 1.0, GRADE_F64},
};
/* clang-format on */

static bool same_number(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* In both orders of bytes, and without one: this machine's. */
START_TEST(npy_types_have_their_values)
{
    evidence(EVIDENCE_PROPERTY, "grade/npy_header");
    const unsigned one = 1;
    bool little = *(const unsigned char *)&one == 1;
    for (const char *order = "<>=|"; *order != '\0'; order++) {
        unsigned char file[200] = "\x93NUMPY\x01";
        int length = snprintf((char *)file + 10, 120, "{'descr': '%c%s', 'fortran_order': False, 'shape': (2,), }",
                              *order, types[_i].type);
        file[8] = (unsigned char)length;
        bool as_stored = *order == '<' || (*order != '>' && little);
        for (size_t b = 0; b < types[_i].bytes; b++) {
            size_t at = as_stored ? b : types[_i].bytes - 1 - b;
            file[10 + length + (int)at] = types[_i].first[b];
            file[10 + length + (int)(types[_i].bytes + at)] = types[_i].second[b];
        }
        double values[2] = {9.0, 9.0};
        grade_field field = {.name = "y", .rank = 1, .shape = {2}, .count = 2, .values = values};
        grade_precision precision;
        assay_error error = {0};
        support_assert_ok(
            assay_npy_decode("x.npy", file, 10 + (size_t)length + 2 * types[_i].bytes, &field, &precision, &error),
            &error);
        ck_assert_msg(same_number(values[0], types[_i].value) && same_number(values[1], types[_i].other),
                      "%c%s: %.17g, %.17g", *order, types[_i].type, values[0], values[1]);
        ck_assert_int_eq(precision, types[_i].precision);
    }
}
END_TEST

/* Element [i][j][k] of a Fortran file of shape (2, 3, 4) is at i + 2 j + 6 k. */
START_TEST(npy_columns_are_put_in_order)
{
    unsigned char file[400] = "\x93NUMPY\x01";
    double values[24];
    int length = snprintf((char *)file + 10, 120, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4), }");
    file[8] = (unsigned char)length;
    for (int k = 0; k < 24; k++) {
        file[10 + length + k] = (unsigned char)k;
    }
    grade_field field = {.name = "y", .rank = 3, .shape = {2, 3, 4}, .count = 24, .values = values};
    grade_precision precision;
    assay_error error = {0};
    support_assert_ok(assay_npy_decode("x.npy", file, 10 + (size_t)length + 24, &field, &precision, &error), &error);
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 3; j++) {
            for (int k = 0; k < 4; k++) {
                ck_assert(values[12 * i + 4 * j + k] == i + 2 * j + 6 * k);
            }
        }
    }
}
END_TEST

/* [[1.0, 2.0]], byte by byte: the header is filled up so that the data begins at a multiple of 64. */
START_TEST(npy_files_are_as_the_format_says)
{
    char *folder = support_make_folder();
    char *path = joined(folder, "x.npy");
    double values[2] = {1.0, 2.0};
    grade_field field = {.name = "y", .rank = 2, .shape = {1, 2}, .count = 2, .values = values};
    assay_error error = {0};
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &field, &error), &error);
    unsigned char bytes[200];
    FILE *file = fopen(path, "rb");
    ck_assert_uint_eq(fread(bytes, 1, sizeof bytes, file), 128 + 16);
    fclose(file);
    ck_assert_mem_eq(bytes, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1,2,), }", 69);
    ck_assert(bytes[127] == '\n' && bytes[126] == ' ');
    ck_assert_mem_eq(bytes + 128, values, sizeof values);
    double many[2 * 3 * 4] = {0.0};
    grade_field solid = {.name = "y", .rank = 3, .shape = {2, 3, 4}, .count = 24, .values = many};
    ck_assert_int_eq(unlink(path), 0);
    support_assert_ok(assay_npy_write(AT_FDCWD, path, &solid, &error), &error);
    file = fopen(path, "rb");
    ck_assert_uint_eq(fread(bytes, 1, 128, file), 128);
    fclose(file);
    ck_assert_mem_eq(bytes + 10, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,3,4,), }", 61);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* A field knows whether its file had single precision. A file that cannot be read says nothing. */
START_TEST(npy_files_say_their_precision)
{
    static const struct {
        const char *descr;
        size_t bytes;
        bool single;
    } files[] = {{"<f4", 4, true}, {"<f8", 8, false}};
    char *folder = support_make_folder();
    int opened;
    assay_error error = {0};
    support_assert_ok(assay_grade_folder_open(folder, &opened, &error), &error);
    double value;
    for (size_t k = 0; k < 2; k++) {
        char bytes[96] = "\x93NUMPY\x01";
        grade_field field = {.name = "y", .rank = 1, .shape = {1}, .count = 1, .values = &value, .single = k == 1};
        int length = snprintf(bytes + 10, sizeof bytes - 10, "{'descr': '%s', 'fortran_order': False, 'shape': (1,)}\n",
                              files[k].descr);
        bytes[8] = (char)length;
        write_file(folder, "x.npy", bytes, 10 + (size_t)length + files[k].bytes);
        support_assert_ok(assay_npy_read(opened, "x.npy", &field, &error), &error);
        ck_assert_int_eq(field.single, files[k].single);
        ck_assert_int_ne(assay_npy_read(opened, "none.npy", &field, &error), ASSAY_OK);
        write_file(folder, "x.npy", bytes, 10 + (size_t)length);
        ck_assert_int_ne(assay_npy_read(opened, "x.npy", &field, &error), ASSAY_OK);
        ck_assert(!field.single);
        error = (assay_error){0};
    }
    close(opened);
    support_remove_folder(folder);
}
END_TEST

/* --- texts -------------------------------------------------------------------------------------------------------- */

static void utf8_of(uint32_t c, char text[5])
{
    memset(text, 0, 5);
    if (c < 0x80) {
        text[0] = (char)c;
    } else if (c < 0x800) {
        text[0] = (char)(0xc0 | c >> 6);
        text[1] = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        text[0] = (char)(0xe0 | c >> 12);
        text[1] = (char)(0x80 | (c >> 6 & 0x3f));
        text[2] = (char)(0x80 | (c & 0x3f));
    } else {
        text[0] = (char)(0xf0 | c >> 18);
        text[1] = (char)(0x80 | (c >> 12 & 0x3f));
        text[2] = (char)(0x80 | (c >> 6 & 0x3f));
        text[3] = (char)(0x80 | (c & 0x3f));
    }
}

/* Both sides of each range of characters that a report must not print. */
START_TEST(control_characters_are_replaced)
{
    /* clang-format off */
    static const struct { uint32_t first, last; } ranges[] = {
        {1, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069},
        {0xd800, 0xdfff}, {0xfeff, 0xfeff}, {0xfffe, 0xffff}, {0x110000, 0x13ffff},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof ranges / sizeof ranges[0]; k++) {
        for (int side = 0; side < 4; side++) { /* before, first, last, after */
            const uint32_t c[] = {ranges[k].first - 1, ranges[k].first, ranges[k].last, ranges[k].last + 1};
            char text[5];
            char clean[20];
            bool bad = side == 1 || side == 2;
            utf8_of(c[side], text);
            if (c[side] == 0 || c[side] == 0x10000 || c[side] == 0x140000) {
                continue; /* no text, beside 0xffff, no UTF-8 */
            }
            assay_grade_text_clean(text, strlen(text), clean, sizeof clean);
            ck_assert_msg(bad ? clean[0] == '?' : strcmp(clean, text) == 0, "U+%04X: %s", c[side], clean);
        }
    }
    char clean[20];
    assay_grade_text_clean("\xf0\x90\x80\x80|\xf0\x8f\xbf\xbf", 9, clean, sizeof clean);
    ck_assert_str_eq(clean, "\xf0\x90\x80\x80|????");
    assay_grade_text_clean("\xe0\xa0\x80|\xe0\x9f\xbf", 7, clean, sizeof clean);
    ck_assert_str_eq(clean, "\xe0\xa0\x80|???");
    assay_grade_text_clean("\xc2\xa1|\xc1\xbf|\xc3(|\xc3", 10, clean, sizeof clean);
    ck_assert_str_eq(clean, "\xc2\xa1|??|?(|?");
}
END_TEST

/* --- forms of submissions ----------------------------------------------------------------------------------------- */

START_TEST(endings_say_what_a_file_is)
{
    /* clang-format off */
    static const struct { const char *path, *inside, *runner; bool compiled; } cases[] = {
        {"a.ipynb", "submission.ipynb", "python", false}, {"a/b.PY", "submission.py", "python", false},
        {"x.js", "submission.js", "javascript", false}, {"x.mjs", "submission.mjs", "javascript", false},
        {"x.c", "submission.c", NULL, true}, {"x.so", GRADE_OBJECT_NAME, NULL, false},
        {".py", NULL, NULL, false}, {"a/.py", NULL, NULL, false}, {"x.pyc", NULL, NULL, false},
        {"py", NULL, NULL, false}, {"x.py/", NULL, NULL, false}, {"", NULL, NULL, false},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        const grade_form *form = assay_grade_form_of(cases[k].path);
        ck_assert_msg((form == NULL) == (cases[k].inside == NULL), "%s", cases[k].path);
        if (form != NULL) {
            ck_assert_str_eq(form->inside, cases[k].inside);
            ck_assert_int_eq(form->compiled, cases[k].compiled);
            ck_assert_str_eq(form->language == NULL ? "" : form->language->runner,
                             cases[k].runner == NULL ? "" : cases[k].runner);
        }
    }
}
END_TEST

/* clang-format off */
static const struct {
    const char *files[8];
    const char *chosen; /* NULL: none */
    const char *reason;
} choices[] = {
    {{"a.py"}, "a.py", ""},
    {{"a.txt"}, NULL, ""},
    {{".a.py", "assay.py"}, NULL, ""},
    {{"assay.py", "b.js"}, "b.js", ""},
    {{"a.py", "submission.py", "b.py"}, "submission.py", ""},
    {{"a.py", "Submission.PY"}, "Submission.PY", ""},
    {{"a.py", "b.ipynb", "c.py"}, "b.ipynb", ""},
    {{"a.py", "b.ipynb", "c.js"}, NULL, "3 files could be the submission; call one of them submission.py: a.py, "
                                        "b.ipynb, c.js"},
    {{"a.ipynb", "b.ipynb"}, NULL, "2 files could be the submission; call one of them submission.ipynb: a.ipynb, "
                                   "b.ipynb"},
    {{"submission.c", "submission.py"}, NULL, "2 files could be the submission; call one of them submission.c: "
                                              "submission.c, submission.py"},
    {{"a.py", "b.py"}, NULL, "2 files could be the submission; call one of them submission.py: a.py, b.py"},
};
/* clang-format on */

START_TEST(one_file_of_a_folder_is_chosen)
{
    char *folder = support_make_folder();
    char reason[GRADE_TEXT_LENGTH];
    char *name;
    int opened;
    assay_error error = {0};
    for (size_t k = 0; choices[_i].files[k] != NULL; k++) {
        write_file(folder, choices[_i].files[k], "", 0);
    }
    make_folder(folder, "modules.py");
    support_assert_ok(assay_grade_folder_open(folder, &opened, &error), &error);
    support_assert_ok(assay_grade_form_choose(opened, &name, reason, &error), &error);
    ck_assert_str_eq(name == NULL ? "" : name, choices[_i].chosen == NULL ? "" : choices[_i].chosen);
    ck_assert_str_eq(reason, choices[_i].reason);
    assay_free(name);
    close(opened);
    support_remove_folder(folder);
}
END_TEST

/* Of very many files the first ones are named, as far as a line has room. */
START_TEST(a_long_choice_ends)
{
    char *folder = support_make_folder();
    char reason[GRADE_TEXT_LENGTH];
    char *name;
    int opened;
    assay_error error = {0};
    for (int k = 0; k < 40; k++) {
        char file[80];
        snprintf(file, sizeof file, "file-with-a-rather-long-name-%02d.py", k);
        write_file(folder, file, "", 0);
    }
    support_assert_ok(assay_grade_folder_open(folder, &opened, &error), &error);
    support_assert_ok(assay_grade_form_choose(opened, &name, reason, &error), &error);
    ck_assert_ptr_null(name);
    ck_assert_ptr_nonnull(strstr(reason, "40 files could be the submission"));
    /* 65 bytes before the names, 36 for each, and none after byte 254 */
    ck_assert_ptr_nonnull(strstr(reason, "name-05.py,"));
    ck_assert_ptr_null(strstr(reason, "name-06.py"));
    close(opened);
    support_remove_folder(folder);
}
END_TEST

/* Names are complete: the list ends where a name of 63 bytes might have no room. 65: with its space and its comma. */
START_TEST(a_long_choice_has_complete_names)
{
    enum { FILES = 10, LONGEST = 63, INTRODUCTION = 65 };
    char *folder = support_make_folder();
    char *before = joined(folder, "0.py");
    int opened;
    assay_error error = {0};
    write_file(folder, "0.py", "", 0);
    for (int k = 1; k < FILES; k++) {
        char *file = assay_asprintf(NULL, "%d%059d.py", k, 0);
        write_file(folder, file, "", 0);
        assay_free(file);
    }
    support_assert_ok(assay_grade_folder_open(folder, &opened, &error), &error);
    for (int length = 5; length <= LONGEST; length++) {
        char reason[GRADE_TEXT_LENGTH];
        char file[LONGEST + 1];
        char *name;
        snprintf(file, sizeof file, "%0*d.py", length - 3, 0);
        char *first = joined(folder, file);
        ck_assert_int_eq(rename(before, first), 0);
        assay_free(before);
        before = first;
        support_assert_ok(assay_grade_form_choose(opened, &name, reason, &error), &error);
        const int used = (int)strlen(reason);
        const int names = 1 + (used - INTRODUCTION - (length + 2)) / (LONGEST + 2);
        ck_assert_ptr_null(name);
        ck_assert_str_eq(reason + used - 4, ".py,");
        ck_assert_int_eq(used, INTRODUCTION + (length + 2) + (names - 1) * (LONGEST + 2));
        ck_assert_int_lt(used, GRADE_TEXT_LENGTH);
        ck_assert_int_ge(used + LONGEST + 2, GRADE_TEXT_LENGTH);
    }
    assay_free(before);
    close(opened);
    support_remove_folder(folder);
}
END_TEST

START_TEST(runners_are_found_or_asked_for)
{
    assay_error error = {0};
    char *path = NULL;
    char *folder = support_make_folder();
    const char *before = getenv("ASSAY_GRADE_RUNNERS");
    char *kept = before == NULL ? NULL : strdup(before);
    setenv("ASSAY_GRADE_RUNNERS", folder, 1);
    char *wanted = assay_asprintf(NULL,
                                  "%s: the runners for notebooks, Python and JavaScript are not there; run `make "
                                  "install`, or name their folder in ASSAY_GRADE_RUNNERS",
                                  folder);
    support_assert_error(assay_grade_runners_find(&path, &error), ASSAY_ERROR_UNSUPPORTED, &error, wanted);
    ck_assert_ptr_null(path);
    make_folder(folder, "python");
    write_file(folder, "python/__init__.py", "", 0);
    error = (assay_error){0};
    support_assert_ok(assay_grade_runners_find(&path, &error), &error);
    ck_assert_str_eq(path, folder);
    assay_free(path);
    kept == NULL ? unsetenv("ASSAY_GRADE_RUNNERS") : setenv("ASSAY_GRADE_RUNNERS", kept, 1);
    free(kept);
    assay_free(wanted);
    support_remove_folder(folder);
    const grade_language nothing = {.interpreter = "no-such-interpreter", .package = "no-such-package"};
    support_assert_ok(assay_grade_interpreter_check(&nothing, false, &error), &error);
    support_assert_error(assay_grade_interpreter_check(&nothing, true, &error), ASSAY_ERROR_UNSUPPORTED, &error,
                         "no no-such-interpreter is in the sandbox to run the submission; on Debian: apt-get install "
                         "no-such-package");
    const grade_language shell = {.interpreter = "sh", .package = "dash"};
    error = (assay_error){0};
    support_assert_ok(assay_grade_interpreter_check(&shell, true, &error), &error);
}
END_TEST

/* Where no folder is named and none is beside the program: the installed one, which the message names if it is not. */
START_TEST(installed_runners_are_found)
{
    assay_error error = {0};
    char *path = NULL;
    char *installed = NULL;
    const char *before = getenv("ASSAY_GRADE_RUNNERS");
    char *kept = before == NULL ? NULL : strdup(before);
    unsetenv("ASSAY_GRADE_RUNNERS");
    if (assay_grade_runners_find(&path, &error) != ASSAY_OK) {
        installed = strndup(error.message, strcspn(error.message, ":"));
        char *file = joined(installed, "python/__init__.py");
        error = (assay_error){0};
        pretended.file = file;
        support_assert_ok(assay_grade_runners_find(&path, &error), &error);
        ck_assert_str_eq(path, installed);
        pretended.file = NULL;
        assay_free(file);
    }
    assay_free(path);
    free(installed);
    kept == NULL ? unsetenv("ASSAY_GRADE_RUNNERS") : setenv("ASSAY_GRADE_RUNNERS", kept, 1);
    free(kept);
}
END_TEST

/* The runner of ASSAY_GRADE_RUNNER, or an installed one. */
START_TEST(the_runner_is_found)
{
    char *path;
    assay_error error = {0};
    setenv("ASSAY_GRADE_RUNNER", "/bin/sh", 1);
    support_assert_ok(assay_grade_runner_find(&path, &error), &error);
    ck_assert_str_eq(path, "/bin/sh");
    assay_free(path);
    setenv("ASSAY_GRADE_RUNNER", "/nonexistent/runner", 1);
    support_assert_error(assay_grade_runner_find(&path, &error), ASSAY_ERROR_UNSUPPORTED, &error,
                         "/nonexistent/runner is not there; run `make install`, or name it in ASSAY_GRADE_RUNNER");
    unsetenv("ASSAY_GRADE_RUNNER");
    error = (assay_error){0};
    if (assay_grade_runner_find(&path, &error) == ASSAY_OK) {
        ck_assert_int_eq(access(path, X_OK), 0);
        assay_free(path);
    } else {
        ck_assert_msg(error.message[0] == '/' && strstr(error.message, "/assay-grade-runner is not there;") != NULL,
                      "%s", error.message);
    }
}
END_TEST

/* --- hints -------------------------------------------------------------------------------------------------------- */

static const char *hint_of(const char *program, const char *const *binds)
{
    static char folder[GRADE_HINT_LENGTH];
    return assay_grade_bind_hint(program, binds, folder) ? folder : "none";
}

/* A program of /etc or /opt, and one whose installation has links there: Debian's Python has its sitecustomize.py. */
START_TEST(folders_to_bind_are_hinted_at)
{
    static const char *const shown[] = {"/etc/ld.so.conf.d", NULL};
    static const char *const others[] = {"/nonexistent", "/usr", NULL};
    ck_assert_str_eq(hint_of("env", NULL), "none");
    ck_assert_str_eq(hint_of("/usr/bin/env", NULL), "none");
    ck_assert_str_eq(hint_of("no-such-program", NULL), "none");
    ck_assert_str_eq(hint_of("./env", NULL), "none");
    ck_assert_str_eq(hint_of("/nonexistent/env", NULL), "none");
    ck_assert_str_eq(hint_of("/etc/passwd", NULL), "none"); /* no folder below /etc */
    ck_assert_str_eq(hint_of("/proc/version", NULL), "none");
    if (access("/etc/ld.so.conf.d/libc.conf", F_OK) == 0) {
        ck_assert_str_eq(hint_of("/etc/ld.so.conf.d/libc.conf", NULL), "/etc/ld.so.conf.d");
        ck_assert_str_eq(hint_of("/etc/ld.so.conf.d/libc.conf", others), "/etc/ld.so.conf.d");
        ck_assert_str_eq(hint_of("/etc/ld.so.conf.d/libc.conf", shown), "none");
    }
    glob_t found = {0};
    if (glob("/usr/lib/python3.*/sitecustomize.py", 0, NULL, &found) == 0) {
        for (size_t k = 0; k < found.gl_pathc; k++) {
            char *target = realpath(found.gl_pathv[k], NULL);
            char program[200];
            char folder[200];
            const char *version = found.gl_pathv[k] + strlen("/usr/lib/");
            int length = (int)strcspn(version, "/");
            snprintf(program, sizeof program, "/usr/lib/%.*s/json/__init__.py", length, version);
            snprintf(folder, sizeof folder, "/etc/%.*s", length, version);
            const char *const binds[] = {folder, NULL};
            if (target != NULL && strncmp(target, folder, strlen(folder)) == 0 && access(program, F_OK) == 0) {
                ck_assert_str_eq(hint_of(program, NULL), folder);
                ck_assert_str_eq(hint_of(program, binds), "none");
            }
            free(target);
        }
    }
    globfree(&found);
}
END_TEST

/* A command without a folder: the sandbox looks for it in these, and a link of it leads to an installation. */
START_TEST(commands_are_found_as_in_the_sandbox)
{
    static const char *const files[] = {"/usr/local/bin/no-such-tool", "/usr/bin/no-such-tool", "/bin/no-such-tool"};
    pretended.target = "/opt/tool-1/bin/tool";
    for (size_t k = 0; k < sizeof files / sizeof files[0]; k++) {
        pretended.file = files[k];
        ck_assert_str_eq(hint_of("no-such-tool", NULL), "/opt/tool-1");
        ck_assert_str_eq(hint_of(files[k], NULL), "/opt/tool-1");
    }
    pretended.file = "/sbin/no-such-tool";
    ck_assert_str_eq(hint_of("no-such-tool", NULL), "none");
    pretended.file = NULL;
}
END_TEST

/* --- the sandbox -------------------------------------------------------------------------------------------------- */

START_TEST(limits_have_words)
{
    /* clang-format off */
    static const struct { bool group, memory, processes; const char *text; } cases[] = {
        {true, true, true, "memory, processes and processor time enforced by the kernel (cgroup v2)"},
        {true, true, false, "memory and processor time enforced by the kernel (cgroup v2), processes watched by the "
                            "grader"},
        {true, false, false, "processor time counted by the kernel (cgroup v2), memory and processes watched by the "
                             "grader"},
        {false, false, false, "memory, processes and processor time watched by the grader (no cgroup v2 can be made "
                              "here)"},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        grade_sandbox sandbox = {
            .powers = {.group = cases[k].group, .memory = cases[k].memory, .processes = cases[k].processes}};
        ck_assert_str_eq(assay_grade_sandbox_limits(&sandbox), cases[k].text);
    }
    ck_assert_str_eq(assay_grade_sandbox_limits(NULL),
                     "no sandbox; memory, processes and processor time watched by the grader");
}
END_TEST

/* A call that libseccomp pretends not to know; NULL: none. */
static const char *unknown_call;

int seccomp_syscall_resolve_name(const char *name);

/* The grader's calls come here; -1: no call of this name, as seccomp.h has it. */
int seccomp_syscall_resolve_name(const char *name)
{
    int (*real)(const char *) = NULL;
    void *symbol = dlsym(RTLD_NEXT, "seccomp_syscall_resolve_name");
    memcpy(&real, &symbol, sizeof real);
    return unknown_call != NULL && strcmp(name, unknown_call) == 0 ? -1 : real(name);
}

/* Each call in a child under the filter: its errno, or 0. */
static int errno_under_filter(bool memory_counted, int number)
{
    char *program;
    size_t size;
    int status;
    assay_error error = {0};
    support_assert_ok(assay_grade_seccomp(memory_counted, &program, &size, &error), &error);
    const struct sock_fprog filter = {(unsigned short)(size / sizeof(struct sock_filter)),
                                      (struct sock_filter *)(void *)program};
    pid_t child = fork();
    if (child == 0) {
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
            _exit(255);
        }
        errno = 0;
        int buffer = 0;
        socklen_t length = sizeof buffer;
        int failed = 0;
        switch (number) {
        case 0: failed = socket(AF_UNIX, SOCK_STREAM, 0) < 0; break;
        case 1: failed = socket(AF_INET, SOCK_STREAM, 0) < 0; break;
        case 2: failed = memfd_create("x", 0) < 0; break;
        case 3: failed = mmap(NULL, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; break;
        case 4: failed = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; break;
        case 5: failed = (int)syscall(SYS_unshare, 0) < 0; break;
        case 6: failed = fcntl(0, F_SETPIPE_SZ, 4096) < 0; break;
        case 7: failed = setsockopt(0, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer) < 0; break;
        case 8: failed = setsockopt(0, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer) < 0; break;
        case 9: failed = getsockopt(0, SOL_SOCKET, SO_RCVBUF, &buffer, &length) < 0; break;
        case 10: failed = fcntl(0, F_GETFD) < 0; break;
        case 11: failed = (int)syscall(SYS_clone3, NULL, 0) < 0; break;
        case 12: failed = sethostname("x", 1) < 0; break;
        case 13: failed = syscall(SYS_shmget, 0, 4096, 0) < 0; break;
        default: failed = getppid() < 0; break;
        }
        _exit(failed ? errno : 0);
    }
    assay_free(program);
    ck_assert(waitpid(child, &status, 0) == child && WIFEXITED(status));
    return WEXITSTATUS(status);
}

START_TEST(calls_are_filtered)
{
    /* clang-format off */
    static const int wanted[] = {0, EAFNOSUPPORT, ENOSYS, EPERM, 0, EPERM, EPERM, EPERM, EPERM, ENOTSOCK, 0, ENOSYS,
                                 EPERM, EPERM, 0};
    /* clang-format on */
    int input = open("/dev/zero", O_RDONLY);
    dup2(input, 0);
    for (int k = 0; k < (int)(sizeof wanted / sizeof wanted[0]); k++) {
        ck_assert_msg(errno_under_filter(false, k) == wanted[k], "call %d", k);
    }
    ck_assert_int_eq(errno_under_filter(true, 3), 0); /* the kernel counts shared maps */
    unknown_call = "clone3";                          /* no rule, and all the others are there */
    for (int k = 0; k < (int)(sizeof wanted / sizeof wanted[0]); k++) {
        ck_assert_msg(errno_under_filter(false, k) == (k == 11 ? EINVAL : wanted[k]), "call %d", k);
    }
    unknown_call = NULL;
    close(input);
}
END_TEST

/* libseccomp can write the filter to a file only. */
START_TEST(a_filter_needs_a_file)
{
    char *program;
    size_t size;
    assay_error error = {0};
    no_memory_file = true;
    support_assert_error(assay_grade_seccomp(false, &program, &size, &error), ASSAY_ERROR_IO, &error,
                         "the filter of system calls cannot be written: Too many open files");
    no_memory_file = false;
    ck_assert_ptr_null(program);
}
END_TEST

/* The folders of sources are looked for as a whole, each once. */
START_TEST(folders_of_sources_are_hidden)
{
    static const char *const folders[] = {"/usr/src", "/usr/local/src"};
    for (size_t k = 0; k < sizeof folders / sizeof folders[0]; k++) {
        grade_hidden hidden;
        assay_error error = {0};
        looked_for.pattern = folders[k];
        looked_for.times = 0;
        support_assert_ok(assay_grade_hidden_find(NULL, &hidden, &error), &error);
        ck_assert_int_eq(looked_for.times, 1);
        assay_grade_hidden_clear(&hidden);
    }
    looked_for.pattern = NULL;
}
END_TEST

/* The sandbox of this machine, or NULL after a message. `binds` outlives it. */
static char *path_of_runner(void)
{
    const char *build = getenv("ASSAY_BUILD");
    return joined(build != NULL ? build : ".", "assay-grade-runner");
}

static grade_sandbox *open_sandbox(const char *const *binds, char **runner)
{
    assay_error error = {0};
    grade_sandbox *sandbox;
    *runner = path_of_runner();
    if (assay_grade_sandbox_create(*runner, binds, &sandbox, &error) != ASSAY_OK) {
        support_skip("no sandbox here: %s", error.message);
        return NULL;
    }
    return sandbox;
}

/* clang-format off */
static const struct {
    const char *source;
    grade_verdict verdict;
    const char *detail; /* part of it */
} sources[] = {
    {"#include <math.h>\n#include <assay/student.h>\ndouble f(double x) { return exp(x); }\n", GRADE_PASS, ""},
    {"double f(double x) { return sqrt(x); }\n", GRADE_PASS, ""}, /* a declaration is missing */
    {"#warning this is none\nint g(void) { return x; }\n", GRADE_NOT_COMPILED, "'x' undeclared"},
    {"#include \"/work/none.h\"\n", GRADE_NOT_COMPILED, "No such file or directory"},
};
/* clang-format on */

/* A source becomes a shared object that can be loaded, or the compiler's first error. */
START_TEST(sources_are_compiled_in_the_sandbox)
{
    char *runner;
    char *folder = support_make_folder();
    const char *const binds[] = {"/dev/shm", NULL};
    grade_sandbox *sandbox = open_sandbox(binds, &runner);
    const grade_limits limits = assay_grade_limits_default();
    assay_error error = {0};
    for (size_t k = 0; sandbox != NULL && k < sizeof sources / sizeof sources[0]; k++) {
        int object;
        grade_verdict verdict;
        char detail[GRADE_TEXT_LENGTH] = "";
        write_file(folder, "x.c", sources[k].source, strlen(sources[k].source));
        char *path = joined(folder, "x.c");
        int source = open(path, O_RDONLY);
        support_assert_ok(assay_grade_compile(sandbox, &limits, NULL, source, &object, &verdict, detail, &error),
                          &error);
        ck_assert_msg(verdict == sources[k].verdict && strstr(detail, sources[k].detail) != NULL, "%s: %s, %s",
                      sources[k].source, assay_grade_verdict_name(verdict), detail);
        ck_assert_int_eq(object >= 0, verdict == GRADE_PASS);
        if (object >= 0) {
            char magic[4] = "";
            ck_assert(pread(object, magic, 4, 0) == 4 && memcmp(magic, "\177ELF", 4) == 0);
            close(object);
        }
        close(source);
        assay_free(path);
    }
    if (sandbox != NULL) {
        ck_assert_str_eq(sandbox->stage, "/mnt"); /* not what is bound */
        ck_assert_ptr_nonnull(sandbox->bubblewrap);
        ck_assert_uint_gt(sandbox->filter_size, 100);
    }
    assay_grade_sandbox_destroy(sandbox);
    assay_free(runner);
    support_remove_folder(folder);
}
END_TEST

/* --- programs ----------------------------------------------------------------------------------------------------- */

/* Runs a shell's commands as a submission, with ReLU's cases. */
static grade_battery *run_shell(const char *commands, const char *argument, grade_program *program)
{
    static const char *const only[] = {"relu", NULL};
    const char *const command[] = {"sh", "-c", commands, argument, NULL};
    char *runner = path_of_runner();
    grade_battery *battery;
    assay_error error = {0};
    program->command = command;
    program->source = -1;
    program->runner = runner;
    program->limits = assay_grade_limits_default();
    support_assert_ok(assay_grade_battery_create(7, only, &battery, &error), &error);
    support_assert_ok(assay_grade_battery_run(battery, program, &error), &error);
    assay_free(runner);
    return battery;
}

/* Without a sandbox the two folders are those of the program: the greeting names them, and arrays go through them. */
START_TEST(arrays_go_through_two_folders)
{
    char *folder = support_make_folder();
    char *inputs = joined(folder, "in");
    char *outputs = joined(folder, "out");
    make_folder(folder, "in");
    make_folder(folder, "out");
    grade_program program = {.folder = folder, .inputs = inputs, .exchange = outputs};
    grade_battery *battery = run_shell(
        "read -r line; case $line in *'\"inputs_in\":\"'$0'/in\"'*'\"outputs_in\":\"'$0'/out\"'*) ;; *) exit 9;; esac; "
        "echo '{}'; while read -r line; do id=${line#*:}; id=${id%%,*}; cp $0/in/$id.x.npy $0/out/$id.y.npy || exit 8; "
        "echo '{\"id\": '$id', \"outputs\": {\"y\": {\"npy\": \"'$id'.y.npy\"}}}'; done",
        folder, &program);
    const grade_part *part = &battery->parts[0];
    for (size_t i = 0; i < part->count; i++) {
        const grade_field *x = assay_grade_find(&part->cases[i]->inputs, "x");
        const grade_field *y = assay_grade_find(&part->answers[i].outputs, "y");
        ck_assert_msg(part->answers[i].verdict == GRADE_PASS, "%s", part->answers[i].detail);
        ck_assert_mem_eq(x->values, y->values, x->count * sizeof *x->values);
    }
    assay_grade_battery_destroy(battery);
    assay_free(inputs);
    assay_free(outputs);
    support_remove_folder(folder);
}
END_TEST

static const struct {
    const char *printed;
    const char *ending;
    bool hinted;
} missing[] = {
    {"cannot read /etc/x", "exit 1", true},
    {"cannot read /opt/x", "exit 1", true},
    {"No such file", "exit 1", true},
    {"libx.so: cannot open shared object", "exit 1", true},
    {"no configuration", "exit 1", true},
    {"Configuration", "exit 1", true},
    {"cannot read /etc/x; use --bind", "exit 1", false},
    {"onfig", "exit 1", false},
    {"etc", "exit 1", false},
    {"cannot read /etc/x", "kill -SEGV $$", false},
};

/* A program that ends in the sandbox because a file is missing. */
START_TEST(missing_files_lead_to_a_hint)
{
    char *runner;
    grade_sandbox *sandbox = open_sandbox(NULL, &runner);
    char *commands = assay_asprintf(NULL, "echo '%s' >&2; %s", missing[_i].printed, missing[_i].ending);
    grade_program program = {.sandbox = sandbox};
    grade_battery *battery = sandbox == NULL ? NULL : run_shell(commands, NULL, &program);
    if (battery != NULL) {
        const char *detail = battery->parts[0].answers[0].detail;
        ck_assert_msg(strstr(detail, missing[_i].printed) != NULL, "%s", detail);
        ck_assert_msg((strstr(detail, "; if it needs a folder outside /usr, show it with --bind") != NULL) ==
                          missing[_i].hinted,
                      "%s", detail);
    }
    assay_grade_battery_destroy(battery);
    assay_grade_sandbox_destroy(sandbox);
    assay_free(commands);
    assay_free(runner);
}
END_TEST

/* --- submissions without a sandbox -------------------------------------------------------------------------------- */

START_TEST(trusted_submissions_are_opened)
{
    const grade_limits limits = assay_grade_limits_default();
    char *folder = support_make_folder();
    char *object = joined(folder, "x.so");
    char *script = joined(folder, "x.py");
    char *source = joined(folder, "x.c");
    assay_error error = {0};
    grade_submission *submission;
    grade_program program = {.source = 7};
    const char *detail;
    write_file(folder, "x.so", "", 0);
    write_file(folder, "x.py", "", 0);
    write_file(folder, "x.c", "", 0);
    setenv("ASSAY_GRADE_RUNNERS", folder, 1);
    make_folder(folder, "python");
    write_file(folder, "python/__init__.py", "", 0);
    grade_origin origin = {.file = object, .map = "map.json"};
    support_assert_ok(assay_grade_submission_open(&origin, NULL, &limits, &submission, &error), &error);
    ck_assert_int_eq(assay_grade_submission_verdict(submission, &detail), GRADE_PASS);
    ck_assert_str_eq(detail, "");
    assay_grade_submission_describe(submission, &program);
    ck_assert_int_eq(program.source, -1);
    ck_assert_str_eq(program.shared_object, object);
    ck_assert_ptr_null(program.command);
    assay_grade_submission_close(submission);
    origin.file = script;
    program = (grade_program){0};
    support_assert_ok(assay_grade_submission_open(&origin, NULL, &limits, &submission, &error), &error);
    assay_grade_submission_describe(submission, &program);
    char *start = joined(folder, "python");
    ck_assert_str_eq(program.command[0], "python3");
    ck_assert_str_eq(program.command[1], start);
    ck_assert_str_eq(program.command[2], script);
    ck_assert_str_eq(program.command[3], "map.json");
    ck_assert_ptr_null(program.command[4]);
    ck_assert(program.shown_count == 0 && program.shared_object == NULL && program.source_name == NULL);
    assay_grade_submission_close(submission);
    origin.file = source;
    support_assert_error(assay_grade_submission_open(&origin, NULL, &limits, &submission, &error), ASSAY_ERROR_ARGUMENT,
                         &error, "x.c: a source is compiled in the sandbox; without it, give a .so");
    ck_assert_ptr_null(submission);
    origin.file = "/nonexistent/x.so";
    error = (assay_error){0};
    support_assert_error(assay_grade_submission_open(&origin, NULL, &limits, &submission, &error), ASSAY_ERROR_IO,
                         &error, "/nonexistent/x.so: not there, or not readable");
    origin = (grade_origin){.folder = folder};
    error = (assay_error){0};
    support_assert_ok(assay_grade_submission_open(&origin, NULL, &limits, &submission, &error), &error);
    program = (grade_program){0};
    assay_grade_submission_describe(submission, &program);
    ck_assert_str_eq(program.folder, folder);
    ck_assert(program.shared_object == NULL && program.command == NULL);
    assay_grade_submission_close(submission);
    unsetenv("ASSAY_GRADE_RUNNERS");
    assay_free(object);
    assay_free(script);
    assay_free(source);
    assay_free(start);
    support_remove_folder(folder);
}
END_TEST

/* In the sandbox: the files of the runner are shown, and the submission under a neutral name. */
START_TEST(sandboxed_submissions_are_opened)
{
    const grade_limits limits = assay_grade_limits_default();
    const grade_sandbox sandbox = {.runner = "/opt/runner"};
    char *folder = support_make_folder();
    char *script = joined(folder, "mine.py");
    char *object = joined(folder, "x.so");
    assay_error error = {0};
    grade_submission *submission;
    grade_program program = {0};
    const char *detail;
    write_file(folder, "mine.py", "", 0);
    write_file(folder, "x.so", "object", 6);
    setenv("ASSAY_GRADE_RUNNERS", folder, 1);
    make_folder(folder, "python");
    write_file(folder, "python/__init__.py", "", 0);
    for (int alone = 0; alone < 2; alone++) {
        const grade_origin origin = {.file = script, .folder = alone == 1 ? NULL : folder, .map = "names.json"};
        write_file(folder, "mine.py", "x = 1\n", 6);
        support_assert_ok(assay_grade_submission_open(&origin, &sandbox, &limits, &submission, &error), &error);
        ck_assert_int_eq(assay_grade_submission_verdict(submission, &detail), GRADE_PASS);
        assay_grade_submission_describe(submission, &program);
        ck_assert_int_ge(program.source, 0);
        ck_assert_str_eq(program.source_name == NULL ? "" : program.source_name, alone == 1 ? "submission.py" : "");
        ck_assert_str_eq(program.command[0], "python3");
        ck_assert_str_eq(program.command[1], GRADE_RUNNER_INSIDE "/python");
        ck_assert_str_eq(program.command[2],
                         alone == 1 ? GRADE_FOLDER_INSIDE "/submission.py" : GRADE_FOLDER_INSIDE "/mine.py");
        ck_assert_str_eq(program.command[3], GRADE_RUNNER_INSIDE "/map.json");
        char *first = joined(folder, "python/__init__.py");
        ck_assert_str_eq(program.shown[0].path, first);
        ck_assert_str_eq(program.shown[0].inside, GRADE_RUNNER_INSIDE "/python/__init__.py");
        ck_assert_str_eq(program.shown[program.shown_count - 1].path, "names.json");
        ck_assert_str_eq(program.shown[program.shown_count - 1].inside, GRADE_RUNNER_INSIDE "/map.json");
        assay_free(first);
        assay_grade_submission_close(submission);
    }
    const grade_origin whole = {.file = object};
    support_assert_ok(assay_grade_submission_open(&whole, &sandbox, &limits, &submission, &error), &error);
    program = (grade_program){0};
    assay_grade_submission_describe(submission, &program);
    char path[40];
    snprintf(path, sizeof path, "/proc/self/fd/%d", program.source);
    ck_assert_str_eq(program.shared_object, path);
    ck_assert_str_eq(program.source_name, GRADE_OBJECT_NAME);
    assay_grade_submission_close(submission);
    write_file(folder, "x.so", "", 0);
    support_assert_ok(assay_grade_submission_open(&whole, &sandbox, &limits, &submission, &error), &error);
    ck_assert_int_eq(assay_grade_submission_verdict(submission, &detail), GRADE_UNUSABLE);
    ck_assert_ptr_nonnull(strstr(detail, "x.so: empty"));
    assay_grade_submission_close(submission);
    unsetenv("ASSAY_GRADE_RUNNERS");
    assay_free(script);
    assay_free(object);
    support_remove_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("grade's system");
    TCase *signs = evidence_case("signs of the reference", "property: grade/evidence");
    tcase_add_test(signs, markers_are_found_in_files);
    tcase_add_test(signs, markers_are_found_in_folders);
    tcase_add_test(signs, markers_are_found_with_descriptor_0);
    tcase_add_test(signs, the_bytes_of_a_folder_are_limited);
    tcase_add_test(signs, the_files_of_a_folder_are_limited);
    tcase_add_test(signs, objects_show_what_they_use);
    tcase_add_test(signs, processes_that_use_the_reference_are_seen);
    tcase_add_test(signs, mapped_copies_are_seen);
    tcase_add_test(signs, mapped_objects_are_looked_at);
    suite_add_tcase(suite, signs);
    TCase *processes = evidence_case("processes", "property: grade/processes");
    tcase_add_test(processes, trees_of_processes_are_found_and_killed);
    tcase_add_test(processes, families_have_a_bound);
    tcase_add_test(processes, memory_of_processes_is_counted);
    tcase_add_test(processes, processor_time_is_counted);
    suite_add_tcase(suite, processes);
    TCase *groups = evidence_case("groups", "property: grade/cgroup; errors: grade/cgroup");
    tcase_add_test(groups, groups_are_limited_and_read);
    tcase_add_test(groups, groups_have_a_place);
    suite_add_tcase(suite, groups);
    TCase *files = evidence_case("files", "property: grade/processes, grade/npy, grade/text; errors: grade/folder");
    tcase_add_test(files, files_of_a_folder_are_counted);
    tcase_add_test(files, files_are_read_by_plain_names);
    tcase_add_test(files, files_are_made_for_others_to_read);
    tcase_add_loop_test(files, npy_types_have_their_values, 0, (int)(sizeof types / sizeof types[0]));
    tcase_add_test(files, npy_columns_are_put_in_order);
    tcase_add_test(files, npy_files_are_as_the_format_says);
    tcase_add_test(files, npy_files_say_their_precision);
    tcase_add_test(files, control_characters_are_replaced);
    suite_add_tcase(suite, files);
    TCase *forms = evidence_case("submissions", "property: grade/form, grade/hint, grade/submission");
    tcase_add_test(forms, endings_say_what_a_file_is);
    tcase_add_loop_test(forms, one_file_of_a_folder_is_chosen, 0, (int)(sizeof choices / sizeof choices[0]));
    tcase_add_test(forms, a_long_choice_ends);
    tcase_add_test(forms, a_long_choice_has_complete_names);
    tcase_add_test(forms, runners_are_found_or_asked_for);
    tcase_add_test(forms, installed_runners_are_found);
    tcase_add_test(forms, the_runner_is_found);
    tcase_add_test(forms, folders_to_bind_are_hinted_at);
    tcase_add_test(forms, commands_are_found_as_in_the_sandbox);
    tcase_add_test(forms, trusted_submissions_are_opened);
    tcase_add_test(forms, sandboxed_submissions_are_opened);
    suite_add_tcase(suite, forms);
    TCase *sandbox = evidence_case("sandbox", "property: grade/sandbox, grade/seccomp, grade/compile, grade/battery");
    tcase_add_test(sandbox, limits_have_words);
    tcase_add_test(sandbox, calls_are_filtered);
    tcase_add_test(sandbox, a_filter_needs_a_file);
    tcase_add_test(sandbox, folders_of_sources_are_hidden);
    tcase_add_test(sandbox, sources_are_compiled_in_the_sandbox);
    tcase_add_test(sandbox, arrays_go_through_two_folders);
    tcase_add_loop_test(sandbox, missing_files_lead_to_a_hint, 0, (int)(sizeof missing / sizeof missing[0]));
    suite_add_tcase(suite, sandbox);
    return support_run(suite);
}
