/* The page of assay reproduce --report: its texts, its rows, its figures. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/text.h>
#include <assay/base/alloc.h>
#include <assay/report/page.h>
#include "claims.h"
#include "pictures.h"

enum { SECTIONS = ASSAY_SECTION_COUNT + 1, NUMBER = 40, NOTE = 128, TITLE = 96, ID = 32 };

typedef struct {
    char printed[NUMBER];
    char ours[NUMBER];
    char note[NOTE];
} row_text;

typedef struct {
    size_t section_count;
    assay_page_section sections[SECTIONS];
    char ids[SECTIONS][ID];
    char sources[SECTIONS][ID];
    row_text texts[SECTIONS][ASSAY_SECTION_MAX_RESULTS];
    assay_page_row rows[SECTIONS][ASSAY_SECTION_MAX_RESULTS];
    size_t figures_used;
    assay_page_figure *figures;
} page_parts;

static assay_page_verdict verdict_of(const assay_result *result)
{
    switch (result->verdict) {
    case ASSAY_VERDICT_AGREES: return ASSAY_PAGE_AGREES;
    case ASSAY_VERDICT_DIFFERS: return ASSAY_PAGE_DIFFERS;
    case ASSAY_VERDICT_SHOWN: break;
    }
    return ASSAY_PAGE_NONE;
}

/* A statement of the text: yes or no. */
static bool is_statement(const assay_result *result)
{
    return result->basis == ASSAY_BASIS_PROSE && !(result->allowed > 0.0);
}

static void print_numbers(const assay_result *result, row_text *text)
{
    if (is_statement(result)) {
        snprintf(text->printed, NUMBER, "%s", result->printed > 0.0 ? "yes" : "no");
        snprintf(text->ours, NUMBER, "%s", result->ours > 0.0 ? "yes" : "no");
    } else if (result->decimals > 0) {
        /* A rounded statistic is shown with more decimals; an accuracy over 10,000 images has no more. */
        int more = result->absolute ? 0 : 3;
        snprintf(text->printed, NUMBER, "%.*f", result->decimals, result->printed);
        snprintf(text->ours, NUMBER, "%.*f", result->decimals + more, result->ours);
    } else {
        assay_text_number(result->printed, text->printed, NUMBER);
        snprintf(text->ours, NUMBER, "%.9g", result->ours + 0.0); /* no -0 */
    }
}

static assay_page_row make_row(const assay_result *result, row_text *text)
{
    bool rounded = result->decimals > 0;
    print_numbers(result, text);
    if (result->basis == ASSAY_BASIS_THEORY && result->verdict != ASSAY_VERDICT_SHOWN) {
        snprintf(text->note, NOTE, "other weights than the tutorial's: theory says %.4g, error up to %.1e",
                 result->expected, result->allowed);
    } else if (result->basis == ASSAY_BASIS_PROSE) {
        snprintf(text->note, NOTE, "from the text");
    } else if (result->basis == ASSAY_BASIS_RECORD) {
        snprintf(text->note, NOTE, "from the author's record");
    }
    /* Where only the printed digits are compared, there is no error to show. */
    bool as_text = !(result->allowed > 0.0) && (rounded || is_statement(result));
    bool compared = result->verdict != ASSAY_VERDICT_SHOWN && !as_text;
    return (assay_page_row){
        .label = result->label,
        .printed = text->printed,
        .ours = text->ours,
        .error = compared ? result->error : NAN,
        .ranked = result->basis == ASSAY_BASIS_PRINTED && !rounded && !result->absolute,
        .verdict = verdict_of(result),
        .note = text->note,
    };
}

static void add_figures(page_parts *parts, assay_page_section *section, const pictures *all, int which)
{
    section->figures = parts->figures + parts->figures_used;
    section->figure_count = pictures_at_place(all, which, pictures_count(all) - parts->figures_used,
                                              parts->figures + parts->figures_used);
    parts->figures_used += section->figure_count;
    /* Neither run nor drawn: only another section was asked for. */
    parts->section_count += section->row_count != 0 || section->figure_count != 0;
}

static void add_section(page_parts *parts, const pictures *all, const reproduce_report *report,
                        const assay_section_description *described)
{
    size_t at = parts->section_count;
    assay_page_section *section = &parts->sections[at];
    const assay_section_results *results = &report->sections[described->section];
    snprintf(parts->ids[at], ID, "%s", described->name);
    for (char *dot = parts->ids[at]; (dot = strchr(dot, '.')) != NULL;) {
        *dot = '-';
    }
    snprintf(parts->sources[at], ID, "cell %s", described->cells);
    *section = (assay_page_section){
        .id = parts->ids[at],
        .title = described->title,
        .source = parts->sources[at],
        .text = described->text,
        .printed_heading = described->plots_only ? "Expected" : NULL,
        .error_heading = described->error_heading,
        .rows = parts->rows[at],
        .row_count = results->count,
    };
    for (size_t i = 0; i < results->count; i++) {
        parts->rows[at][i] = make_row(&results->results[i], &parts->texts[at][i]);
    }
    add_figures(parts, section, all, (int)described->section);
}

