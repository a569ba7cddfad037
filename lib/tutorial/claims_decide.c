/* From measured parts to verdicts: intervals, tests, Holm's correction, and the rules of claims.h. */
#include <stdio.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "tutorial/claims_impl.h"

enum {
    RESAMPLES = 10000,
    EXACT_SEEDS = 20,   /* up to so many, all sign patterns are looked at */
    FLIPS = 1000000,    /* random ones for more seeds */
    POWER_FLIPS = 4096, /* all sign patterns of up to 12 seeds, which is quick */
    EXPERIMENTS = 64    /* the standard error of a power of 0.9 is 4 % */
};

static const double LEVEL = 0.05;

const char *assay_claim_verdict_name(assay_claim_verdict verdict)
{
    switch (verdict) {
    case ASSAY_CLAIM_HOLDS: return "holds";
    case ASSAY_CLAIM_HOLDS_IN_PART: return "holds in part";
    case ASSAY_CLAIM_DOES_NOT_HOLD: return "does not hold";
    case ASSAY_CLAIM_CANNOT_TELL: break;
    }
    return "cannot be told at this power";
}

const char *assay_claim_rule_name(assay_claim_rule rule)
{
    static const char *const names[] = {[ASSAY_PART_MEAN] = "mean",
                                        [ASSAY_PART_EVERY] = "every",
                                        [ASSAY_PART_INTERVAL] = "interval",
                                        [ASSAY_PART_GIVEN] = "given"};
    return names[rule];
}

static bool is_tested(const assay_claim_part *part)
{
    return part->rule == ASSAY_PART_MEAN && part->count > 1;
}

/* Of "the mean is at most `bound`", or with `sign` -1 "at least": the patterns of signs are symmetric, so it is half
 * the two-sided p where the mean is on the right side. */
static assay_status one_sided(const assay_claim_part *part, double bound, double sign, double *shifted,
                              assay_mt19937 *generator, double *p, assay_error *error)
{
    double sum = 0.0;
    for (size_t i = 0; i < part->count; i++) {
        shifted[i] = sign * (part->values[i] - bound);
        sum += shifted[i];
    }
    assay_sign_flip_result test;
    size_t flips = part->count <= EXACT_SEEDS ? (size_t)1 << EXACT_SEEDS : FLIPS;
    ASSAY_TRY(assay_sign_flip_test(part->count, shifted, flips, generator, &test, error));
    *p = sum > 0.0 ? test.p / 2.0 : 1.0 - test.p / 2.0;
    return ASSAY_OK;
}

/* Both p-values of a part, not yet corrected. */
static assay_status test_part(assay_claim_part *part, double *shifted, assay_mt19937 *generator, assay_error *error)
{
    const struct {
        double bound;
        double inwards;
    } sides[] = {{part->low, 1.0}, {part->high, -1.0}};
    double inside = 0.0;
    double outside = 1.0;
    int bounds = 0;
    for (int i = 0; i < 2; i++) {
        if (isinf(sides[i].bound)) {
            continue;
        }
        double p;
        ASSAY_TRY(one_sided(part, sides[i].bound, sides[i].inwards, shifted, generator, &p, error));
        inside = fmax(inside, p);
        ASSAY_TRY(one_sided(part, sides[i].bound, -sides[i].inwards, shifted, generator, &p, error));
        outside = fmin(outside, p);
        bounds++;
    }
    part->p_inside = inside;
    part->p_outside = fmin(1.0, bounds * outside);
    return ASSAY_OK;
}

static void decide_every(assay_claim_part *part)
{
    part->effect = (assay_interval){.lower = part->values[0], .upper = part->values[0]};
    double sum = 0.0;
    for (size_t i = 0; i < part->count; i++) {
        part->effect.lower = fmin(part->effect.lower, part->values[i]);
        part->effect.upper = fmax(part->effect.upper, part->values[i]);
        sum += part->values[i];
    }
    part->effect.estimate = sum / (double)part->count;
    bool inside = part->effect.lower >= part->low && part->effect.upper <= part->high;
    part->answer = inside ? ASSAY_ANSWER_YES : ASSAY_ANSWER_NO;
    part->p_inside = part->p_outside = part->smallest = NAN;
}

