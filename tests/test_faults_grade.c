/* lib/grade: a submission judged while memory and the system fail, on our side. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include "fault_run.h"
#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/cgroup.h"
#include "grade/components.h"
#include "grade/exchange.h"
#include "grade/folder.h"
#include "grade/form.h"
#include "grade/hint.h"
#include "grade/npy.h"
#include "grade/report.h"
#include "grade/submission.h"
#include "grade/rubric.h"
#include "grade_levels.h"
#include "support.h"

enum { CATALOGUE, BATTERY, STREAM };

static const char *const one_component[] = {"relu", NULL};

/* --- without a submission ---------------------------------------------------------------------------------------- */

static assay_status open_catalogue(fault_bench *bench, assay_error *error)
{
    grade_catalogue *catalogue;
    ASSAY_TRY(assay_grade_catalogue_open(&catalogue, error));
    fault_digest_text(bench, assay_grade_catalogue_at(catalogue, 3)->hint);
    assay_grade_catalogue_close(catalogue);
    return ASSAY_OK;
}

static void set_up_rubric(fault_bench *bench)
{
    static const char text[] =
        "{\"name\": \"A\", \"weights\": {\"adam\": 10, \"relu\": 5}, \"credit\": {\"any.float32\": 0.5}}";
    assay_error error;
    grade_catalogue *catalogue;
    fault_write(bench, "rubric.json", text, sizeof text - 1);
    support_assert_ok(assay_grade_catalogue_open(&catalogue, &error), &error);
    bench->thing[CATALOGUE] = catalogue;
}

static void tidy_catalogue(fault_bench *bench)
{
    assay_grade_catalogue_close(bench->thing[CATALOGUE]);
}

static assay_status read_rubric(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    grade_rubric *rubric;
    ASSAY_TRY(assay_grade_rubric_read(fault_path(bench, "rubric.json", path), bench->thing[CATALOGUE], &rubric, error));
    fault_digest_text(bench, assay_grade_rubric_name(rubric));
    for (const char *const *name = assay_grade_rubric_components(rubric); *name != NULL; name++) {
        fault_digest_text(bench, *name);
    }
    assay_grade_rubric_close(rubric);
    return ASSAY_OK;
}

static assay_status export_and_import(fault_bench *bench, assay_error *error)
{
    grade_battery *battery;
    grade_import imported;
    ASSAY_TRY(assay_grade_battery_create(7, one_component, &battery, error));
    assay_status status = assay_grade_battery_export(battery, bench->folder, error);
    if (status == ASSAY_OK) {
        status = assay_grade_import_header(bench->folder, &imported, error);
    }
    if (status == ASSAY_OK) {
        fault_digest_text(bench, imported.components[0]);
        status = assay_grade_battery_import(battery, bench->folder, error);
    }
    if (status == ASSAY_OK) {
        fault_digest_f64(bench, (double)battery->parts[0].answers[0].verdict);
    }
    assay_grade_battery_destroy(battery);
    return status;
}

/* The outputs as a correct student leaves them. */
static void set_up_outputs(fault_bench *bench)
{
    grade_battery *battery = draw(one_component[0], 7);
    int id = 0;
    for (size_t i = 0; i < battery->parts[0].count; i++) {
        const grade_fields *outputs = &battery->parts[0].cases[i]->outputs;
        id++;
        for (size_t f = 0; f < outputs->count; f++) {
            char name[64];
            char path[FAULT_PATH];
            assay_error error;
            snprintf(name, sizeof name, "%d.%s.npy", id, outputs->field[f].name);
            support_assert_ok(assay_npy_write(AT_FDCWD, fault_path(bench, name, path), &outputs->field[f], &error),
                              &error);
        }
    }
    bench->thing[BATTERY] = battery;
}

static void tidy_battery(fault_bench *bench)
{
    assay_grade_battery_destroy(bench->thing[BATTERY]);
    tidy_catalogue(bench);
}

static void digest_answers(fault_bench *bench, const grade_battery *battery)
{
    for (size_t i = 0; i < battery->parts[0].count; i++) {
        const grade_answer *answer = &battery->parts[0].answers[i];
        fault_digest_f64(bench, (double)answer->verdict);
        fault_digest_text(bench, answer->detail);
        fault_digest_f64(bench, answer->verdict == GRADE_PASS ? answer->outputs.pool[0] : 0.0);
    }
}

