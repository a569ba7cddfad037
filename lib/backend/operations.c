/* Layers, loss, batches and optimizers of backend.h: checks the arguments and calls the backend's function. */
#include "backend/validate.h"

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))
#define ACCEPTED(operation, operands) assay_operands_accepted(backend, operation, COUNT_OF(operands), operands)

enum { WRITTEN = ASSAY_OPERAND_WRITTEN, OPTIONAL = ASSAY_OPERAND_OPTIONAL, TABLE_SIZE = 256 };

static bool activation_accepted(assay_backend *backend, const char *operation, assay_activation activation)
{
    if ((unsigned)activation.kind >= ASSAY_ACTIVATION_COUNT) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: unknown activation %d", operation,
                             (int)activation.kind);
        return false;
    }
    bool has_parameter = assay_activation_describe(activation.kind)->has_parameter;
    if (has_parameter && !(activation.parameter > 0 && activation.parameter <= 1e30)) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: the parameter of %s is %g, and must be positive",
                             operation, assay_activation_name(activation.kind), activation.parameter);
        return false;
    }
    return true;
}

void assay_gemm(assay_backend *backend, assay_gemm_shape shape, assay_slice a, assay_slice b, assay_slice c)
{
    size_t a_count;
    size_t b_count;
    size_t c_count;
    bool fits = assay_size_accepted(backend, "gemm", shape.m, shape.k, &a_count) &&
                assay_size_accepted(backend, "gemm", shape.k, shape.n, &b_count);
    fits = fits && /* ASSAY_EXCL_MCDC: both dimensions are accepted; only 32-bit size_t overflows */
           assay_size_accepted(backend, "gemm", shape.m, shape.n, &c_count);
    if (!fits) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "A", .slice = a, .count = a_count},
        {.name = "B", .slice = b, .count = b_count},
        {.name = "C", .slice = c, .count = c_count, .flags = WRITTEN},
    };
    if (ACCEPTED("gemm", operands) && c_count != 0) {
        backend->operations->gemm(backend, shape, a, b, c);
    }
}

void assay_activation_forward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y)
{
    const assay_operand operands[] = {
        {.name = "x", .slice = x, .count = x.count},
        {.name = "y", .slice = y, .count = x.count, .flags = WRITTEN, .may_be = "x"},
    };
    if (activation_accepted(backend, "activation_forward", activation) && ACCEPTED("activation_forward", operands) &&
        x.count != 0) {
        backend->operations->activation_forward(backend, activation, x, y);
    }
}

/* Of x and y, a backward operation needs only what f' is computed from. */
static unsigned flags_of(assay_activation activation, assay_derivative_source needed_for)
{
    return assay_activation_describe(activation.kind)->derivative_reads == needed_for ? 0 : OPTIONAL;
}

void assay_activation_backward(assay_backend *backend, assay_activation activation, assay_slice x, assay_slice y,
                               assay_slice dy, assay_slice dx)
{
    if (!activation_accepted(backend, "activation_backward", activation)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "x", .slice = x, .count = dy.count, .flags = flags_of(activation, ASSAY_READS_INPUT)},
        {.name = "y", .slice = y, .count = dy.count, .flags = flags_of(activation, ASSAY_READS_OUTPUT)},
        {.name = "dy", .slice = dy, .count = dy.count},
        {.name = "dx", .slice = dx, .count = dy.count, .flags = WRITTEN, .may_be = "dy"},
    };
    if (ACCEPTED("activation_backward", operands) && dy.count != 0) {
        backend->operations->activation_backward(backend, activation, x, y, dy, dx);
    }
}

typedef struct {
    size_t input;
    size_t output;
    size_t weight;
} linear_counts;

