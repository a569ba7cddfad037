/* The table and the JSON of assay reproduce. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <assay/base/file.h>
#include "reproduce.h"
#include "tool.h"

static const char *const VERDICTS[] = {
    [ASSAY_VERDICT_AGREES] = "agrees", [ASSAY_VERDICT_DIFFERS] = "DIFFERS", [ASSAY_VERDICT_SHOWN] = "shown"};

static const char *const BASES[] = {[ASSAY_BASIS_PRINTED] = "printed",
                                    [ASSAY_BASIS_THEORY] = "theory",
                                    [ASSAY_BASIS_PYTORCH] = "pytorch",
                                    [ASSAY_BASIS_PROSE] = "prose",
                                    [ASSAY_BASIS_RECORD] = "record"};

void reproduce_count(reproduce_report *report)
{
    for (size_t i = 0; i < ASSAY_SECTION_COUNT; i++) {
        const assay_section_results *results = &report->sections[assay_section_at(i)->section];
        for (size_t j = 0; j < results->count; j++) {
            const assay_result *result = &results->results[j];
            report->agree += result->verdict == ASSAY_VERDICT_AGREES;
            report->differ += result->verdict == ASSAY_VERDICT_DIFFERS;
            report->shown += result->verdict == ASSAY_VERDICT_SHOWN;
            if (result->basis == ASSAY_BASIS_PRINTED && result->decimals == 0 && !(result->error < report->worst)) {
                report->worst = result->error;
                report->worst_label = result->label;
                report->worst_section = results->section;
            }
        }
    }
}

static bool quiet(const reproduce_options *options)
{
    return assay_file_is_standard_output(options->json);
}

static bool by_theory(const assay_section_results *results)
{
    return results->count > 0 && results->results[0].basis == ASSAY_BASIS_THEORY;
}

static void print_result(const assay_result *result, bool theory)
{
    char printed[32];
    char ours[32];
    bool rounded = result->decimals > 0;
    snprintf(printed, sizeof printed, rounded ? "%.*f" : "%.*g", rounded ? result->decimals : 9, result->printed);
    /* A statistic that the tutorial rounds is shown with more decimals; an accuracy over 10,000 images has no more. */
    int more = result->absolute ? 0 : 3;
    snprintf(ours, sizeof ours, rounded ? "%.*f" : "%.*g", rounded ? result->decimals + more : 9, result->ours);
    /* Long labels may take some of the next column. */
    printf("  %s %*s %15s", result->label, 42 - (int)strlen(result->label), printed, ours);
    if (theory && result->verdict == ASSAY_VERDICT_SHOWN) {
        printf(" %15s %9s %9s", "-", "-", "-");
    } else if (theory) {
        printf(" %15.9g %9.1e %9.1e", result->expected, result->error, result->allowed);
    } else {
        printf(result->absolute && rounded ? " %9.2f" : " %9.1e", result->error);
    }
    printf("  %s\n", VERDICTS[result->verdict]);
}

void reproduce_print_section(const reproduce_options *options, const assay_section_results *results)
{
    if (quiet(options)) {
        return;
    }
    bool theory = by_theory(results);
    const assay_section_description *section = assay_section_describe(results->section);
    printf("%s: %s  (cell %s)\n", section->name, section->title, section->cells);
    if (theory) {
        printf("  other weights than the tutorial's: judged by the statistical theory, not by the printed numbers\n");
        printf("  %-27s %15s %15s %15s %9s %9s\n", "", "printed", "ours", "theory", "error", "allowed");
    } else {
        if (section->judged != NULL) {
            printf("  %s\n", section->judged);
        }
        printf("  %-27s %15s %15s %9s\n", "", section->plots_only ? "expected" : "printed", "ours", "error");
    }
    for (size_t i = 0; i < results->count; i++) {
        print_result(&results->results[i], theory);
    }
    putchar('\n');
    fflush(stdout);
}

void reproduce_print_summary(const reproduce_options *options, const reproduce_report *report)
{
    if (quiet(options)) {
        return;
    }
    printf("%zu of %zu numbers agree", report->agree, report->agree + report->differ);
    if (report->shown > 0) {
        printf(" (%zu more are shown without a verdict)", report->shown);
    }
    if (report->worst_label != NULL) {
        printf("; largest relative error %.1e (%s, %s)", report->worst, assay_section_name(report->worst_section),
               report->worst_label);
    }
    putchar('\n');
}

void reproduce_print_report(const reproduce_options *options)
{
    if (!quiet(options)) {
        printf("The report is %s/index.html\n", options->report);
    }
}

static json_t *result_json(const assay_result *result)
{
    json_t *object = json_pack("{s:s, s:f, s:f, s:s, s:s}", "label", result->label, "printed", result->printed, "ours",
                               result->ours, "verdict", VERDICTS[result->verdict], "basis", BASES[result->basis]);
    if (result->verdict != ASSAY_VERDICT_SHOWN) {
        json_object_set_new(object, "expected", json_real(result->expected));
        json_object_set_new(object, result->absolute ? "absolute_error" : "relative_error", json_real(result->error));
    }
    if (result->decimals > 0) {
        json_object_set_new(object, "decimals", json_integer(result->decimals));
    }
    if (result->allowed > 0.0) {
        json_object_set_new(object, "allowed_error", json_real(result->allowed));
    }
    return object;
}

static json_t *report_json(const reproduce_options *options, const assay_backend *backend,
                           const reproduce_report *report)
{
    json_t *sections = json_array();
    for (size_t i = 0; i < ASSAY_SECTION_COUNT; i++) {
        const assay_section_description *section = assay_section_at(i);
        const assay_section_results *results = &report->sections[section->section];
        if (!report->ran[section->section]) {
            continue;
        }
        json_t *numbers = json_array();
        for (size_t j = 0; j < results->count; j++) {
            json_array_append_new(numbers, result_json(&results->results[j]));
        }
        json_array_append_new(sections, json_pack("{s:s, s:s, s:s, s:o}", "name", section->name, "title",
                                                  section->title, "cells", section->cells, "numbers", numbers));
    }
    json_t *weights = json_pack("{s:s, s:I}", "generator", assay_generator_name(options->session.generator), "seed",
                                (json_int_t)options->session.seed);
    if (options->session.generator == ASSAY_GENERATOR_PHILOX) {
        json_object_set_new(weights, "blocks", json_integer(options->session.blocks));
    }
    return json_pack("{s:s, s:s, s:o, s:I, s:I, s:I, s:o}", "backend", assay_backend_name(backend), "precision",
                     assay_backend_precision(backend) == ASSAY_F32 ? "f32" : "f64", "weights", weights, "agree",
                     (json_int_t)report->agree, "differ", (json_int_t)report->differ, "shown",
                     (json_int_t)report->shown, "sections", sections);
}

assay_status reproduce_write_json(const reproduce_options *options, const assay_backend *backend,
                                  const reproduce_report *report, assay_error *error)
{
    return tool_write_json(report_json(options, backend, report), options->json, 12, error);
}
