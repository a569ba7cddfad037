/* assay grade: one submission, run and judged, and its report. */
#define _GNU_SOURCE
#include "grade_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <assay/base/alloc.h>
#include <assay/base/file.h>
#include "grade/submission.h"

/* --- folders for .npy files --------------------------------------------------------------------------------------- */

typedef struct {
    char *outer;   /* which only we may enter */
    char *inputs;  /* in it: we write, the submission reads */
    char *outputs; /* in it: the submission writes */
} npy_folders;

static assay_status make_below(const char *outer, const char *name, mode_t mode, char **made, assay_error *error)
{
    *made = assay_asprintf(error, "%s/%s", outer, name);
    if (*made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    /* umask does not apply to chmod: when root grades, the submission's user is another one. */
    return mkdir(*made, 0700) == 0 && chmod(*made, mode) == 0
               ? ASSAY_OK
               : assay_fail(error, ASSAY_ERROR_IO, "%s: cannot be made", *made);
}

static assay_status make_folders(npy_folders *folders, assay_error *error)
{
    const char *temporary = getenv("TMPDIR");
    char *outer = assay_asprintf(error, "%s/assay-grade-XXXXXX", temporary == NULL ? "/tmp" : temporary);
    if (outer == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    if (mkdtemp(outer) == NULL) {
        assay_status status = assay_fail(error, ASSAY_ERROR_IO,
                                         "%s: cannot be made; set TMPDIR to a folder that can be written to", outer);
        assay_free(outer);
        return status;
    }
    folders->outer = outer;
    ASSAY_TRY(make_below(outer, "inputs", 0755, &folders->inputs, error));
    return make_below(outer, "outputs", 0777, &folders->outputs, error);
}

/* Runs a program of the system; it walks a hostile tree, of any depth, without following links. */
static void run_on(const char *program, const char *first, const char *second, const char *folder)
{
    pid_t child = fork();
    if (child == 0) {
        setsid(); /* an interrupt from the terminal is not for it */
        execlp(program, program, first, second, folder, (char *)NULL);
        _exit(127);
    }
    if (child > 0) {
        waitpid(child, NULL, 0);
    }
}

static void remove_folders(npy_folders *folders)
{
    if (folders->outer != NULL) {
        if (geteuid() != 0) { /* folders that the submission has made unreadable for us, too */
            run_on("chmod", "-fR", "u+rwx", folders->outer);
        }
        run_on("rm", "-rf", "--", folders->outer);
    }
    assay_free(folders->outer);
    assay_free(folders->inputs);
    assay_free(folders->outputs);
}

/* --- running ------------------------------------------------------------------------------------------------------ */

/* Looks for signs of the reference in what the submission brings along, and then runs it. */
static assay_status run_watched(grade_program *program, const grade_target *target, grade_battery *battery,
                                assay_error *error)
{
    ASSAY_TRY(assay_grade_evidence_create(&program->evidence, error));
    if (program->source >= 0) {
        assay_grade_evidence_open(program->evidence, program->source, target->name);
    } else if (program->shared_object != NULL) {
        assay_grade_evidence_file(program->evidence, program->shared_object);
    }
    if (target->folder != NULL && (program->source < 0 || target->object != NULL)) {
        assay_grade_evidence_folder(program->evidence, target->folder);
    }
    assay_status status = assay_grade_battery_run(battery, program, error);
    assay_grade_evidence_destroy(program->evidence);
    return status;
}

static assay_status run_opened(const grade_options *options, const grade_target *target,
                               const grade_submission *submission, grade_battery *battery, assay_error *error)
{
    npy_folders folders = {0};
    bool files = options->npy && target->object == NULL;
    assay_status status = files && options->sandbox == NULL ? make_folders(&folders, error) : ASSAY_OK;
    if (status == ASSAY_OK) {
        bool inside = files && options->sandbox != NULL;
        /* clang-format off */
        grade_program program = {
            .command = target->object == NULL ? options->command : NULL,
            .inputs = inside ? GRADE_INPUTS_INSIDE : folders.inputs,
            .exchange = inside ? GRADE_EXCHANGE_INSIDE : folders.outputs,
            .runner = options->runner,
            .sandbox = options->sandbox,
            .limits = options->limits,
            .stop = options->stop,
        };
        /* clang-format on */
        assay_grade_submission_describe(submission, &program);
        status = run_watched(&program, target, battery, error);
    }
    remove_folders(&folders);
    return status;
}

static assay_status run_program(const grade_options *options, const grade_target *target, grade_battery *battery,
                                assay_error *error)
{
    const grade_origin origin = {target->object, target->folder, options->class_folder == NULL, options->stop,
                                 options->map};
    grade_submission *submission;
    const char *detail;
    ASSAY_TRY(assay_grade_submission_open(&origin, options->sandbox, &options->limits, &submission, error));
    grade_verdict verdict = assay_grade_submission_verdict(submission, &detail);
    assay_status status = ASSAY_OK;
    if (verdict == GRADE_PASS) {
        status = run_opened(options, target, submission, battery, error);
    } else {
        assay_grade_battery_fail(battery, verdict, detail);
    }
    assay_grade_submission_close(submission);
    return status;
}

const char *const *grade_components(const grade_options *options)
{
    return options->rubric == NULL || options->only != NULL ? (const char *const *)options->only
                                                            : assay_grade_rubric_components(options->rubric);
}

assay_status grade_judge(const grade_options *options, grade_battery *battery, grade_score *score, assay_error *error)
{
    ASSAY_TRY(assay_grade_battery_judge(battery, error));
    *score = assay_grade_score(battery, options->rubric, options->catalogue);
    return ASSAY_OK;
}

/* Judged and scored; on a failure the battery is gone. */
static assay_status judge_or_drop(const grade_options *options, const grade_target *submission, assay_status status,
                                  grade_battery **battery, grade_score *score, assay_error *error)
{
    if (status == ASSAY_OK) {
        (*battery)->cleared = assay_grade_rubric_clears(options->rubric, submission->name);
        status = grade_judge(options, *battery, score, error);
    }
    if (status != ASSAY_OK) {
        assay_grade_battery_destroy(*battery);
        *battery = NULL;
    }
    return status;
}

assay_status grade_one(const grade_options *options, const grade_target *submission, grade_battery **battery,
                       grade_score *score, assay_error *error)
{
    ASSAY_TRY(assay_grade_battery_create(options->seed, grade_components(options), battery, error));
    assay_status status = run_program(options, submission, *battery, error);
    return judge_or_drop(options, submission, status, battery, score, error);
}

assay_status grade_failed(const grade_options *options, const grade_target *submission, grade_verdict verdict,
                          const char *detail, grade_battery **battery, grade_score *score, assay_error *error)
{
    ASSAY_TRY(assay_grade_battery_create(options->seed, grade_components(options), battery, error));
    assay_grade_battery_fail(*battery, verdict, detail);
    return judge_or_drop(options, submission, ASSAY_OK, battery, score, error);
}

assay_status grade_write(const grade_options *options, const grade_battery *battery, grade_score score,
                         const char *name, const char *path, assay_error *error)
{
    grade_report report = {battery, options->catalogue, name, assay_grade_rubric_name(options->rubric),
                           score,   options->verbose};
    if (path == NULL) {
        return assay_grade_report_write(&report, options->format, stdout, error);
    }
    assay_file_writer *writer;
    ASSAY_TRY(assay_file_create(path, &writer, error));
    assay_status status = assay_grade_report_write(&report, options->format, assay_file_stream(writer), error);
    if (status != ASSAY_OK) {
        assay_file_abort(writer);
        return status;
    }
    return assay_file_commit(writer, error);
}

assay_status grade_report_text(const grade_options *options, const grade_battery *battery, grade_score score,
                               const char *name, char **text, size_t *size, assay_error *error)
{
    const grade_report report = {battery, options->catalogue, name, assay_grade_rubric_name(options->rubric),
                                 score,   options->verbose};
    FILE *stream = open_memstream(text, size);
    if (stream == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a report");
    }
    assay_status status = assay_grade_report_write(&report, options->format, stream, error);
    bool failed = fclose(stream) != 0;
    return failed && status == ASSAY_OK ? assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory for a report") : status;
}
