/*
 * The caller publishes an operation by a new generation number, and all threads claim its parts. Workers spin for some
 * microseconds between operations, because within a training step the next operation follows soon, and then sleep on a
 * condition variable, because the next step may be far away. The caller spins as briefly for parts that workers have
 * not completed, and then sleeps, too: its processor is then free for a worker that waits for one.
 */
#include "backend/openblas/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <assay/base/alloc.h>

/* Nanoseconds. */
enum {
    WORKER_SPIN = 50000,  /* before a worker sleeps */
    JOIN_SPIN = 50000,    /* before the caller sleeps: parts of one operation end at about the same time */
    LONG_WAIT = 300000,   /* the caller has waited for a worker that had lost its processor */
    WINDOW = 20000000,    /* operations of this time are observed together */
    MUCH_WAITED = 1000000 /* long waits in a window, after which computing alone is tried */
};

enum {
    SPINS_BETWEEN_LOOKS = 32, /* pauses between two looks at the clock */
    WINDOWS_BETWEEN_TRIALS = 16
};

/* Parts of unequal duration, and threads that come late, cost less with more than one part for each thread. */
enum { PARTS_FOR_A_THREAD = 2 };

typedef struct {
    assay_pool *pool;
    pthread_t thread;
    int number;
} worker;

/*
 * How the caller computes: with all threads, or alone where other work on the machine takes too many processors away.
 * The speed of both ways is observed in windows of time. All threads are used as long as there are few long waits. Then
 * the faster way is used, and the other one is tried now and then.
 */
typedef enum { TOGETHER, ALONE, WAYS } way;

typedef struct {
    way way;
    double work;        /* in the window so far */
    int64_t time;       /* of this work */
    int64_t waited;     /* the long waits in this time */
    double speed[WAYS]; /* work for each nanosecond; 0: not known */
    int windows;        /* since the last trial of the other way */
} choice;

typedef _Atomic(assay_pool_function) atomic_function;
typedef _Atomic(const void *) atomic_task;

struct assay_pool {
    /*
     * The generation, which grows by one with each operation, in the upper half; how many of its parts are not claimed
     * in the lower half.
     */
    _Alignas(ASSAY_ALIGNMENT) atomic_uint_fast64_t claims;
    atomic_function function; /* of this generation; NULL: the workers end */
    atomic_task task;
    atomic_int parts;
    _Alignas(ASSAY_ALIGNMENT) atomic_int pending; /* parts that are not complete */
    atomic_bool caller_sleeps;
    _Alignas(ASSAY_ALIGNMENT) atomic_int sleepers;
    int threads;
    int64_t worker_spin;
    int64_t join_spin;
    choice choice;
    int started; /* workers that exist */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_cond_t complete;
    worker *workers;
};

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static uint32_t generation_of(uint64_t claims)
{
    return (uint32_t)(claims >> 32);
}

/* --- parts ------------------------------------------------------------------------------------------------------- */

/* Sequentially consistent, as the caller's store and load: either it sees 0 pending parts or this sees it sleep. */
static void complete_part(assay_pool *pool)
{
    if (atomic_fetch_sub(&pool->pending, 1) == 1 && atomic_load(&pool->caller_sleeps)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_signal(&pool->complete);
        pthread_mutex_unlock(&pool->lock);
    }
}

/*
 * Claims and computes parts until none is left, and returns the generation. A thread that arrives late may read the
 * function or the number of parts of a later generation than the claims that it has read. The caller writes these only
 * when no part of the earlier generation is left, so that the claim fails.
 */
static uint32_t compute_parts(assay_pool *pool, int thread)
{
    uint64_t claims = atomic_load_explicit(&pool->claims, memory_order_acquire);
    for (;;) {
        const int left = (int)(uint32_t)claims;
        if (left == 0) {
            return generation_of(claims);
        }
        assay_pool_function function = atomic_load_explicit(&pool->function, memory_order_relaxed);
        const void *task = atomic_load_explicit(&pool->task, memory_order_relaxed);
        const int count = atomic_load_explicit(&pool->parts, memory_order_relaxed);
        const assay_pool_part part = {.index = count - left, .count = count, .thread = thread};
        if (atomic_compare_exchange_strong_explicit(&pool->claims, &claims, claims - 1, memory_order_acq_rel,
                                                    memory_order_acquire)) {
            function(task, part);
            complete_part(pool);
            claims = atomic_load_explicit(&pool->claims, memory_order_acquire);
        }
    }
}

/* --- workers ----------------------------------------------------------------------------------------------------- */

static bool has_changed(assay_pool *pool, uint32_t seen)
{
    return generation_of(atomic_load(&pool->claims)) != seen;
}

