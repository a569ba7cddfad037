#include <assay/base/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>

struct assay_file_writer {
    char *path;      /* as given, for messages */
    char *target;    /* what the rename replaces: the path, or the file that a symbolic link leads to */
    char *temporary; /* NULL for a device, a pipe and standard output, which are written directly */
    FILE *stream;
};

static void writer_free(assay_file_writer *writer)
{
    assay_free(writer->path);
    assay_free(writer->target);
    assay_free(writer->temporary);
    assay_free(writer);
}

/* Part of the temporary name: it differs between the writers of one process. */
static long long monotonic_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void remove_temporary(const assay_file_writer *writer)
{
    if (writer->temporary != NULL) {
        unlink(writer->temporary);
    }
}

static assay_status open_stream(assay_file_writer *writer, assay_error *error)
{
    /* 0666 without the bits of the umask, like other files of the user; mkstemp would give 0600. */
    int descriptor = writer->temporary != NULL ? open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)
                                               : open(writer->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", writer->path, strerror(errno));
    }
    writer->stream = fdopen(descriptor, "wb");
    if (writer->stream == NULL) {
        assay_status status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", writer->path,
                                         strerror(errno));
        close(descriptor);
        remove_temporary(writer);
        return status;
    }
    return ASSAY_OK;
}

/* A rename must not replace a device, a pipe or a symbolic link by a file. */
static assay_status choose_target(assay_file_writer *writer, assay_error *error)
{
    struct stat about;
    char *resolved = realpath(writer->path, NULL);
    writer->target = assay_strdup(resolved != NULL ? resolved : writer->path, error);
    free(resolved);
    if (writer->target == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    /* A pipe behind /dev/stdout has no path: realpath fails, stat works. */
    bool there = stat(writer->path, &about) == 0;
    if (!there && errno != ENOENT) { /* it may be a device: nothing is put in its place */
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", writer->path, strerror(errno));
    }
    if (there && !S_ISREG(about.st_mode)) {
        assay_free(writer->target);
        writer->target = assay_strdup(writer->path, error);
        return S_ISDIR(about.st_mode)
                   ? assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: it is a directory", writer->path)
                   : (writer->target == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK);
    }
    writer->temporary = assay_asprintf(error, "%s.%ld-%lld.tmp", writer->target, (long)getpid(),
                                       monotonic_nanoseconds());
    return writer->temporary == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}

bool assay_file_is_standard_output(const char *path)
{
    return path != NULL && strcmp(path, "-") == 0;
}

static assay_status open_writer(assay_file_writer *writer, const char *path, assay_error *error)
{
    bool standard_output = assay_file_is_standard_output(path);
    writer->path = assay_strdup(standard_output ? "standard output" : path, error);
    if (writer->path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (standard_output) {
        writer->stream = stdout;
        return ASSAY_OK;
    }
    ASSAY_TRY(choose_target(writer, error));
    return open_stream(writer, error);
}

assay_status assay_file_create(const char *path, assay_file_writer **writer, assay_error *error)
{
    *writer = NULL;
    assay_file_writer *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = open_writer(made, path, error);
    if (status != ASSAY_OK) {
        writer_free(made);
        return status;
    }
    *writer = made;
    return ASSAY_OK;
}

FILE *assay_file_stream(assay_file_writer *writer)
{
    return writer->stream;
}

/* Standard output stays open; after a failure that the writer reports, it drops its text and its error. */
static int close_stream(FILE *stream, int failed)
{
    if (stream != stdout) {
        return fclose(stream);
    }
    if (failed) {
        __fpurge(stdout);
        clearerr(stdout);
    }
    return 0;
}

static assay_status commit(assay_file_writer *writer, bool sync, assay_error *error)
{
    errno = 0;
    int failed = ferror(writer->stream) != 0;
    failed = fflush(writer->stream) != 0 || failed;
    /* A pipe has nothing to sync. */
    failed = (sync && writer->temporary != NULL && fsync(fileno(writer->stream)) != 0) || failed;
    int reason = errno;
    failed = close_stream(writer->stream, failed) != 0 || failed;
    if (!failed && writer->temporary != NULL && rename(writer->temporary, writer->target) != 0) {
        failed = 1;
        reason = errno;
    }
    assay_status status = ASSAY_OK;
    if (failed) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: not written: %s%s", writer->path,
                            strerror(reason != 0 ? reason : EIO),
                            writer->temporary != NULL ? "; what was there before is unchanged" : "");
        remove_temporary(writer);
    }
    writer_free(writer);
    return status;
}

