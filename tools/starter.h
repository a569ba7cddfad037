/*
 * The starters (grade/starters), compiled in: complete solutions with markers, and what is made of them.
 *
 * A marker is a line of its own: the language's comment sign and, in brackets,
 *   section          ... end    kept where a component in it is kept
 *   component A B    ... end    kept where one of these components is wanted
 *   solution TEXT    ... end    in a blank starter: one line that says "not implemented", with the formula's name
 *   hidden           ... end    what only the solution needs: left out of a blank starter
 */
#ifndef ASSAY_TOOLS_STARTER_H
#define ASSAY_TOOLS_STARTER_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>

/* A file that goes with a starter as it is. */
typedef struct {
    const char *name;
    const char *const *lines; /* NULL-terminated; each ends in a newline */
} starter_file;

typedef struct {
    const char *name;    /* "python" */
    const char *title;   /* "Python with NumPy" */
    const char *comment; /* "#" */
    const char *stub;    /* a blank body: this, ("the formula's name"), and the end of a statement */
    const char *stub_end;
    const char *check;       /* the command by which students check themselves */
    const char *grade;       /* what the teacher types after `assay grade` */
    const char *packages;    /* Debian's, that a student needs */
    starter_file submission; /* with markers */
    starter_file companion;  /* what it needs beside it */
} starter_language;

/* NULL for a name that is none; the names in `starter_language_names`. */
const starter_language *starter_by_name(const char *name);
extern const char starter_language_names[];

/*
 * The submission of a language: without markers, and complete, or `blank` with the wanted components alone (names,
 * NULL-terminated). The caller frees the text with assay_free.
 */
assay_status starter_text(const starter_language *language, const char *const *wanted, bool blank, char **text,
                          size_t *size, assay_error *error);

/* A companion's text; the caller frees it with assay_free. */
assay_status starter_file_text(const starter_file *file, char **text, size_t *size, assay_error *error);

/* assay.py, the student's side for Python. */
extern const starter_file starter_assay_py;

#endif