/* An interval of the mean of fewer seeds than these covers too rarely to decide anything. */
enum { INTERVAL_SEEDS = 12 };

static void decide_interval(assay_claim_part *part)
{
    bool few = part->rule == ASSAY_PART_INTERVAL && part->count < INTERVAL_SEEDS;
    bool inside = part->effect.lower >= part->low && part->effect.upper <= part->high;
    bool outside = part->effect.upper < part->low || part->effect.lower > part->high;
    part->answer = few       ? ASSAY_ANSWER_UNKNOWN
                   : inside  ? ASSAY_ANSWER_YES
                   : outside ? ASSAY_ANSWER_NO
                             : ASSAY_ANSWER_UNKNOWN;
    part->p_inside = part->p_outside = part->smallest = NAN;
}

static assay_status measure_part(assay_claim_part *part, size_t tested, assay_error *error)
{
    if (part->rule == ASSAY_PART_GIVEN) {
        part->effect = (assay_interval){part->values[0], part->values[1], part->values[2]};
        decide_interval(part);
        return ASSAY_OK;
    }
    if (part->count == 0) {
        part->effect = (assay_interval){NAN, NAN, NAN};
        part->answer = ASSAY_ANSWER_UNKNOWN;
        part->p_inside = part->p_outside = part->smallest = NAN;
        return ASSAY_OK;
    }
    if (part->rule == ASSAY_PART_EVERY || part->count < 2) {
        decide_every(part);
        part->answer = part->rule == ASSAY_PART_EVERY ? part->answer
                                                      : ASSAY_ANSWER_UNKNOWN; /* one seed tells nothing */
        return ASSAY_OK;
    }
    assay_mt19937 generator;
    assay_mt19937_seed(&generator, 1); /* a verdict repeats */
    ASSAY_TRY(assay_bootstrap_interval(part->count, part->values, assay_statistic_mean, NULL, RESAMPLES, 1.0 - LEVEL,
                                       &generator, &part->effect, error));
    if (part->rule == ASSAY_PART_INTERVAL) {
        decide_interval(part);
        return ASSAY_OK;
    }
    double *shifted = assay_calloc(part->count, sizeof *shifted, error);
    if (shifted == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    assay_status status = test_part(part, shifted, &generator, error);
    assay_free(shifted);
    ASSAY_TRY(status);
    /* A one-sided test at the strictest level of Holm's correction, LEVEL / (2 tested). */
    const assay_power_plan plan = {
        .count = part->count, .alpha = LEVEL / (double)tested, .flips = POWER_FLIPS, .experiments = EXPERIMENTS};
    return assay_smallest_effect(&plan, part->count, part->values, 0.9, &generator, &part->smallest, error);
}

/* --- all parts --------------------------------------------------------------------------------------------------- */

/* Every tested part of the results; `parts` may be NULL to count only. */
static size_t collect(size_t count, assay_claim_result *results, assay_claim_part **parts)
{
    size_t tested = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < results[i].part_count; j++) {
            if (is_tested(&results[i].parts[j])) {
                if (parts != NULL) {
                    parts[tested] = &results[i].parts[j];
                }
                tested++;
            }
        }
    }
    return tested;
}

static assay_status correct(size_t tested, assay_claim_part **parts, double *p, assay_error *error)
{
    for (size_t i = 0; i < tested; i++) {
        p[2 * i] = parts[i]->p_inside;
        p[2 * i + 1] = parts[i]->p_outside;
    }
    ASSAY_TRY(assay_holm(2 * tested, p, p, error));
    for (size_t i = 0; i < tested; i++) {
        parts[i]->p_inside = p[2 * i];
        parts[i]->p_outside = p[2 * i + 1];
        parts[i]->answer = p[2 * i] <= LEVEL       ? ASSAY_ANSWER_YES
                           : p[2 * i + 1] <= LEVEL ? ASSAY_ANSWER_NO
                                                   : ASSAY_ANSWER_UNKNOWN;
    }
    return ASSAY_OK;
}

