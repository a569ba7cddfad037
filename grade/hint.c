#define _GNU_SOURCE
#include "grade/hint.h"

#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DEPTH = 5, MAX_ENTRIES = 5000 };

static bool below(const char *path, const char *folder)
{
    size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/';
}

static bool is_shown(const char *path, const char *const *binds)
{
    static const char *const system[] = {"/usr", "/bin", "/lib", "/lib64", "/etc/alternatives"};
    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++) {
        if (below(path, system[i])) {
            return true;
        }
    }
    for (; binds != NULL && *binds != NULL; binds++) {
        char *whole = realpath(*binds, NULL);
        bool found = whole != NULL && below(path, whole);
        free(whole);
        if (found) {
            return true;
        }
    }
    return false;
}

/* As the sandbox finds it, but with all links followed; the caller frees it with free. */
static char *resolve(const char *program)
{
    static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    char path[PATH_MAX];
    if (strchr(program, '/') != NULL) {
        return program[0] == '/' ? realpath(program, NULL) : NULL; /* one of the submission's own */
    }
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folders[i], program);
        if (access(path, X_OK) == 0) {
            return realpath(path, NULL);
        }
    }
    return NULL;
}

/* The folder directly below /etc or /opt that a file is in. */
static bool take_folder(const char *file, const char *const *binds, char folder[GRADE_HINT_LENGTH])
{
    if (is_shown(file, binds) || (!below(file, "/etc") && !below(file, "/opt"))) {
        return false;
    }
    size_t length = 5 + strcspn(file + 5, "/");
    return file[length] == '/' && snprintf(folder, GRADE_HINT_LENGTH, "%.*s", (int)length, file) < GRADE_HINT_LENGTH;
}

static bool search_links(char *installation, const char *const *binds, char folder[GRADE_HINT_LENGTH])
{
    char *const roots[] = {installation, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
    bool found = false;
    int left = MAX_ENTRIES;
    for (FTSENT *entry; tree != NULL && !found && left > 0 && (entry = fts_read(tree)) != NULL; left--) {
        if (entry->fts_level > MAX_DEPTH) {
            fts_set(tree, entry, FTS_SKIP);
        }
        char *target = entry->fts_info == FTS_D ? NULL : realpath(entry->fts_path, NULL);
        found = target != NULL && take_folder(target, binds, folder);
        free(target);
    }
    if (tree != NULL) {
        fts_close(tree);
    }
    return found;
}

bool assay_grade_bind_hint(const char *program, const char *const *binds, char folder[GRADE_HINT_LENGTH])
{
    char *whole = resolve(program);
    char *end = whole == NULL ? NULL : strrchr(whole, '/');
    bool found = false;
    if (end != NULL && !is_shown(whole, binds)) {
        found = take_folder(whole, binds, folder);
    } else if (end != NULL) {
        *end = '\0';
        end = strrchr(whole, '/');
        *(end == NULL ? whole : end) = '\0';
        /* An installation of its own, such as /usr/lib/jvm/java-17-openjdk-amd64; /usr itself is none. */
        found = below(whole, "/usr/lib") && search_links(whole, binds, folder);
    }
    free(whole);
    return found;
}
