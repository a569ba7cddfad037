#include "machines.h"

#include <stdio.h>
#include <stdlib.h>

#include "support.h"

/* Check's own assertions work inside a test alone, and machines are looked for before there is one. */
static void need(bool fulfilled, const char *otherwise)
{
    if (!fulfilled) {
        fprintf(stderr, "machines_find: %s\n", otherwise);
        abort();
    }
}

size_t machines_find(machine machines[MOST_MACHINES])
{
    size_t count = 0;
    for (size_t i = 0; assay_backend_name_at(i) != NULL; i++) {
        const char *name = assay_backend_name_at(i);
        for (int precision = ASSAY_F32; precision <= ASSAY_F64; precision++) {
            assay_backend *backend = NULL;
            assay_error error;
            assay_backend_options options = {name, (assay_precision)precision, 1};
            if (assay_backend_open(&options, &backend, &error) == ASSAY_OK) {
                assay_backend_close(backend);
                need(count < MOST_MACHINES, "more backends than machines.h has room for");
                machines[count++] = (machine){name, (assay_precision)precision};
            }
        }
    }
    need(count >= 1, "no backend can be opened");
    return count;
}

assay_backend *machine_open(machine on, int threads)
{
    assay_backend *backend = NULL;
    assay_error error = {.status = ASSAY_OK};
    assay_backend_options options = {on.backend, on.precision, threads};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}
