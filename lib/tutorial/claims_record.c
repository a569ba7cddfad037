/* Records of claims: what was measured, without the verdict, as JSON. */
#include <assay/tutorial/claims.h>

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "base/json.h"
#include "tutorial/claims_impl.h"

enum { RECORD_LIMIT = 4 << 20, DIGITS = 12 };

static char *path_of(unsigned number, const char *folder, assay_error *error)
{
    return assay_asprintf(error, "%s/%02u.json", folder, number);
}

bool claim_file_exists(const char *path)
{
    return path == NULL || access(path, F_OK) == 0 || errno != ENOENT;
}

bool assay_claim_record_exists(unsigned number, const char *folder)
{
    char *path = path_of(number, folder, NULL);
    bool exists = claim_file_exists(path);
    assay_free(path);
    return exists;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

/* JSON has no NaN and no infinity: null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *numbers(size_t count, const double *values)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, real(values[i]));
    }
    return list;
}

static json_t *part_json(const assay_claim_part *part)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "name", part->name, "measure", part->measure, "unit",
                     part->unit, "rule", assay_claim_rule_name(part->rule), "essential", part->essential, "low",
                     real(part->low), "high", real(part->high), "values", numbers(part->count, part->values));
}

static json_t *row_json(const assay_claim_row *row)
{
    return json_pack("{s:s, s:s, s:s}", "label", row->label, "expected", row->expected, "measured", row->measured);
}

/* Constants in files do not depend on an enum's values. */
static const char *const STYLES[] = {
    [ASSAY_LINE_PLAIN] = "plain", [ASSAY_LINE_MARKED] = "marked", [ASSAY_LINE_POINTS] = "points"};

static json_t *panel_json(const assay_claim_panel *panel)
{
    json_t *lines = json_array();
    for (size_t i = 0; i < panel->line_count; i++) {
        const assay_claim_line *line = &panel->lines[i];
        json_array_append_new(lines,
                              json_pack("{s:s, s:s, s:o, s:o}", "label", line->label, "style", STYLES[line->style], "x",
                                        numbers(line->count, line->x), "y", numbers(line->count, line->y)));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o}", "title", panel->title, "x_label", panel->x_label, "y_label",
                     panel->y_label, "x_names", panel->x_names, "x_log", panel->x_log, "y_log", panel->y_log, "lines",
                     lines);
}

static json_t *record_json(const assay_claim_result *result)
{
    json_t *parts = json_array();
    json_t *rows = json_array();
    json_t *panels = json_array();
    for (size_t i = 0; i < result->part_count; i++) {
        json_array_append_new(parts, part_json(&result->parts[i]));
    }
    for (size_t i = 0; i < result->row_count; i++) {
        json_array_append_new(rows, row_json(&result->rows[i]));
    }
    for (size_t i = 0; i < result->panel_count; i++) {
        json_array_append_new(panels, panel_json(&result->panels[i]));
    }
    const assay_claim_origin *origin = &result->origin;
    return json_pack("{s:i, s:{s:s, s:s, s:s, s:s}, s:o, s:o, s:s, s:s, s:s, s:o}", "claim", (int)result->number,
                     "origin", "commit", origin->commit, "backend", origin->backend, "machine", origin->machine,
                     "options", origin->options, "parts", parts, "rows", rows, "note", result->note, "title",
                     result->title, "caption", result->caption, "panels", panels);
}

static assay_status write_text(const char *text, const char *path, assay_error *error)
{
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    fprintf(assay_file_stream(writer), "%s\n", text);
    return assay_file_commit(writer, error);
}

