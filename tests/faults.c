#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <link.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_OBJECTS = 16, MOST_POINTS = 160, MOST_BLOCKS = 1 << 17, PROBES = 64, MOST_PLACES = 1024 };

/* The code whose calls count: a part of an object that is mapped executable. */
typedef struct {
    uintptr_t begin;
    uintptr_t end;
    const char *library;
} code_range;

/* A call in the code, by its return address or the hash of several, and how often it was made. */
typedef struct {
    uintptr_t caller;
    size_t times;
} call_place;

/* Shared with forked processes, so that each number belongs to one call of one process. */
typedef struct {
    atomic_bool armed;
    pid_t owner;
    faults_mode mode;
    size_t target;
    atomic_size_t calls;
    atomic_size_t writes; /* to streams */
    atomic_size_t failed;
    atomic_int first; /* the point that failed first, counted from 1 */
    const char *library;
    atomic_long made[MOST_POINTS];
    size_t most_from_place; /* 0: no thinning */
    size_t place_count;
    call_place places[MOST_PLACES];
} shared_state;

typedef struct {
    _Atomic(void *) address;
    size_t size;
    const char *library;
} block;

static shared_state *state;
static block *blocks;
static atomic_size_t block_count;
static _Thread_local int spared;
static code_range ranges[MOST_OBJECTS];
static size_t range_count;

/* The tests' own program counts, too: calls at the end of a function of the library return there. */
static const char *const counted[] = {"libassay", "libz.so", "libzip", "libjansson", "libc.so"};

static const char *counted_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    if (*name == '\0') {
        return "the test program";
    }
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        if (strncmp(name, counted[i], strlen(counted[i])) == 0) {
            return counted[i];
        }
    }
    return NULL;
}

static int note_object(struct dl_phdr_info *object, size_t size, void *context)
{
    (void)size;
    (void)context;
    const char *library = counted_name(object->dlpi_name);
    for (int i = 0; library != NULL && i < object->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &object->dlpi_phdr[i];
        if (header->p_type == PT_LOAD && (header->p_flags & PF_X) != 0 && range_count < MOST_OBJECTS) {
            uintptr_t begin = object->dlpi_addr + header->p_vaddr;
            ranges[range_count++] = (code_range){begin, begin + header->p_memsz, library};
        }
    }
    return 0;
}

static void *shared_memory(size_t size, int flags)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("faults");
        abort();
    }
    return memory;
}

void faults_begin(void)
{
    state = shared_memory(sizeof *state, MAP_SHARED);
    blocks = shared_memory(MOST_BLOCKS * sizeof *blocks, MAP_PRIVATE);
    dl_iterate_phdr(note_object, NULL);
    size_t count;
    fault_point *points = faults_points(&count);
    for (size_t i = 0; i < count; i++) {
        faults_real(&points[i]);
    }
}

static const char *library_of(const void *caller)
{
    uintptr_t address = (uintptr_t)caller;
    for (size_t i = 0; i < range_count; i++) {
        if (address >= ranges[i].begin && address < ranges[i].end) {
            return ranges[i].library;
        }
    }
    return NULL;
}

void faults_arm(faults_mode mode, size_t target)
{
    state->owner = getpid();
    state->mode = mode;
    state->target = target;
    state->calls = 0;
    state->writes = 0;
    state->failed = 0;
    state->first = 0;
    state->library = "";
    state->place_count = 0;
    state->armed = true;
}

void faults_thin(size_t most)
{
    state->most_from_place = most;
}

faults_report faults_disarm(void)
{
    state->armed = false;
    size_t count;
    const fault_point *points = faults_points(&count);
    faults_report report = {.calls = state->calls, .failed = state->failed, .function = "", .library = state->library};
    if (state->first > 0) {
        const fault_point *point = &points[state->first - 1];
        report.function = point->function;
        report.memory = (point->flags & FAULT_MEMORY) != 0;
    }
    return report;
}

void faults_spare(void)
{
    spared++;
}

void faults_spare_no_more(void)
{
    spared--;
}

static bool concerns(const fault_point *point, faults_mode mode)
{
    switch (mode) {
    case FAULTS_SHORT: return (point->flags & FAULT_MAY_SHORT) != 0;
    case FAULTS_INTERRUPT: return (point->flags & FAULT_MAY_EINTR) != 0;
    default: return true;
    }
}

/* All of libassay's memory comes from one call, in assay_calloc. The calls that led there show who asked. */
static uintptr_t path_here(void)
{
    void *frames[12];
    faults_spare();
    int count = backtrace(frames, (int)(sizeof frames / sizeof *frames));
    faults_spare_no_more();
    uintptr_t hash = 0;
    for (int i = 0; i < count; i++) {
        hash = hash * 31 + (uintptr_t)frames[i];
    }
    return hash;
}

/*
 * Whether calls from this place have already failed often enough. An allocation may fail once more: a failure in the
 * second round of a loop finds what the first round left.
 */