static void sleep_until_changed(assay_pool *pool, uint32_t seen)
{
    pthread_mutex_lock(&pool->lock);
    /* Sequentially consistent, as the caller's store and load: either it sees the sleeper or this sees the
     * generation. */
    atomic_fetch_add(&pool->sleepers, 1);
    while (!has_changed(pool, seen)) {
        pthread_cond_wait(&pool->wake, &pool->lock);
    }
    atomic_fetch_sub(&pool->sleepers, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_change(assay_pool *pool, uint32_t seen)
{
    for (int64_t end = now() + pool->worker_spin; now() < end;) {
        for (int i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
            if (has_changed(pool, seen)) {
                return;
            }
            pause_briefly();
        }
    }
    sleep_until_changed(pool, seen);
}

static void *worker_main(void *argument)
{
    const worker *self = argument;
    assay_pool *pool = self->pool;
    uint32_t seen = 0;
    do {
        wait_for_change(pool, seen);
        seen = compute_parts(pool, self->number);
        /* Asked before it waits again: a worker that is late with a part may see the end as the next generation. */
    } while (atomic_load_explicit(&pool->function, memory_order_relaxed) != NULL);
    return NULL;
}

/* --- the caller -------------------------------------------------------------------------------------------------- */

static void start(assay_pool *pool, int parts, assay_pool_function function, const void *task)
{
    atomic_store_explicit(&pool->function, function, memory_order_relaxed);
    atomic_store_explicit(&pool->task, task, memory_order_relaxed);
    atomic_store_explicit(&pool->parts, parts, memory_order_relaxed);
    atomic_store_explicit(&pool->pending, parts, memory_order_relaxed);
    uint32_t generation = generation_of(atomic_load_explicit(&pool->claims, memory_order_relaxed)) + 1;
    atomic_store(&pool->claims, (uint64_t)generation << 32 | (uint32_t)parts);
    if (atomic_load(&pool->sleepers) != 0) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

static bool is_complete(assay_pool *pool)
{
    return atomic_load(&pool->pending) == 0;
}

static void sleep_until_complete(assay_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (!is_complete(pool)) {
        pthread_cond_wait(&pool->complete, &pool->lock);
    }
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

/* Waits until the workers have completed their parts, and returns the nanoseconds that this took. */
static int64_t join(assay_pool *pool)
{
    if (is_complete(pool)) {
        return 0;
    }
    const int64_t begin = now();
    for (int64_t time = begin; time - begin < pool->join_spin; time = now()) {
        for (int i = 0; i < SPINS_BETWEEN_LOOKS; i++) {
            if (is_complete(pool)) {
                return now() - begin;
            }
            pause_briefly();
        }
    }
    sleep_until_complete(pool);
    return now() - begin;
}

/* The way for the next window. */
static way next_way(choice *c)
{
    const way other = c->way == TOGETHER ? ALONE : TOGETHER;
    const double speed = c->work / (double)c->time;
    c->speed[c->way] = c->speed[c->way] == 0 ? speed : (c->speed[c->way] + speed) / 2;
    if (c->way == TOGETHER && c->waited < MUCH_WAITED) {
        c->speed[ALONE] = 0;
        return TOGETHER;
    }
    if (c->speed[other] == 0 || ++c->windows > WINDOWS_BETWEEN_TRIALS) {
        c->windows = 0;
        return other;
    }
    return c->speed[other] > c->speed[c->way] ? other : c->way;
}

/* After an operation: ends the window where it is over. */
static void observe(choice *c, size_t work, int64_t time)
{
    c->work += (double)work;
    c->time += time;
    if (c->time >= WINDOW) {
        c->way = next_way(c);
        c->work = 0;
        c->time = 0;
        c->waited = 0;
    }
}

static void run_alone(const assay_pool *pool, assay_cut cut, assay_pool_function function, const void *task)
{
    const int parts = cut == ASSAY_CUT_FREE ? 1 : pool->threads;
    for (int i = 0; i < parts; i++) {
        function(task, (assay_pool_part){.index = i, .count = parts, .thread = 0});
    }
}

static void run_together(assay_pool *pool, assay_cut cut, assay_pool_function function, const void *task)
{
    start(pool, cut == ASSAY_CUT_FREE ? PARTS_FOR_A_THREAD * pool->threads : pool->threads, function, task);
    compute_parts(pool, 0);
    const int64_t waited = join(pool);
    pool->choice.waited += waited < LONG_WAIT ? 0 : waited;
}

void assay_pool_run(assay_pool *pool, assay_cut cut, size_t work, assay_pool_function function, const void *task)
{
    if (pool->threads == 1) {
        run_alone(pool, cut, function, task);
        return;
    }
    const int64_t begin = now();
    if (pool->choice.way == ALONE) {
        run_alone(pool, cut, function, task);
    } else {
        run_together(pool, cut, function, task);
    }
    observe(&pool->choice, work, now() - begin);
}

/* --- the pool ---------------------------------------------------------------------------------------------------- */

static assay_status start_workers(assay_pool *pool, assay_error *error)
{
    for (int i = 1; i < pool->threads; i++) {
        worker *next = &pool->workers[pool->started];
        *next = (worker){.pool = pool, .number = i};
        int failure = pthread_create(&next->thread, NULL, worker_main, next);
        if (failure != 0) {
            return assay_fail(error, ASSAY_ERROR_UNSUPPORTED, "thread %d of %d cannot be started (error %d)", i + 1,
                              pool->threads, failure);
        }
        pool->started++;
    }
    return ASSAY_OK;
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
    made->worker_spin = room ? WORKER_SPIN : 0;
    made->join_spin = room ? JOIN_SPIN : 0;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->wake, NULL);
    pthread_cond_init(&made->complete, NULL);
    assay_status status = start_workers(made, error);
    if (status != ASSAY_OK) {
        assay_pool_destroy(made);
        return status;
    }
    *pool = made;
    return ASSAY_OK;
}

void assay_pool_destroy(assay_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    start(pool, 0, NULL, NULL);
    for (int i = 0; i < pool->started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->complete);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    assay_free(pool->workers);
    assay_free(pool);
}

assay_range assay_range_of(size_t count, size_t granule, assay_pool_part part)
{
    size_t granules = count / granule + (count % granule != 0);
    size_t share = granules / (size_t)part.count;
    size_t larger = granules % (size_t)part.count; /* the first parts have one granule more */
    size_t p = (size_t)part.index;
    size_t begin = (p * share + (p < larger ? p : larger)) * granule;
    size_t end = begin + (share + (p < larger ? 1 : 0)) * granule;
    return (assay_range){begin < count ? begin : count, end < count ? end : count};
}
