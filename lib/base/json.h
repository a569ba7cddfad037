/* Internal: reads and writes JSON with jansson, which does not always report that there was no memory. */
#ifndef ASSAY_BASE_JSON_H
#define ASSAY_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include <assay/base/error.h>

/*
 * Parses a text as json_loadb does; a key may occur only once in an object. The caller releases the value with
 * json_decref. Returns NULL after a failure: either `*status` is ASSAY_ERROR_FORMAT and `where` has the place, or it is
 * ASSAY_ERROR_MEMORY and where's text is "out of memory". (jansson sometimes calls both a syntax error.)
 */
json_t *assay_json_load(const char *text, size_t length, json_error_t *where, assay_status *status);

/*
 * Formats a value as json_dumps does; the caller frees the text with free. Returns NULL for NULL and when there was no
 * memory: jansson alone may then leave out a piece of the text.
 */
char *assay_json_print(const json_t *value, size_t flags);

#endif
