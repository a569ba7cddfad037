/*
 * A control group (cgroup v2) of a submission's own, where one can be made: the kernel then counts its memory,
 * processes and processor time, and kills all of it at once. https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
#ifndef ASSAY_GRADE_CGROUP_H
#define ASSAY_GRADE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>

#include <assay/base/error.h>

/* What the kernel enforces in the groups that can be made here. */
typedef struct {
    bool group;     /* processor time is counted, and all processes are killed together */
    bool memory;    /* memory.max, no swap */
    bool processes; /* pids.max */
} grade_cgroup_powers;

typedef struct grade_cgroup grade_cgroup;

/*
 * Tries to make a group below this process's own and below each that is above it, and gives the first folder in which
 * groups have the most power; the caller frees it with assay_free. NULL where no group can be made. Removes what
 * graders that have ended left there. `mounts` is /proc/self/mountinfo and `own` /proc/self/cgroup; tests give
 * others.
 */
assay_status assay_grade_cgroup_parent(const char *mounts, const char *own, char **parent, grade_cgroup_powers *powers,
                                       assay_error *error);

/* A new group below `parent`. The caller ends it with assay_grade_cgroup_destroy. */
assay_status assay_grade_cgroup_create(const char *parent, const grade_cgroup_powers *powers, size_t memory_bytes,
                                       size_t processes, grade_cgroup **group, assay_error *error);

/* A process that writes "0" to this descriptor (it belongs to the group) enters the group. */
int assay_grade_cgroup_entrance(const grade_cgroup *group);

/* Processor time of all processes that were ever in the group, in seconds; negative where it cannot be read. */
double assay_grade_cgroup_seconds(const grade_cgroup *group);

/* True after the kernel has killed a process for memory, or has refused to make one. */
bool assay_grade_cgroup_out_of_memory(const grade_cgroup *group);
bool assay_grade_cgroup_out_of_processes(const grade_cgroup *group);

/* Kills every process of the group. */
void assay_grade_cgroup_kill(grade_cgroup *group);

/* Removes the group, whose processes have been killed and may still be ending, and frees it; NULL is allowed. */
void assay_grade_cgroup_destroy(grade_cgroup *group);

#endif
