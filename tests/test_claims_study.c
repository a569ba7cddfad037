/*
 * Claims about training, decided from records of studies: fabricated records with a known effect must give the verdict
 * that doc/claims.md states, and runs that diverged or are missing must count as it says.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <assay/base/alloc.h>
#include <assay/tutorial/claims.h>
#include "fabricated.h"
#include "planted_backend.h"
#include "support.h"

/* --- verdicts from answers ---------------------------------------------------------------------------------------- */

/* The answers to a claim's parts as letters: yes, no, unknown. */
static const struct {
    unsigned claim;
    const char *answers;
    assay_claim_verdict verdict;
} rules[] = {
    /* three equivalences, three differences */
    {25, "yyyuuu", ASSAY_CLAIM_HOLDS},
    {25, "yyyuyu", ASSAY_CLAIM_HOLDS_IN_PART},
    {25, "yyyunu", ASSAY_CLAIM_HOLDS_IN_PART},
    {25, "yyuuyu", ASSAY_CLAIM_CANNOT_TELL},
    {25, "ynyyyy", ASSAY_CLAIM_DOES_NOT_HOLD},
    /* for each of six starts: against SGD, against momentum; then at the best rates */
    {26, "yyyyyyyyuuuuyyyyyyyyuuuu", ASSAY_CLAIM_HOLDS},
    {26, "yyyyyyyyuuuuuuuuuuuuuuuu", ASSAY_CLAIM_HOLDS_IN_PART},
    {26, "yyyyyyyyuuuu", ASSAY_CLAIM_HOLDS_IN_PART}, /* no record of the best rates */
    {26, "yuyuyuyuuuuuuuuuuuuuuuuu", ASSAY_CLAIM_HOLDS_IN_PART},
    {26, "yuyuyuyuuuuuyuyuyuyuuuuu", ASSAY_CLAIM_HOLDS_IN_PART}, /* against SGD only */
    {26, "yyyyyyuuuuuuyyyyyyuuuuuu", ASSAY_CLAIM_CANNOT_TELL},   /* three starts are too few */
    {26, "yyyyyyyyuunnyyyyyyyyuunn", ASSAY_CLAIM_CANNOT_TELL},   /* worse in one */
    {26, "nnnnnnnnnnnn", ASSAY_CLAIM_CANNOT_TELL},               /* no record of the best rates */
    {26, "nnuuuuuuuuuunuuuuuuuuuuu", ASSAY_CLAIM_DOES_NOT_HOLD},
    {26, "nnuuuuuuuuuuyuuuuuuuuuuu", ASSAY_CLAIM_CANNOT_TELL},
    {26, "uuuuuuuuuuuuuuuuuuuuuuuu", ASSAY_CLAIM_CANNOT_TELL},
    {26, "ynyuuuuuuuuuynyuuuuuuuuu", ASSAY_CLAIM_CANNOT_TELL},   /* better twice, worse once */
    {26, "nynuuuuuuuuunynuuuuuuuuu", ASSAY_CLAIM_DOES_NOT_HOLD}, /* the reverse */
    {26, "ynuuuuuuuuuuynuuuuuuuuuu", ASSAY_CLAIM_DOES_NOT_HOLD}, /* as often */
    {26, "nyuyuyuyuuuuuuuuuuuuuuuu", ASSAY_CLAIM_HOLDS_IN_PART}, /* against momentum only */
    {27, "yyy", ASSAY_CLAIM_HOLDS},
    {27, "ynn", ASSAY_CLAIM_HOLDS_IN_PART},
    {27, "nnn", ASSAY_CLAIM_DOES_NOT_HOLD},
    {27, "nnu", ASSAY_CLAIM_CANNOT_TELL},
    {27, "uuu", ASSAY_CLAIM_CANNOT_TELL},
    /* gap against SGD, gap against momentum, test accuracy; then at the best rates */
    {31, "yyyyyy", ASSAY_CLAIM_HOLDS},
    {31, "yyy", ASSAY_CLAIM_HOLDS_IN_PART},
    {31, "yuuuuu", ASSAY_CLAIM_HOLDS_IN_PART},
    {31, "yunuuu", ASSAY_CLAIM_HOLDS_IN_PART},
    {31, "uunuuu", ASSAY_CLAIM_DOES_NOT_HOLD},
    {31, "uuuuuu", ASSAY_CLAIM_CANNOT_TELL},
    /* eigenvalue, growth, correlation */
    {32, "yyy", ASSAY_CLAIM_HOLDS},
    {32, "yyu", ASSAY_CLAIM_HOLDS_IN_PART},
    {32, "yn", ASSAY_CLAIM_HOLDS_IN_PART},
    {32, "nuu", ASSAY_CLAIM_DOES_NOT_HOLD},
    {32, "unu", ASSAY_CLAIM_DOES_NOT_HOLD},
    {32, "uun", ASSAY_CLAIM_CANNOT_TELL},
    {32, "nny", ASSAY_CLAIM_HOLDS_IN_PART},
    {32, "uuu", ASSAY_CLAIM_CANNOT_TELL},
    {33, "yyyy", ASSAY_CLAIM_HOLDS},
    {33, "yuuu", ASSAY_CLAIM_HOLDS_IN_PART},
    {33, "ynuu", ASSAY_CLAIM_CANNOT_TELL},
    {33, "uunu", ASSAY_CLAIM_DOES_NOT_HOLD},
    {33, "uuuu", ASSAY_CLAIM_CANNOT_TELL},
};

START_TEST(verdicts_from_answers)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claims_decide");
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    result->number = rules[_i].claim;
    for (const char *c = rules[_i].answers; *c != '\0'; c++) {
        result->parts[result->part_count++].answer = *c == 'y'   ? ASSAY_ANSWER_YES
                                                     : *c == 'n' ? ASSAY_ANSWER_NO
                                                                 : ASSAY_ANSWER_UNKNOWN;
    }
    assay_claim_verdict verdict = assay_claim_by_number(rules[_i].claim)->verdict(result);
    ck_assert_msg(verdict == rules[_i].verdict, "claim %u, %s: %s", rules[_i].claim, rules[_i].answers,
                  assay_claim_verdict_name(verdict));
    assay_free(result);
}
END_TEST

/* --- fabricated records ------------------------------------------------------------------------------------------- */

