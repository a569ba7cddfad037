/* How the sections of lib/tutorial add their results. */
#ifndef ASSAY_TUTORIAL_RESULTS_IMPL_H
#define ASSAY_TUTORIAL_RESULTS_IMPL_H

#include <assay/tutorial/results.h>

/* Appends a result that is judged by its printed number. */
void assay_results_add_printed(assay_section_results *results, const assay_printed_number *number, double ours);

/* Appends a result "LABEL - WHAT" that agrees if |ours - expected| <= allowed. `decimals` as in assay_result. */
assay_result *assay_results_add_absolute(assay_section_results *results, const char *label, const char *what,
                                         assay_basis basis, double expected, double ours, double allowed, int decimals);

#endif
