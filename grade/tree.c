#define _GNU_SOURCE
#include "grade/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "grade/folder.h"

enum { MAX_DEPTH = 60, PAGE = 4096 }; /* a little less deep than what stage.c copies */

typedef struct {
    int root;
    char path[PATH_MAX]; /* of the entry that is looked at, from the root */
    size_t files;
    size_t bytes;
    char *reason;
    int failure; /* errno of a call of ours that failed: not the submission's fault; 0: none */
} walk;

/* Names are the submission's: only what every terminal and report can show. */
static bool refuse(char reason[GRADE_TEXT_LENGTH], const char *name, const char *format, ...)
{
    size_t used = 0;
    for (; *name != '\0' && used < 120; name++) {
        reason[used++] = *name >= ' ' && *name <= '~' ? *name : '?';
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason + used, GRADE_TEXT_LENGTH - used, format, arguments);
    va_end(arguments);
    return false;
}

/* A call for an entry failed, with errno. */
static bool refuse_entry(walk *w, const char *what)
{
    int why = errno;
    w->failure = assay_grade_is_our_fault(why) ? why : w->failure;
    return refuse(w->reason, w->path, ": cannot be %s: %s", what, strerror(why));
}

/* Resolves only below `root`; a path that leads out of it fails with EXDEV. */
static int open_beneath(int root, const char *path, unsigned long long flags)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

/* What the sandbox shows of the system under the same path: a virtual environment's links to its interpreter. */
static bool leads_to_system(const char *target)
{
    static const char *const places[] = {"/usr/", "/bin/", "/lib/", "/lib64/"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strncmp(target, places[i], strlen(places[i])) == 0 && strstr(target, "/..") == NULL) {
            return true;
        }
    }
    return false;
}

static bool accept_link(walk *w)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(w->root, w->path, target, sizeof target - 1);
    int opened = open_beneath(w->root, w->path, O_PATH);
    if (opened < 0 && assay_grade_is_our_fault(errno)) {
        return refuse_entry(w, "looked at");
    }
    bool leaves = opened < 0 && errno == EXDEV;
    if (opened >= 0) {
        close(opened);
    }
    target[length < 0 ? 0 : length] = '\0';
    return !leaves || leads_to_system(target) ||
           refuse(w->reason, w->path, ": a link that leads out of the submission");
}

static bool walk_folder(walk *w, int folder, size_t length, unsigned depth);

static bool accept_entry(walk *w, size_t length, unsigned depth)
{
    struct stat about;
    if (fstatat(w->root, w->path, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return refuse_entry(w, "looked at");
    }
    if (S_ISLNK(about.st_mode)) {
        return accept_link(w);
    }
    if (!S_ISREG(about.st_mode) && !S_ISDIR(about.st_mode)) {
        return true;
    }
    int opened = open_beneath(w->root, w->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0) {
        return refuse_entry(w, "read");
    }
    if (S_ISDIR(about.st_mode)) {
        return walk_folder(w, opened, length, depth + 1);
    }
    close(opened);
    /* Each file takes whole pages of the copy. The second condition: the sum of two lengths must not overflow. */
    w->bytes += PAGE;
    if (about.st_size > GRADE_TREE_BYTES || (w->bytes += (size_t)about.st_size) > GRADE_TREE_BYTES) {
        return refuse(w->reason, "", "the submission's folder holds more than %d MiB", GRADE_TREE_BYTES >> 20);
    }
    return true;
}

/* Closes `folder`, whose path has `length` characters. */
static bool walk_folder(walk *w, int folder, size_t length, unsigned depth)
{
    DIR *entries = fdopendir(folder);
    bool accepted = true;
    if (entries == NULL) {
        accepted = refuse_entry(w, "read");
        close(folder);
        return accepted;
    }
    for (struct dirent *entry; accepted && (entry = readdir(entries)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        int added = snprintf(w->path + length, sizeof w->path - length, "%s%s", length == 0 ? "" : "/", entry->d_name);
        if (depth > MAX_DEPTH || length + (size_t)added >= sizeof w->path) {
            accepted = refuse(w->reason, "", "the submission's folders are nested more than %d deep", MAX_DEPTH);
        } else if (++w->files > GRADE_TREE_FILES) {
            accepted = refuse(w->reason, "", "the submission's folder holds more than %d files", GRADE_TREE_FILES);
        } else {
            accepted = accept_entry(w, length + (size_t)added, depth);
        }
    }
    closedir(entries);
    w->path[length] = '\0';
    return accepted;
}

assay_status assay_grade_tree_open(const char *path, bool follow, int *folder, char reason[GRADE_TEXT_LENGTH],
                                   assay_error *error)
{
    struct stat about;
    reason[0] = '\0';
    *folder = -1;
    if (lstat(path, &about) != 0 && errno == ENOENT) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: not there", path);
    }
    int opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
    if (opened < 0 && assay_grade_is_our_fault(errno)) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (opened < 0) {
        bool link = lstat(path, &about) == 0 && S_ISLNK(about.st_mode);
        refuse(reason, "",
               link && !follow ? "a link in place of the submission's folder"
                               : "the submission's folder cannot be read");
        return ASSAY_OK;
    }
    walk w = {.root = opened, .reason = reason};
    int own = openat(opened, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* the walk closes what it reads */
    if (own < 0 || !walk_folder(&w, own, 0, 0)) {
        int failure = own < 0 ? errno : w.failure;
        close(opened);
        return failure == 0 ? ASSAY_OK
                            : assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", path, strerror(failure));
    }
    *folder = opened;
    return ASSAY_OK;
}

/* O_NONBLOCK: a FIFO would wait for a writer. */
static int open_object(const char *folder, const char *path)
{
    if (folder == NULL) {
        return open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    }
    int root = open(folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    size_t length = strlen(folder);
    const char *name = strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : path;
    int opened = root < 0 ? -1 : open_beneath(root, name + strspn(name, "/"), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    int reason = errno;
    if (root >= 0) {
        close(root);
    }
    errno = reason;
    return opened;
}

assay_status assay_grade_tree_open_file(const char *folder, const char *path, int *object,
                                        char reason[GRADE_TEXT_LENGTH], assay_error *error)
{
    struct stat about;
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1; /* where it lies is not for the submission's report */
    reason[0] = '\0';
    *object = -1;
    if (lstat(path, &about) != 0 && errno == ENOENT) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: not there", path);
    }
    int opened = open_object(folder, path);
    if (opened < 0 && assay_grade_is_our_fault(errno)) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    if (opened < 0) {
        bool leaves = errno == EXDEV || (errno == ELOOP && folder == NULL);
        refuse(reason, name, leaves ? ": a link that leads out of the submission" : ": cannot be read: %s",
               strerror(errno));
    } else if (fstat(opened, &about) != 0) {
        int failure = errno;
        close(opened);
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", path, strerror(failure));
    } else if (!S_ISREG(about.st_mode)) {
        refuse(reason, name, ": not a file");
    } else if (about.st_size == 0 || about.st_size > GRADE_TREE_BYTES) {
        refuse(reason, name, about.st_size == 0 ? ": empty" : ": larger than %d MiB", GRADE_TREE_BYTES >> 20);
    } else {
        *object = opened;
        return ASSAY_OK;
    }
    if (opened >= 0) {
        close(opened);
    }
    return ASSAY_OK;
}
