/* Opening and closing, and the table of operations. */
#include <stdio.h>

#include "backend/cuda/cuda.h"
#include <assay/base/alloc.h>

/* The places where cuBLAS may be: the loader's path, and the folder in which configure found CUDA. */
#ifndef ASSAY_CUBLAS_NAMES
#define ASSAY_CUBLAS_TEXT(x) #x
#define ASSAY_CUBLAS_MAJOR(x) ASSAY_CUBLAS_TEXT(x)
#define ASSAY_CUBLAS_FILE "libcublas.so." ASSAY_CUBLAS_MAJOR(CUBLAS_VER_MAJOR)
#define ASSAY_CUBLAS_NAMES ASSAY_CUBLAS_FILE, ASSAY_CUDA_FOLDER "/" ASSAY_CUBLAS_FILE
#endif

/* clang-format off */
enum {
    LEAST_CAPABILITY = 75,          /* the oldest processor that kernels are compiled for */
    WORKSPACE_SIZE = 32 * 1024 * 1024 /* bytes: what cuBLAS recommends for Hopper */
};
/* clang-format on */

static const assay_backend_operations OPERATIONS = {
    .close = assay_cuda_close,
    .synchronize = assay_cuda_synchronize,
    .buffer_create = assay_cuda_buffer_create,
    .buffer_borrow = assay_cuda_buffer_borrow,
    .buffer_destroy = assay_cuda_buffer_destroy,
    .upload = assay_cuda_upload,
    .download = assay_cuda_download,
    .fill = assay_cuda_fill,
    .copy = assay_cuda_copy,
    .fill_random = assay_cuda_fill_random,
    .gemm = assay_cuda_gemm,
    .activation_forward = assay_cuda_activation_forward,
    .activation_backward = assay_cuda_activation_backward,
    .linear_forward = assay_cuda_linear_forward,
    .linear_backward_input = assay_cuda_linear_backward_input,
    .linear_backward_parameters = assay_cuda_linear_backward_parameters,
    .softmax_cross_entropy = assay_cuda_softmax_cross_entropy,
    .softmax = assay_cuda_softmax,
    .gather = assay_cuda_gather,
    .update = assay_cuda_update,
    .sum = assay_cuda_sum,
    .moments = assay_cuda_moments,
};

void assay_cuda_synchronize(assay_backend *backend)
{
    assay_cuda_wait((assay_cuda *)backend);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* Kernels run on device 0; the variable CUDA_VISIBLE_DEVICES chooses which one that is. */
static assay_status find_device(assay_error *error)
{
    int devices = 0;
    cudaError_t result = cudaGetDeviceCount(&devices);
    if (result != cudaSuccess) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "backend cuda: no NVIDIA driver or GPU found (%s); "
                          "use --backend openblas",
                          cudaGetErrorString(result));
    }
    int major = 0;
    int minor = 0;
    result = cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0);
    if (result == cudaSuccess) {
        result = cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, 0);
    }
    if (result != cudaSuccess || 10 * major + minor < LEAST_CAPABILITY) {
        return assay_fail(error, ASSAY_ERROR_UNSUPPORTED,
                          "backend cuda: the GPU has compute capability %d.%d (%s), and "
                          "7.5 or more is needed; use --backend openblas",
                          major, minor, cudaGetErrorString(result));
    }
    return ASSAY_OK;
}

/*
 * One lane: a handle with a workspace of its own that never changes. So cuBLAS divides a product in the same way in
 * every run, and the last bits are the same. Default math: float products are computed in float, not in TF32.
 */
