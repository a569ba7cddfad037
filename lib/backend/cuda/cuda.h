/*
 * The cuda backend: cuBLAS for products, kernels of our own (kernels*.h) for everything else. doc/cuda.md explains
 * how it works and why. Private to lib/backend/cuda/.
 *
 * Each file calls only files above it:
 *
 *   cublas.c    cuBLAS, loaded when the backend is opened
 *   device.c    failures of calls, addresses of memory
 *   command.c   commands: made, and run one by one
 *   graph.c     a recorded sequence as a CUDA graph, replayed
 *   record.c    commands recorded from one batch to the next; waiting for the device, and failures that it found
 *   memory.c    buffers and transfers
 *   layers.c    the operations of networks, as commands
 *   update.c    the optimizers' step, as one command
 *   reduce.c    sums and moments
 *   open.c      opening and closing; the table
 *
 * All calls of the CUDA runtime and of cuBLAS use the original names and headers: the tests replace both by an
 * emulation (tests/cuda_host/).
 */
#ifndef ASSAY_BACKEND_CUDA_CUDA_H
#define ASSAY_BACKEND_CUDA_CUDA_H

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include "backend/cuda/arguments.h"
#include "backend/implementation.h"

/* --- cuBLAS ---------------------------------------------------------------------------------------------------- */

/* What is called of it, under its own names and types. */
#define ASSAY_CUBLAS_FUNCTIONS(X) \
    X(cublasCreate_v2)            \
    X(cublasDestroy_v2)           \
    X(cublasSetStream_v2)         \
    X(cublasSetWorkspace_v2)      \
    X(cublasSetMathMode)          \
    X(cublasSgemm_v2)             \
    X(cublasDgemm_v2)             \
    X(cublasGetStatusString)

typedef struct {
    void *library;
#define ASSAY_CUBLAS_MEMBER(function) __typeof__(function) *function;
    ASSAY_CUBLAS_FUNCTIONS(ASSAY_CUBLAS_MEMBER)
#undef ASSAY_CUBLAS_MEMBER
} assay_cublas;

/*
 * Loads the first of `count` libraries that can be loaded, NULL being the program itself; ASSAY_ERROR_UNSUPPORTED with
 * the reason when none can, or when it lacks a function. The caller frees it with assay_cublas_unload.
 */
assay_status assay_cublas_load(size_t count, const char *const *names, assay_cublas *cublas, assay_error *error);
void assay_cublas_unload(assay_cublas *cublas);

/* --- commands -------------------------------------------------------------------------------------------------- */

enum {
    ASSAY_CUDA_GEMM = ASSAY_CUDA_KERNEL_COUNT, /* the command that is not one of our kernels */
    ASSAY_CUDA_ACCESSES = 8,                   /* most ranges of memory that a command touches */
    ASSAY_CUDA_LANES = 2,                      /* handles of cuBLAS: products of different lanes may run at once */
    ASSAY_CUDA_MOST_RECORDED = 512,            /* commands of a sequence */
    ASSAY_CUDA_SEQUENCES = 4                   /* sequences that are remembered */
};

/* Bytes [begin, end) of the device's memory. */
typedef struct {
    assay_cuda_address begin;
    assay_cuda_address end;
} assay_cuda_range;

/* A launch or a product, with the memory that it reads and writes. */
typedef struct {
    int kernel; /* assay_cuda_kernel or ASSAY_CUDA_GEMM */
    dim3 grid;
    dim3 block;
    assay_cuda_arguments arguments;
    int accesses;
    unsigned written; /* bit i: access i is a write */
    assay_cuda_range access[ASSAY_CUDA_ACCESSES];
} assay_cuda_command;

/* A recorded sequence, from a batch's gather to the optimizer's step or to the next wait. */
typedef struct {
    assay_cuda_command *commands; /* [ASSAY_CUDA_MOST_RECORDED] */
    cudaGraphNode_t *nodes;       /* the same */
    size_t count;
    cudaGraph_t graph; /* NULL until the sequence has come twice */
    cudaGraphExec_t exec;
    uint64_t last_use;
} assay_cuda_sequence;

/* --- the backend ----------------------------------------------------------------------------------------------- */

typedef struct {
    assay_backend base;
    assay_cublas cublas;
    cublasHandle_t handle[ASSAY_CUDA_LANES];
    void *workspace[ASSAY_CUDA_LANES];
    cudaStream_t stream;
    void *parts;             /* of reductions: double [MOST_PARTS][PART_NUMBERS] */
    void *failure;           /* assay_cuda_failure */
    assay_cuda_failure seen; /* its copy */
    uint64_t checks;         /* operations that may have recorded a failure since `seen` was last copied */

    bool recording;
    assay_cuda_sequence pending; /* recorded, and not yet run */
    assay_cuda_sequence remembered[ASSAY_CUDA_SEQUENCES];
    uint64_t sequences;    /* run so far */
    uint64_t replays;      /* of them as a graph */
    uint64_t node_updates; /* nodes that were given new arguments for a replay */
} assay_cuda;

typedef struct {
    assay_buffer base;
    void *memory; /* the device's */
} assay_cuda_buffer;

/* True if `result` is success; else the failure of `call` is recorded. */
bool assay_cuda_ok(assay_cuda *self, cudaError_t result, const char *call);
bool assay_cublas_ok(assay_cuda *self, cublasStatus_t result, const char *call);
/* assay_cuda_ok(self, f(...), "f"). */
#define ASSAY_CUDA_TRY(self, function, ...) assay_cuda_ok(self, function(__VA_ARGS__), #function)

