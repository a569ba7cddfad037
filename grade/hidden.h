/*
 * What assay installs is hidden from submissions: the starters are complete solutions, and libassay computes the
 * answers.
 */
#ifndef ASSAY_GRADE_HIDDEN_H
#define ASSAY_GRADE_HIDDEN_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>

typedef struct {
    char **paths; /* without links; each in /usr or in a bound folder */
    bool *is_folder;
    size_t count;
    size_t capacity;
} grade_hidden;

/*
 * Finds what belongs to assay where the sandbox would show it: where this program was built for, where it runs, /usr,
 * /usr/local and its folders, the folders `binds` (NULL-terminated, or NULL) and theirs. Also the folders of sources,
 * /usr/src and /usr/local/src. End it with assay_grade_hidden_clear, on failure too.
 */
assay_status assay_grade_hidden_find(const char *const *binds, grade_hidden *hidden, assay_error *error);
void assay_grade_hidden_clear(grade_hidden *hidden);

#endif