static void open_lane(assay_cuda *self, int lane)
{
    cublasHandle_t *handle = &self->handle[lane];
    bool ok = ASSAY_CUDA_TRY(self, cudaMalloc, &self->workspace[lane], WORKSPACE_SIZE) &&
              assay_cublas_ok(self, self->cublas.cublasCreate_v2(handle), "cublasCreate") &&
              assay_cublas_ok(self, self->cublas.cublasSetStream_v2(*handle, self->stream), "cublasSetStream") &&
              assay_cublas_ok(self, self->cublas.cublasSetWorkspace_v2(*handle, self->workspace[lane], WORKSPACE_SIZE),
                              "cublasSetWorkspace");
    if (ok) {
        assay_cublas_ok(self, self->cublas.cublasSetMathMode(*handle, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
    }
}

static void open_device_memory(assay_cuda *self)
{
    size_t parts = sizeof(double) * ASSAY_CUDA_MOST_PARTS * ASSAY_CUDA_PART_NUMBERS;
    if (ASSAY_CUDA_TRY(self, cudaStreamCreateWithFlags, &self->stream, cudaStreamNonBlocking) &&
        ASSAY_CUDA_TRY(self, cudaMalloc, &self->parts, parts) &&
        ASSAY_CUDA_TRY(self, cudaMalloc, &self->failure, sizeof self->seen)) {
        ASSAY_CUDA_TRY(self, cudaMemsetAsync, self->failure, 0, sizeof self->seen, self->stream);
    }
    for (int lane = 0; lane < ASSAY_CUDA_LANES && self->base.failure.status == ASSAY_OK; lane++) {
        open_lane(self, lane);
    }
}

static assay_status open_sequence(assay_cuda_sequence *sequence, assay_error *error)
{
    sequence->commands = assay_calloc(ASSAY_CUDA_MOST_RECORDED, sizeof *sequence->commands, error);
    sequence->nodes = assay_calloc(ASSAY_CUDA_MOST_RECORDED, sizeof *sequence->nodes, error);
    return sequence->commands != NULL && sequence->nodes != NULL ? ASSAY_OK : ASSAY_ERROR_MEMORY;
}

static assay_status open_parts(assay_cuda *self, assay_error *error)
{
    static const char *const names[] = {ASSAY_CUBLAS_NAMES};
    ASSAY_TRY(open_sequence(&self->pending, error));
    for (int i = 0; i < ASSAY_CUDA_SEQUENCES; i++) {
        ASSAY_TRY(open_sequence(&self->remembered[i], error));
    }
    ASSAY_TRY(assay_cublas_load(sizeof names / sizeof *names, names, &self->cublas, error));
    open_device_memory(self);
    const assay_error *failure = &self->base.failure;
    return failure->status == ASSAY_OK ? ASSAY_OK : assay_fail(error, failure->status, "%s", failure->message);
}

assay_status assay_cuda_open(const assay_backend_options *options, assay_backend **backend, assay_error *error)
{
    ASSAY_TRY(find_device(error));
    assay_cuda *made = assay_calloc(1, sizeof *made, error);
    if (made == NULL) {
        return ASSAY_ERROR_MEMORY;
    }
    made->base.operations = &OPERATIONS;
    made->base.name = "cuda";
    made->base.precision = options->precision;
    made->base.threads = 1;
    assay_status status = open_parts(made, error);
    if (status != ASSAY_OK) {
        assay_cuda_close(&made->base);
        return status;
    }
    *backend = &made->base;
    return ASSAY_OK;
}

static void close_sequence(assay_cuda_sequence *sequence)
{
    assay_cuda_destroy_graph(sequence);
    assay_free(sequence->commands);
    assay_free(sequence->nodes);
}

/* Also closes a backend that was opened only in part. Failures are ignored here: nobody can read them any more. */
void assay_cuda_close(assay_backend *backend)
{
    assay_cuda *self = (assay_cuda *)backend;
    if (self->stream != NULL) {
        cudaStreamSynchronize(self->stream);
    }
    close_sequence(&self->pending);
    for (int i = 0; i < ASSAY_CUDA_SEQUENCES; i++) {
        close_sequence(&self->remembered[i]);
    }
    for (int lane = 0; lane < ASSAY_CUDA_LANES; lane++) {
        if (self->handle[lane] != NULL) {
            self->cublas.cublasDestroy_v2(self->handle[lane]);
        }
        cudaFree(self->workspace[lane]);
    }
    cudaFree(self->failure);
    cudaFree(self->parts);
    if (self->stream != NULL) {
        cudaStreamDestroy(self->stream);
    }
    assay_cublas_unload(&self->cublas);
    assay_free(self);
}
