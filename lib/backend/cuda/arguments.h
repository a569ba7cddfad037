/*
 * The one argument that every kernel has, and the kernels' numbers. Read by nvcc and by the C compiler; private to
 * lib/backend/cuda/. Every field has eight bytes: so no struct has padding, and two can be compared byte by byte.
 */
#ifndef ASSAY_BACKEND_CUDA_ARGUMENTS_H
#define ASSAY_BACKEND_CUDA_ARGUMENTS_H

#include <stdint.h>

#include "backend/update_coefficients.h"

/* An address of the device's memory; 0: not wanted. The host never reads through one. */
typedef uint64_t assay_cuda_address;

/* Every kernel: X(NUMBER, function). */
#define ASSAY_CUDA_KERNELS(X)                              \
    X(ASSAY_CUDA_FILL, fill)                               \
    X(ASSAY_CUDA_SCALE, scale)                             \
    X(ASSAY_CUDA_BIAS, bias_and_activate)                  \
    X(ASSAY_CUDA_ACTIVATE, activate_all)                   \
    X(ASSAY_CUDA_DIFFERENTIATE, differentiate_all)         \
    X(ASSAY_CUDA_COLUMN_SUMS, column_sums)                 \
    X(ASSAY_CUDA_CROSS_ENTROPY, cross_entropy)             \
    X(ASSAY_CUDA_CROSS_ENTROPY_TOTAL, cross_entropy_total) \
    X(ASSAY_CUDA_SOFTMAX, softmax)                         \
    X(ASSAY_CUDA_GATHER, gather)                           \
    X(ASSAY_CUDA_UPDATE, update)                           \
    X(ASSAY_CUDA_RANDOM, random_fill)                      \
    X(ASSAY_CUDA_SUM, sum)                                 \
    X(ASSAY_CUDA_RANGE, range)                             \
    X(ASSAY_CUDA_POWERS, powers)

#define ASSAY_CUDA_NUMBER(number, function) number,
typedef enum { ASSAY_CUDA_KERNELS(ASSAY_CUDA_NUMBER) ASSAY_CUDA_KERNEL_COUNT } assay_cuda_kernel;
#undef ASSAY_CUDA_NUMBER

/* clang-format off */
enum {
    ASSAY_CUDA_BLOCK = 256,         /* threads of a block */
    ASSAY_CUDA_TILE_COLUMNS = 32,   /* of a block that works on a matrix: a warp's width ... */
    ASSAY_CUDA_TILE_ROWS = 8,       /* ... times this */
    ASSAY_CUDA_MOST_PARTS = 256,    /* blocks of a reduction, each with a partial result */
    ASSAY_CUDA_PART_NUMBERS = 4     /* numbers in one */
};
/* clang-format on */

/* fill: to[i] = value. scale: to[i] *= value. */
typedef struct {
    assay_cuda_address to;
    uint64_t count;
    double value;
} assay_cuda_fill_arguments;

/* t = product + bias, z = t, y = f(t); any of them may be the same memory, z or y may be 0. */
typedef struct {
    assay_cuda_address product;
    assay_cuda_address bias;
    assay_cuda_address z;
    assay_cuda_address y;
    uint64_t rows;
    uint64_t columns;
    uint64_t activation;
    double parameter;
} assay_cuda_bias_arguments;

/* result = f(source), or result = dy f' with f' computed from `source`. */
typedef struct {
    assay_cuda_address source;
    assay_cuda_address dy;
    assay_cuda_address result;
    uint64_t count;
    uint64_t activation;
    double parameter;
} assay_cuda_activation_arguments;

typedef struct {
    assay_cuda_address x;
    assay_cuda_address sums;
    uint64_t rows;
    uint64_t columns;
} assay_cuda_column_sums_arguments;

/* Cross-entropy and, with `dlogits` for the probabilities, softmax. */
typedef struct {
    assay_cuda_address logits;
    assay_cuda_address labels;
    assay_cuda_address loss;
    assay_cuda_address correct;
    assay_cuda_address dlogits;
    assay_cuda_address parts; /* double [blocks][ASSAY_CUDA_PART_NUMBERS] */
    assay_cuda_address failure;
    uint64_t rows;
    uint64_t classes;
    uint64_t operation;
} assay_cuda_loss_arguments;

typedef struct {
    assay_cuda_address pixels;
    assay_cuda_address labels;
    assay_cuda_address index;
    assay_cuda_address table;
    assay_cuda_address x;
    assay_cuda_address y;
    assay_cuda_address failure;
    uint64_t width;
    uint64_t images;
    uint64_t operation;
} assay_cuda_gather_arguments;

typedef struct {
    assay_cuda_address w;
    assay_cuda_address g;
    assay_cuda_address state[ASSAY_UPDATE_MAX_SLOTS]; /* 0 for slots that the rule does not have */
    assay_cuda_address failure;
    uint64_t count;
    uint64_t kind; /* assay_update_kind */
    assay_update_coefficients coefficients;
} assay_cuda_update_arguments;

/* PyTorch's fill: element thread + (4 call + i) threads is output i of a thread's call. */
typedef struct {
    assay_cuda_address to;
    uint64_t count;
    uint64_t seed;
    uint64_t position; /* of the first call: the generator's offset / 4 */
    uint64_t threads;
    uint64_t calls;
    uint64_t output; /* assay_cuda_random_output */
    double a;
    double b;
} assay_cuda_random_arguments;

typedef enum {
    ASSAY_CUDA_UNIFORM, /* a = lower bound, b = upper bound - lower bound */
    ASSAY_CUDA_NORMAL,  /* a = mean, b = standard deviation */
    ASSAY_CUDA_BITS     /* the 32-bit outputs themselves, into INT32 */
} assay_cuda_random_output;

/* sum, range and powers: one row of `parts` (double [blocks][ASSAY_CUDA_PART_NUMBERS]) for each block. */
typedef struct {
    assay_cuda_address x;
    assay_cuda_address parts;
    uint64_t count;
    double centre;
    double scale;
} assay_cuda_reduce_arguments;

/* A product of column-major matrices as cuBLAS takes it; no kernel of ours. `lane`: whose handle and workspace. */
typedef struct {
    assay_cuda_address a;
    assay_cuda_address b;
    assay_cuda_address c;
    uint64_t trans_a;
    uint64_t trans_b;
    uint64_t m;
    uint64_t n;
    uint64_t k;
    uint64_t lda;
    uint64_t ldb;
    uint64_t ldc;
    uint64_t lane;
    double alpha;
    double beta;
} assay_cuda_gemm_arguments;

typedef union {
    assay_cuda_fill_arguments fill;
    assay_cuda_bias_arguments bias;
    assay_cuda_activation_arguments activation;
    assay_cuda_column_sums_arguments column_sums;
    assay_cuda_loss_arguments loss;
    assay_cuda_gather_arguments gather;
    assay_cuda_update_arguments update;
    assay_cuda_random_arguments random;
    assay_cuda_reduce_arguments reduce;
    assay_cuda_gemm_arguments gemm;
} assay_cuda_arguments;

/*
 * The first label or index that was out of range, on the device: of the earliest operation, the one at the smallest
 * position. All zero if there is none.
 */
typedef struct {
    uint32_t lock;
    uint32_t set;
    uint64_t operation; /* counts the operations that check, from 1 */
    uint64_t position;
    int64_t value;
    uint64_t limit;
    uint64_t is_label;
} assay_cuda_failure;

#endif
