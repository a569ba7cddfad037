#define _GNU_SOURCE
#include "class_report.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "base/json.h"
#include "class_page.h"
#include "grade.h"
#include "grade/folder.h"
#include "grade/text.h"

enum {
    RESULT_LIMIT = 4 << 20, /* bytes of the kept results of a submission */
    ID_LENGTH = 10,         /* hexadecimal digits */
    PROBES = 8              /* values of a case that are compared with those of other submissions */
};

struct class_report {
    char *path;
    int folder;
    int students;
    int kept; /* OUT/private */
};

/* --- folders ------------------------------------------------------------------------------------------------------ */

static assay_status open_below(const class_report *report, const char *name, mode_t mode, int *folder,
                               assay_error *error)
{
    if (mkdirat(report->folder, name, mode) != 0 && errno != EEXIST) {
        return assay_fail(error, ASSAY_ERROR_IO, "%s/%s: cannot be made: %s", report->path, name, strerror(errno));
    }
    *folder = openat(report->folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *folder >= 0
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_IO, "%s/%s: cannot be opened: %s", report->path, name, strerror(errno));
}

assay_status class_report_open(const char *path, class_report **report, assay_error *error)
{
    *report = NULL;
    class_report *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->folder = made->students = made->kept = -1;
    made->path = assay_strdup(path, error);
    assay_status status = made->path == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    if (status == ASSAY_OK && mkdir(path, 0777) != 0 && errno != EEXIST) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made: %s", path, strerror(errno));
    }
    if (status == ASSAY_OK) {
        status = assay_grade_folder_open(path, &made->folder, error);
    }
    if (status == ASSAY_OK) {
        status = open_below(made, "students", 0777, &made->students, error);
    }
    if (status == ASSAY_OK) {
        status = open_below(made, "private", 0700, &made->kept, error);
    }
    if (status != ASSAY_OK) {
        class_report_close(made);
        return status;
    }
    *report = made;
    return ASSAY_OK;
}

void class_report_close(class_report *report)
{
    if (report != NULL) {
        const int folders[] = {report->folder, report->students, report->kept};
        for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
            if (folders[i] >= 0) {
                close(folders[i]);
            }
        }
        assay_free(report->path);
        assay_free(report);
    }
}

/* --- results, kept ------------------------------------------------------------------------------------------------ */

/* NULL where there are none that can be used. */
static json_t *load(const class_report *report, const char *name)
{
    char file[NAME_MAX + 1];
    char *text;
    size_t size;
    assay_status status;
    json_error_t where;
    grade_report_name(name, "json", file);
    if (assay_grade_folder_read(report->kept, file, RESULT_LIMIT, &text, &size, NULL) != ASSAY_OK) {
        return NULL;
    }
    json_t *result = assay_json_load(text, size, &where, &status);
    assay_free(text);
    const char *named = json_string_value(json_object_get(result, "name"));
    const char *id = json_string_value(json_object_get(result, "id"));
    if (named == NULL || strcmp(named, name) != 0 || id == NULL || strlen(id) != ID_LENGTH ||
        strspn(id, "0123456789abcdef") != ID_LENGTH) {
        json_decref(result);
        return NULL;
    }
    return result;
}

bool class_report_has(const class_report *report, const char *name, uint64_t seed, double earned)
{
    json_t *result = load(report, name);
    /* The grade book has ten digits of the points. */
    bool same = result != NULL && (uint64_t)json_integer_value(json_object_get(result, "seed")) == seed &&
                fabs(json_number_value(json_object_get(result, "points")) - earned) <= 1e-8 * (1.0 + fabs(earned));
    json_decref(result);
    return same;
}

/* Adds what went wrong, once for each kind: `key` is a mistake's id, "unexplained", or a verdict. */
static void add_problem(json_t *problems, const char *key, const grade_mistake *mistake, const grade_result *result)
{
    size_t index;
    json_t *known;
    json_array_foreach(problems, index, known) {
        if (strcmp(json_string_value(json_object_get(known, "key")), key) == 0) {
            return;
        }
    }
    const char *name = mistake != NULL                  ? mistake->name
                       : result->verdict == GRADE_WRONG ? "wrong in a way that no known mistake explains"
                                                        : assay_grade_verdict_name(result->verdict);
    json_array_append_new(problems, json_pack("{s:s, s:s, s:s, s:s, s:s}", "key", key, "name", name, "explanation",
                                              mistake == NULL ? "" : mistake->explanation, "hint",
                                              mistake == NULL ? "" : mistake->hint, "detail", result->detail));
}