/* Runs what is pending, waits for the device, records the failure that it found; false after any failure. */
bool assay_cuda_wait(assay_cuda *self);

/* The number of an operation that checks labels or indices on the device. */
uint64_t assay_cuda_next_check(assay_cuda *self);

/* The kernels' handles, from f32.cu and f64.cu. */
const void *assay_cuda_kernel_f32(assay_cuda_kernel kernel);
const void *assay_cuda_kernel_f64(assay_cuda_kernel kernel);

size_t assay_cuda_element_size(const assay_backend *backend, assay_element element);

/* The address of a slice's first element; 0 for ASSAY_NO_SLICE. */
assay_cuda_address assay_cuda_at(assay_slice slice);
assay_cuda_address assay_cuda_address_of(const void *memory);

/* --- making and running commands -------------------------------------------------------------------------------- */

/* An empty command: a kernel over `count` elements, one a thread, with `most_blocks` at most. */
assay_cuda_command assay_cuda_command_over(assay_cuda_kernel kernel, uint64_t count, uint64_t most_blocks);
/* An empty command: a kernel over a matrix, tile by tile. */
assay_cuda_command assay_cuda_command_tiled(assay_cuda_kernel kernel, uint64_t rows, uint64_t columns);
/* A row-major product as a command. */
assay_cuda_command assay_cuda_command_gemm(const assay_cuda *self, assay_gemm_shape shape, assay_slice a, assay_slice b,
                                           assay_slice c, int lane);
/* The command reads or writes a slice; ASSAY_NO_SLICE changes nothing. */
void assay_cuda_reads(assay_cuda_command *command, assay_slice slice);
void assay_cuda_writes(assay_cuda_command *command, assay_slice slice);
void assay_cuda_touches(assay_cuda_command *command, const void *memory, size_t size, bool written);

/* Runs a command, now or with the sequence that is being recorded. */
void assay_cuda_submit(assay_cuda *self, const assay_cuda_command *command);
/* The handle of a command's kernel, in the backend's precision. */
const void *assay_cuda_handle(const assay_cuda *self, const assay_cuda_command *command);
/* Puts a command on the stream; false after a failure. */
bool assay_cuda_run(assay_cuda *self, const assay_cuda_command *command);

/* Begins to record: what is pending is run first. */
void assay_cuda_record(assay_cuda *self);
/* Runs what is pending and records no longer. */
void assay_cuda_flush(assay_cuda *self);

/* graph.c: whether `sequence` differs from `pending` only in arguments that a graph's kernels can be given anew. */
bool assay_cuda_same_sequence(const assay_cuda_sequence *sequence, const assay_cuda_sequence *pending);
/* Makes a graph of the sequence; false after a failure. */
bool assay_cuda_build_graph(assay_cuda *self, assay_cuda_sequence *sequence);
/* Gives the sequence's graph the new arguments in `pending`, and launches it. */
void assay_cuda_replay(assay_cuda *self, assay_cuda_sequence *sequence, const assay_cuda_sequence *pending);
void assay_cuda_destroy_graph(assay_cuda_sequence *sequence);

/* --- the table's functions -------------------------------------------------------------------------------------- */

void assay_cuda_close(assay_backend *backend);
void assay_cuda_synchronize(assay_backend *backend);
assay_buffer *assay_cuda_buffer_create(assay_backend *backend, assay_element element, size_t count, assay_error *error);
assay_buffer *assay_cuda_buffer_borrow(assay_backend *backend, const uint8_t *bytes, size_t count, assay_error *error);
void assay_cuda_buffer_destroy(assay_backend *backend, assay_buffer *buffer);
void assay_cuda_upload(assay_backend *backend, assay_slice to, assay_host_type type, const void *host);
void assay_cuda_download(assay_backend *backend, assay_slice from, assay_host_type type, void *host);
void assay_cuda_fill(assay_backend *backend, assay_slice to, double value);
void assay_cuda_copy(assay_backend *backend, assay_slice to, assay_slice from);
void assay_cuda_fill_random(assay_backend *backend, assay_slice to, assay_generator *generator,
                            assay_distribution distribution);
void assay_cuda_gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c);
void assay_cuda_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y);
void assay_cuda_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                                    assay_slice dy, assay_slice dx);
void assay_cuda_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation,
                               assay_slice x, assay_slice weight, assay_slice bias, assay_slice z, assay_slice y);
void assay_cuda_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                      const assay_linear_backward_slices *slices);
void assay_cuda_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x,
                                           assay_slice dz, assay_slice dweight, assay_slice dbias);
void assay_cuda_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                      assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits);
void assay_cuda_softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                        assay_slice probabilities);
void assay_cuda_gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                       assay_slice index, assay_slice table, assay_slice x, assay_slice y);
void assay_cuda_update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                       assay_slice gradients, const assay_slice *state);
double assay_cuda_sum(assay_backend *backend, assay_slice x);
assay_moments assay_cuda_moments(assay_backend *backend, assay_slice x);

/*
 * For the tests: Philox's 32-bit outputs in the order in which a fill uses them, into an INT32 slice; advances the
 * generator as a fill of to.count elements does.
 */
void assay_cuda_philox_bits(assay_backend *backend, assay_slice to, assay_philox *generator);

#endif
