/*
 * Reads a pickle as torch.save writes it, in any protocol from 0 to 5: all tensors in it, by the names under which they
 * are kept. A tensor is a view of a storage that is elsewhere in the file. Nothing is executed, nothing is imported:
 * objects of unknown classes stay opaque, and a pickle that could run code in Python is refused.
 */
#ifndef ASSAY_MODEL_PICKLE_H
#define ASSAY_MODEL_PICKLE_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/model/state.h>

ASSAY_BEGIN_DECLS

/* Most bytes of a pickle that is read, and of the memory that reading it takes beside them. */
#define ASSAY_PICKLE_LIMIT ((size_t)16 << 20)
#define ASSAY_PICKLE_MEMORY ((size_t)28 << 20)

/* How the reader judges a pickle. */
typedef enum {
    PICKLE_GOOD,
    PICKLE_BROKEN,   /* no pickle, or one that ends too early, or makes no sense */
    PICKLE_RUNS_CODE /* loading it in Python could run any program */
} pickle_verdict;

/* All numbers are as the file claims them, in elements; nothing is checked against a storage. */
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
 * `name` is the file's name in errors. `*used` is how many of the bytes the pickle has, `*verdict` what it is also
 * after a failure; either may be NULL. The caller frees the pickle with assay_pickle_destroy (NULL is allowed there).
 * ASSAY_ERROR_FORMAT for what is no pickle, for one that could run code, and for one that needs more memory than
 * ASSAY_PICKLE_MEMORY.
 *
 * A tensor's name is its path: the keys of the dictionaries around it, joined by dots; an item of a list has its number
 * as key, a pair (text, tensor) the text. A dictionary that is there twice is read once, under its first name.
 */
assay_status assay_pickle_parse(const void *bytes, size_t size, const char *name, assay_pickle **pickle, size_t *used,
                                pickle_verdict *verdict, assay_error *error);
void assay_pickle_destroy(assay_pickle *pickle);

size_t assay_pickle_count(const assay_pickle *pickle);
const assay_pickled_tensor *assay_pickle_at(const assay_pickle *pickle, size_t index);

/* What the whole pickle is: "a dictionary", "a tensor", "a NumPy array", ... */
const char *assay_pickle_root(const assay_pickle *pickle);
/* The class of the pickled object that holds the tensors, "models.Net"; NULL where no object does. */
const char *assay_pickle_own_class(const assay_pickle *pickle);
/* What is in the dictionary and holds no tensors, as a text like "'epoch' (a number), 'loss' (a list)"; or "". */
const char *assay_pickle_others(const assay_pickle *pickle);

/*
 * The texts of a pickle that is a list of texts, as the format before PyTorch 1.6 has its storages' keys.
 * Calls `each`, where it is not NULL, with every one; ASSAY_ERROR_FORMAT where the pickle is something else.
 */
assay_status assay_pickle_texts(const void *bytes, size_t size, const char *name,
                                assay_status (*each)(void *context, const char *text), void *context, size_t *used,
                                assay_error *error);

ASSAY_END_DECLS
#endif
