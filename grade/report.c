#include "grade/report.h"

#include <jansson.h>
#include <string.h>

#include <assay/base/alloc.h>
#include "grade/explain.h"
#include "grade/findings.h"
#include "grade/report_impl.h"

/* clang-format off */
static const char *const format_names[GRADE_FORMAT_COUNT] = {
    [GRADE_TABLE] = "table",
    [GRADE_TAP] = "tap",
    [GRADE_JUNIT] = "junit",
    [GRADE_JSON] = "json",
    [GRADE_GRADESCOPE] = "gradescope",
};
/* clang-format on */

assay_status assay_grade_format_by_name(const char *name, grade_format *format, assay_error *error)
{
    for (int i = 0; i < GRADE_FORMAT_COUNT; i++) {
        if (strcmp(format_names[i], name) == 0) {
            *format = (grade_format)i;
            return ASSAY_OK;
        }
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "no format '%.40s'; there are table, tap, junit, json, gradescope",
                      name);
}

size_t assay_grade_passed(const grade_part *part)
{
    size_t passed = 0;
    for (size_t i = 0; i < part->count; i++) {
        passed += part->results[i].verdict == GRADE_PASS;
    }
    return passed;
}

bool grade_part_missing(const grade_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        if (part->results[i].verdict != GRADE_MISSING) {
            return false;
        }
    }
    return true;
}

static bool same_id(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_explanation(const grade_result *a, const grade_result *b)
{
    bool same = same_id(a->mistake, b->mistake);
    for (size_t i = 0; i < GRADE_MAX_NAMES && same; i++) {
        same = same_id(a->also[i], b->also[i]) && same_id(a->follows[i], b->follows[i]);
    }
    return same;
}

bool grade_new_explanation(const grade_part *part, size_t index)
{
    const grade_result *result = &part->results[index];
    for (size_t i = 0; i < index; i++) {
        if (same_explanation(result, &part->results[i])) {
            return false;
        }
    }
    return result->mistake != NULL || result->follows[0] != NULL;
}

static void append(char *text, size_t size, const char *separator, const char *id)
{
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", separator, id);
}

void grade_explanation_ids(const grade_result *result, char *text, size_t size)
{
    text[0] = '\0';
    if (result->mistake != NULL) {
        append(text, size, "", result->mistake);
    }
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->also[i] != NULL; i++) {
        append(text, size, " + ", result->also[i]);
    }
    for (size_t t = 0; t < result->tie_count; t++) {
        for (size_t i = 0; i < GRADE_MAX_NAMES && result->ties[t].name[i] != NULL; i++) {
            append(text, size, i == 0 ? " or " : " + ", result->ties[t].name[i]);
        }
    }
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->mistake == NULL && result->follows[i] != NULL; i++) {
        append(text, size, i == 0 ? "follows from " : " + ", result->follows[i]);
    }
}

void grade_solved_number(const grade_result *result, const char *id, char *text, size_t size)
{
    text[0] = '\0';
    if (same_id(result->solved, id)) {
        snprintf(text, size, " (here: %.6g)", result->parameter);
    }
}

/* --- for people --------------------------------------------------------------------------------------------------- */