/* All that was found in a case: the mistakes of its explanation, or the verdict. */
static void add_problems(json_t *problems, const grade_catalogue *catalogue, const grade_result *result)
{
    const grade_mistake *mistake = result->mistake == NULL ? NULL
                                                           : assay_grade_catalogue_find(catalogue, result->mistake);
    const char *key = mistake != NULL                  ? mistake->id
                      : result->verdict == GRADE_WRONG ? "unexplained"
                                                       : assay_grade_verdict_name(result->verdict);
    add_problem(problems, key, mistake, result);
    for (size_t i = 0; i < GRADE_MAX_NAMES && result->also[i] != NULL; i++) {
        mistake = assay_grade_catalogue_find(catalogue, result->also[i]);
        if (mistake != NULL) {
            add_problem(problems, mistake->id, mistake, result);
        }
    }
}

/* The first values of an answer: what is compared with other submissions. JSON has no NaN: it becomes a text. */
static void add_probes(json_t *probes, const grade_fields *outputs)
{
    size_t taken = 0;
    for (size_t f = 0; f < outputs->count; f++) {
        const grade_field *field = &outputs->field[f];
        for (size_t i = 0; i < field->count && taken < PROBES && field->values != NULL; i++, taken++) {
            json_array_append_new(probes, isfinite(field->values[i]) ? json_real(field->values[i]) : json_string("-"));
        }
    }
}

static json_t *part_json(const grade_options *options, const grade_part *part)
{
    json_t *problems = json_array();
    json_t *probes = json_array();
    size_t missing = 0;
    double possible = 0.0;
    double earned = 0.0;
    for (size_t i = 0; i < part->count; i++) {
        const grade_result *result = &part->results[i];
        possible += result->possible;
        earned += result->earned;
        missing += result->verdict == GRADE_MISSING;
        if (result->verdict != GRADE_PASS && result->verdict != GRADE_MISSING) {
            bool unexplained = result->mistake == NULL && result->verdict == GRADE_WRONG;
            add_problems(problems, options->catalogue, result);
            if (unexplained) {
                add_probes(probes, &part->answers[i].outputs);
            }
        }
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:b, s:f, s:f, s:o, s:o}", "component", part->component->name, "title",
                     part->component->title, "passed", (json_int_t)assay_grade_passed(part), "cases",
                     (json_int_t)part->count, "missing", missing == part->count, "points", earned, "possible", possible,
                     "problems", problems, "probes", probes);
}

/* The id of a submission's page; a second start keeps it. */
static assay_status choose_id(const class_report *report, const char *name, char id[ID_LENGTH + 1], assay_error *error)
{
    uint64_t random;
    json_t *before = load(report, name);
    const char *known = json_string_value(json_object_get(before, "id"));
    assay_status status = ASSAY_OK;
    if (known != NULL) {
        snprintf(id, ID_LENGTH + 1, "%s", known);
    } else {
        status = assay_grade_random_seed(&random, error);
        if (status == ASSAY_OK) {
            snprintf(id, ID_LENGTH + 1, "%010llx", (unsigned long long)random & 0xffffffffffULL);
        }
    }
    json_decref(before);
    return status;
}

/* Whether nothing of it could be run. */
static bool is_unusable(const grade_battery *battery)
{
    grade_verdict verdict = battery->parts[0].answers[0].verdict;
    return verdict == GRADE_UNUSABLE || verdict == GRADE_NOT_COMPILED;
}

static const char *remark_of(const grade_battery *battery)
{
    const grade_answer *first = &battery->parts[0].answers[0];
    return is_unusable(battery)                                 ? first->detail
           : assay_grade_battery_not_run(battery) > 0           ? "not run to the end; to be graded again"
           : battery->suspicion[0] != '\0' && !battery->cleared ? battery->suspicion
                                                                : "";
}

