/* What all backends have in common: their base, and the first failure. */
#include "backend/implementation.h"

#include <stdarg.h>
#include <stdio.h>

void assay_backend_close(assay_backend *backend)
{
    if (backend != NULL) {
        backend->operations->close(backend);
    }
}

const char *assay_backend_name(const assay_backend *backend)
{
    return backend->name;
}

assay_precision assay_backend_precision(const assay_backend *backend)
{
    return backend->precision;
}

int assay_backend_threads(const assay_backend *backend)
{
    return backend->threads;
}

bool assay_backend_prefers_similar_rows(const assay_backend *backend)
{
    return backend->prefers_similar_rows;
}

void assay_backend_record(assay_backend *backend, assay_status status, const char *format, ...)
{
    if (backend->failure.status != ASSAY_OK) {
        return;
    }
    char message[ASSAY_ERROR_LENGTH];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    assay_fail(&backend->failure, status, "%s", message);
}

assay_status assay_backend_check(assay_backend *backend, assay_error *error)
{
    backend->operations->synchronize(backend);
    assay_status status = backend->failure.status;
    if (status != ASSAY_OK) {
        assay_fail(error, status, "%s", backend->failure.message);
        backend->failure = (assay_error){.status = ASSAY_OK};
    }
    return status;
}
