/* What --json FILE does in the program and in the benchmarks, where "-" is standard output. */
#ifndef ASSAY_TOOLS_OUTPUT_H
#define ASSAY_TOOLS_OUTPUT_H

#include <jansson.h>
#include <stddef.h>

#include <assay/base/error.h>

/*
 * Call it before anything is printed. With "-", text that is printed to stdout from now on goes to standard error, so
 * that standard output has nothing but JSON. With any other path, and with NULL, it does nothing.
 */
void output_divert_text(const char *json_path);

/* Gives standard output back to stdout, if output_divert_text has taken it. */
void output_restore(void);

/*
 * Writes a document, which it takes over, completely or not at all. `flags` are those of json_dumpf. A `json` of NULL
 * means that an allocation failed. ASSAY_ERROR_MEMORY, ASSAY_ERROR_IO.
 */
assay_status output_write_json(json_t *json, const char *path, size_t flags, assay_error *error);

#endif
