/*
 * The tutorial's training runs, cells [25] to [28]. Its Adam is two optimizers here: the one that it prints, and the
 * one that made the saved run whose 89.46 % it prints, which has no bias correction of the first moment.
 */
#ifndef ASSAY_TUTORIAL_RUNS_H
#define ASSAY_TUTORIAL_RUNS_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/record.h>
#include <assay/tutorial/results.h>

ASSAY_BEGIN_DECLS

/* --- the author's three runs ------------------------------------------------------------------------------------- */

typedef enum { ASSAY_RUN_SGD, ASSAY_RUN_MOMENTUM, ASSAY_RUN_ADAM, ASSAY_RUN_COUNT } assay_run;

/* What the names of all files of training runs begin with. */
#define ASSAY_RUN_FILE_PREFIX "FashionMNIST_"

/* "sgd", "momentum", "adam"; ASSAY_ERROR_ARGUMENT with these names for anything else. */
assay_status assay_run_by_name(const char *name, assay_run *run, assay_error *error);
/* The stem of the author's files: "FashionMNIST_SGD", "FashionMNIST_SGDMom", "FashionMNIST_Adam". */
const char *assay_run_file_name(assay_run run);
/* The optimizer (assay_optimizer_by_name) that the tutorial prints for a run, and the one that made the author's saved
 * run: for Adam these are two, "adam" and "adam-uncorrected-momentum". */
const char *assay_run_printed_optimizer(assay_run run);
const char *assay_run_saved_optimizer(assay_run run);

/* What is claimed of our retracing of a saved run (doc/reproduction.md, "The saved runs"): the number of first steps
 * that agree within ASSAY_RETRACE_TOLERANCE, and the relative error of the mean loss of each of the first three
 * epochs. */
size_t assay_retrace_steps(assay_run run);
double assay_retrace_epoch_tolerance(assay_run run);

/* The options of a run: cells [25] to [28], with the optimizer that is printed and the draws of the notebook. */
assay_train_options assay_tutorial_training(assay_run run);

/* --- the section "optimizers" ------------------------------------------------------------------------------------ */

enum { ASSAY_TUTORIAL_RUNS = 4 };

typedef struct {
    assay_run run;
    const char *label;
    const char *optimizer;  /* assay_optimizer_by_name */
    const char *file_name;  /* the stem of its files; the author's names for the author's runs */
    double test_accuracy;   /* in %, as the tutorial prints it for the saved run */
    double best_validation; /* in %, the best of val_scores in the author's record of the saved run */
} assay_tutorial_run;

extern const assay_tutorial_run assay_tutorial_runs[ASSAY_TUTORIAL_RUNS];

/* The options of one of them: assay_tutorial_training with its optimizer. */
assay_train_options assay_tutorial_run_options(const assay_tutorial_run *run);

/* The section "optimizers" from the records of the four runs: test accuracy and best validation, each within 0.6
 * points. */
void assay_tutorial_runs_judge(const assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_section_results *results);

ASSAY_END_DECLS
#endif
