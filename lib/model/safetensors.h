/*
 * The safetensors format (https://huggingface.co/docs/safetensors): a little-endian 64-bit header length, a JSON header
 * that gives each tensor's dtype, shape and offsets, then the tensors' bytes without gaps. Assay's checkpoints.
 */
#ifndef ASSAY_MODEL_SAFETENSORS_H
#define ASSAY_MODEL_SAFETENSORS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/state.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a header that is read: some 20,000 tensors. The format itself allows 100 MB. */
#define ASSAY_SAFETENSORS_HEADER_LIMIT ((size_t)2 << 20)

/* Whether the bytes begin as a safetensors file does: a length below 2^32, then '{'. */
bool assay_safetensors_recognised(const void *bytes, size_t size);

/*
 * Reads a file that is in memory; `name` is what errors call it. The caller ends the state with assay_state_destroy.
 * Tensors come in the order of their data, metadata as text. ASSAY_ERROR_FORMAT, naming the tensor, for anything that
 * the format does not allow: header length past the end, broken or ambiguous JSON, unknown dtype, shape that does not
 * match its offsets, gaps, overlaps, bytes that belong to no tensor. NaN and infinity are not looked for here.
 */
assay_status assay_safetensors_parse(const void *bytes, size_t size, const char *name, assay_state **state,
                                     assay_error *error);

/* The same from a file of at most ASSAY_MODEL_FILE_LIMIT bytes (model/model.h). */
assay_status assay_safetensors_read(const char *path, assay_state **state, assay_error *error);

/*
 * Writes the state, whole or not at all (base/file.h): metadata, then tensors, larger elements first, so that each
 * is aligned to its element, otherwise in the order of the state. The same state gives the same bytes. A tensor named
 * "__metadata__", which the format keeps for itself, and a tensor of C128 are refused with ASSAY_ERROR_FORMAT.
 */
assay_status assay_safetensors_write(const char *path, const assay_state *state, assay_error *error);

ASSAY_END_DECLS
#endif
