#include "backend/openblas/processor.h"

assay_processor assay_processor_here(void)
{
#if defined(__x86_64__)
    return (assay_processor){.avx2 = __builtin_cpu_supports("avx2"),
                             .fma = __builtin_cpu_supports("fma"),
                             .bmi2 = __builtin_cpu_supports("bmi2"),
                             .avx512vl = __builtin_cpu_supports("avx512vl")};
#elif defined(__aarch64__)
    return (assay_processor){.neon = true};
#else
    return (assay_processor){.neon = false};
#endif
}
