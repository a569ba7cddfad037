#include "backend/openblas/core.h"

#include <cblas.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool has_avx512(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && /* LCOV_EXCL_BR_LINE: the processor */
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"); /* LCOV_EXCL_BR_LINE: the processor */
#else
    return false;
#endif
}

const char *assay_openblas_better_core(void)
{
    static const char *const worse[] = {"Haswell", "Zen", "Excavator", "Sandybridge", "Cooperlake"};
    const char *chosen = openblas_get_corename();
    for (size_t i = 0; has_avx512() && i < sizeof worse / sizeof *worse; i++) {
        if (strcmp(chosen, worse[i]) == 0) {
            return "SKYLAKEX";
        }
    }
    return NULL;
}

const char *assay_openblas_retracing_core(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && strcmp(openblas_get_corename(), "Haswell") != 0) {
        return "HASWELL";
    }
#endif
    return NULL;
}
