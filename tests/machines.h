/* Every backend of this build in every precision that it has: tests loop over these. */
#ifndef ASSAY_TESTS_MACHINES_H
#define ASSAY_TESTS_MACHINES_H

#include <assay/backend/backend.h>

enum { MOST_MACHINES = 8 };

typedef struct {
    const char *backend;
    assay_precision precision;
} machine;

/*
 * Fills in the backends that open on this machine; ends the program if there are none. A backend that is in the build
 * and lacks its machine (cuda without a GPU) is left out; test_cuda reports it.
 */
size_t machines_find(machine machines[MOST_MACHINES]);

/* Opened; fails the test where that fails. The caller closes it with assay_backend_close. */
assay_backend *machine_open(machine on, int threads);

#endif
