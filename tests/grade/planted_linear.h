/*
 * The other mistakes of the two linear layers, each written as a change of what planted.c's functions return. They are
 * planted in this process only (tests/test_grade_planted.c): in the sandbox they would double the time of mistakes.sh.
 */
#ifndef ASSAY_TESTS_GRADE_PLANTED_LINEAR_H
#define ASSAY_TESTS_GRADE_PLANTED_LINEAR_H

#include <math.h>

typedef struct {
    size_t rows;
    size_t in;
    size_t out;
} linear_sizes;

static double total_of(size_t count, size_t stride, const double *values)
{
    double total = 0.0;
    for (size_t i = 0; i < count; i++) {
        total += values[i * stride];
    }
    return total;
}

/* Each row becomes a copy of this one. */
static void repeat_row(size_t rows, size_t columns, size_t row, double *values)
{
    double *kept = copy_of(values + row * columns, columns);
    for (size_t i = 0; i < rows * columns; i++) {
        values[i] = kept[i % columns];
    }
    free(kept);
}

static void transpose_in_place(size_t rows, size_t columns, double *values)
{
    double *right = copy_of(values, rows * columns);
    transpose(rows, columns, right, values);
    free(right);
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* What is added to output j of row r instead of its bias. */
static double planted_bias(linear_sizes n, const double *bias, size_t r, size_t j)
{
    double sum = total_of(n.out, 1, bias);
    return is("linear_forward.bias_subtracted")                  ? -bias[j]
           : is("linear_forward.bias_each_product")              ? bias[j] * (double)n.in
           : is("linear_forward.first_bias_for_all")             ? bias[0]
           : is("linear_forward.bias_twice")                     ? bias[j] + bias[j]
           : is("linear_forward.bias_averaged")                  ? sum / (double)n.out
           : is("linear_forward.bias_summed")                    ? sum
           : is("linear_forward.bias_by_row") && n.rows == n.out ? bias[r]
                                                                 : bias[j];
}

/* The sum of output j of row r. */
static double planted_sum(linear_sizes n, const double *row, const double *weight, double product)
{
    double sums = total_of(n.in, 1, row) + total_of(n.in, 1, weight);
    double whole = 0.0;
    for (size_t k = 0; k < n.in; k++) {
        whole = (double)(long)(whole + row[k] * weight[k]);
    }
    return is("linear_forward.mean_for_sum")           ? product / (double)n.in
           : is("linear_forward.scaled_by_root")       ? product / sqrt((double)n.in)
           : is("linear_forward.first_product_only")   ? row[0] * weight[0]
           : is("linear_forward.last_input_left_out")  ? product - row[n.in - 1] * weight[n.in - 1]
           : is("linear_forward.first_input_left_out") ? product - row[0] * weight[0]
           : is("linear_forward.sum_for_product")      ? sums
           : is("linear_forward.integer_sum")          ? whole
                                                       : product;
}

/* What becomes of an output. */
static double planted_output(double y)
{
    return is("linear_forward.relu_applied")      ? (y > 0.0 ? y : 0.0)
           : is("linear_forward.sigmoid_applied") ? 0.5 + 0.5 * tanh(0.5 * y)
           : is("linear_forward.tanh_applied")    ? tanh(y)
           : is("linear_forward.sign")            ? 0.0 - y
                                                  : y;
}

static void plant_forward(linear_sizes n, const double *x, const double *weight, const double *bias, double *y)
{
    double sum = 0.0; /* of all products so far */
    for (size_t i = 0; i < n.rows * n.out; i++) {
        size_t r = i / n.out;
        size_t j = i % n.out;
        double product = planted_sum(n, x + r * n.in, weight + j * n.in, y[i] - bias[j]);
        sum += product;
        if (is("linear_forward.bias_multiplied")) {
            y[i] = product * bias[j];
        } else if (is("linear_forward.sum_not_reset")) {
            y[i] = sum + bias[j];
        } else {
            y[i] = planted_output(product + planted_bias(n, bias, r, j));
        }
    }
}

/* Mistakes in the rows. */
static void plant_forward_rows(linear_sizes n, const double *bias, double *y)
{
    size_t rest = (n.rows - 1) * n.out;
    if (is("linear_forward.first_row_for_all")) {
        repeat_row(n.rows, n.out, 0, y);
    } else if (is("linear_forward.output_order")) {
        transpose_in_place(n.rows, n.out, y);
    } else if (is("linear_forward.first_row_only")) {
        memset(y + n.out, 0, rest * sizeof *y);
    } else if (is("linear_forward.last_row_only")) {
        memset(y, 0, rest * sizeof *y);
    } else if (is("linear_forward.rows_summed")) {
        for (size_t j = 0; j < n.out; j++) {
            y[j] = total_of(n.rows, n.out, y + j) - (double)(n.rows - 1) * bias[j];
        }
        repeat_row(n.rows, n.out, 0, y);
    }
}

void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y)
{
    linear_sizes n = {rows, in, out};
    planted_linear_forward(rows, in, out, x, weight, bias, y);
    if (strncmp(mistake, "linear_forward.", 15) == 0 && !is("linear_forward.bias_missing") &&
        !is("linear_forward.weight_order") && !is("linear_forward.input_order") &&
        !is("linear_forward.sum_overwritten")) {
        plant_forward(n, x, weight, bias, y);
        plant_forward_rows(n, bias, y);
    }
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

static void plant_dx(linear_sizes n, const double *x, const double *weight, const double *dy, double *dx)
{
    size_t last = n.out - 1;
    for (size_t i = 0; i < n.rows * n.in; i++) {
        if (is("linear_backward.dx_times_input")) {
            dx[i] *= x[i];
        } else if (is("linear_backward.dx_through_relu")) {
            dx[i] = x[i] > 0.0 ? dx[i] : 0.0;
        } else if (is("linear_backward.dx_through_tanh")) { /* x is the tanh of the layer before */
            dx[i] -= dx[i] * x[i] * x[i];
        } else if (is("linear_backward.dx_overwritten")) {
            dx[i] = dy[i / n.in * n.out + last] * weight[last * n.in + i % n.in];
        } else if (is("linear_backward.dx_averaged")) {
            dx[i] /= (double)n.rows;
        } else if (is("linear_backward.dx_sign")) {
            dx[i] = -dx[i];
        } else if (is("linear_backward.dx_missing")) {
            dx[i] = 0.0;
        }
    }
    if (is("linear_backward.dx_order")) {
        transpose_in_place(n.rows, n.in, dx);
    } else if (is("linear_backward.dx_of_first_row")) {
        repeat_row(n.rows, n.in, 0, dx);
    } else if (is("linear_backward.dx_of_last_row")) {
        repeat_row(n.rows, n.in, n.rows - 1, dx);
    }
}

/* Element (j, k) of the weight's gradient, made from its right value. */
static double planted_dweight(linear_sizes n, const double *x, const double *weight, const double *dy, double right,
                              size_t j, size_t k)
{
    size_t last = n.rows - 1;
    return is("linear_backward.dweight_averaged")                 ? right / (double)n.rows
           : is("linear_backward.dweight_averaged_over_elements") ? right / (double)(n.rows * n.in)
           : is("linear_backward.dweight_sign")                   ? -right
           : is("linear_backward.dweight_missing")                ? 0.0
           : is("linear_backward.weight_added")                   ? right + 0.05 * weight[j * n.in + k]
           : is("linear_backward.dweight_times_weight")           ? right * weight[j * n.in + k]
           : is("linear_backward.product_of_sums")     ? total_of(n.rows, n.out, dy + j) * total_of(n.rows, n.in, x + k)
           : is("linear_backward.dweight_of_last_row") ? dy[last * n.out + j] * x[last * n.in + k]
                                                       : right;
}

/* Element j of the bias's gradient. */
static double planted_dbias(linear_sizes n, const double *x, const double *dy, double right, size_t j)
{
    double all = total_of(n.rows * n.out, 1, dy);
    double with_input = 0.0;
    for (size_t r = 0; r < n.rows; r++) {
        with_input += dy[r * n.out + j] * x[r * n.in];
    }
    return is("linear_backward.dbias_wrong_axis")          ? (j < n.rows ? total_of(n.out, 1, dy + j * n.out) : 0.0)
           : is("linear_backward.dbias_summed_over_all")   ? all
           : is("linear_backward.dbias_averaged_over_all") ? all / (double)(n.rows * n.out)
           : is("linear_backward.dbias_sign")              ? -right
           : is("linear_backward.dbias_of_first_row")      ? dy[j]
           : is("linear_backward.dbias_of_last_row")       ? dy[(n.rows - 1) * n.out + j]
           : is("linear_backward.dbias_one")               ? 1.0
           : is("linear_backward.dbias_of_input")          ? with_input
                                                           : right;
}

/* What is left of an upstream gradient's row. */
static double planted_row(size_t rows, size_t row)
{
    return is("linear_backward.first_row_only")       ? row == 0
           : is("linear_backward.first_row_left_out") ? row > 0
           : is("linear_backward.last_row_left_out")  ? row + 1 < rows
                                                      : 1.0;
}

/* Mistakes in the rows that the parameters' gradients are summed over. */
static void plant_backward_rows(linear_sizes n, const double *x, const double *weight, const double *dy,
                                double *dweight, double *dbias)
{
    double *counted = copy_of(dy, n.rows * n.out);
    double *unused = zero_array(n.rows * n.in);
    for (size_t i = 0; i < n.rows * n.out; i++) {
        counted[i] *= planted_row(n.rows, i / n.out);
    }
    planted_linear_backward(n.rows, n.in, n.out, x, weight, counted, unused, dweight, dbias);
    free(counted);
    free(unused);
}

/* Mistakes in all three gradients. */
static void plant_backward_factor(linear_sizes n, double *dx, double *dweight, double *dbias)
{
    double factor = is("linear_backward.sign")               ? -1.0
                    : is("linear_backward.all_averaged")     ? 1.0 / (double)n.rows
                    : is("linear_backward.integer_division") ? (double)(1 / n.rows)
                                                             : 1.0;
    scale(n.rows * n.in, factor, dx);
    scale(n.out * n.in, factor, dweight);
    scale(n.out, factor, dbias);
}

void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias)
{
    linear_sizes n = {rows, in, out};
    double *as_stored_in_out = reread(out, in, weight);
    bool in_out = is("linear_backward.weight_order");
    planted_linear_backward(rows, in, out, x, in_out ? as_stored_in_out : weight, dy, dx, dweight, dbias);
    plant_dx(n, x, weight, dy, dx);
    if (is("linear_backward.first_row_only") || is("linear_backward.first_row_left_out") ||
        is("linear_backward.last_row_left_out")) {
        plant_backward_rows(n, x, weight, dy, dweight, dbias);
    }
    for (size_t j = 0; j < out; j++) {
        for (size_t k = 0; k < in; k++) {
            dweight[j * in + k] = planted_dweight(n, x, weight, dy, dweight[j * in + k], j, k);
        }
        dbias[j] = planted_dbias(n, x, dy, dbias[j], j);
    }
    if (is("linear_backward.dx_with_dweight")) {
        double *unused = zero_array(out * in + out);
        planted_linear_backward(rows, in, out, x, dweight, dy, dx, unused, unused + out * in);
        free(unused);
    }
    if (in_out) {
        transpose_in_place(out, in, dweight);
    }
    plant_backward_factor(n, dx, dweight, dbias);
    free(as_stored_in_out);
}

#endif
