/*
 * PyTorch's zip checkpoints (torch.save since 1.6): a zip archive with NAME/data.pkl, the pickle of a state_dict, and
 * NAME/data/KEY, the bytes of each storage.
 */
#ifndef ASSAY_MODEL_TORCH_ZIP_H
#define ASSAY_MODEL_TORCH_ZIP_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/state.h>
#include <assay/model/torch_state.h>

ASSAY_BEGIN_DECLS

/* Whether the bytes begin as a zip archive does. */
bool assay_torch_zip_recognised(const void *bytes, size_t size);

/*
 * Reads a file that is in memory; `name` is what errors call it, `about` may be NULL. The caller frees the state with
 * assay_state_destroy. Tensors and one storage together may be twice as large as the file and 12 MiB (deflated entries,
 * shared storages): no zip bomb. ASSAY_ERROR_FORMAT for a broken archive, entries that are there twice or are
 * encrypted, a wrong checksum, and all that assay_torch_state refuses. NaN and infinity are not looked for here.
 */
assay_status assay_torch_zip_parse(const void *bytes, size_t size, const char *name, assay_state **state,
                                   assay_torch_about *about, assay_error *error);

/*
 * Writes the state as torch.save writes an OrderedDict of tensors, completely or not at all (base/file.h): torch.load
 * reads it, with weights_only=True, too. Metadata is left out. ASSAY_ERROR_FORMAT for a dtype that PyTorch 1.13 does
 * not have, and for a state of 4 GiB or more.
 */
assay_status assay_torch_zip_write(const char *path, const assay_state *state, assay_error *error);

ASSAY_END_DECLS
#endif