/* A claim from up to two records, not yet decided; the result is for assay_claim_result_destroy and assay_free. */
static assay_claim_result *examine(unsigned number, const fabrication *first, const fabrication *second)
{
    char *folder = support_make_folder();
    fabricate(folder, first);
    if (second != NULL) {
        fabricate(folder, second);
    }
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = folder, .first_seed = 1};
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    support_assert_ok(assay_claim_examine(assay_claim_by_number(number), &input, result, &error), &error);
    ck_assert(result->origin.recorded);
    ck_assert_str_eq(result->origin.backend, "openblas:f32");
    support_remove_folder(folder);
    return result;
}

static assay_claim_result *decide(unsigned number, const fabrication *first, const fabrication *second)
{
    assay_claim_result *result = examine(number, first, second);
    assay_error error;
    support_assert_ok(assay_claims_decide(1, result, &error), &error);
    return result;
}

static void expect(unsigned number, const fabrication *first, const fabrication *second, assay_claim_verdict wanted)
{
    assay_claim_result *result = decide(number, first, second);
    char condition[1024];
    assay_claim_condition(result, condition, sizeof condition);
    ck_assert_msg(result->verdict == wanted, "claim %u: %s (%s)", number, assay_claim_verdict_name(result->verdict),
                  condition);
    assay_claim_result_destroy(result);
    assay_free(result);
}

START_TEST(equally_good)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted better = {"adam", TEST, 0.003};
    const planted at_the_margin = {"adam", TEST, 0.005};
    const planted much_better = {"adam", TEST, 0.02};
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    expect(25, &f, NULL, ASSAY_CLAIM_HOLDS);
    f = fabricated_study("training", OPTIMIZERS, 0.001, &better, 1);
    expect(25, &f, NULL, ASSAY_CLAIM_HOLDS_IN_PART);
    f = fabricated_study("training", OPTIMIZERS, 0.001, &at_the_margin, 1);
    expect(25, &f, NULL, ASSAY_CLAIM_CANNOT_TELL);
    f = fabricated_study("training", OPTIMIZERS, 0.001, &much_better, 1);
    expect(25, &f, NULL, ASSAY_CLAIM_DOES_NOT_HOLD);
    f = fabricated_study("training", OPTIMIZERS, 0.03, NULL, 0);
    expect(25, &f, NULL, ASSAY_CLAIM_CANNOT_TELL);
}
END_TEST

START_TEST(the_planted_difference_is_found)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted better = {"adam", TEST, 0.02};
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, &better, 1);
    assay_claim_result *result = decide(25, &f, NULL);
    ck_assert_uint_eq(result->part_count, 6);
    ck_assert_uint_eq(result->seeds, 12);
    for (size_t i = 0; i < 3; i++) { /* momentum - SGD, Adam - SGD, Adam - momentum */
        double wanted = i == 0 ? 0 : 0.02;
        const assay_interval *effect = &result->parts[i].effect;
        ck_assert_msg(fabs(effect->estimate - wanted) < 0.0015, "%zu: %g", i, effect->estimate);
        ck_assert(effect->lower < wanted + 0.0004 && effect->upper > wanted - 0.0004);
        ck_assert(result->parts[3 + i].smallest > 0.0003 && result->parts[3 + i].smallest < 0.005);
    }
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

START_TEST(a_smaller_network)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted worse[] = {{"sgd", TEST, -0.03}, {"momentum", TEST, -0.03}, {"adam", TEST, -0.03}};
    fabrication large = fabricated_study("training", OPTIMIZERS, 0.002, NULL, 0);
    fabrication small = fabricated_study("small", OPTIMIZERS, 0.001, NULL, 0);
    expect(27, &small, &large, ASSAY_CLAIM_HOLDS);
    small = fabricated_study("small", OPTIMIZERS, 0.001, worse, 1);
    expect(27, &small, &large, ASSAY_CLAIM_HOLDS_IN_PART);
    small = fabricated_study("small", OPTIMIZERS, 0.001, worse, 3);
    expect(27, &small, &large, ASSAY_CLAIM_DOES_NOT_HOLD);
}
END_TEST

START_TEST(worse_starts)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted better = {"adam", TEST, 0.05};
    fabrication f = fabricated_study("starts", STARTS ", " OPTIMIZERS, 0.002, &better, 1);
    expect(26, &f, NULL, ASSAY_CLAIM_HOLDS_IN_PART);
}
END_TEST

START_TEST(overfitting)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted more[] = {{"adam", FIT, 0.01}, {"adam", TEST, -0.01}};
    const planted less[] = {{"adam", FIT, -0.01}, {"adam", TEST, 0.01}};
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, more, 2);
    fabrication best = fabricated_study("training-best", METHODS, 0.001, more, 2);
    expect(31, &f, &best, ASSAY_CLAIM_HOLDS);
    expect(31, &f, NULL, ASSAY_CLAIM_HOLDS_IN_PART);
    f = fabricated_study("training", OPTIMIZERS, 0.001, less, 2);
    expect(31, &f, NULL, ASSAY_CLAIM_DOES_NOT_HOLD);
}
END_TEST

START_TEST(sharpness)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted sharper[] = {{"adam", EIGENVALUE, 20}, {"adam", GROWTH, 0.01}};
    const planted flatter[] = {{"adam", EIGENVALUE, -10}, {"adam", GROWTH, -0.005}};
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.002, sharper, 2);
    expect(32, &f, NULL, ASSAY_CLAIM_HOLDS_IN_PART); /* gap and eigenvalue are independent */
    f = fabricated_study("training", OPTIMIZERS, 0.002, flatter, 2);
    expect(32, &f, NULL, ASSAY_CLAIM_DOES_NOT_HOLD);
}
END_TEST

