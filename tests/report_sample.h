/* One figure of each kind, and a page of them, for the tests of lib/report. */
#ifndef ASSAY_TESTS_REPORT_SAMPLE_H
#define ASSAY_TESTS_REPORT_SAMPLE_H

#include <assay/report/figure.h>
#include <assay/report/page.h>

typedef enum { SAMPLE_HISTOGRAMS, SAMPLE_CURVES, SAMPLE_LOG, SAMPLE_SURFACE, SAMPLE_MAP, SAMPLE_KINDS } sample_kind;

/* The caller destroys it. Its texts contain special characters of HTML, XML and gnuplot's quotes. */
assay_figure *sample_figure(sample_kind kind);

/* A page with these figures, all marked as drawn; static. */
const assay_page *sample_page(void);

#endif
