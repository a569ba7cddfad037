/*
 * Check's assertions, faster. Check tells the process that waits for a test of each assertion that holds, in two system
 * calls: half of the time of some of our programs, whose loops assert millions of times. It uses that only to name the
 * last assertion before a crash. So each assertion tells it once.
 */
#ifndef ASSAY_TESTS_CHECKS_H
#define ASSAY_TESTS_CHECKS_H

#include <check.h>
#include <stdbool.h>

#define _mark_point(file, line)                   \
    __extension__({                               \
        static _Thread_local bool already_marked; \
        if (!already_marked) {                    \
            already_marked = true;                \
            (_mark_point)(file, line);            \
        }                                         \
    })

#endif
