/* Files: written completely or not at all, and read completely. */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef struct assay_file_writer assay_file_writer;

/* Whether `path` is "-", which means standard output wherever a program of the project writes a file. NULL: false. */
bool assay_file_is_standard_output(const char *path);

/*
 * Starts to write `path`: opens a temporary file in the same folder. An old file at `path` stays until
 * assay_file_commit. A symbolic link stays, and the file that it leads to is replaced. A device or a pipe (/dev/null, a
 * FIFO) is written directly, and so is standard output, which "-" means. The caller ends the writer with
 * assay_file_commit or assay_file_abort. ASSAY_ERROR_IO when the file cannot be opened, ASSAY_ERROR_MEMORY; then
 * `*writer` is NULL.
 */
assay_status assay_file_create(const char *path, assay_file_writer **writer, assay_error *error);

/* The stream to write to; it belongs to the writer. Callers may ignore write errors: the commit reports them. */
FILE *assay_file_stream(assay_file_writer *writer);

/*
 * Flushes and syncs the temporary file, renames it to its path, and frees the writer. Standard output is flushed and
 * stays open. ASSAY_ERROR_IO on any failure, a full disk too: then the temporary file is removed, the old file is
 * unchanged, and the message says so.
 */
assay_status assay_file_commit(assay_file_writer *writer, assay_error *error);

/* The same without the sync, which takes milliseconds: after a power failure the file may be empty or cut off. */
assay_status assay_file_commit_unsynced(assay_file_writer *writer, assay_error *error);

/* Removes the temporary file and frees the writer; NULL is allowed. */
void assay_file_abort(assay_file_writer *writer);

/*
 * Removes the temporary files beside `path` that ended processes left there, for example killed ones. Files of running
 * processes stay. A file that cannot be removed is no error.
 */
void assay_file_remove_leftovers(const char *path);
/* The same for all files of a folder that several machines may share: only those that are more than an hour old. */
void assay_file_remove_all_leftovers(const char *folder);

/*
 * Opens a regular file of at most `limit` bytes for reading, without waiting: a folder, a pipe or a device is
 * ASSAY_ERROR_IO and the message names its kind. The caller closes `*descriptor`, which is -1 after a failure.
 */
assay_status assay_file_open(const char *path, size_t limit, int *descriptor, size_t *size, assay_error *error);

/* Reads `size` bytes from `offset` on; `path` is for messages. ASSAY_ERROR_IO if there are fewer. */
assay_status assay_file_read_at(int descriptor, const char *path, size_t offset, void *bytes, size_t size,
                                assay_error *error);

/*
 * Reads a regular file of at most `limit` bytes. `*bytes` is followed by a zero byte that `*size` does not count; the
 * caller frees it with assay_free. ASSAY_ERROR_IO if the file is missing, is no regular file, or ends early;
 * ASSAY_ERROR_FORMAT if it is larger than the limit; ASSAY_ERROR_MEMORY.
 */
assay_status assay_file_read(const char *path, size_t limit, char **bytes, size_t *size, assay_error *error);

/*
 * Keeps a command from writing over what it reads: ASSAY_ERROR_ARGUMENT where `output` is the file `input`, or one of
 * the files in the folder `input`, also under another name, through a symbolic or a hard link.
 */
assay_status assay_file_keep(const char *output, const char *input, assay_error *error);

/*
 * "FOLDER/below", where FOLDER is the folder of the running program's own file, for what is installed beside it. The
 * caller frees it with assay_free. NULL if the system does not name the file, and, with ASSAY_ERROR_MEMORY in `error`,
 * when there is no memory.
 */
char *assay_file_beside_program(const char *below, assay_error *error);

/* Whether two paths name one file: the same text, a regular file under two names, or a file that will be made. */
bool assay_file_is_same(const char *a, const char *b);

ASSAY_END_DECLS
#endif