static bool thinned(const fault_point *point, const void *caller, const char *library)
{
    if (state->most_from_place == 0) {
        return false;
    }
    bool own_memory = (point->flags & FAULT_MEMORY) != 0 && strcmp(library, "libassay") == 0;
    uintptr_t place = own_memory ? path_here() : (uintptr_t)caller;
    size_t most = state->most_from_place + (own_memory ? 1 : 0);
    size_t i = 0;
    while (i < state->place_count && state->places[i].caller != place) {
        i++;
    }
    if (i == MOST_PLACES) {
        return false;
    }
    if (i == state->place_count) {
        state->places[state->place_count++] = (call_place){place, 0};
    }
    return state->places[i].times++ >= most;
}

fault faults_decide(fault_point *point, const void *caller)
{
    static const fault kinds[FAULTS_MODES] = {[FAULTS_ONCE] = FAULT_FAIL,
                                              [FAULTS_FROM_THEN] = FAULT_FAIL,
                                              [FAULTS_SHORT] = FAULT_SHORT,
                                              [FAULTS_INTERRUPT] = FAULT_INTERRUPT};
    if (state == NULL || !state->armed || spared > 0 || !concerns(point, state->mode)) {
        return FAULT_PASS;
    }
    const char *library = library_of(caller);
    bool in_child = getpid() != state->owner;
    if (library == NULL || in_child != ((point->flags & FAULT_IN_CHILD) != 0)) {
        return FAULT_PASS;
    }
    if ((point->flags & FAULT_STREAM) != 0) {
        size_t write = atomic_fetch_add(&state->writes, 1);
        if (write >= 64 && write % 61 != 0) {
            return FAULT_PASS;
        }
    }
    if (thinned(point, caller, library)) {
        return FAULT_PASS;
    }
    size_t number = atomic_fetch_add(&state->calls, 1) + 1;
    bool later = state->mode == FAULTS_FROM_THEN && number > state->target;
    if (state->target == 0 || (number != state->target && !later)) {
        return FAULT_PASS;
    }
    size_t count;
    int place = (int)(point - faults_points(&count));
    if (atomic_fetch_add(&state->failed, 1) == 0) {
        state->first = place + 1;
        state->library = library;
    }
    state->made[place]++;
    return kinds[state->mode];
}

void *faults_real(fault_point *point)
{
    if (point->real == NULL) {
        point->real = dlsym(RTLD_NEXT, point->function);
        if (point->real == NULL) {
            fprintf(stderr, "faults: there is no function %s\n", point->function);
            abort();
        }
    }
    return point->real;
}

long faults_made(const char *function)
{
    size_t count;
    const fault_point *points = faults_points(&count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(points[i].function, function) == 0) {
            return state->made[i];
        }
    }
    return -1;
}

/* --- blocks ------------------------------------------------------------------------------------------------------ */

static size_t place_of(const void *address)
{
    return (size_t)(((uintptr_t)address >> 4) * 0x9e3779b97f4a7c15U >> 40) % (MOST_BLOCKS - PROBES);
}

void faults_allocated(void *address, size_t size, const void *caller)
{
    if (address == NULL || state == NULL || !state->armed || state->owner != getpid()) {
        return;
    }
    const char *library = library_of(caller);
    size_t place = place_of(address);
    for (size_t i = place; library != NULL && i < place + PROBES; i++) {
        void *none = NULL;
        if (atomic_compare_exchange_strong(&blocks[i].address, &none, address)) {
            blocks[i].size = size;
            blocks[i].library = library;
            block_count++;
            return;
        }
    }
    if (library != NULL) {
        static const char message[] = "faults: more blocks than can be remembered\n";
        ssize_t ignored = write(2, message, sizeof message - 1);
        (void)ignored;
        abort();
    }
}

void faults_freed(void *address)
{
    if (address == NULL || block_count == 0) {
        return;
    }
    size_t place = place_of(address);
    for (size_t i = place; i < place + PROBES; i++) {
        void *expected = address;
        if (atomic_compare_exchange_strong(&blocks[i].address, &expected, NULL)) {
            block_count--;
            return;
        }
    }
}

size_t faults_outstanding(size_t *size, const char **library)
{
    *size = 0;
    *library = "";
    for (size_t i = 0; block_count > 0 && i < MOST_BLOCKS; i++) {
        if (blocks[i].address != NULL && blocks[i].size >= *size) {
            *size = blocks[i].size;
            *library = blocks[i].library;
        }
    }
    return block_count;
}

void faults_forget(const char *library)
{
    for (size_t i = 0; block_count > 0 && i < MOST_BLOCKS; i++) {
        if (blocks[i].address != NULL && (library == NULL || strcmp(blocks[i].library, library) == 0)) {
            blocks[i].address = NULL;
            block_count--;
        }
    }
}