static assay_status import_and_judge(fault_bench *bench, assay_error *error)
{
    grade_battery *battery = bench->thing[BATTERY];
    ASSAY_TRY(assay_grade_battery_import(battery, bench->folder, error));
    ASSAY_TRY(assay_grade_battery_judge(battery, error));
    digest_answers(bench, battery);
    return ASSAY_OK;
}

/* An answer that no mistake explains: each has its distance. */
static void set_up_wrong(fault_bench *bench)
{
    assay_error error;
    set_up_outputs(bench);
    grade_battery *battery = bench->thing[BATTERY];
    support_assert_ok(assay_grade_battery_import(battery, bench->folder, &error), &error);
    battery->parts[0].answers[0].outputs.pool[0] += 1.0;
}

static assay_status judge_wrong(fault_bench *bench, assay_error *error)
{
    grade_battery *battery = bench->thing[BATTERY];
    ASSAY_TRY(assay_grade_battery_judge(battery, error));
    fault_digest_f64(bench, (double)battery->parts[0].results[0].verdict);
    return ASSAY_OK;
}

/* Adam's epsilon, which the submission fixed: the search solves for it. */
static void set_up_fixed_number(fault_bench *bench)
{
    grade_battery *battery = draw("adam", 6);
    grade_part *part = &battery->parts[0];
    grade_choice choice = GRADE_TUTORIAL;
    switched levels[MAX_LEVELS];
    size_t count = list_levels(part->component, levels);
    for (size_t k = 0; k < count; k++) {
        if (strcmp(id_of(part->component, levels[k]), "adam.epsilon_ignored") == 0) {
            choice = single(part->component, levels[k]);
        }
    }
    choice.parameter = 3e-4;
    answer(part, &choice);
    bench->thing[BATTERY] = battery;
}

static assay_status judge_fixed_number(fault_bench *bench, assay_error *error)
{
    grade_battery *battery = bench->thing[BATTERY];
    ASSAY_TRY(assay_grade_battery_judge(battery, error));
    for (size_t i = 0; i < battery->parts[0].count; i++) {
        const grade_result *result = &battery->parts[0].results[i];
        fault_digest_text(bench, result->mistake == NULL ? "" : result->mistake);
        fault_digest_text(bench, result->solved == NULL ? "" : result->solved);
        fault_digest_f64(bench, result->parameter);
    }
    return ASSAY_OK;
}

/* The network's own code has a wrong derivative. The function tanh_gradient is right. */
static void set_up_composite(fault_bench *bench)
{
    static const char *const only[] = {"tanh_gradient", "network_gradient", NULL};
    grade_upstream parts = {.count = 1};
    grade_choice whole = GRADE_TUTORIAL;
    assay_error error;
    grade_battery *battery;
    support_assert_ok(assay_grade_battery_create(6, only, &battery, &error), &error);
    parts.part[0].component = &assay_grade_tanh_gradient;
    parts.part[0].choice.level[0] = 1;
    for (size_t p = 0; p < battery->part_count; p++) {
        grade_part *part = &battery->parts[p];
        whole.upstream = part->component == &assay_grade_network_gradient ? &parts : NULL;
        answer(part, &whole);
    }
    bench->thing[BATTERY] = battery;
}

static assay_status judge_composite(fault_bench *bench, assay_error *error)
{
    grade_battery *battery = bench->thing[BATTERY];
    ASSAY_TRY(assay_grade_battery_judge(battery, error));
    for (size_t p = 0; p < battery->part_count; p++) {
        for (size_t i = 0; i < battery->parts[p].count; i++) {
            const char *mistake = battery->parts[p].results[i].mistake;
            fault_digest_text(bench, mistake == NULL ? "" : mistake);
        }
    }
    return ASSAY_OK;
}

static assay_status ask_and_hear_in(fault_bench *bench, const grade_folders *folders, assay_error *error)
{
    const grade_battery *battery = bench->thing[BATTERY];
    char *request;
    grade_precision precision;
    json_t *functions;
    json_t *findings;
    char hello[] = "{\"functions\": [\"relu\"], \"precision\": 32}";
    char reply[] = "{\"id\": 5, \"error\": \"no\"}";
    ASSAY_TRY(assay_grade_request(battery->parts[0].cases[0], 5, &GRADE_INLINE, &request, error));
    fault_digest_text(bench, request);
    assay_free(request);
    ASSAY_TRY(assay_grade_request(battery->parts[0].cases[0], 5, folders, &request, error));
    assay_free(request);
    assay_grade_inputs_remove(battery->parts[0].cases[0], 5, folders);
    ASSAY_TRY(assay_grade_hello(hello, sizeof hello - 1, &precision, &functions, &findings, error));
    fault_digest_f64(bench, (double)json_array_size(functions));
    json_decref(functions);
    json_decref(findings);
    ASSAY_TRY(assay_grade_reply(reply, sizeof reply - 1, 5, folders, &battery->parts[0].answers[0], error));
    fault_digest_f64(bench, (double)battery->parts[0].answers[0].verdict);
    return ASSAY_OK;
}

