#include "grade/battery.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include <assay/base/alloc.h>
#include "grade/exchange.h"

assay_status assay_grade_random_seed(uint64_t *seed, assay_error *error)
{
    if (getrandom(seed, sizeof *seed, 0) != (ssize_t)sizeof *seed) {
        return assay_fail(error, ASSAY_ERROR_IO, "the system gives no random numbers; give a seed with --seed");
    }
    *seed >>= 11;
    return ASSAY_OK;
}

/* --- cases -------------------------------------------------------------------------------------------------------- */

static assay_status unknown_component(const char *name, assay_error *error)
{
    char known[400] = "";
    size_t used = 0;
    size_t count;
    const grade_component *const *all = assay_grade_components(&count);
    for (size_t i = 0; i < count && used < sizeof known; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ", all[i]->name);
    }
    return assay_fail(error, ASSAY_ERROR_ARGUMENT, "%.60s: no such component; there are %s", name, known);
}

static bool selected(const char *name, const char *const *only)
{
    for (size_t i = 0; only != NULL && only[i] != NULL; i++) {
        if (strcmp(only[i], name) == 0) {
            return true;
        }
    }
    return only == NULL;
}

static assay_status create_part(uint64_t seed, const grade_component *component, grade_part *part, assay_error *error)
{
    part->component = component;
    part->cases = assay_calloc(component->case_count, sizeof *part->cases, error);
    part->answers = assay_calloc(component->case_count, sizeof *part->answers, error);
    part->results = assay_calloc(component->case_count, sizeof *part->results, error);
    if (part->cases == NULL || part->answers == NULL || part->results == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    part->count = component->case_count;
    for (size_t i = 0; i < component->case_count; i++) {
        ASSAY_TRY(assay_grade_case_create(component, i, seed, &part->cases[i], error));
        ASSAY_TRY(assay_grade_fields_like(&part->cases[i]->outputs, &part->answers[i].outputs, error));
        part->answers[i].verdict = GRADE_NOT_RUN;
    }
    return ASSAY_OK;
}

assay_status assay_grade_battery_create(uint64_t seed, const char *const *only, grade_battery **battery,
                                        assay_error *error)
{
    *battery = NULL;
    size_t count;
    const grade_component *const *all = assay_grade_components(&count);
    for (size_t i = 0; only != NULL && only[i] != NULL; i++) {
        if (assay_grade_component_by_name(only[i]) == NULL) {
            return unknown_component(only[i], error);
        }
    }
    grade_battery *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->seed = seed;
    made->precision = GRADE_F64;
    made->parts = assay_calloc(count, sizeof *made->parts, error);
    assay_status status = made->parts == NULL ? ASSAY_ERROR_MEMORY : ASSAY_OK;
    for (size_t i = 0; i < count && status == ASSAY_OK; i++) {
        if (selected(all[i]->name, only)) {
            status = create_part(seed, all[i], &made->parts[made->part_count++], error);
        }
    }
    if (status != ASSAY_OK) {
        assay_grade_battery_destroy(made);
        return status;
    }
    *battery = made;
    return ASSAY_OK;
}

void assay_grade_battery_destroy(grade_battery *battery)
{
    if (battery == NULL) {
        return;
    }
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            assay_grade_case_destroy(part->cases[i]);
            assay_grade_fields_clear(&part->answers[i].outputs);
        }
        assay_free(part->cases);
        assay_free(part->answers);
        assay_free(part->results);
    }
    assay_free(battery->parts);
    assay_free(battery);
}

assay_status assay_grade_battery_judge(grade_battery *battery, assay_error *error)
{
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        ASSAY_TRY(assay_grade_judge(part->component, part->count, part->cases, part->answers, battery->precision,
                                    part->results, error));
    }
    return ASSAY_OK;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* A submission that cannot be started this often in a row is not started again. */
enum { START_ATTEMPTS = 3 };

typedef struct {
    grade_battery *battery;
    const grade_program *program;
    grade_folder folder;
    grade_child *child;
    json_t *functions; /* that the submission has; NULL: all, it says so when it is asked */
    int next_id;
    int failed_starts;
    double started;
    grade_verdict start_verdict;
    char start_detail[GRADE_TEXT_LENGTH];
} session;

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void end_child(session *s)
{
    assay_grade_child_kill(s->child);
    s->child = NULL;
}

