/* What glibc has and another C library, musl, may not have. */
#ifndef ASSAY_GRADE_PORTABLE_H
#define ASSAY_GRADE_PORTABLE_H

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Closes all descriptors from `first` on; the kernel has this call since Linux 5.9. */
static inline int portable_close_from(unsigned first)
{
#if HAVE_CLOSE_RANGE
    return close_range(first, ~0U, 0);
#else
    return (int)syscall(SYS_close_range, first, ~0U, 0U);
#endif
}

/* The text of an error, for a child between fork and exec; musl's strerror takes no lock and no memory. */
static inline const char *portable_error_text(int number)
{
#if HAVE_STRERRORDESC_NP
    return strerrordesc_np(number);
#else
    return strerror(number);
#endif
}

/* scandir of an open folder, sorted by name; `choose` may be NULL. */
static inline int portable_scan(int folder, int (*choose)(const struct dirent *), struct dirent ***entries)
{
#if HAVE_SCANDIRAT
    return scandirat(folder, ".", entries, choose, alphasort);
#else
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", folder);
    return scandir(path, entries, choose, alphasort);
#endif
}

/* The text of a signal; NULL if there is none. */
static inline const char *portable_signal_text(int number)
{
#if HAVE_SIGDESCR_NP
    return sigdescr_np(number);
#else
    return strsignal(number);
#endif
}

#endif
