/*
 * Names in tables: look one up, and list the known ones in a message. Every table of names in the library and the program
 * is searched here, so all follow one rule: case does not matter, and '_' is the same as '-' ("leaky_relu" finds
 * "leaky-relu", "ReLU" finds "relu").
 */
#ifndef ASSAY_BASE_NAMES_H
#define ASSAY_BASE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/* Names at equal distances in memory: an array of strings, or one member of an array of structs. */
typedef struct {
    const void *first; /* where the pointer to the first name is */
    size_t count;      /* the names end here, or at the first NULL before */
    size_t stride;     /* bytes from one pointer to the next */
} assay_names;

/* The names in `table`, an array of strings. */
#define ASSAY_NAMES(table) ((assay_names){(table), sizeof(table) / sizeof *(table), sizeof *(table)})
/* The names in `table`, an array of structs whose member `member` is a string. */
#define ASSAY_NAMES_OF(table, member) ((assay_names){&(table)[0].member, sizeof(table) / sizeof *(table), sizeof *(table)})
/* The strings from `first` on, with NULL at the end. */
#define ASSAY_NAMES_UNTIL_NULL(first) ((assay_names){(first), SIZE_MAX, sizeof *(first)})

/* The name at `index`; NULL at and after the end of a table. Do not skip the end: names after a NULL are not checked. */
const char *assay_names_at(assay_names names, size_t index);

/* Whether the first `length` characters of `text` are `name`, by the rule above. */
bool assay_names_match(const char *text, size_t length, const char *name);

/* Finds `name` (NULL is never found). Returns false, with `index` unchanged, when it is not in the table. */
bool assay_names_find(assay_names names, const char *name, size_t *index);

/* The same with a message: ASSAY_ERROR_ARGUMENT and "unknown WHAT 'NAME'; known: first, second, third". */
assay_status assay_names_lookup(assay_names names, const char *what, const char *name, size_t *index,
                                assay_error *error);

/*
 * A list of texts with ", " between them, in an array of the caller: for tables that assay_names cannot describe. A list
 * that is longer than the array ends after a whole text, with ", ..." (with "..." if not even the first one fits), and
 * takes no more.
 */
typedef struct {
    char *text;    /* always ends with '\0' */
    size_t size;   /* of the array; at least 8 */
    size_t length; /* of the text */
    bool full;     /* the text ends with "..." */
} assay_list;

/* Room for a list in an error message: the rest of the message always fits beside it. */
enum { ASSAY_LIST_LENGTH = 352 };

assay_list assay_list_begin(char *text, size_t size);
void assay_list_add(assay_list *list, const char *text);

/* Reports "unknown WHAT 'NAME'; known: LIST" and returns ASSAY_ERROR_ARGUMENT. NAME is cut after 64 characters. */
assay_status assay_fail_unknown(assay_error *error, const char *what, const char *name, const assay_list *known);

ASSAY_END_DECLS
#endif
