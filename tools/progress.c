#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };

double progress_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void progress_begin(progress_bar *bar, size_t total, const char *unit)
{
    *bar = (progress_bar){
        .shown = isatty(STDERR_FILENO) != 0, .unit = unit, .total = total, .started = progress_clock()};
}

void progress_show(progress_bar *bar, size_t done, const char *label)
{
    double now = bar->shown ? progress_clock() : 0.0;
    if (!bar->shown || done == 0 || now - bar->drawn < 0.1) {
        return;
    }
    bar->drawn = now;
    bar->on_screen = true;
    double rate = (double)done / (now - bar->started);
    size_t left = (size_t)((double)(bar->total - done) / rate + 0.5);
    char cells[BAR_WIDTH + 1];
    for (size_t i = 0; i < BAR_WIDTH; i++) {
        cells[i] = i * bar->total < done * BAR_WIDTH ? '#' : '.';
    }
    cells[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3zu%%", label, cells, 100 * done / bar->total);
    if (bar->unit != NULL) {
        fprintf(stderr, "  %.0f %s/s", rate, bar->unit);
    }
    fprintf(stderr, "  ETA %zu:%02zu \033[K", left / 60, left % 60);
    fflush(stderr);
}

void progress_clear(progress_bar *bar)
{
    if (bar->on_screen) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        bar->on_screen = false;
    }
}
