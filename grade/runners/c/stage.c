/*
 * Why a copy: a bind mount shows its path on the host in /proc/self/mountinfo, its links lead out of it, and its files
 * need rights for other users. A copy in memory has neutral names, holds what was checked, and anybody may read it.
 */
#define _GNU_SOURCE
#include "stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    GRADER = 3, /* the socket */
    SOURCE = 6,
    NEUTRAL_ID = 1000, /* the submission's user and group, where it has a user namespace */
    MAX_DEPTH = 64,
    MAX_FILES = 20000
};

/*
 * The same limit as in grade/tree.c, which refuses what is larger; here it holds against a folder that grows
 * meanwhile.
 */
#define STAGE_BYTES "320m"

static _Noreturn void fail(const char *format, ...)
{
    char text[300];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)!send(GRADER, text, strlen(text), MSG_NOSIGNAL);
    _exit(127);
}

static _Noreturn void fail_with_errno(const char *what)
{
    fail("%s: %s", what, strerror(errno));
}

/* --- mounts ------------------------------------------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0 || write(file, text, strlen(text)) < 0) {
        fail_with_errno(path);
    }
    close(file);
}

/*
 * Who is not root needs a user namespace to mount. Its one user has a neutral number: the submission can read the map.
 */
static void enter_namespaces(void)
{
    char map[64];
    uid_t user = geteuid();
    gid_t group = getegid();
    if (unshare(CLONE_NEWNS | (user == 0 ? 0 : CLONE_NEWUSER)) != 0) {
        fail("no private mounts: %s; allow user namespaces, or grade as root", strerror(errno));
    }
    if (user != 0) {
        write_file("/proc/self/setgroups", "deny");
        snprintf(map, sizeof map, "%d %u 1", NEUTRAL_ID, user);
        write_file("/proc/self/uid_map", map);
        snprintf(map, sizeof map, "%d %u 1", NEUTRAL_ID, group);
        write_file("/proc/self/gid_map", map);
    }
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        fail_with_errno("no private mounts");
    }
}

static void make_folder(const char *name, mode_t mode)
{
    if (mkdir(name, 0700) != 0 || chmod(name, mode) != 0) { /* chmod: without the umask */
        fail_with_errno(name);
    }
}

static void mount_memory(const char *at, const char *options)
{
    if (mount("tmpfs", at, "tmpfs", MS_NOSUID | MS_NODEV, options) != 0) {
        fail("no file system in memory at %s: %s", at, strerror(errno));
    }
}

/* Sends the scratch folder's descriptor, by which the grader counts what is in it and exchanges .npy files. */
static void send_scratch(void)
{
    char byte = '\0';
    struct iovec content = {&byte, 1};
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int scratch = open("scratch", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof scratch);
    memcpy(CMSG_DATA(header), &scratch, sizeof scratch);
    if (scratch < 0 || sendmsg(GRADER, &message, MSG_NOSIGNAL) != 1) {
        fail_with_errno("the scratch folder");
    }
    close(scratch);
}

/* --- copies ------------------------------------------------------------------------------------------------------- */

static void copy_file(int from, int folder, const char *name)
{
    char block[1 << 16];
    struct stat about;
    if (fstat(from, &about) != 0) {
        fail_with_errno(name);
    }
    int to = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    ssize_t count = 0;
    while (to >= 0 && (count = read(from, block, sizeof block)) > 0) {
        if (write(to, block, (size_t)count) != count) {
            fail_with_errno(name);
        }
    }
    /* Anybody may read it, nobody write: the mount is read-only in the sandbox. */
    if (to < 0 || count < 0 || fchmod(to, (about.st_mode & 0111) != 0 ? 0555 : 0444) != 0) {
        fail_with_errno(name);
    }
    close(to);
}

static void copy_link(int from, int folder, const char *name)
{
    char target[4096];
    ssize_t length = readlinkat(from, name, target, sizeof target - 1);
    if (length <= 0) {
        return; /* no link any more */
    }
    target[length] = '\0';
    if (symlinkat(target, folder, name) != 0) {
        fail_with_errno(name);
    }
}

