#include <assay/base/error.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/text.h>

#include "base/marker.h"

#if defined(__GNUC__)
__attribute__((used)) /* not used here, but it must be in the data of every program with this code */
#endif
static const char marker[] = ASSAY_MARKER;

assay_status assay_fail(assay_error *error, assay_status status, const char *format, ...)
{
    if (error == NULL) {
        return status;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length >= (int)sizeof error->message) {
        memcpy(error->message + sizeof error->message - sizeof "...", "...", sizeof "...");
    }
    error->status = status;
    error->detail[0] = '\0';
    assay_text_clean(error->message);
    return status;
}

void assay_fail_detail(assay_error *error, const char *format, ...)
{
    if (error == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->detail, sizeof error->detail, format, arguments);
    va_end(arguments);
    assay_text_clean(error->detail);
}

assay_status assay_fail_in(assay_error *error, assay_status status, const char *where)
{
    if (error == NULL || status == ASSAY_OK) {
        return status;
    }
    assay_error inner = *error;
    assay_fail(error, status, "%s: %s", where, inner.message);
    memcpy(error->detail, inner.detail, sizeof error->detail);
    return status;
}
