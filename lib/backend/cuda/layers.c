/* The operations of networks: products by cuBLAS, and kernels of our own for the rest. */
#include "backend/cuda/cuda.h"

/* Products for the gradients of parameters have a lane of their own: only the optimizer waits for them. */
enum { MAIN_LANE, PARAMETER_LANE };

static void scale(assay_cuda *self, assay_slice to, double factor)
{
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_SCALE, to.count, UINT64_MAX);
    command.arguments.fill.to = assay_cuda_at(to);
    command.arguments.fill.count = to.count;
    command.arguments.fill.value = factor;
    assay_cuda_writes(&command, to);
    assay_cuda_submit(self, &command);
}

/* A product over nothing is 0. cuBLAS is not called: it requires leading dimensions of at least 1. */
static void multiply(assay_cuda *self, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c, int lane)
{
    if (shape.k != 0) {
        assay_cuda_command command = assay_cuda_command_gemm(self, shape, a, b, c, lane);
        assay_cuda_submit(self, &command);
    } else if (shape.beta == 0) {
        assay_cuda_fill(&self->base, c, 0);
    } else {
        scale(self, c, shape.beta);
    }
}

void assay_cuda_gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c)
{
    multiply((assay_cuda *)backend, shape, a, b, c, MAIN_LANE);
}

/* t = product + bias, z = t, y = f(t). */
static void add_bias(assay_cuda *self, size_t rows, size_t columns, assay_activation activation, assay_slice product,
                     assay_slice bias, assay_slice z, assay_slice y)
{
    assay_cuda_command command = assay_cuda_command_tiled(ASSAY_CUDA_BIAS, rows, columns);
    assay_cuda_bias_arguments *arguments = &command.arguments.bias;
    arguments->product = assay_cuda_at(product);
    arguments->bias = assay_cuda_at(bias);
    arguments->z = assay_cuda_at(z);
    arguments->y = assay_cuda_at(y);
    arguments->rows = rows;
    arguments->columns = columns;
    arguments->activation = (uint64_t)activation.kind;
    arguments->parameter = activation.parameter;
    assay_cuda_reads(&command, product);
    assay_cuda_reads(&command, bias);
    assay_cuda_writes(&command, z);
    assay_cuda_writes(&command, y);
    assay_cuda_submit(self, &command);
}

/* sums[j] = sum over r of x[r][j]. */
static void column_sums(assay_cuda *self, size_t rows, size_t columns, assay_slice x, assay_slice sums)
{
    assay_cuda_command command = assay_cuda_command_tiled(ASSAY_CUDA_COLUMN_SUMS, 1, columns);
    command.arguments.column_sums.x = assay_cuda_at(x);
    command.arguments.column_sums.sums = assay_cuda_at(sums);
    command.arguments.column_sums.rows = rows;
    command.arguments.column_sums.columns = columns;
    assay_cuda_reads(&command, x);
    assay_cuda_writes(&command, sums);
    assay_cuda_submit(self, &command);
}

/* --- activations ------------------------------------------------------------------------------------------------ */

static assay_cuda_command activation_command(assay_cuda_kernel kernel, assay_activation activation, assay_slice source,
                                             assay_slice dy, assay_slice result)
{
    assay_cuda_command command = assay_cuda_command_over(kernel, result.count, UINT64_MAX);
    assay_cuda_activation_arguments *arguments = &command.arguments.activation;
    arguments->source = assay_cuda_at(source);
    arguments->dy = assay_cuda_at(dy);
    arguments->result = assay_cuda_at(result);
    arguments->count = result.count;
    arguments->activation = (uint64_t)activation.kind;
    arguments->parameter = activation.parameter;
    assay_cuda_reads(&command, source);
    assay_cuda_reads(&command, dy);
    assay_cuda_writes(&command, result);
    return command;
}

void assay_cuda_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y)
{
    assay_cuda_command command = activation_command(ASSAY_CUDA_ACTIVATE, activation, x, ASSAY_NO_SLICE, y);
    assay_cuda_submit((assay_cuda *)backend, &command);
}

/* What the derivative is computed from; dy itself where it reads nothing. */
static assay_slice derivative_source(assay_activation activation, assay_slice x, assay_slice y, assay_slice dy)
{
    switch (assay_activation_describe(activation.kind)->derivative_reads) {
    case ASSAY_READS_OUTPUT: return y;
    case ASSAY_READS_INPUT: return x;
    case ASSAY_READS_NOTHING: break;
    }
    return dy;
}

void assay_cuda_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                                    assay_slice dy, assay_slice dx)
{
    assay_slice source = derivative_source(activation, x, y, dy);
    assay_cuda_command command = activation_command(ASSAY_CUDA_DIFFERENTIATE, activation, source, dy, dx);
    assay_cuda_submit((assay_cuda *)backend, &command);
}

/* --- linear layers ---------------------------------------------------------------------------------------------- */

