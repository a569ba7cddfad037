#include <assay/data/split.h>

#include <assay/base/alloc.h>

assay_status assay_split_create(assay_mt19937 *generator, size_t total, size_t train_count, assay_split *split,
                                assay_error *error)
{
    *split = (assay_split){0};
    if (total > UINT32_MAX) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "split: %zu samples are more than a 32-bit index can name",
                          total);
    }
    if (train_count > total) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "split: %zu training samples asked for, the data set has %zu",
                          train_count, total);
    }
    uint32_t *permutation = assay_calloc(total, sizeof *permutation, error);
    if (permutation == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_mt19937_randperm(generator, total, permutation);
    split->train_count = train_count;
    split->validation_count = total - train_count;
    split->train = permutation;
    split->validation = permutation + train_count;
    return ASSAY_OK;
}

void assay_split_destroy(assay_split *split)
{
    assay_free(split->train);
    *split = (assay_split){0};
}

void assay_loader_shuffle(assay_mt19937 *generator, assay_loader_version version, const assay_split *split,
                          uint32_t *scratch, uint32_t *order)
{
    /* The base seed of the worker processes and, since 1.9, the seed of the sampler: drawn, but not used here. */
    (void)assay_mt19937_random64(generator);
    if (version == ASSAY_LOADER_TORCH_1_9) {
        (void)assay_mt19937_random64(generator);
    }
    assay_mt19937_randperm(generator, split->train_count, scratch);
    for (size_t i = 0; i < split->train_count; i++) {
        order[i] = split->train[scratch[i]];
    }
}
