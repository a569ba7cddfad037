/* A progress bar on standard error, if that is a terminal. */
#ifndef ASSAY_TOOLS_PROGRESS_H
#define ASSAY_TOOLS_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/* Initialized by progress_begin; needs no cleanup. */
typedef struct {
    bool shown;
    const char *unit; /* of `total`, for the rate: "steps"; NULL: show no rate */
    size_t total;
    double started; /* seconds, CLOCK_MONOTONIC */
    double drawn;   /* seconds, when the bar was drawn last */
    bool on_screen;
} progress_bar;

void progress_begin(progress_bar *bar, size_t total, const char *unit);

/* Draws "label [#####.....] 37%  812 steps/s  ETA 0:31", at most ten times a second. */
void progress_show(progress_bar *bar, size_t done, const char *label);

/* Removes the bar, before a line is printed or at the end; the next progress_show draws it again. */
void progress_clear(progress_bar *bar);

/* Seconds, CLOCK_MONOTONIC. */
double progress_clock(void);

#endif
