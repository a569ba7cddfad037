/* What a runner found in a submission and what it did not: texts that came from the sandbox, for the report alone. */
#ifndef ASSAY_GRADE_FINDINGS_H
#define ASSAY_GRADE_FINDINGS_H

#include <jansson.h>
#include <stdio.h>

/*
 * Copies the findings of a reply to hello, cleaned and bounded: "found" (component: {"name", "kind", "where", "text"}),
 * "not_found" (component: {"nearest", "where"}, both null if no name is near) and "notes" (texts). NULL if the reply
 * has none, or without memory.
 */
json_t *assay_grade_findings(const json_t *reply);

/* The text on where a component was found, or NULL. */
const char *assay_grade_findings_text(const json_t *findings, const char *component);

/* The nearest name of a component that was not found, with its place, or NULL. */
const char *assay_grade_findings_nearest(const json_t *findings, const char *component, const char **where);

/* The notes, one a line, after `indent`. */
void assay_grade_findings_notes(const json_t *findings, const char *indent, FILE *stream);

#endif
