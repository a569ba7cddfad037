/*
 * What the tutorial says, tested: the rules that make verdicts, on numbers whose truth is known; records; claims whose
 * answer is known by theory, on real data; and the command's bad input.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include <assay/tutorial/claims.h>
#include <assay/tutorial/defaults.h>
#include "claim_record.h"
#include "support.h"

/* --- verdicts ---------------------------------------------------------------------------------------------------- */

static void add_part(assay_claim_result *result, assay_claim_rule rule, bool essential, double low, double high,
                     size_t count, const double *values)
{
    assay_claim_part *part = &result->parts[result->part_count++];
    *part = (assay_claim_part){
        .name = "a part", .rule = rule, .essential = essential, .low = low, .high = high, .count = count};
    part->values = assay_calloc(count, sizeof *part->values, NULL);
    ck_assert_ptr_nonnull(part->values);
    memcpy(part->values, values, count * sizeof *values);
}

static void draw_normal(assay_mt19937 *generator, size_t count, double mean, double std, double *values)
{
    for (size_t i = 0; i < count; i++) {
        double u = ((double)(assay_mt19937_random64(generator) >> 11) + 0.5) * 0x1p-53;
        values[i] = mean + std * assay_normal_quantile(u);
    }
}

/* A mean of 1 with a standard error of 0.075: which regions hold it? */
START_TEST(planted_effects_are_found)
{
    static const struct {
        double low;
        double high;
        assay_claim_answer answer;
    } cases[] = {
        {0.5, INFINITY, ASSAY_ANSWER_YES},      {-INFINITY, 1.5, ASSAY_ANSWER_YES}, {0.5, 1.5, ASSAY_ANSWER_YES},
        {-INFINITY, 0.5, ASSAY_ANSWER_NO},      {1.5, INFINITY, ASSAY_ANSWER_NO},   {-0.5, 0.5, ASSAY_ANSWER_NO},
        {-INFINITY, 1.0, ASSAY_ANSWER_UNKNOWN}, {1.0, 2.0, ASSAY_ANSWER_UNKNOWN},
    };
    enum { CASES = sizeof cases / sizeof *cases, SEEDS = 16 };
    assay_claim_result result = {.number = 1};
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 5);
    double values[SEEDS];
    draw_normal(&generator, SEEDS, 0.0, 0.3, values);
    double mean = assay_statistic_mean(SEEDS, values, NULL);
    for (size_t i = 0; i < SEEDS; i++) {
        values[i] += 1.0 - mean;
    }
    for (size_t i = 0; i < CASES; i++) {
        add_part(&result, ASSAY_PART_MEAN, false, cases[i].low, cases[i].high, SEEDS, values);
    }
    assay_error error;
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    for (size_t i = 0; i < CASES; i++) {
        const assay_claim_part *part = &result.parts[i];
        ck_assert_msg(part->answer == cases[i].answer, "region %zu: answer %d, p %g and %g", i, (int)part->answer,
                      part->p_inside, part->p_outside);
        ck_assert(fabs(part->effect.estimate - 1.0) < 1e-12);
        ck_assert(part->effect.lower > 0.8 && part->effect.upper < 1.2);
        /* The theory of a test at level 0.05 / 16 with power 0.9: (2.73 + 1.28) standard errors. */
        ck_assert_msg(part->smallest > 0.2 && part->smallest < 0.5, "smallest effect %g", part->smallest);
    }
    ck_assert_int_eq(result.verdict, ASSAY_CLAIM_HOLDS_IN_PART);
    assay_claim_result_destroy(&result);
}
END_TEST

/*
 * The mean is exactly on a bound, so any YES and any NO would be wrong. Of 24 families of ten parts 1.2 may have one in
 * the mean; more than 9 has a probability of 1e-7. Without Holm's correction there would be 15.
 */
START_TEST(no_false_alarms)
{
    evidence(EVIDENCE_STATISTICAL, "tutorial/claims_decide");
    evidence_alarm(1, 1.1e-7);
    enum { FAMILIES = 24, PARTS = 10, SEEDS = 12 };
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 77);
    int wrong = 0;
    for (int family = 0; family < FAMILIES; family++) {
        assay_claim_result results[PARTS] = {0};
        for (size_t i = 0; i < PARTS; i++) {
            double values[SEEDS];
            results[i].number = 1;
            draw_normal(&generator, SEEDS, 2.0, 1.0, values);
            add_part(&results[i], ASSAY_PART_MEAN, false, 2.0, INFINITY, SEEDS, values);
        }
        assay_error error;
        support_assert_ok(assay_claims_decide(PARTS, results, &error), &error);
        bool any = false;
        for (size_t i = 0; i < PARTS; i++) {
            any = any || results[i].verdict != ASSAY_CLAIM_CANNOT_TELL;
            assay_claim_result_destroy(&results[i]);
        }
        wrong += any;
    }
    ck_assert_msg(wrong <= 9, "%d of %d families with a wrong answer", wrong, FAMILIES);
}
END_TEST

/* Y: a part that holds, N: one that does not, U: one that cannot be told; lower case: not essential. */
START_TEST(verdicts_follow_the_rules)
{
    static const struct {
        const char *parts;
        assay_claim_verdict verdict;
    } cases[] = {
        {"y", ASSAY_CLAIM_HOLDS},          {"n", ASSAY_CLAIM_DOES_NOT_HOLD},   {"u", ASSAY_CLAIM_CANNOT_TELL},
        {"yyy", ASSAY_CLAIM_HOLDS},        {"nnn", ASSAY_CLAIM_DOES_NOT_HOLD}, {"yn", ASSAY_CLAIM_HOLDS_IN_PART},
        {"yu", ASSAY_CLAIM_CANNOT_TELL},   {"nu", ASSAY_CLAIM_CANNOT_TELL},    {"ynu", ASSAY_CLAIM_HOLDS_IN_PART},
        {"Yn", ASSAY_CLAIM_HOLDS_IN_PART}, {"Ny", ASSAY_CLAIM_DOES_NOT_HOLD},  {"yNu", ASSAY_CLAIM_DOES_NOT_HOLD},
        {"Uyn", ASSAY_CLAIM_CANNOT_TELL},  {"UN", ASSAY_CLAIM_DOES_NOT_HOLD},  {"Yy", ASSAY_CLAIM_HOLDS},
    };
    static const double pair[] = {1.0, 2.0}; /* two seeds decide nothing */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_claim_result result = {.number = 1};
        for (const char *c = cases[i].parts; *c != '\0'; c++) {
            bool essential = *c < 'a';
            bool unknown = *c == 'u' || *c == 'U';
            double value = *c == 'y' || *c == 'Y' ? 0.5 : 1.5;
            add_part(&result, unknown ? ASSAY_PART_MEAN : ASSAY_PART_EVERY, essential, 0.0, 1.0, unknown ? 2 : 1,
                     unknown ? pair : &value);
        }
        assay_error error;
        support_assert_ok(assay_claims_decide(1, &result, &error), &error);
        ck_assert_msg(result.verdict == cases[i].verdict, "%s: %s", cases[i].parts,
                      assay_claim_verdict_name(result.verdict));
        assay_claim_result_destroy(&result);
    }
    assay_claim_result empty = {.number = 7};
    assay_error error;
    support_assert_error(assay_claims_decide(1, &empty, &error), ASSAY_ERROR_ARGUMENT, &error, "claim 7");
}
END_TEST

