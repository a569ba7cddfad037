#include "grade/catalogue.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "base/json.h"

/* golden/mistakes.json, one string a line. */
static const char *const mistake_lines[] = {
#include "mistakes.inc"
};

/* golden/named.json: what tests/test_grade_levels.c and tests/test_grade_components.c measured. */
static const char *const named_lines[] = {
#include "named.inc"
};

struct grade_catalogue {
    json_t *root; /* owns the strings */
    json_t *named;
    size_t count;
    grade_mistake *mistakes;
};

static char *joined_lines(const char *const *lines, size_t count, assay_error *error)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++) {
        size += strlen(lines[i]);
    }
    char *text = assay_calloc(size, 1, error);
    char *end = text;
    for (size_t i = 0; i < count && text != NULL; i++) {
        end = stpcpy(end, lines[i]);
    }
    return text;
}

/* `what` is for the message. */
static assay_status load_lines(const char *what, const char *const *lines, size_t count, json_t **root,
                               assay_error *error)
{
    json_error_t where;
    assay_status status;
    char *text = joined_lines(lines, count, error);
    if (text == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    *root = assay_json_load(text, strlen(text), &where, &status);
    assay_free(text);
    return *root != NULL ? ASSAY_OK : assay_fail(error, status, "%s, line %d: %s", what, where.line, where.text);
}

static void read_entry(const json_t *entry, grade_mistake *mistake)
{
    const struct {
        const char *key;
        const char **value;
    } keys[] = {
        {"id", &mistake->id},     {"component", &mistake->component},     {"name", &mistake->name},
        {"hint", &mistake->hint}, {"explanation", &mistake->explanation}, {"rationale", &mistake->rationale},
    };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        *keys[i].value = json_string_value(json_object_get(entry, keys[i].key));
        assert(*keys[i].value != NULL && **keys[i].value != '\0'); /* LCOV_EXCL_BR_LINE: the catalogue is compiled in */
    }
    const char *kind = json_string_value(json_object_get(entry, "kind"));
    mistake->kind = kind == NULL ? "mistake" : kind;
}

static assay_status read_entries(grade_catalogue *catalogue, assay_error *error)
{
    const json_t *entries = json_object_get(catalogue->root, "mistakes");
    catalogue->count = json_array_size(entries);
    catalogue->mistakes = assay_calloc(catalogue->count, sizeof *catalogue->mistakes, error);
    if (catalogue->mistakes == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < catalogue->count; i++) {
        read_entry(json_array_get(entries, i), &catalogue->mistakes[i]);
    }
    return ASSAY_OK;
}

assay_status assay_grade_catalogue_open(grade_catalogue **catalogue, assay_error *error)
{
    *catalogue = NULL;
    grade_catalogue *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = load_lines("catalogue of mistakes", mistake_lines,
                                     sizeof mistake_lines / sizeof mistake_lines[0], &made->root, error);
    if (status == ASSAY_OK) {
        status = load_lines("shares of named mistakes", named_lines, sizeof named_lines / sizeof named_lines[0],
                            &made->named, error);
    }
    if (status == ASSAY_OK) {
        status = read_entries(made, error);
    }
    if (status != ASSAY_OK) {
        assay_grade_catalogue_close(made);
        return status;
    }
    *catalogue = made;
    return ASSAY_OK;
}

void assay_grade_catalogue_close(grade_catalogue *catalogue)
{
    if (catalogue != NULL) {
        json_decref(catalogue->root);
        json_decref(catalogue->named);
        assay_free(catalogue->mistakes);
        assay_free(catalogue);
    }
}

size_t assay_grade_catalogue_count(const grade_catalogue *catalogue)
{
    return catalogue->count;
}

const grade_mistake *assay_grade_catalogue_at(const grade_catalogue *catalogue, size_t index)
{
    return &catalogue->mistakes[index];
}

const grade_mistake *assay_grade_catalogue_find(const grade_catalogue *catalogue, const char *id)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        if (strcmp(catalogue->mistakes[i].id, id) == 0) {
            return &catalogue->mistakes[i];
        }
    }
    return NULL;
}

const char *assay_grade_catalogue_user(const grade_catalogue *catalogue, const grade_mistake *convention, size_t index)
{
    size_t number = (size_t)(convention - catalogue->mistakes);
    const json_t *entry = json_array_get(json_object_get(catalogue->root, "mistakes"), number);
    return json_string_value(json_array_get(json_object_get(entry, "used_by"), index));
}

bool assay_grade_catalogue_used_by(const grade_catalogue *catalogue, const grade_mistake *convention, const char *name)
{
    const char *user;
    for (size_t i = 0; (user = assay_grade_catalogue_user(catalogue, convention, i)) != NULL; i++) {
        if (strcmp(user, name) == 0) {
            return true;
        }
    }
    return false;
}

bool assay_grade_catalogue_has_convention(const grade_catalogue *catalogue, const char *name)
{
    for (size_t i = 0; i < catalogue->count; i++) {
        const grade_mistake *entry = &catalogue->mistakes[i];
        if (strcmp(entry->kind, "convention") == 0 &&
            (strcmp(entry->id, name) == 0 || assay_grade_catalogue_used_by(catalogue, entry, name))) {
            return true;
        }
    }
    return false;
}

static size_t named_number(const json_t *entry, const char *key)
{
    return (size_t)json_integer_value(json_object_get(entry, key));
}

grade_named assay_grade_catalogue_named(const grade_catalogue *catalogue, const char *component)
{
    const json_t *entry = json_object_get(catalogue->named, component);
    return (grade_named){
        .planted = named_number(entry, "planted"),
        .named = named_number(entry, "named"),
        .alone = named_number(entry, "alone"),
        .pairs = named_number(entry, "pairs"),
        .pairs_named = named_number(entry, "pairs_named"),
    };
}

void assay_grade_named_text(const grade_named *named, char *text, size_t size)
{
    snprintf(text, size, "%zu of %zu planted mistakes are named (%zu by one name only), %zu of %zu pairs", named->named,
             named->planted, named->alone, named->pairs_named, named->pairs);
}
