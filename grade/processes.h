/* What a process and all its descendants use, read from /proc. */
#ifndef ASSAY_GRADE_PROCESSES_H
#define ASSAY_GRADE_PROCESSES_H

#include <stddef.h>
#include <sys/types.h>

typedef struct {
    size_t processes;      /* and threads */
    double cpu_seconds;    /* of those that live, and of their children that have ended */
    size_t resident_bytes; /* with page tables, without shared memory; shared pages count once for each process */
    size_t shared_bytes;   /* resident shared memory: files in memory, mapped */
    size_t sockets;        /* in the network namespace of the last process */
} grade_usage;

/* Adds up over `root` and its descendants. */
grade_usage assay_grade_usage(pid_t root);

/* `root` and its descendants, at most `limit` of them; returns how many. */
size_t assay_grade_descendants(pid_t root, pid_t *found, size_t limit);

/* As resident_bytes, with a page that several processes share counted once: slower. */
size_t assay_grade_proportional_bytes(pid_t root);

enum { GRADE_FOLDER_FILES = 10000 };

/*
 * Bytes of all files below a folder that a submission may write to; SIZE_MAX where there are more than
 * GRADE_FOLDER_FILES. Links are not followed.
 */
size_t assay_grade_folder_bytes(const char *folder);

/* Sends SIGKILL to the descendants of `root`, and then to `root`. */
void assay_grade_kill_tree(pid_t root);

#endif
