#define _GNU_SOURCE
#include "config.h"

#include "class_page.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "base/order.h"

static const char more_style[] =
    ".bar{display:block;height:1.1rem;background:var(--link);border-radius:.2rem;min-width:1px;"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}\n"
    "@media print{tr,li{break-inside:avoid}h2{break-after:avoid}}\n"
    ".bars td:nth-child(2){width:70%;text-align:left;vertical-align:middle}\n"
    ".wrong td:first-child,.wrong th{text-align:left}.wrong td.what,.wrong td.hint{text-align:left}\n"
    ".wrong tbody+tbody tr:first-child th{padding-top:1.2rem}.wrong tbody tr:first-child th{font-weight:600}\n"
    ".wrong th{white-space:nowrap}.wrong tbody th{white-space:normal}.wrong "
    ".what{width:46%}.hint{color:var(--soft);font-size:.92rem}\n"
    ".pages{display:grid;grid-template-columns:repeat(auto-fill,minmax(8rem,1fr));gap:.2rem 1rem;padding:0;"
    "list-style:none;font-variant-numeric:tabular-nums}\n"
    "@media (max-width:40rem){.bars tr{display:grid;grid-template-columns:5.5rem 1fr 2.5rem;gap:.5rem;padding:.15rem 0;"
    "border:0}.bars td:nth-child(2){width:auto}.wrong .what{width:auto}.wrong td:empty{display:none}}\n";

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static double number_of(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

static size_t size_of(const json_t *object, const char *key)
{
    return (size_t)json_integer_value(json_object_get(object, key));
}

/* Percent of the possible points. */
static double percent_of(const json_t *result)
{
    double possible = number_of(result, "possible");
    return possible > 0.0 ? 100.0 * number_of(result, "points") / possible : 0.0;
}

static bool is_graded(const json_t *result)
{
    return json_array_size(json_object_get(result, "components")) > 0;
}

static size_t count_graded(const json_t *results)
{
    size_t graded = 0;
    size_t index;
    json_t *result;
    json_array_foreach(results, index, result) {
        graded += is_graded(result);
    }
    return graded;
}

static void put_footer(FILE *stream)
{
    fputs("<footer>assay " PACKAGE_VERSION ", <code>assay grade --class</code></footer>\n</body>\n</html>\n", stream);
}

/* --- the distribution --------------------------------------------------------------------------------------------- */

static double median_percent(const json_t *results, size_t graded)
{
    double *sorted = calloc(graded + 1, sizeof *sorted);
    size_t count = 0;
    size_t index;
    json_t *result;
    if (sorted == NULL) {
        return NAN;
    }
    json_array_foreach(results, index, result) {
        if (is_graded(result)) {
            sorted[count++] = percent_of(result);
        }
    }
    qsort(sorted, count, sizeof *sorted, assay_compare_doubles);
    double median = count == 0 ? 0.0 : 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]);
    free(sorted);
    return median;
}

static void put_cards(FILE *stream, const class_page *page)
{
    size_t count = json_array_size(page->results);
    size_t graded = count_graded(page->results);
    size_t full = 0;
    size_t index;
    json_t *result;
    json_array_foreach(page->results, index, result) {
        full += json_is_true(json_object_get(result, "full"));
    }
    fprintf(stream, "<div class=\"summary\">\n<div><b>%zu</b>submissions graded</div>\n", graded);
    fprintf(stream, "<div><b>%zu</b>with full marks</div>\n", full);
    fprintf(stream, "<div><b>%.0f %%</b>of the points: the median</div>\n", median_percent(page->results, graded));
    if (graded < count) {
        fprintf(stream, "<div><b class=\"bad\">%zu</b>could not be graded</div>\n", count - graded);
    }
    fputs("</div>\n", stream);
}

