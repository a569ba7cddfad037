/* The pages of a class report, as HTML. The results are those that class_report.c keeps. */
#ifndef ASSAY_TOOLS_CLASS_PAGE_H
#define ASSAY_TOOLS_CLASS_PAGE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    const char *title;
    uint64_t seed;
    json_t *results; /* an array, one element for each submission */
} class_page;

/* The summary: nothing on it says who a student is. Write errors are left to the stream. */
void class_page_index(FILE *stream, const class_page *page);

/* The page of one submission. */
void class_page_student(FILE *stream, const json_t *result);

#endif
