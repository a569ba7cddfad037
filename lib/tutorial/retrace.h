/*
 * How long two runs agree. Training is chaotic: a difference in float rounding grows from step to step, until two runs
 * with the same seed have different losses.
 */
#ifndef ASSAY_TUTORIAL_RETRACE_H
#define ASSAY_TUTORIAL_RETRACE_H

#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

typedef struct {
    size_t parts_at; /* the first step, counted from 1, whose losses differ by more than the tolerance; 0: none does */
    double worst;    /* the largest relative difference before it */
} assay_retrace;

/* Compares the losses of `count` steps: |ours - theirs| <= tolerance |theirs|. */
assay_retrace assay_retrace_compare(size_t count, const double *ours, const double *theirs, double tolerance);

/*
 * The backend that agrees with the author's runs for the most steps: OpenBLAS computes all products in full, and
 * batches keep the order in which they were drawn. A backend that skips terms (backend/openblas/panel.h) rounds
 * differently, and fewer of the first losses agree: 8 of SGD's with one thread, 39 with two; 5 and 10 of the others.
 */
#define ASSAY_RETRACE_BACKEND "openblas-dense"

/* The tolerance for our runs and the author's. */
#define ASSAY_RETRACE_TOLERANCE 5e-6

ASSAY_END_DECLS
#endif