void assay_cuda_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation,
                               assay_slice x, assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    assay_cuda *self = (assay_cuda *)backend;
    bool one = z.buffer != NULL && assay_cuda_at(z) == assay_cuda_at(y); /* y takes z's place */
    assay_slice product = z.buffer != NULL ? z : y;
    const assay_gemm_shape gemm = {.trans_b = true, .m = shape.rows, .n = shape.out, .k = shape.in, .alpha = 1};
    multiply(self, gemm, x, weight, product, MAIN_LANE);
    add_bias(self, shape.rows, shape.out, activation, product, bias, one ? ASSAY_NO_SLICE : z, y);
}

void assay_cuda_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                      const assay_linear_backward_slices *slices)
{
    assay_cuda *self = (assay_cuda *)backend;
    const assay_gemm_shape gemm = {.m = shape.rows, .n = shape.in, .k = shape.out, .alpha = 1};
    multiply(self, gemm, slices->dz, slices->weight, slices->dz_below, MAIN_LANE);
    if (below.kind != ASSAY_IDENTITY) {
        assay_cuda_activation_backward(backend, below, slices->z_below, slices->y_below, slices->dz_below,
                                       slices->dz_below);
    }
}

void assay_cuda_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x,
                                           assay_slice dz, assay_slice dweight, assay_slice dbias)
{
    assay_cuda *self = (assay_cuda *)backend;
    const assay_gemm_shape gemm = {.trans_a = true, .m = shape.out, .n = shape.in, .k = shape.rows, .alpha = 1};
    multiply(self, gemm, dz, x, dweight, PARAMETER_LANE);
    column_sums(self, shape.rows, shape.out, dz, dbias);
}

/* --- loss ------------------------------------------------------------------------------------------------------- */

void assay_cuda_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                      assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits)
{
    assay_cuda *self = (assay_cuda *)backend;
    size_t parts_size = sizeof(double) * ASSAY_CUDA_MOST_PARTS * ASSAY_CUDA_PART_NUMBERS;
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_CROSS_ENTROPY, rows, ASSAY_CUDA_MOST_PARTS);
    assay_cuda_loss_arguments *arguments = &command.arguments.loss;
    arguments->logits = assay_cuda_at(logits);
    arguments->labels = assay_cuda_at(labels);
    arguments->loss = assay_cuda_at(loss);
    arguments->correct = assay_cuda_at(correct);
    arguments->dlogits = assay_cuda_at(dlogits);
    arguments->parts = assay_cuda_address_of(self->parts);
    arguments->failure = assay_cuda_address_of(self->failure);
    arguments->rows = rows;
    arguments->classes = classes;
    arguments->operation = assay_cuda_next_check(self);
    assay_cuda_reads(&command, logits);
    assay_cuda_reads(&command, labels);
    assay_cuda_writes(&command, loss);
    assay_cuda_writes(&command, correct);
    assay_cuda_writes(&command, dlogits);
    assay_cuda_touches(&command, self->parts, parts_size, true);
    assay_cuda_touches(&command, self->failure, sizeof self->seen, true);
    assay_cuda_submit(self, &command);
    unsigned parts = command.grid.x;
    if (parts > 1) {
        arguments->operation = parts;
        command.kernel = ASSAY_CUDA_CROSS_ENTROPY_TOTAL;
        command.grid.x = 1;
        assay_cuda_submit(self, &command);
    }
}

void assay_cuda_softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                        assay_slice probabilities)
{
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_SOFTMAX, rows, UINT64_MAX);
    command.arguments.loss.logits = assay_cuda_at(logits);
    command.arguments.loss.dlogits = assay_cuda_at(probabilities);
    command.arguments.loss.rows = rows;
    command.arguments.loss.classes = classes;
    assay_cuda_reads(&command, logits);
    assay_cuda_writes(&command, probabilities);
    assay_cuda_submit((assay_cuda *)backend, &command);
}

/* --- batches ---------------------------------------------------------------------------------------------------- */

/* A training step begins with its batch, so recording begins here. */
void assay_cuda_gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                       assay_slice index, assay_slice table, assay_slice x, assay_slice y)
{
    assay_cuda *self = (assay_cuda *)backend;
    assay_cuda_record(self);
    assay_cuda_command command = assay_cuda_command_over(ASSAY_CUDA_GATHER, ASSAY_CUDA_BLOCK, 1);
    command.grid.x = (unsigned)rows; /* a dimension is below 2^31, as a grid's width may be */
    assay_cuda_gather_arguments *arguments = &command.arguments.gather;
    arguments->pixels = assay_cuda_at(pixels);
    arguments->labels = assay_cuda_at(labels);
    arguments->index = assay_cuda_at(index);
    arguments->table = assay_cuda_at(table);
    arguments->x = assay_cuda_at(x);
    arguments->y = assay_cuda_at(y);
    arguments->failure = assay_cuda_address_of(self->failure);
    arguments->width = width;
    arguments->images = labels.count;
    arguments->operation = assay_cuda_next_check(self);
    assay_cuda_reads(&command, pixels);
    assay_cuda_reads(&command, labels);
    assay_cuda_reads(&command, index);
    assay_cuda_reads(&command, table);
    assay_cuda_writes(&command, x);
    assay_cuda_writes(&command, y);
    assay_cuda_touches(&command, self->failure, sizeof self->seen, true);
    assay_cuda_submit(self, &command);
}
