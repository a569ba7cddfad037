/* What every way of grading shares: the options, one submission run and judged, its report. */
#ifndef ASSAY_TOOLS_GRADE_RUN_H
#define ASSAY_TOOLS_GRADE_RUN_H

#include <signal.h>

#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/report.h"
#include "grade/rubric.h"
#include "grade/sandbox.h"

#define GRADE_COMMAND "grade"

enum { GRADE_MAX_BINDS = 32, GRADE_MAX_CONVENTIONS = 16 };

typedef struct {
    const char *shared_object;
    const char *const *command; /* after "--"; NULL for none */
    const char *folder;
    const char *export_to;
    const char *import_from;
    const char *class_folder;
    const char *record;
    const char *data;
    const char *rubric_path;
    const char *output;
    const char *csv;
    const char *reports;
    char *only_text;   /* owns what `only` points to */
    const char **only; /* NULL-terminated; NULL: all */
    const char *binds[GRADE_MAX_BINDS + 1];
    const char *conventions[GRADE_MAX_CONVENTIONS];
    size_t convention_count;
    size_t bind_count;
    uint64_t seed;
    bool has_seed;
    grade_format format;
    bool npy;
    bool unsandboxed;
    bool verbose;
    bool list;
    unsigned jobs;
    grade_limits limits;
    /* Opened once for all submissions. */
    grade_catalogue *catalogue;
    grade_rubric *rubric;
    char *runner;
    grade_sandbox *sandbox;            /* NULL: --unsandboxed, or nothing is run */
    const volatile sig_atomic_t *stop; /* becomes other than 0 when the grading is to end */
} grade_options;

/* What is graded. */
typedef struct {
    const char *name;   /* for people */
    const char *object; /* a shared object or a source, or NULL: the command */
    const char *folder; /* the submission's own; NULL for a shared object that is alone */
    const char *note;   /* a remark for the grade book, or NULL */
} grade_target;

/* Runs, judges and scores it. The caller ends the battery with assay_grade_battery_destroy. */
assay_status grade_one(const grade_options *options, const grade_target *submission, grade_battery **battery,
                       grade_score *score, assay_error *error);

/* The same for a submission that is not run, with that verdict and its reason for every case. */
assay_status grade_failed(const grade_options *options, const grade_target *submission, grade_verdict verdict,
                          const char *detail, grade_battery **battery, grade_score *score, assay_error *error);

/* The components that the options choose, for assay_grade_battery_create. */
const char *const *grade_components(const grade_options *options);

/* Judges and scores a battery that has its answers. */
assay_status grade_judge(const grade_options *options, grade_battery *battery, grade_score *score, assay_error *error);

/* Writes a report to `path`, or to stdout where it is NULL. */
assay_status grade_write(const grade_options *options, const grade_battery *battery, grade_score score,
                         const char *name, const char *path, assay_error *error);

/* The same in memory; the caller frees the text with free, also after a failure. */
assay_status grade_report_text(const grade_options *options, const grade_battery *battery, grade_score score,
                               const char *name, char **text, size_t *size, assay_error *error);

#endif
