#include "tutorial/results_impl.h"

#include <math.h>
#include <stdio.h>

void assay_results_add_printed(assay_section_results *results, const assay_printed_number *number, double ours)
{
    assay_result *result = &results->results[results->count++];
    *result = (assay_result){
        .printed = number->printed,
        .decimals = number->decimals,
        .ours = ours,
        .expected = number->printed,
        .error = assay_printed_error(number, ours),
        .allowed = number->tolerance,
        .basis = ASSAY_BASIS_PRINTED,
        .verdict = assay_printed_agrees(number, ours) ? ASSAY_VERDICT_AGREES : ASSAY_VERDICT_DIFFERS,
    };
    snprintf(result->label, sizeof result->label, "%s", number->label);
}

assay_result *assay_results_add_absolute(assay_section_results *results, const char *label, const char *what,
                                         assay_basis basis, double expected, double ours, double allowed, int decimals)
{
    assay_result *result = &results->results[results->count++];
    double error = fabs(ours - expected);
    *result = (assay_result){
        .printed = expected,
        .decimals = decimals,
        .ours = ours,
        .expected = expected,
        .absolute = true,
        .error = error,
        .allowed = allowed,
        .basis = basis,
        .verdict = error <= allowed ? ASSAY_VERDICT_AGREES : ASSAY_VERDICT_DIFFERS,
    };
    snprintf(result->label, sizeof result->label, "%s - %s", label, what);
    return result;
}
