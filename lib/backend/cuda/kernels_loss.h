/* Softmax and its cross-entropy: one thread for each row, as classes are few. Private to lib/backend/cuda/. */
#ifndef ASSAY_BACKEND_CUDA_KERNELS_LOSS_H
#define ASSAY_BACKEND_CUDA_KERNELS_LOSS_H

#include "backend/cuda/kernels.h"

/* The first of the largest logits. */
DEVICE uint64_t index_of_largest(uint64_t classes, const real *logits)
{
    uint64_t index = 0;
    for (uint64_t j = 1; j < classes; j++) {
        if (logits[j] > logits[index]) {
            index = j;
        }
    }
    return index;
}

/* e[j] = exp(logits[j] - largest), unless e is 0; returns their sum but for the one at `except`. e may be logits. */
DEVICE double exponentials(uint64_t classes, const real *logits, real largest, uint64_t except, real *e)
{
    double sum = 0;
    for (uint64_t j = 0; j < classes; j++) {
        real power = REAL_EXP(logits[j] - largest);
        if (j != except) {
            sum += (double)power;
        }
        if (e != 0) {
            e[j] = power;
        }
    }
    return sum;
}

/*
 * A row's loss, and its gradient divided by the number of rows. The label's own exponential is kept apart: the loss of
 * a confident right answer is log1p of the others, and p - 1 is -(the others) / sum, so that nothing cancels.
 */
DEVICE double row_loss(const assay_cuda_loss_arguments *p, uint64_t row, uint64_t label, uint64_t *correct)
{
    const real *logits = AT(const real, p->logits) + row * p->classes;
    real *gradient = p->dlogits == 0 ? 0 : AT(real, p->dlogits) + row * p->classes;
    uint64_t top = index_of_largest(p->classes, logits);
    real largest = logits[top];
    double shifted = (double)logits[label] - (double)largest;
    double others = exponentials(p->classes, logits, largest, label, gradient);
    double sum = others + exp(shifted);
    if (gradient != 0) {
        double scale = 1 / (sum * (double)p->rows);
        for (uint64_t j = 0; j < p->classes; j++) {
            gradient[j] = (real)((double)gradient[j] * scale);
        }
        gradient[label] = (real)(-others * scale);
    }
    *correct += top == label;
    return top == label ? log1p(others) : log(sum) - shifted;
}

/*
 * Adds one number of each thread, in both arrays, as a tree; the sums are in element 0. All threads of a block call it.
 */
DEVICE void add_up(double *losses, uint64_t *counts)
{
    __syncthreads();
    for (unsigned half = ASSAY_CUDA_BLOCK / 2; half > 0; half /= 2) {
        if (threadIdx.x < half) {
            losses[threadIdx.x] += losses[threadIdx.x + half];
            counts[threadIdx.x] += counts[threadIdx.x + half];
        }
        __syncthreads();
    }
}

DEVICE void store_totals(const assay_cuda_loss_arguments *p, double loss, uint64_t count)
{
    if (p->loss != 0) {
        *AT(real, p->loss) = (real)(loss / (double)p->rows);
    }
    if (p->correct != 0) {
        *AT(int32_t, p->correct) = (int32_t)count;
    }
}

/* A grid of one block completes the sums itself; of several blocks, each writes its part. */
KERNEL(cross_entropy)
{
    __shared__ double losses[ASSAY_CUDA_BLOCK];
    __shared__ uint64_t counts[ASSAY_CUDA_BLOCK];
    const int32_t *labels = AT(const int32_t, p.loss.labels);
    double loss = 0;
    uint64_t correct = 0;
    FOR_EACH(row, p.loss.rows) {
        int64_t label = labels[row];
        if (label < 0 || (uint64_t)label >= p.loss.classes) {
            record_failure(p.loss.failure, p.loss.operation, row, label, p.loss.classes, 1);
        } else {
            loss += row_loss(&p.loss, row, (uint64_t)label, &correct);
        }
    }
    losses[threadIdx.x] = loss;
    counts[threadIdx.x] = correct;
    add_up(losses, counts);
    if (threadIdx.x != 0) {
        return;
    }
    if (gridDim.x == 1) {
        store_totals(&p.loss, losses[0], counts[0]);
    } else {
        double *part = AT(double, p.loss.parts) + (uint64_t)blockIdx.x * ASSAY_CUDA_PART_NUMBERS;
        part[0] = losses[0];
        part[1] = (double)counts[0];
    }
}

/* One block over the parts of at most MOST_PARTS blocks, `operation` of them: each thread takes one. */
KERNEL(cross_entropy_total)
{
    __shared__ double losses[ASSAY_CUDA_BLOCK];
    __shared__ uint64_t counts[ASSAY_CUDA_BLOCK];
    const double *part = AT(const double, p.loss.parts) + (uint64_t)threadIdx.x * ASSAY_CUDA_PART_NUMBERS;
    bool mine = threadIdx.x < p.loss.operation;
    losses[threadIdx.x] = mine ? part[0] : 0;
    counts[threadIdx.x] = mine ? (uint64_t)part[1] : 0;
    add_up(losses, counts);
    if (threadIdx.x == 0) {
        store_totals(&p.loss, losses[0], counts[0]);
    }
}

KERNEL(softmax)
{
    FOR_EACH(row, p.loss.rows) {
        const real *logits = AT(const real, p.loss.logits) + row * p.loss.classes;
        real *probabilities = AT(real, p.loss.dlogits) + row * p.loss.classes;
        real largest = logits[index_of_largest(p.loss.classes, logits)];
        double scale = 1 / exponentials(p.loss.classes, logits, largest, p.loss.classes, probabilities);
        for (uint64_t j = 0; j < p.loss.classes; j++) {
            probabilities[j] = (real)((double)probabilities[j] * scale);
        }
    }
}

#endif