/* Seed by seed, Adam's eigenvalue and gap grow together, or against each other. */
START_TEST(sharpness_goes_with_the_gap)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    for (int sign = -1; sign <= 1; sign += 2) {
        planted effects[24];
        char cells[12][40];
        for (int i = 0; i < 12; i++) {
            snprintf(cells[i], sizeof cells[i], "optimizer=adam,seed=%d.", i + 1);
            effects[2 * i] = (planted){cells[i], EIGENVALUE, 10.0 + 3 * i};
            effects[2 * i + 1] = (planted){cells[i], FIT, sign * 0.004 * i};
        }
        fabrication f = fabricated_study("training", OPTIMIZERS, 0.0005, effects, 24);
        assay_claim_result *result = decide(32, &f, NULL);
        ck_assert_uint_eq(result->part_count, 3);
        ck_assert_int_eq(result->parts[0].answer, ASSAY_ANSWER_YES);
        ck_assert_int_eq(result->parts[2].answer, sign > 0 ? ASSAY_ANSWER_YES : ASSAY_ANSWER_NO);
        ck_assert_msg(sign * result->parts[2].effect.estimate > 0.8, "%g", result->parts[2].effect.estimate);
        assay_claim_result_destroy(result);
        assay_free(result);
    }
}
END_TEST

START_TEST(deep_networks)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted better = {"adam", TEST, 0.02};
    const planted only_deepest = {"depth=30,optimizer=adam", TEST, 0.02};
    const planted worse = {"adam", TEST, -0.02};
    fabrication f = fabricated_study("depth-best", DEPTHS ", " OPTIMIZERS, 0.002, &better, 1);
    expect(33, &f, NULL, ASSAY_CLAIM_HOLDS);
    f = fabricated_study("depth-best", DEPTHS ", " OPTIMIZERS, 0.002, &only_deepest, 1);
    expect(33, &f, NULL, ASSAY_CLAIM_HOLDS_IN_PART);
    f = fabricated_study("depth-best", DEPTHS ", " OPTIMIZERS, 0.002, &worse, 1);
    expect(33, &f, NULL, ASSAY_CLAIM_DOES_NOT_HOLD);
}
END_TEST

START_TEST(missing_and_diverged_runs)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    f.lost = "optimizer=momentum,seed=5."; /* 11 seeds are complete, before and after it */
    assay_claim_result *result = examine(25, &f, NULL);
    ck_assert_uint_eq(result->seeds, 11);
    ck_assert_str_eq(result->origin.options, "study training, 11 of 12 seeds");
    ck_assert_str_eq(result->origin.commit, "1a2b 2026-11-28, 3c4d 2026-11-29");
    ck_assert_str_eq(result->origin.machine, "h, k");
    assay_claim_result_destroy(result);
    assay_free(result);
    f.lost = NULL;
    f.none = "optimizer=sgd,seed=2."; /* counts as guessing */
    result = examine(25, &f, NULL);
    ck_assert_uint_eq(result->seeds, 12);
    support_assert_relative("momentum less SGD", result->parts[0].values[1], 0.79, 0.05);
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* The row with this label; "" if there is none. */
static const char *measured(const assay_claim_result *result, const char *label)
{
    for (size_t i = 0; i < result->row_count; i++) {
        if (strcmp(result->rows[i].label, label) == 0) {
            return result->rows[i].measured;
        }
    }
    return "";
}

/* Claim 32 answers with the seeds that have an eigenvalue, and says how many have none. */
START_TEST(runs_without_sharpness)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const planted effects[] = {
        {"adam", EIGENVALUE, 20}, {"adam", GROWTH, 0.01}, {"momentum,seed=7.", EIGENVALUE, -900}};
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.002, effects, 3);
    f.seeds = 14;
    f.none = "adam,seed=3.";
    assay_claim_result *result = decide(32, &f, NULL);
    ck_assert_uint_eq(result->part_count, 3);
    ck_assert_uint_eq(result->parts[0].count, 12); /* no run of seed 3; a negative eigenvalue of seed 7 */
    ck_assert_uint_eq(result->parts[1].count, 13);
    ck_assert_int_eq(result->parts[0].answer, ASSAY_ANSWER_YES);
    ck_assert_int_eq(result->parts[1].answer, ASSAY_ANSWER_YES);
    ck_assert_int_eq(strncmp(measured(result, "seeds without an eigenvalue of Adam or momentum"), "2 of 14", 7), 0);
    ck_assert_int_eq(strncmp(measured(result, "seeds without the growth of Adam or momentum"), "1 of 14", 7), 0);
    ck_assert_uint_eq(result->panels[0].line_count, 3);
    ck_assert_uint_eq(result->panels[0].lines[1].count, 13);
    ck_assert_uint_eq(result->panels[0].lines[2].count, 13);
    assay_claim_result_destroy(result);
    assay_free(result);
    f.none = "adam"; /* no run at all */
    result = decide(32, &f, NULL);
    ck_assert_int_eq(result->verdict, ASSAY_CLAIM_CANNOT_TELL);
    ck_assert_uint_eq(result->part_count, 2);
    ck_assert_uint_eq(result->parts[0].count, 0);
    ck_assert(isnan(result->parts[0].effect.estimate));
    ck_assert_str_eq(result->note, "No seed has the sharpness of both Adam and momentum.");
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* Every claim about training answers where whole cells diverged. */
START_TEST(optimizers_that_diverge)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    fabrication other = fabricated_study("small", OPTIMIZERS, 0.001, NULL, 0);
    f.none = other.none = "sgd";
    expect(25, &f, NULL, ASSAY_CLAIM_DOES_NOT_HOLD);
    expect(27, &other, &f, ASSAY_CLAIM_HOLDS);       /* both guess with SGD */
    expect(31, &f, NULL, ASSAY_CLAIM_HOLDS_IN_PART); /* who guesses does not overfit */
    expect(32, &f, NULL, ASSAY_CLAIM_CANNOT_TELL);
    f = fabricated_study("starts", STARTS ", " OPTIMIZERS, 0.002, NULL, 0);
    f.none = "start=normal-1,";
    expect(26, &f, NULL, ASSAY_CLAIM_CANNOT_TELL);
    f = fabricated_study("depth-best", DEPTHS ", " OPTIMIZERS, 0.002, NULL, 0);
    f.none = "depth=30,optimizer=adam";
    expect(33, &f, NULL, ASSAY_CLAIM_DOES_NOT_HOLD);
}
END_TEST

/* Claim 27 pairs the seeds that both studies have finished. */
START_TEST(pairs_of_two_studies)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    fabrication small = fabricated_study("small", OPTIMIZERS, 0.0, NULL, 0);
    fabrication large = fabricated_study("training", OPTIMIZERS, 0.0, NULL, 0);
    small.lost = "seed=4.";
    large.lost = "optimizer=adam,seed=2.";
    assay_claim_result *result = examine(27, &small, &large);
    for (size_t part = 0; part < 3; part++) {
        ck_assert_uint_eq(result->parts[part].count, 10);
        for (size_t i = 0; i < 10; i++) { /* without noise, a seed's runs are equal */
            ck_assert_msg(fabs(result->parts[part].values[i]) < 1e-12, "%g", result->parts[part].values[i]);
        }
    }
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* --- texts and figures ------------------------------------------------------------------------------------------- */

