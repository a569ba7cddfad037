/* Files that are either written whole or not at all, and files read whole. */
#ifndef ASSAY_BASE_FILE_H
#define ASSAY_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

typedef struct assay_file_writer assay_file_writer;

/*
 * Starts writing `path`: opens a temporary file beside it. What stood at `path` stays until assay_file_commit.
 * Where `path` is a symbolic link, the file that it leads to is replaced, not the link. A device or a pipe (/dev/null, a
 * FIFO) is written to as it is, never replaced. The caller ends the writer with assay_file_commit or assay_file_abort.
 */
assay_status assay_file_create(const char *path, assay_file_writer **writer, assay_error *error);

/* The stream to write to; it belongs to the writer. Write errors may be ignored: the commit reports them. */
FILE *assay_file_stream(assay_file_writer *writer);

/*
 * Flushes, syncs and renames the temporary file to its path, and frees the writer. On any failure (a full disk too) the
 * temporary file is removed, what stood at the path still stands, and the error says so.
 */
assay_status assay_file_commit(assay_file_writer *writer, assay_error *error);

/* Removes the temporary file and frees the writer; NULL is allowed. */
void assay_file_abort(assay_file_writer *writer);

/*
 * Removes the temporary files that processes which are no more (killed, say) began beside `path` and never committed.
 * Those of processes that run are left. Says nothing of what it cannot do: the files are only in the way.
 */
void assay_file_remove_leftovers(const char *path);

/*
 * Opens a regular file of at most `limit` bytes for reading, at once whatever stands at the path: a folder, a pipe, a
 * socket and a device are ASSAY_ERROR_IO, by name. The caller closes `*descriptor`, which is -1 after a failure.
 */
assay_status assay_file_open(const char *path, size_t limit, int *descriptor, size_t *size, assay_error *error);

/* Reads `size` bytes from `offset` on; `path` is what errors call the file. ASSAY_ERROR_IO where there are fewer. */
assay_status assay_file_read_at(int descriptor, const char *path, size_t offset, void *bytes, size_t size,
                                assay_error *error);

/*
 * Reads a whole file of at most `limit` bytes. `*bytes` is followed by a zero byte that `*size` does not count; the
 * caller frees it with assay_free. Fails on all that assay_file_open refuses, and on a short read.
 */
assay_status assay_file_read(const char *path, size_t limit, char **bytes, size_t *size, assay_error *error);

/*
 * Keeps a command from writing over what it reads: ASSAY_ERROR_ARGUMENT where `output` is the file `input`, or one of
 * the files in the folder `input`, be it under another name, by a symbolic or a hard link.
 */
assay_status assay_file_keep(const char *output, const char *input, assay_error *error);

/* Whether two paths name one file: the same text, or a regular file under two names. */
bool assay_file_is_same(const char *a, const char *b);

ASSAY_END_DECLS
#endif
