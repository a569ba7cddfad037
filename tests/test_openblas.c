/*
 * Tests of pool.h, core.h and openblas.h of lib/backend/openblas/. The functions of <pthread.h> below take the place of
 * the C library's: they count, fail where the test wants it, and see whether a lock is held. So do those that read the
 * clock, count the processors, say how OpenBLAS was built, and multiply.
 */
#define _GNU_SOURCE

#include <cblas.h>
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <assay/backend/openblas/core.h>
#include "backend/openblas/openblas.h"
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
static atomic_bool stalling;   /* a worker that has woken the caller does not go on before the caller joins it */
static atomic_bool joining;
static _Thread_local bool has_signalled;

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
    atomic_store(&joining, true);
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
    const int failure = real(mutex);
    while (has_signalled && atomic_load(&stalling) && !atomic_load(&joining)) {
        sched_yield();
    }
    return failure;
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

static atomic_int signals;
static atomic_int signals_without_lock;

int pthread_cond_signal(pthread_cond_t *condition)
{
    REAL(pthread_cond_signal);
    atomic_fetch_add(&signals, 1);
    atomic_fetch_add(&signals_without_lock, held == 0);
    has_signalled = true;
    return real(condition);
}

static char *pretended; /* the core that OpenBLAS is said to have chosen; NULL: the one that it has */

char *openblas_get_corename(void)
{
    REAL(openblas_get_corename);
    return pretended == NULL ? real() : pretended;
}

static bool with_avx512; /* whether the processor is said to have it in any case */

assay_processor assay_processor_here(void)
{
    REAL(assay_processor_here);
    assay_processor processor = real();
    processor.avx512vl = processor.avx512vl || with_avx512;
    return processor;
}

static atomic_int pretended_parallel = -1; /* how OpenBLAS is said to be built; -1: as it is */

int openblas_get_parallel(void)
{
    REAL(openblas_get_parallel);
    return atomic_load(&pretended_parallel) < 0 ? real() : atomic_load(&pretended_parallel);
}

static atomic_int products;
static atomic_int products_under_lock;

void cblas_dgemm(OPENBLAS_CONST enum CBLAS_ORDER order, OPENBLAS_CONST enum CBLAS_TRANSPOSE trans_a,
                 OPENBLAS_CONST enum CBLAS_TRANSPOSE trans_b, OPENBLAS_CONST blasint m, OPENBLAS_CONST blasint n,
                 OPENBLAS_CONST blasint k, OPENBLAS_CONST double alpha, OPENBLAS_CONST double *a,
                 OPENBLAS_CONST blasint a_stride, OPENBLAS_CONST double *b, OPENBLAS_CONST blasint b_stride,
                 OPENBLAS_CONST double beta, double *c, OPENBLAS_CONST blasint c_stride)
{
    REAL(cblas_dgemm);
    atomic_fetch_add(&products, 1);
    atomic_fetch_add(&products_under_lock, held == 1);
    real(order, trans_a, trans_b, m, n, k, alpha, a, a_stride, b, b_stride, beta, c, c_stride);
}

static atomic_long pretended_processors; /* 0: as many as there are */

long sysconf(int name)
{
    REAL(sysconf);
    const long count = atomic_load(&pretended_processors);
    return name == _SC_NPROCESSORS_ONLN && count != 0 ? count : real(name);
}

/* A clock that a test sets. It moves by a microsecond with each look, so that loops that wait for it end. */
static atomic_bool clock_is_set;
static atomic_llong set_clock; /* nanoseconds */

int clock_gettime(clockid_t clock, struct timespec *time)
{
    REAL(clock_gettime);
    if (!atomic_load(&clock_is_set) || clock != CLOCK_MONOTONIC) {
        return real(clock, time);
    }
    const long long passed = atomic_fetch_add(&set_clock, 1000);
    *time = (struct timespec){.tv_sec = (time_t)(passed / 1000000000), .tv_nsec = (long)(passed % 1000000000)};
    return 0;
}

static _Thread_local bool is_caller; /* of a pool whose way is observed */
static atomic_bool caller_waits;

int pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *mutex)
{
    REAL(pthread_cond_wait);
    if (is_caller) {
        atomic_store(&caller_waits, true);
    }
    return real(condition, mutex);
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

/* --- with all threads or alone ----------------------------------------------------------------------------------- */

/* What an operation costs by the clock, in nanoseconds, and how its last run was computed. */
typedef struct {
    long long alone;
    long long together;
    long long late;             /* the worker's part, which the caller has to wait for */
    atomic_int worker_has_part; /* not a bool: gcc 12 for riscv64 exchanges one byte in libatomic only */
    bool was_alone;
} operation;

static void pass(long long time)
{
    atomic_fetch_add(&set_clock, time);
}

/*
 * With all threads the caller's first part waits until the worker has one, too, and the worker's first part until the
 * caller sleeps.
 */
static void cost(const void *task, assay_pool_part part)
{
    operation *const o = *(operation *const *)task;
    if (part.count == 1) {
        o->was_alone = true;
        pass(o->alone);
    } else if (part.thread == 0) {
        while (o->late > 0 && !atomic_load(&o->worker_has_part)) {
            sched_yield();
        }
        pass(o->together / part.count);
    } else if (o->late > 0 && !atomic_exchange(&o->worker_has_part, 1)) {
        while (!atomic_load(&caller_waits)) {
            sched_yield();
        }
        pass(o->late);
    }
}

/* Runs it `count` times, and says in how many the caller computed alone. */
static int run_operation(assay_pool *pool, operation *o, int count)
{
    int alone = 0;
    for (int i = 0; i < count; i++) {
        o->was_alone = false;
        atomic_store(&o->worker_has_part, 0);
        atomic_store(&caller_waits, false);
        assay_pool_run(pool, ASSAY_CUT_FREE, 1000, cost, &o);
        alone += o->was_alone;
    }
    return alone;
}

enum { MILLISECOND = 1000000 };

/*
 * As pool.h says: all threads compute as long as there are few long waits. Then the faster way is used, and the other
 * one is tried now and then.
 */
START_TEST(the_faster_way_is_used)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_pool *pool = NULL;
    assay_error error = {.status = ASSAY_OK};
    is_caller = true;
    atomic_store(&pretended_processors, 2); /* so that threads wait for the clock before they sleep */
    atomic_store(&clock_is_set, true);
    support_assert_ok(assay_pool_create(2, &pool, &error), &error);
    /* A worker that loses its processor has one part of an eighth of a millisecond: the wait for it is not long. */
    operation quick = {.alone = MILLISECOND / 10, .together = MILLISECOND / 2};
    ck_assert_int_eq(run_operation(pool, &quick, 200), 0);
    operation late = {.alone = MILLISECOND, .together = MILLISECOND, .late = 5 * MILLISECOND};
    ck_assert_int_ge(run_operation(pool, &late, 50), 40); /* one window of 20 milliseconds has gone by */
    const int tried = 1500 - run_operation(pool, &late, 1500);
    ck_assert_msg(tried >= 4 && tried <= 40, "%d times with the slow worker", tried);
    /* Alone it is still slower: all threads compute again after the next trial, which is as rare. */
    operation heavy = {.alone = 20 * MILLISECOND, .together = MILLISECOND, .late = MILLISECOND};
    run_operation(pool, &heavy, 60);
    const int alone = run_operation(pool, &heavy, 1500);
    ck_assert_msg(alone >= 4 && alone <= 40, "%d times alone", alone);
    /* When the worker is no longer late, there is nothing left to try. */
    run_operation(pool, &quick, 500);
    ck_assert_int_eq(run_operation(pool, &quick, 500), 0);
    atomic_store(&clock_is_set, false);
    assay_pool_destroy(pool);
    atomic_store(&pretended_processors, 0);
    ck_assert_int_gt(atomic_load(&signals), 0); /* to the caller that sleeps, under the lock as above */
    ck_assert_int_eq(atomic_load(&signals_without_lock), 0);
}
END_TEST

