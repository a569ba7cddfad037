#include "grade/battery.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "grade/components.h"
#include "grade/exchange.h"
#include "grade/explain.h"
#include "grade/folder.h"
#include "grade/rounding.h"

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
    json_decref(battery->findings);
    assay_free(battery);
}

void assay_grade_battery_take_precision(grade_battery *battery, size_t *single, size_t *arrays)
{
    *single = 0;
    *arrays = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        const grade_part *part = &battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            const grade_fields *outputs = &part->answers[i].outputs;
            for (size_t f = 0; f < outputs->count && part->answers[i].verdict == GRADE_PASS; f++) {
                *single += outputs->field[f].single;
                ++*arrays;
            }
        }
    }
    if (*single > 0) {
        battery->precision = GRADE_F32;
    }
}

grade_precision assay_grade_part_precision(const grade_battery *battery, const grade_part *part)
{
    bool single = battery->precision == GRADE_F32;
    for (size_t i = 0; i < part->count; i++) {
        const grade_fields *outputs = &part->answers[i].outputs;
        for (size_t f = 0; f < outputs->count && part->answers[i].verdict == GRADE_PASS; f++) {
            single = single || outputs->field[f].single;
        }
    }
    return single ? GRADE_F32 : GRADE_F64;
}

/* Adds what was found to what goes wrong in composite components; the last finding about a component counts. */
static void add_found(grade_upstream *upstream, const grade_upstream *found)
{
    upstream->approximation = found->approximation != NULL ? found->approximation : upstream->approximation;
    for (size_t i = 0; i < found->count; i++) {
        size_t k = 0;
        while (k < upstream->count && upstream->part[k].component != found->part[i].component) {
            k++;
        }
        if (k < GRADE_MAX_UPSTREAM) {
            upstream->part[k] = found->part[i];
            upstream->count += k == upstream->count;
        }
    }
}

static void add_unexplained(grade_upstream *upstream, const grade_part *part)
{
    if (assay_grade_any_unexplained(part->count, part->results) && upstream->unexplained_count < GRADE_MAX_UPSTREAM) {
        upstream->unexplained[upstream->unexplained_count++] = part->component;
    }
}

static bool is_called(const grade_part *part, const char *id)
{
    for (size_t i = 0; i < part->count; i++) {
        if (part->results[i].mistake != NULL && strcmp(part->results[i].mistake, id) == 0) {
            return true;
        }
    }
    return false;
}

/* The few values of one component may leave open what the errors are. Single precision elsewhere in the same submission
 * decides it: there are at least three such components, and more of them than of the others. */
static void settle_precision(grade_battery *battery)
{
    size_t single = 0;
    size_t open = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        single += is_called(&battery->parts[p], GRADE_FLOAT32_ID);
        open += is_called(&battery->parts[p], GRADE_INEXACT_ID);
    }
    for (size_t p = 0; p < battery->part_count && single >= 3 && single > open; p++) {
        grade_part *part = &battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            grade_result *result = &part->results[i];
            if (result->mistake != NULL && strcmp(result->mistake, GRADE_INEXACT_ID) == 0) {
                result->mistake = GRADE_FLOAT32_ID;
            }
        }
    }
}

/* Composite components come after their parts (components.c), so what is found in a part can be put into them. */
assay_status assay_grade_battery_judge(grade_battery *battery, assay_error *error)
{
    grade_upstream upstream = {0};
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        const grade_judged judged = {
            part->component, part->count, part->cases, part->answers, assay_grade_part_precision(battery, part),
            &upstream,       {0},         false};
        ASSAY_TRY(assay_grade_judge(&judged, part->results, &part->found, error));
        add_found(&upstream, &part->found);
        add_unexplained(&upstream, part);
    }
    settle_precision(battery);
    return ASSAY_OK;
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* A submission that cannot be started this often in a row is not started again. */
enum { START_ATTEMPTS = 3 };

typedef struct {
    grade_battery *battery;
    const grade_program *program;
    grade_folders folders;
    grade_child *child;
    json_t *functions; /* that the submission has; NULL: all, it says so when it is asked */
    int next_id;
    int failed_starts;
    double started;
    double cpu_seconds; /* of processes that have ended */
    grade_verdict start_verdict;
    char start_detail[GRADE_TEXT_LENGTH];
} session;

static double now_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool is_stopped(const session *s)
{
    return s->program->stop != NULL && *s->program->stop != 0;
}

/*
 * Opens the folders for .npy files, by the paths that they have here, before the submission runs: later they are used
 * through these descriptors alone. In the sandbox each process of the submission has folders of its own, in memory.
 */
