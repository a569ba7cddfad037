/* What a submission is, by the name of its file. The one place that knows which files are submissions. */
#ifndef ASSAY_GRADE_FORM_H
#define ASSAY_GRADE_FORM_H

#include <assay/base/error.h>
#include "grade/judge.h"

/* A language whose files are run by an interpreter and one of assay's runners (grade/runners). */
typedef struct {
    const char *runner;       /* the folder in grade/runners */
    const char *start;        /* what the interpreter runs: a file of that folder, or "" for the folder itself */
    const char *const *files; /* of that folder, NULL-terminated */
    const char *interpreter;
    const char *package; /* Debian's, that has the interpreter */
} grade_language;

typedef struct {
    const char *ending;             /* of the file's name: ".ipynb" */
    const char *inside;             /* the file's name in the sandbox, when it is alone */
    bool compiled;                  /* a C source: the shared object is made in the sandbox */
    const grade_language *language; /* NULL: a shared object, or a source of one */
} grade_form;

/* The form of a file by its name, in small or capital letters; NULL: it is no submission. */
const grade_form *assay_grade_form_of(const char *path);

/* The endings, for messages. */
#define GRADE_FORM_ENDINGS ".ipynb, .py, .js, .mjs, .c or .so"

/*
 * The file of a folder that is the submission: the one called submission.ENDING, or else the only one that has a form,
 * or else the only notebook among Python files. Hidden files, folders and assay.py are passed over. ASSAY_OK: `*name`
 * is the file's name, and the caller frees it with assay_free; or it is NULL, and `reason` says in one line why there
 * is none (empty: no file has a form). `folder` is open and stays open.
 */
assay_status assay_grade_form_choose(int folder, char **name, char reason[GRADE_TEXT_LENGTH], assay_error *error);

/*
 * Finds the folder of the runners: ASSAY_GRADE_RUNNERS in the environment, beside the assay program (in the build
 * tree), or where they were installed. The caller frees the path with assay_free.
 */
assay_status assay_grade_runners_find(char **path, assay_error *error);

/* ASSAY_ERROR_UNSUPPORTED with the package to install if the interpreter is not where the sandbox shows programs. */
assay_status assay_grade_interpreter_check(const grade_language *language, bool sandboxed, assay_error *error);

#endif
