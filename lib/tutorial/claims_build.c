/* Building the result of a claim. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_impl.h"

static void put(char *to, size_t size, const char *text)
{
    snprintf(to, size, "%s", text == NULL ? "" : text);
}

static assay_status copy_numbers(size_t count, const double *from, double **to, assay_error *error)
{
    *to = assay_calloc(count, sizeof **to, error);
    if (*to == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    memcpy(*to, from, count * sizeof **to);
    return ASSAY_OK;
}

void assay_claim_result_destroy(assay_claim_result *result)
{
    for (size_t i = 0; i < result->part_count; i++) {
        assay_free(result->parts[i].values);
    }
    for (size_t i = 0; i < result->panel_count; i++) {
        assay_claim_panel *panel = &result->panels[i];
        for (size_t j = 0; j < panel->line_count; j++) {
            assay_free(panel->lines[j].x);
            assay_free(panel->lines[j].y);
        }
    }
    *result = (assay_claim_result){0};
}

static assay_status check_part(const assay_claim_result *result, const claim_part *part, size_t count,
                               const double *values, assay_error *error)
{
    assert(result->part_count < ASSAY_CLAIM_PARTS); /* LCOV_EXCL_BR_LINE: no claim has so many */
    assert(part->low <= part->high);                /* LCOV_EXCL_BR_LINE: a constant of each claim */
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            return assay_fail(error, ASSAY_ERROR_NUMERIC, "claim %u: part \"%s\": value %zu is %g", result->number,
                              part->name, i + 1, values[i]);
        }
    }
    return ASSAY_OK;
}

assay_status claim_add_part(assay_claim_result *result, const claim_part *part, size_t count, const double *values,
                            assay_error *error)
{
    ASSAY_TRY(check_part(result, part, count, values, error));
    assay_claim_part *added = &result->parts[result->part_count];
    *added = (assay_claim_part){
        .rule = part->rule, .essential = part->essential, .low = part->low, .high = part->high, .count = count};
    put(added->name, sizeof added->name, part->name);
    put(added->measure, sizeof added->measure, part->measure);
    put(added->unit, sizeof added->unit, part->unit);
    ASSAY_TRY(copy_numbers(count, values, &added->values, error));
    result->part_count++;
    claim_count_seeds(result, added);
    return ASSAY_OK;
}

void claim_count_seeds(assay_claim_result *result, const assay_claim_part *part)
{
    if (part->rule != ASSAY_PART_GIVEN && part->count > result->seeds) {
        result->seeds = part->count;
    }
}

void claim_add_row(assay_claim_result *result, const char *label, const char *expected, const char *format, ...)
{
    assert(result->row_count < ASSAY_CLAIM_ROWS); /* LCOV_EXCL_BR_LINE: no claim has so many */
    assay_claim_row *row = &result->rows[result->row_count++];
    put(row->label, sizeof row->label, label);
    put(row->expected, sizeof row->expected, expected);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(row->measured, sizeof row->measured, format, arguments);
    va_end(arguments);
}

void claim_note(assay_claim_result *result, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(result->note, sizeof result->note, format, arguments);
    va_end(arguments);
}

void claim_figure(assay_claim_result *result, const char *title, const char *caption)
{
    put(result->title, sizeof result->title, title);
    put(result->caption, sizeof result->caption, caption);
}

void claim_add_panel(assay_claim_result *result, const claim_panel *panel)
{
    assert(result->panel_count < ASSAY_CLAIM_PANELS); /* LCOV_EXCL_BR_LINE: no claim has so many */
    assay_claim_panel *added = &result->panels[result->panel_count++];
    *added = (assay_claim_panel){.x_log = panel->x_log, .y_log = panel->y_log};
    put(added->title, sizeof added->title, panel->title);
    put(added->x_label, sizeof added->x_label, panel->x_label);
    put(added->y_label, sizeof added->y_label, panel->y_label);
    put(added->x_names, sizeof added->x_names, panel->x_names);
}

assay_status claim_add_line(assay_claim_result *result, const char *label, assay_line_style style, size_t count,
                            const double *x, const double *y, assay_error *error)
{
    assert(result->panel_count > 0 && count > 0); /* LCOV_EXCL_BR_LINE: each claim begins with a panel */
    assay_claim_panel *panel = &result->panels[result->panel_count - 1];
    assert(panel->line_count < ASSAY_CLAIM_LINES); /* LCOV_EXCL_BR_LINE: no claim has so many */
    assay_claim_line *line = &panel->lines[panel->line_count++];
    *line = (assay_claim_line){.style = style, .count = count};
    put(line->label, sizeof line->label, label);
    ASSAY_TRY(copy_numbers(count, x, &line->x, error));
    return copy_numbers(count, y, &line->y, error);
}

size_t claim_seeds(const assay_claims_input *input, size_t quick, size_t full)
{
    if (input->seeds != 0) {
        return input->seeds;
    }
    return input->effort == ASSAY_CLAIMS_QUICK ? quick : full;
}

void claim_progress(const assay_claims_input *input, size_t done, size_t total)
{
    if (input->progress != NULL) {
        input->progress(input->user, (double)done / (double)total);
    }
}
