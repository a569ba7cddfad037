/* Internal: the order of numbers, for qsort. */
#ifndef ASSAY_BASE_ORDER_H
#define ASSAY_BASE_ORDER_H

/* Doubles, the smallest first; no NaN. */
static inline int assay_compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

#endif
