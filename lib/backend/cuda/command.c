/* Commands: made, and run one by one. */
#include <string.h>

#include "backend/cuda/cuda.h"

enum {
    MOST_BLOCKS = 65535 /* of a grid; kernels loop over the rest */
};

/* --- making ----------------------------------------------------------------------------------------------------- */

static unsigned blocks_for(uint64_t count, uint64_t size, uint64_t most)
{
    uint64_t blocks = count / size + (count % size != 0);
    uint64_t limit = most < MOST_BLOCKS ? most : MOST_BLOCKS;
    return (unsigned)(blocks < limit ? blocks : limit);
}

static assay_cuda_command empty_command(int kernel)
{
    assay_cuda_command command;
    memset(&command, 0, sizeof command); /* to the last byte: commands are compared as bytes */
    command.kernel = kernel;
    command.grid.x = command.grid.y = command.grid.z = 1;
    command.block.x = command.block.y = command.block.z = 1;
    return command;
}

assay_cuda_command assay_cuda_command_over(assay_cuda_kernel kernel, uint64_t count, uint64_t most_blocks)
{
    assay_cuda_command command = empty_command((int)kernel);
    command.grid.x = blocks_for(count, ASSAY_CUDA_BLOCK, most_blocks);
    command.block.x = ASSAY_CUDA_BLOCK;
    return command;
}

assay_cuda_command assay_cuda_command_tiled(assay_cuda_kernel kernel, uint64_t rows, uint64_t columns)
{
    assay_cuda_command command = empty_command((int)kernel);
    /* At most 2^26 blocks of columns, as a dimension is below 2^31: all of them fit into a grid's width. */
    command.grid.x = (unsigned)(columns / ASSAY_CUDA_TILE_COLUMNS + (columns % ASSAY_CUDA_TILE_COLUMNS != 0));
    command.grid.y = blocks_for(rows, ASSAY_CUDA_TILE_ROWS, UINT64_MAX);
    command.block.x = ASSAY_CUDA_TILE_COLUMNS;
    command.block.y = ASSAY_CUDA_TILE_ROWS;
    return command;
}

/*
 * cuBLAS's matrices are column-major, and a row-major matrix is the column-major one of its transpose. So the call
 * computes C^T = op(B)^T op(A)^T, with B first.
 */
assay_cuda_command assay_cuda_command_gemm(const assay_cuda *self, assay_gemm_shape shape, assay_slice a, assay_slice b,
                                           assay_slice c, int lane)
{
    assay_cuda_command command = empty_command(ASSAY_CUDA_GEMM);
    assay_cuda_gemm_arguments *arguments = &command.arguments.gemm;
    arguments->a = assay_cuda_at(b);
    arguments->b = assay_cuda_at(a);
    arguments->c = assay_cuda_at(c);
    arguments->trans_a = shape.trans_b;
    arguments->trans_b = shape.trans_a;
    arguments->m = shape.n;
    arguments->n = shape.m;
    arguments->k = shape.k;
    arguments->lda = shape.trans_b ? shape.k : shape.n;
    arguments->ldb = shape.trans_a ? shape.m : shape.k;
    arguments->ldc = shape.n;
    arguments->lane = (uint64_t)lane;
    arguments->alpha = shape.alpha;
    arguments->beta = shape.beta;
    assay_cuda_reads(&command, a);
    assay_cuda_reads(&command, b);
    assay_cuda_writes(&command, c);
    assay_cuda_touches(&command, self->workspace[lane], 1, true);
    return command;
}

static void touch(assay_cuda_command *command, assay_cuda_address begin, size_t size, bool written)
{
    command->written |= (unsigned)written << command->accesses;
    command->access[command->accesses].begin = begin;
    command->access[command->accesses].end = begin + size;
    command->accesses++;
}

void assay_cuda_touches(assay_cuda_command *command, const void *memory, size_t size, bool written)
{
    touch(command, assay_cuda_address_of(memory), size, written);
}

static void touch_slice(assay_cuda_command *command, assay_slice slice, bool written)
{
    if (slice.buffer != NULL) {
        size_t size = assay_cuda_element_size(slice.buffer->backend, slice.buffer->element);
        touch(command, assay_cuda_at(slice), slice.count * size, written);
    }
}

void assay_cuda_reads(assay_cuda_command *command, assay_slice slice)
{
    touch_slice(command, slice, false);
}

void assay_cuda_writes(assay_cuda_command *command, assay_slice slice)
{
    touch_slice(command, slice, true);
}

/* --- running ---------------------------------------------------------------------------------------------------- */

static cublasOperation_t operation_of(uint64_t transposed)
{
    return transposed != 0 ? CUBLAS_OP_T : CUBLAS_OP_N;
}

static cublasStatus_t gemm_f32(const assay_cuda *self, const assay_cuda_gemm_arguments *g)
{
    float alpha = (float)g->alpha;
    float beta = (float)g->beta;
    return self->cublas.cublasSgemm_v2(self->handle[g->lane], operation_of(g->trans_a), operation_of(g->trans_b),
                                       (int)g->m, (int)g->n, (int)g->k, &alpha, (const float *)(uintptr_t)g->a,
                                       (int)g->lda, (const float *)(uintptr_t)g->b, (int)g->ldb, &beta,
                                       (float *)(uintptr_t)g->c, (int)g->ldc);
}

static cublasStatus_t gemm_f64(const assay_cuda *self, const assay_cuda_gemm_arguments *g)
{
    return self->cublas.cublasDgemm_v2(self->handle[g->lane], operation_of(g->trans_a), operation_of(g->trans_b),
                                       (int)g->m, (int)g->n, (int)g->k, &g->alpha, (const double *)(uintptr_t)g->a,
                                       (int)g->lda, (const double *)(uintptr_t)g->b, (int)g->ldb, &g->beta,
                                       (double *)(uintptr_t)g->c, (int)g->ldc);
}

const void *assay_cuda_handle(const assay_cuda *self, const assay_cuda_command *command)
{
    assay_cuda_kernel kernel = (assay_cuda_kernel)command->kernel;
    return self->base.precision == ASSAY_F32 ? assay_cuda_kernel_f32(kernel) : assay_cuda_kernel_f64(kernel);
}

bool assay_cuda_run(assay_cuda *self, const assay_cuda_command *command)
{
    bool single = self->base.precision == ASSAY_F32;
    if (command->kernel == ASSAY_CUDA_GEMM) {
        const assay_cuda_gemm_arguments *arguments = &command->arguments.gemm;
        return assay_cublas_ok(self, single ? gemm_f32(self, arguments) : gemm_f64(self, arguments),
                               single ? "cublasSgemm" : "cublasDgemm");
    }
    assay_cuda_arguments arguments = command->arguments;
    void *pointers[] = {&arguments};
    return ASSAY_CUDA_TRY(self, cudaLaunchKernel, assay_cuda_handle(self, command), command->grid, command->block,
                          pointers, 0, self->stream);
}