START_TEST(every_seed_must_be_inside)
{
    static const double values[] = {0.1, 0.2, 0.9};
    assay_claim_result result = {.number = 1};
    add_part(&result, ASSAY_PART_EVERY, false, 0.0, 1.0, 3, values);
    add_part(&result, ASSAY_PART_EVERY, false, 0.0, 0.5, 3, values);
    assay_error error;
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    ck_assert_int_eq(result.parts[0].answer, ASSAY_ANSWER_YES);
    ck_assert_int_eq(result.parts[1].answer, ASSAY_ANSWER_NO);
    ck_assert(result.parts[0].effect.lower == 0.1 && result.parts[0].effect.upper == 0.9);
    ck_assert_double_eq_tol(result.parts[0].effect.estimate, 0.4, 1e-15);
    ck_assert(isnan(result.parts[0].p_inside) && isnan(result.parts[0].p_outside) && isnan(result.parts[0].smallest));
    char text[128];
    assay_claim_condition(&result, text, sizeof text);
    ck_assert_str_eq(text, "Holds: a part. Does not hold: a part");
    assay_claim_condition(&result, text, 12);
    ck_assert_str_eq(text, "Holds: a pa");
    assay_claim_result_destroy(&result);
}
END_TEST

/* An interval decides from 12 seeds on: wholly inside yes, wholly outside no, both bounds included. One that is given
 * has no such limit. */
START_TEST(intervals_decide)
{
    static const struct {
        double low;
        double high;
        assay_claim_answer answer; /* of an interval from 1 to 3 */
    } cases[] = {
        {1.0, 3.0, ASSAY_ANSWER_YES},           {0.0, INFINITY, ASSAY_ANSWER_YES}, {3.5, 4.0, ASSAY_ANSWER_NO},
        {-INFINITY, 0.5, ASSAY_ANSWER_NO},      {1.5, 4.0, ASSAY_ANSWER_UNKNOWN},  {0.0, 2.5, ASSAY_ANSWER_UNKNOWN},
        {-INFINITY, 1.0, ASSAY_ANSWER_UNKNOWN}, {3.0, 5.0, ASSAY_ANSWER_UNKNOWN},
    };
    static const double given[] = {2.0, 1.0, 3.0};
    enum { CASES = sizeof cases / sizeof *cases, MOST = 12 };
    double values[MOST];
    assay_claim_result result = {.number = 1};
    assay_error error;
    for (size_t i = 0; i < CASES; i++) {
        add_part(&result, ASSAY_PART_GIVEN, false, cases[i].low, cases[i].high, 3, given);
    }
    for (size_t i = 0; i < MOST; i++) {
        values[i] = 2.0 + 0.01 * (double)i;
    }
    add_part(&result, ASSAY_PART_INTERVAL, false, 1.0, 3.0, MOST, values);
    add_part(&result, ASSAY_PART_INTERVAL, false, 1.0, 3.0, MOST - 1, values);
    add_part(&result, ASSAY_PART_INTERVAL, false, 3.0, 4.0, MOST, values);
    add_part(&result, ASSAY_PART_INTERVAL, false, 1.0, 3.0, 1, values);
    add_part(&result, ASSAY_PART_MEAN, false, 1.0, 3.0, 1, values);
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    for (size_t i = 0; i < CASES; i++) {
        const assay_claim_part *part = &result.parts[i];
        ck_assert_msg(part->answer == cases[i].answer, "case %zu: %d", i, (int)part->answer);
        ck_assert(part->effect.estimate == 2.0 && part->effect.lower == 1.0 && part->effect.upper == 3.0);
        ck_assert(isnan(part->p_inside) && isnan(part->p_outside) && isnan(part->smallest));
    }
    ck_assert_int_eq(result.parts[CASES].answer, ASSAY_ANSWER_YES);
    ck_assert_int_eq(result.parts[CASES + 1].answer, ASSAY_ANSWER_UNKNOWN);
    ck_assert_int_eq(result.parts[CASES + 2].answer, ASSAY_ANSWER_NO);
    ck_assert_int_eq(result.parts[CASES + 3].answer, ASSAY_ANSWER_UNKNOWN); /* one seed tells nothing */
    ck_assert_int_eq(result.parts[CASES + 4].answer, ASSAY_ANSWER_UNKNOWN);
    assay_claim_result_destroy(&result);
}
END_TEST

/* The numbers of one tested part are those of lib/stats with what doc/claims.md states: a BCa interval of 95 % from
 * 10,000 resamples, all patterns of signs for up to 20 seeds and a million beyond, and the power of a test at level
 * 0.05 / 2 by 64 experiments of at most 4,096 patterns. */
