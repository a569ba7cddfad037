/* The emulated runtime: the device, its memory, streams. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cuda_host.h"

/*
 * The backend's sources are compiled with the names cuda_host_calloc and cuda_host_dlopen in place of assay_calloc and
 * dlopen, so that these fail like every other call.
 */
#undef assay_calloc
#undef dlopen
#include <assay/base/alloc.h>
#include <dlfcn.h>

void *cuda_host_calloc(size_t count, size_t size, assay_error *error);
void *cuda_host_dlopen(const char *name, int flags);

void *cuda_host_calloc(size_t count, size_t size, assay_error *error)
{
    if (cuda_host_fails("assay_calloc")) {
        assay_fail(error, ASSAY_ERROR_MEMORY, "out of memory: %zu elements", count);
        return NULL;
    }
    return assay_calloc(count, size, error);
}

void *cuda_host_dlopen(const char *name, int flags)
{
    return dlopen(cuda_host_fails("dlopen") ? "libno-such-cublas.so.1" : name, flags);
}

cuda_host_counters cuda_host_counted;
size_t cuda_host_living;

static struct {
    int devices;
    int major;
    int minor;
} device = {1, 9, 0};

static struct {
    uint64_t fail_at;
    uint64_t calls;
    const char *failed;
} faults;

void cuda_host_die(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("emulated CUDA: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void cuda_host_fail_at(uint64_t call)
{
    faults.fail_at = call;
    faults.calls = 0;
    faults.failed = NULL;
}

uint64_t cuda_host_calls(void)
{
    return faults.calls;
}

const char *cuda_host_failed_call(void)
{
    return faults.failed;
}

bool cuda_host_fails(const char *call)
{
    faults.calls++;
    if (faults.calls != faults.fail_at) {
        return false;
    }
    faults.failed = call;
    return true;
}

size_t cuda_host_alive(void)
{
    return cuda_host_living;
}

cuda_host_counters cuda_host_count(void)
{
    return cuda_host_counted;
}

void cuda_host_set_device(int devices, int major, int minor)
{
    device.devices = devices;
    device.major = major;
    device.minor = minor;
}

void *cuda_host_new(size_t size)
{
    void *made = calloc(1, size);
    if (made == NULL) {
        cuda_host_die("out of memory");
    }
    return made;
}

/* --- the device -------------------------------------------------------------------------------------------------- */

const char *cudaGetErrorString(cudaError_t error)
{
    switch (error) {
    case cudaSuccess: return "no error";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    case cudaErrorInsufficientDriver: return "CUDA driver version is insufficient for CUDA runtime version";
    default: return "an emulated error";
    }
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = device.devices;
    if (cuda_host_fails("cudaGetDeviceCount")) {
        return cudaErrorInsufficientDriver;
    }
    return device.devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int number)
{
    if (cuda_host_fails("cudaDeviceGetAttribute")) {
        return cudaErrorInvalidValue;
    }
    *value = attribute == cudaDevAttrComputeCapabilityMajor ? device.major : device.minor;
    return number == 0 ? cudaSuccess : cudaErrorInvalidValue;
}

/* --- memory: each allocation one of malloc's, of exactly its size ------------------------------------------------- */

/* In an address, this bit says that it is the device's. The host's processor refuses such an address. */
#define MARK ((uint64_t)1 << 62)

enum { MOST_ALLOCATIONS = 4096, SPOILED = 1 << 20 };

static struct {
    char *memory;
    size_t size;
} allocations[MOST_ALLOCATIONS];

void *cuda_host_memory(assay_cuda_address address)
{
    if (address == 0) {
        return NULL;
    }
    if ((address & MARK) == 0) {
        cuda_host_die("a kernel was given the host's address %#llx", (unsigned long long)address);
    }
    return (void *)(uintptr_t)(address & ~MARK);
}

void *cuda_host_range(const void *address, size_t size, const char *what)
{
    char *memory = cuda_host_memory((uint64_t)(uintptr_t)address);
    for (int i = 0; i < MOST_ALLOCATIONS; i++) {
        if (allocations[i].memory != NULL && memory >= allocations[i].memory &&
            memory <= allocations[i].memory + allocations[i].size &&
            size <= allocations[i].size - (size_t)(memory - allocations[i].memory)) {
            return memory;
        }
    }
    cuda_host_die("%s: %zu bytes at %p are in no allocation", what, size, address);
}

/* New memory holds NaN; of large allocations, the beginning. */
cudaError_t cudaMalloc(void **memory, size_t size)
{
    if (cuda_host_fails("cudaMalloc")) {
        return cudaErrorMemoryAllocation;
    }
    int slot = 0;
    while (slot < MOST_ALLOCATIONS && allocations[slot].memory != NULL) {
        slot++;
    }
    void *made = size > SIZE_MAX / 4 ? NULL : malloc(size);
    if (slot == MOST_ALLOCATIONS || made == NULL) {
        free(made);
        return cudaErrorMemoryAllocation;
    }
    memset(made, 0xff, size < SPOILED ? size : SPOILED);
    allocations[slot].memory = made;
    allocations[slot].size = size;
    cuda_host_living++;
    *memory = (void *)((uintptr_t)made | MARK);
    return cudaSuccess;
}

/* --- streams: their work runs when the host waits ------------------------------------------------------ */

static cudaStream_t streams[16];

static void drain(cudaStream_t stream)
{
    for (size_t i = 0; i < stream->count; i++) {
        cuda_host_execute(&stream->queue[i]);
    }
    stream->count = 0;
}

/* Waits for the device, as CUDA's does. */
cudaError_t cudaFree(void *memory)
{
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        if (streams[i] != NULL) {
            drain(streams[i]);
        }
    }
    if (memory == NULL) {
        return cudaSuccess;
    }
    char *freed = cuda_host_range(memory, 0, "cudaFree");
    for (int i = 0; i < MOST_ALLOCATIONS; i++) {
        if (allocations[i].memory == freed) {
            allocations[i].memory = NULL;
            cuda_host_living--;
            free(freed);
            return cudaSuccess;
        }
    }
    cuda_host_die("cudaFree: %p is not where an allocation begins", memory);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    if (cuda_host_fails("cudaStreamCreateWithFlags") || flags != cudaStreamNonBlocking) {
        return cudaErrorInvalidValue;
    }
    size_t slot = 0;
    while (streams[slot] != NULL) {
        slot++;
    }
    *stream = streams[slot] = cuda_host_new(sizeof **stream);
    cuda_host_living++;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream)
{
    drain(stream);
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        streams[i] = streams[i] == stream ? NULL : streams[i];
    }
    free(stream->queue);
    free(stream);
    cuda_host_living--;
    return cudaSuccess;
}