static assay_status open_folders(session *s, const char *inputs, const char *outputs, assay_error *error)
{
    const grade_program *program = s->program;
    bool inside = program->sandbox != NULL;
    if (program->inputs != NULL) {
        ASSAY_TRY(assay_grade_folder_open(inputs, &s->folders.inputs, error));
    }
    if (program->exchange != NULL) {
        ASSAY_TRY(assay_grade_folder_open(outputs, &s->folders.outputs, error));
    }
    s->folders.inputs_there = inside ? GRADE_INPUTS_INSIDE : program->inputs;
    s->folders.outputs_there = inside ? GRADE_EXCHANGE_INSIDE : program->exchange;
    return ASSAY_OK;
}

static void close_folders(session *s)
{
    if (s->folders.inputs >= 0) {
        close(s->folders.inputs);
    }
    if (s->folders.outputs >= 0) {
        close(s->folders.outputs);
    }
    s->folders = GRADE_INLINE;
}

static double cpu_seconds(const session *s)
{
    return s->cpu_seconds + (s->child == NULL ? 0.0 : assay_grade_child_cpu_seconds(s->child));
}

static void end_child(session *s)
{
    s->cpu_seconds = cpu_seconds(s);
    assay_grade_child_kill(s->child);
    s->child = NULL;
    if (s->program->sandbox != NULL) {
        close_folders(s);
    }
}

/* An interpreter that misses a file of the system: most are in /usr, but some keep their configuration in /etc. */
static void hint_at_bind(const grade_program *program, grade_verdict verdict, char detail[GRADE_TEXT_LENGTH])
{
    size_t used = strlen(detail);
    bool misses = strstr(detail, "/etc/") != NULL || strstr(detail, "/opt/") != NULL ||
                  strstr(detail, "No such file") != NULL || strstr(detail, "cannot open shared object") != NULL ||
                  strstr(detail, "onfiguration") != NULL;
    if (program->sandbox != NULL && verdict == GRADE_EXITED && misses && strstr(detail, "--bind") == NULL) {
        snprintf(detail + used, GRADE_TEXT_LENGTH - used, "; if it needs a folder outside /usr, show it with --bind");
    }
}

/* The first request. With --npy it says where files are. */
static char *greeting(const session *s, assay_error *error)
{
    return s->folders.outputs < 0
               ? assay_strdup("{\"id\":0,\"call\":\"hello\"}\n", error)
               : assay_asprintf(error, "{\"id\":0,\"call\":\"hello\",\"inputs_in\":\"%s\",\"outputs_in\":\"%s\"}\n",
                                s->folders.inputs_there, s->folders.outputs_there);
}

static assay_status hear_hello(session *s, char *line, size_t length, assay_error *error)
{
    assay_error wrong = {0};
    json_decref(s->functions);
    s->functions = NULL;
    json_decref(s->battery->findings);
    assay_status heard = assay_grade_hello(line, length, &s->battery->precision, &s->functions, &s->battery->findings,
                                           &wrong);
    if (heard == ASSAY_ERROR_MEMORY) {
        return assay_fail(error, heard, "%s", wrong.message);
    }
    if (heard != ASSAY_OK) {
        s->start_verdict = heard == ASSAY_ERROR_UNSUPPORTED ? GRADE_UNUSABLE : GRADE_REPLY;
        snprintf(s->start_detail, sizeof s->start_detail, "%.300s", wrong.message);
        if (s->start_verdict == GRADE_REPLY) {
            assay_grade_child_last_error(s->child, s->start_detail);
        }
    }
    return ASSAY_OK;
}