static assay_status ask_and_hear(fault_bench *bench, assay_error *error)
{
    int opened;
    ASSAY_TRY(assay_grade_folder_open(bench->folder, &opened, error));
    const grade_folders folders = {opened, NULL, opened, bench->folder};
    assay_status status = ask_and_hear_in(bench, &folders, error);
    close(opened);
    return status;
}

/* The seed is another one each time. */
static assay_status draw_seed(fault_bench *bench, assay_error *error)
{
    uint64_t seed;
    ASSAY_TRY(assay_grade_random_seed(&seed, error));
    fault_digest_f64(bench, (double)(seed >> 53));
    return ASSAY_OK;
}

/* --- reports ----------------------------------------------------------------------------------------------------- */

static void set_up_report(fault_bench *bench)
{
    assay_error error;
    set_up_rubric(bench);
    set_up_outputs(bench);
    grade_battery *battery = bench->thing[BATTERY];
    support_assert_ok(assay_grade_battery_import(battery, bench->folder, &error), &error);
    battery->parts[0].answers[0].outputs.pool[0] += 1.0;
    battery->parts[0].answers[1].verdict = GRADE_CRASHED;
    support_assert_ok(assay_grade_battery_judge(battery, &error), &error);
}

/* In memory of its own: a report goes to whatever stream it is given. */
static assay_status write_report(fault_bench *bench, const grade_report *report, grade_format format,
                                 assay_error *error)
{
    static char text[1 << 17];
    faults_spare();
    FILE *stream = fmemopen(text, sizeof text, "w");
    setvbuf(stream, NULL, _IOFBF, 256);
    faults_spare_no_more();
    assay_status status = assay_grade_report_write(report, format, stream, error);
    faults_spare();
    bool whole = fflush(stream) == 0 && !ferror(stream);
    long size = ftell(stream);
    fclose(stream);
    faults_spare_no_more();
    if (status == ASSAY_OK && !whole) {
        status = assay_fail(error, ASSAY_ERROR_IO, "the stream failed, or its memory");
    }
    if (status == ASSAY_OK) {
        fault_digest(bench, text, (size_t)size);
    }
    return status;
}

static assay_status write_reports(fault_bench *bench, assay_error *error)
{
    grade_battery *battery = bench->thing[BATTERY];
    const grade_report report = {.battery = battery,
                                 .catalogue = bench->thing[CATALOGUE],
                                 .submission = "ada",
                                 .title = "A",
                                 .score = assay_grade_score(battery, NULL, bench->thing[CATALOGUE]),
                                 .verbose = true};
    for (int format = 0; format < GRADE_FORMAT_COUNT; format++) {
        ASSAY_TRY(write_report(bench, &report, (grade_format)format, error));
    }
    char *summary;
    ASSAY_TRY(assay_grade_report_summary(&report, ", ", &summary, error));
    fault_digest_text(bench, summary);
    assay_free(summary);
    return ASSAY_OK;
}

/* --- a submission ------------------------------------------------------------------------------------------------ */

static char *runner;
static char *starter;
static char *starter_folder;
static grade_sandbox *sandbox;

static void set_up_submission(fault_bench *bench)
{
    bench->thing[BATTERY] = draw(one_component[0], 7);
}

static assay_status find_runner(fault_bench *bench, assay_error *error)
{
    char *path;
    ASSAY_TRY(assay_grade_runner_find(&path, error));
    fault_digest_text(bench, path);
    assay_free(path);
    return ASSAY_OK;
}

static void look_elsewhere(fault_bench *bench)
{
    (void)bench;
    unsetenv("ASSAY_GRADE_RUNNER");
}

/* Beside the program, or where it is installed: there may be none. */
static assay_status look_for_runner(fault_bench *bench, assay_error *error)
{
    char *path;
    assay_status status = assay_grade_runner_find(&path, error);
    if (status == ASSAY_OK) {
        assay_free(path);
    }
    fault_digest_f64(bench, 0.0);
    return status == ASSAY_ERROR_UNSUPPORTED ? ASSAY_OK : status;
}