static bool linear_accepted(assay_backend *backend, const char *operation, assay_linear_shape shape,
                            linear_counts *counts)
{
    if (shape.in == 0 || shape.out == 0) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: a layer from %zu to %zu units is not possible",
                             operation, shape.in, shape.out);
        return false;
    }
    bool fits = assay_size_accepted(backend, operation, shape.rows, shape.in, &counts->input) &&
                assay_size_accepted(backend, operation, shape.rows, shape.out, &counts->output);
    fits = fits && /* ASSAY_EXCL_MCDC: both dimensions are accepted; only 32-bit size_t overflows */
           assay_size_accepted(backend, operation, shape.out, shape.in, &counts->weight);
    return fits;
}

void assay_linear_forward(assay_backend *backend, assay_linear_shape shape, assay_activation activation, assay_slice x,
                          assay_slice weight, assay_slice bias, assay_slice z, assay_slice y)
{
    linear_counts counts;
    if (!linear_accepted(backend, "linear_forward", shape, &counts) ||
        !activation_accepted(backend, "linear_forward", activation)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "x", .slice = x, .count = counts.input},
        {.name = "weight", .slice = weight, .count = counts.weight},
        {.name = "bias", .slice = bias, .count = shape.out},
        {.name = "z", .slice = z, .count = counts.output, .flags = WRITTEN | OPTIONAL},
        {.name = "y", .slice = y, .count = counts.output, .flags = WRITTEN | OPTIONAL, .may_be = "z"},
    };
    if (ACCEPTED("linear_forward", operands) && shape.rows != 0 && (z.buffer != NULL || y.buffer != NULL)) {
        backend->operations->linear_forward(backend, shape, activation, x, weight, bias, z, y);
    }
}

void assay_linear_backward_input(assay_backend *backend, assay_linear_shape shape, assay_activation below,
                                 assay_slice dz, assay_slice weight, assay_slice z_below, assay_slice y_below,
                                 assay_slice dz_below)
{
    linear_counts counts;
    if (!linear_accepted(backend, "linear_backward_input", shape, &counts) ||
        !activation_accepted(backend, "linear_backward_input", below)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "dz", .slice = dz, .count = counts.output},
        {.name = "weight", .slice = weight, .count = counts.weight},
        {.name = "z_below", .slice = z_below, .count = counts.input, .flags = flags_of(below, ASSAY_READS_INPUT)},
        {.name = "y_below", .slice = y_below, .count = counts.input, .flags = flags_of(below, ASSAY_READS_OUTPUT)},
        {.name = "dz_below", .slice = dz_below, .count = counts.input, .flags = WRITTEN},
    };
    if (ACCEPTED("linear_backward_input", operands) && shape.rows != 0) {
        const assay_linear_backward_slices slices = {dz, weight, z_below, y_below, dz_below};
        backend->operations->linear_backward_input(backend, shape, below, &slices);
    }
}

void assay_linear_backward_parameters(assay_backend *backend, assay_linear_shape shape, assay_slice x, assay_slice dz,
                                      assay_slice dweight, assay_slice dbias)
{
    linear_counts counts;
    if (!linear_accepted(backend, "linear_backward_parameters", shape, &counts)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "x", .slice = x, .count = counts.input},
        {.name = "dz", .slice = dz, .count = counts.output},
        {.name = "dweight", .slice = dweight, .count = counts.weight, .flags = WRITTEN},
        {.name = "dbias", .slice = dbias, .count = shape.out, .flags = WRITTEN},
    };
    if (ACCEPTED("linear_backward_parameters", operands)) {
        backend->operations->linear_backward_parameters(backend, shape, x, dz, dweight, dbias);
    }
}

static bool classes_accepted(assay_backend *backend, const char *operation, size_t rows, size_t classes, size_t *count)
{
    if (classes == 0) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "%s: there are no classes", operation);
        return false;
    }
    return assay_size_accepted(backend, operation, rows, classes, count);
}

