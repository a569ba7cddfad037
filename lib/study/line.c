#include "study/line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/json.h"

/* What stands between the result and its checksum; in texts of the JSON its quotation marks would be escaped. */
#define CHECKSUM ",\"crc32\":"

/* Of the bytes up to the checksum, as they are in the file. */
static json_int_t checksum(const char *text, size_t length)
{
    return (json_int_t)crc32(0, (const unsigned char *)text, (unsigned)length);
}

char *study_line_print(const char *key, json_t *settings, json_t *results, json_t *made)
{
    json_t *line = json_pack("{s:s, s:O, s:O}", "key", key, "settings", settings, "results", results);
    char *result = line != NULL ? assay_json_print(line, JSON_COMPACT) : NULL;
    char *origin = made != NULL ? assay_json_print(made, JSON_COMPACT) : NULL;
    json_decref(line);
    char *text = NULL;
    if (result != NULL && origin != NULL) {
        size_t length = strlen(result) - 1; /* without the last brace */
        size_t size = length + strlen(origin) + 64;
        text = malloc(size);
        if (text != NULL) {
            snprintf(text, size, "%.*s" CHECKSUM "%" JSON_INTEGER_FORMAT ",\"made\":%s}\n", (int)length, result,
                     checksum(result, length), origin);
        }
    }
    free(result);
    free(origin);
    return text;
}

static assay_status check_line(const json_t *line, const char *key, const json_t *settings, assay_error *error)
{
    const char *said = json_string_value(json_object_get(line, "key"));
    if (said == NULL || !json_is_object(json_object_get(line, "settings")) ||
        !json_is_object(json_object_get(line, "results"))) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "this result lacks its key, settings or results");
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
    const char *end = strstr(text, CHECKSUM);
    json_t *read = assay_json_load(text, length, &where, &status);
    if (read == NULL) {
        return assay_fail(error, status, "this result is damaged: %s", where.text);
    }
    const json_t *crc = json_object_get(read, "crc32");
    if (end == NULL || !json_is_integer(crc) || json_integer_value(crc) != checksum(text, (size_t)(end - text))) {
        status = assay_fail(error, ASSAY_ERROR_FORMAT, "this result is damaged: its checksum is wrong");
    } else {
        status = check_line(read, key, settings, error);
    }
    if (status != ASSAY_OK) {
        json_decref(read);
        return status;
    }
    *line = read;
    return ASSAY_OK;
}
