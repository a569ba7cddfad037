#define _GNU_SOURCE
#include "new_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/folder.h"

enum { MAX_FILES = 16 };

struct new_folder {
    char *path;
    char *temporary;
    int descriptor;
    const char *files[MAX_FILES];
    size_t count;
};

static const char full[] = "it is there and not empty; name a new folder";

/* Refuses early what the rename in _commit would refuse. */
static assay_status check_place(const char *path, assay_error *error)
{
    DIR *there = opendir(path);
    if (there == NULL) {
        return errno == ENOENT ? ASSAY_OK
                               : assay_fail(error, ASSAY_ERROR_IO, "%s: not written: %s", path,
                                            errno == ENOTDIR ? "a file has that name" : strerror(errno));
    }
    size_t entries = 0;
    while (readdir(there) != NULL) {
        entries++;
    }
    closedir(there);
    return entries <= 2 ? ASSAY_OK : assay_fail(error, ASSAY_ERROR_IO, "%s: not written: %s", path, full);
}

assay_status new_folder_begin(const char *path, new_folder **folder, assay_error *error)
{
    *folder = NULL;
    ASSAY_TRY(check_place(path, error));
    new_folder *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->descriptor = -1;
    made->path = assay_strdup(path, error);
    char *temporary = assay_asprintf(error, "%s.XXXXXX", path);
    assay_status status = made->path == NULL || temporary == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK && mkdtemp(temporary) == NULL) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", path, strerror(errno));
    }
    if (status == ASSAY_OK) {
        made->temporary = temporary;
        status = assay_grade_folder_open(temporary, &made->descriptor, error);
    } else {
        assay_free(temporary);
    }
    if (status != ASSAY_OK) {
        new_folder_abort(made);
        return status;
    }
    *folder = made;
    return ASSAY_OK;
}

assay_status new_folder_put(new_folder *folder, const char *name, const char *bytes, size_t size, assay_error *error)
{
    if (folder->count == MAX_FILES) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%s: more than %d files", folder->path, MAX_FILES);
    }
    ASSAY_TRY(assay_grade_folder_put(folder->descriptor, name, bytes, size, error));
    folder->files[folder->count++] = name;
    return ASSAY_OK;
}

assay_status new_folder_commit(new_folder *folder, assay_error *error)
{
    assay_status status = ASSAY_OK;
    if (fchmod(folder->descriptor, 0755) != 0 || rename(folder->temporary, folder->path) != 0) {
        bool appeared = errno == ENOTEMPTY || errno == EEXIST;
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: not written: %s", folder->path,
                            appeared ? full : strerror(errno));
    } else {
        folder->count = 0;
        assay_free(folder->temporary);
        folder->temporary = NULL;
    }
    new_folder_abort(folder);
    return status;
}

void new_folder_abort(new_folder *folder)
{
    if (folder == NULL) {
        return;
    }
    for (size_t i = 0; i < folder->count; i++) {
        unlinkat(folder->descriptor, folder->files[i], 0);
    }
    if (folder->descriptor >= 0) {
        close(folder->descriptor);
    }
    if (folder->temporary != NULL) {
        rmdir(folder->temporary);
    }
    assay_free(folder->temporary);
    assay_free(folder->path);
    assay_free(folder);
}
