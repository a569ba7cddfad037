/* What assay claims prints, and its JSON. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/text.h>
#include "claims.h"
#include "output.h"
#include "tool.h"

static const assay_claim_verdict VERDICTS[] = {ASSAY_CLAIM_HOLDS, ASSAY_CLAIM_HOLDS_IN_PART, ASSAY_CLAIM_DOES_NOT_HOLD,
                                               ASSAY_CLAIM_CANNOT_TELL};
enum { VERDICT_COUNT = sizeof VERDICTS / sizeof *VERDICTS };

size_t claims_with_verdict(const claims_set *set, assay_claim_verdict verdict)
{
    size_t found = 0;
    for (size_t i = 0; i < set->count; i++) {
        found += set->results[i].verdict == verdict;
    }
    return found;
}

void claims_summary(const claims_set *set, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "%zu claims:", set->count);
    for (size_t i = 0; i < VERDICT_COUNT && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s %zu %s", i == 0 ? "" : ",",
                                 claims_with_verdict(set, VERDICTS[i]), assay_claim_verdict_name(VERDICTS[i]));
    }
}

void claims_power(const assay_claim_part *part, char text[CLAIMS_POWER])
{
    size_t used = (size_t)snprintf(text, CLAIMS_POWER, "%zu seeds, p = %.2g, ", part->count,
                                   fmin(part->p_inside, part->p_outside));
    if (isinf(part->smallest)) {
        snprintf(text + used, CLAIMS_POWER - used, "too few seeds to see any effect");
    } else {
        snprintf(text + used, CLAIMS_POWER - used, "would have seen %.2g", part->smallest);
    }
}

void claims_short_commit(const char *commit, char text[CLAIMS_COMMIT])
{
    enum { WHOLE_HASH = 40, SHORT_HASH = 12 };
    bool hash = strspn(commit, "0123456789abcdef") == WHOLE_HASH && commit[WHOLE_HASH] == '\0';
    snprintf(text, CLAIMS_COMMIT, "%.*s", hash ? SHORT_HASH : CLAIMS_COMMIT - 1, commit);
}

void claims_effect(const assay_claim_part *part, char *text, size_t size)
{
    const char *space = part->unit[0] == '\0' ? "" : " ";
    if (part->count == 0) {
        snprintf(text, size, "not measured");
    } else if (part->count == 1) {
        snprintf(text, size, "%.4g%s%s", part->effect.estimate, space, part->unit);
    } else {
        snprintf(text, size, "%.4g [%.4g, %.4g]%s%s", part->effect.estimate, part->effect.lower, part->effect.upper,
                 space, part->unit);
    }
}

/* Breaks a text into lines of at most 100 characters, each after four spaces. */
static void print_wrapped(const char *text)
{
    enum { WIDTH = 100 };
    while (*text != '\0') {
        size_t length = strlen(text);
        if (length > WIDTH) {
            length = WIDTH;
            while (length > 0 && text[length] != ' ') {
                length--;
            }
            length = length == 0 ? WIDTH : length;
        }
        printf("    %.*s\n", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

static const char *answer_name(assay_claim_answer answer)
{
    return answer == ASSAY_ANSWER_YES ? "yes" : answer == ASSAY_ANSWER_NO ? "no" : "unknown";
}

static void print_part(const assay_claim_part *part)
{
    char effect[256];
    claims_effect(part, effect, sizeof effect);
    printf("    %-7s %s\n            %s: %s", answer_name(part->answer), part->name, part->measure, effect);
    if (!isnan(part->p_inside)) {
        char power[CLAIMS_POWER];
        claims_power(part, power);
        printf("; %s", power);
    }
    putchar('\n');
}

static void print_claim(const assay_claim *claim, const assay_claim_result *result)
{
    printf("%2u %-5s %s: %s\n", claim->number, claim->cell, claim->title, assay_claim_verdict_name(result->verdict));
    print_wrapped(claim->says);
    for (size_t i = 0; i < result->part_count; i++) {
        print_part(&result->parts[i]);
    }
    print_wrapped(result->note);
    if (claim->condition != NULL) {
        char condition[CLAIMS_CONDITION];
        assay_claim_condition(result, condition, sizeof condition);
        print_wrapped(condition);
    }
    if (result->origin.recorded) {
        char commit[CLAIMS_COMMIT];
        claims_short_commit(result->origin.commit, commit);
        printf("    recorded at %s (%s, %s)\n", commit, result->origin.backend, result->origin.options);
    }
    putchar('\n');
}

void claims_print(const claims_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        print_claim(set->claims[i], &set->results[i]);
    }
    char summary[256];
    claims_summary(set, summary, sizeof summary);
    printf("%s\nIntervals: 95 %%, over seeds. p: Holm's correction over all parts above; any wrong yes or no has a "
           "probability of at most 0.05.\n",
           summary);
}

/* --- JSON -------------------------------------------------------------------------------------------------------- */

/* JSON has no NaN and no infinity: null. */
static json_t *real(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *part_json(const assay_claim_part *part)
{
    json_t *values = json_array();
    for (size_t i = 0; i < part->count; i++) {
        json_array_append_new(values, real(part->values[i]));
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:[o, o], s:s, s:o, s:[o, o], s:o, s:o, s:o, s:o}", "name", part->name,
                     "measure", part->measure, "unit", part->unit, "rule", assay_claim_rule_name(part->rule),
                     "essential", part->essential, "region", real(part->low), real(part->high), "answer",
                     answer_name(part->answer), "estimate", real(part->effect.estimate), "interval",
                     real(part->effect.lower), real(part->effect.upper), "p_not_inside", real(part->p_inside),
                     "p_inside", real(part->p_outside), "smallest_effect", real(part->smallest), "values", values);
}

static json_t *origin_json(const assay_claim_origin *origin)
{
    return json_pack("{s:b, s:s, s:s, s:s, s:s}", "recorded", origin->recorded, "commit", origin->commit, "backend",
                     origin->backend, "machine", origin->machine, "options", origin->options);
}

static json_t *claim_json(const assay_claim *claim, const assay_claim_result *result)
{
    char condition[CLAIMS_CONDITION];
    assay_claim_condition(result, condition, sizeof condition);
    json_t *parts = json_array();
    for (size_t i = 0; i < result->part_count; i++) {
        json_array_append_new(parts, part_json(&result->parts[i]));
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < result->row_count; i++) {
        const assay_claim_row *row = &result->rows[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:s}", "label", row->label, "expected", row->expected,
                                              "measured", row->measured));
    }
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o}", "claim", (int)claim->number,
                     "cell", claim->cell, "title", claim->title, "says", claim->says, "decided_by", claim->decided,
                     "verdict", assay_claim_verdict_name(result->verdict), "condition", condition, "note", result->note,
                     "seeds", (json_int_t)result->seeds, "parts", parts, "rows", rows, "origin",
                     origin_json(&result->origin));
}

assay_status claims_write_json(const claims_set *set, const char *path, assay_error *error)
{
    json_t *list = json_array();
    for (size_t i = 0; i < set->count; i++) {
        json_array_append_new(list, claim_json(set->claims[i], &set->results[i]));
    }
    json_t *verdicts = json_object();
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        json_object_set_new(verdicts, assay_claim_verdict_name(VERDICTS[i]),
                            json_integer((json_int_t)claims_with_verdict(set, VERDICTS[i])));
    }
    return tool_write_json(
        json_pack("{s:f, s:s, s:o, s:o}", "level", 0.05, "correction", "Holm", "verdicts", verdicts, "claims", list),
        path, 12, error);
}
