/* How long a run stays on another's track: training is chaotic, and float rounding alone parts two runs sooner or later. */
#ifndef ASSAY_TUTORIAL_RETRACE_H
#define ASSAY_TUTORIAL_RETRACE_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/tutorial/chain.h>

ASSAY_BEGIN_DECLS

typedef struct {
    size_t parts_at; /* the first step, counted from 1, whose losses differ by more than the tolerance; 0: none does */
    double worst;    /* the largest relative difference before it */
} assay_retrace;

/* Compares the losses of `count` steps: |ours - theirs| <= tolerance |theirs|. */
assay_retrace assay_retrace_compare(size_t count, const double *ours, const double *theirs, double tolerance);

/*
 * The backend that follows the author longest: every product by OpenBLAS, every batch in the order that was drawn. Leaving
 * terms out (backend/openblas/panel.h) rounds otherwise: with it the first 25 losses of SGD agree, 5 and 10 of the others.
 */
#define ASSAY_RETRACE_BACKEND "openblas-dense"

/* What is claimed of our retracing of the author's saved runs (doc/reproduction.md, "The saved runs"). */
#define ASSAY_RETRACE_TOLERANCE 5e-6
/* The steps that agree within it: 40 for SGD, 5 for momentum, 10 for Adam. */
size_t assay_retrace_steps(assay_run run);
/* How close the mean loss of each of the first three epochs is: 0.02, for Adam 0.05. */
double assay_retrace_epoch_tolerance(assay_run run);

ASSAY_END_DECLS
#endif