static void put_distribution(FILE *stream, const class_page *page)
{
    enum { BINS = 10 };
    size_t bins[BINS] = {0};
    size_t most = 1;
    size_t index;
    json_t *result;
    json_array_foreach(page->results, index, result) {
        int bin = (int)(percent_of(result) / (100.0 / (double)BINS));
        size_t *counted = &bins[bin < 0 ? 0 : bin >= BINS ? BINS - 1 : bin];
        if (is_graded(result) && ++*counted > most) {
            most = *counted;
        }
    }
    fputs("<section id=\"points\">\n<h2>Points</h2>\n<table class=\"bars\">\n<thead><tr><th scope=\"col\">percent</th>"
          "<th scope=\"col\"></th><th scope=\"col\">submissions</th></tr></thead>\n<tbody>\n",
          stream);
    for (int bin = BINS - 1; bin >= 0; bin--) {
        int end = bin + 1 == BINS ? 100 : (bin + 1) * 100 / BINS;
        fprintf(stream, "<tr><td>%d–%d %%</td><td>", bin * 100 / BINS, end);
        if (bins[bin] > 0) {
            fprintf(stream, "<span class=\"bar\" style=\"width:%.1f%%\"></span>",
                    100.0 * (double)bins[bin] / (double)most);
        }
        fprintf(stream, "</td><td>%zu</td></tr>\n", bins[bin]);
    }
    fputs("</tbody>\n</table>\n</section>\n", stream);
}

/* --- what went wrong ---------------------------------------------------------------------------------------------- */

/* A table of objects {"key", "name", "hint", "count"}, in which one is counted up. */
static void count_up(json_t *table, const char *key, const char *name, const char *hint)
{
    json_t *row = json_object_get(table, key);
    if (row == NULL) {
        row = json_pack("{s:s, s:s, s:i}", "name", name, "hint", hint, "count", 0);
        json_object_set_new(table, key, row);
    }
    json_object_set_new(row, "count", json_integer(json_integer_value(json_object_get(row, "count")) + 1));
}

/* Of one submission: its component of that name, or NULL. */
static const json_t *component_of(const json_t *result, const char *name)
{
    size_t index;
    const json_t *component;
    json_array_foreach(json_object_get(result, "components"), index, component) {
        if (strcmp(text_of(component, "component"), name) == 0) {
            return component;
        }
    }
    return NULL;
}

static int compare_counts(const void *a, const void *b)
{
    size_t x = size_of(*(const json_t *const *)a, "count");
    size_t y = size_of(*(const json_t *const *)b, "count");
    return (x < y) - (x > y);
}

static void put_mistakes(FILE *stream, const json_t *table, size_t graded)
{
    const json_t *rows[64];
    size_t count = 0;
    const char *key;
    json_t *row;
    json_object_foreach((json_t *)table, key, row) {
        if (count < sizeof rows / sizeof *rows) {
            rows[count++] = row;
        }
    }
    qsort(rows, count, sizeof *rows, compare_counts);
    for (size_t i = 0; i < count; i++) {
        fprintf(stream, "<tr><td>%zu of %zu</td>", size_of(rows[i], "count"), graded);
        assay_html_element(stream, "<td class=\"what\">", text_of(rows[i], "name"), "</td>");
        assay_html_element(stream, "<td class=\"hint\">", text_of(rows[i], "hint"), "</td></tr>\n");
    }
}

/* What went wrong in the component of this name: a table as count_up makes it. The caller frees it. */
static json_t *count_mistakes_of(const class_page *page, const char *name, size_t *graded, size_t *right)
{
    json_t *table = json_object();
    size_t index;
    size_t at;
    json_t *result;
    json_t *problem;
    *graded = *right = 0;
    json_array_foreach(page->results, index, result) {
        const json_t *component = component_of(result, name);
        if (component == NULL) {
            continue;
        }
        ++*graded;
        *right += size_of(component, "passed") == size_of(component, "cases");
        if (json_is_true(json_object_get(component, "missing"))) {
            count_up(table, "missing", "not implemented", "");
        }
        json_array_foreach(json_object_get(component, "problems"), at, problem) {
            count_up(table, text_of(problem, "key"), text_of(problem, "name"), text_of(problem, "hint"));
        }
    }
    return table;
}

static void put_component(FILE *stream, const class_page *page, const json_t *like)
{
    size_t graded;
    size_t right;
    json_t *table = count_mistakes_of(page, text_of(like, "component"), &graded, &right);
    assay_html_element(stream, "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"3\">", text_of(like, "title"), "");
    fprintf(stream, " <span class=\"source\">%zu of %zu right</span></th></tr>\n", right, graded);
    put_mistakes(stream, table, graded);
    fputs("</tbody>\n", stream);
    json_decref(table);
}

