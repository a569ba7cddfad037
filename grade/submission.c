#define _GNU_SOURCE
#include "grade/submission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/compile.h"
#include "grade/form.h"
#include "grade/tree.h"

struct grade_submission {
    int source; /* -1: not open */
    bool is_file;
    char object[32];    /* the path by which the grader reads the open file */
    char *whole;        /* without a sandbox: the shared object's absolute path */
    const char *folder; /* without a sandbox */
    /* A language with a runner: */
    const grade_form *form;
    const char *words[8]; /* the command; the first one is NULL for a shared object */
    grade_shown shown[GRADE_MAX_SHOWN];
    size_t shown_count;
    char *owned[2 * GRADE_MAX_SHOWN + 4];
    size_t owned_count;
    grade_verdict verdict;
    char detail[GRADE_TEXT_LENGTH];
};

/* Keeps a text that was made here as long as the submission; NULL: there was no memory for it. */
static const char *own(grade_submission *opened, char *text)
{
    if (text != NULL) {
        opened->owned[opened->owned_count++] = text;
    }
    return text;
}

/* --- the runner of a language ------------------------------------------------------------------------------------- */

static assay_status show(grade_submission *opened, const char *path, const char *inside, assay_error *error)
{
    if (path == NULL || inside == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (opened->shown_count == GRADE_MAX_SHOWN) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "a runner of more than %d files", GRADE_MAX_SHOWN);
    }
    opened->shown[opened->shown_count++] = (grade_shown){path, inside};
    return ASSAY_OK;
}

#define MAP_INSIDE GRADE_RUNNER_INSIDE "/map.json"

/* The files that the sandbox shows to the interpreter, beside the submission. */
static assay_status show_runner(grade_submission *opened, const char *runners, const char *map, assay_error *error)
{
    const grade_language *language = opened->form->language;
    for (const char *const *file = language->files; *file != NULL; file++) {
        const char *path = own(opened, assay_asprintf(error, "%s/%s/%s", runners, language->runner, *file));
        const char *inside = own(opened, assay_asprintf(error, GRADE_RUNNER_INSIDE "/%s/%s", language->runner, *file));
        ASSAY_TRY(show(opened, path, inside, error));
    }
    return map == NULL ? ASSAY_OK : show(opened, map, MAP_INSIDE, error);
}

/* The command: the interpreter, the runner, the submission, and the map. Inside the sandbox, `file` is its path
 * there. */
