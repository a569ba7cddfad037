/* Every number that the tutorial's first half prints, once; the three accuracies are in tutorial/runs.h. */
#ifndef ASSAY_TUTORIAL_NUMBERS_H
#define ASSAY_TUTORIAL_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/declarations.h>

ASSAY_BEGIN_DECLS

/* The tutorial's sections; tutorial/sections.h describes them and has their order. */
typedef enum {
    ASSAY_SECTION_DATA,            /* cell [7] */
    ASSAY_SECTION_BATCH,           /* cell [8] */
    ASSAY_SECTION_CONSTANT,        /* cell [13] */
    ASSAY_SECTION_VARIANCE_001,    /* cell [14] */
    ASSAY_SECTION_VARIANCE_01,     /* cell [15] */
    ASSAY_SECTION_EQUAL_VARIANCE,  /* cell [16] */
    ASSAY_SECTION_XAVIER_IDENTITY, /* cell [17] */
    ASSAY_SECTION_XAVIER_TANH,     /* cell [18] */
    ASSAY_SECTION_KAIMING_RELU,    /* cell [19] */
    ASSAY_SECTION_OPTIMIZERS,      /* cells [26] to [28] */
    ASSAY_SECTION_PATHOLOGICAL,    /* cells [29] to [33] */
    ASSAY_SECTION_STEEP,           /* cells [34] to [35] */
    ASSAY_SECTION_COUNT
} assay_section;

/* How a number is compared with the printed one. */
typedef enum {
    ASSAY_COMPARE_RELATIVE,  /* |ours - printed| <= tolerance |printed| */
    ASSAY_COMPARE_AS_PRINTED /* the same text with `decimals` decimals: the tutorial rounds here */
} assay_number_comparison;

typedef struct {
    assay_section section;
    const char *label; /* as the tutorial prints it: "Layer 2 - Variance" */
    double printed;
    assay_number_comparison comparison;
    double tolerance;
    int decimals;
} assay_printed_number;

/* The numbers of a section in printed order; 0 for the sections that print none. */
size_t assay_printed_numbers(assay_section section, const assay_printed_number **numbers);

/* How far `ours` is from the printed number, relative to it. */
double assay_printed_error(const assay_printed_number *number, double ours);
bool assay_printed_agrees(const assay_printed_number *number, double ours);

ASSAY_END_DECLS
#endif
