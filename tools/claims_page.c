/* The chapter "What the tutorial says": sections of a page, one for each claim. */
#include <stdio.h>
#include <math.h>

#include <assay/base/alloc.h>
#include "claims.h"

enum { TEXT = 6144, EFFECT = 384 };

/* One section and what it refers to. */
typedef struct {
    char id[32];
    char source[32];
    char text[TEXT];
    char effects[ASSAY_CLAIM_PARTS][EFFECT];
    char intervals[ASSAY_CLAIM_PARTS][EFFECT];
    char regions[ASSAY_CLAIM_PARTS][EFFECT];
    char notes[ASSAY_CLAIM_PARTS][EFFECT];
    assay_page_row rows[ASSAY_CLAIM_PARTS + ASSAY_CLAIM_ROWS];
    assay_page_figure figure;
} section_parts;

struct claims_page {
    char summary[TEXT];
    assay_page_row *list; /* [claims] */
    char (*labels)[EFFECT];
    char (*effects)[EFFECT];
    section_parts *parts;         /* [claims] */
    assay_page_section *sections; /* [claims + 1] */
    size_t count;
};

void claims_page_destroy(claims_page *page)
{
    if (page != NULL) {
        assay_free(page->list);
        assay_free(page->labels);
        assay_free(page->effects);
        assay_free(page->parts);
        assay_free(page->sections);
        assay_free(page);
    }
}

const assay_page_section *claims_page_sections(const claims_page *page, size_t *count)
{
    *count = page->count;
    return page->sections;
}

static assay_page_verdict colour_of(assay_claim_verdict verdict)
{
    switch (verdict) {
    case ASSAY_CLAIM_HOLDS: return ASSAY_PAGE_AGREES;
    case ASSAY_CLAIM_DOES_NOT_HOLD: return ASSAY_PAGE_DIFFERS;
    case ASSAY_CLAIM_HOLDS_IN_PART:
    case ASSAY_CLAIM_CANNOT_TELL: break;
    }
    return ASSAY_PAGE_NONE;
}

static void put_region(const assay_claim_part *part, char *text)
{
    if (isinf(part->low)) {
        snprintf(text, EFFECT, "at most %.3g", part->high);
    } else if (isinf(part->high)) {
        snprintf(text, EFFECT, "at least %.3g", part->low);
    } else if (part->low == part->high) {
        snprintf(text, EFFECT, "%.3g", part->low);
    } else {
        snprintf(text, EFFECT, "%.3g to %.3g", part->low, part->high);
    }
}

static assay_page_row part_row(const assay_claim_part *part, section_parts *texts, size_t at)
{
    static const struct {
        const char *text;
        assay_page_verdict colour;
    } answers[] = {[ASSAY_ANSWER_UNKNOWN] = {"cannot be told", ASSAY_PAGE_NONE},
                   [ASSAY_ANSWER_YES] = {"✓ yes", ASSAY_PAGE_AGREES},
                   [ASSAY_ANSWER_NO] = {"✗ no", ASSAY_PAGE_DIFFERS}};
    char *measured = texts->effects[at];
    if (part->count == 0) {
        snprintf(measured, EFFECT, "not measured");
    } else {
        snprintf(measured, EFFECT, "%.4g", part->effect.estimate);
    }
    put_region(part, texts->regions[at]);
    char *note = texts->notes[at];
    const char *unit = part->unit[0] == '\0' ? "" : ", in ";
    if (isnan(part->p_inside)) {
        snprintf(note, EFFECT, "%s%s%s", part->measure, unit, part->unit);
    } else {
        char power[CLAIMS_POWER];
        claims_power(part, power);
        snprintf(note, EFFECT, "%s%s%s; %s", part->measure, unit, part->unit, power);
    }
    return (assay_page_row){.label = part->name,
                            .printed = texts->regions[at],
                            .ours = measured,
                            .error = NAN,
                            .verdict = answers[part->answer].colour,
                            .answer = answers[part->answer].text,
                            .note = note};
}

/* The interval goes beside the estimate: the error's column has it. */
static const char *interval_text(const assay_claim_part *part, char *text)
{
    if (part->count < 2) {
        return NULL;
    }
    snprintf(text, EFFECT, "%.4g to %.4g", part->effect.lower, part->effect.upper);
    return text;
}

static void put_text(const assay_claim *claim, const assay_claim_result *result, char *text)
{
    char condition[CLAIMS_CONDITION] = "";
    if (claim->condition != NULL) {
        assay_claim_condition(result, condition, sizeof condition);
    }
    size_t used = (size_t)snprintf(text, TEXT, "%s\n\n%s%s%s\n\nDecided by: %s", claim->says, result->note,
                                   condition[0] != '\0' ? "\n\n" : "", condition, claim->decided);
    if (result->origin.recorded && used < TEXT) {
        char commit[CLAIMS_COMMIT];
        claims_short_commit(result->origin.commit, commit);
        snprintf(text + used, TEXT - used, "\n\nRecorded with %s: commit %s, backend %s, %s.", result->origin.options,
                 commit, result->origin.backend, result->origin.machine);
    }
}

