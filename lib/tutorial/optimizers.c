#include <assay/tutorial/optimizers.h>

#include <math.h>
#include <stdio.h>

#include <assay/optim/optimizer.h>

const assay_tutorial_run assay_tutorial_runs[ASSAY_TUTORIAL_RUNS] = {
    {ASSAY_RUN_SGD, "SGD", "sgd", "FashionMNIST_SGD", 89.09, 89.87},
    {ASSAY_RUN_MOMENTUM, "SGDMomentum", "momentum", "FashionMNIST_SGDMom", 88.83, 89.54},
    {ASSAY_RUN_ADAM, "Adam as saved", "adam-uncorrected-momentum", "FashionMNIST_adam-uncorrected-momentum", 89.46, 89.78},
    {ASSAY_RUN_ADAM, "Adam as printed", "adam", "FashionMNIST_Adam", 89.46, 89.78},
};

/* Points. Training is chaotic: two runs that differ in their rounding end some tenths of a point apart. */
static const double TOLERANCE = 0.6;

assay_train_options assay_tutorial_run_options(const assay_tutorial_run *run)
{
    assay_train_options options = assay_tutorial_training(run->run);
    assay_optimizer_by_name(run->optimizer, &options.rule, NULL);
    return options;
}

static void add(assay_section_results *results, const char *label, const char *what, assay_basis basis, double expected,
                double ours)
{
    assay_result *result = &results->results[results->count++];
    double error = fabs(ours - expected);
    *result = (assay_result){
        .printed = expected,
        .decimals = 2,
        .ours = ours,
        .expected = expected,
        .absolute = true,
        .error = error,
        .allowed = TOLERANCE,
        .basis = basis,
        .verdict = error <= TOLERANCE ? ASSAY_VERDICT_AGREES : ASSAY_VERDICT_DIFFERS,
    };
    snprintf(result->label, sizeof result->label, "%s - %s", label, what);
}

void assay_tutorial_runs_judge(const assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_section_results *results)
{
    *results = (assay_section_results){.section = ASSAY_SECTION_OPTIMIZERS};
    for (int i = 0; i < ASSAY_TUTORIAL_RUNS; i++) {
        const assay_tutorial_run *run = &assay_tutorial_runs[i];
        double best = 0.0;
        for (size_t epoch = 0; epoch < records[i].epochs; epoch++) {
            best = fmax(best, records[i].val_scores[epoch]);
        }
        add(results, run->label, "Test accuracy", ASSAY_BASIS_PRINTED, run->test_accuracy, 100.0 * records[i].test_acc);
        add(results, run->label, "Best validation", ASSAY_BASIS_RECORD, run->best_validation, 100.0 * best);
    }
}