/* The components of a submission that was graded: all of those have the same. NULL if there is none. */
static const json_t *graded_components(const class_page *page)
{
    size_t index;
    json_t *result;
    json_array_foreach(page->results, index, result) {
        if (is_graded(result)) {
            return json_object_get(result, "components");
        }
    }
    return NULL;
}

/* Sentences: the mistakes that most submissions made, with their component. */
static void put_most_frequent(FILE *stream, const class_page *page)
{
    enum { SHOWN = 5, ROOM = 512 };
    const json_t *rows[ROOM];
    json_t *tables = json_array(); /* own the rows */
    size_t count = 0;
    size_t graded;
    size_t right;
    size_t at;
    const json_t *component;
    const char *key;
    json_t *row;
    json_array_foreach(graded_components(page), at, component) {
        json_t *table = count_mistakes_of(page, text_of(component, "component"), &graded, &right);
        json_array_append_new(tables, table);
        json_object_foreach(table, key, row) {
            if (count < ROOM && strchr(key, '.') != NULL && size_of(row, "count") > 1) {
                json_object_set(row, "title", json_object_get(component, "title"));
                rows[count++] = row;
            }
        }
    }
    qsort(rows, count, sizeof *rows, compare_counts);
    fputs(count == 0 ? "" : "<p>The mistakes that most submissions made:</p>\n<ul>\n", stream);
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        fprintf(stream, "<li>%zu of %zu submissions", size_of(rows[i], "count"), count_graded(page->results));
        assay_html_element(stream, ", ", text_of(rows[i], "title"), ": ");
        assay_html_element(stream, "", text_of(rows[i], "name"), "</li>\n");
    }
    fputs(count == 0 ? "" : "</ul>\n", stream);
    json_decref(tables);
}

/* Why some submissions were not graded. Only the kind: a compiler's message can have a name in it. */
static void put_not_graded(FILE *stream, const class_page *page)
{
    json_t *kinds = json_object();
    size_t index;
    json_t *result;
    const char *key;
    json_t *row;
    json_array_foreach(page->results, index, result) {
        if (!is_graded(result)) {
            count_up(kinds, text_of(result, "verdict"), text_of(result, "verdict"), "");
        }
    }
    json_object_foreach(kinds, key, row) {
        fprintf(stream, "<p>%zu of %zu submissions could not be graded: ", size_of(row, "count"),
                json_array_size(page->results));
        assay_html_element(stream, "", key, ".</p>\n");
    }
    json_decref(kinds);
}

static void put_components(FILE *stream, const class_page *page)
{
    size_t at;
    const json_t *component;
    fputs("<section id=\"mistakes\">\n<h2>What went wrong</h2>\n", stream);
    put_not_graded(stream, page);
    put_most_frequent(stream, page);
    fputs("<p>How many submissions made each mistake, component by component. One submission may have made "
          "several.</p>\n<table class=\"wrong\">\n<thead><tr><th scope=\"col\">submissions</th><th "
          "scope=\"col\">mistake</th><th scope=\"col\">hint</th></tr></thead>\n",
          stream);
    json_array_foreach(graded_components(page), at, component) {
        put_component(stream, page, component);
    }
    fputs("</table>\n</section>\n", stream);
}

/* --- clusters ----------------------------------------------------------------------------------------------------- */

static bool same_keys(const json_t *a, const json_t *b)
{
    const json_t *mine = json_object_get(a, "problems");
    const json_t *theirs = json_object_get(b, "problems");
    bool same = json_array_size(mine) == json_array_size(theirs);
    for (size_t i = 0; i < json_array_size(mine) && same; i++) {
        same = strcmp(text_of(json_array_get(mine, i), "key"), text_of(json_array_get(theirs, i), "key")) == 0;
    }
    return same;
}

/* Equal but for rounding: two programs that compute the same in another order. */
static bool same_probes(const json_t *a, const json_t *b)
{
    const json_t *mine = json_object_get(a, "probes");
    const json_t *theirs = json_object_get(b, "probes");
    bool same = json_array_size(mine) == json_array_size(theirs) && json_array_size(mine) > 0;
    for (size_t i = 0; i < json_array_size(mine) && same; i++) {
        const json_t *x = json_array_get(mine, i);
        const json_t *y = json_array_get(theirs, i);
        double p = json_number_value(x);
        double q = json_number_value(y);
        same = json_is_string(x) == json_is_string(y) && fabs(p - q) <= 1e-9 * (fabs(p) + fabs(q)) + 1e-14;
    }
    return same;
}

