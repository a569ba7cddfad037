/* What the files of `assay grade` share. */
#ifndef ASSAY_TOOLS_GRADE_H
#define ASSAY_TOOLS_GRADE_H

#include "grade/battery.h"
#include "grade/catalogue.h"
#include "grade/report.h"
#include "grade/rubric.h"
#include "grade/sandbox.h"

#define GRADE_COMMAND "grade"

enum { GRADE_MAX_BINDS = 32 };

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
    char *only_text;         /* owns what `only` points to */
    const char **only;       /* NULL-terminated; NULL: all */
    const char *binds[GRADE_MAX_BINDS + 1];
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
    grade_sandbox *sandbox; /* NULL: --unsandboxed, or nothing is run */
} grade_options;

/* Grades one shared object, or the command in `folder`, and gives the judged and scored battery. */
assay_status grade_one(const grade_options *options, const char *shared_object, const char *folder,
                       grade_battery **battery, grade_score *score, assay_error *error);

/* Writes a report to `path`, or to stdout where it is NULL. */
assay_status grade_write(const grade_options *options, const grade_battery *battery, grade_score score,
                         const char *name, const char *path, assay_error *error);

/* --class: returns an exit status. */
int grade_class(const grade_options *options);

/* --record: returns an exit status. */
int grade_record(const grade_options *options);

#endif
