/* Internal: a result as one line of JSON, with a checksum of the bytes that belong to the result. */
#ifndef ASSAY_STUDY_LINE_H
#define ASSAY_STUDY_LINE_H

#include <jansson.h>

#include <assay/base/error.h>

/* {"key": ..., "settings": ..., "results": ..., "crc32": ..., "made": ...} and a newline; free it with free. NULL:
 * memory. */
char *study_line_print(const char *key, json_t *settings, json_t *results, json_t *made);

/*
 * Reads a line, which ends with a zero byte after `length` bytes, of the run `key` with these settings.
 * ASSAY_ERROR_FORMAT with the reason: incomplete, damaged, or of another run; ASSAY_ERROR_ARGUMENT: made with other
 * settings. The caller releases `*line` with json_decref.
 */
assay_status study_line_read(const char *text, size_t length, const char *key, const json_t *settings, json_t **line,
                             assay_error *error);

#endif
