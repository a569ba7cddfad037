#define ASSAY_REAL_BITS 64
#include "backend/openblas/real_operations.h"