START_TEST(numbers_of_a_part)
{
    static const size_t counts[] = {13, 20, 21};
    size_t count = counts[_i];
    double values[21];
    double inwards[21];
    double outwards[21];
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 9);
    draw_normal(&generator, count, 1.0, 1.0, values);
    assay_claim_result result = {.number = 1};
    add_part(&result, ASSAY_PART_MEAN, false, 0.9, INFINITY, count, values);
    assay_error error;
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    const assay_claim_part *part = &result.parts[0];
    assay_interval interval;
    assay_sign_flip_result test;
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(
        assay_bootstrap_interval(count, values, assay_statistic_mean, NULL, 10000, 0.95, &generator, &interval, &error),
        &error);
    ck_assert_double_eq(part->effect.lower, interval.lower);
    ck_assert_double_eq(part->effect.upper, interval.upper);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        inwards[i] = values[i] - 0.9;
        outwards[i] = -inwards[i];
        sum += inwards[i];
    }
    size_t flips = count <= 20 ? (size_t)1 << 20 : 1000000;
    support_assert_ok(assay_sign_flip_test(count, inwards, flips, &generator, &test, &error), &error);
    double inside = sum > 0.0 ? test.p / 2.0 : 1.0 - test.p / 2.0;
    support_assert_ok(assay_sign_flip_test(count, outwards, flips, &generator, &test, &error), &error);
    double outside = sum < 0.0 ? test.p / 2.0 : 1.0 - test.p / 2.0;
    /* Holm's correction of two p-values. */
    double smaller = fmin(1.0, 2.0 * fmin(inside, outside));
    double larger = fmax(smaller, fmax(inside, outside));
    ck_assert_double_eq_tol(part->p_inside, inside < outside ? smaller : larger, 1e-12);
    ck_assert_double_eq_tol(part->p_outside, inside < outside ? larger : smaller, 1e-12);
    const assay_power_plan plan = {.count = count, .alpha = 0.05, .flips = 4096, .experiments = 64};
    double smallest;
    support_assert_ok(assay_smallest_effect(&plan, count, values, 0.9, &generator, &smallest, &error), &error);
    ck_assert_double_eq(part->smallest, smallest);
    assay_claim_result_destroy(&result);
}
END_TEST

/* The more parts are tested, the stricter is each test, and the larger the effect that it sees. */
START_TEST(power_among_many)
{
    enum { PARTS = 24, SEEDS = 13 };
    double values[SEEDS];
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 9);
    draw_normal(&generator, SEEDS, 1.0, 1.0, values);
    assay_claim_result result = {.number = 1};
    for (size_t i = 0; i < PARTS; i++) {
        add_part(&result, ASSAY_PART_MEAN, false, 0.9, INFINITY, SEEDS, values);
    }
    assay_error error;
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    assay_interval interval;
    assay_sign_flip_result test;
    assay_mt19937_seed(&generator, 1);
    support_assert_ok(
        assay_bootstrap_interval(SEEDS, values, assay_statistic_mean, NULL, 10000, 0.95, &generator, &interval, &error),
        &error);
    for (int i = 0; i < 2; i++) { /* draws nothing: all patterns */
        support_assert_ok(assay_sign_flip_test(SEEDS, values, (size_t)1 << 20, &generator, &test, &error), &error);
    }
    const assay_power_plan plan = {.count = SEEDS, .alpha = 0.05 / PARTS, .flips = 4096, .experiments = 64};
    double smallest;
    support_assert_ok(assay_smallest_effect(&plan, SEEDS, values, 0.9, &generator, &smallest, &error), &error);
    for (size_t i = 0; i < PARTS; i++) {
        ck_assert_double_eq(result.parts[i].smallest, smallest);
    }
    assay_claim_result_destroy(&result);
}
END_TEST