static void refuse_capture(cudaStream_t stream, const char *call)
{
    if (stream->captured != NULL) {
        cuda_host_die("%s is not allowed while the stream captures", call);
    }
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream)
{
    refuse_capture(stream, "cudaStreamSynchronize");
    drain(stream);
    return cuda_host_fails("cudaStreamSynchronize") ? cudaErrorIllegalAddress : cudaSuccess;
}

void cuda_host_enqueue(cudaStream_t stream, const cuda_host_work *work)
{
    if (stream->captured != NULL) {
        cuda_host_capture(stream->captured, work);
        return;
    }
    if (stream->count == stream->capacity) {
        stream->capacity = 2 * stream->capacity + 64;
        stream->queue = realloc(stream->queue, stream->capacity * sizeof *stream->queue);
        if (stream->queue == NULL) {
            cuda_host_die("out of memory");
        }
    }
    stream->queue[stream->count++] = *work;
}

static void copy_now(const cuda_host_work *work)
{
    void *to = work->to;
    const void *from = work->from;
    if (work->direction != cudaMemcpyDeviceToHost) {
        to = cuda_host_range(work->to, work->size, "cudaMemcpyAsync, to");
    }
    if (work->direction != cudaMemcpyHostToDevice) {
        from = cuda_host_range(work->from, work->size, "cudaMemcpyAsync, from");
    }
    memcpy(to, from, work->size);
}

void cuda_host_execute(const cuda_host_work *work)
{
    switch (work->kind) {
    case HOST_KERNEL: cuda_host_run_kernel(work); break;
    case HOST_PRODUCT: cuda_host_run_product(&work->product); break;
    case HOST_SET: memset(cuda_host_range(work->to, work->size, "cudaMemsetAsync"), work->value, work->size); break;
    case HOST_COPY: copy_now(work); break;
    }
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t size, cudaStream_t stream)
{
    refuse_capture(stream, "cudaMemsetAsync");
    if (cuda_host_fails("cudaMemsetAsync")) {
        return cudaErrorInvalidValue;
    }
    const cuda_host_work work = {.kind = HOST_SET, .to = to, .value = value, .size = size};
    cuda_host_range(to, size, "cudaMemsetAsync");
    cuda_host_enqueue(stream, &work);
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t size, enum cudaMemcpyKind kind, cudaStream_t stream)
{
    refuse_capture(stream, "cudaMemcpyAsync");
    if (cuda_host_fails("cudaMemcpyAsync")) {
        return cudaErrorInvalidValue;
    }
    const cuda_host_work work = {.kind = HOST_COPY, .to = to, .from = from, .size = size, .direction = kind};
    cuda_host_enqueue(stream, &work);
    return cudaSuccess;
}

cudaError_t cudaLaunchKernel(const void *function, dim3 grid, dim3 block, void **arguments, size_t shared,
                             cudaStream_t stream)
{
    unsigned threads = block.x * block.y * block.z;
    if (grid.x == 0 || grid.y == 0 || grid.y > 65535 || grid.z != 1 || threads == 0 || threads > 1024 || shared != 0) {
        cuda_host_die("a kernel was launched with a grid of %u x %u blocks of %u threads", grid.x, grid.y, threads);
    }
    if (cuda_host_fails("cudaLaunchKernel")) {
        return cudaErrorInvalidValue;
    }
    cuda_host_work work = {.kind = HOST_KERNEL, .kernel = function, .grid = grid, .block = block};
    memcpy(&work.arguments, arguments[0], sizeof work.arguments);
    cuda_host_enqueue(stream, &work);
    return cudaSuccess;
}
