/* What the subcommands of the program `assay` share: their table, their options, their way to say what is wrong. */
#ifndef ASSAY_TOOLS_TOOL_H
#define ASSAY_TOOLS_TOOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <assay/backend/backend.h>
#include <assay/base/error.h>

/* Exit statuses of every subcommand. */
enum { TOOL_SUCCESS = 0, TOOL_FAILURE = 1, TOOL_USAGE = 2 };

/* One file a subcommand; argv[0] is the subcommand's name. Returns the exit status. */
typedef int tool_command(int argc, char **argv);
tool_command assay_command_convert;
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

/* Prints "assay COMMAND: note: ..." on stderr: what the user should know, and no failure. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void tool_note(const char *command, const char *format, ...);

/*
 * Refuses outputs that are inputs (assay_file_keep), and two outputs that are one file. A NULL path is one that was not
 * given; "-" as an output is standard output; an input may be a folder, whose files are inputs then.
 * ASSAY_ERROR_ARGUMENT.
 */
assay_status tool_keep_inputs(const char *const *outputs, size_t output_count, const char *const *inputs,
                              size_t input_count, assay_error *error);

/* A copy of the text that is good UTF-8 and harmless on a terminal (base/text.h), as JSON. NULL when memory is out. */
json_t *tool_json_text(const char *text);

/*
 * --json FILE: writes the document, which it takes over, to a file, whole or not at all, or to standard output for "-",
 * there in ASCII. `digits` of each real number. NULL for `json` stands for an allocation that failed.
 */
assay_status tool_write_json(json_t *json, const char *path, int digits, assay_error *error);

/* --backend NAME[:PRECISION], --threads N: how every subcommand names its backend. `text` NULL: openblas:f32. */
assay_status tool_open_backend(const char *text, unsigned threads, assay_backend **backend, assay_error *error);

#endif
