/* Inside the library: JSON texts read and written by jansson, which does not always tell that memory was out. */
#ifndef ASSAY_BASE_JSON_H
#define ASSAY_BASE_JSON_H

#include <jansson.h>
#include <stddef.h>

#include <assay/base/error.h>

/*
 * json_loadb, where a key may not stand twice. NULL after a failure, with `*status` ASSAY_ERROR_FORMAT and the place in
 * `where`, or ASSAY_ERROR_MEMORY with "out of memory" as where's text: jansson calls both a syntax error at times. The
 * caller ends the value with json_decref.
 */
json_t *assay_json_load(const char *text, size_t length, json_error_t *where, assay_status *status);

/*
 * json_dumps; NULL when memory was out, even where jansson would leave out a piece of the text, and for NULL. The caller
 * frees the text with free.
 */
char *assay_json_print(const json_t *value, size_t flags);

#endif
