/*
 * Reads the pickle of a PyTorch state_dict: a dictionary of text -> tensor, where a tensor is a view of a storage that
 * stands elsewhere. Nothing is executed. Only what torch.save writes for such a dictionary is known (protocol 2; the
 * globals collections.OrderedDict, torch._utils._rebuild_tensor_v2 and torch.*Storage); every other opcode, global or
 * construction is an error that names it with its offset.
 */
#ifndef ASSAY_MODEL_PICKLE_H
#define ASSAY_MODEL_PICKLE_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/state.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a pickle that is read: some 15,000 tensors. */
#define ASSAY_PICKLE_LIMIT ((size_t)2 << 20)

/* One entry of the dictionary. All numbers are as the file claims them, in elements; nothing is checked against a storage. */
typedef struct {
    const char *name;
    const char *storage; /* the storage's key: the name of a zip entry */
    assay_dtype dtype;
    size_t storage_count;
    size_t offset;
    size_t rank;
    size_t shape[ASSAY_TENSOR_MAX_RANK];
    size_t stride[ASSAY_TENSOR_MAX_RANK];
} assay_pickled_tensor;

typedef struct assay_pickle assay_pickle;

/*
 * `name` is what errors call the pickle. The caller ends it with assay_pickle_destroy (NULL is allowed there). Memory is
 * at most a fixed multiple of `size`. ASSAY_ERROR_FORMAT for anything that is not such a dictionary.
 */
assay_status assay_pickle_parse(const void *bytes, size_t size, const char *name, assay_pickle **pickle,
                                assay_error *error);
void assay_pickle_destroy(assay_pickle *pickle);

size_t assay_pickle_count(const assay_pickle *pickle);
const assay_pickled_tensor *assay_pickle_at(const assay_pickle *pickle, size_t index);

ASSAY_END_DECLS
#endif
