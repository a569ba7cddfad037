#include <jansson.h>
#include <math.h>

#include <assay/base/alloc.h>
#include "grade/report_impl.h"

static assay_status dump(json_t *root, FILE *stream, assay_error *error)
{
    /* A write error is left to the stream, and to whoever closes it. */
    int failed = root == NULL ? -1 : json_dumpf(root, stream, JSON_INDENT(1) | JSON_REAL_PRECISION(10));
    fputc('\n', stream);
    json_decref(root);
    return failed != 0 && !ferror(stream) ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the report")
                                          : ASSAY_OK;
}

static json_t *mistake_json(const grade_report *report, const char *id)
{
    const grade_mistake *mistake = id == NULL ? NULL : assay_grade_catalogue_find(report->catalogue, id);
    if (mistake == NULL) {
        return json_null();
    }
    return json_pack("{s:s, s:s, s:s, s:s}", "id", mistake->id, "name", mistake->name, "explanation",
                     mistake->explanation, "hint", mistake->hint);
}

static json_t *id_array(const char *const *ids)
{
    json_t *array = json_array();
    for (size_t i = 0; i < GRADE_MAX_NAMES && ids[i] != NULL; i++) {
        json_array_append_new(array, json_string(ids[i]));
    }
    return array;
}

static json_t *tie_array(const grade_result *result)
{
    json_t *array = json_array();
    for (size_t t = 0; t < result->tie_count; t++) {
        json_array_append_new(array, id_array(result->ties[t].name));
    }
    return array;
}

static json_t *also_array(const grade_report *report, const grade_result *result)
{
    json_t *array = json_array();
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->also[i] != NULL; i++) {
        json_array_append_new(array, mistake_json(report, result->also[i]));
    }
    return array;
}

static json_t *case_json(const grade_report *report, const grade_part *part, size_t index)
{
    const grade_result *result = &part->results[index];
    json_t *entry = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s?, s:f, s:f, s:f}", "case",
                              part->cases[index]->name, "verdict", assay_grade_verdict_name(result->verdict), "detail",
                              result->detail, "mistake", mistake_json(report, result->mistake), "also",
                              also_array(report, result), "ties", tie_array(result), "follows",
                              id_array(result->follows), "nearest", result->nearest, "points", result->earned,
                              "possible", result->possible, "seconds", part->answers[index].seconds);
    if (result->solved != NULL) {
        json_object_set_new(entry, "number", json_real(result->parameter));
        json_object_set_new(entry, "number_of", json_string(result->solved));
    }
    if (result->suspect != NULL) {
        json_object_set_new(entry, "may_come_from", json_string(result->suspect->name));
    }
    if (result->nearest != NULL) {
        json_object_set_new(entry, "nearest_values", json_integer((json_int_t)result->nearest_values));
        json_object_set_new(entry, "compared_values", json_integer((json_int_t)result->compared_values));
    }
    return entry;
}

static json_t *named_json(const grade_report *report, const grade_component *component)
{
    const grade_named named = assay_grade_catalogue_named(report->catalogue, component->name);
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "planted", (json_int_t)named.planted, "named",
                     (json_int_t)named.named, "alone", (json_int_t)named.alone, "pairs", (json_int_t)named.pairs,
                     "pairs_named", (json_int_t)named.pairs_named);
}

assay_status grade_write_json(const grade_report *report, FILE *stream, assay_error *error)
{
    const grade_battery *battery = report->battery;
    json_t *components = json_array();
    bool whole = true; /* jansson lets one leave out what it has no memory for */
    for (size_t p = 0; p < battery->part_count; p++) {
        const grade_part *part = &battery->parts[p];
        json_t *cases = json_array();
        for (size_t i = 0; i < part->count; i++) {
            whole = json_array_append_new(cases, case_json(report, part, i)) == 0 && whole;
        }
        json_t *component = json_pack("{s:s, s:s, s:i, s:o, s:o}", "component", part->component->name, "title",
                                      part->component->title, "precision",
                                      assay_grade_part_precision(battery, part) == GRADE_F32 ? 32 : 64, "named",
                                      named_json(report, part->component), "cases", cases);
        whole = json_array_append_new(components, component) == 0 && whole;
    }
    if (!whole) {
        json_decref(components);
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the report");
    }
    return dump(json_pack("{s:s, s:s, s:I, s:i, s:s?, s:f, s:f, s:f, s:f, s:b, s:s?, s:b, s:I, s:O?, s:o}",
                          "submission", report->submission, "rubric", report->title, "seed", (json_int_t)battery->seed,
                          "precision", battery->precision == GRADE_F32 ? 32 : 64, "limits", battery->limits, "seconds",
                          battery->seconds, "cpu_seconds", battery->cpu_seconds, "points", report->score.earned,
                          "possible", report->score.possible, "full_marks",
                          assay_grade_full_marks(report->score) ? 1 : 0, "suspicion",
                          battery->suspicion[0] == '\0' ? NULL : battery->suspicion, "cleared", battery->cleared,
                          "not_run", (json_int_t)assay_grade_battery_not_run(battery), "findings", battery->findings,
                          "components", components),
                stream, error);
}

