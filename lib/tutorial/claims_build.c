/* Building the result of a claim. */
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
    if (result->part_count == ASSAY_CLAIM_PARTS || (count == 0 && part->rule == ASSAY_PART_EVERY) ||
        (part->rule == ASSAY_PART_GIVEN && count != 3) || !(part->low <= part->high) ||
        (isinf(part->low) && isinf(part->high))) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "claim %u: part \"%s\": give at most %d parts, each with values and a bound", result->number,
                          part->name, ASSAY_CLAIM_PARTS);
    }
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
    if (result->row_count == ASSAY_CLAIM_ROWS) {
        return;
    }
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

assay_status claim_add_panel(assay_claim_result *result, const claim_panel *panel, assay_error *error)
{
    if (result->panel_count == ASSAY_CLAIM_PANELS) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT, "claim %u: more than %d panels", result->number,
                          ASSAY_CLAIM_PANELS);
    }
    assay_claim_panel *added = &result->panels[result->panel_count++];
    *added = (assay_claim_panel){.x_log = panel->x_log, .y_log = panel->y_log};
    put(added->title, sizeof added->title, panel->title);
    put(added->x_label, sizeof added->x_label, panel->x_label);
    put(added->y_label, sizeof added->y_label, panel->y_label);
    put(added->x_names, sizeof added->x_names, panel->x_names);
    return ASSAY_OK;
}

assay_status claim_add_line(assay_claim_result *result, const char *label, assay_line_style style, size_t count,
                            const double *x, const double *y, assay_error *error)
{
    assay_claim_panel *panel = result->panel_count == 0 ? NULL : &result->panels[result->panel_count - 1];
    if (panel == NULL || panel->line_count == ASSAY_CLAIM_LINES || count == 0) {
        return assay_fail(error, ASSAY_ERROR_ARGUMENT,
                          "claim %u: a line needs a panel with fewer than %d lines, and points", result->number,
                          ASSAY_CLAIM_LINES);
    }
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
