/* Commands recorded from one batch to the next: submitted, run together, remembered as graphs, waited for. */
#include <inttypes.h>

#include "backend/cuda/cuda.h"

enum { WORTH_A_GRAPH = 4 /* commands: for fewer a graph saves nothing */ };

void assay_cuda_submit(assay_cuda *self, const assay_cuda_command *command)
{
    if (self->recording && self->pending.count == ASSAY_CUDA_MOST_RECORDED) {
        assay_cuda_flush(self); /* commands after it run at once */
    }
    if (self->recording) {
        self->pending.commands[self->pending.count++] = *command;
    } else {
        assay_cuda_run(self, command);
    }
}

void assay_cuda_record(assay_cuda *self)
{
    assay_cuda_flush(self);
    self->recording = true;
}

static void run_pending(assay_cuda *self)
{
    bool ok = true;
    for (size_t i = 0; ok && i < self->pending.count; i++) {
        ok = assay_cuda_run(self, &self->pending.commands[i]);
    }
}

static assay_cuda_sequence *find_remembered(assay_cuda *self)
{
    for (int i = 0; i < ASSAY_CUDA_SEQUENCES; i++) {
        if (assay_cuda_same_sequence(&self->remembered[i], &self->pending)) {
            return &self->remembered[i];
        }
    }
    return NULL;
}

/* The pending sequence replaces the least recently used one, whose memory the next pending sequence gets. */
static void remember_pending(assay_cuda *self)
{
    assay_cuda_sequence *oldest = &self->remembered[0];
    for (int i = 1; i < ASSAY_CUDA_SEQUENCES; i++) {
        if (self->remembered[i].last_use < oldest->last_use) {
            oldest = &self->remembered[i];
        }
    }
    assay_cuda_destroy_graph(oldest);
    assay_cuda_sequence freed = *oldest;
    *oldest = self->pending;
    oldest->last_use = self->sequences;
    self->pending = freed;
}

/*
 * Runs a sequence command by command the first time, so that cuBLAS can load what it needs; from the second time on it
 * is a graph.
 */
void assay_cuda_flush(assay_cuda *self)
{
    self->recording = false;
    if (self->pending.count == 0) {
        return;
    }
    self->sequences++;
    assay_cuda_sequence *known = self->pending.count < WORTH_A_GRAPH ? NULL : find_remembered(self);
    if (known != NULL) {
        known->last_use = self->sequences;
        assay_cuda_replay(self, known, &self->pending);
    } else {
        run_pending(self);
        if (self->pending.count >= WORTH_A_GRAPH) {
            remember_pending(self);
        }
    }
    self->pending.count = 0;
}

/* --- waiting ---------------------------------------------------------------------------------------------------- */

uint64_t assay_cuda_next_check(assay_cuda *self)
{
    return ++self->checks;
}

/* Records what the device found, and clears it on the device. */
static void report_seen(assay_cuda *self)
{
    const assay_cuda_failure *seen = &self->seen;
    assay_backend_record(&self->base, ASSAY_ERROR_ARGUMENT,
                         "%s %" PRIu64 " is %" PRId64 ", and must be in [0, %" PRIu64 ")",
                         seen->is_label != 0 ? "softmax_cross_entropy: label" : "gather: index", seen->position,
                         seen->value, seen->limit);
    ASSAY_CUDA_TRY(self, cudaMemsetAsync, self->failure, 0, sizeof self->seen, self->stream);
}

bool assay_cuda_wait(assay_cuda *self)
{
    assay_cuda_flush(self);
    bool look = self->checks != 0;
    self->checks = 0;
    self->seen.set = 0;
    if (look) {
        look = ASSAY_CUDA_TRY(self, cudaMemcpyAsync, &self->seen, self->failure, sizeof self->seen,
                              cudaMemcpyDeviceToHost, self->stream);
    }
    bool done = ASSAY_CUDA_TRY(self, cudaStreamSynchronize, self->stream);
    if (look && done && self->seen.set != 0) {
        report_seen(self);
    }
    return self->base.failure.status == ASSAY_OK;
}
