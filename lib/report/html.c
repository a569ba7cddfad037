#include "report/html.h"

#include <stddef.h>

#include "report/page_style.h"

void assay_html_put(FILE *stream, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", stream); break;
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '"': fputs("&quot;", stream); break;
        case '\'': fputs("&#39;", stream); break;
        default:
            /* HTML allows no control characters but white space. */
            fputc(((unsigned char)*text < ' ' && *text != '\n' && *text != '\t') || *text == 127 ? '?' : *text, stream);
        }
    }
}

void assay_html_element(FILE *stream, const char *open, const char *text, const char *close)
{
    fputs(open, stream);
    assay_html_put(stream, text);
    fputs(close, stream);
}

void assay_html_head(FILE *stream, const char *title, const char *more)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n",
          stream);
    assay_html_element(stream, "<title>", title, "</title>\n");
    /* An empty icon: without it a browser would request one. */
    fputs("<link rel=\"icon\" href=\"data:,\">\n<style>\n", stream);
    for (size_t i = 0; i < sizeof page_style / sizeof page_style[0]; i++) {
        fprintf(stream, "%s\n", page_style[i]);
    }
    fprintf(stream, "%s</style>\n</head>\n<body>\n", more);
}