/* The measure of a cell's run, as fabricated. */
static double number_of(const fabrication *f, const char *cell, uint64_t seed, int measure)
{
    char *key = assay_asprintf(NULL, "%s,seed=%d", cell, (int)seed);
    json_t *numbers = fabricated_numbers(f, key, seed);
    double value = json_number_value(json_object_get(numbers, fabricated_measures[measure]));
    json_decref(numbers);
    assay_free(key);
    return value;
}

static double mean_of(const fabrication *f, const char *cell, int measure)
{
    double sum = 0;
    for (uint64_t seed = 1; seed <= f->seeds; seed++) {
        sum += number_of(f, cell, seed, measure);
    }
    return sum / (double)f->seeds;
}

/* A line of a distribution: the cell's values in per cent, ascending, and the share of the seeds up to each. */
static void check_distribution(const assay_claim_line *line, const char *label, const fabrication *f, const char *cell,
                               int measure, int less)
{
    double mean = 0;
    ck_assert_str_eq(line->label, label);
    ck_assert_uint_eq(line->count, f->seeds);
    for (size_t i = 0; i < line->count; i++) {
        ck_assert(i == 0 || line->x[i] >= line->x[i - 1]);
        ck_assert_double_eq_tol(line->y[i], 100.0 * ((double)i + 1.0) / (double)line->count, 1e-9);
        mean += line->x[i] / (double)line->count;
    }
    double wanted = mean_of(f, cell, measure) - (less < 0 ? 0.0 : mean_of(f, cell, less));
    ck_assert_double_eq_tol(mean, 100.0 * wanted, 1e-6);
}

static const char *const levels[] = {"sgd", "momentum", "adam"};
static const char *const titles[] = {"SGD", "momentum", "Adam"};

static char *cell_of(const char *prefix, int method)
{
    return assay_asprintf(NULL, "%s%s", prefix, levels[method]);
}

