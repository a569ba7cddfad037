/*
 * The blank starters, compiled in, and what is made of them. make takes the solutions out of the complete starters
 * (tests/starters) with grade/starters/blank.awk: this program has none.
 *
 * A marker is a line of its own: the language's comment sign and, in brackets,
 *   section          ... end    kept where a component in it is kept
 *   component A B    ... end    kept where one of these components is wanted
 *   solution TEXT    ... end    in a complete starter; blank.awk writes one line, "not implemented: TEXT"
 *   hidden           ... end    in a complete starter: what only the solution needs
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
    const char *name;        /* "python" */
    const char *title;       /* "Python with NumPy" */
    const char *comment;     /* "#" */
    const char *check;       /* the command by which students check themselves; NULL: `assay grade` itself */
    const char *packages;    /* Debian's, that a student needs */
    starter_file submission; /* with markers */
    starter_file companion;  /* what it needs beside it; no name: nothing */
} starter_language;

/* NULL for a name that is none; the names in `starter_language_names`. */
const starter_language *starter_by_name(const char *name);
extern const char starter_language_names[];

/* The blank submission with the wanted components alone (names, NULL-terminated). assay_free frees the text. */
assay_status starter_blank(const starter_language *language, const char *const *wanted, char **text, size_t *size,
                           assay_error *error);

/*
 * The complete submission, without markers, from a copy of the folder tests/starters of assay's source. ASSAY_ERROR_IO
 * where the folder has none of this language. assay_free frees the text.
 */
assay_status starter_complete(const starter_language *language, const char *folder, char **text, size_t *size,
                              assay_error *error);

/* A companion's text; the caller frees it with assay_free. */
assay_status starter_file_text(const starter_file *file, char **text, size_t *size, assay_error *error);

/* assay.py, the student's side for Python. */
extern const starter_file starter_assay_py;

#endif