/* As many parts as there may be; nothing behind them changes. */
START_TEST(all_parts_are_used)
{
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    const double value = 0.5;
    assay_error error;
    result->number = 1;
    for (size_t i = 0; i < ASSAY_CLAIM_PARTS; i++) {
        add_part(result, ASSAY_PART_EVERY, false, 0.0, 1.0, 1, &value);
    }
    support_assert_ok(assay_claims_decide(1, result, &error), &error);
    ck_assert_int_eq(result->verdict, ASSAY_CLAIM_HOLDS);
    ck_assert_uint_eq(result->row_count, 0);
    for (size_t i = 0; i < ASSAY_CLAIM_ROWS; i++) {
        static const assay_claim_row none;
        ck_assert_int_eq(memcmp(&result->rows[i], &none, sizeof none), 0);
    }
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* A text of parts ends where there is room for no more, without a part of the next. */
START_TEST(conditions_list_parts)
{
    static const double half = 0.5;
    static const double pair[] = {1.0, 2.0};
    assay_claim_result result = {.number = 1};
    assay_error error;
    add_part(&result, ASSAY_PART_EVERY, false, 0.0, 1.0, 1, &half);
    add_part(&result, ASSAY_PART_EVERY, false, 0.0, 1.0, 1, &half);
    add_part(&result, ASSAY_PART_MEAN, false, 0.0, 1.0, 2, pair);
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    char text[128];
    assay_claim_condition(&result, text, sizeof text);
    ck_assert_str_eq(text, "Holds: a part; a part. Cannot be told: a part");
    result.number = 1000; /* no such claim: the list, too */
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    ck_assert_int_eq(result.verdict, ASSAY_CLAIM_CANNOT_TELL);
    assay_claim_condition(&result, text, 30);
    ck_assert_str_eq(text, "Holds: a part; a part. Cannot");
    assay_claim_condition(&result, text, 8);
    ck_assert_str_eq(text, "Holds: ");
    ck_assert_str_eq(assay_claim_rule_name(ASSAY_PART_MEAN), "mean");
    ck_assert_str_eq(assay_claim_rule_name(ASSAY_PART_GIVEN), "given");
    ck_assert_str_eq(assay_claim_verdict_name(ASSAY_CLAIM_HOLDS), "holds");
    ck_assert_str_eq(assay_claim_verdict_name(ASSAY_CLAIM_HOLDS_IN_PART), "holds in part");
    ck_assert_str_eq(assay_claim_verdict_name(ASSAY_CLAIM_DOES_NOT_HOLD), "does not hold");
    ck_assert_str_eq(assay_claim_verdict_name(ASSAY_CLAIM_CANNOT_TELL), "cannot be told at this power");
    assay_claim_result_destroy(&result);
}
END_TEST

/* --- the table --------------------------------------------------------------------------------------------------- */

START_TEST(each_claim_is_described)
{
    unsigned before = 0;
    for (size_t i = 0; i < assay_claims_count(); i++) {
        const assay_claim *claim = assay_claim_at(i);
        ck_assert_msg(claim->number > before, "claim %u comes after %u", claim->number, before);
        before = claim->number;
        ck_assert_ptr_eq(assay_claim_by_number(claim->number), claim);
        ck_assert(claim->cell[0] == '[' && claim->title[0] != '\0' && claim->says[0] != '\0' &&
                  claim->decided[0] != '\0' && claim->measure != NULL);
    }
    ck_assert_ptr_null(assay_claim_by_number(0));
    ck_assert_ptr_null(assay_claim_by_number(1000));
}
END_TEST

/* --- records ----------------------------------------------------------------------------------------------------- */

static assay_claim_result sample_result(void)
{
    static const double values[] = {1.0, -2.5, 1e-9};
    static double y[] = {1.0, NAN, 3.0};
    assay_claim_result result = {.number = 8,
                                 .note = "A note.",
                                 .title = "A figure",
                                 .caption = "A caption.",
                                 .row_count = 1,
                                 .panel_count = 1,
                                 .seeds = 3};
    add_part(&result, ASSAY_PART_MEAN, true, -INFINITY, 0.5, 3, values);
    add_part(&result, ASSAY_PART_EVERY, false, 0.0, 1.0, 1, values);
    strcpy(result.parts[0].measure, "what is measured");
    strcpy(result.parts[0].unit, "bits");
    result.rows[0] = (assay_claim_row){"label", "expected", "measured"};
    result.origin = (assay_claim_origin){"abc", "openblas", "a machine", "--full", false};
    assay_claim_panel *panel = &result.panels[0];
    *panel = (assay_claim_panel){
        .title = "t", .x_label = "x", .y_label = "y", .x_names = "one|two", .y_log = true, .line_count = 1};
    panel->lines[0] = (assay_claim_line){.label = "l", .style = ASSAY_LINE_POINTS, .count = 3};
    panel->lines[0].x = assay_calloc(3, sizeof(double), NULL);
    panel->lines[0].y = assay_calloc(3, sizeof(double), NULL);
    memcpy(panel->lines[0].y, y, sizeof y);
    return result;
}

START_TEST(records_read_back)
{
    char *folder = support_make_folder();
    assay_claim_result wrote = sample_result();
    assay_claim_result read;
    assay_error error;
    ck_assert(!assay_claim_record_exists(8, folder));
    support_assert_error(assay_claim_record_read(8, folder, &read, &error), ASSAY_ERROR_IO, &error, "08.json");
    support_assert_ok(assay_claim_record_write(&wrote, folder, &error), &error);
    ck_assert(assay_claim_record_exists(8, folder));
    support_assert_ok(assay_claim_record_read(8, folder, &read, &error), &error);
    ck_assert_uint_eq(read.part_count, 2);
    ck_assert_uint_eq(read.seeds, 3);
    ck_assert_str_eq(read.parts[0].name, "a part");
    ck_assert_str_eq(read.parts[0].measure, "what is measured");
    ck_assert_str_eq(read.parts[0].unit, "bits");
    ck_assert_uint_eq(read.parts[0].count, 3);
    ck_assert(!read.parts[1].essential && read.parts[1].low == 0.0 && read.parts[1].high == 1.0);
    ck_assert_uint_eq(read.row_count, 1);
    ck_assert_str_eq(read.rows[0].label, "label");
    ck_assert_str_eq(read.rows[0].expected, "expected");
    ck_assert_str_eq(read.title, "A figure");
    ck_assert_str_eq(read.caption, "A caption.");
    ck_assert_str_eq(read.origin.backend, "openblas");
    ck_assert_str_eq(read.origin.machine, "a machine");
    ck_assert_str_eq(read.origin.options, "--full");
    ck_assert_uint_eq(read.panel_count, 1);
    const assay_claim_panel *panel = &read.panels[0];
    ck_assert_str_eq(panel->title, "t");
    ck_assert_str_eq(panel->x_label, "x");
    ck_assert_str_eq(panel->y_label, "y");
    ck_assert_str_eq(panel->x_names, "one|two");
    ck_assert(!panel->x_log && panel->y_log && panel->line_count == 1);
    ck_assert_str_eq(panel->lines[0].label, "l");
    ck_assert(read.parts[0].essential && isinf(read.parts[0].low) && read.parts[0].high == 0.5);
    for (size_t i = 0; i < 3; i++) {
        support_assert_relative("value", read.parts[0].values[i], wrote.parts[0].values[i], 1e-11);
    }
    ck_assert_int_eq(read.parts[1].rule, ASSAY_PART_EVERY);
    ck_assert_str_eq(read.rows[0].measured, "measured");
    ck_assert_str_eq(read.note, wrote.note);
    ck_assert(read.origin.recorded);
    ck_assert_str_eq(read.origin.commit, "abc");
    const assay_claim_line saved = read.panels[0].lines[0];
    const assay_claim_line *line = &saved;
    ck_assert(line->style == ASSAY_LINE_POINTS && line->count == 3 && isnan(line->y[1]) && line->y[2] == 3.0);
    assay_figure *figure;
    support_assert_ok(assay_claim_figure(&read, &figure, &error), &error);
    ck_assert_str_eq(assay_figure_name(figure), "claim-8");
    ck_assert_str_eq(assay_figure_title(figure), "A figure");
    ck_assert_str_eq(assay_figure_caption(figure), "A caption.");
    ck_assert_str_eq(assay_figure_alt(figure), "A figure. A note.");
    support_assert_ok(assay_figure_write(figure, folder, &error), &error);
    char *path = assay_asprintf(NULL, "%s/claim-8.dat", folder);
    char *data;
    size_t size;
    support_assert_ok(assay_file_read(path, 1 << 20, &data, &size, &error), &error);
    ck_assert_msg(strstr(data, "\"t\", l\n") != NULL, "%s", data);
    assay_free(data);
    assay_free(path);
    assay_figure_destroy(figure);
    read.panels[0].line_count = 0;
    unsigned height[2];
    for (int i = 0; i < 2; i++) { /* a key of more than four lines needs room */
        while (read.panels[0].line_count < 4 + (size_t)i) {
            read.panels[0].lines[read.panels[0].line_count++] = *line;
        }
        support_assert_ok(assay_claim_figure(&read, &figure, &error), &error);
        height[i] = assay_figure_height(figure);
        assay_figure_destroy(figure);
    }
    read.panels[0].line_count = 1;
    ck_assert_uint_eq(height[1] - height[0], 100);
    read.panel_count = 0;
    support_assert_ok(assay_claim_figure(&read, &figure, &error), &error);
    ck_assert_ptr_null(figure);
    read.panel_count = 1;
    assay_claim_result_destroy(&read);
    assay_claim_result_destroy(&wrote);
    support_remove_folder(folder);
}
END_TEST

/* A record with one text in place of another. */
static void damage(const char *path, const char *old, const char *new)
{
    char *text;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1 << 20, &text, &size, &error), &error);
    char *at = strstr(text, old);
    ck_assert_msg(at != NULL, "%s is not in the record", old);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    fclose(file);
    assay_free(text);
}

