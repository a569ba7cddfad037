#include "backend/openblas/core.h"

#include <cblas.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "backend/openblas/openblas.h"

/* VL is what OpenBLAS itself asks for before it takes its kernels with AVX-512. */
static bool has_avx512(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

static bool has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2");
#else
    return false;
#endif
}

const char *assay_openblas_core_better_than(const char *chosen, bool avx512)
{
    static const char *const worse[] = {"Haswell", "Zen", "Excavator", "Sandybridge", "Cooperlake"};
    for (size_t i = 0; avx512 && i < sizeof worse / sizeof *worse; i++) {
        if (strcmp(chosen, worse[i]) == 0) {
            return "SKYLAKEX";
        }
    }
    return NULL;
}

const char *assay_openblas_better_core(void)
{
    return assay_openblas_core_better_than(openblas_get_corename(), has_avx512());
}

const char *assay_openblas_core_retracing_after(const char *chosen, bool avx2)
{
    return avx2 && strcmp(chosen, "Haswell") != 0 ? "HASWELL" : NULL;
}

const char *assay_openblas_retracing_core(void)
{
    return assay_openblas_core_retracing_after(openblas_get_corename(), has_avx2());
}
