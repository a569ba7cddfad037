#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

json_t *assay_json_load(const char *text, size_t length, json_error_t *where, assay_status *status)
{
    *where = (json_error_t){0}; /* MemorySanitizer does not see what jansson writes */
    errno = 0;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, where);
    /* malloc sets ENOMEM. Without memory jansson may report a syntax error, or drop a byte of the text and go on. */
    if (errno == ENOMEM) {
        json_decref(value);
        *status = ASSAY_ERROR_MEMORY;
        strcpy(where->text, "out of memory");
        return NULL;
    }
    *status = value != NULL ? ASSAY_OK : ASSAY_ERROR_FORMAT;
    return value;
}

char *assay_json_print(const json_t *value, size_t flags)
{
    errno = 0;
    char *text = json_dumps(value, flags);
    if (errno == ENOMEM) {
        free(text);
        return NULL;
    }
    return text;
}
