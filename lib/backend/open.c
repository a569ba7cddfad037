/* The backends of this build, by name. Only this file refers to all backends, and no backend refers to this file. */
#include <string.h>
#include <unistd.h>

#include <assay/base/names.h>
#include "backend/implementation.h"

typedef struct {
    const char *name;
    assay_backend_open_function open;
} backend_entry;

/* In the order in which users see them. */
static const backend_entry backends[] = {
    {"reference", assay_reference_open},
    {"openblas", assay_openblas_open},
    {"openblas-dense", assay_openblas_dense_open},
#ifdef ASSAY_WITH_CUDA /* where configure found CUDA, and in the tests' own library, which emulates it */
    {"cuda", assay_cuda_open},
#endif
};

static const char *const precisions[] = {[ASSAY_F32] = "f32", [ASSAY_F64] = "f64"};

enum { MAX_THREADS = 1024 };

const char *assay_backend_name_at(size_t index)
{
    return assay_names_at(ASSAY_NAMES_OF(backends, name), index);
}

assay_status assay_precision_by_name(const char *name, assay_precision *precision, assay_error *error)
{
    size_t index;
    ASSAY_TRY(assay_names_lookup(ASSAY_NAMES(precisions), "precision", name, &index, error));
    *precision = (assay_precision)index;
    return ASSAY_OK;
}

static int processors(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > MAX_THREADS ? MAX_THREADS : (int)online;
}

static assay_status find_backend(const char *name, size_t *index, assay_error *error)
{
    assay_status status = assay_names_lookup(ASSAY_NAMES_OF(backends, name), "backend", name, index, error);
    if (status != ASSAY_OK && name != NULL && strcmp(name, "cuda") == 0) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "this build has no backend cuda: configure did not find CUDA; "
                          "see doc/cuda.md, or use --backend openblas");
    }
    return status;
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
    size_t index;
    ASSAY_TRY(find_backend(options->name, &index, error));
    assay_backend_options checked = *options;
    checked.name = backends[index].name;
    checked.threads = options->threads == 0 ? processors() : options->threads;
    return backends[index].open(&checked, backend, error);
}
