/* The kernels of panel.h, one source file a processor. Private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_PANEL_KERNELS_H
#define ASSAY_BACKEND_OPENBLAS_PANEL_KERNELS_H

#include "backend/openblas/panel.h"

#if defined(__x86_64__)
#define ASSAY_PANEL_X86 1
extern const assay_panel_kernels assay_panel_avx512;
extern const assay_panel_kernels assay_panel_avx2;
#else
#define ASSAY_PANEL_X86 0
#endif

/* Big-endian ARM has other orders of lanes. */
#if defined(__aarch64__) && defined(__ARM_NEON) && !defined(__ARM_BIG_ENDIAN)
#define ASSAY_PANEL_NEON 1
extern const assay_panel_kernels assay_panel_neon;
#else
#define ASSAY_PANEL_NEON 0
#endif

/* The widest panel in floats: 8 vectors of 16. */
enum { ASSAY_PANEL_MAX_WIDTH = 128 };

#endif