/* Starts the submission and greets it. A submission that does not greet back leaves no child. */
static assay_status begin_child(session *s, assay_error *error)
{
    char *line;
    size_t length;
    ASSAY_TRY(assay_grade_child_start(s->program, &s->child, error));
    if (s->program->sandbox != NULL) {
        ASSAY_TRY(open_folders(s, assay_grade_child_inputs_folder(s->child),
                               assay_grade_child_exchange_folder(s->child), error));
    }
    char *hello = greeting(s, error);
    if (hello == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    s->start_detail[0] = '\0';
    s->start_verdict = assay_grade_child_exchange(s->child, hello, s->program->limits.start_seconds, &line, &length,
                                                  s->start_detail);
    assay_free(hello);
    ASSAY_TRY(assay_grade_child_failure(s->child, error));
    if (s->start_verdict == GRADE_PASS) {
        ASSAY_TRY(hear_hello(s, line, length, error));
    }
    /* What says itself that it cannot be graded will say so again. */
    s->failed_starts = s->start_verdict == GRADE_PASS       ? 0
                       : s->start_verdict == GRADE_UNUSABLE ? START_ATTEMPTS
                                                            : s->failed_starts + 1;
    if (s->start_verdict != GRADE_PASS) {
        hint_at_bind(s->program, s->start_verdict, s->start_detail);
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

/* Sends a request, and reads what comes back. */
static assay_status exchange(session *s, const char *request, int id, grade_answer *answer, assay_error *error)
{
    char *line;
    size_t length;
    double began = now_seconds();
    answer->verdict = assay_grade_child_exchange(s->child, request, s->program->limits.case_seconds, &line, &length,
                                                 answer->detail);
    answer->seconds = now_seconds() - began;
    ASSAY_TRY(assay_grade_child_failure(s->child, error));
    if (answer->verdict == GRADE_PASS) {
        ASSAY_TRY(assay_grade_reply(line, length, id, &s->folders, answer, error));
        if (answer->verdict == GRADE_REPLY) {
            assay_grade_child_last_error(s->child, answer->detail);
        }
    }
    if (s->program->evidence != NULL && !spoils_child(answer->verdict)) {
        grade_verdict looked = assay_grade_child_look(s->child, answer->detail);
        answer->verdict = looked == GRADE_PASS ? answer->verdict : looked;
    }
    return ASSAY_OK;
}

static assay_status ask(session *s, const grade_case *graded, grade_answer *answer, assay_error *error)
{
    char *request = NULL;
    assay_error wrong = {0};
    int id = ++s->next_id;
    assay_status status = assay_grade_request(graded, id, &s->folders, &request, &wrong);
    if (status == ASSAY_OK) {
        status = exchange(s, request, id, answer, &wrong);
    } else if (status == ASSAY_ERROR_FORMAT) { /* without the sandbox it can reach the folder for inputs */
        status = ASSAY_OK;
        answer->verdict = GRADE_REPLY;
        snprintf(answer->detail, sizeof answer->detail, "the folder for inputs was changed: %.250s", wrong.message);
    }
    assay_grade_inputs_remove(graded, id, &s->folders);
    assay_free(request);
    if (status != ASSAY_OK) {
        return assay_fail(error, status, "%s", wrong.message);
    }
    if (spoils_child(answer->verdict)) {
        end_child(s);
    }
    return ASSAY_OK;
}

/* Processor time: a machine that is busy with other submissions makes one slow, but not guilty. */
static bool is_time_up(const session *s, char detail[GRADE_TEXT_LENGTH])
{
    double limit = s->program->limits.total_seconds;
    if (cpu_seconds(s) > limit) {
        snprintf(detail, GRADE_TEXT_LENGTH, "the submission has used its %g s of processor time", limit);
        return true;
    }
    double clock_limit = assay_grade_patience() * limit;
    if (now_seconds() - s->started > clock_limit) {
        snprintf(detail, GRADE_TEXT_LENGTH, "the submission took more than %.3g s", clock_limit);
        return true;
    }
    return false;
}

static assay_status run_case(session *s, const grade_case *graded, grade_answer *answer, assay_error *error)
{
    if (is_stopped(s) || is_time_up(s, answer->detail)) {
        answer->verdict = GRADE_NOT_RUN;
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

static assay_status run_cases(session *s, assay_error *error)
{
    for (size_t p = 0; p < s->battery->part_count; p++) {
        const grade_part *part = &s->battery->parts[p];
        for (size_t i = 0; i < part->count; i++) {
            ASSAY_TRY(run_case(s, part->cases[i], &part->answers[i], error));
        }
    }
    return ASSAY_OK;
}

assay_status assay_grade_battery_run(grade_battery *battery, const grade_program *program, assay_error *error)
{
    session s = {.battery = battery, .program = program, .folders = GRADE_INLINE, .started = now_seconds()};
    battery->limits = assay_grade_sandbox_limits(program->sandbox);
    assay_status status = program->sandbox != NULL ? ASSAY_OK
                                                   : open_folders(&s, program->inputs, program->exchange, error);
    if (status == ASSAY_OK) {
        status = run_cases(&s, error);
    }
    battery->seconds = now_seconds() - s.started;
    end_child(&s);
    battery->cpu_seconds = s.cpu_seconds;
    close_folders(&s);
    json_decref(s.functions);
    if (program->evidence != NULL) {
        snprintf(battery->suspicion, sizeof battery->suspicion, "%s", assay_grade_evidence_text(program->evidence));
    }
    return status;
}

void assay_grade_battery_fail(grade_battery *battery, grade_verdict verdict, const char *detail)
{
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            set_answer(&battery->parts[p].answers[i], verdict, detail);
        }
    }
}

size_t assay_grade_battery_not_run(const grade_battery *battery)
{
    size_t count = 0;
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            count += battery->parts[p].answers[i].verdict == GRADE_NOT_RUN;
        }
    }
    return count;
}
