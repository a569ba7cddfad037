/*
 * A recorded sequence as a CUDA graph. The memory that commands touch decides which one waits for which, so independent
 * commands (the gradients of one layer's weights and of its input) may run at the same time. From one training step to
 * the next a few arguments change: where the batch's indices begin, where its loss goes, the optimizer's coefficients.
 * These nodes get their new arguments, and the whole step is one launch.
 */
#include <string.h>

#include "backend/cuda/cuda.h"

/* --- which command waits for which ------------------------------------------------------------------------------ */

static bool overlap(const assay_cuda_range *a, const assay_cuda_range *b)
{
    return a->begin < b->end && b->begin < a->end;
}

/* One of them writes what the other one reads or writes. */
static bool conflict(const assay_cuda_command *a, const assay_cuda_command *b)
{
    for (int i = 0; i < a->accesses; i++) {
        for (int j = 0; j < b->accesses; j++) {
            bool written = ((a->written >> i) & 1u) != 0 || ((b->written >> j) & 1u) != 0;
            if (written && overlap(&a->access[i], &b->access[j])) {
                return true;
            }
        }
    }
    return false;
}

/* --- comparison ------------------------------------------------------------------------------------------------- */

static bool same_size(dim3 a, dim3 b)
{
    return a.x == b.x && a.y == b.y && a.z == b.z;
}

static bool same_arguments(const assay_cuda_command *a, const assay_cuda_command *b)
{
    return memcmp(&a->arguments, &b->arguments, sizeof a->arguments) == 0;
}

/* The same except for a kernel's arguments. A product is a graph inside the graph: its arguments cannot change. */
static bool same_command(const assay_cuda_command *a, const assay_cuda_command *b)
{
    return a->kernel == b->kernel && same_size(a->grid, b->grid) && same_size(a->block, b->block) &&
           a->accesses == b->accesses && a->written == b->written &&
           (a->kernel != ASSAY_CUDA_GEMM || same_arguments(a, b));
}

/* Command i of `pending` has the same neighbours as in the sequence that the graph was made of. */
static bool same_conflicts(const assay_cuda_sequence *sequence, const assay_cuda_sequence *pending, size_t i)
{
    for (size_t j = 0; j < pending->count; j++) {
        if (j != i && conflict(&sequence->commands[i], &sequence->commands[j]) !=
                          conflict(&pending->commands[i], &pending->commands[j])) {
            return false;
        }
    }
    return true;
}