static void look_again(fault_bench *bench)
{
    (void)bench;
    setenv("ASSAY_GRADE_RUNNER", runner, 1);
}

static assay_status run_program(fault_bench *bench, const grade_program *program, assay_error *error)
{
    grade_battery *battery = bench->thing[BATTERY];
    ASSAY_TRY(assay_grade_battery_run(battery, program, error));
    digest_answers(bench, battery);
    return ASSAY_OK;
}

static grade_program the_starter(void)
{
    return (grade_program){.shared_object = starter,
                           .folder = starter_folder,
                           .source = -1,
                           .runner = runner,
                           .limits = assay_grade_limits_default()};
}

static assay_status run_bare(fault_bench *bench, assay_error *error)
{
    const grade_program program = the_starter();
    return run_program(bench, &program, error);
}

static assay_status run_sandboxed(fault_bench *bench, assay_error *error)
{
    const grade_origin origin = {.file = starter};
    grade_program program = the_starter();
    grade_submission *submission;
    program.sandbox = sandbox;
    ASSAY_TRY(assay_grade_submission_open(&origin, sandbox, &program.limits, &submission, error));
    assay_grade_submission_describe(submission, &program);
    assay_status status = run_program(bench, &program, error);
    assay_grade_submission_close(submission);
    return status;
}

/* A submission that returns its input as a file. It makes a link, which is never half made if the process is killed. */
static assay_status run_with_files(fault_bench *bench, assay_error *error)
{
    static const char *const command[] = {"sh", "-c",
                                          "while read -r line; do id=${line#*:}; id=${id%%,*}; if [ \"$id\" = 0 ]; "
                                          "then echo '{\"functions\": [\"relu\"]}'; "
                                          "else ln -f $id.x.npy $id.y.npy; echo '{\"id\": '$id', \"outputs\": {\"y\": "
                                          "{\"npy\": \"'$id'.y.npy\"}}}'; fi; done",
                                          NULL};
    const grade_program program = {.command = command,
                                   .folder = bench->folder,
                                   .source = -1,
                                   .runner = runner,
                                   .limits = assay_grade_limits_default(),
                                   .inputs = bench->folder,
                                   .exchange = bench->folder};
    return run_program(bench, &program, error);
}

/* One that ends when it is asked. */
static assay_status run_quitter(fault_bench *bench, assay_error *error)
{
    static const char *const command[] = {"sh", "-c", "read -r line; echo '{}'; read -r line; echo no >&2; exit 3",
                                          NULL};
    const grade_program program = {.command = command,
                                   .folder = bench->folder,
                                   .source = -1,
                                   .runner = runner,
                                   .limits = assay_grade_limits_default()};
    return run_program(bench, &program, error);
}

/* --- the sandbox -------------------------------------------------------------------------------------------------- */

/* Whole or not at all: none that hides less or allows more. */
static assay_status make_sandbox(fault_bench *bench, assay_error *error)
{
    grade_sandbox *made;
    ASSAY_TRY(assay_grade_sandbox_create(runner, NULL, &made, error));
    fault_digest_f64(bench, made->disables_userns ? 1.0 : 0.0);
    fault_digest_f64(bench, (double)made->hidden.count);
    assay_grade_sandbox_destroy(made);
    return ASSAY_OK;
}

static void set_up_source(fault_bench *bench)
{
    static const char text[] = "int one;\n";
    fault_write(bench, "source.c", text, sizeof text - 1);
}

static assay_status compile_source(fault_bench *bench, assay_error *error)
{
    char path[FAULT_PATH];
    const char *detail;
    const grade_origin origin = {.file = fault_path(bench, "source.c", path)};
    const grade_limits limits = assay_grade_limits_default();
    grade_submission *submission;
    ASSAY_TRY(assay_grade_submission_open(&origin, sandbox, &limits, &submission, error));
    fault_digest_f64(bench, (double)assay_grade_submission_verdict(submission, &detail));
    fault_digest_text(bench, detail);
    assay_grade_submission_close(submission);
    return ASSAY_OK;
}

