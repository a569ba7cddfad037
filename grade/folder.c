#define _GNU_SOURCE
#include "grade/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>

assay_status assay_grade_folder_open(const char *path, int *folder, assay_error *error)
{
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *folder >= 0 ? ASSAY_OK
                        : assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

bool assay_grade_is_our_fault(int reason)
{
    return reason == EMFILE || reason == ENFILE || reason == ENOMEM || reason == EINTR;
}

static assay_status cannot_open(const char *name, int reason, assay_error *error)
{
    const char *what = reason == ELOOP                             ? "it is a link, or leads in a circle"
                       : reason == EAGAIN || reason == EWOULDBLOCK ? "another process holds a lease on it"
                                                                   : strerror(reason);
    assay_status status = assay_grade_is_our_fault(reason) ? ASSAY_ERROR_IO : ASSAY_ERROR_FORMAT;
    return assay_fail(error, status, "%s: cannot be read: %s", name, what);
}

static bool is_plain(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/* Reads up to `length` bytes: fewer, where the file is cut meanwhile. */
static assay_status read_all(int descriptor, const char *name, size_t length, char **bytes, size_t *size,
                             assay_error *error)
{
    *size = 0;
    *bytes = assay_calloc(length + 1, 1, error);
    if (*bytes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    while (*size < length) {
        ssize_t now = read(descriptor, *bytes + *size, length - *size);
        if (now == 0) { /* LCOV_EXCL_BR_LINE: becomes shorter while it is read */
            break;      /* LCOV_EXCL_LINE: as above */
        }
        if (now < 0 && errno != EINTR) {
            assay_free(*bytes);
            *bytes = NULL;
            return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", name, strerror(errno));
        }
        *size += now > 0 ? (size_t)now : 0;
    }
    return ASSAY_OK;
}

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode)    ? "a folder"
           : S_ISFIFO(mode) ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISLNK(mode)  ? "a link"
                            : "a device";
}

assay_status assay_grade_descriptor_read(int descriptor, const char *name, size_t limit, char **bytes, size_t *size,
                                         assay_error *error)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be read: %s", name, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: not a regular file: it is %s", name, kind_of(about.st_mode));
    }
    if ((unsigned long long)about.st_size > limit) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %lld bytes, at most %zu are read", name,
                          (long long)about.st_size, limit);
    }
    return read_all(descriptor, name, (size_t)about.st_size, bytes, size, error);
}

assay_status assay_grade_folder_read(int folder, const char *name, size_t limit, char **bytes, size_t *size,
                                     assay_error *error)
{
    if (strlen(name) > NAME_MAX) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%.40s...: a name of %zu bytes, no file can have it", name,
                          strlen(name));
    }
    if (!is_plain(name)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s: not the name of a file in the folder", name);
    }
    int descriptor = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (descriptor < 0) {
        return cannot_open(name, errno, error);
    }
    assay_status status = assay_grade_descriptor_read(descriptor, name, limit, bytes, size, error);
    close(descriptor);
    return status;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

assay_status assay_grade_folder_create(int folder, const char *name, FILE **stream, assay_error *error)
{
    *stream = NULL;
    int descriptor = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (descriptor < 0) {
        bool planted = errno == EEXIST || errno == ENOENT || errno == ELOOP || errno == ENOTDIR || errno == EACCES;
        return assay_fail(error, planted ? ASSAY_ERROR_FORMAT : ASSAY_ERROR_IO, "%s: cannot be made: %s", name,
                          strerror(errno));
    }
    /* Whatever the umask: when root grades, the submission's user is another one. */
    *stream = fchmod(descriptor, 0644) == 0 ? fdopen(descriptor, "wb") : NULL;
    if (*stream == NULL) {
        assay_status status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", name, strerror(errno));
        close(descriptor);
        unlinkat(folder, name, 0);
        return status;
    }
    return ASSAY_OK;
}

assay_status assay_grade_folder_finish(int folder, const char *name, FILE *stream, assay_error *error)
{
    errno = 0;
    bool failed = ferror(stream) != 0;
    failed = fclose(stream) != 0 || failed;
    if (!failed) {
        return ASSAY_OK;
    }
    assay_status status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", name,
                                     strerror(errno != 0 ? errno : EIO));
    unlinkat(folder, name, 0);
    return status;
}

assay_status assay_grade_folder_put(int folder, const char *name, const char *bytes, size_t size, assay_error *error)
{
    char temporary[64];
    struct timespec now;
    FILE *stream;
    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(temporary, sizeof temporary, ".assay-%ld-%ld-%lld.tmp", (long)getpid(), (long)gettid(),
             now.tv_sec * 1000000000LL + now.tv_nsec);
    ASSAY_TRY(assay_grade_folder_create(folder, temporary, &stream, error));
    bool written = fwrite(bytes, 1, size, stream) == size && fflush(stream) == 0 && fsync(fileno(stream)) == 0;
    int reason = errno;
    ASSAY_TRY(assay_grade_folder_finish(folder, temporary, stream, error));
    if (!written || renameat(folder, temporary, folder, name) != 0) {
        reason = written ? errno : reason;
        unlinkat(folder, temporary, 0);
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s; what was there before is unchanged", name,
                          strerror(reason));
    }
    return ASSAY_OK;
}
