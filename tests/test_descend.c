/* assay descend, run from the shell: its table, CSV and JSON, and its error messages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "support.h"
#include <assay/surface/descent.h>

/* Runs `assay descend ARGUMENTS`, with `folder` in place of a "%s" in the arguments. */
static support_result descend(const char *arguments, const char *folder)
{
    char *filled = strstr(arguments, "%s") != NULL
                       ? assay_asprintf(NULL, "%.*s%s%s", (int)(strstr(arguments, "%s") - arguments), arguments, folder,
                                        strstr(arguments, "%s") + 2)
                       : assay_strdup(arguments, NULL);
    char *command = assay_asprintf(NULL, "'%s' descend %s", support_program(), filled);
    support_result result = support_shell(command);
    assay_free(command);
    assay_free(filled);
    return result;
}

static double golden_value(const json_t *entry, const char *precision, size_t t, size_t k)
{
    return json_number_value(json_array_get(json_array_get(json_object_get(entry, precision), t), k));
}

/* Every row of the text, except lines that start with '#' or 't', is t, w1, w2, loss of PyTorch's descent. */
static void check_rows(const char *rows, char separator, const json_t *entry)
{
    size_t t = 0;
    for (const char *line = rows; *line != '\0'; line = strchr(line, '\n') + 1) {
        if (*line == '#' || *line == 't') {
            continue;
        }
        char *end;
        ck_assert_uint_eq(strtoul(line, &end, 10), t);
        for (size_t k = 0; k < 3; k++) {
            ck_assert_int_eq(*end, separator);
            double value = strtod(end + 1, &end);
            ck_assert_msg(fabs(value - golden_value(entry, "f32", t, k)) <= 1e-5, "t = %zu, value %zu: %.9g", t, k,
                          value);
        }
        ck_assert_int_eq(*end, '\n');
        t++;
    }
    ck_assert_uint_eq(t, ASSAY_DESCENT_UPDATES);
}

/* With only the two names, the descents are the tutorial's six, in float32; checked in all three formats. */
START_TEST(the_tutorials_descents_are_the_default)
{
    json_t *golden = support_golden("surface_torch.json");
    const json_t *entry = json_array_get(json_object_get(golden, "descents"), (size_t)_i);
    char *folder = support_make_folder();
    const char *surface = json_string_value(json_object_get(entry, "surface"));
    const char *optimizer = json_string_value(json_object_get(entry, "optimizer"));
    char *arguments = assay_asprintf(NULL, "--surface %s --optimizer %s", surface, optimizer);
    support_result result = descend(arguments, NULL);
    ck_assert_msg(result.status == 0 && *result.errors == '\0', "%s", result.errors);
    check_rows(result.output, ' ', entry);
    support_result_free(&result);
    char *files = assay_asprintf(NULL, "%s --output '%s/p.csv' --json -", arguments, folder);
    result = descend(files, NULL);
    ck_assert_msg(result.status == 0 && *result.errors == '\0', "%s", result.errors);
    json_t *json = json_loads(result.output, 0, NULL);
    ck_assert_str_eq(json_string_value(json_object_get(json, "surface")), surface);
    ck_assert_str_eq(json_string_value(json_object_get(json, "precision")), "f32");
    const json_t *points = json_object_get(json, "points");
    ck_assert_uint_eq(json_array_size(points), ASSAY_DESCENT_UPDATES);
    double last = json_number_value(json_object_get(json_array_get(points, 99), "w2"));
    ck_assert(fabs(last - golden_value(entry, "f32", 99, 1)) <= 1e-5);
    json_decref(json);
    support_result_free(&result);
    char *path = assay_asprintf(NULL, "%s/p.csv", folder);
    char *csv;
    size_t size;
    support_assert_ok(assay_file_read(path, 1 << 20, &csv, &size, NULL), NULL);
    ck_assert(strncmp(csv, "t,w1,w2,loss\n", 13) == 0);
    check_rows(csv, ',', entry);
    assay_free(csv);
    assay_free(path);
    assay_free(files);
    assay_free(arguments);
    support_remove_folder(folder);
    json_decref(golden);
}
END_TEST

