/*
 * Tests of pool.h and core.h of lib/backend/openblas/. The functions of <pthread.h> below take the place of the C
 * library's: they count, fail where the test wants it, and see whether a lock is held. So does the one that names the
 * core.
 */
#define _GNU_SOURCE

#include <cblas.h>
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <assay/backend/openblas/core.h>
#include "backend/openblas/pool.h"
#include "backend/openblas/processor.h"
#include "support.h"

static atomic_int threads;          /* started and not joined */
static atomic_int locks;            /* made and not destroyed */
static atomic_int conditions;       /* the same */
static atomic_int creations;        /* of threads, so far */
static atomic_int failing_creation; /* which of them fails; 0: none */
static atomic_int wakes;
static atomic_int wakes_without_lock;
static _Thread_local int held; /* locks, by this thread */

/* ISO C has no conversion from dlsym's pointer to a function's. */
#define REAL(name)                               \
    __typeof__(&name) real;                      \
    do {                                         \
        void *address = dlsym(RTLD_NEXT, #name); \
        memcpy(&real, &address, sizeof real);    \
    } while (0)

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument)
{
    REAL(pthread_create);
    if (atomic_fetch_add(&creations, 1) + 1 == atomic_load(&failing_creation)) {
        return EAGAIN;
    }
    int failure = real(thread, attributes, function, argument);
    atomic_fetch_add(&threads, failure == 0);
    return failure;
}

int pthread_join(pthread_t thread, void **result)
{
    REAL(pthread_join);
    atomic_fetch_sub(&threads, 1);
    return real(thread, result);
}

int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes)
{
    REAL(pthread_mutex_init);
    atomic_fetch_add(&locks, 1);
    return real(mutex, attributes);
}

int pthread_mutex_destroy(pthread_mutex_t *mutex)
{
    REAL(pthread_mutex_destroy);
    atomic_fetch_sub(&locks, 1);
    return real(mutex);
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
    REAL(pthread_mutex_lock);
    held++;
    return real(mutex);
}

int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
    REAL(pthread_mutex_unlock);
    held--;
    return real(mutex);
}

int pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes)
{
    REAL(pthread_cond_init);
    atomic_fetch_add(&conditions, 1);
    return real(condition, attributes);
}

int pthread_cond_destroy(pthread_cond_t *condition)
{
    REAL(pthread_cond_destroy);
    atomic_fetch_sub(&conditions, 1);
    return real(condition);
}

int pthread_cond_broadcast(pthread_cond_t *condition)
{
    REAL(pthread_cond_broadcast);
    atomic_fetch_add(&wakes, 1);
    atomic_fetch_add(&wakes_without_lock, held == 0);
    return real(condition);
}

static char *pretended; /* the core that OpenBLAS is said to have chosen; NULL: the one that it has */

char *openblas_get_corename(void)
{
    REAL(openblas_get_corename);
    return pretended == NULL ? real() : pretended;
}

/* --- tests ----------------------------------------------------------------------------------------------------- */

enum { PARTS = 4 };

static void mark(const void *task, assay_pool_part part)
{
    int *const *marks = task;
    (*marks)[part.index] = part.count;
}

static void assert_all_marked(const int *marks, int count)
{
    for (int i = 0; i < PARTS; i++) {
        ck_assert_int_eq(marks[i], i < count ? count : 0);
    }
}

/* Each part runs once, and the threads of a pool end with it. */
START_TEST(pools_run_every_part_and_end)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    for (int count = 1; count <= PARTS; count++) {
        const int before[] = {atomic_load(&threads), atomic_load(&locks), atomic_load(&conditions)};
        assay_pool *pool = NULL;
        assay_error error = {.status = ASSAY_OK};
        support_assert_ok(assay_pool_create(count, &pool, &error), &error);
        ck_assert_int_eq(atomic_load(&threads) - before[0], count - 1);
        for (int repetition = 0; repetition < 100; repetition++) {
            int marks[PARTS] = {0};
            int *const task = marks;
            assay_pool_run(pool, ASSAY_CUT_FIXED, PARTS, mark, &task);
            assert_all_marked(marks, count);
        }
        assay_pool_destroy(pool);
        ck_assert_int_eq(atomic_load(&threads), before[0]);
        ck_assert_int_eq(atomic_load(&locks), before[1]);
        ck_assert_int_eq(atomic_load(&conditions), before[2]);
    }
    assay_pool_destroy(NULL);
}
END_TEST

