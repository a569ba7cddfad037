#include <assay/tutorial/chain.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/defaults.h>

/* The notebook created three networks for its experiments, and made thirteen passes over unshuffled loaders for
 * plots. */
enum { EXPERIMENT_NETWORKS = 3, PLOTS = 13 };

/* Creating an nn.Linear draws one number for each weight and each bias. */
static void draw_network(assay_mt19937 *generator)
{
    assay_network_config config = assay_tutorial_network(ASSAY_RELU);
    size_t in = config.inputs;
    for (size_t layer = 0; layer <= config.hidden_count; layer++) {
        size_t out = layer < config.hidden_count ? config.hidden[layer] : config.classes;
        for (size_t i = 0; i < in * out + out; i++) {
            assay_mt19937_random32(generator);
        }
        in = out;
    }
}

assay_status assay_chain_begin(uint64_t seed, size_t total, size_t train_count, assay_generator *generator,
                               assay_split *split, assay_error *error)
{
    assay_generator_seed(generator, ASSAY_GENERATOR_MT19937, seed, 1);
    assay_mt19937 *draws = &generator->state.mt19937;
    ASSAY_TRY(assay_split_create(draws, total, train_count, split, error));
    uint32_t *scratch = assay_calloc(2 * train_count, sizeof *scratch, error);
    if (scratch == NULL) {
        assay_split_destroy(split);
        return ASSAY_ERROR_MEMORY;
    }
    assay_loader_shuffle(draws, ASSAY_LOADER_TORCH_1_6, split, scratch, scratch + train_count);
    assay_free(scratch);
    for (int i = 0; i < EXPERIMENT_NETWORKS; i++) {
        draw_network(draws);
    }
    for (int i = 0; i < PLOTS; i++) {
        assay_mt19937_random64(draws);
    }
    draw_network(draws);
    return ASSAY_OK;
}

void assay_chain_skip_run(assay_mt19937 *generator, size_t train_count, size_t epochs, uint32_t *scratch)
{
    for (size_t epoch = 0; epoch < epochs; epoch++) {
        assay_mt19937_random64(generator);
        assay_mt19937_randperm(generator, train_count, scratch);
        assay_mt19937_random64(generator);
    }
    assay_mt19937_random64(generator); /* the test loader */
}

typedef struct {
    assay_train_draws draws; /* the first member: a pointer to it points to the whole */
    size_t earlier;
} chain_draws;

static assay_status begin(const assay_train_draws *draws, uint64_t seed, size_t total, size_t train_count,
                          assay_generator *generator, assay_split *split, assay_error *error)
{
    (void)draws;
    return assay_chain_begin(seed, total, train_count, generator, split, error);
}

static void skip_earlier_runs(const assay_train_draws *draws, size_t train_count, assay_generator *generator,
                              uint32_t *scratch)
{
    for (size_t run = 0; run < ((const chain_draws *)draws)->earlier; run++) {
        assay_chain_skip_run(&generator->state.mt19937, train_count, ASSAY_TUTORIAL_EPOCHS, scratch);
    }
}

const assay_train_draws *assay_chain_draws(size_t earlier)
{
    static const chain_draws DRAWS[ASSAY_CHAIN_RUNS] = {
        {{"of the notebook's first run", begin, skip_earlier_runs}, 0},
        {{"of the notebook's second run", begin, skip_earlier_runs}, 1},
        {{"of the notebook's third run", begin, skip_earlier_runs}, 2},
    };
    return &DRAWS[earlier].draws;
}
