#include "grade/findings.h"

#include <string.h>

#include "grade/components.h"
#include "grade/text.h"

enum { NOTES = 24, TEXT = 240 };

/* A text of the submission's as the report may print it: printable, and not long. */
static json_t *cleaned(const json_t *value)
{
    char text[TEXT];
    const char *given = json_string_value(value);
    if (given == NULL) {
        return json_null();
    }
    assay_grade_text_clean(given, strlen(given), text, sizeof text);
    return json_string(text);
}

/* For each component that assay knows, the texts of these names. */
static json_t *components_of(const json_t *given, const char *const *names)
{
    json_t *made = json_object();
    size_t count;
    const grade_component *const *all = assay_grade_components(&count);
    for (size_t i = 0; i < count; i++) {
        const json_t *entry = json_object_get(given, all[i]->name);
        json_t *copy = json_is_object(entry) ? json_object() : NULL;
        for (const char *const *name = names; copy != NULL && *name != NULL; name++) {
            json_object_set_new(copy, *name, cleaned(json_object_get(entry, *name)));
        }
        if (copy != NULL) {
            json_object_set_new(made, all[i]->name, copy);
        }
    }
    return made;
}

json_t *assay_grade_findings(const json_t *reply)
{
    static const char *const of_found[] = {"name", "kind", "where", "text", NULL};
    static const char *const of_others[] = {"nearest", "where", NULL};
    const json_t *given = json_object_get(reply, "notes");
    if (!json_is_object(json_object_get(reply, "found"))) {
        return NULL;
    }
    json_t *notes = json_array();
    for (size_t i = 0; i < json_array_size(given) && i < NOTES; i++) {
        json_array_append_new(notes, cleaned(json_array_get(given, i)));
    }
    return json_pack("{s:o, s:o, s:o}", "found", components_of(json_object_get(reply, "found"), of_found), "not_found",
                     components_of(json_object_get(reply, "not_found"), of_others), "notes", notes);
}

static const char *text_of(const json_t *findings, const char *part, const char *component, const char *name)
{
    return json_string_value(json_object_get(json_object_get(json_object_get(findings, part), component), name));
}

const char *assay_grade_findings_text(const json_t *findings, const char *component)
{
    return text_of(findings, "found", component, "text");
}

const char *assay_grade_findings_nearest(const json_t *findings, const char *component, const char **where)
{
    *where = text_of(findings, "not_found", component, "where");
    return text_of(findings, "not_found", component, "nearest");
}

void assay_grade_findings_notes(const json_t *findings, const char *indent, FILE *stream)
{
    const json_t *notes = json_object_get(findings, "notes");
    for (size_t i = 0; i < json_array_size(notes); i++) {
        const char *note = json_string_value(json_array_get(notes, i));
        fprintf(stream, "%s%s\n", indent, note == NULL ? "" : note);
    }
}
