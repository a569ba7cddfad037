#include "output.h"

#include <stdio.h>
#include <unistd.h>

#include <assay/base/file.h>

/* The standard output, while stdout writes to standard error; -1: stdout writes to it. */
static int kept = -1;

void output_divert_text(const char *json_path)
{
    if (assay_file_is_standard_output(json_path) && kept < 0) {
        kept = dup(STDOUT_FILENO);
        if (kept >= 0) {
            dup2(STDERR_FILENO, STDOUT_FILENO);
        }
    }
}

void output_restore(void)
{
    if (kept >= 0) {
        fflush(stdout);
        dup2(kept, STDOUT_FILENO);
        close(kept);
        kept = -1;
    }
}

assay_status output_write_json(json_t *json, const char *path, size_t flags, assay_error *error)
{
    if (json == NULL) {
        return assay_fail(error, ASSAY_ERROR_MEMORY, "%s: not written: out of memory", path);
    }
    output_restore();
    assay_file_writer *writer;
    assay_status status = assay_file_create(path, &writer, error);
    if (status == ASSAY_OK) {
        json_dumpf(json, assay_file_stream(writer), flags);
        fputc('\n', assay_file_stream(writer));
        status = assay_file_commit(writer, error);
    }
    json_decref(json);
    return status;
}
