/* Shared by the subcommands of the program `assay`: their entry points, common options, and messages. */
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
tool_command assay_command_assign;
tool_command assay_command_claims;
tool_command assay_command_convert;
tool_command assay_command_descend;
tool_command assay_command_evaluate;
tool_command assay_command_grade;
tool_command assay_command_gradescope;
tool_command assay_command_reproduce;
tool_command assay_command_study;
tool_command assay_command_train;

/* Flushes stdout and returns the exit status: TOOL_FAILURE where output was lost, on a full disk for example. */
int tool_flushed(int status);

/* After tool_open_backend failed: a wrong name is a usage error, a backend that this machine lacks is a failure. */
int tool_no_backend(const char *command, const assay_error *error);

/* Both print "assay COMMAND: MESSAGE" on stderr: tool_fail returns TOOL_FAILURE, tool_usage TOOL_USAGE. */
int tool_fail(const char *command, const assay_error *error);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int tool_usage(const char *command, const char *format, ...);

/*
 * Reports an unknown option or a missing value after getopt_long returned '?' or ':'. Call getopt_long with opterr = 0
 * and an option string that starts with ":". Returns TOOL_USAGE.
 */
int tool_bad_option(const char *command, char **argv, int answer);

/* Parse an option's value; false if it is not a number in [low, high]. */
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
 * The path of another program of assay, which the caller frees with assay_free: beside this one, as in a build folder,
 * or where it is installed. ASSAY_ERROR_UNSUPPORTED if it is not there.
 */
assay_status tool_find_program(const char *name, char **path, assay_error *error);

/* --json FILE: output_write_json with `digits` significant digits of each real number. */
assay_status tool_write_json(json_t *json, const char *path, int digits, assay_error *error);

/* --backend NAME[:PRECISION], --threads N: opens a backend. `text` NULL means openblas:f32. */
assay_status tool_open_backend(const char *text, unsigned threads, assay_backend **backend, assay_error *error);

/* --data DIR, --normalize NAME (NULL: tutorial): the data set, with the mean and deviation that the network reads. */
assay_status tool_load_data(const char *folder, assay_part part, const char *normalize, assay_dataset *data,
                            assay_error *error);

#endif
