/* Which sample belongs where: PyTorch's random split, and the order in which its loaders shuffle. */
#ifndef ASSAY_DATA_SPLIT_H
#define ASSAY_DATA_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/random/mt19937.h>

ASSAY_BEGIN_DECLS

/* torch.utils.data.random_split: the first `train_count` of a permutation train, the rest validate. */
typedef struct {
    size_t train_count;
    size_t validation_count;
    uint32_t *train;      /* indices into the data set */
    uint32_t *validation; /* behind `train` in one allocation */
} assay_split;

/* Draws randperm(total) from `generator`. The caller frees the split with assay_split_destroy. */
assay_status assay_split_create(assay_mt19937 *generator, size_t total, size_t train_count, assay_split *split,
                                assay_error *error);
void assay_split_destroy(assay_split *split);

/* An iterator of a DataLoader draws 64-bit numbers before it permutes: one in PyTorch 1.6, two in 1.9. */
typedef enum { ASSAY_LOADER_TORCH_1_6, ASSAY_LOADER_TORCH_1_9 } assay_loader_version;

/*
 * One pass of a shuffled DataLoader over `split->train`: draws as that version does, and writes data set indices to
 * `order[0..train_count)`. `scratch` holds train_count numbers.
 */
void assay_loader_shuffle(assay_mt19937 *generator, assay_loader_version version, const assay_split *split,
                          uint32_t *scratch, uint32_t *order);

ASSAY_END_DECLS
#endif