static void copy_folder(int from, int to, unsigned depth, unsigned *files);

/* Files, folders and links; nothing else is opened. O_NONBLOCK: what was a file a moment ago may be a FIFO now. */
static void copy_entry(int from, int to, const char *name, unsigned depth, unsigned *files)
{
    struct stat about;
    if (fstatat(from, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return;
    }
    if (S_ISLNK(about.st_mode)) {
        copy_link(from, to, name);
    } else if (S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) {
        int opened = openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (opened < 0 || fstat(opened, &about) != 0) {
            fail_with_errno(name);
        }
        if (S_ISREG(about.st_mode)) {
            copy_file(opened, to, name);
        } else if (S_ISDIR(about.st_mode)) {
            int inner = mkdirat(to, name, 0700) != 0 ? -1 : openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
            if (inner < 0 || fchmod(inner, 0755) != 0) {
                fail_with_errno(name);
            }
            copy_folder(opened, inner, depth + 1, files);
            close(inner);
            return; /* copy_folder has closed `opened` */
        }
        close(opened);
    }
}

/* Closes `from`. */
static void copy_folder(int from, int to, unsigned depth, unsigned *files)
{
    DIR *entries = depth > MAX_DEPTH ? NULL : fdopendir(from);
    if (entries == NULL) {
        fail("the submission's folders are nested more than %d deep, or one cannot be read", MAX_DEPTH);
    }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (++*files > MAX_FILES) {
            fail("the submission has more than %d files", MAX_FILES);
        }
        copy_entry(from, to, entry->d_name, depth, files);
    }
    closedir(entries);
}

static void copy_source(const char *source)
{
    unsigned files = 0;
    int submission = open("submission", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (submission < 0) {
        fail_with_errno("submission");
    }
    if (strcmp(source, "folder") == 0) {
        int from = openat(SOURCE, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* a reading position of its own */
        copy_folder(from, submission, 0, &files);
    } else if (strncmp(source, "file:", 5) == 0) {
        if (lseek(SOURCE, 0, SEEK_SET) != 0) {
            fail_with_errno("the submission");
        }
        copy_file(SOURCE, submission, source + 5);
    }
    close(submission);
}

static void copy_runner(void)
{
    int runner = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (runner < 0) {
        fail_with_errno("the runner");
    }
    copy_file(runner, AT_FDCWD, "runner");
    close(runner);
}

_Noreturn void stage_run(int argc, char **argv)
{
    if (argc < 5) {
        fail("--stage: too few arguments");
    }
    const char *at = argv[1];
    const char *source = argv[3];
    char options[64];
    umask(077);
    fcntl(GRADER, F_SETFD, FD_CLOEXEC); /* the grader sees it close when bubblewrap starts */
    fcntl(SOURCE, F_SETFD, FD_CLOEXEC);
    enter_namespaces();
    mount_memory(at, "mode=0755,nr_inodes=25k,size=" STAGE_BYTES);
    if (chdir(at) != 0) {
        fail_with_errno(at);
    }
    make_folder("submission", 0755);
    make_folder("hidden", 0);
    int nothing = open("nothing", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0); /* what covers a file that is hidden */
    if (nothing < 0) {
        fail_with_errno("nothing");
    }
    close(nothing);
    make_folder("scratch", 0755);
    snprintf(options, sizeof options, "mode=0755,nr_inodes=10k,size=%s", argv[2]);
    mount_memory("scratch", options);
    make_folder("scratch/tmp", 01777);
    make_folder("scratch/shm", 01777);
    make_folder("scratch/inputs", 0755);
    make_folder("scratch/exchange", 01777);
    copy_runner();
    copy_source(source);
    send_scratch();
    umask(022);
    if (chdir("/") != 0) {
        fail_with_errno("/");
    }
    execv(argv[4], argv + 4);
    fail("%s cannot be started: %s", argv[4], strerror(errno));
}