START_TEST(texts_about_accuracies)
{
    static const planted effects[] = {{"momentum", TEST, 0.01}, {"adam", TEST, 0.03}, {"adam", FIT, 0.05}};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const fabrication f = fabricated_study("training", OPTIMIZERS, 0.002, effects, 3);
    const fabrication small = fabricated_study("small", OPTIMIZERS, 0.003, effects, 1);
    double large[3];
    double little[3];
    double gaps[3];
    char *cells[3];
    for (int method = 0; method < 3; method++) {
        cells[method] = cell_of("optimizer=", method);
        large[method] = 100.0 * mean_of(&f, cells[method], TEST);
        little[method] = 100.0 * mean_of(&small, cells[method], TEST);
        gaps[method] = 100.0 * mean_of(&f, cells[method], FIT) - large[method];
    }
    assay_claim_result *result = decide(25, &f, NULL);
    const char *at = support_says(result->note, "Over %g seeds", 12);
    at = support_says(support_says(at, "%+.2f points", large[1] - large[0]), "%+.2f (Adam and SGD)",
                      large[2] - large[0]);
    support_says(at, "%+.2f (Adam and momentum)", large[2] - large[1]);
    for (int i = 0; i < 3; i++) {
        double centre = i == 0 ? large[1] - large[0] : large[2] - large[i - 1];
        double squares = 0;
        for (size_t k = 0; k < 12; k++) {
            squares += pow(100 * result->parts[i].values[k] - centre, 2) / 11;
        }
        /* (1.960 + 1.282)^2 times the variance over the mean's square */
        double needed = ceil(10.507417 * squares / (centre * centre));
        support_says(support_says(result->rows[i].measured, "%+.3f points", centre), "; %.0f", needed);
        ck_assert_str_eq(result->rows[3 + i].label, titles[i]);
        support_says(result->rows[3 + i].measured, "%.2f %%", large[i]);
        check_distribution(&result->panels[0].lines[i], titles[i], &f, cells[i], TEST, -1);
        ck_assert(result->parts[i].rule == ASSAY_PART_INTERVAL && result->parts[i].high == 0.005);
        ck_assert(result->parts[i].low == -0.005 && result->parts[3 + i].low == 0.0);
    }
    assay_claim_result_destroy(result);
    assay_free(result);

    result = examine(27, &small, &f);
    at = result->note;
    for (int i = 0; i < 3; i++) {
        ck_assert_str_eq(result->rows[i].label, titles[i]);
        support_says(support_says(result->rows[i].measured, "%.2f %% (small)", little[i]), "%.2f %%", large[i]);
        at = support_says(at, "%+.2f", little[i] - large[i]);
        char *label = assay_asprintf(NULL, "%s, small", titles[i]);
        check_distribution(&result->panels[0].lines[2 * i], label, &small, cells[i], TEST, -1);
        check_distribution(&result->panels[0].lines[2 * i + 1], titles[i], &f, cells[i], TEST, -1);
        ck_assert(result->parts[i].low == -0.01 && result->parts[i].high == 0.01);
        ck_assert(strstr(result->parts[i].name, titles[i]) != NULL);
        assay_free(label);
    }
    assay_claim_result_destroy(result);
    assay_free(result);

    result = examine(31, &f, NULL);
    ck_assert_uint_eq(result->part_count, 3);
    ck_assert_ptr_nonnull(strstr(result->note, "Only the tutorial's rates"));
    for (int i = 0; i < 3; i++) {
        support_says(support_says(result->rows[i].measured, "%.2f points", gaps[i]), ", %.2f %%", large[i]);
        check_distribution(&result->panels[0].lines[i], titles[i], &f, cells[i], FIT, TEST);
        double wanted = i < 2 ? gaps[2] - gaps[i] : large[1] - large[2];
        ck_assert_double_eq_tol(100.0 * assay_statistic_mean(12, result->parts[i].values, NULL), wanted, 1e-6);
        assay_free(cells[i]);
    }
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* Claims 26 and 33: one number for each optimizer at each start, or depth. */
START_TEST(texts_about_starts_and_depths)
{
    static const char *const starts[] = {"constant", "normal-0.01", "normal-0.1", "normal-1", "xavier", "torch"};
    static const char *const depths[] = {"4", "8", "16", "30"};
    static const planted effects[] = {{"adam", TEST, 0.03},
                                      {"start=xavier", TEST, 0.01},
                                      {"depth=30", TEST, -0.02},
                                      {"depth=16,optimizer=sgd", TEST, 0.09}};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    for (int k = 0; k < 2; k++) {
        size_t count = k == 0 ? 6 : 4;
        const fabrication f = k == 0 ? fabricated_study("starts", STARTS ", " OPTIMIZERS, 0.002, effects, 4)
                                     : fabricated_study("depth-best", DEPTHS ", " OPTIMIZERS, 0.002, effects, 4);
        assay_claim_result *result = decide(k == 0 ? 26 : 33, &f, NULL);
        ck_assert_uint_eq(result->part_count, k == 0 ? 12 : 4);
        ck_assert_uint_eq(result->row_count, count);
        double found[6][3];
        for (size_t i = 0; i < count; i++) {
            const char *at = result->rows[i].measured;
            char *prefix = k == 0 ? assay_asprintf(NULL, "start=%s,optimizer=", starts[i])
                                  : assay_asprintf(NULL, "depth=%s,optimizer=", depths[i]);
            for (int method = 0; method < 3; method++) {
                char *cell = cell_of(prefix, method);
                const assay_claim_line *line = &result->panels[0].lines[method];
                found[i][method] = 100.0 * mean_of(&f, cell, TEST);
                at = support_says(at, "%.2f", found[i][method]);
                ck_assert_str_eq(line->label, titles[method]);
                ck_assert_double_eq_tol(line->y[i], found[i][method], 1e-6);
                ck_assert_double_eq(line->x[i], k == 0 ? (double)i + 1 : strtod(depths[i], NULL));
                assay_free(cell);
            }
            /* Adam less SGD, and less momentum; of the depths, only at 16 and 30 layers. */
            for (size_t other = 0; other < 2 && (k == 0 || i >= 2); other++) {
                const assay_claim_part *part = &result->parts[2 * (k == 0 ? i : i - 2) + other];
                ck_assert_double_eq_tol(100.0 * assay_statistic_mean(part->count, part->values, NULL),
                                        found[i][2] - found[i][other], 1e-6);
                ck_assert_msg(strstr(part->name, titles[other]) != NULL, "%s", part->name);
            }
            assay_free(prefix);
        }
        char condition[1024];
        assay_claim_condition(result, condition, sizeof condition);
        if (k == 0) {
            ck_assert_ptr_nonnull(strstr(result->note, "Only the tutorial's rates"));
            ck_assert_str_eq(condition,
                             "Against SGD at the tutorial's rates: more robust (better after 6 of 6 starts, worse "
                             "after 0). Against momentum at the tutorial's rates: more robust (better after 6 of 6 "
                             "starts, worse after 0).");
            assay_claim_condition(result, condition, 12);
            ck_assert_str_eq(condition, "Against SGD");
        } else {
            const char *at = support_says(support_says(result->note, "from %+.2f", found[0][2] - found[0][0]),
                                          "to %+.2f points", found[3][2] - found[3][0]);
            support_says(support_says(at, "from %+.2f", found[0][2] - found[0][1]), "to %+.2f",
                         found[3][2] - found[3][1]);
        }
        assay_claim_result_destroy(result);
        assay_free(result);
    }
}
END_TEST

#define LEVEL(name)                                                            \
    "{\"name\": \"" name "-sgd\", \"optimizer\": \"sgd\"}, {\"name\": \"" name \
    "-momentum\", \"optimizer\": \"momentum\"}, {\"name\": \"" name "-adam\", \"optimizer\": \"adam\"}"

/* Each optimizer at its best rate: the cells are named by start, or depth, and optimizer. */
START_TEST(the_best_rates)
{
    static const planted better = {"adam", TEST, 0.03};
    static const char best_starts[] = "{\"name\": \"method\", \"levels\": [" LEVEL("constant") ", " LEVEL(
        "normal-0.01") ", " LEVEL("normal-0.1") ", " LEVEL("normal-1") ", " LEVEL("xavier") ", " LEVEL("torch") "]}";
    static const char best_depths[] = "{\"name\": \"method\", \"levels\": [" LEVEL("4") ", " LEVEL("8") ", " LEVEL(
        "16") ", " LEVEL("30") "]}";
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const fabrication f = fabricated_study("starts", STARTS ", " OPTIMIZERS, 0.002, &better, 1);
    const fabrication best = fabricated_study("starts-best", best_starts, 0.002, &better, 1);
    assay_claim_result *result = decide(26, &f, &best);
    ck_assert_uint_eq(result->part_count, 24);
    ck_assert_uint_eq(result->row_count, 12);
    ck_assert_int_eq(result->verdict, ASSAY_CLAIM_HOLDS);
    ck_assert_str_eq(result->note, "Each start was tried at the tutorial's rates, and with each optimizer at its own "
                                   "best rate.");
    ck_assert_str_eq(result->parts[12].name, "constant 0.005, best rates: Adam is better than SGD");
    ck_assert_str_eq(result->rows[6].label, "constant 0.005, best rates: SGD, momentum, Adam");
    support_says(result->rows[6].measured, "%.2f", 100.0 * mean_of(&best, "method=constant-sgd", TEST));
    ck_assert_str_eq(result->panels[0].title, "The tutorial's rates");
    ck_assert_str_eq(result->panels[1].title, "Each at its best rate");
    ck_assert_double_eq_tol(result->panels[1].lines[2].y[5], 100.0 * mean_of(&best, "method=torch-adam", TEST), 1e-6);
    ck_assert_str_eq(result->origin.options, "study starts, 12 of 12 seeds; study starts-best, 12 of 12 seeds");
    char condition[1024];
    assay_claim_condition(result, condition, sizeof condition);
    ck_assert_ptr_nonnull(strstr(condition, "Against SGD at the best rates: more robust"));
    assay_claim_result_destroy(result);
    assay_free(result);
    const fabrication deep = fabricated_study("depth-best", best_depths, 0.002, &better, 1);
    result = decide(33, &deep, NULL);
    ck_assert_int_eq(result->verdict, ASSAY_CLAIM_HOLDS);
    support_says(result->rows[3].measured, "%.2f", 100.0 * mean_of(&deep, "method=30-sgd", TEST));
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* Claim 27 has nothing to say where no seed is finished in both studies. */
START_TEST(no_common_seed)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    char *folder = support_make_folder();
    fabrication small = fabricated_study("small", OPTIMIZERS, 0.001, NULL, 0);
    fabrication large = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    small.lost = "seed=1"; /* of 10 seeds, all but 2 to 9 */
    large.seeds = 1;
    fabricate(folder, &small);
    fabricate(folder, &large);
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = folder, .first_seed = 1};
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    support_assert_error(assay_claim_examine(assay_claim_by_number(27), &input, result, &error), ASSAY_ERROR_FORMAT,
                         &error, "claim 27: studies small and training: no seed is finished in both");
    assay_claim_result_destroy(result);
    assay_free(result);
    support_remove_folder(folder);
}
END_TEST