assay_status assay_file_commit(assay_file_writer *writer, assay_error *error)
{
    return commit(writer, true, error);
}

assay_status assay_file_commit_unsynced(assay_file_writer *writer, assay_error *error)
{
    return commit(writer, false, error);
}

void assay_file_abort(assay_file_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    close_stream(writer->stream, 0);
    remove_temporary(writer);
    writer_free(writer);
}

/* Seconds after which a temporary file in a folder that several machines share is nobody's: this machine does not see
 * the processes of the others. */
enum { SHARED_AGE = 3600 };

/* Whether `name` is "STEM.PID-TIME.tmp" of a process that has ended; a NULL stem is any. */
static bool is_leftover(const char *name, const char *stem)
{
    long process = 0;
    int end = 0;
    size_t length = strlen(name);
    size_t dot = length > 4 ? length - 4 : 0; /* of ".tmp", then the one before it */
    while (dot > 0 && name[--dot] != '.') {
    }
    if (name[dot] != '.' || (stem != NULL && (strlen(stem) != dot || strncmp(name, stem, dot) != 0)) ||
        sscanf(name + dot + 1, "%ld-%*[0-9].tmp%n", &process, &end) != 1 || end == 0) {
        return false;
    }
    return process > 0 && process != (long)getpid() && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static bool is_old(int folder, const char *name, time_t age)
{
    struct stat about;
    return age == 0 || (fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && time(NULL) - about.st_mtime > age);
}

static void remove_leftovers(const char *folder, const char *stem, time_t age)
{
    DIR *listing = folder == NULL ? NULL : opendir(folder);
    for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        if (is_leftover(entry->d_name, stem) && is_old(dirfd(listing), entry->d_name, age)) {
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
}

void assay_file_remove_leftovers(const char *path)
{
    char *resolved = realpath(path, NULL); /* temporary files are beside the file that a symbolic link leads to */
    const char *target = resolved != NULL ? resolved : path;
    const char *slash = strrchr(target, '/');
    char *folder = slash == NULL ? assay_strdup(".", NULL)
                                 : assay_asprintf(NULL, "%.*s/", (int)(slash - target), target);
    remove_leftovers(folder, slash == NULL ? target : slash + 1, 0);
    assay_free(folder);
    free(resolved);
}

void assay_file_remove_all_leftovers(const char *folder)
{
    remove_leftovers(folder, NULL, SHARED_AGE);
}

/* What is at the path, if it is not a regular file. A socket cannot be opened. */
static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : "a device";
}

assay_status assay_file_open(const char *path, size_t limit, int *descriptor, size_t *size, assay_error *error)
{
    struct stat about;
    assay_status status = ASSAY_OK;
    /* Without O_NONBLOCK, open would wait for a writer of a pipe, which is refused below. */
    *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (*descriptor < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be opened: %s; check its path and its permissions", path,
                          strerror(errno));
    }
    if (fstat(*descriptor, &about) != 0) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be looked at: %s", path, strerror(errno));
    } else if (!S_ISREG(about.st_mode)) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: is not a regular file but %s; save the content in a file", path,
                            kind_of(about.st_mode));
    } else if ((unsigned long long)about.st_size > limit) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT,
                            "%s: %lld bytes are more than the %zu that a file of this kind may have; name another file",
                            path, (long long)about.st_size, limit);
    }
    if (status != ASSAY_OK) {
        close(*descriptor);
        *descriptor = -1;
        return status;
    }
    *size = (size_t)about.st_size;
    return ASSAY_OK;
}

