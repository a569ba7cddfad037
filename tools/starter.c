#define _GNU_SOURCE
#include "starter.h"

#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>

/* --- the table ---------------------------------------------------------------------------------------------------- */

static const char *const c_lines[] = {
#include "starter_c.inc"
    NULL,
};
static const char *const c_makefile_lines[] = {
#include "starter_c_makefile.inc"
    NULL,
};
static const char *const javascript_lines[] = {
#include "starter_javascript.inc"
    NULL,
};
static const char *const python_lines[] = {
#include "starter_python.inc"
    NULL,
};
static const char *const pytorch_lines[] = {
#include "starter_pytorch.inc"
    NULL,
};
static const char *const assay_py_lines[] = {
#include "student_assay.inc"
    NULL,
};

const starter_file starter_assay_py = {"assay.py", assay_py_lines};

/* clang-format off */
static const starter_language languages[] = {
    {"c", "C", "//", "make check", "bubblewrap gcc libc6-dev make",
     {"submission.c", c_lines}, {"Makefile", c_makefile_lines}},
    {"javascript", "JavaScript", "//", NULL, "bubblewrap nodejs",
     {"submission.js", javascript_lines}, {NULL, NULL}},
    {"python", "Python with NumPy", "#", "python3 submission.py check", "python3-numpy",
     {"submission.py", python_lines}, {"assay.py", assay_py_lines}},
    {"pytorch", "Python with PyTorch", "#", "python3 submission.py check", "python3-torch",
     {"submission.py", pytorch_lines}, {"assay.py", assay_py_lines}},
};
/* clang-format on */

const char starter_language_names[] = "c, javascript, python, pytorch";

const starter_language *starter_by_name(const char *name)
{
    for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
        if (strcmp(languages[i].name, name) == 0) {
            return &languages[i];
        }
    }
    return NULL;
}

/* --- markers ------------------------------------------------------------------------------------------------------ */

/* REMOVED: blank.awk removes these blocks. */
typedef enum { NO_MARKER, SECTION, COMPONENT, REMOVED, END } marker;

enum { MAX_DEPTH = 8, COMPLETE_LIMIT = 1 << 20 };

typedef struct {
    const starter_language *language;
    const char *const *wanted;
    char *text;
    size_t used;
    struct {
        marker kind;
        size_t begin; /* of the text, where the block began */
        bool dropped; /* the block is left out, or a block around it is */
        bool filled;  /* a section: a component in it is kept */
    } blocks[MAX_DEPTH];
    size_t depth;
} filter;

/* Which marker a line is, and what follows its name within the brackets. */
static marker read_marker(const starter_language *language, const char *line, const char **rest, int *length)
{
    static const struct {
        const char *name;
        marker kind;
    } names[] = {
        {"section", SECTION}, {"component ", COMPONENT}, {"solution ", REMOVED}, {"hidden", REMOVED}, {"end", END}};
    size_t comment = strlen(language->comment);
    line += strspn(line, " ");
    if (strncmp(line, language->comment, comment) != 0 || strncmp(line + comment, " [", 2) != 0) {
        return NO_MARKER;
    }
    line += comment + 2;
    const char *close = strrchr(line, ']');
    for (size_t i = 0; i < sizeof names / sizeof *names && close != NULL && close[1] == '\n'; i++) {
        size_t name = strlen(names[i].name);
        if (strncmp(line, names[i].name, name) == 0) {
            *rest = line + name;
            *length = (int)(close - *rest);
            return *length >= 0 ? names[i].kind : NO_MARKER;
        }
    }
    return NO_MARKER;
}

/* Whether one of the names in a text of `length` is wanted. */
static bool is_wanted(const char *const *wanted, const char *names, int length)
{
    for (const char *name = names, *end = names + length; name < end;) {
        size_t size = strcspn(name, " ]");
        for (const char *const *w = wanted; *w != NULL; w++) {
            if (strlen(*w) == size && strncmp(*w, name, size) == 0) {
                return true;
            }
        }
        name += size + 1;
    }
    return false;
}

