/*
 * Runs a kernel's grid: blocks one after the other, and the threads of a block as fibers, each with its stack, that
 * give way at barriers. Threads without a barrier share a fiber and run like calls in a loop. The order of a block's
 * threads changes from block to block (upwards, downwards, strides), so that what depends on it shows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cuda_host.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifdef WITH_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

cuda_host_position cuda_host_here;

enum { STACK_SIZE = 256 * 1024, GUARD_SIZE = 64 * 1024, MOST_THREADS = 1024 };

/* --- contexts: a stack pointer, and what is needed to switch to it ------------------------------------------------ */

#if defined(__x86_64__)

typedef void *context;

/* Pushes the registers that a function must preserve, keeps the stack pointer in *from, and takes up `to`. */
void cuda_host_switch(context *from, context to);
__asm__(".text\n"
        ".globl cuda_host_switch\n"
        ".type cuda_host_switch, @function\n"
        "cuda_host_switch:\n"
        "    pushq %rbp\n    pushq %rbx\n    pushq %r12\n    pushq %r13\n    pushq %r14\n    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    popq %r14\n    popq %r13\n    popq %r12\n    popq %rbx\n    popq %rbp\n"
        "    ret\n"
        ".size cuda_host_switch, .-cuda_host_switch\n");

static void switch_context(context *from, context *to)
{
    cuda_host_switch(from, *to);
}

/* As if `entry` had been called with an aligned stack and had just pushed its registers. */
static void make_context(context *made, char *stack, void (*entry)(void))
{
    void **top = (void **)(void *)(stack + STACK_SIZE);
    top[-1] = NULL;
    memcpy(&top[-2], &entry, sizeof entry);
    memset(&top[-8], 0, 6 * sizeof *top);
    *made = &top[-8];
}

#else

#include <ucontext.h>

typedef ucontext_t context;

static void switch_context(context *from, context *to)
{
    swapcontext(from, to);
}

static void make_context(context *made, char *stack, void (*entry)(void))
{
    getcontext(made);
    made->uc_stack.ss_sp = stack;
    made->uc_stack.ss_size = STACK_SIZE;
    made->uc_link = NULL;
    makecontext(made, entry, 0);
}

#endif

/* --- fibers ------------------------------------------------------------------------------------------------------ */

typedef struct {
    context where;
    char *stack;
    bool waiting;
    dim3 thread;
#ifdef WITH_ASAN
    void *fake_stack;
#endif
} fiber;

static struct {
    const cuda_host_work *work;
    unsigned threads; /* of a block */
    unsigned started;
    unsigned ended;
    unsigned blocks; /* run so far: chooses the order */
    const char *barrier_file;
    int barrier_line;
    fiber *current;
    context scheduler;
    fiber fibers[MOST_THREADS];
#ifdef WITH_ASAN
    const void *scheduler_stack;
    size_t scheduler_size;
    void *scheduler_fake;
#endif
} state;

static void enter_fiber(fiber *f)
{
    state.current = f;
    cuda_host_here.thread = f->thread;
#ifdef WITH_ASAN
    __sanitizer_start_switch_fiber(&state.scheduler_fake, f->stack, STACK_SIZE);
#endif
    switch_context(&state.scheduler, &f->where);
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(state.scheduler_fake, NULL, NULL);
#endif
}

static void leave_fiber(void)
{
    fiber *f = state.current;
#ifdef WITH_ASAN
    __sanitizer_start_switch_fiber(&f->fake_stack, state.scheduler_stack, state.scheduler_size);
#endif
    switch_context(&f->where, &state.scheduler);
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(f->fake_stack, &state.scheduler_stack, &state.scheduler_size);
#endif
}

/* The i-th thread to start: upwards, downwards, or in strides of an odd number where the block is a power of two. */
static dim3 thread_at(unsigned i)
{
    unsigned n = state.threads;
    unsigned order = state.blocks % 3;
    bool power = (n & (n - 1)) == 0;
    unsigned linear = order == 0 ? i : order == 1 || !power ? n - 1 - i : (i * 77u + 13u) % n;
    dim3 size = state.work->block;
    return (dim3){linear % size.x, linear / size.x % size.y, linear / size.x / size.y};
}

