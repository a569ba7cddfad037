#define ASSAY_REAL_BITS 32
#include "backend/openblas/real_operations.h"
