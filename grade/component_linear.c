/* The linear layer, y = x W^T + b, and its gradients. x: [rows][in], W: [out][in], b: [out], y: [rows][out]. */
#include <stdio.h>

#include "grade/components.h"

typedef struct {
    const char *name;
    size_t rows;
    size_t in;
    size_t out;
} linear_shape;

static const linear_shape shapes[] = {
    {"one number", 1, 1, 1},
    {"square weight: a transposed one stays in bounds", 3, 4, 4},
    {"more inputs than outputs", 5, 7, 2},
    {"more outputs than inputs", 2, 3, 8},
    {"sizes around vector lengths", 17, 33, 9},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

static linear_shape draw_inputs(size_t index, assay_mt19937 *random, grade_case *made)
{
    linear_shape shape = shapes[index];
    snprintf(made->name, sizeof made->name, "%s", shape.name);
    assay_grade_normals(random, shape.rows * shape.in, 1.0,
                        assay_grade_tensor2(&made->inputs, "x", shape.rows, shape.in));
    assay_grade_normals(random, shape.out * shape.in, 1.0,
                        assay_grade_tensor2(&made->inputs, "weight", shape.out, shape.in));
    return shape;
}

static linear_shape shape_of(const grade_case *graded)
{
    const grade_field *x = assay_grade_find(&graded->inputs, "x");
    const grade_field *weight = assay_grade_find(&graded->inputs, "weight");
    return (linear_shape){graded->name, x->shape[0], x->shape[1], weight->shape[0]};
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

enum { FORWARD_BIAS = 1, FORWARD_WEIGHT_ORDER, FORWARD_INPUT_ORDER, FORWARD_LAST_PRODUCT };

static const char *const forward_mistakes[] = {
    [FORWARD_BIAS] = "linear_forward.bias_missing",
    [FORWARD_WEIGHT_ORDER] = "linear_forward.weight_order",
    [FORWARD_INPUT_ORDER] = "linear_forward.input_order",
    [FORWARD_LAST_PRODUCT] = "linear_forward.sum_overwritten",
};

static void make_forward(size_t index, assay_mt19937 *random, grade_case *made)
{
    linear_shape shape = draw_inputs(index, random, made);
    assay_grade_normals(random, shape.out, 1.0, assay_grade_tensor1(&made->inputs, "bias", shape.out));
    assay_grade_tensor2(&made->outputs, "y", shape.rows, shape.out);
}

static void model_forward(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    linear_shape n = shape_of(graded);
    const double *x = assay_grade_values(&graded->inputs, "x");
    const double *weight = assay_grade_values(&graded->inputs, "weight");
    const double *bias = assay_grade_values(&graded->inputs, "bias");
    double *y = assay_grade_values(outputs, "y");
    for (size_t r = 0; r < n.rows; r++) {
        for (size_t j = 0; j < n.out; j++) {
            double sum = 0.0;
            for (size_t k = 0; k < n.in; k++) {
                double w = mistake == FORWARD_WEIGHT_ORDER ? weight[k * n.out + j] : weight[j * n.in + k];
                double value = mistake == FORWARD_INPUT_ORDER ? x[k * n.rows + r] : x[r * n.in + k];
                sum = mistake == FORWARD_LAST_PRODUCT ? value * w : sum + value * w;
            }
            y[r * n.out + j] = sum + (mistake == FORWARD_BIAS ? 0.0 : bias[j]);
        }
    }
}

const grade_component assay_grade_linear_forward = {
    .name = "linear_forward",
    .title = "linear layer, forward",
    .case_count = SHAPES,
    .make = make_forward,
    .model = model_forward,
    GRADE_MISTAKES(forward_mistakes),
};

/* --- backward: dx = dy W, dW = dy^T x, db = column sums of dy ----------------------------------------------------- */

enum {
    BACKWARD_DWEIGHT_TRANSPOSED = 1,
    BACKWARD_DBIAS_MISSING,
    BACKWARD_DBIAS_AVERAGED,
    BACKWARD_BATCH_AVERAGED,
    BACKWARD_WEIGHT_ORDER,
    BACKWARD_LAST_ROW,
    BACKWARD_DX_OF_ROW_SUM
};

static const char *const backward_mistakes[] = {
    [BACKWARD_DWEIGHT_TRANSPOSED] = "linear_backward.dweight_transposed",
    [BACKWARD_DBIAS_MISSING] = "linear_backward.dbias_missing",
    [BACKWARD_DBIAS_AVERAGED] = "linear_backward.dbias_averaged",
    [BACKWARD_BATCH_AVERAGED] = "linear_backward.averaged_twice",
    [BACKWARD_WEIGHT_ORDER] = "linear_backward.dx_weight_order",
    [BACKWARD_LAST_ROW] = "linear_backward.last_row_only",
    [BACKWARD_DX_OF_ROW_SUM] = "linear_backward.dx_summed_over_batch",
};

static void make_backward(size_t index, assay_mt19937 *random, grade_case *made)
{
    linear_shape shape = draw_inputs(index, random, made);
    assay_grade_normals(random, shape.rows * shape.out, 1.0,
                        assay_grade_tensor2(&made->inputs, "dy", shape.rows, shape.out));
    assay_grade_tensor2(&made->outputs, "dx", shape.rows, shape.in);
    assay_grade_tensor2(&made->outputs, "dweight", shape.out, shape.in);
    assay_grade_tensor1(&made->outputs, "dbias", shape.out);
}

static void model_dx(linear_shape n, const double *weight, const double *dy, int mistake, double *dx)
{
    for (size_t r = 0; r < n.rows; r++) {
        for (size_t k = 0; k < n.in; k++) {
            double sum = 0.0;
            for (size_t j = 0; j < n.out; j++) {
                double w = mistake == BACKWARD_WEIGHT_ORDER ? weight[k * n.out + j] : weight[j * n.in + k];
                double delta = dy[r * n.out + j];
                if (mistake == BACKWARD_DX_OF_ROW_SUM) {
                    delta = 0.0;
                    for (size_t s = 0; s < n.rows; s++) {
                        delta += dy[s * n.out + j];
                    }
                }
                sum += delta * w;
            }
            dx[r * n.in + k] = sum;
        }
    }
}

static void model_dweight(linear_shape n, const double *x, const double *dy, int mistake, double *dweight)
{
    for (size_t j = 0; j < n.out; j++) {
        for (size_t k = 0; k < n.in; k++) {
            double sum = 0.0;
            for (size_t r = mistake == BACKWARD_LAST_ROW ? n.rows - 1 : 0; r < n.rows; r++) {
                sum += dy[r * n.out + j] * x[r * n.in + k];
            }
            sum = mistake == BACKWARD_BATCH_AVERAGED ? sum / (double)n.rows : sum;
            dweight[mistake == BACKWARD_DWEIGHT_TRANSPOSED ? k * n.out + j : j * n.in + k] = sum;
        }
    }
}

static void model_dbias(linear_shape n, const double *dy, int mistake, double *dbias)
{
    for (size_t j = 0; j < n.out; j++) {
        double sum = 0.0;
        for (size_t r = mistake == BACKWARD_LAST_ROW ? n.rows - 1 : 0; r < n.rows; r++) {
            sum += dy[r * n.out + j];
        }
        if (mistake == BACKWARD_BATCH_AVERAGED || mistake == BACKWARD_DBIAS_AVERAGED) {
            sum /= (double)n.rows;
        }
        dbias[j] = mistake == BACKWARD_DBIAS_MISSING ? 0.0 : sum;
    }
}

static void model_backward(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    int mistake = choice->level[0];
    linear_shape n = shape_of(graded);
    const double *dy = assay_grade_values(&graded->inputs, "dy");
    model_dx(n, assay_grade_values(&graded->inputs, "weight"), dy, mistake, assay_grade_values(outputs, "dx"));
    model_dweight(n, assay_grade_values(&graded->inputs, "x"), dy, mistake, assay_grade_values(outputs, "dweight"));
    model_dbias(n, dy, mistake, assay_grade_values(outputs, "dbias"));
}

const grade_component assay_grade_linear_backward = {
    .name = "linear_backward",
    .title = "linear layer, backward",
    .case_count = SHAPES,
    .make = make_backward,
    .model = model_backward,
    GRADE_MISTAKES(backward_mistakes),
};