/* The same unexplained numbers in a component. */
static bool same_component(const json_t *a, const json_t *b, const char *name)
{
    const json_t *mine = component_of(a, name);
    const json_t *theirs = component_of(b, name);
    return mine != NULL && theirs != NULL && same_keys(mine, theirs) && same_probes(mine, theirs);
}

/* Only mistakes of the catalogue: that two programs crash everywhere says nothing about them. */
static size_t count_mistakes(const json_t *component)
{
    size_t count = 0;
    size_t at;
    const json_t *problem;
    json_array_foreach(json_object_get(component, "problems"), at, problem) {
        count += strchr(text_of(problem, "key"), '.') != NULL;
    }
    return count;
}

/* The same three mistakes or more, with the same unexplained numbers: NAME is not used. */
static bool same_set(const json_t *a, const json_t *b, const char *name)
{
    const json_t *mine = json_object_get(a, "components");
    const json_t *theirs = json_object_get(b, "components");
    size_t problems = 0;
    bool same = json_array_size(mine) == json_array_size(theirs);
    (void)name;
    for (size_t i = 0; i < json_array_size(mine) && same; i++) {
        const json_t *x = json_array_get(mine, i);
        const json_t *y = json_array_get(theirs, i);
        bool unexplained = json_array_size(json_object_get(x, "probes")) > 0;
        same = same_keys(x, y) && (!unexplained || same_probes(x, y));
        problems += count_mistakes(x);
    }
    return same && problems >= 3;
}

typedef bool likeness(const json_t *a, const json_t *b, const char *name);

static void put_page_link(FILE *stream, const json_t *result)
{
    const char *id = text_of(result, "id");
    fprintf(stream, "<a href=\"students/%s.html\">%s</a>", id, id);
}

/* Every group of two or more that are alike; returns their number. */
static size_t put_clusters_by(FILE *stream, const json_t *results, likeness *alike, const char *name, const char *what)
{
    size_t count = json_array_size(results);
    bool *told = calloc(count + 1, sizeof *told);
    size_t clusters = 0;
    for (size_t i = 0; i < count && told != NULL; i++) {
        size_t size = 1;
        for (size_t j = i + 1; j < count && !told[i]; j++) {
            size += !told[j] && alike(json_array_get(results, i), json_array_get(results, j), name);
        }
        if (size < 2) {
            continue;
        }
        clusters++;
        assay_html_element(stream, "<li><b>", what, "</b>: ");
        fprintf(stream, "%zu of %zu submissions: ", size, count_graded(results));
        put_page_link(stream, json_array_get(results, i));
        for (size_t j = i + 1; j < count; j++) {
            if (!told[j] && alike(json_array_get(results, i), json_array_get(results, j), name)) {
                told[j] = true;
                fputs(", ", stream);
                put_page_link(stream, json_array_get(results, j));
            }
        }
        fputs("</li>\n", stream);
    }
    free(told);
    return clusters;
}

static size_t put_unexplained_clusters(FILE *stream, const class_page *page)
{
    size_t clusters = 0;
    size_t at;
    const json_t *component;
    json_array_foreach(graded_components(page), at, component) {
        clusters += put_clusters_by(stream, page->results, same_component, text_of(component, "component"),
                                    text_of(component, "title"));
    }
    return clusters;
}

static void put_clusters(FILE *stream, const class_page *page)
{
    fputs(
        "<section id=\"alike\">\n<h2>Submissions that are alike</h2>\n<p>These submissions give the same wrong numbers "
        "in the same unusual way: numbers that no known mistake explains, or the same three mistakes or more "
        "together.</p>\n<p class=\"notice\">A reason to look, and no proof. Common mistakes are common: students who "
        "read the same book or work side by side make the same ones. A large group shows a mistake that the catalogue "
        "lacks.</p>\n<ul>\n",
        stream);
    size_t clusters = put_unexplained_clusters(stream, page);
    clusters += put_clusters_by(stream, page->results, same_set, "", "The same set of mistakes");
    fputs(clusters == 0 ? "<li>None.</li>\n</ul>\n</section>\n" : "</ul>\n</section>\n", stream);
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    return strcmp(text_of(*(const json_t *const *)a, "id"), text_of(*(const json_t *const *)b, "id"));
}

