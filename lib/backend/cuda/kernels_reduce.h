/*
 * Sums in double, in a fixed order: a thread adds its share, a block adds its threads' sums as a tree, and the host or
 * a second kernel adds the blocks' sums. The grid depends only on the count. Private to lib/backend/cuda/.
 */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_REDUCE_H
#define ASSAY_BACKEND_CUDA_KERNELS_REDUCE_H

#include "backend/cuda/kernels.h"

/* A block takes TILE_COLUMNS columns; its rows of threads take every TILE_ROWS-th row of the matrix each. */
KERNEL(column_sums)
{
    __shared__ double sums[ASSAY_CUDA_TILE_ROWS][ASSAY_CUDA_TILE_COLUMNS];
    const real *x = AT(const real, p.column_sums.x);
    uint64_t column = (uint64_t)blockIdx.x * ASSAY_CUDA_TILE_COLUMNS + threadIdx.x;
    double sum = 0;
    if (column < p.column_sums.columns) {
        for (uint64_t row = threadIdx.y; row < p.column_sums.rows; row += ASSAY_CUDA_TILE_ROWS) {
            sum += (double)x[row * p.column_sums.columns + column];
        }
    }
    sums[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    for (unsigned half = ASSAY_CUDA_TILE_ROWS / 2; half > 0; half /= 2) {
        if (threadIdx.y < half) {
            sums[threadIdx.y][threadIdx.x] += sums[threadIdx.y + half][threadIdx.x];
        }
        __syncthreads();
    }
    if (threadIdx.y == 0 && column < p.column_sums.columns) {
        AT(real, p.column_sums.sums)[column] = (real)sums[0][threadIdx.x];
    }
}

KERNEL(sum)
{
    __shared__ double sums[ASSAY_CUDA_BLOCK];
    const real *x = AT(const real, p.reduce.x);
    double total = 0;
    FOR_EACH(i, p.reduce.count) {
        total += (double)x[i];
    }
    sums[threadIdx.x] = total;
    __syncthreads();
    for (unsigned half = ASSAY_CUDA_BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            sums[threadIdx.x] += sums[threadIdx.x + half];
        }
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        AT(double, p.reduce.parts)[(uint64_t)blockIdx.x * ASSAY_CUDA_PART_NUMBERS] = sums[0];
    }
}

/* Sum, least, largest, and the number of NaN, which comparisons ignore. */
KERNEL(range)
{
    __shared__ double parts[ASSAY_CUDA_PART_NUMBERS][ASSAY_CUDA_BLOCK];
    const real *x = AT(const real, p.reduce.x);
    unsigned t = threadIdx.x;
    double total = 0, least = INFINITY, largest = -INFINITY, nans = 0;
    FOR_EACH(i, p.reduce.count) {
        double value = (double)x[i];
        total += value;
        least = value < least ? value : least;
        largest = value > largest ? value : largest;
        nans += value != value;
    }
    parts[0][t] = total;
    parts[1][t] = least;
    parts[2][t] = largest;
    parts[3][t] = nans;
    __syncthreads();
    for (unsigned half = ASSAY_CUDA_BLOCK / 2; half > 0; half /= 2) {
        if (t < half) {
            parts[0][t] += parts[0][t + half];
            parts[1][t] = parts[1][t + half] < parts[1][t] ? parts[1][t + half] : parts[1][t];
            parts[2][t] = parts[2][t + half] > parts[2][t] ? parts[2][t + half] : parts[2][t];
            parts[3][t] += parts[3][t + half];
        }
        __syncthreads();
    }
    if (t < ASSAY_CUDA_PART_NUMBERS) {
        AT(double, p.reduce.parts)[(uint64_t)blockIdx.x * ASSAY_CUDA_PART_NUMBERS + t] = parts[t][0];
    }
}

/* The sums of the powers 1 to 4 of (x - centre) scale. */
KERNEL(powers)
{
    __shared__ double parts[ASSAY_CUDA_PART_NUMBERS][ASSAY_CUDA_BLOCK];
    const real *x = AT(const real, p.reduce.x);
    unsigned t = threadIdx.x;
    double sum[ASSAY_CUDA_PART_NUMBERS] = {0, 0, 0, 0};
    FOR_EACH(i, p.reduce.count) {
        double deviation = ((double)x[i] - p.reduce.centre) * p.reduce.scale;
        double square = deviation * deviation;
        sum[0] += deviation;
        sum[1] += square;
        sum[2] += square * deviation;
        sum[3] += square * square;
    }
    for (int power = 0; power < ASSAY_CUDA_PART_NUMBERS; power++) {
        parts[power][t] = sum[power];
    }
    __syncthreads();
    for (unsigned half = ASSAY_CUDA_BLOCK / 2; half > 0; half /= 2) {
        for (int power = 0; power < ASSAY_CUDA_PART_NUMBERS && t < half; power++) {
            parts[power][t] += parts[power][t + half];
        }
        __syncthreads();
    }
    if (t < ASSAY_CUDA_PART_NUMBERS) {
        AT(double, p.reduce.parts)[(uint64_t)blockIdx.x * ASSAY_CUDA_PART_NUMBERS + t] = parts[t][0];
    }
}

#endif