static void add_depth(page_parts *parts, const pictures *all)
{
    assay_page_section *section = &parts->sections[parts->section_count];
    *section = (assay_page_section){
        .id = "depth",
        .title = "Through fifty layers",
        .source = "not in the tutorial",
        .text = "The tutorial says what each initialization does to deeper networks, and draws five layers. Here are "
                "fifty.",
    };
    add_figures(parts, section, all, PICTURES_DEPTH);
}

/* The tutorial's order, with the spread against depth after the last initialization. */
static void add_sections(page_parts *parts, const pictures *all, const reproduce_report *report)
{
    assay_section last = assay_experiment_at(assay_experiment_count() - 1)->section;
    for (size_t i = 0; i < ASSAY_SECTION_COUNT; i++) {
        const assay_section_description *described = assay_section_at(i);
        add_section(parts, all, report, described);
        if (described->section == last) {
            add_depth(parts, all);
        }
    }
}

static char *footer(const reproduce_options *options, const assay_backend *backend, assay_error *error)
{
    const assay_session_options *session = &options->session;
    return assay_asprintf(error, "assay %s; backend %s:%s with %d threads; weights drawn by %s with seed %llu.",
                          PACKAGE_VERSION, assay_backend_name(backend),
                          assay_backend_precision(backend) == ASSAY_F32 ? "f32" : "f64", assay_backend_threads(backend),
                          assay_generator_name(session->generator), (unsigned long long)session->seed);
}

/* One line about what is missing, for the page and for standard error. */
static char *notice(const pictures *all, assay_error *error)
{
    const char *drawing = pictures_notice(all);
    const char *author = pictures_author_missing(all);
    return assay_asprintf(
        error, "%s%s%s%s", drawing == NULL ? "" : drawing, drawing != NULL && author != NULL ? "; " : "",
        author == NULL ? "" : "the first steps are not compared with the author's: ", author == NULL ? "" : author);
}

static assay_status write_parts(pictures *all, const assay_page_section *sections, size_t count, const char *said,
                                const char *foot, assay_error *error)
{
    const assay_page page = {
        .title = "The tutorial, reproduced",
        .text = "\"Tutorial 3: Initialization and Optimization\" by Phillip Lippe, in its order: each number that it "
                "prints next to ours, and each figure. Each figure's data and gnuplot script lie beside it, to be "
                "restyled.",
        .figure_folder = "figures",
        .notice = said,
        .footer = foot,
        .section_count = count,
        .sections = sections,
    };
    ASSAY_TRY(assay_page_write(&page, pictures_folder(all), error));
    if (pictures_failed(all)) {
        return assay_fail(error, ASSAY_ERROR_FORMAT, "%s", said);
    }
    if (*said != '\0') {
        fprintf(stderr, "assay reproduce: %s\n", said);
    }
    return ASSAY_OK;
}

/* The sections of the tutorial, then those of the claims. */
static assay_status write_all(pictures *all, const page_parts *parts, const claims_set *claims, const char *said,
                              const char *foot, assay_error *error)
{
    claims_page *chapter;
    ASSAY_TRY(claims_page_create(claims, all, &chapter, error));
    size_t more;
    const assay_page_section *last = claims_page_sections(chapter, &more);
    more = claims->count == 0 ? 0 : more;
    assay_page_section *sections = assay_calloc(parts->section_count + more, sizeof *sections, error);
    assay_status status = ASSAY_ERROR_MEMORY;
    if (sections != NULL) {
        memcpy(sections, parts->sections, parts->section_count * sizeof *sections);
        memcpy(sections + parts->section_count, last, more * sizeof *sections);
        status = write_parts(all, sections, parts->section_count + more, said, foot, error);
    }
    assay_free(sections);
    claims_page_destroy(chapter);
    return status;
}

assay_status pictures_write_page(pictures *all, const claims_set *claims, const reproduce_options *options,
                                 const assay_backend *backend, const reproduce_report *report, assay_error *error)
{
    page_parts *parts = assay_calloc(1, sizeof *parts, error);
    assay_page_figure *figures = assay_calloc(pictures_count(all), sizeof *figures, error);
    char *said = notice(all, error);
    char *foot = footer(options, backend, error);
    assay_status status = ASSAY_ERROR_MEMORY;
    if (parts != NULL && figures != NULL && said != NULL && foot != NULL) {
        parts->figures = figures;
        add_sections(parts, all, report);
        status = write_all(all, parts, claims, said, foot, error);
    }
    assay_free(parts);
    assay_free(figures);
    assay_free(said);
    assay_free(foot);
    return status;
}
