/*
 * What a submission may try against its sandbox, chosen by the name sandbox.WHAT: tanh is 42 and more where it
 * succeeds, as it is not to. What fills memory and disk is bounded at 600 MiB.
 */
#ifndef PLANTED_SANDBOX_H
#define PLANTED_SANDBOX_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SANDBOX_MEGABYTES = 600 };

/* --- calls that no honest submission needs ------------------------------------------------------------------------ */

static int sandbox_forks_into(unsigned long flags)
{
    long child = syscall(SYS_clone, flags | 17, 0, 0, 0, 0);
    if (child == 0) {
        _exit(0);
    }
    if (child > 0) {
        waitpid((pid_t)child, NULL, 0);
    }
    return child > 0;
}

static int sandbox_ends_of_pipe(int command, int value)
{
    int ends[2];
    return pipe(ends) == 0 && fcntl(ends[1], command, value) >= 0;
}

static int sandbox_sets_buffer(int option)
{
    int ends[2];
    int size = 1 << 20;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 &&
           setsockopt(ends[0], SOL_SOCKET, option, &size, sizeof size) == 0;
}

/* The number of the first call that is allowed, or 0. */
static int sandbox_calls(void)
{
    char letter = 'x';
    struct clone_args threads = {.flags = CLONE_NEWUSER, .exit_signal = 17};
    int zero = open("/dev/zero", O_RDWR);
    const int allowed[] = {
        syscall(SYS_memfd_create, "x", 0) >= 0,
        shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600) >= 0,
        unshare(CLONE_NEWUSER) == 0,
        sandbox_forks_into(CLONE_NEWUSER),
        sandbox_forks_into(CLONE_NEWNS),
        syscall(SYS_clone3, &threads, sizeof threads) >= 0 || errno != ENOSYS,
        syscall(SYS_keyctl, 0, -3, 1) >= 0,
        syscall(SYS_add_key, "user", "x", "y", 1, -3) >= 0,
        syscall(SYS_perf_event_open, 0, 0, -1, -1, 0) >= 0 || errno != EPERM,
        syscall(SYS_bpf, 0, 0, 0) >= 0 || errno != EPERM,
        ptrace(PTRACE_TRACEME, 0, 0, 0) == 0,
        syscall(SYS_process_vm_readv, getpid(), 0, 0, 0, 0, 0) >= 0,
        syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0) == 0 || errno != EPERM,
        syscall(SYS_open_tree, -100, "/", 1) >= 0 || errno != EPERM,
        ioctl(0, TIOCSTI, &letter) == 0 || errno != EPERM,
        syscall(SYS_io_uring_setup, 1, 0) >= 0 || errno != ENOSYS,
        syscall(SYS_userfaultfd, 0) >= 0,
        socket(AF_INET, SOCK_STREAM, 0) >= 0,
        socket(AF_NETLINK, SOCK_RAW, 0) >= 0,
        syscall(SYS_vmsplice, 1, 0, 0, 0) >= 0 || errno != EPERM,
        sandbox_ends_of_pipe(F_SETPIPE_SZ, 1 << 20),
        sandbox_sets_buffer(SO_SNDBUF),
        sandbox_sets_buffer(SO_RCVBUF),
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, zero, 0) != MAP_FAILED,
        open("/dev/ptmx", O_RDWR) >= 0,
        syscall(SYS_msgget, IPC_PRIVATE, 0600) >= 0,
        setuid(0) == 0,
        chroot("/tmp") == 0,
        mknod("/tmp/device", S_IFBLK | 0600, 0x0801) == 0,
    };
    for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
        if (allowed[i]) {
            return (int)i + 1;
        }
    }
    return 0;
}

/* --- what is to be seen ------------------------------------------------------------------------------------------- */

/* Something that only the tests write into the teacher's paths and environment. */
#define SANDBOX_SECRET "teachers-secret"

static int sandbox_reads_secret(const char *path)
{
    static char text[1 << 18];
    int file = open(path, O_RDONLY);
    ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) {
        close(file);
    }
    return length > 0 && memmem(text, (size_t)length, SANDBOX_SECRET, strlen(SANDBOX_SECRET)) != NULL;
}

static int sandbox_spies(void)
{
    static const char *const files[] = {"environ", "cmdline", "mountinfo", "mounts",
                                        "cgroup",  "maps",    "uid_map",   "comm"};
    for (int process = 1; process < 10; process++) {
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            char path[64];
            snprintf(path, sizeof path, "/proc/%d/%s", process, files[i]);
            if (sandbox_reads_secret(path)) {
                return process * 10 + (int)i;
            }
        }
    }
    return 0;
}

static int sandbox_found;
static int sandbox_skips_system;

/* Whether the file begins as one of assay's: its name or the interface for students is in it. */
static int sandbox_is_assays(int file)
{
    char text[4096];
    ssize_t length = read(file, text, sizeof text);
    return length > 0 && memmem(text, (size_t)length, "assay", 5) != NULL;
}