assay_status assay_file_read_at(int descriptor, const char *path, size_t offset, void *bytes, size_t size,
                                assay_error *error)
{
    size_t got = 0;
    while (got < size) {
        ssize_t more = pread(descriptor, (char *)bytes + got, size - got, (off_t)(offset + got));
        if (more < 0 && errno == EINTR) {
            continue;
        }
        if (more <= 0) {
            return assay_fail(error, ASSAY_ERROR_IO, "%s: %zu of %zu bytes could be read%s", path, got, size,
                              more < 0 ? "" : "; the file became shorter while it was read");
        }
        got += (size_t)more;
    }
    return ASSAY_OK;
}

assay_status assay_file_read(const char *path, size_t limit, char **bytes, size_t *size, assay_error *error)
{
    int descriptor = -1;
    size_t length = 0;
    ASSAY_TRY(assay_file_open(path, limit, &descriptor, &length, error));
    char *memory = assay_calloc(length + 1, 1, error);
    assay_status status = memory == NULL ? ASSAY_ERROR_MEMORY
                                         : assay_file_read_at(descriptor, path, 0, memory, length, error);
    close(descriptor);
    if (status != ASSAY_OK) {
        assay_free(memory);
        return status;
    }
    *bytes = memory;
    *size = length;
    return ASSAY_OK;
}

/* --- outputs that are inputs ------------------------------------------------------------------------------------- */

static bool is_same(const struct stat *a, const struct stat *b)
{
    return S_ISREG(a->st_mode) && S_ISREG(b->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_in_folder(const struct stat *file, const char *folder)
{
    bool found = false;
    DIR *listing = opendir(folder);
    for (struct dirent *entry; listing != NULL && !found && (entry = readdir(listing)) != NULL;) {
        struct stat about;
        found = fstatat(dirfd(listing), entry->d_name, &about, 0) == 0 && is_same(file, &about);
    }
    if (listing != NULL) {
        closedir(listing);
    }
    return found;
}

assay_status assay_file_keep(const char *output, const char *input, assay_error *error)
{
    struct stat written;
    struct stat read;
    if (stat(output, &written) != 0 || stat(input, &read) != 0) {
        return ASSAY_OK; /* one that is not there is not the other */
    }
    if (is_same(&written, &read) || (S_ISDIR(read.st_mode) && is_in_folder(&written, input))) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: is read by this command (%s), and would be overwritten; name another file", output,
                          input);
    }
    return ASSAY_OK;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* The folder that a path leads through; false where it is not there, or its name is too long for any. */
static bool look_at_folder(const char *path, struct stat *about)
{
    char folder[PATH_MAX];
    int length = (int)(last_part(path) - path);
    return snprintf(folder, sizeof folder, "%.*s", length == 0 ? 1 : length, length == 0 ? "." : path) < PATH_MAX &&
           stat(folder, about) == 0;
}

/* Of files that are not there yet: one name in one folder. */
static bool is_same_place(const char *a, const char *b)
{
    struct stat about[2];
    return strcmp(last_part(a), last_part(b)) == 0 && look_at_folder(a, &about[0]) && look_at_folder(b, &about[1]) &&
           about[0].st_dev == about[1].st_dev && about[0].st_ino == about[1].st_ino;
}

bool assay_file_is_same(const char *a, const char *b)
{
    struct stat about[2];
    bool there[2] = {stat(a, &about[0]) == 0, stat(b, &about[1]) == 0};
    return strcmp(a, b) == 0 || (there[0] && there[1] && is_same(&about[0], &about[1])) ||
           (!there[0] && !there[1] && is_same_place(a, b));
}

char *assay_file_beside_program(const char *below, assay_error *error)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    own[length < 0 ? 0 : length] = '\0';
    char *slash = strrchr(own, '/');
    return slash == NULL ? NULL : assay_asprintf(error, "%.*s/%s", (int)(slash - own), own, below);
}
