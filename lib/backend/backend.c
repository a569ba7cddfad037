#include "backend/implementation.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAME_OF(name, function) name,
#define OPENER_OF(name, function) function,

static const char *const backend_names[] = {ASSAY_BACKEND_TABLE(NAME_OF) NULL};
static const assay_backend_open_function backend_openers[] = {ASSAY_BACKEND_TABLE(OPENER_OF) NULL};

enum { MAX_THREADS = 1024 };

const char *const *assay_backend_names(void)
{
    return backend_names;
}

assay_status assay_precision_by_name(const char *name, assay_precision *precision, assay_error *error)
{
    if (strcmp(name, "f32") == 0) {
        *precision = ASSAY_F32;
    } else if (strcmp(name, "f64") == 0) {
        *precision = ASSAY_F64;
    } else {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown precision \"%s\"; known are f32 and f64", name);
    }
    return ASSAY_OK;
}

static assay_status unknown_backend(const char *name, assay_error *error)
{
    if (strcmp(name, "cuda") == 0) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED, "the backend cuda is not in this build: configure found no "
                          "CUDA; see doc/cuda.md, or use --backend openblas");
    }
    char known[128] = "";
    for (size_t i = 0; backend_names[i] != NULL; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", backend_names[i]);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown backend \"%s\"; known are %s", name, known);
}

static int processors(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > MAX_THREADS ? MAX_THREADS : (int)online;
}

assay_status assay_backend_open(const assay_backend_options *options, assay_backend **backend, assay_error *error)
{
    *backend = NULL;
    if (options->threads < 0 || options->threads > MAX_THREADS) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "%d threads are not possible; give 1 to %d, or 0 for all processors", options->threads,
                          MAX_THREADS);
    }
    if (options->precision != ASSAY_F32 && options->precision != ASSAY_F64) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown precision %d", (int)options->precision);
    }
    for (size_t i = 0; backend_names[i] != NULL; i++) {
        if (options->name != NULL && strcmp(options->name, backend_names[i]) == 0) {
            assay_backend_options checked = *options;
            checked.threads = options->threads == 0 ? processors() : options->threads;
            return backend_openers[i](&checked, backend, error);
        }
    }
    return unknown_backend(options->name == NULL ? "" : options->name, error);
}

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
