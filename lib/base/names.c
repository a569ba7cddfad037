#include <assay/base/names.h>

#include <string.h>

/* Longest name that a message repeats. */
enum { SHOWN = 64 };

const char *assay_names_at(assay_names names, size_t index)
{
    if (index >= names.count) {
        return NULL;
    }
    const char *place = (const char *)names.first + index * names.stride;
    return *(const char *const *)(const void *)place;
}

/* ASCII alone, whatever the locale: all our names are. */
static char plain(char c)
{
    return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool assay_names_match(const char *text, size_t length, const char *name)
{
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '\0' || plain(text[i]) != plain(name[i])) {
            return false;
        }
    }
    return name[length] == '\0';
}

bool assay_names_find(assay_names names, const char *name, size_t *index)
{
    if (name == NULL) {
        return false;
    }
    size_t length = strlen(name);
    const char *known = assay_names_at(names, 0);
    for (size_t i = 0; known != NULL; known = assay_names_at(names, ++i)) {
        if (assay_names_match(name, length, known)) {
            *index = i;
            return true;
        }
    }
    return false;
}

assay_status assay_names_lookup(assay_names names, const char *what, const char *name, size_t *index,
                                assay_error *error)
{
    if (assay_names_find(names, name, index)) {
        return ASSAY_OK;
    }
    char text[ASSAY_LIST_LENGTH];
    assay_list known = assay_list_begin(text, sizeof text);
    const char *next = assay_names_at(names, 0);
    for (size_t i = 0; next != NULL; next = assay_names_at(names, ++i)) {
        assay_list_add(&known, next);
    }
    return assay_fail_unknown(error, what, name, &known);
}

assay_list assay_list_begin(char *text, size_t size)
{
    text[0] = '\0';
    return (assay_list){.text = text, .size = size};
}

static void append(assay_list *list, const char *text, size_t length)
{
    memcpy(list->text + list->length, text, length);
    list->length += length;
    list->text[list->length] = '\0';
}

void assay_list_add(assay_list *list, const char *text)
{
    const char *separator = list->length == 0 ? "" : ", ";
    size_t length = strlen(text);
    /* Room for ", ..." is kept after every text but a full list's "...", so that the list can be ended at any time. */
    size_t kept = sizeof ", ...";
    size_t free = list->size - list->length;
    if (list->full) {
        return;
    }
    list->full = strlen(separator) + length + kept > free;
    append(list, separator, strlen(separator));
    append(list, list->full ? "..." : text, list->full ? 3 : length);
}

assay_status assay_fail_unknown(assay_error *error, const char *what, const char *name, const assay_list *known)
{
    const char *shown = name == NULL ? "" : name;
    const char *cut = strlen(shown) > SHOWN ? "..." : "";
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown %.*s '%.*s%s'; known: %s", SHOWN, what, SHOWN, shown, cut,
                      known->text);
}
