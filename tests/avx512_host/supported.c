/*
 * What this processor would support if it had AVX-512, as far as that is emulated: the kernels in this program. A
 * processor that does without AVX2 supports nothing.
 */
#include "backend/openblas/panel_kernels.h"

/* Takes the place of libassay's. Its choice of OpenBLAS's kernels, which nothing emulates, remains. */
const assay_panel_kernels *const *assay_panel_supported(void)
{
    static const assay_panel_kernels *const emulated[] = {&assay_panel_avx512, NULL};
    const assay_panel_kernels *const *native = assay_panel_for(assay_processor_here());
    return *native == NULL ? native : emulated;
}
