/* A folder that appears with all of its files, or not at all. */
#ifndef ASSAY_TOOLS_NEW_FOLDER_H
#define ASSAY_TOOLS_NEW_FOLDER_H

#include <stddef.h>

#include <assay/base/error.h>

typedef struct new_folder new_folder;

/*
 * Starts a folder beside `path`, under a temporary name. Nothing may be at `path` but an empty folder. ASSAY_ERROR_IO
 * where the folder above cannot be written to. The caller ends it with _commit or _abort.
 */
assay_status new_folder_begin(const char *path, new_folder **folder, assay_error *error);

/* Writes a file; `name` is plain and stays valid until the end. */
assay_status new_folder_put(new_folder *folder, const char *name, const char *bytes, size_t size, assay_error *error);

/* Renames the folder to its path and frees `folder`. After a failure nothing is left: ASSAY_ERROR_IO. */
assay_status new_folder_commit(new_folder *folder, assay_error *error);

/* Removes the temporary folder; NULL is allowed. */
void new_folder_abort(new_folder *folder);

#endif
