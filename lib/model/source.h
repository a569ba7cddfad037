/* Inside the model readers: the bytes of a file, in memory or still on the disk. */
#ifndef ASSAY_MODEL_SOURCE_H
#define ASSAY_MODEL_SOURCE_H

#include <stddef.h>

#include <assay/base/error.h>
#include "base/byte_order.h"
#include <assay/model/model.h>

typedef struct {
    const char *name;            /* what errors call the file */
    const unsigned char *memory; /* all bytes, or NULL: then they are read from the descriptor */
    int descriptor;
    size_t size;
} assay_source;

/* Copies bytes [offset, offset + count), which must be inside the file. */
assay_status assay_source_read(const assay_source *source, size_t offset, size_t count, void *into, assay_error *error);

/* The same into memory of its own, followed by a zero byte; the caller frees it with assay_free. */
assay_status assay_source_take(const assay_source *source, size_t offset, size_t count, unsigned char **taken,
                               assay_error *error);

/*
 * The readers of the formats, over a source; as their public counterparts otherwise. The bytes of the tensors, and what
 * is in memory beside them at one time, are at most assay_source_budget.
 */
assay_status assay_safetensors_load(const assay_source *source, assay_state **state, assay_error *error);
assay_status assay_torch_zip_load(const assay_source *source, assay_state **state, assay_torch_about *about,
                                  assay_error *error);
assay_status assay_torch_legacy_load(const assay_source *source, assay_state **state, assay_torch_about *about,
                                     assay_error *error);
size_t assay_source_budget(const assay_source *source);

/* Bytes of a number of this type: an element has one, or, if it is complex, two. */
size_t assay_dtype_number_size(assay_dtype dtype);

/* Turns all tensors from the order of a file's bytes into the machine's; nothing for NULL. */
void assay_state_reorder(assay_state *state, assay_byte_order order);

/* What a file is if it is not a model file, or NULL: "a web page: ...". `head` are its first bytes. */
const char *assay_model_foreign(const unsigned char *head, size_t size);

#endif