/* In the order of their random ids, which is no order of names or points. */
static void put_pages(FILE *stream, const class_page *page)
{
    size_t count = json_array_size(page->results);
    const json_t **sorted = calloc(count + 1, sizeof *sorted);
    fputs(
        "<section id=\"pages\">\n<h2>Pages of the submissions</h2>\n<p>Each page has the name, the mistakes and the "
        "hints of one submission. The numbers are random; <code>private/registrar.csv</code> has whose they are.</p>\n"
        "<ul class=\"pages\">\n",
        stream);
    for (size_t i = 0; i < count && sorted != NULL; i++) {
        sorted[i] = json_array_get(page->results, i);
    }
    if (sorted != NULL) {
        qsort(sorted, count, sizeof *sorted, compare_ids);
    }
    for (size_t i = 0; i < count && sorted != NULL; i++) {
        fputs("<li>", stream);
        put_page_link(stream, sorted[i]);
        fputs("</li>\n", stream);
    }
    free(sorted);
    fputs("</ul>\n</section>\n", stream);
}

void class_page_index(FILE *stream, const class_page *page)
{
    assay_html_head(stream, page->title, more_style);
    assay_html_element(stream, "<header>\n<h1>", page->title, "</h1>\n");
    fprintf(stream, "<p>What the class did not understand. All submissions got the same cases, from seed %llu.</p>\n",
            (unsigned long long)page->seed);
    put_cards(stream, page);
    fputs("</header>\n<main>\n", stream);
    put_distribution(stream, page);
    put_components(stream, page);
    put_clusters(stream, page);
    put_pages(stream, page);
    fputs("</main>\n", stream);
    put_footer(stream);
}

static void put_problem(FILE *stream, const json_t *problem)
{
    assay_html_element(stream, "<p><b>", text_of(problem, "name"), "</b>");
    assay_html_element(stream, "<span class=\"note\">", text_of(problem, "detail"), "</span></p>\n");
    if (text_of(problem, "hint")[0] != '\0') {
        assay_html_element(stream, "<p>", text_of(problem, "explanation"), "</p>\n");
        assay_html_element(stream, "<p>Hint: ", text_of(problem, "hint"), "</p>\n");
    }
}

static void put_student_component(FILE *stream, const json_t *component)
{
    size_t passed = size_of(component, "passed");
    size_t cases = size_of(component, "cases");
    bool missing = json_is_true(json_object_get(component, "missing"));
    size_t at;
    json_t *problem;
    assay_html_element(stream, "<section>\n<h2>", text_of(component, "title"), " ");
    fprintf(stream, "<span class=\"source %s\">%zu of %zu cases, %.4g of %.4g points</span></h2>\n",
            passed == cases ? "good" : "bad", passed, cases, number_of(component, "points"),
            number_of(component, "possible"));
    fputs(missing ? "<p>Not implemented.</p>\n" : passed == cases ? "<p>All right.</p>\n" : "", stream);
    json_array_foreach(json_object_get(component, "problems"), at, problem) {
        put_problem(stream, problem);
    }
    fputs("</section>\n", stream);
}

void class_page_student(FILE *stream, const json_t *result)
{
    const char *name = text_of(result, "name");
    size_t at;
    json_t *component;
    assay_html_head(stream, name, more_style);
    assay_html_element(stream, "<header>\n<h1>", name, "</h1>\n<div class=\"summary\">\n");
    fprintf(stream, "<div><b>%.4g of %.4g</b>points</div>\n</div>\n", number_of(result, "points"),
            number_of(result, "possible"));
    if (!is_graded(result)) {
        assay_html_element(stream, "<p class=\"notice\">Not graded: ", text_of(result, "remark"), "</p>\n");
    }
    fputs("</header>\n<main>\n", stream);
    json_array_foreach(json_object_get(result, "components"), at, component) {
        bool counted = number_of(component, "possible") > 0.0;
        if (counted || !json_is_true(json_object_get(component, "missing"))) {
            put_student_component(stream, component);
        }
    }
    fputs("</main>\n", stream);
    put_footer(stream);
}
