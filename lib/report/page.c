#include <assay/report/page.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "report/html.h"

/* Paragraphs are separated by blank lines. */
static void put_paragraphs(FILE *stream, const char *text)
{
    bool open = false;
    for (const char *line = text; line != NULL && *line != '\0';) {
        size_t length = strcspn(line, "\n");
        if (length == 0 && open) {
            fputs("</p>\n", stream);
            open = false;
        } else if (length != 0) {
            char piece[2] = {0};
            fputs(open ? "\n" : "<p>", stream);
            open = true;
            for (size_t i = 0; i < length; i++) {
                piece[0] = line[i];
                assay_html_put(stream, piece);
            }
        }
        line += length + (line[length] == '\n');
    }
    fputs(open ? "</p>\n" : "", stream);
}

static bool filled(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* NaN is worse than any number. */
static bool is_worse(double error, double than)
{
    return isnan(error) ? !isnan(than) : error > than;
}

static void count_row(assay_page_summary *summary, const assay_page_section *section, const assay_page_row *row)
{
    if (row->verdict == ASSAY_PAGE_NONE || filled(row->answer)) {
        return;
    }
    summary->numbers++;
    summary->agreeing += row->verdict == ASSAY_PAGE_AGREES;
    if (row->ranked && (summary->worst == NULL || is_worse(row->error, summary->worst->error))) {
        summary->worst = row;
        summary->worst_section = section;
    }
}

static assay_page_summary summarise_section(assay_page_summary summary, const assay_page_section *section)
{
    for (size_t i = 0; i < section->row_count; i++) {
        count_row(&summary, section, &section->rows[i]);
    }
    for (size_t i = 0; i < section->figure_count; i++) {
        summary.figures++;
        summary.drawn += section->figures[i].drawn;
    }
    return summary;
}

assay_page_summary assay_page_summarise(const assay_page *page)
{
    assay_page_summary summary = {0};
    for (size_t i = 0; i < page->section_count; i++) {
        summary = summarise_section(summary, &page->sections[i]);
    }
    return summary;
}

static void put_summary(FILE *stream, const assay_page *page)
{
    assay_page_summary summary = assay_page_summarise(page);
    fputs("<div class=\"summary\">\n", stream);
    if (summary.numbers != 0) {
        fprintf(stream, "<div><b class=\"%s\">%zu of %zu</b>numbers agree</div>\n",
                summary.agreeing == summary.numbers ? "good" : "bad", summary.agreeing, summary.numbers);
    }
    if (summary.worst != NULL) {
        fprintf(stream, "<div><b>%.1e</b>worst relative error: <a href=\"#%s\">", summary.worst->error,
                summary.worst_section->id);
        assay_html_put(stream, summary.worst->label);
        assay_html_element(stream, ", ", summary.worst_section->title, "</a></div>\n");
    }
    if (summary.figures != 0) {
        fprintf(stream, "<div><b>%zu</b>figures, each with its data and script", summary.figures);
        if (summary.drawn != summary.figures) {
            fprintf(stream, "; %zu not drawn", summary.figures - summary.drawn);
        }
        fputs("</div>\n", stream);
    }
    fputs("</div>\n", stream);
    if (filled(page->notice)) {
        assay_html_element(stream, "<p class=\"notice\">", page->notice, "</p>\n");
    }
}

/* `<span class="good">text</span>` */
static void put_coloured(FILE *stream, assay_page_verdict verdict, const char *text)
{
    static const char *const classes[] = {
        [ASSAY_PAGE_AGREES] = "good", [ASSAY_PAGE_DIFFERS] = "bad", [ASSAY_PAGE_NONE] = "soft"};
    fprintf(stream, "<span class=\"%s\">", classes[verdict]);
    assay_html_element(stream, "", text, "</span>");
}

static void put_navigation(FILE *stream, const assay_page *page)
{
    fputs("<nav aria-label=\"Sections\">\n<ol>\n", stream);
    for (size_t i = 0; i < page->section_count; i++) {
        const assay_page_section *section = &page->sections[i];
        assay_page_summary summary = summarise_section((assay_page_summary){0}, section);
        fprintf(stream, "<li><a href=\"#%s\">", section->id);
        assay_html_element(stream, "", section->title, "</a>");
        if (summary.numbers != 0) {
            bool all = summary.agreeing == summary.numbers;
            fprintf(stream, "<span%s>%zu of %zu%s</span>", all ? "" : " class=\"bad\"", summary.agreeing,
                    summary.numbers, all ? " ✓" : " ✗");
        } else if (filled(section->answer)) {
            put_coloured(stream, section->verdict, section->answer);
        }
        fputs("</li>\n", stream);
    }
    fputs("</ol>\n</nav>\n", stream);
}

/* The headings of a table's columns. */
typedef struct {
    const char *label;
    const char *printed;
    const char *ours;
    const char *error;
    const char *verdict;
} headings;

static headings headings_of(const assay_page_section *section)
{
    return (headings){
        .label = filled(section->label_heading) ? section->label_heading : "Number",
        .printed = filled(section->printed_heading) ? section->printed_heading : "Printed",
        .ours = filled(section->ours_heading) ? section->ours_heading : "Ours",
        .error = filled(section->error_heading) ? section->error_heading : "Relative error",
        .verdict = filled(section->verdict_heading) ? section->verdict_heading : "Verdict",
    };
}

static void put_error(FILE *stream, const assay_page_row *row)
{
    if (row->error_text != NULL) {
        assay_html_put(stream, row->error_text);
    } else if (isnan(row->error)) {
        fputs("–", stream);
    } else if (row->error == 0.0) {
        fputs("0", stream);
    } else {
        fprintf(stream, fabs(row->error) >= 0.01 ? "%.2g" : "%.1e", row->error);
    }
}

static void put_verdict(FILE *stream, const assay_page_row *row)
{
    static const char *const texts[] = {
        [ASSAY_PAGE_AGREES] = "✓ agrees", [ASSAY_PAGE_DIFFERS] = "✗ differs", [ASSAY_PAGE_NONE] = "–"};
    put_coloured(stream, row->verdict, filled(row->answer) ? row->answer : texts[row->verdict]);
}

static void put_row(FILE *stream, const headings *heading, const assay_page_row *row)
{
    assay_html_element(stream, "<tr><th scope=\"row\">", row->label, "");
    if (filled(row->note)) {
        assay_html_element(stream, "<span class=\"note\">", row->note, "</span>");
    }
    assay_html_element(stream, "</th><td data-label=\"", heading->printed, "\">");
    assay_html_element(stream, "", filled(row->printed) ? row->printed : "–", "</td>");
    assay_html_element(stream, "<td data-label=\"", heading->ours, "\">");
    assay_html_element(stream, "", row->ours, "</td>");
    assay_html_element(stream, "<td data-label=\"", heading->error, "\">");
    put_error(stream, row);
    assay_html_element(stream, "</td><td data-label=\"", heading->verdict, "\">");
    put_verdict(stream, row);
    fputs("</td></tr>\n", stream);
}

static void put_table(FILE *stream, const assay_page_section *section)
{
    if (section->row_count == 0) {
        return;
    }
    const headings heading = headings_of(section);
    const char *const columns[] = {heading.label, heading.printed, heading.ours, heading.error, heading.verdict};
    fputs("<table>\n<thead><tr>", stream);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        assay_html_element(stream, "<th scope=\"col\">", columns[i], "</th>");
    }
    fputs("</tr></thead>\n<tbody>\n", stream);
    for (size_t i = 0; i < section->row_count; i++) {
        put_row(stream, &heading, &section->rows[i]);
    }
    fputs("</tbody>\n</table>\n", stream);
}

