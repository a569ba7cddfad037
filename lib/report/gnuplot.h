/* Runs gnuplot, which is searched for at run time, without a shell, and captures its output and error messages. */
#ifndef ASSAY_REPORT_GNUPLOT_H
#define ASSAY_REPORT_GNUPLOT_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/*
 * Runs `gnuplot -d -e PRELUDE SCRIPT` in `folder` and returns its standard output: `*size` bytes at `*output`, which
 * the caller frees with assay_free. The program is the one in the environment variable ASSAY_GNUPLOT, else `gnuplot` on
 * the PATH; -d ignores the user's own gnuplot settings. ASSAY_ERROR_UNSUPPORTED if there is no such program (the
 * message names Debian's package) or it exits with status ASSAY_GNUPLOT_NO_TERMINAL; ASSAY_ERROR_FORMAT if it fails
 * (the message contains its error), writes nothing or far too much, or is not done after two minutes.
 */
assay_status assay_gnuplot_run(const char *folder, const char *prelude, const char *script, char **output, size_t *size,
                               assay_error *error);

/* The exit status of our scripts if gnuplot does not have the required terminal. */
enum { ASSAY_GNUPLOT_NO_TERMINAL = 3 };

ASSAY_END_DECLS
#endif
