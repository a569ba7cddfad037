#include <assay/base/error.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

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
    for (char *c = error->message; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ' || *c == 127) {
            *c = '?';
        }
    }
    return status;
}

assay_status assay_fail_in(assay_error *error, assay_status status, const char *where)
{
    if (error == NULL || status == ASSAY_OK) {
        return status;
    }
    assay_error inner = *error;
    return assay_fail(error, status, "%s: %s", where, inner.message);
}
