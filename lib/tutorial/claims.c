/* The list of claims, and how one is examined. */
#include <stdio.h>
#include <string.h>

#include "tutorial/claims_impl.h"

/* clang-format off */
static const assay_claim *const CLAIMS[] = {
    &assay_claim_1,
    &assay_claim_2,
    &assay_claim_3,
    &assay_claim_4,
    &assay_claim_5,
    &assay_claim_6,
    &assay_claim_7,
    &assay_claim_8,
    &assay_claim_9,
    &assay_claim_10,
    &assay_claim_11,
    &assay_claim_12,
    &assay_claim_13,
    &assay_claim_14,
    &assay_claim_15,
    &assay_claim_16,
    &assay_claim_17,
    &assay_claim_18,
    &assay_claim_19,
    &assay_claim_20,
    &assay_claim_21,
    &assay_claim_22,
    &assay_claim_23,
    &assay_claim_24,
    &assay_claim_25,
    &assay_claim_26,
    &assay_claim_27,
    &assay_claim_28,
    &assay_claim_29,
    &assay_claim_30,
    &assay_claim_31,
    &assay_claim_32,
    &assay_claim_33,
};
/* clang-format on */

size_t assay_claims_count(void)
{
    return sizeof CLAIMS / sizeof *CLAIMS;
}

const assay_claim *assay_claim_at(size_t index)
{
    return CLAIMS[index];
}

const assay_claim *assay_claim_by_number(unsigned number)
{
    for (size_t i = 0; i < assay_claims_count(); i++) {
        if (CLAIMS[i]->number == number) {
            return CLAIMS[i];
        }
    }
    return NULL;
}

static bool reads_record(const assay_claim *claim, const assay_claims_input *input)
{
    return input->effort == ASSAY_CLAIMS_DEFAULT && !claim->in_seconds && input->seeds == 0 &&
           input->recorded != NULL && assay_claim_record_exists(claim->number, input->recorded);
}

static const char *const EFFORTS[] = {
    [ASSAY_CLAIMS_QUICK] = "--quick", [ASSAY_CLAIMS_DEFAULT] = "default", [ASSAY_CLAIMS_FULL] = "--full"};

assay_status assay_claim_examine(const assay_claim *claim, const assay_claims_input *input, assay_claim_result *result,
                                 assay_error *error)
{
    *result = (assay_claim_result){.number = claim->number};
    if (reads_record(claim, input)) {
        return assay_claim_record_read(claim->number, input->recorded, result, error);
    }
    assay_status status = claim->measure(input, result, error);
    if (status != ASSAY_OK) {
        char where[32];
        snprintf(where, sizeof where, "claim %u", claim->number);
        return assay_fail_in(error, status, where);
    }
    if (result->origin.recorded) { /* a study's record */
        return ASSAY_OK;
    }
    snprintf(result->origin.backend, sizeof result->origin.backend, "%s", assay_backend_name(input->f32));
    snprintf(result->origin.options, sizeof result->origin.options, "%s, %zu seeds from %llu", EFFORTS[input->effort],
             result->seeds, (unsigned long long)input->first_seed);
    return ASSAY_OK;
}

/* --- figure ------------------------------------------------------------------------------------------------------ */

static assay_status add_panel(assay_figure *figure, const assay_claim_panel *panel, assay_error *error)
{
    const assay_figure_axes axes = {.title = panel->title[0] == '\0' ? NULL : panel->title,
                                    .x_label = panel->x_label,
                                    .y_label = panel->y_label,
                                    .x_log = panel->x_log,
                                    .y_log = panel->y_log,
                                    .x_names = panel->x_names,
                                    .key = ASSAY_KEY_BELOW};
    ASSAY_TRY(assay_figure_add_panel(figure, &axes, error));
    for (unsigned i = 0; i < panel->line_count; i++) {
        const assay_claim_line *line = &panel->lines[i];
        const char *label = line->label[0] == '\0' ? NULL : line->label;
        ASSAY_TRY(assay_figure_add_line(figure, label, i, line->style, line->count, line->x, line->y, error));
    }
    return ASSAY_OK;
}

static assay_status fill_figure(assay_figure *figure, const assay_claim_result *result, assay_error *error)
{
    char alt[2 * ASSAY_CLAIM_TEXT];
    snprintf(alt, sizeof alt, "%s. %s", result->title, result->note);
    for (size_t i = 0; i < result->panel_count; i++) {
        ASSAY_TRY(add_panel(figure, &result->panels[i], error));
    }
    return assay_figure_describe(figure, result->caption, alt, error);
}

assay_status assay_claim_figure(const assay_claim_result *result, assay_figure **figure, assay_error *error)
{
    *figure = NULL;
    if (result->panel_count == 0) {
        return ASSAY_OK;
    }
    char name[32];
    snprintf(name, sizeof name, "claim-%u", result->number);
    size_t lines = 0;
    for (size_t i = 0; i < result->panel_count; i++) {
        lines = result->panels[i].line_count > lines ? result->panels[i].line_count : lines;
    }
    /* Panels one below the other, wide enough for a key; a key of many lines needs room of its own. */
    const assay_figure_layout layout = {.name = name,
                                        .title = result->title,
                                        .columns = 1,
                                        .panel_width = 640,
                                        .panel_height = 400 + (lines > 4 ? 20 * (unsigned)lines : 0)};
    assay_figure *made = assay_figure_create(&layout, error);
    assay_status status = made == NULL ? ASSAY_ERROR_MEMORY : fill_figure(made, result, error);
    if (status != ASSAY_OK) {
        assay_figure_destroy(made);
        return status;
    }
    *figure = made;
    return ASSAY_OK;
}