/* Claim 32: a run without an eigenvalue is no point of the figure; the others keep their gaps. */
START_TEST(points_of_sharpness)
{
    static const planted effects[] = {{"momentum,seed=7.", EIGENVALUE, -900}, {"adam", EIGENVALUE, 20}};
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.0005, effects, 2);
    for (f.seeds = 11; f.seeds <= 14; f.seeds += 3) {
        assay_claim_result *result = decide(32, &f, NULL);
        size_t known = f.seeds - 1;
        ck_assert_uint_eq(result->part_count, known < 12 ? 2 : 3);
        const assay_claim_line *line = &result->panels[0].lines[1];
        ck_assert_uint_eq(line->count, known);
        double ratio = 0;
        size_t at = 0;
        for (uint64_t seed = 1; seed <= f.seeds; seed++) {
            if (seed != 7) {
                const char *cell = "optimizer=momentum";
                double gap = number_of(&f, cell, seed, FIT) - number_of(&f, cell, seed, TEST);
                double eigenvalue = number_of(&f, cell, seed, EIGENVALUE);
                ck_assert_double_eq_tol(line->y[at], 100.0 * gap, 1e-6);
                support_assert_relative("eigenvalue", line->x[at], eigenvalue, 1e-9);
                double change = log(number_of(&f, "optimizer=adam", seed, EIGENVALUE) / eigenvalue);
                ck_assert_double_eq_tol(result->parts[0].values[at++], change, 1e-9);
                ratio += change / (double)known;
            }
        }
        ck_assert(result->panels[0].x_log && !result->panels[0].y_log);
        double growth = mean_of(&f, "optimizer=adam", GROWTH) - mean_of(&f, "optimizer=momentum", GROWTH);
        const char *text = support_says(support_says(result->note, "is %.2f times", exp(ratio)), "of %.0f seeds",
                                        (double)known);
        support_says(support_says(text, "is %+.3g", growth), "(%.0f seeds)", (double)f.seeds);
        for (int method = 0; method < 3; method++) {
            char *cell = cell_of("optimizer=", method);
            text = support_says(result->rows[method].measured, "eigenvalue %.3g,", mean_of(&f, cell, EIGENVALUE));
            support_says(support_says(text, "trace %.3g,", mean_of(&f, cell, TRACE)), "growth %.3g",
                         mean_of(&f, cell, GROWTH));
            assay_free(cell);
        }
        assay_claim_result_destroy(result);
        assay_free(result);
    }
}
END_TEST

/* Which claims can be decided from what a folder has: plan and record of each of their studies. */
START_TEST(studies_that_exist)
{
    static const struct {
        const char *missing; /* is removed */
        unsigned claim;
        bool exists;
    } cases[] = {
        {"other", 25, true},
        {"other", 27, true},
        {"other", 24, false}, /* has no study */
        {"other", 26, false},
        {"plans/small.json", 27, false},
        {"small.jsonl", 27, false},
        {"plans/training.json", 27, false},
        {"training.jsonl", 27, false},
        {"training.jsonl", 25, false},
        {"plans/training.json", 25, false},
    };
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_studies_exist");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = support_make_folder();
        char *plans = assay_asprintf(NULL, "%s/plans", folder);
        char *missing = assay_asprintf(NULL, "%s/%s", folder, cases[i].missing);
        ck_assert_int_eq(mkdir(plans, 0777), 0);
        fabricated_save(folder, "plans/small.json", "");
        fabricated_save(folder, "plans/training.json", "");
        fabricated_save(folder, "small.jsonl", "");
        fabricated_save(folder, "training.jsonl", "");
        remove(missing);
        ck_assert_int_eq(assay_claim_studies_exist(assay_claim_by_number(cases[i].claim), folder), cases[i].exists);
        assay_free(missing);
        assay_free(plans);
        support_remove_folder(folder);
    }
}
END_TEST

START_TEST(records_that_do_not_fit)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    char *folder = support_make_folder();
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = folder, .first_seed = 1};
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    fabrication f = fabricated_study("training", METHODS, 0.001, NULL, 0); /* cells of other names */
    fabricate(folder, &f);
    support_assert_error(assay_claim_examine(assay_claim_by_number(25), &input, result, &error), ASSAY_ERROR_FORMAT,
                         &error, "claim 25: study training has no cell 'optimizer=");
    assay_claim_result_destroy(result);
    static const struct {
        unsigned claim;
        const char *study;
    } others[] = {{26, "starts"}, {27, "small"}, {31, "training"}, {32, "training"}, {33, "depth-best"}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char part[64];
        f.study = others[i].study;
        fabricate(folder, &f);
        snprintf(part, sizeof part, "claim %u: study %s has no cell '", others[i].claim, others[i].study);
        support_assert_error(assay_claim_examine(assay_claim_by_number(others[i].claim), &input, result, &error),
                             ASSAY_ERROR_FORMAT, &error, part);
        assay_claim_result_destroy(result);
    }
    f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    fabricate(folder, &f);
    fabricated_save(folder, "training.jsonl", "{\"key\":\"optimizer=adam,seed=1\"}\n");
    support_assert_error(assay_claim_examine(assay_claim_by_number(25), &input, result, &error), ASSAY_ERROR_FORMAT,
                         &error, "training.jsonl: line 1: this result is damaged");
    assay_claim_result_destroy(result);
    f.lost = "optimizer=adam"; /* there is nothing to run instead: no backend */
    fabricate(folder, &f);
    support_assert_error(assay_claim_examine(assay_claim_by_number(25), &input, result, &error), ASSAY_ERROR_FORMAT,
                         &error, "study training: no seed is finished in all cells");
    assay_claim_result_destroy(result);
    assay_free(result);
    support_remove_folder(folder);
}
END_TEST