void assay_softmax_cross_entropy(assay_backend *backend, size_t rows, size_t classes, assay_slice logits,
                                 assay_slice labels, assay_slice loss, assay_slice correct, assay_slice dlogits)
{
    size_t count;
    if (!classes_accepted(backend, "softmax_cross_entropy", rows, classes, &count)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "logits", .slice = logits, .count = count},
        {.name = "labels", .slice = labels, .count = rows, .element = ASSAY_INT32},
        {.name = "loss", .slice = loss, .count = 1, .flags = WRITTEN | OPTIONAL},
        {.name = "correct", .slice = correct, .count = 1, .element = ASSAY_INT32, .flags = WRITTEN | OPTIONAL},
        {.name = "dlogits", .slice = dlogits, .count = count, .flags = WRITTEN | OPTIONAL, .may_be = "logits"},
    };
    if (ACCEPTED("softmax_cross_entropy", operands) && rows != 0) {
        backend->operations->softmax_cross_entropy(backend, rows, classes, logits, labels, loss, correct, dlogits);
    }
}

void assay_softmax(assay_backend *backend, size_t rows, size_t classes, assay_slice logits, assay_slice probabilities)
{
    size_t count;
    if (!classes_accepted(backend, "softmax", rows, classes, &count)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "logits", .slice = logits, .count = count},
        {.name = "probabilities", .slice = probabilities, .count = count, .flags = WRITTEN, .may_be = "logits"},
    };
    if (ACCEPTED("softmax", operands) && rows != 0) {
        backend->operations->softmax(backend, rows, classes, logits, probabilities);
    }
}

void assay_gather(assay_backend *backend, size_t rows, size_t width, assay_slice pixels, assay_slice labels,
                  assay_slice index, assay_slice table, assay_slice x, assay_slice y)
{
    size_t count;
    size_t pixel_count;
    if (!assay_size_accepted(backend, "gather", rows, width, &count) ||
        !assay_size_accepted(backend, "gather", labels.count, width, &pixel_count)) {
        return;
    }
    const assay_operand operands[] = {
        {.name = "pixels", .slice = pixels, .count = pixel_count, .element = ASSAY_UINT8},
        {.name = "labels", .slice = labels, .count = labels.count, .element = ASSAY_INT32},
        {.name = "index", .slice = index, .count = rows, .element = ASSAY_INT32},
        {.name = "table", .slice = table, .count = TABLE_SIZE},
        {.name = "x", .slice = x, .count = count, .flags = WRITTEN},
        {.name = "y", .slice = y, .count = rows, .element = ASSAY_INT32, .flags = WRITTEN},
    };
    if (ACCEPTED("gather", operands) && count != 0) {
        backend->operations->gather(backend, rows, width, pixels, labels, index, table, x, y);
    }
}

static bool rule_accepted(assay_backend *backend, const assay_update_rule *rule, uint64_t step)
{
    assay_error error = {.status = ASSAY_OK};
    if (assay_update_rule_check(rule, &error) != ASSAY_OK) {
        assay_backend_record(backend, error.status, "update: %s", error.message);
        return false;
    }
    if (step == 0) {
        assay_backend_record(backend, ASSAY_ERROR_ARGUMENT, "update: steps are counted from 1");
        return false;
    }
    return true;
}

void assay_update(assay_backend *backend, const assay_update_rule *rule, uint64_t step, assay_slice parameters,
                  assay_slice gradients, const assay_slice *state)
{
    if (!rule_accepted(backend, rule, step)) {
        return;
    }
    static const char *const state_names[ASSAY_UPDATE_MAX_SLOTS] = {"state[0]", "state[1]", "state[2]"};
    assay_operand operands[2 + ASSAY_UPDATE_MAX_SLOTS] = {
        {.name = "parameters", .slice = parameters, .count = parameters.count, .flags = WRITTEN},
        {.name = "gradients", .slice = gradients, .count = parameters.count},
    };
    size_t slots = assay_update_rule_slots(rule);
    for (size_t i = 0; i < slots; i++) {
        operands[2 + i] = (assay_operand){
            .name = state_names[i], .slice = state[i], .count = parameters.count, .flags = WRITTEN};
    }
    if (assay_operands_accepted(backend, "update", 2 + slots, operands) && parameters.count != 0) {
        backend->operations->update(backend, rule, step, parameters, gradients, state);
    }
}