START_TEST(damaged_records_are_refused)
{
    static const struct {
        const char *old;
        const char *new;
        const char *part;
    } cases[] = {
        {"\"claim\": 8", "\"claim\": 9", "\"claim\""},
        {"\"essential\": true", "\"essential\": 1", "\"essential\""},
        {"\"rule\": \"mean\"", "\"rule\": \"median\"", "\"rule\""},
        {"-2.5", "null", "\"values\""},
        {"-2.5", "\"x\"", "\"values\""},
        {"\"high\": 0.5", "\"high\": \"y\"", "\"high\""},
        {"\"style\": \"points\"", "\"style\": \"dots\"", "\"style\""},
        {"\"claim\"", "\"number\"", "\"claim\""},
        {"\"essential\"", "\"needed\"", "\"essential\""},
        {"\"low\"", "\"least\"", "\"low\""},
        {"\"values\": [", "\"values\": {}, \"more\": [", "\"values\""},
        {"\"rows\": [", "\"rows\": {}, \"more\": [", "\"rows\""},
        {"\"lines\": [", "\"more\": [", "\"lines\""},
        {"\"commit\": \"abc\"", "\"commit\": 3", "\"commit\""},
        {"\"parts\"", "\"pieces\"", "\"parts\""},
        {"\"claim\": 8", "\"claim\": 8.0", "\"claim\""},
        {"\"origin\"", "\"from\"", "\"commit\""},
        {"\"backend\"", "\"front\"", "\"backend\""},
        {"\"machine\"", "\"box\"", "\"machine\""},
        {"\"options\"", "\"wishes\"", "\"options\""},
        {"\"rows\"", "\"lists\"", "\"rows\""},
        {"\"note\"", "\"notes\"", "\"note\""},
        {"\"title\": \"A figure\"", "\"heading\": 1", "\"title\""},
        {"\"caption\"", "\"legend\"", "\"caption\""},
        {"\"panels\"", "\"panes\"", "\"panels\""},
        {"\"name\"", "\"named\"", "\"name\""},
        {"\"measure\"", "\"measures\"", "\"measure\""},
        {"\"unit\"", "\"units\"", "\"unit\""},
        {"\"rule\"", "\"rules\"", "\"rule\""},
        {"\"rule\": \"mean\"", "\"rule\": \"a rule of many letters\"", "\"rule\""},
        {"\"rule\": \"every\"", "\"rule\": \"given\"", "\"rule\""}, /* of one value */
        {"\"low\": null", "\"low\": 0.75", "\"rule\""},             /* above the upper bound */
        {"\"low\": null", "\"low\": \"x\"", "\"low\""},
        {"\"values\"", "\"value\"", "\"values\""},
        {"\"label\": \"label\"", "\"label\": 1", "\"label\""},
        {"\"expected\"", "\"hoped\"", "\"expected\""},
        {"\"measured\": ", "\"seen\": ", "\"measured\""},
        {"\"title\": \"t\"", "\"title\": 1", "\"title\""},
        {"\"x_label\"", "\"xlabel\"", "\"x_label\""},
        {"\"y_label\"", "\"ylabel\"", "\"y_label\""},
        {"\"x_names\": \"one|two\"", "\"x_names\": 1", "\"x_names\""},
        {"\"x_log\": false", "\"x_log\": 0", "\"x_log\""},
        {"\"y_log\": true", "\"y_log\": 1", "\"y_log\""},
        {"\"lines\": [", "\"lines\": {}, \"more\": [", "\"lines\""},
        {"\"label\": \"l\"", "\"label\": 1", "\"label\""},
        {"\"style\": \"points\"", "\"style\": 1", "\"style\""},
        {"\"x\": [", "\"x\": [], \"z\": [", "\"x\""},
        {"\"y\": [", "\"y\": [1, 2], \"z\": [", "\"y\""}, /* not as many as there are of x */
        {"\"note\"", "{", "not good JSON"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = support_make_folder();
        assay_claim_result wrote = sample_result();
        assay_claim_result read;
        assay_error error;
        support_assert_ok(assay_claim_record_write(&wrote, folder, &error), &error);
        char *path = assay_asprintf(NULL, "%s/08.json", folder);
        damage(path, cases[i].old, cases[i].new);
        support_assert_error(assay_claim_record_read(8, folder, &read, &error), ASSAY_ERROR_FORMAT, &error,
                             cases[i].part);
        assay_claim_result_destroy(&read);
        assay_claim_result_destroy(&wrote);
        assay_free(path);
        support_remove_folder(folder);
    }
}
END_TEST

/* A record whose list `key`, of the record or of its first panel, has `count` copies of its last entry. */
static assay_status read_copies(const char *key, bool of_panel, size_t count, assay_claim_result *read,
                                assay_error *error)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/08.json", folder);
    assay_claim_result wrote = sample_result();
    support_assert_ok(assay_claim_record_write(&wrote, folder, error), error);
    assay_claim_result_destroy(&wrote);
    json_t *json = json_load_file(path, 0, NULL);
    json_t *list = json_object_get(of_panel ? json_array_get(json_object_get(json, "panels"), 0) : json, key);
    while (json_array_size(list) > count) {
        json_array_remove(list, 0);
    }
    while (json_array_size(list) > 0 && json_array_size(list) < count) {
        json_array_append(list, json_array_get(list, json_array_size(list) - 1));
    }
    ck_assert_int_eq(json_dump_file(json, path, 0), 0);
    json_decref(json);
    assay_status status = assay_claim_record_read(8, folder, read, error);
    assay_free(path);
    support_remove_folder(folder);
    return status;
}

