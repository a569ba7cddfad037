/*
 * Workers wait for a new generation number. They spin for some microseconds, because within a training step the next
 * operation follows soon, and then sleep on a condition variable, because the next step may be far away.
 */
#include "backend/openblas/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include <assay/base/alloc.h>

enum {
    WORKER_SPINS = 4000, /* pauses before a worker sleeps: some 50 us */
    JOIN_SPINS = 20000   /* pauses before the caller yields its processor: by then the workers need it */
};

typedef struct {
    assay_pool *pool;
    pthread_t thread;
    int part;
} worker;

struct assay_pool {
    _Alignas(ASSAY_ALIGNMENT) atomic_uint generation; /* grows by one with each operation */
    _Alignas(ASSAY_ALIGNMENT) atomic_int pending;     /* workers that still run their part */
    _Alignas(ASSAY_ALIGNMENT) atomic_int sleepers;
    assay_pool_function function; /* NULL: the workers end */
    const void *task;
    int threads;
    int worker_spins;
    int join_spins;
    int started; /* workers that exist */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    worker *workers;
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static void sleep_until_changed(assay_pool *pool, unsigned seen)
{
    pthread_mutex_lock(&pool->lock);
    /* Sequentially consistent, as the caller's store and load: either it sees the sleeper or this sees the
     * generation. */
    atomic_fetch_add(&pool->sleepers, 1);
    while (atomic_load(&pool->generation) == seen) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_change(assay_pool *pool, unsigned seen)
{
    for (int i = 0; i < pool->worker_spins; i++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) {
            return;
        }
        pause_briefly();
    }
    sleep_until_changed(pool, seen);
}

static void *worker_main(void *argument)
{
    const worker *self = argument;
    assay_pool *pool = self->pool;
    for (unsigned seen = 0;; seen++) {
        wait_for_change(pool, seen);
        if (pool->function == NULL) {
            return NULL;
        }
        pool->function(pool->task, self->part, pool->threads);
        atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_release);
    }
}

static void start(assay_pool *pool, assay_pool_function function, const void *task)
{
    pool->function = function;
    pool->task = task;
    atomic_store_explicit(&pool->pending, pool->threads - 1, memory_order_relaxed);
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->sleepers) != 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

static void join(assay_pool *pool)
{
    for (int spins = 0; atomic_load_explicit(&pool->pending, memory_order_acquire) != 0; spins++) {
        if (spins < pool->join_spins) {
            pause_briefly();
        } else {
            sched_yield();
        }
    }
}

assay_status assay_pool_create(int threads, assay_pool **pool, assay_error *error)
{
    *pool = NULL;
    assay_pool *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->workers = assay_calloc((size_t)threads, sizeof *made->workers, error);
    if (made->workers == NULL) {
        assay_free(made);
        return ASSAY_ERROR_MEMORY;
    }
    made->threads = threads;
    /* With fewer processors than threads, a spinning thread keeps another one from running. */
    bool room = sysconf(_SC_NPROCESSORS_ONLN) >= threads;
    made->worker_spins = room ? WORKER_SPINS : 0;
    made->join_spins = room ? JOIN_SPINS : 0;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wake, NULL);
    for (int i = 1; i < threads; i++) {
        worker *next = &made->workers[made->started];
        *next = (worker){.pool = made, .part = i};
        int failure = pthread_create(&next->thread, NULL, worker_main, next);
        if (failure != 0) {
            assay_pool_destroy(made);
            return assay_fail(error, ASSAY_ERROR_UNSUPPORTED, "thread %d of %d cannot be started (error %d)", i + 1,
                              threads, failure);
        }
        made->started++;
    }
    *pool = made;
    return ASSAY_OK;
}

void assay_pool_destroy(assay_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    start(pool, NULL, NULL);
    for (int i = 0; i < pool->started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    assay_free(pool->workers);
    assay_free(pool);
}

void assay_pool_run(assay_pool *pool, assay_pool_function function, const void *task)
{
    if (pool->threads == 1) {
        function(task, 0, 1);
        return;
    }
    start(pool, function, task);
    function(task, 0, pool->threads);
    join(pool);
}

assay_range assay_range_of(size_t count, size_t granule, int part, int parts)
{
    size_t granules = count / granule + (count % granule != 0);
    size_t share = granules / (size_t)parts;
    size_t larger = granules % (size_t)parts; /* the first parts have one granule more */
    size_t p = (size_t)part;
    size_t begin = (p * share + (p < larger ? p : larger)) * granule;
    size_t end = begin + (share + (p < larger ? 1 : 0)) * granule;
    return (assay_range){begin < count ? begin : count, end < count ? end : count};
}
