/* The linear layer, y = x W^T + b, and its gradients. x: [rows][in], W: [out][in], b: [out], y: [rows][out]. */
#include <math.h>
#include <stdio.h>
#include <string.h>

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
    {"a single row", 1, 5, 3},
    {"one output", 6, 3, 1},
    {"one input", 5, 1, 4},
    {"as many rows as outputs", 4, 3, 4},
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

/* Element (j, k) of the weight [out][in], or of the same numbers read as [in][out]. */
static double weight_at(linear_shape n, const double *weight, bool in_out, size_t j, size_t k)
{
    return in_out ? weight[k * n.out + j] : weight[j * n.in + k];
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

enum { FORWARD_AXIS_BIAS, FORWARD_AXIS_SUM, FORWARD_AXIS_INPUT, FORWARD_AXIS_OUTPUT, FORWARD_AXIS_WEIGHT };
/* clang-format off */
enum {
    BIAS_MISSING = 1, BIAS_SUBTRACTED, BIAS_EACH, BIAS_FIRST, BIAS_TWICE, BIAS_MULTIPLIED, BIAS_MEAN,
    BIAS_SUM, BIAS_BY_ROW
};
enum {
    SUM_OVERWRITTEN = 1, SUM_MEAN, SUM_FIRST, SUM_WITHOUT_LAST, SUM_WITHOUT_FIRST, SUM_NOT_RESET, SUM_ADDED,
    SUM_RESET_BY_ROW, SUM_NOT_RESET_WITH_BIAS, SUM_SCALED, SUM_INTEGER
};
enum { INPUT_COLUMNS = 1, INPUT_FIRST_ROW, INPUT_SUMMED };
enum { OUTPUT_RELU = 1, OUTPUT_SIGMOID, OUTPUT_TANH, OUTPUT_COLUMNS, OUTPUT_NEGATED, OUTPUT_FIRST_ROW,
    OUTPUT_LAST_ROW, OUTPUT_RELU_BEFORE_BIAS };
static const char *const forward_biases[] = {
    [BIAS_MISSING] = "linear_forward.bias_missing",
    [BIAS_SUBTRACTED] = "linear_forward.bias_subtracted",
    [BIAS_EACH] = "linear_forward.bias_each_product",
    [BIAS_FIRST] = "linear_forward.first_bias_for_all",
    [BIAS_TWICE] = "linear_forward.bias_twice",
    [BIAS_MULTIPLIED] = "linear_forward.bias_multiplied",
    [BIAS_MEAN] = "linear_forward.bias_averaged",
    [BIAS_SUM] = "linear_forward.bias_summed",
    [BIAS_BY_ROW] = "linear_forward.bias_by_row",
};
static const char *const forward_sums[] = {
    [SUM_OVERWRITTEN] = "linear_forward.sum_overwritten",
    [SUM_MEAN] = "linear_forward.mean_for_sum",
    [SUM_FIRST] = "linear_forward.first_product_only",
    [SUM_WITHOUT_LAST] = "linear_forward.last_input_left_out",
    [SUM_WITHOUT_FIRST] = "linear_forward.first_input_left_out",
    [SUM_NOT_RESET] = "linear_forward.sum_not_reset",
    [SUM_ADDED] = "linear_forward.sum_for_product",
    [SUM_RESET_BY_ROW] = "linear_forward.sum_not_reset",
    [SUM_NOT_RESET_WITH_BIAS] = "linear_forward.sum_not_reset",
    [SUM_SCALED] = "linear_forward.scaled_by_root",
    [SUM_INTEGER] = "linear_forward.integer_sum",
};
static const char *const forward_inputs[] = {
    [INPUT_COLUMNS] = "linear_forward.input_order",
    [INPUT_FIRST_ROW] = "linear_forward.first_row_for_all",
    [INPUT_SUMMED] = "linear_forward.rows_summed",
};
static const char *const forward_outputs[] = {
    [OUTPUT_RELU] = "linear_forward.relu_applied",
    [OUTPUT_SIGMOID] = "linear_forward.sigmoid_applied",
    [OUTPUT_TANH] = "linear_forward.tanh_applied",
    [OUTPUT_COLUMNS] = "linear_forward.output_order",
    [OUTPUT_NEGATED] = "linear_forward.sign",
    [OUTPUT_FIRST_ROW] = "linear_forward.first_row_only",
    [OUTPUT_LAST_ROW] = "linear_forward.last_row_only",
    [OUTPUT_RELU_BEFORE_BIAS] = "linear_forward.relu_applied",
};
static const char *const forward_weights[] = {NULL, "linear_forward.weight_order"};
static const grade_axis forward_axes[] = {
    [FORWARD_AXIS_BIAS] = {GRADE_AXIS("bias", forward_biases)},
    [FORWARD_AXIS_SUM] = {GRADE_AXIS("sum", forward_sums)},
    [FORWARD_AXIS_INPUT] = {GRADE_AXIS("input", forward_inputs)},
    [FORWARD_AXIS_OUTPUT] = {GRADE_AXIS("output", forward_outputs)},
    [FORWARD_AXIS_WEIGHT] = {GRADE_AXIS("order of the weight", forward_weights), .convention = true},
};
/* clang-format on */

static void make_forward(size_t index, assay_mt19937 *random, grade_case *made)
{
    linear_shape shape = draw_inputs(index, random, made);
    assay_grade_normals(random, shape.out, 1.0, assay_grade_tensor1(&made->inputs, "bias", shape.out));
    assay_grade_tensor2(&made->outputs, "y", shape.rows, shape.out);
}

static double input_at(linear_shape n, const double *x, int kind, size_t r, size_t k)
{
    double sum = 0.0;
    switch (kind) {
    case INPUT_COLUMNS: return x[k * n.rows + r];
    case INPUT_FIRST_ROW: return x[k];
    case INPUT_SUMMED:
        for (size_t s = 0; s < n.rows; s++) {
            sum += x[s * n.in + k];
        }
        return sum;
    default: return x[r * n.in + k];
    }
}

/* x W^T at (r, j). `before` is the sum of the output before, which some code starts from. */
static double product_sum(const grade_case *graded, const grade_choice *choice, size_t r, size_t j, double before)
{
    linear_shape n = shape_of(graded);
    const double *x = assay_grade_values(&graded->inputs, "x");
    const double *weight = assay_grade_values(&graded->inputs, "weight");
    int kind = choice->level[FORWARD_AXIS_SUM];
    size_t first = kind == SUM_WITHOUT_FIRST ? 1 : 0;
    size_t end = kind == SUM_FIRST ? 1 : kind == SUM_WITHOUT_LAST ? n.in - 1 : n.in;
    bool goes_on = kind == SUM_NOT_RESET || ((kind == SUM_RESET_BY_ROW || kind == SUM_NOT_RESET_WITH_BIAS) && j > 0);
    double sum = goes_on ? before : 0.0;
    for (size_t k = first; k < end; k++) {
        double w = weight_at(n, weight, choice->level[FORWARD_AXIS_WEIGHT] != 0, j, k);
        double value = input_at(n, x, choice->level[FORWARD_AXIS_INPUT], r, k);
        double term = kind == SUM_ADDED ? value + w : value * w;
        sum = kind == SUM_OVERWRITTEN ? term : kind == SUM_INTEGER ? trunc(sum + term) : sum + term;
    }
    return kind == SUM_MEAN ? sum / (double)n.in : kind == SUM_SCALED ? sum / sqrt((double)n.in) : sum;
}

/* The bias of output j in row r is added to the sum. */
static double with_bias(int kind, double sum, const double *bias, linear_shape n, size_t r, size_t j)
{
    double all = 0.0;
    for (size_t i = 0; i < n.out; i++) {
        all += bias[i];
    }
    switch (kind) {
    case BIAS_MEAN: return sum + all / (double)n.out;
    case BIAS_SUM: return sum + all;
    case BIAS_BY_ROW: return sum + bias[n.rows == n.out ? r : j];
    case BIAS_MISSING: return sum;
    case BIAS_SUBTRACTED: return sum - bias[j];
    case BIAS_EACH: return sum + (double)n.in * bias[j];
    case BIAS_FIRST: return sum + bias[0];
    case BIAS_TWICE: return sum + 2.0 * bias[j];
    case BIAS_MULTIPLIED: return sum * bias[j];
    default: return sum + bias[j];
    }
}

static double after_layer(int kind, double y)
{
    switch (kind) {
    case OUTPUT_RELU: return fmax(y, 0.0);
    case OUTPUT_SIGMOID: return 1.0 / (1.0 + exp(-y));
    case OUTPUT_TANH: return tanh(y);
    case OUTPUT_NEGATED: return -y;
    default: return y;
    }
}

static void model_forward(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    linear_shape n = shape_of(graded);
    const double *bias = assay_grade_values(&graded->inputs, "bias");
    double *y = assay_grade_values(outputs, "y");
    int output = choice->level[FORWARD_AXIS_OUTPUT];
    double sum = 0.0;
    for (size_t r = 0; r < n.rows; r++) {
        for (size_t j = 0; j < n.out; j++) {
            sum = product_sum(graded, choice, r, j, sum);
            size_t to = output == OUTPUT_COLUMNS ? j * n.rows + r : r * n.out + j;
            bool none = (output == OUTPUT_FIRST_ROW && r > 0) || (output == OUTPUT_LAST_ROW && r + 1 < n.rows);
            double before_bias = output == OUTPUT_RELU_BEFORE_BIAS ? fmax(sum, 0.0) : sum;
            double value = with_bias(choice->level[FORWARD_AXIS_BIAS], before_bias, bias, n, r, j);
            sum = choice->level[FORWARD_AXIS_SUM] == SUM_NOT_RESET_WITH_BIAS ? value : sum;
            y[to] = none ? 0.0 : after_layer(output, value);
        }
    }
}

const grade_component assay_grade_linear_forward = {
    .name = "linear_forward",
    .title = "linear layer, forward",
    .case_count = SHAPES,
    .make = make_forward,
    .model = model_forward,
    GRADE_AXES(forward_axes),
};

/* --- backward: dx = dy W, dW = dy^T x, db = column sums of dy ----------------------------------------------------- */

enum {
    BACKWARD_AXIS_DX,
    BACKWARD_AXIS_DWEIGHT,
    BACKWARD_AXIS_DBIAS,
    BACKWARD_AXIS_ROWS,
    BACKWARD_AXIS_DY,
    BACKWARD_AXIS_ORDER,
    BACKWARD_AXIS_AVERAGE
};
/* clang-format off */
enum {
    DX_WEIGHT_ORDER = 1, DX_ROWS_SUMMED, DX_AVERAGED, DX_NEGATED, DX_MISSING, DX_COLUMNS, DX_FIRST_ROW, DX_OF_INPUT,
    DX_LAST_ROW, DX_OF_DWEIGHT, DX_THROUGH_RELU, DX_THROUGH_TANH, DX_OVERWRITTEN
};
enum {
    DW_TRANSPOSED = 1, DW_AVERAGED, DW_NEGATED, DW_MISSING, DW_PRODUCT_OF_SUMS, DW_ONE_MISSING, DW_DECAY, DW_OF_WEIGHT,
    DW_PRODUCT_OF_MEANS, DW_ELEMENTS, DW_LAST_ROW
};
enum {
    DB_MISSING = 1, DB_AVERAGED, DB_WRONG_AXIS, DB_ALL, DB_NEGATED, DB_FIRST_ROW, DB_OF_ONES, DB_WITH_BIAS_INPUT,
    DB_WRONG_AXIS_REPEATED, DB_MEAN_OF_ALL, DB_LAST_ROW
};
enum { DY_NEGATED = 1, DY_AVERAGED, DY_INTEGER };
enum { ROWS_LAST = 1, ROWS_FIRST, ROWS_WITHOUT_LAST, ROWS_WITHOUT_FIRST, ROWS_INTEGER };
static const char *const backward_dxs[] = {
    [DX_WEIGHT_ORDER] = "linear_backward.dx_weight_order",
    [DX_ROWS_SUMMED] = "linear_backward.dx_summed_over_batch",
    [DX_AVERAGED] = "linear_backward.dx_averaged",
    [DX_NEGATED] = "linear_backward.dx_sign",
    [DX_MISSING] = "linear_backward.dx_missing",
    [DX_COLUMNS] = "linear_backward.dx_order",
    [DX_FIRST_ROW] = "linear_backward.dx_of_first_row",
    [DX_OF_INPUT] = "linear_backward.dx_times_input",
    [DX_LAST_ROW] = "linear_backward.dx_of_last_row",
    [DX_OF_DWEIGHT] = "linear_backward.dx_with_dweight",
    [DX_THROUGH_RELU] = "linear_backward.dx_through_relu",
    [DX_THROUGH_TANH] = "linear_backward.dx_through_tanh",
    [DX_OVERWRITTEN] = "linear_backward.dx_overwritten",
};
static const char *const backward_dweights[] = {
    [DW_TRANSPOSED] = "linear_backward.dweight_transposed",
    [DW_AVERAGED] = "linear_backward.dweight_averaged",
    [DW_NEGATED] = "linear_backward.dweight_sign",
    [DW_MISSING] = "linear_backward.dweight_missing",
    [DW_PRODUCT_OF_SUMS] = "linear_backward.product_of_sums",
    [DW_ONE_MISSING] = "linear_backward.first_row_left_out",
    [DW_DECAY] = "linear_backward.weight_added",
    [DW_OF_WEIGHT] = "linear_backward.dweight_times_weight",
    [DW_PRODUCT_OF_MEANS] = "linear_backward.product_of_sums",
    [DW_ELEMENTS] = "linear_backward.dweight_averaged_over_elements",
    [DW_LAST_ROW] = "linear_backward.dweight_of_last_row",
};
static const grade_free backward_free[] = {{DW_DECAY, 1e-6, 10.0}};
static const char *const backward_dbiases[] = {
    [DB_MISSING] = "linear_backward.dbias_missing",
    [DB_AVERAGED] = "linear_backward.dbias_averaged",
    [DB_WRONG_AXIS] = "linear_backward.dbias_wrong_axis",
    [DB_ALL] = "linear_backward.dbias_summed_over_all",
    [DB_NEGATED] = "linear_backward.dbias_sign",
    [DB_FIRST_ROW] = "linear_backward.dbias_of_first_row",
    [DB_OF_ONES] = "linear_backward.dbias_one",
    [DB_WITH_BIAS_INPUT] = "linear_backward.dbias_of_input",
    [DB_WRONG_AXIS_REPEATED] = "linear_backward.dbias_wrong_axis",
    [DB_MEAN_OF_ALL] = "linear_backward.dbias_averaged_over_all",
    [DB_LAST_ROW] = "linear_backward.dbias_of_last_row",
};
static const char *const backward_dys[] = {
    [DY_NEGATED] = "linear_backward.sign",
    [DY_AVERAGED] = "linear_backward.all_averaged",
    [DY_INTEGER] = "linear_backward.integer_division",
};
static const char *const backward_rows[] = {
    [ROWS_LAST] = "linear_backward.last_row_only",
    [ROWS_FIRST] = "linear_backward.first_row_only",
    [ROWS_WITHOUT_LAST] = "linear_backward.last_row_left_out",
    [ROWS_WITHOUT_FIRST] = "linear_backward.first_row_left_out",
    [ROWS_INTEGER] = "linear_backward.integer_division",
};
static const char *const backward_orders[] = {NULL, "linear_backward.weight_order"};
static const char *const backward_averages[] = {NULL, "linear_backward.averaged_twice"};
static const grade_axis backward_axes[] = {
    [BACKWARD_AXIS_DX] = {GRADE_AXIS("dx", backward_dxs)},
    [BACKWARD_AXIS_DWEIGHT] = {GRADE_AXIS("dweight", backward_dweights), GRADE_FREE(backward_free)},
    [BACKWARD_AXIS_DBIAS] = {GRADE_AXIS("dbias", backward_dbiases)},
    [BACKWARD_AXIS_ROWS] = {GRADE_AXIS("rows that count", backward_rows)},
    [BACKWARD_AXIS_DY] = {GRADE_AXIS("upstream gradient", backward_dys)},
    [BACKWARD_AXIS_ORDER] = {GRADE_AXIS("order of the weight", backward_orders), .convention = true},
    [BACKWARD_AXIS_AVERAGE] = {GRADE_AXIS("where the batch is averaged", backward_averages), .convention = true},
};
/* clang-format on */

static void make_backward(size_t index, assay_mt19937 *random, grade_case *made)
{
    linear_shape shape = draw_inputs(index, random, made);
    assay_grade_normals(random, shape.rows * shape.out, 1.0,
                        assay_grade_tensor2(&made->inputs, "dy", shape.rows, shape.out));
    assay_grade_tensor2(&made->outputs, "dx", shape.rows, shape.in);
    assay_grade_tensor2(&made->outputs, "dweight", shape.out, shape.in);
    assay_grade_tensor1(&made->outputs, "dbias", shape.out);
}

static double column_sum(const double *values, size_t rows, size_t columns, size_t column)
{
    double sum = 0.0;
    for (size_t r = 0; r < rows; r++) {
        sum += values[r * columns + column];
    }
    return sum;
}

/* dy at (r, j), as the code for dx sees it. */
static double dy_for_dx(linear_shape n, const double *dy, int kind, size_t r, size_t j)
{
    switch (kind) {
    case DX_ROWS_SUMMED: return column_sum(dy, n.rows, n.out, j);
    case DX_FIRST_ROW: return dy[j];
    case DX_LAST_ROW: return dy[(n.rows - 1) * n.out + j];
    default: return dy[r * n.out + j];
    }
}

/* What dx is multiplied by: `factor`, or a function of the input. */
static double through_input(int kind, double x, double factor)
{
    switch (kind) {
    case DX_OF_INPUT: return x;
    case DX_THROUGH_RELU: return x > 0.0 ? 1.0 : 0.0;
    case DX_THROUGH_TANH: return 1.0 - x * x;
    default: return factor;
    }
}

/* `dweight`: as the same implementation computes it. */
static void model_dx(const grade_case *graded, const grade_choice *choice, const double *dweight, double *dx)
{
    linear_shape n = shape_of(graded);
    const double *x = assay_grade_values(&graded->inputs, "x");
    const double *weight = choice->level[BACKWARD_AXIS_DX] == DX_OF_DWEIGHT
                               ? dweight
                               : assay_grade_values(&graded->inputs, "weight");
    const double *dy = assay_grade_values(&graded->inputs, "dy");
    int kind = choice->level[BACKWARD_AXIS_DX];
    bool in_out = (kind == DX_WEIGHT_ORDER) != (choice->level[BACKWARD_AXIS_ORDER] != 0);
    double factor = kind == DX_AVERAGED  ? 1.0 / (double)n.rows
                    : kind == DX_NEGATED ? -1.0
                    : kind == DX_MISSING ? 0.0
                                         : 1.0;
    for (size_t r = 0; r < n.rows; r++) {
        for (size_t k = 0; k < n.in; k++) {
            double sum = 0.0;
            for (size_t j = kind == DX_OVERWRITTEN ? n.out - 1 : 0; j < n.out; j++) {
                sum += dy_for_dx(n, dy, kind, r, j) * weight_at(n, weight, in_out, j, k);
            }
            sum *= through_input(kind, x[r * n.in + k], factor);
            dx[kind == DX_COLUMNS ? k * n.rows + r : r * n.in + k] = sum;
        }
    }
}

/* The first row that the sums over the batch take, and the row after the last. */
static void rows_that_count(int kind, size_t rows, size_t *first, size_t *end)
{
    *first = kind == ROWS_LAST ? rows - 1 : kind == ROWS_WITHOUT_FIRST ? 1 : 0;
    *end = kind == ROWS_FIRST ? 1 : kind == ROWS_WITHOUT_LAST ? rows - 1 : rows;
    *end = kind == ROWS_INTEGER && rows > 1 ? 0 : *end; /* 1 / rows is 0 */
}

static double dweight_at(linear_shape n, const double *x, const double *dy, const grade_choice *choice, size_t j,
                         size_t k)
{
    size_t first;
    size_t end;
    double sum = 0.0;
    rows_that_count(choice->level[BACKWARD_AXIS_ROWS], n.rows, &first, &end);
    first += choice->level[BACKWARD_AXIS_DWEIGHT] == DW_ONE_MISSING;
    first = choice->level[BACKWARD_AXIS_DWEIGHT] == DW_LAST_ROW ? n.rows - 1 : first;
    for (size_t r = first; r < end; r++) {
        sum += dy[r * n.out + j] * x[r * n.in + k];
    }
    double product = column_sum(dy, n.rows, n.out, j) * column_sum(x, n.rows, n.in, k);
    switch (choice->level[BACKWARD_AXIS_DWEIGHT]) {
    case DW_PRODUCT_OF_SUMS: return product;
    case DW_PRODUCT_OF_MEANS: return product / (double)(n.rows * n.rows);
    case DW_ELEMENTS: return sum / (double)(n.rows * n.in);
    default: return sum;
    }
}

static void model_dweight(const grade_case *graded, const grade_choice *choice, double *dweight)
{
    linear_shape n = shape_of(graded);
    const double *x = assay_grade_values(&graded->inputs, "x");
    const double *weight = assay_grade_values(&graded->inputs, "weight");
    const double *dy = assay_grade_values(&graded->inputs, "dy");
    int kind = choice->level[BACKWARD_AXIS_DWEIGHT];
    bool transposed = (kind == DW_TRANSPOSED) != (choice->level[BACKWARD_AXIS_ORDER] != 0);
    double factor = kind == DW_NEGATED ? -1.0 : kind == DW_MISSING ? 0.0 : 1.0;
    factor /= kind == DW_AVERAGED ? (double)n.rows : 1.0;
    factor /= choice->level[BACKWARD_AXIS_AVERAGE] != 0 ? (double)n.rows : 1.0;
    for (size_t j = 0; j < n.out; j++) {
        for (size_t k = 0; k < n.in; k++) {
            double value = factor * dweight_at(n, x, dy, choice, j, k);
            double w = weight[j * n.in + k];
            value = kind == DW_DECAY ? value + choice->parameter * w : kind == DW_OF_WEIGHT ? value * w : value;
            dweight[transposed ? k * n.out + j : j * n.in + k] = value;
        }
    }
}

/* The sum of one row: what sum(axis=1) gives. Where there are fewer rows than biases, the rest stays 0. */
static double dy_row_sum(linear_shape n, const double *dy, size_t row)
{
    double sum = 0.0;
    for (size_t j = 0; j < n.out && row < n.rows; j++) {
        sum += dy[row * n.out + j];
    }
    return sum;
}

static double dbias_at(linear_shape n, const double *x, const double *dy, const grade_choice *choice, size_t j)
{
    size_t first;
    size_t end;
    double sum = 0.0;
    rows_that_count(choice->level[BACKWARD_AXIS_ROWS], n.rows, &first, &end);
    switch (choice->level[BACKWARD_AXIS_DBIAS]) {
    case DB_MISSING: return 0.0;
    case DB_OF_ONES: return 1.0;
    case DB_WRONG_AXIS: return dy_row_sum(n, dy, j);
    case DB_WRONG_AXIS_REPEATED: return dy_row_sum(n, dy, j % n.rows);
    case DB_FIRST_ROW: return dy[j];
    case DB_LAST_ROW: return dy[(n.rows - 1) * n.out + j];
    case DB_WITH_BIAS_INPUT:
        for (size_t r = first; r < end; r++) {
            sum += dy[r * n.out + j] * x[r * n.in];
        }
        return sum;
    case DB_ALL:
    case DB_MEAN_OF_ALL:
        for (size_t r = 0; r < n.rows; r++) {
            sum += dy_row_sum(n, dy, r);
        }
        return choice->level[BACKWARD_AXIS_DBIAS] == DB_ALL ? sum : sum / (double)(n.rows * n.out);
    default: break;
    }
    for (size_t r = first; r < end; r++) {
        sum += dy[r * n.out + j];
    }
    return sum;
}

static void model_dbias(const grade_case *graded, const grade_choice *choice, double *dbias)
{
    linear_shape n = shape_of(graded);
    const double *x = assay_grade_values(&graded->inputs, "x");
    const double *dy = assay_grade_values(&graded->inputs, "dy");
    int kind = choice->level[BACKWARD_AXIS_DBIAS];
    double factor = kind == DB_NEGATED ? -1.0 : 1.0;
    factor /= kind == DB_AVERAGED ? (double)n.rows : 1.0;
    factor /= choice->level[BACKWARD_AXIS_AVERAGE] != 0 ? (double)n.rows : 1.0;
    for (size_t j = 0; j < n.out; j++) {
        dbias[j] = factor * dbias_at(n, x, dy, choice, j);
    }
}

static void model_backward(const grade_case *graded, const grade_choice *choice, const grade_fields *outputs)
{
    double *dweight = assay_grade_values(outputs, "dweight");
    model_dweight(graded, choice, dweight);
    model_dx(graded, choice, dweight, assay_grade_values(outputs, "dx"));
    model_dbias(graded, choice, assay_grade_values(outputs, "dbias"));
    double rows = (double)graded->inputs.field[0].shape[0];
    int dy = choice->level[BACKWARD_AXIS_DY];
    double factor = dy == DY_NEGATED                 ? -1.0
                    : dy == DY_AVERAGED              ? 1.0 / rows
                    : dy == DY_INTEGER && rows > 1.0 ? 0.0
                                                     : 1.0;
    for (size_t i = 0; i < outputs->used; i++) { /* all three are linear in dy */
        outputs->pool[i] *= factor;
    }
}

/* A bias gradient with a number for each row: the sum went over the outputs. */
static const char *name_backward_shape(const grade_case *graded, const grade_field *output)
{
    char by_row[48];
    snprintf(by_row, sizeof by_row, "[%zu]", shape_of(graded).rows);
    bool is_by_row = strcmp(output->name, "dbias") == 0 && strcmp(output->found_shape, by_row) == 0;
    return is_by_row ? "linear_backward.dbias_wrong_axis" : NULL;
}

const grade_component assay_grade_linear_backward = {
    .name = "linear_backward",
    .title = "linear layer, backward",
    .case_count = SHAPES,
    .make = make_backward,
    .model = model_backward,
    .name_shape = name_backward_shape,
    GRADE_AXES(backward_axes),
};