/* Words in lines of at most 100 columns, each after `indent` blanks. */
static void print_wrapped(FILE *stream, int indent, const char *text)
{
    enum { WIDTH = 100 };
    int column = 0;
    while (*text != '\0') {
        int word = (int)strcspn(text, " ");
        if (column > 0 && column + 1 + word > WIDTH) {
            fputc('\n', stream);
            column = 0;
        }
        column += column == 0 ? fprintf(stream, "%*s%.*s", indent, "", word, text)
                              : fprintf(stream, " %.*s", word, text);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', stream);
}

/* Who uses a convention, and how to accept it. */
static void print_users(FILE *stream, const grade_report *report, const grade_mistake *convention)
{
    const char *first = assay_grade_catalogue_user(report->catalogue, convention, 0);
    const char *user = first;
    fprintf(stream, "         ");
    for (size_t i = 1; user != NULL; i++) {
        fprintf(stream, "%s%s", i == 1 ? "used by " : ", ", user);
        user = assay_grade_catalogue_user(report->catalogue, convention, i);
    }
    fprintf(stream, "%s--convention %s counts it as right\n", first == NULL ? "" : "; ",
            first == NULL ? convention->id : first);
}

static void print_mistake(FILE *stream, const grade_report *report, const grade_component *component, const char *id,
                          const char *number)
{
    const grade_mistake *mistake = assay_grade_catalogue_find(report->catalogue, id);
    bool convention = strcmp(mistake->kind, "convention") == 0;
    bool inside = component->parts != NULL && strcmp(mistake->component, component->name) != 0 &&
                  strcmp(mistake->component, "any") != 0;
    fprintf(stream, "      >> %s%s%s%s  [%s]\n", inside ? "in this component's own code: " : "",
            convention ? "right in another convention: " : "", mistake->name, number, mistake->id);
    print_wrapped(stream, 9, mistake->explanation);
    fprintf(stream, "         Hint: ");
    print_wrapped(stream, 0, mistake->hint);
    if (convention) {
        print_users(stream, report, mistake);
    }
}

static void print_ties(FILE *stream, const grade_report *report, const grade_result *result)
{
    for (size_t t = 0; t < result->tie_count; t++) {
        fprintf(stream, "      >> or, with the same values:");
        for (size_t i = 0; i < GRADE_MAX_NAMES && result->ties[t].name[i] != NULL; i++) {
            const char *id = result->ties[t].name[i];
            fprintf(stream, "%s %s  [%s]", i == 0 ? "" : ", and",
                    assay_grade_catalogue_find(report->catalogue, id)->name, id);
        }
        fputc('\n', stream);
    }
}

static void print_explanation(FILE *stream, const grade_report *report, const grade_component *component,
                              const grade_result *result)
{
    char number[64];
    if (result->mistake != NULL) {
        grade_solved_number(result, result->mistake, number, sizeof number);
        print_mistake(stream, report, component, result->mistake, number);
    }
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->also[i] != NULL; i++) {
        grade_solved_number(result, result->also[i], number, sizeof number);
        print_mistake(stream, report, component, result->also[i], number);
    }
    print_ties(stream, report, result);
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->follows[i] != NULL; i++) {
        fprintf(stream, "      >> follows from: %s  [%s]\n",
                assay_grade_catalogue_find(report->catalogue, result->follows[i])->name, result->follows[i]);
    }
}

/* What can be expected of the names for this component. */
static void print_named(FILE *stream, const grade_report *report, const grade_component *component)
{
    char share[120];
    const grade_named named = assay_grade_catalogue_named(report->catalogue, component->name);
    assay_grade_named_text(&named, share, sizeof share);
    fprintf(stream, "         measured for this component: %s\n", share);
}

static void print_unexplained(FILE *stream, const grade_report *report, const grade_part *part)
{
    const grade_result *near = NULL;
    const grade_component *suspect = NULL;
    bool unexplained = assay_grade_any_unexplained(part->count, part->results);
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        suspect = suspect == NULL ? result->suspect : suspect;
        near = near == NULL && result->nearest != NULL ? result : near;
    }
    if (unexplained) {
        fprintf(stream,
                "      >> differs from the reference; no known mistake, and no two of them, give these values\n");
    }
    if (suspect != NULL) {
        fprintf(stream,
                "         this may come from \"%s\", which is wrong and has no known mistake: mend that first\n",
                suspect->title);
    }
    if (unexplained || report->verbose) {
        print_named(stream, report, part->component);
    }
    if (unexplained && near != NULL) {
        const grade_mistake *mistake = assay_grade_catalogue_find(report->catalogue, near->nearest);
        fprintf(stream, "         nearest known mistake: %s  [%s], which gives %zu of %zu values\n", mistake->name,
                mistake->id, near->nearest_values, near->compared_values);
    }
}

/* What a runner found, and where; what it did not find, with the nearest name; what it could not read. */
static void print_findings(FILE *stream, const grade_battery *battery)
{
    size_t none = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        const grade_component *component = battery->parts[p].component;
        const char *text = assay_grade_findings_text(battery->findings, component->name);
        const char *where;
        const char *nearest = assay_grade_findings_nearest(battery->findings, component->name, &where);
        if (text != NULL) {
            fprintf(stream, "  %s: %s\n", component->title, text);
        } else if (nearest != NULL) {
            fprintf(stream, "  %s: NOT FOUND; the nearest name is %s, %s\n", component->title, nearest,
                    where == NULL ? "" : where);
        }
        none += text == NULL && nearest == NULL;
    }
    if (none > 0) {
        fprintf(stream, "  %zu other components: not found\n", none);
    }
    assay_grade_findings_notes(battery->findings, "  note: ", stream);
    fputc('\n', stream);
}

