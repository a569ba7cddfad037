#define _GNU_SOURCE
#include "grade/form.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "grade/child.h"
#include "grade/portable.h"
#include "grade/text.h"

/* clang-format off */
static const char *const python_files[] = {
    "__init__.py", "__main__.py", "arrays.py", "calls.py", "cells.py", "constants.py", "definitions.py", "find.py",
    "initializers.py", "later.py", "layers.py", "names.py", "networks.py", "numpy_networks.py", "optimizers.py",
    "returns.py", "serve.py", NULL,
};
static const char *const javascript_files[] = {"calls.js", "load.js", "names.js", "runner.js", NULL};
static const grade_language python = {"python", "", python_files, "python3", "python3"};
static const grade_language javascript = {"javascript", "/runner.js", javascript_files, "node", "nodejs"};
static const grade_form forms[] = {
    {".ipynb", "submission.ipynb", false, &python},
    {".py", "submission.py", false, &python},
    {".js", "submission.js", false, &javascript},
    {".mjs", "submission.mjs", false, &javascript},
    {".c", "submission.c", true, NULL},
    {".so", GRADE_OBJECT_NAME, false, NULL},
};
/* clang-format on */

const grade_form *assay_grade_form_of(const char *path)
{
    size_t length = strlen(path);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t ending = strlen(forms[i].ending);
        if (length > ending && path[length - ending - 1] != '/' &&
            strcasecmp(path + length - ending, forms[i].ending) == 0) {
            return &forms[i];
        }
    }
    return NULL;
}

/* --- a folder ----------------------------------------------------------------------------------------------------- */

/* assay.py is the student's side of assay, which `assay assign` writes beside a submission. */
static int is_candidate(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR && assay_grade_form_of(entry->d_name) != NULL &&
           strcmp(entry->d_name, "assay.py") != 0;
}

/* The one notebook among Python files, which are its modules; NULL: there is none, or another kind of file. */
static const char *only_notebook(struct dirent *const *entries, int count)
{
    const char *notebook = NULL;
    for (int i = 0; i < count; i++) {
        const grade_form *form = assay_grade_form_of(entries[i]->d_name);
        bool is_notebook = strcmp(form->ending, ".ipynb") == 0;
        if (form->language != &python || (is_notebook && notebook != NULL)) {
            return NULL;
        }
        notebook = is_notebook ? entries[i]->d_name : notebook;
    }
    return notebook;
}

static bool has_documented_name(const char *name)
{
    const grade_form *form = assay_grade_form_of(name);
    return strcasecmp(name, form->inside) == 0;
}

static void describe_choice(struct dirent *const *entries, int count, char reason[GRADE_TEXT_LENGTH])
{
    int used = snprintf(reason, GRADE_TEXT_LENGTH,
                        "%d files could be the submission; call one of them submission%s:", count,
                        assay_grade_form_of(entries[0]->d_name)->ending);
    char shown[64];
    /* A name is at most as long as `shown`, its end included; with a space and a comma. */
    for (int i = 0; i < count && used + (int)sizeof shown + 2 <= GRADE_TEXT_LENGTH; i++) {
        assay_grade_text_clean(entries[i]->d_name, strlen(entries[i]->d_name), shown, sizeof shown);
        used += snprintf(reason + used, (size_t)(GRADE_TEXT_LENGTH - used), " %s%s", shown, i + 1 < count ? "," : "");
    }
}

assay_status assay_grade_form_choose(int folder, char **name, char reason[GRADE_TEXT_LENGTH], assay_error *error)
{
    struct dirent **entries;
    *name = NULL;
    reason[0] = '\0';
    int count = portable_scan(folder, is_candidate, &entries);
    if (count < 0) {
        snprintf(reason, GRADE_TEXT_LENGTH, "its folder cannot be read: %s", strerror(errno));
        return ASSAY_OK;
    }
    const char *chosen = count == 1 ? entries[0]->d_name : only_notebook(entries, count);
    int documented = 0;
    for (int i = 0; i < count; i++) {
        if (has_documented_name(entries[i]->d_name)) {
            documented++;
            chosen = documented == 1 ? entries[i]->d_name : NULL;
        }
    }
    if (chosen == NULL && count > 0) {
        describe_choice(entries, count, reason);
    }
    *name = chosen == NULL ? NULL : assay_strdup(chosen, error);
    assay_status status = chosen != NULL && *name == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    for (int i = 0; i < count; i++) {
        free(entries[i]);
    }
    free(entries);
    return status;
}

/* --- what must be there ------------------------------------------------------------------------------------------- */

static bool has_runners(const char *path)
{
    char file[PATH_MAX];
    int length = snprintf(file, sizeof file, "%s/%s/%s", path, python.runner, python_files[0]);
    return length < (int)sizeof file && access(file, R_OK) == 0;
}

assay_status assay_grade_runners_find(char **path, assay_error *error)
{
    const char *given = getenv("ASSAY_GRADE_RUNNERS");
    assay_error memory = {.status = ASSAY_OK};
    char *candidates[] = {
        given == NULL ? NULL : assay_strdup(given, &memory),
        given != NULL ? NULL : assay_file_beside_program("runners", &memory),
        given != NULL ? NULL : assay_file_beside_program("../runners", &memory), /* libtool's .libs/ */
        given != NULL ? NULL : assay_file_beside_program("../share/assay/runners", &memory),
        given != NULL ? NULL : assay_strdup(ASSAY_PKGDATADIR "/runners", &memory),
    };
    *path = NULL;
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        if (*path == NULL && candidates[i] != NULL && has_runners(candidates[i])) {
            *path = candidates[i];
        } else {
            assay_free(candidates[i]);
        }
    }
    if (*path == NULL && memory.status != ASSAY_OK) {
        return assay_fail(error, memory.status, "%s", memory.message);
    }
    return *path != NULL ? ASSAY_OK
                         : assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                                      "%s: the runners for notebooks, Python and JavaScript are not there; run `make "
                                      "install`, or name their folder in ASSAY_GRADE_RUNNERS",
                                      given == NULL ? ASSAY_PKGDATADIR "/runners" : given);
}

assay_status assay_grade_interpreter_check(const grade_language *language, bool sandboxed, assay_error *error)
{
    static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin"};
    for (size_t i = 0; sandboxed && i < sizeof folders / sizeof folders[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folders[i], language->interpreter);
        if (access(path, X_OK) == 0) {
            return ASSAY_OK;
        }
    }
    return sandboxed ? assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                                  "no %s is in the sandbox to run the submission; on Debian: apt-get install %s",
                                  language->interpreter, language->package)
                     : ASSAY_OK;
}
