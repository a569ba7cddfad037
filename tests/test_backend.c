/* Tests of lib/backend/: every operation of every backend, its errors, its extremes and its derivatives. */
#include "test_backend.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machines.h"
#include "support.h"

/*
 * reference comes first, in every build. TEST_BACKEND restricts the rest to one backend: the program that runs over the
 * emulation of CUDA does not have to repeat openblas.
 */
static bool wanted(const char *backend)
{
#ifdef TEST_BACKEND
    return strcmp(backend, "reference") == 0 || strcmp(backend, TEST_BACKEND) == 0;
#else
    (void)backend;
    return true;
#endif
}

const assay_backend_options *test_flavours(size_t *count)
{
    static assay_backend_options flavours[TEST_MOST_FLAVOURS];
    static size_t found;
    machine machines[MOST_MACHINES];
    size_t machine_count = found == 0 ? machines_find(machines) : 0;
    for (size_t i = 0; i < machine_count; i++) {
        int most_threads = strcmp(machines[i].backend, "openblas") == 0 ? 3 : 1;
        for (int threads = 1; wanted(machines[i].backend) && threads <= most_threads; threads++) {
            if (found == TEST_MOST_FLAVOURS) {
                abort(); /* no assertion of Check: there may be no test yet */
            }
            flavours[found++] = (assay_backend_options){machines[i].backend, machines[i].precision, threads};
        }
    }
    *count = found;
    return flavours;
}

assay_backend *test_open_flavour(int flavour)
{
    size_t count;
    const assay_backend_options *options = &test_flavours(&count)[flavour];
    return test_open(options->name, options->precision, options->threads);
}

assay_backend *test_open(const char *name, assay_precision precision, int threads)
{
    assay_error error = {.status = ASSAY_OK};
    assay_backend *backend;
    const assay_backend_options options = {name, precision, threads};
    support_assert_ok(assay_backend_open(&options, &backend, &error), &error);
    return backend;
}

void test_assert_clean(assay_backend *backend)
{
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_backend_check(backend, &error), &error);
}

/* SplitMix64 (Steele, Lea and Flood 2014). */
double test_uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

uint64_t test_seed(void)
{
    static uint64_t seed;
    if (seed == 0) {
        const char *given = getenv("ASSAY_TEST_SEED");
        seed = given != NULL ? strtoull(given, NULL, 10) : 20190613;
        printf("inputs from seed %" PRIu64 "; repeat with ASSAY_TEST_SEED=%" PRIu64 "\n", seed, seed);
    }
    return seed;
}

int main(void)
{
    test_seed();
    fflush(stdout);
    Suite *suite = suite_create("backend");
    test_backend_cases(suite);
    suite_add_tcase(suite, test_backend_errors());
    suite_add_tcase(suite, test_backend_extremes());
    suite_add_tcase(suite, test_backend_golden());
    suite_add_tcase(suite, test_backend_gradients());
    return support_run(suite);
}
