/*
 * Emulated graphs. A launch runs the nodes in an order that is drawn, differently each time, among those that the edges
 * allow: a missing edge shows as a wrong result.
 */
#include <stdlib.h>
#include <string.h>

#include "cuda_host.h"

struct CUgraphNode_st {
    cuda_host_work *works; /* one kernel, or what a captured graph holds */
    size_t count;
    size_t *after; /* positions of nodes of the same graph */
    size_t after_count;
};

struct CUgraph_st {
    cudaGraphNode_t *nodes;
    size_t count;
};

/* Nodes of an executable graph are those of the graph that it was made of, in their order. */
struct CUgraphExec_st {
    cudaGraph_t origin;
    cudaGraph_t own;
    uint64_t launches;
};

/* --- nodes ------------------------------------------------------------------------------------------------------- */

static void *copied(const void *from, size_t size)
{
    void *to = cuda_host_new(size == 0 ? 1 : size);
    memcpy(to, from, size);
    return to;
}

static cudaGraphNode_t append(cudaGraph_t graph, size_t count, const cuda_host_work *works)
{
    cudaGraphNode_t node = cuda_host_new(sizeof *node);
    node->works = copied(works, count * sizeof *works);
    node->count = count;
    graph->nodes = realloc(graph->nodes, (graph->count + 1) * sizeof *graph->nodes);
    if (graph->nodes == NULL) {
        cuda_host_die("out of memory");
    }
    graph->nodes[graph->count++] = node;
    return node;
}

static size_t position_of(cudaGraph_t graph, cudaGraphNode_t node)
{
    for (size_t i = 0; i < graph->count; i++) {
        if (graph->nodes[i] == node) {
            return i;
        }
    }
    cuda_host_die("a node of another graph");
}

static void set_dependencies(cudaGraph_t graph, cudaGraphNode_t node, const cudaGraphNode_t *after, size_t count)
{
    node->after = cuda_host_new((count + 1) * sizeof *node->after);
    node->after_count = count;
    for (size_t i = 0; i < count; i++) {
        node->after[i] = position_of(graph, after[i]);
    }
}

cudaGraph_t cuda_host_new_graph(void)
{
    cuda_host_living++;
    return cuda_host_new(sizeof(struct CUgraph_st));
}

static void release(cudaGraph_t graph)
{
    for (size_t i = 0; i < graph->count; i++) {
        free(graph->nodes[i]->works);
        free(graph->nodes[i]->after);
        free(graph->nodes[i]);
    }
    free(graph->nodes);
    free(graph);
    cuda_host_living--;
}

/* --- making ------------------------------------------------------------------------------------------------------ */

cudaError_t cudaGraphCreate(cudaGraph_t *graph, unsigned flags)
{
    if (cuda_host_fails("cudaGraphCreate") || flags != 0) {
        return cudaErrorMemoryAllocation;
    }
    *graph = cuda_host_new_graph();
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    release(graph);
    return cudaSuccess;
}

void cuda_host_capture(cudaGraph_t graph, const cuda_host_work *work)
{
    append(graph, 1, work);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    if (stream->captured != NULL) {
        cuda_host_die("cudaStreamBeginCapture: the stream captures already");
    }
    if (cuda_host_fails("cudaStreamBeginCapture") || mode != cudaStreamCaptureModeThreadLocal) {
        return cudaErrorInvalidValue;
    }
    stream->captured = cuda_host_new_graph();
    return cudaSuccess;
}

/* A capture that fails has no graph. */
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph)
{
    if (stream->captured == NULL) {
        cuda_host_die("cudaStreamEndCapture: the stream does not capture");
    }
    cudaGraph_t captured = stream->captured;
    stream->captured = NULL;
    if (cuda_host_fails("cudaStreamEndCapture")) {
        release(captured);
        *graph = NULL;
        return cudaErrorInvalidValue;
    }
    *graph = captured;
    return cudaSuccess;
}

static cuda_host_work kernel_work(const struct cudaKernelNodeParams *parameters)
{
    cuda_host_work work = {
        .kind = HOST_KERNEL, .kernel = parameters->func, .grid = parameters->gridDim, .block = parameters->blockDim};
    memcpy(&work.arguments, parameters->kernelParams[0], sizeof work.arguments);
    return work;
}

cudaError_t cudaGraphAddKernelNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after, size_t count,
                                   const struct cudaKernelNodeParams *parameters)
{
    if (cuda_host_fails("cudaGraphAddKernelNode")) {
        return cudaErrorInvalidValue;
    }
    const cuda_host_work work = kernel_work(parameters);
    *node = append(graph, 1, &work);
    set_dependencies(graph, *node, after, count);
    return cudaSuccess;
}