static bool is_dropped(const filter *state)
{
    return state->depth > 0 && state->blocks[state->depth - 1].dropped;
}

static void open_block(filter *state, marker kind, const char *rest, int length)
{
    bool around = is_dropped(state);
    bool kept = kind == COMPONENT && !around && is_wanted(state->wanted, rest, length);
    for (size_t i = 0; i < state->depth && kept; i++) {
        state->blocks[i].filled = true;
    }
    state->blocks[state->depth].kind = kind;
    state->blocks[state->depth].begin = state->used;
    state->blocks[state->depth].filled = false;
    state->blocks[state->depth].dropped = around || (kind == COMPONENT && !kept);
    state->depth++;
}

static void close_block(filter *state)
{
    state->depth--;
    if (state->blocks[state->depth].kind == SECTION && !state->blocks[state->depth].filled) {
        state->used = state->blocks[state->depth].begin;
    }
}

/* The starters are ours: a marker without its partner is an error in this program's sources. */
static assay_status filter_line(filter *state, const char *line, assay_error *error)
{
    const char *rest = NULL;
    int length = 0;
    marker kind = read_marker(state->language, line, &rest, &length);
    if (kind == NO_MARKER) {
        if (!is_dropped(state)) {
            size_t size = strlen(line);
            memcpy(state->text + state->used, line, size);
            state->used += size;
        }
    } else if (kind == END && state->depth > 0) {
        close_block(state);
    } else if ((kind == SECTION || kind == COMPONENT) && state->depth < MAX_DEPTH) {
        open_block(state, kind, rest, length);
    } else {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "starter %s: markers do not match at: %.60s",
                          state->language->name, line);
    }
    return ASSAY_OK;
}

assay_status starter_blank(const starter_language *language, const char *const *wanted, char **text, size_t *size,
                           assay_error *error)
{
    filter state = {.language = language, .wanted = wanted};
    size_t room = 1;
    for (const char *const *line = language->submission.lines; *line != NULL; line++) {
        room += strlen(*line);
    }
    state.text = assay_calloc(room, 1, error);
    assay_status status = state.text == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    for (const char *const *line = language->submission.lines; *line != NULL && status == ASSAY_OK; line++) {
        status = filter_line(&state, *line, error);
    }
    if (status == ASSAY_OK && state.depth != 0) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "starter %s: a marker has no end", language->name);
    }
    if (status != ASSAY_OK) {
        assay_free(state.text);
        return status;
    }
    *text = state.text;
    *size = state.used;
    return ASSAY_OK;
}

/* Moves the lines of a text that are no markers to its beginning; returns their length. */
static size_t without_markers(const starter_language *language, char *text)
{
    size_t used = 0;
    for (char *line = text, *next; *line != '\0'; line = next) {
        const char *rest;
        int length;
        next = line + strcspn(line, "\n");
        next += *next == '\n';
        char after = *next;
        *next = '\0';
        bool is_marker = read_marker(language, line, &rest, &length) != NO_MARKER;
        *next = after;
        if (!is_marker) {
            memmove(text + used, line, (size_t)(next - line));
            used += (size_t)(next - line);
        }
    }
    return used;
}

assay_status starter_complete(const starter_language *language, const char *folder, char **text, size_t *size,
                              assay_error *error)
{
    char *path = assay_asprintf(error, "%s/%s/%s", folder, language->name, language->submission.name);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_file_read(path, COMPLETE_LIMIT, text, size, error);
    assay_free(path);
    if (status == ASSAY_OK) {
        *size = without_markers(language, *text);
    }
    return status;
}

assay_status starter_file_text(const starter_file *file, char **text, size_t *size, assay_error *error)
{
    *size = 0;
    for (const char *const *line = file->lines; *line != NULL; line++) {
        *size += strlen(*line);
    }
    *text = assay_calloc(*size + 1, 1, error);
    if (*text == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    char *next = *text;
    for (const char *const *line = file->lines; *line != NULL; line++) {
        next = stpcpy(next, *line);
    }
    return ASSAY_OK;
}
