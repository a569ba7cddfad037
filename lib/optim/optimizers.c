/* The named optimizers: one entry each. */
#include <assay/base/names.h>
#include <assay/optim/optimizer.h>

#define CLASSICAL .kind = ASSAY_UPDATE_CLASSICAL_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9

/* Kingma and Ba's defaults, also the tutorial's and PyTorch's. */
#define KINGMA_BA .kind = ASSAY_UPDATE_ADAM, .learning_rate = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8
#define CORRECTED .correct_first = true, .correct_second = true

/* clang-format off */
static const assay_optimizer_descriptor optimizers[] = {
    {.name = "sgd",
     .title = "SGD",
     .source = "tutorial, cell [22]; lr of cell [26]",
     .rule = {.kind = ASSAY_UPDATE_SGD, .learning_rate = 0.1}},
    /* The averaging form: m is a mean of gradients. */
    {.name = "momentum",
     .title = "SGD with momentum",
     .source = "tutorial, cell [23]; lr and momentum of cell [27]",
     .rule = {.kind = ASSAY_UPDATE_MOMENTUM, .learning_rate = 0.1, .momentum = 0.9}},
    {.name = "adam",
     .title = "Adam",
     .source = "tutorial, cell [24]; lr of cell [28]",
     .rule = {KINGMA_BA, CORRECTED}},
    {.name = "classical-momentum",
     .title = "SGD with classical momentum",
     .source = "torch.optim.SGD(momentum=0.9)",
     .rule = {CLASSICAL}},
    {.name = "nesterov",
     .title = "SGD with Nesterov momentum",
     .source = "torch.optim.SGD(momentum=0.9, nesterov=True)",
     .rule = {CLASSICAL, .nesterov = true}},
    /* The same as `momentum`, except that m = g at t = 1. */
    {.name = "dampening",
     .title = "SGD with dampened momentum",
     .source = "torch.optim.SGD(momentum=0.9, dampening=0.9)",
     .rule = {CLASSICAL, .dampening = 0.9}},
    {.name = "adamw",
     .title = "AdamW",
     .source = "torch.optim.AdamW",
     .rule = {KINGMA_BA, CORRECTED, .decoupled = true, .weight_decay = 0.01}},
    {.name = "amsgrad",
     .title = "AMSGrad",
     .source = "torch.optim.Adam(amsgrad=True)",
     .rule = {KINGMA_BA, CORRECTED, .amsgrad = true}},
    /* doc/reproduction.md explains how we know that this variant made the run. */
    {.name = "adam-uncorrected-momentum",
     .title = "Adam without bias correction of m",
     .source = "the author's saved run \"Adam\"",
     .rule = {KINGMA_BA, .correct_second = true}},
    {.name = "adam-uncorrected",
     .title = "Adam without bias correction",
     .source = "BERT's training code",
     .rule = {KINGMA_BA}},
    {.name = "rmsprop",
     .title = "RMSprop",
     .source = "torch.optim.RMSprop",
     .rule = {.kind = ASSAY_UPDATE_RMSPROP, .learning_rate = 0.01, .beta2 = 0.99, .epsilon = 1e-8}},
    /* Its weight decay is decoupled. */
    {.name = "lion",
     .title = "Lion",
     .source = "Chen et al. 2023, algorithm 2",
     .rule = {.kind = ASSAY_UPDATE_LION, .learning_rate = 1e-4, .beta1 = 0.9, .beta2 = 0.99, .decoupled = true}},
    {.name = NULL},
};
/* clang-format on */

const assay_optimizer_descriptor *assay_optimizers(void)
{
    return optimizers;
}

assay_status assay_optimizer_by_name(const char *name, assay_update_rule *rule, assay_error *error)
{
    size_t index;
    ASSAY_TRY(assay_names_lookup(ASSAY_NAMES_OF(optimizers, name), "optimizer", name, &index, error));
    *rule = optimizers[index].rule;
    return ASSAY_OK;
}
