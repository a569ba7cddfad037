#define _GNU_SOURCE
#include "grade/hidden.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>

/* Below a prefix: what `make install` and the usual packages of it put there. */
/* clang-format off */
static const char *const names[] = {
    "bin/assay", "lib*/libassay*", "lib*/*/libassay*", "lib*/assay", "lib*/*/assay", "libexec/assay",
    "lib*/pkgconfig/assay.pc", "lib*/*/pkgconfig/assay.pc", "share/pkgconfig/assay.pc", "include/assay",
    "include/*/assay", "share/assay", "share/doc/assay*", "share/doc/libassay*", "share/man/man*/assay*", "src/assay*",
};
/* clang-format on */

/* With the folders that configure was given, which need not lie below the prefix. */
static const char *const installed[] = {ASSAY_INSTALLED_FILES, "/usr/src", "/usr/local/src"};

static bool below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool shown(const char *path, const char *const *binds)
{
    bool found = below(path, "/usr");
    for (; binds != NULL && *binds != NULL && !found; binds++) {
        char *whole = realpath(*binds, NULL);
        found = whole != NULL && below(path, whole);
        free(whole);
    }
    return found;
}

static bool is_hidden(const grade_hidden *hidden, const char *path)
{
    for (size_t i = 0; i < hidden->count; i++) {
        if (below(path, hidden->paths[i])) {
            return true;
        }
    }
    return false;
}

static assay_status append(grade_hidden *hidden, const char *path, bool is_folder, assay_error *error)
{
    if (hidden->count == hidden->capacity) {
        size_t capacity = 2 * hidden->capacity + 16;
        char **paths = realloc(hidden->paths, capacity * sizeof *paths);
        hidden->paths = paths == NULL ? hidden->paths : paths;
        bool *kinds = paths == NULL ? NULL : realloc(hidden->is_folder, capacity * sizeof *kinds);
        hidden->is_folder = kinds == NULL ? hidden->is_folder : kinds;
        if (kinds == NULL) {
            return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the files to hide");
        }
        hidden->capacity = capacity;
    }
    char *kept = assay_strdup(path, error);
    if (kept == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    hidden->paths[hidden->count] = kept;
    hidden->is_folder[hidden->count++] = is_folder;
    return ASSAY_OK;
}

/* A path that leads nowhere needs no hiding. One that we fail to look at might be visible: that is an error. */
static assay_status hide_path(const char *path, const char *const *binds, grade_hidden *hidden, assay_error *error)
{
    struct stat about;
    assay_status status = ASSAY_OK;
    char *whole = realpath(path, NULL);
    bool there = whole != NULL && stat(whole, &about) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR && errno != ELOOP && errno != EACCES) {
        status = assay_fail(error, errno == ENOMEM ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_IO,
                            "%s: cannot be looked at, to hide it: %s", path, strerror(errno));
    } else if (there && shown(whole, binds) && !is_hidden(hidden, whole)) {
        status = append(hidden, whole, S_ISDIR(about.st_mode), error);
    }
    free(whole);
    return status;
}

static assay_status hide_pattern(const char *pattern, const char *const *binds, grade_hidden *hidden,
                                 assay_error *error)
{
    glob_t found = {0};
    int failed = glob(pattern, GLOB_NOSORT, NULL, &found);
    assay_status status = ASSAY_OK;
    if (failed != 0 && failed != GLOB_NOMATCH) {
        status = assay_fail(error, failed == GLOB_NOSPACE ? ASSAY_ERROR_MEMORY : ASSAY_ERROR_IO,
                            "%s: cannot be looked for, to hide it: %s", pattern,
                            failed == GLOB_NOSPACE ? "out of memory" : "a folder cannot be read");
    }
    for (size_t i = 0; failed == 0 && i < found.gl_pathc && status == ASSAY_OK; i++) {
        status = hide_path(found.gl_pathv[i], binds, hidden, error);
    }
    globfree(&found);
    return status;
}

/* `prefix` may be a pattern itself. */
static assay_status hide_prefix(const char *prefix, const char *const *binds, grade_hidden *hidden, assay_error *error)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *pattern = assay_asprintf(error, "%s/%s", prefix, names[i]);
        assay_status status = pattern == NULL ? ASSAY_ERROR_MEMORY : hide_pattern(pattern, binds, hidden, error);
        assay_free(pattern);
        ASSAY_TRY(status);
    }
    return ASSAY_OK;
}

/* The program may have been moved since it was installed. */
static assay_status hide_own_prefix(const char *const *binds, grade_hidden *hidden, assay_error *error)
{
    char own[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length < 0) {
        return assay_fail(error, ASSAY_ERROR_IO, "the program's own path cannot be read: %s", strerror(errno));
    }
    own[length] = '\0';
    ASSAY_TRY(hide_pattern(own, binds, hidden, error));
    char *name = strstr(own, "/bin/assay");
    if (name == NULL) {
        return ASSAY_OK;
    }
    *name = '\0';
    return hide_prefix(own, binds, hidden, error);
}

static assay_status hide_all(const char *const *binds, grade_hidden *hidden, assay_error *error)
{
    static const char *const prefixes[] = {"/usr", "/usr/local", "/usr/local/*", "/usr/local/*/*"};
    for (size_t i = 0; i < sizeof installed / sizeof installed[0]; i++) {
        ASSAY_TRY(hide_pattern(installed[i], binds, hidden, error));
    }
    ASSAY_TRY(hide_own_prefix(binds, hidden, error));
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        ASSAY_TRY(hide_prefix(prefixes[i], binds, hidden, error));
    }
    for (const char *const *bind = binds; bind != NULL && *bind != NULL; bind++) {
        char *inner = assay_asprintf(error, "%s/*", *bind);
        assay_status status = inner == NULL ? ASSAY_ERROR_MEMORY : hide_prefix(*bind, binds, hidden, error);
        if (status == ASSAY_OK) {
            status = hide_prefix(inner, binds, hidden, error);
        }
        assay_free(inner);
        ASSAY_TRY(status);
    }
    return ASSAY_OK;
}

assay_status assay_grade_hidden_find(const char *const *binds, grade_hidden *hidden, assay_error *error)
{
    memset(hidden, 0, sizeof *hidden);
    return hide_all(binds, hidden, error);
}

void assay_grade_hidden_clear(grade_hidden *hidden)
{
    for (size_t i = 0; i < hidden->count; i++) {
        assay_free(hidden->paths[i]);
    }
    free(hidden->paths);
    free(hidden->is_folder);
    memset(hidden, 0, sizeof *hidden);
}
