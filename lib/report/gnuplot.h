/* gnuplot, the program that draws: found at run time, run without a shell, its output and its complaints captured. */
#ifndef ASSAY_REPORT_GNUPLOT_H
#define ASSAY_REPORT_GNUPLOT_H

#include <stddef.h>

#include <assay/base/declarations.h>
#include <assay/base/error.h>

ASSAY_BEGIN_DECLS

/*
 * Runs `gnuplot -d -e PRELUDE SCRIPT` in `folder` and returns what it wrote to its standard output: `*size` bytes at
 * `*output`, which the caller frees with assay_free. The program is the one that the environment variable ASSAY_GNUPLOT
 * names, else the `gnuplot` on the PATH; -d leaves the user's own gnuplot settings out.
 * ASSAY_ERROR_UNSUPPORTED when there is no such program (the message names Debian's package) or when it exits with
 * status ASSAY_GNUPLOT_NO_TERMINAL; ASSAY_ERROR_FORMAT when it fails (the message carries what it said), writes nothing
 * or far too much, or is not done after two minutes.
 */
assay_status assay_gnuplot_run(const char *folder, const char *prelude, const char *script, char **output, size_t *size,
                               assay_error *error);

/* The exit status by which our scripts say that this gnuplot lacks the terminal that was asked for. */
enum { ASSAY_GNUPLOT_NO_TERMINAL = 3 };

ASSAY_END_DECLS
#endif