/* Starts the submission and greets it. A submission that does not greet back leaves no child. */
static assay_status begin_child(session *s, assay_error *error)
{
    char *line;
    size_t length;
    ASSAY_TRY(assay_grade_child_start(s->program, &s->child, error));
    if (s->program->exchange != NULL && s->program->sandbox != NULL) {
        s->folder.here = assay_grade_child_exchange_folder(s->child);
    }
    s->start_verdict = assay_grade_child_exchange(s->child, "{\"id\":0,\"call\":\"hello\"}\n",
                                                  s->program->limits.start_seconds, &line, &length, s->start_detail);
    ASSAY_TRY(assay_grade_child_failure(s->child, error));
    if (s->start_verdict == GRADE_PASS) {
        assay_error wrong = {0};
        json_decref(s->functions);
        s->functions = NULL;
        assay_status heard = assay_grade_hello(line, length, &s->battery->precision, &s->functions, &wrong);
        if (heard == ASSAY_ERROR_MEMORY) {
            return assay_fail(error, heard, "%s", wrong.message);
        }
        if (heard != ASSAY_OK) {
            s->start_verdict = GRADE_REPLY;
            snprintf(s->start_detail, sizeof s->start_detail, "%.300s", wrong.message);
        }
    }
    s->failed_starts = s->start_verdict == GRADE_PASS ? 0 : s->failed_starts + 1;
    if (s->start_verdict != GRADE_PASS) {
        end_child(s);
    }
    return ASSAY_OK;
}

static bool has_function(const session *s, const char *name)
{
    for (size_t i = 0; i < json_array_size(s->functions); i++) {
        const char *function = json_string_value(json_array_get(s->functions, i));
        if (function != NULL && strcmp(function, name) == 0) {
            return true;
        }
    }
    return s->functions == NULL;
}

static void set_answer(grade_answer *answer, grade_verdict verdict, const char *detail)
{
    answer->verdict = verdict;
    snprintf(answer->detail, sizeof answer->detail, "%s", detail);
}

/* After these the stream of replies is no longer in step, or there is no process left. */
static bool spoils_child(grade_verdict verdict)
{
    return verdict != GRADE_PASS && verdict != GRADE_MISSING && verdict != GRADE_SHAPE && verdict != GRADE_REFUSED;
}

static assay_status ask(session *s, const grade_case *graded, grade_answer *answer, assay_error *error)
{
    char *request;
    char *line;
    size_t length;
    int id = ++s->next_id;
    ASSAY_TRY(assay_grade_request(graded, id, &s->folder, &request, error));
    double began = now_seconds();
    answer->verdict = assay_grade_child_exchange(s->child, request, s->program->limits.case_seconds, &line, &length,
                                                 answer->detail);
    answer->seconds = now_seconds() - began;
    assay_free(request);
    ASSAY_TRY(assay_grade_child_failure(s->child, error));
    if (answer->verdict == GRADE_PASS) {
        ASSAY_TRY(assay_grade_reply(line, length, id, &s->folder, answer, error));
    }
    if (!spoils_child(answer->verdict) && assay_grade_child_uses_library(s->child)) {
        set_answer(answer, GRADE_FORBIDDEN, "the submission loads libassay, the reference");
    }
    if (spoils_child(answer->verdict)) {
        end_child(s);
    }
    return ASSAY_OK;
}

static assay_status run_case(session *s, const grade_case *graded, grade_answer *answer, assay_error *error)
{
    if (now_seconds() - s->started > s->program->limits.total_seconds) {
        set_answer(answer, GRADE_NOT_RUN, "the time for the whole submission is up");
        return ASSAY_OK;
    }
    if (s->child == NULL && s->failed_starts < START_ATTEMPTS) {
        ASSAY_TRY(begin_child(s, error));
    }
    if (s->child == NULL) {
        set_answer(answer, s->start_verdict, s->start_detail);
        return ASSAY_OK;
    }
    if (!has_function(s, graded->component->name)) {
        set_answer(answer, GRADE_MISSING, "");
        return ASSAY_OK;
    }
    return ask(s, graded, answer, error);
}

void assay_grade_battery_fail(grade_battery *battery, grade_verdict verdict, const char *detail)
{
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            set_answer(&battery->parts[p].answers[i], verdict, detail);
        }
    }
}

static assay_status run_cases(session *s, assay_error *error)
{
    for (size_t p = 0; p < s->battery->part_count; p++) {
        const grade_part *part = &s->battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            ASSAY_TRY(run_case(s, part->cases[i], &part->answers[i], error));
            if (part->answers[i].verdict == GRADE_FORBIDDEN) {
                /* One use of the reference spoils all: any answer may have come from it. */
                assay_grade_battery_fail(s->battery, GRADE_FORBIDDEN, "the submission loads libassay, the reference");
                return ASSAY_OK;
            }
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_battery_run(grade_battery *battery, const grade_program *program, assay_error *error)
{
    bool names = false;
    battery->limits = assay_grade_sandbox_limits(program->sandbox);
    if (program->shared_object != NULL) {
        ASSAY_TRY(assay_grade_names_library(program->shared_object, &names, error));
    }
    if (names) {
        assay_grade_battery_fail(battery, GRADE_FORBIDDEN,
                                   "the shared object links to or opens libassay, the reference");
        return ASSAY_OK;
    }
    session s = {.battery = battery, .program = program, .started = now_seconds()};
    s.folder.here = program->exchange;
    s.folder.there = program->sandbox != NULL ? GRADE_EXCHANGE_INSIDE : program->exchange;
    assay_status status = run_cases(&s, error);
    battery->seconds = now_seconds() - s.started;
    end_child(&s);
    json_decref(s.functions);
    return status;
}