bool assay_cuda_same_sequence(const assay_cuda_sequence *sequence, const assay_cuda_sequence *pending)
{
    if (sequence->count != pending->count) {
        return false;
    }
    for (size_t i = 0; i < pending->count; i++) {
        if (!same_command(&sequence->commands[i], &pending->commands[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < pending->count; i++) {
        const assay_cuda_command *old = &sequence->commands[i];
        const assay_cuda_command *new = &pending->commands[i];
        if (memcmp(old->access, new->access, sizeof old->access) != 0 && !same_conflicts(sequence, pending, i)) {
            return false;
        }
    }
    return true;
}

/* --- building --------------------------------------------------------------------------------------------------- */

enum { WORD_BITS = 64, WORDS = ASSAY_CUDA_MOST_RECORDED / WORD_BITS };

/* The commands that a command comes after, directly or through others: a bit each. */
typedef struct {
    uint64_t word[WORDS];
} ancestors;

static bool is_in(const ancestors *set, size_t i)
{
    return ((set->word[i / WORD_BITS] >> (i % WORD_BITS)) & 1u) != 0;
}

static void add(ancestors *set, size_t i, const ancestors *others)
{
    set->word[i / WORD_BITS] |= (uint64_t)1 << (i % WORD_BITS);
    for (size_t w = 0; w < WORDS; w++) {
        set->word[w] |= others->word[w];
    }
}

/*
 * The nodes that node i waits for: those of earlier conflicting commands, unless it already waits for them through
 * others.
 */
static size_t find_dependencies(const assay_cuda_sequence *sequence, size_t i, ancestors *sets, cudaGraphNode_t *nodes)
{
    size_t count = 0;
    for (size_t j = i; j-- > 0;) {
        if (!is_in(&sets[i], j) && conflict(&sequence->commands[i], &sequence->commands[j])) {
            add(&sets[i], j, &sets[j]);
            nodes[count++] = sequence->nodes[j];
        }
    }
    return count;
}

static struct cudaKernelNodeParams node_parameters(const assay_cuda *self, const assay_cuda_command *command,
                                                   void **pointers)
{
    return (struct cudaKernelNodeParams){
        .func = (void *)(uintptr_t)assay_cuda_handle(self, command),
        .gridDim = command->grid,
        .blockDim = command->block,
        .kernelParams = pointers,
    };
}

/* What cuBLAS launches for a product, captured as a graph that becomes one node. */
static bool capture_product(assay_cuda *self, const assay_cuda_command *command, cudaGraph_t *captured)
{
    if (!ASSAY_CUDA_TRY(self, cudaStreamBeginCapture, self->stream, cudaStreamCaptureModeThreadLocal)) {
        return false;
    }
    bool run = assay_cuda_run(self, command);
    return ASSAY_CUDA_TRY(self, cudaStreamEndCapture, self->stream, captured) && run;
}

static bool add_node(assay_cuda *self, assay_cuda_sequence *sequence, size_t i, const cudaGraphNode_t *after,
                     size_t count)
{
    const assay_cuda_command *command = &sequence->commands[i];
    cudaGraphNode_t *node = &sequence->nodes[i];
    if (command->kernel == ASSAY_CUDA_GEMM) {
        cudaGraph_t captured = NULL;
        bool ok = capture_product(self, command, &captured) &&
                  ASSAY_CUDA_TRY(self, cudaGraphAddChildGraphNode, node, sequence->graph, after, count, captured);
        if (captured != NULL) {
            cudaGraphDestroy(captured); /* the node has its copy */
        }
        return ok;
    }
    assay_cuda_arguments arguments = command->arguments;
    void *pointers[] = {&arguments};
    struct cudaKernelNodeParams parameters = node_parameters(self, command, pointers);
    return ASSAY_CUDA_TRY(self, cudaGraphAddKernelNode, node, sequence->graph, after, count, &parameters);
}

static bool add_nodes(assay_cuda *self, assay_cuda_sequence *sequence)
{
    ancestors sets[ASSAY_CUDA_MOST_RECORDED] = {0};
    cudaGraphNode_t after[ASSAY_CUDA_MOST_RECORDED];
    for (size_t i = 0; i < sequence->count; i++) {
        size_t count = find_dependencies(sequence, i, sets, after);
        if (!add_node(self, sequence, i, after, count)) {
            return false;
        }
    }
    return true;
}

bool assay_cuda_build_graph(assay_cuda *self, assay_cuda_sequence *sequence)
{
    bool ok = ASSAY_CUDA_TRY(self, cudaGraphCreate, &sequence->graph, 0) && add_nodes(self, sequence) &&
              ASSAY_CUDA_TRY(self, cudaGraphInstantiateWithFlags, &sequence->exec, sequence->graph, 0);
    if (!ok) {
        assay_cuda_destroy_graph(sequence);
    }
    return ok;
}

void assay_cuda_destroy_graph(assay_cuda_sequence *sequence)
{
    if (sequence->exec != NULL) {
        cudaGraphExecDestroy(sequence->exec);
    }
    if (sequence->graph != NULL) {
        cudaGraphDestroy(sequence->graph);
    }
    sequence->exec = NULL;
    sequence->graph = NULL;
}

/* --- replaying -------------------------------------------------------------------------------------------------- */

/* Launches that have begun keep the arguments that they were launched with. */
static bool tell_node(assay_cuda *self, assay_cuda_sequence *sequence, size_t i)
{
    assay_cuda_arguments arguments = sequence->commands[i].arguments;
    void *pointers[] = {&arguments};
    struct cudaKernelNodeParams parameters = node_parameters(self, &sequence->commands[i], pointers);
    self->node_updates++;
    return ASSAY_CUDA_TRY(self, cudaGraphExecKernelNodeSetParams, sequence->exec, sequence->nodes[i], &parameters);
}

static void forget(assay_cuda_sequence *sequence)
{
    assay_cuda_destroy_graph(sequence);
    sequence->count = 0;
}

void assay_cuda_replay(assay_cuda *self, assay_cuda_sequence *sequence, const assay_cuda_sequence *pending)
{
    bool ok = true;
    bool fresh = sequence->exec == NULL;
    for (size_t i = 0; ok && i < pending->count; i++) {
        bool changed = !same_arguments(&sequence->commands[i], &pending->commands[i]);
        sequence->commands[i] = pending->commands[i];
        ok = fresh || !changed || tell_node(self, sequence, i);
    }
    ok = ok && (!fresh || assay_cuda_build_graph(self, sequence)) &&
         ASSAY_CUDA_TRY(self, cudaGraphLaunch, sequence->exec, self->stream);
    if (ok) {
        self->replays++;
    } else {
        forget(sequence); /* the graph and the commands may no longer agree */
    }
}
