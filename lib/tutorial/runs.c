#include <assay/tutorial/runs.h>

#include <math.h>

#include <assay/base/names.h>
#include <assay/optim/optimizer.h>
#include <assay/tutorial/chain.h>
#include <assay/tutorial/defaults.h>
#include "tutorial/results_impl.h"

#define SGD_FILES ASSAY_RUN_FILE_PREFIX "SGD"
#define MOMENTUM_FILES ASSAY_RUN_FILE_PREFIX "SGDMom"
#define ADAM_FILES ASSAY_RUN_FILE_PREFIX "Adam"
#define ADAM_AS_SAVED "adam-uncorrected-momentum"

typedef struct {
    assay_run run;
    const char *name;
    const char *file_name;
    const char *printed; /* optimizer */
    const char *saved;   /* optimizer */
    size_t steps;        /* that agree with the saved run */
    double epoch_tolerance;
} run_row;

/* In the notebook's order. */
static const run_row RUNS[] = {
    {ASSAY_RUN_SGD, "sgd", SGD_FILES, "sgd", "sgd", 40, 0.02},
    {ASSAY_RUN_MOMENTUM, "momentum", MOMENTUM_FILES, "momentum", "momentum", 5, 0.02},
    {ASSAY_RUN_ADAM, "adam", ADAM_FILES, "adam", ADAM_AS_SAVED, 10, 0.05},
};

_Static_assert(sizeof RUNS / sizeof *RUNS == ASSAY_RUN_COUNT, "each run has a row");
_Static_assert((int)ASSAY_RUN_COUNT == (int)ASSAY_CHAIN_RUNS, "each run has its draws");

static size_t place_of(assay_run run)
{
    size_t place = 0;
    while (RUNS[place].run != run) {
        place++;
    }
    return place;
}

assay_status assay_run_by_name(const char *name, assay_run *run, assay_error *error)
{
    size_t place;
    ASSAY_TRY(assay_names_lookup(ASSAY_NAMES_OF(RUNS, name), "run", name, &place, error));
    *run = RUNS[place].run;
    return ASSAY_OK;
}

const char *assay_run_file_name(assay_run run)
{
    return RUNS[place_of(run)].file_name;
}

const char *assay_run_printed_optimizer(assay_run run)
{
    return RUNS[place_of(run)].printed;
}

const char *assay_run_saved_optimizer(assay_run run)
{
    return RUNS[place_of(run)].saved;
}

size_t assay_retrace_steps(assay_run run)
{
    return RUNS[place_of(run)].steps;
}

double assay_retrace_epoch_tolerance(assay_run run)
{
    return RUNS[place_of(run)].epoch_tolerance;
}

assay_train_options assay_tutorial_training(assay_run run)
{
    assay_train_options options = {
        .network = assay_tutorial_network(ASSAY_RELU),
        .initializer = assay_initializer_default(ASSAY_INIT_KAIMING_NORMAL),
        .seed = ASSAY_TUTORIAL_SEED,
        .draws = assay_chain_draws(place_of(run)),
        .epochs = ASSAY_TUTORIAL_EPOCHS,
        .batch_rows = ASSAY_TUTORIAL_BATCH_ROWS,
        .train_count = ASSAY_TUTORIAL_TRAIN_COUNT,
    };
    assay_optimizer_by_name(assay_run_printed_optimizer(run), &options.rule, NULL);
    return options;
}

const assay_tutorial_run assay_tutorial_runs[ASSAY_TUTORIAL_RUNS] = {
    {ASSAY_RUN_SGD, "SGD", "sgd", SGD_FILES, 89.09, 89.87},
    {ASSAY_RUN_MOMENTUM, "SGDMomentum", "momentum", MOMENTUM_FILES, 88.83, 89.54},
    {ASSAY_RUN_ADAM, "Adam as saved", ADAM_AS_SAVED, ASSAY_RUN_FILE_PREFIX ADAM_AS_SAVED, 89.46, 89.78},
    {ASSAY_RUN_ADAM, "Adam as printed", "adam", ADAM_FILES, 89.46, 89.78},
};

/* Points. Training is chaotic: two runs that differ in their rounding end some tenths of a point apart. */
static const double TOLERANCE = 0.6;

assay_train_options assay_tutorial_run_options(const assay_tutorial_run *run)
{
    assay_train_options options = assay_tutorial_training(run->run);
    assay_optimizer_by_name(run->optimizer, &options.rule, NULL);
    return options;
}

void assay_tutorial_runs_judge(const assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_section_results *results)
{
    enum { DECIMALS = 2 };
    *results = (assay_section_results){.section = ASSAY_SECTION_OPTIMIZERS};
    for (int i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        const assay_tutorial_run *run = &assay_tutorial_runs[i];
        double best = 0.0;
        for (size_t epoch = 0; epoch < records[i].epochs; epoch++) {
            best = fmax(best, records[i].val_scores[epoch]);
        }
        assay_results_add_absolute(results, run->label, "Test accuracy", ASSAY_BASIS_PRINTED, run->test_accuracy,
                                   100.0 * records[i].test_acc, TOLERANCE, DECIMALS);
        assay_results_add_absolute(results, run->label, "Best validation", ASSAY_BASIS_RECORD, run->best_validation,
                                   100.0 * best, TOLERANCE, DECIMALS);
    }
}