static void print_part(FILE *stream, const grade_report *report, const grade_part *part)
{
    double possible = 0.0;
    double earned = 0.0;
    for (size_t i = 0; i < part->count; i++) {
        possible += part->results[i].possible;
        earned += part->results[i].earned;
    }
    if (grade_part_missing(part)) {
        fprintf(stream, "  %-46s not implemented%s\n", part->component->title, possible > 0.0 ? "" : ", not counted");
        return;
    }
    fprintf(stream, "  %-46s %zu of %zu cases %8.4g /%6.4g points\n", part->component->title, assay_grade_passed(part),
            part->count, earned, possible);
    if (report->battery->precision == GRADE_F64 && assay_grade_part_precision(report->battery, part) == GRADE_F32) {
        fprintf(stream, "      judged in single precision: its tensors have no more\n");
    }
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        bool again = i > 0 && result->verdict == GRADE_MISSING && part->results[i - 1].verdict == GRADE_MISSING &&
                     strcmp(result->detail, part->results[i - 1].detail) == 0;
        if ((result->verdict != GRADE_PASS && !again) || report->verbose) {
            fprintf(stream, "      %s: %s%s%s\n", part->cases[i]->name, assay_grade_verdict_name(result->verdict),
                    result->detail[0] == '\0' ? "" : ", ", result->detail);
        }
    }
    for (size_t i = 0; i < part->count; i++) {
        if (grade_new_explanation(part, i)) {
            print_explanation(stream, report, part->component, &part->results[i]);
        }
    }
    print_unexplained(stream, report, part);
}

/* The one thing that went wrong with all cases (a submission that does not start), or NULL. */
static const grade_result *common_failure(const grade_battery *battery)
{
    const grade_result *first = &battery->parts[0].results[0];
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            const grade_result *result = &battery->parts[p].results[i];
            if (result->verdict != first->verdict || strcmp(result->detail, first->detail) != 0) {
                return NULL;
            }
        }
    }
    return first->verdict == GRADE_PASS || first->verdict == GRADE_MISSING ? NULL : first;
}

static void write_table(const grade_report *report, FILE *stream)
{
    const grade_battery *battery = report->battery;
    const grade_result *failure = common_failure(battery);
    fprintf(stream, "%s%s%s\nseed %llu, %s precision\n", report->title, report->title[0] == '\0' ? "" : ": ",
            report->submission, (unsigned long long)battery->seed,
            battery->precision == GRADE_F32 ? "single" : "double");
    if (battery->limits != NULL) {
        fprintf(stream, "limits: %s\n", battery->limits);
    }
    fputc('\n', stream);
    if (battery->findings != NULL) {
        print_findings(stream, battery);
    }
    if (battery->suspicion[0] != '\0') {
        fprintf(stream, "  SUSPICION: it may use the reference: %s\n", battery->suspicion);
        fprintf(stream, "  %s\n\n",
                battery->cleared ? "cleared by the rubric"
                                 : "no marks until a teacher has looked at it and names it in the rubric's \"cleared\" "
                                   "[submission.uses_reference]");
    }
    if (failure != NULL) {
        fprintf(stream, "  every case: %s, %s\n", assay_grade_verdict_name(failure->verdict), failure->detail);
    }
    for (size_t p = 0; p < battery->part_count && failure == NULL; p++) {
        print_part(stream, report, &battery->parts[p]);
    }
    fprintf(stream, "\n  %-46s %20.4g /%6.4g points%s\n", "total", report->score.earned, report->score.possible,
            assay_grade_full_marks(report->score) ? ", full marks" : "");
    size_t not_run = assay_grade_battery_not_run(battery);
    if (not_run > 0) {
        fprintf(stream, "\n  NOT RUN: %zu case%s. The points are not final: grade it again.\n", not_run,
                not_run == 1 ? "" : "s");
    }
}

/* --- TAP ---------------------------------------------------------------------------------------------------------- */

static void write_tap(const grade_report *report, FILE *stream)
{
    const grade_battery *battery = report->battery;
    size_t count = 0;
    size_t number = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        count += battery->parts[p].count;
    }
    fprintf(stream, "TAP version 13\n1..%zu\n# %s, seed %llu\n", count, report->submission,
            (unsigned long long)battery->seed);
    if (battery->suspicion[0] != '\0') {
        fprintf(stream, "# suspicion%s: %s\n", battery->cleared ? ", cleared" : "", battery->suspicion);
    }
    for (size_t p = 0; p < battery->part_count; p++) {
        const grade_part *part = &battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            const grade_result *result = &part->results[i];
            bool skip = result->verdict == GRADE_MISSING && result->possible <= 0.0;
            fprintf(stream, "%sok %zu - %s: %s%s\n", result->verdict == GRADE_PASS || skip ? "" : "not ", ++number,
                    part->component->name, part->cases[i]->name, skip ? " # SKIP not implemented" : "");
            if (result->verdict != GRADE_PASS && !skip) {
                fprintf(stream, "  ---\n  verdict: %s\n", assay_grade_verdict_name(result->verdict));
                fprintf(stream, "  detail: %s\n", result->detail);
                char ids[GRADE_TEXT_LENGTH];
                grade_explanation_ids(result, ids, sizeof ids);
                fprintf(stream, "  mistake: %s\n  ...\n", ids[0] == '\0' ? "unknown" : ids);
            }
        }
    }
}

/* --- JUnit -------------------------------------------------------------------------------------------------------- */