/* A measure that is a text in one cell of one seed: each claim that reads it says so. */
START_TEST(measures_that_are_texts)
{
    static const struct {
        unsigned claim;
        const char *study;
        const char *factors;
        const char *cell;
        int measure;
    } cases[] = {
        {25, "training", OPTIMIZERS, "optimizer=momentum,seed=1.", TEST},
        {25, "training", OPTIMIZERS, "optimizer=sgd,seed=1.", TEST},
        {26, "starts", STARTS ", " OPTIMIZERS, "start=torch,optimizer=adam,seed=12.", TEST},
        {27, "small", OPTIMIZERS, "optimizer=adam,seed=1.", TEST},
        {27, "training", OPTIMIZERS, "optimizer=sgd,seed=1.", TEST},
        {31, "training", OPTIMIZERS, "optimizer=sgd,seed=1.", FIT},
        {31, "training", OPTIMIZERS, "optimizer=sgd,seed=1.", TEST},
        {32, "training", OPTIMIZERS, "optimizer=sgd,seed=1.", TRACE},
        {32, "training", OPTIMIZERS, "optimizer=adam,seed=1.", FIT},
        {32, "training", OPTIMIZERS, "optimizer=sgd,seed=1.", TEST},
        {33, "depth-best", DEPTHS ", " OPTIMIZERS, "depth=30,optimizer=sgd,seed=1.", TEST},
        {33, "depth-best", DEPTHS ", " OPTIMIZERS, "depth=4,optimizer=sgd,seed=1.", TEST},
    };
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    char *folder = support_make_folder();
    const assay_claims_input input = {.effort = ASSAY_CLAIMS_DEFAULT, .recorded = folder, .first_seed = 1};
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
        fabricate(folder, &f); /* claim 27 reads two studies */
        f = fabricated_study("small", OPTIMIZERS, 0.001, NULL, 0);
        fabricate(folder, &f);
        f = fabricated_study(cases[i].study, cases[i].factors, 0.001, NULL, 0);
        f.odd = cases[i].cell;
        f.odd_measure = cases[i].measure;
        f.odd_text = true;
        fabricate(folder, &f);
        char part[64];
        assay_error error;
        snprintf(part, sizeof part, "'%s' is not a number", fabricated_measures[cases[i].measure]);
        support_assert_error(assay_claim_examine(assay_claim_by_number(cases[i].claim), &input, result, &error),
                             ASSAY_ERROR_FORMAT, &error, part);
        assay_claim_result_destroy(result);
    }
    assay_free(result);
    support_remove_folder(folder);
}
END_TEST

/* Runs that do not differ: no number of seeds would show a difference, and nothing correlates. */
START_TEST(runs_without_any_difference)
{
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    const fabrication f = fabricated_study("training", OPTIMIZERS, 0.0, NULL, 0);
    assay_claim_result *result = examine(25, &f, NULL);
    ck_assert_uint_eq(result->row_count, 3); /* the accuracies alone */
    ck_assert_str_eq(result->rows[0].label, "SGD");
    assay_claim_result_destroy(result);
    assay_free(result);
    result = examine(32, &f, NULL);
    ck_assert_uint_eq(result->part_count, 3);
    ck_assert_double_eq(result->parts[2].values[0], 0.0);
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* Claim 32 needs eigenvalues and growth, and has no figure without any point. */
START_TEST(sharpness_that_is_not_there)
{
    static const char note[] = "No seed has the sharpness of both Adam and momentum.";
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    f.none = "optimizer";
    assay_claim_result *result = examine(32, &f, NULL);
    ck_assert_uint_eq(result->panel_count, 0);
    ck_assert_str_eq(result->note, note);
    assay_claim_result_destroy(result);
    assay_free(result);
    f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    f.odd = "adam";
    f.odd_measure = GROWTH;
    result = examine(32, &f, NULL);
    ck_assert(result->parts[0].count == 12 && result->parts[1].count == 0);
    ck_assert_str_eq(result->note, note);
    assay_claim_result_destroy(result);
    assay_free(result);
}
END_TEST

/* --- runs where there is no record -------------------------------------------------------------------------------- */

enum { IMAGES = 4000, NETWORKS = 18 };
static planted_backend backend;
static uint8_t pixels[IMAGES * ASSAY_IMAGE_PIXELS];
static int32_t labels[IMAGES];
static const assay_dataset images = {IMAGES, ASSAY_IMAGE_PIXELS, ASSAY_CLASSES, pixels, 0.0f, 1.0f, NULL, labels};

static void give_ones(const planted_backend *from, size_t count, double *to)
{
    (void)from;
    for (size_t i = 0; i < count; i++) {
        to[i] = 1.0;
    }
}

static assay_claims_input input_to_run(void)
{
    planted_open(&backend, ASSAY_F32);
    backend.give = give_ones;
    return (assay_claims_input){
        .f32 = &backend.base, .train = &images, .test = &images, .seeds = 1, .first_seed = 5, .threads = 1};
}

/* With --quick each claim trains small networks, one for each cell and seed. */
START_TEST(quick_runs)
{
    static const struct {
        unsigned claim;
        size_t parts;
        size_t networks;
        size_t layers[NETWORKS]; /* of each network; 0: as the one before */
    } cases[] = {
        {25, 6, 3, {4}},
        {26, 12, 18, {4}},
        {27, 3, 6, {4, 0, 0, 5}},
        {31, 3, 3, {4}},
        {33, 4, 12, {5, 0, 0, 9, 0, 0, 17, 0, 0, 31}},
    };
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assay_claims_input input = input_to_run();
        assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
        assay_error error;
        input.effort = ASSAY_CLAIMS_QUICK;
        support_assert_ok(assay_claim_examine(assay_claim_by_number(cases[i].claim), &input, result, &error), &error);
        ck_assert_uint_eq(result->part_count, cases[i].parts);
        ck_assert(!result->origin.recorded);
        ck_assert_str_eq(result->origin.options, "--quick, 1 seeds from 5");
        ck_assert_str_eq(measured(result, "measured with"), "short runs of small networks, 1 seeds");
        ck_assert_uint_eq(backend.passes, cases[i].networks);
        size_t layers = 0;
        for (size_t k = 0; k < backend.passes; k++) {
            layers = cases[i].layers[k] != 0 ? cases[i].layers[k] : layers;
            ck_assert_uint_eq(backend.pass[k].layers, layers);
        }
        assay_claim_result_destroy(result);
        assay_free(result);
    }
}
END_TEST