static assay_status correct_all(size_t count, assay_claim_result *results, size_t tested, assay_error *error)
{
    if (tested == 0) {
        return ASSAY_OK;
    }
    assay_claim_part **parts = assay_calloc(tested, sizeof *parts, error);
    double *p = parts == NULL ? NULL : assay_calloc(2 * tested, sizeof *p, error);
    assay_status status = ASSAY_ERROR_MEMORY;
    if (p != NULL) {
        collect(count, results, parts);
        status = correct(tested, parts, p, error);
    }
    assay_free(parts);
    assay_free(p);
    return status;
}

/* The rules that claims.h states. */
static assay_claim_verdict verdict_of(const assay_claim_result *result)
{
    size_t answers[3] = {0};
    bool essential_no = false;
    bool essential_unknown = false;
    for (size_t i = 0; i < result->part_count; i++) {
        const assay_claim_part *part = &result->parts[i];
        answers[part->answer]++;
        essential_no = essential_no || (part->essential && part->answer == ASSAY_ANSWER_NO);
        essential_unknown = essential_unknown || (part->essential && part->answer == ASSAY_ANSWER_UNKNOWN);
    }
    size_t yes = answers[ASSAY_ANSWER_YES];
    size_t no = answers[ASSAY_ANSWER_NO];
    if (essential_no || (no > 0 && no == result->part_count)) {
        return ASSAY_CLAIM_DOES_NOT_HOLD;
    }
    if (essential_unknown || (answers[ASSAY_ANSWER_UNKNOWN] > 0 && (yes == 0 || no == 0))) {
        return ASSAY_CLAIM_CANNOT_TELL;
    }
    return no == 0 ? ASSAY_CLAIM_HOLDS : ASSAY_CLAIM_HOLDS_IN_PART;
}

assay_status assay_claims_decide(size_t count, assay_claim_result *results, assay_error *error)
{
    size_t tested = collect(count, results, NULL);
    for (size_t i = 0; i < count; i++) {
        if (results[i].part_count == 0) {
            return assay_fail(error, ASSAY_ERROR_ARGUMENT, "claim %u: nothing was measured", results[i].number);
        }
        for (size_t j = 0; j < results[i].part_count; j++) {
            ASSAY_TRY(measure_part(&results[i].parts[j], tested, error));
        }
    }
    ASSAY_TRY(correct_all(count, results, tested, error));
    for (size_t i = 0; i < count; i++) {
        const assay_claim *claim = assay_claim_by_number(results[i].number);
        bool own = claim != NULL && claim->verdict != NULL;
        results[i].verdict = own ? claim->verdict(&results[i]) : verdict_of(&results[i]);
    }
    return ASSAY_OK;
}

/* "holds: a, b; " for the parts with this answer; nothing if there is none. */
static size_t put_answer(const assay_claim_result *result, assay_claim_answer answer, const char *heading, char *text,
                         size_t size, size_t used)
{
    const char *before = used == 0 ? "" : ". ";
    for (size_t i = 0; i < result->part_count; i++) {
        if (result->parts[i].answer == answer && used < size) {
            used += (size_t)snprintf(text + used, size - used, "%s%s%s", before, heading, result->parts[i].name);
            before = "";
            heading = "; ";
        }
    }
    return used;
}

void assay_claim_condition(const assay_claim_result *result, char *text, size_t size)
{
    text[0] = '\0';
    const assay_claim *claim = assay_claim_by_number(result->number);
    if (claim != NULL && claim->condition != NULL) {
        claim->condition(result, text, size);
        return;
    }
    size_t used = put_answer(result, ASSAY_ANSWER_YES, "Holds: ", text, size, 0);
    used = put_answer(result, ASSAY_ANSWER_NO, "Does not hold: ", text, size, used);
    put_answer(result, ASSAY_ANSWER_UNKNOWN, "Cannot be told: ", text, size, used);
}
