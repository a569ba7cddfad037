#include <assay/tutorial/chain.h>

#include <string.h>

#include <assay/base/alloc.h>
#include <assay/nn/network.h>

typedef struct {
    const char *name;
    const char *file_name;
    const char *printed;
    const char *saved;
} run_text;

static const run_text RUNS[ASSAY_RUN_COUNT] = {
    [ASSAY_RUN_SGD] = {"sgd", "FashionMNIST_SGD", "sgd", "sgd"},
    [ASSAY_RUN_MOMENTUM] = {"momentum", "FashionMNIST_SGDMom", "momentum", "momentum"},
    [ASSAY_RUN_ADAM] = {"adam", "FashionMNIST_Adam", "adam", "adam-uncorrected-momentum"},
};

/* The notebook created three networks for its experiments, and made thirteen passes over unshuffled loaders for plots. */
enum { EXPERIMENT_NETWORKS = 3, PLOTS = 13 };

assay_status assay_run_by_name(const char *name, assay_run *run, assay_error *error)
{
    for (int i = 0; i < ASSAY_RUN_COUNT; i++) {
        if (strcmp(name, RUNS[i].name) == 0) {
            *run = (assay_run)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "unknown run '%s'; there are: sgd momentum adam", name);
}

const char *assay_run_file_name(assay_run run)
{
    return RUNS[run].file_name;
}

const char *assay_run_printed_optimizer(assay_run run)
{
    return RUNS[run].printed;
}

const char *assay_run_saved_optimizer(assay_run run)
{
    return RUNS[run].saved;
}

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

void assay_chain_epoch(assay_mt19937 *generator, const assay_split *split, uint32_t *scratch, uint32_t *order)
{
    assay_loader_shuffle(generator, ASSAY_LOADER_TORCH_1_6, split, scratch, order);
    assay_mt19937_random64(generator);
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