#define TINY                                                                                                       \
    "{\"study\": \"training\", \"settings\": {\"epochs\": 1, \"hidden\": \"8\", \"batch\": 100, \"train_count\": " \
    "200, \"validation_count\": 100}, \"factors\": [" OPTIMIZERS                                                   \
    "], \"seeds\": {\"first\": 1, \"count\": 2}, \"record\": [\"test_accuracy\"]}"

/* The plan of a study is run with --full where there is no record, and its record is read by default. Few seeds are
 * always measured. */
START_TEST(when_a_study_is_run)
{
    static const struct {
        assay_claims_effort effort;
        size_t seeds;
        bool plan;
        bool record;
        size_t networks; /* that are trained; the plan's: two seeds of each of three optimizers */
        bool recorded;
    } cases[] = {
        {ASSAY_CLAIMS_FULL, 0, true, false, 6, false},   {ASSAY_CLAIMS_FULL, 1, false, false, 3, false},
        {ASSAY_CLAIMS_FULL, 0, true, true, 0, true},     {ASSAY_CLAIMS_DEFAULT, 0, true, true, 0, true},
        {ASSAY_CLAIMS_DEFAULT, 1, true, true, 3, false}, {ASSAY_CLAIMS_DEFAULT, 1, true, false, 3, false},
        {ASSAY_CLAIMS_QUICK, 1, true, true, 3, false},
    };
    evidence(EVIDENCE_PROPERTY, "tutorial/claim_examine");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = support_make_folder();
        const fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
        fabricate(folder, &f);
        char *plan = assay_asprintf(NULL, "%s/plans/training.json", folder);
        char *record = assay_asprintf(NULL, "%s/training.jsonl", folder);
        if (!cases[i].record) {
            remove(record);
            fabricated_save(folder, "plans/training.json", TINY);
        }
        if (!cases[i].plan) {
            remove(plan);
        }
        assay_claims_input input = input_to_run();
        assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
        assay_error error;
        input.effort = cases[i].effort;
        input.seeds = cases[i].seeds;
        input.recorded = folder;
        support_assert_ok(assay_claim_examine(assay_claim_by_number(25), &input, result, &error), &error);
        ck_assert_msg(backend.passes == cases[i].networks, "case %zu: %zu networks", i, backend.passes);
        ck_assert(result->origin.recorded == cases[i].recorded);
        assay_claim_result_destroy(result);
        assay_free(result);
        assay_free(plan);
        assay_free(record);
        support_remove_folder(folder);
    }
}
END_TEST

/* A study that does not record what a claim is about. */
START_TEST(measures_that_are_not_recorded)
{
    evidence(EVIDENCE_ERRORS, "tutorial/claim_examine");
    char *folder = support_make_folder();
    const fabrication f = fabricated_study("training", OPTIMIZERS, 0.001, NULL, 0);
    fabricate(folder, &f);
    char *record = assay_asprintf(NULL, "%s/training.jsonl", folder);
    remove(record);
    fabricated_save(folder, "plans/training.json", TINY);
    assay_claims_input input = input_to_run();
    assay_claim_result *result = assay_calloc(1, sizeof *result, NULL);
    assay_error error;
    input.effort = ASSAY_CLAIMS_FULL;
    input.recorded = folder;
    input.f32 = NULL; /* nothing to run it on */
    support_assert_error(assay_claim_examine(assay_claim_by_number(31), &input, result, &error), ASSAY_ERROR_FORMAT,
                         &error, "claim 31: study training: no seed is finished in all cells");
    assay_claim_result_destroy(result);
    input.f32 = &backend.base;
    support_assert_error(assay_claim_examine(assay_claim_by_number(31), &input, result, &error), ASSAY_ERROR_FORMAT,
                         &error, "claim 31: study training does not record 'fit_accuracy'");
    assay_claim_result_destroy(result);
    assay_free(result);
    assay_free(record);
    support_remove_folder(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("claims_study");
    TCase *decisions = tcase_create("verdicts");
    tcase_add_loop_test(decisions, verdicts_from_answers, 0, sizeof rules / sizeof *rules);
    suite_add_tcase(suite, decisions);
    TCase *records = tcase_create("records");
    tcase_set_timeout(records, 120);
    tcase_add_test(records, equally_good);
    tcase_add_test(records, the_planted_difference_is_found);
    tcase_add_test(records, a_smaller_network);
    tcase_add_test(records, worse_starts);
    tcase_add_test(records, overfitting);
    tcase_add_test(records, sharpness);
    tcase_add_test(records, sharpness_goes_with_the_gap);
    tcase_add_test(records, deep_networks);
    tcase_add_test(records, missing_and_diverged_runs);
    tcase_add_test(records, runs_without_sharpness);
    tcase_add_test(records, optimizers_that_diverge);
    tcase_add_test(records, pairs_of_two_studies);
    tcase_add_test(records, texts_about_accuracies);
    tcase_add_test(records, texts_about_starts_and_depths);
    tcase_add_test(records, the_best_rates);
    tcase_add_test(records, no_common_seed);
    tcase_add_test(records, points_of_sharpness);
    tcase_add_test(records, studies_that_exist);
    tcase_add_test(records, records_that_do_not_fit);
    tcase_add_test(records, measures_that_are_texts);
    tcase_add_test(records, runs_without_any_difference);
    tcase_add_test(records, sharpness_that_is_not_there);
    suite_add_tcase(suite, records);
    TCase *runs = tcase_create("runs");
    tcase_set_timeout(runs, 60);
    tcase_add_test(runs, quick_runs);
    tcase_add_test(runs, when_a_study_is_run);
    tcase_add_test(runs, measures_that_are_not_recorded);
    suite_add_tcase(suite, runs);
    return support_run(suite);
}