/* Each list has as many entries as the result has room for, and no more; there is at least one part. */
START_TEST(records_fill_a_result)
{
    static const struct {
        const char *key;
        bool of_panel;
        size_t least;
        size_t most;
    } cases[] = {{"parts", false, 1, ASSAY_CLAIM_PARTS},
                 {"rows", false, 0, ASSAY_CLAIM_ROWS},
                 {"panels", false, 0, ASSAY_CLAIM_PANELS},
                 {"lines", true, 0, ASSAY_CLAIM_LINES}};
    assay_claim_result *read = assay_calloc(1, sizeof *read, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_error error;
        size_t counts[] = {cases[i].least, cases[i].most};
        for (int k = 0; k < 2; k++) {
            support_assert_ok(read_copies(cases[i].key, cases[i].of_panel, counts[k], read, &error), &error);
            const size_t found[] = {read->part_count, read->row_count, read->panel_count, read->panels[0].line_count};
            ck_assert_uint_eq(found[i], counts[k]);
            assay_claim_result_destroy(read);
        }
        support_assert_error(read_copies(cases[i].key, cases[i].of_panel, cases[i].most + 1, read, &error),
                             ASSAY_ERROR_FORMAT, &error, cases[i].key);
        assay_claim_result_destroy(read);
    }
    assay_error error;
    support_assert_error(read_copies("parts", false, 0, read, &error), ASSAY_ERROR_FORMAT, &error, "parts");
    assay_claim_result_destroy(read);
    assay_free(read);
}
END_TEST

/* An interval that was found elsewhere: estimate, lower and upper bound. */
START_TEST(given_intervals_are_read)
{
    char *folder = support_make_folder();
    char *path = assay_asprintf(NULL, "%s/08.json", folder);
    assay_claim_result wrote = sample_result();
    assay_claim_result read;
    assay_error error;
    support_assert_ok(assay_claim_record_write(&wrote, folder, &error), &error);
    damage(path, "\"rule\": \"mean\"", "\"rule\": \"given\"");
    damage(path, "\"x_names\": \"one|two\",", ""); /* older records have none */
    support_assert_ok(assay_claim_record_read(8, folder, &read, &error), &error);
    ck_assert(read.parts[0].rule == ASSAY_PART_GIVEN && read.parts[0].count == 3 && read.seeds == 1);
    ck_assert_str_eq(read.panels[0].x_names, "");
    assay_claim_result_destroy(&read);
    assay_claim_result_destroy(&wrote);
    assay_free(path);
    support_remove_folder(folder);
}
END_TEST

/* Nothing could be measured: a part that an interval or a test decides has no values. */
START_TEST(parts_without_values)
{
    static const char *const rules[] = {"mean", "interval", "every"};
    for (size_t i = 0; i < 3; i++) {
        char *folder = support_make_folder();
        char *path = assay_asprintf(NULL, "%s/08.json", folder);
        assay_claim_result wrote = sample_result();
        assay_claim_result read;
        assay_error error;
        wrote.parts[0].count = 0;
        support_assert_ok(assay_claim_record_write(&wrote, folder, &error), &error);
        char *rule = assay_asprintf(NULL, "\"rule\": \"%s\"", rules[i]);
        damage(path, "\"rule\": \"mean\"", rule);
        assay_status status = assay_claim_record_read(8, folder, &read, &error);
        if (i == 2) {
            support_assert_error(status, ASSAY_ERROR_FORMAT, &error, "\"rule\"");
        } else {
            support_assert_ok(status, &error);
            ck_assert(read.parts[0].count == 0 && read.seeds == 1);
            support_assert_ok(assay_claims_decide(1, &read, &error), &error);
            ck_assert_int_eq(read.parts[0].answer, ASSAY_ANSWER_UNKNOWN);
            ck_assert(isnan(read.parts[0].effect.estimate) && isnan(read.parts[0].p_inside));
        }
        assay_claim_result_destroy(&read);
        assay_claim_result_destroy(&wrote);
        assay_free(rule);
        assay_free(path);
        support_remove_folder(folder);
    }
}
END_TEST

/* --- on real data ------------------------------------------------------------------------------------------------ */

typedef struct {
    assay_claims_input input;
    assay_dataset train;
    assay_dataset test;
    assay_split split;
} bench;

static void open_bench(bench *made)
{
    const char *folder = support_data_folder();
    ck_assert_ptr_nonnull(folder);
    assay_error error;
    *made = (bench){0};
    support_assert_ok(assay_dataset_load(folder, ASSAY_TRAIN, &made->train, &error), &error);
    support_assert_ok(assay_dataset_load(folder, ASSAY_TEST, &made->test, &error), &error);
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, ASSAY_TUTORIAL_SEED);
    support_assert_ok(
        assay_split_create(&generator, made->train.count, ASSAY_TUTORIAL_TRAIN_COUNT, &made->split, &error), &error);
    assay_backend_options options = {.name = "openblas", .precision = ASSAY_F32, .threads = 1};
    support_assert_ok(assay_backend_open(&options, &made->input.f32, &error), &error);
    options.precision = ASSAY_F64;
    support_assert_ok(assay_backend_open(&options, &made->input.f64, &error), &error);
    made->input.data_folder = folder;
    made->input.train = &made->train;
    made->input.test = &made->test;
    made->input.split = &made->split;
    made->input.effort = ASSAY_CLAIMS_QUICK;
    made->input.first_seed = 1;
    made->input.threads = 1;
}

static void close_bench(bench *made)
{
    assay_backend_close(made->input.f32);
    assay_backend_close(made->input.f64);
    assay_split_destroy(&made->split);
    assay_dataset_destroy(&made->train);
    assay_dataset_destroy(&made->test);
}

