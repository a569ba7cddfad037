/* The report of assay train --retrace. */
#ifndef ASSAY_TOOLS_RETRACE_H
#define ASSAY_TOOLS_RETRACE_H

#include <assay/train/trainer.h>
#include <assay/tutorial/runs.h>

/*
 * Prints our losses next to the author's: the first steps, the first step that differs, the mean of each epoch.
 * `pretrained` may be NULL (see train_read_saved). ASSAY_ERROR_NUMERIC if they agree less than is claimed
 * (tutorial/runs.h).
 */
assay_status retrace_report(assay_run run, const char *pretrained, const assay_trainer *trainer, assay_error *error);

#endif