/* Anything of assay's that can be read, and any other submission. */
static int sandbox_visit(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    const char *name = path + at->base;
    (void)about;
    if (strcmp(path, "/proc") == 0 ||
        (sandbox_skips_system &&
         (strcmp(path, "/usr") == 0 || strncmp(path, "/lib", 4) == 0 || strcmp(path, "/bin") == 0))) {
        return FTW_SKIP_SUBTREE;
    }
    int is_own = strcmp(path, "/run/assay-grade-runner") == 0 || strcmp(path, "/submission/submission.so") == 0;
    int is_starter = strcmp(name, "submission.c") == 0 || strcmp(name, "submission.py") == 0;
    int is_wanted = strstr(name, "assay") != NULL || strcmp(name, "grades.csv") == 0 || strcmp(name, "anna.so") == 0;
    char byte;
    int file = (is_wanted || is_starter) && !is_own && kind == FTW_F ? open(path, O_RDONLY) : -1;
    if (file >= 0 && (is_wanted ? read(file, &byte, 1) == 1 : sandbox_is_assays(file))) {
        fprintf(stderr, "found %s\n", path);
        sandbox_found++;
    }
    if (file >= 0) {
        close(file);
    }
    return FTW_CONTINUE;
}

static int sandbox_searches(void)
{
    static int done; /* once for all cases: there are many files in /usr */
    if (!done) {
        done = 1;
        nftw("/", sandbox_visit, 32, FTW_PHYS | FTW_ACTIONRETVAL);
    }
    return sandbox_found;
}

static int sandbox_looks(void)
{
    sandbox_skips_system = 1;
    return sandbox_searches();
}

/* --- memory and disk ---------------------------------------------------------------------------------------------- */

enum { SANDBOX_FILE_MEGABYTES = 50 };

static void sandbox_write_file(int file)
{
    static char block[1 << 20];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < SANDBOX_FILE_MEGABYTES && write(file, block, sizeof block) > 0; i++) {
    }
}

/* Files that have no name any more. */
static void sandbox_unlinked(const char *folder)
{
    for (int i = 0; i < SANDBOX_MEGABYTES / SANDBOX_FILE_MEGABYTES; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%d", folder, i);
        int file = open(path, O_RDWR | O_CREAT, 0600);
        unlink(path);
        sandbox_write_file(file);
    }
}

/* Below a path that is longer than PATH_MAX, in folders that only their owner may enter. */
static void sandbox_deep(void)
{
    char name[201];
    memset(name, 'd', 200);
    name[200] = '\0';
    if (chdir("/tmp") != 0) {
        return;
    }
    for (int i = 0; i < 30 && mkdir(name, 0700) == 0 && chdir(name) == 0; i++) {
    }
    for (int i = 0; i < SANDBOX_MEGABYTES / SANDBOX_FILE_MEGABYTES; i++) {
        snprintf(name, sizeof name, "%d", i);
        sandbox_write_file(open(name, O_WRONLY | O_CREAT, 0600));
    }
    chmod(".", 0300);
}

static void sandbox_inodes(void)
{
    for (int i = 0; i < 20000; i++) {
        char path[64];
        snprintf(path, sizeof path, "/dev/shm/%d", i);
        int file = open(path, O_WRONLY | O_CREAT, 0600);
        if (file >= 0) {
            close(file);
        }
    }
}

/* In socket buffers, by many processes, because one has few descriptors. */
static void sandbox_sockets(void)
{
    static char block[1 << 16];
    for (int process = 0; process < 20; process++) {
        if (fork() == 0) {
            int ends[2];
            while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0) {
                while (write(ends[0], block, sizeof block) > 0 || write(ends[1], block, sizeof block) > 0) {
                }
            }
            sleep(20);
            _exit(0);
        }
    }
    sleep(20);
}

/* Page tables: a byte in each 2 MiB of an empty map. */
static void sandbox_tables(void)
{
    const size_t step = (size_t)2 << 20;
    const size_t all = SANDBOX_MEGABYTES * (size_t)256;
    const size_t pages = all < SIZE_MAX / 2 / step ? all : SIZE_MAX / 2 / step; /* fewer where addresses have 32 bits */
    volatile const char *map = mmap(NULL, step * pages, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if ((const void *)map == MAP_FAILED) {
        return;
    }
    madvise((void *)(size_t)map, step * pages, MADV_NOHUGEPAGE);
    for (size_t i = 0; i < pages; i++) {
        (void)map[i * step];
    }
}

/* More than --memory 32, and a reply before the next look at the clock. */
static void sandbox_quick(void)
{
    static char *volatile taken;
    taken = malloc((size_t)60 << 20);
    memset(taken, 1, (size_t)60 << 20);
}

static void sandbox_act(const char *mistake)
{
    static const struct {
        const char *name;
        void (*act)(void);
    } acts[] = {{"deep", sandbox_deep},
                {"inodes", sandbox_inodes},
                {"sockets", sandbox_sockets},
                {"tables", sandbox_tables},
                {"quick", sandbox_quick}};
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        if (strncmp(mistake, "sandbox.", 8) == 0 && strcmp(mistake + 8, acts[i].name) == 0) {
            acts[i].act();
        }
    }
    if (strcmp(mistake, "sandbox.unlinked") == 0) {
        sandbox_unlinked("/tmp");
    } else if (strcmp(mistake, "sandbox.unlinked_shm") == 0) {
        sandbox_unlinked("/dev/shm");
    }
}

static void sandbox_spoil(const char *mistake, size_t count, double *y)
{
    static const struct {
        const char *name;
        int (*escapes)(void);
    } escapes[] = {{"sandbox.calls", sandbox_calls},
                   {"sandbox.spy", sandbox_spies},
                   {"sandbox.search", sandbox_searches},
                   {"sandbox.look", sandbox_looks}};
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++) {
        int number = strcmp(mistake, escapes[i].name) == 0 ? escapes[i].escapes() : 0;
        for (size_t j = 0; j < count && number != 0; j++) {
            y[j] = 41.0 + number;
        }
    }
}

#endif
