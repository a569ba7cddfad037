/*
 * Makes Check's assertions faster. A test runs in its own process, and Check reports every assertion that holds to the
 * parent process. Each report costs two system calls. In loops with millions of assertions, that is half of the running
 * time. Check needs the reports only to name the last assertion before a crash, so here each assertion reports once.
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
