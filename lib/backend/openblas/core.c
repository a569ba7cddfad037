#include <assay/backend/openblas/core.h>

#include <cblas.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "backend/openblas/openblas.h"

const char *assay_openblas_core_better_than(const char *chosen, assay_processor processor)
{
    static const char *const worse[] = {"Haswell", "Zen", "Excavator", "Sandybridge", "Cooperlake"};
    for (size_t i = 0; processor.avx512vl && i < sizeof worse / sizeof *worse; i++) {
        if (strcmp(chosen, worse[i]) == 0) {
            return "SKYLAKEX";
        }
    }
    return NULL;
}

const char *assay_openblas_better_core(void)
{
    return assay_openblas_core_better_than(openblas_get_corename(), assay_processor_here());
}

const char *assay_openblas_core_retracing_after(const char *chosen, assay_processor processor)
{
    return processor.avx2 && strcmp(chosen, "Haswell") != 0 ? "HASWELL" : NULL;
}

const char *assay_openblas_retracing_core(void)
{
    return assay_openblas_core_retracing_after(openblas_get_corename(), assay_processor_here());
}

void assay_openblas_kernels(char *text, size_t size)
{
    char version[16] = "?"; /* its configuration begins with "OpenBLAS 0.3.21 " */
    sscanf(openblas_get_config(), "OpenBLAS %15s", version);
    const assay_panel_kernels *panels = assay_panel_supported()[0];
    const char *name = panels != NULL ? panels->name : "none"; /* ASSAY_EXCL_MCDC: one processor is not both */
    snprintf(text, size, "OpenBLAS %s %s, panels %s", version, openblas_get_corename(), name);
}