/* (command line, exit status, part of the output or of the message) */
static const struct {
    const char *arguments;
    int status;
    const char *part;
} lines[] = {
    {"--help", 0, "--optimizer NAME"},
    {"--surface gaussian --optimizer sgd --lr 0.5 --init 1,0 --updates 2 --backend reference", 0, "1.048266"},
    {"--surface steep --optimizer adam --precision f64 --updates 1", 0, "openblas f64"},
    {"--surface steep --optimizer adam --backend openblas:f64 --updates 1", 0, "openblas f64"},
    {"--surface steep --optimizer nesterov --set momentum=0.5 --set lr=0.25 --updates 1", 0, "lr=0.25"},
    {"--surface steep --optimizer adam --set beta1=0.5 --updates 1", 0, "lr=0.2,weight_decay=0,beta1=0.5"},
    {"", 2, "assay descend: --surface NAME is missing; see assay descend --help"},
    {"--surface steep", 2, "--optimizer NAME is missing"},
    {"--surface flat --optimizer sgd", 2, "unknown surface 'flat'"},
    {"--surface steep --optimizer sdg", 2, "unknown optimizer 'sdg'; known: sgd"},
    {"--surface steep --optimizer sgd --lr x", 2, "--lr x is not a number"},
    {"--surface steep --optimizer sgd --lr -1", 2, "--lr -1 is not a number"},
    {"--surface steep --optimizer sgd --lr nan", 2, "--lr nan is not a number"},
    {"--surface steep --optimizer sgd --set beta1=0.5", 2, "sgd: this optimizer has no hyperparameter 'beta1'"},
    {"--surface steep --optimizer sgd --init 1", 2, "--init 1 is not two numbers"},
    {"--surface steep --optimizer sgd --init 1,2,3", 2, "--init 1,2,3 is not two numbers"},
    {"--surface steep --optimizer sgd --init 1,inf", 2, "--init 1,inf is not two numbers"},
    {"--surface steep --optimizer sgd --updates 0", 2, "--updates 0 is not a number from 1"},
    {"--surface steep --optimizer sgd --updates -5", 2, "--updates -5 is not a number from 1"},
    {"--surface steep --optimizer sgd --precision f16", 2, "unknown precision"},
    {"--surface steep --optimizer sgd --backend reference --precision f32", 2, "reference"},
    {"--surface steep --optimizer sgd --backend openblas:f32 --precision f32", 2, "leave out --precision"},
    {"--surface steep --optimizer sgd --backend blas", 2, "unknown backend"},
    {"--surface steep --optimizer sgd --colour", 2, "unknown option --colour"},
    {"--surface steep --optimizer sgd --lr", 2, "option --lr needs a value"},
    {"--surface steep --optimizer sgd extra", 2, "unexpected argument 'extra'"},
    {"--surface steep --optimizer sgd --output %s/none/p.csv", 1, "none/p.csv"},
    {"--surface pathological --optimizer sgd --lr 1e300 --set weight_decay=1e9 --precision f64", 1, "at t = 1"},
};

START_TEST(command_lines)
{
    char *folder = support_make_folder();
    support_result result = descend(lines[_i].arguments, folder);
    const char *text = lines[_i].status == 0 ? result.output : result.errors;
    ck_assert_msg(result.status == lines[_i].status, "%s: status %d, '%s'", lines[_i].arguments, result.status, text);
    ck_assert_msg(strstr(text, lines[_i].part) != NULL, "%s: '%s'", lines[_i].arguments, text);
    if (lines[_i].status != 0) {
        ck_assert_msg(strncmp(text, "assay descend: ", 15) == 0 && strchr(text, '\n') == text + strlen(text) - 1,
                      "%s: not one line of the command: '%s'", lines[_i].arguments, text);
    }
    support_result_free(&result);
    support_remove_folder(folder);
}
END_TEST

/* A failing descent writes the points before the failure. */
START_TEST(a_failing_descent_writes_what_it_has)
{
    support_result result = descend(
        "--surface pathological --optimizer sgd --lr 1e300 --set weight_decay=1e9 --precision f64 --json -", NULL);
    ck_assert_int_eq(result.status, 1);
    json_t *json = json_loads(result.output, 0, NULL);
    ck_assert_uint_eq(json_array_size(json_object_get(json, "points")), 1);
    json_decref(json);
    support_result_free(&result);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("descend");
    TCase *tcase = evidence_case("assay descend", "property: program/descend; errors: program/descend");
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, the_tutorials_descents_are_the_default, 0, 6);
    tcase_add_loop_test(tcase, command_lines, 0, sizeof lines / sizeof *lines);
    tcase_add_test(tcase, a_failing_descent_writes_what_it_has);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return support_run(suite());
}