/* --- Gradescope: https://gradescope-autograders.readthedocs.io/en/latest/specs/ ----------------------------------- */

/* One paragraph for each name of an explanation. */
static char *add_paragraph(const grade_report *report, char *text, const char *id, assay_error *error)
{
    const grade_mistake *mistake = assay_grade_catalogue_find(report->catalogue, id);
    char *longer = text == NULL ? NULL
                                : assay_asprintf(error, "%s\n%s. %s\nHint: %s", text, mistake->name,
                                                 mistake->explanation, mistake->hint);
    assay_free(text);
    return longer;
}

static char *case_output(const grade_report *report, const grade_result *result, assay_error *error)
{
    char ids[GRADE_TEXT_LENGTH];
    if (result->mistake == NULL) {
        grade_explanation_ids(result, ids, sizeof ids);
        return assay_asprintf(error, "%s%s%s%s%s", assay_grade_verdict_name(result->verdict),
                              result->detail[0] == '\0' ? "" : ": ", result->detail, ids[0] == '\0' ? "" : "\n", ids);
    }
    char *text = add_paragraph(report, assay_strdup(result->detail, error), result->mistake, error);
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->also[i] != NULL; i++) {
        text = add_paragraph(report, text, result->also[i], error);
    }
    return text;
}

static assay_status gradescope_test(const grade_report *report, const grade_part *part, size_t index, json_t *tests,
                                    assay_error *error)
{
    const grade_result *result = &part->results[index];
    if (result->possible <= 0.0) {
        return ASSAY_OK; /* not graded: Gradescope would show a test that nobody can pass */
    }
    char *output = case_output(report, result, error);
    char *name = assay_asprintf(error, "%s: %s", part->component->title, part->cases[index]->name);
    assay_status status = output == NULL || name == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK) {
        json_t *test = json_pack("{s:s, s:f, s:f, s:s, s:s, s:s}", "name", name, "score", result->earned, "max_score",
                                 result->possible, "status", result->verdict == GRADE_PASS ? "passed" : "failed",
                                 "output", output, "visibility", "visible");
        status = json_array_append_new(tests, test) == 0
                     ? ASSAY_OK
                     : assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the report");
    }
    assay_free(output);
    assay_free(name);
    return status;
}

assay_status grade_write_gradescope(const grade_report *report, FILE *stream, assay_error *error)
{
    const grade_battery *battery = report->battery;
    json_t *tests = json_array();
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            assay_status status = gradescope_test(report, &battery->parts[p], i, tests, error);
            if (status != ASSAY_OK) {
                json_decref(tests);
                return status;
            }
        }
    }
    char output[512];
    size_t not_run = assay_grade_battery_not_run(battery);
    int used = snprintf(output, sizeof output, "Graded with seed %llu.", (unsigned long long)battery->seed);
    if (battery->suspicion[0] != '\0' && !battery->cleared) {
        used += snprintf(output + used, sizeof output - (size_t)used,
                         " There are signs that the submission uses the reference (%s): a teacher will look at it.",
                         battery->suspicion);
    }
    if (not_run > 0) {
        snprintf(output + used, sizeof output - (size_t)used, " Not run: %zu case%s. Submit again.", not_run,
                 not_run == 1 ? "" : "s");
    }
    json_t *root = json_pack("{s:f, s:s, s:i, s:o}", "score", report->score.earned, "output", output, "execution_time",
                             (int)ceil(battery->seconds), "tests", tests);
    return dump(root, stream, error);
}
