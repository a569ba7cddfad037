#include "study/line.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/json.h"

/* The checksum covers key, settings and results, printed in one way. False: no memory. */
static bool checksum(const json_t *line, json_int_t *crc)
{
    json_t *part = json_pack("{s:O, s:O, s:O}", "key", json_object_get(line, "key"), "settings",
                             json_object_get(line, "settings"), "results", json_object_get(line, "results"));
    char *text = part != NULL ? assay_json_print(part, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(part);
    if (text == NULL) {
        return false;
    }
    *crc = (json_int_t)crc32(0, (const unsigned char *)text, (unsigned)strlen(text));
    free(text);
    return true;
}

char *study_line_print(const char *key, json_t *settings, json_t *results, json_t *made)
{
    json_t *line = json_pack("{s:s, s:O, s:O}", "key", key, "settings", settings, "results", results);
    json_int_t crc;
    char *text = NULL;
    if (line != NULL && made != NULL && checksum(line, &crc) &&
        json_object_set_new(line, "crc32", json_integer(crc)) == 0 && json_object_set(line, "made", made) == 0) {
        text = assay_json_print(line, JSON_COMPACT);
    }
    json_decref(line);
    size_t length = text != NULL ? strlen(text) : 0;
    char *ended = text != NULL ? realloc(text, length + 2) : NULL;
    if (ended == NULL) {
        free(text);
        return NULL;
    }
    memcpy(ended + length, "\n", 2);
    return ended;
}

static assay_status check_line(const json_t *line, const char *key, const json_t *settings, assay_error *error)
{
    json_int_t crc;
    const char *said = json_string_value(json_object_get(line, "key"));
    if (said == NULL || !json_is_object(json_object_get(line, "settings")) ||
        !json_is_object(json_object_get(line, "results"))) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "this result lacks its key, settings or results");
    }
    if (!checksum(line, &crc)) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "cannot allocate a result");
    }
    if (crc != json_integer_value(json_object_get(line, "crc32"))) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "this result is damaged: its checksum is wrong");
    }
    if (strcmp(said, key) != 0) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "this is the result of '%s'", said);
    }
    if (!json_equal(json_object_get(line, "settings"), settings)) {
        return assay_fail(
            error, ASSAY_ERROR_ARGUMENT,
            "other settings than the plan's made this result: give another folder, or give the level that "
            "changed another name");
    }
    return ASSAY_OK;
}

assay_status study_line_read(const char *text, size_t length, const char *key, const json_t *settings, json_t **line,
                             assay_error *error)
{
    *line = NULL;
    if (length == 0 || text[length - 1] != '\n' || memchr(text, '\n', length) != text + length - 1) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "this result is incomplete");
    }
    json_error_t where;
    assay_status status;
    json_t *read = assay_json_load(text, length, &where, &status);
    if (read == NULL) {
        return assay_fail(error, status, "this result is damaged: %s", where.text);
    }
    status = check_line(read, key, settings, error);
    if (status != ASSAY_OK) {
        json_decref(read);
        return status;
    }
    *line = read;
    return ASSAY_OK;
}
