/* Reports of one graded submission. */
#ifndef ASSAY_GRADE_REPORT_H
#define ASSAY_GRADE_REPORT_H

#include <stdio.h>

#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/rubric.h"

typedef enum {
    GRADE_TABLE, /* for people */
    GRADE_TAP,   /* Test Anything Protocol 13 */
    GRADE_JUNIT, /* JUnit's XML, as continuous integration reads it */
    GRADE_JSON,
    GRADE_GRADESCOPE, /* results.json of Gradescope's autograder */
    GRADE_FORMAT_COUNT
} grade_format;

typedef struct {
    const grade_battery *battery; /* judged and scored */
    const grade_catalogue *catalogue;
    const char *submission; /* its name, for people */
    const char *title;      /* of the rubric, or "" */
    grade_score score;
    bool verbose; /* table: every case */
} grade_report;

/* "table", "tap", "junit", "json", "gradescope"; ASSAY_ERROR_ARGUMENT with these names for anything else. */
assay_status assay_grade_format_by_name(const char *name, grade_format *format, assay_error *error);

/* Write errors are the stream's to report. ASSAY_ERROR_MEMORY where JSON cannot be built. */
assay_status assay_grade_report_write(const grade_report *report, grade_format format, FILE *stream,
                                      assay_error *error);

/*
 * The ids of the named mistakes of a report, once each, separated by `separator`; verdicts other than wrong values
 * count too ("adam: crashed"). The caller frees the text with assay_free.
 */
assay_status assay_grade_report_summary(const grade_report *report, const char *separator, char **text,
                                        assay_error *error);

/* The passed and all cases of a part. */
size_t assay_grade_passed(const grade_part *part);

#endif