static void run_threads(void)
{
    while (state.started < state.threads) {
        state.current->thread = thread_at(state.started++);
        cuda_host_here.thread = state.current->thread;
        state.work->kernel->function(state.work->arguments);
        state.ended++;
    }
}

static void fiber_main(void)
{
#ifdef WITH_ASAN
    __sanitizer_finish_switch_fiber(NULL, &state.scheduler_stack, &state.scheduler_size);
#endif
    for (;;) {
        run_threads();
        leave_fiber();
    }
}

void cuda_host_barrier(const char *file, int line)
{
    cuda_host_counted.barriers++;
    if (state.barrier_file != NULL && (state.barrier_line != line || strcmp(state.barrier_file, file) != 0)) {
        cuda_host_die("threads of one block of %s are at different barriers: %s:%d and :%d", state.work->kernel->name,
                      file, line, state.barrier_line);
    }
    state.barrier_file = file;
    state.barrier_line = line;
    state.current->waiting = true;
    leave_fiber();
}

static void make_fiber(fiber *f)
{
    char *memory = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + GUARD_SIZE, STACK_SIZE, PROT_READ | PROT_WRITE) != 0) {
        cuda_host_die("a thread's stack cannot be had");
    }
    f->stack = memory + GUARD_SIZE;
    make_context(&f->where, f->stack, fiber_main);
}

/* --- blocks ------------------------------------------------------------------------------------------------------ */

/* The first and last byte of all shared arrays, from the linker; weak, as there may be no such array. */
extern char cuda_shared_begin[] __asm__("__start_cuda_shared") __attribute__((weak));
extern char cuda_shared_end[] __asm__("__stop_cuda_shared") __attribute__((weak));

/* Bytes of 1 are NaN in float and in double. */
static void spoil_shared(void)
{
    if (cuda_shared_begin != NULL) {
        memset(cuda_shared_begin, 0xff, (size_t)(cuda_shared_end - cuda_shared_begin));
    }
}

/* Starts every thread, and lets it run until it ends or waits. Returns how many fibers wait: the first ones. */
static unsigned start_threads(void)
{
    unsigned waiting = 0;
    while (state.started < state.threads) {
        fiber *f = &state.fibers[waiting];
        if (f->stack == NULL) {
            make_fiber(f);
        }
        enter_fiber(f);
        waiting += f->waiting;
    }
    return waiting;
}

/* Lets every fiber that waits go on, in either direction. */
static void pass_barrier(unsigned waiting, bool downwards)
{
    state.barrier_file = NULL;
    for (unsigned i = 0; i < waiting; i++) {
        fiber *f = &state.fibers[downwards ? waiting - 1 - i : i];
        f->waiting = false;
        enter_fiber(f);
    }
}

static unsigned count_waiting(unsigned fibers)
{
    unsigned waiting = 0;
    for (unsigned i = 0; i < fibers; i++) {
        waiting += state.fibers[i].waiting;
    }
    return waiting;
}

static void run_block(void)
{
    state.started = state.ended = 0;
    state.barrier_file = NULL;
    spoil_shared();
    unsigned fibers = start_threads();
    unsigned waiting = fibers;
    for (unsigned phase = 0; waiting != 0; phase++) {
        if (waiting + state.ended != state.threads || (state.ended != 0 && waiting != 0)) {
            cuda_host_die("%u of %u threads of a block of %s ended while others wait at %s:%d", state.ended,
                          state.threads, state.work->kernel->name, state.barrier_file, state.barrier_line);
        }
        pass_barrier(fibers, phase % 2 != 0);
        waiting = count_waiting(fibers);
    }
    state.blocks++;
}

void cuda_host_run_kernel(const cuda_host_work *work)
{
    cuda_host_counted.launches++;
    state.work = work;
    state.threads = work->block.x * work->block.y * work->block.z;
    cuda_host_here.block_size = work->block;
    cuda_host_here.grid_size = work->grid;
    for (unsigned y = 0; y < work->grid.y; y++) {
        for (unsigned x = 0; x < work->grid.x; x++) {
            cuda_host_here.block = (dim3){x, y, 0};
            run_block();
        }
    }
}
