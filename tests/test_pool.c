/*
 * Tests of lib/backend/openblas/pool.h with threads that lose their processor where that matters most. On a machine
 * that is not busy this happens once in a million operations, so the atomic operations below wait where a test wants
 * it.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "support.h"

typedef enum { NOWHERE, BEFORE_STORES, AFTER_A_PART } place;

static _Atomic place waiting;       /* where threads lose their processor */
static _Thread_local bool computes; /* whether this thread is a worker that has computed a part */

static void lose_processor(place here, bool concerned, long milliseconds)
{
    /* Relaxed: it must not order what the library forgets to order. */
    if (atomic_load_explicit(&waiting, memory_order_relaxed) == here && concerned) {
        nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000}, NULL);
    }
}

static int after_subtraction(int value)
{
    lose_processor(AFTER_A_PART, computes, 200);
    return value;
}

#undef atomic_store
#define atomic_store(object, value) \
    (lose_processor(BEFORE_STORES, true, 10), atomic_store_explicit(object, value, memory_order_seq_cst))
#undef atomic_fetch_sub
#define atomic_fetch_sub(object, operand) \
    after_subtraction(atomic_fetch_sub_explicit(object, operand, memory_order_seq_cst))

/* This program's copy takes the place of the library's. */
#include "../lib/backend/openblas/pool.c"

static assay_pool *open_pool(int threads)
{
    assay_pool *pool = NULL;
    assay_error error = {.status = ASSAY_OK};
    support_assert_ok(assay_pool_create(threads, &pool, &error), &error);
    return pool;
}

enum { SHARES = 12, OPERATIONS = 20 };

static void add_share(const void *task, assay_pool_part part)
{
    atomic_int *const *sum = task;
    atomic_fetch_add(*sum, SHARES / part.count);
}

/*
 * The caller loses its processor when it has written the next operation's number of parts, and before it begins the
 * operation. A worker that comes late to the one before, which has fewer parts, takes none of them.
 */
START_TEST(late_workers_take_no_part_of_the_next_operation)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_pool *pool = open_pool(3);
    atomic_store_explicit(&waiting, BEFORE_STORES, memory_order_relaxed);
    for (int operation = 0; operation < OPERATIONS; operation++) {
        atomic_int sum = 0;
        atomic_int *const task = &sum;
        assay_pool_run(pool, operation % 2 == 0 ? ASSAY_CUT_FIXED : ASSAY_CUT_FREE, 1, add_share, &task);
        ck_assert_int_eq(atomic_load(&sum), SHARES);
    }
    atomic_store_explicit(&waiting, NOWHERE, memory_order_relaxed);
    assay_pool_destroy(pool);
}
END_TEST

/* The caller waits in its part for the worker to begin the other one, which ends later. */
static void compute(const void *task, assay_pool_part part)
{
    (void)task;
    static atomic_bool begun;
    computes = part.thread != 0;
    if (computes) {
        atomic_store_explicit(&begun, true, memory_order_relaxed);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    while (!atomic_load(&begun)) {
        nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
    }
}

/* A worker that has completed the last part looks for the next operation only when the pool is being destroyed. */
START_TEST(late_workers_end_with_their_pool)
{
    evidence(EVIDENCE_PROPERTY, "backend/backend");
    assay_pool *pool = open_pool(2);
    atomic_store_explicit(&waiting, AFTER_A_PART, memory_order_relaxed);
    assay_pool_run(pool, ASSAY_CUT_FIXED, 1, compute, NULL);
    assay_pool_destroy(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pool");
    TCase *tcase = tcase_create("pool");
    tcase_set_timeout(tcase, 20);
    tcase_add_test(tcase, late_workers_take_no_part_of_the_next_operation);
    tcase_add_test(tcase, late_workers_end_with_their_pool);
    suite_add_tcase(suite, tcase);
    return support_run(suite);
}
