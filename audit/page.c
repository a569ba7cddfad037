/*
 * audit_page AUDIT.json PAGE.html: writes the audit as one page in the style of the reproduction report
 * (report/page_style.h). It only lays out what audit.py has put into the JSON:
 *
 *   {"title", "text", "notice", "footer", "summary": [{"value", "label", "good": true|false|null, "link"}],
 *    "sections": [{"id", "title", "text", "note", "summary",
 *                  "tables": [{"columns": [text], "numeric": [bool], "rows": [[cell]]}]}]}
 *
 * A cell is text, or {"text", "class": "good"|"bad"|"soft", "note"}. PAGE.html may be "-", standard output.
 */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/file.h>
#include "report/page_style.h"

static const char *const own_style[] = {
    "body{max-width:74rem}",
    ".wide{overflow-x:auto}",
    /* A long name is not broken; its column becomes wide. */
    "table{overflow-wrap:break-word}",
    "td{font-size:.92rem}",
    "td.text,th.text{text-align:left}",
    "code{font:.92em ui-monospace,monospace}",
    "td.soft{color:var(--soft)}",
    "h3{font-size:1.05rem;margin:1.6rem 0 0}",
    "td .note{max-width:28rem}",
    "@media (min-width:40rem){td:not(.text) .note{margin-left:auto;text-align:right}}",
    "tr.group th{font-weight:600;padding-top:1.2rem}",
    "@media (max-width:40rem){td:has(>span:empty){display:none}td[data-label]:before{width:9rem}}",
};

static void put(FILE *stream, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", stream); break;
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '"': fputs("&quot;", stream); break;
        default: fputc(*text, stream);
        }
    }
}

static void put_element(FILE *stream, const char *open, const char *text, const char *close)
{
    fputs(open, stream);
    put(stream, text);
    fputs(close, stream);
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

/* Paragraphs are separated by blank lines. */
static void put_paragraphs(FILE *stream, const char *text)
{
    for (const char *end; *text != '\0'; text = *end == '\0' ? end : end + 2) {
        end = strstr(text, "\n\n");
        if (end == NULL) {
            end = text + strlen(text);
        }
        char *paragraph = strndup(text, (size_t)(end - text));
        put_element(stream, "<p>", paragraph, "</p>\n");
        free(paragraph);
    }
}

static void put_head(FILE *stream, const json_t *page)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n",
          stream);
    put_element(stream, "<title>", text_of(page, "title"), "</title>\n");
    fputs("<link rel=\"icon\" href=\"data:,\">\n<style>\n", stream);
    for (size_t i = 0; i < sizeof page_style / sizeof *page_style; i++) {
        fprintf(stream, "%s\n", page_style[i]);
    }
    for (size_t i = 0; i < sizeof own_style / sizeof *own_style; i++) {
        fprintf(stream, "%s\n", own_style[i]);
    }
    fputs("</style>\n</head>\n<body>\n", stream);
}

static void put_summary(FILE *stream, const json_t *page)
{
    size_t i;
    json_t *item;
    fputs("<div class=\"summary\">\n", stream);
    json_array_foreach(json_object_get(page, "summary"), i, item) {
        const json_t *good = json_object_get(item, "good");
        const char *mark = json_is_true(good) ? "good" : json_is_false(good) ? "bad" : "";
        fprintf(stream, "<div><b class=\"%s\">", mark);
        put_element(stream, "", text_of(item, "value"), "</b>");
        put_element(stream, "<a href=\"#", text_of(item, "link"), "\">");
        put_element(stream, "", text_of(item, "label"), "</a></div>\n");
    }
    fputs("</div>\n", stream);
}

static void put_navigation(FILE *stream, const json_t *page)
{
    size_t i;
    json_t *section;
    fputs("<nav aria-label=\"Sections\">\n<ol>\n", stream);
    json_array_foreach(json_object_get(page, "sections"), i, section) {
        put_element(stream, "<li><a href=\"#", text_of(section, "id"), "\">");
        put_element(stream, "", text_of(section, "title"), "</a>");
        put_element(stream, "<span>", text_of(section, "summary"), "</span></li>\n");
    }
    fputs("</ol>\n</nav>\n", stream);
}

