/* What the sandboxes of one run of the grader share: found out once, before the first submission. */
#ifndef ASSAY_GRADE_SANDBOX_H
#define ASSAY_GRADE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>
#include "grade/cgroup.h"
#include "grade/hidden.h"

typedef struct grade_sandbox grade_sandbox;

/*
 * Looks for bubblewrap and what it can do, for the place of control groups and for files to hide; makes the filter of
 * system calls; and starts a trial sandbox with `runner` (assay_grade_runner_find). `binds` is NULL-terminated, or
 * NULL: folders that submissions see beside /usr; both outlive the sandbox. ASSAY_ERROR_UNSUPPORTED with what to
 * install or to allow where no sandbox can be made. The caller ends it with assay_grade_sandbox_destroy.
 */
assay_status assay_grade_sandbox_create(const char *runner, const char *const *binds, grade_sandbox **sandbox,
                                        assay_error *error);
void assay_grade_sandbox_destroy(grade_sandbox *sandbox);

/* Which limits the kernel enforces and which the grader watches, in one line for the report. NULL: no sandbox. */
const char *assay_grade_sandbox_limits(const grade_sandbox *sandbox);

/* --- between sandbox.c and child*.c ------------------------------------------------------------------------------- */

struct grade_sandbox {
    const char *runner;
    const char *const *binds;
    char *bubblewrap;     /* its path */
    const char *stage;    /* the host's folder that a private file system in memory covers */
    bool disables_userns; /* bubblewrap knows --disable-userns */
    char *filter;         /* of system calls, as BPF */
    size_t filter_size;
    char *cgroups; /* the folder in which groups can be made, or NULL */
    grade_cgroup_powers powers;
    grade_hidden hidden;
};

#endif