static char letter_of(assay_claim_answer answer)
{
    return answer == ASSAY_ANSWER_YES ? 'y' : answer == ASSAY_ANSWER_NO ? 'n' : 'u';
}

/* What is known without an experiment, or was found with many seeds: the answers to the parts, and the verdict. */
START_TEST(claims_of_known_answer)
{
    /* clang-format off */
    static const struct {
        unsigned number;
        const char *answers;
        assay_claim_verdict verdict;
    } cases[] = {
        {1, "yy", ASSAY_CLAIM_HOLDS}, /* the constants were computed from these images */
        {2, "yy", ASSAY_CLAIM_HOLDS},
        {3, "yyn", ASSAY_CLAIM_HOLDS_IN_PART},   /* all but the last bias */
        {4, "ynynn", ASSAY_CLAIM_HOLDS_IN_PART}, /* the exact gradient below the last layer is 0 */
        {11, "yy", ASSAY_CLAIM_HOLDS},           /* root 3 */
        {13, "yn", ASSAY_CLAIM_HOLDS_IN_PART},   /* of 1 / d_x and 1 / d_y */
        {19, "yy", ASSAY_CLAIM_HOLDS},           /* by symmetry */
        {21, "yy", ASSAY_CLAIM_HOLDS},
        {23, "nn", ASSAY_CLAIM_DOES_NOT_HOLD}, /* the first step is the root of 1000 too long */
    };
    /* clang-format on */
    enum { CASES = sizeof cases / sizeof *cases };
    evidence(EVIDENCE_GOLDEN, "tutorial/claim_examine");
    bench made;
    open_bench(&made);
    assay_claim_result *results = assay_calloc(CASES, sizeof *results, NULL);
    assay_error error;
    for (size_t i = 0; i < CASES; i++) {
        const assay_claim *claim = assay_claim_by_number(cases[i].number);
        support_assert_ok(assay_claim_examine(claim, &made.input, &results[i], &error), &error);
    }
    support_assert_ok(assay_claims_decide(CASES, results, &error), &error);
    for (size_t i = 0; i < CASES; i++) {
        char answers[ASSAY_CLAIM_PARTS + 1] = "";
        for (size_t j = 0; j < results[i].part_count; j++) {
            answers[j] = letter_of(results[i].parts[j].answer);
        }
        ck_assert_msg(strcmp(answers, cases[i].answers) == 0, "claim %u: %s", cases[i].number, answers);
        ck_assert_int_eq(results[i].verdict, cases[i].verdict);
        claim_record_compare(&results[i]);
        assay_claim_result_destroy(&results[i]);
    }
    assay_free(results);
    close_bench(&made);
}
END_TEST

/* E[tanh(sqrt(q) Z)^2] by the trapezoidal rule, which is very good for a smooth function that vanishes at both ends. */
static double next_variance(double q)
{
    const double step = 0.01;
    double sum = 0.0;
    for (double z = -10.0; z <= 10.0; z += step) {
        double t = tanh(sqrt(q) * z);
        sum += t * t * exp(-0.5 * z * z);
    }
    return sum * step / sqrt(2.0 * 3.14159265358979323846);
}

/* A wide tanh network follows q_{l+1} = E[tanh(sqrt(q_l) Z)^2] from q_1 on, here 2 * 784 / (784 + 256) for the first
 * layer; at width 256 and with 2 seeds the mean is within 25 % of it in layer 10. */
START_TEST(the_variance_of_tanh_follows_theory)
{
    bench made;
    open_bench(&made);
    made.input.seeds = 2;
    assay_claim_result result;
    assay_error error;
    support_assert_ok(assay_claim_examine(assay_claim_by_number(17), &made.input, &result, &error), &error);
    support_assert_ok(assay_claims_decide(1, &result, &error), &error);
    double q = 2.0 * 784.0 / (784.0 + 256.0);
    for (int layer = 2; layer <= 10; layer++) {
        q = next_variance(q);
    }
    double found = result.parts[0].effect.estimate;
    ck_assert_msg(fabs(found / q - 1.0) < 0.25, "layer 10: %g, theory %g", found, q);
    ck_assert_msg(q > 0.045 && q < 0.075, "theory %g", q);
    ck_assert(result.parts[2].effect.estimate < 0.003);
    assay_claim_result_destroy(&result);
    close_bench(&made);
}
END_TEST

/* --- the command ------------------------------------------------------------------------------------------------- */

static support_result claims(const char *arguments, const char *folder)
{
    char *command = assay_asprintf(NULL, "cd '%s' && '%s' claims %s", folder, support_program(), arguments);
    support_result result = support_shell(command);
    assay_free(command);
    return result;
}

static const struct {
    const char *arguments;
    int status;
    const char *part;
} bad[] = {
    {"--claim 99", 2, "--claim 99: there is no such claim"},
    {"--claim 1,x", 2, "--claim x: there is no such claim"},
    {"--claim ''", 2, "there is no such claim"},
    {"--quick --full", 2, "one of --quick and --full"},
    {"--seeds 1", 2, "--seeds 1 is not a number from 2 to 10000"},
    {"--png", 2, "--png goes with --report"},
    {"--commit abc", 2, "--commit goes with --record"},
    {"--json", 2, "option --json needs a value"},
    {"--slow", 2, "unknown option --slow"},
    {"17", 2, "unexpected argument '17'"},
    {"--claim 1 --recorded nowhere", 1, "nowhere: there is no such folder"},
    {"--claim 1 --data nowhere", 1, "nowhere"},
    {"--claim 1 --report no/such/place", 1, "no/such/place"},
    {"--claim 1 --json no/such/place", 1, "no/such/place"},
    {"--claim 13 --record file", 1, "file"},
    {"--claim 14 --recorded .", 1, "14.json: the record of a claim is not good JSON"},
};

START_TEST(bad_input_gets_one_line)
{
    char *folder = support_make_folder();
    char *command = assay_asprintf(NULL, "cd '%s' && echo '{' > 14.json && echo > file", folder);
    support_result made = support_shell(command);
    ck_assert_int_eq(made.status, 0);
    support_result_free(&made);
    assay_free(command);
    support_result result = claims(bad[_i].arguments, folder);
    ck_assert_msg(result.status == bad[_i].status && strstr(result.errors, bad[_i].part) != NULL, "%s: status %d, %s",
                  bad[_i].arguments, result.status, result.errors);
    ck_assert_msg(strncmp(result.errors, "assay claims: ", 14) == 0 &&
                      strchr(result.errors, '\n') == result.errors + strlen(result.errors) - 1,
                  "%s: not one line: %s", bad[_i].arguments, result.errors);
    support_result_free(&result);
    support_remove_folder(folder);
}
END_TEST

