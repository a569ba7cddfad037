/* The submission's files, copied into a file system in memory before bubblewrap starts. */
#ifndef ASSAY_GRADE_STAGE_H
#define ASSAY_GRADE_STAGE_H

/*
 * `assay-grade-runner --stage AT SCRATCH SOURCE PROGRAM [ARGUMENT...]`, as grade/child.c starts it: makes mounts that
 * only this process and its children see, copies the submission into them, and becomes PROGRAM (bubblewrap).
 *   AT       an existing folder of the host that the mounts cover
 *   SCRATCH  bytes of the file system for everything that the submission may write
 *   SOURCE   what descriptor 6 is: "none", "folder" (copied to AT/submission) or "file:NAME" (to AT/submission/NAME)
 * Descriptor 3 is a socket to the grader: it receives the scratch folder's descriptor, then a line on what went wrong.
 * `argv[0]` is "--stage".
 */
_Noreturn void stage_run(int argc, char **argv);

#endif
