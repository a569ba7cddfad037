/*
 * The tutorial's training runs, cells [25] to [28]. Its Adam is two here: the one that it prints, and the one that made
 * the saved run whose 89.46 % it prints, which leaves out the bias correction of the first moment.
 */
#ifndef ASSAY_TUTORIAL_OPTIMIZERS_H
#define ASSAY_TUTORIAL_OPTIMIZERS_H

#include <assay/base/declarations.h>
#include <assay/tutorial/record.h>
#include <assay/train/trainer.h>
#include <assay/tutorial/session.h>

ASSAY_BEGIN_DECLS

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

/* The section "optimizers" from the records of the four runs: test accuracy and best validation, each within 0.6 points. */
void assay_tutorial_runs_judge(const assay_run_record records[ASSAY_TUTORIAL_RUNS], assay_section_results *results);

ASSAY_END_DECLS
#endif