assay_status class_report_keep(const class_report *report, const grade_options *options, const grade_target *submission,
                               const grade_battery *battery, grade_score score, assay_error *error)
{
    char id[ID_LENGTH + 1];
    char file[NAME_MAX + 1];
    ASSAY_TRY(choose_id(report, submission->name, id, error));
    json_t *parts = json_array();
    for (size_t p = 0; p < battery->part_count && !is_unusable(battery); p++) {
        json_array_append_new(parts, part_json(options, &battery->parts[p]));
    }
    json_t *result = json_pack("{s:s, s:s, s:s, s:I, s:f, s:f, s:b, s:s, s:o}", "verdict",
                               assay_grade_verdict_name(battery->parts[0].answers[0].verdict), "name", submission->name,
                               "id", id, "seed", (json_int_t)battery->seed, "points", score.earned, "possible",
                               score.possible, "full", assay_grade_full_marks(score), "remark", remark_of(battery),
                               "components", parts);
    char *text = result == NULL ? NULL : assay_json_print(result, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(result);
    if (text == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for the results");
    }
    grade_report_name(submission->name, "json", file);
    assay_status status = assay_grade_folder_put(report->kept, file, text, strlen(text), error);
    free(text);
    return status;
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

typedef void writer(FILE *stream, const void *context);

static assay_status put_text(int folder, const char *name, writer *write, const void *context, assay_error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %s", name);
    }
    write(stream, context);
    assay_status status = fclose(stream) != 0 ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for %s", name)
                                              : assay_grade_folder_put(folder, name, text, size, error);
    free(text);
    return status;
}

static void write_index(FILE *stream, const void *context)
{
    class_page_index(stream, context);
}

static void write_student(FILE *stream, const void *context)
{
    class_page_student(stream, context);
}

static void write_registrar(FILE *stream, const void *context)
{
    const class_page *page = context;
    size_t index;
    json_t *result;
    fputs("\xef\xbb\xbf", stream); /* a byte order mark: without it Excel does not read names as UTF-8 */
    fputs("submission,points,possible,percent,remark,page\n", stream);
    json_array_foreach(page->results, index, result) {
        double possible = json_number_value(json_object_get(result, "possible"));
        double points = json_number_value(json_object_get(result, "points"));
        assay_grade_text_cell(stream, json_string_value(json_object_get(result, "name")));
        fprintf(stream, ",%.10g,%.10g,%.1f,", points, possible, possible > 0.0 ? 100.0 * points / possible : 0.0);
        assay_grade_text_cell(stream, json_string_value(json_object_get(result, "remark")));
        fprintf(stream, ",students/%s.html\n", json_string_value(json_object_get(result, "id")));
    }
}

static assay_status write_pages(const class_report *report, const class_page *page, assay_error *error)
{
    size_t index;
    json_t *result;
    json_array_foreach(page->results, index, result) {
        char file[32];
        snprintf(file, sizeof file, "%s.html", json_string_value(json_object_get(result, "id")));
        ASSAY_TRY(put_text(report->students, file, write_student, result, error));
    }
    ASSAY_TRY(put_text(report->kept, "registrar.csv", write_registrar, page, error));
    return put_text(report->folder, "index.html", write_index, page, error);
}

assay_status class_report_write(const class_report *report, const grade_options *options, const char *const *names,
                                size_t count, assay_error *error)
{
    const char *title = assay_grade_rubric_name(options->rubric);
    class_page page = {.title = title[0] == '\0' ? "The class" : title, .seed = options->seed, .results = json_array()};
    for (size_t i = 0; i < count; i++) {
        json_t *result = load(report, names[i]);
        if (result != NULL) {
            json_array_append_new(page.results, result);
        }
    }
    assay_error wrong = {0};
    assay_status status = write_pages(report, &page, &wrong);
    json_decref(page.results);
    return status == ASSAY_OK ? ASSAY_OK : assay_fail(error, status, "%s/%s", report->path, wrong.message);
}
