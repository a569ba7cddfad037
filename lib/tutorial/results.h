/* What a section of the tutorial gives: our numbers beside the expected ones, with a verdict on each. */
#ifndef ASSAY_TUTORIAL_RESULTS_H
#define ASSAY_TUTORIAL_RESULTS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/tutorial/numbers.h>

ASSAY_BEGIN_DECLS

enum { ASSAY_RESULT_LABEL = 48, ASSAY_SECTION_MAX_RESULTS = 32 };

typedef enum {
    ASSAY_VERDICT_AGREES,
    ASSAY_VERDICT_DIFFERS,
    ASSAY_VERDICT_SHOWN /* there is nothing to judge it by; not counted */
} assay_verdict;

/* What a number is judged by: the printed one; for other weights than the tutorial's, the theory; where the tutorial
 * only plots, what PyTorch computes from its code, what its text says, and what the author's records hold. */
typedef enum {
    ASSAY_BASIS_PRINTED,
    ASSAY_BASIS_THEORY,
    ASSAY_BASIS_PYTORCH,
    ASSAY_BASIS_PROSE,
    ASSAY_BASIS_RECORD
} assay_basis;

typedef struct {
    char label[ASSAY_RESULT_LABEL];
    double printed; /* the tutorial's number; where it prints none, the expected one */
    int decimals;   /* of the printed number if the tutorial rounds it; 0: full precision */
    double ours;
    double expected; /* what ours is compared with: `printed`, or the theory's expectation */
    bool absolute;   /* errors are absolute, not relative to `expected` */
    double error;    /* |ours - expected|, divided by |expected| unless absolute */
    double allowed;  /* the largest error that agrees, likewise */
    assay_basis basis;
    assay_verdict verdict;
} assay_result;

typedef struct {
    assay_section section;
    size_t count;
    assay_result results[ASSAY_SECTION_MAX_RESULTS];
} assay_section_results;

ASSAY_END_DECLS
#endif