/* The JSON has what doc/report.md says, and is alone on standard output; nothing on a pipe is a progress bar. */
START_TEST(json_on_standard_output)
{
    char *folder = support_make_folder();
    support_result result = claims("--claim 13,1 --json -", folder);
    ck_assert_msg(result.status == 0, "%s", result.errors);
    ck_assert_ptr_null(strchr(result.errors, '\r'));
    json_error_t where;
    json_t *json = json_loads(result.output, 0, &where);
    ck_assert_msg(json != NULL, "%s", where.text);
    const json_t *list = json_object_get(json, "claims");
    ck_assert_uint_eq(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(first, "claim")), 13);
    ck_assert_str_eq(json_string_value(json_object_get(first, "verdict")), "holds in part");
    const json_t *part = json_array_get(json_object_get(first, "parts"), 1);
    ck_assert_str_eq(json_string_value(json_object_get(part, "answer")), "no");
    /* The last layer, 128 and 10: (128 + 10) / 2 over 2 * 128 * 10 / (128 + 10). */
    const json_t *values = json_object_get(part, "values");
    support_assert_relative("last layer", json_number_value(json_array_get(values, 4)), 69.0 / (2560.0 / 138.0), 1e-9);
    json_decref(json);
    support_result_free(&result);
    support_remove_folder(folder);
}
END_TEST

/* What is recorded is read, and decided as when it was measured. */
START_TEST(records_are_used)
{
    char *folder = support_make_folder();
    support_result wrote = claims("--claim 9 --quick --seeds 12 --record . --commit 123456789abcdef", folder);
    ck_assert_msg(wrote.status == 0, "%s", wrote.errors);
    support_result read = claims("--claim 9 --recorded .", folder);
    ck_assert_msg(read.status == 0, "%s", read.errors);
    ck_assert_ptr_nonnull(strstr(read.output, "recorded at 123456789abc"));
    const char *line = strchr(wrote.output, '\n');
    ck_assert_msg(strncmp(wrote.output, read.output, (size_t)(line - wrote.output)) == 0, "%s", read.output);
    support_result_free(&wrote);
    support_result_free(&read);
    support_remove_folder(folder);
}
END_TEST

/* Without gnuplot the page comes nevertheless, and one line says what is missing. */
START_TEST(a_page_without_gnuplot)
{
    char *folder = support_make_folder();
    char *command = assay_asprintf(NULL, "ASSAY_GNUPLOT=/nowhere '%s' claims --claim 2,13 --report '%s'",
                                   support_program(), folder);
    support_result result = support_shell(command);
    ck_assert_msg(result.status == 0 && strstr(result.errors, "gnuplot") != NULL, "%s", result.errors);
    char *path = assay_asprintf(NULL, "%s/index.html", folder);
    char *page;
    size_t size;
    assay_error error;
    support_assert_ok(assay_file_read(path, 1 << 20, &page, &size, &error), &error);
    static const char *const wanted[] = {
        "<h1>What the tutorial says</h1>",   "<section id=\"claims\">", "<section id=\"claim-13\">",
        "holds in part</span></h2>",         "figures/claim-2.dat",     "✗ no</span>",
        "2 claims: 1 holds, 1 holds in part"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ck_assert_msg(strstr(page, wanted[i]) != NULL, "not in the page: %s", wanted[i]);
    }
    assay_free(page);
    assay_free(path);
    assay_free(command);
    support_result_free(&result);
    support_remove_folder(folder);
}
END_TEST

int main(void)
{
    if (support_data_folder() == NULL) {
        return SUPPORT_SKIP;
    }
    Suite *suite = suite_create("claims");
    TCase *rules = evidence_case("verdicts", "property: tutorial/claims_decide, tutorial/claim_condition, "
                                             "tutorial/claim_at, tutorial/claim_by_number, tutorial/claims_count, "
                                             "tutorial/claim_verdict_name");
    tcase_set_timeout(rules, 300);
    tcase_add_test(rules, planted_effects_are_found);
    tcase_add_test(rules, no_false_alarms);
    tcase_add_test(rules, verdicts_follow_the_rules);
    tcase_add_test(rules, every_seed_must_be_inside);
    tcase_add_test(rules, intervals_decide);
    tcase_add_loop_test(rules, numbers_of_a_part, 0, 3);
    tcase_add_test(rules, power_among_many);
    tcase_add_test(rules, all_parts_are_used);
    tcase_add_test(rules, conditions_list_parts);
    tcase_add_test(rules, each_claim_is_described);
    suite_add_tcase(suite, rules);
    TCase *records = evidence_case("records", "property: tutorial/claim_record_write, tutorial/claim_record_read, "
                                              "tutorial/claim_record_exists, tutorial/claim_figure; "
                                              "errors: tutorial/claim_record_read");
    tcase_add_test(records, records_read_back);
    tcase_add_test(records, damaged_records_are_refused);
    tcase_add_test(records, records_fill_a_result);
    tcase_add_test(records, parts_without_values);
    tcase_add_test(records, given_intervals_are_read);
    suite_add_tcase(suite, records);
    TCase *real = evidence_case("real data", "property: tutorial/claim_examine");
    tcase_set_timeout(real, 300);
    tcase_add_test(real, claims_of_known_answer);
    tcase_add_test(real, the_variance_of_tanh_follows_theory);
    suite_add_tcase(suite, real);
    TCase *command = evidence_case("assay claims", "property: program/claims; errors: program/claims");
    tcase_set_timeout(command, 300);
    tcase_add_loop_test(command, bad_input_gets_one_line, 0, sizeof bad / sizeof *bad);
    tcase_add_test(command, json_on_standard_output);
    tcase_add_test(command, records_are_used);
    tcase_add_test(command, a_page_without_gnuplot);
    suite_add_tcase(suite, command);
    return support_run(suite);
}