/* Texts of submissions have been cleaned where they came in (text.h): UTF-8 without control characters. */
static void write_xml_text(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&': fputs("&amp;", stream); break;
        case '<': fputs("&lt;", stream); break;
        case '>': fputs("&gt;", stream); break;
        case '"': fputs("&quot;", stream); break;
        default: fputc(*text, stream); break;
        }
    }
}

static void write_junit_case(const grade_report *report, const grade_part *part, size_t index, FILE *stream)
{
    const grade_result *result = &part->results[index];
    fprintf(stream, "    <testcase classname=\"%s\" name=\"", part->component->name);
    write_xml_text(stream, part->cases[index]->name);
    fprintf(stream, "\" time=\"%.6f\">", part->answers[index].seconds);
    if (result->verdict == GRADE_MISSING && result->possible <= 0.0) {
        fputs("<skipped message=\"not implemented\"/>", stream);
    } else if (result->verdict != GRADE_PASS) {
        const grade_mistake *mistake = result->mistake == NULL
                                           ? NULL
                                           : assay_grade_catalogue_find(report->catalogue, result->mistake);
        char ids[GRADE_TEXT_LENGTH];
        grade_explanation_ids(result, ids, sizeof ids);
        fprintf(stream, "<failure type=\"%s\" message=\"",
                ids[0] == '\0' ? assay_grade_verdict_name(result->verdict) : ids);
        write_xml_text(stream, mistake == NULL ? assay_grade_verdict_name(result->verdict) : mistake->name);
        fputs("\">", stream);
        write_xml_text(stream, result->detail);
        fputs("</failure>", stream);
    }
    fputs("</testcase>\n", stream);
}

static void write_junit(const grade_report *report, FILE *stream)
{
    const grade_battery *battery = report->battery;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", stream);
    fprintf(stream, "  <!-- seed %llu%s -->\n", (unsigned long long)battery->seed,
            battery->suspicion[0] == '\0' ? "" : ", under the suspicion that it uses the reference");
    for (size_t p = 0; p < battery->part_count; p++) {
        const grade_part *part = &battery->parts[p];
        size_t skipped = 0;
        for (size_t i = 0; i < part->count; i++) {
            skipped += part->results[i].verdict == GRADE_MISSING && part->results[i].possible <= 0.0;
        }
        fprintf(stream, "  <testsuite name=\"%s\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\">\n",
                part->component->name, part->count, part->count - assay_grade_passed(part) - skipped, skipped);
        for (size_t i = 0; i < part->count; i++) {
            write_junit_case(report, part, i, stream);
        }
        fputs("  </testsuite>\n", stream);
    }
    fputs("</testsuites>\n", stream);
}

/* --- all of them -------------------------------------------------------------------------------------------------- */

assay_status assay_grade_report_write(const grade_report *report, grade_format format, FILE *stream, assay_error *error)
{
    switch (format) {
    case GRADE_TAP: write_tap(report, stream); return ASSAY_OK;
    case GRADE_JUNIT: write_junit(report, stream); return ASSAY_OK;
    case GRADE_JSON: return grade_write_json(report, stream, error);
    case GRADE_GRADESCOPE: return grade_write_gradescope(report, stream, error);
    default: write_table(report, stream); return ASSAY_OK;
    }
}

/* What a summary calls the failure of one case; "" for a pass. */
static void short_name(const grade_part *part, size_t index, char *name, size_t size)
{
    const grade_result *result = &part->results[index];
    bool counted = result->verdict != GRADE_PASS && (result->verdict != GRADE_MISSING || result->possible > 0.0);
    if (!counted) {
        name[0] = '\0';
    } else if (result->mistake != NULL) {
        grade_explanation_ids(result, name, size);
    } else if (result->follows[0] != NULL) {
        name[0] = '\0'; /* named where it is made */
    } else {
        snprintf(name, size, "%s: %s", part->component->name, assay_grade_verdict_name(result->verdict));
    }
}

assay_status assay_grade_report_summary(const grade_report *report, const char *separator, char **text,
                                        assay_error *error)
{
    const grade_battery *battery = report->battery;
    if (battery->suspicion[0] != '\0' && !battery->cleared) {
        *text = assay_strdup("submission.uses_reference", error);
        return *text == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    }
    *text = assay_strdup("", error);
    for (size_t p = 0; p < battery->part_count && *text != NULL; p++) {
        for (size_t i = 0; i < battery->parts[p].count && *text != NULL; i++) {
            char name[GRADE_TEXT_LENGTH];
            short_name(&battery->parts[p], i, name, sizeof name);
            if (name[0] != '\0' && strstr(*text, name) == NULL) {
                char *longer = assay_asprintf(error, "%s%s%s", *text, **text == '\0' ? "" : separator, name);
                assay_free(*text);
                *text = longer;
            }
        }
    }
    return *text == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
}
