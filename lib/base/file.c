#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

struct assay_file_writer {
    char *path;
    char *temporary;
    FILE *stream;
};

static void writer_free(assay_file_writer *writer)
{
    assay_free(writer->path);
    assay_free(writer->temporary);
    assay_free(writer);
}

/* Makes the temporary name unique among the writers of one process. */
static long long monotonic_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static assay_status open_temporary(assay_file_writer *writer, assay_error *error)
{
    /* 0666 less the user's umask, as for any file of his; mkstemp would give 0600. */
    int descriptor = open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", writer->path, strerror(errno));
    }
    writer->stream = fdopen(descriptor, "wb");
    if (writer->stream == NULL) {
        assay_status status =
            assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be written: %s", writer->path, strerror(errno));
        close(descriptor);
        unlink(writer->temporary);
        return status;
    }
    return ASSAY_OK;
}

assay_status assay_file_create(const char *path, assay_file_writer **writer, assay_error *error)
{
    *writer = NULL;
    assay_file_writer *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->path = assay_strdup(path, error);
    made->temporary = assay_asprintf(error, "%s.%ld-%lld.tmp", path, (long)getpid(), monotonic_nanoseconds());
    assay_status status =
        made->path == NULL || made->temporary == NULL ? ASSAY_ERROR_MEMORY : open_temporary(made, error);
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

assay_status assay_file_commit(assay_file_writer *writer, assay_error *error)
{
    errno = 0;
    int failed = ferror(writer->stream) != 0;
    failed = fflush(writer->stream) != 0 || failed;
    failed = fsync(fileno(writer->stream)) != 0 || failed;
    int reason = errno;
    failed = fclose(writer->stream) != 0 || failed;
    if (!failed && rename(writer->temporary, writer->path) != 0) {
        failed = 1;
        reason = errno;
    }
    assay_status status = ASSAY_OK;
    if (failed) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: not written: %s; what was there before is unchanged",
                            writer->path, strerror(reason != 0 ? reason : EIO));
        unlink(writer->temporary);
    }
    writer_free(writer);
    return status;
}

void assay_file_abort(assay_file_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    fclose(writer->stream);
    unlink(writer->temporary);
    writer_free(writer);
}

static assay_status read_stream(FILE *stream, const char *path, size_t length, char **bytes, assay_error *error)
{
    char *memory = assay_calloc(length + 1, 1, error);
    if (memory == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    size_t got = fread(memory, 1, length, stream);
    if (got != length) {
        int failed = ferror(stream);
        assay_free(memory);
        return assay_fail(error, ASSAY_ERROR_IO, "%s: %zu of %zu bytes could be read%s", path, got, length,
                          failed ? "" : "; the file became shorter while it was read");
    }
    *bytes = memory;
    return ASSAY_OK;
}

assay_status assay_file_read(const char *path, size_t limit, char **bytes, size_t *size, assay_error *error)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be opened: %s", path, strerror(errno));
    }
    struct stat about;
    assay_status status;
    if (fstat(fileno(stream), &about) != 0 || !S_ISREG(about.st_mode)) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: is not a regular file", path);
    } else if ((unsigned long long)about.st_size > limit) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "%s: %lld bytes are more than the %zu a file of this kind may have",
                            path, (long long)about.st_size, limit);
    } else {
        *size = (size_t)about.st_size;
        status = read_stream(stream, path, *size, bytes, error);
    }
    fclose(stream);
    return status;
}
