/* A PyTorch state_dict put together from its pickle and its storages, wherever those are. */
#ifndef ASSAY_MODEL_TORCH_STATE_H
#define ASSAY_MODEL_TORCH_STATE_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/pickle.h>
#include <assay/model/state.h>

ASSAY_BEGIN_DECLS

/*
 * Finds the bytes of a storage by its key. They belong to the finder and must last until its next call; they need no
 * alignment.
 */
typedef assay_status assay_storage_finder(void *context, const char *key, const void **bytes, size_t *size,
                                          assay_error *error);

/* What a file of PyTorch's holds beside tensors. */
typedef struct {
    char root[64];       /* assay_pickle_root, ... */
    char own_class[128]; /* "" for none */
    char others[400];
} assay_torch_about;

/*
 * Reads the pickle and copies each tensor out of its storage, row-major whatever its strides were; each storage is
 * looked for once. `most_bytes` bounds the tensors and one storage together: tensors may share a storage, so a small
 * file can ask for much. `name` is what errors call the file; `about` may be NULL. The caller ends the state with
 * assay_state_destroy. ASSAY_ERROR_FORMAT for what assay_pickle_parse refuses, a storage of another size than promised,
 * a tensor that reaches out of its storage, duplicate names, too many bytes.
 */
assay_status assay_torch_state(const void *pickle, size_t pickle_size, const char *name, assay_storage_finder *find,
                               void *context, size_t most_bytes, assay_state **state, assay_torch_about *about,
                               assay_error *error);

/* The same from a pickle that was read. */
assay_status assay_torch_assemble(const assay_pickle *pickle, const char *name, assay_storage_finder *find,
                                  void *context, size_t most_bytes, assay_state **state, assay_torch_about *about,
                                  assay_error *error);

ASSAY_END_DECLS
#endif