/* With a link, a folder and a program that copies what it is given. */
static void set_up_folder(fault_bench *bench)
{
    static const char text[] = "while read -r line; do id=${line#*:}; id=${id%%,*}; if [ \"$id\" = 0 ]; then echo "
                               "'{\"functions\": [\"relu\"]}'; else cp /inputs/$id.x.npy /exchange/$id.y.npy; echo "
                               "'{\"id\": '$id', \"outputs\": {\"y\": {\"npy\": \"'$id'.y.npy\"}}}'; fi; done\n";
    char path[FAULT_PATH];
    set_up_submission(bench);
    fault_write(bench, "program.sh", text, sizeof text - 1);
    ck_assert_int_eq(mkdir(fault_path(bench, "inner", path), 0755), 0);
    ck_assert_int_eq(symlink("../program.sh", fault_path(bench, "inner/link", path)), 0);
}

/* Which file of the folder is the submission; why there is none counts as the failure. */
static assay_status choose_file(fault_bench *bench, assay_error *error)
{
    char *name;
    char reason[GRADE_TEXT_LENGTH];
    int folder;
    ASSAY_TRY(assay_grade_folder_open(bench->folder, &folder, error));
    assay_status status = assay_grade_form_choose(folder, &name, reason, error);
    close(folder);
    if (status == ASSAY_OK && name == NULL) {
        status = assay_fail(error, ASSAY_ERROR_IO, "%s: %s", bench->folder, reason);
    } else if (status == ASSAY_OK) {
        fault_digest_text(bench, name);
        assay_free(name);
    }
    return status;
}

static void set_up_choice(fault_bench *bench)
{
    fault_write(bench, "submission.py", "x = 1\n", 6);
    fault_write(bench, "other.py", "x = 2\n", 6);
}

static assay_status run_folder(fault_bench *bench, assay_error *error)
{
    static const char *const command[] = {"sh", "program.sh", NULL};
    const grade_origin origin = {.folder = bench->folder};
    grade_program program = {.command = command,
                             .runner = runner,
                             .sandbox = sandbox,
                             .limits = assay_grade_limits_default(),
                             .inputs = GRADE_INPUTS_INSIDE,
                             .exchange = GRADE_EXCHANGE_INSIDE};
    grade_submission *submission;
    ASSAY_TRY(assay_grade_submission_open(&origin, sandbox, &program.limits, &submission, error));
    const char *detail;
    assay_status status = ASSAY_OK;
    if (assay_grade_submission_verdict(submission, &detail) == GRADE_PASS) {
        assay_grade_submission_describe(submission, &program);
        status = assay_grade_evidence_create(&program.evidence, error);
        if (status == ASSAY_OK) {
            assay_grade_evidence_open(program.evidence, program.source, "ada");
            status = run_program(bench, &program, error);
            assay_grade_evidence_destroy(program.evidence);
        }
    } else {
        fault_digest_text(bench, detail);
    }
    assay_grade_submission_close(submission);
    return status;
}

static assay_status put_report(fault_bench *bench, assay_error *error)
{
    int folder;
    ASSAY_TRY(assay_grade_folder_open(bench->folder, &folder, error));
    assay_status status = assay_grade_folder_put(folder, "report.txt", "new", 3, error);
    close(folder);
    return status;
}

static void set_up_old_report(fault_bench *bench)
{
    fault_write(bench, "report.txt", "old", 3);
}

/* Where there is none, or none can be made, the grader watches instead: that is no error. */
static assay_status make_group(fault_bench *bench, assay_error *error)
{
    char *parent;
    grade_cgroup_powers powers;
    grade_cgroup *group;
    (void)bench;
    ASSAY_TRY(assay_grade_cgroup_parent("/proc/self/mountinfo", "/proc/self/cgroup", &parent, &powers, error));
    assay_status status = ASSAY_OK;
    if (parent != NULL) {
        status = assay_grade_cgroup_create(parent, &powers, (size_t)64 << 20, 8, &group, error);
    }
    if (parent != NULL && status == ASSAY_OK) {
        (void)assay_grade_cgroup_seconds(group);
        assay_grade_cgroup_kill(group);
        assay_grade_cgroup_destroy(group);
    }
    assay_free(parent);
    return status;
}

/* A hint is left out where something fails. */
static assay_status look_for_hint(fault_bench *bench, assay_error *error)
{
    static const char *const programs[] = {"java", "/usr/lib/gcc/x86_64-linux-gnu/12/cc1", "sh"};
    char folder[GRADE_HINT_LENGTH];
    (void)error;
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        (void)assay_grade_bind_hint(programs[i], NULL, folder);
    }
    fault_digest_f64(bench, 0.0);
    return ASSAY_OK;
}

