/* What the subcommands of the program `assay` share: their table, their options, their way to say what is wrong. */
#ifndef ASSAY_TOOLS_TOOL_H
#define ASSAY_TOOLS_TOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <assay/backend/backend.h>
#include <assay/base/error.h>
#include <assay/data/dataset.h>

/* Exit statuses of every subcommand. */
enum { TOOL_SUCCESS = 0, TOOL_FAILURE = 1, TOOL_USAGE = 2 };

/* One file a subcommand; argv[0] is the subcommand's name. Returns the exit status. */
typedef int tool_command(int argc, char **argv);
tool_command assay_command_descend;
tool_command assay_command_evaluate;
tool_command assay_command_grade;
tool_command assay_command_reproduce;
tool_command assay_command_train;

/* The status to exit with: output that did not reach its file (a full disk, say) is a failure, whatever `status` is. */
int tool_flushed(int status);

/* What a command returns when tool_open_backend has failed: a machine that lacks something is no mistake in its use. */
int tool_no_backend(const char *command, const assay_error *error);

/* Prints "assay COMMAND: ..." on stderr and returns TOOL_FAILURE, or TOOL_USAGE. */
int tool_fail(const char *command, const assay_error *error);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int tool_usage(const char *command, const char *format, ...);

/*
 * After getopt_long said '?' or ':' (call it with opterr = 0 and an option string that starts with ":"): says which
 * option is unknown or lacks its value. Returns TOOL_USAGE.
 */
int tool_bad_option(const char *command, char **argv, int answer);

/* Parse a whole option value; false where it is not a number in [low, high]. */
bool tool_parse_unsigned(const char *text, uint64_t low, uint64_t high, uint64_t *value);
bool tool_parse_real(const char *text, double low, double high, double *value);

/*
 * --json FILE: writes the document, which it takes over, to a file, whole or not at all, or to standard output for "-".
 * `digits` of each real number. NULL for `json` stands for an allocation that failed.
 */
assay_status tool_write_json(json_t *json, const char *path, int digits, assay_error *error);

/* --backend NAME[:PRECISION], --threads N: how every subcommand names its backend. `text` NULL: openblas:f32. */
assay_status tool_open_backend(const char *text, unsigned threads, assay_backend **backend, assay_error *error);

/* --data DIR, --normalize NAME (NULL: tutorial): the data set, with the mean and deviation that the network reads. */
assay_status tool_load_data(const char *folder, assay_part part, const char *normalize, assay_dataset *data,
                            assay_error *error);

#endif
