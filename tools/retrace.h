/* The report of assay train --retrace. */
#ifndef ASSAY_TOOLS_RETRACE_H
#define ASSAY_TOOLS_RETRACE_H

#include <assay/tutorial/retrace.h>
#include <assay/train/trainer.h>

/*
 * Prints our losses next to the author's: the first steps, the step where they part, the mean of each epoch. `pretrained`
 * may be NULL (see train_read_saved). ASSAY_ERROR_NUMERIC where they agree less than is claimed (tutorial/retrace.h).
 */
assay_status retrace_report(assay_run run, const char *pretrained, const assay_trainer *trainer, assay_error *error);

#endif