/* Each run of a submission starts processes, and does the same with each of its cases. */
enum { OF_ONE_PLACE = 1, IN_A_SANDBOX = 4 };

/* Slow ones: where every later call fails too, little more is reached. It is tried with ASSAY_TEST_EFFORT=large. */
enum { ONCE_ONLY = 1U << FAULTS_FROM_THEN };

static fault_scenario scenarios[] = {
    {"the catalogue", NULL, open_catalogue, NULL, 0, NULL, 0},
    {"a rubric", set_up_rubric, read_rubric, tidy_catalogue, 0, NULL, 0},
    {"export and import", NULL, export_and_import, NULL, 0, NULL, 0},
    {"outputs judged", set_up_outputs, import_and_judge, tidy_battery, 0, NULL, 0},
    {"wrong outputs judged", set_up_wrong, judge_wrong, tidy_battery, 0, NULL, 0},
    {"a wrong part judged", set_up_composite, judge_composite, tidy_battery, ONCE_ONLY, NULL, 2},
    {"a fixed number judged", set_up_fixed_number, judge_fixed_number, tidy_battery, 0, NULL, 0},
    {"a runner looked for", look_elsewhere, look_for_runner, look_again, 0, NULL, 0},
    {"a request and a reply", set_up_outputs, ask_and_hear, tidy_battery, 0, NULL, 0},
    {"a seed", NULL, draw_seed, NULL, 0, NULL, 0},
    {"reports", set_up_report, write_reports, tidy_battery, ONCE_ONLY, NULL, 0},
    {"the runner found", NULL, find_runner, NULL, 0, NULL, 0},
    {"a submission run", set_up_submission, run_bare, tidy_battery, 0, NULL, OF_ONE_PLACE},
    {"a submission run with files", set_up_submission, run_with_files, tidy_battery, ONCE_ONLY, NULL, OF_ONE_PLACE},
    {"a submission that ends", set_up_submission, run_quitter, tidy_battery, ONCE_ONLY, NULL, OF_ONE_PLACE},
    {"a report put into a folder", set_up_old_report, put_report, NULL, 0, NULL, 0},
    {"the file of a folder", set_up_choice, choose_file, NULL, 0, NULL, 0},
    {"a control group", NULL, make_group, NULL, 0, NULL, OF_ONE_PLACE},
    {"a hint", NULL, look_for_hint, NULL, 0, NULL, OF_ONE_PLACE},
    {"a sandbox made", NULL, make_sandbox, NULL, ONCE_ONLY, NULL, OF_ONE_PLACE},
    {"a source compiled", set_up_source, compile_source, NULL, ONCE_ONLY, NULL, OF_ONE_PLACE},
    {"a folder run in a sandbox", set_up_folder, run_folder, tidy_battery, ONCE_ONLY, NULL, OF_ONE_PLACE},
    {"a submission run in a sandbox", set_up_submission, run_sandboxed, tidy_battery, ONCE_ONLY, NULL, OF_ONE_PLACE},
};

int main(void)
{
    size_t count = sizeof scenarios / sizeof scenarios[0];
    const char *build = getenv("ASSAY_BUILD");
    assay_error error;
    runner = assay_asprintf(NULL, "%s/assay-grade-runner", build != NULL ? build : ".");
    starter_folder = assay_asprintf(NULL, "%s/tests/grade/.libs", build != NULL ? build : ".");
    starter = assay_asprintf(NULL, "%s/starter.so", starter_folder);
    setenv("ASSAY_GRADE_RUNNER", runner, 1);
    for (size_t i = 0; i < count && support_large_effort(); i++) {
        scenarios[i].skip &= ~(unsigned)ONCE_ONLY;
    }
    if (assay_grade_sandbox_create(runner, NULL, &sandbox, &error) != ASSAY_OK) {
        support_skip("nothing fails around a submission in a sandbox: %s", error.message);
        count -= IN_A_SANDBOX;
    }
    int status = fault_main(
        "faults in grading",
        "errors: grade/battery, grade/catalogue, grade/cgroup, grade/child, grade/compile, "
        "grade/evidence, grade/exchange, grade/folder, grade/form, grade/hidden, grade/hint, grade/judge, "
        "grade/npy, grade/processes, grade/report, grade/rubric, grade/sandbox, grade/seccomp, "
        "grade/submission, grade/tree",
        scenarios, count, NULL);
    assay_grade_sandbox_destroy(sandbox);
    return status;
}