/* `heading` is NULL for the single cell of a row that is a heading. */
static void put_cell(FILE *stream, const json_t *cell, size_t column, const char *heading, bool numeric)
{
    bool plain = json_is_string(cell);
    const char *text = plain ? json_string_value(cell) : text_of(cell, "text");
    const char *mark = plain ? "" : text_of(cell, "class");
    const char *note = plain ? "" : text_of(cell, "note");
    if (heading == NULL) {
        fputs("<th scope=\"rowgroup\" colspan=\"20\">", stream);
    } else if (column == 0) {
        fputs("<th scope=\"row\">", stream);
    } else {
        put_element(stream, "<td data-label=\"", heading, "\"");
        fprintf(stream, " class=\"%s\">", numeric ? "" : "text");
    }
    put_element(stream, "<span class=\"", mark, "\">");
    put_element(stream, "", text, "</span>");
    if (*note != '\0') {
        put_element(stream, "<span class=\"note\">", note, "</span>");
    }
    fputs(column == 0 ? "</th>" : "</td>", stream);
}

static void put_table(FILE *stream, const json_t *table)
{
    const json_t *columns = json_object_get(table, "columns");
    const json_t *numeric = json_object_get(table, "numeric");
    size_t i, j;
    json_t *row, *cell, *heading;
    fputs("<div class=\"wide\" tabindex=\"0\"><table>\n<thead><tr>", stream);
    json_array_foreach(columns, i, heading) {
        fprintf(stream, "<th scope=\"col\" class=\"%s\">", json_is_true(json_array_get(numeric, i)) ? "" : "text");
        put_element(stream, "", json_string_value(heading), "</th>");
    }
    fputs("</tr></thead>\n<tbody>\n", stream);
    json_array_foreach(json_object_get(table, "rows"), i, row) {
        /* A row of one cell is a heading within the table. */
        bool group = json_array_size(row) == 1;
        fprintf(stream, group ? "<tr class=\"group\">" : "<tr>");
        json_array_foreach(row, j, cell) {
            put_cell(stream, cell, j, group ? NULL : json_string_value(json_array_get(columns, j)),
                     json_is_true(json_array_get(numeric, j)));
        }
        fputs("</tr>\n", stream);
    }
    fputs("</tbody>\n</table></div>\n", stream);
}

static void put_section(FILE *stream, const json_t *section)
{
    size_t i;
    json_t *table;
    put_element(stream, "<section id=\"", text_of(section, "id"), "\">\n");
    put_element(stream, "<h2>", text_of(section, "title"), "</h2>\n");
    put_paragraphs(stream, text_of(section, "text"));
    if (*text_of(section, "note") != '\0') {
        put_element(stream, "<p class=\"notice\">", text_of(section, "note"), "</p>\n");
    }
    json_array_foreach(json_object_get(section, "tables"), i, table) {
        if (*text_of(table, "title") != '\0') {
            put_element(stream, "<h3>", text_of(table, "title"), "</h3>\n");
        }
        put_table(stream, table);
    }
    fputs("</section>\n", stream);
}

static void put_page(FILE *stream, const json_t *page)
{
    size_t i;
    json_t *section;
    put_head(stream, page);
    put_element(stream, "<header>\n<h1>", text_of(page, "title"), "</h1>\n");
    put_paragraphs(stream, text_of(page, "text"));
    fputs("</header>\n", stream);
    put_summary(stream, page);
    if (*text_of(page, "notice") != '\0') {
        put_element(stream, "<p class=\"notice\">", text_of(page, "notice"), "</p>\n");
    }
    put_navigation(stream, page);
    fputs("<main>\n", stream);
    json_array_foreach(json_object_get(page, "sections"), i, section) {
        put_section(stream, section);
    }
    fputs("</main>\n", stream);
    put_element(stream, "<footer>", text_of(page, "footer"), "</footer>\n</body>\n</html>\n");
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fputs("Usage: audit_page AUDIT.json PAGE.html\n", stderr);
        return EXIT_FAILURE;
    }
    json_error_t trouble;
    json_t *page = json_load_file(argv[1], 0, &trouble);
    if (page == NULL) {
        fprintf(stderr, "audit_page: %s:%d: %s\n", argv[1], trouble.line, trouble.text);
        return EXIT_FAILURE;
    }
    assay_file_writer *writer;
    assay_error error;
    assay_status status = assay_file_create(argv[2], &writer, &error);
    if (status == ASSAY_OK) {
        put_page(assay_file_stream(writer), page);
        status = assay_file_commit(writer, &error);
    }
    json_decref(page);
    if (status != ASSAY_OK) {
        fprintf(stderr, "audit_page: %s\n", error.message);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