enum { ELEMENTS = 1003 };

static void count(const void *task, assay_pool_part part)
{
    atomic_int *const *counts = task;
    const assay_range range = assay_range_of(ELEMENTS, 16, part);
    for (size_t i = range.begin; i < range.end; i++) {
        atomic_fetch_add(&(*counts)[i], part.thread < PARTS ? 1 : ELEMENTS);
    }
}

/* However an operation is cut, and whichever threads arrive late, each element is computed once. */
START_TEST(free_cuts_compute_each_element_once)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    static atomic_int counts[ELEMENTS];
    atomic_int *const task = counts;
    assay_pool *pool = NULL;
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_pool_create(PARTS, &pool, &error), &error);
    for (int repetition = 1; repetition <= 200; repetition++) {
        assay_pool_run(pool, ASSAY_CUT_FREE, ELEMENTS, count, &task);
        for (size_t i = 0; i < ELEMENTS; i++) {
            ck_assert_int_eq(atomic_load(&counts[i]), repetition);
        }
    }
    assay_pool_destroy(pool);
}
END_TEST

/*
 * A worker that is about to sleep has the lock from its last look at the generation until it waits: woken without the
 * lock, it could miss it.
 */
START_TEST(sleepers_are_woken_under_the_lock)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_pool *pool = NULL;
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_pool_create(2, &pool, &error), &error);
    for (int attempt = 0; attempt < 1000 && atomic_load(&wakes) == 0; attempt++) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        int marks[PARTS] = {0};
        int *const task = marks;
        assay_pool_run(pool, ASSAY_CUT_FIXED, PARTS, mark, &task);
        assert_all_marked(marks, 2);
    }
    assay_pool_destroy(pool);
    ck_assert_int_gt(atomic_load(&wakes), 0);
    ck_assert_int_eq(atomic_load(&wakes_without_lock), 0);
}
END_TEST

/* The third of four threads, the caller's counted, cannot be started: the second ends, and the message names it. */
START_TEST(thread_that_cannot_start)
{
    evidence(EVIDENCE_ERRORS, "backend/backend");
    const int before = atomic_load(&threads);
    atomic_store(&failing_creation, atomic_load(&creations) + 2);
    assay_pool *pool = NULL;
    assay_error error = {.status = ASSAY_OK};
    ck_assert_int_eq(assay_pool_create(PARTS, &pool, &error), ASSAY_ERROR_UNSUPPORTED);
    char want[64];
    snprintf(want, sizeof want, "thread 3 of 4 cannot be started (error %d)", EAGAIN);
    ck_assert_str_eq(error.message, want);
    ck_assert_ptr_null(pool);
    ck_assert_int_eq(atomic_load(&threads), before);
}
END_TEST

/* On the processor that this is: see core.h. */
START_TEST(cores_that_are_told_to_be_chosen)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    const assay_processor here = assay_processor_here();
    static char haswell[] = "Haswell";
    static char skylake[] = "SkylakeX";
    pretended = haswell;
    ck_assert_pstr_eq(assay_openblas_better_core(), here.avx512vl ? "SKYLAKEX" : NULL);
    ck_assert_ptr_null(assay_openblas_retracing_core());
    pretended = skylake;
    ck_assert_ptr_null(assay_openblas_better_core());
    ck_assert_pstr_eq(assay_openblas_retracing_core(), here.avx2 ? "HASWELL" : NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("openblas");
    TCase *tcase = tcase_create("openblas");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, pools_run_every_part_and_end);
    tcase_add_test(tcase, free_cuts_compute_each_element_once);
    tcase_add_test(tcase, sleepers_are_woken_under_the_lock);
    tcase_add_test(tcase, thread_that_cannot_start);
    tcase_add_test(tcase, cores_that_are_told_to_be_chosen);
    suite_add_tcase(suite, tcase);
    return support_run(suite);
}
