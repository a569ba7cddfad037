/* A correct submission that keeps every matrix column by column inside, as in Fortran or Eigen. */
#include "planted_correct.h"

#define AT(matrix, rows, i, j) (matrix)[(j) * (rows) + (i)]

static double *columns(size_t rows, size_t count, const double *row_major)
{
    double *made = malloc(rows * count * sizeof *made);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < count; j++) {
            AT(made, rows, i, j) = row_major[i * count + j];
        }
    }
    return made;
}

static void back_to_rows(size_t rows, size_t count, double *column_major, double *row_major)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < count; j++) {
            row_major[i * count + j] = AT(column_major, rows, i, j);
        }
    }
    free(column_major);
}

/* C += op(A) op(B), all column-major, in the order of loops that suits columns: sums are taken in another order. */
static void multiply(size_t m, size_t n, size_t k, const double *a, int a_turned, const double *b, int b_turned,
                     double *c)
{
    for (size_t j = 0; j < n; j++) {
        for (size_t l = k; l-- > 0;) {
            double factor = b_turned ? AT(b, n, j, l) : AT(b, k, l, j);
            for (size_t i = 0; i < m; i++) {
                AT(c, m, i, j) += (a_turned ? AT(a, k, l, i) : AT(a, m, i, l)) * factor;
            }
        }
    }
}

void student_linear_forward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                            const double *bias, double *y)
{
    double *cx = columns(rows, in, x);
    double *cw = columns(out, in, weight);
    double *cy = malloc(rows * out * sizeof *cy);
    for (size_t j = 0; j < out; j++) {
        for (size_t i = 0; i < rows; i++) {
            AT(cy, rows, i, j) = bias[j];
        }
    }
    multiply(rows, out, in, cx, 0, cw, 1, cy);
    back_to_rows(rows, out, cy, y);
    free(cx);
    free(cw);
}

void student_linear_backward(size_t rows, size_t in, size_t out, const double *x, const double *weight,
                             const double *dy, double *dx, double *dweight, double *dbias)
{
    double *cx = columns(rows, in, x);
    double *cw = columns(out, in, weight);
    double *cd = columns(rows, out, dy);
    double *cdx = calloc(rows * in, sizeof *cdx);
    double *cdw = calloc(out * in, sizeof *cdw);
    multiply(rows, in, out, cd, 0, cw, 0, cdx);
    multiply(out, in, rows, cd, 1, cx, 0, cdw);
    for (size_t j = 0; j < out; j++) {
        dbias[j] = 0.0;
        for (size_t i = rows; i-- > 0;) {
            dbias[j] += AT(cd, rows, i, j);
        }
    }
    back_to_rows(rows, in, cdx, dx);
    back_to_rows(out, in, cdw, dweight);
    free(cx);
    free(cw);
    free(cd);
}

void student_softmax(size_t rows, size_t classes, const double *logits, double *probabilities)
{
    double *p = columns(rows, classes, logits);
    for (size_t i = 0; i < rows; i++) {
        double most = AT(p, rows, i, 0);
        double sum = 0.0;
        for (size_t j = 1; j < classes; j++) {
            most = fmax(most, AT(p, rows, i, j));
        }
        for (size_t j = classes; j-- > 0;) {
            AT(p, rows, i, j) = exp(AT(p, rows, i, j) - most);
            sum += AT(p, rows, i, j);
        }
        for (size_t j = 0; j < classes; j++) {
            AT(p, rows, i, j) *= 1.0 / sum;
        }
    }
    back_to_rows(rows, classes, p, probabilities);
}