static void fill_section(const claims_set *set, size_t at, const pictures *all, claims_page *page)
{
    const assay_claim *claim = set->claims[at];
    const assay_claim_result *result = &set->results[at];
    section_parts *texts = &page->parts[at];
    size_t rows = 0;
    for (size_t i = 0; i < result->part_count; i++, rows++) {
        texts->rows[rows] = part_row(&result->parts[i], texts, i);
        texts->rows[rows].error_text = interval_text(&result->parts[i], texts->intervals[i]);
    }
    for (size_t i = 0; i < result->row_count; i++, rows++) {
        const assay_claim_row *row = &result->rows[i];
        texts->rows[rows] = (assay_page_row){.label = row->label,
                                             .printed = row->expected,
                                             .ours = row->measured,
                                             .error_text = "",
                                             .answer = " ",
                                             .error = NAN,
                                             .verdict = ASSAY_PAGE_NONE};
    }
    snprintf(texts->id, sizeof texts->id, "claim-%u", claim->number);
    snprintf(texts->source, sizeof texts->source, "claim %u, cell %s", claim->number, claim->cell);
    put_text(claim, result, texts->text);
    page->sections[at + 1] = (assay_page_section){
        .id = texts->id,
        .title = claim->title,
        .source = texts->source,
        .text = texts->text,
        .label_heading = "What it says",
        .printed_heading = "Said",
        .ours_heading = "Measured",
        .error_heading = "95 % interval",
        .verdict_heading = "Holds",
        .answer = assay_claim_verdict_name(result->verdict),
        .verdict = colour_of(result->verdict),
        .row_count = rows,
        .rows = texts->rows,
        .figure_count = pictures_at_place(all, PICTURES_CLAIMS + (int)at, 1, &texts->figure),
        .figures = &texts->figure,
    };
}

static void fill_list(const claims_set *set, claims_page *page)
{
    for (size_t i = 0; i < set->count; i++) {
        const assay_claim *claim = set->claims[i];
        const assay_claim_result *result = &set->results[i];
        snprintf(page->labels[i], EFFECT, "%u %s", claim->number, claim->title);
        claims_effect(&result->parts[0], page->effects[i], EFFECT);
        page->list[i] = (assay_page_row){.label = page->labels[i],
                                         .printed = claim->cell,
                                         .ours = page->effects[i],
                                         .note = result->parts[0].measure,
                                         .error = NAN,
                                         .error_text = "",
                                         .answer = assay_claim_verdict_name(result->verdict),
                                         .verdict = colour_of(result->verdict)};
    }
    char counts[EFFECT];
    claims_summary(set, counts, sizeof counts);
    snprintf(page->summary, TEXT,
             "The tutorial prints numbers, and it draws conclusions. Here each conclusion that an experiment or a "
             "calculation can decide is tested. %s.\n\nIntervals cover 95 %%, over seeds. The p-values have Holm's "
             "correction over all parts of all claims here: any wrong answer among them has a probability of at most "
             "0.05. \"Would have seen\" is the distance from the said region that this number of seeds shows with "
             "probability 0.9.",
             counts);
    page->sections[0] = (assay_page_section){.id = "claims",
                                             .title = "What the tutorial says",
                                             .text = page->summary,
                                             .label_heading = "Claim",
                                             .printed_heading = "Cell",
                                             .ours_heading = "Measured first",
                                             .error_heading = " ",
                                             .row_count = set->count,
                                             .rows = page->list};
}

assay_status claims_page_create(const claims_set *set, const pictures *all, claims_page **page, assay_error *error)
{
    *page = NULL;
    claims_page *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->list = assay_calloc(set->count, sizeof *made->list, error);
    made->labels = assay_calloc(set->count, sizeof *made->labels, error);
    made->effects = assay_calloc(set->count, sizeof *made->effects, error);
    made->parts = assay_calloc(set->count, sizeof *made->parts, error);
    made->sections = assay_calloc(set->count + 1, sizeof *made->sections, error);
    if (made->list == NULL || made->labels == NULL || made->effects == NULL || made->parts == NULL ||
        made->sections == NULL) {
        claims_page_destroy(made);
        return ASSAY_ERROR_MEMORY;
    }
    made->count = set->count + 1;
    fill_list(set, made);
    for (size_t i = 0; i < set->count; i++) {
        fill_section(set, i, all, made);
    }
    *page = made;
    return ASSAY_OK;
}

assay_status claims_draw(const claims_set *set, pictures *all, assay_error *error)
{
    for (size_t i = 0; i < set->count; i++) {
        assay_figure *figure;
        ASSAY_TRY(assay_claim_figure(&set->results[i], &figure, error));
        if (figure != NULL) {
            ASSAY_TRY(pictures_keep(all, figure, PICTURES_CLAIMS + (int)i, error));
        }
    }
    return ASSAY_OK;
}