/* The pool is destroyed before a worker looks for its next part. The worker ends. */
START_TEST(workers_that_are_late_end)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_pool *pool = NULL;
    assay_error error = {.status = ASSAY_OK};
    is_caller = true;
    support_assert_ok(assay_pool_create(2, &pool, &error), &error);
    operation late = {.late = 1};
    const int before = atomic_load(&signals);
    atomic_store(&joining, false); /* OpenBLAS has signalled and joined threads of its own */
    has_signalled = false;
    atomic_store(&stalling, true);
    run_operation(pool, &late, 1);
    ck_assert_int_gt(atomic_load(&signals), before);
    assay_pool_destroy(pool);
    atomic_store(&stalling, false);
    ck_assert_int_eq(atomic_load(&threads), 0);
}
END_TEST

/* --- operations -------------------------------------------------------------------------------------------------- */

static assay_backend *open_backend(assay_precision precision, int count)
{
    assay_backend *backend = NULL;
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_backend_open(&(assay_backend_options){"openblas", precision, count}, &backend, &error),
                      &error);
    return backend;
}

static void see_part(const void *task, assay_pool_part part)
{
    atomic_int *const *seen = task;
    atomic_fetch_add(*seen, part.count == 1 && part.thread != 0 ? 1000 : part.count);
}

/* Little work is the caller's alone; much is cut, into one part for each thread if the cut is fixed. */
START_TEST(little_work_is_not_cut)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_backend *backend = open_backend(ASSAY_F64, 3);
    atomic_int parts = 0;
    atomic_int *const task = &parts;
    assay_openblas_run(backend, ASSAY_CUT_FIXED, 100, see_part, &task);
    ck_assert_int_eq(atomic_exchange(&parts, 0), 1);
    assay_openblas_run(backend, ASSAY_CUT_FIXED, 10000000, see_part, &task);
    ck_assert_int_eq(atomic_load(&parts), 3 * 3);
    assay_backend_close(backend);
}
END_TEST

/* Products of ones, on three threads, where one side of C is too short for all of them. */
START_TEST(threads_without_a_share)
{
    evidence(EVIDENCE_PROPERTY, "operation/gemm");
    static const size_t sizes[][3] = {{8, 4, 1000}, {2, 20, 1000}, {1, 1, 30000}};
    enum { MOST_FACTOR = 30000, MOST_PRODUCT = 40 };
    assay_backend *backend = open_backend(ASSAY_F64, 3);
    const assay_slice ones = assay_whole(assay_buffer_create(backend, ASSAY_REAL, MOST_FACTOR));
    const assay_slice c = assay_whole(assay_buffer_create(backend, ASSAY_REAL, MOST_PRODUCT));
    assay_fill(backend, ones, 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const assay_gemm_shape shape = {.m = sizes[i][0], .n = sizes[i][1], .k = sizes[i][2], .alpha = 1};
        double result[MOST_PRODUCT];
        assay_error error;
        assay_fill(backend, c, NAN);
        assay_gemm(backend, shape, assay_part_of(ones, 0, shape.m * shape.k), assay_part_of(ones, 0, shape.k * shape.n),
                   assay_part_of(c, 0, shape.m * shape.n));
        assay_download_f64(backend, c, result);
        support_assert_ok(assay_backend_check(backend, &error), &error);
        for (size_t j = 0; j < MOST_PRODUCT; j++) {
            ck_assert(j < shape.m * shape.n ? result[j] == (double)shape.k : isnan(result[j]) != 0);
        }
    }
    assay_buffer_destroy(backend, ones.buffer);
    assay_buffer_destroy(backend, c.buffer);
    assay_backend_close(backend);
}
END_TEST

