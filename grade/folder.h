/*
 * Files in a folder that somebody else may write to: a submission's, an imported one, one with reports. A file is named
 * by the folder's descriptor and a plain name, never by a path: so a link that somebody plants there leads nowhere, and
 * opening never waits, whatever is there. doc/grading-files.md lists every use.
 */
#ifndef ASSAY_GRADE_FOLDER_H
#define ASSAY_GRADE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <assay/base/error.h>

/*
 * Whether open failed for the grader's own reason: no descriptor or memory is left, or a signal came. Every other errno
 * describes what is at the path, so it is the fault of whoever put it there.
 */
bool assay_grade_is_our_fault(int reason);

/*
 * Opens a folder by a path that the user gave. ASSAY_ERROR_IO where it is not there, or is no folder. The caller closes
 * the descriptor.
 */
assay_status assay_grade_folder_open(const char *path, int *folder, assay_error *error);

/*
 * Reads a regular file of at most `limit` bytes. `*bytes` is followed by a zero byte that `*size` does not count; the
 * caller frees it with assay_free. No link is followed. ASSAY_ERROR_FORMAT for what whoever wrote the folder did
 * wrong: no file, a link, a pipe, a folder, a file that is too long or not readable. ASSAY_ERROR_IO and
 * ASSAY_ERROR_MEMORY for what went wrong on our side. Messages begin with the name.
 */
assay_status assay_grade_folder_read(int folder, const char *name, size_t limit, char **bytes, size_t *size,
                                     assay_error *error);

/*
 * As assay_grade_folder_read, of a descriptor that the caller has opened with O_NONBLOCK. `name` is for messages.
 */
assay_status assay_grade_descriptor_read(int descriptor, const char *name, size_t limit, char **bytes, size_t *size,
                                         assay_error *error);

/*
 * Creates a file that all may read, and opens it for writing; never one that is there already, nor what a link leads
 * to. ASSAY_ERROR_FORMAT where something has that name or the folder was changed, ASSAY_ERROR_IO for our side. The
 * caller closes the stream with assay_grade_folder_finish.
 */
assay_status assay_grade_folder_create(int folder, const char *name, FILE **stream, assay_error *error);

/* Closes the stream of a created file; where something was not written, removes the file: ASSAY_ERROR_IO. */
assay_status assay_grade_folder_finish(int folder, const char *name, FILE *stream, assay_error *error);

/*
 * Writes a whole file, under a temporary name at first: what had that name is replaced by a file, or is unchanged
 * after a failure. A link is replaced, not followed.
 */
assay_status assay_grade_folder_put(int folder, const char *name, const char *bytes, size_t size, assay_error *error);

#endif
