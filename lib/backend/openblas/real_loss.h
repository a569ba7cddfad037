/* Softmax and its cross-entropy; template, private to lib/backend/openblas/. */
#ifndef ASSAY_BACKEND_OPENBLAS_REAL_LOSS_H
#define ASSAY_BACKEND_OPENBLAS_REAL_LOSS_H

#include "backend/openblas/real_math.h"

/* Classes computed at once. A shorter rest is filled up, so that the loops have whole vectors. */
enum { CLASSES_AT_ONCE = 16 };

typedef struct {
    real largest;
    size_t index; /* the first of equals */
} maximum;

ASSAY_INLINE maximum maximum_of(size_t classes, const real *logits)
{
    maximum found = {logits[0], 0};
    for (size_t j = 1; j < classes; j++) {
        if (logits[j] > found.largest) {
            found = (maximum){logits[j], j};
        }
    }
    return found;
}

/*
 * e[j] = exp(logits[j] - largest), which is at most 1; returns their sum without the one at `except` (classes: none
 * left out). e may be logits, or NULL.
 */
ASSAY_INLINE double exponentials(size_t classes, const real *logits, real largest, size_t except, real *e)
{
    double sum = 0;
    for (size_t begin = 0; begin < classes; begin += CLASSES_AT_ONCE) {
        size_t count = classes - begin < CLASSES_AT_ONCE ? classes - begin : CLASSES_AT_ONCE;
        real piece[CLASSES_AT_ONCE] = {0};
        for (size_t j = 0; j < count; j++) {
            piece[j] = logits[begin + j] - largest;
        }
        for (size_t j = 0; j < CLASSES_AT_ONCE; j++) {
            piece[j] = exp_nonpositive(piece[j]);
        }
        for (size_t j = 0; j < count; j++) {
            sum += begin + j == except ? 0 : (double)piece[j];
        }
        if (e != NULL) {
            memcpy(e + begin, piece, count * sizeof *e);
        }
    }
    return sum;
}

typedef struct {
    assay_openblas *self;
    size_t rows;
    size_t classes;
    const real *logits;
    const int32_t *labels;
    real *gradient;      /* or NULL */
    real *probabilities; /* of softmax */
} loss_task;

/*
 * One row's loss; its gradient divided by the number of rows, if wanted; counts the row if its largest logit is right.
 */
ASSAY_INLINE double row_loss(const loss_task *task, size_t r, int32_t *correct)
{
    size_t classes = task->classes;
    const real *logits = task->logits + r * classes;
    size_t label = (size_t)task->labels[r];
    maximum top = maximum_of(classes, logits);
    double shifted = (double)logits[label] - (double)top.largest;
    real *gradient = task->gradient == NULL ? NULL : task->gradient + r * classes;
    double others = exponentials(classes, logits, top.largest, label, gradient);
    double sum = others + exp(shifted);
    *correct += top.index == label;
    if (gradient != NULL) {
        double scale = 1 / (sum * (double)task->rows);
        for (size_t j = 0; j < classes; j++) {
            gradient[j] = (real)((double)gradient[j] * scale);
        }
        /* p - 1 = -(sum of the others) / sum: nothing cancels when p is near 1. */
        gradient[label] = (real)(-others * scale);
    }
    /* log1p: the loss of a confident right answer is small, but not 0. */
    return top.index == label ? log1p(others) : log(sum) - shifted;
}

static ASSAY_CLONES void loss_of_piece(const loss_task *task, int piece)
{
    assay_range rows = assay_range_of(task->rows, 1, (assay_pool_part){.index = piece, .count = ASSAY_SUM_PIECES});
    double loss = 0;
    int32_t correct = 0;
    for (size_t r = rows.begin; r < rows.end; r++) {
        loss += row_loss(task, r, &correct);
    }
    task->self->piece_sums[piece] = loss;
    task->self->piece_counts[piece] = correct;
}

static void loss_part(const void *argument, assay_pool_part part)
{
    assay_range pieces = assay_range_of(ASSAY_SUM_PIECES, 1, part);
    for (size_t piece = pieces.begin; piece < pieces.end; piece++) {
        loss_of_piece(argument, (int)piece);
    }
}

/* An exponential costs about as much as this many multiply-adds. */
enum { WORK_OF_EXP = 20 };

static void softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                  assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits)
{
    assay_openblas *self = (assay_openblas *)backend;
    const loss_task task = {.self = self,
                            .rows = rows,
                            .classes = classes,
                            .logits = real_at(logits),
                            .labels = assay_host_address(labels),
                            .gradient = real_at(dlogits)};
    if (!assay_indices_accepted(backend, "softmax_cross_entropy", "label", task.labels, rows, classes)) {
        return;
    }
    assay_openblas_run(backend, ASSAY_CUT_FREE, WORK_OF_EXP * rows * classes, loss_part, &task);
    double sum = 0;
    int32_t count = 0;
    for (int piece = 0; piece < ASSAY_SUM_PIECES; piece++) {
        sum += self->piece_sums[piece];
        count += self->piece_counts[piece];
    }
    if (loss.buffer != NULL) {
        *real_at(loss) = (real)(sum / (double)rows);
    }
    if (correct.buffer != NULL) {
        *(int32_t *)assay_host_address(correct) = count;
    }
}

static ASSAY_CLONES void softmax_rows(const loss_task *task, assay_range rows)
{
    for (size_t r = rows.begin; r < rows.end; r++) {
        const real *logits = task->logits + r * task->classes;
        real *probabilities = task->probabilities + r * task->classes;
        maximum top = maximum_of(task->classes, logits);
        double scale = 1 / exponentials(task->classes, logits, top.largest, task->classes, probabilities);
        for (size_t j = 0; j < task->classes; j++) {
            probabilities[j] = (real)((double)probabilities[j] * scale);
        }
    }
}

static void softmax_part(const void *argument, assay_pool_part part)
{
    const loss_task *task = argument;
    softmax_rows(task, assay_range_of(task->rows, 1, part));
}

static void softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits, assay_slice probabilities)
{
    /* clang-format off */
    const loss_task task = {
        .rows = rows, .classes = classes, .logits = real_at(logits), .probabilities = real_at(probabilities)};
    assay_openblas_run(backend, ASSAY_CUT_FREE, WORK_OF_EXP * rows * classes, softmax_part, &task);
}

#endif

/* clang-format on */