static assay_status choose_command(const grade_origin *origin, bool sandboxed, const char *file,
                                   grade_submission *opened, assay_error *error)
{
    const grade_language *language = opened->form->language;
    char *runners;
    ASSAY_TRY(assay_grade_interpreter_check(language, sandboxed, error));
    ASSAY_TRY(assay_grade_runners_find(&runners, error));
    own(opened, runners);
    const char *start = own(opened, assay_asprintf(error, "%s/%s%s", sandboxed ? GRADE_RUNNER_INSIDE : runners,
                                                   language->runner, language->start));
    const char *map = origin->map == NULL || !sandboxed ? origin->map : MAP_INSIDE;
    memcpy(opened->words, (const char *const[]){language->interpreter, start, file, map, NULL}, 5 * sizeof file);
    if (start == NULL || file == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    return sandboxed ? show_runner(opened, runners, origin->map, error) : ASSAY_OK;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

static assay_status open_trusted(const grade_origin *origin, grade_submission *opened, assay_error *error)
{
    opened->folder = origin->folder;
    if (origin->file == NULL) {
        return ASSAY_OK;
    }
    if (opened->form != NULL && opened->form->compiled) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%s: a source is compiled in the sandbox; without it, give a .so", origin->file);
    }
    char *whole = realpath(origin->file, NULL);
    if (whole == NULL) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s: not there, or not readable", origin->file);
    }
    opened->whole = assay_strdup(whole, error);
    free(whole);
    if (opened->whole == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    return opened->form == NULL || opened->form->language == NULL
               ? ASSAY_OK
               : choose_command(origin, false, opened->whole, opened, error);
}

/* A file of a language with a runner. In a folder of its own it sees the other files there. */
static assay_status open_script(const grade_origin *origin, grade_submission *opened, assay_error *error)
{
    bool alone = origin->folder == NULL;
    const char *slash = strrchr(origin->file, '/');
    const char *name = alone ? opened->form->inside : slash == NULL ? origin->file : slash + 1;
    opened->is_file = alone;
    ASSAY_TRY(alone ? assay_grade_tree_open_file(NULL, origin->file, &opened->source, opened->detail, error)
                    : assay_grade_tree_open(origin->folder, origin->follow, &opened->source, opened->detail, error));
    if (opened->source < 0) {
        opened->verdict = GRADE_UNUSABLE;
        return ASSAY_OK;
    }
    const char *inside = own(opened, assay_asprintf(error, GRADE_FOLDER_INSIDE "/%s", name));
    return choose_command(origin, true, inside, opened, error);
}

static assay_status open_sandboxed(const grade_origin *origin, const grade_sandbox *sandbox, const grade_limits *limits,
                                   grade_submission *opened, assay_error *error)
{
    int *source = &opened->source;
    if (opened->form != NULL && opened->form->language != NULL) {
        return open_script(origin, opened, error);
    }
    assay_status status = origin->file == NULL
                              ? assay_grade_tree_open(origin->folder, origin->follow, source, opened->detail, error)
                              : assay_grade_tree_open_file(origin->folder, origin->file, source, opened->detail, error);
    ASSAY_TRY(status);
    opened->is_file = origin->file != NULL;
    if (opened->source < 0) {
        opened->verdict = GRADE_UNUSABLE;
    } else if (opened->form != NULL && opened->form->compiled) {
        int object;
        status = assay_grade_compile(sandbox, limits, origin->stop, opened->source, &object, &opened->verdict,
                                     opened->detail, error);
        close(opened->source);
        opened->source = object;
    }
    snprintf(opened->object, sizeof opened->object, "/proc/self/fd/%d", opened->source);
    return status;
}

assay_status assay_grade_submission_open(const grade_origin *origin, const grade_sandbox *sandbox,
                                         const grade_limits *limits, grade_submission **submission, assay_error *error)
{
    *submission = NULL;
    grade_submission *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *made = (grade_submission){
        .source = -1, .verdict = GRADE_PASS, .form = origin->file == NULL ? NULL : assay_grade_form_of(origin->file)};
    assay_status status = sandbox == NULL ? open_trusted(origin, made, error)
                                          : open_sandboxed(origin, sandbox, limits, made, error);
    if (status != ASSAY_OK) {
        assay_grade_submission_close(made);
        return status;
    }
    *submission = made;
    return ASSAY_OK;
}

void assay_grade_submission_close(grade_submission *submission)
{
    if (submission != NULL) {
        if (submission->source >= 0) {
            close(submission->source);
        }
        for (size_t i = 0; i < submission->owned_count; i++) {
            assay_free(submission->owned[i]);
        }
        assay_free(submission->whole);
        assay_free(submission);
    }
}

grade_verdict assay_grade_submission_verdict(const grade_submission *submission, const char **detail)
{
    *detail = submission->detail;
    return submission->verdict;
}

void assay_grade_submission_describe(const grade_submission *submission, grade_program *program)
{
    bool script = submission->words[0] != NULL;
    program->source = submission->source;
    program->source_name = !submission->is_file ? NULL : script ? submission->form->inside : GRADE_OBJECT_NAME;
    program->folder = submission->folder;
    program->shown = submission->shown;
    program->shown_count = submission->shown_count;
    if (script) {
        program->command = submission->words;
    } else {
        program->shared_object = submission->is_file ? submission->object : submission->whole;
    }
}
