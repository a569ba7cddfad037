/* A progress bar on standard error: shown on a terminal, silent in a pipe. */
#ifndef ASSAY_TOOLS_PROGRESS_H
#define ASSAY_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* Plain data; begin it with progress_begin. */
typedef struct {
    bool shown;
    const char *unit; /* what is counted, for the rate: "steps" */
    size_t total;
    double started; /* seconds, CLOCK_MONOTONIC */
    double drawn;
    bool on_screen;
} progress_bar;

void progress_begin(progress_bar *bar, size_t total, const char *unit);

/* Draws "label [#####.....] 37%  812 steps/s  ETA 0:31", at most ten times a second. */
void progress_show(progress_bar *bar, size_t done, const char *label);

/* Takes the bar off the screen, before a line is printed or at the end; it comes back with the next progress_show. */
void progress_clear(progress_bar *bar);

/* Seconds on a clock that never goes back. */
double progress_clock(void);

#endif
