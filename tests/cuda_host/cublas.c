/* Emulated cuBLAS: the products by OpenBLAS, through the same column-major interface. */
#include <cblas.h>
#include <stdlib.h>

#include "cuda_host.h"

struct cublasContext {
    cudaStream_t stream;
    void *workspace;
    bool math_set;
};

const char *cublasGetStatusString(cublasStatus_t status)
{
    return status == CUBLAS_STATUS_ALLOC_FAILED ? "the resource allocation failed" : "an emulated error";
}

cublasStatus_t cublasCreate_v2(cublasHandle_t *handle)
{
    if (cuda_host_fails("cublasCreate")) {
        return CUBLAS_STATUS_ALLOC_FAILED;
    }
    openblas_set_num_threads(1);
    *handle = cuda_host_new(sizeof **handle);
    cuda_host_living++;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle)
{
    free(handle);
    cuda_host_living--;
    return CUBLAS_STATUS_SUCCESS;
}

/* As in cuBLAS, a new stream takes the workspace away. */
cublasStatus_t cublasSetStream_v2(cublasHandle_t handle, cudaStream_t stream)
{
    if (cuda_host_fails("cublasSetStream")) {
        return CUBLAS_STATUS_NOT_INITIALIZED;
    }
    handle->stream = stream;
    handle->workspace = NULL;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t handle, void *workspace, size_t size)
{
    if (cuda_host_fails("cublasSetWorkspace")) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    cuda_host_range(workspace, size, "cublasSetWorkspace");
    handle->workspace = workspace;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t handle, cublasMath_t mode)
{
    if (cuda_host_fails("cublasSetMathMode")) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    handle->math_set = mode == CUBLAS_DEFAULT_MATH;
    return CUBLAS_STATUS_SUCCESS;
}

/* Bytes of a column-major matrix. */
static size_t matrix_size(int rows, int columns, int leading, size_t element)
{
    return ((size_t)leading * (size_t)(columns - 1) + (size_t)rows) * element;
}

static cublasStatus_t put_product(const cuda_host_product *p)
{
    size_t element = p->single ? sizeof(float) : sizeof(double);
    int a_rows = p->trans_a ? p->k : p->m;
    int b_rows = p->trans_b ? p->n : p->k;
    if (p->handle->workspace == NULL || !p->handle->math_set) {
        cuda_host_die("cuBLAS: a product before the handle has a workspace and a math mode");
    }
    if (p->m < 1 || p->n < 1 || p->k < 1 || p->lda < a_rows || p->ldb < b_rows || p->ldc < p->m) {
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    cuda_host_range(p->a, matrix_size(a_rows, p->trans_a ? p->m : p->k, p->lda, element), "cuBLAS, A");
    cuda_host_range(p->b, matrix_size(b_rows, p->trans_b ? p->k : p->n, p->ldb, element), "cuBLAS, B");
    cuda_host_range(p->c, matrix_size(p->m, p->n, p->ldc, element), "cuBLAS, C");
    const cuda_host_work work = {.kind = HOST_PRODUCT, .product = *p};
    cuda_host_enqueue(p->handle->stream, &work);
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemm_v2(cublasHandle_t handle, cublasOperation_t trans_a, cublasOperation_t trans_b, int m, int n,
                              int k, const float *alpha, const float *a, int lda, const float *b, int ldb,
                              const float *beta, float *c, int ldc)
{
    const cuda_host_product product = {true, handle, trans_a == CUBLAS_OP_T, trans_b == CUBLAS_OP_T, m, n, k, lda,
                                       ldb,  ldc,    (double)*alpha,         (double)*beta,          a, b, c};
    return cuda_host_fails("cublasSgemm") ? CUBLAS_STATUS_EXECUTION_FAILED : put_product(&product);
}

cublasStatus_t cublasDgemm_v2(cublasHandle_t handle, cublasOperation_t trans_a, cublasOperation_t trans_b, int m, int n,
                              int k, const double *alpha, const double *a, int lda, const double *b, int ldb,
                              const double *beta, double *c, int ldc)
{
    const cuda_host_product product = {
        false, handle, trans_a == CUBLAS_OP_T, trans_b == CUBLAS_OP_T, m, n, k, lda, ldb, ldc, *alpha, *beta, a, b, c};
    return cuda_host_fails("cublasDgemm") ? CUBLAS_STATUS_EXECUTION_FAILED : put_product(&product);
}

static CBLAS_TRANSPOSE transposed(bool yes)
{
    return yes ? CblasTrans : CblasNoTrans;
}

static void *at(const void *address)
{
    return cuda_host_memory((uint64_t)(uintptr_t)address);
}

void cuda_host_run_product(const cuda_host_product *p)
{
    cuda_host_counted.products++;
    if (p->single) {
        cblas_sgemm(CblasColMajor, transposed(p->trans_a), transposed(p->trans_b), p->m, p->n, p->k, (float)p->alpha,
                    at(p->a), p->lda, at(p->b), p->ldb, (float)p->beta, at(p->c), p->ldc);
    } else {
        cblas_dgemm(CblasColMajor, transposed(p->trans_a), transposed(p->trans_b), p->m, p->n, p->k, p->alpha, at(p->a),
                    p->lda, at(p->b), p->ldb, p->beta, at(p->c), p->ldc);
    }
}
