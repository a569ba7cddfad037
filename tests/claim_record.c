#include "claim_record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "support.h"

/* Claim 4 measures rounding, which differs between processors: its texts and its last part are not compared. */
static bool is_rounding(unsigned number, size_t part)
{
    return number == 4 && part == 4;
}

static void compare_numbers(unsigned number, const char *what, size_t count, const double *now, const double *recorded)
{
    for (size_t i = 0; i < count; i++) {
        bool same = isnan(now[i]) ? isnan(recorded[i]) : fabs(now[i] - recorded[i]) <= 1e-5 * fabs(recorded[i]) + 1e-9;
        ck_assert_msg(same, "claim %u, %s, number %zu: %.9g, recorded %.9g", number, what, i + 1, now[i], recorded[i]);
    }
}

static void compare_bound(const assay_claim_part *part, double now, double recorded)
{
    ck_assert_msg(now == recorded || fabs(now - recorded) <= 1e-11 * fabs(recorded), "%s: bound %g, recorded %g",
                  part->name, now, recorded);
}

static void compare_parts(const assay_claim_result *now, const assay_claim_result *recorded, bool numbers)
{
    ck_assert_uint_eq(now->part_count, recorded->part_count);
    for (size_t i = 0; i < now->part_count; i++) {
        const assay_claim_part *part = &now->parts[i];
        const assay_claim_part *old = &recorded->parts[i];
        ck_assert_str_eq(part->name, old->name);
        ck_assert_str_eq(part->measure, old->measure);
        ck_assert_str_eq(part->unit, old->unit);
        ck_assert(part->rule == old->rule && part->essential == old->essential);
        compare_bound(part, part->low, old->low);
        compare_bound(part, part->high, old->high);
        ck_assert(part->count <= old->count);
        compare_numbers(now->number, part->name, numbers && !is_rounding(now->number, i) ? part->count : 0,
                        part->values, old->values);
    }
}

static void compare_figures(const assay_claim_result *now, const assay_claim_result *recorded, bool numbers)
{
    ck_assert_str_eq(now->title, recorded->title);
    ck_assert_str_eq(now->caption, recorded->caption);
    ck_assert_uint_eq(now->panel_count, recorded->panel_count);
    for (size_t i = 0; i < now->panel_count; i++) {
        const assay_claim_panel *panel = &now->panels[i];
        const assay_claim_panel *old = &recorded->panels[i];
        ck_assert_str_eq(panel->title, old->title);
        ck_assert_str_eq(panel->x_label, old->x_label);
        ck_assert_str_eq(panel->y_label, old->y_label);
        ck_assert(panel->x_log == old->x_log && panel->y_log == old->y_log && panel->line_count == old->line_count);
        for (size_t j = 0; j < panel->line_count; j++) {
            const assay_claim_line *line = &panel->lines[j];
            ck_assert_str_eq(line->label, old->lines[j].label);
            ck_assert_int_eq((int)line->style, (int)old->lines[j].style);
            if (numbers && now->number != 4) {
                ck_assert_uint_eq(line->count, old->lines[j].count);
                compare_numbers(now->number, line->label, line->count, line->x, old->lines[j].x);
                compare_numbers(now->number, line->label, line->count, line->y, old->lines[j].y);
            }
        }
    }
}

static void compare(const assay_claim_result *now, bool numbers)
{
    assay_claim_result *recorded = assay_calloc(1, sizeof *recorded, NULL);
    const char *golden = getenv("GOLDEN_DIR");
    char *folder = assay_asprintf(NULL, "%s/claims", golden != NULL ? golden : "golden");
    assay_error error;
    support_assert_ok(assay_claim_record_read(now->number, folder, recorded, &error), &error);
    bool all = numbers && now->seeds == recorded->seeds;
    bool same = all && now->number != 4;
    compare_parts(now, recorded, numbers);
    compare_figures(now, recorded, all);
    ck_assert_uint_eq(now->row_count, recorded->row_count);
    for (size_t i = 0; i < now->row_count; i++) {
        ck_assert_str_eq(now->rows[i].label, recorded->rows[i].label);
        ck_assert_str_eq(now->rows[i].expected, recorded->rows[i].expected);
        ck_assert_msg(!same || strcmp(now->rows[i].measured, recorded->rows[i].measured) == 0, "%s: %s, recorded %s",
                      now->rows[i].label, now->rows[i].measured, recorded->rows[i].measured);
    }
    ck_assert_msg(!same || strcmp(now->note, recorded->note) == 0, "%s\nrecorded: %s", now->note, recorded->note);
    assay_claim_result_destroy(recorded);
    assay_free(recorded);
    assay_free(folder);
}

void claim_record_compare_texts(const assay_claim_result *now)
{
    compare(now, false);
}

void claim_record_compare(const assay_claim_result *now)
{
    compare(now, true);
}
