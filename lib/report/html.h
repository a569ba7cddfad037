/* Text in HTML; not installed. */
#ifndef ASSAY_REPORT_HTML_H
#define ASSAY_REPORT_HTML_H

#include <stdio.h>

/* Writes text for use between tags and inside double-quoted attributes. NULL counts as "". */
void assay_html_put(FILE *stream, const char *text);

/* `open` and `close` as they are, the text escaped. */
void assay_html_element(FILE *stream, const char *open, const char *text, const char *close);

/* From the doctype to <body>, with the style of the reports (page_style.h) and `more` lines of style. */
void assay_html_head(FILE *stream, const char *title, const char *more);

#endif
