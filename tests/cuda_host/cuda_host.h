/*
 * An emulation of the CUDA runtime and of cuBLAS on the host, so that lib/backend/cuda is tested where there is no GPU.
 *
 *   executor.c  kernels: grids, blocks, threads, barriers, shared memory
 *   runtime.c   the device's memory, and streams: work on a stream runs when the host waits, not before
 *   graph.c     capture, graphs, replay: nodes run in an order that is drawn among those that the graph allows
 *   cublas.c    products by OpenBLAS, column-major
 *
 * It is stricter than a GPU: a wrong address, a barrier that some threads do not reach, a copy that leaves its
 * allocation, a call that is not allowed during capture ends the program with a line that says so. It emulates results
 * and not timing, and runs one thread at a time, so it shows no race that depends on it; threads and graph nodes run in
 * changing orders instead.
 */
#ifndef ASSAY_TESTS_CUDA_HOST_H
#define ASSAY_TESTS_CUDA_HOST_H

#define CUDA_HOST_EMULATION

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cublas_v2.h>
#include <cuda_host_device.h>
#include <cuda_runtime_api.h>

/* --- for the tests ---------------------------------------------------------------------------------------------- */

/* The call with this number from now on (from 1) fails; 0: none. Calls that end something never do. */
void cuda_host_fail_at(uint64_t call);
/* Calls since cuda_host_fail_at, and the name of the one that failed (NULL: none did). */
uint64_t cuda_host_calls(void);
const char *cuda_host_failed_call(void);

/* What exists: allocations, streams, graphs, handles. 0 when all is cleaned up. */
size_t cuda_host_alive(void);

/* What the emulation has done since the program began. */
typedef struct {
    uint64_t launches; /* of kernels, those of graphs included */
    uint64_t graph_launches;
    uint64_t node_updates;
    uint64_t products;
    uint64_t barriers;
} cuda_host_counters;

cuda_host_counters cuda_host_count(void);

/* Compute capability and number of devices that are found from now on. */
void cuda_host_set_device(int devices, int major, int minor);

/* --- among the emulation's files -------------------------------------------------------------------------------- */

/* Ends the program: the caller has done what CUDA does not allow. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2), noreturn))
#endif
void cuda_host_die(const char *format, ...);

extern cuda_host_counters cuda_host_counted;
extern size_t cuda_host_living;

/* True if this call is the one that is to fail. */
bool cuda_host_fails(const char *call);

/* zeroed memory, or death. */
void *cuda_host_new(size_t size);

/* The host's address of `size` bytes of the device's memory, which must lie in one allocation. */
void *cuda_host_range(const void *address, size_t size, const char *what);

/* What can be put on a stream. */
typedef enum { HOST_KERNEL, HOST_PRODUCT, HOST_SET, HOST_COPY } cuda_host_kind;

typedef struct {
    bool single; /* float, or double */
    cublasHandle_t handle;
    bool trans_a;
    bool trans_b;
    int m;
    int n;
    int k;
    int lda;
    int ldb;
    int ldc;
    double alpha;
    double beta;
    const void *a;
    const void *b;
    void *c;
} cuda_host_product;

typedef struct {
    cuda_host_kind kind;
    const cuda_host_kernel *kernel;
    dim3 grid;
    dim3 block;
    assay_cuda_arguments arguments;
    cuda_host_product product;
    void *to;
    const void *from;
    size_t size;
    int value;
    enum cudaMemcpyKind direction;
} cuda_host_work;

/* Puts work on a stream, or into the graph that it captures. */
void cuda_host_enqueue(cudaStream_t stream, const cuda_host_work *work);
void cuda_host_execute(const cuda_host_work *work);
void cuda_host_run_kernel(const cuda_host_work *work);
void cuda_host_run_product(const cuda_host_product *product);

struct CUstream_st {
    cuda_host_work *queue;
    size_t count;
    size_t capacity;
    cudaGraph_t captured; /* NULL: not capturing */
};

/* The graph takes the work as its next node, after the one before it. */
void cuda_host_capture(cudaGraph_t graph, const cuda_host_work *work);
cudaGraph_t cuda_host_new_graph(void);

#endif