cudaError_t cudaGraphAddChildGraphNode(cudaGraphNode_t *node, cudaGraph_t graph, const cudaGraphNode_t *after,
                                       size_t count, cudaGraph_t child)
{
    if (cuda_host_fails("cudaGraphAddChildGraphNode")) {
        return cudaErrorInvalidValue;
    }
    cuda_host_work *works = cuda_host_new((child->count + 1) * sizeof *works);
    for (size_t i = 0; i < child->count; i++) {
        works[i] = child->nodes[i]->works[0];
    }
    *node = append(graph, child->count, works);
    set_dependencies(graph, *node, after, count);
    free(works);
    return cudaSuccess;
}

/* --- instances --------------------------------------------------------------------------------------------------- */

/* reaches[i n + j]: node i waits, directly or through others, for node j. */
static char *reachability(cudaGraph_t graph)
{
    size_t n = graph->count;
    char *reaches = cuda_host_new(n * n + 1);
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 0; d < graph->nodes[i]->after_count; d++) {
            size_t j = graph->nodes[i]->after[d];
            reaches[i * n + j] = 1;
            for (size_t l = 0; l < n; l++) {
                reaches[i * n + l] |= reaches[j * n + l];
            }
        }
    }
    return reaches;
}

static cublasHandle_t handle_of(cudaGraphNode_t node)
{
    return node->works[0].kind == HOST_PRODUCT ? node->works[0].product.handle : NULL;
}

/* Products of one handle share its workspace: no two of them may run at the same time. */
static void check_workspaces(cudaGraph_t graph)
{
    char *reaches = reachability(graph);
    for (size_t i = 0; i < graph->count; i++) {
        for (size_t j = 0; j < i; j++) {
            cublasHandle_t handle = handle_of(graph->nodes[i]);
            if (handle != NULL && handle == handle_of(graph->nodes[j]) && reaches[i * graph->count + j] == 0) {
                cuda_host_die("nodes %zu and %zu of a graph may use one workspace at once", j, i);
            }
        }
    }
    free(reaches);
}

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags)
{
    if (cuda_host_fails("cudaGraphInstantiateWithFlags") || flags != 0) {
        return cudaErrorMemoryAllocation;
    }
    check_workspaces(graph);
    cudaGraphExec_t made = cuda_host_new(sizeof *made);
    made->origin = graph;
    made->own = cuda_host_new_graph();
    for (size_t i = 0; i < graph->count; i++) {
        cudaGraphNode_t from = graph->nodes[i];
        cudaGraphNode_t to = append(made->own, from->count, from->works);
        to->after = copied(from->after, from->after_count * sizeof *from->after);
        to->after_count = from->after_count;
    }
    *exec = made;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    release(exec->own);
    free(exec);
    return cudaSuccess;
}

cudaError_t cudaGraphExecKernelNodeSetParams(cudaGraphExec_t exec, cudaGraphNode_t node,
                                             const struct cudaKernelNodeParams *parameters)
{
    if (cuda_host_fails("cudaGraphExecKernelNodeSetParams")) {
        return cudaErrorInvalidValue;
    }
    cudaGraphNode_t own = exec->own->nodes[position_of(exec->origin, node)];
    if (own->works[0].kind != HOST_KERNEL || own->works[0].kernel != parameters->func) {
        cuda_host_die("cudaGraphExecKernelNodeSetParams: the node is of another kernel");
    }
    own->works[0] = kernel_work(parameters);
    cuda_host_counted.node_updates++;
    return cudaSuccess;
}

static bool ready(cudaGraphNode_t node, const char *done)
{
    for (size_t d = 0; d < node->after_count; d++) {
        if (done[node->after[d]] == 0) {
            return false;
        }
    }
    return true;
}

/* The first ready node from a drawn place on (a linear congruential generator draws). */
static size_t draw_ready(cudaGraph_t graph, const char *done, uint64_t *random)
{
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    size_t from = (size_t)(*random >> 33) % graph->count;
    for (size_t i = 0; i < graph->count; i++) {
        size_t at = (from + i) % graph->count;
        if (done[at] == 0 && ready(graph->nodes[at], done)) {
            return at;
        }
    }
    cuda_host_die("a graph waits for itself");
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    if (cuda_host_fails("cudaGraphLaunch")) {
        return cudaErrorInvalidValue;
    }
    cudaGraph_t graph = exec->own;
    char *done = cuda_host_new(graph->count + 1);
    uint64_t random = ++exec->launches;
    for (size_t i = 0; i < graph->count; i++) {
        size_t next = draw_ready(graph, done, &random);
        done[next] = 1;
        for (size_t w = 0; w < graph->nodes[next]->count; w++) {
            cuda_host_enqueue(stream, &graph->nodes[next]->works[w]);
        }
    }
    free(done);
    cuda_host_counted.graph_launches++;
    return cudaSuccess;
}