/* A build of OpenBLAS without locks of its own is entered by one thread at a time; others need no lock of ours. */
START_TEST(builds_without_locks_get_one)
{
    evidence(EVIDENCE_PROPERTY, "operation/gemm");
    static const int builds[] = {OPENBLAS_SEQUENTIAL, OPENBLAS_THREAD, OPENBLAS_OPENMP};
    const bool locked = builds[_i] == OPENBLAS_SEQUENTIAL;
    assay_backend *backend = open_backend(ASSAY_F64, 2);
    const assay_slice a = assay_whole(assay_buffer_create(backend, ASSAY_REAL, 64 * 64));
    const assay_slice c = assay_whole(assay_buffer_create(backend, ASSAY_REAL, 64 * 64));
    atomic_store(&pretended_parallel, builds[_i]);
    for (int repetition = 0; repetition < 3; repetition++) {
        assay_gemm(backend, (assay_gemm_shape){.m = 64, .n = 64, .k = 64, .alpha = 1}, a, a, c);
        ck_assert_int_eq(held, 0);
    }
    atomic_store(&pretended_parallel, -1);
    ck_assert_int_eq(atomic_load(&products), 3 * 2);
    ck_assert_int_eq(atomic_load(&products_under_lock), locked ? 3 * 2 : 0);
    assay_buffer_destroy(backend, a.buffer);
    assay_buffer_destroy(backend, c.buffer);
    assay_backend_close(backend);
}
END_TEST

/* 0 threads are as many as there are processors: at least one, and no more than the pool's most. */
START_TEST(a_thread_for_each_processor)
{
    evidence(EVIDENCE_ERRORS, "backend/backend");
    assay_backend *backend;
    assay_error error;
    atomic_store(&pretended_processors, 3);
    backend = open_backend(ASSAY_F64, 0);
    ck_assert_int_eq(assay_backend_threads(backend), 3);
    assay_backend_close(backend);
    atomic_store(&pretended_processors, -1); /* sysconf does not know */
    backend = open_backend(ASSAY_F64, 0);
    ck_assert_int_eq(assay_backend_threads(backend), 1);
    assay_backend_close(backend);
    atomic_store(&pretended_processors, 5000);
    atomic_store(&failing_creation, atomic_load(&creations) + 1);
    const assay_backend_options all = {"openblas", ASSAY_F32, 0};
    support_assert_error(assay_backend_open(&all, &backend, &error), ASSAY_ERROR_UNSUPPORTED, &error,
                         "thread 2 of 1024 cannot be started");
    atomic_store(&pretended_processors, 0);
}
END_TEST

START_TEST(kernels_are_named)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    char text[128];
    char want[128];
    const assay_panel_kernels *best = assay_panel_supported()[0];
    assay_openblas_kernels(text, sizeof text);
    snprintf(want, sizeof want, " %s, panels %s", openblas_get_corename(), best != NULL ? best->name : "none");
    ck_assert_ptr_eq(strstr(text, "OpenBLAS "), text);
    ck_assert_msg(strstr(text, want) != NULL && strcmp(strstr(text, want), want) == 0, "%s", text);
    char version[32];
    ck_assert_int_eq(sscanf(text, "OpenBLAS %31s", version), 1);
    ck_assert_msg(strstr(openblas_get_config(), version) != NULL, "%s", text);
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

/* On the processor that this is, and on one with AVX-512: see core.h. */
START_TEST(cores_that_are_told_to_be_chosen)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    const assay_processor here = assay_processor_here();
    static char haswell[] = "Haswell";
    static char skylake[] = "SkylakeX";
    pretended = haswell;
    ck_assert_pstr_eq(assay_openblas_better_core(), here.avx512vl ? "SKYLAKEX" : NULL);
    with_avx512 = true;
    ck_assert_pstr_eq(assay_openblas_better_core(), "SKYLAKEX");
    with_avx512 = false;
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
    tcase_add_test(tcase, the_faster_way_is_used);
    tcase_add_test(tcase, workers_that_are_late_end);
    tcase_add_test(tcase, little_work_is_not_cut);
    tcase_add_test(tcase, threads_without_a_share);
    tcase_add_loop_test(tcase, builds_without_locks_get_one, 0, 3);
    tcase_add_test(tcase, a_thread_for_each_processor);
    tcase_add_test(tcase, kernels_are_named);
    tcase_add_test(tcase, thread_that_cannot_start);
    tcase_add_test(tcase, cores_that_are_told_to_be_chosen);
    suite_add_tcase(suite, tcase);
    return support_run(suite);
}