/* `<a href="FOLDER/NAMEending">text</a>` */
static void put_link(FILE *stream, const assay_page *page, const assay_page_figure *figure, const char *ending,
                     const char *text)
{
    assay_html_element(stream, "<a href=\"", page->figure_folder, "/");
    assay_html_element(stream, "", figure->name, ending);
    fprintf(stream, "\">%s</a>", text);
}

static void put_image(FILE *stream, const assay_page *page, const assay_page_figure *figure)
{
    assay_html_element(stream,
                       "<div class=\"plot\" tabindex=\"0\"><picture><source media=\"(prefers-color-scheme: dark)\" "
                       "srcset=\"",
                       page->figure_folder, "/");
    assay_html_element(stream, "", figure->name, "-dark.svg\"><img src=\"");
    assay_html_element(stream, "", page->figure_folder, "/");
    assay_html_element(stream, "", figure->name, ".svg\" alt=\"");
    assay_html_put(stream, figure->alt);
    fprintf(stream, "\" width=\"%u\" height=\"%u\"></picture></div>\n", figure->width, figure->height);
}

static void put_figure(FILE *stream, const assay_page *page, const assay_page_figure *figure)
{
    assay_html_element(stream, "<figure id=\"figure-", figure->name, "\">\n");
    if (figure->drawn) {
        put_image(stream, page, figure);
    } else {
        fputs("<div class=\"plot soft\">Not drawn; its data and script are there.</div>\n", stream);
    }
    assay_html_element(stream, "<figcaption><b>", figure->title, "</b> ");
    assay_html_element(stream, "", figure->caption, " <span class=\"files\">");
    if (figure->drawn) {
        put_link(stream, page, figure, ".svg", "SVG");
        fputs(" · ", stream);
    }
    if (figure->has_png) {
        put_link(stream, page, figure, ".png", "PNG");
        fputs(" · ", stream);
    }
    put_link(stream, page, figure, ".dat", "data");
    fputs(" · ", stream);
    put_link(stream, page, figure, ".gp", "script");
    fputs("</span></figcaption>\n</figure>\n", stream);
}