assay_status assay_claim_record_write(const assay_claim_result *result, const char *folder, assay_error *error)
{
    char *path = path_of(result->number, folder, error);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    /* Without memory jansson leaves out what it cannot hold; malloc sets ENOMEM. */
    errno = 0;
    json_t *json = record_json(result);
    char *text = errno == ENOMEM ? NULL : assay_json_print(json, JSON_INDENT(1) | JSON_REAL_PRECISION(DIGITS));
    json_decref(json);
    assay_status status = text == NULL ? assay_fail(error, ASSAY_ERROR_MEMORY, "%s: not written: out of memory", path)
                                       : write_text(text, path, error);
    free(text);
    assay_free(path);
    return status;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Where in the file: "golden/claims/17.json", "part 2". */
typedef struct {
    const char *path;
    assay_error *error;
} reader;

static assay_status bad(const reader *from, const char *key)
{
    return assay_fail(from->error, ASSAY_ERROR_FORMAT,
                      "%s: \"%s\" is missing or has a wrong value; write the record again with assay claims --record",
                      from->path, key);
}

static assay_status read_text(const reader *from, const json_t *json, const char *key, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    if (text == NULL || strlen(text) >= size) {
        return bad(from, key);
    }
    memcpy(to, text, strlen(text) + 1);
    return ASSAY_OK;
}

static assay_status read_flag(const reader *from, const json_t *json, const char *key, bool *to)
{
    const json_t *flag = json_object_get(json, key);
    *to = json_is_true(flag);
    return json_is_boolean(flag) ? ASSAY_OK : bad(from, key);
}

/* A number, or `absent` for null. */
static assay_status read_real(const reader *from, const json_t *value, const char *key, double absent, double *to)
{
    *to = json_is_null(value) ? absent : json_number_value(value);
    return json_is_null(value) || json_is_number(value) ? ASSAY_OK : bad(from, key);
}

/* At least `least` numbers. */
static assay_status read_numbers(const reader *from, const json_t *json, const char *key, size_t least, size_t *count,
                                 double **to)
{
    const json_t *list = json_object_get(json, key);
    *count = json_array_size(list);
    if (!json_is_array(list) || *count < least) {
        return bad(from, key);
    }
    *to = assay_calloc(*count, sizeof **to, from->error);
    if (*to == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    for (size_t i = 0; i < *count; i++) {
        ASSAY_TRY(read_real(from, json_array_get(list, i), key, NAN, &(*to)[i]));
    }
    return ASSAY_OK;
}

static assay_status read_part(const reader *from, const json_t *json, assay_claim_result *result)
{
    /* Counted first, so that assay_claim_result_destroy frees what a failure leaves. */
    assay_claim_part *part = &result->parts[result->part_count++];
    char rule[16];
    ASSAY_TRY(read_text(from, json, "name", part->name, sizeof part->name));
    ASSAY_TRY(read_text(from, json, "measure", part->measure, sizeof part->measure));
    ASSAY_TRY(read_text(from, json, "unit", part->unit, sizeof part->unit));
    ASSAY_TRY(read_text(from, json, "rule", rule, sizeof rule));
    ASSAY_TRY(read_flag(from, json, "essential", &part->essential));
    ASSAY_TRY(read_real(from, json_object_get(json, "low"), "low", -INFINITY, &part->low));
    ASSAY_TRY(read_real(from, json_object_get(json, "high"), "high", INFINITY, &part->high));
    ASSAY_TRY(read_numbers(from, json, "values", 0, &part->count, &part->values));
    bool known = false;
    for (unsigned i = ASSAY_PART_MEAN; i <= ASSAY_PART_GIVEN && !known; i++) {
        part->rule = (assay_claim_rule)i;
        known = strcmp(rule, assay_claim_rule_name(part->rule)) == 0;
    }
    known = known && (part->rule != ASSAY_PART_GIVEN || part->count == 3) &&
            (part->rule != ASSAY_PART_EVERY || part->count > 0);
    for (size_t i = 0; i < part->count; i++) {
        if (!isfinite(part->values[i])) {
            return bad(from, "values");
        }
    }
    claim_count_seeds(result, part);
    return known && part->low <= part->high ? ASSAY_OK : bad(from, "rule");
}

static assay_status read_row(const reader *from, const json_t *json, assay_claim_result *result)
{
    assay_claim_row *row = &result->rows[result->row_count++];
    ASSAY_TRY(read_text(from, json, "label", row->label, sizeof row->label));
    ASSAY_TRY(read_text(from, json, "expected", row->expected, sizeof row->expected));
    return read_text(from, json, "measured", row->measured, sizeof row->measured);
}

static assay_status read_line(const reader *from, const json_t *json, assay_claim_panel *panel)
{
    assay_claim_line *line = &panel->lines[panel->line_count++];
    char style[16];
    size_t count;
    ASSAY_TRY(read_text(from, json, "label", line->label, sizeof line->label));
    ASSAY_TRY(read_text(from, json, "style", style, sizeof style));
    ASSAY_TRY(read_numbers(from, json, "x", 1, &line->count, &line->x));
    ASSAY_TRY(read_numbers(from, json, "y", 1, &count, &line->y));
    for (size_t i = 0; i < sizeof STYLES / sizeof *STYLES; i++) {
        if (strcmp(style, STYLES[i]) == 0) {
            line->style = (assay_line_style)i;
            return count == line->count ? ASSAY_OK : bad(from, "y");
        }
    }
    return bad(from, "style");
}

static assay_status read_panel(const reader *from, const json_t *json, assay_claim_result *result)
{
    assay_claim_panel *panel = &result->panels[result->panel_count++];
    ASSAY_TRY(read_text(from, json, "title", panel->title, sizeof panel->title));
    ASSAY_TRY(read_text(from, json, "x_label", panel->x_label, sizeof panel->x_label));
    ASSAY_TRY(read_text(from, json, "y_label", panel->y_label, sizeof panel->y_label));
    if (json_object_get(json, "x_names") != NULL) { /* older records have only numbers */
        ASSAY_TRY(read_text(from, json, "x_names", panel->x_names, sizeof panel->x_names));
    }
    ASSAY_TRY(read_flag(from, json, "x_log", &panel->x_log));
    ASSAY_TRY(read_flag(from, json, "y_log", &panel->y_log));
    const json_t *lines = json_object_get(json, "lines");
    if (!json_is_array(lines) || json_array_size(lines) > ASSAY_CLAIM_LINES) {
        return bad(from, "lines");
    }
    for (size_t i = 0; i < json_array_size(lines); i++) {
        ASSAY_TRY(read_line(from, json_array_get(lines, i), panel));
    }
    return ASSAY_OK;
}

/* Each entry of the list `key`, of which there are `least` to `most`. */
static assay_status read_list(const reader *from, const json_t *json, const char *key, size_t least, size_t most,
                              assay_status (*read)(const reader *, const json_t *, assay_claim_result *),
                              assay_claim_result *result)
{
    const json_t *list = json_object_get(json, key);
    if (!json_is_array(list) || json_array_size(list) < least || json_array_size(list) > most) {
        return bad(from, key);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        ASSAY_TRY(read(from, json_array_get(list, i), result));
    }
    return ASSAY_OK;
}

static assay_status read_record(const reader *from, const json_t *json, assay_claim_result *result)
{
    const json_t *number = json_object_get(json, "claim");
    if (!json_is_integer(number) || json_integer_value(number) != (json_int_t)result->number) {
        return bad(from, "claim");
    }
    const json_t *about = json_object_get(json, "origin");
    assay_claim_origin *origin = &result->origin;
    ASSAY_TRY(read_text(from, about, "commit", origin->commit, sizeof origin->commit));
    ASSAY_TRY(read_text(from, about, "backend", origin->backend, sizeof origin->backend));
    ASSAY_TRY(read_text(from, about, "machine", origin->machine, sizeof origin->machine));
    ASSAY_TRY(read_text(from, about, "options", origin->options, sizeof origin->options));
    origin->recorded = true;
    ASSAY_TRY(read_list(from, json, "parts", 1, ASSAY_CLAIM_PARTS, read_part, result));
    ASSAY_TRY(read_list(from, json, "rows", 0, ASSAY_CLAIM_ROWS, read_row, result));
    ASSAY_TRY(read_text(from, json, "note", result->note, sizeof result->note));
    ASSAY_TRY(read_text(from, json, "title", result->title, sizeof result->title));
    ASSAY_TRY(read_text(from, json, "caption", result->caption, sizeof result->caption));
    return read_list(from, json, "panels", 0, ASSAY_CLAIM_PANELS, read_panel, result);
}

static assay_status read_path(const char *path, assay_claim_result *result, assay_error *error)
{
    char *text;
    size_t length;
    ASSAY_TRY(assay_file_read(path, RECORD_LIMIT, &text, &length, error));
    json_error_t where;
    assay_status status;
    json_t *json = assay_json_load(text, length, &where, &status);
    assay_free(text);
    if (json == NULL) {
        return assay_fail(error, status, "%s: the record of a claim is not good JSON: %s (line %d)", path, where.text,
                          where.line);
    }
    status = read_record(&(reader){path, error}, json, result);
    json_decref(json);
    return status;
}

assay_status assay_claim_record_read(unsigned number, const char *folder, assay_claim_result *result,
                                     assay_error *error)
{
    *result = (assay_claim_result){.number = number};
    char *path = path_of(number, folder, error);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = read_path(path, result, error);
    assay_free(path);
    return status;
}
