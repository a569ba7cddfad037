#include "machines.h"

#include "support.h"

size_t machines_find(machine machines[MOST_MACHINES])
{
    size_t count = 0;
    for (const char *const *name = assay_backend_names(); *name != NULL; name++) {
        for (int precision = ASSAY_F32; precision <= ASSAY_F64; precision++) {
            assay_backend *backend = NULL;
            assay_error error;
            assay_backend_options options = {*name, (assay_precision)precision, 1};
            if (assay_backend_open(&options, &backend, &error) == ASSAY_OK) {
                assay_backend_close(backend);
                ck_assert_uint_lt(count, MOST_MACHINES);
                machines[count++] = (machine){*name, (assay_precision)precision};
            }
        }
    }
    ck_assert_uint_ge(count, 1);
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