static void put_section(FILE *stream, const assay_page *page, const assay_page_section *section)
{
    fprintf(stream, "<section id=\"%s\">\n", section->id);
    assay_html_element(stream, "<h2>", section->title, "");
    if (filled(section->source)) {
        assay_html_element(stream, " <span class=\"source\">", section->source, "</span>");
    }
    if (filled(section->answer)) {
        fputc(' ', stream);
        put_coloured(stream, section->verdict, section->answer);
    }
    fputs("</h2>\n", stream);
    put_paragraphs(stream, section->text);
    put_table(stream, section);
    for (size_t i = 0; i < section->figure_count; i++) {
        put_figure(stream, page, &section->figures[i]);
    }
    fputs("</section>\n", stream);
}

static void put_page(FILE *stream, const assay_page *page)
{
    assay_html_head(stream, page->title, "");
    assay_html_element(stream, "<header>\n<h1>", page->title, "</h1>\n");
    put_paragraphs(stream, page->text);
    put_summary(stream, page);
    fputs("</header>\n", stream);
    put_navigation(stream, page);
    fputs("<main>\n", stream);
    for (size_t i = 0; i < page->section_count; i++) {
        put_section(stream, page, &page->sections[i]);
    }
    fputs("</main>\n", stream);
    assay_html_element(stream, "<footer>", page->footer, "</footer>\n</body>\n</html>\n");
}

static assay_status check_ids(const assay_page *page, assay_error *error)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    for (size_t i = 0; i < page->section_count; i++) {
        const char *id = page->sections[i].id;
        if (!filled(id) || id[strspn(id, allowed)] != '\0') {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                              "page: section %zu: the id \"%s\" must consist of letters, digits, '-' and '_'", i + 1,
                              id == NULL ? "" : id);
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(page->sections[j].id, id) == 0) {
                return assay_fail(error, ASSAY_ERROR_ARGUMENT, "page: sections %zu and %zu both have the id \"%s\"",
                                  j + 1, i + 1, id);
            }
        }
    }
    return ASSAY_OK;
}

assay_status assay_page_write(const assay_page *page, const char *folder, assay_error *error)
{
    ASSAY_TRY(check_ids(page, error));
    char *path = assay_asprintf(error, "%s/index.html", folder);
    if (path == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_file_writer *writer = NULL;
    assay_status status = assay_file_create(path, &writer, error);
    assay_free(path);
    if (status != ASSAY_OK) {
        return status;
    }
    put_page(assay_file_stream(writer), page);
    return assay_file_commit(writer, error);
}

assay_status assay_page_make_folder(const char *folder, assay_error *error)
{
    if (mkdir(folder, 0777) == 0) {
        return ASSAY_OK;
    }
    int reason = errno;
    struct stat about;
    if (reason == EEXIST && stat(folder, &about) == 0 && S_ISDIR(about.st_mode)) {
        return ASSAY_OK;
    }
    return assay_fail(error, ASSAY_ERROR_IO, "%s: cannot create the folder: %s", folder,
                      reason == EEXIST ? "a file has that name" : strerror(reason));
}
