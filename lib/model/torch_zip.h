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

ASSAY_BEGIN_DECLS

/* Whether the bytes begin as a zip archive does. */
bool assay_torch_zip_recognised(const void *bytes, size_t size);

/*
 * Reads a file that is in memory; `name` is what errors call it. The caller ends the state with assay_state_destroy.
 * Storages together, and tensors together, may be 16 times as large as the file (deflated entries, shared storages):
 * no zip bomb. ASSAY_ERROR_FORMAT for a broken archive, entries that stand twice or are encrypted, a wrong checksum, and
 * all that assay_torch_state refuses. NaN and infinity are not looked for here.
 */
assay_status assay_torch_zip_parse(const void *bytes, size_t size, const char *name, assay_state **state,
                                   assay_error *error);

ASSAY_END_DECLS
#endif
