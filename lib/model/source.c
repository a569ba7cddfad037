#include "model/source.h"

#include <stdint.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>

assay_status assay_source_read(const assay_source *source, size_t offset, size_t count, void *into, assay_error *error)
{
    if (source->memory == NULL) {
        return assay_file_read_at(source->descriptor, source->name, offset, into, count, error);
    }
    memcpy(into, source->memory + offset, count);
    return ASSAY_OK;
}

assay_status assay_source_take(const assay_source *source, size_t offset, size_t count, unsigned char **taken,
                               assay_error *error)
{
    *taken = assay_calloc(count + 1, 1, error);
    if (*taken == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = assay_source_read(source, offset, count, *taken, error);
    if (status != ASSAY_OK) {
        assay_free(*taken);
        *taken = NULL;
    }
    return status;
}

/* Twice the file, and a little for small ones: with what a pickle may take, 2 x file + 64 MiB. */
size_t assay_source_budget(const assay_source *source)
{
    const size_t spare = (size_t)12 << 20;
    return source->size > (SIZE_MAX - spare) / 2 ? SIZE_MAX : 2 * source->size + spare;
}
